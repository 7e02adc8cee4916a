"""A password is nowhere to be read: not in journals, the trail, error texts, logs or on the disk."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from oracleapi_sandbox.common.journal import Journal
from oracleapi_sandbox.oracle.engine.database import EngineDatabase, open_database
from oracleapi_sandbox.oracle.engine.session import EngineSession
from oracleapi_sandbox.oracle.ports import OracleError

CANARY = "Canary-4711-sings"
STATEMENTS = (
    'create user singer identified by "{}"',
    'create user singer identified by "{}"',
    'alter user singer identified by "{}" replace "{}"',
    "alter user singer identified by '{}'",
    'alter user singer identified "{}"',
    'alter user singer identified by "{}" account',
    'alter user singer identified by "{}" "{}"',
    'alter user singer identified by "{}{}"',
    'alter user singer identified by "{}',
    'alter user nobody identified by "{}"',
    'alter user singer identified by values "{}"',
    'alter user singer identified by "{}" expire password rollover period',
    'create role choir identified by "{}"',
    'alter role choir identified by "{}"',
    'set role choir identified by "{}x"',
    'grant create session to singer identified by "{}"',
    "begin execute immediate 'alter user singer identified by \"{}\"'; end;",
)


class Stage:
    """A database of its own whose every file, journal entry and log record is looked through."""

    def __init__(self, folder: Path, database: EngineDatabase, journal: Journal) -> None:
        self.folder, self.database, self.journal = folder, database, journal
        self.system: EngineSession = database.open_session("SYSTEM")

    def files(self) -> list[Path]:
        self.database.script_aside("checkpoint")
        needle = CANARY.encode()
        return [each for each in self.folder.rglob("*") if each.is_file() and needle in each.read_bytes()]

    def trail(self) -> list[tuple[Any, ...]]:
        query = "select action_name, return_code, sql_text, sql_binds from unified_audit_trail order by event_timestamp"
        return list(self.system.execute(query).rows)


@pytest.fixture
def stage(tmp_path: Path, clock: Any) -> Iterator[Stage]:
    journal = Journal()
    database = open_database(tmp_path / "state", clock=clock, journal=journal)
    found = Stage(tmp_path, database, journal)
    found.system.execute("grant audit_admin to system")
    found.system.execute("set role all")
    found.system.execute(
        "create audit policy accounts actions create user, alter user, create role, alter role, set role"
    )
    found.system.execute("audit policy accounts")
    yield found
    found.system.close()
    database.close()


def test_a_password_is_nowhere(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    session = stage.database.open_session("SYSTEM")
    errors = []
    for statement in STATEMENTS:
        try:
            session.execute(statement.replace("{}", CANARY))
        except OracleError as error:
            errors.append(f"{error} {error.message} {error!r}")
    session.close()
    entries = stage.journal.entries()
    assert len([entry for entry in entries if "singer" in entry["sql"] and "identified" in entry["sql"]]) >= 10
    trail = stage.trail()
    assert {"CREATE USER", "ALTER USER", "CREATE ROLE", "ALTER ROLE"} <= {row[0] for row in trail}
    assert len(errors) > 5
    for shown in (entries, trail, errors, caplog.text):
        assert CANARY not in str(shown)
    assert stage.files() == []


def test_a_refusal_does_not_repeat_the_password(stage: Stage) -> None:
    for statement in (
        "create profile p limit password_reuse_max 5 password_verify_function ora12c_stig_verify_function",
        f'create user singer identified by "{CANARY}" profile p',
        "grant create session to singer",
    ):
        stage.system.execute(statement)
    session, other = stage.database.open_session("SINGER"), f"Other-{CANARY[::-1]}"
    session.execute(f'alter user singer identified by "{other}" replace "{CANARY}"')
    for code, rest in (
        (28003, f'"{other}1" replace "{other}"'),
        (28007, f'"{CANARY}" replace "{other}"'),
        (28008, f'"{CANARY}2" replace "{CANARY}3"'),
        (28221, f'"{CANARY}4"'),
        (972, f'"{CANARY}{CANARY}"'),
    ):
        with pytest.raises(OracleError) as caught:
            session.execute(f"alter user singer identified by {rest}")
        assert caught.value.code == code
        for password in (CANARY, other):
            assert password not in str(caught.value)
    session.close()
    assert CANARY not in f"{stage.trail()}{stage.journal.entries()}"
