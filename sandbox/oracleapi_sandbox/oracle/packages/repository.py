"""The ORDS metadata repository: tables in the PostgreSQL schema ``ords_metadata``, and what ORDS reads of them.

The tables are written inside the calling session's PostgreSQL transaction, so that COMMIT, ROLLBACK, savepoints and
visibility are a real engine's. Uniqueness [D, 409 rules of the database API]: module name, module base path, (template,
method), (handler, parameter name), (handler, bind name), privilege name, role name, each within one schema.
"""

import json
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from oracleapi_sandbox.oracle.packages.settings import RepositorySettings
from oracleapi_sandbox.oracle.ports import InternalSql
from oracleapi_sandbox.ords import model

_AUDIT = """created_by varchar(255) NOT NULL, created_on timestamp(0) NOT NULL,
    updated_by varchar(255) NOT NULL, updated_on timestamp(0) NOT NULL"""
_ID = "id bigint PRIMARY KEY DEFAULT nextval('ords_metadata.ords_id')"
_OWNER = "schema_id bigint NOT NULL REFERENCES ords_metadata.ords_schemas ON DELETE CASCADE"

_TABLES = f"""
CREATE SCHEMA IF NOT EXISTS ords_metadata;
CREATE SEQUENCE IF NOT EXISTS ords_metadata.ords_id START 10001;
CREATE TABLE IF NOT EXISTS ords_metadata.ords_schemas ({_ID},
    parsing_schema varchar(128) NOT NULL CONSTRAINT ords_schemas_unique1 UNIQUE,
    type varchar(30) NOT NULL, pattern varchar(255) NOT NULL CONSTRAINT ords_schemas_unique2 UNIQUE,
    status varchar(30) NOT NULL, auto_rest_auth varchar(30) NOT NULL,
    ops_allowed numeric NOT NULL DEFAULT 0, pre_hook varchar(255), {_AUDIT});
CREATE TABLE IF NOT EXISTS ords_metadata.ords_modules ({_ID}, {_OWNER},
    name varchar(255) NOT NULL, uri_prefix varchar(255) NOT NULL, items_per_page numeric, status varchar(30) NOT NULL,
    comments varchar(4000), pre_hook varchar(255), origins_allowed varchar(4000), {_AUDIT},
    CONSTRAINT ords_modules_unique1 UNIQUE (schema_id, name));
CREATE UNIQUE INDEX IF NOT EXISTS ords_modules_unique2
    ON ords_metadata.ords_modules (schema_id, trim(BOTH '/' FROM uri_prefix));
CREATE TABLE IF NOT EXISTS ords_metadata.ords_templates ({_ID}, {_OWNER},
    module_id bigint NOT NULL REFERENCES ords_metadata.ords_modules ON DELETE CASCADE,
    uri_template varchar(255) NOT NULL, priority numeric NOT NULL, etag_type varchar(30) NOT NULL,
    etag_query varchar(4000), comments varchar(4000), {_AUDIT},
    CONSTRAINT ords_templates_unique1 UNIQUE (module_id, uri_template));
CREATE TABLE IF NOT EXISTS ords_metadata.ords_handlers ({_ID}, {_OWNER},
    template_id bigint NOT NULL REFERENCES ords_metadata.ords_templates ON DELETE CASCADE,
    source_type varchar(30) NOT NULL, method varchar(30) NOT NULL, mimes_allowed varchar(4000),
    items_per_page numeric, source text NOT NULL, comments varchar(4000), {_AUDIT},
    CONSTRAINT ords_handlers_unique1 UNIQUE (template_id, method));
CREATE TABLE IF NOT EXISTS ords_metadata.ords_parameters ({_ID}, {_OWNER},
    handler_id bigint NOT NULL REFERENCES ords_metadata.ords_handlers ON DELETE CASCADE,
    name varchar(255) NOT NULL, bind_variable_name varchar(255), source_type varchar(30) NOT NULL,
    access_method varchar(30) NOT NULL, param_type varchar(30) NOT NULL, comments varchar(4000), {_AUDIT},
    CONSTRAINT ords_parameters_unique1 UNIQUE (handler_id, name),
    CONSTRAINT ords_parameters_unique2 UNIQUE (handler_id, bind_variable_name));
CREATE TABLE IF NOT EXISTS ords_metadata.sec_roles ({_ID}, {_OWNER}, name varchar(255) NOT NULL, {_AUDIT},
    CONSTRAINT sec_roles_unique1 UNIQUE (schema_id, name));
CREATE TABLE IF NOT EXISTS ords_metadata.sec_privileges ({_ID}, {_OWNER},
    label varchar(255), name varchar(255) NOT NULL, description varchar(4000), comments varchar(4000), {_AUDIT},
    CONSTRAINT sec_privileges_unique1 UNIQUE (schema_id, name));
CREATE TABLE IF NOT EXISTS ords_metadata.sec_privilege_roles (
    privilege_id bigint NOT NULL REFERENCES ords_metadata.sec_privileges ON DELETE CASCADE,
    role_id bigint NOT NULL REFERENCES ords_metadata.sec_roles ON DELETE CASCADE,
    seq bigint NOT NULL DEFAULT nextval('ords_metadata.ords_id'),
    {_AUDIT}, CONSTRAINT sec_privilege_roles_pk PRIMARY KEY (privilege_id, role_id));
CREATE TABLE IF NOT EXISTS ords_metadata.sec_privilege_modules (
    privilege_id bigint NOT NULL REFERENCES ords_metadata.sec_privileges ON DELETE CASCADE,
    module_id bigint NOT NULL REFERENCES ords_metadata.ords_modules ON DELETE CASCADE,
    seq bigint NOT NULL DEFAULT nextval('ords_metadata.ords_id'),
    {_AUDIT}, CONSTRAINT sec_privilege_modules_pk PRIMARY KEY (privilege_id, module_id));
CREATE TABLE IF NOT EXISTS ords_metadata.sec_privilege_mappings (
    privilege_id bigint NOT NULL REFERENCES ords_metadata.sec_privileges ON DELETE CASCADE,
    pattern varchar(255) NOT NULL, seq bigint NOT NULL DEFAULT nextval('ords_metadata.ords_id'),
    {_AUDIT}, CONSTRAINT sec_privilege_mappings_pk PRIMARY KEY (privilege_id, pattern));
CREATE TABLE IF NOT EXISTS ords_metadata.oauth_jwt_profile ({_ID},
    {_OWNER} CONSTRAINT oauth_jwt_profile_unique1 UNIQUE,
    issuer varchar(4000) NOT NULL, audience varchar(4000) NOT NULL, jwk_url varchar(4000) NOT NULL,
    description varchar(4000), allowed_skew numeric, allowed_age numeric, role_claim_name varchar(4000), {_AUDIT});
CREATE TABLE IF NOT EXISTS ords_metadata.ords_version (version varchar(60) NOT NULL, status varchar(30) NOT NULL);
"""

