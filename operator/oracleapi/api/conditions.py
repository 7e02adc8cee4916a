"""Conditions in kstatus shape: building, merging, comparing. Pure.

``Ready`` is always present; ``Reconciling`` and ``Stalled`` are abnormal-true: present only while true, never both.
Source: Kubernetes API conventions, kstatus (see docs/adr/0003-status.md).
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

MESSAGE_LIMIT = 1024

READY = "Ready"
RECONCILING = "Reconciling"
STALLED = "Stalled"
SUSPENDED = "Suspended"
DRIFTED = "Drifted"
PERMISSION_LOST = "PermissionLost"


@dataclass(frozen=True)
class Condition:
    """One condition as a pass sees it; times and generations are added when it is merged into a status."""

    type: str
    status: str  # True, False, Unknown
    reason: str
    message: str


def merge_conditions(
    old: Iterable[Mapping[str, Any]],
    new: Iterable[Condition],
    generation: int,
    now: str,
    kept: Collection[str] = (),
) -> list[dict[str, Any]]:
    """Return the conditions list to write; a time moves only when its status flips.

    Args:
        old: Conditions as they stand in the object's status.
        new: All conditions that were found in this pass.
        generation: ``metadata.generation`` that this pass worked on.
        now: RFC 3339 time.
        kept: Types of *old* that stay as they were last seen, generation included, where *new* does not name them;
            the others go.
    """
    before = {condition["type"]: condition for condition in old}
    named = {condition.type for condition in new}
    merged: list[dict[str, Any]] = [dict(before[type_]) for type_ in kept if type_ in before and type_ not in named]
    for condition in new:
        previous = before.get(condition.type)
        same = previous is not None and previous.get("status") == condition.status
        merged.append(
            {
                "type": condition.type,
                "status": condition.status,
                "reason": condition.reason,
                "message": clip(condition.message),
                "observedGeneration": generation,
                "lastTransitionTime": previous["lastTransitionTime"] if same and previous else now,
            }
        )
    return sorted(merged, key=lambda found: (found["type"] != READY, found["type"]))


def clip(message: str) -> str:
    """Return *message* within the limit that the CRD sets, as one line."""
    line = " ".join(message.split())
    return line if len(line) <= MESSAGE_LIMIT else line[: MESSAGE_LIMIT - 1] + "…"
