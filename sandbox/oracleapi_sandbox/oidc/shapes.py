"""Access tokens shaped as the vendors make them: which claim says who, for whom, with which scopes and groups.

Only what a relying party may read is copied; ``iss``, times and signature stay the provider's own, since they must
verify here. Each shape names the page it was taken from. A token without a user is one of the client-credentials grant.
"""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, TypeAlias, get_args

Overage: TypeAlias = Literal["none", "claim-names", "hasgroups"]
OVERAGES: tuple[str, ...] = get_args(Overage)
TENANT = "833ced3d-0000-4000-8000-000000000001"
"""``tid`` of Entra tokens."""
Claims: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Holder:
    """Whom a token is for.

    Args:
        subject: The user, ``None`` for a client of its own.
        client: The client that asked for the token.
        audience: ``aud``, where the vendor has one.
        scopes, groups: Names; Entra, which gives a client without a user no scopes, makes them its ``roles``.
        overage: How Entra says that there are too many groups to list them.
        kid: The key's, which Entra's v1 tokens repeat as ``x5t``.
    """

    subject: str | None
    client: str
    audience: str | list[str] | None
    scopes: tuple[str, ...]
    groups: tuple[str, ...]
    overage: str
    kid: str

    @property
    def scope(self) -> str | None:
        return " ".join(self.scopes) or None


@dataclass(frozen=True)
class Shape:
    """A token's own claims and header parameters; a value ``None`` means that there is none of that name."""

    claims: Claims
    header: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


def okta(holder: Holder) -> Shape:
    """Return the access token of an Okta custom authorization server; the header holds ``kid`` and ``alg`` alone.

    ``sub`` is the login, of a client its id; ``uid`` is the user's id; ``scp`` an array. ``groups`` is there where the
    server was given a groups claim.

    Source:
        [D] developer.okta.com, "OpenID Connect & OAuth 2.0 API", access token scopes and claims, and "Authorization
        server claims", whose ``sub`` is ``(appuser != null) ? appuser.userName : app.clientId``; [M] a token in
        groups.google.com/g/rabbitmq-users/c/O3GdCKf8soM.
    """
    user = holder.subject is not None
    claims = {
        "ver": 1,
        "jti": f"AT.{uuid.uuid4().hex}",
        "aud": holder.audience,
        "sub": holder.subject or holder.client,
        "cid": holder.client,
        "uid": f"00u{_stable(holder.subject).hex[:17]}" if user else None,
        "scp": list(holder.scopes) or None,
        "groups": list(holder.groups) if user and holder.groups else None,
    }
    return Shape(claims, {"typ": None})


def entra_v2(holder: Holder) -> Shape:
    """Return Entra ID's v2.0 access token: ``azp``, ``preferred_username``, ``ver`` 2.0.

    Source: As :func:`_entra`.
    """
    own = {"azp": holder.client, "azpacr": "1", "preferred_username": holder.subject, "ver": "2.0"}
    return Shape(_entra(holder) | own)


def entra_v1(holder: Holder) -> Shape:
    """Return Entra ID's v1.0 access token: ``appid``, ``upn``, ``ver`` 1.0; the header names the key twice.

    Source: As :func:`_entra`; ``x5t`` works like ``kid``, in v1.0 tokens only.
    """
    own = {
        "appid": holder.client,
        "appidacr": "1",
        "upn": holder.subject,
        "unique_name": holder.subject,
        "ver": "1.0",
    }
    return Shape(_entra(holder) | own, {"x5t": holder.kid})


def _entra(holder: Holder) -> Claims:
    """Return what both versions share. ``sub`` and ``oid`` are no names: opaque, and the object's id.

    A user's delegated permissions are ``scp``, one text; a client without a user has ``roles`` and no ``scp``. With
    more than 200 groups there is no ``groups`` but a reference to where they can be fetched, in tokens of the implicit
    grant ``hasgroups``.

    Source:
        [D] learn.microsoft.com, "Access token claims reference", and "How to get the signed-in user group list when a
        group overage claim is displayed in access tokens"; [M] a token without ``scp``:
        learn.microsoft.com/answers/questions/256281.
    """
    user = holder.subject is not None
    oid = str(_stable(holder.subject or holder.client))
    claims: Claims = {
        "aud": holder.audience,
        "sub": _stable(f"{oid} {holder.audience}").hex if user else oid,
        "oid": oid,
        "tid": TENANT,
        "scp": holder.scope if user else None,
        "roles": None if user else list(holder.scopes) or None,
        "groups": list(holder.groups) or None,
    }
    if holder.overage == "hasgroups":
        claims |= {"groups": None, "hasgroups": True}
    elif holder.overage == "claim-names":
        source = {"endpoint": f"https://graph.windows.net/{TENANT}/users/{oid}/getMemberObjects"}
        claims |= {"groups": None, "_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": source}}
    return claims


