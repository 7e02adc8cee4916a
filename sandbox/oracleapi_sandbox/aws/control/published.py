"""Deployed stages as the data plane sees them, made from the deployments that stages serve."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from oracleapi_sandbox.aws.control.context import Context
from oracleapi_sandbox.aws.control.engine import Engine
from oracleapi_sandbox.aws.control.store import ApiItem, DeploymentItem, Snapshot, StageItem
from oracleapi_sandbox.aws.control.vpclinks import link_status
from oracleapi_sandbox.aws.deployed import AccessLog, Integration, JwtAuthorizer, Route, Stage, Throttle
from oracleapi_sandbox.aws.settings import ControlSettings


@dataclass(frozen=True, eq=False)
class _Source:
    """What a stage was built from; compared by identity, as members are replaced and never changed."""

    members: dict[str, Any]
    serving: DeploymentItem
    settings: ControlSettings

    def same(self, other: "_Source") -> bool:
        pairs = ((self.members, other.members), (self.serving, other.serving), (self.settings, other.settings))
        return all(one is another for one, another in pairs)


class PublishedStages:
    """Implements the seam to the data plane over the stores of all Regions."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._stages: WeakKeyDictionary[StageItem, tuple[_Source, Stage]] = WeakKeyDictionary()

    def find(self, api_id: str) -> tuple[Stage, ...]:
        """Return the stages of *api_id* that serve a deployment by now."""
        for region, store in self._engine.store.regions.items():
            if api := store.apis.get(api_id):
                ctx = self._engine.context(region)
                found = (self._stage(ctx, api, stage) for stage in api.stages.values())
                return tuple(stage for stage in found if stage is not None)
        return ()

    def vpc_link_status(self, vpc_link_id: str) -> str | None:
        """Return the status of a link of any Region."""
        for region, store in self._engine.store.regions.items():
            if vpc_link_id in store.vpc_links:
                return link_status(self._engine.context(region), vpc_link_id)
        return None

    def _stage(self, ctx: Context, api: ApiItem, item: StageItem) -> Stage | None:
        item.settle(ctx.now())
        if item.serving is None:
            return None
        source = _Source(item.members, item.serving, ctx.settings)
        cached = self._stages.get(item)
        if cached is None or not cached[0].same(source):
            cached = (source, _built(ctx, api, item.members, item.serving))
            self._stages[item] = cached
        return cached[1]


def _built(ctx: Context, api: ApiItem, members: Mapping[str, Any], serving: DeploymentItem) -> Stage:
    snapshot = serving.snapshot
    log = members.get("AccessLogSettings", {})
    settings = members["RouteSettings"].items()
    return Stage(
        account_id=ctx.account.account_id,
        region=ctx.region,
        api_id=api.members["ApiId"],
        stage_name=members["StageName"],
        deployment_id=serving.members["DeploymentId"],
        routes=tuple(_route(snapshot, route) for route in snapshot.routes.values()),
        default_throttle=_throttle(members["DefaultRouteSettings"], ctx.settings),
        route_throttles={key: _throttle(entry, ctx.settings) for key, entry in settings},
        access_log=AccessLog(log["DestinationArn"], log["Format"]) if log else None,
        stage_variables=dict(members["StageVariables"]),
        disable_execute_api_endpoint=snapshot.api.get("DisableExecuteApiEndpoint", False),
    )


def _throttle(settings: Mapping[str, Any], switches: ControlSettings) -> Throttle:
    rate, burst = settings.get("ThrottlingRateLimit"), settings.get("ThrottlingBurstLimit")
    if rate is None and burst is None and any(settings.values()) and switches.omitted_throttle_is_zero:
        return Throttle(0.0, 0)
    return Throttle(rate, burst)


def _route(snapshot: Snapshot, members: Mapping[str, Any]) -> Route:
    target = members.get("Target", "").removeprefix("integrations/")
    authorizer = members.get("AuthorizerId")
    return Route(
        route_id=members["RouteId"],
        route_key=members["RouteKey"],
        integration=_integration(snapshot.integrations[target]) if target else None,
        authorization_type=members["AuthorizationType"],
        authorizer=_authorizer(snapshot.authorizers[authorizer]) if authorizer else None,
        scopes=tuple(members.get("AuthorizationScopes", ())),
    )


def _integration(members: Mapping[str, Any]) -> Integration:
    return Integration(
        integration_id=members["IntegrationId"],
        uri=members["IntegrationUri"],
        method=members.get("IntegrationMethod"),
        connection_type=members["ConnectionType"],
        connection_id=members.get("ConnectionId"),
        request_parameters=dict(members.get("RequestParameters", {})),
        timeout_ms=members["TimeoutInMillis"],
        server_name_to_verify=members.get("TlsConfig", {}).get("ServerNameToVerify"),
        tls="TlsConfig" in members,
    )


def _authorizer(members: Mapping[str, Any]) -> JwtAuthorizer:
    return JwtAuthorizer(
        authorizer_id=members["AuthorizerId"],
        name=members["Name"],
        issuer=members["JwtConfiguration"]["Issuer"],
        audience=tuple(members["JwtConfiguration"]["Audience"]),
        identity_source=members["IdentitySource"][0],
    )
