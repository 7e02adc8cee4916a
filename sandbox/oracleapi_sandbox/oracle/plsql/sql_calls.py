"""Stored functions that SQL calls.

Source: PL/SQL Language Reference, "PL/SQL Functions that SQL Statements Can Invoke"; error messages 6553, 6575 [D];
that NO_DATA_FOUND in a function is NULL to SQL: users' reports [M].
"""

from collections.abc import Sequence
from dataclasses import dataclass

from oracleapi_sandbox.oracle.plsql import types as t
from oracleapi_sandbox.oracle.plsql.errors import PlsqlError
from oracleapi_sandbox.oracle.plsql.frames import Frame
from oracleapi_sandbox.oracle.plsql.nls import formats_of
from oracleapi_sandbox.oracle.plsql.overloads import Actual, best, match
from oracleapi_sandbox.oracle.plsql.process import process_of
from oracleapi_sandbox.oracle.plsql.scope import OverloadsEntity, SubprogramEntity
from oracleapi_sandbox.oracle.plsql.stored import Compiled, find, is_sound
from oracleapi_sandbox.oracle.plsql.values import coerce, from_port, to_port
from oracleapi_sandbox.oracle.ports import OracleError, SqlRunner, Value

NO_DATA = 1403


@dataclass(frozen=True)
class SqlFunction:
    """A stored function with the order in which SQL gives its arguments: for each formal parameter an index."""

    unit: Compiled
    subprogram: SubprogramEntity
    order: tuple[int | None, ...]

    @property
    def returns(self) -> str:
        """The name of its type."""
        assert self.subprogram.returns is not None
        return {"PLS_INTEGER": "NUMBER"}.get(self.subprogram.returns.name, self.subprogram.returns.name)

    def value(self, runner: SqlRunner, given: Sequence[Value]) -> Value:
        """Call it.

        Raises:
            OracleError: What it did not handle, with its stack.
        """
        process = process_of(runner)
        with process.level(runner), formats_of(runner):
            try:
                with runner.executing(self.unit.key):
                    instance = process.instance(self.unit)
                    inner = Frame(instance.frame)
                    for formal, index in zip(self.subprogram.parameters, self.order, strict=True):
                        if index is not None:
                            value = from_port(given[index], formal.type.name)
                            inner.cells[formal.entity] = coerce(value, formal.type)
                    return to_port(process.call(instance, self.subprogram, inner))
            except PlsqlError as error:
                if error.code == NO_DATA:
                    return None
                raise process.escaped(error) from error


@dataclass(frozen=True)
class Candidates:
    """The functions of one name."""

    unit: Compiled
    name: str
    subprograms: tuple[SubprogramEntity, ...]

    def chosen(self, actuals: Sequence[tuple[str | None, str]]) -> SqlFunction:
        """The function that fits arguments of these names and types.

        Raises:
            OracleError: 6553 with the PLS- number.
        """
        kinds = [Actual(name, t.scalar(kind) or t.ANY) for name, kind in actuals]
        matches = [match(each.parameters, kinds) for each in self.subprograms]
        found = best(matches)
        if not found:
            raise OracleError(6553, f"PLS-306: wrong number or types of arguments in call to '{self.name}'")
        if len(found) > 1:
            raise OracleError(6553, f"PLS-307: too many declarations of '{self.name}' match this call")
        chosen, fit = self.subprograms[found[0]], matches[found[0]]
        assert fit is not None
        if chosen.returns is None:
            raise OracleError(6553, f"PLS-222: no function with name '{self.name}' exists in this scope")
        if any("OUT" in formal.mode for formal in chosen.parameters):
            raise OracleError(6572, f"Function {self.name} has out arguments")
        return SqlFunction(self.unit, chosen, fit.order)


def lookup(runner: SqlRunner, path: Sequence[str]) -> Candidates | None:
    """The stored functions that ``[owner.][package.]name`` means in SQL.

    Raises:
        OracleError: 6575, the unit has errors; 904, ACCESSIBLE BY keeps it from SQL.
    """
    for at in range(min(2, len(path))):
        unit = find(runner, path[0] if at else None, path[at])
        if unit is None or len(path) != at + (2 if unit.kind == "PACKAGE" else 1):
            continue
        if unit.faults or not is_sound(runner, unit):
            raise OracleError(6575, f"Package or function {unit.text.name} is in an invalid state")
        name = path[-1] if unit.kind == "PACKAGE" else unit.text.name
        entity = unit.member(name)
        if isinstance(entity, OverloadsEntity):
            _check_access(unit, entity)
            return Candidates(unit, name, tuple(entity.candidates))
        raise OracleError(6553, f"PLS-221: '{name}' is not a procedure or is undefined")
    return None


def _check_access(unit: Compiled, entity: OverloadsEntity) -> None:
    """SQL is in no unit's list."""
    if unit.text.accessible_by or any(each.accessible_by for each in entity.candidates):
        raise OracleError(6553, f"PLS-904: insufficient privilege to access object {unit.text.name}")
