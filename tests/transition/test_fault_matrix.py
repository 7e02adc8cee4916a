"""Every operation failing in every way it is known to fail: it converges, or says what an administrator must do.

Faults are raised as the drivers raise them and pass through the adapters' own tables, so a row that classifies a fault
wrongly shows here as a wrong end.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from oracleapi.api import reasons
from support import rotations
from support.crashes import Call, Outside
from support.faults import FAULTS, Fault
from support.history import History
from support.scenarios import SCENARIOS, Scenario, undisturbed
from support.small_world import SmallWorld
from support.worlds import events

HEAL_S = 1500.0
"""Long enough for the longest rest: credentials that were refused twice rest for a quarter of an hour."""

ROUND_S = 330.0
"""Long enough for a routine check of everything while a fault lasts, and after it."""

OPERATIONS = [name for name in SCENARIOS if name not in ("change of a binding", "delete everything guarded")]
"""Those two make no call that another one does not make."""


OF_A_ROTATION = frozenset({"rotated", "logins", "workloads"})
"""Parts that nothing but a rotation asks."""
ROTATIONS = frozenset(name for name in OPERATIONS if SCENARIOS[name].apis == 0)
LASTS = {"once": 0.0, "for 90 s": 90.0}


def cases(faults: Iterable[str]) -> list[tuple[str, str]]:
    """Return (scenario, fault) of each of *faults* in each scenario that makes calls which meet it."""
    return [
        (name, fault)
        for name, fault in itertools.product(OPERATIONS, faults)
        if name in ROTATIONS or FAULTS[fault].part not in OF_A_ROTATION
    ]


def operations(calls: list[Call], part: str) -> Iterator[str]:
    """Yield the names of the operations of *part* that a scenario uses."""
    names = dict.fromkeys(call.name for call in calls if call.part == part)
    return iter(name for name in names if name != "record_event")


def failing(world: SmallWorld, fault: Fault, name: str, lasts_s: float) -> Outside:
    """Let the operation fail from its first call on, for *lasts_s*."""
    began: list[float] = []

    def meet(call: Call, go: Callable[[], Any]) -> Any:
        if call.part != fault.part or call.name != name:
            return go()
        if not began:
            began.append(world.clock.time)
        elif world.clock.time - began[0] >= lasts_s:
            return go()
        return fault.strike(call, go)

    return Outside(world, meet)


def well(world: SmallWorld) -> bool:
    """Say whether every object is Ready, and nothing of it unknown."""
    conditions = [each for found in world.kube.objects.values() for each in found["status"].get("conditions", [])]
    return said(world) == [] and not any(found["status"] == "Unknown" for found in conditions)


def converge(scenario: Scenario, fault: Fault, name: str, lasts_s: float) -> None:
    world = scenario.start()
    history = History(world)
    failing(world, fault, name, lasts_s)
    scenario.act(world)
    world.settle(2 * ROUND_S)  # some calls come in routine checks only
    until(world, lambda: well(world))
    history.check(drains=scenario.drains, told=fault.part != "cluster")
    assert events(world, reasons.INTERNAL_ERROR) == []
    creates = [world.backends.aws.calls.count(found) for found in ("CreateApi", "CreateVpcLink")]
    happened = fault.after or name not in ("create_api", "create_link")
    if happened:
        assert creates == [scenario.apis, scenario.links], "something was made twice"
    scenario.check(world)


@pytest.mark.parametrize("lasts", LASTS)
@pytest.mark.parametrize(("name", "fault"), cases(FAULTS))
def test_every_operation_recovers_from_every_fault(
    name: str, fault: str, lasts: str, record_property: Callable[[str, object], None]
) -> None:
    scenario, kind = SCENARIOS[name], FAULTS[fault]
    names = list(operations(undisturbed(scenario), kind.part))
    record_property("cases", len(names))
    faults: list[str] = []
    for operation in names:
        try:
            converge(scenario, kind, operation, LASTS[lasts])
        except Exception as error:  # every case is told, not only the first
            faults.append(f"{operation}: {type(error).__name__}: {str(error).partition(chr(10))[0][:200]}")
    assert not faults, f"{len(faults)} of {len(names)} operations:\n" + "\n".join(faults)


LASTING = {
    "aws denied": (reasons.AWS_ACCESS_DENIED, "grant"),
    "aws expired token": (reasons.CREDENTIALS_MISSING, "credentials"),
    "aws 503": (reasons.AWS_UNAVAILABLE, "AWS"),
    "oracle ORA-01017": (reasons.LOGIN_DENIED, "Secret"),
    "oracle ORA-28000": (reasons.LOGIN_DENIED, "a DBA unlocks it"),
    "oracle ORA-01031": (reasons.PRIVILEGES_MISSING, "docs/database.md"),
    "oracle ORA-12541": (reasons.DATABASE_UNREACHABLE, "spec.connection.host"),
    "ords away": (reasons.ORDS_UNREACHABLE, ""),
    "provider away": (reasons.DISCOVERY_FAILED, ""),
    "secret denied": (reasons.AWS_ACCESS_DENIED, "grant"),
    "secret expired token": (reasons.CREDENTIALS_MISSING, "credentials"),
    "secret 500": (reasons.AWS_UNAVAILABLE, "AWS"),
    "account ORA-28000": (reasons.ACCOUNT_LOCKED, "ACCOUNT UNLOCK"),
    "account ORA-01045": (reasons.PRIVILEGES_MISSING, "GRANT CREATE SESSION TO HR_APP"),
    "account ORA-12541": (reasons.DATABASE_UNREACHABLE, "spec.connection.host"),
    "workload away": (reasons.DEPENDENCY_NOT_READY, "no answer"),
    "workload forbidden": (reasons.RBAC_MISSING, "rotation.namespaces"),
}


FIRST = {
    "aws": "list_apis", "oracle": "facts", "ords": "status", "oidc": "discover", "rotated": "describe",
    "logins": "prove", "workloads": "write_secret",
}  # fmt: skip
OF_ROTATIONS = ("rotated", "logins", "workloads")


def until(world: SmallWorld, condition: Callable[[], bool]) -> None:
    """Let *world* go on until *condition* holds, :data:`HEAL_S` at most."""
    end = world.clock.time + HEAL_S
    while world.clock.time < end and not condition() and (due := world.operator.queue.next_s()) is not None:
        world.settle(max(100.0, due))


def said(world: SmallWorld) -> list[tuple[str, str]]:
    """Return (reason, message) of Ready of every object that is not Ready."""
    return [
        (found["reason"], found["message"])
        for resource in world.kube.objects.values()
        for found in resource["status"].get("conditions", [])
        if found["type"] == "Ready" and found["status"] != "True"
    ]


def told(world: SmallWorld, fault: str, operation: str) -> bool:
    """Say whether the world tells of a lasting fault, and of its cure."""
    reason, cure = LASTING[fault]
    if operation == "invoke":  # tells of the network, and nothing waits for it
        return (
            said(world) == []
            and cure in world.told("NetworkReady")
            and world.condition("NetworkReady") == ("Unknown", reasons.NO_PROBE_PATH)
        )
    if operation == "tag":  # of a secret that is left: that is told, and nothing waits for it
        return bool(events(world, reasons.LEFT_OUTSIDE))
    if fault == "aws 503" and operation in ("create_api", "create_link"):
        reason, cure = reasons.CREATE_UNCERTAIN, ""
    return any(said_reason == reason and cure in text for said_reason, text in said(world))


@pytest.mark.parametrize(("name", "fault"), cases(LASTING))
def test_a_lasting_fault_says_what_an_administrator_must_do(name: str, fault: str) -> None:
    scenario, kind = SCENARIOS[name], FAULTS[fault]
    for operation in operations(undisturbed(scenario), kind.part):
        world = scenario.start()
        history = History(world)
        outside = failing(world, kind, operation, float("inf"))
        scenario.act(world)
        world.settle(ROUND_S)
        until(world, lambda world=world, operation=operation: told(world, fault, operation))
        history.check(drains=scenario.drains)
        assert told(world, fault, operation), (operation, said(world))
        outside.meet = None
        until(world, lambda world=world: well(world))
        world.settle(ROUND_S)
        scenario.check(world)


def test_what_is_said_of_a_fault_stays_the_same_while_it_lasts() -> None:
    """A message that changed with every try would write a status each time."""
    for fault in LASTING:
        rotating = FAULTS[fault].part in OF_ROTATIONS
        world = rotations.unborn(secret=rotations.KUBERNETES) if rotating else SCENARIOS["create"].start()
        failing(world, FAULTS[fault], FIRST[FAULTS[fault].part], 1e9)
        world.settle(120)
        world.kube.writes.clear()
        world.settle(3600)
        assert world.kube.writes == [], fault
