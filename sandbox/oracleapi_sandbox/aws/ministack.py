"""ministack in this process: every service but API Gateway and Secrets Manager, called with ordinary requests.

It is called through its ASGI entry. Its settings are environment variables that it reads when it is imported, so the
import happens in here. The account id comes from ``MINISTACK_ACCOUNT_ID`` unless the access key itself is twelve
digits, which the front refuses. Its lifespan is not run: that would look for Docker, run start-up scripts and start
schedulers.
"""

import json
import os
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from botocore.auth import SigV4Auth  # type: ignore[import-untyped]
from botocore.awsrequest import AWSRequest  # type: ignore[import-untyped]
from botocore.credentials import Credentials  # type: ignore[import-untyped]

from oracleapi_sandbox.aws.access.principals import RootKey
from oracleapi_sandbox.aws.deployed import AccessLog
from oracleapi_sandbox.aws.errorwire import code_of
from oracleapi_sandbox.aws.secrets.context import Key
from oracleapi_sandbox.aws.wire import AwsRequest, Reply

SERVICES = frozenset(
    [
        "acm",
        "ec2",
        "elasticloadbalancing",
        "iam",
        "kms",
        "logs",
        "monitoring",
        "route53",
        "servicediscovery",
        "sts",
        "tagging",
        "wafv2",
    ]
)
"""Credential scopes that are passed on. One call to a service it does not have takes it some 400 MiB, so the front
refuses those."""

ACCESS_LOG_STREAM = "api-gateway-access-log"


class Ministack:
    """The in-process ministack of one account."""

    def __init__(self, account_id: str, region: str, root: RootKey) -> None:
        os.environ.update(
            {
                "AUTH": "false",
                "BIND_HOST": "127.0.0.1",
                "IOT_MTLS_ENABLED": "0",
                "LOG_LEVEL": "WARNING",
                "MINISTACK_ACCOUNT_ID": account_id,
                "MINISTACK_REGION": region,
                "PERSIST_STATE": "0",
                "SFTP_ENABLED": "0",
            }
        )
        from ministack import app  # type: ignore[import-untyped]

        missing = sorted(name for name in SERVICES if name not in app.SERVICE_HANDLERS)
        if missing:
            raise RuntimeError(f"this ministack lacks services: {', '.join(missing)}")
        self._app: Callable[..., Any] = app.app
        self._root = root

    async def forward(self, request: AwsRequest) -> Reply:
        """Let ministack answer *request*."""
        return await self._call(request.scope, request.body)

    async def reset(self) -> None:
        """Wipe the state of every service."""
        await self._call(_scope("POST", "/_ministack/reset", {}), b"")

    async def json(self, service: str, target: str, region: str, members: dict[str, Any]) -> tuple[str | None, Any]:
        """Call a json-protocol operation as the administrator; return error code (or ``None``) and document."""
        headers = {"content-type": "application/x-amz-json-1.1", "x-amz-target": target}
        reply = await self._administer(service, region, headers, json.dumps(members).encode())
        return reply.code, json.loads(reply.body or b"{}")

    async def query(self, service: str, action: str, members: dict[str, str]) -> tuple[str | None, str]:
        """Call a query-protocol operation as the administrator; return error code (or ``None``) and the XML."""
        headers = {"content-type": "application/x-www-form-urlencoded"}
        body = urlencode({"Action": action, **members}).encode()
        reply = await self._administer(service, "us-east-1", headers, body)
        return reply.code, reply.body.decode()

    async def find_key(self, region: str, key_id: str) -> Key | None:
        """Return a key of KMS by id, ARN or alias, or ``None``."""
        code, found = await self.json("kms", "TrentService.DescribeKey", region, {"KeyId": key_id})
        if code is not None:
            return None
        return Key(found["KeyMetadata"]["Arn"], found["KeyMetadata"]["KeyState"] == "Enabled")

    async def _administer(self, service: str, region: str, headers: dict[str, str], body: bytes) -> Reply:
        host = "127.0.0.1"  # it takes the first word of another host for a bucket
        signed = AWSRequest("POST", f"http://{host}/", headers={**headers, "host": host}, data=body)
        credentials = Credentials(self._root.access_key_id, self._root.secret_access_key)
        SigV4Auth(credentials, service, region).add_auth(signed)
        return await self._call(_scope("POST", "/", dict(signed.headers.items())), body)

    async def _call(self, scope: Any, body: bytes) -> Reply:
        started: dict[str, Any] = {}
        content = bytearray()

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                started.update(message)
            else:
                content.extend(message.get("body", b""))

        await self._app(scope, receive, send)
        dropped = (b"content-length", b"content-type", b"date")
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in started["headers"]}
        kept = tuple((name, value) for name, value in started["headers"] if name.lower() not in dropped)
        code = code_of(started["status"], headers, bytes(content))
        return Reply(started["status"], bytes(content), headers.get("content-type", ""), kept, code)


class EmulatedLogs:
    """CloudWatch Logs as stages and the data plane use it."""

    def __init__(self, ministack: Ministack) -> None:
        self._ministack = ministack

    async def exists(self, region: str, name: str) -> bool:
        """Return whether the log group *name* exists in *region*."""
        code, found = await self._call(region, "DescribeLogGroups", {"logGroupNamePrefix": name})
        return code is None and any(group["logGroupName"] == name for group in found["logGroups"])

    async def write(self, log: AccessLog, line: str) -> None:
        """Put *line* as one event into the log group of *log*; the stream is made when it is missing.

        A group that is gone loses the line, as access logging never fails a request [U].
        """
        parts = log.destination_arn.split(":")
        region, group = parts[3], parts[6]
        stream = {"logGroupName": group, "logStreamName": ACCESS_LOG_STREAM}
        event = {**stream, "logEvents": [{"timestamp": int(time.time() * 1000), "message": line}]}
        code, _ = await self._call(region, "PutLogEvents", event)
        if code == "ResourceNotFoundException":
            await self._call(region, "CreateLogStream", stream)
            await self._call(region, "PutLogEvents", event)

    async def _call(self, region: str, operation: str, members: dict[str, Any]) -> tuple[str | None, Any]:
        return await self._ministack.json("logs", f"Logs_20140328.{operation}", region, members)


def _scope(method: str, path: str, headers: dict[str, str]) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 0),
        "server": ("127.0.0.1", 0),
    }
