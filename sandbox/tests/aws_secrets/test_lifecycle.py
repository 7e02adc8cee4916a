"""A secret's end, its tags, lists, passwords and policies."""

import json
import string
from typing import Any

import pytest
from botocore.exceptions import ClientError

from oracleapi_sandbox.aws.secrets.values import DAY_S

MARKED = "You can't perform this operation on the secret because it was marked for deletion."


@pytest.fixture
def arn(client: Any) -> str:
    """The ARN of a new secret."""
    return str(client.create_secret(Name="db", SecretString="one")["ARN"])


def test_a_marked_secret_takes_no_call_but_a_few(client: Any, refused: Any, arn: str) -> None:
    """[D]: it can be described, listed by version, and restored."""
    client.delete_secret(SecretId="db", RecoveryWindowInDays=7)
    version = client.list_secret_version_ids(SecretId="db")["Versions"][0]["VersionId"]
    for call, members in (
        ("get_secret_value", {}),
        ("put_secret_value", {"SecretString": "x"}),
        ("update_secret", {"SecretString": "x"}),
        ("update_secret_version_stage", {"VersionStage": "mine", "MoveToVersionId": version}),
        ("tag_resource", {"Tags": [{"Key": "a", "Value": "b"}]}),
        ("untag_resource", {"TagKeys": ["a"]}),
        ("delete_secret", {}),
    ):
        with refused("InvalidRequestException", MARKED):
            getattr(client, call)(SecretId="db", **members)
    with refused("InvalidRequestException", "already scheduled for deletion."):
        client.create_secret(Name="db", SecretString="one")
    assert "DeletedDate" in client.describe_secret(SecretId="db")
    assert client.list_secrets()["SecretList"] == []
    assert len(client.list_secrets(IncludePlannedDeletion=True)["SecretList"]) == 1
    client.restore_secret(SecretId=arn)
    assert client.get_secret_value(SecretId="db")["SecretString"] == "one"
    assert "DeletedDate" not in client.describe_secret(SecretId="db")


@pytest.mark.parametrize(("given", "days"), [({}, 30), ({"RecoveryWindowInDays": 7}, 7)])
def test_it_goes_when_its_time_has_come(
    house: Any, client: Any, refused: Any, arn: str, given: dict[str, int], days: int
) -> None:
    """[D]; a new one of its name has another ARN."""
    deleted = client.delete_secret(SecretId="db", **given)
    assert deleted["DeletionDate"].timestamp() == house.clock.now() + days * DAY_S
    house.clock.advance(days * DAY_S - 1)
    assert client.describe_secret(SecretId="db")["ARN"] == arn
    house.clock.advance(1)
    with refused("ResourceNotFoundException"):
        client.restore_secret(SecretId="db")
    assert client.create_secret(Name="db", SecretString="two")["ARN"] != arn
    with refused("ResourceNotFoundException"):
        client.get_secret_value(SecretId=arn)


def test_without_recovery_the_name_is_free_a_moment_later(house: Any, client: Any, refused: Any, arn: str) -> None:
    """[D]; also for one that is marked already, and for one that is not there."""
    client.delete_secret(SecretId="db")
    client.delete_secret(SecretId="db", ForceDeleteWithoutRecovery=True)
    with refused("InvalidRequestException", "already scheduled for deletion."):
        client.create_secret(Name="db", SecretString="one")
    house.clock.advance(1)
    client.create_secret(Name="db", SecretString="one")
    assert client.delete_secret(SecretId="none", ForceDeleteWithoutRecovery=True)["Name"] == "none"
    with refused("ResourceNotFoundException"):
        client.delete_secret(SecretId="none")


@pytest.mark.parametrize(
    "given",
    [
        {"RecoveryWindowInDays": 6},
        {"RecoveryWindowInDays": 31},
        {"RecoveryWindowInDays": 7, "ForceDeleteWithoutRecovery": True},
    ],
)
def test_windows_that_are_none(client: Any, refused: Any, arn: str, given: dict[str, Any]) -> None:
    """7 to 30 days, and not together with force [D]."""
    with refused("InvalidParameterException", "RecoveryWindowInDays"):
        client.delete_secret(SecretId="db", **given)
    assert client.get_secret_value(SecretId="db")["SecretString"] == "one"


