"""What of a plan waits for no other change, what must be published together, and in which order equals come."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from oracleapi.desired.gateway import build_gateway
from oracleapi.model import gateway as g
from oracleapi.plan.gateway import content_serves, gateway_drift, has_integration_drift, plan_gateway, plan_urgent
from support import make

HOST = "abc.execute-api.eu-west-1.amazonaws.com"
ROUTES = [make.route(name, path=f"/{name}") for name in ("e", "d", "c", "b", "a")]
WANTED = build_gateway(make.resolved(*ROUTES, links=False, probe=False), HOST, ())
KEYS = sorted(WANTED.routes)
KEY, OTHER = KEYS[:2]
ROUTE = WANTED.routes[KEY]
assert ROUTE.integration is not None
STAGE = WANTED.stage
Changed = Callable[[dict[str, g.GatewayRoute]], dict[str, g.GatewayRoute]]


def observed(change: Changed = lambda routes: routes, **fields: Any) -> g.ObservedGateway:
    """Return an API that is as WANTED, but for *change* of its routes and for *fields*."""
    authorizers = fields.pop("authorizers", WANTED.authorizers)
    routes = change({key: replace(route, integration_id="i0") for key, route in WANTED.routes.items()})
    identity = g.ApiIdentity("abc", WANTED.name, f"https://{HOST}", WANTED.tags)
    found = g.ObservedGateway(identity, g.GatewayContent(authorizers, routes), STAGE, WANTED.log_group)
    return replace(found, **fields)


def one(**fields: Any) -> Changed:
    return lambda routes: routes | {KEY: replace(routes[KEY], **fields)}


HELD = replace(STAGE, auto_deploy=False)
PROTECT, MOVE = g.UpdateRoute("abc", ROUTE), g.UpdateRoute("abc", replace(ROUTE, integration=None))
OPENED = observed(one(scope=None, authorizer=None, authorization="NONE"))
THROTTLE = {KEY: g.Throttle(1.0, 1)}
DEPLOY = g.Deploy("abc")
AUTHORIZER = WANTED.authorizers["jwt"]
OWN_WAY: list[g.GatewayAction] = [
    g.UpdateApi("abc", "x"), g.TagApi("abc", {"a": "b"}), g.EnsureLogGroup(WANTED.log_group, {}, True, "update"),
    g.CreateAuthorizer("abc", AUTHORIZER),
]  # fmt: skip


@pytest.mark.parametrize("action", OWN_WAY, ids=lambda action: type(action).__name__)
@pytest.mark.parametrize("stage", [STAGE, HELD, None])
def test_what_callers_do_not_meet_waits_for_nothing_and_needs_no_deployment(
    action: g.GatewayAction, stage: g.GatewayStage | None
) -> None:
    assert plan_urgent([action], observed(stage=stage), ()) == [action]


@pytest.mark.parametrize(
    "action",
    [g.CreateRoute("abc", ROUTE), g.UpdateIntegration("abc", "i0", ROUTE.integration, ROUTE.integration),
     g.PruneIntegrations("abc"), g.HoldDeployments("abc"), g.DeleteAuthorizer("abc", "x"), DEPLOY],
    ids=lambda action: type(action).__name__,
)  # fmt: skip
def test_what_leads_callers_elsewhere_waits(action: g.GatewayAction) -> None:
    assert plan_urgent([action], observed(), KEYS) == []


@pytest.mark.parametrize(
    ("action", "seen", "away", "found"),
    [
        (g.DeleteRoute("abc", KEY), observed(), [KEY], True),
        (g.DeleteRoute("abc", KEY), observed(), [OTHER], False),
        (PROTECT, OPENED, (), True),
        (PROTECT, observed(one(integration=None, scope="x")), (), False),
        (PROTECT, observed(), (), False),
        (MOVE, OPENED, (), False),
        (g.UpdateAuthorizer("abc", AUTHORIZER), observed(), (), True),
    ],
)
def test_what_closes_is_done_and_deployed_at_once(
    action: g.GatewayAction, seen: g.ObservedGateway, away: list[str], found: bool
) -> None:
    assert plan_urgent([action], seen, away) == ([action] if found else [])
    held = replace(seen, stage=HELD)
    assert plan_urgent([*OWN_WAY, action], held, away) == [*OWN_WAY, *([action, DEPLOY] if found else [])]
    unborn = replace(seen, stage=None)
    assert plan_urgent([action], unborn, away) == ([action] if found else [])


def test_the_throttle_of_a_route_that_goes_goes_with_it() -> None:
    action = g.DeleteRouteThrottle("abc", KEY)
    assert plan_urgent([action], observed(stage=HELD), [KEY]) == [action]
    assert plan_urgent([action], observed(), [OTHER]) == []


@pytest.mark.parametrize(
    ("wanted", "throttles", "sent"),
    [
        (STAGE, THROTTLE, THROTTLE),
        (STAGE, {"GET /new": g.Throttle(1.0, 1)}, None),
        (replace(STAGE, detailed_metrics=not STAGE.detailed_metrics), {"GET /new": g.Throttle(1.0, 1)}, {}),
        (replace(STAGE, log_group_arn="x"), THROTTLE, THROTTLE),
        (STAGE, {}, None),
    ],
)
@pytest.mark.parametrize("auto_deploy", [True, False])
def test_settings_of_the_stage_are_sent_without_what_belongs_to_routes_to_come(
    wanted: g.GatewayStage, throttles: dict[str, g.Throttle], sent: dict[str, g.Throttle] | None, auto_deploy: bool
) -> None:
    seen = observed(stage=replace(STAGE, auto_deploy=auto_deploy))
    expected = [g.UpdateStage("abc", replace(wanted, auto_deploy=auto_deploy), sent)] if sent is not None else []
    assert plan_urgent([g.UpdateStage("abc", wanted, throttles)], seen, ()) == expected
    assert plan_urgent([g.UpdateStage("abc", wanted, throttles)], replace(seen, stage=None), ()) == []


# What is published together


def described(seen: g.ObservedGateway, of: g.DesiredGateway = WANTED) -> list[str]:
    return [action.describe() for action in plan_gateway(of, seen).actions]


BEGIN, END = "update stage $default to hold deployments", "update deployment of stage $default"


@pytest.mark.parametrize(
    "seen",
    [
        observed(lambda routes: {k: r for k, r in routes.items() if k not in (KEY, OTHER)}),
        observed(lambda routes: routes | {f"GET /{n}": g.GatewayRoute(f"GET /{n}", ROUTE.integration) for n in "xy"}),
        observed(lambda routes: one(integration=replace(ROUTE.integration, path="/x"))(routes) | {
            OTHER: replace(routes[OTHER], integration=replace(ROUTE.integration, path="/x"))}),
        observed(lambda routes: {k: r for k, r in routes.items() if k != KEY},
                 authorizers={"jwt": replace(AUTHORIZER, audience="x")}),
    ],
    ids=["two new routes", "two that go", "two that move", "an authorizer and a new route"],
)  # fmt: skip
def test_two_changes_that_callers_meet_are_deployed_together(seen: g.ObservedGateway) -> None:
    order = described(seen)
    assert BEGIN in order
    assert order.index(BEGIN) < order.index(END)


def test_one_change_that_callers_meet_is_made_alone_whatever_else_changes() -> None:
    stage = replace(STAGE, throttle=g.Throttle(1.0, 1), route_throttles={"GET /x": g.Throttle(1.0, 1)})
    authorizers = {**WANTED.authorizers, "old": AUTHORIZER}
    seen = observed(one(scope="x"), stage=stage, log_group=None, authorizers=authorizers)
    assert BEGIN not in described(seen)


def test_while_deployments_are_held_no_protection_is_put_back_alone() -> None:
    """Nobody would meet it before the deployment that everything else waits for, too."""
    seen = observed(lambda routes: {k: r for k, r in one(scope="x")(routes).items() if k != OTHER}, stage=HELD)
    order = described(seen)
    assert order[:2] == [f"update route {KEY}", f"create route {OTHER}"]
    assert order[2] == END
    moved = replace(seen, content=g.GatewayContent({}, seen.routes))
    assert described(moved)[0] == "create authorizer jwt"
    both = observed(one(scope="x"), stage=HELD, authorizers={"jwt": replace(AUTHORIZER, audience="x")})
    assert described(both)[:2] == ["update authorizer jwt", f"update route {KEY}"]


def test_an_integration_that_loses_its_only_route_is_deleted_inside_a_publication() -> None:
    alone = {"GET /x": g.GatewayRoute("GET /x", replace(ROUTE.integration, path="/x"))}
    order = described(observed(lambda routes: routes | alone))
    assert [order[0], order[-1]] == [BEGIN, "update stage $default"]
    assert order[1:-1] == ["delete route GET /x", END, "delete integrations without a route"]


def test_integrations_are_pruned_once_where_a_publication_is_finished() -> None:
    gone = {f"GET /{n}": g.GatewayRoute(f"GET /{n}", replace(ROUTE.integration, path=f"/{n}")) for n in "xy"}
    seen = observed(lambda routes: routes | gone, stage=HELD)
    assert described(seen).count("delete integrations without a route") == 1


@pytest.mark.parametrize(
    ("seen", "serves"),
    [
        (observed(), True),
        (observed(authorizers={**WANTED.authorizers, "old": AUTHORIZER}), True),
        (observed(authorizers={}), False),
        (observed(authorizers={"jwt": replace(AUTHORIZER, audience="x")}), False),
        (observed(one(scope="x")), False),
        (observed(one(scope="x"), authorizers={}), False),
    ],
)
def test_what_no_route_uses_may_still_be_there_when_an_api_serves(seen: g.ObservedGateway, serves: bool) -> None:
    assert content_serves(WANTED, seen) is serves


# Integrations in place


def slower(routes: dict[str, g.GatewayRoute]) -> dict[str, g.GatewayRoute]:
    return {
        key: replace(route, integration_id=None, integration=replace(ROUTE.integration, timeout_ms=50))
        for key, route in routes.items()
    }


@pytest.mark.parametrize(
    ("seen", "drift"),
    [
        (observed(slower), True),
        (observed(lambda routes: routes | {KEY: slower(routes)[KEY]}), True),
        (observed(lambda routes: {"GET /x": replace(slower(routes)[KEY], key="GET /x")}), False),
        (observed(one(integration_id=None)), False),
        (observed(one(integration_id=None, integration=None)), False),
        (observed(one(integration_id=None, integration=replace(ROUTE.integration, path="/elsewhere"))), False),
        (observed(one(integration_id=None, integration=replace(ROUTE.integration, path=""))), True),
        (observed(), False),
    ],
)
def test_ids_are_read_only_where_an_integration_would_change_in_place(seen: g.ObservedGateway, drift: bool) -> None:
    assert has_integration_drift(WANTED, seen) is drift


def test_a_route_without_a_target_is_wanted_without_one() -> None:
    """Nothing is changed in place for it."""
    bare = replace(WANTED, routes={**WANTED.routes, KEY: replace(ROUTE, integration=None)})
    assert not has_integration_drift(bare, observed(one(integration_id=None)))
    assert described(observed(), bare) == [f"update route {KEY}"]
    lost = {key: replace(route, integration=None, integration_id="gone") for key, route in WANTED.routes.items()}
    assert not any(action.startswith("update integration") for action in described(observed(lambda _: lost)))


def test_an_integration_of_another_group_s_path_is_not_changed_in_place() -> None:
    elsewhere = replace(ROUTE.integration, path="/ords/hr_api/oa-other$request.path")
    seen = observed(lambda routes: {key: replace(route, integration=elsewhere) for key, route in routes.items()})
    assert not any(action.startswith("update integration") for action in described(seen))


def test_a_path_is_set_in_place_only_where_every_route_of_it_is_protected() -> None:
    def bare(routes: dict[str, g.GatewayRoute]) -> dict[str, g.GatewayRoute]:
        return {key: replace(route, integration=replace(ROUTE.integration, path="")) for key, route in routes.items()}

    assert any(action.startswith("update integration i0") for action in described(observed(bare)))
    opened = observed(lambda routes: one(scope="x")(bare(routes)))
    assert not any(action.startswith("update integration") for action in described(opened))
    timeout = observed(lambda routes: one(scope="x")({
        key: replace(route, integration=replace(ROUTE.integration, timeout_ms=50)) for key, route in routes.items()
    }))  # fmt: skip
    assert any(action.startswith("update integration i0") for action in described(timeout))


# Order among equals, so that two plans of one difference are one plan


def test_what_is_of_one_kind_comes_sorted() -> None:
    names = ("e", "d", "c", "b", "a")
    wanted = replace(WANTED, authorizers={name: replace(AUTHORIZER, name=name) for name in names})
    old = {name * 2: replace(AUTHORIZER, name=name * 2) for name in names}
    away = {f"GET /{name}": g.GatewayRoute(f"GET /{name}", ROUTE.integration) for name in "zyxwv"}
    stage = replace(STAGE, route_throttles={key: g.Throttle(1.0, 1) for key in away})
    plan = plan_gateway(wanted, observed(lambda _: away, authorizers=old, stage=stage))
    found: dict[type, list[str]] = {}
    for action in plan.actions:
        found.setdefault(type(action), []).append(action.describe())
    for kind in (g.CreateAuthorizer, g.CreateRoute, g.DeleteRouteThrottle, g.DeleteRoute, g.DeleteAuthorizer):
        assert len(found[kind]) == 5
        assert found[kind] == sorted(found[kind]), kind
    for begins in ("authorizer ", "route "):
        told = [drift.object for drift in plan.drift if drift.object.startswith(begins)]
        by_field: dict[str, list[str]] = {}
        for drift in plan.drift:
            if drift.object.startswith(begins):
                by_field.setdefault(drift.field, []).append(drift.object)
        assert told
        assert all(objects == sorted(objects) for objects in by_field.values())


def test_tags_and_integrations_come_sorted() -> None:
    wanted = replace(WANTED, tags=dict.fromkeys(("e", "d", "c", "b", "a"), "1"))
    assert [drift.field for drift in plan_gateway(wanted, observed()).drift] == [f"tag {name}" for name in "abcde"]

    def parted(routes: dict[str, g.GatewayRoute]) -> dict[str, g.GatewayRoute]:
        return {
            key: replace(route, integration_id=f"i{9 - at}", integration=replace(ROUTE.integration, timeout_ms=50 + at))
            for at, (key, route) in enumerate(routes.items())
        }

    updates = [action for action in described(observed(parted)) if action.startswith("update integration")]
    assert updates == sorted(updates)


def test_a_log_group_is_made_or_changed_and_says_which() -> None:
    for seen, verb in ((None, "create"), (g.LogGroup(WANTED.log_group.name, 7), "update")):
        (action,) = plan_gateway(WANTED, observed(log_group=seen)).actions
        assert isinstance(action, g.EnsureLogGroup)
        assert (action.verb, action.exists) == (verb, seen is not None)


def test_a_stage_that_logs_elsewhere_is_changed() -> None:
    elsewhere = replace(STAGE, log_group_arn="arn:aws:logs:eu-west-1:123456789012:log-group:other")
    assert plan_gateway(WANTED, observed(stage=elsewhere)).actions == (g.UpdateStage("abc", STAGE, {}),)


def test_two_routes_that_lead_elsewhere_are_met_together() -> None:
    found = plan_gateway(WANTED, observed(lambda routes: routes | {
        key: replace(routes[key], integration=None) for key in (KEY, OTHER)
    }))  # fmt: skip
    names = [type(action).__name__ for action in found.actions]
    assert names == ["HoldDeployments", "UpdateRoute", "UpdateRoute", "Deploy", "UpdateStage"]


def test_an_api_without_a_stage_has_no_drift() -> None:
    seen = observed(one(scope="other"), stage=None)
    assert plan_gateway(WANTED, seen).drift == gateway_drift(WANTED, seen) == ()
