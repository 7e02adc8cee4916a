"""One injectable clock for windows, delays and times in status."""

import time
from datetime import UTC, datetime
from typing import Protocol

RFC_3339 = "%Y-%m-%dT%H:%M:%SZ"


class Clock(Protocol):
    """Seconds: since the epoch, and on a scale that never jumps."""

    def now(self) -> float: ...
    def monotonic(self) -> float: ...


class SystemClock:
    """The machine's clocks."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()


def timestamp(clock: Clock) -> str:
    """Return *clock*'s time as RFC 3339, whole seconds."""
    return datetime.fromtimestamp(clock.now(), UTC).strftime(RFC_3339)


def parse_timestamp(text: str) -> float:
    """Return the seconds since the epoch of what :func:`timestamp` wrote."""
    return datetime.strptime(text, RFC_3339).replace(tzinfo=UTC).timestamp()
