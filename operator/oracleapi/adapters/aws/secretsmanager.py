"""AWS Secrets Manager: one secret's current version as keys and texts. Source: its API reference, GetSecretValue."""

import json
from typing import Any

from oracleapi.adapters.aws.secret_errors import READ, asking, missing
from oracleapi.adapters.aws.session import Clients
from oracleapi.ports import SecretValue

CURRENT = "AWSCURRENT"
"""Named in each call: a policy may allow this label and no other."""


class AwsSecrets:
    """Fulfils :class:`oracleapi.ports.Secrets`; every call reads."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def read(self, secret_id: str, refused: str | None = None) -> SecretValue:
        with asking(READ, secret_id, "current version"):
            client = self._clients.client("secretsmanager")
            answer = client.get_secret_value(SecretId=secret_id, VersionStage=CURRENT)
        return SecretValue(str(answer["VersionId"]), parse_secret(answer, secret_id))


def parse_secret(answer: dict[str, Any], secret_id: str) -> dict[str, str]:
    """Return the keys of a secret with their texts, whole numbers as texts; other values are left out.

    Raises:
        DependencyNotReady: ``CredentialsMissing``, it holds bytes or no JSON object.
    """
    found = parse_object(answer, secret_id)
    return {key: str(value) for key, value in found.items() if isinstance(value, str) or type(value) is int}


def parse_object(answer: dict[str, Any], secret_id: str) -> dict[str, Any]:
    """Return the JSON object that a secret holds. Raises as :func:`parse_secret`."""
    text = answer.get("SecretString")
    if text is None:
        raise missing(f"secret {secret_id} holds bytes (SecretBinary); store a JSON object as SecretString")
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise missing(f"secret {secret_id} holds no JSON object; store one with the keys username and password")
    return found
