"""``OracleRole`` in a small world: exact grants, what waits, what others granted, deletion, modes, fences."""

from dataclasses import replace
from typing import Any

import pytest

from oracleapi.model.role import Grant, ObservedRole
from support import make
from support.fake_roles import FakeRoles
from support.small_world import SmallWorld
from support.worlds import DATABASE, ROLE, drift_of, edit, events, resync, written

READ = Grant("object", "SELECT", "HR.EMPLOYEES")
READ_JOBS = Grant("object", "SELECT", "HR.JOBS")


def world_with(*grants: dict[str, Any], **fields: Any) -> SmallWorld:
    found = SmallWorld(*make.world(), make.role("hr-reader", *grants, **fields))
    found.clock.advance(60)
    return found


def roles(world: SmallWorld) -> FakeRoles:
    return world.backends.database.roles


def the_role(world: SmallWorld) -> ObservedRole:
    return roles(world).roles["HR_READER"]


def on(name: str, *privileges: str) -> dict[str, Any]:
    return {"object": name, "privileges": list(privileges)}


def test_a_role_is_made_with_its_grants_and_the_next_pass_writes_nothing() -> None:
    world = world_with()
    assert world.ready(ROLE) == ("True", "Succeeded")
    assert {*the_role(world).grants} == {READ}
    status = world.kube.status(*ROLE)
    assert (status["roleName"], status["granted"]) == ("HR_READER", "1/1")
    assert world.condition("GrantsInSync", ROLE) == ("True", "Succeeded")
    with written(world) as writes:
        resync(world)
    assert writes == []


def test_an_edit_revokes_what_it_dropped() -> None:
    world = world_with(on("HR.EMPLOYEES", "SELECT", "UPDATE"))
    edit(world, ROLE, grants=[on("HR.JOBS", "SELECT")])
    world.settle()
    assert {*the_role(world).grants} == {READ_JOBS}
    assert drift_of(world, ROLE) == set()


def test_what_a_person_granted_is_told_and_taken_back() -> None:
    world = world_with()
    roles(world).hand_grant("HR_READER", READ_JOBS)
    resync(world)
    assert {*the_role(world).grants} == {READ}
    (told,) = events(world, "DriftRepaired")
    assert "role HR_READER grant SELECT ON HR.JOBS" in told
    resync(world)
    assert drift_of(world, ROLE) == set()


def test_a_grant_on_what_is_not_there_waits_names_it_and_delays_nothing_else() -> None:
    world = world_with(on("HR.EMPLOYEES", "SELECT"), on("HR.LATER", "SELECT"))
    assert world.ready(ROLE) == ("False", "DependencyNotReady")
    assert "SELECT ON HR.LATER" in world.message(ROLE)
    assert {*the_role(world).grants} == {READ}
    assert world.kube.status(*ROLE)["missing"] == ["SELECT ON HR.LATER"]
    roles(world).objects.add("HR.LATER")
    world.settle(400)
    assert world.ready(ROLE) == ("True", "Succeeded")
    assert "missing" not in world.kube.status(*ROLE)


def test_what_another_grantor_gave_is_explained_with_the_statement_that_helps() -> None:
    world = world_with()
    roles(world).hand_grant("HR_READER", READ_JOBS, "SCOTT")
    roles(world).withheld[READ_JOBS] = "ORA-01927"
    resync(world)
    assert world.ready(ROLE) == ("False", "GrantorDiffers")
    assert "as SCOTT run: REVOKE SELECT ON HR.JOBS FROM HR_READER" in world.message(ROLE)
    assert world.kube.status(*ROLE)["extra"] == ["SELECT ON HR.JOBS (by SCOTT)"]


def test_a_right_that_the_operator_lacks_is_named_and_the_other_grants_are_given() -> None:
    world = SmallWorld(*make.world(), start=False)
    roles(world).withheld[READ_JOBS] = "ORA-01031"
    world.apply(make.role("hr-reader", on("HR.JOBS", "SELECT"), on("HR.EMPLOYEES", "SELECT")))
    world.settle()
    assert world.ready(ROLE) == ("False", "PrivilegesMissing")
    assert "grant SELECT ON HR.JOBS: ORA-01031" in world.message(ROLE)
    assert {*the_role(world).grants} == {READ}


