"""The resource store of the control plane: per Region, in order of creation.

An item's ``members`` are the members of the output shape. They are replaced, never changed in place, so that
deployments can keep them as they were.
"""

import itertools
import secrets
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

ID_ALPHABET = string.ascii_lowercase + string.digits
_sequence = itertools.count(1)


def new_id(length: int) -> str:
    """Return a random id of lower-case letters and digits."""
    return "".join(secrets.choice(ID_ALPHABET) for _ in range(length))


@dataclass(eq=False)
class Item:
    """A stored resource: its members, when it was made (epoch seconds) and its place in lists."""

    members: dict[str, Any]
    created: float
    seq: int = field(default_factory=lambda: next(_sequence))

    def replace(self, changes: Mapping[str, Any]) -> None:
        """Set members; a value of ``None`` removes one."""
        merged = {**self.members, **changes}
        self.members = {name: value for name, value in merged.items() if value is not None}


@dataclass(frozen=True)
class Snapshot:
    """What a deployment froze: the API's members and its routes, integrations and authorizers by id."""

    api: dict[str, Any]
    routes: dict[str, dict[str, Any]]
    integrations: dict[str, dict[str, Any]]
    authorizers: dict[str, dict[str, Any]]


@dataclass(eq=False)
class DeploymentItem(Item):
    """A deployment; it is DEPLOYED from *effective* on."""

    snapshot: Snapshot = field(kw_only=True)
    effective: float = field(kw_only=True)


@dataclass(eq=False)
class StageItem(Item):
    """A stage; *serving* is the deployment that callers meet, *waiting* the one that will be when it is effective."""

    serving: DeploymentItem | None = None
    waiting: DeploymentItem | None = None

    def settle(self, now: float) -> None:
        """Let a waiting deployment take over once its time has come."""
        if self.waiting is not None and now >= self.waiting.effective:
            self.serving, self.waiting = self.waiting, None

    @property
    def deployments(self) -> tuple[DeploymentItem, ...]:
        """Return the deployments that this stage points to."""
        return tuple(item for item in (self.serving, self.waiting) if item is not None)


@dataclass(eq=False)
class ApiItem(Item):
    """An API with its children, each by id (stages by name)."""

    routes: dict[str, Item] = field(default_factory=dict)
    integrations: dict[str, Item] = field(default_factory=dict)
    authorizers: dict[str, Item] = field(default_factory=dict)
    stages: dict[str, StageItem] = field(default_factory=dict)
    deployments: dict[str, DeploymentItem] = field(default_factory=dict)
    changing: int = 0  # changes that run right now, for concurrent modification
    changed: float = float("-inf")  # when the last change ended

    def snapshot(self) -> Snapshot:
        """Freeze the configuration as it is."""
        return Snapshot(
            self.members,
            {key: item.members for key, item in self.routes.items()},
            {key: item.members for key, item in self.integrations.items()},
            {key: item.members for key, item in self.authorizers.items()},
        )


@dataclass(eq=False)
class VpcLinkItem(Item):
    """A VPC link: when it leaves PENDING, whether it fails, when it is gone after a delete."""

    ready: float = field(kw_only=True)
    fails: bool = field(kw_only=True)
    gone: float | None = None


@dataclass(frozen=True)
class View:
    """What lists showed from *time* on: items with their members by the identity of their collection."""

    time: float
    lists: dict[int, tuple[tuple[Item, dict[str, Any]], ...]]


@dataclass
class RegionStore:
    """What one account has in one Region."""

    apis: dict[str, ApiItem] = field(default_factory=dict)
    vpc_links: dict[str, VpcLinkItem] = field(default_factory=dict)
    views: list[View] = field(default_factory=list)

    def collections(self) -> Iterator[Mapping[str, Item]]:
        """Yield what list calls show."""
        yield self.apis
        yield self.vpc_links
        for api in self.apis.values():
            yield from (api.routes, api.integrations, api.authorizers, api.stages, api.deployments)


@dataclass
class Store:
    """All Regions; API ids are unique over all of them."""

    regions: dict[str, RegionStore] = field(default_factory=dict)

    def region(self, name: str) -> RegionStore:
        return self.regions.setdefault(name, RegionStore())

    def clear(self) -> None:
        self.regions.clear()
