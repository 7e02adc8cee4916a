"""The sandbox's own side: the journal of calls, settings, faults, clock, and what its front refuses."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import httpx
import pytest


@pytest.fixture(autouse=True)
def _clean(contract: Any) -> Iterator[None]:
    contract.aws.sandbox("POST", "reset")
    yield
    contract.aws.sandbox("POST", "reset")


def _page(contract: Any, method: str, page: str, document: Any) -> httpx.Response:
    url = f"{contract.aws.endpoint_url}/_sandbox/{page}"
    return httpx.request(method, url, json=document, trust_env=False)


def test_caller_identity(contract: Any) -> None:
    """Control plane and STS agree on the account."""
    identity = contract.aws.client("sts").get_caller_identity()
    assert identity["Account"] == contract.aws.addresses["account_id"] == "123456789012"


def test_every_call_is_written_down_without_secrets(contract: Any) -> None:
    """All services; operation, names and ids, status and code; no mapping values, bodies or secrets."""
    api = contract.api(Name="journal")
    contract.integration(api, RequestParameters={"overwrite:header.X-Key": "very-secret-key"})
    contract.aws.client("secretsmanager").create_secret(Name="s", SecretString="very-secret-key")
    contract.aws.client("logs").describe_log_groups()
    with contract.refused("NotFoundException"):
        contract.gateway.get_api(ApiId="aaaaaaaaaa")
    calls = contract.aws.sandbox("GET", "calls")["calls"]
    seen = [(call["service"], call["operation"], call["status"], call["code"]) for call in calls]
    assert seen == [
        ("apigatewayv2", "CreateApi", 201, None),
        ("apigatewayv2", "CreateIntegration", 201, None),
        ("secretsmanager", "CreateSecret", 200, None),
        ("logs", "DescribeLogGroups", 200, None),
        ("apigatewayv2", "GetApi", 404, "NotFoundException"),
    ]
    assert calls[0]["params"] == {"Name": "journal", "ProtocolType": "HTTP"}
    assert calls[1]["params"]["RequestParameters"] == ["overwrite:header.X-Key"]
    assert {call["caller"] for call in calls} == {contract.aws.addresses["access_key_id"]}
    assert {call["principal"] for call in calls} == {"arn:aws:iam::123456789012:root"}
    assert "very-secret-key" not in str(calls)
    found = contract.aws.sandbox("GET", "calls?summary")
    assert found["operations"]["apigatewayv2:GetApi"] == {"calls": 1, "throttled": 0, "errors": 1, "dropped": 0}
    assert found["services"]["apigatewayv2"]["calls"] == 3
    assert contract.aws.sandbox("DELETE", "calls") == {"calls": []}


def test_faults_before_and_after_the_call(contract: Any) -> None:
    """A rule hits its operation so many times; ``after`` leaves the effect and loses the answer."""
    rule = {"operation": "apigatewayv2:CreateApi", "times": 1, "status": 500, "code": "InternalServerError"}
    contract.aws.sandbox("PUT", "faults", rule)
    with contract.refused("InternalServerError", status=500):
        contract.api(Name="before")
    contract.aws.sandbox("PUT", "faults", [{**rule, "when": "after"}])
    with contract.refused("InternalServerError", status=500):
        contract.api(Name="after")
    assert [entry["Name"] for entry in contract.gateway.get_apis()["Items"]] == ["after"]
    assert contract.aws.sandbox("GET", "faults") == {"faults": []}
    for operation, service, call in (
        ("sts:*", "sts", "get_caller_identity"),
        ("logs:Describe*", "logs", "describe_log_groups"),
    ):
        contract.aws.sandbox("PUT", "faults", {"operation": operation, "status": 400, "code": "Throttling"})
        with contract.refused("Throttling", status=400):
            getattr(contract.aws.client(service), call)()


@pytest.mark.parametrize(
    ("page", "document", "part"),
    [
        ("settings", {"no_such_thing": 1}, "no_such_thing"),
        ("settings", {"vpc_link_seconds": "soon"}, "vpc_link_seconds"),
        ("settings", {"quotas": "sometimes"}, "quotas"),
        ("settings", {"targets": {"arn": "host"}}, "targets"),
        ("settings", [], "object"),
        ("faults", {"operation": "*", "drop_before": True, "status": 500}, "drop_before"),
        ("faults", {"operation": "*", "drop_after": "yes"}, "drop_after"),
        ("principals", {"op": {"policies": [{"Statement": [{"Effect": "Allow"}]}]}}, "Action"),
        ("faults", {"status": 500}, "operation"),
        ("faults", {"operation": "*", "times": 0}, "times"),
    ],
)
def test_wrong_pages_are_named(contract: Any, page: str, document: Any, part: str) -> None:
    """400 with the name of what is wrong."""
    answer = _page(contract, "PUT", page, document)
    assert answer.status_code == 400
    assert part in answer.json()["error"]


def test_a_wrong_setting_changes_nothing(contract: Any) -> None:
    """A patch is taken whole or not at all, over both planes."""
    before = contract.aws.sandbox("GET", "settings")
    assert _page(contract, "PUT", "settings", {"vpc_link_seconds": 9, "account_burst": "x"}).status_code == 400
    assert contract.aws.sandbox("GET", "settings") == before
    changed = contract.aws.sandbox("PUT", "settings", {"vpc_link_seconds": 9, "account_burst": 7})
    assert (changed["vpc_link_seconds"], changed["account_burst"]) == (9.0, 7)


def test_an_unsigned_request_is_refused(contract: Any) -> None:
    """``Missing Authentication Token`` [D]; STS operations that carry their own proof are not here."""
    base = contract.aws.endpoint_url
    answer = httpx.get(f"{base}/v2/apis", trust_env=False)
    assert (answer.status_code, answer.json()["message"]) == (403, "Missing Authentication Token")
    form = {
        "Action": "AssumeRoleWithWebIdentity",
        "Version": "2011-06-15",
        "RoleArn": "arn:aws:iam::123456789012:role/r",
    }
    answer = httpx.post(f"{base}/", data=form, trust_env=False)
    assert (answer.status_code, "sts:AssumeRoleWithWebIdentity" in answer.text) == (501, True)


@pytest.mark.parametrize(
    ("service", "call", "members"),
    [
        ("service-quotas", "list_services", {}),
        ("apigateway", "get_rest_apis", {}),
        ("apigatewayv2", "get_domain_names", {}),
        ("apigatewayv2", "create_api", {"Name": "w", "ProtocolType": "WEBSOCKET"}),
        ("apigatewayv2", "create_api", {"Name": "q", "ProtocolType": "HTTP", "Target": "https://example.com"}),
    ],
)
def test_what_is_not_here_says_so(contract: Any, service: str, call: str, members: dict[str, Any]) -> None:
    """501 NotImplemented, never a pretended answer."""
    with contract.refused("NotImplemented", status=501):
        getattr(contract.aws.client(service), call)(**members)


def test_quotas_of_the_account(contract: Any) -> None:
    """CreateVpcLink passes once in 15 seconds of the sandbox's clock, then answers 429 [D]."""
    contract.aws.sandbox("PUT", "settings", {"quotas": "real"})
    make = {"Name": "contract", "SubnetIds": contract.aws.subnets}
    contract.gateway.create_vpc_link(**make)
    with contract.refused("TooManyRequestsException", "Too Many Requests", status=429):
        contract.gateway.create_vpc_link(**make)
    contract.aws.sandbox("POST", "clock", {"advance_seconds": 15})
    contract.gateway.create_vpc_link(**make)


