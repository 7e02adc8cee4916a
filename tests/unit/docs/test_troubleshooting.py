"""What ``docs/troubleshooting.md`` quotes of the way to a database is what the operator says."""

import pathlib
import re

from oracleapi.adapters.oracle import unreachable, verdicts

ROOT = pathlib.Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "troubleshooting.md").read_text()
SECTION = PAGE.split("### The way to a database", 1)[1].split("\n**", 1)[0]


def test_each_row_quotes_a_message() -> None:
    said = " ".join(pathlib.Path(module.__file__).read_text() for module in (unreachable, verdicts))
    cells = [line.split(" | ")[0] for line in SECTION.splitlines() if line.startswith("| `")][1:]
    quoted = [part for cell in cells for text in re.findall(r"`([^`]+)`", cell) for part in re.split("…|: …", text)]
    parts = [part.strip(" :") for part in quoted if part.strip(" :")]
    assert len(parts) >= 12
    assert [part for part in parts if part not in said] == []
