"""``NetworkReady`` and ``CorrelationProven``: proven by traffic, told where they fail, and nothing waits for them."""

from dataclasses import replace

import pytest

from oracleapi.errors import Terminal
from oracleapi.ports import Answer
from support import make
from support.history import History
from support.small_world import API, SmallWorld, standard
from support.worlds import (
    DATABASE,
    LINK,
    PROBE_KEY,
    PROBE_MODULE,
    annotate,
    api,
    edit,
    resync,
    schema,
    the_api,
    world_of,
    written,
)

PROVEN = ("True", "Succeeded")
UNKNOWN = ("Unknown", "NoProbePath")


def both(world: SmallWorld) -> tuple[tuple[str, str], tuple[str, str]]:
    """Return (status, reason) of NetworkReady and of CorrelationProven."""
    return world.condition("NetworkReady"), world.condition("CorrelationProven")


def broken(world: SmallWorld, status: int) -> Answer:
    """Let the gateway answer for a listener that it does not reach."""
    found = world.backends.aws.network.by_gateway(status)
    world.backends.aws.network.listener = found
    return found


def asked(world: SmallWorld) -> int:
    return len(world.backends.aws.invoked)


def test_one_request_proves_the_way_from_the_gateway_to_the_database_and_back() -> None:
    world = standard()
    assert both(world) == (PROVEN, PROVEN)
    assert world.backends.aws.invoked == [f"{the_api(world).identity.endpoint}/hr/v1/_probe"]


def test_a_routine_check_asks_once_and_writes_nothing_where_nothing_changed() -> None:
    world = standard()
    for checks in (2, 3, 4):
        with written(world) as found:
            resync(world)
        assert (found, asked(world)) == ([], checks)


def test_passes_between_routine_checks_do_not_ask() -> None:
    world = standard()
    for _ in range(5):
        world.operator.queue.add(API)
        world.settle(10)
        world.clock.advance(10)
    assert asked(world) == 1
    assert both(world) == (PROVEN, PROVEN)


def test_a_change_and_a_request_are_asked_for_at_once() -> None:
    world = standard()
    world.apply(api(make.route("list", timeoutMilliseconds=1000)))
    world.settle()
    assert asked(world) == 2
    annotate(world, API, reconcile_requested_at="now")
    world.settle()
    assert asked(world) == 3


@pytest.mark.parametrize("status", [500, 503, 504])
def test_a_listener_that_is_not_reached_is_told_and_nothing_else_waits(status: int) -> None:
    world = SmallWorld(*make.world(), start=False)
    broken(world, status)
    world.settle()
    assert both(world) == (("False", "IntegrationFailed"), ("Unknown", "IntegrationFailed"))
    assert make.LISTENER in world.told("NetworkReady")
    assert world.ready() == PROVEN
    assert world.kube.status(*API)["routesServing"] == "1/1"
    world.backends.aws.network.listener = None
    resync(world)
    assert both(world) == (PROVEN, PROVEN)


def test_what_failed_right_after_a_change_is_asked_once_more_and_then_left_to_routine_checks() -> None:
    world = standard()
    broken(world, 503)
    resync(world, 250)
    assert asked(world) == 3
    with written(world) as found:
        resync(world, 250)
    assert (found, asked(world)) == ([], 4)


def test_a_database_that_is_led_to_another_listener_is_asked_again() -> None:
    world = standard()
    broken(world, 503)
    target = world.kube.objects[DATABASE]["spec"]["ords"]["gatewayTarget"]
    ords = world.kube.objects[DATABASE]["spec"]["ords"]
    edit(world, DATABASE, ords={**ords, "gatewayTarget": {**target, "listenerArn": make.LISTENER + "0"}})
    world.settle(60)
    assert world.condition("NetworkReady") == ("False", "IntegrationFailed")
    assert make.LISTENER + "0" in world.told("NetworkReady")


def test_a_link_that_is_gone_is_no_network() -> None:
    world = standard()
    links = dict(world.backends.aws.links)
    world.backends.aws.links.clear()
    world.kube.objects[LINK]["spec"]["suspend"] = True  # nobody puts it back
    resync(world, 60)
    assert world.condition("NetworkReady") == ("False", "IntegrationFailed")
    world.backends.aws.links.update(links)
    resync(world, 60)
    assert both(world) == (PROVEN, PROVEN)


def test_without_the_right_to_invoke_nothing_is_known_and_nothing_else_fails() -> None:
    world = standard()
    world.backends.aws.network.may_invoke = False
    resync(world)
    assert both(world) == (UNKNOWN, UNKNOWN)
    assert "ProveTheNetwork" in world.told("NetworkReady")
    assert world.ready() == PROVEN
    world.backends.aws.network.may_invoke = True
    resync(world)
    assert both(world) == (PROVEN, PROVEN)


