"""The dictionary in memory: users, roles, grants and objects as committed, and what a set of grantees may do.

Every change of it goes through the engine's DDL in this process, which loads it anew: it is always up to date.
"""

# ruff: noqa: S608 - texts are made of quoted identifiers and literals

import json
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from oracleapi_sandbox.oracle.engine.audit.rules import Rules, built
from oracleapi_sandbox.oracle.engine.wire import Connection

PUBLIC, SYS = "PUBLIC", "SYS"
Change = tuple[str, ...]
"""A table of ``ora_meta`` and the key of the rows in it that a statement changed."""
ANY_OF = {
    "SELECT": ("SELECT ANY TABLE", "READ ANY TABLE"),
    "READ": ("SELECT ANY TABLE", "READ ANY TABLE"),
    "INSERT": ("INSERT ANY TABLE",),
    "UPDATE": ("UPDATE ANY TABLE",),
    "DELETE": ("DELETE ANY TABLE",),
    "EXECUTE": ("EXECUTE ANY PROCEDURE",),
}
ANY_PRIVILEGES = frozenset(
    {"SELECT ANY SEQUENCE", "SELECT ANY DICTIONARY", *(name for names in ANY_OF.values() for name in names)}
)
_TABLES = (
    "users",
    "roles",
    "role_grants",
    "sys_grants",
    "schema_grants",
    "object_grants",
    "proxies",
    "profiles",
    "objects",
    "columns",
    "constraints",
    "units",
    "contexts",
    "inherit_grants",
    "audit_policies",
    "audit_options",
    "audit_enabled",
    "audit_contexts",
)


@dataclass(frozen=True)
class ColumnInfo:
    """A column of a table or view with Oracle's type."""

    name: str
    type: str
    length: int
    precision: int | None
    scale: int | None
    chars: bool
    nullable: bool
    default_text: str | None
    identity: str | None
    on_null: bool


@dataclass(frozen=True)
class Thing:
    """A schema object: TABLE, VIEW, SEQUENCE, SYNONYM, INDEX, PACKAGE, PROCEDURE, FUNCTION."""

    owner: str
    name: str
    type: str
    object_id: int
    text: str | None
    target_owner: str | None
    target_name: str | None
    details: dict[str, Any]
    columns: dict[str, ColumnInfo] = field(default_factory=dict)


@dataclass(frozen=True)
class Grant:
    """An object privilege that was granted."""

    grantor: str
    grantee: str
    type: str
    privilege: str
    column: str
    grantable: bool


@dataclass(frozen=True)
class ApplicationContext:
    """A context's namespace: owner and name of the unit that may set it; *shared*: by all sessions."""

    unit: tuple[str, str]
    shared: bool


