"""The lists of an account, read once for all its objects and never trusted where that could make a twin."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from oracleapi.errors import Uncertain
from oracleapi.model.gateway import ApiIdentity, CreateApi, DeleteApi, GatewayAction, ImportApi, TagApi, UpdateApi
from oracleapi.model.link import CreateLink, DeleteLink, ObservedLink
from oracleapi.ports import Gateway
from oracleapi.runtime.clock import Clock

T = TypeVar("T")
LIST_KEPT_S = 30.0
LIST_DISTRUSTED_S = 60.0
"""How long after a create whose answer was lost every list is read anew: as long as it may lag behind."""
SETTLED_LINKS = frozenset({"AVAILABLE", "INACTIVE", "FAILED"})


@dataclass
class Lists:
    """What was read of an account, when, and until when no list is believed; an adapter's own, which it may outlive."""

    apis: tuple[float, list[ApiIdentity]] | None = None
    links: tuple[float, list[ObservedLink]] | None = None
    distrusted_until: float = float("-inf")
    lock: threading.RLock = field(default_factory=threading.RLock)


class Inventory:
    """Reads the lists of an account once for all objects and keeps them for ``LIST_KEPT_S``.

    What is made through it is added, what is deleted is taken out. A list is read anew where somebody asks for it
    (``fresh``), after a create whose answer was lost, after a failed delete, and while a link is on its way.
    """

    def __init__(self, inner: Gateway, clock: Clock, lists: Lists) -> None:
        self._inner, self._clock, self._known = inner, clock, lists
        self._lock = lists.lock  # one reads, the others wait for its list

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def list_apis(self, fresh: bool = False) -> Sequence[ApiIdentity]:
        with self._lock:
            if self._known.apis is None or fresh or self._old(self._known.apis[0]):
                began = self._clock.monotonic()
                self._known.apis = (began, list(self._inner.list_apis()))
            return list(self._known.apis[1])

    def list_links(self, fresh: bool = False) -> Sequence[ObservedLink]:
        with self._lock:
            _, links = self._known.links or (0.0, [])
            moving = any(link.state not in SETTLED_LINKS for link in links)
            if self._known.links is None or fresh or moving or self._old(self._known.links[0]):
                began = self._clock.monotonic()
                self._known.links = (began, list(self._inner.list_links()))
            return list(self._known.links[1])

    def create_api(self, action: CreateApi) -> ApiIdentity:
        made = self._changing(lambda: self._inner.create_api(action))
        self._edit_apis(lambda known: [*known, made])
        return made

    def create_link(self, action: CreateLink) -> str:
        made = self._changing(lambda: self._inner.create_link(action))
        with self._lock:
            self._known.links = None
        return made

    def apply(self, action: GatewayAction | DeleteLink) -> None:
        match action:
            case DeleteApi():
                self._changing(lambda: self._inner.apply(action))
                self._edit_apis(lambda known: [found for found in known if found.api_id != action.api_id])
            case ImportApi():
                self._changing(lambda: self._inner.apply(action))
                name, tags = action.desired.name, dict(action.desired.tags)
                self._edit_apis(
                    lambda known: [
                        replace(found, name=name, tags=tags) if found.api_id == action.api_id else found
                        for found in known
                    ]
                )
            case DeleteLink() | UpdateApi() | TagApi():
                try:
                    self._inner.apply(action)
                finally:
                    self._drop()
            case _:
                self._inner.apply(action)

    def _changing(self, function: Callable[[], T]) -> T:
        try:
            return function()
        except Uncertain:
            self._drop()
            with self._lock:
                self._known.distrusted_until = self._clock.monotonic() + LIST_DISTRUSTED_S
            raise
        except BaseException:
            self._drop()
            raise

    def _edit_apis(self, edit: Callable[[list[ApiIdentity]], list[ApiIdentity]]) -> None:
        with self._lock:
            if self._known.apis is not None:
                self._known.apis = (self._known.apis[0], edit(self._known.apis[1]))

    def _drop(self) -> None:
        with self._lock:
            self._known.apis, self._known.links = None, None

    def _old(self, read_at: float) -> bool:
        now = self._clock.monotonic()
        return now - read_at >= LIST_KEPT_S or now < self._known.distrusted_until