@pytest.mark.parametrize("fault", [None, Terminal("CredentialsMissing", "no AWS credentials: give some")])
def test_an_endpoint_that_cannot_be_called_is_no_fault_of_the_network(fault: Terminal | None) -> None:
    world = standard()
    world.backends.aws.network.reached, world.backends.aws.network.fault = False, fault
    resync(world)
    assert both(world) == (UNKNOWN, UNKNOWN)
    assert world.ready() == PROVEN


def test_a_request_id_that_does_not_arrive_is_told() -> None:
    world = standard()
    world.backends.aws.network.keeps_header = False
    resync(world)
    assert both(world) == (PROVEN, ("False", "NotCorrelated"))
    assert "Request-Id" in world.told("CorrelationProven")


def test_a_throttle_that_was_met_changes_nothing_that_is_known() -> None:
    world = standard()
    broken(world, 429)
    with written(world) as found:
        resync(world)
    assert (found, both(world)) == ([], (PROVEN, PROVEN))
    world.restart()
    world.settle(10)
    assert both(world) == (("Unknown", "AwsThrottled"), ("Unknown", "AwsThrottled"))
    world.backends.aws.network.listener = None
    world.settle(60)
    assert both(world) == (PROVEN, PROVEN)


def test_an_ords_that_takes_the_signature_for_a_token_says_nothing_of_the_network() -> None:
    world = standard()
    world.backends.aws.network.listener = world.backends.aws.network.by_ords(401)
    resync(world)
    assert both(world) == (UNKNOWN, UNKNOWN)
    assert "signature" in world.told("NetworkReady")


@pytest.mark.parametrize("status", [400, 403, 404])
def test_an_ords_that_refuses_is_told(status: int) -> None:
    world = standard()
    world.backends.aws.network.listener = world.backends.aws.network.by_ords(status)
    resync(world)
    assert both(world) == (("False", "ProbeRefused"), ("Unknown", "ProbeRefused"))


def test_another_backend_that_answers_is_not_taken_for_ords() -> None:
    world = standard()
    world.backends.aws.network.listener = Answer(200, "r", b"<html>It works!</html>")
    resync(world)
    assert world.condition("NetworkReady") == ("False", "ProbeRefused")


def test_switched_off_and_on_again_route_module_and_conditions_follow() -> None:
    world = world_of(make.route("list"))
    world.clock.advance(300)
    history = History(world)
    world.apply(api(make.route("list"), probe=False))
    world.settle(300)
    assert world.ready() == PROVEN
    assert PROBE_KEY not in the_api(world).routes
    assert PROBE_MODULE not in schema(world).modules
    assert "IAM" not in {group["auth"] for group in world.kube.status(*API)["groups"]}
    assert both(world) == (UNKNOWN, UNKNOWN)
    before = asked(world)
    resync(world)
    assert asked(world) == before
    world.apply(api(make.route("list")))
    world.settle(300)
    assert both(world) == (PROVEN, PROVEN)
    history.check()


def test_a_suspended_api_is_not_asked() -> None:
    world = standard()
    edit(world, API, suspend=True)
    world.settle()
    resync(world)
    assert asked(world) == 1


def test_a_withdrawn_permission_takes_the_probe_off_the_air_with_the_api() -> None:
    world = standard()
    edit(world, DATABASE, delegations=[])
    world.settle(10)
    world.clock.advance(700)
    world.settle(60)
    assert the_api(world).stage is None
    assert schema(world).modules[PROBE_MODULE].status == "NOT_PUBLISHED"
    assert both(world) == (("Unknown", "Unpublished"), ("Unknown", "Unpublished"))
    before = asked(world)
    resync(world)
    assert asked(world) == before


def test_a_retained_api_keeps_its_probe_and_a_deleted_one_takes_it_along() -> None:
    world = standard()
    annotate(world, API, deletion_policy="Retain")
    world.delete(*API)
    world.settle(300)
    assert PROBE_KEY in the_api(world).routes
    world.apply(api(make.route("list")))
    world.settle(300)
    assert both(world) == (PROVEN, PROVEN)
    annotate(world, API, deletion_policy="Delete")
    world.delete(*API)
    world.settle(300)
    assert world.backends.aws.apis == {}
    assert schema(world).modules == {}


def test_a_report_only_api_that_is_as_desired_is_asked() -> None:
    world = standard()
    edit(world, API, mode="Report")
    world.settle(60)
    assert world.ready() == PROVEN
    assert asked(world) == 2


def test_a_probe_route_that_was_opened_by_hand_is_closed_at_once_and_proven_again() -> None:
    world = standard()
    routes = the_api(world).routes
    routes[PROBE_KEY] = replace(routes[PROBE_KEY], authorization="NONE")
    resync(world)
    assert the_api(world).routes[PROBE_KEY].authorization == "AWS_IAM"
    assert both(world) == (PROVEN, PROVEN)
