"""Both positions of every switch for what nobody has confirmed on a real account."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from oracleapi_sandbox.aws.errors import AwsError

MAPPING = {"overwrite:path": "/ords"}


def _document(**integration: Any) -> str:
    proxy = {"type": "http_proxy", "httpMethod": "ANY", "uri": "https://example.com", "requestParameters": MAPPING}
    operation = {"x-amazon-apigateway-integration": {**proxy, **integration}}
    return json.dumps({"openapi": "3.0.1", "info": {"title": "d"}, "paths": {"/a": {"get": operation}}})


@pytest.mark.parametrize(("keeps", "mappings"), [(True, MAPPING), (False, None)])
def test_import_keeps_mappings(bench: Any, keeps: bool, mappings: Any) -> None:
    """Kept, or dropped without a warning."""
    bench.set(import_keeps_mappings=keeps)
    found = bench.call("ImportApi", Body=_document(), FailOnWarnings=True)
    (integration,) = bench.call("GetIntegrations", ApiId=found["ApiId"])["Items"]
    assert integration.get("RequestParameters") == mappings


@pytest.mark.parametrize("accepts", [True, False])
def test_import_accepts_pending_link(bench: Any, accepts: bool) -> None:
    """Taken, or a warning and a route without target."""
    bench.set(import_accepts_pending_link=accepts)
    from_here = {"connectionType": "VPC_LINK", "connectionId": bench.link(), "uri": _listener()}
    found = bench.call("ImportApi", Body=_document(**from_here))
    (route,) = bench.call("GetRoutes", ApiId=found["ApiId"])["Items"]
    assert (len(found["Warnings"]), "Target" in route) == ((0, True) if accepts else (1, False))


@pytest.mark.parametrize("accepts", [True, False])
def test_integration_accepts_pending_link(bench: Any, refused: Callable[..., Any], accepts: bool) -> None:
    """CreateIntegration with a PENDING link; once AVAILABLE it always works."""
    bench.set(integration_accepts_pending_link=accepts)
    api, link = bench.api(), bench.link()
    private = {"ConnectionType": "VPC_LINK", "ConnectionId": link, "IntegrationUri": _listener()}
    if accepts:
        assert bench.integration(api, **private)
    else:
        with refused("BadRequestException", link):
            bench.integration(api, **private)
    bench.clock.advance(10)
    assert bench.integration(api, **private)


@pytest.mark.parametrize("keeps", [True, False])
def test_reimport_keeps_ids(bench: Any, keeps: bool) -> None:
    """Ids of what is the same in both documents."""
    bench.set(reimport_keeps_ids=keeps)
    api = bench.call("ImportApi", Body=_document())["ApiId"]

    def ids() -> set[str]:
        routes, integrations = (bench.call(name, ApiId=api)["Items"] for name in ("GetRoutes", "GetIntegrations"))
        return {routes[0]["RouteId"], integrations[0]["IntegrationId"]}

    before = ids()
    bench.call("ReimportApi", ApiId=api, Body=_document())
    assert (ids() == before) is keeps


@pytest.mark.parametrize(("replaces", "tags"), [(True, {}), (False, {"owner": "me"})])
def test_reimport_replaces_tags(bench: Any, replaces: bool, tags: dict[str, str]) -> None:
    """A document without tags."""
    bench.set(reimport_replaces_tags=replaces)
    api = bench.api(Tags={"owner": "me"})
    assert bench.call("ReimportApi", ApiId=api, Body=_document())["Tags"] == tags


def _exported(bench: Any, **settings: bool) -> str:
    api = bench.api(Tags={"owner": "me"})
    bench.call("ReimportApi", ApiId=api, Body=_document())
    bench.call("TagResource", ResourceArn=f"arn:aws:apigateway:eu-west-1::/apis/{api}", Tags={"owner": "me"})
    bench.set(**settings)
    return str(bench.call("ExportApi", ApiId=api, Specification="OAS30", OutputType="JSON")["body"].decode())


@pytest.mark.parametrize("on", [True, False])
@pytest.mark.parametrize(
    ("switch", "mark"),
    [
        ("export_shows_mappings", "overwrite:path"),
        ("export_shows_tags", '"owner"'),
        ("export_shares_integrations", "#/components/x-amazon-apigateway-integrations/"),
    ],
)
def test_what_an_export_shows(bench: Any, switch: str, mark: str, on: bool) -> None:
    """Each part alone; a shared export imports again with one integration."""
    text = _exported(bench, **{switch: on})
    assert (mark in text) is on
    again = bench.call("ImportApi", Body=text, FailOnWarnings=True)["ApiId"]
    assert len(bench.call("GetIntegrations", ApiId=again)["Items"]) == 1


@pytest.mark.parametrize("publishes", [True, False])
def test_autodeploy_on_publishes(bench: Any, publishes: bool) -> None:
    """Turning AutoDeploy on deploys at once, or with the next change."""
    bench.set(autodeploy_on_publishes=publishes)
    api = bench.api()
    bench.route(api, "GET /a")
    bench.call("CreateStage", ApiId=api, StageName="dev")
    stage = bench.call("UpdateStage", ApiId=api, StageName="dev", AutoDeploy=True)
    assert (stage.get("DeploymentId") is not None) is publishes
    bench.route(api, "GET /b")
    assert bench.call("GetStage", ApiId=api, StageName="dev")["DeploymentId"]


@pytest.mark.parametrize("accepts", [True, False])
def test_autodeploy_stage_accepts_deployments(bench: Any, refused: Callable[..., Any], accepts: bool) -> None:
    """CreateDeployment that names a stage with AutoDeploy on."""
    bench.set(autodeploy_stage_accepts_deployments=accepts)
    api = bench.api()
    bench.route(api, "GET /a")
    bench.call("CreateStage", ApiId=api, StageName="dev", AutoDeploy=True)
    if accepts:
        made = bench.call("CreateDeployment", ApiId=api, StageName="dev")["DeploymentId"]
        assert bench.call("GetStage", ApiId=api, StageName="dev")["DeploymentId"] == made
    else:
        with refused("BadRequestException", "AutoDeploy"):
            bench.call("CreateDeployment", ApiId=api, StageName="dev")


@pytest.mark.parametrize("merges", [True, False])
def test_stage_settings_merge(bench: Any, merges: bool) -> None:
    """A partial DefaultRouteSettings or RouteSettings entry keeps the other limit, or loses it."""
    bench.set(stage_settings_merge=merges)
    api = bench.api()
    bench.route(api, "GET /a")
    both = {"ThrottlingRateLimit": 1.0, "ThrottlingBurstLimit": 2}
    bench.call("CreateStage", ApiId=api, StageName="d", DefaultRouteSettings=both, RouteSettings={"GET /a": both})
    one = {"ThrottlingBurstLimit": 9}
    stage = bench.call("UpdateStage", ApiId=api, StageName="d", DefaultRouteSettings=one, RouteSettings={"GET /a": one})
    wanted = {**both, **one} if merges else one
    assert stage["DefaultRouteSettings"] == wanted
    assert stage["RouteSettings"] == {"GET /a": wanted}


@pytest.mark.parametrize(("zero", "limits"), [(True, (0.0, 0)), (False, (None, None))])
def test_omitted_throttle_is_zero(bench: Any, zero: bool, limits: Any) -> None:
    """Settings that name no limits at all; a stage without settings is never throttled by this."""
    bench.set(omitted_throttle_is_zero=zero)
    api = bench.api()
    bench.route(api, "GET /a")
    bench.call("CreateStage", ApiId=api, StageName="plain", AutoDeploy=True)
    metrics = {"DetailedMetricsEnabled": True}
    bench.call("CreateStage", ApiId=api, StageName="metrics", AutoDeploy=True, DefaultRouteSettings=metrics)
    found = {stage.stage_name: stage.default_throttle for stage in bench.stages.find(api)}
    assert (found["plain"].rate, found["plain"].burst) == (None, None)
    assert (found["metrics"].rate, found["metrics"].burst) == limits


@pytest.mark.parametrize("accepts", [True, False])
@pytest.mark.parametrize(
    ("switch", "mapping"),
    [
        ("path_static_plus_variable", {"overwrite:path": "/ords/hr$request.path"}),
        ("mapping_accepts_route_key", {"append:header.X-Route": "$context.routeKey"}),
        ("host_header_accepts_context", {"overwrite:header.Host": "$context.domainName"}),
    ],
)
def test_mappings(bench: Any, refused: Callable[..., Any], switch: str, mapping: dict[str, str], accepts: bool) -> None:
    """Forms of which nobody knows whether real gateways take them."""
    bench.set(**{switch: accepts})
    api = bench.api()
    bench.integration(api, RequestParameters={"overwrite:path": "$request.path", "overwrite:header.Host": "a.example"})
    if accepts:
        assert bench.integration(api, RequestParameters=mapping)
    else:
        with refused("BadRequestException", "Invalid mapping expression specified: Validation Result:"):
            bench.integration(api, RequestParameters=mapping)


@pytest.mark.parametrize("required", [True, False])
def test_integration_method_required(bench: Any, refused: Callable[..., Any], required: bool) -> None:
    """HTTP_PROXY without a method."""
    bench.set(integration_method_required=required)
    members = {"ApiId": bench.api(), "IntegrationType": "HTTP_PROXY", "IntegrationUri": "https://example.com"}
    if required:
        with refused("BadRequestException", "IntegrationMethod"):
            bench.call("CreateIntegration", **members)
    else:
        assert "IntegrationMethod" not in bench.call("CreateIntegration", **members)


@pytest.mark.parametrize("checked", [True, False])
def test_discovery_check(bench: Any, refused: Callable[..., Any], checked: bool) -> None:
    """An issuer that serves nothing."""
    bench.set(discovery_check=checked)
    members = {
        "ApiId": bench.api(),
        "Name": "jwt",
        "AuthorizerType": "JWT",
        "IdentitySource": ["$request.header.Authorization"],
        "JwtConfiguration": {"Issuer": "https://nobody.example", "Audience": ["a"]},
    }
    if checked:
        with refused("BadRequestException", "nobody.example"):
            bench.call("CreateAuthorizer", **members)
    else:
        assert bench.call("CreateAuthorizer", **members)["AuthorizerId"]


def test_list_lag(bench: Any) -> None:
    """A new resource is there for Get at once and in lists later."""
    bench.set(list_lag_ms=2000)
    api = bench.api()
    assert bench.call("GetApi", ApiId=api)["ApiId"] == api
    assert bench.call("GetApis")["Items"] == []
    bench.clock.advance(2)
    assert [entry["ApiId"] for entry in bench.call("GetApis")["Items"]] == [api]


@pytest.mark.parametrize("covers", [True, False])
def test_list_lag_of_changes_and_deletes(bench: Any, covers: bool) -> None:
    """Tags and names change late in lists, and what is deleted is listed for the time; reads by id are at once."""
    bench.set(list_lag_ms=2000, list_lag_covers_deletes=covers)
    kept, gone = bench.api(Tags={"owner": "a"}), bench.api()
    bench.route(kept, "GET /x")
    bench.clock.advance(2)
    arn = f"arn:aws:apigateway:eu-west-1::/apis/{kept}"
    bench.call("TagResource", ResourceArn=arn, Tags={"owner": "b"})
    bench.call("UpdateApi", ApiId=kept, Name="new")
    bench.call("DeleteApi", ApiId=gone)

    def listed() -> Any:
        return {entry["ApiId"]: (entry["Name"], entry["Tags"]) for entry in bench.call("GetApis")["Items"]}

    before = {kept: ("x", {"owner": "a"}), **({gone: ("x", {})} if covers else {})}
    assert listed() == before
    assert bench.call("GetApi", ApiId=kept)["Tags"] == {"owner": "b"}
    bench.clock.advance(1.9)
    assert listed() == before
    assert [entry["RouteKey"] for entry in bench.call("GetRoutes", ApiId=kept)["Items"]] == ["GET /x"]
    bench.clock.advance(0.1)
    assert listed() == {kept: ("new", {"owner": "b"})}
    bench.set(list_lag_ms=0)
    bench.call("UpdateApi", ApiId=kept, Name="at once")
    assert listed() == {kept: ("at once", {"owner": "b"})}


def test_a_vpc_link_that_is_gone_is_listed_as_deleting(bench: Any) -> None:
    """A list that stays behind still shows it; a read by id does not find it."""
    bench.set(list_lag_ms=2000, vpc_link_delete_seconds=1)
    link = bench.link()
    bench.clock.advance(3)
    bench.call("DeleteVpcLink", VpcLinkId=link)
    bench.clock.advance(1)
    assert [entry["VpcLinkStatus"] for entry in bench.call("GetVpcLinks")["Items"]] == ["DELETING"]
    with pytest.raises(AwsError, match=link):
        bench.call("GetVpcLink", VpcLinkId=link)
    bench.clock.advance(2)
    assert bench.call("GetVpcLinks")["Items"] == []


def test_concurrent_window(bench: Any, refused: Callable[..., Any]) -> None:
    """A change soon after another one of the same API is refused; another API and reads are not."""
    first, second = bench.api(), bench.api()
    bench.set(concurrent_window_ms=500)
    bench.call("UpdateApi", ApiId=first, Name="a")
    with refused("ConflictException", "concurrent modification"):
        bench.call("UpdateApi", ApiId=first, Name="b")
    bench.call("UpdateApi", ApiId=second, Name="b")
    assert bench.call("GetApi", ApiId=first)["Name"] == "a"
    bench.clock.advance(0.5)
    assert bench.call("UpdateApi", ApiId=first, Name="b")["Name"] == "b"


def test_page_sizes(bench: Any, refused: Callable[..., Any]) -> None:
    """The default size, and no more than the largest."""
    bench.set(default_page_size=2, max_page_size=3)
    for _ in range(4):
        bench.api()
    first = bench.call("GetApis")
    assert len(first["Items"]) == 2
    assert len(bench.call("GetApis", NextToken=first["NextToken"])["Items"]) == 2
    with refused("BadRequestException", "maxResults"):
        bench.call("GetApis", MaxResults="4")


def test_a_page_after_a_delete_skips_nothing(bench: Any) -> None:
    """The token names a place, not a count."""
    made = [bench.api() for _ in range(4)]
    first = bench.call("GetApis", MaxResults="2")
    bench.call("DeleteApi", ApiId=made[0])
    rest = bench.call("GetApis", NextToken=first["NextToken"])["Items"]
    assert [entry["ApiId"] for entry in rest] == made[2:]


@pytest.mark.parametrize(("mode", "ok"), [("off", 4), ("overlap", 1), (0.0, 4), (1.0, 0)])
def test_concurrent_modification(bench: Any, mode: Any, ok: int) -> None:
    """Four changes of one API at the same time; reads are never refused."""
    api = bench.api()
    target = f"integrations/{bench.integration(api)}"
    bench.set(concurrent_modification=mode, mutation_ms=1)

    async def at_once() -> list[Any]:
        changes = [bench.start("CreateRoute", ApiId=api, RouteKey=f"GET /{n}", Target=target) for n in range(4)]
        reads = [bench.start("GetApi", ApiId=api) for _ in range(4)]
        return await asyncio.gather(*changes, *reads, return_exceptions=True)

    found = asyncio.run(at_once())
    errors = [entry for entry in found if isinstance(entry, AwsError)]
    assert len(errors) == 4 - ok
    assert {(error.status, error.message.partition(".")[0]) for error in errors} <= {
        (409, "Unable to complete operation due to concurrent modification")
    }
    bench.set(concurrent_modification="off")
    assert len(bench.call("GetRoutes", ApiId=api)["Items"]) == ok


def _listener() -> str:
    return "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/net/ords/50dc6c495c0c9188/0467ef3c8400ae65"
