"""Pages of list calls: ``MaxResults`` and ``NextToken``."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from oracleapi_sandbox.aws.secrets.errors import refused

T = TypeVar("T")


def page(members: Mapping[str, Any], items: Sequence[T], default: int) -> tuple[Sequence[T], str | None]:
    """Return one page of *items* and the token of the next one; its form and the *default* size are [U].

    Raises:
        AwsError: InvalidNextTokenException.
    """
    start = _position(members["NextToken"]) if "NextToken" in members else 0
    end = start + members.get("MaxResults", default)
    token = base64.urlsafe_b64encode(f"from:{end}".encode()).decode() if end < len(items) else None
    return items[start:end], token


def _position(token: str) -> int:
    try:
        word, _, number = base64.urlsafe_b64decode(token).decode().partition(":")
        if word == "from" and number.isdecimal():
            return int(number)
    except (binascii.Error, ValueError):
        pass
    raise refused("InvalidNextTokenException", "Invalid NextToken.")
