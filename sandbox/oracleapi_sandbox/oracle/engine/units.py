"""Stored units: CREATE, DROP and ALTER … COMPILE of packages, their bodies, procedures and functions.

A unit that does not compile is created all the same, with its errors in the dictionary; the client gets a warning
(ORA-24344, success with compilation error). Source: PL/SQL Language Reference, "SQL Statements for Stored PL/SQL
Units" [D].
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from oracleapi_sandbox.oracle.engine.ddl import Ddl
from oracleapi_sandbox.oracle.engine.text import not_supported
from oracleapi_sandbox.oracle.engine.unit_store import BODY, KINDS, record
from oracleapi_sandbox.oracle.plsql.errors import CompileError
from oracleapi_sandbox.oracle.plsql.parse_units import parse_unit
from oracleapi_sandbox.oracle.ports import CompilationReport, OracleError

if TYPE_CHECKING:
    from oracleapi_sandbox.oracle.engine.runner import Runner
    from oracleapi_sandbox.oracle.engine.session import EngineSession

COMPILED_WITH_ERRORS = OracleError(24344, "success with compilation error")
_WITHOUT_SPECIFICATION = (
    (1, 14, "PLS-00201: identifier '{}' must be declared"),
    (1, 14, "PLS-00304: cannot compile body of '{}' without its specification"),
)


def create_unit(ddl: Ddl, replace: bool) -> None:
    """``CREATE [OR REPLACE] {PACKAGE [BODY] | PROCEDURE | FUNCTION} …``; the reader stands behind its kind."""
    reader = ddl.reader
    start = reader.tokens[reader.at - 1]
    kind = BODY if start.text == "PACKAGE" and reader.accept("BODY") else start.text
    owner, name = reader.qualified(ddl.schema)
    ddl.require_in(owner, "CREATE PROCEDURE", "CREATE ANY PROCEDURE")
    known = ddl.catalog.objects.get((owner, name))
    exists = (owner, name, kind) in ddl.catalog.units
    if (exists and not replace) or (known is not None and known.type != kind.removesuffix(" BODY")):
        raise OracleError(955, "name is already used by an existing object")
    if kind != BODY and known is None:
        ddl.add_object(owner, name, kind)
    _keep_text(ddl, owner, name, kind, reader.sql[start.start :].rstrip())
    ddl.compile = ((owner, name, kind),)


def _keep_text(ddl: Ddl, owner: str, name: str, kind: str, text: str) -> None:
    rights: str = "DEFINER"
    accessible: tuple[str, ...] = ()
    try:
        unit = parse_unit(text)
        rights, accessible = unit.rights, unit.accessible
    except (CompileError, OracleError):
        pass  # it is kept with its errors, which compiling finds again
    ddl.run(
        "insert into ora_meta.units as u (owner, name, type, created, changed, text, rights, accessible, editionable)"
        " values ($1, $2, $3, $4, $4, $5, $6, $7::text[], $8) on conflict (owner, name, type) do update"
        " set changed = excluded.changed, text = excluded.text, rights = excluded.rights,"
        " accessible = excluded.accessible, editionable = excluded.editionable",
        [owner, name, kind, ddl.now, text, rights, _array(accessible), ddl.editionable],
    )


def _array(values: Iterable[str]) -> str:
    """A PostgreSQL array's text."""
    escaped = (value.replace("\\", "\\\\").replace('"', '\\"') for value in values)
    return "{" + ",".join(f'"{value}"' for value in escaped) + "}"


def drop_unit(ddl: Ddl) -> None:
    """``DROP {PACKAGE [BODY] | PROCEDURE | FUNCTION} u``."""
    reader = ddl.reader
    kind = reader.tokens[reader.at - 1].text
    kind = BODY if kind == "PACKAGE" and reader.accept("BODY") else kind
    owner, name = reader.qualified(ddl.schema)
    reader.end()
    _existing(ddl, owner, name, kind)
    if owner != ddl.user:
        ddl.require("DROP ANY PROCEDURE")
    if kind != BODY:
        ddl.drop_object(owner, name)
        return
    for table in ("units", "dependencies"):
        ddl.run(f"delete from ora_meta.{table} where owner = $1 and name = $2 and type = $3", [owner, name, BODY])  # noqa: S608


def _existing(ddl: Ddl, owner: str, name: str, kind: str) -> None:
    gone = OracleError(4043, f"object {name} does not exist")
    if (owner, name, kind) not in ddl.catalog.units:
        raise gone
    if kind != BODY or (owner, name) in ddl.catalog.objects:
        ddl.existing(owner, name, kind.removesuffix(" BODY"), gone.code, gone.message)


def alter_unit(ddl: Ddl) -> None:
    """``ALTER {PACKAGE | PROCEDURE | FUNCTION} u {COMPILE [PACKAGE | SPECIFICATION | BODY] | [NON]EDITIONABLE}``."""
    reader = ddl.reader
    kind = reader.tokens[reader.at - 1].text
    owner, name = reader.qualified(ddl.schema)
    compiles = reader.accept("COMPILE")
    editionable = not compiles and reader.accept("EDITIONABLE")
    if not (compiles or editionable or reader.accept("NONEDITIONABLE")):
        raise not_supported(f"ALTER {kind} … {reader.token.text}", reader.token)
    part = reader.token.text if compiles and kind == "PACKAGE" else "PACKAGE"
    if part in ("PACKAGE", "SPECIFICATION", "BODY") and kind == "PACKAGE":
        reader.accept(part)
    reader.accept("REUSE", "SETTINGS")
    reader.end()
    _existing(ddl, owner, name, kind)
    if owner != ddl.user:
        ddl.require("ALTER ANY PROCEDURE")
    if not compiles:
        ddl.run("update ora_meta.units set editionable = $3 where owner = $1 and name = $2", [owner, name, editionable])
        return
    body = [(owner, name, BODY)] if (owner, name, BODY) in ddl.catalog.units and part != "SPECIFICATION" else []
    if part == "BODY" and not body:
        raise OracleError(4043, f"object {name} does not exist")
    ddl.compile = (*([] if part == "BODY" else [(owner, name, kind)]), *body)


def compile_units(session: "EngineSession", units: Iterable[tuple[str, str, str]]) -> bool:
    """Compile units anew that a statement made or named; says whether all of them are valid."""
    outcomes = [_compiles(session.runner(), session, *each) for each in units]
    return all(outcomes)


def _compiles(runner: "Runner", session: "EngineSession", owner: str, name: str, kind: str) -> bool:
    from oracleapi_sandbox.oracle.plsql.stored import library_of

    library, text = library_of(runner), runner.unit_text(owner, name)
    if text is None:
        if kind != BODY:
            return True  # dropped meanwhile
        faults = tuple((line, column, text.format(name)) for line, column, text in _WITHOUT_SPECIFICATION)
        record(session, CompilationReport(owner, name, kind, faults, {}))
        return False
    library.forget((owner, name), body_only=kind == BODY)
    unit = library.specification(runner, text)
    if kind == "PACKAGE":
        return not unit.faults
    body = library.body(runner, unit)
    return body is not None and not body.faults


__all__ = ["BODY", "COMPILED_WITH_ERRORS", "KINDS", "alter_unit", "compile_units", "create_unit", "drop_unit"]
