"""GRANT and REVOKE of system privileges, roles and object privileges.

The grants as Oracle knows them (grantor, options) are rows of our own; after each change the engine's own privileges
of the grantee are written anew from them. Source: Database SQL Language Reference 19c, GRANT and REVOKE. [D]
"""

from dataclasses import dataclass

from oracleapi_sandbox.oracle.engine.catalog import PUBLIC, Grant, Thing
from oracleapi_sandbox.oracle.engine.ddl import Ddl, engine_name
from oracleapi_sandbox.oracle.engine.privileges import (
    ENGINE_WIDE,
    OBJECT_PRIVILEGES,
    ON_ENGINE,
    SYSTEM_PRIVILEGES,
    WRONG_FOR,
)
from oracleapi_sandbox.oracle.engine.scope import quote
from oracleapi_sandbox.oracle.engine.text import not_supported
from oracleapi_sandbox.oracle.ports import OracleError

_COLUMN_PRIVILEGES = ("INSERT", "UPDATE", "REFERENCES")


@dataclass(frozen=True)
class _Item:
    """What is granted: a privilege (with columns) or a role's name."""

    name: str
    columns: tuple[str, ...]
    position: int


def grant(ddl: Ddl) -> None:
    """``GRANT … [ON …] TO … [WITH … OPTION]``."""
    items = _items(ddl)
    if ddl.reader.accept("ON"):
        _grant_on(ddl, items)
        return
    ddl.reader.expect("TO", code=990, message="missing or invalid privilege")
    grantees = _grantees(ddl)
    admin = ddl.reader.accept("WITH", "ADMIN", "OPTION")
    delegate = not admin and ddl.reader.accept("WITH", "DELEGATE", "OPTION")
    ddl.reader.end(933, "SQL command not properly ended")
    for item in _expanded(items):
        for grantee in grantees:
            if item.name in SYSTEM_PRIVILEGES:
                _grant_system(ddl, item.name, grantee, admin)
            else:
                _grant_role(ddl, item, grantee, admin, delegate)


def revoke(ddl: Ddl) -> None:
    """``REVOKE … [ON …] FROM …``."""
    items = _items(ddl)
    if ddl.reader.accept("ON"):
        _revoke_on(ddl, items)
        return
    ddl.reader.expect("FROM", code=990, message="missing or invalid privilege")
    grantees = _grantees(ddl)
    ddl.reader.end(933, "SQL command not properly ended")
    for item in _expanded(items):
        for grantee in grantees:
            if item.name in SYSTEM_PRIVILEGES:
                _revoke_system(ddl, item.name, grantee)
            else:
                _revoke_role(ddl, item, grantee)


def _items(ddl: Ddl) -> list[_Item]:
    reader, found = ddl.reader, []
    while True:
        start = reader.token
        words = [reader.name(990, "missing or invalid privilege")]
        while reader.token.kind in ("word", "quoted") and not reader.token.is_word("ON", "TO", "FROM"):
            words.append(reader.name())
        columns = reader.names() if reader.token.is_op("(") else ()
        name = " ".join(words)
        if len(words) > 1 and name not in SYSTEM_PRIVILEGES and name not in ("ALL PRIVILEGES", "INHERIT PRIVILEGES"):
            raise OracleError(990, "missing or invalid privilege", start.start)
        found.append(_Item(name, columns, start.start))
        if not reader.accept(","):
            return found


def _expanded(items: list[_Item]) -> list[_Item]:
    found = []
    for item in items:
        if item.columns:
            raise OracleError(969, "missing ON keyword", item.position)
        if item.name == "ALL PRIVILEGES":
            found += [_Item(name, (), item.position) for name in sorted(SYSTEM_PRIVILEGES)]
        else:
            found.append(item)
    return found


def _grantees(ddl: Ddl) -> list[str]:
    found = []
    for name in ddl.reader.listed():
        if name != PUBLIC and name not in ddl.catalog.users and name not in ddl.catalog.roles:
            raise OracleError(1917, f"user or role '{name}' does not exist")
        found.append(name)
    if ddl.reader.accept("IDENTIFIED"):
        raise not_supported("GRANT … IDENTIFIED BY", ddl.reader.token)
    return found


