"""Another strategy, asked for in the middle of a rotation."""

import pytest

from oracleapi.model.rotation import CURRENT
from support.rotations import (
    ACCOUNT,
    ROTATION,
    TWIN,
    accounts,
    check_done,
    current,
    database,
    rotate,
    secrets,
    settled,
    status,
    watched,
)
from support.worlds import edit


@pytest.mark.parametrize("strategy", ["Rollover", "Single"])
@pytest.mark.parametrize("right", ["CREATE USER", "GRANT"])
def test_a_turn_that_cannot_be_taken_gives_way_to_another_strategy(strategy: str, right: str) -> None:
    world = watched(settled(strategy="DualUser"), CURRENT, "AWSPENDING")
    database(world).rights.discard(right)
    rotate(world)
    assert world.ready(ROTATION)[0] == "False"
    before = status(world)["rotation"]
    assert (before["account"], status(world)["step"]) == (TWIN, "Setting")
    edit(world, ROTATION, strategy=strategy)
    world.settle()
    assert world.ready(ROTATION) == ("True", "Succeeded"), world.message(ROTATION)
    (entry,) = status(world)["history"]
    assert (entry["account"], entry["strategy"], entry["cause"]) == (ACCOUNT, strategy, "Request")
    assert entry["versionId"] != before["token"]
    assert current(world)["username"] == ACCOUNT
    check_done(world)


def test_a_strategy_that_does_not_fit_leaves_the_turn_as_it_is() -> None:
    world = settled(strategy="DualUser")
    database(world).rights.discard("CREATE USER")
    account = accounts(world)[ACCOUNT]
    account.limits["PASSWORD_ROLLOVER_TIME"] = "0"
    rotate(world)
    before = status(world)["rotation"]["token"]
    edit(world, ROTATION, strategy="Rollover")
    world.settle()
    assert world.ready(ROTATION) == ("False", "RolloverOff")
    assert status(world)["rotation"]["token"] == before
    edit(world, ROTATION, strategy="DualUser")
    database(world).rights.add("CREATE USER")
    world.settle()
    assert world.ready(ROTATION) == ("True", "Succeeded"), world.message(ROTATION)
    assert current(world)["username"] == TWIN
    check_done(world)


def test_what_readers_have_already_is_not_taken_back() -> None:
    world = settled(strategy="DualUser", consumers=[{"kind": "Deployment", "name": "app"}])
    world.workloads.quick = False
    rotate(world)
    assert status(world)["step"] == "Delivering"
    calls = len(secrets(world).calls)
    edit(world, ROTATION, strategy="Single")
    world.workloads.finish()
    world.settle()
    assert current(world)["username"] == TWIN
    assert "make_current" not in secrets(world).calls[calls:]
    check_done(world)
