"""Small judges that know nothing of the product: which route serves a request, and what policies say to it."""

import json
import re
from collections.abc import Iterable
from typing import Any

INVOKE = "execute-api:Invoke"


def serving(keys: Iterable[str], method: str, path: str) -> str | None:
    """Return the key of the route that serves a request: a literal before a variable, from the left."""
    found = []
    for key in keys:
        verb, _, pattern = key.partition(" ")
        mine, theirs = pattern.split("/"), path.split("/")
        if verb == method and len(mine) == len(theirs):
            kinds = [segment.startswith("{") for segment in mine]
            if all(
                value if free else value == segment for segment, value, free in zip(mine, theirs, kinds, strict=True)
            ):
                found.append((kinds, key))
    return min(found)[1] if found else None


def decide(documents: Iterable[str], resource: str, action: str = INVOKE) -> str:
    """Return what identity policies say: explicitDeny, allowed or implicitDeny."""
    effects = {
        statement["Effect"]
        for document in documents
        for statement in _listed(json.loads(document)["Statement"])
        if any(_like(pattern, action, re.IGNORECASE) for pattern in _listed(statement["Action"]))
        and any(_like(pattern, resource) for pattern in _listed(statement["Resource"]))
    }
    return "explicitDeny" if "Deny" in effects else "allowed" if "Allow" in effects else "implicitDeny"


def _like(pattern: str, text: str, flags: int = 0) -> bool:
    expression = "".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in pattern)
    return re.fullmatch(expression, text, re.DOTALL | flags) is not None


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
