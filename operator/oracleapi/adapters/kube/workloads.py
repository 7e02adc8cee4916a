"""Secrets and workloads in the namespaces whose Role lets a rotation in (chart value ``rotation.namespaces``).

What the API server says about a refused write of a Secret is not repeated: an admission webhook could quote it.
"""

import base64
import json
from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from oracleapi.adapters.kube.client import FIELD_MANAGER, MERGE_PATCH, TIMEOUT_S
from oracleapi.adapters.kube.config import ClusterConfig
from oracleapi.adapters.kube.rollout import workload
from oracleapi.adapters.kube.wire import Wire, message_of, refusal
from oracleapi.api import reasons
from oracleapi.api.common import SECRET_VERSION
from oracleapi.errors import DependencyNotReady, OperatorError, Retryable, Terminal
from oracleapi.model.rotation import KubeSecret, Workload, WorkloadKind
from oracleapi.ports import Resource

FIELD = "spec.secret.kubernetesSecret.name"
MANAGED_BY = "app.kubernetes.io/managed-by"
METHODS = {"get": "GET", "create": "POST", "update": "PUT", "patch": "PATCH"}
FORBIDDEN = 403
REFUSALS = range(400, 600)


@dataclass(frozen=True)
class Thing:
    """An object by its address."""

    kind: str
    namespace: str
    name: str

    @property
    def resource(self) -> str:
        return f"{self.kind.lower()}s"

    @property
    def collection(self) -> str:
        start = "/api/v1" if self.kind == "Secret" else "/apis/apps/v1"
        return f"{start}/namespaces/{quote(self.namespace, safe='')}/{self.resource}"

    @property
    def path(self) -> str:
        return f"{self.collection}/{quote(self.name, safe='')}"

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


class KubeWorkloads:
    """Fulfils :class:`oracleapi.ports.Workloads`."""

    def __init__(self, config: ClusterConfig) -> None:
        self._wire = Wire(config, TIMEOUT_S)

    def close(self) -> None:
        self._wire.close()

    def read_secret(self, namespace: str, name: str) -> KubeSecret | None:
        found = self._get(Thing("Secret", namespace, name))
        if found is None:
            return None
        data = {key: base64.b64decode(value).decode(errors="replace") for key, value in _data(found).items()}
        return KubeSecret(name, _controller(found), data)

    def write_secret(self, namespace: str, name: str, data: Mapping[str, str], owner: Resource) -> None:
        thing = Thing("Secret", namespace, name)
        encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
        found = self._get(thing)
        if found is None:
            self._write("create", thing, _new_secret(thing, encoded, owner))
            return
        _check_ours(thing, found, owner)
        labels = {**(found["metadata"].get("labels") or {}), MANAGED_BY: FIELD_MANAGER}
        wanted = {**found, "metadata": {**found["metadata"], "labels": labels}, "data": encoded}
        if wanted != {**found, "data": _data(found)}:
            self._write("update", thing, wanted)

    def release_secret(self, namespace: str, name: str, owner: Resource) -> None:
        thing = Thing("Secret", namespace, name)
        found = self._get(thing)
        if found is None or _controller(found) != owner["metadata"]["uid"]:
            return
        metadata = dict(found["metadata"])
        metadata["ownerReferences"] = [
            reference for reference in metadata["ownerReferences"] if reference["uid"] != owner["metadata"]["uid"]
        ]
        metadata["labels"] = {key: value for key, value in (metadata.get("labels") or {}).items() if key != MANAGED_BY}
        self._write("update", thing, {**found, "metadata": metadata})

    def find_workload(self, kind: WorkloadKind, namespace: str, name: str) -> Workload | None:
        found = self._get(Thing(kind, namespace, name))
        return None if found is None else workload(kind, found)

    def restart(self, kind: WorkloadKind, namespace: str, name: str, version: str) -> None:
        """Set our annotation on its pod template to *version*: its controller replaces the pods where it differs.

        Raises:
            DependencyNotReady: It is not there.
        """
        thing = Thing(kind, namespace, name)
        found = self._get(thing)
        if found is None:
            raise DependencyNotReady(reasons.DEPENDENCY_NOT_READY, f"{thing} is not there; create it, or name another")
        if workload(kind, found).version == version:
            return
        template = {"metadata": {"annotations": {SECRET_VERSION: version}}}
        self._send(
            "patch",
            thing,
            content=json.dumps({"spec": {"template": template}}),
            headers={"Content-Type": MERGE_PATCH},
            params={"fieldManager": FIELD_MANAGER},
        )

    def _get(self, thing: Thing) -> Resource | None:
        answer = self._send("get", thing, absent_is_fine=True)
        if answer.status_code == 404:
            return None
        found: Resource = answer.json()
        return found

    def _write(self, verb: str, thing: Thing, body: Resource) -> None:
        """Create or replace a Secret; a replacement carries the resource version that was read, which guards it."""
        answer = self._send(verb, thing, judged=REFUSALS, json=body, params={"fieldManager": FIELD_MANAGER})
        if not answer.is_success:
            raise _unwritten(thing, answer.status_code)

    def _send(
        self,
        verb: str,
        thing: Thing,
        absent_is_fine: bool = False,
        judged: Container[int] = (FORBIDDEN,),
        **arguments: Any,
    ) -> httpx.Response:
        path = thing.collection if verb == "create" else thing.path
        answer = self._wire.send(METHODS[verb], path, absent_is_fine, judged, **arguments)
        if answer.status_code != FORBIDDEN:
            return answer
        text = message_of(answer)
        if f'cannot {verb} resource "{thing.resource}"' in text:
            raise _rbac_missing(verb, thing, "add the namespace to rotation.namespaces of the chart's values")
        if "cannot set an ownerRef" in text:
            raise _rbac_missing("delete", thing, "OwnerReferencesPermissionEnforcement asks for it, so grant it there")
        raise _unwritten(thing, FORBIDDEN) if thing.kind == "Secret" else refusal(answer)


