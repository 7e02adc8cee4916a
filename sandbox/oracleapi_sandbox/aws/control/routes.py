"""Routes of HTTP APIs: keys, targets, authorization."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from oracleapi_sandbox.aws.control.context import Context, Handler, Result, child, visible, without
from oracleapi_sandbox.aws.control.paging import page
from oracleapi_sandbox.aws.control.store import ApiItem, Item, new_id
from oracleapi_sandbox.aws.errors import bad_request, conflict, quota_reached

MAX_SCOPES = 10  # [D] quotas page
_KEY = re.compile(r"^(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS|ANY) (/\S*)$")
_SEGMENT = re.compile(r"^(\{[A-Za-z0-9._-]+\+?\}|[^{}\s]*)$")
_WEBSOCKET_ONLY = (
    "ModelSelectionExpression",
    "RequestModels",
    "RequestParameters",
    "RouteResponseSelectionExpression",
)


def check_route_key(key: str) -> None:
    """Refuse a route key of another form than ``$default`` or ``METHOD /path`` [D].

    Raises:
        AwsError: BadRequestException: a variable must fill its segment, a greedy one be the last, and no name occur
            twice.
    """
    if key == "$default":
        return
    found = _KEY.match(key)
    if not found:
        raise bad_request(f"The provided route key is not formatted properly for HTTP protocol: {key}")
    segments = found.group(2)[1:].split("/")
    names = [segment.strip("{}+") for segment in segments if segment.startswith("{")]
    greedy = [n for n, segment in enumerate(segments) if segment.endswith("+}")]
    wrong_greedy = bool(greedy) and greedy != [len(segments) - 1]
    if not all(_SEGMENT.match(segment) for segment in segments) or wrong_greedy or len(set(names)) != len(names):
        raise bad_request(f"The provided route key is not formatted properly for HTTP protocol: {key}")


@lru_cache(4096)
def shape_of(key: str) -> str:
    """Return *key* with its variables unnamed: two routes with one shape cannot live in one API [D]."""
    return re.sub(r"\{[^{}+]+(\+?)\}", r"{\1}", key)


def check_unique(key: str, others: Iterable[str]) -> None:
    """Refuse *key* beside *others*.

    Raises:
        AwsError: ConflictException with the real text [D]; it is the same when only a variable's name differs [U].
    """
    if shape_of(key) in {shape_of(other) for other in others}:
        raise conflict(f"Route with key {key} already exists for this API")


def check_authorization(api_authorizers: Mapping[str, Any], members: Mapping[str, Any]) -> None:
    """Refuse an authorization that the API cannot give.

    Raises:
        AwsError: BadRequestException: JWT without an authorizer of the API [D], scopes or an authorizer without JWT,
            more than 10 scopes, CUSTOM (there are no Lambda authorizers here), ApiKeyRequired (not on HTTP APIs [D]).
    """
    kind = members.get("AuthorizationType", "NONE")
    if members.get("ApiKeyRequired"):
        raise bad_request("ApiKeyRequired is not supported for protocolType HTTP")
    authorizer_id = members.get("AuthorizerId")
    if kind in ("JWT", "CUSTOM") and (kind == "CUSTOM" or authorizer_id not in api_authorizers):
        needs = "Setting the authorization type to CUSTOM or JWT requires a valid authorizer."
        raise bad_request(f"Invalid authorizer ID specified. {needs}")
    if kind in ("NONE", "AWS_IAM") and authorizer_id:
        raise bad_request(f"AuthorizerId is not supported with AuthorizationType {kind}")
    scopes = members.get("AuthorizationScopes", [])
    if scopes and kind != "JWT":
        raise bad_request("AuthorizationScopes are only supported with AuthorizationType JWT")
    if len(scopes) > MAX_SCOPES:
        raise bad_request(f"Invalid value at authorizationScopes: no more than {MAX_SCOPES} scopes are allowed")


def _check(api: ApiItem, members: Mapping[str, Any], but: Item | None = None) -> None:
    for name in _WEBSOCKET_ONLY:
        if name in members:
            raise bad_request(f"{name} is not supported for protocolType HTTP")
    check_route_key(members["RouteKey"])
    check_unique(members["RouteKey"], (r.members["RouteKey"] for r in api.routes.values() if r is not but))
    check_authorization(api.authorizers, members)
    if target := members.get("Target"):
        kind, _, integration_id = target.partition("/")
        if kind != "integrations" or integration_id not in api.integrations:
            raise bad_request(f"Invalid target specified: {target}. The target must be an integration of this API")


def _create(ctx: Context, members: dict[str, Any]) -> Result:
    api = ctx.api(members)
    if len(api.routes) >= ctx.settings.max_routes:
        raise quota_reached("Routes", "API")
    complete = {"ApiKeyRequired": False, "AuthorizationType": "NONE", **without(members, "ApiId")}
    _check(api, complete)
    route_id = new_id(7)
    item = Item({**complete, "RouteId": route_id}, ctx.now())
    api.routes[route_id] = item
    return item.members


def _update(ctx: Context, members: dict[str, Any]) -> Result:
    """UpdateRoute; another AuthorizationType than JWT drops authorizer and scopes that are not given anew [U]."""
    api = ctx.api(members)
    item = _find(api, members)
    changes = without(members, "ApiId", "RouteId")
    kept = dict(item.members)
    if changes.get("AuthorizationType", "JWT") != "JWT":
        kept = without(kept, "AuthorizerId", "AuthorizationScopes")
    merged = {**kept, **changes}
    _check(api, merged, item)
    item.members = merged
    return item.members


def _get(ctx: Context, members: dict[str, Any]) -> Result:
    return _find(ctx.api(members), members).members


def _get_all(ctx: Context, members: dict[str, Any]) -> Result:
    return page(ctx, members, visible(ctx, ctx.api(members).routes), lambda item: dict(item.members))


def _delete(ctx: Context, members: dict[str, Any]) -> Result:
    api = ctx.api(members)
    _find(api, members)
    del api.routes[members["RouteId"]]
    return {}


def _find(api: ApiItem, members: Mapping[str, Any]) -> Item:
    found: Item = child(api.routes, "Route", members["RouteId"])
    return found


OPERATIONS: dict[str, Handler] = {
    "CreateRoute": _create,
    "UpdateRoute": _update,
    "GetRoute": _get,
    "GetRoutes": _get_all,
    "DeleteRoute": _delete,
}
