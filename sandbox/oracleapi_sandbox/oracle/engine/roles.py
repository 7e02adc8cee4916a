"""CREATE, ALTER and DROP ROLE, and a user's default roles.

Source: Database SQL Language Reference 19c, CREATE/ALTER/DROP ROLE, ALTER USER; error messages 1955, 28404 [D].
"""

import json
from typing import Any

from oracleapi_sandbox.oracle.engine import object_grants, passwords, schema_grants
from oracleapi_sandbox.oracle.engine.catalog import PUBLIC
from oracleapi_sandbox.oracle.engine.ddl import Ddl
from oracleapi_sandbox.oracle.engine.privileges import ENGINE_WIDE
from oracleapi_sandbox.oracle.engine.scope import quote
from oracleapi_sandbox.oracle.engine.text import not_supported
from oracleapi_sandbox.oracle.ports import OracleError
from oracleapi_sandbox.oracle.verifier import make_verifier, stored

_ENGINES_OWN = ("postgres", "public", "none", "ora_repository", *ENGINE_WIDE)


def create_role(ddl: Ddl) -> None:
    """``CREATE ROLE r [NOT IDENTIFIED | IDENTIFIED BY pw | IDENTIFIED USING [schema.]package]``.

    Its creator gets it WITH ADMIN OPTION. The package need not exist. [D]
    """
    ddl.require("CREATE ROLE")
    name = ddl.reader.name(1937, "missing or invalid role name")
    if name in ddl.catalog.users or name in ddl.catalog.roles or name == PUBLIC:
        raise OracleError(1921, f"role name '{name}' conflicts with another user or role name")
    check_name(name)
    authentication, verifier, schema, package = _identified(ddl)
    ddl.run(
        "insert into ora_meta.roles (role, authentication, verifier, schema, package)"
        " values ($1, $2, $3::jsonb, $4, $5)",
        [name, authentication, verifier, schema, package],
    )
    ddl.run(f"create role {quote(name)} nologin")
    ddl.run(
        "insert into ora_meta.role_grants (grantee, role, admin, is_default) values ($1, $2, true, $3::boolean)",
        [ddl.user, name, becomes_default(ddl, ddl.user)],
    )
    ddl.changes_only(("roles", name), ("role_grants", ddl.user))


def alter_role(ddl: Ddl) -> None:
    """``ALTER ROLE r {NOT IDENTIFIED | IDENTIFIED …}``: with ALTER ANY ROLE or the role's ADMIN OPTION.

    A role that roles hold can get neither a password nor a package. [D]
    """
    name = ddl.reader.name(1937, "missing or invalid role name")
    _existing(ddl, name, "ALTER ANY ROLE")
    if ddl.reader.token.kind == "eof":
        raise OracleError(922, "missing or invalid option", ddl.reader.token.start)
    authentication, verifier, schema, package = _identified(ddl)
    holders = (grantee for grantee, held in ddl.catalog.role_grants.items() if name in held)
    if authentication != "NONE" and any(grantee in ddl.catalog.roles for grantee in holders):
        raise OracleError(28404, "role cannot be altered")
    ddl.run(
        "update ora_meta.roles set authentication = $2, verifier = $3::jsonb, schema = $4, package = $5"
        " where role = $1",
        [name, authentication, verifier, schema, package],
    )
    ddl.changes_only(("roles", name))


def drop_role(ddl: Ddl) -> None:
    """``DROP ROLE r``: with DROP ANY ROLE or the role's ADMIN OPTION.

    It is taken from running sessions too; Oracle leaves it enabled where it is. [D]
    """
    name = ddl.reader.name(1937, "missing or invalid role name")
    ddl.reader.end()
    role = _existing(ddl, name, "DROP ANY ROLE")
    if role["oracle_maintained"]:
        raise OracleError(28050, f"specified user or role cannot be dropped: '{name}'")
    ddl.run("delete from ora_meta.roles where role = $1", [name])
    ddl.run("update ora_meta.proxies set roles = array_remove(roles, $1) where $1 = any (roles)", [name])
    forget(ddl, name)
    ddl.database.role_dropped(name)


def _existing(ddl: Ddl, name: str, anywhere: str) -> dict[str, Any]:
    role: dict[str, Any] | None = ddl.catalog.roles.get(name)
    if role is None:
        raise OracleError(1919, f"role '{name}' does not exist")
    if not has_admin(ddl, name) and not ddl.uses(anywhere):
        raise OracleError(1031, "insufficient privileges")
    return role


def has_admin(ddl: Ddl, role: str) -> bool:
    """Say whether the user, directly or by an enabled role, has *role* WITH ADMIN OPTION."""
    return any(ddl.catalog.role_grants.get(grantee, {}).get(role, {}).get("admin") for grantee in ddl.context.grantees)


