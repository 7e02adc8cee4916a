"""The line of an API as the objects in the cluster tell it. Pure.

Statuses are what the operator saw last; what it could not see is taken to be as the spec says.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from oracleapi.api.oraclerole import OracleRoleSpec
from oracleapi.cli.objects import Resource, Snapshot, condition, fault, namespace_of, reference
from oracleapi.desired.callers import caller_of
from oracleapi.desired.groups import Group, schema_alias, scope_slug
from oracleapi.desired.privileges import told_fault
from oracleapi.desired.role import grants_of
from oracleapi.model.line import (
    EVERY_ROUTE,
    Caller,
    Line,
    LineApi,
    LineBinding,
    LineDatabase,
    LineRole,
    LineRoute,
    Subject,
)

PUBLIC, SIGNED = "oa-public", "oa-iam"
ANY_TOKEN, ANY_SIGNATURE = "any other token", "any other signature"


def build_line(snapshot: Snapshot, api: Resource) -> Line:
    """Return everything between the callers of *api* and the roles of its database."""
    namespace = namespace_of(api) or ""
    database = snapshot.find("OracleDatabase", reference(api, "databaseRef"))
    bindings = [
        found
        for found in snapshot.of("RoleBinding")
        if namespace_of(found) == namespace and reference(found, "apiRef") == api["metadata"]["name"]
    ]
    roles = {
        found["metadata"]["name"]: _role(found, bindings)
        for found in snapshot.of("OracleRole")
        if namespace_of(found) == namespace
    }
    return Line(
        _api(snapshot, api, database, bindings),
        _database(api, database, namespace),
        tuple(_binding(found, roles) for found in bindings),
        {role.name: role for role in roles.values()},
    )


def _api(snapshot: Snapshot, api: Resource, database: Resource | None, bindings: list[Resource]) -> LineApi:
    spec = api["spec"]
    provider_name = reference(api, "auth", "jwt", "providerRef")
    provider = snapshot.find("IdentityProvider", provider_name)
    audiences = provider["spec"].get("audiences", []) if provider else []
    asked = ((spec.get("auth") or {}).get("jwt") or {}).get("audience")
    routes = tuple(_routes(api, database, _unguarded(bindings)))
    return LineApi(
        routes=routes,
        account_id=_account_id(snapshot, database),
        issuer=provider["spec"]["issuer"] if provider else None,
        audience=asked or (audiences[0] if len(audiences) == 1 else None),
        provider_fault=_provider_fault(snapshot, provider_name, provider),
        require_binding=spec.get("requireBinding", True),
        uninvokable=frozenset(_uninvokable(bindings, routes)),
    )


def _provider_fault(snapshot: Snapshot, name: str, provider: Resource | None) -> str | None:
    if not name or (provider is None and "identityproviders" in snapshot.unread):
        return None
    if provider is None:
        return f"IdentityProvider {name} does not exist"
    found = fault(provider)
    return None if found is None else f"IdentityProvider {name}: {found}"


def _account_id(snapshot: Snapshot, database: Resource | None) -> str:
    link = snapshot.find("VpcLink", reference(database, "ords", "gatewayTarget", "vpcLinkRef")) if database else None
    account = snapshot.find("AwsAccount", reference(link, "accountRef")) if link else None
    found: str = account["spec"]["accountId"] if account else ""
    return found


def _unguarded(bindings: list[Resource]) -> set[str]:
    """Return the names of the routes that the guard does not know yet, as the bindings of the API found."""
    found: set[str] = set()
    for binding in bindings:
        for mismatch in binding.get("status", {}).get("mismatches", []):
            if (mismatch["fault"], mismatch.get("wouldSee")) == ("RouteUnknown", "403"):
                found |= {mismatch["route"]} if "route" in mismatch else set(binding["spec"]["routes"])
    return found


def _uninvokable(bindings: list[Resource], routes: tuple[LineRoute, ...]) -> Iterator[tuple[str, str]]:
    """Yield whom IAM does not let invoke what, as the operator was told for the principals that bindings name."""
    for binding in bindings:
        for found in binding.get("status", {}).get("invokable", []):
            denied = {route.name for route in routes if route.auth == "IAM"} - {*found.get("routes", [])}
            yield from ((found["subject"], name) for name in denied)


def _routes(api: Resource, database: Resource | None, unguarded: set[str]) -> Iterator[LineRoute]:
    spec = api["spec"]
    jwt = (spec.get("auth") or {}).get("jwt")
    states = {found["name"]: found["state"] for found in api.get("status", {}).get("routes", [])}
    for route in spec["routes"]:
        auth: Any = route.get("auth") or ("JWT" if jwt else "IAM")
        scope = route.get("scope") or (jwt or {}).get("defaultScope") if auth == "JWT" else None
        yield LineRoute(
            name=route["name"],
            auth=auth,
            scope=scope,
            state=states.get(route["name"], ""),
            guarded=not {route["name"], EVERY_ROUTE} & unguarded,
            path=_path(spec, route, Group(_slug(auth, scope), scope).slug, database),
            fault=told_fault(api, route["name"], auth),
        )


def _slug(auth: str, scope: str | None) -> str:
    return scope_slug(scope) if scope else PUBLIC if auth == "Public" else SIGNED


def _path(spec: Mapping[str, Any], route: Mapping[str, Any], slug: str, database: Resource | None) -> str:
    """Return the path that ORDS sees."""
    context = urlsplit(database["spec"]["ords"]["baseUrl"]).path if database else "/ords"
    return f"{context}/{schema_alias(spec['schema'])}/{slug}{spec['basePath']}{route['path']}"


def _database(api: Resource, database: Resource | None, namespace: str) -> LineDatabase:
    """Return what the guard does; where the database may not be read, by what the API's conditions say of it."""
    guarded, enforced = condition(api, "Guarded"), condition(api, "RolesEnforced")
    spec = database["spec"] if database else {}
    schema = api["spec"]["schema"]
    paths = {
        path
        for found in spec.get("delegations", [])
        if schema in found.get("schemas", []) and namespace in found.get("namespaces", {}).get("names", [namespace])
        for path in found.get("unmanagedPaths", [])
    }
    return LineDatabase(
        guard=spec.get("ords", {}).get("guard") or ("Off" if database or guarded is None else "Required"),
        managed=guarded is None or guarded["status"] != "False",
        roles_enforced=None if enforced is None or enforced["status"] == "Unknown" else enforced["status"] == "True",
        unmanaged_paths=frozenset(paths),
    )


