"""Interferes with the operator's calls to the outside: to the cluster, to AWS, to Oracle, to ORDS, to providers."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args

from oracleapi.errors import OperatorError, Retryable, Uncertain
from oracleapi.ports import (
    Gateway,
    Iam,
    Kubernetes,
    Logins,
    Oidc,
    Oracle,
    OrdsProbe,
    Parser,
    RotatedSecrets,
    Secrets,
    Workloads,
)
from support.small_world import SmallWorld

How = Literal["killed before", "killed after", "answer lost", "SIGTERM"]
HOWS: tuple[How, ...] = get_args(How)
PORTS: dict[str, type] = {
    "cluster": Kubernetes,
    "aws": Gateway,
    "oracle": Oracle,
    "ords": OrdsProbe,
    "oidc": Oidc,
    "secrets": Secrets,
    "iam": Iam,
    "parser": Parser,
    "rotated": RotatedSecrets,
    "logins": Logins,
    "workloads": Workloads,
}
LOST = {
    "cluster": "ClusterUnavailable",
    "aws": "AwsUnavailable",
    "oracle": "DatabaseUnreachable",
    "ords": "OrdsUnreachable",
    "oidc": "DiscoveryFailed",
    "secrets": "AwsUnavailable",
    "iam": "AwsUnavailable",
    "parser": "DatabaseUnreachable",
    "rotated": "AwsUnavailable",
    "logins": "DatabaseUnreachable",
    "workloads": "ClusterUnavailable",
}


def methods(of: type) -> set[str]:
    """Return the names of the public methods of a port, or of a double of one."""
    return {name for name, found in vars(of).items() if callable(found) and not name.startswith("_")}


def doubles(world: SmallWorld) -> dict[str, Any]:
    """Return what stands for each port in *world*."""
    found = world.backends
    return {
        "cluster": world.kube, "aws": found.aws, "oracle": found.database, "ords": found.ords, "oidc": found.provider,
        "secrets": found.secret_store, "iam": found.policies, "parser": found.handlers,
        "rotated": found.rotated, "logins": found.log_ons, "workloads": world.workloads,
    }  # fmt: skip


class Ended(BaseException):
    """The process is gone; no handler of its own may catch it."""


@dataclass(frozen=True)
class Call:
    """One call to the outside, by its place in the run."""

    number: int
    part: str
    name: str

    def __str__(self) -> str:
        return f"{self.part} {self.name}"

    @property
    def creates(self) -> bool:
        """Say whether the call makes something that has no natural key."""
        return self.name in ("create_api", "create_link")


Meet = Callable[[Call, Callable[[], Any]], Any]
"""Carries out a call, or does not, and answers or fails."""


class Outside:
    """Watches every call of *world*'s operator to the outside; ``meet`` may interfere with any of them.

    The world's fakes are wrapped where they are: they outlive the operator's process.
    """

    def __init__(self, world: SmallWorld, meet: Meet | None = None) -> None:
        self.calls: list[Call] = []
        self.meet = meet
        self._terminating = False
        for part, double in doubles(world).items():
            for name in methods(PORTS[part]):
                setattr(double, name, functools.partial(self._met, part, name, getattr(double, name)))
        self._run = world.run
        world.run = self._run_pass  # type: ignore[method-assign]

    def terminate(self) -> None:
        """Let the pass that runs come to its end, and the process with it."""
        self._terminating = True

    def crash(self, at: int, how: How) -> None:
        """Interfere with call number *at*.

        ``killed before`` and ``killed after`` end the process there; ``answer lost`` lets the call happen and fails
        it; ``SIGTERM`` lets the pass that makes the call come to its end, and the process with it.
        """

        def meet(call: Call, go: Callable[[], Any]) -> Any:
            if call.number != at:
                return go()
            if how == "killed before":
                raise Ended
            answer = go()
            if how == "killed after":
                raise Ended
            if how == "SIGTERM":
                self.terminate()
            elif call.name != "record_event":  # an Event that fails fails no pass
                raise lost(call)
            return answer

        self.meet = meet

    def _met(self, part: str, name: str, function: Callable[..., Any], *arguments: Any, **more: Any) -> Any:
        call = Call(len(self.calls), part, type(arguments[0]).__name__ if name.startswith("apply") else name)
        self.calls.append(call)
        go = functools.partial(function, *arguments, **more)
        return go() if self.meet is None else self.meet(call, go)

    def _run_pass(self, *arguments: Any, **more: Any) -> None:
        self._run(*arguments, **more)
        if self._terminating:
            self._terminating = False
            raise Ended


def lost(call: Call) -> OperatorError:
    """Return the error of an adapter whose call happened and whose answer never came."""
    if call.creates:
        return Uncertain("CreateUncertain", f"no answer to {call.name}; looking it up")
    return Retryable(LOST[call.part], f"no answer to {call.name}")
