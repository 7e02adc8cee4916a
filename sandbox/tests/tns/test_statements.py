"""Scanning statements for their kind and their binds, as the driver does."""

import pytest

from oracleapi_sandbox.oracle.tns.statements import Kind, scan, separate_names


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("select 1 from dual", Kind.QUERY),
        ("  /* hint */ -- line\n (Select 1 from dual)", Kind.QUERY),
        ("with a as (select 1 from dual) select * from a", Kind.QUERY),
        ("begin null; end;", Kind.PLSQL),
        ("call p(:1)", Kind.PLSQL),
        ("merge into t using d on (1=1)", Kind.DML),
        ("alter session set time_zone='+00:00'", Kind.DDL),
        ("comment on table t is ':x'", Kind.DDL),
        ("set role none", Kind.OTHER),
        ("commit", Kind.OTHER),
        ("", Kind.OTHER),
    ],
)
def test_the_first_word_decides_the_kind(sql: str, kind: Kind) -> None:
    assert scan(sql).kind is kind


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("select :a, :B, :a from dual", ["A", "B", "A"]),
        ("begin p(:a, :B, :a); end;", ["A", "B"]),
        ("begin :x := f(:1, p_y => :2); end;", ["X", "1", "2"]),
        ("select ':no', q'[:no ' :no]', :yes from dual", ["YES"]),
        ("select 'it''s :no' || :yes from dual", ["YES"]),
        ("select nq'{:no'}' || :yes from dual", ["YES"]),
        ('select ":no", : "Mixed" from dual', ["Mixed"]),
        ("select /* :no */ :yes -- :no\n, :also from dual", ["YES", "ALSO"]),
        ("select json_object('a' : 1, 'b' :2) from t where c = :c", ["C"]),
        ("select : 1, :a$b#_1 from dual", ["1", "A$B#_1"]),
        ("begin x:=1; end;", []),
        ("create table t (a number default :x)", []),
        ("select ü from t where é = :été", ["ÉTÉ"]),
    ],
)
def test_binds_are_found_where_the_driver_finds_them(sql: str, names: list[str]) -> None:
    assert [slot.name for slot in scan(sql).slots] == names


@pytest.mark.parametrize(
    ("sql", "returning"),
    [
        ("insert into t values (:a) returning id into :id", [False, True]),
        ("update t set a = :a where b = :b RETURNING a, b INTO :x, :y", [False, False, True, True]),
        ("insert into returning_log values (:a)", [False]),
        ("begin insert into t values (:a) returning id into :id; end;", [False, False]),
    ],
)
def test_binds_after_returning_into_take_values_back(sql: str, returning: list[bool]) -> None:
    assert [slot.returning for slot in scan(sql).slots] == returning


def test_one_name_with_two_values_becomes_two_names() -> None:
    statement = scan("insert into t values (:1, :1, :a, :a)")
    sql, names = separate_names(statement, [1, 2, "x", "x"])
    assert len(set(names[:2])) == 2
    assert names[2:] == ("A", "A")
    assert [slot.name for slot in scan(sql).slots] == list(names)


def test_equal_values_keep_the_text() -> None:
    statement = scan("insert into t values (:1, :1)")
    assert separate_names(statement, [1, 1]) == (statement.sql, ("1", "1"))
