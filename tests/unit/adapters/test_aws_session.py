"""Every attempt of a call to a service with quotas of its own is paid before it is sent, and every answer is told."""

import http.server
import json
import threading
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from oracleapi.adapters.aws.session import Clients
from oracleapi.errors import OutOfBudget

KEYS = {"AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "S"}


class Meter:
    def __init__(self, calls: int = 99) -> None:
        self.left = calls
        self.spent: list[str] = []
        self.answers: list[tuple[int, float | None]] = []

    def spend(self, operation: str) -> None:
        if self.left == 0:
            raise OutOfBudget("CallBudget", "x", 1.0)
        self.left -= 1
        self.spent.append(operation)

    def answered(self, status: int, retry_after_s: float | None) -> None:
        self.answers.append((status, retry_after_s))


class Throttling(http.server.BaseHTTPRequestHandler):
    seen: list[str]
    status, code = 429, "TooManyRequestsException"

    def do_GET(self) -> None:
        self.seen.append(self.path)
        body = json.dumps({"message": "Too Many Requests", "__type": self.code}).encode()
        self.send_response(self.status)
        self.send_header("x-amzn-ErrorType", self.code)
        self.send_header("Retry-After", "7")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
        """Stay silent."""


@pytest.fixture
def server() -> Iterator[http.server.HTTPServer]:
    Throttling.seen = []
    server = http.server.HTTPServer(("127.0.0.1", 0), Throttling)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join(30)


def clients(server: http.server.HTTPServer, meter: Meter) -> Clients:
    return Clients("eu-west-1", f"http://127.0.0.1:{server.server_port}", KEYS, None, meter=meter)


def test_a_call_that_is_out_of_budget_is_never_sent(server: http.server.HTTPServer) -> None:
    meter = Meter(0)
    with pytest.raises(OutOfBudget):
        clients(server, meter).client("apigatewayv2", creates=True).create_api(Name="x", ProtocolType="HTTP")
    assert Throttling.seen == []


def test_each_attempt_is_paid_and_the_time_that_aws_names_is_told(server: http.server.HTTPServer) -> None:
    meter = Meter(1)
    with pytest.raises(OutOfBudget):  # the second attempt, that botocore makes by itself
        clients(server, meter).client("apigatewayv2").get_apis()
    assert meter.spent == ["GetApis"]
    assert meter.answers[0] == (429, 7.0)
    assert len(Throttling.seen) == 1


@pytest.mark.parametrize(("code", "told"), [("ThrottlingException", 429), ("ResourceNotFoundException", 400)])
def test_secrets_manager_throttles_with_status_400(
    server: http.server.HTTPServer, monkeypatch: pytest.MonkeyPatch, code: str, told: int
) -> None:
    monkeypatch.setattr(Throttling, "status", 400)
    monkeypatch.setattr(Throttling, "code", code)
    meter = Meter(1)
    with pytest.raises((OutOfBudget, ClientError)):
        clients(server, meter).client("secretsmanager").get_secret_value(SecretId="db")
    assert meter.spent == ["GetSecretValue"]
    assert meter.answers[0] == (told, 7.0)


def test_iam_is_metered_too(server: http.server.HTTPServer) -> None:
    meter = Meter(0)
    with pytest.raises(OutOfBudget):
        clients(server, meter).client("iam").get_policy(PolicyArn="arn:aws:iam::123456789012:policy/x")
    assert Throttling.seen == []


def test_other_services_have_other_quotas(server: http.server.HTTPServer) -> None:
    meter = Meter(0)
    with pytest.raises(ResponseParserError):  # sts speaks XML
        clients(server, meter).client("sts", creates=True).get_caller_identity()
    assert meter.spent == []
    assert len(Throttling.seen) == 1
