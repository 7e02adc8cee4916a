"""Tells what somebody else changed from what we have not finished ourselves.

The measure is how we left the world: what differs from that was changed by somebody else. After a restart nobody knows
it any more; then a difference counts where this generation was brought to its end before, with the same verdicts on
its routes.
"""

from oracleapi.api import reasons
from oracleapi.api.oracleapi import OracleApiSpec
from oracleapi.model.drift import Drift, unexplained
from oracleapi.model.gateway import DesiredGateway, ObservedGateway
from oracleapi.model.guard import DesiredGuard, ObservedGuard
from oracleapi.model.schema import DesiredSchema, ObservedSchema
from oracleapi.plan.gateway import gateway_drift
from oracleapi.plan.guard import guard_drift
from oracleapi.plan.schema import schema_drift
from oracleapi.reconcile.guard_half import GUARDED
from oracleapi.reconcile.passes import Pass
from oracleapi.reconcile.routes import Routes

OPEN_PUBLICATION = ("stage $default", "auto_deploy")


class DriftWatch:
    """Remembers, by UID, how each half was left."""

    def __init__(self) -> None:
        self._schemas: dict[str, DesiredSchema] = {}
        self._gateways: dict[str, DesiredGateway] = {}
        self._guards: dict[str, DesiredGuard] = {}
        self._broken: set[str] = set()  # the last change of the gateway did not come to its end

    def of_schema(
        self, work: Pass[OracleApiSpec], routes: Routes, found: tuple[Drift, ...], observed: ObservedSchema
    ) -> tuple[Drift, ...]:
        """Return what of *found*, which is all that differs from what is desired now, somebody else made."""
        left = self._schemas.get(work.uid)
        if left is None:
            return found if work.said_true("OrdsReady") and _finished(work, routes) else ()
        return unexplained(found, schema_drift(left, observed, str(work.owner)))

    def of_gateway(
        self, work: Pass[OracleApiSpec], routes: Routes, found: tuple[Drift, ...], observed: ObservedGateway | None
    ) -> tuple[Drift, ...]:
        """Return what of *found* somebody else made, as :meth:`of_schema`; a lost API or stage is told whole."""
        left = self._gateways.get(work.uid)
        if left is None:
            strange = found if work.said_true("GatewayReady") and _finished(work, routes) else ()
        elif observed is None or observed.stage is None:
            strange = found
        else:
            strange = unexplained(found, gateway_drift(left, observed))
        if work.uid not in self._broken:
            return strange
        return tuple(drift for drift in strange if (drift.object, drift.field) != OPEN_PUBLICATION)

    def of_guard(
        self, work: Pass[OracleApiSpec], found: tuple[Drift, ...], observed: ObservedGuard
    ) -> tuple[Drift, ...]:
        """Return what of *found* somebody else made, as :meth:`of_schema`."""
        left = self._guards.get(work.uid)
        if left is None:
            return found if work.settled and work.said_true(GUARDED) else ()
        return unexplained(found, guard_drift(left, observed))

    def leave_guard(self, uid: str, desired: DesiredGuard) -> None:
        """Remember how the guard's rows were left."""
        self._guards[uid] = desired

    def leave_schema(self, uid: str, desired: DesiredSchema) -> None:
        """Remember how the ORDS half was left."""
        self._schemas[uid] = desired

    def leave_gateway(self, uid: str, desired: DesiredGateway) -> None:
        """Remember how the gateway half was left."""
        self._gateways[uid] = desired
        self._broken.discard(uid)

    def lose_gateway(self, uid: str) -> None:
        """Note that a change of the gateway half ended early: what it did is as desired, or part of it."""
        self._broken.add(uid)

    def forget(self, uid: str) -> None:
        self._schemas.pop(uid, None)
        self._gateways.pop(uid, None)
        self._guards.pop(uid, None)
        self._broken.discard(uid)


def _finished(work: Pass[OracleApiSpec], routes: Routes) -> bool:
    """Say whether nothing moved when this generation was last looked at, and its routes were at fault as they are now.

    A route that turned out to be at fault since then goes by our own doing.
    """
    moving = any(found["reason"] == reasons.MOVING for found in work.status.get("conditions", []))
    before = {entry["name"] for entry in work.status.get("routes", []) if entry["state"] in ("Refused", "Withdrawn")}
    return not moving and before == {*routes.refused, *routes.unsafe, *routes.withdrawn, *routes.unguarded}
