"""Database values as ORDS writes them into JSON.

Dates as ISO-8601 in UTC, numbers exact, NULL as ``null``, BLOB as base64, nested cursors as arrays [M]. RAW as base64,
intervals as ISO-8601 durations [U].
"""

import base64
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from oracleapi_sandbox.oracle.ports import Column, Result


def dumps(value: Any) -> bytes:
    """Write *value* as compact JSON; a :class:`Decimal` keeps every digit it has."""
    return _json(value).encode()


def _json(value: Any) -> str:
    match value:
        case Mapping():
            return "{" + ",".join(f"{json.dumps(str(key))}:{_json(item)}" for key, item in value.items()) + "}"
        case list() | tuple():
            return "[" + ",".join(_json(item) for item in value) + "]"
        case Decimal():
            return number_text(value)
        case float() if not math.isfinite(value):
            return "null"
        case _:
            return json.dumps(value, ensure_ascii=False)


def number_text(value: Decimal) -> str:
    """Write a NUMBER without exponent and without trailing zeros, as NUMBER has none.

    A number of a JSON document may lie beyond NUMBER's range; it keeps its exponent.
    """
    if value and not -130 <= value.adjusted() <= 125:
        return str(value)
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def key_of(column_name: str) -> str:
    """The JSON key of a column: lower case, except that quoted mixed-case aliases are kept [M]."""
    return column_name.lower() if column_name == column_name.upper() else column_name


def row_object(columns: Sequence[Column], row: Sequence[Any]) -> dict[str, Any]:
    return {key_of(column.name): plain(value, column.type) for column, value in zip(columns, row, strict=True)}


def rows_of(result: Result) -> list[dict[str, Any]]:
    """All rows of a cursor as objects."""
    columns = result.columns or ()
    return [row_object(columns, row) for row in result.rows]


def plain(value: Any, type_name: str = "VARCHAR2") -> Any:
    """Turn a database value of Oracle type *type_name* into what :func:`dumps` writes."""
    match value:
        case str() if type_name == "JSON":
            return _embedded(value)
        case datetime():
            return timestamp_text(value)
        case timedelta():
            return duration_text(value)
        case bytes():
            return base64.b64encode(value).decode()
        case Result():
            return rows_of(value)
        case Mapping():
            return {str(key) if type_name == "JSON" else key_of(str(key)): plain(item) for key, item in value.items()}
        case list() | tuple():
            return _plain_list(value, type_name)
        case _:
            return value


def _plain_list(values: Iterable[Any], type_name: str) -> list[Any]:
    return [plain(item, type_name) for item in values]


def _embedded(text: str) -> Any:
    try:
        return json.loads(text, parse_float=Decimal)
    except ValueError:
        return text


def timestamp_text(value: datetime) -> str:
    """``2024-01-31T00:00:00Z``, with a fraction if there is one; a value without zone counts as UTC."""
    moment = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    text = moment.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")
    fraction = f".{moment.microsecond:06d}".rstrip("0").rstrip(".")
    return f"{text}{fraction}Z"


def duration_text(value: timedelta) -> str:
    """``P1DT2H3M4.5S``."""
    sign, span = ("-", -value) if value < timedelta() else ("", value)
    minutes, seconds = divmod(span.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    fraction = f".{span.microseconds:06d}".rstrip("0").rstrip(".")
    return f"{sign}P{span.days}DT{hours}H{minutes}M{seconds}{fraction}S"
