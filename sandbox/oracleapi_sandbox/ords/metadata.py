"""The metadata cache: what is committed becomes visible to HTTP when its time is up, never before the commit."""

import threading
from collections.abc import Callable

from oracleapi_sandbox.common.clock import Clock
from oracleapi_sandbox.ords.model import Snapshot
from oracleapi_sandbox.ords.routing import Routes
from oracleapi_sandbox.ords.settings import OrdsSettings


class MetadataCache:
    """Serves one compiled snapshot for ``metadata_cache_seconds``, as "cache.metadata.timeout" does [D].

    The seconds run from the last refresh, so that under steady traffic a change shows after anything between nothing
    and the full time, and at once after a quiet spell. A refresh reads the metadata only when something was committed.
    """

    def __init__(self, load: Callable[[], Snapshot], settings: OrdsSettings, clock: Clock) -> None:
        self._load = load
        self._settings = settings
        self._clock = clock
        self._lock = threading.Lock()
        self._changed = threading.Event()
        self._changed.set()
        self._routes = Routes(Snapshot())
        self._refreshed = float("-inf")

    def committed(self) -> None:
        """Note that metadata may have changed; called after each such commit."""
        self._changed.set()

    def clear(self) -> None:
        """Forget the snapshot: the next request reads the metadata anew."""
        with self._lock:
            self._changed.set()
            self._refreshed = float("-inf")

    def current(self) -> Routes:
        with self._lock:
            now = self._clock.now()
            if now - self._refreshed >= self._settings.metadata_cache_seconds:
                self._refreshed = now
                if self._changed.is_set():
                    self._read()
            return self._routes

    def _read(self) -> None:
        self._changed.clear()  # before reading: a commit during the read counts for the next refresh
        try:
            self._routes = Routes(self._load())
        except Exception:
            self._changed.set()
            self._refreshed = float("-inf")
            raise
