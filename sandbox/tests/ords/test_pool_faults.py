"""Faults and kills that reach the sessions of the ORDS pool, on a scripted database."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from oracleapi_sandbox.oracle.faults import Faults
from oracleapi_sandbox.oracle.pooled import PooledDatabase
from oracleapi_sandbox.oracle.ports import OracleError, Result
from tests.ords.conftest import FakeDatabase


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def inner() -> FakeDatabase:
    database = FakeDatabase()
    database.script["insert"] = lambda _binds: Result(rowcount=1)
    return database


@pytest.fixture
def pooled(inner: FakeDatabase, faults: Faults) -> PooledDatabase:
    return PooledDatabase(inner, faults)


def code_of(call: Callable[[], Any]) -> int:
    with pytest.raises(OracleError) as caught:
        call()
    return caught.value.code


@pytest.mark.parametrize(("where", "hit"), [("listener", False), ("pool", True), ("both", True)])
def test_a_fault_hits_where_it_was_ordered(pooled: PooledDatabase, faults: Faults, where: str, hit: bool) -> None:
    session = pooled.open_session("HR")
    faults.replace([{"statement": "^insert", "code": 60, "where": where, "times": 1}])
    if hit:
        assert code_of(lambda: session.execute("insert")) == 60
    assert session.execute("insert").rowcount == 1
    assert len(faults.show()) == (0 if hit else 1)


def test_a_fault_without_a_place_spares_the_pool(pooled: PooledDatabase, faults: Faults) -> None:
    faults.replace([{"statement": "insert", "code": 60}])
    assert pooled.open_session("HR").execute("insert").rowcount == 1


@pytest.mark.parametrize(("cut", "ran"), [("before", 0), ("after", 1)])
def test_a_cut_ends_the_session(
    pooled: PooledDatabase, inner: FakeDatabase, faults: Faults, cut: str, ran: int
) -> None:
    session = pooled.open_session("HR")
    faults.replace([{"statement": "insert", "cut": cut, "where": "pool", "times": 1}])
    assert code_of(lambda: session.execute("insert")) == 3113
    assert len(inner.executed) == ran
    assert code_of(session.commit) == 3113
    assert "COMMIT" not in inner.sessions[0].calls


def test_a_commit_whose_answer_is_lost_happened(pooled: PooledDatabase, inner: FakeDatabase, faults: Faults) -> None:
    session = pooled.open_session("HR")
    faults.replace([{"statement": "^COMMIT$", "cut": "after", "where": "both"}])
    assert code_of(session.commit) == 3113
    assert inner.sessions[0].calls == ["COMMIT"]


def test_a_slow_statement_can_be_cancelled(pooled: PooledDatabase, inner: FakeDatabase, faults: Faults) -> None:
    session = pooled.open_session("HR")
    faults.replace([{"statement": "insert", "delay_seconds": 600, "where": "pool"}])
    codes: list[int] = []
    caller = threading.Thread(target=lambda: codes.append(code_of(lambda: session.execute("insert"))))
    caller.start()
    while caller.is_alive():
        session.cancel()
        caller.join(0.01)
    assert (codes, inner.executed) == ([1013], [])


def test_killed_sessions_are_dead_and_others_live(pooled: PooledDatabase, inner: FakeDatabase) -> None:
    sessions = [pooled.open_session(user) for user in ("HR", "PAY")]
    assert pooled.kill_sessions("HR") == 1
    assert code_of(lambda: sessions[0].execute("insert")) == 28
    assert sessions[1].execute("insert").rowcount == 1
    assert pooled.kill_sessions() == 2
    for session in sessions:
        session.close()
    assert pooled.kill_sessions() == 0
    assert all(session.closed for session in inner.sessions)


def test_a_request_that_meets_a_killed_session_fails_and_the_next_gets_a_new_one(world: Any) -> None:
    world.rows("q", "V", ("x",))
    world.query("e", "q")
    world.commit()
    pool = world.app.runtime.pool
    pooled = PooledDatabase(world.database, Faults())
    pool._database = pooled
    assert world.call("/ords/hr/emp/e").status == 200
    assert pooled.kill_sessions() == 1
    assert world.call("/ords/hr/emp/e").status >= 500
    assert world.call("/ords/hr/emp/e").status == 200