def keycloak(holder: Holder) -> Shape:
    """Return Keycloak's access token: ``aud`` is ``account`` unless a mapper adds more, ``sub`` the user's UUID.

    The groups are paths from a slash on, by the group membership mapper with "full group path"; the same names, without
    the slash, are realm roles and roles of the client. A client is the user ``service-account-<client>``.

    Source:
        [D] keycloak.org, Server Administration Guide, "Audience support" and "Service accounts"; javadocs of
        ``GroupMembershipMapper.useFullPath``; [M] tokens in gist.github.com/phacman/bd288c7abac1d3fc1694b7e191e27e4c
        and (26.7) phasetwo.io/tutorials/getting-started/your-first-token.
    """
    name = holder.subject or f"service-account-{holder.client}"
    own = [holder.audience] if isinstance(holder.audience, str) else holder.audience or []
    claims = {
        "aud": [*own, "account"] if own else "account",
        "sub": str(_stable(name)),
        "typ": "Bearer",
        "azp": holder.client,
        "client_id": None if holder.subject else holder.client,
        "realm_access": {"roles": [*holder.groups, "offline_access"]},
        "resource_access": {holder.client: {"roles": [*holder.groups]}, "account": {"roles": ["view-profile"]}},
        "scope": " ".join([*holder.scopes, "email", "profile"]),
        "preferred_username": name,
        "groups": [f"/{group}" for group in holder.groups] or None,
    }
    return Shape(claims)


def cognito(holder: Holder) -> Shape:
    """Return a Cognito user pool's access token: no ``aud``, ``client_id`` in its place; the header has no ``typ``.

    Scopes of a resource server are ``identifier/name``. A client without a user has itself as ``sub`` and no
    ``username``.

    Source:
        [D] docs.aws.amazon.com/cognito/latest/developerguide, "Understanding the access token" and "Scopes, M2M, and
        resource servers".
    """
    claims = {
        "sub": str(_stable(holder.subject)) if holder.subject else holder.client,
        "aud": None,
        "client_id": holder.client,
        "token_use": "access",
        "version": 2,
        "scope": holder.scope,
        "username": holder.subject,
        "cognito:groups": list(holder.groups) or None,
    }
    return Shape(claims, {"typ": None})


def auth0(holder: Holder) -> Shape:
    """Return Auth0's access token; claims that an Action adds have a namespace, here ``https://sandbox.example/``.

    Source:
        [D] auth0.com/docs/secure/tokens/access-tokens/access-token-profiles (the default profile), "Create namespaced
        custom claims"; [M] ``@clients`` and ``gty`` in client-credentials tokens, Auth0 community.
    """
    return Shape(_auth0(holder) | {"azp": holder.client, "gty": None if holder.subject else "client-credentials"})


def auth0_rfc9068(holder: Holder) -> Shape:
    """Return Auth0's access token in the profile of RFC 9068: ``client_id``, and a header that says ``at+jwt``.

    Source: [D] As :func:`auth0`; RFC 9068, section 2.1.
    """
    return Shape(_auth0(holder) | {"client_id": holder.client}, {"typ": "at+jwt"})


def _auth0(holder: Holder) -> Claims:
    return {
        "sub": f"auth0|{holder.subject}" if holder.subject else f"{holder.client}@clients",
        "aud": holder.audience,
        "scope": holder.scope,
        "https://sandbox.example/groups": list(holder.groups) or None,
    }


SHAPES: Mapping[str, Callable[[Holder], Shape]] = MappingProxyType(
    {
        "okta": okta,
        "entra-v2": entra_v2,
        "entra-v1": entra_v1,
        "keycloak": keycloak,
        "cognito": cognito,
        "auth0": auth0,
        "auth0-rfc9068": auth0_rfc9068,
    }
)


def _stable(name: str | None) -> uuid.UUID:
    """Return an id that is the same for a name each time, as a provider's own ids are."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"https://sandbox.example/{name}")
