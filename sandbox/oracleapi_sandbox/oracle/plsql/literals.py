"""Literals of time: zones of TIMESTAMP and the fields of INTERVAL.

Source: SQL Language Reference, "Literals" [D].
"""

import re
from datetime import timedelta, timezone
from decimal import Decimal

from oracleapi_sandbox.oracle.plsql.errors import CompileError, Position

INTERVAL_UNITS = {"DAY": 86400, "HOUR": 3600, "MINUTE": 60, "SECOND": 1}
_ZONE = re.compile(r"(.+?)\s*([+-])(0\d|1[0-4]):([0-5]\d)")
_INTERVAL_FIELD = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")


def split_zone(text: str) -> tuple[str, timezone | None]:
    """Split ``2024-01-01 00:00:00 +02:00`` into the timestamp and its zone, if it has one."""
    match = _ZONE.fullmatch(text.strip())
    if match is None:
        return text, None
    offset = timedelta(hours=int(match[3]), minutes=int(match[4]))
    return match[1], timezone(-offset if match[2] == "-" else offset)


def interval(text: str, leading: str, trailing: str, position: Position) -> timedelta:
    """The value of ``INTERVAL 'text' leading [TO trailing]``; fields are separated by a space or colons."""
    units = list(INTERVAL_UNITS)
    fields = text.strip().lstrip("+-").replace(" ", ":").split(":")
    wanted = units[units.index(leading) : units.index(trailing) + 1]
    fault = CompileError(position, None, "PL/SQL: ORA-01867: the interval is invalid")
    if len(fields) != len(wanted) or not all(_INTERVAL_FIELD.fullmatch(part) for part in fields):
        raise fault
    seconds = sum((Decimal(part) * INTERVAL_UNITS[unit] for part, unit in zip(fields, wanted, strict=True)), Decimal())
    try:
        span = timedelta(microseconds=int(seconds * 1_000_000))
    except OverflowError as error:
        raise fault from error
    return -span if text.strip().startswith("-") else span
