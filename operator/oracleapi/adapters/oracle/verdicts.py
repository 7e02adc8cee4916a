"""What each code of Oracle and of its driver means for a pass: who must act, and on which field. A table, no logic.

Codes are all that is looked at: texts differ between releases. Sources: Oracle Database Error Messages; python-oracledb
``errors.py``. Codes that are not here are refusals, shown with the address of Oracle's page about them.
"""

from typing import NamedTuple

from oracleapi.api import reasons
from oracleapi.errors import OperatorError, Retryable, Terminal

CONNECTION = "OracleDatabase.spec.connection"
LOGIN_RETRY_S = 120.0
"""Accounts lock after some failed logins (10 by default): a wrong password is not tried often."""


class Verdict(NamedTuple):
    """A kind of error with its reason and words; without ``retry_after_s`` a retry backs off."""

    kind: type[Terminal] | type[Retryable]
    reason: str
    says: str
    retry_after_s: float | None = None

    def error(self, doing: str, code: str) -> OperatorError:
        message = f"{doing}: {self.says} ({code})" if code else f"{doing}: {self.says}"
        if issubclass(self.kind, Retryable):
            return self.kind(self.reason, message, self.retry_after_s)
        return self.kind(self.reason, message)


def _away(says: str) -> Verdict:
    return Verdict(Retryable, reasons.DATABASE_UNREACHABLE, says)


def _login(says: str) -> Verdict:
    return Verdict(Retryable, reasons.LOGIN_DENIED, says, LOGIN_RETRY_S)


def _right(says: str) -> Verdict:
    return Verdict(Terminal, reasons.PRIVILEGES_MISSING, f"{says}, see docs/database.md")


def _password(says: str) -> Verdict:
    return Verdict(Terminal, reasons.PASSWORD_REFUSED, says)


def _refused(says: str) -> Verdict:
    return Verdict(Terminal, reasons.ORACLE_REFUSED, says)


AWAY = _away("the database does not answer")
BUSY = Verdict(Retryable, reasons.ORACLE_BUSY, "somebody holds a lock; trying again")
RACE = Verdict(Retryable, reasons.CONFLICT, "somebody else made the same at the same time; looking again")
TAKEN = Verdict(Terminal, reasons.CONFLICT, "a user or role of this name is there already; choose another name")
PASSWORD_SHAPE = _password("the database does not take a password of this shape; change spec.password.length")
FAULT = Verdict(Retryable, reasons.INTERNAL_ERROR, "a fault of the operator; please report it")

_TABLE: tuple[tuple[Verdict, str], ...] = (
    (AWAY, "ORA-03113 ORA-03114 ORA-03135 ORA-12537 ORA-12547 ORA-12571 DPY-1001 DPY-4011 DPY-6005"),
    (_away("the database is not open; open it, or wait"), "ORA-01033 ORA-01034 ORA-01089 ORA-01090 ORA-01109"),
    (_away("the session was ended for being idle; connecting again"), "DPY-4033"),
    (_away("a call took longer than 30 s"), "DPY-4024"),
    (_away("no session was to be had in time"), "DPY-4005"),
    (
        _away(f"the listener does not know the service; correct {CONNECTION}.serviceName, or open the database"),
        "DPY-6001 DPY-6003 ORA-12505 ORA-12514",
    ),
    (
        _away("the listener has no server process to give; the instance starts, is restricted, or is full"),
        "ORA-12516 ORA-12520 ORA-12528",
    ),
    (
        _away(f"the listener refused; check {CONNECTION} and who the listener lets in"),
        "DPY-6000",
    ),
    (_away(f"nobody listens at {CONNECTION}.host and port; correct them, or start the listener"), "ORA-12541"),
    (_away(f"{CONNECTION}.host has no address; correct it, or the cluster's DNS"), "ORA-12545"),
    (
        _away(f"no answer in time; check {CONNECTION}.host, port and protocol, and network policies"),
        "ORA-12170",
    ),
    (_login("login refused; check username and password in the Secret, and that the account is open"), "ORA-01017"),
    (_login("username or password is empty; set both in the Secret"), "ORA-01005 DPY-4001"),
    (_login("the account is locked; a DBA unlocks it: ALTER USER … ACCOUNT UNLOCK"), "ORA-28000"),
    (_login("the password has expired; a DBA sets a new one, which the Secret gets too"), "ORA-28001"),
    (_login("the account may not log in; a DBA runs: GRANT CREATE SESSION TO …"), "ORA-01045"),
    (
        _login("the account has only a password verifier of 10g; a DBA sets the password again, with a newer one"),
        "DPY-3015",
    ),
    (BUSY, "ORA-00054 ORA-00060 ORA-01940 ORA-04020 ORA-04021 ORA-04068 ORA-30006"),
    (
        BUSY._replace(says="the account has as many sessions as its profile allows (SESSIONS_PER_USER); trying again"),
        "ORA-02391",
    ),
    (RACE, "ORA-00001"),
    (TAKEN, "ORA-01920 ORA-01921"),
    (_right("the operator's account lacks a right"), "ORA-00942 ORA-01031 ORA-06550"),
    (_right("ORDS may not act for the operator's account; grant it INHERIT PRIVILEGES"), "ORA-06598"),
    (
        _password(
            "the account's profile refuses the new password; raise spec.password.length, or have the profile's"
            " PASSWORD_VERIFY_FUNCTION take what has letters, digits and _ - . only"
        ),
        "ORA-28003 ORA-28219",
    ),
    (
        _password(
            "the account had the new password before, and its profile forbids to use it again; a rotation that begins"
            " anew takes another one"
        ),
        "ORA-28007",
    ),
    (PASSWORD_SHAPE, "ORA-00988"),
    (
        _refused("the database asks for what this driver cannot do, such as native encryption; use TCPS instead"),
        "DPY-3001",
    ),
    (_refused("the database is too old; 19c or newer is needed"), "DPY-3010"),
    (
        _refused(f"{CONNECTION}.serviceName leads to the root container; name a service of a pluggable database"),
        "ORA-65024 ORA-65049 ORA-65096",
    ),
    (FAULT, "DPY-4000 DPY-4008 DPY-4010 DPY-4027 ORA-12154"),
)  # fmt: skip
VERDICTS = {code: verdict for verdict, codes in _TABLE for code in codes.split()}
RIGHTS = frozenset(code for code, verdict in VERDICTS.items() if verdict.reason == reasons.PRIVILEGES_MISSING)
TOO_LONG = "ORA-00972"
"""Said of any name; of a password where that is all that can be too long."""
PASSWORDS = frozenset((TOO_LONG, *(code for code, said in VERDICTS.items() if said.reason == reasons.PASSWORD_REFUSED)))
"""What is said of a new password that another one may be spared."""
NO_ROLLOVER = "ORA-28225"
"""EXPIRE PASSWORD ROLLOVER PERIOD is not for this account now; that it is said outside a rollover is unconfirmed."""


def refusal(code: str) -> Verdict:
    """Return what is said of a code that the table does not know."""
    if not code.startswith("ORA-"):
        return _refused("the driver refused")
    page = f"https://docs.oracle.com/error-help/db/{code.lower()}/"
    return _refused(f"the database refused; {page} tells what the code means")
