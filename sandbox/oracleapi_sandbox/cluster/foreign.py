"""Clusters that other programs run: one that kind makes for the sandbox, and one that is there already."""

import hashlib
import json
import subprocess
from pathlib import Path
from typing import Protocol

from oracleapi_sandbox.cluster.build import KubernetesVersion
from oracleapi_sandbox.cluster.choice import why_not_kind
from oracleapi_sandbox.cluster.controlplane import StartError
from oracleapi_sandbox.cluster.golang import ToolError

READY_LIMIT_S = 120
CALL_LIMIT_S = 30.0


class Cluster(Protocol):
    """What the part starts, looks at and stops."""

    kubeconfig: Path

    def start(self) -> None:
        """Raises :class:`StartError`."""
        ...

    def dead(self) -> str | None:
        """Return what ended, for a person, else ``None``."""
        ...

    def stop(self) -> None: ...


class ExistingCluster:
    """A cluster of somebody else: it is used, and never stopped or deleted."""

    def __init__(self, kubeconfig: Path, kubectl: Path) -> None:
        self.kubeconfig, self._kubectl = kubeconfig, kubectl

    def start(self) -> None:
        self._kubectl_raw("/readyz")

    def dead(self) -> str | None:
        return None

    def stop(self) -> None:
        return

    def _kubectl_raw(self, path: str) -> str:
        return raw(self._kubectl, self.kubeconfig, path)


class KindCluster:
    """A cluster that kind makes for one state folder and that goes away with it; its data is not kept."""

    def __init__(self, state: Path, version: KubernetesVersion, kubectl: Path) -> None:
        self.kubeconfig, self._kubectl = state / "kubeconfig", kubectl
        self._state, self._version = state, version

    def start(self) -> None:
        """Make the cluster; raises :class:`StartError` with kind's own words."""
        if reason := why_not_kind():
            raise StartError(f"kind cannot make a cluster: {reason}; take another with --cluster build")
        delete_kind_cluster(self._state)
        record = _record(self._state)
        record.parent.mkdir(parents=True, exist_ok=True)
        record.write_text(json.dumps(kind_name(self._state)))
        made = subprocess.run(self.command, capture_output=True, text=True)
        if made.returncode:
            delete_kind_cluster(self._state)
            raise StartError(f"{' '.join(self.command)} failed:\n{made.stderr[-3000:]}")
        raw(self._kubectl, self.kubeconfig, "/readyz")

    @property
    def command(self) -> list[str]:
        image = f"kindest/node:{self._version}"
        name, wait = kind_name(self._state), f"{READY_LIMIT_S}s"
        options = ["--name", name, "--image", image, "--kubeconfig", str(self.kubeconfig), "--wait", wait]
        return ["kind", "create", "cluster", *options]

    def dead(self) -> str | None:
        return None

    def stop(self) -> None:
        delete_kind_cluster(self._state)


def kind_name(state: Path) -> str:
    """Return the name of the cluster of a state folder: two sandboxes have two."""
    return f"oracleapi-{hashlib.sha256(str(state).encode()).hexdigest()[:10]}"


def delete_kind_cluster(state: Path) -> None:
    """Delete the cluster that was recorded as made for *state*, and no other.

    Raises:
        ToolError: kind could not.
    """
    record = _record(state)
    if not record.exists():
        return
    name = json.loads(record.read_text())
    done = subprocess.run(
        ["kind", "delete", "cluster", "--name", name, "--kubeconfig", str(state / "kubeconfig")],
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise ToolError(f"kind delete cluster --name {name} failed:\n{done.stderr[-3000:]}")
    record.unlink()


def raw(kubectl: Path, kubeconfig: Path, path: str) -> str:
    """GET *path* of the cluster that *kubeconfig* leads to; raises :class:`StartError`."""
    command = [str(kubectl), "--kubeconfig", str(kubeconfig), "get", "--raw", path]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=CALL_LIMIT_S)
    except subprocess.TimeoutExpired as error:
        raise StartError(f"the cluster of {kubeconfig} did not answer {path} in {CALL_LIMIT_S:.0f} s") from error
    if done.returncode:
        raise StartError(f"the cluster of {kubeconfig} does not answer {path}: {done.stderr.strip()[-1000:]}")
    return done.stdout


def server_of(kubectl: Path, kubeconfig: Path) -> str:
    """Return the address of the current context's cluster."""
    command = [str(kubectl), "--kubeconfig", str(kubeconfig), "config", "view", "--minify"]
    done = subprocess.run([*command, "--output=jsonpath={.clusters[0].cluster.server}"], capture_output=True, text=True)
    if done.returncode:
        raise StartError(f"{kubeconfig} leads to no cluster: {done.stderr.strip()[-1000:]}")
    return done.stdout


def _record(state: Path) -> Path:
    return state / "cluster" / "kind.json"
