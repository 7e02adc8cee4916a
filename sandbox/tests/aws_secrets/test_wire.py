"""What travels: names and sizes, raw requests, permissions, keys of KMS, faults, quotas, and what the journal shows."""

import json
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from oracleapi_sandbox.aws.secrets.context import Key
from oracleapi_sandbox.aws.secrets.model import SecretsModel

ARNS = "arn:aws:secretsmanager:*:*:secret:oracleapi/*"
READ = {"Action": "secretsmanager:GetSecretValue", "Resource": ARNS}
CANARY = "canary-0123456789"


@pytest.mark.parametrize("name", ["Inv Name", " Inv*Name? ", "db\\x", "ü"])
def test_names_that_cannot_be(client: Any, refused: Any, name: str) -> None:
    """[D text]; in every call that names a secret."""
    text = "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!"
    with refused("ValidationException", text):
        client.create_secret(Name=name, SecretString="x")
    for call in ("get_secret_value", "describe_secret", "delete_secret", "restore_secret"):
        with refused("ValidationException", text):
            getattr(client, call)(SecretId=name)


@pytest.mark.parametrize(
    ("members", "place", "constraint"),
    [
        ({"SecretString": CANARY * 4000}, "secretString", "less than or equal to 65536"),
        ({"SecretString": "ü" * 32769}, "secretString", "less than or equal to 65536"),
        ({"SecretBinary": b"x" * 65537}, "secretBinary", "less than or equal to 65536"),
        ({"SecretString": "x", "ClientRequestToken": "t" * 65}, "clientRequestToken", "less than or equal to 64"),
        ({"SecretString": "x", "Tags": [{"Key": "k" * 129}]}, "tags.1.member.key", "less than or equal to 128"),
    ],
)
def test_members_that_are_too_long(client: Any, refused: Any, members: Any, place: str, constraint: str) -> None:
    """65,536 bytes of value [D]; the text has no value in it."""
    text = f"1 validation error detected: Value at '{place}' failed to satisfy constraint: Member must have length"
    with refused("ValidationException", text, constraint) as caught:
        client.create_secret(Name="db", **members)
    assert CANARY not in str(caught.value)


def test_the_longest_value(client: Any) -> None:
    """[D]."""
    client.create_secret(Name="db", SecretString="x" * 65536)
    assert len(client.get_secret_value(SecretId="db")["SecretString"]) == 65536


@pytest.mark.parametrize(
    ("operation", "body", "code"),
    [
        ("GetSecretValue", b"{", "SerializationException"),
        ("GetSecretValue", b"[]", "SerializationException"),
        ("GetSecretValue", b'{"SecretId": 1}', "SerializationException"),
        ("GetSecretValue", b'{"SecretId": true}', "SerializationException"),
        ("GetSecretValue", b"{}", "ValidationException"),
        ("GetSecretValue", b"", "ValidationException"),
        ("CreateSecret", b'{"Name": "x", "SecretBinary": "%"}', "SerializationException"),
        ("CreateSecret", b'{"Name": "x", "SecretString": "s"}', "InvalidRequestException"),
        ("PutSecretValue", b'{"SecretId": "db", "SecretString": "s"}', "InvalidRequestException"),
        ("UpdateSecret", b'{"SecretId": "db", "SecretString": "s"}', "InvalidRequestException"),
        ("RotateSecret", b'{"SecretId": "db"}', "InvalidParameterException"),
        ("UpdateSecretVersionStage", b'{"SecretId": "db", "VersionStage": ""}', "ValidationException"),
        ("ListSecrets", b'{"MaxResults": 0}', "ValidationException"),
        ("ListSecrets", b'{"SortOrder": "up"}', "ValidationException"),
        ("GetRandomPassword", b'{"PasswordLength": 4097}', "ValidationException"),
        ("Nonsense", b"{}", "NotImplemented"),
    ],
)
def test_requests_that_no_client_would_send(house: Any, client: Any, operation: str, body: bytes, code: str) -> None:
    """Without a token a value is refused [D]; whatever comes, the answer is an error and not a fault of ours."""
    client.create_secret(Name="db", SecretString="one")
    status, answer = house.post(operation, body)
    assert status in (400, 501)
    assert json.loads(answer)["__type"] == code


