"""Privileges: which one protects a path, and what it asks of the caller."""

from typing import Any

import pytest

from oracleapi_sandbox.ords.model import Handler, Module, Template

REALM = 'Bearer realm="Oracle REST Data Services"'


@pytest.fixture
def people(world: Any) -> Any:
    """A world with the module m0 at /emp/: any path below it answers."""
    world.rows("who :current_user", "WHO", ("x",))
    world.query(":rest*", "who :current_user", kind="json/item")
    world.profile()
    return world


def status(world: Any, path: str, scope: str | None = None) -> int:
    headers = {} if scope is None else world.bearer(scope=scope)
    return int(world.call(path, headers=headers).status)


@pytest.mark.parametrize(
    ("patterns", "path", "protected"),
    [
        (["/emp/a"], "/ords/hr/emp/a", True),
        (["/emp/a"], "/ords/hr/emp/a/", False),
        (["/emp/a"], "/ords/hr/emp/ab", False),
        (["/emp/a"], "/ords/hr/emp/A", False),
        (["/emp/a/*"], "/ords/hr/emp/a/b/c", True),
        (["/emp/a/*"], "/ords/hr/emp/a/", True),
        (["/emp/a/*"], "/ords/hr/emp/ab", False),
        (["/emp/*"], "/ords/hr/emp/", True),
        (["/*"], "/ords/hr/emp/a", True),
        (["/emp/:id"], "/ords/hr/emp/7", True),
        (["/emp/:id"], "/ords/hr/emp/7/8", False),
        (["/other/*", "/emp/a"], "/ords/hr/emp/a", True),
        ([], "/ords/hr/emp/a", False),
        (["/emp/a"], "/ords/hr/emp/%61", True),
    ],
)
def test_a_pattern_protects_its_paths(people: Any, patterns: list[str], path: str, protected: bool) -> None:
    people.protect("hr.read", *patterns)
    assert status(people, path) == (401 if protected else 200)
    assert status(people, path, "hr.read") == 200


@pytest.mark.parametrize(("covers", "expected"), [(False, 200), (True, 401)])
def test_whether_a_star_covers_its_base_is_a_switch(people: Any, covers: bool, expected: int) -> None:
    people.settings.pattern_star_covers_base = covers
    people.protect("hr.read", "/emp/a/*")
    assert status(people, "/ords/hr/emp/a") == expected


def test_only_the_most_specific_privilege_applies(people: Any) -> None:
    people.protect("all", "/*")
    people.protect("area", "/emp/a/*")
    people.protect("item", "/emp/a/b")
    assert [status(people, "/ords/hr/emp/a/b", scope) for scope in ("item", "area", "all")] == [200, 401, 401]
    assert [status(people, "/ords/hr/emp/a/c", scope) for scope in ("item", "area", "all")] == [401, 200, 401]
    assert [status(people, "/ords/hr/emp/z", scope) for scope in ("item", "area", "all")] == [401, 401, 200]


def test_equally_specific_privileges_are_all_asked_for(people: Any) -> None:
    people.protect("one", "/emp/a/*")
    people.protect("two", "/emp/a/*")
    assert [status(people, "/ords/hr/emp/a/b", scope) for scope in ("one", "two", "one two")] == [401, 401, 200]


def test_a_privilege_linked_to_the_module_protects_all_of_it(people: Any) -> None:
    people.protect("hr.read", modules=("m0",))
    assert [status(people, "/ords/hr/emp/a", scope) for scope in (None, "other", "hr.read")] == [401, 401, 200]


@pytest.mark.parametrize(("beats", "statuses"), [(True, [200, 401, 200]), (False, [401, 401, 200])])
def test_whether_a_pattern_hides_a_module_link_is_a_switch(people: Any, beats: bool, statuses: list[int]) -> None:
    people.settings.pattern_beats_module_link = beats
    people.protect("by.pattern", "/emp/*")
    people.protect("by.module", modules=("m0",))
    scopes = ("by.pattern", "by.module", "by.pattern by.module")
    assert [status(people, "/ords/hr/emp/a", scope) for scope in scopes] == statuses


