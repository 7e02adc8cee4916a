"""Resource quotas, VPC links in time, request quotas, and what the engine does not have."""

import contextlib
from collections.abc import Callable
from typing import Any

import pytest

from oracleapi_sandbox.aws.control.model import ServiceModel
from oracleapi_sandbox.aws.errors import AwsError


@pytest.mark.parametrize(
    ("setting", "make", "word"),
    [
        ("max_routes", lambda bench, api, n: bench.route(api, f"GET /{n}"), "Routes"),
        ("max_integrations", lambda bench, api, n: bench.integration(api), "Integrations"),
        ("max_stages", lambda bench, api, n: bench.call("CreateStage", ApiId=api, StageName=f"s{n}"), "Stages"),
        ("max_apis", lambda bench, api, n: n and bench.api(), "APIs"),
        ("max_vpc_links", lambda bench, api, n: bench.link(), "VpcLinks"),
    ],
)
def test_resource_quotas(
    bench: Any, refused: Callable[..., Any], setting: str, make: Callable[[Any, str, int], Any], word: str
) -> None:
    """The call over the quota is a 429 that names the resource."""
    bench.set(**{setting: 2})
    api = bench.api()
    make(bench, api, 0)
    make(bench, api, 1)
    with pytest.raises(Exception, match=f"Maximum number of {word}") as caught:
        make(bench, api, 2)
    assert getattr(caught.value, "status", None) == 429


def test_a_document_over_the_quota_is_refused_whole(bench: Any, refused: Callable[..., Any]) -> None:
    """Nothing of it is kept."""
    bench.set(max_routes=1)
    api = bench.api()
    paths = ", ".join(f'"/{n}": {{"get": {{}}}}' for n in range(2))
    body = f'{{"openapi": "3.0.1", "info": {{"title": "t"}}, "paths": {{{paths}}}}}'
    with refused("ConflictException", "Maximum number of Routes"):
        bench.call("ReimportApi", ApiId=api, Body=body)
    assert bench.call("GetRoutes", ApiId=api)["Items"] == []


def _status(bench: Any, link: str) -> str:
    return str(bench.call("GetVpcLink", VpcLinkId=link)["VpcLinkStatus"])


def test_the_life_of_a_link(bench: Any, refused: Callable[..., Any]) -> None:
    """PENDING, AVAILABLE, INACTIVE on request, DELETING for a time, gone."""
    bench.set(vpc_link_seconds=60, vpc_link_delete_seconds=5)
    link = bench.link()
    assert _status(bench, link) == bench.stages.vpc_link_status(link) == "PENDING"
    bench.clock.advance(60)
    assert _status(bench, link) == bench.stages.vpc_link_status(link) == "AVAILABLE"
    bench.set(inactive_vpc_links=(link,))
    assert _status(bench, link) == bench.stages.vpc_link_status(link) == "INACTIVE"
    bench.call("DeleteVpcLink", VpcLinkId=link)
    assert _status(bench, link) == bench.stages.vpc_link_status(link) == "DELETING"
    with refused("BadRequestException"):
        bench.call("UpdateVpcLink", VpcLinkId=link, Name="new")
    bench.clock.advance(5)
    assert bench.stages.vpc_link_status(link) is None
    with refused("NotFoundException"):
        _status(bench, link)


def test_a_link_that_fails(bench: Any, refused: Callable[..., Any]) -> None:
    """FAILED instead of AVAILABLE, with a message, and no integration takes it."""
    bench.set(vpc_link_fails=True)
    link = bench.link()
    bench.clock.advance(60)
    found = bench.call("GetVpcLink", VpcLinkId=link)
    assert (found["VpcLinkStatus"], bool(found["VpcLinkStatusMessage"])) == ("FAILED", True)
    uri = "arn:aws:servicediscovery:eu-west-1:123456789012:service/srv-abc"
    with refused("BadRequestException", link):
        bench.integration(bench.api(), ConnectionType="VPC_LINK", ConnectionId=link, IntegrationUri=uri)


