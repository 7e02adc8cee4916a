"""AWS errors by code, text and status: what heals, what waits, what only somebody can mend."""

import inspect
from typing import Any

import botocore.exceptions
import pytest
from botocore.exceptions import BotoCoreError, ClientError, UndefinedModelAttributeError

from oracleapi.adapters.aws.errors import is_absent, translate, translated
from oracleapi.errors import DependencyNotReady, OperatorError, Retryable, Terminal, Uncertain

OPERATION = "apigateway:CreateRoute"


def client_error(code: str, status: int = 400, text: str = "x") -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": text}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "CreateRoute")


ROWS: list[tuple[str, ClientError, type[OperatorError], str]] = [
    # API Gateway
    ("throttled", client_error("TooManyRequestsException", 429), Retryable, "AwsThrottled"),
    ("throttled by status alone", client_error("Whatever", 429), Retryable, "AwsThrottled"),
    ("a quota", client_error("LimitExceededException", 400, "maximum number of routes"), Retryable, "AwsRefused"),
    ("somebody else changes it", client_error("ConflictException", 409, "concurrent modification"), Retryable,
     "Conflict"),
    ("it is there already", client_error("ConflictException", 409, "Route with key GET /x already exists"), Retryable,
     "Conflict"),
    ("dependents, as a conflict", client_error("ConflictException", 409, "Cannot delete: referenced by routes"),
     DependencyNotReady, "InUse"),
    ("dependents, as a bad request", client_error("BadRequestException", 400, "VpcLink is referenced in: [api]"),
     DependencyNotReady, "InUse"),
    ("stages associated", client_error("BadRequestException", 400, "fails because there are API Stages associated"),
     DependencyNotReady, "InUse"),
    ("stages pointing", client_error("BadRequestException", 400, "Active stages pointing to this deployment"),
     DependencyNotReady, "InUse"),
    ("mappings first", client_error("BadRequestException", 400, "Please remove all API mappings"), DependencyNotReady,
     "InUse"),
    ("an issuer that does not answer", client_error(
        "BadRequestException", 400, "Invalid issuer: x. Issuer must have a valid discovery endpoint ended with y"),
     Retryable, "DiscoveryFailed"),
    ("no right to log", client_error("BadRequestException", 400, "Insufficient permissions to enable logging"),
     Retryable, "AwsAccessDenied"),
    ("a full log policy", client_error("BadRequestException", 400, "Cannot enable logging. Policy document length"),
     Retryable, "AwsAccessDenied"),
    ("a bad request", client_error("BadRequestException", 400, "Invalid path"), Terminal, "AwsRefused"),
    ("gone meanwhile", client_error("NotFoundException", 404, "Invalid API identifier specified"), Retryable,
     "Conflict"),
    ("denied", client_error("AccessDeniedException", 403), Retryable, "AwsAccessDenied"),
    ("denied by status alone", client_error("MissingAuthenticationTokenException", 403), Retryable, "AwsAccessDenied"),
    ("unauthorized", client_error("UnauthorizedException", 401), Retryable, "AwsAccessDenied"),
    ("unavailable", client_error("ServiceUnavailableException", 503), Retryable, "AwsUnavailable"),
    ("a fault of AWS's", client_error("InternalFailure", 500), Retryable, "AwsUnavailable"),
    # credentials, any service
    *((f"credentials: {code}", client_error(code, 403), Retryable, "CredentialsMissing") for code in (
        "ExpiredToken", "ExpiredTokenException", "RequestExpired", "InvalidClientTokenId",
        "UnrecognizedClientException", "SignatureDoesNotMatch")),
    # sts
    ("sts denies", client_error("AccessDenied", 403), Retryable, "AwsAccessDenied"),
    ("sts cannot reach the identity provider", client_error("IDPCommunicationError", 400), Retryable,
     "AwsUnavailable"),
    ("sts refuses the token", client_error("InvalidIdentityToken", 400), Terminal, "AwsRefused"),
    ("sts is off in the region", client_error("RegionDisabledException", 403), Retryable, "AwsAccessDenied"),
    ("sts finds the policy too large", client_error("PackedPolicyTooLarge", 400), Terminal, "AwsRefused"),
    # logs
    ("logs: somebody else changes it", client_error("OperationAbortedException", 400), Retryable, "AwsUnavailable"),
    ("logs unavailable", client_error("ServiceUnavailableException", 400), Retryable, "AwsUnavailable"),
    ("logs throttled", client_error("ThrottlingException", 400), Retryable, "AwsThrottled"),
    ("logs quota", client_error("LimitExceededException", 400), Retryable, "AwsRefused"),
    ("logs: the group is not there yet", client_error("ResourceNotFoundException", 400), Retryable, "Conflict"),
    ("logs: the group is there", client_error("ResourceAlreadyExistsException", 400), Terminal, "AwsRefused"),
    # API Gateway, REST APIs
    ("v1 throttled", client_error("LimitExceededException", 429, "Too Many Requests"), Retryable, "AwsThrottled"),
    ("v1 quota", client_error("LimitExceededException", 429, "Maximum number of maximum number of APIs"), Retryable,
     "AwsRefused"),
    # Secrets Manager
    *((f"secrets: {code}", client_error(code), Terminal, "AwsRefused") for code in (
        "InvalidRequestException", "ResourceExistsException", "InvalidParameterException",
        "MalformedPolicyDocumentException", "PublicPolicyException", "PreconditionNotMetException")),
    # IAM
    ("iam: it is there", client_error("EntityAlreadyExists", 409), Terminal, "AwsRefused"),
    ("iam: it is not there", client_error("NoSuchEntity", 404), Retryable, "Conflict"),
    ("iam quota", client_error("LimitExceeded", 409), Retryable, "AwsRefused"),
    ("iam: detach first", client_error("DeleteConflict", 409), DependencyNotReady, "InUse"),
    *((f"iam: {code}", client_error(code, 409), Retryable, "AwsUnavailable") for code in (
        "ConcurrentModification", "EntityTemporarilyUnmodifiable")),
    *((f"iam: {code}", client_error(code), Terminal, "AwsRefused") for code in (
        "MalformedPolicyDocument", "InvalidInput", "UnmodifiableEntity", "PolicyNotAttachable")),
    ("iam fails", client_error("ServiceFailure", 500), Retryable, "AwsUnavailable"),
    ("iam throttled", client_error("Throttling", 400), Retryable, "AwsThrottled"),
    # load balancers, web ACLs, tags
    ("elbv2: not there", client_error("ListenerNotFound", 400), Terminal, "AwsRefused"),
    ("elbv2 is not done yet", client_error("PriorRequestNotComplete", 429), Retryable, "AwsThrottled"),
    *((f"wafv2: {code}", client_error(code), Retryable, "AwsUnavailable") for code in (
        "WAFUnavailableEntityException", "WAFInternalErrorException")),
    ("tagging throttled", client_error("ThrottledException", 400), Retryable, "AwsThrottled"),
    *((f"tagging: {code}", client_error(code), Retryable, "AwsUnavailable") for code in (
        "InternalServiceException", "PaginationTokenExpiredException")),
    ("logs: a bad value", client_error("InvalidParameterException", 400), Terminal, "AwsRefused"),
]  # fmt: skip


