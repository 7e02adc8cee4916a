"""Drift: one field where the world differs from what is desired. Pure."""

from dataclasses import dataclass

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
            "field": self.field,
            "desired": self.desired[:VALUE_LIMIT],
            "observed": self.observed[:VALUE_LIMIT],
        }


ABSENT = "absent"
PRESENT = "present"


def field_drift(name: str, desired: object, observed: object) -> tuple[Drift, ...]:
    """Return the differing fields of two dataclass values of one type, in field order."""
    fields = getattr(desired, "__dataclass_fields__", {})
    return tuple(
        Drift(name, field, str(getattr(desired, field)), str(getattr(observed, field)))
        for field in fields
        if getattr(desired, field) != getattr(observed, field)
    )
