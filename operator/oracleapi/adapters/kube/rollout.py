"""How far a Deployment or StatefulSet has got, from what its controller writes into its status.

The rules are those of ``kubectl rollout status`` (k8s.io/kubectl, polymorphichelpers/rollout_status.go), and stricter
where that calls a rollout complete although pods of the old template are meant to stay, or are still ending.
"""

from typing import Any

from oracleapi.api.common import SECRET_VERSION
from oracleapi.model.rotation import Workload, WorkloadKind
from oracleapi.ports import Resource

DEADLINE = "ProgressDeadlineExceeded"


def workload(kind: WorkloadKind, found: Resource) -> Workload:
    """Return what *found*, an object of ``apps/v1``, says of itself."""
    spec, status = found.get("spec", {}), found.get("status", {})
    wanted = spec.get("replicas", 1)
    observed = status.get("observedGeneration", 0) >= found["metadata"]["generation"]
    complete = _deployed(wanted, status) if kind == "Deployment" else _in_order(wanted, spec, status)
    settled = observed and complete and not _timed_out(status)
    annotations = spec.get("template", {}).get("metadata", {}).get("annotations") or {}
    return Workload(
        kind,
        found["metadata"]["name"],
        version=annotations.get(SECRET_VERSION, ""),
        settled=settled,
        replicas=wanted,
        moved=_moved(status) if observed else 0,
        stuck="" if settled or not observed else _stuck(kind, wanted, spec, status),
    )


def _deployed(wanted: int, status: dict[str, Any]) -> bool:
    """Return whether every pod of a Deployment is of the latest template and available, and no other is left.

    ``terminatingReplicas`` counts pods that are told to end and may still work with what they began with. Before
    Kubernetes 1.35 it is not told (KEP-3973); there a pod that takes its time to end is not seen.
    """
    updated = status.get("updatedReplicas", 0)
    return (
        updated >= wanted
        and status.get("replicas", 0) <= updated
        and status.get("availableReplicas", 0) >= updated
        and not status.get("terminatingReplicas", 0)
    )


def _in_order(wanted: int, spec: dict[str, Any], status: dict[str, Any]) -> bool:
    """Return whether every pod of a StatefulSet is of the latest template and available.

    With OnDelete ``currentRevision`` stays behind for ever, so there the number of updated pods has to do.
    """
    updated, available = status.get("updatedReplicas", 0), status.get("availableReplicas", 0)
    if not updated == available == status.get("replicas", 0) == wanted:
        return False
    return _strategy(spec) == "OnDelete" or status.get("currentRevision") == status.get("updateRevision")


def _moved(status: dict[str, Any]) -> int:
    """Return how many updated pods are available for certain: those that are not may all be updated ones."""
    updated: int = status.get("updatedReplicas", 0)
    others: int = status.get("replicas", 0) - updated
    available: int = status.get("availableReplicas", 0)
    return max(0, min(updated, available - others))


def _stuck(kind: WorkloadKind, wanted: int, spec: dict[str, Any], status: dict[str, Any]) -> str:
    """Return why it does not get on, with what helps; times and names of pods are left out on purpose."""
    if spec.get("paused"):
        return "it is paused; take spec.paused away"
    if _timed_out(status):
        return f"{DEADLINE}: its new pods do not become available; kubectl describe says why"
    behind = wanted - status.get("updatedReplicas", 0)
    if kind == "StatefulSet" and behind > 0:
        return _held_back(behind, spec)
    return ""


def _held_back(behind: int, spec: dict[str, Any]) -> str:
    """Return what in the strategy of a StatefulSet keeps *behind* old pods, if it does."""
    if _strategy(spec) == "OnDelete":
        return "OnDelete: its pods stay as they are; delete them, or make spec.updateStrategy.type RollingUpdate"
    partition = (spec.get("updateStrategy", {}).get("rollingUpdate") or {}).get("partition", 0)
    if 0 < behind <= partition:
        return f"the first {partition} pods stay as they are; set spec.updateStrategy.rollingUpdate.partition to 0"
    return ""


def _strategy(spec: dict[str, Any]) -> str:
    return str(spec.get("updateStrategy", {}).get("type", "RollingUpdate"))


def _timed_out(status: dict[str, Any]) -> bool:
    return any(
        found["type"] == "Progressing" and found.get("reason") == DEADLINE for found in status.get("conditions") or []
    )
