"""Tags of a secret: limits, and the two tag operations. The kind of error for a wrong tag is [U]."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from oracleapi_sandbox.aws.secrets.context import Context, Handler, Result
from oracleapi_sandbox.aws.secrets.errors import invalid_parameter

MAX_TAGS = 50  # [D] of every resource


def read_tags(
    given: Sequence[Mapping[str, Any]], known: tuple[tuple[str, str], ...] = ()
) -> tuple[tuple[str, str], ...]:
    """Return the *known* tags with the *given* ones added or changed.

    Raises:
        AwsError: InvalidParameterException: no key, a key that begins with ``aws:``, or more than 50 tags.
    """
    tags = dict(known)
    for tag in given:
        key = tag.get("Key", "")
        if not key or key.lower().startswith("aws:"):
            raise invalid_parameter("A tag has a key, and keys that begin with aws: are not yours to set.")
        tags[key] = tag.get("Value", "")
    if len(tags) > MAX_TAGS:
        raise invalid_parameter(f"A secret has no more than {MAX_TAGS} tags.")
    return tuple(tags.items())


def _tag(ctx: Context, members: dict[str, Any]) -> Result:
    secret = ctx.writable(members)
    ctx.put(replace(secret, tags=read_tags(members["Tags"], secret.tags or ())))
    return {}


def _untag(ctx: Context, members: dict[str, Any]) -> Result:
    secret = ctx.writable(members)
    tags = tuple((key, value) for key, value in secret.tags or () if key not in members["TagKeys"])
    ctx.put(replace(secret, tags=tags))
    return {}


OPERATIONS: dict[str, Handler] = {"TagResource": _tag, "UntagResource": _untag}