def test_a_role_that_a_person_made_is_left_alone_until_it_may_be_adopted() -> None:
    world = SmallWorld(*make.world(), start=False)
    roles(world).roles["HR_READER"] = ObservedRole("HR_READER", exists=True, grants={READ_JOBS: "HR"})
    world.apply(make.role())
    world.settle()
    assert world.ready(ROLE) == ("False", "NotOwned")
    assert {*the_role(world).grants} == {READ_JOBS}
    edit(world, ROLE, adoptExisting=True)
    world.settle()
    assert world.ready(ROLE) == ("True", "Succeeded")
    assert {*the_role(world).grants} == {READ}
    edit(world, ROLE, deletionPolicy="Delete")
    world.delete(*ROLE)
    world.settle()
    assert "HR_READER" in roles(world).roles
    assert roles(world).marks == {}


def test_a_deleted_role_stays_unless_the_spec_says_otherwise() -> None:
    world = world_with()
    world.delete(*ROLE)
    world.settle()
    assert ROLE not in world.kube.objects
    assert {*the_role(world).grants} == {READ}
    assert roles(world).marks == {}
    world = world_with(deletionPolicy="Delete")
    world.delete(*ROLE)
    world.settle()
    assert (roles(world).roles, roles(world).marks) == ({}, {})


def test_a_retained_role_is_found_again_only_when_it_may_be_adopted() -> None:
    world = world_with()
    world.delete(*ROLE)
    world.settle()
    world.apply(make.role())
    world.settle()
    assert world.ready(ROLE) == ("False", "NotOwned")
    assert "adoptExisting" in world.message(ROLE)


def test_a_restored_cluster_finds_its_roles() -> None:
    world = world_with()
    status_lost = make.role()
    world.kube.objects.pop(ROLE)
    world.restart()
    world.apply(status_lost)
    with written(world) as writes:
        world.settle()
    assert world.ready(ROLE) == ("True", "Succeeded")
    assert "CreateRole" not in writes


def test_the_database_stays_while_a_role_is_in_it() -> None:
    world = world_with()
    world.delete(*DATABASE)
    world.settle()
    assert "OracleRole/hr/hr-reader" in world.message(DATABASE)


def test_without_permission_the_database_reads_as_if_it_did_not_exist() -> None:
    world = world_with()
    edit(world, DATABASE, delegations=[])
    world.settle()
    assert world.ready(ROLE) == ("False", "RefNotPermitted")
    assert "does not exist or namespace hr may not use it" in world.message(ROLE)


def test_report_writes_nothing_and_shows_the_plan() -> None:
    world = world_with(mode="Report")
    assert world.ready(ROLE) == ("False", "Drifted")
    assert roles(world).roles == {}
    objects = [found["object"] for found in world.kube.status(*ROLE)["plan"]["actions"]]
    assert objects == ["role HR_READER", "grant SELECT ON HR.EMPLOYEES of role HR_READER"]


def test_approve_waits_for_the_plans_hash() -> None:
    world = world_with(mode="Approve")
    assert world.ready(ROLE) == ("False", "PlanWaiting")
    found = dict(world.kube.objects[ROLE])
    annotations = {"oracleapi.dev/approved-plan": world.kube.status(*ROLE)["plan"]["hash"]}
    world.apply({**found, "metadata": {**found["metadata"], "annotations": annotations}})
    world.settle()
    assert world.ready(ROLE) == ("True", "Succeeded")
    assert {*the_role(world).grants} == {READ}


