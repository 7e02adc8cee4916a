"""Fetch a discovery document and its keys under API Gateway's limits, and judge them by both gates' rules.

Limits: 1,500 ms for each document and 150,000 bytes of keys (API Gateway quotas); ORDS takes 100,000 bytes, RSA keys
of 2,048 to 4,096 bits with a ``kid`` (ORDS Developer's Guide, JWT profiles).
"""

import base64
import json
import ssl
from collections.abc import Callable, Mapping
from typing import Any

import httpx

from oracleapi.api import reasons
from oracleapi.errors import Retryable, Terminal
from oracleapi.ports import Discovery

TIMEOUT_S = 1.5
GATEWAY_KEYS_LIMIT = 150_000
ORDS_KEYS_LIMIT = 100_000
DOCUMENT_LIMIT = 1_000_000


class OidcDiscovery:
    """Fulfils :class:`oracleapi.ports.Oidc`."""

    def __init__(self, trust: Callable[[str | None], ssl.SSLContext]) -> None:
        self._trust = trust

    def discover(self, issuer: str, ca_pem: str | None) -> Discovery:
        address = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
        with httpx.Client(verify=self._trust(ca_pem), timeout=TIMEOUT_S, follow_redirects=False) as client:
            document, _ = _fetch(client, address)
            if document.get("issuer") != issuer:
                raise Terminal(
                    reasons.ISSUER_MISMATCH,
                    f"spec.issuer is {issuer}, but its discovery document says {document.get('issuer')}; they must be"
                    " equal, trailing slash included",
                )
            jwks_uri = document.get("jwks_uri")
            if not isinstance(jwks_uri, str) or not jwks_uri.startswith("https://"):
                raise Terminal(reasons.KEYS_UNUSABLE, f"the discovery document at {address} has no https jwks_uri")
            keys, size = _fetch(client, jwks_uri)
        return judge(jwks_uri, keys, size)


def _fetch(client: httpx.Client, address: str) -> tuple[Mapping[str, Any], int]:
    try:
        answer = client.get(address, headers={"Accept": "application/json"})
    except httpx.HTTPError as error:
        raise Retryable(
            reasons.DISCOVERY_FAILED,
            f"no answer from {address} within {TIMEOUT_S} s ({type(error).__name__}); API Gateway gives up as early",
        ) from error
    if answer.status_code != 200:
        raise Retryable(reasons.DISCOVERY_FAILED, f"{address} answered {answer.status_code} instead of 200")
    body = answer.content
    try:
        found = json.loads(body) if len(body) <= DOCUMENT_LIMIT else None
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Retryable(reasons.DISCOVERY_FAILED, f"{address} did not answer with a JSON object of a sane size")
    return found, len(body)


def judge(jwks_uri: str, document: Mapping[str, Any], size: int) -> Discovery:
    """Return what both gates make of a key set. Pure."""
    listed = document.get("keys")
    keys = [key for key in listed if isinstance(key, dict)] if isinstance(listed, list) else []
    usable = [key for key in keys if key.get("kty") == "RSA" and key.get("use", "sig") == "sig" and key.get("kid")]
    bits = [_bits(key) for key in usable]
    gateway: list[str] = []
    ords: list[str] = []
    if not usable:
        gateway.append("no RSA signing key with a kid; HTTP APIs take RS256, RS384 and RS512 only")
        ords.append("no RSA signing key with a kid; ORDS takes RS256, RS384 and RS512 only")
    if size > GATEWAY_KEYS_LIMIT:
        gateway.append(f"the key set has {size} bytes; API Gateway takes {GATEWAY_KEYS_LIMIT}")
    if size > ORDS_KEYS_LIMIT:
        ords.append(f"the key set has {size} bytes; ORDS takes {ORDS_KEYS_LIMIT} by default (security.jwks.size)")
    odd = sorted({count for count in bits if not 2048 <= count <= 4096})
    if odd:
        ords.append(f"RSA keys of {odd} bits; ORDS takes 2048 to 4096")
    algorithms = tuple(sorted({str(key.get("alg") or "RS256") for key in usable}))
    return Discovery(jwks_uri, len(usable), algorithms, tuple(gateway), tuple(ords))


def _bits(key: Mapping[str, Any]) -> int:
    modulus = str(key.get("n", ""))
    try:
        raw = base64.urlsafe_b64decode(modulus + "=" * (-len(modulus) % 4))
    except ValueError:
        return 0
    return int.from_bytes(raw, "big").bit_length()
