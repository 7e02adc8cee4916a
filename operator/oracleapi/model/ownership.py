"""Ownership: who made a remote thing. Pure.

The owner is ``installationId/Kind/namespace/name`` (``-`` for cluster kinds), written as an AWS tag and as a JSON
marker in ORDS comments; the object's UID stands beside it as evidence. docs/adr/0005-ownership.md.
"""

import json
from dataclasses import dataclass

TAG_OWNER = "oracleapi.dev/owner"
TAG_UID = "oracleapi.dev/uid"
MARKER_KEY = "oracleapi.dev"


@dataclass(frozen=True)
class Owner:
    """The owner of a remote thing.

    Args:
        installation: Installation id; the UID of ``kube-system`` unless the chart gives another.
        kind, namespace, name: The object; namespace is ``None`` for cluster kinds.
        uid: The object's UID, evidence only.
    """

    installation: str
    kind: str
    namespace: str | None
    name: str
    uid: str = ""

    def __str__(self) -> str:
        return f"{self.installation}/{self.kind}/{self.namespace or '-'}/{self.name}"

    def tags(self) -> dict[str, str]:
        """Return the AWS tags of something this owner made."""
        return {TAG_OWNER: str(self), TAG_UID: self.uid}

    def marker(self) -> str:
        """Return the JSON marker for ORDS comments and descriptions."""
        return json.dumps({MARKER_KEY: {"owner": str(self), "uid": self.uid}}, separators=(",", ":"))


def parse_owner(mark: str) -> Owner | None:
    """Return the owner that :meth:`Owner.__str__` wrote as *mark*, or ``None``; the UID is not in it."""
    parts = mark.rsplit("/", 3)
    if len(parts) != 4:
        return None
    installation, kind, namespace, name = parts
    return Owner(installation, kind, None if namespace == "-" else namespace, name)


def marked_owner(comments: str | None) -> str | None:
    """Return the owner that a marker names, or ``None`` when *comments* is no marker of this product."""
    if not comments:
        return None
    try:
        found = json.loads(comments)
    except ValueError:
        return None
    mark = found.get(MARKER_KEY) if isinstance(found, dict) else None
    owner = mark.get("owner") if isinstance(mark, dict) else None
    return owner if isinstance(owner, str) else None
