"""What a new database holds: functions, tables of the dictionary, supplied users, roles, profile and views."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime
from importlib.resources import files
from typing import TYPE_CHECKING

from oracleapi_sandbox.oracle.engine.audit.predefined import ENABLED, PREDEFINED
from oracleapi_sandbox.oracle.engine.catalog import PUBLIC
from oracleapi_sandbox.oracle.engine.ddl import Ddl, engine_name
from oracleapi_sandbox.oracle.engine.privileges import (
    ADMINISTRATIVE,
    DEFAULT_PROFILE,
    ENGINE_WIDE,
    ROLES,
    ROLES_OF_DBA,
    ROLLOVER,
    ROLLOVER_SINCE,
    system_privileges,
)
from oracleapi_sandbox.oracle.engine.scope import quote
from oracleapi_sandbox.oracle.engine.supplied import view
from oracleapi_sandbox.oracle.engine.wire import Connection, PostgresError

if TYPE_CHECKING:
    pass

_USERS = {
    "SYS": (),
    "SYSTEM": (),
    "ORDS_METADATA": ("CREATE SESSION", "CREATE USER", "ALTER USER"),
    "ORDS_PUBLIC_USER": ("CREATE SESSION",),
    "AUDSYS": (),
}
_BY_PACKAGES = (
    *(f"network_{each}" for each in ("acls", "aces", "hosts", "wallets")),
    *(f"rsrc_{each}" for each in ("grants", "mappings", "pending")),
)
"""Tables of the dictionary that supplied packages write."""
_GROUPS = ("SYS_GROUP", "DEFAULT_CONSUMER_GROUP", "OTHER_GROUPS", "LOW_GROUP", "BATCH_GROUP", "INTERACTIVE_GROUP")
"""Consumer groups that a new database has. [D: Administrator's Guide, predefined consumer groups]"""
_FAMILIES = ("DBA", "ALL", "USER")


def schemas(admin: Connection) -> None:
    """Create the schemas "ora" and "ora_meta" and the role that owns the ORDS repository."""
    folder = files("oracleapi_sandbox.oracle.engine") / "sql"
    for name in ("functions.sql", "meta.sql", "accounts.sql"):
        admin.script((folder / name).read_text())
    admin.script("set search_path = ora, pg_catalog")
    admin.script(
        "revoke all on database postgres from public; grant connect on database postgres to public;"
        "revoke all on schema public from public; create role ora_repository nologin;"
        "grant create on database postgres to ora_repository;"
        "grant usage on schema ora_meta to ora_repository;"
        "grant select on all tables in schema ora_meta to ora_repository"
    )
    admin.script(
        ";".join(f"grant insert, update, delete on ora_meta.{table} to ora_repository" for table in _BY_PACKAGES)
    )
    for privilege in ENGINE_WIDE:
        admin.run(f"create role {quote(privilege)} nologin")


def _format() -> str:
    """What tells one version of the engine's own objects from another."""
    folder = files("oracleapi_sandbox.oracle.engine") / "sql"
    texts = (entry.read_bytes() for entry in sorted(folder.iterdir(), key=lambda each: each.name))
    return hashlib.sha256(b"".join(texts)).hexdigest()


def check_format(admin: Connection) -> None:
    """Refuse data that another version of the double has made: its functions and tables are not these.

    Raises:
        RuntimeError: It is of another version.
    """
    try:
        rows = admin.run("select value from ora_meta.instance where key = 'format'").rows
    except PostgresError:
        rows = []  # of a version before there were formats, or not made to its end
    if rows != [[_format()]]:
        raise RuntimeError("the database was made by another version of the sandbox: delete its folder to begin anew")


def users_and_roles(admin: Connection, now: datetime, name: str, version: str) -> None:
    """Fill the dictionary of a new database."""
    release = f"{version.split('.')[0]}.0.0.0.0"
    product = f"Oracle Database {'23ai' if version.startswith('23') else '19c'} Enterprise Edition"
    values = {
        "format": _format(),
        "dbid": str(secrets.randbelow(2**32 - 10**9) + 10**9),
        "guid": secrets.token_hex(16),
        "created": now.isoformat(sep=" ", timespec="seconds"),
        **dict.fromkeys(("db_name", "con_name", "service_name", "db_unique_name", "cdb_name", "instance_name"), name),
        "version": version,
        "release": release,
        "product": product,
        "banner": f"{product} Release {release} - Production",
    }
    for key, value in values.items():
        admin.run("insert into ora_meta.instance values ($1, $2)", [key, value])
    rolls = tuple(int(part) for part in version.split(".")[:2]) >= ROLLOVER_SINCE
    for resource, kind, limit in DEFAULT_PROFILE:
        if resource == ROLLOVER and not rolls:
            continue
        admin.run("insert into ora_meta.profiles values ('DEFAULT', $1, $2, $3)", [resource, kind, limit])
    known = system_privileges(int(version.partition(".")[0]))
    for role, privileges in ROLES.items():
        admin.run("insert into ora_meta.roles (role, oracle_maintained) values ($1, true)", [role])
        admin.run(f"create role {quote(role)} nologin")
        _system_grants(admin, role, [each for each in privileges if each in known])
    for user, privileges in _USERS.items():
        admin.run(
            "insert into ora_meta.users (username, created, oracle_maintained, authentication, password_date)"
            " values ($1, $2, true, $3, $2)",
            [user, now, "NONE" if user in ("SYS", "ORDS_METADATA", "AUDSYS") else "PASSWORD"],
        )
        if user not in ("SYS", "SYSTEM"):
            admin.run("insert into ora_meta.inherit_grants values ($1, 'PUBLIC')", [user])
        admin.run(f"create role {quote(user)} nologin")
        admin.run(f"create schema {quote(user)} authorization {quote(user)}")
        admin.run(f"grant usage on schema {quote(user)} to public")
        _system_grants(admin, user, privileges)
    admin.run("update ora_meta.users set administrative = $1::text[] where username = 'SYS'", [list(ADMINISTRATIVE)])
    for group in _GROUPS:
        admin.run("insert into ora_meta.rsrc_groups values ($1)", [group])
    _role_grants(admin)
    _audit_policies(admin, now)
    admin.run('grant usage, create on schema "ORDS_METADATA" to ora_repository')


def _system_grants(admin: Connection, grantee: str, privileges: Sequence[str]) -> None:
    for privilege in privileges:
        admin.run("insert into ora_meta.sys_grants values ($1, $2)", [grantee, privilege])
        if privilege in ENGINE_WIDE:
            admin.run(f"grant {quote(privilege)} to {quote(grantee)} with inherit true, set false")


def _role_grants(admin: Connection) -> None:
    grants = [("DBA", role) for role in ROLES_OF_DBA]
    grants += [("SYSTEM", "DBA"), ("ORDS_PUBLIC_USER", "ORDS_RUNTIME_ROLE")]
    grants += [("SYS", role) for role in ROLES]
    for grantee, role in grants:
        admin.run(
            "insert into ora_meta.role_grants (grantee, role, admin) values ($1, $2, $3::boolean)",
            [grantee, role, grantee != "DBA"],
        )


def _audit_policies(admin: Connection, now: datetime) -> None:
    """Make the policies that Oracle brings, and enable those that it enables."""
    for name, options in PREDEFINED.items():
        admin.run("insert into ora_meta.audit_policies (name, supplied) values ($1, true)", [name])
        for option in options:
            admin.run("insert into ora_meta.audit_options values ($1, $2, $3)", [name, option.kind, option.name])
        admin.run(
            "insert into ora_meta.objects (owner, name, type, created, changed)"
            " values ('SYS', $1, 'UNIFIED AUDIT POLICY', $2, $2)",
            [name, now],
        )
    for name, success in ENABLED.items():
        admin.run(
            "insert into ora_meta.audit_enabled values ($1, 'BY USER', 'ALL USERS', $2::boolean, true)", [name, success]
        )


def clean_sessions(admin: Connection) -> None:
    """Drop the session roles that an earlier process left, and what lived in its memory."""
    for (role,) in admin.run("select rolname from pg_roles where rolname ~ '^\\$S[0-9]+$'").rows:
        admin.run(f"drop role {quote(role)}")
    admin.run("delete from ora_meta.sessions")
    admin.run("delete from ora_meta.shared_contexts")


def views(ddl: Ddl) -> None:
    """Create the dictionary views of ``sql/views.sql`` and ``sql/security.sql``."""
    folder = files("oracleapi_sandbox.oracle.engine") / "sql"
    text = "\n".join((folder / name).read_text() for name in ("views.sql", "security.sql"))
    for block in text.split("\n-- ")[1:]:
        head, _, sql = block.partition("\n")
        fields = [part.strip() for part in head.split("|")]
        if len(fields) < 3:
            continue
        name, visible_to, synonym, *since = fields
        if since and ddl.context.major < int(since[0]):
            continue
        sql = sql.strip().rstrip(";")
        if "{}" not in name:
            owner, _, name = name.rpartition(".")
            holder, *others = visible_to.split(", ")
            view(ddl, owner or "SYS", name, sql, holder, synonym)
            for other in others:
                _show_too(ddl, owner or "SYS", name, other)
            continue
        for family in _FAMILIES:
            holder = "SELECT_CATALOG_ROLE" if family == "DBA" else PUBLIC
            view(ddl, "SYS", name.format(family), _family(sql, family), holder, synonym.format(family))


def _show_too(ddl: Ddl, owner: str, name: str, role: str) -> None:
    ddl.run(
        "insert into ora_meta.object_grants (grantor, grantee, owner, name, type, privilege)"
        " values ($1, $2, $1, $3, 'VIEW', 'SELECT')",
        [owner, role, name],
    )
    ddl.run(f"grant select on {engine_name(owner, name)} to {quote(role)}")


def _family(sql: str, family: str) -> str:
    """The DBA, ALL or USER form of a view over ``o``, a row of the objects."""
    if family == "DBA":
        return sql
    condition = "o.owner = ora.current_user_name()" if family == "USER" else "ora.sees(o.owner, o.name, o.type)"
    if family == "USER":
        sql = (
            sql.replace('o.owner as "OWNER", ', "", 1)
            .replace('c.owner as "OWNER", ', "", 1)
            .replace('k.owner as "OWNER", ', "", 1)
        )
        sql = sql.replace('o.owner as "SEQUENCE_OWNER", ', "", 1)
    word = "and" if " where " in sql.replace("\n", " ").split(" from ora_meta.")[-1] else "where"
    return f"{sql} {word} {condition}"
