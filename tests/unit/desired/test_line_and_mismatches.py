"""What a ``RoleBinding`` finds broken for its subjects is where the walk of the same caller on the same route ends."""

import random
from datetime import timedelta
from types import MappingProxyType

from hypothesis import given, settings
from hypothesis import strategies as st

from oracleapi.api.rolebinding import Subject as SpecSubject
from oracleapi.desired.line import caller_of, walk
from oracleapi.desired.mismatches import BindingFacts, RouteFacts, broken_link
from oracleapi.model.guard import ObservedBinding
from oracleapi.model.line import ARRIVES, Line, LineApi, LineBinding, LineDatabase, LineRole, LineRoute, Subject
from support.line_worlds import ACCOUNT, NOW, ROLE_ARNS, ROUTES

ROLE, OWNER = "HR_READER", "c/OracleRole/hr/reader"
SUBJECTS = (
    Subject("Group", "staff"),
    Subject("User", "alice"),
    Subject("Anonymous", "*"),
    Subject("IamUser", f"arn:aws:iam::{ACCOUNT}:user/ann"),
    *(Subject("IamRole", arn) for arn in ROLE_ARNS),
)


def random_facts(rng: random.Random) -> BindingFacts:
    """Return facts where anything may be missing; time and guard are not both at fault, for either is told first."""
    managed = rng.random() < 0.8
    exists = rng.random() < 0.9
    observed = ObservedBinding(
        role_exists=exists,
        role_secure=rng.random() < 0.9,
        role_owner=OWNER,
        granted=exists and rng.random() < 0.8,
        proxied=rng.choice([None, None, None, None, "NO ROLE"]),
        managed=managed,
        routes=frozenset(route.name for route in ROUTES if rng.random() < 0.9),
    )
    states = {route.name: rng.choice(["Serving"] * 4 + ["Refused", "Withdrawn"]) for route in ROUTES}
    return BindingFacts(
        routes={route.name: RouteFacts(route.auth, states[route.name]) for route in ROUTES},
        account_id=rng.choice([ACCOUNT, ""]),
        provider_fault=rng.choice([None, None, "no keys"]),
        ended=managed and rng.random() < 0.2,
        role_owner=OWNER,
        missing=("SELECT ON HR.JOBS",) if rng.random() < 0.2 else (),
        observed=observed,
    )


def line_of(facts: BindingFacts, subject: Subject) -> Line:
    known, observed = facts.routes, facts.observed
    routes = tuple(
        LineRoute(found.name, found.auth, found.scope, known[found.name].state, found.name in observed.routes)
        for found in ROUTES
    )
    role = LineRole(
        ROLE, observed.role_exists, observed.granted, observed.role_secure,
        proxied=observed.proxied, missing=frozenset(facts.missing),
    )  # fmt: skip
    ends = NOW - timedelta(hours=1) if facts.ended else None
    return Line(
        LineApi(routes, facts.account_id, provider_fault=facts.provider_fault),
        LineDatabase(managed=observed.managed),
        (LineBinding("b", ROLE, (subject,), ("*",), ends),),
        MappingProxyType({ROLE: role}),
    )


@settings(deadline=None, max_examples=1500, derandomize=True)
@given(st.randoms(use_true_random=False))
def test_both_find_the_same_link_broken_for_the_same_caller(rng: random.Random) -> None:
    facts, subject = random_facts(rng), rng.choice(SUBJECTS)
    line = line_of(facts, subject)
    route = rng.choice(line.api.routes)
    found = walk(line, caller_of(subject, line.api, route), route, NOW).broken
    told = broken_link(SpecSubject(kind=subject.kind, name=subject.name), route.name, facts)
    if subject.kind not in ARRIVES[route.auth]:
        assert told is not None
        assert told.link == "Gateway"
        return
    if facts.ended and route.auth == "Public":
        assert found is None or found.name == "Gateway"  # nobody needs a binding there, so nobody misses one
        return
    assert (found and found.name) == (told and told.link)
