"""Each vendor's shape says who, for whom and with what in the vendor's own claims."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from oracleapi_sandbox.oidc.keys import KeyRing
from oracleapi_sandbox.oidc.shapes import SHAPES
from oracleapi_sandbox.oidc.tokens import TokenRequest, TokenRequestError, mint

ISSUER = "https://localhost:1"
USER: dict[str, Any] = {"subject": "alice", "audience": "hr-api", "scope": "hr.read hr.write", "groups": ["hr", "all"]}
CLIENT: dict[str, Any] = {"client": "batch", "audience": "hr-api", "scope": "hr.read"}


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> KeyRing:
    folder: Path = tmp_path_factory.mktemp("keys")
    return KeyRing(folder)


def parts(keys: KeyRing, body: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return header and payload of the token that *body* asks for."""
    token = mint(TokenRequest.parse(body), ISSUER, keys, 1_700_000_000)
    found = (base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in token.split(".")[:2])
    header, payload = (json.loads(part) for part in found)
    return header, payload


@pytest.mark.parametrize(
    ("shape", "has", "lacks"),
    [
        ("okta", {"sub": "alice", "scp": ["hr.read", "hr.write"], "groups": ["hr", "all"], "ver": 1}, {"scope"}),
        ("entra-v2", {"scp": "hr.read hr.write", "groups": ["hr", "all"], "ver": "2.0"}, {"scope", "appid", "roles"}),
        ("entra-v1", {"scp": "hr.read hr.write", "upn": "alice", "ver": "1.0"}, {"scope", "azp", "roles"}),
        ("keycloak", {"aud": ["hr-api", "account"], "groups": ["/hr", "/all"], "typ": "Bearer"}, {"scp", "client_id"}),
        ("cognito", {"cognito:groups": ["hr", "all"], "token_use": "access", "username": "alice"}, {"aud", "groups"}),
        ("auth0", {"sub": "auth0|alice", "https://sandbox.example/groups": ["hr", "all"]}, {"scp", "groups", "gty"}),
        ("auth0-rfc9068", {"client_id": "sandbox-client", "aud": "hr-api"}, {"azp"}),
    ],
)
def test_a_users_token(keys: KeyRing, shape: str, has: dict[str, Any], lacks: set[str]) -> None:
    claims = parts(keys, USER | {"shape": shape})[1]
    assert {name: claims.get(name) for name in has} == has
    assert not lacks & set(claims)
    assert claims["iss"] == ISSUER


@pytest.mark.parametrize(
    ("shape", "has", "lacks"),
    [
        ("okta", {"sub": "batch", "cid": "batch", "scp": ["hr.read"]}, {"uid", "groups"}),
        ("entra-v2", {"roles": ["hr.read"], "azp": "batch"}, {"scp", "scope", "preferred_username"}),
        ("entra-v1", {"roles": ["hr.read"], "appid": "batch"}, {"scp", "scope", "upn"}),
        ("keycloak", {"preferred_username": "service-account-batch", "client_id": "batch"}, {"groups"}),
        ("cognito", {"sub": "batch", "client_id": "batch", "scope": "hr.read"}, {"aud", "username", "cognito:groups"}),
        ("auth0", {"sub": "batch@clients", "gty": "client-credentials"}, {"client_id"}),
        ("auth0-rfc9068", {"sub": "batch@clients", "client_id": "batch"}, {"gty"}),
    ],
)
def test_a_clients_own_token(keys: KeyRing, shape: str, has: dict[str, Any], lacks: set[str]) -> None:
    claims = parts(keys, CLIENT | {"shape": shape})[1]
    assert {name: claims.get(name) for name in has} == has
    assert not lacks & set(claims)


@pytest.mark.parametrize(
    ("shape", "typ"),
    [("okta", None), ("cognito", None), ("entra-v2", "JWT"), ("keycloak", "JWT"), ("auth0-rfc9068", "at+jwt")],
)
def test_the_header_is_the_vendors_too(keys: KeyRing, shape: str, typ: str | None) -> None:
    assert parts(keys, USER | {"shape": shape})[0].get("typ") == typ


def test_entra_v1_names_the_key_twice_and_the_key_set_does_so_too(keys: KeyRing) -> None:
    header = parts(keys, USER | {"shape": "entra-v1"})[0]
    assert header["x5t"] == header["kid"]
    assert header["x5t"] in [key["x5t"] for key in keys.jwks()["keys"]]


def test_too_many_groups_are_told_in_either_way_and_are_not_there(keys: KeyRing) -> None:
    told = parts(keys, USER | {"shape": "entra-v2", "overage": "claim-names"})[1]
    assert told["_claim_sources"][told["_claim_names"]["groups"]]["endpoint"].endswith("/getMemberObjects")
    implicit = parts(keys, USER | {"shape": "entra-v1", "overage": "hasgroups"})[1]
    assert implicit["hasgroups"] is True
    assert "groups" not in told.keys() | implicit.keys()


@pytest.mark.parametrize("shape", SHAPES)
def test_a_subject_is_the_same_in_each_of_its_tokens_and_another_in_others(keys: KeyRing, shape: str) -> None:
    subjects = [parts(keys, USER | {"shape": shape, "subject": name})[1]["sub"] for name in ("alice", "alice", "bob")]
    assert subjects[0] == subjects[1] != subjects[2]


@pytest.mark.parametrize("shape", SHAPES)
def test_the_callers_claims_win_over_the_shape(keys: KeyRing, shape: str) -> None:
    header, claims = parts(keys, USER | {"shape": shape, "claims": {"sub": "me", "jti": None}, "header": {"typ": "x"}})
    assert (claims["sub"], "jti" in claims, header["typ"]) == ("me", False, "x")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"shape": "ping"}, "known: plain, okta, entra-v2"),
        ({"shape": ["okta"]}, "member 'shape'"),
        ({"client": ""}, "member 'client'"),
        ({"overage": "many"}, "known: none, claim-names, hasgroups"),
        ({"shape": "okta", "overage": "hasgroups"}, "for the shapes of Entra, not for okta"),
    ],
)
def test_what_makes_no_sense_is_refused(body: dict[str, Any], said: str) -> None:
    with pytest.raises(TokenRequestError, match=said):
        TokenRequest.parse(body)
