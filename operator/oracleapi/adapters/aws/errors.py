"""AWS errors translated once, by code and, where AWS uses one code for several things, by text.

Messages of ours carry no request id and no credential, so that a retry writes the same status. Source of the table:
API Gateway models and the texts seen in public issues (docs/unproven.md lists what no document states).
"""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    NoAuthTokenError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
    SSOError,
    TokenRetrievalError,
    UndefinedModelAttributeError,
)

from oracleapi.api import reasons
from oracleapi.errors import DependencyNotReady, OperatorError, Retryable, Terminal, Uncertain

NO_CREDENTIALS = (CredentialRetrievalError, NoAuthTokenError, PartialCredentialsError, SSOError, TokenRetrievalError)
THROTTLED = frozenset(
    {
        "TooManyRequestsException",
        "ThrottlingException",
        "ThrottledException",
        "Throttling",
        "RequestLimitExceeded",
        "PriorRequestNotComplete",
        "SlowDown",
    }
)
DENIED = frozenset({"AccessDeniedException", "AccessDenied", "UnauthorizedException", "ForbiddenException"})
EXPIRED = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "RequestExpired",
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "SignatureDoesNotMatch",
        "IncompleteSignature",
    }
)
PASSING = frozenset(
    {
        "ConcurrentModification",
        "EntityTemporarilyUnmodifiable",
        "IDPCommunicationError",
        "InternalServiceException",
        "OperationAbortedException",
        "PaginationTokenExpiredException",
        "ServiceUnavailableException",
        "WAFInternalErrorException",
        "WAFUnavailableEntityException",
    }
)
DENIED_RETRY_S = 60.0
IN_USE = (
    "is referenced in",
    "referenced by",
    "because there are API Stages associated",
    "Active stages pointing",
    "remove all API mappings",
)
DISCOVERY = "must have a valid discovery endpoint"
"""Also said when the issuer is only briefly unreachable."""
LOGGING = ("Insufficient permissions to enable logging", "Cannot enable logging")


@contextmanager
def translated(operation: str, creates: bool = False) -> Iterator[None]:
    """Turn what botocore raises during *operation* into our errors; *creates* marks calls never to be repeated."""
    try:
        yield
    except ClientError as error:
        raise translate(operation, error, creates) from error
    except NoCredentialsError as error:
        raise Terminal(
            reasons.CREDENTIALS_MISSING,
            "no AWS credentials: give the ServiceAccount a role, or set AwsAccount.spec.credentialsSecretRef",
        ) from error
    except NO_CREDENTIALS as error:
        text = f"{operation} was not sent: no credentials could be had ({type(error).__name__})"
        raise Retryable(reasons.CREDENTIALS_MISSING, text) from error
    except ParamValidationError as error:
        raise Terminal(reasons.AWS_REFUSED, f"{operation} was not sent: a value in it is not allowed") from error
    except (BotoCoreError, UndefinedModelAttributeError) as error:
        kind = type(error).__name__
        if creates:
            raise Uncertain(reasons.CREATE_UNCERTAIN, f"no answer to {operation} ({kind}); looking it up") from error
        raise Retryable(reasons.AWS_UNAVAILABLE, f"no answer to {operation} ({kind})") from error


def error_code(error: ClientError) -> str:
    """Return the error code string."""
    return str(error.response.get("Error", {}).get("Code", ""))


def is_absent(error: ClientError) -> bool:
    """Say whether *error* means that the thing is not there."""
    return error_code(error) in ("NotFoundException", "ResourceNotFoundException", "NoSuchEntity")


def translate(operation: str, error: ClientError, creates: bool) -> OperatorError:
    """Return our error for *error*."""
    code = error_code(error)
    text = " ".join(str(error.response.get("Error", {}).get("Message", "")).split())[:300]
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if error.operation_name == "AssumeRole":
        operation = "AssumeRole"  # the call before the call: nothing of the operation itself was sent
        creates = False
    if code == "LimitExceededException" and status == 429 and "maximum number" in text:
        return Retryable(reasons.AWS_REFUSED, f"{operation}: a quota of the account is reached: {text}", DENIED_RETRY_S)
    if code in THROTTLED or status == 429:
        return Retryable(reasons.AWS_THROTTLED, f"AWS throttled {operation}")
    if code in EXPIRED:
        return Retryable(reasons.CREDENTIALS_MISSING, f"AWS refused the credentials of {operation}: {code}")
    if operation == "AssumeRole" and code in DENIED:
        text = "AWS denied AssumeRole; let the role trust the operator's identity and status.externalId"
        return Retryable(reasons.AWS_ACCESS_DENIED, text, DENIED_RETRY_S)
    if code in DENIED or status == 403:
        return Retryable(
            reasons.AWS_ACCESS_DENIED, f"AWS denied {operation}; grant it to the operator's role", DENIED_RETRY_S
        )
    if status >= 500:
        if creates:
            return Uncertain(reasons.CREATE_UNCERTAIN, f"{operation} failed in AWS ({status}); looking it up")
        return Retryable(reasons.AWS_UNAVAILABLE, f"{operation} failed in AWS ({status})")
    if code in PASSING:
        return Retryable(reasons.AWS_UNAVAILABLE, f"{operation} failed in AWS ({code})")
    if is_absent(error):
        return Retryable(reasons.CONFLICT, f"{operation}: what it names is not there (any more); looking again")
    if DISCOVERY in text:
        return Retryable(reasons.DISCOVERY_FAILED, f"{operation}: {text}", DENIED_RETRY_S)
    if any(mark in text for mark in LOGGING):
        return Retryable(reasons.AWS_ACCESS_DENIED, f"{operation}: {text}", DENIED_RETRY_S)
    if any(mark in text for mark in IN_USE):
        return DependencyNotReady(reasons.IN_USE, f"{operation}: {text}", 15.0)
    if code == "DeleteConflict":
        return DependencyNotReady(reasons.IN_USE, f"{operation}: {text}", 15.0)
    if code == "ConflictException":
        return Retryable(reasons.CONFLICT, f"{operation}: {text}")
    if code in ("LimitExceededException", "LimitExceeded"):
        return Retryable(reasons.AWS_REFUSED, f"{operation}: a quota of the account is reached: {text}", DENIED_RETRY_S)
    return Terminal(reasons.AWS_REFUSED, f"{operation}: {text or code}")
