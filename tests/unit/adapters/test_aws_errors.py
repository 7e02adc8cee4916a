"""AWS errors by code, text and status: what heals, what waits, what only somebody can mend."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any, NamedTuple

import botocore.exceptions
import botocore.session
import pytest
from botocore.exceptions import BotoCoreError, ClientError, UndefinedModelAttributeError
from botocore.stub import Stubber

from oracleapi.adapters.aws import errors
from oracleapi.adapters.aws.errors import is_absent, translate, translated
from oracleapi.adapters.aws.gateway import AwsGateway
from oracleapi.errors import DependencyNotReady, OperatorError, Retryable, Terminal, Uncertain
from oracleapi.model.gateway import DeleteApi, EnsureLogGroup, LogGroup
from oracleapi.model.link import DeleteLink

OPERATION = "apigateway:CreateRoute"
PASSES, STAYS, MENDED, ABSENT = "passes", "stays", "mended", "absent"
REFERENCE = {
    "apigateway": "TooManyRequestsException LimitExceededException ConflictException BadRequestException"
    " NotFoundException UnauthorizedException AccessDeniedException ServiceUnavailableException 5xx",
    "any": "ExpiredToken ExpiredTokenException RequestExpired InvalidClientTokenId UnrecognizedClientException"
    " SignatureDoesNotMatch InvalidSignatureException IncompleteSignature 403",
    "secretsmanager": "ThrottlingException InternalServiceError ResourceNotFoundException InvalidRequestException"
    " ResourceExistsException LimitExceededException DecryptionFailure EncryptionFailure InvalidParameterException"
    " MalformedPolicyDocumentException PublicPolicyException PreconditionNotMetException ValidationException",
    "iam": "EntityAlreadyExists NoSuchEntity LimitExceeded ConcurrentModification EntityTemporarilyUnmodifiable"
    " DeleteConflict MalformedPolicyDocument InvalidInput UnmodifiableEntity PolicyNotAttachable PolicyEvaluation"
    " ServiceFailure Throttling",
    "sts": "AccessDenied IDPCommunicationError InvalidIdentityToken RegionDisabledException PackedPolicyTooLarge",
    "logs": "OperationAbortedException ServiceUnavailableException ThrottlingException ResourceAlreadyExistsException"
    " LimitExceededException ResourceNotFoundException",
    "elbv2": "ListenerNotFound PriorRequestNotComplete",
    "wafv2": "WAFUnavailableEntityException WAFInternalErrorException",
    "tagging": "ThrottledException InternalServiceException PaginationTokenExpiredException",
}
"""Codes by service; ``any`` may come from each. Source: the services' API references and models, and public issues for
codes that a model does not list. Services that the operator does not call yet have their rows too."""


class Row(NamedTuple):
    """An answer of AWS, and what becomes of it.

    Args:
        what: It passes by itself; it stays until the spec changes; an administrator mends it; what is named is absent.
        words: What the message says besides the operation.
    """

    service: str
    code: str
    what: str
    kind: type[OperatorError]
    reason: str
    words: tuple[str, ...] = ()
    status: int = 400
    text: str = "x"
    headers: Mapping[str, str] = {}
    operation: str = "CreateRoute"

    def error(self) -> ClientError:
        code = {"5xx": "InternalFailure", "403": "MissingAuthenticationTokenException"}.get(self.code, self.code)
        return client_error(code, self.status, self.text, self.headers, self.operation)


def client_error(
    code: str, status: int = 400, text: str = "x", headers: Mapping[str, str] = {}, operation: str = "CreateRoute"
) -> ClientError:
    metadata = {"HTTPStatusCode": status, "HTTPHeaders": dict(headers)}
    response: Any = {"Error": {"Code": code, "Message": text}, "ResponseMetadata": metadata}
    return ClientError(response, operation)


GATEWAY, ANY, SECRETS, IAM, STS, LOGS = "apigateway", "any", "secretsmanager", "iam", "sts", "logs"
REFERENCED = "VpcLink is referenced in: [api]"
ISSUER = "Invalid issuer: x. Issuer must have a valid discovery endpoint ended with y"
NO_LOGS, FULL = "Insufficient permissions to enable logging", "Cannot enable logging. Policy document length breaking"
SECRET_KEY, CLOCK = "AWS_SECRET_ACCESS_KEY in the Secret of AwsAccount.spec.credentialsSecretRef", "clock"
KEY_ID = "AWS_ACCESS_KEY_ID in the Secret of AwsAccount.spec.credentialsSecretRef"
KEYS = "renew the keys in the Secret of AwsAccount.spec.credentialsSecretRef"
IN_USE = DependencyNotReady, "InUse"
DENIED, QUOTA = (Retryable, "AwsAccessDenied"), (Retryable, "AwsRefused")
RACE, REFUSED = (Retryable, "Conflict"), (Terminal, "AwsRefused")
AWAY, SLOWER, KEYLESS = (Retryable, "AwsUnavailable"), (Retryable, "AwsThrottled"), (Retryable, "CredentialsMissing")
ROWS = [
    Row(GATEWAY, "TooManyRequestsException", PASSES, *SLOWER, status=429),
    Row(GATEWAY, "LimitExceededException", PASSES, *SLOWER, status=429, headers={"retry-after": "7"}),
    Row(GATEWAY, "LimitExceededException", MENDED, *QUOTA, ("quota", "have it raised"), 429, "Maximum number of APIs"),
    Row(GATEWAY, "LimitExceededException", MENDED, *QUOTA, ("quota", "have it raised"), text="maximum number"),
    Row(GATEWAY, "ConflictException", PASSES, *RACE, status=409, text="due to concurrent modification"),
    Row(GATEWAY, "ConflictException", PASSES, *RACE, ("already exists",), 409, "Route with key GET /x already exists"),
    Row(GATEWAY, "ConflictException", PASSES, *IN_USE, ("referenced by",), 409, "Cannot delete: referenced by routes"),
    Row(GATEWAY, "BadRequestException", STAYS, *REFUSED, ("Invalid path",), text="Invalid path"),
    Row(GATEWAY, "BadRequestException", PASSES, *IN_USE, (REFERENCED,), text=REFERENCED),
    Row(GATEWAY, "BadRequestException", PASSES, *IN_USE, text="fails because there are API Stages associated"),
    Row(GATEWAY, "BadRequestException", PASSES, *IN_USE, text="Active stages pointing to this deployment"),
    Row(GATEWAY, "BadRequestException", PASSES, *IN_USE, text="Please remove all API mappings"),
    Row(GATEWAY, "BadRequestException", MENDED, Retryable, "DiscoveryFailed", ("from the public internet",),
        text=ISSUER),
    Row(GATEWAY, "BadRequestException", MENDED, *DENIED, ("grant TurnAccessLogsOn",), text=NO_LOGS),
    Row(GATEWAY, "BadRequestException", MENDED, *DENIED, ("resource policy", "take out"), text=FULL),
    Row(GATEWAY, "NotFoundException", ABSENT, *RACE, ("is not there", "looking again"), 404),
    Row(GATEWAY, "UnauthorizedException", MENDED, *DENIED, ("grant it to the operator's role",), 401),
    Row(GATEWAY, "AccessDeniedException", MENDED, *DENIED, ("grant it to the operator's role", "docs/aws.md"), 403),
    Row(GATEWAY, "ServiceUnavailableException", PASSES, *AWAY, status=503),
    Row(GATEWAY, "5xx", PASSES, *AWAY, status=500),
    Row(ANY, "ExpiredToken", MENDED, *KEYLESS, (KEYS, "pod's token"), 403),
    Row(ANY, "ExpiredTokenException", MENDED, *KEYLESS, (KEYS, "pod's token"), 403),
    Row(ANY, "RequestExpired", MENDED, *KEYLESS, (CLOCK,)),
    Row(ANY, "InvalidClientTokenId", MENDED, *KEYLESS, (KEY_ID,), 403),
    Row(ANY, "UnrecognizedClientException", MENDED, *KEYLESS, (KEY_ID,), 403),
    Row(ANY, "SignatureDoesNotMatch", MENDED, *KEYLESS, (SECRET_KEY, CLOCK), 403),
    Row(ANY, "InvalidSignatureException", MENDED, *KEYLESS, (SECRET_KEY, CLOCK), 403),
    Row(ANY, "IncompleteSignature", MENDED, *KEYLESS, (SECRET_KEY, CLOCK), 403),
    Row(ANY, "403", MENDED, *DENIED, ("grant it to the operator's role",), 403),
    Row(SECRETS, "ThrottlingException", PASSES, *SLOWER),
    Row(SECRETS, "InternalServiceError", PASSES, *AWAY, status=500),
    Row(SECRETS, "LimitExceededException", MENDED, *QUOTA, ("quota",)),
    Row(SECRETS, "ResourceNotFoundException", ABSENT, *RACE, ("is not there",)),  # more: test_aws_rotation.py
    *(Row(SECRETS, code, STAYS, *REFUSED, ("x",)) for code in (
        "InvalidRequestException", "ResourceExistsException", "InvalidParameterException",
        "MalformedPolicyDocumentException", "PublicPolicyException", "PreconditionNotMetException",
        "ValidationException")),
    *(Row(SECRETS, code, MENDED, *DENIED, ("KMS key", "enable it")) for code in (
        "DecryptionFailure", "EncryptionFailure")),
    Row(IAM, "EntityAlreadyExists", STAYS, *REFUSED, ("x",), 409),  # in words, like some others: test_aws_iam.py
    Row(IAM, "NoSuchEntity", ABSENT, *RACE, ("is not there",), 404),
    Row(IAM, "LimitExceeded", MENDED, *QUOTA, ("quota", "have it raised"), 409),
    Row(IAM, "DeleteConflict", PASSES, *IN_USE, ("x",), 409),
    *(Row(IAM, code, PASSES, *AWAY, status=409) for code in (
        "ConcurrentModification", "EntityTemporarilyUnmodifiable")),
    *(Row(IAM, code, STAYS, *REFUSED, ("x",)) for code in (
        "MalformedPolicyDocument", "InvalidInput", "UnmodifiableEntity", "PolicyNotAttachable")),
    *(Row(IAM, code, PASSES, *AWAY, status=500) for code in ("PolicyEvaluation", "ServiceFailure")),
    Row(IAM, "Throttling", PASSES, *SLOWER),
    Row(STS, "AccessDenied", MENDED, *DENIED, ("AWS denied AssumeRole;", "trust", "status.externalId"), 403,
        operation="AssumeRole"),
    Row(STS, "AccessDenied", MENDED, *DENIED, ("AWS denied AssumeRoleWithWebIdentity", "trust", "ServiceAccount"), 403,
         operation="AssumeRoleWithWebIdentity"),
    Row(STS, "IDPCommunicationError", PASSES, *AWAY, operation="AssumeRoleWithWebIdentity"),
    Row(STS, "InvalidIdentityToken", MENDED, *DENIED, ("AssumeRoleWithWebIdentity", "identity provider in IAM"),
        operation="AssumeRoleWithWebIdentity"),
    Row(STS, "RegionDisabledException", MENDED, *DENIED, ("activate the region",), 403, operation="AssumeRole"),
    Row(STS, "PackedPolicyTooLarge", STAYS, *REFUSED, ("x",), operation="AssumeRole"),
    Row(LOGS, "OperationAbortedException", PASSES, *AWAY),
    Row(LOGS, "ServiceUnavailableException", PASSES, *AWAY, status=503),
    Row(LOGS, "ThrottlingException", PASSES, *SLOWER),
    Row(LOGS, "LimitExceededException", MENDED, *QUOTA, ("quota",)),
    Row(LOGS, "ResourceNotFoundException", ABSENT, *RACE, ("is not there",)),
    Row(LOGS, "ResourceAlreadyExistsException", STAYS, *REFUSED, ("x",)),  # adopted where a log group is made
    Row("elbv2", "ListenerNotFound", STAYS, *REFUSED, ("x",)),
    Row("elbv2", "PriorRequestNotComplete", PASSES, *SLOWER, status=429),
    *(Row("wafv2", code, PASSES, *AWAY) for code in ("WAFUnavailableEntityException", "WAFInternalErrorException")),
    Row("tagging", "ThrottledException", PASSES, *SLOWER),
    *(Row("tagging", code, PASSES, *AWAY) for code in ("InternalServiceException", "PaginationTokenExpiredException")),
]  # fmt: skip
IDS = [f"{row.service} {row.code} {row.text if len(row.text) > 1 else row.operation}" for row in ROWS]


def test_each_code_of_the_reference_is_in_the_table_and_no_other() -> None:
    known = {(service, code) for service, codes in REFERENCE.items() for code in codes.split()}
    assert {(row.service, row.code) for row in ROWS} == known


def test_each_code_that_the_product_knows_is_in_the_table() -> None:
    """Apart from names of services that throttle or deny in other words."""
    known = {
        *errors.THROTTLED,
        *errors.DENIED,
        *errors.QUOTA,
        *errors.BAD_CREDENTIALS,
        *errors.PASSING,
        *errors.BY_ADMINISTRATOR,
    }
    assert known - {row.code for row in ROWS} == {"RequestLimitExceeded", "SlowDown", "ForbiddenException"}


@pytest.mark.parametrize("row", ROWS, ids=IDS)
def test_an_answer_of_aws_becomes_one_of_our_errors_with_the_words_that_help(row: Row) -> None:
    found = translate(OPERATION, row.error(), creates=False)
    assert (type(found), found.reason) == (row.kind, row.reason)
    assert (row.operation if row.service == STS else OPERATION) in found.message
    assert all(word in found.message for word in row.words), found.message


@pytest.mark.parametrize("row", ROWS, ids=IDS)
def test_who_must_act_decides_how_soon_it_is_tried_again(row: Row) -> None:
    """What an administrator must mend is not asked for often, but for credentials, which are renewed elsewhere."""
    found = translate(OPERATION, row.error(), creates=False)
    if row.what == STAYS:
        assert isinstance(found, Terminal)
        return
    assert isinstance(found, Retryable)
    if row.what == MENDED and row.reason != "CredentialsMissing":
        assert found.retry_after_s is not None
        assert found.retry_after_s >= 60
    elif row.reason != "InUse":
        assert found.retry_after_s is None


@pytest.mark.parametrize("row", ROWS, ids=IDS)
def test_a_create_is_uncertain_only_where_it_may_have_happened(row: Row) -> None:
    found = translate(OPERATION, row.error(), creates=True)
    sent = row.operation == "CreateRoute"
    assert type(found) is (Uncertain if row.status >= 500 and sent else row.kind)


def test_a_throttled_or_denied_call_is_known_in_all_words() -> None:
    for code, reason in (("RequestLimitExceeded", "AwsThrottled"), ("SlowDown", "AwsThrottled"),
                         ("ForbiddenException", "AwsAccessDenied")):  # fmt: skip
        assert translate(OPERATION, client_error(code), creates=False).reason == reason
    assert translate(OPERATION, client_error("Whatever", 429), creates=False).reason == "AwsThrottled"


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


@pytest.fixture
def stubbed() -> Iterator[Callable[[str], Stubber]]:
    """Stubs of services; what was ordered must have been asked for."""
    made: dict[str, Stubber] = {}

    def stub(service: str) -> Stubber:
        session = botocore.session.get_session()
        client = session.create_client(
            service, region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x"
        )
        made[service] = Stubber(client)
        made[service].activate()
        return made[service]

    yield stub
    for found in made.values():
        found.assert_no_pending_responses()


def gateway(stub: Stubber) -> AwsGateway:
    clients: Any = SimpleNamespace(client=lambda service, creates=False: stub.client)
    return AwsGateway(clients, "eu-west-1")


def test_what_is_not_there_is_none_where_it_is_looked_for_and_done_where_it_is_deleted(
    stubbed: Callable[[str], Stubber],
) -> None:
    stub = stubbed("apigatewayv2")
    for method in ("get_api", "get_vpc_link", "get_stage", "delete_api", "delete_vpc_link"):
        stub.add_client_error(method, "NotFoundException", http_status_code=404)
    adapter = gateway(stub)
    assert adapter.find_api("a") is None
    assert adapter.find_link("a") is None
    assert adapter.observe_stage("a") is None
    adapter.apply(DeleteApi("a"))
    adapter.apply(DeleteLink("a"))


def test_a_log_group_that_is_there_already_is_adopted(stubbed: Callable[[str], Stubber]) -> None:
    stub = stubbed("logs")
    stub.add_client_error("create_log_group", "ResourceAlreadyExistsException")
    stub.add_response("put_retention_policy", {}, {"logGroupName": "/x", "retentionInDays": 7})
    gateway(stub).apply(EnsureLogGroup(LogGroup("/x", 7), {}, exists=False))
