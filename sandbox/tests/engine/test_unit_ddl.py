"""CREATE, ALTER and DROP of stored units, and what the dictionary says of them.

PL/SQL Language Reference, "SQL Statements for Stored PL/SQL Units"; Database Reference [D].
"""

# ruff: noqa: S608 - texts are made of names that the tests chose

from collections.abc import Callable
from typing import Any

import pytest

from oracleapi_sandbox.oracle.engine.database import EngineDatabase
from oracleapi_sandbox.oracle.engine.session import EngineSession

SHOP = """create or replace package shop authid current_user as
  function price(p_item varchar2, p_count number default 1) return number;
  procedure sell(p_item in varchar2, p_left in out number, p_done out boolean);
  procedure sell;
end shop;"""
SHOP_BODY = """create or replace package body shop as
  function price(p_item varchar2, p_count number default 1) return number is
  begin
    return 2 * p_count;
  end;
  procedure sell(p_item in varchar2, p_left in out number, p_done out boolean) is begin p_done := true; end;
  procedure sell is begin null; end;
end shop;"""


@pytest.fixture
def shop(author: EngineSession, units: Any) -> EngineSession:
    units.create(author, SHOP, SHOP_BODY)
    return author


def test_objects_and_their_source(shop: EngineSession, sql: Any) -> None:
    query = "select object_type, status, editionable from user_objects where object_name = 'SHOP' order by 1"
    assert sql.rows(shop, query) == [("PACKAGE", "VALID", "Y"), ("PACKAGE BODY", "VALID", "Y")]
    ids = sql.rows(shop, "select count(distinct object_id) from user_objects where object_name = 'SHOP'")
    assert ids == [(2,)]
    lines = sql.rows(
        shop, "select line, text from user_source where name = 'SHOP' and type = 'PACKAGE BODY' and line < 4 order by 1"
    )
    assert lines[0] == (1, "package body shop as\n")
    assert lines[2] == (3, "  begin\n")
    (last,) = sql.rows(
        shop,
        "select text from (select text from user_source where type = 'PACKAGE' order by line desc) where rownum = 1",
    )
    assert last == ("end shop;",)


def test_subprograms_and_arguments(shop: EngineSession, sql: Any, units: Any) -> None:
    units.create(shop, "create function alone(x number) return date is begin return sysdate; end;")
    query = "select object_name, procedure_name, object_type, overload, authid from user_procedures order by 1, 2, 4"
    assert sql.rows(shop, query) == [
        ("ALONE", None, "FUNCTION", None, "DEFINER"),
        ("SHOP", "PRICE", "PACKAGE", None, "CURRENT_USER"),
        ("SHOP", "SELL", "PACKAGE", "1", "CURRENT_USER"),
        ("SHOP", "SELL", "PACKAGE", "2", "CURRENT_USER"),
        ("SHOP", None, "PACKAGE", None, "CURRENT_USER"),
    ]
    query = (
        "select package_name, object_name, overload, position, argument_name, data_type, in_out, defaulted"
        " from user_arguments order by 1, 2, 3, 4"
    )
    assert sql.rows(shop, query) == [
        ("SHOP", "PRICE", None, 0, None, "NUMBER", "OUT", "N"),
        ("SHOP", "PRICE", None, 1, "P_ITEM", "VARCHAR2", "IN", "N"),
        ("SHOP", "PRICE", None, 2, "P_COUNT", "NUMBER", "IN", "Y"),
        ("SHOP", "SELL", "1", 1, "P_ITEM", "VARCHAR2", "IN", "N"),
        ("SHOP", "SELL", "1", 2, "P_LEFT", "NUMBER", "IN/OUT", "N"),
        ("SHOP", "SELL", "1", 3, "P_DONE", "PL/SQL BOOLEAN", "OUT", "N"),
        ("SHOP", "SELL", "2", 1, None, None, "IN", "N"),
        (None, "ALONE", None, 0, None, "DATE", "OUT", "N"),
        (None, "ALONE", None, 1, "X", "NUMBER", "IN", "N"),
    ]


