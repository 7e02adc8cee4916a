"""Stored units as a client of the listener has them: python-oracledb installs them by their text, and calls them."""

# ruff: noqa: S608 - texts are made of names that the tests chose

import itertools
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import oracledb
import pytest

from oracleapi_sandbox.oracle.engine.database import EngineDatabase
from oracleapi_sandbox.oracle.tns.server import Listener

Connect = Callable[..., oracledb.Connection]
PASSWORD = "Secret_1"
NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def port(database: EngineDatabase) -> Iterator[int]:
    listener = Listener(database)
    yield listener.start()
    listener.stop()


@pytest.fixture
def client(port: int, database: EngineDatabase) -> Iterator[Connect]:
    """Open connections that are closed after the test."""
    opened: list[oracledb.Connection] = []

    def connect(user: str, password: str = PASSWORD) -> oracledb.Connection:
        dsn = f"127.0.0.1:{port}/{database.service_names[0]}"
        opened.append(oracledb.connect(user=user, password=password, dsn=dsn))
        return opened[-1]

    yield connect
    for connection in opened:
        connection.close()


@pytest.fixture
def dba(client: Connect, new_user: Callable[..., str]) -> oracledb.Cursor:
    """An account of its own: SYSTEM is granted each role that other tests create, more than a login can enable."""
    name = new_user("DBA")
    return client(name, f"Secret_{name}").cursor()


@pytest.fixture
def user(dba: oracledb.Cursor) -> Callable[..., str]:
    def make(*privileges: str) -> str:
        name = f"W{next(NUMBERS)}"
        dba.execute(f'create user {name} identified by "{PASSWORD}" quota unlimited on users')
        dba.execute(f"grant {', '.join(('create session', *privileges))} to {name}")
        return name

    return make


@pytest.fixture
def author(client: Connect, user: Callable[..., str]) -> oracledb.Connection:
    return client(user("create procedure", "create table", "create synonym"))


def install(cursor: oracledb.Cursor, *statements: str) -> None:
    for statement in statements:
        cursor.execute(statement)
        assert cursor.warning is None, statement


def refused(cursor: oracledb.Cursor, statement: str, **binds: Any) -> oracledb._Error:  # type: ignore[name-defined]
    with pytest.raises(oracledb.DatabaseError) as caught:
        cursor.execute(statement, binds)
    return caught.value.args[0]


TOOLS = """create or replace package tools as
  type names is table of varchar2(30) index by pls_integer;
  function plus(a number, b number default 1) return number;
  procedure describe(p_in in varchar2, p_out out varchar2, p_both in out number, p_yes out boolean, p_at out date);
  procedure rows_of(p_least number, p_rows out sys_refcursor);
  procedure shout(p_names in out names);
  function total(p_names names) return number;
  procedure fail(p_code number);
end tools;"""
TOOLS_BODY = """create or replace package body tools as
  function plus(a number, b number default 1) return number is begin return a + b; end;

  procedure describe(p_in in varchar2, p_out out varchar2, p_both in out number, p_yes out boolean, p_at out date) is
  begin
    p_out := upper(p_in); p_both := p_both * 2; p_yes := p_both > 5; p_at := date '2024-02-29';
  end;

  procedure rows_of(p_least number, p_rows out sys_refcursor) is
  begin
    open p_rows for select level n from dual where level >= p_least connect by level <= 4;
  end;

  procedure shout(p_names in out names) is
  begin
    for i in 1 .. p_names.count loop p_names(i) := p_names(i) || '!'; end loop;
  end;

  function total(p_names names) return number is
    n number := 0;
  begin
    for i in 1 .. p_names.count loop n := n + length(p_names(i)); end loop;
    return n;
  end;

  procedure fail(p_code number) is
  begin
    raise_application_error(p_code, 'no');
  end;
end tools;"""


def test_calls_with_every_kind_of_argument(author: oracledb.Connection) -> None:
    cursor = author.cursor()
    install(cursor, TOOLS, TOOLS_BODY)
    assert cursor.callfunc("tools.plus", int, [2, 3]) == 5
    assert cursor.callfunc("tools.plus", int, keyword_parameters={"a": 2}) == 3
    text, both, yes = cursor.var(str), cursor.var(int), cursor.var(bool)
    at = cursor.var(oracledb.DB_TYPE_DATE)
    both.setvalue(0, 4)
    cursor.callproc("tools.describe", ["word", text, both, yes, at])
    assert (text.getvalue(), both.getvalue(), yes.getvalue()) == ("WORD", 8, True)
    assert at.getvalue() == datetime(2024, 2, 29)
    rows = author.cursor()
    cursor.callproc("tools.rows_of", [3, rows])
    assert rows.fetchall() == [(3,), (4,)]
    names = cursor.arrayvar(str, ["a", "bcd"])
    assert cursor.callfunc("tools.total", int, [names]) == 4
    cursor.callproc("tools.shout", [names])
    assert names.getvalue() == ["a!", "bcd!"]
    cursor.execute("select tools.plus(1), level from dual connect by level <= 2")
    assert cursor.fetchall() == [(2, 1), (2, 2)]


