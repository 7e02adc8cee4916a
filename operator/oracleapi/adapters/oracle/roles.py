"""Roles: fixed dictionary queries, and DDL that travels in blocks.

Nothing of a spec is spliced in but names, which the kinds' patterns restrict and :func:`quoted` quotes: DDL takes no
binds. Each statement of a block is judged alone: DDL commits, and one refused grant holds up no other.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any

import oracledb

from oracleapi.adapters.oracle.errors import full_code
from oracleapi.model.role import (
    APPLICATION,
    GUARD_PACKAGE,
    GUARD_SCHEMA,
    PART,
    CreateRole,
    DropRole,
    Grant,
    MarkRole,
    ObservedRole,
    RefusedGrant,
    Regrant,
    ReleaseRole,
    RoleAction,
)

ROLE = """
select r.authentication_type, r.oracle_maintained, a.schema || '.' || a.package, o.owner, o.owner_uid
from dual
left join sys.dba_roles r on r.role = :role_name
left join sys.dba_application_roles a on a.role = :role_name
left join oracleapi.owned o on o.role_name = :role_name
"""
GRANTS = """
select 'object' kind, privilege, owner || '.' || table_name object, '' col, grantor
from sys.dba_tab_privs where grantee = :role_name
union all
select 'object', privilege, owner || '.' || table_name, column_name, grantor
from sys.dba_col_privs where grantee = :role_name
union all
select 'role', granted_role, '', '', '' from sys.dba_role_privs where grantee = :role_name
union all
select 'system', privilege, '', '', '' from sys.dba_sys_privs where grantee = :role_name
"""
HOLDERS = "select grantee from sys.dba_role_privs where granted_role = :role_name"
MARK = """
begin
  merge into oracleapi.owned o using (select :role_name role_name from dual) s on (o.role_name = s.role_name)
  when matched then update set o.owner = :owner, o.owner_uid = :owner_uid
  when not matched then insert (role_name, owner, owner_uid) values (:role_name, :owner, :owner_uid);
  commit;
