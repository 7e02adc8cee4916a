"""Operators, conditions, CASE, CAST, subqueries in expressions."""

from datetime import datetime
from typing import Any

from sqlglot import exp

from oracleapi_sandbox.oracle.engine.dialect import OracleSql
from oracleapi_sandbox.oracle.engine.emit_functions import FunctionCalls
from oracleapi_sandbox.oracle.engine.functions import PSEUDO
from oracleapi_sandbox.oracle.engine.scope import Scope, literal, unwrapped
from oracleapi_sandbox.oracle.engine.text import not_supported
from oracleapi_sandbox.oracle.ports import OracleError

_CASTS = {
    "VARCHAR": ("ora.txt({})", "s"),
    "CHAR": ("ora.txt({})", "s"),
    "NVARCHAR": ("ora.txt({})", "s"),
    "TEXT": ("ora.txt({})", "s"),
    "DECIMAL": ("ora.num({})", "n"),
    "BIGDECIMAL": ("ora.num({})", "n"),
    "INT": ("round(ora.num({}))", "n"),
    "DOUBLE": ("CAST(ora.num({}) AS float8)", "?"),
    "FLOAT": ("ora.num({})", "n"),
    "DATE": ("CAST(date_trunc('second', CAST({} AS timestamp)) AS ora.date)", "d"),
    "DATETIME": ("CAST(date_trunc('second', CAST({} AS timestamp)) AS ora.date)", "d"),
    "TIMESTAMP": ("CAST({} AS timestamp)", "t"),
    "TIMESTAMPTZ": ("CAST({} AS timestamptz)", "z"),
}


