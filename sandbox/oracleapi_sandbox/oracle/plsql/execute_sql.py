"""Run time, second part: SQL statements, cursors and dynamic SQL."""

from collections.abc import Iterable, Sequence
from typing import Any

from oracleapi_sandbox.oracle.plsql import nls
from oracleapi_sandbox.oracle.plsql import nodes as n
from oracleapi_sandbox.oracle.plsql import scope as s
from oracleapi_sandbox.oracle.plsql import types as t
from oracleapi_sandbox.oracle.plsql.errors import PlsqlError, predefined
from oracleapi_sandbox.oracle.plsql.evaluate import Evaluator
from oracleapi_sandbox.oracle.plsql.frames import Frame, bind_of
from oracleapi_sandbox.oracle.plsql.lexer import Token, tokenize
from oracleapi_sandbox.oracle.plsql.values import (
    Collection,
    CursorVariable,
    Datum,
    Record,
    coerce,
    copied,
    from_port,
    to_text,
)
from oracleapi_sandbox.oracle.ports import Bind, Column, Result, Value

Row = tuple[Datum, ...]


class SqlExecutor(Evaluator):
    """Runs SQL with the block's values, and puts what comes back into its variables."""

    # --- static SQL ---

    def run_sql(self, sql: n.Sql, frame: Frame) -> Result:
        """Run a prepared statement with the present values."""
        prepared = self.unit.sql[sql]
        binds = {each.name: bind_of(self.evaluate(each.value, frame), each.type) for each in prepared.inputs}
        for name, kind in prepared.outputs:
            binds[name] = Bind(None, bind_of(None, kind).type)
        return self.runner.run(prepared.text, binds)

    def sql_statement(self, node: n.SqlStatement, frame: Frame) -> None:
        self.sql_count = 0
        result = self.run_sql(node.sql, frame)
        into = node.sql.into
        if node.sql.verb != "SELECT":
            self.sql_count = result.rowcount
            if into is not None:
                outputs = [name for name, _ in self.unit.sql[node.sql].outputs]
                self.returned(into, [result.out.get(name) for name in outputs], frame)
        elif into is not None:
            self.select_into(into, result, frame)

    def select_into(self, into: n.Into, result: Result, frame: Frame) -> None:
        """Exactly one row, or all of them with BULK COLLECT.

        Raises:
            PlsqlError: 1403 (no row), 1422 (more than one), 1007 (more targets than columns).
        """
        columns = result.columns or ()
        if into.bulk:
            rows = [_typed(row, columns) for row in result.rows]
            self.sql_count = len(rows)
            self.collect(into, rows, columns, frame)
            return
        first, second = next(result.rows, None), next(result.rows, None)
        self.sql_count = int(first is not None)
        if first is None:
            raise predefined("NO_DATA_FOUND")
        if second is not None:
            raise predefined("TOO_MANY_ROWS")
        self.store(into.targets, _typed(first, columns), columns, frame)

    def store(self, targets: Sequence[n.Assignable], row: Row, columns: Sequence[Column], frame: Frame) -> None:
        """Put one row into a record or into as many targets as it has columns."""
        if len(targets) == 1 and self._is_record(targets[0]):
            self.assign(targets[0], _record(row, columns), frame)
            return
        if len(targets) != len(row):
            raise PlsqlError(1007, "variable not in select list")
        for target, value in zip(targets, row, strict=True):
            self.assign(target, value, frame)

    def _is_record(self, target: n.Assignable) -> bool:
        return isinstance(target, n.Ref) and self.unit.refs[target].type.name == "RECORD"

    def collect(self, into: n.Into, rows: Sequence[Row], columns: Sequence[Column], frame: Frame) -> None:
        """BULK COLLECT: fill the collections from 1; one collection of records takes whole rows."""
        kinds = [self._collection_type(target) for target in into.targets]
        if len(kinds) == 1 and kinds[0].element is not None and kinds[0].element.name == "RECORD":
            whole: list[Datum] = [_record(row, columns) for row in rows]
            self.assign(into.targets[0], Collection(kinds[0], _from_one(whole)), frame)
            return
        if any(len(row) != len(kinds) for row in rows):
            raise PlsqlError(1007, "variable not in select list")
        for index, (target, kind) in enumerate(zip(into.targets, kinds, strict=True)):
            self.assign(target, Collection(kind, _from_one(row[index] for row in rows)), frame)

    def _collection_type(self, target: n.Assignable) -> t.Type:
        if isinstance(target, n.Ref):
            return self.unit.refs[target].type
        return t.Type("TABLE", element=t.ANY, key="NUMBER")

    def returned(self, into: n.Into, values: Sequence[Value], frame: Frame) -> None:
        """What RETURNING gave: a value, or a list with one for each row."""
        if into.bulk:
            for target, value in zip(into.targets, values, strict=True):
                rows: list[Any] = value if isinstance(value, list) else [value]
                self.assign(target, Collection(self._collection_type(target), _from_one(rows)), frame)
            return
        if any(isinstance(value, list) and len(value) > 1 for value in values) or (self.sql_count or 0) > 1:
            raise predefined("TOO_MANY_ROWS")
        if self.sql_count == 0:
            return
        for target, value in zip(into.targets, values, strict=True):
            self.assign(target, (value or [None])[0] if isinstance(value, list) else value, frame)

    def for_all(self, node: n.ForAll, frame: Frame) -> None:
        inner = Frame(frame)
        total = 0
        for index in range(self.integer(node.low, frame), self.integer(node.high, frame) + 1):
            inner.cells[self.unit.declared[node]] = index
            self.sql_statement(node.statement, inner)
            total += self.sql_count or 0
        self.sql_count = total

    def transaction(self, node: n.Transaction, frame: Frame) -> None:
        self.runner.run(node.text, {})

    # --- cursors ---

    def open_cursor(self, node: n.OpenCursor, frame: Frame) -> None:
        self.open_declared(self.unit.refs[node.cursor].base, self.unit.cursor_arguments[node], frame)

    def open_declared(self, base: s.Base, arguments: Sequence[n.Expression | None], frame: Frame) -> CursorVariable:
        """Open an explicit cursor, with the rights of the unit that declares it; its rows are those of this moment."""
        if isinstance(base, s.StoredVariable):
            instance = self.process.instance(base.unit)
            with self.runner.entering(base.unit.call):
                return self._open(base.variable, instance.frame, arguments, frame, instance.executor)
        return self._open(base, frame.owner(base), arguments, frame, self)

    def _open(
        self,
        entity: s.Base,
        owner: Frame,
        arguments: Sequence[n.Expression | None],
        frame: Frame,
        home: "SqlExecutor",
    ) -> CursorVariable:
        assert isinstance(entity, s.CursorEntity)
        cursor = self.cursor(owner.cells[entity])
        if cursor.result is not None:
            raise predefined("CURSOR_ALREADY_OPEN")
        inner = Frame(owner)
        for formal, value in zip(entity.parameters, arguments, strict=True):
            if value is None:
                assert formal.default is not None
                given = home.evaluate(formal.default, inner)
            else:
                given = self.evaluate(value, frame)
            inner.cells[formal.entity] = coerce(given, formal.type)
        cursor.open(_snapshot(home.run_sql(entity.query, inner)))
        return cursor

    def open_for(self, node: n.OpenFor, frame: Frame) -> None:
        if isinstance(node.query, n.Sql):
            result = self.run_sql(node.query, frame)
        else:
            result = self._dynamic(to_text(self.evaluate(node.query, frame)), node.using, (), frame)[0]
        if result.columns is None:
            raise PlsqlError(6539, "target of OPEN must be a query")
        cursor = CursorVariable()
        cursor.open(result)
        self.assign(node.target, cursor, frame)

    def fetch(self, node: n.Fetch, frame: Frame) -> None:
        cursor = self._opened(node.cursor, frame)
        columns = cursor.result.columns or () if cursor.result else ()
        if node.into.bulk:
            self._fetch_bulk(cursor, node.into, columns, frame)
            return
        row = next(cursor.rows, None)
        cursor.found = row is not None
        if row is not None:
            cursor.count += 1
            self.store(node.into.targets, _typed(row, columns), columns, frame)

    def _fetch_bulk(self, cursor: CursorVariable, into: n.Into, columns: Sequence[Column], frame: Frame) -> None:
        limit = self.integer(into.limit, frame) if into.limit is not None else None
        rows: list[Row] = []
        while (limit is None or len(rows) < limit) and (row := next(cursor.rows, None)) is not None:
            rows.append(_typed(row, columns))
        cursor.count += len(rows)
        cursor.found = (limit is None and bool(rows)) or len(rows) == limit
        self.collect(into, rows, columns, frame)

    def close(self, node: n.Close, frame: Frame) -> None:
        self._opened(node.cursor, frame).result = None

    def _opened(self, target: n.Assignable, frame: Frame) -> CursorVariable:
        cursor = self.cursor(self.evaluate(target, frame))
        if cursor.result is None:
            raise predefined("INVALID_CURSOR")
        return cursor

    def loop_rows(self, node: n.ForCursor, frame: Frame) -> tuple[Result, CursorVariable | None]:
        """The rows of a cursor FOR loop, and the explicit cursor that the loop has opened."""
        if isinstance(node.source, n.Sql):
            return _snapshot(self.run_sql(node.source, frame)), None
        cursor = self.open_declared(self.unit.refs[node.source].base, self.unit.cursor_arguments[node], frame)
        assert cursor.result is not None
        return cursor.result, cursor

    # --- dynamic SQL ---

    def execute_immediate(self, node: n.ExecuteImmediate, frame: Frame) -> None:
        text = to_text(self.evaluate(node.text, frame))
        returning = node.returning.targets if node.returning is not None else ()
        result, outputs = self._dynamic(text, node.using, returning, frame)
        nls.forget()
        self.sql_count = result.rowcount
        if node.into is not None:
            self.select_into(node.into, result, frame)
        if node.returning is not None:
            self.returned(node.returning, [result.out.get(name) for name in outputs], frame)

    def _dynamic(
        self, text: str | None, using: Sequence[n.Using], returning: Sequence[n.Assignable], frame: Frame
    ) -> tuple[Result, list[str]]:
        """Run a statement that is known only now; returns also the binds' names that RETURNING filled.

        Raises:
            PlsqlError: 6535 (no text), 1006 and 1008 (placeholders and arguments differ in number).
        """
        if text is None:
            raise PlsqlError(6535, "statement string in EXECUTE IMMEDIATE is NULL or 0 length")
        if _is_block(text):
            return self._dynamic_block(text, using, frame), []
        if not using and not returning:
            return self.runner.run(text, {}), []
        places = [token for token in tokenize(text) if token.kind == "bind"]
        _check_count(len(places), len(using) + len(returning))
        binds = {str(index): self._using_bind(each, frame) for index, each in enumerate(using, 1)}
        outputs = [str(index) for index in range(len(using) + 1, len(places) + 1)]
        for name, target in zip(outputs, returning, strict=True):
            binds[name] = Bind(None, self._target_type(target).type)
        return self.runner.run(_numbered(text, places), binds), outputs

    def _dynamic_block(self, text: str, using: Sequence[n.Using], frame: Frame) -> Result:
        """In PL/SQL a placeholder's name stands for one argument, however often it occurs."""
        names = list(dict.fromkeys(token.text for token in tokenize(text) if token.kind == "bind"))
        _check_count(len(names), len(using))
        binds = {name: self._using_bind(each, frame) for name, each in zip(names, using, strict=True)}
        result = self.run_nested(text, binds)
        for name, each in zip(names, using, strict=True):
            if "OUT" in each.mode and isinstance(each.value, n.Ref | n.BindRef | n.BindIndex):
                self.assign(each.value, result.out.get(name), frame)
        return result

    def _using_bind(self, using: n.Using, frame: Frame) -> Bind:
        if using.mode == "OUT" and isinstance(using.value, n.Ref | n.BindRef | n.BindIndex):
            return self._target_type(using.value)
        kind = self.unit.refs[using.value].type if isinstance(using.value, n.Ref) else t.ANY
        return bind_of(self.evaluate(using.value, frame), kind)

    def _target_type(self, target: n.Assignable) -> Bind:
        kind = self.unit.refs[target].type if isinstance(target, n.Ref) else t.ANY
        if isinstance(target, n.BindRef):
            kind = self.host.type_of(target.name)
        return bind_of(None, kind)

    def run_nested(self, text: str, binds: dict[str, Bind]) -> Result:
        """Run a block from EXECUTE IMMEDIATE; the interpreter knows how."""
        raise NotImplementedError


