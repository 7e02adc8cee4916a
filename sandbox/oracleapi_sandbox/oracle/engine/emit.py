"""Oracle's syntax tree to PostgreSQL text: aggregates, analytic functions, and the emitter as a whole.

Numbers are NUMERIC everywhere, strings TEXT, DATE a domain of its own, so that PostgreSQL's typing does what Oracle's
would; operators and functions of schema "ora" (found before pg_catalog) do the implicit conversions.
"""

from typing import Any

from sqlglot import exp

from oracleapi_sandbox.oracle.engine.emit_calls import Calls
from oracleapi_sandbox.oracle.engine.functions import AGGREGATES, WINDOW, Function
from oracleapi_sandbox.oracle.engine.scope import Scope, arity, described, only, quote
from oracleapi_sandbox.oracle.engine.text import not_supported
from oracleapi_sandbox.oracle.ports import OracleError


class Emitter(Calls):
    """Emits one statement; afterwards :attr:`parameters` says what to pass for ``$1``, ``$2``…"""

    def query(self, node: exp.Expr, outer: Scope | None = None) -> tuple[str, dict[str, str] | None]:
        """Emit a query; returns its text and its output columns with their kinds (``None``: not known)."""
        from oracleapi_sandbox.oracle.engine import queries  # queries emit expressions, expressions hold queries

        return queries.emit(self, node, outer)

    def aggregate(self, node: Any, over: str | None, scope: Scope) -> tuple[str, str]:
        """Emit an aggregate, or the same as an analytic function with *over*."""
        name = str(node.this).upper()
        window = f" OVER ({over})" if over is not None else ""
        if name == "COUNT" and len(node.expressions) == 1 and isinstance(node.expressions[0], exp.Star):
            return f"CAST(COUNT(*){window} AS numeric)", "n"
        arity(name, node.expressions, 1, 1)
        argument, distinct = node.expressions[0], ""
        if isinstance(argument, exp.Distinct):
            argument, distinct = argument.expressions[0], "DISTINCT "
        text, kind = self.typed(argument, scope)
        if name == "COUNT":
            return f"CAST(COUNT({distinct}{text}){window} AS numeric)", "n"
        if name in ("MIN", "MAX"):
            return f"{name}({distinct}{text}){window}", kind
        value = text if kind == "n" else f"ora.num({text})"
        if name == "AVG":
            return f"ora.divide(SUM({distinct}{value}){window}, CAST(COUNT({distinct}{value}){window} AS numeric))", "n"
        if name == "MEDIAN":
            return f"CAST(percentile_cont(0.5) WITHIN GROUP (ORDER BY CAST({value} AS float8)) AS numeric)", "n"
        if name in ("SUM", "STDDEV", "VARIANCE"):
            return f"{name}({distinct}{value}){window}", "n"
        raise not_supported(f"{name} here")

    def _withingroup(self, node: Any, scope: Scope) -> tuple[str, str]:
        return self._listagg(node, None, scope)

    def _listagg(self, node: Any, partition: str | None, scope: Scope) -> tuple[str, str]:
        call = node.this
        if not isinstance(call, exp.Anonymous) or str(call.this).upper() != "LISTAGG":
            raise not_supported(f"WITHIN GROUP with {described(call)}")
        arity("LISTAGG", call.expressions, 1, 2)
        value, distinct = call.expressions[0], ""
        if isinstance(value, exp.Distinct):
            value, distinct = value.expressions[0], "DISTINCT "
        separator = self.string(call.expressions[1], scope) if len(call.expressions) > 1 else "''"
        text, order = self.string(value, scope), self.order(node.expression, scope)
        if partition is None:
            return f"string_agg({distinct}{text}, coalesce({separator}, '') {order})", "s"
        frame = f"{partition} {order} ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING"
        return f"string_agg({text}, coalesce({separator}, '')) OVER ({frame})", "s"

    def _window(self, node: Any, scope: Scope) -> tuple[str, str]:
        if str(node.args.get("over") or "OVER").upper() != "OVER":
            raise not_supported("KEEP (DENSE_RANK …)")
        only(node, "this", "partition_by", "order", "spec", "over")
        partition = ", ".join(self.emit(each, scope) for each in node.args.get("partition_by") or ())
        parts = [f"PARTITION BY {partition}"] if partition else []
        if isinstance(node.this, exp.WithinGroup):
            return self._listagg(node.this, " ".join(parts), scope)
        if node.args.get("order"):
            parts.append(self.order(node.args["order"], scope))
        if node.args.get("spec"):
            parts.append(self._frame(node.args["spec"], scope))
        over, call = " ".join(parts), node.this
        if not isinstance(call, exp.Anonymous):
            raise not_supported(f"OVER with {described(call)}")
        name = str(call.this).upper()
        if name in AGGREGATES:
            return self.aggregate(call, over, scope)
        return self._analytic(name, call, over, scope)

    def _analytic(self, name: str, call: exp.Anonymous, over: str, scope: Scope) -> tuple[str, str]:
        if name == "RATIO_TO_REPORT":
            arity(name, call.expressions, 1, 1)
            value = self.number(call.expressions[0], scope)
            return f"ora.divide({value}, SUM({value}) OVER ({over}))", "n"
        if name not in WINDOW:
            raise OracleError(904, f"{quote(name)}: invalid identifier")
        kinds, result = WINDOW[name]
        function = Function(kinds, f"{name.lower()}({{}}) OVER ({over})", result)
        nodes = call.expressions
        if name in ("LAG", "LEAD", "NTILE"):
            position = 0 if name == "NTILE" else 1
            texts = [self.emit(each, scope) for each in nodes]
            texts[position : position + 1] = [f"CAST({text} AS int)" for text in texts[position : position + 1]]
            kind = self.typed(nodes[0], scope)[1] if result == "=" else "n"
            text = f"{name.lower()}({', '.join(texts)}) OVER ({over})"
        else:
            text, kind = self._scalar(name, function, nodes, scope)
        return (f"CAST({text} AS numeric)", "n") if result == "n" else (text, kind)

    def _frame(self, spec: Any, scope: Scope) -> str:
        def bound(value: Any, side: Any) -> str:
            text = str(value) if isinstance(value, str) else self.emit(value, scope)
            text = (
                f"CAST({text} AS int)" if not isinstance(value, str) and spec.args["kind"].upper() == "ROWS" else text
            )
            return f"{text} {side or ''}".strip()

        start = bound(spec.args["start"], spec.args.get("start_side"))
        end = bound(spec.args["end"], spec.args.get("end_side")) if spec.args.get("end") else "CURRENT ROW"
        return f"{spec.args['kind']} BETWEEN {start} AND {end}"
