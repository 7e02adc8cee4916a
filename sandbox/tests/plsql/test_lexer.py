"""Lexical units."""

import pytest

from oracleapi_sandbox.oracle.plsql.lexer import tokenize


@pytest.mark.parametrize(
    ("source", "units"),
    [
        ("a1$#_ B", [("word", "A1$#_"), ("word", "B")]),
        ('"a b" "C"', [("quoted", "a b"), ("quoted", "C")]),
        ("1..10", [("number", "1"), ("op", ".."), ("number", "10")]),
        ("1.5e-3f .5 2.", [("number", "1.5e-3f"), ("number", ".5"), ("number", "2.")]),
        (
            "'a''b' N'c' q'(d)' Q'!e'f!' nq'<g>'",
            [("string", "a'b"), ("string", "c"), ("string", "d"), ("string", "e'f"), ("string", "g")],
        ),
        (':abc :1 :"q" :=', [("bind", "ABC"), ("bind", "1"), ("bind", "q"), ("op", ":=")]),
        ("a:=b", [("word", "A"), ("op", ":="), ("word", "B")]),
        ("!= <> ^= ~=", [("op", "<>")] * 4),
        ("** => || << >> <= >= ..", [("op", op) for op in ("**", "=>", "||", "<<", ">>", "<=", ">=", "..")]),
        ("a -- b\n/* c\n*/ d", [("word", "A"), ("word", "D")]),
        ("größe", [("word", "GRÖSSE")]),
    ],
)
def test_units(source: str, units: list[tuple[str, str]]) -> None:
    assert [(token.kind, token.text) for token in tokenize(source)[:-1]] == units


def test_places() -> None:
    """Line and column count from 1, offsets from 0."""
    first, second, end = tokenize("a\n  'x\ny'")
    assert (first.position, first.start, first.end) == ((1, 1), 0, 1)
    assert (second.position, second.start, second.end) == ((2, 3), 4, 9)
    assert (end.kind, end.position) == ("eof", (3, 3))
