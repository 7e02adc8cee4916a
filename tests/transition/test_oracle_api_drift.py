"""Drift: each difference is repaired, and named field by field, once, in status and in an event."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from oracleapi.desired.probe import PROBE_THROTTLE
from oracleapi.errors import Retryable
from oracleapi.model import gateway as g
from oracleapi.model.ownership import TAG_OWNER, TAG_UID
from oracleapi.model.schema import Handler, JwtProfile
from support import make
from support.history import History
from support.small_world import API, SmallWorld
from support.worlds import PROBE_KEY, PROBE_MODULE, api, drift_of, events, resync, schema, the_api, world_of, written

ROUTES = (make.route("list", throttle={"requestsPerSecond": 5, "burst": 9}), make.route("add", method="POST"))
KEY = "GET /hr/v1/things"
SLUG = "oa-a-read-524c50"
MODULE = f"{SLUG}/hr/v1"
LINK_KEY = f"GET /ords/hr_api/{SLUG}/hr/v1/things"

Change = Callable[[SmallWorld], None]


def route(key: str = KEY, **fields: Any) -> Change:
    def change(world: SmallWorld) -> None:
        found = the_api(world)
        found.routes[key] = replace(found.routes[key], **fields)

    return change


def integration(**fields: Any) -> Change:
    """Change the integration that both routes share."""

    def change(world: SmallWorld) -> None:
        found = the_api(world)
        for key, present in found.routes.items():
            if key not in (LINK_KEY, PROBE_KEY) and present.integration is not None:
                found.routes[key] = replace(present, integration=replace(present.integration, **fields))

    return change


def stage(**fields: Any) -> Change:
    def change(world: SmallWorld) -> None:
        found = the_api(world)
        assert found.stage is not None
        found.stage = replace(found.stage, **fields)

    return change


def tags(drop: str | None = None, **more: str) -> Change:
    def change(world: SmallWorld) -> None:
        found = the_api(world)
        left = {key: value for key, value in found.identity.tags.items() if key != drop}
        found.identity = replace(found.identity, tags=left | more)

    return change


def renamed(world: SmallWorld) -> None:
    the_api(world).identity = replace(the_api(world).identity, name="by-hand")


def dropped(*keys: str) -> Change:
    def change(world: SmallWorld) -> None:
        for key in keys:
            del the_api(world).routes[key]

    return change


def added(world: SmallWorld) -> None:
    the_api(world).routes["GET /by-hand"] = g.GatewayRoute("GET /by-hand", the_api(world).routes[KEY].integration)


def authorizer(world: SmallWorld) -> None:
    the_api(world).authorizers["jwt"] = g.Authorizer("jwt", "https://evil.example.com/", "hr-api")


def retention(world: SmallWorld) -> None:
    groups = world.backends.aws.log_groups
    groups.update({name: g.LogGroup(name, 1) for name in groups})


def no_log_group(world: SmallWorld) -> None:
    world.backends.aws.log_groups.clear()


def ords(**fields: Any) -> Change:
    def change(world: SmallWorld) -> None:
        world.backends.database.schemas["HR_API"] = replace(schema(world), **fields)

    return change


def module(**fields: Any) -> Change:
    def change(world: SmallWorld) -> None:
        found = schema(world)
        ords(modules={**found.modules, MODULE: replace(found.modules[MODULE], **fields)})(world)

    return change


def module_dropped(name: str) -> Change:
    def change(world: SmallWorld) -> None:
        ords(modules={key: found for key, found in schema(world).modules.items() if key != name})(world)

    return change


def handler(key: tuple[str, str], found: Handler | None) -> Change:
    def change(world: SmallWorld) -> None:
        handlers = dict(schema(world).modules[MODULE].handlers)
        handlers.pop(key) if found is None else handlers.update({key: found})
        module(handlers=handlers)(world)

    return change


def privilege(**fields: Any) -> Change:
    def change(world: SmallWorld) -> None:
        found = schema(world).privileges
        ords(privileges={**found, "a.read": replace(found["a.read"], **fields)})(world)

    return change


def privilege_dropped(world: SmallWorld) -> None:
    found = schema(world).privileges
    ords(privileges={name: value for name, value in found.items() if name != "a.read"})(world)


def profile(**fields: str) -> Change:
    def change(world: SmallWorld) -> None:
        found = schema(world).profile
        assert isinstance(found, JwtProfile)
        ords(profile=replace(found, **fields))(world)

    return change


CHANGES: list[tuple[str, Change, set[tuple[str, str]]]] = [
    ("a route deleted", dropped(KEY), {(f"route {KEY}", "existence")}),
    (
        "every route deleted",
        dropped(KEY, LINK_KEY, "POST /hr/v1/things"),
        {(f"route {key}", "existence") for key in (KEY, LINK_KEY, "POST /hr/v1/things")},
    ),
    ("a route added by hand", added, {("route GET /by-hand", "existence")}),
    (
        "a route made public",
        route(authorizer=None, scope=None, authorization="NONE"),
        {(f"route {KEY}", field) for field in ("authorizer", "scope", "authorization")},
    ),
    ("a scope changed", route(scope="x.any"), {(f"route {KEY}", "scope")}),
    ("a second scope added", route(scope="a.read x.any"), {(f"route {KEY}", "scope")}),
    ("a target lost", route(integration=None), {(f"route {KEY}", "integration")}),
    (
        "a timeout changed",
        integration(timeout_ms=50),
        {(f"route {key}", "integration.timeout_ms") for key in (KEY, "POST /hr/v1/things")},
    ),
    (
        "a host header changed",
        integration(headers=(("Host", "evil.example.com"),)),
        {(f"route {key}", "integration.headers") for key in (KEY, "POST /hr/v1/things")},
    ),
    ("an issuer changed", authorizer, {("authorizer jwt", "issuer")}),
    ("a stage throttle changed", stage(throttle=g.Throttle(9.0, 9)), {("stage $default", "throttle.rate"),
                                                                      ("stage $default", "throttle.burst")}),
    ("a route throttle removed", stage(route_throttles={LINK_KEY: g.Throttle(5.0, 9), PROBE_KEY: PROBE_THROTTLE}),
     {(f"route {KEY}", "throttle")}),
    ("the probe's throttle removed", stage(route_throttles=dict.fromkeys((KEY, LINK_KEY), g.Throttle(5.0, 9))),
     {(f"route {PROBE_KEY}", "throttle")}),
    ("the probe route deleted", dropped(PROBE_KEY), {(f"route {PROBE_KEY}", "existence")}),
    ("the probe route made public", route(PROBE_KEY, authorization="NONE"),
     {(f"route {PROBE_KEY}", "authorization")}),
    ("a route throttle changed",
     stage(route_throttles={LINK_KEY: g.Throttle(5.0, 9), KEY: g.Throttle(5.0, 10), PROBE_KEY: PROBE_THROTTLE}),
     {(f"route {KEY}", "throttle.burst")}),
    ("a route throttled by hand",
     stage(route_throttles=dict.fromkeys((KEY, LINK_KEY, "POST /hr/v1/things"), g.Throttle(5.0, 9))
           | {PROBE_KEY: PROBE_THROTTLE}),
     {("route POST /hr/v1/things", "throttle")}),
    ("metrics turned off", stage(detailed_metrics=False), {("stage $default", "detailed_metrics")}),
    ("the access log turned off", stage(log_group_arn="", log_format=""), {("stage $default", "log_group_arn"),
                                                                           ("stage $default", "log_format")}),
    ("auto-deploy turned off", stage(auto_deploy=False), {("stage $default", "auto_deploy")}),
    ("a tag of the account removed", tags(TAG_UID), {("API", f"tag {TAG_UID}")}),
    ("a tag changed", tags(**{TAG_UID: "somebody"}), {("API", f"tag {TAG_UID}")}),
    ("the owner's tag removed", tags(TAG_OWNER), {("API", f"tag {TAG_OWNER}")}),
    ("the API renamed", renamed, {("API", "name")}),
    ("retention changed", retention,
     {("log group /aws/vendedlogs/oracleapi/cluster-1/hr/hr", "retention_days")}),
    ("the log group deleted", no_log_group,
     {("log group /aws/vendedlogs/oracleapi/cluster-1/hr/hr", "existence")}),
    ("a handler's SQL changed", handler(("things", "GET"), Handler("json/collection", "select 'evil' from dual")),
     {(f"handler GET {MODULE}/things", "source")}),
    ("a handler's type changed", handler(("things", "GET"), Handler("json/item", "select 1 as one from dual")),
     {(f"handler GET {MODULE}/things", "source_type")}),
    ("a handler deleted", handler(("things", "GET"), None), {(f"handler GET {MODULE}/things", "existence")}),
    ("a module deleted", module_dropped(MODULE), {(f"module {MODULE}", "existence")}),
    ("the probe's module deleted", module_dropped(PROBE_MODULE), {(f"module {PROBE_MODULE}", "existence")}),
    ("a module unpublished", module(status="NOT_PUBLISHED"), {(f"module {MODULE}", "status")}),
    ("a module moved", module(base_path="/elsewhere/"), {(f"module {MODULE}", "base_path")}),
    ("a privilege dropped", privilege_dropped, {("privilege a.read", "existence")}),
    ("a privilege's patterns narrowed", privilege(patterns=(f"/{SLUG}",)), {("privilege a.read", "patterns")}),
    ("a privilege given to a role", privilege(roles=("oracleapi.nobody", "x")), {("privilege a.read", "roles")}),
    ("the profile dropped", ords(profile=None), {("JWT profile", "existence")}),
    ("the profile's issuer changed", profile(issuer="https://evil.example.com/"), {("JWT profile", "issuer")}),
    ("the profile's keys changed", profile(jwk_url="https://evil.example.com/k"), {("JWT profile", "jwk_url")}),
    ("the schema disabled", ords(enabled=False), {("schema HR_API", "enabled")}),
]  # fmt: skip


def outside(world: SmallWorld) -> object:
    found = the_api(world)
    return (found.identity, found.routes, found.authorizers, found.stage, world.backends.aws.log_groups, schema(world))


@pytest.mark.parametrize(("change", "named"), [row[1:] for row in CHANGES], ids=[row[0] for row in CHANGES])
def test_a_difference_is_repaired_and_named_once(change: Change, named: set[tuple[str, str]]) -> None:
    world = world_of(*ROUTES)
    before = own_copy(outside(world))
    change(world)
    assert outside(world) != before
    resync(world)
    assert outside(world) == before
    assert world.ready() == ("True", "Succeeded")
    assert drift_of(world) == named
    told = events(world, "DriftRepaired")
    assert len(told) == 1
    assert any(f"{object_} {field}" in told[0] for object_, field in named)
    with written(world) as found:
        resync(world)
    assert found == ["status OracleApi/hr"]
    assert "drift" not in world.kube.status(*API)
    with written(world) as found:
        resync(world)
    assert found == []
    assert events(world, "DriftRepaired") == told


def own_copy(found: Any) -> Any:
    """Return *found* with its own copies of the maps that a fake changes in place."""
    return tuple(dict(part) if isinstance(part, dict) else part for part in found)


def test_both_values_are_told() -> None:
    world = world_of(*ROUTES)
    route(scope="x.any")(world)
    resync(world)
    assert world.kube.status(*API)["drift"] == [
        {"object": f"route {KEY}", "field": "scope", "desired": "a.read", "observed": "x.any"}
    ]
    assert events(world, "DriftRepaired") == [f"route {KEY} scope: found x.any, set to a.read"]


def test_differences_on_both_sides_are_all_told() -> None:
    world = world_of(*ROUTES)
    privilege_dropped(world)
    dropped(KEY)(world)
    resync(world)
    assert world.ready() == ("True", "Succeeded")
    assert drift_of(world) == {("privilege a.read", "existence"), (f"route {KEY}", "existence")}
    assert len(events(world, "DriftRepaired")) == 1


def test_a_difference_found_right_after_a_restart_is_told_too() -> None:
    world = world_of(*ROUTES)
    dropped(KEY)(world)
    world.restart()
    world.settle()
    assert world.ready() == ("True", "Succeeded")
    assert drift_of(world) == {(f"route {KEY}", "existence")}
    assert len(events(world, "DriftRepaired")) == 1


def test_a_later_difference_replaces_the_earlier_one_in_status() -> None:
    world = world_of(*ROUTES)
    route(scope="x.any")(world)
    resync(world)
    retention(world)
    resync(world)
    assert {field for _, field in drift_of(world)} == {"retention_days"}


def test_a_secret_value_is_cut_and_the_list_is_bounded() -> None:
    world = world_of(*(make.route(f"r{n}", path=f"/r{n}") for n in range(30)))
    the_api(world).routes.clear()
    resync(world)
    assert len(world.kube.status(*API)["drift"]) == 20
    assert "and 60 more" in events(world, "DriftRepaired")[0]


def test_an_edit_is_no_drift() -> None:
    world = world_of(*ROUTES)
    world.apply(api(*ROUTES, itemsPerPage=3))
    world.settle()
    assert drift_of(world) == set()
    assert events(world, "DriftRepaired") == []


def test_a_route_that_was_made_public_is_closed_before_anything_is_taken_away() -> None:
    world = world_of(*ROUTES)
    route(authorizer=None, scope=None, authorization="NONE")(world)
    added(world)
    history = History(world)
    resync(world)
    assert history.actions[0] == f"update route {KEY}"


def test_drift_is_not_looked_for_where_aws_does_not_answer() -> None:
    world = world_of(*ROUTES)
    dropped(KEY)(world)
    world.backends.aws.faults["list_apis"] = [Retryable("AwsThrottled", "AWS throttled apigateway:GetApis")]
    resync(world, 0)
    assert world.ready() == ("Unknown", "AwsThrottled")
    world.settle()
    assert world.ready() == ("True", "Succeeded")
    assert KEY in the_api(world).routes
