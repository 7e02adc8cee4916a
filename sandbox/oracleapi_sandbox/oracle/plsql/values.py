"""Values at run time: composites, conversions between types, and checks on assignment.

Sources: PL/SQL Language Reference, "PL/SQL Data Types" and "Predefined Exceptions" [D].
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal, DivisionByZero, InvalidOperation, Overflow
from typing import Any, TypeAlias

from oracleapi_sandbox.oracle.plsql import formats, nls, number_formats
from oracleapi_sandbox.oracle.plsql.errors import PlsqlError, predefined, value_error
from oracleapi_sandbox.oracle.plsql.types import Field, Type, scalar
from oracleapi_sandbox.oracle.ports import Result, Value

Number: TypeAlias = int | Decimal | float
Key: TypeAlias = int | str
Datum: TypeAlias = "Value | Record | Collection | CursorVariable | JsonElement"

NUMERIC = Context(
    prec=40, rounding=ROUND_HALF_UP, Emin=-130, Emax=125, traps=[Overflow, InvalidOperation, DivisionByZero]
)
"""NUMBER's arithmetic: up to 40 significant digits, magnitudes below 1E126."""


class Timestamp(datetime):
    """A datetime that is a TIMESTAMP, not a DATE; differences of timestamps are intervals."""

    @classmethod
    def of(cls, value: datetime) -> "Timestamp":
        return cls.combine(value.date(), value.timetz())


@dataclass
class Record:
    """A record: values by field name."""

    type: Type
    values: dict[str, Datum]

    def copy(self) -> "Record":
        return Record(self.type, {name: copied(value) for name, value in self.values.items()})


@dataclass(eq=False)
class JsonElement:
    """A JSON_ELEMENT_T or one of its subtypes: a parsed value, which other variables may share."""

    value: Any


@dataclass
class Collection:
    """An index-by table, nested table or VARRAY; ``items`` is ``None`` for one that was never initialised."""

    type: Type
    items: dict[Key, Datum] | None

    def copy(self) -> "Collection":
        items = None if self.items is None else {key: copied(value) for key, value in self.items.items()}
        return Collection(self.type, items)

    def live(self) -> dict[Key, Datum]:
        if self.items is None:
            raise predefined("COLLECTION_IS_NULL")
        return self.items

    def keys(self) -> list[Any]:
        return sorted(self.live())


@dataclass
class CursorVariable:
    """An explicit cursor or a REF CURSOR: its rows and how far it was read."""

    result: Result | None = None
    rows: Iterator[tuple[Value, ...]] = field(default_factory=lambda: iter(()))
    count: int = 0
    found: bool | None = None

    def open(self, result: Result) -> None:
        self.result, self.rows, self.count, self.found = result, result.rows, 0, None

    def attribute(self, name: str) -> bool | int | None:
        """%ISOPEN, %FOUND, %NOTFOUND or %ROWCOUNT."""
        if name == "ISOPEN":
            return self.result is not None
        if self.result is None:
            raise predefined("INVALID_CURSOR")
        if name == "ROWCOUNT":
            return self.count
        return self.found if name == "FOUND" or self.found is None else not self.found


def copied(value: Datum) -> Datum:
    """Composites are copied on assignment, everything else is immutable."""
    return value.copy() if isinstance(value, Record | Collection) else value


def normal(number: Number) -> Number:
    """Bring a result into NUMBER's shape: at most 40 digits, integral values as ``int``."""
    if isinstance(number, float):
        return number
    try:
        exact = NUMERIC.plus(Decimal(number))
    except Overflow as error:
        raise PlsqlError(1426, "numeric overflow") from error
    return int(exact) if exact == exact.to_integral_value() else exact


# --- conversions -----------------------------------------------------------------------------------------------------


def to_number(value: Datum) -> Number | None:
    """Implicit TO_NUMBER."""
    if value is None or (isinstance(value, int | Decimal | float) and not isinstance(value, bool)):
        return value
    if isinstance(value, str):
        return _parse_number(value)
    raise value_error("character to number conversion error")


def _parse_number(text: str) -> Number:
    stripped = text.strip()
    fault = value_error("character to number conversion error")
    if not stripped or set(stripped) - set("0123456789+-.eE") or len(stripped) > 200:
        raise fault
    try:
        return normal(NUMERIC.create_decimal(stripped))
    except (ArithmeticError, ValueError) as error:
        raise fault from error


