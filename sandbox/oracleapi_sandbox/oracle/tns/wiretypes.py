"""Data type numbers of the wire, and how Oracle's type names map to them."""

import re
from dataclasses import dataclass
from enum import IntEnum

from oracleapi_sandbox.oracle.ports import Column, OracleError

FORM_CHAR = 1
FORM_NCHAR = 2


class WireType(IntEnum):
    VARCHAR2 = 1
    NUMBER = 2
    BINARY_INTEGER = 3
    LONG = 8
    ROWID = 11
    DATE = 12
    RAW = 23
    LONG_RAW = 24
    CHAR = 96
    BINARY_FLOAT = 100
    BINARY_DOUBLE = 101
    CURSOR = 102
    CLOB = 112
    BLOB = 113
    TIMESTAMP = 180
    TIMESTAMP_TZ = 181
    INTERVAL_DS = 183
    UROWID = 208
    TIMESTAMP_LTZ = 231
    BOOLEAN = 252


TEXT_TYPES = frozenset({WireType.VARCHAR2, WireType.CHAR, WireType.LONG, WireType.ROWID, WireType.UROWID})
BYTE_TYPES = frozenset({WireType.RAW, WireType.LONG_RAW})
NUMBER_TYPES = frozenset({WireType.NUMBER, WireType.BINARY_INTEGER})
DATE_TYPES = frozenset({WireType.DATE, WireType.TIMESTAMP, WireType.TIMESTAMP_TZ, WireType.TIMESTAMP_LTZ})
LOB_TYPES = frozenset({WireType.CLOB, WireType.BLOB})
LONG_TYPES = frozenset({WireType.LONG, WireType.LONG_RAW})

BIND_NAMES: dict[int, str] = {
    WireType.VARCHAR2: "VARCHAR2",
    WireType.NUMBER: "NUMBER",
    WireType.BINARY_INTEGER: "NUMBER",
    WireType.LONG: "VARCHAR2",
    WireType.ROWID: "VARCHAR2",
    WireType.DATE: "DATE",
    WireType.RAW: "RAW",
    WireType.LONG_RAW: "RAW",
    WireType.CHAR: "CHAR",
    WireType.BINARY_FLOAT: "BINARY_DOUBLE",
    WireType.BINARY_DOUBLE: "BINARY_DOUBLE",
    WireType.CURSOR: "CURSOR",
    WireType.CLOB: "CLOB",
    WireType.BLOB: "BLOB",
    WireType.TIMESTAMP: "TIMESTAMP",
    WireType.TIMESTAMP_TZ: "TIMESTAMP WITH TIME ZONE",
    WireType.INTERVAL_DS: "INTERVAL DAY TO SECOND",
    WireType.UROWID: "VARCHAR2",
    WireType.TIMESTAMP_LTZ: "TIMESTAMP WITH TIME ZONE",
    WireType.BOOLEAN: "BOOLEAN",
}
"""Type names that a :class:`~oracleapi_sandbox.oracle.ports.Bind` of a wire type gets."""


@dataclass(frozen=True)
class ColumnShape:
    """How a column travels: type number, character set form, and buffer size (0: the column's own size)."""

    type: WireType
    form: int = 0
    size: int = 0


_SHAPES: dict[str, ColumnShape] = {
    "NUMBER": ColumnShape(WireType.NUMBER, size=22),
    "INTEGER": ColumnShape(WireType.NUMBER, size=22),
    "FLOAT": ColumnShape(WireType.NUMBER, size=22),
    "VARCHAR2": ColumnShape(WireType.VARCHAR2, FORM_CHAR),
    "NVARCHAR2": ColumnShape(WireType.VARCHAR2, FORM_NCHAR),
    "CHAR": ColumnShape(WireType.CHAR, FORM_CHAR),
    "NCHAR": ColumnShape(WireType.CHAR, FORM_NCHAR),
    "LONG": ColumnShape(WireType.LONG, FORM_CHAR),
    "ROWID": ColumnShape(WireType.VARCHAR2, FORM_CHAR),
    "DATE": ColumnShape(WireType.DATE, size=7),
    "TIMESTAMP": ColumnShape(WireType.TIMESTAMP, size=11),
    "TIMESTAMP WITH TIME ZONE": ColumnShape(WireType.TIMESTAMP_TZ, size=13),
    "TIMESTAMP WITH LOCAL TIME ZONE": ColumnShape(WireType.TIMESTAMP_LTZ, size=11),
    "INTERVAL DAY TO SECOND": ColumnShape(WireType.INTERVAL_DS, size=11),
    "BINARY_DOUBLE": ColumnShape(WireType.BINARY_DOUBLE, size=8),
    "BINARY_FLOAT": ColumnShape(WireType.BINARY_FLOAT, size=4),
    "RAW": ColumnShape(WireType.RAW),
    "LONG RAW": ColumnShape(WireType.LONG_RAW),
    "CLOB": ColumnShape(WireType.CLOB, FORM_CHAR, 4000),
    "NCLOB": ColumnShape(WireType.CLOB, FORM_NCHAR, 4000),
    "JSON": ColumnShape(WireType.CLOB, FORM_CHAR, 4000),
    "BLOB": ColumnShape(WireType.BLOB, size=4000),
    "BOOLEAN": ColumnShape(WireType.BOOLEAN, size=4),
    "CURSOR": ColumnShape(WireType.CURSOR, size=1),
}


def shape_of(column: Column) -> ColumnShape:
    """Return how *column* travels; precisions in the type name are ignored.

    A JSON column travels as its text in a CLOB, as 19c stores it.

    Raises:
        OracleError: 3115, no wire representation.
    """
    name = " ".join(re.sub(r"\([^)]*\)", " ", column.type.upper()).split())
    shape = _SHAPES.get(name)
    if shape is None:
        raise OracleError(3115, "unsupported network datatype or representation")
    return shape if shape.size else ColumnShape(shape.type, shape.form, max(1, column.size))


def bind_name(wire_type: int) -> str:
    """Return the Oracle type name of a bind's wire type. Raises :class:`OracleError` 3115."""
    name = BIND_NAMES.get(wire_type)
    if name is None:
        raise OracleError(3115, "unsupported network datatype or representation")
    return name
