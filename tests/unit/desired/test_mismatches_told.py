"""Each subject of a ``RoleBinding`` on each route that it names: what is told of it, in which words, how often."""

import hashlib
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from oracleapi.api.rolebinding import RoleBindingSpec
from oracleapi.desired.mismatches import (
    BindingFacts,
    Mismatch,
    Verdict,
    access_hash,
    broken_link,
    judge,
    roles_of_cells,
)
from oracleapi.model.guard import BindingRow, DesiredBinding
from oracleapi.model.line import Line, LineApi, LineBinding, LineDatabase, LineRole, LineRoute, RouteFault, Subject
from oracleapi.model.parse import Parsed
from support import make
from support.line_worlds import ACCOUNT, NOW, ROUTES

ROLE = "HR_READER"
STAFF, ALICE, ANYBODY = Subject("Group", "staff"), Subject("User", "alice"), Subject("Anonymous", "*")
OPENID, ANN = Subject("Scope", "openid"), Subject("IamUser", f"arn:aws:iam::{ACCOUNT}:user/ann")
LIST = LineRoute("list", "JWT", "hr.read")
HEALTH = LineRoute("health", "Public")
PAY = LineRoute("pay", "IAM")
OFF = LineDatabase("Off")
GONE, LATER = NOW - timedelta(hours=1), NOW + timedelta(hours=1)
NO_ROLE = "555 ORA-00942"


def spec(*subjects: Subject, routes: tuple[str, ...] = ("*",)) -> RoleBindingSpec:
    named = [{"kind": each.kind, "name": each.name} for each in subjects]
    return RoleBindingSpec.model_validate(make.binding("b", *named, routes=routes)["spec"])


def facts(
    *subjects: Subject,
    routes: tuple[LineRoute, ...] = ROUTES,
    database: LineDatabase | None = None,
    role: LineRole | None = None,
    ends: Any = None,
    lost: str | None = None,
    bound: tuple[str, ...] = ("*",),
) -> BindingFacts:
    """Return facts where nothing is missing unless the arguments say so."""
    binding = LineBinding("b", ROLE, subjects, bound, ends, written=lost is None)
    line = Line(LineApi(routes, ACCOUNT), database or LineDatabase(), (binding,), {ROLE: role or LineRole(ROLE)})
    return BindingFacts(line, NOW, lost)


def judged(*subjects: Subject, named: tuple[str, ...] = ("*",), **more: Any) -> Verdict:
    return judge(spec(*subjects, routes=named), facts(*subjects, bound=named, **more))


# Which cells there are, and what becomes of them


def test_every_route_is_each_that_a_subject_can_arrive_on() -> None:
    assert judged(STAFF, ANYBODY, ANN) == Verdict(allowed=3 + 1 + 1, denied=0, mismatches=(), bound=3)


def test_a_subject_that_can_arrive_on_none_is_one_that_does_not_come_through() -> None:
    nowhere = Mismatch("Gateway", "AuthMismatch", "Anonymous *", "", "403", "")
    assert judged(STAFF, ANYBODY, routes=(LIST,)) == Verdict(1, 1, (nowhere,), bound=1)


def test_a_subject_is_bound_that_comes_through_on_one_route_at_least() -> None:
    found = judged(STAFF, ANYBODY, named=("health", "list"))
    assert (found.allowed, found.denied, found.bound) == (2, 2, 2)
    found = judged(STAFF, ALICE, named=("health", "nowhere"))
    assert (found.allowed, found.denied, found.bound) == (0, 4, 0)


def test_mismatches_are_told_by_link_in_the_order_of_the_alphabet() -> None:
    found = judged(STAFF, named=("health", "nowhere"))
    assert found.mismatches == (
        Mismatch("Binding", "RouteUnknown", "Group staff", "nowhere", "404"),
        Mismatch("Gateway", "AuthMismatch", "Group staff", "health", NO_ROLE),
    )


@pytest.mark.parametrize("subjects", [(STAFF, ALICE), (STAFF, ALICE, OPENID)])
def test_what_all_have_in_common_is_told_once(subjects: tuple[Subject, ...]) -> None:
    found = judged(*subjects, named=("list",), database=OFF)
    assert found == Verdict(0, len(subjects), (Mismatch("Binding", "GuardOff", "", "", NO_ROLE, ""),), bound=0)


def test_of_one_subject_on_one_route_both_are_named() -> None:
    told = Mismatch("Binding", "GuardOff", "Group staff", "list", NO_ROLE)
    assert judged(STAFF, named=("list",), database=OFF).mismatches == (told,)


