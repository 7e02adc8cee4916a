"""Queries over tables: clauses, joins, paging, grouping, labels, and what is refused by name and place."""

# ruff: noqa: S608 - names made by the tests themselves

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest


@pytest.fixture(scope="module")
def hr(database: Any, system: Any) -> Any:
    system.execute('create user hr identified by "Hr_secret_1" quota unlimited on users')
    system.execute("grant create session, create table, create view, create sequence, create synonym to hr")
    session = database.open_session("HR")
    session.execute("create table dept (id number(4) primary key, name varchar2(20) not null)")
    session.execute(
        "create table emp (id number(6) primary key, name varchar2(30) not null, sal number(8,2), hired date,"
        " mgr number(6), dept_id number(4) references dept (id), code char(4), doc clob)"
    )
    session.execute("insert into dept select level * 10, 'D' || level from dual connect by level <= 3")
    for row in (
        '1, \'Anna\', 3000, date \'2020-01-15\', null, 10, \'aa\', \'{"tags":[{"t":"x"},{"t":"y"}]}\'',
        "2, 'Bob', 2000.5, date '2021-06-01', 1, 10, 'bb', null",
        "3, 'Cleo', null, date '2021-06-01', 1, 20, null, null",
        "4, 'Dan', 400, null, 2, null, 'dd', null",
    ):
        session.execute(f"insert into emp values ({row})")
    session.commit()
    yield session
    session.close()


