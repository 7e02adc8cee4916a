"""Authorizers, integrations and routes, and how they hold each other."""

from typing import Any

import pytest


@pytest.fixture
def api(contract: Any) -> str:
    return str(contract.api())


def test_a_jwt_authorizer_is_kept_as_given(contract: Any, api: str) -> None:
    """Issuer, audiences and the one identity source come back [D model]."""
    authorizer = contract.authorizer(api)
    found = contract.gateway.get_authorizer(ApiId=api, AuthorizerId=authorizer)
    assert found["JwtConfiguration"] == {"Issuer": contract.aws.issuer, "Audience": ["api"]}
    assert found["IdentitySource"] == ["$request.header.Authorization"]
    listed = contract.gateway.get_authorizers(ApiId=api)["Items"]
    assert [entry["AuthorizerId"] for entry in listed] == [authorizer]


@pytest.mark.parametrize(
    "members",
    [
        {"IdentitySource": []},
        {"IdentitySource": ["$request.header.A", "$request.header.B"]},
        {"IdentitySource": ["Authorization"]},
        {"JwtConfiguration": {"Audience": ["api"]}},
        {"AuthorizerType": "JWTX"},
        {"AuthorizerResultTtlInSeconds": 10},
    ],
)
def test_what_a_jwt_authorizer_needs(contract: Any, api: str, members: dict[str, Any]) -> None:
    """One identity source of the two forms, issuer and audience [D]; members of Lambda authorizers [U]."""
    with contract.unconfirmed(f"refused: {members}"), contract.refused("BadRequestException"):
        contract.authorizer(api, **members)


def test_an_issuer_without_discovery_is_refused(contract: Any, api: str) -> None:
    """CreateAuthorizer reads the issuer's document; a failure to connect has this real text [D]."""
    configuration = {"Issuer": "https://localhost:9", "Audience": ["api"]}
    with contract.refused("BadRequestException", "/.well-known/openid-configuration"):
        contract.authorizer(api, JwtConfiguration=configuration)


def test_the_issuer_must_match_exactly(contract: Any, api: str) -> None:
    """A trailing slash counts: the document names another issuer [D]."""
    configuration = {"Issuer": f"{contract.aws.issuer}/", "Audience": ["api"]}
    with contract.unconfirmed("refused at creation"), contract.refused("BadRequestException", "Invalid issuer"):
        contract.authorizer(api, JwtConfiguration=configuration)


def test_authorizer_names_are_unique_in_an_api(contract: Any, api: str) -> None:
    """[U] The second authorizer of a name is a 409."""
    contract.authorizer(api)
    with contract.unconfirmed("a second authorizer of a name"), contract.refused("ConflictException", status=409):
        contract.authorizer(api)


def test_an_eleventh_authorizer_is_refused(contract: Any, api: str) -> None:
    """Ten authorizers; the refusal is ConflictException with status 429 and this text (public issue) [D]."""
    for n in range(10):
        contract.authorizer(api, name=f"a{n}")
    with contract.refused(
        "ConflictException", "Maximum number of Authorizers for this API has been reached", status=429
    ):
        contract.authorizer(api, name="a10")


def test_an_authorizer_in_use_stays(contract: Any, api: str) -> None:
    """DeleteAuthorizer answers 409 while a route uses it (public pull request) [D]."""
    authorizer = contract.authorizer(api)
    route = contract.route(api, "GET /a", AuthorizationType="JWT", AuthorizerId=authorizer)
    with contract.refused("ConflictException", status=409):
        contract.gateway.delete_authorizer(ApiId=api, AuthorizerId=authorizer)
    contract.gateway.delete_route(ApiId=api, RouteId=route)
    contract.gateway.delete_authorizer(ApiId=api, AuthorizerId=authorizer)


def test_updating_an_authorizer_keeps_what_is_not_named(contract: Any, api: str) -> None:
    """Only the audience changes [D]."""
    authorizer = contract.authorizer(api)
    configuration = {"Issuer": contract.aws.issuer, "Audience": ["other", "api"]}
    contract.gateway.update_authorizer(ApiId=api, AuthorizerId=authorizer, JwtConfiguration=configuration)
    found = contract.gateway.get_authorizer(ApiId=api, AuthorizerId=authorizer)
    assert found["JwtConfiguration"]["Audience"] == ["other", "api"]
    assert found["Name"] == "jwt"


