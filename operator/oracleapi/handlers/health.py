"""What the kubelet's probes ask: may this process go on, and is it of use now. AWS and Oracle are never asked."""

import asyncio
import threading
from functools import partial

from prometheus_client import Gauge

from oracleapi.api.crd import KINDS
from oracleapi.runtime.clock import Clock
from oracleapi.runtime.lease import Lease
from oracleapi.wiring import Operator

LAG_LIMIT_S = 5.0
PULSE_S = 1.0
PASS_DEADLINE_S = 300.0
WATCH_LIMIT_S = 600.0
"""kopf begins each watch anew after 300 s (``build_settings``); one that was not answered for twice that is dead."""
ELECTION_LIMIT_S = 60.0


class Health:
    """The process's own view; the loop, the watches and the main thread report, the probes read."""

    def __init__(self, operator: Operator, lease: Lease, clock: Clock) -> None:
        self._operator, self._lease, self._clock = operator, lease, clock
        self._listed = threading.Event()
        self._stopping = threading.Event()
        self._beat = 0.0
        self._heard: dict[str, float] = {}
        self._measure()

    def set_listed(self) -> None:
        """Say that the objects are listed, and that workers and watches run."""
        now = self._clock.monotonic()
        self._beat = now
        self._heard = {kind.plural: now for kind in KINDS}
        self._listed.set()

    def set_stopping(self) -> None:
        """Say that no new pass begins: the end of workers and watches is no fault any more."""
        self._stopping.set()

    def follow(self, loop: asyncio.AbstractEventLoop) -> None:
        """Follow the pulse of *loop*: a callback, not a task, for kopf takes every task in its loop for its own."""
        self._beat = self._clock.monotonic()
        loop.call_later(PULSE_S, self.follow, loop)

    def hear(self, plural: str) -> None:
        """Note that a list or watch of a kind was answered."""
        if plural in self._heard:
            self._heard[plural] = self._clock.monotonic()

    def fault(self) -> str:
        """Return why the process must be started again, or ``""``."""
        now = self._clock.monotonic()
        if self._stopping.is_set():
            return ""
        if not self._lease.leads:
            age = now - self._lease.attempted_at
            return f"the lease was not looked at for {age:.0f} s" if age > ELECTION_LIMIT_S else ""
        if not self._listed.is_set():
            return ""
        if (lag := self._lag()) > LAG_LIMIT_S:
            return f"the event loop lags {lag:.0f} s"
        if not self._operator.workers.alive():
            return "a worker ended"
        if (age := self._operator.workers.longest_s()) > 2 * PASS_DEADLINE_S:
            return f"a pass runs for {age:.0f} s"
        for plural, heard in self._heard.items():
            if now - heard > WATCH_LIMIT_S:
                return f"the watch of {plural} is silent for {now - heard:.0f} s"
        return ""

    def role(self) -> str:
        """Return what this process does now; ``leader`` and ``standby`` are ready."""
        if self._stopping.is_set():
            return "stopping"
        if not self._lease.leads:
            return "standby"
        return "leader" if self._listed.is_set() else "listing objects"

    def _lag(self) -> float:
        return max(0.0, self._clock.monotonic() - self._beat - PULSE_S)

    def _measure(self) -> None:
        registry = self._operator.metrics.registry
        leads = Gauge("leader_election_master_status", "1 while this process leads", ["name"], registry=registry)
        leads.labels("oracle-api-operator").set_function(lambda: float(self._lease.leads))
        lag = Gauge("oracleapi_event_loop_lag_seconds", "Delay of the event loop's pulse", registry=registry)
        lag.set_function(lambda: self._lag() if self._listed.is_set() else 0.0)
        silence = Gauge(
            "oracleapi_watch_silence_seconds", "Time since a kind's watch was answered", ["kind"], registry=registry
        )
        for kind in KINDS:
            silence.labels(kind.name).set_function(partial(self._silence, kind.plural))

    def _silence(self, plural: str) -> float:
        heard = self._heard.get(plural)
        return 0.0 if heard is None else self._clock.monotonic() - heard
