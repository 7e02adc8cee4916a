"""Plan an HTTP API. Pure.

An API without a stage is built by one import; nobody can reach it. A live API changes by single calls: what creates
comes first, what takes away last, a route's authorizer, scope and target move in one UpdateRoute. Callers meet all
changes of a plan at once: where it takes more than one call, deployments are held meanwhile
(docs/adr/0008-atomic-publication.md).
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from oracleapi.model.drift import ABSENT, PRESENT, Drift, field_drift, value_drift
from oracleapi.model.gateway import (
    CreateAuthorizer,
    CreateRoute,
    CreateStage,
    DeleteApi,
    DeleteAuthorizer,
    DeleteRoute,
    DeleteRouteThrottle,
    Deploy,
    DesiredGateway,
    EnsureLogGroup,
    GatewayAction,
    GatewayRoute,
    GatewayStage,
    HoldDeployments,
    ImportApi,
    Integration,
    ObservedGateway,
    PruneIntegrations,
    TagApi,
    Throttle,
    UpdateApi,
    UpdateAuthorizer,
    UpdateIntegration,
    UpdateRoute,
    UpdateStage,
)
from oracleapi.plan.plan import Plan

MET_BY_CALLERS = (UpdateAuthorizer, UpdateIntegration, CreateRoute, UpdateRoute, DeleteRoute)
"""Changes that callers notice once they are deployed; what no route uses is not among them."""


def plan_removal(observed: ObservedGateway | None) -> Plan[GatewayAction]:
    """Return the plan that takes an API away: one call, its children go with it. The log group stays."""
    return Plan() if observed is None else Plan((DeleteApi(observed.identity.api_id),))


def plan_gateway(desired: DesiredGateway, observed: ObservedGateway) -> Plan[GatewayAction]:
    """Return the actions, in order, that turn *observed* into *desired*, and every difference as drift.

    Args:
        desired: The API as it should be.
        observed: The API as it is. Integration ids are known after a detailed read only; without them a changed
            integration is replaced route by route instead of being changed in place.
    """
    api_id = observed.identity.api_id
    if observed.stage is None:
        ending = [*_log_group(desired, observed), CreateStage(api_id, desired.stage, desired.tags)]
        if not observed.routes:
            return Plan((ImportApi(api_id, desired), *ending))
        made = [*_authorizers(desired, observed), *_routes(desired, observed)]
        return Plan((*_identity(desired, observed), *made, *ending, *_removals(desired, observed)))
    changes = [*_authorizers(desired, observed), *_routes(desired, observed)]
    first, together = _split(changes, observed)
    first = [*_identity(desired, observed), *_log_group(desired, observed), *first]
    removals = _removals(desired, observed)
    drift = gateway_drift(desired, observed)
    if not _needs_publication([*together, *removals], observed.stage):
        return Plan((*first, *together, *_stage(desired, observed.stage, api_id), *removals), drift)
    gone = [action for action in removals if isinstance(action, DeleteRoute | DeleteRouteThrottle)]
    unused = [action for action in removals if isinstance(action, PruneIntegrations | DeleteAuthorizer)]
    if not observed.stage.auto_deploy and not any(isinstance(action, PruneIntegrations) for action in unused):
        unused = [PruneIntegrations(api_id), *unused]
    hold = [HoldDeployments(api_id)] if observed.stage.auto_deploy else []
    resume = UpdateStage(api_id, desired.stage, _new_throttles(desired, observed.stage))
    return Plan((*first, *hold, *together, *gone, Deploy(api_id), *unused, resume), drift)


def _split(
    changes: Sequence[GatewayAction], observed: ObservedGateway
) -> tuple[list[GatewayAction], list[GatewayAction]]:
    """Return what need not wait for the others, and what callers must meet together.

    A protection that somebody took away is put back at once, and alone where changes are deployed one by one.
    """
    live = observed.stage is not None and observed.stage.auto_deploy
    first: list[GatewayAction] = [
        action
        for action in changes
        if isinstance(action, CreateAuthorizer)
        or (live and isinstance(action, UpdateRoute) and _only_protects(action.route, observed))
    ]
    return first, [action for action in changes if action not in first]


def plan_urgent(
    actions: Sequence[GatewayAction], observed: ObservedGateway, away: Collection[str]
) -> list[GatewayAction]:
    """Return those of a live API's *actions* that wait for no others: what closes, and what callers do not meet.

    Args:
        actions: A plan of :func:`plan_gateway`.
        observed: What it was made from.
        away: Keys of the routes that callers must not reach.
    """
    found: list[GatewayAction] = []
    stage = observed.stage
    for action in actions:
        match action:
            case UpdateApi() | TagApi() | EnsureLogGroup() | CreateAuthorizer() | UpdateAuthorizer():
                found.append(action)
            case DeleteRoute() | DeleteRouteThrottle() if action.key in away:
                found.append(action)
            case UpdateRoute() if _only_protects(action.route, observed):
                found.append(action)
            case UpdateStage() if stage is not None:
                throttles = {key: value for key, value in action.throttles.items() if key in observed.routes}
                settings = replace(action.stage, auto_deploy=stage.auto_deploy)
                if throttles or _settings(settings) != _settings(stage):
                    found.append(UpdateStage(action.api_id, settings, throttles))
    closes = any(isinstance(action, DeleteRoute | UpdateRoute | UpdateAuthorizer) for action in found)
    if closes and stage is not None and not stage.auto_deploy:
        found.append(Deploy(observed.identity.api_id))
    return found


def _only_protects(route: GatewayRoute, observed: ObservedGateway) -> bool:
    """Say whether an update of a route leads its callers nowhere else."""
    present = observed.routes[route.key]
    return route.integration == present.integration and not _same_protection(route, present)


def _needs_publication(actions: Sequence[GatewayAction], stage: GatewayStage) -> bool:
    """Say whether deployments must be held: callers would meet one change without the other, or one is open already.

    Integrations that lose their routes are deleted inside a publication, too: what is left over by a crash is then
    known by deployments still being held.
    """
    met = [found for found in actions if isinstance(found, MET_BY_CALLERS)]
    prunes = any(isinstance(found, PruneIntegrations) for found in actions)
    return len(met) > 1 or prunes or not stage.auto_deploy


def has_integration_drift(desired: DesiredGateway, observed: ObservedGateway) -> bool:
    """Say whether integrations differ in place while their ids are unknown: a detailed read makes a shorter plan."""
    return any(
        route.integration_id is None and key in desired.routes and _in_place_change(route, desired.routes[key])
        for key, route in observed.routes.items()
    )


def _in_place_change(observed: GatewayRoute, desired: GatewayRoute) -> bool:
    """Say whether the integration changes and the route does not move to another path of ORDS."""
    now, new = observed.integration, desired.integration
    return now is not None and new is not None and now != new and now.path in ("", new.path)


def content_matches(desired: DesiredGateway, observed: ObservedGateway) -> bool:
    """Say whether everything that security rests on is as desired: the condition for giving an API its stage."""
    return desired.routes == observed.routes and desired.authorizers == observed.authorizers


def content_serves(desired: DesiredGateway, observed: ObservedGateway) -> bool:
    """Say whether everything that callers would meet is as desired; what no route uses may still be there."""
    return desired.routes == observed.routes and all(
        observed.authorizers.get(name) == found for name, found in desired.authorizers.items()
    )


def _identity(desired: DesiredGateway, observed: ObservedGateway) -> list[GatewayAction]:
    found: list[GatewayAction] = []
    identity = observed.identity
    if identity.name != desired.name:
        found.append(UpdateApi(identity.api_id, desired.name))
    missing = {key: value for key, value in desired.tags.items() if identity.tags.get(key) != value}
    if missing:
        found.append(TagApi(identity.api_id, missing))
    return found


def _authorizers(desired: DesiredGateway, observed: ObservedGateway) -> list[GatewayAction]:
    found: list[GatewayAction] = []
    for name, authorizer in sorted(desired.authorizers.items()):
        present = observed.authorizers.get(name)
        if present is None:
            found.append(CreateAuthorizer(observed.identity.api_id, authorizer))
        elif present != authorizer:
            found.append(UpdateAuthorizer(observed.identity.api_id, authorizer))
    return found


def _routes(desired: DesiredGateway, observed: ObservedGateway) -> list[GatewayAction]:
    api_id = observed.identity.api_id
    in_place = _in_place(desired, observed)
    mended = {update.integration_id for update in in_place}
    found: list[GatewayAction] = list(in_place)
    for key, route in sorted(desired.routes.items()):
        present = observed.routes.get(key)
        if present is None:
            found.append(CreateRoute(api_id, route))
        elif present != route and not (present.integration_id in mended and _same_protection(present, route)):
            found.append(UpdateRoute(api_id, route))
    return found


def _in_place(desired: DesiredGateway, observed: ObservedGateway) -> list[UpdateIntegration]:
    """Return the integrations to change in place: every route of theirs wants the same new content, and none moves.

    A change of path from one group to another is a move: it travels with the scope in one UpdateRoute. So does a path
    for a route whose protection is not what that path needs.
    """
    users: dict[str, list[GatewayRoute]] = defaultdict(list)
    for route in observed.routes.values():
        if route.integration_id is not None:
            users[route.integration_id].append(route)
    contents = {route.integration for route in observed.routes.values()}
    found = []
    for integration_id, routes in sorted(users.items()):
        now = routes[0].integration
        wanted = {desired.routes[route.key].integration if route.key in desired.routes else None for route in routes}
        (new,) = wanted if len(wanted) == 1 else (None,)
        if now is None or new is None or new in contents or now.path not in ("", new.path):
            continue
        if now.path != new.path and not all(_same_protection(route, desired.routes[route.key]) for route in routes):
            continue
        found.append(UpdateIntegration(observed.identity.api_id, integration_id, now, new))
    return found


def _same_protection(one: GatewayRoute, other: GatewayRoute) -> bool:
    return (one.authorization, one.authorizer, one.scope) == (other.authorization, other.authorizer, other.scope)


def _log_group(desired: DesiredGateway, observed: ObservedGateway) -> list[GatewayAction]:
    if observed.log_group == desired.log_group:
        return []
    exists = observed.log_group is not None
    return [EnsureLogGroup(desired.log_group, desired.tags, exists, "update" if exists else "create")]


def _stage(desired: DesiredGateway, present: GatewayStage, api_id: str) -> list[GatewayAction]:
    throttles = _new_throttles(desired, present)
    if throttles or _settings(desired.stage) != _settings(present):
        return [UpdateStage(api_id, desired.stage, throttles)]
    return []


def _new_throttles(desired: DesiredGateway, present: GatewayStage) -> dict[str, Throttle]:
    wanted = desired.stage.route_throttles
    return {key: throttle for key, throttle in wanted.items() if present.route_throttles.get(key) != throttle}


def _settings(stage: GatewayStage) -> tuple[object, ...]:
    return (stage.throttle, stage.detailed_metrics, stage.log_group_arn, stage.log_format, stage.auto_deploy)


def _removals(desired: DesiredGateway, observed: ObservedGateway) -> list[GatewayAction]:
    """Return what goes, last: a route's throttle before the route, integrations and authorizers after it."""
    api_id = observed.identity.api_id
    found: list[GatewayAction] = []
    throttled = observed.stage.route_throttles if observed.stage is not None else {}
    found += [DeleteRouteThrottle(api_id, key) for key in sorted(throttled) if key not in desired.stage.route_throttles]
    gone = sorted(key for key in observed.routes if key not in desired.routes)
    found += [DeleteRoute(api_id, key) for key in gone]
    if _loses_integration(desired, observed):
        found.append(PruneIntegrations(api_id))
    needed = {*desired.authorizers, *(route.authorizer for route in desired.routes.values())}
    unused = sorted(name for name in observed.authorizers if name not in needed)
    found += [DeleteAuthorizer(api_id, name) for name in unused]
    return found


