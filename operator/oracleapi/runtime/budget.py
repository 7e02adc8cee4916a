"""The budget of calls to API Gateway: one token bucket for an account and region, whoever calls.

A pass reserves what it needed last time before it begins; its calls are paid from the reservation, then from the
bucket, and what is left goes back. Reserved tokens still count as tokens, so that no window of time ever sees more
calls than ``burst + rate * seconds``. Routine checks have a second bucket of half the size to pay from as well.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from oracleapi.errors import OutOfBudget
from oracleapi.runtime.clock import Clock
from oracleapi.runtime.metrics import Metrics

THROTTLED_REST_S = 1.0
"""How long nothing is sent after a 429 that names no time."""
SMALLEST_BURST = 10
"""A pass reads before it writes: with fewer tokens at once it would never come to an end."""
DRY = "waiting for the account's call budget (AwsAccount.spec.callBudget)"
FIXED = "waiting for the turn of a call to AWS: the operator sends this account no more at once"
"""Of a share that no spec sets."""


@dataclass
class Bucket:
    """Tokens that come at *rate* a second up to *burst*; the reserved ones are among them."""

    rate: float
    burst: float
    tokens: float
    at: float
    reserved: float = 0.0

    def refill(self, now: float) -> None:
        self.tokens = min(self.burst, self.tokens + max(0.0, now - self.at) * self.rate)
        self.at = now

    def resize(self, rate: float, burst: float, now: float) -> None:
        self.refill(now)
        self.rate, self.burst, self.tokens = rate, burst, min(self.tokens, burst)

    def wait_s(self, count: float) -> float:
        """Return when *count* tokens are free, in seconds; 0 when they are."""
        lacking = count - (self.tokens - self.reserved)
        return 0.0 if lacking <= 1e-9 else lacking / self.rate


@dataclass(frozen=True)
class Need:
    """What a pass is going to spend: calls, and perhaps one of a slow operation."""

    calls: int = 0
    slow: str | None = None

    def __bool__(self) -> bool:
        return bool(self.calls or self.slow)


@dataclass
class Account:
    """The budget of one account and region; safe between threads.

    Args:
        slow: Seconds between two calls of the operations that have a quota of their own.
        reason, dry: Reason and text of the error where the budget is used up.
    """

    name: str
    clock: Clock
    metrics: Metrics
    slow: Mapping[str, float]
    reason: str
    rate: float = 5.0
    burst: float = 20.0
    dry: str = FIXED

    def __post_init__(self) -> None:
        now = self.clock.monotonic()
        self._lock = threading.Lock()
        self._all = Bucket(self.rate, self.burst, self.burst, now)
        self._routine = Bucket(self.rate / 2, self.burst / 2, self.burst / 2, now)
        self._slow = {name: Bucket(1 / seconds, 1, 1, now) for name, seconds in self.slow.items()}
        self._paused_until = 0.0
        self.metrics.tokens.labels(self.name).set_function(self.free)

    def configure(self, rate: float, burst: float, dry: str = FIXED) -> None:
        """Take another share of the account's quota from now on, and what to say where it is used up."""
        burst, self.dry = max(burst, SMALLEST_BURST), dry
        with self._lock:
            now = self.clock.monotonic()
            if (rate, burst) != (self.rate, self.burst):
                self.rate, self.burst = rate, burst
                self._all.resize(rate, burst, now)
                self._routine.resize(rate / 2, burst / 2, now)

    def free(self) -> float:
        """Return how many calls could be sent now, beside those that are reserved."""
        with self._lock:
            self._refill()
            return max(0.0, self._all.tokens - self._all.reserved)

    def reserve(self, need: Need, routine: bool) -> "Reservation | Wait":
        """Return what was set aside for a pass, or how long to wait for it."""
        with self._lock:
            now = self._refill()
            calls = min(need.calls, int(self._routine.burst if routine else self._all.burst))
            half = self._routine.wait_s(calls) if routine else 0.0
            slow = self._slow[need.slow].wait_s(1) if need.slow in self._slow else 0.0
            main = max(self._all.wait_s(calls), self._paused_until - now)
            if max(half, main, slow) > 0:
                return Wait(max(half, main, slow), claims=half <= 0 and slow <= 0)
            self._all.reserved += calls
            if routine:
                self._routine.reserved += calls
            if need.slow in self._slow:
                self._slow[need.slow].reserved += 1
            return Reservation(self, routine, calls, need.slow if need.slow in self._slow else None)

    def give_back(self, reservation: "Reservation") -> None:
        """Take back what a pass did not spend."""
        with self._lock:
            self._all.reserved -= reservation.left
            if reservation.routine:
                self._routine.reserved -= reservation.left
            if reservation.slow is not None:
                self._slow[reservation.slow].reserved -= 1
            reservation.left, reservation.slow = 0, None

    def spend(self, operation: str) -> None:
        """Pay for one call that is about to be sent.

        Raises:
            OutOfBudget: There is nothing to pay it with; it must not be sent.
        """
        found = getattr(_CURRENT, "reservation", None)
        mine = found if found is not None and found.account is self else None
        with self._lock:
            now = self._refill()
            self._check(operation, mine, now)
            if operation in self._slow:
                bucket = self._slow[operation]
                bucket.tokens -= 1
                if mine is not None and mine.slow == operation:
                    bucket.reserved, mine.slow = bucket.reserved - 1, None
            self._all.tokens -= 1
            if mine is not None:
                mine.used += 1
                if mine.routine:
                    self._routine.tokens -= 1  # may sink below 0: what a check has to repair is paid later
                if mine.left > 0:
                    mine.left -= 1
                    self._all.reserved -= 1
                    self._routine.reserved -= 1 if mine.routine else 0
        self.metrics.calls.labels(self.name, operation).inc()

    def answered(self, status: int, retry_after_s: float | None) -> None:
        """Take in an answer: after a 429 nothing is sent for as long as AWS asks."""
        if status != 429:
            return
        self.metrics.throttled.labels(self.name).inc()
        with self._lock:
            until = self.clock.monotonic() + (retry_after_s or THROTTLED_REST_S)
            self._paused_until = max(self._paused_until, until)

    def _check(self, operation: str, mine: "Reservation | None", now: float) -> None:
        paused = self._paused_until - now
        bucket = self._slow.get(operation)
        has_slow = bucket is None or (mine is not None and mine.slow == operation)
        slow = 0.0 if bucket is None or has_slow else bucket.wait_s(1)
        wait = 0.0 if mine is not None and mine.left > 0 else self._all.wait_s(1)
        if max(paused, slow, wait) <= 0:
            return
        if mine is not None:
            mine.lacked = Need(mine.used + 1 if wait > 0 else mine.used, operation if slow > 0 else mine.slow)
        turn = f"AWS takes one {operation} in {self.slow.get(operation, 0):.0f} s; waiting for our turn"
        raise OutOfBudget(self.reason, turn if slow > 0 else self.dry, max(paused, slow, wait))

    def _refill(self) -> float:
        now = self.clock.monotonic()
        for bucket in (self._all, self._routine, *self._slow.values()):
            bucket.refill(now)
        return now


@dataclass
class Reservation:
    """What one pass may still spend, and what it spent. ``lacked`` is what it would have needed."""

    account: Account
    routine: bool
    left: int
    slow: str | None = None
    used: int = 0
    lacked: Need | None = None


@dataclass(frozen=True)
class Wait:
    """Seconds until a reservation may succeed; with *claims* whoever comes later must not take the tokens."""

    seconds: float
    claims: bool


_CURRENT = threading.local()


@contextmanager
def charged(reservation: Reservation | None) -> Iterator[None]:
    """Let the calls of this thread be paid from *reservation*."""
    before = getattr(_CURRENT, "reservation", None)
    _CURRENT.reservation = reservation
    try:
        yield
    finally:
        _CURRENT.reservation = before


@dataclass
class Budgets:
    """The budgets of all accounts, by name."""

    clock: Clock
    metrics: Metrics
    slow: Mapping[str, float]
    reason: str
    _accounts: dict[str, Account] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def account(self, name: str) -> Account:
        """Return the budget of an account, made when first asked for."""
        with self._lock:
            if name not in self._accounts:
                self._accounts[name] = Account(name, self.clock, self.metrics, self.slow, self.reason)
            return self._accounts[name]
