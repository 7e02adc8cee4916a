"""Bearer tokens: the checks of a JWT profile with the provider's real key set.

The list of checks is the Developer's Guide's, "JWT profile" [D 23.3 draft]; what it leaves open is tagged.
"""

import base64
import json
import math
import ssl
import threading
from dataclasses import dataclass, field
from typing import Any

import httpx
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from oracleapi_sandbox.common.clock import Clock
from oracleapi_sandbox.ords.model import JwtProfile
from oracleapi_sandbox.ords.settings import OrdsSettings

ALGORITHMS = ["RS256", "RS384", "RS512"]
LARGEST_SKEW = 60


class InvalidTokenError(Exception):
    """The token does not pass; the text says why and holds nothing of the token."""


@dataclass(frozen=True)
class Caller:
    """Who a request comes from: the token's ``sub``, its scopes, and the ORDS roles of role mode."""

    subject: str
    scopes: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    role_mode: bool = False


@dataclass
class _KeySet:
    """One provider's keys; its lock is held while they are fetched, so that one slow provider delays only itself."""

    keys: dict[str, dict[str, Any]] = field(default_factory=dict)
    fetched: float = float("-inf")
    lock: threading.Lock = field(default_factory=threading.Lock)


class JwksCache:
    """Key sets by address: fetched over https, renewed for an unknown kid, and when they are old."""

    def __init__(self, settings: OrdsSettings, clock: Clock, trust: ssl.SSLContext) -> None:
        self._settings = settings
        self._clock = clock
        self._trust = trust
        self._sets: dict[str, _KeySet] = {}
        self._lock = threading.Lock()

    def clear(self) -> None:
        with self._lock:
            self._sets.clear()

    def find(self, address: str, kid: str) -> dict[str, Any]:
        """Return the key *kid* of the set at *address*.

        Raises:
            InvalidTokenError: The set cannot be read, or has no such key.
        """
        with self._lock:
            held = self._sets.setdefault(address, _KeySet())
        with held.lock:
            now = self._clock.now()
            age = now - held.fetched
            stale = age >= self._settings.jwks_expire_after_write
            if stale or (kid not in held.keys and age >= self._settings.jwks_refresh_interval):
                held.keys, held.fetched = self._fetch(address), now
            if kid not in held.keys:
                raise InvalidTokenError("no key with the token's kid")
            return held.keys[kid]

    def _fetch(self, address: str) -> dict[str, dict[str, Any]]:
        if not address.startswith("https://"):
            raise InvalidTokenError("the JWKS address is not https")
        connect, read = self._settings.jwks_connection_timeout, self._settings.jwks_read_timeout
        timeout = httpx.Timeout(read, connect=connect)
        try:
            with (
                httpx.Client(verify=self._trust, timeout=timeout, trust_env=False) as client,
                client.stream("GET", address, headers={"Accept": "application/json"}) as answer,
            ):
                document = json.loads(self._read(answer))
            return {key["kid"]: key for key in document["keys"] if isinstance(key.get("kid"), str)}
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, LookupError, TypeError, AttributeError) as error:
            raise InvalidTokenError(f"the JWKS cannot be read: {type(error).__name__}") from error

    def _read(self, answer: httpx.Response) -> bytes:
        if answer.status_code != 200:
            raise InvalidTokenError(f"the JWKS answered {answer.status_code}")
        content = b""
        for chunk in answer.iter_bytes():
            content += chunk
            if len(content) > self._settings.jwks_size:
                raise InvalidTokenError("the JWKS is larger than security.jwks.size")
        return content


