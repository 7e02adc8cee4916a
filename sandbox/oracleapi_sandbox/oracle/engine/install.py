"""What a new database holds: functions, tables of the dictionary, supplied users, roles, profile and views."""

# ruff: noqa: S608 - texts are made of quoted identifiers and literals

import secrets
from collections.abc import Sequence
from datetime import datetime
from importlib.resources import files
from typing import TYPE_CHECKING

from oracleapi_sandbox.oracle.engine import describe
from oracleapi_sandbox.oracle.engine.catalog import PUBLIC, Thing
from oracleapi_sandbox.oracle.engine.ddl import Ddl, engine_name
from oracleapi_sandbox.oracle.engine.grants import add_grant
from oracleapi_sandbox.oracle.engine.privileges import DEFAULT_PROFILE, ENGINE_WIDE, ROLES, ROLES_OF_DBA
from oracleapi_sandbox.oracle.engine.scope import literal, quote
from oracleapi_sandbox.oracle.engine.wire import Connection
from oracleapi_sandbox.oracle.ports import Column, Package

if TYPE_CHECKING:
    from oracleapi_sandbox.oracle.engine.database import EngineDatabase

_USERS = {
    "SYS": (),
    "SYSTEM": (),
    "ORDS_METADATA": ("CREATE SESSION", "CREATE USER", "ALTER USER"),
    "ORDS_PUBLIC_USER": ("CREATE SESSION",),
}
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
    for privilege in ENGINE_WIDE:
        admin.run(f"create role {quote(privilege)} nologin")


