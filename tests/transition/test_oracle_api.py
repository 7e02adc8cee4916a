"""The life of an ``OracleApi``: made in one safe order, at rest without a write, and told apart from our own faults."""

import json
from typing import Any

import pytest

from oracleapi.errors import Retryable
from oracleapi.model.gateway import EnsureLogGroup
from support import make
from support.history import History
from support.small_world import API, SmallWorld, standard
from support.worlds import (
    DATABASE,
    LINK,
    PROVIDER,
    actions,
    annotate,
    api,
    edit,
    events,
    resync,
    schema,
    the_api,
    world_of,
    written,
)

SEVERAL = (
    make.route("list", path="/things/{id}", throttle={"requestsPerSecond": 5, "burst": 9}),
    make.route("add", method="POST", scope="a.write"),
    make.route("health", path="/health", auth="Public"),
)


def offers() -> list[dict[str, Any]]:
    return [found for found in make.world() if found["kind"] != "OracleApi"]


def test_a_first_create_builds_ords_before_the_gateway_and_the_stage_last() -> None:
    world = world_of(*SEVERAL)
    assert world.ready() == ("True", "Succeeded")
    assert [call for call in actions(world) if call != "CreateVpcLink"] == [
        "EnableSchema",
        "ChangeSchema",
        "CreateApi",
        "ImportApi",
        "EnsureLogGroup",
        "CreateStage",
    ]
    assert world.clock.time - 1_000_000 <= 7.0


def test_nothing_is_reachable_before_every_route_is_protected() -> None:
    world = SmallWorld(*make.world(), start=False)
    history = History(world)
    world.settle()
    assert [moment.action for moment in history.live()] == ["create stage $default"]
    history.check()


def test_a_create_of_ten_routes_takes_five_calls_to_aws_and_five_writes_to_kubernetes() -> None:
    world = SmallWorld(*offers())
    routes = [make.route(f"r{n}", path=f"/r{n}") for n in range(10)]
    start, before = len(world.backends.aws.calls), world.clock.time
    with written(world) as found:
        world.apply(api(*routes))
        world.settle()
    assert world.ready() == ("True", "Succeeded")
    assert [call for call in world.backends.aws.calls[start:] if "log_group" not in call and call != "list_links"] == [
        "list_apis",
        "CreateApi",
        "ImportApi",
        "EnsureLogGroup",
        "observe_content",
        "CreateStage",
    ]
    assert len([write for write in found if write.endswith("OracleApi/hr")]) <= 5
    assert world.clock.time - before <= 7.0


def test_an_import_that_drops_mappings_is_put_right_before_the_stage() -> None:
    world = SmallWorld(*make.world(**make.api_spec(*SEVERAL)), start=False)
    world.backends.aws.drop_mappings = True
    history = History(world)
    world.settle()
    assert world.ready() == ("True", "Succeeded")
    assert history.live()[0].action == "create stage $default"
    history.check()


def test_an_import_that_stays_wrong_gets_no_stage() -> None:
    world = SmallWorld(*make.world(), start=False)
    aws = world.backends.aws
    apply = aws.apply

    def stubborn(action: Any) -> None:
        apply(action)
        for found in aws.apis.values():
            found.authorizers.clear()

    aws.apply = stubborn  # type: ignore[method-assign]
    world.settle(30)
    assert world.ready() == ("Unknown", "Unprotected")
    assert the_api(world).stage is None


def test_a_second_pass_plans_nothing_and_writes_nothing_anywhere() -> None:
    world = world_of(*SEVERAL)
    with written(world) as found:
        resync(world)
        resync(world)
    assert found == []


def test_a_restart_writes_nothing() -> None:
    world = world_of(*SEVERAL)
    with written(world) as found:
        world.restart()
        world.settle()
    assert found == []


def test_an_edit_of_a_throttle_is_one_call() -> None:
    world = world_of(make.route("list"))
    with written(world) as found:
        world.apply(api(make.route("list", throttle={"requestsPerSecond": 2, "burst": 3})))
        world.settle()
    assert [call for call in found if "/" not in call] == ["UpdateStage"]
    assert world.ready() == ("True", "Succeeded")


def test_a_new_route_with_a_throttle_gets_both_in_one_edit() -> None:
    world = world_of(make.route("list"))
    history = History(world)
    new = make.route("new", path="/new", throttle={"requestsPerSecond": 2, "burst": 3})
    world.clock.advance(300)
    world.apply(api(make.route("list"), new))
    world.settle(60)
    assert world.ready() == ("True", "Succeeded")
    stage = the_api(world).stage
    assert stage is not None
    assert "GET /hr/v1/new" in stage.route_throttles
    assert not events(world, "AwsRefused")
    history.check()


def test_an_edit_while_waiting_is_acted_on_at_once() -> None:
    world = SmallWorld(*make.world(), start=False)
    world.settle(0, links="PENDING")
    assert world.ready() == ("False", "LinkPending")
    before = world.clock.time
    world.apply(api(make.route("list", handler={"source": "select 2 as two from dual"})))
    world.settle(0, links="PENDING")
    assert world.clock.time == before
    module = schema(world).modules["oa-a-read-524c50/hr/v1"]
    assert module.handlers[("things", "GET")].source == "select 2 as two from dual"


def test_a_request_annotation_makes_a_whole_pass_and_is_echoed() -> None:
    world = standard()
    calls = len(world.backends.aws.calls)
    annotate(world, API, reconcile_requested_at="2026-01-03T04:05:06Z")
    world.settle(0)
    assert "observe_content" in world.backends.aws.calls[calls:]
    assert world.kube.status(*API)["lastHandledReconcileAt"] == "2026-01-03T04:05:06Z"
    with written(world) as found:
        resync(world)
    assert found == []


