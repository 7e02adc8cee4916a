"""DDL: which statement it is, what right it needs, and the helpers that all of them share.

Each runs on the engine's administrator connection as one PostgreSQL transaction, after the session's own was committed.
"""

# ruff: noqa: S608 - texts are made of quoted identifiers and literals

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from oracleapi_sandbox.oracle.engine.catalog import PUBLIC, Catalog, Change, Thing
from oracleapi_sandbox.oracle.engine.scope import Context, quote
from oracleapi_sandbox.oracle.engine.text import Reader, not_supported, tokens_of
from oracleapi_sandbox.oracle.engine.wire import Connection
from oracleapi_sandbox.oracle.ports import OracleError

if TYPE_CHECKING:
    from oracleapi_sandbox.oracle.engine.database import EngineDatabase


@dataclass
class Ddl:
    """One DDL statement: who runs it, the dictionary before it, and its tokens."""

    database: "EngineDatabase"
    admin: Connection
    catalog: Catalog
    context: Context
    reader: Reader
    now: datetime
    session: Any = None
    compile: tuple[tuple[str, str, str], ...] = ()  # owner, name and kind of units to be compiled afterwards
    editionable: bool = True
    needed: set[str] = field(default_factory=set)  # the system privileges without which it would be refused
    changes: set[Change] | None = None  # what of the dictionary is to be read anew; ``None``: everything

    @property
    def user(self) -> str:
        return self.context.user

    @property
    def schema(self) -> str:
        return self.context.schema

    def run(self, sql: str, parameters: Sequence[Any] = ()) -> list[list[Any]]:
        return self.admin.run(sql, parameters).rows

    def changes_only(self, *changes: Change) -> None:
        """Say that the statement changes these rows of the dictionary and nothing else."""
        self.changes = {*(self.changes or ()), *changes}

    def has(self, privilege: str) -> bool:
        return self.catalog.has_system(self.context.grantees, privilege)

    def uses(self, privilege: str) -> bool:
        """Say whether the user has a system privilege that the statement needs."""
        if self.has(privilege):
            self.needed.add(privilege)
            return True
        return False

    def require(self, privilege: str) -> None:
        if not self.uses(privilege):
            raise OracleError(1031, "insufficient privileges")

    def require_in(self, owner: str, own: str, anywhere: str) -> None:
        """Require *own* in the user's schema, *anywhere* in others."""
        if owner not in self.catalog.users:
            raise OracleError(1918, f"user '{owner}' does not exist")
        if owner == self.user and (not own or self.uses(own)):
            return
        if not self.catalog.has_schema(self.context.grantees, anywhere, owner):
            self.require(anywhere)

    def add_object(self, owner: str, name: str, kind: str, **more: Any) -> None:
        """Record a new object; a name in use is ORA-00955."""
        if (owner, name) in self.catalog.objects:
            raise OracleError(955, "name is already used by an existing object")
        self.run(
            "insert into ora_meta.objects"
            " (owner, name, type, created, changed, text, target_owner, target_name, details)"
            " values ($1, $2, $3, $4, $4, $5, $6, $7, $8::jsonb)",
            [
                owner,
                name,
                kind,
                self.now,
                more.get("text"),
                more.get("target_owner"),
                more.get("target_name"),
                json.dumps(more.get("details", {})),
            ],
        )

    def drop_object(self, owner: str, name: str) -> None:
        """Forget an object with everything that is kept about it."""
        for table, column in (
            ("objects", "name"),
            ("object_grants", "name"),
            ("columns", "table_name"),
            ("constraints", "table_name"),
            ("comments", "table_name"),
            ("units", "name"),
            ("dependencies", "name"),
            ("arguments", "package"),
            ("audit_options", "name"),
        ):
            self.run(f"delete from ora_meta.{table} where owner = $1 and {column} = $2", [owner, name])
        self.run(
            "delete from ora_meta.objects where type = 'INDEX' and target_owner = $1 and target_name = $2",
            [owner, name],
        )

    def existing(self, owner: str, name: str, kind: str, code: int, message: str) -> Thing:
        """Find an object of *kind* that the user may at least see."""
        thing = self.catalog.objects.get((owner, name))
        if thing is None or thing.type != kind or not self.sees(thing):
            raise OracleError(code, message)
        return thing

    def sees(self, thing: Thing) -> bool:
        grantees = set(self.context.grantees)
        if self.catalog.sees(self.user, grantees, thing):
            return True
        return thing.owner == PUBLIC or any(
            self.has(f"{verb} ANY {thing.type}") for verb in ("CREATE", "ALTER", "DROP", "GRANT")
        )


