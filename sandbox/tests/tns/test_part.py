"""The Oracle part as a process: what it publishes, what it keeps, how it ends."""

import json
import os
import signal
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import oracledb
import pytest

LIMIT_S = 120.0


def start(state: Path, *arguments: str) -> "subprocess.Popen[bytes]":
    environment = {key: value for key, value in os.environ.items() if not key.endswith(("_BUNDLE", "CERT_FILE"))}
    command = [sys.executable, "-m", "oracleapi_sandbox.oracle", "--state", str(state), *arguments]
    with (state / "log").open("ab") as log:
        return subprocess.Popen(command, stdout=log, stderr=log, env=environment)


def published(state: Path, process: "subprocess.Popen[bytes]") -> dict[str, Any]:
    """Wait for what *process* publishes; a file of an earlier start does not count."""
    path = state / "oracle.json"
    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end:
        try:
            process.wait(0.05)
        except subprocess.TimeoutExpired:
            if path.exists():
                found: dict[str, Any] = json.loads(path.read_text())
                if found["pid"] == process.pid:
                    return found
            continue
        break
    raise AssertionError((state / "log").read_text())


def connect(known: dict[str, Any], dsn: str = "dsn", **options: Any) -> oracledb.Connection:
    user, password = known["system_user"], known["system_password"]
    return oracledb.connect(user=user, password=password, dsn=known[dsn], **options)


def session_leaders(state: Path) -> list[str]:
    """Command lines of processes that name the state folder or its database."""
    identity = json.loads((state / "oracle" / "postgres.state.json").read_text())["id"]
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = entry.read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue  # it ended meanwhile
        if str(state) in line or identity in line:
            found.append(line)
    return found


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "state"
    folder.mkdir()
    yield folder
    for line in session_leaders(folder):
        raise AssertionError(f"left behind: {line}")


def stop(process: "subprocess.Popen[bytes]") -> int:
    process.send_signal(signal.SIGTERM)
    return process.wait(LIMIT_S)


def test_a_part_serves_keeps_and_ends(state: Path) -> None:
    process = start(state)
    known = published(state, process)
    assert (state / "oracle.json").stat().st_mode & 0o777 == 0o600
    assert known["dsn"] == f"localhost:{known['port']}/FREEPDB1"
    with connect(known) as connection, connection.cursor() as cursor:
        assert connection.version.startswith("19.")
        cursor.execute("create table kept (a number)")
        cursor.execute("insert into kept values (1)")
        connection.commit()
    trust = ssl.create_default_context(cafile=str(state / "ca" / "ca.crt"))
    with connect(known, "tcps_dsn", ssl_context=trust) as connection:
        connection.ping()
    with httpx.Client(verify=trust, trust_env=False) as http:
        assert http.get(f"{known['ords_url']}/nowhere/").status_code == 404
        statements = http.get(f"{known['admin_url']}/_sandbox/statements").json()["statements"]
        assert any("insert into kept" in entry["sql"] for entry in statements)
        assert known["system_password"] not in json.dumps(statements)
        assert set(http.get(f"{known['admin_url']}/_sandbox/settings").json()) == {"database", "ords", "repository"}
        changed = {"repository": {"installed_version": "25.1.0", "jwt_role_claim": False}}
        http.put(f"{known['admin_url']}/_sandbox/settings", json=changed).raise_for_status()
        http.post(f"{known['admin_url']}/_sandbox/reset").raise_for_status()
        assert http.put(f"{known['admin_url']}/_sandbox/kill-sessions").json() == {"killed": 0}
    assert stop(process) == 0

    process = start(state, "--version", "23.7.0.0.0")
    again = published(state, process)
    assert {**again, "pid": 0} == {**known, "pid": 0}
    with connect(again) as connection, connection.cursor() as cursor:
        assert connection.version == "23.7.0.0.0"
        assert cursor.execute("select a from kept").fetchall() == [(1,)]
        process.kill()  # not even time to say goodbye
        process.wait(LIMIT_S)
    end = time.monotonic() + LIMIT_S
    while session_leaders(state) and time.monotonic() < end:
        threading.Event().wait(0.05)


def test_faults_and_kills_reach_the_sessions_of_ords(state: Path) -> None:
    process = start(state)
    known = published(state, process)
    with connect(known) as connection, connection.cursor() as cursor:
        cursor.execute("create user shop identified by Secret_1")
        cursor.execute("grant create session to shop")
    with (
        oracledb.connect(user="shop", password="Secret_1", dsn=known["dsn"]) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("""
            begin
              ords.enable_schema;
              ords.define_service(p_module_name => 'm', p_base_path => '/m/', p_pattern => 'one',
                p_source => 'select 1 a from dual');
              commit;
            end;""")
    trust = ssl.create_default_context(cafile=str(state / "ca" / "ca.crt"))
    with httpx.Client(verify=trust, trust_env=False) as http:

        def order(page: str, **body: Any) -> Any:
            return http.put(f"{known['admin_url']}/_sandbox/{page}", json=body).raise_for_status().json()

        def status() -> int:
            return http.get(f"{known['ords_url']}/shop/m/one").status_code

        assert status() == 200
        assert order("kill-sessions", user="SHOP") == {"killed": 0}
        assert order("kill-sessions", user="SHOP", where="pool") == {"killed": 1}
        assert [status() >= 500, status()] == [True, 200]
        order("faults", statement="select 1 a", where="pool", code=60, times=1)
        assert [status() >= 500, status()] == [True, 200]
    assert stop(process) == 0
