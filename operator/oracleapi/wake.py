"""Who is woken by a change, in which lane, and what a pass of a key touches. Reads the store, nothing else."""

from collections.abc import Mapping
from typing import Any

from oracleapi.api.rolebinding import IAM_KINDS
from oracleapi.guard import account_name, database_name, iam_name, ords_name, provider_name
from oracleapi.ports import Resource
from oracleapi.reconcile.references import (
    OFFERS,
    REFERRED,
    References,
    reference_name,
    references_of,
    referred,
)
from oracleapi.runtime.admission import Touches
from oracleapi.runtime.lanes import Lane
from oracleapi.runtime.store import Key, Store

FIRST_CALLS = {"OracleApi": 5, "VpcLink": 2, "RoleBinding": 4}
"""What a first pass calls: a list, CreateApi, ReimportApi, ExportApi, CreateStage; a list, CreateVpcLink; GetPolicy,
CreatePolicy, GetRole, AttachRolePolicy."""


class Wake:
    """Answers from the store and the references in it."""

    def __init__(self, store: Store, references: References) -> None:
        self._store, self._references = store, references

    def concerned(self, key: Key, before: Resource | None, resource: Resource, deleted: bool) -> list[Key]:
        """Return whom a change of *key* concerns, beside itself."""
        found: list[Key] = []
        if deleted or before is None:
            found += self._link_of(key, resource)
        if deleted or before is None or _offers(before) != _offers(resource):
            found += self._users(key, resource, deleted)
        found += self._rivals(key, before, resource, deleted)
        return list(dict.fromkeys(found))

    def touches(self, key: Key) -> Touches:
        """Return the accounts and databases that a pass of *key* calls."""
        spec = self._spec(key)
        database: tuple[str, ...] = ()
        if key.kind == "RoleBinding":
            spec = self._spec(Key("OracleRole", key.namespace, _name(spec, "roleRef")))
        if key.kind in ("OracleApi", "OracleRole", "RoleBinding", "SecretRotation"):
            spec = self._spec(Key("OracleDatabase", None, _name(spec, "databaseRef")))
        if key.kind in ("OracleApi", "OracleDatabase", "OracleRole", "RoleBinding", "SecretRotation"):
            connection = spec.get("connection", {})
            port = int(connection.get("port", 1521))
            database = (database_name(connection.get("host", ""), port, connection.get("serviceName", "")),)
        if key.kind == "RoleBinding" and self._asks_iam(key) and (number := self._account_spec(spec).get("accountId")):
            return Touches((iam_name(number), *database), iam_name(number), FIRST_CALLS[key.kind])
        if key.kind in ("OracleDatabase", "OracleRole", "RoleBinding", "SecretRotation"):
            return Touches(database)
        account = self._account(key, spec)
        accounts = () if account is None else (account,)
        return Touches((*accounts, *database), account, FIRST_CALLS.get(key.kind, 0))

    def behind(self, key: Key) -> tuple[str, ...]:
        """Return the names of what an offer leads to."""
        spec = self._spec(key)
        if key.kind == "IdentityProvider":
            return (provider_name(spec.get("issuer", "")),)
        found = self.touches(key).backends if key.kind in OFFERS else ()
        if key.kind == "OracleDatabase":
            found = (*found, ords_name(spec.get("ords", {}).get("baseUrl", "")), *self._account_of_secret(spec))
        return found

    def shares(self) -> dict[str, tuple[float, float]]:
        """Return calls a second and burst by account; of two objects for one account the smaller counts."""
        found: dict[str, tuple[float, float]] = {}
        for _, resource in self._store.of_kind("AwsAccount"):
            spec = resource.get("spec", {})
            name = account_name(spec.get("accountId", ""), spec.get("region", ""))
            budget = spec.get("callBudget", {})
            share = float(budget.get("requestsPerSecond", 5)), float(budget.get("burst", 20))
            found[name] = min(found.get(name, share), share)
        return found

    def _asks_iam(self, key: Key) -> bool:
        """Say whether a binding has callers of IAM, or had some whose policy is left."""
        found = self._store.get(key) or {}
        subjects = found.get("spec", {}).get("subjects", [])
        return "policyArn" in found.get("status", {}) or any(each.get("kind") in IAM_KINDS for each in subjects)

    def _account_spec(self, database: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the account that the APIs of a database are in."""
        target = database.get("ords", {}).get("gatewayTarget", {})
        link = self._spec(Key("VpcLink", None, _name(target, "vpcLinkRef")))
        return self._spec(Key("AwsAccount", None, _name(link, "accountRef")))

    def _account(self, key: Key, spec: Mapping[str, Any]) -> str | None:
        if key.kind == "OracleApi":  # by its database, whose spec it is
            spec = self._account_spec(spec)
        elif key.kind == "VpcLink":
            spec = self._spec(Key("AwsAccount", None, _name(spec, "accountRef")))
        elif key.kind != "AwsAccount":
            return None
        return account_name(spec["accountId"], spec["region"]) if "accountId" in spec else None

    def _account_of_secret(self, database: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the account whose Secrets Manager has a database's credentials, if they come from there."""
        secret = (database.get("credentials") or {}).get("secretsManager") or {}
        spec = self._spec(Key("AwsAccount", None, _name(secret, "accountRef")))
        return (account_name(spec["accountId"], spec["region"]),) if "accountId" in spec else ()

    def _spec(self, key: Key) -> Mapping[str, Any]:
        found: Mapping[str, Any] = (self._store.get(key) or {}).get("spec", {})
        return found

    def _link_of(self, key: Key, resource: Resource) -> list[Key]:
        """Return the VPC link that an API is reached through: it counts its users."""
        if key.kind != "OracleApi":
            return []
        database = self._spec(Key("OracleDatabase", None, _name(resource.get("spec", {}), "databaseRef")))
        return [referred(kind, link) for kind, link in _used("OracleDatabase", {"spec": database})]

    def _users(self, key: Key, resource: Resource, deleted: bool) -> list[Key]:
        """Return who may fare better or worse by a change of *key*.

        What uses it, whenever it offers something else; what it used, once it is gone.
        """
        found = self._references.dependents(key.kind, reference_name(key)) if key.kind in REFERRED else []
        if not deleted and key.kind != "RoleBinding":  # which routes are bound concerns the API
            return found
        return [*found, *(referred(kind, name) for kind, name in _used(key.kind, resource))]

    def _rivals(self, key: Key, before: Resource | None, resource: Resource, deleted: bool) -> list[Key]:
        """Return who shares the schema of an API that left it, or that now asks for other tokens."""
        if key.kind != "OracleApi" or before is None:
            return []
        spec = resource.get("spec", {})
        if not deleted and before.get("spec", {}).get("auth") == spec.get("auth"):
            return []
        return [found for found, _ in self._references.over_schema(spec.get("schema", "")) if found != key]


def asks(resource: Resource) -> tuple[Any, ...]:
    """Return what an author can change: a difference asks for a pass, our own status writes do not."""
    metadata = resource["metadata"]
    return metadata.get("generation"), metadata.get("deletionTimestamp"), metadata.get("annotations", {})


def lane_of(resource: Resource) -> Lane:
    """Return the lane of an object that is seen for the first time: what was brought to its end is routine."""
    metadata, status = resource["metadata"], resource.get("status", {})
    if metadata.get("deletionTimestamp") or status.get("observedGeneration") != metadata.get("generation"):
        return Lane.EDITED
    ready = any((found["type"], found["status"]) == ("Ready", "True") for found in status.get("conditions", []))
    return Lane.ROUTINE if ready else Lane.WOKEN


def _offers(resource: Resource) -> tuple[Any, ...]:
    """Return what others build on: generation, deletion, and facts in status without the times of conditions."""
    metadata, status = resource["metadata"], resource.get("status", {})
    facts = {key: value for key, value in status.items() if key in ("pdbGuid", "vpcLinkId", "state", "jwksUri")}
    ready = [found["status"] for found in status.get("conditions", []) if found["type"] == "Ready"]
    return metadata.get("generation"), metadata.get("deletionTimestamp"), facts, ready


def _used(kind: str, resource: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [found for found in references_of(kind, resource) if found[1]]


def _name(spec: Mapping[str, Any], field: str) -> str:
    return str(spec.get(field, {}).get("name", ""))
