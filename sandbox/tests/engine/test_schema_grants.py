"""Privileges on a schema, which came with 23ai: who may grant them, what they let do, and what is seen of them."""

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

from oracleapi_sandbox.oracle.engine.database import EngineDatabase, open_database
from oracleapi_sandbox.oracle.engine.session import EngineSession

SEEN = "select privilege, schema, admin_option from dba_schema_privs where grantee = :u order by 1"


@pytest.fixture(scope="module")
def newer(tmp_path_factory: Any, clock: Any, journal: Any) -> Iterator[EngineDatabase]:
    folder = tmp_path_factory.mktemp("oracle23")
    with closing(open_database(folder, clock=clock, journal=journal, version="23.7.0.0.0")) as database:
        yield database


@pytest.fixture(scope="module")
def dba(newer: EngineDatabase) -> EngineSession:
    """SYSTEM, with an owner HR of a table, a view, a sequence and a procedure, and users APP and OTHER."""
    system = newer.open_session("SYSTEM")
    for name in ("HR", "APP", "OTHER", "LENDER"):
        system.execute(f'create user {name} identified by "First_1" quota unlimited on users')
        system.execute(f"grant create session to {name}")
    system.execute("create table hr.pay (id number)")
    system.execute("create view hr.paid as select id from hr.pay")
    system.execute("create sequence hr.ids")
    system.execute("create procedure hr.go is begin null; end;")
    return system


@pytest.fixture
def session(newer: EngineDatabase, dba: EngineSession) -> Iterator[Callable[[str], EngineSession]]:
    opened: list[EngineSession] = []

    def open_one(user: str) -> EngineSession:
        opened.append(newer.open_session(user))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()


def test_it_reaches_all_of_the_schema_and_what_comes_later(dba: EngineSession, session: Any, sql: Any) -> None:
    app, other = session("APP"), session("OTHER")
    assert sql.refused(app, "select * from hr.pay").code == 942
    dba.execute("grant select any table, insert any table on schema hr to app")
    dba.execute("create table hr.later (id number)")
    dba.execute("create view hr.shown as select id from hr.later")
    for name in ("pay", "paid", "later", "shown"):
        assert sql.rows(app, f"select * from hr.{name}") == []  # noqa: S608 - names of the test's own
        assert sql.refused(other, f"select * from hr.{name}").code == 942  # noqa: S608 - as above
    app.execute("insert into hr.later values (1)")
    app.execute("commit")
    assert sql.refused(app, "delete from hr.later").code == 1031
    assert sql.rows(app, "select table_name from all_tables where owner = 'HR' order by 1") == [("LATER",), ("PAY",)]
    dba.execute("create table other.own (id number)")
    assert sql.refused(app, "select * from other.own").code == 942
    dba.execute("revoke select any table, insert any table on schema hr from app")
    assert sql.refused(app, "select * from hr.later").code == 942
    dba.execute("drop view hr.shown")
    dba.execute("drop table hr.later")


def test_sequences_units_and_new_objects(dba: EngineSession, session: Any, sql: Any) -> None:
    app = session("APP")
    assert sql.refused(app, "select hr.ids.nextval").code == 2289
    assert sql.refused(app, "create synonym hr.wages for hr.pay").code == 1031
    dba.execute("grant select any sequence, execute any procedure, create any synonym on schema hr to app")
    assert sql.one(app, "select hr.ids.nextval") == 1
    app.execute("begin hr.go; end;")
    app.execute("create synonym hr.wages for hr.pay")
    assert sql.refused(app, "create synonym other.wages for hr.pay").code == 1031
    dba.execute("revoke select any sequence, execute any procedure, create any synonym on schema hr from app")
    dba.execute("drop synonym hr.wages")


def test_through_a_role(dba: EngineSession, session: Any, sql: Any) -> None:
    dba.execute("create role reading")
    dba.execute("grant read any table on schema hr to reading")
    dba.execute("grant reading to app")
    assert sql.rows(session("APP"), "select * from hr.pay") == []
    dba.execute("drop role reading")
    assert sql.rows(dba, SEEN, u="READING") == []


def test_who_may_grant(dba: EngineSession, session: Any, sql: Any) -> None:
    owner, lender = session("HR"), session("LENDER")
    statement = "grant select any table on schema hr to app"
    assert sql.refused(lender, statement).code == 1031
    owner.execute("grant select any table on schema hr to lender with admin option")
    lender.execute(statement)
    assert sql.refused(lender, "grant insert any table on schema hr to app").code == 1031
    dba.execute("grant grant any schema privilege to lender")
    lender.execute("grant insert any table on schema hr to app")
    assert sql.rows(dba, SEEN, u="APP") == [("INSERT ANY TABLE", "HR", "NO"), ("SELECT ANY TABLE", "HR", "NO")]
    assert sql.rows(dba, SEEN, u="LENDER") == [("SELECT ANY TABLE", "HR", "YES")]
    assert sql.rows(lender, "select privilege, schema, admin_option from user_schema_privs") == [
        ("SELECT ANY TABLE", "HR", "YES")
    ]
    dba.execute("revoke select any table, insert any table on schema hr from app")
    dba.execute("revoke select any table on schema hr from lender")
    dba.execute("revoke grant any schema privilege from lender")


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("grant select any table on schema nobody to app", 1918),
        ("grant select any table on schema hr to nobody", 1917),
        ("grant fly on schema hr to app", 990),
        ("grant select on schema hr to app", 990),
        ("grant create user on schema hr to app", 3001),
        ("revoke select any table on schema hr from app", 1952),
    ],
)
def test_refused(dba: EngineSession, sql: Any, statement: str, code: int) -> None:
    assert sql.refused(dba, statement).code == code
    assert sql.rows(dba, SEEN, u="APP") == []


def test_nothing_is_left_of_a_schema_that_is_dropped(dba: EngineSession, sql: Any) -> None:
    dba.execute('create user gone identified by "First_1" quota unlimited on users')
    dba.execute("grant select any table on schema gone to app")
    dba.execute("grant select any table on schema hr to gone")
    dba.execute("drop user gone")
    assert sql.rows(dba, SEEN, u="APP") == sql.rows(dba, SEEN, u="GONE") == []


def test_19c_has_neither_the_statement_nor_the_views(system: EngineSession, owner: EngineSession, sql: Any) -> None:
    statement = f"grant select any table on schema {owner.user} to {owner.user}"
    assert "GRANT ON SCHEMA" in sql.refused(system, statement).message
    assert sql.refused(system, "select 1 from sys.dba_schema_privs").code == 942
    assert sql.refused(system, f"grant grant any schema privilege to {owner.user}").code == 990
