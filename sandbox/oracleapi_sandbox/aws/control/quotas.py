"""Request quotas of the account and Region as token buckets, shared by all its callers [D: quotas page]."""

from dataclasses import dataclass, field

from oracleapi_sandbox.aws.errors import too_many_requests
from oracleapi_sandbox.aws.settings import ControlSettings
from oracleapi_sandbox.common.clock import Clock

TOTAL = (10.0, 40.0)  # per second, burst
SLOW_OPERATIONS = {  # seconds per call
    "CreateVpcLink": 15.0,
    "DeleteVpcLink": 30.0,
    "CreateDomainName": 30.0,
    "UpdateDomainName": 30.0,
    "DeleteDomainName": 30.0,
}
CREATE_DEPLOYMENT_SECONDS = 5.0


@dataclass
class Bucket:
    """Tokens that come at *rate* a second up to *burst*."""

    rate: float
    burst: float
    tokens: float
    filled: float

    def take(self, now: float) -> bool:
        """Take one token, if there is one."""
        self.tokens = min(self.burst, self.tokens + (now - self.filled) * self.rate)
        self.filled = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


@dataclass
class RequestQuotas:
    """The buckets of every Region; the total counts refused calls of a slow operation too [U]."""

    clock: Clock
    _buckets: dict[tuple[str, str, float], Bucket] = field(default_factory=dict)

    def admit(self, region: str, operation: str, settings: ControlSettings) -> None:
        """Count one call.

        Raises:
            AwsError: TooManyRequestsException, 429.
        """
        if settings.quotas == "off":
            return
        scale = 1.0 if settings.quotas == "real" else settings.quotas
        rate, burst = TOTAL
        self._take((region, "*", scale), rate * scale, burst)
        seconds = SLOW_OPERATIONS.get(operation)
        if operation == "CreateDeployment" and settings.deployment_quota_covers_v2:
            seconds = CREATE_DEPLOYMENT_SECONDS
        if seconds is not None:
            self._take((region, operation, scale), scale / seconds, 1.0)

    def _take(self, key: tuple[str, str, float], rate: float, burst: float) -> None:
        now = self.clock.now()
        bucket = self._buckets.setdefault(key, Bucket(rate, burst, burst, now))
        if not bucket.take(now):
            raise too_many_requests()

    def clear(self) -> None:
        self._buckets.clear()
