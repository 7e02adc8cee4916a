"""Accounts with their own passwords: each is sent once, in no statement, and no error shows one."""

import gc
import threading
import traceback
from collections.abc import Callable
from typing import Any

import oracledb
import pytest

from oracleapi.adapters.oracle import logins as module
from oracleapi.adapters.oracle.logins import OracleLogins, open_logins
from oracleapi.api.oracledatabase import Connection
from oracleapi.errors import OperatorError, Uncertain
from support.listeners import listening

# the driver leaves sockets to the garbage collector
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
CONNECTION = Connection(host="db", service_name="X", protocol="TCP")
OLD, NEW = "canary-Old.1", "canary-New.2"
BUSY, GONE = "ORA-02391", "DPY-4011"


def error(code: str) -> oracledb.DatabaseError:
    """Return an error that shows more than it should, as one of a verify function may."""
    details = type("Details", (), {"full_code": code, "message": f"{code}: {OLD} {NEW}", "isrecoverable": False})
    return oracledb.DatabaseError(details())


class Server:
    """A database that refuses log-ons, work and log-offs with the given codes; tells what it was sent.

    Args:
        login: Codes of the log-ons in turn; what comes after them is taken.
        work: Of statements and of a change.
        closing: Of log-offs.
    """

    def __init__(self, *login: str, work: str = "", closing: str = "") -> None:
        self.login, self.work, self.closing = [*login], work, closing
        self.logins: list[dict[str, Any]] = []
        self.statements: list[str] = []
        self.changes: list[tuple[str, str]] = []
        self.open, self.call_timeout = 0, 0

    def connect(self, params: Any, **given: Any) -> "Server":
        self.logins.append(given)
        if self.login and (code := self.login.pop(0)):
            raise error(code)
        self.open += 1
        return self

    def cursor(self) -> "Server":
        return self

    def execute(self, statement: str) -> "Server":
        self.statements.append(statement)
        return self._done()

    def changepassword(self, old: str, new: str) -> None:
        self.changes.append((old, new))
        self._done()

    def fetchone(self) -> tuple[int]:
        return (1,)

    def close(self) -> None:
        self.open -= 1
        if self.closing:
            raise error(self.closing)

    def _done(self) -> "Server":
        assert self.call_timeout == module.CALL_TIMEOUT_MS
        if self.work:
            raise error(self.work)
        return self


def served(monkeypatch: pytest.MonkeyPatch, server: Server) -> OracleLogins:
    monkeypatch.setattr(module.oracledb, "connect", server.connect)
    return open_logins(CONNECTION)


Ask = Callable[[OracleLogins], object]
PROVE: Ask = lambda logins: logins.prove("HR_APP", OLD)  # noqa: E731
CHANGE: Ask = lambda logins: logins.change("HR_APP", OLD, NEW)  # noqa: E731
END: Ask = lambda logins: logins.end_rollover("HR_APP", NEW)  # noqa: E731


@pytest.mark.parametrize(
    ("ask", "server", "answer"),
    [
        (PROVE, Server(), "Works"),
        (PROVE, Server(closing=GONE), "Works"),
        (PROVE, Server("ORA-01017"), "Denied"),
        (PROVE, Server("ORA-28001"), "Expired"),
        (CHANGE, Server(), "Changed"),
        (CHANGE, Server(closing=GONE), "Changed"),
        (CHANGE, Server("ORA-01017"), "Denied"),
        (CHANGE, Server(work="ORA-28008"), "Denied"),
        (CHANGE, Server(work="ORA-28003"), "Unsuitable"),
        (CHANGE, Server(work="ORA-28007"), "Unsuitable"),
        (CHANGE, Server(work="ORA-28219"), "Unsuitable"),
        (CHANGE, Server(work="ORA-00972"), "Unsuitable"),
        (CHANGE, Server("ORA-28001"), "Changed"),
        (CHANGE, Server("ORA-28001", "ORA-28003"), "Unsuitable"),
        (CHANGE, Server("ORA-28001", "ORA-01017"), "Denied"),
        (END, Server(), True),
        (END, Server(work="ORA-28225"), True),
        (END, Server(work="ORA-01031"), False),
    ],
)
def test_what_the_database_says_becomes_an_answer(
    monkeypatch: pytest.MonkeyPatch, ask: Ask, server: Server, answer: object
) -> None:
    assert ask(served(monkeypatch, server)) == answer
    assert server.open == 0


