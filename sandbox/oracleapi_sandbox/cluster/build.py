"""Build a control plane of a given Kubernetes version from its Go modules.

``k8s.io/kubernetes`` replaces its staging modules by folders of its own tree, which only counts when it is the main
module. Ours requires it, so it replaces the same modules by their published versions: 1.X.Y is v0.X.Y there [D]. The
list of modules, the Go version and the version of etcd are read from the ``go.mod`` of that very version.
"""

import hashlib
import json
import re
import subprocess
import time
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from oracleapi_sandbox.cluster.cache import cache_folder, cached
from oracleapi_sandbox.cluster.golang import Go, ToolError, go_from_package, go_on_path, parse_version
from oracleapi_sandbox.cluster.progress import Progress

DEFAULT_KUBERNETES = "1.36.3"
EXPECTED = "the first time takes about 6 minutes on 2 cores"
FIRST_WITH_TOOLCHAIN_LINES = (1, 21)
"""An older Go cannot read a go.mod that asks for a patch version, and says so in other words."""
_VERSION_PACKAGE = "k8s.io/component-base/version"


@dataclass(frozen=True)
class KubernetesVersion:
    """A released version, such as 1.36.3."""

    major: int
    minor: int
    patch: int

    @classmethod
    def parse(cls, text: str) -> "KubernetesVersion":
        """Read ``1.36.3`` or ``v1.36.3``; raises ValueError for anything else."""
        found = re.fullmatch(r"v?(1)\.(\d+)\.(\d+)", text)
        if found is None:
            raise ValueError(f"{text!r} is not a Kubernetes version of the form 1.X.Y")
        return cls(*(int(number) for number in found.groups()))

    def __str__(self) -> str:
        return f"v{self.major}.{self.minor}.{self.patch}"

    @property
    def staging(self) -> str:
        """The version of ``k8s.io/api`` and its siblings: v0.X.Y."""
        return f"v0.{self.minor}.{self.patch}"


def control_plane(version: KubernetesVersion, progress: Progress) -> Path:
    """Return the control-plane binary of *version*, built on first use.

    Raises:
        ToolError: A module cannot be had, or the compiler failed.
    """
    main = resources.files("oracleapi_sandbox.cluster").joinpath("go/main.go").read_text()
    recipe = hashlib.sha256(main.encode()).hexdigest()[:8]
    target = cache_folder() / "kubernetes" / f"control-plane-{version}-{recipe}"
    return cached(target, lambda workshop: _build(workshop, main, version, progress), progress)


def control_plane_programs(version: KubernetesVersion, progress: Progress) -> dict[str, list[str]]:
    """Return the commands of the control plane that :func:`control_plane` builds; one binary plays all roles."""
    binary = str(control_plane(version, progress))
    return {name: [binary, name] for name in ("etcd", "kube-apiserver", "kube-controller-manager")}


def _build(workshop: Path, main: str, version: KubernetesVersion, progress: Progress) -> Path:
    progress.say("cluster", f"building kube-apiserver {version} and etcd; {EXPECTED}, later starts take seconds")
    go, upstream = _toolchain(workshop, version, progress)
    (workshop / "main.go").write_text(main)
    (workshop / "go.mod").write_text(go_mod(upstream, version))
    progress.say("cluster", f"downloading Go modules (Go {'.'.join(map(str, go.version))})")
    packages = len(go.output(workshop, "list", "-deps", ".").splitlines())
    progress.say("cluster", f"compiling {packages} packages; {EXPECTED}")
    _compile(go, workshop, version, packages, progress)
    return workshop / "control-plane"


def _toolchain(workshop: Path, version: KubernetesVersion, progress: Progress) -> tuple[Go, str]:
    """Return a toolchain that is new enough for *version*, and the ``go.mod`` of that version."""
    on_path = go_on_path()
    if on_path is not None and on_path.version >= FIRST_WITH_TOOLCHAIN_LINES:
        try:
            upstream = _upstream_go_mod(on_path, workshop, version)
        except ToolError as error:
            if "requires go" not in str(error):
                raise
        else:
            if on_path.version >= required_go(upstream):
                return on_path, upstream
    packaged = go_from_package(progress)
    return packaged, _upstream_go_mod(packaged, workshop, version)


def _upstream_go_mod(go: Go, workshop: Path, version: KubernetesVersion) -> str:
    told = go.output(workshop, "mod", "download", "-json", f"k8s.io/kubernetes@{version}")
    return Path(json.loads(told)["GoMod"]).read_text()


def required_go(upstream: str) -> tuple[int, ...]:
    """Return the Go version that a ``go.mod`` asks for."""
    return parse_version(_only(r"^go (\S+)$", upstream))


def go_mod(upstream: str, version: KubernetesVersion) -> str:
    """Return our ``go.mod`` for *version*, derived from the one of ``k8s.io/kubernetes``."""
    go = _only(r"^go (\S+)$", upstream)
    etcd = _only(r"^\s*go\.etcd\.io/etcd/server/v3 (\S+)", upstream)
    staging = re.findall(r"^\s*(?:replace )?(k8s\.io/\S+) => \./staging/", upstream, re.MULTILINE)
    replaces = "\n".join(f"\t{module} => {module} {version.staging}" for module in staging)
    return (
        f"module control-plane\n\ngo {go}\n\ngodebug default=go{'.'.join(go.split('.')[:2])}\n\n"
        f"require (\n\tgo.etcd.io/etcd/server/v3 {etcd}\n"
        f"\tk8s.io/component-base {version.staging}\n\tk8s.io/kubernetes {version}\n)\n\n"
        f"replace (\n{replaces}\n)\n"
    )


def _only(pattern: str, text: str) -> str:
    found = re.search(pattern, text, re.MULTILINE)
    if found is None:
        raise ToolError(f"the go.mod of k8s.io/kubernetes has no line like {pattern}")
    return found.group(1)


def _compile(go: Go, workshop: Path, version: KubernetesVersion, packages: int, progress: Progress) -> None:
    """Run the compiler; its ``-v`` names each package that it compiles, which is the progress shown."""
    command = [go.executable, "build", "-v", "-trimpath", "-ldflags", _ldflags(version), "-o", "control-plane", "."]
    log = workshop / "build.log"
    begin = time.monotonic()
    with log.open("wb") as sink:
        compiler = subprocess.Popen(command, cwd=workshop, env=go.environment(), stdout=sink, stderr=sink)
        while True:
            try:
                compiler.wait(timeout=1)
                break
            except subprocess.TimeoutExpired:
                seen = log.read_bytes().count(b"\n")
                elapsed = time.monotonic() - begin
                progress.tick("cluster", f"compiled {seen} of {packages} packages, {elapsed:.0f} s; {EXPECTED}")
    if compiler.returncode:
        raise ToolError(f"go build failed:\n{log.read_text(errors='replace')[-3000:]}")


def _ldflags(version: KubernetesVersion) -> str:
    """Return the linker flags that make the server tell its version; kubectl and helm compare it."""
    values = {
        "gitVersion": str(version),
        "gitMajor": version.major,
        "gitMinor": version.minor,
        "gitCommit": "unknown",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
    }
    return " ".join(["-s", "-w", *(f"-X {_VERSION_PACKAGE}.{name}={value}" for name, value in values.items())])
