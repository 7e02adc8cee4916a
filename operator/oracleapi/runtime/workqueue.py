"""A keyed work queue: one worker a key at a time, deduplicated, with delays that an edit cuts short.

kopf's own retry delays outlive the edit that mends a spec (docs/adr/0006-queue.md); here ``add`` moves a waiting key
to the front, and a retry never blocks a worker.
"""

import heapq
import itertools
import random
import threading
from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from oracleapi.runtime.clock import Clock

K = TypeVar("K", bound=Hashable)

BACKOFF_FIRST_S = 1.0
BACKOFF_LIMIT_S = 300.0
DOUBLINGS = 10  # enough to reach the limit; a float overflows after some days of failures


@dataclass
class _Entry:
    due: float | None = None  # monotonic; None when it waits for nothing
    failures: int = 0
    running: bool = False
    again: bool = False  # added while it was running


@dataclass
class KeyedQueue(Generic[K]):
    """Keys waiting for a pass.

    Args:
        clock: Source of monotonic time.
        jitter: Random source; a test may pin it.
    """

    clock: Clock
    jitter: random.Random = field(default_factory=random.Random)

    def __post_init__(self) -> None:
        self._condition = threading.Condition()
        self._ready: deque[K] = deque()
        self._delayed: list[tuple[float, int, K]] = []
        self._entries: dict[K, _Entry] = {}
        self._order = itertools.count()
        self._closed = False

    def add(self, key: K) -> None:
        """Ask for a pass of *key* now; a waiting delay is dropped, a running pass is followed by another one."""
        with self._condition:
            entry = self._entries.setdefault(key, _Entry())
            if entry.running:
                entry.again = True
            elif key not in self._ready:
                entry.due = None
                self._ready.append(key)
                self._condition.notify()

    def add_after(self, key: K, delay_s: float) -> None:
        """Ask for a pass of *key* in *delay_s* seconds, unless an earlier one is due."""
        with self._condition:
            entry = self._entries.setdefault(key, _Entry())
            due = self.clock.monotonic() + delay_s
            if entry.again or key in self._ready or (entry.due is not None and entry.due <= due):
                return
            entry.due = due
            heapq.heappush(self._delayed, (due, next(self._order), key))
            self._condition.notify()

    def retry(self, key: K) -> float:
        """Ask for another try after a failure: exponential backoff, jittered over its upper half; returns seconds."""
        with self._condition:
            entry = self._entries.setdefault(key, _Entry())
            limit = min(BACKOFF_LIMIT_S, BACKOFF_FIRST_S * 2 ** min(entry.failures, DOUBLINGS))
            entry.failures += 1
        delay = self.jitter.uniform(limit / 2, limit)
        self.add_after(key, delay)
        return delay

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
                if self._ready:
                    key = self._ready.popleft()
                    entry = self._entries[key]
                    entry.running, entry.due = True, None
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
        """Say that the pass of *key* ended; it runs again at once if it was added meanwhile."""
        with self._condition:
            entry = self._entries[key]
            entry.running = False
            if entry.again:
                entry.again = False
                entry.due = None
                self._ready.append(key)
                self._condition.notify()
            elif entry.due is None and entry.failures == 0:
                del self._entries[key]

    def close(self) -> None:
        """Wake every worker and hand out nothing more."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()

    def depth(self) -> int:
        """Return how many keys wait to run now."""
        with self._condition:
            self._promote()
            return len(self._ready)

    def _promote(self) -> None:
        now = self.clock.monotonic()
        while self._delayed and self._delayed[0][0] <= now:
            due, _, key = heapq.heappop(self._delayed)
            entry = self._entries.get(key)
            if entry is None or entry.due != due:
                continue  # replaced by an earlier pass
            if entry.running:
                entry.again = True
            elif key not in self._ready:
                self._ready.append(key)
            entry.due = None

    def _until_next(self) -> float | None:
        if not self._delayed:
            return None
        return max(0.0, self._delayed[0][0] - self.clock.monotonic())
