"""Stored units as one session runs them: compiled when they are first used, with the state of packages.

A package is its specification and its body in one scope; what the specification declares is seen from outside. A
standalone subprogram is a package with one member of its own name. Units are compiled anew after any unit was created,
altered or dropped, and then their state is lost without the ORA-04068 that Oracle gives.
"""

from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from oracleapi_sandbox.oracle.plsql import nodes as n
from oracleapi_sandbox.oracle.plsql.errors import CompileError, PlsqlError
from oracleapi_sandbox.oracle.plsql.frames import Frame, HostBinds
from oracleapi_sandbox.oracle.plsql.parse_units import parse_unit
from oracleapi_sandbox.oracle.plsql.scope import Entity, OverloadsEntity, Scope, Unit
from oracleapi_sandbox.oracle.ports import OracleError, Session, SqlRunner, StoredText, UnitCall

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oracleapi_sandbox.oracle.plsql.execute import Executor


@dataclass(eq=False)
class Instance:
    """A compiled unit in a session.

    Args:
        exports: The names that other units may use.
        complete: There is a body for what the specification declares.
        fault: Why the body cannot run: callers compile against the specification and meet it when they call.
    """

    call: UnitCall
    scope: Scope
    unit: Unit
    exports: frozenset[str]
    complete: bool
    fault: OracleError | None = None
    _executor: "Executor | None" = None
    _frame: Frame | None = None

    @property
    def title(self) -> str:
        return f"{self.call.owner}.{self.call.name}"

    def member(self, name: str) -> Entity | None:
        return self.scope.names.get(name) if name in self.exports else None

    def running(self, runner: SqlRunner) -> tuple["Executor", Frame]:
        """Return what runs the unit's code, and its variables; the first use initialises them.

        Raises:
            PlsqlError: 6508, it has no body; 4063, the body has errors.
        """
        from oracleapi_sandbox.oracle.plsql.interpreter import Interpreter

        if self.fault is not None:
            raise PlsqlError(self.fault.code, self.fault.message)
        if not self.complete:
            raise PlsqlError(6508, f'PL/SQL: could not find program unit being called: "{self.title}"')
        if self._executor is None or self._frame is None:
            self._executor = Interpreter(self.unit, HostBinds({}), runner, self.title)
            with runner.entering(self.call):
                self._frame = self._executor.initialise(self.unit.block)
        self._executor.runner = runner
        return self._executor, self._frame

    def forget_state(self) -> None:
        """Let the next use begin with fresh variables."""
        self._executor = self._frame = None


@dataclass
class Library:
    """The units that a session has compiled, as of one version of all texts.

    Args:
        broken: One of them did not compile: the next call from outside tries all of them anew.
    """

    version: int
    instances: dict[tuple[str, str], Instance] = field(default_factory=dict)
    compiling: set[tuple[str, str]] = field(default_factory=set)
    broken: bool = False


_libraries: "WeakKeyDictionary[Session, Library]" = WeakKeyDictionary()


def find(runner: SqlRunner, owner: str | None, name: str) -> Instance | None:
    """Return the unit that *name* means to the session, if it may execute it.

    Raises:
        OracleError: 4063, the unit has errors.
    """
    text = runner.stored(owner, name)
    if text is None:
        return None
    library = _library(runner)
    key = (text.owner, text.name)
    found = library.instances.get(key) or _compiled(runner, text, library)
    library.instances[key] = found
    library.broken = library.broken or found.fault is not None
    return found


def _library(runner: SqlRunner) -> Library:
    library = _libraries.get(runner.session)
    outside = library is not None and not runner.units and not library.compiling
    if library is None or library.version != runner.units_version or (library.broken and outside):
        library = _libraries[runner.session] = Library(runner.units_version)
    return library


def _compiled(runner: SqlRunner, text: StoredText, library: Library) -> Instance:
    place = (text.owner, text.name)
    if place in library.compiling:
        raise OracleError(4020, f"deadlock detected while trying to lock object {text.owner}.{text.name}")
    library.compiling.add(place)
    try:
        return compile_unit(runner, text)
    except CompileError as error:
        kind = "package body" if text.body is not None else text.kind.lower()
        fault = OracleError(4063, f'{kind} "{text.owner}.{text.name}" has errors')
        if text.body is None:
            raise fault from error
        specified = compile_unit(runner, replace(text, body=None))
        specified.fault = fault
        return specified
    finally:
        library.compiling.discard(place)


def compile_unit(runner: SqlRunner, text: StoredText) -> Instance:
    """Compile a unit: its names mean what they mean to its owner, whose privileges count.

    With invoker's rights the tables of its SQL are looked up anew, for the invoker, whenever a statement runs; what it
    calls is not. [D]

    Raises:
        CompileError: What is wrong, with line and column of the text that has it.
    """
    from oracleapi_sandbox.oracle.plsql.analyse_statements import Analysis

    specification = parse_unit(text.specification)
    declarations = specification.block.declarations
    block = specification.block
    if text.body is not None:
        body = parse_unit(text.body)
        block = n.Block(body.position, (*declarations, *body.block.declarations), body.block.body, body.block.handlers)
    with runner.entering(UnitCall(text.owner, text.name, "DEFINER")):
        analysis = Analysis(block, {}, runner, home=(text.owner, text.name))
        complete = text.body is not None or text.kind != "PACKAGE"
        scope = analysis.library(bodies=complete)
    exports = frozenset(each.name for each in declarations if hasattr(each, "name"))
    call = UnitCall(text.owner, text.name, text.rights)
    return Instance(call, scope, analysis.unit, exports, complete or not _has_subprograms(scope))


def _has_subprograms(scope: Scope) -> bool:
    return any(isinstance(entity, OverloadsEntity) for entity in scope.names.values())


def check_access(runner: SqlRunner, instance: Instance, home: tuple[str, str] | None, node: n.Node) -> None:
    """Let only the units that ACCESSIBLE BY lists name this one.

    Raises:
        CompileError: PLS-00904.
    """
    text = runner.stored(instance.call.owner, instance.call.name)
    if text is None or not text.accessible_by:
        return
    allowed = {name if "." in name else f"{instance.call.owner}.{name}" for name in text.accessible_by}
    if home is None or (home != (instance.call.owner, instance.call.name) and ".".join(home) not in allowed):
        raise CompileError(node.position, 904, f"insufficient privilege to access object {instance.call.name}")


def forget_states(session: Session) -> None:
    """Forget the variables of every package: DBMS_SESSION.RESET_PACKAGE."""
    for instance in _libraries.get(session, Library(0)).instances.values():
        instance.forget_state()


@contextmanager
def entered(stack: list[UnitCall], call: UnitCall) -> "Iterator[Sequence[UnitCall]]":
    """Hold *call* on the stack of running units."""
    stack.append(call)
    try:
        yield stack
    finally:
        stack.pop()


__all__: list[Any] = ["Instance", "Library", "check_access", "compile_unit", "entered", "find", "forget_states"]
