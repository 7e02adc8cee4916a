"""Metrics under controller-runtime's names, so that stock dashboards and alerts work."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class Metrics:
    """The process's own registry; a test can have several."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.reconcile_total = Counter(
            "controller_runtime_reconcile", "Passes by result", ["controller", "result"], registry=self.registry
        )
        self.reconcile_errors = Counter(
            "controller_runtime_reconcile_errors", "Passes that failed", ["controller"], registry=self.registry
        )
        self.reconcile_seconds = Histogram(
            "controller_runtime_reconcile_time_seconds", "Duration of passes", ["controller"], registry=self.registry
        )
        self.depth = Gauge("workqueue_depth", "Keys that wait to run now", ["name"], registry=self.registry)
        self.last_event = Gauge(
            "oracleapi_watch_last_event_timestamp_seconds", "Last watch event", ["kind"], registry=self.registry
        )
