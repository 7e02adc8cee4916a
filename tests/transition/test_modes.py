"""Approve waits for one plan and no other, Report writes nothing outside; a crash asks for no second approval."""

from dataclasses import replace
from typing import Any

import pytest

from oracleapi.model import gateway as g
from support import make
from support.crashes import Ended, Outside
from support.small_world import API, SmallWorld
from support.worlds import LINK, actions, annotate, api, drift_of, edit, events, resync, schema, the_api, written

KEY = "GET /hr/v1/things"


def offers() -> list[dict[str, Any]]:
    return [found for found in make.world() if found["kind"] != "OracleApi"]


def waiting() -> SmallWorld:
    """Return a world whose new API waits for approval."""
    return SmallWorld(*offers(), api(make.route("list"), mode="Approve"))


def plan(world: SmallWorld) -> dict[str, Any]:
    found: dict[str, Any] = world.kube.status(*API)["plan"]
    return found


def approve(world: SmallWorld, hash_: str | None = None) -> None:
    annotate(world, API, approved_plan=hash_ or plan(world)["hash"])


def approved() -> SmallWorld:
    world = waiting()
    approve(world)
    world.settle(200)
    assert world.ready() == ("True", "Succeeded")
    return world


def retention(world: SmallWorld, days: int = 1) -> None:
    groups = world.backends.aws.log_groups
    groups.update({name: g.LogGroup(name, days) for name in groups})


def of_api(world: SmallWorld) -> list[str]:
    return [call for call in actions(world) if call != "CreateVpcLink"]


def test_a_new_api_waits_and_tells_what_would_be_done_and_how_to_approve_it() -> None:
    world = waiting()
    assert world.ready() == ("False", "PlanWaiting")
    assert of_api(world) == []
    assert plan(world)["hash"] in world.message()
    assert "kubectl -n hr annotate oracleapi hr --overwrite oracleapi.dev/approved-plan=" in world.message()
    assert plan(world)["summary"] == "11 create, 1 update, 0 delete; 5 AWS calls"
    first = plan(world)["actions"][0]
    assert first == {
        "on": "oracle", "verb": "create", "object": "schema HR_API as hr_api", "destructive": False, "calls": 1,
    }  # fmt: skip
    assert world.kube.status(*API)["routesServing"] == "0/1"


def test_the_hash_of_a_plan_is_the_same_in_every_pass_and_process() -> None:
    world = waiting()
    before = plan(world)
    with written(world) as found:
        resync(world)
        world.restart()
        resync(world)
    assert plan(world) == before
    assert found == []


def test_an_approved_plan_is_carried_out_to_its_end_and_is_gone_from_status() -> None:
    world = approved()
    status = world.kube.status(*API)
    assert "plan" not in status
    assert status["approvedPlan"]["applied"]
    with written(world) as found:
        resync(world)
    assert found == []


def test_another_hash_approves_nothing() -> None:
    world = waiting()
    approve(world, "0" * 64)
    world.settle(200)
    assert world.ready() == ("False", "PlanWaiting")
    assert "approves another plan" in world.message()
    assert of_api(world) == []


def test_a_changed_spec_makes_another_hash_handler_sources_included() -> None:
    world = waiting()
    before = plan(world)["hash"]
    edit(world, API, routes=[make.route("list", handler={"source": "select 2 as two from dual"})])
    approve(world, before)
    world.settle(200)
    assert plan(world)["hash"] != before
    assert of_api(world) == []


def test_a_world_that_changed_between_plan_and_approval_needs_another_approval() -> None:
    world = approved()
    retention(world, 1)
    resync(world)
    before = plan(world)["hash"]
    retention(world, 3)
    approve(world, before)
    world.settle(200)
    assert world.ready() == ("False", "PlanWaiting")
    assert plan(world)["hash"] != before
    assert set(world.backends.aws.log_groups.values()) == {g.LogGroup("/aws/vendedlogs/oracleapi/cluster-1/hr/hr", 3)}


def test_drift_waits_for_a_new_approval_even_where_it_is_the_same_as_before() -> None:
    world = approved()
    for _ in range(2):
        retention(world)
        resync(world)
        assert world.ready() == ("False", "PlanWaiting")
        assert world.condition("Drifted") == ("True", "Drifted")
        assert {field for _, field in drift_of(world)} == {"retention_days"}
        approve(world)
        world.settle(200)
        assert world.ready() == ("True", "Succeeded")
        assert world.condition("Drifted") == ("absent", "")


def test_an_edit_is_a_plan_and_no_drift_and_a_new_route_does_not_claim_to_serve() -> None:
    world = approved()
    edit(world, API, routes=[make.route("list"), make.route("new", path="/new")])
    world.settle(200)
    assert world.ready() == ("False", "PlanWaiting")
    assert world.condition("Drifted") == ("absent", "")
    assert drift_of(world) == set()
    assert world.kube.status(*API)["routesServing"] == "1/2"
    assert world.condition("Protected") == ("True", "Succeeded")


def test_a_move_of_two_phases_needs_one_approval() -> None:
    world = approved()
    edit(world, API, routes=[make.route("list", scope="b.read")])
    world.settle(5)
    approve(world)
    world.settle(200)
    assert world.ready() == ("True", "Succeeded")
    assert the_api(world).routes[KEY].scope == "b.read"
    assert "a.read" not in schema(world).privileges


def test_a_plan_is_approved_before_its_link_is_there_and_carried_out_when_it_is() -> None:
    world = SmallWorld(*offers(), api(make.route("list"), mode="Approve"), start=False)
    world.settle(5, links="PENDING")
    approve(world)
    world.settle(5, links="PENDING")
    assert world.ready() == ("False", "LinkPending")
    world.settle(200)
    assert world.ready() == ("True", "Succeeded")


