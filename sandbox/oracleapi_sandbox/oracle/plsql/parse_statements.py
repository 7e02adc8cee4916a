"""Statements and blocks, and the way in: :func:`parse_block`."""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

from oracleapi_sandbox.oracle.plsql import nodes as n
from oracleapi_sandbox.oracle.plsql.errors import CompileError, Position, too_large, unsupported
from oracleapi_sandbox.oracle.plsql.lexer import tokenize
from oracleapi_sandbox.oracle.plsql.parse_sql import SQL_VERBS, SqlParser

Body = tuple[n.Statement, ...]


class StatementParser(SqlParser):
    """Parses the executable part of a block."""

    def program(self) -> n.Block:
        """The whole source: an anonymous block or CALL."""
        block = self._call_statement() if self.at_word("CALL") else self._anonymous()
        if self.token.kind != "eof":
            raise self.unexpected("end-of-file")
        return block

    def _anonymous(self) -> n.Block:
        label = self._label()
        if not self.at_word("DECLARE", "BEGIN"):
            raise self.unexpected("declare", "begin")
        self._autonomous = False
        block = self.block(label, outermost=True)
        return replace(block, autonomous=self._autonomous)

    def _call_statement(self) -> n.Block:
        position = self.expect_word("CALL").position
        target = self.reference()
        into = None
        if self.accept_word("INTO"):
            bind = self.bind()
            if not isinstance(bind, n.BindRef):
                raise self.unexpected("a bind variable")
            into = bind
        self.accept_op(";")
        return n.Block(position, (), (n.Call(position, target, into),), call=True)

    # --- blocks ---

    def block(self, label: str | None, *, outermost: bool = False) -> n.Block:
        """``[DECLARE …] BEGIN … END;``; only the outermost one may be an autonomous transaction."""
        position = self.token.position
        with self.nested(position):
            outer = self._autonomous
            self._autonomous = outer if outermost else None
            declarations = self.declarations() if self.accept_word("DECLARE") else ()
            self._autonomous = self._autonomous if outermost else outer
            block = self.block_after(declarations, position, label)
        self.expect_op(";")
        return block

    def block_after(
        self,
        declarations: tuple[n.Declaration, ...],
        position: Position,
        label: str | None = None,
        name: str | None = None,
    ) -> n.Block:
        """BEGIN … END [name], without the semicolon for blocks; a subprogram takes its own."""
        self.expect_word("BEGIN")
        body = self.body("END", "EXCEPTION")
        handlers = self._handlers() if self.accept_word("EXCEPTION") else ()
        self.end_of(name or label, position)
        return n.Block(position, declarations, body, handlers, label)

    def end_of(self, name: str | None, position: Position) -> None:
        """``END [name]`` of what began at *position*."""
        self.expect_word("END")
        if not self.at_identifier():
            return
        token = self.advance()
        if name is not None and token.text != name:
            place = f"line {position.line}, column {position.column}"
            raise CompileError(token.position, 113, f"END identifier '{token.text}' must match '{name}' at {place}")

    def body(self, *ends: str) -> Body:
        found = [self.statement()]
        while not self.at_word(*ends):
            found.append(self.statement())
        return tuple(found)

    def _handlers(self) -> tuple[n.Handler, ...]:
        found: list[n.Handler] = []
        while not found or self.at_word("WHEN"):
            position = self.expect_word("WHEN").position
            names: list[str] = []
            if not self.accept_word("OTHERS"):
                names.append(self._exception_name())
                while self.accept_word("OR"):
                    names.append(self._exception_name())
            self.expect_word("THEN")
            found.append(n.Handler(position, tuple(names), self.body("WHEN", "END")))
        return tuple(found)

    def _exception_name(self) -> str:
        name = self.identifier().text
        while self.accept_op("."):
            name = f"{name}.{self.identifier().text}"
        return name

    def _label(self) -> str | None:
        label = None
        while self.accept_op("<<"):
            label = self.identifier().text
            self.expect_op(">>")
        return label

    # --- statements ---

    def statement(self) -> n.Statement:
        with self.nested(self.token.position):
            label = self._label()
            token = self.token
            if token.kind == "word" and not self.ahead().is_op(":=", ".", "("):
                parse = _STATEMENTS.get(token.text)
                if parse is not None:
                    return parse(self, label)
            if token.is_word(*_BEFORE_PARENTHESIS) or (token.is_word("SELECT", "WITH") and self.ahead().is_op("(")):
                return _STATEMENTS[token.text](self, label)
            return self._assignment_or_call()

    def _assignment_or_call(self) -> n.Statement:
        position = self.token.position
        if self.token.kind != "bind" and not self.at_identifier():
            raise self.unexpected(
                "(", "begin", "case", "declare", "end", "exception", "exit", "for", "if", "loop", "null"
            )
        target = self.assignable()
        if self.accept_op(":="):
            value = self.expression()
            self.expect_op(";")
            return n.Assign(position, target, value)
        if not isinstance(target, n.Ref):
            raise self.unexpected(":=")
        if not self.at_op(";"):
            raise self.unexpected(":=", ".", "(", "%", ";")
        self.advance()
        return n.Call(position, target)

    def _block(self, label: str | None) -> n.Statement:
        return self.block(label)

    def _if(self, _: str | None) -> n.Statement:
        position = self.token.position
        branches: list[tuple[n.Expression, Body]] = []
        while self.accept_word("IF" if not branches else "ELSIF"):
            condition = self.expression()
            self.expect_word("THEN")
            branches.append((condition, self.body("ELSIF", "ELSE", "END")))
        otherwise = self.body("END") if self.accept_word("ELSE") else ()
        self._end("IF")
        return n.If(position, tuple(branches), otherwise)

    def _case(self, _: str | None) -> n.Statement:
        position = self.expect_word("CASE").position
        selector = None if self.at_word("WHEN") else self.expression()
        branches: list[tuple[n.Expression, Body]] = []
        while self.accept_word("WHEN"):
            condition = self.expression()
            self.expect_word("THEN")
            branches.append((condition, self.body("WHEN", "ELSE", "END")))
        if not branches:
            raise self.unexpected("when")
        otherwise = self.body("END") if self.accept_word("ELSE") else None
        self._end("CASE")
        return n.CaseStatement(position, selector, tuple(branches), otherwise)

    def _end(self, keyword: str) -> None:
        self.expect_word("END")
        self.expect_word(keyword)
        if keyword == "LOOP" and self.at_identifier():
            self.advance()
        self.expect_op(";")

    def _loop_body(self) -> Body:
        self.expect_word("LOOP")
        body = self.body("END")
        self._end("LOOP")
        return body

    def _loop(self, label: str | None) -> n.Statement:
        position = self.token.position
        condition = self.expression() if self.accept_word("WHILE") else None
        return n.Loop(position, label, condition, self._loop_body())

    def _for(self, label: str | None) -> n.Statement:
        position = self.expect_word("FOR").position
        name = self.identifier().text
        self.expect_word("IN")
        if self.at_op("(") and self.ahead().is_word("SELECT", "WITH"):
            self.advance()
            query = self.sql()
            self.expect_op(")")
            return n.ForCursor(position, label, name, query, self._loop_body())
        reverse = self.accept_word("REVERSE") is not None
        low = self.expression()
        if self.at_word("LOOP") and isinstance(low, n.Ref):
            return n.ForCursor(position, label, name, low, self._loop_body())
        self.expect_op("..")
        high = self.expression()
        return n.ForRange(position, label, name, low, high, reverse, self._loop_body())

    def _forall(self, _: str | None) -> n.Statement:
        position = self.expect_word("FORALL").position
        index = self.identifier().text
        self.expect_word("IN")
        if self.at_word("INDICES", "VALUES"):
            raise unsupported(self.token.position, f"FORALL … {self.token.text} OF")
        low = self.expression()
        self.expect_op("..")
        high = self.expression()
        if self.at_word("SAVE"):
            raise unsupported(self.token.position, "SAVE EXCEPTIONS")
        if not self.at_word("INSERT", "UPDATE", "DELETE", "MERGE"):
            raise self.unexpected("insert", "update", "delete", "merge")
        return n.ForAll(position, index, low, high, self.sql_statement())

    def _leave(self, _: str | None) -> n.Statement:
        keyword = self.advance()
        label = self.identifier().text if self.at_identifier() else None
        condition = self.expression() if self.accept_word("WHEN") else None
        self.expect_op(";")
        return n.Leave(keyword.position, keyword.text, label, condition)

    def _null(self, _: str | None) -> n.Statement:
        position = self.advance().position
        self.expect_op(";")
        return n.Null(position)

    def _return(self, _: str | None) -> n.Statement:
        position = self.advance().position
        value = None if self.at_op(";") else self.expression()
        self.expect_op(";")
        return n.Return(position, value)

    def _raise(self, _: str | None) -> n.Statement:
        position = self.advance().position
        name = None if self.at_op(";") else self._exception_name()
        self.expect_op(";")
        return n.Raise(position, name)

    def _sql_statement(self, _: str | None) -> n.Statement:
        return self.sql_statement()

    def _transaction(self, _: str | None) -> n.Statement:
        first = self.token
        if first.is_word("SET") and not self.ahead().is_word("TRANSACTION"):
            raise self.unexpected("transaction")
        last = self.advance()
        while not self.at_op(";"):
            if self.token.kind in ("eof", "op"):
                raise self.unexpected(";")
            last = self.advance()
        self.advance()
        return n.Transaction(first.position, self.source[first.start : last.end])

    # --- cursors and dynamic SQL ---

    def _open(self, _: str | None) -> n.Statement:
        position = self.advance().position
        target = self.assignable()
        if not self.accept_word("FOR"):
            if not isinstance(target, n.Ref):
                raise self.unexpected("for")
            self.expect_op(";")
            return n.OpenCursor(position, target)
        query = self.sql() if self.at_word("SELECT", "WITH") else self.expression()
        using = self._using() if self.at_word("USING") else ()
        self.expect_op(";")
        return n.OpenFor(position, target, query, using)

    def _fetch(self, _: str | None) -> n.Statement:
        position = self.advance().position
        cursor = self.assignable()
        into = self.into()
        if self.accept_word("LIMIT"):
            into = n.Into(into.position, into.targets, into.bulk, self.expression())
        self.expect_op(";")
        return n.Fetch(position, cursor, into)

    def _close(self, _: str | None) -> n.Statement:
        position = self.advance().position
        cursor = self.assignable()
        self.expect_op(";")
        return n.Close(position, cursor)

    def _execute(self, _: str | None) -> n.Statement:
        position = self.advance().position
        self.expect_word("IMMEDIATE")
        text = self.expression()
        into = self.into() if self.at_word("INTO", "BULK") else None
        using = self._using() if self.at_word("USING") else ()
        returning = None
        if self.accept_word("RETURNING", "RETURN"):
            returning = self.into()
        self.expect_op(";")
        return n.ExecuteImmediate(position, text, into, using, returning)

    def _using(self) -> tuple[n.Using, ...]:
        self.expect_word("USING")
        found: list[n.Using] = []
        while not found or self.accept_op(","):
            position = self.token.position
            mode = "IN" if self.accept_word("IN") else ""
            if self.accept_word("OUT"):
                mode = f"{mode} OUT".strip()
            found.append(n.Using(position, mode or "IN", self.expression()))
        return tuple(found)

    def _pragma_statement(self, _: str | None) -> n.Statement:
        """PRAGMA INLINE, the one that may stand among statements."""
        position = self.token.position
        if not self.ahead().is_word("INLINE"):
            raise unsupported(position, f"PRAGMA {self.ahead().text}")
        self._pragma()
        return n.Null(position)

    def _refused(self, _: str | None) -> n.Statement:
        word = self.token.text
        construct = {"PIPE": "PIPE ROW", "LOCK": "LOCK TABLE"}.get(word, word)
        raise unsupported(self.token.position, construct)


