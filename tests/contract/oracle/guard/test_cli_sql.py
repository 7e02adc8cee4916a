"""``kubectl oracleapi sql`` over a DBA's session: installed whole, a second time without a change, and away again."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import oracledb
import pytest

from oracleapi.cli import main
from support.guard_requests import PASSWORD
from support.parts import Part, start_part


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Part]:
    """A database without the guard."""
    part = start_part("oracle", tmp_path_factory.mktemp("empty"))
    yield part
    part.stop()


@pytest.fixture
def dba(empty: Part) -> Iterator[oracledb.Cursor]:
    known = empty.addresses
    with (
        oracledb.connect(user=known["system_user"], password=known["system_password"], dsn=known["dsn"]) as connection,
        connection.cursor() as cursor,
    ):
        yield cursor
        cursor.execute("select count(*) from all_users where username = 'ORACLEAPI'")
        if cursor.fetchone() != (0,):
            cursor.execute("drop context oracleapi")
            cursor.execute("drop user oracleapi cascade")


@pytest.fixture
def sql(empty: Part, dba: oracledb.Cursor, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run a command as SYSTEM, or as another user; returns (exit code, outcomes, errors)."""

    def run(*arguments: str, user: str = "SYSTEM", password: str = "") -> tuple[int, Counter[str], str]:
        known = empty.addresses
        monkeypatch.setenv("ORACLE_PASSWORD", password or known["system_password"])
        session = ["--dsn", known["dsn"], "--user", user, "-o", "json"]
        monkeypatch.setattr("sys.argv", ["kubectl-oracleapi", "sql", *arguments, *session])
        code = 0
        try:
            main.main()
        except SystemExit as ended:
            code = int(ended.code or 0)
        out = capsys.readouterr()
        return code, Counter(each["outcome"] for each in json.loads(out.out or "[]")), out.err

    return run


@pytest.fixture
def operator(sql: Any, dba: oracledb.Cursor, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("ORACLEAPI_OPERATOR_PASSWORD", PASSWORD)
    code, outcomes, errors = sql("install", "account", "--operator", "OP")
    assert (code, set(outcomes), errors) == (0, {"run"}, "")
    yield "OP"
    dba.execute("drop user op cascade")


def state(dba: oracledb.Cursor) -> tuple[list[Any], list[Any]]:
    dba.execute("select object_name, object_type, status from all_objects where owner = 'ORACLEAPI' order by 1, 2")
    objects = list(dba)
    dba.execute("select name, value from oracleapi.setting order by name")
    return objects, list(dba)


def test_a_second_run_changes_nothing(sql: Any, dba: oracledb.Cursor, operator: str) -> None:
    code, outcomes, errors = sql("install", "--operator", operator, "--check-account", "CHECKER")
    assert (code, set(outcomes), errors) == (0, {"run"}, "")
    before = state(dba)
    assert {found[2] for found in before[0]} == {"VALID"}
    assert before[1] == [("check account", "CHECKER"), ("version", "v1")]
    code, outcomes, errors = sql("install", "--operator", operator, "--check-account", "CHECKER")
    assert (code, errors) == (0, "")
    assert outcomes["there already"] > outcomes["run"] > 0
    assert state(dba) == before
    assert sql("install", "--operator", operator, "--force")[0] == 0
    assert state(dba) == before


def test_a_run_that_stopped_half_way_is_finished_by_the_next(sql: Any, dba: oracledb.Cursor, operator: str) -> None:
    sql("install", "--operator", operator)
    whole = state(dba)
    for statement in ("drop package oracleapi.guard", "drop table oracleapi.fault", "drop synonym oracleapi.decision"):
        dba.execute(statement)
    assert state(dba) != whole
    assert sql("install", "--operator", operator)[0] == 0
    assert state(dba) == whole


def test_uninstalling_takes_all_of_it_and_twice_is_once(sql: Any, dba: oracledb.Cursor, operator: str) -> None:
    sql("install", "--operator", operator)
    assert sql("uninstall", "--yes")[:2] == (0, Counter({"run": 2}))
    assert sql("uninstall", "--yes")[:2] == (0, Counter({"gone already": 2}))


def test_who_is_no_dba_is_told_so_and_nothing_is_left(sql: Any, dba: oracledb.Cursor, operator: str) -> None:
    code, _, errors = sql("install", "--operator", operator, user="OP", password=PASSWORD)
    assert (code, errors.count("\n")) == (3, 1)
    assert "connect as a DBA" in errors
    code, _, errors = sql("install", user="OP", password="Wrong1234")
    assert (code, "ORA-01017" in errors, "Wrong1234" in errors) == (3, True, False)
