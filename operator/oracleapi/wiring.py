"""Builds adapters, reconcilers and workers, once."""

import hashlib
import json
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, TypeVar

from oracleapi.adapters.aws.gateway import AwsGateway
from oracleapi.adapters.aws.iam import AwsIam
from oracleapi.adapters.aws.rotation import AwsRotatedSecrets
from oracleapi.adapters.aws.secretsmanager import AwsSecrets
from oracleapi.adapters.aws.session import Clients, RoleSession
from oracleapi.adapters.kube.client import KubeClient
from oracleapi.adapters.kube.config import ClusterConfig, load_config
from oracleapi.adapters.kube.workloads import KubeWorkloads
from oracleapi.adapters.oidc.discovery import OidcDiscovery
from oracleapi.adapters.oracle.database import OracleDatabase, open_database
from oracleapi.adapters.oracle.logins import open_logins
from oracleapi.adapters.oracle.parse import open_parser
from oracleapi.adapters.oracle.trust import wallet_context
from oracleapi.adapters.ords.probe import HttpProbe
from oracleapi.api import reasons
from oracleapi.api.awsaccount import AwsAccountSpec
from oracleapi.api.crd import KINDS
from oracleapi.api.oracledatabase import OracleDatabaseSpec
from oracleapi.guard import SLOW_OPERATIONS, GuardedBackends, account_name
from oracleapi.ports import (
    Adapters,
    Gateway,
    Iam,
    Kubernetes,
    Logins,
    Meter,
    Oidc,
    Oracle,
    OrdsProbe,
    Parser,
    Resource,
    RotatedSecrets,
    Secrets,
    Workloads,
)
from oracleapi.reconcile.aws_account import AwsAccountReconciler
from oracleapi.reconcile.databases import Databases
from oracleapi.reconcile.identity_provider import IdentityProviderReconciler
from oracleapi.reconcile.oracle_api import OracleApiReconciler
from oracleapi.reconcile.oracle_database import OracleDatabaseReconciler
from oracleapi.reconcile.oracle_role import OracleRoleReconciler
from oracleapi.reconcile.passes import PassRunner, Reconciler
from oracleapi.reconcile.references import OFFERS, References, reference_store
from oracleapi.reconcile.role_binding import RoleBindingReconciler
from oracleapi.reconcile.secret_rotation import SecretRotationReconciler
from oracleapi.reconcile.vpc_link import VpcLinkReconciler
from oracleapi.runtime.admission import Admission
from oracleapi.runtime.budget import DRY, Budgets
from oracleapi.runtime.clock import Clock, SystemClock
from oracleapi.runtime.lanes import Lane
from oracleapi.runtime.metrics import Metrics
from oracleapi.runtime.store import Key, Store, projected
from oracleapi.runtime.workers import Workers
from oracleapi.runtime.workqueue import KeyedQueue
from oracleapi.settings import Settings
from oracleapi.wake import Wake, asks, lane_of

T = TypeVar("T")


