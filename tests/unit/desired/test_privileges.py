"""What ORDS asks for on a route: whose privilege covers it, which of several counts, and whose tokens are taken."""

from dataclasses import replace
from typing import Any

import pytest

from oracleapi.desired.privileges import entry, overlaps, rank, route_faults, shadows, told_fault
from oracleapi.desired.schema import build_schema
from oracleapi.model.line import RouteFault
from oracleapi.model.schema import ObservedSchema, Privilege
from support import make

LIST, ONE = make.route(), make.route("one", path="/things/{id}")
OPEN = make.route("health", path="/health", auth="Public")
API = make.resolved(LIST, ONE, OPEN)
BUILT = build_schema(API, (), None)
SLUG = "oa-a-read-524c50"
WHOLE = ObservedSchema("HR_API", True, "hr_api", True, BUILT.modules, BUILT.privileges, BUILT.profile, frozenset())


def with_foreign(*patterns: str, modules: tuple[str, ...] = ()) -> ObservedSchema:
    """Return the schema with a privilege of somebody else."""
    return replace(WHOLE, privileges={**WHOLE.privileges, "audit": Privilege("audit", patterns, (), "", modules)})


def faults(observed: ObservedSchema) -> dict[str, tuple[str, set[str]]]:
    return {name: (found.name, {*found.asks}) for name, found in route_faults(API, observed).items()}


def test_what_the_operator_writes_has_no_fault() -> None:
    assert faults(WHOLE) == {}


def test_without_our_privilege_nobody_asks_for_a_token() -> None:
    missing = {name: ("PrivilegeMissing", set[str]()) for name in ("list", "one")}
    assert faults(replace(WHOLE, privileges={})) == missing
    ours = WHOLE.privileges["a.read"]
    elsewhere = replace(ours, patterns=("/somewhere", "/somewhere/*"))
    assert faults(replace(WHOLE, privileges={"a.read": elsewhere})) == missing
    assert faults(replace(WHOLE, privileges={"a.read": replace(ours, patterns=(f"/{SLUG}",))})) == missing


def test_a_module_that_is_not_there_yet_has_no_fault() -> None:
    assert faults(ObservedSchema("HR_API", True, "hr_api", True)) == {}


@pytest.mark.parametrize(
    ("patterns", "shadowed"),
    [
        ((f"/{SLUG}/hr/v1/things",), {"list": {"audit"}}),
        ((f"/{SLUG}/hr/v1/things/*",), {"one": {"audit"}}),
        ((f"/{SLUG}/hr/v1/things/:id",), {"one": {"audit"}}),
        ((f"/{SLUG}/hr/v1/things/7",), {"one": {"audit"}}),
        ((f"/{SLUG}/hr/*",), {"list": {"audit"}, "one": {"audit"}}),
        ((f"/{SLUG}/:x/v1/things",), {"list": {"audit"}}),
        ((f"/{SLUG}/*",), {"list": {"a.read", "audit"}, "one": {"a.read", "audit"}}),
        (("/*",), {"health": {"audit"}}),
        (("/oa-public/hr/v1/health",), {"health": {"audit"}}),
        (("/oa-public/hr/*", f"/{SLUG}/hr/v1/thin*"), {"health": {"audit"}, "list": {"audit"}, "one": {"audit"}}),
        ((f"/{SLUG}", "/oa-public", "/oa-*"), {"health": {"audit"}}),
        ((f"/{SLUG}/hr/v1/other", f"/{SLUG}/hr/v2/*", "/x/hr/v1/things", f"/{SLUG}/hr/v1/things/7/8"), {}),
        ((f"/{SLUG}/HR/v1/things", f"/{SLUG}/hr/v1/things/"), {}),
    ],
)
def test_of_several_patterns_the_most_specific_one_asks(patterns: tuple[str, ...], shadowed: dict[str, Any]) -> None:
    found = faults(with_foreign(*patterns))
    assert found == {name: ("PrivilegeShadowed", asks) for name, asks in shadowed.items()}


def test_a_privilege_linked_to_a_module_asks_only_where_no_pattern_does() -> None:
    modules = (f"{SLUG}/hr/v1", "oa-public/hr/v1")
    assert faults(with_foreign(modules=modules)) == {"health": ("PrivilegeShadowed", {"audit"})}


@pytest.mark.parametrize(
    "fields", [{"issuer": "https://other/"}, {"audience": "x"}, {"jwk_url": "https://other/keys"}, None]
)
def test_another_profile_takes_other_tokens(fields: dict[str, str] | None) -> None:
    assert WHOLE.profile is not None
    profile = None if fields is None else replace(WHOLE.profile, **fields)
    differs = {name: ("ProfileDiffers", set[str]()) for name in ("list", "one")}
    assert faults(replace(WHOLE, profile=profile)) == differs


