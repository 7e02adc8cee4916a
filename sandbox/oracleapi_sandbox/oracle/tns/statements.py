"""What a driver sees in a statement's text: its kind by the first word, and its bind variables.

The driver numbers bind values by its own scan, so the listener must scan the same way to name them. Source:
python-oracledb's statement parser [M].
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    QUERY = "query"
    PLSQL = "plsql"
    DML = "dml"
    DDL = "ddl"
    OTHER = "other"


_KINDS = {
    **dict.fromkeys(("SELECT", "WITH"), Kind.QUERY),
    **dict.fromkeys(("DECLARE", "BEGIN", "CALL"), Kind.PLSQL),
    **dict.fromkeys(("INSERT", "UPDATE", "DELETE", "MERGE"), Kind.DML),
    **dict.fromkeys(
        ("CREATE", "ALTER", "DROP", "GRANT", "REVOKE", "ANALYZE", "AUDIT", "COMMENT", "TRUNCATE"), Kind.DDL
    ),
}

_TOKEN = re.compile(
    r"""
      (?P<space>\s+)
    | (?P<comment>--[^\n\r\v\f\x1c-\x1e\x85\u2028\u2029]*|/\*.*?\*/)
    | (?P<string>[qQ]'(?:\[.*?\]'|\{.*?\}'|<.*?>'|\(.*?\)'|(?P<mark>[^\[{<(]).*?(?P=mark)')|'[^']*')
    | (?P<quoted>"[^"]*")
    | (?P<bind>:\s*(?:"(?P<exact>[^"]*)"|(?P<digits>\d+)|(?P<name>[^\W\d_][\w$\#]*)))
    | (?P<word>[^\W\d_]+?(?=[qQ]')|[^\W\d_]+)
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True)
class Slot:
    """A place that takes a bind value: its name, whether RETURNING … INTO fills it, and where its name stands."""

    name: str
    returning: bool
    start: int
    end: int


@dataclass(frozen=True)
class Statement:
    """A scanned statement."""

    sql: str
    kind: Kind
    slots: tuple[Slot, ...]

    @property
    def is_returning(self) -> bool:
        return any(slot.returning for slot in self.slots)


def scan(sql: str) -> Statement:
    """Find the kind and the bind slots of *sql*.

    PL/SQL has one slot per name, other statements one per appearance, DDL none.
    """
    kind: Kind | None = None
    returning = into = after_string = False
    slots: dict[str, Slot] = {}
    for token in _TOKEN.finditer(sql):
        if token["word"] is not None:
            word = token["word"].upper()
            if kind is None:
                kind = _KINDS.get(word, Kind.OTHER)
                if kind is Kind.DDL:
                    break
            elif kind is Kind.DML and word == "RETURNING":
                returning = True
            elif returning and word == "INTO":
                into = True
        elif token["bind"] is not None and not after_string:
            slot = _slot(token, into)
            slots.setdefault(slot.name if kind is Kind.PLSQL else str(slot.start), slot)
        if token["space"] is None:
            after_string = token["string"] is not None
    return Statement(sql, kind or Kind.OTHER, tuple(slots.values()))


def _slot(token: re.Match[str], returning: bool) -> Slot:
    name = token["exact"] or token["digits"] or token["name"].upper()
    return Slot(name, returning, token.start("bind"), token.end("bind"))


def separate_names(statement: Statement, values: Sequence[object]) -> tuple[str, tuple[str, ...]]:
    """Return text and slot names such that equal names mean equal *values* (one per slot).

    Bound by position, ``values (:1, :1)`` may carry two different values; the repeated slots are then renamed.
    """
    seen: dict[str, object] = {}
    names: list[str] = []
    renamed: list[tuple[Slot, str]] = []
    for slot, value in zip(statement.slots, values, strict=True):
        name = slot.name
        if name in seen and not _same(seen[name], value):
            name = f"{slot.name}_{slot.start}" if not slot.name.isdigit() else f"{9000 + len(names)}"
            renamed.append((slot, name))
        seen[name] = value
        names.append(name)
    sql = statement.sql
    for slot, name in reversed(renamed):
        sql = f"{sql[: slot.start]}:{name}{sql[slot.end :]}"
    return sql, tuple(names)


def _same(first: object, second: object) -> bool:
    return type(first) is type(second) and first == second
