"""Processes are recognised beyond their pid, and ended for certain."""

import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from oracleapi_sandbox.cluster.processes import MARK, Recorded, end, marked, start, tail

SLEEP = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)",
]
PARENT = [
    sys.executable,
    "-c",
    "import subprocess, sys, os; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'], "
    "start_new_session=True); print('up', flush=True); os._exit(1)",
]


def wait_for(log: Path, text: str) -> None:
    pause = threading.Event()
    while text not in tail(log):
        pause.wait(0.01)


def test_a_process_is_not_mistaken_for_one_that_got_its_pid_later(tmp_path: Path) -> None:
    process = start(SLEEP, tmp_path / "log", tmp_path, "x")
    recorded = Recorded(process.pid, tmp_path, "x")
    assert recorded.alive
    assert recorded.resident_bytes() > 0
    assert not replace(recorded, part="y").alive
    assert not replace(recorded, state=tmp_path / "other").alive
    assert not replace(recorded, pid=1).alive
    end([recorded.process()])
    process.wait()
    assert not recorded.alive
    assert recorded.resident_bytes() == 0


def test_one_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    process = start(STUBBORN, tmp_path / "log", tmp_path, "x")
    wait_for(tmp_path / "log", "up")
    end([Recorded(process.pid, tmp_path, "x").process()], limit_s=0.2)
    assert process.wait() == -9


def test_orphans_are_found_by_what_they_inherited(tmp_path: Path) -> None:
    process = start(PARENT, tmp_path / "log", tmp_path, "x")
    process.wait()
    (orphan,) = marked(tmp_path, "x")
    assert orphan.environ()[MARK] == str(tmp_path)
    assert marked(tmp_path, "y") == []
    assert marked(tmp_path / "other") == []
    end(marked(tmp_path))
    assert marked(tmp_path) == []


def test_variables_that_replace_a_clients_trust_are_not_handed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nonexistent.pem")
    code = "import os; print([name for name in os.environ if name.startswith('SSL_')], os.getsid(0) == os.getpid())"
    start([sys.executable, "-c", code], tmp_path / "log", tmp_path, "x").wait()
    assert tail(tmp_path / "log").strip() == "[] True"
