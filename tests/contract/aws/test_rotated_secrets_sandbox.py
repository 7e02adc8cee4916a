"""A rotation's calls under faults of AWS, under keys of KMS, and under exactly the policy of docs/iam-policy.json."""

import json
import pathlib
import traceback
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from oracleapi.adapters.aws.rotation import AwsRotatedSecrets
from oracleapi.adapters.aws.session import Clients
from oracleapi.errors import OperatorError, Retryable
from oracleapi.model.rotation import CURRENT, PENDING, PREVIOUS
from support.iam_account import iam_clients

POLICY = json.loads((pathlib.Path(__file__).resolve().parents[3] / "docs" / "iam-policy.json").read_text())
NAME, TOKEN, SECOND = "oracleapi/hr", str(uuid.uuid4()), str(uuid.uuid4())
FIRST, NEXT = {"username": "HR_APP", "password": "canary-1"}, {"username": "HR_APP", "password": "canary-2"}
OWN = {
    "missing_secret_is_denied": True,
    "missing_secret_is_named": True,
    "secret_lag_ms": 0.0,
    "max_secrets": 500_000,
    "max_secret_versions": 100,
}


@pytest.fixture(autouse=True)
def _clean(contract: Any) -> Iterator[None]:
    contract.aws.sandbox("POST", "reset")
    yield
    contract.aws.sandbox("PUT", "settings", OWN)
    contract.aws.sandbox("POST", "reset")
    contract.aws.sandbox("PUT", "principals", {"op": None})


@pytest.fixture
def rotated(contract: Any) -> AwsRotatedSecrets:
    return AwsRotatedSecrets(iam_clients(contract))


def under(contract: Any, *policies: Any) -> AwsRotatedSecrets:
    """Return the adapter as a principal with these policies."""
    made = contract.aws.sandbox("PUT", "principals", {"op": {"policies": list(policies)}})["principals"]["op"]
    keys = {"AWS_ACCESS_KEY_ID": made["access_key_id"], "AWS_SECRET_ACCESS_KEY": made["secret_access_key"]}
    return AwsRotatedSecrets(Clients(contract.gateway.meta.region_name, contract.aws.endpoint_url, keys, None))


Step = Callable[[AwsRotatedSecrets], object]
STEPS: list[tuple[str, Step]] = [
    ("CreateSecret", lambda it: it.create(NAME, TOKEN, FIRST, {"owner": "me"}, None)),
    ("DescribeSecret", lambda it: it.describe(NAME)),
    ("GetSecretValue", lambda it: it.read(NAME, TOKEN)),
    ("TagResource", lambda it: it.tag(NAME, {"owner": "you"})),
    ("UpdateSecret", lambda it: it.set_key(NAME, "alias/aws/secretsmanager")),
    ("PutSecretValue", lambda it: it.put_pending(NAME, SECOND, NEXT)),
    ("UpdateSecretVersionStage", lambda it: it.make_current(NAME, SECOND, TOKEN)),
    ("UpdateSecretVersionStage", lambda it: it.drop_pending(NAME, SECOND)),
    ("DeleteSecret", lambda it: it.delete(NAME, 7)),
    ("RestoreSecret", lambda it: it.restore(NAME)),
]
"""A whole life, with the action that each step needs."""


def check_end(contract: Any, rotated: AwsRotatedSecrets) -> None:
    """Look at the secret at its end as the administrator."""
    found = rotated.describe(NAME)
    assert found is not None
    assert dict(found.versions) == {TOKEN: frozenset({PREVIOUS}), SECOND: frozenset({CURRENT})}
    assert (found.deleted, dict(found.tags)) == (False, {"owner": "you"})
    assert (rotated.read(NAME, TOKEN).values, rotated.read(NAME, SECOND).values) == (FIRST, NEXT)
    assert "canary" not in json.dumps(contract.aws.sandbox("GET", "calls"))


@pytest.mark.parametrize("lost", ["drop_before", "drop_after"])
def test_every_answer_may_be_lost(contract: Any, rotated: AwsRotatedSecrets, lost: str) -> None:
    """As often as the client asks by itself; the step is done again and means the same.

    What was done and is refused when the client asks again is seen to be done at once.
    """
    for operation, act in STEPS:
        fault = {"operation": f"secretsmanager:{operation}", "times": 3, lost: True}
        contract.aws.sandbox("PUT", "faults", [fault])
        if lost == "drop_before" or operation not in ("UpdateSecretVersionStage", "DeleteSecret"):
            with pytest.raises(Retryable, match=f"no answer to secretsmanager:{operation}") as caught:
                act(rotated)
            assert (type(caught.value), caught.value.reason) == (Retryable, "AwsUnavailable")
        for _ in range(2):
            assert act(rotated) is not False
        contract.aws.sandbox("PUT", "faults", [])
    check_end(contract, rotated)


