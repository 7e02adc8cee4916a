"""``OracleApi``: the ORDS half before the gateway half, on removal the other way round.

Order of a first create, each line repeatable: finalizer; enable schema; one transaction; intent; find by owner,
CreateApi; apiId; import, read back, log group; wait for the link; CreateStage; probes; Ready. Nothing is public
before the stage. A route that moves between groups exists on both sides until the gateway has led callers over and
the last request in flight has ended.
"""

from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

from oracleapi.api import reasons
from oracleapi.api.oracleapi import OracleApiSpec
from oracleapi.desired.checks import find_faults
from oracleapi.desired.gateway import ROUTE_QUOTA, link_routes, live_handlers, route_count
from oracleapi.desired.groups import (
    module_name,
    ords_pattern,
    route_group,
)
from oracleapi.desired.privileges import route_faults, shadows
from oracleapi.desired.schema import hold_handlers, last_good_handler, stale_handlers, with_desired
from oracleapi.errors import DependencyNotReady, OperatorError, Retryable, Terminal
from oracleapi.model.drift import Drift
from oracleapi.model.gateway import GatewayContent, ObservedGateway
from oracleapi.model.schema import DesiredSchema, ObservedSchema
from oracleapi.plan.guard import guard_drift
from oracleapi.ports import Backends
from oracleapi.reconcile.accounts import Accounts
from oracleapi.reconcile.databases import Databases
from oracleapi.reconcile.drift_watch import DriftWatch
from oracleapi.reconcile.gate import end_approval, may_write, read_only, tell_repair
from oracleapi.reconcile.gateway_half import GatewayHalf, OrdsState, longest_timeout_s
from oracleapi.reconcile.gateway_key import end_others, with_key
from oracleapi.reconcile.guard_half import GuardHalf
from oracleapi.reconcile.guard_proof import WAITING, keep_unguarded_away, prove
from oracleapi.reconcile.look import GATEWAY_READY, ORDS_READY, Halves, Looker, desired_schema, said
from oracleapi.reconcile.network import Network
from oracleapi.reconcile.passes import Pass
from oracleapi.reconcile.protection import ProtectionChecks
from oracleapi.reconcile.references import References, reference_name
from oracleapi.reconcile.removal import Removal
from oracleapi.reconcile.resolve_api import ApiResolver, Surroundings, with_alias
from oracleapi.reconcile.routes import Routes, counted, route_fields
from oracleapi.reconcile.schema_half import Holding, SchemaHalf
from oracleapi.reconcile.unpublish import Unpublisher
from oracleapi.runtime.clock import Clock
from oracleapi.runtime.store import Key

ORDS_POLL_S = 1.0
GUARD_POLL_S = 60.0
VERIFIED_S = 30.0
"""How long a verified gateway half is believed while a pass only waits for ORDS."""


@dataclass(frozen=True)
class Verified:
    """When a gateway half was as desired, for which generation, without which routes, and over which link."""

    generation: int
    at: float
    away: frozenset[str]
    link: str | None


