"""CREATE, DROP and TRUNCATE TABLE, COMMENT. Source: Database SQL Language Reference 19c. [D]"""

from oracleapi_sandbox.oracle.engine.catalog import Thing
from oracleapi_sandbox.oracle.engine.columns import (
    PLAIN_TYPES,
    ColumnSpec,
    ConstraintSpec,
    Definition,
    column_text,
    null_defaults,
    record_column,
    sequence_for,
)
from oracleapi_sandbox.oracle.engine.constraints import (
    add_constraint,
    column_spec,
    generated_name,
    out_of_line,
    record_constraint,
)
from oracleapi_sandbox.oracle.engine.ddl import Ddl, engine_name
from oracleapi_sandbox.oracle.engine.scope import quote
from oracleapi_sandbox.oracle.engine.text import not_supported
from oracleapi_sandbox.oracle.engine.translate import translate
from oracleapi_sandbox.oracle.ports import OracleError

_PHYSICAL = ("TABLESPACE", "PCTFREE", "PCTUSED", "INITRANS", "MAXTRANS", "LOGGING", "NOLOGGING", "NOCOMPRESS", "CACHE",
             "NOCACHE", "SEGMENT", "STORAGE", "NOPARALLEL", "MONITORING", "COMPRESS", "ENABLE", "ROW")  # fmt: skip
ANY_RIGHTS = ("SELECT", "INSERT", "UPDATE", "DELETE")


def create_table(ddl: Ddl) -> None:
    """``CREATE TABLE [schema.]t (columns and constraints) [physical attributes] | AS SELECT``."""
    reader = ddl.reader
    owner, name = reader.qualified(ddl.schema)
    ddl.require_in(owner, "CREATE TABLE", "CREATE ANY TABLE")
    if reader.accept("AS"):
        _create_as(ddl, owner, name)
        return
    definition = Definition()
    reader.expect("(", code=906, message="missing left parenthesis")
    while True:
        if not out_of_line(ddl, definition):
            definition.columns.append(column_spec(ddl, definition))
        if not reader.accept(","):
            break
    reader.expect(")", code=907, message="missing right parenthesis")
    _physical(ddl)
    names = [column.name for column in definition.columns]
    if len(set(names)) != len(names):
        raise OracleError(957, "duplicate column name")
    ddl.add_object(owner, name, "TABLE")
    _create(ddl, owner, name, definition)


def _physical(ddl: Ddl) -> None:
    reader = ddl.reader
    while reader.token.kind != "eof":
        token = reader.token
        if not token.is_word(*_PHYSICAL):
            if token.is_word("PARTITION", "ORGANIZATION", "CLUSTER", "ON", "OF", "EXTERNAL"):
                raise not_supported(f"{token.text} in CREATE TABLE", token)
            raise OracleError(922, "missing or invalid option", token.start)
        reader.at += 1
        while reader.token.kind in ("word", "number") and not reader.token.is_word(*_PHYSICAL):
            reader.at += 1
        if reader.token.is_op("("):
            reader.parenthesised()


def _create(ddl: Ddl, owner: str, name: str, definition: Definition) -> None:
    target = engine_name(owner, name)
    for column in definition.columns:
        sequence_for(ddl, owner, column)
    columns = ", ".join(column_text(ddl, owner, name, each) for each in definition.columns)
    ddl.run(f"create table {target} ({columns})")
    ddl.run(f"alter table {target} owner to {quote(owner)}")
    for right in ANY_RIGHTS:
        ddl.run(f"grant {right} on {target} to {quote(f'{right} ANY TABLE')}")
    ddl.run(f'grant select on {target} to "READ ANY TABLE"')
    for position, column in enumerate(definition.columns, 1):
        record_column(ddl, owner, name, position, column)
    null_defaults(ddl, owner, name, definition.columns)
    for column in definition.columns:
        if not column.nullable and not any(
            each.type == "P" and column.name in each.columns for each in definition.constraints
        ):
            record_constraint(
                ddl,
                owner,
                name,
                ConstraintSpec("C", (column.name,), condition=f'"{column.name}" IS NOT NULL'),
                generated_name(ddl),
            )
    for constraint in definition.constraints:
        add_constraint(ddl, owner, name, constraint, {column.name: column for column in definition.columns})


def _create_as(ddl: Ddl, owner: str, name: str) -> None:
    from oracleapi_sandbox.oracle.engine.objects import described_columns

    sql = ddl.reader.rest()
    ddl.add_object(owner, name, "TABLE")
    translation = translate(sql, {}, ddl.context)
    if translation.parameters:
        raise not_supported("package functions in CREATE TABLE AS SELECT")
    # Rights are the session's own: its connection explains the query.
    ddl.session.parse(sql)
    columns = described_columns(ddl, sql)
    definition = Definition([_column_from(ddl, *each) for each in columns])
    _create(ddl, owner, name, definition)
    ddl.run(f"insert into {engine_name(owner, name)} {translation.sql}")