# System privileges and roles


def _may_grant_system(ddl: Ddl, privilege: str) -> bool:
    held = (ddl.catalog.sys_grants.get(grantee, {}).get(privilege, False) for grantee in ddl.context.grantees)
    return ddl.has("GRANT ANY PRIVILEGE") or any(held)


def _grant_system(ddl: Ddl, privilege: str, grantee: str, admin: bool) -> None:
    if not _may_grant_system(ddl, privilege):
        raise OracleError(1031, "insufficient privileges")
    ddl.run(
        "insert into ora_meta.sys_grants values ($1, $2, $3::boolean) on conflict (grantee, privilege)"
        " do update set admin = sys_grants.admin or excluded.admin",
        [grantee, privilege, admin],
    )
    if privilege in ENGINE_WIDE:
        grant_engine_role(ddl, privilege, grantee)


def grant_engine_role(ddl: Ddl, role: str, grantee: str) -> None:
    """Make *grantee*'s engine role a member of *role*'s."""
    if grantee == PUBLIC:
        raise not_supported(f"GRANT {role} TO PUBLIC")
    ddl.run(f"grant {quote(role)} to {quote(grantee)} with inherit true, set false")


def _revoke_system(ddl: Ddl, privilege: str, grantee: str) -> None:
    if not _may_grant_system(ddl, privilege):
        raise OracleError(1031, "insufficient privileges")
    if privilege not in ddl.catalog.sys_grants.get(grantee, {}):
        raise OracleError(1952, f"system privileges not granted to '{grantee}'")
    ddl.run("delete from ora_meta.sys_grants where grantee = $1 and privilege = $2", [grantee, privilege])
    if privilege in ENGINE_WIDE and grantee != PUBLIC:
        ddl.run(f"revoke {quote(privilege)} from {quote(grantee)}")


def _check_role(ddl: Ddl, item: _Item) -> None:
    if item.name not in ddl.catalog.roles:
        raise OracleError(1919, f"role '{item.name}' does not exist", item.position)
    rows = (ddl.catalog.role_grants.get(grantee, {}).get(item.name, {}) for grantee in ddl.context.grantees)
    if not ddl.has("GRANT ANY ROLE") and not any(row.get("admin") for row in rows):
        raise OracleError(1932, f"ADMIN option not granted for role '{item.name}'")


def _grant_role(ddl: Ddl, item: _Item, grantee: str, admin: bool, delegate: bool) -> None:
    _check_role(ddl, item)
    if grantee in ddl.catalog.closure([item.name]):
        raise OracleError(1934, "circular role grant detected")
    rule = ddl.catalog.users[grantee]["default_roles"] if grantee in ddl.catalog.users else "ALL"
    ddl.run(
        "insert into ora_meta.role_grants values ($1, $2, $3::boolean, $4::boolean, $5::boolean)"
        " on conflict (grantee, role) do update set admin = role_grants.admin or excluded.admin,"
        " delegate = role_grants.delegate or excluded.delegate",
        [grantee, item.name, admin, delegate, rule in ("ALL", "EXCEPT")],
    )
    if grantee in ddl.catalog.roles:
        # A user's roles are not the user's engine rights: a session gets those that it enables.
        grant_engine_role(ddl, item.name, grantee)


def _revoke_role(ddl: Ddl, item: _Item, grantee: str) -> None:
    _check_role(ddl, item)
    if item.name not in ddl.catalog.role_grants.get(grantee, {}):
        raise OracleError(1951, f"ROLE '{item.name}' not granted to '{grantee}'")
    ddl.run("delete from ora_meta.role_grants where grantee = $1 and role = $2", [grantee, item.name])
    if grantee in ddl.catalog.roles:
        ddl.run(f"revoke {quote(item.name)} from {quote(grantee)}")


# Object privileges


