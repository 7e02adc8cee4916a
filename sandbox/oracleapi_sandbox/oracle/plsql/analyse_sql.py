"""Analysis, fourth part: SQL statements. Variables become binds, and the engine checks the statement.

Inside SQL a name is a column before it is a variable; in the VALUES list of an INSERT it is a variable.
Source: PL/SQL Language Reference, "PL/SQL Name Resolution" [D].
"""

from collections.abc import Iterator, Sequence

from oracleapi_sandbox.oracle.plsql import nodes as n
from oracleapi_sandbox.oracle.plsql import types as t
from oracleapi_sandbox.oracle.plsql.analyse_expressions import ExpressionAnalysis
from oracleapi_sandbox.oracle.plsql.errors import CompileError, Position, unsupported
from oracleapi_sandbox.oracle.plsql.lexer import Token
from oracleapi_sandbox.oracle.plsql.parse_statements import StatementParser
from oracleapi_sandbox.oracle.plsql.scope import (
    Input,
    LabelEntity,
    OverloadsEntity,
    PreparedSql,
    Scope,
    VariableEntity,
)
from oracleapi_sandbox.oracle.plsql.sql_names import SqlNames, scan
from oracleapi_sandbox.oracle.ports import Column, OracleError

_COMPILE_CODES = frozenset((*range(900, 1000), 1031, 1720, 1733, 1747, 1779, 1788, 1789, 1790, 2289, 3001, 38104, 4043))
"""Errors of SQL that PL/SQL finds when it compiles a block; others show when the statement runs."""
_INCONSISTENT_TYPES = 932
"""A parse does not know the types of binds, so with binds this one is left to the run."""


class _Builder:
    """Builds the text that goes to the engine, and remembers where its parts come from."""

    def __init__(self, sql: n.Sql) -> None:
        self.sql = sql
        self.parts: list[str] = []
        self.length = 0
        self.origins: list[tuple[int, int]] = []
        self.inputs: list[Input] = []
        self.outputs: list[tuple[str, t.Type]] = []
        self._end = sql.tokens[0].start
        self._taken = {token.text for token in sql.tokens if token.kind == "bind"}
        self._count = 0

    def gap(self, start: int) -> None:
        """Copy what stands between the last token and *start*, comments included, without what was cut out."""
        cut_start, cut_end = self.sql.cut
        gap = self.sql.source[self._end : start]
        self._add(" " if self._end <= cut_start and cut_end <= start else gap)

    def copy(self, token: Token) -> None:
        self.gap(token.start)
        self.origins.append((self.length, token.start))
        self._add(self.sql.source[token.start : token.end])
        self._end = token.end

    def replace(self, start: int, end: int, text: str) -> None:
        self.gap(start)
        self.origins.append((self.length, start))
        self._add(text)
        self._end = end

    def append(self, text: str) -> None:
        self._add(text)

    @property
    def after_values(self) -> bool:
        return bool(self.parts) and self.parts[-1].upper() == "VALUES"

    def _add(self, text: str) -> None:
        self.parts.append(text)
        self.length += len(text)

    def input(self, value: n.Expression, kind: t.Type) -> str:
        name = self.bind_name()
        self.inputs.append(Input(name, value, kind))
        return f":{name}"

    def bind_name(self) -> str:
        """A bind name that the statement does not use itself."""
        self._count += 1
        while f"B{self._count}" in self._taken:
            self._count += 1
        return f"B{self._count}"


