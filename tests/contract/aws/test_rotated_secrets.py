"""Secrets through the operator's adapter as a rotation uses it, at the wire: versions, labels, and a secret's life.

Against a real account (``ORACLEAPI_CONTRACT_AWS=real``) it makes one or two secrets below ``oracleapi/contract/`` a
test, and deletes them.
"""

import contextlib
import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from oracleapi.adapters.aws.rotation import AwsRotatedSecrets
from oracleapi.errors import DependencyNotReady, Retryable, Terminal
from oracleapi.model.rotation import CURRENT, PENDING, PREVIOUS, ObservedSecret
from support.iam_account import iam_clients

FIRST = {"username": "HR_APP", "password": "Pa55-one"}
NEXT = {**FIRST, "password": "Pa55-two"}


@pytest.fixture
def rotated(contract: Any) -> AwsRotatedSecrets:
    return AwsRotatedSecrets(iam_clients(contract))


@pytest.fixture
def name(contract: Any) -> Iterator[str]:
    """A name that no secret has; what has it afterwards is deleted."""
    client, found = contract.aws.client("secretsmanager"), f"oracleapi/contract/{uuid.uuid4().hex}"
    yield found
    with contextlib.suppress(client.exceptions.ResourceNotFoundException):
        client.delete_secret(SecretId=found, ForceDeleteWithoutRecovery=True)


@pytest.fixture
def first(rotated: AwsRotatedSecrets, name: str) -> str:
    """The first version of a secret of that name."""
    token = str(uuid.uuid4())
    rotated.create(name, token, FIRST, {"owner": "me"}, None)
    return token


@pytest.fixture(params=["pending leaves", "pending stays"])
def position(contract: Any, request: pytest.FixtureRequest) -> Iterator[None]:
    """Whether AWSPENDING leaves a version together with AWSCURRENT [U]; a real account does either, once."""
    if contract.real:
        yield
        return
    contract.aws.sandbox("PUT", "settings", {"pending_leaves_with_current": request.param == "pending leaves"})
    yield
    contract.aws.sandbox("PUT", "settings", {"pending_leaves_with_current": True})


def seen(rotated: AwsRotatedSecrets, name: str) -> ObservedSecret:
    found = rotated.describe(name)
    assert found is not None
    return found


def put(rotated: AwsRotatedSecrets, name: str, values: dict[str, Any] = NEXT) -> str:
    token = str(uuid.uuid4())
    rotated.put_pending(name, token, values)
    return token


def test_a_secret_is_made_once_and_seen_without_its_values(rotated: AwsRotatedSecrets, name: str) -> None:
    assert rotated.describe(name) is None
    token = str(uuid.uuid4())
    for _ in range(2):
        rotated.create(name, token, FIRST, {"owner": "me", "cost-centre": "a+b c"}, None)
    found = seen(rotated, name)
    assert (found.name, dict(found.versions)) == (name, {token: frozenset({CURRENT})})
    assert (dict(found.tags), found.kms_key_id) == ({"owner": "me", "cost-centre": "a+b c"}, "")
    assert (found.rotates, found.owning_service, found.deleted) == (False, "", False)
    assert found.changed is not None
    assert str(found.changed.tzinfo) == "UTC"
    assert rotated.describe(found.arn) == found
    assert rotated.read(name, token).values == FIRST
    assert "Pa55" not in repr(found) + repr(rotated.read(name, token))


def test_what_a_secret_holds_besides_texts_is_kept(contract: Any, rotated: AwsRotatedSecrets, name: str) -> None:
    """AWS itself writes the port of a database as a number; ``ssl`` is true or false."""
    held = {"port": 1521, "ssl": True, "tags": ["a", {"b": None}], "note": "ä", "weight": 1.5}
    client = contract.aws.client("secretsmanager")
    client.create_secret(Name=name, SecretString=json.dumps({**held, "username": "HR_APP", "password": 12345}))
    version = seen(rotated, name).version_with(CURRENT)
    assert version is not None
    old = rotated.read(name, version).values
    assert old == {**held, "username": "HR_APP", "password": "12345"}
    token = put(rotated, name, {**old, "password": "Pa55-two"})
    stored = client.get_secret_value(SecretId=name, VersionId=token)["SecretString"]
    assert json.loads(stored) == {**held, "username": "HR_APP", "password": "Pa55-two"}


