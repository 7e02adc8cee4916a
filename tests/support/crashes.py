"""Ends, cuts and deafens the operator at a chosen call to the outside: to the cluster, to AWS, to Oracle, to ORDS."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args

from oracleapi.errors import OperatorError, Retryable, Uncertain
from support.small_world import SmallWorld

How = Literal["killed before", "killed after", "answer lost", "SIGTERM"]
HOWS: tuple[How, ...] = get_args(How)


class Ended(BaseException):
    """The process is gone; no handler of its own may catch it."""


@dataclass(frozen=True)
class Call:
    """One call to the outside, by its place in the run."""

    part: str
    name: str

    def __str__(self) -> str:
        return f"{self.part} {self.name}"


class Outside:
    """Watches every call of *world*'s operator to the outside and interferes with one of them.

    Args:
        world: Its fakes are wrapped where they are; they outlive the operator's process.
        at: Number of the call to interfere with, counted from 0; ``None`` only watches.
        how: ``killed before`` and ``killed after`` end the process there. ``answer lost`` lets the call happen and
            fails it. ``SIGTERM`` lets the pass that makes the call come to its end, and the process with it.
    """

    PORTS = {
        "cluster": (
            "find", "list", "patch_status", "add_finalizer", "remove_finalizer", "find_secret", "namespace_labels",
            "record_event",
        ),
        "aws": (
            "caller", "list_apis", "find_api", "observe_content", "observe_stage", "observe_log_group", "list_links",
            "find_link", "create_api", "create_link", "apply",
        ),
        "oracle": ("facts", "observe_schema", "apply"),
        "ords": ("status",),
    }  # fmt: skip

    def __init__(self, world: SmallWorld, at: int | None = None, how: How = "killed before") -> None:
        self.calls: list[Call] = []
        self._world, self._at, self._how = world, at, how
        self._terminating = False
        backends = world.backends
        parts = {"cluster": world.kube, "aws": backends.aws, "oracle": backends.database, "ords": backends.ords}
        for part, names in self.PORTS.items():
            for name in names:
                call = getattr(parts[part], name)
                setattr(parts[part], name, functools.partial(self._met, part, name, call))
        self._run = world.run
        world.run = self._run_pass  # type: ignore[method-assign]

    @property
    def struck(self) -> bool:
        """Say whether the chosen call was reached."""
        return self._at is not None and len(self.calls) > self._at

    def _met(self, part: str, name: str, call: Callable[..., Any], *arguments: Any, **more: Any) -> Any:
        shown = type(arguments[0]).__name__ if name == "apply" else name
        number = len(self.calls)
        self.calls.append(Call(part, shown))
        if number != self._at:
            return call(*arguments, **more)
        if self._how == "killed before":
            raise Ended
        answer = call(*arguments, **more)
        if self._how == "killed after":
            raise Ended
        if self._how == "answer lost":
            if name == "record_event":
                return answer  # an Event that fails fails no pass
            raise lost(part, name)
        self._terminating = True
        return answer

    def _run_pass(self, *arguments: Any, **more: Any) -> None:
        self._run(*arguments, **more)
        if self._terminating:
            self._terminating = False
            raise Ended


def lost(part: str, name: str) -> OperatorError:
    """Return the error of an adapter whose call happened and whose answer never came."""
    if name in ("create_api", "create_link"):
        return Uncertain("CreateUncertain", f"no answer to {name}; looking it up")
    reason = {
        "cluster": "ClusterUnavailable",
        "aws": "AwsUnavailable",
        "oracle": "DatabaseUnreachable",
        "ords": "OrdsUnreachable",
    }[part]
    return Retryable(reason, f"no answer to {name}")
