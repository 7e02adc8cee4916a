"""What each link of the line tells of a caller, to the word: who reads it has to find what is to be mended."""

from dataclasses import replace
from typing import Any

import pytest

from oracleapi.desired.callers import caller_of
from oracleapi.desired.line import decide, means, walk
from oracleapi.model.line import (
    Caller,
    Decision,
    Line,
    LineApi,
    LineBinding,
    LineDatabase,
    LineRole,
    LineRoute,
    Link,
    Nobody,
    RouteFault,
    Signature,
    Subject,
    Token,
    Walk,
)
from support.line_worlds import ACCOUNT, NOW

ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/finance/Payroll"
LIST = LineRoute("list", "JWT", "hr.read")
PAY = LineRoute("pay", "IAM")
HEALTH = LineRoute("health", "Public")
ALICE = Token("iss", frozenset({"aud"}), "alice", "alice", frozenset({"readers"}), frozenset({"hr.read"}))
PAYER, ANN = Signature(f"arn:aws:sts::{ACCOUNT}:assumed-role/Payroll/s1"), Signature(f"arn:aws:iam::{ACCOUNT}:user/ann")
STRANGER = Signature("arn:aws:iam::999999999999:user/ann")
FULL = replace(ALICE, groups=frozenset(), overage=True)
NAMELESS = replace(ALICE, subject="")
READERS = LineBinding("readers", "HR_READER", (Subject("Group", "readers"),), ("list",))
PAYROLL = LineBinding("payroll", "HR_PAYER", (Subject("IamRole", ROLE_ARN),), ("pay",))
ROLES = {name: LineRole(name, holds=frozenset({"SELECT ON HR.EMPLOYEES"})) for name in ("HR_READER", "HR_PAYER")}
SHADOW = RouteFault("PrivilegeShadowed", frozenset({f"hr.{name}" for name in "hgfedcba"}))
API, REQUIRED = LineApi((LIST, PAY, HEALTH), ACCOUNT, "iss", "aud"), LineDatabase()
LINE = Line(API, REQUIRED, (READERS, PAYROLL), ROLES)
OFF = replace(LINE, database=LineDatabase("Off"))
FREE = replace(LINE, api=replace(API, require_binding=False), bindings=())
OVERAGE = "the token leaves its groups out (groups overage), so it is in none"
NO_ROLE = "555 ORA-00942"


def led(line: Line = LINE, caller: Caller = ALICE, route: LineRoute = LIST) -> Walk:
    return walk(line, caller, route, NOW)


def role(**fields: Any) -> Line:
    return replace(LINE, roles={"HR_READER": replace(ROLES["HR_READER"], **fields)})


def test_what_is_whole_is_told_with_what_the_caller_comes_through_by() -> None:
    assert led().links == (
        Link("Gateway", "Open", detail="JWT, scope hr.read"),
        Link("OrdsPrivilege", "Open", detail="privilege hr.read"),
        Link("Binding", "Open", detail="readers"),
        Link("OracleRole", "Open", detail="HR_READER"),
        Link("Grant", "Open", detail="SELECT ON HR.EMPLOYEES"),
    )


def test_without_a_binding_a_public_route_leads_to_the_schema_s_own_rights() -> None:
    assert led(caller=Nobody(), route=HEALTH).links == (
        Link("Gateway", "Open", detail="Public"),
        Link("OrdsPrivilege", "NotAsked", detail="no privilege stands before this route"),
        Link("Binding", "Open", detail="without a binding, so without a role"),
        Link("OracleRole", "NotAsked", detail="no role"),
        Link("Grant", "NotAsked", detail="nothing beyond the schema's own"),
    )


def test_a_route_without_a_scope_is_told_without_one() -> None:
    found = led(route=LineRoute("list", "JWT"))
    assert found.links[:2] == (Link("Gateway", "Open", detail="JWT"), Link("OrdsPrivilege", "Open"))


def test_a_degraded_route_is_served() -> None:
    assert led(route=replace(LIST, state="Degraded")).broken is None


def test_without_a_guard_nobody_is_asked_and_nothing_is_broken_where_nobody_is_bound() -> None:
    assert led(replace(OFF, bindings=())).links[2:] == (
        Link("Binding", "NotAsked", detail="the database has no guard: nobody needs a binding"),
        Link("OracleRole", "NotAsked", detail="no role"),
        Link("Grant", "NotAsked", detail="nothing beyond the schema's own"),
    )


@pytest.mark.parametrize("guarded", [True, False])
def test_without_a_guard_a_binding_is_told_that_has_no_effect(guarded: bool) -> None:
    found = led(OFF, route=replace(LIST, guarded=guarded))
    assert found.links[2:] == (
        Link("Binding", "Broken", "GuardOff", NO_ROLE, "readers would bind the caller, but no guard asks"),
        Link("OracleRole", "NotAsked", detail="no role"),
        Link("Grant", "NotAsked", detail="nothing beyond the schema's own"),
    )
    assert (found.roles, found.bindings) == ((), ("readers",))


