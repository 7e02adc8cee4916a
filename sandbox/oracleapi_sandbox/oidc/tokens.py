"""Tokens, right and wrong on demand.

A token is a signed JWT with ``iss``, ``sub``, ``aud``, ``iat``, ``exp`` and ``jti``, and ``scope`` and ``groups`` where
asked for, or in the shape of a vendor's. Any claim and header can be overridden; a fault then breaks exactly one thing.
"""

import base64
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, get_args

from joserfc import jwt

from oracleapi_sandbox.oidc.keys import KeyRing, short_keys_allowed
from oracleapi_sandbox.oidc.shapes import OVERAGES, SHAPES, Holder, Shape

Fault: TypeAlias = Literal[
    "none",
    "bad-signature",  # the right kid, a signature with one bit changed
    "alg-none",  # {"alg": "none"}, no signature
    "es256",  # rightly signed with a published EC key: only verifiers that insist on RSA refuse it
    "expired",  # exp ten minutes ago
    "other-key",  # rightly signed with an RSA key that the JWKS does not hold
    "no-kid",
    "no-exp",
    "wrong-issuer",  # iss is another provider's
    "future-nbf",  # nbf in an hour
]
FAULTS: tuple[str, ...] = get_args(Fault)
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
PLAIN = "plain"
"""The shape of no vendor in particular: ``scope`` and ``groups`` as they are asked for."""
WRONG_ISSUER = "https://issuer.invalid"
EXPIRED_AGO_S = 600
FUTURE_NBF_S = 3600


class TokenRequestError(ValueError):
    """The request for a token is not well formed; the text names the member."""


@dataclass(frozen=True)
class TokenRequest:
    """What the token shall hold.

    Args:
        subject: ``sub``, or ``None`` for a token without one.
        audience: ``aud``: a string, a list, or ``None`` for a token without one.
        scope: ``scope``, names separated by spaces.
        groups: ``groups``.
        shape: ``plain``, or one of :data:`~oracleapi_sandbox.oidc.shapes.SHAPES`: where subject, scope and groups go
            then. Without a subject such a token is its client's own.
        client: The client that a vendor's token names.
        overage: Of Entra's shapes: the groups are too many to be in the token, see
            :data:`~oracleapi_sandbox.oidc.shapes.OVERAGES`.
        claims: Further claims; they win over all others, and ``null`` removes one.
        header: Further header parameters; ``null`` removes one.
        lifetime_seconds: From ``iat`` to ``exp``.
        issued_at: ``iat`` in seconds since the epoch; now if ``None``.
        not_before: ``nbf`` in seconds since the epoch; no such claim if ``None``.
        algorithm: One of :data:`ALGORITHMS`.
        fault: One of :data:`FAULTS`.
    """

    subject: str | None = None
    audience: str | list[str] | None = None
    scope: str | None = None
    groups: list[str] | None = None
    shape: str = PLAIN
    client: str = "sandbox-client"
    overage: str = "none"
    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    lifetime_seconds: int = 3600
    issued_at: int | None = None
    not_before: int | None = None
    algorithm: str = "RS256"
    fault: str = "none"

    @classmethod
    def parse(cls, body: Any) -> "TokenRequest":
        """Read the JSON body of ``POST /_sandbox/token``.

        Raises:
            TokenRequestError: An unknown member, a member of another type, an unknown choice, or two that do not go
                together.
        """
        if not isinstance(body, Mapping):
            raise TokenRequestError("the body must be a JSON object")
        for name, value in body.items():
            if name not in _MEMBERS:
                raise TokenRequestError(f"unknown member {name!r}; known: {', '.join(_MEMBERS)}")
            if not _MEMBERS[name](value):
                known = f"; known: {', '.join(_CHOICES[name])}" if name in _CHOICES else ""
                raise TokenRequestError(f"member {name!r} has an unusable value{known}")
        wanted = cls(**body)
        if wanted.overage != "none" and not wanted.shape.startswith("entra"):
            raise TokenRequestError(f"member 'overage' is for the shapes of Entra, not for {wanted.shape}")
        return wanted


def _is_text(value: Any) -> bool:
    return value is None or isinstance(value, str)


