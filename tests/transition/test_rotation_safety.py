"""What a rotation must not do whatever happens: lock an account that others use, or show a password."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from oracleapi.errors import Retryable
from oracleapi.ports import Change
from support.fake_rotation import Account
from support.rotations import (
    ACCOUNT,
    KUBERNETES,
    NAME,
    ROTATION,
    accounts,
    check_done,
    database,
    passwords,
    rotate,
    secrets,
    settled,
    shown,
    unborn,
)
from support.small_world import SmallWorld
from support.worlds import resync


def test_whatever_a_first_password_waits_for_nobody_gets_locked_out() -> None:
    """The account is in use with another password meanwhile, and each refused log-on counts against it."""
    world = unborn(there=False)
    database(world).rights.clear()
    world.settle()
    for _ in range(20):
        resync(world)
    assert world.ready(ROTATION) == ("False", "PrivilegesMissing")
    assert database(world).log_ons == []


def test_a_change_that_fails_for_days_locks_nobody_out() -> None:
    world = settled()
    database(world).rights.clear()
    world.backends.log_ons.change = failing  # type: ignore[method-assign]
    rotate(world)
    for _ in range(20):
        resync(world)
    assert world.ready(ROTATION) == ("Unknown", "DatabaseUnreachable")
    assert all(taken for _, taken in database(world).log_ons)
    del world.backends.log_ons.change
    resync(world)
    check_done(world)


def failing(*_: str) -> Change:
    raise Retryable("DatabaseUnreachable", "the database does not answer")


def test_a_rotation_that_neither_password_fits_is_given_up_after_one_log_on_with_each() -> None:
    world = settled()
    database(world).rights.clear()
    real = secrets(world).make_current

    def meanwhile(name: str, token: str, replacing: str) -> bool:
        secrets(world).put(NAME, "v2", username=ACCOUNT, password="of-somebody-else")
        accounts(world)[ACCOUNT] = Account("a-third-one-by-hand", changes=100)
        return real(name, token, replacing)

    secrets(world).make_current = meanwhile  # type: ignore[method-assign]
    rotate(world)
    secrets(world).make_current = real  # type: ignore[method-assign]
    for _ in range(10):
        resync(world)
    assert world.ready(ROTATION) == ("False", "LoginDenied")
    assert not accounts(world)[ACCOUNT].locked
    assert sum(not taken for _, taken in database(world).log_ons) <= 3
    assert "put the right one there" in world.message(ROTATION)


@pytest.fixture
def lines() -> Iterator[list[Any]]:
    """What is logged, at every level."""
    before = structlog.get_config()["wrapper_class"]
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG))
    with structlog.testing.capture_logs() as found:
        yield found
    structlog.configure(wrapper_class=before)


@pytest.mark.parametrize("strategy", ["Rollover", "DualUser", "Single"])
def test_no_password_shows_in_objects_events_and_logs(strategy: str, lines: list[Any]) -> None:
    world = troubled(strategy)
    assert "LoginDenied" in repr(lines)
    assert len(passwords(world)) >= 4
    assert shown(world, repr(lines)) == []


def troubled(strategy: str) -> SmallWorld:
    """Return a world whose rotations came to all kinds of ends."""
    world = settled(strategy=strategy, secret=KUBERNETES, consumers=[{"kind": "Deployment", "name": "app"}])
    database(world).unsuitable = 2
    rotate(world)
    database(world).unsuitable = 100
    rotate(world, "refused")
    assert world.ready(ROTATION) == ("False", "PasswordRefused")
    for account in accounts(world).values():
        account.password, account.old = "changed-by-hand-of-somebody", None
    database(world).unsuitable = 0
    database(world).rights.clear()
    rotate(world, "denied")
    assert world.ready(ROTATION) == ("False", "LoginDenied")
    return world
