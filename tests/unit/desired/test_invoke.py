"""What an ARN with a star lets through, against the routes: exactly what is bound, or it is told; never more."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oracleapi.desired.invoke import covers, find_overlaps, invoke_arn, sample_arn
from oracleapi.desired.policy import invoke_document
from oracleapi.model.gateway import GatewayRoute
from oracleapi.model.policy import ApiStage, Overlap
from support.invoke_matcher import decide, serving

STAGE = ApiStage("aws", "eu-west-1", "123456789012", "a1b2c3")
START = "arn:aws:execute-api:eu-west-1:123456789012:a1b2c3/$default/"


def route(key: str, authorization: str = "AWS_IAM") -> GatewayRoute:
    return GatewayRoute(key, None, authorization=authorization)


def overlaps(bound: str, *others: str) -> list[str]:
    routes = [route(f"GET {path}") for path in (bound, *others)]
    return [found.opened.removeprefix("GET ") for found in find_overlaps(routes, routes[:1])]


def test_a_variable_is_a_star_and_asked_about_with_a_value() -> None:
    found = route("GET /hr/v1/employees/{id}/jobs/{job}")
    assert invoke_arn(STAGE, found) == f"{START}GET/hr/v1/employees/*/jobs/*"
    assert sample_arn(STAGE, found) == f"{START}GET/hr/v1/employees/x/jobs/x"


@pytest.mark.parametrize(
    ("bound", "other", "opened"),
    [
        ("/e/{id}", "/e/{id}/jobs", True),  # the star spans the slash
        ("/e/{id}", "/e/all", True),  # the closer route serves it
        ("/e/{id}", "/e", False),
        ("/e/{id}", "/d/{id}", False),
        ("/e/{id}", "/{kind}/{id}", False),  # the bound one is the closer one
        ("/e/{id}", "/{kind}/all", True),  # which of the two serves /e/all no page says
        ("/e/{id}", "/{kind}/{id}/{more}", True),
        ("/e/all", "/e/{id}", False),
        ("/e/{id}", "/d/{id}/jobs", False),
        ("/e/{id}/jobs", "/e/{id}/{x}/jobs", True),
        ("/e/{id}/jobs", "/e/{id}/jobs/{x}", True),  # where x is jobs
        ("/e/{id}/jobs", "/e/{id}/{x}/pay", False),
        ("/e/{id}/jobs", "/e/{id}/{x}", False),
        ("/{a}/{b}", "/x/y/z", True),
        ("/e", "/e", False),  # the same route
        ("/e/{id}", "/e/{key}", True),  # which of the two serves, nobody says
        ("/e/{id}/jobs/{x}", "/e/jobs/a/b/c", False),  # a variable is one segment at least
        ("/e/{id}/jobs/{x}", "/e/a/jobs/b/c", True),
        ("/{a}/x/{b}/x", "/a/b/c/x/x", False),
        ("/{a}/x/{b}/x", "/a/x/c/d/x", True),
    ],
)
def test_what_a_bound_route_opens_besides(bound: str, other: str, opened: bool) -> None:
    assert overlaps(bound, other) == ([other] if opened else [])


def test_another_method_or_another_protection_is_never_opened() -> None:
    bound = route("GET /e/{id}")
    others = [route("PUT /e/{id}/jobs"), route("GET /e/all", "JWT"), route("GET /e/none", "NONE")]
    assert find_overlaps([bound, *others], [bound]) == ()
    both = [bound, route("GET /e/all")]
    assert find_overlaps(both, both) == ()
    assert find_overlaps(both, [bound]) == (Overlap("GET /e/{id}", "GET /e/all"),)


def test_overlaps_come_in_order_whatever_order_routes_are_in() -> None:
    some = [route(f"GET /{name}/{{id}}") for name in ("b", "a")]
    others = [route(f"GET /{name}/{end}") for name in ("a", "b") for end in ("z", "y")]
    keys = [(found.bound, found.opened) for found in find_overlaps([*some, *others], some)]
    assert keys == sorted(keys)
    assert len(keys) == 4


def test_long_paths_of_nothing_but_variables_are_judged_at_once() -> None:
    """2 ** 30 ways to lay the segments out."""
    bound, other = "/" + "/".join(["{a}"] * 32), "/" + "/".join(["{b}"] * 63) + "/z"
    assert overlaps(bound, other) == [other]
    assert overlaps(bound + "/y", other) == []
    assert covers("*a" * 40, "*a" * 40 + "a")
    assert not covers("*a" * 40 + "b", "*a" * 80)


@pytest.mark.parametrize(
    ("wide", "narrow", "covered"),
    [
        ("GET/e/*", "GET/e/*/jobs", True),
        ("GET/e/*", "GET/e/all", True),
        ("GET/e/*/jobs", "GET/e/*", False),
        ("GET/e/*", "GET/e", False),
        ("GET/e/*", "GET/e/*", False),
        ("GET/e/*/x", "GET/e/x", False),
        ("a*b*c", "a*c", False),
        ("a*b*c", "axbxc", True),
        ("GET/e", "GET/e/x", False),
        ("a*b", "ab", True),  # a star may be nothing
        ("*a*", "ab", True),
        ("*ab*b", "xab", False),  # nothing is matched twice
        ("*ab*b", "xxab", False),
    ],
)
def test_what_another_arn_covers(wide: str, narrow: str, covered: bool) -> None:
    assert covers(wide, narrow) is covered


SEGMENT = st.sampled_from(["a", "b", "ab", "{v}"])
PATH = st.lists(SEGMENT, min_size=1, max_size=4).map(lambda parts: "/" + "/".join(parts))
KEY = st.tuples(st.sampled_from(["GET", "PUT"]), PATH).map(" ".join)
VALUES = ("a", "b", "ab", "x")


def requests(longest: int = 4) -> list[tuple[str, str]]:
    paths = ["/" + "/".join(parts) for size in range(1, longest + 1) for parts in product(VALUES, repeat=size)]
    return [(method, path) for method in ("GET", "PUT") for path in paths]


REQUESTS = requests()


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(KEY, st.sampled_from(["AWS_IAM", "AWS_IAM", "JWT"]), min_size=1, max_size=8), st.data())
def test_a_policy_allows_exactly_the_bound_routes_and_those_that_are_told(
    table: dict[str, str], data: st.DataObject
) -> None:
    routes = [route(key, authorization) for key, authorization in table.items()]
    behind = [found for found in routes if found.authorization == "AWS_IAM"]
    bound = data.draw(st.lists(st.sampled_from(behind), unique=True)) if behind else []
    document = invoke_document(STAGE, bound)
    keys = {found.key for found in bound}
    told = find_overlaps(routes, bound)
    for method, path in REQUESTS:
        served = serving(table, method, path)
        if served is None or table[served] != "AWS_IAM":
            continue  # 404, or policies count for nothing
        allowed = decide([document], STAGE.resource(method, path)) == "allowed"
        assert allowed or served not in keys, f"{method} {path} is bound and denied"
        assert not allowed or served in keys or served in {found.opened for found in told}, f"{method} {path} is open"
    for found in told:
        opened = [path for method, path in REQUESTS if decide([document], STAGE.resource(method, path)) == "allowed"
                  and serving([found.opened], method, path)]  # fmt: skip
        assert opened, f"{found} opens nothing"


def test_the_judge_tells_a_policy_that_opens_too_much() -> None:
    """The property above can fail: the same requests against a policy of a greedy mind."""
    wide = invoke_document(STAGE, [route("GET /{v}")])
    assert decide([wide], STAGE.resource("GET", "/a/b")) == "allowed"
    assert serving(["GET /{v}", "GET /{v}/b"], "GET", "/a/b") == "GET /{v}/b"
    assert decide([wide], STAGE.resource("PUT", "/a")) == "implicitDeny"
    assert decide([wide], STAGE.resource("GET", "/a"), "execute-api:ManageConnections") == "implicitDeny"
