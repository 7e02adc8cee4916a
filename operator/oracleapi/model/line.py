"""The line from a caller to a role of the database, as values: who calls, what stands between, how far it leads. Pure.

What the guard decides by is in docs/guard.md and ``oracleapi/sql``.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Literal

Auth = Literal["JWT", "IAM", "Public", "Probe"]
SubjectKind = Literal["User", "Group", "Scope", "IamRole", "IamUser", "Anonymous"]
LinkName = Literal["Gateway", "OrdsPrivilege", "Binding", "OracleRole", "Grant"]
LINKS: tuple[LinkName, ...] = ("Gateway", "OrdsPrivilege", "Binding", "OracleRole", "Grant")
ARRIVES: Mapping[str, tuple[SubjectKind, ...]] = MappingProxyType(
    {"JWT": ("User", "Group", "Scope"), "IAM": ("IamRole", "IamUser"), "Public": ("Anonymous",)}
)
"""Kinds of subjects that can arrive, by what protects a route."""
EVERY_ROUTE = "*"
ACCOUNT = re.compile(r"arn:[^:]+:(?:iam|sts)::([0-9]{12}):.+")


@dataclass(frozen=True)
class Token:
    """A caller with a bearer token.

    Args:
        subject: The claim ``sub``.
        name: The provider's subject claim, ``None`` where the token has none; ``sub`` unless the provider says so.
        overage: It says that its groups are not in it but elsewhere.
        fault: Why no gateway takes it, whatever it holds.
        ords_fault: Why no ORDS takes it.
    """

    issuer: str
    audiences: frozenset[str]
    subject: str
    name: str | None
    groups: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    overage: bool = False
    fault: Literal["TokenExpired", "TokenForged"] | None = None
    ords_fault: Literal["NoAudience", "NoSubject", "OtherType"] | None = None

    def __str__(self) -> str:
        return self.name or self.subject or "token without a subject"


@dataclass(frozen=True)
class Signature:
    """A caller who signs with keys of AWS.

    Args:
        arn: As STS GetCallerIdentity says it, ``arn:aws:sts::…:assumed-role/NAME/SESSION`` or
            ``arn:aws:iam::…:user/NAME``.
        may_invoke: What IAM says; ``None``: nobody asked.
    """

    arn: str
    may_invoke: bool | None = None

    @property
    def account_id(self) -> str:
        found = ACCOUNT.fullmatch(self.arn)
        return found[1] if found else ""

    def __str__(self) -> str:
        return self.arn


@dataclass(frozen=True)
class Nobody:
    """A caller with neither token nor signature."""

    def __str__(self) -> str:
        return "Anonymous"


Caller = Token | Signature | Nobody


@dataclass(frozen=True)
class Subject:
    """A subject as a ``RoleBinding`` names it."""

    kind: SubjectKind
    name: str

    def __str__(self) -> str:
        return self.kind if self.kind == "Anonymous" else f"{self.kind} {self.name}"


@dataclass(frozen=True)
class RouteFault:
    """Why ORDS does not treat the callers of a route as it should.

    Args:
        name: PrivilegeMissing: nobody asks for a token. PrivilegeShadowed: somebody else's privilege stands before it.
            ProfileDiffers: other tokens are taken than the API's.
        asks: Names of the privileges that ORDS asks for instead; empty where they are not known.
    """

    name: str
    asks: frozenset[str] = frozenset()


@dataclass(frozen=True)
class LineRoute:
    """A route of the API.

    Args:
        scope: Of a JWT route.
        state: ``status.routes[].state``; empty where there is none yet.
        guarded: The guard's tables hold the route.
        path: The path that ORDS sees.
        fault: What is wrong with what ORDS asks its callers for.
    """

    name: str
    auth: Auth
    scope: str | None = None
    state: str = "Serving"
    guarded: bool = True
    path: str = ""
    fault: RouteFault | None = None


@dataclass(frozen=True)
class LineApi:
    """An API as callers meet it.

    Args:
        account_id: The AWS account of its gateway; empty where it is not known.
        issuer, audience: What tokens must say; ``None`` where the API takes none.
        provider_fault: Why no token can be checked.
        uninvokable: Pairs of an IAM subject's name and a route's that IAM denies.
    """

    routes: tuple[LineRoute, ...]
    account_id: str = ""
    issuer: str | None = None
    audience: str | None = None
    provider_fault: str | None = None
    require_binding: bool = True
    uninvokable: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True)
class LineBinding:
    """A ``RoleBinding``.

    Args:
        routes: Names of routes, or ``*``.
        expires: Counts until then, whole seconds.
        written: Its rows are in the database.
    """

    name: str
    role: str
    subjects: tuple[Subject, ...]
    routes: tuple[str, ...]
    expires: datetime | None = None
    written: bool = True


@dataclass(frozen=True)
class LineRole:
    """A role of the database.

    Args:
        granted: The schema holds it.
        secure: Only the guard can enable it.
        default: It is a default role of the schema.
        proxied: Why ORDS's account may not enable it (PROXY_USERS); ``None`` where it may.
        holds, missing: Grants that it has, and that it should have.
    """

    name: str
    exists: bool = True
    granted: bool = True
    secure: bool = True
    default: bool = False
    proxied: str | None = None
    holds: frozenset[str] = frozenset()
    missing: frozenset[str] = frozenset()


@dataclass(frozen=True)
class LineDatabase:
    """What the guard does in the API's database.

    Args:
        guard: Whether it is asked for.
        managed: Its tables hold the schema: it decides.
        role_mode: Roles are enabled, or only told to VPD policies in a context.
        roles_enforced: ``False``: the schema may do more by itself than by its roles.
        unmanaged_paths: Paths of ORDS that it lets pass with all below.
    """

    guard: Literal["Off", "Required"] = "Required"
    managed: bool = True
    role_mode: Literal["SetRole", "ContextOnly"] = "SetRole"
    roles_enforced: bool | None = None
    unmanaged_paths: frozenset[str] = frozenset()

    @property
    def decides(self) -> bool:
        return self.guard == "Required" and self.managed


@dataclass(frozen=True)
class Line:
    """Everything between the callers of an API and the roles of its database."""

    api: LineApi
    database: LineDatabase
    bindings: tuple[LineBinding, ...] = ()
    roles: Mapping[str, LineRole] = field(default_factory=lambda: MappingProxyType({}))

    def role(self, name: str) -> LineRole:
        return self.roles.get(name) or LineRole(name, exists=False, granted=False)


@dataclass(frozen=True)
class Decision:
    """What the guard decides on a request.

    Args:
        refusal: Its word for why not, ``None`` where the request goes on.
        roles: The exact union of roles, sorted.
        lost: Roles of bindings that mean the caller, which the schema does not hold; the others work.
        bindings: Names of the bindings that mean the caller.
    """

    refusal: str | None = None
    roles: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    bindings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Link:
    """One link of the line for one caller on one route.

    Args:
        outcome: Open: the caller comes through. Broken: through, but not as bound. Refused: no further. NotAsked: a
            link before it refused, or this route has no such link.
        sees: What the caller would get, such as ``403``; empty where the handler answers.
    """

    name: LinkName
    outcome: Literal["Open", "Broken", "Refused", "NotAsked"]
    fault: str = ""
    sees: str = ""
    detail: str = ""

    @property
    def whole(self) -> bool:
        return self.outcome in ("Open", "NotAsked")


@dataclass(frozen=True)
class Walk:
    """How far the line leads a caller on a route.

    Args:
        links: In order, all five.
        roles: What the handler would run with; the schema's own rights aside.
        bindings: Names of the bindings that mean the caller.
    """

    caller: Caller
    route: LineRoute
    links: tuple[Link, ...]
    roles: tuple[str, ...] = ()
    bindings: tuple[str, ...] = ()

    @property
    def broken(self) -> Link | None:
        """Return the link that refuses, else the first that is broken, or ``None``."""
        refused = (link for link in self.links if link.outcome == "Refused")
        return next(refused, None) or next((link for link in self.links if link.outcome == "Broken"), None)

    @property
    def refused(self) -> bool:
        return any(link.outcome == "Refused" for link in self.links)