QUERIES: list[tuple[str, list[tuple[Any, ...]], str]] = [
    ("select id from emp where sal > '1000' order by id", [(1,), (2,)], "a string beside a NUMBER is a number"),
    ("select id from emp where hired = '15-JAN-20'", [(1,)], "a string beside a DATE is a date"),
    ("select id from emp where id in (1, '2', null) order by id", [(1,), (2,)], "IN converts each"),
    ("select id from emp where id not in (select mgr from emp)", [], "NOT IN a list with NULL is never true"),
    ("select id from emp where name like 'A%'", [(1,)], "LIKE"),
    (r"select id from emp where name like 'A\%'", [], "a backslash escapes nothing"),
    ("select id from emp where name like 'A!%' escape '!'", [], "unless it is said"),
    ("select id from emp order by sal", [(4,), (2,), (1,), (3,)], "NULLs last"),
    ("select id from emp order by sal desc", [(3,), (1,), (2,), (4,)], "NULLs first"),
    ("select id from emp order by 1 desc fetch first 2 rows only", [(4,), (3,)], "FETCH"),
    ("select id from emp order by id offset 1 rows fetch next 2 rows only", [(2,), (3,)], "OFFSET"),
    ("select id from emp order by hired fetch first 2 rows with ties", [(1,), (2,), (3,)], "ties"),
    ("select count(*) from emp where rownum <= 2", [(2,)], "ROWNUM counts before grouping"),
    ("select id from emp where rownum <= 2 order by id desc", [(2,), (1,)], "and before sorting"),
    ("select id from emp where rownum > 1", [], "never true"),
    ("select id from emp where rownum = 1 and sal is null", [(3,)], "with another condition"),
    (
        "select * from (select a.*, rownum rn from (select id from emp order by id desc) a where rownum <= 3)"
        " where rn > 1",
        [(3, 2), (2, 3)],
        "the classical page",
    ),
    ("select e.name, d.name from emp e, dept d where e.dept_id = d.id(+) and e.id = 4", [("Dan", None)], "(+)"),
    ("select e.id from emp e left join dept d on d.id = e.dept_id where d.id is null", [(4,)], "LEFT JOIN"),
    ("select count(*) from emp full outer join dept on dept.id = emp.dept_id", [(5,)], "FULL JOIN"),
    ("select count(*) from emp cross join dept", [(12,)], "CROSS JOIN"),
    ("select a.id from emp a join emp b using (name) where rownum = 1", [(1,)], "USING"),
    (
        "select name from emp e where exists (select 1 from emp m where m.mgr = e.id) order by 1",
        [("Anna",), ("Bob",)],
        "EXISTS",
    ),
    ("select (select count(*) from emp m where m.mgr = e.id) n from emp e where e.id = 1", [(2,)], "scalar subquery"),
    ("select id from emp where (mgr, dept_id) in ((1, 20), (1, 30))", [(3,)], "rows"),
    (
        "select dept_id, count(*), sum(sal) from emp group by dept_id having count(*) > 1",
        [(10, 2, Decimal("5000.5"))],
        "GROUP BY",
    ),
    (
        "select avg(sal), max(hired) from emp",
        [(Decimal("1800.166666666666666666666666666666666667"), datetime(2021, 6, 1))],
        "averages are exact",
    ),
    (
        "select mgr, count(*) from emp group by rollup (mgr) order by mgr, 2",
        [(1, 2), (2, 1), (None, 1), (None, 4)],
        "ROLLUP",
    ),
    ("select listagg(name, ', ') within group (order by id desc) from emp", [("Dan, Cleo, Bob, Anna",)], "LISTAGG"),
    ("select count(distinct mgr), count(mgr) from emp", [(2, 3)], "DISTINCT inside"),
    ("select distinct mgr from emp order by mgr", [(1,), (2,), (None,)], "DISTINCT"),
    (
        "select id, row_number() over (order by sal desc nulls last) from emp order by 2",
        [(1, 1), (2, 2), (4, 3), (3, 4)],
        "analytic",
    ),
    ("select id, sum(id) over (order by id) from emp order by id", [(1, 1), (2, 3), (3, 6), (4, 10)], "running sum"),
    ("select id, lag(id, 1, 0) over (order by id) from emp order by id", [(1, 0), (2, 1), (3, 2), (4, 3)], "LAG"),
    ("select count(*) over () n, id from emp order by id fetch first 1 row only", [(4, 1)], "whole window"),
    (
        "select '' x, '' from dual union all select 'a', 'a' from dual",
        [(None, None), ("a", "a")],
        "columns of one name",
    ),
    ("select mgr from emp union select 9 from dual order by 1", [(1,), (2,), (9,), (None,)], "UNION"),
    ("select id from emp minus select mgr from emp order by 1", [(3,), (4,)], "MINUS"),
    ("select 1 from dual union all select 2 from dual intersect select 2 from dual", [(2,)], "left to right"),
    ("with t as (select id from emp where id < 3) select count(*) from t", [(2,)], "WITH"),
    (
        "with r (n) as (select 1 from dual union all select n + 1 from r where n < 3) select n from r",
        [(1,), (2,), (3,)],
        "recursion",
    ),
    ("select level from dual connect by level <= 3", [(1,), (2,), (3,)], "row generator"),
    ("select length(code), code || '|' from emp where id = 1", [(4, "aa  |")], "CHAR is padded"),
    ("select id from emp where code = 'aa'", [(1,)], "padded comparison"),
    (
        "select j.t from emp, json_table(doc, '$.tags[*]' columns (t varchar2(5) path '$.t')) j",
        [("x",), ("y",)],
        "JSON_TABLE",
    ),
    (
        "select json_arrayagg(json_object('id' value id) order by id) from emp where id < 3",
        [('[{"id":1},{"id":2}]',)],
        "JSON",
    ),
    (
        "select cursor(select id, sal from emp where id < 3 order by id) from dual",
        [([{"ID": 1, "SAL": 3000}, {"ID": 2, "SAL": Decimal("2000.5")}],)],
        "CURSOR",
    ),
    ("select id as x from emp order by x + 1 desc fetch first 1 row only", [(4,)], "an alias inside a sort key"),
    ("select hr.emp.id from hr.emp where hr.emp.id = 1", [(1,)], "schema-qualified column"),
    ("select /*+ full(e) */ id -- remark\nfrom emp e where id = 1", [(1,)], "hints and remarks"),
    (
        "select case when sal > 1000 then 'hi' when sal is null then 'none' else 'lo' end from emp order by id",
        [("hi",), ("hi",), ("none",), ("lo",)],
        "CASE",
    ),
]


@pytest.mark.parametrize(("query", "expected", "why"), QUERIES, ids=[each[2][:40] + each[0][7:40] for each in QUERIES])
def test_rows(hr: Any, sql: Any, query: str, expected: list[tuple[Any, ...]], why: str) -> None:
    assert sql.rows(hr, query) == expected, why