def to_text(value: Datum) -> str | None:
    """Implicit TO_CHAR."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        raise value_error()
    if isinstance(value, int | Decimal | float):
        return number_formats.number_text(value)
    if isinstance(value, datetime):
        return datetime_text(value)
    if isinstance(value, bytes):
        return value.hex().upper() or None
    if isinstance(value, timedelta):
        return interval_text(value)
    raise value_error()


def datetime_text(value: datetime) -> str:
    models = nls.models()
    if value.tzinfo is not None:
        return formats.format_date(value, models.timestamp_tz)
    timestamp = isinstance(value, Timestamp) or value.microsecond
    return formats.format_date(value, models.timestamp if timestamp else models.date)


def interval_text(value: timedelta) -> str:
    sign, span = ("-", -value) if value < timedelta() else ("+", value)
    hours, rest = divmod(span.seconds, 3600)
    return f"{sign}{span.days:02d} {hours:02d}:{rest // 60:02d}:{rest % 60:02d}.{span.microseconds:06d}"


def parse_datetime(text: str, model: str) -> datetime:
    """Convert a text by *model*; faults are raised with Oracle's code."""
    try:
        return formats.parse_date(text, model)
    except formats.FormatError as error:
        raise PlsqlError(error.code, error.message) from error


def to_datetime(value: Datum, kind: str = "DATE") -> datetime | None:
    """Implicit TO_DATE, or for another *kind* TO_TIMESTAMP and TO_TIMESTAMP_TZ."""
    if value is None or isinstance(value, datetime):
        return value
    if isinstance(value, str):
        models = nls.models()
        return parse_datetime(
            value, {"DATE": models.date, "TIMESTAMP": models.timestamp}.get(kind, models.timestamp_tz)
        )
    raise value_error()


def comparable(value: datetime) -> datetime:
    """Timestamps without a zone are in the session's zone, which is UTC here."""
    return value if value.tzinfo is not None else value.replace(tzinfo=UTC)


def to_boolean(value: Datum) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    raise value_error()


# --- assignment ------------------------------------------------------------------------------------------------------


def coerce(value: Datum, target: Type) -> Datum:
    """Convert *value* for a variable of type *target* and check its constraints.

    Raises:
        PlsqlError: 6502 (value does not fit), 1426 (integer overflow), 18xx (not a date).
    """
    converted = None if value is None or value == "" else _convert(value, target)
    if converted is None:
        if target.not_null:
            raise value_error()
        return default_value(target)
    return converted


def _convert(value: Datum, target: Type) -> Datum:
    match target.category:
        case "CHAR":
            return _fit_text(to_text(value), target)
        case "NUMBER":
            return _fit_number(to_number(value), target)
        case "BOOLEAN":
            return to_boolean(value)
        case "JSON_ELEMENT_T" | "JSON_OBJECT_T" | "JSON_ARRAY_T":
            return _fit_json(value, target)
        case "DATE" | "TIMESTAMP":
            return _fit_datetime(value, target)
        case "RAW":
            return _fit_raw(value, target)
        case "INTERVAL":
            if not isinstance(value, timedelta):
                raise value_error()
            return value
        case "RECORD":
            return _fit_record(value, target)
        case "TABLE":
            return _fit_collection(value, target)
        case "CURSOR":
            return _fit_cursor(value)
    return copied(value)


def _fit_text(text: str | None, target: Type) -> str | None:
    if text is None or target.size is None:
        return text
    length = len(text) if target.characters else len(text.encode())
    if length > target.size:
        raise value_error("character string buffer too small")
    return text + " " * (target.size - length) if target.name == "CHAR" else text


def _fit_number(number: Number | None, target: Type) -> Number | None:
    if number is None:
        return None
    if target.name in ("BINARY_DOUBLE", "BINARY_FLOAT"):
        return float(number)
    exact = Decimal(repr(number)) if isinstance(number, float) else Decimal(number)
    if not exact.is_finite():
        raise value_error()
    if target.name == "PLS_INTEGER":
        whole = int(exact.to_integral_value(ROUND_HALF_UP))
        if not -(2**31) <= whole < 2**31:
            raise PlsqlError(1426, "numeric overflow")
        return whole
    if target.precision is None:
        return normal(exact)
    scale = target.scale or 0
    rounded = NUMERIC.quantize(exact, Decimal(1).scaleb(-scale)) if exact.adjusted() + scale < 39 else exact
    if abs(rounded) >= Decimal(10) ** (target.precision - scale):
        raise value_error("number precision too large")
    return normal(rounded)


