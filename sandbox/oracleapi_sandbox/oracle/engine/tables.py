"""Tables: columns, constraints, ALTER, TRUNCATE, COMMENT. Source: Database SQL Language Reference 19c, CREATE TABLE. [D]

A primary key is UNIQUE and NOT NULL in PostgreSQL, never its PRIMARY KEY: that would let it accept ungrouped columns.
"""

from dataclasses import dataclass, field

from oracleapi_sandbox.oracle.engine.catalog import Thing
from oracleapi_sandbox.oracle.engine.ddl import Ddl, engine_name
from oracleapi_sandbox.oracle.engine.emit import literal, quote
from oracleapi_sandbox.oracle.engine.text import not_supported
from oracleapi_sandbox.oracle.engine.translate import emit_expression, translate
from oracleapi_sandbox.oracle.ports import OracleError

_PHYSICAL = ("TABLESPACE", "PCTFREE", "PCTUSED", "INITRANS", "MAXTRANS", "LOGGING", "NOLOGGING", "NOCOMPRESS", "CACHE",
             "NOCACHE", "SEGMENT", "STORAGE", "NOPARALLEL", "MONITORING", "COMPRESS", "ENABLE", "ROW")  # fmt: skip
_SYNONYMS = {"VARCHAR": "VARCHAR2", "NVARCHAR2": "VARCHAR2", "NCHAR": "CHAR", "NCLOB": "CLOB", "DECIMAL": "NUMBER",
             "NUMERIC": "NUMBER", "DEC": "NUMBER", "CHARACTER": "CHAR"}  # fmt: skip
_INTEGERS = ("INTEGER", "INT", "SMALLINT")
_PLAIN = {"CLOB": ("ora.clob", 4000), "BLOB": ("ora.blob", 4000), "DATE": ("ora.date", 7), "BINARY_DOUBLE": ("float8", 8),
          "BINARY_FLOAT": ("float8", 4), "JSON": ("ora.clob", 4000), "BOOLEAN": ("boolean", 1)}  # fmt: skip
ANY_RIGHTS = ("SELECT", "INSERT", "UPDATE", "DELETE")


@dataclass
class _Column:
    """A column as declared."""

    name: str
    type: str
    engine: str
    length: int = 0
    precision: int | None = None
    scale: int | None = None
    chars: bool = False
    nullable: bool = True
    default: str | None = None
    on_null: bool = False
    identity: str | None = None
    sequence: str | None = None


@dataclass
class _Constraint:
    """A constraint as declared; *type* is Oracle's letter: P, U, C, R."""

    type: str
    columns: tuple[str, ...]
    name: str | None = None
    condition: str | None = None
    target: tuple[str, str] | None = None
    target_columns: tuple[str, ...] = ()
    delete_rule: str = "NO ACTION"


@dataclass
class _Definition:
    columns: list[_Column] = field(default_factory=list)
    constraints: list[_Constraint] = field(default_factory=list)


def create_table(ddl: Ddl) -> None:
    """``CREATE TABLE [schema.]t (columns and constraints) [physical attributes] | AS SELECT``."""
    reader = ddl.reader
    owner, name = reader.qualified(ddl.schema)
    ddl.require_in(owner, "CREATE TABLE", "CREATE ANY TABLE")
    if reader.accept("AS"):
        _create_as(ddl, owner, name)
        return
    definition = _Definition()
    reader.expect("(", code=906, message="missing left parenthesis")
    while True:
        if not _out_of_line(ddl, definition):
            definition.columns.append(_column(ddl, definition))
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


