"""Secrets Manager in a rotation: what each call sends, what its refusals mean, and no value in any of it."""

import json
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import botocore.session
import pytest
from botocore.stub import Stubber

from oracleapi.adapters.aws.rotation import AwsRotatedSecrets, parse_description
from oracleapi.errors import DependencyNotReady, OperatorError, Retryable, Terminal
from oracleapi.model.rotation import CURRENT, PENDING, PREVIOUS

CANARY = "canary-password"
SECRET = "oracleapi/hr"
ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:oracleapi/hr-a1b2c3"
FIRST, SECOND, THIRD = (f"{number}0000000-0000-4000-8000-000000000000" for number in (1, 2, 3))
VALUES = {"username": "HR_APP", "password": CANARY}
TEXT = json.dumps(VALUES, sort_keys=True)
NAMED = {"ARN": ARN, "Name": SECRET}

Act = Callable[[AwsRotatedSecrets], object]
ACTS: dict[str, Act] = {
    "DescribeSecret": lambda it: it.describe(SECRET),
    "GetSecretValue": lambda it: it.read(SECRET, FIRST),
    "CreateSecret": lambda it: it.create(SECRET, FIRST, VALUES, {"owner": "me"}, None),
    "PutSecretValue": lambda it: it.put_pending(SECRET, SECOND, VALUES),
    "UpdateSecretVersionStage": lambda it: it.make_current(SECRET, SECOND, FIRST),
    "RestoreSecret": lambda it: it.restore(SECRET),
    "DeleteSecret": lambda it: it.delete(SECRET, 7),
    "TagResource": lambda it: it.tag(SECRET, {"owner": "me"}),
    "UpdateSecret": lambda it: it.set_key(SECRET, "alias/hr"),
}
METHODS = {
    "DescribeSecret": "describe_secret",
    "GetSecretValue": "get_secret_value",
    "CreateSecret": "create_secret",
    "PutSecretValue": "put_secret_value",
    "UpdateSecretVersionStage": "update_secret_version_stage",
    "RestoreSecret": "restore_secret",
    "DeleteSecret": "delete_secret",
    "TagResource": "tag_resource",
    "UpdateSecret": "update_secret",
}


@pytest.fixture(scope="module")
def client() -> Any:
    session = botocore.session.get_session()
    return session.create_client(
        "secretsmanager", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x"
    )


@pytest.fixture
def stub(client: Any) -> Iterator[Stubber]:
    """Answers in order; what was ordered must have been asked for."""
    with Stubber(client) as found:
        yield found
        found.assert_no_pending_responses()


@pytest.fixture
def rotated(stub: Stubber) -> AwsRotatedSecrets:
    clients: Any = SimpleNamespace(client=lambda service: stub.client)
    return AwsRotatedSecrets(clients)


def describe(stub: Stubber, **labels: str) -> None:
    """Order a description in which each version has the label that is given: ``AWSCURRENT=FIRST``."""
    versions: dict[str, list[str]] = {}
    for label, version in labels.items():
        versions.setdefault(version, []).append(label)
    stub.add_response("describe_secret", {**NAMED, "VersionIdsToStages": versions}, {"SecretId": SECRET})


def refuse(stub: Stubber, operation: str, code: str, text: str = "x", status: int = 400) -> None:
    stub.add_client_error(METHODS[operation], code, text, http_status_code=status)


