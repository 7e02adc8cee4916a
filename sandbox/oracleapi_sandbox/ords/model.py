"""ORDS metadata as the runtime sees it: one immutable snapshot of what is committed.

Field names follow the DBA_ORDS_* views. Source: ORDS Developer's Guide, ORDS_ADMIN package reference.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Parameter:
    name: str
    bind_variable_name: str | None
    source_type: str  # HEADER, RESPONSE, URI
    access_method: str  # IN, OUT, INOUT
    param_type: str  # STRING, INT, DOUBLE, BOOLEAN, LONG, TIMESTAMP, RESULTSET


@dataclass(frozen=True)
class Handler:
    method: str
    source_type: str  # json/collection, json/item, plsql/block, …
    source: str
    items_per_page: int | None = None
    mimes_allowed: str | None = None
    parameters: tuple[Parameter, ...] = ()


@dataclass(frozen=True)
class Template:
    uri_template: str
    priority: int = 0
    etag_type: str = "HASH"
    etag_query: str | None = None
    handlers: tuple[Handler, ...] = ()


@dataclass(frozen=True)
class Module:
    name: str
    uri_prefix: str  # "/oa-hr-read-1a2b3c/hr/v1/"
    items_per_page: int | None = 25
    status: str = "PUBLISHED"
    origins_allowed: str | None = None
    templates: tuple[Template, ...] = ()


@dataclass(frozen=True)
class Privilege:
    name: str
    roles: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()


@dataclass(frozen=True)
class JwtProfile:
    issuer: str
    audience: str
    jwk_url: str
    allowed_skew: int | None = None
    allowed_age: int | None = None
    role_claim_name: str | None = None


@dataclass(frozen=True)
class RestSchema:
    """A REST-enabled schema with everything it owns in ORDS."""

    parsing_schema: str
    pattern: str  # the alias in the URL
    enabled: bool = True
    modules: tuple[Module, ...] = ()
    privileges: tuple[Privilege, ...] = ()
    roles: tuple[str, ...] = ()
    jwt_profile: JwtProfile | None = None


@dataclass(frozen=True)
class Snapshot:
    """All REST-enabled schemas by alias."""

    schemas: dict[str, RestSchema] = field(default_factory=dict)
