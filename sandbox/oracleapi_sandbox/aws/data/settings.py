"""Switches of the data plane: every behaviour that is not certain, with what is known about it.

The tags are those of the fact sheets: ``[D]`` documented by AWS, ``[M]`` measured, ``[C]`` seen in public code or in a
public transcript of a real answer, ``[U]`` unconfirmed. A ``[U]`` switch has a default that is safe or likely and must
be tried in both positions before anything is built on it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, get_args, get_origin, get_type_hints

ForwardedHeaders = Literal["forwarded", "x-forwarded", "both", "none"]
MissingValue = Literal["remove", "keep", "empty"]
VpcLinkHost = Literal["target", "request", "server_name"]


@dataclass(frozen=True)
class Target:
    """Where a listener really listens. ``tls`` declares its protocol; ``None`` leaves that to the bytes."""

    host: str
    port: int
    tls: bool | None = None


@dataclass
class DataSettings:
    """What the data plane does where sources are silent or disagree; read anew for every request."""

    endpoint_domain: str = "execute-api.localhost"
    """``{api id}.<endpoint_domain>`` is the default endpoint, as ``{api id}.execute-api.{region}.amazonaws.com``."""

    targets: dict[str, Target] = field(default_factory=dict)
    """Listener ARN to local address. A listener without an entry has no healthy target."""

    # --- request paths ------------------------------------------------------------------------------------------
    decode_encoded_slash: bool = False
    """``%2f`` becomes ``/``. ``[M]`` (prototype) an encoded path is kept encoded; real gateway ``[U]``."""

    decode_encoded_dots: bool = False
    """``%2e`` becomes ``.``; dot segments are resolved only with ``resolve_dot_segments``. ``[U]``"""

    resolve_dot_segments: bool = False
    """``/a/../b`` becomes ``/b`` (RFC 3986 5.2.4), after decoding. ``[U]``"""

    collapse_slashes: bool = False
    """``//`` becomes ``/``. ``[U]``"""

    strip_path_parameters: bool = False
    """``/a;x=1/b`` becomes ``/a/b``. ``[U]``"""

    normalise_after_routing: bool = False
    """Apply the five switches above to the path that is sent, but let routing see the path as received. ``[U]``"""

    decode_for_routing: bool = False
    """Literal route segments are compared with the percent-decoded request (``/hr/%65mp`` is ``/hr/emp``). ``[U]``"""

    decode_path_variables: bool = False
    """``$request.path.x`` in a mapping is percent-decoded; default is the segment as received. ``[U]``"""

    greedy_matches_empty: bool = False
    """``/a/{proxy+}`` matches ``/a/``, and ``/{proxy+}`` matches ``/``. ``[U]``, the fact sheet says it does not."""

    method_before_path: bool = False
    """A route with the request's method beats an ANY route even if the latter's path is more specific. ``[U]``"""

    # --- authorization ------------------------------------------------------------------------------------------
    jwt_key_cache_seconds: float = 7200
    """Keys of an issuer are cached two hours. ``[D]``"""

    oidc_timeout_seconds: float = 1.5
    """Time-out of the discovery and of the JWKS request, each. ``[D]`` quotas page."""

    jwks_max_bytes: int = 150_000
    """Size limit of the JWKS (applied to the discovery document too). ``[D]`` quotas page."""

    refetch_on_unknown_kid: bool = True
    """An unknown ``kid`` fetches the keys again. ``[D]`` for REST APIs, ``[U]`` for HTTP APIs."""

    refetch_interval_seconds: float = 10
    """At most one such fetch per issuer in this time. ``[U]``"""

    missing_scope_status: Literal[401, 403] = 403
    """A valid token without any of the route's scopes. ``[U]``, 403 is what RFC 6750 expects."""

    scope_arrays: bool = True
    """``scope`` and ``scp`` may be arrays, as Okta's is. ``[C]`` by public accounts of Okta behind HTTP APIs, the guide
    names the claims only."""

    throttle_before_auth: bool = True
    """The throttle counts a request before its token is looked at. ``[U]``"""

    forward_authorization_of_iam: bool = True
    """The ``Authorization`` header of a signed request goes on to the back end. ``[U]`` for HTTP APIs."""

    # --- throttling ---------------------------------------------------------------------------------------------
    account_rate: float = 10_000
    """Requests per second of an account in a Region. ``[D]``"""

    account_burst: int = 5_000
    """Burst of an account in a Region. ``[D]``"""

    missing_throttle_number_is_zero: bool = False
    """Of rate and burst only one is set: the other is 0 (rejects everything) instead of the account's. ``[U]``"""

    # --- parameter mapping --------------------------------------------------------------------------------------
    route_key_mapping: bool = True
    """``$context.routeKey`` can be mapped. ``[D]`` in general wording only; off: the mapping fails with 500."""

    static_plus_request_path: bool = True
    """``overwrite:path`` may join text and the whole ``$request.path``. ``[U]``; off: the mapping fails with 500."""

    host_overwrite_by_context: bool = False
    """``overwrite:header.Host`` may use ``$context``. ``[U]``, one project saw it refused; off: fails with 500."""

    missing_value: MissingValue = "remove"
    """An overwrite whose value does not exist removes the caller's own copy, keeps it, or sends it empty. ``[U]``"""

    # --- integration --------------------------------------------------------------------------------------------
    unhealthy_integration_status: Literal[503, 504] = 503
    """Dead back end, link not AVAILABLE, or time-out. 503 ``[C]`` from a public issue, 504 in a support article."""

    tls_failure_status: Literal[500, 503] = 500
    """The back end's certificate is not accepted. 500 ``[D]`` support article on host names that do not match."""

    missing_integration_status: Literal[404, 500] = 500
    """A route without a target. ``[U]``"""

    oversized_response_status: Literal[500, 503] = 500
    """The back end's answer is over the payload limit. ``[U]``"""

    payload_limit_bytes: int = 10 * 1024 * 1024
    """10 MB, request and response. ``[D]``; that a larger request is a 413 is ``[U]``."""

    forwarded_headers: ForwardedHeaders = "forwarded"
    """What is added for the back end. ``Forwarded`` and ``Via`` ``[C]`` (echoed by back ends of real HTTP APIs);
    ``X-Forwarded-For/-Proto/-Port/-Host`` ``[U]``; ``none`` lets the caller's own pass."""

    vpc_link_host: VpcLinkHost = "target"
    """``Host`` towards a VPC link when no mapping sets it: rewritten to the listener ``[D]`` loosely, the
    caller's, or the name in TlsConfig. ``[U]``"""

    # --- access log ---------------------------------------------------------------------------------------------
    escape_log_values: bool = True
    """Quotes and backslashes in values of the access log are escaped as in JSON. ``[U]``"""

    def update(self, values: Mapping[str, Any]) -> None:
        """Set switches by name from JSON values; nothing is changed when one of them is wrong.

        Raises:
            ValueError: An unknown name or a value of the wrong type; the text names it.
        """
        hints = get_type_hints(type(self))
        unknown = sorted(set(values) - set(hints))
        if unknown:
            raise ValueError(f"unknown data plane setting: {', '.join(unknown)}")
        for name, value in {name: _checked(name, hints[name], value) for name, value in values.items()}.items():
            setattr(self, name, value)

    def as_json(self) -> dict[str, Any]:
        """Return all switches as JSON-ready values, targets as ``[host, port, tls]``."""
        shown = {item.name: getattr(self, item.name) for item in fields(self)}
        return shown | {"targets": {arn: [at.host, at.port, at.tls] for arn, at in self.targets.items()}}


