"""DML, transactions, constraints: what changes, what is undone, which error names what."""

import threading
import time
from decimal import Decimal
from typing import Any

import pytest

from oracleapi_sandbox.oracle.ports import Bind, OracleError


@pytest.fixture
def table(owner: Any) -> Any:
    owner.execute("create table parent (id number primary key)")
    owner.execute("insert into parent select level from dual connect by level <= 2")
    owner.execute(
        "create table t (id number generated always as identity constraint t_pk primary key,"
        " name varchar2(5 char) not null, amount number(5,2) default 1.5 constraint t_positive check (amount > 0),"
        " code varchar2(4) constraint t_code unique,"
        " parent_id number constraint t_parent references parent (id), made date default sysdate)"
    )
    owner.commit()
    return owner


def test_insert_returns_what_the_database_made(table: Any) -> None:
    result = table.execute(
        "insert into t (name, parent_id) values (:n, 1) returning id, amount into :id, :amount",
        {"N": Bind("Ann"), "ID": Bind(), "AMOUNT": Bind()},
    )
    assert result.rowcount == 1
    assert result.out == {"ID": 1, "AMOUNT": Decimal("1.5")}


@pytest.mark.parametrize(
    ("statement", "code", "text"),
    [
        ("insert into t (name) values ('')", 1400, '"NAME"'),
        ("update t set name = null", 1407, '"NAME"'),
        ("insert into t (name) values ('toolong')", 12899, '"T"."NAME" (actual: 7, maximum: 5)'),
        ("insert into t (name, amount) values ('a', 1000)", 1438, "precision"),
        ("insert into t (name, amount) values ('a', -1)", 2290, ".T_POSITIVE)"),
        ("insert into t (name, code) values ('a', 'dup')", 1, ".T_CODE)"),
        ("insert into t (name, parent_id) values ('a', 9)", 2291, ".T_PARENT)"),
        ("delete from parent where id = 1", 2292, ".T_PARENT)"),
        ("insert into t (id, name) values (5, 'a')", 32795, "identity"),
        ("insert into t (name) values ('a', 'b')", 913, "too many values"),
        ("insert into t (name, code) values ('a')", 947, "not enough values"),
        ("insert into t (nope) values (1)", 904, '"NOPE"'),
        ("insert into t (name, name) values ('a', 'b')", 957, "duplicate"),
        ("insert into t (name, amount) values ('a', 'x')", 1722, "number"),
        ("insert into t (name) values ('a') returning id", 925, "INTO"),
        ("insert into t (name) values ('a'), ('b')", 933, "one row in 19c"),
        ("update t set nope = 1", 904, '"NOPE"'),
        ("update nope set a = 1", 942, "table or view"),
        ("delete from t where nope = 1", 904, '"NOPE"'),
    ],
)
def test_refused_changes_change_nothing(table: Any, sql: Any, statement: str, code: int, text: str) -> None:
    table.execute("insert into t (name, code, parent_id) values ('first', 'dup', 1)")
    error = sql.refused(table, statement)
    assert error.code == code, error
    if code not in (933,):
        assert text in error.message
    assert table.in_transaction
    assert sql.rows(table, "select name, code from t") == [("first", "dup")]


def test_update_forms(table: Any, sql: Any) -> None:
    table.execute("insert into t (name, amount) select 'n' || id, id from parent")
    assert table.execute("update t x set x.amount = x.amount * 2, name = upper(name) where x.id > 0").rowcount == 2
    table.execute("update t set (name, amount) = (select 'sub', max(id) from parent) where amount = 4")
    assert sql.rows(table, "select name, amount from t order by amount, name") == [("N1", 2), ("sub", 2)]
    assert table.execute("delete t where rownum <= 1").rowcount == 1
    assert table.execute("delete from t x where x.id in (select id from t)").rowcount == 1


def test_merge(table: Any, sql: Any) -> None:
    table.execute("insert into t (name, code) values ('old', 'a')")
    merged = table.execute(
        "merge into t using (select 'a' code, 'new' name from dual union all select 'b', 'more' from dual) s"
        " on (t.code = s.code) when matched then update set t.name = s.name where t.amount > :low"
        " when not matched then insert (code, name) values (s.code, s.name)",
        {"LOW": Bind(0, "NUMBER")},
    )
    assert merged.rowcount == 2
    assert sql.rows(table, "select code, name from t order by code") == [("a", "new"), ("b", "more")]