def _target(ddl: Ddl) -> Thing | None:
    """Read the object; ``None`` for ``USER u`` (INHERIT PRIVILEGES)."""
    reader = ddl.reader
    if reader.token.is_word("USER") and reader.peek().kind in ("word", "quoted") and not reader.peek().is_word("TO"):
        reader.at += 1
        name = reader.name()
        if name not in ddl.catalog.users:
            raise OracleError(1918, f"user '{name}' does not exist")
        return None
    if reader.token.is_word("SCHEMA", "DIRECTORY", "EDITION", "JAVA"):
        raise not_supported(f"GRANT ON {reader.token.text}", reader.token)
    start = reader.token.start
    written = reader.token.text
    first = reader.name()
    owner, name = (first, reader.name()) if reader.accept(".") else (None, first)
    thing = ddl.catalog.resolve(owner, name, ddl.schema)
    if thing is None or not (ddl.sees(thing) or ddl.has("GRANT ANY OBJECT PRIVILEGE")):
        raise OracleError(942, "table or view does not exist", start)
    if thing.type not in OBJECT_PRIVILEGES:
        raise OracleError(2204, f"{written}: privileges cannot be granted on {thing.type}", start)
    return thing


def _privileges(items: list[_Item], thing: Thing) -> list[_Item]:
    known = OBJECT_PRIVILEGES[thing.type]
    found = []
    for item in items:
        if item.name in ("ALL", "ALL PRIVILEGES"):
            found += [_Item(name, item.columns, item.position) for name in known]
        elif item.name not in {name for names in OBJECT_PRIVILEGES.values() for name in names}:
            raise OracleError(990, "missing or invalid privilege", item.position)
        elif item.name not in known:
            raise OracleError(*WRONG_FOR[thing.type], item.position)
        elif item.columns and item.name not in _COLUMN_PRIVILEGES:
            raise OracleError(969, "missing ON keyword", item.position)
        else:
            found.append(item)
        for column in item.columns:
            if column not in thing.columns:
                raise OracleError(904, f'"{column}": invalid identifier', item.position)
    return found


def _grantor(ddl: Ddl, thing: Thing, item: _Item) -> str:
    """Who grants: the owner, one with the GRANT OPTION, or the owner's name by GRANT ANY OBJECT PRIVILEGE."""
    if thing.owner == ddl.user:
        return ddl.user
    for each in ddl.catalog.object_grants.get((thing.owner, thing.name), ()):
        if each.grantee in (ddl.user, PUBLIC) and each.privilege == item.name and each.grantable and not each.column:
            return ddl.user
    if ddl.has("GRANT ANY OBJECT PRIVILEGE"):
        return thing.owner
    raise OracleError(1031, "insufficient privileges")


def _grant_on(ddl: Ddl, items: list[_Item]) -> None:
    thing = _target(ddl)
    ddl.reader.expect("TO", code=905, message="missing keyword")
    grantees = _grantees(ddl)
    option = ddl.reader.accept("WITH", "GRANT", "OPTION")
    ddl.reader.accept("WITH", "HIERARCHY", "OPTION")
    ddl.reader.end(933, "SQL command not properly ended")
    if thing is None:
        return
    for item in _privileges(items, thing):
        grantor = _grantor(ddl, thing, item)
        for grantee in grantees:
            if grantee == ddl.user:
                raise OracleError(1749, "you may not GRANT/REVOKE privileges to/from yourself")
            if option and grantee in ddl.catalog.roles:
                raise OracleError(1926, "cannot GRANT to a role WITH GRANT OPTION")
            for column in item.columns or ("",):
                add_grant(ddl, thing, grantor, grantee, item.name, column, option)
    for grantee in grantees:
        write_engine_rights(ddl, thing, grantee)


def add_grant(ddl: Ddl, thing: Thing, grantor: str, grantee: str, privilege: str, column: str, option: bool) -> None:
    """Record an object privilege."""
    ddl.run(
        "insert into ora_meta.object_grants values ($1, $2, $3, $4, $5, $6, $7, $8::boolean)"
        " on conflict (grantor, grantee, owner, name, privilege, col)"
        " do update set grantable = object_grants.grantable or excluded.grantable",
        [grantor, grantee, thing.owner, thing.name, thing.type, privilege, column, option],
    )


