"""Worker threads that take keys from the queue and run passes."""

import threading
import uuid
from collections.abc import Callable

import structlog
from structlog.contextvars import bound_contextvars

from oracleapi.errors import OperatorError, OutOfBudget
from oracleapi.runtime.clock import Clock
from oracleapi.runtime.metrics import Metrics
from oracleapi.runtime.store import Key
from oracleapi.runtime.workqueue import KeyedQueue

LOG = structlog.get_logger("oracleapi.workers")


class Workers:
    """Runs *work* for each key; a failure backs off, a number is seconds to the next pass."""

    def __init__(
        self, queue: KeyedQueue[Key], work: Callable[[Key], float | None], metrics: Metrics, clock: Clock, count: int
    ) -> None:
        self._queue, self._work, self._metrics, self._clock = queue, work, metrics, clock
        self._threads = [threading.Thread(target=self._loop, name=f"worker-{n}", daemon=True) for n in range(count)]
        metrics.follow(queue.running, count)

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self, grace_s: float) -> None:
        """Hand out no new work and wait for the passes in flight."""
        self._queue.close()
        deadline = self._clock.monotonic() + grace_s
        for thread in self._threads:
            thread.join(max(0.0, deadline - self._clock.monotonic()))

    def alive(self) -> bool:
        """Say whether every worker lives."""
        return all(thread.is_alive() for thread in self._threads)

    def longest_s(self) -> float:
        """Return how long the oldest pass in progress has run, in seconds."""
        return max(self._queue.running().values(), default=0.0)

    def _loop(self) -> None:
        while (key := self._queue.take()) is not None:
            try:
                self.run(key)
            finally:
                self._queue.done(key)

    def run(self, key: Key) -> None:
        """Run one pass of a taken key and ask for the next one; whatever fails, the worker lives.

        Every log line of the pass names the object and carries the same ``reconcile_id``.
        """
        with bound_contextvars(reconcile_id=uuid.uuid4().hex[:12], **key._asdict()):
            self._run(key)

    def _run(self, key: Key) -> None:
        result = "success"
        with self._metrics.reconcile_seconds.labels(key.kind).time():
            try:
                delay = self._work(key)
            except OutOfBudget as error:
                result = "requeue"
                self._queue.put_back(key)
                LOG.debug("Pass waits for the call budget", message=error.message)
            except OperatorError as error:
                result, delay = "error", self._queue.retry(key)
                LOG.info("Pass will be tried again", reason=error.reason, delay_s=round(delay, 1))
            except Exception:
                result, delay = "error", self._queue.retry(key)
                LOG.exception("Pass failed outside its report")
            else:
                self._queue.forget(key)
                if delay is not None:
                    result = "requeue_after"
                    self._queue.add_after(key, delay)
        self._metrics.reconcile_total.labels(key.kind, result).inc()
        if result == "error":
            self._metrics.reconcile_errors.labels(key.kind).inc()
