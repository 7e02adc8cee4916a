"""Opens databases with the credentials that their spec names: a Secret of the cluster, or one of Secrets Manager."""

import threading
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

from oracleapi.api import reasons
from oracleapi.api.awsaccount import AwsAccountSpec
from oracleapi.api.oracledatabase import OracleDatabaseSpec, SecretsManagerRef
from oracleapi.errors import OperatorError
from oracleapi.ports import Backends, Oracle, SecretValue
from oracleapi.reconcile.references import References
from oracleapi.runtime.clock import Clock

THE_DATABASES = "the database's "
KEPT_S = 300.0
"""How long a value of Secrets Manager is believed without another read."""


@dataclass
class Databases:
    """Opens databases. What Secrets Manager said is kept for a while, and read anew when a login is refused."""

    references: References
    backends: Backends
    clock: Clock
    _kept: dict[tuple[str, str, str], tuple[float, SecretValue]] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def open(self, spec: OracleDatabaseSpec, where: str) -> Oracle:
        """Return a database.

        Args:
            where: What leads to *spec*, for messages about its fields.

        Raises:
            OperatorError: ``CredentialsMissing``; what Secrets Manager answers.
        """
        ref = spec.credentials.secrets_manager
        trust = self.references.database_trust(spec, where)
        if ref is None:
            secret = self.references.secret(spec.credentials.secret_ref, f"{where}credentials.secretRef")
            return self.backends.oracle(spec, secret, trust)
        value = self._read(ref, where, since=self.clock.monotonic() - KEPT_S)
        opened = self.backends.oracle(spec, value.values, trust)
        renew = partial(self._renewed, spec, ref, where, trust, value)
        return cast(Oracle, _Renewing(opened, renew))

    def _renewed(
        self, spec: OracleDatabaseSpec, ref: SecretsManagerRef, where: str, trust: str | None, refused: SecretValue
    ) -> Oracle | None:
        """Return the database with a newer version than the one that was *refused*, ``None`` where there is none."""
        value = self._read(ref, where, since=self.clock.monotonic())
        return None if value.version == refused.version else self.backends.oracle(spec, value.values, trust)

    def _read(self, ref: SecretsManagerRef, where: str, since: float) -> SecretValue:
        field_ = f"{where}credentials.secretsManager.accountRef"
        account, _ = self.references.find("AwsAccount", ref.account_ref.name, AwsAccountSpec, field_)
        name = (account.account_id, account.region, ref.secret_id)
        with self._lock:
            at, value = self._kept.get(name, (float("-inf"), None))
        if value is not None and at > since:
            return value
        read_at = self.clock.monotonic()
        found = self.backends.secrets(account, self.references.account_secret(account)).read(ref.secret_id)
        with self._lock:
            self._kept[name] = (read_at, found)
        return found


class _Renewing:
    """A database whose refused login is tried once more where the secret has changed meanwhile."""

    def __init__(self, opened: Oracle, renew: Any) -> None:
        self._opened, self._renew = opened, renew

    def __getattr__(self, name: str) -> Any:
        def call(*arguments: Any, **more: Any) -> Any:
            try:
                return getattr(self._opened, name)(*arguments, **more)
            except OperatorError as error:
                newer = self._renew() if error.reason == reasons.LOGIN_DENIED else None
                if newer is None:
                    raise
                self._opened = newer
            return getattr(self._opened, name)(*arguments, **more)

        return call