@pytest.mark.parametrize("ask", [PROVE, CHANGE, END])
@pytest.mark.parametrize(
    ("code", "reason", "words"),
    [
        ("ORA-28000", "AccountLocked", "ALTER USER HR_APP ACCOUNT UNLOCK"),
        ("ORA-01045", "PrivilegesMissing", "GRANT CREATE SESSION TO HR_APP"),
        ("ORA-12514", "DatabaseUnreachable", "spec.connection.serviceName"),
        (BUSY, "OracleBusy", "SESSIONS_PER_USER"),
    ],
)
def test_what_is_no_answer_is_told_without_what_the_driver_said(
    monkeypatch: pytest.MonkeyPatch, ask: Ask, code: str, reason: str, words: str
) -> None:
    server = Server(code)
    with pytest.raises(OperatorError) as caught:
        ask(served(monkeypatch, server))
    assert (caught.value.reason, words in caught.value.message) == (reason, True)
    assert caught.value.message.startswith(("proving the", "changing the", "ending the"))
    assert "canary" not in "".join(traceback.format_exception(caught.value))
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    assert len(server.logins) == 1


@pytest.mark.parametrize(
    ("server", "uncertain"),
    [
        (Server(GONE), True),
        (Server("DPY-4024"), True),
        (Server("ORA-03113"), True),
        (Server("ORA-12514"), False),
        (Server("DPY-6005"), False),
        (Server(work=GONE), False),  # the password was taken
    ],
)
def test_a_log_on_whose_answer_was_lost_is_told_from_one_that_was_not_made(
    monkeypatch: pytest.MonkeyPatch, server: Server, uncertain: bool
) -> None:
    with pytest.raises(OperatorError) as caught:
        PROVE(served(monkeypatch, server))
    assert caught.value.reason == "DatabaseUnreachable"
    assert isinstance(caught.value, Uncertain) is uncertain


def test_a_session_that_breaks_is_told_alike_and_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(work=GONE)
    for ask in (PROVE, CHANGE, END):
        with pytest.raises(OperatorError) as caught:
            ask(served(monkeypatch, server))
        assert caught.value.reason == "DatabaseUnreachable"
        assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    assert server.open == 0


def test_a_new_password_that_does_not_log_in_ends_no_rollover(monkeypatch: pytest.MonkeyPatch) -> None:
    for code in ("ORA-01017", "ORA-28001"):
        server = Server(code)
        with pytest.raises(OperatorError, match="its new password does not log in") as caught:
            END(served(monkeypatch, server))
        assert (caught.value.reason, server.statements) == ("LoginDenied", [])


def test_each_log_on_is_sent_once_and_no_statement_holds_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    """Accounts lock: a wrong password that is sent twice counts twice."""
    server = Server()
    logins = served(monkeypatch, server)
    for ask in (PROVE, CHANGE, END):
        ask(logins)
    assert server.logins == [{"user": "HR_APP", "password": each} for each in (OLD, OLD, NEW)]
    assert server.statements == ["select 1 from dual", 'alter user "HR_APP" expire password rollover period']
    assert server.changes == [(OLD, NEW)]


def test_an_expired_password_is_changed_by_the_log_on_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server("ORA-28001")
    assert CHANGE(served(monkeypatch, server)) == "Changed"
    user = {"user": "HR_APP", "password": OLD}
    assert (server.logins, server.changes) == ([user, {**user, "newpassword": NEW}], [])


def test_a_listener_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ANSWER_LIMIT_S", 0.1)
    with listening(silent=True) as silent:
        place = {"host": "localhost", "port": silent.port, "serviceName": "X", "protocol": "TCP"}
        logins = open_logins(Connection.model_validate({**place, "tcpConnectTimeoutSeconds": 1}))
        with pytest.raises(OperatorError, match="no answer in time") as caught:
            PROVE(logins)
    assert caught.value.reason == "DatabaseUnreachable"
    for thread in threading.enumerate():
        if thread.name == "knock":  # it ends with its socket
            thread.join()
    gc.collect()  # and that in this test