@pytest.mark.parametrize(
    ("query", "code", "position", "why"),
    [
        ("select nme from emp", 904, 7, "no such column"),
        ("select e.nme from emp e", 904, 9, "nor behind an alias"),
        ("select x.id from emp e", 904, 9, "no such alias"),
        ("select * from nope", 942, 14, "no such table"),
        ("select * from pg_class", 942, 14, "PostgreSQL's catalog is not there"),
        ('select * from "pg_catalog"."pg_class"', 942, None, "however it is written"),
        ("select * from ora_meta.users", 942, None, "nor is the engine's own"),
        ('select "ctid" from emp', 904, 7, "nor system columns"),
        ("select e from emp e", 904, 7, "a table is no value"),
        ("select id from emp, dept", 918, None, "ambiguous"),
        ("select name, count(*) from emp group by id", 979, None, "not grouped, though id is the key"),
        ("select id n, count(*) from emp group by n", 904, None, "an alias is no grouping key in 19c"),
        ("select max(id), name from emp", 937, None, "not a single-group function"),
        ("select id from emp where max(id) = 1", 934, None, "group function in WHERE"),
        ("select (select id from emp) from dual", 1427, None, "more than one row"),
        ("select id from emp where name = 5", 1722, None, "the column is converted, not the number"),
        ("select id, from emp", 936, 11, "missing expression"),
        ("select id,, name from emp", 936, 10, "missing expression"),
        ("select id from emp where", 936, None, "missing expression"),
        ("select id from emp limit 1", 933, None, "LIMIT is not Oracle's"),
        ("select * from emp as e", 933, None, "AS before a table alias"),
        ("select id::varchar from emp", 933, None, "PostgreSQL's cast"),
        ("select 1", 923, None, "FROM is needed in 19c"),
        ("select *, id from emp", 923, None, "a star stands alone"),
        ("select id from emp union select id, name from emp", 1789, None, "different numbers of columns"),
        ("select name from emp order by 2", 1785, None, "no such position"),
        ("select distinct name from emp order by sal", 1791, None, "not selected"),
        ("select id from emp e join dept d", 905, None, "a join without condition"),
        ("select id from emp where name = 'x", 1756, None, "an open string"),
        ("select id from emp where id in (select id, name from emp)", 913, None, "too many values"),
        ("select rowid from emp", 3001, None, "named as not supported"),
        ("select * from emp pivot (count(*) for dept_id in (10, 20))", 3001, None, "named as not supported"),
        ("select * from emp@remote", 3001, 17, "database links"),
        ("select id from emp start with mgr is null connect by prior id = mgr", 3001, None, "hierarchies"),
        ("select nosuch.nextval from dual", 2289, None, "no such sequence"),
        ("select :missing from dual", 1008, None, "a bind without value"),
    ],
)
def test_refused(hr: Any, sql: Any, query: str, code: int, position: int | None, why: str) -> None:
    error = sql.refused(hr, query)
    assert error.code == code, (why, error)
    if position is not None:
        assert error.position == position, why


def test_columns_are_described_as_declared(hr: Any) -> None:
    columns = hr.execute("select id, name, sal, hired, code, doc, sal * 2 from emp").columns
    assert [(each.name, each.type, each.size, each.precision, each.scale, each.nullable) for each in columns] == [
        ("ID", "NUMBER", 22, 6, 0, False),
        ("NAME", "VARCHAR2", 30, 0, -127, False),
        ("SAL", "NUMBER", 22, 8, 2, True),
        ("HIRED", "DATE", 7, 0, -127, True),
        ("CODE", "CHAR", 4, 0, -127, True),
        ("DOC", "CLOB", 4000, 0, -127, True),
        ("SAL*2", "NUMBER", 22, 0, -127, True),
    ]


@pytest.mark.parametrize(
    ("query", "label"),
    [
        ("select count(*) from emp", "COUNT(*)"),
        ("select id + 1 from emp", "ID+1"),
        ('select id "Mixed Case" from emp', "Mixed Case"),
        ("select id as x from emp", "X"),
        ("select max ( sal ) from emp", "MAX(SAL)"),
        ("select :1 from dual", ":1"),
    ],
)
def test_labels(hr: Any, sql: Any, query: str, label: str) -> None:
    assert hr.execute(query, sql.binds({"_1": 1})).columns[0].name == label


def test_parse_describes_and_checks_without_running(hr: Any, sql: Any) -> None:
    assert [each.name for each in hr.parse("select id, name from emp where id = :x")] == ["ID", "NAME"]
    assert hr.parse("delete from emp where id = :x") is None
    assert sql.one(hr, "select count(*) from emp") == 4
    from oracleapi_sandbox.oracle.ports import OracleError

    with pytest.raises(OracleError) as caught:
        hr.parse("select nope from emp")
    assert caught.value.code == 904


def test_for_update_opens_a_transaction(hr: Any) -> None:
    hr.execute("select id from emp where id = 1 for update nowait")
    assert hr.in_transaction
    hr.rollback()
    assert not hr.in_transaction


def test_not_like_is_not_like(hr: Any) -> None:
    """A flag of a parsed node that nobody reads would turn a condition round in silence."""
    assert list(hr.execute("select 1 from dual where 'y' not like 'y%'").rows) == []
    assert list(hr.execute("select 1 from dual where 'y' not like 'x!%' escape '!'").rows) == [(1,)]
