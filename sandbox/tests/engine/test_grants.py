"""Grants: who may give what to whom, who is recorded as the grantor, and what goes with what is revoked.
Sources: SQL Language Reference 19c, GRANT and REVOKE; Security Guide; database error messages [D]."""

# ruff: noqa: S608 - names made by the tests themselves

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from oracleapi_sandbox.oracle.engine.database import EngineDatabase
from oracleapi_sandbox.oracle.engine.session import EngineSession
from oracleapi_sandbox.oracle.ports import OracleError

from .conftest import NUMBERS, Sql

RECORDED = (
    "select grantee, grantor, privilege, grantable from dba_tab_privs where owner = :o and table_name = 'T'"
    " order by 1, 2, 3"
)


@pytest.fixture
def role(system: EngineSession) -> str:
    name = f"R{next(NUMBERS)}"
    system.execute(f"create role {name}")
    return name


@pytest.fixture
def table(owner: EngineSession) -> str:
    """A table T of the owner, as others name it."""
    owner.execute("create table t (id number, pay number)")
    return f"{owner.user}.t"


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("grant select on {t} to {me}", 1749),
        ("revoke select on {t} from {me}", 1749),
        ("grant select on {t} to {r} with grant option", 1926),
        ("grant references on {t} to {r}", 1931),
        ("grant index on {t} to {r}", 1931),
        ("grant select, select on {t} to {u}", 1711),
        ("grant select on {t} to {u}, {u}", 1700),
        ("grant select on {t} to nobody", 1917),
        ("grant execute on {t} to {u}", 2224),
        ("grant fly on {t} to {u}", 990),
        ("grant select (id) on {t} to {u}", 969),
        ("grant update (nope) on {t} to {u}", 904),
        ("revoke update (id) on {t} from {u}", 1750),
        ("revoke select on {t} from {u}", 1927),
        ("revoke all on {t} from {u}", 1927),
        ("grant update on {t} to {u} with hierarchy option", 30741),
        ("grant select on nope to {u}", 942),
        ("grant execute on nope to {u}", 4042),
        ("grant create user to {u}", 1031),
        ("grant {r} to {u}", 1932),
        ("grant nobody to {u}", 1919),
        ("revoke create session from {u}", 1031),
        ("grant select on {t} to {u} identified by x", 3001),
    ],
)
def test_refused(
    owner: EngineSession, sql: Sql, new_user: Callable[..., str], role: str, table: str, statement: str, code: int
) -> None:
    text = statement.format(t=table, r=role, u=new_user(), me=owner.user)
    assert sql.refused(owner, text).code == code


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("revoke create table from {u}", 1952),
        ("revoke {r} from {u}", 1951),
        ("grant unlimited tablespace to {r}", 1931),
        ("grant {r} to {r}", 1934),
        ("grant nobody to {r}", 1919),
        ("grant create session to nobody", 1917),
        ("grant fly high to {r}", 990),
    ],
)
def test_refused_to_an_administrator(
    system: EngineSession, sql: Sql, new_user: Callable[..., str], role: str, statement: str, code: int
) -> None:
    assert sql.refused(system, statement.format(r=role, u=new_user())).code == code


def test_who_is_recorded_as_the_grantor(
    system: EngineSession, owner: EngineSession, connect: Any, sql: Sql, new_user: Any, role: str, table: str
) -> None:
    middle, anybody, last = new_user(), new_user("GRANT ANY OBJECT PRIVILEGE"), new_user()
    owner.execute(f"grant select, update on t to {middle} with grant option")
    connect(middle).execute(f"grant select on {table} to {role}")
    powerful = connect(anybody)
    powerful.execute(f"grant delete on {table} to {last}")
    system.execute(f"grant insert on {table} to {last}")
    assert sql.rows(system, RECORDED, o=owner.user) == sorted(
        [
            (middle, owner.user, "SELECT", "YES"),
            (middle, owner.user, "UPDATE", "YES"),
            (role, middle, "SELECT", "NO"),
            (last, owner.user, "DELETE", "NO"),
            (last, owner.user, "INSERT", "NO"),
        ]
    )
    assert sql.refused(powerful, f"revoke select on {table} from {role}").code == 1927, "somebody else granted it"
    assert sql.refused(owner, f"revoke select on t from {role}").code == 1927
    powerful.execute(f"revoke delete, insert on {table} from {last}")
    connect(middle).execute(f"revoke select on {table} from {role}")
    owner.execute(f"grant select on t to {anybody} with grant option")
    connect(anybody).execute(f"grant select on {table} to {last}")
    assert (last, anybody, "SELECT", "NO") in sql.rows(system, RECORDED, o=owner.user)


