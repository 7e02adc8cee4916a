"""AWS Secrets Manager: one secret's current version as keys and texts.

Sources: Secrets Manager API reference, GetSecretValue; errors by code, since the service returns codes that its model
does not list. No message holds a value.
"""

import json

from botocore.exceptions import ClientError

from oracleapi.adapters.aws.errors import DENIED_RETRY_S, error_code, is_absent, translated
from oracleapi.adapters.aws.session import Clients
from oracleapi.api import reasons
from oracleapi.errors import DependencyNotReady, OperatorError, Retryable
from oracleapi.ports import SecretValue

OPERATION = "secretsmanager:GetSecretValue"
KMS_FAILED = "DecryptionFailure"
SCHEDULED = "InvalidRequestException"
RETRY_S = 60.0


class AwsSecrets:
    """Fulfils :class:`oracleapi.ports.Secrets`."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def read(self, secret_id: str) -> SecretValue:
        with translated(OPERATION):
            try:
                answer = self._clients.client("secretsmanager").get_secret_value(SecretId=secret_id)
            except ClientError as error:
                raise _explained(error, secret_id) from error
        return SecretValue(str(answer["VersionId"]), parse_secret(answer.get("SecretString"), secret_id))


def parse_secret(text: str | None, secret_id: str) -> dict[str, str]:
    """Return the keys of a secret's text, numbers as texts.

    Raises:
        DependencyNotReady: ``CredentialsMissing``, it is no JSON object.
    """
    try:
        found = json.loads(text) if text is not None else None
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise _missing(f"secret {secret_id} holds no JSON object; store keys and texts in SecretString")
    return {str(key): str(value) for key, value in found.items() if isinstance(value, str | int)}


def _explained(error: ClientError, secret_id: str) -> OperatorError | ClientError:
    """Return our error where Secrets Manager's own words mislead, else *error*."""
    code = error_code(error)
    if is_absent(error):
        return _missing(f"secret {secret_id} is not in this account and region, or has no current version; create it")
    if code == SCHEDULED:
        return _missing(f"secret {secret_id} cannot be read in its state; if it is scheduled for deletion, restore it")
    if code == KMS_FAILED:
        return Retryable(
            reasons.AWS_ACCESS_DENIED,
            f"the key of secret {secret_id} refuses to decrypt; let the operator's role use the KMS key",
            DENIED_RETRY_S,
        )
    return error


def _missing(message: str) -> DependencyNotReady:
    return DependencyNotReady(reasons.CREDENTIALS_MISSING, message, RETRY_S)
