"""What metrics tell of passwords: how old they are, and how late."""

import pytest

from oracleapi.handlers.passwords import Passwords
from support.rotations import DAY_S, ROTATION, database, rotate, settled
from support.small_world import SmallWorld
from support.worlds import edit

AGE, LATE = "oracleapi_password_age_seconds", "oracleapi_rotation_late_seconds"


@pytest.fixture
def world() -> SmallWorld:
    found = settled()
    Passwords(found.operator)
    return found


def told(world: SmallWorld, metric: str) -> float | None:
    return world.operator.metrics.registry.get_sample_value(metric, {"rotation": "hr/hr-app"})


def test_a_password_grows_older_until_it_is_changed(world: SmallWorld) -> None:
    before = told(world, AGE)
    assert before is not None
    world.clock.advance(DAY_S)
    assert told(world, AGE) == before + DAY_S
    rotate(world)
    age = told(world, AGE)
    assert age is not None
    assert 0 <= age < DAY_S


def test_a_rotation_is_late_from_when_it_was_due_until_it_has_ended(world: SmallWorld) -> None:
    world.clock.advance(29 * DAY_S)
    assert told(world, LATE) == 0
    database(world).unsuitable = 100
    world.clock.advance(2 * DAY_S)
    world.settle()
    assert world.ready(ROTATION) == ("False", "PasswordRefused")
    late = told(world, LATE)
    assert late is not None
    assert 0 < late <= 2 * DAY_S
    database(world).unsuitable = 0
    rotate(world)
    assert world.ready(ROTATION) == ("True", "Succeeded")
    assert told(world, LATE) == 0


def test_nobody_is_late_who_was_told_to_stop(world: SmallWorld) -> None:
    edit(world, ROTATION, suspend=True)
    world.clock.advance(60 * DAY_S)
    world.settle()
    assert told(world, LATE) is None
    assert told(world, AGE) is not None


def test_of_a_rotation_that_was_never_looked_at_nothing_is_told() -> None:
    found = settled(account="SCOTT")  # which nobody delegated
    Passwords(found.operator)
    assert (told(found, AGE), told(found, LATE)) == (None, None)
