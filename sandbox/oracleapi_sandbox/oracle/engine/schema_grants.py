"""Schema privileges: ``GRANT SELECT ANY TABLE ON SCHEMA s``, from 23ai on.

What lets tables and sequences be used is an engine role for each privilege on each schema, with rights on all that is
there and, as default privileges, on all that comes. The others count in the dictionary alone.
Source: Database SQL Language Reference 23ai, GRANT and REVOKE; Database Reference 23ai, DBA_SCHEMA_PRIVS [D].
"""

from oracleapi_sandbox.oracle.engine.catalog import PUBLIC
from oracleapi_sandbox.oracle.engine.ddl import Ddl
from oracleapi_sandbox.oracle.engine.privileges import Item, system_privileges
from oracleapi_sandbox.oracle.engine.scope import quote
from oracleapi_sandbox.oracle.engine.text import not_supported
from oracleapi_sandbox.oracle.ports import OracleError

SINCE = 23
GRANT_ANY = "GRANT ANY SCHEMA PRIVILEGE"
_RIGHTS = {
    "SELECT ANY TABLE": ("select", "tables"),
    "READ ANY TABLE": ("select", "tables"),
    "INSERT ANY TABLE": ("insert", "tables"),
    "UPDATE ANY TABLE": ("update", "tables"),
    "DELETE ANY TABLE": ("delete", "tables"),
    "SELECT ANY SEQUENCE": ("usage, select", "sequences"),
}
"""What the engine grants, and on what."""
_KNOWN = (
    *_RIGHTS,
    "EXECUTE ANY PROCEDURE",
    *(f"CREATE ANY {what}" for what in ("TABLE", "VIEW", "SEQUENCE", "SYNONYM", "PROCEDURE")),
)


def schema_named(ddl: Ddl) -> str | None:
    """Read ``SCHEMA s`` behind ON, if that is what follows there."""
    reader = ddl.reader
    named = reader.peek().kind in ("word", "quoted") and not reader.peek().is_word("TO", "FROM")
    if not (ddl.context.major >= SINCE and reader.token.is_word("SCHEMA") and named):
        return None
    reader.at += 1
    return reader.name()


def grant(ddl: Ddl, items: list[Item], grantees: list[str], schema: str) -> None:
    """``GRANT privilege, … ON SCHEMA s TO … [WITH ADMIN OPTION]``; the reader stands behind the grantees.

    Raises:
        OracleError: 1918, there is no such schema; 1031, one may not.
    """
    admin = ddl.reader.accept("WITH", "ADMIN", "OPTION")
    ddl.reader.end(933, "SQL command not properly ended")
    for item in items:
        _check(ddl, item, schema)
        for grantee in grantees:
            ddl.run(
                "insert into ora_meta.schema_grants values ($1, $2, $3, $4::boolean)"
                " on conflict (grantee, privilege, schema) do update"
                " set admin = schema_grants.admin or excluded.admin",
                [grantee, item.name, schema, admin],
            )
            if item.name in _RIGHTS:
                if grantee == PUBLIC:
                    raise not_supported(f"GRANT {item.name} ON SCHEMA … TO PUBLIC")
                ddl.run(f"grant {_role(ddl, item.name, schema)} to {quote(grantee)} with inherit true, set false")
    ddl.changes_only(*(("schema_grants", grantee) for grantee in grantees))


def revoke(ddl: Ddl, items: list[Item], grantees: list[str], schema: str) -> None:
    """``REVOKE privilege, … ON SCHEMA s FROM …``.

    Raises:
        OracleError: 1918 and 1031, as :func:`grant`; 1952, it was not granted: the number is that of system privileges,
            for no document names one. [U]
    """
    ddl.reader.end(933, "SQL command not properly ended")
    for item in items:
        _check(ddl, item, schema)
        for grantee in grantees:
            if (item.name, schema) not in ddl.catalog.schema_grants.get(grantee, {}):
                raise OracleError(1952, f"system privileges not granted to '{grantee}'")
            ddl.run(
                "delete from ora_meta.schema_grants where grantee = $1 and privilege = $2 and schema = $3",
                [grantee, item.name, schema],
            )
            if item.name in _RIGHTS:
                ddl.run(f"revoke {_role(ddl, item.name, schema)} from {quote(grantee)}")
    ddl.changes_only(*(("schema_grants", grantee) for grantee in grantees))


def forget(ddl: Ddl, name: str) -> None:
    """Remove what a dropped user or role was granted, and what was granted on its schema."""
    ddl.run("delete from ora_meta.schema_grants where $1 in (grantee, schema)", [name])
    if name in ddl.catalog.users:
        for privilege in _RIGHTS:
            role = _name(ddl, privilege, name)
            if ddl.run("select 1 from pg_roles where rolname = $1", [role]):
                ddl.run(f"drop owned by {quote(role)}")
                ddl.run(f"drop role {quote(role)}")


def _check(ddl: Ddl, item: Item, schema: str) -> None:
    """Check that the privilege is one and that the user may grant it: the owner, one with ADMIN OPTION, or by right."""
    if item.name not in system_privileges(ddl.context.major) or item.columns:
        raise OracleError(990, "missing or invalid privilege", item.position)
    if schema not in ddl.catalog.users:
        raise OracleError(1918, f"user '{schema}' does not exist")
    if item.name not in _KNOWN:
        raise not_supported(f"{item.name} ON SCHEMA")
    held = (ddl.catalog.schema_grants.get(each, {}).get((item.name, schema)) for each in ddl.context.grantees)
    if schema != ddl.user and not any(held) and not ddl.uses(GRANT_ANY):
        raise OracleError(1031, "insufficient privileges")


def _name(ddl: Ddl, privilege: str, schema: str) -> str:
    """An engine role's name; the schema's own may be too long for it."""
    return f"{privilege} ON {ddl.catalog.users[schema]['user_id']}"


def _role(ddl: Ddl, privilege: str, schema: str) -> str:
    """Return the engine role of a privilege on a schema, quoted, made where it is not there."""
    name, owner = _name(ddl, privilege, schema), quote(schema)
    if not ddl.run("select 1 from pg_roles where rolname = $1", [name]):
        right, kind = _RIGHTS[privilege]
        ddl.run(f"create role {quote(name)} nologin")
        ddl.run(f"grant {right} on all {kind} in schema {owner} to {quote(name)}")
        ddl.run(f"alter default privileges in schema {owner} grant {right} on {kind} to {quote(name)}")
    return quote(name)
