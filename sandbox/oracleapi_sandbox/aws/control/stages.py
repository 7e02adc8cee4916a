"""Stages of HTTP APIs: deployments, throttles, access logs, variables.

Stage settings act at once and outside deployments.
"""

import re
from collections.abc import Mapping
from typing import Any

from oracleapi_sandbox.aws.control.context import Context, Handler, Result, visible, without
from oracleapi_sandbox.aws.control.deployments import auto_deploy, find_deployment, find_stage, point
from oracleapi_sandbox.aws.control.paging import page
from oracleapi_sandbox.aws.control.store import ApiItem, StageItem
from oracleapi_sandbox.aws.control.tagging import check_tags
from oracleapi_sandbox.aws.errors import bad_request, conflict, not_found, quota_reached

_NAME = re.compile(r"^(\$default|[A-Za-z0-9_-]{1,128})$")
_VARIABLE_NAME = re.compile(r"^[A-Za-z0-9_]{1,64}$")
_VARIABLE_VALUE = re.compile(r"^[A-Za-z0-9._~:/?#&=,-]{0,512}$")
_LOG_GROUP = re.compile(r"^arn:aws[a-z-]*:logs:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):log-group:(?P<name>[^:*]+)$")
MAX_VARIABLES = 100  # [D] quotas page, as are the two sizes above