@dataclass(frozen=True)
class Catalog:
    """One committed state of the dictionary; *shape* changes only where objects or columns may have changed."""

    version: int
    shape: int
    users: dict[str, dict[str, Any]]
    roles: dict[str, dict[str, Any]]
    role_grants: dict[str, dict[str, dict[str, Any]]]
    sys_grants: dict[str, dict[str, bool]]
    schema_grants: dict[str, dict[tuple[str, str], bool]]
    object_grants: dict[tuple[str, str], list[Grant]]
    proxies: dict[tuple[str, str], dict[str, Any]]
    profiles: dict[str, dict[str, str]]
    objects: dict[tuple[str, str], Thing]
    constraints: dict[tuple[str, str], dict[str, Any]]
    units: dict[tuple[str, str, str], dict[str, Any]]
    contexts: dict[str, ApplicationContext]
    inherits: dict[str, set[str]]
    audit: Rules

    def closure(self, roles: Iterable[str]) -> set[str]:
        """Return *roles* and every role granted to them, directly or not."""
        found: set[str] = set()
        waiting = list(roles)
        while waiting:
            role = waiting.pop()
            if role not in found:
                found.add(role)
                waiting.extend(self.role_grants.get(role, {}))
        return found

    def resolve(self, owner: str | None, name: str, schema: str) -> Thing | None:
        """Find what *name* means in *schema*: own object, then public synonym; synonyms are followed."""
        found = self.objects.get((owner or schema, name))
        if found is None and owner is None:
            found = self.objects.get((PUBLIC, name))
        for _ in range(10):
            if found is None or found.type != "SYNONYM":
                return found
            found = self.objects.get((found.target_owner or "", found.target_name or ""))
        return None

    def has_system(self, grantees: Iterable[str], privilege: str) -> bool:
        return any(privilege in self.sys_grants.get(grantee, {}) for grantee in grantees)

    def has_schema(self, grantees: Iterable[str], privilege: str, schema: str) -> bool:
        """Say whether *privilege* is held on all of *schema*."""
        return any((privilege, schema) in self.schema_grants.get(grantee, {}) for grantee in grantees)

    def _has_any(self, grantees: Collection[str], privilege: str, owner: str) -> bool:
        return self.has_system(grantees, privilege) or self.has_schema(grantees, privilege, owner)

    def sees(self, user: str, grantees: set[str], thing: Thing) -> bool:
        """Say whether one with these grantees has any right on *thing*; to others it does not exist."""
        if thing.owner == user:
            return True
        if any(grant.grantee in grantees for grant in self.object_grants.get((thing.owner, thing.name), ())):
            return True
        if thing.owner == SYS:
            return thing.type == "VIEW" and self.has_system(grantees, "SELECT ANY DICTIONARY")
        wanted = {
            "SEQUENCE": ("SELECT ANY SEQUENCE",),
            **dict.fromkeys(("PACKAGE", "PROCEDURE", "FUNCTION"), ("EXECUTE ANY PROCEDURE",)),
        }.get(thing.type, tuple(name for names in ANY_OF.values() for name in names if name.endswith("TABLE")))
        return any(self._has_any(grantees, privilege, thing.owner) for privilege in wanted)

    def may(self, user: str, grantees: set[str], thing: Thing, privilege: str) -> bool:
        """Say whether *privilege* on the whole of *thing* is held."""
        if thing.owner == user:
            return True
        accepted = ("SELECT", "READ") if privilege in ("SELECT", "READ") else (privilege,)
        for grant in self.object_grants.get((thing.owner, thing.name), ()):
            if grant.grantee in grantees and grant.privilege in accepted and not grant.column:
                return True
        if thing.owner == SYS:
            return privilege == "SELECT" and self.has_system(grantees, "SELECT ANY DICTIONARY")
        anywhere = ("SELECT ANY SEQUENCE",) if thing.type == "SEQUENCE" else ANY_OF.get(privilege, ())
        return any(self._has_any(grantees, each, thing.owner) for each in anywhere)

    def any_privilege(self, user: str, grantees: set[str], thing: Thing, privilege: str) -> str | None:
        """Return the system privilege by which *privilege* on *thing* is held, ``None`` where it needs none.

        One on the schema comes first, as object privileges do. [U]
        """
        if thing.owner == user:
            return None
        accepted = ("SELECT", "READ") if privilege in ("SELECT", "READ") else (privilege,)
        for grant in self.object_grants.get((thing.owner, thing.name), ()):
            if grant.grantee in grantees and grant.privilege in accepted:
                return None
        wanted = ("SELECT ANY SEQUENCE",) if thing.type == "SEQUENCE" else ANY_OF.get(privilege, ())
        if any(self.has_schema(grantees, each, thing.owner) for each in wanted):
            return None
        wanted = ("SELECT ANY DICTIONARY",) if thing.owner == SYS else wanted
        return next((each for each in wanted if self.has_system(grantees, each)), None)

    def limit(self, profile: str, resource: str) -> str:
        """Return a profile's limit; DEFAULT is looked up in the profile of that name."""
        found = self.profiles.get(profile, {}).get(resource, "DEFAULT")
        return self.profiles["DEFAULT"][resource] if found == "DEFAULT" else found


def load(admin: Connection, version: int) -> Catalog:
    """Read the committed dictionary."""
    parts = ", ".join(f"(select json_agg(t) from ora_meta.{name} t)::varchar" for name in _TABLES)
    row = admin.run(f"select {parts}").rows[0]
    tables = {name: json.loads(cell) if cell else [] for name, cell in zip(_TABLES, row, strict=True)}
    profiles: dict[str, dict[str, str]] = {}
    for limit in tables["profiles"]:
        profiles.setdefault(limit["profile"], {})[limit["resource"]] = limit["lim"]
    inherits: dict[str, set[str]] = {}
    for grant in tables["inherit_grants"]:
        inherits.setdefault(grant["username"], set()).add(grant["grantee"])
    return Catalog(
        version,
        version,
        _users(tables["users"]),
        _roles(tables["roles"]),
        _role_grants(tables["role_grants"]),
        _sys_grants(tables["sys_grants"]),
        _schema_grants(tables["schema_grants"]),
        _grants(tables["object_grants"]),
        _proxies(tables["proxies"]),
        profiles,
        _things(tables["objects"], tables["columns"]),
        {(each["owner"], each["name"]): each for each in tables["constraints"]},
        {(each["owner"], each["name"], each["type"]): each for each in tables["units"]},
        {
            each["namespace"]: ApplicationContext((each["schema"], each["package"]), each["shared"])
            for each in tables["contexts"]
        },
        inherits,
        built(*(tables[f"audit_{name}"] for name in ("policies", "options", "enabled", "contexts"))),
    )


