"""Where the API server is and how to speak to it: a kubeconfig, or the ServiceAccount's folder in a pod.

Token files are read again when they may have changed: bound tokens are renewed by the kubelet.
"""

import base64
import os
import ssl
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
TOKEN_AGE_S = 60.0


@dataclass
class ClusterConfig:
    """The API server's address and the identity to use.

    Args:
        server: URL.
        ca_pem: Root of the server's certificate; ``None``: the system's.
        token, token_file: Bearer token, or the file that holds the current one.
    """

    server: str
    ca_pem: str | None
    token: str | None = field(default=None, repr=False)
    token_file: Path | None = None

    def __post_init__(self) -> None:
        self._read_at = float("-inf")
        self._cached = ""

    def bearer(self) -> str | None:
        """Return the token to send now."""
        if self.token_file is None:
            return self.token
        if time.monotonic() - self._read_at > TOKEN_AGE_S:
            self._cached = self.token_file.read_text().strip()
            self._read_at = time.monotonic()
        return self._cached

    def trust(self) -> ssl.SSLContext:
        """Return the context that verifies the API server."""
        return ssl.create_default_context(cadata=self.ca_pem) if self.ca_pem else ssl.create_default_context()


def load_config(kubeconfig: Path | None) -> ClusterConfig:
    """Return the configuration of *kubeconfig*, or of the pod when there is none.

    Raises:
        ValueError: The file lacks what is needed; the text names the field.
    """
    if kubeconfig is None:
        host, port = os.environ.get("KUBERNETES_SERVICE_HOST"), os.environ.get("KUBERNETES_SERVICE_PORT", "443")
        if host is None:
            raise ValueError("no --kubeconfig, and KUBERNETES_SERVICE_HOST is not set: this is not a pod")
        host = f"[{host}]" if ":" in host else host
        ca_pem = (SERVICE_ACCOUNT / "ca.crt").read_text()
        return ClusterConfig(f"https://{host}:{port}", ca_pem, token_file=SERVICE_ACCOUNT / "token")
    document = yaml.safe_load(kubeconfig.read_text())
    if not isinstance(document, dict):
        raise ValueError(f"{kubeconfig} is no kubeconfig")
    context = _named(document, "context", document.get("current-context"))
    cluster = _named(document, "cluster", context.get("cluster"))
    user = _named(document, "user", context.get("user"))
    if not cluster.get("server"):
        raise ValueError(f"kubeconfig {kubeconfig}: clusters[].cluster has no server")
    token_file = user.get("tokenFile")
    if not user.get("token") and not token_file:
        raise ValueError(f"kubeconfig {kubeconfig}: users[].user has neither token nor tokenFile")
    return ClusterConfig(
        cluster["server"],
        _pem(cluster, kubeconfig.parent),
        token=user.get("token"),
        token_file=kubeconfig.parent / token_file if token_file else None,
    )


def _named(document: dict[str, Any], kind: str, name: str | None) -> dict[str, Any]:
    """Return the *kind* part of the entry *name*; it may be empty."""
    for entry in document.get(f"{kind}s") or []:
        if entry.get("name") == name:
            found: dict[str, Any] = entry.get(kind) or {}
            return found
    raise ValueError(f"kubeconfig: no {kind}s entry named {name!r}")


def _pem(cluster: dict[str, Any], folder: Path) -> str | None:
    if "certificate-authority-data" in cluster:
        return base64.b64decode(cluster["certificate-authority-data"]).decode()
    if "certificate-authority" in cluster:
        return (folder / str(cluster["certificate-authority"])).read_text()
    return None
