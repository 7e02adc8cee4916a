"""Columns and constraints as CREATE TABLE and ALTER TABLE declare them, and how they are stored.

Source: Database SQL Language Reference 19c, "Data Types", "Constraints". [D]
"""

from dataclasses import dataclass, field

from oracleapi_sandbox.oracle.engine.ddl import Ddl, engine_name
from oracleapi_sandbox.oracle.engine.scope import literal, quote
from oracleapi_sandbox.oracle.engine.text import not_supported
from oracleapi_sandbox.oracle.engine.translate import emit_expression
from oracleapi_sandbox.oracle.ports import OracleError

_SYNONYMS = {"VARCHAR": "VARCHAR2", "NVARCHAR2": "VARCHAR2", "NCHAR": "CHAR", "NCLOB": "CLOB", "DECIMAL": "NUMBER",
             "NUMERIC": "NUMBER", "DEC": "NUMBER", "CHARACTER": "CHAR"}  # fmt: skip
_INTEGERS = ("INTEGER", "INT", "SMALLINT")
PLAIN_TYPES = {
    "CLOB": ("ora.clob", 4000),
    "BLOB": ("ora.blob", 4000),
    "DATE": ("ora.date", 7),
    "BINARY_DOUBLE": ("float8", 8),
    "BINARY_FLOAT": ("float8", 4),
    "JSON": ("ora.clob", 4000),
    "BOOLEAN": ("boolean", 1),
}


@dataclass
class ColumnSpec:
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
class ConstraintSpec:
    """A constraint as declared; *type* is Oracle's letter: P, U, C, R."""

    type: str
    columns: tuple[str, ...]
    name: str | None = None
    condition: str | None = None
    target: tuple[str, str] | None = None
    target_columns: tuple[str, ...] = ()
    delete_rule: str = "NO ACTION"


@dataclass
class Definition:
    columns: list[ColumnSpec] = field(default_factory=list)
    constraints: list[ConstraintSpec] = field(default_factory=list)


def identity(ddl: Ddl, column: ColumnSpec) -> None:
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


def type_spec(ddl: Ddl, name: str) -> ColumnSpec:
    reader = ddl.reader
    token = reader.token
    if token.kind != "word" or token.is_word("DEFAULT", "NOT", "NULL", "PRIMARY", "UNIQUE", "CONSTRAINT"):
        raise OracleError(2263, "need to specify the datatype for this column", token.start)
    reader.at += 1
    kind = _SYNONYMS.get(token.text, token.text)
    if kind in _INTEGERS:
        return ColumnSpec(name, "NUMBER", "numeric(38, 0)", 22, None, 0)
    if kind == "BOOLEAN" and ddl.context.major < 23:
        raise OracleError(902, "invalid datatype", token.start)
    if kind in PLAIN_TYPES:
        if kind == "BINARY_FLOAT":
            raise not_supported("BINARY_FLOAT", token)
        return ColumnSpec(name, kind, PLAIN_TYPES[kind][0], PLAIN_TYPES[kind][1])
    build = {"NUMBER": _number, "FLOAT": _float, "VARCHAR2": _string, "CHAR": _string, "RAW": _raw}.get(kind)
    if build is not None:
        return build(ddl, name, kind)
    if kind == "TIMESTAMP":
        return _timestamp(ddl, name)
    if kind == "INTERVAL":
        reader.expect("DAY", code=902, message="invalid datatype")
        reader.expect("TO")
        reader.expect("SECOND")
        return ColumnSpec(name, "INTERVAL DAY TO SECOND", "interval", 11)
    if kind in ("LONG", "BFILE", "ROWID", "UROWID", "XMLTYPE", "SDO_GEOMETRY", "VECTOR"):
        raise not_supported(f"datatype {kind}", token)
    raise OracleError(902, "invalid datatype", token.start)


def _number(ddl: Ddl, name: str, kind: str) -> ColumnSpec:
    reader = ddl.reader
    if not reader.accept("("):
        return ColumnSpec(name, kind, "numeric", 22)
    precision = 38 if reader.accept("*") else reader.integer()
    scale = reader.integer() if reader.accept(",") else 0
    reader.expect(")", code=907, message="missing right parenthesis")
    if not 1 <= precision <= 38:
        raise OracleError(1727, "numeric precision specifier is out of range (1 to 38)")
    if not -84 <= scale <= 127:
        raise OracleError(1728, "numeric scale specifier is out of range (-84 to 127)")
    return ColumnSpec(name, kind, f"numeric({precision}, {scale})", 22, precision, scale)


