"""What names mean: entities, the scopes that hold them, and what the analysis found for each reference."""

from copy import copy
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, TypeAlias

from oracleapi_sandbox.oracle.plsql import nodes as n
from oracleapi_sandbox.oracle.plsql.errors import PREDEFINED, USER_DEFINED, Position
from oracleapi_sandbox.oracle.plsql.functions import Builtin
from oracleapi_sandbox.oracle.plsql.types import Type
from oracleapi_sandbox.oracle.ports import Argument, Column, Subprogram, Value

if TYPE_CHECKING:
    from oracleapi_sandbox.oracle.plsql.stored import Compiled


@dataclass(eq=False)
class VariableEntity:
    """A variable, constant, parameter, loop index or loop record; ``readonly`` ones are no assignment targets."""

    name: str
    type: Type
    readonly: bool = False


@dataclass(eq=False)
class CursorEntity:
    name: str
    parameters: tuple["Formal", ...]
    query: n.Sql
    row: Type
    scope: "Scope"


@dataclass(eq=False)
class ExceptionEntity:
    """A declared exception; PRAGMA EXCEPTION_INIT gives it a number."""

    name: str
    code: int = USER_DEFINED


@dataclass(eq=False)
class TypeEntity:
    name: str
    type: Type


@dataclass(eq=False)
class LabelEntity:
    scope: "Scope"


@dataclass(eq=False)
class Formal:
    """A formal parameter of a cursor or a local subprogram."""

    name: str
    type: Type
    mode: str
    default: n.Expression | None
    entity: VariableEntity

    @property
    def required(self) -> bool:
        return self.default is None


@dataclass(eq=False)
class SubprogramEntity:
    """A procedure or function as callers see it; its body is in :attr:`Unit.bodies`."""

    name: str
    parameters: tuple[Formal, ...]
    returns: Type | None
    position: Position
    accessible_by: tuple[str, ...] = ()


@dataclass(eq=False)
class OverloadsEntity:
    """All local subprograms of one name in one scope."""

    name: str
    candidates: list[SubprogramEntity]


Entity: TypeAlias = VariableEntity | CursorEntity | ExceptionEntity | TypeEntity | LabelEntity | OverloadsEntity


@dataclass(eq=False)
class Scope:
    """The names of one block, loop or subprogram."""

    parent: "Scope | None" = None
    names: dict[str, Entity] = field(default_factory=dict)
    returns: Type | None = None
    is_function: bool = False
    loops: tuple[str | None, ...] = ()
    in_handler: bool = False
    subprogram: str | None = None

    def lookup(self, name: str) -> Entity | None:
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.parent
        return None

    def within(self, subprogram: str) -> "Scope | None":
        """The scope of the innermost subprogram of that name that this one is in."""
        scope: Scope | None = self
        while scope is not None and scope.subprogram != subprogram:
            scope = scope.parent
        return scope

    def child(self, **changes: "tuple[str | None, ...] | bool") -> "Scope":
        """An inner scope that still is in the same subprogram and loops, unless *changes* says otherwise."""
        inner = Scope(self, {}, self.returns, self.is_function, self.loops, self.in_handler)
        for name, value in changes.items():
            setattr(inner, name, value)
        return inner


_STANDARD = {name: ExceptionEntity(name, entry.code) for name, entry in PREDEFINED.items()}


def standard_exception(name: str) -> ExceptionEntity | None:
    """The exception of package STANDARD, which a declaration of the same name hides."""
    return _STANDARD.get(name.removeprefix("STANDARD."))


# --- resolved references ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class LocalCall:
    """Arguments in the order of the formal parameters; ``None`` where the default applies."""

    subprogram: SubprogramEntity
    arguments: tuple[n.Expression | None, ...]


@dataclass(frozen=True, eq=False)
class StoredCall:
    """A call of another stored unit's subprogram, arguments as in :class:`LocalCall`."""

    unit: "Compiled"
    subprogram: SubprogramEntity
    arguments: tuple[n.Expression | None, ...]


@dataclass(frozen=True, eq=False)
class StoredVariable:
    """A variable, constant or cursor that another unit's specification declares."""

    unit: "Compiled"
    variable: VariableEntity | CursorEntity


