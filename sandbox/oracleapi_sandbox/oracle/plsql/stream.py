"""A cursor over tokens: looking ahead, accepting, and refusing in Oracle's words (PLS-00103)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from oracleapi_sandbox.oracle.plsql.errors import CompileError, Position, too_large
from oracleapi_sandbox.oracle.plsql.lexer import Token

_RESERVED = """
ALL ALTER AND ANY AS ASC BEGIN BETWEEN BY CASE CHECK CLUSTER COMPRESS CONNECT CREATE DECLARE DEFAULT DESC DISTINCT
DROP ELSE ELSIF END EXCEPTION EXCLUSIVE FETCH FOR FROM FUNCTION GOTO GRANT GROUP HAVING IDENTIFIED IF IN INDEX INSERT
INTERSECT INTO IS LIKE LOCK LOOP MINUS MODE NOCOMPRESS NOT NOWAIT NULL OF ON OPTION OR ORDER OVERLAPS PRIOR PROCEDURE
PUBLIC RESOURCE REVOKE SELECT SHARE SIZE SQL START SUBTYPE TABLE THEN TO TYPE UNION UNIQUE UPDATE VALUES VIEW WHEN
WHERE WITH
"""
RESERVED = frozenset(_RESERVED.split())
"""Words that name nothing in PL/SQL without quotes. Source: PL/SQL Language Reference, appendix D [D]."""

MAX_DEPTH = 120
"""Nesting of statements and parentheses together; Oracle refuses such programs as too large (PLS-00123) [D]."""


class TokenStream:
    """The parser's place in the tokens."""

    def __init__(self, source: str, tokens: Sequence[Token], index: int = 0) -> None:
        self.source = source
        self.tokens = tokens
        self.index = index
        self._depth = 0

    @property
    def token(self) -> Token:
        return self.tokens[self.index]

    def ahead(self, count: int = 1) -> Token:
        return self.tokens[min(self.index + count, len(self.tokens) - 1)]

    def advance(self) -> Token:
        token = self.token
        if token.kind != "eof":
            self.index += 1
        return token

    def at_word(self, *words: str) -> bool:
        return self.token.is_word(*words)

    def at_op(self, *ops: str) -> bool:
        return self.token.is_op(*ops)

    def accept_word(self, *words: str) -> Token | None:
        return self.advance() if self.at_word(*words) else None

    def accept_op(self, *ops: str) -> Token | None:
        return self.advance() if self.at_op(*ops) else None

    def expect_word(self, *words: str) -> Token:
        if not self.at_word(*words):
            raise self.unexpected(*words)
        return self.advance()

    def expect_op(self, *ops: str) -> Token:
        if not self.at_op(*ops):
            raise self.unexpected(*ops)
        return self.advance()

    def at_identifier(self) -> bool:
        return self.token.kind == "quoted" or (self.token.kind == "word" and self.token.text not in RESERVED)

    def identifier(self) -> Token:
        if not self.at_identifier():
            raise self.unexpected("an identifier")
        return self.advance()

    def unexpected(self, *expected: str) -> CompileError:
        """PLS-00103 at the current token."""
        token, wanted = self.token, " ".join(word.lower() if word.isalpha() else word for word in expected)
        symbol = token.text if token.kind != "string" else f"'{token.text}'"
        text = f'Encountered the symbol "{symbol}" when expecting one of the following:\n\n   {wanted}'
        return CompileError(token.position, 103, text)

    @contextmanager
    def nested(self, position: Position) -> Iterator[None]:
        """Count one level of nesting for the enclosed parsing."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise too_large(position)
        try:
            yield
        finally:
            self._depth -= 1
