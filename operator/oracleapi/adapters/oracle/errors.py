"""Oracle and driver errors translated once, by ``full_code``; texts differ between releases and are never matched.

A lost connection is a DatabaseError in this driver, so classes tell nothing. Sources: python-oracledb ``errors.py``;
Oracle Database Error Messages. Rows: docs/reasons.md.
"""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import oracledb

from oracleapi.api import reasons
from oracleapi.errors import OperatorError, Retryable, Terminal

UNREACHABLE = frozenset(
    {
        "DPY-6000", "DPY-6001", "DPY-6003", "DPY-6005", "DPY-4011", "DPY-4024", "DPY-4005", "DPY-4033",
        "DPY-1001", "ORA-01033", "ORA-01034", "ORA-01089", "ORA-01109", "ORA-03113", "ORA-03114", "ORA-03135",
        "ORA-12170", "ORA-12505", "ORA-12514", "ORA-12516", "ORA-12520", "ORA-12528", "ORA-12537", "ORA-12541",
        "ORA-12545", "ORA-12547", "ORA-12571",
    }
)  # fmt: skip
LOGIN = frozenset({"ORA-01005", "ORA-01017", "ORA-28000", "ORA-28001", "ORA-01045", "DPY-4001"})
BUSY = frozenset({"ORA-00054", "ORA-00060", "ORA-01940", "ORA-04020", "ORA-04021", "ORA-04068", "ORA-30006"})
TAKEN = frozenset({"ORA-01920", "ORA-01921"})
RIGHTS = frozenset({"ORA-00942", "ORA-01031", "ORA-06550", "ORA-06598"})
OTHER_NAME = frozenset({"DPY-6002", "DPY-6006"})
"""The listener's certificate names another distinguished name or host."""
LOGIN_RETRY_S = 120.0
"""Accounts lock after some failed logins (10 by default): a wrong password is not tried often."""


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Turn what the driver raises while *doing* something into our errors."""
    try:
        yield
    except oracledb.Error as error:
        raise translate(doing, error) from error


def full_code(error: oracledb.Error) -> str:
    """Return ``ORA-01017`` or ``DPY-4011``, or an empty string."""
    details = error.args[0] if error.args else None
    return str(getattr(details, "full_code", "") or "")


def _is_not_trusted(error: BaseException | None) -> bool:
    """Say whether a certificate is behind *error* that is not believed, or that names another."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        if isinstance(error, oracledb.Error) and full_code(error) in OTHER_NAME:
            return True
        error = error.__cause__ or error.__context__
    return False


def translate(doing: str, error: oracledb.Error) -> OperatorError:
    """Return our error for *error*; only an application error (ORA-20000 to 20999) is shown with its text."""
    code = full_code(error)
    details = error.args[0] if error.args else None
    if _is_not_trusted(error):
        return Retryable(
            reasons.DATABASE_UNREACHABLE,
            f"{doing}: the listener's certificate is not believed, or names another host ({code}); check"
            " connection.walletSecretRef, connection.serverDn and connection.host",
        )
    if code in UNREACHABLE or getattr(details, "isrecoverable", False):
        return Retryable(reasons.DATABASE_UNREACHABLE, f"{doing}: the database does not answer ({code})")
    if code in LOGIN:
        return Retryable(
            reasons.LOGIN_DENIED,
            f"{doing}: {code}; check username and password in the Secret, and that the account is open",
            LOGIN_RETRY_S,
        )
    if code in BUSY:
        return Retryable(reasons.ORACLE_BUSY, f"{doing}: {code}, somebody holds a lock; trying again")
    if code in RIGHTS:
        return Terminal(
            reasons.PRIVILEGES_MISSING, f"{doing}: {code}; the operator's account lacks a right, see docs/database.md"
        )
    if code in TAKEN:
        return Terminal(reasons.CONFLICT, f"{doing}: {code}; a user or role of this name is there already")
    first = str(getattr(details, "message", "") or "").splitlines()[0:1]
    text = first[0] if first and "ORA-20" in first[0] else code
    return Terminal(reasons.ORACLE_REFUSED, f"{doing}: {text}")
