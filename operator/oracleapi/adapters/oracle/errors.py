"""Oracle and driver errors translated once, by ``full_code`` and by what caused them; texts are never matched.

A lost connection is a DatabaseError in this driver, so classes tell nothing. The codes: :mod:`.verdicts`; what hinders
a connection: :mod:`.unreachable`. Rows: docs/reasons.md.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import oracledb

from oracleapi.adapters.oracle.unreachable import CANNOT_CONNECT, Cause, explain
from oracleapi.adapters.oracle.verdicts import AWAY, VERDICTS, refusal
from oracleapi.api import reasons
from oracleapi.errors import OperatorError, Terminal

REFUSED_BY_LISTENER = "DPY-6000"
_ORACLE_CODE = re.compile(r"ORA-\d{5}")
_APPLICATION = re.compile(r"ORA-20\d{3}")


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Turn what the driver raises while *doing* something into our errors; a host without address is an OSError."""
    try:
        yield
    except (oracledb.Error, OSError) as error:
        raise translate(doing, error) from error


def full_code(error: BaseException) -> str:
    """Return ``ORA-01017`` or ``DPY-4011``, or an empty string."""
    return str(getattr(_details(error), "full_code", "") or "")


def translate(doing: str, error: oracledb.Error | OSError, secret: bool = False) -> OperatorError:
    """Return our error for *error*; only an application error (ORA-20000 to 20999) is shown with its text.

    Args:
        secret: A password was sent: triggers and verify functions may tell it, so no text is shown.
    """
    causes = _causes(error)
    code = causes[0].code
    if code == CANNOT_CONNECT or not isinstance(error, oracledb.Error):
        return _unreachable(doing, causes)
    if code in VERDICTS:
        return VERDICTS[code].error(doing, code)
    if getattr(_details(error), "isrecoverable", False):
        return AWAY.error(doing, code)
    if _APPLICATION.fullmatch(code) and not secret:
        first = str(_details(error).message).splitlines()[0]  # type: ignore[attr-defined]
        return Terminal(reasons.ORACLE_REFUSED, f"{doing}: {first}")
    return refusal(code).error(doing, code)


def _unreachable(doing: str, causes: list[Cause]) -> OperatorError:
    """Return our error where no connection came about: what the causes tell, or the row of the innermost code."""
    codes = [cause.code for cause in causes if cause.code]
    inner = codes[-1] if codes else ""
    said = explain(causes)
    if said is not None:
        return AWAY._replace(says=said).error(doing, inner)
    if inner == REFUSED_BY_LISTENER:
        listed = _ORACLE_CODE.search(str(_details(causes[-1].error)))
        row = VERDICTS.get(listed.group()) if listed else None
        return (row or VERDICTS[inner]).error(doing, f"{inner}, {listed.group()}" if listed else inner)
    return VERDICTS.get(inner, AWAY).error(doing, inner)


def _causes(error: BaseException) -> list[Cause]:
    """Return *error* and what is behind it, the outermost first."""
    found: list[Cause] = []
    at: BaseException | None = error
    while at is not None and all(at is not known.error for known in found):
        found.append(Cause(at, full_code(at)))
        at = at.__cause__ or (None if at.__suppress_context__ else at.__context__)
    return found


def _details(error: BaseException) -> object:
    return error.args[0] if error.args else None
