"""What is costly to make is made once, complete or not at all."""

import io
import threading
from pathlib import Path

import pytest

from oracleapi_sandbox.cluster.cache import cache_folder, cached
from oracleapi_sandbox.cluster.progress import Progress


def quiet() -> Progress:
    return Progress(io.StringIO())


def test_the_cache_follows_xdg_cache_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert cache_folder() == tmp_path / "cache" / "oracle-api-operator"
    assert cache_folder().is_dir()


def test_two_that_ask_at_once_make_it_once(tmp_path: Path) -> None:
    making, go_on, made, found = threading.Event(), threading.Event(), [], []

    def make(workshop: Path) -> Path:
        making.set()
        assert go_on.wait(20)
        made.append(workshop)
        (workshop / "thing").write_text("whole")
        return workshop / "thing"

    said = io.StringIO()
    askers = [threading.Thread(target=lambda: found.append(cached(tmp_path / "t", make, Progress(said)))) for _ in "ab"]
    askers[0].start()
    assert making.wait(20)
    askers[1].start()
    while "waiting for it" not in said.getvalue():
        askers[1].join(0.01)
    assert not (tmp_path / "t").exists()
    go_on.set()
    for asker in askers:
        asker.join(20)
    assert len(made) == 1
    assert found == [tmp_path / "t"] * 2
    assert (tmp_path / "t").read_text() == "whole"


def test_a_failed_attempt_leaves_nothing_and_can_be_repeated(tmp_path: Path) -> None:
    def fail(workshop: Path) -> Path:
        (workshop / "thing").write_text("half")
        raise RuntimeError("no")

    def make(workshop: Path) -> Path:
        (workshop / "thing").write_text("whole")
        return workshop / "thing"

    with pytest.raises(RuntimeError):
        cached(tmp_path / "t", fail, quiet())
    assert [path.name for path in tmp_path.iterdir()] == [".t.lock"]
    assert cached(tmp_path / "t", make, quiet()).read_text() == "whole"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_long_step_is_redrawn_on_a_terminal() -> None:
    stream = Terminal()
    progress = Progress(stream)
    progress.tick("cluster", "compiled 1")
    progress.tick("cluster", "compiled 2")
    progress.say("cluster", "done")
    assert stream.getvalue().count("\n") == 1
    assert stream.getvalue().rstrip("\n").rpartition("\r")[2].endswith("cluster: done")


def test_without_a_terminal_ticks_do_not_flood() -> None:
    stream = io.StringIO()
    progress = Progress(stream)
    for number in range(1000):
        progress.tick("cluster", f"compiled {number}")
    progress.say("cluster", "done")
    assert stream.getvalue().splitlines() == ["[   0 s] cluster: done"]