def test_the_shipped_policy_suffices_for_a_rotation_and_no_more(contract: Any, rotated: AwsRotatedSecrets) -> None:
    mine = under(contract, POLICY)
    assert mine.describe(NAME) is None
    mine.delete(NAME, 7)
    for _, act in STEPS:
        assert act(mine) is not False
    check_end(contract, rotated)
    elsewhere = "other/hr"
    rotated.create(elsewhere, TOKEN, FIRST, {}, None)
    for denied in (lambda: mine.describe(elsewhere), lambda: mine.read(elsewhere, TOKEN)):
        with pytest.raises(Retryable, match=f"AWS denied secret {elsewhere}"):
            denied()
    made = contract.aws.sandbox("PUT", "principals", {"op": {"policies": [POLICY]}})["principals"]["op"]
    client = contract.aws.client_as(made["access_key_id"], made["secret_access_key"], "secretsmanager")
    for more in ({"ForceDeleteWithoutRecovery": True}, {}):
        with contract.refused("AccessDeniedException", "secretsmanager:DeleteSecret"):
            client.delete_secret(SecretId=NAME, **more)


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("denied", [True, False])
def test_a_secret_that_is_not_there_under_the_shipped_policy(contract: Any, named: bool, denied: bool) -> None:
    """Seen as such unless AWS denies a missing name and does not even compare it."""
    contract.aws.sandbox("PUT", "settings", {"missing_secret_is_denied": denied, "missing_secret_is_named": named})
    mine = under(contract, POLICY)
    if denied and not named:
        for act in (lambda: mine.describe(NAME), lambda: mine.delete(NAME, 7)):
            with pytest.raises(Retryable, match=r"secretsmanager:DescribeSecret on it .* or create it") as caught:
                act()
            assert caught.value.reason == "AwsAccessDenied"
    else:
        assert mine.describe(NAME) is None
        mine.delete(NAME, 7)
    mine.create(NAME, TOKEN, FIRST, {}, None)
    assert mine.describe(NAME) is not None


@pytest.mark.parametrize("number", range(len(STEPS)))
def test_a_lacking_right_is_named_with_the_secret(contract: Any, rotated: AwsRotatedSecrets, number: int) -> None:
    operation, act = STEPS[number]
    for _, before in STEPS[:number]:
        before(rotated)
    deny = {"Effect": "Deny", "Action": f"secretsmanager:{operation}", "Resource": "*"}
    with pytest.raises(Retryable, match=f"secret {NAME}.*grant secretsmanager:{operation} on it") as caught:
        act(under(contract, POLICY, {"Version": "2012-10-17", "Statement": [deny]}))
    assert caught.value.reason == "AwsAccessDenied"


def test_a_create_with_tags_names_the_right_to_tag(contract: Any) -> None:
    deny = {"Effect": "Deny", "Action": "secretsmanager:TagResource", "Resource": "*"}
    mine = under(contract, POLICY, {"Version": "2012-10-17", "Statement": [deny]})
    with pytest.raises(Retryable, match=f"AWS denied making secret {NAME}; grant secretsmanager:TagResource on it"):
        mine.create(NAME, TOKEN, FIRST, {"owner": "me"}, None)