def _is_texts(value: Any) -> bool:
    return value is None or (isinstance(value, list) and all(isinstance(item, str) for item in value))


def _is_date(value: Any) -> bool:
    return value is None or _is_number(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


_CHOICES = {"algorithm": ALGORITHMS, "fault": FAULTS, "shape": (PLAIN, *SHAPES), "overage": OVERAGES}
_MEMBERS = {
    "subject": _is_text,
    "audience": lambda value: _is_text(value) or _is_texts(value),
    "scope": _is_text,
    "groups": _is_texts,
    "shape": (PLAIN, *SHAPES).__contains__,
    "client": lambda value: isinstance(value, str) and value != "",
    "overage": OVERAGES.__contains__,
    "claims": _is_object,
    "header": _is_object,
    "lifetime_seconds": _is_number,
    "issued_at": _is_date,
    "not_before": _is_date,
    "algorithm": ALGORITHMS.__contains__,
    "fault": FAULTS.__contains__,
}


def mint(request: TokenRequest, issuer: str, keys: KeyRing, now: float) -> str:
    """Make the token that *request* describes, in compact form."""
    key = keys.other if request.fault == "other-key" else keys.signing
    shape = _shape(request, key.kid or "")
    claims = _claims(request, shape, issuer, int(now))
    if request.fault == "alg-none":
        header = {"typ": "JWT", "kid": key.kid, **shape.header, **request.header, "alg": "none"}
        return f"{_part(_without_nulls(header))}.{_part(claims)}."
    if request.fault == "es256":
        ec = keys.publish_ec()
        return _sign({"kid": ec.kid, **shape.header, **request.header, "alg": "ES256"}, claims, ec)
    header = {"kid": key.kid, **shape.header, **request.header, "alg": request.algorithm}
    if request.fault == "no-kid":
        header["kid"] = None
    token = _sign(header, claims, key)
    return _with_broken_signature(token) if request.fault == "bad-signature" else token


def _shape(request: TokenRequest, kid: str) -> Shape:
    """Return what is the vendor's own in a token."""
    if request.shape == PLAIN:
        names = {"sub": request.subject, "aud": request.audience, "scope": request.scope, "groups": request.groups}
        return Shape(names)
    scopes, groups = tuple((request.scope or "").split()), tuple(request.groups or ())
    holder = Holder(request.subject, request.client, request.audience, scopes, groups, request.overage, kid)
    return SHAPES[request.shape](holder)


def _claims(request: TokenRequest, shape: Shape, issuer: str, now: int) -> dict[str, Any]:
    """Return the payload: standard claims, then the shape's, then the caller's, then the fault's."""
    issued = now if request.issued_at is None else request.issued_at
    claims: dict[str, Any] = {
        "iss": issuer,
        "iat": issued,
        "exp": issued + request.lifetime_seconds,
        "nbf": request.not_before,
        "jti": str(uuid.uuid4()),
        **shape.claims,
        **request.claims,
    }
    match request.fault:
        case "expired":
            expiry = now - EXPIRED_AGO_S
            claims |= {"iat": expiry - request.lifetime_seconds, "exp": expiry}
        case "no-exp":
            claims["exp"] = None
        case "wrong-issuer":
            claims["iss"] = WRONG_ISSUER
        case "future-nbf":
            claims["nbf"] = now + FUTURE_NBF_S
    return _without_nulls(claims)


def _sign(header: dict[str, Any], claims: dict[str, Any], key: Any) -> str:
    """Sign with joserfc; ``typ`` is ``JWT`` unless the header says otherwise (``null``: none at all)."""
    default_type = None if header.get("typ", "JWT") is None else "JWT"
    with short_keys_allowed():
        return jwt.encode(_without_nulls(header), claims, key, algorithms=[header["alg"]], default_type=default_type)


def _without_nulls(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _part(members: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(members, separators=(",", ":")).encode()).rstrip(b"=").decode()


def _with_broken_signature(token: str) -> str:
    """Change one bit of the signature itself, not of padding bits that a decoder may ignore."""
    signed, _, signature = token.rpartition(".")
    raw = bytearray(base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4)))
    raw[0] ^= 1
    return f"{signed}.{base64.urlsafe_b64encode(raw).rstrip(b'=').decode()}"
