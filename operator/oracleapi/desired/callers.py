"""Reads callers off tokens, signatures and the subjects of bindings, as gateway, ORDS and guard read them. Pure."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal

from oracleapi.model.line import Caller, LineApi, LineRoute, Nobody, Signature, Subject, SubjectKind, Token

ASSUMED_ROLE = re.compile(r"arn:[^:]+:sts::([0-9]{12}):assumed-role/([^/]+)/.+")
IAM_ROLE = re.compile(r"arn:[^:]+:iam::([0-9]{12}):role/(?:[^/]+/)*([^/]+)")
NO_HEADER: Mapping[str, Any] = MappingProxyType({})
NAME_BYTES = 400
"""The longest name that the guard compares."""


def token_of(
    claims: Mapping[str, Any],
    now: datetime,
    subject_claim: str = "sub",
    groups_claim: str = "groups",
    header: Mapping[str, Any] = NO_HEADER,
) -> Token:
    """Return the caller that *claims*, the payload of a token, stand for; they are read as the guard reads them.

    Args:
        now: What ``exp`` is compared with.
        subject_claim, groups_claim: The provider's words for them: a claim's name, or a JSON pointer to one within.
        header: The token's other part.

    Source:
        API Gateway looks at ``client_id`` where there is no ``aud`` (developer guide, "http-api-troubleshooting-jwt");
        ORDS asks for ``aud`` and ``sub``, and for ``typ`` ``JWT`` where there is one (ORDS Developer's Guide, "JWT
        profile").
    """
    audience = claims["aud"] if "aud" in claims else claims.get("client_id")
    expiry = claims.get("exp")
    return Token(
        issuer=_text(claims.get("iss")) or "",
        audiences=_names(audience, words=False),
        subject=_text(claims.get("sub")) or "",
        name=_text(_claim(claims, subject_claim)),
        groups=_names(_claim(claims, groups_claim), words=False),
        scopes=_names(claims.get("scope"), words=True) | _names(claims.get("scp"), words=True),
        overage=_is_elsewhere(claims, groups_claim),
        fault="TokenExpired" if isinstance(expiry, int | float) and expiry <= now.timestamp() else None,
        ords_fault=_ords_fault(claims, header),
    )


def _ords_fault(
    claims: Mapping[str, Any], header: Mapping[str, Any]
) -> Literal["NoAudience", "NoSubject", "OtherType"] | None:
    if "aud" not in claims:
        return "NoAudience"
    if _text(claims.get("sub")) is None:
        return "NoSubject"
    return "OtherType" if header.get("typ", "JWT") != "JWT" else None


def _claim(claims: Mapping[str, Any], name: str) -> Any:
    """Return a claim by its name at the top of the token, or by a JSON pointer (RFC 6901) through objects."""
    if not name.startswith("/"):
        return claims.get(name)
    found: Any = claims
    for step in name[1:].split("/"):
        found = found.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(found, Mapping) else None
    return found


def _is_elsewhere(claims: Mapping[str, Any], name: str) -> bool:
    """Say whether the token says that the claim is not in it but elsewhere.

    Source:
        Entra ID, "groups overage claim": ``hasgroups``, or ``_claim_names`` as in OpenID Connect Core 1.0, 5.6.2.
    """
    if name in claims:
        return False
    names = claims.get("_claim_names")
    return (isinstance(names, Mapping) and name in names) or (name == "groups" and claims.get("hasgroups") is True)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _names(claim: Any, words: bool) -> frozenset[str]:
    """Return the names in a claim: a text is one name, blanks and all, unless it holds *words*; of a list its texts."""
    if isinstance(claim, str):
        return _kept(claim.split(" ") if words else [claim])
    return _kept(found for found in claim if isinstance(found, str)) if isinstance(claim, list) else frozenset()


def _kept(names: Iterable[str | None]) -> frozenset[str]:
    return frozenset(name for name in names if name and len(name.encode()) <= NAME_BYTES)


def guard_name(kind: SubjectKind, name: str) -> str:
    """Return a subject as the guard's table holds it: a role by account and name, for a session's ARN has no path."""
    found = IAM_ROLE.fullmatch(name) if kind == "IamRole" else None
    return f"{found[1]}/{found[2]}" if found else name


def names_of(caller: Caller) -> Mapping[SubjectKind, frozenset[str]]:
    """Return by which names, in the guard's words, *caller* can be bound on a route that it can arrive on."""
    if isinstance(caller, Token):
        return {"User": _kept([caller.name]), "Group": _kept(caller.groups), "Scope": _kept(caller.scopes)}
    if isinstance(caller, Signature):
        role = ASSUMED_ROLE.fullmatch(caller.arn)
        return {"IamRole": _kept([f"{role[1]}/{role[2]}"])} if role else {"IamUser": _kept([caller.arn])}
    return {}


def caller_of(subject: Subject, api: LineApi, route: LineRoute) -> Caller:
    """Return who *subject* stands for on *route*: a client that does everything else right.

    A ``Scope`` asks for no other scope: where the route wants another one, that is what its callers meet.
    """
    if subject.kind in ("IamRole", "IamUser"):
        may_invoke = False if (subject.name, route.name) in api.uninvokable else None
        return Signature(_session(subject.name) if subject.kind == "IamRole" else subject.name, may_invoke)
    if subject.kind == "Anonymous":
        return Nobody()
    scopes = {subject.name} if subject.kind == "Scope" else {route.scope or ""} - {""}
    user = subject.name if subject.kind == "User" else f"somebody with {subject}"
    return Token(
        issuer=api.issuer or "",
        audiences=frozenset({api.audience or ""}),
        subject=user,
        name=user,
        groups=frozenset({subject.name} if subject.kind == "Group" else ()),
        scopes=frozenset(scopes),
    )


def _session(arn: str) -> str:
    """Return the ARN of a session of an IAM role."""
    found = IAM_ROLE.fullmatch(arn)
    if found is None:
        return arn
    return f"arn:{arn.split(':')[1]}:sts::{found[1]}:assumed-role/{found[2]}/any"