def test_behind_the_gate_that_refuses_nobody_is_asked() -> None:
    found = led(route=replace(LIST, state="Refused"))
    assert found.links == (
        Link("Gateway", "Refused", "RouteRefused", "404", "the gateway does not serve route list"),
        *(Link(name, "NotAsked") for name in ("OrdsPrivilege", "Binding", "OracleRole", "Grant")),
    )


def test_bindings_are_named_to_whom_the_guard_lets_pass_even_where_the_role_is_refused_then() -> None:
    assert led(route=replace(LIST, state="Refused")).bindings == ()
    found = led(role(proxied="NO ROLE"))
    assert found.links[3:] == (
        Link("OracleRole", "Refused", "ProxyRoleDenied", "403", "HR_READER: NO ROLE"),
        Link("Grant", "NotAsked"),
    )
    assert (found.bindings, found.roles) == (("readers",), ())


# Gateway and ORDS


def refusal(found: Walk) -> tuple[str, str, str, str]:
    """Return link, fault, what is seen and the detail of the link that refuses."""
    link = next(link for link in found.links if link.outcome == "Refused")
    return link.name, link.fault, link.sees, link.detail


@pytest.mark.parametrize(
    ("caller", "fault", "sees", "detail"),
    [
        (replace(ALICE, fault="TokenExpired"), "TokenExpired", "401", "the token has expired"),
        (replace(ALICE, fault="TokenForged"), "TokenForged", "401", "not genuine"),
        (replace(ALICE, issuer="other"), "OtherIssuer", "401", "the token is of other, the API takes iss"),
        (replace(ALICE, issuer=""), "OtherIssuer", "401", "the token is of nobody, the API takes iss"),
        (
            replace(ALICE, audiences=frozenset("hgfedcba")), "OtherAudience", "401",
            "the token is for a, b, c, d, e, f, g, h, the API is aud",
        ),
        (replace(ALICE, audiences=frozenset()), "OtherAudience", "401", "the token is for nobody, the API is aud"),
        (
            replace(ALICE, scopes=frozenset({"hr"})), "ScopeNotRequested", "403",
            "the token has no scope hr.read; the client must ask for it",
        ),
        (
            replace(ALICE, scopes=frozenset()), "ScopeNotRequested", "403",
            "the token has no scopes at all, so not hr.read; the client must ask for it",
        ),
    ],
)  # fmt: skip
def test_a_token_is_refused_with_what_it_says_and_what_is_asked(
    caller: Caller, fault: str, sees: str, detail: str
) -> None:
    assert refusal(led(caller=caller)) == ("Gateway", fault, sees, detail)


def test_where_issuer_audience_and_account_are_not_known_none_is_refused_for_them() -> None:
    unknown = replace(LINE, api=LineApi(API.routes))
    assert led(unknown, replace(ALICE, issuer="other", audiences=frozenset({"other"}))).broken is None
    assert led(unknown, STRANGER, PAY).links[0] == Link("Gateway", "Open", detail="IAM")


@pytest.mark.parametrize(("caller", "fault"), [(ALICE, "AuthMismatch"), (Nobody(), "NoSignature")])
def test_the_route_that_tells_whether_the_guard_is_asked_takes_signatures_only(caller: Caller, fault: str) -> None:
    found = led(caller=caller, route=LineRoute("_probe", "Probe"))
    assert refusal(found) == ("Gateway", fault, "403", "the route asks for a signature (SigV4)")


@pytest.mark.parametrize(
    ("fault", "detail"),
    [
        (
            SHADOW,
            "ORDS asks for hr.a and hr.b and hr.c and hr.d and hr.e and hr.f and hr.g and hr.h on this route",
        ),
        (RouteFault("ProfileDiffers"), "the schema's JWT profile in ORDS is not that of the API's provider"),
    ],
)
def test_what_ords_asks_for_instead_is_named(fault: RouteFault, detail: str) -> None:
    assert refusal(led(route=replace(LIST, fault=fault))) == ("OrdsPrivilege", fault.name, "401", detail)


def test_a_token_that_ords_does_not_take_is_refused_where_ords_looks_at_it_only() -> None:
    """On a Public route that is where somebody's privilege stands before it."""
    odd = replace(ALICE, scopes=SHADOW.asks, ords_fault="NoAudience")
    assert led(caller=odd, route=HEALTH).broken is None
    told = "the token has no claim aud, which ORDS asks for; the gateway looks at client_id instead"
    assert refusal(led(caller=odd, route=replace(HEALTH, fault=SHADOW))) == ("OrdsPrivilege", "NoAudience", "401", told)
    assert led(caller=replace(odd, ords_fault=None), route=replace(HEALTH, fault=SHADOW)).broken is None


# Guard and roles


