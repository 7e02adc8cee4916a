"""A VPC link as values. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class DesiredLink:
    name: str
    subnet_ids: tuple[str, ...]
    security_group_ids: tuple[str, ...]
    tags: Mapping[str, str]


@dataclass(frozen=True)
class ObservedLink:
    """A link as AWS lists it. ``state``: PENDING, AVAILABLE, DELETING, FAILED, INACTIVE; subnets and groups sorted."""

    link_id: str
    name: str
    state: str
    message: str
    tags: Mapping[str, str]
    created: str = ""
    subnet_ids: tuple[str, ...] = ()
    security_group_ids: tuple[str, ...] = ()

    @property
    def serves(self) -> bool:
        """Say whether requests go through; an INACTIVE link wakes by them."""
        return self.state in ("AVAILABLE", "INACTIVE")

    def fits(self, desired: DesiredLink) -> bool:
        """Say whether the link leads where *desired* says; AWS cannot change that."""
        return (self.subnet_ids, self.security_group_ids) == (desired.subnet_ids, desired.security_group_ids)


@dataclass(frozen=True)
class CreateLink:
    desired: DesiredLink
    verb: Literal["create"] = "create"

    def describe(self) -> str:
        return f"create VPC link {self.desired.name}"


@dataclass(frozen=True)
class DeleteLink:
    link_id: str
    verb: Literal["delete"] = "delete"

    def describe(self) -> str:
        return f"delete VPC link {self.link_id}"


LinkAction = CreateLink | DeleteLink