def _float(ddl: Ddl, name: str, kind: str) -> ColumnSpec:
    if ddl.reader.accept("("):
        ddl.reader.integer()
        ddl.reader.expect(")", code=907, message="missing right parenthesis")
    return ColumnSpec(name, "FLOAT", "numeric", 22, 126)


def _string(ddl: Ddl, name: str, kind: str) -> ColumnSpec:
    reader = ddl.reader
    if not reader.accept("("):
        if kind == "VARCHAR2":
            raise OracleError(906, "missing left parenthesis", reader.token.start)
        return ColumnSpec(name, kind, "char(1)", 1)
    length = reader.integer()
    chars = reader.accept("CHAR")
    reader.accept("BYTE")
    reader.expect(")", code=907, message="missing right parenthesis")
    most = 2000 if kind == "CHAR" else 32767
    if length < 1:
        raise OracleError(1723, "zero-length columns are not allowed")
    if length > most:
        raise OracleError(910, "specified length too long for its datatype")
    return ColumnSpec(name, kind, f"char({length})" if kind == "CHAR" else "text", length, chars=chars)


def _raw(ddl: Ddl, name: str, kind: str) -> ColumnSpec:
    ddl.reader.expect("(", code=906, message="missing left parenthesis")
    length = ddl.reader.integer()
    ddl.reader.expect(")", code=907, message="missing right parenthesis")
    return ColumnSpec(name, kind, "bytea", length)


def _timestamp(ddl: Ddl, name: str) -> ColumnSpec:
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
        return ColumnSpec(name, f"TIMESTAMP WITH{local} TIME ZONE", f"timestamptz({min(digits, 6)})", 13, scale=digits)
    return ColumnSpec(name, "TIMESTAMP", f"timestamp({min(digits, 6)})", 11, scale=digits)


def sequence_for(ddl: Ddl, owner: str, column: ColumnSpec) -> None:
    """The hidden sequence of an identity column."""
    if column.identity is None:
        return
    number = ddl.run("select nextval('ora_meta.ids')")[0][0]
    column.sequence = engine_name(owner, f"ISEQ$$_{number}")
    ddl.run(f"create sequence {column.sequence} {column.default or ''}")
    ddl.run(f"alter sequence {column.sequence} owner to {quote(owner)}")
    ddl.run(f"grant usage on sequence {column.sequence} to public")
    column.default = f"{engine_name(owner, f'ISEQ$$_{number}')}.nextval"


def column_text(ddl: Ddl, owner: str, table: str, column: ColumnSpec) -> str:
    text = f"{quote(column.name)} {column.engine}"
    if column.sequence is not None:
        text += f" default cast(nextval({literal(column.sequence)}) as numeric)"
    elif column.default is not None:
        text += f" default {emit_expression(column.default, ddl.context, {})}"
    if not column.nullable:
        text += " not null"
    if column.type in ("VARCHAR2", "RAW"):
        text += f" {length_check(owner, table, column)}"
    return text


def length_check_name(column: str) -> str:
    """The name of a string column's length check; never shown, because the check raises ORA-12899 itself."""
    return quote(f"${column[:50]}")


def length_check(owner: str, table: str, column: ColumnSpec) -> str:
    where = ", ".join(literal(part) for part in (owner, table, column.name))
    chars = "true" if column.chars else "false"
    check = f"ora.fits({quote(column.name)}, {column.length}, {chars}, {where})"
    return f"constraint {length_check_name(column.name)} check ({check})"


def null_defaults(ddl: Ddl, owner: str, table: str, columns: list[ColumnSpec]) -> None:
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
        f"create trigger nulls before insert on {engine_name(owner, table)}"
        f" for each row execute function ora.nulls_{number}()"
    )


def record_column(ddl: Ddl, owner: str, table: str, position: int, column: ColumnSpec) -> None:
    ddl.run(
        "insert into ora_meta.columns"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9::boolean, $10::boolean, $11, $12, $13::boolean)",
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