def _check_ours(thing: Thing, found: Resource, owner: Resource) -> None:
    """Refuse a Secret that *owner* does not control; one of an earlier object of its name goes by itself."""
    holder = _reference(found)
    if holder.get("uid") == owner["metadata"]["uid"]:
        return
    kind = owner["kind"]
    if (holder.get("kind"), holder.get("name")) == (kind, owner["metadata"]["name"]):
        raise Retryable(reasons.CONFLICT, f"{FIELD}: {thing} is of a deleted {kind} of this name, and goes after it")
    raise Terminal(
        reasons.CONFLICT, f"{FIELD}: {thing} is there already and not of this {kind}; write another name, or delete it"
    )


def _rbac_missing(verb: str, thing: Thing, cure: str) -> Retryable:
    return Retryable(
        reasons.RBAC_MISSING, f"the operator may not {verb} {thing.resource} in namespace {thing.namespace}; {cure}"
    )


def _unwritten(thing: Thing, status: int) -> OperatorError:
    """Return why a Secret could not be written, in words that hold nothing of what was sent."""
    if status == 422:
        return Terminal(
            reasons.CONFLICT, f"{FIELD}: {thing} may not be written; if it is immutable, delete it, else see admission"
        )
    if status in (404, 409):
        return Retryable(reasons.CONFLICT, f"{thing} or its namespace was changed by somebody else just now")
    why = "see quotas, admission policies and whether the namespace is being deleted"
    return Retryable(reasons.CONFLICT, f"the API server answered {status} to a write of {thing}; {why}")


def _new_secret(thing: Thing, data: Mapping[str, str], owner: Resource) -> Resource:
    metadata = owner["metadata"]
    reference = {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": metadata["name"],
        "uid": metadata["uid"],
        "controller": True,
        "blockOwnerDeletion": False,
    }
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": thing.name,
            "namespace": thing.namespace,
            "labels": {MANAGED_BY: FIELD_MANAGER},
            "ownerReferences": [reference],
        },
        "type": "Opaque",
        "data": dict(data),
    }


def _reference(found: Resource) -> Mapping[str, Any]:
    """Return the reference to the owner that controls it, or an empty one."""
    references = found["metadata"].get("ownerReferences") or []
    return next((reference for reference in references if reference.get("controller")), {})


def _controller(found: Resource) -> str:
    return str(_reference(found).get("uid", ""))


def _data(found: Resource) -> Mapping[str, str]:
    return found.get("data") or {}
