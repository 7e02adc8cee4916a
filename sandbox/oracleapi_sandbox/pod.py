"""A kubelet double: runs the one container of a Deployment as a process, with what the chart rendered for it.

Reads the Deployment from the API server; takes its arguments and environment; writes mounted ConfigMaps and Secrets
into a folder and points the arguments there; asks for a token of its ServiceAccount (TokenRequest) and renews it, so
that the process has exactly the chart's rights. The image's entry point is replaced by a command of the caller's.
"""

import argparse
import base64
import json
import os
import signal
import ssl
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from oracleapi_sandbox.common.state import free_port, write_ready

TOKEN_LIFETIME_S = 3600
TOKEN_RENEW_S = 1200.0


@dataclass
class Pod:
    """A running container: its process, its folder and the port of its endpoints."""

    process: "subprocess.Popen[bytes]"
    folder: Path
    port: int
    _stop: threading.Event

    def stop(self, kill: bool = False) -> int:
        """End it as a kubelet does, by SIGTERM and patience, or by SIGKILL; returns the exit code."""
        self._stop.set()
        self.process.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
        try:
            return self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    @property
    def log(self) -> Path:
        return self.folder / "operator.log"


class ApiServer:
    """The API server as an administrator, from a kubeconfig of the sandbox."""

    def __init__(self, kubeconfig: Path) -> None:
        document = json.loads(kubeconfig.read_text())
        cluster = document["clusters"][0]["cluster"]
        self.server: str = cluster["server"]
        self.ca_pem = base64.b64decode(cluster["certificate-authority-data"]).decode()
        token = document["users"][0]["user"]["token"]
        self._http = httpx.Client(
            base_url=self.server,
            verify=ssl.create_default_context(cadata=self.ca_pem),
            headers={"Authorization": f"Bearer {token}"},
            trust_env=False,
        )

    def get(self, path: str) -> dict[str, Any]:
        answer = self._http.get(path)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def token(self, namespace: str, service_account: str) -> str:
        """Return a bound token of *service_account*."""
        answer = self._http.post(
            f"/api/v1/namespaces/{namespace}/serviceaccounts/{service_account}/token",
            json={"spec": {"expirationSeconds": TOKEN_LIFETIME_S}},
        )
        answer.raise_for_status()
        token: str = answer.json()["status"]["token"]
        return token


def run_pod(
    kubeconfig: Path,
    namespace: str,
    deployment: str,
    command: Sequence[str],
    folder: Path,
    extra: Mapping[str, str],
    replica: int = 0,
) -> Pod:
    """Start the container of *deployment* with *command* in place of the image's entry point.

    Args:
        extra: Environment on top of the container's, for what an image would bring.
        replica: Which of the Deployment's pods it is; each has a name, a folder and a port of its own.
    """
    folder.mkdir(parents=True, exist_ok=True)
    api = ApiServer(kubeconfig)
    spec = api.get(f"/apis/apps/v1/namespaces/{namespace}/deployments/{deployment}")["spec"]["template"]["spec"]
    container = spec["containers"][0]
    mounts = _write_mounts(api, namespace, spec, container, folder)
    arguments = [_moved(argument, mounts) for argument in container.get("args", [])]
    port = free_port()
    arguments = [f"--listen-port={port}" if found.startswith("--listen-port=") else found for found in arguments]
    token_file = folder / "token"
    _write_token(api, namespace, spec["serviceAccountName"], token_file)
    arguments += [f"--kubeconfig={_write_kubeconfig(api, folder)}", "--listen-host=127.0.0.1"]
    inherited = {key: value for key, value in os.environ.items() if key in ("PATH", "LANG", "TZ")}
    environment = {**inherited, **_environment(container, f"{deployment}-{replica}"), **extra}
    with (folder / "operator.log").open("ab") as log:
        process = subprocess.Popen(
            [*command, *arguments], cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
    stop = threading.Event()
    renewal = threading.Thread(
        target=_renew, args=(api, namespace, spec["serviceAccountName"], token_file, stop), daemon=True
    )
    renewal.start()
    return Pod(process, folder, port, stop)


def _renew(api: ApiServer, namespace: str, account: str, token_file: Path, stop: threading.Event) -> None:
    while not stop.wait(TOKEN_RENEW_S):
        _write_token(api, namespace, account, token_file)


def _write_token(api: ApiServer, namespace: str, account: str, token_file: Path) -> None:
    draft = token_file.with_suffix(".new")
    draft.touch(mode=0o600)
    draft.write_text(api.token(namespace, account))
    draft.replace(token_file)


def _write_kubeconfig(api: ApiServer, folder: Path) -> Path:
    """Write what a pod finds in its ServiceAccount's folder, as a kubeconfig with a token file."""
    ca = base64.b64encode(api.ca_pem.encode()).decode()
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "pod",
        "contexts": [{"name": "pod", "context": {"cluster": "pod", "user": "pod"}}],
        "clusters": [{"name": "pod", "cluster": {"server": api.server, "certificate-authority-data": ca}}],
        "users": [{"name": "pod", "user": {"tokenFile": "token"}}],
    }
    path = folder / "kubeconfig"
    path.write_text(json.dumps(document))
    return path