def test_parallel_changes_of_one_api(contract: Any) -> None:
    """By true overlap: while one change runs, another of the same API is a 409 with the real text [D]."""
    apis = [contract.api(), contract.api()]
    contract.aws.sandbox("PUT", "settings", {"concurrent_modification": "overlap", "mutation_ms": 400})
    with ThreadPoolExecutor(8) as pool:
        names = [(api, f"s{n}") for api in apis for n in range(4)]
        made = [pool.submit(contract.gateway.create_stage, ApiId=api, StageName=name) for api, name in names]
    errors = [future.exception() for future in made]
    for group in (errors[:4], errors[4:]):
        assert None in group
    refused = [str(error) for error in errors if error is not None]
    assert refused
    assert all("Unable to complete operation due to concurrent modification" in text for text in refused)


def test_regions_are_apart(contract: Any) -> None:
    """An API lives in the Region that the caller signed for."""
    contract.api()
    other = boto3.client(
        "apigatewayv2",
        endpoint_url=contract.aws.endpoint_url,
        region_name="us-east-1",
        aws_access_key_id=contract.aws.addresses["access_key_id"],
        aws_secret_access_key=contract.aws.addresses["secret_access_key"],
    )
    assert other.get_apis()["Items"] == []


def test_a_call_through_a_stage_is_logged(contract: Any) -> None:
    """From CreateStage to the line in the emulated Logs, as filter_log_events returns it."""
    logs, api = contract.aws.client("logs"), contract.api()
    logs.create_log_group(logGroupName="/gw/orders")
    contract.route(
        api, "GET /a", Target=f"integrations/{contract.integration(api, IntegrationUri='http://127.0.0.1:9')}"
    )
    place = f"{contract.aws.addresses['region']}:{contract.aws.addresses['account_id']}"
    log = {
        "DestinationArn": f"arn:aws:logs:{place}:log-group:/gw/orders",
        "Format": "$context.requestId $context.routeKey $context.status",
    }
    contract.gateway.create_stage(ApiId=api, StageName="$default", AutoDeploy=True, AccessLogSettings=log)
    port = contract.aws.addresses["data_port"]
    headers = {"host": f"{api}.execute-api.localhost:{port}"}
    with httpx.Client(verify=contract.aws.client_context(), trust_env=False, headers=headers) as client:
        answer = client.get(f"https://127.0.0.1:{port}/a")
    events: list[dict[str, Any]] = []
    deadline = time.monotonic() + 10
    while not events and time.monotonic() < deadline:
        events = logs.filter_log_events(logGroupName="/gw/orders")["events"]
    assert [event["message"] for event in events] == [
        f"{answer.headers['apigw-requestid']} GET /a {answer.status_code}"
    ]


def test_a_reset_forgets_everything(contract: Any) -> None:
    """Resources of both engines, settings, faults and journal; what listeners lead to stays."""
    target = {"targets": {contract.aws.listener_arn: ["127.0.0.1", 9, None]}}
    contract.aws.sandbox("PUT", "settings", target)
    contract.api()
    contract.aws.client("logs").create_log_group(logGroupName="/gone")
    contract.aws.sandbox("PUT", "settings", {"list_lag_ms": 5})
    contract.aws.sandbox("POST", "reset")
    assert contract.gateway.get_apis()["Items"] == []
    assert contract.aws.client("logs").describe_log_groups()["logGroups"] == []
    settings = contract.aws.sandbox("GET", "settings")
    assert (settings["list_lag_ms"], settings["targets"]) == (0, target["targets"])
