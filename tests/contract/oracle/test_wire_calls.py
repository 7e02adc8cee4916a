"""Calls on the wire: fetching, re-execution, arrays, transactions, errors, breaks. Source: python-oracledb [M]."""

# ruff: noqa: S608 - the texts are put together from the tests' own names

from collections.abc import Callable
from typing import Any

import oracledb
import pytest

Table = Callable[[str], str]
ROWS = [(number, f"name {number}") for number in range(1, 151)]


@pytest.fixture
def filled(connection: oracledb.Connection, table: Table) -> str:
    """A table with 150 rows, committed."""
    name = table("id number primary key, name varchar2(40) not null")
    with connection.cursor() as cursor:
        cursor.executemany(f"insert into {name} (id, name) values (:1, :2)", ROWS)
        assert cursor.rowcount == len(ROWS)
    connection.commit()
    return name


@pytest.mark.parametrize(("prefetch", "array"), [(0, 1), (1, 7), (2, 100), (150, 50), (151, 151)])
def test_rows_come_whatever_the_batch_sizes(
    connection: oracledb.Connection, filled: str, prefetch: int, array: int
) -> None:
    for _ in range(3):
        with connection.cursor() as cursor:
            cursor.prefetchrows, cursor.arraysize = prefetch, array
            cursor.execute(f"select id, name from {filled} where id > :least order by id", least=0)
            assert cursor.fetchall() == ROWS


def test_two_cursors_are_fetched_in_turns(connection: oracledb.Connection, filled: str) -> None:
    sql = f"select id from {filled} order by id"
    with connection.cursor() as first, connection.cursor() as second:
        first.arraysize = second.arraysize = 10
        first.execute(sql)
        second.execute(sql)
        for number in range(1, 151):
            assert first.fetchone() == second.fetchone() == (number,)


def test_the_description_tells_names_types_and_nulls(connection: oracledb.Connection, filled: str) -> None:
    with connection.cursor() as cursor:
        cursor.parse(f"select id, name as full_name from {filled}")
        found = [(column.name, column.type_code, column.null_ok) for column in cursor.description]
    assert found == [("ID", oracledb.DB_TYPE_NUMBER, False), ("FULL_NAME", oracledb.DB_TYPE_VARCHAR, False)]


def test_a_transaction_is_seen_and_ended(connection: oracledb.Connection, filled: str) -> None:
    def count() -> Any:
        with connection.cursor() as cursor:
            return cursor.execute(f"select count(*) from {filled}").fetchone()[0]

    assert not connection.transaction_in_progress
    with connection.cursor() as cursor:
        for number in (1, 2):
            cursor.execute(f"delete from {filled} where id = :1", [number])
            assert cursor.rowcount == 1
    assert connection.transaction_in_progress
    assert count() == 148
    connection.rollback()
    assert not connection.transaction_in_progress
    assert count() == 150


def test_autocommit_keeps_each_statement(connection: oracledb.Connection, filled: str) -> None:
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f"delete from {filled} where id = :1", [1])
        cursor.execute(f"delete from {filled} where id = :1", [2])
    connection.autocommit = False
    connection.rollback()
    with connection.cursor() as cursor:
        assert cursor.execute(f"select count(*) from {filled}").fetchone() == (148,)


def test_an_array_stops_at_its_first_error(connection: oracledb.Connection, filled: str) -> None:
    with connection.cursor() as cursor:
        with pytest.raises(oracledb.IntegrityError, match="ORA-00001"):
            cursor.executemany(f"insert into {filled} values (:1, :2)", [(200, "a"), (1, "b"), (201, "c")])
        assert cursor.execute(f"select id from {filled} where id >= 200").fetchall() == [(200,)]


def test_batch_errors_are_collected(connection: oracledb.Connection, filled: str) -> None:
    with connection.cursor() as cursor:
        rows = [(200, "a"), (1, "b"), (201, None), (202, "d")]
        cursor.executemany(f"insert into {filled} values (:1, :2)", rows, batcherrors=True, arraydmlrowcounts=True)
        found = [(error.offset, error.code) for error in cursor.getbatcherrors()]
        assert found == [(1, 1), (2, 1400)]
        assert cursor.getarraydmlrowcounts() == [1, 0, 0, 1]


def test_returning_gives_a_list_per_execution(connection: oracledb.Connection, filled: str) -> None:
    with connection.cursor() as cursor:
        idents, names = cursor.var(int, arraysize=2), cursor.var(str, arraysize=2)
        cursor.setinputsizes(None, idents, names)
        sql = f"delete from {filled} where id <= :1 returning id, name into :2, :3"
        cursor.executemany(sql, [(2,), (2,)])
        assert [sorted(idents.getvalue(at)) for at in (0, 1)] == [[1, 2], []]
        assert sorted(names.getvalue(0)) == ["name 1", "name 2"]


@pytest.mark.parametrize(
    ("sql", "code", "offset"),
    [
        ("select x from oa_contract_nowhere", 942, 14),
        ("select 'é' from oa_contract_nowhere", 942, 17),
    ],
)
def test_an_error_tells_code_and_byte_offset(connection: oracledb.Connection, sql: str, code: int, offset: int) -> None:
    for _ in range(2):
        with connection.cursor() as cursor, pytest.raises(oracledb.DatabaseError) as caught:
            cursor.execute(sql)
        found = caught.value.args[0]
        assert (found.code, found.full_code, found.offset) == (code, f"ORA-{code:05d}", offset)
    connection.ping()


def test_a_missing_bind_and_a_wrong_number_are_errors(connection: oracledb.Connection, filled: str) -> None:
    with connection.cursor() as cursor, pytest.raises(oracledb.DatabaseError, match="ORA-01722"):
        cursor.execute(f"select id from {filled} where id = :1", ["abc"]).fetchall()
    with connection.cursor() as cursor, pytest.raises(oracledb.DatabaseError, match="DPY-4010"):
        cursor.execute(f"select id from {filled} where id = :id", {})


def test_a_statement_longer_than_many_packets(connection: oracledb.Connection) -> None:
    filler = "/* " + "x" * 40_000 + " */"
    with connection.cursor() as cursor:
        assert cursor.execute(f"select {filler} 1 from dual").fetchone() == (1,)


def test_a_break_stops_a_block_and_keeps_the_session(connection: oracledb.Connection) -> None:
    connection.call_timeout = 3000  # also how long the driver waits for the answer to its break
    with connection.cursor() as cursor, pytest.raises(oracledb.DatabaseError) as caught:
        cursor.execute("declare n number := 0; begin loop n := n + 1; end loop; end;")
    assert caught.value.args[0].full_code == "DPY-4024"
    connection.call_timeout = 0
    with connection.cursor() as cursor:
        assert cursor.execute("select 1 from dual").fetchone() == (1,)


def test_calls_without_a_statement_work(connection: oracledb.Connection) -> None:
    connection.ping()
    connection.commit()
    connection.rollback()
    assert connection.is_healthy()
