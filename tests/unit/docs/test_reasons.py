"""Every reason has a row in ``docs/reasons.md``, every row is a reason, and every reason is said by some code."""

import pathlib
import re

import pytest

from oracleapi.api import reasons

ROOT = pathlib.Path(__file__).resolve().parents[3]
PACKAGE = ROOT / "operator" / "oracleapi"
PAGE = ROOT / "docs" / "reasons.md"
ROW = re.compile(r"^\| `([A-Za-z]+)` \|(.*)\|$")

CONSTANTS = {name: value for name, value in vars(reasons).items() if name.isupper() and isinstance(value, str)}
SOURCES = "\n".join(path.read_text() for path in PACKAGE.rglob("*.py") if path.name != "reasons.py")


def _rows() -> list[tuple[str, list[str]]]:
    """Return (reason, other cells) of each row; the table about ``Ready`` has values of a status in that place."""
    page = PAGE.read_text().split("\n## ", 1)[1]
    found = [ROW.match(line) for line in page.splitlines()]
    return [(row.group(1), [cell.strip() for cell in row.group(2).split(" | ")]) for row in found if row is not None]


def test_the_page_has_one_row_for_each_reason_and_no_other() -> None:
    assert sorted(name for name, _ in _rows()) == sorted(CONSTANTS.values())


def test_no_two_constants_are_one_word() -> None:
    assert len(set(CONSTANTS.values())) == len(CONSTANTS)


@pytest.mark.parametrize(("reason", "cells"), _rows(), ids=lambda found: found if isinstance(found, str) else "")
def test_a_row_says_where_what_happened_and_what_helps(reason: str, cells: list[str]) -> None:
    assert len(cells) == 3, reason
    assert all(cells), reason


@pytest.mark.parametrize("name", sorted(CONSTANTS))
def test_some_code_says_the_reason(name: str) -> None:
    assert re.search(rf"\breasons\.{name}\b", SOURCES)
