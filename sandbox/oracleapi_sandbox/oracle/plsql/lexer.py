"""Split PL/SQL source into tokens that know their place.

Source of the rules: PL/SQL Language Reference, "Lexical Units" [D].
"""

import re
from decimal import Decimal
from typing import NamedTuple

from oracleapi_sandbox.oracle.plsql.errors import CompileError, Position, unsupported
from oracleapi_sandbox.oracle.ports import OracleError

Number = int | Decimal | float


class Token(NamedTuple):
    """A lexical unit.

    Args:
        kind: ``word``, ``quoted`` (a quoted identifier), ``number``, ``string``, ``bind``, ``op`` or ``eof``.
        text: Words in upper case, identifiers and binds without quotes and colon, strings decoded, else as written.
        start: Offset of the first character in the source; *end* is the offset after the last one.
    """

    kind: str
    text: str
    position: Position
    start: int
    end: int
    number: Number = 0

    def is_op(self, *texts: str) -> bool:
        return self.kind == "op" and self.text in texts

    def is_word(self, *texts: str) -> bool:
        return self.kind == "word" and self.text in texts


_IDENTIFIER = r"[^\W\d_][\w$#]*"
_LEXEME = re.compile(
    rf"""
      (?P<space>\s+|--[^\n]*|/\*.*?\*/)
    | (?P<quote>[nN]?[qQ]'.)
    | (?P<string>[nN]?'(?:[^']|'')*')
    | (?P<number>(?:\d+(?:\.(?!\.)\d*)?|\.\d+)(?:[eE][+-]?\d+)?[fFdD]?)
    | (?P<word>{_IDENTIFIER})
    | (?P<quoted>"[^"\n]+")
    | (?P<bind>:(?:{_IDENTIFIER}|"[^"\n]+"|\d+))
    | (?P<inquiry>\$\$?{_IDENTIFIER})
    | (?P<op>:=|=>|\.\.|\*\*|\|\||<>|!=|~=|\^=|<=|>=|<<|>>|[-+*/=<>(),;.%@:\[\]|&?!{{}}])
    """,
    re.VERBOSE | re.DOTALL,
)
_CLOSING = {"[": "]", "(": ")", "{": "}", "<": ">"}
_NOT_EQUAL = {"!=", "~=", "^="}


class _Lines:
    """Turns offsets into positions; offsets only grow."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._line, self._line_start, self._seen = 1, 0, 0

    def at(self, offset: int) -> Position:
        newlines = self._source.count("\n", self._seen, offset)
        if newlines:
            self._line += newlines
            self._line_start = self._source.rindex("\n", self._seen, offset) + 1
        self._seen = offset
        return Position(self._line, offset - self._line_start + 1)


def tokenize(source: str) -> tuple[Token, ...]:
    """Return the tokens of *source*, closed by an ``eof`` token.

    Raises:
        OracleError: 1756 for a string without end, 6550 for a character that begins no token.
    """
    tokens: list[Token] = []
    lines, offset = _Lines(source), 0
    while offset < len(source):
        match = _LEXEME.match(source, offset)
        if match is None:
            raise _bad_character(source, offset, lines.at(offset))
        kind, end = match.lastgroup or "", match.end()
        if kind == "quote":
            end = _quote_end(source, end)
        if kind != "space":
            tokens.append(_token(kind, source, offset, end, lines.at(offset)))
        offset = end
    tokens.append(Token("eof", "end-of-file", lines.at(len(source)), len(source), len(source)))
    return tuple(tokens)


def _token(kind: str, source: str, start: int, end: int, position: Position) -> Token:
    raw = source[start:end]
    match kind:
        case "word":
            return Token("word", raw.upper(), position, start, end)
        case "quoted":
            return Token("quoted", raw[1:-1], position, start, end)
        case "bind":
            name = raw[2:-1] if raw[1] == '"' else raw[1:].upper()
            return Token("bind", name, position, start, end)
        case "string":
            return Token("string", raw[raw.index("'") + 1 : -1].replace("''", "'"), position, start, end)
        case "quote":
            return Token("string", raw[raw.index("'") + 2 : -2], position, start, end)
        case "number":
            return Token("number", raw, position, start, end, number_of(raw))
        case "inquiry":
            raise unsupported(position, f"conditional compilation ({raw.upper()})")
    return Token("op", "<>" if raw in _NOT_EQUAL else raw, position, start, end)


def number_of(text: str) -> Number:
    """The value of a numeric literal: suffix ``f``/``d`` makes a binary float, integral values become ``int``."""
    if text[-1] in "fFdD":
        return float(text[:-1])
    exact = Decimal(text)
    if exact.is_zero() or exact.adjusted() > 200 or exact != exact.to_integral_value():
        return exact if not exact.is_zero() else 0
    return int(exact)


def _quote_end(source: str, content: int) -> int:
    delimiter = source[content - 1]
    end = source.find(_CLOSING.get(delimiter, delimiter) + "'", content)
    if end < 0 or delimiter.isspace():
        raise OracleError(1756, "quoted string not properly terminated", content - 3)
    return end + 2


def _bad_character(source: str, offset: int, position: Position) -> OracleError:
    if source[offset] == "'":
        return OracleError(1756, "quoted string not properly terminated", offset)
    text = f'Encountered the symbol "{source[offset]}" when expecting one of the following:\n\n   an identifier'
    return CompileError(position, 103, text)
