"""What is written into the guard's tables, what goes last, and how each difference is told."""

from dataclasses import replace

import pytest

from oracleapi.model.drift import ABSENT, PRESENT, Drift
from oracleapi.model.guard import (
    BindingAction,
    BindingRow,
    ChangeBinding,
    ChangeGuard,
    DesiredBinding,
    DesiredGuard,
    GrantToSchema,
    GuardApi,
    GuardRoute,
    Management,
    ObservedBinding,
    ObservedGuard,
    RevokeFromSchema,
)
from oracleapi.plan.guard import plan_binding, plan_guard, plan_guard_end, plan_guard_removal

OWNER, SCHEMA = "cluster-1/OracleApi/hr/hr", "HR_API"
API = GuardApi(OWNER, "uid-hr", SCHEMA, "hr/hr", True, "sub", "groups")
ROUTES = tuple(GuardRoute("GET", f"^/{name}$", name, 0, "JWT") for name in "edcba")
MANAGED = Management("SetRole", "Request-Id")
WANTED = DesiredGuard(API, frozenset(ROUTES), MANAGED)
THERE = ObservedGuard(API, frozenset(ROUTES), MANAGED)
NOTHING = ObservedGuard()


def told(*drift: Drift) -> list[tuple[str, str, str, str]]:
    return [(found.object, found.field, found.desired, found.observed) for found in drift]


def test_what_is_as_desired_needs_nothing() -> None:
    plan = plan_guard(WANTED, THERE)
    assert (plan.actions, plan.drift) == ((), ())
    assert plan_guard_end(WANTED, THERE).empty


def test_everything_is_written_in_one_transaction_in_a_settled_order() -> None:
    plan = plan_guard(WANTED, NOTHING)
    assert plan.actions == (ChangeGuard(OWNER, SCHEMA, API, tuple(sorted(ROUTES)), (), MANAGED),)
    assert told(*plan.drift) == [
        ("guard", "api", PRESENT, ABSENT),
        ("guard", "managed schema", PRESENT, ABSENT),
        *((f"guard route GET ^/{name}$", "row", PRESENT, ABSENT) for name in "abcde"),
    ]


def test_a_schema_is_not_managed_before_somebody_says_so_and_then_kept_up() -> None:
    assert plan_guard(WANTED, replace(THERE, management=None), manage=False).empty
    (begin,) = plan_guard(WANTED, replace(THERE, management=None)).actions
    assert begin == ChangeGuard(OWNER, SCHEMA, manage=MANAGED)
    other = replace(MANAGED, role_mode="ContextOnly")
    plan = plan_guard(WANTED, replace(THERE, management=other), manage=False)
    assert plan.actions == (ChangeGuard(OWNER, SCHEMA, manage=MANAGED),)
    assert told(*plan.drift) == [("guard", "role_mode", "SetRole", "ContextOnly")]


def test_a_row_of_the_api_that_differs_is_written_and_told() -> None:
    plan = plan_guard(WANTED, replace(THERE, api=replace(API, require_binding=False)))
    assert plan.actions == (ChangeGuard(OWNER, SCHEMA, api=API),)
    assert [(found.object, found.field) for found in plan.drift] == [("guard", "require_binding")]


def test_only_routes_that_differ_are_written_and_surplus_ones_go_last() -> None:
    changed, surplus = replace(ROUTES[0], name="x"), GuardRoute("GET", "^/z$", "z", 0, "JWT")
    seen = replace(THERE, routes=frozenset({changed, surplus, *ROUTES[1:]}))
    plan = plan_guard(WANTED, seen)
    assert plan.actions == (ChangeGuard(OWNER, SCHEMA, put=(ROUTES[0],)),)
    assert told(*plan.drift) == [
        ("guard route GET ^/e$", "name", "e", "x"),
        ("guard route GET ^/z$", "row", ABSENT, PRESENT),
    ]
    assert plan_guard_end(WANTED, seen).actions == (ChangeGuard(OWNER, SCHEMA, drop=(surplus.place,)),)
    assert plan_guard_end(WANTED, seen, kept=[surplus.place]).empty


def test_what_goes_goes_in_a_settled_order() -> None:
    nothing = replace(WANTED, routes=frozenset())
    places = tuple(sorted(route.place for route in ROUTES))
    assert plan_guard_end(nothing, THERE).actions == (ChangeGuard(OWNER, SCHEMA, drop=places),)
    assert plan_guard_removal(OWNER, SCHEMA, THERE).actions == (ChangeGuard(OWNER, SCHEMA, drop=places, release=True),)


