"""IAM routes behind the guard: served once ORDS is proven to call it, with a gateway key that nobody sees and that is
replaced by itself without a caller noticing."""

from dataclasses import replace
from typing import Any

import pytest

from oracleapi.model.gateway import CALLER_HEADER
from oracleapi.model.hidden import Hidden
from support import make
from support.fake_guard import FakeGuard
from support.history import History
from support.small_world import API, SmallWorld
from support.worlds import DATABASE, actions, annotate, drift_of, edit, events, resync, schema, the_api, written

OWNER = "cluster-1/OracleApi/hr/hr"
READ = make.route("list")
SIGNED = make.route("signed", path="/signed/{id}", auth="IAM")
BATCH = make.route("batch", path="/batch", method="POST", auth="IAM", timeoutMilliseconds=5000)
DAY_S = 86400.0


def world_with(*routes: dict[str, Any], **fields: Any) -> SmallWorld:
    found = SmallWorld(*make.guarded_world(**make.api_spec(*(routes or (READ, SIGNED, BATCH)), **fields)))
    found.settle()
    return found


def guard(world: SmallWorld) -> FakeGuard:
    return world.backends.database.guard


def sent_keys(world: SmallWorld) -> set[str]:
    """Return the keys that the gateway sends with IAM callers."""
    found = set()
    for route in the_api(world).deployed.routes.values():
        header = dict(route.integration.headers).get(CALLER_HEADER) if route.integration is not None else None
        if header is not None:
            assert isinstance(header, Hidden)
            key, arn, route_key = header.reveal().split(" ")
            assert (arn, route_key) == ("${context.identity.userArn}", "${context.routeKey}")
            found.add(key)
    return found


def later(world: SmallWorld, seconds: float) -> None:
    world.clock.advance(seconds)
    world.settle()


def state(world: SmallWorld, name: str = "signed") -> tuple[str, str]:
    (found,) = [entry for entry in world.kube.status(*API)["routes"] if entry["name"] == name]
    return found["state"], found.get("reason", "")


def nowhere(world: SmallWorld) -> bool:
    at_gateway = [key for key in the_api(world).routes if "/signed" in key]
    at_ords = [name for name in schema(world).modules if name.startswith("oa-iam/")]
    return not at_gateway and not at_ords


def test_iam_routes_are_served_with_a_key_that_the_guard_takes_and_the_next_pass_writes_nothing() -> None:
    world = world_with()
    assert world.ready() == ("True", "Succeeded"), world.message()
    assert world.kube.status(*API)["routesServing"] == "3/3"
    routes = the_api(world).routes
    assert routes["GET /hr/v1/signed/{id}"].authorization == "AWS_IAM"
    assert routes["GET /ords/hr_api/oa-iam/hr/v1/signed/{id}"].authorization == "AWS_IAM"
    (key,) = sent_keys(world)
    assert len(key) >= 43
    assert guard(world).takes(OWNER, key)
    (row,) = [found for found in guard(world).routes[OWNER].values() if found.name == "signed"]
    assert (row.auth, row.route_key, row.link_key) == (
        "IAM", "GET /hr/v1/signed/{id}", "GET /ords/hr_api/oa-iam/hr/v1/signed/{id}",
    )  # fmt: skip
    with written(world) as found:
        resync(world)
    assert found == []


def test_nothing_is_at_ords_before_it_is_proven_to_call_the_guard() -> None:
    world = SmallWorld(*make.guarded_world(**make.api_spec(READ, SIGNED)), start=False)
    world.backends.ords.hooked = False
    history = History(world)
    world.settle()
    assert nowhere(world)
    assert state(world) == ("Withdrawn", "GuardNotCalled")
    assert world.ready() == ("False", "RoutesRefused")
    world.backends.ords.hooked = True
    world.settle(700)
    history.check()
    assert state(world) == ("Serving", "")
    assert world.ready() == ("True", "Succeeded")


def test_a_new_api_is_waited_with_only_until_ords_has_answered() -> None:
    world = SmallWorld(*make.guarded_world(**make.api_spec(SIGNED, auth=None)), start=False)
    history = History(world)
    world.settle()
    history.check()
    assert world.ready() == ("True", "Succeeded")
    assert events(world, "RoutesRefused") == []


def test_a_guard_that_is_called_no_more_takes_the_routes_from_the_gateway_first() -> None:
    world = world_with()
    world.clock.advance(300)
    history = History(world)
    world.backends.ords.hooked = False
    resync(world)
    world.settle(300)
    history.check()
    assert nowhere(world)
    assert state(world) == ("Withdrawn", "GuardNotCalled")
    assert state(world, "list") == ("Serving", "")
    assert "gatewayKey" not in world.kube.status(*API)
    world.backends.ords.hooked = True
    resync(world)
    world.settle(300)
    history.check()
    assert state(world) == ("Serving", "")


