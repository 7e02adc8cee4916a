"""The gateway half: what callers reach, and what can never be told apart from it by accident."""

import json
from dataclasses import replace

import pytest

from oracleapi.desired.gateway import (
    LOG_FORMAT,
    api_name,
    api_tags,
    build_gateway,
    held_links,
    link_routes,
    live_handlers,
    log_group,
    route_count,
)
from oracleapi.desired.probe import PROBE_THROTTLE
from oracleapi.model.gateway import (
    ApiIdentity,
    Authorizer,
    GatewayContent,
    GatewayRoute,
    Integration,
    LogGroup,
    ObservedGateway,
    Throttle,
)
from oracleapi.model.hidden import Hidden
from oracleapi.model.resolved import ResolvedApi
from support import make

HOST = "abc.execute-api.eu-west-1.amazonaws.com"
READ = make.route("list", path="/things/{id}")
WRITE = make.route("add", path="/things", method="POST", scope="a.write", throttle={"requestsPerSecond": 5, "burst": 9})
OPEN = make.route("health", path="/health", auth="Public", timeoutMilliseconds=1000)
API = make.resolved(READ, WRITE, OPEN)
BUILT = build_gateway(API, HOST, ())
SLUG, PROBE = "oa-a-read-524c50", "GET /hr/v1/_probe"


def observed(gateway=BUILT):
    identity = ApiIdentity("abc", "hr-hr", f"https://{HOST}", {})
    return ObservedGateway(identity, GatewayContent(gateway.authorizers, gateway.routes), gateway.stage, None)


def test_every_get_has_a_link_route_beside_it_with_the_same_protection() -> None:
    main, link = BUILT.routes["GET /hr/v1/things/{id}"], BUILT.routes[f"GET /ords/hr_api/{SLUG}/hr/v1/things/{{id}}"]
    assert (main.authorizer, main.scope, main.authorization) == (link.authorizer, link.scope, link.authorization)
    assert main.integration is not None
    assert main.integration.path == f"/ords/hr_api/{SLUG}$request.path"
    assert link.integration is not None
    assert link.integration.path == "$request.path"
    assert len(BUILT.routes) == route_count(API) == 6  # with the probe


def test_nothing_but_a_public_route_goes_without_authorizer_and_scope() -> None:
    open_keys = {key for key, route in BUILT.routes.items() if route.authorization == "NONE"}
    assert {key.split("/")[-1] for key in open_keys} == {"health"}
    assert BUILT.routes[PROBE].authorization == "AWS_IAM"
    assert all(r.authorizer and r.scope for key, r in BUILT.routes.items() if key not in {*open_keys, PROBE})


def test_the_probe_route_leads_to_a_module_of_its_own_and_is_throttled() -> None:
    integration = BUILT.routes[PROBE].integration
    assert integration is not None
    assert integration.path == "/ords/hr_api/oa-probe$request.path"
    assert BUILT.stage.route_throttles[PROBE].rate == 1.0
    assert not any("oa-probe" in key for key in BUILT.routes)  # nothing that it answers with is followed


@pytest.mark.parametrize(
    "api",
    [make.resolved(READ, probe=False), make.resolved(make.route("mine", path="/_probe"), links=False)],
    ids=["switched off", "its path is taken"],
)
def test_without_a_probe_its_route_is_neither_made_nor_counted(api: ResolvedApi) -> None:
    built = build_gateway(api, HOST, ())
    assert not any(route.authorization == "AWS_IAM" for route in built.routes.values())
    assert len(built.routes) == route_count(api)
    assert PROBE not in built.stage.route_throttles


def test_host_and_request_id_are_always_overwritten() -> None:
    for route in BUILT.routes.values():
        assert route.integration is not None
        assert dict(route.integration.headers) == {"Host": HOST, "Request-Id": "$context.requestId"}


def test_one_integration_for_each_group_and_timeout() -> None:
    assert len({route.integration for route in BUILT.routes.values()}) == 6  # two groups with links, two without


def test_a_route_s_throttle_is_its_link_s_too() -> None:
    api = make.resolved(make.route("a", throttle={"requestsPerSecond": 5, "burst": 9}))
    built = build_gateway(api, HOST, ())
    assert dict(built.stage.route_throttles) == {
        **dict.fromkeys(built.routes, Throttle(5.0, 9)),
        PROBE: PROBE_THROTTLE,
    }


def test_an_iam_route_and_its_link_ask_for_a_signature_and_for_no_token() -> None:
    built = build_gateway(make.resolved(READ | {"auth": "IAM"}, probe=False), HOST, ())
    assert {(route.authorization, route.authorizer, route.scope) for route in built.routes.values()} == {
        ("AWS_IAM", None, None)
    }
    assert len(built.routes) == 2


def test_a_withdrawn_route_has_neither_route_nor_link() -> None:
    keys = build_gateway(API, HOST, {"list"}).routes
    assert not any("things/{id}" in key for key in keys)


