"""Secrets Manager: what a secret's text gives, and its errors in words that help; never the content."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from oracleapi.adapters.aws.secretsmanager import AwsSecrets, parse_secret
from oracleapi.errors import DependencyNotReady, OperatorError, Retryable, Terminal

CANARY = "canary-password"


class Client:
    """Answers GetSecretValue with *answer*, or raises it."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def client(self, service: str) -> "Client":
        assert service == "secretsmanager"
        return self

    def get_secret_value(self, **asked: str) -> Any:
        assert asked == {"SecretId": "oracleapi/hr-db"}
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def read(answer: Any) -> Any:
    return AwsSecrets(Client(answer)).read("oracleapi/hr-db")  # type: ignore[arg-type]


def refusal(code: str, status: int = 400) -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": CANARY}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "GetSecretValue")


def test_the_current_version_is_read_with_its_keys() -> None:
    text = json.dumps({"engine": "oracle", "username": "OP", "password": CANARY, "port": 1521, "more": {"a": 1}})
    found = read({"VersionId": "v1", "SecretString": text})
    assert (found.version, found.values["username"], found.values["password"]) == ("v1", "OP", CANARY)
    assert found.values["port"] == "1521"
    assert "more" not in found.values
    assert CANARY not in repr(found)


@pytest.mark.parametrize("text", [None, "", CANARY, f'"{CANARY}"', f'["{CANARY}"]', f'{{"password": "{CANARY}"'])
def test_what_is_no_json_object_is_told_without_its_content(text: str | None) -> None:
    with pytest.raises(DependencyNotReady, match="holds no JSON object") as caught:
        parse_secret(text, "oracleapi/hr-db")
    assert CANARY not in caught.value.message
    assert caught.value.reason == "CredentialsMissing"


ROWS: list[tuple[str, int, type[OperatorError], str, str]] = [
    ("ResourceNotFoundException", 400, DependencyNotReady, "CredentialsMissing", "create it"),
    ("InvalidRequestException", 400, DependencyNotReady, "CredentialsMissing", "restore it"),
    ("DecryptionFailure", 400, Retryable, "AwsAccessDenied", "KMS key"),
    ("EncryptionFailure", 400, Terminal, "AwsRefused", "secretsmanager:GetSecretValue"),
    ("AccessDeniedException", 400, Retryable, "AwsAccessDenied", "grant it"),
    ("ThrottlingException", 400, Retryable, "AwsThrottled", "throttled"),
    ("InternalServiceError", 500, Retryable, "AwsUnavailable", "failed in AWS"),
    ("LimitExceededException", 400, Retryable, "AwsRefused", "quota"),
    ("InvalidParameterException", 400, Terminal, "AwsRefused", "secretsmanager:GetSecretValue"),
    ("ExpiredTokenException", 400, Retryable, "CredentialsMissing", "refused the credentials"),
]
"""Rows of Secrets Manager in the error table of AWS, as far as a read can meet them."""


@pytest.mark.parametrize(("code", "status", "kind", "reason", "word"), ROWS, ids=[row[0] for row in ROWS])
def test_an_answer_becomes_one_of_our_errors(
    code: str, status: int, kind: type[OperatorError], reason: str, word: str
) -> None:
    with pytest.raises(kind, match=word) as caught:
        read(refusal(code, status))
    assert (type(caught.value), caught.value.reason) == (kind, reason)


def test_the_secret_is_named_where_somebody_must_act() -> None:
    for code in ("ResourceNotFoundException", "InvalidRequestException", "DecryptionFailure"):
        with pytest.raises(Retryable, match="oracleapi/hr-db") as caught:
            read(refusal(code))
        assert CANARY not in caught.value.message
