"""Data of servers whose state folder is gone goes, and nobody else's."""

import json
from pathlib import Path

import pytest

from oracleapi_sandbox.oracle.engine.postgres import _sweep


@pytest.mark.parametrize(
    ("remembered", "stays"), [("one", True), ("another", False), (None, False)], ids=["lives", "began anew", "is gone"]
)
def test_data_goes_with_the_state_folder_that_it_belongs_to(
    tmp_path: Path, remembered: str | None, stays: bool
) -> None:
    cache, state = tmp_path / "cache", tmp_path / "state"
    for folder in (cache / "one.data", cache / "one", state):
        folder.mkdir(parents=True)
    (cache / "one.data" / "PG_VERSION").write_text("17")
    (cache / "one.owner").write_text(str(state))
    if remembered is not None:
        (state / "postgres.state.json").write_text(json.dumps({"id": remembered}))
    _sweep(cache)
    assert sorted(path.name for path in cache.iterdir()) == (["one", "one.data", "one.owner"] if stays else [])
