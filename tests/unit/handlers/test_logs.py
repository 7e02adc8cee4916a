"""Log lines, seen in a process of its own: logging is configured once."""

import json
import os
import subprocess
import sys
from typing import Any

from support.parts import ROOT

CODE = """
import structlog
from oracleapi.telemetry import configure_logging
from support.small_world import API, standard
configure_logging("DEBUG")
workers = standard().operator.workers
log = structlog.get_logger("x")
def work(key):
    log.info("One", password="canary", new_token="canary")
    log.info("Two")
workers._work = work
workers.run(API)
workers.run(API)
"""


def test_every_line_of_a_pass_names_the_object_and_carries_the_pass_s_id_and_no_secret() -> None:
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'operator'}:{ROOT / 'tests'}"}
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, env=environment, check=True)
    lines: list[dict[str, Any]] = [json.loads(line) for line in done.stderr.splitlines()]
    said = [line for line in lines if line["event"] in ("One", "Two")]
    for line in said:
        assert list(line)[:7] == ["ts", "level", "event", "kind", "namespace", "name", "reconcile_id"]
        assert (line["kind"], line["namespace"], line["name"]) == ("OracleApi", "hr", "hr")
    ids = [line["reconcile_id"] for line in said]
    assert ids == [ids[0], ids[0], ids[2], ids[2]]
    assert ids[0] != ids[2]
    assert said[0]["password"] == said[0]["new_token"] == "***"
    assert "canary" not in done.stderr
