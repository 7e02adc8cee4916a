"""Which waiting key comes next: better lanes first, tenants in turn, nobody passed over for ever."""

from collections import OrderedDict
from collections.abc import Hashable, Iterator
from enum import IntEnum
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)

PATIENCE = 9
"""A lane that was passed over so many times in a row comes first: at least one in ten hand-outs is its own."""


class Lane(IntEnum):
    """Why a key waits; the lower, the better."""

    EDITED = 0
    WOKEN = 1
    ROUTINE = 2


class Lanes(Generic[K]):
    """Waiting keys, each in one lane. Not safe between threads; the queue's lock is."""

    def __init__(self) -> None:
        self._lanes: dict[Lane, OrderedDict[Hashable, OrderedDict[K, None]]] = {lane: OrderedDict() for lane in Lane}
        self._passed = dict.fromkeys(Lane, 0)

    def __len__(self) -> int:
        return sum(len(keys) for tenants in self._lanes.values() for keys in tenants.values())

    def add(self, key: K, lane: Lane, tenant: Hashable, first: bool = False) -> None:
        """Put *key* at the end of its tenant's line; with *first* it and its tenant come next."""
        tenants = self._lanes[lane]
        keys = tenants.setdefault(tenant, OrderedDict())
        keys[key] = None
        if first:
            keys.move_to_end(key, last=False)
            tenants.move_to_end(tenant, last=False)

    def remove(self, key: K, lane: Lane, tenant: Hashable) -> None:
        """Take *key* out without handing it out."""
        keys = self._lanes[lane][tenant]
        del keys[key]
        if not keys:
            del self._lanes[lane][tenant]

    def hand_out(self, key: K, lane: Lane, tenant: Hashable) -> None:
        """Take *key* out; its tenant's next turn comes after everybody else's."""
        self.remove(key, lane, tenant)
        if tenant in self._lanes[lane]:
            self._lanes[lane].move_to_end(tenant)
        self._passed[lane] = 0
        for worse in Lane:
            if worse > lane:
                self._passed[worse] = self._passed[worse] + 1 if self._lanes[worse] else 0

    def in_turn(self) -> Iterator[tuple[K, Lane]]:
        """Yield every waiting key, whose turn it is first."""
        waited = [lane for lane in reversed(Lane) if self._passed[lane] >= PATIENCE]
        for lane in (*waited, *(lane for lane in Lane if lane not in waited)):
            for keys in self._lanes[lane].values():
                for key in keys:
                    yield key, lane
