"""AWS Secrets Manager: one secret's current version as keys and texts.

Sources: Secrets Manager API reference, GetSecretValue; errors by code, and where one code means several things by
texts that public issues quote. No message holds a value.
"""

import json
from typing import Any

from botocore.exceptions import ClientError

from oracleapi.adapters.aws.errors import DENIED, DENIED_RETRY_S, error_code, is_absent, translated
from oracleapi.adapters.aws.session import Clients
from oracleapi.api import reasons
from oracleapi.errors import DependencyNotReady, OperatorError, Retryable
from oracleapi.ports import SecretValue

OPERATION = "secretsmanager:GetSecretValue"
CURRENT = "AWSCURRENT"
"""Named in each call: a policy may allow this label and no other."""
NO_KEY = "Access to KMS is not allowed"
KEY_FAILED = "DecryptionFailure"
WRONG_STATE = "InvalidRequestException"
MARKED = "marked for deletion"
RETRY_S = 60.0


class AwsSecrets:
    """Fulfils :class:`oracleapi.ports.Secrets`; every call reads."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def read(self, secret_id: str, refused: str | None = None) -> SecretValue:
        with translated(OPERATION):
            try:
                client = self._clients.client("secretsmanager")
                answer = client.get_secret_value(SecretId=secret_id, VersionStage=CURRENT)
            except ClientError as error:
                raise _explained(error, secret_id) from error
        return SecretValue(str(answer["VersionId"]), parse_secret(answer, secret_id))


def parse_secret(answer: dict[str, Any], secret_id: str) -> dict[str, str]:
    """Return the keys of a secret with their texts, whole numbers as texts; other values are left out.

    Raises:
        DependencyNotReady: ``CredentialsMissing``, it holds bytes or no JSON object.
    """
    text = answer.get("SecretString")
    if text is None:
        raise _missing(f"secret {secret_id} holds bytes (SecretBinary); store a JSON object as SecretString")
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise _missing(f"secret {secret_id} holds no JSON object; store one with the keys username and password")
    return {key: str(value) for key, value in found.items() if isinstance(value, str) or type(value) is int}


def _explained(error: ClientError, secret_id: str) -> OperatorError | ClientError:
    """Return our error where Secrets Manager's own words mislead, else *error*."""
    if error.operation_name != "GetSecretValue":
        return error  # of the call before: it asked for the keys to sign with
    code, text = error_code(error), str(error.response.get("Error", {}).get("Message", ""))
    if is_absent(error):
        return _missing(f"secret {secret_id} is not in this account and region, or has no current version; create it")
    if code == WRONG_STATE and MARKED in text:
        return _missing(f"secret {secret_id} is scheduled for deletion; restore it, or name another one")
    if code == WRONG_STATE:
        return _missing(
            f"secret {secret_id} cannot be read in its state; one of another account needs a KMS key of its own"
        )
    if code == KEY_FAILED:
        return _denied(f"the KMS key of secret {secret_id} does not decrypt it; enable the key")
    if code in DENIED and NO_KEY in text:
        return _denied(f"AWS denied the KMS key of secret {secret_id}; grant kms:Decrypt on it to the operator's role")
    if code in DENIED:
        return _denied(
            f"AWS denied secret {secret_id}, which may also mean that there is none; grant {OPERATION} on it to the"
            " operator's role, or create it"
        )
    return error


def _denied(message: str) -> Retryable:
    return Retryable(reasons.AWS_ACCESS_DENIED, message, DENIED_RETRY_S)


def _missing(message: str) -> DependencyNotReady:
    return DependencyNotReady(reasons.CREDENTIALS_MISSING, message, RETRY_S)
