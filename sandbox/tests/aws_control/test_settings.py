"""The settings store: one name space over both planes, all or nothing."""

import dataclasses
from typing import Any

import pytest

from oracleapi_sandbox.aws.data.settings import DataSettings
from oracleapi_sandbox.aws.settings import ControlSettings, SettingError, SettingsStore


@pytest.mark.parametrize(
    ("patch", "shown"),
    [
        ({"quotas": "real"}, {"quotas": "real"}),
        ({"quotas": 20}, {"quotas": 20.0}),
        ({"concurrent_modification": 0.5}, {"concurrent_modification": 0.5}),
        ({"inactive_vpc_links": ["a", "b"]}, {"inactive_vpc_links": ("a", "b")}),
        ({"max_routes": 3, "discovery_check": False}, {"max_routes": 3, "discovery_check": False}),
        ({"account_burst": 9, "list_lag_ms": 1}, {"account_burst": 9, "list_lag_ms": 1.0}),
        ({"targets": {"arn": ["127.0.0.1", 9]}}, {"targets": {"arn": ["127.0.0.1", 9, None]}}),
    ],
)
def test_a_patch_is_merged(patch: dict[str, Any], shown: dict[str, Any]) -> None:
    """Settings that are not named stay; both planes are reached."""
    store = SettingsStore(DataSettings())
    before = store.show()
    store.merge(patch)
    assert store.show() == {**before, **shown}


@pytest.mark.parametrize(
    ("patch", "part"),
    [
        ({"nothing": 1}, "nothing"),
        ({"quotas": "fast"}, "quotas"),
        ({"quotas": True}, "quotas"),
        ({"max_routes": 1.5}, "max_routes"),
        ({"max_routes": True}, "max_routes"),
        ({"discovery_check": 1}, "discovery_check"),
        ({"inactive_vpc_links": "a"}, "inactive_vpc_links"),
        ({"inactive_vpc_links": [1]}, "inactive_vpc_links"),
        ({"vpc_link_seconds": None}, "vpc_link_seconds"),
        ({"account_burst": -1}, "account_burst"),
    ],
)
def test_a_wrong_patch_changes_nothing(patch: dict[str, Any], part: str) -> None:
    """The error names the setting, and what stood beside it is not taken either."""
    store = SettingsStore(DataSettings())
    before = store.show()
    with pytest.raises(SettingError, match=part):
        store.merge({"list_lag_ms": 7, "account_rate": 7, **patch})
    assert store.show() == before


def test_reset_returns_to_the_start() -> None:
    """Both sections go back; where listeners lead to is wiring and stays."""
    store = SettingsStore(DataSettings())
    before = store.show()
    store.merge({"list_lag_ms": 7, "account_rate": 7, "targets": {"a": ["h", 1]}})
    store.reset()
    assert store.show() == {**before, "targets": {"a": ["h", 1, None]}}


def test_every_switch_is_described() -> None:
    """The docstring is the register of what is known of each."""
    described = ControlSettings.__doc__ or ""
    names = [entry.name for entry in dataclasses.fields(ControlSettings) if not entry.name.startswith("max_")]
    assert [name for name in names if f"``{name}``" not in described] == []
