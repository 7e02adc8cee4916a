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

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from oracleapi.api import reasons
from oracleapi.api.conditions import (
    READY,
    RECONCILING,
    STALLED,
    SUSPENDED,
    Condition,
    clip,
    merge_conditions,
)
from oracleapi.errors import DependencyNotReady, OperatorError, Terminal
from oracleapi.model.drift import Drift

OF_ONE_PASS = (READY, RECONCILING, STALLED, SUSPENDED)
DRIFT_SHOWN = 20


@dataclass
class Report:
    """What a pass has to say, filled while it goes, so that a failure keeps what was known before it.

    Args:
        fields: Status fields of the kind.
        conditions: Conditions of the kind beyond Ready, Reconciling and Stalled.
        drift: What somebody else changed.
        cleared: Types of conditions that are known to hold no longer.
        message: What Ready says when all is well.
    """

    fields: dict[str, Any] = field(default_factory=dict)
    conditions: dict[str, Condition] = field(default_factory=dict)
    drift: list[Drift] = field(default_factory=list)
    cleared: set[str] = field(default_factory=set)
    message: str = "All is as the spec says"

    def say(self, type_: str, status: bool | None, reason: str, message: str) -> None:
        """Set a condition; ``None`` is Unknown."""
        self.conditions[type_] = Condition(type_, "Unknown" if status is None else str(status), reason, message)
        self.cleared.discard(type_)

    def clear(self, type_: str) -> None:
        """Take a condition away, also where the pass ends early after this."""
        self.conditions.pop(type_, None)
        self.cleared.add(type_)

    def note_drift(self, found: Iterable[Drift], earlier: Iterable[Mapping[str, Any]] = ()) -> None:
        """Put differences that somebody else made into status, each field of an object once.

        Args:
            earlier: Entries of passes before this one that are still to be seen.
        """
        known = {(drift.object, drift.field) for drift in self.drift}
        self.drift += [drift for drift in found if (drift.object, drift.field) not in known]
        if self.drift:
            entries = {(entry["object"], entry["field"]): dict(entry) for entry in earlier}
            entries |= {(drift.object[:320], drift.field[:64]): drift.entry() for drift in self.drift}
            self.fields["drift"] = list(entries.values())[:DRIFT_SHOWN]


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


def last_seen(resource: Mapping[str, Any], report: Report) -> tuple[str, ...]:
    """Return the types of the conditions that a pass which ends early leaves as they were last seen."""
    old = [found["type"] for found in resource.get("status", {}).get("conditions", [])]
    return tuple(type_ for type_ in old if type_ not in OF_ONE_PASS and type_ not in report.cleared)


def build_status(
    resource: Mapping[str, Any],
    report: Report,
    conditions: Sequence[Condition],
    requested_at: str | None,
    now: str,
    kept: Collection[str] = (),
) -> dict[str, Any]:
    """Return the whole status to write; equal to the present one when nothing changed.

    Args:
        kept: Types of conditions that stay as they are where neither *conditions* nor *report* names them.
    """
    old = resource.get("status", {})
    generation = resource["metadata"]["generation"]
    status = {**old, **report.fields}
    status["observedGeneration"] = generation
    status["conditions"] = merge_conditions(
        old.get("conditions", []), [*conditions, *report.conditions.values()], generation, now, kept
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
