"""Views, sequences, indexes, synonyms."""

# ruff: noqa: S608 - texts are made of quoted identifiers and literals

from collections.abc import Sequence
from dataclasses import replace

from oracleapi_sandbox.oracle.engine import describe
from oracleapi_sandbox.oracle.engine.catalog import PUBLIC, Thing
from oracleapi_sandbox.oracle.engine.columns import sequence_options
from oracleapi_sandbox.oracle.engine.ddl import Ddl, engine_name
from oracleapi_sandbox.oracle.engine.emit import Emitter
from oracleapi_sandbox.oracle.engine.scope import Context, Scope, column_kinds, quote
from oracleapi_sandbox.oracle.engine.tables import ANY_RIGHTS
from oracleapi_sandbox.oracle.engine.text import not_supported
from oracleapi_sandbox.oracle.engine.translate import translate
from oracleapi_sandbox.oracle.engine.wire import PostgresError
from oracleapi_sandbox.oracle.ports import OracleError

Described = tuple[str, str, int, int | None, int | None]


def create_view(ddl: Ddl, replace: bool) -> None:
    """``CREATE [OR REPLACE] VIEW v [(columns)] AS query [WITH READ ONLY | CHECK OPTION]``.

    The query has its owner's rights, without roles, then and whenever it is used.
    """
    reader = ddl.reader
    owner, name = reader.qualified(ddl.schema)
    ddl.require_in(owner, "CREATE VIEW", "CREATE ANY VIEW")
    columns = reader.names() if reader.token.is_op("(") else ()
    reader.expect("AS", code=905, message="missing keyword")
    sql = reader.until("\0")
    read_only = sql.upper().endswith("WITH READ ONLY")
    sql = sql[: -len("WITH READ ONLY")].rstrip() if read_only else sql
    if sql.upper().endswith("CHECK OPTION"):
        raise not_supported("WITH CHECK OPTION")
    context = _owners_context(ddl, owner)
    translation = translate(sql, {}, context)
    if translation.parameters or translation.row_calls or not translation.query:
        raise not_supported("stored or package functions in a view" if translation.query else "this text in a view")
    _check_rights(ddl, owner, translation.sql)
    described = described_columns(ddl, sql, context)
    names = columns or tuple(each[0] for each in described)
    if len(names) != len(described):
        raise OracleError(1730, "invalid number of column names specified")
    if len(set(names)) != len(names):
        raise OracleError(957, "duplicate column name")
    old = ddl.catalog.objects.get((owner, name))
    if old is not None and replace and old.type == "VIEW":
        grants = ddl.catalog.object_grants.get((owner, name), ())
        ddl.run(f"drop view if exists {engine_name(owner, name)} cascade")
        ddl.run(
            "update ora_meta.objects set text = $3, changed = $4 where owner = $1 and name = $2",
            [owner, name, sql, ddl.now],
        )
        ddl.run("delete from ora_meta.columns where owner = $1 and table_name = $2", [owner, name])
    else:
        grants = ()
        ddl.add_object(owner, name, "VIEW", text=sql)
    _create_engine_view(ddl, owner, name, names, translation.sql, read_only=read_only)
    record_columns(ddl, owner, name, [(label, *each[1:]) for label, each in zip(names, described, strict=True)])
    _grant_again(ddl, owner, name, {each.grantee for each in grants})


def _owners_context(ddl: Ddl, owner: str) -> Context:
    """The owner without roles."""
    return replace(ddl.context, user=owner, schema=owner, grantees=frozenset({owner, PUBLIC}))


def _create_engine_view(ddl: Ddl, owner: str, name: str, columns: Sequence[str], sql: str, *, read_only: bool) -> None:
    listed = ", ".join(quote(each) for each in columns)
    ddl.run(f"create view {engine_name(owner, name)} ({listed}) as {sql}")
    ddl.run(f"alter view {engine_name(owner, name)} owner to {quote(owner)}")
    for right in ("SELECT",) if read_only else ANY_RIGHTS:
        ddl.run(f"grant {right} on {engine_name(owner, name)} to {quote(f'{right} ANY TABLE')}")


