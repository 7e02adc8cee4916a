"""A steady load of callers, each of whom knows what a right answer is."""

import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import httpx

from support.lab import wait_for

WORKERS = 12


@dataclass(frozen=True)
class Caller:
    """Somebody who asks one thing.

    Args:
        told: Returns in a word what a right answer says, and ``None`` for a wrong one.
    """

    name: str
    ask: Callable[[], httpx.Response]
    told: Callable[[httpx.Response], str | None]


class Load:
    """Has *callers* ask in turn, *rate* times a second altogether, from threads, and counts what they are told."""

    def __init__(self, callers: Sequence[Caller], rate: float) -> None:
        self._callers, self._rate = callers, rate
        self.told: Counter[tuple[str, str]] = Counter()
        self.wrong: list[str] = []
        self._lock = threading.Lock()
        self._turns = itertools.count()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(WORKERS)]

    def __enter__(self) -> "Load":
        self._begin = time.monotonic()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(60)

    def pass_by(self, *asked: tuple[str, str], times: int = 10) -> None:
        """Wait until callers have been told each of *asked* (name, word) so many times more."""
        goal = {one: self.told[one] + times for one in asked}
        wait_for(f"{times} answers each: {asked}", lambda: all(self.told[one] >= count for one, count in goal.items()))

    def _run(self) -> None:
        while True:
            with self._lock:
                turn = next(self._turns)
            due = self._begin + turn / self._rate
            if self._stop.wait(max(0.0, due - time.monotonic())):
                return
            self._call(self._callers[turn % len(self._callers)])

    def _call(self, caller: Caller) -> None:
        try:
            answer = caller.ask()
            word, seen = caller.told(answer), f"{answer.status_code} {answer.text[:300]}"
        except httpx.HTTPError as error:
            word, seen = None, repr(error)
        with self._lock:
            if word is None:
                self.wrong.append(f"{caller.name}: {seen}")
            else:
                self.told[caller.name, word] += 1
