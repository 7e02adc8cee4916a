"""Where a bound caller would not come through: each subject on each route is led along the line. Pure.

The links and faults are those of docs/bindings.md.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType

from oracleapi.api.rolebinding import EVERY_ROUTE, RoleBindingSpec
from oracleapi.desired.callers import caller_of
from oracleapi.desired.line import NO_ROLE, decide, has_ended, walk
from oracleapi.model.guard import DesiredBinding
from oracleapi.model.line import ARRIVES, Caller, Line, LineBinding, LineRole, LineRoute, Link, Subject, Token
from oracleapi.model.parse import Parsed

Cell = tuple[Subject, str]
"""A subject on a route."""
DETAIL_SHOWN = 512


@dataclass(frozen=True)
class BindingFacts:
    """What is known around a binding.

    Args:
        line: Of its API, with this binding and its role alone.
        now: The time.
        lost: Why nobody may be bound to the role, so that the binding's rows are not in the database: RoleMissing or
            RoleNotSecure.
        refused: Cells whose handler does not parse with the roles that stand before the verdict.
    """

    line: Line
    now: datetime
    lost: str | None = None
    refused: Mapping[Cell, tuple[frozenset[str], Parsed]] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def ended(self) -> bool:
        """The binding's time is over."""
        return any(has_ended(binding, self.now) for binding in self.line.bindings)

    @property
    def routes(self) -> Mapping[str, LineRoute]:
        """The routes of the API by name."""
        return {route.name: route for route in self.line.api.routes}


@dataclass(frozen=True, order=True)
class Mismatch:
    """A broken link for one subject on one route; empty ones mean all."""

    link: str
    fault: str
    subject: str = ""
    route: str = ""
    would_see: str = "403"
    detail: str = ""

    def entry(self) -> dict[str, str]:
        """Return the status entry."""
        found = {"link": self.link, "fault": self.fault, "wouldSee": self.would_see}
        more = {"subject": self.subject, "route": self.route, "detail": self.detail[:DETAIL_SHOWN]}
        return found | {name: text for name, text in more.items() if text}


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
    for subject in (Subject(each.kind, each.name) for each in spec.subjects):
        names = _names(spec, subject, facts)
        broken = [each for name in names if (each := broken_link(subject, name, facts)) is not None]
        if not names:
            broken = [Mismatch("Gateway", "AuthMismatch", _who(subject))]
        found += broken
        cells += max(len(names), 1)
        bound += len(broken) < len(names)
    return Verdict(cells - len(found), len(found), tuple(_merged(found, cells)), bound)


def roles_of_cells(
    spec: RoleBindingSpec, facts: BindingFacts, others: Iterable[LineBinding]
) -> Mapping[Cell, frozenset[str]]:
    """Return the roles that callers have together, by cell, where the line is whole as far as it is known.

    Args:
        others: Further bindings of the API; their roles come on top.
    """
    more = {binding.role: LineRole(binding.role) for binding in others}
    line = replace(facts.line, bindings=(*facts.line.bindings, *others), roles={**more, **facts.line.roles})
    found: dict[Cell, frozenset[str]] = {}
    for subject in (Subject(each.kind, each.name) for each in spec.subjects):
        for name in _names(spec, subject, facts):
            if broken_link(subject, name, replace(facts, refused={})) is None:
                route = facts.routes[name]
                found[subject, name] = frozenset(decide(line, _caller(subject, route, facts), route, facts.now).roles)
    return found


def _names(spec: RoleBindingSpec, subject: Subject, facts: BindingFacts) -> list[str]:
    return _arrivals(subject, facts) if EVERY_ROUTE in spec.routes else sorted(spec.routes)


def _arrivals(subject: Subject, facts: BindingFacts) -> list[str]:
    return sorted(name for name, route in facts.routes.items() if subject.kind in ARRIVES[route.auth])


def _who(subject: Subject) -> str:
    return f"{subject.kind} {subject.name}"


def broken_link(subject: Subject, name: str, facts: BindingFacts) -> Mismatch | None:
    """Return the first link that is broken for *subject* on the route *name*, or ``None``."""
    route = facts.routes.get(name)
    if route is None:
        return Mismatch("Binding", "RouteUnknown", _who(subject), name, "404")
    link = walk(facts.line, _caller(subject, route, facts), route, facts.now).broken
    for told, fault, seen in _told(subject, route, facts, link):
        return Mismatch(told, fault, _who(subject), name, seen)
    if (subject, name) in facts.refused:
        roles, verdict = facts.refused[subject, name]
        seen, missing = f"555 {verdict.code}", verdict.object or "an object that the database does not name"
        detail = f"with {', '.join(sorted(roles))} not there or not granted: {missing}"
        if verdict.detail:
            detail += f" ({verdict.detail}; parsed only)"
        return Mismatch("Grant", "GrantMissing", _who(subject), name, seen, detail)
    return None


def _caller(subject: Subject, route: LineRoute, facts: BindingFacts) -> Caller:
    """Return a caller that *subject* means and that does all that is in his own power."""
    caller = caller_of(subject, facts.line.api, route)
    if isinstance(caller, Token) and route.scope is not None:
        return replace(caller, scopes=caller.scopes | {route.scope})
    return caller


def _told(subject: Subject, route: LineRoute, facts: BindingFacts, link: Link | None) -> Iterator[tuple[str, str, str]]:
    """Yield (link, fault, what the caller sees) for what the walk found, the binding's own loss before it."""
    if subject.kind not in ARRIVES[route.auth]:
        yield "Gateway", "AuthMismatch", _seen(link)
    before = link is not None and link.outcome == "Refused" and link.name in ("Gateway", "OrdsPrivilege")
    if link is not None and (before or link.fault == "RouteUnknown"):
        yield link.name, link.fault, link.sees
    if not facts.line.database.decides:
        yield "Binding", "GuardOff", NO_ROLE
    if facts.ended:
        yield "Binding", "Expired", _seen(link)
    if facts.lost is not None:
        yield "OracleRole", facts.lost, _seen(link)
    if link is not None:
        yield link.name, link.fault, link.sees


def _seen(link: Link | None) -> str:
    """Return what a caller sees whom no binding means: he is refused, or passes without a role."""
    return link.sees if link is not None and link.outcome == "Refused" else NO_ROLE


def _merged(found: Iterable[Mismatch], cells: int) -> list[Mismatch]:
    """Return one mismatch for what all subjects on all routes have in common."""
    kinds: dict[tuple[str, str, str, str], list[Mismatch]] = {}
    for each in found:
        kinds.setdefault((each.link, each.fault, each.would_see, each.detail), []).append(each)
    merged: list[Mismatch] = []
    for (link, fault, seen, detail), alike in kinds.items():
        whole = len(alike) == cells and cells > 1
        merged += [Mismatch(link, fault, would_see=seen, detail=detail)] if whole else alike
    return sorted(merged)


def access_hash(binding: DesiredBinding) -> str:
    """Return what stands for exactly this access: who, where, as what, until when."""
    rows = sorted([row.route, row.kind, row.subject, row.role, row.not_after] for row in binding.rows)
    return hashlib.sha256(json.dumps(rows, separators=(",", ":")).encode()).hexdigest()
