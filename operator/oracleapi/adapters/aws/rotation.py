"""AWS Secrets Manager as a rotation uses it: versions and their labels, and the life of a secret.

Every change is safe to repeat, so after a lost answer it is: a version has the id that its maker chose
(``ClientRequestToken``) and is always sent with the same text, a label is moved by compare-and-swap
(``RemoveFromVersionId``), and where AWS refuses a change by the state that the secret is in, one DescribeSecret tells
whether it was done before. Source: Secrets Manager API reference.
"""

import json
from collections.abc import Mapping
from datetime import UTC
from typing import Any

from botocore import xform_name

from oracleapi.adapters.aws.errors import DENIED
from oracleapi.adapters.aws.secret_errors import (
    CHANGE,
    CREATE,
    MOVE,
    PUT,
    READ,
    WRONG_PARAMETER,
    WRONG_STATE,
    answered,
    asking,
)
from oracleapi.adapters.aws.secretsmanager import parse_object, parse_secret
from oracleapi.adapters.aws.session import Clients
from oracleapi.errors import OperatorError
from oracleapi.model.rotation import CURRENT, PENDING, ObservedSecret
from oracleapi.ports import SecretValue

ACCOUNT_KEYS = ("username", "password")
ABSENT = "ResourceNotFoundException"
BY_STATE = frozenset({ABSENT, WRONG_PARAMETER, WRONG_STATE})
"""Codes of a change that does not fit what the secret is now; which of them stands for what is nowhere written."""


class AwsRotatedSecrets:
    """Fulfils :class:`oracleapi.ports.RotatedSecrets`."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def describe(self, name: str) -> ObservedSecret | None:
        try:
            return parse_description(self._ask("DescribeSecret", name))
        except OperatorError as error:
            if answered(error) == ABSENT:
                return None
            raise

    def read(self, name: str, version: str) -> SecretValue:
        answer = self._ask(READ, name, VersionId=version)
        texts, found = parse_secret(answer, name), parse_object(answer, name)
        kept = {key: value for key, value in found.items() if key not in ACCOUNT_KEYS}
        return SecretValue(version, kept | {key: texts[key] for key in ACCOUNT_KEYS if key in texts})

    def create(
        self, name: str, token: str, values: Mapping[str, Any], tags: Mapping[str, str], kms_key_id: str | None
    ) -> None:
        more = {} if kms_key_id is None else {"KmsKeyId": kms_key_id}
        members = {"Name": name, "ClientRequestToken": token, "SecretString": _text(values), "Tags": _tags(tags)}
        with asking(CREATE, name):
            self._client().create_secret(**members, **more)

    def put_pending(self, name: str, token: str, values: Mapping[str, Any]) -> None:
        """Store it as :meth:`oracleapi.ports.RotatedSecrets.put_pending`; without ``VersionStages`` it were current.

        A version that was there already and lost its label since, with which it would be dropped, gets it again.
        """
        members = {"ClientRequestToken": token, "SecretString": _text(values), "VersionStages": [PENDING]}
        if not self._ask(PUT, name, **members).get("VersionStages"):
            self._ask(MOVE, name, VersionStage=PENDING, MoveToVersionId=token)

    def make_current(self, name: str, token: str, replacing: str) -> bool:
        move = {"VersionStage": CURRENT, "MoveToVersionId": token, "RemoveFromVersionId": replacing}
        try:
            self._ask(MOVE, name, **move)
        except OperatorError as error:
            holder = self._holder(name, CURRENT, error)
            if holder == replacing:
                raise
            return holder == token
        return True

    def drop_pending(self, name: str, token: str) -> None:
        try:
            self._ask(MOVE, name, VersionStage=PENDING, RemoveFromVersionId=token)
        except OperatorError as error:
            if self._holder(name, PENDING, error) == token:
                raise

    def restore(self, name: str) -> None:
        try:
            self._ask("RestoreSecret", name)
        except OperatorError as error:
            found = self._found(name, error, BY_STATE)
            if found is None or found.deleted:
                raise

    def delete(self, name: str, recovery_days: int) -> None:
        """Schedule it as :meth:`oracleapi.ports.RotatedSecrets.delete`.

        Where policies name ARNs, AWS denies a name that is not there: after a denial it is looked at too.
        """
        try:
            self._ask("DeleteSecret", name, RecoveryWindowInDays=recovery_days)
        except OperatorError as error:
            found = self._found(name, error, BY_STATE | DENIED)
            if found is not None and not found.deleted:
                raise

    def tag(self, name: str, tags: Mapping[str, str]) -> None:
        if tags:
            self._ask("TagResource", name, Tags=_tags(tags))

    def set_key(self, name: str, kms_key_id: str) -> None:
        """Set it as :meth:`oracleapi.ports.RotatedSecrets.set_key`; without a value UpdateSecret makes no version."""
        self._ask(CHANGE, name, KmsKeyId=kms_key_id)

    def _holder(self, name: str, label: str, refusal: OperatorError) -> str | None:
        """Return the version that has *label* after a move was refused.

        Raises:
            OperatorError: *refusal*, the secret is not there or going, or it was not refused by its state.
        """
        found = self._found(name, refusal, BY_STATE)
        if found is None or found.deleted:
            raise refusal
        return found.version_with(label)

    def _found(self, name: str, refusal: OperatorError, codes: frozenset[str]) -> ObservedSecret | None:
        """Return the secret as it is after a change was refused with one of *codes*; for others *refusal* stands."""
        if answered(refusal) not in codes:
            raise refusal
        return self.describe(name)

    def _ask(self, operation: str, name: str, **members: Any) -> dict[str, Any]:
        with asking(operation, name, "such version" if operation in (READ, MOVE) else ""):
            found: dict[str, Any] = getattr(self._client(), xform_name(operation))(SecretId=name, **members)
        return found

    def _client(self) -> Any:
        return self._clients.client("secretsmanager")


def parse_description(answer: Mapping[str, Any]) -> ObservedSecret:
    """Return what DescribeSecret says; members without a value are left out by AWS."""
    changed = answer.get("LastChangedDate")
    return ObservedSecret(
        arn=str(answer["ARN"]),
        name=str(answer["Name"]),
        versions={version: frozenset(labels) for version, labels in answer.get("VersionIdsToStages", {}).items()},
        tags={tag["Key"]: tag.get("Value", "") for tag in answer.get("Tags", ())},
        kms_key_id=str(answer.get("KmsKeyId", "")),
        rotates=bool(answer.get("RotationEnabled", False)),
        owning_service=str(answer.get("OwningService", "")),
        deleted="DeletedDate" in answer,
        changed=None if changed is None else changed.astimezone(UTC),
    )


def _text(values: Mapping[str, Any]) -> str:
    """Return the same text for the same values: a version cannot be stored again with another one."""
    return json.dumps(dict(values), sort_keys=True)


def _tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