def test_two_grantors_of_one_privilege(owner: EngineSession, connect: Any, sql: Sql, new_user: Any, table: str) -> None:
    first, second, last = new_user(), new_user(), new_user()
    owner.execute(f"grant select on t to {first}, {second} with grant option")
    for grantor in (first, second):
        connect(grantor).execute(f"grant select on {table} to {last}")
    reader = connect(last)
    connect(first).execute(f"revoke select on {table} from {last}")
    assert sql.one(reader, f"select count(*) from {table}") == 0
    owner.execute(f"revoke select on t from {second}")
    assert sql.refused(reader, f"select * from {table}").code == 942


def test_a_circle_of_grants_does_not_hold_itself_up(
    system: EngineSession, owner: EngineSession, connect: Any, sql: Sql, new_user: Any, table: str
) -> None:
    a, b, c = new_user(), new_user(), new_user()
    owner.execute(f"grant select on t to {a} with grant option")
    for giver, taker in ((a, b), (b, c), (c, b)):
        connect(giver).execute(f"grant select on {table} to {taker} with grant option")
    owner.execute(f"revoke select on t from {a}")
    assert sql.rows(system, RECORDED, o=owner.user) == []
    for user in (a, b, c):
        assert sql.refused(connect(user), f"select * from {table}").code == 942


def test_system_privileges_and_roles_do_not_cascade(
    system: EngineSession, connect: Any, sql: Sql, new_user: Any, role: str
) -> None:
    middle, last = new_user(), new_user()
    system.execute(f"grant create table, {role} to {middle} with admin option")
    connect(middle).execute(f"grant create table, {role} to {last}")
    system.execute(f"revoke create table, {role} from {middle}")
    assert sql.one(
        system, "select count(*) from dba_sys_privs where grantee = :u and privilege = 'CREATE TABLE'", u=last
    )
    assert sql.one(system, "select count(*) from dba_role_privs where grantee = :u", u=last) == 1


def test_a_grantor_that_is_dropped_takes_the_grants_along(
    system: EngineSession, owner: EngineSession, connect: Any, sql: Sql, new_user: Any, table: str
) -> None:
    middle, next_one, last, other = new_user(), new_user(), new_user(), new_user()
    owner.execute(f"grant select on t to {middle}, {other} with grant option")
    session = connect(middle)
    session.execute(f"grant select on {table} to {next_one} with grant option")
    session.close()
    connect(next_one).execute(f"grant select on {table} to {last}")
    system.execute(f"drop user {middle}")
    assert {row[0] for row in sql.rows(system, RECORDED, o=owner.user)} == {other}
    assert sql.refused(connect(last), f"select * from {table}").code == 942


def test_a_statement_is_done_whole_or_not_at_all(
    system: EngineSession, owner: EngineSession, sql: Sql, new_user: Any, role: str, table: str
) -> None:
    a, b = new_user(), new_user()
    assert sql.refused(owner, f"grant select on t to {a}, nobody").code == 1917
    assert sql.refused(owner, f"grant select, references on t to {a}, {role}").code == 1931
    assert sql.rows(system, RECORDED, o=owner.user) == []
    owner.execute(f"grant select on t to {a}")
    assert sql.refused(owner, f"revoke select on t from {a}, {b}").code == 1927
    assert sql.rows(system, RECORDED, o=owner.user) == [(a, owner.user, "SELECT", "NO")]
    system.execute(f"grant create table to {a}")
    assert sql.refused(system, f"revoke create table, {role} from {a}").code == 1951
    assert sql.refused(system, f"grant create view, nobody to {b}").code == 1919
    held = "select grantee, privilege from dba_sys_privs where grantee in (:a, :b) and privilege <> 'CREATE SESSION'"
    assert sql.rows(system, held, a=a, b=b) == [(a, "CREATE TABLE")]


def test_all_means_what_the_grantor_may_grant(
    system: EngineSession, owner: EngineSession, connect: Any, sql: Sql, new_user: Any, role: str, table: str
) -> None:
    middle, last = new_user(), new_user()
    owner.execute(f"grant all on t to {role}")
    of_role = {row[2] for row in sql.rows(system, RECORDED, o=owner.user)}
    assert of_role & {"REFERENCES", "INDEX"} == set(), "a role cannot hold them [D]"
    assert of_role >= {"SELECT", "INSERT", "UPDATE", "DELETE", "READ", "ALTER"}
    owner.execute(f"revoke all on t from {role}")
    owner.execute(f"grant select, update on t to {middle} with grant option")
    owner.execute(f"grant insert on t to {middle}")
    connect(middle).execute(f"grant all on {table} to {last}")
    assert {row[2] for row in sql.rows(system, RECORDED, o=owner.user) if row[0] == last} == {"SELECT", "UPDATE"}
    assert sql.refused(connect(last), f"grant all on {table} to {role}").code == 1031


