"""APIs that share a schema and scopes, one in a schema beside them, and all that can happen to them, in any order.

Edits, deletes, faults, crashes, restarts, hand-made changes, approvals, permissions withdrawn for a moment or for good,
deletes while nobody watches. At every moment callers meet no open route; whenever the world is left alone it becomes
what the specs say; when everything is deleted nothing is left.

``ORACLEAPI_STATEFUL_EXAMPLES`` sets the number of histories; with it they are new ones each time.
"""

import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from oracleapi.model.ownership import marked_owner
from oracleapi.runtime.store import Key
from support import make
from support.crashes import HOWS, Call, Ended, How, Outside
from support.fakes import FakeApi
from support.faults import FAULTS, Fault
from support.history import History
from support.small_world import SmallWorld
from support.worlds import DATABASE, LINK, annotate, api, edit, resync, written

HEAL_S, LONG_S = 2000.0, 1200.0
APPROVALS = 2
"""How many approvals an API may ask for until it rests: one for its plan, one for what was changed by hand before."""
EXAMPLES = os.environ.get("ORACLEAPI_STATEFUL_EXAMPLES")
BASES = {"hr": "/hr/v1", "other": "/other", "sales": "/sales"}
SCHEMAS = {"hr": "HR_API", "other": "HR_API", "sales": "SALES_API"}
MODES = ["Enforce", "Approve", "Report"]
SCOPES = ["a.read", "b.read", "c.read"]
BROKEN = {"source": "select 1 from dual", "parameters": [{"name": "limit", "in": "Query"}]}


@st.composite
def routes(draw: st.DrawFn) -> list[dict[str, Any]]:
    names = draw(st.lists(st.sampled_from(["r1", "r2", "r3"]), min_size=1, max_size=3, unique=True))
    return [draw(route(name)) for name in names]


@st.composite
def route(draw: st.DrawFn, name: str) -> dict[str, Any]:
    fields: dict[str, Any] = {"path": f"/{name}", "method": draw(st.sampled_from(["GET", "POST"]))}
    protection = draw(st.sampled_from([*SCOPES, "Public"]))
    fields |= {"auth": "Public"} if protection == "Public" else {"scope": protection}
    if draw(st.booleans()):
        fields["throttle"] = {"requestsPerSecond": draw(st.integers(1, 3)), "burst": 5}
    if draw(st.integers(0, 5)) == 0:
        fields["handler"] = BROKEN
    return make.route(name, **fields)


