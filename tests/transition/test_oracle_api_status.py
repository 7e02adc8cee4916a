"""What status says when a pass ends early, when somebody asks for a pass, and where an API lives elsewhere."""

from dataclasses import replace
from typing import Any

import pytest

from oracleapi.errors import Retryable, Terminal
from support import make
from support.fakes import FakeGateway
from support.small_world import API, SmallWorld
from support.worlds import DATABASE, annotate, drift_of, edit, events, resync, the_api, world_of, written

SECOND = {"accountId": "210987654321", "region": "eu-west-1", "allowedNamespaces": {"names": ["hr"]}}
HALVES = ("GatewayReady", "OrdsReady", "Protected")


def test_conditions_of_the_halves_stay_as_last_seen_when_a_pass_ends_early() -> None:
    world = SmallWorld(*make.world())
    edit(world, API, auth={"jwt": {"providerRef": {"name": "typo"}, "defaultScope": "a.read"}})
    world.settle()
    assert world.ready() == ("False", "RefNotPermitted")
    found = {one["type"]: one for one in world.kube.status(*API)["conditions"]}
    assert [(found[half]["status"], found[half]["observedGeneration"]) for half in HALVES] == [("True", 1)] * 3
    assert found["Ready"]["observedGeneration"] == 2


@pytest.mark.parametrize("call", ["list_apis", "observe_content", "observe_stage"])
def test_routes_stay_as_last_seen_while_the_gateway_cannot_be_looked_at(call: str) -> None:
    world = world_of(make.route("list"))
    world.backends.aws.faults[call] = [Retryable("AwsThrottled", "slower")] * 20
    edit(world, API, routes=[make.route("list"), make.route("new", path="/new")])
    resync(world, 30)
    assert world.ready() == ("Unknown", "AwsThrottled")
    assert states(world) == {"list": "Serving", "new": "Pending"}


def test_a_route_that_is_not_at_the_gateway_yet_is_not_said_to_serve() -> None:
    world = world_of(make.route("list"))
    world.backends.aws.faults["CreateRoute"] = [Retryable("AwsThrottled", "slower")] * 20
    edit(world, API, routes=[make.route("list", scope="b.read"), make.route("new", path="/new")])
    world.settle(60)
    assert states(world) == {"list": "Serving", "new": "Pending"}
    world.backends.aws.faults.clear()
    world.settle(300)
    assert states(world) == {"list": "Serving", "new": "Serving"}


def test_what_a_stage_deploys_by_hand_is_told_as_it_was_last_seen() -> None:
    """Routes are there, and callers may meet an older deployment."""
    world = world_of(make.route("list"), mode="Report")
    assert states(world) == {"list": "Pending"}
    edit(world, API, mode="Enforce")
    world.settle(60)
    the_api(world).stage = replace(the_api(world).stage, auto_deploy=False)
    edit(world, API, mode="Report")
    resync(world)
    assert world.ready() == ("False", "Drifted")
    assert states(world) == {"list": "Serving"}


def states(world: SmallWorld) -> dict[str, str]:
    return {entry["name"]: entry["state"] for entry in world.kube.status(*API)["routes"]}


def test_a_request_takes_no_shortcut_is_echoed_and_writes_nothing_more() -> None:
    world = SmallWorld(*make.world())
    world.settle(30)
    before = list(world.backends.aws.calls)
    with written(world) as found:
        annotate(world, API, reconcile_requested_at="now")
        world.settle(5)
    assert "observe_content" in world.backends.aws.calls[len(before) :]
    assert found == ["status OracleApi/hr"]
    assert world.kube.status(*API)["lastHandledReconcileAt"] == "now"


def test_the_resync_period_of_the_spec_counts() -> None:
    world = SmallWorld(*make.world())
    edit(world, API, resyncSeconds=3600)
    world.settle(200)
    before = world.backends.database.calls.count("observe_schema")
    world.settle(3000)
    assert world.backends.database.calls.count("observe_schema") == before
    world.clock.advance(1200)
    world.settle(10)
    assert world.backends.database.calls.count("observe_schema") == before + 1


