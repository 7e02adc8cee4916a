"""References between objects: finding them, permission to use them, and who uses what.

A reference that does not exist and one that may not be used read the same, so that nobody learns of other teams'
offers by guessing names.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from oracleapi.api import reasons
from oracleapi.api.awsaccount import AwsAccountSpec
from oracleapi.api.common import Namespaces, OfferSpec, SecretRef
from oracleapi.api.conditions import READY
from oracleapi.api.oracledatabase import Delegation, OracleDatabaseSpec
from oracleapi.errors import DependencyNotReady, Terminal
from oracleapi.ports import Kubernetes, Resource
from oracleapi.reconcile.passes import parse_spec
from oracleapi.reconcile.pem import cleaned, find_fault
from oracleapi.runtime.store import Key, Store

S = TypeVar("S", bound=OfferSpec)
WALLET_KEYS = ("ewallet.pem", "ca.crt")
"""What Oracle's tools write, and what cert-manager does; the first that is there is taken."""
OFFERS = ("AwsAccount", "OracleDatabase", "VpcLink", "IdentityProvider")
REFERRED = (*OFFERS, "OracleApi", "OracleRole")
"""Kinds that others refer to; namespaced ones as ``namespace/name``."""
USES = "uses"
"""The store's index from (kind, name) to the objects that refer to it."""
SCHEMAS = "schemas"
"""The store's index from a schema's name to the APIs over schemas of that name, in whatever database."""


