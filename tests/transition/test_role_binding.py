"""``RoleBinding`` and the guard's rows in a small world: who is bound where, what is broken, and what goes when."""

from datetime import UTC, datetime
from typing import Any

import pytest

from oracleapi.model.guard import BindingRow, GrantToSchema, Management
from oracleapi.model.role import ObservedRole
from oracleapi.ports import Answer
from oracleapi.runtime.store import Key
from support import make
from support.fake_guard import FakeGuard
from support.small_world import API, SmallWorld
from support.worlds import BINDING, DATABASE, ROLE, actions, annotate, drift_of, edit, events, resync, written

OWNER = "cluster-1/OracleApi/hr/hr"
BOUND = "cluster-1/RoleBinding/hr/readers"
PEOPLE = make.route("people", path="/people/{id}")
HEALTH = make.route("health", path="/health", auth="Public")


def world_with(*objects: dict[str, Any], **api_fields: Any) -> SmallWorld:
    found = SmallWorld(*make.guarded_world(**(api_fields or make.api_spec(make.route(), PEOPLE, HEALTH))), *objects)
    found.clock.advance(60)
    found.settle()
    return found


def guard(world: SmallWorld) -> FakeGuard:
    return world.backends.database.guard


def rows(world: SmallWorld, binding: str = BOUND) -> set[BindingRow]:
    return {row for _, row in guard(world).bindings.get(binding, {}).values()}


def mismatches(world: SmallWorld, key: Key = BINDING) -> list[dict[str, str]]:
    found: list[dict[str, str]] = world.kube.status(*key).get("mismatches", [])
    return found


def test_without_a_guard_nothing_is_asked_of_it() -> None:
    world = SmallWorld(*make.world())
    assert world.condition("Guarded") == ("absent", "")
    assert not [call for call in world.backends.database.calls if "guard" in call.lower()]


def test_the_guard_knows_each_route_before_ords_serves_it_and_the_next_pass_writes_nothing() -> None:
    world = world_with()
    assert world.ready() == ("True", "Succeeded")
    assert world.condition("Guarded") == ("True", "Succeeded")
    assert guard(world).managed == {"HR_API": Management("SetRole", "Request-Id")}
    found = guard(world).routes[OWNER]
    slug = world.kube.status(*API)["groups"][1]["basePath"].split("/")[1]
    assert ("GET", f"^/ords/hr_api/{slug}/hr/v1/people/[^/]+$") in found
    assert ("GET", "^/ords/hr_api/oa-probe/hr/v1/_probe$") in found
    assert {(route.name, route.auth, route.variables) for route in found.values()} == {
        ("list", "JWT", 0), ("people", "JWT", 1), ("health", "Public", 0), ("_probe", "Probe", 0),
        ("_closed", "Closed", 0),
    }  # fmt: skip
    calls = actions(world)
    assert calls.index("ChangeGuard") < calls.index("ChangeSchema")
    with written(world) as writes:
        resync(world)
    assert writes == []


def test_a_path_is_quoted_for_the_regular_expression() -> None:
    world = world_with(**make.api_spec(make.route(path="/a.b+c(d)")))
    route = next(found for found in guard(world).routes[OWNER].values() if found.name == "list")
    assert route.path_regexp.endswith(r"/hr/v1/a\.b\+c\(d\)$")


def test_a_route_that_goes_is_forgotten_after_ords_serves_it_no_more() -> None:
    world = world_with()
    edit(world, API, routes=[make.route(), HEALTH])
    before = len(world.backends.database.calls)
    world.settle(300)
    assert {route.name for route in guard(world).routes[OWNER].values()} == {"list", "health", "_probe", "_closed"}
    calls = world.backends.database.calls[before:]
    assert calls.index("ChangeSchema") < calls.index("ChangeGuard")


def test_what_a_person_changes_in_the_rows_is_told_and_put_back() -> None:
    world = world_with()
    del guard(world).managed["HR_API"]
    place = next(iter(guard(world).routes[OWNER]))
    del guard(world).routes[OWNER][place]
    resync(world)
    assert guard(world).managed
    assert place in guard(world).routes[OWNER]
    assert drift_of(world) == {("guard", "managed schema"), (f"guard route {' '.join(place)}", "row")}
    resync(world)
    assert drift_of(world) == set()


