"""The subprograms that a stored unit offers, as the dictionary describes them (ALL_ARGUMENTS, ALL_PROCEDURES)."""

from typing import TYPE_CHECKING

from oracleapi_sandbox.oracle.plsql.scope import OverloadsEntity, SubprogramEntity
from oracleapi_sandbox.oracle.plsql.types import Type
from oracleapi_sandbox.oracle.ports import Argument, Heading

if TYPE_CHECKING:
    from oracleapi_sandbox.oracle.plsql.stored import Compiled

_COLLECTION = {"CHAR": "PL/SQL TABLE", "NUMBER": "PL/SQL TABLE"}


def headings(unit: "Compiled") -> tuple[Heading, ...]:
    """Return the subprograms that *unit* offers, in the order of their names' first appearance."""
    found: list[Heading] = []
    for entity in unit.scope.names.values():
        if isinstance(entity, OverloadsEntity):
            several = len(entity.candidates) > 1
            found += [_heading(each, at if several else 0) for at, each in enumerate(entity.candidates, 1)]
    return tuple(found)


def _heading(subprogram: SubprogramEntity, overload: int) -> Heading:
    arguments = tuple(
        Argument(each.name, _type_name(each.type), each.mode, ... if each.default is None else None)
        for each in subprogram.parameters
    )
    returns = None if subprogram.returns is None else _type_name(subprogram.returns)
    return Heading(subprogram.name, arguments, returns, overload)


def _type_name(kind: Type) -> str:
    """DATA_TYPE as ALL_ARGUMENTS has it. [D]"""
    if kind.name == "TABLE":
        return _COLLECTION.get(kind.key or "", "TABLE" if kind.limit is None else "VARRAY")
    return {
        "RECORD": "PL/SQL RECORD",
        "BOOLEAN": "PL/SQL BOOLEAN",
        "SYS_REFCURSOR": "REF CURSOR",
        "PLS_INTEGER": "BINARY_INTEGER",
    }.get(kind.name, "OBJECT" if kind.name.startswith("JSON_") else kind.name)
