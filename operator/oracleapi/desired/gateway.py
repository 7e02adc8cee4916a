"""The gateway half: routes, link routes, authorizer, stage of an HTTP API. Pure.

Each route has one integration per (group, timeout) whose ``overwrite:path`` puts the group's path in front of the
request's own; GET routes have a link route beside them, so that the absolute links which ORDS writes work for callers.
"""

import json
from collections.abc import Collection, Mapping
from types import MappingProxyType

from oracleapi.api.common import Throttle as SpecThrottle
from oracleapi.api.oracleapi import Route
from oracleapi.desired.gateway_key import caller_header
from oracleapi.desired.groups import Group, module_name, ords_pattern, route_group
from oracleapi.desired.probe import PROBE_GROUP, PROBE_THROTTLE, PROBE_TIMEOUT_MS, has_probe, probe_key
from oracleapi.desired.schema import HandlerKey
from oracleapi.model.gateway import (
    AWS_IAM,
    CALLER_HEADER,
    Authorizer,
    DesiredGateway,
    GatewayRoute,
    GatewayStage,
    Integration,
    LogGroup,
    ObservedGateway,
    Throttle,
)
from oracleapi.model.policy import partition_of
from oracleapi.model.resolved import ResolvedApi

AUTHORIZER = "jwt"
DEFAULT_TIMEOUT_MS = 29000
ROUTE_QUOTA = 300
"""Routes of one HTTP API (API Gateway quotas, L-65B5C802)."""

LOG_FORMAT = json.dumps(
    {
        "requestId": "$context.requestId",
        "time": "$context.requestTimeEpoch",
        "sourceIp": "$context.identity.sourceIp",
        "principal": "$context.authorizer.claims.sub",
        "caller": "$context.identity.userArn",
        "routeKey": "$context.routeKey",
        "status": "$context.status",
        "latency": "$context.responseLatency",
        "integrationStatus": "$context.integration.status",
        "integrationError": "$context.integration.error",
        "authorizerError": "$context.authorizer.error",
    },
    separators=(",", ":"),
)


def api_name(api: ResolvedApi) -> str:
    """Return the API's name in AWS, at most 128 characters; identity is the owner tag, never this."""
    return f"{api.owner.namespace}-{api.owner.name}"[:128]


def api_tags(api: ResolvedApi) -> dict[str, str]:
    """Return the tags of everything made for *api*."""
    return {**api.account_tags, **api.owner.tags()}


def log_group(api: ResolvedApi) -> LogGroup:
    """Return the log group; below ``/aws/vendedlogs/``, which needs no entry in a log resource policy."""
    installation = api.owner.installation[:36]
    name = f"/aws/vendedlogs/oracleapi/{installation}/{api.owner.namespace}/{api.owner.name}"
    return LogGroup(name, api.spec.stage.access_log.retention_days)


def serving_routes(api: ResolvedApi, without: Collection[str]) -> tuple[Route, ...]:
    """Return the routes of the spec but those named in *without* (refused with no last good handler, withdrawn)."""
    return tuple(route for route in api.spec.routes if route.name not in without)


def route_count(api: ResolvedApi) -> int:
    """Return how many gateway routes *api* needs, link routes and the probe route included."""
    links = sum(route.method == "GET" for route in api.spec.routes) if api.spec.links else 0
    return len(api.spec.routes) + links + has_probe(api.spec)


def route_key(api: ResolvedApi, route: Route) -> str:
    """Return the gateway's route key."""
    return f"{route.method} {api.spec.base_path}{route.path}"


def group_prefix(api: ResolvedApi, group: Group) -> str:
    """Return the path of a group at ORDS, such as ``/ords/hr_api/oa-hr-read-1a2b3c``."""
    return f"{api.ords_context}/{api.alias}/{group.slug}"


def build_gateway(
    api: ResolvedApi, host: str, without: Collection[str], held_links: Collection[GatewayRoute] = ()
) -> DesiredGateway:
    """Return the desired HTTP API.

    Args:
        api: The resolved API; its VPC link must be available.
        host: Public host with port, for the Host header.
        without: Names of routes that must not be reachable.
        held_links: Link routes of handlers that are on their way out and may still be followed.
    """
    routes: dict[str, GatewayRoute] = {}
    throttles: dict[str, Throttle] = {}
    for route in serving_routes(api, without):
        group = route_group(api.spec, route)
        timeout = route.timeout_milliseconds or DEFAULT_TIMEOUT_MS
        prefix = group_prefix(api, group)
        caller = {CALLER_HEADER: caller_header(api.gateway_key)} if group.auth == "IAM" and api.gateway_key else {}
        integration = _integration(api, f"{prefix}$request.path", host, timeout, caller)
        main = _route(route_key(api, route), group, integration)
        made = [main]
        if api.spec.links and route.method == "GET":
            key = f"GET {prefix}{api.spec.base_path}{route.path}"
            made.append(_route(key, group, _integration(api, "$request.path", host, timeout, caller)))
        for found in made:
            routes[found.key] = found
            if route.throttle is not None:
                throttles[found.key] = to_throttle(route.throttle)
    if has_probe(api.spec):
        probe = _probe_route(api, host)
        routes[probe.key], throttles[probe.key] = probe, PROBE_THROTTLE
    for held in held_links:
        routes.setdefault(held.key, held)
    needs_token = any(route.authorizer for route in routes.values())
    authorizers = (
        {AUTHORIZER: Authorizer(AUTHORIZER, api.issuer.issuer, api.issuer.audience)}
        if needs_token and api.issuer is not None
        else {}
    )
    return DesiredGateway(
        name=api_name(api),
        tags=api_tags(api),
        authorizers=authorizers,
        routes=routes,
        stage=build_stage(api, throttles),
        log_group=log_group(api),
    )


