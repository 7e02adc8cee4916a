"""Random lines and callers over the routes of tests/contract/oracle/guard, and a plain reading of the rules."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from oracleapi.desired.callers import token_of
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
)

NOW = datetime(2027, 1, 1, 12, tzinfo=UTC)
ACCOUNT = "123456789012"
ISSUER, AUDIENCE = "https://idp.example.com", "hr-api"
HELD, LOST = ("HR_READER", "HR_PAYER"), "HR_GONE"
ROUTES = (
    LineRoute("list", "JWT", "hr.read"),
    LineRoute("one", "JWT", "hr.read"),
    LineRoute("me", "JWT", "hr.write"),
    LineRoute("health", "Public"),
    LineRoute("pay", "IAM"),
)
PEOPLE = ("alice", "bob", "Alice", "hr readers", "hr.read")
GROUPS = ("hr readers", "hr", "readers", "staff", "HR readers")
SCOPES = ("hr.read", "hr.write", "openid")
ROLE_ARNS = (
    f"arn:aws:iam::{ACCOUNT}:role/Payroll",
    f"arn:aws:iam::{ACCOUNT}:role/finance/eu/Payroll",
    f"arn:aws:iam::{ACCOUNT}:role/payroll",
    "arn:aws:iam::999999999999:role/Payroll",
)
CALLER_ARNS = (
    f"arn:aws:sts::{ACCOUNT}:assumed-role/Payroll/session-1",
    f"arn:aws:sts::{ACCOUNT}:assumed-role/payroll/a/b",
    "arn:aws:sts::999999999999:assumed-role/Payroll/x",
    f"arn:aws:iam::{ACCOUNT}:user/ann",
    f"arn:aws:iam::{ACCOUNT}:user/finance/ann",
    f"arn:aws:iam::{ACCOUNT}:root",
    f"arn:aws:sts::{ACCOUNT}:assumed-role/Payroll",
)
NAMES: dict[str, tuple[str, ...]] = {
    "User": PEOPLE,
    "Group": GROUPS,
    "Scope": SCOPES,
    "IamRole": ROLE_ARNS,
    "IamUser": CALLER_ARNS,
    "Anonymous": ("*",),
}


@dataclass(frozen=True)
class Arrival:
    """A caller, and what it comes with: the payload of its token, or the ARN that the gateway tells."""

    caller: Caller
    claims: dict[str, Any] | None = None
    arn: str | None = None


def random_subject(rng: random.Random) -> Subject:
    kind: Any = rng.choice(sorted(NAMES))
    return Subject(kind, rng.choice(NAMES[kind]))


def random_binding(rng: random.Random, name: str) -> LineBinding:
    routes = ("*",) if rng.random() < 0.4 else tuple(rng.sample([route.name for route in ROUTES], rng.randint(1, 3)))
    ends = rng.choice([None, None, NOW + timedelta(hours=1), NOW - timedelta(hours=1)])
    subjects = tuple(dict.fromkeys(random_subject(rng) for _ in range(rng.randint(1, 4))))
    return LineBinding(name, rng.choice([*HELD, LOST]), subjects, routes, ends)


def random_bindings(rng: random.Random) -> tuple[LineBinding, ...]:
    return tuple(random_binding(rng, f"b{number}") for number in range(rng.randint(0, 6)))


def guard_line(bindings: tuple[LineBinding, ...], require_binding: bool) -> Line:
    """Return the line over the world of tests/contract/oracle/guard."""
    roles = {name: LineRole(name) for name in HELD} | {LOST: LineRole(LOST, exists=False, granted=False)}
    return Line(LineApi(ROUTES, ACCOUNT, ISSUER, AUDIENCE, None, require_binding), LineDatabase(), bindings, roles)


def random_line(rng: random.Random) -> Line:
    """Return a line where anything may be missing."""
    fault = rng.choice([None, None, None, "its keys cannot be read"])
    states = ["Serving"] * 6 + ["Degraded", "Refused", "Withdrawn", "Pending", ""]
    routes = tuple(
        LineRoute(
            found.name, found.auth, found.scope, rng.choice(states), rng.random() < 0.9, f"/ords/a/{found.name}",
            random_fault(rng, found) if rng.random() < 0.2 else None,
        )
        for found in ROUTES
    )  # fmt: skip
    api = LineApi(routes, rng.choice([ACCOUNT, ""]), ISSUER, AUDIENCE, fault, rng.random() < 0.7)
    mode: Any = rng.choice(["SetRole", "SetRole", "SetRole", "ContextOnly"])
    guard: Any = rng.choice(["Required"] * 5 + ["Off"])
    paths = frozenset({"/ords/a/one"} if rng.random() < 0.5 else ())
    database = LineDatabase(guard, rng.random() < 0.9, mode, rng.choice([None, True, True, False]), paths)
    return Line(api, database, random_bindings(rng), {name: random_role(rng, name) for name in (*HELD, LOST)})


def random_fault(rng: random.Random, route: LineRoute) -> RouteFault | None:
    """Return what may be wrong at ORDS: nobody misses a privilege where none should be."""
    shadows = RouteFault("PrivilegeShadowed", frozenset(rng.sample(("hr.audit", *SCOPES), 2)))
    own = (RouteFault("PrivilegeMissing"), RouteFault("ProfileDiffers"))
    return rng.choice([shadows, *(own if route.auth == "JWT" else ())])


def random_role(rng: random.Random, name: str) -> LineRole:
    exists = rng.random() < 0.9
    holds, missing = (
        frozenset(grant for grant in ("SELECT ON A", "SELECT ON B") if rng.random() < part) for part in (0.6, 0.2)
    )
    return LineRole(
        name,
        exists,
        granted=exists and rng.random() < 0.9,
        secure=rng.random() < 0.9,
        default=rng.random() < 0.1,
        proxied=rng.choice([None] * 9 + ["WITH ROLE OTHER"]),
        holds=holds,
        missing=missing,
    )


def random_arrival(rng: random.Random) -> Arrival:
    what = rng.random()
    if what < 0.1:
        return Arrival(Nobody())
    if what < 0.4:
        arn = rng.choice(CALLER_ARNS)
        return Arrival(Signature(arn, rng.choice([None, True, True, False])), arn=arn)
    claims = random_claims(rng)
    return Arrival(token_of(claims, NOW), claims=claims)


def random_claims(rng: random.Random) -> dict[str, Any]:
    """Return a payload: mostly a good one, with claims in every shape that providers and forgers give them."""
    several = rng.sample(GROUPS, rng.randint(0, 3))
    groups = rng.choice([several, several, rng.choice(GROUPS), " ".join(several), [[*several]], {"hr": 1}, [7], None])
    asked = rng.sample(SCOPES, rng.randint(0, 3))
    claims: dict[str, Any] = {
        "iss": rng.choice([ISSUER] * 8 + ["https://other.example.com"]),
        "aud": rng.choice([AUDIENCE, AUDIENCE, [AUDIENCE, "x"], "x"]),
        "sub": rng.choice(PEOPLE),
        "exp": NOW.timestamp() + rng.choice([600, 600, 600, -600]),
        "groups": groups,
        rng.choice(["scope", "scp"]): rng.choice([" ".join(asked), asked]),
    }
    if rng.random() < 0.2:
        claims |= rng.choice([{"hasgroups": True}, {"hasgroups": "true"}, {"_claim_names": {"groups": "src1"}}])
        del claims["groups"]
    for gone in ("sub", "groups", "aud"):
        if rng.random() < 0.05:
            claims.pop(gone, None)
    return claims


Row = tuple[str, str, str, str]  # route, kind, subject in the guard's words, role


def rows_of(bindings: tuple[LineBinding, ...]) -> set[Row]:
    """Return the rows that are in force, as the guard's table would hold them."""
    rows = set()
    for binding in bindings:
        if binding.written and (binding.expires is None or binding.expires > NOW):
            for subject in binding.subjects:
                rows |= {(route, subject.kind, in_table(subject), binding.role) for route in binding.routes}
    return rows