def test_dependencies_follow_synonyms(shop: EngineSession, sql: Any, units: Any) -> None:
    units.create(
        shop,
        "create table t (id number)",
        "create synonym s for t",
        "create procedure uses is n number; begin select count(*) into n from t; shop.sell; end;",
        "create function through return number is n s.id%type; begin return n; end;",
    )
    query = (
        "select name, type, referenced_name, referenced_type from user_dependencies"
        f" where referenced_owner = '{shop.user}' order by 1, 2, 3, 4"
    )
    assert sql.rows(shop, query) == [
        ("SHOP", "PACKAGE BODY", "SHOP", "PACKAGE"),
        ("THROUGH", "FUNCTION", "S", "SYNONYM"),
        ("THROUGH", "FUNCTION", "T", "TABLE"),
        ("USES", "PROCEDURE", "SHOP", "PACKAGE"),
        ("USES", "PROCEDURE", "T", "TABLE"),
    ]


def test_who_may_execute_sees_the_specification_and_not_the_body(
    shop: EngineSession, caller: EngineSession, sql: Any
) -> None:
    query = f"select distinct type from all_source where owner = '{shop.user}' order by 1"
    assert sql.rows(caller, query) == []
    shop.execute(f"grant execute on shop to {caller.user}")
    assert sql.rows(caller, query) == [("PACKAGE",)]
    assert sql.rows(caller, f"select object_type from all_objects where owner = '{shop.user}'") == [("PACKAGE",)]
    assert sql.rows(shop, query) == [("PACKAGE",), ("PACKAGE BODY",)]


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        (
            "create package wrong as\n  procedure p(;\nend;",
            [(2, 15, 'PLS-00103: Encountered the symbol ";" when expecting one of the following:\n\n   an identifier')],
        ),
        ("create package wrong as end other;", [(1, 22, "PLS-00113: END identifier 'OTHER' must match 'WRONG'")]),
        (
            "create function wrong return number is x nowhere.t%type; y number := x; begin return x + zzz; end;",
            [
                (1, 35, "PLS-00201: identifier 'NOWHERE.T' must be declared"),
                (1, 33, "PL/SQL: Item ignored"),
                (1, 83, "PLS-00201: identifier 'ZZZ' must be declared"),
                (1, 72, "PL/SQL: Statement ignored"),
            ],
        ),
        (
            "create procedure wrong is begin insert into nowhere values (1); update nothing set a = 1; end;",
            [
                (1, 38, "PL/SQL: ORA-00942: table or view does not exist"),
                (1, 26, "PL/SQL: SQL Statement ignored"),
                (1, 65, "PL/SQL: ORA-00942: table or view does not exist"),
                (1, 58, "PL/SQL: SQL Statement ignored"),
            ],
        ),
        ("create procedure wrong is begin goto away; end;", [(1, 26, "PLS-00999: implementation restriction")]),
        ("create function wrong return number pipelined is begin return; end;", [(1, 30, "PLS-00999")]),
        ("create package wrong as pragma serially_reusable; end;", [(1, 18, "PLS-00999")]),
        (
            "create package body wrong as procedure p is begin null; end; end;",
            [
                (1, 14, "PLS-00201: identifier 'WRONG' must be declared"),
                (1, 14, "PLS-00304: cannot compile body of 'WRONG' without its specification"),
            ],
        ),
    ],
)
def test_faults_with_their_places(
    author: EngineSession, units: Any, text: str, faults: list[tuple[int, int, str]]
) -> None:
    assert author.execute(text).warned
    found = units.errors(author, "WRONG")
    assert [each[:2] for each in found] == [each[:2] for each in faults]
    assert all(text.startswith(start) for (_, _, text), (_, _, start) in zip(found, faults, strict=True))
    assert set(units.status(author, "WRONG").values()) == {"INVALID"}


def test_a_body_must_hold_what_the_specification_promises(author: EngineSession, units: Any) -> None:
    units.create(author, "create package half as procedure a; procedure b(x number); end;")
    made = author.execute("create package body half as procedure a is begin null; end;"
                          " procedure b(x date) is begin null; end; end;")  # fmt: skip
    assert made.warned
    text = "subprogram or cursor 'B' is declared in a package specification and must be defined in the package body"
    assert [each[2] for each in units.errors(author, "HALF")] == [f"PLS-00323: {text}"]
    said = units.refused(author, "begin half.a; end;")
    assert f'ORA-04063: package body "{author.user}.HALF" has errors' in said


