"""Access groups: a slug depends on its scope alone and is never that of another scope."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracleapi.desired.groups import (
    PLAIN_SEGMENT,
    exposed_routes,
    groups_of,
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


@pytest.mark.parametrize("schema", ["HR_API", "HR$API", "HR#API", "A$", "X_1"])
def test_an_alias_means_itself_in_a_path_and_in_a_mapping(schema: str) -> None:
    assert PLAIN_SEGMENT.fullmatch(schema_alias(schema))


def test_aliases_of_two_schemas_differ() -> None:
    assert len({schema_alias(name) for name in ("HR$API", "HR#API", "HR_API")}) == 3
    assert schema_alias("HR_API") == "hr_api"
