"""The syntax tree: declarations and statements, and all of the expressions' part.

What the parser builds, the analysis resolves and the runtime walks.
"""

from dataclasses import dataclass, field
from typing import TypeAlias

from oracleapi_sandbox.oracle.plsql.expressions import (
    Argument as Argument,
)
from oracleapi_sandbox.oracle.plsql.expressions import (
    Arguments as Arguments,
)
from oracleapi_sandbox.oracle.plsql.expressions import (
    Assignable as Assignable,
)
from oracleapi_sandbox.oracle.plsql.expressions import (
    AtTimeZone as AtTimeZone,
)
from oracleapi_sandbox.oracle.plsql.expressions import (
    Between as Between,
)
from oracleapi_sandbox.oracle.plsql.expressions import (
    Binary as Binary,
)
from oracleapi_sandbox.oracle.plsql.expressions import (
    BindIndex as BindIndex,
)
from oracleapi_sandbox.oracle.plsql.expressions import (
    BindRef as BindRef,
)
from oracleapi_sandbox.oracle.plsql.expressions import (
    Case as Case,
)
from oracleapi_sandbox.oracle.plsql.expressions import (
    Cast as Cast,
)
from oracleapi_sandbox.oracle.plsql.expressions import (
    CursorAttribute as CursorAttribute,
)
from oracleapi_sandbox.oracle.plsql.expressions import (
    Expression as Expression,
)
from oracleapi_sandbox.oracle.plsql.expressions import (
    Extract as Extract,
)
from oracleapi_sandbox.oracle.plsql.expressions import (
    InList as InList,
)
from oracleapi_sandbox.oracle.plsql.expressions import (
    IsNull as IsNull,
)
from oracleapi_sandbox.oracle.plsql.expressions import (
    JsonCall as JsonCall,
)
from oracleapi_sandbox.oracle.plsql.expressions import (
    Like as Like,
)
from oracleapi_sandbox.oracle.plsql.expressions import (
    Literal as Literal,
)
from oracleapi_sandbox.oracle.plsql.expressions import (
    Member as Member,
)
from oracleapi_sandbox.oracle.plsql.expressions import (
    Node as Node,
)
from oracleapi_sandbox.oracle.plsql.expressions import (
    Ref as Ref,
)
from oracleapi_sandbox.oracle.plsql.expressions import (
    Trim as Trim,
)
from oracleapi_sandbox.oracle.plsql.expressions import (
    TypeName as TypeName,
)
from oracleapi_sandbox.oracle.plsql.expressions import (
    Unary as Unary,
)
from oracleapi_sandbox.oracle.plsql.lexer import Token

# --- types and declarations ------------------------------------------------------------------------------------------


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
    autonomous: bool = False
    accessible: tuple[str, ...] = ()


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
    """A block; ``call`` marks the SQL statement CALL, whose errors Oracle words differently.

    Only a whole anonymous block can be ``autonomous``; of subprograms :class:`Subprogram` says it.
    """

    declarations: tuple[Declaration, ...]
    body: tuple["Statement", ...]
    handlers: tuple[Handler, ...] = field(default=())
    label: str | None = None
    call: bool = False
    autonomous: bool = False


@dataclass(frozen=True, eq=False)
class StoredUnit(Node):
    """A stored unit. ``block`` holds a package's declarations and initialisation, or the one standalone subprogram.

    Args:
        kind: PACKAGE, PACKAGE BODY, PROCEDURE or FUNCTION.
        rights: DEFINER or CURRENT_USER; a body has those of its specification.
        accessible: Units of ACCESSIBLE BY.
    """

    kind: str
    name: str
    block: Block
    rights: str = "DEFINER"
    accessible: tuple[str, ...] = ()


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
