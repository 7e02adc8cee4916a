"""JWT authorizers of HTTP APIs. Lambda (REQUEST) authorizers are not implemented."""

import re
from collections.abc import Mapping
from typing import Any

from oracleapi_sandbox.aws.control.context import Context, Handler, Result, child, visible, without
from oracleapi_sandbox.aws.control.paging import page
from oracleapi_sandbox.aws.control.store import ApiItem, Item, new_id
from oracleapi_sandbox.aws.errors import bad_request, conflict, not_implemented, quota_reached

MAX_AUDIENCES = 50  # [D] quotas page
_IDENTITY_SOURCE = re.compile(r"^\$request\.(header|querystring)\.[A-Za-z0-9_.~-]+$")
_LAMBDA_ONLY = (
    "AuthorizerCredentialsArn",
    "AuthorizerPayloadFormatVersion",
    "AuthorizerResultTtlInSeconds",
    "AuthorizerUri",
    "EnableSimpleResponses",
    "IdentityValidationExpression",
)


async def check_authorizer(ctx: Context, members: Mapping[str, Any]) -> None:
    """Refuse an authorizer that HTTP APIs refuse, and read its issuer's discovery document.

    Raises:
        AwsError: BadRequestException: no issuer or audience, more than 50 audiences, not exactly one identity source,
            members of Lambda authorizers, or an issuer that does not serve a matching document.
    """
    if members["AuthorizerType"] != "JWT":
        raise not_implemented("REQUEST (Lambda) authorizers")
    for name in _LAMBDA_ONLY:
        if name in members:
            raise bad_request(f"{name} is not supported for JWT authorizers")
    sources = members.get("IdentitySource", [])
    if len(sources) != 1 or not _IDENTITY_SOURCE.match(sources[0]):
        raise bad_request("A JWT authorizer needs exactly one identity source: a request header or query string")
    configuration = members.get("JwtConfiguration", {})
    issuer, audience = configuration.get("Issuer"), configuration.get("Audience")
    if not issuer or not audience:
        raise bad_request("JwtConfiguration must name an Issuer and at least one Audience")
    if len(audience) > MAX_AUDIENCES or any(not entry for entry in audience):
        raise bad_request(f"Invalid value at jwtConfiguration.audience: 1 to {MAX_AUDIENCES} values are allowed")
    if ctx.settings.discovery_check:
        await ctx.issuers.check(issuer, ctx.settings.discovery_timeout_ms / 1000)


def _check_name(api: ApiItem, name: str, but: Item | None = None) -> None:
    if any(item is not but and item.members["Name"] == name for item in api.authorizers.values()):
        raise conflict(f"Authorizer name must be unique. Authorizer {name} already exists in this API")


async def _create(ctx: Context, members: dict[str, Any]) -> Result:
    ctx.api(members)
    await check_authorizer(ctx, members)
    api = ctx.api(members)
    _check_name(api, members["Name"])
    if len(api.authorizers) >= ctx.settings.max_authorizers:
        raise quota_reached("Authorizers", "API")
    authorizer_id = new_id(6)
    item = Item({**without(members, "ApiId"), "AuthorizerId": authorizer_id}, ctx.now())
    api.authorizers[authorizer_id] = item
    return item.members


async def _update(ctx: Context, members: dict[str, Any]) -> Result:
    await check_authorizer(ctx, _merged(_find(ctx.api(members), members), members))
    api = ctx.api(members)
    item = _find(api, members)
    merged = _merged(item, members)
    _check_name(api, merged["Name"], item)
    item.members = merged
    return item.members


def _merged(item: Item, members: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**item.members, **without(members, "ApiId", "AuthorizerId")}
    if "JwtConfiguration" in members:
        merged["JwtConfiguration"] = {**item.members["JwtConfiguration"], **members["JwtConfiguration"]}
    return merged


def _get(ctx: Context, members: dict[str, Any]) -> Result:
    return _find(ctx.api(members), members).members


def _get_all(ctx: Context, members: dict[str, Any]) -> Result:
    return page(ctx, members, visible(ctx, ctx.api(members).authorizers), lambda item: dict(item.members))


def _delete(ctx: Context, members: dict[str, Any]) -> Result:
    """DeleteAuthorizer; a route that uses it makes it a ConflictException [D code, U text]."""
    api = ctx.api(members)
    authorizer_id = members["AuthorizerId"]
    _find(api, members)
    users = [route_id for route_id, route in api.routes.items() if route.members.get("AuthorizerId") == authorizer_id]
    if users:
        listed = ", ".join(users)
        raise conflict(
            f"Cannot delete Authorizer because it is referenced by the following Routes with Ids: [{listed}]"
        )
    del api.authorizers[authorizer_id]
    return {}


def _find(api: ApiItem, members: Mapping[str, Any]) -> Item:
    found: Item = child(api.authorizers, "Authorizer", members["AuthorizerId"])
    return found


OPERATIONS: dict[str, Handler] = {
    "CreateAuthorizer": _create,
    "UpdateAuthorizer": _update,
    "GetAuthorizer": _get,
    "GetAuthorizers": _get_all,
    "DeleteAuthorizer": _delete,
}
