"""Parts of the front: signatures' scopes, what the journal may show, errors in every protocol, faults, discovery."""

import asyncio
import json
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from oracleapi_sandbox.aws.control.discovery import DiscoveryIssuers
from oracleapi_sandbox.aws.errors import AwsError
from oracleapi_sandbox.aws.errorwire import code_of, error_reply
from oracleapi_sandbox.aws.faults import Fault, FaultError, Faults
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
    taken = [faults.take("apigatewayv2", "CreateApi") for _ in range(3)]
    assert [rule is not None and rule.status for rule in taken] == [500, 500, None]
    assert len(faults.show()) == 2
    assert faults.take("sts", "GetCallerIdentity") == Fault("*", delay_ms=1)


@pytest.mark.parametrize(
    "entry",
    [
        {},
        {"operation": "*", "drop_after": True},
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
