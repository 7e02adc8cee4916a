"""How a new version gets to its readers: not before it can, with few calls, and with one restart of each consumer."""

from collections import Counter
from typing import Any

import pytest

from oracleapi.model.rotation import KubeSecret
from oracleapi.runtime.store import Key
from support import make
from support.fake_rotation import Account
from support.rotations import (
    ACCOUNT,
    CONSUMERS,
    FIRST,
    KUBERNETES,
    ROTATION,
    SESSION,
    accounts,
    ask,
    check_done,
    current,
    database,
    rotate,
    secrets,
    settled,
    status,
    unborn,
)
from support.small_world import SmallWorld
from support.worlds import annotate, edit, resync

OTHER = Key("SecretRotation", "hr", "other")
APP = [{"kind": "Deployment", "name": "app"}]
FIVE = {"describe": 1, "read": 1, "put_pending": 1, "make_current": 1, "drop_pending": 1}


def test_two_rotations_that_share_a_consumer_restart_it_once_each() -> None:
    """Both write the same annotation; none puts its own back."""
    world = unborn(consumers=APP)
    accounts(world)["HR_OTHER"] = Account("first-password-of-other", holdings={SESSION})
    secrets(world).put("hr/other", "o1", username="HR_OTHER", password="first-password-of-other")
    own = {"accountRef": {"name": "main"}, "name": "hr/other"}
    world.apply(make.rotation("other", account="HR_OTHER", secret=own, consumers=APP))
    world.settle()
    world.workloads.quick = False
    ask(world)
    annotate(world, OTHER, rotate_requested_at="now")
    world.settle(60)
    assert {world.ready(key) for key in (ROTATION, OTHER)} == {("False", "WaitingForConsumers")}
    assert world.workloads.writes == ["Deployment hr/app"] * 2
    world.workloads.finish()
    world.settle()
    assert {world.ready(key) for key in (ROTATION, OTHER)} == {("True", "Succeeded")}
    assert world.workloads.writes == ["Deployment hr/app"] * 2
    check_done(world)


def test_what_was_proven_is_told_and_not_asked_again_when_consumers_have_it() -> None:
    world = settled(consumers=APP)
    world.workloads.quick = False
    rotate(world)
    world.workloads.finish()
    world.settle(10)
    assert world.condition("Verified", ROTATION) == ("True", "Succeeded")
    asked = len(database(world).log_ons)
    resync(world)
    assert len(database(world).log_ons) == asked


def test_a_new_process_restarts_no_consumer_once_more() -> None:
    world = settled(consumers=APP)
    world.workloads.quick = False
    rotate(world)
    world.restart()
    world.settle(60)
    assert world.workloads.writes == ["Deployment hr/app"]
    assert status(world)["rotation"]["restarted"] == ["Deployment app"]


def test_a_rollout_that_takes_minutes_costs_no_calls_of_secrets_manager() -> None:
    world = settled(secret=KUBERNETES, consumers=CONSUMERS)
    world.workloads.quick = False
    before = len(secrets(world).calls)
    ask(world)
    world.settle(280)
    assert world.ready(ROTATION) == ("False", "WaitingForConsumers")
    assert Counter(secrets(world).calls[before:]) == FIVE
    world.workloads.finish()
    world.settle(10)
    assert Counter(secrets(world).calls[before:]) == FIVE
    check_done(world)


def test_waiting_for_a_secret_that_somebody_else_fills_costs_none_either() -> None:
    awaited = {"waitForSecret": {"name": "from-eso", "key": "password"}}
    world = settled(consumers=[APP[0] | awaited])
    before = len(secrets(world).calls)
    ask(world)
    world.settle(280)
    world.workloads.secrets[("hr", "from-eso")] = KubeSecret("from-eso", "", {"password": current(world)["password"]})
    world.settle(10)
    assert Counter(secrets(world).calls[before:]) == FIVE
    check_done(world)


def test_a_version_that_somebody_puts_while_consumers_take_long_is_seen_in_five_minutes() -> None:
    world = settled(consumers=APP)
    world.workloads.quick = False
    rotate(world)
    secrets(world).put("hr/app", "by-hand", username=ACCOUNT, password="of-somebody-with-a-plan")
    world.settle(320)
    assert status(world)["history"][0]["result"] == "Superseded"
    assert current(world)["password"] == accounts(world)[ACCOUNT].password == "of-somebody-with-a-plan"
    check_done(world)


TAKEN = KubeSecret("hr-app-db", "somebody", {})


@pytest.mark.parametrize(
    ("fields", "hindered", "cured", "early", "reason"),
    [
        pytest.param(
            {"consumers": [{"kind": "Deployment", "name": "new"}]},
            lambda world: None,
            lambda world: world.workloads.add("Deployment", "hr", "new"),
            ("True", "Succeeded"),
            "WaitingForConsumers",
            id="a consumer that is not there",
        ),
        pytest.param(
            {"secret": KUBERNETES},
            lambda world: world.workloads.secrets.update({("hr", "hr-app-db"): TAKEN}),
            lambda world: world.workloads.secrets.clear(),
            ("False", "Conflict"),
            "Conflict",
            id="a Secret of somebody else",
        ),
    ],
)
def test_what_could_not_be_brought_to_its_readers_is_not_begun(
    fields: Any, hindered: Any, cured: Any, early: tuple[str, str], reason: str
) -> None:
    """Before it is due, a consumer may be missing: one that reads the Secret is made after it."""
    world: SmallWorld = unborn(strategy="Single", **fields)
    hindered(world)
    world.settle()
    assert world.ready(ROTATION) == early
    rotate(world)
    assert world.ready(ROTATION) == ("False", reason)
    assert accounts(world)[ACCOUNT].password == current(world)["password"] == FIRST
    cured(world)
    resync(world)
    assert accounts(world)[ACCOUNT].password == current(world)["password"] != FIRST
    assert world.ready(ROTATION) == ("True", "Succeeded")
    check_done(world)


def test_a_request_that_comes_while_consumers_move_begins_another_rotation_after_that() -> None:
    world = settled(consumers=CONSUMERS)
    world.workloads.quick = False
    rotate(world, "first")
    given = current(world)["password"]
    ask(world, "second")
    resync(world)
    calls = len(secrets(world).calls)
    world.settle()
    assert (status(world)["lastHandledRotateAt"], status(world)["step"]) == ("first", "Delivering")
    assert len(secrets(world).calls) == calls, "waiting costs nothing still"
    world.workloads.quick = True
    world.workloads.finish()
    world.settle()
    assert status(world)["lastHandledRotateAt"] == "second"
    assert current(world)["password"] != given
    assert len(status(world)["history"]) == 2
    check_done(world)


def test_a_consumer_that_is_taken_out_while_it_moves_is_remembered_no_longer() -> None:
    """Status has room for as many as a spec may name, and no more."""
    world = settled(consumers=CONSUMERS)
    world.workloads.quick = False
    rotate(world)
    assert status(world)["rotation"]["restarted"] == ["Deployment app", "StatefulSet batch"]
    world.workloads.add("Deployment", "hr", "web")
    edit(world, ROTATION, consumers=[CONSUMERS[0], {"kind": "Deployment", "name": "web"}])
    world.settle()
    assert status(world)["rotation"]["restarted"] == ["Deployment app", "Deployment web"]
    world.workloads.finish()
    world.settle()
    check_done(world)
