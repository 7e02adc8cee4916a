"""Requests of the client: piggybacks and a function call, parsed without side effects.

There is no total length: a request ends where its fields end, so a parse that raises
:class:`~oracleapi_sandbox.oracle.tns.primitives.IncompleteError` is repeated from the start with more bytes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import TypeAlias

from oracleapi_sandbox.oracle.tns.binds import BindSpec, WireValue, read_rows, read_spec
from oracleapi_sandbox.oracle.tns.primitives import ProtocolError, Reader
from oracleapi_sandbox.oracle.tns.profile import (
    FIELD_VERSION_12_2,
    FIELD_VERSION_12_2_EXT,
    FIELD_VERSION_23_EXT_1,
)
from oracleapi_sandbox.oracle.tns.statements import Kind, Statement, scan


class MessageType(IntEnum):
    PROTOCOL = 1
    DATA_TYPES = 2
    FUNCTION = 3
    PIGGYBACK = 17
    ONE_WAY = 26
    FAST_AUTH = 34


class Function(IntEnum):
    REEXECUTE = 4
    FETCH = 5
    LOGOFF = 9
    COMMIT = 14
    ROLLBACK = 15
    REEXECUTE_AND_FETCH = 78
    EXECUTE = 94
    LOB = 96
    CLOSE_CURSORS = 105
    AUTH_PHASE_TWO = 115
    AUTH_PHASE_ONE = 118
    SET_END_TO_END = 135
    PING = 147
    SET_SCHEMA = 152
    APPLICATION_CONTEXT = 154
    SESSION_RELEASE = 163
    SESSION_STATE = 176


class Option(IntEnum):
    """Bits of an execute request."""

    PARSE = 0x1
    BIND = 0x8
    DEFINE = 0x10
    EXECUTE = 0x20
    FETCH = 0x40
    COMMIT = 0x100
    DESCRIBE = 0x20000
    BATCH_ERRORS = 0x80000


class LobOperation(IntEnum):
    LENGTH = 0x1
    READ = 0x2
    TRIM = 0x20
    WRITE = 0x40
    CREATE_TEMP = 0x110
    FREE_TEMP = 0x111
    FREE_TEMPS = 0x80111
    CHUNK_SIZE = 0x4000
    OPEN = 0x8000
    CLOSE = 0x10000
    IS_OPEN = 0x11000


ROW_COUNTS_FLAG = 0x4000
COMMIT_REEXECUTE = 0x1


class UnsupportedRequestError(Exception):
    """The request's layout is not known, so that its end cannot be found: ORA-03001."""


class UnknownCursorError(Exception):
    """A re-execution names a cursor that is not open: ORA-01001."""


@dataclass(frozen=True)
class Auth:
    """One of the two authentication calls (or a password change)."""

    function: Function
    user: str
    mode: int
    pairs: dict[str, str]


@dataclass(frozen=True)
class Execute:
    """Function 94: what the option bits say, with new text or new metadata or neither."""

    options: int
    cursor_id: int
    statement: Statement | None
    row_limit: int
    executions: int
    flags: int
    specs: tuple[BindSpec, ...]
    defines: tuple[BindSpec, ...]
    rows: tuple[tuple[WireValue, ...], ...]

    def has(self, option: Option) -> bool:
        return bool(self.options & option)

    @property
    def wants_row_counts(self) -> bool:
        return bool(self.flags & ROW_COUNTS_FLAG)


@dataclass(frozen=True)
class Reexecute:
    """Functions 4 and 78: run a cursor again with the metadata that it has."""

    cursor_id: int
    count: int
    fetch: bool
    commit: bool
    rows: tuple[tuple[WireValue, ...], ...]


@dataclass(frozen=True)
class Fetch:
    cursor_id: int
    row_limit: int


@dataclass(frozen=True)
class LobCall:
    """Function 96; ``amount`` is ``None`` unless the client sent (and wants back) one."""

    operation: int
    locator: bytes
    source_offset: int = 0
    destination_offset: int = 0
    amount: int | None = None
    charset: int | None = None
    data: bytes | None = None


@dataclass(frozen=True)
class Simple:
    """A function without a body: commit, rollback, ping, logoff."""

    function: Function


@dataclass(frozen=True)
class OneWay:
    """A message that gets no answer."""


@dataclass(frozen=True)
class CloseCursors:
    ids: tuple[int, ...]


