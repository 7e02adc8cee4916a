"""Secrets under a key of KMS, as the emulated KMS has it, and what the pages of the sandbox do to secrets."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

READ = {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": "*"}


@pytest.fixture(autouse=True)
def _clean(contract: Any) -> Iterator[None]:
    contract.aws.sandbox("POST", "reset")
    yield
    contract.aws.sandbox("POST", "reset")
    contract.aws.sandbox("PUT", "principals", {"op": None})


def _reader(contract: Any, *statements: Any) -> Any:
    policies = [{"Version": "2012-10-17", "Statement": list(statements)}]
    made = contract.aws.sandbox("PUT", "principals", {"op": {"policies": policies}})["principals"]["op"]
    return contract.aws.client_as(made["access_key_id"], made["secret_access_key"], "secretsmanager")


def test_a_secret_under_a_key(contract: Any) -> None:
    """A reader needs the key too; a disabled key decrypts nothing; both in the words of real accounts."""
    kms, secrets = contract.aws.client("kms"), contract.aws.client("secretsmanager")
    key = kms.create_key(Description="x")["KeyMetadata"]["Arn"]
    secrets.create_secret(Name="db", SecretString="one", KmsKeyId=key)
    with contract.refused("AccessDeniedException", "Access to KMS is not allowed", status=400):
        _reader(contract, READ).get_secret_value(SecretId="db")
    reader = _reader(contract, READ, {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": key})
    assert reader.get_secret_value(SecretId="db")["SecretString"] == "one"
    kms.disable_key(KeyId=key)
    with contract.refused("DecryptionFailure", status=400):
        reader.get_secret_value(SecretId="db")


def test_the_pages_know_secrets_and_no_values(contract: Any) -> None:
    """A fault for one secret; calls without values; a reset that forgets; a clock that ends what was marked."""
    secrets = contract.aws.client("secretsmanager")
    secrets.create_secret(Name="db", SecretString="canary-value")
    fault = {"operation": "secretsmanager:Get*", "secret_id": "db", "status": 400, "code": "InternalServiceError"}
    contract.aws.sandbox("PUT", "faults", [fault | {"times": 1}])
    with contract.refused("InternalServiceError", status=400):
        secrets.get_secret_value(SecretId="db")
    assert secrets.get_secret_value(SecretId="db")["SecretString"] == "canary-value"
    calls = contract.aws.sandbox("GET", "calls")["calls"]
    assert "canary-value" not in json.dumps(calls)
    assert [call["params"].get("SecretId") for call in calls][-2:] == ["db", "db"]
    secrets.delete_secret(SecretId="db", RecoveryWindowInDays=7)
    contract.aws.sandbox("POST", "clock", {"advance_seconds": 7 * 86_400})
    with contract.refused("ResourceNotFoundException"):
        secrets.describe_secret(SecretId="db")
