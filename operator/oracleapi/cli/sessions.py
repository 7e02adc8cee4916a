"""Sessions of the person at the keyboard in Oracle; the password comes from the environment or is asked for."""

import getpass
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import oracledb

from oracleapi.cli.errors import USAGE, CliError
from oracleapi.cli.output import plain

PASSWORD = "ORACLE_PASSWORD"  # noqa: S105 - the variable's name
CONNECT_S = 10


@contextmanager
def session(dsn: str | None, user: str | None) -> Iterator[oracledb.Connection]:
    """Open a session and close it; what is not committed is rolled back.

    Raises:
        CliError: It cannot be opened; says what to change.
    """
    if not dsn or not user:
        raise CliError("name the database with --dsn HOST:PORT/SERVICE and yourself with --user", USAGE)
    if "?" in dsn or "://" in dsn.removeprefix("tcps://").removeprefix("tcp://"):
        raise CliError("--dsn: write HOST:PORT/SERVICE, or tcps://HOST:PORT/SERVICE, and nothing behind it", USAGE)
    try:
        opened = oracledb.connect(user=user, password=password_of(user), dsn=dsn, tcp_connect_timeout=CONNECT_S)
    except oracledb.Error as error:
        raise CliError(_why(error, user, dsn)) from error
    with opened:
        yield opened


def password_of(user: str, variable: str = PASSWORD) -> str:
    """Return the password of *user*.

    Raises:
        CliError: It is in no variable, and there is nobody to ask.
    """
    found = os.environ.get(variable)
    if found:
        return found
    if not sys.stdin.isatty():
        raise CliError(f"no password for {user}: set {variable}, or run this where it can be asked for", USAGE)
    return getpass.getpass(f"Password of {user}: ")


def code_of(error: oracledb.Error) -> str:
    """Return a code such as ``ORA-00942``."""
    found = error.args[0] if error.args else None
    return getattr(found, "full_code", "") or type(error).__name__


def told(error: oracledb.Error) -> str:
    """Return the first line of what the database or the driver says."""
    found = error.args[0] if error.args else error
    return plain(str(getattr(found, "message", found)).splitlines()[0])


def _why(error: oracledb.Error, user: str, dsn: str) -> str:
    code = code_of(error)
    if code in ("ORA-01017", "ORA-01005"):
        return f"{code}: {user} cannot log in at {dsn} with this password; check --user and {PASSWORD}"
    if code.startswith("DPY-") or code in ("ORA-12514", "ORA-12541"):
        return f"no session at {dsn} ({told(error)}); check --dsn and the way there"
    return f"no session at {dsn} for {user} ({told(error)})"
