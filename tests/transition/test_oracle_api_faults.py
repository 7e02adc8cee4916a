"""Faults: in a handler (the last good one serves), in protection (the route goes), and in what is claimed twice."""

from dataclasses import replace
from typing import Any

import pytest

from oracleapi.model.schema import JwtProfile, Module, Privilege
from support import make
from support.history import History
from support.small_world import API, SmallWorld, standard
from support.worlds import DATABASE, PROBE_KEY, actions, api, events, resync, schema, the_api, world_of, written

GOOD = make.route("list", path="/things/{id}")
BAD_HANDLER = {"source": "select 2 from dual", "parameters": [{"name": "limit", "in": "Query"}]}
BAD = GOOD | {"handler": BAD_HANDLER}
OTHER = make.route("add", method="POST")
OPEN = make.route("open", path="/open/{name}", auth="Public")
PLAIN = make.route("health", path="/health", auth="Public")
SLUG = "oa-a-read-524c50"
KEY = "GET /hr/v1/things/{id}"
TRICK = "%2e%2e"


def states(world: SmallWorld) -> dict[str, str]:
    return {entry["name"]: entry["state"] for entry in world.kube.status(*API)["routes"]}


# A fault in a handler


def test_a_refused_route_keeps_its_last_good_handler_and_the_others_go_on() -> None:
    world = world_of(GOOD, OTHER)
    before = schema(world).modules[f"{SLUG}/hr/v1"].handlers
    changed = OTHER | {"handler": {"source": "begin null; end;"}}
    world.apply(api(BAD, changed))
    world.settle()
    after = schema(world).modules[f"{SLUG}/hr/v1"].handlers
    assert after[("things/:id", "GET")] == before[("things/:id", "GET")]
    assert after[("things", "POST")].source == "begin null; end;"
    assert KEY in the_api(world).routes
    assert states(world) == {"list": "Refused", "add": "Serving"}
    assert world.ready() == ("False", "RoutesRefused")
    assert world.condition("Stalled") == ("True", "RoutesRefused")
    assert "query parameter limit is read by ORDS itself" in world.message()


def test_a_refused_route_s_scope_applies_all_the_same() -> None:
    world = world_of(GOOD, OTHER)
    world.apply(api(BAD | {"scope": "b.read"}, OTHER))
    world.settle(300)
    assert KEY not in the_api(world).routes
    assert ("things/:id", "GET") not in schema(world).modules[f"{SLUG}/hr/v1"].handlers


def test_a_route_that_is_refused_from_the_start_is_left_out() -> None:
    world = world_of(BAD, OTHER)
    assert KEY not in the_api(world).routes
    assert "POST /hr/v1/things" in the_api(world).routes
    assert world.kube.status(*API)["routesServing"] == "1/2"
    assert world.ready() == ("False", "RoutesRefused")


def test_a_mended_route_serves_again() -> None:
    world = world_of(BAD, OTHER)
    world.apply(api(GOOD, OTHER))
    world.settle()
    assert world.ready() == ("True", "Succeeded")
    assert KEY in the_api(world).routes


def test_where_every_route_is_refused_the_api_is_there_and_empty() -> None:
    world = world_of(BAD)
    assert world.ready() == ("False", "RoutesRefused")
    assert set(the_api(world).routes) == {PROBE_KEY}
    assert world.kube.status(*API)["routesServing"] == "0/1"
    with written(world) as found:
        resync(world)
    assert found == []
    world.apply(api(GOOD))
    world.settle()
    assert world.ready() == ("True", "Succeeded")


def test_a_refusal_writes_nothing_more_at_the_next_check() -> None:
    world = world_of(GOOD, OTHER)
    world.apply(api(BAD, OTHER))
    world.settle()
    with written(world) as found:
        resync(world)
    assert found == []


# Protection


def test_path_tricks_refuse_public_routes_with_variables_and_no_others() -> None:
    world = world_of(GOOD, OPEN, PLAIN)
    assert world.ready() == ("True", "Succeeded")
    world.backends.ords.answers[TRICK] = 200
    resync(world)
    assert states(world) == {"list": "Serving", "open": "Refused", "health": "Serving"}
    assert "GET /hr/v1/open/{name}" not in the_api(world).routes
    assert {KEY, "GET /hr/v1/health"} <= the_api(world).routes.keys()
    assert world.ready() == ("False", "RoutesRefused")
    assert "use auth: JWT" in world.message()
    assert world.condition("UnsafePaths", DATABASE) == ("True", "UnsafePaths")


def test_a_new_api_asks_about_path_tricks_before_anybody_can_call_it() -> None:
    world = SmallWorld(*(found for found in make.world() if found["kind"] != "OracleApi"))
    world.backends.ords.answers[TRICK] = 401
    history = History(world)
    world.apply(api(GOOD, OPEN))
    world.settle()
    assert states(world)["open"] == "Refused"
    assert not any("GET /hr/v1/open/{name}" in moment.routes for moment in history.live())
    assert world.condition("UnsafePaths", DATABASE) == ("True", "UnsafePaths")


