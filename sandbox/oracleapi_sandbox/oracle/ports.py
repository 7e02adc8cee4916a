"""The seams between the rooms of the Oracle double.

``tns`` and ``ords`` are clients of :class:`Database` and :class:`Session`; ``engine`` implements them; ``plsql`` runs
blocks for the engine and asks it for SQL through :class:`SqlRunner`; ``packages`` are called by ``plsql`` through
:class:`Package`. Nobody reaches around these.

Values: ``None``, ``str``, ``int`` (an integral NUMBER), ``Decimal`` (any other NUMBER), ``float`` (BINARY_DOUBLE),
``bool`` (BOOLEAN), naive ``datetime`` (DATE, TIMESTAMP), aware ``datetime`` (TIMESTAMP WITH TIME ZONE),
``timedelta`` (INTERVAL DAY TO SECOND), ``bytes`` (RAW, BLOB), ``list`` (an index-by table), :class:`Result` (a REF
CURSOR). The empty string is never a value: it is ``None``, as in Oracle.
"""

from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol, TypeAlias, runtime_checkable

Value: TypeAlias = "str | int | Decimal | float | bool | datetime | timedelta | bytes | list[Any] | Result | None"


class OracleError(Exception):
    """An ORA- error as the database reports it.

    Args:
        code: The number, such as 942.
        message: The text without the ``ORA-00942: `` prefix; further lines carry the stack (``ORA-06512 …``).
        position: 0-based character offset of the fault in the statement, or ``None``.
    """

    def __init__(self, code: int, message: str, position: int | None = None) -> None:
        super().__init__(f"ORA-{code:05d}: {message}")
        self.code = code
        self.message = message
        self.position = position


@dataclass(frozen=True)
class Column:
    """A result column. ``type`` is Oracle's name: NUMBER, VARCHAR2, CHAR, DATE, TIMESTAMP, TIMESTAMP WITH TIME ZONE,
    CLOB, BLOB, RAW, BINARY_DOUBLE, BOOLEAN, JSON, CURSOR (a nested cursor; values are lists of dicts)."""

    name: str
    type: str
    size: int = 4000
    precision: int = 0
    scale: int = -127
    nullable: bool = True


@dataclass(frozen=True)
class Bind:
    """A bind variable's value with its Oracle type name (as :class:`Column`.type; lists: the element type)."""

    value: Value = None
    type: str = "VARCHAR2"


@dataclass
class Result:
    """What a statement gave.

    Args:
        columns: Described columns of a query, else ``None``.
        rows: The query's rows, tuples in column order; consumed once.
        rowcount: Rows touched by DML, else 0.
        out: Binds that a PL/SQL block or RETURNING INTO assigned, by upper-case name.
        warned: A stored unit was created or compiled, but has errors (ORA-24344).
    """

    columns: tuple[Column, ...] | None = None
    rows: Iterator[tuple[Value, ...]] = field(default_factory=lambda: iter(()))
    rowcount: int = 0
    out: dict[str, Value] = field(default_factory=dict)
    warned: bool = False


