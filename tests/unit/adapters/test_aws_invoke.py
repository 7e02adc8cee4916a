"""A signed request to a published API: what is sent, what comes back, and what is told when nothing does."""

import http.server
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from oracleapi.adapters.aws.invoke import invoke
from oracleapi.adapters.aws.session import Clients
from oracleapi.errors import OperatorError

KEYS = {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "S", "AWS_SESSION_TOKEN": "TOKEN"}


class Api(http.server.BaseHTTPRequestHandler):
    seen: list[tuple[str, dict[str, str]]]
    status = 200

    def do_GET(self) -> None:
        self.seen.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
        self.send_response(self.status)
        self.send_header("Apigw-Requestid", "r1")
        self.send_header("Location", "/elsewhere")
        self.end_headers()
        self.wfile.write(b'{"request_id": "r1"}')

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
        """Stay silent."""


@pytest.fixture
def server() -> Iterator[http.server.HTTPServer]:
    Api.seen, Api.status = [], 200
    server = http.server.HTTPServer(("127.0.0.1", 0), Api)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def clients(keys: dict[str, str] | None = KEYS) -> Clients:
    return Clients("eu-west-1", None, keys, None)


def url(server: Any) -> str:
    return f"http://127.0.0.1:{server.server_port}/hr/v1/_probe"


def test_it_signs_for_execute_api_and_returns_what_came_back(server: http.server.HTTPServer) -> None:
    answer = invoke(clients(), "eu-west-1", url(server))
    assert (answer.status, answer.request_id, answer.body) == (200, "r1", b'{"request_id": "r1"}')
    ((path, headers),) = Api.seen
    assert path == "/hr/v1/_probe"
    assert headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKID/")
    assert "/eu-west-1/execute-api/aws4_request" in headers["authorization"]
    assert headers["x-amz-security-token"] == "TOKEN"


def test_a_name_below_localhost_is_this_machine_and_is_signed_as_it_is(server: http.server.HTTPServer) -> None:
    host = f"abc.execute-api.localhost:{server.server_port}"
    assert invoke(clients(), "eu-west-1", f"http://{host}/hr/v1/_probe").status == 200
    ((path, headers),) = Api.seen
    assert (path, headers["host"]) == ("/hr/v1/_probe", host)


@pytest.mark.parametrize("status", [301, 403, 429, 500, 503])
def test_a_refusal_is_an_answer_and_is_not_tried_again(server: http.server.HTTPServer, status: int) -> None:
    Api.status = status
    assert invoke(clients(), "eu-west-1", url(server)).status == status
    assert len(Api.seen) == 1


def test_without_an_answer_it_says_so_and_holds_no_secret() -> None:
    with pytest.raises(OperatorError) as caught:
        invoke(clients(), "eu-west-1", "http://127.0.0.1:9/hr/v1/_probe")
    assert caught.value.reason == "AwsUnavailable"
    assert "execute-api:Invoke" in caught.value.message
    assert "AKID" not in str(caught.value)


def test_roots_are_those_of_the_chart_then_those_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Clients("eu-west-1", None, KEYS, "/extra.pem").trust == "/extra.pem"
    monkeypatch.setenv("AWS_CA_BUNDLE", "/bundle.pem")
    assert clients().trust == "/bundle.pem"
    monkeypatch.delenv("AWS_CA_BUNDLE")
    assert clients().trust is True


def test_without_credentials_nothing_is_sent(server: http.server.HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    with pytest.raises(OperatorError) as caught:
        invoke(clients(None), "eu-west-1", url(server))
    assert caught.value.reason == "CredentialsMissing"
    assert Api.seen == []
