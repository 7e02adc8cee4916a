"""The functions of package STANDARD that expressions call without SQL.

What is not here but allowed in PL/SQL is evaluated by the engine: see ``sql_functions``.
Source: SQL Language Reference, "Functions"; PL/SQL Language Reference, "SQL Functions in PL/SQL Expressions" [D].
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_UP, Decimal

from oracleapi_sandbox.oracle.plsql import dates, formats, nls, number_formats, operators
from oracleapi_sandbox.oracle.plsql.dates import integer
from oracleapi_sandbox.oracle.plsql.errors import PlsqlError, value_error
from oracleapi_sandbox.oracle.plsql.values import (
    NUMERIC,
    Datum,
    Number,
    Timestamp,
    normal,
    parse_datetime,
    to_number,
    to_text,
)

MAX_TEXT = 32767


@dataclass(frozen=True)
class Builtin:
    """A built-in function.

    Args:
        least: Fewest arguments; *most* the most.
        returns: Oracle type name of the value, or ``FIRST`` for the type of the first argument.
        lazy: Gets functions instead of values, and calls those it needs (NVL's and COALESCE's short circuit).
        parameters: Category that the arguments must convert to, or ``None`` for any.
    """

    name: str
    least: int
    most: int
    body: Callable[..., Datum]
    returns: str
    lazy: bool = False
    parameters: str | None = None


TABLE: dict[str, Builtin] = {}


def _register(
    name: str, least: int, most: int, returns: str, *, lazy: bool = False, parameters: str | None = None
) -> Callable[[Callable[..., Datum]], Callable[..., Datum]]:
    def add(body: Callable[..., Datum]) -> Callable[..., Datum]:
        TABLE[name] = Builtin(name, least, most, body, returns, lazy, parameters)
        return body

    return add


def _on_text(name: str, body: Callable[[str], Datum], returns: str = "VARCHAR2") -> None:
    """Register a function of one text that is NULL for NULL."""

    def call(value: Datum) -> Datum:
        text = to_text(value)
        return None if text is None else body(text)

    TABLE[name] = Builtin(name, 1, 1, call, returns, parameters="CHAR")


def _on_number(name: str, body: Callable[[Decimal], Number]) -> None:
    """Register a function of one number that is NULL for NULL."""

    def call(value: Datum) -> Datum:
        number = to_number(value)
        return None if number is None else normal(body(Decimal(number)))

    TABLE[name] = Builtin(name, 1, 1, call, "NUMBER", parameters="NUMBER")


# --- NULL ------------------------------------------------------------------------------------------------------------


@_register("COALESCE", 2, 255, "FIRST", lazy=True)
def coalesce(*arguments: Callable[[], Datum]) -> Datum:
    return next((value for argument in arguments if (value := argument()) is not None), None)


TABLE["NVL"] = Builtin("NVL", 2, 2, coalesce, "FIRST", lazy=True)


@_register("NULLIF", 2, 2, "FIRST")
def nullif(left: Datum, right: Datum) -> Datum:
    return None if operators.compare("=", left, right) else left


# --- text ------------------------------------------------------------------------------------------------------------

_on_text("UPPER", str.upper)
_on_text("LOWER", str.lower)
_on_text("INITCAP", str.title)
_on_text("LENGTH", len, "NUMBER")
_on_text("LENGTHB", lambda text: len(text.encode()), "NUMBER")
_on_text("ASCII", lambda text: ord(text[0]), "NUMBER")
_on_text("TO_CLOB", lambda text: text, "CLOB")
_on_text("TO_NCHAR", lambda text: text)
_on_text("REVERSE", lambda text: text[::-1])
_on_text("ASCIISTR", lambda text: "".join(c if ord(c) < 128 else f"\\{ord(c):04X}" for c in text))


@_register("CHR", 1, 1, "VARCHAR2", parameters="NUMBER")
def chr_(code: Datum) -> Datum:
    number = integer(code)
    if number is not None and not 0 <= number < 0x110000:
        raise value_error()
    return None if number is None else chr(number)


@_register("CONCAT", 2, 2, "VARCHAR2", parameters="CHAR")
def concat(left: Datum, right: Datum) -> Datum:
    return operators.concat(left, right)


@_register("SUBSTR", 2, 3, "FIRST", parameters="CHAR")
def substr(value: Datum, start: Datum, length: Datum = MAX_TEXT * MAX_TEXT) -> Datum:
    text, first, count = to_text(value), integer(start), integer(length)
    if text is None or first is None or count is None or count < 1:
        return None
    offset = first - 1 if first > 0 else (len(text) + first if first < 0 else 0)
    return text[offset : offset + count] or None if 0 <= offset < len(text) else None


@_register("SUBSTRB", 2, 3, "VARCHAR2", parameters="CHAR")
def substrb(value: Datum, start: Datum, length: Datum = MAX_TEXT) -> Datum:
    text, first, count = to_text(value), integer(start), integer(length)
    if text is None or first is None or count is None or count < 1:
        return None
    data = text.encode()
    offset = first - 1 if first > 0 else (len(data) + first if first < 0 else 0)
    return data[offset : offset + count].decode(errors="replace") or None if 0 <= offset < len(data) else None


@_register("INSTR", 2, 4, "NUMBER", parameters="CHAR")
def instr(value: Datum, part: Datum, start: Datum = 1, occurrence: Datum = 1) -> Datum:
    text, wanted, first, nth = to_text(value), to_text(part), integer(start), integer(occurrence)
    if text is None or wanted is None or first is None or nth is None:
        return None
    if nth < 1:
        raise PlsqlError(1428, f"argument '{nth}' is out of range")
    if first == 0:
        return 0
    found = _occurrences(text, wanted, first)
    return found[nth - 1] + 1 if len(found) >= nth else 0


def _occurrences(text: str, wanted: str, first: int) -> list[int]:
    hits = [index for index in range(len(text)) if text.startswith(wanted, index)]
    if first > 0:
        return [hit for hit in hits if hit >= first - 1]
    return [hit for hit in reversed(hits) if hit <= len(text) + first]


def _strip(value: Datum, characters: Datum, left: bool, right: bool) -> Datum:
    text, chars = to_text(value), to_text(characters)
    if text is None or chars is None:
        return None
    text = text.lstrip(chars) if left else text
    return (text.rstrip(chars) if right else text) or None


@_register("LTRIM", 1, 2, "VARCHAR2", parameters="CHAR")
def ltrim(value: Datum, characters: Datum = " ") -> Datum:
    return _strip(value, characters, left=True, right=False)


@_register("RTRIM", 1, 2, "VARCHAR2", parameters="CHAR")
def rtrim(value: Datum, characters: Datum = " ") -> Datum:
    return _strip(value, characters, left=False, right=True)


def trim(side: str, characters: Datum, value: Datum) -> Datum:
    """TRIM: exactly one character is allowed (ORA-30001)."""
    chars = to_text(characters)
    if chars is not None and len(chars) != 1:
        raise PlsqlError(30001, "trim set should have only one character")
    return _strip(value, chars, left=side in ("BOTH", "LEADING"), right=side in ("BOTH", "TRAILING"))


@_register("REPLACE", 2, 3, "VARCHAR2", parameters="CHAR")
def replace(value: Datum, search: Datum, replacement: Datum = None) -> Datum:
    text, wanted = to_text(value), to_text(search)
    if text is None or wanted is None:
        return text
    return text.replace(wanted, to_text(replacement) or "") or None


@_register("TRANSLATE", 3, 3, "VARCHAR2", parameters="CHAR")
def translate(value: Datum, source: Datum, target: Datum) -> Datum:
    text, old, new = to_text(value), to_text(source), to_text(target)
    if text is None or old is None or new is None:
        return None
    table: dict[int, str | None] = {}
    for index, character in enumerate(old):
        table.setdefault(ord(character), new[index] if index < len(new) else None)
    return text.translate(table) or None


def _pad(value: Datum, length: Datum, fill: Datum, left: bool) -> Datum:
    text, width, chars = to_text(value), integer(length), to_text(fill)
    if text is None or width is None or chars is None or width < 1:
        return None
    if width > MAX_TEXT:
        raise value_error("character string buffer too small")
    missing = (chars * (max(0, width - len(text)) // len(chars) + 1))[: max(0, width - len(text))]
    return (missing + text if left and missing else text[:width] + missing)[:width]


@_register("LPAD", 2, 3, "VARCHAR2", parameters="CHAR")
def lpad(value: Datum, length: Datum, fill: Datum = " ") -> Datum:
    return _pad(value, length, fill, left=True)


@_register("RPAD", 2, 3, "VARCHAR2", parameters="CHAR")
def rpad(value: Datum, length: Datum, fill: Datum = " ") -> Datum:
    return _pad(value, length, fill, left=False)


# --- conversions -----------------------------------------------------------------------------------------------------


def _formatted(action: Callable[[], Datum]) -> Datum:
    try:
        return action()
    except formats.FormatError as error:
        if error.code == 1722:
            raise value_error("character to number conversion error") from error
        raise PlsqlError(error.code, error.message) from error


@_register("TO_CHAR", 1, 3, "VARCHAR2")
def to_char(value: Datum, model: Datum = None, nls_parameter: Datum = None) -> Datum:
    nls.check_parameter(to_text(nls_parameter))
    picture = to_text(model)
    if value is None or (isinstance(value, str) and picture is None):
        return value
    if picture is None:
        return to_text(value)
    if isinstance(value, datetime):
        return _formatted(lambda: formats.format_date(value, picture))
    number = to_number(value)
    return None if number is None else _formatted(lambda: number_formats.format_number(Decimal(str(number)), picture))


@_register("TO_NUMBER", 1, 3, "NUMBER")
def to_number_(value: Datum, model: Datum = None, nls_parameter: Datum = None) -> Datum:
    nls.check_parameter(to_text(nls_parameter))
    picture, text = to_text(model), to_text(value)
    if picture is None or text is None:
        return to_number(value)
    return _formatted(lambda: normal(number_formats.parse_number(text, picture)))


@_register("TO_DATE", 1, 3, "DATE")
def to_date(value: Datum, *model: Datum) -> Datum:
    nls.check_parameter(to_text(model[1]) if len(model) > 1 else None)
    text, picture = to_text(value), to_text(model[0]) if model else nls.models().date
    if text is None or picture is None:
        return None
    return parse_datetime(text, picture).replace(microsecond=0, tzinfo=None)


@_register("TO_TIMESTAMP", 1, 3, "TIMESTAMP")
def to_timestamp(value: Datum, *model: Datum) -> Datum:
    nls.check_parameter(to_text(model[1]) if len(model) > 1 else None)
    text, picture = to_text(value), to_text(model[0]) if model else nls.models().timestamp
    if text is None or picture is None:
        return None
    return Timestamp.of(parse_datetime(text, picture).replace(tzinfo=None))


@_register("HEXTORAW", 1, 1, "RAW", parameters="CHAR")
def hextoraw(value: Datum) -> Datum:
    text = to_text(value)
    try:
        return None if text is None else bytes.fromhex(text)
    except ValueError as error:
        raise PlsqlError(1465, "invalid hex number") from error


@_register("TO_BLOB", 1, 1, "BLOB")
def to_blob(value: Datum) -> Datum:
    """A RAW, or a text of hexadecimal digits that is converted to RAW implicitly."""
    return hextoraw(value) if isinstance(value, str) else value


@_register("RAWTOHEX", 1, 1, "VARCHAR2")
def rawtohex(value: Datum) -> Datum:
    return to_text(value.encode() if isinstance(value, str) else value)


@_register("NUMTODSINTERVAL", 2, 2, "INTERVAL DAY TO SECOND")
def numtodsinterval(value: Datum, unit: Datum) -> Datum:
    number, name = to_number(value), (to_text(unit) or "").strip().upper()
    seconds = {"DAY": 86400, "HOUR": 3600, "MINUTE": 60, "SECOND": 1}.get(name)
    if seconds is None:
        raise PlsqlError(1760, "illegal argument for function")
    return None if number is None else timedelta(seconds=float(number) * seconds)


# --- numbers ---------------------------------------------------------------------------------------------------------

_on_number("ABS", abs)
_on_number("CEIL", lambda number: number.to_integral_value(ROUND_CEILING))
_on_number("FLOOR", lambda number: number.to_integral_value(ROUND_FLOOR))
_on_number("SIGN", lambda number: (number > 0) - (number < 0))


def _to_scale(value: Datum, places: Datum, rounding: str) -> Datum:
    number, scale = to_number(value), integer(places)
    if number is None or scale is None:
        return None
    exact = Decimal(str(number))
    if exact.adjusted() + scale > 39:
        return number
    step = Decimal(1).scaleb(-min(max(scale, -130), 130))
    return normal((exact / step).to_integral_value(rounding) * step)


@_register("ROUND", 1, 2, "FIRST")
def round_(value: Datum, places: Datum = 0) -> Datum:
    if isinstance(value, datetime):
        return dates.date_unit(value, None if places == 0 else places, rounding=True)
    return _to_scale(value, places, ROUND_HALF_UP)


@_register("TRUNC", 1, 2, "FIRST")
def trunc(value: Datum, places: Datum = 0) -> Datum:
    if isinstance(value, datetime):
        return dates.date_unit(value, None if places == 0 else places, rounding=False)
    return _to_scale(value, places, ROUND_DOWN)


@_register("MOD", 2, 2, "NUMBER", parameters="NUMBER")
def mod(left: Datum, right: Datum) -> Datum:
    return operators.arithmetic("MOD", left, right)


@_register("REMAINDER", 2, 2, "NUMBER", parameters="NUMBER")
def remainder(left: Datum, right: Datum) -> Datum:
    return operators.arithmetic("REM", left, right)


@_register("POWER", 2, 2, "NUMBER", parameters="NUMBER")
def power(left: Datum, right: Datum) -> Datum:
    return operators.arithmetic("**", left, right)


@_register("SQRT", 1, 1, "NUMBER", parameters="NUMBER")
def sqrt(value: Datum) -> Datum:
    number = to_number(value)
    if number is not None and number < 0:
        raise value_error()
    return None if number is None else normal(NUMERIC.sqrt(Decimal(number)))


@_register("BITAND", 2, 2, "NUMBER", parameters="NUMBER")
def bitand(left: Datum, right: Datum) -> Datum:
    first, second = integer(left), integer(right)
    return None if first is None or second is None else first & second


def _extreme(values: tuple[Datum, ...], operator: str) -> Datum:
    best = values[0]
    for value in values[1:]:
        if best is None or value is None:
            return None
        if operators.compare(operator, value, best):
            best = value
    return best


@_register("GREATEST", 1, 255, "FIRST")
def greatest(*values: Datum) -> Datum:
    return _extreme(values, ">")


@_register("LEAST", 1, 255, "FIRST")
def least(*values: Datum) -> Datum:
    return _extreme(values, "<")


# --- dates -----------------------------------------------------------------------------------------------------------

TABLE["ADD_MONTHS"] = Builtin("ADD_MONTHS", 2, 2, dates.add_months, "DATE")
TABLE["LAST_DAY"] = Builtin("LAST_DAY", 1, 1, dates.last_day, "DATE")
TABLE["MONTHS_BETWEEN"] = Builtin("MONTHS_BETWEEN", 2, 2, dates.months_between, "NUMBER")