def test_defaults_of_an_integration(contract: Any, api: str) -> None:
    """INTERNET, payload format 1.0 and 30 seconds [D]."""
    found = contract.gateway.get_integration(ApiId=api, IntegrationId=contract.integration(api))
    assert (found["ConnectionType"], found["PayloadFormatVersion"]) == ("INTERNET", "1.0")
    assert found["TimeoutInMillis"] == 30_000


@pytest.mark.parametrize(
    "members",
    [
        {"TimeoutInMillis": 30_001},
        {"IntegrationUri": "example.com"},
        {"IntegrationType": "MOCK"},
        {"IntegrationType": "HTTP"},
        {"IntegrationMethod": "FETCH"},
        {"PayloadFormatVersion": "2.0"},
        {"ConnectionType": "VPC_LINK"},
        {"ConnectionType": "VPC_LINK", "ConnectionId": "nolink"},
        {"ConnectionType": "TUNNEL"},
    ],
)
def test_what_an_integration_may_be(contract: Any, api: str, members: dict[str, Any]) -> None:
    """Enums and ranges of the model, HTTP_PROXY only, an existing link [D]; that each is a 400 is [U]."""
    with contract.unconfirmed(f"refused: {members}"), contract.refused("BadRequestException", status=400):
        contract.integration(api, **members)


def test_a_private_integration_needs_a_listener(link: str, contract: Any) -> None:
    """Behind a VPC link the URI is the ARN of a listener or a Cloud Map service [D]."""
    api = contract.api()
    private = {"ConnectionType": "VPC_LINK", "ConnectionId": link}
    for wrong in ("https://example.com", contract.aws.listener_arn.replace(":listener/", ":loadbalancer/")):
        with contract.refused("BadRequestException"):
            contract.integration(api, **private, IntegrationUri=wrong)
    integration = contract.integration(
        api, **private, IntegrationUri=contract.aws.listener_arn, TlsConfig={"ServerNameToVerify": "ords.internal"}
    )
    found = contract.gateway.get_integration(ApiId=api, IntegrationId=integration)
    assert (found["ConnectionId"], found["TlsConfig"]) == (link, {"ServerNameToVerify": "ords.internal"})


GOOD_MAPPINGS = {
    "overwrite:path": "/ords/${request.path.id}",
    "append:header.X-Request": "$context.requestId",
    "overwrite:header.X-Caller": "key $context.identity.userArn",
    "overwrite:header.Host": "api.example.com",
    "append:querystring.q": "$request.querystring.q",
    "overwrite:header.X-Sub": "$context.authorizer.claims.sub",
    "overwrite:header.X-Stage": "$stageVariables.name",
    "remove:header.X-Gone": "''",
}


def test_mappings_are_kept_and_merged(contract: Any, api: str) -> None:
    """UpdateIntegration merges the map and an empty value removes a key [D for the removal]."""
    integration = contract.integration(api, RequestParameters=GOOD_MAPPINGS)
    found = contract.gateway.get_integration(ApiId=api, IntegrationId=integration)
    assert found["RequestParameters"] == GOOD_MAPPINGS
    contract.gateway.update_integration(
        ApiId=api,
        IntegrationId=integration,
        RequestParameters={"append:header.X-Request": "", "append:header.X-New": "1"},
    )
    found = contract.gateway.get_integration(ApiId=api, IntegrationId=integration)
    wanted = {**GOOD_MAPPINGS, "append:header.X-New": "1"}
    del wanted["append:header.X-Request"]
    with contract.unconfirmed("the map is merged"):
        assert found["RequestParameters"] == wanted


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("overwrite:header.Authorization", "x"),
        ("append:header.X-Forwarded-Proto", "https"),
        ("remove:header.x-amz-date", "''"),
        ("overwrite:header.Access-Control-Allow-Origin", "*"),
        ("overwrite:header.X-A", "$context.authorizer.claims.cognito:groups"),
        ("overwrite:header.X-A", "${context.authorizer.claims.custom:x}"),
        ("overwrite:header.X-A", "$request.cookie.a"),
        ("overwrite:header.X-A", "$context.noSuchThing"),
        ("append:path", "/a"),
        ("integration.request.header.X-A", "'a'"),
        ("replace:header.X-A", "a"),
    ],
)
def test_mappings_that_are_refused(contract: Any, api: str, key: str, value: str) -> None:
    """Reserved headers, claim names with other characters, REST keys [D]; the frame of the text is real [D]."""
    with contract.refused("BadRequestException", "Invalid mapping expression specified"):
        contract.integration(api, RequestParameters={key: value})


