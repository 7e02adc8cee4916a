"""How old the passwords of ``SecretRotation`` are and how late their next change is, as metrics."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from oracleapi.ports import Resource
from oracleapi.wiring import Operator

KIND = "SecretRotation"


class Passwords:
    """Reads the newest known statuses. A label ``rotation`` is ``namespace/name``; there are as many as objects."""

    def __init__(self, operator: Operator) -> None:
        self._store, self._clock = operator.store, operator.clock
        operator.metrics.registry.register(self)

    def collect(self) -> Iterable[Metric]:
        age = GaugeMetricFamily("oracleapi_password_age_seconds", "Since the password was changed", labels=["rotation"])
        late = GaugeMetricFamily(
            "oracleapi_rotation_late_seconds", "Since a rotation was due that did not end; 0: none", labels=["rotation"]
        )
        for key, resource in self._store.of_kind(KIND):
            name, status = [f"{key.namespace}/{key.name}"], resource.get("status", {})
            if "lastRotationTime" in status:
                age.add_metric(name, self._since(status["lastRotationTime"]))
            if "dueTime" in status and not _stopped(resource):
                late.add_metric(name, max(0.0, self._since(status["dueTime"])))
        yield age
        yield late

    def describe(self) -> Iterable[Metric]:
        return ()

    def _since(self, time: Any) -> float:
        return self._clock.now() - datetime.fromisoformat(time).timestamp()


def _stopped(resource: Resource) -> bool:
    """Say whether somebody wants no rotation now."""
    return bool(resource["spec"].get("suspend")) or "deletionTimestamp" in resource["metadata"]