_STATEMENTS: dict[str, Callable[[StatementParser, str | None], n.Statement]] = {
    "BEGIN": StatementParser._block,
    "DECLARE": StatementParser._block,
    "IF": StatementParser._if,
    "CASE": StatementParser._case,
    "LOOP": StatementParser._loop,
    "WHILE": StatementParser._loop,
    "FOR": StatementParser._for,
    "FORALL": StatementParser._forall,
    "EXIT": StatementParser._leave,
    "CONTINUE": StatementParser._leave,
    "NULL": StatementParser._null,
    "RETURN": StatementParser._return,
    "RAISE": StatementParser._raise,
    **dict.fromkeys(SQL_VERBS, StatementParser._sql_statement),
    **dict.fromkeys(("COMMIT", "ROLLBACK", "SAVEPOINT", "SET"), StatementParser._transaction),
    "OPEN": StatementParser._open,
    "FETCH": StatementParser._fetch,
    "CLOSE": StatementParser._close,
    "EXECUTE": StatementParser._execute,
    "GOTO": StatementParser._refused,
    "PIPE": StatementParser._refused,
    "LOCK": StatementParser._refused,
    "PRAGMA": StatementParser._pragma_statement,
}
_BEFORE_PARENTHESIS = ("IF", "CASE", "WHILE", "RETURN")
"""Keywords that an opening parenthesis may follow, although a call would look the same."""


@lru_cache(maxsize=512)
def parse_block(source: str) -> n.Block:
    """Parse an anonymous block or a CALL statement; parsed texts are kept.

    Raises:
        OracleError: 6550 with a PLS- line for what is no PL/SQL or is not supported, 1756 for an unclosed string.
    """
    try:
        return StatementParser(source, tokenize(source)).program()
    except RecursionError as error:
        raise too_large(Position(1, 1)) from error


@lru_cache(maxsize=256)
def parse_type(source: str, name: str) -> n.RecordType | n.TableType | n.RefCursorType:
    """Parse what follows ``TYPE name IS``, as supplied packages describe their types."""
    parser = StatementParser(source, tokenize(source))
    return parser.type_definition(name, parser.token.position)
