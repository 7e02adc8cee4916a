"""The session's date formats: what implicit conversions between text and dates use.

They are asked of the engine at the first such conversion of a block, since ALTER SESSION sets them there.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from oracleapi_sandbox.oracle.plsql.errors import PlsqlError
from oracleapi_sandbox.oracle.plsql.formats import DATE_MODEL, TIMESTAMP_MODEL, TIMESTAMP_TZ_MODEL
from oracleapi_sandbox.oracle.ports import SqlRunner

_QUERY = "select parameter, value from nls_session_parameters where parameter like 'NLS%FORMAT'"


@dataclass(frozen=True)
class Models:
    """Format models by type; the defaults are those of territory AMERICA [D]."""

    date: str = DATE_MODEL
    timestamp: str = TIMESTAMP_MODEL
    timestamp_tz: str = TIMESTAMP_TZ_MODEL


class _Session:
    """The formats of one session, read when they are needed."""

    def __init__(self, runner: SqlRunner) -> None:
        self._runner = runner
        self.known: Models | None = None

    def models(self) -> Models:
        if self.known is None:
            found = {str(row[0]): str(row[1]) for row in self._runner.run(_QUERY, {}).rows}
            self.known = Models(
                found.get("NLS_DATE_FORMAT", DATE_MODEL),
                found.get("NLS_TIMESTAMP_FORMAT", TIMESTAMP_MODEL),
                found.get("NLS_TIMESTAMP_TZ_FORMAT", TIMESTAMP_TZ_MODEL),
            )
        return self.known


_current: ContextVar[_Session | None] = ContextVar("session_formats", default=None)


@contextmanager
def formats_of(runner: SqlRunner) -> Iterator[None]:
    """Use the formats of *runner*'s session inside."""
    token = _current.set(_Session(runner))
    try:
        yield
    finally:
        _current.reset(token)


def forget() -> None:
    """A dynamic statement ran: it may have been ALTER SESSION."""
    session = _current.get()
    if session is not None:
        session.known = None


def models() -> Models:
    session = _current.get()
    return session.models() if session is not None else Models()


_DEFAULTS = re.compile(r"(NLS_(DATE_)?LANGUAGE='?(AMERICAN|ENGLISH)'?|NLS_NUMERIC_CHARACTERS='?\.,'?)+")


def check_parameter(text: str | None) -> None:
    """The NLS argument of a conversion function: only what is in force anyway is accepted.

    Raises:
        PlsqlError: 3001 for another language or other numeric characters.
    """
    if text and not _DEFAULTS.fullmatch("".join(text.upper().split())):
        raise PlsqlError(3001, f"unimplemented feature: NLS parameter {text}")
