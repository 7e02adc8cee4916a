"""The plan of a role: revokes first, the whole object for a column, nothing at rest, nobody else's role."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracleapi.errors import Terminal
from oracleapi.model.role import CreateRole, DesiredRole, DropRole, Grant, MarkRole, ObservedRole, Regrant, ReleaseRole
from oracleapi.plan.role import missing_grants, plan_role, plan_role_removal
from support.fake_roles import FakeRoles

OWNER = "cluster-1/OracleRole/hr/hr-reader"
OBJECTS = ("HR.A", "HR.B")
READ_A, READ_B = Grant("object", "SELECT", "HR.A"), Grant("object", "SELECT", "HR.B")


def desired(*grants: Grant, exact: bool = True, adopt: bool = False) -> DesiredRole:
    return DesiredRole("HR_READER", OWNER, "uid-1", frozenset(grants), exact, adopt)


def observed(*grants: Grant, objects: tuple[str, ...] = OBJECTS) -> ObservedRole:
    return ObservedRole(
        "HR_READER", exists=True, secure=True, owner=OWNER, uid="uid-1", grants=dict.fromkeys(grants, "HR"),
        objects=frozenset(objects),
    )  # fmt: skip


def test_a_role_that_is_not_there_is_marked_and_made_before_it_gets_its_grants() -> None:
    nothing = ObservedRole("HR_READER", objects=frozenset(OBJECTS))
    create, grant = plan_role(desired(READ_A), nothing).actions
    assert create == CreateRole("HR_READER", OWNER, "uid-1")
    assert grant == Regrant("HR_READER", grant=(READ_A,))


def test_what_git_dropped_is_revoked_before_anything_is_granted() -> None:
    (action,) = plan_role(desired(READ_A), observed(READ_B)).actions
    assert action == Regrant("HR_READER", revoke=(READ_B,), grant=(READ_A,))


def test_additive_leaves_what_it_did_not_list() -> None:
    assert plan_role(desired(READ_A, exact=False), observed(READ_A, READ_B)).empty


def test_a_column_goes_with_all_columns_and_the_others_come_back() -> None:
    kept, gone = Grant("object", "UPDATE", "HR.A", "NAME"), Grant("object", "UPDATE", "HR.A", "SALARY")
    (action,) = plan_role(desired(kept), observed(kept, gone)).actions
    assert action == Regrant("HR_READER", revoke=(Grant("object", "UPDATE", "HR.A"),), grant=(kept,))


def test_a_grant_on_an_object_that_is_not_there_waits_and_holds_up_no_other() -> None:
    seen = observed(objects=("HR.A",))
    (action,) = plan_role(desired(READ_A, READ_B), seen).actions
    assert action == Regrant("HR_READER", grant=(READ_A,))
    assert missing_grants(desired(READ_A, READ_B), seen) == (READ_B,)


def test_grants_come_and_go_in_a_settled_order_and_are_told_in_it() -> None:
    new = [Grant("object", privilege, "HR.A") for privilege in ("UPDATE", "SELECT", "INSERT", "DELETE", "ALTER")]
    old = [Grant("role", name) for name in ("HR_E", "HR_D", "HR_C", "HR_B", "HR_A")]
    plan = plan_role(desired(*new), observed(*old))
    assert plan.actions == (Regrant("HR_READER", revoke=tuple(sorted(old)), grant=tuple(sorted(new))),)
    told = [(found.object, found.field, found.desired, found.observed) for found in plan.drift]
    assert told == [
        *(("role HR_READER", f"grant {grant}", "absent", "present") for grant in sorted(old)),
        *(("role HR_READER", f"grant {grant}", "present", "absent") for grant in sorted(new)),
    ]
    assert missing_grants(desired(*new), observed(objects=())) == tuple(sorted(new))


def test_roles_and_system_privileges_wait_for_no_object() -> None:
    wanted = (Grant("role", "HR_BASE"), Grant("system", "CREATE VIEW"))
    (action,) = plan_role(desired(*wanted), observed(objects=())).actions
    assert action == Regrant("HR_READER", grant=wanted)
    assert missing_grants(desired(*wanted), observed(objects=())) == ()


def test_the_same_owner_under_another_uid_is_marked_anew() -> None:
    (action,) = plan_role(desired(READ_A), replace(observed(READ_A), uid="uid-0")).actions
    assert action == MarkRole("HR_READER", OWNER, "uid-1")


@pytest.mark.parametrize(
    ("seen", "reason", "word"),
    [
        (replace(observed(), maintained=True), "NotOwned", "maintained by Oracle"),
        (replace(observed(), owner="cluster-1/OracleRole/hr/other"), "Conflict", "another OracleRole"),
        (replace(observed(), owner="", uid=""), "NotOwned", "adoptExisting"),
        (replace(observed(), secure=False), "NotOwned", "adoptExisting"),
    ],
    ids=["Oracle's", "another's", "a person's", "marked by us, made by a person"],
)
def test_a_role_of_somebody_else_is_left_alone(seen: ObservedRole, reason: str, word: str) -> None:
    with pytest.raises(Terminal, match=word) as caught:
        plan_role(desired(READ_A), seen)
    assert caught.value.reason == reason


def test_an_adopted_role_is_marked_and_loses_what_git_does_not_list() -> None:
    seen = replace(observed(READ_B), owner="", uid="", secure=False)
    mark, regrant = plan_role(desired(READ_A, adopt=True), seen).actions
    assert mark == MarkRole("HR_READER", OWNER, "uid-1")
    assert regrant == Regrant("HR_READER", revoke=(READ_B,), grant=(READ_A,))


@pytest.mark.parametrize(
    ("seen", "keep", "expected"),
    [
        (observed(), False, (DropRole("HR_READER"),)),
        (observed(), True, (ReleaseRole("HR_READER"),)),
        (replace(observed(), secure=False), False, (ReleaseRole("HR_READER"),)),
        (replace(observed(), owner="cluster-1/OracleRole/hr/other"), False, ()),
        (replace(observed(), exists=False), False, (ReleaseRole("HR_READER"),)),
    ],
    ids=["ours", "retained", "adopted", "another's", "only the mark"],
)
def test_deletion_drops_what_we_made_and_releases_what_we_adopted(
    seen: ObservedRole, keep: bool, expected: tuple[object, ...]
) -> None:
    assert plan_role_removal(OWNER, seen, keep).actions == expected


GRANTS = st.frozensets(
    st.builds(
        Grant,
        st.just("object"),
        st.sampled_from(["INSERT", "UPDATE"]),
        st.sampled_from([*OBJECTS, "HR.LATER"]),
        st.sampled_from(["", "NAME", "SALARY"]),
    )
    | st.builds(Grant, st.just("role"), st.sampled_from(["HR_BASE", "HR_MORE"])),
    max_size=8,
)


@given(GRANTS, GRANTS, st.booleans())
def test_one_plan_is_enough_and_the_next_is_empty(
    wanted: frozenset[Grant], held: frozenset[Grant], exact: bool
) -> None:
    roles = FakeRoles(objects={*OBJECTS})
    roles.apply(CreateRole("HR_READER", OWNER, "uid-1"))
    for grant in held:
        roles.hand_grant("HR_READER", grant)
    goal = desired(*wanted, exact=exact)
    for action in plan_role(goal, roles.observe("HR_READER", [*OBJECTS, "HR.LATER"])).actions:
        assert roles.apply(action) == ()
    seen = roles.observe("HR_READER", [*OBJECTS, "HR.LATER"])
    assert plan_role(goal, seen).empty
    possible = wanted - {*missing_grants(goal, seen)}
    assert possible <= {*seen.grants}
    if exact:
        assert {*seen.grants} - possible <= wanted