class RealBackends:
    """Opens adapters and shares them; fulfils :class:`oracleapi.ports.Adapters`.

    An adapter is known by where it leads and as whom; another password makes another one, and the old one is closed.
    """

    def __init__(self, settings: Settings, installation: str) -> None:
        self._settings, self._installation = settings, installation
        self._open: dict[str, tuple[str, Any]] = {}
        self._lock = threading.Lock()
        self._oidc = OidcDiscovery(self._trust)

    def gateway(self, spec: AwsAccountSpec, secret: Mapping[str, str] | None, meter: Meter | None = None) -> Gateway:
        return self._aws("aws", spec, secret, lambda: AwsGateway(self._clients(spec, secret, meter), spec.region))

    def secrets(self, spec: AwsAccountSpec, secret: Mapping[str, str] | None, meter: Meter | None = None) -> Secrets:
        return self._aws("secrets", spec, secret, lambda: AwsSecrets(self._clients(spec, secret, meter)))

    def rotated_secrets(
        self, spec: AwsAccountSpec, secret: Mapping[str, str] | None, meter: Meter | None = None
    ) -> RotatedSecrets:
        return self._aws("rotated", spec, secret, lambda: AwsRotatedSecrets(self._clients(spec, secret, meter)))

    def iam(self, spec: AwsAccountSpec, secret: Mapping[str, str] | None, meter: Meter | None = None) -> Iam:
        return self._aws("iam", spec, secret, lambda: AwsIam(self._clients(spec, secret, meter)))

    def _aws(self, part: str, spec: AwsAccountSpec, secret: Mapping[str, str] | None, open_it: Callable[[], T]) -> T:
        role = self._role(spec)
        acting = role.arn if role else "-"
        name = f"{part}/{spec.account_id}/{spec.region}/{(secret or {}).get('AWS_ACCESS_KEY_ID', '-')}/{acting}"
        return self._shared(name, [spec.endpoint_url, dict(secret or {}), role and asdict(role)], open_it)

    def _clients(self, spec: AwsAccountSpec, secret: Mapping[str, str] | None, meter: Meter | None = None) -> Clients:
        ca = str(self._settings.extra_ca_file) if self._settings.extra_ca_file else None
        return Clients(spec.region, spec.endpoint_url, secret, ca, self._role(spec), meter)

    def _role(self, spec: AwsAccountSpec) -> RoleSession | None:
        external_id = spec.external_id(self._installation)
        if spec.assume_role is None or external_id is None:
            return None
        return RoleSession(spec.assume_role.arn, external_id, spec.assume_role.session_seconds)

    def oracle(self, spec: OracleDatabaseSpec, secret: Mapping[str, str], trust: str | None = None) -> Oracle:
        name = _database_name("oracle", spec, secret.get("username", "-"))
        facts = [spec.connection.model_dump(), dict(secret), trust]
        return self._shared(
            name, facts, lambda: open_database(spec.connection, secret, self._database_context(spec, trust))
        )

    def parser(self, spec: OracleDatabaseSpec, secret: Mapping[str, str], trust: str | None = None) -> Parser:
        return open_parser(spec.connection, secret, self._database_context(spec, trust))

    def logins(self, spec: OracleDatabaseSpec, trust: str | None = None) -> Logins:
        return self._shared(
            _database_name("logins", spec, "*"),
            [spec.connection.model_dump(), trust],
            lambda: open_logins(spec.connection, self._database_context(spec, trust)),
        )

    def _database_context(self, spec: OracleDatabaseSpec, trust: str | None) -> ssl.SSLContext | None:
        return wallet_context(self._trust(None), trust) if spec.connection.protocol == "TCPS" else None

    def probe(self, ca_pem: str | None) -> OrdsProbe:
        return HttpProbe(self._trust(ca_pem))

    def oidc(self) -> Oidc:
        return self._oidc

    def close(self) -> None:
        with self._lock:
            opened, self._open = [found for _, found in self._open.values()], {}
        for adapter in opened:
            _close(adapter)

    def _shared(self, name: str, facts: list[Any], open_it: Callable[[], T]) -> T:
        digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
        with self._lock:
            known = self._open.get(name)
            if known is not None and known[0] == digest:
                found: T = known[1]
                return found
            made = open_it()
            self._open[name] = (digest, made)
        if known is not None:
            _close(known[1])
        return made

    def _trust(self, ca_pem: str | None) -> ssl.SSLContext:
        """Return a context that trusts the system's roots, the extra bundle and *ca_pem*."""
        context = ssl.create_default_context()
        if self._settings.extra_ca_file is not None:
            context.load_verify_locations(cafile=str(self._settings.extra_ca_file))
        if ca_pem is not None:
            context.load_verify_locations(cadata=ca_pem)
        return context


def _database_name(part: str, spec: OracleDatabaseSpec, user: str) -> str:
    connection = spec.connection
    name = f"{part}/{connection.host}:{connection.port}/{connection.service_name}/{user}"
    return name if connection.wallet_secret_ref is None else f"{name}/{connection.wallet_secret_ref.name}"


def _close(adapter: Any) -> None:
    if isinstance(adapter, OracleDatabase):
        adapter.close()


