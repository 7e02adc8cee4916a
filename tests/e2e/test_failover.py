"""Two replicas: one works; when it ends or loses its lease, the other goes on, and nothing is done twice."""

import json
import os
import pathlib
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from support.lab import NAMESPACE, RELEASE, Lab, wait_for

LIMIT_S = 180.0
"""A create whose answer was lost is looked for during 60 s before it is repeated."""


@dataclass(frozen=True)
class Replica:
    """One pod of the Deployment."""

    number: int
    port: int
    pid: int
    log: pathlib.Path

    @property
    def name(self) -> str:
        return f"{RELEASE}-{self.number}"

    def role(self) -> str:
        """Return what it says it is, "gone" where nobody answers."""
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/readyz", trust_env=False).text.strip()
        except httpx.TransportError:
            return "gone"

    def sample(self, name: str) -> float:
        """Return the sum of a metric over its labels."""
        lines = httpx.get(f"http://127.0.0.1:{self.port}/metrics", trust_env=False).text.splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith((f"{name}{{", f"{name} ")))

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()[self._first :]]

    def said(self, event: str) -> list[dict[str, Any]]:
        return [line for line in self.lines() if line["event"] == event]

    @property
    def _first(self) -> int:
        """Return where this process's lines begin: an earlier one of the same pod wrote into the same file."""
        lines = self.log.read_text().splitlines()
        return max((n for n, line in enumerate(lines) if '"event": "Standing by"' in line), default=0)


def replica(number: int, started: dict[str, Any]) -> Replica:
    return Replica(number, started["port"], started["operator_pid"], pathlib.Path(started["log"]))


@pytest.fixture
def pair(lab: Lab) -> Iterator[tuple[Replica, Replica]]:
    """A leader and its standby; afterwards the first replica works alone again."""
    leader = replica(0, json.loads((lab.folder / "operator.json").read_text()))
    wait_for("the first replica to lead", lambda: leader.role() == "leader")
    yield leader, replica(1, lab.start_operator(1))
    lab.kubectl("-n", "hr", "delete", "oapi", "--all", "--ignore-not-found", f"--timeout={LIMIT_S:.0f}s")
    if leader.role() == "gone":
        lab.start_operator()
    lab.stop_operator(replica=1)


def lease(lab: Lab) -> dict[str, Any]:
    found: dict[str, Any] = lab.get("lease", RELEASE, NAMESPACE)["spec"]
    return found


def owned(lab: Lab) -> list[str]:
    """Return the ids of the APIs in AWS that say they are of hr/hr."""
    items = lab.aws("apigatewayv2").get_apis(MaxResults="500")["Items"]
    return [i["ApiId"] for i in items if i.get("Tags", {}).get("oracleapi.dev/owner", "").endswith("/OracleApi/hr/hr")]


def until_led_by(standby: Replica) -> float:
    """Return the seconds until *standby* leads."""
    begin = time.monotonic()
    wait_for("the standby to lead", lambda: standby.role() == "leader")
    return time.monotonic() - begin


def set_faults(lab: Lab, *rules: dict[str, Any]) -> None:
    lab.http.put(f"{lab.environment['AWS_ENDPOINT_URL']}/_sandbox/faults", json=list(rules)).raise_for_status()


def test_only_the_leader_acts(lab: Lab, pair: tuple[Replica, Replica], example: dict[str, Any]) -> None:
    leader, standby = pair
    lab.apply(example)
    lab.wait_ready("oapi", "hr", "hr")
    assert standby.role() == "standby"
    assert httpx.get(f"http://127.0.0.1:{standby.port}/healthz", trust_env=False).is_success
    for name in ("oracleapi_aws_calls_total", "controller_runtime_reconcile_total"):
        assert leader.sample(name) > 0
        assert standby.sample(name) == 0
    assert (leader.sample("leader_election_master_status"), standby.sample("leader_election_master_status")) == (1, 0)
    assert lease(lab)["holderIdentity"].startswith(f"{leader.name}_")