@dataclass(frozen=True, eq=False)
class SuppliedCall:
    subprogram: Subprogram
    arguments: tuple[tuple[Argument, Type, n.Expression | None], ...]
    unit: tuple[str, str] | None = None  # owner and name of its package


@dataclass(frozen=True, eq=False)
class BuiltinCall:
    builtin: Builtin
    arguments: tuple[n.Expression, ...]


@dataclass(frozen=True, eq=False)
class SqlCall:
    """A function or sequence that the engine evaluates: ``select text from dual``."""

    text: str
    arguments: tuple[n.Expression, ...]
    boolean: bool = False


@dataclass(frozen=True, eq=False)
class ErrorCall:
    """SQLCODE, SQLERRM or SQLERRM(code)."""

    name: str
    argument: n.Expression | None = None


@dataclass(frozen=True, eq=False)
class Construction:
    """A collection's constructor."""

    type: Type
    arguments: tuple[n.Expression, ...]


@dataclass(frozen=True, eq=False)
class ConstantValue:
    value: Value


@dataclass(frozen=True, eq=False)
class FieldStep:
    name: str


@dataclass(frozen=True, eq=False)
class IndexStep:
    index: n.Expression


@dataclass(frozen=True, eq=False)
class MethodStep:
    name: str
    arguments: tuple[n.Expression, ...]


Base: TypeAlias = (
    VariableEntity
    | CursorEntity
    | LocalCall
    | StoredCall
    | StoredVariable
    | SuppliedCall
    | BuiltinCall
    | SqlCall
    | ErrorCall
    | Construction
    | ConstantValue
)
Step: TypeAlias = FieldStep | IndexStep | MethodStep


@dataclass(frozen=True, eq=False)
class Resolved:
    """What a reference means: where its value begins, the steps into it, and the type it has then."""

    base: Base
    steps: tuple[Step, ...]
    type: Type

    @property
    def variable(self) -> "Base":
        """Where its value begins, also if that belongs to another unit."""
        return self.base.variable if isinstance(self.base, StoredVariable) else self.base

    @property
    def is_target(self) -> bool:
        """Whether a value can be assigned to it."""
        assignable = isinstance(self.variable, VariableEntity) and not self.variable.readonly
        return assignable and not any(isinstance(step, MethodStep) for step in self.steps)


@dataclass(frozen=True, eq=False)
class Input:
    """A bind of a SQL statement: the expression that gives its value, and its type."""

    name: str
    value: n.Expression
    type: Type


@dataclass(frozen=True, eq=False)
class PreparedSql:
    """A SQL statement with variables turned into binds.

    Args:
        outputs: Names and types of the binds of RETURNING INTO, in the order of the targets.
        columns: Described columns of a query.
    """

    text: str
    inputs: tuple[Input, ...]
    outputs: tuple[tuple[str, Type], ...] = ()
    columns: tuple[Column, ...] | None = None


@dataclass
class Unit:
    """A block with all its names resolved.

    Args:
        bodies: The declarations that hold the bodies of local subprograms.
        padded: Comparisons of CHAR values and literals, for which trailing blanks do not count.
    """

    block: n.Block
    refs: dict[n.Ref, Resolved] = field(default_factory=dict)
    sql: dict[n.Sql, PreparedSql] = field(default_factory=dict)
    types: dict[n.TypeName, Type] = field(default_factory=dict)
    declared: dict[n.Node, Entity | SubprogramEntity] = field(default_factory=dict)
    exceptions: dict[n.Node, tuple[ExceptionEntity, ...]] = field(default_factory=dict)
    padded: set[n.Node] = field(default_factory=set)
    cursor_arguments: dict[n.Node, tuple[n.Expression | None, ...]] = field(default_factory=dict)
    bodies: dict[SubprogramEntity, n.Subprogram] = field(default_factory=dict)

    def extended(self, block: n.Block) -> "Unit":
        """The same names, to which those of another block are added."""
        known = {each.name: copy(getattr(self, each.name)) for each in fields(self) if each.name != "block"}
        return Unit(block, **known)
