"""Token buckets: route, else stage default, and the account's limit over all.

``[D]`` a route's settings replace the stage default whole; a limit above the account's has no effect; rate or burst 0
rejects everything with 429 and nothing reaches the back end.
"""

from dataclasses import dataclass

from oracleapi_sandbox.aws.data.settings import DataSettings
from oracleapi_sandbox.aws.deployed import Route, Stage, Throttle
from oracleapi_sandbox.common.clock import Clock


@dataclass
class _Bucket:
    """*burst* tokens at most, *rate* new ones a second."""

    rate: float
    burst: float
    tokens: float
    filled_at: float

    def refill(self, now: float) -> None:
        self.tokens = min(self.burst, self.tokens + max(0.0, now - self.filled_at) * self.rate)
        self.filled_at = now


class Throttles:
    """Decides for each request whether it may pass."""

    def __init__(self, clock: Clock, settings: DataSettings) -> None:
        self._clock = clock
        self._settings = settings
        self._buckets: dict[tuple[str, ...], _Bucket] = {}

    def admit(self, stage: Stage, route: Route) -> bool:
        """Take one token of the route and one of the account; ``False`` takes none and means 429."""
        rate, burst = self._limits(stage.route_throttles.get(route.route_key, stage.default_throttle))
        if rate <= 0 or burst <= 0:
            return False
        account = (self._settings.account_rate, self._settings.account_burst)
        buckets = (
            self._bucket((stage.account_id, stage.region), *account),
            self._bucket((stage.account_id, stage.api_id, stage.stage_name, route.route_key), rate, burst),
        )
        if any(bucket.tokens < 1 for bucket in buckets):
            return False
        for bucket in buckets:
            bucket.tokens -= 1
        return True

    def clear(self) -> None:
        """Fill every bucket."""
        self._buckets.clear()

    def _limits(self, throttle: Throttle) -> tuple[float, float]:
        one_missing = (throttle.rate is None) != (throttle.burst is None)
        if one_missing and self._settings.missing_throttle_number_is_zero:
            return 0, 0
        rate = self._settings.account_rate if throttle.rate is None else throttle.rate
        burst = self._settings.account_burst if throttle.burst is None else throttle.burst
        return rate, burst

    def _bucket(self, key: tuple[str, ...], rate: float, burst: float) -> _Bucket:
        """Return the bucket of *key*, filled up to now; new limits start a new, full bucket."""
        now = self._clock.now()
        bucket = self._buckets.get(key)
        if bucket is None or (bucket.rate, bucket.burst) != (rate, burst):
            bucket = self._buckets[key] = _Bucket(rate, burst, burst, now)
        bucket.refill(now)
        return bucket