def test_units_are_compiled_on_demand(shop: EngineSession, units: Any, sql: Any) -> None:
    for what in ("compile", "compile package", "compile specification", "compile body", "compile reuse settings"):
        assert not shop.execute(f"alter package shop {what}").warned
    shop.execute("create procedure late is begin later; end;")
    assert shop.execute("alter procedure late compile").warned
    units.create(shop, "create procedure later is begin null; end;")
    assert not shop.execute("alter procedure late compile").warned
    assert units.status(shop, "LATE") == {"PROCEDURE": "VALID"}
    shop.execute("alter package shop noneditionable")
    assert sql.rows(shop, "select distinct editionable from user_objects where object_name = 'SHOP'") == [("N",)]
    assert "ORA-03001: unimplemented feature: ALTER PACKAGE … RENAME" in units.refused(
        shop, "alter package shop rename"
    )
    assert "ORA-04043" in units.refused(shop, "alter function shop compile")
    shop.execute("drop package body shop")
    assert "ORA-04043" in units.refused(shop, "alter package shop compile body")


def test_what_is_dropped_leaves_nothing(shop: EngineSession, caller: EngineSession, units: Any, sql: Any) -> None:
    shop.execute(f"grant execute on shop to {caller.user}")
    shop.execute("drop package body shop")
    assert units.status(shop, "SHOP") == {"PACKAGE": "VALID"}
    assert "ORA-04043: object SHOP does not exist" in units.refused(shop, "drop package body shop")
    shop.execute("drop package shop")
    for view in ("objects", "source", "errors", "dependencies", "arguments", "procedures"):
        assert sql.rows(shop, f"select count(*) from user_{view}") == [(0,)]
    units.create(shop, SHOP)
    assert "PLS-00201" in units.refused(caller, f"begin {shop.user}.shop.sell; end;")  # the grant went too


def test_ddl_of_units_commits(author: EngineSession, sql: Any) -> None:
    author.execute("create table t (id number)")
    author.execute("insert into t values (1)")
    author.execute("create procedure faulty is begin nothing; end;")
    author.rollback()
    assert sql.rows(author, "select count(*) from t") == [(1,)]


def test_dynamic_ddl_with_errors_is_an_exception(author: EngineSession, units: Any) -> None:
    text = "begin execute immediate 'create procedure faulty is begin nothing; end;'; end;"
    assert "ORA-24344: success with compilation error" in units.refused(author, text)
    assert units.status(author, "FAULTY") == {"PROCEDURE": "INVALID"}


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("create trigger tr before insert on t begin null; end;", "ORA-03001: unimplemented feature: CREATE TRIGGER"),
        ("create type ty as object (x number);", "ORA-03001: unimplemented feature: CREATE TYPE"),
        ("create procedure nobody.p is begin null; end;", "ORA-01918"),
        ("create package shop as end;", "ORA-00955"),
        ("create procedure shop is begin null; end;", "ORA-00955"),
        ("create or replace function shop return number is begin return 1; end;", "ORA-00955"),
        ("create package body shop as end;", "ORA-00955"),
    ],
)
def test_what_cannot_be_created(shop: EngineSession, units: Any, statement: str, code: str) -> None:
    assert code in units.refused(shop, statement)


def test_hints_are_accepted_and_change_nothing(author: EngineSession, units: Any) -> None:
    units.create(
        author,
        "create or replace editionable function f(x number) return number deterministic parallel_enable"
        " result_cache relies_on (a, b) is pragma udf; begin pragma inline(f, 'YES'); return x; end;",
        "create noneditionable package p as pragma restrict_references(default, wnds); function g return number"
        " deterministic; end p;",
    )
    assert units.value(author, "f(3)") == "3"


def test_units_outlive_the_process(
    database: EngineDatabase, shop: EngineSession, connect: Callable[..., EngineSession], units: Any
) -> None:
    """What a new process finds is compiled at its first use."""
    database.compiled.clear()
    assert units.value(connect(shop.user), "shop.price('x', 4)") == "8"
