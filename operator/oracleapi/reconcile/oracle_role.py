"""``OracleRole``: one role and its grants, revokes first; what cannot be granted yet waits and delays nothing else."""

from collections.abc import Iterable

from oracleapi.api import reasons
from oracleapi.api.oracledatabase import Delegation, OracleDatabaseSpec
from oracleapi.api.oraclerole import OracleRoleSpec
from oracleapi.desired.role import build_role
from oracleapi.errors import DependencyNotReady, Retryable, Terminal
from oracleapi.model.role import DesiredRole, Grant, ObservedRole, RefusedGrant
from oracleapi.plan.preview import preview
from oracleapi.plan.role import missing_grants, plan_role, plan_role_removal, whole
from oracleapi.reconcile.databases import THE_DATABASES, Databases
from oracleapi.reconcile.gate import check_minimum_mode, end_approval, may_write, propose, tell_drift, tell_repair
from oracleapi.reconcile.passes import Pass
from oracleapi.reconcile.references import References
from oracleapi.runtime.store import Key

SHOWN = 50
ABSENT_CODES = frozenset({"ORA-00942", "ORA-04042", "ORA-04043", "ORA-00904", "ORA-01917", "ORA-01919"})
"""The object, its column or the role to grant is not there, or not for us."""
GRANTED_BY_ANOTHER = "ORA-01927"
LOCKED_CODES = frozenset({"ORA-00054", "ORA-00060", "ORA-04020", "ORA-04021", "ORA-30006"})
NOT_TO_BE_GRANTED = {
    "ORA-00990": "the database knows no such privilege",
    "ORA-01931": "this privilege cannot be granted to a role",
    "ORA-01934": "that role holds this one already, and no role may hold itself",
    "ORA-02204": "this privilege is not for views",
    "ORA-02205": "this privilege is not for sequences",
    "ORA-02224": "EXECUTE is not for tables",
    "ORA-02225": "this privilege is not for procedures",
    "ORA-28405": "that role is enabled by a package, and such a role cannot be granted to a role",
}
"""Faults of the list itself. Source: Oracle Database Error Messages."""


class OracleRoleReconciler:
    kind = "OracleRole"
    spec = OracleRoleSpec

    def __init__(self, references: References, databases: Databases) -> None:
        self._references, self._databases = references, databases

    def reconcile(self, work: Pass[OracleRoleSpec]) -> None:
        database, delegations = self._resolve(work)
        desired = build_role(work.spec, work.owner, delegations)
        work.report.fields["roleName"] = desired.name
        oracle = self._databases.open(database, THE_DATABASES)
        observed = oracle.observe_role(desired.name, _objects(desired))
        plan = plan_role(desired, observed)
        _say_grants(work, desired, observed, ())
        drift = plan.drift if work.settled else ()
        if may_write(work):
            work.report.note_drift(drift)
        else:
            tell_drift(work, plan.drift)
        propose(work, preview(plan.actions, plan.drift))
        refused = tuple(found for action in plan.actions for found in oracle.apply_role(action))
        if plan.actions:
            observed = oracle.observe_role(desired.name, _objects(desired))
            work.report.fields["plan"] = None
        elif work.settled:
            work.report.fields.setdefault("drift", None)
        _say_grants(work, desired, observed, refused)
        tell_repair(work)
        end_approval(work)
        _judge(work, desired, observed, refused)
        work.report.message = f"Role {desired.name} holds {len(desired.grants)} grants"

    def _resolve(self, work: Pass[OracleRoleSpec]) -> tuple[OracleDatabaseSpec, list[Delegation]]:
        database, delegations, _ = self._references.delegated(
            work.spec.database_ref.name, "spec.databaseRef", work.key.namespace or ""
        )
        check_minimum_mode(work, "database", (found.minimum_mode for found in delegations))
        return database, delegations

    def finalize(self, work: Pass[OracleRoleSpec]) -> None:
        self._references.check_unused(self.kind, f"{work.key.namespace}/{work.key.name}")
        keep = work.deletion_policy == "Retain"
        if work.mode == "Report" or (keep and "roleName" not in work.status):
            return
        database, _ = self._references.find(
            "OracleDatabase", work.spec.database_ref.name, OracleDatabaseSpec, "spec.databaseRef"
        )
        oracle = self._databases.open(database, THE_DATABASES)
        observed = oracle.observe_role(work.spec.role(work.key.name), ())
        for action in plan_role_removal(str(work.owner), observed, keep).actions:
            oracle.apply_role(action)

    def forget(self, key: Key) -> None:
        """Nothing is remembered of a role."""


