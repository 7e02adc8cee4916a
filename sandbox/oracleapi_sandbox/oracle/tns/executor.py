"""Runs execute, fetch and LOB calls of a client on a database session and builds the answers."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from oracleapi_sandbox.oracle.ports import Bind, OracleError, Result, Session, Value
from oracleapi_sandbox.oracle.tns import lobs, responses, wiretypes
from oracleapi_sandbox.oracle.tns.binds import BindSpec, WireValue
from oracleapi_sandbox.oracle.tns.cells import encode, plain, write_cell
from oracleapi_sandbox.oracle.tns.cursors import Cursor, CursorTable
from oracleapi_sandbox.oracle.tns.messages import (
    CursorLayout,
    Execute,
    Fetch,
    LobCall,
    Option,
    Reexecute,
)
from oracleapi_sandbox.oracle.tns.primitives import Writer
from oracleapi_sandbox.oracle.tns.responses import BatchError
from oracleapi_sandbox.oracle.tns.statements import Kind, Statement, scan, separate_names

SESSION_ENDING_CODES = frozenset({28, 31, 600, 603, 1012, 1089, 1092, 2396, 3106, 3113, 3135})
"""After one of these the server closes the connection; the driver reports DPY-4011 for most [M]."""
_IDENTIFIER = re.compile(r"[A-Za-z][\w$#]*")
REF_CURSOR_TEXT = scan("SELECT * FROM REF_CURSOR")


@dataclass
class _Run:
    """What the executions of one call gave so far."""

    names: tuple[str, ...] = ()
    rows: list[tuple[WireValue, ...]] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    row_counts: list[int] = field(default_factory=list)
    batch: list[BatchError] = field(default_factory=list)

    @property
    def row_count(self) -> int:
        return sum(self.row_counts)


class Executor:
    """The calls of one session; an :class:`OracleError` becomes an end of call with its code, never an exception."""

    def __init__(self, session: Session, field_version: int) -> None:
        self.session = session
        self.cursors = CursorTable()
        self.lobs = lobs.LobStore()
        self.ended = False
        self._field_version = field_version
        self._told_schema = session.current_schema

    def execute(self, call: Execute) -> bytes:
        """Serve function 94."""
        cursor: Cursor | None = None
        try:
            cursor = self._cursor_of(call)
            if call.has(Option.DEFINE):
                cursor.defines = call.defines
            parse_only = call.has(Option.PARSE) and not call.has(Option.EXECUTE)
            if parse_only and cursor.statement.kind is Kind.DDL:
                return self._run(cursor, call.rows, fetch=0, commit=False)  # parsing DDL runs it
            if parse_only or call.has(Option.DESCRIBE):
                return self._describe(cursor)
            fetch = call.row_limit if call.has(Option.FETCH) else 0
            if not call.has(Option.EXECUTE):
                # a REF CURSOR has no fetch call of its own: its define asks for rows too
                is_reference = cursor.statement is REF_CURSOR_TEXT
                return self._rows(cursor, call.row_limit if is_reference else fetch, b"")
            return self._run(
                cursor,
                call.rows,
                fetch=fetch,
                commit=call.has(Option.COMMIT),
                keep_going=call.has(Option.BATCH_ERRORS),
                row_counts=call.wants_row_counts,
            )
        except OracleError as error:
            return self.failure(error, cursor)

    def reexecute(self, call: Reexecute) -> bytes:
        """Serve functions 4 and 78."""
        cursor = self.cursors.find(call.cursor_id)
        try:
            cursor = self.cursors.get(call.cursor_id)
            return self._run(cursor, call.rows, fetch=call.count if call.fetch else 0, commit=call.commit)
        except OracleError as error:
            return self.failure(error, cursor)

    def fetch(self, call: Fetch) -> bytes:
        """Serve function 5."""
        cursor = self.cursors.find(call.cursor_id)
        try:
            cursor = self.cursors.get(call.cursor_id)
            if cursor.columns is None:
                raise OracleError(1002, "fetch out of sequence")
            return self._rows(cursor, call.row_limit, b"")
        except OracleError as error:
            return self.failure(error, cursor)

    def lob(self, call: LobCall) -> bytes:
        """Serve function 96."""
        try:
            return lobs.perform(call, self.lobs) + responses.status(self.session.in_transaction)
        except OracleError as error:
            return self.failure(error, None)

    def set_schema(self, name: str) -> None:
        """Make *name* the current schema, as the client asked. Raises what ALTER SESSION raises."""
        quoted = name if _IDENTIFIER.fullmatch(name) else '"' + name.replace('"', "") + '"'
        self.session.execute(f"ALTER SESSION SET CURRENT_SCHEMA = {quoted}")
        self._told_schema = self.session.current_schema

    def failure(self, error: OracleError, cursor: Cursor | None, row_count: int = 0) -> bytes:
        """Build the end of a call that failed; it names the cursor so that the client closes it."""
        self.ended |= error.code in SESSION_ENDING_CODES
        position = 0
        if cursor is not None and error.position:
            position = len(cursor.statement.sql[: error.position].encode())
        return responses.call_end(
            self._field_version,
            self.session.in_transaction,
            cursor_id=cursor.id if cursor else 0,
            row_count=row_count,
            code=error.code,
            text=responses.error_text(error),
            position=position,
        )

    def _cursor_of(self, call: Execute) -> Cursor:
        """Return the call's cursor: a new one for new text, with new bind metadata if it brings some."""
        if call.statement is None:
            cursor = self.cursors.get(call.cursor_id)
        elif call.cursor_id:
            cursor = self.cursors.get(call.cursor_id)
            cursor.layout = CursorLayout(call.statement)
        else:
            cursor = self.cursors.open(CursorLayout(call.statement))
        if call.specs:
            cursor.layout = CursorLayout(cursor.statement, call.specs)
        return cursor

    def _describe(self, cursor: Cursor) -> bytes:
        columns = self.session.parse(cursor.statement.sql)
        cursor.columns = columns
        head = responses.describe(columns, self._field_version) if columns else b""
        return head + self._end(cursor)

    def _run(
        self,
        cursor: Cursor,
        rows: Sequence[tuple[WireValue, ...]],
        *,
        fetch: int,
        commit: bool,
        keep_going: bool = False,
        row_counts: bool = False,
    ) -> bytes:
        run = _Run()
        try:
            self._execute_rows(cursor, rows, run, keep_going)
        except OracleError as error:
            # the client computes a PL/SQL error's offset from the number of executions that went well
            done = len(run.results) if cursor.statement.kind is Kind.PLSQL else run.row_count
            return self._parameters(run, row_counts) + self.failure(error, cursor, done)
        if cursor.statement.kind is Kind.QUERY:
            return self._query(cursor, run.results[0], fetch)
        body = self._assigned(cursor, run)
        if commit:
            self.session.commit()
        return body + self._parameters(run, row_counts) + self._end(cursor, run)

    def _execute_rows(self, cursor: Cursor, rows: Sequence[tuple[WireValue, ...]], run: _Run, keep_going: bool) -> None:
        for at, row in enumerate(rows):
            try:
                result, names = self._execute_row(cursor, row)
            except OracleError as error:
                if not keep_going:
                    raise
                run.batch.append(BatchError(at, error))
                result, names = Result(), run.names or tuple(slot.name for slot in cursor.statement.slots)
            run.names = names
            run.rows.append(row)
            run.results.append(result)
            run.row_counts.append(result.rowcount)

    def _execute_row(self, cursor: Cursor, row: tuple[WireValue, ...]) -> tuple[Result, tuple[str, ...]]:
        """Run the cursor's statement once with *row*; returns the result and the names of the slots."""
        statement, specs = cursor.statement, cursor.layout.specs
        if len(statement.slots) != len(specs):
            raise OracleError(1008, "not all variables bound")
        values = [self._plain(value) for value in row]
        sql, names = separate_names(statement, values)
        binds = {
            name: Bind(value, wiretypes.bind_name(spec.type))
            for name, value, spec in zip(names, values, specs, strict=True)
        }
        return self.session.execute(sql, binds), names

    def _plain(self, value: WireValue) -> Value:
        def result_of(number: int) -> Result | None:
            cursor = self.cursors.find(number)
            return cursor.result if cursor else None

        return plain(value, self.lobs, result_of)

    def _query(self, cursor: Cursor, result: Result, limit: int) -> bytes:
        if result.columns is None:
            raise OracleError(900, "invalid SQL statement")
        head = responses.describe(result.columns, self._field_version) if cursor.start(result) else b""
        return self._rows(cursor, 0 if cursor.needs_define else limit, head)

    def _rows(self, cursor: Cursor, limit: int, head: bytes) -> bytes:
        """Append at most *limit* rows to *head*; fewer than that means that there are no more."""
        out = Writer().raw(head)
        specs = cursor.cell_specs
        for row in cursor.rows(limit):
            out.u8(responses.ROW_DATA)
            for spec, value in zip(specs, row, strict=True):
                write_cell(out, spec, value, self.lobs, self._open_result)
                if spec.type in wiretypes.LONG_TYPES:
                    out.ub(0, 0)  # null indicator and return code
        if limit and cursor.result is None:
            return bytes(out) + self._end(cursor, code=responses.NO_MORE_ROWS, text="ORA-01403: no data found\n")
        return bytes(out) + self._end(cursor)

    def _assigned(self, cursor: Cursor, run: _Run) -> bytes:
        if cursor.statement.kind is Kind.PLSQL:
            return self._plsql_binds(cursor, run)
        return self._returned(cursor.statement, cursor.layout.specs, run) if cursor.statement.is_returning else b""

    def _plsql_binds(self, cursor: Cursor, run: _Run) -> bytes:
        """Build the I/O vector and the assigned values.

        Assigned binds are reported as IN OUT, so that the client sends their values at the next execution too.
        """
        specs = cursor.layout.specs
        if not specs:
            return b""
        assigned = {name for result in run.results for name in result.out}
        out = Writer().raw(
            responses.io_vector(
                [responses.DIRECTION_IN_OUT if name in assigned else responses.DIRECTION_IN for name in run.names]
            )
        )
        for row, result in zip(run.rows, run.results, strict=True) if assigned else ():
            out.u8(responses.ROW_DATA)
            for name, spec, given in zip(run.names, specs, row, strict=True):
                if name in assigned:
                    self._out_bind(out, spec, result.out.get(name, given))
        return bytes(out)

    def _out_bind(self, out: Writer, spec: BindSpec, value: WireValue) -> None:
        if not spec.is_array:
            self._out_value(out, spec, value)
            return
        elements = value if isinstance(value, list) else []
        if len(elements) > spec.max_elements:
            raise OracleError(6513, "PL/SQL: index for PL/SQL table out of range for host language array")
        out.ub(len(elements))
        for element in elements:
            self._out_value(out, spec, element)

    def _out_value(self, out: Writer, spec: BindSpec, value: WireValue) -> None:
        if spec.type == wiretypes.WireType.BOOLEAN and value is None:
            out.u8(0).sb(-1)
            return
        if value is not None and spec.type in wiretypes.TEXT_TYPES | wiretypes.BYTE_TYPES:
            self._check_buffer(spec, value)
        write_cell(out, spec, value, self.lobs, self._open_result)
        out.sb(0)

    def _check_buffer(self, spec: BindSpec, value: WireValue) -> None:
        """The client's buffer bounds what PL/SQL can assign, as a declared length does."""
        if spec.size and len(encode(spec, value)) > spec.size:
            text = "PL/SQL: numeric or value error: character string buffer too small\nORA-06512: at line 1"
            raise OracleError(6502, text)

    def _returned(self, statement: Statement, specs: Sequence[BindSpec], run: _Run) -> bytes:
        out = Writer()
        for result in run.results:
            out.u8(responses.ROW_DATA)
            for slot, name, spec in zip(statement.slots, run.names, specs, strict=True):
                if slot.returning:
                    found = _returned_values(result, name)
                    out.ub(len(found))
                    for value in found:
                        write_cell(out, spec, value, self.lobs, self._open_result)
                        out.sb(0)
        return bytes(out)

    def _open_result(self, result: Result) -> bytes:
        """Open a cursor over a REF CURSOR's rows; returns what stands for it on the wire."""
        if result.columns is None:
            raise OracleError(24338, "statement handle not executed")
        cursor = self.cursors.open(CursorLayout(REF_CURSOR_TEXT))
        cursor.start(result)
        return bytes(Writer().u8(1).raw(responses.describe_body(result.columns, self._field_version)).ub(cursor.id))

    def _parameters(self, run: _Run, row_counts: bool) -> bytes:
        schema = self.session.current_schema
        told, self._told_schema = self._told_schema, schema
        if not row_counts and schema == told:
            return b""
        return responses.execute_parameters(schema if schema != told else None, run.row_counts if row_counts else None)

    def _end(self, cursor: Cursor, run: _Run | None = None, *, code: int = 0, text: str = "") -> bytes:
        batch = run.batch if run else []
        if batch:
            code, text = responses.BATCH_ERRORS, "ORA-24381: error(s) in array DML\n"
        return responses.call_end(
            self._field_version,
            self.session.in_transaction,
            cursor_id=cursor.id,
            row_count=run.row_count if run else cursor.fetched,
            code=code,
            text=text,
            batch=batch,
            warned=run is not None and any(result.warned for result in run.results),
        )


def _returned_values(result: Result, name: str) -> list[Value]:
    """RETURNING gives a list per row touched; a lone value stands for a statement that touched one row."""
    value = result.out.get(name)
    if isinstance(value, list):
        return value
    return [value] if result.rowcount else []