def _admitted(bench: Any, operation: str, calls: int) -> int:
    """Return how many of so many calls pass."""
    passed = 0
    for _ in range(calls):
        with contextlib.suppress(AwsError):
            bench.engine.admit("eu-west-1", operation)
            passed += 1
    return passed


def test_a_refused_call_is_a_429(bench: Any, refused: Callable[..., Any]) -> None:
    """TooManyRequestsException, which clients retry."""
    bench.set(quotas="real")
    bench.engine.admit("eu-west-1", "CreateVpcLink")
    with refused("TooManyRequestsException"):
        bench.engine.admit("eu-west-1", "CreateVpcLink")


def test_the_total_quota(bench: Any) -> None:
    """40 at once, then ten per second; off by default; other Regions have their own."""
    assert _admitted(bench, "GetApis", 100) == 100
    bench.set(quotas="real")
    assert _admitted(bench, "GetApis", 60) == 40
    bench.engine.admit("us-east-1", "GetApis")
    bench.clock.advance(1)
    assert _admitted(bench, "GetApis", 20) == 10
    bench.set(quotas=10.0)
    _admitted(bench, "GetApis", 60)
    bench.clock.advance(0.25)
    assert _admitted(bench, "GetApis", 40) == 25


@pytest.mark.parametrize(
    ("operation", "seconds", "settings"),
    [
        ("CreateVpcLink", 15, {}),
        ("DeleteVpcLink", 30, {}),
        ("CreateDeployment", 5, {"deployment_quota_covers_v2": True}),
    ],
)
def test_slow_operations(bench: Any, operation: str, seconds: float, settings: dict[str, Any]) -> None:
    """One call in so many seconds."""
    bench.set(quotas="real", **settings)
    assert _admitted(bench, operation, 3) == 1
    bench.clock.advance(seconds - 1)
    assert _admitted(bench, operation, 1) == 0
    bench.clock.advance(1)
    assert _admitted(bench, operation, 2) == 1


def test_create_deployment_is_under_the_total_only(bench: Any) -> None:
    """The other position of the switch."""
    bench.set(quotas="real")
    assert _admitted(bench, "CreateDeployment", 20) == 20


CRUD = "Get{0} Get{0}s Create{0} Update{0} Delete{0}"
KINDS = ("Api", "Authorizer", "Integration", "Route", "Stage", "Deployment", "VpcLink")
OTHERS = (
    "ImportApi ReimportApi ExportApi DeleteCorsConfiguration DeleteRouteSettings DeleteAccessLogSettings "
    "TagResource UntagResource GetTags"
)
DONE = " ".join([*(CRUD.format(kind) for kind in KINDS), OTHERS]).split()


@pytest.mark.parametrize("operation", sorted(set(ServiceModel("apigatewayv2").operations()) - set(DONE)))
def test_the_rest_of_the_service_is_not_pretended(bench: Any, refused: Callable[..., Any], operation: str) -> None:
    """Every other operation of the model says that it is not here."""
    with refused("NotImplemented", operation):
        bench.call(operation)


@pytest.mark.parametrize(
    ("operation", "members"),
    [
        ("CreateApi", {"Name": "w", "ProtocolType": "WEBSOCKET"}),
        ("CreateApi", {"Name": "q", "ProtocolType": "HTTP", "Target": "https://e.example"}),
        ("CreateIntegration", {"IntegrationType": "AWS_PROXY"}),
        (
            "CreateIntegration",
            {
                "IntegrationType": "HTTP_PROXY",
                "IntegrationUri": "https://e.example",
                "ResponseParameters": {"200": {"overwrite:statuscode": "204"}},
            },
        ),
        ("CreateAuthorizer", {"Name": "l", "AuthorizerType": "REQUEST", "IdentitySource": []}),
    ],
)
def test_parts_that_are_not_here(
    bench: Any, refused: Callable[..., Any], operation: str, members: dict[str, Any]
) -> None:
    """WebSocket, quick create, Lambda and response mappings."""
    given = members if operation == "CreateApi" else {"ApiId": bench.api(), **members}
    with refused("NotImplemented"):
        bench.call(operation, **given)
