"""The parts of a sandbox together: start, look at, connect and stop them.

Each part is a process of its own, ``python -m oracleapi_sandbox.<part> --state STATE``, that publishes
``STATE/<part>.json`` once it serves. State folder: ``parts/`` (recorded processes), ``logs/``, ``ca/ca.crt``,
``kubeconfig``, ``env``, ``clock.json`` (how far the parts' clocks are ahead), ``replaced.json``.
"""

import fcntl
import json
import shlex
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil  # type: ignore[import-untyped]

from oracleapi_sandbox.cluster.build import control_plane
from oracleapi_sandbox.cluster.choice import BUILD, ENVTEST, KIND, ClusterChoice, envtest_programs, why_not_kind
from oracleapi_sandbox.cluster.clients import clients
from oracleapi_sandbox.cluster.controlplane import end_leftovers
from oracleapi_sandbox.cluster.foreign import delete_kind_cluster
from oracleapi_sandbox.cluster.golang import ToolError
from oracleapi_sandbox.cluster.processes import Recorded, end, marked, start, tail, write_json
from oracleapi_sandbox.cluster.progress import Progress
from oracleapi_sandbox.common.authority import Authority
from oracleapi_sandbox.common.state import read_ready
from oracleapi_sandbox.replaced import Replaced

PARTS = ("oidc", "aws", "oracle", "cluster")
CLOCKS = {"oidc": "admin_url", "aws": "endpoint_url", "oracle": "admin_url"}
"""The doubles whose time can be driven, each with the address of its control pages."""
OPERATOR = "operator"
READY_LIMIT_S = 180.0
STOP_LIMIT_S = 60.0
POLL_S = 0.1
LISTENER = "listener/app/ords/0123456789abcdef/0123456789abcdef"
"""The load balancer listener that stands for the local ORDS in VPC links."""


class PartError(RuntimeError):
    """A part failed; the text names it and holds the end of its log."""

    def __init__(self, part: str, text: str) -> None:
        super().__init__(f"{part}: {text}")
        self.part = part


@dataclass(frozen=True)
class Status:
    """One part: *condition* is ``running``, ``starting``, ``dead`` (ended by itself), ``stopped`` or ``replaced``."""

    part: str
    condition: str
    pid: int | None = None
    resident_bytes: int = 0
    address: str = ""


