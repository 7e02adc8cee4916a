"""Conditions in kstatus shape: building, merging, comparing. Pure.

``Ready`` is always present; ``Reconciling`` and ``Stalled`` are abnormal-true: present only while true, never both.
Source: Kubernetes API conventions, kstatus (see docs/adr/0003-status.md).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

MESSAGE_LIMIT = 1024

READY = "Ready"
RECONCILING = "Reconciling"
STALLED = "Stalled"


@dataclass(frozen=True)
class Condition:
    """One condition as a pass sees it; times and generations are added when it is merged into a status."""

    type: str
    status: str  # True, False, Unknown
    reason: str
    message: str


def merge_conditions(
    old: Iterable[Mapping[str, Any]], new: Iterable[Condition], generation: int, now: str
) -> list[dict[str, Any]]:
    """Return the conditions list to write: *new* replaces *old* whole; a time moves only when its status flips.

    Args:
        old: Conditions as they stand in the object's status.
        new: All conditions that hold now; what is not named goes.
        generation: ``metadata.generation`` that this pass worked on.
        now: RFC 3339 time.
    """
    before = {condition["type"]: condition for condition in old}
    merged: list[dict[str, Any]] = []
    for condition in sorted(new, key=lambda found: (found.type != READY, found.type)):
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
    return merged


def clip(message: str) -> str:
    """Return *message* within the limit that the CRD sets, as one line."""
    line = " ".join(message.split())
    return line if len(line) <= MESSAGE_LIMIT else line[: MESSAGE_LIMIT - 1] + "…"
