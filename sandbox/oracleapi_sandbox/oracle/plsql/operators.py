"""The operators of expressions on values, with three-valued logic.

Source: PL/SQL Language Reference, "Expressions" [D].
"""

import operator as py
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal, DivisionByZero, InvalidOperation, Overflow
from functools import lru_cache
from typing import Any

from oracleapi_sandbox.oracle.plsql.errors import PlsqlError, predefined, value_error
from oracleapi_sandbox.oracle.plsql.values import (
    NUMERIC,
    Collection,
    Datum,
    Record,
    Timestamp,
    comparable,
    normal,
    to_datetime,
    to_number,
    to_text,
)

_DAY = timedelta(days=1)


def not_(value: bool | None) -> bool | None:
    return None if value is None else not value


def arithmetic(operator: str, left: Datum, right: Datum) -> Datum:
    """``+ - * / ** MOD REM`` on numbers, and ``+ -`` with dates and intervals."""
    if left is None or right is None:
        return None
    if type(left) is int and type(right) is int and operator in _INTEGER:
        whole = _INTEGER[operator](left, right)
        if -_EXACT_LIMIT < whole < _EXACT_LIMIT:
            return whole
    if isinstance(left, datetime | timedelta) or isinstance(right, datetime | timedelta):
        return _date_arithmetic(operator, left, right)
    first, second = to_number(left), to_number(right)
    if first is None or second is None:
        return None
    if isinstance(first, float) or isinstance(second, float):
        return _float_arithmetic(operator, float(first), float(second))
    try:
        return normal(_EXACT[operator](Decimal(first), Decimal(second)))
    except Overflow as error:
        raise PlsqlError(1426, "numeric overflow") from error
    except DivisionByZero as error:
        raise predefined("ZERO_DIVIDE") from error
    except InvalidOperation as error:
        raise predefined("ZERO_DIVIDE" if second == 0 and operator == "/" else "VALUE_ERROR") from error


_INTEGER: dict[str, Callable[[int, int], int]] = {"+": py.add, "-": py.sub, "*": py.mul}
_EXACT_LIMIT = 10**38


def modulus(first: Decimal, second: Decimal) -> Decimal:
    """MOD: the sign follows the dividend; MOD(n, 0) is n."""
    return first if second == 0 else first - second * (first / second).to_integral_value("ROUND_DOWN")


def _remainder(first: Decimal, second: Decimal) -> Decimal:
    return first - second * (first / second).to_integral_value("ROUND_HALF_EVEN")


_EXACT: dict[str, Callable[[Decimal, Decimal], Decimal]] = {
    "+": NUMERIC.add,
    "-": NUMERIC.subtract,
    "*": NUMERIC.multiply,
    "/": NUMERIC.divide,
    "**": NUMERIC.power,
    "MOD": modulus,
    "REM": _remainder,
}


def _float_arithmetic(operator: str, first: float, second: float) -> float:
    try:
        match operator:
            case "+":
                return first + second
            case "-":
                return first - second
            case "*":
                return first * second
            case "/":
                return first / second if second else _float_infinity(first)
            case "**":
                return float(first**second)
        return first - second * int(first / second) if second else first
    except OverflowError:
        return float("inf")


def _float_infinity(first: float) -> float:
    return float("nan") if first == 0 else float("inf") * first


def _date_arithmetic(operator: str, left: Datum, right: Datum) -> Datum:
    try:
        if isinstance(left, datetime) and isinstance(right, datetime) and operator == "-":
            return _difference(left, right)
        if operator in "+-" and isinstance(left, datetime | timedelta):
            return _shift(left, right if isinstance(right, timedelta) else _days(right), operator)
        if operator == "+" and isinstance(right, datetime | timedelta):
            return _shift(right, left if isinstance(left, timedelta) else _days(left), operator)
        if operator in "*/" and isinstance(left, timedelta):
            factor = to_number(right) or 0
            return left * float(factor) if operator == "*" else left / float(factor)
        if operator == "*" and isinstance(right, timedelta):
            return right * float(to_number(left) or 0)
    except OverflowError as error:
        raise PlsqlError(1841, "(full) year must be between -4713 and +9999, and not be 0") from error
    except ZeroDivisionError as error:
        raise predefined("ZERO_DIVIDE") from error
    raise value_error()