def test_tags_are_added_changed_and_taken_away(client: Any, refused: Any, arn: str) -> None:
    """[D]: a secret that had tags shows an empty list."""
    assert "Tags" not in client.describe_secret(SecretId="db")
    client.tag_resource(SecretId="db", Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    client.tag_resource(SecretId="db", Tags=[{"Key": "a", "Value": "3"}])
    client.untag_resource(SecretId="db", TagKeys=["b", "none"])
    assert client.describe_secret(SecretId="db")["Tags"] == [{"Key": "a", "Value": "3"}]
    client.untag_resource(SecretId="db", TagKeys=["a"])
    assert client.describe_secret(SecretId="db")["Tags"] == []
    many = [{"Key": str(number), "Value": ""} for number in range(51)]
    for tags in (many, [{"Key": "aws:mine", "Value": "x"}], [{"Value": "x"}]):
        with refused("InvalidParameterException"):
            client.tag_resource(SecretId="db", Tags=tags)
    assert client.describe_secret(SecretId="db")["Tags"] == []


def test_secrets_are_listed_by_page_without_values(client: Any) -> None:
    """[D]; filters are refused by name."""
    for number in range(3):
        client.create_secret(Name=f"s{number}", SecretString="canary")
    page = client.list_secrets(MaxResults=2)
    rest = client.list_secrets(NextToken=page["NextToken"])
    listed = [*page["SecretList"], *rest["SecretList"]]
    assert [entry["Name"] for entry in listed] == ["s0", "s1", "s2"]
    assert list(listed[0]["SecretVersionsToStages"].values()) == [["AWSCURRENT"]]
    assert "canary" not in str(listed)
    with pytest.raises(ClientError, match="Filters of secretsmanager:ListSecrets"):
        client.list_secrets(Filters=[{"Key": "name", "Values": ["s"]}])


@pytest.mark.parametrize(
    ("given", "has", "lacks"),
    [
        ({}, [string.ascii_lowercase, string.ascii_uppercase, string.digits, string.punctuation], " "),
        ({"PasswordLength": 5, "IncludeSpace": True}, [" ", string.digits, string.punctuation], ""),
        ({"ExcludePunctuation": True, "ExcludeCharacters": "abc0"}, [string.digits], f"{string.punctuation}abc0"),
        ({"ExcludeNumbers": True, "ExcludeUppercase": True, "ExcludeLowercase": True}, [], string.ascii_letters),
        ({"PasswordLength": 1, "RequireEachIncludedType": False}, [], " "),
    ],
)
def test_passwords_have_what_was_asked_for(client: Any, given: dict[str, Any], has: list[str], lacks: str) -> None:
    """[D]."""
    found = {client.get_random_password(**given)["RandomPassword"] for _ in range(20)}
    assert len(found) > 1
    for password in found:
        assert len(password) == given.get("PasswordLength", 32)
        assert all(set(kind) & set(password) for kind in has)
        assert not set(password) & set(lacks)


@pytest.mark.parametrize(
    "given",
    [{"PasswordLength": 3}, {f"Exclude{kind}": True for kind in ("Numbers", "Punctuation", "Uppercase", "Lowercase")}],
)
def test_passwords_that_cannot_be(client: Any, refused: Any, given: dict[str, Any]) -> None:
    """Too short for each kind, or of nothing."""
    with refused("InvalidParameterException"):
        client.get_random_password(**given)


def policy(principal: Any) -> str:
    statement = {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [{**statement, "Principal": principal}]})


@pytest.mark.parametrize(
    ("principal", "passes"),
    [({"AWS": "arn:aws:iam::123456789012:role/x"}, True), ("*", False), ({"AWS": ["*"]}, False)],
)
def test_policies_are_judged(client: Any, principal: Any, passes: bool) -> None:
    """Everybody is too broad [D]."""
    found = client.validate_resource_policy(ResourcePolicy=policy(principal))
    assert (found["PolicyValidationPassed"], found["ValidationErrors"] == []) == (passes, passes)


@pytest.mark.parametrize(
    "text", ["{", "[]", "{}", '{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}']
)
def test_policies_that_are_none(client: Any, refused: Any, text: str) -> None:
    """[D code]."""
    with refused("MalformedPolicyDocumentException"):
        client.validate_resource_policy(ResourcePolicy=text)


def test_rotation_without_a_function_and_what_is_not_here(client: Any, refused: Any, arn: str) -> None:
    """AWS's refusal [D]; labels stay as they are. The rest is refused by name."""
    with refused("InvalidRequestException", "No Lambda rotation function ARN is associated with this secret."):
        client.rotate_secret(SecretId="db")
    assert client.get_secret_value(SecretId="db")["SecretString"] == "one"
    with pytest.raises(ClientError, match="does not implement secretsmanager:GetResourcePolicy"):
        client.get_resource_policy(SecretId="db")


def test_a_reset_forgets_everything(house: Any, client: Any, arn: str) -> None:
    """Secrets and quotas."""
    house.engine.reset()
    assert client.list_secrets()["SecretList"] == []
