"""What is done to an HTTP API, in which order, and what is told about it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from oracleapi.desired.gateway import build_gateway
from oracleapi.model import gateway as g
from oracleapi.model.drift import Drift
from oracleapi.plan.gateway import content_matches, has_integration_drift, plan_gateway, plan_removal
from support import make

HOST = "abc.execute-api.eu-west-1.amazonaws.com"
READ = make.route("list", path="/things/{id}", throttle={"requestsPerSecond": 5, "burst": 9})
WRITE = make.route("add", method="POST", scope="a.write")
OPEN = make.route("health", path="/health", auth="Public")
KEY, WRITE_KEY, OPEN_KEY = "GET /hr/v1/things/{id}", "POST /hr/v1/things", "GET /hr/v1/health"


def desired(*routes: dict[str, Any], **fields: Any) -> g.DesiredGateway:
    return build_gateway(make.resolved(*(routes or (READ, WRITE, OPEN)), **fields), HOST, ())


WANTED = desired()


def observed(of: g.DesiredGateway = WANTED, detailed: bool = False, **fields: Any) -> g.ObservedGateway:
    """Return an API that is as *of*, but for *fields*."""
    ids = {content: f"i{n}" for n, content in enumerate(dict.fromkeys(r.integration for r in of.routes.values()))}
    routes = {
        key: replace(route, integration_id=ids[route.integration] if detailed else None)
        for key, route in of.routes.items()
    }
    routes = fields.pop("routes", lambda found: found)(routes)
    authorizers = fields.pop("authorizers", of.authorizers)
    identity = fields.pop("identity", g.ApiIdentity("abc", of.name, f"https://{HOST}", of.tags))
    found = g.ObservedGateway(identity, g.GatewayContent(authorizers, routes), of.stage, of.log_group)
    return replace(found, **fields)


def one(key: str = KEY, **fields: Any) -> Callable[[dict[str, g.GatewayRoute]], dict[str, g.GatewayRoute]]:
    """Return a change of one route."""
    return lambda routes: routes | {key: replace(routes[key], **fields)}


def without(*keys: str) -> Callable[[dict[str, g.GatewayRoute]], dict[str, g.GatewayRoute]]:
    return lambda routes: {key: route for key, route in routes.items() if key not in keys}


def described(found: g.ObservedGateway, of: g.DesiredGateway = WANTED) -> list[str]:
    return [action.describe() for action in plan_gateway(of, found).actions]


# Birth


def test_an_api_that_is_as_desired_needs_nothing() -> None:
    plan = plan_gateway(WANTED, observed())
    assert plan.empty
    assert plan.drift == ()


def test_an_empty_api_is_built_by_one_import_and_published_last() -> None:
    found = observed(routes=lambda _: {}, authorizers={}, stage=None, log_group=None)
    assert [type(action) for action in plan_gateway(WANTED, found).actions] == [
        g.ImportApi,
        g.EnsureLogGroup,
        g.CreateStage,
    ]


def test_building_is_no_drift() -> None:
    assert plan_gateway(WANTED, observed(routes=lambda _: {}, authorizers={}, stage=None)).drift == ()


@pytest.mark.parametrize(
    "found",
    [
        observed(routes=without(KEY), stage=None),
        observed(routes=lambda _: {}),
        observed(routes=one(scope="other"), stage=None),
    ],
    ids=["some routes and no stage", "a stage and no routes", "a wrong route and no stage"],
)
def test_nothing_but_an_empty_api_without_a_stage_is_imported(found: g.ObservedGateway) -> None:
    assert not any(isinstance(action, g.ImportApi) for action in plan_gateway(WANTED, found).actions)


def test_an_import_that_was_cut_short_is_finished_by_single_calls() -> None:
    assert described(observed(routes=without(KEY), stage=None)) == [f"create route {KEY}", "create stage $default"]


def test_the_log_group_stands_before_the_stage_names_it() -> None:
    assert described(observed(stage=None, log_group=None)) == [
        f"create log group {WANTED.log_group.name}",
        "create stage $default",
    ]


def test_removal_is_one_call() -> None:
    assert plan_removal(observed()).actions == (g.DeleteApi("abc"),)
    assert plan_removal(None).empty


# Single calls on a live API


LIVE: list[tuple[str, g.ObservedGateway, list[str]]] = [
    ("a missing route", observed(routes=without(KEY)), [f"create route {KEY}"]),
    ("a changed scope", observed(routes=one(scope="x")), [f"update route {KEY}"]),
    ("a route made public", observed(routes=one(scope=None, authorizer=None, authorization="NONE")),
     [f"update route {KEY}"]),
    ("a route closed by somebody", observed(routes=one(OPEN_KEY, authorization="AWS_IAM")),
     [f"update route {OPEN_KEY}"]),
    ("a target that is gone", observed(routes=one(integration=None)),
     [f"update route {KEY}"]),
    ("a missing authorizer", observed(authorizers={}), ["create authorizer jwt"]),
    ("another audience", observed(authorizers={"jwt": g.Authorizer("jwt", "https://idp.example.com/", "x")}),
     ["update authorizer jwt"]),
    ("an authorizer nobody wants", observed(authorizers={**WANTED.authorizers, "x": g.Authorizer("x", "y", "z")}),
     ["delete authorizer x"]),
    ("another name", observed(identity=g.ApiIdentity("abc", "x", f"https://{HOST}", WANTED.tags)),
     ["rename API abc to hr-hr"]),
    ("a lost tag", observed(identity=g.ApiIdentity("abc", WANTED.name, f"https://{HOST}",
                                                   {k: v for k, v in WANTED.tags.items() if k != "cost-centre"})),
     ["tag API abc: cost-centre"]),
    ("a tag of somebody else", observed(identity=g.ApiIdentity("abc", WANTED.name, f"https://{HOST}",
                                                               {**WANTED.tags, "theirs": "x"})), []),
    ("another retention", observed(log_group=g.LogGroup(WANTED.log_group.name, 7)),
     [f"set retention of log group {WANTED.log_group.name}"]),
    ("another stage throttle", observed(stage=replace(WANTED.stage, throttle=g.Throttle(1.0, 1))),
     ["update stage $default"]),
    ("auto-deploy turned off", observed(stage=replace(WANTED.stage, auto_deploy=False)),
     ["update deployment of stage $default", "delete integrations without a route", "update stage $default"]),
    ("a throttle nobody wants",
     observed(stage=replace(WANTED.stage,
                            route_throttles={**WANTED.stage.route_throttles, OPEN_KEY: g.Throttle(1.0, 1)})),
     [f"remove the throttle of {OPEN_KEY}"]),
]  # fmt: skip


@pytest.mark.parametrize(("found", "actions"), [row[1:] for row in LIVE], ids=[row[0] for row in LIVE])
def test_a_live_api_is_changed_by_single_calls(found: g.ObservedGateway, actions: list[str]) -> None:
    assert described(found) == actions


def test_creates_come_first_then_updates_then_the_stage_and_removals_last() -> None:
    by_hand = g.GatewayRoute("GET /by-hand", WANTED.routes[KEY].integration)
    throttles = {**WANTED.stage.route_throttles, "GET /by-hand": g.Throttle(1.0, 1)}
    found = observed(
        routes=lambda routes: without(WRITE_KEY)(one(scope="x")(routes)) | {"GET /by-hand": by_hand},
        authorizers={"old": g.Authorizer("old", "y", "z")},
        stage=replace(WANTED.stage, route_throttles=throttles, detailed_metrics=False),
        log_group=None,
    )
    assert described(found) == [
        f"create log group {WANTED.log_group.name}",
        "create authorizer jwt",
        f"update route {KEY}",
        "update stage $default to hold deployments",
        f"create route {WRITE_KEY}",
        "remove the throttle of GET /by-hand",
        "delete route GET /by-hand",
        "update deployment of stage $default",
        "delete authorizer old",
        "update stage $default",
    ]


def test_what_callers_meet_changes_at_once_where_it_takes_several_calls() -> None:
    moved = desired(READ | {"scope": "b.read"}, make.route("new", path="/new"), OPEN)
    order = described(observed(detailed=True), moved)
    held, deployed = (
        order.index("update stage $default to hold deployments"),
        order.index("update deployment of stage $default"),
    )
    met = [f"update route {KEY}", "create route GET /hr/v1/new", f"delete route {WRITE_KEY}"]
    assert all(held < order.index(action) < deployed for action in met)
    assert order[-1] == "update stage $default"
    last = plan_gateway(moved, observed(detailed=True)).actions[-1]
    assert isinstance(last, g.UpdateStage)
    assert last.stage.auto_deploy


@pytest.mark.parametrize("routes", [without(KEY), lambda routes: routes], ids=["half made", "made, not deployed"])
def test_an_open_publication_is_finished_before_deployments_are_no_longer_held(
    routes: Callable[[dict[str, g.GatewayRoute]], dict[str, g.GatewayRoute]],
) -> None:
    order = described(observed(routes=routes, stage=replace(WANTED.stage, auto_deploy=False)))
    assert order[-3:] == [
        "update deployment of stage $default",
        "delete integrations without a route",
        "update stage $default",
    ]
    assert "update stage $default to hold deployments" not in order


def test_a_protection_that_somebody_took_away_waits_for_no_other_change() -> None:
    opened = one(scope=None, authorizer=None, authorization="NONE")
    order = described(observed(routes=lambda routes: opened(without(WRITE_KEY, OPEN_KEY)(routes))))
    assert order.index(f"update route {KEY}") < order.index("update stage $default to hold deployments")


def test_a_route_throttle_is_set_after_its_route_and_goes_before_it() -> None:
    removed = desired(WRITE, OPEN)
    order = described(observed(), removed)
    assert order.index(f"remove the throttle of {KEY}") < order.index(f"delete route {KEY}")
    added = described(observed(removed), WANTED)
    assert added.index(f"create route {KEY}") < added.index("update stage $default")


def test_only_the_throttles_that_differ_are_sent() -> None:
    both = desired(READ, WRITE | {"throttle": {"requestsPerSecond": 1, "burst": 2}})
    stage = replace(both.stage, route_throttles={**both.stage.route_throttles, WRITE_KEY: g.Throttle(9.0, 9)})
    (action,) = plan_gateway(both, observed(both, stage=stage)).actions
    assert isinstance(action, g.UpdateStage)
    assert dict(action.throttles) == {WRITE_KEY: g.Throttle(1.0, 2)}


def test_an_authorizer_that_a_held_route_needs_stays() -> None:
    held = WANTED.routes[KEY]
    public = build_gateway(make.resolved(OPEN, auth=None), HOST, (), [held])
    public = replace(public, authorizers={})
    assert "delete authorizer jwt" not in described(observed(), public)


def test_an_authorizer_that_is_wanted_stays_without_a_route() -> None:
    alone = replace(WANTED, routes={OPEN_KEY: WANTED.routes[OPEN_KEY]}, stage=replace(WANTED.stage, route_throttles={}))
    assert described(observed(alone), alone) == []


# Integrations


def slower(of: g.DesiredGateway = WANTED) -> Callable[[dict[str, g.GatewayRoute]], dict[str, g.GatewayRoute]]:
    """Give every integration another timeout."""

    def change(routes: dict[str, g.GatewayRoute]) -> dict[str, g.GatewayRoute]:
        return {
            key: replace(route, integration=replace(route.integration, timeout_ms=50))
            for key, route in routes.items()
            if route.integration is not None
        }

    return change


def test_an_integration_is_changed_in_place_where_all_its_routes_want_the_same() -> None:
    found = observed(detailed=True, routes=slower())
    kinds = {type(action) for action in plan_gateway(WANTED, found).actions}
    assert kinds - {g.HoldDeployments, g.Deploy, g.UpdateStage} == {g.UpdateIntegration}


def test_without_ids_each_route_is_given_a_new_integration() -> None:
    found = observed(routes=slower())
    plan = plan_gateway(WANTED, found)
    kinds = {type(action) for action in plan.actions} - {g.HoldDeployments, g.Deploy, g.UpdateStage}
    assert kinds == {g.UpdateRoute, g.PruneIntegrations}
    assert has_integration_drift(WANTED, found)
    assert not has_integration_drift(WANTED, observed(detailed=True, routes=slower()))


def test_an_integration_whose_routes_part_is_left_alone_and_one_route_moves() -> None:
    two = desired(READ, make.route("other", path="/other"))
    split = desired(READ | {"timeoutMilliseconds": 1000}, make.route("other", path="/other"))
    order = described(observed(two, detailed=True), split)
    assert f"update route {KEY}" in order
    assert not any(action.startswith("update integration") for action in order)
    assert not any(action == "update route GET /hr/v1/other" for action in order)


def test_a_route_that_moves_to_another_path_of_ords_takes_its_protection_with_it() -> None:
    moved = desired(READ | {"scope": "b.read"}, WRITE, OPEN)
    plan = plan_gateway(moved, observed(detailed=True))
    (update,) = [action for action in plan.actions if isinstance(action, g.UpdateRoute)]
    assert (update.route.key, update.route.scope) == (KEY, "b.read")
    assert not any(isinstance(action, g.UpdateIntegration) for action in plan.actions)


def test_a_mapping_that_was_dropped_is_set_in_place_where_the_protection_stands() -> None:
    one_route = desired(WRITE, probe=False)

    def dropped(routes: dict[str, g.GatewayRoute]) -> dict[str, g.GatewayRoute]:
        return {
            key: replace(route, integration=replace(route.integration, path="", headers=()))
            for key, route in routes.items()
            if route.integration is not None
        }

    assert described(observed(one_route, detailed=True, routes=dropped, stage=None), one_route) == [
        f"update integration i0 to {one_route.routes[WRITE_KEY].integration.path}",  # type: ignore[union-attr]
        "create stage $default",
    ]


def test_a_path_is_not_given_to_a_route_before_its_protection() -> None:
    one_route = desired(WRITE)

    def opened(routes: dict[str, g.GatewayRoute]) -> dict[str, g.GatewayRoute]:
        route = routes[WRITE_KEY]
        assert route.integration is not None
        bare = replace(route.integration, path="")
        return {WRITE_KEY: replace(route, integration=bare, authorizer=None, scope=None, authorization="NONE")}

    order = described(observed(one_route, detailed=True, routes=opened), one_route)
    assert order.index(f"update route {WRITE_KEY}") < order.index("update deployment of stage $default")


def test_a_protection_that_differs_is_mended_beside_an_integration_in_place() -> None:
    found = observed(detailed=True, routes=lambda routes: one(scope="x")(slower()(routes)))
    updates = [a for a in plan_gateway(WANTED, found).actions if isinstance(a, g.UpdateRoute)]
    assert [action.route.key for action in updates] == [KEY]


def test_integrations_are_pruned_only_where_one_lost_its_last_route() -> None:
    assert "delete integrations without a route" not in described(observed(routes=without(KEY)))
    for detailed in (False, True):
        seen = observed(detailed=detailed)
        assert "delete integrations without a route" in described(seen, desired(WRITE, OPEN))


@pytest.mark.parametrize(
    ("found", "matches"),
    [
        (observed(), True),
        (observed(stage=None, log_group=None), True),
        (observed(routes=one(scope="x")), False),
        (observed(routes=one(integration=None)), False),
        (observed(routes=without(KEY)), False),
        (observed(authorizers={}), False),
        (observed(routes=lambda routes: routes | {"GET /x": g.GatewayRoute("GET /x", None)}), False),
    ],
)
def test_a_stage_is_given_only_to_what_is_exactly_as_desired(found: g.ObservedGateway, matches: bool) -> None:
    assert content_matches(WANTED, found) is matches


# Drift, field by field

INTEGRATION = WANTED.routes[KEY].integration
assert INTEGRATION is not None
DRIFTS: list[tuple[str, g.ObservedGateway, Drift]] = [
    ("name", observed(identity=g.ApiIdentity("abc", "x", "", WANTED.tags)), Drift("API", "name", "hr-hr", "x")),
    ("tag lost", observed(identity=g.ApiIdentity("abc", "hr-hr", "", {**WANTED.tags, "cost-centre": "1"})),
     Drift("API", "tag cost-centre", "42", "1")),
    ("route lost", observed(routes=without(KEY)), Drift(f"route {KEY}", "existence", "present", "absent")),
    ("route added", observed(routes=lambda r: r | {"GET /x": g.GatewayRoute("GET /x", None)}),
     Drift("route GET /x", "existence", "absent", "present")),
    ("scope", observed(routes=one(scope="x")), Drift(f"route {KEY}", "scope", "a.read", "x")),
    ("authorizer", observed(routes=one(authorizer=None)), Drift(f"route {KEY}", "authorizer", "jwt", "absent")),
    ("authorization", observed(routes=one(authorization="NONE")),
     Drift(f"route {KEY}", "authorization", "JWT", "NONE")),
    ("path", observed(routes=one(integration=replace(INTEGRATION, path="/x"))),
     Drift(f"route {KEY}", "integration.path", INTEGRATION.path, "/x")),
    ("headers", observed(routes=one(integration=replace(INTEGRATION, headers=(("Host", "x"),)))),
     Drift(f"route {KEY}", "integration.headers", f"Host={HOST}, Request-Id=$context.requestId", "Host=x")),
    ("link", observed(routes=one(integration=replace(INTEGRATION, vpc_link_id="x"))),
     Drift(f"route {KEY}", "integration.vpc_link_id", "link1", "x")),
    ("server name", observed(routes=one(integration=replace(INTEGRATION, server_name=None))),
     Drift(f"route {KEY}", "integration.server_name", "ords.internal", "absent")),
    ("timeout", observed(routes=one(integration=replace(INTEGRATION, timeout_ms=50))),
     Drift(f"route {KEY}", "integration.timeout_ms", "29000", "50")),
    ("issuer", observed(authorizers={"jwt": g.Authorizer("jwt", "x", "hr-api")}),
     Drift("authorizer jwt", "issuer", "https://idp.example.com/", "x")),
    ("stage rate", observed(stage=replace(WANTED.stage, throttle=g.Throttle(1.0, 100))),
     Drift("stage $default", "throttle.rate", "50.0", "1.0")),
    ("log format", observed(stage=replace(WANTED.stage, log_format="x")),
     Drift("stage $default", "log_format", WANTED.stage.log_format, "x")),
    ("route throttle", observed(stage=replace(WANTED.stage, route_throttles={
        **WANTED.stage.route_throttles, KEY: g.Throttle(5.0, 1)})), Drift(f"route {KEY}", "throttle.burst", "9", "1")),
    ("retention", observed(log_group=g.LogGroup(WANTED.log_group.name, 7)),
     Drift(f"log group {WANTED.log_group.name}", "retention_days", "90", "7")),
    ("log group lost", observed(log_group=None),
     Drift(f"log group {WANTED.log_group.name}", "existence", "present", "absent")),
]  # fmt: skip


@pytest.mark.parametrize(("found", "drift"), [row[1:] for row in DRIFTS], ids=[row[0] for row in DRIFTS])
def test_a_difference_is_told_by_object_and_field_with_both_values(found: g.ObservedGateway, drift: Drift) -> None:
    plan = plan_gateway(WANTED, found)
    assert plan.drift == (drift,)
    assert not plan.empty


def test_ids_of_integrations_are_no_drift() -> None:
    assert plan_gateway(WANTED, observed(detailed=True)).drift == ()
