"""Where a bound caller would not come through: each subject on each route is led through the four gates. Pure.

The links and faults are those of docs/bindings.md; what a caller would see is what gateway, ORDS and guard answer.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from oracleapi.api.rolebinding import EVERY_ROUTE, IAM_KINDS, TOKEN_KINDS, RoleBindingSpec, Subject
from oracleapi.model.guard import DesiredBinding, ObservedBinding

ARRIVES: Mapping[str, tuple[str, ...]] = {"JWT": TOKEN_KINDS, "IAM": IAM_KINDS, "Public": ("Anonymous",)}
"""Kinds of subjects by what protects a route."""
NO_ROLE = "555 ORA-00942"
"""What ORDS answers where a handler lacks a right that the role would have brought."""


@dataclass(frozen=True)
class RouteFacts:
    """A route of the API: what protects it, and whether callers reach it (``status.routes[].state``)."""

    auth: str
    state: str


@dataclass(frozen=True)
class BindingFacts:
    """What is known around a binding.

    Args:
        routes: The routes of the API by name.
        require_binding: The API refuses callers that no binding means.
        account_id: Of the API, empty where it is not known yet.
        provider_fault: Why tokens cannot be checked, ``None`` where they can.
        ended: The binding's time is over.
        role_owner: The mark that the role must bear.
        missing: Grants that the role does not hold yet.
        observed: What the database holds.
    """

    routes: Mapping[str, RouteFacts]
    require_binding: bool
    account_id: str
    provider_fault: str | None
    ended: bool
    role_owner: str
    missing: tuple[str, ...]
    observed: ObservedBinding = field(default_factory=ObservedBinding)


@dataclass(frozen=True, order=True)
class Mismatch:
    """A broken link for one subject on one route; empty ones mean all."""

    link: str
    fault: str
    subject: str = ""
    route: str = ""
    would_see: str = "403"

    def entry(self) -> dict[str, str]:
        """Return the status entry."""
        found = {"link": self.link, "fault": self.fault, "wouldSee": self.would_see}
        return (
            found | ({"subject": self.subject} if self.subject else {}) | ({"route": self.route} if self.route else {})
        )


@dataclass(frozen=True)
class Verdict:
    """What becomes of each subject on each route.

    Args:
        allowed, denied: Cells of subjects and routes.
        mismatches: Every broken link.
        bound: Subjects that come through on a route at least.
    """

    allowed: int
    denied: int
    mismatches: tuple[Mismatch, ...]
    bound: int


def judge(spec: RoleBindingSpec, facts: BindingFacts) -> Verdict:
    """Lead each subject through the gates on each route that is named; every route is each that it can arrive on."""
    found: list[Mismatch] = []
    cells, bound = 0, 0
    for subject in spec.subjects:
        names = _arrivals(subject, facts) if EVERY_ROUTE in spec.routes else sorted(spec.routes)
        broken = [each for name in names if (each := broken_link(subject, name, facts)) is not None]
        if not names:
            broken = [Mismatch("Gateway", "AuthMismatch", _who(subject))]
        found += broken
        cells += max(len(names), 1)
        bound += len(broken) < len(names)
    return Verdict(cells - len(found), len(found), tuple(_merged(found, cells)), bound)


def _arrivals(subject: Subject, facts: BindingFacts) -> list[str]:
    return sorted(name for name, route in facts.routes.items() if subject.kind in ARRIVES.get(route.auth, ()))


def _who(subject: Subject) -> str:
    return f"{subject.kind} {subject.name}"


def broken_link(subject: Subject, route: str, facts: BindingFacts) -> Mismatch | None:
    """Return the first link that is broken for *subject* on *route*, or ``None``."""
    who, known = _who(subject), facts.routes.get(route)
    if known is None:
        return Mismatch("Binding", "RouteUnknown", who, route, "404")
    for link, fault, seen in (
        *_gateway(subject, known, facts),
        *_binding(route, facts),
        *_role(known, facts),
    ):
        return Mismatch(link, fault, who, route, seen)
    return None


def _gateway(subject: Subject, route: RouteFacts, facts: BindingFacts) -> Iterator[tuple[str, str, str]]:
    if subject.kind not in ARRIVES.get(route.auth, ()):
        yield "Gateway", "AuthMismatch", "401" if route.auth == "JWT" else "403"
    if subject.account_id is not None and facts.account_id and subject.account_id != facts.account_id:
        yield "Gateway", "CrossAccount", "403"
    if route.auth == "JWT" and facts.provider_fault is not None:
        yield "Gateway", "ProviderNotReady", "401"
    if route.state in ("Refused", "Withdrawn"):
        yield "Gateway", f"Route{route.state}", "404"


def _unbound(route: RouteFacts, facts: BindingFacts) -> str:
    """Return what a caller sees whom no row means: the guard refuses him, or lets him pass without a role."""
    return "403" if facts.require_binding and route.auth != "Public" else NO_ROLE


def _binding(route: str, facts: BindingFacts) -> Iterator[tuple[str, str, str]]:
    observed = facts.observed
    if not observed.managed:
        yield "Binding", "GuardOff", NO_ROLE
    elif route not in observed.routes:
        yield "Binding", "RouteUnknown", "403"
    if facts.ended:
        yield "Binding", "Expired", _unbound(facts.routes[route], facts)


def _role(route: RouteFacts, facts: BindingFacts) -> Iterator[tuple[str, str, str]]:
    """Nobody is bound to a role that is not the OracleRole's own; a bound caller whose role the schema lacks passes."""
    observed = facts.observed
    if not observed.role_exists or observed.role_owner != facts.role_owner:
        yield "OracleRole", "RoleMissing", _unbound(route, facts)
    elif not observed.role_secure:
        yield "OracleRole", "RoleNotSecure", _unbound(route, facts)
    elif not observed.granted:
        yield "OracleRole", "RoleNotGranted", NO_ROLE
    if observed.proxied is not None:
        yield "OracleRole", "ProxyRoleDenied", "403"
    if facts.missing:
        yield "Grant", "GrantMissing", NO_ROLE


def _merged(found: Iterable[Mismatch], cells: int) -> list[Mismatch]:
    """Return one mismatch for what all subjects on all routes have in common."""
    kinds: dict[tuple[str, str, str], list[Mismatch]] = {}
    for each in found:
        kinds.setdefault((each.link, each.fault, each.would_see), []).append(each)
    merged: list[Mismatch] = []
    for (link, fault, seen), alike in kinds.items():
        whole = len(alike) == cells and cells > 1
        merged += [Mismatch(link, fault, would_see=seen)] if whole else alike
    return sorted(merged)


def access_hash(binding: DesiredBinding) -> str:
    """Return what stands for exactly this access: who, where, as what, until when."""
    rows = sorted([row.route, row.kind, row.subject, row.role, row.not_after] for row in binding.rows)
    return hashlib.sha256(json.dumps(rows, separators=(",", ":")).encode()).hexdigest()
