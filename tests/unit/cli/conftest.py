"""Commands run in this process, against a kubectl that answers with fixture objects."""

import pytest

from support.cli_world import Run
from support.cli_world import runner as make_runner


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return make_runner(monkeypatch, capsys)
