"""Looks at every call of a rotation to the outside: what it may never do, whatever people and faults do meanwhile."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from oracleapi.model.rotation import CURRENT, PENDING, PREVIOUS
from oracleapi.runtime.store import Key
from support.crashes import Call, Ended, How, Meet, Outside, lost
from support.faults import Fault
from support.rotations import NAME, ROTATION, SINGLE, accounts, secrets
from support.small_world import SmallWorld

CHANGING = frozenset(
    {
        "create", "put_pending", "make_current", "change", "end_rollover", "CreateTwin", "SetPassword", "EndRollover",
        "Equalize",
    }
)  # fmt: skip
"""Calls of a rotation that has begun."""
OURS = 36
"""Characters of a version's id that the operator chose."""


@dataclass(frozen=True)
class Look:
    """What there was at a moment."""

    labels: Mapping[str, str]
    works: bool
    previous: str | None
    locked: frozenset[str]


class Watch:
    """Watches a world's rotation.

    ``tampered`` is set from an act of people's on until what readers get is again the password that the account has,
    and not only the one that a rollover keeps. ``wrong`` tells what must not have been.
    """

    def __init__(self, world: SmallWorld) -> None:
        self.world, self.tampered = world, True
        self._proven = False  # nobody acted since the last log-on that proved a password
        self._described: str | None = None  # what the operator knows as the current version
        self._seen = set[tuple[str, str]]()  # names with passwords that were seen to work
        self.wrong: list[str] = []
        self.calls: list[str] = []
        self._armed: list[tuple[int, Meet]] = []
        self._running: Key | None = None
        Outside(world, self._met)
        self._run = world.run
        world.run = self._run_named  # type: ignore[method-assign]

    # what interferes -------------------------------------------------------------------------------------------

    def arm(self, ahead: int, meet: Meet) -> None:
        """Let *meet* have the calls of the rotation after *ahead* others, until it is disarmed."""
        self._armed.append((len(self.calls) + ahead, meet))

    def disarm(self, meet: Meet | None = None) -> None:
        """Take one interference away, or all."""
        self._armed = [each for each in self._armed if meet is not None and each[1] != meet]

    def crash(self, ahead: int, how: How) -> None:
        """End the process at a call, or lose its answer; a pass whose process is to end by SIGTERM ends first."""

        def meet(call: Call, go: Callable[[], Any]) -> Any:
            self.disarm(meet)
            if how == "killed before":
                raise Ended
            answer = go()
            if how == "answer lost" and call.name != "record_event":
                raise lost(call)
            if how in ("killed after", "SIGTERM"):
                raise Ended
            return answer

        self.arm(ahead, meet)

    def meanwhile(self, ahead: int, act: Callable[[], None]) -> None:
        """Let *act* come right before a call."""

        def meet(_: Call, go: Callable[[], Any]) -> Any:
            self.disarm(meet)
            act()
            self.spoilt()
            return go()

        self.arm(ahead, meet)

    def fault(self, ahead: int, fault: Fault, lasts_s: float) -> None:
        began = list[float]()

        def meet(call: Call, go: Callable[[], Any]) -> Any:
            if call.part != fault.part or call.name == "record_event":
                return go()
            began.append(self.world.clock.time)
            if began[-1] - began[0] > lasts_s:
                self.disarm(meet)
                return go()
            return fault.strike(call, go)

        self.arm(ahead, meet)

    def spoilt(self) -> None:
        """Note that a person acted: what readers get may be wrong, and log-ons that are refused count from here."""
        self.tampered, self._proven = True, False
        self.asked()

    def asked(self) -> None:
        """Note that a person wants what was refused to be tried again: somebody logged in properly meanwhile."""
        for found in accounts(self.world).values():
            found.failures = 0

    def _run_named(self, key: Key) -> None:
        self._running = key
        self._run(key)

    def _met(self, call: Call, go: Callable[[], Any]) -> Any:
        if self._running != ROTATION:
            return go()
        number = len(self.calls)
        self.calls.append(str(call))
        go = functools.partial(self._watched, call, go)
        for after, meet in list(self._armed):
            if number >= after:
                go = functools.partial(meet, call, go)
        return go()

    # what must never be ----------------------------------------------------------------------------------------

    def works(self, *labels: str) -> bool:
        """Say whether somebody can log in with a version that has one of *labels*."""
        found = secrets(self.world).secrets.get(NAME)
        if found is None:
            return False
        for label in labels:
            values = found.values.get(found.labels.get(label, ""), {})
            account = accounts(self.world).get(str(values.get("username")))
            if account is not None and not (account.locked or account.expired) and account.takes(values["password"]):
                return True
        return False

    @property
    def status(self) -> dict[str, Any]:
        found = self.world.kube.objects.get(ROTATION)
        return {} if found is None else dict(found["status"])

    @property
    def gap(self) -> bool:
        """Say whether a rotation is under way whose strategy has a gap."""
        return bool(self.status.get("rotation", {}).get("strategy") == "Single")

    def _look(self) -> Look:
        found = secrets(self.world).secrets.get(NAME)
        return Look(
            {} if found is None else dict(found.labels),
            self.works(*(SINGLE if self.gap else (CURRENT,))),
            None if found is None or not self.works(PREVIOUS) else found.labels[PREVIOUS],
            frozenset(name for name, each in accounts(self.world).items() if each.locked),
        )

    def _watched(self, call: Call, go: functools.partial[Any]) -> Any:
        if call.part not in ("rotated", "logins", "oracle"):
            return go()
        before, status = self._look(), self.status
        token = status.get("rotation", {}).get("token")
        if call.name in CHANGING and token is None:
            self._blame(call, "was sent before a token was written")
        try:
            answer = go()
        finally:
            self._compare(call, before, self._look(), status)
        if call.name == "prove" and answer == "Works":
            self._seen.add(go.args)
        if call.name in ("put_pending", "create") and token not in self._look().labels.values():
            self._blame(call, "stored another version than the one in status")
        return answer

    def _compare(self, call: Call, before: Look, after: Look, status: dict[str, Any]) -> None:
        self._proven = self._proven or call.name == "prove"
        if call.name == "describe":
            self._described = after.labels.get(CURRENT)
        known = self._proven if call.name == "make_current" else before.labels.get(CURRENT) == self._described
        if before.works and not after.works and known:
            self._blame(call, "cut off who reads the current version")
        if after.locked - before.locked:
            self._blame(call, f"locked {sorted(after.locked - before.locked)}")
        if not self.tampered and before.previous == after.labels.get(PREVIOUS) and before.previous != after.previous:
            self._check_end(call, status)
        found = secrets(self.world).secrets.get(NAME)
        values = {} if found is None or CURRENT not in found.labels else found.values[found.labels[CURRENT]]
        account = accounts(self.world).get(str(values.get("username")))
        if account is not None and after.works and account.password == values["password"]:
            self.tampered = False

    def _check_end(self, call: Call, status: dict[str, Any]) -> None:
        """Check that the version before ends by the next rotation, or once all consumers have moved."""
        if self.gap or status.get("step") == "Setting":
            return
        consumers = self.world.kube.objects[ROTATION]["spec"].get("consumers", [])
        found = [self.world.workloads.find_workload(each["kind"], "hr", each["name"]) for each in consumers]
        token = status.get("rotation", {}).get("token")
        if not found or any(each is None or each.version != token or not each.settled for each in found):
            self._blame(call, "ended the old password before its readers had moved")

    def _blame(self, call: Call, what: str) -> None:
        self.wrong.append(f"{call} {what}, after {' | '.join(self.calls[-12:])}")

    def check(self) -> None:
        """Check what must be true between any two acts."""
        assert not self.wrong, self.wrong[0]
        status = self.status
        assert len(status.get("history", [])) <= 10
        if not self.tampered:
            assert self.works(*(SINGLE if self.gap else (CURRENT,))), "nobody broke it, and readers cannot log in"
        found = secrets(self.world).secrets.get(NAME)
        if status and self.world.condition("Ready", ROTATION)[0] == "True" and found is not None:
            values = found.values.get(str(status.get("versionId")), {})
            assert not values or (values["username"], values["password"]) in self._seen, "well, and never seen to work"
        pending = None if found is None else found.labels.get(PENDING)
        if pending is not None and len(pending) == OURS:
            ours = status.get("rotation", {})
            assert pending in (ours.get("token"), ours.get("carries")), "a pending version of ours that is nobody's"