def test_columns(
    owner: EngineSession, system: EngineSession, connect: Any, sql: Sql, new_user: Any, table: str
) -> None:
    middle, last = new_user(), new_user()
    owner.execute(f"grant select on t to {middle}, {last}")
    owner.execute(f"grant update (pay), insert (id, pay) on t to {middle} with grant option")
    session = connect(middle)
    session.execute(f"grant update (pay) on {table} to {last}")
    assert sql.refused(session, f"grant update (id) on {table} to {last}").code == 1031
    assert sql.refused(session, f"grant update on {table} to {last}").code == 1031
    query = (
        "select grantee, column_name, grantor, privilege, grantable from dba_col_privs where owner = :o"
        " order by 1, 2, 4"
    )
    assert sql.rows(system, query, o=owner.user) == sorted(
        [
            (middle, "ID", owner.user, "INSERT", "YES"),
            (middle, "PAY", owner.user, "INSERT", "YES"),
            (middle, "PAY", owner.user, "UPDATE", "YES"),
            (last, "PAY", middle, "UPDATE", "NO"),
        ]
    )
    assert sql.rows(connect(last), "select column_name, grantor from user_col_privs") == [("PAY", middle)]
    assert connect(last).execute(f"update {table} set pay = 1").rowcount == 0
    assert sql.refused(connect(last), f"update {table} set id = 1").code == 1031
    owner.execute(f"revoke update on t from {middle}")
    assert sql.refused(connect(last), f"update {table} set pay = 1").code == 1031
    assert len(sql.rows(system, query, o=owner.user)) == 2


def test_privileges_of_everybody(
    owner: EngineSession, system: EngineSession, connect: Any, sql: Sql, new_user: Any, role: str, table: str
) -> None:
    session = connect(new_user())
    owner.execute("grant select on t to public")
    assert sql.one(session, f"select count(*) from {table}") == 0
    owner.execute("revoke select on t from public")
    assert sql.refused(session, f"select * from {table}").code == 942
    owner.execute(f"grant select on t to {role}")
    system.execute(f"grant {role} to public")
    assert sql.one(connect(new_user()), f"select count(*) from {table}") == 0
    system.execute(f"revoke {role} from public")
    assert sql.refused(connect(new_user()), f"select * from {table}").code == 942


def test_execute_on_a_package(
    owner: EngineSession, system: EngineSession, connect: Any, sql: Sql, new_user: Any, role: str
) -> None:
    system.execute(f"create package {owner.user}.p as procedure q; end;")
    system.execute(f"create package body {owner.user}.p as procedure q is begin null; end; end;")
    user = new_user()
    call = f"begin {owner.user}.p.q; end;"
    owner.execute(f"grant execute on p to {role}")
    system.execute(f"grant {role} to {user}")
    query = "select grantee, grantor, privilege, type from dba_tab_privs where owner = :o and table_name = 'P'"
    assert sql.rows(system, query, o=owner.user) == [(role, owner.user, "EXECUTE", "PACKAGE")]
    session = connect(user)
    session.execute(call)
    session.execute("set role none")
    assert "PLS-00201" in str(sql.refused(session, call))
    assert sql.refused(owner, f"grant select on p to {role}").code == 2225
    owner.execute("drop package p")
    assert sql.rows(system, query, o=owner.user) == []


def test_a_dropped_object_takes_its_grants_along(
    owner: EngineSession, system: EngineSession, connect: Any, sql: Sql, new_user: Any, table: str
) -> None:
    user = new_user()
    owner.execute(f"grant select on t to {user}")
    owner.execute("drop table t")
    assert sql.rows(system, RECORDED, o=owner.user) == []
    owner.execute("create table t (id number)")
    assert sql.refused(connect(user), f"select * from {table}").code == 942


def test_a_view_lends_what_its_owner_may_lend_on(
    owner: EngineSession, system: EngineSession, connect: Any, sql: Sql, new_user: Any, role: str, table: str
) -> None:
    author, reader = new_user("CREATE VIEW"), new_user()
    owner.execute(f"grant select, update on t to {author}")
    session = connect(author)
    session.execute(f"create view v as select id from {table}")
    session.execute("create view d as select dummy from dual")
    session.execute(f"grant select on d to {role}")
    for who in (session, system):
        error = sql.refused(who, f"grant select on {author}.v to {role}")
        assert (error.code, error.message) == (1720, f"grant option does not exist for '{owner.user}.T'")
    owner.execute(f"grant select on t to {author} with grant option")
    session.execute(f"grant select on v to {reader}")
    assert sql.refused(session, f"grant update on v to {reader}").code == 1720
    assert sql.rows(connect(reader), f"select * from {author}.v") == []


