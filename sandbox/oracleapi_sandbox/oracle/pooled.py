"""The database as the ORDS pool reaches it: with the faults that a test orders, and sessions that can be killed."""

import threading
from collections.abc import Callable, Mapping
from typing import TypeVar

from oracleapi_sandbox.oracle.faults import POOL, Faults
from oracleapi_sandbox.oracle.ports import Account, Bind, Column, Database, OracleError, Result, Session

T = TypeVar("T")


class PooledSession:
    """Implements ``ports.Session`` over *inner*; a session that was cut or killed answers nothing any more."""

    def __init__(self, inner: Session, faults: Faults, forget: Callable[["PooledSession"], None]) -> None:
        self._inner, self._faults, self._forget = inner, faults, forget
        self._cancelled = threading.Event()
        self._ended: OracleError | None = None
        self.user, self.proxy_user = inner.user, inner.proxy_user
        self.session_id, self.serial = inner.session_id, inner.serial

    @property
    def client_identifier(self) -> str | None:
        return self._inner.client_identifier

    @client_identifier.setter
    def client_identifier(self, value: str | None) -> None:
        self._inner.client_identifier = value

    @property
    def module(self) -> str | None:
        return self._inner.module

    @module.setter
    def module(self, value: str | None) -> None:
        self._inner.module = value

    @property
    def action(self) -> str | None:
        return self._inner.action

    @action.setter
    def action(self, value: str | None) -> None:
        self._inner.action = value

    @property
    def current_schema(self) -> str:
        return self._inner.current_schema

    @property
    def in_transaction(self) -> bool:
        return self._inner.in_transaction

    def execute(self, sql: str, binds: Mapping[str, Bind] | None = None) -> Result:
        return self._call(sql, lambda: self._inner.execute(sql, binds))

    def parse(self, sql: str) -> tuple[Column, ...] | None:
        return self._call(sql, lambda: self._inner.parse(sql))

    def commit(self) -> None:
        self._call("COMMIT", self._inner.commit)

    def rollback(self) -> None:
        self._call("ROLLBACK", self._inner.rollback)

    def cancel(self) -> None:
        self._cancelled.set()
        self._inner.cancel()

    def close(self) -> None:
        self._forget(self)
        self._inner.close()

    def kill(self) -> None:
        """End the session from any thread; who uses it gets ORA-00028 [D], and its work is rolled back."""
        self._ended = self._ended or OracleError(28, "your session has been killed")
        self.cancel()

    def _call(self, statement: str, run: Callable[[], T]) -> T:
        self._cancelled.clear()
        self._check()
        fault = self._faults.take(statement, POOL)
        try:
            if fault is None:
                return run()
            if fault.delay_seconds and self._cancelled.wait(fault.delay_seconds):
                raise OracleError(1013, "user requested cancel of current operation")
            if fault.cut == "before":
                raise self._cut()
            if fault.code is not None:
                raise OracleError(fault.code, fault.message)
            answer = run()
            if fault.cut == "after":
                raise self._cut()
            return answer
        except OracleError:
            self._check()
            raise

    def _cut(self) -> OracleError:
        """Lose the connection: the server ends the session, which rolls back what was not committed."""
        self._ended = OracleError(3113, "end-of-file on communication channel")
        return self._ended

    def _check(self) -> None:
        if self._ended is not None:
            raise OracleError(self._ended.code, self._ended.message)


class PooledDatabase:
    """Implements ``ports.Database`` over *inner* for the pool of ORDS."""

    def __init__(self, inner: Database, faults: Faults) -> None:
        self._inner, self._faults = inner, faults
        self._open: set[PooledSession] = set()
        self._lock = threading.Lock()
        self.name, self.version, self.service_names = inner.name, inner.version, inner.service_names

    def account(self, username: str) -> Account | None:
        return self._inner.account(username)

    def login_failed(self, username: str) -> None:
        self._inner.login_failed(username)

    def login_succeeded(self, username: str) -> None:
        self._inner.login_succeeded(username)

    def change_password(self, username: str, new_password: str, *, old_password: str | None = None) -> None:
        self._inner.change_password(username, new_password, old_password=old_password)

    def on_commit(self, listener: Callable[[], None]) -> None:
        self._inner.on_commit(listener)

    def open_session(self, user: str, *, proxy_user: str | None = None, old_password: bool = False) -> Session:
        inner = self._inner.open_session(user, proxy_user=proxy_user, old_password=old_password)
        session = PooledSession(inner, self._faults, self._forget)
        with self._lock:
            self._open.add(session)
        return session

    def kill_sessions(self, user: str | None = None) -> int:
        """Kill the pool's sessions of the schema *user*, or all; returns how many."""
        with self._lock:
            chosen = [session for session in self._open if user is None or session.user == user]
        for session in chosen:
            session.kill()
        return len(chosen)

    def _forget(self, session: PooledSession) -> None:
        with self._lock:
            self._open.discard(session)