def _days(value: Datum) -> timedelta:
    number = to_number(value) or 0
    return timedelta(seconds=round(float(Decimal(str(number)) * 86400)))


def _shift(value: datetime | timedelta, span: timedelta, operator: str) -> datetime | timedelta:
    if isinstance(value, timedelta):
        return value + span if operator == "+" else value - span
    return value + span if operator == "+" else value - span


def _difference(left: datetime, right: datetime) -> Datum:
    """Days between dates as a number; an interval when one of them is a timestamp."""
    span = comparable(left) - comparable(right)
    if any(isinstance(value, Timestamp) or value.tzinfo is not None for value in (left, right)):
        return span
    return normal(
        NUMERIC.divide(Decimal(span // timedelta(microseconds=1)), Decimal(_DAY // timedelta(microseconds=1)))
    )


def negate(value: Datum) -> Datum:
    if isinstance(value, timedelta):
        return -value
    number = to_number(value)
    return None if number is None else -number


def concat(left: Datum, right: Datum) -> Datum:
    """``||``: NULL counts as the empty string."""
    if isinstance(left, bytes) and isinstance(right, bytes):
        return left + right
    return ((to_text(left) or "") + (to_text(right) or "")) or None


def compare(operator: str, left: Datum, right: Datum) -> bool | None:
    """A comparison; NULL when one side is NULL."""
    if left is None or right is None:
        return None
    order = _order(left, right)
    match operator:
        case "=":
            return order == 0
        case "<>":
            return order != 0
        case "<":
            return order < 0
        case "<=":
            return order <= 0
        case ">":
            return order > 0
    return order >= 0


def _order(left: Datum, right: Datum) -> int:
    first, second = _aligned(left, right)
    return bool(first > second) - bool(first < second)


def _aligned(left: Datum, right: Datum) -> tuple[Any, Any]:
    """Bring both sides to one type, by the rules of implicit conversion: numbers and dates win over text."""
    if isinstance(left, Collection | Record) or isinstance(right, Collection | Record):
        raise value_error()
    if isinstance(left, datetime) or isinstance(right, datetime):
        first, second = to_datetime(left), to_datetime(right)
        return (comparable(first), comparable(second)) if first and second else (0, 1)
    if isinstance(left, bool) or isinstance(right, bool):
        return left, right
    if _is_number(left) or _is_number(right):
        return to_number(left), to_number(right)
    if isinstance(left, timedelta) and isinstance(right, timedelta):
        return left, right
    return to_text(left), to_text(right)


def _is_number(value: Datum) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def between(value: Datum, low: Datum, high: Datum) -> bool | None:
    return and_(compare(">=", value, low), compare("<=", value, high))


def and_(left: bool | None, right: bool | None) -> bool | None:
    if left is False or right is False:
        return False
    return None if left is None or right is None else True


def or_(left: bool | None, right: bool | None) -> bool | None:
    if left is True or right is True:
        return True
    return None if left is None or right is None else False


def like(value: Datum, pattern: Datum, escape: Datum) -> bool | None:
    """LIKE with ``%``, ``_`` and an escape character.

    Raises:
        PlsqlError: 1425 (escape is not one character), 1424 (escape before another character).
    """
    text, model = to_text(value), to_text(pattern)
    if text is None or model is None:
        return None
    mark = to_text(escape)
    if mark is not None and len(mark) != 1:
        raise PlsqlError(1425, "escape character must be character string of length 1")
    return _like_pattern(model, mark).fullmatch(text) is not None


@lru_cache(maxsize=512)
def _like_pattern(model: str, escape: str | None) -> re.Pattern[str]:
    out: list[str] = []
    characters = iter(model)
    for character in characters:
        if character == escape:
            following = next(characters, "")
            if following not in ("%", "_", escape):
                raise PlsqlError(1424, "missing or illegal character following the escape character")
            out.append(re.escape(following))
        else:
            out.append({"%": ".*", "_": "."}.get(character, re.escape(character)))
    return re.compile("".join(out), re.DOTALL)
