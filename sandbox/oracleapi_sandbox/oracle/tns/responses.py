"""Messages of the server: status, errors, describes, rows, I/O vectors, parameters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from oracleapi_sandbox.oracle.ports import Column, OracleError
from oracleapi_sandbox.oracle.tns.negotiation import AL16UTF16, AL32UTF8
from oracleapi_sandbox.oracle.tns.primitives import Writer
from oracleapi_sandbox.oracle.tns.profile import (
    FIELD_VERSION_12_2,
    FIELD_VERSION_20,
    FIELD_VERSION_23,
    FIELD_VERSION_23_4,
    FIELD_VERSION_23_EXT_3,
)
from oracleapi_sandbox.oracle.tns.wiretypes import FORM_NCHAR, WireType, shape_of

ERROR, ROW_DATA, PARAMETERS, STATUS, IO_VECTOR, WARNING, DESCRIBE = 4, 7, 8, 9, 11, 15, 16
DIRECTION_IN, DIRECTION_IN_OUT = 32, 48
NO_MORE_ROWS = 1403
BATCH_ERRORS = 24381
IN_TRANSACTION = 0x2
COMPILED_WITH_ERRORS = 0x20
DEFAULT_FRACTION_DIGITS = 6
_IS_JSON = 0x100


class Keyword(IntEnum):
    CURRENT_SCHEMA = 168


@dataclass(frozen=True)
class BatchError:
    """A row of an array execution that failed."""

    row: int
    error: OracleError


def status(in_transaction: bool) -> bytes:
    """The end of a call that has nothing else to say."""
    return bytes(Writer().u8(STATUS).ub(IN_TRANSACTION if in_transaction else 0).ub(0))


def error_text(error: OracleError) -> str:
    return f"{error}\n"


def call_end(
    field_version: int,
    in_transaction: bool,
    *,
    cursor_id: int = 0,
    row_count: int = 0,
    code: int = 0,
    text: str = "",
    position: int = 0,
    batch: Sequence[BatchError] = (),
    warned: bool = False,
) -> bytes:
    """Build the end of call: code 0 is success. *position* is a byte offset in the statement.

    *warned*: what was created has compilation errors; the driver makes a warning of it (DPY-7000).
    """
    out = Writer().u8(ERROR).ub(IN_TRANSACTION if in_transaction else 0).ub(0, row_count & 0xFFFFFFFF)
    out.ub(min(code, 0xFFFF), 0, 0, cursor_id).sb(position if position <= 0x7FFF else 0)
    out.raw(bytes(5))  # statement type, fatal, flags, cursor options, UPI parameter
    out.u8(COMPILED_WITH_ERRORS if warned else 0)
    out.ub(0, 0).u8(0).ub(0, 0)  # rowid
    out.ub(0).u8(0, 0).ub(0, 0, 0)
    _batch(out, batch)
    out.ub(code, row_count)
    if field_version >= FIELD_VERSION_20:
        out.ub(0, 0)
    if code:
        out.clr(text.encode())
    return bytes(out)


def _batch(out: Writer, batch: Sequence[BatchError]) -> None:
    out.ub(len(batch))
    if batch:
        out.u8(1).ub(*(found.error.code for found in batch))
    out.ub(len(batch))
    if batch:
        out.u8(1).ub(*(found.row for found in batch))
    out.ub(len(batch))
    if batch:
        out.u8(0)
        for found in batch:
            text = error_text(found.error).encode()
            out.ub(len(text)).clr(text).raw(b"\0\0")


def warning(code: int, text: str) -> bytes:
    """Build a warning, which stands before the parameters it goes with."""
    data = text.encode()
    return bytes(Writer().u8(WARNING).ub(code, len(data), 0).clr(data))


def auth_parameters(pairs: Mapping[str, str], flags: Mapping[str, int]) -> bytes:
    """Build the key and value pairs that answer an authentication call."""
    out = Writer().u8(PARAMETERS).ub(len(pairs))
    for key, value in pairs.items():
        out.text(key).text(value).ub(flags.get(key, 0))
    return bytes(out)


def execute_parameters(current_schema: str | None, row_counts: Sequence[int] | None) -> bytes:
    """Build the parameters of an execution: a new current schema, and row counts if they were asked for."""
    out = Writer().u8(PARAMETERS).ub(0, 0)
    if current_schema is None:
        out.ub(0)
    else:
        out.ub(1).text(current_schema).ub(0, Keyword.CURRENT_SCHEMA)
    out.ub(0)
    if row_counts is not None:
        out.ub(len(row_counts), *row_counts)
    return bytes(out)


def io_vector(directions: Sequence[int]) -> bytes:
    """Build the list of bind directions that answers a PL/SQL execution."""
    count = len(directions)
    return bytes(Writer().u8(IO_VECTOR, 0).ub(count % 256, count // 256, 1, 0, 0, 0).u8(*directions))


def describe(columns: Sequence[Column], field_version: int) -> bytes:
    """Build the description of a query's columns as a message."""
    return bytes(Writer().u8(DESCRIBE, 0).raw(describe_body(columns, field_version)))


def describe_body(columns: Sequence[Column], field_version: int) -> bytes:
    """Build the description without its message type, as a REF CURSOR carries it."""
    out = Writer().ub(sum(shape_of(column).size for column in columns), len(columns))
    if columns:
        out.u8(0)
    for position, column in enumerate(columns, 1):
        _column(out, column, position, field_version)
    return bytes(out.ub(0, 0, 0, 0, 0, 0))


def _precision(column: Column, kind: WireType) -> tuple[int, int]:
    if kind == WireType.NUMBER:
        return column.precision, column.scale
    if kind in (WireType.TIMESTAMP, WireType.TIMESTAMP_TZ, WireType.TIMESTAMP_LTZ):
        return 0, column.scale if column.scale >= 0 else DEFAULT_FRACTION_DIGITS
    return 0, 0


def _column(out: Writer, column: Column, position: int, field_version: int) -> None:
    shape = shape_of(column)
    precision, scale = _precision(column, shape.type)
    out.u8(shape.type, 0, precision & 0xFF, scale & 0xFF).ub(shape.size, 0, 0, 0, 0)
    out.ub({0: 0, FORM_NCHAR: AL16UTF16}.get(shape.form, AL32UTF8)).u8(shape.form)
    out.ub(shape.size if shape.form else 0)
    if field_version >= FIELD_VERSION_12_2:
        out.ub(0)
    out.u8(int(column.nullable), 0).text(column.name).ub(0, 0, position)
    out.ub(_IS_JSON if column.type.upper() == "JSON" else 0)
    if field_version >= FIELD_VERSION_23:
        out.ub(0, 0)
    if field_version >= FIELD_VERSION_23_EXT_3:
        out.ub(0)
    if field_version >= FIELD_VERSION_23_4:
        out.ub(0).u8(0, 0)
