"""The front of the AWS double: one plain HTTP endpoint for every service, as ``AWS_ENDPOINT_URL`` wants it.

Service by credential scope, operation by the protocol. The door says who calls and whether they may. API Gateway v2 and
Secrets Manager are answered by engines of ours, who one is by our STS, what ministack has by ministack, everything else
is refused. Every call is written to the journal.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal
from uuid import uuid4

from hypercorn.typing import ASGIReceiveCallable, ASGISendCallable, Scope

from oracleapi_sandbox.aws import faults as fault
from oracleapi_sandbox.aws.access.directory import Directory
from oracleapi_sandbox.aws.access.door import Door
from oracleapi_sandbox.aws.access.managed import refuse
from oracleapi_sandbox.aws.access.principals import Caller
from oracleapi_sandbox.aws.access.simulation import simulate
from oracleapi_sandbox.aws.access.sts import Sts
from oracleapi_sandbox.aws.control.engine import Engine
from oracleapi_sandbox.aws.errors import AwsError, not_implemented
from oracleapi_sandbox.aws.errorwire import error_reply
from oracleapi_sandbox.aws.faults import DroppedError, Faults
from oracleapi_sandbox.aws.ministack import SERVICES, Ministack
from oracleapi_sandbox.aws.pages import PREFIX, SandboxPages
from oracleapi_sandbox.aws.secrets.engine import SecretsEngine
from oracleapi_sandbox.aws.settings import ControlSettings
from oracleapi_sandbox.aws.wire import AwsRequest, Credential, Reply, read_request, send_reply, summary
from oracleapi_sandbox.common.clock import Clock
from oracleapi_sandbox.common.journal import Journal

_UNSIGNED = frozenset(["AssumeRoleWithWebIdentity", "AssumeRoleWithSAML"])
"""STS operations that carry their own proof instead of a signature [D]. They are not here."""

_ANONYMOUS = Credential("", "", "sts")
Drop = Callable[[Literal["before", "after"], int], None]
"""Breaks the connection that reached the front from a local port."""


@dataclass(eq=False)
class Front:
    """The ASGI application behind the endpoint."""

    engine: Engine
    secrets: SecretsEngine
    ministack: Ministack
    door: Door
    directory: Directory
    sts: Sts
    journal: Journal
    faults: Faults
    pages: SandboxPages
    settings: Callable[[], ControlSettings]
    clock: Clock
    drop: Drop

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """The ASGI entry: HTTP and lifespan."""
        if scope["type"] == "lifespan":
            while (await receive())["type"] != "lifespan.shutdown":
                await send({"type": "lifespan.startup.complete"})
            await send({"type": "lifespan.shutdown.complete"})
        elif scope["type"] == "http":
            request = await read_request(scope, receive)
            if request.raw_path.startswith(PREFIX):
                await send_reply(send, await self.pages.answer(request))
            elif reply := await self._call(request):
                await send_reply(send, reply)
        else:
            await send({"type": "websocket.close", "code": 1008, "reason": None})

    async def _call(self, request: AwsRequest) -> Reply | None:
        """Answer one AWS call and write it down; ``None`` when its connection was broken."""
        arrived, credential = self.clock.now(), request.credential or _ANONYMOUS
        service, operation, params = self._named(request, credential)
        caller: Caller | None = None
        reply: Reply | None = None
        dropped = None
        try:
            if request.credential is None and operation in _UNSIGNED:
                raise not_implemented(f"sts:{operation}")
            caller = self.door.identify(request, self.settings())
            rule = self.faults.take(service, operation, params, caller.arn)
            await fault.before(rule)
            reply = await self._executed(request, credential, service, operation, caller)
            fault.after(rule)
        except AwsError as error:
            reply = error_reply(request, error)
        except DroppedError as error:
            dropped = error.when
        self.journal.add(
            {
                "time": arrived,
                "service": service,
                "operation": operation,
                "region": credential.region,
                "params": summary(params),
                "status": reply.status if reply else None,
                "code": reply.code if reply else None,
                "dropped": dropped,
                "caller": credential.access_key_id or None,
                "principal": caller.arn if caller else None,
                "user_agent": request.headers.get("user-agent"),
            }
        )
        if dropped is not None:
            self.drop(dropped, request.scope["client"][1])
            return None
        return reply

    def _named(self, request: AwsRequest, credential: Credential) -> tuple[str, str, dict[str, Any]]:
        """Return service, operation and unchecked members of a request."""
        if credential.service == "apigateway" and request.raw_path.startswith("/v2/"):
            found = self.engine.model.match(request.method, request.raw_path)
            if found is None:
                return "apigatewayv2", request.operation, {}
            operation, labels = found
            members = self.engine.model.named(operation, labels, request.query, request.document)
            return "apigatewayv2", operation, members
        return credential.service, request.operation, request.document | request.form

    async def _executed(
        self, request: AwsRequest, credential: Credential, service: str, operation: str, caller: Caller
    ) -> Reply:
        if service == "apigatewayv2":
            return await self._api_gateway(request, credential.region, operation, caller)
        if service == "secretsmanager":
            return await self._secrets_manager(request, credential.region, operation, caller)
        if service not in SERVICES or request.raw_path.startswith("/_"):  # pages of ministack's own
            raise not_implemented(f"the service {service}")
        await self.door.admit(request, operation, caller, self.settings())
        if service == "sts":
            return await self.sts.answer(request, operation, caller)
        if (service, operation) == ("iam", "SimulatePrincipalPolicy"):
            return await simulate(self.directory, request)
        if service == "iam":
            await refuse(self.ministack, operation, request.form)
        reply = await self.ministack.forward(request)
        if service == "iam":
            self.directory.watch(request, operation, reply)
        return reply

    async def _secrets_manager(self, request: AwsRequest, region: str, operation: str, caller: Caller) -> Reply:
        await self.door.admit(request, operation, caller, self.settings())
        body = await self.secrets.answer(region, operation, request.body)
        identity = (b"x-amzn-requestid", str(uuid4()).encode())
        return Reply(200, body, "application/x-amz-json-1.1", (identity,))

    async def _api_gateway(self, request: AwsRequest, region: str, operation: str, caller: Caller) -> Reply:
        found = self.engine.model.match(request.method, request.raw_path)
        if found is None:
            raise AwsError(404, "NotFoundException", f"No operation of API Gateway is at {operation}")
        store = self.engine.store.region(region)
        await self.door.admit_to_gateway(request, operation, caller, store, self.settings())
        self.engine.admit(region, operation)
        call = self.engine.model.parse(operation, found[1], request.query, request.body)
        result = await self.engine.run(region, call)
        status, body, content_type = self.engine.model.write(operation, result)
        return Reply(status, body, content_type, ((b"x-amzn-requestid", str(uuid4()).encode()),))