@pytest.mark.parametrize(("before", "expected"), [(True, 401), (False, 404)])
def test_a_protected_path_without_template_is_401_or_404_by_switch(people: Any, before: bool, expected: int) -> None:
    people.settings.protection_before_mapping = before
    people.protect("hr.read", "/other/*")
    assert status(people, "/ords/hr/other/x") == expected
    assert status(people, "/ords/hr/other/x", "hr.read") == 404


@pytest.mark.parametrize("expected", [401, 403])
def test_the_status_for_a_missing_scope_is_a_switch(people: Any, expected: int) -> None:
    people.settings.missing_scope_status = expected
    people.protect("hr.read", "/emp/*")
    assert status(people, "/ords/hr/emp/a", "other") == expected
    assert status(people, "/ords/hr/emp/a") == 401


@pytest.mark.parametrize(("checks", "expected"), [(False, 200), (True, 401)])
def test_whether_scope_mode_looks_at_roles_is_a_switch(people: Any, checks: bool, expected: int) -> None:
    people.settings.scope_mode_checks_roles = checks
    people.protect("hr.read", "/emp/*", roles=("nobody",))
    assert status(people, "/ords/hr/emp/a", "hr.read") == expected
    people.commit(privileges=())
    people.protect("hr.read", "/emp/*")
    assert status(people, "/ords/hr/emp/a", "hr.read") == 200


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"realm": {"roles/x": ["HR Clerk"]}}, 200),
        ({"realm": {"roles/x": ["other", "HR Boss"]}}, 200),
        ({"realm": {"roles/x": ["hr clerk"]}}, 401),
        ({"realm": {"roles/x": "HR Clerk"}}, 401),
        ({"realm": ["HR Clerk"]}, 401),
        ({}, 401),
        ({"scope": "hr.read"}, 401),
    ],
)
def test_role_mode_asks_for_one_of_the_privileges_roles(people: Any, claims: dict[str, Any], expected: int) -> None:
    people.profile(role_claim_name="/realm/roles~1x")
    people.protect("hr.read", "/emp/*", roles=("HR Clerk", "HR Boss"))
    assert people.call("/ords/hr/emp/a", headers=people.bearer(**claims)).status == expected


@pytest.mark.parametrize("expected", [401, 403])
def test_role_mode_without_required_roles_takes_any_caller(people: Any, expected: int) -> None:
    people.settings.missing_role_status = expected
    people.profile(role_claim_name="/roles")
    people.protect("any", "/emp/*")
    people.protect("some", "/emp/a", roles=("x",))
    assert people.call("/ords/hr/emp/b", headers=people.bearer()).status == 200
    assert people.call("/ords/hr/emp/a", headers=people.bearer()).status == expected


@pytest.mark.parametrize(("challenge", "header"), [(True, REALM), (False, None)])
def test_the_challenge_without_credentials_is_a_switch(people: Any, challenge: bool, header: str | None) -> None:
    people.settings.challenge_without_credentials = challenge
    people.protect("hr.read", "/emp/*")
    answer = people.call("/ords/hr/emp/a")
    assert (answer.status, answer.header("WWW-Authenticate")) == (401, header)
    assert answer.json["code"] == "Unauthorized"


@pytest.mark.parametrize("value", ["Basic aHI6c2VjcmV0", "AWS4-HMAC-SHA256 Credential=x", "Bearer", "rubbish"])
def test_other_credentials_do_not_open_a_protected_path(people: Any, value: str) -> None:
    people.protect("hr.read", "/emp/*")
    assert people.call("/ords/hr/emp/a", headers={"Authorization": value}).status == 401


