"""The newest known version of every watched object. A hint: a live read comes before every act that matters."""

import sys
import threading
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any, NamedTuple

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


class Key(NamedTuple):
    """An object's address; ``namespace`` is ``None`` for cluster kinds."""

    kind: str
    namespace: str | None
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.namespace}/{self.name}" if self.namespace else f"{self.kind}/{self.name}"


Resource = Mapping[str, Any]
Index = Callable[[Key, Resource], Iterable[Hashable]]
"""Returns the values under which an object is to be found."""


def projected(resource: Resource) -> Resource:
    """Return what is worth remembering of an object: without field managers and kubectl's copy of the manifest.

    Field names are interned: a decoder makes them anew for each object, and they outweigh what they name.
    """
    metadata = {name: value for name, value in resource["metadata"].items() if name != "managedFields"}
    if LAST_APPLIED in metadata.get("annotations", {}):
        kept = {name: value for name, value in metadata["annotations"].items() if name != LAST_APPLIED}
        metadata["annotations"] = kept
    found: Resource = _interned({**resource, "metadata": metadata})
    return found


def _interned(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {sys.intern(name): _interned(found) for name, found in value.items()}
    if isinstance(value, list):
        return [_interned(found) for found in value]
    return value


class Store:
    """Objects by key, and keys by what the *indexes* say; safe between the event loop and the workers.

    An index is asked once for each version of an object. It answers both ways: :meth:`lookup` from a value to the
    objects that have it, :meth:`values` from an object to its values.
    """

    def __init__(self, **indexes: Index) -> None:
        self._indexes = indexes
        self._kinds: dict[str, dict[Key, Resource]] = {}
        self._values: dict[str, dict[Key, tuple[Hashable, ...]]] = {name: {} for name in indexes}
        self._keys: dict[str, dict[Hashable, set[Key]]] = {name: {} for name in indexes}
        self._lock = threading.Lock()

    def put(self, key: Key, resource: Resource) -> Resource | None:
        """Remember *resource* and return what was known before."""
        with self._lock:
            objects = self._kinds.setdefault(key.kind, {})
            before = objects.get(key)
            objects[key] = resource
            for name, index in self._indexes.items():
                self._set(name, key, tuple(dict.fromkeys(index(key, resource))))
            return before

    def drop(self, key: Key) -> None:
        with self._lock:
            self._kinds.get(key.kind, {}).pop(key, None)
            for name in self._indexes:
                self._set(name, key, ())

    def get(self, key: Key) -> Resource | None:
        with self._lock:
            return self._kinds.get(key.kind, {}).get(key)

    def of_kind(self, kind: str) -> list[tuple[Key, Resource]]:
        """Return the objects of *kind*, in the order of their keys."""
        with self._lock:
            found = list(self._kinds.get(kind, {}).items())
        return sorted(found, key=lambda pair: _order(pair[0]))

    def lookup(self, index: str, value: Hashable) -> list[Key]:
        """Return the objects that have *value* in *index*, in the order of their keys."""
        with self._lock:
            found = list(self._keys[index].get(value, ()))
        return sorted(found, key=_order)

    def values(self, index: str, key: Key) -> tuple[Hashable, ...]:
        """Return what *key* has in *index*; nothing for an object that is not known."""
        with self._lock:
            return self._values[index].get(key, ())

    def _set(self, index: str, key: Key, values: tuple[Hashable, ...]) -> None:
        forward, backward = self._values[index], self._keys[index]
        for gone in set(forward.pop(key, ())).difference(values):
            backward[gone].discard(key)
            if not backward[gone]:
                del backward[gone]
        for value in values:
            backward.setdefault(value, set()).add(key)
        if values:
            forward[key] = values


def _order(key: Key) -> tuple[str, str, str]:
    return key.kind, key.namespace or "", key.name