class Session(Protocol):
    """One database session: its rights are those of *user* with the enabled roles; calls come from one thread at a
    time. Every failed statement leaves the transaction as it was before that statement."""

    user: str
    proxy_user: str | None
    session_id: int
    serial: int
    client_identifier: str | None
    module: str | None
    action: str | None

    @property
    def current_schema(self) -> str: ...
    @property
    def in_transaction(self) -> bool: ...
    def execute(self, sql: str, binds: Mapping[str, Bind] | None = None) -> Result:
        """Run one statement: query, DML, DDL (commits before and after), PL/SQL block, transaction control,
        ALTER SESSION. Binds by upper-case name without colon; numeric binds are named ``"1"``, ``"2"``.
        Raises :class:`OracleError`."""
        ...

    def parse(self, sql: str) -> tuple[Column, ...] | None:
        """Check and describe *sql* without running it; columns of a query, else ``None``."""
        ...

    def commit(self) -> None: ...
    def rollback(self) -> None: ...
    def cancel(self) -> None:
        """Stop the running statement from another thread: it raises ORA-01013."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True)
class Verifier:
    """A 12c password verifier: what the listener needs to authenticate without the password.

    Args:
        salt: AUTH_VFR_DATA, 16 bytes.
        key: PBKDF2-HMAC-SHA512(password, salt + "AUTH_PBKDF2_SPEEDY_KEY", 4096 rounds), 64 bytes.
    """

    salt: bytes
    key: bytes


@dataclass(frozen=True)
class Account:
    """A user as the listener sees it. ``status`` is DBA_USERS.ACCOUNT_STATUS; ``verifiers`` holds the current one
    first and, in a password rollover, the old one after it."""

    username: str
    status: str
    verifiers: tuple[Verifier, ...]


class Database(Protocol):
    """The database behind the listener and the ORDS pool."""

    name: str
    version: str  # "19.22.0.0.0"
    service_names: tuple[str, ...]

    def account(self, username: str) -> Account | None:
        """Return the account, or ``None``; *username* is upper-case unless it was quoted."""
        ...

    def login_failed(self, username: str) -> None: ...
    def login_succeeded(self, username: str) -> None: ...
    def change_password(self, username: str, new_password: str, *, old_password: str | None = None) -> None:
        """Change a password as its owner does over the wire: what ALTER USER … REPLACE refuses is refused.

        Raises:
            OracleError: 28008 (wrong old password), 28003 (verify function), 28007 (used before), 972 (too long), 1918.
        """
        ...

    def open_session(self, user: str, *, proxy_user: str | None = None, old_password: bool = False) -> Session:
        """Open a session for an authenticated *user*; with *proxy_user*, that one connects through to *user*.

        *old_password* says that it logged on with the old one in a rollover, which is audited.

        Raises:
            OracleError: 1045 (no CREATE SESSION), 28000 (locked), 28150 (no CONNECT THROUGH), 1918 (no such user).
        """
        ...

    def on_commit(self, listener: Callable[[], None]) -> None:
        """Call *listener* after each commit that may have changed ORDS metadata; it must return quickly."""
        ...


@dataclass(frozen=True)
class UnitCall:
    """A stored unit that runs. ``rights`` is DEFINER (its owner's, without roles) or CURRENT_USER."""

    owner: str
    name: str
    rights: str


@dataclass(frozen=True)
class StoredText:
    """A stored unit's texts, from PACKAGE, PROCEDURE or FUNCTION on; ``kind`` is one of these words.

    Args:
        body: Of a package, ``None`` while there is none, and for other kinds.
        accessible_by: Units that may name it, ``NAME`` or ``OWNER.NAME``; none means everybody.
    """

    owner: str
    name: str
    kind: str
    specification: str
    body: str | None
    rights: str
    accessible_by: tuple[str, ...] = ()


Uses: TypeAlias = "MutableMapping[tuple[str | None, str], object]"
"""Objects by the name under which they were looked up (owner or ``None``), with what the dictionary says of them."""


@dataclass(frozen=True)
class Heading:
    """A subprogram that a stored unit offers; ``overload`` counts from 1 where a name has several."""

    name: str
    arguments: "tuple[Argument, ...]"
    returns: str | None
    overload: int = 0


@dataclass(frozen=True)
class CompilationReport:
    """What came of compiling a stored unit.

    Args:
        kind: PACKAGE, PACKAGE BODY, PROCEDURE or FUNCTION.
        faults: Line, column and text of what is wrong.
        headings: What it offers; ``None`` for a body.
    """

    owner: str
    name: str
    kind: str
    faults: tuple[tuple[int, int, str], ...]
    uses: Uses
    headings: tuple[Heading, ...] | None = None


class SqlRunner(Protocol):
    """What the PL/SQL interpreter needs of its session."""

    session: Session

    @property
    def units(self) -> "Sequence[UnitCall]":
        """The stored units that are running, innermost last; none in an anonymous block or a handler's text."""
        ...

    @property
    def dictionary_version(self) -> int:
        """Changes whenever something in the dictionary may have changed."""
        ...

    @property
    def reinitialize_keeps_packages(self) -> bool:
        """Say whether packages stay the session's when they are reinitialised: a switch of the database."""
        ...

    @property
    def shared(self) -> "MutableMapping[str, Any]":
        """What the interpreter keeps for all sessions of the database."""
        ...

    @property
    def own(self) -> "MutableMapping[str, Any]":
        """What the interpreter keeps for this session."""
        ...

    def stored(self, owner: str | None, name: str) -> "StoredText | None":
        """Return the stored unit that *name* means here (synonyms resolved) if the session may execute it."""
        ...

    def unit_text(self, owner: str, name: str) -> "StoredText | None":
        """Return a stored unit by its own name, whoever may execute it."""
        ...

    def noting(self) -> "AbstractContextManager[Uses]":
        """Note what the dictionary says of the objects that are looked up inside."""
        ...

    def unchanged(self, owner: str, uses: "Uses") -> bool:
        """Say whether what was noted for *owner* would be the same now."""
        ...

    def compiled(self, report: "CompilationReport") -> None:
        """Keep in the dictionary how a compilation ended."""
        ...

    def entering(self, call: "UnitCall") -> AbstractContextManager[object]:
        """Run what is inside with the rights of a stored unit."""
        ...

    def executing(self, unit: tuple[str, str] | None) -> AbstractContextManager[object]:
        """Run what is inside as the execution of a unit (owner and name), which may be audited."""
        ...

    def autonomous(self) -> "AbstractContextManager[SqlRunner]":
        """Run what is inside in a transaction of its own, with the present rights.

        Raises:
            OracleError: 6519, it was left open; it is rolled back.
        """
        ...

    def set_role(self, command: str) -> None:
        """Enable roles as ``SET ROLE command`` does, from within the stored unit that is running.

        Raises:
            OracleError: 6565, definer's rights are on the stack; as SET ROLE.
        """
        ...

    def roles(self, *, here: bool) -> frozenset[str]:
        """Return the roles that are enabled in the session, or *here*: with definer's rights none."""
        ...

    def set_context(
        self, namespace: str, attribute: str, value: str | None, username: str | None, client_id: str | None
    ) -> None:
        """Set an attribute of an application context; a shared one's for the sessions of a user or client alone.

        Raises:
            OracleError: 1031, the running units are not those that the context trusts.
        """
        ...

    def clear_context(self, namespace: str, attribute: str | None, client_id: str | None) -> None:
        """Clear an attribute, or with ``None`` all of them; raises as :meth:`set_context`."""
        ...

    def clear_all_context(self, namespace: str) -> None:
        """Clear a namespace, a shared one for every session; raises as :meth:`set_context`."""
        ...

    def run(self, sql: str, binds: Mapping[str, Bind]) -> Result:
        """Run one SQL statement that stands in PL/SQL. Names that are PL/SQL variables were already turned into
        binds. Raises :class:`OracleError`."""
        ...

    def is_column(self, sql_tables: Sequence[str], name: str) -> bool:
        """Say whether *name* is a column of one of the tables: inside SQL a column wins over a variable."""
        ...

    def resolve_package(self, owner: str | None, name: str) -> "Package | None":
        """Return the supplied package that *name* means here (public synonyms resolved) if the session may execute
        it, else ``None`` (the interpreter then raises PLS-00201)."""
        ...

    def internal(self) -> AbstractContextManager["InternalSql"]:
        """Run PostgreSQL statements with the repository owner's rights inside the session's transaction."""
        ...

    def run_as_definer(self, owner: str, sql: str, *, autonomous: bool = False) -> None:
        """Run one Oracle statement with *owner*'s rights, as definer-rights code of a supplied package does.

        DDL commits before and after itself as always, or with *autonomous* only its own, separate transaction.
        ORDS.ENABLE_SCHEMA needs it for ``ALTER USER … GRANT CONNECT THROUGH``, which its caller may not issue.
        Raises :class:`OracleError`."""
        ...


@runtime_checkable
class Cancellable(Protocol):
    """A :class:`SqlRunner` that knows of :meth:`Session.cancel`, for loops in PL/SQL that run no SQL."""

    def check_cancelled(self) -> None:
        """Raise ORA-01013 if the session was cancelled since the running call began; must be quick."""
        ...


class InternalSql(Protocol):
    """Direct access to the repository tables for supplied packages and dictionary code."""

    def run(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run one PostgreSQL statement with ``%s`` parameters; returns its rows (empty for none)."""
        ...


@dataclass(frozen=True)
class Argument:
    """A formal parameter of a supplied subprogram. ``default`` is ``REQUIRED`` when it must be passed."""

    name: str
    type: str = "VARCHAR2"
    mode: str = "IN"  # IN, OUT, IN OUT
    default: Any = ...


@dataclass(frozen=True)
class Subprogram:
    """A supplied procedure or function: its body is a Python callable that gets the runner and arguments by
    lower-case name, and returns the function's value (procedures: ``None``; OUT arguments: a dict under ``out``)."""

    name: str
    arguments: tuple[Argument, ...]
    body: Callable[..., Any]
    returns: str | None = None  # type name of a function


@dataclass(frozen=True)
class Package:
    """A supplied package: overloads share a name; ``constants`` are readable as ``PKG.NAME``."""

    owner: str
    name: str
    subprograms: tuple[Subprogram, ...]
    constants: Mapping[str, Value] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)  # VC_ARR -> "TABLE OF VARCHAR2"
