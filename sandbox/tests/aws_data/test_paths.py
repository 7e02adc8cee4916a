"""Path tricks: what routing sees and what the back end receives, byte for byte."""

import pytest

from oracleapi_sandbox.aws.deployed import Route

AS_RECEIVED = [
    "/hr/%2e%2e/x",
    "/hr/../x",
    "/hr/./x",
    "/hr//x",
    "//hr/x",
    "/hr/a%2fb",
    "/hr/a%2Fb",
    "/hr;v=1/x;y",
    "/hr/a%20b",
    "/hr/%C3%A9%ff",
    "/hr/%252e%252e/x",
    "/hr/%65mp",
    "/hr/a'b(c)*!$&+,=:@~_-.",
    "/hr/x/",
    "/hr/%00",
    "/hr/a%0d%0aX:%20y",
    '/hr/a\\b|c{d}^`"<>',
]


@pytest.mark.parametrize("path", AS_RECEIVED)
def test_a_path_goes_on_as_received(gateway, path):
    gateway.deploy("$default")
    assert gateway.call(path).echo.target == path


@pytest.mark.parametrize("path", AS_RECEIVED)
def test_a_path_goes_on_as_received_through_a_mapping(gateway, path):
    gateway.deploy_mapped({"overwrite:path": "/ords/hr$request.path"}, "$default")
    assert gateway.call(path).echo.target == f"/ords/hr{path}"


@pytest.mark.parametrize("path", [path for path in AS_RECEIVED if path.startswith("/hr/")])
def test_a_greedy_variable_is_the_rest_as_received(gateway, path):
    gateway.deploy_mapped({"overwrite:path": "/ords/${request.path.proxy}"}, "GET /hr/{proxy+}")
    assert gateway.call(path).echo.target == path.replace("/hr/", "/ords/", 1)


@pytest.mark.parametrize(
    "query", ["a=1&a=2", "q=%7B%22a%22:1%7D", "x", "a=b%26c=d&&", "a=%", "p=../..;x", "a+b=c+d", "e=%C3%A9"]
)
def test_a_query_string_goes_on_as_received(gateway, query):
    gateway.deploy("$default")
    assert gateway.call(f"/x?{query}").echo.target == f"/x?{query}"


ROUTES = ("GET /hr/{id}", "GET /hr/{id}/{sub}", "GET /secret", "$default")


@pytest.mark.parametrize(
    ("switches", "path", "off", "on"),
    [
        ({"decode_encoded_slash": True}, "/hr/a%2Fb", "/one/hr/a%2Fb", "/two/hr/a/b"),
        ({"decode_encoded_dots": True}, "/hr/%2e%2E", "/one/hr/%2e%2E", "/one/hr/.."),
        ({"resolve_dot_segments": True}, "/hr/../secret", "/two/hr/../secret", "/secret"),
        ({"collapse_slashes": True}, "/hr///a", "/any/hr///a", "/one/hr/a"),
        ({"strip_path_parameters": True}, "/hr/a;x=1", "/one/hr/a;x=1", "/one/hr/a"),
        (
            {"decode_encoded_dots": True, "decode_encoded_slash": True, "resolve_dot_segments": True},
            "/hr/x/%2e%2e%2f..%2Fsecret",
            "/two/hr/x/%2e%2e%2f..%2Fsecret",
            "/secret",
        ),
    ],
)
def test_both_positions_of_a_path_switch(gateway, switches, path, off, on):
    def prefixed(prefix):
        return gateway.integration(request_parameters={"overwrite:path": f"{prefix}$request.path"})

    prefixes = ("/one", "/two", "", "/any")
    gateway.deploy(*(Route(key, key, prefixed(at)) for key, at in zip(ROUTES, prefixes, strict=True)))
    assert gateway.call(path).echo.target == off
    gateway.settings.update(switches)
    assert gateway.call(path).echo.target == on


def test_normalising_after_routing_lets_the_route_of_the_received_path_decide(gateway):
    gateway.deploy_mapped({"overwrite:path": "/ords/x$request.path"}, "GET /hr/{id}")
    gateway.settings.update({"decode_encoded_slash": True, "decode_encoded_dots": True, "resolve_dot_segments": True})
    assert gateway.call("/hr/..%2f%2e%2e%2fy").status == 404, "four segments have no route"
    gateway.settings.normalise_after_routing = True
    assert gateway.call("/hr/..%2f%2e%2e%2fy").echo.target == "/ords/y"


def test_path_variables_are_decoded_only_with_the_switch(gateway):
    gateway.deploy_mapped(
        {"overwrite:path": "/x/${request.path.id}", "overwrite:header.v": "$request.path.id"}, "GET /{id}"
    )
    kept = gateway.call("/a%2fb%20%C3%A9").echo
    assert (kept.target, kept.all("v")) == ("/x/a%2fb%20%C3%A9", ["a%2fb%20%C3%A9"])
    gateway.settings.decode_path_variables = True
    decoded = gateway.call("/a%2fb%20%C3%A9").echo
    assert decoded.target == "/x/a/b%20%C3%A9"
    assert decoded.all("v")[0].encode("latin-1").decode() == "a/b é"


def test_a_decoded_line_break_never_becomes_a_header(gateway):
    gateway.deploy_mapped({"overwrite:header.v": "$request.querystring.v"}, "GET /x")
    assert gateway.call("/x?v=a%0d%0aInjected:%20b").status == 500
    assert not gateway.backend.seen