@pytest.mark.parametrize(("error", "kind", "reason"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_an_answer_of_aws_becomes_one_of_our_errors(error: ClientError, kind: type[OperatorError], reason: str) -> None:
    found = translate(OPERATION, error, creates=False)
    assert (type(found), found.reason) == (kind, reason)
    assert OPERATION in found.message


@pytest.mark.parametrize(("error", "kind"), [(row[1], row[2]) for row in ROWS], ids=[row[0] for row in ROWS])
def test_a_create_is_uncertain_only_where_it_may_have_happened(error: ClientError, kind: type[OperatorError]) -> None:
    found = translate(OPERATION, error, creates=True)
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    assert type(found) is (Uncertain if status >= 500 else kind)


def test_what_an_administrator_must_mend_is_not_asked_for_often() -> None:
    for code in ("AccessDeniedException", "LimitExceededException"):
        found = translate(OPERATION, client_error(code), creates=False)
        assert isinstance(found, Retryable)
        assert found.retry_after_s is not None
        assert found.retry_after_s >= 60


def test_no_message_holds_a_request_id_or_more_than_a_line() -> None:
    error = client_error("BadRequestException", 400, "one\n  two" + "x" * 999)
    error.response["ResponseMetadata"]["RequestId"] = "request-1"
    message = translate(OPERATION, error, creates=False).message
    assert "request-1" not in message
    assert "\n" not in message
    assert len(message) < 400


@pytest.mark.parametrize(
    ("code", "absent"),
    [("NotFoundException", True), ("ResourceNotFoundException", True), ("BadRequestException", False)],
)
def test_absence_is_told_by_code(code: str, absent: bool) -> None:
    assert is_absent(client_error(code)) is absent


class _Anything(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "x"


def botocore_errors() -> list[type[Exception]]:
    """Return every public exception class of botocore that is raised, warnings apart."""
    found = [member for _, member in inspect.getmembers(botocore.exceptions, inspect.isclass)]
    return [
        member
        for member in found
        if issubclass(member, Exception)
        and not issubclass(member, Warning)
        and member.__module__ == "botocore.exceptions"
    ]


def instance(kind: type[Exception]) -> Exception:
    """Return an instance, with arguments of any text."""
    if issubclass(kind, ClientError):
        return client_error("BadRequestException")
    error = kind.__new__(kind)
    Exception.__init__(error, "canary-argument")
    error.kwargs = _Anything()  # type: ignore[attr-defined]
    return error


@pytest.mark.parametrize("creates", [False, True], ids=["a read", "a create"])
@pytest.mark.parametrize("kind", botocore_errors(), ids=lambda kind: kind.__name__)
def test_every_exception_of_botocore_becomes_one_of_ours(kind: type[Exception], creates: bool) -> None:
    with pytest.raises(OperatorError) as caught, translated(OPERATION, creates):
        raise instance(kind)
    assert "canary" not in caught.value.message
    assert isinstance(caught.value.__cause__, kind if not issubclass(kind, ClientError) else ClientError)


def test_there_are_no_other_bases_of_botocore_s_exceptions() -> None:
    assert all(
        issubclass(kind, (BotoCoreError, ClientError, UndefinedModelAttributeError)) for kind in botocore_errors()
    )


SENT: list[tuple[str, type[OperatorError], type[OperatorError], str]] = [
    ("ReadTimeoutError", Retryable, Uncertain, "AwsUnavailable"),
    ("ConnectTimeoutError", Retryable, Uncertain, "AwsUnavailable"),
    ("ConnectionClosedError", Retryable, Uncertain, "AwsUnavailable"),
    ("EndpointConnectionError", Retryable, Uncertain, "AwsUnavailable"),
    ("SSLError", Retryable, Uncertain, "AwsUnavailable"),
    ("IncompleteReadError", Retryable, Uncertain, "AwsUnavailable"),
    ("ResponseStreamingError", Retryable, Uncertain, "AwsUnavailable"),
    ("NoCredentialsError", Terminal, Terminal, "CredentialsMissing"),
    ("PartialCredentialsError", Retryable, Retryable, "CredentialsMissing"),
    ("CredentialRetrievalError", Retryable, Retryable, "CredentialsMissing"),
    ("UnauthorizedSSOTokenError", Retryable, Retryable, "CredentialsMissing"),
    ("ParamValidationError", Terminal, Terminal, "AwsRefused"),
]


@pytest.mark.parametrize(("name", "read", "create", "reason"), SENT, ids=[row[0] for row in SENT])
def test_a_create_that_was_never_sent_is_not_uncertain(
    name: str, read: type[OperatorError], create: type[OperatorError], reason: str
) -> None:
    kind = getattr(botocore.exceptions, name)
    for creates, expected in ((False, read), (True, create)):
        with pytest.raises(OperatorError) as caught, translated(OPERATION, creates):
            raise instance(kind)
        assert type(caught.value) is expected
        assert caught.value.reason == ("CreateUncertain" if expected is Uncertain else reason)


def test_what_is_not_botocore_s_passes_through() -> None:
    with pytest.raises(KeyError), translated(OPERATION):
        raise KeyError("ApiId")