def _create(ddl: Ddl, owner: str, name: str, definition: _Definition) -> None:
    target = engine_name(owner, name)
    for column in definition.columns:
        _sequence_for(ddl, owner, column)
    columns = ", ".join(_column_text(ddl, owner, name, each) for each in definition.columns)
    ddl.run(f"create table {target} ({columns})")
    ddl.run(f"alter table {target} owner to {quote(owner)}")
    for right in ANY_RIGHTS:
        ddl.run(f"grant {right} on {target} to {quote(f'{right} ANY TABLE')}")
    ddl.run(f'grant select on {target} to "READ ANY TABLE"')
    for position, column in enumerate(definition.columns, 1):
        _record_column(ddl, owner, name, position, column)
    _null_defaults(ddl, owner, name, definition.columns)
    for column in definition.columns:
        if not column.nullable and not any(
            each.type == "P" and column.name in each.columns for each in definition.constraints
        ):
            _record_constraint(
                ddl,
                owner,
                name,
                _Constraint("C", (column.name,), condition=f'"{column.name}" IS NOT NULL'),
                _generated(ddl),
            )
    for constraint in definition.constraints:
        _add_constraint(ddl, owner, name, constraint, {column.name: column for column in definition.columns})


def _sequence_for(ddl: Ddl, owner: str, column: _Column) -> None:
    """The hidden sequence of an identity column."""
    if column.identity is None:
        return
    number = ddl.run("select nextval('ora_meta.ids')")[0][0]
    column.sequence = engine_name(owner, f"ISEQ$$_{number}")
    ddl.run(f"create sequence {column.sequence} {column.default or ''}")
    ddl.run(f"alter sequence {column.sequence} owner to {quote(owner)}")
    ddl.run(f"grant usage on sequence {column.sequence} to public")
    column.default = f"{engine_name(owner, f'ISEQ$$_{number}')}.nextval"


def _column_text(ddl: Ddl, owner: str, table: str, column: _Column) -> str:
    text = f"{quote(column.name)} {column.engine}"
    if column.sequence is not None:
        text += f" default cast(nextval({literal(column.sequence)}) as numeric)"
    elif column.default is not None:
        text += f" default {emit_expression(column.default, ddl.context, {})}"
    if not column.nullable:
        text += " not null"
    if column.type in ("VARCHAR2", "RAW"):
        where = ", ".join(literal(part) for part in (owner, table, column.name))
        chars = "true" if column.chars else "false"
        text += f" check (ora.fits({quote(column.name)}, {column.length}, {chars}, {where}))"
    return text


def _null_defaults(ddl: Ddl, owner: str, table: str, columns: list[_Column]) -> None:
    """DEFAULT ON NULL: the default replaces an explicit NULL too."""
    wanted = [column for column in columns if column.on_null]
    if not wanted:
        return
    sets = []
    for column in wanted:
        value = f"cast(nextval({literal(column.sequence)}) as numeric)" if column.sequence else None
        value = value or emit_expression(column.default or "NULL", ddl.context, {})
        sets.append(f"new.{quote(column.name)} := coalesce(new.{quote(column.name)}, {value});")
    number = ddl.run("select nextval('ora_meta.ids')")[0][0]
    ddl.run(
        f"create function ora.nulls_{number}() returns trigger language plpgsql set search_path = ora, pg_catalog as"
        f" {literal('begin ' + ' '.join(sets) + ' return new; end')}"
    )
    ddl.run(
        f"create trigger nulls before insert on {engine_name(owner, table)} for each row execute function ora.nulls_{number}()"
    )


def _record_column(ddl: Ddl, owner: str, table: str, position: int, column: _Column) -> None:
    ddl.run(
        "insert into ora_meta.columns values ($1, $2, $3, $4, $5, $6, $7, $8, $9::boolean, $10::boolean, $11, $12, $13::boolean)",
        [
            owner,
            table,
            position,
            column.name,
            column.type,
            column.length,
            column.precision,
            column.scale,
            column.chars,
            column.nullable,
            column.default,
            column.identity,
            column.on_null,
        ],
    )


# Columns


def _column(ddl: Ddl, definition: _Definition) -> _Column:
    reader = ddl.reader
    name = reader.name(904, "invalid identifier")
    column = _type(ddl, name)
    while not (reader.token.is_op(",", ")") or reader.token.kind == "eof"):
        if reader.accept("DEFAULT"):
            column.on_null = reader.accept("ON", "NULL")
            column.nullable = column.nullable and not column.on_null
            column.default = reader.until(
                ",", ")", "NOT", "NULL", "CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "REFERENCES"
            )
        elif reader.accept("GENERATED"):
            _identity(ddl, column)
        else:
            _inline(ddl, definition, column)
    return column