def test_errors_carry_code_and_stack(author: oracledb.Connection) -> None:
    cursor = author.cursor()
    install(cursor, TOOLS, TOOLS_BODY)
    owner = author.username.upper()
    error = refused(cursor, "begin tools.fail(:code); end;", code=-20123)
    assert (error.code, error.full_code) == (20123, "ORA-20123")
    assert error.message.splitlines() == [
        "ORA-20123: no",
        f'ORA-06512: at "{owner}.TOOLS", line 28',
        "ORA-06512: at line 1",
    ]
    assert refused(cursor, "begin tools.fail(1); end;").code == 21000
    assert refused(cursor, "begin\n  tools.nothing;\nend;").code == 6550


def test_a_unit_with_errors_warns_the_client(author: oracledb.Connection) -> None:
    cursor = author.cursor()
    cursor.execute("create procedure faulty is begin nothing; end;")
    assert cursor.warning.full_code == "DPY-7000"
    cursor.execute("select line, position, text from user_errors order by sequence")
    assert cursor.fetchall()[0] == (1, 27, "PLS-00201: identifier 'NOTHING' must be declared")
    error = refused(cursor, "begin faulty; end;")
    assert "PLS-00905" in error.message
    cursor.execute("create or replace procedure faulty is begin null; end;")
    assert cursor.warning is None
    cursor.callproc("faulty")


def test_state_lasts_as_long_as_the_session(author: oracledb.Connection, client: Connect) -> None:
    cursor = author.cursor()
    install(
        cursor,
        "create package counter as function next return number; end;",
        "create package body counter as g number := 0;"
        " function next return number is begin g := g + 1; return g; end; end;",
    )
    assert [cursor.callfunc("counter.next", int) for _ in range(3)] == [1, 2, 3]
    other = client(author.username).cursor()
    assert other.callfunc("counter.next", int) == 1
    install(other, "alter package counter compile body")
    with pytest.raises(oracledb.DatabaseError, match="ORA-04068"):
        cursor.callfunc("counter.next", int)
    assert cursor.callfunc("counter.next", int) == 1


GUARD = (
    "create user {g} no authentication default tablespace users quota unlimited on users",
    "create table {g}.binding (subject varchar2(100) not null, role varchar2(30) not null,"
    " not_after timestamp with time zone)",
    "create table {g}.fault (at timestamp with time zone, subject varchar2(100), code number)",
    """create or replace package {g}.decision authid definer accessible by (package {g}.guard) as
         function roles_of(p_subject in varchar2) return varchar2;
         procedure note(p_subject in varchar2, p_code in pls_integer);
       end decision;""",
    """create or replace package {g}.guard authid current_user as
         function check_request(p_subject in varchar2) return boolean;
       end guard;""",
    """create or replace package body {g}.decision as
         function roles_of(p_subject in varchar2) return varchar2 is
           v_roles varchar2(4000);
         begin
           for each_ in (select distinct role from binding
                         where subject = p_subject and (not_after is null or not_after > systimestamp) order by role)
           loop
             v_roles := v_roles || case when v_roles is not null then ',' end || each_.role;
           end loop;
           return v_roles;
         end roles_of;

         procedure note(p_subject in varchar2, p_code in pls_integer) is
           pragma autonomous_transaction;
         begin
           insert into fault values (systimestamp, p_subject, p_code);
           commit;
         end note;
       end decision;""",
    """create or replace package body {g}.guard as
         g_decided boolean := false;

         function check_request(p_subject in varchar2) return boolean is
           v_roles varchar2(4000);
         begin
           dbms_session.set_role('NONE');
           if g_decided then
             raise_application_error(-20403, 'decided once');
           end if;
           g_decided := true;
           v_roles := decision.roles_of(p_subject);
           if v_roles is null then
             decision.note(p_subject, 403);
             return false;
           end if;
           dbms_session.set_identifier(substr(p_subject, 1, 64));
           dbms_session.set_role(v_roles);
           return true;
         exception
           when others then
             decision.note(p_subject, sqlcode);
             return false;
         end check_request;
       end guard;""",
    "grant execute on {g}.guard to public",
)
ASK = "begin :allowed := case when {g}.guard.check_request(:subject) then 1 else 0 end; end;"


@pytest.fixture
def guarded(dba: oracledb.Cursor, user: Callable[..., str], client: Connect) -> tuple[str, oracledb.Connection]:
    """The guard's schema, and a session of a REST schema that a pool has opened through its own account."""
    number = next(NUMBERS)
    guard, rest, pool, role = f"G{number}", f"REST{number}", user(), f"READER{number}"
    install(
        dba,
        *(statement.format(g=guard) for statement in GUARD),
        f"create role {role} identified using {guard}.guard",
        f"create user {rest} no authentication",
        f"grant create session to {rest}",
        f"alter user {rest} default role none",
        f"grant {role} to {rest}",
        f"alter user {rest} grant connect through {pool}",
        f"grant select on {guard}.fault to {role}",
    )
    dba.executemany(
        f"insert into {guard}.binding values (:1, :2, systimestamp + numtodsinterval(:3, 'HOUR'))",
        [("alice", role, 1), ("bob", role, -1)],
    )
    dba.connection.commit()
    return guard, client(f"{pool}[{rest}]")