@pytest.mark.parametrize(
    ("caller", "route", "refused"),
    [
        (Nobody(), LIST, "NoToken"),
        (PAYER, LIST, "NoToken"),
        (NAMELESS, LIST, "OtherSubject"),
        (NAMELESS, HEALTH, None),
        (NAMELESS, PAY, "NotFromGateway"),
        (ALICE, PAY, "NotFromGateway"),
        (Nobody(), PAY, "NotFromGateway"),
        (ANN, PAY, "NoBinding"),
        (replace(ALICE, groups=frozenset()), LIST, "NoBinding"),
        (FULL, LIST, "GroupsOverage"),
        (FULL, HEALTH, None),
    ],
)
def test_the_guard_s_word_for_whom_it_refuses(caller: Caller, route: LineRoute, refused: str | None) -> None:
    assert decide(LINE, caller, route, NOW) == Decision(refused)


def test_a_binding_means_each_of_its_subjects() -> None:
    several = replace(READERS, subjects=(Subject("User", "bob"), *READERS.subjects, Subject("User", "ann")))
    assert means(several, ALICE, LIST)


def test_roles_and_bindings_come_in_the_order_of_their_names() -> None:
    names = "hgfedcba"
    bound = tuple(replace(READERS, name=name, role=name.upper()) for name in names)
    granted = {name.upper(): LineRole(name.upper(), granted=name < "e") for name in names}
    found = decide(replace(LINE, bindings=bound, roles=granted), ALICE, LIST, NOW)
    assert found == Decision(None, tuple("ABCD"), tuple("EFGH"), tuple("abcdefgh"))


ENDED, NOT_WRITTEN = replace(READERS, expires=NOW), replace(READERS, name="late", written=False)
BY_SCOPE = replace(ENDED, subjects=(Subject("Scope", "hr.read"),))


@pytest.mark.parametrize(
    ("bindings", "caller", "fault", "detail"),
    [
        ((), ALICE, "NoBinding", "no RoleBinding means this caller on this route"),
        ((), FULL, "GroupsOverage", OVERAGE),
        ((BY_SCOPE,), FULL, "Expired", "readers ended"),
        ((ENDED,), ALICE, "Expired", "readers ended"),
        ((ENDED, NOT_WRITTEN), ALICE, "Expired", "late, readers ended"),
        ((NOT_WRITTEN,), ALICE, "NotBound", "late is not in the database yet"),
    ],
)
def test_whom_no_binding_means_now_is_told_why(
    bindings: tuple[LineBinding, ...], caller: Caller, fault: str, detail: str
) -> None:
    assert refusal(led(replace(LINE, bindings=bindings), caller)) == ("Binding", fault, "403", detail)


@pytest.mark.parametrize(("caller", "asked"), [(ANN, False), (caller_of(PAYROLL.subjects[0], API, PAY), True)])
def test_of_a_signature_that_no_binding_names_it_is_told_that_iam_was_not_asked(caller: Caller, asked: bool) -> None:
    more = "" if asked else "; IAM may refuse before, nobody asked it"
    told = f"no RoleBinding means this caller on this route{more}"
    assert refusal(led(caller=caller, route=replace(PAY, name="other"))) == ("Binding", "NoBinding", "403", told)


def test_a_token_without_its_groups_is_told_so_where_it_passes_without_a_role() -> None:
    assert led(FREE, FULL).links[2].detail == f"without a binding, so without a role; {OVERAGE}"
    assert led(FREE).links[2:] == led(caller=Nobody(), route=HEALTH).links[2:]


def test_a_route_that_the_guard_does_not_know_is_refused_by_it() -> None:
    found = led(route=replace(LIST, guarded=False, path="/ords/hr/x"))
    assert refusal(found) == ("Binding", "RouteUnknown", "403", "the guard refuses")


def test_roles_that_are_only_told_are_named() -> None:
    assert led(replace(LINE, database=LineDatabase(role_mode="ContextOnly"))).links[3:] == (
        Link("OracleRole", "NotAsked", detail="told to VPD policies only: HR_READER"),
        Link("Grant", "NotAsked", detail="nothing beyond the schema's own"),
    )


def test_where_every_role_is_lost_no_grant_is_asked_for() -> None:
    assert led(role(granted=False)).links[3:] == (
        Link("OracleRole", "Broken", "RoleNotGranted", NO_ROLE, "HR_READER is not enabled; the caller's others are"),
        Link("Grant", "NotAsked", detail="nothing beyond the schema's own"),
    )


@pytest.mark.parametrize(
    ("held", "told"),
    [("", ""), ("edcba", "a, b, c, d, e"), ("fedcba", "a, b, c, d, e, …"), ("gfedcba", "a, b, c, d, e, …")],
)
def test_five_grants_are_shown(held: str, told: str) -> None:
    assert led(role(holds=frozenset(held))).links[4] == Link("Grant", "Open", detail=told)


def test_every_missing_grant_is_named() -> None:
    told = "not granted yet: a, b, c, d, e, f, g, h"
    assert led(role(missing=frozenset("hgfedcba"))).links[4] == Link("Grant", "Broken", "GrantMissing", NO_ROLE, told)