def test_an_edit_at_birth_does_not_cut_the_question_short() -> None:
    world = SmallWorld(*(found for found in make.world() if found["kind"] != "OracleApi"))
    history = History(world)
    world.backends.ords.answers["oa-public"] = 404  # not served yet
    world.apply(api(GOOD, OPEN))
    world.settle(1)
    world.apply(api(GOOD, OPEN, itemsPerPage=3))
    world.settle(1)
    assert world.ready() == ("False", "WaitingForOrds")
    world.backends.ords.answers["oa-public"] = 200
    world.settle()
    assert not any("GET /hr/v1/open/{name}" in moment.routes for moment in history.live())


def test_paths_that_became_safe_give_the_route_back() -> None:
    world = world_of(GOOD, OPEN)
    world.backends.ords.answers[TRICK] = 200
    resync(world)
    world.backends.ords.answers.clear()
    resync(world)
    assert world.ready() == ("True", "Succeeded")
    assert "GET /hr/v1/open/{name}" in the_api(world).routes
    assert world.condition("UnsafePaths", DATABASE) == ("absent", "")


def test_what_one_api_found_about_a_database_is_not_unsaid_by_a_younger_one() -> None:
    world = world_of(GOOD, OPEN)
    world.backends.ords.answers[TRICK] = 200
    resync(world)
    found = dict(world.kube.objects[DATABASE])
    both = [{"namespaces": {"names": ["hr"]}, "schemas": ["HR_API", "SALES_API"]}]
    world.apply({**found, "spec": {**found["spec"], "delegations": both}})
    world.settle()
    with written(world) as writes:
        world.apply(api(OPEN, GOOD, name="sales", schema="SALES_API", basePath="/sales"))
        world.settle()
    assert "status OracleDatabase/db" not in writes
    assert world.condition("UnsafePaths", DATABASE) == ("True", "UnsafePaths")


def test_a_restart_does_not_unsay_what_was_found_about_a_database() -> None:
    world = world_of(GOOD, OPEN)
    world.backends.ords.answers[TRICK] = 200
    resync(world)
    with written(world) as writes:
        world.restart()
        world.settle()
    assert writes == []


def test_an_open_group_is_withdrawn_and_comes_back_when_it_is_closed() -> None:
    world = world_of(GOOD, OTHER, make.route("write", path="/w", method="PUT", scope="b.read"))
    world.backends.ords.answers[f"/{SLUG}/"] = 200
    resync(world)
    assert states(world) == {"list": "Withdrawn", "add": "Withdrawn", "write": "Serving"}
    assert set(the_api(world).routes) == {"PUT /hr/v1/w", PROBE_KEY}
    assert world.condition("Protected") == ("False", "Unprotected")
    assert world.ready() == ("False", "RoutesRefused")
    world.backends.ords.answers.clear()
    resync(world)
    assert world.ready() == ("True", "Succeeded")
    assert KEY in the_api(world).routes


def test_an_ords_that_is_down_for_a_while_takes_no_route_away() -> None:
    world = world_of(GOOD, OPEN, PLAIN)
    before = dict(the_api(world).routes)
    world.backends.ords.answers[""] = 503
    resync(world, 30)
    assert world.ready() == ("Unknown", "OrdsUnreachable")
    assert world.ready(DATABASE) == ("Unknown", "OrdsUnreachable")
    assert the_api(world).routes == before
    world.backends.ords.answers.clear()
    world.settle(300)
    assert world.ready() == ("True", "Succeeded")
    assert world.condition("UnsafePaths", DATABASE) == ("absent", "")


def test_an_open_group_is_never_published() -> None:
    world = SmallWorld(*make.world(), start=False)
    world.backends.ords.answers[f"/{SLUG}/"] = 200
    history = History(world)
    world.settle()
    assert all(set(moment.routes) == {PROBE_KEY} for moment in history.live())
    assert world.condition("Protected") == ("False", "Unprotected")


def test_a_group_that_is_not_served_yet_is_waited_for() -> None:
    world = SmallWorld(*make.world(), start=False)
    world.backends.ords.answers[f"/{SLUG}/"] = 404
    world.settle(30)
    assert world.ready() == ("False", "WaitingForOrds")
    assert world.condition("Protected") == ("Unknown", "WaitingForOrds")
    world.backends.ords.answers.clear()
    world.settle()
    assert world.ready() == ("True", "Succeeded")


def test_what_needs_more_routes_than_an_api_can_have_is_refused_before_anything_is_made() -> None:
    world = world_of(*(make.route(f"r{n}", path=f"/r{n}") for n in range(151)))
    assert world.ready() == ("False", "RouteQuota")
    assert "303 routes" in world.message()
    assert [call for call in actions(world) if call != "CreateVpcLink"] == []
    world.apply(api(*(make.route(f"r{n}", path=f"/r{n}") for n in range(151)), links=False))
    world.settle()
    assert world.ready() == ("True", "Succeeded")


