"""Whether the password in the secret works, told also of what happened to it since it was proven."""

import pytest

from oracleapi.model.rotation import CURRENT
from support.rotations import (
    ACCOUNT,
    DAY_S,
    FIRST,
    NAME,
    ROTATION,
    accounts,
    check_done,
    current,
    database,
    rotate,
    secrets,
    settled,
    status,
    unborn,
    without_rollover,
)
from support.worlds import resync

REFUSED = ("False", "LoginDenied")


def test_a_version_that_somebody_moves_back_in_a_rollover_is_proven_once_more_when_that_is_over() -> None:
    world = settled()
    account = accounts(world)[ACCOUNT]
    account.clock = world.clock.now
    rotate(world)
    found = secrets(world).secrets[NAME]
    before = found.labels["AWSPREVIOUS"]
    secrets(world)._current(found, before)
    resync(world)
    assert world.ready(ROTATION) == ("True", "Succeeded")
    world.clock.advance(2 * DAY_S)
    account.end_in_time()  # somebody logged in, or tried to
    for _ in range(5):
        resync(world)
    assert (found.labels[CURRENT], current(world)["password"]) == (before, FIRST)
    assert world.ready(ROTATION) == REFUSED
    assert world.condition("Verified", ROTATION) == REFUSED
    assert account.failures == 1, "refused once, and not tried again"
    database(world).rights.clear()
    rotate(world, "again")
    assert world.ready(ROTATION) == ("True", "Succeeded"), world.message(ROTATION)
    check_done(world)


def test_a_password_that_somebody_changes_in_the_database_is_told_where_it_cuts_readers_off() -> None:
    world = without_rollover(strategy="Single")
    account = accounts(world)[ACCOUNT]
    account.change("by-hand-0123456789")
    for _ in range(5):
        resync(world)
    assert world.ready(ROTATION) == REFUSED
    assert account.failures == 1
    account.change(FIRST + "-2")
    secrets(world).put(NAME, "v2", username=ACCOUNT, password=FIRST + "-2")
    resync(world)
    assert world.ready(ROTATION) == ("True", "Succeeded"), world.message(ROTATION)


def test_the_same_password_given_anew_is_proven_once() -> None:
    world = without_rollover(strategy="Single")
    account, before = accounts(world)[ACCOUNT], len(database(world).log_ons)
    account.change(FIRST)
    for _ in range(5):
        resync(world)
    assert world.ready(ROTATION) == ("True", "Succeeded")
    assert database(world).log_ons[before:] == [(ACCOUNT, True)]
    assert status(world)["passwordChangedTime"] == str(account.changes)


@pytest.mark.parametrize("proven", [False, True])
def test_an_expired_password_is_told_with_what_changes_it(proven: bool) -> None:
    world = settled() if proven else unborn()
    accounts(world)[ACCOUNT].expired = True
    database(world).rights.clear()
    world.settle()
    resync(world)
    assert world.ready(ROTATION) == REFUSED
    assert world.condition("Verified", ROTATION) == REFUSED
    assert world.message(ROTATION) == (
        f"the password of account {ACCOUNT} has expired; ask for a rotation, which changes it (annotation"
        " oracleapi.dev/rotate-requested-at)"
    )
    rotate(world)
    assert world.ready(ROTATION) == ("True", "Succeeded"), world.message(ROTATION)
    check_done(world)


def test_an_account_that_is_locked_since_is_told_until_it_is_open() -> None:
    world = settled()
    accounts(world)[ACCOUNT].locked = True
    for _ in range(5):
        resync(world)
        assert world.ready(ROTATION) == ("False", "AccountLocked")
    accounts(world)[ACCOUNT].locked = False
    resync(world)
    assert world.ready(ROTATION) == ("True", "Succeeded")
    check_done(world)
