"""The guard's own text over tokens as the vendors shape them: bound by user, group and scope, and by nothing near them.

The rows are those of the table in docs/bindings.md.
"""

import base64
import json
import pathlib
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import oracledb
import pytest

from oracleapi.desired.callers import token_of
from oracleapi.desired.line import decide
from oracleapi.model.line import LineBinding, Subject
from support.guard_requests import Pool, Request, bind, faults
from support.line_worlds import guard_line
from support.parts import ROOT, start_part

ASKED: dict[str, Any] = {
    "subject": "alice@example.com",
    "audience": "hr-api",
    "scope": "hr.read openid",
    "groups": ["hr-readers", "staff"],
}
APP_ROLES = {"claims": {"roles": ["hr-readers"]}}
VENDORS = [
    pytest.param("okta", {}, "sub", "groups", "hr-readers", id="Okta"),
    pytest.param("entra-v2", {}, "oid", "groups", "hr-readers", id="Entra v2, groups"),
    pytest.param("entra-v1", {}, "oid", "groups", "hr-readers", id="Entra v1, groups"),
    pytest.param("entra-v2", APP_ROLES, "oid", "roles", "hr-readers", id="Entra, app roles"),
    pytest.param("keycloak", {}, "preferred_username", "groups", "/hr-readers", id="Keycloak, groups"),
    pytest.param("keycloak", {}, "preferred_username", "/realm_access/roles", "hr-readers", id="Keycloak, realm roles"),
    pytest.param("keycloak", {}, "sub", "/resource_access/sandbox-client/roles", "hr-readers", id="client roles"),
    pytest.param("keycloak", {"client": "https://app/x"}, "sub", "/resource_access/https:~1~1app~1x/roles",
                 "hr-readers", id="roles of a client called like an address"),
    pytest.param("cognito", {}, "username", "cognito:groups", "hr-readers", id="Cognito"),
    pytest.param("auth0", {}, "sub", "https://sandbox.example/groups", "hr-readers", id="Auth0"),
]  # fmt: skip
NEAR = ("hr", "readers", "HR-READERS", "/hr-readers/", "hr-readers staff", "//hr-readers")
Mint = Callable[..., str]


@pytest.fixture(scope="session")
def mint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mint]:
    """Ask the sandbox's identity provider for a token."""
    part = start_part("oidc", tmp_path_factory.mktemp("oidc"))
    context = ssl.create_default_context(cafile=str(part.state / "ca" / "ca.crt"))
    with httpx.Client(base_url=part.addresses["issuer"], verify=context, trust_env=False) as client:

        def minted(**members: Any) -> str:
            found: str = client.post("/_sandbox/token", json=ASKED | members).raise_for_status().json()["access_token"]
            return found

        yield minted
    part.stop()


