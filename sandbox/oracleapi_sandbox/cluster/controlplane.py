"""A running control plane: etcd, kube-apiserver and the controllers that need no node.

State folder: ``cluster/`` (etcd's data, keys, ports, recorded processes), ``logs/``, ``kubeconfig``. A control plane
that starts again on the same folder keeps its data, ports and token, so that kubeconfig files stay good.
"""

import json
import secrets
import socket
import ssl
import subprocess
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from oracleapi_sandbox.cluster.processes import STOP_LIMIT_S, Recorded, end, start, tail, write_json
from oracleapi_sandbox.common.authority import Authority, Leaf
from oracleapi_sandbox.common.state import free_port

START_LIMIT_S = 90.0
POLL_S = 0.1
SERVICE_RANGE = "10.0.0.0/24"
NAMES = ("localhost", "127.0.0.1", "10.0.0.1", "kubernetes", "kubernetes.default", "kubernetes.default.svc")
CONTROLLERS = (
    "clusterrole-aggregation-controller",
    "deployment-controller",
    "garbage-collector-controller",
    "namespace-controller",
    "replicaset-controller",
    "serviceaccount-controller",
    "serviceaccount-token-controller",
    "statefulset-controller",
)
"""Those of workloads make pods, which stay Pending: there is no scheduler and no kubelet."""
STOP_ORDER = ("kube-controller-manager", "kube-apiserver", "etcd")
"""An API server whose etcd went first does not end on SIGTERM, and one with open watches waits for them [M]."""
WITHOUT_ETCD_LIMIT_S = 1.0
"""How long the others get to end by themselves when etcd crashed; there is nothing left that they could lose."""


class StartError(RuntimeError):
    """A program of the control plane ended or did not become ready; the text holds the end of its log."""


@dataclass(frozen=True)
class Ports:
    """Loopback ports of the control plane."""

    etcd: int
    apiserver: int


