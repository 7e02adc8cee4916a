"""Drift: one field where the world differs from what is desired. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, is_dataclass, replace

VALUE_LIMIT = 256


@dataclass(frozen=True)
class Drift:
    """One difference, told field by field; values are cut to 256 characters and never hold a secret."""

    object: str
    field: str
    desired: str
    observed: str

    def entry(self) -> dict[str, str]:
        """Return the status entry."""
        return {
            "object": self.object[:320],
            "field": self.field[:64],
            "desired": self.desired[:VALUE_LIMIT],
            "observed": self.observed[:VALUE_LIMIT],
        }


ABSENT = "absent"
PRESENT = "present"


def unexplained(found: Iterable[Drift], since: Iterable[Drift]) -> tuple[Drift, ...]:
    """Return the differences that somebody else made.

    Args:
        found: What differs from what is desired now: edits that were not carried out yet are among it.
        since: What differs from how we left the world.
    """
    changed = {(drift.object, drift.field) for drift in since}
    return tuple(drift for drift in found if (drift.object, drift.field) in changed)


def field_drift(name: str, desired: object, observed: object) -> tuple[Drift, ...]:
    """Return the differing fields of two dataclass values of one type, in order; nested ones as ``outer.inner``."""
    return tuple(
        drift
        for field in getattr(desired, "__dataclass_fields__", {})
        for drift in value_drift(name, field, getattr(desired, field), getattr(observed, field))
    )


def value_drift(name: str, field: str, desired: object, observed: object) -> tuple[Drift, ...]:
    """Return the difference of one field; of two dataclass values, that of each field of theirs."""
    if desired == observed:
        return ()
    if is_dataclass(desired) and is_dataclass(observed):
        return tuple(replace(drift, field=f"{field}.{drift.field}") for drift in field_drift(name, desired, observed))
    return (Drift(name, field, _text(desired), _text(observed)),)


def _text(value: object) -> str:
    if value is None:
        return ABSENT
    if is_dataclass(value):
        return " ".join(f"{field}={_text(getattr(value, field))}" for field in value.__dataclass_fields__)
    if isinstance(value, tuple):
        return ", ".join("=".join(map(str, item)) if isinstance(item, tuple) else _text(item) for item in value)
    return str(value)