class Conditions(FunctionCalls):
    """Emits operators and conditions."""

    def _binary(self, node: Any, scope: Scope, operator: str) -> str:
        return f"({self.emit(node.this, scope)} {operator} {self.emit(node.expression, scope)})"

    def _arithmetic(self, node: Any, scope: Scope, operator: str) -> tuple[str, str]:
        left, left_kind = self.typed(node.this, scope)
        right, right_kind = self.typed(node.expression, scope)
        kinds = left_kind + right_kind
        kind = "n"
        if "d" in kinds and kinds != "dd":
            kind = "d"
        elif any(each in kinds for each in "tzi?"):
            kind = "?"
        return f"({left} {operator} {right})", kind

    def _add(self, node: Any, scope: Scope) -> tuple[str, str]:
        return self._arithmetic(node, scope, "+")

    def _sub(self, node: Any, scope: Scope) -> tuple[str, str]:
        return self._arithmetic(node, scope, "-")

    def _mul(self, node: Any, scope: Scope) -> tuple[str, str]:
        return self._arithmetic(node, scope, "*")

    def _div(self, node: Any, scope: Scope) -> tuple[str, str]:
        return self._arithmetic(node, scope, "/")

    def _dpipe(self, node: Any, scope: Scope) -> tuple[str, str]:
        return f"ora.concat({self.string(node.this, scope)}, {self.string(node.expression, scope)})", "s"

    def _eq(self, node: Any, scope: Scope) -> tuple[str, str]:
        return self._binary(node, scope, "="), "b"

    def _neq(self, node: Any, scope: Scope) -> tuple[str, str]:
        return self._binary(node, scope, "<>"), "b"

    def _gt(self, node: Any, scope: Scope) -> tuple[str, str]:
        return self._binary(node, scope, ">"), "b"

    def _gte(self, node: Any, scope: Scope) -> tuple[str, str]:
        return self._binary(node, scope, ">="), "b"

    def _lt(self, node: Any, scope: Scope) -> tuple[str, str]:
        return self._binary(node, scope, "<"), "b"

    def _lte(self, node: Any, scope: Scope) -> tuple[str, str]:
        return self._binary(node, scope, "<="), "b"

    def _and(self, node: Any, scope: Scope) -> tuple[str, str]:
        return self._binary(node, scope, "AND"), "b"

    def _or(self, node: Any, scope: Scope) -> tuple[str, str]:
        return self._binary(node, scope, "OR"), "b"

    def _not(self, node: Any, scope: Scope) -> tuple[str, str]:
        return f"(NOT {self.emit(node.this, scope)})", "b"

    def _is(self, node: Any, scope: Scope) -> tuple[str, str]:
        if isinstance(node.expression, exp.Null):
            return f"({self.emit(node.this, scope)} IS NULL)", "b"
        if isinstance(node.expression, exp.JSON):
            return f"ora.is_json({self.string(node.this, scope)})", "b"
        raise OracleError(908, "missing NULL keyword")

    def _between(self, node: Any, scope: Scope) -> tuple[str, str]:
        value, low, high = (self.emit(node.args[key], scope) for key in ("this", "low", "high"))
        return f"({value} BETWEEN {low} AND {high})", "b"

    def _like(self, node: Any, scope: Scope) -> tuple[str, str]:
        return self._likes(node, "", scope)

    def _likes(self, node: Any, escape: str, scope: Scope) -> tuple[str, str]:
        value, pattern = self.string(node.this, scope), self.string(node.expression, scope)
        word = "NOT LIKE" if node.args.get("negate") else "LIKE"
        return f"({value} {word} {pattern} ESCAPE {literal(escape)})", "b"

    def _escape(self, node: Any, scope: Scope) -> tuple[str, str]:
        if not isinstance(node.this, exp.Like) or not isinstance(node.expression, exp.Literal):
            raise not_supported("ESCAPE other than a literal")
        if len(node.expression.this) != 1:
            raise OracleError(1425, "escape character must be character string of length 1")
        return self._likes(node.this, str(node.expression.this), scope)

    def _in(self, node: Any, scope: Scope) -> tuple[str, str]:
        value = self.emit(node.this, scope)
        if node.args.get("query") is not None:
            return f"({value} IN ({self.query(unwrapped(node.args['query']), scope)[0]}))", "b"
        if len(node.expressions) > 1000:
            raise OracleError(1795, "maximum number of expressions in a list is 1000")
        # One by one: each may need another implicit conversion.
        return "(" + " OR ".join(f"{value} = {self.emit(each, scope)}" for each in node.expressions) + ")", "b"

    def _tuple(self, node: Any, scope: Scope) -> tuple[str, str]:
        return "(" + ", ".join(self.emit(each, scope) for each in node.expressions) + ")", "?"

    def _exists(self, node: Any, scope: Scope) -> tuple[str, str]:
        return f"EXISTS ({self.query(unwrapped(node.this), scope)[0]})", "b"

    def _any(self, node: Any, scope: Scope) -> tuple[str, str]:
        return f"ANY ({self.query(unwrapped(node.this), scope)[0]})", "?"

    def _all(self, node: Any, scope: Scope) -> tuple[str, str]:
        return f"ALL ({self.query(unwrapped(node.this), scope)[0]})", "?"

    def _subquery(self, node: Any, scope: Scope) -> tuple[str, str]:
        text, outputs = self.query(unwrapped(node), scope)
        kind = next(iter(outputs.values())) if outputs and len(outputs) == 1 else "?"
        return f"({text})", kind

    _select = _subquery

    def _case(self, node: Any, scope: Scope) -> tuple[str, str]:
        subject = f" {self.emit(node.this, scope)}" if node.this is not None else ""
        branches = [(self.emit(each.this, scope), self.typed(each.args["true"], scope)) for each in node.args["ifs"]]
        default = self.typed(node.args["default"], scope) if node.args.get("default") is not None else ("NULL", "0")
        kinds = {kind for _, (_, kind) in branches} | {default[1]}
        text = "".join(f" WHEN {when} THEN {then}" for when, (then, _) in branches)
        kinds.discard("0")
        return f"CASE{subject}{text} ELSE {default[0]} END", kinds.pop() if len(kinds) == 1 else "?"

    def _cast(self, node: Any, scope: Scope) -> tuple[str, str]:
        to = node.args["to"]
        name = to.this.name if hasattr(to.this, "name") else str(to.this)
        if isinstance(node.this, exp.Literal) and node.this.is_string and name in ("DATE", "TIMESTAMP", "TIMESTAMPTZ"):
            return _datetime_literal(str(node.this.this), name)
        if name not in _CASTS:
            raise not_supported(f"CAST to {name}")
        template, kind = _CASTS[name]
        text = template.format(self.emit(node.this, scope))
        sizes = [str(each.this.this) for each in to.expressions]
        if kind == "n" and sizes:
            text = f"CAST({text} AS numeric({', '.join(sizes)}))"
        if name in ("VARCHAR", "NVARCHAR") and sizes:
            text = f"left({text}, {sizes[0]})"
        return text, kind

    def _interval(self, node: Any, scope: Scope) -> tuple[str, str]:
        unit = node.args.get("unit")
        if not isinstance(node.this, exp.Literal) or unit is None:
            raise not_supported("this INTERVAL literal")
        return f"CAST({literal(str(node.this.this))} AS interval {unit.sql(dialect=OracleSql)})", "i"

    def _extract(self, node: Any, scope: Scope) -> tuple[str, str]:
        part = str(node.this.this).upper() if not isinstance(node.this, str) else node.this.upper()
        if part not in ("YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND"):
            raise not_supported(f"EXTRACT({part})")
        return f"trim_scale(extract({part} FROM {self.emit(node.expression, scope)}))", "n"

    def _trim(self, node: Any, scope: Scope) -> tuple[str, str]:
        what = self.string(node.expression, scope) if node.expression is not None else "' '"
        how = f"T{node.args.get('position') or 'BOTH'}"
        return f"ora.trim({literal(how)}, {what}, {self.string(node.this, scope)})", "s"

    def _currenttimestamp(self, node: Any, scope: Scope) -> tuple[str, str]:
        return PSEUDO["CURRENT_TIMESTAMP"]

    def _currentdate(self, node: Any, scope: Scope) -> tuple[str, str]:
        return PSEUDO["CURRENT_DATE"]

    def _localtimestamp(self, node: Any, scope: Scope) -> tuple[str, str]:
        return PSEUDO["LOCALTIMESTAMP"]

    def _systimestamp(self, node: Any, scope: Scope) -> tuple[str, str]:
        return PSEUDO["SYSTIMESTAMP"]

    def _attimezone(self, node: Any, scope: Scope) -> tuple[str, str]:
        return f"({self.emit(node.this, scope)} AT TIME ZONE {self.string(node.args['zone'], scope)})", "t"


def _datetime_literal(text: str, name: str) -> tuple[str, str]:
    """``DATE '2024-01-31'`` and ``TIMESTAMP '2024-01-31 10:00:00[.5][ +02:00]'``."""
    try:
        value = datetime.fromisoformat(text.replace(" +", "+").replace(" -", "-"))
    except ValueError as error:
        raise OracleError(1861, "literal does not match format string") from error
    if name == "DATE":
        if len(text) > 10:
            raise OracleError(1861, "literal does not match format string")
        return f"CAST({literal(text)} AS ora.date)", "d"
    kind = ("timestamptz", "z") if value.tzinfo else ("timestamp", "t")
    return f"CAST({literal(text)} AS {kind[0]})", kind[1]