def _fit_datetime(value: Datum, target: Type) -> datetime | None:
    moment = to_datetime(value, target.name)
    if moment is None:
        return None
    if target.name == "DATE":
        return datetime(moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second)
    if target.name == "TIMESTAMP":
        return Timestamp.of(moment.replace(tzinfo=None))
    return Timestamp.of(comparable(moment))


def _fit_raw(value: Datum, target: Type) -> bytes | None:
    if isinstance(value, str):
        try:
            value = bytes.fromhex(value if len(value) % 2 == 0 else f"0{value}")
        except ValueError as error:
            raise value_error("hex to raw conversion error") from error
    if not isinstance(value, bytes):
        raise value_error()
    if target.size is not None and len(value) > target.size:
        raise value_error("raw variable length too long")
    return value


def _fit_record(value: Datum, target: Type) -> Record:
    if isinstance(value, dict):
        value = Record(target, {str(name).upper(): part for name, part in value.items()})
    if not isinstance(value, Record):
        raise value_error()
    if target.fields is None:
        return value.copy()
    sources = list(value.values.values())
    by_name = {name: value.values[name] for name in value.values}
    parts: dict[str, Datum] = {}
    for index, part in enumerate(target.fields):
        source = by_name.get(part.name, sources[index] if index < len(sources) else None)
        parts[part.name] = coerce(source, part.type)
    return Record(target, parts)


def _fit_collection(value: Datum, target: Type) -> Collection:
    if isinstance(value, list):
        value = Collection(target, dict(enumerate(value, 1)))
    if not isinstance(value, Collection):
        raise value_error()
    if value.items is None or target.element is None:
        return value.copy()
    return Collection(target, {key: coerce(part, target.element) for key, part in value.items.items()})


def _fit_cursor(value: Datum) -> CursorVariable:
    if isinstance(value, Result):
        cursor = CursorVariable()
        cursor.open(value)
        return cursor
    if not isinstance(value, CursorVariable):
        raise value_error()
    return value


def _field_default(part: Field) -> Datum:
    return default_value(part.type) if part.default is None else coerce(part.default, part.type)


def _fit_json(value: Datum, target: Type) -> Datum:
    kinds = {"JSON_OBJECT_T": dict, "JSON_ARRAY_T": list}
    if not isinstance(value, JsonElement) or not isinstance(value.value, kinds.get(target.name, object)):
        raise value_error()
    return value


def default_value(target: Type) -> Datum:
    """What a variable holds without initialisation."""
    if target.name == "RECORD":
        return Record(target, {part.name: _field_default(part) for part in target.fields or ()})
    if target.name == "TABLE":
        return Collection(target, {} if target.key else None)
    if target.name == "SYS_REFCURSOR":
        return CursorVariable()
    return None


# --- the border to binds, SQL and supplied packages ------------------------------------------------------------------


def from_port(value: Value, type_name: str) -> Datum:
    """A value that came in under an Oracle type name; an unknown name leaves it as it is."""
    if isinstance(value, list):
        element = scalar(type_name)
        return _fit_collection(value, Type("TABLE", element=element, key="NUMBER"))
    target = scalar(type_name) if type_name != "CHAR" else Type("CHAR")
    return value if target is None or value is None else coerce(value, target)


def to_port(value: Datum) -> Value:
    """A value as the other rooms know it: plain datetimes, lists, and results for cursors."""
    if isinstance(value, Timestamp):
        return datetime.combine(value.date(), value.timetz())
    if isinstance(value, Collection):
        return [to_port(value.live()[key]) for key in value.keys()] if value.items is not None else None  # noqa: SIM118
    if isinstance(value, CursorVariable):
        return value.result
    if isinstance(value, JsonElement):
        raise PlsqlError(932, "inconsistent datatypes: a JSON object type cannot be bound")
    if isinstance(value, Record):
        fields: Any = {name.lower(): to_port(part) for name, part in value.values.items()}
        return fields  # type: ignore[no-any-return]
    return None if value == "" else value
