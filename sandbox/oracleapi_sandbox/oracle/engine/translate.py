"""One Oracle query or DML statement to one PostgreSQL statement with numbered parameters."""

# ruff: noqa: S608 - texts are made of quoted identifiers and literals

from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from oracleapi_sandbox.oracle.engine import dml, merge
from oracleapi_sandbox.oracle.engine.dialect import parse
from oracleapi_sandbox.oracle.engine.emit import Emitter
from oracleapi_sandbox.oracle.engine.scope import CallArgument, Context, RowCall, Scope
from oracleapi_sandbox.oracle.engine.text import tokens_of
from oracleapi_sandbox.oracle.ports import Bind, OracleError


@dataclass(frozen=True)
class Translation:
    """The PostgreSQL text; *parameters* are bind names or package calls for ``$1``…; *into* the RETURNING binds."""

    sql: str
    parameters: tuple[str | CallArgument, ...]
    into: tuple[str, ...]
    query: bool
    locks: bool
    returning: bool
    tables: frozenset[tuple[str, str]]
    row_calls: tuple[RowCall, ...] = ()


def translate(sql: str, binds: dict[str, Bind], context: Context) -> Translation:
    """Translate one SELECT, INSERT, UPDATE, DELETE or MERGE.

    Raises:
        OracleError: Syntax, unknown names (942, 904, …), binds without value (1008), or 3001 naming a construct that
            is not supported.
    """
    tokens = tokens_of(sql)
    if tokens[0].is_word("MERGE"):
        names: list[str] = []
        emitter = Emitter(context, names, binds)
        text = merge.emit(emitter, sql, tokens, names)
        return Translation(text, tuple(emitter.parameters), (), False, True, False, frozenset(emitter.tables))
    parsed = parse(sql)
    emitter = Emitter(context, parsed.binds, binds)
    tree, into = parsed.tree, parsed.into
    for name in (*parsed.binds, *into):
        if name not in binds and name not in into:
            raise OracleError(1008, "not all variables bound")
    if isinstance(tree, exp.Query):
        emitter.outermost = tree
        text = emitter.query(tree)[0]
        locks, tables = any(tree.find_all(exp.Lock)), frozenset(emitter.tables)
        return Translation(text, tuple(emitter.parameters), (), True, locks, False, tables, emitter.row_calls)
    builders = {"Insert": dml.insert, "Update": dml.update, "Delete": dml.delete}
    build = builders.get(type(tree).__name__)
    if build is None:
        raise OracleError(900, "invalid SQL statement", 0)
    text = build(emitter, tree)
    returning = tree.args.get("returning") is not None
    return Translation(text, tuple(emitter.parameters), into, False, True, returning, frozenset(emitter.tables))


def emit_expression(text: str, context: Context, columns: dict[str, str]) -> str:
    """Emit a condition or expression over *columns*, for CHECK and DEFAULT."""
    parsed = parse(f"SELECT CASE WHEN {text} THEN 1 END FROM DUAL" if columns else f"SELECT {text} FROM DUAL")
    if parsed.binds:
        raise OracleError(1027, "bind variables not allowed for data definition operations")
    node: Any = parsed.tree.expressions[0]
    emitter = Emitter(context, (), {})
    if columns:
        node = node.args["ifs"][0].this
    return emitter.emit(node, Scope({"": columns} if columns else {}))
