"""The control pages, and the faults and cuts that they order."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import oracledb
import pytest

from oracleapi_sandbox.common.journal import Journal
from oracleapi_sandbox.oracle.control import Control, build_control
from oracleapi_sandbox.oracle.ports import Column, Result


@dataclass
class Switches:
    """A group of switches as the parts have them."""

    status: int = 401
    names: list[str] = field(default_factory=list)

    def apply(self, changes: Mapping[str, Any]) -> None:
        for name, value in changes.items():
            if name not in ("status", "names"):
                raise ValueError(f"unknown switch {name}")
            setattr(self, name, value)


@dataclass
class Pages:
    """A client of the control pages, without a socket."""

    app: Any

    def request(self, method: str, page: str, **options: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
                return await client.request(method, f"/_sandbox/{page}", **options)

        return asyncio.run(send())

    def get(self, page: str, **options: Any) -> httpx.Response:
        return self.request("GET", page, **options)

    def put(self, page: str, **options: Any) -> httpx.Response:
        return self.request("PUT", page, **options)

    def post(self, page: str, **options: Any) -> httpx.Response:
        return self.request("POST", page, **options)


class Pool:
    """Stands for the pool of ORDS."""

    def kill_sessions(self, user: str | None = None) -> int:
        return 10 if user is None else 5


@dataclass
class Bench:
    """A site with its control pages."""

    site: Any
    control: Control
    http: Pages
    resets: list[str]


@pytest.fixture
def bench(site: Any) -> Bench:
    resets: list[str] = []
    control = Control(
        Journal(),
        {"listener": [site.listener], "pool": [Pool()]},
        {"ords": Switches(), "repository": Switches(403)},
        site.listener.faults,
        round_trips=site.listener.round_trips,
        on_change=lambda: resets.append("change"),
        on_reset=lambda: resets.append("reset"),
        restart_ords=lambda password: resets.append(f"restart {password}"),
    )
    site.database.script["select"] = lambda _session, _binds: Result((Column("A", "NUMBER"),), iter([(1,)]))
    site.database.script["insert"] = lambda _session, _binds: Result(rowcount=1)
    return Bench(site, control, Pages(build_control(control)), resets)


def run(connection: oracledb.Connection, sql: str = "select a from t") -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def test_statements_are_listed_and_cleared(bench: Bench) -> None:
    for text in ("first", "second"):
        bench.control.statements.add({"statement": text})
    entries = bench.http.get("statements").json()["statements"]
    assert [entry["statement"] for entry in entries] == ["first", "second"]
    newer = bench.http.get("statements", params={"since": entries[0]["seq"]}).json()["statements"]
    assert [entry["statement"] for entry in newer] == ["second"]
    bench.http.request("DELETE", "statements")
    assert bench.http.get("statements").json() == {"statements": []}


def test_settings_are_merged_by_group(bench: Bench) -> None:
    answer = bench.http.put("settings", json={"ords": {"names": ["a"]}})
    assert answer.json() == {"ords": {"status": 401, "names": ["a"]}, "repository": {"status": 403, "names": []}}
    assert bench.http.get("settings").json() == answer.json()


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"ords": {"status": 1}, "repository": {"colour": 1}}, "unknown switch colour"),
        ({"ords": {"status": 1}, "orbs": {}}, "unknown settings: orbs; known groups: ords, repository"),
        ({"ords": {"status": 1}, "repository": 5}, "repository takes an object"),
        ([], "expected an object"),
    ],
)
def test_a_wrong_setting_is_named_and_changes_nothing(bench: Bench, body: Any, named: str) -> None:
    answer = bench.http.put("settings", json=body)
    assert answer.status_code == 400
    assert named in answer.json()["error"]
    assert bench.http.get("settings").json()["ords"]["status"] == 401


def test_a_reset_restores_everything(bench: Bench) -> None:
    bench.http.put("settings", json={"ords": {"status": 5, "names": ["a"]}})
    bench.http.put("faults", json={"statement": "select", "code": 60})
    bench.control.statements.add({"statement": "x"})
    assert bench.http.post("reset").json() == {"reset": True}
    assert bench.http.get("settings").json()["ords"] == {"status": 401, "names": []}
    assert bench.http.get("faults").json() == {"faults": []}
    assert bench.http.get("statements").json() == {"statements": []}
    assert bench.resets == ["change", "change", "reset"]


def test_the_clock_moves_forward(bench: Bench) -> None:
    before = bench.http.get("clock").json()["now"]
    assert bench.http.post("clock", json={"advance_seconds": 3600}).json()["now"] >= before + 3600
    assert bench.http.post("clock", json={"advance_seconds": -1}).status_code == 400


def test_sessions_are_killed_by_user_or_all(bench: Bench) -> None:
    bench.site.database.add_user("APP", "x")
    connections = [bench.site.connect(), bench.site.connect(user="app", password="x")]
    assert bench.http.put("kill-sessions", json={"user": "APP"}).json() == {"killed": 1}
    connections[0].ping()
    with pytest.raises(oracledb.DatabaseError, match="DPY-4011"):
        connections[1].ping()
    assert bench.http.put("kill-sessions", json={"name": "x"}).status_code == 400
    assert bench.http.put("kill-sessions", json={"where": "nowhere"}).status_code == 400


def test_the_sessions_of_the_pool_are_killed_where_asked(bench: Bench) -> None:
    connection = bench.site.connect()
    assert bench.http.put("kill-sessions", json={"user": "HR", "where": "pool"}).json() == {"killed": 5}
    connection.ping()
    assert bench.http.put("kill-sessions", json={"where": "both"}).json() == {"killed": 11}
    with pytest.raises(oracledb.DatabaseError, match="DPY-4011"):
        connection.ping()


def test_ords_is_started_again_with_and_without_a_password(bench: Bench) -> None:
    for options in ({}, {"json": {}}, {"json": {"password": "Next_1"}}):
        assert bench.http.put("restart-ords", **options).json() == {"restarted": True}
    assert bench.resets == ["restart None", "restart None", "restart Next_1"]
    for wrong in ({"password": 4711}, {"password": ""}, {"secret": "Next_1"}, []):
        answer = bench.http.put("restart-ords", json=wrong)
        assert (answer.status_code, "4711" in answer.text, "Next_1" in answer.text) == (400, False, False)
    assert len(bench.resets) == 3


def test_each_call_that_a_client_waits_for_is_a_round_trip(bench: Bench) -> None:
    rows = [(number,) for number in range(250)]
    bench.site.database.script["select"] = lambda _session, _binds: Result((Column("B", "NUMBER"),), iter(rows))
    connection = bench.site.connect()
    with connection.cursor() as cursor:
        cursor.arraysize = cursor.prefetchrows = 100
        cursor.execute("select b from t").fetchall()
        cursor.execute("insert into t values (1)")
    connection.commit()
    connection.ping()
    entries = bench.http.get("round-trips").json()["round_trips"]
    assert [entry["call"] for entry in entries] == ["EXECUTE", "FETCH", "FETCH", "EXECUTE", "COMMIT", "PING"]
    assert {(entry["user"], entry["session"]) for entry in entries} == {(entries[0]["user"], entries[0]["session"])}
    bench.http.request("DELETE", "round-trips")
    assert bench.http.get("round-trips").json() == {"round_trips": []}


def test_a_fault_raises_its_error_as_often_as_ordered(bench: Bench) -> None:
    connection = bench.site.connect()
    run(connection)
    bench.http.put("faults", json={"statement": "^SELECT .* from T", "times": 2, "code": 60})
    for left in (1, 0):
        with pytest.raises(oracledb.DatabaseError, match="ORA-00060: error ordered by a test"):
            run(connection)
        assert [fault["times"] for fault in bench.http.get("faults").json()["faults"]] == [1] * left
    run(connection)


@pytest.mark.parametrize(("cut", "happened"), [("before", 0), ("after", 1)])
def test_a_cut_leaves_open_whether_the_statement_ran(bench: Bench, cut: str, happened: int) -> None:
    connection = bench.site.connect()
    bench.http.put("faults", json=[{"statement": "insert", "cut": cut, "times": 1}])
    with pytest.raises(oracledb.DatabaseError, match="DPY-4011"):
        run(connection, "insert into t values (1)")
    assert sum(sql.startswith("insert") for sql, _ in bench.site.database.asked) == happened


@pytest.mark.parametrize(("cut", "ended"), [("before", []), ("after", ["commit"])])
def test_a_commit_can_be_cut(bench: Bench, cut: str, ended: list[str]) -> None:
    connection = bench.site.connect()
    bench.http.put("faults", json={"faults": [{"statement": "^commit$", "cut": cut}]})
    with pytest.raises(oracledb.DatabaseError, match="DPY-4011"):
        connection.commit()
    assert bench.site.database.ended == ended


def test_a_delay_ends_with_the_clients_timeout(bench: Bench) -> None:
    connection = bench.site.connect()
    bench.http.put("faults", json={"statement": "select", "delay_seconds": 600, "times": 1})
    connection.call_timeout = 1000
    with pytest.raises(oracledb.DatabaseError, match="DPY-4024"):
        run(connection)
    connection.call_timeout = 0
    run(connection)


@pytest.mark.parametrize(
    ("fault", "named"),
    [
        ({"code": 60}, "needs statement"),
        ({"statement": "("}, "no regular expression"),
        ({"statement": "x", "cut": "sometimes"}, "cut is one of before, after"),
        ({"statement": "x", "times": 0}, "times"),
        ({"statement": "x", "colour": 1}, "colour"),
        ({"statement": "x", "where": "here"}, "where is one of listener, pool, both"),
        ({"statement": "x", "delay_seconds": "1"}, "delay_seconds"),
    ],
)
def test_a_wrong_fault_is_named(bench: Bench, fault: dict[str, Any], named: str) -> None:
    answer = bench.http.put("faults", json=fault)
    assert answer.status_code == 400
    assert named in answer.json()["error"]


def test_another_page_is_not_found(bench: Bench) -> None:
    assert bench.http.get("nope").status_code == 404