def _checked(name: str, hint: Any, value: Any) -> Any:
    if name == "targets":
        return _targets(value)
    if get_origin(hint) is Literal:
        if value not in get_args(hint) or isinstance(value, bool):
            raise ValueError(f"{name} must be one of {', '.join(map(str, get_args(hint)))}")
        return value
    accepted = (int, float) if hint is float else (hint,)
    if not isinstance(value, accepted) or (hint is not bool and isinstance(value, bool)):
        raise ValueError(f"{name} must be {hint.__name__}")
    if hint in (int, float) and not 0 <= value < float("inf"):
        raise ValueError(f"{name} must not be negative")
    return value


def _targets(value: Any) -> dict[str, Target]:
    """Read ``{arn: [host, port]}`` or ``{arn: [host, port, tls]}``."""
    if not isinstance(value, Mapping):
        raise ValueError("targets must be an object: listener ARN to [host, port, tls]")
    found = {}
    for arn, entry in value.items():
        entry = [*entry, None][:3] if isinstance(entry, list | tuple) and len(entry) in (2, 3) else [None] * 3
        host, port, tls = entry
        if not isinstance(host, str) or type(port) is not int or not isinstance(tls, bool | None):
            raise ValueError(f"targets[{arn}] must be [host, port] or [host, port, tls]")
        found[str(arn)] = Target(host, port, tls)
    return found