class ControlPlane:
    """The programs over one state folder.

    Without ``kube-controller-manager`` namespaces stay Terminating, nothing is collected after its owner, namespaces
    get no default ServiceAccount, and workloads get no pods.

    Args:
        state: State folder of the sandbox.
        programs: The command of ``etcd``, ``kube-apiserver`` and, if there is one, ``kube-controller-manager``.
        stop: When set, waiting for readiness is given up.
    """

    def __init__(self, state: Path, programs: Mapping[str, Sequence[str]], stop: threading.Event) -> None:
        self.state = state
        self.folder = state / "cluster"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.kubeconfig = state / "kubeconfig"
        self._programs = programs
        self._stop = stop
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._authority = Authority(state / "ca")
        self._ports = _ports(self.folder / "ports.json")
        self._token = _secret(self.folder / "token", lambda: secrets.token_urlsafe(32))
        self.server = f"https://127.0.0.1:{self._ports.apiserver}"

    def start(self) -> None:
        """Start everything; with controllers, wait until namespaces get their default ServiceAccount.

        Raises:
            StartError: A program ended, or was not ready in time.
        """
        end_leftovers(self.state)
        self._write_kubeconfig()
        etcd = f"http://127.0.0.1:{self._ports.etcd}"
        self._run("etcd", *self._etcd_flags(etcd))
        self._wait("etcd", f"{etcd}/health")
        self._run("kube-apiserver", *self._apiserver_flags(etcd))
        self._wait("kube-apiserver", f"{self.server}/readyz")
        if "kube-controller-manager" not in self._programs:
            return
        self._run("kube-controller-manager", *self._controller_manager_flags())
        account = "/api/v1/namespaces/default/serviceaccounts/default"
        self._wait("kube-controller-manager", f"{self.server}{account}")

    def dead(self) -> str | None:
        """Return which program has ended, and the end of its log, else ``None``."""
        ended = self._ended()
        return None if ended is None else f"{ended} ended; the end of its log:\n{tail(self.log(ended))}"

    def _ended(self) -> str | None:
        return next((name for name, process in self._running.items() if process.poll() is not None), None)

    def stop(self) -> None:
        """End the programs in the order that lets each end by itself."""
        for process in self._running.values():
            process.poll()
        end_leftovers(self.state)
        for process in self._running.values():
            process.wait()

    def log(self, program: str) -> Path:
        return self.state / "logs" / f"{program}.log"

    def _run(self, program: str, *flags: str) -> None:
        process = start([*self._programs[program], *flags], self.log(program), self.state, "cluster")
        self._running[program] = process
        write_json(self.folder / "processes.json", {name: running.pid for name, running in self._running.items()})

    def _wait(self, program: str, url: str) -> None:
        """Wait until *url* answers 200; *program* is who to name when it does not."""
        deadline = time.monotonic() + START_LIMIT_S
        context = self._authority.client_context()
        while not self._answers(url, context):
            ended = self._ended()
            if ended or time.monotonic() > deadline:
                why = f"{ended} ended" if ended else f"{program} was not ready in {START_LIMIT_S:.0f} s"
                raise StartError(f"{why}; the end of its log:\n{tail(self.log(ended or program))}")
            if self._stop.wait(POLL_S):
                raise StartError(f"told to stop while {program} was starting")

    def _answers(self, url: str, context: ssl.SSLContext) -> bool:
        headers = {"authorization": f"Bearer {self._token}"} if url.startswith("https") else {}
        try:
            return httpx.get(url, headers=headers, verify=context, trust_env=False, timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def _etcd_flags(self, url: str) -> list[str]:
        return [
            f"--data-dir={self.folder / 'etcd'}",
            f"--listen-client-urls={url}",
            f"--advertise-client-urls={url}",
            "--listen-peer-urls=http://127.0.0.1:0",
            "--unsafe-no-fsync=true",
            "--log-level=warn",
        ]

    def _apiserver_flags(self, etcd: str) -> list[str]:
        leaf: Leaf = self._authority.leaf("kube-apiserver", *NAMES)
        tokens = self.folder / "tokens.csv"
        _write_secret(tokens, f'{self._token},admin,admin,"system:masters"\n')
        key = self._service_account_key()
        return [
            f"--etcd-servers={etcd}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            "--endpoint-reconciler-type=none",  # nothing routes to a Service here, and loopback is refused as endpoint
            f"--secure-port={self._ports.apiserver}",
            f"--tls-cert-file={leaf.certificate}",
            f"--tls-private-key-file={leaf.key}",
            f"--cert-dir={self.folder}",
            f"--token-auth-file={tokens}",
            "--authorization-mode=RBAC",
            "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
            f"--service-account-key-file={key}",
            f"--service-account-signing-key-file={key}",
            f"--service-cluster-ip-range={SERVICE_RANGE}",
            "--allow-privileged=true",
            "--profiling=false",
            "--shutdown-watch-termination-grace-period=1s",  # else a watch of any client holds up the end
        ]

    def _controller_manager_flags(self) -> list[str]:
        return [
            f"--kubeconfig={self.kubeconfig}",
            f"--controllers={','.join(CONTROLLERS)}",
            f"--service-account-private-key-file={self._service_account_key()}",
            f"--root-ca-file={self._authority.certificate}",
            "--leader-elect=false",
            "--secure-port=0",
        ]

    def _service_account_key(self) -> Path:
        file = self.folder / "service-account.key"
        _secret(file, _new_rsa_pem)
        return file

    def _write_kubeconfig(self) -> None:
        """Write an administrator's kubeconfig. JSON is YAML, so no library is needed."""
        ca = b64encode(self._authority.certificate.read_bytes()).decode()
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "sandbox", "cluster": {"server": self.server, "certificate-authority-data": ca}}],
            "users": [{"name": "admin", "user": {"token": self._token}}],
            "contexts": [{"name": "sandbox", "context": {"cluster": "sandbox", "user": "admin"}}],
            "current-context": "sandbox",
        }
        _write_secret(self.kubeconfig, json.dumps(content, indent=2) + "\n")


def end_leftovers(state: Path) -> list[str]:
    """End the recorded programs of *state* that still run, in order, and return their names."""
    file = state / "cluster" / "processes.json"
    if not file.exists():
        return []
    recorded = {name: Recorded(pid, state, "cluster") for name, pid in json.loads(file.read_text()).items()}
    ended = []
    for name in STOP_ORDER:
        process = recorded[name].process() if name in recorded else None
        if process is not None:
            end([process], STOP_LIMIT_S if recorded["etcd"].alive else WITHOUT_ETCD_LIMIT_S)
            ended.append(name)
    file.unlink()
    return ended


def _ports(memory: Path) -> Ports:
    """Return the ports that *memory* holds if they are still free, else new ones."""
    if memory.exists():
        kept = Ports(**json.loads(memory.read_text()))
        if _is_free(kept.etcd) and _is_free(kept.apiserver):
            return kept
    chosen = Ports(free_port(), free_port())
    write_json(memory, asdict(chosen))
    return chosen


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _secret(file: Path, make: Callable[[], str]) -> str:
    """Return the content of *file*, made and kept on first use."""
    if not file.exists():
        _write_secret(file, make())
    return file.read_text()


def _write_secret(file: Path, content: str) -> None:
    file.touch(mode=0o600)
    file.write_text(content)


def _new_rsa_pem() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    return pem.decode()
