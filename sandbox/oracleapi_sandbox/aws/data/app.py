"""The data plane of HTTP APIs as an ASGI application: one request from ``Host`` to access log.

Order: API and stage, route, throttle and authorization (a switch), body size, mapping, back end. Every answer carries
``apigw-requestid``; every answer of a known stage is logged, refusals too.

A route of a kind that is not known answers 403 to everybody.
"""

import json
import ssl
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from oracleapi_sandbox.aws.data import accesslog, outbound
from oracleapi_sandbox.aws.data.authorizer import AuthorizationError, JwtAuthorizers
from oracleapi_sandbox.aws.data.context import Context
from oracleapi_sandbox.aws.data.iam import Callers, SignatureError
from oracleapi_sandbox.aws.data.keys import SigningKeys
from oracleapi_sandbox.aws.data.mapping import MappingError, Scope
from oracleapi_sandbox.aws.data.request import Request, end_to_end, normalised
from oracleapi_sandbox.aws.data.routing import Match, RouteTables, api_id_of, select_stage
from oracleapi_sandbox.aws.data.settings import DataSettings
from oracleapi_sandbox.aws.data.throttle import Throttles
from oracleapi_sandbox.aws.data.transport import (
    Answer,
    TlsError,
    TooLargeError,
    Transport,
    TransportError,
    UnsendableError,
)
from oracleapi_sandbox.aws.deployed import AccessLog, DeployedStages, Integration, Route, Stage
from oracleapi_sandbox.common.clock import Clock

WriteAccessLog = Callable[[AccessLog, str], Awaitable[None]]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]

DRAIN_LIMIT = 64 * 1024 * 1024
"""How much of a body that is too large is still read, so that its sender gets to see the 413."""

_MESSAGES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    413: "Request Entity Too Large",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}
_ERROR_TYPES = {
    400: "BAD_REQUEST_PARAMETERS",
    401: "UNAUTHORIZED",
    403: "ACCESS_DENIED",
    404: "RESOURCE_NOT_FOUND",
    413: "REQUEST_TOO_LARGE",
    429: "THROTTLED",
    504: "INTEGRATION_TIMEOUT",
}
_NO_LENGTH = frozenset((204, 304))


@dataclass
class GatewayError(Exception):
    """The gateway answers by itself: a status with its message, maybe a challenge."""

    status: int
    challenge: str | None = None


class ClientGoneError(Exception):
    """The caller went away before its request was complete."""


