"""What parsing a handler with roles enabled brought, and which statements may be sent for it. Pure."""

import re
from dataclasses import dataclass
from typing import Literal

SQL_WORDS = frozenset({"SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "MERGE"})
BLOCK_WORDS = frozenset({"BEGIN", "DECLARE"})
_FIRST_WORD = re.compile(r"(?:\s|--[^\n]*(?:\n|$)|/\*.*?\*/)*([A-Za-z]+)\b", re.DOTALL)


@dataclass(frozen=True)
class Parsed:
    """What the database says of a statement as it stands, without running it.

    Args:
        outcome: Refused: a right or an object is missing. NotChecked: nothing is known of the rights.
        code: Oracle's code as a caller sees it, such as ORA-00942; ORA-06550 for every fault of a block.
        object: What is not there for these roles, as far as the database names it.
        detail: Why nothing is known, or the code inside of a block's ORA-06550.
    """

    outcome: Literal["Fine", "Refused", "NotChecked"] = "Fine"
    code: str = ""
    object: str = ""
    detail: str = ""


def first_word(statement: str) -> str:
    """Return the word that a statement begins with, in upper case, comments left out; empty where there is none."""
    found = _FIRST_WORD.match(statement)
    return found[1].upper() if found else ""


def is_block(statement: str) -> bool:
    return first_word(statement) in BLOCK_WORDS


def may_be_parsed(statement: str) -> bool:
    """Say whether the database does nothing with *statement* but parse it.

    Parsing DDL runs it ([D] python-oracledb, Oracle Call Interface), so what is not known to be a query, a change of
    rows or a block is never sent.
    """
    return first_word(statement) in SQL_WORDS | BLOCK_WORDS


def parse_text(statement: str) -> str:
    """Return what is sent: SQL without a semicolon at its end, which is no part of it."""
    return statement if is_block(statement) else statement.rstrip().removesuffix(";")
