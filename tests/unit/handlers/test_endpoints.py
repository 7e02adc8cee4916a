"""Probes and metrics: what a kubelet and a Prometheus read."""

import asyncio
from collections.abc import Iterator

import httpx
import pytest

from oracleapi.handlers.endpoints import Endpoints
from oracleapi.handlers.health import Health
from oracleapi.runtime.lease import Lease, Record, Timing
from oracleapi.runtime.store import Key
from support.small_world import SmallWorld


class OneLease:
    """A Lease that whoever asks can have, unless it *is taken*."""

    def __init__(self) -> None:
        self.taken = False

    def read(self) -> Record | None:
        return Record("other", 15, "", "", 0, "1") if self.taken else None

    def create(self, record: Record) -> Record:
        return record

    update = create


class Process:
    """A process as the probes see it, on the clock of a small world."""

    def __init__(self) -> None:
        self.world = SmallWorld(start=False)
        self.clock, self.operator, self.api = self.world.clock, self.world.operator, OneLease()
        self.lease = Lease(self.api, "one", Timing(), self.clock)
        self.health = Health(self.operator, self.lease, self.clock)
        self.endpoints = Endpoints(self.operator.metrics.registry, self.health, "127.0.0.1", 0)
        self.operator.workers.start()

    def lead(self) -> None:
        assert self.lease.attempt()
        self.health.set_listed()

    def advance(self, seconds: float, *heard: str) -> None:
        """Let time pass with a pulse, a renewal and an answer to the watches of *heard*."""
        self.clock.advance(seconds)
        self.health._beat = self.clock.monotonic()
        for plural in heard:
            self.health.hear(plural)

    def asked(self, path: str) -> tuple[int, str]:
        status, _, body = self.endpoints.answer(path)
        return status, body.decode().strip()


KINDS = (
    "awsaccounts",
    "identityproviders",
    "oracleapis",
    "oracledatabases",
    "oracleroles",
    "rolebindings",
    "secretrotations",
    "vpclinks",
)


@pytest.fixture
def process() -> Iterator[Process]:
    found = Process()
    yield found
    found.operator.workers.stop(5)
    found.endpoints.stop()


def test_a_standby_is_healthy_and_ready(process: Process) -> None:
    process.api.taken = True
    process.lease.attempt()
    assert (process.asked("/healthz"), process.asked("/readyz")) == ((200, "ok"), (200, "standby"))


def test_a_leader_is_ready_once_the_objects_are_listed(process: Process) -> None:
    process.lease.attempt()
    assert (process.asked("/healthz"), process.asked("/readyz")) == ((200, "ok"), (503, "listing objects"))
    process.health.set_listed()
    assert (process.asked("/healthz"), process.asked("/readyz")) == ((200, "ok"), (200, "leader"))


def test_a_standby_that_no_longer_looks_at_the_lease_is_unhealthy(process: Process) -> None:
    process.api.taken = True
    process.lease.attempt()
    process.clock.advance(60)
    assert process.asked("/healthz")[0] == 200
    process.clock.advance(1)
    assert process.asked("/healthz") == (503, "the lease was not looked at for 61 s")


def test_a_worker_that_ended_makes_it_unhealthy(process: Process) -> None:
    process.lead()
    process.operator.workers.stop(5)
    assert process.asked("/healthz") == (503, "a worker ended")


def test_a_process_that_stops_is_healthy_and_not_ready(process: Process) -> None:
    process.lead()
    process.health.set_stopping()
    process.operator.workers.stop(5)
    process.clock.advance(30)
    assert (process.asked("/healthz"), process.asked("/readyz")) == ((200, "ok"), (503, "stopping"))


def test_a_loop_without_pulse_makes_it_unhealthy(process: Process) -> None:
    process.lead()
    process.clock.advance(6)
    assert process.asked("/healthz")[0] == 200
    process.clock.advance(1)
    assert process.asked("/healthz") == (503, "the event loop lags 6 s")


def test_the_pulse_is_the_loop_s(process: Process) -> None:
    process.lead()
    process.clock.advance(60)
    loop = asyncio.new_event_loop()
    process.health.follow(loop)
    loop.close()
    assert process.asked("/healthz")[0] == 200


def test_a_stuck_pass_makes_it_unhealthy(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    process.lead()
    process.operator.workers.stop(5)
    monkeypatch.setattr(process.operator.workers, "alive", lambda: True)
    monkeypatch.setattr(process.operator.queue, "_closed", False)
    process.operator.queue.add(Key("OracleApi", "hr", "hr"))
    assert process.operator.queue.take(0) is not None
    process.advance(600, *KINDS)
    assert process.asked("/healthz")[0] == 200
    process.advance(1, *KINDS)
    assert process.asked("/healthz") == (503, "a pass runs for 601 s")


@pytest.mark.parametrize("silent", KINDS)
def test_one_silent_watch_makes_it_unhealthy(process: Process, silent: str) -> None:
    process.lead()
    others = [plural for plural in KINDS if plural != silent]
    process.advance(600, *others)
    assert process.asked("/healthz")[0] == 200
    process.advance(1, *others)
    assert process.asked("/healthz") == (503, f"the watch of {silent} is silent for 601 s")
    process.health.hear(silent)
    assert process.asked("/healthz")[0] == 200


def metric(process: Process, line: str) -> str:
    (found,) = [found for found in process.asked("/metrics")[1].splitlines() if found.startswith(f"{line} ")]
    return found.removeprefix(f"{line} ")


def test_metrics_carry_controller_runtime_s_names(process: Process) -> None:
    process.operator.metrics.reconcile_total.labels("OracleApi", "success").inc()
    assert metric(process, 'controller_runtime_reconcile_total{controller="OracleApi",result="success"}') == "1.0"


def test_metrics_tell_who_leads_and_how_the_loop_and_the_watches_are(process: Process) -> None:
    leads = 'leader_election_master_status{name="oracle-api-operator"}'
    assert metric(process, leads) == "0.0"
    process.lead()
    process.clock.advance(4)
    process.health.hear("vpclinks")
    assert metric(process, leads) == "1.0"
    assert metric(process, "oracleapi_event_loop_lag_seconds") == "3.0"
    assert metric(process, 'oracleapi_watch_silence_seconds{kind="VpcLink"}') == "0.0"
    assert metric(process, 'oracleapi_watch_silence_seconds{kind="OracleApi"}') == "4.0"


def test_it_serves_over_http_and_stops(process: Process) -> None:
    process.lead()
    process.endpoints.start()
    base = f"http://127.0.0.1:{process.endpoints.port}"
    answer = httpx.get(f"{base}/healthz?verbose", trust_env=False)
    assert (answer.status_code, answer.text, answer.headers["content-type"][:10]) == (200, "ok\n", "text/plain")
    assert httpx.get(f"{base}/other", trust_env=False).status_code == 404
    process.endpoints.stop()
    with pytest.raises(httpx.ConnectError):
        httpx.get(base, trust_env=False)
