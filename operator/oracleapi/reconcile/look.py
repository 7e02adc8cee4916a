"""A look at both halves of an ``OracleApi`` before anything is written: the plan, its gate, what status says of it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from oracleapi.api import reasons
from oracleapi.api.oracleapi import OracleApiSpec
from oracleapi.errors import OperatorError
from oracleapi.model.gateway import CreateApi, GatewayAction, ObservedGateway
from oracleapi.model.guard import ChangeGuard, ChangeKeys, ObservedGuard
from oracleapi.model.schema import DesiredSchema, ObservedSchema, SchemaAction
from oracleapi.plan.plan import Plan
from oracleapi.plan.preview import preview
from oracleapi.plan.schema import plan_schema
from oracleapi.reconcile.drift_watch import DriftWatch
from oracleapi.reconcile.gate import may_write, propose, tell_drift
from oracleapi.reconcile.gateway_half import GatewayHalf
from oracleapi.reconcile.guard_half import GuardHalf, Proof
from oracleapi.reconcile.passes import Pass
from oracleapi.reconcile.resolve_api import Surroundings
from oracleapi.reconcile.routes import Routes
from oracleapi.reconcile.schema_half import SchemaHalf

ORDS_READY = "Modules, privileges and profile are as desired"
GATEWAY_READY = "Routes, authorizer and stage are as desired"
Probe = Callable[[Pass[OracleApiSpec], Surroundings, Routes], tuple[str, ...]]
"""Asks ORDS without a token; returns the groups that it does not serve yet."""


@dataclass(frozen=True)
class Halves:
    """Both halves as they were found; a *verified* gateway half was not read again."""

    schema: ObservedSchema
    observed: ObservedGateway | None
    verified: bool
    guard: ObservedGuard | None
    proof: Proof
    keys: ChangeKeys | None = None


@dataclass(frozen=True)
class Look:
    """What a look at both halves brought: the gateway half with what was read for the plan, and groups that ORDS does
    not serve yet, ``None`` where it was not asked."""

    observed: ObservedGateway | None
    unserved: tuple[str, ...] | None


@dataclass(frozen=True)
class Looker:
    """Compares both halves with the spec."""

    _schema: SchemaHalf
    _guard: GuardHalf
    _gateway: GatewayHalf
    _watch: DriftWatch
    _probe: Probe

    def at(self, work: Pass[OracleApiSpec], around: Surroundings, routes: Routes, halves: Halves, asked: bool) -> Look:
        """Compare both halves with the spec, by one observation of each, and ask the gate.

        ORDS is asked before the plan where nothing will be written into the schema first: what it answers may take
        routes away.

        Raises:
            OperatorError: As :func:`oracleapi.reconcile.gate.propose`.
        """
        api, observed, free = around.api, halves.observed, may_write(work)
        with said(work, "OrdsReady"):
            schema_plan = plan_schema(
                desired_schema(self._schema, around, routes, halves.schema), halves.schema, str(api.owner)
            )
        guard_plan = self._guard.plan(api, halves.guard, halves.schema)
        unserved = None
        if asked and (schema_plan.empty if free else routes.live is not False):
            unserved = self._probe(work, around, routes)
        gateway_plan: Plan[GatewayAction | CreateApi] = Plan()
        if not halves.verified:
            gateway_plan, observed = self._gateway.preview(api, around.gateway, observed, routes.away)
        if not free:
            seen = replace(halves, observed=observed, verified=False)
            self._say_waiting(work, routes, seen, schema_plan, guard_plan, gateway_plan)
        known = [route.integration for route in observed.routes.values()] if observed is not None else []
        keys = [halves.keys] if halves.keys is not None else []
        actions = [*guard_plan.actions, *keys, *schema_plan.actions, *gateway_plan.actions]
        drift = (*guard_plan.drift, *schema_plan.drift, *gateway_plan.drift)
        propose(work, preview(actions, drift, known))
        return Look(observed, unserved)

    def _say_waiting(
        self,
        work: Pass[OracleApiSpec],
        routes: Routes,
        halves: Halves,
        schema_plan: Plan[SchemaAction],
        guard_plan: Plan[ChangeGuard],
        gateway_plan: Plan[GatewayAction | CreateApi],
    ) -> None:
        """Say what is not as desired while nothing may be done about it; an edit of ours is no drift under Approve."""
        report = work.mode == "Report"
        reason = reasons.DRIFTED if report else reasons.PLAN_WAITING
        parts = ("OrdsReady", schema_plan.empty, ORDS_READY), ("GatewayReady", gateway_plan.empty, GATEWAY_READY)
        for type_, ready, text in parts:
            other = f"Not as desired; mode: {work.mode} does not change it" + ("" if report else " without approval")
            work.report.say(type_, ready, *((reasons.SUCCEEDED, text) if ready else (reason, other)))
        drift = (*guard_plan.drift, *schema_plan.drift, *gateway_plan.drift)
        if not report:
            drift = (
                *(self._watch.of_guard(work, guard_plan.drift, halves.guard) if halves.guard is not None else ()),
                *self._watch.of_schema(work, routes, schema_plan.drift, halves.schema),
                *self._watch.of_gateway(work, routes, gateway_plan.drift, halves.observed),
            )
        tell_drift(work, drift)


def desired_schema(half: SchemaHalf, around: Surroundings, routes: Routes, schema: ObservedSchema) -> DesiredSchema:
    """Return what the schema should hold for the routes that callers may reach."""
    away = {name for name in routes.refused if name not in routes.kept} | set(routes.unsafe)
    return half.desired(around.api, {*routes.refused, *away}, schema)


@contextmanager
def said(work: Pass[OracleApiSpec], type_: str) -> Iterator[None]:
    """Say an error of the block in the condition *type_* too."""
    try:
        yield
    except OperatorError as error:
        work.report.say(type_, False, error.reason, error.message)
        raise