def test_somebody_else_s_secret_is_not_taken_for_ours(rotated: AwsRotatedSecrets, name: str, first: str) -> None:
    for token, values in ((str(uuid.uuid4()), FIRST), (first, NEXT)):
        with pytest.raises(Terminal, match=f"there is a secret {name} already") as caught:
            rotated.create(name, token, values, {}, None)
        assert caught.value.reason == "Conflict"
    assert dict(seen(rotated, name).versions) == {first: frozenset({CURRENT})}


def test_a_pending_version_leaves_the_current_one_where_it_is(
    rotated: AwsRotatedSecrets, name: str, first: str
) -> None:
    token = str(uuid.uuid4())
    for _ in range(2):
        rotated.put_pending(name, token, dict(reversed(NEXT.items())))
    assert dict(seen(rotated, name).versions) == {first: frozenset({CURRENT}), token: frozenset({PENDING})}
    assert (rotated.read(name, first).values, rotated.read(name, token).values) == (FIRST, NEXT)
    with pytest.raises(Terminal, match=f"secret {name} has this version with other values") as caught:
        rotated.put_pending(name, token, {**NEXT, "password": "canary"})
    assert caught.value.reason == "Conflict"
    assert "canary" not in str(caught.value)
    assert rotated.read(name, token).values == NEXT


def test_a_pending_version_that_lost_its_label_gets_it_again(
    contract: Any, rotated: AwsRotatedSecrets, name: str, first: str
) -> None:
    token = put(rotated, name)
    rotated.drop_pending(name, token)
    with contract.unconfirmed("a version that is stored again is answered with the labels that it has"):
        rotated.put_pending(name, token, NEXT)
        assert seen(rotated, name).version_with(PENDING) == token
    rotated.drop_pending(name, token)
    other = put(rotated, name, FIRST)
    with contract.unconfirmed("so that a label which went to another version is noticed"):
        with pytest.raises(Retryable, match="does not move a label") as caught:
            rotated.put_pending(name, token, NEXT)
        assert caught.value.reason == "Conflict"
    assert seen(rotated, name).version_with(PENDING) == other


def test_a_whole_rotation_and_every_step_again(
    rotated: AwsRotatedSecrets, name: str, first: str, position: None
) -> None:
    """Wherever AWSPENDING is once AWSCURRENT has moved, forth and back."""
    second = put(rotated, name)
    assert [rotated.make_current(name, second, first) for _ in range(2)] == [True, True]
    rotated.put_pending(name, second, NEXT)
    for _ in range(2):
        rotated.drop_pending(name, second)
    assert dict(seen(rotated, name).versions) == {first: frozenset({PREVIOUS}), second: frozenset({CURRENT})}
    assert rotated.read(name, first).values == FIRST
    assert [rotated.make_current(name, first, second) for _ in range(2)] == [True, True]
    assert seen(rotated, name).version_with(CURRENT) == first


def test_a_rotation_is_taken_back_with_its_label_still_there(
    rotated: AwsRotatedSecrets, name: str, first: str, position: None
) -> None:
    """The version that loses AWSCURRENT may keep AWSPENDING: dropping it is done under both."""
    second = put(rotated, name)
    assert rotated.make_current(name, second, first)
    assert rotated.make_current(name, first, second)
    for _ in range(2):
        rotated.drop_pending(name, second)
    found = seen(rotated, name)
    assert (found.version_with(CURRENT), found.version_with(PENDING)) == (first, None)


def test_a_version_is_made_current_only_in_place_of_the_one_it_was_made_for(
    rotated: AwsRotatedSecrets, name: str, first: str
) -> None:
    mine = put(rotated, name)
    theirs = put(rotated, name, {**FIRST, "password": "three"})
    assert rotated.make_current(name, theirs, first)
    assert rotated.make_current(name, mine, first) is False
    rotated.drop_pending(name, mine)
    assert seen(rotated, name).version_with(CURRENT) == theirs


