"""Modes as a user meets them: kubectl shows the plan and how to approve it; Report shows drift and repairs nothing."""

from collections.abc import Iterator
from typing import Any

import pytest

from support.lab import Lab

READS = ("Get", "List", "Describe", "Export", "Filter")


@pytest.fixture
def example_in(lab: Lab, example: dict[str, Any]) -> Iterator[Any]:
    """Apply the example with a mode; it is deleted afterwards."""

    def apply(mode: str) -> None:
        lab.apply({**example, "spec": {**example["spec"], "mode": mode}})

    yield apply
    lab.kubectl("-n", "hr", "delete", "oapi", "hr", "--ignore-not-found", "--timeout=90s")


def _writes(lab: Lab, since: int) -> list[str]:
    return [call["operation"] for call in lab.aws_calls()[since:] if not call["operation"].startswith(READS)]


def test_a_plan_is_shown_approved_and_carried_out(lab: Lab, example_in: Any) -> None:
    since = len(lab.aws_calls())
    example_in("Approve")
    lab.wait_reason("oapi", "hr", "PlanWaiting", "hr")
    status = lab.get("oapi", "hr", "hr")["status"]
    described = lab.kubectl("-n", "hr", "describe", "oapi", "hr")
    assert status["plan"]["hash"] in described
    assert status["plan"]["summary"] in described
    assert _writes(lab, since) == []
    assert "apiId" not in status
    approval = f"oracleapi.dev/approved-plan={status['plan']['hash']}"
    assert approval in described
    lab.kubectl("-n", "hr", "annotate", "oracleapi", "hr", "--overwrite", approval)
    found = lab.wait_ready("oapi", "hr", "hr")["status"]
    assert "plan" not in found
    assert "CreateApi" in _writes(lab, since)


def test_report_shows_drift_and_repairs_nothing(lab: Lab, example_in: Any) -> None:
    example_in("Enforce")
    api_id = lab.wait_ready("oapi", "hr", "hr")["status"]["apiId"]
    example_in("Report")
    gateway = lab.aws("apigatewayv2")
    route = gateway.get_routes(ApiId=api_id, MaxResults="500")["Items"][0]
    gateway.delete_route(ApiId=api_id, RouteId=route["RouteId"])
    since = len(lab.aws_calls())
    status = lab.reconcile("oapi", "hr", "hr")["status"]
    conditions = {found["type"]: found["status"] for found in status["conditions"]}
    assert (conditions["Ready"], conditions["Drifted"]) == ("False", "True")
    assert [(one["object"], one["field"]) for one in status["drift"]] == [(f"route {route['RouteKey']}", "existence")]
    assert status["plan"]["actions"]
    assert _writes(lab, since) == []
    example_in("Enforce")
    lab.wait_ready("oapi", "hr", "hr")