class Apis(RuleBasedStateMachine):
    """The world, the operator in it, and what was done to them."""

    @initialize(links=st.booleans())
    def begin(self, links: bool) -> None:
        self.world = SmallWorld(*make.world(**make.api_spec(make.route("r1", path="/r1"), links=links)))
        self.outside = Outside(self.world)
        self.cut_off = False  # an API went: its callers are cut off
        self.permit(True)
        self.settle(60)
        self.history = History(self.world)

    # What users do

    @rule(name=st.sampled_from(sorted(BASES)), found=routes(), links=st.booleans(), mode=st.sampled_from(MODES[:2]))
    def apply(self, name: str, found: list[dict[str, Any]], links: bool, mode: str) -> None:
        present = self.world.kube.objects.get(("OracleApi", "hr", name))
        if present is None or not present["metadata"].get("deletionTimestamp"):
            fields = {"schema": SCHEMAS[name], "basePath": BASES[name], "links": links, "mode": mode}
            self.world.apply(api(*found, name=name, **fields))
            self.settle(0)

    @rule(name=st.sampled_from(sorted(BASES)), unseen=st.booleans())
    def delete(self, name: str, unseen: bool) -> None:
        """With *unseen* the operator is away meanwhile."""
        if ("OracleApi", "hr", name) in self.world.kube.objects:
            self.cut_off = True
            self.stop_reporting()
            if unseen:
                self.world.kube.delete("OracleApi", "hr", name)
                self.world.restart()
            else:
                self.world.delete("OracleApi", "hr", name)
            self.settle(0)

    @rule(subnets=st.sampled_from([["subnet-1", "subnet-2"], ["subnet-3", "subnet-4"]]))
    def move_link(self, subnets: list[str]) -> None:
        edit(self.world, LINK, subnetIds=subnets)
        self.settle(0)

    @rule(allowed=st.booleans())
    def permit(self, allowed: bool) -> None:
        names = ["hr"] if allowed else ["elsewhere"]
        schemas = sorted(set(SCHEMAS.values()))
        edit(self.world, DATABASE, delegations=[{"namespaces": {"names": names}, "schemas": schemas}])
        self.cut_off = self.cut_off or not allowed
        self.settle(0)

    @rule()
    def withdraw_for_long(self) -> None:
        """Permission is gone for longer than the ten minutes of grace: nobody can call what may still be acted on."""
        self.outside.meet = None
        self.permit(False)
        self.settle(LONG_S)
        for key in self.apis():
            spec = self.world.kube.objects[key]["spec"]
            if spec.get("mode") != "Report" and not spec.get("suspend"):
                assert all(found.stage is None for found in self.outside_of(key)), f"{key[2]} is on the air"

    @rule(name=st.sampled_from(sorted(BASES)), suspend=st.booleans(), mode=st.sampled_from(MODES))
    def hold(self, name: str, suspend: bool, mode: str) -> None:
        """Suspend an API, only watch it, ask before each plan, or let it go on."""
        found = self.world.kube.objects.get(("OracleApi", "hr", name))
        if found is not None and not found["metadata"].get("deletionTimestamp"):
            edit(self.world, Key("OracleApi", "hr", name), suspend=suspend, mode=mode)
            self.settle(0)

    @rule()
    def approve(self) -> None:
        """Somebody approves every plan that waits."""
        for key in self.apis():
            plan = self.world.kube.status(*key).get("plan")
            if plan is not None:
                annotate(self.world, key, approved_plan=plan["hash"])
        self.settle(0)

    @rule(mode=st.sampled_from(MODES[1:]))
    def approve_nothing(self, mode: str) -> None:
        """Where nobody approves, and where nobody can, nothing outside is written."""
        self.permit(True)
        if any(self.world.kube.objects[key]["metadata"].get("deletionTimestamp") for key in self.apis()):
            return
        for key in self.apis():
            annotate(self.world, key)
            edit(self.world, key, mode="Report")
            edit(self.world, key, suspend=False, mode=mode)
        with written(self.world) as found:
            self.settle(LONG_S)
        acted = [call for call in found if call[0].isupper() and "Link" not in call]
        assert acted == [], f"mode: {mode} wrote"

    @rule()
    def delete_namespace(self) -> None:
        """All objects of the team at once, while the offers stay."""
        self.cut_off = True
        self.stop_reporting()
        for key in self.apis():
            self.world.kube.delete(*key)
        self.world.sync()
        self.settle(0)

    @rule(uninstalled=st.booleans(), offers_first=st.booleans())
    def delete_everything(self, uninstalled: bool, offers_first: bool) -> None:
        """All objects at once; with *uninstalled* no operator runs meanwhile. Then apply them again."""
        self.cut_off = True
        self.stop_reporting()
        for key in sorted(self.world.kube.objects, key=lambda key: (key[0] == "OracleApi") == offers_first):
            self.world.kube.delete(*key)
        if uninstalled:
            self.world.restart()
        self.outside.meet = None
        self.settle(HEAL_S)
        assert self.world.kube.objects == {}, sorted(map(str, self.world.kube.objects))
        for found in make.world(**make.api_spec(make.route("r1", path="/r1"))):
            self.world.apply(found)
        self.permit(True)
        self.settle(60)

    def stop_reporting(self) -> None:
        """``mode: Report`` would leave everything outside where it is."""
        for key in self.apis():
            if self.world.kube.objects[key]["spec"].get("mode") == "Report":
                edit(self.world, key, mode="Enforce")

    @rule(token=st.integers(0, 3))
    def request(self, token: int) -> None:
        for key in self.apis():
            annotate(self.world, key, reconcile_requested_at=str(token))
        self.settle(0)

    @rule(seconds=st.sampled_from([1, 4, 6, 12, 31, 70, 320, 700]))
    def wait(self, seconds: int) -> None:
        self.settle(seconds)

    # What goes wrong

    @rule()
    def restart(self) -> None:
        self.world.restart()
        self.settle(0)

    @rule(ahead=st.integers(0, 25), how=st.sampled_from(HOWS))
    def crash(self, ahead: int, how: How) -> None:
        self.outside.crash(len(self.outside.calls) + ahead, how)

    @rule(name=st.sampled_from(sorted(FAULTS)), ahead=st.integers(0, 25), lasts=st.sampled_from([0, 30, 90]))
    def fault(self, name: str, ahead: int, lasts: int) -> None:
        fault, after, began = FAULTS[name], len(self.outside.calls) + ahead, list[float]()

        def meet(call: Call, go: Callable[[], Any]) -> Any:
            if call.number < after or not strikes(fault, call):
                return go()
            began.append(self.world.clock.time)
            return go() if began[-1] - began[0] > lasts else fault.strike(call, go)

        self.outside.meet = meet

    @rule(what=st.sampled_from(["route", "tag", "throttle", "handler"]))
    def change_by_hand(self, what: str) -> None:
        """Somebody changes what is outside, without opening anything."""
        for found in self.world.backends.aws.apis.values():
            if what == "route" and len(found.routes) > 1:
                first = sorted(found.routes)[0]
                found.routes = {key: route for key, route in found.routes.items() if key != first}
                found.changed()
            elif what == "tag":
                tags = {key: value for key, value in found.identity.tags.items() if not key.endswith("uid")}
                found.identity = replace(found.identity, tags=tags)
            elif what == "throttle" and found.stage is not None:
                found.stage = replace(found.stage, throttle=replace(found.stage.throttle, rate=1.0))
        if what == "handler":
            self.spoil_a_handler()
        self.history.note(f"{what} changed by hand")
        self.settle(0)

    def spoil_a_handler(self) -> None:
        schemas = self.world.backends.database.schemas
        for present in list(schemas.values()):
            for name, module in present.modules.items():
                if marked_owner(module.comments) and module.handlers:
                    key = sorted(module.handlers)[0]
                    handlers = {**module.handlers, key: replace(module.handlers[key], source="select 9 from dual")}
                    modules = {**present.modules, name: replace(module, handlers=handlers)}
                    schemas[present.schema] = replace(present, modules=modules)
                    break

    # What must hold

    @rule(mode=st.sampled_from(MODES[:2]))
    def leave_alone(self, mode: str) -> None:
        """With nothing going wrong any more the world becomes what the specs say, once that is approved."""
        self.outside.meet = None
        self.permit(True)
        for key in self.apis():
            if not self.world.kube.objects[key]["metadata"].get("deletionTimestamp"):
                edit(self.world, key, suspend=False, mode=mode)
        self.settle(HEAL_S)
        for _ in range(APPROVALS if mode == "Approve" else 0):
            self.approve()
            self.settle(HEAL_S)
        self.history.check(drains=not self.cut_off)
        for key in self.apis():
            self.is_as_wanted(key)
        links = self.world.backends.aws.links
        assert len(links) == 1, f"VPC links: {sorted(links)}"
        owners = [found.identity.tags["oracleapi.dev/owner"] for found in self.world.backends.aws.apis.values()]
        assert sorted(owners) == sorted(f"cluster-1/OracleApi/hr/{key[2]}" for key in self.apis())
        with written(self.world) as found_writes:
            resync(self.world)
        assert found_writes == [], "a second pass writes"

    def teardown(self) -> None:
        if not hasattr(self, "history"):
            return
        self.leave_alone("Enforce")
        for key in list(self.world.kube.objects):
            self.world.delete(*key)
        self.settle(HEAL_S)
        assert self.world.kube.objects == {}, sorted(map(str, self.world.kube.objects))
        assert (self.world.backends.aws.apis, self.world.backends.aws.links) == ({}, {})
        for left in self.world.backends.database.schemas.values():
            assert (left.enabled, left.modules, left.privileges, left.profile) == (False, {}, {}, None)

    def is_as_wanted(self, key: tuple[str, str | None, str]) -> None:
        spec = self.world.kube.objects[key]["spec"]
        ready = self.world.condition("Ready", key)  # type: ignore[arg-type]
        broken = {found["name"] for found in spec["routes"] if found["handler"] == BROKEN}
        assert ready == (("False", "RoutesRefused") if broken else ("True", "Succeeded")), f"{key[2]}: {ready}"
        states = {entry["name"]: entry["state"] for entry in self.world.kube.status(*key)["routes"]}
        (found,) = self.outside_of(key)
        for wanted in spec["routes"]:
            if wanted["name"] in broken:
                continue
            assert states[wanted["name"]] == "Serving"
            scope = None if wanted.get("auth") == "Public" else wanted.get("scope", "a.read")
            assert found.routes[f"{wanted['method']} {spec['basePath']}{wanted['path']}"].scope == scope
        assert "intents" not in self.world.kube.status(*key)

    def outside_of(self, key: tuple[str, str | None, str]) -> list[FakeApi]:
        """Return what there is of an API in the account."""
        owner = f"cluster-1/OracleApi/hr/{key[2]}"
        apis = self.world.backends.aws.apis.values()
        return [found for found in apis if found.identity.tags.get("oracleapi.dev/owner") == owner]

    def apis(self) -> list[Any]:
        return [key for key in self.world.kube.objects if key[0] == "OracleApi"]

    def settle(self, seconds: float) -> None:
        """Let *seconds* pass; a process that ends is started again."""
        end = self.world.clock.time + seconds
        while True:
            try:
                self.world.settle(max(0.0, end - self.world.clock.time))
            except Ended:
                self.outside.meet = None
                self.world.restart()
                continue
            self.world.clock.time = max(self.world.clock.time, end)
            return


def strikes(fault: Fault, call: Call) -> bool:
    return call.part == fault.part and call.name != "record_event"


Apis.TestCase.settings = settings(
    max_examples=int(EXAMPLES or 300),
    stateful_step_count=12,
    deadline=None,
    derandomize=EXAMPLES is None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
TestApis = Apis.TestCase
