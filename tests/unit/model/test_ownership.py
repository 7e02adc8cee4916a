"""Ownership marks: what is written is read back, and nothing else counts as a mark."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oracleapi.model.ownership import TAG_OWNER, TAG_UID, Owner, marked_owner

NAME = st.sampled_from(["a", "hr-read", "0", "x" * 63, "ä", '"', "/"])


@settings(max_examples=30, derandomize=True)
@given(st.builds(Owner, NAME, NAME, st.none() | NAME, NAME, NAME))
def test_a_marker_names_its_owner(owner: Owner) -> None:
    assert marked_owner(owner.marker()) == str(owner)
    assert owner.tags() == {TAG_OWNER: str(owner), TAG_UID: owner.uid}


def test_a_cluster_kind_has_a_dash_for_its_namespace() -> None:
    assert str(Owner("i", "VpcLink", None, "private")) == "i/VpcLink/-/private"


@pytest.mark.parametrize(
    "comments",
    [
        None,
        "",
        "made by hand",
        "[]",
        "7",
        "null",
        "{}",
        '{"oracleapi.dev": 1}',
        '{"oracleapi.dev": {}}',
        '{"oracleapi.dev": {"owner": 1}}',
        '{"other": {"owner": "x"}}',
        '{"oracleapi.dev": {"owner": "x"',
    ],
)
def test_what_is_no_marker_of_ours_has_no_owner(comments: str | None) -> None:
    assert marked_owner(comments) is None
