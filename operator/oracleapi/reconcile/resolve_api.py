"""Step 1 of an ``OracleApi``: references and permissions into plain values and open backends."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from oracleapi.api import reasons
from oracleapi.api.awsaccount import AwsAccountSpec
from oracleapi.api.identityprovider import IdentityProviderSpec
from oracleapi.api.oracleapi import OracleApiSpec
from oracleapi.api.oracledatabase import OracleDatabaseSpec
from oracleapi.api.vpclink import VpcLinkSpec
from oracleapi.desired.gateway import to_throttle
from oracleapi.desired.groups import schema_alias
from oracleapi.errors import DependencyNotReady, Terminal
from oracleapi.model.resolved import Issuer, ResolvedApi
from oracleapi.ports import Backends, Gateway, Oracle, OrdsProbe, Resource
from oracleapi.reconcile.passes import Pass, parse_spec
from oracleapi.reconcile.references import References, not_permitted, ready_message


@dataclass(frozen=True)
class Surroundings:
    """An API with its backends open."""

    api: ResolvedApi
    database_name: str
    metadata_cache_s: int
    gateway: Gateway
    oracle: Oracle
    probe: OrdsProbe


class ApiResolver:
    """Finds and checks what an ``OracleApi`` refers to; permission is checked here, in every pass."""

    def __init__(self, references: References, backends: Backends) -> None:
        self._references, self._backends = references, backends

    def resolve(self, work: Pass[OracleApiSpec]) -> Surroundings:
        """Return the API's surroundings.

        Raises:
            Terminal: ``RefNotPermitted``, ``Conflict``, ``InvalidSpec``.
            DependencyNotReady: Something referred to is not ready.
        """
        namespace = work.key.namespace or ""
        database, database_resource = self._database(work, namespace)
        target = database.ords.gateway_target
        link, link_resource = self._references.permitted(
            "VpcLink", target.vpc_link_ref.name, VpcLinkSpec, "the database's ords.gatewayTarget.vpcLinkRef", namespace
        )
        account, _ = self._references.permitted(
            "AwsAccount", link.account_ref.name, AwsAccountSpec, "the VPC link's accountRef", namespace
        )
        guid = database_resource.get("status", {}).get("pdbGuid")
        if not guid:
            raise DependencyNotReady(
                reasons.DEPENDENCY_NOT_READY,
                f"OracleDatabase {work.spec.database_ref.name} is not ready: {ready_message(database_resource)}",
                15.0,
            )
        self._check_schema_is_free(work, guid)
        link_ready = link_resource.get("status", {}).get("state") in ("AVAILABLE", "INACTIVE")
        base_url = database.ords.base_url
        api = ResolvedApi(
            owner=work.owner,
            spec=work.spec,
            account_id=account.account_id,
            region=account.region,
            account_tags=account.tags,
            vpc_link_id=link_resource.get("status", {}).get("vpcLinkId") if link_ready else None,
            listener_arn=target.listener_arn,
            server_name=target.server_name,
            ords_context=urlsplit(base_url).path,
            ords_base_url=base_url,
            alias=schema_alias(work.spec.schema_),
            trace_header=database.ords.trace_header,
            default_throttle=to_throttle(database.default_throttle),
            issuer=self._issuer(work, namespace),
        )
        ca = self._references.ca_bundle(database.ords.ca_secret_ref, "the database's ords.caSecretRef")
        secret = self._references.secret(database.credentials.secret_ref, "the database's credentials.secretRef")
        return Surroundings(
            api=api,
            database_name=work.spec.database_ref.name,
            metadata_cache_s=database.ords.metadata_cache_seconds,
            gateway=self._backends.gateway(account, self._references.account_secret(account)),
            oracle=self._backends.oracle(database, secret),
            probe=self._backends.probe(ca),
        )

    def _database(self, work: Pass[OracleApiSpec], namespace: str) -> tuple[OracleDatabaseSpec, Resource]:
        name, schema = work.spec.database_ref.name, work.spec.schema_
        resources = {key.name: resource for key, resource in self._references.of_kind("OracleDatabase")}
        resource = resources.get(name)
        if resource is None:
            raise not_permitted("OracleDatabase", name, "spec.databaseRef", namespace)
        spec = parse_spec(OracleDatabaseSpec, resource)
        mine = [found for found in spec.delegations if self._references.allows(found.namespaces, namespace)]
        if not mine:
            raise not_permitted("OracleDatabase", name, "spec.databaseRef", namespace)
        if not any(schema in found.schemas for found in mine):
            raise Terminal(
                reasons.SCHEMA_NOT_ALLOWED,
                f"spec.schema: no delegation of OracleDatabase {name} gives schema {schema} to namespace {namespace};"
                " ask a platform administrator",
            )
        return spec, resource

    def _check_schema_is_free(self, work: Pass[OracleApiSpec], guid: str) -> None:
        """Keep a schema with the oldest API that claims it. One API per schema for now (docs/limits.md)."""
        databases = {
            key.name: resource.get("status", {}).get("pdbGuid")
            for key, resource in self._references.of_kind("OracleDatabase")
        }
        mine = _age(work.resource)
        for key, other in self._references.of_kind("OracleApi"):
            spec = other.get("spec", {})
            same = spec.get("schema") == work.spec.schema_ and databases.get(spec["databaseRef"]["name"]) == guid
            if key != work.key and same and _age(other) < mine:
                seen = f"OracleApi {key.name}" if key.namespace == work.key.namespace else "an older OracleApi"
                raise Terminal(
                    reasons.CONFLICT,
                    f"spec.schema: {seen} already serves schema {work.spec.schema_}; one OracleApi per schema for now",
                )

    def _issuer(self, work: Pass[OracleApiSpec], namespace: str) -> Issuer | None:
        jwt = work.spec.auth.jwt if work.spec.auth is not None else None
        if jwt is None:
            return None
        provider, resource = self._references.permitted(
            "IdentityProvider",
            jwt.provider_ref.name,
            IdentityProviderSpec,
            "spec.auth.jwt.providerRef",
            namespace,
        )
        audience = jwt.audience or (provider.audiences[0] if len(provider.audiences) == 1 else None)
        listed = ", ".join(provider.audiences)
        if audience is None:
            raise Terminal(
                reasons.INVALID_SPEC,
                f"spec.auth.jwt.audience: IdentityProvider {jwt.provider_ref.name} offers several;"
                f" choose one of {listed}",
            )
        if audience not in provider.audiences:
            raise Terminal(
                reasons.INVALID_SPEC,
                f"spec.auth.jwt.audience: {audience} is not offered by IdentityProvider {jwt.provider_ref.name};"
                f" choose one of {listed}",
            )
        jwks_uri = resource.get("status", {}).get("jwksUri")
        if not jwks_uri:
            raise DependencyNotReady(
                reasons.DEPENDENCY_NOT_READY,
                f"IdentityProvider {jwt.provider_ref.name} is not ready: {ready_message(resource)}",
                15.0,
            )
        return Issuer(provider.issuer, audience, jwks_uri)


def _age(resource: Resource) -> tuple[str, str]:
    """Return what orders claims: creation time, then UID."""
    return resource["metadata"]["creationTimestamp"], resource["metadata"]["uid"]
