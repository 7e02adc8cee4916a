"""For any line, caller and route: the walk ends where a plain reading of the rules does, with its fault and roles."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from oracleapi.desired.callers import caller_of
from oracleapi.desired.line import means, walk
from oracleapi.model.line import ARRIVES, LINKS, Line, LineBinding, LineRoute
from support.line_worlds import (
    ACCOUNT,
    AUDIENCE,
    ISSUER,
    NOW,
    Arrival,
    plain_roles,
    random_arrival,
    random_line,
    random_subject,
)

SETTINGS = settings(deadline=None, max_examples=1500, derandomize=True)


def at_the_door(line: Line, arrival: Arrival, route: LineRoute) -> str | None:
    """Return the fault of the gateway, from what the caller comes with and not from what was made of it."""
    claims, arn = arrival.claims, arrival.arn
    if route.state not in ("Serving", "Degraded"):
        return f"Route{route.state or 'Pending'}"
    if route.auth == "Public":
        return None
    if route.auth == "IAM":
        if arn is None:
            return "NoSignature" if claims is None else "AuthMismatch"
        if line.api.account_id == ACCOUNT and f"::{ACCOUNT}:" not in arn:
            return "CrossAccount"
        return "InvokeDenied" if getattr(arrival.caller, "may_invoke", None) is False else None
    if line.api.provider_fault:
        return "ProviderNotReady"
    if claims is None:
        return "NoToken" if arn is None else "AuthMismatch"
    asked = claims.get("scope") or claims.get("scp") or ""
    checks = {
        "TokenExpired": claims["exp"] > NOW.timestamp(),
        "OtherIssuer": claims["iss"] == ISSUER,
        "OtherAudience": claims.get("aud") in (AUDIENCE, [AUDIENCE, "x"]),
        "ScopeNotRequested": route.scope in (asked.split() if isinstance(asked, str) else asked),
    }
    return next((fault for fault, good in checks.items() if not good), None)


def at_ords(line: Line, arrival: Arrival, route: LineRoute) -> str | None:
    """Return the fault with which ORDS, or the guard for it, refuses; without a guard nobody does for it."""
    claims = arrival.claims
    if route.fault is None:
        return "NoSubject" if route.auth == "JWT" and claims is not None and not claims.get("sub") else None
    if route.fault.name == "PrivilegeMissing":
        return "PrivilegeMissing" if line.database.guard == "Required" and line.database.managed else None
    asked = (claims or {}).get("scope") or (claims or {}).get("scp") or ""
    scopes = {*(asked.split() if isinstance(asked, str) else asked)}
    if claims is not None and "aud" not in claims:
        return "NoAudience"
    if claims is not None and not claims.get("sub"):
        return "NoSubject"
    return None if route.fault.asks and route.fault.asks <= scopes else route.fault.name


@SETTINGS
@given(st.randoms(use_true_random=False))
def test_a_walk_ends_where_the_rules_say(rng: random.Random) -> None:
    line, arrival = random_line(rng), random_arrival(rng)
    route = rng.choice(line.api.routes)
    found = walk(line, arrival.caller, route, NOW)
    assert [link.name for link in found.links] == list(LINKS)
    refused = {link.name: link.fault for link in found.links if link.outcome == "Refused"}

    fault = at_the_door(line, arrival, route)
    if fault is not None:
        assert (refused, found.roles) == ({"Gateway": fault}, ())
        return
    met = at_ords(line, arrival, route)
    if met is not None:
        assert (refused, found.roles) == ({"OrdsPrivilege": met}, ())
        return
    roles = plain_roles(line.bindings, arrival, route)
    if line.database.guard == "Off" or not line.database.managed:
        nameless = route.auth == "JWT" and not (arrival.claims or {}).get("sub")
        assert (refused, found.roles) == ({}, ())
        open_door = route.fault is not None and route.fault.name == "PrivilegeMissing"
        assert (found.broken is not None) == (open_door or (roles is not None and not nameless))
        return
    if not route.guarded:
        let = any(route.path == path for path in line.database.unmanaged_paths)
        assert (refused, found.roles) == ({} if let else {"Binding": "RouteUnknown"}, ())
        return
    if roles is None:
        needed = route.auth != "Public" and line.api.require_binding
        assert set(refused) == ({"Binding"} if needed else set())
        assert found.roles == ()
        return
    enabled = {name for name in roles if line.roles[name].granted}
    if line.database.role_mode == "SetRole" and any(line.roles[name].proxied for name in enabled):
        assert (refused, found.roles) == ({"OracleRole": "ProxyRoleDenied"}, ())
        return
    assert (refused, found.roles) == ({}, tuple(sorted(enabled)))
    if line.database.role_mode == "SetRole":
        lacks = set.union(set(), *(line.roles[name].missing for name in enabled))
        has = set.union(set(), *(line.roles[name].holds for name in enabled))
        faults = {link.fault for link in found.links}
        assert ("GrantMissing" in faults) == bool(lacks - has)
        assert bool({"RoleMissing", "RoleNotGranted"} & faults) == (roles != enabled)


@SETTINGS
@given(st.randoms(use_true_random=False))
def test_whom_a_subject_stands_for_is_meant_by_a_binding_of_that_subject(rng: random.Random) -> None:
    line, subject = random_line(rng), random_subject(rng)
    route = rng.choice(line.api.routes)
    arrives = subject.kind in ARRIVES[route.auth] and (subject.kind != "IamUser" or ":user/" in subject.name)
    assert means(LineBinding("b", "R", (subject,), ("*",)), caller_of(subject, line.api, route), route) or not arrives
