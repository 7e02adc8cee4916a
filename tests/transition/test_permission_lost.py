"""Permission withdrawn from a published API: off the air after ten minutes, back with the permission; or kept."""

from collections.abc import Callable
from typing import Any

import pytest

from support import make
from support.crashes import Ended, Outside
from support.small_world import API, SmallWorld
from support.worlds import ACCOUNT, DATABASE, LINK, PROVIDER, actions, edit, events, resync, schema, the_api, written

NOBODY: dict[str, Any] = {"names": ["other"]}
EVERYBODY: dict[str, Any] = {"names": ["hr"]}
DELEGATION = {"namespaces": EVERYBODY, "schemas": ["HR_API"]}

WITHDRAWALS: dict[str, Callable[[SmallWorld], None]] = {
    "namespace of the delegation": lambda world: edit(
        world, DATABASE, delegations=[{**DELEGATION, "namespaces": NOBODY}]
    ),
    "schema of the delegation": lambda world: edit(world, DATABASE, delegations=[{**DELEGATION, "schemas": ["X"]}]),
    "account": lambda world: edit(world, ACCOUNT, allowedNamespaces=NOBODY),
    "link": lambda world: edit(world, LINK, allowedNamespaces=NOBODY),
    "provider": lambda world: edit(world, PROVIDER, allowedNamespaces=NOBODY),
}


def give_back(world: SmallWorld) -> None:
    edit(world, DATABASE, delegations=[DELEGATION])
    for key in (ACCOUNT, LINK, PROVIDER):
        edit(world, key, allowedNamespaces=EVERYBODY)
    world.settle(200)


def wait(world: SmallWorld, seconds: float) -> None:
    """Let *seconds* go by, with every pass that is due meanwhile."""
    end = world.clock.time + seconds
    world.settle(seconds)
    world.clock.time = max(world.clock.time, end)
    world.settle(0)


def on_the_air(world: SmallWorld) -> tuple[bool, set[str]]:
    """Return whether the API has a stage, and the states of its modules."""
    return the_api(world).stage is not None, {module.status for module in schema(world).modules.values()}


OFF = (False, {"NOT_PUBLISHED"})
ON = (True, {"PUBLISHED"})


@pytest.mark.parametrize("withdraw", WITHDRAWALS.values(), ids=WITHDRAWALS)
def test_an_api_whose_permission_is_gone_leaves_the_air_after_ten_minutes_and_comes_back(
    withdraw: Callable[[SmallWorld], None],
) -> None:
    world = SmallWorld(*make.world())
    withdraw(world)
    wait(world, 590)
    assert world.condition("PermissionLost")[0] == "True"
    assert on_the_air(world) == ON
    wait(world, 20)
    assert on_the_air(world) == OFF
    assert world.ready()[0] == "False"
    assert world.condition("GatewayReady") == world.condition("OrdsReady") == ("False", "Unpublished")
    assert world.kube.status(*API)["routesServing"] == "0/1"
    assert len(events(world, "Unpublished")) == 1
    with written(world) as found:
        resync(world)
    assert found == []
    give_back(world)
    assert on_the_air(world) == ON
    assert world.ready() == ("True", "Succeeded")
    assert world.condition("PermissionLost") == ("absent", "")
    assert "permissionLostTime" not in world.kube.status(*API)
    assert events(world, "DriftRepaired") == []


def test_permission_given_back_in_time_changes_nothing_outside() -> None:
    world = SmallWorld(*make.world())
    before = actions(world)
    WITHDRAWALS["account"](world)
    wait(world, 500)
    give_back(world)
    wait(world, 500)
    assert world.ready() == ("True", "Succeeded")
    assert actions(world) == before


def test_the_ten_minutes_go_on_over_a_restart() -> None:
    world = SmallWorld(*make.world())
    WITHDRAWALS["account"](world)
    wait(world, 400)
    since = world.kube.status(*API)["permissionLostTime"]
    world.restart()
    wait(world, 220)
    assert world.kube.status(*API)["permissionLostTime"] == since
    assert on_the_air(world) == OFF


def test_keep_leaves_it_and_tells() -> None:
    world = SmallWorld(*make.world())
    edit(world, ACCOUNT, onPermissionLost="Keep", allowedNamespaces=NOBODY)
    wait(world, 2000)
    assert on_the_air(world) == ON
    assert world.condition("PermissionLost")[0] == "True"
    assert world.ready() == ("False", "RefNotPermitted")
    WITHDRAWALS["link"](world)
    wait(world, 2000)
    assert on_the_air(world) == OFF  # of two offers that refuse, Unpublish wins


def test_a_label_of_the_namespace_that_goes_is_noticed_at_the_resync() -> None:
    found = make.world()
    found[0]["spec"]["allowedNamespaces"] = {"selector": {"matchLabels": {"team": "hr"}}}
    world = SmallWorld(*found, start=False)
    world.kube.labels["hr"] = {"team": "hr"}
    world.settle()
    assert world.ready() == ("True", "Succeeded")
    world.kube.labels["hr"] = {}
    wait(world, 340)
    assert world.condition("PermissionLost")[0] == "True"
    wait(world, 700)
    assert on_the_air(world) == OFF


def test_a_reference_to_what_does_not_exist_takes_nothing_off_the_air() -> None:
    world = SmallWorld(*make.world())
    edit(world, API, auth={"jwt": {"providerRef": {"name": "typo"}, "defaultScope": "a.read"}})
    wait(world, 2000)
    assert world.ready() == ("False", "RefNotPermitted")
    assert on_the_air(world) == ON
    assert world.condition("PermissionLost") == ("absent", "")


def test_an_api_that_was_never_permitted_asks_nobody_outside() -> None:
    found = make.world()
    found[0]["spec"]["allowedNamespaces"] = NOBODY
    world = SmallWorld(*found)
    before = len(world.backends.aws.calls)
    wait(world, 3000)
    assert "list_apis" not in world.backends.aws.calls[before:]
    assert world.condition("PermissionLost") == ("absent", "")


def test_deletion_asks_for_no_permission() -> None:
    world = SmallWorld(*make.world())
    WITHDRAWALS["account"](world)
    wait(world, 700)
    world.delete(*API)
    wait(world, 200)
    assert world.kube.find(*API) is None
    assert world.backends.aws.apis == {}
    assert schema(world).modules == {}


@pytest.mark.parametrize("phase", ["lost", "given back"])
def test_a_kill_at_any_call_ends_in_the_same_place(phase: str) -> None:
    number = -1
    while True:
        number += 1
        world = SmallWorld(*make.world())
        WITHDRAWALS["account"](world)
        wait(world, 700 if phase == "given back" else 595)
        outside = Outside(world)
        outside.crash(number, "killed after")
        try:
            wait(world, 60) if phase == "lost" else give_back(world)
        except Ended:
            outside.meet = None
            world.restart()
            wait(world, 200)
            if phase == "given back":
                give_back(world)
            assert on_the_air(world) == (OFF if phase == "lost" else ON), number
            continue
        assert len(outside.calls) <= number
        assert on_the_air(world) == (OFF if phase == "lost" else ON)
        return
