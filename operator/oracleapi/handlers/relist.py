"""Lists every kind now and then and mends what the watches left wrong in the store.

After a 410 kopf lists again, but does not tell what is gone (seen on 1.45.2): such ghosts would hold offers in use for
ever. What a list lacks is read live before it is dropped: a list page may be older than a create.
"""

import random
import threading
from collections.abc import Callable
from typing import Any

import structlog
from prometheus_client import Counter

from oracleapi.api.crd import KINDS
from oracleapi.errors import OperatorError
from oracleapi.ports import Kubernetes, Resource
from oracleapi.runtime.store import Key
from oracleapi.wiring import Operator

LOG = structlog.get_logger("oracleapi.relist")
PERIOD_S = 600.0


class Relist:
    """Compares the cluster with the store; a difference enters as a watch event would."""

    def __init__(
        self, kube: Kubernetes, operator: Operator, jitter: Callable[[float, float], float] = random.uniform
    ) -> None:
        self._kube, self._operator, self._jitter = kube, operator, jitter
        self._mended = Counter(
            "oracleapi_relist_mended",
            "Objects that a watch had left wrong: gone, or not as known",
            ["kind", "fault"],
            registry=operator.metrics.registry,
        )

    def start(self, stop: threading.Event) -> None:
        """Do it until *stop* is set, on a thread of its own."""
        threading.Thread(target=self._loop, args=(stop,), name="relist", daemon=True).start()

    def _loop(self, stop: threading.Event) -> None:
        while not stop.wait(PERIOD_S * self._jitter(0.9, 1.1)):
            try:
                self.once()
            except OperatorError as error:
                LOG.warning("Objects were not listed again", reason=error.reason, message=error.message)
            except Exception:
                LOG.exception("Objects were not listed again by a fault of ours")

    def once(self) -> None:
        """Go through every kind.

        Raises:
            OperatorError: The API server did not answer; what was mended stays mended.
        """
        for kind in KINDS:
            before = [key for key, _ in self._operator.store.of_kind(kind.name)]
            listed = {_key(kind.name, found): found for found in self._kube.list(kind.name)}
            for key in before:
                if key not in listed:
                    self._check(key)
            for key, found in listed.items():
                if _identity(found) != _identity(self._operator.store.get(key)):
                    self._check(key)

    def _check(self, key: Key) -> None:
        """Read *key* live and take in what the store has otherwise."""
        live, known = self._kube.find(*key), self._operator.store.get(key)
        if _identity(live) == _identity(known):
            return
        if known is not None and (live is None or live["metadata"]["uid"] != known["metadata"]["uid"]):
            self._told(key, "gone")
            self._operator.observe(True, known)
        if live is not None:
            self._told(key, "missed")
            self._operator.observe(False, {**live, "kind": key.kind})

    def _told(self, key: Key, fault: str) -> None:
        self._mended.labels(key.kind, fault).inc()
        LOG.info("Mended what a watch left", kind=key.kind, namespace=key.namespace, name=key.name, fault=fault)


def _key(kind: str, resource: Resource) -> Key:
    metadata = resource["metadata"]
    return Key(kind, metadata.get("namespace"), metadata["name"])


def _identity(resource: Resource | None) -> tuple[Any, ...] | None:
    return None if resource is None else (resource["metadata"]["uid"], resource["metadata"]["resourceVersion"])
