"""Somebody makes a version current in the middle of a rotation, and the account's profile refuses its password."""

from typing import Any

import pytest

from support.crashes import HOWS, Ended, How, Outside
from support.rotations import (
    ACCOUNT,
    FIRST,
    NAME,
    ROTATION,
    TWIN,
    accounts,
    ask,
    check_done,
    current,
    rotate,
    secrets,
    settled,
    status,
)
from support.small_world import SmallWorld
from support.worlds import events


def begun_over_another(strategy: str, **more: Any) -> SmallWorld:
    """Return a world in which somebody puts the old password, which the profile refuses, when the new one is set."""
    world = settled(strategy=strategy)
    account, real = accounts(world)[ACCOUNT], secrets(world).make_current
    account.used.append(FIRST)

    def meanwhile(name: str, token: str, replacing: str) -> bool:
        secrets(world).make_current = real  # type: ignore[method-assign]
        secrets(world).put(NAME, "v2", username=ACCOUNT, password=FIRST, **more)
        return real(name, token, replacing)

    secrets(world).make_current = meanwhile  # type: ignore[method-assign]
    return world


@pytest.mark.parametrize("rollover_is_over", [False, True])
def test_where_the_profile_refuses_the_way_back_the_rotation_goes_on_over_what_somebody_put(
    rollover_is_over: bool,
) -> None:
    world = begun_over_another("Rollover", note="of somebody")
    ask(world)
    world.settle(4)
    assert world.ready(ROTATION) == ("Unknown", "RotationFailed")
    assert "the rotation goes on over that" in world.message(ROTATION)
    if rollover_is_over:
        accounts(world)[ACCOUNT].old = None
    made = accounts(world)[ACCOUNT].password
    world.settle(60)
    assert world.ready(ROTATION) == ("True", "Succeeded"), world.message(ROTATION)
    assert (current(world)["password"], current(world)["note"]) == (made, "of somebody")
    assert accounts(world)[ACCOUNT].password == made
    check_done(world)


def test_an_object_that_is_deleted_goes_on_over_what_somebody_put_before_it_goes() -> None:
    world = begun_over_another("Rollover")
    ask(world)
    world.settle(4)
    world.delete(*ROTATION)
    world.settle(60)
    assert ROTATION not in world.kube.objects
    assert current(world)["password"] == accounts(world)[ACCOUNT].password


def test_an_object_that_is_deleted_goes_on_over_what_somebody_puts_again_and_again() -> None:
    world = begun_over_another("Rollover")
    ask(world)
    world.settle(4)
    real, puts = secrets(world).make_current, iter(range(3, 6))

    def meanwhile(name: str, token: str, replacing: str) -> bool:
        if (number := next(puts, None)) is not None:
            secrets(world).put(NAME, f"v{number}", username=ACCOUNT, password=FIRST)
        return real(name, token, replacing)

    secrets(world).make_current = meanwhile  # type: ignore[method-assign]
    world.delete(*ROTATION)
    world.settle(120)
    assert ROTATION not in world.kube.objects
    assert current(world)["password"] == accounts(world)[ACCOUNT].password
    assert events(world, "InternalError") == []


@pytest.mark.parametrize("how", HOWS)
def test_it_goes_on_over_what_somebody_put_whatever_happens_at_any_call(how: How) -> None:
    undisturbed = begun_over_another("Rollover")
    calls = Outside(undisturbed)
    ask(undisturbed)
    undisturbed.settle(60)
    for number in range(len(calls.calls)):
        world = begun_over_another("Rollover")
        outside = Outside(world)
        outside.crash(number, how)
        ask(world)
        try:
            world.settle(400)
        except Ended:
            world.restart()
            world.settle(400)
        outside.meet = None
        assert world.ready(ROTATION) == ("True", "Succeeded"), (number, calls.calls[number], world.message(ROTATION))
        check_done(world)


def test_who_changes_both_passwords_just_then_keeps_theirs() -> None:
    """In a rollover of ours PASSWORD_CHANGE_DATE does not tell that somebody changed the password once more."""
    world = settled(strategy="Rollover")
    rotate(world)
    account, oracle = accounts(world)[ACCOUNT], world.backends.database
    real = oracle.observe_account

    def meanwhile(*arguments: Any, **more: Any) -> Any:
        oracle.observe_account = real  # type: ignore[method-assign]
        found = real(*arguments, **more)
        account.change("by-hand-of-a-person")
        secrets(world).put(NAME, "v2", username=ACCOUNT, password="by-hand-of-a-person")
        return found

    ask(world, "again")
    oracle.observe_account = meanwhile  # type: ignore[method-assign]
    world.settle(400)
    assert world.ready(ROTATION) == ("True", "Succeeded"), world.message(ROTATION)
    assert current(world)["password"] == account.password == "by-hand-of-a-person"
    assert account.failures <= 1


def test_a_way_back_that_the_profile_of_a_twin_refuses_is_left_to_people() -> None:
    """Somebody made a version for the account whose turn it is current, with a password that it had before."""
    world = settled(strategy="DualUser")
    rotate(world)
    rotate(world, "again")
    real = secrets(world).make_current
    accounts(world)[TWIN].used.append("of-last-year")

    def meanwhile(name: str, token: str, replacing: str) -> bool:
        secrets(world).make_current = real  # type: ignore[method-assign]
        secrets(world).put(NAME, "v9", username=TWIN, password="of-last-year")
        return real(name, token, replacing)

    secrets(world).make_current = meanwhile  # type: ignore[method-assign]
    rotate(world, "third")
    assert world.ready(ROTATION) == ("False", "RotationFailed"), world.message(ROTATION)
    assert f"set the password of version {status(world)['rotation']['token']} in it" in world.message(ROTATION)
