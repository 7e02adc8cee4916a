"""What an expression is in a grouped query: aggregate, grouping key, ROWNUM."""

from typing import Any

from sqlglot import exp

from oracleapi_sandbox.oracle.engine.dialect import OracleSql
from oracleapi_sandbox.oracle.engine.functions import AGGREGATES
from oracleapi_sandbox.oracle.engine.scope import name_of, quote


def grouping_word(node: Any) -> str:
    return type(node).__name__.upper() if isinstance(node, exp.Rollup | exp.Cube) else ""


def keys_of(node: Any) -> list[Any]:
    """The expressions of a grouping key, of ROLLUP and CUBE too."""
    return list(node.expressions) if grouping_word(node) else [node]


def plain(node: Any) -> str:
    """An expression's text without qualifiers, to compare it with a grouping key."""
    if not isinstance(node, exp.Expr):
        return str(node)

    def bare(each: Any) -> Any:
        if isinstance(each, exp.Column) and isinstance(each.this, exp.Identifier):
            return exp.Var(this=quote(name_of(each.this)))
        return each

    plain = node.copy().transform(bare)
    return str(plain.sql(dialect=OracleSql, comments=False, normalize_functions="upper"))


def is_rownum(node: Any) -> bool:
    return (
        isinstance(node, exp.Column)
        and isinstance(node.this, exp.Identifier)
        and not node.args.get("table")
        and not node.this.args.get("quoted")
        and name_of(node.this) == "ROWNUM"
    )


def is_aggregate(node: Any) -> bool:
    if isinstance(node, exp.Anonymous):
        return str(node.this).upper() in AGGREGATES
    return isinstance(node, exp.WithinGroup | exp.JSONArrayAgg | exp.JSONObjectAgg)


def aggregates(node: Any) -> bool:
    """Say whether a query block aggregates: an aggregate in its projections that is no analytic function."""
    waiting = list(node.expressions)
    while waiting:
        each = waiting.pop()
        if is_aggregate(each):
            return True
        if isinstance(each, exp.Window):
            waiting += [*each.this.iter_expressions(), *(each.args.get("partition_by") or ())]
        elif not isinstance(each, exp.Query):
            waiting += each.iter_expressions()
    return False
