"""A keyed work queue: one worker a key at a time, deduplicated, in lanes, with delays that an edit cuts short.

kopf's own retry delays outlive the edit that mends a spec (docs/adr/0006-queue.md); here ``add`` cuts a delay short.
A key that may not run yet (no free place at a backend, no tokens) keeps its place in the queue and holds no worker
(docs/adr/0010-call-budget-and-lanes.md).
"""

import heapq
import itertools
import math
import random
import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from oracleapi.runtime.clock import Clock
from oracleapi.runtime.lanes import Lane, Lanes

K = TypeVar("K", bound=Hashable)
C = TypeVar("C", contravariant=True)

BACKOFF_FIRST_S = 1.0
BACKOFF_LIMIT_S = 300.0
DOUBLINGS = 10  # enough to reach the limit; a float overflows after some days of failures
ROUTINE_FROM_S = 45.0
"""A pass asked for later than this hence is a routine check, whoever asked; a sooner one is a poll."""
LANE_KEPT_S = 120.0
"""How long the polls and retries after an edit keep its lane: an object that never gets well is routine."""


class Gate(Protocol[C]):
    """Says whether a key may run now."""

    def enter(self, key: C, lane: Lane, polls: bool, held: set[str]) -> float:
        """Let *key* in and return 0, or return the seconds until it may be asked again (``inf``: till another leaves).

        Args:
            polls: The pass before asked for this one, soon: it mostly looks whether something came true.
            held: What keys before this one wait for, in the order of one look at the queue; to be added to.
        """
        ...

    def leave(self, key: C) -> None: ...


class Told(Protocol[C]):
    """Hears of what happens to keys; times are in seconds."""

    def added(self, key: C) -> None: ...
    def taken(self, key: C, waited_s: float) -> None: ...
    def ended(self, key: C, ran_s: float) -> None: ...
    def retried(self, key: C) -> None: ...


class OpenGate:
    """Lets everybody in."""

    def enter(self, key: object, lane: Lane, polls: bool, held: set[str]) -> float:
        return 0.0

    def leave(self, key: object) -> None:
        """Nothing was taken."""


@dataclass
class _Entry:
    lane: Lane = Lane.ROUTINE
    since: float | None = None  # first run in this lane
    due: float | None = None  # monotonic; None when it waits for nothing
    ready: float | None = None  # monotonic, since when it waits to run; None when it does not
    running: float | None = None  # monotonic, since when it runs
    polls: bool = False
    failures: int = 0
    again: Lane | None = None  # added while it was running
    back: bool = False  # the pass that runs did not get what it needed


