"""The guard's rows of an API and of a binding. Pure."""

import re
from collections.abc import Collection
from datetime import UTC, datetime

from oracleapi.api.oracleapi import Route
from oracleapi.api.rolebinding import EVERY_ROUTE, RoleBindingSpec
from oracleapi.desired.callers import guard_name
from oracleapi.desired.gateway import group_prefix, route_key
from oracleapi.desired.groups import route_group
from oracleapi.desired.probe import CLOSED_PATH, PROBE_GROUP, PROBE_PATH, has_probe
from oracleapi.model.guard import BindingRow, DesiredBinding, DesiredGuard, GuardApi, GuardRoute, Management
from oracleapi.model.ownership import Owner
from oracleapi.model.resolved import ResolvedApi
from oracleapi.runtime.clock import RFC_3339

PROBE_NAME, CLOSED_NAME = "_probe", "_closed"
"""No route of a spec can be called so."""
PLAIN = re.compile(r"[A-Za-z0-9_~/-]")
"""Letters that a regular expression of Oracle takes for themselves; others are quoted."""


def build_guard(api: ResolvedApi, management: Management) -> DesiredGuard:
    """Return the rows of *api*, one for each route of the spec; *management* is how the schema is to be treated.

    A row for what ORDS does not serve opens nothing.
    """
    spec = api.spec
    claims = api.claims
    row = GuardApi(
        owner=str(api.owner),
        uid=api.owner.uid,
        schema=spec.schema_,
        label=f"{api.owner.namespace}/{api.owner.name}",
        require_binding=spec.require_binding,
        subject_claim=claims.subject,
        groups_claim=claims.groups,
    )
    routes = {guard_route(api, route) for route in spec.routes}
    routes.add(_own_route(api, CLOSED_PATH, CLOSED_NAME, "Closed"))
    if has_probe(spec):
        routes.add(_own_route(api, PROBE_PATH, PROBE_NAME, "Probe"))
    return DesiredGuard(row, frozenset(routes), management)


def _own_route(api: ResolvedApi, path: str, name: str, auth: str) -> GuardRoute:
    """Return the row of a path of ours: Probe asks for nothing and gives no role, Closed lets nobody in."""
    whole = f"{group_prefix(api, PROBE_GROUP)}{api.spec.base_path}{path}"
    return GuardRoute("GET", f"^{_quoted(whole)}$", name, 0, auth)


def guard_route(api: ResolvedApi, route: Route) -> GuardRoute:
    """Return the row of *route*: the path that ORDS sees, as a regular expression over the whole of it."""
    group = route_group(api.spec, route)
    prefix = group_prefix(api, group)
    segments = f"{prefix}{api.spec.base_path}{route.path}".split("/")
    return GuardRoute(
        method=route.method,
        path_regexp=f"^{'/'.join('[^/]+' if segment.startswith('{') else _quoted(segment) for segment in segments)}$",
        name=route.name,
        variables=sum(segment.startswith("{") for segment in segments),
        auth=group.auth,
        route_key=route_key(api, route) if group.auth == "IAM" else "",
        link_key=f"GET {prefix}{api.spec.base_path}{route.path}" if group.auth == "IAM" and api.spec.links else "",
    )


def _quoted(text: str) -> str:
    return "".join(letter if PLAIN.match(letter) else f"\\{letter}" for letter in text)


def build_binding(
    spec: RoleBindingSpec, owner: Owner, api: Owner, schema: str, role: str, routes: Collection[str], ended: bool
) -> DesiredBinding:
    """Return the rows of a binding.

    Args:
        routes: Names of the routes that the API has; others have no row.
        ended: Its time is over, or its permission: it has no rows.
    """
    bound = [EVERY_ROUTE] if EVERY_ROUTE in spec.routes else [name for name in spec.routes if name in routes]
    rows = frozenset(
        BindingRow(route, subject.kind, guard_name(subject.kind, subject.name), role, utc(spec.expiration_time))
        for route in bound
        for subject in spec.subjects
        if not ended
    )
    return DesiredBinding(str(owner), str(api), schema, role, rows)


def utc(time: datetime | None) -> str:
    """Return a time as RFC 3339 in UTC, cut to whole seconds; empty for none."""
    return "" if time is None else time.astimezone(UTC).strftime(RFC_3339)
