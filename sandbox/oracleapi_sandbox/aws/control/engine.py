"""The API Gateway v2 engine: one call in, one answer out.

Implemented are the operations of HTTP APIs on APIs, JWT authorizers, integrations, routes, stages, deployments, VPC
links, tags, import and export. Every other operation of the service (custom domains and API mappings, models, route
and integration responses, portals, routing rules) and WebSocket APIs, quick create, Lambda authorizers and Lambda
integrations answer 501 ``NotImplemented``.
"""

import asyncio
import inspect
import random
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from oracleapi_sandbox.aws.control import (
    apis,
    authorizers,
    deployments,
    exporting,
    integrations,
    routes,
    stages,
    tagging,
    vpclinks,
)
from oracleapi_sandbox.aws.control.context import Account, Context, Handler, Issuers, LogGroups
from oracleapi_sandbox.aws.control.importing import Importer
from oracleapi_sandbox.aws.control.lag import remember
from oracleapi_sandbox.aws.control.model import Call, ServiceModel
from oracleapi_sandbox.aws.control.quotas import RequestQuotas
from oracleapi_sandbox.aws.control.store import ApiItem, Store
from oracleapi_sandbox.aws.errors import conflict, not_implemented
from oracleapi_sandbox.aws.settings import ControlSettings
from oracleapi_sandbox.common.clock import Clock

_MODULES = (apis, authorizers, deployments, exporting, integrations, routes, stages, tagging, vpclinks)

_READS = ("Get", "Export")
_CONFIGURATION = ("Authorizer", "Integration", "Route", "Cors", "ReimportApi", "UpdateApi")
_CONCURRENT = "Unable to complete operation due to concurrent modification. Please try again later."  # [D]


class Engine:
    """Runs calls against the store."""

    def __init__(
        self,
        account: Account,
        settings: Callable[[], ControlSettings],
        clock: Clock,
        issuers: Issuers,
        log_groups: LogGroups,
    ) -> None:
        self.store = Store()
        self.model = ServiceModel("apigatewayv2")
        self.account = account
        self._settings = settings
        self._clock = clock
        self._issuers = issuers
        self._log_groups = log_groups
        self._quotas = RequestQuotas(clock)
        self._handlers: dict[str, Handler] = dict(Importer(self.model).operations())
        for module in _MODULES:
            self._handlers.update(module.OPERATIONS)

    def context(self, region: str) -> Context:
        """Return the surroundings of a call in *region*."""
        settings, clock = self._settings(), self._clock
        store = self.store.region(region)
        return Context(region, store, self.account, settings, clock, self._issuers, self._log_groups)

    async def run(self, region: str, call: Call) -> dict[str, Any]:
        """Run *call* and return the members of its output.

        Raises:
            AwsError: What AWS answers, or NotImplemented for what is not here.
        """
        handler = self._handlers.get(call.operation)
        if handler is None:
            raise not_implemented(f"apigatewayv2:{call.operation}")
        ctx = self.context(region)
        remember(ctx.store, ctx.settings, ctx.now())
        try:
            return await self._run(ctx, handler, call)
        finally:
            remember(ctx.store, ctx.settings, ctx.now())

    async def _run(self, ctx: Context, handler: Handler, call: Call) -> dict[str, Any]:
        async with self._change(ctx, call):
            result = handler(ctx, call.members)
            found = await result if inspect.isawaitable(result) else result
            if _changes_configuration(call.operation) and (api := _api_of(ctx, call.members)):
                deployments.auto_deploy(ctx, api)
            return dict(found)

    def admit(self, region: str, operation: str) -> None:
        """Count a call against the request quotas; they stand behind the signature and the permission [U]."""
        self._quotas.admit(region, operation, self._settings())

    @asynccontextmanager
    async def _change(self, ctx: Context, call: Call) -> AsyncIterator[None]:
        """Guard a change of one API against others at the same time, as the settings say."""
        api = _api_of(ctx, call.members)
        if api is None or call.operation.startswith(_READS):
            yield
            return
        mode = ctx.settings.concurrent_modification
        if (mode == "overlap" and api.changing) or (isinstance(mode, float) and random.random() < mode):  # noqa: S311
            raise conflict(_CONCURRENT)
        if ctx.now() - api.changed < ctx.settings.concurrent_window_ms / 1000:
            raise conflict(_CONCURRENT)
        api.changing += 1
        try:
            if ctx.settings.mutation_ms:
                await asyncio.sleep(ctx.settings.mutation_ms / 1000)
            yield
        finally:
            api.changing -= 1
            api.changed = ctx.now()

    def reset(self) -> None:
        """Forget everything."""
        self.store.clear()
        self._quotas.clear()


def _api_of(ctx: Context, members: Mapping[str, Any]) -> ApiItem | None:
    return ctx.store.apis.get(members.get("ApiId", ""))


def _changes_configuration(operation: str) -> bool:
    """Whether *operation* changes what deployments freeze; stages, their settings and tags stay outside."""
    if operation.startswith(_READS) or operation == "DeleteRouteSettings":
        return False
    return any(word in operation for word in _CONFIGURATION)
