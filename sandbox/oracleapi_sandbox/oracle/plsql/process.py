"""What the PL/SQL of one session shares while it runs: the stack of calls, the present error, the state of packages.

Sources: PL/SQL Language Reference, "Package State", "Package Instantiation and Initialization" [D]; that a package
whose initialisation failed is initialised again, and that ORA-04068 discards state only when nobody handles it: users'
reports of 12c and 11g [M].
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from oracleapi_sandbox.oracle.plsql.errors import PlsqlError, predefined
from oracleapi_sandbox.oracle.plsql.frames import Frame, HostBinds
from oracleapi_sandbox.oracle.plsql.scope import SubprogramEntity
from oracleapi_sandbox.oracle.plsql.stored import BODY, Body, Compiled, Key, library_of
from oracleapi_sandbox.oracle.plsql.values import Datum
from oracleapi_sandbox.oracle.ports import Cancellable, OracleError, SqlRunner

if TYPE_CHECKING:
    from oracleapi_sandbox.oracle.plsql.execute import Executor

MAX_CALLS = 400
"""Depth of subprogram calls: each takes a dozen frames of the interpreter's own stack."""
MAX_LEVELS = 50
"""Depth of blocks within EXECUTE IMMEDIATE. [D: ORA-00036]"""
ANONYMOUS = "anonymous block"


@dataclass
class Activation:
    """A call that is running: the unit, the subprogram in it, and the line that it has reached."""

    unit: str | None
    subprogram: str | None
    line: int = 0

    @property
    def title(self) -> str:
        return ANONYMOUS if self.unit is None else self.unit


@dataclass(eq=False)
class Instance:
    """A stored unit in a session: what runs it, and its variables.

    Args:
        active: How many calls are in it.
        begun: Its variables have their first values, or later ones; if not, the next use initialises it.
    """

    unit: Compiled
    body: Body
    executor: "Executor"
    frame: Frame
    checked: int
    active: int = 0
    begun: bool = True

    @contextmanager
    def running(self) -> Iterator[None]:
        """Keep this version as long as what is inside runs."""
        self.active += 1
        try:
            yield
        finally:
            self.active -= 1


