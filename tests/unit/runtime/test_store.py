"""The store: the newest version by key, in a stable order, found by what it is indexed under."""

from collections.abc import Hashable, Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracleapi.runtime.store import LAST_APPLIED, Key, Resource, Store, projected

ONE, TWO = Key("OracleApi", "hr", "one"), Key("OracleApi", "hr", "two")


def test_put_returns_what_was_known_before() -> None:
    store = Store()
    assert store.put(ONE, {"spec": 1}) is None
    assert store.put(ONE, {"spec": 2}) == {"spec": 1}
    assert store.get(ONE) == {"spec": 2}


def test_what_is_dropped_is_gone_and_dropping_it_again_is_fine() -> None:
    store = Store()
    store.put(ONE, {})
    store.drop(ONE)
    store.drop(ONE)
    assert store.get(ONE) is None


def test_a_kind_is_listed_in_the_order_of_its_keys() -> None:
    store = Store()
    other = Key("OracleApi", "aa", "zz")
    for key in (TWO, Key("VpcLink", None, "private"), ONE, other):
        store.put(key, {"name": key.name})
    assert [key for key, _ in store.of_kind("OracleApi")] == [other, ONE, TWO]


def test_a_list_is_not_disturbed_by_later_changes() -> None:
    store = Store()
    store.put(ONE, {})
    listed = store.of_kind("OracleApi")
    store.drop(ONE)
    assert [key for key, _ in listed] == [ONE]


@pytest.mark.parametrize(("key", "text"), [(ONE, "OracleApi/hr/one"), (Key("VpcLink", None, "p"), "VpcLink/p")])
def test_a_key_reads_as_people_write_it(key: Key, text: str) -> None:
    assert str(key) == text


# Indexes


def colours(_: Key, resource: Resource) -> Iterable[Hashable]:
    yield from resource["colours"]


KEYS = st.builds(Key, st.sampled_from(["A", "B"]), st.sampled_from([None, "n", "m"]), st.sampled_from("xyz"))
STEPS = st.lists(st.tuples(KEYS, st.none() | st.lists(st.integers(0, 4), max_size=4)), max_size=40)


@given(STEPS)
def test_an_index_says_what_a_scan_would(steps: list[tuple[Key, list[int] | None]]) -> None:
    store, world = Store(colours=colours), dict[Key, list[int]]()
    for key, values in steps:
        if values is None:
            store.drop(key)
            world.pop(key, None)
        else:
            store.put(key, {"colours": values})
            world[key] = values
        for value in range(5):
            scanned = [found for found, has in world.items() if value in has]
            assert store.lookup("colours", value) == sorted(scanned, key=lambda k: (k.kind, k.namespace or "", k.name))
        for found in {key for key, _ in steps}:
            assert store.values("colours", found) == tuple(dict.fromkeys(world.get(found, [])))
    for key in list(world):
        store.drop(key)
    assert (store._keys, store._values) == ({"colours": {}}, {"colours": {}}), "an empty store holds something"


# What is remembered of an object


def test_field_managers_and_the_last_applied_manifest_are_not_remembered() -> None:
    annotations = {LAST_APPLIED: "{}", "team": "hr"}
    metadata = {"name": "one", "managedFields": [{"manager": "kubectl"}], "annotations": annotations}
    whole: dict[str, Any] = {"metadata": metadata, "spec": {"routes": [{"path": "/x"}]}, "status": {"a": None}}
    assert projected(whole) == {
        "metadata": {"name": "one", "annotations": {"team": "hr"}},
        "spec": {"routes": [{"path": "/x"}]},
        "status": {"a": None},
    }
    assert (metadata["annotations"], set(annotations)) == (annotations, {LAST_APPLIED, "team"}), "the given changed"


def test_two_objects_share_their_field_names() -> None:
    def made() -> Resource:
        return projected({"".join(["meta", "data"]): {"name": "x"}, "".join(["sp", "ec"]): {"".join(["a", "b"]): 1}})

    one, two = made(), made()
    assert [id(name) for name in one] == [id(name) for name in two]
    assert [id(name) for name in one["spec"]] == [id(name) for name in two["spec"]]
