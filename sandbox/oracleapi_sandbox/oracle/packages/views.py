"""Dictionary views of the repository: DBA_ORDS_* for ORDS administrators, USER_ORDS_* for the own schema.

Columns as Oracle's own code and blogs use them; SERVICES, CLIENTS and the object views are left out, because their
columns are not known or nothing fills them. ROLE_CLAIM_NAME of JWT_PROFILE is a likely name only [U].
"""

from dataclasses import dataclass

from oracleapi_sandbox.oracle.packages.calls import ADMINISTRATOR_ROLE
from oracleapi_sandbox.oracle.packages.schemas import OWNER
from oracleapi_sandbox.oracle.ports import Column

PUBLIC = "PUBLIC"


@dataclass(frozen=True)
class View:
    """A dictionary view.

    Args:
        owner: Oracle's owner; a public synonym of the same name exists.
        columns: Oracle's description, in order.
        sql: PostgreSQL SELECT giving those columns, under their upper-case names.
        visible_to: The role that may read it, or PUBLIC.
    """

    owner: str
    name: str
    columns: tuple[Column, ...]
    sql: str
    visible_to: str


@dataclass(frozen=True)
class _Source:
    """What a pair of views reads: column descriptions ``NAME TYPE [expression]`` and a FROM clause with ``t`` and
    ``s``, the schema."""

    name: str
    columns: tuple[str, ...]
    tables: str


_AUDIT = ("CREATED_BY VARCHAR2(255)", "CREATED_ON DATE", "UPDATED_BY VARCHAR2(255)", "UPDATED_ON DATE")
_OWN = "JOIN ords_metadata.ords_schemas s ON s.id = t.schema_id"
_COMMENTS = "COMMENTS VARCHAR2(4000)"
_ID, _SCHEMA_ID = "ID NUMBER", "SCHEMA_ID NUMBER"


def _plain(table: str) -> str:
    return f"ords_metadata.{table} t {_OWN}"


def _linked(table: str, other: str) -> str:
    return f"ords_metadata.{table} t JOIN ords_metadata.sec_privileges p ON p.id = t.privilege_id {other}"


_PRIVILEGE_SCHEMA = "JOIN ords_metadata.ords_schemas s ON s.id = p.schema_id"

