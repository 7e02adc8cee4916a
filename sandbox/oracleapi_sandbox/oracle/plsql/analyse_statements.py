"""Analysis, last part: declarations and statements. A whole block is checked before any of it runs.

Oracle compiles a block before it runs it, so a wrong name in a branch that is never taken refuses the block, and no
handler of the block can catch that.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from oracleapi_sandbox.oracle.plsql import nodes as n
from oracleapi_sandbox.oracle.plsql import types as t
from oracleapi_sandbox.oracle.plsql.analyse_sql import SqlAnalysis
from oracleapi_sandbox.oracle.plsql.errors import CompileError, Position, undeclared
from oracleapi_sandbox.oracle.plsql.overloads import Actual, match
from oracleapi_sandbox.oracle.plsql.scope import (
    CursorEntity,
    Entity,
    ExceptionEntity,
    Formal,
    LabelEntity,
    OverloadsEntity,
    PreparedSql,
    Scope,
    SubprogramEntity,
    TypeEntity,
    Unit,
    VariableEntity,
    standard_exception,
)

Body = tuple[n.Statement, ...]
_SQL = n.SqlStatement | n.OpenFor | n.OpenCursor | n.Fetch | n.Close


class Analysis(SqlAnalysis):
    """Walks a block."""

    def run(self) -> Unit:
        """Resolve every name of the block."""
        self.block(self.unit.block, Scope())
        return self.unit

    def block(self, block: n.Block, outer: Scope) -> None:
        scope = outer.child()
        if block.label is not None:
            outer.names[block.label] = LabelEntity(scope)
        self.contents(block, scope)

    def contents(self, block: n.Block, scope: Scope, bodies: bool = True) -> None:
        """Resolve a block's names in its *scope*; without *bodies* declared subprograms need none."""
        for declaration in block.declarations:
            with self.ignoring(declaration.position, "Item"):
                self.declare(declaration, scope)
        for missing in self._missing_bodies(scope) if bodies else ():
            with self.ignoring(missing.position, None):
                raise self.without_body(missing)
        self.body(block.body, scope)
        for handler in block.handlers:
            exceptions = tuple(self._exception(name, handler.position, scope) for name in handler.names)
            self.unit.exceptions[handler] = exceptions
            self.body(handler.body, scope.child(in_handler=True))

    def body(self, statements: Sequence[n.Statement], scope: Scope) -> None:
        for statement in statements:
            with self.ignoring(statement.position, "SQL Statement" if isinstance(statement, _SQL) else "Statement"):
                self._statement(statement, scope)

    @contextmanager
    def ignoring(self, position: Position, what: str | None) -> Iterator[None]:
        """Let a fault inside say *what* is ignored for it."""
        try:
            yield
        except CompileError as error:
            if what is not None:
                error.ignoring(position, what)
            raise

    # --- declarations ---

    def _define(self, scope: Scope, name: str, entity: Entity, node: n.Node) -> None:
        if name in scope.names:
            raise CompileError(node.position, 371, f"at most one declaration for '{name}' is permitted")
        scope.names[name] = entity
        self.unit.declared[node] = entity

    def declare(self, node: n.Declaration, scope: Scope) -> None:
        """Add what a declaration declares to *scope*."""
        match node:
            case n.Variable():
                self._variable_declaration(node, scope)
            case n.RecordType() | n.TableType() | n.RefCursorType():
                self._define(scope, node.name, TypeEntity(node.name, self.definition(node, scope)), node)
            case n.Subtype():
                self._define(scope, node.name, TypeEntity(node.name, self._subtype(node, scope)), node)
            case n.ExceptionName():
                self._define(scope, node.name, ExceptionEntity(node.name), node)
            case n.ExceptionInit():
                entity = scope.names.get(node.name)
                if not isinstance(entity, ExceptionEntity):
                    raise undeclared(node.position, node.name)
                entity.code = node.code
            case n.Cursor():
                self._cursor_declaration(node, scope)
            case n.Subprogram():
                self._subprogram_declaration(node, scope)

    def _variable_declaration(self, node: n.Variable, scope: Scope) -> None:
        kind = self.type_of(node.type, scope)
        if node.default is not None:
            self._fits(node.default, kind, scope)
        kind = replace(kind, not_null=kind.not_null or node.not_null)
        self._define(scope, node.name, VariableEntity(node.name, kind, node.constant), node)

    def _subtype(self, node: n.Subtype, scope: Scope) -> t.Type:
        kind = self.type_of(node.base, scope)
        return replace(kind, not_null=kind.not_null or node.not_null)

    def _fits(self, value: n.Expression, kind: t.Type, scope: Scope) -> None:
        """Refuse a value whose type never converts to *kind* (PLS-00382)."""
        if t.affinity(self.expression(value, scope), kind) == 0:
            raise CompileError(value.position, 382, "expression is of wrong type")

    def _formals(self, parameters: Sequence[n.Parameter], scope: Scope, inner: Scope) -> tuple[Formal, ...]:
        found: list[Formal] = []
        for parameter in parameters:
            kind = self.type_of(parameter.type, scope).unconstrained()
            if parameter.default is not None:
                self._fits(parameter.default, kind, scope)
            entity = VariableEntity(parameter.name, kind, readonly=parameter.mode == "IN")
            self._define(inner, parameter.name, entity, parameter)
            found.append(Formal(parameter.name, kind, parameter.mode, parameter.default, entity))
        return tuple(found)

    def _cursor_declaration(self, node: n.Cursor, scope: Scope) -> None:
        inner = scope.child()
        formals = self._formals(node.parameters, scope, inner)
        row = _row_type(self.prepare(node.query, inner))
        self._define(scope, node.name, CursorEntity(node.name, formals, node.query, row, inner), node)

    def _subprogram_declaration(self, node: n.Subprogram, scope: Scope) -> None:
        returns = self.type_of(node.returns, scope).unconstrained() if node.returns is not None else None
        inner = Scope(scope, {}, returns, is_function=returns is not None, subprogram=node.name)
        formals = self._formals(node.parameters, scope, inner)
        subprogram = SubprogramEntity(node.name, formals, returns, node.position, node.accessible)
        subprogram = self._add_subprogram(node, subprogram, scope)
        if node.body is not None:
            self._formals_of(subprogram, inner)
            self.unit.bodies[subprogram] = node
            self.contents(node.body, inner)

    def _formals_of(self, subprogram: SubprogramEntity, inner: Scope) -> None:
        """The body sees the parameters of the declaration that callers use."""
        inner.names.update({formal.name: formal.entity for formal in subprogram.parameters})

    def _add_subprogram(self, node: n.Subprogram, subprogram: SubprogramEntity, scope: Scope) -> SubprogramEntity:
        existing = scope.names.get(node.name)
        if existing is None:
            self._define(scope, node.name, OverloadsEntity(node.name, [subprogram]), node)
            return subprogram
        if not isinstance(existing, OverloadsEntity):
            raise CompileError(node.position, 371, f"at most one declaration for '{node.name}' is permitted")
        for forward in existing.candidates:
            if _signature(forward) == _signature(subprogram):
                if forward in self.unit.bodies or node.body is None:
                    raise CompileError(node.position, 305, f"previous use of '{node.name}' conflicts with this use")
                return forward
        existing.candidates.append(subprogram)
        return subprogram

    def _missing_bodies(self, scope: Scope) -> list[SubprogramEntity]:
        overloads = [entity for entity in scope.names.values() if isinstance(entity, OverloadsEntity)]
        return [each for entity in overloads for each in entity.candidates if each not in self.unit.bodies]

    def without_body(self, subprogram: SubprogramEntity) -> CompileError:
        """The fault of a declaration that no body follows."""
        text = f"A subprogram body must be defined for the forward declaration of {subprogram.name}."
        return CompileError(subprogram.position, 328, text)

    def _exception(self, name: str, position: Position, scope: Scope) -> ExceptionEntity:
        label, _, member = name.rpartition(".")
        entity = scope.lookup(name)
        owner = scope.lookup(label) if label else None
        if isinstance(owner, LabelEntity):
            entity = owner.scope.names.get(member)
        if entity is None and label and not label.startswith("STANDARD"):
            schema, _, unit = label.rpartition(".")
            entity = self.stored_member(schema or None, unit, member, n.Node(position))
        if isinstance(entity, ExceptionEntity):
            return entity
        found = standard_exception(name) if entity is None else None
        if found is None:
            raise undeclared(position, name)
        return found

    # --- statements ---

    def _statement(self, node: n.Statement, scope: Scope) -> None:
        match node:
            case n.Block():
                self.block(node, scope)
            case n.Assign():
                self._assign(node, scope)
            case n.Call():
                self._call(node, scope)
            case n.If():
                for condition, body in node.branches:
                    self.condition(condition, scope)
                    self.body(body, scope)
                self.body(node.otherwise, scope)
            case n.CaseStatement():
                self._case_statement(node, scope)
            case n.Loop() | n.ForRange() | n.ForCursor() | n.ForAll():
                self._loop(node, scope)
            case n.Leave() | n.Return() | n.Raise():
                self._jump(node, scope)
            case n.SqlStatement():
                self._sql_statement(node, scope)
            case n.OpenCursor() | n.OpenFor() | n.Fetch() | n.Close():
                self._cursor_statement(node, scope)
            case n.ExecuteImmediate():
                self._execute_immediate(node, scope)

    def _assign(self, node: n.Assign, scope: Scope) -> None:
        target = self.assignable(node.target, scope)
        self._fits(node.value, target, scope)

    def _call(self, node: n.Call, scope: Scope) -> None:
        self.reference(node.target, scope, statement=node.into is None)
        if node.into is not None:
            self.bind_type(node.into)

    def _case_statement(self, node: n.CaseStatement, scope: Scope) -> None:
        selector = self.expression(node.selector, scope) if node.selector is not None else None
        for condition, body in node.branches:
            if selector is None:
                self.condition(condition, scope)
            else:
                self._comparable(condition.position, "=", selector, self.expression(condition, scope))
            self.body(body, scope)
        self.body(node.otherwise or (), scope)

    def _loop(self, node: n.Loop | n.ForRange | n.ForCursor | n.ForAll, scope: Scope) -> None:
        label = None if isinstance(node, n.ForAll) else node.label
        inner = scope.child(loops=(*scope.loops, label))
        if label is not None:
            scope.names[label] = LabelEntity(inner)
        match node:
            case n.Loop():
                if node.condition is not None:
                    self.condition(node.condition, scope)
            case n.ForRange() | n.ForAll():
                for bound in (node.low, node.high):
                    self._fits(bound, t.PLS_INTEGER, scope)
                self._define(inner, node.index, VariableEntity(node.index, t.PLS_INTEGER, readonly=True), node)
            case n.ForCursor():
                row = self._loop_row(node, scope)
                self._define(inner, node.record, VariableEntity(node.record, row, readonly=True), node)
        self.body((node.statement,) if isinstance(node, n.ForAll) else node.body, inner)

    def _loop_row(self, node: n.ForCursor, scope: Scope) -> t.Type:
        if isinstance(node.source, n.Sql):
            return _row_type(self.prepare(node.source, scope))
        cursor = self._declared_cursor(node, node.source, scope)
        return cursor.row

    def _declared_cursor(self, node: n.Node, ref: n.Ref, scope: Scope) -> CursorEntity:
        """Resolve a reference to an explicit cursor and match its arguments."""
        entity = self.reference(ref, scope).variable
        if not isinstance(entity, CursorEntity):
            raise CompileError(ref.position, 456, f"item '{ref.text}' is not a cursor")
        arguments = next((step.items for step in ref.steps if isinstance(step, n.Arguments)), ())
        actuals = [Actual(each.name, self.expression(each.value, scope)) for each in arguments]
        found = match(entity.parameters, actuals)
        if found is None:
            text = f"wrong number or types of arguments in call to '{ref.name}'"
            raise CompileError(ref.position, 306, text)
        chosen = tuple(arguments[index].value if index is not None else None for index in found.order)
        self.unit.cursor_arguments[node] = chosen
        return entity

    def _jump(self, node: n.Leave | n.Return | n.Raise, scope: Scope) -> None:
        match node:
            case n.Leave():
                self._leave(node, scope)
            case n.Return():
                self._return(node, scope)
            case n.Raise() if node.name is not None:
                self.unit.exceptions[node] = (self._exception(node.name, node.position, scope),)
            case n.Raise() if not scope.in_handler:
                text = "a RAISE statement with no exception name must be inside an exception handler"
                raise CompileError(node.position, 367, text)

    def _leave(self, node: n.Leave, scope: Scope) -> None:
        if not scope.loops:
            raise CompileError(node.position, 376, f"illegal {node.keyword} statement; it must appear inside a loop")
        if node.label is not None and node.label not in scope.loops:
            raise undeclared(node.position, node.label)
        if node.condition is not None:
            self.condition(node.condition, scope)

    def _return(self, node: n.Return, scope: Scope) -> None:
        if node.value is None:
            if scope.is_function:
                raise CompileError(
                    node.position, 503, "RETURN <value> statement required for this return from function"
                )
            return
        if not scope.is_function or scope.returns is None:
            text = "RETURN statement cannot contain an expression here"
            raise CompileError(node.position, 372, f"In a procedure, {text}")
        self._fits(node.value, scope.returns, scope)

    # --- SQL and cursors ---

    def _sql_statement(self, node: n.SqlStatement, scope: Scope) -> None:
        prepared = self.prepare(node.sql, scope)
        into = node.sql.into
        if into is None or node.sql.verb != "SELECT" or prepared.columns is None:
            return
        targets = [self.assignable(target, scope) for target in into.targets]
        records = len(targets) == 1 and _is_row(targets[0], into.bulk)
        wanted = len(targets[0].fields or prepared.columns) if records and not into.bulk else len(targets)
        if len(prepared.columns) != wanted and not (records and into.bulk):
            few = len(prepared.columns) > wanted
            text = f"PL/SQL: ORA-00{'913: too many' if few else '947: not enough'} values"
            raise CompileError(node.position, None, text)

    def _cursor_statement(self, node: n.OpenCursor | n.OpenFor | n.Fetch | n.Close, scope: Scope) -> None:
        match node:
            case n.OpenCursor():
                self._declared_cursor(node, node.cursor, scope)
            case n.OpenFor():
                self._cursor_variable(node.target, scope)
                if isinstance(node.query, n.Sql):
                    self.prepare(node.query, scope)
                else:
                    self._fits(node.query, t.VARCHAR2, scope)
                self._using(node.using, scope)
            case n.Fetch():
                self._any_cursor(node.cursor, scope)
                self._into(node.into, scope)
            case n.Close():
                self._any_cursor(node.cursor, scope)

    def _any_cursor(self, target: n.Assignable, scope: Scope) -> None:
        if not (isinstance(target, n.Ref) and isinstance(self.reference(target, scope).variable, CursorEntity)):
            self._cursor_variable(target, scope)

    def _cursor_variable(self, target: n.Assignable, scope: Scope) -> None:
        if self.assignable(target, scope).name not in ("SYS_REFCURSOR", "ANY"):
            name = target.text if isinstance(target, n.Ref) else "bind variable"
            raise CompileError(target.position, 382, f"expression '{name}' is of wrong type")

    def _into(self, into: n.Into | None, scope: Scope) -> None:
        if into is None:
            return
        for target in into.targets:
            self.assignable(target, scope)
        if into.limit is not None:
            self._fits(into.limit, t.PLS_INTEGER, scope)

    def _using(self, using: Sequence[n.Using], scope: Scope) -> None:
        for each in using:
            if "OUT" in each.mode:
                if not isinstance(each.value, n.Ref | n.BindRef | n.BindIndex):
                    raise CompileError(each.position, 363, "expression cannot be used as an assignment target")
                self.assignable(each.value, scope)
            else:
                self.expression(each.value, scope)

    def _execute_immediate(self, node: n.ExecuteImmediate, scope: Scope) -> None:
        self._fits(node.text, t.VARCHAR2, scope)
        self._using(node.using, scope)
        self._into(node.into, scope)
        self._into(node.returning, scope)


def _signature(subprogram: SubprogramEntity) -> tuple[object, ...]:
    kinds = [(each.name, each.type.name, each.mode) for each in subprogram.parameters]
    return (*kinds, subprogram.returns.name if subprogram.returns else None)


def _row_type(prepared: PreparedSql) -> t.Type:
    return t.record_of(prepared.columns) if prepared.columns is not None else t.RECORD


def _is_row(kind: t.Type, bulk: bool) -> bool:
    element = kind.element if bulk else kind
    return element is not None and element.name == "RECORD"