def ask(connection: oracledb.Connection, guard: str, subject: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("begin dbms_session.reset_package; end;")
        allowed = cursor.var(int)
        cursor.execute(ASK.format(g=guard), allowed=allowed, subject=subject)
        return bool(allowed.getvalue())


def test_a_guard_lets_the_bound_in_with_their_role(
    guarded: tuple[str, oracledb.Connection], dba: oracledb.Cursor
) -> None:
    guard, connection = guarded
    cursor = connection.cursor()
    read = f"select count(*) from {guard}.fault"
    assert refused(cursor, read).code == 942
    assert not ask(connection, guard, "bob")
    assert not ask(connection, guard, "mallory")
    assert refused(cursor, read).code == 942
    assert ask(connection, guard, "alice")
    assert cursor.execute(read).fetchone() == (2,)
    shown = "select sys_context('userenv', 'client_identifier'), sys_context('userenv', 'proxy_user') from dual"
    identifier, proxy = cursor.execute(shown).fetchone()
    assert (identifier, proxy is not None) == ("alice", True)
    assert not ask(connection, guard, "mallory")
    assert refused(cursor, read).code == 942  # the role of the one before is gone
    dba.execute(f"select subject, code from {guard}.fault order by at")
    assert dba.fetchall() == [("bob", 403), ("mallory", 403), ("mallory", 403)]


def test_a_guard_decides_once_in_a_request(guarded: tuple[str, oracledb.Connection], dba: oracledb.Cursor) -> None:
    guard, connection = guarded
    assert ask(connection, guard, "alice")
    cursor = connection.cursor()
    allowed = cursor.var(int)
    cursor.execute(ASK.format(g=guard), allowed=allowed, subject="alice")
    assert allowed.getvalue() == 0
    assert refused(cursor, f"select count(*) from {guard}.fault").code == 942
    dba.execute(f"select subject, code from {guard}.fault")
    assert dba.fetchall() == [("alice", -20403)]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("begin {g}.decision.note('x', 1); end;", "PLS-00201"),
        ("begin :r := {g}.decision.roles_of('alice'); end;", "PLS-00201"),
        ("select {g}.decision.roles_of('alice') from dual", "ORA-00904"),
        ("begin {g}.guard.g_decided := false; end;", "PLS-00302"),
        ("begin dbms_session.set_role('{r}'); end;", "ORA-28201"),
        ("begin execute immediate 'set role {r}'; end;", "ORA-28201"),
        ("set role {r}", "ORA-28201"),
        ("insert into {g}.binding values ('mallory', '{r}', null)", "ORA-00942"),
        ("create or replace package body {g}.guard as end;", "ORA-01031"),
        ("drop package {g}.guard", "ORA-01031"),
        ("select text from all_source where owner = '{g}' and type = 'PACKAGE BODY'", None),
    ],
)
def test_ways_around_a_guard(guarded: tuple[str, oracledb.Connection], text: str, fault: str | None) -> None:
    guard, connection = guarded
    statement = text.format(g=guard, r=f"READER{guard[1:]}")
    cursor = connection.cursor()
    if fault is None:
        assert cursor.execute(statement).fetchall() == []
        return
    binds = {"r": cursor.var(str)} if ":r" in statement else {}
    assert fault in refused(cursor, statement, **binds).message
    assert refused(cursor, f"select count(*) from {guard}.fault").code == 942


def test_even_with_execute_only_the_guard_may_ask_what_decides(
    guarded: tuple[str, oracledb.Connection], dba: oracledb.Cursor
) -> None:
    guard, connection = guarded
    install(dba, f"grant execute on {guard}.decision to public")
    error = refused(connection.cursor(), f"begin {guard}.decision.note('x', 1); end;")
    assert "PLS-00904: insufficient privilege to access object DECISION" in error.message
    assert ask(connection, guard, "alice")


def test_a_guard_is_replaced_under_sessions_that_use_it(
    guarded: tuple[str, oracledb.Connection], dba: oracledb.Cursor
) -> None:
    """Between requests its state is nothing to lose; within one it is told."""
    guard, connection = guarded
    assert ask(connection, guard, "alice")
    install(dba, GUARD[6].format(g=guard))
    error = refused(connection.cursor(), f"begin if {guard}.guard.check_request('alice') then null; end if; end;")
    assert error.code == 4068
    assert ask(connection, guard, "alice")
    install(dba, GUARD[5].format(g=guard))
    assert ask(connection, guard, "alice")
