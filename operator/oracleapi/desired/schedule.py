"""When a rotation is due: every so many days or by cron, inside windows, spread by a jitter. Pure.

Cron expressions have five fields and mean wall-clock times of one zone; where both days are restricted either of them
counts, as in crontab(5). A time that the zone's clocks skip is the end of the gap, one that they show twice is the
first of the two, so that each local time comes exactly once. Times are aware and, where returned, in UTC.
"""

import hashlib
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

MINUTE = timedelta(minutes=1)
LOOK_BACK = timedelta(hours=1)
CURE = 'write minute, hour, day of month, month and day of week, such as "0 3 * * SUN"'
Span = tuple[datetime, datetime]
"""Begin and end; the end is outside."""


@dataclass(frozen=True)
class Window:
    """A span in which rotations may begin: *cron* is its begin, *minutes* of elapsed time its length."""

    cron: str
    minutes: int


@dataclass(frozen=True)
class Schedule:
    """When an object's rotations are due; exactly one of *every_days* and *cron* is given.

    Args:
        every_days: Days of 24 hours after the last rotation.
        zone: IANA name; of *cron* and of the windows.
        windows: Where rotations may begin; none: at any time.
        jitter_minutes: A rotation begins up to so much later, so that many do not begin at once.

    Raises:
        ValueError: Something in it means nothing; the text names the field and the cure.
    """

    every_days: int | None = None
    cron: str | None = None
    zone: str = "UTC"
    windows: tuple[Window, ...] = ()
    jitter_minutes: int = 0

    def __post_init__(self) -> None:
        if (self.every_days is None) == (self.cron is None):
            raise ValueError("spec.schedule needs either everyDays or cron; write one of them")
        if self.every_days is not None and self.every_days < 1:
            raise ValueError("spec.schedule.everyDays must be at least 1; write 30 for once in 30 days")
        if self.jitter_minutes < 0:
            raise ValueError("spec.schedule.jitterMinutes must not be negative; write 0 for no jitter")
        _zone(self.zone)
        if self.cron is not None:
            _check_cron("spec.schedule.cron", self.cron)
        for place, window in enumerate(self.windows):
            _check_cron(f"spec.windows[{place}].cron", window.cron)
            if window.minutes < 1:
                raise ValueError(f"spec.windows[{place}].durationMinutes must be at least 1; write 120 for two hours")


def next_time(schedule: Schedule, base: datetime, seed: str) -> datetime:
    """Return when the rotation after the one at *base* is due; always after *base*.

    However many times of a cron expression were missed, they are one: after a rotation the next regular time counts.
    The jitter follows from *seed* and *base* alone, and ends before the window does.
    """
    if schedule.every_days is not None:
        regular = (base + timedelta(days=schedule.every_days)).astimezone(UTC)
    else:
        regular = next(_times(schedule.cron or "", schedule.zone, base))
    begin = may_begin(schedule, regular)
    ends = [end for _, end in _open(schedule, begin)]
    return begin + _spread(schedule, f"{seed} {base.astimezone(UTC).isoformat()}", begin, max(ends, default=None))


def may_begin(schedule: Schedule, now: datetime) -> datetime:
    """Return *now* inside a window or where there are none, else when the next window begins."""
    if not schedule.windows or _open(schedule, now):
        return now.astimezone(UTC)
    return min(next(_times(window.cron, schedule.zone, now)) for window in schedule.windows)


def due(schedule: Schedule, base: datetime, now: datetime, seed: str) -> datetime:
    """Return when the rotation after the one at *base* is to begin, as seen *now*; it is due if that is not later.

    A rotation whose own window went by waits for the next one, and is spread over that as well: after an outage not
    everything begins at once.
    """
    at = next_time(schedule, base, seed)
    if not schedule.windows:
        return at
    begin = may_begin(schedule, now)
    start, end = min(_open(schedule, begin))
    return at if start <= at else start + _spread(schedule, f"{seed} {start.isoformat()}", start, end)


def _open(schedule: Schedule, moment: datetime) -> list[Span]:
    """Return of each window the first and the last span that *moment* is inside of; there may be many in between."""
    found = []
    for window in schedule.windows:
        length = window.minutes * MINUTE
        first = next(_times(window.cron, schedule.zone, moment - length))
        if first <= moment:
            last = _last(window.cron, schedule.zone, moment)
            found += [(first, first + length), (last, last + length)]
    return found


def _last(cron: str, zone: str, moment: datetime) -> datetime:
    """Return the last time of *cron* up to *moment*, of which there is one: looked for further and further back."""
    back = LOOK_BACK
    while True:
        found = deque(takewhile(lambda time: time <= moment, _times(cron, zone, moment - back)), maxlen=1)
        if found:
            return found[0]
        back *= 2


def _spread(schedule: Schedule, seed: str, begin: datetime, end: datetime | None) -> timedelta:
    """Return whole seconds below the jitter, and below what is left until *end*."""
    room = schedule.jitter_minutes * MINUTE
    if end is not None:
        room = min(room, end - begin)
    part = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8], "big")
    return timedelta(seconds=(int(room.total_seconds()) * part) >> 64)


def _times(cron: str, zone: str, after: datetime) -> Iterator[datetime]:
    """Yield the times of *cron* later than *after*, in order and without end.

    cronsim is given times without a zone: what it does about clock changes is Debian's cron, which lets an expression
    such as ``*/15 2 * * *`` run twice in one night and not at all in another.
    """
    place = _zone(zone)
    last = after.astimezone(UTC)
    for local in CronSim(cron, after.astimezone(place).replace(tzinfo=None)):
        found = _first(local, place)
        if found > last:
            yield found
            last = found


def _first(local: datetime, zone: ZoneInfo) -> datetime:
    """Return the first moment at which the clocks of *zone* show *local* or, where they skip it, more than that."""
    while True:
        found = local.replace(tzinfo=zone).astimezone(UTC)
        if found.astimezone(zone).replace(tzinfo=None) == local:
            return found
        local += MINUTE


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:  # not there; a path; a folder of zones
        raise ValueError(
            f'spec.schedule.timeZone "{name}" is no IANA time zone; write one such as Europe/Berlin, or UTC'
        ) from error


def _check_cron(field: str, cron: str) -> None:
    if fault := _cron_fault(cron):
        raise ValueError(f'{field} "{cron}" is no cron expression ({fault}); {CURE}')


def _cron_fault(cron: str) -> str:
    if len(cron.split()) != 5:
        return "it does not have five fields"
    try:
        comes = next(CronSim(cron, datetime.min), None)
    except CronSimError as error:
        return str(error).lower()
    return "" if comes else "its day does not come in 50 years"