def test_drift_of_an_api_that_was_not_ready_before_is_told_and_cleared() -> None:
    bad = make.route("bad", path="/bad/{id}", handler={"source": "x", "parameters": [{"name": "no", "in": "Path"}]})
    world = world_of(make.route("list"), bad)
    assert world.ready() == ("False", "RoutesRefused")
    del the_api(world).routes["GET /hr/v1/things"]
    resync(world)
    assert drift_of(world) == {("route GET /hr/v1/things", "existence")}
    assert len(events(world, "DriftRepaired")) == 1
    resync(world)
    assert drift_of(world) == set()


def test_drift_that_meets_an_edit_is_told_and_the_edit_is_not() -> None:
    world = world_of(make.route("list"))
    del the_api(world).routes["GET /hr/v1/things"]
    edit(world, API, routes=[make.route("list"), make.route("new", path="/new")])
    world.settle(200)
    assert world.ready() == ("True", "Succeeded")
    assert drift_of(world) == {("route GET /hr/v1/things", "existence")}


@pytest.mark.parametrize("restart", [False, True])
def test_a_route_that_turns_out_unsafe_is_no_drift(restart: bool) -> None:
    world = world_of(make.route("list"), make.route("open", path="/open/{name}", auth="Public"))
    world.backends.ords.answers["%2e%2e/%2e%2e"] = 200
    if restart:
        world.restart()
    resync(world)
    assert world.ready() == ("False", "RoutesRefused")
    assert events(world, "DriftRepaired") == []
    assert drift_of(world) == set()


def two_accounts(world: SmallWorld) -> FakeGateway:
    """Give *world* a second account with a link of its own, and lead its database there."""
    other, first = FakeGateway(), world.backends.aws

    def gateway(spec: Any, *_: Any) -> FakeGateway:
        return other if spec.account_id == SECOND["accountId"] else first

    world.backends.gateway = gateway  # type: ignore[method-assign]
    world.apply(make.resource("AwsAccount", "second", SECOND))
    found = make.world()[1]["spec"]
    world.apply(make.resource("VpcLink", "second", {**found, "accountRef": {"name": "second"}}))
    world.settle(5)
    for link_id, link in other.links.items():
        other.links[link_id] = link.__class__(**{**link.__dict__, "state": "AVAILABLE"})
    world.settle(30)
    ords = world.kube.objects[DATABASE]["spec"]["ords"]
    target = {**ords["gatewayTarget"], "vpcLinkRef": {"name": "second"}}
    edit(world, DATABASE, ords={**ords, "gatewayTarget": target})
    world.settle(60)
    return other


@pytest.mark.parametrize("lost", [False, True], ids=["with status", "without status"])
def test_an_api_that_lives_in_another_account_is_not_made_twice(lost: bool) -> None:
    world = SmallWorld(*make.world())
    if lost:
        world.kube.objects[API]["status"] = {"observedGeneration": -1}
    other = two_accounts(world)
    resync(world)
    assert world.ready() == ("False", "AccountChanged")
    assert "123456789012" in world.message()
    assert other.apis == {}


def test_an_account_that_does_not_answer_leaves_it_open_where_an_api_lives() -> None:
    world = SmallWorld(*make.world())

    def down(*_: Any, **__: Any) -> Any:
        raise Retryable("AwsUnavailable", "no answer")

    world.backends.aws.list_apis = down  # type: ignore[method-assign]
    other = two_accounts(world)
    resync(world)
    assert world.ready() == ("Unknown", "AwsUnavailable")
    assert other.apis == {}


def test_a_deletion_waits_while_the_api_lives_in_another_account() -> None:
    world = SmallWorld(*make.world())
    two_accounts(world)
    world.delete(*API)
    world.settle(60)
    assert world.ready() == ("False", "AccountChanged")
    assert the_api(world).stage is not None


def test_one_reason_is_one_event_however_often_a_state_flips() -> None:
    world = SmallWorld(*make.world())
    for _ in range(5):
        world.backends.database.down = Terminal("OracleRefused", "ORA-20001")
        resync(world, 1)
        world.backends.database.down = None
        annotate(world, API, reconcile_requested_at=str(world.clock.time))
        world.settle(5)
    told = [name for name, _, reason, _ in world.kube.events if (name, reason) == ("hr", "OracleRefused")]
    assert 1 <= len(told) < 5