def _check(api: ApiItem, members: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """Refuse stage *members* as they would be; *given* are those the caller sent."""
    if given.get("ClientCertificateId"):
        raise bad_request("ClientCertificateId is not supported for protocolType HTTP")
    if members.get("AutoDeploy") and given.get("DeploymentId"):
        raise bad_request("Deployment ID cannot be set on stages with AutoDeploy enabled")
    if given.get("DeploymentId"):
        find_deployment(api, given["DeploymentId"])
    _check_variables(given.get("StageVariables", {}))
    for settings in [given.get("DefaultRouteSettings", {}), *given.get("RouteSettings", {}).values()]:
        _check_route_settings(settings)
    if given.get("RouteSettings"):
        keys = {route.members["RouteKey"] for route in api.routes.values()}
        for key in members["RouteSettings"]:
            if key not in keys:
                raise not_found("Route", f"Unable to find Route by key {key} within the provided RouteSettings")


def _check_variables(variables: Mapping[str, str]) -> None:
    if len(variables) > MAX_VARIABLES:
        raise bad_request(f"Invalid value at stageVariables: no more than {MAX_VARIABLES} are allowed")
    for name, value in variables.items():
        if not _VARIABLE_NAME.match(name) or not _VARIABLE_VALUE.match(value):
            raise bad_request(
                f"Invalid stage variable {name[:64]}: name or value has a length or characters not allowed"
            )


def _check_route_settings(settings: Mapping[str, Any]) -> None:
    if settings.get("LoggingLevel", "OFF") != "OFF" or settings.get("DataTraceEnabled"):
        raise bad_request("Execution logs are not supported on protocolType HTTP")
    for name in ("ThrottlingRateLimit", "ThrottlingBurstLimit"):
        if settings.get(name, 0) < 0:
            raise bad_request(f"Invalid value at {name[0].lower()}{name[1:]}: must not be negative")


async def _check_access_log(ctx: Context, settings: Mapping[str, str]) -> None:
    """Refuse log settings: format rules and the ARN's form [D]; a group that cannot be logged to is the real text [D],
    that a missing group gives it is [U]."""
    text, arn = settings.get("Format", ""), settings.get("DestinationArn", "")
    if "\n" in text or "\r" in text:
        raise bad_request("Invalid access log format: it must be a single line")
    if "$context.requestId" not in text:
        raise bad_request("Access log format must contain at least $context.requestId")
    found = _LOG_GROUP.match(arn)
    if not found or found["account"] != ctx.account.account_id or found["region"] != ctx.region:
        raise bad_request(f"Invalid ARN specified in the request. Must be a CloudWatch Logs log group ARN: {arn}")
    if not await ctx.log_groups.exists(ctx.region, found["name"]):
        raise bad_request("Insufficient permissions to enable logging")


async def _create(ctx: Context, members: dict[str, Any]) -> Result:
    given = without(members, "ApiId")
    ctx.api(members)
    if "AccessLogSettings" in given:
        await _check_access_log(ctx, given["AccessLogSettings"])
    api, name = ctx.api(members), members["StageName"]
    if not _NAME.match(name):
        raise bad_request("Stage name only allows a-zA-Z0-9_- or $default")
    if name in api.stages:
        raise conflict(f"Stage {name} already exists")
    if len(api.stages) >= ctx.settings.max_stages:
        raise quota_reached("Stages", "API")
    check_tags(given.get("Tags", {}))
    now = ctx.now()
    defaults = {
        "AutoDeploy": False,
        "DefaultRouteSettings": {"DetailedMetricsEnabled": False},
        "RouteSettings": {},
        "StageVariables": {},
        "Tags": {},
        "CreatedDate": now,
        "LastUpdatedDate": now,
    }
    complete = {**defaults, **given}
    _check(api, complete, given)
    stage = StageItem(without(complete, "DeploymentId"), now)
    api.stages[name] = stage
    _serve(ctx, api, stage, given.get("DeploymentId"))
    return stage.members


def _serve(ctx: Context, api: ApiItem, stage: StageItem, deployment_id: str | None) -> None:
    if deployment_id:
        point(ctx, stage, find_deployment(api, deployment_id))
    elif stage.members["AutoDeploy"]:
        auto_deploy(ctx, api, [stage])


async def _update(ctx: Context, members: dict[str, Any]) -> Result:
    """UpdateStage: entries of RouteSettings are never removed by it [D]; stage variables are replaced whole [U]."""
    given = without(members, "ApiId", "StageName")
    stage = find_stage(ctx.api(members), members["StageName"])
    if "AccessLogSettings" in given:
        await _check_access_log(ctx, {**stage.members.get("AccessLogSettings", {}), **given["AccessLogSettings"]})
    api = ctx.api(members)
    stage = find_stage(api, members["StageName"])
    merged = {**stage.members, **given}
    old = stage.members
    if "DefaultRouteSettings" in given:
        merged["DefaultRouteSettings"] = _merged(ctx, old["DefaultRouteSettings"], given["DefaultRouteSettings"])
    if "RouteSettings" in given:
        entries = {k: _merged(ctx, old["RouteSettings"].get(k, {}), v) for k, v in given["RouteSettings"].items()}
        merged["RouteSettings"] = {**old["RouteSettings"], **entries}
    if "AccessLogSettings" in given:
        merged["AccessLogSettings"] = {**old.get("AccessLogSettings", {}), **given["AccessLogSettings"]}
    _check(api, merged, given)
    turned_on = merged["AutoDeploy"] and not old["AutoDeploy"]
    stage.members = {**merged, "DeploymentId": old.get("DeploymentId"), "LastUpdatedDate": ctx.now()}
    if given.get("DeploymentId"):
        _serve(ctx, api, stage, given["DeploymentId"])
    elif turned_on and ctx.settings.autodeploy_on_publishes:
        _serve(ctx, api, stage, None)
    return stage.members


def _merged(ctx: Context, old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    return {**old, **new} if ctx.settings.stage_settings_merge else dict(new)


def _get(ctx: Context, members: dict[str, Any]) -> Result:
    return find_stage(ctx.api(members), members["StageName"]).members


def _get_all(ctx: Context, members: dict[str, Any]) -> Result:
    return page(ctx, members, visible(ctx, ctx.api(members).stages), lambda item: dict(item.members))


def _delete(ctx: Context, members: dict[str, Any]) -> Result:
    api = ctx.api(members)
    find_stage(api, members["StageName"])
    del api.stages[members["StageName"]]
    return {}


def _delete_route_settings(ctx: Context, members: dict[str, Any]) -> Result:
    stage, key = find_stage(ctx.api(members), members["StageName"]), members["RouteKey"]
    if key not in stage.members["RouteSettings"]:
        raise not_found("RouteSettings", f"Unable to find RouteSettings by route key {key}")
    stage.replace({"RouteSettings": without(stage.members["RouteSettings"], key), "LastUpdatedDate": ctx.now()})
    return {}


def _delete_access_log(ctx: Context, members: dict[str, Any]) -> Result:
    stage = find_stage(ctx.api(members), members["StageName"])
    stage.replace({"AccessLogSettings": None, "LastUpdatedDate": ctx.now()})
    return {}


OPERATIONS: dict[str, Handler] = {
    "CreateStage": _create,
    "UpdateStage": _update,
    "GetStage": _get,
    "GetStages": _get_all,
    "DeleteStage": _delete,
    "DeleteRouteSettings": _delete_route_settings,
    "DeleteAccessLogSettings": _delete_access_log,
}
