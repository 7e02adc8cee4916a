"""How the process ends, seen from outside."""

import json
import os
import pathlib
import signal
import subprocess
import sys
from typing import IO

from support.parts import ROOT

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT / "operator")}
FILL_AND_END = """
import os
from oracleapi.__main__ import end_at_once
from oracleapi.telemetry import configure_logging
configure_logging("INFO")
os.set_blocking(2, False)
try:
    while True:
        os.write(2, b"x" * 1024)
except BlockingIOError:
    os.set_blocking(2, True)
end_at_once("another candidate holds the lease")
"""


def wait_for_event(stream: IO[str] | None, event: str) -> None:
    """Read log lines up to *event*."""
    assert stream is not None
    for line in stream:
        if json.loads(line)["event"] == event:
            return
    raise AssertionError(f"it ended without saying {event!r}")


def test_signals_end_it_in_order_while_it_waits_for_the_api_server(tmp_path: pathlib.Path) -> None:
    config = {
        "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:9"}}],
        "users": [{"name": "u", "user": {"token": "canary-token"}}],
    }
    (tmp_path / "kubeconfig").write_text(json.dumps(config))
    command = [sys.executable, "-m", "oracleapi", f"--kubeconfig={tmp_path / 'kubeconfig'}"]
    process = subprocess.Popen(command, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True)
    with process:
        wait_for_event(process.stderr, "Waiting for the API server")
        for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGINT):
            process.send_signal(number)
        assert process.wait(60) == 0


def test_a_lost_lease_ends_it_even_where_nobody_reads_its_log() -> None:
    process = subprocess.Popen([sys.executable, "-c", FILL_AND_END], env=ENVIRONMENT, stderr=subprocess.PIPE)
    with process:
        assert process.wait(60) == 1


def test_a_lost_lease_is_told() -> None:
    code = FILL_AND_END.replace("while True", "while False")
    done = subprocess.run([sys.executable, "-c", code], env=ENVIRONMENT, capture_output=True, text=True)
    (line,) = [json.loads(line) for line in done.stderr.splitlines()]
    assert (done.returncode, line["level"], line["event"]) == (1, "critical", "Lease lost; ending at once")
    assert line["reason"] == "another candidate holds the lease"