def _identity(ddl: Ddl, column: _Column) -> None:
    reader = ddl.reader
    kind = "ALWAYS"
    if reader.accept("BY"):
        reader.expect("DEFAULT")
        kind = "BY DEFAULT"
        column.on_null = reader.accept("ON", "NULL")
    else:
        reader.expect("ALWAYS")
    reader.expect("AS")
    if not reader.accept("IDENTITY"):
        raise not_supported("a virtual column", reader.token)
    if column.type != "NUMBER":
        raise OracleError(30675, "identity column must be a numeric type")
    column.identity, column.nullable = kind, False
    column.default = ""
    if reader.token.is_op("("):
        reader.expect("(")
        column.default = sequence_options(ddl)[0]
        reader.expect(")")


def _type(ddl: Ddl, name: str) -> _Column:
    reader = ddl.reader
    token = reader.token
    if token.kind != "word" or token.is_word("DEFAULT", "NOT", "NULL", "PRIMARY", "UNIQUE", "CONSTRAINT"):
        raise OracleError(2263, "need to specify the datatype for this column", token.start)
    reader.at += 1
    kind = _SYNONYMS.get(token.text, token.text)
    if kind in _INTEGERS:
        return _Column(name, "NUMBER", "numeric(38, 0)", 22, None, 0)
    if kind == "BOOLEAN" and ddl.context.major < 23:
        raise OracleError(902, "invalid datatype", token.start)
    if kind in _PLAIN:
        if kind == "BINARY_FLOAT":
            raise not_supported("BINARY_FLOAT", token)
        return _Column(name, kind, _PLAIN[kind][0], _PLAIN[kind][1])
    build = {"NUMBER": _number, "FLOAT": _float, "VARCHAR2": _string, "CHAR": _string, "RAW": _raw}.get(kind)
    if build is not None:
        return build(ddl, name, kind)
    if kind == "TIMESTAMP":
        return _timestamp(ddl, name)
    if kind == "INTERVAL":
        reader.expect("DAY", code=902, message="invalid datatype")
        reader.expect("TO")
        reader.expect("SECOND")
        return _Column(name, "INTERVAL DAY TO SECOND", "interval", 11)
    if kind in ("LONG", "BFILE", "ROWID", "UROWID", "XMLTYPE", "SDO_GEOMETRY", "VECTOR"):
        raise not_supported(f"datatype {kind}", token)
    raise OracleError(902, "invalid datatype", token.start)


def _number(ddl: Ddl, name: str, kind: str) -> _Column:
    reader = ddl.reader
    if not reader.accept("("):
        return _Column(name, kind, "numeric", 22)
    precision = 38 if reader.accept("*") else reader.integer()
    scale = reader.integer() if reader.accept(",") else 0
    reader.expect(")", code=907, message="missing right parenthesis")
    if not 1 <= precision <= 38:
        raise OracleError(1727, "numeric precision specifier is out of range (1 to 38)")
    if not -84 <= scale <= 127:
        raise OracleError(1728, "numeric scale specifier is out of range (-84 to 127)")
    return _Column(name, kind, f"numeric({precision}, {scale})", 22, precision, scale)


def _float(ddl: Ddl, name: str, kind: str) -> _Column:
    if ddl.reader.accept("("):
        ddl.reader.integer()
        ddl.reader.expect(")", code=907, message="missing right parenthesis")
    return _Column(name, "FLOAT", "numeric", 22, 126)


