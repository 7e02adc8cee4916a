"""Object privileges: who granted what on an object, and what the engine lets its grantees do.

Grants as Oracle knows them (grantor, option, column) are rows of our own. The engine's rights follow: a grant adds what
it gives, a revoke writes a grantee's rights on the object anew from the rows that are left.
Source: Database SQL Language Reference 19c, GRANT and REVOKE; error messages 1700, 1720, 1931 [D].
"""

# ruff: noqa: S608 - texts are made of quoted identifiers and literals

from collections.abc import Iterable

from oracleapi_sandbox.oracle.engine.catalog import PUBLIC, SYS, Grant, Thing
from oracleapi_sandbox.oracle.engine.ddl import Ddl, engine_name
from oracleapi_sandbox.oracle.engine.privileges import (
    ANY_OBJECT_PRIVILEGE,
    CODE,
    NOT_FOR_ROLES,
    OBJECT_PRIVILEGES,
    ON_ENGINE,
    WRONG_FOR,
    Item,
)
from oracleapi_sandbox.oracle.engine.scope import literal, quote
from oracleapi_sandbox.oracle.engine.text import not_supported
from oracleapi_sandbox.oracle.ports import OracleError

_COLUMN_PRIVILEGES = ("INSERT", "UPDATE", "REFERENCES")
_EVERYTHING = ("ALL", "ALL PRIVILEGES")


def grant(ddl: Ddl, items: list[Item], grantees: list[str], thing: Thing) -> None:
    """``GRANT … ON … TO … [WITH HIERARCHY OPTION] [WITH GRANT OPTION]``; the reader stands behind the grantees.

    Raises:
        OracleError: 1031, no right to; 1720, a view's base table was not granted WITH GRANT OPTION; 1749, to oneself;
            1926 and 1931, not to a role; 30741 and 30742, HIERARCHY OPTION of what has none.
    """
    hierarchy = ddl.reader.accept("WITH", "HIERARCHY", "OPTION")
    option = ddl.reader.accept("WITH", "GRANT", "OPTION")
    ddl.reader.end(933, "SQL command not properly ended")
    rows = []
    for item in _grantable(ddl, items, thing):
        if hierarchy:
            _check_hierarchy(item, thing)
        by = _grantor(ddl, thing, item)
        for grantee in grantees:
            if _checked_grantee(ddl, item, grantee, option):
                rows += [(by, grantee, item.name, column) for column in item.columns or ("",)]
    _record(ddl, thing, rows, option=option, hierarchy=hierarchy)
    _give(ddl, thing, rows)
    ddl.changes_only(("object_grants", thing.owner, thing.name))


def _checked_grantee(ddl: Ddl, item: Item, grantee: str, option: bool) -> bool:
    """Say whether *grantee* gets the privilege; ALL leaves out what a role cannot hold."""
    if grantee == ddl.user:
        raise OracleError(1749, "you may not GRANT/REVOKE privileges to/from yourself")
    if grantee in ddl.catalog.roles:
        if option:
            raise OracleError(1926, "cannot GRANT to a role WITH GRANT OPTION")
        if item.name in NOT_FOR_ROLES:
            if item.of_all:
                return False
            raise OracleError(1931, f"cannot grant {item.name} to a role")
    return True


def _check_hierarchy(item: Item, thing: Thing) -> None:
    """Which tables and views is not clear: message 30742 of some releases speaks of object tables alone. [CONTRA]"""
    if item.name not in ("SELECT", "READ"):
        raise OracleError(30741, "WITH HIERARCHY OPTION can be specified only for SELECT or READ privileges")
    if thing.type not in ("TABLE", "VIEW"):
        raise OracleError(30742, "cannot grant SELECT or READ privilege when WITH HIERARCHY OPTION is specified")


def revoke(ddl: Ddl, items: list[Item], grantees: list[str], thing: Thing) -> None:
    """``REVOKE … ON … FROM … [CASCADE CONSTRAINTS] [FORCE]``, with the grants that rested on what goes.

    Raises:
        OracleError: 1750, single columns; 1749; 1927, nothing that this user may revoke was granted.
    """
    ddl.reader.accept("CASCADE", "CONSTRAINTS")
    ddl.reader.accept("FORCE")
    ddl.reader.end(933, "SQL command not properly ended")
    grantors = {ddl.user}
    if thing.owner != ddl.user and ddl.uses(ANY_OBJECT_PRIVILEGE):
        grantors.add(thing.owner)
    left = list(ddl.catalog.object_grants.get((thing.owner, thing.name), ()))
    gone: list[Grant] = []
    everything = any(item.name in _EVERYTHING for item in items)
    for grantee in grantees:
        if grantee == ddl.user:
            raise OracleError(1749, "you may not GRANT/REVOKE privileges to/from yourself")
        before = len(gone)
        for item in _privileges(items, thing):
            if item.columns:
                raise OracleError(1750, "UPDATE/REFERENCES may only be REVOKEd from the whole table, not by column")
            named = [each for each in left if each.grantee == grantee and each.privilege == item.name]
            named = [each for each in named if each.grantor in grantors]
            if not named and not everything:
                raise OracleError(1927, "cannot REVOKE privileges you did not grant")
            gone += named
        if len(gone) == before:
            raise OracleError(1927, "cannot REVOKE privileges you did not grant")
    left = [each for each in left if each not in gone]
    supported = _supported(left, thing.owner)
    gone += [each for each in left if each not in supported]
    _forget(ddl, thing.owner, thing.name, gone)
    for grantee in {each.grantee for each in gone}:
        write_engine_rights(ddl, thing, grantee)
    ddl.changes_only(("object_grants", thing.owner, thing.name))


