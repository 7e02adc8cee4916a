"""``sql``: the guard and the operator's account, shown as a DBA's script, run by a DBA, taken away by a DBA."""

from collections.abc import Iterable
from dataclasses import dataclass

import oracledb

from oracleapi.adapters.oracle.guard_install import VERSION, install_statements, uninstall_statements
from oracleapi.cli.accounts import account_statements, reasons_of
from oracleapi.cli.errors import USAGE, CliError
from oracleapi.cli.sessions import code_of, told
from oracleapi.model.role import GUARD_SCHEMA

THERE_ALREADY = {"ORA-01920": "user", "ORA-00955": "object", "ORA-01408": "index", "ORA-00001": "row"}
GONE_ALREADY = {"ORA-01918": "user", "ORA-04043": "context", "ORA-04044": "context", "ORA-00942": "object"}
UNIT = "CREATE OR REPLACE "
UNITS = 6
"""Package and body of the entry, of its latch and of the decision."""


@dataclass(frozen=True)
class Done:
    """What became of one statement: run, or there (gone) already."""

    statement: str
    outcome: str

    def data(self) -> dict[str, str]:
        return {"statement": headline(self.statement), "outcome": self.outcome}


def statements_of(what: str, operator: str, check_account: str | None, tablespace: str, password: str) -> list[str]:
    """Return the statements of ``guard``, ``account`` or ``all``, the account first: the guard grants to it.

    Raises:
        CliError: A name is no identifier.
    """
    try:
        account = account_statements(operator, password) if what != "guard" else []
        return account + (install_statements(operator, check_account, tablespace) if what != "account" else [])
    except ValueError as error:
        raise CliError(f"{error}; write plain names in upper case, such as ORACLEAPI_OPERATOR", USAGE) from error


def script(statements: Iterable[str], operator: str) -> str:
    """Return a script for SQL*Plus or SQLcl: it stops at the first error and tells what each right is for."""
    reasons = reasons_of(operator)
    parts = ["WHENEVER SQLERROR EXIT FAILURE ROLLBACK", "SET DEFINE ON", "SET SQLBLANKLINES ON", ""]
    for statement in statements:
        if statement in reasons:
            parts.append(f"-- {reasons[statement]}")
        if statement.startswith(UNIT):
            parts += ["SET DEFINE OFF", statement, "/", "SHOW ERRORS", "SET DEFINE ON", ""]
        else:
            parts += [f"{statement};", ""]
    return "\n".join(parts)


def install(opened: oracledb.Connection, statements: Iterable[str], force: bool) -> list[Done]:
    """Run *statements* so that a second run changes nothing; units that are there and valid are not compiled again.

    Args:
        force: Compile them again: callers wait while a unit that they execute is replaced.

    Raises:
        CliError: A statement was refused, or a unit has errors; what was run before stays, and can be run again.
    """
    whole = not force and _is_whole(opened)
    done = []
    for statement in statements:
        if whole and statement.startswith(UNIT):
            done.append(Done(statement, "there already"))
        else:
            done.append(_run(opened, statement, THERE_ALREADY, "there already"))
    return done


def uninstall(opened: oracledb.Connection) -> list[Done]:
    """Take the guard away with its tables. Raises as :func:`install`."""
    return [_run(opened, statement, GONE_ALREADY, "gone already") for statement in uninstall_statements()]


def _is_whole(opened: oracledb.Connection) -> bool:
    """Say whether this version is installed and valid."""
    try:
        with opened.cursor() as cursor:
            cursor.execute(
                "select count(*) from all_objects where owner = :owner and status = 'VALID'"
                " and object_type in ('PACKAGE', 'PACKAGE BODY') and object_name in ('GUARD', 'LATCH', :decision)",
                owner=GUARD_SCHEMA,
                decision=f"DECISION_{VERSION.upper()}",
            )
            (units,) = cursor.fetchone()
            cursor.execute(
                "select count(*) from oracleapi.setting where name = 'version' and value = :version", version=VERSION
            )
            (rows,) = cursor.fetchone()
    except oracledb.Error:
        return False  # what cannot be seen is installed again, and says there why that fails
    return bool(units == UNITS and rows == 1)


def _run(opened: oracledb.Connection, statement: str, harmless: dict[str, str], word: str) -> Done:
    try:
        with opened.cursor() as cursor:
            cursor.execute(statement)
            if cursor.warning is not None:
                raise CliError(f"{headline(statement)} has errors: {cursor.warning}; see DBA_ERRORS of {GUARD_SCHEMA}")
    except oracledb.Error as error:
        code = code_of(error)
        if code in harmless:
            return Done(statement, word)
        helps = "; connect as a DBA of the pluggable database" if code in ("ORA-01031", "ORA-00942") else ""
        raise CliError(f"{headline(statement)}: {told(error)}{helps}") from error
    return Done(statement, "run")


def headline(statement: str) -> str:
    """Return the first line of a statement, without a password."""
    line = statement.splitlines()[0]
    return line.partition(" IDENTIFIED BY ")[0] if " IDENTIFIED BY " in line else line