def test_each_call_names_version_token_and_label(stub: Stubber, rotated: AwsRotatedSecrets) -> None:
    """A token of our own each time, the labels each time, and the same text for the same values."""
    tags = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
    made = {"Name": SECRET, "ClientRequestToken": FIRST, "SecretString": TEXT, "Tags": tags}
    for more in ({}, {"KmsKeyId": "alias/x"}):
        stub.add_response("create_secret", {**NAMED, "VersionId": FIRST}, {**made, **more})
    rotated.create(SECRET, FIRST, VALUES, {"b": "2", "a": "1"}, None)
    rotated.create(SECRET, FIRST, dict(reversed(VALUES.items())), {"a": "1", "b": "2"}, "alias/x")
    put = {"SecretId": SECRET, "ClientRequestToken": SECOND, "SecretString": TEXT, "VersionStages": [PENDING]}
    stub.add_response("put_secret_value", {**NAMED, "VersionId": SECOND, "VersionStages": [PENDING]}, put)
    rotated.put_pending(SECRET, SECOND, VALUES)
    move = {"SecretId": SECRET, "VersionStage": CURRENT, "MoveToVersionId": SECOND, "RemoveFromVersionId": FIRST}
    stub.add_response("update_secret_version_stage", NAMED, move)
    assert rotated.make_current(SECRET, SECOND, FIRST) is True
    drop = {"SecretId": SECRET, "VersionStage": PENDING, "RemoveFromVersionId": SECOND}
    stub.add_response("update_secret_version_stage", NAMED, drop)
    rotated.drop_pending(SECRET, SECOND)
    stub.add_response("get_secret_value", {**NAMED, "SecretString": TEXT}, {"SecretId": SECRET, "VersionId": FIRST})
    assert rotated.read(SECRET, FIRST).values == VALUES
    stub.add_response("tag_resource", {}, {"SecretId": SECRET, "Tags": tags})
    rotated.tag(SECRET, {"b": "2", "a": "1"})
    stub.add_response("update_secret", NAMED, {"SecretId": SECRET, "KmsKeyId": "alias/hr"})
    rotated.set_key(SECRET, "alias/hr")
    stub.add_response("delete_secret", NAMED, {"SecretId": SECRET, "RecoveryWindowInDays": 30})
    rotated.delete(SECRET, 30)
    stub.add_response("restore_secret", NAMED, {"SecretId": SECRET})
    rotated.restore(SECRET)


def test_a_version_whose_label_went_gets_it_again_and_one_that_was_current_does_not(
    stub: Stubber, rotated: AwsRotatedSecrets
) -> None:
    stub.add_response("put_secret_value", {**NAMED, "VersionId": SECOND, "VersionStages": [PREVIOUS]})
    rotated.put_pending(SECRET, SECOND, VALUES)
    stub.add_response("put_secret_value", {**NAMED, "VersionId": SECOND})
    label = {"SecretId": SECRET, "VersionStage": PENDING, "MoveToVersionId": SECOND}
    stub.add_response("update_secret_version_stage", NAMED, label)
    rotated.put_pending(SECRET, SECOND, VALUES)


def test_a_description_with_everything_and_with_nothing() -> None:
    at = datetime.fromisoformat("2026-01-02T03:04:05+02:00")
    found = parse_description(
        {
            **NAMED,
            "VersionIdsToStages": {FIRST: ["AWSPREVIOUS"], SECOND: ["AWSCURRENT", "AWSPENDING"]},
            "Tags": [{"Key": "a", "Value": "1"}, {"Key": "b"}],
            "KmsKeyId": "alias/x",
            "RotationEnabled": True,
            "OwningService": "rds",
            "DeletedDate": at,
            "LastChangedDate": at,
        }
    )
    assert [found.version_with(label) for label in (CURRENT, PENDING, PREVIOUS)] == [SECOND, SECOND, FIRST]
    assert (dict(found.tags), found.kms_key_id, found.rotates) == ({"a": "1", "b": ""}, "alias/x", True)
    assert (found.owning_service, found.deleted) == ("rds", True)
    assert found.changed == datetime(2026, 1, 2, 1, 4, 5, tzinfo=UTC)
    assert found.changed.tzinfo is UTC
    bare = parse_description(NAMED)
    assert (bare.arn, bare.name, dict(bare.versions), dict(bare.tags)) == (ARN, SECRET, {}, {})
    assert (bare.kms_key_id, bare.rotates, bare.owning_service, bare.deleted) == ("", False, "", False)
    assert bare.changed is None


