"""Faults of routes that CEL cannot see, each with its cure. Pure.

A fault in one route refuses that route and leaves the others alone.
"""

import re
from collections.abc import Mapping

from oracleapi.api.oracleapi import OracleApiSpec, Parameter, Route
from oracleapi.desired.groups import route_group, variables

RESERVED_QUERY = frozenset({"limit", "offset", "page", "q"})
"""Query names that ORDS reads itself (reference: ORDS Developer's Guide, pagination and filtering)."""
RESERVED_SCOPES = ("oracle.", "oracleapi.")
"""A privilege is named like its scope: these are ORDS's own and the marks of this operator."""


def find_faults(spec: OracleApiSpec, trace_header: str, maximum: int | None = None) -> Mapping[str, str]:
    """Return the fault of each bad route by route name: what is wrong and what to write instead.

    Args:
        maximum: Requests a second that no route of the database may ask for more than.
    """
    faults: dict[str, str] = {}
    shapes: dict[str, str] = {}
    keys: dict[str, str] = {}
    for route in spec.routes:
        shape = re.sub(r"\{[^}]*\}", "{}", route.path)
        fault = (
            _path_fault(route, shape, shapes, keys)
            or _scope_fault(spec, route)
            or _throttle_fault(route, maximum)
            or _handler_fault(route, trace_header)
        )
        if fault is not None:
            faults[route.name] = fault
        else:
            shapes.setdefault(shape, route.path)
            keys[f"{route.method} {shape}"] = route.name
    return faults


def _path_fault(route: Route, shape: str, shapes: Mapping[str, str], keys: Mapping[str, str]) -> str | None:
    names = variables(route.path)
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        return f"path {route.path} has the variable {{{twice[0]}}} twice; give each its own name"
    other = shapes.get(shape)
    if other is not None and other != route.path:
        return f"path {route.path} and path {other} of another route are one pattern; use the same variable names"
    taken = keys.get(f"{route.method} {shape}")
    if taken is not None:
        return f"{route.method} {route.path} is already route {taken}"
    return None


def _scope_fault(spec: OracleApiSpec, route: Route) -> str | None:
    scope = route_group(spec, route).scope
    if scope is not None and scope.lower().startswith(RESERVED_SCOPES):
        return f"scope {scope} begins like a privilege of ORDS or of this operator; use another scope"
    return None


def _throttle_fault(route: Route, maximum: int | None) -> str | None:
    if maximum is None or route.throttle is None:
        return None
    asked = route.throttle.requests_per_second
    if asked > maximum:
        return f"throttle.requestsPerSecond is {asked}, the database allows a route {maximum}; ask for no more"
    return None


def _handler_fault(route: Route, trace_header: str) -> str | None:
    handler_type = route.handler.type
    if handler_type in ("Collection", "Item") and route.method != "GET":
        return f"handler type {handler_type} is for GET; a {route.method} route needs PlSql"
    binds: dict[str, str] = {}
    for parameter in route.handler.parameters:
        fault = _parameter_fault(parameter, route, trace_header)
        if fault is not None:
            return fault
        bind = parameter_bind(parameter).lower()
        if bind in binds:
            return f"parameters {binds[bind]} and {parameter.name} share the bind variable :{bind}; set bind on one"
        binds[bind] = parameter.name
    return None


def _parameter_fault(parameter: Parameter, route: Route, trace_header: str) -> str | None:
    name = parameter.name
    if parameter.in_ == "Path" and name not in variables(route.path):
        return f"parameter {name} is in Path, but path {route.path} has no {{{name}}}"
    if parameter.in_ == "Query" and name.lower() in RESERVED_QUERY:
        return f"query parameter {name} is read by ORDS itself; choose another name"
    if parameter.in_ == "Header" and name.lower() in (trace_header.lower(), "authorization", "host"):
        return f"header {name} is set by the gateway or holds the caller's token; it cannot be a parameter"
    if parameter.in_ == "Response" and not _is_block(route):
        return f"parameter {name} is in Response, which only a PlSql handler can set"
    if parameter.type == "ResultSet" and parameter.in_ != "Response":
        return f"parameter {name} has type ResultSet, which is for in: Response"
    if parameter.in_ in ("Query", "Path") and parameter.access not in (None, "In"):
        return f"parameter {name} comes from the request; its access must be In"
    return None


def _is_block(route: Route) -> bool:
    """Say whether the handler is PL/SQL, as handlers of other methods than GET are unless their route says more."""
    return route.method != "GET" if route.handler.type is None else route.handler.type == "PlSql"


def parameter_bind(parameter: Parameter) -> str:
    """Return the bind variable of a parameter."""
    return parameter.bind or parameter.name.replace("-", "_")
