"""INSERT, UPDATE and DELETE."""

# ruff: noqa: S608 - texts are made of quoted identifiers and literals

from typing import Any

from sqlglot import exp

from oracleapi_sandbox.oracle.engine.catalog import Thing
from oracleapi_sandbox.oracle.engine.emit import Emitter
from oracleapi_sandbox.oracle.engine.scope import Scope, column_kinds, name_of, quote
from oracleapi_sandbox.oracle.engine.text import UnknownNameError, not_supported
from oracleapi_sandbox.oracle.ports import OracleError


def target_of(emitter: Emitter, node: Any) -> tuple[Thing, str, Scope]:
    """Resolve the table that a DML statement changes; returns it, its alias and a scope with it."""
    if not isinstance(node, exp.Table) or not isinstance(node.this, exp.Identifier):
        raise not_supported("DML on something other than a table or view")
    owner = name_of(node.args["db"]) if node.args.get("db") is not None else None
    name = name_of(node.this)
    thing = emitter.context.visible(owner, name)
    if thing is None or thing.type not in ("TABLE", "VIEW"):
        raise UnknownNameError(942, "table or view does not exist", name)
    alias = node.args.get("alias")
    label = name_of(alias.this) if alias is not None else name
    emitter.tables.add((thing.owner, thing.name))
    return thing, label, Scope({label: column_kinds(thing.columns)})


def check_column(thing: Thing, name: str) -> str:
    if name not in thing.columns:
        raise OracleError(904, f"{quote(name)}: invalid identifier")
    return quote(name)


def value(emitter: Emitter, node: Any, scope: Scope) -> str:
    """A value to store: an expression or DEFAULT."""
    if isinstance(node, exp.Var | exp.Column) and str(node.name).upper() == "DEFAULT":
        return "DEFAULT"
    return emitter.emit(node, scope)


def insert(emitter: Emitter, tree: Any) -> str:
    _refuse(tree, {"this", "expression", "returning", "with_", "hint"})
    schema = tree.this
    table = schema.this if isinstance(schema, exp.Schema) else schema
    thing, alias, scope = target_of(emitter, table)
    columns = [name_of(each) for each in schema.expressions] if isinstance(schema, exp.Schema) else list(thing.columns)
    if len(set(columns)) != len(columns):
        raise OracleError(957, "duplicate column name")
    for name in columns:
        check_column(thing, name)
    source = tree.expression
    if isinstance(source, exp.Values):
        if len(source.expressions) > 1 and emitter.context.major < 23:
            raise OracleError(933, "SQL command not properly ended")
        rows = []
        for row in source.expressions:
            items = row.expressions if isinstance(row, exp.Tuple) else [row]
            _count(columns, items)
            _check_identity(thing, columns, items)
            rows.append("(" + ", ".join(value(emitter, each, Scope()) for each in items) + ")")
        text = "VALUES " + ", ".join(rows)
    else:
        text, outputs = emitter.query(source)
        if outputs is not None:
            _count(columns, outputs)
        _check_identity(thing, columns, None)
    listed = ", ".join(quote(name) for name in columns)
    target = f"{quote(thing.owner)}.{quote(thing.name)}"
    return f"INSERT INTO {target} AS {quote(alias)} ({listed}) {text}{_returning(emitter, tree, scope)}"


def _count(columns: Any, items: Any) -> None:
    if len(items) > len(columns):
        raise OracleError(913, "too many values")
    if len(items) < len(columns):
        raise OracleError(947, "not enough values")


def _check_identity(thing: Thing, columns: list[str], items: Any) -> None:
    for index, name in enumerate(columns):
        default = items is not None and str(getattr(items[index], "name", "")).upper() == "DEFAULT"
        if thing.columns[name].identity == "ALWAYS" and not default:
            raise OracleError(32795, "cannot insert into a generated always identity column")


def update(emitter: Emitter, tree: Any) -> str:
    _refuse(tree, {"this", "expressions", "where", "returning", "hint"})
    thing, alias, scope = target_of(emitter, tree.this)
    changes = ", ".join(assignment(emitter, each, thing, scope) for each in tree.expressions)
    text = f"UPDATE {quote(thing.owner)}.{quote(thing.name)} AS {quote(alias)} SET {changes}"
    return text + _where(emitter, tree, scope, thing, alias) + _returning(emitter, tree, scope)


def assignment(emitter: Emitter, node: Any, thing: Thing, scope: Scope) -> str:
    """``column = expression`` or ``(a, b) = (SELECT …)``."""
    if not isinstance(node, exp.EQ):
        raise OracleError(927, "missing equal sign")
    left = node.this.this if isinstance(node.this, exp.Paren) else node.this
    if isinstance(left, exp.Tuple):
        names = [check_column(thing, name_of(each.this)) for each in left.expressions]
        inner = node.expression
        if not isinstance(inner, exp.Subquery):
            raise OracleError(1767, "UPDATE ... SET expression must be a subquery")
        return f"({', '.join(names)}) = ({emitter.query(inner.this, scope)[0]})"
    name = name_of(left.this)
    column = check_column(thing, name)
    if thing.columns[name].identity == "ALWAYS":
        raise OracleError(32796, "cannot update a generated always identity column")
    return f"{column} = {value(emitter, node.expression, scope)}"


def delete(emitter: Emitter, tree: Any) -> str:
    _refuse(tree, {"this", "tables", "where", "returning", "hint"})
    table = tree.this if isinstance(tree.this, exp.Table) else (tree.args.get("tables") or [None])[0]
    thing, alias, scope = target_of(emitter, table)
    text = f"DELETE FROM {quote(thing.owner)}.{quote(thing.name)} AS {quote(alias)}"
    return text + _where(emitter, tree, scope, thing, alias) + _returning(emitter, tree, scope)


def _where(emitter: Emitter, tree: Any, scope: Scope, thing: Thing, alias: str) -> str:
    where = tree.args.get("where")
    if where is None:
        return ""
    kept, limits = [], []
    for each in where.this.flatten() if isinstance(where.this, exp.And) else [where.this]:
        if isinstance(each, exp.LTE | exp.LT) and str(each.this.name).upper() == "ROWNUM":
            number = emitter.number(each.expression, scope)
            limits.append(f"floor({number})" if isinstance(each, exp.LTE) else f"ceil({number}) - 1")
        else:
            kept.append(emitter.emit(each, scope))
    condition = f" WHERE {' AND '.join(kept)}" if kept else ""
    if not limits:
        return condition
    rows = f"SELECT {quote(alias)}.ctid FROM {quote(thing.owner)}.{quote(thing.name)} {quote(alias)}{condition}"
    return f" WHERE {quote(alias)}.ctid IN ({rows} LIMIT CAST(greatest(0, least({', '.join(limits)})) AS bigint))"


def _returning(emitter: Emitter, tree: Any, scope: Scope) -> str:
    returning = tree.args.get("returning")
    if returning is None:
        return ""
    return " RETURNING " + ", ".join(emitter.emit(each, scope) for each in returning.expressions)


def _refuse(tree: Any, allowed: set[str]) -> None:
    for key, part in tree.args.items():
        if part and key not in allowed:
            raise not_supported(f"{key.upper().strip('_')} in {type(tree).__name__.upper()}")
