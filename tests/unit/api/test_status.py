"""The double of the API server tells a status that a real one would prune or refuse."""

from typing import Any

import pytest

from support.schemas import status_faults

CONDITION = {
    "type": "Ready",
    "status": "True",
    "reason": "Succeeded",
    "message": "m",
    "lastTransitionTime": "2026-01-01T00:00:00Z",
}


def test_what_fits_has_no_fault() -> None:
    plan = {"hash": "a", "summary": "1 create", "actions": [{"on": "aws", "verb": "create", "calls": 1}]}
    assert status_faults("OracleApi", {"observedGeneration": -1, "conditions": [CONDITION], "plan": plan}) == []


@pytest.mark.parametrize(
    ("status", "fault"),
    [
        ({"color": "red"}, "status.color is unknown"),
        ({"plan": {"cost": 1}}, "status.plan.cost is unknown"),
        ({"conditions": [{**CONDITION, "status": "Maybe"}]}, "status.conditions[].status may not be 'Maybe'"),
        ({"conditions": [{"type": "Ready"} | {"status": "True"}]}, "status.conditions[].reason is missing"),
        ({"conditions": [CONDITION] * 17}, "status.conditions has 17 items"),
        ({"apiId": "x" * 65}, f"status.apiId is too long: {'x' * 65}"),
        ({"publicRoutes": "1"}, "status.publicRoutes is no integer: '1'"),
    ],
)
def test_what_does_not_fit_is_told(status: dict[str, Any], fault: str) -> None:
    assert fault in status_faults("OracleApi", status)