class Stack:
    """The sandbox in the folder *state*."""

    def __init__(self, state: Path, progress: Progress) -> None:
        self.state = state.resolve()
        self._progress = progress
        self._given_up = threading.Event()

    def up(self, parts: Iterable[str], choice: ClusterChoice, replaced: Replaced | None = None) -> None:
        """Start those of *parts* that do not run, connect them and write ``env``; living parts are kept.

        *replaced* says what stands in place of parts; those that it replaces are not started.

        Raises:
            PartError: A part could not be started, the first of them; the others are left running.
        """
        self.state.mkdir(parents=True, exist_ok=True)
        replaced = replaced or Replaced()
        with self._locked(), ThreadPoolExecutor(len(PARTS)) as pool:
            Authority(self.state / "ca")
            write_json(self._replaced_file, asdict(replaced))
            started = [pool.submit(self._ensure, part, choice) for part in parts if part not in replaced.parts]
            try:
                failures = [future.exception() for future in started]
            except KeyboardInterrupt:
                self._given_up.set()
                raise
            self._connect()
            self._write_env()
        failed = [failure for failure in failures if failure is not None]
        for failure in failed[1:]:
            self._progress.say("sandbox", f"failed as well: {failure}")
        if failed:
            raise failed[0]

    def down(self) -> list[str]:
        """End every process of this sandbox and return the parts that ran; the state folder stays."""
        if not self.state.is_dir():
            return []
        with self._locked():
            running = {
                part: recorded
                for part in (*self._operators(), *PARTS)
                if (recorded := self._recorded(part)) and recorded.alive
            }
            families = [process for recorded in running.values() for process in recorded.family()]
            end([process for recorded in running.values() if (process := recorded.process())], STOP_LIMIT_S)
            self._end_cluster()
            end(process for process in families if process.is_running())
            end(marked(self.state))
            for part in (*self._operators(), *PARTS):
                self._forget(part)
        return list(running)

    def status(self) -> list[Status]:
        """Return the condition of every part."""
        return [self._status(part) for part in PARTS]

    def advance(self, seconds: float) -> float:
        """Move the clock of every running double ahead; returns how far they are ahead of the machine now.

        A double that starts later in this state folder gets there too. The cluster has the machine's clock.

        Raises:
            PartError: A double does not answer, or refuses.
        """
        with self._locked():
            for part in CLOCKS:
                self._set_ahead(part, seconds)
            write_json(self._clock_file, self.ahead_s + seconds)
        return self.ahead_s

    @property
    def ahead_s(self) -> float:
        """How far the doubles' clocks are ahead of the machine's."""
        return float(_read_json(self._clock_file, 0.0))

    @property
    def replaced(self) -> Replaced:
        """What the last ``up`` was given in place of parts."""
        return Replaced(**_read_json(self._replaced_file, {}))

    def start_operator(
        self, namespace: str, deployment: str, command: Sequence[str], replica: int = 0
    ) -> dict[str, Any]:
        """Run *command* as the one container of a Deployment, with its arguments and its ServiceAccount's token.

        Args:
            replica: Which one of the Deployment's pods; each is started and stopped by itself.

        Raises:
            PartError: It runs already, or ended while starting.
        """
        part = _operator(replica)
        recorded = self._recorded(part)
        if recorded is not None and recorded.alive:
            raise PartError(part, "is running; stop it first")
        self._clear(part)
        arguments = ["--state", str(self.state), "--part", part, "--namespace", namespace, "--deployment", deployment]
        module = [sys.executable, "-m", "oracleapi_sandbox.pod", *arguments, "--replica", str(replica), "--", *command]
        process = start(module, self.log(part), self.state, part)
        self._pid_file(part).parent.mkdir(exist_ok=True)
        write_json(self._pid_file(part), process.pid)
        self._wait_ready(part, Recorded(process.pid, self.state, part))
        return self.addresses(part) or {}

    def stop_operator(self, kill: bool = False, replica: int = 0) -> None:
        """End one replica of the operator by SIGTERM and patience, or by SIGKILL."""
        part = _operator(replica)
        recorded = self._recorded(part)
        family = recorded.family() if recorded is not None else []
        for process in reversed(family) if kill else family[:1]:
            process.kill() if kill else process.terminate()
        psutil.wait_procs(family, STOP_LIMIT_S)
        self._clear(part)

    def _operators(self) -> list[str]:
        """Return the replicas of the operator that were started."""
        return [file.stem for file in sorted((self.state / "parts").glob(f"{OPERATOR}*.pid"))]

    def addresses(self, part: str) -> dict[str, Any] | None:
        """Return what *part* published if it runs, else ``None``."""
        recorded, ready = self._recorded(part), read_ready(self.state, part)
        if recorded is None or ready is None or ready["pid"] != recorded.pid or not recorded.alive:
            return None
        return ready

    def environment(self) -> dict[str, str]:
        """Return the variables that clients of the running parts need."""
        found = {"SANDBOX_CA": str(self.state / "ca" / "ca.crt")}
        if cluster := self.addresses("cluster"):
            tools = clients(self._progress)
            found |= {
                "KUBECONFIG": cluster["kubeconfig"],
                "SANDBOX_KUBECTL": str(tools.kubectl),
                "SANDBOX_HELM": str(tools.helm),
            }
        if aws := self.addresses("aws"):
            found |= {
                "AWS_ENDPOINT_URL": aws["endpoint_url"],
                "AWS_ACCESS_KEY_ID": aws["access_key_id"],
                "AWS_SECRET_ACCESS_KEY": aws["secret_access_key"],
                "AWS_REGION": aws["region"],
                "SANDBOX_AWS_ACCOUNT": aws["account_id"],
                "SANDBOX_LISTENER_ARN": _listener_arn(aws),
            }
        if oracle := self.addresses("oracle"):
            found |= {
                "ORACLE_DSN": oracle["dsn"],
                "ORACLE_HOST": oracle["host"],
                "ORACLE_PORT": str(oracle["port"]),
                "ORACLE_TCPS_PORT": str(oracle["tcps_port"]),
                "ORACLE_SERVER_DN": oracle["server_dn"],
                "ORACLE_SERVICE_NAME": oracle["service_name"],
                "ORACLE_SYSTEM_USER": oracle["system_user"],
                "ORACLE_SYSTEM_PASSWORD": oracle["system_password"],
                "ORDS_URL": oracle["ords_url"],
                "SANDBOX_ORACLE_ADMIN": oracle["admin_url"],
            }
        if oidc := self.addresses("oidc"):
            found |= {"OIDC_ISSUER": oidc["issuer"], "SANDBOX_OIDC_ADMIN": oidc["admin_url"]}
        return found | self.replaced.environment

    def exports(self) -> str:
        """Return :meth:`environment` as shell commands."""
        return "".join(f"export {name}={shlex.quote(str(value))}\n" for name, value in self.environment().items())

    def client(self) -> httpx.Client:
        """Return an HTTP client that trusts this sandbox and nothing else."""
        return httpx.Client(verify=Authority(self.state / "ca").client_context(), trust_env=False, timeout=30)

    def log(self, part: str) -> Path:
        return self.state / "logs" / f"{part}.log"

    def _ensure(self, part: str, choice: ClusterChoice) -> None:
        """Make *part* run: keep it, wait for it, or start it."""
        recorded = self._recorded(part)
        if recorded is not None and recorded.alive:
            self._keep(part, recorded, choice)
            return
        if recorded is not None:
            self._progress.say(part, f"had ended by itself; starting it again (its log: {self.log(part)})")
        self._clear(part)
        arguments = self._prepare(part, choice)
        command = [sys.executable, "-m", f"oracleapi_sandbox.{part}", "--state", str(self.state), *arguments]
        self._progress.say(part, "starting")
        process = start(command, self.log(part), self.state, part)
        self._pid_file(part).parent.mkdir(exist_ok=True)
        write_json(self._pid_file(part), process.pid)
        self._wait_ready(part, Recorded(process.pid, self.state, part))
        if part in CLOCKS and self.ahead_s:
            self._set_ahead(part, self.ahead_s)

    def _keep(self, part: str, recorded: Recorded, choice: ClusterChoice) -> None:
        if self.addresses(part) is None:
            self._wait_ready(part, recorded)
            return
        ready = read_ready(self.state, part) or {}
        other = part == "cluster" and ready["choice"] != str(choice)
        self._progress.say(part, f"already running{', as ' + ready['choice'] + ', which is kept' if other else ''}")

    def _prepare(self, part: str, choice: ClusterChoice) -> list[str]:
        """Build what *part* needs while somebody watches, and return its arguments."""
        if part != "cluster":
            return []
        try:
            clients(self._progress)
            self._check_cluster(choice)
        except ToolError as error:
            raise PartError(part, str(error)) from error
        return ["--cluster", choice.argument, "--kubernetes-version", str(choice.version)]

    def _check_cluster(self, choice: ClusterChoice) -> None:
        """Build, or say before anything starts, what is missing for *choice*."""
        self._progress.say("cluster", f"taking {choice}")
        if choice.kind == BUILD:
            control_plane(choice.version, self._progress)
        elif choice.kind == KIND and (reason := why_not_kind()):
            raise ToolError(f"kind cannot make a cluster: {reason}; take another with --cluster build")
        elif choice.kind == ENVTEST and choice.path and "kube-controller-manager" not in envtest_programs(choice.path):
            self._progress.say("cluster", "no kube-controller-manager there: deleted namespaces stay Terminating")

    def _set_ahead(self, part: str, seconds: float) -> None:
        """Move the clock of *part* if it runs."""
        addresses = self.addresses(part)
        if addresses is None:
            return
        try:
            with self.client() as client:
                page = f"{addresses[CLOCKS[part]]}/_sandbox/clock"
                answer = client.post(page, json={"advance_seconds": seconds})
        except httpx.TransportError as error:
            raise PartError(part, f"does not answer: {error}") from error
        if answer.is_error:
            raise PartError(part, f"refused to move its clock: {answer.text[:500]}")

    def _wait_ready(self, part: str, recorded: Recorded) -> None:
        begin = time.monotonic()
        while self.addresses(part) is None:
            elapsed = time.monotonic() - begin
            if not recorded.alive:
                raise PartError(part, f"ended while starting; the end of {self.log(part)}:\n{tail(self.log(part))}")
            if elapsed > READY_LIMIT_S:
                raise PartError(part, f"not ready in {READY_LIMIT_S:.0f} s; its log:\n{tail(self.log(part))}")
            if self._given_up.wait(POLL_S):
                raise PartError(part, "given up while it was starting; it goes on in the background")
            self._progress.tick(part, f"starting, {elapsed:.0f} s")
        self._progress.say(part, f"ready after {time.monotonic() - begin:.1f} s at {self._status(part).address}")

    def _connect(self) -> None:
        """Tell AWS which local address stands behind the listener that VPC links name."""
        aws, oracle = self.addresses("aws"), self.addresses("oracle")
        ords_url = self.replaced.ords_url or (oracle or {}).get("ords_url")
        if aws is None or ords_url is None:
            return
        url = httpx.URL(ords_url)
        target = [url.host, url.port or 443]
        try:
            with self.client() as client:
                page = f"{aws['endpoint_url']}/_sandbox/settings"
                answer = client.put(page, json={"targets": {_listener_arn(aws): target}})
        except httpx.TransportError as error:
            raise PartError("aws", f"does not answer: {error}") from error
        if answer.is_error:
            raise PartError("aws", f"refused the target of {_listener_arn(aws)}: {answer.text[:500]}")

    def _status(self, part: str) -> Status:
        recorded = self._recorded(part)
        if recorded is None and part in self.replaced.parts:
            return Status(part, "replaced", address=self.replaced.parts[part])
        if recorded is None:
            return Status(part, "stopped")
        if not recorded.alive:
            return Status(part, "dead", recorded.pid)
        ready = self.addresses(part)
        address = _address(part, ready) if ready else ""
        return Status(part, "running" if ready else "starting", recorded.pid, recorded.resident_bytes(), address)

    @property
    def _clock_file(self) -> Path:
        return self.state / "clock.json"

    @property
    def _replaced_file(self) -> Path:
        return self.state / "replaced.json"

    def _pid_file(self, part: str) -> Path:
        return self.state / "parts" / f"{part}.pid"

    def _recorded(self, part: str) -> Recorded | None:
        try:
            return Recorded(int(self._pid_file(part).read_text()), self.state, part)
        except FileNotFoundError:
            return None

    def _clear(self, part: str) -> None:
        """End what a crashed *part* left behind and take back what it published."""
        if part == "cluster":
            self._end_cluster()
        end(marked(self.state, part))
        self._forget(part)

    def _end_cluster(self) -> None:
        """End what a crashed cluster left: programs, or the one that kind made for this sandbox."""
        end_leftovers(self.state)
        try:
            delete_kind_cluster(self.state)
        except (ToolError, OSError) as error:
            raise PartError("cluster", str(error)) from error

    def _forget(self, part: str) -> None:
        (self.state / f"{part}.json").unlink(missing_ok=True)
        self._pid_file(part).unlink(missing_ok=True)

    def _write_env(self) -> None:
        file, now = self.state / "env", self.exports()
        file.touch(mode=0o600)
        if (before := file.read_text()) and set(before.splitlines()) - set(now.splitlines()):
            self._progress.say("sandbox", "addresses or credentials differ from the last time: evaluate env again")
        file.write_text(now)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Let one command at a time change the sandbox."""
        with (self.state / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._progress.say("sandbox", "another command is changing this sandbox; waiting for it")
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _read_json(file: Path, default: Any) -> Any:
    return json.loads(file.read_text()) if file.exists() else default


def _operator(replica: int) -> str:
    return f"{OPERATOR}-{replica}" if replica else OPERATOR


def _listener_arn(aws: dict[str, Any]) -> str:
    return f"arn:aws:elasticloadbalancing:{aws['region']}:{aws['account_id']}:{LISTENER}"


def _address(part: str, ready: dict[str, Any]) -> str:
    if part.startswith(OPERATOR):
        return f"http://127.0.0.1:{ready['port']}"
    member = {"oidc": "issuer", "aws": "endpoint_url", "oracle": "ords_url", "cluster": "server"}[part]
    return f"{ready[member]}{' ' + ready['dsn'] if part == 'oracle' else ''}"
