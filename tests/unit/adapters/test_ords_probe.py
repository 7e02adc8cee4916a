"""A probe sends its path byte for byte and tells an ORDS that does not answer."""

import http.client
import ssl
from typing import Any

import pytest

from oracleapi.adapters.ords import probe
from oracleapi.adapters.ords.probe import HttpProbe
from oracleapi.errors import Retryable
from oracleapi.reconcile.probes import TRICKS


class Connection:
    """An HTTPS connection that records; it raises *error* where there is one."""

    error: Exception | None = None
    made: list["Connection"]

    def __init__(self, host: str, port: int, **arguments: Any) -> None:
        self.host, self.port, self.arguments, self.closed = host, port, arguments, False
        self.sent: tuple[str, str] = ("", "")
        type(self).made.append(self)

    def request(self, method: str, path: str, headers: dict[str, str]) -> None:
        self.sent = (method, path)
        assert "Authorization" not in headers
        if self.error is not None:
            raise self.error

    def getresponse(self) -> Any:
        return type("Answer", (), {"status": 401, "read": lambda _, limit: b"x" * min(limit, 9999)})()

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def connection(monkeypatch: pytest.MonkeyPatch) -> type[Connection]:
    kind = type("Recorded", (Connection,), {"made": []})
    monkeypatch.setattr(probe.http.client, "HTTPSConnection", kind)
    return kind


@pytest.mark.parametrize("trick", [*TRICKS, "a//b", "x?y=1", "ä"[:0] + "plain"])
def test_the_path_is_sent_byte_for_byte(connection: type[Connection], trick: str) -> None:
    path = f"/ords/hr_api/oa-public/x/{trick}/things"
    status = HttpProbe(ssl.create_default_context()).ask(f"https://ords.internal:8443{path}").status
    (made,) = connection.made
    assert status == 401
    assert made.sent == ("GET", path)
    assert (made.host, made.port) == ("ords.internal", 8443)
    assert made.arguments["timeout"] == 5.0
    assert made.closed


def test_https_s_own_port_is_the_default(connection: type[Connection]) -> None:
    HttpProbe(ssl.create_default_context()).ask("https://ords.internal/ords/")
    assert connection.made[0].port == 443


@pytest.mark.parametrize(
    "error",
    [ConnectionRefusedError("x"), TimeoutError("x"), ssl.SSLCertVerificationError("x"), http.client.BadStatusLine("x")],
    ids=lambda error: type(error).__name__,
)
def test_an_ords_that_does_not_answer_is_retried_and_named(connection: type[Connection], error: Exception) -> None:
    connection.error = error
    with pytest.raises(Retryable) as caught:
        HttpProbe(ssl.create_default_context()).ask("https://ords.internal:8443/ords/hr_api/oa-x/")
    assert caught.value.reason == "OrdsUnreachable"
    assert "https://ords.internal:8443" in caught.value.message
    assert type(error).__name__ in caught.value.message
    assert connection.made[0].closed