def test_a_label_of_another_version_stays_where_it_is(rotated: AwsRotatedSecrets, name: str, first: str) -> None:
    mine = put(rotated, name)
    theirs = put(rotated, name, {**FIRST, "password": "three"})
    rotated.drop_pending(name, mine)
    assert seen(rotated, name).version_with(PENDING) == theirs


def test_a_version_that_is_not_there_is_told(rotated: AwsRotatedSecrets, name: str, first: str) -> None:
    none = str(uuid.uuid4())
    with pytest.raises(DependencyNotReady, match=f"secret {name} is not in .* or has no such version") as caught:
        rotated.read(name, none)
    assert caught.value.reason == "CredentialsMissing"
    with pytest.raises(Retryable):
        rotated.make_current(name, none, first)
    rotated.drop_pending(name, none)
    assert dict(seen(rotated, name).versions) == {first: frozenset({CURRENT})}


def test_a_secret_that_is_not_there_is_told(rotated: AwsRotatedSecrets, name: str) -> None:
    token = str(uuid.uuid4())
    for act in (
        lambda: rotated.read(name, token),
        lambda: rotated.put_pending(name, token, NEXT),
        lambda: rotated.make_current(name, token, str(uuid.uuid4())),
        lambda: rotated.drop_pending(name, token),
        lambda: rotated.restore(name),
        lambda: rotated.tag(name, {"a": "b"}),
    ):
        with pytest.raises(DependencyNotReady, match=f"secret {name} is not in this account and region"):
            act()
    rotated.delete(name, 7)
    assert rotated.describe(name) is None


def test_a_secret_goes_and_comes_back(rotated: AwsRotatedSecrets, name: str, first: str) -> None:
    token = put(rotated, name)
    for _ in range(2):
        rotated.delete(name, 7)
    assert seen(rotated, name).deleted
    for act in (
        lambda: rotated.read(name, first),
        lambda: rotated.create(name, first, FIRST, {}, None),
        lambda: rotated.put_pending(name, token, NEXT),
        lambda: rotated.make_current(name, token, first),
        lambda: rotated.drop_pending(name, token),
        lambda: rotated.tag(name, {"a": "b"}),
    ):
        with pytest.raises(DependencyNotReady, match=f"secret {name} is scheduled for deletion; restore it") as caught:
            act()
        assert caught.value.reason == "CredentialsMissing"
    for _ in range(2):
        rotated.restore(name)
    found = seen(rotated, name)
    assert (found.deleted, found.version_with(CURRENT), found.version_with(PENDING)) == (False, first, token)


def test_tags_are_added_and_changed(rotated: AwsRotatedSecrets, name: str, first: str) -> None:
    rotated.tag(name, {})
    for _ in range(2):
        rotated.tag(name, {"owner": "you", "more": ""})
    assert dict(seen(rotated, name).tags) == {"owner": "you", "more": ""}


def test_what_aws_refuses_is_told_without_a_value(rotated: AwsRotatedSecrets, name: str, first: str) -> None:
    canary = "canary" * 11_000
    with pytest.raises(Terminal, match=f"what secret {name} would hold is more than its 65,536 bytes") as caught:
        put(rotated, name, {"password": canary})
    assert "canary" not in str(caught.value)
    with pytest.raises(Terminal, match="secretsmanager:DeleteSecret") as caught:
        rotated.delete(name, 3)
    assert caught.value.reason == "AwsRefused"
    assert not seen(rotated, name).deleted


def test_what_is_no_json_object_is_told(contract: Any, rotated: AwsRotatedSecrets, name: str, first: str) -> None:
    client = contract.aws.client("secretsmanager")
    for given in ({"SecretString": "canary"}, {"SecretBinary": b"canary"}, {"SecretString": json.dumps(["canary"])}):
        version = client.put_secret_value(SecretId=name, **given)["VersionId"]
        with pytest.raises(DependencyNotReady, match=f"secret {name} holds") as caught:
            rotated.read(name, version)
        assert "canary" not in str(caught.value)
