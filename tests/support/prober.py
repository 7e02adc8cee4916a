"""Callers that never stop: what they are answered while something changes."""

import threading
from collections import Counter

from support.lab import Lab


class Prober:
    """Calls one URL all the time from a thread, with each of *tokens* in turn, and counts the answers."""

    def __init__(self, lab: Lab, method: str, url: str, tokens: dict[str, str | None]) -> None:
        self._lab, self._method, self._url, self._tokens = lab, method, url, tokens
        self.seen: Counter[tuple[str, int]] = Counter()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Prober":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(30)

    def _run(self) -> None:
        while not self._stop.is_set():
            for name, token in self._tokens.items():
                answer = self._lab.call(self._method, self._url, token)
                self.seen[(name, answer.status_code)] += 1
            self._stop.wait(0.02 * len(self._tokens))  # the example throttles at 100 calls a second

    def statuses(self, name: str) -> set[int]:
        return {status for found, status in self.seen if found == name}
