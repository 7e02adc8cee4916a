"""What one rotation of a password costs, by strategy, and what a check costs while none is due."""

import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

from calls import Watcher

from support.guarded_api import run
from support.lab import Lab
from support.rotation_lab import ACCOUNT, RIGHTS, TWIN, rotating_lab

HEADER = (
    "## One rotation\n\n"
    "No consumers and no Kubernetes Secret, the account was rotated once before; asked for by annotation, which is not"
    " counted. Each statement as an account is a log-on of its own, with which also the password is changed.\n\n"
    "| what | Secrets Manager calls | statements of the operator | statements as an account | writes of the object |"
    " seconds |\n|---|---|---|---|---|---|"
)


@dataclass
class Cost:
    """What happened while one rotation, or one check, was asked for and ended."""

    name: str
    secrets: list[str]
    operator: int
    accounts: int
    writes: int
    seconds: float

    def row(self) -> str:
        seconds = f"{self.seconds:.1f}"
        return f"| {self.name} | {len(self.secrets)} | {self.operator} | {self.accounts} | {self.writes} | {seconds} |"

    def listed(self) -> str:
        return f"- {self.name}: " + ", ".join(f"{each} × {count}" for each, count in Counter(self.secrets).items())


def section(lab: Lab) -> list[str]:
    """Return the section about rotations."""
    costs = []
    for strategy in ("Rollover", "DualUser", "Single"):
        with rotating_lab(lab) as rotating:
            run(lab, f"grant {', '.join(RIGHTS)} to oracleapi_operator")
            rotating.apply(strategy=strategy)
            lab.wait_ready("srot", "hr-app", "hr")
            rotating.rotate()
            watch = Watcher(lab, "secretrotations")
            costs.append(measure(lab, watch, strategy, rotating.rotate))
            costs.append(measure(lab, watch, f"{strategy}, a check", lambda: lab.reconcile("srot", "hr-app", "hr")))
    return [HEADER, *(cost.row() for cost in costs), "", *(cost.listed() for cost in costs), ""]


def measure(lab: Lab, watch: Watcher, name: str, act: Any) -> Cost:
    calls, statements, writes = lab.aws_calls(), lab.statements(), watch.changes
    begin = time.monotonic()
    act()
    seconds = time.monotonic() - begin
    made = [each for each in lab.aws_calls(calls[-1]["seq"]) if each["caller"] != "root"]
    sent = [each["user"] for each in lab.statements(statements[-1]["seq"]) if each["kind"] != "CONTROL"]
    return Cost(
        name,
        [each["operation"] for each in made if each["service"] == "secretsmanager"],
        sent.count("ORACLEAPI_OPERATOR"),
        sum(each in (ACCOUNT, TWIN) for each in sent),
        watch.changes - writes - 1,  # the request
        seconds,
    )
