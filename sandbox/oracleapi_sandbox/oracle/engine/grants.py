"""GRANT and REVOKE: of system privileges and roles; of object privileges see ``object_grants``.

What roles hold roles is known to the dictionary alone: a session's engine role is made a member of every role that it
has enabled, so that a grant of a role counts from the next SET ROLE or log-on, as in Oracle. [D]
Source: Database SQL Language Reference 19c, GRANT and REVOKE; error messages 1931, 28405, 28709 [D].
"""

from oracleapi_sandbox.oracle.engine import inheriting, object_grants, profiles, schema_grants
from oracleapi_sandbox.oracle.engine.catalog import PUBLIC
from oracleapi_sandbox.oracle.engine.ddl import Ddl
from oracleapi_sandbox.oracle.engine.privileges import (
    ADMINISTRATIVE,
    ENGINE_WIDE,
    NOT_FOR_ROLES,
    Item,
    system_privileges,
)
from oracleapi_sandbox.oracle.engine.roles import becomes_default, has_admin
from oracleapi_sandbox.oracle.engine.scope import quote
from oracleapi_sandbox.oracle.engine.text import not_supported
from oracleapi_sandbox.oracle.ports import OracleError


def grant(ddl: Ddl) -> None:
    """``GRANT … [ON …] TO … [WITH … OPTION]``: all of it, or nothing where one part is refused."""
    items = _items(ddl)
    if ddl.reader.accept("ON"):
        user, schema = _lender(ddl), schema_grants.schema_named(ddl)
        thing = object_grants.target(ddl, items) if user is None and schema is None else None
        ddl.reader.expect("TO", code=905, message="missing keyword")
        grantees = _grantees(ddl)
        if user is not None:
            inheriting.grant(ddl, items, grantees, user)
        elif schema is not None:
            schema_grants.grant(ddl, items, grantees, schema)
        elif thing is not None:
            object_grants.grant(ddl, items, grantees, thing)
        return
    ddl.reader.expect("TO", code=990, message="missing or invalid privilege")
    grantees = _grantees(ddl)
    admin = ddl.reader.accept("WITH", "ADMIN", "OPTION")
    delegate = not admin and ddl.reader.accept("WITH", "DELEGATE", "OPTION")
    ddl.reader.end(933, "SQL command not properly ended")
    for item in _expanded(items, ddl.context.major):
        for grantee in grantees:
            if item.name in ADMINISTRATIVE:
                _change_administrative(ddl, item.name, grantee, granted=True)
            elif item.name in system_privileges(ddl.context.major):
                _grant_system(ddl, item, grantee, admin)
            else:
                _grant_role(ddl, item, grantee, admin, delegate)


def revoke(ddl: Ddl) -> None:
    """``REVOKE … [ON …] FROM …``: all of it, or nothing where one part is refused."""
    items = _items(ddl)
    if ddl.reader.accept("ON"):
        user, schema = _lender(ddl), schema_grants.schema_named(ddl)
        thing = object_grants.target(ddl, items) if user is None and schema is None else None
        ddl.reader.expect("FROM", code=905, message="missing keyword")
        grantees = _grantees(ddl)
        if user is not None:
            inheriting.revoke(ddl, items, grantees, user)
        elif schema is not None:
            schema_grants.revoke(ddl, items, grantees, schema)
        elif thing is not None:
            object_grants.revoke(ddl, items, grantees, thing)
        return
    ddl.reader.expect("FROM", code=990, message="missing or invalid privilege")
    grantees = _grantees(ddl)
    ddl.reader.end(933, "SQL command not properly ended")
    for item in _expanded(items, ddl.context.major):
        for grantee in grantees:
            if item.name in ADMINISTRATIVE:
                _change_administrative(ddl, item.name, grantee, granted=False)
            elif item.name in system_privileges(ddl.context.major):
                _revoke_system(ddl, item.name, grantee)
            else:
                _revoke_role(ddl, item, grantee)


def _lender(ddl: Ddl) -> str | None:
    """Read ``USER u``, whose privileges are to be inherited, if that is what follows ON."""
    reader = ddl.reader
    named = reader.peek().kind in ("word", "quoted") and not reader.peek().is_word("TO", "FROM")
    if not (reader.token.is_word("USER") and named):
        return None
    reader.at += 1
    return reader.name()


def _items(ddl: Ddl) -> list[Item]:
    reader, found, known = ddl.reader, [], system_privileges(ddl.context.major)
    while True:
        start = reader.token
        words = [reader.name(990, "missing or invalid privilege")]
        while reader.token.kind in ("word", "quoted") and not reader.token.is_word("ON", "TO", "FROM"):
            words.append(reader.name())
        columns = reader.names() if reader.token.is_op("(") else ()
        name = " ".join(words)
        if len(words) > 1 and name not in known and name not in ("ALL PRIVILEGES", "INHERIT PRIVILEGES"):
            raise OracleError(990, "missing or invalid privilege", start.start)
        found.append(Item(name, columns, start.start))
        if not reader.accept(","):
            return found


def _expanded(items: list[Item], major: int) -> list[Item]:
    found = []
    for item in items:
        if item.columns:
            raise OracleError(969, "missing ON keyword", item.position)
        if item.name == "ALL PRIVILEGES":
            found += [Item(name, (), item.position, of_all=True) for name in sorted(system_privileges(major))]
        else:
            found.append(item)
    return found