def _revoke_on(ddl: Ddl, items: list[_Item]) -> None:
    thing = _target(ddl)
    ddl.reader.expect("FROM", code=905, message="missing keyword")
    grantees = _grantees(ddl)
    ddl.reader.accept("CASCADE", "CONSTRAINTS")
    ddl.reader.accept("FORCE")
    ddl.reader.end(933, "SQL command not properly ended")
    if thing is None:
        return
    everything = any(item.name in ("ALL", "ALL PRIVILEGES") for item in items)
    grants = list(ddl.catalog.object_grants.get((thing.owner, thing.name), ()))
    touched = set(grantees)
    for grantee in grantees:
        if grantee == ddl.user:
            raise OracleError(1749, "you may not GRANT/REVOKE privileges to/from yourself")
        removed = False
        for item in _privileges(items, thing):
            if item.columns:
                raise OracleError(1750, "UPDATE/REFERENCES may only be REVOKEd from the whole table, not by column")
            removed = _revoke_one(ddl, thing, item, grantee, grants, touched, silent=everything) or removed
        if not removed:
            raise OracleError(1927, "cannot REVOKE privileges you did not grant")
    for grantee in touched:
        write_engine_rights(ddl, thing, grantee)


def _revoke_one(
    ddl: Ddl, thing: Thing, item: _Item, grantee: str, grants: list[Grant], touched: set[str], *, silent: bool
) -> bool:
    grantor = thing.owner if ddl.has("GRANT ANY OBJECT PRIVILEGE") else ddl.user
    mine = [each for each in grants if each.grantee == grantee and each.privilege == item.name]
    mine = [each for each in mine if each.grantor in (grantor, ddl.user)]
    if not mine:
        if silent:
            return False
        raise OracleError(1927, "cannot REVOKE privileges you did not grant")
    for each in mine:
        _remove(ddl, thing, each, grants, touched)
    return True


def _remove(ddl: Ddl, thing: Thing, gone: Grant, grants: list[Grant], touched: set[str]) -> None:
    """Remove a grant, and those that its grantee made with an option that no other grant gives."""
    grants.remove(gone)
    touched.add(gone.grantee)
    ddl.run(
        "delete from ora_meta.object_grants where grantor = $1 and grantee = $2 and owner = $3 and name = $4"
        " and privilege = $5 and col = $6",
        [gone.grantor, gone.grantee, thing.owner, thing.name, gone.privilege, gone.column],
    )
    if not gone.grantable:
        return
    still = any(each.grantee == gone.grantee and each.privilege == gone.privilege and each.grantable for each in grants)
    if not still:
        for each in [each for each in grants if each.grantor == gone.grantee and each.privilege == gone.privilege]:
            if each in grants:
                _remove(ddl, thing, each, grants, touched)


def write_engine_rights(ddl: Ddl, thing: Thing, grantee: str) -> None:
    """Give *grantee*'s engine role exactly the rights on *thing* that the recorded grants say."""
    if thing.type in ("PACKAGE", "PROCEDURE", "FUNCTION"):
        return
    target, role = engine_name(thing.owner, thing.name), "public" if grantee == PUBLIC else quote(grantee)
    kind = "sequence" if thing.type == "SEQUENCE" else "table"
    ddl.run(f"revoke all on {kind} {target} from {role}")
    rows = ddl.run(
        "select distinct privilege, col from ora_meta.object_grants where grantee = $1 and owner = $2 and name = $3",
        [grantee, thing.owner, thing.name],
    )
    for privilege, column in rows:
        if thing.type == "SEQUENCE":
            if privilege == "SELECT":
                ddl.run(f"grant usage, select on sequence {target} to {role}")
        elif privilege in ON_ENGINE:
            columns = f" ({quote(column)})" if column else ""
            ddl.run(f"grant {ON_ENGINE[privilege]}{columns} on {target} to {role}")
