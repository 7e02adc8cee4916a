"""Lists that stay behind: what they showed a while ago, kept only while ``list_lag_ms`` is set [U]."""

import copy
from collections.abc import Mapping
from typing import Any

from oracleapi_sandbox.aws.control.store import Item, RegionStore, View
from oracleapi_sandbox.aws.settings import ControlSettings

_BEFORE_ALL = float("-inf")


def remember(store: RegionStore, settings: ControlSettings, now: float) -> None:
    """Keep what lists would show at *now*, and forget what no list can show any more."""
    if not settings.list_lag_ms:
        store.views.clear()
        return
    lists = {id(items): tuple((item, item.members) for item in items.values()) for items in store.collections()}
    if not store.views or store.views[-1].lists != lists:
        store.views.append(View(now if store.views else _BEFORE_ALL, lists))
    limit = now - settings.list_lag_ms / 1000
    while len(store.views) > 1 and store.views[1].time <= limit:
        del store.views[0]


def listed(store: RegionStore, items: Mapping[str, Any], settings: ControlSettings, now: float) -> list[Any]:
    """Return the items of a collection that lists show at *now*, as they show them, oldest first."""
    limit = now - settings.list_lag_ms / 1000
    shown: list[Any] = list(items.values())
    if settings.list_lag_ms and store.views:
        view = next((view for view in reversed(store.views) if view.time <= limit), store.views[0])
        entries = view.lists.get(id(items), ())
        kept = set(map(id, shown))
        shown = [
            _as_it_was(item, members)
            for item, members in entries
            if settings.list_lag_covers_deletes or id(item) in kept
        ]
    return sorted((item for item in shown if item.created <= limit), key=lambda item: int(item.seq))


def _as_it_was(item: Item, members: dict[str, Any]) -> Item:
    past = copy.copy(item)
    past.members = members
    return past
