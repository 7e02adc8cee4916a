"""Secrets Manager: what a secret's text gives, and its errors in words that help; never the content."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from oracleapi.adapters.aws.secretsmanager import AwsSecrets, parse_secret
from oracleapi.errors import DependencyNotReady, OperatorError, Retryable, Terminal

CANARY = "canary-password"
SECRET = "oracleapi/hr-db"


class Client:
    """Answers GetSecretValue with *answer*, or raises it."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def client(self, service: str) -> "Client":
        assert service == "secretsmanager"
        return self

    def get_secret_value(self, **asked: str) -> Any:
        assert asked == {"SecretId": SECRET, "VersionStage": "AWSCURRENT"}
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def read(answer: Any) -> Any:
    return AwsSecrets(Client(answer)).read(SECRET)  # type: ignore[arg-type]


def refusal(code: str, status: int = 400, text: str = CANARY, operation: str = "GetSecretValue") -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": text}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, operation)


def test_the_current_version_is_read_with_its_keys() -> None:
    text = json.dumps({"engine": "oracle", "username": "OP", "password": CANARY, "port": 1521, "more": {"a": 1}})
    found = read({"VersionId": "v1", "SecretString": text})
    assert (found.version, found.values["username"], found.values["password"]) == ("v1", "OP", CANARY)
    assert found.values["port"] == "1521"
    assert "more" not in found.values
    assert CANARY not in repr(found)


@pytest.mark.parametrize("value", [True, None, 1.5, ["x"], {"a": "b"}])
def test_a_value_that_is_no_text_is_left_out(value: Any) -> None:
    """A password ``true`` is a mistake, not the word."""
    assert parse_secret({"SecretString": json.dumps({"password": value})}, SECRET) == {}


@pytest.mark.parametrize("text", ["", CANARY, f'"{CANARY}"', f'["{CANARY}"]', f'{{"password": "{CANARY}"', "null"])
def test_what_is_no_json_object_is_told_without_its_content(text: str) -> None:
    with pytest.raises(DependencyNotReady, match="holds no JSON object") as caught:
        parse_secret({"SecretString": text}, SECRET)
    assert CANARY not in caught.value.message
    assert caught.value.reason == "CredentialsMissing"


def test_bytes_are_told_as_such() -> None:
    with pytest.raises(DependencyNotReady, match="SecretBinary") as caught:
        parse_secret({"SecretBinary": CANARY.encode()}, SECRET)
    assert CANARY not in caught.value.message


ROWS: list[tuple[str, int, str, type[OperatorError], str, str]] = [
    ("ResourceNotFoundException", 400, "", DependencyNotReady, "CredentialsMissing", "create it"),
    ("InvalidRequestException", 400, "… marked for deletion.", DependencyNotReady, "CredentialsMissing", "restore it"),
    ("InvalidRequestException", 400, "from a different AWS account", DependencyNotReady, "CredentialsMissing", "KMS"),
    ("DecryptionFailure", 400, "", Retryable, "AwsAccessDenied", "enable the key"),
    ("AccessDeniedException", 400, "Access to KMS is not allowed", Retryable, "AwsAccessDenied", "kms:Decrypt"),
    ("AccessDeniedException", 400, "User: …", Retryable, "AwsAccessDenied", "secretsmanager:GetSecretValue on it"),
    ("ThrottlingException", 400, "", Retryable, "AwsThrottled", "throttled"),
    ("InternalServiceError", 500, "", Retryable, "AwsUnavailable", "failed in AWS"),
    ("LimitExceededException", 400, "", Retryable, "AwsRefused", "quota"),
    ("InvalidParameterException", 400, "", Terminal, "AwsRefused", "secretsmanager:GetSecretValue"),
    ("ExpiredTokenException", 400, "", Retryable, "CredentialsMissing", "refused the credentials"),
]
"""Rows of Secrets Manager in the error table of AWS, as far as a read can meet them."""


@pytest.mark.parametrize(("code", "status", "text", "kind", "reason", "word"), ROWS)
def test_an_answer_becomes_one_of_our_errors(
    code: str, status: int, text: str, kind: type[OperatorError], reason: str, word: str
) -> None:
    with pytest.raises(kind, match=word) as caught:
        read(refusal(code, status, text))
    assert (type(caught.value), caught.value.reason) == (kind, reason)


def test_the_secret_is_named_where_somebody_must_act() -> None:
    for code in ("ResourceNotFoundException", "InvalidRequestException", "DecryptionFailure", "AccessDeniedException"):
        with pytest.raises(Retryable, match=SECRET) as caught:
            read(refusal(code))
        assert CANARY not in caught.value.message


def test_a_role_that_cannot_be_assumed_is_not_taken_for_a_secret_that_is_denied() -> None:
    """The keys to sign with are asked for inside the same call."""
    with pytest.raises(Retryable, match="AWS denied AssumeRole"):
        read(refusal("AccessDenied", 403, operation="AssumeRole"))


def test_no_answer_is_no_answer() -> None:
    with pytest.raises(Retryable, match="no answer") as caught:
        read(EndpointConnectionError(endpoint_url="http://x"))
    assert caught.value.reason == "AwsUnavailable"