def test_what_some_have_in_common_is_told_of_each() -> None:
    barred = replace(LIST, name="other", state="Refused")
    found = judged(STAFF, ALICE, routes=(LIST, barred))
    told = [Mismatch("Gateway", "RouteRefused", who, "other", "404") for who in ("Group staff", "User alice")]
    assert found == Verdict(2, 2, tuple(told), bound=2)


# The first broken link


def test_a_route_that_the_api_has_not_is_named() -> None:
    told = Mismatch("Binding", "RouteUnknown", "Group staff", "nowhere", "404")
    assert broken_link(STAFF, "nowhere", facts(STAFF)) == told


@pytest.mark.parametrize(
    ("subject", "route", "sees"),
    [(STAFF, HEALTH, NO_ROLE), (STAFF, PAY, "403"), (ANN, LIST, "401"), (ANN, HEALTH, NO_ROLE)],
)
def test_who_cannot_arrive_on_a_route_sees_what_its_gateway_says_or_passes_without_the_role(
    subject: Subject, route: LineRoute, sees: str
) -> None:
    told = Mismatch("Gateway", "AuthMismatch", str(subject), route.name, sees)
    assert broken_link(subject, route.name, facts(subject, routes=(route,))) == told


def test_who_cannot_arrive_sees_what_a_caller_without_the_role_sees_even_where_others_are_bound() -> None:
    loose = facts(STAFF, ANYBODY, routes=(HEALTH,), database=LineDatabase(roles_enforced=False))
    assert broken_link(STAFF, "health", loose) == Mismatch("Gateway", "AuthMismatch", "Group staff", "health", NO_ROLE)


def test_a_caller_asks_for_the_scope_of_the_route_beside_his_own() -> None:
    assert broken_link(OPENID, "list", facts(OPENID)) is None


UNPROTECTED = RouteFault("PrivilegeMissing")
PROFILE = RouteFault("ProfileDiffers")


@pytest.mark.parametrize(
    ("route", "more", "told"),
    [
        (replace(LIST, state="Refused"), {"database": OFF}, ("Gateway", "RouteRefused", "404")),
        (replace(LIST, state="Refused"), {"ends": GONE}, ("Gateway", "RouteRefused", "404")),
        (replace(LIST, fault=PROFILE), {"database": OFF}, ("OrdsPrivilege", "ProfileDiffers", "401")),
        (replace(LIST, fault=PROFILE), {"lost": "RoleMissing"}, ("OrdsPrivilege", "ProfileDiffers", "401")),
        (replace(LIST, fault=UNPROTECTED), {"database": OFF}, ("Binding", "GuardOff", NO_ROLE)),
        (replace(LIST, guarded=False), {"ends": GONE}, ("Binding", "RouteUnknown", "403")),
        (LIST, {"database": OFF, "ends": GONE}, ("Binding", "GuardOff", NO_ROLE)),
        (LIST, {"ends": GONE, "lost": "RoleMissing"}, ("Binding", "Expired", "403")),
        (LIST, {"lost": "RoleNotSecure"}, ("OracleRole", "RoleNotSecure", "403")),
        (LIST, {"role": LineRole(ROLE, granted=False)}, ("OracleRole", "RoleNotGranted", NO_ROLE)),
        (LIST, {"role": LineRole(ROLE, proxied="NO ROLE")}, ("OracleRole", "ProxyRoleDenied", "403")),
        (LIST, {"role": LineRole(ROLE, missing=frozenset({"SELECT ON X"}))}, ("Grant", "GrantMissing", NO_ROLE)),
        (LIST, {"ends": LATER}, None),
    ],
)
def test_of_several_broken_links_the_one_is_told_that_is_to_be_mended_first(
    route: LineRoute, more: dict[str, Any], told: tuple[str, str, str] | None
) -> None:
    found = broken_link(STAFF, "list", facts(STAFF, routes=(route,), **more))
    assert found == (told and Mismatch(told[0], told[1], "Group staff", "list", told[2]))


# Handlers that do not parse


