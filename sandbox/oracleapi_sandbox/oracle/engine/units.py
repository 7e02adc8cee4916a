"""Stored units: CREATE, DROP and ALTER … COMPILE of packages, their bodies, procedures and functions.

A unit that does not compile is created all the same, with its errors in the dictionary, and the client gets ORA-24344
(success with compilation error), which drivers show as a warning. [D]
"""

from collections.abc import Iterable

from oracleapi_sandbox.oracle.engine.ddl import Ddl
from oracleapi_sandbox.oracle.engine.text import not_supported
from oracleapi_sandbox.oracle.plsql.errors import CompileError
from oracleapi_sandbox.oracle.plsql.parse_units import parse_unit
from oracleapi_sandbox.oracle.ports import OracleError

KINDS = ("PACKAGE", "PROCEDURE", "FUNCTION")
BODY = "PACKAGE BODY"
COMPILED_WITH_ERRORS = OracleError(24344, "success with compilation error")


def create_unit(ddl: Ddl, replace: bool) -> None:
    """``CREATE [OR REPLACE] {PACKAGE [BODY] | PROCEDURE | FUNCTION} …``; the reader stands behind its kind."""
    reader = ddl.reader
    start = reader.tokens[reader.at - 1]
    kind = BODY if start.text == "PACKAGE" and reader.accept("BODY") else start.text
    owner, name = reader.qualified(ddl.schema)
    ddl.require_in(owner, "CREATE PROCEDURE", "CREATE ANY PROCEDURE")
    text = reader.sql[start.start :].rstrip()
    known = ddl.catalog.objects.get((owner, name))
    if kind == BODY and (known is None or known.type != "PACKAGE"):
        known = None
    taken = known is not None and (not replace or known.type != kind.removesuffix(" BODY"))
    if taken and not (kind == BODY and (owner, name, BODY) not in ddl.catalog.units):
        raise OracleError(955, "name is already used by an existing object")
    if kind != BODY and known is None:
        ddl.add_object(owner, name, kind)
    rights: str = "DEFINER"
    accessible: tuple[str, ...] = ()
    try:
        unit = parse_unit(text)
        rights, accessible = unit.rights, unit.accessible
    except CompileError:
        pass  # it is kept with its errors, which compiling finds again
    ddl.run("delete from ora_meta.units where owner = $1 and name = $2 and type = $3", [owner, name, kind])
    ddl.run(
        "insert into ora_meta.units (owner, name, type, text, rights, accessible)"
        " values ($1, $2, $3, $4, $5, $6::text[])",
        [owner, name, kind, text, rights, array(accessible)],
    )
    ddl.compile = (owner, name, kind)


def array(values: Iterable[str]) -> str:
    """A PostgreSQL array's text."""
    escaped = (value.replace("\\", "\\\\").replace('"', '\\"') for value in values)
    return "{" + ",".join(f'"{value}"' for value in escaped) + "}"


def fault(error: OracleError) -> str:
    """One error of a unit as the dictionary keeps it: the message of ORA-06550 begins with line and column."""
    return error.message


def drop_unit(ddl: Ddl) -> None:
    """``DROP {PACKAGE [BODY] | PROCEDURE | FUNCTION} u``."""
    reader = ddl.reader
    kind = reader.tokens[reader.at - 1].text
    body = kind == "PACKAGE" and reader.accept("BODY")
    owner, name = reader.qualified(ddl.schema)
    reader.end()
    ddl.existing(owner, name, kind, 4043, f"object {name} does not exist")
    if owner != ddl.user:
        ddl.require("DROP ANY PROCEDURE")
    if body:
        if (owner, name, BODY) not in ddl.catalog.units:
            raise OracleError(4043, f"object {name} does not exist")
        ddl.run("delete from ora_meta.units where owner = $1 and name = $2 and type = $3", [owner, name, BODY])
    else:
        ddl.drop_object(owner, name)


def alter_unit(ddl: Ddl) -> None:
    """``ALTER {PACKAGE | PROCEDURE | FUNCTION} u COMPILE [PACKAGE | SPECIFICATION | BODY]``."""
    reader = ddl.reader
    kind = reader.tokens[reader.at - 1].text
    owner, name = reader.qualified(ddl.schema)
    if not reader.accept("COMPILE"):
        raise not_supported(f"ALTER {kind} … {reader.token.text}", reader.token)
    reader.accept("PACKAGE")
    reader.accept("SPECIFICATION")
    reader.accept("BODY")
    reader.end()
    ddl.existing(owner, name, kind, 4043, f"object {name} does not exist")
    if owner != ddl.user:
        ddl.require("ALTER ANY PROCEDURE")
    ddl.compile = (owner, name, BODY if (owner, name, BODY) in ddl.catalog.units else kind)