CODES = ["InvalidParameterException", "InvalidRequestException", "ResourceNotFoundException"]
"""How AWS may refuse a change that does not fit; which it is, is documented nowhere."""


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize(("holder", "done"), [(SECOND, True), (THIRD, False), (None, False)])
def test_a_move_that_is_refused_is_done_or_was_prevented(
    stub: Stubber, rotated: AwsRotatedSecrets, code: str, holder: str | None, done: bool
) -> None:
    refuse(stub, "UpdateSecretVersionStage", code)
    describe(stub, **({} if holder is None else {CURRENT: holder}))
    assert rotated.make_current(SECRET, SECOND, FIRST) is done


@pytest.mark.parametrize("code", CODES)
def test_a_move_that_is_refused_with_the_label_where_it_was_is_looked_at_again(
    stub: Stubber, rotated: AwsRotatedSecrets, code: str
) -> None:
    for label, act in (
        (CURRENT, lambda: rotated.make_current(SECRET, SECOND, FIRST)),
        (PENDING, lambda: rotated.drop_pending(SECRET, FIRST)),
    ):
        refuse(stub, "UpdateSecretVersionStage", code)
        describe(stub, **{label: FIRST})
        with pytest.raises(Retryable, match=SECRET):
            act()


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("labels", [{PENDING: THIRD}, {}])
def test_a_label_that_is_not_there_needs_no_dropping(
    stub: Stubber, rotated: AwsRotatedSecrets, code: str, labels: dict[str, str]
) -> None:
    refuse(stub, "UpdateSecretVersionStage", code)
    describe(stub, **labels)
    rotated.drop_pending(SECRET, SECOND)


def test_a_label_of_a_secret_that_is_going_or_gone_is_not_said_to_be_moved(
    stub: Stubber, rotated: AwsRotatedSecrets
) -> None:
    for act in (lambda: rotated.make_current(SECRET, SECOND, FIRST), lambda: rotated.drop_pending(SECRET, SECOND)):
        refuse(stub, "UpdateSecretVersionStage", "InvalidRequestException", "it was marked for deletion.")
        going = {**NAMED, "DeletedDate": datetime.now(UTC), "VersionIdsToStages": {SECOND: [CURRENT]}}
        stub.add_response("describe_secret", going)
        with pytest.raises(DependencyNotReady, match="is scheduled for deletion"):
            act()
        refuse(stub, "UpdateSecretVersionStage", "ResourceNotFoundException")
        refuse(stub, "DescribeSecret", "ResourceNotFoundException")
        with pytest.raises(DependencyNotReady, match="is not in this account and region"):
            act()


def test_a_refusal_for_another_reason_is_not_looked_into(stub: Stubber, rotated: AwsRotatedSecrets) -> None:
    for act in (
        ACTS["UpdateSecretVersionStage"],
        lambda it: it.drop_pending(SECRET, SECOND),
        ACTS["RestoreSecret"],
        ACTS["DeleteSecret"],
    ):
        operation = next((name for name, found in ACTS.items() if found is act), "UpdateSecretVersionStage")
        refuse(stub, operation, "ThrottlingException")
        with pytest.raises(Retryable) as caught:
            act(rotated)
        assert caught.value.reason == "AwsThrottled"


def test_restoring_and_deleting_are_done_where_they_were_done(stub: Stubber, rotated: AwsRotatedSecrets) -> None:
    refuse(stub, "RestoreSecret", "InvalidRequestException", "it is not deleted")
    describe(stub)
    rotated.restore(SECRET)
    going = {**NAMED, "DeletedDate": datetime.now(UTC)}
    refuse(stub, "RestoreSecret", "InvalidRequestException", "replica")
    stub.add_response("describe_secret", going)
    with pytest.raises(Retryable, match="in its state"):
        rotated.restore(SECRET)
    for code in ("InvalidRequestException", "AccessDeniedException"):
        refuse(stub, "DeleteSecret", code)
        stub.add_response("describe_secret", going)
        rotated.delete(SECRET, 7)
        refuse(stub, "DeleteSecret", code)
        refuse(stub, "DescribeSecret", "ResourceNotFoundException")
        rotated.delete(SECRET, 7)
        refuse(stub, "DeleteSecret", code)
        describe(stub)
        with pytest.raises(Retryable):
            rotated.delete(SECRET, 7)