def _objects(desired: DesiredRole) -> tuple[str, ...]:
    return tuple(sorted({grant.object for grant in desired.grants if grant.object}))


def _say_grants(
    work: Pass[OracleRoleSpec], desired: DesiredRole, observed: ObservedRole, refused: Iterable[RefusedGrant]
) -> None:
    """Put what is granted, missing and too much into status."""
    held = frozenset(observed.grants)
    missing = sorted(desired.grants - held)
    extra = sorted(held - desired.grants)
    granted = len(desired.grants) - len(missing)
    work.report.fields |= {
        "granted": f"{granted}/{len(desired.grants)}",
        "missing": [str(grant) for grant in missing[:SHOWN]],
        "extra": [_with_grantor(grant, observed) for grant in extra[:SHOWN]],
    }
    surplus = bool(extra) and desired.exact
    if missing or surplus:
        text = f"{len(missing)} grants are missing, {len(extra)} too many; see status.missing and status.extra"
        reason = reasons.DEPENDENCY_NOT_READY if missing and not surplus else reasons.GRANTS_DIFFER
        work.report.say("GrantsInSync", False, reason, text)
    else:
        work.report.say("GrantsInSync", True, reasons.SUCCEEDED, "The role holds what the spec lists")


def _with_grantor(grant: Grant, observed: ObservedRole) -> str:
    grantor = observed.grants.get(grant)
    return f"{grant} (by {grantor})" if grantor else str(grant)


def _judge(
    work: Pass[OracleRoleSpec], desired: DesiredRole, observed: ObservedRole, refused: Iterable[RefusedGrant]
) -> None:
    """Say what hinders, the worst first; a refused statement that somebody else did meanwhile hinders nothing.

    Raises:
        Terminal: ``GrantorDiffers``, ``InvalidSpec``, ``PrivilegesMissing``.
        Retryable: ``OracleBusy``.
        DependencyNotReady: Objects or roles are not there yet.
    """
    waiting = {*missing_grants(desired, observed)}
    locked: set[Grant] = set()
    for found in refused:
        held = [grant for grant in observed.grants if found.grant in (whole([grant]) if found.revoking else (grant,))]
        if bool(held) != found.revoking:
            continue
        if found.revoking and found.code == GRANTED_BY_ANOTHER:
            by = observed.grants[held[0]] or "somebody else"
            raise Terminal(
                reasons.GRANTOR_DIFFERS,
                f"{found.grant} was granted by {by}, and only {by} can take it back; as {by} run:"
                f" REVOKE {found.grant.privilege} ON {found.grant.object} FROM {desired.name}",
            )
        if found.code in LOCKED_CODES:
            locked.add(found.grant)
        elif found.code in ABSENT_CODES and not found.revoking:
            waiting.add(found.grant)
        elif found.code in NOT_TO_BE_GRANTED and not found.revoking:
            fault = NOT_TO_BE_GRANTED[found.code]
            raise Terminal(
                reasons.INVALID_SPEC, f"spec.grants: {found.grant}: {fault} ({found.code}); take it out of the list"
            )
        else:
            verb = "revoke" if found.revoking else "grant"
            raise Terminal(
                reasons.PRIVILEGES_MISSING,
                f"{verb} {found.grant}: {found.code}; the operator's account may not {verb} it, see docs/database.md",
            )
    if locked:
        raise Retryable(reasons.ORACLE_BUSY, f"{sorted(locked)[0]}: somebody holds a lock; trying again")
    if waiting:
        first = sorted(waiting)[0]
        more = f" (and {len(waiting) - 1} more)" if len(waiting) > 1 else ""
        raise DependencyNotReady(
            reasons.DEPENDENCY_NOT_READY,
            f"waiting for what is not there yet: {first}{more}; it is granted once it exists",
            60.0,
        )