_SNAPSHOT = """
SELECT (SELECT json_agg(t ORDER BY t.id) FROM ords_metadata.ords_schemas t)::text,
    (SELECT json_agg(t ORDER BY t.id) FROM ords_metadata.ords_modules t)::text,
    (SELECT json_agg(t ORDER BY t.priority DESC, t.id) FROM ords_metadata.ords_templates t)::text,
    (SELECT json_agg(t ORDER BY t.id) FROM ords_metadata.ords_handlers t)::text,
    (SELECT json_agg(t ORDER BY t.id) FROM ords_metadata.ords_parameters t)::text,
    (SELECT json_agg(t ORDER BY t.id) FROM ords_metadata.sec_privileges t)::text,
    (SELECT json_agg(t ORDER BY t.id) FROM ords_metadata.sec_roles t)::text,
    (SELECT json_agg(json_build_object('privilege_id', l.privilege_id, 'name', r.name) ORDER BY l.seq)
        FROM ords_metadata.sec_privilege_roles l JOIN ords_metadata.sec_roles r ON r.id = l.role_id)::text,
    (SELECT json_agg(json_build_object('privilege_id', l.privilege_id, 'name', m.name) ORDER BY l.seq)
        FROM ords_metadata.sec_privilege_modules l JOIN ords_metadata.ords_modules m ON m.id = l.module_id)::text,
    (SELECT json_agg(json_build_object('privilege_id', l.privilege_id, 'name', l.pattern) ORDER BY l.seq)
        FROM ords_metadata.sec_privilege_mappings l)::text,
    (SELECT json_agg(t) FROM ords_metadata.oauth_jwt_profile t)::text
"""

_Row = dict[str, Any]
_Children = dict[int, list[_Row]]


def install(internal: InternalSql) -> None:
    """Create the repository's tables where they are missing."""
    for statement in _TABLES.split(";\n"):
        if statement.strip():
            internal.run(statement)