def test_a_schema_is_managed_once_all_its_apis_are_known() -> None:
    """Otherwise callers of the one that is not known would be refused."""
    world = SmallWorld(*make.world(), make.resource("OracleApi", "other", make.api_spec(basePath="/other"), "hr"))
    world.clock.advance(60)
    edit(world, DATABASE, ords={**world.kube.objects[DATABASE]["spec"]["ords"], "guard": "Required"})
    managed_when: list[set[str]] = []
    real = guard(world).apply

    def apply(action: Any) -> None:
        real(action)
        if guard(world).managed and not managed_when:
            managed_when.append({*guard(world).apis})

    guard(world).apply = apply  # type: ignore[method-assign]
    world.settle()
    assert managed_when == [{OWNER, "cluster-1/OracleApi/hr/other"}]
    resync(world)
    assert world.condition("Guarded") == ("True", "Succeeded")


def test_turning_the_guard_off_lets_the_schema_pass_first() -> None:
    world = world_with(make.resource("OracleApi", "other", make.api_spec(basePath="/other"), "hr"))
    ords = {**world.kube.objects[DATABASE]["spec"]["ords"], "guard": "Off"}
    edit(world, DATABASE, ords=ords)
    world.settle()
    assert (guard(world).managed, guard(world).apis, guard(world).routes) == ({}, {}, {})
    assert world.condition("Guarded") == ("absent", "")


def test_a_deleted_api_leaves_no_row() -> None:
    world = world_with(make.resource("OracleApi", "other", make.api_spec(basePath="/other"), "hr"))
    world.delete(*API)
    world.settle()
    assert {*guard(world).apis} == {"cluster-1/OracleApi/hr/other"}
    assert guard(world).managed
    world.delete("OracleApi", "hr", "other")
    world.settle()
    assert (guard(world).managed, guard(world).apis, guard(world).routes) == ({}, {}, {})


@pytest.mark.parametrize(("field", "reason"), [("there", "GuardMissing"), ("installed", "GuardIncomplete")])
def test_a_guard_that_is_not_there_is_told_and_nothing_is_published(field: str, reason: str) -> None:
    world = SmallWorld(*make.guarded_world(), start=False)
    setattr(guard(world), field, False)
    world.settle()
    assert world.ready() == ("False", reason)
    assert world.condition("Guarded") == ("False", reason)
    assert world.backends.aws.apis == {}


def test_subjects_are_bound_to_the_role_and_the_schema_holds_it() -> None:
    binding = make.binding(
        "readers", {"kind": "Group", "name": "x readers"}, {"kind": "User", "name": "alice"}, routes=["list", "people"]
    )
    world = world_with(binding)
    assert world.ready(BINDING) == ("True", "Succeeded")
    assert rows(world) == {
        BindingRow(route, kind, name, "HR_READER")
        for route in ("list", "people")
        for kind, name in (("Group", "x readers"), ("User", "alice"))
    }
    assert guard(world).held == {("HR_API", "HR_READER")}
    status = world.kube.status(*BINDING)
    assert (status["subjectsBound"], status["allowed"], status["denied"], status["roleName"]) == (
        "2/2", 4, 0, "HR_READER",
    )  # fmt: skip
    assert len(status["accessHash"]) == 64
    assert world.condition("Consistent", BINDING) == ("True", "Succeeded")
    with written(world) as writes:
        resync(world)
    assert writes == []


def test_an_edit_takes_rows_away_and_adds_others_in_one_transaction() -> None:
    world = world_with(make.binding(routes=["list"]))
    before = world.kube.status(*BINDING)["accessHash"]
    edit(world, BINDING, subjects=[{"kind": "Group", "name": "writers"}])
    start = len(world.backends.database.calls)
    world.settle()
    assert rows(world) == {BindingRow("list", "Group", "writers", "HR_READER")}
    assert world.backends.database.calls[start:].count("ChangeBinding") == 1
    assert world.kube.status(*BINDING)["accessHash"] != before


def test_a_row_that_a_person_made_is_taken_away_and_told() -> None:
    world = world_with(make.binding(routes=["list"]))
    row = BindingRow("list", "User", "mallory", "HR_READER")
    guard(world).bindings[BOUND][row.place] = (OWNER, row)
    guard(world).held.clear()
    resync(world)
    assert rows(world) == {BindingRow("list", "Group", "readers", "HR_READER")}
    assert guard(world).held == {("HR_API", "HR_READER")}
    assert drift_of(world, BINDING) == {("binding of User mallory on list", "row"), ("schema HR_API", "role HR_READER")}
    assert events(world, "DriftRepaired")


