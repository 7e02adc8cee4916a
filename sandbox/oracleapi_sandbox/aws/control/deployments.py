"""Deployments: snapshots of an API's configuration, and what auto-deploy does with them."""

from typing import Any

from oracleapi_sandbox.aws.control.context import Context, Handler, Result, child, visible
from oracleapi_sandbox.aws.control.paging import page
from oracleapi_sandbox.aws.control.store import ApiItem, DeploymentItem, StageItem, new_id
from oracleapi_sandbox.aws.errors import AwsError, bad_request, not_found

NO_ROUTES = "Unable to deploy API because no routes exist in this API"  # [D] a real error text


def create_deployment(ctx: Context, members: dict[str, Any]) -> Result:
    """CreateDeployment: freeze the configuration; with ``StageName`` the stage serves it.

    Raises:
        AwsError: BadRequestException without routes [D] or for a stage that deploys by itself [U: switch].
    """
    api = ctx.api(members)
    stage: StageItem | None = None
    if name := members.get("StageName"):
        stage = find_stage(api, name)
        if stage.members["AutoDeploy"] and not ctx.settings.autodeploy_stage_accepts_deployments:
            raise bad_request(f"Deployment cannot be made for stage {name} because AutoDeploy is enabled on it")
    deployment = deploy(ctx, api, auto=False, description=members.get("Description"))
    if stage is not None:
        point(ctx, stage, deployment)
    return _shown(ctx, deployment)


def deploy(ctx: Context, api: ApiItem, *, auto: bool, description: str | None = None) -> DeploymentItem:
    """Make a deployment of the configuration as it is."""
    if not api.routes:
        raise bad_request(NO_ROUTES)
    members = {"DeploymentId": new_id(6), "CreatedDate": ctx.now(), "AutoDeployed": auto}
    if description is not None:
        members["Description"] = description
    effective = ctx.now() + ctx.settings.deploy_lag_ms / 1000
    item = DeploymentItem(members, ctx.now(), snapshot=api.snapshot(), effective=effective)
    api.deployments[item.members["DeploymentId"]] = item
    return item


def point(ctx: Context, stage: StageItem, deployment: DeploymentItem) -> None:
    """Let *stage* serve *deployment* as soon as that is effective; the stage names it at once."""
    stage.settle(ctx.now())
    stage.waiting = deployment
    stage.settle(ctx.now())
    deployment_id = deployment.members["DeploymentId"]
    message = f"Successfully deployed stage with deployment ID '{deployment_id}'"
    stage.replace({"DeploymentId": deployment_id, "LastDeploymentStatusMessage": message})


def auto_deploy(ctx: Context, api: ApiItem, stages: list[StageItem] | None = None) -> None:
    """Deploy the configuration to *stages*, by default to all that have AutoDeploy on.

    A failure is not the caller's: it shows in the stage's ``LastDeploymentStatusMessage`` [D], while the earlier
    deployment goes on serving.
    """
    chosen = [stage for stage in api.stages.values() if stage.members["AutoDeploy"]] if stages is None else stages
    if not chosen:
        return
    try:
        deployment = deploy(
            ctx, api, auto=True, description="Automatic deployment triggered by changes to the Api configuration"
        )
    except AwsError as error:
        for stage in chosen:
            stage.replace({"LastDeploymentStatusMessage": f"Deployment attempt failed: {error.message}"})
        return
    for stage in chosen:
        point(ctx, stage, deployment)


def find_stage(api: ApiItem, name: str) -> StageItem:
    """Return the stage *name* of *api*, or raise NotFoundException."""
    if name not in api.stages:
        raise not_found("Stage", f"Unable to find Stage by name {name}")
    return api.stages[name]


def find_deployment(api: ApiItem, deployment_id: str) -> DeploymentItem:
    """Return a deployment of *api*, or raise NotFoundException."""
    found: DeploymentItem = child(api.deployments, "Deployment", deployment_id)
    return found


def _get_deployment(ctx: Context, members: dict[str, Any]) -> Result:
    return _shown(ctx, find_deployment(ctx.api(members), members["DeploymentId"]))


def _get_deployments(ctx: Context, members: dict[str, Any]) -> Result:
    return page(ctx, members, visible(ctx, ctx.api(members).deployments), lambda item: _shown(ctx, item))


def _update_deployment(ctx: Context, members: dict[str, Any]) -> Result:
    item = find_deployment(ctx.api(members), members["DeploymentId"])
    if "Description" in members:
        item.replace({"Description": members["Description"]})
    return _shown(ctx, item)


def _delete_deployment(ctx: Context, members: dict[str, Any]) -> Result:
    """DeleteDeployment; the refusal's text is the one REST APIs give [D there, U here]."""
    api = ctx.api(members)
    item = find_deployment(api, members["DeploymentId"])
    for stage in api.stages.values():
        stage.settle(ctx.now())
        if item in stage.deployments:
            raise bad_request("Active stages pointing to this deployment must be moved or deleted")
    del api.deployments[members["DeploymentId"]]
    return {}


def _shown(ctx: Context, item: DeploymentItem) -> Result:
    done = ctx.now() >= item.effective
    return {**item.members, "DeploymentStatus": "DEPLOYED" if done else "PENDING"}


OPERATIONS: dict[str, Handler] = {
    "CreateDeployment": create_deployment,
    "GetDeployment": _get_deployment,
    "GetDeployments": _get_deployments,
    "UpdateDeployment": _update_deployment,
    "DeleteDeployment": _delete_deployment,
}