@pytest.mark.parametrize(("refused", "expected"), [(False, 200), (True, 401)])
def test_sigv4_on_a_public_path_is_a_switch(people: Any, refused: bool, expected: int) -> None:
    people.settings.foreign_authorization_refused = refused
    headers = {"Authorization": "AWS4-HMAC-SHA256 Credential=x"}
    assert people.call("/ords/hr/emp/a", headers=headers).status == expected
    assert people.call("/ords/hr/emp/a").status == 200


@pytest.mark.parametrize(("mode", "user", "bad"), [("ignored", None, 200), ("validated", "ann", 401)])
def test_a_bearer_token_on_a_public_path_is_a_switch(people: Any, mode: str, user: str | None, bad: int) -> None:
    people.settings.bearer_on_public_paths = mode
    assert people.call("/ords/hr/emp/a", headers=people.bearer()).status == 200
    assert people.binds == {"CURRENT_USER": user}
    assert people.call("/ords/hr/emp/a", headers=people.bearer(exp=1)).status == bad


def test_a_token_of_one_schema_does_not_pass_in_another(people: Any) -> None:
    people.protect("hr.read", "/emp/*")
    other = type(people.schema)(
        "PAY", "pay", modules=people.schema.modules, privileges=people.schema.privileges, jwt_profile=None
    )
    people.others["pay"] = other
    people.commit()
    assert people.call("/ords/pay/emp/a", headers=people.bearer()).status == 401


@pytest.mark.parametrize(
    ("listed", "origin", "expected"),
    [
        (None, "https://app.example", 403),
        ("https://app.example", "https://app.example", 200),
        ("https://a.example, https://app.example", "https://app.example", 200),
        ("https://app.example", "https://evil.example", 403),
        ("*", "https://app.example", 403),
        (None, "https://localhost:8443", 200),
        (None, "http://localhost:8443", 403),
        (None, "null", 403),
        (None, None, 200),
    ],
)
def test_a_foreign_origin_needs_the_modules_list(
    world: Any, listed: str | None, origin: str | None, expected: int
) -> None:
    world.rows("q", "WHO", ("x",))
    template = Template("x", handlers=(Handler("GET", "json/item", "q"),))
    world.commit(modules=(Module("m", "/emp/", origins_allowed=listed, templates=(template,)),))
    answer = world.call("/ords/hr/emp/x", headers={"Origin": origin} if origin else {})
    assert answer.status == expected
    granted = origin if expected == 200 and listed else None
    assert answer.header("Access-Control-Allow-Origin") == granted


def test_behind_a_trusted_header_the_own_origin_and_the_links_are_https(world: Any) -> None:
    world.settings.https_header_check = "X-Forwarded-Proto: https"
    world.rows("q", "WHO", ("x",))
    world.query("x", "q")
    headers = {"X-Forwarded-Proto": "https", "Origin": "https://localhost:8443"}
    answer = world.call("/ords/hr/emp/x", headers=headers, scheme="http")
    assert answer.status == 200
    assert answer.json["links"][0]["href"] == "https://localhost:8443/ords/hr/emp/x"


def test_the_preflight_is_answered_without_authentication(world: Any) -> None:
    template = Template("x", handlers=(Handler("PUT", "plsql/block", "begin null; end;"),))
    module = Module("m", "/emp/", origins_allowed="https://app.example", templates=(template,))
    world.commit(modules=(module,))
    world.protect("hr.write", "/emp/*")
    asked = {
        "Origin": "https://app.example",
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "authorization",
    }
    answer = world.call("/ords/hr/emp/x", "OPTIONS", asked)
    assert (answer.status, answer.header("Access-Control-Allow-Headers")) == (200, "authorization")
    assert answer.header("Access-Control-Allow-Methods") == answer.header("Allow") == "OPTIONS, PUT"
    assert world.call("/ords/hr/emp/x", "OPTIONS", asked | {"Origin": "https://evil.example"}).status == 403
    assert world.call("/ords/hr/emp/x", "PUT").status == 401
