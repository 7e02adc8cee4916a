"""Types and declarations."""

from oracleapi_sandbox.oracle.plsql import nodes as n
from oracleapi_sandbox.oracle.plsql.errors import CompileError, Position, unsupported
from oracleapi_sandbox.oracle.plsql.parse_expressions import ExpressionParser

_LONG_NAMES = {
    ("DOUBLE", "PRECISION"): "BINARY_DOUBLE",
    ("LONG", "RAW"): "RAW",
    ("NATIONAL", "CHARACTER"): "VARCHAR2",
}


_HINTS = ("INLINE", "UDF", "RESTRICT_REFERENCES", "DEPRECATE", "COVERAGE")
"""Pragmas that tell the compiler something and change nothing that can be seen here. [D]"""


class DeclarationParser(ExpressionParser):
    """Parses what stands between DECLARE and BEGIN."""

    _autonomous: bool | None = None
    """Whether PRAGMA AUTONOMOUS_TRANSACTION was met; ``None`` where it may not stand."""

    def declarations(self) -> tuple[n.Declaration, ...]:
        found: list[n.Declaration] = []
        while not self.at_word("BEGIN", "END"):
            found.extend(self._declaration())
        return tuple(found)

    def subprogram_declarations(self) -> tuple[bool, tuple[n.Declaration, ...]]:
        """The declarations of a subprogram, and whether it is autonomous."""
        outer, self._autonomous = self._autonomous, False
        try:
            found = self.declarations()
            return bool(self._autonomous), found
        finally:
            self._autonomous = outer

    def _declaration(self) -> tuple[n.Declaration, ...]:
        if self.at_word("PRAGMA"):
            return self._pragma()
        if self.at_word("TYPE") and self.ahead().kind in ("word", "quoted"):
            return (self._type(),)
        if self.accept_word("SUBTYPE"):
            return (self._subtype(),)
        if self.at_word("CURSOR") and not self.ahead().is_op("%", ":="):
            return (self._cursor(),)
        if self.at_word("PROCEDURE", "FUNCTION"):
            return (self._subprogram(),)
        return (self._variable(),)

    def _pragma(self) -> tuple[n.Declaration, ...]:
        position = self.expect_word("PRAGMA").position
        name = self.identifier().text
        if name == "AUTONOMOUS_TRANSACTION":
            if self._autonomous is None:
                raise CompileError(position, 710, f"PRAGMA {name} cannot be specified here")
            self._autonomous = True
            self.expect_op(";")
            return ()
        if name in _HINTS:
            while not self.accept_op(";"):
                if self.advance().kind == "eof":
                    raise self.unexpected(";")
            return ()
        if name != "EXCEPTION_INIT":
            raise unsupported(position, f"PRAGMA {name}")
        self.expect_op("(")
        exception = self.identifier().text
        self.expect_op(",")
        negative = self.accept_op("-") is not None
        token = self.advance()
        if token.kind != "number" or not isinstance(token.number, int) or not (negative or token.number == 100):
            raise CompileError(token.position, 701, "illegal ORACLE error number in PRAGMA EXCEPTION_INIT")
        self.expect_op(")")
        self.expect_op(";")
        return (n.ExceptionInit(position, exception, 1403 if token.number == 100 else token.number),)

    def _variable(self) -> n.Declaration:
        name = self.identifier()
        if self.at_word("EXCEPTION") and self.ahead().is_op(";"):
            self.advance()
            self.expect_op(";")
            return n.ExceptionName(name.position, name.text)
        constant = self.accept_word("CONSTANT") is not None
        variable = self._typed(name.text, name.position, constant)
        self.expect_op(";")
        return variable

    def _typed(self, name: str, position: Position, constant: bool = False) -> n.Variable:
        """The part of a variable or a record's field after its name."""
        kind = self.type_name()
        not_null = self._not_null()
        default = self.expression() if self.accept_op(":=") or self.accept_word("DEFAULT") else None
        if constant and default is None:
            raise self.unexpected(":=", "default")
        if not_null and default is None:
            raise CompileError(position, 218, "a variable declared NOT NULL must have an initialization assignment")
        return n.Variable(position, name, kind, constant, not_null, default)

    def _not_null(self) -> bool:
        if not self.accept_word("NOT"):
            return False
        self.expect_word("NULL")
        return True

    # --- types ---

    def type_name(self) -> n.TypeName:
        first = self.identifier()
        if first.text == "REF" and first.kind == "word":
            raise unsupported(first.position, "REF to an object type")
        names = [self._joined(first.text) if first.kind == "word" else first.text]
        while self.accept_op("."):
            names.append(self.advance().text)
        if self.accept_op("%"):
            anchor = self.expect_word("TYPE", "ROWTYPE").text
            return n.TypeName(first.position, tuple(names), anchor)
        sizes, semantics = self._sizes()
        if names == ["TIMESTAMP"]:
            names = [self._timestamp()]
        elif names == ["INTERVAL"]:
            names = [self._interval_type()]
        return n.TypeName(first.position, tuple(names), None, sizes, semantics)

    def _joined(self, first: str) -> str:
        """Names of types that are two words."""
        joined = _LONG_NAMES.get((first, self.token.text)) if self.token.kind == "word" else None
        if joined is not None:
            self.advance()
            return joined
        if first in ("CHAR", "CHARACTER", "NCHAR") and self.accept_word("VARYING"):
            return "VARCHAR2"
        return first

    def _sizes(self) -> tuple[tuple[int, ...], str | None]:
        if not self.accept_op("("):
            return (), None
        sizes = [self._size()]
        semantics = self.accept_word("CHAR", "BYTE")
        while self.accept_op(","):
            sizes.append(self._size())
        self.expect_op(")")
        return tuple(sizes), semantics.text if semantics else None

    def _size(self) -> int:
        if self.accept_op("*"):
            return 38
        negative = self.accept_op("-") is not None
        token = self.advance()
        if token.kind != "number" or not isinstance(token.number, int):
            self.index -= 1
            raise self.unexpected("an integer")
        return -token.number if negative else token.number

    def _timestamp(self) -> str:
        if not self.accept_word("WITH"):
            return "TIMESTAMP"
        self.accept_word("LOCAL")
        self.expect_word("TIME")
        self.expect_word("ZONE")
        return "TIMESTAMP WITH TIME ZONE"

    def _interval_type(self) -> str:
        position = self.token.position
        if self.expect_word("DAY", "YEAR").text == "YEAR":
            raise unsupported(position, "INTERVAL YEAR TO MONTH")
        self._sizes()
        self.expect_word("TO")
        self.expect_word("SECOND")
        self._sizes()
        return "INTERVAL DAY TO SECOND"

    def _type(self) -> n.Declaration:
        position = self.expect_word("TYPE").position
        name = self.identifier().text
        self.expect_word("IS")
        definition = self.type_definition(name, position)
        self.expect_op(";")
        return definition

    def type_definition(self, name: str, position: Position) -> n.RecordType | n.TableType | n.RefCursorType:
        """What follows ``TYPE name IS``; supplied packages describe their types in the same words."""
        if self.accept_word("RECORD"):
            return n.RecordType(position, name, self._fields())
        if self.accept_word("TABLE"):
            self.expect_word("OF")
            element = self.type_name()
            self._not_null()
            key = None
            if self.accept_word("INDEX"):
                self.expect_word("BY")
                key = self.type_name()
            return n.TableType(position, name, element, key)
        if self.accept_word("VARRAY", "VARYING"):
            self.accept_word("ARRAY")
            sizes, _ = self._sizes()
            self.expect_word("OF")
            return n.TableType(position, name, self.type_name(), None, sizes[0] if sizes else None)
        if self.accept_word("REF"):
            self.expect_word("CURSOR")
            if self.accept_word("RETURN"):
                self.type_name()
            return n.RefCursorType(position, name)
        if self.at_word("OBJECT"):
            raise unsupported(self.token.position, "an object type")
        raise self.unexpected("record", "table", "varray", "ref")

    def _fields(self) -> tuple[n.Variable, ...]:
        self.expect_op("(")
        fields: list[n.Variable] = []
        while not fields or self.accept_op(","):
            name = self.identifier()
            fields.append(self._typed(name.text, name.position))
        self.expect_op(")")
        return tuple(fields)

    def _subtype(self) -> n.Declaration:
        name = self.identifier()
        self.expect_word("IS")
        base = self.type_name()
        if self.at_word("RANGE"):
            raise unsupported(self.token.position, "a RANGE constraint")
        not_null = self._not_null()
        self.expect_op(";")
        return n.Subtype(name.position, name.text, base, not_null)

    # --- cursors and subprograms ---

    def _cursor(self) -> n.Declaration:
        self.expect_word("CURSOR")
        name = self.identifier()
        parameters = self.parameters() if self.at_op("(") else ()
        if self.accept_word("RETURN"):
            self.type_name()
        self.expect_word("IS")
        if not self.at_word("SELECT", "WITH"):
            raise self.unexpected("select", "with")
        query = self.sql()
        self.expect_op(";")
        return n.Cursor(name.position, name.text, parameters, query)

    def parameters(self) -> tuple[n.Parameter, ...]:
        self.expect_op("(")
        found: list[n.Parameter] = []
        while not found or self.accept_op(","):
            name = self.identifier()
            mode = "IN" if self.accept_word("IN") else ""
            if self.accept_word("OUT"):
                mode = f"{mode} OUT".strip()
            self.accept_word("NOCOPY")
            kind = self.type_name()
            default = self.expression() if self.accept_op(":=") or self.accept_word("DEFAULT") else None
            found.append(n.Parameter(name.position, name.text, kind, mode or "IN", default))
        self.expect_op(")")
        return tuple(found)

    def _subprogram(self) -> n.Declaration:
        is_function = self.advance().text == "FUNCTION"
        name = self.identifier()
        parameters = self.parameters() if self.at_op("(") else ()
        returns = None
        if is_function:
            self.expect_word("RETURN")
            returns = self.type_name()
        accessible = self.properties()[1]
        if self.accept_op(";"):
            return n.Subprogram(name.position, name.text, parameters, returns, None, accessible=accessible)
        self.expect_word("IS", "AS")
        with self.nested(name.position):
            autonomous, declarations = self.subprogram_declarations()
            body = self.block_after(declarations, name.position, name=name.text)
        self.expect_op(";")
        return n.Subprogram(name.position, name.text, parameters, returns, body, autonomous, accessible)

    def properties(self, *, of_unit: bool = False) -> tuple[str, tuple[str, ...]]:
        """What stands behind a heading: AUTHID (only *of_unit*) and the units of ACCESSIBLE BY.

        Hints about results and about parallel runs are accepted: they change nothing that can be seen here. [D]
        """
        rights: str = "DEFINER"
        accessible: tuple[str, ...] = ()
        while not self.at_word("IS", "AS") and not self.at_op(";"):
            if of_unit and self.accept_word("AUTHID"):
                rights = self.expect_word("DEFINER", "CURRENT_USER").text
            elif self.accept_word("ACCESSIBLE"):
                self.expect_word("BY")
                accessible = self._accessors()
            elif self.accept_word("RESULT_CACHE"):
                if self.accept_word("RELIES_ON"):
                    self._accessors()
            elif not self.accept_word("DETERMINISTIC", "PARALLEL_ENABLE"):
                if self.at_word("PIPELINED", "AGGREGATE", "SHARING", "DEFAULT"):
                    raise unsupported(self.token.position, self.token.text)
                raise self.unexpected(";", "is", "as", "deterministic", "result_cache", "accessible")
        return rights, accessible

    def _accessors(self) -> tuple[str, ...]:
        """``(PACKAGE a, b.c, …)``"""
        self.expect_op("(")
        found: list[str] = []
        while not found or self.accept_op(","):
            self.accept_word("PACKAGE", "PROCEDURE", "FUNCTION", "TRIGGER", "TYPE")
            name = self.identifier().text
            found.append(f"{name}.{self.identifier().text}" if self.accept_op(".") else name)
        self.expect_op(")")
        return tuple(found)

    # --- what the statements' parser adds ---

    def sql(self) -> n.Sql:
        raise NotImplementedError

    def block_after(
        self,
        declarations: tuple[n.Declaration, ...],
        position: Position,
        label: str | None = None,
        name: str | None = None,
    ) -> n.Block:
        raise NotImplementedError