def test_a_suspended_api_is_left_alone_and_says_so() -> None:
    world = standard()
    edit(world, API, suspend=True)
    world.settle()
    the_api(world).routes.clear()
    with written(world) as found:
        resync(world)
        edit(world, API, basePath="/hr/v1", itemsPerPage=9)
        world.settle()
    assert [write for write in found if write != "status OracleApi/hr"] == []
    assert world.condition("Suspended") == ("True", "Suspended")
    assert world.ready() == ("True", "Succeeded")


def test_a_suspended_api_that_is_resumed_is_put_right() -> None:
    world = standard()
    edit(world, API, suspend=True)
    world.settle()
    the_api(world).routes.clear()
    edit(world, API, suspend=False)
    world.settle()
    assert world.condition("Suspended") == ("absent", "")
    assert world.ready() == ("True", "Succeeded")
    assert "GET /hr/v1/things" in the_api(world).routes


def test_an_api_that_was_born_suspended_makes_nothing() -> None:
    world = SmallWorld(*offers(), api(suspend=True))
    assert world.ready() == ("Unknown", "Suspended")
    assert world.backends.aws.apis == {}
    assert not schema(world).enabled


@pytest.mark.parametrize("fault", [ValueError("canary-detail"), KeyError("x"), RuntimeError("y")])
def test_a_fault_of_ours_is_an_internal_error_and_heals(monkeypatch: pytest.MonkeyPatch, fault: Exception) -> None:
    world = standard()
    reconciler = world.operator.runner.reconcilers["OracleApi"]

    def broken(_: object) -> None:
        raise fault

    with monkeypatch.context() as patch:
        patch.setattr(reconciler, "reconcile", broken)
        resync(world, 10)
        assert world.ready() == ("Unknown", "InternalError")
        assert world.condition("Reconciling") == ("True", "InternalError")
        assert type(fault).__name__ in world.message()
        assert "canary" not in json.dumps(world.kube.status(*API))
    world.settle(300)
    assert world.ready() == ("True", "Succeeded")


def test_every_kind_s_spec_fault_is_told_with_its_field() -> None:
    world = standard()
    edit(world, API, basePath="x")
    world.settle(0)
    assert world.ready() == ("False", "InvalidSpec")
    assert world.message().startswith("spec.basePath: ")


def test_no_status_and_no_event_holds_a_password() -> None:
    world = world_of(*SEVERAL)
    world.kube.secrets.clear()
    resync(world)
    world.kube.secrets["db-operator"] = {"username": "op"}
    resync(world)
    everything = json.dumps([found["status"] for found in world.kube.objects.values()]) + json.dumps(world.kube.events)
    assert "CredentialsMissing" in everything
    assert "canary-password" not in everything


def test_status_tells_groups_routes_and_the_endpoint() -> None:
    status = world_of(*SEVERAL).kube.status(*API)
    assert status["routesServing"] == "3/3"
    assert status["publicRoutes"] == 1
    assert status["endpoint"] == f"https://{status['apiId']}.execute-api.eu-west-1.amazonaws.com"
    assert [(group["auth"], group.get("scope")) for group in status["groups"]] == [
        ("IAM", None),
        ("JWT", "a.read"),
        ("JWT", "a.write"),
        ("Public", None),
    ]
    assert len(status["routes"]) == 3
    assert {route["state"] for route in status["routes"]} == {"Serving"}
    assert "intents" not in status


def test_public_routes_are_warned_of_once() -> None:
    world = world_of(*SEVERAL)
    resync(world)
    world.apply(api(*SEVERAL, itemsPerPage=7))
    world.settle()
    assert events(world, "PublicRoutes") == ["1 route can be called by anybody"]


def test_an_api_waits_for_a_provider_that_was_not_discovered_yet() -> None:
    world = SmallWorld(*make.world(), start=False)
    discover = world.backends.provider.discover

    def down(issuer: str, ca_pem: str | None) -> Any:
        raise Retryable("DiscoveryFailed", "no answer")

    world.backends.provider.discover = down  # type: ignore[method-assign]
    world.settle(20)
    assert world.ready() == ("False", "DependencyNotReady")
    assert world.ready(PROVIDER) == ("Unknown", "DiscoveryFailed")
    assert world.backends.aws.apis == {}
    world.backends.provider.discover = discover  # type: ignore[method-assign]
    world.settle(60)
    assert world.ready() == ("True", "Succeeded")


def test_an_api_waits_for_its_database() -> None:
    world = SmallWorld(*make.world(), start=False)
    world.backends.database.down = Retryable("DatabaseUnreachable", "the database does not answer")
    world.settle(20)
    assert world.ready(DATABASE) == ("Unknown", "DatabaseUnreachable")
    assert world.ready() == ("False", "DependencyNotReady")
    assert world.backends.aws.apis == {}
    world.backends.database.down = None
    world.settle(60)
    assert world.ready() == ("True", "Succeeded")


def test_the_log_group_is_made_before_the_stage_names_it() -> None:
    world = SmallWorld(*make.world(), start=False)
    seen: list[Any] = []
    apply = world.backends.aws.apply

    def recorded(action: Any) -> None:
        seen.append(action)
        apply(action)

    world.backends.aws.apply = recorded  # type: ignore[method-assign]
    world.settle()
    (group,) = [action.log_group for action in seen if isinstance(action, EnsureLogGroup)]
    assert type(seen[-1]).__name__ == "CreateStage"
    assert seen[-1].stage.log_group_arn.endswith(f"log-group:{group.name}")
    assert world.ready(LINK) == ("True", "Succeeded")