def _grantees(ddl: Ddl) -> list[str]:
    found: list[str] = []
    start = ddl.reader.token.start
    for name in ddl.reader.listed():
        if name != PUBLIC and name not in ddl.catalog.users and name not in ddl.catalog.roles:
            raise OracleError(1917, f"user or role '{name}' does not exist")
        if name in found:
            raise OracleError(1700, "duplicate username in list", start)
        found.append(name)
    if ddl.reader.accept("IDENTIFIED"):
        raise not_supported("GRANT … IDENTIFIED BY", ddl.reader.token)
    return found


# System privileges


def _check_system(ddl: Ddl, privilege: str) -> None:
    held = (ddl.catalog.sys_grants.get(grantee, {}).get(privilege, False) for grantee in ddl.context.grantees)
    if not any(held) and not ddl.uses("GRANT ANY PRIVILEGE"):
        raise OracleError(1031, "insufficient privileges")


def _grant_system(ddl: Ddl, item: Item, grantee: str, admin: bool) -> None:
    _check_system(ddl, item.name)
    if item.name in NOT_FOR_ROLES and grantee in ddl.catalog.roles:
        if item.of_all:
            return
        raise OracleError(1931, f"cannot grant {item.name} to a role")
    ddl.run(
        "insert into ora_meta.sys_grants values ($1, $2, $3::boolean) on conflict (grantee, privilege)"
        " do update set admin = sys_grants.admin or excluded.admin",
        [grantee, item.name, admin],
    )
    if item.name in ENGINE_WIDE:
        if grantee == PUBLIC:
            raise not_supported(f"GRANT {item.name} TO PUBLIC")
        ddl.run(f"grant {quote(item.name)} to {quote(grantee)} with inherit true, set false")
    ddl.changes_only(("sys_grants", grantee))


def _revoke_system(ddl: Ddl, privilege: str, grantee: str) -> None:
    _check_system(ddl, privilege)
    if privilege not in ddl.catalog.sys_grants.get(grantee, {}):
        raise OracleError(1952, f"system privileges not granted to '{grantee}'")
    ddl.run("delete from ora_meta.sys_grants where grantee = $1 and privilege = $2", [grantee, privilege])
    if privilege in ENGINE_WIDE:
        ddl.run(f"revoke {quote(privilege)} from {quote(grantee)}")
    ddl.changes_only(("sys_grants", grantee))


def _change_administrative(ddl: Ddl, privilege: str, grantee: str, *, granted: bool) -> None:
    """Grant or revoke SYSDBA and its like, as one who has SYSDBA: not to roles, nor where passwords roll over. [D]"""
    if "SYSDBA" not in ddl.catalog.users[ddl.user]["administrative"]:
        raise OracleError(1031, "insufficient privileges")
    user = ddl.catalog.users.get(grantee)
    if user is None:
        raise OracleError(1931, f"cannot grant {privilege} to a role")
    if granted and profiles.rolls(ddl.catalog, user["profile"]):
        raise OracleError(28227, "Gradual password rollover is not supported for administrative users.")
    ddl.run(
        "update ora_meta.users set administrative = array_remove(administrative, $2)"
        " || case when $3::boolean then array[$2] else '{}' end where username = $1",
        [grantee, privilege, granted],
    )
    ddl.changes_only(("users", grantee))


# Roles


def _check_role(ddl: Ddl, item: Item) -> None:
    if item.name not in ddl.catalog.roles:
        raise OracleError(1919, f"role '{item.name}' does not exist", item.position)
    if not has_admin(ddl, item.name) and not ddl.uses("GRANT ANY ROLE"):
        raise OracleError(1932, f"ADMIN option not granted for role '{item.name}'")


def _grant_role(ddl: Ddl, item: Item, grantee: str, admin: bool, delegate: bool) -> None:
    _check_role(ddl, item)
    if grantee in ddl.catalog.roles:
        if ddl.catalog.roles[item.name]["authentication"] != "NONE":
            raise OracleError(28405, "cannot grant secure role to a role")
        if delegate:
            raise OracleError(28709, "Roles with DELEGATE option can only be granted to users.")
    if grantee in ddl.catalog.closure([item.name]):
        raise OracleError(1934, "circular role grant detected")
    ddl.run(
        "insert into ora_meta.role_grants (grantee, role, admin, delegate, is_default)"
        " values ($1, $2, $3::boolean, $4::boolean, $5::boolean)"
        " on conflict (grantee, role) do update set admin = role_grants.admin or excluded.admin,"
        " delegate = role_grants.delegate or excluded.delegate",
        [grantee, item.name, admin, delegate, becomes_default(ddl, grantee)],
    )
    ddl.changes_only(("role_grants", grantee))


def _revoke_role(ddl: Ddl, item: Item, grantee: str) -> None:
    _check_role(ddl, item)
    if item.name not in ddl.catalog.role_grants.get(grantee, {}):
        raise OracleError(1951, f"ROLE '{item.name}' not granted to '{grantee}'")
    ddl.run("delete from ora_meta.role_grants where grantee = $1 and role = $2", [grantee, item.name])
    ddl.changes_only(("role_grants", grantee))
