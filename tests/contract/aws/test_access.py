"""Signatures, and database credentials in Secrets Manager: what any account answers."""

import uuid
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

WRONG = "The request signature we calculated does not match the signature you provided"
UNKNOWN = "The security token included in the request is invalid"


@pytest.mark.parametrize(
    ("service", "call", "unknown", "wrong", "status"),
    [
        ("apigatewayv2", "get_apis", "UnrecognizedClientException", "InvalidSignatureException", 403),
        ("logs", "describe_log_groups", "UnrecognizedClientException", "InvalidSignatureException", 400),
        ("secretsmanager", "list_secrets", "UnrecognizedClientException", "InvalidSignatureException", 400),
        ("sts", "get_caller_identity", "InvalidClientTokenId", "SignatureDoesNotMatch", 403),
        ("iam", "list_roles", "InvalidClientTokenId", "SignatureDoesNotMatch", 403),
    ],
)
def test_keys_that_are_wrong(contract: Any, service: str, call: str, unknown: str, wrong: str, status: int) -> None:
    """An unknown key, and a known one with another secret: codes by protocol [D public error texts]."""
    nobody = contract.aws.client_as("AKIAAAAAAAAAAAAAAAAA", "x" * 40, service)
    with contract.refused(unknown, UNKNOWN, status=status):
        getattr(nobody, call)()
    known = contract.aws.addresses.get("access_key_id") or boto3.Session().get_credentials().access_key
    with contract.refused(wrong, WRONG, status=status):
        getattr(contract.aws.client_as(known, "x" * 40, service), call)()


def test_a_signature_covers_encoded_paths(contract: Any) -> None:
    """ARNs and route keys in a path, signed as the client wrote them [D]."""
    api = contract.api()
    contract.route(api, "GET /a~b/{id}")
    settings = {"GET /a~b/{id}": {"ThrottlingRateLimit": 1.0, "ThrottlingBurstLimit": 1}}
    contract.gateway.create_stage(ApiId=api, StageName="$default", RouteSettings=settings)
    contract.gateway.delete_route_settings(ApiId=api, StageName="$default", RouteKey="GET /a~b/{id}")
    region = contract.gateway.meta.region_name
    arn = f"arn:aws:apigateway:{region}::/apis/{api}"
    contract.gateway.tag_resource(ResourceArn=arn, Tags={"owner": "a+b c"})
    assert contract.gateway.get_api(ApiId=api)["Tags"]["owner"] == "a+b c"


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