class SqlAnalysis(ExpressionAnalysis):
    """Prepares SQL statements."""

    def prepare(self, sql: n.Sql, scope: Scope) -> PreparedSql:
        """Turn variables into binds, let the engine parse the result, and remember it.

        Raises:
            CompileError: The engine's parse error as ``PL/SQL: ORA-…``, or PLS-00231, PLS-00457.
        """
        names, builder = scan(sql.tokens), _Builder(sql)
        index = 0
        while index < len(sql.tokens):
            index = self._next(sql, index, names, builder, scope)
        if sql.into is not None:
            self._returning(sql.into, sql.verb, builder, scope)
        text = "".join(builder.parts)
        columns = self._check(sql, text, builder)
        found = PreparedSql(text, tuple(builder.inputs), tuple(builder.outputs), columns)
        self.unit.sql[sql] = found
        return found

    def _next(self, sql: n.Sql, index: int, names: SqlNames, builder: _Builder, scope: Scope) -> int:
        token = sql.tokens[index]
        if token.kind == "bind":
            self._host_bind(token, builder)
        elif index in names.candidates and (reference := self._variable(sql, index, names, scope)):
            node, end, kind = reference
            mark = self._mark(node, kind, token, builder, scope)
            builder.replace(token.start, sql.tokens[end - 1].end, mark)
            return end
        if index in names.candidates and (function := self._own_function(sql, index, names, scope)):
            builder.replace(token.start, token.end, function)
            return index + 1
        builder.copy(token)
        return index + 1

    def _host_bind(self, token: Token, builder: _Builder) -> None:
        bind = n.BindRef(token.position, token.text)
        kind = self.bind_type(bind)
        if token.text not in {each.name for each in builder.inputs}:
            builder.inputs.append(Input(token.text, bind, kind))

    def _mark(self, node: n.Ref, kind: t.Type, token: Token, builder: _Builder, scope: Scope) -> str:
        """The bind that stands for a variable; a record in VALUES stands for all its fields."""
        if kind.name == "RECORD" and kind.fields is not None:
            if not builder.after_values:
                raise unsupported(token.position, "a record in SQL other than after VALUES")
            fields = [
                n.Ref(node.position, node.name, (*node.steps, n.Member(node.position, part.name)))
                for part in kind.fields
            ]
            marks = [builder.input(part, self.reference(part, scope).type) for part in fields]
            return f"({', '.join(marks)})"
        if kind.category in ("BOOLEAN", "RECORD", "TABLE", "CURSOR"):
            raise CompileError(token.position, 457, "expressions have to be of SQL types")
        return builder.input(node, kind)

    # --- which names are variables ---

    def _variable(self, sql: n.Sql, index: int, names: SqlNames, scope: Scope) -> tuple[n.Ref, int, t.Type] | None:
        """The variable (field, element, package function) that begins at a token: node, index after it, type."""
        token = sql.tokens[index]
        entity = scope.lookup(token.text)
        if token.text in names.aliases or (entity is None and not self._is_package_call(sql, index)):
            return None
        if isinstance(entity, OverloadsEntity) and not self._names_a_parameter(sql, index, scope):
            return None
        if not isinstance(entity, VariableEntity | LabelEntity | OverloadsEntity | None):
            return None
        dotted = index + 1 < len(sql.tokens) and sql.tokens[index + 1].is_op(".")
        wins = names.candidates[index] or dotted
        if entity is not None and not wins and self.runner.is_column(names.tables, token.text):
            return None
        node, end = self._parse_reference(sql, index, entity)
        if entity is None and not self._is_closed(node, names, scope):
            return None
        return node, end, self.reference(node, scope).type

    def _is_package_call(self, sql: n.Sql, index: int) -> bool:
        """``package.name`` of a package that is visible; calls of it are evaluated before the statement."""
        following = sql.tokens[index + 1 : index + 4]
        if len(following) < 2 or not following[0].is_op(".") or following[1].kind != "word":
            return False
        if following[1].text in ("NEXTVAL", "CURRVAL"):
            return False
        member, name = following[1].text, sql.tokens[index]
        if self.home is not None and self.home_scope is not None and name.text == self.home[1]:
            return isinstance(self.home_scope.names.get(member), VariableEntity)
        packages = self.packages(None, name.text)
        if any(member in {each.name for each in package.subprograms} | set(package.constants) for package in packages):
            return True
        return not packages and isinstance(
            self.stored_member(None, name.text, member, n.Node(name.position)), VariableEntity
        )

    def _names_a_parameter(self, sql: n.Sql, index: int, scope: Scope) -> bool:
        """``subprogram.variable`` inside of that subprogram."""
        following = sql.tokens[index + 1 : index + 3]
        inside = scope.within(sql.tokens[index].text)
        if inside is None or len(following) < 2 or not following[0].is_op("."):
            return False
        return isinstance(inside.names.get(following[1].text), VariableEntity)

    def _own_function(self, sql: n.Sql, index: int, names: SqlNames, scope: Scope) -> str | None:
        """The full name of a public function of the unit itself, by which SQL can call it.

        Raises:
            CompileError: PLS-00231, it is no public one.
        """
        token = sql.tokens[index]
        entity = scope.lookup(token.text)
        called = index + 1 < len(sql.tokens) and sql.tokens[index + 1].is_op("(")
        if not isinstance(entity, OverloadsEntity) or token.text in names.aliases:
            return None
        if not called and self.runner.is_column(names.tables, token.text):
            return None
        if self.home is None or not self.exported.intersection(entity.candidates):
            raise CompileError(token.position, 231, f"function '{token.text}' may not be used in SQL")
        path = self.home if self.home[1] == token.text else (*self.home, token.text)
        return ".".join(f'"{part}"' for part in path)

    def _parse_reference(self, sql: n.Sql, index: int, entity: object) -> tuple[n.Ref, int]:
        token = sql.tokens[index]
        if isinstance(entity, VariableEntity) and entity.type.name not in ("RECORD", "TABLE", "ANY"):
            return n.Ref(token.position, token.text), index + 1
        end = sql.tokens[-1]
        closing = Token("eof", "end-of-file", end.position, end.end, end.end)
        parser = StatementParser(sql.source, (*sql.tokens, closing), index)
        return parser.reference(), parser.index

    def _is_closed(self, node: n.Ref, names: SqlNames, scope: Scope) -> bool:
        """Whether a call's arguments use no column, so that it can be evaluated before the statement."""
        return all(
            inner.name not in names.aliases
            and not (not inner.steps and self.runner.is_column(names.tables, inner.name))
            for argument in _argument_values(node)
            for inner in _references(argument)
        )

    # --- INTO and the engine's check ---

    def _returning(self, into: n.Into, verb: str, builder: _Builder, scope: Scope) -> None:
        kinds = [self.assignable(target, scope) for target in into.targets]
        if verb == "SELECT":
            return
        marks = []
        for kind in kinds:
            name = builder.bind_name()
            builder.outputs.append((name, (kind.element or t.ANY) if into.bulk else kind))
            marks.append(f":{name}")
        builder.append(f" into {', '.join(marks)}")

    def assignable(self, target: n.Assignable, scope: Scope) -> t.Type:
        """Analyse something that gets a value.

        Raises:
            CompileError: PLS-00363 for constants, loop variables and calls.
        """
        if not isinstance(target, n.Ref):
            return self.expression(target, scope)
        found = self.reference(target, scope)
        if not found.is_target:
            text = f"expression '{target.text}' cannot be used as an assignment target"
            raise CompileError(target.position, 363, text)
        return found.type

    def _check(self, sql: n.Sql, text: str, builder: _Builder) -> tuple[Column, ...] | None:
        try:
            return self.runner.session.parse(text)
        except OracleError as error:
            if error.code not in _COMPILE_CODES or (error.code == _INCONSISTENT_TYPES and builder.inputs):
                return None
            position = _place(sql, error.position, builder.origins)
            fault = f"PL/SQL: ORA-{error.code:05d}: {error.message}"
            raise CompileError(position, None, fault) from error


def _place(sql: n.Sql, offset: int | None, origins: Sequence[tuple[int, int]]) -> Position:
    """The place in the block of an offset in the statement's text."""
    if offset is None:
        return sql.position
    start, source = max((pair for pair in origins if pair[0] <= offset), default=origins[0])
    token = next((each for each in sql.tokens if each.start == source), sql.tokens[0])
    return Position(
        token.position.line, token.position.column + max(0, offset - start) * (offset - start < token.end - token.start)
    )


def _argument_values(node: n.Ref) -> Iterator[n.Expression]:
    for step in node.steps:
        if isinstance(step, n.Arguments):
            for argument in step.items:
                yield argument.value


def _references(node: n.Expression) -> Iterator[n.Ref]:
    """Every reference inside an expression."""
    if isinstance(node, n.Ref):
        yield node
        for value in _argument_values(node):
            yield from _references(value)
        return
    for value in vars(node).values():
        for part in value if isinstance(value, tuple) else (value,):
            if isinstance(part, n.Node):
                yield from _references(part)  # type: ignore[arg-type]