@dataclass(eq=False)
class Process:
    """One session's PL/SQL.

    Args:
        runner: Runs SQL now: the session's own transaction, or an autonomous one.
        errors: The errors whose handlers are running, innermost last.
        levels: How many blocks are running, one within the other by EXECUTE IMMEDIATE.
        output: The lines of DBMS_OUTPUT; the last one is not ended yet.
        at_end: What becomes of the state of packages when the running call has ended.
    """

    runner: SqlRunner
    errors: list[PlsqlError] = field(default_factory=list)
    calls: list[Activation] = field(default_factory=list)
    levels: int = 0
    at_end: Callable[[], None] | None = None
    output: list[str] = field(default_factory=lambda: [""])
    _instances: dict[Key, Instance] = field(default_factory=dict)
    _cancellable: Cancellable | None = None

    def __post_init__(self) -> None:
        self._use(self.runner)

    def _use(self, runner: SqlRunner) -> None:
        self.runner = runner
        self._cancellable = runner if isinstance(runner, Cancellable) else None

    @contextmanager
    def level(self, runner: SqlRunner) -> Iterator[None]:
        """Run what is inside as a block that the client sent, or one within it.

        Raises:
            PlsqlError: 36, too many blocks within each other.
        """
        if self.levels > MAX_LEVELS:
            raise PlsqlError(36, f"maximum number of recursive SQL levels ({MAX_LEVELS}) exceeded")
        outer = self.runner
        self._use(runner)
        self.levels += 1
        try:
            with self.activated(Activation(None, None)):
                yield
        finally:
            self.levels -= 1
            self._use(outer)
            if self.levels == 0 and self.at_end is not None:
                self.at_end()

    @contextmanager
    def activated(self, activation: Activation) -> Iterator[None]:
        """Hold a call on the stack.

        Raises:
            PlsqlError: 6500, calls are nested too deeply.
        """
        if len(self.calls) >= MAX_CALLS:
            raise predefined("STORAGE_ERROR")
        self.calls.append(activation)
        try:
            yield
        finally:
            self.calls.pop()

    @contextmanager
    def autonomous(self) -> Iterator[None]:
        """Run what is inside in a transaction of its own."""
        outer = self.runner
        try:
            with outer.autonomous() as runner:
                self._use(runner)
                yield
        finally:
            self._use(outer)

    def check_cancelled(self) -> None:
        """Let a loop end when its call is cancelled."""
        if self._cancellable is not None:
            self._cancellable.check_cancelled()

    def forget_states(self) -> None:
        """Let every package begin anew: what it keeps for the session is lost."""
        self._instances.clear()
        self.output = [""]
        self.at_end = None

    def begin_states_anew(self) -> None:
        """Let every package have its first values at its next use, and stay the session's."""
        for held in self._instances.values():
            held.begun = False
        self.output = [""]
        self.at_end = None

    def escaped(self, error: PlsqlError) -> OracleError:
        """The error as the client gets it; packages whose state is invalid are begun anew from now on."""
        if not error.discards or self.levels > 1:
            return error.unhandled()
        self.forget_states()
        discarded = PlsqlError(4068, f"existing state of packages has been discarded\n{error.sqlerrm}")
        discarded.lines = error.lines
        return discarded.unhandled()

    def instance(self, unit: Compiled) -> Instance:
        """Return the session's instance of a unit; the first use initialises it.

        Raises:
            PlsqlError: 4061, it was compiled anew and its state is lost; 4063, the body has errors.
        """
        held, version = self._instances.get(unit.key), self.runner.dictionary_version
        if held is not None and held.unit is unit and (held.active or held.checked == version):
            return held if held.begun else self._initialised(unit, held.body, version)
        body = library_of(self.runner).body(self.runner, unit)
        if held is not None and held.unit is unit and held.body is body:
            held.checked = version
            return held if held.begun else self._initialised(unit, held.body, version)
        stale = held is not None and (held.body.stateful or held.active > 0)
        fault = None
        if body is not None and body.faults:
            fault = _has_errors(unit)
        elif body is None or stale:
            fault = _invalidated(unit, only_body=held is not None and held.unit is unit)
        if fault is not None:
            fault.discards = stale or body is None
            raise fault
        assert body is not None
        return self._initialised(unit, body, version)

    def call(self, instance: Instance, subprogram: SubprogramEntity, frame: Frame) -> Datum:
        """Run a subprogram of a stored unit with the unit's rights; *frame* holds the arguments.

        Raises:
            PlsqlError: 4067, the package has no body.
        """
        with self.runner.entering(instance.unit.call), instance.running():
            if subprogram not in instance.executor.unit.bodies:
                raise _not_implemented(instance.unit.title)
            return instance.executor.run_subprogram(subprogram, frame)

    def _initialised(self, unit: Compiled, body: Body, version: int) -> Instance:
        from oracleapi_sandbox.oracle.plsql.interpreter import Interpreter

        executor = Interpreter(body.unit, HostBinds({}), self, unit.title)
        found = self._instances[unit.key] = Instance(unit, body, executor, Frame(), version)
        try:
            with self.runner.entering(unit.call), found.running(), self.activated(Activation(unit.title, None)):
                executor.contents(body.block, found.frame)
        except BaseException:
            self._instances.pop(unit.key, None)
            raise
        return found


def process_of(runner: SqlRunner) -> Process:
    """Return the PL/SQL of the session of *runner*."""
    found: Process = runner.own.setdefault("process", Process(runner))
    return found


def _invalidated(unit: Compiled, *, only_body: bool) -> PlsqlError:
    """The state that the session has, or that its caller was compiled for, is of an older version."""
    what = f'{(BODY if only_body else unit.kind).lower()} "{unit.title}"'
    return PlsqlError(
        4061,
        f"existing state of {what} has been invalidated\nORA-04065: not executed, altered or dropped {what}\n"
        f'ORA-06508: PL/SQL: could not find program unit being called: "{unit.title}"',
    )


def _has_errors(unit: Compiled) -> PlsqlError:
    kind = BODY if unit.kind == "PACKAGE" and not unit.faults else unit.kind
    missing = f'ORA-06508: PL/SQL: could not find program unit being called: "{unit.title}"'
    return PlsqlError(4063, f'{kind.lower()} "{unit.title}" has errors\n{missing}')


def _not_implemented(title: str) -> PlsqlError:
    """A subprogram was called whose package has no body."""
    missing = f'ORA-06508: PL/SQL: could not find program unit being called: "{title}"'
    return PlsqlError(4067, f'not executed, package body "{title}" does not exist\n{missing}')