@pytest.mark.parametrize("scope", ["oracleapi.enabled", "oracleapi.other", "oracle.dbtools.x"])
def test_a_scope_that_is_a_privilege_of_ours_or_of_ords_is_refused(scope: str) -> None:
    world = world_of(GOOD | {"scope": scope}, OTHER)
    assert states(world) == {"list": "Refused", "add": "Serving"}
    assert f"scope {scope}" in world.message()
    marks = [name for name, found in schema(world).privileges.items() if not found.patterns]
    assert marks == ["oracleapi.enabled"]


# What is not ours


def foreign(**fields: Any) -> SmallWorld:
    world = SmallWorld(*make.world(), start=False)
    world.backends.database.schemas["HR_API"] = replace(schema(world), alias="hr_api", enabled=True, **fields)
    world.settle()
    return world


@pytest.mark.parametrize(
    ("fields", "reason", "named"),
    [
        ({"privileges": {"a.read": Privilege("a.read", (), (), "by hand")}}, "NotOwned", "privilege a.read"),
        (
            {"modules": {"m": Module("m", f"/{SLUG}/hr/v1/", 25, {}, "by hand")}},
            "NotOwned",
            "module m",
        ),
        ({"profile": JwtProfile("https://x/", "y", "https://x/k", "by hand")}, "JwtProfileConflict", "https://x/"),
    ],
)
def test_what_is_not_ours_is_named_and_never_changed(fields: dict[str, Any], reason: str, named: str) -> None:
    world = foreign(**fields)
    assert world.ready() == ("False", reason)
    assert named in world.message()
    assert world.condition("OrdsReady") == ("False", reason)
    assert {name: getattr(schema(world), name) for name in fields} == fields
    assert world.backends.aws.apis == {}


def test_a_public_api_lives_beside_a_jwt_profile_of_somebody_else() -> None:
    profile = JwtProfile("https://x/", "y", "https://x/k", "by hand")
    world = SmallWorld(*make.world(**make.api_spec(PLAIN, auth=None)), start=False)
    world.backends.database.schemas["HR_API"] = replace(schema(world), alias="hr_api", enabled=True, profile=profile)
    world.settle()
    assert world.ready() == ("True", "Succeeded")
    assert schema(world).profile == profile


def test_modules_of_others_are_left_alone() -> None:
    other = Module("reports", "/reports/", 25, {}, "by hand")
    world = foreign(modules={"reports": other})
    assert world.ready() == ("True", "Succeeded")
    world.delete(*API)
    world.settle()
    assert schema(world).modules == {"reports": other}
    assert schema(world).enabled


def test_an_enabled_schema_keeps_its_alias() -> None:
    world = SmallWorld(*make.world(), start=False)
    world.backends.database.schemas["HR_API"] = replace(schema(world), alias="people", enabled=True)
    world.backends.ords.answers["/people/"] = 401
    world.settle()
    assert world.ready() == ("True", "Succeeded")
    integration = the_api(world).routes["GET /hr/v1/things"].integration
    assert integration is not None
    assert integration.path.startswith("/ords/people/")


def test_a_schema_that_does_not_exist_is_told() -> None:
    world = SmallWorld(*make.world(), start=False)
    del world.backends.database.schemas["HR_API"]
    world.settle()
    assert world.ready() == ("False", "SchemaMissing")
    assert world.backends.aws.apis == {}


def test_an_api_stays_in_its_region() -> None:
    world = standard()
    found = dict(world.kube.objects[("AwsAccount", None, "main")])
    world.apply({**found, "spec": {**found["spec"], "region": "eu-central-1"}})
    world.settle()
    assert world.ready() == ("False", "AccountChanged")
    assert not events(world, "InternalError")


def test_a_route_whose_protection_failed_goes_at_once_though_another_change_waits_for_ords() -> None:
    world = world_of(GOOD, OTHER)
    world.backends.ords.answers[f"/{SLUG}/"] = 200
    world.apply(api(GOOD, OTHER | {"scope": "b.write"}))
    begin = world.clock.time
    world.settle(1)
    assert world.clock.time - begin < 5
    assert KEY not in the_api(world).routes
    assert the_api(world).routes["POST /hr/v1/things"].scope == "a.read"


def test_nothing_is_claimed_to_serve_before_there_is_a_stage() -> None:
    world = standard()
    world.delete("OracleApi", "hr", "hr")
    world.settle()
    foreign = Privilege("a.read", ("/elsewhere/*",), (), "made by hand")
    world.backends.database.schemas["HR_API"] = replace(
        schema(world), enabled=True, alias="hr_api", privileges={"a.read": foreign}
    )
    world.apply(api(GOOD))
    world.settle()
    assert world.ready() == ("False", "NotOwned")
    assert states(world) == {"list": "Pending"}
    assert world.kube.status(*API)["routesServing"] == "0/1"