def _string(ddl: Ddl, name: str, kind: str) -> _Column:
    reader = ddl.reader
    if not reader.accept("("):
        if kind == "VARCHAR2":
            raise OracleError(906, "missing left parenthesis", reader.token.start)
        return _Column(name, kind, "char(1)", 1)
    length = reader.integer()
    chars = reader.accept("CHAR")
    reader.accept("BYTE")
    reader.expect(")", code=907, message="missing right parenthesis")
    most = 2000 if kind == "CHAR" else 32767
    if length < 1:
        raise OracleError(1723, "zero-length columns are not allowed")
    if length > most:
        raise OracleError(910, "specified length too long for its datatype")
    return _Column(name, kind, f"char({length})" if kind == "CHAR" else "text", length, chars=chars)


def _raw(ddl: Ddl, name: str, kind: str) -> _Column:
    ddl.reader.expect("(", code=906, message="missing left parenthesis")
    length = ddl.reader.integer()
    ddl.reader.expect(")", code=907, message="missing right parenthesis")
    return _Column(name, kind, "bytea", length)


def _timestamp(ddl: Ddl, name: str) -> _Column:
    reader = ddl.reader
    digits = 6
    if reader.accept("("):
        digits = reader.integer()
        reader.expect(")", code=907, message="missing right parenthesis")
    if not 0 <= digits <= 9:
        raise OracleError(30088, "datetime/interval precision is out of range")
    if reader.accept("WITH"):
        local = " LOCAL" if reader.accept("LOCAL") else ""
        reader.expect("TIME")
        reader.expect("ZONE")
        return _Column(name, f"TIMESTAMP WITH{local} TIME ZONE", f"timestamptz({min(digits, 6)})", 13, scale=digits)
    return _Column(name, "TIMESTAMP", f"timestamp({min(digits, 6)})", 11, scale=digits)


# Constraints


def _inline(ddl: Ddl, definition: _Definition, column: _Column) -> None:
    reader = ddl.reader
    name = reader.name() if reader.accept("CONSTRAINT") else None
    if reader.accept("NOT", "NULL"):
        column.nullable = False
    elif reader.accept("NULL"):
        column.nullable = True
    else:
        token = reader.token
        constraint = _constraint(ddl, name, (column.name,))
        if constraint is None:
            raise OracleError(907, "missing right parenthesis", token.start)
        if constraint.type == "P":
            column.nullable = False
        definition.constraints.append(constraint)
    _constraint_state(ddl)


def _out_of_line(ddl: Ddl, definition: _Definition) -> bool:
    reader = ddl.reader
    named = reader.token.is_word("CONSTRAINT")
    name = None
    if named:
        reader.at += 1
        name = reader.name()
    constraint = _constraint(ddl, name, None)
    if constraint is None:
        if named:
            raise OracleError(904, "invalid identifier", reader.token.start)
        return False
    _constraint_state(ddl)
    if constraint.type == "P":
        for column in definition.columns:
            column.nullable = column.nullable and column.name not in constraint.columns
    definition.constraints.append(constraint)
    return True


def _constraint(ddl: Ddl, name: str | None, columns: tuple[str, ...] | None) -> _Constraint | None:
    """Read a constraint; *columns* are given for an inline one."""
    reader = ddl.reader
    if reader.accept("PRIMARY", "KEY"):
        return _Constraint("P", columns or reader.names(), name)
    if reader.token.is_word("UNIQUE") and (columns or reader.peek().is_op("(")):
        reader.at += 1
        return _Constraint("U", columns or reader.names(), name)
    if reader.token.is_word("CHECK") and reader.peek().is_op("("):
        reader.at += 1
        return _Constraint("C", columns or (), name, condition=reader.parenthesised())
    if columns is None and reader.accept("FOREIGN", "KEY"):
        own = reader.names()
        reader.expect("REFERENCES", code=905, message="missing keyword")
        return _references(ddl, name, own)
    if columns is not None and reader.accept("REFERENCES"):
        return _references(ddl, name, columns)
    return None


def _references(ddl: Ddl, name: str | None, columns: tuple[str, ...]) -> _Constraint:
    reader = ddl.reader
    target = reader.qualified(ddl.schema)
    names = reader.names() if reader.token.is_op("(") else ()
    rule = "NO ACTION"
    if reader.accept("ON", "DELETE"):
        rule = "CASCADE" if reader.accept("CASCADE") else "SET NULL"
        if rule == "SET NULL":
            reader.expect("SET")
            reader.expect("NULL")
    return _Constraint("R", columns, name, None, target, names, rule)


