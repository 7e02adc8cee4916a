"""Reading and writing inside records and collections, and the methods of collections.

Source: PL/SQL Language Reference, "PL/SQL Collections and Records" [D].
"""

from collections.abc import Sequence
from typing import Any

from oracleapi_sandbox.oracle.plsql.errors import CompileError, PlsqlError, Position, predefined, value_error
from oracleapi_sandbox.oracle.plsql.types import ANY, PLS_INTEGER, Type
from oracleapi_sandbox.oracle.plsql.values import Collection, Datum, Key, Record, coerce, default_value, to_text


def key_of(collection: Collection, index: Datum) -> Key:
    """The subscript as a key of *collection*.

    Raises:
        PlsqlError: 6502 for NULL or garbage.
    """
    if index is None:
        raise value_error("NULL index table key value")
    if collection.type.key == "CHAR":
        return to_text(index) or ""
    key = coerce(index, PLS_INTEGER)
    assert isinstance(key, int)
    return key


def get_field(value: Datum, name: str, position: Position) -> Datum:
    if not isinstance(value, Record):
        raise predefined("ACCESS_INTO_NULL")
    if name not in value.values:
        raise CompileError(position, 302, f"component '{name}' must be declared")
    return value.values[name]


def set_field(record: Datum, name: str, value: Datum, position: Position) -> None:
    get_field(record, name, position)
    assert isinstance(record, Record)
    record.values[name] = coerce(value, record.type.field(name) or ANY)


def get_element(value: Datum, index: Datum) -> Datum:
    """Raises NO_DATA_FOUND for an element that does not exist, SUBSCRIPT_BEYOND_COUNT outside a nested table."""
    if not isinstance(value, Collection):
        raise value_error()
    items, key = value.live(), key_of(value, index)
    if key not in items:
        dense = value.type.key is None and (not isinstance(key, int) or key < 1 or key > max(items, default=0))  # type: ignore[operator]
        raise predefined("SUBSCRIPT_BEYOND_COUNT" if dense else "NO_DATA_FOUND")
    return items[key]


def set_element(collection: Datum, index: Datum, value: Datum) -> None:
    """Assign an element; index-by tables grow, nested tables and VARRAYs must have been extended."""
    if not isinstance(collection, Collection):
        raise value_error()
    items, key = collection.live(), key_of(collection, index)
    if collection.type.key is None and key not in items:
        raise predefined("SUBSCRIPT_BEYOND_COUNT")
    _check_size(collection.type, key)
    items[key] = coerce(value, collection.type.element or ANY)


def element_for_write(collection: Datum, index: Datum) -> Datum:
    """The composite element at *index*; in an index-by table it comes into being."""
    if isinstance(collection, Collection) and collection.type.key is not None:
        key = key_of(collection, index)
        if key not in collection.live():
            _check_size(collection.type, key)
            collection.live()[key] = default_value(collection.type.element or ANY)
    return get_element(collection, index)


def _check_size(kind: Type, key: Key) -> None:
    """Refuse a key that the table's ``INDEX BY VARCHAR2(n)`` has no room for [D]."""
    if kind.key == "CHAR" and kind.key_size is not None and len(str(key).encode()) > kind.key_size:
        raise value_error("associative array key is too long")


def construct(kind: Type, values: Sequence[Datum]) -> Collection:
    """``type(a, b, …)``"""
    if kind.limit is not None and len(values) > kind.limit:
        raise predefined("SUBSCRIPT_OUTSIDE_LIMIT")
    return Collection(kind, {index: coerce(value, kind.element or ANY) for index, value in enumerate(values, 1)})


def call_method(value: Datum, name: str, arguments: Sequence[Datum]) -> Datum:
    """COUNT, EXISTS, FIRST, LAST, NEXT, PRIOR, LIMIT, DELETE, EXTEND or TRIM."""
    if not isinstance(value, Collection):
        raise value_error()
    if name == "EXISTS":
        return value.items is not None and arguments[0] is not None and key_of(value, arguments[0]) in value.items
    if name == "LIMIT":
        return value.type.limit
    if name in ("DELETE", "EXTEND", "TRIM"):
        _change(value, name, arguments)
        return None
    keys = value.keys()
    if name == "COUNT":
        return len(keys)
    if name in ("FIRST", "LAST"):
        found: Datum = (keys[0] if name == "FIRST" else keys[-1]) if keys else None
        return found
    return _neighbour(keys, key_of(value, arguments[0]), forward=name == "NEXT")


def _neighbour(keys: list[Any], key: Key, *, forward: bool) -> Datum:
    if forward:
        return next((each for each in keys if each > key), None)
    return next((each for each in reversed(keys) if each < key), None)


def _change(value: Collection, name: str, arguments: Sequence[Datum]) -> None:
    items: dict[Any, Datum] = value.live()
    if name == "DELETE":
        _delete(value, items, arguments)
        return
    if value.type.key is not None:
        raise PlsqlError(6533, "Subscript beyond count")
    count = 1 if not arguments else int(coerce(arguments[0], PLS_INTEGER) or 0)  # type: ignore[arg-type]
    top = max(items, default=0)
    if name == "EXTEND":
        if value.type.limit is not None and top + count > value.type.limit:
            raise predefined("SUBSCRIPT_OUTSIDE_LIMIT")
        filler = get_element(value, arguments[1]) if len(arguments) > 1 else default_value(value.type.element or ANY)
        items.update({top + offset: filler for offset in range(1, count + 1)})
    elif count > len(items):
        raise predefined("SUBSCRIPT_BEYOND_COUNT")
    else:
        for key in sorted(items)[len(items) - count :]:
            del items[key]


def _delete(value: Collection, items: dict[Any, Datum], arguments: Sequence[Datum]) -> None:
    if not arguments:
        items.clear()
        return
    if any(argument is None for argument in arguments):
        return
    low = key_of(value, arguments[0])
    high = key_of(value, arguments[-1])
    for key in [key for key in items if low <= key <= high]:
        del items[key]
