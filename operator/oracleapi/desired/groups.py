"""Access groups: which protection a route stands behind, and the names that follow from it. Pure.

ORDS protects paths, never methods, and asks for the one scope named like the privilege. So routes are grouped by
scope; each group has a path of its own, ``/<slug>/…``, that is never reused for another protection. See
docs/adr/0004-access-groups.md.
"""

import hashlib
import re
from dataclasses import dataclass

from oracleapi.api.oracleapi import OracleApiSpec, Route
from oracleapi.model.line import Auth

PUBLIC_SLUG = "oa-public"
IAM_SLUG = "oa-iam"
PROBE_SLUG = "oa-probe"

PLAIN_SEGMENT = re.compile(r"[A-Za-z0-9._~-]+")
"""A path segment that means itself: in a URL, and in a parameter mapping, where ``$`` begins a variable."""


@dataclass(frozen=True, order=True)
class Group:
    """A protection: one scope; without one, IAM at the gateway, or nothing for Public routes."""

    slug: str
    scope: str | None

    @property
    def auth(self) -> Auth:
        if self.scope is not None:
            return "JWT"
        return "IAM" if self.slug in (IAM_SLUG, PROBE_SLUG) else "Public"


def scope_slug(scope: str) -> str:
    """Return the path segment of a scope: readable, and unlike that of any other scope."""
    cleaned = re.sub(r"[^a-z0-9]+", "-", scope.lower()).strip("-")[:40]
    digest = hashlib.sha256(scope.encode()).hexdigest()[:6]
    return f"oa-{cleaned}-{digest}" if cleaned else f"oa-{digest}"


def schema_alias(schema: str) -> str:
    """Return the URL alias of a schema: its name in lower case, as ORDS chooses it, where that is a plain segment."""
    alias = schema.lower()
    if PLAIN_SEGMENT.fullmatch(alias):
        return alias
    digest = hashlib.sha256(schema.encode()).hexdigest()[:6]
    return f"{re.sub(r'[^a-z0-9_]+', '-', alias).strip('-')}-{digest}"


def route_group(spec: OracleApiSpec, route: Route) -> Group:
    """Return the group of *route*; the CRD's rules see to it that a JWT route has a scope."""
    if route.auth == "Public":
        return Group(PUBLIC_SLUG, None)
    if route.auth == "IAM":
        return Group(IAM_SLUG, None)
    scope = route.scope or (spec.auth.jwt.default_scope if spec.auth and spec.auth.jwt else None)
    if scope is None:
        raise ValueError(f"route {route.name} has no scope")
    return Group(scope_slug(scope), scope)


def groups_of(spec: OracleApiSpec, routes: tuple[Route, ...]) -> tuple[Group, ...]:
    """Return the groups of *routes*, sorted."""
    return tuple(sorted({route_group(spec, route) for route in routes}))


def module_name(group: Group, base_path: str) -> str:
    """Return the ORDS module's name; unique in a schema since base paths do not overlap."""
    return f"{group.slug}{base_path}"


def module_base_path(group: Group, base_path: str) -> str:
    """Return the module's base path, one slash at either end."""
    return f"/{group.slug}{base_path}/"


def ords_pattern(path: str) -> str:
    """Return the ORDS template pattern of a gateway path: ``/employees/{id}`` is ``employees/:id``."""
    return re.sub(r"\{([A-Za-z][A-Za-z0-9_]*)\}", r":\1", path.removeprefix("/")) or "."


def variables(path: str) -> tuple[str, ...]:
    """Return the variables of a gateway path in order."""
    return tuple(re.findall(r"\{([A-Za-z][A-Za-z0-9_]*)\}", path))


def guarded_routes(spec: OracleApiSpec) -> tuple[Route, ...]:
    """Return the IAM routes: no privilege of ORDS protects them, so that nothing but the guard may let callers in."""
    return tuple(route for route in spec.routes if route.auth == "IAM")


def exposed_routes(spec: OracleApiSpec) -> tuple[Route, ...]:
    """Return the Public routes with variables: only the path keeps their callers away from other paths of ORDS."""
    return tuple(route for route in spec.routes if route.auth == "Public" and "{" in route.path)