def test_unknown_members_and_nulls_are_ignored(house: Any, client: Any) -> None:
    """[U]."""
    client.create_secret(Name="db", SecretString="one")
    status, answer = house.post("GetSecretValue", b'{"SecretId": "db", "VersionId": null, "More": 1}')
    assert (status, json.loads(answer)["SecretString"]) == (200, "one")


def test_who_may_read(house: Any, client: Any, refused: Any) -> None:
    """By the stored ARN, whatever name the caller uses [D]; a name that is not there matches no ARN [U switch]."""
    for name in ("oracleapi/db", "other/db"):
        client.create_secret(Name=name, SecretString="one", Tags=[{"Key": "team", "Value": "hr"}])
    reader = house.allowed(READ)
    assert reader.get_secret_value(SecretId="oracleapi/db")["SecretString"] == "one"
    arn = client.describe_secret(SecretId="other/db")["ARN"]
    for secret_id in ("other/db", arn):
        with refused("AccessDeniedException", f"secretsmanager:GetSecretValue on resource: {arn}"):
            reader.get_secret_value(SecretId=secret_id)
    with refused("AccessDeniedException", "on resource: oracleapi/none"):
        reader.get_secret_value(SecretId="oracleapi/none")
    house.settings.merge({"missing_secret_is_denied": False})
    with refused("ResourceNotFoundException"):
        reader.get_secret_value(SecretId="oracleapi/none")
    with refused("AccessDeniedException"):
        reader.put_secret_value(SecretId="oracleapi/db", SecretString="two")
    assert client.get_secret_value(SecretId="oracleapi/db")["SecretString"] == "one"


def test_conditions_on_labels_and_tags(house: Any, client: Any, refused: Any) -> None:
    """The label is that of the request: one that names none is denied [U]."""
    client.create_secret(Name="oracleapi/db", SecretString="one", Tags=[{"Key": "team", "Value": "hr"}])
    current = {"ForAnyValue:StringEquals": {"secretsmanager:VersionStage": "AWSCURRENT"}}
    reader = house.allowed(READ | {"Condition": current})
    assert reader.get_secret_value(SecretId="oracleapi/db", VersionStage="AWSCURRENT")["SecretString"] == "one"
    for given in ({}, {"VersionStage": "AWSPREVIOUS"}):
        with refused("AccessDeniedException"):
            reader.get_secret_value(SecretId="oracleapi/db", **given)
    for team, allowed in (("hr", True), ("it", False)):
        tagged = {"StringEquals": {"secretsmanager:ResourceTag/team": team}}
        reader = house.allowed(READ | {"Condition": tagged})
        if allowed:
            reader.get_secret_value(SecretId="oracleapi/db")
        else:
            with refused("AccessDeniedException"):
                reader.get_secret_value(SecretId="oracleapi/db")


def test_what_else_an_operation_asks_for(house: Any, refused: Any) -> None:
    """Tags at birth need TagResource, validating a policy needs PutResourcePolicy [D]."""
    writer = house.allowed(
        {"Action": ["secretsmanager:CreateSecret", "secretsmanager:ValidateResourcePolicy"], "Resource": "*"}
    )
    writer.create_secret(Name="oracleapi/one", SecretString="x")
    with refused("AccessDeniedException", "secretsmanager:TagResource"):
        writer.create_secret(Name="oracleapi/two", SecretString="x", Tags=[{"Key": "a", "Value": "b"}])
    with refused("AccessDeniedException", "secretsmanager:PutResourcePolicy"):
        writer.validate_resource_policy(ResourcePolicy="{}")
    with refused("AccessDeniedException", "secretsmanager:GetRandomPassword on resource: *"):
        writer.get_random_password()


