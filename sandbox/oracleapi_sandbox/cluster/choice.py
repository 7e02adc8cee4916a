"""Which cluster a sandbox has: compiled here, out of envtest's assets, made by kind, or one that is there already."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from oracleapi_sandbox.cluster.build import KubernetesVersion
from oracleapi_sandbox.cluster.golang import ToolError

BUILD, ENVTEST, KIND, KUBECONFIG = "build", "envtest", "kind", "kubeconfig"
WITH_PATH = {ENVTEST: "KUBEBUILDER_ASSETS", KUBECONFIG: "KUBECONFIG"}
"""The kinds that lead to a path, and the variable that holds it where none is given."""
HELP = "build, envtest[:FOLDER], kind or kubeconfig[:FILE]"
DOCKER_LIMIT_S = 10.0


@dataclass(frozen=True)
class ClusterChoice:
    """A kind of cluster; *version* counts for ``build`` and ``kind``, the others are of the version they are."""

    kind: str
    version: KubernetesVersion
    path: Path | None = None

    @classmethod
    def parse(cls, text: str, version: KubernetesVersion, environment: Mapping[str, str]) -> "ClusterChoice":
        """Read what was given for ``--cluster``.

        Raises:
            ValueError: There is no such kind, or the path that it needs is not told or not there.
        """
        kind, _, given = text.partition(":")
        if kind not in (BUILD, ENVTEST, KIND, KUBECONFIG) or (given and kind not in WITH_PATH):
            raise ValueError(f"{text!r} is none of {HELP}")
        if kind not in WITH_PATH:
            return cls(kind, version)
        path = given or environment.get(WITH_PATH[kind], "")
        if not path:
            raise ValueError(f"{kind} of what? Write {kind}:PATH or set {WITH_PATH[kind]}")
        if not Path(path).exists():
            raise ValueError(f"{path} is not there")
        return cls(kind, version, Path(path).absolute())

    def __str__(self) -> str:
        return f"{self.kind} {self.version}" if self.path is None else self.argument

    @property
    def argument(self) -> str:
        """What :meth:`parse` reads back."""
        return self.kind if self.path is None else f"{self.kind}:{self.path}"


def choose(given: str | None, version: KubernetesVersion, environment: Mapping[str, str] = os.environ) -> ClusterChoice:
    """Return what was given, else envtest's assets if they are told, else kind if it would work, else the build.

    Raises:
        ValueError: As :meth:`ClusterChoice.parse`.
    """
    if given is None and environment.get(WITH_PATH[ENVTEST]):
        given = ENVTEST
    if given is None:
        given = BUILD if why_not_kind() else KIND
    return ClusterChoice.parse(given, version, environment)


def why_not_kind() -> str | None:
    """Return why kind cannot make a cluster here, ``None`` if it can."""
    missing = [program for program in ("docker", "kind") if shutil.which(program) is None]
    if missing:
        return f"{' and '.join(missing)} not found on PATH"
    try:
        told = subprocess.run(["docker", "version"], capture_output=True, text=True, timeout=DOCKER_LIMIT_S)
    except subprocess.TimeoutExpired:
        return f"docker does not answer within {DOCKER_LIMIT_S:.0f} s"
    return f"docker does not work: {told.stderr.strip()[-500:]}" if told.returncode else None


def envtest_programs(folder: Path) -> dict[str, list[str]]:
    """Return the commands of the control plane in a folder of envtest's assets.

    ``kube-controller-manager`` is not part of them; where it lies beside them it is used.

    Raises:
        ToolError: etcd or kube-apiserver is missing.
    """
    known = {name: folder / name for name in ("etcd", "kube-apiserver", "kube-controller-manager")}
    if missing := [name for name in ("etcd", "kube-apiserver") if not os.access(known[name], os.X_OK)]:
        raise ToolError(f"{folder} holds no program {' and '.join(missing)}; setup-envtest fetches them")
    return {name: [str(path)] for name, path in known.items() if os.access(path, os.X_OK)}
