"""``python -m oracleapi``: read settings, stand by until the lease is held, then list, watch and work until SIGTERM."""

import argparse
import os
import signal
import sys
import threading
import uuid
from dataclasses import dataclass
from typing import Any

import structlog

from oracleapi.adapters.kube.client import KubeClient
from oracleapi.adapters.kube.config import ClusterConfig
from oracleapi.adapters.kube.leases import KubeLease
from oracleapi.errors import OperatorError
from oracleapi.handlers.endpoints import Endpoints
from oracleapi.handlers.health import Health
from oracleapi.handlers.passwords import Passwords
from oracleapi.handlers.relist import Relist
from oracleapi.handlers.watches import Watches
from oracleapi.runtime.clock import SystemClock
from oracleapi.runtime.lease import Lease, Timing
from oracleapi.settings import Settings
from oracleapi.telemetry import configure_logging
from oracleapi.wiring import Cluster, Operator, RealBackends, build_operator, connect, list_all

LOG = structlog.get_logger("oracleapi")
START_RETRY_S = 2.0
WATCHES_STOP_S = 10.0
LAST_WORD_S = 1.0


def parse_arguments(arguments: list[str] | None = None) -> Settings:
    """Return the settings: flags win over ``ORACLEAPI_…`` variables."""
    parser = argparse.ArgumentParser(prog="oracle-api-operator", description="AWS API Gateway in front of Oracle ORDS")
    for name, field in Settings.model_fields.items():
        flag = f"--{name.replace('_', '-')}"
        if field.annotation is bool:
            parser.add_argument(flag, action="store_true", default=None, help=field.description)
        else:
            parser.add_argument(flag, default=None, help=field.description)
    given: dict[str, Any] = {
        key: value for key, value in vars(parser.parse_args(arguments)).items() if value is not None
    }
    return Settings(**given)


def stop_on_signals() -> threading.Event:
    """Return an event that SIGTERM and SIGINT set, the second one to no further effect.

    They are waited for in a thread: a handler could interrupt whoever holds the event's lock.
    """
    awaited = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, awaited)
    stop = threading.Event()

    def wait() -> None:
        while True:
            signal.sigwait(awaited)
            stop.set()

    threading.Thread(target=wait, name="signals", daemon=True).start()
    return stop


def run(settings: Settings, stop: threading.Event) -> int:
    """Stand by, lead, and end in order; returns the exit code."""
    cluster = _connect(settings, stop)
    if cluster is None:
        return 0
    backends = RealBackends(settings, cluster.installation)
    operator = build_operator(cluster.kube, cluster.workloads, backends, settings, cluster.installation)
    timing = Timing(settings.lease_duration_seconds, settings.renew_deadline_seconds, settings.retry_period_seconds)
    lock = KubeLease(cluster.config, settings.namespace, settings.lease_name, settings.renew_deadline_seconds / 2)
    identity = f"{settings.pod_name}_{uuid.uuid4().hex[:8]}"
    lease = Lease(lock, identity, timing, SystemClock())
    health = Health(operator, lease, SystemClock())
    Passwords(operator)
    endpoints = Endpoints(operator.metrics.registry, health, settings.listen_host, settings.listen_port)
    endpoints.start()
    LOG.info("Standing by", lease=settings.lease_name, identity=identity)
    try:
        if not lease.acquire(stop):
            return 0
        return Leader(settings, cluster.config, cluster.kube, operator, lease, health).run(stop)
    finally:
        endpoints.stop()
        backends.close()
        lock.close()
        cluster.close()
        LOG.info("Stopped")


def _connect(settings: Settings, stop: threading.Event) -> Cluster | None:
    """Connect, waiting for an API server that is not there yet."""
    while not stop.is_set():
        try:
            return connect(settings)
        except OperatorError as error:
            LOG.warning("Waiting for the API server", reason=error.reason, message=error.message)
            stop.wait(START_RETRY_S)
    return None


@dataclass
class Leader:
    """What only the holder of the lease does."""

    settings: Settings
    config: ClusterConfig
    kube: KubeClient
    operator: Operator
    lease: Lease
    health: Health

    def run(self, stop: threading.Event) -> int:
        """Work until *stop*; then no new pass, wait for those in flight, let the next one lead."""
        self.lease.keep(end_at_once)
        LOG.info("Leading", installation=self.operator.runner.installation, workers=self.settings.workers)
        watches = Watches(self.operator, self.config, self.health, stop.set)
        if self._list(stop):
            self.operator.workers.start()
            watches.start()
            Relist(self.kube, self.operator).start(stop)
            self.health.set_listed()
            stop.wait()
            self.health.set_stopping()
            LOG.info("Stopping", passes=len(self.operator.queue.running()))
            self.operator.workers.stop(self.settings.grace_seconds)
        if left := self.operator.queue.running():
            LOG.warning("Passes did not end in time; the lease is left to expire", keys=sorted(map(str, left)))
        else:
            self.lease.release()
        watches.stop(WATCHES_STOP_S)
        return int(watches.failed)

    def _list(self, stop: threading.Event) -> bool:
        """Fill the store; returns ``False`` when *stop* came first."""
        while not stop.is_set():
            try:
                list_all(self.kube, self.operator)
            except OperatorError as error:
                LOG.warning("Waiting for the objects", reason=error.reason, message=error.message)
                stop.wait(START_RETRY_S)
            else:
                return True
        return False


def end_at_once(reason: str) -> None:
    """End the process without a word to anybody else: another may lead soon, and no pass may write after that.

    The log line must not hold it up: a pipe that nobody reads blocks for ever.
    """
    threading.Thread(target=_end_in, args=(LAST_WORD_S,), daemon=True).start()
    LOG.critical("Lease lost; ending at once", reason=reason)
    os._exit(1)


def _end_in(seconds: float) -> None:
    threading.Event().wait(seconds)
    os._exit(1)


def main() -> None:
    settings = parse_arguments()
    configure_logging(settings.log_level)
    sys.exit(run(settings, stop_on_signals()))


if __name__ == "__main__":
    main()