def record_version(internal: InternalSql, settings: RepositorySettings) -> None:
    """Write what table ORDS_VERSION shows; STATUS is INSTALLING in an installation [R], else VALID [U]."""
    internal.run("DELETE FROM ords_metadata.ords_version")
    status = "INSTALLING" if settings.installing else "VALID"
    internal.run("INSERT INTO ords_metadata.ords_version VALUES (%s, %s)", (settings.installed_version, status))


def load_snapshot(internal: InternalSql) -> model.Snapshot:
    """Read all registered schemas, disabled ones too, in one statement: one consistent committed state."""
    (row,) = internal.run(_SNAPSHOT)
    tables: list[list[_Row]] = [json.loads(cell) if cell else [] for cell in row]
    schemas, modules, templates, handlers, parameters, privileges, roles, *links, profiles = tables
    tree = _Tree(
        modules=_grouped(modules, "schema_id"),
        templates=_grouped(templates, "module_id"),
        handlers=_grouped(handlers, "template_id"),
        parameters=_grouped(parameters, "handler_id"),
        privileges=_grouped(privileges, "schema_id"),
        roles=_grouped(roles, "schema_id"),
        links=[_grouped(each, "privilege_id") for each in links],
        profiles=_grouped(profiles, "schema_id"),
    )
    return model.Snapshot({row["pattern"]: tree.schema(row) for row in schemas})


def _grouped(rows: Iterable[_Row], key: str) -> _Children:
    groups: _Children = defaultdict(list)
    for row in rows:
        groups[row[key]].append(row)
    return groups


def _names(rows: Iterable[_Row]) -> tuple[str, ...]:
    return tuple(row["name"] for row in rows)


class _Tree:
    """Rows by their parent's ID, put together top down."""

    def __init__(
        self,
        *,
        modules: _Children,
        templates: _Children,
        handlers: _Children,
        parameters: _Children,
        privileges: _Children,
        roles: _Children,
        links: list[_Children],
        profiles: _Children,
    ) -> None:
        self._modules, self._templates, self._handlers, self._parameters = modules, templates, handlers, parameters
        self._privileges, self._roles, self._profiles = privileges, roles, profiles
        self._role_links, self._module_links, self._patterns = links

    def schema(self, row: _Row) -> model.RestSchema:
        profiles = [self._profile(each) for each in self._profiles.get(row["id"], [])]
        return model.RestSchema(
            parsing_schema=row["parsing_schema"],
            pattern=row["pattern"],
            enabled=row["status"] == "ENABLED",
            modules=tuple(self._module(each) for each in self._modules.get(row["id"], [])),
            privileges=tuple(self._privilege(each) for each in self._privileges.get(row["id"], [])),
            roles=_names(self._roles.get(row["id"], [])),
            jwt_profile=profiles[0] if profiles else None,
        )

    def _module(self, row: _Row) -> model.Module:
        return model.Module(
            name=row["name"],
            uri_prefix=row["uri_prefix"],
            items_per_page=row["items_per_page"],
            status=row["status"],
            origins_allowed=row["origins_allowed"],
            templates=tuple(self._template(each) for each in self._templates.get(row["id"], [])),
        )

    def _template(self, row: _Row) -> model.Template:
        return model.Template(
            uri_template=row["uri_template"],
            priority=row["priority"],
            etag_type=row["etag_type"],
            etag_query=row["etag_query"],
            handlers=tuple(self._handler(each) for each in self._handlers.get(row["id"], [])),
        )

    def _handler(self, row: _Row) -> model.Handler:
        return model.Handler(
            method=row["method"],
            source_type=row["source_type"],
            source=row["source"],
            items_per_page=row["items_per_page"],
            mimes_allowed=row["mimes_allowed"],
            parameters=tuple(self._parameter(each) for each in self._parameters.get(row["id"], [])),
        )

    def _parameter(self, row: _Row) -> model.Parameter:
        names = ("name", "bind_variable_name", "source_type", "access_method", "param_type")
        return model.Parameter(**{name: row[name] for name in names})

    def _privilege(self, row: _Row) -> model.Privilege:
        return model.Privilege(
            name=row["name"],
            roles=_names(self._role_links.get(row["id"], [])),
            patterns=_names(self._patterns.get(row["id"], [])),
            modules=_names(self._module_links.get(row["id"], [])),
        )

    def _profile(self, row: _Row) -> model.JwtProfile:
        names = ("issuer", "audience", "jwk_url", "allowed_skew", "allowed_age", "role_claim_name")
        return model.JwtProfile(**{name: row[name] for name in names})