def _typed(row: Sequence[Value], columns: Sequence[Column]) -> Row:
    """Give values their type by the described columns: a TIMESTAMP is no DATE."""
    if len(columns) != len(row):
        return tuple(row)
    return tuple(from_port(value, column.type) for value, column in zip(row, columns, strict=True))


def typed_record(row: Sequence[Value], columns: Sequence[Column]) -> Record:
    """A fetched row as a record."""
    return _record(_typed(row, columns), columns)


def _record(row: Row, columns: Sequence[Column]) -> Record:
    kind = t.record_of(tuple(columns))
    return Record(kind, {column.name: copied(value) for column, value in zip(columns, row, strict=True)})


def _from_one(values: Iterable[Datum]) -> dict[int | str, Datum]:
    return dict(enumerate(values, 1))


def _snapshot(result: Result) -> Result:
    """All rows at once: what the block does next must not disturb an open cursor."""
    return Result(result.columns, iter(list(result.rows)), result.rowcount)


def _is_block(text: str) -> bool:
    words = text.lstrip().split(maxsplit=1)
    return bool(words) and words[0].upper().startswith(("BEGIN", "DECLARE", "<<", "CALL"))


def _check_count(places: int, arguments: int) -> None:
    if arguments > places:
        raise PlsqlError(1006, "bind variable does not exist")
    if arguments < places:
        raise PlsqlError(1008, "not all variables bound")


def _numbered(text: str, places: Sequence[Token]) -> str:
    """Name every placeholder after its place: in SQL each occurrence takes an argument of its own."""
    parts: list[str] = []
    end = 0
    for index, token in enumerate(places, 1):
        parts += [text[end : token.start], f":{index}"]
        end = token.end
    return "".join((*parts, text[end:]))
