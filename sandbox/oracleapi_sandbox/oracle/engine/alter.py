"""ALTER TABLE. Source: Database SQL Language Reference 19c. [D]"""

# ruff: noqa: S608 - texts are made of quoted identifiers and literals

from oracleapi_sandbox.oracle.engine.catalog import Thing
from oracleapi_sandbox.oracle.engine.columns import (
    ColumnSpec,
    Definition,
    column_text,
    length_check,
    length_check_name,
    record_column,
    sequence_for,
    type_spec,
)
from oracleapi_sandbox.oracle.engine.constraints import add_constraint, column_spec, out_of_line
from oracleapi_sandbox.oracle.engine.ddl import Ddl, engine_name
from oracleapi_sandbox.oracle.engine.scope import quote
from oracleapi_sandbox.oracle.engine.tables import own_table
from oracleapi_sandbox.oracle.engine.text import not_supported
from oracleapi_sandbox.oracle.engine.translate import emit_expression
from oracleapi_sandbox.oracle.ports import OracleError


def alter_table(ddl: Ddl) -> None:
    """``ALTER TABLE t {ADD … | MODIFY … | DROP COLUMN … | DROP CONSTRAINT … | RENAME …}``."""
    thing = own_table(ddl, "ALTER ANY TABLE", "ALTER")
    reader = ddl.reader
    if reader.accept("ADD"):
        _add(ddl, thing)
    elif reader.accept("MODIFY"):
        _modify(ddl, thing)
    elif reader.accept("DROP", "CONSTRAINT"):
        _drop_constraint(ddl, thing, reader.name())
    elif reader.accept("DROP", "PRIMARY", "KEY"):
        keys = [
            key[1]
            for key, each in ddl.catalog.constraints.items()
            if key[0] == thing.owner and each["table_name"] == thing.name and each["type"] == "P"
        ]
        if not keys:
            raise OracleError(2441, "Cannot drop nonexistent primary key")
        _drop_constraint(ddl, thing, keys[0])
    elif reader.accept("DROP"):
        _drop_columns(ddl, thing)
    elif reader.accept("RENAME", "COLUMN"):
        _rename_column(ddl, thing)
    else:
        raise not_supported(f"ALTER TABLE … {reader.token.text}", reader.token)


def _declared(thing: Thing) -> dict[str, ColumnSpec]:
    return {name: ColumnSpec(name, info.type, "") for name, info in thing.columns.items()}


def _add(ddl: Ddl, thing: Thing) -> None:
    reader, definition = ddl.reader, Definition()
    listed = reader.accept("(")
    while True:
        if not out_of_line(ddl, definition):
            definition.columns.append(column_spec(ddl, definition))
        if not (listed and reader.accept(",")):
            break
    if listed:
        reader.expect(")", code=907, message="missing right parenthesis")
    reader.end(1735, "invalid ALTER TABLE option")
    position, target = len(thing.columns), engine_name(thing.owner, thing.name)
    for column in definition.columns:
        if column.name in thing.columns:
            raise OracleError(1430, "column being added already exists in table")
        sequence_for(ddl, thing.owner, column)
        mandatory = not column.nullable and column.default is None
        if mandatory and ddl.run(f"select 1 from {target} limit 1"):
            raise OracleError(1758, "table must be empty to add mandatory (NOT NULL) column")
        ddl.run(f"alter table {target} add column {column_text(ddl, thing.owner, thing.name, column)}")
        position += 1
        record_column(ddl, thing.owner, thing.name, position, column)
    columns = {**_declared(thing), **{column.name: column for column in definition.columns}}
    for constraint in definition.constraints:
        add_constraint(ddl, thing.owner, thing.name, constraint, columns)


def _modify(ddl: Ddl, thing: Thing) -> None:
    """``MODIFY (c [type] [DEFAULT x] [NULL | NOT NULL], …)``: a string may grow, a NUMBER keeps what fits."""
    reader = ddl.reader
    listed = reader.accept("(")
    while True:
        name = reader.name(904, "invalid identifier")
        if name not in thing.columns:
            raise OracleError(904, f'"{name}": invalid identifier')
        _modify_column(ddl, thing, name)
        if not (listed and reader.accept(",")):
            break
    if listed:
        reader.expect(")", code=907, message="missing right parenthesis")
    reader.end(1735, "invalid ALTER TABLE option")


