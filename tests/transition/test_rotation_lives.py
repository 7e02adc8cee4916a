"""Lives of a password: everything that users, DBAs, other writers, faults and crashes may do to it, in any order.

At every moment readers can log in unless a person broke that, no account is locked by us, and no password shows.
Whenever faults are over, the rotation is well or says what helps; whenever that was done, it is well.

``ORACLEAPI_STATEFUL_EXAMPLES`` sets the number of lives; with it they are new ones each time.
"""

import logging
import os
from typing import Any

import structlog
from hypothesis import HealthCheck, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from structlog.testing import LogCapture

from oracleapi.api import reasons
from oracleapi.runtime.store import Key
from support import make
from support.crashes import HOWS, Ended, How
from support.faults import FAULTS
from support.rotation_people import ACTS, People
from support.rotation_watch import Watch
from support.rotations import (
    ACCOUNT,
    CONSUMERS,
    DAY_S,
    KUBERNETES,
    NAME,
    ROTATION,
    accounts,
    check_done,
    database,
    shown,
    unborn,
)
from support.worlds import annotate, edit, events

HEAL_S = 1000.0
EXAMPLES = os.environ.get("ORACLEAPI_STATEFUL_EXAMPLES")
PARTS = ("cluster", "oracle", "rotated", "logins", "workloads")
TROUBLES = sorted(name for name, found in FAULTS.items() if found.part in PARTS)
STRATEGIES = ["Auto", "Rollover", "DualUser", "Single"]
TOLD = {value for name, value in vars(reasons).items() if name.isupper()} - {reasons.INTERNAL_ERROR}
SCHEDULES: list[dict[str, Any]] = [
    {"schedule": {"everyDays": 30}},
    {"schedule": {"everyDays": 1}},
    {"schedule": {"cron": "0 3 * * *", "timeZone": "Europe/Berlin"}},
    {"schedule": {"everyDays": 1}, "windows": [{"cron": "0 2 * * SUN", "durationMinutes": 180}]},
]
PLAIN = {"accountRef": {"name": "main"}, "name": NAME}
READERS: list[list[dict[str, Any]]] = [
    [],
    CONSUMERS,
    [{**CONSUMERS[0], "waitForSecret": {"name": "from-eso", "key": "password"}}],
]


SECRETS: list[dict[str, Any]] = [
    PLAIN,
    KUBERNETES,
    PLAIN | {"kubernetesSecret": {"name": "hr-app-login"}},
    KUBERNETES | {"kmsKeyId": "alias/hr"},
]
EDITS: list[dict[str, Any]] = [
    *({"strategy": each} for each in STRATEGIES),
    *({"consumers": each} for each in READERS),
    *({"secret": each} for each in SECRETS),
    {"password": {"length": 15}},
    {"suspend": True},
    {"deletionPolicy": "Delete"},
]


