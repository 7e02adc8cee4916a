"""Database credentials in Secrets Manager and their rotation, call by call: what any account answers."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture
def secret(contract: Any) -> Iterator[str]:
    """The name of a secret with database credentials."""
    client, name = contract.aws.client("secretsmanager"), f"contract/{uuid.uuid4().hex}"
    client.create_secret(Name=name, SecretString='{"username": "A", "password": "1"}')
    yield name
    client.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)


def test_a_secret_is_read_by_name_and_arn(contract: Any, secret: str) -> None:
    """ARN with six random characters, current version, string as it was put [D]."""
    client = contract.aws.client("secretsmanager")
    found = client.get_secret_value(SecretId=secret)
    assert found["SecretString"] == '{"username": "A", "password": "1"}'
    assert (found["Name"], found["VersionStages"]) == (secret, ["AWSCURRENT"])
    assert len(found["ARN"].rpartition(f":secret:{secret}-")[2]) == 6
    assert client.get_secret_value(SecretId=found["ARN"])["VersionId"] == found["VersionId"]


def test_a_new_value_moves_the_labels(contract: Any, secret: str) -> None:
    """PutSecretValue without stages moves AWSCURRENT, the old one becomes AWSPREVIOUS [D]."""
    client = contract.aws.client("secretsmanager")
    old = client.get_secret_value(SecretId=secret)
    token = str(uuid.uuid4())
    put = client.put_secret_value(SecretId=secret, SecretString="new", ClientRequestToken=token)
    assert (put["VersionId"], put["VersionStages"]) == (token, ["AWSCURRENT"])
    assert client.get_secret_value(SecretId=secret)["SecretString"] == "new"
    before = client.get_secret_value(SecretId=secret, VersionStage="AWSPREVIOUS")
    assert (before["VersionId"], before["SecretString"]) == (old["VersionId"], old["SecretString"])
    described = client.describe_secret(SecretId=secret)
    assert described["VersionIdsToStages"] == {token: ["AWSCURRENT"], old["VersionId"]: ["AWSPREVIOUS"]}


def test_a_missing_secret_or_label(contract: Any, secret: str) -> None:
    """ResourceNotFoundException, 400 [D]."""
    client = contract.aws.client("secretsmanager")
    text = "Secrets Manager can't find the specified secret"
    with contract.refused("ResourceNotFoundException", text, status=400):
        client.get_secret_value(SecretId="contract/none")
    with contract.refused("ResourceNotFoundException", text, "AWSPENDING", status=400):
        client.get_secret_value(SecretId=secret, VersionStage="AWSPENDING")


def test_a_secret_marked_for_deletion(contract: Any, secret: str) -> None:
    """InvalidRequestException for reads and writes; described it can be, restored too [D]."""
    client = contract.aws.client("secretsmanager")
    client.delete_secret(SecretId=secret, RecoveryWindowInDays=7)
    for call, members in (("get_secret_value", {}), ("put_secret_value", {"SecretString": "x"})):
        with contract.refused("InvalidRequestException", "marked for deletion", status=400):
            getattr(client, call)(SecretId=secret, **members)
    assert "DeletedDate" in client.describe_secret(SecretId=secret)
    client.restore_secret(SecretId=secret)
    assert client.get_secret_value(SecretId=secret)["VersionStages"] == ["AWSCURRENT"]


def test_a_rotation(contract: Any, secret: str) -> None:
    """Pending, then current by compare-and-swap; AWSPREVIOUS follows, AWSPENDING stays until it is taken away [D]."""
    client = contract.aws.client("secretsmanager")
    first, second = client.get_secret_value(SecretId=secret)["VersionId"], str(uuid.uuid4())
    pending = {"SecretId": secret, "ClientRequestToken": second, "SecretString": "2", "VersionStages": ["AWSPENDING"]}
    for _ in range(2):
        assert client.put_secret_value(**pending)["VersionStages"] == ["AWSPENDING"]
    with contract.refused("ResourceExistsException", f"You can't use ClientRequestToken {second}", status=400):
        client.put_secret_value(**pending | {"SecretString": "3"})
    assert client.get_secret_value(SecretId=secret)["VersionId"] == first
    move = {"SecretId": secret, "VersionStage": "AWSCURRENT", "MoveToVersionId": second}
    with contract.refused("InvalidParameterException", "RemoveFromVersionId can't be empty", first, status=400):
        client.update_secret_version_stage(**move)
    with contract.refused("InvalidParameterException", status=400):
        client.update_secret_version_stage(**move, RemoveFromVersionId=second)
    client.update_secret_version_stage(**move, RemoveFromVersionId=first)
    found = client.describe_secret(SecretId=secret)["VersionIdsToStages"]
    assert {key: sorted(value) for key, value in found.items()} == {
        first: ["AWSPREVIOUS"],
        second: ["AWSCURRENT", "AWSPENDING"],
    }
    client.update_secret_version_stage(SecretId=secret, VersionStage="AWSPENDING", RemoveFromVersionId=second)
    current = client.get_secret_value(SecretId=secret, VersionStage="AWSCURRENT")
    assert (current["VersionId"], current["SecretString"], current["VersionStages"]) == (second, "2", ["AWSCURRENT"])
    with contract.refused("InvalidParameterException", "You can only move staging label AWSCURRENT", status=400):
        client.update_secret_version_stage(SecretId=secret, VersionStage="AWSCURRENT", RemoveFromVersionId=second)


def test_a_second_pending_version_takes_the_label(contract: Any, secret: str) -> None:
    """[D]: a label sits on one version, and the newest one is read."""
    client = contract.aws.client("secretsmanager")
    for text in ("2", "3"):
        client.put_secret_value(SecretId=secret, SecretString=text, VersionStages=["AWSPENDING"])
    assert client.get_secret_value(SecretId=secret, VersionStage="AWSPENDING")["SecretString"] == "3"
    listed = client.list_secret_version_ids(SecretId=secret)["Versions"]
    assert sorted(entry["VersionStages"] for entry in listed) == [["AWSCURRENT"], ["AWSPENDING"]]


def test_a_name_that_is_taken(contract: Any, secret: str) -> None:
    """[D]; the same create by its token is answered again."""
    client, token = contract.aws.client("secretsmanager"), str(uuid.uuid4())
    with contract.refused("ResourceExistsException", f"the secret {secret} already exists.", status=400):
        client.create_secret(Name=secret, SecretString="x")
    given = {"Name": f"{secret}-more", "SecretString": "x", "ClientRequestToken": token}
    try:
        assert client.create_secret(**given)["ARN"] == client.create_secret(**given)["ARN"]
        client.delete_secret(SecretId=given["Name"])
        with contract.refused("InvalidRequestException", "already scheduled for deletion", status=400):
            client.create_secret(**given)
    finally:
        client.delete_secret(SecretId=given["Name"], ForceDeleteWithoutRecovery=True)


def test_what_a_secret_does_not_take(contract: Any, secret: str) -> None:
    """More than 65,536 bytes [D]; a rotation without a function [D]. Neither changes anything."""
    client = contract.aws.client("secretsmanager")
    with contract.refused("ValidationException", "'secretString' failed to satisfy constraint", status=400):
        client.put_secret_value(SecretId=secret, SecretString="x" * 65537)
    with contract.refused("InvalidRequestException", "No Lambda rotation function", status=400):
        client.rotate_secret(SecretId=secret)
    assert client.get_secret_value(SecretId=secret)["VersionStages"] == ["AWSCURRENT"]


def test_a_random_password(contract: Any) -> None:
    """[D]."""
    client = contract.aws.client("secretsmanager")
    found = client.get_random_password(PasswordLength=30, ExcludeCharacters="/@\"'\\")["RandomPassword"]
    assert len(found) == 30
    assert not set(found) & set("/@\"'\\")
