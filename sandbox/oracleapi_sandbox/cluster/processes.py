"""Processes that outlive the command which started them: how they are started, recognised and ended.

A process is known by its pid and its start time, so that a pid that the system gave to somebody else meanwhile is
never touched. Each child also carries its sandbox's state folder in the environment, which what it starts inherits:
that is how orphans of a crashed part are found.
"""

import os
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]

MARK = "ORACLEAPI_SANDBOX_STATE"
"""Environment variable of every process of a sandbox: the absolute path of its state folder."""
CA_VARIABLES = (
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "AWS_CA_BUNDLE",
)
"""These beat the trust settings of clients inside the parts, which talk to a private authority."""
STOP_LIMIT_S = 25.0


@dataclass(frozen=True)
class Recorded:
    """A process as it is written down: *started* is its start time in seconds since the epoch."""

    pid: int
    started: float

    @classmethod
    def of(cls, pid: int) -> "Recorded":
        """Write down the living process *pid*."""
        return cls(pid, psutil.Process(pid).create_time())

    @classmethod
    def read(cls, members: Mapping[str, Any]) -> "Recorded":
        return cls(int(members["pid"]), float(members["started"]))

    def process(self) -> Any | None:
        """Return the psutil process if it is still this one and not a zombie, else ``None``."""
        try:
            process = psutil.Process(self.pid)
            if process.create_time() != self.started or process.status() == psutil.STATUS_ZOMBIE:
                return None
        except psutil.NoSuchProcess:
            return None
        return process

    @property
    def alive(self) -> bool:
        return self.process() is not None

    def resident_bytes(self) -> int:
        """Return the resident memory of the process and all that it started, 0 when it is gone."""
        return sum(_resident(process) for process in self.family())

    def family(self) -> list[Any]:
        """Return the process, if alive, and its descendants."""
        process = self.process()
        if process is None:
            return []
        try:
            return [process, *process.children(recursive=True)]
        except psutil.NoSuchProcess:
            return [process]


def _resident(process: Any) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


def start(command: Sequence[str], log: Path, state: Path) -> "subprocess.Popen[bytes]":
    """Start *command* in a session of its own; what it prints is appended to *log*."""
    log.parent.mkdir(parents=True, exist_ok=True)
    environment = {name: value for name, value in os.environ.items() if name not in CA_VARIABLES}
    environment[MARK] = str(state)
    with log.open("ab") as sink:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )


def end(processes: Iterable[Any], limit_s: float = STOP_LIMIT_S) -> None:
    """Ask psutil *processes* to end, wait for them, and kill those that did not end in time."""
    waiting = list(processes)
    for process in waiting:
        _signal(process.terminate)
    _, stubborn = psutil.wait_procs(waiting, timeout=limit_s)
    for process in stubborn:
        _signal(process.kill)
    psutil.wait_procs(stubborn, timeout=limit_s)


def _signal(send: Any) -> None:
    try:
        send()
    except psutil.NoSuchProcess:
        return


def marked(state: Path) -> list[Any]:
    """Return every living process, but this one, that belongs to the sandbox in *state*."""
    found = []
    for process in psutil.process_iter():
        try:
            if (
                process.pid != os.getpid()
                and process.environ().get(MARK) == str(state)
                and process.status() != psutil.STATUS_ZOMBIE
            ):
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
    return found


def tail(log: Path, characters: int = 3000) -> str:
    """Return the end of *log*, empty if there is none."""
    try:
        return log.read_text(errors="replace")[-characters:]
    except FileNotFoundError:
        return ""
