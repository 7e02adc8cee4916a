"""Parts of the front: signatures' scopes, what the journal may show, errors in every protocol, faults, discovery."""

import asyncio
import json
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from oracleapi_sandbox.aws.control.discovery import DiscoveryIssuers
from oracleapi_sandbox.aws.counting import summarise
from oracleapi_sandbox.aws.errors import AwsError
from oracleapi_sandbox.aws.errorwire import code_of, error_reply
from oracleapi_sandbox.aws.faults import DroppedError, Fault, FaultError, Faults, after, before
from oracleapi_sandbox.aws.wire import AwsRequest, Credential, summary
from oracleapi_sandbox.common.authority import Authority, Leaf


def _request(headers: dict[str, str], body: bytes = b"", query: str = "") -> AwsRequest:
    return AwsRequest("POST", "/", query, headers, body, None)


def _signed(service: str) -> dict[str, str]:
    scope = f"AKIA1/20260101/eu-west-1/{service}/aws4_request"
    return {"authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=00"}


def test_the_credential_scope_names_the_service() -> None:
    """From the header or a presigned query; anything else is unsigned."""
    wanted = Credential("AKIA1", "eu-west-1", "logs")
    assert _request(_signed("logs")).credential == wanted
    query = "X-Amz-Credential=AKIA1%2F20260101%2Feu-west-1%2Flogs%2Faws4_request"
    assert _request({}, query=query).credential == wanted
    assert _request({"authorization": "Bearer abc"}).credential is None


def test_the_journal_shows_names_and_hides_values() -> None:
    """Keys of maps, short strings and lists of names; never what could be secret."""
    members = {
        "name": "n" * 500,
        "ApiId": "a",
        "SecretId": "s",
        "SecretString": "hidden",
        "Body": "hidden",
        "SecretAccessKey": "hidden",
        "RequestParameters": {"overwrite:header.X": "hidden"},
        "StageVariables": {"v": "hidden"},
        "PolicyDocument": "hidden",
        "TagKeys": ["a"],
        "AutoDeploy": True,
    }
    found = summary(members)
    assert "hidden" not in json.dumps(found)
    assert found["RequestParameters"] == ["overwrite:header.X"]
    assert set(found) == {"Name", "ApiId", "SecretId", "RequestParameters", "StageVariables", "TagKeys", "AutoDeploy"}
    assert len(found["Name"]) == 128


@pytest.mark.parametrize(
    ("headers", "body", "mark"),
    [
        (_signed("apigateway"), b"", b'{"message": "no"}'),
        ({**_signed("logs"), "x-amz-target": "Logs_20140328.PutLogEvents"}, b"{}", b'"__type": "Denied"'),
        (
            {**_signed("iam"), "content-type": "application/x-www-form-urlencoded"},
            b"Action=GetRole",
            b"<ErrorResponse><Error><Type>Sender</Type><Code>Denied</Code>",
        ),
        (
            {**_signed("ec2"), "content-type": "application/x-www-form-urlencoded"},
            b"Action=DescribeVpcs",
            b"<Response><Errors><Error><Code>Denied</Code>",
        ),
        (_signed("route53"), b"", b"<ErrorResponse>"),
    ],
)
def test_an_error_speaks_the_clients_protocol(headers: dict[str, str], body: bytes, mark: bytes) -> None:
    """And its code can be read back, for the journal."""
    reply = error_reply(_request(headers, body), AwsError(403, "Denied", "no"))
    assert mark in reply.body
    names = {name.decode(): value.decode() for name, value in reply.headers}
    assert code_of(reply.status, names, reply.body) == "Denied"


def test_faults_are_counted_and_matched() -> None:
    """The first rule that matches is used; one with ``times`` is used up."""
    faults = Faults()
    faults.replace(
        [
            {"operation": "apigatewayv2:Create*", "times": 2, "status": 500},
            {"operation": "*", "delay_ms": 1},
            {"operation": "logs:*", "status": 500, "probability": 0.0},
        ]
    )
    taken = [faults.take("apigatewayv2", "CreateApi", {}, "arn") for _ in range(3)]
    assert [rule is not None and rule.status for rule in taken] == [500, 500, None]
    assert len(faults.show()) == 2
    assert faults.take("sts", "GetCallerIdentity", {}, "arn") == Fault("*", delay_ms=1)


