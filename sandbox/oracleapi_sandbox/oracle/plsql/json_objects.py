"""JSON_ELEMENT_T, JSON_OBJECT_T and JSON_ARRAY_T: parsed documents with methods. Elements are shared, not copied.

Source: PL/SQL Packages and Types Reference, "JSON Types" [D]. Methods that are not here are refused when a block is
compiled.
"""

import json
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from oracleapi_sandbox.oracle.plsql import types as t
from oracleapi_sandbox.oracle.plsql.errors import PlsqlError, predefined
from oracleapi_sandbox.oracle.plsql.values import Collection, JsonElement, to_number, to_text

ELEMENT, OBJECT, ARRAY = (t.Type(name) for name in t.JSON_TYPES)
KEYS = t.JSON_KEY_LIST


@dataclass(frozen=True)
class Method:
    """A method: fewest and most arguments, what it returns (``NULL`` for a procedure), and what it does."""

    least: int
    most: int
    returns: t.Type
    body: Callable[..., Any]


def parse(text: Any, wanted: t.Type) -> JsonElement:
    """``JSON_…_T.parse(text)``, and the constructor with a text.

    Raises:
        PlsqlError: 40834 (NULL [D: error message]), 40441 (no JSON), 40587 (another kind of element).
    """
    if text is None:
        raise PlsqlError(40834, "invalid input to JSON parse/load function")
    try:
        found = json.loads(to_text(text) or "", parse_float=Decimal, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise PlsqlError(40441, "JSON syntax error") from error
    return as_type(JsonElement(found), wanted)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def make(wanted: t.Type) -> JsonElement:
    """The constructor without arguments."""
    return JsonElement([] if wanted == ARRAY else {})


def as_type(element: JsonElement, wanted: t.Type) -> JsonElement:
    """Check that *element* is what *wanted* says.

    Raises:
        PlsqlError: 40587.
    """
    fits = {OBJECT: isinstance(element.value, dict), ARRAY: isinstance(element.value, list)}.get(wanted, True)
    if not fits:
        raise PlsqlError(40587, "invalid JSON type")
    return element


def call(element: Any, name: str, arguments: Sequence[Any]) -> Any:
    """Call a method of an element.

    Raises:
        PlsqlError: 30625, there is no element.
    """
    if not isinstance(element, JsonElement):
        raise predefined("SELF_IS_NULL")
    return METHODS[name].body(element, *arguments)


def _member(element: JsonElement, key: Any) -> Any:
    """A value by name or by number; ``...`` where there is none."""
    if isinstance(element.value, dict):
        return element.value.get(to_text(key) or "", ...)
    if isinstance(element.value, list):
        at = int(to_number(key) or 0)
        return element.value[at] if 0 <= at < len(element.value) else ...
    return ...


def _get(element: JsonElement, key: Any) -> JsonElement | None:
    found = _member(element, key)
    return None if found is ... else JsonElement(found)


def _get_as(kind: type, wanted: t.Type) -> Callable[..., Any]:
    def get(element: JsonElement, key: Any) -> JsonElement | None:
        found = _member(element, key)
        return as_type(JsonElement(found), wanted) if isinstance(found, kind) else None

    return get


def _get_string(element: JsonElement, key: Any) -> str | None:
    found = _member(element, key)
    if found is ... or found is None:
        return None
    if isinstance(found, dict | list):
        return None  # no scalar: NULL unless on_error says otherwise
    return _text(found) or None


def _get_number(element: JsonElement, key: Any) -> Any:
    found = _member(element, key)
    return to_number(found) if isinstance(found, int | Decimal) and not isinstance(found, bool) else None


def _get_boolean(element: JsonElement, key: Any) -> bool | None:
    found = _member(element, key)
    return found if isinstance(found, bool) else None


def _put(element: JsonElement, key: Any, value: Any = None) -> None:
    if not isinstance(element.value, dict):
        raise PlsqlError(40587, "invalid JSON type")
    element.value[to_text(key) or ""] = value.value if isinstance(value, JsonElement) else value


def _append(element: JsonElement, value: Any) -> None:
    if not isinstance(element.value, list):
        raise PlsqlError(40587, "invalid JSON type")
    element.value.append(value.value if isinstance(value, JsonElement) else value)


def _remove(element: JsonElement, key: Any) -> None:
    if isinstance(element.value, dict):
        element.value.pop(to_text(key) or "", None)


def _keys(element: JsonElement) -> Collection | None:
    """The names of an object as a JSON_KEY_LIST; NULL for an array."""
    if not isinstance(element.value, dict):
        return None
    return Collection(KEYS, dict(enumerate(element.value, 1)))


def _type(element: JsonElement, key: Any) -> str | None:
    found = _member(element, key)
    if found is ...:
        return None
    if isinstance(found, dict | list):
        return "OBJECT" if isinstance(found, dict) else "ARRAY"
    return "NULL" if found is None else "SCALAR"


def _size(element: JsonElement) -> int:
    return len(element.value) if isinstance(element.value, dict | list) else 1


def _text(value: Any) -> str:
    return value if isinstance(value, str) else _document(value)


def _document(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=_number)


def _number(value: Any) -> Any:
    return int(value) if value == int(value) else float(value)


def _is(*kinds: type) -> Callable[[JsonElement], bool]:
    def check(element: JsonElement) -> bool:
        return isinstance(element.value, kinds) and not (bool not in kinds and isinstance(element.value, bool))

    return check


METHODS: dict[str, Method] = {
    "GET": Method(1, 1, ELEMENT, _get),
    "GET_STRING": Method(1, 1, t.VARCHAR2, _get_string),
    "GET_CLOB": Method(1, 1, t.VARCHAR2, _get_string),
    "GET_NUMBER": Method(1, 1, t.NUMBER, _get_number),
    "GET_BOOLEAN": Method(1, 1, t.BOOLEAN, _get_boolean),
    "GET_OBJECT": Method(1, 1, OBJECT, _get_as(dict, OBJECT)),
    "GET_ARRAY": Method(1, 1, ARRAY, _get_as(list, ARRAY)),
    "GET_KEYS": Method(0, 0, KEYS, _keys),
    "GET_TYPE": Method(1, 1, t.VARCHAR2, _type),
    "CLONE": Method(0, 0, ELEMENT, lambda element: JsonElement(deepcopy(element.value))),
    "HAS": Method(1, 1, t.BOOLEAN, lambda element, key: _member(element, key) is not ...),
    "GET_SIZE": Method(0, 0, t.NUMBER, _size),
    "IS_STRING": Method(0, 0, t.BOOLEAN, _is(str)),
    "IS_NUMBER": Method(0, 0, t.BOOLEAN, _is(int, Decimal)),
    "IS_BOOLEAN": Method(0, 0, t.BOOLEAN, _is(bool)),
    "IS_OBJECT": Method(0, 0, t.BOOLEAN, _is(dict)),
    "IS_ARRAY": Method(0, 0, t.BOOLEAN, _is(list)),
    "IS_SCALAR": Method(0, 0, t.BOOLEAN, lambda element: not isinstance(element.value, dict | list)),
    "IS_TRUE": Method(0, 0, t.BOOLEAN, lambda element: element.value is True),
    "IS_FALSE": Method(0, 0, t.BOOLEAN, lambda element: element.value is False),
    "IS_NULL": Method(0, 0, t.BOOLEAN, _is(type(None))),
    "TO_STRING": Method(0, 0, t.VARCHAR2, lambda element: _document(element.value)),
    "STRINGIFY": Method(0, 0, t.VARCHAR2, lambda element: _document(element.value)),
    "PUT": Method(2, 2, t.NULL, _put),
    "PUT_NULL": Method(1, 1, t.NULL, _put),
    "APPEND": Method(1, 1, t.NULL, _append),
    "REMOVE": Method(1, 1, t.NULL, _remove),
}
PROCEDURES = frozenset(name for name, method in METHODS.items() if method.returns == t.NULL)