@dataclass(frozen=True)
class SetSchema:
    name: str


@dataclass(frozen=True)
class EndToEnd:
    """Attributes that the client changed: ``client_identifier``, ``module``, ``action``, ``client_info``, ``dbop``."""

    changes: dict[str, str | None]


@dataclass(frozen=True)
class IgnoredPiggyback:
    """A piggyback that asks for nothing the database keeps."""


Call: TypeAlias = Auth | Execute | Reexecute | Fetch | LobCall | Simple | OneWay
Piggyback: TypeAlias = CloseCursors | SetSchema | EndToEnd | LobCall | IgnoredPiggyback


@dataclass(frozen=True)
class Request:
    call: Call
    piggybacks: tuple[Piggyback, ...] = ()


@dataclass(frozen=True)
class CursorLayout:
    """What the listener remembers of a cursor's binds; ``value_specs`` has ``None`` where no value is sent."""

    statement: Statement
    specs: tuple[BindSpec, ...] = ()

    @property
    def value_specs(self) -> list[BindSpec | None]:
        return _value_specs(self.statement, self.specs)


@dataclass
class RequestParser:
    """Parses requests of one session. *layouts* are those of the open cursors by id."""

    field_version: int
    layouts: Mapping[int, CursorLayout] = field(default_factory=dict)

    def parse(self, reader: Reader) -> Request:
        """Return the next request.

        Raises:
            IncompleteError: It goes on in the next packet.
            UnsupportedRequestError, UnknownCursorError, ProtocolError: It cannot be parsed.
        """
        piggybacks: list[Piggyback] = []
        while True:
            kind, code = reader.u8(), reader.u8()
            reader.u8()  # sequence number
            if self.field_version >= FIELD_VERSION_23_EXT_1:
                reader.ub()  # token, used by pipelining
            if kind == MessageType.PIGGYBACK:
                piggybacks.append(self._piggyback(reader, code))
            elif kind == MessageType.ONE_WAY and code == Function.SESSION_RELEASE:
                reader.raw(2)
                reader.ub()
                return Request(OneWay(), tuple(piggybacks))
            elif kind == MessageType.FUNCTION:
                return Request(self._call(reader, code), tuple(piggybacks))
            else:
                raise UnsupportedRequestError(f"message type {kind}")

    def _call(self, reader: Reader, code: int) -> Call:
        calls: dict[int, Callable[[Reader], Call]] = {
            Function.EXECUTE: self._execute,
            Function.REEXECUTE: lambda rest: self._reexecute(rest, fetch=False),
            Function.REEXECUTE_AND_FETCH: lambda rest: self._reexecute(rest, fetch=True),
            Function.FETCH: lambda rest: Fetch(rest.ub(), rest.ub()),
            Function.LOB: read_lob_call,
            Function.AUTH_PHASE_ONE: lambda rest: _auth(rest, Function.AUTH_PHASE_ONE),
            Function.AUTH_PHASE_TWO: lambda rest: _auth(rest, Function.AUTH_PHASE_TWO),
        }
        if code in (Function.COMMIT, Function.ROLLBACK, Function.PING, Function.LOGOFF):
            return Simple(Function(code))
        if code not in calls:
            raise UnsupportedRequestError(f"function {code}")
        return calls[code](reader)

    def _execute(self, reader: Reader) -> Execute:
        options, cursor_id = reader.ub(), reader.ub()
        has_sql, _ = reader.u8(), reader.ub()
        reader.u8()
        reader.ub()
        reader.raw(2)
        reader.ub()
        row_limit = reader.ub()
        reader.ub()
        reader.u8()
        bind_count = reader.ub()
        reader.raw(5)
        reader.u8()
        define_count = reader.ub()
        self._skip_execute_options(reader)
        statement = scan((reader.clr() or b"").decode()) if has_sql else None
        array = [reader.ub() for _ in range(13)]
        defines = tuple(read_spec(reader, self.field_version) for _ in range(define_count))
        specs = tuple(read_spec(reader, self.field_version) for _ in range(bind_count))
        scanned = statement or self._layout(cursor_id).statement
        executions = 1 if scanned.kind is Kind.QUERY else max(1, array[1])
        rows: tuple[tuple[WireValue, ...], ...] = ((),) * executions
        if specs:
            wanted = _value_specs(scanned, specs)
            rows = read_rows(reader, wanted, executions, long_last=scanned.kind is not Kind.PLSQL)
        return Execute(options, cursor_id, statement, row_limit, executions, array[9], specs, defines, rows)

    def _skip_execute_options(self, reader: Reader) -> None:
        reader.ub()  # registration id of change notification
        reader.raw(3)
        reader.ub()
        reader.u8()
        reader.ub()
        reader.ub()
        reader.u8()  # row counts wanted; the flag says so too
        reader.ub()
        reader.u8()
        if self.field_version >= FIELD_VERSION_12_2:
            reader.u8()
            reader.ub()
            reader.u8()
            reader.ub()
            reader.u8()
        if self.field_version >= FIELD_VERSION_12_2_EXT:
            reader.u8()
            reader.ub()

    def _reexecute(self, reader: Reader, *, fetch: bool) -> Reexecute:
        cursor_id, count = reader.ub(), reader.ub()
        reader.ub()
        second = reader.ub()
        layout = self._layout(cursor_id)
        executions = 1 if fetch or layout.statement.kind is Kind.QUERY else max(1, count)
        long_last = layout.statement.kind is not Kind.PLSQL
        rows = read_rows(reader, layout.value_specs, executions, long_last=long_last)
        return Reexecute(cursor_id, count, fetch, bool(second & COMMIT_REEXECUTE), rows)

    def _layout(self, cursor_id: int) -> CursorLayout:
        layout = self.layouts.get(cursor_id)
        if layout is None:
            raise UnknownCursorError
        return layout

    def _piggyback(self, reader: Reader, code: int) -> Piggyback:
        if code == Function.CLOSE_CURSORS:
            reader.u8()
            return CloseCursors(tuple(reader.ub() for _ in range(reader.ub())))
        if code == Function.SET_SCHEMA:
            reader.u8()
            return SetSchema(reader.text() or "")
        if code == Function.SET_END_TO_END:
            return _end_to_end(reader)
        if code == Function.LOB:
            return read_lob_call(reader)
        if code == Function.SESSION_STATE:
            reader.ub()
            return IgnoredPiggyback()
        raise UnsupportedRequestError(f"piggyback {code}")