class References:
    """Looks references up in the store and Secrets in the cluster."""

    def __init__(self, store: Store, kube: Kubernetes, allow_endpoint_override: bool) -> None:
        self._store, self._kube, self._allow_endpoint_override = store, kube, allow_endpoint_override

    def find(self, kind: str, name: str, model: type[S], field: str) -> tuple[S, Resource]:
        """Return an offer that another offer refers to.

        Raises:
            DependencyNotReady: It does not exist.
        """
        resource = self._store.get(Key(kind, None, name))
        if resource is None:
            raise DependencyNotReady(
                reasons.DEPENDENCY_NOT_READY, f"{field}: {kind} {name} does not exist; create it", 60.0
            )
        return parse_spec(model, resource), resource

    def beside(self, kind: str, namespace: str, name: str, model: type[S], field: str) -> tuple[S, Resource]:
        """Return an object of the same namespace. Raises as :meth:`find`."""
        resource = self._store.get(Key(kind, namespace, name))
        if resource is None:
            raise DependencyNotReady(
                reasons.DEPENDENCY_NOT_READY,
                f"{field}: {kind} {name} does not exist in namespace {namespace}; create it",
                60.0,
            )
        return parse_spec(model, resource), resource

    def account_of(self, database: OracleDatabaseSpec) -> AwsAccountSpec | None:
        """Return the AWS account that a database's APIs are in, ``None`` where that is not known."""
        link = self._store.get(Key("VpcLink", None, database.ords.gateway_target.vpc_link_ref.name)) or {}
        name = link.get("spec", {}).get("accountRef", {}).get("name", "")
        account = self._store.get(Key("AwsAccount", None, name))
        return None if account is None else parse_spec(AwsAccountSpec, account)

    def permitted(self, kind: str, name: str, model: type[S], field: str, namespace: str) -> tuple[S, Resource]:
        """Return an offer that *namespace* may use by its ``allowedNamespaces``.

        Raises:
            Terminal: ``RefNotPermitted``, one text for missing and forbidden.
        """
        resource = self._store.get(Key(kind, None, name))
        if resource is not None:
            spec = parse_spec(model, resource)
            allowed: Namespaces = spec.allowed_namespaces  # type: ignore[attr-defined]
            if self.allows(allowed, namespace):
                return spec, resource
        raise not_permitted(kind, name, field, namespace)

    def delegated(self, name: str, field: str, namespace: str) -> tuple[OracleDatabaseSpec, list[Delegation], Resource]:
        """Return a database and its delegations to *namespace*.

        Raises:
            Terminal: ``RefNotPermitted``, where there is none.
        """
        resource = self._store.get(Key("OracleDatabase", None, name))
        if resource is not None:
            spec = parse_spec(OracleDatabaseSpec, resource)
            mine = [found for found in spec.delegations if self.allows(found.namespaces, namespace)]
            if mine:
                return spec, mine, resource
        raise not_permitted("OracleDatabase", name, field, namespace)

    def allows(self, allowed: Namespaces, namespace: str) -> bool:
        """Say whether *namespace* is allowed; its labels are read only where a selector asks for them."""
        if namespace in allowed.names:
            return True
        return allowed.selector is not None and allowed.selector.matches(dict(self._kube.namespace_labels(namespace)))

    def secret(self, ref: SecretRef | None, field: str) -> Mapping[str, str]:
        """Return the data of a Secret in the operator's namespace.

        Raises:
            DependencyNotReady: ``CredentialsMissing``.
        """
        if ref is None:
            raise DependencyNotReady(reasons.CREDENTIALS_MISSING, f"{field}: no Secret is named; set it", 30.0)
        found = self._kube.find_secret(ref.name)
        if found is None:
            raise DependencyNotReady(
                reasons.CREDENTIALS_MISSING,
                f"{field}: Secret {ref.name} does not exist in the operator's namespace; create it",
                30.0,
            )
        return found

    def ca_bundle(self, ref: SecretRef | None, field: str, keys: Sequence[str] = ("ca.crt",)) -> str | None:
        """Return the PEM text of a CA Secret, or ``None`` when none is named.

        Args:
            keys: Where *ref* names no key, the first of these that is there.

        Raises:
            DependencyNotReady: ``CredentialsMissing``; there is no such Secret or key, or no certificate in it.
        """
        if ref is None:
            return None
        held, looked_for = self.secret(ref, field), (ref.key,) if ref.key is not None else keys
        key = next((key for key in looked_for if key in held), None)
        if key is None:
            raise _bundle_fault(f"{field}: Secret {ref.name} has no key {' or '.join(looked_for)}; add it")
        found = cleaned(held[key])
        fault = find_fault(found)
        if fault is not None:
            raise _bundle_fault(f"{field}: key {key} of Secret {ref.name} {fault}; put the CA bundle there")
        return found

    def database_trust(self, spec: OracleDatabaseSpec, where: str) -> str | None:
        """Return the PEM text that a database's TLS is checked with, if one is named.

        Args:
            where: What leads to the database's spec, for the message.
        """
        field = f"{where}connection.walletSecretRef"
        return self.ca_bundle(spec.connection.wallet_secret_ref, field, WALLET_KEYS)

    def account_secret(self, spec: AwsAccountSpec) -> Mapping[str, str] | None:
        """Return the credentials of an account, ``None`` for the pod's own identity.

        Raises:
            Terminal: ``EndpointNotAllowed``.
        """
        if spec.endpoint_url is not None and not self._allow_endpoint_override:
            raise Terminal(
                reasons.ENDPOINT_NOT_ALLOWED,
                "spec.endpointUrl is set, but the operator runs without --allow-endpoint-override; remove it",
            )
        ref = spec.credentials_secret_ref
        return None if ref is None else self.secret(ref, "spec.credentialsSecretRef")

    def users_of(self, kind: str, name: str) -> list[Key]:
        """Return the objects that refer to the offer *kind* *name*, directly."""
        return self._store.lookup(USES, (kind, name))

    def dependents(self, kind: str, name: str) -> list[Key]:
        """Return everything that an offer's change may concern, users of users included."""
        found: list[Key] = []
        for key in self.users_of(kind, name):
            found += [key, *(self.dependents(key.kind, reference_name(key)) if key.kind in REFERRED else [])]
        return list(dict.fromkeys(found))

    def of_kind(self, kind: str) -> list[tuple[Key, Resource]]:
        return list(self._store.of_kind(kind))

    def over_schema(self, schema: str) -> list[tuple[Key, Resource]]:
        """Return the APIs over schemas of this name, in whatever database."""
        found = ((key, self._store.get(key)) for key in self._store.lookup(SCHEMAS, schema))
        return [(key, resource) for key, resource in found if resource is not None]

    def check_unused(self, kind: str, name: str) -> None:
        """Let an offer go only when nobody refers to it.

        Raises:
            DependencyNotReady: ``InUse``, naming up to five users.
        """
        users = self.users_of(kind, name)
        if users:
            more = f" and {len(users) - 5} more" if len(users) > 5 else ""
            raise DependencyNotReady(
                reasons.IN_USE, f"still used by {', '.join(map(str, users[:5]))}{more}; delete them first", 30.0
            )