def build_stage(api: ResolvedApi, throttles: dict[str, Throttle]) -> GatewayStage:
    """Return the ``$default`` stage with its throttles and access log."""
    stage = api.spec.stage
    group = log_group(api)
    return GatewayStage(
        throttle=to_throttle(stage.throttle) if stage.throttle is not None else api.default_throttle,
        detailed_metrics=stage.detailed_metrics,
        log_group_arn=f"arn:{partition_of(api.region)}:logs:{api.region}:{api.account_id}:log-group:{group.name}",
        log_format=LOG_FORMAT,
        route_throttles=throttles,
    )


def to_throttle(throttle: SpecThrottle) -> Throttle:
    """Return the gateway's throttle of the user's."""
    return Throttle(float(throttle.requests_per_second), throttle.burst)


def _route(key: str, group: Group, integration: Integration) -> GatewayRoute:
    if group.auth == "IAM":
        return GatewayRoute(key, integration, authorization=AWS_IAM)
    if group.scope is None:
        return GatewayRoute(key, integration)
    return GatewayRoute(key, integration, AUTHORIZER, group.scope, "JWT")


def _probe_route(api: ResolvedApi, host: str) -> GatewayRoute:
    path = f"{group_prefix(api, PROBE_GROUP)}$request.path"
    integration = _integration(api, path, host, PROBE_TIMEOUT_MS)
    return _route(probe_key(api.spec), PROBE_GROUP, integration)


def _integration(
    api: ResolvedApi, path: str, host: str, timeout_ms: int, caller: Mapping[str, str] = MappingProxyType({})
) -> Integration:
    """Return an integration; *caller* is the header that says who calls, where the guard needs it."""
    if api.vpc_link_id is None:
        raise ValueError("the VPC link is not available yet")
    return Integration(
        vpc_link_id=api.vpc_link_id,
        listener_arn=api.listener_arn,
        path=path,
        headers=tuple(sorted({"Host": host, api.trace_header: "$context.requestId", **caller}.items())),
        timeout_ms=timeout_ms,
        server_name=api.server_name,
    )


def live_handlers(api: ResolvedApi, observed: ObservedGateway) -> frozenset[HandlerKey]:
    """Return the handlers that the gateway's routes lead to now, link routes apart.

    Read back from the integrations, since a restart forgets what was planned before it.
    """
    found = (live_handler(api, route) for route in observed.routes.values())
    return frozenset(handler for handler in found if handler is not None)


def live_handler(api: ResolvedApi, route: GatewayRoute) -> HandlerKey | None:
    """Return the handler that a route of the gateway leads to now, if it is one of ours and no link route."""
    base, start = api.spec.base_path, f"{api.ords_context}/{api.alias}/"
    path = route.integration.path if route.integration is not None else ""
    if not route.path.startswith(base) or not path.startswith(start) or not path.endswith("$request.path"):
        return None
    slug = path[len(start) : -len("$request.path")]
    return module_name(Group(slug, None), base), ords_pattern(route.path[len(base) :]), route.method


def link_routes(api: ResolvedApi, observed: ObservedGateway) -> dict[str, HandlerKey]:
    """Return the observed link routes by route key, with the handler that each leads to."""
    start = f"{api.ords_context}/{api.alias}/"
    found: dict[str, HandlerKey] = {}
    for route in observed.routes.values():
        slug, _, rest = route.path.removeprefix(start).partition("/")
        if route.path.startswith(start) and f"/{rest}".startswith(api.spec.base_path):
            pattern = ords_pattern(f"/{rest}"[len(api.spec.base_path) :])
            found[route.key] = (module_name(Group(slug, None), api.spec.base_path), pattern, route.method)
    return found


def held_links(api: ResolvedApi, observed: ObservedGateway, held: Collection[HandlerKey]) -> tuple[GatewayRoute, ...]:
    """Return the observed link routes of handlers that callers may still follow."""
    return tuple(observed.routes[key] for key, handler in link_routes(api, observed).items() if handler in held)
