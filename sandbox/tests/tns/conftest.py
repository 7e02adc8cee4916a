"""A scripted database behind a real listener, and driver connections to it."""

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import oracledb
import pytest

from oracleapi_sandbox.oracle.ports import Account, Bind, Column, OracleError, Result, Verifier
from oracleapi_sandbox.oracle.tns.profile import ORACLE_19C, ORACLE_23AI
from oracleapi_sandbox.oracle.tns.server import Listener
from oracleapi_sandbox.oracle.verifier import make_verifier, matches

PASSWORD = "Secret_1"
Answer = Callable[["ScriptedSession", Mapping[str, Bind]], Result]


@dataclass
class ScriptedSession:
    """Answers each statement by the database's script; keeps what it was asked."""

    database: "ScriptedDatabase"
    user: str
    proxy_user: str | None
    session_id: int
    serial: int = 70000
    client_identifier: str | None = None
    module: str | None = None
    action: str | None = None
    current_schema: str = ""
    in_transaction: bool = False
    closed: bool = False
    cancelled: threading.Event = field(default_factory=threading.Event)

    def execute(self, sql: str, binds: Mapping[str, Bind] | None = None) -> Result:
        self.database.asked.append((sql, dict(binds or {})))
        if sql.upper().startswith("ALTER SESSION SET CURRENT_SCHEMA"):
            self.current_schema = sql.split("=")[1].strip().upper()
            return Result()
        if sql.upper().startswith("ALTER SESSION"):
            return Result()
        for beginning, answer in self.database.script.items():
            if sql.startswith(beginning):
                return answer(self, binds or {})
        raise OracleError(942, "table or view does not exist", 14)

    def parse(self, sql: str) -> tuple[Column, ...] | None:
        return self.execute(sql).columns

    def commit(self) -> None:
        self.database.ended.append("commit")
        self.in_transaction = False

    def rollback(self) -> None:
        self.database.ended.append("rollback")
        self.in_transaction = False

    def cancel(self) -> None:
        self.cancelled.set()

    def close(self) -> None:
        self.closed = True


@dataclass
class ScriptedDatabase:
    """Users with their verifiers, and answers by the beginning of a statement."""

    name: str = "FREEPDB1"
    version: str = "19.22.0.0.0"
    service_names: tuple[str, ...] = ("FREEPDB1", "hr.example.com")
    accounts: dict[str, Account] = field(default_factory=dict)
    script: dict[str, Answer] = field(default_factory=dict)
    sessions: list[ScriptedSession] = field(default_factory=list)
    asked: list[tuple[str, dict[str, Bind]]] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)
    by_old_password: list[bool] = field(default_factory=list)
    refused: OracleError | None = None

    def add_user(self, name: str, *passwords: str, status: str = "OPEN") -> None:
        verifiers: list[Verifier] = []
        for password in passwords:
            verifiers.append(make_verifier(password, like=verifiers[0] if verifiers else None))
        self.accounts[name] = Account(name, status, tuple(verifiers))

    def account(self, username: str) -> Account | None:
        return self.accounts.get(username)

    def login_failed(self, username: str) -> None:
        self.logins.append((username, "failed"))

    def login_succeeded(self, username: str) -> None:
        self.logins.append((username, "succeeded"))

    def change_password(self, username: str, new_password: str, *, old_password: str | None = None) -> None:
        if old_password is not None and not any(matches(e, old_password) for e in self.accounts[username].verifiers):
            raise OracleError(28008, "invalid old password")
        self.add_user(username, new_password)

    def open_session(self, user: str, *, proxy_user: str | None = None, old_password: bool = False) -> ScriptedSession:
        self.by_old_password.append(old_password)
        if self.refused is not None:
            raise self.refused
        if user not in self.accounts:
            raise OracleError(1918, f"user '{user}' does not exist")
        session = ScriptedSession(self, user, proxy_user, len(self.sessions) + 1, current_schema=user)
        self.sessions.append(session)
        return session

    def on_commit(self, listener: Callable[[], None]) -> None:
        raise NotImplementedError

    def answers(self, beginning: str, *rows: tuple[Any, ...], columns: tuple[Column, ...]) -> None:
        """Answer a query that starts with *beginning*."""
        self.script[beginning] = lambda _session, _binds: Result(columns, iter(rows))

    def assigns(self, beginning: str, **out: Any) -> None:
        """Answer a block that starts with *beginning* by assigning binds (``B1`` means the bind ``1``)."""
        values = {name.removeprefix("B") if name[1:].isdigit() else name: value for name, value in out.items()}
        self.script[beginning] = lambda _session, _binds: Result(out=values)


@dataclass
class Site:
    """A database, its listener, and how to reach it."""

    database: ScriptedDatabase
    listener: Listener
    port: int
    opened: list[oracledb.Connection] = field(default_factory=list)

    def dsn(self, service: str = "FREEPDB1", **options: object) -> str:
        extra = "".join(f"({name}={value})" for name, value in options.items())
        return (
            f"(DESCRIPTION={extra}(ADDRESS=(PROTOCOL=TCP)(HOST=127.0.0.1)(PORT={self.port}))"
            f"(CONNECT_DATA=(SERVICE_NAME={service})))"
        )

    def connect(self, user: str = "hr", password: str = PASSWORD, **options: Any) -> oracledb.Connection:
        options.setdefault("dsn", self.dsn())
        connection = oracledb.connect(user=user, password=password, **options)
        self.opened.append(connection)
        return connection


def site_of(**options: Any) -> Iterator[Site]:
    database = ScriptedDatabase()
    database.add_user("HR", PASSWORD)
    listener = Listener(database, **options)
    site = Site(database, listener, listener.start())
    yield site
    for connection in site.opened:
        try:
            connection.close()
        except oracledb.Error as error:
            assert "DPY-1001" in str(error) or "DPY-4011" in str(error)  # noqa: PT017 the test closed or cut it
    listener.stop()
    assert all(session.closed for session in database.sessions)


@pytest.fixture(params=[ORACLE_19C, ORACLE_23AI], ids=["19c", "23ai"])
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    yield from site_of(profile=request.param)


@pytest.fixture(params=[(512, ORACLE_19C), (8192, ORACLE_19C), (512, ORACLE_23AI), (8192, ORACLE_23AI)])
def sized_site(request: pytest.FixtureRequest) -> Iterator[Site]:
    sdu, profile = request.param
    yield from site_of(sdu=sdu, profile=profile)


@pytest.fixture
def narrow_site() -> Iterator[Site]:
    yield from site_of(sdu=512)


@pytest.fixture
def make_site() -> Callable[..., Iterator[Site]]:
    """Sites with other options of the listener."""
    return site_of
