"""The operator's own small Kubernetes client: what a pass needs, and nothing that needs a large library.

Status goes by a merge patch guarded with the resource version; the finalizer by a JSON patch with a test; Events are
``events.k8s.io/v1``. Secrets are read by name only, never listed or watched.
"""

import base64
import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import structlog

from oracleapi.adapters.kube.config import ClusterConfig
from oracleapi.adapters.kube.wire import Wire
from oracleapi.api import reasons
from oracleapi.api.common import FINALIZER, GROUP, VERSION
from oracleapi.api.crd import kind_named
from oracleapi.errors import OperatorError, Retryable
from oracleapi.ports import Resource

LOG = structlog.get_logger("oracleapi.kube")
FIELD_MANAGER = "oracle-api-operator"
TIMEOUT_S = 30.0
JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
PAGE = 500


class KubeClient:
    """Fulfils :class:`oracleapi.ports.Kubernetes`."""

    def __init__(self, config: ClusterConfig, namespace: str, reporter: str) -> None:
        self._namespace, self._reporter = namespace, reporter
        self._wire = Wire(config, TIMEOUT_S)

    def close(self) -> None:
        self._wire.close()

    def find(self, kind: str, namespace: str | None, name: str) -> Resource | None:
        return self._get(f"{_collection(kind, namespace)}/{quote(name, safe='')}")

    def list(self, kind: str) -> Sequence[Resource]:
        items: list[Resource] = []
        token = ""
        while True:
            answer = self._wire.send("GET", _collection(kind, None), params={"limit": PAGE, "continue": token})
            page = answer.json()
            items += page.get("items", [])
            token = page.get("metadata", {}).get("continue", "")
            if not token:
                return items

    def patch_status(self, resource: Resource, status: Mapping[str, Any]) -> Resource:
        metadata = resource["metadata"]
        gone = {key: None for key in resource.get("status", {}) if key not in status}
        body = {"metadata": {"resourceVersion": metadata["resourceVersion"]}, "status": {**gone, **status}}
        return self._patch(f"{_path(resource)}/status", body, MERGE_PATCH)

    def add_finalizer(self, resource: Resource) -> Resource:
        present = resource["metadata"].get("finalizers", [])
        return self._patch(_path(resource), self._finalizers(resource, [*present, FINALIZER]), JSON_PATCH)

    def remove_finalizer(self, resource: Resource) -> None:
        left = [found for found in resource["metadata"].get("finalizers", []) if found != FINALIZER]
        self._patch(_path(resource), self._finalizers(resource, left), JSON_PATCH, gone_is_fine=True)

    def find_secret(self, name: str) -> Mapping[str, str] | None:
        found = self._get(f"/api/v1/namespaces/{self._namespace}/secrets/{quote(name, safe='')}")
        if found is None:
            return None
        data = found.get("data") or {}
        return {key: base64.b64decode(value).decode(errors="replace") for key, value in data.items()}

    def namespace_labels(self, name: str) -> Mapping[str, str]:
        found = self._get(f"/api/v1/namespaces/{quote(name, safe='')}")
        labels: Mapping[str, str] = (found or {}).get("metadata", {}).get("labels", {})
        return labels

    def namespace_goes(self, name: str) -> bool:
        found = self._get(f"/api/v1/namespaces/{quote(name, safe='')}")
        return found is None or bool(found["metadata"].get("deletionTimestamp"))

    def cluster_uid(self) -> str:
        """Return the UID of ``kube-system``: the installation id unless another is given."""
        found = self._get("/api/v1/namespaces/kube-system")
        if found is None:
            raise Retryable(reasons.DEPENDENCY_NOT_READY, "namespace kube-system is not there yet")
        return str(found["metadata"]["uid"])

    def record_event(self, resource: Resource, warning: bool, reason: str, message: str) -> None:
        metadata = resource["metadata"]
        namespace = metadata.get("namespace") or "default"
        now = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        body = {
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {"name": f"{metadata['name']}.{uuid.uuid4().hex[:16]}", "namespace": namespace},
            "regarding": {
                "apiVersion": resource["apiVersion"],
                "kind": resource["kind"],
                "namespace": metadata.get("namespace"),
                "name": metadata["name"],
                "uid": metadata["uid"],
            },
            "type": "Warning" if warning else "Normal",
            "reason": reason,
            "action": "Reconcile",
            "note": message[:1024],
            "eventTime": now,
            "reportingController": f"{GROUP}/oracle-api-operator",
            "reportingInstance": self._reporter[:128],
        }
        try:
            self._wire.send("POST", f"/apis/events.k8s.io/v1/namespaces/{namespace}/events", json=body)
        except OperatorError as error:
            LOG.warning("Event was not recorded", reason=reason, object=metadata["name"], error=error.message)

    def _finalizers(self, resource: Resource, wanted: Sequence[str]) -> Sequence[Mapping[str, Any]]:
        """Return the JSON patch that sets the finalizers, refused when the object changed meanwhile."""
        metadata = resource["metadata"]
        return [
            {"op": "test", "path": "/metadata/resourceVersion", "value": metadata["resourceVersion"]},
            {"op": "add", "path": "/metadata/finalizers", "value": list(wanted)},
        ]

    def _get(self, path: str) -> Resource | None:
        answer = self._wire.send("GET", path, absent_is_fine=True)
        if answer.status_code == 404:
            return None
        found: Resource = answer.json()
        return found

    def _patch(self, path: str, body: Any, content_type: str, gone_is_fine: bool = False) -> Resource:
        answer = self._wire.send(
            "PATCH",
            path,
            params={"fieldManager": FIELD_MANAGER},
            content=json.dumps(body),
            headers={"Content-Type": content_type},
            absent_is_fine=gone_is_fine,
        )
        found: Resource = answer.json()
        return found


def _collection(kind: str, namespace: str | None) -> str:
    found = kind_named(kind)
    middle = f"/namespaces/{quote(namespace, safe='')}" if namespace else ""
    return f"/apis/{GROUP}/{VERSION}{middle}/{found.plural}"


def _path(resource: Resource) -> str:
    metadata = resource["metadata"]
    return f"{_collection(resource['kind'], metadata.get('namespace'))}/{quote(metadata['name'], safe='')}"
