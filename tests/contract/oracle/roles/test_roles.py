"""Roles through the operator's adapter: what the dictionary shows, what a revoke takes, who may take back what."""

from collections.abc import Iterator

import oracledb
import pytest

from oracleapi.adapters.oracle.database import OracleDatabase
from oracleapi.errors import Terminal
from oracleapi.model.role import CreateRole, DropRole, Grant, MarkRole, RefusedGrant, Regrant, ReleaseRole

OWNER = "cluster-1/OracleRole/hr/r"
READ, TITLE, PAY = (
    Grant("object", "SELECT", "HR.JOBS"),
    Grant("object", "UPDATE", "HR.JOBS", "TITLE"),
    Grant("object", "UPDATE", "HR.JOBS", "PAY"),
)


@pytest.fixture
def sql(system: oracledb.Connection) -> Iterator[oracledb.Cursor]:
    """SYSTEM's cursor; HR has JOBS, and role R goes afterwards."""
    with system.cursor() as cursor:
        cursor.execute("create table hr.jobs (id number primary key, title varchar2(20), pay number)")
        yield cursor
        cursor.execute("drop table hr.jobs")
        cursor.execute("delete from oracleapi.owned")
        cursor.execute("commit")
        for (name,) in list(cursor.execute("select role from dba_roles where oracle_maintained = 'N'")):
            cursor.execute(f'drop role "{name}"')


@pytest.fixture
def role(database: OracleDatabase, sql: oracledb.Cursor) -> str:
    database.apply_role(CreateRole("R", OWNER, "uid-1"))
    return "R"


def test_a_role_is_made_secure_and_carries_the_mark(database: OracleDatabase, role: str) -> None:
    seen = database.observe_role(role, ["HR.JOBS", "HR.NOPE"])
    assert (seen.exists, seen.secure, seen.maintained) == (True, True, False)
    assert (seen.owner, seen.uid) == (OWNER, "uid-1")
    assert (dict(seen.grants), seen.objects) == ({}, frozenset({"HR.JOBS"}))


def test_no_login_and_no_statement_enables_it(database: OracleDatabase, role: str, sql: oracledb.Cursor) -> None:
    sql.execute(f"grant {role} to system")
    with pytest.raises(oracledb.DatabaseError, match="ORA-28201"):
        sql.execute(f"set role {role}")


def test_grants_come_and_go_and_a_revoke_takes_every_column(database: OracleDatabase, role: str) -> None:
    assert database.apply_role(Regrant(role, grant=(READ, TITLE, PAY))) == ()
    assert {*database.observe_role(role, []).grants} == {READ, TITLE, PAY}
    update = Grant("object", "UPDATE", "HR.JOBS")
    assert database.apply_role(Regrant(role, revoke=(update,), grant=(TITLE,))) == ()
    assert {*database.observe_role(role, []).grants} == {READ, TITLE}


def test_one_refused_grant_holds_up_no_other(database: OracleDatabase, role: str) -> None:
    nope = Grant("object", "SELECT", "HR.NOPE")
    assert database.apply_role(Regrant(role, grant=(nope, READ))) == (RefusedGrant(nope, False, "ORA-00942"),)
    assert {*database.observe_role(role, []).grants} == {READ}


def test_what_another_grantor_gave_shows_that_grantor(
    database: OracleDatabase, role: str, sql: oracledb.Cursor, part: object
) -> None:
    sql.execute("grant select on hr.jobs to scott with grant option")
    sql.execute("alter user scott grant connect through system")
    addresses = part.addresses  # type: ignore[attr-defined]
    sql.execute("grant create session to scott")
    user, password = addresses["system_user"], addresses["system_password"]
    with (
        oracledb.connect(user=f"{user}[scott]", password=password, dsn=addresses["dsn"]) as scott,
        scott.cursor() as cursor,
    ):
        cursor.execute(f"grant select on hr.jobs to {role}")
    assert dict(database.observe_role(role, []).grants) == {READ: "SCOTT"}
    assert database.apply_role(Regrant(role, revoke=(READ,))) == (RefusedGrant(READ, True, "ORA-01927"),)


def test_roles_and_system_privileges_need_the_admin_option(
    database: OracleDatabase, role: str, sql: oracledb.Cursor
) -> None:
    sql.execute("create role base")
    sql.execute("grant base to op with admin option")
    own, other, system = Grant("role", "BASE"), Grant("role", "AUDIT_VIEWER"), Grant("system", "CREATE SESSION")
    refused = database.apply_role(Regrant(role, grant=(own, other, system)))
    assert [(found.grant, found.code) for found in refused] == [(other, "ORA-01932"), (system, "ORA-01031")]
    assert {*database.observe_role(role, []).grants} == {own}
    assert "R" in database.observe_role("BASE", []).holders


def test_a_secure_role_cannot_be_granted_to_a_role(database: OracleDatabase, role: str) -> None:
    """[D]: error message 28405, "this role can only be granted directly to a user"."""
    database.apply_role(CreateRole("R2", OWNER, "uid-2"))
    secure = Grant("role", "R2")
    assert database.apply_role(Regrant(role, grant=(secure,))) == (RefusedGrant(secure, False, "ORA-28405"),)


def test_a_mark_moves_and_goes_without_the_role(database: OracleDatabase, role: str) -> None:
    database.apply_role(MarkRole(role, OWNER, "uid-2"))
    assert database.observe_role(role, []).uid == "uid-2"
    database.apply_role(ReleaseRole(role))
    seen = database.observe_role(role, [])
    assert (seen.exists, seen.owner) == (True, "")


def test_a_dropped_role_leaves_no_mark(database: OracleDatabase, role: str, sql: oracledb.Cursor) -> None:
    database.apply_role(DropRole(role))
    seen = database.observe_role(role, [])
    assert (seen.exists, seen.owner) == (False, "")
    database.apply_role(DropRole(role))


def test_a_name_that_a_user_has_is_refused(database: OracleDatabase, sql: oracledb.Cursor) -> None:
    with pytest.raises(Terminal, match="a user or role of this name") as caught:
        database.apply_role(CreateRole("SCOTT", OWNER, "uid-1"))
    assert caught.value.reason == "Conflict"
