"""A kubelet for the pods of one namespace, and the operator's way to them: the sandbox has controllers and no nodes.

Pods are bound to a node that is only a name, their container begins with the environment that a kubelet would give it,
and their status becomes what a kubelet writes: Running and Ready, or why not. Pods that are told to end do so at once.
"""

import base64
import contextlib
import json
import pathlib
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from oracleapi.adapters.kube.config import load_config
from oracleapi.adapters.kube.workloads import KubeWorkloads
from support.lab import CHART, NAMESPACE, RELEASE, Lab

NODE = "a-node"
ROUND_S = 0.1
FAULT_WAIT_S = 30.0


@dataclass(frozen=True)
class Started:
    """A container as it begins: its pod, and its environment with what it reads out of Secrets."""

    pod: str
    document: Mapping[str, Any]
    environment: Mapping[str, str]


class Kubelet:
    """Runs the pods of *namespace* until it is closed.

    Args:
        start: Called with each container at its begin; ``False``: it ended, and is begun again in the next round, with
            the environment of then.

    Attributes:
        ready: Whether pods that run become Ready; those that are stay so.
        ending: Whether pods that are told to end do; else they go on as if their grace period were long.
    """

    def __init__(self, lab: Lab, namespace: str, start: Callable[[Started], bool] = lambda _: True) -> None:
        self.ready = self.ending = True
        self._http, self._start = lab.cluster, start
        self._folder = f"/api/v1/namespaces/{namespace}"
        self._stop = threading.Event()
        self._fault: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=f"kubelet of {namespace}", daemon=True)

    def __enter__(self) -> "Kubelet":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(FAULT_WAIT_S)
        if self._fault is not None:
            raise self._fault

    def _run(self) -> None:
        try:
            while not self._stop.wait(ROUND_S):
                for pod in self._get("pods")["items"]:
                    self._look_after(pod)
        except BaseException as error:
            self._fault = error

    def _look_after(self, pod: dict[str, Any]) -> None:
        metadata, status = pod["metadata"], pod.get("status", {})
        path = f"pods/{metadata['name']}"
        if "deletionTimestamp" in metadata:
            if self.ending:
                body = {"gracePeriodSeconds": 0, "preconditions": {"uid": metadata["uid"]}}
                self._send("DELETE", path, body)
        elif not pod["spec"].get("nodeName"):
            self._send("POST", f"{path}/binding", _binding(metadata["name"]))
        elif not _has_begun(status):
            self._begin(pod, path)
        elif self.ready and not _is_ready(status):
            self._tell(path, pod, {"running": {"startedAt": _now()}}, ready=True)

    def _begin(self, pod: dict[str, Any], path: str) -> None:
        environment = self._environment(pod["spec"]["containers"][0])
        if environment is None:
            self._tell(path, pod, {"waiting": {"reason": "CreateContainerConfigError"}}, ready=False)
        elif self._start(Started(pod["metadata"]["name"], pod, environment)):
            self._tell(path, pod, {"running": {"startedAt": _now()}}, ready=self.ready)
        else:
            self._tell(path, pod, {"waiting": {"reason": "CrashLoopBackOff"}}, ready=False)

    def _environment(self, container: Mapping[str, Any]) -> dict[str, str] | None:
        """Return the variables of a container; ``None``: a Secret or a key of it is not there."""
        found: dict[str, str] = {}
        for source in container.get("envFrom", []):
            data = self._secret(source["secretRef"]["name"])
            if data is None:
                return None
            found |= data
        for entry in container.get("env", []):
            value = entry.get("value", "")
            if "valueFrom" in entry:
                reference = entry["valueFrom"]["secretKeyRef"]
                value = (self._secret(reference["name"]) or {}).get(reference["key"])
            if value is None:
                return None
            found[entry["name"]] = value
        return found

    def _secret(self, name: str) -> dict[str, str] | None:
        answer = self._http.get(f"{self._folder}/secrets/{name}")
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        answer.raise_for_status()
        return {key: base64.b64decode(value).decode() for key, value in (answer.json().get("data") or {}).items()}

    def _tell(self, path: str, pod: Mapping[str, Any], state: Mapping[str, Any], ready: bool) -> None:
        status = _status(pod["spec"]["containers"], state, ready)
        if _told(pod.get("status", {})) != _told(status):
            self._send("PATCH", f"{path}/status", {"metadata": {"uid": pod["metadata"]["uid"]}, "status": status})

    def _get(self, path: str) -> dict[str, Any]:
        answer = self._http.get(f"{self._folder}/{path}")
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def _send(self, method: str, path: str, body: Mapping[str, Any]) -> None:
        """Write; what was changed or deleted by its controller meanwhile is met again in the next round."""
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        content = json.dumps(body)
        answer = self._http.request(method, f"{self._folder}/{path}", content=content, headers={"Content-Type": kind})
        if answer.status_code not in (httpx.codes.NOT_FOUND, httpx.codes.CONFLICT):
            answer.raise_for_status()


def _binding(pod: str) -> dict[str, Any]:
    target = {"apiVersion": "v1", "kind": "Node", "name": NODE}
    return {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": pod}, "target": target}


def _status(containers: list[dict[str, Any]], state: Mapping[str, Any], ready: bool) -> dict[str, Any]:
    running, word = "running" in state, "True" if ready else "False"
    begun = dict.fromkeys(("PodScheduled", "Initialized", "PodReadyToStartContainers"), "True")
    conditions = [
        {"type": name, "status": value, "lastTransitionTime": _now()}
        for name, value in {**begun, "ContainersReady": word, "Ready": word}.items()
    ]
    shared = {"imageID": "", "ready": ready, "started": running, "restartCount": 0, "state": dict(state)}
    statuses = [{"name": found["name"], "image": found["image"], **shared} for found in containers]
    return {"phase": "Running" if running else "Pending", "conditions": conditions, "containerStatuses": statuses}


def _told(status: Mapping[str, Any]) -> tuple[str, bool, list[str]]:
    """Return what of a status is worth a write."""
    states = [found["state"] for found in status.get("containerStatuses", [])]
    return status.get("phase", ""), _is_ready(status), [json.dumps(sorted(state)) for state in states]


def _has_begun(status: Mapping[str, Any]) -> bool:
    return any("running" in found["state"] for found in status.get("containerStatuses", []))


def _is_ready(status: Mapping[str, Any]) -> bool:
    return any(found["type"] == "Ready" and found["status"] == "True" for found in status.get("conditions", []))


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def let_in(lab: Lab, namespace: str) -> None:
    """Apply what the chart renders for *namespace* in ``rotation.namespaces``, and nothing else of it."""
    chosen = ("--show-only", "templates/rotation.yaml", "--set", f"rotation.namespaces={{{namespace}}}")
    lab.apply(lab.helm("template", RELEASE, str(CHART), "-n", NAMESPACE, *chosen))


@contextlib.contextmanager
def as_operator(lab: Lab, folder: pathlib.Path) -> Iterator[KubeWorkloads]:
    """Yield the adapter with a token of the operator's ServiceAccount; *folder* takes its kubeconfig."""
    document = json.loads(pathlib.Path(lab.environment["KUBECONFIG"]).read_text())
    token = lab.kubectl("-n", NAMESPACE, "create", "token", RELEASE, "--duration=1h").strip()
    document["users"][0]["user"] = {"token": token}
    file = folder / "operator.kubeconfig"
    file.write_text(json.dumps(document))
    found = KubeWorkloads(load_config(file))
    try:
        yield found
    finally:
        found.close()
