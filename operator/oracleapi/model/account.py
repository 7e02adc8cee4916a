"""An account of the database, what it holds, and what changes it, as values. Pure.

Source: Database Reference, DBA_USERS, DBA_PROFILES, DBA_OBJECTS, DBA_SYNONYMS, DBA_TS_QUOTAS, DBA_PROXIES,
AUDIT_UNIFIED_ENABLED_POLICIES, AUDIT_UNIFIED_CONTEXTS, DBA_HOST_ACES, DBA_WALLET_ACES, DBA_RSRC_CONSUMER_GROUP_PRIVS,
DBA_RSRC_GROUP_MAPPINGS, DBA_TRIGGERS and the DBA_…_PRIVS views.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

NAME_LIMIT = 128
"""Bytes of an identifier; names that the kinds let through have as many characters."""
ROLLOVER = "IN ROLLOVER"
ROLLOVER_LIMIT = "PASSWORD_ROLLOVER_TIME"
ATTEMPTS_LIMIT = "FAILED_LOGIN_ATTEMPTS"
VERIFY_LIMIT = "PASSWORD_VERIFY_FUNCTION"
PROFILE, DEFAULT_TABLESPACE, TEMPORARY_TABLESPACE = "PROFILE", "DEFAULT TABLESPACE", "TEMPORARY TABLESPACE"

HoldingKind = Literal[
    "role", "system", "schema", "object", "column", "quota", "proxy", "through", "setting", "synonym",
    "audit policy", "audit exception", "audit context", "network", "consumer group", "mapped group", "schema trigger",
]  # fmt: skip
ADDED_ONLY: frozenset[HoldingKind] = frozenset({"audit policy", "audit context"})
"""What we give and never take: that something is audited no more is for an auditor to decide."""
BY_HAND: frozenset[HoldingKind] = frozenset(
    {"audit exception", "network", "consumer group", "mapped group", "schema trigger"}
)
"""What is compared and left to people: it is changed in what others have a part in, or by rights over everybody."""


@dataclass(frozen=True, order=True)
class Holding:
    """One thing that an account holds and its twin must hold too.

    Args:
        kind: ``role``, ``system``, ``schema``, ``object`` and ``column`` are grants to it; ``quota`` is one on a
            tablespace; ``proxy`` is an account for which it may connect, ``through`` one through which others connect
            for it (``CONNECT THROUGH``); ``setting`` is PROFILE, DEFAULT TABLESPACE or TEMPORARY TABLESPACE;
            ``synonym`` is a private one; ``audit policy`` is enabled BY it, and EXCEPT it is an ``audit exception``;
            ``audit context`` is an attribute that its audit records hold; ``network`` is a privilege on a host or
            wallet; ``consumer group`` is one that it may switch to, ``mapped group`` one that its sessions begin in;
            ``schema trigger`` stands for somebody's triggers on its schema.
        name: The role, privilege, tablespace, setting, synonym, policy, attribute, group, event, or the other account.
        on: ``OWNER.NAME`` of the object, ``OWNER.NAME(COLUMN)`` of a column, the schema; else empty. What GRANT names
            by its type has that before it: ``DIRECTORY SYS.DUMPS``. For a synonym what it stands for; a remote object
            may have no owner: ``.NAME``. For an attribute its namespace; for a network privilege where it counts.
        value: The quota in bytes (-1: unlimited), the setting's value, a synonym's link as ``@LINK``, a policy's
            ``WHENEVER SUCCESSFUL``, or what follows CONNECT THROUGH and the proxy's name, such as ``WITH ROLE A, B``.
        option: With admin option, grant option.
        hierarchy: With hierarchy option: on what is made under the object, too.
        delegate: A role with delegate option: for program units of its own.
        default: A role that is enabled at log-on.
    """

    kind: HoldingKind
    name: str
    on: str = ""
    value: str = ""
    option: bool = False
    hierarchy: bool = False
    delegate: bool = False
    default: bool = False

    def __str__(self) -> str:
        text = f"{self.kind} {self.name}" + (f" on {self.on}" if self.on else "")
        text += f" {self.value}" if self.value else ""
        text += " with option" if self.option else ""
        text += " with hierarchy option" if self.hierarchy else ""
        text += " with delegate option" if self.delegate else ""
        return text + (" as default role" if self.default else "")

    def options(self) -> set[str]:
        """Return what it is held with, and what only a revoke takes away."""
        held = {"option": self.option, "hierarchy": self.hierarchy, "delegate": self.delegate}
        return {name for name, there in held.items() if there}


@dataclass(frozen=True)
class ObservedAccount:
    """An account as the dictionary shows it.

    Args:
        status: DBA_USERS.ACCOUNT_STATUS, such as ``OPEN & IN ROLLOVER``.
        maintained: It is Oracle's own.
        operator: It is the account that the operator itself is logged in with.
        runtime: ORDS logs in with it.
        limits: Those of its profile, DEFAULT resolved; days and counts as text, ``UNLIMITED``, ``NULL``.
        changed: PASSWORD_CHANGE_DATE as text; compared with itself only.
        authentication: DBA_USERS.AUTHENTICATION_TYPE; ``NONE`` until somebody gives it a password.
        common: It is one account in all containers, changed in the root.
        whole: What it holds and owns was read.
        owned: One object of each type that it owns, such as ``TABLE PAY``, private synonyms left out; what tells most
            comes first.
    """

    name: str
    status: str = "OPEN"
    profile: str = "DEFAULT"
    maintained: bool = False
    operator: bool = False
    runtime: bool = False
    limits: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    changed: str = ""
    authentication: str = "PASSWORD"
    common: bool = False
    whole: bool = True
    holdings: frozenset[Holding] = frozenset()
    owned: tuple[str, ...] = ()

    @property
    def in_rollover(self) -> bool:
        return ROLLOVER in self.status

    @property
    def has_password(self) -> bool:
        """Say whether it logs in with a password of its own, or could once it has one."""
        return self.authentication in ("PASSWORD", "NONE")

    @property
    def locked(self) -> bool:
        return "LOCKED" in self.status

    @property
    def expired(self) -> bool:
        """Say whether its password must be changed before it is of use; in its grace time it still is."""
        return "EXPIRED" in self.status and "EXPIRED(GRACE)" not in self.status

    def differs_since(self, changed: str | None) -> bool:
        """Say whether who logged in with its password of *changed* may be cut off now; in a rollover nobody is."""
        return self.locked or self.expired or (not self.in_rollover and changed != self.changed)

    @property
    def rolls_over(self) -> bool:
        """Say whether its profile keeps the old password valid for a time after a change."""
        limit = self.limits.get(ROLLOVER_LIMIT, "0")
        try:
            return float(limit) > 0
        except ValueError:
            return False


@dataclass(frozen=True)
class CreateTwin:
    """Create an account with a password and the settings of the one that it stands in for; without CREATE SESSION."""

    name: str
    settings: tuple[Holding, ...]
    password: str = field(repr=False)
    verb: Literal["create"] = "create"

    def describe(self) -> str:
        return f"create account {self.name}"


@dataclass(frozen=True)
class SetPassword:
    """Set an account's password by the operator's right ALTER USER, without the old one."""

    name: str
    password: str = field(repr=False)
    verb: Literal["update"] = "update"

    def describe(self) -> str:
        return f"set the password of account {self.name}"


@dataclass(frozen=True)
class EndRollover:
    """Let the old password end now."""

    name: str
    verb: Literal["update"] = "update"

    def describe(self) -> str:
        return f"end the rollover period of account {self.name}"


@dataclass(frozen=True)
class Equalize:
    """Revoke, then grant, so that an account holds what its twin holds.

    Args:
        lacking: What people must give.
        excess: What people must take.
    """

    name: str
    revoke: tuple[Holding, ...] = ()
    grant: tuple[Holding, ...] = ()
    lacking: tuple[Holding, ...] = ()
    excess: tuple[Holding, ...] = ()
    verb: Literal["update"] = "update"

    @property
    def ours(self) -> int:
        """Return in how many points we can do something."""
        return len(self.revoke) + len(self.grant)

    @property
    def points(self) -> int:
        return self.ours + len(self.lacking) + len(self.excess)

    def describe(self) -> str:
        return f"account {self.name}: take {len(self.revoke)}, give {len(self.grant)}"


AccountAction = CreateTwin | SetPassword | EndRollover | Equalize


@dataclass(frozen=True)
class RefusedHolding:
    """What the database refused to give or take, and its code such as ``ORA-01031``."""

    holding: Holding
    revoking: bool
    code: str
