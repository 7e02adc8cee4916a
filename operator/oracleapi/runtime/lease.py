"""Leadership by a Kubernetes Lease: one process works, the others stand by (docs/adr/0011-lease.md).

Semantics are client-go's (``tools/leaderelection``): who holds the lease renews it; who stands by takes it once it has
not seen the record change for the lease duration, by its own monotonic clock. Clocks of other machines are never
compared. A write is guarded by the resource version that was read.
"""

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

import structlog

from oracleapi.errors import OperatorError
from oracleapi.runtime.clock import Clock

LOG = structlog.get_logger("oracleapi.lease")
NOBODY = ""
RELEASED_DURATION_S = 1  # as client-go writes it


@dataclass(frozen=True)
class Record:
    """The spec of a Lease, times as MicroTime; ``version`` is the resource version it was read with."""

    holder: str
    duration_s: int
    acquired: str
    renewed: str
    transitions: int
    version: str = ""


class LeaseApi(Protocol):
    """One Lease in the cluster. Every method raises :class:`OperatorError` where the API server did not do it."""

    def read(self) -> Record | None: ...
    def create(self, record: Record) -> Record: ...
    def update(self, record: Record) -> Record:
        """Replace the Lease, refused when it has another version than ``record.version``."""
        ...


@dataclass(frozen=True)
class Timing:
    """Seconds: how long a lease is believed, when its holder gives up, how often either looks."""

    duration_s: int = 15
    renew_deadline_s: int = 10
    retry_s: int = 2


class Lease:
    """One candidate's view of the lease: what it saw, since when, and whether it leads."""

    def __init__(
        self,
        api: LeaseApi,
        identity: str,
        timing: Timing,
        clock: Clock,
        jitter: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._api, self._identity, self._timing, self._clock, self._jitter = api, identity, timing, clock, jitter
        self._seen: Record | None = None
        self._seen_at = clock.monotonic()
        self._renewed_at: float | None = None
        self._ended = threading.Event()
        self._renewer = threading.Thread(target=self._renew, name="lease", daemon=True)
        self._lost: Callable[[str], object] = LOG.error
        self.attempted_at = clock.monotonic()

    @property
    def leads(self) -> bool:
        """Say whether this candidate held the lease when it last looked."""
        return self._renewed_at is not None

    def attempt(self) -> bool:
        """Try once to take or renew the lease; returns whether it is held. No answer changes nothing.

        The time of a renewal is the one before it was sent: others cannot have seen it earlier.
        """
        self.attempted_at = began = self._clock.monotonic()
        try:
            held = self._attempt()
        except OperatorError as error:
            LOG.warning("Lease was not renewed" if self.leads else "Lease could not be read", message=error.message)
            return False
        self._renewed_at = began if held else None
        return held

    def _attempt(self) -> bool:
        found = self._api.read()
        now = self._microtime()
        wanted = Record(self._identity, self._timing.duration_s, now, now, 0)
        if found is None:
            self._see(self._api.create(wanted))
            return True
        self._see(found)
        if found.holder == self._identity:
            wanted = replace(wanted, acquired=found.acquired, transitions=found.transitions)
        elif found.holder != NOBODY and self.expires_in() > 0:
            return False
        else:
            wanted = replace(wanted, transitions=found.transitions + 1)
        self._see(self._api.update(replace(wanted, version=found.version)))
        if found.holder not in (NOBODY, self._identity):
            LOG.warning("Took over a lease that was not released", holder=found.holder)
        return True

    def _see(self, record: Record) -> None:
        """Note when the record last changed, whatever its times say."""
        if self._seen is None or replace(record, version="") != replace(self._seen, version=""):
            self._seen_at = self._clock.monotonic()
        self._seen = record

    def expires_in(self) -> float:
        """Return the seconds until the lease that was seen is no longer believed."""
        duration = max(self._timing.duration_s, self._seen.duration_s if self._seen else 0)
        return self._seen_at + duration - self._clock.monotonic()

    def gives_up_in(self) -> float:
        """Return the seconds until a leader that was not able to renew must end; zero for one that lost the lease."""
        if self._renewed_at is None:
            return 0.0
        return self._renewed_at + self._timing.renew_deadline_s - self._clock.monotonic()

    def wait_s(self) -> float:
        """Return the seconds to the next attempt: jittered, and no later than the lease of another expires."""
        retry = self._jitter(1.0, 1.2) * self._timing.retry_s
        left = self.expires_in()
        return min(retry, left) if left > 0 else retry

    def acquire(self, stop: threading.Event) -> bool:
        """Stand by until the lease is held; returns ``False`` when *stop* came first."""
        while not stop.is_set():
            if self.attempt():
                return True
            stop.wait(self.wait_s())
        return False

    def keep(self, lost: Callable[[str], object]) -> None:
        """Renew on a thread of its own. *lost* is called, once, with the reason; it must end the process.

        A second thread watches the time: a renewal that hangs must not hide that the deadline is over.
        """
        self._lost = lost
        self._renewer.start()
        threading.Thread(target=self._watch, name="lease-watch", daemon=True).start()

    def _renew(self) -> None:
        while not self._ended.wait(self._timing.retry_s):
            if not self.attempt() and not self.leads:
                self._give_up("another candidate holds the lease")

    def _watch(self) -> None:
        while self.leads and not self._ended.wait(max(0.0, self.gives_up_in())):
            if self.leads and self.gives_up_in() <= 0:
                self._give_up(f"not renewed for {self._timing.renew_deadline_s} s")

    def _give_up(self, reason: str) -> None:
        if not self._ended.is_set():
            self._ended.set()
            self._lost(reason)

    def release(self) -> None:
        """Stop renewing and let the next candidate lead at once; call it when nothing of this process writes."""
        self._ended.set()
        if self._renewer.ident is not None:
            self._renewer.join()
        try:
            found = self._api.read()
            if found is None or found.holder != self._identity:
                return
            now = self._microtime()
            self._api.update(replace(found, holder=NOBODY, duration_s=RELEASED_DURATION_S, acquired=now, renewed=now))
        except OperatorError as error:
            LOG.warning("Lease was not released; it expires", message=error.message)
        self._renewed_at = None

    def _microtime(self) -> str:
        return datetime.fromtimestamp(self._clock.now(), UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
