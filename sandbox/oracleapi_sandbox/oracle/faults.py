"""Faults that a test orders: errors, delays and cut connections, by statement."""

import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

CUTS = ("before", "after")
LISTENER, POOL, BOTH = "listener", "pool", "both"
PLACES = (LISTENER, POOL, BOTH)


class FaultError(ValueError):
    """A fault that cannot be made; the text says why."""


@dataclass(frozen=True)
class Fault:
    """What happens to calls whose statement matches.

    Args:
        where: Whose calls: those of the ``listener``'s clients, those of the ORDS ``pool``, or of ``both``.
        statement: Regular expression that is searched in the statement, in any case; commits and rollbacks by call
            match as ``COMMIT`` and ``ROLLBACK``.
        times: How many calls it hits; ``None`` for all.
        code: ORA- error that is raised instead of running the statement.
        message: Text of that error.
        cut: Cut the connection ``before`` the statement ran, or ``after`` it did; the session ends with it.
        delay_seconds: Wait first; a cancel or timeout of the client ends the wait with ORA-01013.
    """

    statement: str
    times: int | None = None
    code: int | None = None
    message: str = "error ordered by a test"
    cut: str | None = None
    delay_seconds: float = 0
    where: str = LISTENER

    def matches(self, statement: str, where: str) -> bool:
        if self.where not in (where, BOTH):
            return False
        return re.search(self.statement, statement, re.IGNORECASE | re.DOTALL) is not None


class Faults:
    """The faults in force; the first that matches is used up first."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def replace(self, entries: Sequence[Mapping[str, Any]]) -> None:
        """Put *entries*, members as in :class:`Fault`, in place of all faults. Raises :class:`FaultError`."""
        faults = [_fault(entry) for entry in entries]
        with self._lock:
            self._faults = faults

    def show(self) -> list[dict[str, Any]]:
        """Return the faults that are left; ``times`` counts down."""
        with self._lock:
            return [asdict(fault) for fault in self._faults]

    def take(self, statement: str, where: str) -> Fault | None:
        """Return the fault that hits *statement* of the listener or the pool, and count it."""
        with self._lock:
            for at, fault in enumerate(self._faults):
                if not fault.matches(statement, where):
                    continue
                if fault.times == 1:
                    del self._faults[at]
                elif fault.times is not None:
                    self._faults[at] = replace(fault, times=fault.times - 1)
                return fault
        return None


def _fault(entry: Mapping[str, Any]) -> Fault:
    known = {field.name for field in fields(Fault)}
    if unknown := sorted(set(entry) - known):
        raise FaultError(f"unknown members of a fault: {', '.join(unknown)}; known: {', '.join(sorted(known))}")
    if not isinstance(entry.get("statement"), str):
        raise FaultError("a fault needs statement, a regular expression")
    try:
        re.compile(entry["statement"])
    except re.error as error:
        raise FaultError(f"statement is no regular expression: {error}") from None
    fault = Fault(**entry)
    _check(fault)
    return fault


def _check(fault: Fault) -> None:
    if fault.cut is not None and fault.cut not in CUTS:
        raise FaultError(f"cut is one of {', '.join(CUTS)}")
    if fault.where not in PLACES:
        raise FaultError(f"where is one of {', '.join(PLACES)}")
    if type(fault.message) is not str or not fault.message:
        raise FaultError("message is a text")
    for name, value, least in (("times", fault.times, 1), ("code", fault.code, 1)):
        if value is not None and (type(value) is not int or value < least):
            raise FaultError(f"{name} is a whole number of at least {least}")
    if type(fault.delay_seconds) not in (int, float) or fault.delay_seconds < 0:
        raise FaultError("delay_seconds is a number of seconds")
