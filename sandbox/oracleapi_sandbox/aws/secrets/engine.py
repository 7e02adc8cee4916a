"""The Secrets Manager engine: one call in, one answer out.

Implemented are the operations of a secret's life, of its versions, labels and tags, random passwords, and the
validation of policies. Replication, rotation by Lambda functions, resource policies that are kept, BatchGetSecretValue
and the filters of ListSecrets answer 501 ``NotImplemented``.
"""

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

from oracleapi_sandbox.aws.errors import not_implemented
from oracleapi_sandbox.aws.secrets import lifecycle, passwords, policies, rotation, tagging, values, versions
from oracleapi_sandbox.aws.secrets.context import Context, Handler, Key, Keys
from oracleapi_sandbox.aws.secrets.lifecycle import describe
from oracleapi_sandbox.aws.secrets.model import SecretsModel
from oracleapi_sandbox.aws.secrets.quotas import SecretQuotas
from oracleapi_sandbox.aws.secrets.settings import SecretSettings
from oracleapi_sandbox.aws.secrets.store import RegionSecrets
from oracleapi_sandbox.aws.settings import ControlSettings
from oracleapi_sandbox.common.clock import Clock

_MODULES = (lifecycle, passwords, policies, rotation, tagging, values, versions)


class SecretsEngine:
    """Runs calls against the secrets of one account."""

    def __init__(
        self,
        account_id: str,
        settings: SecretSettings,
        quotas: Callable[[], ControlSettings],
        clock: Clock,
        keys: Keys,
    ) -> None:
        self._account_id, self._settings, self._quota_settings = account_id, settings, quotas
        self._clock, self._keys = clock, keys
        self._model = SecretsModel()
        self._quotas = SecretQuotas(clock)
        self._regions: dict[str, RegionSecrets] = {}
        self._one_at_a_time = asyncio.Lock()  # a call that waits for KMS must not store over another's
        self._handlers: dict[str, Handler] = {}
        for module in _MODULES:
            self._handlers.update(module.OPERATIONS)

    async def answer(self, region: str, operation: str, body: bytes) -> bytes:
        """Run one call and return the body of its answer.

        Raises:
            AwsError: What AWS answers, or NotImplemented for what is not here.
        """
        handler = self._handlers.get(operation)
        if handler is None:
            raise not_implemented(f"secretsmanager:{operation}")
        self._quotas.admit(region, operation, self._quota_settings())
        members = self._model.parse(operation, body)
        async with self._one_at_a_time:
            found = handler(Context(self._region(region), self._settings, self._clock.now(), self._keys), members)
            result: dict[str, Any] = await found if inspect.isawaitable(found) else found
        return self._model.write(operation, result)

    def describe(self, region: str, secret_id: str) -> dict[str, Any] | None:
        """Return what is true of a secret, for the door: members as DescribeSecret shows them."""
        entry = self._region(region).find(secret_id)
        return None if entry is None else describe(entry.latest)

    async def find_key(self, region: str, key_id: str) -> Key | None:
        return await self._keys.find_key(region, key_id)

    def reset(self) -> None:
        """Forget everything."""
        self._regions.clear()
        self._quotas.clear()

    def _region(self, region: str) -> RegionSecrets:
        found = self._regions.setdefault(region, RegionSecrets(region, self._account_id))
        found.sweep(self._clock.now())
        return found
