"""Request quotas of Secrets Manager, per account and Region, as token buckets [D: quotas page]."""

from dataclasses import dataclass, field

from oracleapi_sandbox.aws.control.quotas import Bucket
from oracleapi_sandbox.aws.secrets.errors import throttled
from oracleapi_sandbox.aws.settings import ControlSettings
from oracleapi_sandbox.common.clock import Clock

_TOGETHER = (
    (("GetSecretValue", "DescribeSecret"), 10_000.0),
    (("PutSecretValue", "UpdateSecret", "UpdateSecretVersionStage"), 50.0),
    (("TagResource", "UntagResource"), 50.0),
    (("RotateSecret",), 50.0),
    (("RestoreSecret",), 50.0),
    (("ValidateResourcePolicy",), 50.0),
    (("ListSecrets",), 100.0),
)
OTHERS = 50.0  # [U] CreateSecret, DeleteSecret, GetRandomPassword, ListSecretVersionIds, each
RATES = {operation: (group[0], rate) for group, rate in _TOGETHER for operation in group}


@dataclass
class SecretQuotas:
    """The buckets of every Region; that one holds the calls of a second is [U]."""

    clock: Clock
    _buckets: dict[tuple[str, str, float], Bucket] = field(default_factory=dict)

    def admit(self, region: str, operation: str, settings: ControlSettings) -> None:
        """Count one call.

        Raises:
            AwsError: ThrottlingException.
        """
        if settings.quotas == "off":
            return
        scale = 1.0 if settings.quotas == "real" else settings.quotas
        group, rate = RATES.get(operation, (operation, OTHERS))
        now = self.clock.now()
        bucket = self._buckets.setdefault((region, group, scale), Bucket(rate * scale, rate, rate, now))
        if not bucket.take(now):
            raise throttled()

    def clear(self) -> None:
        self._buckets.clear()
