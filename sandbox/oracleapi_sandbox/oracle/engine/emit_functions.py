"""Calls of functions that PostgreSQL does not have: of supplied packages, and stored ones.

PostgreSQL cannot call back. A call whose arguments hold no columns is made once, before the statement; one over columns
can be a whole item of the outermost select list, and is made when the rows have come. Anything else is refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from oracleapi_sandbox.oracle.engine.emit_base import BIND_TYPES, EmitterBase
from oracleapi_sandbox.oracle.engine.scope import (
    CallArgument,
    Candidates,
    RowCall,
    Scope,
    SqlFunction,
    invalid_identifier,
    name_of,
    quote,
)
from oracleapi_sandbox.oracle.engine.text import not_supported
from oracleapi_sandbox.oracle.ports import Package, SqlRunner, Subprogram

_TYPES = {
    "s": "VARCHAR2",
    "n": "NUMBER",
    "d": "DATE",
    "t": "TIMESTAMP",
    "z": "TIMESTAMP WITH TIME ZONE",
    "i": "INTERVAL DAY TO SECOND",
    "r": "RAW",
}


@dataclass(frozen=True)
class SuppliedFunction:
    """A function of a supplied package."""

    package: Package
    subprogram: Subprogram

    @property
    def returns(self) -> str:
        return (self.subprogram.returns or "").split("(")[0]

    def value(self, runner: SqlRunner, given: Sequence[Any]) -> Any:
        """Call it; what is not given has its default."""
        formal = self.subprogram.arguments
        values = {each.name.lower(): value for each, value in zip(formal, given, strict=False)}
        values |= {each.name.lower(): each.default for each in formal[len(given) :]}
        with runner.executing((self.package.owner, self.package.name)):
            return self.subprogram.body(runner, **values)


class FunctionCalls(EmitterBase):
    """Emits such calls; :attr:`row_calls` are those to be made for each row."""

    row_calls: tuple[RowCall, ...] = ()
    outermost: Any = None
    """The query whose rows go to the client or to PL/SQL."""
    _item: Any = None
    """The item of the outermost select list that is being emitted."""
    _over_columns: tuple[SqlFunction, list[str]] | None = None

    def item(self, node: Any, scope: Scope) -> tuple[str, str, tuple[SqlFunction, list[str]] | None]:
        """Emit an item of the outermost select list: its text, its kind, and the call that gives it, if one does."""
        self._item, self._over_columns = node, None
        text, kind = self.typed(node, scope)
        self._item = None
        return text, kind, self._over_columns

    def function_value(self, path: Sequence[str], nodes: Sequence[Any], scope: Scope) -> tuple[str, str] | None:
        package = self.context.package(path[0] if len(path) > 2 else None, path[-2]) if len(path) > 1 else None
        if package is not None and path[-1] in package.constants and not nodes:
            value = package.constants[path[-1]]
            return self._literal(exp.Literal(this=str(value), is_string=isinstance(value, str)), scope)
        candidates = None if package is not None else self.context.functions(path)
        if package is None and candidates is None:
            return None
        over_columns = any(_has_column(node, scope) for node in nodes)
        item, self._item = self._item, None  # what is inside is no item
        inner = self if over_columns else type(self)(self.context, self.names, self.binds)
        given = [inner.typed(_value_of(each), scope if over_columns else Scope()) for each in nodes]
        self._item = item
        function = self._function(package, candidates, path, nodes, [kind for _, kind in given])
        texts = [text for text, _ in given]
        engine_type, kind = BIND_TYPES.get(function.returns, ("text", "s"))
        if not over_columns:
            argument = self._argument(function, nodes, texts, inner.parameters)
            return f"CAST({self.parameter(argument)} AS {engine_type})", kind
        if not self._is_item(nodes):
            raise not_supported(f"{'.'.join(path)} over columns other than as an item of the outermost SELECT")
        self._over_columns = (function, texts)
        return f"CAST(NULL AS {engine_type})", kind

    def _function(
        self,
        package: Package | None,
        candidates: Candidates | None,
        path: Sequence[str],
        nodes: Sequence[Any],
        kinds: Sequence[str],
    ) -> SqlFunction:
        if package is not None:
            return _supplied(package, path, len(nodes))
        assert candidates is not None
        names = [_name_of(each) for each in nodes]
        return candidates.chosen([(name, _TYPES.get(kind, "")) for name, kind in zip(names, kinds, strict=True)])

    def _is_item(self, nodes: Sequence[Any]) -> bool:
        """Say whether the call with these arguments is the whole item."""
        target = self._item
        while isinstance(target, exp.Dot):
            target = target.expression
        return isinstance(target, exp.Anonymous) and target.expressions is nodes

    def _argument(
        self,
        function: SqlFunction,
        nodes: Sequence[Any],
        texts: Sequence[str],
        parameters: "Sequence[str | CallArgument]",
    ) -> CallArgument:
        """A call whose arguments are literals and binds, or what a query of their texts gives."""
        values = [_value_of(node) for node in nodes]
        if all(isinstance(value, exp.Literal | exp.Placeholder) for value in values):
            return CallArgument(function, tuple(self._constant(value) for value in values))
        columns = ", ".join(f"{text} AS a{at}" for at, text in enumerate(texts))
        return CallArgument(function, (), f"SELECT {columns}", tuple(parameters))

    def _constant(self, node: Any) -> Any:
        if isinstance(node, exp.Literal):
            return str(node.this) if node.is_string else node.to_py()
        return ("bind", self.names[int(str(node.this)[1:])])

    def _dot(self, node: exp.Dot, scope: Scope) -> tuple[str, str]:
        """``[owner.]package.function(…)``."""
        path = [function_name(part) if isinstance(part, exp.Anonymous) else name_of(part) for part in node.flatten()]
        call = node.expression
        if not isinstance(call, exp.Anonymous):
            raise invalid_identifier(".".join(path))
        found = self.function_value(path, call.expressions, scope)
        if found is None:
            raise invalid_identifier(".".join(quote(part) for part in path))
        return found


def _name_of(node: Any) -> str | None:
    """The name in ``name => value``."""
    return str(node.this.name).upper() if isinstance(node, exp.Kwarg) else None


def function_name(node: exp.Anonymous) -> str:
    """As Oracle means it: upper-case unless quoted."""
    name = str(node.this)
    return name.strip('"') if name.startswith('"') else name.upper()


def _value_of(node: Any) -> Any:
    return node.expression if isinstance(node, exp.Kwarg) else node


def _supplied(package: Package, path: Sequence[str], count: int) -> SuppliedFunction:
    for each in package.subprograms:
        least = sum(argument.default is ... for argument in each.arguments)
        if each.name == path[-1] and each.returns and least <= count <= len(each.arguments):
            return SuppliedFunction(package, each)
    raise invalid_identifier(".".join(quote(part) for part in path))


def _has_column(node: Any, scope: Scope) -> bool:
    for column in node.find_all(exp.Column):
        table, name = column.args.get("table"), column.this
        if not isinstance(name, exp.Identifier):
            return True
        known = scope.kind(None if table is None else name_of(table), name_of(name)) is not None
        if known or name_of(name) in ("ROWNUM", "LEVEL"):
            return True
    return False
