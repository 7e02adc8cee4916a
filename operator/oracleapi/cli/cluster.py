"""The cluster, through kubectl: whatever logs a user in there (exec plugins, certificates, proxies) does here too."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from oracleapi.api.common import GROUP
from oracleapi.cli.errors import CliError
from oracleapi.cli.objects import Snapshot

TIMEOUT_S = 60
ERRORS = ("error: ", "Error from server", "Unable to connect")


@dataclass(frozen=True)
class Where:
    """Which cluster as whom; what is ``None`` is kubectl's own choice. *every* is ``--all-namespaces``."""

    kubeconfig: str | None = None
    context: str | None = None
    namespace: str | None = None
    every: bool = False

    @property
    def flags(self) -> list[str]:
        found = {"--kubeconfig": self.kubeconfig, "--context": self.context}
        return [f"{flag}={value}" for flag, value in found.items() if value is not None]


def current_namespace(where: Where) -> str:
    """Return the namespace that is meant where no other is named."""
    if where.namespace is not None:
        return where.namespace
    out, _ = _kubectl(where, "config", "view", "--minify", "-o", "jsonpath={..namespace}")
    return out.strip() or "default"


def read(where: Where) -> Snapshot:
    """Return all objects of our kinds in the namespace that is meant, and the cluster's offers.

    Raises:
        CliError: There is no such cluster, it does not know our kinds, or it lets nobody read any.
    """
    kinds = _kubectl(where, "api-resources", f"--api-group={GROUP}", "--verbs=list", "-o", "name")[0].split()
    if not kinds:
        raise CliError(
            f"the cluster has no kinds of {GROUP}; install the chart oracle-api-operator, or name another --context"
        )
    scope = ["--all-namespaces"] if where.every else [f"--namespace={current_namespace(where)}"]
    out, errors = _kubectl(where, "get", ",".join(sorted(kinds)), *scope, "-o", "json", partial=True)
    items = json.loads(out).get("items", []) if out.strip() else []
    unread = _unread(errors)
    if errors and (len(unread) < len(errors) or len(unread) == len(kinds)):
        raise CliError(_sentence(errors))
    return Snapshot(tuple(items), tuple(sorted(unread)))


def read_events(where: Where, reasons: Iterable[str]) -> list[dict[str, Any]]:
    """Return the cluster's events about our objects that have one of these *reasons*. Raises as :func:`read`."""
    scope = ["--all-namespaces"] if where.every else [f"--namespace={current_namespace(where)}"]
    out, _ = _kubectl(where, "get", "events.events.k8s.io", *scope, "-o", "json")
    wanted = set(reasons)
    return [
        event
        for event in json.loads(out)["items"]
        if event.get("reason") in wanted and event.get("regarding", {}).get("apiVersion", "").startswith(f"{GROUP}/")
    ]


def cluster_name(where: Where) -> str:
    """Return the API server's address."""
    return _kubectl(where, "config", "view", "--minify", "-o", "jsonpath={.clusters[0].cluster.server}")[0].strip()


def _kubectl(where: Where, *arguments: str, partial: bool = False) -> tuple[str, list[str]]:
    """Run kubectl and return what it printed, and its errors where a *partial* answer is fine."""
    program = os.environ.get("KUBECTL") or shutil.which("kubectl")
    if program is None:
        raise CliError("kubectl is not on PATH; install it, or name it in KUBECTL")
    try:
        done = subprocess.run(
            [program, *arguments, *where.flags], capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
    except OSError as error:
        raise CliError(f"{program} cannot be run ({error.strerror}); mend KUBECTL or PATH") from error
    except subprocess.TimeoutExpired as error:
        raise CliError(
            f"kubectl did not answer within {TIMEOUT_S} s; if it asks you to log in, run kubectl get namespaces once"
        ) from error
    errors = _errors(done.stderr)
    if done.returncode and not (partial and errors):
        raise CliError(_sentence(errors))
    return done.stdout, errors if done.returncode else []


def _errors(said: str) -> list[str]:
    """Return the lines that are errors, without what kubectl and its plugins log beside them; all if none is one."""
    lines = [line for line in said.splitlines() if line.strip()]
    return [line for line in lines if line.startswith(ERRORS)] or lines


def _sentence(errors: list[str]) -> str:
    """Return kubectl's own last word, and what helps."""
    said = errors[-1].strip() if errors else "kubectl failed and said nothing"
    said = said.removeprefix("error: ").removeprefix("Error from server ")
    if "(Forbidden)" in said or "forbidden" in said:
        return (
            f"{said}; ask for the ClusterRole …-viewer of the chart (docs/approval.md), or name a --namespace of yours"
        )
    if "context" in said and ("not exist" in said or "no context" in said):
        return f"{said}; see kubectl config get-contexts"
    if "connect" in said or "refused" in said or "no such host" in said:
        return f"{said} (--kubeconfig, --context)"
    return said


def _unread(errors: Iterable[str]) -> set[str]:
    """Return the kinds that the user may not list."""
    return {
        line.split(f".{GROUP}")[0].split()[-1].strip('"')
        for line in errors
        if "(Forbidden)" in line and f".{GROUP}" in line
    }
