"""Run time, last part: blocks, control flow and exceptions."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

from oracleapi_sandbox.oracle.plsql import nodes as n
from oracleapi_sandbox.oracle.plsql import scope as s
from oracleapi_sandbox.oracle.plsql.errors import (
    FATAL,
    USER_DEFINED,
    PlsqlError,
    Position,
    predefined,
    standard_message,
)
from oracleapi_sandbox.oracle.plsql.evaluate import ReturnSignal
from oracleapi_sandbox.oracle.plsql.execute_sql import SqlExecutor, typed_record
from oracleapi_sandbox.oracle.plsql.frames import Frame
from oracleapi_sandbox.oracle.plsql.values import CursorVariable, Datum, coerce, default_value
from oracleapi_sandbox.oracle.ports import OracleError

Body = Sequence[n.Statement]


class LeaveSignal(Exception):  # noqa: N818 - control flow, no error
    """EXIT or CONTINUE on its way to its loop."""

    def __init__(self, keyword: str, label: str | None) -> None:
        super().__init__()
        self.keyword = keyword
        self.label = label


class Executor(SqlExecutor):
    """Runs the statements of one analysed block."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._statements: dict[type, Callable[[Any, Frame], object]] = {
            n.Block: self.block,
            n.Assign: self._assign,
            n.Call: self._call,
            n.If: self._if,
            n.CaseStatement: self._case_statement,
            n.Loop: self._loop,
            n.ForRange: self._for_range,
            n.ForCursor: self._for_cursor,
            n.ForAll: self.for_all,
            n.Leave: self._leave,
            n.Null: lambda node, frame: None,
            n.Return: self._return,
            n.Raise: self._raise,
            n.SqlStatement: self.sql_statement,
            n.Transaction: self.transaction,
            n.OpenCursor: self.open_cursor,
            n.OpenFor: self.open_for,
            n.Fetch: self.fetch,
            n.Close: self.close,
            n.ExecuteImmediate: self.execute_immediate,
        }

    def program(self) -> None:
        """Run the whole block.

        Raises:
            OracleError: The exception that no handler took, with its ORA-06512 stack.
        """
        try:
            with self.process.autonomous() if self.unit.block.autonomous else nullcontext():
                self._whole()
        except PlsqlError as error:
            raise self.process.escaped(error) from error
        except RecursionError as error:
            raise predefined("STORAGE_ERROR").unhandled() from error

    def _whole(self) -> None:
        try:
            self.block(self.unit.block, Frame())
        except ReturnSignal:
            return

    def block(self, block: n.Block, frame: Frame) -> None:
        self.contents(block, Frame(frame))

    def contents(self, block: n.Block, frame: Frame) -> None:
        """Run a block whose variables live in *frame*."""
        for declaration in block.declarations:
            self._placed(declaration.position, self._declare, declaration, frame)
        if not block.handlers:
            self._body(block.body, frame)
            return
        try:
            self._body(block.body, frame)
        except PlsqlError as error:
            handler = self._handler(block.handlers, error)
            if handler is None:
                raise
            self._handle(handler, error, frame)

    def _handler(self, handlers: Sequence[n.Handler], error: PlsqlError) -> n.Handler | None:
        if error.code in FATAL:
            return None
        for handler in handlers:
            exceptions = self.unit.exceptions[handler]
            if not handler.names or any(_is(error, exception) for exception in exceptions):
                return handler
        return None

    def _handle(self, handler: n.Handler, error: PlsqlError, frame: Frame) -> None:
        self.process.errors.append(error)
        try:
            self._body(handler.body, frame)
        finally:
            self.process.errors.pop()

    def _body(self, body: Body, frame: Frame) -> None:
        for statement in body:
            self._placed(statement.position, self._statements[type(statement)], statement, frame)

    def _placed(self, position: Position, action: Callable[[Any, Frame], object], node: n.Node, frame: Frame) -> None:
        """Run *action*; an error gets the line of the innermost statement."""
        self.process.calls[-1].line = position.line
        try:
            action(node, frame)
        except OracleError as error:
            exception = PlsqlError.of(error)
            exception.place(position.line, self.title)
            raise exception from error.__cause__

    # --- declarations ---

    def _declare(self, node: n.Declaration, frame: Frame) -> None:
        match node:
            case n.Variable():
                entity = self.unit.declared[node]
                assert isinstance(entity, s.VariableEntity)
                frame.cells[entity] = self._initial(node, entity, frame)
            case n.Cursor():
                frame.cells[self.unit.declared[node]] = CursorVariable()
            case n.Subprogram():
                overloads = self.unit.declared.get(node)
                if isinstance(overloads, s.OverloadsEntity):
                    frame.cells.update(dict.fromkeys(overloads.candidates))

    def _initial(self, node: n.Variable, entity: s.VariableEntity, frame: Frame) -> Datum:
        if node.default is None:
            return default_value(entity.type)
        value = coerce(self.evaluate(node.default, frame), entity.type)
        if value is None and node.not_null:
            raise predefined("VALUE_ERROR")
        return value

    # --- simple statements ---

    def _assign(self, node: n.Assign, frame: Frame) -> None:
        self.assign(node.target, self.evaluate(node.value, frame), frame)

    def _call(self, node: n.Call, frame: Frame) -> None:
        value = self.evaluate(node.target, frame)
        if node.into is not None:
            self.assign(node.into, value, frame)

    def _return(self, node: n.Return, frame: Frame) -> None:
        raise ReturnSignal(self.evaluate(node.value, frame) if node.value is not None else None)

    def _raise(self, node: n.Raise, frame: Frame) -> None:
        if node.name is None:
            raise self.process.errors[-1].raised_again()
        exception = self.unit.exceptions[node][0]
        if exception.code == USER_DEFINED:
            raise PlsqlError(USER_DEFINED, "PL/SQL: unhandled user-defined exception", exception)
        raise PlsqlError(exception.code, standard_message(exception.code))

    def _if(self, node: n.If, frame: Frame) -> None:
        for condition, body in node.branches:
            if self.truth(condition, frame):
                self._body(body, frame)
                return
        self._body(node.otherwise, frame)

    def _case_statement(self, node: n.CaseStatement, frame: Frame) -> None:
        selector = self.evaluate(node.selector, frame) if node.selector is not None else None
        for condition, body in node.branches:
            if self.case_applies(node.selector, selector, condition, frame):
                self._body(body, frame)
                return
        if node.otherwise is None:
            raise predefined("CASE_NOT_FOUND")
        self._body(node.otherwise, frame)

    # --- loops ---

    def _leave(self, node: n.Leave, frame: Frame) -> None:
        if node.condition is None or self.truth(node.condition, frame):
            raise LeaveSignal(node.keyword, node.label)

    def _round(self, label: str | None, body: Body, frame: Frame) -> bool:
        """Run a loop's body once; says whether the loop goes on."""
        self.process.check_cancelled()
        try:
            self._body(body, frame)
        except LeaveSignal as signal:
            if signal.label not in (None, label):
                raise
            return signal.keyword == "CONTINUE"
        return True

    def _loop(self, node: n.Loop, frame: Frame) -> None:
        while node.condition is None or self.truth(node.condition, frame):
            if not self._round(node.label, node.body, frame):
                return

    def _for_range(self, node: n.ForRange, frame: Frame) -> None:
        numbers = range(self.integer(node.low, frame), self.integer(node.high, frame) + 1)
        inner = Frame(frame)
        for number in reversed(numbers) if node.reverse else numbers:
            inner.cells[self.unit.declared[node]] = number
            if not self._round(node.label, node.body, inner):
                return

    def _for_cursor(self, node: n.ForCursor, frame: Frame) -> None:
        result, cursor = self.loop_rows(node, frame)
        inner = Frame(frame)
        try:
            for row in result.rows:
                if cursor is not None:
                    cursor.count, cursor.found = cursor.count + 1, True
                inner.cells[self.unit.declared[node]] = typed_record(row, result.columns or ())
                if not self._round(node.label, node.body, inner):
                    return
        finally:
            if cursor is not None:
                cursor.result = None


def _is(error: PlsqlError, exception: s.ExceptionEntity) -> bool:
    if exception.code == USER_DEFINED:
        return error.identity is exception
    return error.code == exception.code and error.identity is None
