"""The front of the AWS double: one plain HTTP endpoint for every service, as ``AWS_ENDPOINT_URL`` wants it.

Service by credential scope, operation by the protocol. API Gateway v2 is answered by our engine, what ministack has
by ministack, everything else is refused. Every call is written to the journal.
"""

import re
from typing import Any
from uuid import uuid4

from hypercorn.typing import ASGIReceiveCallable, ASGISendCallable, Scope

from oracleapi_sandbox.aws import faults as fault
from oracleapi_sandbox.aws.control.engine import Engine
from oracleapi_sandbox.aws.errors import AwsError, not_implemented
from oracleapi_sandbox.aws.errorwire import error_reply
from oracleapi_sandbox.aws.faults import Faults
from oracleapi_sandbox.aws.ministack import SERVICES, Ministack
from oracleapi_sandbox.aws.pages import PREFIX, SandboxPages
from oracleapi_sandbox.aws.wire import AwsRequest, Credential, Reply, read_request, send_reply, summary
from oracleapi_sandbox.common.clock import Clock
from oracleapi_sandbox.common.journal import Journal

_UNSIGNED = frozenset(["AssumeRoleWithWebIdentity", "AssumeRoleWithSAML"])
"""STS operations that carry their own proof instead of a signature [D]."""

_TWELVE_DIGITS = re.compile(r"^\d{12}$")
_ANONYMOUS = Credential("", "", "sts")


class Front:
    """The ASGI application behind the endpoint."""

    def __init__(
        self, engine: Engine, ministack: Ministack, journal: Journal, faults: Faults, pages: SandboxPages, clock: Clock
    ) -> None:
        self._engine = engine
        self._ministack = ministack
        self._journal = journal
        self._faults = faults
        self._pages = pages
        self._clock = clock

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """The ASGI entry: HTTP and lifespan."""
        if scope["type"] == "lifespan":
            while (await receive())["type"] != "lifespan.shutdown":
                await send({"type": "lifespan.startup.complete"})
            await send({"type": "lifespan.shutdown.complete"})
        elif scope["type"] == "http":
            request = await read_request(scope, receive)
            if request.raw_path.startswith(PREFIX):
                await send_reply(send, await self._pages.answer(request))
            else:
                await send_reply(send, await self._call(request))
        else:
            await send({"type": "websocket.close", "code": 1008, "reason": None})

    async def _call(self, request: AwsRequest) -> Reply:
        """Answer one AWS call and write it down."""
        credential = request.credential or _ANONYMOUS
        service, operation, params = self._named(request, credential)
        rule = None
        try:
            _check_signed(request, operation)
            rule = self._faults.take(service, operation)
            await fault.before(rule)
            reply = await self._executed(request, credential, service, operation)
            fault.after(rule)
        except AwsError as error:
            reply = error_reply(request, error)
        self._journal.add(
            {
                "time": self._clock.now(),
                "service": service,
                "operation": operation,
                "region": credential.region,
                "params": summary(params),
                "status": reply.status,
                "code": reply.code,
                "caller": credential.access_key_id or None,
                "user_agent": request.headers.get("user-agent"),
            }
        )
        return reply

    def _named(self, request: AwsRequest, credential: Credential) -> tuple[str, str, dict[str, Any]]:
        """Return service, operation and unchecked members of a request."""
        if credential.service == "apigateway" and request.raw_path.startswith("/v2/"):
            found = self._engine.model.match(request.method, request.raw_path)
            if found is None:
                return "apigatewayv2", request.operation, {}
            operation, labels = found
            members = self._engine.model.named(operation, labels, request.query, request.document)
            return "apigatewayv2", operation, members
        return credential.service, request.operation, request.document | request.form

    async def _executed(self, request: AwsRequest, credential: Credential, service: str, operation: str) -> Reply:
        if service == "apigatewayv2":
            return await self._api_gateway(request, credential.region, operation)
        if service in SERVICES and not request.raw_path.startswith("/_"):  # pages of ministack's own
            return await self._ministack.forward(request)
        raise not_implemented(f"the service {service}")

    async def _api_gateway(self, request: AwsRequest, region: str, operation: str) -> Reply:
        found = self._engine.model.match(request.method, request.raw_path)
        if found is None:
            raise AwsError(404, "NotFoundException", f"No operation of API Gateway is at {operation}")
        self._engine.admit(region, operation)
        call = self._engine.model.parse(operation, found[1], request.query, request.body)
        result = await self._engine.run(region, call)
        status, body, content_type = self._engine.model.write(operation, result)
        return Reply(status, body, content_type, ((b"x-amzn-requestid", str(uuid4()).encode()),))


def _check_signed(request: AwsRequest, operation: str) -> None:
    """Refuse what carries no signature, and access keys that ministack would take for another account.

    Raises:
        AwsError: 403, with the codes of real endpoints [D].
    """
    rest = request.protocol == "rest-json"
    if request.credential is None:
        if operation in _UNSIGNED:
            return
        code = "MissingAuthenticationTokenException" if rest else "MissingAuthenticationToken"
        raise AwsError(403, code, "Missing Authentication Token")
    if _TWELVE_DIGITS.match(request.credential.access_key_id):
        code = "UnrecognizedClientException" if rest else "InvalidClientTokenId"
        raise AwsError(403, code, "The security token included in the request is invalid.")
