"""What a rotation keeps when somebody edits its object: its secret's key, its Kubernetes Secret, when it is due."""

from typing import Any

import pytest

from oracleapi.errors import Retryable, Terminal
from oracleapi.model.account import ObservedAccount
from oracleapi.model.rotation import PENDING
from oracleapi.runtime.store import Key
from support import make
from support.rotations import (
    ACCOUNT,
    CONSUMERS,
    DAY_S,
    FIRST,
    KUBERNETES,
    NAME,
    ROTATION,
    accounts,
    check_done,
    current,
    rotate,
    secrets,
    settled,
    status,
    stuck,
    unborn,
)
from support.small_world import SmallWorld
from support.worlds import annotate, edit, events, resync, written

ARN = "arn:aws:kms:eu-west-1:123456789012:"
HERE = ("hr", "hr-app-db")
THERE = ("hr", "hr-app-login")


def under(key: str | None) -> dict[str, Any]:
    plain = {"accountRef": {"name": "main"}, "name": NAME}
    return plain if key is None else plain | {"kmsKeyId": key}


def asked_for_keys(world: SmallWorld) -> int:
    return secrets(world).calls.count("set_key")


def test_a_key_that_is_named_later_encrypts_the_secret_from_then_on() -> None:
    world = settled()
    edit(world, ROTATION, secret=under("alias/hr"))
    world.settle()
    assert secrets(world).secrets[NAME].kms == "alias/hr"
    assert status(world)["kmsKeyId"] == "alias/hr"
    with written(world) as writes:
        resync(world)
    assert (writes, asked_for_keys(world)) == ([], 1)
    edit(world, ROTATION, secret=under(None))
    world.settle()
    assert secrets(world).secrets[NAME].kms == "alias/hr"
    assert "kmsKeyId" not in status(world)
    check_done(world)


@pytest.mark.parametrize(
    ("shown", "times"),
    [
        (f"{ARN}alias/hr", 1),
        (f"{ARN}key/k1", 1),  # what the alias leads to, or another one: its name does not say
        (f"{ARN}alias/other", 2),
        ("", 2),
    ],
)
def test_a_key_is_asked_for_again_where_another_one_shows(shown: str, times: int) -> None:
    world = settled(secret=under("alias/hr"))
    secrets(world).secrets[NAME].kms = shown
    resync(world)
    resync(world)
    assert asked_for_keys(world) == times
    assert world.ready(ROTATION) == ("True", "Succeeded")


def test_a_key_that_aws_refuses_is_told_and_an_open_rotation_goes_on() -> None:
    world = settled(secret=KUBERNETES, consumers=[{"kind": "Deployment", "name": "app"}])
    world.workloads.quick = False
    rotate(world)
    secrets(world).faults["set_key"] = [Terminal("AwsRefused", "its KMS key is none of this region")] * 9
    edit(world, ROTATION, secret=KUBERNETES | {"kmsKeyId": "alias/hr"})
    world.settle()
    assert world.ready(ROTATION) == ("False", "WaitingForConsumers")
    world.workloads.finish()
    world.settle()
    assert len(status(world)["history"]) == 1
    resync(world)
    assert world.ready(ROTATION) == ("False", "AwsRefused")
    secrets(world).faults.clear()
    resync(world)
    assert world.ready(ROTATION) == ("True", "Succeeded")
    check_done(world)


@pytest.mark.parametrize("name", ["hr-app-login", None])
def test_a_secret_of_kubernetes_under_another_name_leaves_the_old_one_to_people(name: str | None) -> None:
    world = settled(secret=KUBERNETES)
    named = {} if name is None else {"kubernetesSecret": {"name": name}}
    edit(world, ROTATION, secret=under(None) | named)
    world.settle()
    assert world.workloads.secrets[HERE].owner == ""
    assert events(world, "SecretReleased") == [
        "Secret hr-app-db gets no new versions any more; delete it once nothing reads it"
    ]
    with written(world) as writes:
        resync(world)
    assert writes == []
    rotate(world)
    assert (THERE in world.workloads.secrets) == (name is not None)
    if name is not None:
        assert world.workloads.secrets[THERE].data["password"] == current(world)["password"]
    assert world.workloads.secrets[HERE].data["password"] != current(world)["password"]
    assert len(events(world, "SecretReleased")) == 1
    check_done(world)


