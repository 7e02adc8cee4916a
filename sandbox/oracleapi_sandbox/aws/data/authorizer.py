"""The JWT authorizer of HTTP APIs.

``[D]`` (developer guide, "http-api-jwt-authorizer"): RSA algorithms only; the header's ``kid`` must be in the issuer's
JWKS; ``iss`` equals the configured issuer; ``aud``, or ``client_id`` when there is no ``aud``, is one of the audiences;
``exp`` is in the future, ``nbf`` and ``iat`` in the past; ``scope`` or ``scp`` holds one of the route's scopes. The
challenge's form is that of real answers ``[C]``, down to ``scope=`` with the route's scopes; not all descriptions are.
"""

import json
import re
from dataclasses import dataclass
from typing import Any, NoReturn, TypeGuard

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.util import urlsafe_b64decode

from oracleapi_sandbox.aws.data.keys import IssuerError, SigningKeys
from oracleapi_sandbox.aws.data.request import Request
from oracleapi_sandbox.aws.data.settings import DataSettings
from oracleapi_sandbox.aws.deployed import JwtAuthorizer
from oracleapi_sandbox.common.clock import Clock

ALGORITHMS = ("RS256", "RS384", "RS512")
_IDENTITY_SOURCE = re.compile(r"\$request\.(header|querystring)\.(.+)")
_BEARER = re.compile(r"bearer +", re.IGNORECASE)


class _Registry(jws.JWSRegistry):
    """Header size as a request header allows it, and header parameters that the standard does not know."""

    max_header_length = 10_240
    max_signature_length = 4_096


_REGISTRY = _Registry(algorithms=ALGORITHMS, strict_check_header=False)


@dataclass
class AuthorizationError(Exception):
    """The caller may not pass. *error* is RFC 6750's code, or ``None`` when no token came."""

    status: int
    error: str | None
    description: str | None
    scopes: tuple[str, ...] = ()

    @property
    def challenge(self) -> str:
        """The ``www-authenticate`` header."""
        if self.error is None:
            return "Bearer"
        scope = " ".join(self.scopes)
        return f'Bearer scope="{scope}" error="{self.error}" error_description="{self.description}"'

    @property
    def reason(self) -> str:
        """``$context.authorizer.error``."""
        return "Unauthorized" if self.error is None else f"{self.error}: {self.description}"


class _TokenError(Exception):
    """The token is refused; the text is the description and holds nothing of the token."""


class JwtAuthorizers:
    """Checks tokens for all authorizers of all APIs."""

    def __init__(self, keys: SigningKeys, clock: Clock, settings: DataSettings) -> None:
        self._keys = keys
        self._clock = clock
        self._settings = settings

    async def authorize(
        self, authorizer: JwtAuthorizer, scopes: tuple[str, ...], request: Request
    ) -> dict[str, object]:
        """Return the verified claims of the request's token.

        Raises:
            AuthorizationError: 401 without a valid token, ``missing_scope_status`` without a scope of the route.
        """
        token = identity(authorizer.identity_source, request)
        if token is None:
            raise AuthorizationError(401, None, None, scopes)
        try:
            claims = await self._verified(token, authorizer)
        except (_TokenError, IssuerError) as invalid:
            raise AuthorizationError(401, "invalid_token", str(invalid), scopes) from None
        if scopes and not granted_scopes(claims, self._settings.scope_arrays) & set(scopes):
            description = "the token does not contain required scopes"
            raise AuthorizationError(self._settings.missing_scope_status, "insufficient_scope", description, scopes)
        return claims

    async def _verified(self, token: str, authorizer: JwtAuthorizer) -> dict[str, object]:
        segments = token.split(".")
        if len(segments) != 3:
            raise _TokenError("token contains an invalid number of segments")
        header = _object(segments[0], "header")
        algorithm, kid = header.get("alg"), header.get("kid")
        if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
            raise _TokenError("the signing method is invalid")
        if not isinstance(kid, str) or not kid:
            raise _TokenError("the token does not have a kid")
        if "crit" in header:
            raise _TokenError("the token has critical header parameters")
        self._check_claims(claims := _object(segments[1], "claims"), authorizer)
        for key in await self._keys.find(authorizer.issuer, kid):
            if key.algorithm in (None, algorithm) and _signed_by(token, key.key):
                return claims
        raise _TokenError("the signature cannot be verified with the issuer's keys")

    def _check_claims(self, claims: dict[str, Any], authorizer: JwtAuthorizer) -> None:
        """Check issuer, audience and times. Nothing is trusted until the signature is verified too."""
        now = self._clock.now()
        if claims.get("iss") != authorizer.issuer:
            raise _TokenError("the token does not have a valid issuer")
        expires = claims.get("exp")
        if not _is_number(expires):
            raise _TokenError("the token does not have an expiry")
        if not expires > now:
            raise _TokenError("the token has expired")
        for name in ("nbf", "iat"):
            if name in claims and not (_is_number(claims[name]) and claims[name] <= now):
                raise _TokenError(f"the token's {name} is not in the past")
        audience = claims["aud"] if "aud" in claims else claims.get("client_id")
        named = audience if isinstance(audience, list) and "aud" in claims else [audience]
        if not any(isinstance(entry, str) and entry in authorizer.audience for entry in named):
            raise _TokenError("the token does not have a valid audience")


def identity(source: str, request: Request) -> str | None:
    """Return the token at the identity source, without ``Bearer``, or ``None`` when there is none.

    Raises:
        ValueError: An identity source that HTTP APIs do not have.
    """
    found = _IDENTITY_SOURCE.fullmatch(source)
    if found is None:
        raise ValueError(f"identity source {source!r} is neither a header nor a query string parameter")
    value = request.header(found[2]) if found[1] == "header" else request.parameter(found[2])
    token = _BEARER.sub("", value.strip(), count=1) if value and _BEARER.match(value.strip()) else (value or "").strip()
    return token or None


def granted_scopes(claims: dict[str, object], arrays: bool = True) -> set[str]:
    """The scopes of ``scope`` and ``scp`` ``[D]``, each a space-separated text or, with *arrays*, an array."""
    granted: set[str] = set()
    for name in ("scope", "scp"):
        value = claims.get(name)
        entries = value.split() if isinstance(value, str) else value if arrays and isinstance(value, list) else []
        granted.update(entry for entry in entries if isinstance(entry, str))
    return granted


def _object(segment: str, what: str) -> dict[str, Any]:
    """Decode one segment to a JSON object; NaN and infinities are no JSON."""
    try:
        found = json.loads(urlsafe_b64decode(segment.encode("ascii")), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise _TokenError(f"the token's {what} cannot be decoded")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _signed_by(token: str, key: Any) -> bool:
    try:
        jws.deserialize_compact(token, key, registry=_REGISTRY)
    except (JoseError, ValueError):
        return False
    return True
