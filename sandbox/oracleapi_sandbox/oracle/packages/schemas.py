"""REST-enabling of schemas: ENABLE_SCHEMA, SET_URL_MAPPING, DROP_REST_FOR_SCHEMA.

Enabling registers the schema and lets the runtime user connect through to it [D]; that ALTER USER is DDL.
"""

from dataclasses import replace

from oracleapi_sandbox.oracle.packages.calls import ADMINISTRATOR_ROLE, Call, find_schema, own_schema
from oracleapi_sandbox.oracle.packages.checks import (
    Boolean,
    Varchar,
    duplicate,
    one_of,
    refusal,
    required,
    unknown,
)
from oracleapi_sandbox.oracle.packages.privileges import BUILTIN_ROLES
from oracleapi_sandbox.oracle.packages.settings import RepositorySettings
from oracleapi_sandbox.oracle.ports import Bind, InternalSql, OracleError, SqlRunner

RUNTIME_USER = "ORDS_PUBLIC_USER"
OWNER = "ORDS_METADATA"
SODA_PRIVILEGE = "oracle.soda.privilege.developer"
BUILTIN_PRIVILEGES = {
    SODA_PRIVILEGE: "SODA Developer",
    "oracle.dbtools.auth.privileges.builtin.VecDB": "oracle.dbtools.auth.roles.builtin.VecDB",
}
"""Privileges that ORDS makes for each schema, with their role [R]; each schema has one for its own name too."""

_MAPPING_TYPES = ("BASE_PATH", "BASE_URL")
_BUILTIN_ROLES = """
INSERT INTO ords_metadata.sec_roles (schema_id, name, created_by, updated_by, created_on, updated_on)
SELECT %s, name, %s, %s, localtimestamp, localtimestamp FROM unnest(%s::varchar[]) AS name"""
_BUILTIN_PRIVILEGES = """
INSERT INTO ords_metadata.sec_privileges (schema_id, name, created_by, updated_by, created_on, updated_on)
SELECT %s, name, %s, %s, localtimestamp, localtimestamp FROM unnest(%s::varchar[]) AS name"""
_BUILTIN_LINKS = """
INSERT INTO ords_metadata.sec_privilege_roles
    (privilege_id, role_id, created_by, updated_by, created_on, updated_on)
SELECT p.id, r.id, %s, %s, localtimestamp, localtimestamp
FROM unnest(%s::varchar[], %s::varchar[]) AS link (privilege, role)
JOIN ords_metadata.sec_privileges p ON p.name = link.privilege AND p.schema_id = %s
JOIN ords_metadata.sec_roles r ON r.name = link.role AND r.schema_id = %s"""


def enable_schema(
    runner: SqlRunner,
    settings: RepositorySettings,
    *,
    schema: str,
    enabled: bool,
    mapping_type: str,
    pattern: str | None,
    auto_rest_auth: bool | None,
) -> None:
    """Register *schema* or change its registration; ``enabled=False`` keeps the definitions.

    Raises:
        OracleError: 1918, no such user; 20049, the alias of an enabled schema cannot change.
    """
    user = _existing_user(runner, settings, schema)
    with runner.internal() as sql:
        alias = _alias(settings, mapping_type, pattern)
        if enabled:
            _register(sql, settings, runner.session.user, user, mapping_type, alias or user.lower())
        call = Call.open(sql, settings, runner.session.user, user)
        values = {"status": "ENABLED" if enabled else "DISABLED"}
        if auto_rest_auth is not None:
            values["auto_rest_auth"] = "ENABLED" if auto_rest_auth else "DISABLED"
            _protect_catalogue(call, auto_rest_auth)
        call.update("ords_schemas", values, id=call.schema_id)
    if enabled:
        grant = f'ALTER USER "{user}" GRANT CONNECT THROUGH {RUNTIME_USER}'
        runner.run_as_definer(OWNER, grant, autonomous=not settings.enable_schema_commits)


def _existing_user(runner: SqlRunner, settings: RepositorySettings, schema: str) -> str:
    for name in (schema, schema.upper()) if settings.fold_schema_names else (schema,):
        found = runner.run("SELECT USERNAME FROM ALL_USERS WHERE USERNAME = :NAME", {"NAME": Bind(name)})
        if list(found.rows):
            if name == "SYS":
                raise refusal(settings, "The schema SYS cannot be REST-enabled")
            return name
    raise OracleError(1918, f"user '{schema}' does not exist")


def _alias(settings: RepositorySettings, mapping_type: str, pattern: str | None) -> str | None:
    kind = one_of(settings, "p_url_mapping_type", mapping_type, _MAPPING_TYPES)
    if pattern is None:
        return None
    alias = required("ORDS_SCHEMAS", "PATTERN", pattern)
    if kind == "BASE_PATH" and settings.strict and "/" in alias:
        raise refusal(settings, f"Invalid value {alias} for p_url_mapping_pattern: expected one path segment")
    return alias


def _register(
    sql: InternalSql, settings: RepositorySettings, caller: str, user: str, mapping_type: str, alias: str
) -> None:
    old = find_schema(sql, settings, user)
    if old and old["status"] == "ENABLED" and (old["pattern"], old["type"]) != (alias, mapping_type):
        raise _alias_fixed(user)
    _refuse_taken_alias(sql, settings, user, alias)
    call = Call(sql, settings, caller, user, old["id"] if old else 0, enabled=False)
    if old:
        call.update("ords_schemas", {"type": mapping_type, "pattern": alias}, id=old["id"])
        return
    values = {"parsing_schema": user, "type": mapping_type, "pattern": alias}
    call.insert("ords_schemas", "ORDS_SCHEMAS_UNIQUE1", {**values, "status": "ENABLED", "auto_rest_auth": "DISABLED"})
    _add_builtins(Call.open(sql, settings, caller, user))