REFUSED: list[tuple[str, str, str, tuple[str, str]]] = [
    ("ORA-00942", "False", "DependencyNotReady", ("waiting for", "SELECT ON HR.JOBS")),
    ("ORA-01917", "False", "DependencyNotReady", ("waiting for", "SELECT ON HR.JOBS")),
    ("ORA-01919", "False", "DependencyNotReady", ("waiting for", "SELECT ON HR.JOBS")),
    ("ORA-04042", "False", "DependencyNotReady", ("waiting for", "SELECT ON HR.JOBS")),
    ("ORA-04043", "False", "DependencyNotReady", ("waiting for", "SELECT ON HR.JOBS")),
    ("ORA-00054", "Unknown", "OracleBusy", ("SELECT ON HR.JOBS", "lock")),
    ("ORA-00060", "Unknown", "OracleBusy", ("SELECT ON HR.JOBS", "lock")),
    ("ORA-04021", "Unknown", "OracleBusy", ("SELECT ON HR.JOBS", "lock")),
    ("ORA-30006", "Unknown", "OracleBusy", ("SELECT ON HR.JOBS", "lock")),
    ("ORA-00990", "False", "InvalidSpec", ("spec.grants: SELECT ON HR.JOBS", "take it out")),
    ("ORA-01934", "False", "InvalidSpec", ("spec.grants: SELECT ON HR.JOBS", "take it out")),
    ("ORA-02225", "False", "InvalidSpec", ("spec.grants: SELECT ON HR.JOBS", "take it out")),
    ("ORA-28405", "False", "InvalidSpec", ("spec.grants: SELECT ON HR.JOBS", "take it out")),
    ("ORA-01031", "False", "PrivilegesMissing", ("grant SELECT ON HR.JOBS", "docs/database.md")),
    ("ORA-01924", "False", "PrivilegesMissing", ("grant SELECT ON HR.JOBS", "docs/database.md")),
    ("ORA-01926", "False", "PrivilegesMissing", ("grant SELECT ON HR.JOBS", "docs/database.md")),
    ("ORA-01932", "False", "PrivilegesMissing", ("grant SELECT ON HR.JOBS", "docs/database.md")),
]
"""Codes of refused grants. Source: Oracle Database Error Messages."""


@pytest.mark.parametrize(("code", "status", "reason", "words"), REFUSED, ids=[row[0] for row in REFUSED])
def test_a_refused_grant_says_why_and_holds_up_no_other(
    code: str, status: str, reason: str, words: tuple[str, str]
) -> None:
    world = SmallWorld(*make.world(), start=False)
    roles(world).withheld[READ_JOBS] = code
    world.apply(make.role("hr-reader", on("HR.JOBS", "SELECT"), on("HR.EMPLOYEES", "SELECT")))
    world.settle()
    assert world.ready(ROLE) == (status, reason)
    assert all(word in world.message(ROLE) for word in words)
    assert {*the_role(world).grants} == {READ}
    del roles(world).withheld[READ_JOBS]
    world.settle(400)
    assert world.ready(ROLE) == ("True", "Succeeded")


@pytest.mark.parametrize("code", ["ORA-01927", "ORA-01951", "ORA-01952", "ORA-00942", "ORA-01919"])
def test_a_revoke_of_what_somebody_else_just_revoked_is_done(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between our look and our statement."""
    world = world_with()
    roles(world).hand_grant("HR_READER", READ_JOBS)
    took: list[Grant] = []

    def revoke(self: FakeRoles, role: str, grant: Grant) -> str:
        held = self.roles[role]
        took.append(grant)
        self.roles[role] = replace(held, grants={kept: by for kept, by in held.grants.items() if kept != grant})
        return code

    monkeypatch.setattr(FakeRoles, "_revoke", revoke)
    resync(world)
    assert took == [READ_JOBS]
    assert world.ready(ROLE) == ("True", "Succeeded")


@pytest.mark.parametrize("code", ["ORA-00942", "ORA-00990", "ORA-01031", "ORA-01952"])
def test_a_revoke_that_is_refused_names_what_is_held_and_not_a_fault_of_the_list(code: str) -> None:
    world = world_with()
    roles(world).hand_grant("HR_READER", READ_JOBS)
    roles(world).withheld[READ_JOBS] = code
    resync(world)
    assert world.ready(ROLE) == ("False", "PrivilegesMissing")
    assert f"revoke SELECT ON HR.JOBS: {code}" in world.message(ROLE)


def test_a_column_that_is_held_does_not_hide_that_the_whole_object_was_refused() -> None:
    world = SmallWorld(*make.world(), start=False)
    roles(world).withheld[READ_JOBS] = "ORA-01031"
    column = {"object": "HR.JOBS", "privileges": ["SELECT"], "columns": ["JOB_ID"]}
    world.apply(make.role("hr-reader", column, on("HR.JOBS", "SELECT")))
    world.settle()
    assert world.ready(ROLE) == ("False", "PrivilegesMissing")