def _environment(container: Mapping[str, Any], pod: str) -> dict[str, str]:
    found = {entry["name"]: entry.get("value", "") for entry in container.get("env", [])}
    for entry in container.get("env", []):
        if entry.get("valueFrom", {}).get("fieldRef", {}).get("fieldPath") == "metadata.name":
            found[entry["name"]] = pod
    return found


def _write_mounts(
    api: ApiServer, namespace: str, spec: Mapping[str, Any], container: Mapping[str, Any], folder: Path
) -> dict[str, Path]:
    """Write mounted ConfigMaps and Secrets; returns the folder that stands for each mount path."""
    volumes = {volume["name"]: volume for volume in spec.get("volumes", [])}
    mounts: dict[str, Path] = {}
    for mount in container.get("volumeMounts", []):
        volume = volumes[mount["name"]]
        target = folder / "mounts" / mount["name"]
        target.mkdir(parents=True, exist_ok=True)
        mounts[mount["mountPath"]] = target
        if "configMap" in volume:
            data = api.get(f"/api/v1/namespaces/{namespace}/configmaps/{volume['configMap']['name']}")["data"]
            for key, value in data.items():
                (target / key).write_text(value)
        if "secret" in volume:
            data = api.get(f"/api/v1/namespaces/{namespace}/secrets/{volume['secret']['secretName']}")["data"]
            for key, value in data.items():
                (target / key).write_bytes(base64.b64decode(value))
    return mounts


def _moved(argument: str, mounts: Mapping[str, Path]) -> str:
    for path, target in mounts.items():
        argument = argument.replace(f"{path}/", f"{target}/")
    return argument


def main() -> None:
    """Run a pod until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m oracleapi_sandbox.pod", description=__doc__)
    parser.add_argument("--state", type=Path, required=True, help="state folder")
    parser.add_argument("--namespace", required=True)
    parser.add_argument("--deployment", required=True)
    parser.add_argument("--replica", type=int, default=0, help="which of the Deployment's pods")
    parser.add_argument("--part", default="operator", help="name in the state folder")
    parser.add_argument("command", nargs="+", help="what stands for the image's entry point")
    arguments = parser.parse_args()
    state, part = arguments.state.resolve(), arguments.part
    pod = run_pod(
        state / "kubeconfig",
        arguments.namespace,
        arguments.deployment,
        arguments.command,
        state / part,
        {},
        arguments.replica,
    )
    signal.signal(signal.SIGTERM, lambda *_: pod.process.terminate())
    _wait_ready(pod)
    addresses = {"port": pod.port, "operator_pid": pod.process.pid, "log": str(pod.log), "part": part}
    write_ready(state, part, addresses)
    raise SystemExit(pod.process.wait())


def _wait_ready(pod: Pod) -> None:
    """Return once ``/readyz`` says yes, as a startup probe does, or the process has ended."""
    while pod.process.poll() is None:
        try:
            if httpx.get(f"http://127.0.0.1:{pod.port}/readyz", trust_env=False, timeout=2).is_success:
                return
        except httpx.TransportError:
            pass
        threading.Event().wait(0.1)


if __name__ == "__main__":
    main()
