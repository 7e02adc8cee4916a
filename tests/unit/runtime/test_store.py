"""The store: the newest version by key, in a stable order."""

import pytest

from oracleapi.runtime.store import Key, Store

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