@pytest.mark.parametrize(
    ("members", "caller", "hit"),
    [
        ({"ApiId": "a1"}, "arn:aws:iam::1:user/op", True),
        ({"ResourceArn": "arn:aws:apigateway:eu-west-1::/apis/a1/stages/x"}, "arn:aws:iam::1:user/op", True),
        ({"ApiId": "a2"}, "arn:aws:iam::1:user/op", False),
        ({}, "arn:aws:iam::1:user/op", False),
        ({"ApiId": "a1"}, "arn:aws:iam::1:root", False),
    ],
)
def test_a_fault_may_be_about_one_api_and_one_caller(members: dict[str, Any], caller: str, hit: bool) -> None:
    """By id or by ARN."""
    faults = Faults()
    faults.replace([{"operation": "*", "api_id": "a1", "caller": "*:user/*", "status": 500}])
    assert (faults.take("apigatewayv2", "UpdateApi", members, caller) is not None) is hit


@pytest.mark.parametrize(
    ("fault", "early", "late"),
    [
        ({"drop_before": True}, "before", None),
        ({"drop_after": True}, None, "after"),
        ({"status": 503}, (503, None), None),
        ({"status": 429, "when": "after", "retry_after": 7}, None, (429, 7)),
        ({"delay_ms": 1}, None, None),
    ],
)
def test_what_a_fault_does_and_when(fault: dict[str, Any], early: Any, late: Any) -> None:
    """Before the call acts, or after it did."""
    faults = Faults()
    faults.replace([{"operation": "*", **fault}])
    rule = faults.take("sts", "GetCallerIdentity", {}, "arn")

    def told(act: Callable[[], Any]) -> Any:
        try:
            act()
        except DroppedError as error:
            return error.when
        except AwsError as error:
            return error.status, error.retry_after_s
        return None

    assert told(lambda: asyncio.run(before(rule))) == early
    assert told(lambda: after(rule)) == late


def test_retry_after_travels_as_a_header() -> None:
    """In every protocol; without it there is none."""
    error = AwsError(429, "TooManyRequestsException", "slow down")
    assert b"retry-after" not in dict(error_reply(_request(_signed("apigateway")), error).headers)
    error.retry_after_s = 7
    for service in ("apigateway", "route53"):
        assert dict(error_reply(_request(_signed(service)), error).headers)[b"retry-after"] == b"7"


def test_the_summary_counts() -> None:
    """By operation and service; the busiest second is a sliding window whose end does not count."""
    steps = [(0.0, 200, None), (0.5, 429, None), (0.9, 200, "after"), (1.0, 500, None), (1.8, None, "before")]
    entries = [
        {
            "time": time,
            "service": "apigatewayv2",
            "operation": "GetApi",
            "status": status,
            "code": None,
            "dropped": lost,
        }
        for time, status, lost in steps
    ]
    throttled = {"service": "logs", "operation": "PutLogEvents", "status": 400, "code": "ThrottlingException"}
    found = summarise([*entries, {**throttled, "time": 0.0, "dropped": None}])
    counts = {"calls": 5, "throttled": 1, "errors": 2, "dropped": 2}
    assert found["operations"]["apigatewayv2:GetApi"] == counts
    assert found["services"]["apigatewayv2"] == {**counts, "max_in_one_second": 3}
    assert found["services"]["logs"]["throttled"] == 1
    assert summarise([]) == {"operations": {}, "services": {}}


