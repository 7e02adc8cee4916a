"""Accounts of a database used with their own passwords: proven, changed, and the old one ended; outside of any pool.

A password travels as the driver encrypts it, in no statement. What the driver raised is dropped once it is read: a
verify function may put anything into its error. Source: python-oracledb, "Changing Passwords"; Database Security Guide
19c, "Ending the Password Rollover Period" (the account itself may do it).
"""

import contextlib
import ssl
from collections.abc import Callable

import oracledb

from oracleapi.adapters.oracle.errors import full_code, translate
from oracleapi.adapters.oracle.knock import reach
from oracleapi.adapters.oracle.roles import quoted
from oracleapi.adapters.oracle.trust import address
from oracleapi.adapters.oracle.verdicts import LOGIN_RETRY_S, NO_ROLLOVER, PASSWORDS
from oracleapi.api import reasons
from oracleapi.api.oracledatabase import Connection
from oracleapi.errors import OperatorError, Retryable, Terminal, Uncertain
from oracleapi.ports import Change, Proof

CALL_TIMEOUT_MS = 30_000
ANSWER_LIMIT_S = 10.0
EXPIRED, NO_RIGHT = "ORA-28001", "ORA-01031"
WRONG = frozenset({"ORA-01017", "ORA-28008", "ORA-01005", "DPY-4001"})
"""Not the account's password, at log-on and when it is changed; none at all."""
LOST = frozenset({"ORA-03113", "ORA-03135", "ORA-12537", "ORA-12547", "ORA-12571", "DPY-4011", "DPY-4024"})
"""The password may have been looked at: nobody knows what became of it."""
ANSWERS = PASSWORDS | WRONG | {EXPIRED}
"""What a method returns instead of raising it."""


class OracleLogins:
    """Fulfils :class:`oracleapi.ports.Logins`."""

    def __init__(self, connection: Connection, context: ssl.SSLContext | None = None) -> None:
        oracledb.enable_thin_mode()  # type: ignore[no-untyped-call]
        self._parameters = oracledb.ConnectParams(**address(connection, context), stmtcachesize=0)
        self._answer_limit_s = connection.tcp_connect_timeout_seconds + ANSWER_LIMIT_S

    def prove(self, username: str, password: str) -> Proof:
        doing = f"proving the password of account {username}"
        session = self._open(doing, username, password)
        if isinstance(session, str):
            return "Expired" if session == EXPIRED else "Denied"
        self._use(doing, username, session, lambda: session.cursor().execute("select 1 from dual").fetchone())
        return "Works"

    def change(self, username: str, old: str, new: str) -> Change:
        """Change the password as its account; an expired one is changed by a second log-on, which does it."""
        doing = f"changing the password of account {username}"
        session = self._open(doing, username, old)
        if session == EXPIRED:
            session = self._open(doing, username, old, new)
            if not isinstance(session, str):
                self._use(doing, username, session)
                return "Changed"
        if isinstance(session, str):
            return _change(session)
        opened = session
        return _change(self._use(doing, username, opened, lambda: opened.changepassword(old, new), *ANSWERS))

    def end_rollover(self, username: str, password: str) -> bool:
        """Let the old password end now; ``False``: the account may not.

        Raises:
            Retryable: ``LoginDenied``, *password* is not its password, or has expired.
        """
        doing = f"ending the rollover period of account {username}"
        session = self._open(doing, username, password)
        if isinstance(session, str):
            raise Retryable(
                reasons.LOGIN_DENIED, f"{doing}: its new password does not log in ({session})", LOGIN_RETRY_S
            )
        ending = f"alter user {quoted(username)} expire password rollover period"
        answers = (NO_RIGHT, NO_ROLLOVER)
        return self._use(doing, username, session, lambda: session.cursor().execute(ending), *answers) != NO_RIGHT

    def _open(self, doing: str, username: str, password: str, new: str | None = None) -> oracledb.Connection | str:
        """Log in, with *new* also changing the password; returns one of ``ANSWERS`` where that is what hinders."""
        try:
            return reach(lambda: self._connect(username, password, new), self._answer_limit_s)
        except (oracledb.Error, OSError) as error:
            code, fault = full_code(error), _unopened(doing, username, error)
        if code in ANSWERS:
            return code
        raise fault  # here, where nothing of the driver's hangs on it

    def _connect(self, username: str, password: str, new: str | None) -> oracledb.Connection:
        more = {} if new is None else {"newpassword": new}
        session = oracledb.connect(user=username, password=password, params=self._parameters, **more)
        session.call_timeout = CALL_TIMEOUT_MS  # once: on a dead session it kills the interpreter [M: 26.1]
        return session

    def _use(
        self,
        doing: str,
        username: str,
        session: oracledb.Connection,
        work: Callable[[], object] = lambda: None,
        *answers: str,
    ) -> str:
        """Do *work* and log off; returns an empty string, or the code of its fault where that is one of *answers*."""
        try:
            work()
        except oracledb.Error as error:
            code, fault = full_code(error), _translated(doing, username, error)
        else:
            return ""
        finally:
            with contextlib.suppress(oracledb.Error):
                session.close()
        if code in answers:
            return code
        raise fault


def _change(code: str) -> Change:
    if not code:
        return "Changed"
    return "Unsuitable" if code in PASSWORDS else "Denied"


def _translated(doing: str, username: str, error: oracledb.Error | OSError) -> OperatorError:
    match full_code(error):
        case "ORA-28000" as code:
            return Terminal(
                reasons.ACCOUNT_LOCKED,
                f"{doing}: it is locked; find out who logs in with an old password, then a DBA runs: ALTER USER"
                f" {username} ACCOUNT UNLOCK ({code})",
            )
        case "ORA-01045" as code:
            return Terminal(
                reasons.PRIVILEGES_MISSING,
                f"{doing}: it may not log in; a DBA runs: GRANT CREATE SESSION TO {username} ({code})",
            )
    return translate(doing, error, secret=True)


def _unopened(doing: str, username: str, error: oracledb.Error | OSError) -> OperatorError:
    """Return our error for a log-on, ``Uncertain`` where nobody knows whether the password was refused."""
    fault = _translated(doing, username, error)
    if isinstance(fault, Retryable) and (isinstance(error, TimeoutError) or full_code(error) in LOST):
        return Uncertain(fault.reason, fault.message, fault.retry_after_s)
    return fault


def open_logins(connection: Connection, context: ssl.SSLContext | None = None) -> OracleLogins:
    """Return the accounts of the database at *connection*; *context* is for TCPS."""
    return OracleLogins(connection, context)