class OracleApiReconciler:
    """Args: unsafe_paths: Findings about path tricks by database name, shared with the database's reconciler.
    wake: Asks for a pass of another object."""

    kind = "OracleApi"
    spec = OracleApiSpec

    def __init__(
        self,
        references: References,
        backends: Backends,
        databases: Databases,
        clock: Clock,
        unsafe_paths: MutableMapping[str, str],
        wake: Callable[[Key], None],
    ) -> None:
        self._clock = clock
        self._resolver = ApiResolver(references, backends, databases)
        self._schema = SchemaHalf(clock)
        self._guard = GuardHalf()
        self._gateway = GatewayHalf()
        self._accounts = Accounts(references, backends)
        self._removal = Removal(
            references, backends, databases, self._gateway, self._schema, self._guard, self._accounts
        )
        self._unpublisher = Unpublisher(references, self._removal, self._gateway, self._schema)
        self._watch = DriftWatch()
        self._protection = ProtectionChecks(self._schema, unsafe_paths, wake)
        self._looker = Looker(self._schema, self._guard, self._gateway, self._watch, self._protection.probe)
        self._references, self._wake = references, wake
        self._verified: dict[str, Verified] = {}  # by uid
        self._uids: dict[Key, str] = {}
        self._network = Network(clock)

    def reconcile(self, work: Pass[OracleApiSpec]) -> None:
        self._uids[work.key] = work.uid
        around = self._resolve(work)
        self._accounts.check_region(work, around.api.region)
        self._check_quota(around)
        routes = Routes(refused=dict(find_faults(work.spec, around.api.trace_header, around.max_rate)))
        schema = self._schema.observe(around.api, around.oracle)
        if schema.alias is not None and schema.enabled:
            around = with_alias(around, schema.alias)
        guard = self._guard.observe(work, around.api, around.oracle)
        if guard is not None:
            self._guard.withdraw_unenforced(around.api, guard, routes)
        proof = prove(around.api, around.probe, guard, schema)
        around = keep_unguarded_away(around, guard, schema, proof, routes)
        routes.at_ords = route_faults(around.api, schema)
        self._keep_last_good(around, routes, schema)
        asked = self._protection.find_unsafe(work, around, routes, schema)
        try:
            self._both_halves(work, around, routes, Halves(schema, None, False, guard, proof), asked)
        finally:
            self._report_routes(work, around, routes)
            tell_repair(work)
        if guard is not None and proof.waiting:
            raise DependencyNotReady(reasons.WAITING_FOR_ORDS, WAITING, ORDS_POLL_S)
        end_approval(work)
        fault = routes.fault()
        if fault is not None:
            raise Terminal(reasons.ROUTES_REFUSED, fault)
        if routes.shadowed is not None:
            raise DependencyNotReady(reasons.PRIVILEGE_SHADOWED, routes.shadowed, work.spec.resync_seconds)
        if guard is not None and not proof.holds:
            raise DependencyNotReady(proof.reason, proof.text, GUARD_POLL_S)
        work.report.message = f"Serving {counted(len(work.spec.routes), 'route')}"

    def _resolve(self, work: Pass[OracleApiSpec]) -> Surroundings:
        try:
            around = self._resolver.resolve(work)
        except Terminal as refusal:
            if self._unpublisher.judge(work, refusal):
                self._forget_halves(work.uid)
            raise
        self._unpublisher.given(work)
        return around

    def _both_halves(
        self, work: Pass[OracleApiSpec], around: Surroundings, routes: Routes, halves: Halves, asked: bool
    ) -> None:
        observed, verified = None, self._recently_verified(work, around)
        if verified:
            routes.live = True
        else:
            observed = self._observe_gateway(work, around, routes, halves.schema)
        keys = None
        if not verified:
            around, keys = with_key(work, around, halves.guard, observed, routes)
        halves = replace(halves, observed=observed, verified=verified, keys=keys)
        look = self._looker.at(work, around, routes, halves, asked)
        observed = look.observed
        if not may_write(work):
            around = shut_off(around)
        holding = self._apply_schema(work, around, routes, replace(halves, observed=observed))
        if not asked:
            raise DependencyNotReady(
                reasons.WAITING_FOR_ORDS,
                "waiting for ORDS to serve the schema, to ask it about path tricks before a Public route is published",
                max(self._schema.cache_left_s(work.uid, around.metadata_cache_s), ORDS_POLL_S),
            )
        protection = look.unserved if look.unserved is not None else self._protection.probe(work, around, routes)
        if verified and routes.away != self._verified[work.uid].away:
            observed, verified = self._observe_gateway(work, around, routes, halves.schema), False
            around, keys = with_key(work, around, halves.guard, observed, routes)
            if keys is not None:
                around.oracle.apply_guard(keys)
        if not verified:
            self._apply_gateway(work, around, routes, observed, holding, protection)
            end_others(around, halves.guard, observed)
            routes.live = True
            routes.pending.clear()
            self._verified[work.uid] = Verified(
                work.generation, self._clock.monotonic(), routes.away, around.api.vpc_link_id
            )
            if _ended_before(work):
                work.report.fields.setdefault("drift", None)
        work.report.say("GatewayReady", True, reasons.SUCCEEDED, GATEWAY_READY)
        if not holding.handlers:
            work.report.fields["plan"] = None
        if protection:
            raise DependencyNotReady(
                reasons.WAITING_FOR_ORDS,
                f"ORDS does not serve {', '.join(protection)} yet; it reads its metadata again within seconds",
                ORDS_POLL_S,
            )
        self._settle(work, around, holding)
        self._network.prove(work, around)

    def _settle(self, work: Pass[OracleApiSpec], around: Surroundings, holding: Holding) -> None:
        """End a pass whose halves agree: wait for ORDS's cache after a change, and for callers of what moved."""
        if holding.handlers:
            self._verified.pop(work.uid, None)
            text = "a route moved; its old path still answers to the old protection until the last request has ended"
            work.report.say("Protected", False, reasons.MOVING, text)
            raise DependencyNotReady(reasons.MOVING, text, max(ORDS_POLL_S, holding.left_s or ORDS_POLL_S))
        left = self._schema.cache_left_s(work.uid, around.metadata_cache_s)
        if left > 0 and not _ended_before(work):
            raise DependencyNotReady(
                reasons.WAITING_FOR_ORDS, "waiting for the metadata cache of ORDS to pick up what was written", left
            )

    # The ORDS half

    def _apply_schema(
        self,
        work: Pass[OracleApiSpec],
        around: Surroundings,
        routes: Routes,
        halves: Halves,
    ) -> Holding:
        schema = halves.schema
        desired = desired_schema(self._schema, around, routes, schema)
        holding = self._holding(around, desired, schema, halves.observed)
        with said(work, "OrdsReady"), self._guarding(work, around, halves, holding):
            drift = self._schema.apply(around.api, around.oracle, desired, schema, holding)
        self._note_drift(work, self._watch.of_schema(work, routes, drift, schema))
        self._watch.leave_schema(work.uid, hold_handlers(desired, schema, holding.handlers))
        left = with_desired(schema, desired)
        routes.at_ords = route_faults(around.api, left)
        routes.shadowed = shadows(around.api, routes.at_ords, left)
        if routes.shadowed is None:
            work.report.say("OrdsReady", True, reasons.SUCCEEDED, ORDS_READY)
        else:
            work.report.say("OrdsReady", False, reasons.PRIVILEGE_SHADOWED, routes.shadowed)
        return holding

    @contextmanager
    def _guarding(
        self, work: Pass[OracleApiSpec], around: Surroundings, halves: Halves, holding: Holding
    ) -> Iterator[None]:
        """Let the guard know what the block makes ORDS serve, and forget afterwards what ORDS serves no more."""
        observed, api = halves.guard, around.api
        if observed is None:
            yield
            return
        desired = self._guard.begin(api, around.oracle, observed, halves.schema)
        if halves.keys is not None:
            around.oracle.apply_guard(halves.keys)
        self._note_drift(work, self._watch.of_guard(work, guard_drift(desired, observed), observed))
        yield
        if not holding.handlers:
            self._guard.end(api, around.oracle, desired, observed)
        self._watch.leave_guard(work.uid, desired)
        self._guard.say(work, api, observed, halves.proof)

    def _holding(
        self, around: Surroundings, desired: DesiredSchema, schema: ObservedSchema, observed: ObservedGateway | None
    ) -> Holding:
        """Return what callers may still need; nobody calls an API without a stage."""
        if observed is None or observed.stage is None:
            return Holding()
        live, links = live_handlers(around.api, observed), link_routes(around.api, observed)
        if not observed.stage.auto_deploy:  # callers meet what was deployed before, which routes no longer show
            live |= stale_handlers(desired, schema, around.api.owner)
        return self._schema.holding(around.api, desired, schema, live, links.values(), longest_timeout_s(observed))

    def _keep_last_good(self, around: Surroundings, routes: Routes, schema: ObservedSchema) -> None:
        """Keep serving a refused route whose last good handler is in the database."""
        spec = around.api.spec
        for route in spec.routes:
            module = module_name(route_group(spec, route), spec.base_path)
            key = (ords_pattern(route.path), route.method)
            if route.name in routes.refused and last_good_handler(schema, module, key) is not None:
                routes.kept.add(route.name)

    # The gateway half

    def _recently_verified(self, work: Pass[OracleApiSpec], around: Surroundings) -> bool:
        """Say whether this pass only waits for ORDS: the gateway half of this generation was right a moment ago."""
        if work.requested or work.settled:
            return False
        found = self._verified.get(work.uid)
        if found is None or (found.generation, found.link) != (work.generation, around.api.vpc_link_id):
            return False
        return self._clock.monotonic() - found.at < VERIFIED_S

    def _observe_gateway(
        self, work: Pass[OracleApiSpec], around: Surroundings, routes: Routes, schema: ObservedSchema
    ) -> ObservedGateway | None:
        observed = None
        identity = self._gateway.find(work, around.gateway)
        if identity is None:
            self._accounts.check_absent_elsewhere(work, around.api.account_id, around.api.region)
        else:
            found = {"apiId": identity.api_id, "endpoint": identity.endpoint, "type": "HTTP", "intents": []}
            work.report.fields |= found
            observed = self._gateway.observe(around.api, around.gateway, identity)
        routes.see(around.api, schema, observed)
        return observed

    def _apply_gateway(
        self,
        work: Pass[OracleApiSpec],
        around: Surroundings,
        routes: Routes,
        observed: ObservedGateway | None,
        holding: Holding,
        unserved: tuple[str, ...],
    ) -> None:
        api, gateway = around.api, around.gateway
        without = routes.away
        try:
            if api.vpc_link_id is None:
                raise DependencyNotReady(
                    reasons.LINK_PENDING, "waiting for the database's VPC link to become AVAILABLE", 15.0
                )
            if observed is None:
                identity = self._gateway.create(work, api, gateway)
                observed = ObservedGateway(identity, GatewayContent(), None, None)
            if observed.stage is None:
                self._watch.leave_gateway(work.uid, self._gateway.build(api, gateway, observed, without))
                return
            left = self._schema.cache_left_s(work.uid, around.metadata_cache_s)
            ords = OrdsState(left, unserved)
            try:
                update = self._gateway.update(api, gateway, observed, without, holding.draining, ords)
            except OperatorError:
                self._watch.lose_gateway(work.uid)
                raise
            self._note_drift(work, self._watch.of_gateway(work, routes, update.drift, observed))
            if update.waits:
                raise DependencyNotReady(
                    reasons.WAITING_FOR_ORDS,
                    "waiting for ORDS to serve what was just written before routes lead there",
                    max(left, ORDS_POLL_S),
                )
            self._watch.leave_gateway(work.uid, update.left)
        except OperatorError as error:
            status = None if isinstance(error, Retryable) else False
            work.report.say("GatewayReady", status, error.reason, error.message)
            raise

    # Checks and reports

    def _check_quota(self, around: Surroundings) -> None:
        count = route_count(around.api)
        if count > ROUTE_QUOTA:
            raise Terminal(
                reasons.ROUTE_QUOTA,
                f"{count} routes with link routes and probe are needed, an HTTP API has {ROUTE_QUOTA};"
                " remove routes, or set spec.links: false or spec.probe: false",
            )

    @staticmethod
    def _note_drift(work: Pass[OracleApiSpec], drift: tuple[Drift, ...]) -> None:
        """Put drift into status until the first whole pass after the end that finds none."""
        work.report.note_drift(drift, () if _ended_before(work) else work.status.get("drift", []))

    def _report_routes(self, work: Pass[OracleApiSpec], around: Surroundings, routes: Routes) -> None:
        fields = route_fields(around.api, routes, work.status.get("routes", []))
        public = fields["publicRoutes"]
        if public and work.status.get("publicRoutes") != public:
            work.event(True, reasons.PUBLIC_ROUTES, f"{counted(public, 'route')} can be called by anybody")
        work.report.fields |= fields
        if fields["routes"] != work.status.get("routes"):  # bindings tell what callers meet there
            for key in self._references.users_of("OracleApi", reference_name(work.key)):
                self._wake(key)

    def finalize(self, work: Pass[OracleApiSpec]) -> None:
        self._removal.run(work)

    def forget(self, key: Key) -> None:
        uid = self._uids.pop(key, None)
        if uid is not None:
            self._schema.forget(uid)
            self._forget_halves(uid)

    def _forget_halves(self, uid: str) -> None:
        self._verified.pop(uid, None)
        self._watch.forget(uid)
        self._network.forget(uid)


def shut_off(around: Surroundings) -> Surroundings:
    """Return surroundings that nothing can be written into."""
    gateway, oracle = read_only(around.gateway, around.oracle)
    return replace(around, gateway=gateway, oracle=oracle)


def _ended_before(work: Pass[OracleApiSpec]) -> bool:
    """Say whether this generation was brought to its end before, be it with routes refused."""
    stalled = [found for found in work.status.get("conditions", []) if found["reason"] == reasons.ROUTES_REFUSED]
    generation = work.resource["metadata"]["generation"]
    return work.settled or any(found.get("observedGeneration") == generation for found in stalled)
