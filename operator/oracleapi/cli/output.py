"""How a command shows what it found: a picture for people, the same as JSON or YAML for programs."""

import json
import os
import sys
from collections.abc import Callable
from enum import StrEnum
from typing import Any

import yaml
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

PIPED_WIDTH = 120
STYLES = {"True": "green", "False": "red", "Unknown": "yellow"}
MARKS = {"True": "✔", "False": "✖", "Unknown": "?"}


class Form(StrEnum):
    """What ``-o`` takes."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


def emit(data: Any, picture: Callable[[], RenderableType], form: Form) -> None:
    """Print *data* as JSON or YAML, or the *picture* of it."""
    if form is Form.JSON:
        print(json.dumps(data, indent=2, ensure_ascii=False))
    elif form is Form.YAML:
        print(yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=PIPED_WIDTH), end="")
    else:
        _show(console(), picture())


def _show(out: Console, picture: RenderableType) -> None:
    """Print a picture; where no terminal needs it, without blanks at the ends of lines."""
    if out.is_terminal:
        out.print(picture, crop=False)
        return
    with out.capture() as text:
        out.print(picture, crop=False)
    print("\n".join(line.rstrip() for line in text.get().splitlines()))


def console(stderr: bool = False) -> Console:
    """Return the console; colours and width are the terminal's, NO_COLOR and COLUMNS are heeded."""
    out = Console(stderr=stderr, markup=False, highlight=False, emoji=False)
    if not out.is_terminal and not os.environ.get("COLUMNS", "").isdigit():
        out.width = PIPED_WIDTH
    return out


def plain(value: str) -> str:
    """Return a text of the outside as one line that moves no cursor."""
    return "".join(letter if letter.isprintable() else " " for letter in value)


def words(value: object, style: str = "") -> Text:
    """Return a text of the outside for a picture."""
    return Text(plain(str(value)), style=style)


def command(text: str) -> Text:
    """Return a command to copy: the terminal may wrap it, we put no line break into it."""
    return Text(plain(text), style="bold", no_wrap=True, overflow="ignore")


def state(status: str, reason: str) -> Text:
    """Return a condition in a word: ✔ Ready, or ✖ and why."""
    shown = "Ready" if status == "True" else reason
    return words(f"{MARKS.get(status, '?')} {shown}", STYLES.get(status, "yellow"))


def table(*titles: str) -> Table:
    """Return an empty table as kubectl prints them: titles in capitals, no lines."""
    found = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="bold")
    for heading in titles:
        found.add_column(heading, overflow="fold")
    return found


def complain(message: str) -> None:
    """Print an error, one line on standard error."""
    console(stderr=True).print(words(f"error: {message}", "red" if sys.stderr.isatty() else ""), soft_wrap=True)
