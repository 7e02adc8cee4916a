"""Statement texts: tokens, what kind of statement it is, the text that may be written to a journal, a token reader."""

from collections.abc import Iterable
from functools import lru_cache

from oracleapi_sandbox.oracle.plsql.lexer import Token, tokenize
from oracleapi_sandbox.oracle.ports import OracleError

QUERY, DML, BLOCK, CONTROL, DDL = "QUERY", "DML", "PLSQL", "CONTROL", "DDL"
_KINDS = {
    **dict.fromkeys(("SELECT", "WITH"), QUERY),
    **dict.fromkeys(("INSERT", "UPDATE", "DELETE", "MERGE"), DML),
    **dict.fromkeys(("BEGIN", "DECLARE", "CALL"), BLOCK),
    **dict.fromkeys(("COMMIT", "ROLLBACK", "SAVEPOINT", "SET"), CONTROL),
    **dict.fromkeys(
        ("CREATE", "ALTER", "DROP", "GRANT", "REVOKE", "TRUNCATE", "COMMENT", "RENAME", "AUDIT", "NOAUDIT"), DDL
    ),
}
_NAME_LIMIT = 63
"""Oracle 12.2 and later allow 128 bytes; PostgreSQL's names end at 63."""


@lru_cache(maxsize=512)
def tokens_of(sql: str) -> tuple[Token, ...]:
    """Return the tokens of *sql*; a character that begins no token is ORA-00911."""
    try:
        return tokenize(sql)
    except OracleError as error:
        if error.code == 6550:
            raise OracleError(911, "invalid character") from error
        raise


def kind_of(tokens: tuple[Token, ...]) -> str:
    """Say what kind of statement this is.

    Raises:
        OracleError: 900, no statement begins like that (EXPLAIN PLAN and LOCK TABLE are named); 911, a closing ``;``.
    """
    first = tokens[0]
    if first.is_op("<<"):
        return BLOCK
    if first.is_op("("):
        kind = QUERY
    elif first.is_word("EXPLAIN", "LOCK", "ANALYZE", "PURGE", "FLASHBACK"):
        raise not_supported(f"statement {first.text}", first)
    else:
        kind = _KINDS.get(first.text, "") if first.kind == "word" else ""
    if first.is_word("ALTER") and tokens[1].is_word("SESSION"):
        kind = CONTROL
    if not kind:
        raise OracleError(900, "invalid SQL statement", 0)
    if kind != BLOCK and tokens[-2].is_op(";") and not _creates_unit(tokens):
        raise OracleError(911, "invalid character", tokens[-2].start)
    return kind


def _creates_unit(tokens: tuple[Token, ...]) -> bool:
    """Say whether a statement creates a stored unit, whose text ends with a semicolon."""
    kinds = ("PACKAGE", "PROCEDURE", "FUNCTION", "TRIGGER", "TYPE", "LIBRARY")
    return tokens[0].is_word("CREATE") and any(token.is_word(*kinds) for token in tokens[1:5])


class UnknownNameError(OracleError):
    """An error about the identifier *name*, whose place in the statement is still to be found."""

    def __init__(self, code: int, message: str, name: str) -> None:
        super().__init__(code, message)
        self.name = name


def not_supported(what: str, token: Token | None = None) -> OracleError:
    """The refusal of a construct that Oracle knows and the double does not: ORA-03001, with its name and line."""
    where = f" (line {token.position.line})" if token is not None else ""
    return OracleError(3001, f"unimplemented feature: {what}{where}", token.start if token is not None else None)


def masked(sql: str, tokens: Iterable[Token], *, literals: bool = True, mark: str = "?") -> str:
    """Return *sql* with passwords after IDENTIFIED BY or REPLACE, and with *literals* these too, as *mark*.

    A password that was not written as one is hidden too: in single quotes, without BY, twice, or
    with characters that a name does not have.
    """
    out, at, last, hidden = list[str](), 0, 0, False
    before = previous = ""
    for token in tokens:
        glued = hidden and token.start == last and token.kind != "eof" and not token.is_op(*_SEPARATORS)
        again = hidden and token.kind in ("quoted", "string")
        hidden = glued or again or token.kind in _secrets_after(before, previous)
        if hidden or (literals and token.kind in ("string", "number")):
            out += [sql[at : token.start], "" if glued else mark]
            at = token.end
        before, previous, last = previous, token.text if token.kind == "word" else "", token.end
    return "".join([*out, sql[at:]])


