"""The switches: typed, all or none."""

import pytest

from oracleapi_sandbox.ords.settings import OrdsSettings


def test_changes_are_applied_together() -> None:
    settings = OrdsSettings()
    settings.apply({"metadata_cache_seconds": 0, "missing_scope_status": 403, "pre_hook": None})
    assert (settings.metadata_cache_seconds, settings.missing_scope_status) == (0, 403)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("no_such_setting", 1),
        ("apply", 1),
        ("missing_scope_status", 404),
        ("missing_scope_status", "401"),
        ("encoded_slash", "maybe"),
        ("head_as_get", 1),
        ("jwks_size", 1.5),
        ("jwks_size", True),
        ("metadata_cache_seconds", "5"),
        ("trace_header_name", None),
    ],
)
def test_an_unknown_name_or_a_wrong_value_changes_nothing(name: str, value: object) -> None:
    settings = OrdsSettings()
    with pytest.raises(ValueError, match=name):
        settings.apply({"head_as_get": False, name: value})
    assert settings == OrdsSettings()
