"""Staging labels as rotation moves them; each sits on one version at most."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oracleapi_sandbox.aws.secrets.labels import CURRENT, PENDING, PREVIOUS, attach, detach
from oracleapi_sandbox.aws.secrets.store import Secret, Value, Version

LABELS = [CURRENT, PENDING, PREVIOUS, "mine"]


def stages(client: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = client.describe_secret(SecretId="db")["VersionIdsToStages"]
    return found


def pending(client: Any, text: str = "two") -> str:
    made = client.put_secret_value(SecretId="db", SecretString=text, VersionStages=[PENDING])
    assert made["VersionStages"] == [PENDING]
    return str(made["VersionId"])


@pytest.fixture
def first(client: Any) -> str:
    """The version of a new secret."""
    return str(client.create_secret(Name="db", SecretString="one")["VersionId"])


def test_a_pending_version_is_read_by_its_label_only(client: Any, first: str) -> None:
    """[D]."""
    second = pending(client)
    assert stages(client) == {first: [CURRENT], second: [PENDING]}
    assert client.get_secret_value(SecretId="db")["SecretString"] == "one"
    assert client.get_secret_value(SecretId="db", VersionStage=PENDING)["SecretString"] == "two"


def test_a_second_pending_version_takes_the_label(client: Any, first: str) -> None:
    """[D]: the version before has none any more."""
    pending(client)
    third = pending(client, "three")
    assert stages(client) == {first: [CURRENT], third: [PENDING]}
    assert client.get_secret_value(SecretId="db", VersionStage=PENDING)["SecretString"] == "three"


def test_a_rotation_from_its_first_call_to_its_last(client: Any, first: str) -> None:
    """[D]: AWSPREVIOUS follows by itself, AWSPENDING stays until it is taken away."""
    second = pending(client)
    move = {"SecretId": "db", "VersionStage": CURRENT, "MoveToVersionId": second, "RemoveFromVersionId": first}
    client.update_secret_version_stage(**move)
    assert stages(client) == {first: [PREVIOUS], second: [CURRENT, PENDING]}
    client.update_secret_version_stage(SecretId="db", VersionStage=PENDING, RemoveFromVersionId=second)
    assert stages(client) == {first: [PREVIOUS], second: [CURRENT]}
    back = {"SecretId": "db", "VersionStage": CURRENT, "MoveToVersionId": first, "RemoveFromVersionId": second}
    client.update_secret_version_stage(**back)
    assert stages(client) == {first: [CURRENT], second: [PREVIOUS]}


def test_moving_is_compare_and_swap(client: Any, refused: Any, first: str) -> None:
    """Who does not know where the label is, or knows it wrongly, is refused [D]."""
    second = pending(client)
    move = {"SecretId": "db", "VersionStage": CURRENT, "MoveToVersionId": second}
    text = "The parameter RemoveFromVersionId can't be empty. Staging label AWSCURRENT is currently attached to version"
    with refused("InvalidParameterException", f"{text} {first}"):
        client.update_secret_version_stage(**move)
    with refused("InvalidParameterException", "RemoveFromVersionId"):
        client.update_secret_version_stage(**move, RemoveFromVersionId=second)
    client.update_secret_version_stage(**move, RemoveFromVersionId=first)
    with refused("InvalidParameterException", "RemoveFromVersionId"):
        client.update_secret_version_stage(**move, RemoveFromVersionId=first)


def test_the_current_label_moves_and_never_goes(client: Any, refused: Any, first: str) -> None:
    """[D: text quoted in public code]."""
    with refused("InvalidParameterException", "You can only move staging label AWSCURRENT to a different"):
        client.update_secret_version_stage(SecretId="db", VersionStage=CURRENT, RemoveFromVersionId=first)
    with refused("InvalidParameterException", "MoveToVersionId or RemoveFromVersionId"):
        client.update_secret_version_stage(SecretId="db", VersionStage="mine")


def test_labels_of_ones_own(client: Any, refused: Any, token: Any, first: str) -> None:
    """They stay when the others move [D]; a version that is not there takes none."""
    client.update_secret_version_stage(SecretId="db", VersionStage="mine", MoveToVersionId=first)
    second = client.put_secret_value(SecretId="db", SecretString="two")["VersionId"]
    assert stages(client) == {first: [PREVIOUS, "mine"], second: [CURRENT]}
    with refused("ResourceNotFoundException"):
        client.update_secret_version_stage(SecretId="db", VersionStage="mine", MoveToVersionId=token())


@pytest.mark.parametrize("leaves", [True, False])
def test_pending_on_the_version_that_stops_being_current(house: Any, client: Any, first: str, leaves: bool) -> None:
    """PutSecretValue takes it away [D: recorded]; whether UpdateSecretVersionStage does is a switch [U]."""
    house.settings.merge({"pending_leaves_with_current": leaves})
    second = pending(client)
    there = {"SecretId": "db", "VersionStage": CURRENT, "MoveToVersionId": second, "RemoveFromVersionId": first}
    client.update_secret_version_stage(**there)
    back = {"SecretId": "db", "VersionStage": CURRENT, "MoveToVersionId": first, "RemoveFromVersionId": second}
    client.update_secret_version_stage(**back)
    assert stages(client)[second] == ([PREVIOUS] if leaves else [PENDING, PREVIOUS])
    client.update_secret_version_stage(**there)
    third = client.put_secret_value(SecretId="db", SecretString="three")["VersionId"]
    assert stages(client) == {second: [PREVIOUS], third: [CURRENT]}


def test_labels_are_twenty_over_all_versions(client: Any, refused: Any, first: str) -> None:
    """[D]; which error is [U]."""
    for number in range(19):
        client.update_secret_version_stage(SecretId="db", VersionStage=f"l{number}", MoveToVersionId=first)
    with refused("LimitExceededException"):
        client.update_secret_version_stage(SecretId="db", VersionStage="more", MoveToVersionId=first)
    with refused("LimitExceededException"):
        pending(client)
    assert len(client.get_secret_value(SecretId="db")["VersionStages"]) == 20


def test_versions_are_listed_by_page(client: Any, refused: Any, first: str) -> None:
    """Those without labels only when asked for [D]."""
    for number in range(3):
        client.put_secret_value(SecretId="db", SecretString=str(number))
    assert len(client.list_secret_version_ids(SecretId="db")["Versions"]) == 2
    page = client.list_secret_version_ids(SecretId="db", IncludeDeprecated=True, MaxResults=3)
    rest = client.list_secret_version_ids(SecretId="db", IncludeDeprecated=True, NextToken=page["NextToken"])
    found = [*page["Versions"], *rest["Versions"]]
    assert found[0]["VersionId"] == first
    assert [entry.get("VersionStages") for entry in found] == [None, None, [PREVIOUS], [CURRENT]]
    assert found[0]["KmsKeyIds"] == ["DefaultEncryptionKey"]
    with refused("InvalidNextTokenException"):
        client.list_secret_version_ids(SecretId="db", NextToken="nonsense")


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(LABELS), st.integers(0, 3), st.booleans()), max_size=30))
def test_whatever_is_moved_a_label_has_one_version(steps: list[tuple[str, int, bool]]) -> None:
    """And AWSCURRENT, once there, never goes; AWSPREVIOUS is where it was before its last move."""
    versions = tuple(Version(f"v{number}", Value(text=str(number)), 0.0) for number in range(4))
    secret = attach(Secret("arn", "db", 0.0, 0.0, versions=versions), "v0", frozenset([CURRENT]), True)
    for label, number, away in steps:
        before = secret.labelled(CURRENT)
        assert before is not None
        if away and label != CURRENT:
            secret = detach(secret, label)
        else:
            secret = attach(secret, f"v{number}", frozenset([label]), True)
        for name in LABELS:
            assert sum(name in version.labels for version in secret.versions) <= 1
        now = secret.labelled(CURRENT)
        assert now is not None
        if now.version_id != before.version_id:
            left = secret.labelled(PREVIOUS)
            assert left is not None
            assert left.version_id == before.version_id
