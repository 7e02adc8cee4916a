"""What the data plane is given: snapshots of deployments, and stage settings as they are."""

from typing import Any

from oracleapi_sandbox.aws.deployed import AccessLog, JwtAuthorizer, Throttle

ISSUER = "https://issuer.example"
LISTENER = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/net/ords/50dc6c495c0c9188/0467ef3c8400ae65"


def _keys(bench: Any, api: str) -> set[str]:
    (stage,) = bench.stages.find(api)
    return {route.route_key for route in stage.routes}


def test_nothing_is_reachable_without_a_deployment(bench: Any) -> None:
    """An unknown API, and a stage that serves nothing."""
    api = bench.api()
    bench.route(api, "GET /a")
    bench.call("CreateStage", ApiId=api, StageName="$default")
    assert bench.stages.find("unknown") == bench.stages.find(api) == ()


def test_a_stage_holds_everything_the_data_plane_needs(bench: Any) -> None:
    """Integration, authorizer, scopes, throttles, log and variables by the seam's names."""
    api, link = bench.api(), bench.link()
    bench.clock.advance(60)
    authorizer = bench.call(
        "CreateAuthorizer",
        ApiId=api,
        Name="jwt",
        AuthorizerType="JWT",
        IdentitySource=["$request.header.Authorization"],
        JwtConfiguration={"Issuer": ISSUER, "Audience": ["a", "b"]},
    )["AuthorizerId"]
    integration = bench.integration(
        api,
        IntegrationUri=LISTENER,
        ConnectionType="VPC_LINK",
        ConnectionId=link,
        TimeoutInMillis=1500,
        RequestParameters={"overwrite:path": "/ords$request.path"},
        TlsConfig={"ServerNameToVerify": "ords.internal"},
    )
    bench.route(
        api,
        "GET /a",
        Target=f"integrations/{integration}",
        AuthorizationType="JWT",
        AuthorizerId=authorizer,
        AuthorizationScopes=["r"],
    )
    arn = "arn:aws:logs:eu-west-1:123456789012:log-group:/gw"
    bench.call(
        "CreateStage",
        ApiId=api,
        StageName="dev",
        AutoDeploy=True,
        AccessLogSettings={"DestinationArn": arn, "Format": "$context.requestId"},
        DefaultRouteSettings={"ThrottlingRateLimit": 5.0, "ThrottlingBurstLimit": 6},
        RouteSettings={"GET /a": {"ThrottlingRateLimit": 1.0, "ThrottlingBurstLimit": 2}},
        StageVariables={"v": "1"},
    )
    (stage,) = bench.stages.find(api)
    (route,) = stage.routes
    assert (stage.account_id, stage.region, stage.api_id, stage.stage_name) == (
        "123456789012",
        "eu-west-1",
        api,
        "dev",
    )
    assert (stage.default_throttle, stage.route_throttles) == (Throttle(5.0, 6), {"GET /a": Throttle(1.0, 2)})
    assert (stage.access_log, stage.stage_variables) == (AccessLog(arn, "$context.requestId"), {"v": "1"})
    assert (route.authorization_type, route.scopes) == ("JWT", ("r",))
    assert route.authorizer == JwtAuthorizer(authorizer, "jwt", ISSUER, ("a", "b"))
    found = route.integration
    assert found is not None
    assert (found.uri, found.connection_type, found.connection_id, found.method) == (LISTENER, "VPC_LINK", link, "ANY")
    assert (found.timeout_ms, found.tls, found.server_name_to_verify) == (1500, True, "ords.internal")
    assert found.request_parameters == {"overwrite:path": "/ords$request.path"}