def _column_from(ddl: Ddl, name: str, kind: str, length: int, precision: int | None, scale: int | None) -> ColumnSpec:
    engine = {"VARCHAR2": "text", "CHAR": f"char({length})", "TIMESTAMP": "timestamp", "RAW": "bytea"}.get(kind)
    if engine is None:
        engine = (
            PLAIN_TYPES[kind][0]
            if kind in PLAIN_TYPES
            else "timestamptz"
            if kind.startswith("TIMESTAMP")
            else "numeric"
        )
    if kind == "NUMBER" and precision:
        engine = f"numeric({precision}, {scale or 0})"
    return ColumnSpec(name, kind, engine, length, precision, scale)


def own_table(ddl: Ddl, anywhere: str, right: str = "") -> Thing:
    owner, name = ddl.reader.qualified(ddl.schema)
    thing = ddl.catalog.resolve(owner, name, ddl.schema)
    if thing is None or thing.type != "TABLE" or not ddl.sees(thing):
        raise OracleError(942, "table or view does not exist")
    may = right and ddl.catalog.may(ddl.user, set(ddl.context.grantees), thing, right)
    if thing.owner != ddl.user and not may:
        ddl.require(anywhere)
    return thing


def drop_table(ddl: Ddl) -> None:
    """``DROP TABLE t [CASCADE CONSTRAINTS] [PURGE]``."""
    thing = own_table(ddl, "DROP ANY TABLE")
    cascade = ddl.reader.accept("CASCADE", "CONSTRAINTS")
    ddl.reader.accept("PURGE")
    ddl.reader.end()
    names = {
        key[1]
        for key, each in ddl.catalog.constraints.items()
        if key[0] == thing.owner and each["table_name"] == thing.name
    }
    used = [
        (key, each) for key, each in ddl.catalog.constraints.items()
        if each["type"] == "R" and each["r_owner"] == thing.owner and each["r_name"] in names
        and (key[0], each["table_name"]) != (thing.owner, thing.name)
    ]  # fmt: skip
    if used and not cascade:
        raise OracleError(2449, "unique/primary keys in table referenced by foreign keys")
    for (owner, name), _ in used:
        ddl.run("delete from ora_meta.constraints where owner = $1 and name = $2", [owner, name])
    ddl.run(f"drop table {engine_name(thing.owner, thing.name)} cascade")
    ddl.drop_object(thing.owner, thing.name)


def truncate_table(ddl: Ddl) -> None:
    """``TRUNCATE TABLE t``."""
    thing = own_table(ddl, "DROP ANY TABLE")
    ddl.reader.accept("DROP", "STORAGE") or ddl.reader.accept("REUSE", "STORAGE")
    ddl.reader.end()
    names = {
        key[1]
        for key, each in ddl.catalog.constraints.items()
        if key[0] == thing.owner and each["table_name"] == thing.name
    }
    for each in ddl.catalog.constraints.values():
        if (
            each["type"] == "R"
            and each["r_owner"] == thing.owner
            and each["r_name"] in names
            and each["table_name"] != thing.name
        ):
            raise OracleError(2266, "unique/primary keys in table referenced by enabled foreign keys")
    ddl.run(f"truncate table {engine_name(thing.owner, thing.name)}")


def comment_on(ddl: Ddl) -> None:
    """``COMMENT ON {TABLE t | COLUMN t.c} IS 'text'``."""
    reader = ddl.reader
    column = reader.accept("COLUMN")
    if not column:
        reader.expect("TABLE", code=995, message="missing or invalid synonym identifier")
    names = [reader.name()]
    while reader.accept("."):
        names.append(reader.name())
    col = names.pop() if column else ""
    owner, name = (names if len(names) > 1 else [ddl.schema, names[0]]) if names else ("", "")
    reader.expect("IS", code=988, message="missing IS keyword")
    thing = ddl.catalog.objects.get((owner, name))
    if thing is None or thing.type not in ("TABLE", "VIEW") or not ddl.sees(thing):
        raise OracleError(942, "table or view does not exist")
    if col and col not in thing.columns:
        raise OracleError(904, f'"{col}": invalid identifier')
    if thing.owner != ddl.user:
        ddl.require("COMMENT ANY TABLE")
    ddl.run(
        "insert into ora_meta.comments values ($1, $2, $3, $4)"
        " on conflict (owner, table_name, col) do update set comments = excluded.comments",
        [owner, name, col, reader.text()],
    )