_SOURCES = (
    _Source(
        "SCHEMAS",
        (
            _ID,
            "PARSING_SCHEMA VARCHAR2(128)",
            "TYPE VARCHAR2(30)",
            "PATTERN VARCHAR2(255)",
            "STATUS VARCHAR2(30)",
            "AUTO_REST_AUTH VARCHAR2(30)",
            "OPS_ALLOWED NUMBER",
            "PRE_HOOK VARCHAR2(255)",
        ),
        "ords_metadata.ords_schemas t JOIN ords_metadata.ords_schemas s ON s.id = t.id",
    ),
    _Source(
        "MODULES",
        (
            _ID,
            "NAME VARCHAR2(255)",
            "URI_PREFIX VARCHAR2(255)",
            "ITEMS_PER_PAGE NUMBER",
            "STATUS VARCHAR2(30)",
            _COMMENTS,
            "PRE_HOOK VARCHAR2(255)",
            "ORIGINS_ALLOWED VARCHAR2(4000)",
            _SCHEMA_ID,
            *_AUDIT,
        ),
        _plain("ords_modules"),
    ),
    _Source(
        "TEMPLATES",
        (
            _ID,
            "MODULE_ID NUMBER",
            "URI_TEMPLATE VARCHAR2(255)",
            "PRIORITY NUMBER",
            "ETAG_TYPE VARCHAR2(30)",
            "ETAG_QUERY VARCHAR2(4000)",
            _COMMENTS,
            _SCHEMA_ID,
            *_AUDIT,
        ),
        _plain("ords_templates"),
    ),
    _Source(
        "HANDLERS",
        (
            _ID,
            "TEMPLATE_ID NUMBER",
            "SOURCE_TYPE VARCHAR2(30)",
            "METHOD VARCHAR2(30)",
            "MIMES_ALLOWED VARCHAR2(4000)",
            "ITEMS_PER_PAGE NUMBER",
            "SOURCE CLOB",
            _COMMENTS,
            _SCHEMA_ID,
            *_AUDIT,
        ),
        _plain("ords_handlers"),
    ),
    _Source(
        "PARAMETERS",
        (
            _ID,
            "HANDLER_ID NUMBER",
            "NAME VARCHAR2(255)",
            "BIND_VARIABLE_NAME VARCHAR2(255)",
            "SOURCE_TYPE VARCHAR2(30)",
            "ACCESS_METHOD VARCHAR2(30)",
            "PARAM_TYPE VARCHAR2(30)",
            _COMMENTS,
            _SCHEMA_ID,
            *_AUDIT,
        ),
        _plain("ords_parameters"),
    ),
    _Source(
        "PRIVILEGES",
        (
            _ID,
            "LABEL VARCHAR2(255)",
            "NAME VARCHAR2(255)",
            "DESCRIPTION VARCHAR2(4000)",
            _COMMENTS,
            _SCHEMA_ID,
            *_AUDIT,
        ),
        _plain("sec_privileges"),
    ),
    _Source(
        "PRIVILEGE_ROLES",
        (
            "PRIVILEGE_ID NUMBER",
            "PRIVILEGE_NAME VARCHAR2(255) p.name",
            "ROLE_ID NUMBER",
            "ROLE_NAME VARCHAR2(255) o.name",
            "SCHEMA_ID NUMBER p.schema_id",
            *_AUDIT,
        ),
        _linked("sec_privilege_roles", f"JOIN ords_metadata.sec_roles o ON o.id = t.role_id {_PRIVILEGE_SCHEMA}"),
    ),
    _Source(
        "PRIVILEGE_MODULES",
        (
            "PRIVILEGE_ID NUMBER",
            "PRIVILEGE_NAME VARCHAR2(255) p.name",
            "MODULE_ID NUMBER",
            "MODULE_NAME VARCHAR2(255) o.name",
            "SCHEMA_ID NUMBER p.schema_id",
            *_AUDIT,
        ),
        _linked(
            "sec_privilege_modules", f"JOIN ords_metadata.ords_modules o ON o.id = t.module_id {_PRIVILEGE_SCHEMA}"
        ),
    ),
    _Source(
        "PRIVILEGE_MAPPINGS",
        (
            "PRIVILEGE_ID NUMBER",
            "NAME VARCHAR2(255) p.name",
            "PATTERN VARCHAR2(255)",
            "SCHEMA_ID NUMBER p.schema_id",
            *_AUDIT,
        ),
        _linked("sec_privilege_mappings", _PRIVILEGE_SCHEMA),
    ),
    _Source("ROLES", (_ID, "NAME VARCHAR2(255)", _SCHEMA_ID, *_AUDIT), _plain("sec_roles")),
    _Source(
        "JWT_PROFILE",
        (
            _ID,
            "ISSUER VARCHAR2(4000)",
            "AUDIENCE VARCHAR2(4000)",
            "JWK_URL VARCHAR2(4000)",
            "DESCRIPTION VARCHAR2(4000)",
            "ALLOWED_SKEW NUMBER",
            "ALLOWED_AGE NUMBER",
            "ROLE_CLAIM_NAME VARCHAR2(4000)",
            _SCHEMA_ID,
            *_AUDIT,
        ),
        _plain("oauth_jwt_profile"),
    ),
)

_POSTGRES = {"NUMBER": "numeric", "DATE": "timestamp(0)", "CLOB": "text"}


def dictionary_views(current_schema: str) -> tuple[View, ...]:
    """Return all views.

    Args:
        current_schema: A PostgreSQL expression for the session's current schema, upper-case as in Oracle.
    """
    views = [_version_view()]
    for source in _SOURCES:
        columns, sql = _select(source)
        views.append(View(OWNER, f"DBA_ORDS_{source.name}", columns, sql, ADMINISTRATOR_ROLE))
        own = f"{sql} WHERE s.parsing_schema = {current_schema}"
        views.append(View(OWNER, f"USER_ORDS_{source.name}", columns, own, PUBLIC))
    return tuple(views)


def _version_view() -> View:
    """Table ORDS_METADATA.ORDS_VERSION, the second source of the version [R]."""
    source = _Source("", ("VERSION VARCHAR2(60)", "STATUS VARCHAR2(30)"), "ords_metadata.ords_version t")
    return View(OWNER, "ORDS_VERSION", *_select(source), visible_to=PUBLIC)


def _select(source: _Source) -> tuple[tuple[Column, ...], str]:
    columns, items = [], []
    for text in source.columns:
        name, kind, expression = [*text.split(), f"t.{text.split()[0].lower()}"][:3]
        base, _, size = kind.rstrip(")").partition("(")
        columns.append(Column(name, base, size=int(size or 4000)))
        items.append(f'{expression}::{_POSTGRES.get(base, f"varchar({size})")} AS "{name}"')
    return tuple(columns), f"SELECT {', '.join(items)} FROM {source.tables}"  # noqa: S608