def test_the_last_binding_takes_the_role_from_the_schema() -> None:
    world = world_with(make.binding(), make.binding("others", {"kind": "User", "name": "bob"}))
    world.delete(*BINDING)
    world.settle()
    assert rows(world) == set()
    assert guard(world).held == {("HR_API", "HR_READER")}
    world.delete("RoleBinding", "hr", "others")
    world.settle()
    assert guard(world).bindings == {}
    assert guard(world).held == set()


def test_a_role_waits_for_its_bindings_to_go() -> None:
    world = world_with(make.binding())
    world.delete(*ROLE)
    world.settle()
    assert world.ready(ROLE) == ("False", "InUse")
    world.delete(*BINDING)
    world.settle()
    assert ROLE not in world.kube.objects


def test_a_binding_goes_also_after_its_api() -> None:
    world = world_with(make.binding())
    world.delete(*API)
    world.settle()
    assert world.ready(BINDING) == ("False", "DependencyNotReady")
    world.delete(*BINDING)
    world.settle()
    assert BINDING not in world.kube.objects
    assert (guard(world).bindings, guard(world).held) == ({}, set())


def test_a_binding_that_ends_says_so_and_its_rows_carry_the_time() -> None:
    world = world_with()
    until = datetime.fromtimestamp(world.clock.now() + 600, UTC)
    world.apply(make.binding(expirationTime=until.isoformat(), routes=["list"]))
    world.settle(10)
    assert rows(world) == {BindingRow("list", "Group", "readers", "HR_READER", f"{until:%Y-%m-%dT%H:%M:%SZ}")}
    assert world.condition("Expired", BINDING) == ("False", "Succeeded")
    world.settle(900)
    assert world.condition("Expired", BINDING) == ("True", "Expired")
    assert world.condition("Bound", BINDING) == ("False", "Expired")
    assert rows(world) == set()
    assert guard(world).held == set()
    assert mismatches(world) == [
        {"link": "Binding", "fault": "Expired", "subject": "Group readers", "route": "list", "wouldSee": "403"}
    ]


def test_what_is_broken_for_all_is_said_once() -> None:
    world = world_with(make.binding())
    guard(world).proxied = "PROXY MAY ACTIVATE NO CLIENT ROLES"
    resync(world)
    assert mismatches(world) == [{"link": "OracleRole", "fault": "ProxyRoleDenied", "wouldSee": "403"}]
    assert world.kube.status(*BINDING)["denied"] == 2


def test_every_route_means_those_that_a_subject_can_arrive_on() -> None:
    world = world_with(make.binding("readers", {"kind": "Group", "name": "a"}, {"kind": "Anonymous", "name": "*"}))
    status = world.kube.status(*BINDING)
    assert (status["subjectsBound"], status["allowed"], status["denied"]) == ("2/2", 3, 0)
    edit(world, BINDING, subjects=[{"kind": "IamUser", "name": "arn:aws:iam::123456789012:user/batch"}])
    world.settle()
    (found,) = mismatches(world)
    assert (found["link"], found["fault"]) == ("Gateway", "AuthMismatch")


@pytest.mark.parametrize(
    ("subject", "route", "fault", "seen"),
    [
        ({"kind": "Group", "name": "readers"}, "nowhere", ("Binding", "RouteUnknown"), "404"),
        ({"kind": "Group", "name": "readers"}, "health", ("Gateway", "AuthMismatch"), "555 ORA-00942"),
        ({"kind": "Anonymous", "name": "*"}, "list", ("Gateway", "AuthMismatch"), "401"),
        (
            {"kind": "IamRole", "name": "arn:aws:iam::123456789012:role/batch"},
            "list",
            ("Gateway", "AuthMismatch"),
            "401",
        ),
    ],
)
def test_a_subject_that_cannot_arrive_is_named(
    subject: dict[str, str], route: str, fault: tuple[str, str], seen: str
) -> None:
    world = world_with(make.binding("readers", subject, routes=[route]))
    (found,) = mismatches(world)
    assert (found["link"], found["fault"], found["wouldSee"]) == (*fault, seen)
    assert (found["subject"], found["route"]) == (f"{subject['kind']} {subject['name']}", route)
    assert world.ready(BINDING) == ("False", "Mismatches")
    assert world.condition("Consistent", BINDING) == ("False", "Mismatches")


def test_anonymous_callers_of_a_public_route_can_have_a_role() -> None:
    world = world_with(make.binding("readers", {"kind": "Anonymous", "name": "*"}, routes=["health"]))
    assert world.ready(BINDING) == ("True", "Succeeded")
    assert rows(world) == {BindingRow("health", "Anonymous", "*", "HR_READER")}


