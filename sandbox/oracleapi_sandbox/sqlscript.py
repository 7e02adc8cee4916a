"""Run a SQL script as SQL*Plus would: statements end with ``;`` at a line's end, blocks with ``/``.

``&name`` is filled in.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import oracledb

BLOCK = re.compile(r"^\s*(begin|declare|create\s+(or\s+replace\s+)?(package|procedure|function|trigger))\b", re.I)


class ScriptError(Exception):
    """A statement failed; the text names its first line and the error."""


def split_script(text: str) -> Iterator[tuple[int, str]]:
    """Yield (line number, statement) of a script; comments between statements are dropped."""
    lines: list[str] = []
    start = 0
    for number, line in enumerate(text.splitlines(), 1):
        if not lines and (not line.strip() or line.lstrip().startswith("--")):
            continue
        if not lines:
            start = number
        block = bool(lines) and BLOCK.match(lines[0]) is not None
        if block and line.strip() == "/":
            yield start, "\n".join(lines)
            lines = []
        elif not BLOCK.match(lines[0] if lines else line) and line.rstrip().endswith(";"):
            yield start, "\n".join([*lines, line.rstrip()[:-1]])
            lines = []
        else:
            lines.append(line)
    if lines:
        yield start, "\n".join(lines)


def substitute(text: str, values: Mapping[str, str]) -> str:
    """Replace ``&name`` by its value.

    Raises:
        ScriptError: A name has no value.
    """

    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in values:
            raise ScriptError(f"&{name} has no value; give --define {name}=…")
        return values[name]

    return re.sub(r"&([A-Za-z_]\w*)", value, text)


def run_script(path: Path, dsn: str, user: str, password: str, values: Mapping[str, str]) -> int:
    """Run the script at *path*; returns how many statements ran.

    Raises:
        ScriptError: A statement failed; those before it stand (DDL commits).
    """
    count = 0
    with oracledb.connect(user=user, password=password, dsn=dsn) as connection:
        cursor = connection.cursor()
        for number, statement in split_script(path.read_text()):
            if statement.lstrip().startswith("--"):
                continue
            try:
                cursor.execute(substitute(statement, values))
            except oracledb.Error as error:
                raise ScriptError(f"{path.name} line {number}: {str(error).splitlines()[0]}") from error
            count += 1
        connection.commit()
    return count
