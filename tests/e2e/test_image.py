"""The image, built from the Dockerfile over a base of our own and started as a pod would start it.

It takes minutes, a Debian mirror, root and two tools of Debian, so it is not in the usual run: ``make test-image``.
"""

import json
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

pytestmark = pytest.mark.image

ROOT = pathlib.Path(__file__).parents[2]
TOOLS = ("buildah", "debootstrap")
BASE, IMAGE = "localhost/python-base", "localhost/oracle-api-operator"
BASE_SUITE = "bookworm"  # Python 3.11, the oldest that the product takes
BASE_PACKAGES = "python3,python3-pip,python3-venv,python-is-python3,ca-certificates"
AUTHORITY = "/etc/ssl/certs/ca-certificates.crt"
FOLDERS = ("/mnt", "/media", "/srv")
"""Both are in the base already: a mount over what is not there leaves an empty file or folder in the image."""
USER = "65532:65532"
IMPORT_ALL = """
import importlib, pkgutil, oracleapi
names = [found.name for found in pkgutil.walk_packages(oracleapi.__path__, "oracleapi.")]
for name in names:
    if not name.endswith("__main__") and not name.startswith("oracleapi.cli"):  # the plugin's are no part of the image
        importlib.import_module(name)
print(" ".join(names))
"""
WHO = "import os; print(os.getuid(), os.getgid())"
WRITE = "open('/opt/written', 'w')"


@dataclass(frozen=True)
class Store:
    """buildah with a store of its own, which needs no daemon and no storage driver of the kernel."""

    folder: pathlib.Path

    def run(self, *arguments: str) -> str:
        """Run buildah and return what it printed; fails with the end of its log."""
        store = ("--root", f"{self.folder}/store", "--runroot", f"{self.folder}/run", "--storage-driver", "vfs")
        done = subprocess.run(["buildah", *store, *arguments], capture_output=True, text=True)
        assert done.returncode == 0, f"buildah {arguments[0]}:\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
        return done.stdout.strip()

    def build(self, tag: str, file: pathlib.Path, context: pathlib.Path, *options: str) -> None:
        self.run("bud", "--isolation", "chroot", *options, "--tag", tag, "--file", str(file), str(context))


@dataclass(frozen=True)
class Image:
    """A built image: its configuration, and its file system mounted."""

    config: dict[str, Any]
    root: pathlib.Path

    def run(self, *command: str) -> "subprocess.CompletedProcess[str]":
        """Run *command* as the image's user on a read-only root, with the image's environment and nothing else."""
        root = shlex.quote(str(self.root))
        inside = shlex.join(["env", "-i", *self.config["Env"], *command])
        script = (
            f"mount --bind {root} {root} && mount -o remount,bind,ro {root} && "
            f"exec chroot --userspec={self.config['User']} {root} {inside}"
        )
        return subprocess.run(["unshare", "--mount", "sh", "-c", script], capture_output=True, text=True, timeout=120)

    def python(self, program: str) -> "subprocess.CompletedProcess[str]":
        return self.run(self.config["Entrypoint"][0], "-c", program)


def pip_options(folder: pathlib.Path) -> list[str]:
    """Give the build what this machine's pip is told of its index, as a secret, and the authority that it trusts."""
    told = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True)
    pairs = [line.partition("=") for line in told.stdout.splitlines()]
    known = {name.rpartition(".")[2]: value.strip("'") for name, _, value in pairs}
    options, lines = [], ["[global]"]
    lines += [f"{name} = {known[name]}" for name in ("index-url", "extra-index-url", "trusted-host") if name in known]
    if "cert" in known:
        options += ["--volume", f"{known['cert']}:{AUTHORITY}:ro"]
        lines.append(f"cert = {AUTHORITY}")
    wheels = [place for place in known.get("find-links", "").split() if pathlib.Path(place).is_dir()]
    for place, folder_there in zip(wheels, FOLDERS, strict=False):
        options += ["--volume", f"{place}:{folder_there}:ro"]
    if wheels:
        lines.append(f"find-links = {' '.join(FOLDERS[: len(wheels)])}")
    (folder / "pip.conf").write_text("\n".join(lines) + "\n")
    return [*options, "--secret", f"id=pip.conf,src={folder}/pip.conf"]


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    if missing := [tool for tool in TOOLS if shutil.which(tool) is None]:
        pytest.skip(f"{' and '.join(missing)} not found; install with: apt-get install --yes {' '.join(TOOLS)}")
    if os.getuid() != 0:
        pytest.skip("debootstrap and chroot need root; run as root: make test-image")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        store = Store(folder)
        rootfs = folder / "base"
        debootstrap = ["debootstrap", "--variant=minbase", f"--include={BASE_PACKAGES}", BASE_SUITE, str(rootfs)]
        made = subprocess.run(debootstrap, capture_output=True, text=True)
        assert made.returncode == 0, made.stdout[-3000:] + made.stderr[-3000:]
        (folder / "Base").write_text("FROM scratch\nCOPY base /\n")
        store.build(BASE, folder / "Base", folder)
        store.build(IMAGE, ROOT / "Dockerfile", ROOT, "--build-arg", f"BASE={BASE}", *pip_options(folder))
        told = json.loads(store.run("inspect", "--type", "image", IMAGE))
        container = store.run("from", IMAGE)
        yield Image(told["OCIv1"]["config"], pathlib.Path(store.run("mount", container)))
        store.run("rm", "--all")


def test_it_starts_on_a_read_only_root_as_nobody_in_particular(image: Image) -> None:
    assert image.config["User"] == USER
    assert image.python(WHO).stdout.split() == USER.split(":")
    assert "Read-only file system" in image.python(WRITE).stderr
    started = image.run(*image.config["Entrypoint"], "--help")
    assert started.returncode == 0, started.stderr
    assert "--namespace" in started.stdout


def test_every_module_finds_what_it_imports(image: Image) -> None:
    found = image.python(IMPORT_ALL)
    assert found.returncode == 0, found.stderr
    assert {"oracleapi.adapters.aws.gateway", "oracleapi.adapters.oracle"} <= set(found.stdout.split())


def test_it_says_what_it_is(image: Image) -> None:
    labels = image.config["Labels"]
    assert labels["org.opencontainers.image.title"] == "oracle-api-operator"
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"
    assert (image.root / "licenses" / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()


def test_it_holds_the_locked_packages_and_no_others(image: Image) -> None:
    locked = {
        line.split("==")[0].lower()
        for line in (ROOT / "requirements" / "operator.txt").read_text().splitlines()
        if "==" in line
    }
    listed = image.python(
        "from importlib.metadata import distributions as d; print(*{x.metadata['Name'].lower() for x in d()})"
    )
    assert {name.replace("_", "-") for name in listed.stdout.split()} == {*locked, "oracle-api-operator"}


def test_nothing_of_the_build_is_left(image: Image) -> None:
    assert not (image.root / "build").exists()
    assert not (image.root / "etc" / "pip.conf").exists()
    assert not any(any((image.root / folder.lstrip("/")).iterdir()) for folder in FOLDERS)
    ours = next((image.root / "opt" / "oracle-api-operator").glob("lib/python3*/site-packages/oracleapi"))
    assert [path for path in ours.rglob("*test*") if path.is_file()] == []
    assert not any((image.root / name).exists() for name in ("tests", "sandbox", "operator"))
