"""Plan a role: what to make, what to revoke, what to grant; revokes come first. Pure."""

from collections.abc import Iterable

from oracleapi.api import reasons
from oracleapi.errors import Terminal
from oracleapi.model.drift import ABSENT, PRESENT, Drift
from oracleapi.model.role import (
    CreateRole,
    DesiredRole,
    DropRole,
    Grant,
    MarkRole,
    ObservedRole,
    Regrant,
    ReleaseRole,
    RoleAction,
)
from oracleapi.plan.plan import Plan


def plan_role(desired: DesiredRole, observed: ObservedRole) -> Plan[RoleAction]:
    """Return what makes the role hold what is *desired*; grants on objects that are not there wait.

    Raises:
        Terminal: As :func:`check_owner`.
    """
    check_owner(desired, observed)
    actions: list[RoleAction] = []
    if not observed.exists:
        actions.append(CreateRole(desired.name, desired.owner, desired.uid))
    elif (observed.owner, observed.uid) != (desired.owner, desired.uid):
        actions.append(MarkRole(desired.name, desired.owner, desired.uid))
    held = frozenset(observed.grants)
    wanted = frozenset(grant for grant in desired.grants if not _waits(grant, observed))
    surplus = held - desired.grants if desired.exact else frozenset()
    revoked = whole(surplus)
    lost = frozenset(grant for grant in held if _uncolumned(grant) in revoked)
    granted = wanted - (held - lost)
    if revoked or granted:
        actions.append(Regrant(desired.name, tuple(sorted(revoked)), tuple(sorted(granted))))
    return Plan(tuple(actions), (*_drift(desired.name, surplus, PRESENT), *_drift(desired.name, wanted - held, ABSENT)))


def whole(grants: Iterable[Grant]) -> frozenset[Grant]:
    """Return what to revoke: Oracle takes an object privilege from the whole object only (ORA-01750)."""
    return frozenset(_uncolumned(grant) for grant in grants)


def missing_grants(desired: DesiredRole, observed: ObservedRole) -> tuple[Grant, ...]:
    """Return the grants that wait for their object."""
    return tuple(sorted(grant for grant in desired.grants if _waits(grant, observed)))


def check_owner(desired: DesiredRole, observed: ObservedRole) -> None:
    """Refuse a role that is not ours to change.

    Raises:
        Terminal: ``NotOwned``, ``Conflict``.
    """
    if observed.maintained:
        raise Terminal(reasons.NOT_OWNED, f"role {desired.name} is maintained by Oracle; choose another spec.roleName")
    if observed.owner and observed.owner != desired.owner:
        raise Terminal(
            reasons.CONFLICT, f"role {desired.name} belongs to another OracleRole; choose another spec.roleName"
        )
    if observed.exists and not desired.adopt and not (observed.owner and observed.secure):
        raise Terminal(
            reasons.NOT_OWNED,
            f"role {desired.name} exists and this operator did not make it; choose another spec.roleName, or set"
            " spec.adoptExisting: true, after which its other grants are revoked unless grantMode is Additive",
        )


def plan_role_removal(owner: str, observed: ObservedRole, keep: bool) -> Plan[RoleAction]:
    """Return what takes the role away, or only our mark where it is to be kept or was never made by us."""
    if observed.owner != owner:
        return Plan()
    if keep or not observed.secure or not observed.exists:
        return Plan((ReleaseRole(observed.name),))
    return Plan((DropRole(observed.name),))


def _waits(grant: Grant, observed: ObservedRole) -> bool:
    return grant.kind == "object" and grant.object not in observed.objects


def _uncolumned(grant: Grant) -> Grant:
    return Grant(grant.kind, grant.privilege, grant.object)


def _drift(role: str, grants: Iterable[Grant], observed: str) -> list[Drift]:
    desired = ABSENT if observed == PRESENT else PRESENT
    return [Drift(f"role {role}", f"grant {grant}", desired, observed) for grant in sorted(grants)]
