"""AWS errors in our words: what heals by itself is tried again, what only an edit mends is not."""

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

from oracleapi.adapters.aws.errors import translate, translated
from oracleapi.errors import DependencyNotReady, OperatorError, Retryable, Terminal, Uncertain


def client_error(code: str, message: str = "", status: int = 400) -> ClientError:
    answer = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "Operation")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("error", "kind", "reason"),
    [
        (client_error("TooManyRequestsException", status=429), Retryable, "AwsThrottled"),
        (client_error("AccessDeniedException", status=403), Retryable, "AwsAccessDenied"),
        (client_error("ExpiredToken", status=403), Retryable, "CredentialsMissing"),
        (client_error("InternalServerError", status=500), Retryable, "AwsUnavailable"),
        (client_error("BadRequestException", "link v1 is referenced in api a1"), DependencyNotReady, "InUse"),
        (client_error("ConflictException", "already exists", 409), Retryable, "Conflict"),
        (client_error("NotFoundException", "Unable to find Route by id r1", 404), Retryable, "Conflict"),
        (client_error("ResourceNotFoundException", "The specified log group does not exist"), Retryable, "Conflict"),
        (client_error("LimitExceededException", "300 routes"), Retryable, "AwsRefused"),
        (client_error("BadRequestException", "Invalid mapping expression"), Terminal, "AwsRefused"),
    ],
    ids=lambda value: value.response["Error"]["Code"] if isinstance(value, ClientError) else "",
)
def test_each_error_has_one_meaning(error: ClientError, kind: type[OperatorError], reason: str) -> None:
    found = translate("apigateway:UpdateRoute", error, creates=False)
    assert (type(found), found.reason) == (kind, reason)


def test_a_create_that_may_have_happened_is_uncertain() -> None:
    assert isinstance(translate("apigateway:CreateApi", client_error("X", status=500), creates=True), Uncertain)
    with pytest.raises(Uncertain), translated("apigateway:CreateApi", creates=True):
        raise EndpointConnectionError(endpoint_url="https://example.com")


def test_no_answer_is_tried_again_and_no_credentials_are_not() -> None:
    lost = pytest.raises(Retryable, match=r"no answer to apigateway:GetApis \(EndpointConnectionError\)")
    with lost, translated("apigateway:GetApis"):
        raise EndpointConnectionError(endpoint_url="https://example.com")
    with pytest.raises(Terminal, match=r"AwsAccount\.spec\.credentialsSecretRef"), translated("sts:GetCallerIdentity"):
        raise NoCredentialsError
