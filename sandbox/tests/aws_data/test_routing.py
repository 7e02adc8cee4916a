"""Which stage and which route a request gets."""

import pytest

from oracleapi_sandbox.aws.data.routing import RouteTable, api_id_of
from oracleapi_sandbox.aws.data.settings import DataSettings
from oracleapi_sandbox.aws.deployed import Route, Stage

PETS = ("GET /pets/dog/1", "GET /pets/dog/{id}", "GET /pets/{proxy+}", "ANY /{proxy+}", "$default")


def chosen(keys: tuple[str, ...], method: str, path: str, **switches: object) -> str | None:
    settings = DataSettings()
    settings.update(switches)
    routes = tuple(Route(f"r{n}", key, None) for n, key in enumerate(keys))
    match = RouteTable(Stage("1", "r", "a", "$default", None, routes)).select(method, path, settings)
    return match.route.route_key if match else None


@pytest.mark.parametrize(
    ("keys", "method", "path", "expected"),
    [
        pytest.param(PETS, "GET", "/pets/dog/1", "GET /pets/dog/1", id="a full match wins"),
        pytest.param(PETS, "GET", "/pets/dog/2", "GET /pets/dog/{id}", id="a variable is a full match too"),
        pytest.param(PETS, "GET", "/pets/cat/1", "GET /pets/{proxy+}", id="then greedy"),
        pytest.param(PETS, "POST", "/test/5", "ANY /{proxy+}", id="then the shorter greedy one"),
        pytest.param(PETS, "GET", "/", "$default", id="a greedy variable does not match the root"),
        pytest.param(("GET /a/{x+}", "GET /{y}/b/c"), "GET", "/a/b/c", "GET /{y}/b/c", id="full match before greedy"),
        pytest.param(("GET /a/{x}", "GET /{y}/b"), "GET", "/a/b", "GET /a/{x}", id="the leftmost literal decides"),
        pytest.param(("ANY /a", "GET /a"), "GET", "/a", "GET /a", id="the method beats ANY"),
        pytest.param(("ANY /a", "GET /a"), "HEAD", "/a", "ANY /a", id="ANY takes every method, HEAD too"),
        pytest.param(("GET /a",), "HEAD", "/a", None, id="GET does not bring HEAD"),
        pytest.param(("GET /a",), "OPTIONS", "/a", None, id="OPTIONS only when routed"),
        pytest.param(("GET /a",), "GET", "/A", None, id="paths are case-sensitive"),
        pytest.param(("GET /a",), "GET", "/a/", None, id="a trailing slash is significant"),
        pytest.param(("GET /a/",), "GET", "/a/", "GET /a/", id="a route may end with a slash"),
        pytest.param(("GET /a/{id}",), "GET", "/a/", None, id="a variable is never empty"),
        pytest.param(("GET /a/{id}",), "GET", "/a/x/y", None, id="a variable is one segment"),
        pytest.param(("GET /a/{id}",), "GET", "/a/x%2fy", "GET /a/{id}", id="an encoded slash stays in its segment"),
        pytest.param(("GET /a/{p+}",), "GET", "/a", None, id="greedy needs a segment"),
        pytest.param(("GET /a/b",), "GET", "/a//b", None, id="slashes are not collapsed"),
        pytest.param(("GET /",), "GET", "/", "GET /", id="the root"),
        pytest.param(("GET /hr/emp",), "GET", "/hr/%65mp", None, id="literals are compared as received"),
    ],
)
def test_route_selection(keys, method, path, expected):
    assert chosen(keys, method, path) == expected


@pytest.mark.parametrize(
    ("switch", "keys", "path", "off", "on"),
    [
        ("greedy_matches_empty", ("GET /a/{p+}", "$default"), "/a/", "$default", "GET /a/{p+}"),
        ("method_before_path", ("ANY /a/b", "GET /a/{x}"), "/a/b", "ANY /a/b", "GET /a/{x}"),
        ("decode_for_routing", ("GET /hr/emp", "$default"), "/hr/%65mp", "$default", "GET /hr/emp"),
    ],
)
def test_both_positions_of_a_routing_switch(switch, keys, path, off, on):
    assert chosen(keys, "GET", path, **{switch: False}) == off
    assert chosen(keys, "GET", path, **{switch: True}) == on


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("abc.execute-api.localhost", "abc"),
        ("execute-api.localhost", None),
        ("abc.execute-api.example.com", None),
        ("x.abc.execute-api.localhost", None),
        (".execute-api.localhost", None),
        ("", None),
    ],
)
def test_the_api_id_is_the_first_label_of_the_default_endpoint(host, expected):
    assert api_id_of(host, DataSettings()) == expected


def test_what_is_no_route_key_of_an_http_api_is_an_error():
    with pytest.raises(ValueError, match="not a route key"):
        chosen(("$connect",), "GET", "/")


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        pytest.param("/hr", "/hr", id="the default stage serves the root"),
        pytest.param("/prod/hr", "/prod/hr", id="a named stage takes its segment, a private back end sees it"),
        pytest.param("/prod", "/prod/", id="a bare stage name is the stage's root"),
        pytest.param("/Prod/hr", "/Prod/hr", id="stage names are case-sensitive: this is the default stage"),
    ],
)
def test_stages(gateway, target, expected):
    gateway.deploy("$default")
    gateway.deploy("ANY /hr", "ANY /", stage_name="prod")
    assert gateway.call(target).echo.target == expected


def test_without_a_default_stage_only_named_stages_answer(gateway):
    gateway.deploy("ANY /hr", stage_name="prod")
    assert gateway.call("/prod/hr").status == 200
    assert gateway.call("/hr").status == 404


@pytest.mark.parametrize("host", ["nobody.execute-api.localhost", "example.com"])
def test_an_unknown_api_or_host_is_404(gateway, host):
    gateway.deploy("$default")
    reply = gateway.call("/", host=host)
    assert (reply.status, reply.message, reply.header("content-type")) == (404, "Not Found", "application/json")
    assert reply.header("apigw-requestid")
    assert not gateway.backend.seen


def test_a_disabled_endpoint_is_404(gateway):
    gateway.deploy("$default", disable_execute_api_endpoint=True)
    assert gateway.call("/").status == 404


def test_a_replaced_snapshot_counts_at_once(gateway):
    gateway.deploy("GET /a")
    assert gateway.call("/b").status == 404
    gateway.deploy("GET /b")
    assert (gateway.call("/a").status, gateway.call("/b").status) == (404, 200)


def test_the_host_name_is_not_case_sensitive(gateway):
    gateway.deploy("GET /a")
    assert gateway.call("/a", host=f"{gateway.api_id.upper()}.Execute-Api.LOCALHOST").status == 200


def test_a_request_target_without_leading_slash_is_refused(gateway):
    gateway.deploy("$default")
    assert gateway.call(f"https://{gateway.api_id}.execute-api.localhost/hr").status == 400
    assert not gateway.backend.seen