def _constraint_state(ddl: Ddl) -> None:
    reader = ddl.reader
    if reader.token.is_word("DEFERRABLE", "INITIALLY", "DISABLE", "NOVALIDATE", "RELY"):
        raise not_supported(f"constraint state {reader.token.text}", reader.token)
    reader.accept("ENABLE")
    reader.accept("VALIDATE")
    if reader.accept("USING", "INDEX"):
        if reader.accept("TABLESPACE"):
            reader.name()
        elif reader.token.kind != "eof" and not reader.token.is_op(",", ")"):
            raise not_supported("USING INDEX with an index", reader.token)


def _generated(ddl: Ddl) -> str:
    number = int(ddl.run("select nextval('ora_meta.ids')")[0][0])
    return f"SYS_C{number:07d}"


def _record_constraint(
    ddl: Ddl, owner: str, table: str, constraint: _Constraint, name: str, r_name: str | None = None
) -> None:
    ddl.run(
        "insert into ora_meta.constraints values ($1, $2, $3, $4, $5::text[], $6, $7, $8, $9, $10::boolean)",
        [
            owner,
            name,
            table,
            constraint.type,
            list(constraint.columns),
            constraint.condition,
            constraint.target[0] if constraint.target else None,
            r_name,
            constraint.delete_rule if constraint.type == "R" else None,
            constraint.name is None,
        ],
    )


def _add_constraint(ddl: Ddl, owner: str, table: str, constraint: _Constraint, columns: dict[str, _Column]) -> None:
    for each in constraint.columns:
        if each not in columns:
            raise OracleError(904, f'"{each}": invalid identifier')
    name = constraint.name or _generated(ddl)
    if (owner, name) in ddl.catalog.constraints:
        raise OracleError(2264, "name already used by an existing constraint")
    target, r_name = engine_name(owner, table), None
    listed = ", ".join(quote(each) for each in constraint.columns)
    if constraint.type in ("P", "U"):
        if constraint.type == "P" and _has_primary(ddl, owner, table):
            raise OracleError(2260, "table can have only one primary key")
        text = f"unique ({listed})"
        ddl.add_object(owner, name, "INDEX", target_owner=owner, target_name=table, details={"unique": True})
        for each in constraint.columns if constraint.type == "P" else ():
            ddl.run(f"alter table {target} alter column {quote(each)} set not null")
    elif constraint.type == "C":
        kinds = {
            each.name: {"NUMBER": "n", "VARCHAR2": "s", "CLOB": "s", "DATE": "d"}.get(each.type, "?")
            for each in columns.values()
        }
        text = f"check ({emit_expression(constraint.condition or '', ddl.context, kinds)})"
    else:
        text, r_name = _foreign_key(ddl, owner, table, constraint, listed)
    ddl.run(f"alter table {target} add constraint {quote(name)} {text}")
    _record_constraint(ddl, owner, table, constraint, name, r_name)


def _has_primary(ddl: Ddl, owner: str, table: str) -> bool:
    rows = ddl.run(
        "select 1 from ora_meta.constraints where owner = $1 and table_name = $2 and type = 'P'", [owner, table]
    )
    return bool(rows)