def execute(ddl: Ddl) -> None:
    """Run the statement."""
    from oracleapi_sandbox.oracle.engine import (
        accounts,
        alter,
        contexts,
        grants,
        objects,
        profiles,
        roles,
        tables,
        units,
    )
    from oracleapi_sandbox.oracle.engine.audit import ddl as audit

    reader = ddl.reader
    verb = reader.token.text
    reader.at += 1
    if verb in ("GRANT", "REVOKE"):
        (grants.grant if verb == "GRANT" else grants.revoke)(ddl)
        return
    if verb in ("AUDIT", "NOAUDIT"):
        (audit.audit if verb == "AUDIT" else audit.noaudit)(ddl)
        return
    replace = verb == "CREATE" and reader.accept("OR", "REPLACE")
    force = verb == "CREATE" and (reader.accept("FORCE") or reader.accept("NO", "FORCE") or reader.accept("NOFORCE"))
    if verb == "CREATE" and not reader.accept("EDITIONABLE"):
        ddl.editionable = not reader.accept("NONEDITIONABLE")
    public = reader.accept("PUBLIC")
    unique = reader.accept("UNIQUE")
    if force and not reader.token.is_word("VIEW"):
        raise OracleError(922, "missing or invalid option", reader.token.start)
    what = reader.token
    statements: dict[tuple[str, str], Callable[[Ddl], None]] = {
        ("CREATE", "USER"): accounts.create_user,
        ("ALTER", "USER"): accounts.alter_user,
        ("DROP", "USER"): accounts.drop_user,
        ("CREATE", "ROLE"): roles.create_role,
        ("ALTER", "ROLE"): roles.alter_role,
        ("DROP", "ROLE"): roles.drop_role,
        ("CREATE", "AUDIT"): audit.create_policy,
        ("ALTER", "AUDIT"): audit.alter_policy,
        ("DROP", "AUDIT"): audit.drop_policy,
        ("CREATE", "PROFILE"): profiles.create_profile,
        ("ALTER", "PROFILE"): profiles.alter_profile,
        ("DROP", "PROFILE"): profiles.drop_profile,
        ("CREATE", "TABLE"): tables.create_table,
        ("ALTER", "TABLE"): alter.alter_table,
        ("DROP", "TABLE"): tables.drop_table,
        ("TRUNCATE", "TABLE"): tables.truncate_table,
        ("COMMENT", "ON"): tables.comment_on,
        ("CREATE", "VIEW"): lambda each: objects.create_view(each, replace),
        ("DROP", "VIEW"): objects.drop_view,
        ("CREATE", "SEQUENCE"): objects.create_sequence,
        ("DROP", "SEQUENCE"): objects.drop_sequence,
        ("CREATE", "INDEX"): lambda each: objects.create_index(each, unique),
        ("DROP", "INDEX"): objects.drop_index,
        ("CREATE", "SYNONYM"): lambda each: objects.create_synonym(each, public, replace),
        ("DROP", "SYNONYM"): lambda each: objects.drop_synonym(each, public),
        ("CREATE", "CONTEXT"): lambda each: contexts.create_context(each, replace),
        ("DROP", "CONTEXT"): contexts.drop_context,
        **{("CREATE", kind): lambda each: units.create_unit(each, replace) for kind in units.KINDS},
        **{("DROP", kind): units.drop_unit for kind in units.KINDS},
        **{("ALTER", kind): units.alter_unit for kind in units.KINDS},
    }
    run: Callable[[Ddl], None] | None = statements.get((verb, what.text))
    if run is None:
        raise not_supported(f"{verb} {'PUBLIC ' if public else ''}{what.text}", what)
    if replace and what.text not in ("VIEW", "SYNONYM", "CONTEXT", *units.KINDS):
        raise OracleError(922, "missing or invalid option", what.start)
    reader.at += 1
    if what.text == "AUDIT":
        reader.expect("POLICY")
    run(ddl)


def reader_of(sql: str) -> Reader:
    return Reader(sql, tokens_of(sql))


def engine_name(owner: str, name: str) -> str:
    """An object's name in PostgreSQL."""
    return f"{quote(owner)}.{quote(name)}"
