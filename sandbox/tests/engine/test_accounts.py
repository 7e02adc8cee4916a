"""Users, roles, grants, profiles, proxies: who may do what, and the error that says why not."""

# ruff: noqa: S608 - names made by the tests themselves

from collections.abc import Callable
from typing import Any

import oracledb
import pytest

from oracleapi_sandbox.oracle.ports import OracleError
from oracleapi_sandbox.oracle.tns.server import Listener
from oracleapi_sandbox.oracle.verifier import matches


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("create user system identified by x1", 1920),
        ("create role dba", 1921),
        ("create user connect identified by x1", 1920),
        ("alter user nobody account lock", 1918),
        ("drop user nobody", 1918),
        ("drop role nobody", 1919),
        ("grant create session to nobody", 1917),
        ("grant no_such_role to system", 1919),
        ("grant fly high to system", 990),
        ("revoke dba from connect", 1951),
        ("revoke create session from public", 1952),
        ("create user a identified", 1939),
        ("create user a", 1939),
        ("create user a identified by", 988),
        ("create user a identified by x profile nope", 2380),
        ("create user a identified by x default tablespace nope", 959),
        ("create user c##a identified by x", 65094),
        ("grant select on nope.nope to public", 942),
        ("drop user sys", 28050),
        ("create profile default limit idle_time 5", 2379),
        ("alter profile default limit fly 1", 2376),
        ("create user if not exists a identified by x", 1935),
        ("create user a identified externally", 3001),
    ],
)
def test_refused(system: Any, sql: Any, statement: str, code: int) -> None:
    assert sql.refused(system, statement).code == code


def test_account_has_a_verifier_of_the_password_as_written(system: Any, database: Any) -> None:
    system.execute("create user verif identified by MixedCase1")
    account = database.account("VERIF")
    assert account.status == "OPEN"
    assert matches(account.verifiers[0], "MixedCase1")
    system.execute('alter user verif identified by "Other_2" account lock')
    account = database.account("VERIF")
    assert account.status == "LOCKED"
    assert [matches(each, "Other_2") for each in account.verifiers] == [True]
    system.execute("create user schema_only no authentication")
    assert database.account("SCHEMA_ONLY").verifiers == ()
    assert database.account("SYS").verifiers == ()
    assert database.account("NOBODY") is None


def test_failed_logins_lock_for_a_time(system: Any, database: Any, new_user: Callable[..., str], clock: Any) -> None:
    user = new_user()
    for _ in range(9):
        database.login_failed(user)
    assert database.account(user).status == "OPEN"
    database.login_succeeded(user)
    for _ in range(10):
        database.login_failed(user)
    assert database.account(user).status == "LOCKED(TIMED)"
    with pytest.raises(OracleError) as caught:
        database.open_session(user)
    assert caught.value.code == 28000
    clock.advance(86_401)
    assert database.account(user).status == "OPEN"
    database.login_failed(user)
    assert database.account(user).status == "OPEN"


def test_password_rollover_accepts_both_until_it_ends(system: Any, database: Any, sql: Any, clock: Any) -> None:
    system.execute("create profile rolling limit password_rollover_time 1")
    system.execute('create user roll identified by "First_1" profile rolling')
    system.execute('alter user roll identified by "Second_2"')
    account = database.account("ROLL")
    assert account.status == "OPEN & IN ROLLOVER"
    assert [matches(v, p) for v, p in zip(account.verifiers, ("Second_2", "First_1"), strict=True)] == [True, True]
    assert account.verifiers[0].salt == account.verifiers[1].salt
    system.execute('alter user roll identified by "Third_3"')
    assert [matches(v, p) for v, p in zip(database.account("ROLL").verifiers, ("Third_3", "First_1"), strict=True)] == [
        True,
        True,
    ]
    assert sql.one(system, "select account_status from dba_users where username = 'ROLL'") == "OPEN & IN ROLLOVER"
    clock.advance(86_500)
    database.login_succeeded("ROLL")
    assert database.account("ROLL").status == "OPEN"
    assert len(database.account("ROLL").verifiers) == 1
    system.execute('alter user roll identified by "Fourth_4"')
    system.execute("alter user roll expire password rollover period")
    assert database.account("ROLL").status == "OPEN"


def test_password_life(system: Any, database: Any, new_user: Callable[..., str], clock: Any) -> None:
    user = new_user()
    clock.advance(181 * 86_400)
    database.login_succeeded(user)
    assert database.account(user).status == "EXPIRED(GRACE)"
    clock.advance(8 * 86_400)
    assert database.account(user).status == "EXPIRED"
    database.change_password(user, "Fresh_pass_1")
    assert database.account(user).status == "OPEN"
    system.execute(f"alter user {user} password expire")
    assert database.account(user).status == "EXPIRED"


