"""A role of the database and its grants as values. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

GUARD_SCHEMA, GUARD_PACKAGE = "ORACLEAPI", "GUARD"
APPLICATION = "APPLICATION"
"""DBA_ROLES.AUTHENTICATION_TYPE of a role that only its package can enable."""
PART = 50
"""Statements that travel in one round trip."""


@dataclass(frozen=True, order=True)
class Grant:
    """One privilege: on an object or a column of it, a role, or a system privilege."""

    kind: Literal["object", "role", "system"]
    privilege: str
    object: str = ""  # OWNER.NAME
    column: str = ""

    def __str__(self) -> str:
        column = f" ({self.column})" if self.column else ""
        return f"{self.privilege}{column} ON {self.object}" if self.object else self.privilege


@dataclass(frozen=True)
class DesiredRole:
    """What a role should hold; an *exact* one holds nothing else."""

    name: str
    owner: str
    uid: str
    grants: frozenset[Grant]
    exact: bool
    adopt: bool


@dataclass(frozen=True)
class ObservedRole:
    """A role as the dictionary shows it.

    Args:
        exists: False also where only our mark is there: a create that did not come to its end.
        secure: Only our guard can enable it (IDENTIFIED USING ORACLEAPI.GUARD).
        maintained: It is Oracle's own.
        owner, uid: Our mark, empty where there is none.
        grants: Who granted each; the empty string where the dictionary names no grantor.
        objects: Those of the asked objects that are there.
        holders: Users and roles that hold the role.
    """

    name: str
    exists: bool = False
    secure: bool = False
    maintained: bool = False
    owner: str = ""
    uid: str = ""
    grants: Mapping[Grant, str] = field(default_factory=lambda: MappingProxyType({}))
    objects: frozenset[str] = frozenset()
    holders: tuple[str, ...] = ()


@dataclass(frozen=True)
class CreateRole:
    """Mark a role as ours, then create it: a crash in between leaves the mark, and the next pass creates."""

    name: str
    owner: str
    uid: str
    verb: Literal["create"] = "create"

    def describe(self) -> str:
        return f"create role {self.name}"


@dataclass(frozen=True)
class MarkRole:
    """Write our mark on a role that is there."""

    name: str
    owner: str
    uid: str
    verb: Literal["update"] = "update"

    def describe(self) -> str:
        return f"adopt role {self.name}"


@dataclass(frozen=True)
class Regrant:
    """Revoke, then grant. A revoke of an object privilege takes it from all columns."""

    name: str
    revoke: tuple[Grant, ...] = ()
    grant: tuple[Grant, ...] = ()
    verb: Literal["update"] = "update"

    @property
    def round_trips(self) -> int:
        return -(-(len(self.revoke) + len(self.grant)) // PART)

    def describe(self) -> str:
        return f"role {self.name}: revoke {len(self.revoke)}, grant {len(self.grant)}"


@dataclass(frozen=True)
class DropRole:
    """Drop a role, then take our mark away."""

    name: str
    verb: Literal["delete"] = "delete"

    def describe(self) -> str:
        return f"drop role {self.name}"


@dataclass(frozen=True)
class ReleaseRole:
    """Take our mark away; the role stays."""

    name: str
    verb: Literal["update"] = "update"

    def describe(self) -> str:
        return f"release role {self.name}"


RoleAction = CreateRole | MarkRole | Regrant | DropRole | ReleaseRole


@dataclass(frozen=True)
class RefusedGrant:
    """A statement that the database refused, and its code such as ``ORA-00942``."""

    grant: Grant
    revoking: bool
    code: str
