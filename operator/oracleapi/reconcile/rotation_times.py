"""When a rotation begins, and what status says of that."""

from datetime import UTC, datetime
from typing import Any

from oracleapi.api import reasons
from oracleapi.api.secretrotation import SecretRotationSpec
from oracleapi.desired.schedule import Schedule, due, next_time
from oracleapi.model.account import ObservedAccount
from oracleapi.model.rollover import SECONDS_A_DAY, days_of
from oracleapi.reconcile.passes import Pass
from oracleapi.runtime.clock import RFC_3339, parse_timestamp

OVERDUE_S = 3600.0
Work = Pass[SecretRotationSpec]


def begins_at(work: Work, schedule: Schedule) -> datetime:
    """Return when the next rotation may begin."""
    return due(schedule, _last(work), time_now(work), work.uid)


def say_next(work: Work, schedule: Schedule, begins: datetime) -> None:
    """Say when the next rotation may begin, and since when it is due: a window may have gone by without it."""
    at = next_time(schedule, _last(work), work.uid)
    work.report.fields |= {"nextRotationTime": to_text(begins), "dueTime": to_text(at)}


def expiry(work: Work, schedule: Schedule, account: ObservedAccount) -> str:
    """Return what is to be said where the password of *account* expires before the next rotation; else nothing."""
    life = days_of(account.limits.get("PASSWORD_LIFE_TIME", ""))
    begins = begins_at(work, schedule)
    lasts = (begins - _last(work)).total_seconds() / SECONDS_A_DAY
    if life is None or lasts <= life:
        return ""
    return (
        f"profile {account.profile} lets the password of {account.name} live {life:g} days, and the next rotation"
        f" begins at {to_text(begins)}: choose a shorter spec.schedule"
    )


def say_fresh(work: Work, schedule: Schedule) -> None:
    """Say whether the rotation that was due has come about, be it that a window went by without it."""
    if _known(work) is None:
        return
    if next_time(schedule, _last(work), work.uid).timestamp() + OVERDUE_S < work.clock.now():
        work.report.say("Fresh", False, reasons.OVERDUE, "The rotation that was due did not come about; see Ready")
    else:
        work.report.say("Fresh", True, reasons.SUCCEEDED, "The password is not older than its schedule says")


def time_now(work: Work) -> datetime:
    return datetime.fromtimestamp(work.clock.now(), UTC)


def to_text(time: datetime) -> str:
    return time.astimezone(UTC).strftime(RFC_3339)


def _last(work: Work) -> datetime:
    return datetime.fromtimestamp(parse_timestamp(_known(work)), UTC)


def _known(work: Work) -> Any:
    return work.report.fields.get("lastRotationTime") or work.status.get("lastRotationTime")
