"""Whose tokens an ``OracleApi`` believes, and which others may write into its schema."""

from dataclasses import replace

from pydantic import ValidationError

from oracleapi.api import reasons
from oracleapi.api.identityprovider import IdentityProviderSpec
from oracleapi.api.oracleapi import Auth, OracleApiSpec
from oracleapi.api.oracledatabase import Delegation, OracleDatabaseSpec
from oracleapi.api.rolebinding import EVERY_ROUTE
from oracleapi.errors import DependencyNotReady, OperatorError, Terminal
from oracleapi.model.resolved import Issuer, Rival
from oracleapi.ports import Resource
from oracleapi.reconcile.passes import Pass, parse_spec
from oracleapi.reconcile.references import References, issuer_of_keys, ready_message, reference_name
from oracleapi.runtime.store import Key


def delegations_for(
    references: References, database: OracleDatabaseSpec, schema: str, namespace: str
) -> list[Delegation]:
    """Return the delegations that give *schema* to *namespace*."""
    return [
        found
        for found in database.delegations
        if schema in found.schemas and references.allows(found.namespaces, namespace)
    ]


def bound_routes(references: References, work: Pass[OracleApiSpec]) -> frozenset[str]:
    """Return the names of the routes that some ``RoleBinding`` leads callers to a role on."""
    users = references.users_of("OracleApi", reference_name(work.key))
    bindings = [resource for key, resource in references.of_kind("RoleBinding") if key in users]
    named = {name for found in bindings for name in found.get("spec", {}).get("routes", [])}
    return frozenset(route.name for route in work.spec.routes if EVERY_ROUTE in named or route.name in named)


def find_issuer(references: References, auth: Auth | None, namespace: str) -> Issuer | None:
    """Return whose tokens *auth* asks for, ``None`` where for none.

    Raises:
        Terminal: ``RefNotPermitted``; ``InvalidSpec``, the audience is not one that the provider offers.
        DependencyNotReady: The provider was not discovered yet.
    """
    found = _named_issuer(references, auth, namespace)
    if found is None:
        return None
    issuer, provider = found
    if not issuer.jwks_uri:
        name = provider["metadata"]["name"]
        why = ready_message(provider) or "the keys of its issuer were not read yet"
        raise DependencyNotReady(reasons.DEPENDENCY_NOT_READY, f"IdentityProvider {name} is not ready: {why}", 15.0)
    return issuer


def find_rivals(references: References, work: Pass[OracleApiSpec], guid: str) -> tuple[Rival, ...]:
    """Return the other APIs that may write into the schema of *work* in the PDB *guid*, oldest first.

    Databases are known by their PDB: two ``OracleDatabase`` objects for one are one. Who has no delegation has no
    claim; otherwise anybody could keep a schema from its team by naming it first.
    """
    databases = {
        key.name: resource
        for key, resource in references.of_kind("OracleDatabase")
        if resource.get("status", {}).get("pdbGuid") == guid
    }
    rivals: list[tuple[tuple[str, str], Rival]] = []
    for key, other in references.over_schema(work.spec.schema_):
        database = databases.get(other["spec"].get("databaseRef", {}).get("name", ""))
        if key == work.key or database is None:
            continue
        rival = _rival(references, work, key, other, database)
        if rival is not None:
            rivals.append((age(other), rival))
    return tuple(rival for _, rival in sorted(rivals, key=lambda found: found[0]))


def age(resource: Resource) -> tuple[str, str]:
    """Return what orders claims: creation time, then UID."""
    return resource["metadata"]["creationTimestamp"], resource["metadata"]["uid"]


def _rival(
    references: References, work: Pass[OracleApiSpec], key: Key, other: Resource, database: Resource
) -> Rival | None:
    namespace, spec = key.namespace or "", other["spec"]
    try:
        offer = parse_spec(OracleDatabaseSpec, database)
    except Terminal:
        return None
    if not delegations_for(references, offer, work.spec.schema_, namespace):
        return None
    try:
        found = _named_issuer(references, Auth.model_validate(spec.get("auth") or {}), namespace)
    except (OperatorError, ValidationError):
        found = None  # it has no tokens to claim the profile for
    owner = replace(work.owner, namespace=key.namespace, name=key.name, uid=other["metadata"]["uid"])
    return Rival(owner, spec["basePath"], None if found is None else found[0], older=age(other) < age(work.resource))


def _named_issuer(references: References, auth: Auth | None, namespace: str) -> tuple[Issuer, Resource] | None:
    """Return the issuer and its provider; the key address is empty before discovery."""
    jwt = auth.jwt if auth is not None else None
    if jwt is None:
        return None
    name = jwt.provider_ref.name
    provider, resource = references.permitted(
        "IdentityProvider", name, IdentityProviderSpec, "spec.auth.jwt.providerRef", namespace
    )
    audience = jwt.audience or (provider.audiences[0] if len(provider.audiences) == 1 else None)
    if audience is None or audience not in provider.audiences:
        provider_name = f"IdentityProvider {name}"
        fault = (
            f"{provider_name} offers several" if audience is None else f"{audience} is not offered by {provider_name}"
        )
        raise Terminal(
            reasons.INVALID_SPEC,
            f"spec.auth.jwt.audience: {fault}; choose one of {', '.join(provider.audiences)}",
        )
    found = resource.get("status", {}).get("jwksUri") or ""
    keys = found if issuer_of_keys(resource, provider.issuer) == provider.issuer else ""
    return Issuer(provider.issuer, audience, keys), resource
