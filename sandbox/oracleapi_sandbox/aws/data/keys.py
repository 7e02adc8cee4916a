"""Signing keys of an issuer: its discovery document, then its JWKS, over HTTPS, cached.

``[D]`` keys come from ``jwks_uri`` of the discovery document and may be cached for two hours; each request has 1.5 s.
The texts of the two failures are those seen in real access logs ``[C]``.
"""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from oracleapi_sandbox.aws.data.outbound import Origin, Outbound
from oracleapi_sandbox.aws.data.settings import DataSettings
from oracleapi_sandbox.aws.data.transport import Transport, TransportError
from oracleapi_sandbox.common.clock import Clock

WELL_KNOWN = "/.well-known/openid-configuration"


class IssuerError(Exception):
    """The issuer's documents could not be had; the text is the ``error_description``."""


@dataclass(frozen=True)
class SigningKey:
    """An RSA key of a JWKS; ``algorithm`` is ``None`` when the JWK does not limit it."""

    kid: str
    algorithm: str | None
    key: RSAKey


@dataclass
class _Issuer:
    """What is cached of one issuer."""

    keys: tuple[SigningKey, ...] = ()
    fetched_at: float | None = None
    refetched_at: float | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class SigningKeys:
    """Finds keys by issuer and ``kid``; several requests that need the same document share one fetch."""

    def __init__(self, transport: Transport, clock: Clock, settings: DataSettings) -> None:
        self._transport = transport
        self._clock = clock
        self._settings = settings
        self._issuers: dict[str, _Issuer] = {}

    async def find(self, issuer: str, kid: str) -> tuple[SigningKey, ...]:
        """Return the keys that *issuer* publishes under *kid*; an unknown one is looked for again, within limits.

        Raises:
            IssuerError: Discovery or JWKS failed and nothing valid is cached.
        """
        cached = self._issuers.setdefault(issuer, _Issuer())
        if self._fresh(cached) and (found := _with_kid(cached, kid)):
            return found
        async with cached.lock:
            now = self._clock.now()
            if not self._fresh(cached):
                cached.keys, cached.fetched_at = await self._fetch(issuer), now
            elif not _with_kid(cached, kid) and self._may_refetch(cached, now):
                cached.refetched_at = now
                cached.keys, cached.fetched_at = await self._fetch(issuer), now
            return _with_kid(cached, kid)

    def clear(self) -> None:
        """Forget every key."""
        self._issuers.clear()

    def _fresh(self, cached: _Issuer) -> bool:
        limit = self._settings.jwt_key_cache_seconds
        return cached.fetched_at is not None and self._clock.now() - cached.fetched_at < limit

    def _may_refetch(self, cached: _Issuer, now: float) -> bool:
        if not self._settings.refetch_on_unknown_kid:
            return False
        return cached.refetched_at is None or now - cached.refetched_at >= self._settings.refetch_interval_seconds

    async def _fetch(self, issuer: str) -> tuple[SigningKey, ...]:
        discovery = await self._document(issuer.removesuffix("/") + WELL_KNOWN, "OIDC discovery endpoint")
        jwks = await self._document(discovery.get("jwks_uri"), "JWKS")
        published = jwks.get("keys")
        if not isinstance(published, list):
            raise IssuerError("JWKS communication error")
        return tuple(key for key in map(_signing_key, published) if key is not None)

    async def _document(self, url: object, what: str) -> dict[str, Any]:
        """Get one JSON object over HTTPS; a redirect is a failure."""
        try:
            answer = await self._transport.send(
                _get(url),
                timeout_seconds=self._settings.oidc_timeout_seconds,
                max_bytes=self._settings.jwks_max_bytes,
            )
            found = json.loads(answer.body) if answer.status == 200 else None
        except (TransportError, ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise IssuerError(f"{what} communication error")
        return found


def _get(url: object) -> Outbound:
    """Build the GET request for *url*.

    Raises:
        ValueError: Not an https URL.
    """
    parts = urlsplit(url) if isinstance(url, str) else None
    if parts is None or parts.scheme != "https" or not parts.hostname:
        raise ValueError("not an https URL")
    host = parts.netloc.rpartition("@")[2]
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = ((b"host", host.encode("ascii")), (b"accept", b"application/json"), (b"connection", b"close"))
    origin = Origin(parts.hostname, parts.port or 443, tls=True, server_name=parts.hostname)
    return Outbound(origin, "GET", target.encode("ascii"), headers, b"")


def _with_kid(cached: _Issuer, kid: str) -> tuple[SigningKey, ...]:
    return tuple(key for key in cached.keys if key.kid == kid)


def _signing_key(jwk: object) -> SigningKey | None:
    """Read one JWK; keys that are not RSA signing keys with a ``kid`` are of no use and left out."""
    if not isinstance(jwk, dict) or jwk.get("kty") != "RSA" or jwk.get("use", "sig") != "sig":
        return None
    kid, algorithm = jwk.get("kid"), jwk.get("alg")
    if not isinstance(kid, str) or not (algorithm is None or isinstance(algorithm, str)):
        return None
    try:
        return SigningKey(kid, algorithm, RSAKey.import_key({"kty": "RSA", "n": jwk["n"], "e": jwk["e"]}))
    except (JoseError, KeyError, ValueError, TypeError, AttributeError):
        return None
