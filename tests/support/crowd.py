"""Callers at a steady rate while routes change: what stays answers, what comes or goes together does so at once."""

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from support.lab import Lab


class Crowd:
    """Calls every *steady* path, and both paths of the newest pairs, at *rate* requests a second in all.

    Args:
        endpoint: Where the API is reached.
        steady: Paths that must answer 200 whatever happens.
        token: Sent with every call.
    """

    WORKERS = 8

    def __init__(self, lab: Lab, endpoint: str, steady: list[str], token: str, rate: float) -> None:
        self._lab, self._endpoint, self._steady, self._token, self._rate = lab, endpoint, steady, token, rate
        self.pairs: list[tuple[str, str]] = []
        self.seen: Counter[tuple[str, Any]] = Counter()
        self.faults: list[str] = []
        self.pairs_met: set[str] = set()
        self.sent, self.seconds = 0, 0.0
        self._lock, self._stop = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Crowd":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(60)

    def _run(self) -> None:
        """Hand out calls at the rate, whatever the answers take."""
        begin, number = time.monotonic(), 0
        with ThreadPoolExecutor(self.WORKERS) as pool:
            while not self._stop.wait(max(0.0, begin + self.sent / self._rate - time.monotonic())):
                pairs = self.pairs[-2:]
                if pairs and number % 3 == 0:
                    self.sent += 3
                    pair = pairs[number // 3 % len(pairs)]
                    pool.submit(self._ask_pair, *(pair if number % 2 else pair[::-1]))
                else:
                    self.sent += 1
                    pool.submit(self._ask, self._steady[number % len(self._steady)])
                number += 1
        self.seconds = time.monotonic() - begin

    def _ask(self, path: str) -> None:
        status = self._call(path)
        if status != 200:
            self._fault(f"{path} answered {status}")

    def _ask_pair(self, one: str, other: str) -> None:
        """Ask one, the other, and the first again: where the first is there both times, so must the other be."""
        first, middle, last = self._call(one), self._call(other), self._call(one)
        if {first, middle, last} - {200, 404}:
            self._fault(f"{one}, {other}, {one} answered {first}, {middle}, {last}")
        if first == last and middle != first:
            self._fault(f"half a change: {one} answered {first} twice, {other} {middle} in between")
        if (first, middle, last) == (200, 200, 200):
            self.pairs_met.add(one if one.startswith("/hr/v1/a") else other)

    def _call(self, path: str) -> Any:
        try:
            status: Any = self._lab.call("GET", f"{self._endpoint}{path}", self._token).status_code
        except Exception as error:
            status = type(error).__name__
        with self._lock:
            self.seen[(path.rstrip("0123456789"), status)] += 1
        return status

    def _fault(self, text: str) -> None:
        with self._lock:
            self.faults.append(text)
