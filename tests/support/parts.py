"""Start one part of the sandbox for a test, as a process of its own, and stop it again."""

import json
import os
import pathlib
import subprocess
import time
from dataclasses import dataclass
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parents[2]
PYTHON = os.environ.get("SANDBOX_PYTHON", str(ROOT / ".venv-sandbox" / "bin" / "python"))
START_LIMIT_S = 120.0
_CA_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE")


@dataclass
class Part:
    """A running part: what it published when it became ready, and its process."""

    name: str
    state: pathlib.Path
    addresses: dict[str, Any]
    process: "subprocess.Popen[bytes]"

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start_part(name: str, state: pathlib.Path, *arguments: str) -> Part:
    """Start ``python -m oracleapi_sandbox.<name> --state STATE …`` and wait until it has published its addresses.

    Raises:
        RuntimeError: It ended, or was not ready in time; the text holds the end of its log.
    """
    state.mkdir(parents=True, exist_ok=True)
    ready, log = state / f"{name}.json", state / f"{name}.log"
    ready.unlink(missing_ok=True)
    environment = {key: value for key, value in os.environ.items() if key not in _CA_VARIABLES}
    with log.open("ab") as sink:
        command = [PYTHON, "-m", f"oracleapi_sandbox.{name}", "--state", str(state), *arguments]
        process = subprocess.Popen(command, stdout=sink, stderr=subprocess.STDOUT, env=environment)
    deadline = time.monotonic() + START_LIMIT_S
    while not ready.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            tail = log.read_text(errors="replace")[-4000:]
            raise RuntimeError(f"sandbox part {name} did not become ready (exit {process.wait()}):\n{tail}")
        time.sleep(0.05)
    return Part(name, state, json.loads(ready.read_text()), process)