def test_without_links_there_are_none() -> None:
    assert not any("/ords/" in key for key in build_gateway(make.resolved(READ, links=False), HOST, ()).routes)


def test_the_authorizer_goes_when_nothing_needs_it() -> None:
    assert build_gateway(make.resolved(OPEN), HOST, ()).authorizers == {}


def test_access_log_fits_aws_s_limit_and_is_one_line_with_the_request_id() -> None:
    assert len(LOG_FORMAT) < 1024
    assert "\n" not in LOG_FORMAT
    assert "$context.requestId" in LOG_FORMAT
    assert "authorization" not in LOG_FORMAT.lower().replace("authorizer", "")


def test_access_log_tells_who_asked_for_what_and_where_it_ended() -> None:
    context = {
        "requestId": "requestId", "time": "requestTimeEpoch", "sourceIp": "identity.sourceIp",
        "principal": "authorizer.claims.sub", "caller": "identity.userArn", "routeKey": "routeKey", "status": "status",
        "latency": "responseLatency", "integrationStatus": "integration.status",
        "integrationError": "integration.error", "authorizerError": "authorizer.error",
    }  # fmt: skip
    assert json.loads(LOG_FORMAT) == {name: f"$context.{value}" for name, value in context.items()}
    assert " " not in LOG_FORMAT


def owned(**fields: str) -> ResolvedApi:
    return replace(API, owner=replace(API.owner, **fields))


def test_a_log_group_is_of_the_installation_and_the_api() -> None:
    assert log_group(API) == LogGroup("/aws/vendedlogs/oracleapi/cluster-1/hr/hr", 90)
    assert log_group(owned(installation="i" * 40)).name == f"/aws/vendedlogs/oracleapi/{'i' * 36}/hr/hr"
    kept = make.resolved(READ, stage={"accessLog": {"retentionDays": 7}})
    assert build_gateway(kept, HOST, ()).log_group.retention_days == 7


def test_an_api_is_named_like_the_object_as_far_as_aws_takes_it_and_known_by_its_tags() -> None:
    assert api_name(API) == "hr-hr"
    assert api_name(owned(name="n" * 200)) == "hr-" + "n" * 125
    built = build_gateway(API, HOST, ())
    assert (built.name, built.tags) == ("hr-hr", {"cost-centre": "42", **API.owner.tags()})
    assert api_tags(replace(API, account_tags={"oracleapi.dev/owner": "nobody"})) == API.owner.tags()


@pytest.mark.parametrize(("region", "partition"), [("eu-west-1", "aws"), ("cn-north-1", "aws-cn")])
def test_a_stage_logs_into_the_group_of_its_account_and_has_the_database_s_throttle(
    region: str, partition: str
) -> None:
    stage = build_gateway(replace(API, region=region), HOST, ()).stage
    group = "/aws/vendedlogs/oracleapi/cluster-1/hr/hr"
    assert stage.log_group_arn == f"arn:{partition}:logs:{region}:123456789012:log-group:{group}"
    assert (stage.log_format, stage.throttle, stage.detailed_metrics) == (LOG_FORMAT, Throttle(50.0, 100), True)


def test_an_api_may_have_a_throttle_and_metrics_of_its_own() -> None:
    asked = {"throttle": {"requestsPerSecond": 3, "burst": 4}, "detailedMetrics": False}
    stage = build_gateway(make.resolved(READ, stage=asked), HOST, ()).stage
    assert (stage.throttle, stage.detailed_metrics) == (Throttle(3.0, 4), False)


def test_an_integration_leads_through_the_link_to_ords_and_waits_as_long_as_it_is_told() -> None:
    found = BUILT.routes["GET /hr/v1/things/{id}"].integration
    headers = (("Host", HOST), ("Request-Id", "$context.requestId"))
    path = f"/ords/hr_api/{SLUG}$request.path"
    assert found == Integration("link1", make.LISTENER, path, headers, 29000, "ords.internal")
    traced = build_gateway(replace(API, trace_header="A-Trace"), HOST, ()).routes["GET /hr/v1/things/{id}"].integration
    assert traced is not None
    assert traced.headers == (("A-Trace", "$context.requestId"), ("Host", HOST))
    timeouts = {
        key.split("/")[-1]: route.integration.timeout_ms for key, route in BUILT.routes.items() if route.integration
    }
    assert (timeouts["health"], timeouts["_probe"]) == (1000, 5000)
    with pytest.raises(ValueError, match="link is not available"):
        build_gateway(replace(API, vpc_link_id=None), HOST, ())


def test_tokens_are_of_the_issuer_and_for_the_audience() -> None:
    assert BUILT.authorizers == {"jwt": Authorizer("jwt", "https://idp.example.com/", "hr-api")}
    main = BUILT.routes["POST /hr/v1/things"]
    assert (main.authorizer, main.scope, main.authorization) == ("jwt", "a.write", "JWT")
    assert build_gateway(replace(API, issuer=None), HOST, ()).authorizers == {}