@dataclass
class Operator:
    """The running parts, and what the door may do with them."""

    queue: KeyedQueue[Key]
    store: Store
    references: References
    runner: PassRunner
    workers: Workers
    metrics: Metrics
    clock: Clock
    guard: GuardedBackends
    admission: Admission
    wake: Wake

    def observe(self, deleted: bool, resource: Resource) -> None:
        """Take in one watch event: remember the object, wake it and whom the change concerns."""
        resource = projected(resource)
        metadata = resource["metadata"]
        key = Key(resource["kind"], metadata.get("namespace"), metadata["name"])
        self.metrics.last_event.labels(key.kind).set(self.clock.now())
        before = self.store.get(key) if deleted else self.store.put(key, resource)
        if deleted:
            self.store.drop(key)
        if key.kind == "AwsAccount":
            self.share_out()
        if deleted or before is None or asks(before) != asks(resource):
            self._wake(key, lane_of(resource) if before is None else Lane.EDITED)
        for concerned in self.wake.concerned(key, before, resource, deleted):
            self.queue.add(concerned, Lane.WOKEN)

    def _wake(self, key: Key, lane: Lane) -> None:
        if key.kind in OFFERS and lane is Lane.EDITED:
            self.guard.allow_trial(*self.wake.behind(key))
        self.queue.forget(key)
        self.queue.add(key, lane)

    def share_out(self) -> None:
        """Give each account the budget that its objects name."""
        for name, (rate, burst) in self.wake.shares().items():
            self.admission.budgets.account(name).configure(rate, burst, DRY)
            self.metrics.cycle.labels(name).set_function(partial(self.admission.cycle_s, name))


def build_operator(
    kube: Kubernetes,
    workloads: Workloads,
    backends: Adapters,
    settings: Settings,
    installation: str,
    clock: Clock | None = None,
) -> Operator:
    """Return an operator over *kube* and *backends*; tests give their own."""
    clock = clock or SystemClock()
    metrics, store = Metrics(), reference_store()
    references = References(store, kube, settings.allow_endpoint_override)
    wake = Wake(store, references)
    budgets = Budgets(clock, metrics, SLOW_OPERATIONS, reasons.CALL_BUDGET)
    admission, guard = Admission(wake.touches, budgets), GuardedBackends(backends, clock, metrics, budgets)
    queue = KeyedQueue[Key](clock, gate=admission, tenant=lambda key: key.namespace, metrics=metrics.queue)
    databases, unsafe_paths = Databases(references, guard), dict[str, str]()
    reconcilers: list[Reconciler[Any]] = [
        AwsAccountReconciler(references, guard, lambda number, region: admission.cycle_s(account_name(number, region))),
        IdentityProviderReconciler(references, guard),
        OracleDatabaseReconciler(references, guard, databases, unsafe_paths),
        VpcLinkReconciler(references, guard),
        OracleRoleReconciler(references, databases),
        RoleBindingReconciler(references, guard, databases, clock),
        SecretRotationReconciler(references, guard, databases, workloads),
        OracleApiReconciler(references, guard, databases, clock, unsafe_paths, lambda key: queue.add(key, Lane.WOKEN)),
    ]
    runner = PassRunner(kube, clock, installation, {found.kind: found for found in reconcilers})

    def work(key: Key) -> float | None:
        with admission.running(key):
            delay = runner.run(key)
        if delay is None:
            admission.forget(key)
        return delay

    workers = Workers(queue, work, metrics, clock, settings.workers)
    return Operator(queue, store, references, runner, workers, metrics, clock, guard, admission, wake)


@dataclass(frozen=True)
class Cluster:
    """The operator's ways to the API server, and the installation that it is there."""

    config: ClusterConfig
    kube: KubeClient
    workloads: KubeWorkloads
    installation: str

    def close(self) -> None:
        self.kube.close()
        self.workloads.close()


def connect(settings: Settings) -> Cluster:
    """Return the cluster; fails while its API server does not answer."""
    config = load_config(settings.kubeconfig)
    kube = KubeClient(config, settings.namespace, settings.pod_name)
    installation = settings.installation_id or kube.cluster_uid()
    return Cluster(config, kube, KubeWorkloads(config), installation)


def list_all(kube: Kubernetes, operator: Operator) -> None:
    """Fill the store before the first pass, so that no reference looks missing at start."""
    for kind in KINDS:
        for resource in kube.list(kind.name):
            metadata = resource["metadata"]
            key = Key(kind.name, metadata.get("namespace"), metadata["name"])
            operator.store.put(key, projected({**resource, "kind": kind.name}))
    operator.share_out()
    for kind in KINDS:
        for key, found in operator.store.of_kind(kind.name):
            operator.queue.add(key, lane_of(found))
