"""Logins: accounts lock after some failures, so a refused password is not tried again and again."""

import contextlib
from collections.abc import Iterator
from typing import Any

import oracledb
import pytest

from oracleapi.adapters.oracle import database as module
from oracleapi.adapters.oracle.database import LOGIN_REST_S, LOGIN_TRIES, POOL_LOGINS, OracleDatabase, open_database
from oracleapi.api.oracledatabase import Connection
from oracleapi.errors import OperatorError, Retryable

CONNECTION = Connection(host="db", service_name="X", protocol="TCP")


class Session:
    """Answers no statement; a closed one is not asked."""

    def close(self) -> None:
        """Log off."""

    def cursor(self) -> Any:
        raise oracledb.DatabaseError(details("ORA-01403"))


class Server:
    """A database whose logins are refused with *code*, or taken where it is ``None``; counts them.

    Its pool sends a refused login twice, as the driver's does.
    """

    def __init__(self, code: str | None) -> None:
        self.code, self.logins = code, 0

    def connect(self, **_: Any) -> Session:
        self.logins += 1
        if self.code is not None:
            raise oracledb.DatabaseError(details(self.code))
        return Session()

    @contextlib.contextmanager
    def acquire(self) -> Iterator[Session]:
        if self.code is not None:
            self.logins += 1
        yield self.connect()

    def close(self, force: bool) -> None:
        assert force


def details(code: str) -> Any:
    return type("Details", (), {"full_code": code, "message": code, "isrecoverable": False})()


def served(monkeypatch: pytest.MonkeyPatch, code: str | None) -> tuple[Server, OracleDatabase]:
    server = Server(code)
    monkeypatch.setattr(module.oracledb, "connect", server.connect)
    monkeypatch.setattr(module.oracledb, "create_pool", lambda **_: server)
    return server, open_database(CONNECTION, {"username": "u", "password": "p"})


def ask(database: OracleDatabase, times: int = 1) -> str:
    """Ask for facts and return the last error's reason."""
    for _ in range(times):
        with pytest.raises(OperatorError) as caught:
            database.facts()
    return caught.value.reason


def test_after_two_refused_logins_no_third_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    server, database = served(monkeypatch, "ORA-01017")
    assert ask(database, 10) == "LoginDenied"
    assert server.logins == LOGIN_TRIES
    with pytest.raises(Retryable, match="accounts lock"):
        database.facts()


def test_it_is_tried_again_after_a_rest_once(monkeypatch: pytest.MonkeyPatch) -> None:
    server, database = served(monkeypatch, "ORA-28000")
    now = 1000.0
    monkeypatch.setattr(module.time, "monotonic", lambda: now)
    ask(database, 3)
    now += LOGIN_REST_S + 1
    ask(database, 3)
    assert server.logins == LOGIN_TRIES + 1


def test_a_password_that_was_right_before_is_refused_twice_at_once_and_then_rests(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server, database = served(monkeypatch, None)
    assert ask(database) == "OracleRefused"  # logged in
    server.code, before = "ORA-01017", server.logins
    assert ask(database, 10) == "LoginDenied"
    assert server.logins == before + POOL_LOGINS


def test_a_login_that_works_again_ends_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    server, database = served(monkeypatch, "ORA-28000")
    now = 1000.0
    monkeypatch.setattr(module.time, "monotonic", lambda: now)
    ask(database, 3)
    now += LOGIN_REST_S + 1
    server.code = None
    assert ask(database) == "OracleRefused"
    server.code = "ORA-01017"
    now += 1
    assert ask(database) == "LoginDenied"
    assert server.logins == LOGIN_TRIES + 2 + POOL_LOGINS


def test_a_database_that_answers_is_not_knocked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """One login more, at the first session only."""
    server, database = served(monkeypatch, None)
    ask(database, 4)
    assert server.logins == 1 + 4


def test_other_errors_are_no_refused_logins(monkeypatch: pytest.MonkeyPatch) -> None:
    server, database = served(monkeypatch, "DPY-6005")
    assert ask(database, 5) == "DatabaseUnreachable"
    assert server.logins == 5