def test_an_ords_that_serves_nothing_for_a_moment_takes_no_route_away() -> None:
    world = world_with()
    world.backends.ords.answers["/_closed"] = 404
    resync(world)
    assert state(world) == ("Serving", "")
    assert world.ready() == ("False", "WaitingForOrds")
    del world.backends.ords.answers["/_closed"]
    world.settle(700)
    assert world.ready() == ("True", "Succeeded")


def test_a_schema_that_may_do_more_than_its_roles_withdraws_them_unless_that_is_meant() -> None:
    world = world_with()
    guard(world).bypasses["HR_API"] = ("owns table SALARIES",)
    resync(world)
    world.settle(300)
    assert state(world) == ("Withdrawn", "RolesNotEnforced")
    assert "owns table SALARIES" in world.message()
    edit(world, DATABASE, allowUnenforcedRoles=True)
    world.settle(300)
    assert state(world) == ("Serving", "")


def test_turned_off_the_guard_leaves_no_iam_route() -> None:
    world = world_with()
    world.clock.advance(300)
    ords = {**world.kube.objects[DATABASE]["spec"]["ords"], "guard": "Off"}
    edit(world, DATABASE, ords=ords)
    world.settle(300)
    assert nowhere(world)
    assert state(world) == ("Withdrawn", "GuardOff")


def test_a_key_is_replaced_when_its_time_is_over_and_the_old_one_stays_valid_for_who_is_on_the_way() -> None:
    world = world_with(gatewayKey={"rotateEveryDays": 2})
    (old,) = sent_keys(world)
    made = world.kube.status(*API)["gatewayKey"]["createdTime"]
    later(world, DAY_S)
    assert sent_keys(world) == {old}
    history = History(world)
    later(world, DAY_S + 60)
    (new,) = sent_keys(world)
    assert new != old
    assert guard(world).takes(OWNER, new)
    assert guard(world).takes(OWNER, old)
    assert world.kube.status(*API)["gatewayKey"]["createdTime"] > made
    calls = actions(world)
    assert len(calls) - 1 - calls[::-1].index("ChangeKeys") > calls.index("ChangeKeys")
    later(world, 300)
    assert not guard(world).takes(OWNER, old)
    history.check()
    assert drift_of(world) == set()
    assert world.ready() == ("True", "Succeeded")
    later(world, 2 * DAY_S)
    assert new not in sent_keys(world)
    assert len(guard(world).keys[OWNER]) == 2


@pytest.mark.parametrize("what", ["row", "mapping"])
def test_a_key_that_somebody_touched_is_replaced(what: str) -> None:
    world = world_with()
    (old,) = sent_keys(world)
    if what == "row":
        guard(world).keys[OWNER].clear()
    else:
        api = the_api(world)
        for key, route in api.routes.items():
            if "/signed" in key and route.integration is not None:
                stolen = tuple(
                    (name, Hidden(value.reveal().replace(old, "mine")) if isinstance(value, Hidden) else value)
                    for name, value in route.integration.headers
                )
                api.routes[key] = replace(route, integration=replace(route.integration, headers=stolen))
    resync(world)
    assert "mine" not in sent_keys(world)
    assert all(guard(world).takes(OWNER, key) for key in sent_keys(world))
    assert world.ready() == ("True", "Succeeded")


def test_under_approve_a_new_key_waits_for_approval_and_the_plan_has_one_hash() -> None:
    world = world_with()
    (old,) = sent_keys(world)
    edit(world, API, mode="Approve")
    later(world, DAY_S + 60)
    plan = world.kube.status(*API)["plan"]
    assert sent_keys(world) == {old}
    assert any("gateway key" in entry["object"] for entry in plan["actions"])
    resync(world)
    assert world.kube.status(*API)["plan"]["hash"] == plan["hash"]
    annotate(world, API, approved_plan=plan["hash"])
    world.settle(300)
    assert sent_keys(world).isdisjoint({old})


def test_in_a_report_an_old_key_is_no_drift() -> None:
    world = world_with()
    edit(world, API, mode="Report")
    later(world, 2 * DAY_S)
    assert world.ready() == ("True", "Succeeded")


def test_nobody_sees_a_key_or_its_hash() -> None:
    world = world_with()
    keys = {*sent_keys(world)}
    later(world, DAY_S + 60)
    keys |= sent_keys(world)
    world.delete(*API)
    world.settle(300)
    assert len(keys) == 2
    told = repr([world.kube.objects, world.kube.writes, world.kube.events])
    for key in keys:
        assert key not in told
    assert OWNER not in guard(world).keys
