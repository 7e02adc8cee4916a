"""Open cursors of a session."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from oracleapi_sandbox.oracle.ports import Column, OracleError, Result, Value
from oracleapi_sandbox.oracle.tns import wiretypes
from oracleapi_sandbox.oracle.tns.binds import BindSpec
from oracleapi_sandbox.oracle.tns.messages import CursorLayout
from oracleapi_sandbox.oracle.tns.statements import Statement
from oracleapi_sandbox.oracle.tns.wiretypes import shape_of

MAX_OPEN_CURSORS = 300
"""What AUTH_MAX_OPEN_CURSORS says; the driver keeps fewer open by its statement cache."""


@dataclass
class Cursor:
    """A cursor: its statement, the client's metadata, and the rows that are still to be fetched."""

    id: int
    layout: CursorLayout
    columns: tuple[Column, ...] | None = None
    defines: tuple[BindSpec, ...] = ()
    result: Result | None = None
    fetched: int = 0

    @property
    def statement(self) -> Statement:
        return self.layout.statement

    @property
    def needs_define(self) -> bool:
        """Say whether the rows hold LOBs and the client has not said yet how it wants them."""
        shapes = (shape_of(column).type for column in self.columns or ())
        return not self.defines and any(kind in wiretypes.LOB_TYPES for kind in shapes)

    @property
    def cell_specs(self) -> list[BindSpec]:
        """How the cells of a row are written: a LOB column as the define asks, others as the column is."""
        specs = []
        for at, column in enumerate(self.columns or ()):
            shape = shape_of(column)
            spec = BindSpec(shape.type, size=shape.size, form=shape.form)
            if shape.type in wiretypes.LOB_TYPES and at < len(self.defines):
                spec = BindSpec(self.defines[at].type, size=shape.size, form=shape.form)
            specs.append(spec)
        return specs

    def start(self, result: Result) -> bool:
        """Take a new result; returns whether its columns must be described (they are new, or differ)."""
        changed = result.columns is not None and result.columns != self.columns
        if changed and self.columns is not None:
            self.defines = ()
        self.columns, self.result, self.fetched = result.columns, result, 0
        return changed

    def rows(self, limit: int) -> Iterator[tuple[Value, ...]]:
        """Yield at most *limit* further rows; a result without rows left is dropped."""
        if self.result is None:
            return
        for _ in range(limit):
            row = next(self.result.rows, None)
            if row is None:
                self.result = None
                return
            self.fetched += 1
            yield row


class CursorTable:
    """The cursors of one session by id; ids are reused after a close."""

    def __init__(self) -> None:
        self._cursors: dict[int, Cursor] = {}

    @property
    def layouts(self) -> Mapping[int, CursorLayout]:
        return _Layouts(self._cursors)

    def open(self, layout: CursorLayout) -> Cursor:
        """Open a cursor. Raises :class:`OracleError` 1000 when too many are open."""
        if len(self._cursors) >= MAX_OPEN_CURSORS:
            raise OracleError(1000, "maximum open cursors exceeded")
        number = next(at for at in range(1, MAX_OPEN_CURSORS + 1) if at not in self._cursors)
        cursor = Cursor(number, layout)
        self._cursors[number] = cursor
        return cursor

    def get(self, number: int) -> Cursor:
        """Return an open cursor. Raises :class:`OracleError` 1001."""
        cursor = self._cursors.get(number)
        if cursor is None:
            raise OracleError(1001, "invalid cursor")
        return cursor

    def find(self, number: int) -> Cursor | None:
        return self._cursors.get(number)

    def close(self, number: int) -> None:
        self._cursors.pop(number, None)

    def __len__(self) -> int:
        return len(self._cursors)


class _Layouts(Mapping[int, CursorLayout]):
    """A live view of the bind layouts of the open cursors."""

    def __init__(self, cursors: dict[int, Cursor]) -> None:
        self._cursors = cursors

    def __getitem__(self, number: int) -> CursorLayout:
        return self._cursors[number].layout

    def __iter__(self) -> Iterator[int]:
        return iter(self._cursors)

    def __len__(self) -> int:
        return len(self._cursors)
