"""docs/cli.md shows screens that are really shown, every command, every exit code and every fault with its cure."""

import pathlib
import re

import pytest

from oracleapi.cli import errors
from oracleapi.cli.cures import CURES
from oracleapi.cli.main import app
from support.parts import ROOT

PAGE = (ROOT / "docs" / "cli.md").read_text()
GOLDEN = pathlib.Path(__file__).parent / "golden"
SHOWN = ("tree-broken", "check-broken", "plan", "explain", "explain-as", "explain-refused", "explain-half")


@pytest.mark.parametrize("name", SHOWN)
def test_its_screens_are_those_of_the_commands(name: str) -> None:
    assert (GOLDEN / f"{name}-80.txt").read_text() in PAGE


def test_it_has_every_command() -> None:
    names = [*(found.name for found in app.registered_commands), *(found.name for found in app.registered_groups)]
    prose = re.sub(r"(?ms)^```.*?^```$", "", PAGE)
    assert set(re.findall(r"(?m)^## (.*)$", prose)) == set(names)


def test_it_has_every_exit_code() -> None:
    listed = set(re.findall(r"(?m)^\| (\d+) \|", PAGE))
    assert listed == {"0", "130", *(str(code) for code in (errors.FOUND, errors.USAGE, errors.UNABLE))}


def test_it_has_every_fault_with_its_cure_and_no_other() -> None:
    listed = re.findall(r"(?m)^\| \w+ \| `(\w+)` \| [^|]+ \| (.*) \|$", PAGE)
    assert dict(listed) == CURES


def test_the_line_knows_no_fault_without_a_cure() -> None:
    rules = [ROOT / "operator/oracleapi/desired" / name for name in ("line.py", "privileges.py")]
    source = "\n".join(path.read_text() for path in rules)
    said = set(re.findall(r'"([A-Z][a-z]+(?:[A-Z][a-z]+)+)"', source))
    words = {
        "AuthMismatch",
        "NotAsked",
        "OracleRole",
        "OrdsPrivilege",
        "ContextOnly",
        "IamRole",
        "IamUser",
        "NotFromGateway",
    }
    assert said - words <= {*CURES}
