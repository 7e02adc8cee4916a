"""SQL inside PL/SQL: find where a statement ends, and take its INTO targets out."""

from oracleapi_sandbox.oracle.plsql import nodes as n
from oracleapi_sandbox.oracle.plsql.errors import CompileError, unsupported
from oracleapi_sandbox.oracle.plsql.lexer import Token
from oracleapi_sandbox.oracle.plsql.parse_declarations import DeclarationParser

SQL_VERBS = ("SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "MERGE")


class SqlParser(DeclarationParser):
    """Parses SQL statements as far as PL/SQL has to understand them."""

    def sql(self) -> n.Sql:
        """Collect a statement up to its ``;`` or to the parenthesis that closes around it."""
        first = self.token
        verb = "SELECT" if first.text == "WITH" else first.text
        tokens: list[Token] = []
        into: n.Into | None = None
        cut = (-1, -1)
        depth, returning = 0, False
        while not (depth == 0 and self.at_op(";", ")")):
            token = self.token
            if token.kind == "eof":
                raise self.unexpected(";")
            depth += {"(": 1, ")": -1}.get(token.text, 0) if token.kind == "op" else 0
            if depth == 0 and into is None and self._at_into(verb, returning):
                start = token.start
                into = self.into()
                cut = (start, self.token.start)
                continue
            returning = returning or (depth == 0 and verb != "SELECT" and token.is_word("RETURNING", "RETURN"))
            self._refuse_clause(token)
            tokens.append(self.advance())
        if len(tokens) < 2:
            raise self.unexpected("an identifier")
        return n.Sql(first.position, verb, tuple(tokens), self.source, into, cut)

    def _at_into(self, verb: str, returning: bool) -> bool:
        if not (verb == "SELECT" or returning):
            return False
        return self.at_word("INTO") or (self.at_word("BULK") and self.ahead().is_word("COLLECT"))

    def _refuse_clause(self, token: Token) -> None:
        if token.is_word("CURRENT") and self.ahead().is_word("OF"):
            raise unsupported(token.position, "WHERE CURRENT OF")
        if token.is_op("@"):
            raise unsupported(token.position, "a database link")

    def into(self) -> n.Into:
        """``[BULK COLLECT] INTO a, b, …``"""
        position = self.token.position
        bulk = self.accept_word("BULK") is not None
        if bulk:
            self.expect_word("COLLECT")
        self.expect_word("INTO")
        targets = [self.assignable()]
        while self.accept_op(","):
            targets.append(self.assignable())
        return n.Into(position, tuple(targets), bulk)

    def assignable(self) -> n.Assignable:
        """A variable, a field, an element or a bind."""
        if self.token.kind == "bind":
            return self.bind()
        return self.reference()

    def sql_statement(self) -> n.SqlStatement:
        statement = self.sql()
        if statement.verb == "SELECT" and statement.into is None:
            text = "an INTO clause is expected in this SELECT statement"
            raise CompileError(statement.position, 428, text)
        self.expect_op(";")
        return n.SqlStatement(statement.position, statement)
