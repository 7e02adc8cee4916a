"""Names while a statement is translated: identifiers, scopes of columns, who asks, and errors about names."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from sqlglot import exp

from oracleapi_sandbox.oracle.engine.catalog import Catalog, ColumnInfo, Thing
from oracleapi_sandbox.oracle.engine.text import not_supported
from oracleapi_sandbox.oracle.ports import OracleError, Package, SqlRunner

_KIND_OF_TYPE = {"NUMBER": "n", "FLOAT": "n", "VARCHAR2": "s", "CLOB": "s", "DATE": "d", "TIMESTAMP": "t"}


def quote(name: str) -> str:
    """Quote an identifier for PostgreSQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Quote a string for PostgreSQL (standard_conforming_strings is on)."""
    return "'" + text.replace("'", "''") + "'"


def name_of(node: Any) -> str:
    """An identifier as Oracle means it: upper-case unless quoted."""
    assert isinstance(node, exp.Identifier), node
    return str(node.this) if node.args.get("quoted") else str(node.this).upper()


class Candidates(Protocol):
    """The stored functions of one name: which of them fits arguments of these names and types."""

    def chosen(self, actuals: Sequence[tuple[str | None, str]]) -> "SqlFunction": ...


class SqlFunction(Protocol):
    """A function in PL/SQL or Python that SQL calls; ``returns`` is its type's name."""

    @property
    def returns(self) -> str: ...
    def value(self, runner: SqlRunner, given: Sequence[Any]) -> Any: ...


@dataclass(frozen=True)
class CallArgument:
    """A parameter whose value a function gives before the statement runs.

    Args:
        arguments: Literals, or names of binds as ``("bind", name)``.
        query: Gives the arguments instead, with *parameters* of its own.
    """

    function: SqlFunction
    arguments: tuple[Any, ...]
    query: str = ""
    parameters: "tuple[str | CallArgument, ...]" = ()


@dataclass(frozen=True)
class RowCall:
    """A result column that a function gives for each row, from hidden columns behind those of the query."""

    place: int
    function: SqlFunction
    arguments: tuple[int, ...]


@dataclass
class Scope:
    """What names mean in one query: sources by alias with their columns (``None``: not known), and CTEs."""

    sources: dict[str, dict[str, str] | None] = field(default_factory=dict)
    ctes: dict[str, dict[str, str] | None] = field(default_factory=dict)
    outer: "Scope | None" = None
    aliases: dict[str, exp.Expr] = field(default_factory=dict)
    rownum: str | None = None
    level: bool = False

    def cte(self, name: str) -> tuple[bool, dict[str, str] | None]:
        scope: Scope | None = self
        while scope is not None:
            if name in scope.ctes:
                return True, scope.ctes[name]
            scope = scope.outer
        return False, None

    def has_source(self, name: str) -> bool:
        return name in self.sources or (self.outer is not None and self.outer.has_source(name))

    def kind(self, table: str | None, column: str) -> str | None:
        """The kind of a column, ``?`` if it may exist, ``None`` if it surely does not."""
        for alias, columns in self.sources.items():
            if table is not None and alias != table:
                continue
            if columns is None:
                return "?"
            if column in columns:
                return columns[column]
        return self.outer.kind(table, column) if self.outer else None

    def own_column(self, column: str) -> bool:
        return any(columns is None or column in columns for columns in self.sources.values())


@dataclass(frozen=True)
class Context:
    """Who asks: needed to resolve names and to hide what the session may not see."""

    catalog: Catalog
    user: str
    schema: str
    grantees: frozenset[str]
    package: Callable[[str | None, str], Package | None]
    functions: Callable[[Sequence[str]], Candidates | None]
    major: int = 19

    def visible(self, owner: str | None, name: str) -> Thing | None:
        thing = self.catalog.resolve(owner, name, self.schema)
        if thing is None or not self.catalog.sees(self.user, set(self.grantees), thing):
            return None
        return thing


def column_kinds(columns: dict[str, ColumnInfo]) -> dict[str, str]:
    """The kinds of a table's columns."""
    return {
        name: _KIND_OF_TYPE.get(info.type, "z" if info.type.startswith("TIMESTAMP") else "?")
        for name, info in columns.items()
    }


def unwrapped(node: Any) -> Any:
    while isinstance(node, exp.Subquery | exp.Paren) and not node.args.get("alias"):
        if any(node.args.get(key) for key in ("with_", "order", "limit", "offset")):
            break
        node = node.this
    return node


def only(node: Any, *allowed: str) -> None:
    """Refuse parts of *node* that its method does not handle."""
    for key, value in node.args.items():
        if value and key not in allowed:
            part = value[0] if isinstance(value, list) else value
            raise not_supported(f"{described(part)} in {described(node)}")


def null_handling(node: Any, default: str) -> str:
    handling = node.args.get("null_handling")
    return str(handling).upper() if handling else default


def described(node: Any) -> str:
    return type(node).__name__.upper() if isinstance(node, exp.Expr) else str(node)


def invalid_identifier(name: str) -> OracleError:
    return OracleError(904, f"{name if chr(34) in name else quote(name)}: invalid identifier")


def arity(name: str, nodes: Sequence[Any], least: int, most: int) -> None:
    if len(nodes) < least:
        raise OracleError(938 if name != "COUNT" else 909, "not enough arguments for function")
    if len(nodes) > most:
        raise OracleError(939 if name != "COUNT" else 909, "too many arguments for function")
