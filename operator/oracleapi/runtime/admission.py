"""Which keys may run now: two at once for a backend, and only with the tokens that their pass needs.

What does not come in waits in the queue and holds no worker, so a backend that hangs keeps two workers at most.
"""

import math
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from oracleapi.runtime.budget import Account, Budgets, Need, Reservation, Wait, charged
from oracleapi.runtime.lanes import Lane
from oracleapi.runtime.store import Key

PLACES = 2


@dataclass(frozen=True)
class Touches:
    """What a pass of a key touches.

    Args:
        backends: Names of accounts and databases.
        account: The one of them that has a budget, or ``None``.
        calls: What its first pass is going to call there.
    """

    backends: tuple[str, ...] = ()
    account: str | None = None
    calls: int = 0


class Touching(Protocol):
    """Says cheaply what a pass of a key touches."""

    def __call__(self, key: Key) -> Touches: ...


@dataclass
class _Inside:
    touches: Touches
    polls: bool
    reservation: Reservation | None


@dataclass
class Admission:
    """Fulfils :class:`oracleapi.runtime.workqueue.Gate`; called under the queue's lock, :meth:`running` by workers."""

    touching: Touching
    budgets: Budgets
    changed: Callable[[str], None] = lambda account: None
    _inside: dict[Key, _Inside] = field(default_factory=dict)
    _places: Counter[str] = field(default_factory=Counter)
    _needs: dict[tuple[Key, bool], tuple[str, Need]] = field(default_factory=dict)  # by key and whether it polls
    _waiting: dict[Key, float] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def enter(self, key: Key, lane: Lane, polls: bool, held: set[str]) -> float:
        with self._lock:
            touches = self.touching(key)
            if any(self._places[name] >= PLACES for name in touches.backends):
                return math.inf
            reservation = self._reserve(key, touches, lane, polls, held)
            if isinstance(reservation, Wait):
                return reservation.seconds
            self._places.update(touches.backends)
            self._inside[key] = _Inside(touches, polls, reservation)
            return 0.0

    def leave(self, key: Key) -> None:
        with self._lock:
            inside = self._inside.pop(key, None)
            if inside is None:
                return
            self._places.subtract(inside.touches.backends)
            found = inside.reservation
            if found is None:
                return
            need = Need(found.used)
            if found.lacked is not None:  # doubled, so that it comes to an end in a few tries
                need = Need(max(found.lacked.calls, 2 * found.used), found.lacked.slow)
            found.account.give_back(found)
            polls = inside.polls and found.lacked is None  # what was put back comes as a whole pass
            self._needs[key, polls] = (found.account.name, need)

    def forget(self, key: Key) -> None:
        """Drop what is remembered of an object that is gone."""
        with self._lock:
            self._waiting.pop(key, None)
            for polls in (False, True):
                self._needs.pop((key, polls), None)

    @contextmanager
    def running(self, key: Key) -> Iterator[None]:
        """Pay for the calls of this thread from what *key* was given."""
        with self._lock:
            inside = self._inside.get(key)
        with charged(inside.reservation if inside is not None else None):
            yield

    def cycle_s(self, account: str) -> float:
        """Return how long the routine checks of *account* take, one after the other, at their half of the budget."""
        with self._lock:
            needed = sum(
                need.calls for (_, polls), (name, need) in self._needs.items() if name == account and not polls
            )
        return needed / (self.budgets.account(account).rate / 2)

    def _reserve(
        self, key: Key, touches: Touches, lane: Lane, polls: bool, held: set[str]
    ) -> Reservation | Wait | None:
        if touches.account is None:
            return None
        account, routine = self.budgets.account(touches.account), lane is Lane.ROUTINE
        need = self._need(key, touches, polls)
        if need and (account.name in held or (routine and f"{account.name} routine" in held)):
            return self._wait(key, account, Wait(math.inf, claims=False))
        found = account.reserve(need, routine) if need else Reservation(account, routine, 0)
        if isinstance(found, Wait):
            if found.claims:
                held.add(account.name)
            elif routine:
                held.add(f"{account.name} routine")
            return self._wait(key, account, found)
        since = self._waiting.pop(key, None)
        if since is not None:
            account.metrics.budget_wait.labels(account.name).observe(account.clock.monotonic() - since)
        return found

    def _wait(self, key: Key, account: Account, wait: Wait) -> Wait:
        self._waiting.setdefault(key, account.clock.monotonic())
        return wait

    def _need(self, key: Key, touches: Touches, polls: bool) -> Need:
        known = self._needs.get((key, polls))
        if known is not None and known[0] == touches.account:
            return known[1]
        return Need(0 if polls else touches.calls)
