"""Run time, first part: the value of an expression, and calls."""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from datetime import timedelta, timezone
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from oracleapi_sandbox.oracle.plsql import dates, functions, json_objects, json_path, operators, places
from oracleapi_sandbox.oracle.plsql import nodes as n
from oracleapi_sandbox.oracle.plsql import scope as s
from oracleapi_sandbox.oracle.plsql import types as t
from oracleapi_sandbox.oracle.plsql.errors import MESSAGES, PlsqlError, predefined, value_error
from oracleapi_sandbox.oracle.plsql.frames import Frame, HostBinds, bind_of
from oracleapi_sandbox.oracle.plsql.process import Activation, Process
from oracleapi_sandbox.oracle.plsql.supplied import RAISE_APPLICATION_ERROR
from oracleapi_sandbox.oracle.plsql.values import (
    Collection,
    CursorVariable,
    Datum,
    Timestamp,
    coerce,
    comparable,
    default_value,
    from_port,
    to_boolean,
    to_datetime,
    to_number,
    to_port,
    to_text,
)
from oracleapi_sandbox.oracle.ports import SqlRunner


class ReturnSignal(Exception):  # noqa: N818 - control flow, no error
    """RETURN on its way out of a block or subprogram."""

    def __init__(self, value: Datum) -> None:
        super().__init__()
        self.value = value


