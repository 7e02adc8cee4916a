"""The guard's rows of an ``OracleApi``: they stand before ORDS serves what they are for, and go after it."""

import threading
from dataclasses import dataclass

from oracleapi.api import reasons
from oracleapi.api.oracleapi import OracleApiSpec
from oracleapi.desired.guard import build_guard
from oracleapi.errors import Terminal
from oracleapi.model.guard import ChangeGuard, DesiredGuard, Management, ObservedGuard
from oracleapi.model.ownership import Owner, marked_owner
from oracleapi.model.resolved import ResolvedApi
from oracleapi.model.schema import ObservedSchema
from oracleapi.plan.guard import guard_drift, plan_guard, plan_guard_end, plan_guard_removal
from oracleapi.plan.plan import Plan
from oracleapi.ports import Oracle
from oracleapi.reconcile.passes import Pass
from oracleapi.reconcile.routes import Routes

GUARDED, ROLES_ENFORCED = "Guarded", "RolesEnforced"
SET_ROLE_REFUSED = "-6565"


@dataclass(frozen=True)
class Proof:
    """Whether ORDS calls the guard, as a request showed (``reconcile/guard_proof.py``).

    Args:
        reason, text: Why the guard does not stand before the schema; empty where it does, and where nobody knows yet.
        waiting: Nobody knows yet, and soon somebody will.
    """

    reason: str = ""
    text: str = ""
    waiting: bool = False

    @property
    def holds(self) -> bool:
        return not self.reason and not self.waiting


class GuardHalf:
    """Writes the rows; one writer a schema in this process, the lease sees to other processes."""

    def __init__(self) -> None:
        self._locks: dict[tuple[str, str], threading.Lock] = {}

    def observe(self, work: Pass[OracleApiSpec], api: ResolvedApi, oracle: Oracle) -> ObservedGuard | None:
        """Return the rows as they are; ``None`` where the database has no guard, whose rows are then taken away.

        Raises:
            Terminal: ``GuardMissing``; ``GuardIncomplete``, its packages are not valid.
        """
        if api.guard is None:
            if _was_guarded(work):
                self._forget(api.owner, api.pdb_guid, api.spec.schema_, oracle, unmanage=True)
            return None
        try:
            observed = oracle.observe_guard(str(api.owner), api.spec.schema_)
            if not observed.installed:
                raise Terminal(
                    reasons.GUARD_INCOMPLETE,
                    "ORACLEAPI.GUARD or the synonym DECISION is not there or not valid; a DBA installs it again, see"
                    " docs/guard.md",
                )
        except Terminal as fault:
            work.report.say(GUARDED, False, fault.reason, fault.message)
            raise
        return observed

    def desired(self, api: ResolvedApi) -> DesiredGuard:
        """Return the rows to have; a schema is managed once every API that it serves has its rows."""
        management = api.guard or Management("SetRole", api.trace_header)
        return build_guard(api, management)

    def plan(self, api: ResolvedApi, observed: ObservedGuard | None, schema: ObservedSchema) -> Plan[ChangeGuard]:
        """Return everything between the rows and what they should be."""
        if observed is None:
            return Plan()
        desired = self.desired(api)
        first, last = self._first(api, desired, observed, schema), plan_guard_end(desired, observed)
        return Plan((*first.actions, *last.actions), guard_drift(desired, observed))

    def _first(
        self, api: ResolvedApi, desired: DesiredGuard, observed: ObservedGuard, schema: ObservedSchema
    ) -> Plan[ChangeGuard]:
        return plan_guard(desired, observed, manage=not lacking(api, observed, schema))

    def begin(self, api: ResolvedApi, oracle: Oracle, observed: ObservedGuard, schema: ObservedSchema) -> DesiredGuard:
        """Write what must stand before ORDS serves it; returns the rows as they are then wanted."""
        desired = self.desired(api)
        with self._lock(api.pdb_guid, api.spec.schema_):
            for action in self._first(api, desired, observed, schema).actions:
                oracle.apply_guard(action)
        return desired

    def end(self, api: ResolvedApi, oracle: Oracle, desired: DesiredGuard, observed: ObservedGuard) -> None:
        """Take surplus rows away."""
        with self._lock(api.pdb_guid, api.spec.schema_):
            for action in plan_guard_end(desired, observed).actions:
                oracle.apply_guard(action)

    def say(self, work: Pass[OracleApiSpec], api: ResolvedApi, observed: ObservedGuard, proof: Proof) -> None:
        """Say whether the guard decides for the schema, and whether roles limit what its handlers do."""
        if proof.reason:
            work.report.say(GUARDED, False, proof.reason, proof.text)
        elif proof.waiting:
            work.report.say(
                GUARDED, None, reasons.WAITING_FOR_ORDS, "ORDS was not asked yet whether it calls the guard"
            )
        else:
            text = f"ORDS calls the guard, and it decides for schema {api.spec.schema_}"
            work.report.say(GUARDED, True, reasons.SUCCEEDED, text)
        fault = not_enforced(api.spec.schema_, observed)
        if fault is None:
            work.report.say(ROLES_ENFORCED, True, reasons.SUCCEEDED, "Handlers may do what the caller's roles may")
        else:
            work.report.say(ROLES_ENFORCED, False, reasons.ROLES_NOT_ENFORCED, fault)

    def withdraw_unenforced(self, api: ResolvedApi, observed: ObservedGuard, routes: Routes) -> None:
        """Take bound routes from callers where a handler may do more than their roles."""
        fault = not_enforced(api.spec.schema_, observed)
        if fault is None or api.unenforced:
            return
        for name in sorted(api.bound):
            routes.withdrawn[name] = (
                f"a RoleBinding leads to it, and {fault}; mend that, or set allowUnenforcedRoles on the OracleDatabase"
            )

    def remove(self, work: Pass[OracleApiSpec], pdb_guid: str, oracle: Oracle) -> None:
        """Make the guard forget a deleted API, where it knew of it."""
        if _was_guarded(work):
            self._forget(work.owner, pdb_guid, work.spec.schema_, oracle)

    def _forget(self, owner: Owner, pdb_guid: str, schema: str, oracle: Oracle, unmanage: bool = False) -> None:
        with self._lock(pdb_guid, schema):
            try:
                observed = oracle.observe_guard(str(owner), schema)
            except Terminal as fault:
                if fault.reason == reasons.GUARD_MISSING:
                    return  # with its tables the rows are gone
                raise
            for action in plan_guard_removal(str(owner), schema, observed, unmanage).actions:
                oracle.apply_guard(action)

    def _lock(self, pdb_guid: str, schema: str) -> threading.Lock:
        return self._locks.setdefault((pdb_guid, schema), threading.Lock())


def not_enforced(schema: str, observed: ObservedGuard) -> str | None:
    """Return why handlers may do more or less than their caller's roles, or ``None``."""
    if SET_ROLE_REFUSED in observed.failures:
        return "ORDS let no hook enable a role within the last hour (ORA-06565)"
    if observed.bypasses:
        return f"schema {schema} {', '.join(observed.bypasses)} by itself, whatever the caller's roles"
    return None


def lacking(api: ResolvedApi, observed: ObservedGuard, schema: ObservedSchema) -> list[str]:
    """Return the APIs that the schema serves and the guard does not know, as ``namespace/name``."""
    served = {marked_owner(module.comments) for module in schema.modules.values()} - {None, str(api.owner)}
    return sorted("/".join(str(owner).split("/")[-2:]) for owner in served - observed.others)


def _was_guarded(work: Pass[OracleApiSpec]) -> bool:
    return any(found["type"] == GUARDED for found in work.status.get("conditions", []))
