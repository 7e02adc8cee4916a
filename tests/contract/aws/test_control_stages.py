"""Stages, deployments and access-log settings."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture
def api(contract: Any) -> str:
    """An API with one route."""
    api_id = contract.api()
    contract.route(api_id, "GET /a")
    return str(api_id)


@pytest.fixture
def log_group(contract: Any) -> Iterator[str]:
    """The ARN of a log group, without the trailing ``:*``."""
    logs, name = contract.aws.client("logs"), f"/aws/vendedlogs/contract-{uuid.uuid4().hex[:8]}"
    logs.create_log_group(logGroupName=name)
    found = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"][0]["arn"]
    yield str(found.removesuffix(":*"))
    logs.delete_log_group(logGroupName=name)


def _stage(contract: Any, api: str, **members: Any) -> Any:
    return contract.gateway.create_stage(ApiId=api, **{"StageName": "dev", **members})


def test_auto_deploy_makes_deployments(contract: Any, api: str) -> None:
    """Each change of the API gives the stage another deployment, marked AutoDeployed [D]."""
    _stage(contract, api, AutoDeploy=True)
    first = contract.gateway.get_stage(ApiId=api, StageName="dev")["DeploymentId"]
    contract.route(api, "GET /b")
    stage = contract.gateway.get_stage(ApiId=api, StageName="dev")
    assert stage["DeploymentId"] != first
    assert stage["LastDeploymentStatusMessage"].startswith("Successfully deployed stage with deployment ID")
    deployment = contract.gateway.get_deployment(ApiId=api, DeploymentId=stage["DeploymentId"])
    assert (deployment["AutoDeployed"], deployment["DeploymentStatus"]) == (True, "DEPLOYED")


def test_auto_deploy_takes_no_deployment_id(contract: Any, api: str) -> None:
    """DeploymentId cannot be set while AutoDeploy is on [D]."""
    deployment = contract.gateway.create_deployment(ApiId=api)["DeploymentId"]
    with contract.refused("BadRequestException"):
        _stage(contract, api, AutoDeploy=True, DeploymentId=deployment)
    _stage(contract, api, AutoDeploy=True)
    with contract.refused("BadRequestException"):
        contract.gateway.update_stage(ApiId=api, StageName="dev", DeploymentId=deployment)


def test_a_stage_goes_back_to_an_earlier_deployment(contract: Any, api: str) -> None:
    """With AutoDeploy off the stage points where it is told; turning it off keeps the deployment [D]."""
    _stage(contract, api, AutoDeploy=True)
    first = contract.gateway.get_stage(ApiId=api, StageName="dev")["DeploymentId"]
    contract.route(api, "GET /b")
    off = contract.gateway.update_stage(ApiId=api, StageName="dev", AutoDeploy=False)
    assert off["DeploymentId"] != first
    back = contract.gateway.update_stage(ApiId=api, StageName="dev", DeploymentId=first)
    assert back["DeploymentId"] == first


def test_a_deployment_with_a_stage_name_is_served(contract: Any, api: str) -> None:
    """CreateDeployment with StageName moves the stage [D]."""
    _stage(contract, api)
    deployment = contract.gateway.create_deployment(ApiId=api, StageName="dev", Description="one")
    assert contract.gateway.get_stage(ApiId=api, StageName="dev")["DeploymentId"] == deployment["DeploymentId"]
    assert deployment["AutoDeployed"] is False


def test_an_api_without_routes_cannot_be_deployed(contract: Any) -> None:
    """The real text [D]; auto-deploy puts it into the stage instead [U]."""
    api = contract.api()
    with contract.refused("BadRequestException", "Unable to deploy API because no routes exist in this API"):
        contract.gateway.create_deployment(ApiId=api)
    stage = _stage(contract, api, AutoDeploy=True)
    with contract.unconfirmed("the stage tells of the failed deployment"):
        assert "no routes exist" in stage["LastDeploymentStatusMessage"]
    assert "DeploymentId" not in stage


def test_a_deployment_in_use_stays(contract: Any, api: str) -> None:
    """[U here, D for REST] ``Active stages pointing to this deployment must be moved or deleted``."""
    deployment = contract.gateway.create_deployment(ApiId=api)["DeploymentId"]
    _stage(contract, api, DeploymentId=deployment)
    text = "Active stages pointing to this deployment must be moved or deleted"
    with contract.unconfirmed("a deployment in use"), contract.refused("BadRequestException", text):
        contract.gateway.delete_deployment(ApiId=api, DeploymentId=deployment)
    contract.gateway.delete_stage(ApiId=api, StageName="dev")
    contract.gateway.delete_deployment(ApiId=api, DeploymentId=deployment)


def test_route_settings_need_their_route(contract: Any, api: str) -> None:
    """The 404 has this real text; a method under an ANY route is no route key [D]."""
    contract.route(api, "ANY /x")
    text = "Unable to find Route by key GET /x within the provided RouteSettings"
    limits = {"ThrottlingRateLimit": 2.5, "ThrottlingBurstLimit": 3}
    with contract.refused("NotFoundException", text, status=404):
        _stage(contract, api, RouteSettings={"GET /x": limits})
    _stage(contract, api, RouteSettings={"ANY /x": limits})
    with contract.refused("NotFoundException", text):
        contract.gateway.update_stage(ApiId=api, StageName="dev", RouteSettings={"GET /x": limits})


def test_route_settings_are_merged_and_go_one_by_one(contract: Any, api: str) -> None:
    """UpdateStage never removes an entry; DeleteRouteSettings does, also for keys with slashes and braces [D]."""
    contract.route(api, "GET /hr/{id}")
    limits = {"ThrottlingRateLimit": 2.5, "ThrottlingBurstLimit": 3}
    _stage(contract, api, RouteSettings={"GET /a": limits})
    contract.gateway.update_stage(ApiId=api, StageName="dev", RouteSettings={"GET /hr/{id}": limits})
    found = contract.gateway.get_stage(ApiId=api, StageName="dev")["RouteSettings"]
    assert set(found) == {"GET /a", "GET /hr/{id}"}
    contract.gateway.delete_route_settings(ApiId=api, StageName="dev", RouteKey="GET /hr/{id}")
    assert set(contract.gateway.get_stage(ApiId=api, StageName="dev")["RouteSettings"]) == {"GET /a"}


def test_settings_of_a_removed_route_block_the_next_update(contract: Any, api: str) -> None:
    """A throttle whose route is gone fails the next RouteSettings update (public issue) [D]."""
    route = contract.route(api, "GET /b")
    limits = {"ThrottlingRateLimit": 1.0, "ThrottlingBurstLimit": 1}
    _stage(contract, api, RouteSettings={"GET /b": limits})
    contract.gateway.delete_route(ApiId=api, RouteId=route)
    with contract.refused("NotFoundException", "GET /b"):
        contract.gateway.update_stage(ApiId=api, StageName="dev", RouteSettings={"GET /a": limits})


def test_http_apis_have_no_execution_logs(contract: Any, api: str) -> None:
    """``Execution logs are not supported on protocolType HTTP`` (public issue) [D]."""
    with contract.refused("BadRequestException", "Execution logs are not supported on protocolType HTTP"):
        _stage(contract, api, DefaultRouteSettings={"LoggingLevel": "INFO"})


def test_access_log_settings(contract: Any, api: str, log_group: str) -> None:
    """One line with requestId, up to 1,024 characters, to a log group; DeleteAccessLogSettings removes them [D]."""
    good = {"DestinationArn": log_group, "Format": '{"id":"$context.requestId"}'}
    stage = _stage(contract, api, AccessLogSettings=good)
    assert stage["AccessLogSettings"] == good
    for wrong in ("$context.status", "$context.requestId\n", "$context.requestId" + "x" * 1010):
        with contract.refused("BadRequestException"):
            contract.gateway.update_stage(ApiId=api, StageName="dev", AccessLogSettings={**good, "Format": wrong})
    contract.gateway.delete_access_log_settings(ApiId=api, StageName="dev")
    found = contract.gateway.get_stage(ApiId=api, StageName="dev")
    assert "AccessLogSettings" not in found


def test_a_log_group_that_is_not_there(contract: Any, api: str, log_group: str) -> None:
    """[U] A missing group gives the known text ``Insufficient permissions to enable logging``."""
    settings = {"DestinationArn": f"{log_group}-not", "Format": "$context.requestId"}
    text = "Insufficient permissions to enable logging"
    with contract.unconfirmed("a missing log group"), contract.refused("BadRequestException", text):
        _stage(contract, api, AccessLogSettings=settings)


@pytest.mark.parametrize("name", ["a b", "$prod", "ä", "a/b"])
def test_stage_names(contract: Any, api: str, name: str) -> None:
    """Letters, digits, hyphen, underscore, or ``$default`` [D]."""
    with contract.refused("BadRequestException"):
        _stage(contract, api, StageName=name)


def test_a_stage_exists_once_and_ten_at_most(contract: Any, api: str) -> None:
    """Ten stages per API [D]; the code of the refusals is [U]."""
    _stage(contract, api, StageName="s0")
    with contract.unconfirmed("a stage made twice"), contract.refused("ConflictException", status=409):
        _stage(contract, api, StageName="s0")
    for n in range(1, 10):
        _stage(contract, api, StageName=f"s{n}")
    with contract.unconfirmed("an eleventh stage"), contract.refused("ConflictException", "Maximum number of Stages"):
        _stage(contract, api, StageName="s10")


@pytest.mark.parametrize(
    "members",
    [
        {"DefaultRouteSettings": {"ThrottlingRateLimit": -1.0}},
        {"StageVariables": {"a-b": "x"}},
        {"StageVariables": {"a": "x" * 513}},
        {"ClientCertificateId": "abcdef"},
    ],
)
def test_what_a_stage_may_hold(contract: Any, api: str, members: dict[str, Any]) -> None:
    """No negative limits, variables of 64 and 512 characters, no client certificates [D quotas, U code]."""
    with contract.unconfirmed(f"refused: {members}"), contract.refused("BadRequestException"):
        _stage(contract, api, **members)
