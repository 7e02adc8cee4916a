"""Rotations through the whole sandbox: nobody notices, nothing is half done, and no password shows."""

import os
from collections.abc import Iterator
from typing import Any

import oracledb
import pytest

from support.guarded_api import run
from support.lab import Lab, wait_for
from support.load import Caller, Load
from support.rotation_lab import ACCOUNT, RIGHTS, TWIN, Reader, Rotating, log_in, rotating_lab, running_pods

TURNS = int(os.environ.get("ORACLEAPI_ROTATIONS", "3"))
"""How often each strategy rotates; 20 for the figures of docs/rotation.md."""
KUBERNETES = {"kubernetesSecret": {"name": "hr-app-db"}}
APP = [{"kind": "Deployment", "name": "app"}]


@pytest.fixture
def rotating(lab: Lab) -> Iterator[Rotating]:
    with rotating_lab(lab) as found:
        yield found


@pytest.fixture
def may_grant(lab: Lab, rotating: Rotating) -> None:
    """Give the operator what DualUser needs."""
    run(lab, f"grant {', '.join(RIGHTS)} to oracleapi_operator")


def caller(lab: Lab, url: str) -> Caller:
    token = lab.token()
    return Caller("reader", lambda: lab.call("GET", url, token), lambda a: "200" if a.status_code == 200 else None)


def secret(rotating: Rotating, **more: Any) -> dict[str, Any]:
    return {"accountRef": {"name": "main"}, "name": rotating.secret, **more}


@pytest.mark.usefixtures("may_grant")
@pytest.mark.parametrize("strategy", ["Rollover", "DualUser"])
def test_nobody_notices(lab: Lab, api: dict[str, Any], rotating: Rotating, strategy: str) -> None:
    rotating.apply(strategy=strategy, secret=secret(rotating, **KUBERNETES), consumers=APP)
    lab.wait_ready("srot", "hr-app", "hr")
    url = f"{api['status']['endpoint']}/hr/v1/employees"
    with running_pods(lab) as pods:
        wait_for("the first pod to run", lambda: pods.seen)
        with Load([caller(lab, url)], 50) as load, Reader(rotating) as reader:
            for _ in range(TURNS):
                before = rotating.current()
                assert rotating.rotate()["result"] == "Succeeded"
                after = rotating.current()
                assert after["password"] != before["password"]
                assert after["username"] == (ACCOUNT if strategy == "Rollover" else other(before["username"]))
            load.pass_by(("reader", "200"))
    assert (load.wrong, reader.failures, pods.failures) == ([], [], [])
    assert pods.seen[-1] == after["password"]
    assert len(set(pods.seen)) == TURNS + 1
    assert len(reader.users) > TURNS
    lab.wait_ready("srot", "hr-app", "hr")
    if strategy == "Rollover":
        with pytest.raises(oracledb.DatabaseError, match="ORA-01017"):
            log_in(lab, before["username"], before["password"])  # consumers moved: the old one ended


def other(account: str) -> str:
    return TWIN if account == ACCOUNT else ACCOUNT
