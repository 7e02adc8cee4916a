"""What callers of a deployed HTTP API meet: routes, JWT authorizer, throttle, mappings, private integration, log.

On a real account (``ORACLEAPI_CONTRACT_AWS=real``) the listener must lead to a service that answers every request with
``{"method": …, "target": …, "headers": [[name, value], …]}``, and ``ORACLEAPI_CONTRACT_TOKEN`` must hold a token of the
issuer with ``aud`` ``api`` and ``scope`` ``contract.read``. Wrong tokens are minted by the sandbox's provider only.
"""

import contextlib
import http.client
import json
import os
import socket
import ssl
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

REAL = os.environ.get("ORACLEAPI_CONTRACT_AWS") == "real"
WRONG_TOKENS = (
    []
    if REAL
    else [
        ({"fault": "bad-signature"}, "the signature"),
        ({"fault": "other-key"}, "the signature"),
        ({"fault": "no-kid"}, "kid"),
        ({"fault": "alg-none"}, "signing method"),
        ({"fault": "es256"}, "signing method"),
        ({"algorithm": "PS256"}, "signing method"),
        ({"fault": "expired"}, "the token has expired"),
        ({"fault": "no-exp"}, "expiry"),
        ({"fault": "future-nbf"}, "nbf"),
        ({"fault": "wrong-issuer"}, "issuer"),
        ({"audience": "other"}, "the token does not have a valid audience"),
        ({"audience": "other", "claims": {"client_id": "api"}}, "the token does not have a valid audience"),
        ({"audience": None}, "the token does not have a valid audience"),
    ]
)
RIGHT_TOKENS = (
    [{}]
    if REAL
    else [
        {},
        {"audience": ["x", "api"]},
        {"audience": None, "claims": {"client_id": "api"}},
        {"algorithm": "RS512"},
        {"scope": None, "claims": {"scp": ["a", "contract.read"]}},
    ]
)


