"""Every call to the outside, interfered with in every way, in every scenario: the end is what it would have been.

The cases are generated from the calls that an undisturbed run makes, reads included. Each ends with one API, one link
and one set of modules (or nothing), nothing half made, no second write at rest, and callers never met an open route.
"""

from collections.abc import Callable
from typing import get_type_hints

import pytest

from oracleapi.ports import Backends
from support.crashes import HOWS, PORTS, Ended, How, Outside, doubles, methods
from support.history import History
from support.scenarios import LONG_S, SCENARIOS, Scenario, undisturbed
from support.small_world import SmallWorld
from support.worlds import events

BY_USERS = {
    "cluster": {"apply", "delete", "status"},
    "secrets": {"put"},
    "iam": {"make_role", "make_policy", "attach", "detach"},
    "rotated": {"put", "current"},
    "workloads": {"add", "finish"},
}
"""What a double offers besides its port: acts of users and looks of tests."""


def test_no_way_to_the_outside_is_left_unwatched() -> None:
    opened = {get_type_hints(getattr(Backends, name))["return"] for name in methods(Backends)}
    assert opened <= set(PORTS.values())
    found = doubles(SmallWorld(start=False))
    assert {part: methods(type(double)) - BY_USERS.get(part, set()) for part, double in found.items()} == {
        part: methods(port) for part, port in PORTS.items()
    }


def disturbed(scenario: Scenario, number: int, how: How) -> bool:
    """Run *scenario* with call *number* interfered with, and check its end; says whether there was such a call.

    Delays are jittered: one run may make a call or two less than another.
    """
    world = scenario.start()
    history, outside = History(world), Outside(world)
    outside.crash(number, how)
    scenario.act(world)
    try:
        world.settle(LONG_S)
    except Ended:
        world.restart()
        world.settle(LONG_S)
    said = [found for key in world.kube.objects for found in world.kube.status(*key).get("conditions", [])]
    if any(found["status"] == "Unknown" for found in said):
        world.settle(LONG_S)  # it happened in the last check that came
    history.check(drains=scenario.drains)
    creates = [world.backends.aws.calls.count(name) for name in ("CreateApi", "CreateVpcLink")]
    assert creates == [scenario.apis, scenario.links], "something was made twice, or not at all"
    assert events(world, "InternalError") == []
    reached, outside.meet = len(outside.calls) > number, None
    scenario.check(world)
    return reached


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("name", SCENARIOS)
def test_whatever_happens_at_any_call_the_end_is_right(
    name: str, how: How, record_property: Callable[[str, object], None]
) -> None:
    scenario = SCENARIOS[name]
    calls = undisturbed(scenario)
    assert len(calls) > 10
    record_property("cases", len(calls))
    faults: list[str] = []
    reached = 0
    for call in calls:
        try:
            reached += disturbed(scenario, call.number, how)
        except Exception as error:  # every case is told, not only the first
            faults.append(f"{call.number} {call}: {type(error).__name__}: {str(error).partition(chr(10))[0][:160]}")
    assert not faults, f"{len(faults)} of {len(calls)} cases:\n" + "\n".join(faults)
    assert reached > 0.9 * len(calls)
