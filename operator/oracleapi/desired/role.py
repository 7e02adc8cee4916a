"""What an ``OracleRole`` asks for, inside the fences of its namespace's delegations. Pure."""

from collections.abc import Iterable
from fnmatch import fnmatchcase

from oracleapi.api import reasons
from oracleapi.api.oracledatabase import Delegation
from oracleapi.api.oraclerole import Grant as SpecGrant
from oracleapi.api.oraclerole import OracleRoleSpec
from oracleapi.errors import Terminal
from oracleapi.model.ownership import Owner
from oracleapi.model.role import DesiredRole, Grant


def build_role(spec: OracleRoleSpec, owner: Owner, delegations: Iterable[Delegation]) -> DesiredRole:
    """Return the role with its grants.

    Args:
        delegations: Those of the database that name the object's namespace; what one of them allows is allowed.

    Raises:
        Terminal: ``RoleNotAllowed``, ``GrantNotAllowed``, naming the field and what to ask for.
    """
    allowed = tuple(delegations)
    name = spec.role(owner.name)
    if not name[0].isalpha():
        raise Terminal(
            reasons.INVALID_SPEC, f"spec.roleName: {name} is no role's name, it must begin with a letter; set one"
        )
    if not may_have_role(name, allowed):
        raise Terminal(
            reasons.ROLE_NOT_ALLOWED,
            f"spec.roleName: no delegation of OracleDatabase {spec.database_ref.name} gives role {name} to namespace"
            f" {owner.namespace}; ask a platform administrator",
        )
    for index, entry in enumerate(spec.grants):
        _check(index, entry, name, spec, owner, allowed)
    grants = frozenset(grant for entry in spec.grants for grant in grants_of(entry))
    return DesiredRole(name, str(owner), owner.uid, grants, spec.grant_mode == "Exact", spec.adopt_existing)


def may_have_role(name: str, delegations: Iterable[Delegation]) -> bool:
    """Say whether one of the *delegations* gives a role of this name."""
    return any(_fits(name, found.roles) for found in delegations)


def grants_of(entry: SpecGrant) -> list[Grant]:
    """Return the single grants of an entry: one for each privilege and column."""
    if entry.role is not None:
        return [Grant("role", entry.role)]
    if entry.system is not None:
        return [Grant("system", entry.system)]
    return [
        Grant("object", privilege, entry.object_ or "", column)
        for privilege in entry.privileges
        for column in entry.columns or ("",)
    ]


def _check(
    index: int, entry: SpecGrant, name: str, spec: OracleRoleSpec, owner: Owner, allowed: tuple[Delegation, ...]
) -> None:
    if entry.role == name:
        raise Terminal(reasons.INVALID_SPEC, f"spec.grants[{index}].role: a role cannot be granted to itself")
    if any(_allows(found, entry) for found in allowed):
        return
    what = " ".join(map(str, grants_of(entry)[:1])) or "nothing"
    raise Terminal(
        reasons.GRANT_NOT_ALLOWED,
        f"spec.grants[{index}]: no delegation of OracleDatabase {spec.database_ref.name} lets namespace"
        f" {owner.namespace} grant {what}; ask a platform administrator",
    )


def _allows(delegation: Delegation, entry: SpecGrant) -> bool:
    if entry.role is not None:
        return entry.role in delegation.grantable_roles or _fits(entry.role, delegation.roles)
    if entry.system is not None:
        return entry.system in delegation.system_privileges
    if entry.object_ is None or not _fits(entry.object_, delegation.objects):
        return False
    return set(entry.privileges) <= {*delegation.granted_privileges}


def _fits(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