def payload(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


def request(token: str) -> Request:
    """Return a request as ORDS hands it on: the token, and its ``sub`` as the user."""
    return Request(last=[("Authorization", f"Bearer {token}"), ("REMOTE_IDENT", payload(token)["sub"])])


@pytest.fixture
def claims(dba: oracledb.Cursor) -> Iterator[Callable[[str, str], None]]:
    """Let the API name its provider's claims."""

    def named(subject: str, groups: str) -> None:
        dba.execute("update oracleapi.api set subject_claim = :s, groups_claim = :g", s=subject, g=groups)
        dba.connection.commit()

    yield named
    dba.execute("update oracleapi.api set subject_claim = 'sub'")
    dba.connection.commit()


def predicted(token: str, subject: str, groups: str, *bound: Subject) -> str | None:
    """Return how ``explain`` says that the guard refuses, ``None`` where it does not."""
    caller = token_of(payload(token), datetime.now(UTC), subject, groups)
    line = guard_line((LineBinding("b", "HR_READER", bound, ("*",)),), require_binding=True)
    return decide(line, caller, line.api.routes[0], datetime.now(UTC)).refusal


@pytest.mark.parametrize(("shape", "more", "subject", "groups", "group"), VENDORS)
def test_a_binding_means_the_user_the_group_and_the_scope_and_nothing_near(
    pool: Pool,
    dba: oracledb.Cursor,
    mint: Mint,
    claims: Callable[[str, str], None],
    shape: str,
    more: dict[str, Any],
    subject: str,
    groups: str,
    group: str,
) -> None:
    token = mint(shape=shape, **more)
    claims(subject, groups)
    bob = payload(mint(shape=shape, **(more | {"subject": "bob@example.com"})))
    right = (("User", payload(token)[subject]), ("Group", group), ("Scope", "hr.read"))
    wrong = (("User", bob[subject]), ("Scope", "hr"), *(("Group", near) for near in NEAR if near != group))
    for kind, name in (*right, *wrong):
        bind(dba, kind, name)
        answer = pool.ask(request(token))
        expected = (kind, name) in right
        assert (answer.allowed, answer.roles == {"HR_READER"}) == (expected, expected), (kind, name)
        means: Any = kind
        assert predicted(token, subject, groups, Subject(means, name)) == (None if expected else "NoBinding")
        dba.execute("delete from oracleapi.binding")


@pytest.mark.parametrize(
    ("shape", "subject"),
    [("okta", "cid"), ("entra-v2", "azp"), ("entra-v1", "appid"), ("keycloak", "azp"), ("auth0", "azp")],
)
def test_a_client_without_a_user_is_bound_by_the_claim_that_names_it(
    pool: Pool, dba: oracledb.Cursor, mint: Mint, claims: Callable[[str, str], None], shape: str, subject: str
) -> None:
    claims(subject, "groups")
    bind(dba, "User", "batch")
    assert pool.ask(request(mint(shape=shape, subject=None, client="batch"))).roles == {"HR_READER"}
    assert pool.ask(request(mint(shape=shape, subject=None, client="batch-2"))).roles == set()


@pytest.mark.parametrize("overage", ["claim-names", "hasgroups"])
@pytest.mark.parametrize("shape", ["entra-v2", "entra-v1"])
def test_groups_that_the_token_leaves_out_match_nothing_and_are_told(
    pool: Pool, dba: oracledb.Cursor, mint: Mint, shape: str, overage: str
) -> None:
    token = mint(shape=shape, overage=overage)
    for name in ("hr-readers", "staff", "groups", "src1", "true", "1", "_claim_names"):
        bind(dba, "Group", name)
    answer = pool.ask(request(token))
    assert (answer.allowed, answer.roles, answer.body["message"]) == (False, set(), "no binding")
    assert faults(dba) == [("GroupsOverage", None)]
    assert predicted(token, "sub", "groups", Subject("Group", "src1")) == "GroupsOverage"
    bind(dba, "Scope", "hr.read", role="HR_PAYER")
    assert pool.ask(request(token)).roles == {"HR_PAYER"}


def test_an_overage_of_groups_is_none_of_app_roles(
    pool: Pool, dba: oracledb.Cursor, mint: Mint, claims: Callable[[str, str], None]
) -> None:
    claims("oid", "roles")
    bind(dba, "Group", "hr-readers")
    assert pool.ask(request(mint(shape="entra-v2", overage="claim-names", **APP_ROLES))).roles == {"HR_READER"}
    assert not pool.ask(request(mint(shape="entra-v2", overage="claim-names"))).allowed
    assert faults(dba) == [("NoBinding", None)]


@pytest.mark.parametrize(
    "value",
    [
        {"realm_access": {"roles": "hr-readers x"}},
        {"realm_access": {"roles": {"hr-readers": 1}}},
        {"realm_access": {"Roles": ["hr-readers"]}},
        {"realm_access": {"roles": [["hr-readers"]]}},
        {"realm_access": ["hr-readers"]},
        {"realm_access": "hr-readers"},
        {"realm_access": None},
        {"/realm_access/roles": ["hr-readers"]},
        {"realm_access.roles": ["hr-readers"]},
        {"realm_access/roles": ["hr-readers"]},
        {"roles": ["hr-readers"], "realm_access": {}},
        {"": {"realm_access": {"roles": ["hr-readers"]}}},
        {"realm_access": {"roles": {"roles": ["hr-readers"]}}},
    ],
    ids=range(13),
)
def test_a_pointer_leads_to_the_claim_that_it_names_and_to_no_other(
    pool: Pool, dba: oracledb.Cursor, claims: Callable[[str, str], None], value: dict[str, Any]
) -> None:
    claims("sub", "/realm_access/roles")
    bind(dba, "Group", "hr-readers")
    answer = pool.ask(Request(claims={"sub": "eve", **value}))
    assert (answer.allowed, answer.roles) == (False, set())
    assert faults(dba) == [("NoBinding", None)]
    assert token_of(value, datetime.now(UTC), "sub", "/realm_access/roles").groups.isdisjoint({"hr-readers"})


@pytest.mark.parametrize("value", [7, True, None, ["alice"], {"alice": 1}, ""])
def test_a_subject_that_is_no_text_is_nobody(
    pool: Pool, dba: oracledb.Cursor, claims: Callable[[str, str], None], value: Any
) -> None:
    claims("employee", "groups")
    for name in ("7", "true", "alice", "null"):
        bind(dba, "User", name)
    answer = pool.ask(Request(claims={"sub": "eve", "employee": value}))
    assert (answer.allowed, answer.roles) == (False, set())


def test_the_table_of_vendors_names_exactly_these_claims() -> None:
    page = pathlib.Path(ROOT / "docs" / "bindings.md").read_text()
    section = page.partition("## Which claims of which vendor")[2].partition("\n## ")[0]
    for row in VENDORS:
        subject, groups = str(row.values[2]), str(row.values[3])
        shown = groups.replace("https://sandbox.example/", "https://example.com/")
        assert f"`{subject}`" in section, subject
        if "client" not in groups and "app" not in groups:
            assert f"`{shown}`" in section, shown
