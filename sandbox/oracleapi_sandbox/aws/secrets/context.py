"""What an operation may use: the secrets of its Region, the switches, the time, and the keys of KMS."""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from oracleapi_sandbox.aws.errors import AwsError
from oracleapi_sandbox.aws.secrets.errors import marked_for_deletion, not_found, refused
from oracleapi_sandbox.aws.secrets.settings import SecretSettings
from oracleapi_sandbox.aws.secrets.store import Entry, RegionSecrets, Secret

_NAME = re.compile(r"[A-Za-z0-9/_+=.@!-]+")
_ID = re.compile(r"[A-Za-z0-9/_+=.@!:-]+")
_OWN_KEYS = ("", "alias/aws/secretsmanager")
_DECRYPTION = "Secrets Manager can't decrypt the protected secret text using the provided KMS key."
_ENCRYPTION = (
    "Secrets Manager can't encrypt the protected secret text using the provided KMS key. Check that the KMS key is"
    " available, enabled, and not in an invalid state."
)


@dataclass(frozen=True)
class Key:
    """A key of KMS."""

    arn: str
    enabled: bool


class Keys(Protocol):
    """KMS as far as secrets need it."""

    async def find_key(self, region: str, key_id: str) -> Key | None:
        """Return a key by id, ARN or alias, or ``None``."""
        ...


@dataclass(frozen=True)
class Context:
    """The surroundings of one call."""

    secrets: RegionSecrets
    settings: SecretSettings
    now: float
    keys: Keys

    def truth(self, members: Mapping[str, Any]) -> Secret:
        """Return the secret that ``SecretId`` names, as it is.

        Raises:
            AwsError: ResourceNotFoundException; ValidationException for a name that cannot be one.
        """
        return self._entry(members).latest

    def writable(self, members: Mapping[str, Any]) -> Secret:
        """Return the secret as it is, to be changed.

        Raises:
            AwsError: InvalidRequestException, it is marked for deletion; as :meth:`truth`.
        """
        secret = self.truth(members)
        if secret.gone_at is not None:
            raise marked_for_deletion()
        return secret

    def shown(self, members: Mapping[str, Any]) -> Secret:
        """Return the secret as readers see it."""
        secret = self.seen(self._entry(members))
        if secret is None:
            raise not_found(".")
        return secret

    def seen(self, entry: Entry) -> Secret | None:
        return entry.seen(self.now, self._lag_s)

    def put(self, secret: Secret) -> None:
        """Store a secret that was changed now."""
        self.note(replace(secret, changed=self.now))

    def note(self, secret: Secret) -> None:
        """Store a secret without counting as a change: it was read, or marked."""
        entry = self.secrets.entries.get(secret.name)
        if entry is None:
            self.secrets.entries[secret.name] = Entry([(self.now, secret)])
        else:
            entry.put(secret, self.now, self._lag_s)

    async def check_keys(self, key_ids: Iterable[str | None], code: str) -> None:
        """Refuse where none of these keys is there and enabled [D; which of them is told how is [U]].

        Raises:
            AwsError: *code*, DecryptionFailure or EncryptionFailure.
        """
        if not await self.any_works(key_ids):
            raise refused(code, _DECRYPTION if code == "DecryptionFailure" else _ENCRYPTION)

    async def any_works(self, key_ids: Iterable[str | None]) -> bool:
        """Say whether one of these keys is there and enabled."""
        return any([await self._works(key_id) for key_id in key_ids])

    async def _works(self, key_id: str | None) -> bool:
        key = None if key_id is None else await self.keys.find_key(self.secrets.region, key_id)
        return key_id is None or (key is not None and key.enabled)

    def find(self, members: Mapping[str, Any]) -> Entry | None:
        """Return the secret that ``SecretId`` names with its states, or ``None``."""
        return self.secrets.find(check_name(members["SecretId"], _ID))

    def _entry(self, members: Mapping[str, Any]) -> Entry:
        entry = self.find(members)
        if entry is None:
            raise not_found(".")
        return entry

    @property
    def _lag_s(self) -> float:
        return self.settings.secret_lag_ms / 1000


Result = dict[str, Any]
Handler = Callable[[Context, dict[str, Any]], Result | Awaitable[Result]]


def check_name(name: str, pattern: re.Pattern[str] = _NAME) -> str:
    """Return *name*; a wrong one is refused with AWS's text [D: recorded on a real account]."""
    if not pattern.fullmatch(name):
        allowed = "alphanumeric characters, or any of the following: -/_+=.@!"
        raise AwsError(400, "ValidationException", f"Invalid name. Must be a valid name containing {allowed}")
    return name


def key_of(members: Mapping[str, Any]) -> str | None:
    """Return the customer's key that a request names, ``None`` for the service's own."""
    given: str = members.get("KmsKeyId", "")
    return None if given in _OWN_KEYS else given
