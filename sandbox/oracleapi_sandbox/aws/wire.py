"""Requests of AWS clients as the front sees them: who signed for which service, and which operation it is."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs, parse_qsl

from hypercorn.typing import ASGIReceiveCallable, ASGISendCallable, HTTPScope

_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/\d{8}/([^/]+)/([^/]+)/aws4_request")
_SHOWN = re.compile(
    r"(Name|Arn|ARN|Id|Ids|Key|Keys|Type|Path|Target|AutoDeploy|MaxResults|FailOnWarnings|Basepath|RequestToken"
    r"|VersionStages?|RecoveryWindowInDays|ForceDeleteWithoutRecovery)$"
)
_HIDDEN = re.compile(r"(Secret|Private|Signing|Access)Key$")
_KEYS_ONLY = ("RequestParameters", "Tags", "StageVariables", "RouteSettings")
LONGEST_SHOWN = 128


@dataclass(frozen=True)
class Credential:
    """The credential scope of a signature, as the client wrote it."""

    access_key_id: str
    region: str
    service: str


@dataclass(frozen=True)
class AwsRequest:
    """One request with its whole body. ``raw_path`` is percent-encoded as received; header names are lower case."""

    method: str
    raw_path: str
    query_string: str
    headers: Mapping[str, str]
    body: bytes
    scope: Any = field(repr=False)

    @cached_property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(self.query_string, keep_blank_values=True)

    @cached_property
    def form(self) -> dict[str, str]:
        """Return the fields of a query-protocol request, else nothing."""
        if self.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))
        return {}

    @cached_property
    def document(self) -> dict[str, Any]:
        """Return the JSON object of the body, else nothing."""
        try:
            found = json.loads(self.body)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    @cached_property
    def credential(self) -> Credential | None:
        """Return what the signature names, from the header or a presigned query; ``None`` when unsigned."""
        presigned = self.query.get("X-Amz-Credential")
        source = f"Credential={presigned[0]}" if presigned else self.headers.get("authorization", "")
        found = _CREDENTIAL.search(source)
        return Credential(*found.groups()) if found else None

    @property
    def presigned(self) -> bool:
        """Tell whether the signature is, or pretends to be, in the query."""
        return "X-Amz-Credential" in self.query

    @property
    def session_token(self) -> str | None:
        """Return the token of a role session that stands where the signature is."""
        if self.presigned:
            return next(iter(self.query.get("X-Amz-Security-Token", [])), None)
        return self.headers.get("x-amz-security-token")

    @property
    def protocol(self) -> str:
        """Return ``json``, ``query``, ``rest-json`` or ``rest-xml``, as far as errors need it."""
        if "x-amz-target" in self.headers:
            return "json"
        if "Action" in self.form or "Action" in self.query:
            return "query"
        service = self.credential.service if self.credential else ""
        return "rest-xml" if service in ("route53", "s3") else "rest-json"

    @property
    def operation(self) -> str:
        """Return the operation of a json or query request, or method and path for the others."""
        if target := self.headers.get("x-amz-target"):
            return target.rpartition(".")[2]
        return self.form.get("Action") or self.query.get("Action", [f"{self.method} {self.raw_path}"])[0]


async def read_request(scope: HTTPScope, receive: ASGIReceiveCallable) -> AwsRequest:
    """Read a request with its whole body."""
    body = bytearray()
    while True:
        message: Any = await receive()
        body += message.get("body", b"")
        if message["type"] != "http.request" or not message.get("more_body", False):
            break
    headers = {bytes(k).decode("latin-1").lower(): bytes(v).decode("latin-1") for k, v in scope["headers"]}
    raw_path = scope["raw_path"].decode("ascii")
    return AwsRequest(scope["method"], raw_path, scope["query_string"].decode("ascii"), headers, bytes(body), scope)


def summary(members: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of *members* the journal may show: names, ids, ARNs and keys, cut short; no values of maps."""
    shown: dict[str, Any] = {}
    for given, value in members.items():
        name = given[:1].upper() + given[1:]
        if name in _KEYS_ONLY and isinstance(value, Mapping):
            shown[name] = sorted(value)
        elif _SHOWN.search(name) and not _HIDDEN.search(name):
            if isinstance(value, str):
                shown[name] = value[:LONGEST_SHOWN]
            elif isinstance(value, bool | int | float) or (
                isinstance(value, list) and all(isinstance(item, str) for item in value)
            ):
                shown[name] = value
    return shown


@dataclass(frozen=True)
class Reply:
    """An answer that is complete."""

    status: int
    body: bytes
    content_type: str
    headers: tuple[tuple[bytes, bytes], ...] = ()
    code: str | None = None  # error code, for the journal


async def send_reply(send: ASGISendCallable, reply: Reply) -> None:
    """Send *reply*."""
    headers = [*reply.headers, (b"content-length", str(len(reply.body)).encode())]
    if reply.content_type:
        headers.append((b"content-type", reply.content_type.encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers, "trailers": False})
    await send({"type": "http.response.body", "body": reply.body, "more_body": False})
