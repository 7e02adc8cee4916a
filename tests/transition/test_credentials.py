"""Where a database's account comes from: a Secret of the cluster, or a secret of Secrets Manager."""

from typing import Any

from support import make
from support.small_world import SmallWorld
from support.worlds import ACCOUNT, DATABASE, edit, resync

SECRET = "oracleapi/db"
HERE: dict[str, Any] = {"secretsManager": {"accountRef": {"name": "main"}, "secretId": SECRET}}


def world_of(taken: str = "first") -> SmallWorld:
    """Return a world whose database takes one password, and whose credentials lie in Secrets Manager."""
    world = SmallWorld(start=False)
    world.backends.password = taken
    world.backends.secret_store.put(SECRET, "v1", username="op", password="first")
    for found in make.world():
        if found["kind"] == "OracleDatabase":
            found["spec"]["credentials"] = HERE
        world.apply(found)
    world.settle()
    return world


def reads(world: SmallWorld) -> int:
    return len(world.backends.secret_store.reads)


def test_a_database_opens_with_a_secret_of_secrets_manager_and_all_share_one_read() -> None:
    world = world_of()
    assert world.ready(DATABASE) == ("True", "Succeeded")
    assert world.ready() == ("True", "Succeeded")
    assert reads(world) == 1


def test_the_value_is_believed_for_five_minutes() -> None:
    world = world_of()
    world.clock.advance(120)
    edit(world, DATABASE, environment="test")
    world.settle(60)
    assert reads(world) == 1
    resync(world)
    assert reads(world) == 2


def test_a_refused_login_reads_the_secret_anew_and_goes_on_with_the_new_password() -> None:
    world = world_of()
    world.backends.password = "second"
    world.backends.secret_store.put(SECRET, "v2", username="op", password="second")
    edit(world, DATABASE, environment="test")
    world.settle(30)
    assert world.ready(DATABASE) == ("True", "Succeeded")
    assert reads(world) == 2


def test_one_version_that_is_refused_is_not_tried_twice_in_a_pass_for_accounts_lock() -> None:
    world = world_of("other")
    assert world.ready(DATABASE) == ("Unknown", "LoginDenied")
    assert reads(world) <= 3
    world.backends.secret_store.put(SECRET, "v2", username="op", password="other")
    world.settle(400)
    assert world.ready(DATABASE) == ("True", "Succeeded")


def test_a_secret_that_is_not_there_is_named() -> None:
    world = world_of()
    del world.backends.secret_store.values[SECRET]
    resync(world)
    assert world.ready(DATABASE) == ("False", "CredentialsMissing")
    assert SECRET in world.message(DATABASE)


def test_the_account_stays_while_a_secret_of_it_is_used() -> None:
    world = world_of()
    world.delete(*ACCOUNT)
    world.settle()
    assert "OracleDatabase/db" in world.message(ACCOUNT)


def test_an_account_that_is_not_there_is_named_with_its_field() -> None:
    world = world_of()
    edit(world, DATABASE, credentials={"secretsManager": {"accountRef": {"name": "nope"}, "secretId": SECRET}})
    world.settle()
    assert world.ready(DATABASE) == ("False", "DependencyNotReady")
    assert "spec.credentials.secretsManager.accountRef: AwsAccount nope does not exist" in world.message(DATABASE)
