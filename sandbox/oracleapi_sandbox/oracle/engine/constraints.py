"""PRIMARY KEY, UNIQUE, CHECK and REFERENCES: read, checked, made.

A primary key is UNIQUE and NOT NULL in PostgreSQL, never its PRIMARY KEY: that would let it accept ungrouped columns.
"""

from oracleapi_sandbox.oracle.engine.columns import ColumnSpec, ConstraintSpec, Definition, identity, type_spec
from oracleapi_sandbox.oracle.engine.ddl import Ddl, engine_name
from oracleapi_sandbox.oracle.engine.scope import quote
from oracleapi_sandbox.oracle.engine.text import not_supported
from oracleapi_sandbox.oracle.engine.translate import emit_expression
from oracleapi_sandbox.oracle.ports import OracleError


def column_spec(ddl: Ddl, definition: Definition) -> ColumnSpec:
    reader = ddl.reader
    name = reader.name(904, "invalid identifier")
    column = type_spec(ddl, name)
    while not (reader.token.is_op(",", ")") or reader.token.kind == "eof"):
        if reader.accept("DEFAULT"):
            column.on_null = reader.accept("ON", "NULL")
            column.nullable = column.nullable and not column.on_null
            column.default = reader.until(
                ",", ")", "NOT", "NULL", "CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "REFERENCES"
            )
        elif reader.accept("GENERATED"):
            identity(ddl, column)
        else:
            inline_constraint(ddl, definition, column)
    return column


def inline_constraint(ddl: Ddl, definition: Definition, column: ColumnSpec) -> None:
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


def out_of_line(ddl: Ddl, definition: Definition) -> bool:
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


def _constraint(ddl: Ddl, name: str | None, columns: tuple[str, ...] | None) -> ConstraintSpec | None:
    """Read a constraint; *columns* are given for an inline one."""
    reader = ddl.reader
    if reader.accept("PRIMARY", "KEY"):
        return ConstraintSpec("P", columns or reader.names(), name)
    if reader.token.is_word("UNIQUE") and (columns or reader.peek().is_op("(")):
        reader.at += 1
        return ConstraintSpec("U", columns or reader.names(), name)
    if reader.token.is_word("CHECK") and reader.peek().is_op("("):
        reader.at += 1
        return ConstraintSpec("C", columns or (), name, condition=reader.parenthesised())
    if columns is None and reader.accept("FOREIGN", "KEY"):
        own = reader.names()
        reader.expect("REFERENCES", code=905, message="missing keyword")
        return _references(ddl, name, own)
    if columns is not None and reader.accept("REFERENCES"):
        return _references(ddl, name, columns)
    return None


def _references(ddl: Ddl, name: str | None, columns: tuple[str, ...]) -> ConstraintSpec:
    reader = ddl.reader
    target = reader.qualified(ddl.schema)
    names = reader.names() if reader.token.is_op("(") else ()
    rule = "NO ACTION"
    if reader.accept("ON", "DELETE"):
        rule = "CASCADE" if reader.accept("CASCADE") else "SET NULL"
        if rule == "SET NULL":
            reader.expect("SET")
            reader.expect("NULL")
    return ConstraintSpec("R", columns, name, None, target, names, rule)


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


def generated_name(ddl: Ddl) -> str:
    number = int(ddl.run("select nextval('ora_meta.ids')")[0][0])
    return f"SYS_C{number:07d}"


def record_constraint(
    ddl: Ddl, owner: str, table: str, constraint: ConstraintSpec, name: str, r_name: str | None = None
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


def add_constraint(
    ddl: Ddl, owner: str, table: str, constraint: ConstraintSpec, columns: dict[str, ColumnSpec]
) -> None:
    for each in constraint.columns:
        if each not in columns:
            raise OracleError(904, f'"{each}": invalid identifier')
    name = constraint.name or generated_name(ddl)
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
    record_constraint(ddl, owner, table, constraint, name, r_name)


def _has_primary(ddl: Ddl, owner: str, table: str) -> bool:
    rows = ddl.run(
        "select 1 from ora_meta.constraints where owner = $1 and table_name = $2 and type = 'P'", [owner, table]
    )
    return bool(rows)


def _foreign_key(ddl: Ddl, owner: str, table: str, constraint: ConstraintSpec, listed: str) -> tuple[str, str]:
    assert constraint.target is not None
    parent, r_table = constraint.target
    rows = ddl.run(
        "select name, columns, type from ora_meta.constraints"
        " where owner = $1 and table_name = $2 and type in ('P', 'U')",
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
