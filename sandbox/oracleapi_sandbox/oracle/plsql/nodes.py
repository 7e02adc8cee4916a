"""The syntax tree of PL/SQL: what the parser builds, the analysis resolves and the runtime walks.

Nodes are compared by identity, so that they can be keys of what the analysis finds out about them.
"""

from dataclasses import dataclass, field
from typing import TypeAlias

from oracleapi_sandbox.oracle.plsql.errors import Position
from oracleapi_sandbox.oracle.plsql.lexer import Token
from oracleapi_sandbox.oracle.ports import Value


@dataclass(frozen=True, eq=False)
class Node:
    position: Position


# --- expressions -----------------------------------------------------------------------------------------------------


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


# --- types and declarations ------------------------------------------------------------------------------------------


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
class Variable(Node):
    name: str
    type: TypeName
    constant: bool = False
    not_null: bool = False
    default: Expression | None = None


@dataclass(frozen=True, eq=False)
class RecordType(Node):
    name: str
    fields: tuple[Variable, ...]


@dataclass(frozen=True, eq=False)
class TableType(Node):
    """``TABLE OF element [INDEX BY key]`` or a VARRAY; ``key`` is ``None`` for the latter and for nested tables."""

    name: str
    element: TypeName
    key: TypeName | None
    limit: int | None = None


@dataclass(frozen=True, eq=False)
class RefCursorType(Node):
    name: str


@dataclass(frozen=True, eq=False)
class Subtype(Node):
    name: str
    base: TypeName
    not_null: bool = False


@dataclass(frozen=True, eq=False)
class ExceptionName(Node):
    name: str


@dataclass(frozen=True, eq=False)
class ExceptionInit(Node):
    name: str
    code: int


@dataclass(frozen=True, eq=False)
class Parameter(Node):
    name: str
    type: TypeName
    mode: str = "IN"
    default: Expression | None = None


@dataclass(frozen=True, eq=False)
class Cursor(Node):
    name: str
    parameters: tuple[Parameter, ...]
    query: "Sql"


@dataclass(frozen=True, eq=False)
class Subprogram(Node):
    """A local procedure or function; a forward declaration has no body."""

    name: str
    parameters: tuple[Parameter, ...]
    returns: TypeName | None
    body: "Block | None"


Declaration: TypeAlias = (
    Variable | RecordType | TableType | RefCursorType | Subtype | ExceptionName | ExceptionInit | Cursor | Subprogram
)


# --- statements ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Into(Node):
    targets: tuple[Assignable, ...]
    bulk: bool = False
    limit: Expression | None = None


@dataclass(frozen=True, eq=False)
class Sql(Node):
    """A SQL statement inside PL/SQL.

    Args:
        verb: SELECT (also for WITH), INSERT, UPDATE, DELETE or MERGE.
        tokens: The statement's tokens without the part that ``INTO`` took out.
        source: The text that the tokens' offsets point into.
        into: Targets of SELECT … INTO, or of RETURNING … INTO.
        cut: Offsets in the source of the part that was taken out.
    """

    verb: str
    tokens: tuple[Token, ...]
    source: str
    into: Into | None = None
    cut: tuple[int, int] = (-1, -1)


@dataclass(frozen=True, eq=False)
class Assign(Node):
    target: Assignable
    value: Expression


@dataclass(frozen=True, eq=False)
class Call(Node):
    target: Ref
    into: BindRef | None = None


@dataclass(frozen=True, eq=False)
class If(Node):
    branches: tuple[tuple[Expression, tuple["Statement", ...]], ...]
    otherwise: tuple["Statement", ...]


@dataclass(frozen=True, eq=False)
class CaseStatement(Node):
    selector: Expression | None
    branches: tuple[tuple[Expression, tuple["Statement", ...]], ...]
    otherwise: tuple["Statement", ...] | None


@dataclass(frozen=True, eq=False)
class Loop(Node):
    """LOOP, or WHILE with a ``condition``."""

    label: str | None
    condition: Expression | None
    body: tuple["Statement", ...]


@dataclass(frozen=True, eq=False)
class ForRange(Node):
    label: str | None
    index: str
    low: Expression
    high: Expression
    reverse: bool
    body: tuple["Statement", ...]


@dataclass(frozen=True, eq=False)
class ForCursor(Node):
    label: str | None
    record: str
    source: "Sql | Ref"
    body: tuple["Statement", ...]


@dataclass(frozen=True, eq=False)
class ForAll(Node):
    index: str
    low: Expression
    high: Expression
    statement: "SqlStatement"


@dataclass(frozen=True, eq=False)
class Leave(Node):
    """EXIT or CONTINUE."""

    keyword: str
    label: str | None
    condition: Expression | None


@dataclass(frozen=True, eq=False)
class Null(Node):
    pass


@dataclass(frozen=True, eq=False)
class Return(Node):
    value: Expression | None


@dataclass(frozen=True, eq=False)
class Raise(Node):
    name: str | None


@dataclass(frozen=True, eq=False)
class SqlStatement(Node):
    sql: Sql


@dataclass(frozen=True, eq=False)
class Transaction(Node):
    """COMMIT, ROLLBACK [TO], SAVEPOINT, SET TRANSACTION: ``text`` is the statement as SQL."""

    text: str


@dataclass(frozen=True, eq=False)
class Using(Node):
    mode: str
    value: Expression


@dataclass(frozen=True, eq=False)
class OpenCursor(Node):
    cursor: Ref


@dataclass(frozen=True, eq=False)
class OpenFor(Node):
    target: Assignable
    query: "Sql | Expression"
    using: tuple[Using, ...] = ()


@dataclass(frozen=True, eq=False)
class Fetch(Node):
    cursor: Assignable
    into: Into


@dataclass(frozen=True, eq=False)
class Close(Node):
    cursor: Assignable


@dataclass(frozen=True, eq=False)
class ExecuteImmediate(Node):
    text: Expression
    into: Into | None
    using: tuple[Using, ...]
    returning: Into | None


@dataclass(frozen=True, eq=False)
class Handler(Node):
    """``WHEN a OR b THEN …``; no names means OTHERS."""

    names: tuple[str, ...]
    body: tuple["Statement", ...]


@dataclass(frozen=True, eq=False)
class Block(Node):
    """A block; ``call`` marks the SQL statement CALL, whose errors Oracle words differently."""

    declarations: tuple[Declaration, ...]
    body: tuple["Statement", ...]
    handlers: tuple[Handler, ...] = field(default=())
    label: str | None = None
    call: bool = False


Statement: TypeAlias = (
    Block
    | Assign
    | Call
    | If
    | CaseStatement
    | Loop
    | ForRange
    | ForCursor
    | ForAll
    | Leave
    | Null
    | Return
    | Raise
    | SqlStatement
    | Transaction
    | OpenCursor
    | OpenFor
    | Fetch
    | Close
    | ExecuteImmediate
)
