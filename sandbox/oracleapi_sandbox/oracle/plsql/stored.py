"""Stored units as all sessions of a database share them: compiled once for each version of what they depend on.

A unit is its specification, which others name, and its body; a standalone subprogram's heading is its specification.
Both are compiled with their owner's privileges, whoever asks first, and again when an object that they use has changed.
Sources: PL/SQL Language Reference, "Invoker's Rights and Definer's Rights"; Development Guide, "Schema Object
Dependency" [D].
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from threading import RLock

from oracleapi_sandbox.oracle.plsql import nodes as n
from oracleapi_sandbox.oracle.plsql.errors import CompileError, Fault, Position
from oracleapi_sandbox.oracle.plsql.headings import headings
from oracleapi_sandbox.oracle.plsql.parse_units import parse_unit
from oracleapi_sandbox.oracle.plsql.scope import Entity, OverloadsEntity, Scope, Unit
from oracleapi_sandbox.oracle.ports import CompilationReport, OracleError, SqlRunner, StoredText, UnitCall, Uses

BODY = "PACKAGE BODY"
Key = tuple[str, str]


@dataclass(eq=False)
class Body:
    """What runs: all declarations of the specification and of the body, and the initialisation.

    Args:
        text: Of a package's body, ``None`` where there is none.
        stateful: A session has variables or cursors of it, which are lost when it is compiled anew.
        checked: The version of the dictionary in which it was last known to be as it should.
    """

    text: str | None
    block: n.Block
    unit: Unit
    faults: tuple[Fault, ...] = ()
    stateful: bool = False
    uses: Uses = field(default_factory=dict)
    units: frozenset["Compiled"] = frozenset()
    checked: int = -1


@dataclass(eq=False)
class Compiled:
    """A unit's specification; *exports* are the names in *scope* that others may use."""

    text: StoredText
    block: n.Block
    unit: Unit
    scope: Scope = field(default_factory=Scope)
    exports: frozenset[str] = frozenset()
    faults: tuple[Fault, ...] = ()
    uses: Uses = field(default_factory=dict)
    units: frozenset["Compiled"] = frozenset()
    checked: int = -1
    body: Body | None = None

    @property
    def key(self) -> Key:
        return self.text.owner, self.text.name

    @property
    def title(self) -> str:
        return f"{self.text.owner}.{self.text.name}"

    @property
    def call(self) -> UnitCall:
        return UnitCall(self.text.owner, self.text.name, self.text.rights)

    @property
    def kind(self) -> str:
        return self.text.kind

    @property
    def home(self) -> Scope | None:
        """Where the unit's own body finds what the specification declares."""
        return None if self.faults else self.scope

    def member(self, name: str) -> Entity | None:
        return self.scope.names.get(name) if name in self.exports else None


@dataclass
class Library:
    """The compiled units of a database."""

    units: dict[Key, Compiled] = field(default_factory=dict)
    lock: RLock = field(default_factory=RLock)
    compiling: list[Key] = field(default_factory=list)

    def specification(self, runner: SqlRunner, text: StoredText) -> Compiled:
        """Return the unit as it is now, compiled if need be; what is wrong with it are its faults.

        Raises:
            OracleError: 4020, specifications that need each other.
        """
        with self.lock:
            found = self.units.get((text.owner, text.name))
            if found is None or not self._holds(runner, found, _heading_text(found.text) == _heading_text(text)):
                found = self.units[text.owner, text.name] = self._compile_specification(runner, text)
            return found

    def body(self, runner: SqlRunner, unit: Compiled) -> Body | None:
        """Return the body that goes with *unit*, compiled if need be; ``None`` if *unit* is not the present one."""
        with self.lock:
            text = runner.unit_text(*unit.key)
            if text is None or self.specification(runner, text) is not unit:
                return None
            if unit.body is None or not self._holds(runner, unit.body, unit.body.text == text.body, unit.text.owner):
                unit.body = self._compile_body(runner, unit, text.body)
            return unit.body

    def forget(self, key: Key, *, body_only: bool) -> None:
        """Have a unit compiled anew."""
        with self.lock:
            unit = self.units.get(key)
            if unit is not None and body_only:
                unit.body = None
            else:
                self.units.pop(key, None)

    def _holds(self, runner: SqlRunner, part: Compiled | Body, same_text: bool, owner: str = "") -> bool:
        """Say whether a compiled part still is what would be compiled now; what has faults may have lost them."""
        if not same_text:
            return False
        version = runner.dictionary_version
        if part.checked == version:
            return True
        owner = part.text.owner if isinstance(part, Compiled) else owner
        if part.faults or not runner.unchanged(owner, part.uses):
            return False
        if not all(self.units.get(unit.key) is unit and self._holds(runner, unit, True) for unit in part.units):
            return False
        part.checked = version
        return True

    def _compile_specification(self, runner: SqlRunner, text: StoredText) -> Compiled:
        key = (text.owner, text.name)
        if key in self.compiling:
            raise OracleError(4020, f"deadlock detected while trying to lock object {text.owner}.{text.name}")
        from oracleapi_sandbox.oracle.plsql.analyse_units import SpecificationAnalysis

        self.compiling.append(key)
        try:
            with _as_owner(runner, text) as uses:
                try:
                    block = _heading(parse_unit(text.specification))
                    analysis = SpecificationAnalysis(block, runner, key)
                    scope = analysis.specification()
                except (CompileError, OracleError) as error:
                    empty = n.Block(Position(1, 1), (), ())
                    found = Compiled(text, empty, Unit(empty), faults=faults_of(error))
                else:
                    exports = frozenset(each.name for each in block.declarations if hasattr(each, "name"))
                    units = frozenset(analysis.referenced)
                    found = Compiled(text, block, analysis.unit, scope, exports, analysis.faults_found, units=units)
        finally:
            self.compiling.remove(key)
        found.uses, found.checked = dict(uses), runner.dictionary_version
        offered = headings(found) if not found.faults else ()
        runner.compiled(CompilationReport(*key, text.kind, found.faults, found.uses, offered))
        return found

    def _compile_body(self, runner: SqlRunner, unit: Compiled, text: str | None) -> Body:
        if text is None and unit.kind == "PACKAGE":
            return Body(None, unit.block, unit.unit, unit.faults, _is_stateful(unit.block), checked=unit.checked)
        from oracleapi_sandbox.oracle.plsql.analyse_units import BodyAnalysis

        with _as_owner(runner, unit.text) as uses:
            try:
                own = parse_unit(text if text is not None else unit.text.specification).block
                if unit.faults:
                    raise _without_specification(unit, own)
                analysis = BodyAnalysis(own, runner, unit)
                analysis.body_of_unit()
            except (CompileError, OracleError) as error:
                faults = unit.faults if text is None and unit.faults else faults_of(error)
                found = Body(text, unit.block, unit.unit, faults)
            else:
                declared = own.declarations if text is None else (*unit.block.declarations, *own.declarations)
                block = replace(own, declarations=declared)
                stateful = unit.kind == "PACKAGE" and _is_stateful(block)
                units = frozenset(analysis.referenced)
                found = Body(text, block, analysis.unit, analysis.faults_found, stateful, units=units)
        found.uses, found.checked = dict(uses), runner.dictionary_version
        kind = BODY if unit.kind == "PACKAGE" else unit.kind
        runner.compiled(CompilationReport(*unit.key, kind, found.faults, {**unit.uses, **found.uses}))
        return found