def _foreign_key(ddl: Ddl, owner: str, table: str, constraint: _Constraint, listed: str) -> tuple[str, str]:
    assert constraint.target is not None
    parent, r_table = constraint.target
    rows = ddl.run(
        "select name, columns, type from ora_meta.constraints where owner = $1 and table_name = $2 and type in ('P', 'U')",
        [parent, r_table],
    )
    known = ddl.run(
        "select 1 from ora_meta.objects where owner = $1 and name = $2 and type = 'TABLE'", [parent, r_table]
    )
    if not known:
        raise OracleError(942, "table or view does not exist")
    if parent != owner and not ddl.catalog.may(
        owner, {owner, "PUBLIC"}, ddl.catalog.objects[(parent, r_table)], "REFERENCES"
    ):
        raise OracleError(1031, "insufficient privileges")
    for name, columns, kind in rows:
        if tuple(columns) == constraint.target_columns or (not constraint.target_columns and kind == "P"):
            names = ", ".join(quote(each) for each in columns)
            rule = {"CASCADE": " on delete cascade", "SET NULL": " on delete set null"}.get(constraint.delete_rule, "")
            return f"foreign key ({listed}) references {engine_name(parent, r_table)} ({names}){rule}", str(name)
    if not constraint.target_columns:
        raise OracleError(2268, "referenced table does not have a primary key")
    raise OracleError(2270, "no matching unique or primary key for this column-list")


# CREATE TABLE AS SELECT


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
    definition = _Definition([_column_from(ddl, *each) for each in columns])
    _create(ddl, owner, name, definition)
    ddl.run(f"insert into {engine_name(owner, name)} {translation.sql}")


def _column_from(ddl: Ddl, name: str, kind: str, length: int, precision: int | None, scale: int | None) -> _Column:
    engine = {"VARCHAR2": "text", "CHAR": f"char({length})", "TIMESTAMP": "timestamp", "RAW": "bytea"}.get(kind)
    if engine is None:
        engine = _PLAIN[kind][0] if kind in _PLAIN else "timestamptz" if kind.startswith("TIMESTAMP") else "numeric"
    if kind == "NUMBER" and precision:
        engine = f"numeric({precision}, {scale or 0})"
    return _Column(name, kind, engine, length, precision, scale)


# ALTER, DROP, TRUNCATE, COMMENT


def _own_table(ddl: Ddl, anywhere: str, right: str = "") -> Thing:
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
    thing = _own_table(ddl, "DROP ANY TABLE")
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
    thing = _own_table(ddl, "DROP ANY TABLE")
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
        "insert into ora_meta.comments values ($1, $2, $3, $4) on conflict (owner, table_name, col) do update set comments = excluded.comments",
        [owner, name, col, reader.text()],
    )


def alter_table(ddl: Ddl) -> None:
    """``ALTER TABLE t {ADD … | MODIFY … | DROP COLUMN … | DROP CONSTRAINT … | RENAME …}``."""
    thing = _own_table(ddl, "ALTER ANY TABLE", "ALTER")
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


def _declared(thing: Thing) -> dict[str, _Column]:
    return {name: _Column(name, info.type, "") for name, info in thing.columns.items()}