def test_an_edit_ends_an_approval() -> None:
    world = SmallWorld(*offers(), api(make.route("list"), mode="Approve"), start=False)
    world.settle(5, links="PENDING")
    approve(world)
    world.settle(5, links="PENDING")
    edit(world, API, itemsPerPage=3)
    world.settle(200)
    assert world.ready() == ("False", "PlanWaiting")
    assert "CreateApi" not in of_api(world)


@pytest.mark.parametrize("change", ["create", "move"])
def test_a_kill_at_any_call_after_an_approval_needs_no_second_one(change: str) -> None:
    number = -1
    while True:
        number += 1
        world = waiting() if change == "create" else approved()
        if change == "move":
            edit(world, API, routes=[make.route("list", scope="b.read")])
            world.settle(5)
        approve(world)
        outside = Outside(world)
        outside.crash(number, "killed before")
        try:
            world.settle(200)
        except Ended:
            outside.meet = None
            world.restart()
            world.settle(300)
            assert world.ready() == ("True", "Succeeded"), number
            assert world.backends.aws.calls.count("CreateApi") == 1
            continue
        assert len(outside.calls) <= number
        return


def test_approve_honours_deletion() -> None:
    world = approved()
    world.delete(*API)
    world.settle(200)
    assert world.kube.find(*API) is None
    assert world.backends.aws.apis == {}


def test_report_makes_nothing_and_says_so() -> None:
    world = SmallWorld(*offers(), api(make.route("list"), mode="Report"))
    approve(world)
    resync(world)
    assert world.ready() == ("False", "Drifted")
    assert world.condition("Drifted") == ("True", "Drifted")
    assert ("API", "existence") in drift_of(world)
    assert of_api(world) == []
    with written(world) as found:
        resync(world)
    assert found == []


def test_report_is_ready_while_the_world_is_as_desired_and_tells_drift_without_repairing_it() -> None:
    world = SmallWorld(*make.world())
    edit(world, API, mode="Report")
    world.settle(200)
    assert world.ready() == ("True", "Succeeded")
    retention(world)
    route = the_api(world).routes[KEY]
    the_api(world).routes[KEY] = replace(route, scope="x.any")
    before = actions(world)
    resync(world)
    assert world.ready() == ("False", "Drifted")
    assert {field for _, field in drift_of(world)} == {"retention_days", "scope"}
    assert plan(world)["actions"]
    assert actions(world) == before
    assert events(world, "DriftRepaired") == []
    retention(world, 90)
    the_api(world).routes[KEY] = route
    resync(world)
    assert world.ready() == ("True", "Succeeded")
    assert drift_of(world) == set()
    assert world.condition("Drifted") == ("absent", "")
    assert actions(world) == before


def test_report_leaves_everything_behind_when_it_is_deleted() -> None:
    world = SmallWorld(*make.world())
    edit(world, API, mode="Report")
    world.delete(*API)
    world.settle(200)
    assert world.kube.find(*API) is None
    assert the_api(world).stage is not None
    assert schema(world).modules
    assert len(events(world, "LeftOutside")) == 1


@pytest.mark.parametrize(
    ("kind", "minimum", "mode", "ready"),
    [
        (2, "Approve", "Enforce", ("False", "ModeTooWeak")),
        (2, "Approve", "Approve", ("False", "PlanWaiting")),
        (2, "Approve", "Report", ("False", "Drifted")),
        (2, "Report", "Approve", ("False", "ModeTooWeak")),
        (0, "Approve", "Enforce", ("False", "ModeTooWeak")),
        (0, "Enforce", "Enforce", ("True", "Succeeded")),
    ],
)
def test_an_author_is_as_careful_as_the_delegation_asks(
    kind: int, minimum: str, mode: str, ready: tuple[str, str]
) -> None:
    found = offers()
    names: dict[str, Any] = {"namespaces": {"names": ["hr"]}, "minimumMode": minimum}
    found[kind]["spec"]["delegations"] = [names if kind == 0 else {**names, "schemas": ["HR_API"]}]
    world = SmallWorld(*found, api(make.route("list"), mode=mode))
    assert world.ready() == ready
    if ready[1] == "ModeTooWeak":
        assert "spec.mode" in world.message()
        assert minimum in world.message()
        assert of_api(world) == []


def test_a_link_waits_for_approval_too() -> None:
    found = offers()
    found[1]["spec"]["mode"] = "Approve"
    world = SmallWorld(*found)
    assert world.ready(LINK) == ("False", "PlanWaiting")
    assert world.backends.aws.links == {}
    hash_ = world.kube.status(*LINK)["plan"]["hash"]
    annotate(world, LINK, approved_plan=hash_)
    world.settle(200)
    assert world.ready(LINK) == ("True", "Succeeded")
    world.backends.aws.links.clear()
    resync(world)
    assert world.ready(LINK) == ("False", "PlanWaiting")
    assert world.condition("Drifted", LINK) == ("True", "Drifted")
    assert world.kube.status(*LINK)["plan"]["hash"] != hash_


def test_a_link_under_report_is_never_made() -> None:
    found = offers()
    found[1]["spec"]["mode"] = "Report"
    world = SmallWorld(*found)
    assert world.ready(LINK) == ("False", "Drifted")
    assert world.backends.aws.links == {}


def test_enforce_writes_no_more_for_the_sake_of_a_plan() -> None:
    world = SmallWorld(*offers())
    with written(world) as found:
        world.apply(api(make.route("list")))
        world.settle(200)
    assert world.ready() == ("True", "Succeeded")
    assert len([call for call in found if call.endswith("OracleApi/hr")]) <= 5
    assert "plan" not in world.kube.status(*API)