class Passwords(RuleBasedStateMachine):
    """The world, the operator in it, and what was done to them."""

    def __init__(self) -> None:
        super().__init__()
        self.before = structlog.get_config()
        self.lines = LogCapture()
        structlog.configure([self.lines], structlog.make_filtering_bound_logger(logging.DEBUG))

    @initialize(there=st.booleans(), strategy=st.sampled_from(STRATEGIES), consumers=st.sampled_from(READERS))
    def begin(self, there: bool, strategy: str, consumers: list[dict[str, Any]]) -> None:
        self.world = unborn(there, strategy=strategy, consumers=consumers, secret=KUBERNETES)
        self.requests = 0
        for key in list(self.world.kube.objects):
            if key != ROTATION:
                edit(self.world, Key(*key), resyncSeconds=86400)
        database(self.world).clock = accounts(self.world)[ACCOUNT].clock = self.world.clock.monotonic
        self.people, self.watch = People(self.world), Watch(self.world)
        self.settle(60)

    # What users do

    @rule(seconds=st.sampled_from([0, 6, 31, 320, 700, 3700, 3 * 3600]))
    def wait(self, seconds: int) -> None:
        self.settle(seconds)

    @rule(days=st.sampled_from([1, 2, 8, 31]))
    def nobody_is_there(self, days: int) -> None:
        """The operator is away meanwhile."""
        self.world.clock.advance(days * DAY_S)
        self.world.restart()
        self.settle(700)

    @rule(seconds=st.sampled_from([-90_000, -3600, 0, 3600, 90_000]))
    def clock_jumps(self, seconds: int) -> None:
        """That of the operator; the database's does not."""
        self.world.clock.ahead = seconds

    @rule()
    def ask(self) -> None:
        self.requests += 1
        if ROTATION in self.world.kube.objects:
            self.watch.asked()
            annotate(self.world, ROTATION, rotate_requested_at=f"turn-{self.requests}")
            self.settle(0)

    @rule()
    def look_again(self) -> None:
        self.requests += 1
        if ROTATION in self.world.kube.objects:
            self.watch.asked()
            annotate(self.world, ROTATION, reconcile_requested_at=f"look-{self.requests}")
            self.settle(0)

    @rule(strategy=st.sampled_from(STRATEGIES))
    def choose_strategy(self, strategy: str) -> None:
        self.change(strategy=strategy)

    @rule(schedule=st.sampled_from(SCHEDULES))
    def choose_schedule(self, schedule: dict[str, Any]) -> None:
        self.change(**{"windows": []} | schedule)

    @rule(consumers=st.sampled_from(READERS), secret=st.sampled_from(SECRETS))
    def choose_readers(self, consumers: list[dict[str, Any]], secret: dict[str, Any]) -> None:
        self.change(consumers=consumers, secret=secret)

    @rule(suspend=st.booleans())
    def hold(self, suspend: bool) -> None:
        self.change(suspend=suspend)

    @rule(fields=st.sampled_from(EDITS), ahead=st.integers(0, 30))
    def edit_meanwhile(self, fields: dict[str, Any], ahead: int) -> None:
        self.watch.meanwhile(ahead, lambda: self.edit(**fields))

    @rule(policy=st.sampled_from(["Retain", "Delete"]))
    def delete(self, policy: str) -> None:
        if ROTATION in self.world.kube.objects:
            self.change(deletionPolicy=policy)
            self.world.delete(*ROTATION)
            self.settle(0)

    @rule(strategy=st.sampled_from(STRATEGIES), consumers=st.sampled_from(READERS))
    def apply(self, strategy: str, consumers: list[dict[str, Any]]) -> None:
        """Make it anew under the same name, once it is gone."""
        if ROTATION in self.world.kube.objects:
            return
        self.requests += 1
        found = make.rotation(strategy=strategy, consumers=consumers, secret=KUBERNETES)
        found["metadata"]["uid"] = f"uid-{self.requests}"
        self.world.apply(found)
        self.settle(0)

    # What others do

    @rule(name=st.sampled_from(sorted(ACTS)))
    def act(self, name: str) -> None:
        ACTS[name](self.people)
        self.watch.spoilt()
        self.settle(0)

    @rule(name=st.sampled_from(sorted(ACTS)), ahead=st.integers(0, 30))
    def act_meanwhile(self, name: str, ahead: int) -> None:
        self.watch.meanwhile(ahead, lambda: ACTS[name](self.people))

    @rule(limit=st.sampled_from(["2", "3", "4", "10", "UNLIMITED"]))
    def choose_limit(self, limit: str) -> None:
        self.people.set_limit("FAILED_LOGIN_ATTEMPTS", limit)

    # What goes wrong

    @rule()
    def restart(self) -> None:
        self.world.restart()
        self.settle(0)

    @rule(ahead=st.integers(0, 30), how=st.sampled_from(HOWS))
    def crash(self, ahead: int, how: How) -> None:
        self.watch.crash(ahead, how)

    @rule(name=st.sampled_from(TROUBLES), ahead=st.integers(0, 30), lasts=st.sampled_from([0, 30, 400]))
    def fault(self, name: str, ahead: int, lasts: int) -> None:
        self.watch.fault(ahead, FAULTS[name], lasts)

    # What must hold

    @rule(where=st.sampled_from(["database", "secret", "nowhere"]))
    def leave_alone(self, where: str) -> None:
        """With nothing going wrong any more it says what helps; with that done all is well."""
        self.watch.disarm()
        self.settle(HEAL_S)
        self.check_told()
        self.people.put_right()
        self.watch.spoilt()
        if ROTATION not in self.world.kube.objects:
            self.apply("Auto", [])
        self.people.put_the_password_right(where)
        self.people.end_rollovers()
        self.change(suspend=False)
        before = self.history[:1]
        for turn in range(5):
            if ROTATION not in self.world.kube.objects:  # it could be deleted at last
                self.apply("Auto", [])
            if self.world.ready(ROTATION)[1] != "WaitingForConsumers" or turn == 0:
                self.ask()  # while readers are brought the new one it would begin another rotation after that
            self.settle(30)
            self.people.fill_secret()
            self.settle(HEAL_S)
            if ROTATION not in self.world.kube.objects:
                continue
            match self.world.ready(ROTATION)[1]:
                case "Succeeded" if turn:  # what was asked for while a rotation was under way was that rotation
                    break
                case "RolloverRuns":
                    self.nobody_is_there(1)
                case "RotationFailed" | "LoginDenied":
                    self.people.put_the_password_right("database")
                    self.people.end_rollovers()
        assert self.world.ready(ROTATION) == ("True", "Succeeded"), self.world.message(ROTATION)
        check_done(self.world)
        assert self.watch.works("AWSCURRENT")
        self.check_readers(before)

    def check_readers(self, before: list[Any]) -> None:
        """Whoever is to be told has the password that works; consumers move for rotations only."""
        current = self.people.current
        kept = self.spec["secret"].get("kubernetesSecret")
        if kept is not None:
            assert self.world.workloads.secrets["hr", kept["name"]].data["password"] == current["password"]
        last = self.history[:1]
        if last == before or last[0]["result"] != "Succeeded" or last[0]["versionId"] != self.watch.status["versionId"]:
            return
        for each in self.spec.get("consumers", []):
            found = self.world.workloads.find_workload(each["kind"], "hr", each["name"])
            assert found is not None
            assert (found.version, found.settled) == (last[0]["versionId"], True)

    def check_told(self) -> None:
        """Where all is not well a person reads why."""
        if ROTATION in self.world.kube.objects and not self.spec.get("suspend"):
            ready, reason = self.world.ready(ROTATION)
            note(f"{ready} {reason} {self.world.message(ROTATION)}")
            assert ready == "True" or (reason in TOLD and len(self.world.message(ROTATION)) > 20)

    @invariant()
    def nothing_is_wrong(self) -> None:
        if not hasattr(self, "watch"):
            return
        self.watch.check()
        assert events(self.world, "InternalError") == [], self.lines.entries[-3:]
        assert shown(self.world, repr(self.lines.entries)) == []
        self.lines.entries.clear()

    def teardown(self) -> None:
        try:
            if hasattr(self, "watch"):
                self.leave_alone("nowhere")
                self.nothing_is_wrong()
        finally:
            structlog.configure(**self.before)

    @property
    def history(self) -> list[dict[str, Any]]:
        return list(self.watch.status.get("history", []))

    @property
    def spec(self) -> dict[str, Any]:
        return dict(self.world.kube.objects[ROTATION]["spec"])

    def change(self, **fields: Any) -> None:
        self.edit(**fields)
        self.settle(0)

    def edit(self, **fields: Any) -> None:
        found = self.world.kube.objects.get(ROTATION)
        if found is not None and not found["metadata"].get("deletionTimestamp"):
            self.watch.asked()
            edit(self.world, ROTATION, **fields)

    def settle(self, seconds: float) -> None:
        """Let *seconds* pass; a process that ends is started again."""
        end = self.world.clock.time + seconds
        while True:
            try:
                self.world.settle(max(0.0, end - self.world.clock.time))
            except Ended:
                self.world.restart()
                continue
            self.world.clock.time = max(self.world.clock.time, end)
            break
        assert not self.watch.wrong, self.watch.wrong[0]
        for key, found in list(self.world.workloads.secrets.items()):
            if ROTATION not in self.world.kube.objects and found.owner.startswith("uid-"):
                del self.world.workloads.secrets[key]  # the cluster collects what nobody owns any more


Passwords.TestCase.settings = settings(
    max_examples=int(EXAMPLES or 100),
    stateful_step_count=15,
    deadline=None,
    derandomize=EXAMPLES is None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
TestPasswords = Passwords.TestCase
