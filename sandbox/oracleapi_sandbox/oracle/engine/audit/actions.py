"""What a statement does, in the words of audit policies, and to which objects. Pure."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlglot import exp

from oracleapi_sandbox.oracle.engine.audit.rules import Act
from oracleapi_sandbox.oracle.engine.catalog import Catalog, Thing
from oracleapi_sandbox.oracle.engine.dialect import parse
from oracleapi_sandbox.oracle.engine.privileges import CODE
from oracleapi_sandbox.oracle.engine.scope import name_of
from oracleapi_sandbox.oracle.engine.text import Reader, tokens_of
from oracleapi_sandbox.oracle.plsql.lexer import Token
from oracleapi_sandbox.oracle.ports import OracleError

DEEPEST_VIEW = 10
_OF_KIND = {
    "CLUSTER": "CREATE ALTER DROP",
    "CONTEXT": "CREATE DROP",
    "DATABASE LINK": "CREATE ALTER DROP",
    "DIRECTORY": "CREATE DROP",
    "FUNCTION": "CREATE ALTER DROP",
    "INDEX": "CREATE ALTER DROP ANALYZE",
    "MATERIALIZED VIEW": "CREATE ALTER DROP",
    "PACKAGE": "CREATE ALTER DROP",
    "PACKAGE BODY": "CREATE ALTER DROP",
    "PLUGGABLE DATABASE": "CREATE ALTER DROP",
    "PROCEDURE": "CREATE ALTER DROP",
    "PROFILE": "CREATE ALTER DROP",
    "PUBLIC SYNONYM": "CREATE DROP",
    "ROLE": "CREATE ALTER DROP SET",
    "SEQUENCE": "CREATE ALTER DROP",
    "SYNONYM": "CREATE ALTER DROP",
    "TABLE": "CREATE ALTER DROP TRUNCATE LOCK",
    "TABLESPACE": "CREATE ALTER DROP",
    "TRIGGER": "CREATE ALTER DROP ENABLE DISABLE",
    "TYPE": "CREATE ALTER DROP",
    "TYPE BODY": "CREATE ALTER DROP",
    "USER": "CREATE ALTER DROP",
    "VIEW": "CREATE ALTER DROP",
    "AUDIT POLICY": "CREATE ALTER DROP",
}
SYSTEM_ACTIONS = frozenset(
    {
        *(f"{verb} {kind}" for kind, verbs in _OF_KIND.items() for verb in verbs.split()),
        *("ALL", "SELECT", "INSERT", "UPDATE", "DELETE", "EXECUTE", "CALL", "GRANT", "REVOKE", "AUDIT", "NOAUDIT"),
        *("COMMENT", "RENAME", "LOGON", "LOGOFF", "ALTER SESSION", "ALTER SYSTEM", "ALTER DATABASE"),
    }
)
"""AUDITABLE_SYSTEM_ACTIONS, as far as the double has such statements. MERGE is audited as what it does. [D]"""
NOT_RECORDED = frozenset({"COMMIT", "ROLLBACK", "SET TRANSACTION", "EXPLAIN", "FLASHBACK TABLE", "PURGE TABLE"})
"""Auditable actions that the double would not notice."""
_VIEW_ACTIONS = (
    "AUDIT",
    "COMMENT",
    "DELETE",
    "FLASHBACK",
    "GRANT",
    "INSERT",
    "LOCK",
    "RENAME",
    "SELECT",
    "UPDATE",
    "ALL",
)
OBJECT_ACTIONS = {
    "TABLE": ("ALTER", "INDEX", *_VIEW_ACTIONS),
    "VIEW": _VIEW_ACTIONS,
    "SEQUENCE": ("ALTER", "AUDIT", "GRANT", "SELECT", "ALL"),
    **dict.fromkeys(CODE, ("AUDIT", "EXECUTE", "GRANT", "ALL")),
}
"""Actions that can be audited on an object, by its type. [D]"""


def of_query(sql: str, catalog: Catalog, schema: str) -> tuple[Act, ...]:
    """What a query or DML statement does to each object that it names, and to the tables below views. [D]

    An object that does not exist is there too: under the schema in which it was looked up. A text that is no statement
    does nothing.
    """
    try:
        tokens = tokens_of(sql)
        if tokens[0].is_word("MERGE"):
            return tuple(_merge(tokens, catalog, schema))
        tree = parse(sql).tree
    except OracleError:
        return ()
    return tuple(dict.fromkeys(_of_tree(tree, catalog, schema, 0)))


def _of_tree(tree: exp.Expr, catalog: Catalog, schema: str, depth: int) -> Iterator[Act]:
    verb = {"Insert": "INSERT", "Update": "UPDATE", "Delete": "DELETE"}.get(type(tree).__name__)
    target = tree.this if verb else None
    target = target.this if isinstance(target, exp.Schema) else target
    ctes = {cte.alias_or_name.upper() for cte in tree.find_all(exp.CTE)}
    for table in tree.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier):
            continue
        owner = name_of(table.args["db"]) if table.args.get("db") else None
        name = name_of(table.this)
        if owner is None and name in ctes:
            continue
        action = verb if verb is not None and table is target else "SELECT"
        yield from _on(action, owner, name, catalog, schema, depth)


def _on(action: str, owner: str | None, name: str, catalog: Catalog, schema: str, depth: int) -> Iterator[Act]:
    thing = catalog.resolve(owner, name, schema)
    if thing is None:
        yield Act(action, action, owner or schema, name)
        return
    yield Act(action, action, thing.owner, thing.name)
    if thing.type == "VIEW" and thing.text and "visible_to" not in thing.details and depth < DEEPEST_VIEW:
        for base in _base_tables(thing):
            yield from _on(action, *base, catalog, thing.owner, depth + 1)


def _base_tables(view: Thing) -> Iterator[tuple[str | None, str]]:
    try:
        tree: Any = parse(view.text or "").tree
    except OracleError:
        return
    ctes = {cte.alias_or_name.upper() for cte in tree.find_all(exp.CTE)}
    for table in tree.find_all(exp.Table):
        if isinstance(table.this, exp.Identifier):
            owner = name_of(table.args["db"]) if table.args.get("db") else None
            if owner is not None or name_of(table.this) not in ctes:
                yield owner, name_of(table.this)


def _merge(tokens: Sequence[Token], catalog: Catalog, schema: str) -> Iterator[Act]:
    """What MERGE does: it reads the source, and inserts and updates as its branches say."""
    reader = Reader("", tuple(tokens), 1)
    reader.accept("INTO")
    target = _name(reader)
    while reader.token.kind != "eof" and not reader.accept("USING"):
        reader.at += 1
    if reader.token.kind in ("word", "quoted"):
        yield from _on("SELECT", *_name(reader), catalog, schema, 0)
    for verb in ("INSERT", "UPDATE"):
        if any(token.is_word(verb) for token in tokens):
            yield from _on(verb, *target, catalog, schema, 0)


def _name(reader: Reader) -> tuple[str | None, str]:
    first = reader.name()
    return (first, reader.name()) if reader.accept(".") else (None, first)


def of_ddl(sql: str, catalog: Catalog, schema: str) -> tuple[Act, ...]:
    """What a DDL statement does: one act, or for GRANT and REVOKE one for each grantee."""
    reader = Reader(sql, tokens_of(sql))
    verb = reader.token.text
    reader.at += 1
    if verb in ("GRANT", "REVOKE"):
        return tuple(_of_grant(reader, verb, catalog, schema))
    if verb in ("AUDIT", "NOAUDIT"):
        reader.accept("POLICY")
        return (Act(verb, verb, "SYS", reader.token.text),)
    if verb == "COMMENT":
        return (Act(verb, verb, *_object(reader, "ON TABLE COLUMN", catalog, schema)),)
    for word in ("OR", "REPLACE", "FORCE", "NO", "NOFORCE", "EDITIONABLE", "NONEDITIONABLE", "UNIQUE"):
        reader.accept(word)
    public = reader.accept("PUBLIC")
    kind = _kind(reader, public)
    action = f"{verb} {kind}"
    if kind in ("USER", "ROLE", "PROFILE", "CONTEXT", "AUDIT POLICY", "PUBLIC SYNONYM"):
        owner = {"CONTEXT": "SYS", "AUDIT POLICY": "SYS", "PUBLIC SYNONYM": "PUBLIC"}.get(kind)
        name = reader.token.text
        return (Act(action, action, owner, name, (("TARGET_USER", name),) if kind == "USER" else ()),)
    if action == "CREATE INDEX":
        index = _object(reader, "", catalog, schema)
        table = _object(reader, "ON", catalog, schema)
        return (Act(action, action, *index), Act(action, "INDEX", *table))
    place = _object(reader, "", catalog, schema, existing=verb != "CREATE")
    return (Act(action, verb if verb == "ALTER" else action, *place),)


def _kind(reader: Reader, public: bool) -> str:
    words = [reader.token.text]
    reader.at += 1
    if words[0] in ("PACKAGE", "TYPE") and reader.accept("BODY"):
        words.append("BODY")
    if words[0] in ("AUDIT", "DATABASE", "MATERIALIZED", "PLUGGABLE"):
        words.append(reader.token.text)
        reader.at += 1
    return " ".join(["PUBLIC", *words] if public and words == ["SYNONYM"] else words)


def _object(
    reader: Reader, before: str, catalog: Catalog, schema: str, *, existing: bool = True
) -> tuple[str | None, str | None]:
    for word in before.split():
        reader.accept(word)
    if reader.token.kind not in ("word", "quoted"):
        return None, None
    owner, name = _name(reader)
    thing = catalog.resolve(owner, name, schema) if existing else None
    return (thing.owner, thing.name) if thing is not None else (owner or schema, name)


def _of_grant(reader: Reader, verb: str, catalog: Catalog, schema: str) -> Iterator[Act]:
    """GRANT and REVOKE with what, on what, to whom; a record for each grantee. [D: TARGET_USER is one name]"""
    what = reader.until("ON", "TO", "FROM").upper()
    place: tuple[str | None, str | None] = (None, None)
    if reader.accept("ON", "USER"):
        place = ("SYS", reader.name())
    elif reader.accept("ON"):
        place = _object(reader, "", catalog, schema)
    reader.accept("TO" if verb == "GRANT" else "FROM")
    grantees = [reader.token.text]
    reader.at += 1
    while reader.accept(","):
        grantees.append(reader.token.text)
        reader.at += 1
    items = [part.strip() for part in what.split(",")]
    if place[1] is not None:
        column = "OBJECT_PRIVILEGES"
    else:
        column = "ROLE" if all(item in catalog.roles for item in items) else "SYSTEM_PRIVILEGE"
    for grantee in grantees:
        yield Act(verb, "GRANT", *place, ((column, ", ".join(items)), ("TARGET_USER", grantee)))
