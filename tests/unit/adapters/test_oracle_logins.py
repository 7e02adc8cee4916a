"""Logins: accounts lock after some failures, so a refused password is not tried again and again."""

import contextlib
from collections.abc import Iterator
from typing import Any

import oracledb
import pytest

from oracleapi.adapters.oracle import database as module
from oracleapi.adapters.oracle.database import LOGIN_REST_S, LOGIN_TRIES, open_database
from oracleapi.api.oracledatabase import Connection
from oracleapi.errors import OperatorError, Retryable

CONNECTION = Connection(host="db", service_name="X", protocol="TCP")


class Refusing:
    """A pool whose logins are refused with *code*; counts them."""

    def __init__(self, code: str) -> None:
        self.code, self.logins = code, 0

    @contextlib.contextmanager
    def acquire(self) -> Iterator[Any]:
        self.logins += 1
        details = type("Details", (), {"full_code": self.code, "message": self.code, "isrecoverable": False})()
        raise oracledb.DatabaseError(details)
        yield

    def close(self, force: bool) -> None:
        assert force


def refused(monkeypatch: pytest.MonkeyPatch, code: str) -> tuple[Refusing, Any]:
    pool = Refusing(code)
    monkeypatch.setattr(module.oracledb, "create_pool", lambda **_: pool)
    return pool, open_database(CONNECTION, {"username": "u", "password": "p"})


def test_after_two_refused_logins_no_third_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    pool, database = refused(monkeypatch, "ORA-01017")
    for _ in range(10):
        with pytest.raises(Retryable) as caught:
            database.facts()
        assert caught.value.reason == "LoginDenied"
    assert pool.logins == LOGIN_TRIES
    assert "accounts lock" in caught.value.message


def test_it_is_tried_again_after_a_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    pool, database = refused(monkeypatch, "ORA-28000")
    now = 1000.0
    monkeypatch.setattr(module.time, "monotonic", lambda: now)
    for _ in range(3):
        with contextlib.suppress(OperatorError):
            database.facts()
    now += LOGIN_REST_S + 1
    with contextlib.suppress(OperatorError):
        database.facts()
    assert pool.logins == LOGIN_TRIES + 1


def test_other_errors_are_no_refused_logins(monkeypatch: pytest.MonkeyPatch) -> None:
    pool, database = refused(monkeypatch, "DPY-6005")
    for _ in range(5):
        with contextlib.suppress(OperatorError):
            database.facts()
    assert pool.logins == 5