def test_hierarchy_option_is_kept_until_the_privilege_goes(
    owner: EngineSession, system: EngineSession, sql: Sql, new_user: Any, table: str
) -> None:
    user = new_user()
    seen = (
        "select privilege, hierarchy, grantable from dba_tab_privs where grantee = :u and table_name = 'T' order by 1"
    )
    owner.execute(f"grant select, read on {table} to {user}")
    owner.execute(f"grant read on {table} to {user} with hierarchy option")
    assert sql.rows(system, seen, u=user) == [("READ", "YES", "NO"), ("SELECT", "NO", "NO")]
    owner.execute(f"grant read on {table} to {user} with grant option")
    assert sql.rows(system, seen, u=user) == [("READ", "YES", "YES"), ("SELECT", "NO", "NO")]
    owner.execute(f"revoke read on {table} from {user}")
    owner.execute(f"grant read on {table} to {user}")
    assert sql.rows(system, seen, u=user) == [("READ", "NO", "NO"), ("SELECT", "NO", "NO")]


def test_what_is_seen_of_grants(
    owner: EngineSession, system: EngineSession, connect: Any, sql: Sql, new_user: Any, role: str, table: str
) -> None:
    user, other = new_user(), new_user()
    owner.execute(f"grant select on t to {user} with hierarchy option with grant option")
    owner.execute(f"grant update (pay) on t to {role}")
    system.execute(f"grant {role} to {user}")
    system.execute(f"grant create table to {role}")
    session, stranger = connect(user), connect(other)
    one = (user, owner.user, "T", owner.user, "SELECT", "YES", "YES", "NO", "TABLE", "NO")
    assert sql.rows(session, "select * from user_tab_privs where type <> 'USER'") == [one]
    assert sql.rows(owner, "select * from user_tab_privs where type <> 'USER'") == [one]
    assert sql.rows(owner, "select grantee from user_tab_privs_made") == [(user,)]
    assert sql.rows(session, "select owner, grantor from user_tab_privs_recd") == [(owner.user, owner.user)]
    assert sql.rows(session, "select table_schema from all_tab_privs where grantee = :u", u=user) == [(owner.user,)]
    assert sql.rows(stranger, "select 1 from all_tab_privs where table_schema = :o", o=owner.user) == []
    columns = "select grantee, column_name from all_col_privs where table_schema = :o"
    assert sql.rows(session, columns, o=owner.user) == [(role, "PAY")]
    assert sql.rows(session, "select role, column_name, privilege from role_tab_privs") == [(role, "PAY", "UPDATE")]
    assert sql.rows(session, "select role, privilege from role_sys_privs") == [(role, "CREATE TABLE")]
    session.execute("set role none")
    assert sql.rows(session, columns, o=owner.user) == []
    assert sql.rows(session, "select role, privilege from role_sys_privs") == [(role, "CREATE TABLE")], (
        "held, not enabled"
    )
    assert sql.rows(stranger, "select * from role_sys_privs") == []
    assert sql.refused(stranger, "select * from dba_tab_privs").code == 942


def test_units_with_invokers_rights_need_the_users_leave(
    system: EngineSession, owner: EngineSession, connect: Any, sql: Sql, new_user: Any
) -> None:
    system.execute(f"create procedure {owner.user}.mine authid current_user as begin null; end;")
    system.execute(f"create procedure {owner.user}.theirs authid definer as begin null; end;")
    user, other = new_user(), new_user()
    owner.execute(f"grant execute on mine to {user}")
    owner.execute(f"grant execute on theirs to {user}")
    session = connect(user)
    call = f"begin {owner.user}.mine; end;"
    lent = "select grantee, grantor, owner, table_name, type from dba_tab_privs where privilege = 'INHERIT PRIVILEGES'"
    assert sql.rows(system, f"{lent} and grantor = :u", u=user) == [("PUBLIC", user, "SYS", user, "USER")]
    session.execute(call)
    session.execute(f"revoke inherit privileges on user {user} from public")
    assert sql.refused(session, call).code == 6598
    caught = f"begin {owner.user}.mine; exception when others then :r := sqlcode; end;"
    assert session.execute(caught, sql.binds({"r": None})).out["R"] == "-6598"
    session.execute(f"begin {owner.user}.theirs; end;")
    assert sql.refused(connect(other), f"grant inherit privileges on user {user} to {other}").code == 1031
    assert sql.refused(session, f"revoke inherit privileges on user {user} from public").code == 1927
    assert sql.refused(session, f"grant select on user {user} to {other}").code == 990
    assert sql.refused(session, f"grant inherit privileges on user nobody to {other}").code == 1918
    session.execute(f"grant inherit privileges on user {user} to {owner.user}")
    session.execute(call)
    assert sql.rows(session, "select grantee from user_tab_privs where type = 'USER' and grantor = user") == [
        (owner.user,)
    ]
    system.execute(f"revoke inherit privileges on user {user} from {owner.user}")
    assert sql.refused(session, call).code == 6598
    system.execute(f"grant inherit any privileges to {owner.user}")
    session.execute(call)