def revive_views(ddl: Ddl) -> tuple[int, int]:
    """Make views valid again whose tables or views were dropped and have come back; returns how many, and of how many.

    PostgreSQL drops a view with what it reads, Oracle keeps it as invalid and compiles it again when it is used. [D]
    """
    lost = ddl.run(
        "select o.owner, o.name from ora_meta.objects o where o.type = 'VIEW' and not exists"
        " (select from pg_views v where v.schemaname = o.owner and v.viewname = o.name) order by o.object_id"
    )
    revived = 0
    for owner, name in lost:
        thing = ddl.catalog.objects[(owner, name)]
        ddl.run("savepoint revive")
        try:
            translation = translate(thing.text or "", {}, _owners_context(ddl, owner))
            _check_rights(ddl, owner, translation.sql)
            _create_engine_view(ddl, owner, name, tuple(thing.columns), translation.sql, read_only=False)
        except (OracleError, PostgresError):
            ddl.run("rollback to savepoint revive")  # still invalid
            continue
        _grant_again(ddl, owner, name, {each.grantee for each in ddl.catalog.object_grants.get((owner, name), ())})
        revived += 1
    return revived, len(lost)


def _grant_again(ddl: Ddl, owner: str, name: str, grantees: set[str]) -> None:
    from oracleapi_sandbox.oracle.engine.object_grants import write_engine_rights

    for grantee in grantees:
        write_engine_rights(ddl, ddl.catalog.objects[(owner, name)], grantee)


def base_tables(ddl: Ddl, view: Thing) -> frozenset[tuple[str, str]]:
    """Return owner and name of what a view reads, none for a supplied view or one with errors."""
    if view.text is None or "visible_to" in view.details:
        return frozenset()
    try:
        return translate(view.text, {}, _owners_context(ddl, view.owner)).tables
    except OracleError:
        return frozenset()


def _check_rights(ddl: Ddl, owner: str, sql: str) -> None:
    ddl.run(f"set local role {quote(owner)}")
    ddl.run(f"explain {sql}")
    ddl.run("set local role none")


def described_columns(ddl: Ddl, sql: str, context: Context | None = None) -> list[Described]:
    """Describe a query's columns with Oracle's types: name, type, length, precision, scale."""
    translation = translate(sql, {}, context or ddl.context)
    found = ddl.admin.describe(translation.sql) or ()
    return [
        (each.name, each.type, each.size, each.precision or None, each.scale if each.scale != -127 else None)
        for each in describe.columns(found, ddl.database.origins())
    ]


def record_columns(ddl: Ddl, owner: str, name: str, columns: "list[Described]") -> None:
    for position, (label, kind, length, precision, scale) in enumerate(columns, 1):
        ddl.run(
            "insert into ora_meta.columns (owner, table_name, position, name, type, length, precision, scale)"
            " values ($1, $2, $3, $4, $5, $6, $7, $8)",
            [owner, name, position, label, kind, length, precision, scale],
        )


def drop_view(ddl: Ddl) -> None:
    """``DROP VIEW v``."""
    owner, name = ddl.reader.qualified(ddl.schema)
    ddl.reader.accept("CASCADE", "CONSTRAINTS")
    ddl.reader.end()
    ddl.existing(owner, name, "VIEW", 942, "table or view does not exist")
    if owner != ddl.user:
        ddl.require("DROP ANY VIEW")
    ddl.run(f"drop view if exists {engine_name(owner, name)} cascade")
    ddl.drop_object(owner, name)


def create_sequence(ddl: Ddl) -> None:
    """``CREATE SEQUENCE s [START WITH n] [INCREMENT BY n] …``."""
    owner, name = ddl.reader.qualified(ddl.schema)
    ddl.require_in(owner, "CREATE SEQUENCE", "CREATE ANY SEQUENCE")
    text, details = sequence_options(ddl)
    ddl.reader.end()
    ddl.add_object(owner, name, "SEQUENCE", details=details)
    ddl.run(f"create sequence {engine_name(owner, name)} {text}")
    ddl.run(f"alter sequence {engine_name(owner, name)} owner to {quote(owner)}")
    ddl.run(f'grant usage, select on sequence {engine_name(owner, name)} to "SELECT ANY SEQUENCE"')


def drop_sequence(ddl: Ddl) -> None:
    """``DROP SEQUENCE s``."""
    owner, name = ddl.reader.qualified(ddl.schema)
    ddl.reader.end()
    ddl.existing(owner, name, "SEQUENCE", 2289, "sequence does not exist")
    if owner != ddl.user:
        ddl.require("DROP ANY SEQUENCE")
    ddl.run(f"drop sequence {engine_name(owner, name)}")
    ddl.drop_object(owner, name)


