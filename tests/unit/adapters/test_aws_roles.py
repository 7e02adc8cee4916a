"""Acting as a role: what is asked of STS, with whose keys, and what a refusal says."""

import datetime
import http.server
import pathlib
import threading
from collections.abc import Iterator
from urllib.parse import parse_qs

import pytest

from oracleapi.adapters.aws.errors import translated
from oracleapi.adapters.aws.session import Clients, RoleSession
from oracleapi.api import reasons
from oracleapi.api.awsaccount import AwsAccountSpec
from oracleapi.errors import Retryable, Terminal

ROLE = RoleSession("arn:aws:iam::123456789012:role/gateway", "oracleapi.dev/cluster", 1800)
KEYS = {"AWS_ACCESS_KEY_ID": "AKIDBASE", "AWS_SECRET_ACCESS_KEY": "secret"}
WORLD = "https://sts.amazonaws.com/doc/2011-06-15/"


class Sts(http.server.BaseHTTPRequestHandler):
    """Gives a session to who brings the external id, and says who called."""

    lifetime_s = 3600
    seen: list[tuple[str, dict[str, str]]]

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        asked = {key: value[0] for key, value in form.items()}
        key = self.headers.get("Authorization", "Credential=-/").split("Credential=")[1].split("/")[0]
        self.seen.append((key, asked))
        if asked["Action"] == "AssumeRoleWithWebIdentity":
            code = asked["WebIdentityToken"]
            self._answer(403, f"<Error><Type>Sender</Type><Code>{code}</Code><Message>no</Message></Error>", None)
        elif asked["Action"] == "GetCallerIdentity":
            self._answer(200, f"<Arn>arn:aws:sts::123456789012:{key}</Arn><Account>123456789012</Account>", asked)
        elif asked.get("ExternalId") == ROLE.external_id:
            end = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=self.lifetime_s)
            given = f"<AccessKeyId>ASIA{len(self.seen)}</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
            given += f"<SessionToken>t</SessionToken><Expiration>{end:%Y-%m-%dT%H:%M:%SZ}</Expiration>"
            user = "<AssumedRoleUser><AssumedRoleId>x</AssumedRoleId><Arn>arn:aws:sts::123456789012:x</Arn>"
            self._answer(200, f"<Credentials>{given}</Credentials>{user}</AssumedRoleUser>", asked)
        else:
            self._answer(403, "<Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error>", None)

    def _answer(self, status: int, inner: str, asked: dict[str, str] | None) -> None:
        name = asked and asked["Action"]
        body = f"<{name}Result>{inner}</{name}Result>" if asked else inner
        outer = f"{name}Response" if asked else "ErrorResponse"
        text = f'<{outer} xmlns="{WORLD}">{body}</{outer}>'.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *arguments: object) -> None:
        """Keep quiet."""


@pytest.fixture
def sts() -> Iterator[tuple[str, type[Sts]]]:
    handler = type("Handler", (Sts,), {"seen": []})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", handler
    server.shutdown()
    server.server_close()
    thread.join()


def test_calls_are_signed_as_the_role_and_one_session_serves_all_clients(sts: tuple[str, type[Sts]]) -> None:
    url, handler = sts
    clients = Clients("eu-west-1", url, KEYS, None, ROLE)
    assert handler.seen == []
    for creates in (False, True, False):
        clients.client("sts", creates).get_caller_identity()
    (first, asked), *others = handler.seen
    assert first == "AKIDBASE"
    assert asked | {"Version": ""} == {
        "Action": "AssumeRole",
        "Version": "",
        "RoleArn": ROLE.arn,
        "ExternalId": ROLE.external_id,
        "DurationSeconds": "1800",
        "RoleSessionName": "oracle-api-operator",
    }
    assert [(key, call["Action"]) for key, call in others] == [("ASIA1", "GetCallerIdentity")] * 3


def test_a_session_that_ends_soon_is_renewed_before_the_next_call(sts: tuple[str, type[Sts]]) -> None:
    url, handler = sts
    handler.lifetime_s = 60
    clients = Clients("eu-west-1", url, KEYS, None, ROLE)
    clients.client("sts").get_caller_identity()
    handler.lifetime_s = 3600
    arns = [clients.client("sts").get_caller_identity()["Arn"] for _ in range(2)]
    assert len(set(arns)) == 1
    assert [call["Action"] for _, call in handler.seen].count("AssumeRole") == 2


def test_a_role_that_does_not_trust_us_is_told_as_such_even_before_a_create(sts: tuple[str, type[Sts]]) -> None:
    url, _ = sts
    clients = Clients("eu-west-1", url, KEYS, None, RoleSession(ROLE.arn, "another", 900))
    with pytest.raises(Retryable) as caught, translated("CreateApi", creates=True):
        clients.client("sts", creates=True).get_caller_identity()
    assert caught.value.reason == reasons.AWS_ACCESS_DENIED
    assert "AWS denied AssumeRole" in caught.value.message
    assert "status.externalId" in caught.value.message


def test_a_role_without_an_identity_to_assume_it_with(
    sts: tuple[str, type[Sts]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    clients = Clients("eu-west-1", sts[0], None, None, ROLE)
    with pytest.raises(Terminal) as caught, translated("GetApis"):
        clients.client("sts").get_caller_identity()
    assert caught.value.reason == reasons.CREDENTIALS_MISSING


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("AccessDenied", "AWS denied AssumeRoleWithWebIdentity; let the role of the ServiceAccount trust"),
        (
            "InvalidIdentityToken",
            "AssumeRoleWithWebIdentity: InvalidIdentityToken: AWS does not believe the pod's token",
        ),
    ],
)
def test_a_role_of_the_pod_that_does_not_trust_it_is_told_as_such(
    sts: tuple[str, type[Sts]], monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path, code: str, words: str
) -> None:
    """As the EKS webhook sets up a pod; here the token says what STS answers."""
    token = tmp_path / "token"
    token.write_text(code)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {
        "AWS_ROLE_ARN": ROLE.arn,
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(token),
        "AWS_ENDPOINT_URL_STS": sts[0],
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_CONFIG_FILE": "/dev/null",
    }.items():
        monkeypatch.setenv(name, value)
    clients = Clients("eu-west-1", sts[0], None, None)
    with pytest.raises(Retryable) as caught, translated("apigateway:CreateApi", creates=True):
        clients.client("sts", creates=True).get_caller_identity()
    assert caught.value.reason == reasons.AWS_ACCESS_DENIED
    assert words in caught.value.message


def test_the_external_id_is_the_users_or_the_installations() -> None:
    def account(**role: object) -> AwsAccountSpec:
        return AwsAccountSpec.model_validate({"accountId": "123456789012", "region": "eu-west-1", **role})

    assert account().external_id("one") is None
    assert account(assumeRole={"arn": ROLE.arn}).external_id("one") == "oracleapi.dev/one"
    assert account(assumeRole={"arn": ROLE.arn, "externalId": "mine"}).external_id("one") == "mine"
