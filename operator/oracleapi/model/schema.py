"""The ORDS half of a schema as values: modules, privileges, profile, enablement. Pure.

The schema is the unit: privileges, JWT profile and enablement belong to it, not to one API, and have one writer
(docs/adr/0004-access-groups.md). All metadata changes travel in one transaction; enabling is DDL and comes before.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

NOBODY = "oracleapi.nobody"
"""ORDS role that nobody holds, on every privilege of ours: without roles any authenticated caller would pass."""

ENABLED_MARK = "oracleapi.enabled"
"""Privilege without patterns and modules whose comment says that this operator enabled the schema."""

PUBLISHED, NOT_PUBLISHED = "PUBLISHED", "NOT_PUBLISHED"


@dataclass(frozen=True, order=True)
class HandlerParameter:
    name: str
    bind: str
    source: str  # HEADER, URI, RESPONSE
    type: str
    access: str  # IN, OUT, INOUT


@dataclass(frozen=True)
class Handler:
    source_type: str
    source: str
    items_per_page: int | None = None
    parameters: tuple[HandlerParameter, ...] = ()


@dataclass(frozen=True)
class Module:
    """A module with its handlers by (pattern, method); ``base_path`` has one slash at either end."""

    name: str
    base_path: str
    items_per_page: int
    handlers: Mapping[tuple[str, str], Handler]
    comments: str = ""
    status: str = PUBLISHED


@dataclass(frozen=True)
class Privilege:
    """A privilege. Its name is the scope that opens it; patterns are relative to the schema's alias."""

    name: str
    patterns: tuple[str, ...]
    roles: tuple[str, ...]
    comments: str = ""
    modules: tuple[str, ...] = ()

    def protects(self, module: Module) -> bool:
        """Say whether *module* lies below one of the patterns."""
        return any(module.base_path.startswith(f"{pattern}/") for pattern in self.patterns if pattern != "/")


@dataclass(frozen=True)
class JwtProfile:
    issuer: str
    audience: str
    jwk_url: str
    description: str = ""


@dataclass(frozen=True)
class DesiredSchema:
    """What a schema should hold of ours. ``profile`` is ``None`` when nothing is protected by tokens."""

    schema: str
    alias: str
    modules: Mapping[str, Module]
    privileges: Mapping[str, Privilege]
    profile: JwtProfile | None
    marker: str


@dataclass(frozen=True)
class ObservedSchema:
    """What the dictionary holds of a schema.

    Args:
        alias: ``None`` when it was never REST-enabled.
        pdb_guid: Identity of the database that was read; empty where it is not known.
        powers: Why nothing may run as this schema, each as a predicate such as ``holds role DBA``; empty for a plain
            schema.
    """

    schema: str
    exists: bool
    alias: str | None = None
    enabled: bool = False
    modules: Mapping[str, Module] = field(default_factory=lambda: MappingProxyType({}))
    privileges: Mapping[str, Privilege] = field(default_factory=lambda: MappingProxyType({}))
    profile: JwtProfile | None = None
    roles: frozenset[str] = frozenset()
    pdb_guid: str = ""
    powers: tuple[str, ...] = ()


@dataclass(frozen=True)
class EnableSchema:
    """Enable a schema and mark it as enabled by us, in one call: a crash between the two would hide who did it.

    Args:
        mark: ``None`` where another installation has its mark there.
        roles: Roles to create for it.
    """

    schema: str
    alias: str
    mark: Privilege | None = None
    roles: tuple[str, ...] = ()
    verb: Literal["create"] = "create"

    def describe(self) -> str:
        return f"enable schema {self.schema} as {self.alias}"


@dataclass(frozen=True)
class DisableSchema:
    """Take our mark away and disable a schema, in one call."""

    schema: str
    delete_privileges: tuple[str, ...] = ()
    delete_roles: tuple[str, ...] = ()
    verb: Literal["delete"] = "delete"

    def describe(self) -> str:
        return f"disable schema {self.schema}"


@dataclass(frozen=True)
class ChangeSchema:
    """One transaction over a schema's metadata, applied in field order, ended by COMMIT.

    Args:
        drop_profile: Delete the present profile first (there is no update).
        delete_modules: Names of modules to delete, replaced ones included: DEFINE_MODULE may refuse an existing one.
        roles: Roles to create.
        modules: Modules to define whole.
        privileges: Privileges to define.
        profile: Profile to create.
        delete_privileges, delete_roles: What goes last.
    """

    schema: str
    drop_profile: bool = False
    delete_modules: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    modules: tuple[Module, ...] = ()
    privileges: tuple[Privilege, ...] = ()
    profile: JwtProfile | None = None
    delete_privileges: tuple[str, ...] = ()
    delete_roles: tuple[str, ...] = ()
    verb: Literal["update"] = "update"

    @property
    def empty(self) -> bool:
        return self == ChangeSchema(self.schema)

    def describe(self) -> str:
        parts = [
            *(f"define module {module.name}" for module in self.modules),
            *(f"define privilege {privilege.name}" for privilege in self.privileges),
            *(f"delete module {name}" for name in self.delete_modules if name not in {m.name for m in self.modules}),
            *(f"delete privilege {name}" for name in self.delete_privileges),
        ]
        if self.profile is not None:
            parts.append("create JWT profile")
        elif self.drop_profile:
            parts.append("delete JWT profile")
        parts += [f"create role {name}" for name in self.roles] + [f"delete role {name}" for name in self.delete_roles]
        return f"schema {self.schema}: {', '.join(parts)}"


SchemaAction = EnableSchema | DisableSchema | ChangeSchema
