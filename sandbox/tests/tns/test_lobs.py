"""LOB columns and LOB binds through the driver."""

from typing import Any

import oracledb
import pytest

from oracleapi_sandbox.oracle.ports import Column, Result

COLUMNS = (Column("N", "NUMBER"), Column("C", "CLOB"), Column("B", "BLOB"))
TEXT = "grüße 😀 " * 10_000
DATA = bytes(range(256)) * 300


@pytest.mark.parametrize("fetch_lobs", [True, False])
def test_lobs_are_fetched_as_the_client_wants_them(
    sized_site: Any, fetch_lobs: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oracledb.defaults, "fetch_lobs", fetch_lobs)
    rows = [(1, TEXT, DATA), (2, None, None), (3, "short", b"short")]
    sized_site.database.script["select"] = lambda _session, _binds: Result(COLUMNS, iter(rows))
    connection = sized_site.connect()
    for _ in range(3):
        with connection.cursor() as cursor:
            cursor.execute("select n, c, b from t where n > :1", [0])
            found = cursor.fetchall()
            if fetch_lobs:
                found = [(n, c and c.read(), b and b.read()) for n, c, b in found]
            assert found == rows


def test_an_output_type_handler_asks_for_text(site: Any) -> None:
    def handler(cursor: Any, metadata: Any) -> Any:
        if metadata.type_code is oracledb.DB_TYPE_CLOB:
            return cursor.var(oracledb.DB_TYPE_LONG, arraysize=cursor.arraysize)
        if metadata.type_code is oracledb.DB_TYPE_NUMBER:
            return cursor.var(str, arraysize=cursor.arraysize)
        return None

    site.database.answers("select", (1, TEXT), columns=COLUMNS[:2])
    connection = site.connect()
    connection.outputtypehandler = handler
    assert connection.cursor().execute("select n, c from t").fetchall() == [("1", TEXT)]


def test_parts_of_a_lob_are_read(site: Any) -> None:
    site.database.answers("select", (1, TEXT, DATA), columns=COLUMNS)
    with site.connect().cursor() as cursor:
        _, clob, blob = cursor.execute("select n, c, b from t").fetchone()
        assert clob.size() == len(TEXT.encode("utf-16-be")) // 2
        assert clob.read(3, 4) == "üße "
        assert blob.size() == len(DATA)
        assert blob.read(257, 2) == b"\x00\x01"
        assert blob.read(len(DATA) + 1) in (b"", None)
        assert clob.getchunksize() > 0


def test_a_fetched_lob_cannot_be_written(site: Any) -> None:
    site.database.answers("select", (1, "x"), columns=COLUMNS[:2])
    with site.connect().cursor() as cursor:
        _, clob = cursor.execute("select n, c from t").fetchone()
        with pytest.raises(oracledb.DatabaseError, match="ORA-22920"):
            clob.write("y")
        assert clob.read() == "x"


def test_temporary_lobs_are_written_bound_and_freed(site: Any) -> None:
    site.database.script["begin"] = site.database.script["insert"] = lambda _session, _binds: Result()
    connection = site.connect()
    clob = connection.createlob(oracledb.DB_TYPE_CLOB, "Grüße ")
    clob.write("Welt", clob.size() + 1)
    assert clob.read() == "Grüße Welt"
    clob.trim(5)
    blob = connection.createlob(oracledb.DB_TYPE_BLOB, b"123")
    blob.open()
    assert blob.isopen()
    blob.close()
    assert not blob.isopen()
    with connection.cursor() as cursor:
        for sql in ("begin p(:c, :b); end;", "insert into t values (:c, :b)"):
            cursor.execute(sql, c=clob, b=blob)
            binds = site.database.asked[-1][1]
            assert [(bind.type, bind.value) for bind in binds.values()] == [("CLOB", "Grüße"), ("BLOB", b"123")]
    del clob, blob, binds
    connection.ping()


@pytest.mark.parametrize("size", [32_768, 200_000])
def test_a_big_value_for_plsql_travels_as_a_temporary_lob(sized_site: Any, size: int) -> None:
    sized_site.database.script["begin"] = lambda _session, _binds: Result()
    with sized_site.connect().cursor() as cursor:
        for letter in "xy":
            cursor.execute("begin p(:c, :b); end;", c=letter * size, b=letter.encode() * size)
            binds = sized_site.database.asked[-1][1]
            assert (binds["C"].type, binds["C"].value) == ("CLOB", letter * size)
            assert (binds["B"].type, binds["B"].value) == ("BLOB", letter.encode() * size)


def test_a_clob_declared_by_the_caller_holds_any_length(site: Any) -> None:
    site.database.script["begin"] = lambda _session, _binds: Result()
    with site.connect().cursor() as cursor:
        for text in ("short", TEXT):
            cursor.setinputsizes(c=oracledb.DB_TYPE_CLOB)
            cursor.execute("begin p(:c); end;", c=text)
            assert site.database.asked[-1][1]["C"].value == text


@pytest.mark.parametrize("value", ["short", TEXT, None])
def test_an_out_clob_is_a_lob(site: Any, value: str | None) -> None:
    site.database.assigns("begin", C=value)
    with site.connect().cursor() as cursor:
        out = cursor.var(oracledb.DB_TYPE_CLOB)
        for _ in range(2):
            cursor.execute("begin p(:c); end;", c=out)
            found = out.getvalue()
            assert (found and found.read()) == value


def test_a_json_column_is_its_text(site: Any) -> None:
    site.database.answers("select", ('{"a": 1}',), columns=(Column("J", "JSON"),))
    with site.connect().cursor() as cursor:
        cursor.execute("select j from t")
        (found,) = cursor.fetchone()
        assert found == {"a": 1} or found.read() == '{"a": 1}'


def test_locators_of_dead_lobs_are_freed(site: Any) -> None:
    site.database.script["select"] = lambda _session, _binds: Result(COLUMNS[:2], iter([(1, "x")] * 50))
    connection = site.connect()
    (live,) = site.listener._connections
    for _ in range(4):
        with connection.cursor() as cursor:
            cursor.execute("select n, c from t").fetchall()
    connection.ping()
    connection.ping()
    assert len(live.executor.lobs) == 0
