"""The OpenAPI document of an import: what is read from it again is what was desired."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oracleapi.adapters.aws.document import (
    INTEGRATIONS,
    build_document,
    build_parameters,
    parse_document,
    parse_parameters,
    shows_mappings,
)
from oracleapi.desired.gateway import build_gateway
from oracleapi.model import gateway as g
from support import make

TEXT = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=20)
WORD = st.text("abcXYZ019._:-", min_size=1, max_size=12)
SEGMENT = st.one_of(WORD, st.text("abc", min_size=1, max_size=4).map(lambda name: f"{{{name}}}"))
PATH = st.lists(SEGMENT, min_size=1, max_size=4).map(lambda parts: "/" + "/".join(parts))
KEY = st.tuples(st.sampled_from(["GET", "POST", "PUT", "DELETE"]), PATH).map(" ".join)
INTEGRATION = st.builds(
    g.Integration,
    vpc_link_id=WORD,
    listener_arn=WORD,
    path=st.one_of(st.just("$request.path"), PATH.map(lambda path: f"/ords/x{path}$request.path")),
    headers=st.dictionaries(WORD, TEXT, max_size=3).map(lambda found: tuple(sorted(found.items()))),
    timeout_ms=st.integers(50, 30000),
    server_name=st.one_of(st.none(), WORD),
)


@st.composite
def gateways(draw: st.DrawFn) -> g.DesiredGateway:
    names = draw(st.lists(WORD, max_size=2, unique=True))
    routes = {}
    for key in draw(st.lists(KEY, max_size=6, unique=True)):
        route = g.GatewayRoute(key, draw(INTEGRATION))
        if names and draw(st.booleans()):
            route = g.GatewayRoute(key, route.integration, draw(st.sampled_from(names)), draw(WORD), "JWT")
        routes[key] = route
    authorizers = {name: g.Authorizer(name, draw(WORD), draw(WORD)) for name in names}
    stage = g.GatewayStage(g.Throttle(1.0, 1), True, "arn", "{}")
    return g.DesiredGateway(draw(TEXT), {"k": "v"}, authorizers, routes, stage, g.LogGroup("x", 1))


@given(gateways())
@settings(deadline=None, max_examples=60, derandomize=True)
def test_what_is_built_is_read_back_as_it_was_desired(desired: g.DesiredGateway) -> None:
    found = parse_document(json.loads(json.dumps(build_document(desired))))
    assert dict(found.routes) == dict(desired.routes)
    assert dict(found.authorizers) == dict(desired.authorizers)


@given(gateways())
@settings(deadline=None, max_examples=25, derandomize=True)
def test_name_tags_and_path_variables_are_in_the_document(desired: g.DesiredGateway) -> None:
    document = build_document(desired)
    assert document["info"]["title"] == desired.name
    assert document["tags"] == [{"name": "k", "x-amazon-apigateway-tag-value": "v"}]
    for path, item in document["paths"].items():
        names = {part[1:-1] for part in path.split("/") if part.startswith("{")}
        for operation in item.values():
            assert {parameter["name"] for parameter in operation.get("parameters", [])} == names


def test_routes_of_one_integration_share_it() -> None:
    api = make.resolved(make.route("a", path="/a"), make.route("b", path="/b"))
    document = build_document(build_gateway(api, "host", ()))
    assert len(document["components"][INTEGRATIONS]) == 3  # the routes', their links', and the probe's


def test_the_probe_route_asks_for_a_signature_and_for_no_token() -> None:
    operation = build_document(build_gateway(make.resolved(), "host", ()))["paths"]["/hr/v1/_probe"]["get"]
    assert operation["x-amazon-apigateway-auth"] == {"type": "AWS_IAM"}
    assert "security" not in operation


def test_a_public_route_asks_for_nothing_and_a_protected_one_for_its_scope() -> None:
    api = make.resolved(make.route("a", path="/a"), make.route("b", path="/b", auth="Public"))
    paths = build_document(build_gateway(api, "host", ()))["paths"]
    assert "security" not in paths["/hr/v1/b"]["get"]
    assert paths["/hr/v1/a"]["get"]["security"] == [{"jwt": ["a.read"]}]


SHARED = {"$ref": f"#/components/{INTEGRATIONS}/one"}
CONTENT = {"connectionId": "l", "uri": "arn", "timeoutInMillis": 9, "requestParameters": {"overwrite:path": "/x"}}


def parsed(operation: dict[str, Any], method: str = "get", **components: Any) -> dict[str, g.GatewayRoute]:
    document = {"paths": {"/a": {method: operation}}, "components": {INTEGRATIONS: {"one": CONTENT}, **components}}
    return dict(parse_document(document).routes)


FOREIGN: list[tuple[str, dict[str, g.GatewayRoute], dict[str, g.GatewayRoute]]] = [
    ("no integration", parsed({}), {"GET /a": g.GatewayRoute("GET /a", None)}),
    ("an inline one", parsed({"x-amazon-apigateway-integration": CONTENT}),
     {"GET /a": g.GatewayRoute("GET /a", g.Integration("l", "arn", "/x", (), 9))}),
    ("a shared one", parsed({"x-amazon-apigateway-integration": SHARED}),
     {"GET /a": g.GatewayRoute("GET /a", g.Integration("l", "arn", "/x", (), 9))}),
    ("any method", parsed({}, "x-amazon-apigateway-any-method"), {"ANY /a": g.GatewayRoute("ANY /a", None)}),
    ("the default route", parsed({"isDefaultRoute": True}, "x-amazon-apigateway-any-method"),
     {"$default": g.GatewayRoute("$default", None)}),
    ("an authorizer that is no JWT one", parsed({"security": [{"lambda": []}]}),
     {"GET /a": g.GatewayRoute("GET /a", None, "lambda", None, "CUSTOM")}),
    ("IAM as a scheme", parsed({"security": [{"sigv4": []}]},
                               securitySchemes={"sigv4": {"x-amazon-apigateway-authtype": "awsSigv4"}}),
     {"GET /a": g.GatewayRoute("GET /a", None, authorization="AWS_IAM")}),
    ("IAM", parsed({"x-amazon-apigateway-auth": {"type": "AWS_IAM"}}),
     {"GET /a": g.GatewayRoute("GET /a", None, authorization="AWS_IAM")}),
    ("what is no method", parsed({}, "parameters"), {}),
]  # fmt: skip


@pytest.mark.parametrize(("found", "routes"), [row[1:] for row in FOREIGN], ids=[row[0] for row in FOREIGN])
def test_what_others_made_is_read_too(found: dict[str, g.GatewayRoute], routes: dict[str, g.GatewayRoute]) -> None:
    assert found == routes


def test_several_scopes_and_audiences_are_told_apart_from_one() -> None:
    scheme = {
        "x-amazon-apigateway-authorizer": {
            "type": "jwt",
            "jwtConfiguration": {"issuer": "https://i/", "audience": ["b", "a"]},
        }
    }
    document = {
        "paths": {"/a": {"get": {"security": [{"jwt": ["one", "two"]}]}}},
        "components": {"securitySchemes": {"jwt": scheme, "other": {"type": "apiKey"}}},
    }
    found = parse_document(document)
    assert found.routes["GET /a"].scope == "one two"
    assert found.authorizers == {"jwt": g.Authorizer("jwt", "https://i/", "a b")}


def test_a_mapping_that_is_not_ours_counts_as_a_header_of_its_own() -> None:
    path, headers = parse_parameters({"overwrite:path": "/x", "overwrite:header.Host": "h", "append:header.X": "y"})
    assert (path, headers) == ("/x", (("Host", "h"), ("append:header.X", "y")))


def test_without_a_path_there_is_no_path_mapping() -> None:
    assert build_parameters(g.Integration("l", "u", "", (("Host", "h"),), 50)) == {"overwrite:header.Host": "h"}


@pytest.mark.parametrize(
    ("document", "shown"),
    [
        ({}, False),
        ({"components": {INTEGRATIONS: {"one": {}}}}, False),
        ({"components": {INTEGRATIONS: {"one": CONTENT}}}, True),
        ({"paths": {"/a": {"get": {"x-amazon-apigateway-integration": CONTENT}, "parameters": []}}}, True),
        ({"paths": {"/a": {"get": {"x-amazon-apigateway-integration": {"uri": "x"}}}}}, False),
    ],
)
def test_an_export_without_mappings_is_noticed(document: dict[str, Any], shown: bool) -> None:
    assert shows_mappings(document) is shown
