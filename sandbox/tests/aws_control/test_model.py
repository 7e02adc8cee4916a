"""Requests and answers of the service model: what is found, checked and written."""

import json
from typing import Any

import pytest

from oracleapi_sandbox.aws.control.model import ServiceModel
from oracleapi_sandbox.aws.errors import AwsError

MODEL = ServiceModel("apigatewayv2")


@pytest.mark.parametrize(
    ("method", "path", "operation", "labels"),
    [
        ("GET", "/v2/apis", "GetApis", {}),
        ("PUT", "/v2/apis/a1", "ReimportApi", {"apiId": "a1"}),
        (
            "DELETE",
            "/v2/apis/a1/stages/%24default/routesettings/GET%20%2Fhr%2F%7Bid%7D",
            "DeleteRouteSettings",
            {"apiId": "a1", "stageName": "$default", "routeKey": "GET /hr/{id}"},
        ),
        (
            "GET",
            "/v2/tags/arn%3Aaws%3Aapigateway%3Ar%3A%3A%2Fapis%2Fa",
            "GetTags",
            {"resource-arn": "arn:aws:apigateway:r::/apis/a"},
        ),
    ],
)
def test_a_request_names_its_operation(method: str, path: str, operation: str, labels: dict[str, str]) -> None:
    """Labels are decoded after the match, so an encoded slash stays inside its segment."""
    assert MODEL.match(method, path) == (operation, labels)


@pytest.mark.parametrize(("method", "path"), [("PATCH", "/v2/apis"), ("GET", "/v2/api"), ("GET", "/v2/apis/a/b/c/d")])
def test_other_requests_name_none(method: str, path: str) -> None:
    """Method and path both count."""
    assert MODEL.match(method, path) is None


def _parse(operation: str, body: Any, query: dict[str, list[str]] | None = None, **labels: str) -> dict[str, Any]:
    return MODEL.parse(operation, labels, query or {}, json.dumps(body).encode() if body is not None else b"").members


def test_members_get_their_model_names_inside_too() -> None:
    """Structures are translated, keys of maps are not."""
    body = {"name": "jwt", "authorizerType": "JWT", "identitySource": [], "jwtConfiguration": {"issuer": "https://i"}}
    found = _parse("CreateAuthorizer", body, apiId="a")
    assert found["JwtConfiguration"] == {"Issuer": "https://i"}
    limits = {"GET /a": {"throttlingRateLimit": 1, "throttlingBurstLimit": 2}}
    found = _parse("CreateStage", {"stageName": "s", "routeSettings": limits}, apiId="a")
    assert found["RouteSettings"] == {"GET /a": {"ThrottlingRateLimit": 1, "ThrottlingBurstLimit": 2}}


@pytest.mark.parametrize(
    ("operation", "body", "part"),
    [
        ("CreateApi", {"protocolType": "HTTP"}, "name"),
        ("CreateApi", {"name": "", "protocolType": "HTTP"}, "name"),
        ("CreateApi", {"name": 7, "protocolType": "HTTP"}, "name"),
        ("CreateApi", {"name": "x", "protocolType": "FTP"}, "protocolType"),
        ("CreateApi", {"name": "x", "protocolType": "HTTP", "colour": "red"}, "colour"),
        ("CreateApi", {"name": "x", "protocolType": "HTTP", "tags": []}, "tags"),
        ("CreateApi", {"name": "x", "protocolType": "HTTP", "tags": {"a": 1}}, "tags.a"),
        ("CreateApi", {"name": "x", "protocolType": "HTTP", "disableExecuteApiEndpoint": "yes"}, "disableExecute"),
        ("CreateApi", {"name": "x", "protocolType": "HTTP", "corsConfiguration": {"maxAge": -2}}, "maxAge"),
        ("CreateApi", {"name": "x", "protocolType": "HTTP", "corsConfiguration": {"age": 1}}, "age"),
        ("CreateIntegration", {"integrationType": "HTTP_PROXY", "timeoutInMillis": 49}, "timeoutInMillis"),
        ("CreateIntegration", {"integrationType": "HTTP_PROXY", "timeoutInMillis": True}, "timeoutInMillis"),
        ("CreateIntegration", {"integrationType": "HTTP_PROXY", "requestParameters": {"a": "x" * 513}}, "a"),
        ("CreateStage", {"stageName": "s", "accessLogSettings": {"format": "x" * 1025}}, "format"),
        ("CreateApi", [], "body"),
    ],
)
def test_wrong_members_are_named(operation: str, body: Any, part: str) -> None:
    """Required members, types, enums and lengths are all checked on this side."""
    with pytest.raises(AwsError) as caught:
        _parse(operation, body, apiId="a")
    assert caught.value.code == "BadRequestException"
    assert part in caught.value.message


def test_an_empty_mapping_value_is_let_through() -> None:
    """It removes a key on update; the operations judge it."""
    found = _parse("UpdateIntegration", {"requestParameters": {"overwrite:path": ""}}, apiId="a", integrationId="i")
    assert found["RequestParameters"] == {"overwrite:path": ""}


def test_query_members() -> None:
    """Booleans are words, lists are repeats."""
    found = _parse("ImportApi", {"body": "{}"}, {"failOnWarnings": ["true"]})
    assert found == {"Body": "{}", "FailOnWarnings": True}
    assert _parse("UntagResource", None, {"tagKeys": ["a", "b"]}, **{"resource-arn": "x"})["TagKeys"] == ["a", "b"]
    with pytest.raises(AwsError):
        _parse("ImportApi", {"body": "{}"}, {"failOnWarnings": ["yes"]})


def test_answers_hold_what_the_shape_holds() -> None:
    """Times are ISO 8601; what the output shape does not have is left out; ``None`` is absent."""
    status, body, kind = MODEL.write(
        "CreateApi", {"ApiId": "a", "CreatedDate": 0.5, "Description": None, "Secret": "x", "Tags": {"A": "b"}}
    )
    assert (status, kind) == (201, "application/json")
    assert json.loads(body) == {"apiId": "a", "createdDate": "1970-01-01T00:00:00Z", "tags": {"A": "b"}}
    assert MODEL.write("DeleteApi", {}) == (204, b"", "")
    assert MODEL.write("DeleteVpcLink", {}) == (202, b"{}", "application/json")
