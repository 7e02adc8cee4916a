"""The types of variables: scalar constraints, records and collections, and what converts into what."""

from dataclasses import dataclass, replace

from oracleapi_sandbox.oracle.ports import Column, Value

_CATEGORIES = {
    **dict.fromkeys(("VARCHAR2", "CHAR", "CLOB", "ROWID", "JSON"), "CHAR"),
    **dict.fromkeys(("NUMBER", "PLS_INTEGER", "BINARY_DOUBLE", "BINARY_FLOAT"), "NUMBER"),
    **dict.fromkeys(("TIMESTAMP", "TIMESTAMP WITH TIME ZONE"), "TIMESTAMP"),
    **dict.fromkeys(("RAW", "BLOB"), "RAW"),
    "INTERVAL DAY TO SECOND": "INTERVAL",
    "SYS_REFCURSOR": "CURSOR",
}
_CONVERTIBLE = {
    frozenset(pair)
    for pair in (
        ("CHAR", "NUMBER"),
        ("CHAR", "DATE"),
        ("CHAR", "TIMESTAMP"),
        ("CHAR", "RAW"),
        ("CHAR", "INTERVAL"),
        ("DATE", "TIMESTAMP"),
    )
}
"""Implicit conversions of PL/SQL. Source: PL/SQL Language Reference, "Predefined Data Types" [D]."""


@dataclass(frozen=True)
class Field:
    """A field of a record with its default, which is a literal's value."""

    name: str
    type: "Type"
    default: Value = None


@dataclass(frozen=True)
class Type:
    """A resolved type.

    Args:
        name: Oracle's name; also RECORD, TABLE, NULL (of the literal) and ANY (known only at run time).
        size: Length of VARCHAR2, CHAR and RAW, in bytes, or in characters with *characters*.
        fields: Of a record; ``None`` when they are known only at run time.
        element: Of a collection; *key* is CHAR or NUMBER for an index-by table, ``None`` for a nested table or VARRAY.
        key_size: Length of a VARCHAR2 key, in bytes.
        limit: Of a VARRAY.
    """

    name: str
    size: int | None = None
    characters: bool = False
    precision: int | None = None
    scale: int | None = None
    not_null: bool = False
    fields: tuple[Field, ...] | None = None
    element: "Type | None" = None
    key: str | None = None
    key_size: int | None = None
    limit: int | None = None

    @property
    def category(self) -> str:
        """What matters for conversions and overloads."""
        return _CATEGORIES.get(self.name, self.name)

    def field(self, name: str) -> "Type | None":
        return next((field.type for field in self.fields or () if field.name == name), None)

    def unconstrained(self) -> "Type":
        """The type of a parameter: without length, precision and NOT NULL."""
        return replace(self, size=None, precision=None, scale=None, not_null=False)


ANY = Type("ANY")
NULL = Type("NULL")
VARCHAR2 = Type("VARCHAR2")
NUMBER = Type("NUMBER")
PLS_INTEGER = Type("PLS_INTEGER")
BOOLEAN = Type("BOOLEAN")
DATE = Type("DATE")
TIMESTAMP = Type("TIMESTAMP")
CURSOR = Type("SYS_REFCURSOR")
RECORD = Type("RECORD")

JSON_TYPES = ("JSON_ELEMENT_T", "JSON_OBJECT_T", "JSON_ARRAY_T")
"""Object types of JSON documents; objects and arrays are elements."""

JSON_KEY_LIST = Type("TABLE", element=Type("VARCHAR2", size=4000), limit=32767)
"""A VARRAY of the names in a JSON object."""

_ALIASES: dict[str, Type] = {
    "JSON_KEY_LIST": JSON_KEY_LIST,
    **{name: Type(name) for name in JSON_TYPES},
    **{name: Type(name) for name in ("VARCHAR2", "NUMBER", "PLS_INTEGER", "BOOLEAN", "DATE", "CLOB", "BLOB", "RAW")},
    **{name: Type(name) for name in ("BINARY_DOUBLE", "BINARY_FLOAT", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE")},
    **{name: Type(name) for name in ("INTERVAL DAY TO SECOND", "SYS_REFCURSOR", "ROWID")},
    **dict.fromkeys(("VARCHAR", "STRING", "NVARCHAR2", "LONG"), VARCHAR2),
    **dict.fromkeys(("CHARACTER", "NCHAR", "CHAR"), Type("CHAR", size=1)),
    **dict.fromkeys(("NUMERIC", "DECIMAL", "DEC"), Type("NUMBER", precision=38, scale=0)),
    **dict.fromkeys(("INTEGER", "INT", "SMALLINT"), Type("NUMBER", precision=38, scale=0)),
    **dict.fromkeys(("FLOAT", "REAL"), NUMBER),
    **dict.fromkeys(("BINARY_INTEGER", "SIMPLE_INTEGER", "NATURAL", "POSITIVE", "NATURALN", "POSITIVEN"), PLS_INTEGER),
    "NCLOB": Type("CLOB"),
    "UROWID": Type("ROWID"),
}


def scalar(name: str, sizes: tuple[int, ...] = (), semantics: str | None = None) -> Type | None:
    """The built-in type *name* with its constraint, or ``None`` if there is no such type."""
    base = _ALIASES.get(name)
    if base is None or not sizes:
        return base
    if base.name in ("VARCHAR2", "CHAR", "RAW"):
        return replace(base, size=sizes[0], characters=semantics == "CHAR" or name.startswith("N"))
    if base.name == "NUMBER" and name not in ("FLOAT", "REAL"):
        return replace(base, precision=sizes[0], scale=sizes[1] if len(sizes) > 1 else 0)
    return base


def of_column(column: Column) -> Type:
    """The type of a variable that is anchored to *column*."""
    if column.type in ("VARCHAR2", "CHAR", "RAW"):
        return Type(column.type, size=column.size or None)
    if column.type == "NUMBER" and column.precision:
        return Type("NUMBER", precision=column.precision, scale=max(column.scale, 0))
    if column.type == "CURSOR":
        return CURSOR
    return Type(column.type)


def record_of(columns: tuple[Column, ...]) -> Type:
    """The row type of a table or query."""
    return Type("RECORD", fields=tuple(Field(column.name, of_column(column)) for column in columns))


def affinity(actual: Type, formal: Type) -> int:
    """How well *actual* fits *formal*: 3 the same type, 2 the same family, 1 by conversion or unknown, 0 not at all."""
    if actual.name == formal.name and actual.name not in ("TABLE", "RECORD"):
        return 3
    if actual.category == formal.category:
        return 2 if _elements_fit(actual, formal) else 0
    if actual.name in JSON_TYPES and formal.name == "JSON_ELEMENT_T":
        return 2
    if actual.name == "NULL":
        return int(formal.key is None)
    if "ANY" in (actual.name, formal.name):
        return 1
    return int(frozenset((actual.category, formal.category)) in _CONVERTIBLE)


def _elements_fit(actual: Type, formal: Type) -> bool:
    if actual.element is None or formal.element is None:
        return True
    return affinity(actual.element, formal.element) > 0