def library_of(runner: SqlRunner) -> Library:
    """Return the compiled units of the database of *runner*."""
    found: Library = runner.shared.setdefault("library", Library())
    return found


def find(runner: SqlRunner, owner: str | None, name: str) -> Compiled | None:
    """Return the unit that *name* means to the session, if it may execute it; it may have faults."""
    text = runner.stored(owner, name)
    return None if text is None else library_of(runner).specification(runner, text)


def is_sound(runner: SqlRunner, unit: Compiled) -> bool:
    """Say whether a standalone subprogram has a valid body; of a package, calls find out."""
    if unit.kind == "PACKAGE":
        return True
    body = library_of(runner).body(runner, unit)
    return body is not None and not body.faults


def check_access(unit: Compiled, accessible_by: Sequence[str], home: Key | None, node: n.Node, name: str) -> None:
    """Let only the units that ACCESSIBLE BY lists name *unit*, or a subprogram of it.

    Raises:
        CompileError: PLS-00904.
    """
    if not accessible_by or home == unit.key:
        return
    allowed = {each if "." in each else f"{unit.text.owner}.{each}" for each in accessible_by}
    if home is None or ".".join(home) not in allowed:
        raise CompileError(node.position, 904, f"insufficient privilege to access object {name}")


def faults_of(error: OracleError) -> tuple[Fault, ...]:
    """What a compilation that was given up says of the unit."""
    if isinstance(error, CompileError):
        return tuple(error.entries)
    return ((1, 1, f"PL/SQL: {error}"),)


@contextmanager
def _as_owner(runner: SqlRunner, text: StoredText) -> Iterator[Uses]:
    """Compile what is inside with the privileges of the unit's owner; gives what is looked up."""
    with runner.entering(UnitCall(text.owner, text.name, "DEFINER")), runner.noting() as uses:
        yield uses


def _heading_text(text: StoredText) -> tuple[object, ...]:
    return text.specification, text.rights, text.accessible_by


def _heading(unit: n.StoredUnit) -> n.Block:
    """What a unit declares to others."""
    if unit.kind == "PACKAGE":
        return unit.block
    (subprogram,) = unit.block.declarations
    assert isinstance(subprogram, n.Subprogram)
    return replace(unit.block, declarations=(replace(subprogram, body=None),))


def _without_specification(unit: Compiled, body: n.Block) -> CompileError:
    error = CompileError(body.position, 905, f"object {unit.title} is invalid")
    text = f"PLS-00304: cannot compile body of '{unit.text.name}' without its specification"
    error.entries.append((*body.position, text))
    return error


def _is_stateful(block: n.Block) -> bool:
    """A package whose only variables are constants with a literal has no state. [D]"""
    return any(
        isinstance(each, n.Cursor)
        or (isinstance(each, n.Variable) and not (each.constant and isinstance(each.default, n.Literal)))
        for each in block.declarations
    )


__all__ = [
    "BODY",
    "Body",
    "Compiled",
    "Library",
    "OverloadsEntity",
    "check_access",
    "faults_of",
    "find",
    "is_sound",
    "library_of",
]
