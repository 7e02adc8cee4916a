"""The gateway key: what is sent, what is compared, and which key is in use."""

from typing import Any

import pytest

from oracleapi.desired.gateway_key import KeyInUse, caller_header, find_key, key_hash
from oracleapi.model.gateway import GatewayRoute, Integration
from oracleapi.model.guard import KeyRow
from oracleapi.model.hidden import Hidden

DAY_S = 86400.0
FIRST, SECOND = "2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"
NOW = 1772409600.0  # one day after FIRST


def sends(header: Any, authorization: str = "AWS_IAM") -> GatewayRoute:
    """Return a route whose integration has *header* for the caller, or none where it is ``None``."""
    headers = [("Host", "db.internal"), *([] if header is None else [("X-OracleApi-Caller", header)])]
    integration = Integration("link1", "arn:1", "/x", tuple(headers), 29000, "ords.internal")
    return GatewayRoute("GET /things", integration, authorization=authorization)


def row(key: str, created: str = FIRST, ends: str = "") -> KeyRow:
    return KeyRow(key_hash(Hidden(key)), created, ends)


def found(routes: list[GatewayRoute], rows: list[KeyRow], days: int = 30) -> KeyInUse | None:
    return find_key(routes, rows, NOW, days)


def test_the_header_holds_the_key_the_caller_and_the_route() -> None:
    sent = caller_header(Hidden("k1")).reveal()
    assert sent == "k1 ${context.identity.userArn} ${context.routeKey}"


def test_the_hash_is_as_oracle_writes_it() -> None:
    assert key_hash(Hidden("abc")).reveal() == "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"


def test_a_key_that_is_sent_and_taken_is_in_use_until_its_days_are_over() -> None:
    route = sends(caller_header(Hidden("k1")))
    assert found([route], [row("k1")]) == KeyInUse(Hidden("k1"), FIRST, 29 * DAY_S)
    late = found([route], [row("k1")], days=0)
    assert late is not None
    assert late.left_s == -DAY_S


def test_of_two_the_younger_one_is_in_use() -> None:
    routes = [sends(caller_header(Hidden(key))) for key in ("z", "a")]
    rows = [row("z", FIRST), row("a", SECOND)]
    for some in (rows, rows[::-1]):
        assert found(routes, some) == KeyInUse(Hidden("a"), SECOND, 30 * DAY_S)


@pytest.mark.parametrize(
    ("routes", "rows"),
    [
        ([], [row("k1")]),
        ([sends(caller_header(Hidden("k1")))], []),
        ([sends(caller_header(Hidden("k2")))], [row("k1")]),
        ([sends(caller_header(Hidden("k1")))], [row("k1", ends=SECOND)]),
        ([sends(caller_header(Hidden("k1")), "JWT")], [row("k1")]),
        ([sends("k1 as plain text")], [row("k1")]),
        ([sends(None)], [row("k1"), row("")]),
        ([GatewayRoute("GET /things", None, authorization="AWS_IAM")], [row("k1")]),
    ],
    ids=[
        "no route", "no row", "another key", "the key ends", "no signature is asked for", "a stranger's header",
        "no header", "no integration",
    ],
)  # fmt: skip
def test_where_the_guard_takes_nothing_that_is_sent_there_is_none(
    routes: list[GatewayRoute], rows: list[KeyRow]
) -> None:
    assert found(routes, rows) is None