class Evaluator:
    """Evaluates the expressions of one analysed block, or of the stored unit that is called *title*."""

    def __init__(self, unit: s.Unit, host: HostBinds, process: Process, title: str | None = None) -> None:
        self.title = title
        self.unit = unit
        self.host = host
        self.process = process
        self.sql_count: int | None = None
        self._expressions: dict[type, Callable[[Any, Frame], Datum]] = {
            n.Literal: lambda node, frame: node.value,
            n.BindRef: lambda node, frame: self.host.get(node.name),
            n.BindIndex: self._bind_index,
            n.Ref: self._ref,
            n.CursorAttribute: self._cursor_attribute,
            n.Unary: self._unary,
            n.Binary: self._binary,
            n.Between: self._between,
            n.InList: self._in_list,
            n.Like: self._like,
            n.IsNull: self._is_null,
            n.Case: self._case,
            n.Cast: lambda node, frame: coerce(self.evaluate(node.operand, frame), self.unit.types[node.type]),
            n.Extract: lambda node, frame: dates.extract(node.part, self.evaluate(node.operand, frame)),
            n.Trim: self._trim,
            n.JsonCall: self._json,
            n.AtTimeZone: self._at_time_zone,
        }
        self._bases: dict[type, Callable[[Any, Frame], Datum]] = {
            s.VariableEntity: lambda base, frame: frame.get(base),
            s.CursorEntity: lambda base, frame: frame.get(base),
            s.StoredCall: self._stored_call,
            s.StoredVariable: self._stored_variable,
            s.LocalCall: self._local_call,
            s.SuppliedCall: self._supplied_call,
            s.BuiltinCall: self._builtin_call,
            s.SqlCall: self._sql_call,
            s.ErrorCall: self._error_call,
            s.Construction: self._construction,
            s.ConstantValue: lambda base, frame: base.value,
        }

    @property
    def runner(self) -> SqlRunner:
        return self.process.runner

    def evaluate(self, node: n.Expression, frame: Frame) -> Datum:
        return self._expressions[type(node)](node, frame)

    def truth(self, node: n.Expression, frame: Frame) -> bool:
        """A condition: NULL counts as not true."""
        return to_boolean(self.evaluate(node, frame)) is True

    def integer(self, node: n.Expression, frame: Frame) -> int:
        """A value that must be an integer, such as a loop's bound; NULL is ORA-06502."""
        value = coerce(self.evaluate(node, frame), t.PLS_INTEGER)
        if not isinstance(value, int):
            raise value_error()
        return value

    # --- operators ---

    def _unary(self, node: n.Unary, frame: Frame) -> Datum:
        value = self.evaluate(node.operand, frame)
        if node.operator == "NOT":
            return operators.not_(to_boolean(value))
        return operators.negate(value) if node.operator == "-" else value

    def _binary(self, node: n.Binary, frame: Frame) -> Datum:
        if node.operator in ("AND", "OR"):
            return self._logical(node, frame)
        left, right = self.evaluate(node.left, frame), self.evaluate(node.right, frame)
        if node.operator == "||":
            return operators.concat(left, right)
        if node.operator in ("=", "<>", "<", ">", "<=", ">="):
            pair = _unpadded(left, right) if node in self.unit.padded else (left, right)
            return operators.compare(node.operator, *pair)
        return operators.arithmetic(node.operator, left, right)

    def _logical(self, node: n.Binary, frame: Frame) -> Datum:
        """AND and OR stop as soon as the result is known."""
        left = to_boolean(self.evaluate(node.left, frame))
        if left is (node.operator == "OR"):
            return left
        right = to_boolean(self.evaluate(node.right, frame))
        return operators.and_(left, right) if node.operator == "AND" else operators.or_(left, right)

    def _between(self, node: n.Between, frame: Frame) -> Datum:
        values = [self.evaluate(part, frame) for part in (node.operand, node.low, node.high)]
        return operators.between(*(_unpadded(*values) if node in self.unit.padded else values))

    def _in_list(self, node: n.InList, frame: Frame) -> Datum:
        value = self.evaluate(node.operand, frame)
        found: bool | None = False
        for item in node.items:
            other = self.evaluate(item, frame)
            pair = _unpadded(value, other) if node in self.unit.padded else (value, other)
            found = operators.or_(found, operators.compare("=", *pair))
            if found:
                break
        return found

    def _like(self, node: n.Like, frame: Frame) -> Datum:
        escape = self.evaluate(node.escape, frame) if node.escape is not None else None
        return operators.like(self.evaluate(node.operand, frame), self.evaluate(node.pattern, frame), escape)

    def _is_null(self, node: n.IsNull, frame: Frame) -> Datum:
        value = self.evaluate(node.operand, frame)
        return value is None or getattr(value, "items", ...) is None

    def _case(self, node: n.Case, frame: Frame) -> Datum:
        selector = self.evaluate(node.selector, frame) if node.selector is not None else None
        for condition, value in node.branches:
            if self.case_applies(node.selector, selector, condition, frame):
                return self.evaluate(value, frame)
        return self.evaluate(node.otherwise, frame) if node.otherwise is not None else None

    def case_applies(self, selector: n.Expression | None, value: Datum, condition: n.Expression, frame: Frame) -> bool:
        """Whether a branch of CASE is taken."""
        if selector is None:
            return self.truth(condition, frame)
        return operators.compare("=", value, self.evaluate(condition, frame)) is True

    # --- forms ---

    def _trim(self, node: n.Trim, frame: Frame) -> Datum:
        characters = self.evaluate(node.characters, frame) if node.characters is not None else " "
        return functions.trim(node.side, characters, self.evaluate(node.operand, frame))

    def _at_time_zone(self, node: n.AtTimeZone, frame: Frame) -> Datum:
        moment, zone = to_datetime(self.evaluate(node.operand, frame)), to_text(self.evaluate(node.zone, frame))
        if moment is None or zone is None:
            return None
        return Timestamp.of(comparable(moment).astimezone(_time_zone(zone)))

    def _json(self, node: n.JsonCall, frame: Frame) -> Datum:
        text = self.evaluate(node.document, frame)
        path = json_path.parse_path(node.path)
        if text is None:
            return False if node.function == "JSON_EXISTS" else None
        try:
            found = json_path.select(json_path.load(_json_text(text)), path)
            if node.function == "JSON_EXISTS":
                return bool(found)
            read = json_path.scalar_text if node.function == "JSON_VALUE" else json_path.document_text
            return coerce(read(found), self.unit.types[node.returning] if node.returning else t.VARCHAR2)
        except json_path.NoMatchError:
            answer = node.on_empty if node.on_empty is not None else node.on_error
            return self._json_answer(answer, PlsqlError(40462, "JSON_VALUE evaluated to no value"), frame)
        except PlsqlError as error:
            return self._json_answer(node.on_error, error, frame)

    def _json_answer(self, answer: str | n.Expression, error: PlsqlError, frame: Frame) -> Datum:
        if answer == "ERROR":
            raise error
        if isinstance(answer, str):
            return {"TRUE": True, "FALSE": False}.get(answer)
        return self.evaluate(answer, frame)

    def _bind_index(self, node: n.BindIndex, frame: Frame) -> Datum:
        return places.get_element(self.host.get(node.bind.name), self.evaluate(node.index, frame))

    # --- cursors ---

    def _cursor_attribute(self, node: n.CursorAttribute, frame: Frame) -> Datum:
        if node.cursor is not None:
            return self.cursor(self.evaluate(node.cursor, frame)).attribute(node.attribute)
        if node.attribute == "ISOPEN":
            return False
        if node.attribute == "ROWCOUNT" or self.sql_count is None:
            return self.sql_count
        return (self.sql_count > 0) is (node.attribute == "FOUND")

    def cursor(self, value: Datum) -> CursorVariable:
        if not isinstance(value, CursorVariable):
            raise predefined("INVALID_CURSOR")
        return value

    # --- references and calls ---

    def _ref(self, node: n.Ref, frame: Frame) -> Datum:
        found = self.unit.refs[node]
        value = self._bases[type(found.base)](found.base, frame)
        for step in found.steps:
            value = self._step(value, step, node, frame)
        return value

    def _step(self, value: Datum, step: s.Step, node: n.Ref, frame: Frame) -> Datum:
        match step:
            case s.FieldStep():
                return places.get_field(value, step.name, node.position)
            case s.IndexStep():
                return places.get_element(value, self.evaluate(step.index, frame))
        arguments = [self.evaluate(each, frame) for each in step.arguments]
        if step.name in json_objects.METHODS and not isinstance(value, Collection):
            found: Datum = json_objects.call(value, step.name, arguments)
            return found
        return places.call_method(value, step.name, arguments)

    def assign(self, target: n.Assignable, value: Datum, frame: Frame) -> None:
        """Store *value*, converted to the target's type."""
        match target:
            case n.BindRef():
                self.host.set(target.name, value)
            case n.BindIndex():
                places.set_element(self.host.get(target.bind.name), self.evaluate(target.index, frame), value)
                self.host.touch(target.bind.name)
            case n.Ref():
                self._assign_ref(target, value, frame)

    def _assign_ref(self, target: n.Ref, value: Datum, frame: Frame) -> None:
        found = self.unit.refs[target]
        variable, home = self._variable(found.base, frame)
        if not found.steps:
            home.set(variable, coerce(value, variable.type))
            return
        holder = home.get(variable)
        for step in found.steps[:-1]:
            if isinstance(step, s.IndexStep):
                holder = places.element_for_write(holder, self.evaluate(step.index, frame))
            else:
                holder = self._step(holder, step, target, frame)
        last = found.steps[-1]
        if isinstance(last, s.FieldStep):
            places.set_field(holder, last.name, value, target.position)
        elif isinstance(last, s.IndexStep):
            places.set_element(holder, self.evaluate(last.index, frame), value)

    def _variable(self, base: s.Base, frame: Frame) -> tuple[s.VariableEntity, Frame]:
        """A variable that is assigned to, and where it lives."""
        if isinstance(base, s.StoredVariable):
            frame, base = self.process.instance(base.unit).frame, base.variable
        assert isinstance(base, s.VariableEntity)
        return base, frame

    def _construction(self, base: s.Construction, frame: Frame) -> Datum:
        return places.construct(base.type, [self.evaluate(each, frame) for each in base.arguments])

    def _builtin_call(self, base: s.BuiltinCall, frame: Frame) -> Datum:
        if base.builtin.lazy:
            return base.builtin.body(*(partial(self.evaluate, each, frame) for each in base.arguments))
        return base.builtin.body(*(self.evaluate(each, frame) for each in base.arguments))

    def _sql_call(self, base: s.SqlCall, frame: Frame) -> Datum:
        values = [self.evaluate(each, frame) for each in base.arguments]
        binds = {f"B{index}": bind_of(value, t.ANY) for index, value in enumerate(values, 1)}
        result = self.runner.run(base.text, binds)
        row = next(result.rows, None)
        if row is None or not result.columns:
            raise predefined("NO_DATA_FOUND")
        value = from_port(row[0], result.columns[0].type)
        return value == 1 if base.boolean else value

    def _error_call(self, base: s.ErrorCall, frame: Frame) -> Datum:
        errors = self.process.errors
        current = errors[-1] if errors else None
        if base.argument is not None:
            return _message_of(int(to_number(self.evaluate(base.argument, frame)) or 0))
        if base.name == "SQLCODE":
            return current.sqlcode if current is not None else 0
        return current.sqlerrm if current is not None else _message_of(0)

    def _supplied_call(self, base: s.SuppliedCall, frame: Frame) -> Datum:
        passed: dict[str, Any] = {}
        for formal, kind, value in base.arguments:
            if value is None:
                if "IN" in formal.mode:
                    passed[formal.name.lower()] = formal.default
            elif formal.mode != "OUT":
                passed[formal.name.lower()] = to_port(coerce(self.evaluate(value, frame), kind))
        try:
            with self.runner.executing(base.unit):
                result = base.subprogram.body(self.runner, **passed)
        except PlsqlError as error:
            errors = self.process.errors
            if base.subprogram is RAISE_APPLICATION_ERROR and passed.get("keeperrorstack") and errors:
                error = PlsqlError(error.code, f"{error.message}\n{errors[-1].sqlerrm}")
            raise error from None
        if base.subprogram.returns is not None:
            return coerce(result, t.scalar(base.subprogram.returns) or t.ANY)
        self._take_out(base, result, frame)
        return None

    def _take_out(self, base: s.SuppliedCall, result: object, frame: Frame) -> None:
        """Assign what came back for OUT arguments; one that is missing is NULL."""
        found: Mapping[str, Any] = result.get("out", {}) if isinstance(result, dict) else {}
        by_name = {name.upper(): value for name, value in found.items()}
        for formal, kind, value in base.arguments:
            if "OUT" in formal.mode and isinstance(value, n.Ref | n.BindRef | n.BindIndex):
                self.assign(value, coerce(by_name.get(formal.name.upper()), kind), frame)

    def _local_call(self, base: s.LocalCall, frame: Frame) -> Datum:
        inner = Frame(frame.owner(base.subprogram))
        self._pass(base, inner, frame)
        returned = self.run_subprogram(base.subprogram, inner)
        self._take_back(base, inner, frame)
        return returned

    def _stored_call(self, base: s.StoredCall, frame: Frame) -> Datum:
        with self.runner.executing(base.unit.key):
            instance = self.process.instance(base.unit)
            inner = Frame(instance.frame)
            self._pass(base, inner, frame)
            returned = self.process.call(instance, base.subprogram, inner)
        self._take_back(base, inner, frame)
        return returned

    def _stored_variable(self, base: s.StoredVariable, frame: Frame) -> Datum:
        return self.process.instance(base.unit).frame.get(base.variable)

    def _pass(self, base: s.LocalCall | s.StoredCall, inner: Frame, frame: Frame) -> None:
        """Put the arguments that are given into the frame *inner* of the subprogram."""
        for formal, value in zip(base.subprogram.parameters, base.arguments, strict=True):
            if formal.mode == "OUT":
                inner.cells[formal.entity] = default_value(formal.type)
            elif value is not None:
                inner.cells[formal.entity] = coerce(self.evaluate(value, frame), formal.type)

    def _take_back(self, base: s.LocalCall | s.StoredCall, inner: Frame, frame: Frame) -> None:
        """Assign what came back for OUT arguments."""
        for formal, value in zip(base.subprogram.parameters, base.arguments, strict=True):
            if "OUT" in formal.mode and isinstance(value, n.Ref | n.BindRef | n.BindIndex):
                self.assign(value, inner.cells[formal.entity], frame)

    def run_subprogram(self, subprogram: s.SubprogramEntity, frame: Frame) -> Datum:
        """Run the body in *frame*, which holds the arguments that were given.

        Raises:
            PlsqlError: 6503 (function without RETURN), 6500 (calls nested too deeply).
        """
        implemented = self.unit.bodies[subprogram]
        try:
            with self.process.activated(Activation(self.title, subprogram.name)):
                for formal in subprogram.parameters:
                    if formal.entity not in frame.cells:
                        given = None if formal.default is None else self.evaluate(formal.default, frame)
                        frame.cells[formal.entity] = coerce(given, formal.type)
                with self.process.autonomous() if implemented.autonomous else nullcontext():
                    return self._returned(subprogram, implemented, frame)
        except PlsqlError as error:
            error.leave_subprogram()
            raise

    def _returned(self, subprogram: s.SubprogramEntity, implemented: n.Subprogram, frame: Frame) -> Datum:
        assert implemented.body is not None
        try:
            self.block(implemented.body, frame)
        except ReturnSignal as signal:
            return coerce(signal.value, subprogram.returns) if subprogram.returns is not None else None
        if subprogram.returns is not None:
            raise PlsqlError(6503, "PL/SQL: Function returned without value")
        return None

    def block(self, block: n.Block, frame: Frame) -> None:
        """Run a block; the statements' part knows how."""
        raise NotImplementedError


def _unpadded(*values: Datum) -> tuple[Datum, ...]:
    """Texts without their trailing blanks, which then compare as if padded."""
    return tuple(value.rstrip(" ") if isinstance(value, str) else value for value in values)


def _time_zone(name: str) -> timezone | ZoneInfo:
    if name[:1] in "+-" and len(name) in (5, 6) and ":" in name:
        hours, _, minutes = name[1:].partition(":")
        if hours.isdecimal() and minutes.isdecimal() and int(hours) < 15:
            span = timedelta(hours=int(hours), minutes=int(minutes))
            return timezone(-span if name[0] == "-" else span)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise PlsqlError(1882, "timezone region not found") from error


def _json_text(value: Datum) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else to_text(value) or ""


def _message_of(code: int) -> str:
    """SQLERRM(code)."""
    if code == 0:
        return "ORA-0000: normal, successful completion"
    if code > 0:
        return (
            "User-Defined Exception"
            if code == 1
            else ("ORA-01403: no data found" if code == 100 else f"-{code}: non-ORACLE exception")
        )
    message = MESSAGES.get(
        -code, "" if -20999 <= code <= -20000 else f"Message {-code} not found;  product=RDBMS; facility=ORA"
    )
    return f"ORA-{-code:05d}: {message}"