FORGET = ChangeGuard(OWNER, SCHEMA, release=True)
OTHERS = frozenset({"cluster-1/OracleApi/hr/other"})


@pytest.mark.parametrize(
    ("seen", "unmanage", "actions"),
    [
        (NOTHING, False, ()),
        (NOTHING, True, ()),
        (replace(NOTHING, api=API), False, (FORGET,)),
        (replace(NOTHING, api=API), True, (replace(FORGET, unmanage=True),)),
        (replace(NOTHING, routes=frozenset(ROUTES[:1])), False, (replace(FORGET, drop=(ROUTES[0].place,)),)),
        (replace(NOTHING, management=MANAGED), False, (FORGET,)),
        (replace(NOTHING, management=MANAGED, others=OTHERS), False, ()),
        (replace(NOTHING, management=MANAGED, others=OTHERS), True, (replace(FORGET, unmanage=True),)),
        (replace(NOTHING, others=OTHERS), True, ()),
    ],
)
def test_an_api_is_forgotten_and_the_schema_with_the_last_one(
    seen: ObservedGuard, unmanage: bool, actions: tuple[ChangeGuard, ...]
) -> None:
    assert plan_guard_removal(OWNER, SCHEMA, seen, unmanage).actions == actions


# Bindings

ROWS = tuple(BindingRow("*", "Group", name, "HR_READER") for name in "edcba")
BINDING = DesiredBinding("cluster-1/RoleBinding/hr/b", OWNER, SCHEMA, "HR_READER", frozenset(ROWS))
NONE = replace(BINDING, rows=frozenset())
BOUND = ObservedBinding(frozenset(ROWS), frozenset({OWNER}), True, True, granted=True)
GRANT, REVOKE = GrantToSchema("HR_READER", SCHEMA), RevokeFromSchema("HR_READER", SCHEMA)


def change(put: tuple[BindingRow, ...] = (), drop: tuple[BindingRow, ...] = ()) -> ChangeBinding:
    return ChangeBinding(BINDING.binding, OWNER, tuple(sorted(put)), tuple(sorted(row.place for row in drop)))


@pytest.mark.parametrize(
    ("desired", "seen", "actions"),
    [
        (BINDING, BOUND, ()),
        (BINDING, ObservedBinding(role_exists=True, role_secure=True), (GRANT, change(ROWS))),
        (BINDING, replace(BOUND, granted=False), (GRANT,)),
        (BINDING, replace(BOUND, rows=frozenset(ROWS[1:])), (change(ROWS[:1]),)),
        (replace(BINDING, rows=frozenset(ROWS[1:])), BOUND, (change(drop=ROWS[:1]),)),
        (BINDING, replace(BOUND, apis=frozenset({"x"})), (change(ROWS, ROWS),)),
        (BINDING, replace(BOUND, apis=frozenset({"x", OWNER})), (change(ROWS, ROWS),)),
        (NONE, BOUND, (change(drop=ROWS), REVOKE)),
        (NONE, replace(BOUND, rows=frozenset()), (REVOKE,)),
        (NONE, replace(BOUND, rows=frozenset(), granted=False), ()),
        (NONE, replace(BOUND, rows=frozenset(), sharers=frozenset({"b2"})), ()),
        (NONE, replace(BOUND, rows=frozenset(), role_secure=False), ()),
    ],
)
def test_the_schema_holds_the_role_from_before_its_first_row_until_after_its_last(
    desired: DesiredBinding, seen: ObservedBinding, actions: tuple[BindingAction, ...]
) -> None:
    assert plan_binding(desired, seen).actions == actions


def test_rows_and_a_lacking_grant_are_told() -> None:
    ends = replace(ROWS[0], not_after="2030-01-01T00:00:00Z")
    surplus = BindingRow("list", "User", "eve", "HR_READER")
    seen = replace(BOUND, rows=frozenset({ends, surplus}), granted=False)
    desired = replace(BINDING, rows=frozenset(ROWS[:3]))
    assert told(*plan_binding(desired, seen).drift) == [
        ("schema HR_API", "role HR_READER", PRESENT, ABSENT),
        ("binding of Group c on *", "row", PRESENT, ABSENT),
        ("binding of Group d on *", "row", PRESENT, ABSENT),
        ("binding of Group e on *", "not_after", "", "2030-01-01T00:00:00Z"),
        ("binding of User eve on list", "row", ABSENT, PRESENT),
    ]
    assert plan_binding(BINDING, BOUND).drift == ()
    assert plan_binding(NONE, replace(BOUND, rows=frozenset(), granted=False)).drift == ()
