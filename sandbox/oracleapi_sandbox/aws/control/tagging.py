"""Tags of APIs, stages and VPC links: limits, and the three tag operations by ARN."""

import re
from collections.abc import Mapping
from typing import Any

from oracleapi_sandbox.aws.control.context import Context, Handler, Result
from oracleapi_sandbox.aws.control.store import Item
from oracleapi_sandbox.aws.errors import bad_request, not_found

MAX_TAGS, MAX_KEY, MAX_VALUE = 50, 128, 256  # [D] Developer Guide, tag restrictions
_CHARACTERS = re.compile(r"^[\w\s.:+=@/-]*$")
_ARN = re.compile(r"^arn:aws[a-z-]*:apigateway:(?P<region>[a-z0-9-]+)::/(?P<path>[^:]+)$")


def check_tags(tags: Mapping[str, str]) -> None:
    """Refuse tags over the limits.

    Raises:
        AwsError: BadRequestException: more than 50 tags, a key over 128 or a value over 256 characters, other
            characters than letters, digits, space and ``. : + = @ _ / -``, or a key that begins with ``aws:`` [D].
    """
    if len(tags) > MAX_TAGS:
        raise bad_request(f"Invalid value at tags: no more than {MAX_TAGS} tags are allowed")
    for key, value in tags.items():
        if not 1 <= len(key) <= MAX_KEY or len(value) > MAX_VALUE:
            raise bad_request(f"Invalid value at tags.{key[:MAX_KEY]}: key or value is too long")
        if not _CHARACTERS.match(key) or not _CHARACTERS.match(value) or key.lower().startswith("aws:"):
            raise bad_request(f"Invalid value at tags.{key}: key or value has characters that are not allowed")


def _resource(ctx: Context, arn: str) -> Item:
    found = _ARN.match(arn)
    if not found or found["region"] != ctx.region:
        raise bad_request(f"Invalid ARN specified in the request: {arn}")
    missing = not_found("Resource", f"Invalid Resource identifier specified: {arn}")
    match found["path"].split("/"):
        case ["apis", api_id] if api_id in ctx.store.apis:
            return ctx.store.apis[api_id]
        case ["apis", api_id, "stages", name] if api_id in ctx.store.apis and name in ctx.store.apis[api_id].stages:
            return ctx.store.apis[api_id].stages[name]
        case ["vpclinks", link_id] if link_id in ctx.store.vpc_links:
            link = ctx.store.vpc_links[link_id]
            if link.gone is None or ctx.now() < link.gone:
                return link
            raise missing
        case ["apis", _] | ["apis", _, "stages", _] | ["vpclinks", _]:
            raise missing
    raise bad_request(f"Invalid ARN specified in the request: {arn}")


def _tag(ctx: Context, members: dict[str, Any]) -> Result:
    item = _resource(ctx, members["ResourceArn"])
    merged = {**item.members.get("Tags", {}), **members.get("Tags", {})}
    check_tags(merged)
    item.replace({"Tags": merged})
    return {}


def _untag(ctx: Context, members: dict[str, Any]) -> Result:
    item = _resource(ctx, members["ResourceArn"])
    kept = {key: value for key, value in item.members.get("Tags", {}).items() if key not in members["TagKeys"]}
    item.replace({"Tags": kept})
    return {}


def _get(ctx: Context, members: dict[str, Any]) -> Result:
    return {"Tags": _resource(ctx, members["ResourceArn"]).members.get("Tags", {})}


OPERATIONS: dict[str, Handler] = {"TagResource": _tag, "UntagResource": _untag, "GetTags": _get}