EVERY, WRITES = tuple(ACTS), ("CreateSecret", "PutSecretValue")
MISSING, DENIED, FULL = (
    (DependencyNotReady, "CredentialsMissing"),
    (Retryable, "AwsAccessDenied"),
    (Retryable, "AwsRefused"),
)
LOOKED_INTO = {"UpdateSecretVersionStage", "RestoreSecret", "DeleteSecret"}
NO_KEY, GOING = "Access to KMS is not allowed", "You can't … because it was marked for deletion."
ROWS: list[tuple[tuple[str, ...], str, int, str, tuple[type[OperatorError], str], str]] = [
    (("GetSecretValue",), "ResourceNotFoundException", 400, "", MISSING, "or has no such version; create it"),
    (
        ("PutSecretValue", "TagResource", "UpdateSecret"),
        "ResourceNotFoundException",
        400,
        "",
        MISSING,
        "account and region; create it",
    ),
    (
        ("GetSecretValue", *WRITES, "TagResource", "UpdateSecret"),
        "InvalidRequestException",
        400,
        GOING,
        MISSING,
        "restore it",
    ),
    (("CreateSecret",), "InvalidRequestException", 400, "already scheduled for deletion.", MISSING, "restore it"),
    (("GetSecretValue",), "InvalidRequestException", 400, "another account", MISSING, "KMS key"),
    (
        (*WRITES, "TagResource", "UpdateSecret"),
        "InvalidRequestException",
        400,
        "",
        FULL,
        "in its state; it must be no replica",
    ),
    (WRITES, "AccessDeniedException", 400, NO_KEY, DENIED, "grant kms:GenerateDataKey and kms:Decrypt on it"),
    (("GetSecretValue",), "AccessDeniedException", 400, NO_KEY, DENIED, "grant kms:Decrypt on it"),
    (
        ("UpdateSecret",),
        "AccessDeniedException",
        400,
        NO_KEY,
        DENIED,
        "kms:GenerateDataKey, kms:Encrypt and kms:Decrypt",
    ),
    ((*WRITES, "UpdateSecret"), "EncryptionFailure", 400, "", DENIED, "does not encrypt it; enable the key"),
    (("GetSecretValue", "PutSecretValue"), "DecryptionFailure", 400, "", DENIED, "does not decrypt it; enable"),
    (("CreateSecret",), "LimitExceededException", 400, "", FULL, "a quota of the account is reached; have it raised"),
    (("PutSecretValue", "UpdateSecretVersionStage"), "LimitExceededException", 400, "", FULL, "versions or labels"),
    (("CreateSecret",), "ResourceExistsException", 400, "", (Terminal, "Conflict"), "name another one"),
    (("PutSecretValue",), "ResourceExistsException", 400, "", (Terminal, "Conflict"), "rotate anew"),
    (WRITES, "ValidationException", 400, "'secretString' failed", (Terminal, "AwsRefused"), "65,536 bytes"),
    (WRITES, "ValidationException", 400, "Invalid name.", (Terminal, "AwsRefused"), "its name holds letters"),
    ((*WRITES, "UpdateSecret"), "InvalidParameterException", 400, "", (Terminal, "AwsRefused"), "at most 50 tags"),
]
"""Operations, what AWS answers them, what becomes of it, and words of the message beside the secret's name."""


@pytest.mark.parametrize(
    ("operation", "code", "status", "text", "kind", "word"),
    [(operation, *row) for operations, *row in ROWS for operation in operations],
)
def test_an_answer_becomes_one_of_our_errors_that_names_the_secret(
    stub: Stubber,
    rotated: AwsRotatedSecrets,
    operation: str,
    code: str,
    status: int,
    text: str,
    kind: tuple[type[OperatorError], str],
    word: str,
) -> None:
    refuse(stub, operation, code, text, status)
    with pytest.raises(kind[0], match=f"secret {SECRET}") as caught:
        ACTS[operation](rotated)
    assert (type(caught.value), caught.value.reason) == kind
    assert word in caught.value.message


