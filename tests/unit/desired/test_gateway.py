"""The gateway half: what callers reach, and what can never be told apart from it by accident."""

import pytest

from oracleapi.desired.gateway import (
    LOG_FORMAT,
    build_gateway,
    held_links,
    link_routes,
    live_handlers,
    log_group,
    route_count,
)
from oracleapi.desired.probe import PROBE_THROTTLE
from oracleapi.model.gateway import ApiIdentity, GatewayContent, ObservedGateway, Throttle
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


def test_log_groups_of_two_installations_differ() -> None:
    assert "cluster-1" in log_group(API).name


def test_live_handlers_are_read_back_from_the_routes() -> None:
    found = live_handlers(API, observed())
    assert (f"{SLUG}/hr/v1", "things/:id", "GET") in found
    assert ("oa-probe/hr/v1", "_probe", "GET") in found
    assert len(found) == 4


def test_link_routes_are_told_from_main_routes() -> None:
    assert set(link_routes(API, observed())) == {key for key in BUILT.routes if "/ords/" in key}
    held = held_links(API, observed(), {(f"{SLUG}/hr/v1", "things/:id", "GET")})
    assert [route.key for route in held] == [f"GET /ords/hr_api/{SLUG}/hr/v1/things/{{id}}"]