def _alias_fixed(user: str) -> OracleError:
    return OracleError(20049, f"Cannot alter the URL mapping of schema {user} while it is enabled")


def _refuse_taken_alias(sql: InternalSql, settings: RepositorySettings, user: str, alias: str) -> None:
    query = "SELECT parsing_schema FROM ords_metadata.ords_schemas WHERE pattern = %s AND parsing_schema <> %s"
    taken = sql.run(query, (alias, user))
    if taken:
        message = f"The URL mapping pattern {alias} is already used by schema {taken[0][0]}"
        raise duplicate(settings, "ORDS_SCHEMAS_UNIQUE2", message)


def _add_builtins(call: Call) -> None:
    """Add the roles and privileges that ORDS makes itself [R]; their CREATED_BY is the repository's owner."""
    autorest = f"oracle.dbtools.role.autorest.{call.schema}"
    roles = [*BUILTIN_ROLES, autorest, f"oracle.dbtools.role.autorest.any.{call.schema}"]
    privileges = {**BUILTIN_PRIVILEGES, _autorest_privilege(call): autorest}
    call.sql.run(_BUILTIN_ROLES, (call.schema_id, OWNER, OWNER, roles))
    call.sql.run(_BUILTIN_PRIVILEGES, (call.schema_id, OWNER, OWNER, list(privileges)))
    links = (OWNER, OWNER, list(privileges), list(privileges.values()), call.schema_id, call.schema_id)
    call.sql.run(_BUILTIN_LINKS, links)
    (soda,) = call.column("sec_privileges", "id", schema_id=call.schema_id, name=SODA_PRIVILEGE)
    mapping = {"privilege_id": soda, "pattern": "/soda/*"}
    replace(call, user=OWNER).insert("sec_privilege_mappings", "SEC_PRIVILEGE_MAPPINGS_PK", mapping)


def _autorest_privilege(call: Call) -> str:
    return f"oracle.dbtools.autorest.privilege.{call.schema}"


def _protect_catalogue(call: Call, protected: bool) -> None:
    """Put ``/metadata-catalog/*`` under the schema's own privilege, or take it from there."""
    for privilege in call.column("sec_privileges", "id", schema_id=call.schema_id, name=_autorest_privilege(call)):
        call.delete("sec_privilege_mappings", privilege_id=privilege)
        if protected:
            mapping = {"privilege_id": privilege, "pattern": "/metadata-catalog/*"}
            replace(call, user=OWNER).insert("sec_privilege_mappings", "SEC_PRIVILEGE_MAPPINGS_PK", mapping)


def set_url_mapping(call: Call, *, p_url_mapping_type: Varchar, p_url_mapping_pattern: Varchar) -> None:
    """Change the alias of a disabled schema; an enabled one is ORA-20049."""
    if call.enabled:
        raise _alias_fixed(call.schema)
    pattern = required("ORDS_SCHEMAS", "PATTERN", p_url_mapping_pattern)
    alias = _alias(call.settings, str(p_url_mapping_type), pattern)
    _refuse_taken_alias(call.sql, call.settings, call.schema, pattern)
    call.update("ords_schemas", {"type": p_url_mapping_type, "pattern": alias}, id=call.schema_id)


def drop_rest_for_schema(call: Call) -> None:
    """Delete the schema's registration and all its definitions; the grant to the runtime user stays."""
    call.delete("ords_schemas", id=call.schema_id)


def own_enable_schema(
    runner: SqlRunner,
    settings: RepositorySettings,
    *,
    p_enabled: Boolean = True,
    p_schema: Varchar = None,
    p_url_mapping_type: Varchar = "BASE_PATH",
    p_url_mapping_pattern: Varchar = None,
    p_auto_rest_auth: Boolean = None,
) -> None:
    """ORDS.ENABLE_SCHEMA: the own schema, or any other for an ORDS administrator (else ORA-20031)."""
    own = own_schema(runner, settings)
    schema = p_schema or own
    if schema.upper() != own.upper():
        require_administrator(runner)
    enable_schema(
        runner,
        settings,
        schema=schema,
        enabled=bool(p_enabled),
        mapping_type=str(p_url_mapping_type),
        pattern=p_url_mapping_pattern,
        auto_rest_auth=p_auto_rest_auth,
    )


def admin_enable_schema(
    runner: SqlRunner,
    settings: RepositorySettings,
    *,
    p_enabled: Boolean = True,
    p_schema: Varchar,
    p_url_mapping_type: Varchar = "BASE_PATH",
    p_url_mapping_pattern: Varchar = None,
    p_auto_rest_auth: Boolean = None,
) -> None:
    """ORDS_ADMIN.ENABLE_SCHEMA: the named schema."""
    if not p_schema:
        raise unknown(settings.unknown_name_code, "p_schema is required")
    enable_schema(
        runner,
        settings,
        schema=p_schema,
        enabled=bool(p_enabled),
        mapping_type=str(p_url_mapping_type),
        pattern=p_url_mapping_pattern,
        auto_rest_auth=p_auto_rest_auth,
    )


def require_administrator(runner: SqlRunner) -> None:
    """Refuse whoever has not enabled the administrator role: ORDS_ADMIN is not visible to them [U]."""
    if runner.resolve_package(None, "ORDS_ADMIN") is None:
        raise OracleError(20031, f"Enabling another schema requires {ADMINISTRATOR_ROLE}")