def test_a_key_of_kms(contract: Any, rotated: AwsRotatedSecrets) -> None:
    """Needed for what carries a value and for reading one; what is wrong with it is told by its secret."""
    kms = contract.aws.client("kms")
    key = kms.create_key(Description="x")["KeyMetadata"]["Arn"]
    mine, rights = under(contract, POLICY), r"grant kms:GenerateDataKey and kms:Decrypt on it"
    with pytest.raises(Retryable, match=f"AWS denied the KMS key of secret {NAME}; {rights}"):
        mine.create(NAME, TOKEN, FIRST, {}, key)
    rotated.create(NAME, TOKEN, FIRST, {}, key)
    with pytest.raises(Retryable, match=f"AWS denied the KMS key of secret {NAME}; {rights}"):
        mine.put_pending(NAME, SECOND, NEXT)
    with pytest.raises(Retryable, match=f"AWS denied the KMS key of secret {NAME}; grant kms:Decrypt on it"):
        mine.read(NAME, TOKEN)
    via = {"StringEquals": {"kms:ViaService": f"secretsmanager.{contract.gateway.meta.region_name}.amazonaws.com"}}
    allow = {"Effect": "Allow", "Action": ["kms:Decrypt", "kms:GenerateDataKey"], "Resource": key, "Condition": via}
    mine = under(contract, POLICY, {"Version": "2012-10-17", "Statement": [allow]})
    mine.put_pending(NAME, SECOND, NEXT)
    assert mine.make_current(NAME, SECOND, TOKEN)
    found = mine.describe(NAME)
    assert found is not None
    assert found.kms_key_id == key
    other = kms.create_key(Description="y")["KeyMetadata"]["Arn"]
    more = "kms:GenerateDataKey, kms:Encrypt and kms:Decrypt"
    with pytest.raises(Retryable, match=f"AWS denied the KMS key of secret {NAME}; grant {more} on it"):
        mine.set_key(NAME, other)
    assert rotated.describe(NAME) == found
    kms.disable_key(KeyId=key)
    with pytest.raises(Retryable, match=f"the KMS key of secret {NAME} does not encrypt it; enable the key"):
        rotated.set_key(NAME, key)
    for verb, act in (
        ("encrypt", lambda: mine.put_pending(NAME, str(uuid.uuid4()), FIRST)),
        ("decrypt", lambda: mine.read(NAME, TOKEN)),
    ):
        with pytest.raises(Retryable, match=f"the KMS key of secret {NAME} does not {verb} it") as caught:
            act()
        assert caught.value.reason == "AwsAccessDenied"


def test_another_key_of_kms(contract: Any, rotated: AwsRotatedSecrets) -> None:
    """What has a label is read by either, and no version is made."""
    kms = contract.aws.client("kms")
    first, other = (kms.create_key(Description=text)["KeyMetadata"]["Arn"] for text in "xy")
    rotated.create(NAME, TOKEN, FIRST, {}, first)
    before = rotated.describe(NAME)
    for _ in range(2):
        rotated.set_key(NAME, other)
    found = rotated.describe(NAME)
    assert before is not None
    assert found is not None
    assert (found.kms_key_id, found.versions) == (other, before.versions)
    kms.disable_key(KeyId=first)
    assert rotated.read(NAME, TOKEN).values == FIRST


def test_what_shows_late_is_looked_at_again(contract: Any, rotated: AwsRotatedSecrets) -> None:
    """A move whose answer was lost is no loss, though the labels show where they were."""
    rotated.create(NAME, TOKEN, FIRST, {}, None)
    rotated.put_pending(NAME, SECOND, NEXT)
    contract.aws.sandbox("POST", "clock", {"advance_seconds": 60})
    contract.aws.sandbox("PUT", "settings", {"secret_lag_ms": 60_000})
    assert rotated.make_current(NAME, SECOND, TOKEN)
    with pytest.raises(Retryable, match=f"a label of secret {NAME} .* looking again") as caught:
        rotated.make_current(NAME, SECOND, TOKEN)
    assert caught.value.reason == "Conflict"
    contract.aws.sandbox("POST", "clock", {"advance_seconds": 60})
    assert rotated.make_current(NAME, SECOND, TOKEN)
    rotated.drop_pending(NAME, SECOND)
    contract.aws.sandbox("POST", "clock", {"advance_seconds": 60})
    found = rotated.describe(NAME)
    assert found is not None
    assert (found.version_with(CURRENT), found.version_with(PENDING)) == (SECOND, None)


def test_what_is_full_is_told(contract: Any, rotated: AwsRotatedSecrets) -> None:
    rotated.create(NAME, TOKEN, FIRST, {}, None)
    contract.aws.sandbox("PUT", "settings", {"max_secrets": 1, "max_secret_versions": 1})
    for name, act in (
        (NAME, lambda: rotated.put_pending(NAME, SECOND, NEXT)),
        (f"{NAME}-2", lambda: rotated.create(f"{NAME}-2", SECOND, NEXT, {}, None)),
    ):
        with pytest.raises(Retryable, match=f"secret {name}") as caught:
            act()
        assert (caught.value.reason, caught.value.retry_after_s) == ("AwsRefused", 60.0)


@pytest.mark.parametrize("code", ["ValidationException", "InvalidParameterException", "Whatever", "LimitExceeded"])
def test_no_value_shows_where_aws_repeats_it(contract: Any, rotated: AwsRotatedSecrets, code: str) -> None:
    fault = {"operation": "secretsmanager:*", "status": 400, "code": code, "message": f"Value 'canary-2' {code}"}
    contract.aws.sandbox("PUT", "faults", [fault])
    for act in (
        lambda: rotated.create(NAME, TOKEN, NEXT, {}, None),
        lambda: rotated.put_pending(NAME, SECOND, NEXT),
    ):
        with pytest.raises(OperatorError) as caught:
            act()
        shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
        assert "canary" not in shown
