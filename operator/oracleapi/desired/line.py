"""Leads a caller along the line of an API: gateway, ORDS, guard, role and its grants. Pure.

``decide`` is the guard's own decision in other words; tests/contract/oracle/guard compares the two.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from oracleapi.desired.callers import caller_of, guard_name, names_of
from oracleapi.model.line import (
    ARRIVES,
    EVERY_ROUTE,
    LINKS,
    Caller,
    Decision,
    Line,
    LineApi,
    LineBinding,
    LineDatabase,
    LineRoute,
    Link,
    Nobody,
    RouteFault,
    Signature,
    Token,
    Walk,
)

SERVING = ("Serving", "Degraded")
GRANTS_SHOWN = 5
ORDS_FAULTS = {
    "NoAudience": "the token has no claim aud, which ORDS asks for; the gateway looks at client_id instead",
    "NoSubject": "the token has no claim sub, which ORDS asks for",
    "OtherType": "the token's header has a typ other than JWT, such as at+jwt",
}
OVERAGE = "the token leaves its groups out (groups overage), so it is in none"
NO_ROLE = "555 ORA-00942"
"""ORDS's answer where a handler lacks what the role would have given it."""


def means(binding: LineBinding, caller: Caller, route: LineRoute) -> bool:
    """Say whether *binding* is about *caller* on *route*, whatever its time."""
    if route.name not in binding.routes and EVERY_ROUTE not in binding.routes:
        return False
    names, kinds = names_of(caller), ARRIVES.get(route.auth, ())
    return any(
        subject.kind in kinds
        and (
            subject.kind == "Anonymous"
            or guard_name(subject.kind, subject.name) in names.get(subject.kind, frozenset())
        )
        for subject in binding.subjects
    )


def counts(binding: LineBinding, now: datetime) -> bool:
    """Say whether the guard still looks at *binding*: it ends with the second that its time names."""
    return binding.written and not has_ended(binding, now)


def has_ended(binding: LineBinding, now: datetime) -> bool:
    """Say whether the time of *binding* is over; the database keeps whole seconds."""
    return binding.expires is not None and binding.expires.replace(microsecond=0) <= now


def decide(line: Line, caller: Caller, route: LineRoute, now: datetime) -> Decision:
    """Return what the guard decides where it is asked: the words are those that it writes into ORACLEAPI.FAULT."""
    if not route.guarded:
        return Decision(None if is_unmanaged(line.database, route.path) else "RouteUnknown")
    if route.auth == "JWT" and not isinstance(caller, Token):
        return Decision("NoToken")
    if route.auth == "JWT" and isinstance(caller, Token) and not caller.subject:
        return Decision("OtherSubject")
    if route.auth == "IAM" and not isinstance(caller, Signature):
        return Decision("NotFromGateway")
    bound = [binding for binding in line.bindings if counts(binding, now) and means(binding, caller, route)]
    if not bound and route.auth in ("JWT", "IAM") and line.api.require_binding:
        return Decision("GroupsOverage" if isinstance(caller, Token) and caller.overage else "NoBinding")
    roles = sorted({binding.role for binding in bound})
    return Decision(
        roles=tuple(name for name in roles if line.role(name).granted),
        lost=tuple(name for name in roles if not line.role(name).granted),
        bindings=tuple(sorted(binding.name for binding in bound)),
    )


def is_unmanaged(database: LineDatabase, path: str) -> bool:
    """Say whether the guard lets *path* pass without having a route for it."""
    return any(path == known or path.startswith(f"{known}/") for known in database.unmanaged_paths)


def walk(line: Line, caller: Caller, route: LineRoute, now: datetime) -> Walk:
    """Lead *caller* through the gates of *route*: where it ends, with which fault, or as which roles it arrives."""
    found: list[Link] = []
    decision = decide(line, caller, route if line.database.decides else replace(route, guarded=True), now)
    roles = decision.roles if line.database.decides else ()
    for link in (
        _gateway(line.api, caller, route),
        _ords(line.database, caller, route),
        _binding(line, caller, route, decision, now),
        _role(line, decision),
        _grant(line, decision),
    ):
        found.append(link)
        if link.outcome == "Refused":
            roles = ()
            break
    found += [Link(name, "NotAsked") for name in LINKS[len(found) :]]
    bindings = decision.bindings if not any(link.outcome == "Refused" for link in found[:3]) else ()
    return Walk(caller, route, tuple(found), roles, bindings)