@pytest.mark.parametrize("operation", EVERY)
@pytest.mark.parametrize(
    ("code", "status", "reason"),
    [
        ("ThrottlingException", 400, "AwsThrottled"),
        ("InternalServiceError", 500, "AwsUnavailable"),
        ("ExpiredTokenException", 400, "CredentialsMissing"),
    ],
)
def test_what_heals_is_retried_and_never_uncertain(
    stub: Stubber, rotated: AwsRotatedSecrets, operation: str, code: str, status: int, reason: str
) -> None:
    refuse(stub, operation, code, CANARY, status)
    with pytest.raises(Retryable, match=f"secretsmanager:{operation}") as caught:
        ACTS[operation](rotated)
    assert (type(caught.value), caught.value.reason) == (Retryable, reason)


@pytest.mark.parametrize("operation", EVERY)
def test_a_lacking_right_is_named_as_aws_names_it(stub: Stubber, rotated: AwsRotatedSecrets, operation: str) -> None:
    text = "User: arn:x is not authorized to perform: secretsmanager:Other on resource: y because …"
    for said, right in ((text, "secretsmanager:Other"), ("denied", f"secretsmanager:{operation}")):
        refuse(stub, operation, "AccessDeniedException", said)
        if operation == "DeleteSecret":
            describe(stub)
        with pytest.raises(Retryable, match=f"secret {SECRET}.* grant {right} on it to the operator's role") as caught:
            ACTS[operation](rotated)
        assert (caught.value.reason, caught.value.retry_after_s) == ("AwsAccessDenied", 60.0)


@pytest.mark.parametrize("operation", EVERY)
def test_a_role_that_cannot_be_assumed_is_no_secret_that_is_denied(rotated: Any, operation: str) -> None:
    """The keys to sign with are asked for inside the same call; nothing is looked into."""
    answer: Any = {"Error": {"Code": "AccessDenied", "Message": "x"}, "ResponseMetadata": {"HTTPStatusCode": 403}}

    def refused(**_: Any) -> Any:
        raise botocore.exceptions.ClientError(answer, "AssumeRole")

    methods = dict.fromkeys(METHODS.values(), refused)
    rotated._clients = SimpleNamespace(client=lambda service: SimpleNamespace(**methods))
    with pytest.raises(Retryable, match="AWS denied AssumeRole"):
        ACTS[operation](rotated)


@pytest.mark.parametrize("operation", WRITES)
@pytest.mark.parametrize(
    "code",
    sorted({row[1] for row in ROWS} | {"ThrottlingException", "ExpiredTokenException", "Unheard", "DeleteConflict"}),
)
@pytest.mark.parametrize("status", [400, 429, 500])
def test_no_value_shows_where_aws_repeats_it(
    stub: Stubber, rotated: AwsRotatedSecrets, operation: str, code: str, status: int
) -> None:
    """Neither in the message nor in what a traceback prints."""
    refuse(stub, operation, code, f"Value '{CANARY}' must have a valid discovery endpoint", status)
    with pytest.raises(OperatorError) as caught:
        ACTS[operation](rotated)
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + str(vars(caught.value))
    assert CANARY not in shown


@pytest.mark.parametrize("value", [True, None, 1.5, ["x"], {"a": "b"}])
def test_a_password_that_is_no_text_is_left_out_and_other_values_are_not(
    stub: Stubber, rotated: AwsRotatedSecrets, value: Any
) -> None:
    text = json.dumps({"username": 7, "password": value, "other": value})
    stub.add_response("get_secret_value", {**NAMED, "SecretString": text})
    assert rotated.read(SECRET, FIRST).values == {"username": "7", "other": value}


def test_a_value_shows_in_no_repr(stub: Stubber, rotated: AwsRotatedSecrets) -> None:
    stub.add_response("get_secret_value", {**NAMED, "SecretString": TEXT})
    assert CANARY not in repr(rotated.read(SECRET, FIRST)) + repr(rotated)