def _loses_integration(desired: DesiredGateway, observed: ObservedGateway) -> bool:
    """Say whether an integration that is in use now, and is not changed in place, will have no route afterwards."""
    mended = {update.integration_id for update in _in_place(desired, observed)}
    before: set[Integration | None] = {
        route.integration
        for route in observed.routes.values()
        if route.integration_id is None or route.integration_id not in mended
    }
    after: set[Integration | None] = {route.integration for route in desired.routes.values()}
    return bool(before - after - {None})


def gateway_drift(desired: DesiredGateway, observed: ObservedGateway) -> tuple[Drift, ...]:
    """Return every difference field by field; nothing before the stage stands, for that is building, not drift."""
    if observed.stage is None:
        return ()
    found: list[Drift] = []
    if observed.identity.name != desired.name:
        found.append(Drift("API", "name", desired.name, observed.identity.name))
    for key, value in sorted(desired.tags.items()):
        if observed.identity.tags.get(key) != value:
            found.append(Drift("API", f"tag {key}", value, observed.identity.tags.get(key, ABSENT)))
    found += _map_drift("authorizer ", desired.authorizers, observed.authorizers)
    found += _map_drift("route ", desired.routes, observed.routes)
    found += _stage_drift(desired.stage, observed.stage)
    if observed.log_group != desired.log_group:
        found += _map_drift("log group ", {desired.log_group.name: desired.log_group}, _named(observed))
    return tuple(found)


def _stage_drift(wanted: GatewayStage, present: GatewayStage) -> list[Drift]:
    """Return the differences of the stage; a route's throttle is told as the route's."""
    found = [*field_drift("stage $default", replace(wanted, route_throttles={}), replace(present, route_throttles={}))]
    for key in sorted({*wanted.route_throttles, *present.route_throttles}):
        throttles = wanted.route_throttles.get(key), present.route_throttles.get(key)
        found += value_drift(f"route {key}", "throttle", *throttles)
    return found


def _named(observed: ObservedGateway) -> dict[str, object]:
    return {} if observed.log_group is None else {observed.log_group.name: observed.log_group}


def _map_drift(prefix: str, desired: Mapping[str, object], observed: Mapping[str, object]) -> list[Drift]:
    found: list[Drift] = []
    for name in sorted({*desired, *observed}):
        if name not in observed:
            found.append(Drift(f"{prefix}{name}", "existence", PRESENT, ABSENT))
        elif name not in desired:
            found.append(Drift(f"{prefix}{name}", "existence", ABSENT, PRESENT))
        elif desired[name] != observed[name]:
            found += [
                drift
                for drift in field_drift(f"{prefix}{name}", desired[name], observed[name])
                if drift.field != "integration_id"
            ]
    return found
