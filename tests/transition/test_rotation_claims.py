"""Two objects over one account: who has it, and what the other one reads."""

from typing import Any

import pytest

from oracleapi.runtime.store import Key
from support import make
from support.rotations import ROTATION, accounts, check_done, rotate, unborn
from support.small_world import SmallWorld


def beside(older: dict[str, Any]) -> SmallWorld:
    """Return a settled world in which *older* was there before the rotation."""
    world = unborn()
    older["metadata"]["creationTimestamp"] = "2025-01-01T00:00:00Z"
    world.apply(older)
    world.settle()
    return world


@pytest.mark.parametrize("account", ["HR_APP", "HR_APP_CLONE"])
def test_who_may_not_rotate_an_account_keeps_it_from_nobody(account: str) -> None:
    squatter = make.rotation("first", account=account)
    squatter["metadata"]["namespace"] = "elsewhere"
    world = beside(squatter)
    assert world.ready(Key("SecretRotation", "elsewhere", "first")) == ("False", "RefNotPermitted")
    assert world.ready(ROTATION) == ("True", "Succeeded"), world.message(ROTATION)
    rotate(world)
    check_done(world)
    assert accounts(world)["HR_APP"].changes


def test_of_several_the_one_that_has_the_account_is_named() -> None:
    world = beside(make.rotation("first"))
    for name in ("a-third", "a-fourth"):
        world.apply(make.rotation(name))
    world.settle()
    for name in ("hr-app", "a-third", "a-fourth"):
        key = Key("SecretRotation", "hr", name)
        assert world.ready(key) == ("False", "Conflict")
        assert world.message(key).startswith("spec.account: hr/first rotates account HR_APP already")
