"""Bind metadata and bind rows of execute requests."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from oracleapi_sandbox.oracle.ports import OracleError, Value
from oracleapi_sandbox.oracle.tns import values, wiretypes
from oracleapi_sandbox.oracle.tns.primitives import ProtocolError, Reader
from oracleapi_sandbox.oracle.tns.profile import FIELD_VERSION_12_2, MAX_STRING_BYTES
from oracleapi_sandbox.oracle.tns.wiretypes import FORM_NCHAR, WireType

ROW_DATA = 7
_ARRAY_FLAG = 0x40


@dataclass(frozen=True)
class BindSpec:
    """Metadata of a bind or define: wire type, whether it is an index-by table, buffer bytes, elements, form."""

    type: int
    is_array: bool = False
    size: int = 0
    max_elements: int = 0
    form: int = 0


@dataclass(frozen=True)
class LocatorValue:
    """A LOB locator that stands for a value."""

    locator: bytes


@dataclass(frozen=True)
class CursorValue:
    """A REF CURSOR variable; ``id`` is 0 for one that is not open."""

    id: int


WireValue: TypeAlias = "Value | LocatorValue | CursorValue"


def read_spec(reader: Reader, field_version: int) -> BindSpec:
    """Read the metadata of one bind or define."""
    kind, flags = reader.u8(), reader.u8()
    reader.raw(2)
    size, elements = reader.ub(), reader.ub()
    reader.ub()  # continuation flags: wants LOB prefetch
    reader.lclr()  # object type identifier
    reader.ub()
    reader.ub()  # character set
    form = reader.u8()
    reader.ub()  # LOB prefetch length
    if field_version >= FIELD_VERSION_12_2:
        reader.ub()
    return BindSpec(kind, bool(flags & _ARRAY_FLAG), size, elements, form)


def read_rows(
    reader: Reader, specs: Sequence[BindSpec | None], count: int, *, long_last: bool
) -> tuple[tuple[WireValue, ...], ...]:
    """Read *count* rows of values; a slot without a spec (a RETURNING bind) has no value on the wire.

    Outside PL/SQL (*long_last*) values with a big buffer stand after all others.
    """
    if not any(spec is not None for spec in specs):
        return ((None,) * len(specs),) * count
    return tuple(_read_row(reader, specs, long_last) for _ in range(count))


def _read_row(reader: Reader, specs: Sequence[BindSpec | None], long_last: bool) -> tuple[WireValue, ...]:
    if reader.u8() != ROW_DATA:
        raise ProtocolError("a row of bind values was expected")
    row: list[WireValue] = [None] * len(specs)
    late = []
    for at, spec in enumerate(specs):
        if spec is None:
            continue
        if long_last and spec.size > MAX_STRING_BYTES:
            late.append((at, spec))
        else:
            row[at] = _read_bind(reader, spec)
    for at, spec in late:
        row[at] = _read_bind(reader, spec)
    return tuple(row)


def _read_bind(reader: Reader, spec: BindSpec) -> WireValue:
    if spec.is_array:
        return [_read_value(reader, spec) for _ in range(reader.ub())]
    return _read_value(reader, spec)


def _read_value(reader: Reader, spec: BindSpec) -> WireValue:
    if spec.type == WireType.CURSOR:
        return _read_cursor(reader)
    if spec.type in wiretypes.LOB_TYPES:
        locator = reader.lclr()
        return None if locator is None else LocatorValue(locator)
    data = reader.clr()
    return None if data is None else _decode(data, spec)


def _read_cursor(reader: Reader) -> CursorValue | None:
    if reader.u8() == 0:
        return None
    return CursorValue(reader.ub() if reader.u8() else 0)


def _decode(data: bytes, spec: BindSpec) -> Value:
    if spec.type in wiretypes.TEXT_TYPES:
        return data.decode("utf-16-be" if spec.form == FORM_NCHAR else "utf-8", "surrogatepass")
    if spec.type in wiretypes.NUMBER_TYPES:
        return values.decode_number(data)
    if spec.type in wiretypes.DATE_TYPES:
        return values.decode_datetime(data)
    if spec.type in (WireType.BINARY_DOUBLE, WireType.BINARY_FLOAT):
        return values.decode_binary(data)
    if spec.type == WireType.INTERVAL_DS:
        return values.decode_interval_ds(data)
    if spec.type == WireType.BOOLEAN:
        return data[-1] == 1
    if spec.type in wiretypes.BYTE_TYPES:
        return data
    raise OracleError(3115, "unsupported network datatype or representation")