def _binding(binding: Resource, roles: Mapping[str, LineRole]) -> LineBinding:
    spec = binding["spec"]
    bound = condition(binding, "Bound")
    until = spec.get("expirationTime")
    name = reference(binding, "roleRef")
    return LineBinding(
        name=binding["metadata"]["name"],
        role=roles[name].name if name in roles else f"of OracleRole {name}",
        subjects=tuple(Subject(found["kind"], found["name"]) for found in spec["subjects"]),
        routes=tuple(spec["routes"]),
        expires=datetime.fromisoformat(until) if until else None,
        written=bound is not None and (bound["status"] == "True" or bound["reason"] == "Expired"),
    )


def _role(role: Resource, bindings: list[Resource]) -> LineRole:
    """Return a role; what the bindings that lead to it found missing on its line is believed."""
    spec = OracleRoleSpec.model_validate(role["spec"])
    status = role.get("status", {})
    missing = frozenset(status.get("missing", []))
    faults = {
        found["fault"]
        for binding in bindings
        if reference(binding, "roleRef") == role["metadata"]["name"]
        for found in binding.get("status", {}).get("mismatches", [])
        if found["link"] == "OracleRole"
    }
    exists = "RoleMissing" not in faults
    return LineRole(
        name=status.get("roleName") or spec.role(role["metadata"]["name"]),
        exists=exists,
        granted=exists and "RoleNotGranted" not in faults,
        secure="RoleNotSecure" not in faults,
        proxied="ORDS's account may not open sessions of the schema with it" if "ProxyRoleDenied" in faults else None,
        holds=frozenset(str(grant) for entry in spec.grants for grant in grants_of(entry)) - missing,
        missing=missing,
    )


def subjects_of(line: Line) -> list[Subject]:
    """Return whom the bindings name, and who may come besides."""
    named = {subject for binding in line.bindings for subject in binding.subjects}
    auths = {route.auth for route in line.api.routes}
    others = [
        *([Subject("User", ANY_TOKEN)] if "JWT" in auths else []),
        *([Subject("IamUser", ANY_SIGNATURE)] if "IAM" in auths else []),
        Subject("Anonymous", "*"),
    ]
    return sorted(named - {*others}, key=lambda found: (found.kind, found.name)) + others


def arriving(subject: Subject, line: Line, route: LineRoute) -> Caller:
    """Return who *subject* stands for on *route*; any other signature is one of the API's account."""
    if subject.name == ANY_SIGNATURE:
        subject = Subject("IamUser", f"arn:aws:iam::{line.api.account_id or '000000000000'}:user/any-other")
    return caller_of(subject, line.api, route)


def shown(subject: Subject) -> str:
    return subject.name if subject.name in (ANY_TOKEN, ANY_SIGNATURE) else str(subject)
