"""The syntax tree, first part: expressions and type names.

Nodes are compared by identity, so that they can be keys of what the analysis finds out about them.
"""

from dataclasses import dataclass
from typing import TypeAlias

from oracleapi_sandbox.oracle.plsql.errors import Position
from oracleapi_sandbox.oracle.ports import Value


@dataclass(frozen=True, eq=False)
class Node:
    position: Position


@dataclass(frozen=True, eq=False)
class Literal(Node):
    """A literal; ``type`` is its Oracle type name, ``NULL`` for NULL."""

    value: Value
    type: str


@dataclass(frozen=True, eq=False)
class BindRef(Node):
    name: str


@dataclass(frozen=True, eq=False)
class Argument(Node):
    """An actual parameter, positional or ``name => value``."""

    name: str | None
    value: "Expression"


@dataclass(frozen=True, eq=False)
class Member(Node):
    """A step ``.name``."""

    name: str


@dataclass(frozen=True, eq=False)
class Arguments(Node):
    """A step ``( … )``: the arguments of a call or the subscript of a collection."""

    items: tuple[Argument, ...]


@dataclass(frozen=True, eq=False)
class Ref(Node):
    """A name with its steps: a variable, a field, an element, a call, a constant or a sequence value."""

    name: str
    steps: tuple["Member | Arguments", ...] = ()

    @property
    def dotted(self) -> tuple[str, ...]:
        """The leading names, before the first parenthesis."""
        names = [self.name]
        for step in self.steps:
            if not isinstance(step, Member):
                break
            names.append(step.name)
        return tuple(names)

    @property
    def text(self) -> str:
        return ".".join(self.dotted)


@dataclass(frozen=True, eq=False)
class BindIndex(Node):
    """An element of a bound index-by table: ``:names(i)``."""

    bind: BindRef
    index: "Expression"


@dataclass(frozen=True, eq=False)
class CursorAttribute(Node):
    """``cursor%FOUND`` and its kin; ``cursor`` is ``None`` for ``SQL%…``."""

    cursor: "Expression | None"
    attribute: str


@dataclass(frozen=True, eq=False)
class Unary(Node):
    operator: str
    operand: "Expression"


@dataclass(frozen=True, eq=False)
class Binary(Node):
    operator: str
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True, eq=False)
class Between(Node):
    operand: "Expression"
    low: "Expression"
    high: "Expression"


@dataclass(frozen=True, eq=False)
class InList(Node):
    operand: "Expression"
    items: tuple["Expression", ...]


@dataclass(frozen=True, eq=False)
class Like(Node):
    operand: "Expression"
    pattern: "Expression"
    escape: "Expression | None"


@dataclass(frozen=True, eq=False)
class IsNull(Node):
    operand: "Expression"


@dataclass(frozen=True, eq=False)
class Case(Node):
    """A CASE expression; without ``selector`` it is a searched one."""

    selector: "Expression | None"
    branches: tuple[tuple["Expression", "Expression"], ...]
    otherwise: "Expression | None"


@dataclass(frozen=True, eq=False)
class TypeName(Node):
    """A type as written.

    Args:
        names: ``("VARCHAR2",)``, ``("OWA", "VC_ARR")``, ``("EMPLOYEES", "ID")`` …
        anchor: ``TYPE`` or ``ROWTYPE`` for ``%TYPE`` and ``%ROWTYPE``.
        sizes: Length, or precision and scale.
        semantics: ``CHAR`` or ``BYTE`` where given.
    """

    names: tuple[str, ...]
    anchor: str | None = None
    sizes: tuple[int, ...] = ()
    semantics: str | None = None


@dataclass(frozen=True, eq=False)
class Cast(Node):
    operand: "Expression"
    type: "TypeName"


@dataclass(frozen=True, eq=False)
class Extract(Node):
    part: str
    operand: "Expression"


@dataclass(frozen=True, eq=False)
class Trim(Node):
    """``TRIM([LEADING|TRAILING|BOTH] [characters FROM] operand)``."""

    side: str
    characters: "Expression | None"
    operand: "Expression"


@dataclass(frozen=True, eq=False)
class JsonCall(Node):
    """JSON_VALUE, JSON_QUERY or JSON_EXISTS with a literal path.

    Args:
        on_error: ``NULL``, ``ERROR``, ``TRUE``, ``FALSE`` or the default's expression; *on_empty* the same or ``None``.
    """

    function: str
    document: "Expression"
    path: str
    returning: "TypeName | None"
    on_error: "str | Expression"
    on_empty: "str | Expression | None"


@dataclass(frozen=True, eq=False)
class AtTimeZone(Node):
    operand: "Expression"
    zone: "Expression"


Expression: TypeAlias = (
    Literal
    | BindRef
    | BindIndex
    | Ref
    | CursorAttribute
    | Unary
    | Binary
    | Between
    | InList
    | Like
    | IsNull
    | Case
    | Cast
    | Extract
    | Trim
    | JsonCall
    | AtTimeZone
)
Assignable: TypeAlias = Ref | BindRef | BindIndex
