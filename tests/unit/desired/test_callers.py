"""Tokens are read as the guard reads them, and told where ORDS takes none that the gateway takes."""

from datetime import UTC, datetime
from typing import Any

import pytest

from oracleapi.desired.callers import token_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("claims", "groups", "scopes"),
    [
        ({"groups": "x admins", "scope": "a b"}, {"x admins"}, {"a", "b"}),
        ({"groups": ["x", 7, ["y"], ""], "scp": ["a b", "c"]}, {"x"}, {"a b", "c"}),
        ({"groups": {"x": 1}, "scope": 7}, set(), set()),
        ({"groups": ["ä" * 201, "ä" * 200], "scope": "a  b "}, {"ä" * 200}, {"a", "b"}),
        ({}, set(), set()),
    ],
)
def test_claims_are_read_as_the_guard_reads_them(claims: dict[str, Any], groups: set[str], scopes: set[str]) -> None:
    found = token_of({"sub": "alice", **claims}, NOW)
    assert (found.groups, found.scopes, found.name) == (groups, scopes, "alice")


def test_the_providers_claims_name_subject_and_groups() -> None:
    claims = {"sub": "1", "email": "a@example.com", "cognito:groups": ["x"], "groups": ["y"], "exp": NOW.timestamp()}
    found = token_of(claims, NOW, "email", "cognito:groups")
    assert (found.subject, found.name, found.groups, found.fault) == ("1", "a@example.com", {"x"}, "TokenExpired")


@pytest.mark.parametrize(
    ("claims", "header", "audiences", "ords_fault"),
    [
        ({"aud": ["a", 7, {"b": 1}, ""]}, {}, {"a"}, None),
        ({"client_id": "web"}, {}, {"web"}, "NoAudience"),
        ({"aud": "a", "client_id": "web"}, {"typ": "JWT"}, {"a"}, None),
        ({"aud": None, "client_id": "web"}, {}, set(), None),
        ({"aud": "a"}, {"typ": "at+jwt"}, {"a"}, "OtherType"),
        ({"aud": "a", "sub": None}, {}, {"a"}, "NoSubject"),
        ({"aud": "a", "sub": ""}, {"typ": "at+jwt"}, {"a"}, "NoSubject"),
        ({"client_id": "web", "sub": ""}, {}, {"web"}, "NoAudience"),
    ],
)
def test_ords_refuses_tokens_that_the_gateway_takes(
    claims: dict[str, Any], header: dict[str, Any], audiences: set[str], ords_fault: str | None
) -> None:
    found = token_of({"sub": "alice", **claims}, NOW, header=header)
    assert (found.audiences, found.ords_fault) == (audiences, ords_fault)


@pytest.mark.parametrize(
    ("pointer", "groups"),
    [
        ("/realm_access/roles", {"a"}),
        ("/resource_access/https:~1~1app/roles", {"b"}),
        ("/resource_access/x~0y/roles", {"c"}),
        ("/resource_access/x~01y/roles", {"d"}),
        ("/realm_access", set()),
        ("/realm_access/roles/0", set()),
        ("/none/roles", set()),
        ("realm_access/roles", {"e"}),
    ],
)
def test_a_pointer_leads_through_objects_and_a_name_does_not(pointer: str, groups: set[str]) -> None:
    apps = {"https://app": {"roles": ["b"]}, "x~y": {"roles": "c"}, "x~1y": {"roles": ["d"]}}
    claims = {"realm_access": {"roles": ["a"]}, "resource_access": apps, "realm_access/roles": ["e"]}
    assert token_of(claims, NOW, "sub", pointer).groups == groups


@pytest.mark.parametrize(
    ("claims", "claim", "overage"),
    [
        ({"hasgroups": True}, "groups", True),
        ({"hasgroups": "true"}, "groups", False),
        ({"hasgroups": True, "groups": []}, "groups", False),
        ({"hasgroups": True}, "roles", False),
        ({"_claim_names": {"groups": "src1"}}, "groups", True),
        ({"_claim_names": {"groups": "src1"}}, "roles", False),
        ({"_claim_names": ["groups"]}, "groups", False),
        ({"_claim_names": "groups"}, "groups", False),
    ],
)
def test_an_overage_is_of_the_claim_that_the_provider_names(claims: dict[str, Any], claim: str, overage: bool) -> None:
    found = token_of(claims, NOW, "sub", claim)
    assert (found.overage, found.groups) == (overage, set())
