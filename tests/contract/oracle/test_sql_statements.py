"""SQL through an unmodified driver: values, rows, DML, errors with code and place.

Source: Database SQL Language Reference 19c [D]; numbers of errors: Database Error Messages [D].
"""

# ruff: noqa: S608 - the texts are put together from the tests' own names

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import oracledb
import pytest

Table = Callable[[str], str]

EXPRESSIONS = [
    ("'' || 'x'", "x"),
    ("nvl('', 'empty')", "empty"),
    ("substr('hello', -3)", "llo"),
    ("to_char(0.5)", ".5"),
    ("10 / 4", 2.5),
    ("'5' + 1", 6),
    ("date '2024-03-01' - date '2024-02-28'", 2),
    ("to_date('31-01-2024', 'DD-MM-YYYY')", datetime(2024, 1, 31)),
    ("decode(null, null, 'same', 'other')", "same"),
    ("greatest(1, null)", None),
    ("to_char(date '2024-01-05', 'fmDay DD Month')", "Friday 5 January"),
    ('json_value(\'{"a":{"b":"x"}}\', \'$.a.b\')', "x"),
]


@pytest.mark.parametrize(("expression", "value"), EXPRESSIONS)
def test_expressions(connection: oracledb.Connection, expression: str, value: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"select {expression} from dual")
        assert cursor.fetchone() == (value,)


def test_numbers_are_exact(connection: oracledb.Connection) -> None:
    with connection.cursor() as cursor:
        cursor.outputtypehandler = lambda cursor, metadata: cursor.var(Decimal, arraysize=cursor.arraysize)
        cursor.execute("select 1 / 3, 0.1 + 0.2 from dual")
        assert cursor.fetchone() == (Decimal("0." + "3" * 40), Decimal("0.3"))


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("select * from no_such_table", 942),
        ("select no_such_column from dual", 904),
        ("select 1 / 0 from dual", 1476),
        ("select to_number('x') from dual", 1722),
        ("select 1 from dual where", 936),
        ("select dummy, count(*) from dual", 937),
        ("no statement", 900),
        ("drop table no_such_table", 942),
        ("create user oa_contract identified by x", 1031),
        ("select * from dba_users", 942),
        ("select pg_sleep(1) from dual", 904),
    ],
)
def test_errors(connection: oracledb.Connection, statement: str, code: int) -> None:
    with connection.cursor() as cursor, pytest.raises(oracledb.DatabaseError) as caught:
        cursor.execute(statement)
    assert caught.value.args[0].full_code == f"ORA-{code:05d}"


def test_the_place_of_an_error(connection: oracledb.Connection) -> None:
    with connection.cursor() as cursor, pytest.raises(oracledb.DatabaseError) as caught:
        cursor.execute("select nope from dual")
    assert caught.value.args[0].offset == 7


def test_rows_go_in_and_come_out(connection: oracledb.Connection, table: Table) -> None:
    name = table("id number generated always as identity primary key, name varchar2(10) not null, amount number(6,2)")
    with connection.cursor() as cursor:
        made = cursor.var(int)
        cursor.execute(f"insert into {name} (name, amount) values (:1, :2) returning id into :3", ["Ann", 1.5, made])
        assert made.getvalue() == [1]
        cursor.executemany(f"insert into {name} (name, amount) values (:1, :2)", [("Bob", 2), ("Cy", None)])
        cursor.execute(f"update {name} set amount = nvl(amount, 0) + 1")
        assert cursor.rowcount == 3
        cursor.execute(f"select id, name, amount from {name} where amount > :low order by id", low="1")
        assert cursor.fetchall() == [(1, "Ann", 2.5), (2, "Bob", 3)]
        assert [(each[0], each[1]) for each in cursor.description] == [
            ("ID", oracledb.DB_TYPE_NUMBER),
            ("NAME", oracledb.DB_TYPE_VARCHAR),
            ("AMOUNT", oracledb.DB_TYPE_NUMBER),
        ]
    connection.rollback()
    with connection.cursor() as cursor:
        cursor.execute(f"select count(*) from {name}")
        assert cursor.fetchone() == (0,)


@pytest.mark.parametrize(
    ("values", "code"),
    [(("x", 12345), 1438), ((None, 1), 1400), (("far too long", 1), 12899), (("x", -1), 2290)],
)
def test_constraints(connection: oracledb.Connection, table: Table, values: tuple[Any, ...], code: int) -> None:
    name = table("name varchar2(5) not null, amount number(6,2) check (amount > 0)")
    with connection.cursor() as cursor:
        cursor.execute(f"insert into {name} values ('kept', 1)")
        with pytest.raises(oracledb.DatabaseError) as caught:
            cursor.execute(f"insert into {name} values (:1, :2)", values)
        assert caught.value.args[0].code == code
        cursor.execute(f"select name from {name}")
        assert cursor.fetchall() == [("kept",)], "only the failed statement is undone"


def test_paging(connection: oracledb.Connection) -> None:
    numbers = "select level n from dual connect by level <= 10"
    with connection.cursor() as cursor:
        cursor.execute(
            f"select n from ({numbers}) order by n offset :skip rows fetch next :size rows only", skip=2, size=3
        )
        assert cursor.fetchall() == [(3,), (4,), (5,)]
        cursor.execute(f"select n from ({numbers}) where rownum <= 2")
        assert len(cursor.fetchall()) == 2
