"""Errors of Secrets Manager: JSON protocol, status 400 [D: seen on real accounts]; texts that are [U] say so."""

from oracleapi_sandbox.aws.errors import AwsError


def refused(code: str, message: str) -> AwsError:
    """Return a modelled error; its shape has ``Message``, with a capital letter."""
    return AwsError(400, code, message, Message=message)


def invalid_parameter(message: str) -> AwsError:
    return refused("InvalidParameterException", message)


def invalid_request(message: str) -> AwsError:
    return refused("InvalidRequestException", message)


def exists(message: str) -> AwsError:
    return refused("ResourceExistsException", message)


def not_found(what: str = "") -> AwsError:
    """Return what a missing secret is told with, or *what* of it is missing."""
    return refused("ResourceNotFoundException", f"Secrets Manager can't find the specified secret{what}")


def limit_exceeded(message: str) -> AwsError:
    """Return the error of a full quota [U text]."""
    return refused("LimitExceededException", message)


def marked_for_deletion() -> AwsError:
    return invalid_request("You can't perform this operation on the secret because it was marked for deletion.")


def validation(faults: list[str]) -> AwsError:
    """Return the error of members that break the model: of all of them, and without their values."""
    count = f"{len(faults)} validation error{'s' if len(faults) > 1 else ''} detected: "
    return AwsError(400, "ValidationException", count + "; ".join(faults))


def throttled() -> AwsError:
    """Return what is answered above a request quota [U text]; the code is not in the model [D]."""
    return AwsError(400, "ThrottlingException", "Rate exceeded")
