"""Processes that outlive the command which started them: how they are started, recognised and ended.

Each child carries its sandbox's state folder and its part in the environment, which what it starts inherits. That is
how a recorded pid is told from one that the system gave to somebody else meanwhile (start times move when the clock is
set), and how orphans of a crashed part are found.
"""

import json
import os
import subprocess
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]

MARK = "ORACLEAPI_SANDBOX_STATE"
"""Environment variable of every process of a sandbox: the absolute path of its state folder."""
PART_MARK = "ORACLEAPI_SANDBOX_PART"
"""Environment variable of every process that a part started, and of the part itself: the part's name."""
CA_VARIABLES = (
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "AWS_CA_BUNDLE",
)
"""These beat the trust settings of clients inside the parts, which talk to a private authority."""
STOP_LIMIT_S = 25.0
POLL_S = 0.05
EXEC_LOOKS = 20


@dataclass(frozen=True)
class Recorded:
    """A process of *part* of the sandbox in *state*, as it was written down."""

    pid: int
    state: Path
    part: str

    def process(self) -> Any | None:
        """Return the psutil process if it is still this one and not a zombie, else ``None``."""
        try:
            process = psutil.Process(self.pid)
        except psutil.NoSuchProcess:
            return None
        for _ in range(EXEC_LOOKS):  # in the moment of its exec the kernel shows no environment
            if _environment(process) or _ended(process):
                break
            time.sleep(POLL_S / 10)
        return process if _bears(process, self.state, self.part) else None

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


def start(command: Sequence[str], log: Path, state: Path, part: str) -> "subprocess.Popen[bytes]":
    """Start *command* for *part* in a session of its own; what it prints is appended to *log*."""
    log.parent.mkdir(parents=True, exist_ok=True)
    environment = {name: value for name, value in os.environ.items() if name not in CA_VARIABLES}
    environment |= {MARK: str(state), PART_MARK: part}
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
    for send in ("terminate", "kill"):
        waiting = [process for process in waiting if _signal(process, send)]
        deadline = time.monotonic() + limit_s
        while waiting and time.monotonic() < deadline:
            time.sleep(POLL_S)
            waiting = [process for process in waiting if not _ended(process)]


def _signal(process: Any, send: str) -> bool:
    """Send the signal; return whether the process was still there to get it."""
    try:
        getattr(process, send)()
    except psutil.NoSuchProcess:
        return False
    return True


def _ended(process: Any) -> bool:
    """Say whether *process* has ended. A zombie has: not every init of a container collects orphans."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def marked(state: Path, part: str | None = None) -> list[Any]:
    """Return every living process, but this one, that belongs to the sandbox in *state*, or to one *part* of it."""
    others = [process for process in psutil.process_iter() if process.pid != os.getpid()]
    time.sleep(POLL_S)  # those in the moment of their exec show no environment; kernel threads never do
    return [process for process in others if _bears(process, state, part)]


def _bears(process: Any, state: Path, part: str | None) -> bool:
    environment = _environment(process)
    return environment.get(MARK) == str(state) and part in (None, environment.get(PART_MARK))


def _environment(process: Any) -> dict[str, str]:
    """Return the environment of *process*, empty when it is gone, a zombie, another user's or just being executed."""
    try:
        found: dict[str, str] = process.environ()
        return {} if process.status() == psutil.STATUS_ZOMBIE else found
    except psutil.Error:
        return {}


def write_json(file: Path, content: Any) -> None:
    """Write *content* so that a reader, or a crash, meets the old file or the new one and nothing between."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.write_text(json.dumps(content))
    draft.replace(file)


def tail(log: Path, characters: int = 3000) -> str:
    """Return the end of *log*, empty if there is none."""
    try:
        return log.read_text(errors="replace")[-characters:]
    except FileNotFoundError:
        return ""