@pytest.mark.parametrize(
    ("verdict", "sees", "detail"),
    [
        (Parsed("Refused", "ORA-00942", "HR.JOBS"), "555 ORA-00942", "with A not there or not granted: HR.JOBS"),
        (
            Parsed("Refused", "ORA-01031"), "555 ORA-01031",
            "with A not there or not granted: an object that the database does not name",
        ),
        (
            Parsed("Refused", "ORA-06550", "HR.JOBS", "PLS-00201"), "555 ORA-06550",
            "with A not there or not granted: HR.JOBS (PLS-00201; parsed only)",
        ),
    ],
)  # fmt: skip
def test_a_handler_that_the_roles_do_not_let_run_is_told_with_what_the_database_misses(
    verdict: Parsed, sees: str, detail: str
) -> None:
    known = replace(facts(STAFF), refused={(STAFF, "list"): (frozenset({"A"}), verdict)})
    told = Mismatch("Grant", "GrantMissing", "Group staff", "list", sees, detail)
    assert broken_link(STAFF, "list", known) == told
    assert broken_link(STAFF, "one", known) is None


def test_the_roles_that_a_handler_was_parsed_with_are_told_in_the_order_of_the_alphabet() -> None:
    names = sorted("ABCDEFGH")
    refused = {(STAFF, "list"): (frozenset(names), Parsed("Refused", "ORA-00942", "HR.JOBS"))}
    found = broken_link(STAFF, "list", replace(facts(STAFF), refused=refused))
    assert found is not None
    assert found.detail.startswith("with A, B, C, D, E, F, G, H not there or not granted")


OTHER = LineBinding("other", "HR_PAYER", (STAFF,), ("one",))


def test_callers_have_the_roles_of_their_other_bindings_too() -> None:
    found = roles_of_cells(spec(STAFF), facts(STAFF), [OTHER])
    both = frozenset({ROLE, "HR_PAYER"})
    assert found == {(STAFF, "list"): {ROLE}, (STAFF, "me"): {ROLE}, (STAFF, "one"): both}
    assert roles_of_cells(spec(STAFF), facts(STAFF), []) == {cell: {ROLE} for cell in found}


@pytest.mark.parametrize("named", [("*",), ("one", "me", "list")])
def test_cells_come_in_the_order_of_the_routes_names(named: tuple[str, ...]) -> None:
    found = roles_of_cells(spec(STAFF, ALICE, routes=named), facts(STAFF, ALICE, bound=named), [])
    assert [name for _, name in found] == ["list", "me", "one"] * 2


def test_where_another_link_is_broken_no_roles_are_asked_about() -> None:
    barred = replace(LIST, name="other", state="Refused")
    known = facts(STAFF, routes=(LIST, barred))
    assert roles_of_cells(spec(STAFF), known, []) == {(STAFF, "list"): {ROLE}}
    again = replace(known, refused={(STAFF, "list"): (frozenset({ROLE}), Parsed("Refused"))})
    assert roles_of_cells(spec(STAFF), again, []) == {(STAFF, "list"): {ROLE}}


# What stands in status


def test_an_entry_leaves_out_what_is_the_same_for_all() -> None:
    found = Mismatch("Binding", "GuardOff", would_see=NO_ROLE).entry()
    assert found == {"link": "Binding", "fault": "GuardOff", "wouldSee": NO_ROLE}
    assert Mismatch("Binding", "NotBound").entry() == {"link": "Binding", "fault": "NotBound", "wouldSee": "403"}


def test_an_entry_tells_subject_and_route_and_512_letters_of_the_detail() -> None:
    found = Mismatch("Grant", "GrantMissing", "Group staff", "list", NO_ROLE, "d" * 600).entry()
    assert found == {
        "link": "Grant", "fault": "GrantMissing", "wouldSee": NO_ROLE, "subject": "Group staff", "route": "list",
        "detail": "d" * 512,
    }  # fmt: skip


def test_the_access_hash_is_of_the_sorted_rows_and_of_nothing_else() -> None:
    """An audit compares it with one of another day: what is hashed must stay the same, to the byte."""
    rows = {BindingRow("list", "User", name, ROLE) for name in "gfedcba"}
    rows.add(BindingRow("*", "Group", "staff", ROLE, "2027-01-01T00:00:00Z"))
    users = ",".join(f'["list","User","{name}","HR_READER",""]' for name in "abcdefg")
    text = f'[["*","Group","staff","HR_READER","2027-01-01T00:00:00Z"],{users}]'
    found = access_hash(DesiredBinding("hr/b", "hr/api", "HR_API", ROLE, frozenset(rows)))
    assert found == hashlib.sha256(text.encode()).hexdigest()
    assert access_hash(DesiredBinding("hr/c", "hr/api-2", "HR", ROLE, frozenset(rows))) == found