class TokenValidator:
    """Checks one token against one profile."""

    def __init__(self, settings: OrdsSettings, clock: Clock, keys: JwksCache) -> None:
        self._settings = settings
        self._clock = clock
        self._keys = keys

    def validate(self, token: str, profile: JwtProfile) -> Caller:
        """Return the caller that *token* proves.

        Raises:
            InvalidTokenError: Any check failed.
        """
        claims = self._verified_claims(token, profile)
        if claims.get("iss") != profile.issuer:
            raise InvalidTokenError("iss differs from the profile's issuer")
        audience = claims.get("aud")
        if profile.audience not in (audience if isinstance(audience, list) else [audience]):
            raise InvalidTokenError("aud does not name the profile's audience")
        self._check_times(claims, profile)
        subject = claims.get("sub")
        if not isinstance(subject, str) or not subject:
            raise InvalidTokenError("sub is required")
        if profile.role_claim_name:
            return Caller(subject, roles=_roles(claims, profile.role_claim_name), role_mode=True)
        return Caller(subject, scopes=_scopes(claims, self._settings.scp_array))

    def _verified_claims(self, token: str, profile: JwtProfile) -> dict[str, Any]:
        try:
            header = jws.extract_compact(token.encode("ascii")).headers()
        except (JoseError, ValueError) as error:
            raise InvalidTokenError("not a signed token") from error
        if header.get("alg") not in ALGORITHMS:
            raise InvalidTokenError("alg is none of RS256, RS384, RS512")
        if header.get("typ", "JWT") != "JWT":
            raise InvalidTokenError("typ is not JWT")
        kid = header.get("kid")
        if not isinstance(kid, str) or not kid:
            raise InvalidTokenError("kid is required")
        jwk = self._keys.find(profile.jwk_url, kid)
        if "x5t" in header and header["x5t"] != jwk.get("x5t"):
            raise InvalidTokenError("x5t differs from the key's")
        try:
            claims = json.loads(jws.deserialize_compact(token, _rsa_key(jwk), algorithms=ALGORITHMS).payload)
        except (JoseError, ValueError, LookupError, TypeError) as error:
            raise InvalidTokenError("the signature or the payload is wrong") from error
        if not isinstance(claims, dict):
            raise InvalidTokenError("the payload is not an object")
        return claims

    def _check_times(self, claims: dict[str, Any], profile: JwtProfile) -> None:
        now, skew = self._clock.now(), self._skew(profile)
        if _number(claims, "exp") + skew <= now:
            raise InvalidTokenError("expired")
        issued = _number(claims, "iat")
        if "nbf" in claims and _number(claims, "nbf") - skew > now:
            raise InvalidTokenError("not yet valid")
        age = self._settings.jwt_allowed_age if profile.allowed_age is None else profile.allowed_age
        if age > 0 and issued + age + skew < now:
            raise InvalidTokenError("older than the allowed age")

    def _skew(self, profile: JwtProfile) -> int:
        skew = self._settings.jwt_allowed_skew if profile.allowed_skew is None else profile.allowed_skew
        return min(max(skew, 0), LARGEST_SKEW)


def _rsa_key(jwk: dict[str, Any]) -> RSAKey:
    if jwk.get("kty") != "RSA":
        raise InvalidTokenError("the key is not RSA")
    modulus = base64.urlsafe_b64decode(f"{jwk['n']}==")
    if not 2048 <= int.from_bytes(modulus, "big").bit_length() <= 4096:
        raise InvalidTokenError("the key has not 2048 to 4096 bits")
    return RSAKey.import_key(jwk)


def _number(claims: dict[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InvalidTokenError(f"{name} is required and must be a number")
    return value


def _scopes(claims: dict[str, Any], arrays: bool) -> frozenset[str]:
    """``scope`` or ``scp``, space separated; with *arrays* ``scp`` may be one."""
    found: set[str] = set()
    for name in ("scope", "scp"):
        value = claims.get(name)
        if isinstance(value, str):
            found.update(value.split())
    listed = claims.get("scp")
    if arrays and isinstance(listed, list):
        found.update(entry for entry in listed if isinstance(entry, str))
    return frozenset(found)


def _roles(claims: dict[str, Any], pointer: str) -> frozenset[str]:
    """The strings of the array at the JSON *pointer*; anything else holds no roles."""
    value: Any = claims
    for token in pointer.split("/")[1:]:
        name = token.replace("~1", "/").replace("~0", "~")
        value = value.get(name) if isinstance(value, dict) else None
    return frozenset(entry for entry in value if isinstance(entry, str)) if isinstance(value, list) else frozenset()