def forget_party(ddl: Ddl, name: str) -> None:
    """Remove what a dropped user or role was granted or granted, and the grants that rested on that."""
    for (owner, object_name), grants in ddl.catalog.object_grants.items():
        if owner == name or not any(name in (each.grantee, each.grantor) for each in grants):
            continue
        left = _supported([each for each in grants if name not in (each.grantee, each.grantor)], owner)
        gone = [each for each in grants if each not in left]
        _forget(ddl, owner, object_name, gone)
        thing = ddl.catalog.objects[owner, object_name]
        for grantee in {each.grantee for each in gone} - {name}:
            write_engine_rights(ddl, thing, grantee)


def _supported(grants: list[Grant], owner: str) -> list[Grant]:
    """Return the grants that the owner made, or one to whom the privilege was granted with the option by such."""
    found: list[Grant] = []
    waiting = grants
    while True:
        givers = {(each.grantee, each.privilege) for each in found if each.grantable}
        new = [
            each
            for each in waiting
            if each.grantor == owner or {(each.grantor, each.privilege), (PUBLIC, each.privilege)} & givers
        ]
        if not new:
            return found
        found += new
        waiting = [each for each in waiting if each not in new]


# What is granted, and by whom


def target(ddl: Ddl, items: list[Item]) -> Thing:
    """Read the object.

    Raises:
        OracleError: 942, or 4042 for a unit: there is none that the user may see.
    """
    reader = ddl.reader
    if reader.token.is_word("SCHEMA", "DIRECTORY", "EDITION", "JAVA"):
        raise not_supported(f"GRANT ON {reader.token.text}", reader.token)
    start = reader.token.start
    written = reader.token.text
    first = reader.name()
    owner, name = (first, reader.name()) if reader.accept(".") else (None, first)
    thing = ddl.catalog.resolve(owner, name, ddl.schema)
    if thing is None or not (ddl.sees(thing) or ddl.has(ANY_OBJECT_PRIVILEGE)):
        if {item.name for item in items} <= {"EXECUTE", "DEBUG"}:
            raise OracleError(4042, "procedure, function, package, or package body does not exist", start)
        raise OracleError(942, "table or view does not exist", start)
    if thing.type not in OBJECT_PRIVILEGES:
        raise OracleError(2204, f"{written}: privileges cannot be granted on {thing.type}", start)
    return thing


def _privileges(items: list[Item], thing: Thing) -> list[Item]:
    known = OBJECT_PRIVILEGES[thing.type]
    found: list[Item] = []
    for item in items:
        if item.name in _EVERYTHING:
            found += [Item(name, item.columns, item.position, of_all=True) for name in known]
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
    names = [item.name for item in found]
    if len(set(names)) < len(names):
        raise OracleError(1711, "duplicate privilege listed", items[-1].position)
    return found


def _grantable(ddl: Ddl, items: list[Item], thing: Thing) -> list[Item]:
    """What the statement names; ALL means what the user may grant, and must not be nothing. [D]"""
    found = _privileges(items, thing)
    kept = [item for item in found if not item.of_all or _may_grant(ddl, thing, item)]
    if not kept:
        raise OracleError(1031, "insufficient privileges")
    return kept


def _grantor(ddl: Ddl, thing: Thing, item: Item) -> str:
    """Who grants: the owner, one with the GRANT OPTION, or the owner's name by GRANT ANY OBJECT PRIVILEGE. [D]"""
    if not _may_grant(ddl, thing, item):
        raise OracleError(1031, "insufficient privileges")
    if thing.type == "VIEW" and thing.owner != SYS:
        _check_base_tables(ddl, thing, item)
    return ddl.user if thing.owner == ddl.user or _has_option(ddl, thing, item, ddl.user) else thing.owner