end;
"""
UNMARK = "begin delete from oracleapi.owned where role_name = :role_name; commit; end;"
GONE = "ORA-01919"
READABLE = {
    "SELECT on SYS.DBA_ROLES": "select 1 from sys.dba_roles where 1 = 0",
    "SELECT on SYS.DBA_APPLICATION_ROLES": "select 1 from sys.dba_application_roles where 1 = 0",
    "SELECT on SYS.DBA_TAB_PRIVS": "select 1 from sys.dba_tab_privs where 1 = 0",
    "SELECT on SYS.DBA_COL_PRIVS": "select 1 from sys.dba_col_privs where 1 = 0",
    "SELECT on SYS.DBA_ROLE_PRIVS": "select 1 from sys.dba_role_privs where 1 = 0",
    "SELECT on SYS.DBA_SYS_PRIVS": "select 1 from sys.dba_sys_privs where 1 = 0",
    "SELECT on SYS.DBA_OBJECTS": "select 1 from sys.dba_objects where 1 = 0",
    "SELECT on ORACLEAPI.OWNED": "select 1 from oracleapi.owned where 1 = 0",
}
"""What an account needs to read for roles, each with the statement that shows it."""
_NAME = re.compile(r"[A-Z][A-Z0-9_$#]{0,127}")
_KNOWN_NAME = re.compile(r'[^"\0]{1,128}')
_WORDS = re.compile(r"[A-Z]+( [A-Z]+)*")


def observe(cursor: oracledb.Cursor, name: str, objects: Sequence[str]) -> ObservedRole:
    """Return the role *name*, and which of *objects* (``OWNER.NAME``) are there; four round trips at most."""
    cursor.execute(ROLE, role_name=name)
    authentication, maintained, package, owner, uid = cursor.fetchone() or (None, None, None, None, None)
    cursor.execute(GRANTS, role_name=name)
    grants = {
        Grant(kind, privilege, target or "", column or ""): grantor or ""
        for kind, privilege, target, column, grantor in cursor
    }
    cursor.execute(HOLDERS, role_name=name)
    holders = tuple(sorted(row[0] for row in cursor))
    return ObservedRole(
        name,
        exists=authentication is not None,
        secure=authentication == APPLICATION and package == f"{GUARD_SCHEMA}.{GUARD_PACKAGE}",
        maintained=maintained == "Y",
        owner=owner or "",
        uid=uid or "",
        grants=grants,
        objects=_present(cursor, objects),
        holders=holders,
    )


def _present(cursor: oracledb.Cursor, objects: Sequence[str]) -> frozenset[str]:
    if not objects:
        return frozenset()
    pairs = [found.split(".") for found in sorted({*objects})]
    binds: dict[str, str] = {}
    conditions = []
    for index, (owner, name) in enumerate(pairs):
        binds |= {f"o{index}": owner, f"n{index}": name}
        conditions.append(f"(owner = :o{index} and object_name = :n{index})")
    query = f"select distinct owner, object_name from sys.dba_objects where {' or '.join(conditions)}"  # noqa: S608
    cursor.execute(query, binds)
    return frozenset(f"{owner}.{name}" for owner, name in cursor)


def apply(connection: oracledb.Connection, action: RoleAction) -> tuple[RefusedGrant, ...]:
    """Carry out *action*; returns the grants and revokes that were refused."""
    cursor = connection.cursor()
    match action:
        case CreateRole():
            cursor.execute(MARK, role_name=action.name, owner=action.owner, owner_uid=action.uid)
            cursor.execute(f"create role {quoted(action.name)} identified using {GUARD_SCHEMA}.{GUARD_PACKAGE}")
        case MarkRole():
            cursor.execute(MARK, role_name=action.name, owner=action.owner, owner_uid=action.uid)
        case Regrant():
            return _regrant(cursor, action)
        case DropRole():
            _drop(cursor, action.name)
            cursor.execute(UNMARK, role_name=action.name)
        case ReleaseRole():
            cursor.execute(UNMARK, role_name=action.name)
    return ()


def _drop(cursor: oracledb.Cursor, name: str) -> None:
    try:
        cursor.execute(f"drop role {quoted(name)}")
    except oracledb.DatabaseError as error:
        if full_code(error) != GONE:
            raise


def _regrant(cursor: oracledb.Cursor, action: Regrant) -> tuple[RefusedGrant, ...]:
    listed = [*((grant, True) for grant in action.revoke), *((grant, False) for grant in action.grant)]
    refused: list[RefusedGrant] = []
    for start in range(0, len(listed), PART):
        part = listed[start : start + PART]
        statements = [statement(grant, action.name, revoking) for grant, revoking in part]
        for (grant, revoking), code in zip(part, run_each(cursor, statements), strict=True):
            if code is not None:
                refused.append(RefusedGrant(grant, revoking, code))
    return tuple(refused)


def run_each(cursor: oracledb.Cursor, statements: Iterable[str]) -> list[str | None]:
    """Run DDL statements in one round trip; returns the code of each that was refused."""
    lines: list[str] = []
    binds: dict[str, Any] = {}
    codes: list[oracledb.Var] = []
    for index, text in enumerate(statements):
        codes.append(cursor.var(int))
        binds |= {f"s{index}": text, f"e{index}": codes[-1]}
        lines.append(
            f"  begin execute immediate :s{index}; exception when others then :e{index} := sqlcode; end;",
        )
    cursor.execute("begin\n" + "\n".join(lines) + "\nend;", binds)
    found = [code.getvalue() for code in codes]
    return [None if code is None else f"ORA-{abs(code):05d}" for code in found]


def statement(grant: Grant, role: str, revoking: bool) -> str:
    """Return GRANT or REVOKE of one grant."""
    what = quoted(grant.privilege) if grant.kind == "role" else words(grant.privilege)
    if grant.kind == "object":
        column = f" ({quoted(grant.column)})" if grant.column and not revoking else ""
        owner, _, name = grant.object.partition(".")
        what = f"{what}{column} on {quoted(owner)}.{quoted(name)}"
    return f"revoke {what} from {quoted(role)}" if revoking else f"grant {what} to {quoted(role)}"


def quoted(name: str, known: bool = False) -> str:
    """Return *name* as a quoted identifier.

    Args:
        known: It comes from the dictionary, and may be whatever Oracle lets stand between double quotes.

    Raises:
        ValueError: It is none that the kinds let through; a fault of ours.
    """
    if not (_KNOWN_NAME if known else _NAME).fullmatch(name):
        raise ValueError(f"{name!r} is no plain identifier")
    return f'"{name}"'


def words(privilege: str) -> str:
    """Return a privilege's words. Raises as :func:`quoted`."""
    if not _WORDS.fullmatch(privilege):
        raise ValueError(f"{privilege!r} is no privilege")
    return privilege
