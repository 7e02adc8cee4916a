"""Mutants of a PL/SQL package body, by its words: one change of what it decides by at a time."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mutants import Mutant

TOKEN = re.compile(
    r"(?P<comment>--[^\n]*)|(?P<text>'(?:[^']|'')*')|(?P<word>\w[\w$#]*)|(?P<mark><>|<=|>=|:=|=>|\|\||\.\.|[^\s\w])"
)
OTHER_MARK = {"<>": "=", "=": "<>", ">": ">=", ">=": ">", "<": "<=", "<=": "<", "+": "-", "-": "+"}
OTHER_WORD = {"AND": "OR", "OR": "AND", "TRUE": "FALSE", "FALSE": "TRUE"}
SHORTENED = frozenset({"UPPER", "LOWER", "SUBSTRB", "SUBSTR", "NVL", "TO_CHAR"})
"""Functions that are left out, with their first argument in their place."""
CONDITION_ENDS = {"IF": "THEN", "ELSIF": "THEN", "WHEN": "THEN", "WHILE": "LOOP"}
CONDITION_BEGINS = frozenset({"IF", "ELSIF", "WHEN", "WHILE", "WHERE", "ON", "RETURN", "THEN", ":=", ","})
CONDITION_STOPS = frozenset({"THEN", "LOOP", ";", ")", ",", "ORDER", "WHERE"})
JOINED_BEGINS = frozenset({",", ":=", "=", "<>", "RETURN", "ELSE", "THEN", "WHEN", "AND", "OR", "||"})
JOINED_STOPS = frozenset({")", ",", ";", "=", "<>", "THEN", "END", "IS", "AND", "OR", "||"})
STATEMENT_BEGINS = frozenset({";", "BEGIN", "THEN", "ELSE", "LOOP"})
NO_STATEMENT = frozenset({
    "IF", "ELSE", "ELSIF", "END", "FOR", "WHILE", "LOOP", "BEGIN", "EXCEPTION", "WHEN", "NULL", "PROCEDURE", "FUNCTION",
})  # fmt: skip


@dataclass(frozen=True)
class Token:
    kind: str
    text: str
    begin: int
    end: int

    @property
    def word(self) -> str:
        return self.text.upper() if self.kind in ("word", "mark") else ""


Edit = tuple[int, int, str]


def mutants(file: str, text: str) -> Iterator[tuple[Mutant, str]]:
    """Yield each mutant of *text* with its text; two ways to the same text are one mutant."""
    tokens = [Token(str(m.lastgroup), m.group(), m.start(), m.end()) for m in TOKEN.finditer(text)]
    tokens = [token for token in tokens if token.kind != "comment"]
    heading = next(at for at, token in enumerate(tokens) if token.word == "AS")
    seen = {text}
    for begin, end, new in _edits(text, tokens[heading:]):
        changed = text[:begin] + new + text[end:]
        if changed not in seen:
            seen.add(changed)
            yield _mutant(file, text, begin, end, new), changed


def _mutant(file: str, text: str, begin: int, end: int, new: str) -> Mutant:
    """Name a mutant by the lines that it changes, as they were and as they are."""
    first = text.rfind("\n", 0, begin) + 1
    last = text.find("\n", end)
    before, after = text[first:last], text[first:begin] + new + text[end:last]
    heading = re.findall(r"(?m)^  (?:PROCEDURE|FUNCTION) (\w+)", text[:begin])
    place = heading[-1] if heading else "package"
    return Mutant(file, place, text.count("\n", 0, begin) + 1, " ".join(before.split()), " ".join(after.split()))


def _edits(text: str, tokens: list[Token]) -> Iterator[Edit]:
    for at, token in enumerate(tokens):
        match token.kind, token.word:
            case "text", _:
                yield token.begin, token.end, token.text[:-1] + "X'"
            case "word", word if word in OTHER_WORD:
                yield token.begin, token.end, OTHER_WORD[word]
            case "word", word if word.isdigit() and not _is_size(tokens, at):
                yield token.begin, token.end, str(int(word) + 1)
                if int(word):
                    yield token.begin, token.end, str(int(word) - 1)
            case "mark", mark if mark in OTHER_MARK:
                yield token.begin, token.end, OTHER_MARK[mark]
        yield from _negations(tokens, at)
        yield from _left_out(text, tokens, at)
        yield from _statements(text, tokens, at)


def _is_size(tokens: list[Token], at: int) -> bool:
    """Say whether a number is the size of a declared type: room for values, nothing that decides."""
    return tokens[at - 1].word == "(" and tokens[at - 2].word == "VARCHAR2"


def _negations(tokens: list[Token], at: int) -> Iterator[Edit]:
    """Yield NOT left out or put in, and whole conditions negated."""
    token, following = tokens[at], tokens[at + 1 :]
    if token.word == "NOT":
        yield token.begin, following[0].begin, ""
    if token.word == "IS" and following[0].word == "NULL":
        yield following[0].begin, following[0].begin, "NOT "
    if token.word in CONDITION_ENDS and following[0].word != "OTHERS" and not following[0].word.startswith("E_"):
        if token.word == "IF" and tokens[at - 1].word == "END":
            return
        stop = next((found for found in following if found.word in (CONDITION_ENDS[token.word], ";")), None)
        if stop is not None and stop.word != ";":
            yield following[0].begin, stop.begin, f"NOT ({_between(tokens, at + 1, stop)}) "


def _between(tokens: list[Token], at: int, stop: Token) -> str:
    return " ".join(token.text for token in tokens[at:] if token.begin < stop.begin)


def _left_out(text: str, tokens: list[Token], at: int) -> Iterator[Edit]:
    """Yield operands, elements of lists, orders and functions left out."""
    token = tokens[at]
    if token.word in ("AND", "OR"):
        yield from _operands(tokens, at, CONDITION_BEGINS | {"AND", "OR"}, CONDITION_STOPS | {"AND", "OR"})
    if token.word == "||":
        yield from _operands(tokens, at, JOINED_BEGINS, JOINED_STOPS)
    if token.word == "ORDER":
        stop = _end(tokens, at, frozenset({")", ";"}))
        yield token.begin, stop.begin, ""
        yield from _elements(text, tokens, at + 2, stop)
    if token.word == "IN" and tokens[at + 1].word == "(":
        yield from _elements(text, tokens, at + 2, _end(tokens, at + 1, frozenset({")"})))
    if token.word in SHORTENED and tokens[at + 1].word == "(":
        close = _end(tokens, at + 1, frozenset({")"}))
        first = _end(tokens, at + 1, frozenset({",", ")"}))
        yield token.begin, close.end, text[tokens[at + 2].begin : first.begin]


def _operands(tokens: list[Token], at: int, begins: frozenset[str], stops: frozenset[str]) -> Iterator[Edit]:
    token = tokens[at]
    stop = _end(tokens, at, stops)
    yield token.begin, stop.begin, ""
    depth, first = 0, token
    for found in reversed(tokens[:at]):
        depth += {")": 1, "(": -1}.get(found.word, 0)
        if depth < 0 or (depth == 0 and found.word in begins):
            break
        first = found
    yield first.begin, tokens[at + 1].begin, ""


def _end(tokens: list[Token], at: int, stops: frozenset[str]) -> Token:
    """Return the first token after *at* that is one of *stops*, at the same depth of parentheses, or closes more."""
    depth = 0
    for found in tokens[at + 1 :]:
        if depth == 0 and found.word in stops:
            return found
        depth += {"(": 1, ")": -1}.get(found.word, 0)
        if depth < 0:
            return found
    return tokens[-1]


def _elements(text: str, tokens: list[Token], at: int, stop: Token) -> Iterator[Edit]:
    """Yield a list between *at* and *stop* without each of its elements; one alone stays."""
    begins, depth = [tokens[at].begin], 0
    for found, following in zip(tokens[at:], tokens[at + 1 :], strict=False):
        if found.begin >= stop.begin:
            break
        depth += {"(": 1, ")": -1}.get(found.word, 0)
        if depth == 0 and found.word == ",":
            begins.append(following.begin)
    ends = [*begins[1:], stop.begin]
    elements = [text[begin:end].strip().removesuffix(",").strip() for begin, end in zip(begins, ends, strict=True)]
    for index in range(len(elements)):
        rest = elements[:index] + elements[index + 1 :]
        if rest:
            yield begins[0], stop.begin, ", ".join(rest) + ("" if stop.word == ")" else " ")


def _statements(text: str, tokens: list[Token], at: int) -> Iterator[Edit]:
    """Yield statements left out; declarations do not count, but for the pragma of an autonomous transaction."""
    token = tokens[at]
    if token.word == "PRAGMA" and tokens[at + 1].word == "AUTONOMOUS_TRANSACTION":
        yield token.begin, tokens[at + 2].end, ""
    if at == 0 or tokens[at - 1].word not in STATEMENT_BEGINS or token.word in NO_STATEMENT or token.kind != "word":
        return
    if not _in_code(tokens, at) or _is_expression(tokens, at):
        return
    stop = _end(tokens, at, frozenset({";"}))
    yield token.begin, stop.end, "NULL;"


def _in_code(tokens: list[Token], at: int) -> bool:
    """Say whether a place lies behind BEGIN, not among declarations."""
    words = (token.word for token in reversed(tokens[:at]))
    return next((word for word in words if word in ("BEGIN", "PROCEDURE", "FUNCTION")), "") == "BEGIN"


def _is_expression(tokens: list[Token], at: int) -> bool:
    """Say whether THEN or ELSE before a place is of a CASE expression."""
    if tokens[at - 1].word not in ("THEN", "ELSE"):
        return False
    for found in reversed(tokens[:at]):
        if found.word == "CASE":
            return True
        if found.word in ("IF", "LOOP", ";", "BEGIN"):
            return False
    return False
