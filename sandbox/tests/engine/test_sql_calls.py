"""Stored functions that SQL calls. PL/SQL Language Reference, "PL/SQL Functions that SQL Statements Can Invoke" [D]."""

# ruff: noqa: S608 - texts are made of names that the tests chose

from typing import Any

import pytest

from oracleapi_sandbox.oracle.engine.session import EngineSession
from oracleapi_sandbox.oracle.ports import Bind


@pytest.fixture
def pay(author: EngineSession, units: Any) -> EngineSession:
    """A table of two people, and functions over it."""
    units.create(
        author,
        "create table people (id number, name varchar2(20), born date)",
        "create function twice(x number) return number deterministic is begin return 2 * x; end;",
        "create function name_of(p_id number, p_else varchar2 default '?') return varchar2 is n people.name%type;"
        " begin select name into n from people where id = p_id; return n || p_else; end;",
        "create package p as function year_of(d date) return number; function year_of(t varchar2) return varchar2;"
        " function total return number; g number := 4; end;",
        """create package body p as
             function year_of(d date) return number is begin return extract(year from d); end;
             function year_of(t varchar2) return varchar2 is begin return 'year ' || t; end;
             function total return number is n number;
             begin select sum(twice(3) + p.g) into n from dual where year_of('1') = 'year 1'; return n; end;
           end;""",
    )
    author.execute("insert into people values (1, 'Ann', date '1990-05-01')")
    author.execute("insert into people values (2, 'Bob', date '1980-05-01')")
    return author


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("select twice(4) from dual", [(8,)]),
        ("select twice(x => 1 + 1) + twice(twice(1)) from dual", [(8,)]),
        ("select {owner}.p.year_of(date '2001-02-03'), p.year_of('7') from dual", [(2001, "year 7")]),
        ("select p.total from dual", [(10,)]),
        ("select p.total() from dual where twice(1) = 2", [(10,)]),
        ("select name from people where id = twice(1)", [("Bob",)]),
        ("select name, twice(id) t, p.year_of(born) from people order by name", [("Ann", 2, 1990), ("Bob", 4, 1980)]),
        ("select twice(p_.id) from people p_ where p_.name = upper(p_.name) or id = 2", [(4,)]),
        ("select name_of(id, '!') from people order by id fetch first 1 row only", [("Ann!",)]),
        ("select nvl(name_of(99), 'nobody') from dual", [("nobody",)]),
        ("select name_of(:b) from dual", [("Bob?",)]),
        ("select count(*) from people where id < twice(:b)", [(2,)]),
    ],
)
def test_a_query_calls_functions(pay: EngineSession, query: str, rows: list[tuple[Any, ...]]) -> None:
    binds = {"B": Bind(2, "NUMBER")} if ":b" in query else {}
    assert list(pay.execute(query.replace("{owner}", pay.user), binds).rows) == rows


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ("select name from people where twice(id) = 2", "ORA-03001: unimplemented feature: TWICE over columns"),
        ("select twice(id) + 1 from people", "ORA-03001"),
        ("select distinct twice(id) from people", "a stored function over columns with DISTINCT"),
        ("select twice(id) t from people order by t", "ORDER BY a stored function over columns"),
        ("select twice(id) from people order by 1", "ORDER BY a stored function over columns"),
        ("insert into people (id) select twice(id) from people", "ORA-03001"),
        ("create view v as select twice(id) t from people", "ORA-03001"),
        ("select twice(1, 2) from dual", "ORA-06553: PLS-306: wrong number or types of arguments in call to 'TWICE'"),
        ("select p.nothing(1) from dual", "ORA-06553: PLS-221: 'NOTHING' is not a procedure or is undefined"),
        ("select nowhere.f(1) from dual", 'ORA-00904: "NOWHERE"."F": invalid identifier'),
        ("select nothing(1) from dual", 'ORA-00904: "NOTHING": invalid identifier'),
    ],
)
def test_what_is_not_supported_or_wrong_is_refused(pay: EngineSession, units: Any, query: str, fault: str) -> None:
    assert fault in units.refused(pay, query)


def test_a_parse_describes_what_the_functions_give(pay: EngineSession) -> None:
    columns = pay.parse("select name, twice(id) t, name_of(id) n, p.year_of('1') y from people") or ()
    assert [(each.name, each.type) for each in columns] == [
        ("NAME", "VARCHAR2"),
        ("T", "NUMBER"),
        ("N", "VARCHAR2"),
        ("Y", "VARCHAR2"),
    ]


def test_a_function_that_fails_fails_the_statement(pay: EngineSession, units: Any) -> None:
    units.create(
        pay, "create function bad(n number) return number is begin raise_application_error(-20001, 'no'); end;"
    )
    said = units.refused(pay, "select bad(id) from people")
    assert said == f'ORA-20001: no\nORA-06512: at "{pay.user}.BAD", line 1'
    assert list(pay.execute("select count(*) from people").rows) == [(2,)]  # the transaction goes on


def test_a_function_of_a_query_changes_nothing(pay: EngineSession, units: Any) -> None:
    units.create(
        pay,
        "create function writes return number is begin insert into people (id) values (9); return 1; end;",
        "create function ends return number is begin commit; return 1; end;",
        "create function alone return number is pragma autonomous_transaction;"
        " begin insert into people (id) values (10); commit; return 1; end;",
    )
    pay.commit()
    assert "ORA-14551: cannot perform a DML operation inside a query" in units.refused(pay, "select writes from dual")
    said = units.refused(pay, "select ends from people")
    assert "ORA-14552: cannot perform a DDL, commit or rollback inside a query or DML" in said
    assert list(pay.execute("select alone from dual").rows) == [(1,)]
    pay.execute("insert into people (id) values (20 + writes)")
    assert list(pay.execute("select id from people where id > 2 order by id").rows) == [(9,), (10,), (21,)]


def test_rights_of_functions_that_sql_calls(pay: EngineSession, caller: EngineSession, units: Any) -> None:
    query = f"select {pay.user}.name_of(1) from dual"
    assert "ORA-00904" in units.refused(caller, query)
    pay.execute(f"grant execute on name_of to {caller.user}")
    pay.commit()
    assert list(caller.execute(query).rows) == [("Ann?",)]
    assert "ORA-00942" in units.refused(caller, f"select * from {pay.user}.people")
    units.create(pay, "create function hidden return number accessible by (package door) is begin return 1; end;")
    assert "ORA-06553: PLS-904: insufficient privilege to access object HIDDEN" in units.refused(
        pay, "select hidden from dual"
    )


def test_an_invalid_function_is_named(pay: EngineSession, units: Any) -> None:
    pay.execute("create function broken return number is begin return nothing; end;")
    said = units.refused(pay, "select broken from dual")
    assert "ORA-06575: Package or function BROKEN is in an invalid state" in said


def test_local_functions_may_not_be_called_in_sql(pay: EngineSession, units: Any) -> None:
    made = pay.execute(
        "create procedure local_one is function f return number is begin return 1; end; n number;"
        " begin select f into n from dual; end;"
    )
    assert made.warned
    assert "PLS-00231: function 'F' may not be used in SQL" in [each[2] for each in units.errors(pay, "LOCAL_ONE")]
