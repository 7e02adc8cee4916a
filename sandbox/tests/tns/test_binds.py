"""Binds through the driver: what the session gets, arrays, DML, RETURNING, PL/SQL OUT, REF CURSORs."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import oracledb
import pytest

from oracleapi_sandbox.oracle.ports import Bind, Column, OracleError, Result

MOMENT = datetime(2024, 2, 29, 13, 5, 9)


def nothing(_session: Any, _binds: Any) -> Result:
    return Result()


@pytest.mark.parametrize(
    ("value", "size", "bind"),
    [
        (7, None, Bind(7, "NUMBER")),
        (-(10**20), None, Bind(-(10**20), "NUMBER")),
        (Decimal("1.50"), None, Bind(Decimal("1.5"), "NUMBER")),
        (2.5, None, Bind(Decimal("2.5"), "NUMBER")),
        (True, oracledb.DB_TYPE_BOOLEAN, Bind(True, "BOOLEAN")),
        (False, oracledb.DB_TYPE_BOOLEAN, Bind(False, "BOOLEAN")),
        (None, oracledb.DB_TYPE_BOOLEAN, Bind(None, "BOOLEAN")),
        ("grüße €", None, Bind("grüße €", "VARCHAR2")),
        ("grüße €", oracledb.DB_TYPE_NVARCHAR, Bind("grüße €", "VARCHAR2")),
        ("x", oracledb.DB_TYPE_CHAR, Bind("x", "CHAR")),
        ("", None, Bind(None, "VARCHAR2")),
        (None, None, Bind(None, "VARCHAR2")),
        (None, oracledb.DB_TYPE_NUMBER, Bind(None, "NUMBER")),
        (MOMENT, None, Bind(MOMENT, "DATE")),
        (
            MOMENT.replace(microsecond=5),
            oracledb.DB_TYPE_TIMESTAMP,
            Bind(MOMENT.replace(microsecond=5), "TIMESTAMP"),
        ),
        (MOMENT, oracledb.DB_TYPE_TIMESTAMP, Bind(MOMENT, "TIMESTAMP")),
        (MOMENT, oracledb.DB_TYPE_TIMESTAMP_TZ, Bind(MOMENT.replace(tzinfo=UTC), "TIMESTAMP WITH TIME ZONE")),
        (timedelta(hours=-30), None, Bind(timedelta(hours=-30), "INTERVAL DAY TO SECOND")),
        (b"\x00\xff", None, Bind(b"\x00\xff", "RAW")),
        (0.1, oracledb.DB_TYPE_BINARY_DOUBLE, Bind(0.1, "BINARY_DOUBLE")),
        (0.5, oracledb.DB_TYPE_BINARY_FLOAT, Bind(0.5, "BINARY_DOUBLE")),
    ],
)
@pytest.mark.parametrize("sql", ["begin p(:v); end;", "insert into t values (:v)"])
def test_a_value_reaches_the_session(site: Any, sql: str, value: Any, size: Any, bind: Bind) -> None:
    site.database.script[sql] = nothing
    with site.connect().cursor() as cursor:
        if size is not None:
            cursor.setinputsizes(v=size)
        for _ in range(2):
            cursor.execute(sql, v=value)
            assert site.database.asked[-1] == (sql, {"V": bind})


def test_a_type_without_seam_is_refused(site: Any) -> None:
    connection = site.connect()
    with connection.cursor() as cursor:
        cursor.setinputsizes(oracledb.DB_TYPE_INTERVAL_YM)
        with pytest.raises(oracledb.DatabaseError, match="ORA-03115"):
            cursor.execute("begin p(:1); end;", [oracledb.IntervalYM(1, 2)])
    connection.ping()


@pytest.mark.parametrize("length", [1, 252, 253, 500, 1000, 8191, 8192, 32_767])
def test_a_long_value_in_dml_comes_after_the_others(sized_site: Any, length: int) -> None:
    sized_site.database.script["insert"] = nothing
    with sized_site.connect().cursor() as cursor:
        cursor.execute("insert into t values (:1, :2, :3)", ["x" * length, 5, "y" * length])
    found = sized_site.database.asked[-1][1]
    assert [found[name].value for name in "123"] == ["x" * length, 5, "y" * length]


def test_bind_types_that_change_are_taken_over(site: Any) -> None:
    site.database.script["insert"] = nothing
    connection = site.connect()
    for value in (1, "text", "longer text " * 100, None, b"raw", 2):
        with connection.cursor() as cursor:
            cursor.execute("insert into t values (:1)", [value])
            assert site.database.asked[-1][1]["1"].value == value


def test_one_name_with_two_values_is_two_binds(site: Any) -> None:
    site.database.script["insert"] = nothing
    with site.connect().cursor() as cursor:
        cursor.execute("insert into t values (:1, :1)", ["a", "b"])
    sql, binds = site.database.asked[-1]
    assert sorted(bind.value for bind in binds.values()) == ["a", "b"]
    assert all(f":{name}" in sql for name in binds)


def test_dml_counts_rows_and_opens_a_transaction(site: Any) -> None:
    def answer(session: Any, _binds: Any) -> Result:
        session.in_transaction = True
        return Result(rowcount=3)

    site.database.script["update"] = answer
    connection = site.connect()
    with connection.cursor() as cursor:
        for _ in range(2):
            cursor.execute("update t set a = 1")
            assert cursor.rowcount == 3
            assert connection.transaction_in_progress
    connection.commit()
    assert not connection.transaction_in_progress
    assert site.database.ended == ["commit"]


def test_autocommit_commits_each_statement(site: Any) -> None:
    site.database.script["update"] = lambda _session, _binds: Result(rowcount=1)
    connection = site.connect()
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("update t set a = :1", [1])
        cursor.execute("update t set a = :1", [2])
    assert site.database.ended == ["commit", "commit"]


def test_an_array_runs_once_per_row(sized_site: Any) -> None:
    sized_site.database.script["insert"] = lambda _session, _binds: Result(rowcount=1)
    rows = [(number, f"name {number}", None) for number in range(700)]
    with sized_site.connect().cursor() as cursor:
        cursor.executemany("insert into t values (:1, :2, :3)", rows)
        assert cursor.rowcount == 700
    asked = [tuple(bind.value for bind in binds.values()) for sql, binds in sized_site.database.asked if binds]
    assert asked == rows


def insert_odd(_session: Any, binds: Any) -> Result:
    if binds["1"].value % 2 == 0:
        raise OracleError(1, f"unique constraint (HR.PK) violated: {binds['1'].value}")
    return Result(rowcount=binds["1"].value)


def test_an_array_stops_at_the_first_error(site: Any) -> None:
    site.database.script["insert"] = insert_odd
    with site.connect().cursor() as cursor:
        with pytest.raises(oracledb.IntegrityError, match="ORA-00001"):
            cursor.executemany("insert into t values (:1)", [(1,), (3,), (4,), (5,)])
        assert cursor.rowcount == 4
    assert len([sql for sql, _ in site.database.asked if sql.startswith("insert")]) == 3


def test_batch_errors_are_collected(site: Any) -> None:
    site.database.script["insert"] = insert_odd
    with site.connect().cursor() as cursor:
        rows = [(1,), (2,), (5,), (4,)]
        cursor.executemany("insert into t values (:1)", rows, batcherrors=True, arraydmlrowcounts=True)
        errors = cursor.getbatcherrors()
        assert [(error.offset, error.full_code) for error in errors] == [(1, "ORA-00001"), (3, "ORA-00001")]
        assert "violated: 4" in errors[1].message
        assert cursor.getarraydmlrowcounts() == [1, 0, 5, 0]


def test_returning_gives_a_list_per_execution(site: Any) -> None:
    def answer(_session: Any, binds: Any) -> Result:
        number = binds["N"].value
        return Result(rowcount=number, out={"ID": list(range(number)), "S": ["s"] * number})

    site.database.script["update"] = answer
    with site.connect().cursor() as cursor:
        ident, text = cursor.var(int, arraysize=3), cursor.var(str, arraysize=3)
        sql = "update t set a = :n returning id, s into :id, :s"
        for _ in range(2):
            cursor.executemany(sql, [{"n": 2, "id": ident, "s": text}, {"n": 0, "id": ident, "s": text}])
            assert [ident.getvalue(at) for at in range(2)] == [[0, 1], []]
            assert text.getvalue(0) == ["s", "s"]


def test_returning_alone_and_a_single_row(site: Any) -> None:
    site.database.script["insert"] = lambda _session, _binds: Result(rowcount=1, out={"ID": 9})
    with site.connect().cursor() as cursor:
        ident = cursor.var(int)
        for _ in range(2):
            cursor.execute("insert into t values (1) returning id into :id", id=ident)
            assert ident.getvalue() == [9]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (int, 10**20),
        (float, 1.5),
        (oracledb.DB_TYPE_NUMBER, None),
        (str, "grüße"),
        (str, None),
        (oracledb.DB_TYPE_NVARCHAR, "grüße"),
        (bool, True),
        (bool, False),
        (bool, None),
        (datetime, MOMENT),
        (oracledb.DB_TYPE_TIMESTAMP, MOMENT.replace(microsecond=7)),
        (timedelta, timedelta(days=1, microseconds=3)),
        (bytes, b"\x00\x01"),
        (oracledb.DB_TYPE_BINARY_DOUBLE, 0.1),
    ],
)
def test_an_out_bind_of_each_type_comes_back(site: Any, kind: Any, value: Any) -> None:
    site.database.assigns("begin", O=value)
    with site.connect().cursor() as cursor:
        out = cursor.var(kind)
        for _ in range(3):
            out.setvalue(0, None)
            cursor.execute("begin p(:i, :o); end;", i=1, o=out)
            assert out.getvalue() == value


def test_a_function_returns_its_value(site: Any) -> None:
    site.database.script["begin :retval"] = lambda _session, binds: Result(out={"RETVAL": binds["1"].value * 2})
    with site.connect().cursor() as cursor:
        assert cursor.callfunc("f", int, [21]) == 42
        assert cursor.callfunc("f", int, [4]) == 8


def test_an_in_out_bind_sends_its_value_each_time(site: Any) -> None:
    site.database.script["begin"] = lambda _session, binds: Result(out={"X": binds["X"].value + 1})
    with site.connect().cursor() as cursor:
        number = cursor.var(int)
        number.setvalue(0, 1)
        for expected in (2, 3, 4):
            cursor.execute("begin p(:x); end;", x=number)
            assert number.getvalue() == expected


def test_what_a_block_did_not_assign_stays(site: Any) -> None:
    site.database.script["begin"] = nothing
    with site.connect().cursor() as cursor:
        number = cursor.var(int)
        number.setvalue(0, 5)
        cursor.execute("begin p(:x); end;", x=number)
        assert number.getvalue() == 5


def test_procedures_take_arguments_by_name(site: Any) -> None:
    site.database.script["begin"] = nothing
    with site.connect().cursor() as cursor:
        cursor.callproc("p", [1], {"p_y": "two"})
    sql, binds = site.database.asked[-1]
    assert "p_y" in sql
    assert [bind.value for bind in binds.values()] == [1, "two"]


def test_a_value_longer_than_the_clients_buffer_is_an_error(site: Any) -> None:
    site.database.assigns("begin", X="x" * 50)
    connection = site.connect()
    with connection.cursor() as cursor, pytest.raises(oracledb.DatabaseError, match="ORA-06502"):
        cursor.execute("begin p(:x); end;", x=cursor.var(str, 10))
    connection.ping()


def test_index_by_tables_go_both_ways(site: Any) -> None:
    site.database.script["begin"] = lambda _session, binds: Result(out={"O": [v and v * 2 for v in binds["I"].value]})
    with site.connect().cursor() as cursor:
        given = cursor.arrayvar(str, ["a", None, "ccc"])
        out = cursor.arrayvar(str, 10)
        cursor.execute("begin p(:i, :o); end;", i=given, o=out)
        assert out.getvalue() == ["aa", None, "cccccc"]
        assert site.database.asked[-1][1]["I"] == Bind(["a", None, "ccc"], "VARCHAR2")
        numbers = cursor.arrayvar(int, [])
        cursor.execute("begin p(:i, :o); end;", i=numbers, o=cursor.arrayvar(int, 1))
        assert site.database.asked[-1][1]["I"] == Bind([], "NUMBER")


def test_a_block_runs_for_each_row_of_an_array(site: Any) -> None:
    site.database.script["begin"] = lambda _session, binds: Result(out={"O": binds["I"].value * 10})
    with site.connect().cursor() as cursor:
        out = cursor.var(int, arraysize=3)
        cursor.setinputsizes(o=out)
        cursor.executemany("begin p(:i, :o); end;", [{"i": 1}, {"i": 2}, {"i": 3}])
        assert [out.getvalue(at) for at in range(3)] == [10, 20, 30]


def test_a_failing_row_of_blocks_tells_its_offset(site: Any) -> None:
    def answer(_session: Any, binds: Any) -> Result:
        if binds["1"].value == 3:
            raise OracleError(6550, "line 1, column 7:\nPLS-00201: identifier 'P' must be declared")
        return Result()

    site.database.script["begin"] = answer
    with site.connect().cursor() as cursor, pytest.raises(oracledb.DatabaseError) as caught:
        cursor.executemany("begin p(:1); end;", [(1,), (2,), (3,), (4,)])
    assert (caught.value.args[0].code, caught.value.args[0].offset) == (6550, 2)


def test_a_ref_cursor_is_fetched_from(site: Any) -> None:
    columns = (Column("A", "NUMBER"), Column("C", "CLOB"))

    def answer(_session: Any, _binds: Any) -> Result:
        return Result(out={"C": Result(columns, iter([(number, f"text {number}") for number in range(250)]))})

    site.database.script["begin"] = answer
    with site.connect(), site.opened[0].cursor() as cursor:
        for _ in range(2):
            out = cursor.var(oracledb.DB_TYPE_CURSOR)
            cursor.execute("begin open_it(:c); end;", c=out)
            rows = out.getvalue().fetchall()
            assert len(rows) == 250
            assert rows[7][0] == 7
            assert rows[7][1].read() == "text 7"


def test_end_to_end_attributes_reach_the_session(site: Any) -> None:
    connection = site.connect()
    session = site.database.sessions[0]
    connection.client_identifier, connection.module, connection.action = "req-1", "module", "action"
    connection.clientinfo = "info"
    connection.dbop = "op"
    connection.ping()
    assert (session.client_identifier, session.module, session.action) == ("req-1", "module", "action")
    connection.action = None
    connection.ping()
    assert (session.client_identifier, session.module, session.action) == ("req-1", "module", None)


def test_the_current_schema_is_set_and_told(site: Any) -> None:
    connection = site.connect()
    connection.current_schema = "other"
    connection.ping()
    assert site.database.sessions[0].current_schema == "OTHER"
    connection.cursor().execute("alter session set current_schema = third")
    assert connection.current_schema == "THIRD"


def test_a_unit_with_errors_is_created_with_a_warning(site: Any) -> None:
    site.database.script["create procedure"] = lambda _session, _binds: Result(warned=True)
    site.database.script["create function"] = lambda _session, _binds: Result()
    cursor = site.connect().cursor()
    cursor.execute("create procedure p is begin nothing; end;")
    assert cursor.warning.full_code == "DPY-7000"
    cursor.execute("create function f return number is begin return 1; end;")
    assert cursor.warning is None