def test_a_new_name_that_is_taken_keeps_the_old_secret_up_to_date() -> None:
    """Its readers have nothing else."""
    world = settled(secret=KUBERNETES)
    world.workloads.write_secret(*THERE, {"of": "others"}, {"metadata": {"uid": "others"}})
    edit(world, ROTATION, secret=under(None) | {"kubernetesSecret": {"name": THERE[1]}})
    world.settle()
    assert world.ready(ROTATION) == ("False", "Conflict")
    assert world.workloads.secrets[HERE].owner != ""
    assert status(world)["kubernetesSecret"] == HERE[1]
    del world.workloads.secrets[THERE]
    resync(world)
    assert world.workloads.secrets[THERE].data["password"] == current(world)["password"]
    assert world.workloads.secrets[HERE].owner == ""


def test_what_was_renamed_right_before_the_end_outlives_it_too() -> None:
    world = settled(secret=KUBERNETES)
    edit(world, ROTATION, secret=under(None) | {"kubernetesSecret": {"name": THERE[1]}})
    world.delete(*ROTATION)
    world.settle()
    assert world.kube.find(*ROTATION) is None
    assert world.workloads.secrets[HERE].owner == ""


def test_a_window_that_went_by_moves_the_next_time_and_not_since_when_it_is_due() -> None:
    windows = [{"cron": "0 3 * * SUN", "durationMinutes": 60}]
    world = settled(windows=windows)
    due = status(world)["dueTime"]
    assert due == status(world)["nextRotationTime"]
    edit(world, ROTATION, suspend=True)
    world.clock.advance(45 * DAY_S)
    edit(world, ROTATION, suspend=False)
    world.settle(60.0)
    assert status(world)["dueTime"] == due
    assert status(world)["nextRotationTime"] > due
    assert world.condition("Fresh", ROTATION) == ("False", "Overdue")
    world.settle(8 * DAY_S)
    assert status(world)["dueTime"] > due
    assert world.condition("Fresh", ROTATION) == ("True", "Succeeded")


@pytest.mark.parametrize(("life", "told"), [("20", True), ("30.5", False), ("UNLIMITED", False), ("DEFAULT", False)])
def test_a_password_that_expires_before_the_next_rotation_is_told(life: str, told: bool) -> None:
    world = unborn()
    accounts(world)[ACCOUNT].limits["PASSWORD_LIFE_TIME"] = life
    world.settle()
    assert world.ready(ROTATION) == ("True", "Succeeded")
    assert ("lets the password of HR_APP live 20 days" in world.message(ROTATION)) is told
    assert len(events(world, "PasswordExpires")) == told
    resync(world)
    assert len(events(world, "PasswordExpires")) == told
    edit(world, ROTATION, schedule={"everyDays": 15})
    world.settle()
    assert "live 20 days" not in world.message(ROTATION)


@pytest.mark.parametrize("strategy", ["Rollover", "DualUser"])
def test_a_secret_that_is_left_may_be_taken_by_an_object_of_another_name(strategy: str) -> None:
    world = settled(strategy=strategy)
    rotate(world)
    world.delete(*ROTATION)
    world.settle()
    world.apply(make.rotation("moved", strategy=strategy))
    world.settle()
    moved = Key("SecretRotation", "hr", "moved")
    assert world.ready(moved) == ("True", "Succeeded")
    assert secrets(world).secrets[NAME].tags["oracleapi.dev/owner"].endswith("/hr/moved")


