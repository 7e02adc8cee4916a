"""HTTP APIs themselves. WebSocket APIs and quick create (``Target``) are refused."""

import re
from collections.abc import Mapping
from typing import Any

from oracleapi_sandbox.aws.control.context import Context, Handler, Result, visible, without
from oracleapi_sandbox.aws.control.paging import page
from oracleapi_sandbox.aws.control.store import ApiItem, new_id
from oracleapi_sandbox.aws.control.tagging import check_tags
from oracleapi_sandbox.aws.errors import AwsError, bad_request, not_implemented

API_ID_LENGTH = 10
_QUICK_CREATE = ("Target", "RouteKey", "CredentialsArn")
_DEFAULT_KEY_SELECTION = "$request.header.x-api-key"
_ORIGIN = re.compile(r"^(\*|https?://[^/\s]+|[a-z][a-z0-9+.-]*://\S*)$")
_DEFAULT_SELECTION = "$request.method $request.path"


def check_cors(cors: Mapping[str, Any]) -> None:
    """Refuse a CORS configuration that browsers could not use [D guide for credentials, U for the wording]."""
    if cors.get("AllowCredentials") and "*" in cors.get("AllowOrigins", []):
        raise bad_request("allowCredentials is not supported with the allowed origin *")
    if wrong := [origin for origin in cors.get("AllowOrigins", []) if not _ORIGIN.match(origin)]:
        raise bad_request(f"Invalid format for origin {wrong[0]}. Origin should be of the form <scheme>://<host>")


def new_api(ctx: Context, members: Mapping[str, Any]) -> ApiItem:
    """Return an API with its defaults that is not stored yet.

    Raises:
        AwsError: The quota of APIs in the Region is full (status 429) [U text].
    """
    if len(ctx.store.apis) >= ctx.settings.max_apis:
        text = (
            "Maximum number of APIs for this account has been reached. Please contact AWS if you need additional APIs."
        )
        raise AwsError(429, "TooManyRequestsException", text)
    api_id = new_id(API_ID_LENGTH)
    defaults = {
        "ApiId": api_id,
        "ApiEndpoint": ctx.account.api_endpoint(api_id),
        "ApiKeySelectionExpression": _DEFAULT_KEY_SELECTION,
        "CreatedDate": ctx.now(),
        "DisableExecuteApiEndpoint": False,
        "IpAddressType": "ipv4",
        "ProtocolType": "HTTP",
        "RouteSelectionExpression": _DEFAULT_SELECTION,
        "Tags": {},
    }
    return ApiItem({**defaults, **members}, ctx.now())


def store_api(ctx: Context, api: ApiItem) -> None:
    ctx.store.apis[api.members["ApiId"]] = api


def _check(members: Mapping[str, Any]) -> None:
    if any(name in members for name in _QUICK_CREATE):
        raise not_implemented("quick create (target, routeKey, credentialsArn of an API)")
    if members.get("ApiKeySelectionExpression", _DEFAULT_KEY_SELECTION) != _DEFAULT_KEY_SELECTION:
        raise bad_request("ApiKeySelectionExpression is not supported for protocolType HTTP")
    if members.get("DisableSchemaValidation"):
        raise bad_request("DisableSchemaValidation is not supported for protocolType HTTP")
    expression = members.get("RouteSelectionExpression", _DEFAULT_SELECTION)
    if expression.replace("{", "").replace("}", "") != _DEFAULT_SELECTION:
        raise bad_request(f"RouteSelectionExpression must be {_DEFAULT_SELECTION} for protocolType HTTP")
    check_cors(members.get("CorsConfiguration", {}))


def _create(ctx: Context, members: dict[str, Any]) -> Result:
    """CreateApi; two APIs may share a name [D]."""
    if members["ProtocolType"] != "HTTP":
        raise not_implemented("WebSocket APIs")
    _check(members)
    check_tags(members.get("Tags", {}))
    api = new_api(ctx, members)
    store_api(ctx, api)
    return api.members


def _get(ctx: Context, members: dict[str, Any]) -> Result:
    return ctx.api(members).members


def _get_all(ctx: Context, members: dict[str, Any]) -> Result:
    return page(ctx, members, visible(ctx, ctx.store.apis), lambda item: dict(item.members))


def _update(ctx: Context, members: dict[str, Any]) -> Result:
    """UpdateApi: an omitted member changes nothing [D]."""
    api = ctx.api(members)
    changes = without(members, "ApiId")
    _check(changes)
    api.replace(changes)
    return api.members


def _delete(ctx: Context, members: dict[str, Any]) -> Result:
    """DeleteApi: the children go with it [D]."""
    api = ctx.api(members)
    del ctx.store.apis[api.members["ApiId"]]
    return {}


def _delete_cors(ctx: Context, members: dict[str, Any]) -> Result:
    ctx.api(members).replace({"CorsConfiguration": None})
    return {}


OPERATIONS: dict[str, Handler] = {
    "CreateApi": _create,
    "GetApi": _get,
    "GetApis": _get_all,
    "UpdateApi": _update,
    "DeleteApi": _delete,
    "DeleteCorsConfiguration": _delete_cors,
}