def _modify_column(ddl: Ddl, thing: Thing, name: str) -> None:
    reader = ddl.reader
    target, info = engine_name(thing.owner, thing.name), thing.columns[name]
    if reader.token.kind == "word" and not reader.token.is_word("DEFAULT", "NOT", "NULL", "CONSTRAINT"):
        column = type_spec(ddl, name)
        if column.type != info.type:
            raise OracleError(1439, "column to be modified must be empty to change datatype")
        if column.type in ("VARCHAR2", "RAW"):
            _resize(ddl, thing, column)
        else:
            ddl.run(f"alter table {target} alter column {quote(name)} type {column.engine}")
        ddl.run(
            "update ora_meta.columns set length = $4, precision = $5, scale = $6, chars = $7::boolean"
            " where owner = $1 and table_name = $2 and name = $3",
            [thing.owner, thing.name, name, column.length, column.precision, column.scale, column.chars],
        )
    if reader.accept("DEFAULT"):
        text = reader.until(",", ")", "NOT", "NULL")
        ddl.run(f"alter table {target} alter column {quote(name)} set default {emit_expression(text, ddl.context, {})}")
        ddl.run(
            "update ora_meta.columns set default_text = $4 where owner = $1 and table_name = $2 and name = $3",
            [thing.owner, thing.name, name, text],
        )
    for words, change, nullable in ((("NOT", "NULL"), "set", False), (("NULL",), "drop", True)):
        if reader.accept(*words):
            if nullable == info.nullable:
                code, text = (
                    (1451, "column to be modified to NULL cannot be modified to NULL")
                    if nullable
                    else (1442, "column to be modified to NOT NULL is already NOT NULL")
                )
                raise OracleError(code, text)
            if not nullable and ddl.run(f"select 1 from {target} where {quote(name)} is null limit 1"):
                raise OracleError(2296, f"cannot enable ({thing.owner}.) - null values found")
            ddl.run(f"alter table {target} alter column {quote(name)} {change} not null")
            ddl.run(
                "update ora_meta.columns set nullable = $4::boolean where owner = $1 and table_name = $2 and name = $3",
                [thing.owner, thing.name, name, nullable],
            )


def _resize(ddl: Ddl, thing: Thing, column: ColumnSpec) -> None:
    """Replace the length check of a string column."""
    target = engine_name(thing.owner, thing.name)
    measure = "length" if column.chars else "octet_length"
    largest = ddl.run(f"select max({measure}({quote(column.name)})) from {target}")[0][0]
    if largest is not None and largest > column.length:
        raise OracleError(1441, "cannot decrease column length because some value is too big")
    ddl.run(f"alter table {target} drop constraint if exists {length_check_name(column.name)}")
    ddl.run(f"alter table {target} add {length_check(thing.owner, thing.name, column)}")


def _drop_constraint(ddl: Ddl, thing: Thing, name: str) -> None:
    each = ddl.catalog.constraints.get((thing.owner, name))
    if each is None or each["table_name"] != thing.name:
        raise OracleError(2443, "Cannot drop constraint  - nonexistent constraint")
    cascade = ddl.reader.accept("CASCADE")
    ddl.reader.end(1735, "invalid ALTER TABLE option")
    users = [
        key
        for key, other in ddl.catalog.constraints.items()
        if other["r_owner"] == thing.owner and other["r_name"] == name
    ]
    if users and not cascade:
        raise OracleError(2273, "this unique/primary key is referenced by some foreign keys")
    ddl.run(f"alter table {engine_name(thing.owner, thing.name)} drop constraint {quote(name)} cascade")
    for owner, other in [(thing.owner, name), *users]:
        ddl.run("delete from ora_meta.constraints where owner = $1 and name = $2", [owner, other])
    ddl.run("delete from ora_meta.objects where owner = $1 and name = $2 and type = 'INDEX'", [thing.owner, name])


def _drop_columns(ddl: Ddl, thing: Thing) -> None:
    reader = ddl.reader
    names = [reader.name()] if reader.accept("COLUMN") else list(reader.names())
    cascade = reader.accept("CASCADE", "CONSTRAINTS")
    reader.end(1735, "invalid ALTER TABLE option")
    for name in names:
        if name not in thing.columns:
            raise OracleError(904, f'"{name}": invalid identifier')
        if len(thing.columns) == len(names):
            raise OracleError(12983, "cannot drop all columns in a table")
        for key, each in ddl.catalog.constraints.items():
            if key[0] == thing.owner and each["table_name"] == thing.name and name in each["columns"]:
                if len(each["columns"]) > 1 and not cascade:
                    raise OracleError(12991, "column is referenced in a multi-column constraint")
                ddl.run("delete from ora_meta.constraints where owner = $1 and name = $2", list(key))
        ddl.run(f"alter table {engine_name(thing.owner, thing.name)} drop column {quote(name)} cascade")
        ddl.run(
            "delete from ora_meta.columns where owner = $1 and table_name = $2 and name = $3",
            [thing.owner, thing.name, name],
        )


def _rename_column(ddl: Ddl, thing: Thing) -> None:
    reader = ddl.reader
    old = reader.name()
    reader.expect("TO")
    new = reader.name()
    reader.end(1735, "invalid ALTER TABLE option")
    if old not in thing.columns:
        raise OracleError(904, f'"{old}": invalid identifier')
    if new in thing.columns:
        raise OracleError(957, "duplicate column name")
    target, info = engine_name(thing.owner, thing.name), thing.columns[old]
    ddl.run(f"alter table {target} rename column {quote(old)} to {quote(new)}")
    if info.type in ("VARCHAR2", "RAW"):
        ddl.run(f"alter table {target} drop constraint if exists {length_check_name(old)}")
        _resize(ddl, thing, ColumnSpec(new, info.type, "", info.length, chars=info.chars))
    ddl.run(
        "update ora_meta.columns set name = $4 where owner = $1 and table_name = $2 and name = $3",
        [thing.owner, thing.name, old, new],
    )
    ddl.run(
        "update ora_meta.constraints set columns = array_replace(columns, $3, $4) where owner = $1 and table_name = $2",
        [thing.owner, thing.name, old, new],
    )