@dataclass
class KeyedQueue(Generic[K]):
    """Keys waiting for a pass.

    Args:
        clock: Source of monotonic time.
        jitter: Random source; a test may pin it.
        gate: Holds back keys that may not run yet.
        tenant: Whose key it is: tenants of a lane take turns.
        metrics: Told what happens.
    """

    clock: Clock
    jitter: random.Random = field(default_factory=random.Random)
    gate: Gate[K] = field(default_factory=OpenGate)
    tenant: Callable[[K], Hashable] = lambda key: None
    metrics: Told[K] | None = None

    def __post_init__(self) -> None:
        self._condition = threading.Condition()
        self._lanes = Lanes[K]()
        self._delayed: list[tuple[float, int, K]] = []
        self._entries: dict[K, _Entry] = {}
        self._order = itertools.count()
        self._closed = False
        self._wait_s = math.inf

    def add(self, key: K, lane: Lane = Lane.EDITED) -> None:
        """Ask for a pass of *key* now: a delay is dropped, a running pass followed by another, a better lane wins."""
        with self._condition:
            entry = self._entries.setdefault(key, _Entry())
            if entry.running is not None:
                entry.again = lane if entry.again is None else min(entry.again, lane)
                return
            waits = entry.ready is not None or entry.due is not None
            self._enqueue(key, entry, min(lane, entry.lane) if waits else lane)

    def add_after(self, key: K, delay_s: float) -> None:
        """Ask for a pass of *key* in *delay_s* seconds, unless an earlier one is due.

        A later one than ``ROUTINE_FROM_S`` is a routine check; a sooner one keeps the lane of the pass that asks.
        """
        with self._condition:
            entry = self._entries.setdefault(key, _Entry())
            due = self.clock.monotonic() + delay_s
            if entry.again is not None or entry.ready is not None or (entry.due is not None and entry.due <= due):
                return
            entry.polls = delay_s < ROUTINE_FROM_S and entry.failures == 0
            self._delay(key, entry, due, delay_s)

    def retry(self, key: K) -> float:
        """Ask for another try after a failure: exponential backoff with full jitter; returns seconds."""
        with self._condition:
            entry = self._entries.setdefault(key, _Entry())
            limit = min(BACKOFF_LIMIT_S, BACKOFF_FIRST_S * 2 ** min(entry.failures, DOUBLINGS))
            entry.failures += 1
            if self.metrics is not None:
                self.metrics.retried(key)
        delay = self.jitter.uniform(0, limit)
        self.add_after(key, delay)
        return delay

    def put_back(self, key: K) -> None:
        """Let the running *key* come again in its place, once it gets what its pass lacked; no failure."""
        with self._condition:
            self._entries[key].back = True

    def forget(self, key: K) -> None:
        """Forget the failures of *key*: it succeeded or was edited."""
        with self._condition:
            if key in self._entries:
                self._entries[key].failures = 0

    def take(self, timeout_s: float | None = None) -> K | None:
        """Return the next key and mark it running; ``None`` when closed or nothing came in time."""
        with self._condition:
            deadline = None if timeout_s is None else self.clock.monotonic() + timeout_s
            while not self._closed:
                self._promote()
                key = self._admit()
                if key is not None:
                    return key
                wait = self._until_next()
                if deadline is not None:
                    left = deadline - self.clock.monotonic()
                    if left <= 0:
                        return None
                    wait = left if wait is None else min(wait, left)
                self._condition.wait(wait)
            return None

    def done(self, key: K) -> None:
        """Say that the pass of *key* ended; it runs again if it was added or put back meanwhile."""
        with self._condition:
            self.gate.leave(key)
            entry = self._entries[key]
            if self.metrics is not None and entry.running is not None:
                self.metrics.ended(key, self.clock.monotonic() - entry.running)
            entry.running = None
            if entry.back:
                entry.back, entry.polls = False, False
                lane = entry.lane if entry.again is None else min(entry.lane, entry.again)
                self._enqueue(key, entry, lane, first=True)
            elif entry.again is not None:
                self._enqueue(key, entry, entry.again)
            elif entry.due is None and entry.failures == 0:
                del self._entries[key]
            self._condition.notify_all()  # a place at a backend is free

    def close(self) -> None:
        """Wake every worker and hand out nothing more."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()

    def depth(self) -> int:
        """Return how many keys wait to run now."""
        with self._condition:
            self._promote()
            return len(self._lanes)

    def waiting(self) -> list[tuple[K, Lane]]:
        """Return the keys that wait to run now, in their order, with their lanes."""
        with self._condition:
            self._promote()
            return list(self._lanes.in_turn())

    def running(self) -> dict[K, float]:
        """Return the keys that run and for how long, in seconds."""
        with self._condition:
            now = self.clock.monotonic()
            return {key: now - entry.running for key, entry in self._entries.items() if entry.running is not None}

    def next_s(self) -> float | None:
        """Return when time alone may let a key come, in seconds, as the last ``take`` saw it; ``None``: never."""
        with self._condition:
            return self._until_next()

    def _admit(self) -> K | None:
        held: set[str] = set()
        self._wait_s = math.inf
        for key, lane in self._lanes.in_turn():
            entry = self._entries[key]
            wait = self.gate.enter(key, lane, entry.polls, held)
            if wait <= 0:
                self._hand_out(key, lane, entry)
                return key
            self._wait_s = min(self._wait_s, wait)
        return None

    def _hand_out(self, key: K, lane: Lane, entry: _Entry) -> None:
        now = self.clock.monotonic()
        self._lanes.hand_out(key, lane, self.tenant(key))
        if self.metrics is not None and entry.ready is not None:
            self.metrics.taken(key, now - entry.ready)
        entry.running, entry.ready, entry.due = now, None, None
        entry.since = now if entry.since is None else entry.since

    def _enqueue(self, key: K, entry: _Entry, lane: Lane, first: bool = False) -> None:
        """Let *key* wait to run, in *lane*."""
        if entry.ready is not None:
            if lane >= entry.lane:
                return
            self._lanes.remove(key, entry.lane, self.tenant(key))
        elif self.metrics is not None:
            self.metrics.added(key)
        if not first:
            entry.since, entry.polls = None, False
        entry.ready = self.clock.monotonic() if entry.ready is None else entry.ready
        entry.lane, entry.due, entry.again = lane, None, None
        self._lanes.add(key, lane, self.tenant(key), first)
        self._condition.notify()

    def _delay(self, key: K, entry: _Entry, due: float, delay_s: float) -> None:
        now = self.clock.monotonic()
        old = entry.since is not None and now - entry.since >= LANE_KEPT_S
        if (delay_s >= ROUTINE_FROM_S and entry.failures == 0) or old:
            entry.lane, entry.since = Lane.ROUTINE, None
        entry.due = due
        heapq.heappush(self._delayed, (due, next(self._order), key))
        self._condition.notify()

    def _promote(self) -> None:
        now = self.clock.monotonic()
        while self._delayed and self._delayed[0][0] <= now:
            due, _, key = heapq.heappop(self._delayed)
            if not self._waits_for(due, 0, key):
                continue
            entry = self._entries[key]
            if entry.running is not None:
                entry.again, entry.due = entry.lane, None
                continue
            since, polls = entry.since, entry.polls
            self._enqueue(key, entry, entry.lane)
            entry.since, entry.polls = since, polls

    def _waits_for(self, due: float, _: int, key: K) -> bool:
        """Say whether *key* still waits until *due*: an earlier pass may have replaced the wait."""
        entry = self._entries.get(key)
        return entry is not None and entry.due == due

    def _until_next(self) -> float | None:
        waits = [self._wait_s] if self._wait_s < math.inf else []
        while self._delayed and not self._waits_for(*self._delayed[0]):
            heapq.heappop(self._delayed)
        if self._delayed:
            waits.append(max(0.0, self._delayed[0][0] - self.clock.monotonic()))
        return min(waits, default=None)