def _value_specs(statement: Statement, specs: Sequence[BindSpec]) -> list[BindSpec | None]:
    if len(statement.slots) != len(specs):
        raise ProtocolError(f"{len(specs)} binds for {len(statement.slots)} names")
    return [None if slot.returning else spec for slot, spec in zip(statement.slots, specs, strict=True)]


def _auth(reader: Reader, function: Function) -> Auth:
    has_user, _ = reader.u8(), reader.ub()
    mode = reader.ub()
    reader.u8()
    count = reader.ub()
    reader.raw(2)
    user = (reader.clr() or b"").decode() if has_user else ""
    pairs = {}
    for _ in range(count):
        key, value = reader.text() or "", reader.text() or ""
        reader.ub()
        pairs[key] = value
    return Auth(function, user, mode, pairs)


def _end_to_end(reader: Reader) -> EndToEnd:
    reader.raw(2)
    reader.ub()
    announced: list[tuple[str, int]] = []
    for names in (("client_identifier", "module", "action"), ("client_info",), ("dbop",)):
        for name in names:
            present, length = reader.u8(), reader.ub()
            if present:
                announced.append((name, length))
        if "dbop" not in names:
            reader.u8()
            reader.ub()
            reader.u8()
            reader.ub()
    return EndToEnd({name: (reader.clr() or b"").decode() if length else None for name, length in announced})


def read_lob_call(reader: Reader) -> LobCall:
    """Read the body of function 96 and of the piggyback that frees temporary LOBs."""
    reader.u8()
    length = reader.ub()
    reader.u8()
    reader.ub()
    reader.ub()
    reader.ub()
    reader.raw(3)
    operation = reader.ub()
    reader.raw(2)
    source_offset, destination_offset = reader.ub(), reader.ub()
    has_amount = reader.u8()
    reader.raw(6)
    call = LobCall(operation, reader.raw(length), source_offset, destination_offset)
    if operation == LobOperation.CREATE_TEMP:
        call = replace(call, charset=reader.ub())
    if operation == LobOperation.WRITE:
        reader.u8()
        call = replace(call, data=reader.clr())
    return replace(call, amount=reader.ub()) if has_amount else call