@pytest.mark.parametrize("happens", ["the create arrives", "the create is lost"])
def test_a_leader_killed_in_a_create_leaves_no_twin(
    lab: Lab, pair: tuple[Replica, Replica], example: dict[str, Any], happens: str
) -> None:
    _, standby = pair
    rule: dict[str, Any] = {"operation": "*:CreateApi", "delay_ms": 1000, "times": 1}
    set_faults(lab, rule if happens == "the create arrives" else {**rule, "drop_before": True})
    lab.apply(example)
    wait_for("the intent", lambda: lab.get("oapi", "hr", "hr").get("status", {}).get("intents"))
    lab.stop_operator(kill=True)
    seconds = until_led_by(standby)
    print(f"failover after kill -9 in a create ({happens}): {seconds:.1f} s")
    wait_for("the API to be Ready", lambda: lab.condition("oapi", "hr", "hr").get("status") == "True", LIMIT_S)
    assert owned(lab) == [lab.get("oapi", "hr", "hr")["status"]["apiId"]]
    assert [line["holder"].split("_")[0] for line in standby.said("Took over a lease that was not released")] == [
        f"{RELEASE}-0"
    ]
    set_faults(lab)


def test_sigterm_waits_for_the_pass_in_flight_and_hands_over(
    lab: Lab, pair: tuple[Replica, Replica], example: dict[str, Any]
) -> None:
    leader, standby = pair
    set_faults(lab, {"operation": "*:CreateApi", "delay_ms": 3000, "times": 1})
    lab.apply(example)
    wait_for("the intent", lambda: lab.get("oapi", "hr", "hr").get("status", {}).get("intents"))
    before = lease(lab)["leaseTransitions"]
    for _ in range(3):  # impatience changes nothing
        os.kill(leader.pid, signal.SIGTERM)
    wait_for("the leader to stop", lambda: leader.role() in ("stopping", "gone"))
    wait_for("the leader's end", lambda: leader.role() == "gone")
    seconds = until_led_by(standby)
    assert leader.said("Stopping")[0]["passes"] >= 1
    assert [line["event"] for line in leader.lines() if line["level"] in ("error", "critical")] == []
    assert leader.lines()[-1]["event"] == "Stopped"
    assert standby.said("Took over a lease that was not released") == []
    print(f"hand-over after SIGTERM: {seconds:.1f} s after the leader's end")
    assert lab.get("oapi", "hr", "hr")["status"].get("apiId"), "the answer in flight was not waited for"
    lab.wait_ready("oapi", "hr", "hr")
    assert len(owned(lab)) == 1
    assert lease(lab)["leaseTransitions"] == before + 1
    set_faults(lab)


def test_a_leader_that_lost_its_lease_ends_at_once(lab: Lab, pair: tuple[Replica, Replica]) -> None:
    leader, standby = pair
    lab.kubectl(
        "-n", NAMESPACE, "patch", "lease", RELEASE, "--type=merge", "-p", '{"spec": {"holderIdentity": "somebody"}}'
    )
    wait_for("the leader's end", lambda: leader.role() == "gone")
    (said,) = leader.said("Lease lost; ending at once")
    assert said["reason"] == "another candidate holds the lease"
    assert leader.said("Stopped") == []
    until_led_by(standby)


def test_a_leader_that_cannot_renew_ends_before_another_may_lead(lab: Lab, pair: tuple[Replica, Replica]) -> None:
    """Withdraw the right to the lease: neither replica can hold it, and the leader ends before its lease does."""
    leader, standby = pair
    binding = json.loads(lab.kubectl("-n", NAMESPACE, "get", "rolebinding", RELEASE, "-o", "json"))
    lab.kubectl("-n", NAMESPACE, "delete", "rolebinding", RELEASE)
    try:
        wait_for("the leader's end", lambda: leader.role() == "gone")
        (said,) = leader.said("Lease lost; ending at once")
        assert said["reason"] == "not renewed for 10 s"
        assert standby.role() == "standby"
    finally:
        fresh = {name: binding["metadata"][name] for name in ("name", "namespace", "labels", "annotations")}
        lab.apply({**binding, "metadata": fresh})
    until_led_by(standby)
