"""The settings object that the control endpoint changes."""

from dataclasses import fields

import pytest

from oracleapi_sandbox.aws.data.settings import DataSettings, Target


def test_values_as_json_go_in_and_out():
    settings = DataSettings()
    settings.update({"targets": {"arn": ["127.0.0.1", 80], "b": ["h", 1, True]}, "account_rate": 5})
    assert settings.targets == {"arn": Target("127.0.0.1", 80), "b": Target("h", 1, True)}
    shown = settings.as_json()
    assert shown["targets"] == {"arn": ["127.0.0.1", 80, None], "b": ["h", 1, True]}
    again = DataSettings()
    again.update(shown)
    assert again == settings
    assert set(shown) == {item.name for item in fields(DataSettings)}


@pytest.mark.parametrize(
    "values",
    [
        {"nothing": 1},
        {"decode_encoded_slash": "yes"},
        {"decode_encoded_slash": 1},
        {"account_burst": 1.5},
        {"account_rate": True},
        {"account_rate": -1},
        {"account_rate": float("inf")},
        {"missing_scope_status": 404},
        {"missing_scope_status": "403"},
        {"forwarded_headers": "maybe"},
        {"endpoint_domain": None},
        {"targets": []},
        {"targets": {"arn": "127.0.0.1:80"}},
        {"targets": {"arn": ["127.0.0.1"]}},
        {"targets": {"arn": ["127.0.0.1", "80"]}},
        {"targets": {"arn": ["127.0.0.1", 80, "no"]}},
    ],
)
def test_wrong_values_change_nothing(values):
    settings = DataSettings()
    with pytest.raises(ValueError, match=next(iter(values))):
        settings.update({"collapse_slashes": True, **values})
    assert settings == DataSettings()
