"""Callers at 50 requests a second during random changes of several routes: none fails, none meets half a change.

``ORACLEAPI_CHANGES`` sets the number of changes (6 by default).
"""

import copy
import os
import random
from typing import Any

import pytest

from support.crowd import Crowd
from support.lab import Lab, wait_for

CHANGES = int(os.environ.get("ORACLEAPI_CHANGES", "6"))
STEADY = ["employees", "employees/101", "health"]


def changed(api: dict[str, Any], number: int, dice: random.Random) -> dict[str, Any]:
    """Return *api* with another pair of routes and some random differences in what stays."""
    found = copy.deepcopy(api)
    routes = [route for route in found["spec"]["routes"] if not route["name"].startswith("pair-")]
    for name in ("a", "b"):
        source = {"type": "Item", "source": "select 1 as one from dual"}
        routes.append(
            {"name": f"pair-{name}", "method": "GET", "path": f"/{name}{number}", "handler": source,
             "scope": dice.choice(["hr.read", "hr.write"])}
        )  # fmt: skip
    for route in routes:
        if route["name"] in ("list-employees", "get-employee"):
            route["scope"] = dice.choice(["hr.read", "hr.write"])
        if dice.random() < 0.5:
            route["timeoutMilliseconds"] = dice.choice([5000, 10000, 29000])
        if dice.random() < 0.3:
            route["throttle"] = {"requestsPerSecond": dice.randint(200, 300), "burst": 400}
        elif route["name"] != "create-employee":
            route.pop("throttle", None)
    found["spec"]["routes"] = dice.sample(routes, len(routes))
    return found


def run(lab: Lab, example: dict[str, Any], changes: int, seed: int) -> Crowd:
    """Apply *changes* one after the other, each as soon as the gateway has the one before, under a crowd."""
    dice = random.Random(seed)  # noqa: S311 - the same changes each time
    api = copy.deepcopy(example)
    lab.apply(api)
    endpoint = lab.wait_ready("oapi", "hr", "hr")["status"]["endpoint"]
    token = lab.token(scope="hr.read hr.write")
    with Crowd(lab, endpoint, [f"/hr/v1/{path}" for path in STEADY], token, 50) as crowd:
        for number in range(changes):
            api = changed(api, number, dice)
            lab.apply(api)
            crowd.pairs.append((f"/hr/v1/a{number}", f"/hr/v1/b{number}"))
            wait_for("the new pair to be met", lambda: len(crowd.pairs_met) == len(crowd.pairs) or crowd.faults)
            if crowd.faults:
                break
    return crowd


def test_nobody_meets_half_a_change(lab: Lab, api: dict[str, Any], example: dict[str, Any]) -> None:
    before = lab.aws_calls()[-1]["seq"]
    crowd = run(lab, example, CHANGES, 1)
    assert crowd.faults == [], f"{len(crowd.faults)} of {crowd.sent}"
    assert len(crowd.pairs_met) == CHANGES
    made = [call["operation"] for call in lab.aws_calls(before)]
    assert made.count("CreateDeployment") >= CHANGES
    print(f"{CHANGES} changes, {crowd.sent} requests, {crowd.sent / crowd.seconds:.0f} a second: {dict(crowd.seen)}")


@pytest.mark.parametrize(
    "switch",
    [
        {"autodeploy_on_publishes": False},
        {"autodeploy_on_publishes": True},
        {"deployment_quota_covers_v2": True, "quotas": "real"},
    ],
    ids=["turning on does not publish", "turning on publishes", "deployments are slow"],
)
def test_nobody_meets_half_a_change_under_either_answer(
    switches: Lab, api: dict[str, Any], example: dict[str, Any], switch: dict[str, Any]
) -> None:
    switches.set_aws(**switch)
    crowd = run(switches, example, 2, 2)
    assert crowd.faults == [], f"{len(crowd.faults)} of {crowd.sent}"
    assert len(crowd.pairs_met) == 2


def test_a_publication_that_a_kill_left_open_is_finished(
    lab: Lab, api: dict[str, Any], example: dict[str, Any]
) -> None:
    """Callers meet the version before until everything is there."""
    gateway, api_id = lab.aws("apigatewayv2"), api["status"]["apiId"]
    lab.stop_operator(kill=True)
    gateway.update_stage(ApiId=api_id, StageName="$default", AutoDeploy=False)
    routes = {item["RouteKey"]: item["RouteId"] for item in gateway.get_routes(ApiId=api_id)["Items"]}
    gateway.delete_route(ApiId=api_id, RouteId=routes["GET /hr/v1/employees"])
    url, token = f"{api['status']['endpoint']}/hr/v1/employees", lab.token()
    assert lab.call("GET", url, token).status_code == 200
    lab.start_operator()
    wait_for("auto-deploy", lambda: gateway.get_stage(ApiId=api_id, StageName="$default")["AutoDeploy"])
    assert lab.call("GET", url, token).status_code == 200
    assert "GET /hr/v1/employees" in {item["RouteKey"] for item in gateway.get_routes(ApiId=api_id)["Items"]}
