"""Oracle SQL to a syntax tree: sqlglot's Oracle parser, kept from guessing what functions mean.

Ordinary calls stay calls by their Oracle name, so that one table (``functions.py``) decides which exist. Extensions of
sqlglot that Oracle does not have (``::``, ``LIMIT``, ``AS`` before a table alias) are refused here or by the emitter.
"""

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any, ClassVar

import sqlglot
from sqlglot import exp
from sqlglot.dialects.oracle import Oracle
from sqlglot.errors import SqlglotError
from sqlglot.parsers.oracle import OracleParser
from sqlglot.tokenizer_core import TokenType

from oracleapi_sandbox.oracle.engine.text import tokens_of
from oracleapi_sandbox.oracle.plsql.lexer import Token
from oracleapi_sandbox.oracle.ports import OracleError

_KEPT_PARSERS = (
    "CAST",
    "EXTRACT",
    "TRIM",
    "JSON_OBJECT",
    "JSON_OBJECTAGG",
    "JSON_ARRAY",
    "JSON_ARRAYAGG",
    "JSON_TABLE",
)
_BEFORE_NOTHING = {"FROM", "WHERE", "GROUP", "ORDER", "HAVING", "UNION", "MINUS", "INTERSECT", "VALUES"}


class _Parser(OracleParser):
    FUNCTIONS: ClassVar[dict[str, Any]] = {}
    FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {
        **{name: OracleParser.FUNCTION_PARSERS[name] for name in _KEPT_PARSERS},
        "JSON_VALUE": lambda self: self._parse_oracle_json_path("JSON_VALUE"),
        "JSON_QUERY": lambda self: self._parse_oracle_json_path("JSON_QUERY"),
        "JSON_EXISTS": lambda self: self._parse_oracle_json_path("JSON_EXISTS"),
    }
    TYPE_LITERAL_PARSERS: ClassVar[dict[Any, Any]] = {}
    NO_PAREN_FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {
        name: OracleParser.NO_PAREN_FUNCTION_PARSERS[name] for name in ("CASE", "PRIOR")
    }
    COLUMN_OPERATORS: ClassVar[dict[Any, Any]] = {
        kind: build for kind, build in OracleParser.COLUMN_OPERATORS.items() if kind == TokenType.DOT
    }

    def _parse_table_alias(self, alias_tokens: Any = None) -> Any:
        if self._curr and self._curr.token_type == TokenType.ALIAS and self._prev.token_type != TokenType.WITH:
            self.raise_error("SQL command not properly ended")
        return super()._parse_table_alias(alias_tokens)

    def _parse_join(self, *arguments: Any, **options: Any) -> Any:
        comma = self._curr is not None and self._curr.token_type == TokenType.COMMA
        join = super()._parse_join(*arguments, **options)
        if join is not None and not comma and not (join.kind or join.side or join.method):
            join.set("kind", "INNER")
        return join

    def _parse_oracle_json_path(self, name: str) -> exp.Expr:
        """``(doc [FORMAT JSON], 'path' [RETURNING type] [NULL ON ERROR] [NULL ON EMPTY])``."""
        document = self._parse_bitwise()
        self._match_text_seq("FORMAT", "JSON")
        self._match(TokenType.COMMA)
        arguments = [document, self._parse_string()]
        if self._match_text_seq("RETURNING"):
            arguments.append(exp.Cast(this=exp.Null(), to=self._parse_types()))
        for clause in (("NULL", "ON", "ERROR"), ("NULL", "ON", "EMPTY"), ("FALSE", "ON", "ERROR")):
            self._match_text_seq(*clause)
        return exp.Anonymous(this=name, expressions=arguments)


class OracleSql(Oracle):
    """sqlglot's Oracle, with the parser above."""

    Parser = _Parser


@dataclass(frozen=True)
class Parsed:
    """A parsed statement: its tree, the names of its binds by number, and where RETURNING wants its values."""

    tree: exp.Expr
    binds: tuple[str, ...]
    into: tuple[str, ...]


@lru_cache(maxsize=1024)
def parse(sql: str) -> Parsed:
    """Parse one query or DML statement.

    Raises:
        OracleError: 900-range syntax errors, with the position where it can be told.
    """
    tokens = tokens_of(sql)
    _check(tokens)
    tokens, into = _without_into(tokens)
    text, starts, binds = _rewritten(sql, tokens)
    try:
        trees = sqlglot.parse(text, dialect=OracleSql)
    except SqlglotError as error:
        raise _syntax_error(error, text, tokens, starts) from error
    except RecursionError as error:
        raise OracleError(913, "too many values") from error
    if len(trees) != 1 or trees[0] is None:
        raise OracleError(911, "invalid character")
    return Parsed(trees[0], tuple(binds), into)


