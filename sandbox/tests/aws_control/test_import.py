"""Documents: what is refused whole, what only warns, what is told in ImportInfo, and that a refusal changes nothing."""

import json
from collections.abc import Callable
from typing import Any

import pytest

PROXY = {"type": "http_proxy", "httpMethod": "get", "uri": "https://example.com"}
OPERATION = {"x-amazon-apigateway-integration": PROXY}


def _document(**members: Any) -> str:
    return json.dumps({"openapi": "3.0.1", "info": {"title": "d"}, "paths": {"/a": {"get": OPERATION}}, **members})


def _authorizer(**members: Any) -> dict[str, Any]:
    configuration = {"issuer": "https://issuer.example", "audience": ["a"]}
    jwt = {"type": "jwt", "identitySource": "$request.header.A", "jwtConfiguration": configuration}
    scheme = {"type": "oauth2", "x-amazon-apigateway-authorizer": {**jwt, **members}}
    return {"components": {"securitySchemes": {"jwt": scheme}}}


@pytest.mark.parametrize(
    "members",
    [
        {"paths": []},
        {"paths": {"/a": None}},
        {"paths": {"/a": {"get": []}}},
        {"paths": {"/a": {"trace": {}}}},
        {"paths": {"/a": {"get": {"x-amazon-apigateway-integration": "proxy"}}}},
        {"tags": [{"name": "x" * 129}]},
        {"tags": ["plain"]},
        {"info": {"title": "x" * 129}},
        {"info": {"title": "t", "description": 7}},
        {"x-amazon-apigateway-cors": {"maxAge": 90_000}},
        {"x-amazon-apigateway-cors": {"allowOrigins": ["*"], "allowCredentials": True}},
        {"components": []},
        _authorizer(identitySource=None),
        _authorizer(identitySource={"header": "A"}),
        _authorizer(jwtConfiguration={"issuer": "https://issuer.example", "audience": True}),
        _authorizer(jwtConfiguration={"issuer": "https://nobody.example", "audience": ["a"]}),
    ],
)
def test_a_wrong_document_is_refused_and_changes_nothing(
    bench: Any, refused: Callable[..., Any], members: dict[str, Any]
) -> None:
    """A reimport is taken whole or not at all."""
    api = bench.api(Tags={"a": "b"})
    bench.route(api, "GET /kept")
    before = bench.call("GetApi", ApiId=api)
    with refused("BadRequestException"):
        bench.call("ReimportApi", ApiId=api, Body=_document(**members))
    assert bench.call("GetApi", ApiId=api) == before
    assert [route["RouteKey"] for route in bench.call("GetRoutes", ApiId=api)["Items"]] == ["GET /kept"]


@pytest.mark.parametrize(
    ("integration", "part"),
    [
        ({**PROXY, "uri": "nowhere"}, "nowhere"),
        ({**PROXY, "timeoutInMillis": 40_000}, "timeoutInMillis"),
        ({**PROXY, "requestParameters": {"overwrite:header.Authorization": "x"}}, "Authorization"),
        ({**PROXY, "connectionType": "VPC_LINK", "connectionId": "nolink"}, "nolink"),
        ({"$ref": "#/components/x-amazon-apigateway-integrations/none"}, "none"),
        ({"type": "mock"}, "MOCK"),
        (None, "No integration"),
    ],
)
def test_a_wrong_integration_warns(bench: Any, refused: Callable[..., Any], integration: Any, part: str) -> None:
    """The route is made without a target; with FailOnWarnings nothing is made."""
    operation = {} if integration is None else {"x-amazon-apigateway-integration": integration}
    body = _document(paths={"/a": {"get": operation}})
    with refused("BadRequestException", "Warnings found during import", part):
        bench.call("ImportApi", Body=body, FailOnWarnings=True)
    assert bench.call("GetApis")["Items"] == []
    found = bench.call("ImportApi", Body=body)
    (warning,) = found["Warnings"]
    (route,) = bench.call("GetRoutes", ApiId=found["ApiId"])["Items"]
    assert part in warning
    assert "Target" not in route


def test_what_an_import_ignores_is_told(bench: Any) -> None:
    """REST-only extensions, root security and unknown parts of an integration show in ImportInfo."""
    body = _document(
        **{
            "security": [{"jwt": []}],
            "x-amazon-apigateway-policy": {},
            "paths": {"/a": {"get": {"x-amazon-apigateway-integration": {**PROXY, "cacheNamespace": "x"}}}},
        }
    )
    found = bench.call("ImportApi", Body=body, FailOnWarnings=True)
    assert [any(part in line for line in found["ImportInfo"]) for part in ("security", "policy", "cacheNamespace")] == [
        True,
        True,
        True,
    ]


def test_lambda_parts_of_a_document_are_not_pretended(bench: Any, refused: Callable[..., Any]) -> None:
    """They fail the import, also without FailOnWarnings."""
    for members in (
        _authorizer(type="request"),
        {"paths": {"/a": {"get": {"x-amazon-apigateway-integration": {**PROXY, "type": "aws_proxy"}}}}},
    ):
        with refused("NotImplemented"):
            bench.call("ImportApi", Body=_document(**members))


def test_a_yaml_document(bench: Any) -> None:
    """YAML is read as JSON is; a number as version is text."""
    body = "openapi: 3.0.1\ninfo: {title: y, version: 1.5}\npaths:\n  /a:\n    get: {operationId: readA}\n"
    found = bench.call("ImportApi", Body=body)
    (route,) = bench.call("GetRoutes", ApiId=found["ApiId"])["Items"]
    assert (found["Version"], route["OperationName"]) == ("1.5", "readA")


def test_one_call_for_three_hundred_routes(bench: Any) -> None:
    """The quota's size, with one shared integration."""
    shared = {"x-amazon-apigateway-integration": {"$ref": "#/components/x-amazon-apigateway-integrations/one"}}
    body = _document(
        paths={f"/r{n}/{{id}}": {"get": shared} for n in range(300)},
        components={"x-amazon-apigateway-integrations": {"one": PROXY}},
    )
    api = bench.call("ImportApi", Body=body, FailOnWarnings=True)["ApiId"]
    assert len(bench.call("GetRoutes", ApiId=api, MaxResults="500")["Items"]) == 300
    assert len(bench.call("GetIntegrations", ApiId=api)["Items"]) == 1
