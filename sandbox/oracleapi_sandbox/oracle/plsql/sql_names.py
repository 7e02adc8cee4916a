"""Which names in a SQL statement could be PL/SQL variables: tables, aliases and column positions are told apart.

A scan over tokens, not a SQL parser: the engine says later whether the statement is right.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from oracleapi_sandbox.oracle.plsql.lexer import Token

_KEYWORDS = """
ALL AND ANY AS ASC BETWEEN BOTH BY CASE COLUMNS CONNECT CROSS CURRENT DATE DAY DEFAULT DELETE DESC DISTINCT ELSE END
ERRORS ESCAPE EXCEPT EXISTS FETCH FIRST FOLLOWING FOR FROM FULL GROUP HAVING IGNORE IN INNER INSERT INTERSECT INTERVAL
INTO IS JOIN KEEP LAST LATERAL LEADING LEFT LIKE LOCKED LOG MATCHED MERGE MINUS NATURAL NEXT NOT NOWAIT NULL NULLS OF
OFFSET ON ONLY OR ORDER OUTER OVER PARTITION PASSING PERCENT PIVOT PRECEDING PRIOR RANGE RECURSIVE RETURN RETURNING
RIGHT ROW ROWS SELECT SET SIBLINGS SKIP START THEN TIES TIMESTAMP TO TRAILING UNBOUNDED UNION UNIQUE UNPIVOT UPDATE
USING VALUES WAIT WHEN WHERE WITH WITHIN
"""
KEYWORDS = frozenset(_KEYWORDS.split())
_OPERAND_KEYWORDS = ("END", "NULL")
_AFTER_TABLE = (
    "WHERE",
    "SET",
    "ON",
    "USING",
    "GROUP",
    "ORDER",
    "HAVING",
    "CONNECT",
    "START",
    "UNION",
    "MINUS",
    "VALUES",
)


@dataclass
class _Level:
    """One pair of parentheses, or the whole statement."""

    verb: str = ""
    clause: str = ""
    expects_table: bool = False
    columns: bool = False
    definitions: bool = False


@dataclass
class SqlNames:
    """What the scan found.

    Args:
        tables: Tables as written, upper case, schema included; without names of WITH clauses.
        aliases: Names that the statement itself defines: of tables, columns and WITH queries.
        candidates: Indexes of tokens that may be variables; the value tells that a variable wins over a column there.
    """

    tables: list[str] = field(default_factory=list)
    aliases: set[str] = field(default_factory=set)
    candidates: dict[int, bool] = field(default_factory=dict)


class _Scan:
    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = tokens
        self.found = SqlNames()
        self.levels = [_Level()]
        self.insert_target = False

    @property
    def level(self) -> _Level:
        return self.levels[-1]

    def near(self, index: int) -> Token | None:
        return self.tokens[index] if 0 <= index < len(self.tokens) else None

    def run(self) -> SqlNames:
        index = 0
        while index < len(self.tokens):
            index = self._token(index)
        return self.found

    def _token(self, index: int) -> int:
        token = self.tokens[index]
        if token.kind == "op":
            self._operator(index, token)
        elif token.kind == "word" and token.text in KEYWORDS and not self._is_name(index):
            self._keyword(index, token.text)
        elif token.kind in ("word", "quoted"):
            return self._name(index, token)
        return index + 1

    def _is_name(self, index: int) -> bool:
        """A keyword after a dot is a name."""
        before = self.near(index - 1)
        return before is not None and before.is_op(".")

    def _operator(self, index: int, token: Token) -> None:
        if token.text == "(":
            before = self.near(index - 1)
            columns = self.insert_target or (before is not None and before.is_word("INSERT"))
            inherits = self.level.clause == "VALUES" and self.level.verb == "INSERT"
            inner = _Level(clause="VALUES" if inherits else "", verb="INSERT" if inherits else "", columns=columns)
            inner.definitions = before is not None and before.is_word("COLUMNS")
            self.levels.append(inner)
            self.level.expects_table = False
            self.insert_target = False
        elif token.text == ")" and len(self.levels) > 1:
            self.levels.pop()
            self.level.expects_table = False
        elif token.text == "," and self.level.clause == "FROM":
            self.level.expects_table = True

    def _keyword(self, index: int, word: str) -> None:
        level = self.level
        if word in ("SELECT", "INSERT", "UPDATE", "DELETE", "MERGE"):
            if not (word == "UPDATE" and level.verb in ("SELECT", "MERGE")):
                level.verb = level.verb if level.verb == "MERGE" else word
                level.columns = False
                level.clause = word
                level.expects_table = word in ("UPDATE", "DELETE")
        elif word == "FROM" and level.verb in ("SELECT", "DELETE"):
            level.clause, level.expects_table = "FROM", True
        elif word in ("JOIN", "INTO") or (word == "USING" and level.verb == "MERGE"):
            level.expects_table = level.verb in ("SELECT", "INSERT", "MERGE", "DELETE", "UPDATE")
        elif word in _AFTER_TABLE:
            level.clause, level.expects_table, self.insert_target = word, False, False
            level.columns = False

    def _name(self, index: int, token: Token) -> int:
        if self.level.expects_table:
            return self._table(index)
        before, after = self.near(index - 1), self.near(index + 1)
        if before is not None and before.is_op("."):
            return index + 1
        if self.level.definitions:
            if before is not None and before.is_op("(", ","):
                self.found.aliases.add(token.text)
            return index + 1
        if self._is_alias(index - 1):
            self.found.aliases.add(token.text)
            return index + 1
        assigned = self.level.clause == "SET" and after is not None and after.is_op("=") and _starts_assignment(before)
        named = after is not None and after.is_op("=>")
        if not (self.level.columns or assigned or named):
            values = self.level.clause == "VALUES" and self.level.verb == "INSERT"
            self.found.candidates[index] = values
        return index + 1

    def _is_alias(self, at: int) -> bool:
        """A name right after an operand, or after AS, is the operand's alias; *at* is the token before it."""
        before = self.near(at)
        if before is None or before.is_word("AS"):
            return before is not None
        joins = before.is_word("VALUE") or (before.is_word("ZONE") and self._is_word(at - 1, "TIME"))
        return self._is_operand(at) and not (joins and (before.text == "ZONE" or self._is_operand(at - 1)))

    def _is_word(self, at: int, word: str) -> bool:
        token = self.near(at)
        return token is not None and token.is_word(word)

    def _is_operand(self, at: int) -> bool:
        """Whether a token can end an expression."""
        token = self.near(at)
        if token is None:
            return False
        if token.kind in ("number", "string", "bind", "quoted") or token.is_op(")"):
            return True
        return token.kind == "word" and (token.text not in KEYWORDS or token.text in _OPERAND_KEYWORDS)

    def _table(self, index: int) -> int:
        """Read ``[schema.]table [[AS] alias]``; a name before a parenthesis is a table function."""
        names = [self.tokens[index].text]
        end = index + 1
        while (dot := self.near(end)) is not None and dot.is_op(".") and (part := self.near(end + 1)) is not None:
            names.append(part.text)
            end += 2
        following = self.near(end)
        self.level.expects_table = False
        self.insert_target = self.level.verb == "INSERT" and self.level.clause == "INSERT"
        if following is not None and following.is_op("(") and not self.insert_target:
            return end
        if names[0] not in self.found.aliases:
            self.found.tables.append(".".join(names))
        alias = self.near(end + 1) if following is not None and following.is_word("AS") else following
        if alias is not None and (alias.kind == "quoted" or (alias.kind == "word" and alias.text not in KEYWORDS)):
            self.found.aliases.add(alias.text)
            end += 2 if alias is not following else 1
        else:
            self.found.aliases.add(names[-1])
        return end


def _starts_assignment(before: Token | None) -> bool:
    return before is not None and (before.is_word("SET") or before.is_op(",", "("))


def scan(tokens: Sequence[Token]) -> SqlNames:
    """Scan a statement; names of WITH queries are known before their use."""
    scanner = _Scan(tokens)
    for index, token in enumerate(tokens[:-2]):
        if token.kind in ("word", "quoted") and tokens[index + 1].is_word("AS") and tokens[index + 2].is_op("("):
            scanner.found.aliases.add(token.text)
    return scanner.run()
