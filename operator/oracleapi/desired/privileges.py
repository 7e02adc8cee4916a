"""What ORDS asks callers for on each route of an API, and where that is not the route's own scope. Pure.

Source:
    ORDS Developer's Guide, "Route Patterns"; that of several patterns over a path the most specific one counts alone:
    Oracle REST Data Services SODA guide, "Security".
"""

import re
from collections.abc import Mapping
from typing import Any

from oracleapi.api import reasons
from oracleapi.api.oracleapi import Route
from oracleapi.desired.claims import schema_issuer
from oracleapi.desired.groups import module_base_path, module_name, route_group
from oracleapi.model.line import Auth, RouteFault
from oracleapi.model.resolved import ResolvedApi
from oracleapi.model.schema import ObservedSchema, Privilege

LITERAL, MIXED, VARIABLE, OPTIONAL, GREEDY = range(5)
"""Ranks of a segment, most specific first."""
VARIABLE_PART = re.compile(r":[A-Za-z][A-Za-z0-9_$#]*[?*]?|\{[A-Za-z][A-Za-z0-9_$#]*\}|\*$")
ASKS_SHOWN = 16
Rank = tuple[int, ...]


def route_faults(api: ResolvedApi, observed: ObservedSchema) -> Mapping[str, RouteFault]:
    """Return why ORDS does not let the callers of a route through as it should, by the route's name.

    A route whose module is not there yet has no fault here.
    """
    found: dict[str, RouteFault] = {}
    for route in api.spec.routes:
        group = route_group(api.spec, route)
        if module_name(group, api.spec.base_path) not in observed.modules:
            continue
        fault = _privilege_fault(api, route, observed)
        if fault is None and group.scope is not None and _profile_differs(api, observed):
            fault = RouteFault("ProfileDiffers")
        if fault is not None:
            found[route.name] = fault
    return found


def _privilege_fault(api: ResolvedApi, route: Route, observed: ObservedSchema) -> RouteFault | None:
    group = route_group(api.spec, route)
    asked = _asked(observed, module_name(group, api.spec.base_path), ords_segments(api, route))
    if asked == ({group.scope} - {None}):
        return None
    return RouteFault("PrivilegeShadowed", frozenset(asked)) if asked else RouteFault("PrivilegeMissing")


def _asked(observed: ObservedSchema, module: str, path: list[str]) -> frozenset[str]:
    """Return the names of the privileges that ORDS asks for on *path*; those linked to a module only where no
    pattern covers it."""
    covering = [
        (rank(pattern), privilege.name)
        for privilege in observed.privileges.values()
        for pattern in privilege.patterns
        if overlaps(pattern, path)
    ]
    best = min((found for found, _ in covering), default=None)
    named = frozenset(name for found, name in covering if found == best)
    return named or frozenset(name for name, found in observed.privileges.items() if module in found.modules)


def _profile_differs(api: ResolvedApi, observed: ObservedSchema) -> bool:
    wanted, profile = schema_issuer(api), observed.profile
    if wanted is None:
        return False
    held = None if profile is None else (profile.issuer, profile.audience, profile.jwk_url)
    return held != (wanted.issuer, wanted.audience, wanted.jwks_uri)


def ords_segments(api: ResolvedApi, route: Route) -> list[str]:
    """Return the path of *route* below the schema's alias, segment by segment; a variable is ``{name}``."""
    return f"{module_base_path(route_group(api.spec, route), api.spec.base_path)}{route.path[1:]}"[1:].split("/")


def rank(pattern: str) -> Rank:
    """Return how specific *pattern* of a privilege is; of two the smaller one counts."""
    return tuple(_segment_rank(segment) for segment in pattern.removeprefix("/").split("/"))


def _segment_rank(segment: str) -> int:
    parts = VARIABLE_PART.findall(segment)
    if any(part[-1] in "*}" for part in parts):
        return GREEDY
    if any(part.endswith("?") for part in parts):
        return OPTIONAL
    return LITERAL if not parts else VARIABLE if parts == [segment] else MIXED


def overlaps(pattern: str, path: list[str]) -> bool:
    """Say whether *pattern* of a privilege covers some request for *path*, whatever its variables hold."""
    return _overlaps(pattern.removeprefix("/").split("/"), path)


def _overlaps(pattern: list[str], path: list[str]) -> bool:
    if not pattern or not path:
        return not pattern and not path
    if _segment_rank(pattern[0]) == GREEDY:  # may hold slashes, so all that follows
        start = VARIABLE_PART.split(pattern[0])[0]
        return _is_variable(path[0]) or path[0].startswith(start)
    return _may_be(pattern[0], path[0]) and _overlaps(pattern[1:], path[1:])


def _may_be(pattern: str, segment: str) -> bool:
    if _is_variable(segment):  # which is never empty
        return pattern != ""
    literals = VARIABLE_PART.split(pattern)
    return re.fullmatch("[^/]*".join(re.escape(text) for text in literals), segment) is not None


def _is_variable(segment: str) -> bool:
    return segment.startswith("{")


def shadows(api: ResolvedApi, faults: Mapping[str, RouteFault], observed: ObservedSchema) -> str | None:
    """Return one sentence about the first privilege that is not ours and stands before a route, or ``None``."""
    for route in api.spec.routes:
        fault = faults.get(route.name)
        if fault is not None and fault.name == "PrivilegeShadowed":
            privilege, pattern = _foreign(api, route, fault, observed)
            more = "" if len(faults) == 1 else f" (and {len(faults) - 1} more)"
            return (
                f"route {route.name}{more}: ORDS asks its callers for {privilege.name} too, a privilege of schema"
                f" {observed.schema} with {pattern}; delete that privilege, or take the path out of it"
            )
    return None


def _foreign(api: ResolvedApi, route: Route, fault: RouteFault, observed: ObservedSchema) -> tuple[Privilege, str]:
    path, own = ords_segments(api, route), route_group(api.spec, route).scope
    privilege = observed.privileges[min(fault.asks - {own})]
    patterns = sorted((found for found in privilege.patterns if overlaps(found, path)), key=rank)
    return privilege, f"pattern {patterns[0]}" if patterns else "the route's module"


def entry(fault: RouteFault) -> dict[str, Any]:
    """Return what ``status.routes[]`` says of a fault."""
    asks = sorted(fault.asks)[:ASKS_SHOWN]
    return {"fault": fault.name, **({"asks": asks} if asks else {})}


def told_fault(api: Mapping[str, Any], name: str, auth: Auth) -> RouteFault | None:
    """Return what the status of the ``OracleApi`` *api* says of ORDS's answer to callers of its route *name*.

    An API that the schema's profile was refused says so in ``Ready`` alone: its half at ORDS is not looked at.
    """
    status = api.get("status", {})
    told: Mapping[str, Any] = next((found for found in status.get("routes", []) if found["name"] == name), {})
    if "fault" in told:
        return RouteFault(told["fault"], frozenset(told.get("asks", [])))
    conditions = status.get("conditions", [])
    refused = any((found["type"], found["reason"]) == ("Ready", reasons.JWT_PROFILE_CONFLICT) for found in conditions)
    return RouteFault("ProfileDiffers") if refused and auth == "JWT" else None
