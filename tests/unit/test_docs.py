"""What the docs name exists: files, tests, links between pages."""

import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("charts/**/*.md"), *ROOT.glob("bench/*.md")])
TESTS = [*ROOT.glob("tests/**/*.py"), *ROOT.glob("sandbox/tests/**/*.py")]
NAMES = {name for path in TESTS for name in re.findall(r"def (test_\w+)", path.read_text())}
LINK = re.compile(r"\]\(([^)#\s]+)(?:#([^)\s]+))?\)")


def name(path: pathlib.Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: pathlib.Path) -> None:
    for target, _ in LINK.findall(page.read_text()):
        if "://" not in target and not target.startswith("mailto:"):
            assert (page.parent / target).exists(), f"{name(page)} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_tests_that_are_named_exist(page: pathlib.Path) -> None:
    text = page.read_text()
    for path in re.findall(r"`((?:sandbox/)?tests/[\w./]+)`", text):
        assert (ROOT / path).exists(), f"{name(page)} names {path}"
    for test in re.findall(r"`(test_\w+)`", text):
        assert test in NAMES, f"{name(page)} names {test}"


def test_there_is_something_to_check() -> None:
    assert len(PAGES) > 15
    assert len(NAMES) > 500
