"""Changes of a live API: at no moment is a route absent, unprotected, or leading where ORDS serves nothing."""

from dataclasses import replace
from typing import Any

import pytest

from oracleapi.model.gateway import Throttle
from support import make
from support.history import History
from support.small_world import API, SmallWorld
from support.worlds import PROBE_KEY, PROBE_MODULE, api, events, resync, schema, the_api, world_of

KEY = "GET /hr/v1/things/{id}"
OLD, NEW = "oa-a-read-524c50", "oa-b-read-d2a3a5"
OTHER = make.route("add", method="POST")


def moving(**fields: Any) -> dict[str, Any]:
    return make.route("list", path="/things/{id}", **fields)


def changed(world: SmallWorld, *routes: dict[str, Any], seconds: float = 300.0, **fields: Any) -> History:
    """Edit a settled world's routes, let it rest again, and return what happened."""
    world.clock.advance(300)
    history = History(world)
    world.apply(api(*routes, **fields))
    world.settle(seconds)
    return history


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (moving(), moving(scope="b.read")),
        (moving(), moving(auth="Public")),
        (moving(auth="Public"), moving()),
        (moving(), moving(scope="b.read", timeoutMilliseconds=1000)),
        (moving(), moving(scope="b.read", throttle={"requestsPerSecond": 1, "burst": 1})),
        (moving(throttle={"requestsPerSecond": 1, "burst": 1}), moving(scope="b.read")),
        (moving(), moving(scope="b.read", handler={"source": "select 2 as two from dual"})),
    ],
    ids=["scope", "opened", "closed", "and timeout", "and throttle", "without throttle", "and handler"],
)
@pytest.mark.parametrize("beside", [(), (OTHER,)], ids=["alone", "beside another"])
def test_a_route_that_moves_between_groups_is_always_served_and_protected(
    before: dict[str, Any], after: dict[str, Any], beside: tuple[dict[str, Any], ...]
) -> None:
    world = world_of(before, *beside)
    history = changed(world, after, *beside)
    assert world.ready() == ("True", "Succeeded")
    history.check()
    assert all(KEY in moment.routes for moment in history.moments)


def test_a_moved_route_leaves_nothing_behind() -> None:
    world = world_of(moving())
    changed(world, moving(scope="b.read"))
    assert set(the_api(world).routes) == {KEY, PROBE_KEY, f"GET /ords/hr_api/{NEW}/hr/v1/things/{{id}}"}
    assert set(schema(world).modules) == {f"{NEW}/hr/v1", PROBE_MODULE}
    assert set(schema(world).privileges) == {"b.read", "oracleapi.enabled"}


def test_a_move_says_so_until_the_old_path_is_closed() -> None:
    world = world_of(moving())
    world.clock.advance(300)
    world.apply(api(moving(scope="b.read")))
    world.settle(10)
    assert world.ready() == ("False", "Moving")
    assert world.condition("Protected") == ("False", "Moving")
    world.settle(120)
    assert world.condition("Protected") == ("True", "Succeeded")


def test_a_move_survives_a_restart_at_every_moment() -> None:
    total = len(changed(world_of(moving()), moving(scope="b.read")).moments)
    for stop in range(1, total):
        world = world_of(moving())
        world.clock.advance(300)
        history = History(world)
        world.apply(api(moving(scope="b.read")))
        while len(history.moments) <= stop and world.ready() != ("True", "Succeeded"):
            world.settle(1)
            world.clock.advance(1)
        world.restart()
        world.settle(300)
        assert world.ready() == ("True", "Succeeded")
        history.check()
        assert set(schema(world).modules) == {f"{NEW}/hr/v1", PROBE_MODULE}


def test_a_move_waits_until_ords_really_serves_the_new_group() -> None:
    world = world_of(moving())
    world.backends.ords.answers[f"/{NEW}/"] = 404
    history = changed(world, moving(scope="b.read"), seconds=60)
    assert world.ready() == ("False", "WaitingForOrds")
    assert {moment.routes[KEY].scope for moment in history.moments} == {"a.read"}
    world.backends.ords.answers.clear()
    world.settle(300)
    assert world.ready() == ("True", "Succeeded")
    history.check()


def test_what_was_changed_together_waits_together_for_ords() -> None:
    world = world_of(moving(), OTHER)
    world.backends.ords.answers[f"/{NEW}/"] = 404
    changed(world, moving(scope="b.read"), OTHER, make.route("new", path="/new"), seconds=60)
    assert "GET /hr/v1/new" not in the_api(world).routes
    assert the_api(world).routes[KEY].scope == "a.read"
    assert world.ready() == ("False", "WaitingForOrds")
    del world.backends.ords.answers[f"/{NEW}/"]
    world.settle(60)
    assert "GET /hr/v1/new" in the_api(world).routes
    assert the_api(world).routes[KEY].scope == "b.read"


