"""Functions of dates.

Source: SQL Language Reference, "Datetime Functions" [D].
"""

from calendar import monthrange
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from oracleapi_sandbox.oracle.plsql.errors import PlsqlError
from oracleapi_sandbox.oracle.plsql.values import NUMERIC, Datum, comparable, normal, to_datetime, to_number, to_text


def integer(value: Datum) -> int | None:
    """A numeric argument without its fraction."""
    number = to_number(value)
    return None if number is None else int(number)


def date_unit(value: datetime, unit: Datum, rounding: bool) -> Datum:
    """ROUND and TRUNC of a date to a unit."""
    name = (to_text(unit) or "DD").upper()
    if rounding and name not in ("DD", "DDD", "J"):
        raise PlsqlError(1899, "bad precision specifier")
    moment = datetime(value.year, value.month, value.day, value.hour, value.minute) + timedelta(hours=12 * rounding)
    day = moment.replace(hour=0, minute=0)
    match name:
        case "DD" | "DDD" | "J":
            return day
        case "MM" | "MONTH" | "MON" | "RM":
            return day.replace(day=1)
        case "YYYY" | "YEAR" | "YY" | "Y" | "SYYYY" | "YYY":
            return day.replace(month=1, day=1)
        case "Q":
            return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
        case "HH" | "HH24" | "HH12":
            return moment.replace(minute=0)
        case "MI":
            return moment
        case "IW":
            return day - timedelta(days=day.weekday())
        case "D" | "DAY" | "DY":
            return day - timedelta(days=day.isoweekday() % 7)
    raise PlsqlError(1898, "too many precision specifiers")


def add_months(value: Datum, months: Datum) -> Datum:
    """The last day of a month stays the last day."""
    moment, count = to_datetime(value), integer(months)
    if moment is None or count is None:
        return None
    index = moment.year * 12 + moment.month - 1 + count
    year, month = divmod(index, 12)
    if not 1 <= year <= 9999:
        raise PlsqlError(1841, "(full) year must be between -4713 and +9999, and not be 0")
    last = monthrange(year, month + 1)[1]
    was_last = moment.day == monthrange(moment.year, moment.month)[1]
    return moment.replace(year=year, month=month + 1, day=last if was_last else min(moment.day, last))


def last_day(value: Datum) -> Datum:
    moment = to_datetime(value)
    return None if moment is None else moment.replace(day=monthrange(moment.year, moment.month)[1])


def months_between(left: Datum, right: Datum) -> Datum:
    first, second = to_datetime(left), to_datetime(right)
    if first is None or second is None:
        return None
    months = (first.year - second.year) * 12 + first.month - second.month
    ends = all(day.day == monthrange(day.year, day.month)[1] for day in (first, second))
    if first.day == second.day or ends:
        return months
    span = (first.day - second.day) * 86400 + (first - first.replace(hour=0, minute=0, second=0)).seconds
    span -= (second - second.replace(hour=0, minute=0, second=0)).seconds
    return normal(NUMERIC.add(Decimal(months), NUMERIC.divide(Decimal(span), Decimal(31 * 86400))))


def extract(part: str, value: Datum) -> Datum:
    """EXTRACT of a field of a date, timestamp or interval."""
    if value is None:
        return None
    if isinstance(value, timedelta):
        return _extract_interval(part, value)
    moment = to_datetime(value)
    if moment is None:
        return None
    moment = comparable(moment)
    offset = moment.utcoffset() or timedelta()
    found: dict[str, Any] = {
        "YEAR": moment.year,
        "MONTH": moment.month,
        "DAY": moment.day,
        "HOUR": moment.hour,
        "MINUTE": moment.minute,
        "SECOND": normal(Decimal(moment.second) + Decimal(moment.microsecond) / 1_000_000),
        "TIMEZONE_HOUR": int(offset.total_seconds() / 3600),
        "TIMEZONE_MINUTE": int(offset.total_seconds() / 60) % 60,
    }
    result: Datum = found[part]
    return result


def _extract_interval(part: str, value: timedelta) -> Datum:
    """A field of an interval; all fields carry its sign."""
    sign, span = (-1, -value) if value < timedelta() else (1, value)
    fields = {"DAY": span.days, "HOUR": span.seconds // 3600, "MINUTE": span.seconds // 60 % 60}
    if part == "SECOND":
        return normal(sign * (Decimal(span.seconds % 60) + Decimal(span.microseconds) / 1_000_000))
    if part not in fields:
        raise PlsqlError(30076, "invalid extract field for extract source")
    return sign * fields[part]
