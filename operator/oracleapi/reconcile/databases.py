"""Opens databases with the credentials that their spec names: a Secret of the cluster, or one of Secrets Manager."""

from collections.abc import Callable
from typing import Any, cast

from oracleapi.api import reasons
from oracleapi.api.awsaccount import AwsAccountSpec
from oracleapi.api.oracledatabase import OracleDatabaseSpec, SecretsManagerRef
from oracleapi.errors import DependencyNotReady, OperatorError
from oracleapi.ports import Backends, Oracle, SecretValue
from oracleapi.reconcile.references import References

THE_DATABASES = "the database's "
KEYS = ("username", "password")
MENDED_S = 60.0


class Databases:
    """Opens databases. A secret of Secrets Manager is asked for again where it refused a login."""

    def __init__(self, references: References, backends: Backends) -> None:
        self._references, self._backends = references, backends

    def open(self, spec: OracleDatabaseSpec, where: str) -> Oracle:
        """Return a database.

        Args:
            where: What leads to *spec*, for messages about its fields.

        Raises:
            DependencyNotReady: ``CredentialsMissing``; the account of the secret does not exist.
            OperatorError: What Secrets Manager answers, with the field's name.
        """
        ref = spec.credentials.secrets_manager
        trust = self._references.database_trust(spec, where)
        if ref is None:
            secret = self._references.secret(spec.credentials.secret_ref, f"{where}credentials.secretRef")
            return self._backends.oracle(spec, secret, trust)
        value = self._read(ref, where)

        def renew() -> Oracle | None:
            """Return the database with another version than the one that was refused, ``None`` where there is none."""
            newer = self._read(ref, where, refused=value.version)
            return None if newer.version == value.version else self._backends.oracle(spec, newer.values, trust)

        return cast(Oracle, _Renewing(self._backends.oracle(spec, value.values, trust), renew))

    def _read(self, ref: SecretsManagerRef, where: str, refused: str | None = None) -> SecretValue:
        field = f"{where}credentials.secretsManager"
        account, _ = self._references.find("AwsAccount", ref.account_ref.name, AwsAccountSpec, f"{field}.accountRef")
        secrets = self._backends.secrets(account, self._references.account_secret(account))
        try:
            value = secrets.read(ref.secret_id, refused)
            if _lacking(value):
                value = secrets.read(ref.secret_id, refused=value.version)
        except OperatorError as error:
            raise error.again(f"{field}.secretId") from error
        for key in _lacking(value):
            raise DependencyNotReady(
                reasons.CREDENTIALS_MISSING,
                f"{field}.secretId: secret {ref.secret_id} has no text under the key {key}; add it",
                MENDED_S,
            )
        return value


def _lacking(value: SecretValue) -> list[str]:
    """Return the keys that a login needs and *value* has not."""
    return [key for key in KEYS if not value.values.get(key)]


class _Renewing:
    """A database whose refused login is tried once more where the secret has changed meanwhile."""

    def __init__(self, opened: Oracle, renew: Callable[[], Oracle | None]) -> None:
        self._opened, self._renew = opened, renew

    def __getattr__(self, name: str) -> Any:
        def call(*arguments: Any, **more: Any) -> Any:
            try:
                return getattr(self._opened, name)(*arguments, **more)
            except OperatorError as error:
                newer = self._newer() if error.reason == reasons.LOGIN_DENIED else None
                if newer is None:
                    raise
                self._opened = newer
            return getattr(self._opened, name)(*arguments, **more)

        return call

    def _newer(self) -> Oracle | None:
        """Return what the secret leads to by now; that it cannot be read says less than that the login was refused."""
        try:
            return self._renew()
        except OperatorError:
            return None