_SEPARATORS = (",", ";", "(", ")")


def _secrets_after(before: str, word: str) -> tuple[str, ...]:
    """The kinds of tokens that hold a password after these two words."""
    if (before, word) == ("IDENTIFIED", "BY") or (word == "REPLACE" and before != "OR"):
        return ("word", "quoted", "string", "number")
    if word == "VALUES":
        return ("word", "quoted", "string")
    return ("quoted", "string") if word == "IDENTIFIED" else ()


class Reader:
    """Reads the tokens of a DDL or control statement from left to right."""

    def __init__(self, sql: str, tokens: tuple[Token, ...], at: int = 0) -> None:
        self.sql, self.tokens, self.at = sql, tokens, at

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def peek(self, distance: int = 1) -> Token:
        return self.tokens[min(self.at + distance, len(self.tokens) - 1)]

    def accept(self, *words: str) -> bool:
        """Read the words, if exactly they come next."""
        for distance, word in enumerate(words):
            token = self.peek(distance)
            if not (token.is_word(word) or token.is_op(word)):
                return False
        self.at += len(words)
        return True

    def expect(self, *words: str, code: int = 922, message: str = "missing or invalid option") -> None:
        if not self.accept(*words):
            raise OracleError(code, message, self.token.start)

    def end(self, code: int = 922, message: str = "missing or invalid option") -> None:
        """Require that nothing follows."""
        if self.token.kind != "eof":
            raise OracleError(code, message, self.token.start)

    def name(self, code: int = 903, message: str = "invalid table name") -> str:
        """Read an identifier: upper-case, or as quoted."""
        token = self.token
        if token.kind not in ("word", "quoted"):
            raise OracleError(code, message, token.start)
        if len(token.text.encode()) > _NAME_LIMIT:
            raise OracleError(972, f"identifier is too long: the sandbox's limit is {_NAME_LIMIT} bytes", token.start)
        self.at += 1
        return token.text

    def qualified(self, schema: str, code: int = 903, message: str = "invalid table name") -> tuple[str, str]:
        """Read ``[owner.]name``."""
        first = self.name(code, message)
        if self.accept("."):
            return first, self.name(code, message)
        return schema, first

    def names(self) -> tuple[str, ...]:
        """Read ``( name [, name]… )``."""
        self.expect("(", code=906, message="missing left parenthesis")
        found = [self.name(904, "invalid identifier")]
        while self.accept(","):
            found.append(self.name(904, "invalid identifier"))
        self.expect(")", code=907, message="missing right parenthesis")
        return tuple(found)

    def listed(self) -> list[str]:
        """Read ``name [, name]…``."""
        found = [self.name()]
        while self.accept(","):
            found.append(self.name())
        return found

    def integer(self) -> int:
        negative = self.accept("-")
        token = self.token
        if token.kind != "number":
            raise OracleError(2017, "integer value required", token.start)
        self.at += 1
        return -int(token.number) if negative else int(token.number)

    def text(self) -> str:
        token = self.token
        if token.kind != "string":
            raise OracleError(1780, "string literal required", token.start)
        self.at += 1
        return token.text

    def password(self) -> str:
        """Read a password: a quoted one without its quotes, another one as written (its case counts)."""
        token = self.token
        if token.kind not in ("word", "quoted"):
            raise OracleError(988, "missing or invalid password(s)", token.start)
        self.at += 1
        return token.text if token.kind == "quoted" else self.sql[token.start : token.end]

    def parenthesised(self) -> str:
        """Read a parenthesised text and return what is inside."""
        self.expect("(", code=906, message="missing left parenthesis")
        start, depth = self.token.start, 1
        while depth:
            token = self.token
            if token.kind == "eof":
                raise OracleError(907, "missing right parenthesis", token.start)
            depth += token.is_op("(") - token.is_op(")")
            self.at += 1
        return self.sql[start : self.tokens[self.at - 1].start]

    def rest(self) -> str:
        """Return the text from here to the end."""
        found = self.sql[self.token.start :]
        self.at = len(self.tokens) - 1
        return found

    def until(self, *words: str) -> str:
        """Return the text up to one of the words or operators at this depth, or to the end."""
        start, depth = self.token.start, 0
        while self.token.kind != "eof":
            token = self.token
            if depth == 0 and (token.is_word(*words) or token.is_op(*words)):
                break
            depth += token.is_op("(") - token.is_op(")")
            self.at += 1
        return self.sql[start : self.token.start].strip()
