"""JSON_VALUE, JSON_QUERY and JSON_EXISTS over text, for plain paths.

Source: JSON Developer's Guide, "SQL/JSON Path Expressions" [D]; filters and item methods are refused.
"""

import json
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from oracleapi_sandbox.oracle.plsql.errors import PlsqlError
from oracleapi_sandbox.oracle.plsql.number_formats import number_text

_STEP = re.compile(
    r'\s*(?:\.\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<name>[A-Za-z_][\w$]*))|\[\s*(?P<index>\d{1,9}|\*)\s*\])'
)


class NoMatchError(Exception):
    """The path selects nothing in the document."""


@dataclass(frozen=True)
class Path:
    steps: tuple[str | int | None, ...]  # None is [*]


def parse_path(text: str) -> Path:
    """Parse ``$.a."b c"[0][*]``.

    Raises:
        PlsqlError: 40442 for anything else.
    """
    body = re.sub(r"^\s*(?:lax\s+|strict\s+)?", "", text)
    steps: list[str | int | None] = []
    offset = 1
    while body.startswith("$") and offset < len(body.rstrip()):
        match = _STEP.match(body, offset)
        if match is None:
            break
        if match["index"] is not None:
            steps.append(None if match["index"] == "*" else int(match["index"]))
        else:
            steps.append(match["name"] or (match["quoted"] or "").replace('\\"', '"'))
        offset = match.end()
    if not body.startswith("$") or offset < len(body.rstrip()):
        raise PlsqlError(40442, f"JSON path expression syntax error ('{text}')")
    return Path(tuple(steps))


def load(text: str) -> Any:
    """Parse a document; numbers stay exact.

    Raises:
        PlsqlError: 40441 when it is not JSON.
    """
    try:
        return json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise PlsqlError(40441, "JSON syntax error") from error


def select(document: Any, path: Path) -> list[Any]:
    """Everything *path* selects; arrays are unwrapped for names and wrapped for ``[0]``, as in lax mode."""
    found = [document]
    for step in path.steps:
        found = [value for item in found for value in _follow(item, step)]
    return found


def _follow(item: Any, step: str | int | None) -> list[Any]:
    if isinstance(step, str):
        items = item if isinstance(item, list) else [item]
        return [entry[step] for entry in items if isinstance(entry, dict) and step in entry]
    array = item if isinstance(item, list) else [item]
    if step is None:
        return array
    return array[step : step + 1]


def scalar_text(found: list[Any]) -> str | None:
    """What JSON_VALUE gives for a selection.

    Raises:
        NoMatchError: Nothing was selected.
        PlsqlError: 40456 for an object or array, 40470 for several values.
    """
    if not found:
        raise NoMatchError
    if len(found) > 1:
        raise PlsqlError(40470, "JSON_VALUE evaluated to multiple values")
    value = found[0]
    if isinstance(value, dict | list):
        raise PlsqlError(40456, "JSON_VALUE evaluated to non-scalar value")
    if value is None or isinstance(value, str):
        return value or None
    return str(value).lower() if isinstance(value, bool) else number_text(value)


def document_text(found: list[Any]) -> str:
    """What JSON_QUERY without wrapper gives for a selection: one object or array."""
    if not found:
        raise NoMatchError
    if len(found) > 1 or not isinstance(found[0], dict | list):
        raise PlsqlError(40480, "result cannot be returned without array wrapper")
    return json.dumps(found[0], separators=(",", ":"), ensure_ascii=False, default=_number)


def _number(value: Any) -> float | int:
    return int(value) if value == int(value) else float(value)
