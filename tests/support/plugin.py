"""``kubectl oracleapi`` as a user of a lab runs it."""

import json
import os
import pathlib
import subprocess
from typing import Any

from support.lab import PYTHON, Lab

COMMAND = PYTHON.with_name("kubectl-oracleapi")


class Cli:
    """The plugin as a user of the lab's cluster runs it."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        kubectl = pathlib.Path(lab.environment["SANDBOX_KUBECTL"])
        path = os.pathsep.join([str(COMMAND.parent), str(kubectl.parent), os.environ["PATH"]])
        self.environment = {**os.environ, **lab.environment, "PATH": path, "KUBECTL": str(kubectl), "COLUMNS": "120"}
        self.plugin = [str(kubectl), "oracleapi"]

    def run(self, *arguments: str, code: int = 0, **environment: str) -> str:
        done = subprocess.run(
            [*self.plugin, *arguments],
            env={**self.environment, **environment}, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout if done.returncode == 0 or done.stdout else done.stderr

    def data(self, *arguments: str, code: int = 0) -> Any:
        return json.loads(self.run(*arguments, "-o", "json", code=code))