def test_a_deployment_freezes_the_configuration(bench: Any) -> None:
    """Changes of routes, integrations and the endpoint wait for the next one; throttles do not."""
    api = bench.api()
    route = bench.route(api, "GET /a")
    bench.call("CreateStage", ApiId=api, StageName="dev")
    bench.call("CreateDeployment", ApiId=api, StageName="dev")
    bench.route(api, "GET /b")
    target = bench.call("GetRoute", ApiId=api, RouteId=route)["Target"].removeprefix("integrations/")
    bench.call("UpdateIntegration", ApiId=api, IntegrationId=target, IntegrationUri="https://other.example")
    bench.call("UpdateApi", ApiId=api, DisableExecuteApiEndpoint=True)
    limits = {"ThrottlingRateLimit": 0.0, "ThrottlingBurstLimit": 0}
    bench.call("UpdateStage", ApiId=api, StageName="dev", DefaultRouteSettings=limits)
    (stage,) = bench.stages.find(api)
    assert [r.route_key for r in stage.routes] == ["GET /a"]
    assert stage.routes[0].integration is not None
    assert stage.routes[0].integration.uri == "https://example.com"
    assert stage.disable_execute_api_endpoint is False
    assert stage.default_throttle == Throttle(0.0, 0)
    bench.call("CreateDeployment", ApiId=api, StageName="dev")
    (stage,) = bench.stages.find(api)
    assert (len(stage.routes), stage.disable_execute_api_endpoint) == (2, True)


def test_going_back_to_an_earlier_deployment(bench: Any) -> None:
    """The stage serves what it points to."""
    api = bench.api()
    bench.route(api, "GET /a")
    bench.call("CreateStage", ApiId=api, StageName="dev")
    first = bench.call("CreateDeployment", ApiId=api, StageName="dev")["DeploymentId"]
    bench.route(api, "GET /b")
    bench.call("CreateDeployment", ApiId=api, StageName="dev")
    assert _keys(bench, api) == {"GET /a", "GET /b"}
    bench.call("UpdateStage", ApiId=api, StageName="dev", DeploymentId=first)
    assert _keys(bench, api) == {"GET /a"}


def test_a_deployment_takes_its_time(bench: Any) -> None:
    """Until then callers meet the earlier one, and the new one is PENDING."""
    api = bench.api()
    bench.route(api, "GET /a")
    bench.call("CreateStage", ApiId=api, StageName="dev", AutoDeploy=True)
    bench.set(deploy_lag_ms=3000)
    bench.route(api, "GET /b")
    deployment = bench.call("GetStage", ApiId=api, StageName="dev")["DeploymentId"]
    status = bench.call("GetDeployment", ApiId=api, DeploymentId=deployment)["DeploymentStatus"]
    assert (status, _keys(bench, api)) == ("PENDING", {"GET /a"})
    bench.clock.advance(3)
    status = bench.call("GetDeployment", ApiId=api, DeploymentId=deployment)["DeploymentStatus"]
    assert (status, _keys(bench, api)) == ("DEPLOYED", {"GET /a", "GET /b"})


def test_a_snapshot_is_built_once(bench: Any) -> None:
    """The data plane asks on every request; the same configuration gives the same object."""
    api = bench.api()
    bench.route(api, "GET /a")
    bench.call("CreateStage", ApiId=api, StageName="dev", AutoDeploy=True)
    (one,), (other,) = bench.stages.find(api), bench.stages.find(api)
    assert one is other


def test_a_failed_auto_deploy_keeps_the_earlier_deployment(bench: Any) -> None:
    """The last route is gone: nothing can be deployed, the stage says so and serves on."""
    api = bench.api()
    route = bench.route(api, "GET /a")
    bench.call("CreateStage", ApiId=api, StageName="dev", AutoDeploy=True)
    bench.call("DeleteRoute", ApiId=api, RouteId=route)
    stage = bench.call("GetStage", ApiId=api, StageName="dev")
    assert "no routes exist" in stage["LastDeploymentStatusMessage"]
    assert _keys(bench, api) == {"GET /a"}


def test_a_route_without_target(bench: Any) -> None:
    """It is deployed without an integration."""
    api = bench.api()
    bench.call("CreateRoute", ApiId=api, RouteKey="$default")
    bench.call("CreateStage", ApiId=api, StageName="$default", AutoDeploy=True)
    (stage,) = bench.stages.find(api)
    assert stage.routes[0].integration is None


def test_all_stages_with_auto_deploy_move_together(bench: Any) -> None:
    """One without it stays."""
    api = bench.api()
    bench.route(api, "GET /a")
    for name, auto in (("one", True), ("two", True), ("three", False)):
        bench.call("CreateStage", ApiId=api, StageName=name, AutoDeploy=auto)
    bench.call("CreateDeployment", ApiId=api, StageName="three")
    bench.route(api, "GET /b")
    assert {stage.stage_name: len(stage.routes) for stage in bench.stages.find(api)} == {"one": 2, "two": 2, "three": 1}
