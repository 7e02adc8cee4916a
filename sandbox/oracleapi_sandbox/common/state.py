"""State folder of a sandbox: each part writes ``<part>.json`` with its addresses once it serves."""

import json
import os
import socket
from pathlib import Path
from typing import Any


def write_ready(folder: Path, part: str, addresses: dict[str, Any]) -> None:
    """Publish *addresses* of *part* atomically; its presence means "ready". The pid is added."""
    target = folder / f"{part}.json"
    draft = folder / f".{part}.json.{os.getpid()}"
    draft.write_text(json.dumps({**addresses, "pid": os.getpid()}, indent=2) + "\n")
    draft.replace(target)


def read_ready(folder: Path, part: str) -> dict[str, Any] | None:
    """Return what *part* published, or ``None`` while it has not."""
    try:
        found: dict[str, Any] = json.loads((folder / f"{part}.json").read_text())
    except FileNotFoundError:
        return None
    return found


def free_port() -> int:
    """Return a loopback TCP port that was free a moment ago, for programs that cannot bind port 0 themselves."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
