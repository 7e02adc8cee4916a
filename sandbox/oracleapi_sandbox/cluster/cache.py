"""The user's cache folder: programs that are costly to make are made once, also when two sandboxes start at once."""

import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from oracleapi_sandbox.cluster.progress import Progress


def cache_folder() -> Path:
    """Return ``$XDG_CACHE_HOME/oracle-api-operator``, or the same below ``~/.cache``, and make it."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    folder = Path(base) / "oracle-api-operator"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def cached(target: Path, make: Callable[[Path], Path], progress: Progress) -> Path:
    """Return *target*; where it is missing let *make* produce it, once for all processes that ask.

    *make* gets an empty folder on the same file system and returns what it made in there, a file or a folder, which
    is then moved into place at once: *target* is complete or absent.
    """
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with _locked(target.with_name(f".{target.name}.lock"), target.name, progress):
        if not target.exists():
            with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as workshop:
                make(Path(workshop)).rename(target)
    return target


@contextmanager
def _locked(file: Path, what: str, progress: Progress) -> Iterator[None]:
    with file.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress.say("cluster", f"another process is making {what}; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