def test_many_sessions_grant_at_once(
    database: EngineDatabase, owner: EngineSession, system: EngineSession, sql: Sql, new_user: Any, table: str
) -> None:
    """Each statement decides by the dictionary that it changes; nothing is lost, nobody meets an internal error."""
    names = [f"R{next(NUMBERS)}" for _ in range(12)]
    grantees = [new_user() for _ in range(4)]

    def work(name: str) -> list[int]:
        session, codes = database.open_session("SYSTEM"), []
        for statement in (
            f"create role {names[0]}",
            f"create role {name}_own",
            f"grant select on {table} to {name}_own",
            *(f"grant {name}_own to {grantee}" for grantee in grantees),
        ):
            try:
                session.execute(statement)
            except OracleError as error:
                codes.append(error.code)
        session.close()
        return codes

    with ThreadPoolExecutor(6) as pool:
        codes = list(pool.map(work, names))
    assert sorted(codes) == [[], *[[1921]] * 11]
    assert len(sql.rows(system, RECORDED, o=owner.user)) == 12
    for grantee in grantees:
        assert sql.one(system, "select count(*) from dba_role_privs where grantee = :u", u=grantee) == 12


def test_random_grants_and_revokes_leave_what_the_dictionary_says(
    database: EngineDatabase,
    owner: EngineSession,
    system: EngineSession,
    sql: Sql,
    new_user: Any,
    role: str,
    table: str,
) -> None:
    """The engine's rights are changed by what a statement changes; they end as if they were written from scratch."""
    chance = random.Random(11)  # noqa: S311 - no secret
    users = [new_user() for _ in range(3)]
    sessions = {user: database.open_session(user) for user in users} | {owner.user: owner}
    for _ in range(150):
        who = chance.choice([*users, owner.user, owner.user])
        verb = chance.choice(["grant", "grant", "revoke"])
        privilege = chance.choice(["select", "update", "update (pay)", "all", "insert (id)", "delete"])
        privilege = privilege.split(" (")[0] if verb == "revoke" else privilege
        option = chance.choice(["", " with grant option"]) if verb == "grant" else ""
        whom = chance.choice([*users, role, "public"])
        text = f"{verb} {privilege} on {table} {'to' if verb == 'grant' else 'from'} {whom}{option}"
        code = None
        try:
            sessions[who].execute(text)
        except OracleError as error:
            code = error.code
        assert code in (None, 942, 1031, 1749, 1926, 1927), text
    catalog = database.catalog
    thing = catalog.objects[owner.user, "T"]
    for user in users:
        for privilege, text in (
            ("SELECT", f"select 1 from {table}"),
            ("DELETE", f"delete from {table} where 1 = 0"),
        ):
            allowed = catalog.may(user, {user, "PUBLIC"}, thing, privilege)
            if allowed:
                sessions[user].parse(text)
            else:
                with pytest.raises(OracleError) as caught:
                    sessions[user].parse(text)
                assert caught.value.code in (942, 1031)
        sessions[user].close()
    recorded = "select grantee, privilege, col from ora_meta.object_grants where owner = %s and name = 'T'"
    engine = (
        "select grantee, privilege_type from information_schema.table_privileges"
        " where table_schema = $1 and table_name = 'T' and grantee <> table_schema"
        " and privilege_type in ('SELECT', 'INSERT', 'UPDATE', 'DELETE') and grantee not like '% ANY %'"
    )
    with database.internal() as internal:
        wanted = {
            (grantee, "SELECT" if privilege == "READ" else privilege)
            for grantee, privilege, column in internal.run(recorded, [owner.user])
            if not column and privilege in ("SELECT", "READ", "INSERT", "UPDATE", "DELETE")
        }
    with database._side.lock:
        rows = database._side.run(engine, [owner.user]).rows
    assert {(row[0], row[1]) for row in rows} == wanted
    owner.execute("drop table t")