def becomes_default(ddl: Ddl, grantee: str) -> bool:
    """Say whether a role that is granted to *grantee* now is one of its default roles. [D]"""
    user = ddl.catalog.users.get(grantee)
    return user is None or user["default_roles"] in ("ALL", "EXCEPT")


def check_name(name: str) -> None:
    """Refuse names that no local user or role can have, and those that PostgreSQL or the engine uses itself."""
    if name.startswith("C##"):
        raise OracleError(65094, "invalid local user or role name")
    if name in _ENGINES_OWN or name.startswith(("pg_", "$S")):
        raise not_supported(f"the name {quote(name)}")


def forget(ddl: Ddl, name: str) -> None:
    """Remove a dropped user's or role's grants, those that rested on them, and its engine role."""
    object_grants.forget_party(ddl, name)
    schema_grants.forget(ddl, name)
    ddl.run("delete from ora_meta.sys_grants where grantee = $1", [name])
    ddl.run("delete from ora_meta.role_grants where $1 in (grantee, role)", [name])
    ddl.run("delete from ora_meta.inherit_grants where $1 in (username, grantee)", [name])
    ddl.run("delete from ora_meta.network_aces where principal = $1", [name])
    ddl.run("delete from ora_meta.rsrc_grants where grantee = $1", [name])
    ddl.run("delete from ora_meta.audit_enabled where entity = $1", [name])
    ddl.run("delete from ora_meta.audit_options where kind = 'ROLE PRIVILEGE' and option = $1", [name])
    ddl.run("delete from ora_meta.audit_contexts where username = $1", [name])
    ddl.run(f"drop owned by {quote(name)}")
    ddl.run(f"drop role {quote(name)}")


def _identified(ddl: Ddl) -> tuple[str, str | None, str | None, str | None]:
    """Read how a role is enabled: authentication, verifier, schema and package."""
    reader = ddl.reader
    verifier, schema, package = None, None, None
    authentication = "NONE"
    if reader.accept("IDENTIFIED"):
        if reader.token.is_word("EXTERNALLY", "GLOBALLY"):
            raise not_supported(f"IDENTIFIED {reader.token.text} for a role", reader.token)
        if reader.accept("USING"):
            authentication = "APPLICATION"
            schema, package = reader.qualified(ddl.schema, 28101, "missing package")
        else:
            reader.expect("BY", code=924, message="missing BY keyword")
            authentication, verifier = "PASSWORD", json.dumps(stored(make_verifier(password(ddl))))
    elif not reader.accept("NOT", "IDENTIFIED") and not reader.token.is_word("CONTAINER"):
        reader.end()
    accept_container(ddl)
    reader.end()
    return authentication, verifier, schema, package


def accept_container(ddl: Ddl) -> bool:
    """Read ``CONTAINER = CURRENT``, which is what holds anyway in a pluggable database."""
    if not ddl.reader.accept("CONTAINER", "="):
        return False
    if not ddl.reader.accept("CURRENT"):
        raise OracleError(65050, "Common DDLs only allowed in root.")
    return True


def password(ddl: Ddl) -> str:
    """Read a password; its length depends on the version."""
    start, text = ddl.reader.token.start, ddl.reader.password()
    passwords.check_length(text, ddl.context.major, start)
    return text


def default_role(ddl: Ddl, user: str) -> None:
    """``ALTER USER … DEFAULT ROLE {ALL [EXCEPT r, …] | r, … | NONE}``; it counts from the next log-on.

    Later grants follow the rule: with ALL they become default roles. A role with a password or a package may be named
    [M: users' reports], and is not enabled at log-on all the same. [D]

    Raises:
        OracleError: 1919, there is no such role; 1955, it is not granted to the user directly.
    """
    reader = ddl.reader
    granted = set(ddl.catalog.role_grants.get(user, {}))
    mode, named = "LIST", list[str]()
    if reader.accept("NONE"):
        mode = "NONE"
    elif reader.accept("ALL"):
        named = reader.listed() if reader.accept("EXCEPT") else []
        mode = "EXCEPT" if named else "ALL"
    else:
        named = reader.listed()
    for role in named:
        if role not in ddl.catalog.roles:
            raise OracleError(1919, f"role '{role}' does not exist")
        if role not in granted:
            raise OracleError(1955, f"DEFAULT ROLE '{role}' not granted to user")
    chosen = set(named) if mode in ("NONE", "LIST") else granted - set(named)
    ddl.run("update ora_meta.users set default_roles = $2 where username = $1", [user, mode])
    ddl.run(
        "update ora_meta.role_grants set is_default = (role = any($2::text[])) where grantee = $1",
        [user, sorted(chosen)],
    )
