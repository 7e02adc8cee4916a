"""Values on the wire, through table columns and through PL/SQL binds. Source: python-oracledb [M]."""

# ruff: noqa: S608 - the texts are put together from the tests' own names

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import oracledb
import pytest

Table = Callable[[str], str]
MOMENT = datetime(2024, 2, 29, 13, 5, 9)
LONG_TEXT = "grüße 😀 " * 8_000

COLUMNS = [
    ("number", None, 42),
    ("number", None, -(10**30)),
    ("number", None, 1.25),
    ("number(10,2)", None, 1234.56),
    ("varchar2(100)", None, "grüße €"),
    ("varchar2(4000)", None, "x" * 4000),
    ("date", None, MOMENT),
    ("timestamp(6)", oracledb.DB_TYPE_TIMESTAMP, MOMENT.replace(microsecond=123456)),
    ("raw(16)", None, b"\x00\xff"),
    ("binary_double", oracledb.DB_TYPE_BINARY_DOUBLE, 0.1),
]


@pytest.mark.parametrize(("column", "size", "value"), COLUMNS)
def test_a_column_of_each_type_keeps_its_value(
    connection: oracledb.Connection, table: Table, column: str, size: Any, value: Any
) -> None:
    name = table(f"id number, v {column}")
    with connection.cursor() as cursor:
        for number, given in enumerate((value, None, value)):
            cursor.setinputsizes(None, size)
            cursor.execute(f"insert into {name} values (:1, :2)", [number, given])
        cursor.execute(f"select v from {name} order by id")
        assert [row[0] for row in cursor.fetchall()] == [value, None, value]


@pytest.mark.parametrize("fetch_lobs", [True, False])
def test_lob_columns_keep_long_values(
    connection: oracledb.Connection, table: Table, fetch_lobs: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oracledb.defaults, "fetch_lobs", fetch_lobs)
    name = table("id number, c clob, b blob")
    rows = [(1, LONG_TEXT, b"\x00\x01" * 40_000), (2, None, None), (3, "short", b"short")]
    with connection.cursor() as cursor:
        for row in rows:
            cursor.execute(f"insert into {name} values (:1, :2, :3)", row)
        for _ in range(2):
            cursor.execute(f"select id, c, b from {name} order by id")
            found = cursor.fetchall()
            if fetch_lobs:
                found = [(number, c and c.read(), b and b.read()) for number, c, b in found]
            assert found == rows


PLSQL = [
    ("number", int, 10**20),
    ("number", int, None),
    ("varchar2(32767)", str, "grüße"),
    ("varchar2(32767)", str, None),
    ("boolean", bool, True),
    ("boolean", bool, False),
    ("date", datetime, MOMENT),
    ("interval day to second", timedelta, timedelta(days=1, hours=2)),
    ("raw(100)", bytes, b"\x00\xff"),
]


@pytest.mark.parametrize(("declared", "kind", "value"), PLSQL)
def test_an_out_bind_of_each_type_gets_its_value(
    connection: oracledb.Connection, declared: str, kind: Any, value: Any
) -> None:
    with connection.cursor() as cursor:
        out = cursor.var(kind)
        cursor.setinputsizes(i=kind)
        for _ in range(2):
            cursor.execute(f"declare v {declared} := :i; begin :o := v; end;", i=value, o=out)
            assert out.getvalue() == value


def test_an_in_out_bind_is_read_and_written(connection: oracledb.Connection) -> None:
    with connection.cursor() as cursor:
        number = cursor.var(int)
        number.setvalue(0, 1)
        for expected in (2, 3, 4):
            cursor.execute("begin :x := :x + 1; end;", x=number)
            assert number.getvalue() == expected


def test_a_value_longer_than_the_clients_buffer_is_an_error(connection: oracledb.Connection) -> None:
    with connection.cursor() as cursor, pytest.raises(oracledb.DatabaseError, match="ORA-06502"):
        cursor.execute("begin :x := rpad('x', 100, 'x'); end;", x=cursor.var(str, 10))


def test_a_long_text_goes_through_plsql(connection: oracledb.Connection) -> None:
    with connection.cursor() as cursor:
        out = cursor.var(oracledb.DB_TYPE_CLOB)
        cursor.execute("declare v clob := :i; begin :o := v; end;", i=LONG_TEXT, o=out)
        assert out.getvalue().read() == LONG_TEXT


def test_a_ref_cursor_is_fetched_from(connection: oracledb.Connection) -> None:
    with connection.cursor() as cursor:
        out = cursor.var(oracledb.DB_TYPE_CURSOR)
        query = "select 1 as a, 'x' as b from dual union all select 2, 'y' from dual"
        cursor.execute(f"begin open :c for {query}; end;", c=out)
        rows = out.getvalue()
        assert [column.name for column in rows.description] == ["A", "B"]
        assert sorted(rows.fetchall()) == [(1, "x"), (2, "y")]


def test_a_block_runs_for_each_row_of_an_array(connection: oracledb.Connection) -> None:
    with connection.cursor() as cursor:
        out = cursor.var(int, arraysize=3)
        cursor.setinputsizes(o=out)
        cursor.executemany("begin :o := :i * 10; end;", [{"i": 1}, {"i": 2}, {"i": 3}])
        assert [out.getvalue(at) for at in range(3)] == [10, 20, 30]
