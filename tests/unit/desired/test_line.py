"""The line, link by link: who is refused where, with which fault, and what they would see."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from oracleapi.desired.callers import caller_of, guard_name
from oracleapi.desired.line import decide, walk
from oracleapi.model.line import (
    Caller,
    Line,
    LineApi,
    LineBinding,
    LineDatabase,
    LineRole,
    LineRoute,
    Nobody,
    RouteFault,
    Signature,
    Subject,
    Token,
    Walk,
)
from support.line_worlds import NOW

ROLE_ARN = "arn:aws:iam::123456789012:role/finance/Payroll"
SESSION = "arn:aws:sts::123456789012:assumed-role/Payroll/s1"
LIST = LineRoute("list", "JWT", "hr.read")
PAY = LineRoute("pay", "IAM")
HEALTH = LineRoute("health", "Public")
ALICE = Token("iss", frozenset({"aud"}), "alice", "alice", frozenset({"readers"}), frozenset({"hr.read"}))
READERS = LineBinding("readers", "HR_READER", (Subject("Group", "readers"),), ("list",))
PAYROLL = LineBinding("payroll", "HR_PAYER", (Subject("IamRole", ROLE_ARN),), ("pay",))
WORLD: Any = LineBinding("world", "HR_READER", (Subject("Anonymous", "*"),), ("*",))
ROLES = {name: LineRole(name, holds=frozenset({"SELECT ON HR.EMPLOYEES"})) for name in ("HR_READER", "HR_PAYER")}
SHADOW = RouteFault("PrivilegeShadowed", frozenset({"hr.audit", "hr.read"}))
LINE = Line(
    LineApi((LIST, PAY, HEALTH), "123456789012", "iss", "aud"), LineDatabase(), (READERS, PAYROLL, WORLD), ROLES
)


def led(line: Line = LINE, caller: Caller = ALICE, route: LineRoute = LIST) -> Walk:
    return walk(line, caller, route, NOW)


def end(found: Walk) -> tuple[str, str, str]:
    assert found.broken is not None
    return found.broken.name, found.broken.fault, found.broken.sees


def test_a_bound_caller_arrives_as_exactly_the_bound_roles() -> None:
    found = led()
    assert (found.broken, found.roles, found.bindings) == (None, ("HR_READER",), ("readers",))
    assert [link.outcome for link in found.links] == ["Open"] * 5


def test_several_bindings_unite_and_each_role_comes_once() -> None:
    more = LineBinding("alice", "HR_PAYER", (Subject("User", "alice"), Subject("Scope", "hr.read")), ("*",))
    again = replace(READERS, name="again")
    found = led(replace(LINE, bindings=(more, again, READERS)))
    assert (found.roles, found.bindings) == (("HR_PAYER", "HR_READER"), ("again", "alice", "readers"))


@pytest.mark.parametrize(
    ("caller", "route", "expected"),
    [
        (Nobody(), LIST, ("Gateway", "NoToken", "401")),
        (Signature(SESSION), LIST, ("Gateway", "AuthMismatch", "401")),
        (replace(ALICE, fault="TokenExpired"), LIST, ("Gateway", "TokenExpired", "401")),
        (replace(ALICE, fault="TokenForged"), LIST, ("Gateway", "TokenForged", "401")),
        (replace(ALICE, issuer="other"), LIST, ("Gateway", "OtherIssuer", "401")),
        (replace(ALICE, audiences=frozenset()), LIST, ("Gateway", "OtherAudience", "401")),
        (replace(ALICE, scopes=frozenset({"hr"})), LIST, ("Gateway", "ScopeNotRequested", "403")),
        (replace(ALICE, ords_fault="NoAudience"), LIST, ("OrdsPrivilege", "NoAudience", "401")),
        (replace(ALICE, ords_fault="NoSubject"), LIST, ("OrdsPrivilege", "NoSubject", "401")),
        (replace(ALICE, ords_fault="OtherType"), LIST, ("OrdsPrivilege", "OtherType", "401")),
        (replace(ALICE, subject=""), LIST, ("Binding", "OtherSubject", "403")),
        (replace(ALICE, groups=frozenset(), overage=True), LIST, ("Binding", "GroupsOverage", "403")),
        (replace(ALICE, groups=frozenset({"Readers"})), LIST, ("Binding", "NoBinding", "403")),
        (Nobody(), PAY, ("Gateway", "NoSignature", "403")),
        (ALICE, PAY, ("Gateway", "AuthMismatch", "403")),
        (Signature("arn:aws:sts::999999999999:assumed-role/Payroll/x"), PAY, ("Gateway", "CrossAccount", "403")),
        (Signature(SESSION, may_invoke=False), PAY, ("Gateway", "InvokeDenied", "403")),
        (Signature("arn:aws:iam::123456789012:user/ann"), PAY, ("Binding", "NoBinding", "403")),
        (ALICE, replace(LIST, state="Withdrawn"), ("Gateway", "RouteWithdrawn", "404")),
        (ALICE, replace(LIST, state=""), ("Gateway", "RoutePending", "404")),
        (ALICE, replace(LIST, guarded=False), ("Binding", "RouteUnknown", "403")),
        (ALICE, replace(LIST, fault=RouteFault("ProfileDiffers")), ("OrdsPrivilege", "ProfileDiffers", "401")),
        (ALICE, replace(LIST, fault=RouteFault("PrivilegeMissing")), ("OrdsPrivilege", "PrivilegeMissing", "403")),
        (ALICE, replace(LIST, fault=SHADOW), ("OrdsPrivilege", "PrivilegeShadowed", "401")),
        (Signature(SESSION), replace(PAY, fault=SHADOW), ("OrdsPrivilege", "PrivilegeShadowed", "401")),
    ],
)
def test_a_caller_is_refused_at_the_first_gate_that_minds(
    caller: Caller, route: LineRoute, expected: tuple[str, str, str]
) -> None:
    found = led(caller=caller, route=route)
    assert end(found) == expected
    assert (found.refused, found.roles) == (True, ())


@pytest.mark.parametrize(
    ("line", "expected", "roles"),
    [
        (replace(LINE, api=replace(LINE.api, provider_fault="no keys")), ("Gateway", "ProviderNotReady", "401"), ()),
        (replace(LINE, database=LineDatabase("Off")), ("Binding", "GuardOff", "555 ORA-00942"), ()),
        (replace(LINE, database=LineDatabase(managed=False)), ("Binding", "GuardOff", "555 ORA-00942"), ()),
        (replace(LINE, bindings=(replace(READERS, expires=NOW),)), ("Binding", "Expired", "403"), ()),
        (replace(LINE, bindings=(replace(READERS, written=False),)), ("Binding", "NotBound", "403"), ()),
        (replace(LINE, roles={}), ("OracleRole", "RoleMissing", "555 ORA-00942"), ()),
        (
            replace(LINE, roles={"HR_READER": LineRole("HR_READER", granted=False)}),
            ("OracleRole", "RoleNotGranted", "555 ORA-00942"),
            (),
        ),
        (
            replace(LINE, roles={"HR_READER": LineRole("HR_READER", proxied="NO ROLE MAY BE ACTIVATED")}),
            ("OracleRole", "ProxyRoleDenied", "403"),
            (),
        ),
        (
            replace(LINE, roles={"HR_READER": LineRole("HR_READER", secure=False)}),
            ("OracleRole", "RoleNotSecure", ""),
            ("HR_READER",),
        ),
        (
            replace(LINE, database=LineDatabase(roles_enforced=False)),
            ("OracleRole", "RolesNotEnforced", ""),
            ("HR_READER",),
        ),
        (
            replace(LINE, roles={"HR_READER": LineRole("HR_READER", default=True)}),
            ("OracleRole", "RoleIsDefault", ""),
            ("HR_READER",),
        ),
        (
            replace(LINE, roles={"HR_READER": LineRole("HR_READER", missing=frozenset({"SELECT ON HR.X"}))}),
            ("Grant", "GrantMissing", "555 ORA-00942"),
            ("HR_READER",),
        ),
    ],
    ids=lambda found: found[1] if isinstance(found, tuple) and len(found) == 3 else "",
)
def test_each_thing_that_is_missing_breaks_its_own_link(
    line: Line, expected: tuple[str, str, str], roles: tuple[str, ...]
) -> None:
    found = led(line)
    assert (end(found), found.roles) == (expected, roles)


def test_what_a_role_lacks_and_another_of_the_union_holds_is_not_missing() -> None:
    lacking = LineRole("HR_PAYER", missing=frozenset({"SELECT ON HR.EMPLOYEES"}))
    more = replace(READERS, name="more", role="HR_PAYER")
    found = led(replace(LINE, bindings=(READERS, more), roles={**ROLES, "HR_PAYER": lacking}))
    assert (found.broken, found.roles) == (None, ("HR_PAYER", "HR_READER"))


def test_a_token_with_all_that_ords_asks_for_passes_somebody_else_s_privilege() -> None:
    both = replace(ALICE, scopes=frozenset({"hr.read", "hr.audit"}))
    found = led(caller=both, route=replace(LIST, fault=SHADOW))
    assert (found.broken, found.roles) == (None, ("HR_READER",))
    assert led(caller=ALICE, route=replace(HEALTH, fault=SHADOW)).refused
    assert led(caller=both, route=replace(LIST, fault=RouteFault("PrivilegeShadowed"))).refused


def test_where_nobody_verifies_tokens_and_no_guard_stands_the_door_is_open() -> None:
    unprotected = replace(LIST, fault=RouteFault("PrivilegeMissing"))
    found = led(replace(LINE, database=LineDatabase("Off")), route=unprotected)
    assert (end(found), found.refused) == (("OrdsPrivilege", "PrivilegeMissing", ""), False)


def test_an_assumed_role_is_meant_by_account_and_name_whatever_its_path() -> None:
    found = led(caller=Signature(SESSION), route=PAY)
    assert (found.broken, found.roles) == (None, ("HR_PAYER",))
    assert guard_name("IamRole", ROLE_ARN) == "123456789012/Payroll"


def test_public_routes_are_for_everybody_and_only_anonymous_is_bound_there() -> None:
    for caller in (Nobody(), ALICE, Signature(SESSION)):
        assert led(caller=caller, route=HEALTH).roles == ("HR_READER",)
    without = replace(LINE, bindings=(READERS,))
    assert (led(without, Nobody(), HEALTH).broken, led(without, Nobody(), HEALTH).roles) == (None, ())
    assert led(replace(LINE, bindings=(WORLD,))).roles == ()


def test_a_binding_counts_until_its_second_and_not_in_it() -> None:
    half = NOW + timedelta(milliseconds=500)
    assert led(replace(LINE, bindings=(replace(READERS, expires=half),))).broken is not None
    assert led(replace(LINE, bindings=(replace(READERS, expires=NOW + timedelta(seconds=1)),))).broken is None


def test_without_required_bindings_others_pass_without_a_role() -> None:
    free = replace(LINE, api=replace(LINE.api, require_binding=False), bindings=())
    assert (led(free).broken, led(free).roles) == (None, ())


def test_an_unmanaged_path_passes_without_a_role_and_nothing_beside_it() -> None:
    line = replace(LINE, database=LineDatabase(unmanaged_paths=frozenset({"/ords/hr/old"})))
    for path, refusal in (("/ords/hr/old", None), ("/ords/hr/old/x", None), ("/ords/hr/older", "RouteUnknown")):
        assert decide(line, ALICE, replace(LIST, guarded=False, path=path), NOW).refusal == refusal


def test_in_context_only_mode_roles_are_told_and_none_is_asked_for_its_grants() -> None:
    found = led(
        replace(LINE, database=LineDatabase(role_mode="ContextOnly"), roles={"HR_READER": LineRole("HR_READER")})
    )
    assert (found.broken, found.roles) == (None, ("HR_READER",))
    assert [link.outcome for link in found.links[3:]] == ["NotAsked", "NotAsked"]


def test_who_is_bound_without_his_groups_arrives_and_is_told_of_them() -> None:
    by_scope = replace(READERS, subjects=(Subject("Scope", "hr.read"),))
    caller = replace(ALICE, groups=frozenset(), overage=True)
    found = led(replace(LINE, bindings=(by_scope,)), caller)
    assert (found.broken, found.roles) == (None, ("HR_READER",))
    assert found.links[2].detail == "readers; the token leaves its groups out (groups overage), so it is in none"


def test_a_token_without_any_scope_is_told_so() -> None:
    found = led(caller=replace(ALICE, scopes=frozenset()))
    assert found.broken is not None
    assert found.broken.detail == "the token has no scopes at all, so not hr.read; the client must ask for it"


def test_the_callers_of_a_scope_ask_for_no_other_scope() -> None:
    scope = Subject("Scope", "hr.write")
    assert end(led(caller=caller_of(scope, LINE.api, LIST))) == ("Gateway", "ScopeNotRequested", "403")