def refreshed(admin: Connection, old: Catalog, version: int, changed: Iterable[Change]) -> Catalog:
    """Return *old* with the rows read anew that a statement changed: what it costs depends on them alone."""
    keys: dict[str, set[tuple[str, ...]]] = {}
    for table, *key in changed:
        keys.setdefault(table, set()).add(tuple(key))
    if not keys:
        return replace(old, version=version)
    parts, parameters = [], list[str]()
    for table, wanted in keys.items():
        rows = []
        for each in wanted:
            rows.append(f"({', '.join(f'${len(parameters) + at}' for at in range(1, len(each) + 1))})")
            parameters += each
        condition = f"({', '.join(_KEYS[table])}) in ({', '.join(rows)})"
        parts.append(f"(select json_agg(t) from ora_meta.{table} t where {condition})::varchar")
    found = admin.run(f"select {', '.join(parts)}", parameters).rows[0]
    values: dict[str, Any] = {}
    for (table, wanted), cell in zip(keys.items(), found, strict=True):
        gone = {key[0] if len(key) == 1 else key for key in wanted}
        kept = {key: value for key, value in getattr(old, table).items() if key not in gone}
        values[table] = kept | _READERS[table](json.loads(cell) if cell else [])
    return replace(old, version=version, **values)


def _users(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["username"]: row for row in rows}


def _roles(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["role"]: row for row in rows}


def _role_grants(rows: list[dict[str, Any]]) -> dict[str, dict[str, dict[str, Any]]]:
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["grantee"], {})[row["role"]] = row
    return found


def _sys_grants(rows: list[dict[str, Any]]) -> dict[str, dict[str, bool]]:
    found: dict[str, dict[str, bool]] = {}
    for row in rows:
        found.setdefault(row["grantee"], {})[row["privilege"]] = row["admin"]
    return found


def _schema_grants(rows: list[dict[str, Any]]) -> dict[str, dict[tuple[str, str], bool]]:
    found: dict[str, dict[tuple[str, str], bool]] = {}
    for row in rows:
        found.setdefault(row["grantee"], {})[row["privilege"], row["schema"]] = row["admin"]
    return found


def _proxies(rows: list[dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    return {(row["proxy"], row["client"]): row for row in rows}


def _grants(rows: list[dict[str, Any]]) -> dict[tuple[str, str], list[Grant]]:
    found: dict[tuple[str, str], list[Grant]] = {}
    for row in rows:
        grant = Grant(row["grantor"], row["grantee"], row["type"], row["privilege"], row["col"], row["grantable"])
        found.setdefault((row["owner"], row["name"]), []).append(grant)
    return found


def _things(objects: list[dict[str, Any]], columns: list[dict[str, Any]]) -> dict[tuple[str, str], Thing]:
    by_table: dict[tuple[str, str], dict[str, ColumnInfo]] = {}
    for row in sorted(columns, key=lambda each: int(each["position"])):
        info = ColumnInfo(
            row["name"],
            row["type"],
            row["length"] or 0,
            row["precision"],
            row["scale"],
            row["chars"],
            row["nullable"],
            row["default_text"],
            row["identity"],
            row["on_null"],
        )
        by_table.setdefault((row["owner"], row["table_name"]), {})[info.name] = info
    return {
        (row["owner"], row["name"]): Thing(
            row["owner"],
            row["name"],
            row["type"],
            row["object_id"],
            row["text"],
            row["target_owner"],
            row["target_name"],
            row["details"],
            by_table.get((row["owner"], row["name"]), {}),
        )
        for row in objects
    }


_KEYS = {
    "users": ("username",),
    "roles": ("role",),
    "role_grants": ("grantee",),
    "sys_grants": ("grantee",),
    "schema_grants": ("grantee",),
    "object_grants": ("owner", "name"),
    "proxies": ("proxy", "client"),
}
_READERS: dict[str, Callable[[list[dict[str, Any]]], dict[Any, Any]]] = {
    "users": _users,
    "roles": _roles,
    "role_grants": _role_grants,
    "sys_grants": _sys_grants,
    "schema_grants": _schema_grants,
    "object_grants": _grants,
    "proxies": _proxies,
}