def users_and_roles(admin: Connection, now: datetime, name: str, version: str) -> None:
    """Fill the dictionary of a new database."""
    release = f"{version.split('.')[0]}.0.0.0.0"
    product = f"Oracle Database {'23ai' if version.startswith('23') else '19c'} Enterprise Edition"
    values = {
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
    for resource, kind, limit in DEFAULT_PROFILE:
        admin.run("insert into ora_meta.profiles values ('DEFAULT', $1, $2, $3)", [resource, kind, limit])
    for role, privileges in ROLES.items():
        admin.run("insert into ora_meta.roles (role, oracle_maintained) values ($1, true)", [role])
        admin.run(f"create role {quote(role)} nologin")
        _system_grants(admin, role, privileges)
    for user, privileges in _USERS.items():
        admin.run(
            "insert into ora_meta.users (username, created, oracle_maintained, authentication, password_date)"
            " values ($1, $2, true, $3, $2)",
            [user, now, "NONE" if user in ("SYS", "ORDS_METADATA") else "PASSWORD"],
        )
        admin.run(f"create role {quote(user)} nologin")
        admin.run(f"create schema {quote(user)} authorization {quote(user)}")
        admin.run(f"grant usage on schema {quote(user)} to public")
        _system_grants(admin, user, privileges)
    _role_grants(admin)
    admin.run('grant usage, create on schema "ORDS_METADATA" to ora_repository')


def _system_grants(admin: Connection, grantee: str, privileges: Sequence[str]) -> None:
    for privilege in privileges:
        admin.run("insert into ora_meta.sys_grants values ($1, $2)", [grantee, privilege])
        if privilege in ENGINE_WIDE:
            admin.run(f"grant {quote(privilege)} to {quote(grantee)} with inherit true, set false")


def _role_grants(admin: Connection) -> None:
    grants = [("DBA", role) for role in ROLES_OF_DBA]
    grants += [("SYSTEM", "DBA"), ("ORDS_PUBLIC_USER", "ORDS_RUNTIME_ROLE")]
    grants += [(user, role) for user in ("SYS",) for role in ROLES]
    for grantee, role in grants:
        admin.run(
            "insert into ora_meta.role_grants (grantee, role, admin) values ($1, $2, $3::boolean)",
            [grantee, role, grantee != "DBA"],
        )
        if grantee in ROLES:
            admin.run(f"grant {quote(role)} to {quote(grantee)} with inherit true, set false")


def clean_sessions(admin: Connection) -> None:
    """Drop the session roles that an earlier process left."""
    for (role,) in admin.run("select rolname from pg_roles where rolname ~ '^\\$S[0-9]+$'").rows:
        admin.run(f"drop role {quote(role)}")
    admin.run("delete from ora_meta.sessions")


def views(database: "EngineDatabase", ddl: Ddl) -> None:
    """Create the dictionary views of ``sql/views.sql``."""
    text = (files("oracleapi_sandbox.oracle.engine") / "sql" / "views.sql").read_text()
    for block in text.split("\n-- ")[1:]:
        head, _, sql = block.partition("\n")
        fields = [part.strip() for part in head.split("|")]
        if len(fields) != 3:
            continue
        name, visible_to, synonym = fields
        sql = sql.strip().rstrip(";")
        if "{}" not in name:
            view(database, ddl, "SYS", name, sql, visible_to, synonym)
            continue
        for family in _FAMILIES:
            view(
                database, ddl, "SYS", name.format(family), _family(sql, family),
                "SELECT_CATALOG_ROLE" if family == "DBA" else PUBLIC, synonym.format(family),
            )  # fmt: skip


def _family(sql: str, family: str) -> str:
    """The DBA, ALL or USER form of a view over ``o``, a row of the objects."""
    if family == "DBA":
        return sql
    condition = "o.owner = ora.session_user_name()" if family == "USER" else "ora.sees(o.owner, o.name, o.type)"
    if family == "USER":
        sql = (
            sql.replace('o.owner as "OWNER", ', "", 1)
            .replace('c.owner as "OWNER", ', "", 1)
            .replace('k.owner as "OWNER", ', "", 1)
        )
        sql = sql.replace('o.owner as "SEQUENCE_OWNER", ', "", 1)
    word = "and" if " where " in sql.replace("\n", " ").split(" from ora_meta.")[-1] else "where"
    return f"{sql} {word} {condition}"


def view(
    database: "EngineDatabase",
    ddl: Ddl,
    owner: str,
    name: str,
    sql: str,
    visible_to: str,
    synonym: str,
    columns: Sequence[Column] = (),
    engine_owner: str | None = None,
) -> None:
    """Create or replace one view, its description, its grant and its public synonym."""
    target, role = engine_name(owner, name), "public" if visible_to == PUBLIC else quote(visible_to)
    o, n, syn, now = literal(owner), literal(name), literal(synonym), literal(ddl.now.isoformat())
    script = [
        f"drop view if exists {target}",
        *(
            f"delete from ora_meta.{table} where owner = {o} and {column} = {n}"
            for table, column in (("objects", "name"), ("columns", "table_name"), ("object_grants", "name"))
        ),
        f"delete from ora_meta.objects where owner = 'PUBLIC' and name = {syn}",
        f"create view {target} as {sql}",
        f"grant select on {target} to {role}",
        f'grant select on {target} to "SELECT ANY DICTIONARY"',
        "insert into ora_meta.objects (owner, name, type, created, changed, text, target_owner, target_name) values"
        f" ({o}, {n}, 'VIEW', {now}, {now}, {literal(sql)}, null, null),"
        f" ('PUBLIC', {syn}, 'SYNONYM', {now}, {now}, null, {o}, {n})",
        "insert into ora_meta.object_grants (grantor, grantee, owner, name, type, privilege)"
        f" values ({o}, {literal(visible_to)}, {o}, {n}, 'VIEW', 'SELECT')",
    ]
    if engine_owner is not None:
        script.append(f"alter view {target} owner to {quote(engine_owner)}")
    ddl.admin.script(";".join(script))
    found = columns or describe.columns(ddl.admin.describe(f"select * from {target}") or (), {})
    rows = ", ".join(
        f"({o}, {n}, {at}, {literal(each.name)}, {literal(each.type)}, {each.size}, {each.precision or 'null'},"
        f" {'null' if each.scale == -127 else each.scale})"
        for at, each in enumerate(found, 1)
    )
    ddl.admin.script(
        "insert into ora_meta.columns (owner, table_name, position, name, type, length, precision, scale)"
        f" values {rows}"
    )


def _add(ddl: Ddl, owner: str, name: str, kind: str, text: str | None, target: tuple[str, str] | None = None) -> None:
    ddl.run(
        "insert into ora_meta.objects (owner, name, type, created, changed, text, target_owner, target_name)"
        " values ($1, $2, $3, $4, $4, $5, $6, $7)",
        [owner, name, kind, ddl.now, text, target[0] if target else None, target[1] if target else None],
    )


def package(ddl: Ddl, supplied: Package, executable_by: str) -> None:
    """Describe a supplied package in the dictionary and grant EXECUTE."""
    owner, name = supplied.owner, supplied.name
    ddl.run("delete from ora_meta.objects where owner in ('PUBLIC', $1) and name = $2", [owner, name])
    ddl.run("delete from ora_meta.object_grants where owner = $1 and name = $2", [owner, name])
    ddl.run("delete from ora_meta.arguments where owner = $1 and package = $2", [owner, name])
    _add(ddl, owner, name, "PACKAGE", None)
    _add(ddl, PUBLIC, name, "SYNONYM", None, (owner, name))
    add_grant(ddl, Thing(owner, name, "PACKAGE", 0, None, None, None, {}), owner, executable_by, "EXECUTE", "", False)
    counts: dict[str, int] = {}
    for each in supplied.subprograms:
        counts[each.name] = counts.get(each.name, 0) + 1
        overloaded = sum(other.name == each.name for other in supplied.subprograms) > 1
        arguments = [
            (at, a.name.upper(), a.type, a.mode, a.default is not ...) for at, a in enumerate(each.arguments, 1)
        ]
        if each.returns:
            arguments.insert(0, (0, None, each.returns, "OUT", False))  # type: ignore[arg-type]
        for position, argument, kind, mode, defaulted in arguments or [(1, None, None, "IN", False)]:  # type: ignore[list-item]
            ddl.run(
                "insert into ora_meta.arguments values ($1, $2, $3, $4, $5, $6, $7, $8, $9::boolean)",
                [
                    owner,
                    name,
                    each.name,
                    counts[each.name] if overloaded else 0,
                    position,
                    argument,
                    kind,
                    mode,
                    defaulted,
                ],
            )