def _gateway(api: LineApi, caller: Caller, route: LineRoute) -> Link:
    for fault, sees, detail in _gateway_faults(api, caller, route):
        return Link("Gateway", "Refused", fault, sees, detail)
    return Link("Gateway", "Open", detail=_shown(route))


def _shown(route: LineRoute) -> str:
    return f"{route.auth}, scope {route.scope}" if route.scope else route.auth


def _gateway_faults(api: LineApi, caller: Caller, route: LineRoute) -> Iterator[tuple[str, str, str]]:
    if route.state not in SERVING:
        yield f"Route{route.state or 'Pending'}", "404", f"the gateway does not serve route {route.name}"
    if route.auth == "JWT":
        yield from _token_faults(api, caller, route)
    elif route.auth in ("IAM", "Probe"):
        yield from _signature_faults(api, caller)


def _token_faults(api: LineApi, caller: Caller, route: LineRoute) -> Iterator[tuple[str, str, str]]:
    if api.provider_fault is not None:
        yield "ProviderNotReady", "401", api.provider_fault
    if isinstance(caller, Signature):
        yield "AuthMismatch", "401", "the route asks for a token, the caller signs"
    elif isinstance(caller, Nobody):
        yield "NoToken", "401", "the route asks for a token"
    else:
        if caller.fault is not None:
            yield caller.fault, "401", "the token has expired" if caller.fault == "TokenExpired" else "not genuine"
        if api.issuer is not None and caller.issuer != api.issuer:
            yield "OtherIssuer", "401", f"the token is of {caller.issuer or 'nobody'}, the API takes {api.issuer}"
        if api.audience is not None and api.audience not in caller.audiences:
            told = ", ".join(sorted(caller.audiences)) or "nobody"
            yield "OtherAudience", "401", f"the token is for {told}, the API is {api.audience}"
        if route.scope is not None and route.scope not in caller.scopes:
            held = f"no scope {route.scope}" if caller.scopes else f"no scopes at all, so not {route.scope}"
            yield "ScopeNotRequested", "403", f"the token has {held}; the client must ask for it"


def _signature_faults(api: LineApi, caller: Caller) -> Iterator[tuple[str, str, str]]:
    if not isinstance(caller, Signature):
        fault = "AuthMismatch" if isinstance(caller, Token) else "NoSignature"
        yield fault, "403", "the route asks for a signature (SigV4)"
        return
    if api.account_id and caller.account_id != api.account_id:
        yield "CrossAccount", "403", f"the caller is of another account than {api.account_id}"
    if caller.may_invoke is False:
        yield "InvokeDenied", "403", "IAM does not let the caller invoke the route (execute-api:Invoke)"


def _ords(database: LineDatabase, caller: Caller, route: LineRoute) -> Link:
    fault = route.fault
    if fault is not None and fault.name == "PrivilegeMissing":
        return _unprotected(database)
    if isinstance(caller, Token) and caller.ords_fault is not None and (route.auth == "JWT" or fault is not None):
        return Link("OrdsPrivilege", "Refused", caller.ords_fault, "401", ORDS_FAULTS[caller.ords_fault])
    if fault is not None and not (isinstance(caller, Token) and _holds(caller, fault)):
        return Link("OrdsPrivilege", "Refused", fault.name, "401", _told(fault))
    if route.auth != "JWT":
        return Link("OrdsPrivilege", "NotAsked", detail="no privilege stands before this route")
    return Link("OrdsPrivilege", "Open", detail=f"privilege {route.scope}" if route.scope else "")


def _unprotected(database: LineDatabase) -> Link:
    """Return what becomes of callers whose token ORDS does not look at: the guard takes none that was not verified."""
    detail = "no privilege of ORDS covers the route, so ORDS verifies no token"
    if database.decides:
        return Link("OrdsPrivilege", "Refused", "PrivilegeMissing", "403", f"{detail} and the guard refuses")
    return Link("OrdsPrivilege", "Broken", "PrivilegeMissing", "", f"{detail}: whoever reaches ORDS may call it")


def _holds(caller: Token, fault: RouteFault) -> bool:
    """Say whether the token has every scope that ORDS asks for."""
    return bool(fault.asks) and fault.asks <= caller.scopes