def test_an_integration_in_use_stays(contract: Any, api: str) -> None:
    """The 409 names the routes, with this real text [D]."""
    route = contract.route(api, "GET /a")
    target = contract.gateway.get_route(ApiId=api, RouteId=route)["Target"].removeprefix("integrations/")
    text = f"Cannot delete Integration because it is referenced by the following Routes with Ids: [{route}]"
    with contract.refused("ConflictException", text, status=409):
        contract.gateway.delete_integration(ApiId=api, IntegrationId=target)


def test_a_route_key_exists_once(contract: Any, api: str) -> None:
    """The real text of the 409 [D]; a key that differs only in a variable's name is the same route [D]."""
    contract.route(api, "GET /hr/{id}")
    with contract.refused("ConflictException", "Route with key GET /hr/{id} already exists for this API", status=409):
        contract.route(api, "GET /hr/{id}")
    with contract.refused("ConflictException", "already exists for this API", status=409):
        contract.route(api, "GET /hr/{name}")
    for other in ("POST /hr/{name}", "GET /hr/{proxy+}", "ANY /hr/{x}", "$default"):
        contract.route(api, other)


@pytest.mark.parametrize(
    "key", ["GET", "get /a", "FETCH /a", "GET a", "GET /a{id}", "GET /{a+}/b", "GET /{a}/{a}", "GET /a b", "$other"]
)
def test_route_keys_that_are_refused(contract: Any, api: str, key: str) -> None:
    """``METHOD /path`` with whole-segment variables, the greedy one last, or ``$default`` [D]."""
    with contract.refused("BadRequestException"):
        contract.route(api, key)


@pytest.mark.parametrize(
    "members",
    [
        {"AuthorizationType": "JWT"},
        {"AuthorizationType": "JWT", "AuthorizerId": "nobody"},
        {"AuthorizationScopes": ["a"]},
        {"AuthorizationType": "AWS_IAM", "AuthorizationScopes": ["a"]},
        {"AuthorizationType": "OAUTH"},
        {"ApiKeyRequired": True},
        {"Target": "integrations/none"},
        {"Target": "https://example.com"},
    ],
)
def test_what_a_route_may_name(contract: Any, api: str, members: dict[str, Any]) -> None:
    """A JWT route has an authorizer of the API [D], scopes only with it, a target that exists [U]."""
    with contract.unconfirmed(f"refused: {members}"), contract.refused("BadRequestException", status=400):
        contract.route(api, "GET /a", **members)


def test_a_jwt_route_without_authorizer_has_the_real_text(contract: Any, api: str) -> None:
    """``Invalid authorizer ID specified`` (public issue) [D]."""
    with contract.refused("BadRequestException", "Invalid authorizer ID specified"):
        contract.route(api, "GET /a", AuthorizationType="JWT")


def test_a_route_is_updated_in_place(contract: Any, api: str) -> None:
    """UpdateRoute changes target and authorization and keeps the id [D]."""
    authorizer = contract.authorizer(api)
    route = contract.route(api, "GET /a")
    contract.gateway.update_route(
        ApiId=api, RouteId=route, AuthorizationType="JWT", AuthorizerId=authorizer, AuthorizationScopes=["hr.read"]
    )
    found = contract.gateway.get_route(ApiId=api, RouteId=route)
    assert (found["AuthorizationType"], found["AuthorizationScopes"]) == ("JWT", ["hr.read"])
    contract.gateway.update_route(ApiId=api, RouteId=route, AuthorizationType="NONE")
    with contract.unconfirmed("authorizer and scopes go with the type"):
        assert "AuthorizerId" not in contract.gateway.get_route(ApiId=api, RouteId=route)


def test_more_than_ten_scopes_are_refused(contract: Any, api: str) -> None:
    """Ten scopes per route [D]."""
    authorizer = contract.authorizer(api)
    with contract.refused("BadRequestException"):
        contract.route(
            api,
            "GET /a",
            AuthorizationType="JWT",
            AuthorizerId=authorizer,
            AuthorizationScopes=[f"s{n}" for n in range(11)],
        )
