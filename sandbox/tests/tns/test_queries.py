"""Queries through the driver: types, describes, prefetch, re-execution, packet borders, errors."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import oracledb
import pytest

from oracleapi_sandbox.oracle.ports import Column, OracleError, Result

A = Column("A", "NUMBER")
NUMBERS = tuple((number,) for number in range(1, 12))
EAST = timezone(timedelta(hours=2))


@pytest.mark.parametrize(
    ("column", "value", "seen"),
    [
        (Column("C", "NUMBER"), 42, 42),
        (Column("C", "NUMBER"), Decimal("1.25"), 1.25),
        (Column("C", "NUMBER", precision=38, scale=0), 10**37, 10**37),
        (Column("C", "NUMBER(10,2)", precision=10, scale=2), 5, 5.0),
        (Column("C", "VARCHAR2", 30), "grüße €", "grüße €"),
        (Column("C", "VARCHAR2(30 CHAR)", 30), "x", "x"),
        (Column("C", "NVARCHAR2", 30), "grüße €", "grüße €"),
        (Column("C", "CHAR", 3), "a  ", "a  "),
        (Column("C", "DATE"), datetime(2024, 2, 29, 1, 2, 3), datetime(2024, 2, 29, 1, 2, 3)),
        (Column("C", "TIMESTAMP(6)"), datetime(2024, 2, 29, 1, 2, 3, 4), datetime(2024, 2, 29, 1, 2, 3, 4)),
        (
            Column("C", "TIMESTAMP(6) WITH TIME ZONE"),
            datetime(2024, 2, 29, 1, 2, 3, 4, EAST),
            datetime(2024, 2, 29, 1, 2, 3, 4),
        ),
        (
            Column("C", "TIMESTAMP WITH TIME ZONE"),
            datetime(2024, 2, 29, tzinfo=UTC),
            datetime(2024, 2, 29),
        ),
        (Column("C", "INTERVAL DAY TO SECOND"), timedelta(days=-2, seconds=5), timedelta(days=-2, seconds=5)),
        (Column("C", "RAW", 16), b"\x00\xff", b"\x00\xff"),
        (Column("C", "BINARY_DOUBLE"), 0.1, 0.1),
        (Column("C", "BINARY_FLOAT"), 0.5, 0.5),
        (Column("C", "BOOLEAN"), True, True),
        (Column("C", "BOOLEAN"), False, False),
        (Column("C", "LONG"), "l" * 40_000, "l" * 40_000),
        (Column("C", "LONG RAW"), b"l" * 300, b"l" * 300),
    ],
)
def test_a_value_of_each_type_comes_back(site: Any, column: Column, value: Any, seen: Any) -> None:
    site.database.answers("select", (value,), (None,), (value,), columns=(column,))
    with site.connect().cursor() as cursor:
        cursor.execute("select c from t")
        rows = [row[0] for row in cursor.fetchall()]
        assert rows == [seen, None, seen]
        assert type(rows[0]) is type(seen)


def test_a_type_without_wire_form_is_refused(site: Any) -> None:
    site.database.answers("select", columns=(Column("C", "SDO_GEOMETRY"),))
    connection = site.connect()
    with pytest.raises(oracledb.DatabaseError, match="ORA-03115"):
        connection.cursor().execute("select c from t")
    connection.ping()


def test_the_description_tells_names_and_sizes(site: Any) -> None:
    columns = (
        Column("N", "NUMBER", precision=10, scale=2, nullable=False),
        Column("S", "VARCHAR2", 20),
        Column("mixed Ü", "TIMESTAMP"),
    )
    site.database.answers("select", columns=columns)
    with site.connect().cursor() as cursor:
        cursor.execute("select n from t")
        assert [tuple(column) for column in cursor.description] == [
            ("N", oracledb.DB_TYPE_NUMBER, 14, None, 10, 2, False),
            ("S", oracledb.DB_TYPE_VARCHAR, 20, 20, None, None, True),
            ("mixed Ü", oracledb.DB_TYPE_TIMESTAMP, 23, None, 0, 6, True),
        ]
        assert cursor.fetchall() == []


def test_a_parse_describes_without_rows(site: Any) -> None:
    site.database.answers("select", (1,), columns=(A,))
    with site.connect().cursor() as cursor:
        cursor.parse("select a from t")
        assert cursor.description[0][0] == "A"


def test_a_parse_of_what_is_wrong_says_where(site: Any) -> None:
    with site.connect().cursor() as cursor, pytest.raises(oracledb.DatabaseError) as caught:
        cursor.parse("select 'é' from nope")
    assert caught.value.args[0].full_code == "ORA-00942"
    assert caught.value.args[0].offset == 15  # bytes, and é has two


@pytest.mark.parametrize("text", ["update nope set a = 1", "insert into nope values (:a)", "delete from nope"])
def test_a_parse_of_a_change_judges_it_and_runs_nothing(site: Any, text: str) -> None:
    with site.connect().cursor() as cursor, pytest.raises(oracledb.DatabaseError) as caught:
        cursor.parse(text)
    assert caught.value.args[0].full_code == "ORA-00942"


@pytest.mark.parametrize("prefetch", [0, 1, 2, 3, 11, 50])
@pytest.mark.parametrize("array", [1, 3, 100])
def test_rows_come_whatever_the_batch_sizes(site: Any, prefetch: int, array: int) -> None:
    site.database.script["select"] = lambda _session, _binds: Result((A,), iter(NUMBERS))
    connection = site.connect()
    for _ in range(3):  # the first is parsed, the others are executed again
        with connection.cursor() as cursor:
            cursor.prefetchrows, cursor.arraysize = prefetch, array
            assert cursor.execute("select a from t where b = :b", b=1).fetchall() == list(NUMBERS)
            assert cursor.rowcount == len(NUMBERS)


def test_rows_are_taken_from_the_result_only_as_they_are_fetched(site: Any) -> None:
    taken: list[int] = []

    def rows() -> Any:
        for number in range(100):
            taken.append(number)
            yield (number,)

    site.database.script["select"] = lambda _session, _binds: Result((A,), rows())
    with site.connect().cursor() as cursor:
        cursor.arraysize = 10
        cursor.execute("select a from t")
        assert cursor.fetchone() == (0,)
        assert len(taken) < 20


def test_columns_that_changed_are_described_again(site: Any) -> None:
    connection = site.connect()
    for column, value in ((A, 1), (Column("B", "VARCHAR2"), "x"), (A, 2)):
        site.database.answers("select", (value,), columns=(column,))
        with connection.cursor() as cursor:
            assert cursor.execute("select * from t").fetchall() == [(value,)]
            assert cursor.description[0][0] == column.name


def test_a_statement_out_of_the_cache_is_parsed_again(site: Any) -> None:
    site.database.answers("select", columns=(A,))
    connection = site.connect(stmtcachesize=2)
    for number in range(400):  # more than a session may have open: the client must have closed the others
        with connection.cursor() as cursor:
            cursor.execute("select " + "a, " * (number % 7) + "a from t")


@pytest.mark.parametrize("length", [*range(440, 540), *range(980, 1020, 7), 8150, 8192, 16_400])
def test_a_statement_of_any_length_is_read(narrow_site: Any, length: int) -> None:
    narrow_site.database.answers("select", (1,), columns=(A,))
    if not narrow_site.opened:
        narrow_site.connect()
    beginning = "select a from t where b = :b /*"
    sql = beginning.ljust(length - 2, "x") + "*/"
    assert narrow_site.opened[0].cursor().execute(sql, b="v" * 20).fetchall() == [(1,)]
    assert narrow_site.database.asked[-1][0] == sql


def test_an_answer_of_any_length_is_read(narrow_site: Any) -> None:
    connection = narrow_site.connect()
    for length in [*range(380, 520), *range(900, 1010, 9), 32_767]:
        narrow_site.database.answers("select", ("x" * length, 1), columns=(Column("S", "VARCHAR2"), A))
        assert connection.cursor().execute("select s, a from t").fetchall() == [("x" * length, 1)]


def test_many_rows_over_many_packets(sized_site: Any) -> None:
    rows = [(number, f"name {number}") for number in range(5000)]
    sized_site.database.answers("select", *rows, columns=(A, Column("S", "VARCHAR2")))
    with sized_site.connect().cursor() as cursor:
        cursor.arraysize = 1000
        assert cursor.execute("select a, s from t").fetchall() == rows


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (942, oracledb.DatabaseError),
        (1, oracledb.IntegrityError),
        (1031, oracledb.DatabaseError),
        (20001, oracledb.DatabaseError),
    ],
)
def test_an_error_keeps_code_position_and_class(site: Any, code: int, kind: type[oracledb.Error]) -> None:
    def answer(_session: Any, _binds: Any) -> Result:
        raise OracleError(code, "text of it\nORA-06512: at line 1", 7)

    site.database.script["select"] = site.database.script["delete"] = answer
    connection = site.connect()
    for sql in ("select x from t", "delete from t") * 3:
        with pytest.raises(kind) as caught:
            connection.cursor().execute(sql)
        found = caught.value.args[0]
        assert (found.code, found.full_code, found.offset) == (code, f"ORA-{code:05d}", 7)
        assert "text of it\nORA-06512: at line 1" in found.message
    connection.ping()


def test_an_error_between_rows_reaches_the_caller(site: Any) -> None:
    def rows() -> Any:
        yield (1,)
        yield (2,)
        raise OracleError(1476, "divisor is equal to zero")

    site.database.script["select"] = lambda _session, _binds: Result((A,), rows())
    with site.connect().cursor() as cursor:
        cursor.execute("select a from t")
        with pytest.raises(oracledb.DatabaseError, match="ORA-01476"):
            cursor.fetchall()


def test_a_bug_of_the_database_is_an_internal_error(site: Any) -> None:
    def answer(_session: Any, _binds: Any) -> Result:
        raise KeyError("bug")

    site.database.script["select"] = answer
    with pytest.raises(oracledb.Error, match="DPY-4011"):
        site.connect().cursor().execute("select a from t")


def test_a_killed_session_is_a_dead_connection(site: Any) -> None:
    def answer(_session: Any, _binds: Any) -> Result:
        raise OracleError(28, "your session has been killed")

    site.database.script["select"] = answer
    connection = site.connect()
    with pytest.raises(oracledb.DatabaseError) as caught:
        connection.cursor().execute("select a from t")
    assert (caught.value.args[0].full_code, caught.value.args[0].code) == ("DPY-4011", 28)
    assert not connection.is_healthy()


def test_an_unknown_function_is_unimplemented_and_the_session_goes_on(site: Any) -> None:
    connection = site.connect()
    with pytest.raises(oracledb.DatabaseError, match="ORA-03001"):
        connection.tpc_begin(connection.xid(1, "a", "b"))
    connection.ping()