class DataPlane:
    """Everything a request needs; see :func:`build_app`."""

    def __init__(
        self,
        stages: DeployedStages,
        settings: DataSettings,
        clock: Clock,
        trust: ssl.SSLContext,
        write_access_log: WriteAccessLog,
        callers: Callers,
    ) -> None:
        self._stages = stages
        self._settings = settings
        self._clock = clock
        self._write_access_log = write_access_log
        self._callers = callers
        self._transport = Transport(trust)
        self._keys = SigningKeys(self._transport, clock, settings)
        self._authorizers = JwtAuthorizers(self._keys, clock, settings)
        self._throttles = Throttles(clock, settings)
        self._tables = RouteTables()

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """The ASGI entry: HTTP and lifespan; a WebSocket is refused."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    def reset(self) -> None:
        """Forget cached signing keys and fill all throttles, as if nobody had called yet; settings stay."""
        self._keys.clear()
        self._throttles.clear()

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while (message := await receive())["type"] != "lifespan.shutdown":
            await send({"type": f"{message['type']}.complete"})
        await self._transport.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _http(self, scope: Any, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        try:
            body = await _body(receive, self._settings.payload_limit_bytes)
        except ClientGoneError:
            return  # half a request is nobody's: it is neither forwarded nor answered
        request = _request(scope, body or b"")
        context = Context(request, self._clock.now())
        stage: Stage | None = None
        try:
            stage, path = self._locate(request, context)
            answer = await self._answer(stage, path, context, too_large=body is None)
        except GatewayError as stopped:
            answer = _own_answer(stopped, context)
        await _send(send, request.method, answer, context)
        context.status, context.response_length = answer.status, len(answer.body)
        context.response_latency_ms = _milliseconds_since(started)
        if stage is not None and stage.access_log is not None:
            log = stage.access_log
            line = accesslog.render(log.format, context, escape=self._settings.escape_log_values)
            await self._write_access_log(log, line)

    def _locate(self, request: Request, context: Context) -> tuple[Stage, str]:
        """Find the stage. Unknown hosts, APIs and stages and a disabled endpoint are one and the same 404."""
        api_id = api_id_of(request.domain_name, self._settings)
        found = select_stage(self._stages.find(api_id), request.path) if api_id is not None else None
        if found is None or found.stage.disable_execute_api_endpoint:
            raise GatewayError(404)
        stage = found.stage
        context.account_id, context.api_id, context.stage = stage.account_id, stage.api_id, stage.stage_name
        return stage, found.path

    async def _answer(self, stage: Stage, path: str, context: Context, *, too_large: bool) -> Answer:
        settings, request = self._settings, context.request
        if not path.startswith("/"):
            raise GatewayError(400)
        if not settings.normalise_after_routing:
            path = normalised(path, settings)
        match = self._tables.of(stage).select(request.method, path, settings)
        if match is None:
            raise GatewayError(404)
        context.route_key = match.route.route_key
        await self._admit(stage, match.route, path, context)
        if too_large:
            raise GatewayError(413)
        return await self._integrate(stage, match, path, context)

    async def _admit(self, stage: Stage, route: Route, path: str, context: Context) -> None:
        """Throttle and authorize, in the order of the switch."""
        throttle_first = self._settings.throttle_before_auth
        if throttle_first and not self._throttles.admit(stage, route):
            raise GatewayError(429)
        try:
            await self._authorize(stage, route, path, context)
        except AuthorizationError as refused:
            context.authorizer_error = refused.reason
            raise GatewayError(refused.status, refused.challenge) from None
        except SignatureError as refused:
            context.authorizer_error = str(refused)
            raise GatewayError(403) from None
        except ValueError as misconfigured:
            context.authorizer_error = str(misconfigured)
            raise GatewayError(500) from None
        if not throttle_first and not self._throttles.admit(stage, route):
            raise GatewayError(429)

    async def _authorize(self, stage: Stage, route: Route, path: str, context: Context) -> None:
        """Let a public route, a valid token and a signature pass; every other kind is 403 for everybody."""
        if route.authorization_type == "NONE":
            return
        if route.authorization_type == "JWT" and route.authorizer is not None:
            context.claims = await self._authorizers.authorize(route.authorizer, route.scopes, context.request)
            return
        if route.authorization_type == "AWS_IAM":
            context.caller = await self._callers.admit(context.request, stage, path)
            return
        context.authorizer_error = f"{route.authorization_type} is not served here: nobody passes"
        raise GatewayError(403)

    async def _integrate(self, stage: Stage, match: Match, path: str, context: Context) -> Answer:
        route, integration, settings = match.route, match.route.integration, self._settings
        if integration is None:
            raise GatewayError(settings.missing_integration_status)
        scope = Scope(
            context.request, path, match.variables, stage.stage_variables, context, settings.decode_path_variables
        )
        started = time.perf_counter()
        try:
            self._require_link(integration)
            request = outbound.build(stage, route, integration, scope, settings)
            answer = await self._transport.send(
                request, timeout_seconds=integration.timeout_ms / 1000, max_bytes=settings.payload_limit_bytes
            )
        except (MappingError, outbound.UnhealthyError, TransportError) as error:
            context.integration_error = str(error)
            raise GatewayError(_status_of(error, settings)) from None
        finally:
            context.integration_latency_ms = _milliseconds_since(started)
        context.integration_status = answer.status
        return answer

    def _require_link(self, integration: Integration) -> None:
        if integration.connection_type != "VPC_LINK":
            return
        status = self._stages.vpc_link_status(integration.connection_id or "")
        if status != "AVAILABLE":
            raise outbound.UnhealthyError(f"the VPC link is {status or 'missing'}")


def build_app(
    stages: DeployedStages,
    settings: DataSettings,
    *,
    clock: Clock,
    trust: ssl.SSLContext,
    write_access_log: WriteAccessLog,
    callers: Callers,
) -> DataPlane:
    """Build the data plane; serve it over TLS with a certificate for ``*.execute-api.localhost``.

    *trust* verifies back ends and issuers. *write_access_log* is awaited once per answered request of a stage with
    access logs, after the answer was sent. *settings* is read anew on every request. *callers* knows who signs.
    """
    return DataPlane(stages, settings, clock, trust, write_access_log, callers)


async def _body(receive: Receive, limit: int) -> bytes | None:
    """Read the whole body; ``None`` when it is over *limit* (its rest is read and forgotten).

    Raises:
        ClientGoneError: It ended early.
    """
    body, size, more = bytearray(), 0, True
    while more and size <= max(limit, DRAIN_LIMIT):
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        chunk = message.get("body", b"")
        size += len(chunk)
        if size <= limit:
            body += chunk
        more = message.get("more_body", False)
    return bytes(body) if size <= limit else None


def _request(scope: Any, body: bytes) -> Request:
    path = scope.get("raw_path")
    return Request(
        method=scope["method"],
        path=quote(scope["path"]) if path is None else path.decode("ascii"),
        query=scope["query_string"].decode("ascii"),
        headers=tuple((bytes(name), bytes(value)) for name, value in scope["headers"]),
        body=body,
        source_ip=scope["client"][0] if scope.get("client") else "",
        http_version=scope["http_version"],
    )


def _status_of(error: Exception, settings: DataSettings) -> int:
    if isinstance(error, TlsError):
        return settings.tls_failure_status
    if isinstance(error, TooLargeError):
        return settings.oversized_response_status
    if isinstance(error, outbound.UnhealthyError | TransportError) and not isinstance(error, UnsendableError):
        return settings.unhealthy_integration_status
    return 500  # a mapping that fails, or one that makes the request invalid


def _own_answer(stopped: GatewayError, context: Context) -> Answer:
    """The gateway's own answer: ``{"message": …}``."""
    message = _MESSAGES[stopped.status]
    context.error_message = message
    context.error_type = _ERROR_TYPES.get(stopped.status, "INTEGRATION_FAILURE")
    headers = [(b"content-type", b"application/json")]
    if stopped.challenge is not None:
        headers.append((b"www-authenticate", stopped.challenge.encode("utf-8", "replace")))
    body = json.dumps({"message": message}, separators=(",", ":")).encode()
    return Answer(stopped.status, tuple(headers), body)


async def _send(send: Send, method: str, answer: Answer, context: Context) -> None:
    """Send the answer; the length is ours, as the body was read whole. ``Date`` is written by the server."""
    headers = list(_kept(answer, method))
    headers.append((b"apigw-requestid", context.request_id.encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body, "more_body": False})


def _kept(answer: Answer, method: str) -> Iterable[tuple[bytes, bytes]]:
    bodiless = method == "HEAD" or answer.status in _NO_LENGTH
    ours = {b"date", b"apigw-requestid"} | (set() if bodiless else {b"content-length"})
    yield from ((name, value) for name, value in end_to_end(answer.headers) if name.lower() not in ours)
    if not bodiless:
        yield b"content-length", str(len(answer.body)).encode()


def _milliseconds_since(started: float) -> int:
    return round((time.perf_counter() - started) * 1000)