def test_verify_function(system: Any, sql: Any) -> None:
    system.execute("create profile strong limit password_verify_function ora12c_verify_function")
    assert sql.refused(system, "create user weak identified by abc profile strong").code == 28003
    system.execute('create user fine identified by "Good_pass_1" profile strong')


def test_own_password_needs_no_privilege(connect: Any, sql: Any, new_user: Callable[..., str], database: Any) -> None:
    user = new_user()
    session = connect(user)
    assert sql.refused(session, f'alter user {user} identified by "New_1" replace "wrong"').code == 28008
    session.execute(f'alter user {user} identified by "New_1" replace "Secret_{user}"')
    assert matches(database.account(user).verifiers[0], "New_1")
    assert sql.refused(session, f"alter user {user} account unlock").code == 1031
    assert sql.refused(session, "alter user system identified by x").code == 1031
    assert sql.refused(session, "create user x identified by y").code == 1031


def test_no_session_without_the_right(database: Any, system: Any) -> None:
    system.execute("create user mute identified by x")
    with pytest.raises(OracleError) as caught:
        database.open_session("MUTE")
    assert caught.value.code == 1045
    system.execute("grant connect to mute")
    database.open_session("MUTE").close()


def test_object_without_any_right_does_not_exist(
    owner: Any, connect: Any, sql: Any, new_user: Callable[..., str]
) -> None:
    owner.execute("create table t (id number, secret varchar2(10))")
    owner.execute("insert into t values (1, 'x')")
    owner.commit()
    user = new_user()
    session = connect(user)
    name = f"{owner.user}.t"
    assert sql.refused(session, f"select * from {name}").code == 942
    owner.execute(f"grant insert on t to {user}")
    assert sql.refused(session, f"select * from {name}").code == 1031
    owner.execute(f"grant select on t to {user}")
    assert sql.one(session, f"select secret from {name}") == "x"
    assert sql.refused(session, f"update {name} set id = 2").code == 1031
    owner.execute(f"grant update (id) on t to {user}")
    assert session.execute(f"update {name} set id = 2").rowcount == 1
    assert sql.refused(session, f"update {name} set secret = 'y'").code == 1031
    session.commit()
    owner.execute(f"revoke all on t from {user}")
    assert sql.refused(session, f"select * from {name}").code == 942
    assert sql.refused(owner, f"revoke select on t from {user}").code == 1927


def test_roles_are_enabled_and_disabled(
    owner: Any, system: Any, connect: Any, sql: Any, new_user: Callable[..., str]
) -> None:
    owner.execute("create table t (id number)")
    user = new_user()
    role = f"outer{user[1:]}"
    system.execute(f"create role {role}")
    owner.execute(f"grant select on t to {role}")
    system.execute(f"grant {role} to {user}")
    system.execute(f"alter user {user} default role none")
    session = connect(user)
    query = f"select count(*) from {owner.user}.t"
    assert sql.refused(session, query).code == 942
    session.execute(f"set role {role}")
    assert sql.one(session, query) == 0
    session.execute("savepoint before")
    session.rollback()
    assert sql.one(session, query) == 0, "a rollback does not take the role"
    session.execute("set role none")
    assert sql.refused(session, query).code == 942


def test_grant_option_and_cascade(owner: Any, connect: Any, sql: Any, new_user: Callable[..., str]) -> None:
    owner.execute("create table t (id number)")
    first, second = new_user(), new_user()
    owner.execute(f"grant select on t to {first} with grant option")
    middle, last = connect(first), connect(second)
    middle.execute(f"grant select on {owner.user}.t to {second}")
    assert sql.one(last, f"select count(*) from {owner.user}.t") == 0
    assert sql.refused(last, f"grant select on {owner.user}.t to {first}").code == 1031
    assert sql.refused(owner, f"revoke select on t from {second}").code == 1927, "somebody else granted it"
    assert sql.refused(owner, f"grant select on t to {owner.user}").code == 1749
    owner.execute(f"revoke select on t from {first}")
    assert sql.refused(last, f"select count(*) from {owner.user}.t").code == 942


def test_admin_option(system: Any, connect: Any, sql: Any, new_user: Callable[..., str]) -> None:
    maker = new_user("CREATE ROLE")
    other = new_user()
    session = connect(maker)
    session.execute(f"create role made_{maker}")
    session.execute(f"grant made_{maker} to {other}")
    assert sql.refused(session, f"grant connect to {other}").code == 1932
    assert sql.refused(session, f"grant create table to {other}").code == 1031
    system.execute(f"grant create table to {maker} with admin option")
    session.execute(f"grant create table to {other}")
    session.execute(f"revoke made_{maker} from {other}")
    assert sql.refused(session, f"revoke made_{maker} from {other}").code == 1951
    session.execute(f"drop role made_{maker}")


