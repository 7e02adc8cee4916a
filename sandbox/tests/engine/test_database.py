"""The database as a whole: restart, two at once, stale servers, packages, repository access, journal."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from oracleapi_sandbox.common.clock import SystemClock
from oracleapi_sandbox.common.journal import Journal
from oracleapi_sandbox.oracle.engine.database import open_database
from oracleapi_sandbox.oracle.ports import Argument, Bind, Package, Subprogram

CHILD = """
import sys, time
from pathlib import Path
from oracleapi_sandbox.common.clock import SystemClock
from oracleapi_sandbox.common.journal import Journal
from oracleapi_sandbox.oracle.engine.database import open_database
database = open_database(Path(sys.argv[1]), clock=SystemClock(), journal=Journal(), system_password="Manager_1")
database.open_session("SYSTEM").execute("create user kept identified by x")
print(database._postgres.place.data, flush=True)
time.sleep(60)
"""


def _gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] == "Z"
    except (ProcessLookupError, FileNotFoundError):
        return True


def test_a_killed_part_leaves_no_server_and_keeps_its_data(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(tmp_path)], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert child.stdout is not None
    data = Path(child.stdout.readline().strip())
    postmaster = int((data / "postmaster.pid").read_text().split("\n")[0])
    with pytest.raises(RuntimeError, match="already open"):
        open_database(tmp_path, clock=SystemClock(), journal=Journal())
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    deadline = time.monotonic() + 20
    while not _gone(postmaster):
        assert time.monotonic() < deadline
    again = open_database(tmp_path, clock=SystemClock(), journal=Journal())
    try:
        assert again.account("KEPT") is not None
        session = again.open_session("SYSTEM")
        assert list(session.execute("select username from dba_users where username = 'KEPT'").rows) == [("KEPT",)]
        guid = list(session.execute("select guid from v$pdbs").rows)
        assert len(guid[0][0]) == 16
    finally:
        again.close()


def test_data_of_another_version_is_refused(tmp_path: Path) -> None:
    made = open_database(tmp_path, clock=SystemClock(), journal=Journal())
    made.run_aside("update ora_meta.instance set value = 'older' where key = $1", ["format"])
    made.close()
    with pytest.raises(RuntimeError, match="made by another version"):
        open_database(tmp_path, clock=SystemClock(), journal=Journal())


ANSWER = Package(
    "TOOLS",
    "ANSWERS",
    (
        Subprogram("VERSION", (), lambda runner: "1.2", returns="VARCHAR2"),
        Subprogram("TWICE", (Argument("N", "NUMBER"),), lambda runner, n: n * 2, returns="NUMBER"),
    ),
    {"LIMIT": 7},
)


def test_package_functions_in_sql(database: Any, system: Any, connect: Any, new_user: Any, sql: Any) -> None:
    if "TOOLS" not in database.catalog.users:
        system.execute("create user tools no authentication")
        system.execute("create role tool_role")
    database.register_package(ANSWER, "TOOL_ROLE")
    user = new_user("TOOL_ROLE")
    session = connect(user)
    assert sql.rows(
        session, "select answers.version, tools.answers.twice(4), answers.twice(:n), answers.limit from dual", n=5
    ) == [("1.2", 8, 10, 7)]
    assert session.execute("select answers.version v from dual").columns[0].name == "V"
    assert sql.rows(
        session,
        "select object_name, argument_name, position, data_type from all_arguments"
        " where package_name = 'ANSWERS' order by 1, 3",
    ) == [("TWICE", None, 0, "NUMBER"), ("TWICE", "N", 1, "NUMBER"), ("VERSION", None, 0, "VARCHAR2")]
    assert session.execute("begin :o := answers.twice(21); end;", {"O": Bind(None, "NUMBER")}).out == {"O": 42}
    stranger = connect(new_user())
    assert sql.refused(stranger, "select answers.version from dual").code == 904
    assert sql.rows(stranger, "select * from all_arguments where package_name = 'ANSWERS'") == []


def test_repository_rows_follow_the_sessions_transaction(database: Any, system: Any, sql: Any) -> None:
    heard: list[int] = []
    database.on_commit(lambda: heard.append(1))
    with database.internal() as internal:
        internal.run("create schema if not exists repo")
        internal.run("create table if not exists repo.things (name text)")
    database.register_view("SYSTEM", "DBA_THINGS", 'select name as "NAME" from repo.things', "PUBLIC")
    with system.runner().internal() as inside:
        inside.run("insert into repo.things values (%s)", ("a",))
        assert inside.run("select name from repo.things where name like %s", ("a%",)) == [("a",)]
    assert sql.rows(system, "select name from dba_things") == [("a",)]
    with database.internal() as internal:
        assert internal.run("select name from repo.things") == []
    system.rollback()
    assert sql.rows(system, "select name from dba_things") == []
    heard.clear()
    with system.runner().internal() as inside:
        inside.run("insert into repo.things values ('b')")
    assert heard == []
    system.commit()
    assert heard == [1]
    assert sql.refused(system, "select * from repo.things").code == 942


def test_definer_rights(system: Any, connect: Any, new_user: Any, sql: Any) -> None:
    client, caller = new_user(), connect(new_user())
    caller.runner().run_as_definer("ORDS_METADATA", f"alter user {client} grant connect through ords_public_user")
    assert sql.rows(system, "select proxy from proxy_users where client = :c", c=client) == [("ORDS_PUBLIC_USER",)]


def test_journal_counts_calls_and_keeps_no_secret(system: Any, journal: Any, sql: Any) -> None:
    journal.clear()
    system.execute('create user journalled identified by "TopSecret_1"')
    sql.refused(system, "select * from nope where a = 'personal'")
    system.execute("begin null; end;")
    entries = journal.entries()
    assert [(entry["kind"], entry["error"]) for entry in entries] == [
        ("DDL", None),
        ("QUERY", "ORA-00942"),
        ("PLSQL", None),
    ]
    assert entries[0]["user"] == "SYSTEM"
    assert "TopSecret_1" not in str(entries)
    assert "personal" not in str(entries)
