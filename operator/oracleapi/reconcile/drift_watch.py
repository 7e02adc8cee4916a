"""Tells what somebody else changed from what we have not finished ourselves.

The measure is how we left the world: what differs from that was changed by somebody else. After a restart nobody knows
it any more; then a difference counts where this generation was brought to its end before, with the same verdicts on
its routes.
"""

from oracleapi.model.drift import Drift, unexplained
from oracleapi.model.gateway import DesiredGateway, ObservedGateway
from oracleapi.model.schema import DesiredSchema, ObservedSchema
from oracleapi.plan.gateway import gateway_drift
from oracleapi.plan.schema import schema_drift

OPEN_PUBLICATION = ("stage $default", "auto_deploy")


class DriftWatch:
    """Remembers, by UID, how each half was left."""

    def __init__(self) -> None:
        self._schemas: dict[str, DesiredSchema] = {}
        self._gateways: dict[str, DesiredGateway] = {}
        self._broken: set[str] = set()  # the last change of the gateway did not come to its end

    def of_schema(
        self, uid: str, found: tuple[Drift, ...], observed: ObservedSchema, owner: str, finished: bool
    ) -> tuple[Drift, ...]:
        """Return what of *found* somebody else made.

        Args:
            found: All that differs from what is desired now.
            finished: Whether this generation of the half was brought to its end before, for want of a memory.
        """
        left = self._schemas.get(uid)
        if left is None:
            return found if finished else ()
        return unexplained(found, schema_drift(left, observed, owner))

    def of_gateway(
        self, uid: str, found: tuple[Drift, ...], observed: ObservedGateway | None, finished: bool
    ) -> tuple[Drift, ...]:
        """Return what of *found* somebody else made, as :meth:`of_schema`; a lost API or stage is told whole."""
        left = self._gateways.get(uid)
        if left is None:
            strange = found if finished else ()
        elif observed is None or observed.stage is None:
            strange = found
        else:
            strange = unexplained(found, gateway_drift(left, observed))
        if uid not in self._broken:
            return strange
        return tuple(drift for drift in strange if (drift.object, drift.field) != OPEN_PUBLICATION)

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
        self._broken.discard(uid)