def test_any_privileges(owner: Any, connect: Any, sql: Any, new_user: Callable[..., str]) -> None:
    owner.execute("create table t (id number)")
    session = connect(new_user("SELECT ANY TABLE"))
    assert sql.one(session, f"select count(*) from {owner.user}.t") == 0
    assert sql.refused(session, f"delete from {owner.user}.t").code == 1031
    assert sql.refused(session, "select * from dba_users").code == 942, "the dictionary is not any table"
    reader = connect(new_user("SELECT ANY DICTIONARY"))
    assert sql.one(reader, "select username from dba_users where username = 'SYS'") == "SYS"


def test_dictionary_by_grant(system: Any, connect: Any, sql: Any, new_user: Callable[..., str]) -> None:
    user = new_user()
    session = connect(user)
    assert sql.refused(session, "select * from v$pdbs").code == 942
    # SYS owns it; SYSTEM has GRANT ANY OBJECT PRIVILEGE.
    system.execute(f"grant select on sys.v_$pdbs to {user}")
    system.execute(f"grant select on sys.dba_users to {user}")
    ((guid, name),) = sql.rows(session, "select guid, name from v$pdbs")
    assert len(guid) == 16
    assert name == "FREEPDB1"
    assert sql.one(session, "select count(*) from sys.dba_users where username = :u", u=user) == 1


def test_drop_user(system: Any, database: Any, sql: Any, new_user: Callable[..., str]) -> None:
    user = new_user("CREATE TABLE")
    session = database.open_session(user)
    session.execute("create table t (id number)")
    assert sql.refused(system, f"drop user {user}").code == 1940
    session.close()
    assert sql.refused(system, f"drop user {user}").code == 1922
    system.execute(f"drop user {user} cascade")
    assert database.account(user) is None
    assert sql.rows(system, "select * from dba_objects where owner = :o", o=user) == []
    assert sql.rows(system, "select * from dba_sys_privs where grantee = :o", o=user) == []


def test_a_session_cannot_widen_itself(owner: Any, connect: Any, sql: Any, new_user: Callable[..., str]) -> None:
    session = connect(new_user())
    for statement in (
        "set role postgres",
        "set role ora_repository",
        'set role "ora_repository"',
        "set session authorization postgres",
        "alter session set role = postgres",
        "select set_config('role', 'ora_repository', false) from dual",
        "select * from ords_metadata.ords_modules",
        'select * from "ords_metadata"."ords_modules"',
        "copy t to program 'id'",
        "do $$ begin end $$",
        "grant dba to public",
    ):
        sql.refused(session, statement)
    assert sql.rows(session, "select privilege from session_privs") == [("CREATE SESSION",)]


def test_what_a_schema_may_do_is_read_from_the_dictionary(system: Any, sql: Any, new_user: Callable[..., str]) -> None:
    user = new_user("CREATE TABLE", "DBA")
    privileges = sql.rows(system, "select privilege from dba_sys_privs where grantee = :u order by 1", u=user)
    assert privileges == [("CREATE SESSION",), ("CREATE TABLE",)]
    assert sql.rows(system, "select granted_role from dba_role_privs where grantee = :u", u=user) == [("DBA",)]
    assert ("GRANT ANY ROLE",) in sql.rows(system, "select privilege from dba_sys_privs where grantee = 'DBA'")
    maintained = "select username, oracle_maintained from dba_users where username in ('SYS', :u) order by 2"
    assert sql.rows(system, maintained, u=user) == [(user, "N"), ("SYS", "Y")]
    assert ("DBA", "Y") in sql.rows(system, "select role, oracle_maintained from dba_roles")


def test_the_listener_locks_warns_and_refuses_by_the_profile(
    system: Any, database: Any, clock: Any, new_user: Callable[..., str]
) -> None:
    system.execute("create profile strict limit failed_login_attempts 3 password_life_time 10 password_grace_time 2")
    user = new_user()
    system.execute(f"alter user {user} profile strict")
    listener = Listener(database)
    port = listener.start()

    def connect(password: str) -> oracledb.Connection:
        return oracledb.connect(user=user, password=password, dsn=f"localhost:{port}/FREEPDB1")

    def refusal(password: str) -> str:
        with pytest.raises(oracledb.DatabaseError) as caught:
            connect(password)
        return str(caught.value.args[0].full_code)

    good = f"Secret_{user}"
    try:
        assert [refusal("wrong") for _ in range(3)] == ["ORA-01017"] * 3
        assert [refusal("wrong"), refusal(good)] == ["ORA-28000"] * 2
        system.execute(f"alter user {user} account unlock")
        with connect(good) as connection:
            assert connection.warning is None
        clock.advance(11 * 86_400)
        with connect(good) as connection:
            assert connection.warning is not None
            assert connection.warning.full_code == "ORA-28002"
        clock.advance(3 * 86_400)
        assert refusal(good) == "ORA-28001"
    finally:
        listener.stop()