def test_a_key_of_ones_own(house: Any, client: Any, refused: Any) -> None:
    """It needs rights on the key too, in words of its own [D: public issues]; by id, ARN or alias."""
    client.create_secret(Name="oracleapi/db", SecretString="one", KmsKeyId="alias/mine")
    assert client.describe_secret(SecretId="oracleapi/db")["KmsKeyId"] == "alias/mine"
    assert client.list_secret_version_ids(SecretId="oracleapi/db")["Versions"][0]["KmsKeyIds"] == ["alias/mine"]
    with refused("AccessDeniedException", "Access to KMS is not allowed"):
        house.allowed(READ).get_secret_value(SecretId="oracleapi/db")
    through = {"StringEquals": {"kms:ViaService": "secretsmanager.eu-west-1.amazonaws.com"}}
    decrypt = {"Action": "kms:Decrypt", "Resource": "arn:aws:kms:*:*:key/k1", "Condition": through}
    both = house.allowed(READ | {"Action": "secretsmanager:*"}, decrypt)
    assert both.get_secret_value(SecretId="oracleapi/db")["SecretString"] == "one"
    with refused("AccessDeniedException", "Access to KMS is not allowed"):
        both.put_secret_value(SecretId="oracleapi/db", SecretString="two")
    with refused("AccessDeniedException", "Access to KMS is not allowed"):
        house.allowed(READ | {"Action": "secretsmanager:*"}).create_secret(
            Name="oracleapi/new", SecretString="one", KmsKeyId="k1"
        )


def test_a_raw_request_cannot_hide_the_key(house: Any, client: Any) -> None:
    """A member that the operation does not have changes nothing."""
    client.create_secret(Name="oracleapi/db", SecretString=CANARY, KmsKeyId="k1")
    reader = house.allowed(READ)
    reader.meta.events.register("before-sign.secrets-manager.GetSecretValue", _with_another_key)
    with pytest.raises(ClientError, match="Access to KMS is not allowed"):
        reader.get_secret_value(SecretId="oracleapi/db")


def _with_another_key(request: Any, **_: Any) -> None:
    request.data = json.dumps({**json.loads(request.data), "KmsKeyId": ""}).encode()


@pytest.mark.parametrize("state", ["disabled", "gone"])
def test_a_key_that_does_not_work(house: Any, client: Any, refused: Any, state: str) -> None:
    """[D codes]; nothing is stored."""
    client.create_secret(Name="db", SecretString="one", KmsKeyId="k1")
    if state == "disabled":
        house.others.keys["k1"] = Key(house.others.keys["k1"].arn, False)
    else:
        del house.others.keys["k1"]
    with refused("DecryptionFailure"):
        client.get_secret_value(SecretId="db")
    with refused("EncryptionFailure"):
        client.put_secret_value(SecretId="db", SecretString="two")
    assert len(client.list_secret_version_ids(SecretId="db", IncludeDeprecated=True)["Versions"]) == 1
    client.update_secret(SecretId="db", KmsKeyId="alias/aws/secretsmanager")
    client.put_secret_value(SecretId="db", SecretString="two")
    assert client.get_secret_value(SecretId="db")["SecretString"] == "two"


def test_another_key_decrypts_what_has_labels(house: Any, client: Any, refused: Any) -> None:
    """Beside the old one, and makes no version; what has no label keeps its key [D: user guide]."""
    first = client.create_secret(Name="db", SecretString="one", KmsKeyId="k1")["VersionId"]
    client.put_secret_value(SecretId="db", SecretString="two")
    client.put_secret_value(SecretId="db", SecretString="three")
    assert "VersionId" not in client.update_secret(SecretId="db", KmsKeyId="alias/aws/secretsmanager")
    found = client.list_secret_version_ids(SecretId="db", IncludeDeprecated=True)["Versions"]
    both = ["k1", "DefaultEncryptionKey"]
    assert [version["KmsKeyIds"] for version in found] == [["k1"], both, both]
    house.others.keys["k1"] = Key(house.others.keys["k1"].arn, False)
    assert client.get_secret_value(SecretId="db")["SecretString"] == "three"
    assert client.get_secret_value(SecretId="db", VersionStage="AWSPREVIOUS")["SecretString"] == "two"
    with refused("DecryptionFailure"):
        client.get_secret_value(SecretId="db", VersionId=first)
    with refused("EncryptionFailure"):
        client.update_secret(SecretId="db", KmsKeyId="k1")
    assert "KmsKeyId" not in client.describe_secret(SecretId="db")


