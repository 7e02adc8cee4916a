"""The statements that a DBA runs to have schema ORACLEAPI with the guard in a database, and to take it away.

The texts are the files in ``oracleapi/sql``; here stand the order, the grants and what depends on names. Nothing is run
here. The guard does nothing before ORDS is told to call it (``procedure.rest.preHook``), docs/guard.md.
"""

# ruff: noqa: S608 - texts are made of fixed names and of identifiers that were checked

import re
from collections.abc import Iterator
from importlib.resources import files

from oracleapi.adapters.oracle.roles import quoted
from oracleapi.model.role import GUARD_PACKAGE, GUARD_SCHEMA

VERSION = "v1"
HOOK = f"{GUARD_SCHEMA}.{GUARD_PACKAGE}.CHECK_REQUEST"
"""The value of ORDS's setting ``procedure.rest.preHook``."""
WRITTEN = ("managed_schema", "unmanaged_path", "api", "route", "binding", "gateway_key", "owned")
"""Tables that the operator's account writes."""


def install_statements(operator: str, check_account: str | None = None, tablespace: str = "USERS") -> list[str]:
    """Return what a DBA runs, in order, to install the guard.

    Args:
        operator: The operator's account.
        check_account: The account that parses handlers with a role enabled; none means nobody may.
        tablespace: Where the tables lie.

    Raises:
        ValueError: A name is no plain identifier.
    """
    named, place = quoted(operator), quoted(tablespace)
    schema = GUARD_SCHEMA.lower()
    found = [
        f"CREATE USER {schema} NO AUTHENTICATION DEFAULT TABLESPACE {place} QUOTA 100M ON {place}",
        f"GRANT SELECT ON sys.dba_role_privs TO {schema}",
        *texts("tables.sql"),
        *texts(f"decision_{VERSION}.pks.sql"),
        *texts("guard.pks.sql"),
        *texts(f"decision_{VERSION}.pkb.sql"),
        f"CREATE SYNONYM {schema}.decision FOR {schema}.decision_{VERSION}",
        *texts("guard.pkb.sql"),
        f"CREATE CONTEXT {schema} USING {schema}.guard",
        f"GRANT EXECUTE ON {schema}.guard TO PUBLIC",
        *(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {schema}.{table} TO {named}" for table in WRITTEN),
        f"GRANT SELECT, DELETE ON {schema}.fault TO {named}",
        f"GRANT SELECT ON {schema}.setting TO {named}",
        f"INSERT INTO {schema}.setting (name, value) VALUES ('version', '{VERSION}')",
    ]
    if check_account is not None:
        quoted(check_account)
        found.append(f"INSERT INTO {schema}.setting (name, value) VALUES ('check account', '{check_account}')")
    return [*found, "COMMIT"]


def uninstall_statements() -> list[str]:
    """Return what takes the guard away; ORDS must have stopped calling it before, or every request is refused."""
    return [f"DROP CONTEXT {GUARD_SCHEMA.lower()}", f"DROP USER {GUARD_SCHEMA.lower()} CASCADE"]


def texts(name: str) -> list[str]:
    """Return the statements of a file; each ends with a line that holds a slash."""
    script = (files("oracleapi") / "sql" / name).read_text()
    return [statement for statement in map(_trimmed, re.split(r"(?m)^/$", script)) if statement]


def _trimmed(statement: str) -> str:
    """Return a statement without the comment before it and without blank ends."""
    return "\n".join(_after_comment(statement.strip().splitlines())).strip()


def _after_comment(lines: list[str]) -> Iterator[str]:
    begun = False
    for line in lines:
        begun = begun or (bool(line.strip()) and not line.startswith("--"))
        if begun:
            yield line
