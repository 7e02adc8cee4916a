"""The outcome of a pass turned into a status. Pure; always reached, whatever happened.

=================== ======== ============ ========
error               Ready    Reconciling  Stalled
=================== ======== ============ ========
none                True     -            -
Terminal            False    -            True
DependencyNotReady  False    True         -
Retryable           Unknown  True         -
anything else       Unknown  True         -
=================== ======== ============ ========
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from oracleapi.api import reasons
from oracleapi.api.conditions import READY, RECONCILING, STALLED, Condition, clip, merge_conditions
from oracleapi.errors import DependencyNotReady, OperatorError, Terminal


@dataclass
class Report:
    """What a pass has to say, filled while it goes, so that a failure keeps what was known before it.

    Args:
        fields: Status fields of the kind.
        conditions: Conditions of the kind beyond Ready, Reconciling and Stalled.
        message: What Ready says when all is well.
    """

    fields: dict[str, Any] = field(default_factory=dict)
    conditions: dict[str, Condition] = field(default_factory=dict)
    message: str = "All is as the spec says"

    def say(self, type_: str, status: bool | None, reason: str, message: str) -> None:
        """Set a condition; ``None`` is Unknown."""
        self.conditions[type_] = Condition(type_, "Unknown" if status is None else str(status), reason, message)


def readiness(error: Exception | None, message: str) -> list[Condition]:
    """Return Ready and what goes with it for *error*."""
    if error is None:
        return [Condition(READY, "True", reasons.SUCCEEDED, message)]
    if not isinstance(error, OperatorError):
        text = f"a fault of the operator ({type(error).__name__}); its log has the details"
        return _waiting("Unknown", reasons.INTERNAL_ERROR, text)
    if isinstance(error, Terminal):
        return [
            Condition(READY, "False", error.reason, error.message),
            Condition(STALLED, "True", error.reason, error.message),
        ]
    status = "False" if isinstance(error, DependencyNotReady) else "Unknown"
    return _waiting(status, error.reason, error.message)


def _waiting(status: str, reason: str, message: str) -> list[Condition]:
    return [Condition(READY, status, reason, message), Condition(RECONCILING, "True", reason, message)]


def build_status(
    resource: Mapping[str, Any], report: Report, conditions: Sequence[Condition], requested_at: str | None, now: str
) -> dict[str, Any]:
    """Return the whole status to write; equal to the present one when nothing changed."""
    old = resource.get("status", {})
    generation = resource["metadata"]["generation"]
    status = {**old, **report.fields}
    status["observedGeneration"] = generation
    status["conditions"] = merge_conditions(
        old.get("conditions", []), [*conditions, *report.conditions.values()], generation, now
    )
    if requested_at is not None:
        status["lastHandledReconcileAt"] = requested_at
    return {key: value for key, value in status.items() if value is not None and value != []}


def event_for(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[bool, str, str] | None:
    """Return (warning, reason, message) when Ready changed its reason or status, else ``None``."""
    before = _ready(old)
    after = _ready(new)
    if after is None or (before is not None and _same(before, after)):
        return None
    warning = after["status"] != "True" and any(
        found["type"] == STALLED and found["status"] == "True" for found in new.get("conditions", [])
    )
    return warning or after["status"] == "Unknown", after["reason"], clip(after["message"])


def _ready(status: Mapping[str, Any]) -> Mapping[str, Any] | None:
    return next((found for found in status.get("conditions", []) if found["type"] == READY), None)


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return bool((one["status"], one["reason"]) == (other["status"], other["reason"]))
