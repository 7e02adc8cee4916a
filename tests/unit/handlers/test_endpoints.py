"""Probes and metrics: what a kubelet and a Prometheus read."""

import asyncio
import urllib.request
from collections.abc import Iterator

import pytest

from oracleapi.handlers.endpoints import Endpoints
from support.small_world import SmallWorld


@pytest.fixture
def endpoints() -> Iterator[Endpoints]:
    world = SmallWorld(start=False)
    world.operator.workers.start()
    found = Endpoints(world.operator, "127.0.0.1", 0)
    yield found
    world.operator.workers.stop(5)
    found._server.server_close()


def test_it_is_ready_only_after_the_objects_were_listed(endpoints: Endpoints) -> None:
    assert endpoints.answer("/readyz")[0] == 503
    endpoints.set_ready()
    assert endpoints.answer("/readyz")[0] == 200


def test_a_worker_that_ended_makes_it_unhealthy(endpoints: Endpoints) -> None:
    endpoints.set_ready()
    assert endpoints.answer("/healthz")[0] == 200
    endpoints._operator.workers.stop(5)
    assert endpoints.answer("/healthz")[0] == 503


def test_a_loop_without_pulse_makes_it_unhealthy(endpoints: Endpoints) -> None:
    endpoints._beat -= 60
    status, _, body = endpoints.answer("/healthz")
    assert (status, b"event loop" in body) == (503, True)


def test_metrics_carry_controller_runtime_s_names(endpoints: Endpoints) -> None:
    endpoints._operator.metrics.reconcile_total.labels("OracleApi", "success").inc()
    body = endpoints.answer("/metrics")[2].decode()
    assert 'controller_runtime_reconcile_total{controller="OracleApi",result="success"} 1.0' in body


def test_it_serves_over_http_and_stops(endpoints: Endpoints) -> None:
    loop = asyncio.new_event_loop()
    endpoints.start(loop)
    with urllib.request.urlopen(f"http://127.0.0.1:{endpoints.port}/healthz") as answer:
        assert answer.read() == b"ok\n"
    endpoints.stop()
    loop.close()
