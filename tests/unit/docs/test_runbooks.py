"""Each alert of the chart leads to a section of ``docs/runbooks.md``, and each section is an alert's."""

import pathlib
import re

import pytest

from oracleapi.api import reasons

ROOT = pathlib.Path(__file__).resolve().parents[3]
CHART = (ROOT / "charts" / "oracle-api-operator" / "templates" / "monitoring.yaml").read_text()
PAGE = (ROOT / "docs" / "runbooks.md").read_text()
SOURCES = "\n".join(path.read_text() for path in (ROOT / "operator" / "oracleapi").rglob("*.py"))
RULES = dict(re.findall(r"- alert: (\w+)\n(.*?)(?=\n    - alert: |\Z)", CHART, re.DOTALL))
SECTIONS = dict(re.findall(r"\n## (\w+)\n(.*?)(?=\n## |\Z)", PAGE, re.DOTALL))


def test_each_alert_has_its_section_and_each_section_its_alert() -> None:
    assert sorted(SECTIONS) == sorted(RULES)
    assert len(RULES) >= 6


@pytest.mark.parametrize("alert", sorted(RULES))
def test_an_alert_leads_to_its_section(alert: str) -> None:
    """The anchor of a heading is its text in lower case."""
    assert f'runbook_url: {{{{ printf "%s#{alert.lower()}" $runbooks }}}}' in RULES[alert]


@pytest.mark.parametrize("alert", sorted(SECTIONS))
def test_a_section_says_what_it_means_what_to_look_at_and_what_to_do(alert: str) -> None:
    means, look, do = (SECTIONS[alert].find(f"**{words}**") for words in ("Means", "Look at", "Do"))
    assert 0 <= means < look < do
    assert "kubectl" in re.findall(r"```\n(.*?)```", SECTIONS[alert], re.DOTALL)[0]


def test_what_the_page_quotes_of_log_and_status_is_said_by_the_operator() -> None:
    quoted = set(re.findall(r"`((?:Waiting|Lease)[^`;]*)", PAGE))
    assert len(quoted) >= 4
    assert all(words in SOURCES for words in quoted)
    named = {word for word in re.findall(r"`([A-Z][A-Za-z]+)`", PAGE) if not word.startswith(("Image", "Crash", "OOM"))}
    known = {value for name, value in vars(reasons).items() if name.isupper()}
    assert named <= known
    assert len(named) >= 8
