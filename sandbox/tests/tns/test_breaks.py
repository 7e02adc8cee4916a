"""Cancelled statements, timeouts, cut connections; pools and the async API."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import oracledb
import pytest

from oracleapi_sandbox.oracle.ports import Column, OracleError, Result

A = Column("A", "NUMBER")
LIMIT_S = 20.0


@pytest.fixture
def slow(site: Any) -> threading.Event:
    """A statement ``begin slow`` that runs until it is cancelled; the event tells that it runs."""
    running = threading.Event()

    def answer(session: Any, _binds: Any) -> Result:
        session.cancelled.clear()
        running.set()
        assert session.cancelled.wait(LIMIT_S)
        raise OracleError(1013, "user requested cancel of current operation")

    site.database.script["begin slow"] = answer
    site.database.script["select"] = lambda _session, _binds: Result((A,), iter([(1,)]))
    return running


def check(connection: oracledb.Connection) -> None:
    """The connection still works."""
    with connection.cursor() as cursor:
        assert cursor.execute("select a from t").fetchall() == [(1,)]


def test_a_call_that_takes_too_long_is_stopped(site: Any, slow: threading.Event) -> None:
    connection = site.connect()
    for _ in range(2):
        connection.call_timeout = 1000
        with pytest.raises(oracledb.DatabaseError) as caught:
            connection.cursor().execute("begin slow; end;")
        assert caught.value.args[0].full_code == "DPY-4024"
        connection.call_timeout = 0
        check(connection)


def test_another_thread_can_cancel(site: Any, slow: threading.Event) -> None:
    connection = site.connect()

    def cancel() -> None:
        assert slow.wait(LIMIT_S)
        connection.cancel()

    thread = threading.Thread(target=cancel)
    thread.start()
    with pytest.raises(oracledb.DatabaseError, match="ORA-01013"):
        connection.cursor().execute("begin slow; end;")
    thread.join()
    check(connection)


def test_a_break_while_rows_are_made_stops_them(site: Any) -> None:
    def rows(session: Any) -> Iterator[tuple[int]]:
        yield (1,)
        assert session.cancelled.wait(LIMIT_S)
        raise OracleError(1013, "user requested cancel of current operation")

    site.database.script["select"] = lambda session, _binds: Result((A,), rows(session))
    connection = site.connect()
    connection.call_timeout = 1000
    with connection.cursor() as cursor, pytest.raises(oracledb.DatabaseError, match="DPY-4024"):
        cursor.execute("select a from t").fetchall()
    connection.call_timeout = 0
    connection.ping()


def test_a_cancel_that_comes_too_late_does_no_harm(site: Any, slow: threading.Event) -> None:
    connection = site.connect()
    check(connection)
    connection.cancel()
    with pytest.raises(oracledb.DatabaseError, match="ORA-01013"):
        connection.ping()
    check(connection)


def test_killed_sessions_are_dead_for_their_clients(site: Any, slow: threading.Event) -> None:
    site.database.add_user("APP", "x")
    idle, other = site.connect(), site.connect(user="app", password="x")
    assert site.listener.kill_sessions("HR") == 1
    with pytest.raises(oracledb.DatabaseError, match="DPY-4011"):
        idle.ping()
    check(other)
    assert not idle.is_healthy()


def test_a_client_that_vanishes_stops_its_statement(site: Any, slow: threading.Event) -> None:
    connection = site.connect()
    failure: list[str] = []

    def run() -> None:
        try:
            connection.cursor().execute("begin slow; end;")
        except oracledb.Error as error:
            failure.append(str(error))

    thread = threading.Thread(target=run)
    thread.start()
    assert slow.wait(LIMIT_S)
    assert site.listener.kill_sessions() == 1
    thread.join()
    assert "DPY-4011" in failure[0]
    assert site.database.sessions[0].cancelled.wait(LIMIT_S)


def test_a_pool_replaces_a_dead_connection(site: Any, slow: threading.Event) -> None:
    pool = oracledb.create_pool(user="hr", password="Secret_1", dsn=site.dsn(), min=2, max=3, increment=1)
    try:
        for _ in range(3):
            with pool.acquire() as connection:
                check(connection)
        while pool.opened < 2:  # it connects in a thread of its own
            threading.Event().wait(0.01)
        site.listener.kill_sessions()
        with pool.acquire() as first, pool.acquire() as second:
            check(first)
            check(second)
    finally:
        pool.close(force=True)


def test_a_pool_rolls_back_what_was_left_open(site: Any) -> None:
    def answer(session: Any, _binds: Any) -> Result:
        session.in_transaction = True
        return Result(rowcount=1)

    site.database.script["update"] = answer
    pool = oracledb.create_pool(user="hr", password="Secret_1", dsn=site.dsn(), min=1, max=1)
    try:
        with pool.acquire() as connection:
            connection.cursor().execute("update t set a = 1")
        assert site.database.ended == ["rollback"]
    finally:
        pool.close(force=True)


def test_threads_have_sessions_of_their_own(site: Any, slow: threading.Event) -> None:
    def work() -> None:
        with oracledb.connect(user="hr", password="Secret_1", dsn=site.dsn()) as connection:
            for _ in range(20):
                check(connection)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(site.database.sessions) == 8


def test_the_async_api_works(site: Any, slow: threading.Event) -> None:
    async def run() -> None:
        async with oracledb.connect_async(user="hr", password="Secret_1", dsn=site.dsn()) as connection:
            for _ in range(2):
                assert await connection.fetchall("select a from t where a = :1", [1]) == [(1,)]
            with pytest.raises(oracledb.DatabaseError, match="ORA-00942"):
                await connection.execute("delete from nope")
            connection.call_timeout = 1000
            with pytest.raises(oracledb.DatabaseError, match="DPY-4024"):
                await connection.execute("begin slow; end;")
            connection.call_timeout = 0
            assert await connection.fetchall("select a from t") == [(1,)]

    asyncio.run(run())


def test_the_async_api_reads_answers_over_many_packets(narrow_site: Any) -> None:
    rows = [(number, "x" * 50) for number in range(500)]
    narrow_site.database.answers("select", *rows, columns=(A, Column("S", "VARCHAR2")))

    async def run() -> None:
        async with oracledb.connect_async(user="hr", password="Secret_1", dsn=narrow_site.dsn()) as connection:
            assert await connection.fetchall("select a, s from t", arraysize=500) == rows

    asyncio.run(run())
