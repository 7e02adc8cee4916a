"""Values on their way to the client: row cells, OUT binds and RETURNING binds."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

from oracleapi_sandbox.oracle.ports import OracleError, Result, Value
from oracleapi_sandbox.oracle.tns import values, wiretypes
from oracleapi_sandbox.oracle.tns.binds import BindSpec, CursorValue, LocatorValue, WireValue
from oracleapi_sandbox.oracle.tns.lobs import CHUNK_SIZE, LobStore
from oracleapi_sandbox.oracle.tns.primitives import Writer
from oracleapi_sandbox.oracle.tns.wiretypes import FORM_NCHAR, WireType

CursorWriter = Callable[[Result], bytes]
"""Opens a cursor over a result and returns its description and id."""


def write_cell(out: Writer, spec: BindSpec, value: WireValue, lobs: LobStore, open_cursor: CursorWriter) -> None:
    """Append one value in the representation that *spec* asks for.

    Raises:
        OracleError: 932 (the value has no such representation), 1426 (not a NUMBER).
    """
    if spec.type in wiretypes.LOB_TYPES:
        _write_lob(out, spec, value, lobs)
    elif spec.type == WireType.CURSOR:
        if value is None:
            raise OracleError(24338, "statement handle not executed")
        if not isinstance(value, Result):  # a cursor inside a row, which has no description
            raise OracleError(3115, "unsupported network datatype or representation")
        out.raw(open_cursor(value))
    elif value is None:
        out.u8(0)
    else:
        out.clr(encode(spec, value))


def _write_lob(out: Writer, spec: BindSpec, value: WireValue, lobs: LobStore) -> None:
    if isinstance(value, LocatorValue):
        locator, lob = value.locator, lobs.get(value.locator)
    elif value is None:
        out.ub(0)
        return
    else:
        wanted = bytes if spec.type == WireType.BLOB else str
        content = _json_text(value) if wanted is str else value
        if not isinstance(content, wanted):
            raise inconsistent(spec, value)
        locator, lob = lobs.add_value(content)
    out.ub(len(locator), lob.length, CHUNK_SIZE).clr(locator)


def _json_text(value: WireValue) -> WireValue:
    """JSON that the engine hands over as data, not as text, is written out."""
    return json.dumps(value) if isinstance(value, (dict, list)) else value


def encode(spec: BindSpec, value: WireValue) -> bytes:
    """Return a scalar's bytes. Raises :class:`OracleError` 932 when type and value do not fit."""
    if spec.type in wiretypes.TEXT_TYPES:
        text = as_text(_json_text(value))
        if text is None:
            raise inconsistent(spec, value)
        return text.encode("utf-16-be" if spec.form == FORM_NCHAR else "utf-8", "surrogatepass")
    if spec.type in wiretypes.BYTE_TYPES and isinstance(value, bytes):
        return value
    if spec.type in wiretypes.NUMBER_TYPES:
        return values.encode_number(_as_number(spec, value))
    if spec.type in wiretypes.DATE_TYPES and isinstance(value, datetime):
        return _encode_datetime(spec.type, value)
    if spec.type in (WireType.BINARY_DOUBLE, WireType.BINARY_FLOAT):
        return values.encode_binary(
            float(_as_number(spec, value)), ">d" if spec.type == WireType.BINARY_DOUBLE else ">f"
        )
    if spec.type == WireType.INTERVAL_DS and isinstance(value, timedelta):
        return values.encode_interval_ds(value)
    if spec.type == WireType.BOOLEAN and isinstance(value, (bool, int)):
        return b"\x01\x01" if value else b"\x00"
    raise inconsistent(spec, value)


def as_text(value: WireValue) -> str | None:
    """Return the text that Oracle's implicit conversion gives for strings and numbers, else ``None``."""
    if isinstance(value, str):
        return value
    if isinstance(value, (int, Decimal, float)) and not isinstance(value, bool):
        text = format(Decimal(repr(value)) if isinstance(value, float) else Decimal(value), "f")
        text = text.rstrip("0").rstrip(".") if "." in text else text
        return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text
    if isinstance(value, bytes):
        return value.hex().upper()
    return None


def _as_number(spec: BindSpec, value: WireValue) -> int | Decimal | float:
    if isinstance(value, (int, Decimal, float)):
        return int(value) if isinstance(value, bool) else value
    if isinstance(value, str):
        try:
            return Decimal(value.strip())
        except ArithmeticError:
            raise OracleError(1722, "invalid number") from None
    raise inconsistent(spec, value)


def _encode_datetime(kind: int, value: datetime) -> bytes:
    if kind == WireType.TIMESTAMP_TZ:
        return values.encode_timestamp_tz(value)
    local = value.replace(tzinfo=None)
    return values.encode_date(local) if kind == WireType.DATE else values.encode_timestamp(local)


def inconsistent(spec: BindSpec, value: WireValue) -> OracleError:
    got = wiretypes.BIND_NAMES.get(spec.type, "UNKNOWN")
    return OracleError(932, f"inconsistent datatypes: expected {got} got {type(value).__name__.upper()}")


def plain(value: WireValue, lobs: LobStore, cursor_result: Callable[[int], Result | None]) -> Value:
    """Turn a bind from the wire into a value of the session seam: locators become their data."""
    if isinstance(value, LocatorValue):
        return lobs.get(value.locator).value
    if isinstance(value, CursorValue):
        return cursor_result(value.id)
    if isinstance(value, str):
        return value or None
    return value
