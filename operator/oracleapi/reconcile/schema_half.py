"""The ORDS half of an ``OracleApi``: one writer per schema, and handlers that stay until callers have left them."""

import threading
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from oracleapi.desired.claims import check_identity, check_schema
from oracleapi.desired.schema import HandlerKey, build_schema, hold_handlers, schema_owner, stale_handlers
from oracleapi.model.drift import Drift
from oracleapi.model.ownership import Owner
from oracleapi.model.resolved import ResolvedApi
from oracleapi.model.schema import DesiredSchema, ObservedSchema, SchemaAction
from oracleapi.plan.schema import plan_schema, plan_schema_removal, plan_unpublish
from oracleapi.ports import Oracle
from oracleapi.runtime.clock import Clock

LINK_DRAIN_S = 1.0
LONGEST_S = 30.0
"""The longest timeout of an integration (API Gateway quotas)."""


@dataclass(frozen=True)
class Holding:
    """Handlers that are kept though no longer desired.

    Args:
        handlers: Kept in the schema: callers are sent there, or were a moment ago.
        draining: Those among them whose link routes stay too; the others only wait for their link route to go.
        left_s: When the next of them is done with.
    """

    handlers: frozenset[HandlerKey] = frozenset()
    draining: frozenset[HandlerKey] = frozenset()
    left_s: float | None = None


@dataclass
class Writer:
    """Whoever holds *lock* is the one writer of a schema in this process; the lease sees to other processes.

    Args:
        commits: How often the schema was written: what was read before the last one is out of date.
    """

    lock: threading.Lock = field(default_factory=threading.Lock)
    commits: int = 0

    def apply(self, oracle: Oracle, actions: Iterable[SchemaAction]) -> None:
        for action in actions:
            try:
                oracle.apply(action)
            finally:  # what failed may have been committed, its answer lost
                self.commits += 1


class SchemaHalf:
    """Applies the ORDS side and remembers when: what is forgotten at a restart is waited for once more."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._started = clock.monotonic()
        self._committed: dict[str, float] = {}  # API uid -> time of the last commit
        self._timeout: dict[str, float] = {}  # API uid -> longest timeout of its routes at the last look
        self._in_flight: dict[str, float] = {}  # API uid -> when all that was sent before this look has ended
        self._needed: dict[tuple[str, HandlerKey], float] = {}  # left by the gateway, needed until then
        self._writers: dict[tuple[str, str], Writer] = {}  # by PDB and schema
        self._read_at: dict[str, int] = {}  # API uid -> commits of its schema when it was read

    def observe(self, api: ResolvedApi, oracle: Oracle) -> ObservedSchema:
        """Return the schema as it is, and check that *api* may have it.

        Raises:
            Terminal: As :func:`oracleapi.desired.claims.check_schema`.
        """
        schema = api.spec.schema_
        commits = self._writer(api.pdb_guid, schema).commits
        observed = oracle.observe_schema(schema)
        self._read_at[api.owner.uid] = commits
        check_schema(api, observed)
        return observed

    def desired(self, api: ResolvedApi, refused: Collection[str], observed: ObservedSchema) -> DesiredSchema:
        """Return what the schema should hold, handlers on hold apart."""
        return build_schema(api, refused, observed)

    def holding(
        self,
        api: ResolvedApi,
        desired: DesiredSchema,
        observed: ObservedSchema,
        live: Collection[HandlerKey],
        linked: Collection[HandlerKey],
        timeout_s: float,
    ) -> Holding:
        """Return the handlers to keep.

        Args:
            live: Those that the gateway's routes lead to.
            linked: Those that link routes lead to: they stay until these are gone.
            timeout_s: The longest that a request which is sent now may take. The one before counts for what was sent
                until now, ``LONGEST_S`` where it is not known.
        """
        uid, now = api.owner.uid, self._clock.monotonic()
        until = max(self._in_flight.get(uid, 0.0), now + self._timeout.get(uid, LONGEST_S))
        self._in_flight[uid], self._timeout[uid] = until, timeout_s
        stale = stale_handlers(desired, observed, api.owner)
        for known in [found for found in self._needed if found[0] == uid and found[1] not in stale - {*live}]:
            del self._needed[known]
        held: set[HandlerKey] = set()
        draining: set[HandlerKey] = set()
        left: list[float] = []
        for key in stale:
            if key in live:
                draining.add(key)
                continue
            remaining = self._needed.setdefault((uid, key), until) - now
            if remaining > 0:
                draining.add(key)
                left.append(remaining)
            elif key in linked:  # the gateway takes the link route away in this pass
                self._needed[uid, key] = now + LINK_DRAIN_S
                held.add(key)
                left.append(LINK_DRAIN_S)
        return Holding(frozenset(held | draining), frozenset(draining), min(left) if left else None)

    def apply(
        self, api: ResolvedApi, oracle: Oracle, desired: DesiredSchema, observed: ObservedSchema, holding: Holding
    ) -> tuple[Drift, ...]:
        """Bring the schema to *desired* with what is held; returns the differences that were there.

        Where another API wrote into the schema since it was read, it is read again: the plan must not take away what
        that one needs.

        Raises:
            Terminal: As :func:`oracleapi.plan.schema.plan_schema` and :meth:`observe`.
        """
        uid = api.owner.uid
        writer = self._writer(api.pdb_guid, api.spec.schema_)
        with writer.lock:
            if self._read_at.get(uid) != writer.commits:
                observed = self.observe(api, oracle)
            plan = plan_schema(hold_handlers(desired, observed, holding.handlers), observed, str(api.owner))
            if not plan.actions:
                return ()
            try:
                writer.apply(oracle, plan.actions)
            finally:
                self._committed[uid] = self._clock.monotonic()
                self._read_at[uid] = writer.commits
        return plan.drift

    def cache_left_s(self, uid: str, cache_s: float) -> float:
        """Return how long ORDS may still answer from what it cached before the last commit.

        Commits before a restart are unknown, so the start of the process counts as one.
        """
        last = self._committed.get(uid, self._started)
        return max(0.0, cache_s - (self._clock.monotonic() - last))

    def remove(self, owner: Owner, pdb_guid: str, schema: str, oracle: Oracle) -> None:
        """Take away the API's modules and what of ours nothing in the schema needs any more."""
        writer = self._writer(pdb_guid, schema)
        with writer.lock:
            observed = oracle.observe_schema(schema)
            check_identity(pdb_guid, observed)
            marker = schema_owner(owner.installation, schema).marker()
            writer.apply(oracle, plan_schema_removal(observed, str(owner), marker).actions)

    def unpublish(self, owner: Owner, pdb_guid: str, schema: str, oracle: Oracle) -> bool:
        """Make ORDS serve none of the API's modules, which stay; returns whether one was served."""
        writer = self._writer(pdb_guid, schema)
        with writer.lock:
            observed = oracle.observe_schema(schema)
            check_identity(pdb_guid, observed)
            actions = plan_unpublish(observed, str(owner)).actions
            writer.apply(oracle, actions)
        return bool(actions)

    def _writer(self, pdb_guid: str, schema: str) -> Writer:
        return self._writers.setdefault((pdb_guid, schema), Writer())

    def forget(self, uid: str) -> None:
        self._committed.pop(uid, None)
        self._timeout.pop(uid, None)
        self._in_flight.pop(uid, None)
        self._read_at.pop(uid, None)
        for known in [found for found in self._needed if found[0] == uid]:
            del self._needed[known]
