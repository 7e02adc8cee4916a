"""What an answer of the probe route shows, row by row."""

import json

import pytest

from oracleapi.ports import Answer
from oracleapi.reconcile.network import judge
from support import make

API = make.resolved()
PROVEN, UNKNOWN = ("True", "Succeeded"), ("Unknown", "NoProbePath")
BY_ORDS = {"code": "NotFound", "title": "Not Found", "message": "x"}


def answer(status: int, body: object, request_id: str | None = "r1") -> Answer:
    return Answer(status, request_id, body if isinstance(body, bytes) else json.dumps(body).encode())


ROWS = [
    ("whole", answer(200, {"request_id": "r1"}), PROVEN, PROVEN, ""),
    ("in upper case", answer(200, {"REQUEST_ID": "r1", "links": []}), PROVEN, PROVEN, ""),
    ("another id", answer(200, {"request_id": "r2"}), PROVEN, ("False", "NotCorrelated"), ""),
    ("a longer id", answer(200, {"request_id": "r1,r2"}), PROVEN, ("False", "NotCorrelated"), ""),
    ("no id seen", answer(200, {"request_id": None}, None), PROVEN, ("False", "NotCorrelated"), ""),
    ("no id given", answer(200, {"request_id": "r1"}, None), PROVEN, ("False", "NotCorrelated"), ""),
    ("another page", answer(200, b"<html>"), ("False", "ProbeRefused"), ("Unknown", "ProbeRefused"), "not this API's"),
    ("another list", answer(200, [1]), ("False", "ProbeRefused"), ("Unknown", "ProbeRefused"), "not this API's"),
    ("no right", answer(403, {"message": "Forbidden"}), UNKNOWN, UNKNOWN, "ProveTheNetwork"),
    ("no route", answer(404, {"message": "Not Found"}), UNKNOWN, UNKNOWN, "disabled"),
    ("throttled", answer(429, {"message": "Too Many Requests"}), ("Unknown", "AwsThrottled"),
     ("Unknown", "AwsThrottled"), "one a second"),
    ("a token asked for", answer(401, {"message": "Unauthorized"}), UNKNOWN, UNKNOWN, "401"),
    ("the signature taken for a token", answer(401, BY_ORDS), UNKNOWN, UNKNOWN, "signature"),
    ("no module", answer(404, BY_ORDS), ("False", "ProbeRefused"), ("Unknown", "ProbeRefused"), "oa-probe"),
    ("refused", answer(403, BY_ORDS), ("False", "ProbeRefused"), ("Unknown", "ProbeRefused"), "403"),
    ("no connection", answer(503, {"message": "Service Unavailable"}), ("False", "IntegrationFailed"),
     ("Unknown", "IntegrationFailed"), "no connection"),
    ("no request", answer(500, {"message": "Internal Server Error"}), ("False", "IntegrationFailed"),
     ("Unknown", "IntegrationFailed"), "serverName"),
    ("no answer", answer(504, {"message": "Endpoint request timed out"}), ("False", "IntegrationFailed"),
     ("Unknown", "IntegrationFailed"), "within 5 s"),
    ("no target", answer(503, b"<html>503</html>"), ("False", "IntegrationFailed"), ("Unknown", "IntegrationFailed"),
     "targets"),
    ("no pool", answer(503, BY_ORDS), ("False", "IntegrationFailed"), ("Unknown", "IntegrationFailed"), "pool"),
]  # fmt: skip


@pytest.mark.parametrize(("found", "network", "correlation", "words"), [row[1:] for row in ROWS],
                         ids=[row[0] for row in ROWS])  # fmt: skip
def test_an_answer_is_told_for_what_it_shows(
    found: Answer, network: tuple[str, str], correlation: tuple[str, str], words: str
) -> None:
    shown = judge(found, API)
    assert (shown.network.status, shown.network.reason) == network
    assert (shown.correlation.status, shown.correlation.reason) == correlation
    assert words in shown.network.message


@pytest.mark.parametrize("body", [b"", b"\xff", b"null", b"[" * 99999, b'{"request_id": {}}'])
def test_garbage_is_never_a_proof(body: bytes) -> None:
    for status in (200, 403, 503):
        assert judge(answer(status, body), API).correlation.status != "True"
