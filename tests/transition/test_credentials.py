"""Where a database's account comes from: a Secret of the cluster, or a secret of Secrets Manager."""

from typing import Any

import pytest

from oracleapi.errors import Retryable
from support import make
from support.small_world import API, SmallWorld
from support.worlds import ACCOUNT, DATABASE, annotate, edit, resync

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
    for _ in range(3):
        world.operator.queue.add(DATABASE)
        world.operator.queue.add(API)
        world.settle(10)
    assert reads(world) == 1
    resync(world)
    assert reads(world) == 2


def test_many_objects_over_a_database_share_its_reads_also_while_the_secret_is_missing() -> None:
    world = world_of()
    for number in range(12):
        spec = {**world.kube.objects[API]["spec"], "basePath": f"/more{number}"}
        world.apply(make.resource("OracleApi", f"more{number}", spec, "hr"))
    world.settle(60)
    assert reads(world) == 1
    del world.backends.secret_store.values[SECRET]
    world.clock.advance(400)
    before = reads(world)
    resync(world, 60)
    assert 1 <= reads(world) - before <= 3


def test_whoever_asks_has_the_secret_read_anew() -> None:
    world = world_of()
    annotate(world, DATABASE, reconcile_requested_at="now")
    world.settle(10)
    assert reads(world) == 2


def test_a_refused_login_reads_the_secret_anew_and_goes_on_with_the_new_password() -> None:
    world = world_of()
    world.backends.password = "second"
    world.backends.secret_store.put(SECRET, "v2", username="op", password="second")
    edit(world, DATABASE, environment="test")
    world.settle(30)
    assert world.ready(DATABASE) == ("True", "Succeeded")
    assert reads(world) == 2


def test_a_version_that_is_refused_is_read_anew_once_and_not_by_every_object() -> None:
    world = world_of()
    world.backends.password = "other"
    began = reads(world)
    for _ in range(5):
        world.operator.queue.add(DATABASE)
        world.operator.queue.add(API)
        world.settle(5)
    assert world.ready(DATABASE) == ("Unknown", "LoginDenied")
    assert reads(world) - began == 1
    world.backends.secret_store.put(SECRET, "v2", username="op", password="other")
    world.settle(300)
    assert world.ready(DATABASE) == ("True", "Succeeded")
    assert world.ready() == ("True", "Succeeded")


def test_a_refused_login_is_told_also_where_the_secret_cannot_be_read_anew() -> None:
    world = world_of()
    world.backends.password = "other"
    world.backends.secret_store.faults = [Retryable("AwsUnavailable", "no answer")]
    world.operator.queue.add(DATABASE)
    world.settle(1)
    assert world.ready(DATABASE) == ("Unknown", "LoginDenied")


def test_while_secrets_manager_is_away_databases_go_on_with_what_it_said() -> None:
    world = world_of()
    world.backends.secret_store.faults = [Retryable("AwsUnavailable", "no answer")] * 9
    resync(world)
    assert world.ready(DATABASE) == ("True", "Succeeded")
    assert world.ready() == ("True", "Succeeded")


@pytest.mark.parametrize("lacking", ["username", "password"])
def test_a_key_that_is_not_there_is_named_with_the_field_and_not_with_the_content(lacking: str) -> None:
    world = world_of()
    values = {"username": "op", "password": "canary-password"}
    world.backends.password = values["password"]
    world.backends.secret_store.put(SECRET, "v2", **{**values, lacking: ""})
    resync(world)
    assert world.ready(DATABASE) == ("False", "CredentialsMissing")
    wanted = f"spec.credentials.secretsManager.secretId: secret {SECRET} has no text under the key {lacking}; add it"
    assert world.message(DATABASE) == wanted
    assert "canary" not in str(world.kube.objects)
    world.backends.secret_store.put(SECRET, "v3", **values)
    world.settle(200)
    assert world.ready(DATABASE) == ("True", "Succeeded")


def test_a_secret_that_is_not_there_is_named() -> None:
    world = world_of()
    del world.backends.secret_store.values[SECRET]
    resync(world)
    assert world.ready(DATABASE) == ("False", "CredentialsMissing")
    assert world.message(DATABASE).startswith(f"spec.credentials.secretsManager.secretId: secret {SECRET}")


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