@pytest.mark.parametrize(
    "entry",
    [
        {},
        {"operation": "*", "drop_after": 1},
        {"operation": "*", "drop_after": True, "drop_before": True},
        {"operation": "*", "drop_after": True, "status": 500},
        {"operation": "*", "api_id": 7},
        {"operation": "*", "retry_after": -1},
        {"operation": "*", "status": 200},
        {"operation": "*", "times": True},
        {"operation": "*", "when": "later"},
        {"operation": "*", "probability": "half"},
        {"operation": "*", "code": 7},
        "CreateApi",
    ],
)
def test_wrong_faults_are_refused(entry: Any) -> None:
    """And the rules in force stay."""
    faults = Faults()
    faults.replace([{"operation": "kept"}])
    with pytest.raises(FaultError):
        faults.replace([{"operation": "new"}, entry])
    assert [rule["operation"] for rule in faults.show()] == ["kept"]


async def _check(leaf: Leaf, trust: ssl.SSLContext, discovery: "_Discovery", path: str = "", limit: float = 5) -> None:
    """Serve *discovery* over TLS and check the issuer at *path* of it."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(leaf.certificate, leaf.key)
    async with await asyncio.start_server(discovery.answer, "127.0.0.1", 0, ssl=context) as server:
        port = server.sockets[0].getsockname()[1]
        await DiscoveryIssuers(trust).check(f"https://localhost:{port}{path}", limit)


@dataclass
class _Discovery:
    """An issuer's HTTP side: its document with *change*, or no JSON at all; it may answer late."""

    change: dict[str, Any] | None
    status: int = 200
    gate: asyncio.Event | None = None

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        path = head[0].split(" ")[1].removesuffix("/.well-known/openid-configuration")
        host = next(line for line in head if line.lower().startswith("host:"))[5:].strip()
        document = {"issuer": f"https://{host}{path}", "jwks_uri": f"https://{host}/keys", **(self.change or {})}
        body = b"<html>" if self.change is None else json.dumps(document).encode()
        if self.gate is not None:
            await self.gate.wait()
        writer.write(f"HTTP/1.1 {self.status} x\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n".encode())
        writer.write(body)
        await writer.drain()
        writer.close()


def test_an_issuer_that_serves_itself_passes(tmp_path: Path) -> None:
    """With a path too."""
    authority = Authority(tmp_path)
    leaf = authority.leaf("issuer", "localhost")
    asyncio.run(_check(leaf, authority.client_context(), _Discovery({}), "/realms/a"))


@pytest.mark.parametrize(
    ("change", "status", "path"),
    [
        ({"issuer": "https://other.example"}, 200, ""),
        ({"jwks_uri": None}, 200, ""),
        ({}, 404, ""),
        (None, 200, ""),
        ({}, 200, "/"),
        ({"padding": "x" * 150_001}, 200, ""),
    ],
)
def test_issuers_that_are_refused(tmp_path: Path, change: Any, status: int, path: str) -> None:
    """Another issuer, no keys, not found, no document, a trailing slash, too much."""
    authority = Authority(tmp_path)
    leaf = authority.leaf("issuer", "localhost")
    with pytest.raises(AwsError, match="Invalid issuer"):
        asyncio.run(_check(leaf, authority.client_context(), _Discovery(change, status), path))


def test_an_issuer_of_another_authority_or_too_slow(tmp_path: Path) -> None:
    """Both are failures to connect, with the real frame of the text."""
    authority, other = Authority(tmp_path / "a"), Authority(tmp_path / "b")
    leaf = authority.leaf("issuer", "localhost")
    text = "Caught exception when connecting to https://localhost:.*/.well-known/openid-configuration"

    async def never() -> None:
        gate = asyncio.Event()
        try:
            await _check(leaf, authority.client_context(), _Discovery({}, gate=gate), limit=0.1)
        finally:
            gate.set()

    with pytest.raises(AwsError, match=text):
        asyncio.run(_check(leaf, other.client_context(), _Discovery({})))
    with pytest.raises(AwsError, match=text):
        asyncio.run(never())


def test_plain_http_is_no_issuer() -> None:
    """It is refused without a connection."""
    with pytest.raises(AwsError, match="Invalid issuer"):
        asyncio.run(DiscoveryIssuers(ssl.create_default_context()).check("http://localhost:9", 1))
