"""Integrations of HTTP APIs: HTTP_PROXY to a public URL or through a VPC link."""

import re
from collections.abc import Mapping
from typing import Any

from oracleapi_sandbox.aws.control.context import Context, Handler, Result, child, visible, without
from oracleapi_sandbox.aws.control.mapping import check_request_parameters
from oracleapi_sandbox.aws.control.paging import page
from oracleapi_sandbox.aws.control.store import ApiItem, Item, new_id
from oracleapi_sandbox.aws.control.vpclinks import link_status
from oracleapi_sandbox.aws.errors import bad_request, conflict, not_implemented, quota_reached

_ARN = r"^arn:aws[a-z-]*:"
PRIVATE_TARGET = re.compile(
    _ARN + r"(elasticloadbalancing:[a-z0-9-]+:\d{12}:listener/(app|net)/[^/]+/[0-9a-f]+/[0-9a-f]+"
    r"|servicediscovery:[a-z0-9-]+:\d{12}:service/srv-[a-z0-9]+)$"
)
"""A load balancer's listener or a Cloud Map service: the targets of a private integration [D]."""

_METHODS = frozenset(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "ANY"])
_NOT_HTTP_PROXY = (
    "ContentHandlingStrategy",
    "CredentialsArn",
    "IntegrationSubtype",
    "PassthroughBehavior",
    "RequestTemplates",
    "TemplateSelectionExpression",
)


def prepare_integration(ctx: Context, members: dict[str, Any], *, accepts_pending_link: bool) -> dict[str, Any]:
    """Return the complete members of an integration, or refuse them.

    Raises:
        AwsError: BadRequestException for what HTTP APIs do not have or a wrong target; NotImplemented for Lambda and
            AWS service integrations and for response mappings, which this double does not serve.
    """
    kind = members["IntegrationType"]
    if kind == "AWS_PROXY":
        raise not_implemented("AWS_PROXY integrations (Lambda functions and AWS services)")
    if kind != "HTTP_PROXY":
        raise bad_request(f"Integration type {kind} is not supported for protocolType HTTP")
    for name in _NOT_HTTP_PROXY:
        if name in members:
            raise bad_request(f"{name} is not supported for HTTP_PROXY integrations of protocolType HTTP")
    if "ResponseParameters" in members:
        raise not_implemented("ResponseParameters of integrations")
    if members.get("PayloadFormatVersion", "1.0") != "1.0":
        raise bad_request("PayloadFormatVersion must be 1.0 for HTTP_PROXY integrations")
    _check_method(ctx, members)
    _check_target(ctx, members, accepts_pending_link)
    check_request_parameters(members.get("RequestParameters", {}), ctx.settings)
    defaults = {"ConnectionType": "INTERNET", "PayloadFormatVersion": "1.0", "TimeoutInMillis": 30_000}
    return {**defaults, **members}


def _check_method(ctx: Context, members: Mapping[str, Any]) -> None:
    method = members.get("IntegrationMethod")
    if method is None and ctx.settings.integration_method_required:
        raise bad_request("IntegrationMethod must be specified for HTTP_PROXY integrations")
    if method is not None and method not in _METHODS:
        raise bad_request(f"Invalid HTTP method specified: {method}")


def _check_target(ctx: Context, members: Mapping[str, Any], accepts_pending_link: bool) -> None:
    uri = members.get("IntegrationUri")
    if not uri:
        raise bad_request("IntegrationUri must be specified for HTTP_PROXY integrations")
    if members.get("ConnectionType", "INTERNET") == "INTERNET":
        for name in ("ConnectionId", "TlsConfig"):  # both belong to private integrations [D], the refusal is [U]
            if name in members:
                raise bad_request(f"{name} is only supported with ConnectionType VPC_LINK")
        if not re.match(r"^https?://[^/\s?#]+", uri):
            raise bad_request(f"Invalid HTTP endpoint specified for URI: {uri}")
        return
    link_id = members.get("ConnectionId")
    if not link_id:
        raise bad_request("ConnectionId must be specified with ConnectionType VPC_LINK")
    status = link_status(ctx, link_id)
    if status in (None, "DELETING", "FAILED") or (status == "PENDING" and not accepts_pending_link):
        raise bad_request(f"VPC link {link_id} does not exist or is not available")
    if not PRIVATE_TARGET.match(uri):
        raise bad_request(f"The integration URI {uri} must be an ARN of a load balancer listener or Cloud Map service")


def check_quota(ctx: Context, api: ApiItem) -> None:
    if len(api.integrations) >= ctx.settings.max_integrations:
        raise quota_reached("Integrations", "API")


def _create(ctx: Context, members: dict[str, Any]) -> Result:
    api = ctx.api(members)
    check_quota(ctx, api)
    given = without(members, "ApiId")
    if "" in given.get("RequestParameters", {}).values():
        kept = {key: value for key, value in given["RequestParameters"].items() if value or key.startswith("remove:")}
        if kept != given["RequestParameters"]:
            raise bad_request("Invalid value at requestParameters: length must be between 1 and 512")
    pending = ctx.settings.integration_accepts_pending_link
    complete = prepare_integration(ctx, given, accepts_pending_link=pending)
    integration_id = new_id(7)
    item = Item({**complete, "IntegrationId": integration_id}, ctx.now())
    api.integrations[integration_id] = item
    return item.members


def _update(ctx: Context, members: dict[str, Any]) -> Result:
    """UpdateIntegration: RequestParameters are merged, an empty value removes its key [D for the removal]."""
    item = _find(ctx.api(members), members)
    changes = without(members, "ApiId", "IntegrationId")
    merged = {**without(item.members, "IntegrationId"), **changes}
    if changes.get("ConnectionType") == "INTERNET" and "ConnectionId" not in changes:
        merged = {name: merged[name] for name in merged if name in changes or name not in ("ConnectionId", "TlsConfig")}
    if "RequestParameters" in changes:
        parameters = {**item.members.get("RequestParameters", {}), **changes["RequestParameters"]}
        merged["RequestParameters"] = {key: value for key, value in parameters.items() if value != ""}
    pending = ctx.settings.integration_accepts_pending_link
    complete = prepare_integration(ctx, merged, accepts_pending_link=pending)
    item.members = {**complete, "IntegrationId": members["IntegrationId"]}
    return item.members


def _get(ctx: Context, members: dict[str, Any]) -> Result:
    return _find(ctx.api(members), members).members


def _get_all(ctx: Context, members: dict[str, Any]) -> Result:
    return page(ctx, members, visible(ctx, ctx.api(members).integrations), lambda item: dict(item.members))


def _delete(ctx: Context, members: dict[str, Any]) -> Result:
    """DeleteIntegration; the refusal's text is real [D]."""
    api = ctx.api(members)
    integration_id = members["IntegrationId"]
    _find(api, members)
    target = f"integrations/{integration_id}"
    users = [route_id for route_id, route in api.routes.items() if route.members.get("Target") == target]
    if users:
        listed = ", ".join(users)
        raise conflict(
            f"Cannot delete Integration because it is referenced by the following Routes with Ids: [{listed}]"
        )
    del api.integrations[integration_id]
    return {}


def _find(api: ApiItem, members: Mapping[str, Any]) -> Item:
    found: Item = child(api.integrations, "Integration", members["IntegrationId"])
    return found


OPERATIONS: dict[str, Handler] = {
    "CreateIntegration": _create,
    "UpdateIntegration": _update,
    "GetIntegration": _get,
    "GetIntegrations": _get_all,
    "DeleteIntegration": _delete,
}