def test_a_privilege_in_the_way_is_told_before_another_profile() -> None:
    shadowed = replace(with_foreign(f"/{SLUG}/hr/v1/things"), profile=None)
    assert faults(shadowed) == {"list": ("PrivilegeShadowed", {"audit"}), "one": ("ProfileDiffers", set[str]())}


def test_an_api_without_an_issuer_asks_for_no_profile() -> None:
    assert route_faults(replace(API, issuer=None), replace(WHOLE, profile=None)) == {}


def test_who_made_the_profile_is_nothing_that_callers_meet() -> None:
    assert WHOLE.profile is not None
    assert faults(replace(WHOLE, profile=replace(WHOLE.profile, description="by hand"))) == {}


def test_the_privilege_that_is_in_the_way_is_named_with_its_pattern() -> None:
    observed = with_foreign(f"/{SLUG}/hr/v1/things", f"/{SLUG}/*")
    told = shadows(API, route_faults(API, observed), observed)
    assert told == (
        "route list (and 1 more): ORDS asks its callers for audit too, a privilege of schema HR_API with pattern"
        f" /{SLUG}/hr/v1/things; delete that privilege, or take the path out of it"
    )
    linked = with_foreign(modules=("oa-public/hr/v1",))
    assert "health: ORDS asks its callers for audit too, a privilege of schema HR_API with the route's module;" in str(
        shadows(API, route_faults(API, linked), linked)
    )
    beside = with_foreign(f"/{SLUG}/*")
    assert "asks its callers for audit too" in str(shadows(API, route_faults(API, beside), beside))
    unprotected = replace(WHOLE, privileges={})
    assert shadows(API, route_faults(API, unprotected), unprotected) is None


def test_of_several_in_the_way_the_first_is_named_with_its_closest_pattern() -> None:
    path = f"/{SLUG}/hr/v1/things"
    names = ["b", "d", "a", "c", "e"]
    more = {name: Privilege(name, ("/x", f"/{SLUG}/hr/*", path), (), "") for name in names}
    observed = replace(WHOLE, privileges={**WHOLE.privileges, **more})
    assert f"asks its callers for a too, a privilege of schema HR_API with pattern {path};" in str(
        shadows(API, route_faults(API, observed), observed)
    )


def test_status_tells_sixteen_privileges_in_order() -> None:
    names = [f"p{number:02d}" for number in range(17)]
    assert entry(RouteFault("PrivilegeShadowed", frozenset(names)))["asks"] == names[:16]


def test_status_tells_a_fault_and_is_read_back() -> None:
    shadow = RouteFault("PrivilegeShadowed", frozenset({"b", "a"}))
    assert entry(shadow) == {"fault": "PrivilegeShadowed", "asks": ["a", "b"]}
    assert entry(RouteFault("PrivilegeMissing")) == {"fault": "PrivilegeMissing"}
    api = {"status": {"routes": [{"name": "list", **entry(shadow)}, {"name": "one"}]}}
    assert (told_fault(api, "list", "JWT"), told_fault(api, "one", "JWT")) == (shadow, None)
    assert told_fault({}, "list", "JWT") is None


def test_an_api_that_was_refused_the_profile_takes_nobody_s_token() -> None:
    ready = {"type": "Ready", "status": "False", "reason": "JwtProfileConflict"}
    api = {"status": {"routes": [{"name": "list"}], "conditions": [ready]}}
    assert told_fault(api, "list", "JWT") == RouteFault("ProfileDiffers")
    assert told_fault(api, "health", "Public") is None


def test_specific_comes_before_general() -> None:
    order = ["/a/b", "/a/b:x", "/a/:x", "/a/:x?", "/a/*", "/a*/b", "/:x/b", "/:x?/b", "/*"]
    ordered = ["/a/b", "/a/b:x", "/a/:x", "/a/:x?", "/a/*", "/:x/b", "/:x?/b", "/*", "/a*/b"]
    assert sorted(order, key=rank) == ordered
    assert len({rank(pattern) for pattern in ordered}) == len(ordered)
    assert rank("a/*") == rank("/a/*")
    assert rank("/:maX") == rank("/:id")


@pytest.mark.parametrize(
    ("pattern", "path", "covers"),
    [
        ("/a/b", "a/b", True),
        ("/a/b", "a/{x}", True),
        ("/a/b", "a/b/c", False),
        ("/a/*", "a", False),
        ("/a/*", "a/b/c", True),
        ("/a/x*", "a/xy/z", True),
        ("/a/x*", "a/yx", False),
        ("/a/x*", "a/{v}", True),
        ("/a/{n}/c", "a/b/d/c", True),
        ("/a/x-:id", "a/x-7", True),
        ("/a/x-:id", "a/y-7", False),
        ("/a.b", "aXb", False),
        ("/:x/b", "a/b", True),
    ],
)
def test_a_pattern_covers_some_request_for_the_path(pattern: str, path: str, covers: bool) -> None:
    assert overlaps(pattern, path.split("/")) == covers