def parse_part(sql: str, tokens: tuple[Token, ...], prefix: str, binds: list[str]) -> exp.Expr:
    """Parse a piece of a statement behind *prefix* (``SELECT``, ``SELECT 1 FROM``); *binds* grows."""
    text, starts, _ = _rewritten(sql, tokens, binds)
    try:
        return sqlglot.parse_one(f"{prefix} {text}", dialect=OracleSql)
    except SqlglotError as error:
        raise _syntax_error(error, text, tokens, [start + len(prefix) + 1 for start in starts]) from error


def _check(tokens: tuple[Token, ...]) -> None:
    """Refuse what sqlglot lets pass: missing expressions around commas."""
    for previous, token in pairwise(tokens):
        nothing = (
            token.is_op(",", ")") or token.kind == "eof" or (token.kind == "word" and token.text in _BEFORE_NOTHING)
        )
        if nothing and (previous.is_op(",") or (previous.is_word("SELECT", "WHERE") and not token.is_op(")"))):
            raise OracleError(936, "missing expression", token.start)
        if previous.is_op("(") and token.is_op(","):
            raise OracleError(936, "missing expression", token.start)
        if token.is_op("@"):
            raise OracleError(3001, f"unimplemented feature: a database link (line {token.position.line})", token.start)


def _without_into(tokens: tuple[Token, ...]) -> tuple[tuple[Token, ...], tuple[str, ...]]:
    """Cut ``INTO :a, :b`` off a RETURNING clause."""
    depth, returning = 0, False
    for index, token in enumerate(tokens):
        depth += token.is_op("(") - token.is_op(")")
        if depth == 0 and token.is_word("RETURNING", "RETURN"):
            returning = True
        elif returning and depth == 0 and token.is_word("INTO"):
            rest = tokens[index + 1 : -1]
            if not rest or any(each.kind != ("bind", "op")[at % 2] for at, each in enumerate(rest)):
                raise OracleError(1745, "invalid host/bind variable name", token.start)
            return (*tokens[:index], tokens[-1]), tuple(each.text.upper() for each in rest[::2])
    return tokens, ()


def _rewritten(sql: str, tokens: tuple[Token, ...], binds: list[str] | None = None) -> tuple[str, list[int], list[str]]:
    """Write the tokens anew: no comments and hints, plain strings, binds as ``:b0``; with each token's new place."""
    binds = [] if binds is None else binds
    out: list[str] = []
    starts: list[int] = []
    length, end = 0, -1
    for token in tokens:
        if token.kind == "eof":
            break
        if end >= 0 and token.start > end:
            out.append(" ")
            length += 1
        if token.kind == "bind":
            name = token.text.upper()
            if name not in binds:
                binds.append(name)
            piece = f":b{binds.index(name)}"
        elif token.is_word("CURRENT_USER"):
            piece = '"CURRENT_USER"'  # no function, as sqlglot thinks, but a column of the audit trail
        elif token.kind == "string":
            piece = "'" + token.text.replace("'", "''") + "'"
        else:
            piece = sql[token.start : token.end]
        starts.append(length)
        out.append(piece)
        length, end = length + len(piece), token.end
    return "".join(out), starts, binds


def _syntax_error(error: SqlglotError, text: str, tokens: tuple[Token, ...], starts: list[int]) -> OracleError:
    """The ORA- error that names the place; sqlglot's own words stay in the chain."""
    found = re.search(r"Line (\d+), Col: (\d+)", str(error))
    position = None
    if found and starts:
        lines = text.split("\n")
        offset = sum(len(line) + 1 for line in lines[: int(found[1]) - 1]) + int(found[2]) - 1
        position = tokens[max(bisect_right(starts, max(offset - 1, 0)) - 1, 0)].start
    message = str(error)
    if "Expecting )" in message:
        return OracleError(907, "missing right parenthesis", position)
    if "Required keyword" in message or "Expected" in message:
        return OracleError(936, "missing expression", position)
    return OracleError(933, "SQL command not properly ended", position)