class Echo(BaseHTTPRequestHandler):
    """Answers with what it received; the target is the request line's own."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        method, target, _ = self.requestline.split(" ", 2)
        body = json.dumps({"method": method, "target": target, "headers": list(self.headers.items())}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_GET  # noqa: N815

    def log_message(self, *arguments: Any) -> None:
        """Say nothing."""


@dataclass
class Reply:
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name), "")

    @property
    def message(self) -> str:
        return str(json.loads(self.body)["message"])

    @property
    def target(self) -> str:
        assert self.status == 200, (self.status, self.body)
        return str(json.loads(self.body)["target"])

    def echoed(self, name: str) -> list[str]:
        assert self.status == 200, (self.status, self.body)
        return [value for key, value in json.loads(self.body)["headers"] if key.lower() == name]


class _Connection(http.client.HTTPSConnection):
    """Names below localhost are loopback, also for resolvers that do not know it."""

    def connect(self) -> None:
        if not self.host.endswith(".localhost"):
            super().connect()
            return
        plain = socket.create_connection(("127.0.0.1", self.port), 30)
        self.sock = self._context.wrap_socket(plain, server_hostname=self.host)  # type: ignore[attr-defined]


class Api:
    """One HTTP API over a private integration, and calls to it."""

    def __init__(self, contract: Any, link: str, context: ssl.SSLContext) -> None:
        self.contract, self._link, self._context = contract, link, context
        self.id = contract.api()
        self.gateway = contract.gateway

    def route(self, key: str, mapping: dict[str, str] | None = None, **members: Any) -> str:
        """Create a route to the listener; return its id."""
        private = {
            "IntegrationUri": self.contract.aws.listener_arn,
            "ConnectionType": "VPC_LINK",
            "ConnectionId": self._link,
            "PayloadFormatVersion": "1.0",
            "RequestParameters": mapping or {},
        }
        target = f"integrations/{self.contract.integration(self.id, **private)}"
        return str(self.contract.route(self.id, key, Target=target, **members))

    def jwt(self, *scopes: str, mapping: dict[str, str] | None = None) -> None:
        """Create ``GET /s`` behind a JWT authorizer, with *scopes*, and publish it."""
        members = {"AuthorizationScopes": list(scopes)} if scopes else {}
        authorizer = self.contract.authorizer(self.id)
        self.route("GET /s", mapping, AuthorizationType="JWT", AuthorizerId=authorizer, **members)
        self.publish()

    def publish(self, name: str = "$default", **members: Any) -> None:
        """Create a stage that serves what is there."""
        self.gateway.create_stage(ApiId=self.id, StageName=name, AutoDeploy=True, **members)

    def call(self, target: str, method: str = "GET", headers: Any = ()) -> Reply:
        """Send one request, the target byte for byte."""
        endpoint = urlsplit(self.gateway.get_api(ApiId=self.id)["ApiEndpoint"])
        with contextlib.closing(
            _Connection(str(endpoint.hostname), endpoint.port or 443, context=self._context)
        ) as connection:
            connection.putrequest(method, target, skip_accept_encoding=True)
            for name, value in headers:
                connection.putheader(name, value)
            connection.endheaders()
            answer = connection.getresponse()
            return Reply(answer.status, answer.getheaders(), answer.read())

    def bearer(self, token: str, *headers: tuple[str, str]) -> Reply:
        return self.call("/s", headers=[("Authorization", f"Bearer {token}"), *headers])


@pytest.fixture(scope="module")
def trusted(aws: Any) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=None if REAL else aws.addresses["ca"])


@pytest.fixture(scope="module")
def _back_end(aws: Any) -> Iterator[None]:
    """What the listener leads to."""
    if REAL:
        yield
        return
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    aws.sandbox("PUT", "settings", {"targets": {aws.listener_arn: ["127.0.0.1", server.server_port]}})
    yield
    aws.sandbox("PUT", "settings", {"targets": {}})
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def api(link: str, contract: Any, trusted: ssl.SSLContext, _back_end: None) -> Api:
    return Api(contract, link, trusted)


@pytest.fixture
def token(aws: Any, trusted: ssl.SSLContext) -> Callable[..., str]:
    """A function that returns a token with audience ``api`` and scope ``contract.read``, or what is asked for."""

    def mint(**members: Any) -> str:
        if REAL:
            return os.environ["ORACLEAPI_CONTRACT_TOKEN"]
        given = {"subject": "ann", "audience": "api", "scope": "contract.read", "lifetime_seconds": 86_400, **members}
        with httpx.Client(verify=trusted, trust_env=False) as client:
            answer = client.post(f"{aws.issuer}/_sandbox/token", json=given)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    return mint


def test_a_request_reaches_the_private_back_end(api: Api) -> None:
    """Method, path and query string arrive; the answer carries the request id [D]."""
    api.route("GET /hr/{id}")
    api.publish()
    reply = api.call("/hr/7?a=1&a=2")
    assert reply.target == "/hr/7?a=1&a=2"
    assert reply.header("apigw-requestid")


@pytest.mark.parametrize("path", ["/hr/a%20b", "/hr/%2e%2e", "/hr/a%2Fb", "/hr/x;y=1", "/hr/%C3%A9"])
def test_a_path_goes_on_as_received(api: Api, path: str) -> None:
    """Encoded segments are neither decoded nor resolved [U]."""
    api.route("GET /hr/{id}")
    api.publish()
    with api.contract.unconfirmed(f"{path} is forwarded as it is"):
        assert api.call(path).target == path


@pytest.mark.parametrize(
    ("method", "path", "chosen"),
    [
        ("GET", "/pets/dog/1", "GET /pets/dog/1"),
        ("GET", "/pets/dog/2", "GET /pets/dog/{id}"),
        ("GET", "/pets/cat/1", "GET /pets/{proxy+}"),
        ("POST", "/test/5", "ANY /{proxy+}"),
        ("GET", "/", "$default"),
    ],
)
def test_route_selection(api: Api, method: str, path: str, chosen: str) -> None:
    """The table of the developer guide, "routes" [D]."""
    for key in ("GET /pets/dog/1", "GET /pets/dog/{id}", "GET /pets/{proxy+}", "ANY /{proxy+}", "$default"):
        api.route(key, {"overwrite:header.x-route": f"chosen {key}".replace("$", "")})
    api.publish()
    assert api.call(path, method).echoed("x-route") == [f"chosen {chosen}".replace("$", "")]


def test_what_has_no_route_is_404(api: Api) -> None:
    """Unknown path, unknown method, other case, trailing slash: {"message":"Not Found"} [D]."""
    api.route("GET /a")
    api.publish()
    for method, path in (("GET", "/b"), ("POST", "/a"), ("OPTIONS", "/a"), ("GET", "/A"), ("GET", "/a/")):
        reply = api.call(path, method)
        assert (reply.status, reply.message) == (404, "Not Found"), (method, path)


def test_a_route_without_deployment_is_not_served(api: Api) -> None:
    """A stage without AutoDeploy serves its deployment, not the configuration [D]."""
    api.route("GET /a")
    deployment = api.gateway.create_deployment(ApiId=api.id)["DeploymentId"]
    api.gateway.create_stage(ApiId=api.id, StageName="$default", DeploymentId=deployment)
    api.route("GET /b")
    assert (api.call("/a").status, api.call("/b").status) == (200, 404)


def test_the_stage_stands_in_the_path_of_a_private_integration(api: Api) -> None:
    """[D]; ``overwrite:path`` = ``$request.path`` takes it out [D]."""
    api.route("GET /a")
    api.route("GET /b", {"overwrite:path": "$request.path"})
    api.publish("prod")
    assert api.call("/prod/a").target == "/prod/a"
    assert api.call("/prod/b").target == "/b"


def test_a_disabled_endpoint_is_404(api: Api) -> None:
    """404 is [U]."""
    api.route("GET /a")
    api.publish()
    api.gateway.update_api(ApiId=api.id, DisableExecuteApiEndpoint=True)
    with api.contract.unconfirmed("a disabled endpoint answers 404"):
        assert api.call("/a").status == 404


# --- authorization ---------------------------------------------------------------------------------------------------


def test_without_a_token_401(api: Api) -> None:
    """{"message":"Unauthorized"} and a challenge [D]."""
    api.jwt("contract.read")
    reply = api.call("/s")
    assert (reply.status, reply.message) == (401, "Unauthorized")
    assert reply.header("www-authenticate").startswith("Bearer")


@pytest.mark.parametrize("members", RIGHT_TOKENS)
def test_a_right_token_passes_and_goes_on(api: Api, token: Callable[..., str], members: dict[str, Any]) -> None:
    """RSA, audience or client_id, scope or scp; the back end gets the original token [D]."""
    api.jwt("contract.read", "contract.write")
    right = token(**members)
    assert api.bearer(right).echoed("authorization") == [f"Bearer {right}"]
    assert api.call("/s", headers=[("Authorization", right)]).status == 200, "Bearer may be left out"


@pytest.mark.parametrize(("members", "reason"), WRONG_TOKENS)
def test_a_wrong_token_is_401(api: Api, token: Callable[..., str], members: dict[str, Any], reason: str) -> None:
    """The challenge carries the reason [D]."""
    api.jwt()
    reply = api.bearer(token(**members))
    assert (reply.status, reply.message) == (401, "Unauthorized")
    challenge = reply.header("www-authenticate")
    assert challenge.startswith('Bearer scope="" error="invalid_token" error_description="')
    assert reason in challenge


def test_a_missing_scope_is_403(api: Api, token: Callable[..., str]) -> None:
    """[U], as RFC 6750 expects."""
    api.jwt("contract.other")
    with api.contract.unconfirmed("a missing scope is 403 with insufficient_scope"):
        reply = api.bearer(token())
        assert (reply.status, reply.message) == (403, "Forbidden")
        assert 'error="insufficient_scope"' in reply.header("www-authenticate")


def test_an_unsigned_call_of_an_iam_route_is_403(api: Api, token: Callable[..., str]) -> None:
    """Nor does a bearer token open it; the body is [U]."""
    api.route("GET /iam", AuthorizationType="AWS_IAM")
    api.publish()
    for headers in ([], [("Authorization", f"Bearer {token()}")]):
        reply = api.call("/iam", headers=headers)
        assert reply.status == 403
        with api.contract.unconfirmed("the body of an IAM refusal"):
            assert reply.message == "Forbidden"


# --- mappings, throttle, log -----------------------------------------------------------------------------------------


def test_mapped_headers_replace_the_callers(api: Api, token: Callable[..., str]) -> None:
    """Claims and the request id reach the back end, forged copies do not [D]."""
    mapping = {
        "overwrite:header.x-id": "$context.requestId",
        "overwrite:header.x-subject": "sub ${context.authorizer.claims.sub}",
        "remove:header.x-drop": "''",
    }
    api.jwt(mapping=mapping)
    reply = api.bearer(token(), ("X-Id", "forged"), ("x-subject", "root"), ("X-SUBJECT", "root"), ("x-drop", "1"))
    assert reply.echoed("x-id") == [reply.header("apigw-requestid")]
    (subject,) = reply.echoed("x-subject")
    assert subject.startswith("sub ")
    assert "root" not in subject
    assert reply.echoed("x-drop") == []


def test_static_text_joins_the_whole_request_path(api: Api) -> None:
    """[U]: fits the documented syntax, seen with variables only."""
    with api.contract.unconfirmed("overwrite:path joins text and $request.path"):
        api.route("GET /hr/{id}", {"overwrite:path": "/ords/x$request.path"})
        api.publish()
        assert api.call("/hr/a%2Fb").target == "/ords/x/hr/a%2Fb"


def test_host_is_overwritten_by_a_constant(api: Api) -> None:
    """In wide use."""
    api.route("GET /a", {"overwrite:header.Host": "api.example.com"})
    api.publish()
    assert api.call("/a").echoed("host") == ["api.example.com"]


def test_a_throttle_of_zero_rejects_everything(api: Api) -> None:
    """429 {"message":"Too Many Requests"}; other routes are not touched [D]."""
    api.route("GET /a")
    api.route("GET /b")
    api.publish(RouteSettings={"GET /a": {"ThrottlingBurstLimit": 0, "ThrottlingRateLimit": 0.0}})
    reply = api.call("/a")
    assert (reply.status, reply.message) == (429, "Too Many Requests")
    assert api.call("/b").status == 200


def test_each_call_is_one_line_in_the_log_group(api: Api) -> None:
    """Refused calls too; the id is the caller's ``apigw-requestid`` [D]."""
    logs, group = api.contract.aws.client("logs"), f"/contract/{uuid.uuid4().hex[:8]}"
    logs.create_log_group(logGroupName=group)
    arn = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["arn"].removesuffix(":*")
    api.route("GET /a")
    form = "$context.requestId $context.status $context.routeKey $context.authorizer.claims.sub"
    api.publish(AccessLogSettings={"DestinationArn": arn, "Format": form})
    found, missing = api.call("/a?token=s3cret"), api.call("/none")
    expected = {
        f"{found.header('apigw-requestid')} 200 GET /a -",
        f"{missing.header('apigw-requestid')} 404 - -",
    }
    written: set[str] = set()
    for _ in range(3000):
        written = {event["message"] for event in logs.filter_log_events(logGroupName=group)["events"]}
        if len(written) >= len(expected):
            break
    logs.delete_log_group(logGroupName=group)
    assert written == expected
