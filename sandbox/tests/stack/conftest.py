"""A sandbox of the test's own, driven by its command line, and stopped whatever happens."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from oracleapi_sandbox.cluster.processes import end, marked

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Run]:
    """Run ``oracleapi-sandbox --dir FOLDER …``; the folder is ``one`` unless *folder* says otherwise."""

    def run(*arguments: str, folder: str = "one") -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "oracleapi_sandbox.cli", "--dir", str(tmp_path / folder), *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=300)

    yield run
    for folder in ("one", "two"):
        if (tmp_path / folder / "parts").exists():
            run("down", folder=folder)
        end(marked(tmp_path / folder))
