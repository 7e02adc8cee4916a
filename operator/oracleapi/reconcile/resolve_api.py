"""Step 1 of an ``OracleApi``: references and permissions into plain values and open backends."""

from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from oracleapi.api import reasons
from oracleapi.api.awsaccount import AwsAccountSpec
from oracleapi.api.identityprovider import IdentityProviderSpec
from oracleapi.api.oracleapi import OracleApiSpec
from oracleapi.api.oracledatabase import OracleDatabaseSpec
from oracleapi.api.vpclink import VpcLinkSpec
from oracleapi.desired.gateway import to_throttle
from oracleapi.desired.groups import PLAIN_SEGMENT, schema_alias
from oracleapi.errors import DependencyNotReady, Terminal
from oracleapi.model.guard import Management
from oracleapi.model.resolved import Claims, ResolvedApi
from oracleapi.ports import Backends, Gateway, Oracle, OrdsProbe, Resource
from oracleapi.reconcile.databases import THE_DATABASES, Databases
from oracleapi.reconcile.gate import check_mode
from oracleapi.reconcile.passes import Pass
from oracleapi.reconcile.references import References, ready_message
from oracleapi.reconcile.rivals import age, bound_routes, delegations_for, find_issuer, find_rivals

DEFAULT_MAX_APIS = 50


@dataclass(frozen=True)
class Surroundings:
    """An API with its backends open."""

    api: ResolvedApi
    database_name: str
    max_rate: int | None
    metadata_cache_s: int
    gateway: Gateway
    oracle: Oracle
    probe: OrdsProbe


class ApiResolver:
    """Finds and checks what an ``OracleApi`` refers to; permission is checked here, in every pass."""

    def __init__(self, references: References, backends: Backends, databases: Databases) -> None:
        self._references, self._backends, self._databases = references, backends, databases

    def resolve(self, work: Pass[OracleApiSpec]) -> Surroundings:
        """Return the API's surroundings.

        Raises:
            Terminal: ``RefNotPermitted``, ``SchemaNotAllowed``, ``InvalidSpec``.
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
        schema = work.spec.schema_
        check_mode(work, self._references, delegations_for(self._references, database, schema, namespace), account)
        self._check_limits(work, database, account, link.account_ref.name)
        guid = database_resource.get("status", {}).get("pdbGuid")
        if not guid:
            raise DependencyNotReady(
                reasons.DEPENDENCY_NOT_READY,
                f"OracleDatabase {work.spec.database_ref.name} is not ready: {ready_message(database_resource)}",
                15.0,
            )
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
            issuer=find_issuer(self._references, work.spec.auth, namespace),
            pdb_guid=guid,
            rivals=find_rivals(self._references, work, guid),
            claims=self._claims(work.spec),
            guard=self._management(database, work.spec.schema_, namespace),
            bound=bound_routes(self._references, work),
            unenforced=database.allow_unenforced_roles,
        )
        ca = self._references.ca_bundle(database.ords.ca_secret_ref, "the database's ords.caSecretRef")
        return Surroundings(
            api=api,
            database_name=work.spec.database_ref.name,
            max_rate=database.max_requests_per_second,
            metadata_cache_s=database.ords.metadata_cache_seconds,
            gateway=self._backends.gateway(account, self._references.account_secret(account)),
            oracle=self._databases.open(database, THE_DATABASES),
            probe=self._backends.probe(ca),
        )

    def _claims(self, spec: OracleApiSpec) -> Claims:
        """Return the claims of the provider's tokens; :func:`find_issuer` has found the provider."""
        if spec.auth is None or spec.auth.jwt is None:
            return Claims()
        name = spec.auth.jwt.provider_ref.name
        provider, _ = self._references.find("IdentityProvider", name, IdentityProviderSpec, "spec.auth.jwt.providerRef")
        return Claims(provider.claims.subject, provider.claims.groups)

    def _management(self, database: OracleDatabaseSpec, schema: str, namespace: str) -> Management | None:
        """Return how the guard is to treat the schema, ``None`` where the database has none."""
        if database.ords.guard == "Off":
            return None
        mine = delegations_for(self._references, database, schema, namespace)
        paths = frozenset(path for found in mine for path in found.unmanaged_paths)
        return Management("SetRole", database.ords.trace_header, paths)

    def _check_limits(
        self, work: Pass[OracleApiSpec], database: OracleDatabaseSpec, account: AwsAccountSpec, account_name: str
    ) -> None:
        """Refuse a stage throttle that the database does not allow, and more APIs than a namespace may have.

        Raises:
            Terminal: ``InvalidSpec``, ``ApiQuota``; the oldest APIs keep their place.
        """
        stage, maximum = work.spec.stage, database.max_requests_per_second
        asked = stage.throttle.requests_per_second if stage.throttle is not None else 0
        if maximum is not None and asked > maximum:
            raise Terminal(
                reasons.INVALID_SPEC,
                f"spec.stage.throttle.requestsPerSecond is {asked}, the database allows a route {maximum};"
                " ask for no more",
            )
        namespace = work.key.namespace or ""
        mine = [found for found in account.delegations if self._references.allows(found.namespaces, namespace)]
        if not mine:
            return
        limit = max(found.max_apis or DEFAULT_MAX_APIS for found in mine)
        here = set(self._references.dependents("AwsAccount", account_name))
        older = [
            key
            for key, resource in self._references.of_kind("OracleApi")  # one that was deleted since is in here only
            if key in here and key.namespace == namespace and key != work.key and age(resource) < age(work.resource)
        ]
        if len(older) >= limit:
            raise Terminal(
                reasons.API_QUOTA,
                f"namespace {namespace} may have {limit} APIs in this account and has {len(older)} older ones;"
                " delete one, or ask a platform administrator",
            )

    def _database(self, work: Pass[OracleApiSpec], namespace: str) -> tuple[OracleDatabaseSpec, Resource]:
        name, schema = work.spec.database_ref.name, work.spec.schema_
        spec, _, resource = self._references.delegated(name, "spec.databaseRef", namespace)
        if not delegations_for(self._references, spec, schema, namespace):
            raise Terminal(
                reasons.SCHEMA_NOT_ALLOWED,
                f"spec.schema: no delegation of OracleDatabase {name} gives schema {schema} to namespace {namespace};"
                " ask a platform administrator",
            )
        return spec, resource


def with_alias(around: Surroundings, alias: str) -> Surroundings:
    """Return the surroundings with the alias that the enabled schema has: changing it would break other callers.

    Raises:
        Terminal: ``Conflict``, it cannot stand in a path of the gateway.
    """
    if not PLAIN_SEGMENT.fullmatch(alias):
        raise Terminal(
            reasons.CONFLICT,
            f"schema {around.api.spec.schema_} is REST-enabled as '{alias}', which cannot stand in a gateway path;"
            " give it an alias of letters, digits, '-' and '_'",
        )
    return replace(around, api=replace(around.api, alias=alias))
