"""AWS errors translated once, by code and, where AWS uses one code for several things, by text.

Messages of ours carry no request id and no credential, so that a retry writes the same status. Sources: the services'
API references; API Gateway models and the texts seen in public issues (docs/unproven.md lists what no document states).
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    NoAuthTokenError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
    SSLError,
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
QUOTA = frozenset({"LimitExceededException", "LimitExceeded"})
RENEW = "renew the keys in the Secret of AwsAccount.spec.credentialsSecretRef, or the pod's token"
KEY_ID = "AWS_ACCESS_KEY_ID in the Secret of AwsAccount.spec.credentialsSecretRef must be a key that is active"
SIGNATURE = (
    "AWS_SECRET_ACCESS_KEY in the Secret of AwsAccount.spec.credentialsSecretRef must belong to its key id, and the"
    " clock of the node must be right"
)
BAD_CREDENTIALS = {
    "ExpiredToken": RENEW,
    "ExpiredTokenException": RENEW,
    "RequestExpired": "compare the node's clock with the time of day",
    "InvalidClientTokenId": KEY_ID,
    "UnrecognizedClientException": KEY_ID,
    "SignatureDoesNotMatch": SIGNATURE,
    "InvalidSignatureException": SIGNATURE,
    "IncompleteSignature": SIGNATURE,
}
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
ROLE_TRUST = {
    "AssumeRole": "let the role trust the operator's identity and status.externalId",
    "AssumeRoleWithWebIdentity": "let the role of the ServiceAccount trust the cluster's OIDC provider and that"
    " ServiceAccount",
}
"""The calls before the call, in which the keys to sign with are asked for, and what they need."""
BY_ADMINISTRATOR = {
    "InvalidIdentityToken": "AWS does not believe the pod's token; make the cluster's OIDC issuer an identity provider"
    " in IAM",
    "RegionDisabledException": "STS is off in this region; activate the region in the account",
    "DecryptionFailure": "the KMS key does not decrypt; enable it, and grant it to the operator's role",
    "EncryptionFailure": "the KMS key does not encrypt; enable it, and grant it to the operator's role",
}
IN_USE = (
    "is referenced in",
    "referenced by",
    "because there are API Stages associated",
    "Active stages pointing",
    "remove all API mappings",
)
DISCOVERY = "must have a valid discovery endpoint"
"""Also said when the issuer is only briefly unreachable."""
LOGGING = {
    "Insufficient permissions to enable logging": "grant TurnAccessLogsOn of docs/iam-policy.json to the operator",
    "Cannot enable logging": "a resource policy of CloudWatch Logs is full; take out of it what nobody needs",
}


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
        raise _no_answer(operation, error, creates) from error


def _no_answer(operation: str, error: Exception, creates: bool) -> OperatorError:
    kind = type(error).__name__
    if creates:
        return Uncertain(reasons.CREATE_UNCERTAIN, f"no answer to {operation} ({kind}); looking it up")
    cure = "network policies, proxies and AwsAccount.spec.endpointUrl"
    if isinstance(error, SSLError):
        cure = "the endpoint's certificate is not trusted: the chart's extraCa, and proxies"
    return Retryable(reasons.AWS_UNAVAILABLE, f"no answer to {operation} ({kind}); check {cure}")


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
    metadata: Mapping[str, Any] = error.response.get("ResponseMetadata", {})
    status = int(metadata.get("HTTPStatusCode", 0))
    if error.operation_name in ROLE_TRUST:
        operation = error.operation_name  # nothing of the operation itself was sent
        creates = False
    if code in QUOTA and not (status == 429 and "retry-after" in metadata.get("HTTPHeaders", {})):
        return _denied(f"{operation}: a quota of the account is reached: {text}; have it raised", reasons.AWS_REFUSED)
    if code in THROTTLED or status == 429:
        return Retryable(reasons.AWS_THROTTLED, f"AWS throttled {operation}")
    if code in BAD_CREDENTIALS:
        text = f"AWS refused the credentials of {operation}: {code}; {BAD_CREDENTIALS[code]}"
        return Retryable(reasons.CREDENTIALS_MISSING, text)
    if code in BY_ADMINISTRATOR:
        return _denied(f"{operation}: {code}: {BY_ADMINISTRATOR[code]}")
    if code in DENIED or status == 403:
        cure = ROLE_TRUST.get(operation, "grant it to the operator's role, see docs/aws.md")
        return _denied(f"AWS denied {operation}; {cure}")
    if status >= 500:
        if creates:
            return Uncertain(reasons.CREATE_UNCERTAIN, f"{operation} failed in AWS ({status}); looking it up")
        return Retryable(reasons.AWS_UNAVAILABLE, f"{operation} failed in AWS ({status})")
    if code in PASSING:
        return Retryable(reasons.AWS_UNAVAILABLE, f"{operation} failed in AWS ({code})")
    if is_absent(error):
        return Retryable(reasons.CONFLICT, f"{operation}: what it names is not there (any more); looking again")
    return _by_text(operation, code, text)


def _by_text(operation: str, code: str, text: str) -> OperatorError:
    """Return our error where AWS's words tell more than its code."""
    if DISCOVERY in text:
        cure = "it must answer AWS from the public internet, with a certificate of a public authority"
        return _denied(f"{operation}: {text}; {cure}", reasons.DISCOVERY_FAILED)
    for mark, cure in LOGGING.items():
        if mark in text:
            return _denied(f"{operation}: {text}; {cure}")
    if code == "DeleteConflict" or any(mark in text for mark in IN_USE):
        return DependencyNotReady(reasons.IN_USE, f"{operation}: {text}", 15.0)
    if code == "ConflictException":
        return Retryable(reasons.CONFLICT, f"{operation}: {text}")
    return Terminal(reasons.AWS_REFUSED, f"{operation}: {text or code}")


def _denied(message: str, reason: str = reasons.AWS_ACCESS_DENIED) -> Retryable:
    """Return an error that somebody must mend in AWS: it is not asked for often."""
    return Retryable(reason, message, DENIED_RETRY_S)
