"""Pages of list calls: ``MaxResults``, ``NextToken``, ``Items``."""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from oracleapi_sandbox.aws.control.context import Context, Result
from oracleapi_sandbox.aws.errors import bad_request


def page(
    ctx: Context, members: Mapping[str, Any], items: Sequence[Any], show: Callable[[Any], dict[str, Any]]
) -> Result:
    """Return one page of *items* (oldest first), each written by *show*.

    The token names the last item seen, so a page after a delete skips nothing. Its form, the default size and the
    refusal of a larger one are [U].
    """
    size = _size(ctx, members.get("MaxResults"))
    after = _position(members["NextToken"]) if members.get("NextToken") else 0
    rest = [item for item in items if item.seq > after]
    result: Result = {"Items": [show(item) for item in rest[:size]]}
    if len(rest) > size:
        result["NextToken"] = base64.urlsafe_b64encode(f"seq:{rest[size - 1].seq}".encode()).decode()
    return result


def _size(ctx: Context, text: str | None) -> int:
    if text is None:
        return ctx.settings.default_page_size
    largest = ctx.settings.max_page_size
    if not text.isdigit() or not 1 <= int(text) <= largest:
        raise bad_request(f"Invalid value at maxResults: must be between 1 and {largest}")
    return int(text)


def _position(token: str) -> int:
    try:
        word, _, number = base64.urlsafe_b64decode(token).decode().partition(":")
        if word == "seq":
            return int(number)
    except (binascii.Error, ValueError):
        pass
    raise bad_request("Invalid value at nextToken")