def _may_grant(ddl: Ddl, thing: Thing, item: Item) -> bool:
    return thing.owner == ddl.user or _has_option(ddl, thing, item, ddl.user) or ddl.uses(ANY_OBJECT_PRIVILEGE)


def _has_option(ddl: Ddl, thing: Thing, item: Item, user: str) -> bool:
    """Say whether *user* was granted the privilege, on the whole or on each named column, WITH GRANT OPTION."""
    held = [
        each
        for each in ddl.catalog.object_grants.get((thing.owner, thing.name), ())
        if each.grantee in (user, PUBLIC) and each.privilege == item.name and each.grantable
    ]
    columns = {each.column for each in held}
    return "" in columns or (bool(item.columns) and columns >= set(item.columns))


def _check_base_tables(ddl: Ddl, view: Thing, item: Item) -> None:
    """A view's owner lends only what may be lent on. [D: error 1720]"""
    if item.name not in ON_ENGINE:
        return
    from oracleapi_sandbox.oracle.engine.objects import base_tables

    for owner, name in base_tables(ddl, view):
        base = ddl.catalog.objects[owner, name]
        # what SYS granted to everybody, it granted with the option
        if owner == view.owner or (owner == SYS and ddl.catalog.may(PUBLIC, {PUBLIC}, base, "SELECT")):
            continue
        wanted = ("SELECT", "READ") if item.name in ("SELECT", "READ") else (item.name,)
        if not any(_has_option(ddl, base, Item(each, (), 0), view.owner) for each in wanted):
            raise OracleError(1720, f"grant option does not exist for '{owner}.{name}'")


# Rows and rights


def _record(
    ddl: Ddl, thing: Thing, rows: Iterable[tuple[str, str, str, str]], *, option: bool, hierarchy: bool
) -> None:
    place = f"{literal(thing.owner)}, {literal(thing.name)}, {literal(thing.type)}"
    values = ", ".join(
        f"({literal(by)}, {literal(to)}, {place}, {literal(privilege)}, {literal(column)}, {option}, {hierarchy})"
        for by, to, privilege, column in dict.fromkeys(rows)
    )
    if not values:
        return
    ddl.run(
        "insert into ora_meta.object_grants"
        " (grantor, grantee, owner, name, type, privilege, col, grantable, hierarchy)"
        f" values {values} on conflict (grantor, grantee, owner, name, privilege, col) do update"
        " set grantable = object_grants.grantable or excluded.grantable,"
        " hierarchy = object_grants.hierarchy or excluded.hierarchy"
    )


def _forget(ddl: Ddl, owner: str, name: str, grants: Iterable[Grant]) -> None:
    keys = ", ".join(
        f"({literal(each.grantor)}, {literal(each.grantee)}, {literal(each.privilege)}, {literal(each.column)})"
        for each in grants
    )
    if keys:
        ddl.run(
            "delete from ora_meta.object_grants where owner = $1 and name = $2"
            f" and (grantor, grantee, privilege, col) in ({keys})",
            [owner, name],
        )


def _give(ddl: Ddl, thing: Thing, rows: Iterable[tuple[str, str, str, str]]) -> None:
    """Add what was granted to the engine's rights of the grantees."""
    by_right: dict[str, list[str]] = {}
    for _, grantee, privilege, column in dict.fromkeys(rows):
        right = _engine_right(thing, privilege, column)
        if right is not None:
            by_right.setdefault(right, []).append(_engine_grantee(grantee))
    for right, grantees in by_right.items():
        ddl.run(f"grant {right} on {_engine_target(thing)} to {', '.join(dict.fromkeys(grantees))}")


def write_engine_rights(ddl: Ddl, thing: Thing, grantee: str) -> None:
    """Give *grantee*'s engine role exactly the rights on *thing* that the recorded grants say."""
    if thing.type in CODE:
        return
    ddl.run(f"revoke all on {_engine_target(thing)} from {_engine_grantee(grantee)}")
    rows = ddl.run(
        "select distinct privilege, col from ora_meta.object_grants where grantee = $1 and owner = $2 and name = $3",
        [grantee, thing.owner, thing.name],
    )
    _give(ddl, thing, [("", grantee, privilege, column) for privilege, column in rows])


def _engine_right(thing: Thing, privilege: str, column: str) -> str | None:
    if thing.type in CODE:
        return None
    if thing.type == "SEQUENCE":
        return "usage, select" if privilege == "SELECT" else None
    right = ON_ENGINE.get(privilege)
    return f"{right} ({quote(column)})" if right and column else right


def _engine_target(thing: Thing) -> str:
    kind = "sequence" if thing.type == "SEQUENCE" else "table"
    return f"{kind} {engine_name(thing.owner, thing.name)}"


def _engine_grantee(grantee: str) -> str:
    return "public" if grantee == PUBLIC else quote(grantee)