def test_a_protection_that_was_taken_away_by_hand_does_not_wait_for_ords() -> None:
    world = world_of(moving(), OTHER)
    world.backends.ords.answers[f"/{NEW}/"] = 404
    the_api(world).routes[KEY] = replace(the_api(world).routes[KEY], authorizer=None, scope=None, authorization="NONE")
    changed(world, moving(), OTHER, make.route("new", path="/new", scope="b.read"), seconds=30)
    assert the_api(world).routes[KEY].scope == "a.read"
    assert "GET /hr/v1/new" not in the_api(world).routes


def test_two_routes_that_swap_their_scopes_are_always_served() -> None:
    world = world_of(moving(), make.route("add", method="POST", scope="b.read"))
    history = changed(world, moving(scope="b.read"), make.route("add", method="POST", scope="a.read"))
    assert world.ready() == ("True", "Succeeded")
    history.check()
    assert all({KEY, "POST /hr/v1/things"} <= moment.routes.keys() for moment in history.moments)


def test_a_route_that_moves_back_while_it_moves_is_always_served() -> None:
    world = world_of(moving())
    world.clock.advance(300)
    history = History(world)
    for scope in ("b.read", "a.read", "c.read", "b.read"):
        world.apply(api(moving(scope=scope)))
        world.settle(8)
        world.clock.advance(3)
    world.settle(300)
    assert world.ready() == ("True", "Succeeded")
    history.check()
    assert all(KEY in moment.routes for moment in history.moments)
    assert set(schema(world).modules) == {f"{NEW}/hr/v1", PROBE_MODULE}


def test_a_new_route_waits_for_ords_and_a_removed_one_goes_from_the_gateway_first() -> None:
    world = world_of(moving(), OTHER)
    history = changed(world, OTHER, make.route("new", path="/new"))
    assert world.ready() == ("True", "Succeeded")
    history.check()
    order = history.actions
    assert order.index("create route GET /hr/v1/new") < order.index(f"delete route {KEY}")
    assert history.moments[-1].handlers() == {
        (f"{OLD}/hr/v1", "things", "POST"),
        (f"{OLD}/hr/v1", "new", "GET"),
        (PROBE_MODULE, "_probe", "GET"),
    }


def test_a_removed_route_s_throttle_goes_before_it() -> None:
    world = world_of(moving(throttle={"requestsPerSecond": 1, "burst": 1}), OTHER)
    history = changed(world, OTHER)
    history.check()
    order = history.actions
    assert order.index(f"remove the throttle of {KEY}") < order.index(f"delete route {KEY}")
    stage = the_api(world).stage
    assert stage is not None
    assert set(stage.route_throttles) == {PROBE_KEY}


def test_giving_up_tokens_keeps_the_authorizer_while_a_link_still_needs_it() -> None:
    world = world_of(moving())
    history = changed(world, moving(auth="Public"), auth=None)
    assert world.ready() == ("True", "Succeeded")
    history.check()
    assert the_api(world).authorizers == {}
    assert schema(world).profile is None
    assert not events(world, "InternalError")


def test_another_audience_changes_both_gates() -> None:
    world = world_of(moving())
    found = dict(world.kube.objects[("IdentityProvider", None, "staff")])
    world.apply({**found, "spec": {**found["spec"], "audiences": ["hr-api", "other"]}})
    auth = {"jwt": {"providerRef": {"name": "staff"}, "defaultScope": "a.read", "audience": "other"}}
    changed(world, moving(), auth=auth)
    assert world.ready() == ("True", "Succeeded")
    profile = schema(world).profile
    assert profile is not None
    assert profile.audience == the_api(world).authorizers["jwt"].audience == "other"


def test_links_can_be_left_out_later() -> None:
    world = world_of(moving())
    changed(world, moving(), links=False)
    assert set(the_api(world).routes) == {KEY, PROBE_KEY}


def test_another_vpc_link_changes_the_integrations_in_place() -> None:
    world = world_of(moving(), OTHER)
    for link_id in list(world.backends.aws.links):
        del world.backends.aws.links[link_id]
    history = History(world)
    resync(world, 60)
    assert world.ready() == ("True", "Succeeded")
    (link_id,) = world.backends.aws.links
    links = {r.integration.vpc_link_id for r in the_api(world).routes.values() if r.integration is not None}
    assert links == {link_id}
    assert [action for action in history.actions if "route" in action] == []
    assert sum(action.startswith("update integration") for action in history.actions) == 3  # links and probe apart
    kept = [
        {route.integration.vpc_link_id for route in m.routes.values() if route.integration} for m in history.moments
    ]
    assert all(len(found) == 1 for found in kept), "callers met both links at once"


def test_the_database_s_default_throttle_is_the_stage_s() -> None:
    world = world_of(moving())
    found = dict(world.kube.objects[("OracleDatabase", None, "db")])
    world.apply({**found, "spec": {**found["spec"], "defaultThrottle": {"requestsPerSecond": 3, "burst": 4}}})
    world.settle()
    stage = the_api(world).stage
    assert stage is not None
    assert stage.throttle == Throttle(3.0, 4)
    assert world.ready(API) == ("True", "Succeeded")
