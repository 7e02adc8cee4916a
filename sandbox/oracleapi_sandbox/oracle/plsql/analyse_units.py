"""Analysis of stored units: the specification, and the body over it. All faults are found, not only the first one."""

from collections.abc import Iterator
from contextlib import contextmanager

from oracleapi_sandbox.oracle.plsql import nodes as n
from oracleapi_sandbox.oracle.plsql import types as t
from oracleapi_sandbox.oracle.plsql.analyse_statements import Analysis
from oracleapi_sandbox.oracle.plsql.errors import CompileError, Fault, Position
from oracleapi_sandbox.oracle.plsql.scope import (
    OverloadsEntity,
    Scope,
    SubprogramEntity,
    TypeEntity,
    VariableEntity,
)
from oracleapi_sandbox.oracle.plsql.stored import Compiled, Key
from oracleapi_sandbox.oracle.ports import SqlRunner


class UnitAnalysis(Analysis):
    """Walks a unit's declarations; a faulty one does not hide the next.

    Args:
        home: Owner and name of the unit.
    """

    def __init__(self, block: n.Block, runner: SqlRunner, home: Key) -> None:
        super().__init__(block, {}, runner, home)
        self._faults: list[Fault] = []

    @property
    def faults_found(self) -> tuple[Fault, ...]:
        return tuple(self._faults)

    def bind_type(self, node: n.BindRef) -> t.Type:
        """Stored units have no host.

        Raises:
            CompileError: PLS-00049.
        """
        raise CompileError(node.position, 49, f"bad bind variable '{node.name}'")

    @contextmanager
    def ignoring(self, position: Position, what: str | None) -> Iterator[None]:
        try:
            yield
        except CompileError as error:
            if what is not None:
                error.ignoring(position, what)
            self._faults += error.entries

    def declare(self, node: n.Declaration, scope: Scope) -> None:
        """Declare; what is wrong is of a type that fits everything, so that its uses are no faults too."""
        try:
            super().declare(node, scope)
        except CompileError:
            if isinstance(node, n.Variable | n.Cursor):
                scope.names.setdefault(node.name, VariableEntity(node.name, t.ANY))
            elif isinstance(node, n.RecordType | n.TableType | n.RefCursorType | n.Subtype):
                scope.names.setdefault(node.name, TypeEntity(node.name, t.ANY))
            raise


class SpecificationAnalysis(UnitAnalysis):
    """What a unit declares to others."""

    def specification(self) -> Scope:
        """Resolve the declarations; returns their scope."""
        self.home_scope = Scope()
        self.contents(self.unit.block, self.home_scope, bodies=False)
        return self.home_scope


class BodyAnalysis(UnitAnalysis):
    """A unit's body: it sees what its specification declares, and implements the subprograms of it."""

    def __init__(self, block: n.Block, runner: SqlRunner, specification: Compiled) -> None:
        super().__init__(block, runner, specification.key)
        copies = {
            entity: OverloadsEntity(entity.name, list(entity.candidates))
            for entity in specification.scope.names.values()
            if isinstance(entity, OverloadsEntity)
        }
        self.exported = {each for entity in copies for each in entity.candidates}
        self.unit = specification.unit.extended(block)
        self.unit.declared = {
            node: copies.get(entity, entity) if isinstance(entity, OverloadsEntity) else entity
            for node, entity in self.unit.declared.items()
        }
        self.home_scope = Scope(
            names={
                name: copies.get(entity, entity) if isinstance(entity, OverloadsEntity) else entity
                for name, entity in specification.scope.names.items()
            }
        )

    def body_of_unit(self) -> None:
        """Resolve the declarations and the initialisation."""
        assert self.home_scope is not None
        self.contents(self.unit.block, self.home_scope)

    def without_body(self, subprogram: SubprogramEntity) -> CompileError:
        if subprogram not in self.exported:
            return super().without_body(subprogram)
        text = "is declared in a package specification and must be defined in the package body"
        return CompileError(subprogram.position, 323, f"subprogram or cursor '{subprogram.name}' {text}")
