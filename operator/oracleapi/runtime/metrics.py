"""Metrics under controller-runtime's names, so that stock dashboards and alerts work, and our own.

Labels are kinds, operations and backends: bounded, and none holds a secret.
"""

from collections.abc import Callable, Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric
from prometheus_client.core import GaugeMetricFamily

from oracleapi.runtime.store import Key

SECONDS = (0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300)


class QueueMetrics:
    """What happens in the queue, by kind: controller-runtime has a queue for each."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._depth = Gauge("workqueue_depth", "Keys that wait to run now", ["name"], registry=registry)
        self._adds = Counter("workqueue_adds", "Keys that began to wait to run", ["name"], registry=registry)
        self._retries = Counter("workqueue_retries", "Retries with backoff", ["name"], registry=registry)
        self._waited = Histogram(
            "workqueue_queue_duration_seconds", "Waited to run", ["name"], registry=registry, buckets=SECONDS
        )
        self._worked = Histogram("workqueue_work_duration_seconds", "Ran", ["name"], registry=registry, buckets=SECONDS)

    def added(self, key: Key) -> None:
        self._adds.labels(key.kind).inc()
        self._depth.labels(key.kind).inc()

    def taken(self, key: Key, waited_s: float) -> None:
        self._depth.labels(key.kind).dec()
        self._waited.labels(key.kind).observe(waited_s)

    def ended(self, key: Key, ran_s: float) -> None:
        self._worked.labels(key.kind).observe(ran_s)

    def retried(self, key: Key) -> None:
        self._retries.labels(key.kind).inc()


class _Running:
    """Computes, when asked, what runs and for how long."""

    def __init__(self, running: Callable[[], Mapping[Key, float]], workers: int) -> None:
        self._running, self._workers = running, workers

    def collect(self) -> Iterable[Metric]:
        running = self._running()
        times: dict[str, list[float]] = {}
        for key, seconds in running.items():
            times.setdefault(key.kind, []).append(seconds)
        for name, text, of in (
            ("workqueue_unfinished_work_seconds", "Seconds of passes in progress", sum),
            ("workqueue_longest_running_processor_seconds", "Age of the longest running pass", max),
        ):
            family = GaugeMetricFamily(name, text, labels=["name"])
            for kind, found in times.items():
                family.add_metric([kind], of(found))
            yield family
        active = GaugeMetricFamily("controller_runtime_active_workers", "Passes in progress", labels=["controller"])
        for kind, found in times.items():
            active.add_metric([kind], len(found))
        yield active
        yield GaugeMetricFamily(
            "controller_runtime_max_concurrent_reconciles", "Workers, shared by all kinds", self._workers
        )

    def describe(self) -> Iterable[Metric]:
        return ()


class Metrics:
    """The process's own registry; a test can have several."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.queue = QueueMetrics(self.registry)
        self.reconcile_total = Counter(
            "controller_runtime_reconcile", "Passes by result", ["controller", "result"], registry=self.registry
        )
        self.reconcile_errors = Counter(
            "controller_runtime_reconcile_errors", "Passes that failed", ["controller"], registry=self.registry
        )
        self.reconcile_seconds = Histogram(
            "controller_runtime_reconcile_time_seconds", "Duration of passes", ["controller"], registry=self.registry
        )
        self.last_event = Gauge(
            "oracleapi_watch_last_event_timestamp_seconds", "Last watch event", ["kind"], registry=self.registry
        )
        self.calls = Counter(
            "oracleapi_aws_calls", "Calls sent to API Gateway and Secrets Manager", ["account", "operation"],
            registry=self.registry,
        )  # fmt: skip
        self.throttled = Counter("oracleapi_aws_throttled", "Answers 429", ["account"], registry=self.registry)
        self.tokens = Gauge(
            "oracleapi_budget_tokens", "Calls that could be sent now", ["account"], registry=self.registry
        )
        self.budget_wait = Histogram(
            "oracleapi_budget_wait_seconds", "Passes waited for tokens", ["account"], registry=self.registry,
            buckets=SECONDS,
        )  # fmt: skip
        self.cycle = Gauge(
            "oracleapi_routine_cycle_seconds",
            "How long all routine checks of an account take at their half of the budget; the real period if longer",
            ["account"],
            registry=self.registry,
        )
        self.breaker = Gauge(
            "oracleapi_breaker_open", "1 while calls to a backend are refused unsent", ["backend"],
            registry=self.registry,
        )  # fmt: skip

    def follow(self, running: Callable[[], Mapping[Key, float]], workers: int) -> None:
        """Show what *running* returns: keys and seconds."""
        self.registry.register(_Running(running, workers))
