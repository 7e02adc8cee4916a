"""VPC links V2: PENDING, AVAILABLE, FAILED, INACTIVE, DELETING.

A link names no load balancer; its subnets and security groups cannot change [D]. Whether they exist in EC2 is not
checked.
"""

from typing import Any

from oracleapi_sandbox.aws.control.context import Context, Handler, Result, visible
from oracleapi_sandbox.aws.control.paging import page
from oracleapi_sandbox.aws.control.store import VpcLinkItem, new_id
from oracleapi_sandbox.aws.control.tagging import check_tags
from oracleapi_sandbox.aws.errors import bad_request, not_found, quota_reached

MAX_SUBNETS = 10  # [D] quotas page
_FAILED = "The VPC link could not be created: no network interface could be made in the subnets."


def link_status(ctx: Context, vpc_link_id: str) -> str | None:
    """Return the status of a link, or ``None`` when there is none (any more)."""
    item = ctx.store.vpc_links.get(vpc_link_id)
    if item is None or (item.gone is not None and ctx.now() >= item.gone):
        return None
    if item.gone is not None:
        return "DELETING"
    if ctx.now() < item.ready:
        return "PENDING"
    if item.fails:
        return "FAILED"
    return "INACTIVE" if vpc_link_id in ctx.settings.inactive_vpc_links else "AVAILABLE"


def _sweep(ctx: Context) -> None:
    for vpc_link_id in list(ctx.store.vpc_links):
        if link_status(ctx, vpc_link_id) is None:
            del ctx.store.vpc_links[vpc_link_id]


def _create(ctx: Context, members: dict[str, Any]) -> Result:
    _sweep(ctx)
    if len(ctx.store.vpc_links) >= ctx.settings.max_vpc_links:
        raise quota_reached("VpcLinks", "account")
    subnets, groups = members["SubnetIds"], members.get("SecurityGroupIds", [])
    if not 1 <= len(subnets) <= MAX_SUBNETS:
        raise bad_request(f"Invalid value at subnetIds: number of subnets must be between 1 and {MAX_SUBNETS}")
    if wrong := [name for name in subnets if not name.startswith("subnet-")]:
        raise bad_request(f"Invalid value at subnetIds: {wrong[0]}")
    if wrong := [name for name in groups if not name.startswith("sg-")]:
        raise bad_request(f"Invalid value at securityGroupIds: {wrong[0]}")
    check_tags(members.get("Tags", {}))
    settings, now = ctx.settings, ctx.now()
    complete = {
        "VpcLinkId": new_id(6),
        "Name": members["Name"],
        "SubnetIds": subnets,
        "SecurityGroupIds": groups,
        "Tags": members.get("Tags", {}),
        "CreatedDate": now,
        "VpcLinkVersion": "V2",
    }
    item = VpcLinkItem(complete, now, ready=now + settings.vpc_link_seconds, fails=settings.vpc_link_fails)
    ctx.store.vpc_links[complete["VpcLinkId"]] = item
    return _shown(ctx, item)


def _shown(ctx: Context, item: VpcLinkItem) -> Result:
    status = link_status(ctx, item.members["VpcLinkId"]) or "DELETING"  # gone, and still listed
    messages = {"AVAILABLE": "VPC link is ready to route traffic", "FAILED": _FAILED}
    message = messages.get(status, "")
    return {**item.members, "VpcLinkStatus": status, **({"VpcLinkStatusMessage": message} if message else {})}


def find_link(ctx: Context, vpc_link_id: str) -> VpcLinkItem:
    """Return a link, or raise NotFoundException."""
    _sweep(ctx)
    if vpc_link_id not in ctx.store.vpc_links:
        raise not_found("VpcLink", f"Unable to find VpcLink by id {vpc_link_id}")
    return ctx.store.vpc_links[vpc_link_id]


def _get(ctx: Context, members: dict[str, Any]) -> Result:
    return _shown(ctx, find_link(ctx, members["VpcLinkId"]))


def _get_all(ctx: Context, members: dict[str, Any]) -> Result:
    _sweep(ctx)
    return page(ctx, members, visible(ctx, ctx.store.vpc_links), lambda item: _shown(ctx, item))


def _update(ctx: Context, members: dict[str, Any]) -> Result:
    item = find_link(ctx, members["VpcLinkId"])
    if link_status(ctx, members["VpcLinkId"]) == "DELETING":
        raise bad_request(f"VPC link {members['VpcLinkId']} is being deleted")
    if "Name" in members:
        item.replace({"Name": members["Name"]})
    return _shown(ctx, item)


def _delete(ctx: Context, members: dict[str, Any]) -> Result:
    """DeleteVpcLink; in use it is a BadRequestException that the model does not list, with this real text [D]."""
    vpc_link_id = members["VpcLinkId"]
    item = find_link(ctx, vpc_link_id)
    users = [
        f"{integration.members.get('IntegrationMethod', 'ANY')}:{integration_id}"
        for api in ctx.store.apis.values()
        for integration_id, integration in api.integrations.items()
        if integration.members.get("ConnectionId") == vpc_link_id
    ]
    if users:
        where = f"is referenced in [{', '.join(users)}] in format of [Method:Resource]."
        raise bad_request(f"Cannot delete vpc link. Vpc link '{vpc_link_id}', {where}")
    if item.gone is None:
        item.gone = ctx.now() + ctx.settings.vpc_link_delete_seconds
    return {}


OPERATIONS: dict[str, Handler] = {
    "CreateVpcLink": _create,
    "GetVpcLink": _get,
    "GetVpcLinks": _get_all,
    "UpdateVpcLink": _update,
    "DeleteVpcLink": _delete,
}
