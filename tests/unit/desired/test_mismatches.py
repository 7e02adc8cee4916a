"""What a ``RoleBinding`` tells of a broken link is what the guard then does with the caller."""

import random
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oracleapi.desired.callers import caller_of
from oracleapi.desired.line import decide
from oracleapi.desired.mismatches import BindingFacts, broken_link
from oracleapi.model.line import ARRIVES, Line, LineApi, LineBinding, LineDatabase, LineRole, Subject
from support.line_worlds import ACCOUNT, NOW, ROLE_ARNS, ROUTES, random_fault

ROLE = "HR_READER"
SUBJECTS = (
    Subject("Group", "staff"),
    Subject("User", "alice"),
    Subject("Scope", "hr.read"),
    Subject("Anonymous", "*"),
    Subject("IamUser", f"arn:aws:iam::{ACCOUNT}:user/ann"),
    *(Subject("IamRole", arn) for arn in ROLE_ARNS),
)


def random_facts(rng: random.Random, subject: Subject) -> BindingFacts:
    """Return facts where anything may be missing; a lost role has no rows, as the reconciler sees to."""
    lost = rng.choice([None, None, None, "RoleMissing", "RoleNotSecure"])
    exists = lost != "RoleMissing"
    role = LineRole(
        ROLE, exists, exists and rng.random() < 0.8, lost != "RoleNotSecure",
        proxied=rng.choice([None, None, None, "NO ROLE"]),
        missing=frozenset({"SELECT ON HR.JOBS"} if rng.random() < 0.2 else ()),
    )  # fmt: skip
    routes = tuple(
        replace(
            found,
            state=rng.choice(["Serving"] * 4 + ["Refused", ""]),
            guarded=rng.random() < 0.9,
            fault=random_fault(rng, found) if rng.random() < 0.2 else None,
        )
        for found in ROUTES
    )
    api = LineApi(
        routes,
        rng.choice([ACCOUNT, ""]),
        provider_fault=rng.choice([None, None, "no keys"]),
        require_binding=rng.random() < 0.7,
    )
    ends = rng.choice([None, NOW - timedelta(hours=1), NOW + timedelta(hours=1)])
    binding = LineBinding("b", ROLE, (subject,), ("*",), ends, written=lost is None)
    line = Line(api, LineDatabase(managed=rng.random() < 0.8), (binding,), {ROLE: role})
    return BindingFacts(line, NOW, lost)


@settings(deadline=None, max_examples=1500, derandomize=True)
@given(st.randoms(use_true_random=False))
def test_a_caller_is_refused_exactly_where_the_binding_says_so(rng: random.Random) -> None:
    subject = rng.choice(SUBJECTS)
    facts = random_facts(rng, subject)
    route = rng.choice(facts.line.api.routes)
    told = broken_link(subject, route.name, facts)
    if told is not None and told.link == "Gateway":
        return
    assert subject.kind in ARRIVES[route.auth]
    if told is not None and told.link == "OrdsPrivilege":
        assert route.fault is not None
        assert (told.fault, told.would_see) == (route.fault.name, "403" if told.fault == "PrivilegeMissing" else "401")
        return
    if not facts.line.database.decides:
        assert told is not None
        assert (told.fault, told.would_see) == ("GuardOff", "555 ORA-00942")
        return
    decision = decide(facts.line, caller_of(subject, facts.line.api, route), route, NOW)
    refused = decision.refusal is not None or any(facts.line.role(name).proxied for name in decision.roles)
    assert refused == (told is not None and told.would_see == "403")
    whole = not facts.line.role(ROLE).missing and decision.roles == (ROLE,)
    assert (whole and not refused) == (told is None)


@pytest.mark.parametrize(
    ("lost", "ended", "require", "auth", "told"),
    [
        ("RoleMissing", False, True, "JWT", ("OracleRole", "RoleMissing", "403")),
        ("RoleNotSecure", False, False, "JWT", ("OracleRole", "RoleNotSecure", "555 ORA-00942")),
        ("RoleMissing", True, True, "JWT", ("Binding", "Expired", "403")),
        (None, True, True, "JWT", ("Binding", "Expired", "403")),
        (None, True, False, "JWT", ("Binding", "Expired", "555 ORA-00942")),
        (None, True, True, "Public", ("Binding", "Expired", "555 ORA-00942")),
        (None, False, True, "JWT", None),
    ],
)
def test_the_binding_s_own_loss_is_told_with_what_a_caller_without_it_sees(
    lost: str | None, ended: bool, require: bool, auth: str, told: tuple[str, str, str] | None
) -> None:
    route = next(found for found in ROUTES if found.auth == auth)
    subject = Subject("Anonymous", "*") if auth == "Public" else Subject("Group", "staff")
    ends = NOW - timedelta(hours=1) if ended else None
    binding = LineBinding("b", ROLE, (subject,), ("*",), ends, written=lost is None)
    line = Line(LineApi((route,), ACCOUNT, require_binding=require), LineDatabase(), (binding,), {ROLE: LineRole(ROLE)})
    found = broken_link(subject, route.name, BindingFacts(line, NOW, lost))
    assert (found and (found.link, found.fault, found.would_see)) == told


def test_who_must_not_invoke_is_named_with_the_route() -> None:
    route = next(found for found in ROUTES if found.auth == "IAM")
    subject = SUBJECTS[4]
    binding = LineBinding("b", ROLE, (subject,), ("*",))
    line = Line(LineApi((route,), ACCOUNT), LineDatabase(), (binding,), {ROLE: LineRole(ROLE)})
    assert broken_link(subject, route.name, BindingFacts(line, NOW)) is None
    barred = replace(line, api=replace(line.api, uninvokable=frozenset({(subject.name, route.name)})))
    told = broken_link(subject, route.name, BindingFacts(barred, NOW))
    assert told is not None
    assert (told.link, told.fault, told.would_see) == ("Gateway", "InvokeDenied", "403")
