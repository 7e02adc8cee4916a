"""One ``coordination.k8s.io/v1`` Lease, over a client of its own: a slow pass must not delay a renewal."""

from typing import Any

from oracleapi.adapters.kube.config import ClusterConfig
from oracleapi.adapters.kube.wire import Wire
from oracleapi.runtime.lease import Record


class KubeLease:
    """Fulfils :class:`oracleapi.runtime.lease.LeaseApi`.

    Args:
        timeout_s: For each answer; below the renew deadline, so that a lost answer leaves time for another try.
    """

    def __init__(self, config: ClusterConfig, namespace: str, name: str, timeout_s: float) -> None:
        self._wire = Wire(config, timeout_s)
        self._namespace, self._name = namespace, name
        self._folder = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"

    def close(self) -> None:
        self._wire.close()

    def read(self) -> Record | None:
        answer = self._wire.send("GET", f"{self._folder}/{self._name}", absent_is_fine=True)
        return None if answer.status_code == 404 else _record(answer.json())

    def create(self, record: Record) -> Record:
        return _record(self._wire.send("POST", self._folder, json=self._lease(record)).json())

    def update(self, record: Record) -> Record:
        return _record(self._wire.send("PUT", f"{self._folder}/{self._name}", json=self._lease(record)).json())

    def _lease(self, record: Record) -> dict[str, Any]:
        metadata = {"name": self._name, "namespace": self._namespace}
        if record.version:
            metadata["resourceVersion"] = record.version
        spec = {
            **({"holderIdentity": record.holder} if record.holder else {}),
            "leaseDurationSeconds": record.duration_s,
            "acquireTime": record.acquired,
            "renewTime": record.renewed,
            "leaseTransitions": record.transitions,
        }
        return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec}


def _record(lease: dict[str, Any]) -> Record:
    spec = lease.get("spec", {})
    return Record(
        holder=spec.get("holderIdentity", ""),
        duration_s=spec.get("leaseDurationSeconds", 0),
        acquired=spec.get("acquireTime", ""),
        renewed=spec.get("renewTime", ""),
        transitions=spec.get("leaseTransitions", 0),
        version=lease["metadata"]["resourceVersion"],
    )
