"""What the guard decides by, as values: the rows of an API, and those of a binding. Pure.

The tables and what the guard makes of them: docs/guard.md and ``oracleapi/sql``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from oracleapi.model.hidden import Hidden

RoleMode = Literal["SetRole", "ContextOnly"]


@dataclass(frozen=True, order=True)
class GuardRoute:
    """A path of ORDS that stands for a route; ``key`` and ``link_key`` are the gateway's words for it (IAM only)."""

    method: str
    path_regexp: str
    name: str
    variables: int
    auth: str
    route_key: str = ""
    link_key: str = ""

    @property
    def place(self) -> tuple[str, str]:
        return self.method, self.path_regexp


@dataclass(frozen=True)
class GuardApi:
    """An API as the guard knows it.

    Args:
        owner, uid: Whose rows these are.
        label: What MODULE shows, ``namespace/name``.
        subject_claim, groups_claim: Claims of a token that name its subject and its groups.
    """

    owner: str
    uid: str
    schema: str
    label: str
    require_binding: bool
    subject_claim: str
    groups_claim: str


@dataclass(frozen=True)
class Management:
    """How the guard treats a schema."""

    role_mode: RoleMode
    trace_header: str
    unmanaged_paths: frozenset[str] = frozenset()


@dataclass(frozen=True)
class KeyRow:
    """A gateway key that the guard takes.

    Args:
        hash: SHA-256 in upper hexadecimal digits.
        created: RFC 3339 in UTC.
        ends: Likewise; empty while the gateway may send it.
    """

    hash: Hidden
    created: str
    ends: str = ""


@dataclass(frozen=True)
class DesiredGuard:
    """The rows of one API and of its schema."""

    api: GuardApi
    routes: frozenset[GuardRoute]
    management: Management


@dataclass(frozen=True)
class ObservedGuard:
    """What the tables hold.

    Args:
        api, routes: Of the API that was asked for.
        management: ``None`` while the guard lets the whole schema pass.
        others: Owners of further APIs of the schema that have rows.
        installed: The packages are there and valid.
        failures: Error codes that the guard itself failed with in the schema within the last hour, such as ``-6565``.
        bypasses: What the schema may do without a role of the guard's, the first few.
        keys: Gateway keys of the API.
    """

    api: GuardApi | None = None
    routes: frozenset[GuardRoute] = frozenset()
    management: Management | None = None
    others: frozenset[str] = frozenset()
    installed: bool = True
    failures: tuple[str, ...] = ()
    bypasses: tuple[str, ...] = ()
    keys: tuple[KeyRow, ...] = ()


@dataclass(frozen=True)
class ChangeGuard:
    """One transaction over the rows of an API.

    Args:
        api: The API's row to write; none: it stays as it is.
        put: Routes to write.
        drop: Routes to take away, by (method, path_regexp).
        manage: Begin to manage the schema so, or change how.
        release: Take the API's row away, and stop managing the schema where no other API has one.
        unmanage: Stop managing the schema, whoever has rows.
    """

    owner: str
    schema: str
    api: GuardApi | None = None
    put: tuple[GuardRoute, ...] = ()
    drop: tuple[tuple[str, str], ...] = ()
    manage: Management | None = None
    release: bool = False
    unmanage: bool = False

    @property
    def verb(self) -> Literal["create", "update", "delete"]:
        return "delete" if self.release else "update"

    @property
    def empty(self) -> bool:
        return self == ChangeGuard(self.owner, self.schema)

    def describe(self) -> str:
        if self.release:
            return f"guard: forget the API in schema {self.schema}"
        parts = [
            *(["write the API"] if self.api is not None else []),
            *([f"write {len(self.put)} routes"] if self.put else []),
            *([f"drop {len(self.drop)} routes"] if self.drop else []),
            *([f"manage schema {self.schema} ({self.manage.role_mode})"] if self.manage is not None else []),
        ]
        return f"guard: {', '.join(parts)}"


@dataclass(frozen=True)
class ChangeKeys:
    """One transaction over the gateway keys of an API.

    Args:
        put: A key to take from now on; those that have ended go.
        keep: All others but this one end in *ends_in_s* seconds.
    """

    owner: str
    put: KeyRow | None = None
    keep: Hidden | None = None
    ends_in_s: int = 0
    verb: Literal["update"] = "update"

    def describe(self) -> str:
        return "guard: take a new gateway key" if self.put is not None else "guard: let older gateway keys end"


@dataclass(frozen=True, order=True)
class BindingRow:
    """One subject on one route. ``not_after`` is RFC 3339 in UTC, empty for never."""

    route: str
    kind: str
    subject: str
    role: str
    not_after: str = ""

    @property
    def place(self) -> tuple[str, str, str]:
        return self.route, self.kind, self.subject


@dataclass(frozen=True)
class DesiredBinding:
    """What a ``RoleBinding`` asks for in the database."""

    binding: str
    api: str
    schema: str
    role: str
    rows: frozenset[BindingRow]


@dataclass(frozen=True)
class ObservedBinding:
    """What the database holds of a binding.

    Args:
        rows: Its rows, and to which API they belong.
        apis: The API owners that its rows name.
        role_exists, role_secure: The role is there; only the guard can enable it.
        role_owner: Whose mark the role bears.
        granted: The schema holds the role.
        proxied: ``None`` where ORDS's account may open sessions of the schema with all its roles; else what PROXY_USERS
            says.
        managed: The guard decides for the schema.
        routes: Routes that the guard knows of the API.
        keys: Route keys of its IAM routes at the gateway, by name, that of the link route after the route's own.
        sharers: Other bindings that lead callers of the same schema to the same role.
    """

    rows: frozenset[BindingRow] = frozenset()
    apis: frozenset[str] = frozenset()
    role_exists: bool = False
    role_secure: bool = False
    role_owner: str = ""
    granted: bool = False
    proxied: str | None = None
    managed: bool = False
    routes: frozenset[str] = frozenset()
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    sharers: frozenset[str] = frozenset()


@dataclass(frozen=True)
class GrantToSchema:
    """Let a schema hold a role; only the guard enables it."""

    role: str
    schema: str
    verb: Literal["create"] = "create"

    def describe(self) -> str:
        return f"grant role {self.role} to schema {self.schema}"


@dataclass(frozen=True)
class RevokeFromSchema:
    """Take a role from a schema."""

    role: str
    schema: str
    verb: Literal["delete"] = "delete"

    def describe(self) -> str:
        return f"revoke role {self.role} from schema {self.schema}"


@dataclass(frozen=True)
class ChangeBinding:
    """One transaction over the rows of a binding: *drop* goes before *put* comes."""

    binding: str
    api: str
    put: tuple[BindingRow, ...] = ()
    drop: tuple[tuple[str, str, str], ...] = ()

    @property
    def verb(self) -> Literal["update", "delete"]:
        return "update" if self.put else "delete"

    def describe(self) -> str:
        return f"binding {self.binding.split('/', 2)[-1]}: write {len(self.put)} rows, drop {len(self.drop)}"


BindingAction = GrantToSchema | RevokeFromSchema | ChangeBinding
GuardAction = ChangeGuard | ChangeKeys | BindingAction
