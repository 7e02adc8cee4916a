"""Access groups: a slug depends on its scope alone and is never that of another scope."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracleapi.desired.groups import (
    PLAIN_SEGMENT,
    Group,
    exposed_routes,
    groups_of,
    guarded_routes,
    module_base_path,
    module_name,
    ords_pattern,
    route_group,
    schema_alias,
    scope_slug,
    variables,
)
from support import make

SCOPES = st.text(st.characters(codec="ascii", exclude_categories=["Cc", "Zs"]), min_size=1, max_size=64)


@given(SCOPES, SCOPES)
def test_two_scopes_have_two_slugs(one: str, other: str) -> None:
    assert (scope_slug(one) == scope_slug(other)) == (one == other)


@given(SCOPES)
def test_a_slug_is_one_plain_path_segment(scope: str) -> None:
    slug = scope_slug(scope)
    assert slug.startswith("oa-")
    assert set(slug) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


@pytest.mark.parametrize("scope", ["iam", "public", "probe"])
def test_no_scope_gets_a_slug_with_a_meaning_of_its_own(scope: str) -> None:
    assert scope_slug(scope) not in {"oa-iam", "oa-public", "oa-probe"}


@pytest.mark.parametrize(
    ("scope", "slug"),
    [
        ("a.read", "oa-a-read-524c50"),
        ("A.Read", "oa-a-read-354ae7"),
        ("/a..read/", "oa-a-read-2c5d46"),
        ("x" * 50, f"oa-{'x' * 40}-77cf12"),
        ("!!!", "oa-e84c53"),
    ],
)
def test_a_slug_is_readable_short_and_the_same_for_ever(scope: str, slug: str) -> None:
    """Another one would lead a living API's callers to modules that are not there."""
    assert scope_slug(scope) == slug


@pytest.mark.parametrize(
    ("group", "auth"),
    [
        (Group("oa-a-read-524c50", "a.read"), "JWT"),
        (Group("oa-iam", None), "IAM"),
        (Group("oa-probe", None), "IAM"),
        (Group("oa-public", None), "Public"),
    ],
)
def test_a_group_tells_who_is_asked_for_what(group: Group, auth: str) -> None:
    assert group.auth == auth


def test_a_route_stands_behind_what_it_asks_for_and_else_behind_the_api_s_scope() -> None:
    api = make.resolved(
        make.route("own", path="/1", scope="a.write"),
        make.route("default", path="/2"),
        make.route("iam", path="/3", auth="IAM"),
        make.route("public", path="/4", auth="Public"),
    )
    found = [route_group(api.spec, route) for route in api.spec.routes]
    assert [(group.auth, group.scope) for group in found] == [
        ("JWT", "a.write"), ("JWT", "a.read"), ("IAM", None), ("Public", None),
    ]  # fmt: skip
    assert [group.slug for group in found[2:]] == ["oa-iam", "oa-public"]
    assert groups_of(api.spec, api.spec.routes) == tuple(sorted(found))


@pytest.mark.parametrize("auth", [None, {}, {"jwt": {"providerRef": {"name": "staff"}}}])
def test_a_route_without_any_scope_stands_behind_nothing_that_could_be_named(auth: dict[str, object] | None) -> None:
    spec = make.resolved(auth=auth).spec
    with pytest.raises(ValueError, match="route list has no scope"):
        route_group(spec, spec.routes[0])


def test_a_module_is_named_like_its_path() -> None:
    group = Group("oa-a-read-524c50", "a.read")
    assert module_name(group, "/hr/v1") == "oa-a-read-524c50/hr/v1"
    assert module_base_path(group, "/hr/v1") == "/oa-a-read-524c50/hr/v1/"


def test_routes_with_one_scope_share_a_group_whatever_their_path() -> None:
    api = make.resolved(
        make.route("a", path="/a"),
        make.route("b", path="/b"),
        make.route("c", path="/a", method="POST", scope="a.write"),
    )
    assert len(groups_of(api.spec, api.spec.routes)) == 2
    assert route_group(api.spec, api.spec.routes[0]) == route_group(api.spec, api.spec.routes[1])


@pytest.mark.parametrize(
    ("path", "pattern"),
    [("/", "."), ("/things", "things"), ("/things/{id}", "things/:id"), ("/a/{x}/b/{y_2}", "a/:x/b/:y_2")],
)
def test_a_gateway_path_becomes_an_ords_pattern(path: str, pattern: str) -> None:
    assert ords_pattern(path) == pattern


def test_variables_come_in_order() -> None:
    assert variables("/a/{x}/{y}") == ("x", "y")


def test_only_public_routes_with_variables_are_exposed_to_path_tricks() -> None:
    api = make.resolved(
        make.route("jwt", path="/a/{x}"),
        make.route("plain", path="/b", auth="Public"),
        make.route("open", path="/c/{x}", auth="Public"),
    )
    assert [route.name for route in exposed_routes(api.spec)] == ["open"]


def test_only_iam_routes_need_the_guard() -> None:
    api = make.resolved(
        make.route("jwt"), make.route("iam", path="/b", auth="IAM"), make.route("open", path="/c", auth="Public")
    )
    assert [route.name for route in guarded_routes(api.spec)] == ["iam"]


@pytest.mark.parametrize("schema", ["HR_API", "HR$API", "HR#API", "A$", "X_1"])
def test_an_alias_means_itself_in_a_path_and_in_a_mapping(schema: str) -> None:
    assert PLAIN_SEGMENT.fullmatch(schema_alias(schema))


def test_aliases_of_two_schemas_differ() -> None:
    assert len({schema_alias(name) for name in ("HR$API", "HR#API", "HR_API")}) == 3
    assert schema_alias("HR_API") == "hr_api"


def test_an_alias_stays_the_same_for_ever() -> None:
    assert [schema_alias(name) for name in ("HR$API", "HR##API", "HR_1$", "$$X")] == [
        "hr-api-25e39d", "hr-api-ba7b21", "hr_1-28ec4a", "x-4f42b4",
    ]  # fmt: skip
