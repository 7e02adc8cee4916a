"""The newest known version of every watched object. A hint: a live read comes before every act that matters."""

import threading
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple


class Key(NamedTuple):
    """An object's address; ``namespace`` is ``None`` for cluster kinds."""

    kind: str
    namespace: str | None
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.namespace}/{self.name}" if self.namespace else f"{self.kind}/{self.name}"


class Store:
    """Objects by key; safe between the event loop and the workers."""

    def __init__(self) -> None:
        self._objects: dict[Key, Mapping[str, Any]] = {}
        self._lock = threading.Lock()

    def put(self, key: Key, resource: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Remember *resource* and return what was known before."""
        with self._lock:
            before = self._objects.get(key)
            self._objects[key] = resource
            return before

    def drop(self, key: Key) -> None:
        with self._lock:
            self._objects.pop(key, None)

    def get(self, key: Key) -> Mapping[str, Any] | None:
        with self._lock:
            return self._objects.get(key)

    def of_kind(self, kind: str) -> Iterable[tuple[Key, Mapping[str, Any]]]:
        """Return the objects of *kind*, in the order of their keys."""
        with self._lock:
            found = [(key, resource) for key, resource in self._objects.items() if key.kind == kind]
        return sorted(found, key=lambda pair: (pair[0].namespace or "", pair[0].name))