def test_an_object_whose_secret_cannot_be_asked_about_goes_and_tells() -> None:
    world = settled()
    secrets(world).faults["describe"] = [Retryable("AwsUnavailable", "no answer")]
    world.delete(*ROTATION)
    world.settle()
    assert world.kube.find(*ROTATION) is None
    (text,) = events(world, "LeftOutside")
    assert "secret hr/app may keep its tag oracleapi.dev/owner" in text


def test_an_object_whose_database_is_gone_waits_until_somebody_lets_it_go() -> None:
    world = stuck("make_current")()
    world.backends.database.observe_account = away  # type: ignore[method-assign]
    world.delete(*ROTATION)
    world.settle()
    assert world.ready(ROTATION) == ("False", "DatabaseUnreachable")
    annotate(world, ROTATION, deletion_policy="Retain")
    world.settle()
    assert world.kube.find(*ROTATION) is None
    (text,) = events(world, "LeftOutside")
    assert "is left as it is: the database does not answer" in text
    assert world.workloads.secrets[HERE].owner == ""


def away(*_: object, **__: object) -> None:
    raise Retryable("DatabaseUnreachable", "the database does not answer")


def test_a_rotation_is_taken_back_though_somebody_stripped_the_secret_s_tags() -> None:
    """Tools that own all tags of a secret take away those that they do not know."""
    world = stuck("make_current")()
    secrets(world).secrets[NAME].tags.clear()
    world.delete(*ROTATION)
    world.settle()
    assert world.kube.find(*ROTATION) is None
    assert current(world)["password"] == accounts(world)[ACCOUNT].password
    assert PENDING not in secrets(world).secrets[NAME].labels


@pytest.mark.parametrize("rotating", [False, True])
def test_a_namespace_that_is_deleted_is_held_up_by_no_role_that_went_before_it(rotating: bool) -> None:
    """What is in a namespace goes in any order: the Role goes, and our object waits for us."""
    world = settled(secret=KUBERNETES, consumers=CONSUMERS)
    world.workloads.quick = False
    if rotating:
        rotate(world)
        assert "rotation" in status(world)
    world.kube.going.add("hr")
    for name in ("read_secret", "write_secret", "release_secret", "find_workload"):
        setattr(world.workloads, name, without_role)
    world.delete(*ROTATION)
    world.settle()
    assert world.kube.find(*ROTATION) is None
    assert accounts(world)[ACCOUNT].password == current(world)["password"]


def without_role(*_: object) -> None:
    raise Retryable("RbacMissing", "the operator may not get secrets in namespace hr")


def test_a_secret_that_holds_another_account_is_told_until_it_holds_ours() -> None:
    world = settled()
    secrets(world).put(NAME, "v2", username="HR_OTHER", password="of-another-account")
    for _ in range(3):
        resync(world)
        assert world.ready(ROTATION) == ("False", "Conflict")
        assert "holds another account than HR_APP" in world.message(ROTATION)
    secrets(world).put(NAME, "v3", username=ACCOUNT, password=FIRST)
    resync(world)
    assert world.ready(ROTATION) == ("True", "Succeeded"), world.message(ROTATION)
    check_done(world)


def test_a_new_version_is_proven_though_the_pass_that_saw_it_first_failed() -> None:
    world = settled()
    secrets(world).put(NAME, "v2", username=ACCOUNT, password="not-that-of-the-account")

    def away(*_: object) -> ObservedAccount | None:
        raise Retryable("DatabaseUnreachable", "no answer")

    world.backends.database.observe_account = away  # type: ignore[method-assign]
    resync(world)
    assert world.ready(ROTATION) == ("Unknown", "DatabaseUnreachable")
    del world.backends.database.observe_account
    resync(world)
    assert world.ready(ROTATION) == ("False", "LoginDenied")
    assert world.condition("Verified", ROTATION) == ("False", "LoginDenied")
