"""Accounts that get a profile of their own before their password rolls over, and how long the old one is needed."""

import pytest

from oracleapi.runtime.store import Key
from support.rotations import (
    ACCOUNT,
    ROTATION,
    accounts,
    check_done,
    current,
    database,
    rotate,
    settled,
    status,
    without_rollover,
)
from support.small_world import SmallWorld
from support.worlds import edit, events, resync

DATABASE = Key("OracleDatabase", None, "db")
OWN = "ORACLEAPI_APP_PROFILE"


def allowed(hours: int = 24, **fields: object) -> SmallWorld:
    """Return a settled world whose database has accounts of rotations given a profile."""
    world = without_rollover(**fields)
    edit(world, DATABASE, passwordRollover={"hours": hours})
    world.settle()
    return world


def given(world: SmallWorld) -> list[str]:
    return [call for call in world.backends.database.calls if call == "GiveProfile"]


@pytest.mark.parametrize("strategy", ["Auto", "Rollover"])
def test_the_profile_comes_right_before_the_rotation_and_not_earlier(strategy: str) -> None:
    world = allowed(strategy=strategy)
    assert world.ready(ROTATION) == ("True", "Succeeded"), world.message(ROTATION)
    assert status(world)["strategy"] == "Rollover"
    assert status(world)["strategyDetail"] == (
        "profile APP_PROFILE has PASSWORD_ROLLOVER_TIME 0; the next rotation gives the account profile"
        f" {OWN} with 24 hours"
    )
    assert given(world) == []
    before = current(world)["password"]
    rotate(world)
    assert accounts(world)[ACCOUNT].profile == OWN
    assert accounts(world)[ACCOUNT].takes(before)
    assert database(world).profiles["APP_PROFILE"]["PASSWORD_ROLLOVER_TIME"] == "0"
    assert events(world, "ProfileGiven") == [f"account {ACCOUNT} has profile {OWN}, with a rollover of 24 hours"]
    check_done(world)
    resync(world)
    assert status(world)["strategyDetail"] == f"profile {OWN} has PASSWORD_ROLLOVER_TIME 1.0"


def test_the_next_rotations_leave_the_profile_until_something_differs() -> None:
    world = allowed()
    for turn in range(3):
        rotate(world, str(turn))
    assert len(given(world)) == 1
    database(world).profiles["APP_PROFILE"]["FAILED_LOGIN_ATTEMPTS"] = "3"
    rotate(world, "tightened")
    assert accounts(world)[ACCOUNT].limits["FAILED_LOGIN_ATTEMPTS"] == "3"
    edit(world, DATABASE, passwordRollover={"hours": 2})
    rotate(world, "shorter")
    assert database(world).profiles[OWN]["PASSWORD_ROLLOVER_TIME"] == "0.0833"
    rotate(world, "the same")
    assert len(given(world)) == 3
    check_done(world)


def test_without_leave_an_account_takes_turns_or_says_what_would_help() -> None:
    world = without_rollover(strategy="Auto")
    assert status(world)["strategy"] == "DualUser"
    edit(world, ROTATION, strategy="Rollover")
    world.settle()
    assert world.ready(ROTATION) == ("False", "RolloverOff")
    assert "or let the operator do that, with OracleDatabase.spec.passwordRollover" in world.message(ROTATION)
    edit(world, DATABASE, passwordRollover={"hours": 24})
    resync(world)
    assert world.ready(ROTATION) == ("True", "Succeeded")


def test_a_profile_of_a_dba_s_own_that_rolls_over_is_left_alone() -> None:
    world = settled()
    edit(world, DATABASE, passwordRollover={"hours": 2})
    rotate(world)
    assert accounts(world)[ACCOUNT].profile == "APP_ROTATED"
    assert "observe_profiles" not in world.backends.database.calls
    check_done(world)


@pytest.mark.parametrize("right", ["CREATE PROFILE", "ALTER USER"])
def test_a_right_that_is_lacking_is_told_before_anything_is_begun(right: str) -> None:
    world = allowed()
    database(world).rights.discard(right)
    rotate(world)
    assert world.ready(ROTATION) == ("False", "PrivilegesMissing")
    assert right in world.message(ROTATION)
    assert "rotation" not in status(world)
    assert "lastHandledRotateAt" not in status(world)
    assert current(world)["password"] == accounts(world)[ACCOUNT].password
    database(world).rights.add(right)
    resync(world)
    assert len(status(world)["history"]) == 1
    check_done(world)


def test_a_database_that_knows_no_rollover_is_asked_for_none() -> None:
    world = without_rollover(strategy="Auto")
    del accounts(world)[ACCOUNT].limits["PASSWORD_ROLLOVER_TIME"]
    edit(world, DATABASE, passwordRollover={"hours": 24})
    resync(world)
    assert status(world)["strategy"] == "DualUser"


def test_who_waits_for_consumers_reads_until_when_the_old_password_works() -> None:
    world = settled(consumers=[{"kind": "Deployment", "name": "app"}])
    world.workloads.quick = False
    rotate(world)
    ends = status(world)["oldPasswordEndsTime"]
    assert world.message(ROTATION).endswith(f"; the old password works until {ends}")
    world.clock.advance(90_000)
    resync(world)
    assert world.message(ROTATION).endswith(
        f"; the old password ended at {ends}: pods that have not restarted are refused"
    )
    assert events(world, "RolloverShort") == []
    world.workloads.finish()
    world.settle()
    (text,) = events(world, "RolloverShort")
    assert text.startswith("consumers took 25.")
    assert "hours to move, and the old password works for 24.0; have PASSWORD_ROLLOVER_TIME raised" in text
    assert "oldPasswordEndsTime" not in status(world)
    check_done(world)


def test_consumers_that_move_in_time_are_no_news() -> None:
    world = settled(consumers=[{"kind": "Deployment", "name": "app"}])
    rotate(world)
    assert events(world, "RolloverShort") == []
    assert "oldPasswordEndsTime" not in status(world)
    edit(world, ROTATION, consumers=[])
    rotate(world, "without consumers")
    assert "oldPasswordEndsTime" in status(world)
    edit(world, ROTATION, strategy="DualUser")
    rotate(world, "another way")
    assert "oldPasswordEndsTime" not in status(world)