def references_of(kind: str, resource: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (kind, name) of what an object refers to."""
    spec = resource.get("spec", {})
    if kind == "VpcLink":
        yield "AwsAccount", spec.get("accountRef", {}).get("name", "")
    elif kind == "OracleDatabase":
        yield "VpcLink", spec.get("ords", {}).get("gatewayTarget", {}).get("vpcLinkRef", {}).get("name", "")
        secret = (spec.get("credentials") or {}).get("secretsManager") or {}
        if secret:
            yield "AwsAccount", secret.get("accountRef", {}).get("name", "")
    elif kind == "OracleApi":
        yield "OracleDatabase", spec.get("databaseRef", {}).get("name", "")
        provider = (spec.get("auth") or {}).get("jwt") or {}
        if provider:
            yield "IdentityProvider", provider.get("providerRef", {}).get("name", "")
    elif kind == "OracleRole":
        yield "OracleDatabase", spec.get("databaseRef", {}).get("name", "")
    elif kind == "SecretRotation":
        yield "OracleDatabase", spec.get("databaseRef", {}).get("name", "")
        yield "AwsAccount", spec.get("secret", {}).get("accountRef", {}).get("name", "")
    elif kind == "RoleBinding":
        namespace = resource.get("metadata", {}).get("namespace", "")
        yield "OracleApi", f"{namespace}/{spec.get('apiRef', {}).get('name', '')}"
        yield "OracleRole", f"{namespace}/{spec.get('roleRef', {}).get('name', '')}"


def reference_name(key: Key) -> str:
    """Return how others refer to an object."""
    return f"{key.namespace}/{key.name}" if key.namespace else key.name


def referred(kind: str, name: str) -> Key:
    """Return the key of what :func:`references_of` yielded."""
    namespace, _, rest = name.rpartition("/")
    return Key(kind, namespace or None, rest)


def reference_store() -> Store:
    """Return a store that finds the users of what :class:`References` is asked for."""
    return Store(
        **{
            USES: lambda key, resource: references_of(key.kind, resource),
            SCHEMAS: lambda key, resource: [resource["spec"].get("schema")] if key.kind == "OracleApi" else [],
        }
    )


def not_permitted(kind: str, name: str, field: str, namespace: str) -> Terminal:
    """Return the one text for missing and forbidden."""
    return Terminal(
        reasons.REF_NOT_PERMITTED,
        f"{field}: {kind} {name} does not exist or namespace {namespace} may not use it;"
        " ask a platform administrator to allow the namespace on it",
    )


def _bundle_fault(message: str) -> DependencyNotReady:
    return DependencyNotReady(reasons.CREDENTIALS_MISSING, message, 30.0)


def issuer_of_keys(provider: Resource, issuer: str) -> str:
    """Return whose keys the status of an ``IdentityProvider`` names; *issuer*'s where it does not say."""
    found: str = provider.get("status", {}).get("issuer", issuer)
    return found


def ready_message(resource: Resource) -> str | None:
    """Return what Ready says when it is not True, or ``None`` when it is."""
    for found in resource.get("status", {}).get("conditions", []):
        if found["type"] == READY:
            return None if found["status"] == "True" else f"{found['reason']}: {found['message']}"
    return "it was not reconciled yet"
