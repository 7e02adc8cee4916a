"""Errors of Secrets Manager in our words, by code and, where one code means several things, by texts that public issues
quote.

Each names the secret, and the right where one is lacking. None holds a value: AWS's own words about a call that carried
one are not repeated, neither in a message nor in what a traceback prints. Source: Secrets Manager API reference.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ClientError

from oracleapi.adapters.aws.errors import DENIED, DENIED_RETRY_S, QUOTA, error_code, is_absent, translated
from oracleapi.api import reasons
from oracleapi.errors import DependencyNotReady, OperatorError, Retryable, Terminal

NO_KEY = "Access to KMS is not allowed"
WRONG_STATE, WRONG_PARAMETER, INVALID = "InvalidRequestException", "InvalidParameterException", "ValidationException"
TAKEN = "ResourceExistsException"
GOING = ("marked for deletion", "scheduled for deletion")
CREATE, PUT, READ, MOVE = "CreateSecret", "PutSecretValue", "GetSecretValue", "UpdateSecretVersionStage"
CHANGE = "UpdateSecret"
CARRYING = frozenset({CREATE, PUT})
"""Calls that carry a value."""
OPERATIONS = CARRYING | {READ, MOVE, CHANGE, "DeleteSecret", "DescribeSecret", "RestoreSecret", "TagResource"}
RETRY_S = 60.0
_KEY_RIGHTS = {READ: "kms:Decrypt", CHANGE: "kms:GenerateDataKey, kms:Encrypt and kms:Decrypt"}
"""Of the key, where they are others than what storing a value takes."""
_LACKING = re.compile(r"not authorized to perform: (secretsmanager:[A-Za-z]+)")


@contextmanager
def asking(operation: str, secret_id: str, version: str = "") -> Iterator[None]:
    """Translate the errors of one call about a secret.

    Args:
        version: Which version of it the call needs, in words.
    """
    with translated(f"secretsmanager:{operation}"):
        try:
            yield
        except ClientError as error:
            told = _without_words(error) if error.operation_name in CARRYING else error
            known = _explained(error, secret_id, version)
            if known is not None:
                raise known from told
            raise told from None


def answered(error: OperatorError) -> str:
    """Return the code that Secrets Manager answered a call with, or nothing: it was never asked, or said nothing."""
    cause = error.__cause__
    return error_code(cause) if isinstance(cause, ClientError) and cause.operation_name in OPERATIONS else ""


def missing(message: str) -> DependencyNotReady:
    return DependencyNotReady(reasons.CREDENTIALS_MISSING, message, RETRY_S)


def _explained(error: ClientError, secret_id: str, version: str) -> OperatorError | None:
    """Return our error where Secrets Manager's own words mislead, name no secret or may hold a value."""
    if error.operation_name not in OPERATIONS:
        return None  # of the call before: it asked for the keys to sign with
    code, text = error_code(error), _words(error)
    if is_absent(error):
        lacking = f", or has no {version}" if version else ""
        return missing(f"secret {secret_id} is not in this account and region{lacking}; create it")
    if code == WRONG_STATE and any(mark in text for mark in GOING):
        return missing(f"secret {secret_id} is scheduled for deletion; restore it, or name another one")
    if code in DENIED:
        return _denied(_denial(error.operation_name, text, secret_id))
    if code in ("DecryptionFailure", "EncryptionFailure"):
        verb = "decrypt" if code == "DecryptionFailure" else "encrypt"
        return _denied(f"the KMS key of secret {secret_id} does not {verb} it; enable the key")
    if code in QUOTA and error.operation_name in CARRYING | {MOVE}:
        return _full(error.operation_name, secret_id)
    explain = _REFUSALS.get((error.operation_name, code))
    return explain(secret_id, text) if explain is not None else None


def _denial(operation: str, text: str, secret_id: str) -> str:
    if NO_KEY in text:
        rights = _KEY_RIGHTS.get(operation, "kms:GenerateDataKey and kms:Decrypt")
        return f"AWS denied the KMS key of secret {secret_id}; grant {rights} on it to the operator's role"
    named = _LACKING.search(text)
    right = named[1] if named is not None else f"secretsmanager:{operation}"
    if operation == CREATE:
        return f"AWS denied making secret {secret_id}; grant {right} on it to the operator's role"
    return (
        f"AWS denied secret {secret_id}, which may also mean that there is none; grant {right} on it to the"
        " operator's role, or create it"
    )


def _full(operation: str, secret_id: str) -> Retryable:
    text = (
        f"secret {secret_id} has as many versions or labels as AWS allows; versions without a label go after a day:"
        " change it less often"
    )
    if operation == CREATE:
        text = f"there is no place for secret {secret_id}: a quota of the account is reached; have it raised"
    return _refused(text)


def _name_taken(secret_id: str, _: str) -> Terminal:
    return Terminal(
        reasons.CONFLICT,
        f"there is a secret {secret_id} already, which was not made for this; name another one, or delete that one",
    )


def _version_taken(secret_id: str, _: str) -> Terminal:
    return Terminal(
        reasons.CONFLICT, f"secret {secret_id} has this version with other values: somebody else wrote it; rotate anew"
    )


def _not_moved(secret_id: str, _: str) -> Retryable:
    return Retryable(
        reasons.CONFLICT, f"AWS does not move a label of secret {secret_id} from the version that has it; looking again"
    )


def _unreadable(secret_id: str, _: str) -> DependencyNotReady:
    return missing(f"secret {secret_id} cannot be read in its state; one of another account needs a KMS key of its own")


def _wrong_state(secret_id: str, _: str) -> Retryable:
    return _refused(
        f"AWS does not let secret {secret_id} be changed in its state; it must be no replica, have none, and no service"
        " of AWS may manage it"
    )


def _wrong_value(secret_id: str, text: str) -> Terminal:
    if "secretString" in text:
        return Terminal(
            reasons.AWS_REFUSED, f"what secret {secret_id} would hold is more than its 65,536 bytes; keep less in it"
        )
    return Terminal(
        reasons.AWS_REFUSED,
        f"AWS refused a member of secret {secret_id}; its name holds letters, digits and /_+=.@- alone, its KMS key is"
        " one of this region, and it has at most 50 tags, none of which begins with aws:",
    )


_REFUSALS: dict[tuple[str, str], Callable[[str, str], OperatorError]] = {
    (CREATE, TAKEN): _name_taken,
    (PUT, TAKEN): _version_taken,
    (MOVE, WRONG_PARAMETER): _not_moved,
    (READ, WRONG_STATE): _unreadable,
    **{(operation, WRONG_STATE): _wrong_state for operation in OPERATIONS - {READ}},
    **{(operation, code): _wrong_value for operation in CARRYING | {CHANGE} for code in (WRONG_PARAMETER, INVALID)},
}


def _words(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Message", ""))


def _without_words(error: ClientError) -> ClientError:
    """Return the error with its code and status alone."""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    response: Any = {
        "Error": {"Code": error_code(error), "Message": ""},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(response, error.operation_name)


def _denied(message: str) -> Retryable:
    return Retryable(reasons.AWS_ACCESS_DENIED, message, DENIED_RETRY_S)


def _refused(message: str) -> Retryable:
    return Retryable(reasons.AWS_REFUSED, message, RETRY_S)