def test_who_calls_is_told_on_iam_routes_and_their_links_alone() -> None:
    api = replace(make.resolved(READ | {"auth": "IAM"}, WRITE, OPEN), gateway_key=Hidden("k1"))
    routes = build_gateway(api, HOST, ()).routes
    told = {
        key
        for key, route in routes.items()
        if route.integration is not None and "X-OracleApi-Caller" in dict(route.integration.headers)
    }
    assert told == {"GET /hr/v1/things/{id}", "GET /ords/hr_api/oa-iam/hr/v1/things/{id}"}
    header = dict(routes["GET /hr/v1/things/{id}"].integration.headers)["X-OracleApi-Caller"]
    assert isinstance(header, Hidden)
    assert header.reveal() == "k1 ${context.identity.userArn} ${context.routeKey}"


def test_what_does_not_read_has_no_link() -> None:
    assert {key for key in BUILT.routes if "/ords/" in key} == {
        f"GET /ords/hr_api/{SLUG}/hr/v1/things/{{id}}", "GET /ords/hr_api/oa-public/hr/v1/health",
    }  # fmt: skip


def test_a_held_link_is_kept_beside_what_is_desired_and_replaces_nothing() -> None:
    key = f"GET /ords/hr_api/{SLUG}/hr/v1/things/{{id}}"
    old, gone = GatewayRoute(key, None), GatewayRoute("GET /ords/hr_api/old/hr/v1/x", None)
    built = build_gateway(API, HOST, (), [old, gone])
    assert built.routes == {**BUILT.routes, gone.key: gone}
    held_jwt = replace(gone, authorizer="jwt", authorization="JWT")
    assert build_gateway(make.resolved(OPEN), HOST, (), [held_jwt]).authorizers != {}


def test_live_handlers_are_read_back_from_the_routes() -> None:
    found = live_handlers(API, observed())
    assert (f"{SLUG}/hr/v1", "things/:id", "GET") in found
    assert ("oa-probe/hr/v1", "_probe", "GET") in found
    assert len(found) == 4


def leading(key: str, path: str | None) -> ObservedGateway:
    """Return a gateway with one route, whose integration leads to *path*; ``None``: it has none."""
    integration = None if path is None else Integration("link1", make.LISTENER, path, (), 29000)
    route = GatewayRoute(key, integration)
    return replace(observed(), content=GatewayContent({}, {route.key: route}))


@pytest.mark.parametrize(
    ("key", "path", "handlers"),
    [
        ("GET /hr/v1/a/{x}", "/ords/hr_api/oa-public$request.path", {("oa-public/hr/v1", "a/:x", "GET")}),
        ("GET /hr/v1", "/ords/hr_api/oa-public$request.path", {("oa-public/hr/v1", ".", "GET")}),
        ("GET /hr/v1/a", None, set()),
        ("GET /hr/v1/a", "/ords/other/oa-public$request.path", set()),
        ("GET /hr/v1/a", "/ords/hr_api/oa-public/hr/v1/a", set()),
        ("GET /hr/v2/a", "/ords/hr_api/oa-public$request.path", set()),
        ("GET /ords/hr_api/oa-public/hr/v1/a", "$request.path", set()),
    ],
)
def test_only_a_route_that_the_operator_wrote_tells_a_handler(
    key: str, path: str | None, handlers: set[tuple[str, str, str]]
) -> None:
    assert live_handlers(API, leading(key, path)) == handlers


def test_one_route_that_tells_nothing_does_not_keep_the_others_from_telling() -> None:
    stray = GatewayRoute("GET /hr/v1/a", None)
    both = replace(observed(), content=GatewayContent({}, {stray.key: stray, **BUILT.routes}))
    assert live_handlers(API, both) == live_handlers(API, observed())


@pytest.mark.parametrize(
    ("key", "handler"),
    [
        ("GET /ords/hr_api/oa-x/hr/v1/a/{b}", ("oa-x/hr/v1", "a/:b", "GET")),
        ("GET /ords/hr_api/oa-x/hr/v2/a", None),
        ("GET /ords/other/oa-x/hr/v1/a", None),
        ("GET /hr/v1/a", None),
        ("GET oa-x/hr/v1/a", None),
    ],
)
def test_a_link_route_tells_the_handler_that_it_leads_to(key: str, handler: tuple[str, str, str] | None) -> None:
    assert link_routes(API, leading(key, "$request.path")) == ({} if handler is None else {key: handler})


def test_link_routes_are_told_from_main_routes() -> None:
    assert set(link_routes(API, observed())) == {key for key in BUILT.routes if "/ords/" in key}
    held = held_links(API, observed(), {(f"{SLUG}/hr/v1", "things/:id", "GET")})
    assert [route.key for route in held] == [f"GET /ords/hr_api/{SLUG}/hr/v1/things/{{id}}"]
