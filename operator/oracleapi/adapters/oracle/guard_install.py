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
        *texts("latch.pks.sql"),
        *texts(f"decision_{VERSION}.pks.sql"),
        *texts("guard.pks.sql"),
        *texts("latch.pkb.sql"),
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


def upgrade_statements(from_version: str, to_version: str) -> list[str]:
    """Return what a DBA runs, in order, to have another version decide, under load; the same call turned leads back.

    The version before stays, so that the way back compiles nothing that anybody uses. Nothing is switched unless
    *from_version* decides now and *to_version* has compiled. A body that loses what a synonym named is compiled anew at
    its next use; only a package with variables costs its sessions an ORA-04068 by that, and the guard has none [D:
    PL/SQL Language Reference, "Package State"].

    Raises:
        ValueError: A version is no plain word, or both are one.
    """
    if from_version == to_version:
        raise ValueError(f"version {to_version} decides already")
    before, after, schema = _decision(from_version), _decision(to_version), GUARD_SCHEMA.lower()
    return [
        *texts(f"decision_{to_version}.pks.sql"),
        *texts(f"decision_{to_version}.pkb.sql"),
        _check(
            "sys.dba_objects",
            f"owner = '{GUARD_SCHEMA}' AND object_name = '{after}' AND object_type LIKE 'PACKAGE%'"
            " AND status = 'VALID'",
            2,
            f"{after} has errors, see DBA_ERRORS; nothing was switched",
        ),
        _check(
            "sys.dba_synonyms",
            f"owner = '{GUARD_SCHEMA}' AND synonym_name = 'DECISION' AND table_name = '{before}'",
            1,
            f"{before} is not what decides now; nothing was switched",
        ),
        f"CREATE OR REPLACE SYNONYM {schema}.decision FOR {schema}.{after.lower()}",
        f"UPDATE {schema}.setting SET value = '{to_version}' WHERE name = 'version'",
        "COMMIT",
    ]


def removal_statements(version: str) -> list[str]:
    """Return what takes a version away that no longer decides.

    Raises:
        ValueError: The version is no plain word.
    """
    name = _decision(version)
    unused = f"owner = '{GUARD_SCHEMA}' AND synonym_name = 'DECISION' AND table_name = '{name}'"
    return [
        _check("sys.dba_synonyms", unused, 0, f"{name} is what decides now; switch to another version first"),
        f"DROP PACKAGE {GUARD_SCHEMA.lower()}.{name.lower()}",
    ]


def _decision(version: str) -> str:
    if not re.fullmatch(r"v[0-9]{1,4}", version):
        raise ValueError(f"{version!r} is no version; versions are v1, v2 and so on")
    return f"DECISION_{version.upper()}"


def _check(view: str, condition: str, count: int, fault: str) -> str:
    """Return a block that fails with *fault* unless *view* has *count* rows of *condition*."""
    return (
        "DECLARE\n"
        "  v_count PLS_INTEGER;\n"
        "BEGIN\n"
        f"  SELECT COUNT(*) INTO v_count FROM {view} WHERE {condition};\n"
        f"  IF v_count <> {count} THEN\n"
        f"    RAISE_APPLICATION_ERROR(-20403, '{fault}');\n"
        "  END IF;\n"
        "END;"
    )


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