def test_transaction_control(table: Any, sql: Any) -> None:
    table.execute("insert into t (name) values ('a')")
    table.execute("savepoint sp")
    table.execute("insert into t (name) values ('b')")
    table.execute("rollback to savepoint sp")
    assert sql.rows(table, "select name from t") == [("a",)]
    assert sql.refused(table, "rollback to nope").code == 1086
    assert sql.rows(table, "select name from t") == [("a",)]
    table.execute("rollback")
    assert not table.in_transaction
    assert sql.rows(table, "select name from t") == []


def test_ddl_commits_what_was_open(table: Any, sql: Any) -> None:
    table.execute("insert into t (name) values ('kept')")
    table.execute("create table other (a number)")
    table.rollback()
    assert sql.rows(table, "select name from t") == [("kept",)]


def test_others_see_committed_rows_only(table: Any, sql: Any, connect: Any) -> None:
    other = connect(table.user)
    table.execute("insert into t (name) values ('a')")
    assert sql.rows(other, "select count(*) from t") == [(0,)]
    table.commit()
    assert sql.rows(other, "select count(*) from t") == [(1,)]


def test_a_locked_row_is_busy(table: Any, sql: Any, connect: Any) -> None:
    table.execute("insert into t (name) values ('a')")
    table.commit()
    table.execute("update t set name = 'b'")
    other = connect(table.user)
    assert sql.refused(other, "select * from t for update nowait").code == 54
    assert sql.refused(other, "alter table t add (more number)").code == 54
    table.rollback()


def test_cancel_stops_a_waiting_statement(table: Any, sql: Any, connect: Any) -> None:
    table.execute("insert into t (name) values ('a')")
    table.commit()
    table.execute("update t set name = 'b'")
    other = connect(table.user)
    caught: list[OracleError] = []

    def wait() -> None:
        try:
            other.execute("update t set name = 'c'")
        except OracleError as error:
            caught.append(error)

    waiter = threading.Thread(target=wait)
    waiter.start()
    watcher = connect("SYSTEM")
    deadline = time.monotonic() + 20
    active = "select 1 from v$session where sid = :s and status = 'ACTIVE'"
    while not sql.rows(watcher, active, s=other.session_id):
        assert time.monotonic() < deadline
    while waiter.is_alive():
        assert time.monotonic() < deadline
        other.cancel()
        waiter.join(0.02)
    assert caught[0].code == 1013
    assert not other.in_transaction
    table.rollback()


def test_sequences(owner: Any, sql: Any) -> None:
    owner.execute("create sequence s start with 5 increment by 2 nocache")
    assert sql.refused(owner, "select s.currval from dual").code == 8002
    assert sql.rows(owner, "select s.nextval, s.currval from dual") == [(5, 5)]
    owner.execute("create table u (id number default s.nextval, a number)")
    owner.execute("insert into u (a) values (s.nextval)")
    assert sql.rows(owner, "select id + a from u") == [(16,)]
    owner.execute("drop sequence s")
    assert sql.refused(owner, "drop sequence s").code == 2289


def test_blocks_are_undone_as_a_whole(table: Any, sql: Any) -> None:
    table.execute("insert into t (name) values ('kept')")
    assert (
        sql.refused(
            table, "begin insert into t (name) values ('gone'); raise_application_error(-20001, 'no'); end;"
        ).code
        == 20001
    )
    assert sql.rows(table, "select name from t") == [("kept",)]
    result = table.execute(
        "declare n t.name%type; begin delete from t returning name into n; :o := n || sql%rowcount; end;", {"O": Bind()}
    )
    assert result.out == {"O": "kept1"}


def test_cancel_stops_a_block_without_sql(owner: Any) -> None:
    caught: list[OracleError] = []

    def spin() -> None:
        try:
            owner.execute("begin loop null; end loop; end;")
        except OracleError as error:
            caught.append(error)

    worker = threading.Thread(target=spin)
    worker.start()
    deadline = time.monotonic() + 20
    while worker.is_alive():
        assert time.monotonic() < deadline
        owner.cancel()
        worker.join(0.02)
    assert caught[0].code == 1013
    owner.execute("begin null; end;")


def test_a_view_that_rows_cannot_be_changed_through_says_so(owner: Any, sql: Any) -> None:
    owner.execute("create table base (a number)")
    owner.execute("create view counted as select a, count(*) n from base group by a")
    assert sql.refused(owner, "insert into counted (a) values (1)").code == 1732
    assert sql.refused(owner, "delete from counted").code == 1732