def _add(ddl: Ddl, thing: Thing) -> None:
    reader, definition = ddl.reader, _Definition()
    listed = reader.accept("(")
    while True:
        if not _out_of_line(ddl, definition):
            definition.columns.append(_column(ddl, definition))
        if not (listed and reader.accept(",")):
            break
    if listed:
        reader.expect(")", code=907, message="missing right parenthesis")
    reader.end(1735, "invalid ALTER TABLE option")
    position = len(thing.columns)
    for column in definition.columns:
        if column.name in thing.columns:
            raise OracleError(1430, "column being added already exists in table")
        _sequence_for(ddl, thing.owner, column)
        if not column.nullable and column.default is None:
            if ddl.run(f"select 1 from {engine_name(thing.owner, thing.name)} limit 1"):  # noqa: S608
                raise OracleError(1758, "table must be empty to add mandatory (NOT NULL) column")
        ddl.run(
            f"alter table {engine_name(thing.owner, thing.name)} add column {_column_text(ddl, thing.owner, thing.name, column)}"
        )
        position += 1
        _record_column(ddl, thing.owner, thing.name, position, column)
    columns = {**_declared(thing), **{column.name: column for column in definition.columns}}
    for constraint in definition.constraints:
        _add_constraint(ddl, thing.owner, thing.name, constraint, columns)


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
        column = _type(ddl, name)
        if column.type != info.type:
            raise OracleError(1439, "column to be modified must be empty to change datatype")
        if column.type in ("VARCHAR2", "RAW"):
            _resize(ddl, thing, column)
        else:
            ddl.run(f"alter table {target} alter column {quote(name)} type {column.engine}")
        ddl.run(
            "update ora_meta.columns set length = $4, precision = $5, scale = $6, chars = $7::boolean where owner = $1 and table_name = $2 and name = $3",
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
            if not nullable and ddl.run(f"select 1 from {target} where {quote(name)} is null limit 1"):  # noqa: S608
                raise OracleError(2296, f"cannot enable ({thing.owner}.) - null values found")
            ddl.run(f"alter table {target} alter column {quote(name)} {change} not null")
            ddl.run(
                "update ora_meta.columns set nullable = $4::boolean where owner = $1 and table_name = $2 and name = $3",
                [thing.owner, thing.name, name, nullable],
            )


def _resize(ddl: Ddl, thing: Thing, column: _Column) -> None:
    """Replace the length check of a string column."""
    target = engine_name(thing.owner, thing.name)
    rows = ddl.run(
        "select c.conname from pg_constraint c where c.conrelid = $1::regclass and c.contype = 'c'"
        " and pg_get_constraintdef(c.oid) like '%ora.fits(' || quote_ident($2) || ',%'",
        [target, column.name],
    )
    for (check,) in rows:
        ddl.run(f"alter table {target} drop constraint {quote(check)}")
    where = ", ".join(literal(part) for part in (thing.owner, thing.name, column.name))
    largest = ddl.run(
        f"select max({'length' if column.chars else 'octet_length'}({quote(column.name)})) from {target}"
    )[0][0]  # noqa: S608
    if largest is not None and largest > column.length:
        raise OracleError(1441, "cannot decrease column length because some value is too big")
    chars = "true" if column.chars else "false"
    ddl.run(f"alter table {target} add check (ora.fits({quote(column.name)}, {column.length}, {chars}, {where}))")


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
    ddl.run(f"alter table {engine_name(thing.owner, thing.name)} rename column {quote(old)} to {quote(new)}")
    ddl.run(
        "update ora_meta.columns set name = $4 where owner = $1 and table_name = $2 and name = $3",
        [thing.owner, thing.name, old, new],
    )
    ddl.run(
        "update ora_meta.constraints set columns = array_replace(columns, $3, $4) where owner = $1 and table_name = $2",
        [thing.owner, thing.name, old, new],
    )


def sequence_options(ddl: Ddl) -> tuple[str, dict[str, object]]:
    """Read sequence options; returns PostgreSQL's text and what the dictionary shows."""
    reader, text = ddl.reader, []
    details: dict[str, object] = {
        "min": 1,
        "max": "9999999999999999999999999999",
        "increment": 1,
        "cycle": "N",
        "cache": 20,
    }
    while reader.token.kind == "word":
        if reader.accept("START"):
            reader.accept("WITH")
            text.append(f"start with {reader.integer()}")
        elif reader.accept("INCREMENT"):
            reader.accept("BY")
            details["increment"] = reader.integer()
            text.append(f"increment by {details['increment']}")
        elif reader.accept("MAXVALUE"):
            details["max"] = str(int(reader.token.number))
            reader.at += 1
            text.append(f"maxvalue {min(int(str(details['max'])), 2**63 - 1)}")
        elif reader.accept("MINVALUE"):
            details["min"] = reader.integer()
            text.append(f"minvalue {details['min']}")
        elif reader.accept("CACHE"):
            details["cache"] = reader.integer()
        elif reader.accept("CYCLE"):
            details["cycle"] = "Y"
            text.append("cycle")
        elif not any(
            reader.accept(word)
            for word in (
                "NOCACHE",
                "NOCYCLE",
                "NOMAXVALUE",
                "NOMINVALUE",
                "ORDER",
                "NOORDER",
                "NOKEEP",
                "NOSCALE",
                "GLOBAL",
            )
        ):
            raise OracleError(922, "missing or invalid option", reader.token.start)
    return " ".join(text), details