def create_index(ddl: Ddl, unique: bool) -> None:
    """``CREATE [UNIQUE] INDEX i ON t (columns or expressions)``."""
    reader = ddl.reader
    owner, name = reader.qualified(ddl.schema)
    reader.expect("ON", code=969, message="missing ON keyword")
    table_owner, table = reader.qualified(ddl.schema)
    thing = ddl.existing(table_owner, table, "TABLE", 942, "table or view does not exist")
    may = ddl.catalog.may(ddl.user, set(ddl.context.grantees), thing, "INDEX")
    if not may:
        ddl.require("CREATE ANY INDEX")
    reader.expect("(", code=906, message="missing left parenthesis")
    keys = []
    emitter = Emitter(ddl.context, (), {})
    while True:
        text = reader.until(",", ")", "ASC", "DESC")
        direction = " desc" if reader.accept("DESC") else ""
        reader.accept("ASC")
        if text.upper() in thing.columns or text.strip('"') in thing.columns:
            key = quote(text.upper() if text.upper() in thing.columns else text.strip('"'))
        else:
            key = f"({_index_expression(ddl, emitter, text, column_kinds(thing.columns))})"
        keys.append(key + direction)
        if not reader.accept(","):
            break
    reader.expect(")", code=907, message="missing right parenthesis")
    reader.rest()
    ddl.add_object(owner, name, "INDEX", target_owner=table_owner, target_name=table, details={"unique": unique})
    word = "unique index" if unique else "index"
    ddl.run(f"create {word} {quote(name)} on {engine_name(table_owner, table)} ({', '.join(keys)})")


def _index_expression(ddl: Ddl, emitter: Emitter, text: str, kinds: dict[str, str]) -> str:
    from oracleapi_sandbox.oracle.engine.dialect import parse

    return emitter.emit(parse(f"SELECT {text} FROM DUAL").tree.expressions[0], Scope({"": kinds}))


def drop_index(ddl: Ddl) -> None:
    """``DROP INDEX i``; one that enforces a key is ORA-02429."""
    owner, name = ddl.reader.qualified(ddl.schema)
    ddl.reader.end()
    thing = ddl.catalog.objects.get((owner, name))
    if thing is None or thing.type != "INDEX":
        raise OracleError(1418, "specified index does not exist")
    if owner != ddl.user:
        ddl.require("DROP ANY INDEX")
    if (owner, name) in ddl.catalog.constraints:
        raise OracleError(2429, "cannot drop index used for enforcement of unique/primary key")
    assert thing.target_owner is not None
    ddl.run(f"drop index {engine_name(thing.target_owner, name)}")
    ddl.drop_object(owner, name)


def create_synonym(ddl: Ddl, public: bool, replace: bool) -> None:
    """``CREATE [OR REPLACE] [PUBLIC] SYNONYM s FOR [schema.]object``; the object need not exist."""
    reader = ddl.reader
    if public:
        ddl.require("CREATE PUBLIC SYNONYM")
        owner, name = PUBLIC, reader.name()
    else:
        owner, name = reader.qualified(ddl.schema)
        ddl.require_in(owner, "CREATE SYNONYM", "CREATE ANY SYNONYM")
    reader.expect("FOR", code=905, message="missing keyword")
    target = reader.qualified(ddl.schema)
    reader.end()
    old = ddl.catalog.objects.get((owner, name))
    if replace and old is not None and old.type == "SYNONYM":
        ddl.run(
            "update ora_meta.objects set target_owner = $3, target_name = $4 where owner = $1 and name = $2",
            [owner, name, *target],
        )
        return
    ddl.add_object(owner, name, "SYNONYM", target_owner=target[0], target_name=target[1])


def drop_synonym(ddl: Ddl, public: bool) -> None:
    """``DROP [PUBLIC] SYNONYM s``."""
    owner, name = (PUBLIC, ddl.reader.name()) if public else ddl.reader.qualified(ddl.schema)
    ddl.reader.accept("FORCE")
    ddl.reader.end()
    thing = ddl.catalog.objects.get((owner, name))
    if thing is None or thing.type != "SYNONYM":
        code, what = (
            (1432, "public synonym to be dropped does not exist")
            if public
            else (1434, "private synonym to be dropped does not exist")
        )
        raise OracleError(code, what)
    if public:
        ddl.require("DROP PUBLIC SYNONYM")
    elif owner != ddl.user:
        ddl.require("DROP ANY SYNONYM")
    ddl.drop_object(owner, name)
