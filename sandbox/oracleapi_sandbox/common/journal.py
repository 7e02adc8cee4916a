"""A bounded journal of calls: what the ``/_sandbox/calls`` and ``/_sandbox/statements`` pages show."""

import threading
from collections import deque
from typing import Any


class Journal:
    """Keeps the newest *limit* entries; an entry is a JSON-ready dict without secrets and gets a rising ``seq``."""

    def __init__(self, limit: int = 100_000) -> None:
        self._entries: deque[dict[str, Any]] = deque(maxlen=limit)
        self._seq = 0
        self._lock = threading.Lock()

    def add(self, entry: dict[str, Any]) -> None:
        with self._lock:
            self._seq += 1
            self._entries.append({"seq": self._seq, **entry})

    def entries(self, since: int = 0) -> list[dict[str, Any]]:
        """Return the entries whose ``seq`` is greater than *since*."""
        with self._lock:
            return [entry for entry in self._entries if entry["seq"] > since]

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()
