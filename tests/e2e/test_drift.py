"""A second pass plans and writes nothing, inside and outside; what somebody changed by hand is named and put back."""

from collections.abc import Iterator
from typing import Any

import pytest

from support.lab import Lab

READS = ("Get", "List", "Describe", "Export", "Filter")


@pytest.fixture(scope="module")
def api(lab: Lab, example: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The example API for all tests here: each ends with everything as it was."""
    lab.apply(example)
    yield lab.wait_ready("oapi", "hr", "hr")
    lab.kubectl("-n", "hr", "delete", "oapi", "hr", "--timeout=90s")


def test_a_second_pass_writes_nothing_anywhere(lab: Lab, api: dict[str, Any]) -> None:
    lab.reconcile("oapi", "hr", "hr")
    before = lab.get("oapi", "hr", "hr")
    calls, statements = len(lab.aws_calls()), lab.statements()
    after = lab.reconcile("oapi", "hr", "hr")
    written = [c["operation"] for c in lab.aws_calls()[calls:] if not c["operation"].startswith(READS)]
    assert written == []
    assert lab.changes(statements[-1]["seq"]) == []
    # The request itself is one annotation by us and one status write that echoes it; nothing else moved.
    before["status"].pop("lastHandledReconcileAt")
    after["status"].pop("lastHandledReconcileAt")
    assert after["status"] == before["status"]


def _drifted(lab: Lab) -> set[tuple[str, str]]:
    status = lab.reconcile("oapi", "hr", "hr")["status"]
    assert [c["status"] for c in status["conditions"] if c["type"] == "Ready"] == ["True"]
    return {(entry["object"], entry["field"]) for entry in status.get("drift", [])}


def _route(lab: Lab, api_id: str, key: str) -> dict[str, Any]:
    gateway = lab.aws("apigatewayv2")
    items = gateway.get_routes(ApiId=api_id, MaxResults="500")["Items"]
    found: dict[str, Any] = next(item for item in items if item["RouteKey"] == key)
    return found


KEY = "GET /hr/v1/employees/{id}"


def test_a_route_deleted_by_hand_comes_back(lab: Lab, api: dict[str, Any]) -> None:
    api_id = api["status"]["apiId"]
    route = _route(lab, api_id, KEY)
    lab.aws("apigatewayv2").delete_route(ApiId=api_id, RouteId=route["RouteId"])
    assert (f"route {KEY}", "existence") in _drifted(lab)
    assert _route(lab, api_id, KEY)["AuthorizationScopes"] == ["hr.read"]


def test_a_route_opened_by_hand_is_closed(lab: Lab, api: dict[str, Any]) -> None:
    api_id = api["status"]["apiId"]
    route = _route(lab, api_id, KEY)
    lab.aws("apigatewayv2").update_route(
        ApiId=api_id, RouteId=route["RouteId"], AuthorizationType="NONE", AuthorizationScopes=[]
    )
    assert {(f"route {KEY}", "authorization"), (f"route {KEY}", "scope")} <= _drifted(lab)
    assert _route(lab, api_id, KEY)["AuthorizationType"] == "JWT"


def test_a_route_added_by_hand_goes(lab: Lab, api: dict[str, Any]) -> None:
    api_id = api["status"]["apiId"]
    gateway = lab.aws("apigatewayv2")
    target = _route(lab, api_id, KEY)["Target"]
    gateway.create_route(ApiId=api_id, RouteKey="GET /backdoor", Target=target)
    assert ("route GET /backdoor", "existence") in _drifted(lab)
    keys = {item["RouteKey"] for item in gateway.get_routes(ApiId=api_id, MaxResults="500")["Items"]}
    assert "GET /backdoor" not in keys


def test_an_integration_changed_by_hand_is_put_back_in_place(lab: Lab, api: dict[str, Any]) -> None:
    api_id = api["status"]["apiId"]
    gateway = lab.aws("apigatewayv2")
    integration_id = _route(lab, api_id, KEY)["Target"].split("/")[1]
    gateway.update_integration(
        ApiId=api_id, IntegrationId=integration_id, RequestParameters={"overwrite:header.Host": "evil.example.com"}
    )
    assert (f"route {KEY}", "integration.headers") in _drifted(lab)
    found = gateway.get_integration(ApiId=api_id, IntegrationId=integration_id)["RequestParameters"]
    assert found["overwrite:header.Host"] == api["status"]["endpoint"].split("://")[1]


def test_a_stage_throttle_changed_by_hand_is_put_back(lab: Lab, api: dict[str, Any]) -> None:
    api_id = api["status"]["apiId"]
    gateway = lab.aws("apigatewayv2")
    gateway.update_stage(
        ApiId=api_id,
        StageName="$default",
        DefaultRouteSettings={"ThrottlingRateLimit": 1.0, "ThrottlingBurstLimit": 1, "DetailedMetricsEnabled": True},
    )
    assert {("stage $default", "throttle.rate"), ("stage $default", "throttle.burst")} <= _drifted(lab)
    settings = gateway.get_stage(ApiId=api_id, StageName="$default")["DefaultRouteSettings"]
    assert (settings["ThrottlingRateLimit"], settings["ThrottlingBurstLimit"]) == (100.0, 200)


def test_an_owner_tag_removed_by_hand_is_not_a_second_api(lab: Lab, api: dict[str, Any]) -> None:
    gateway = lab.aws("apigatewayv2")
    arn = f"arn:aws:apigateway:{lab.environment['AWS_REGION']}::/apis/{api['status']['apiId']}"
    gateway.untag_resource(ResourceArn=arn, TagKeys=["cost-centre"])
    assert ("API", "tag cost-centre") in _drifted(lab)
    assert gateway.get_tags(ResourceArn=arn)["Tags"]["cost-centre"] == "42"


@pytest.mark.parametrize(
    ("block", "thing", "field"),
    [
        (
            "begin ords_admin.delete_privilege(p_schema => 'HR_API', p_name => 'hr.read'); commit; end;",
            "privilege hr.read",
            "existence",
        ),
        (
            "begin ords_security_admin.delete_jwt_profile(p_schema => 'HR_API'); commit; end;",
            "JWT profile",
            "existence",
        ),
        (
            "begin ords_admin.publish_module(p_schema => 'HR_API', p_module_name => :module,"
            " p_status => 'NOT_PUBLISHED'); commit; end;",
            "module {module}",
            "status",
        ),
        (
            "begin ords_admin.define_handler(p_schema => 'HR_API', p_module_name => :module,"
            " p_pattern => 'employees/:id', p_method => 'GET', p_source_type => 'json/item',"
            " p_source => 'select 1 as stolen from dual'); commit; end;",
            "handler GET {module}/employees/:id",
            "source",
        ),
        (
            "begin ords_admin.delete_module(p_schema => 'HR_API', p_module_name => :module); commit; end;",
            "module {module}",
            "existence",
        ),
    ],
    ids=["privilege dropped", "profile dropped", "module unpublished", "handler's SQL changed", "module deleted"],
)
def test_what_somebody_changed_in_ords_is_put_back(
    lab: Lab, api: dict[str, Any], block: str, thing: str, field: str
) -> None:
    module = next(group["module"] for group in api["status"]["groups"] if group.get("scope") == "hr.read")
    lab.sql(block, **({"module": module} if ":module" in block else {}))
    assert (thing.format(module=module), field) in _drifted(lab)
    event = [note for reason, note in lab.events("hr", "hr") if reason == "DriftRepaired"]
    assert any(thing.format(module=module) in note for note in event)
    assert "drift" not in lab.reconcile("oapi", "hr", "hr")["status"], "a whole pass that finds none takes it away"