def test_an_iam_role_is_bound_by_account_and_name() -> None:
    subject = {"kind": "IamRole", "name": "arn:aws:iam::123456789012:role/teams/hr/batch"}
    world = world_with(make.binding("readers", subject, routes=["list"]))
    assert {row.subject for row in rows(world)} == {"123456789012/batch"}


def test_a_missing_grant_is_named_until_the_role_has_it() -> None:
    world = world_with(make.binding(routes=["list"]))
    database = world.backends.database
    database.roles.drop_object("HR.EMPLOYEES")
    resync(world)
    assert ("Grant", "GrantMissing") in {(found["link"], found["fault"]) for found in mismatches(world)}
    database.roles.objects.add("HR.EMPLOYEES")
    resync(world, 400)
    assert world.ready(BINDING) == ("True", "Succeeded")


def test_a_proxy_that_may_not_enable_the_role_is_named() -> None:
    world = world_with(make.binding(routes=["list"]))
    guard(world).proxied = "PROXY MAY ACTIVATE NO CLIENT ROLES"
    resync(world)
    assert ("OracleRole", "ProxyRoleDenied") in {(found["link"], found["fault"]) for found in mismatches(world)}


def test_an_adopted_role_that_anybody_has_enabled_is_not_bound() -> None:
    world = SmallWorld(*make.guarded_world(), start=False)
    world.backends.database.roles.roles["HR_READER"] = ObservedRole("HR_READER", exists=True)
    edit(world, ROLE, adoptExisting=True)
    world.apply(make.binding())
    world.settle()
    assert world.ready(ROLE)[0] == "True"
    assert world.ready(BINDING) == ("False", "RoleNotReady")
    assert "IDENTIFIED USING ORACLEAPI.GUARD" in world.message(BINDING)
    assert guard(world).held == set()


def test_without_a_guard_a_binding_says_that_nobody_asks_for_it() -> None:
    world = SmallWorld(*make.world(), make.role(), make.binding())
    assert world.ready(BINDING) == ("False", "GuardOff")
    assert guard(world).bindings == {}


def test_a_role_outside_the_delegation_is_not_bound() -> None:
    world = world_with(make.binding())
    delegations = [{**found, "roles": []} for found in world.kube.objects[DATABASE]["spec"]["delegations"]]
    edit(world, DATABASE, delegations=delegations)
    world.settle()
    assert world.ready(BINDING) == ("False", "RoleNotAllowed")
    assert world.condition("Bound", BINDING) == ("False", "RoleNotAllowed")
    assert (guard(world).bindings, guard(world).held) == ({}, set())


def test_a_role_that_is_not_allowed_any_more_stays_bound_where_the_database_says_so() -> None:
    world = world_with(make.binding(routes=["list"]))
    delegations = [{**found, "roles": []} for found in world.kube.objects[DATABASE]["spec"]["delegations"]]
    edit(world, DATABASE, delegations=delegations, onPermissionLost="Keep")
    world.settle()
    assert world.ready(BINDING) == ("False", "RoleNotAllowed")
    assert rows(world) == {BindingRow("list", "Group", "readers", "HR_READER")}


@pytest.mark.parametrize("dropped", [True, False], ids=["dropped", "another's"])
def test_nobody_stays_bound_to_a_role_that_is_not_the_oracle_role_s_own(dropped: bool) -> None:
    world = world_with(make.binding(routes=["list"]))
    edit(world, ROLE, suspend=True)
    roles = world.backends.database.roles
    if dropped:
        del roles.roles["HR_READER"]
    roles.marks["HR_READER"] = ("cluster-1/OracleRole/other/thief", "u")
    resync(world)
    assert world.ready(BINDING) == ("False", "RoleNotReady")
    assert rows(world) == set()
    assert mismatches(world)[0]["wouldSee"] == "403"
    roles.marks["HR_READER"] = ("cluster-1/OracleRole/hr/hr-reader", "u")
    edit(world, ROLE, suspend=False)
    resync(world, 400)
    assert world.ready(BINDING) == ("True", "Succeeded")


@pytest.mark.parametrize(
    ("subject", "route", "fields"),
    [
        ({"kind": "Group", "name": "readers"}, "list", {"requireBinding": False}),
        ({"kind": "Anonymous", "name": "*"}, "health", {}),
    ],
)
def test_who_is_bound_no_more_passes_without_a_role_where_no_binding_is_required(
    subject: dict[str, str], route: str, fields: dict[str, Any]
) -> None:
    world = world_with(**make.api_spec(make.route(), HEALTH, **fields))
    ended = datetime.fromtimestamp(world.clock.now() - 1, UTC).isoformat()
    world.apply(make.binding("readers", subject, routes=[route], expirationTime=ended))
    world.settle()
    assert [found["wouldSee"] for found in mismatches(world)] == ["555 ORA-00942"]