def _told(fault: RouteFault) -> str:
    if fault.asks:
        return f"ORDS asks for {' and '.join(sorted(fault.asks))} on this route"
    return "the schema's JWT profile in ORDS is not that of the API's provider"


def _binding(line: Line, caller: Caller, route: LineRoute, decision: Decision, now: datetime) -> Link:
    if not line.database.decides:
        if decision.bindings:
            names = ", ".join(decision.bindings)
            return Link("Binding", "Broken", "GuardOff", NO_ROLE, f"{names} would bind the caller, but no guard asks")
        return Link("Binding", "NotAsked", detail="the database has no guard: nobody needs a binding")
    if decision.refusal in ("NoBinding", "GroupsOverage"):
        return Link("Binding", "Refused", *_unbound(line, caller, route, now))
    if decision.refusal is not None:
        return Link("Binding", "Refused", decision.refusal, "403", "the guard refuses")
    found = ", ".join(decision.bindings) or "without a binding, so without a role"
    overage = f"; {OVERAGE}" if isinstance(caller, Token) and caller.overage else ""
    return Link("Binding", "Open", detail=found + overage)


def _unbound(line: Line, caller: Caller, route: LineRoute, now: datetime) -> tuple[str, str, str]:
    """Return (fault, sees, detail) for a caller whom no binding means now."""
    meant = [binding for binding in line.bindings if means(binding, caller, route)]
    if not meant and isinstance(caller, Token) and caller.overage:
        return "GroupsOverage", "403", OVERAGE
    if not meant:
        before = "; IAM may refuse before, nobody asked it" if _not_asked(line, caller, route) else ""
        return "NoBinding", "403", f"no RoleBinding means this caller on this route{before}"
    names = ", ".join(sorted(binding.name for binding in meant))
    if any(has_ended(binding, now) for binding in meant):
        return "Expired", "403", f"{names} ended"
    return "NotBound", "403", f"{names} is not in the database yet"


def _not_asked(line: Line, caller: Caller, route: LineRoute) -> bool:
    """Say whether IAM was not asked about a caller who signs: it is for those whom a binding of the API names."""
    named = {subject for binding in line.bindings for subject in binding.subjects}
    return isinstance(caller, Signature) and all(caller_of(found, line.api, route) != caller for found in named)


def _role(line: Line, decision: Decision) -> Link:
    if not line.database.decides or not decision.bindings:
        return Link("OracleRole", "NotAsked", detail="no role")
    shown = ", ".join(decision.roles)
    if line.database.role_mode == "ContextOnly":
        return Link("OracleRole", "NotAsked", detail=f"told to VPD policies only: {shown}")
    for name in decision.roles:
        proxied = line.role(name).proxied
        if proxied is not None:
            return Link("OracleRole", "Refused", "ProxyRoleDenied", "403", f"{name}: {proxied}")
    for name in decision.lost:
        fault = "RoleNotGranted" if line.role(name).exists else "RoleMissing"
        return Link("OracleRole", "Broken", fault, NO_ROLE, f"{name} is not enabled; the caller's others are")
    for name in decision.roles:
        if not line.role(name).secure:
            return Link("OracleRole", "Broken", "RoleNotSecure", "", f"whoever holds {name} has it enabled")
    if line.database.roles_enforced is False:
        return Link(
            "OracleRole", "Broken", "RolesNotEnforced", "", "the schema may do more by itself than by its roles"
        )
    for name in decision.roles:
        if line.role(name).default:
            return Link("OracleRole", "Broken", "RoleIsDefault", "", f"{name} is a default role of the schema")
    return Link("OracleRole", "Open", detail=shown)


def _grant(line: Line, decision: Decision) -> Link:
    if not line.database.decides or not decision.roles or line.database.role_mode == "ContextOnly":
        return Link("Grant", "NotAsked", detail="nothing beyond the schema's own")
    roles = [line.role(name) for name in decision.roles]
    held = frozenset[str]().union(*(role.holds for role in roles))
    missing = sorted(frozenset[str]().union(*(role.missing for role in roles)) - held)
    if missing:
        return Link("Grant", "Broken", "GrantMissing", NO_ROLE, f"not granted yet: {', '.join(missing)}")
    return Link(
        "Grant", "Open", detail=", ".join(sorted(held)[:GRANTS_SHOWN]) + (", …" if len(held) > GRANTS_SHOWN else "")
    )