def in_table(subject: Subject) -> str:
    if subject.kind != "IamRole":
        return subject.name
    parts = subject.name.split(":")
    return f"{parts[4]}/{parts[5].split('/')[-1]}"


def plain_roles(bindings: tuple[LineBinding, ...], arrival: Arrival, route: LineRoute) -> set[str] | None:
    """Return the roles that the rows give, ``None`` where no row means the caller: a reading of the rules by sets."""
    mine = {
        "JWT": lambda: _token_names(arrival.claims or {}),
        "IAM": lambda: _signed_names(arrival.arn or ""),
        "Public": lambda: {("Anonymous", "*")},
    }[route.auth]()
    found = {row[3] for row in rows_of(bindings) if row[0] in (route.name, "*") and (row[1], row[2]) in mine}
    return found or None


def _token_names(claims: dict[str, Any]) -> set[tuple[str, str]]:
    groups, found = claims.get("groups"), {("User", claims.get("sub", ""))}
    found |= {("Group", groups)} if isinstance(groups, str) else set()
    found |= {("Group", each) for each in groups if isinstance(each, str)} if isinstance(groups, list) else set()
    for scopes in (claims.get("scope", []), claims.get("scp", [])):
        found |= {("Scope", each) for each in (scopes.split() if isinstance(scopes, str) else scopes)}
    return {each for each in found if each[1]}


def _signed_names(arn: str) -> set[tuple[str, str]]:
    parts = arn.split(":", 5)
    path = parts[-1].split("/")
    if len(path) > 2 and parts[2] == "sts" and path[0] == "assumed-role":
        return {("IamRole", f"{parts[4]}/{path[1]}")}
    return {("IamUser", arn)} if arn else set()