def test_faults_strike_one_secret(house: Any, client: Any, refused: Any) -> None:
    """By pattern; once, before or after the effect."""
    for name in ("oracleapi/a", "oracleapi/b"):
        client.create_secret(Name=name, SecretString="one")
    fault = {"operation": "secretsmanager:*", "secret_id": "*/a", "status": 400, "code": "DecryptionFailure"}
    house.faults.replace([fault | {"times": 1}])
    assert client.get_secret_value(SecretId="oracleapi/b")["SecretString"] == "one"
    with refused("DecryptionFailure"):
        client.get_secret_value(SecretId="oracleapi/a")
    assert client.get_secret_value(SecretId="oracleapi/a")["SecretString"] == "one"
    house.faults.replace([fault | {"code": "InternalServiceError", "when": "after", "times": 1}])
    with refused("InternalServiceError"):
        client.put_secret_value(SecretId="oracleapi/a", SecretString="two")
    assert client.get_secret_value(SecretId="oracleapi/a")["SecretString"] == "two"


def test_an_answer_that_is_lost_is_asked_for_again(house: Any, client: Any) -> None:
    """With the same token the second try finds what the first one made."""
    client.create_secret(Name="db", SecretString="one")
    given = {"SecretId": "db", "SecretString": "two", "ClientRequestToken": str(uuid.uuid4())}
    house.faults.replace([{"operation": "secretsmanager:PutSecretValue", "times": 1, "drop_after": True}])
    with pytest.raises(ConnectionClosedError):
        client.put_secret_value(**given)
    assert client.put_secret_value(**given)["VersionId"] == given["ClientRequestToken"]
    assert len(client.list_secret_version_ids(SecretId="db")["Versions"]) == 2


def test_request_quotas(house: Any, client: Any, refused: Any) -> None:
    """50 writes a second together, reads in a bucket of their own [D]; the code is ThrottlingException [D]."""
    client.create_secret(Name="db", SecretString="0")
    house.settings.merge({"quotas": "real"})
    for _ in range(25):
        client.update_secret(SecretId="db", Description="x")
        client.update_secret(SecretId="db", Description="y")
    with refused("ThrottlingException"):
        client.put_secret_value(SecretId="db", SecretString="1")
    assert client.get_secret_value(SecretId="db")["SecretString"] == "0"
    house.clock.advance(0.1)
    client.put_secret_value(SecretId="db", SecretString="1")


def test_no_value_is_written_down(house: Any, client: Any) -> None:
    """The journal has names and labels; neither it nor a ``repr`` of the store has a value."""
    client.create_secret(Name="db", SecretString=CANARY, Description="d")
    client.put_secret_value(SecretId="db", SecretBinary=CANARY.encode(), VersionStages=["AWSPENDING"])
    client.get_secret_value(SecretId="db")
    client.get_secret_value(SecretId="db", VersionStage="AWSPENDING")
    shown = json.dumps(house.journal.entries())
    held = repr(house.engine._region("eu-west-1"))
    for text in (shown, held):
        assert CANARY not in text
        assert "Y2FuYXJ5" not in text
    assert '"VersionStages": ["AWSPENDING"]' in shown
    assert '"Name": "db"' in shown


def test_every_operation_of_the_service_is_answered_or_refused_by_name(house: Any) -> None:
    """None falls through to another service."""
    for operation in SecretsModel().operations():
        status, answer = house.post(operation, b"{}")
        assert status in (200, 400, 501), operation
        assert status == 200 or json.loads(answer)["__type"], operation
