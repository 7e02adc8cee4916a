"""Every switch of the ORDS runtime, with its default and where that is known from.

Tags: [D] Oracle's documentation, [M] seen in real traces or the code of others, [U] not settled on a real system: both
positions are offered. Names in quotes are ORDS's own setting names.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args, get_origin, get_type_hints

Trick = Literal["keep", "apply", "reject"]
"""What happens to a path trick: ``keep`` leaves it in its segment, ``apply`` decodes or normalises it into another path
before anything is mapped, ``reject`` answers 400."""


@dataclass
class OrdsSettings:
    """The switches; they may be changed while ORDS runs and hold from the next request on."""

    # URL mapping
    context_path: str = "/ords"
    """"standalone.context.path" [D]."""
    metadata_cache_seconds: float = 5.0
    """"cache.metadata.timeout" [D 24.4: 5 s]: a committed change is seen at most that much later; 0 means at once."""
    encoded_slash: Trick = "keep"
    """``%2f`` in a segment [U]; ``apply`` makes it a separator."""
    dot_segments: Trick = "keep"
    """``.``, ``..`` and their encoded forms ``%2e``, ``%2e%2e`` [U]; ``apply`` resolves them."""
    double_slash: Trick = "keep"
    """``//`` [U]; ``apply`` collapses it."""
    path_parameters: Trick = "keep"
    """``;x`` at the end of a segment [U]; ``apply`` strips it."""
    head_as_get: bool = True
    """HEAD runs the GET handler and drops the body [U: the servlet default]; False answers 405."""

    # Privileges
    pattern_star_covers_base: bool = False
    """``/x/*`` protects ``/x`` too [U]."""
    protection_before_mapping: bool = True
    """A protected pattern answers 401 even where no template is mapped [U]; False answers 404 first."""
    pattern_beats_module_link: bool = True
    """A privilege mapped by pattern hides one that is linked to the module [U]; False asks for both."""
    scope_mode_checks_roles: bool = False
    """Scope mode looks at the scope alone [U]; True also asks for one of the privilege's roles, which a caller of a
    scope-mode profile never holds."""
    missing_scope_status: Literal[401, 403] = 401
    """Valid token without the privilege's scope [U: 401 in the guide and tutorials, 403 in one Oracle text]."""
    missing_role_status: Literal[401, 403] = 401
    """Valid token without a role of the privilege [M: 401 in Oracle's tutorial]."""
    challenge_without_credentials: bool = True
    """The 401 for a request without token carries ``WWW-Authenticate: Bearer realm=…`` [U]."""
    foreign_authorization_refused: bool = False
    """Other ``Authorization`` schemes (SigV4) on an unprotected path are refused with 401 [U]; False ignores them."""
    bearer_on_public_paths: Literal["ignored", "validated"] = "ignored"
    """A bearer token where nothing is protected [U]; ``validated`` sets the current user, or answers 401."""

    # JWT profiles
    jwt_profile_enabled: bool = True
    """"security.jwt.profile.enabled" [D]."""
    jwt_profile_mode: Literal["SCHEMA", "POOL"] = "SCHEMA"
    """"security.jwt.profile.mode" [D 25.2]; POOL ignores the schemas' profiles and takes the four settings below."""
    jwt_profile_issuer: str | None = None
    jwt_profile_audience: str | None = None
    jwt_profile_jwk_url: str | None = None
    jwt_profile_role_claim_name: str | None = None
    jwt_allowed_skew: int = 0
    """"security.jwt.allowed.skew", seconds, used where the profile has none [D]; at most 60."""
    jwt_allowed_age: int = -1
    """"security.jwt.allowed.age", seconds, used where the profile has none; -1 is off [D]."""
    scp_array: bool = True
    """``scp`` may be an array, as Okta's is [M]; False reads texts only, as the guide describes scopes."""
    jwks_size: int = 100_000
    """"security.jwks.size", bytes [D 24.4]."""
    jwks_connection_timeout: float = 5.0
    """"security.jwks.connection.timeout", seconds [D]."""
    jwks_read_timeout: float = 5.0
    """"security.jwks.read.timeout", seconds [D]."""
    jwks_refresh_interval: float = 10.0
    """"security.jwks.refresh.interval": least seconds between two fetches of one JWKS for an unknown kid [D]."""
    jwks_expire_after_write: float = 300.0
    """"cache.metadata.jwks.expireAfterWrite", seconds; its real default was not found [U]."""
    verify_ssl: bool = True
    """"security.verifySSL": tokens are taken over HTTPS only [D]."""
    https_header_check: str | None = None
    """"security.httpsHeaderCheck", such as ``X-Forwarded-Proto: https``: this header makes a request count as HTTPS
    [D]."""

    # Requests and answers
    implicit_parameters_case_sensitive: bool = True
    """``:CURRENT_USER`` is no implicit parameter [D]; False accepts any case."""
    pagination_max_rows: int = 10_000
    """"misc.pagination.maxRows" [D]."""
    paging_binds_look_ahead: bool = True
    """``:fetch_size``, ``:page_size`` and ``:row_count`` reach one row beyond the page, so that ``hasMore`` is known
    [U]; False gives the page's own bounds and ``hasMore`` stays false."""
    error_response_format: Literal["auto", "json", "html"] = "auto"
    """"error.responseFormat" [D]."""
    error_fallback_format: Literal["json", "html"] = "html"
    """What ``auto`` gives where no rule of the documentation decides [U]."""
    trace_header_name: str = "Request-Id"
    """"request.traceHeaderName" [D]; its value is kept in the access journal and nowhere else [U]."""
    forward_limit: int = 5
    """How many ``:forward_location`` one request may follow; the double's own guard against a circle."""

    # Pre-hook
    pre_hook: str | None = None
    """"procedure.rest.preHook", such as ``ORACLEAPI.GUARD.CHECK_REQUEST``: asked before each handler [D]."""
    cgi_client_headers: Literal["first", "last"] = "first"
    """Where a client's headers stand among the CGI variables [U: first, so that they shadow, by old dumps]."""

    # Pool
    runtime_user: str = "ORDS_PUBLIC_USER"
    """"db.username" [D]; its password is no setting, see ``pool.Wallet``."""
    pool_max_limit: int = 10
    """"jdbc.MaxLimit" [D]."""
    pool_wait_timeout: float = 3.0
    """"jdbc.ConnectionWaitTimeout", seconds of real time, then 503 [D]."""
    pool_inactivity_timeout: float = 1800.0
    """"jdbc.InactivityTimeout", seconds [D]."""
    pool_max_reuse_count: int = 1000
    """"jdbc.MaxConnectionReuseCount" [D]."""
    pool_invalid_timeout: float = 900.0
    """"db.invalidPoolTimeout": a pool whose user was refused is tried again after this, seconds [D]."""
    invalid_pool_lends_open_sessions: bool = True
    """A pool whose user was refused goes on with the sessions that it has [U]; False answers 503 for them too."""
    pool_cleanup_mode: Literal["RECYCLE", "DISPOSE"] = "RECYCLE"
    """"jdbc.cleanup.mode" [D]: RECYCLE keeps the session and reinitialises its packages (roles, identifier and contexts
    stay [U]); DISPOSE closes it."""

    pool_reinitialises_packages: bool = True
    """RECYCLE makes the packages of the session anew [D for the PL/SQL gateway, one measurement]; False keeps their
    state [U]."""

    def apply(self, changes: Mapping[str, Any]) -> None:
        """Change several switches at once, all or none.

        Raises:
            ValueError: A name is unknown or a value has the wrong type.
        """
        hints = get_type_hints(OrdsSettings)
        known = {field.name for field in fields(self)}
        for name, value in changes.items():
            if name not in known:
                raise ValueError(f"there is no ORDS setting named {name}")
            if not _fits(value, hints[name]):
                raise ValueError(f"ORDS setting {name} does not take {value!r}")
        for name, value in changes.items():
            setattr(self, name, value)


def _fits(value: object, hint: Any) -> bool:
    if get_origin(hint) is Literal:
        return any(value == choice and type(value) is type(choice) for choice in get_args(hint))
    if options := get_args(hint):
        return any(_fits(value, option) for option in options)
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return type(value) is hint
