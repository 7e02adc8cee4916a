"""The probe route over the whole way: kubectl, gateway, link, ORDS, database, and back."""

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from support.lab import Lab, wait_for
from support.parts import ROOT

PROBE = "/hr/v1/_probe"
PROVEN = ("True", "Succeeded")
BOTH = ("NetworkReady", "CorrelationProven")
Said = tuple[tuple[str, str], ...]


def said(lab: Lab) -> Said:
    """Return (status, reason) of both conditions after a pass that was asked for."""
    lab.reconcile("oapi", "hr", "hr")
    found = [lab.condition("oapi", "hr", "hr", type_) for type_ in BOTH]
    return tuple((condition["status"], condition["reason"]) for condition in found)


def comes(lab: Lab, *wanted: tuple[str, str]) -> None:
    """Wait for both conditions: the probe route takes one request a second."""
    wait_for(f"{BOTH} to say {wanted}", lambda: said(lab) == wanted)


def told(lab: Lab) -> str:
    return str(lab.condition("oapi", "hr", "hr", "NetworkReady")["message"])


def ready(lab: Lab) -> tuple[str, str]:
    found = lab.condition("oapi", "hr", "hr")
    return found["status"], found["reason"]


def at_ords(lab: Lab) -> str:
    return f"{lab.environment['ORDS_URL']}/hr_api/oa-probe{PROBE}"


def answered(call: Callable[[], httpx.Response]) -> httpx.Response:
    """Return what *call* brings once the throttle lets it through."""

    def admitted() -> httpx.Response | None:
        found = call()
        return None if found.status_code == 429 else found

    found: httpx.Response = wait_for("the throttle to let a request through", admitted)
    return found


def signed(lab: Lab, url: str) -> httpx.Response:
    """Call *url* with the operator's signature, as anybody with its right may."""
    keys = Credentials(lab.operator_keys["AWS_ACCESS_KEY_ID"], lab.operator_keys["AWS_SECRET_ACCESS_KEY"])
    request = AWSRequest("GET", url)
    SigV4Auth(keys, "execute-api", lab.environment["AWS_REGION"]).add_auth(request)
    return lab.call("GET", url, headers=dict(request.headers))


def allow(lab: Lab, *, invoke: bool) -> None:
    """Give the operator the policy of docs/iam-policy.json, with or without its optional statement."""
    policy = json.loads((ROOT / "docs" / "iam-policy.json").read_text())
    policy["Statement"] = [found for found in policy["Statement"] if invoke or found["Sid"] != "ProveTheNetwork"]
    page = f"{lab.environment['AWS_ENDPOINT_URL']}/_sandbox/principals"
    lab.http.put(page, json={"operator": {"policies": [policy]}}).raise_for_status()


@pytest.fixture
def policy(lab: Lab) -> Iterator[None]:
    """The operator's rights are put back afterwards."""
    yield
    allow(lab, invoke=True)


def test_the_way_is_proven_and_the_id_is_the_one_that_callers_get(lab: Lab, api: dict[str, Any]) -> None:
    seen = len(lab.ords_requests())
    comes(lab, PROVEN, PROVEN)
    assert ready(lab) == PROVEN
    assert [found["module"] for found in lab.ords_requests(seen) if found["module"] == f"oa-probe{PROBE[:-7]}"]
    answer = answered(lambda: signed(lab, f"{api['status']['endpoint']}{PROBE}"))
    assert answer.json()["request_id"] == answer.headers["apigw-requestid"]


def test_nobody_gets_there_without_a_signature_and_a_header_of_theirs_is_overwritten(
    lab: Lab, api: dict[str, Any]
) -> None:
    url = f"{api['status']['endpoint']}{PROBE}"
    for token in (None, lab.token()):
        assert answered(lambda token=token: lab.call("GET", url, token)).status_code == 403
    assert "_probe" not in json.dumps(api["status"]["routes"])
    assert lab.call("GET", at_ords(lab), headers={"Request-Id": "mine"}).json()["request_id"] == "mine"


def test_the_right_to_invoke_is_optional(lab: Lab, api: dict[str, Any], policy: None) -> None:
    allow(lab, invoke=False)
    comes(lab, ("Unknown", "NoProbePath"), ("Unknown", "NoProbePath"))
    assert "ProveTheNetwork" in told(lab)
    assert ready(lab) == PROVEN
    allow(lab, invoke=True)
    comes(lab, PROVEN, PROVEN)


def test_a_listener_that_leads_nowhere_is_told_while_the_api_stays_as_it_is(
    lab: Lab, api: dict[str, Any], switches: Lab
) -> None:
    targets = lab.http.get(f"{lab.environment['AWS_ENDPOINT_URL']}/_sandbox/settings").json()["targets"]
    lab.set_aws(targets={})
    comes(lab, ("False", "IntegrationFailed"), ("Unknown", "IntegrationFailed"))
    assert lab.get("odb", "hr-db")["spec"]["ords"]["gatewayTarget"]["listenerArn"] in told(lab)
    assert ready(lab) == PROVEN
    lab.set_aws(targets=targets)
    comes(lab, PROVEN, PROVEN)


def test_a_link_that_sleeps_is_told(lab: Lab, api: dict[str, Any], switches: Lab) -> None:
    lab.set_aws(inactive_vpc_links=[lab.get("vpcl", "private")["status"]["vpcLinkId"]])
    comes(lab, ("False", "IntegrationFailed"), ("Unknown", "IntegrationFailed"))
    assert "state" in told(lab)
    lab.set_aws(inactive_vpc_links=[])
    comes(lab, PROVEN, PROVEN)


@pytest.mark.parametrize("forwards", [False, True])
def test_whether_or_not_the_signature_is_handed_on(
    lab: Lab, api: dict[str, Any], switches: Lab, forwards: bool
) -> None:
    lab.set_aws(forward_authorization_of_iam=forwards)
    comes(lab, PROVEN, PROVEN)


def test_switched_off_there_is_neither_route_nor_module(lab: Lab, api: dict[str, Any], example: dict[str, Any]) -> None:
    manifest = copy.deepcopy(example)
    manifest["spec"]["probe"] = False
    lab.apply(manifest)
    lab.wait_ready("oapi", "hr", "hr")
    gateway = lab.aws("apigatewayv2")
    keys = {found["RouteKey"] for found in gateway.get_routes(ApiId=api["status"]["apiId"], MaxResults="500")["Items"]}
    assert f"GET {PROBE}" not in keys
    assert lab.call("GET", at_ords(lab)).status_code == 404
    comes(lab, ("Unknown", "NoProbePath"), ("Unknown", "NoProbePath"))
    lab.apply(example)
    lab.wait_ready("oapi", "hr", "hr")
    comes(lab, PROVEN, PROVEN)
