"""The gateway half of an ``OracleApi``: find or make the API, build it unseen, change it live by single calls."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import structlog

from oracleapi.api import reasons
from oracleapi.api.oracleapi import OracleApiSpec
from oracleapi.desired.gateway import api_name, api_tags, build_gateway, held_links, log_group
from oracleapi.desired.schema import HandlerKey
from oracleapi.errors import Retryable
from oracleapi.model.drift import ABSENT, PRESENT, Drift
from oracleapi.model.gateway import (
    ApiIdentity,
    CreateApi,
    CreateRoute,
    CreateStage,
    DeleteApi,
    DeleteStage,
    Deploy,
    DesiredGateway,
    GatewayAction,
    GatewayContent,
    ObservedGateway,
    UpdateRoute,
)
from oracleapi.model.resolved import ResolvedApi
from oracleapi.plan.gateway import (
    content_matches,
    content_serves,
    has_integration_drift,
    plan_gateway,
    plan_removal,
    plan_urgent,
)
from oracleapi.plan.plan import Plan
from oracleapi.ports import Gateway
from oracleapi.reconcile.creates import create_once, find_owned, wait_out_create, wants_fresh
from oracleapi.reconcile.gate import may_write
from oracleapi.reconcile.passes import Pass

PENDING = "pending"
MISSING = ("existence", PRESENT, ABSENT)
LOG = structlog.get_logger("oracleapi.gateway")
BUILD_ROUNDS = 3
"""Import, repair of what an import dropped, and one spare: more differences than that are not ours to loop over."""


@dataclass(frozen=True)
class OrdsState:
    """What ORDS may not serve yet: anything written within its cache time, and groups that it answers 404 for."""

    cache_left_s: float
    unserved: Collection[str]


@dataclass(frozen=True)
class Update:
    """What an update found, whether something still waits for ORDS, and how the API is left when nothing does."""

    drift: tuple[Drift, ...]
    waits: bool
    left: DesiredGateway


class GatewayHalf:
    """Knows no clock and remembers nothing: everything is read back from AWS."""

    def find(self, work: Pass[OracleApiSpec], gateway: Gateway) -> ApiIdentity | None:
        """Return this API in the account, by owner; a twin that serves nobody is deleted, one that serves is told."""
        owned, known = self._owned(work, gateway), work.status.get("apiId")
        if len(owned) < 2:
            return owned[0] if owned else None
        serving = {found.api_id: gateway.observe_stage(found.api_id) is not None for found in owned}
        owned.sort(key=lambda found: (found.api_id != known, not serving[found.api_id]))
        for twin in owned[1:] if may_write(work) else ():
            if serving[twin.api_id]:
                text = f"API {twin.api_id} has this owner too and serves callers; {owned[0].api_id} is kept up to date"
                work.event(True, reasons.DUPLICATE_SERVES, f"{text}; delete the other when nobody calls it")
            else:
                self._apply(gateway, [DeleteApi(twin.api_id)])
                work.event(True, reasons.DUPLICATE_REMOVED, f"API {twin.api_id} had this owner too and served nobody")
        return owned[0]

    def create(self, work: Pass[OracleApiSpec], api: ResolvedApi, gateway: Gateway) -> ApiIdentity:
        """Make the API, with its owner tags and nothing in it, and keep its id."""
        identity = create_once(work, "Api", lambda: gateway.create_api(CreateApi(api_name(api), api_tags(api))))
        work.report.fields |= {"apiId": identity.api_id, "endpoint": identity.endpoint, "type": "HTTP"}
        work.write_now("Building the API before it gets its stage")
        return identity

    def observe(self, api: ResolvedApi, gateway: Gateway, identity: ApiIdentity) -> ObservedGateway:
        """Return the API as it is."""
        return ObservedGateway(
            identity,
            gateway.observe_content(identity.api_id, detailed=False),
            gateway.observe_stage(identity.api_id),
            gateway.observe_log_group(log_group(api).name),
        )

    def build(
        self, api: ResolvedApi, gateway: Gateway, observed: ObservedGateway, without: Collection[str]
    ) -> DesiredGateway:
        """Build an API that has no stage, read back what security rests on, and only then give it one.

        Raises:
            Retryable: What was read back is not what was sent.
        """
        desired = build_gateway(api, observed.identity.host, without)
        for _ in range(BUILD_ROUNDS):
            plan = plan_gateway(desired, observed)
            self._apply(gateway, [action for action in plan.actions if not isinstance(action, CreateStage)])
            content = gateway.observe_content(observed.identity.api_id, detailed=False)
            observed = ObservedGateway(observed.identity, content, None, desired.log_group)
            if not content_matches(desired, observed):
                observed = self._detailed(gateway, observed)
            if content_matches(desired, observed):
                self._apply(gateway, plan_gateway(desired, observed).actions)
                return desired
        raise Retryable(
            reasons.UNPROTECTED, "what AWS shows of the new API is not what was sent; it gets no stage until it is"
        )

    def update(
        self,
        api: ResolvedApi,
        gateway: Gateway,
        observed: ObservedGateway,
        without: Collection[str],
        held: Collection[HandlerKey],
        ords: OrdsState,
    ) -> Update:
        """Change a live API, but do not lead callers to what ORDS may not serve yet."""
        desired = build_gateway(api, observed.identity.host, without, held_links(api, observed, held))
        if has_integration_drift(desired, observed):
            observed = self._detailed(gateway, observed)
        plan = plan_gateway(desired, observed)
        waits = any(_leads_too_early(action, observed, ords) for action in plan.actions)
        if waits:
            away = build_gateway(api, observed.identity.host, ()).routes.keys() - desired.routes.keys()
            self._apply(gateway, plan_urgent(plan.actions, observed, away))
        else:
            self._publish(gateway, desired, observed, plan.actions)
        return Update(plan.drift if plan.actions else (), waits, desired)

    def _publish(
        self, gateway: Gateway, desired: DesiredGateway, observed: ObservedGateway, actions: Sequence[GatewayAction]
    ) -> None:
        """Carry *actions* out; what is held back from callers is read before it is deployed.

        Raises:
            Retryable: What was read is not what was sent.
        """
        for action in actions:
            if isinstance(action, Deploy):
                content = gateway.observe_content(observed.identity.api_id, detailed=False)
                if not content_serves(desired, replace(observed, content=content)):
                    raise Retryable(
                        reasons.UNPROTECTED,
                        "what AWS shows of a change is not what was sent; callers meet the version before until it is",
                    )
            self._apply(gateway, [action])

    def preview(
        self, api: ResolvedApi, gateway: Gateway, observed: ObservedGateway | None, without: Collection[str]
    ) -> tuple[Plan[GatewayAction | CreateApi], ObservedGateway | None]:
        """Return everything that stands between the API and its spec, waits left out, and the API as seen for it.

        What is not there yet has placeholders for the ids that AWS will choose.
        """
        if observed is None:
            identity = ApiIdentity(PENDING, api_name(api), f"https://{PENDING}", api_tags(api))
            api = replace(api, vpc_link_id=api.vpc_link_id or PENDING)
            desired = build_gateway(api, identity.host, without)
            plan = plan_gateway(desired, ObservedGateway(identity, GatewayContent(), None, None))
            return Plan((CreateApi(desired.name, desired.tags), *plan.actions), (Drift("API", *MISSING),)), None
        if api.vpc_link_id is None:
            return Plan(), observed  # routes cannot be told before their link is there
        desired = build_gateway(api, observed.identity.host, without)
        if has_integration_drift(desired, observed):
            observed = self._detailed(gateway, observed)
        plan = plan_gateway(desired, observed)
        missing = (Drift("stage $default", *MISSING),) if observed.stage is None else ()
        return Plan(plan.actions, (*missing, *plan.drift)), observed

    def unpublish(self, gateway: Gateway, identity: ApiIdentity) -> bool:
        """Take the stage away, so that nobody can call the API; returns whether there was one."""
        if gateway.observe_stage(identity.api_id) is None:
            return False
        self._apply(gateway, [DeleteStage(identity.api_id)])
        return True

    def remove(self, work: Pass[OracleApiSpec], gateway: Gateway) -> bool:
        """Delete the API if it is there, twins included: one call each; returns whether it was.

        Raises:
            DependencyNotReady: ``CreateUncertain``, it may still become visible.
        """
        owned = self._owned(work, gateway)
        if not owned:
            wait_out_create(work, "Api")
        for identity in owned:
            self._apply(gateway, plan_removal(ObservedGateway(identity, GatewayContent(), None, None)).actions)
        return bool(owned)

    @staticmethod
    def _owned(work: Pass[OracleApiSpec], gateway: Gateway) -> list[ApiIdentity]:
        apis, known = gateway.list_apis(wants_fresh(work)), work.status.get("apiId")
        return find_owned(work, apis, lambda found: found.api_id, known, gateway.find_api)

    def _detailed(self, gateway: Gateway, observed: ObservedGateway) -> ObservedGateway:
        """Return *observed* with integration ids, read again only where they are not known yet."""
        if any(route.integration_id is not None for route in observed.routes.values()):
            return observed
        content = gateway.observe_content(observed.identity.api_id, detailed=True)
        return ObservedGateway(observed.identity, content, observed.stage, observed.log_group)

    def _apply(self, gateway: Gateway, actions: Sequence[GatewayAction]) -> None:
        for action in actions:
            LOG.info("Applying", action=action.describe())
            gateway.apply(action)


def _leads_too_early(action: GatewayAction, observed: ObservedGateway, ords: OrdsState) -> bool:
    """Say whether *action* sends callers to a path of ORDS that they were not sent to before, and too early."""
    if not isinstance(action, CreateRoute | UpdateRoute) or action.route.integration is None:
        return False
    before = observed.routes.get(action.route.key)
    path = action.route.integration.path
    if before is not None and before.integration is not None and before.integration.path == path:
        return False
    target = path.replace("$request.path", action.route.path)
    return ords.cache_left_s > 0 or any(f"/{slug}/" in target for slug in ords.unserved)


def longest_timeout_s(observed: ObservedGateway) -> float:
    """Return the longest time that a request which is sent now may take, in seconds."""
    timeouts = [route.integration.timeout_ms for route in observed.routes.values() if route.integration is not None]
    return max(timeouts, default=0) / 1000
