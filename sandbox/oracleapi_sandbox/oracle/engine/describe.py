"""Result columns with Oracle's types, and values as ``ports`` wants them."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from oracleapi_sandbox.oracle.engine.catalog import ColumnInfo
from oracleapi_sandbox.oracle.engine.wire import Described, number
from oracleapi_sandbox.oracle.ports import Column, OracleError, Value

_TYPES: dict[int, tuple[str, int]] = {
    16: ("BOOLEAN", 1),
    17: ("RAW", 2000),
    19: ("VARCHAR2", 128),
    20: ("NUMBER", 22),
    21: ("NUMBER", 22),
    23: ("NUMBER", 22),
    25: ("VARCHAR2", 4000),
    114: ("CURSOR", 1),
    700: ("BINARY_DOUBLE", 8),
    701: ("BINARY_DOUBLE", 8),
    705: ("VARCHAR2", 4000),
    1042: ("CHAR", 2000),
    1043: ("VARCHAR2", 4000),
    1114: ("TIMESTAMP", 11),
    1184: ("TIMESTAMP WITH TIME ZONE", 13),
    1186: ("INTERVAL DAY TO SECOND", 11),
    1700: ("NUMBER", 22),
    3802: ("VARCHAR2", 4000),
}
_MODIFIER_OF_DATE = 0
Origins = Mapping[tuple[int, int], ColumnInfo]
"""Columns of the dictionary by PostgreSQL's table and attribute numbers."""


def columns(described: Sequence[Described], origins: Origins) -> tuple[Column, ...]:
    """Describe a result; a plain column of a table or view keeps its declared type."""
    return tuple(_column(each, origins) for each in described)


def _column(each: Described, origins: Origins) -> Column:
    info = origins.get((each.table_oid, each.attribute))
    if info is not None:
        scale = info.scale if info.scale is not None else (0 if info.precision else -127)
        size = 22 if info.type == "NUMBER" else 7 if info.type == "DATE" else info.length or 4000
        return Column(each.name, info.type, size, info.precision or 0, scale, info.nullable)
    if each.type_oid not in _TYPES:
        raise OracleError(904, f'"{each.name}": invalid identifier')
    name, size = _TYPES[each.type_oid]
    if name == "TIMESTAMP" and each.modifier == _MODIFIER_OF_DATE:
        return Column(each.name, "DATE", 7)
    precision, scale = 0, -127
    if name == "NUMBER" and each.modifier >= 4:
        precision, scale = (each.modifier - 4) >> 16, (each.modifier - 4) & 0x7FF
    return Column(each.name, name, size, precision, scale)


def rows(described: Sequence[Described], found: list[list[Any]]) -> Iterator[tuple[Value, ...]]:
    """Convert rows as they are taken."""
    converters = [_CONVERTERS.get(each.type_oid) for each in described]
    for row in found:
        yield tuple(
            value if convert is None or value is None else convert(value)
            for value, convert in zip(row, converters, strict=True)
        )


def value(described: Described, found: Any) -> Value:
    """Convert one value."""
    convert = _CONVERTERS.get(described.type_oid)
    return found if convert is None or found is None else convert(found)  # type: ignore[no-any-return]


def _text(found: str) -> str | None:
    return found or None


def _nested(found: Any) -> Any:
    """Rows of a nested cursor; numbers as everywhere."""
    parsed = (
        json.loads(found, parse_float=lambda text: number(text), parse_int=int) if isinstance(found, str) else found
    )
    return [{key: _nested_value(item) for key, item in row.items()} for row in parsed]


def _nested_value(item: Any) -> Any:
    if isinstance(item, float):
        return number(repr(item))
    if isinstance(item, list) and all(isinstance(each, dict) for each in item):
        return _nested(item)
    return item


def parameter(given: Any) -> Any:
    """A bind value for PostgreSQL."""
    if given == "" and isinstance(given, str):
        return None
    if isinstance(given, bool):
        return int(given)
    if isinstance(given, Decimal):
        return format(given, "f")
    return given


_CONVERTERS: dict[int, Callable[[Any], Any]] = {25: _text, 1043: _text, 19: _text, 114: _nested, 17: bytes}