def test_bound_routes_are_withdrawn_where_the_schema_may_do_more_than_its_roles() -> None:
    world = world_with(make.binding(routes=["list"]))
    guard(world).bypasses["HR_API"] = ("holds SELECT on HR.EMPLOYEES",)
    resync(world)
    assert world.condition("RolesEnforced") == ("False", "RolesNotEnforced")
    states = {found["name"]: found["state"] for found in world.kube.status(*API)["routes"]}
    assert states == {"list": "Withdrawn", "people": "Serving", "health": "Serving"}
    resync(world)
    assert ("Gateway", "RouteWithdrawn") in {(found["link"], found["fault"]) for found in mismatches(world)}
    edit(world, DATABASE, allowUnenforcedRoles=True)
    resync(world)
    assert {found["state"] for found in world.kube.status(*API)["routes"]} == {"Serving"}


def test_a_hook_that_may_not_enable_roles_is_told() -> None:
    world = world_with()
    guard(world).failures["HR_API"] = ("-6565",)
    resync(world)
    assert world.condition("RolesEnforced") == ("False", "RolesNotEnforced")


def test_report_tells_and_writes_nothing() -> None:
    world = world_with(make.binding(mode="Report"))
    assert world.ready(BINDING) == ("False", "Drifted")
    assert (guard(world).bindings, guard(world).held) == ({}, set())
    plan = world.kube.status(*BINDING)["plan"]
    assert [found["verb"] for found in plan["actions"]] == ["create", "update"]
    world.delete(*BINDING)
    world.settle()
    assert BINDING not in world.kube.objects


def test_approve_waits_for_the_plan() -> None:
    world = world_with(make.binding(mode="Approve"))
    assert world.ready(BINDING) == ("False", "PlanWaiting")
    assert rows(world) == set()
    annotate(world, BINDING, approved_plan=world.kube.status(*BINDING)["plan"]["hash"])
    world.settle()
    assert world.ready(BINDING) == ("True", "Succeeded")


def test_a_grant_whose_answer_was_lost_is_found() -> None:
    world = world_with()
    real, lost = guard(world).apply, []

    def apply(action: Any) -> None:
        real(action)
        if isinstance(action, GrantToSchema) and not lost:
            lost.append(action)
            raise ConnectionError("the answer was lost")

    guard(world).apply = apply  # type: ignore[method-assign]
    world.apply(make.binding(routes=["list"]))
    world.settle(400)
    assert lost
    assert world.ready(BINDING) == ("True", "Succeeded")


def test_an_ords_that_does_not_call_the_guard_is_found_out_by_a_request_and_told_on_both() -> None:
    world = world_with(make.binding(routes=["list"]))
    assert world.ready() == world.ready(BINDING) == ("True", "Succeeded")
    closed = [url for url in world.backends.ords.urls if url.endswith("/_closed")]
    assert closed[0] == "https://ords.internal/ords/hr_api/oa-probe/hr/v1/_closed"
    world.backends.ords.hooked = False
    resync(world)
    assert world.condition("Guarded") == world.ready() == ("False", "GuardNotCalled")
    assert "procedure.rest.preHook=ORACLEAPI.GUARD.CHECK_REQUEST" in world.message()
    assert world.kube.status(*API)["routesServing"] == "3/3"
    edit(world, BINDING, routes=["people"])
    world.settle()
    assert [(found["fault"], found["wouldSee"]) for found in mismatches(world)] == [("GuardOff", "555 ORA-00942")]
    world.backends.ords.hooked = True
    world.settle(120)
    assert world.condition("Guarded") == world.ready() == ("True", "Succeeded")


@pytest.mark.parametrize("answer", [Answer(403, None, b"denied"), Answer(401, None, b""), Answer(555, None, b"{}")])
def test_a_refusal_that_is_not_the_guard_s_proves_nothing(answer: Answer) -> None:
    world = world_with()
    real = world.backends.ords.ask
    world.backends.ords.ask = lambda url: answer if url.endswith("/_closed") else real(url)  # type: ignore[method-assign]
    resync(world)
    assert world.condition("Guarded") == ("False", "GuardNotCalled")
    assert f"answers {answer.status}" in world.message()
