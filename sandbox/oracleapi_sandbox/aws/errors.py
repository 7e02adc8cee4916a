"""Errors of the AWS front and of the API Gateway control plane, as the wire carries them."""


class AwsError(Exception):
    """An AWS error: HTTP *status*, error *code*, *message*, and further members of the error's shape.

    ``retry_after_s`` becomes the header Retry-After.
    """

    retry_after_s: int | None = None

    def __init__(self, status: int, code: str, message: str, **members: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.members = members


def bad_request(message: str) -> AwsError:
    """BadRequestException, 400 [D model]."""
    return AwsError(400, "BadRequestException", message)


def conflict(message: str) -> AwsError:
    """ConflictException, 409 [D model]."""
    return AwsError(409, "ConflictException", message)


def not_found(resource_type: str, message: str) -> AwsError:
    """NotFoundException, 404, with the ``resourceType`` of the model [D model]; the texts are [U] unless noted."""
    return AwsError(404, "NotFoundException", message, resourceType=resource_type)


def too_many_requests() -> AwsError:
    """TooManyRequestsException, 429: the request quotas of the account [D model]."""
    return AwsError(429, "TooManyRequestsException", "Too Many Requests")


def quota_reached(plural: str, owner: str) -> AwsError:
    """Return the error of a full resource quota: code ConflictException with status 429.

    The odd pair and the text were seen on real AWS for authorizers (public issue sst#4522) [D]; that the other
    resources answer alike is [U].
    """
    text = f"Maximum number of {plural} for this {owner} has been reached. Please contact AWS if you need additional "
    return AwsError(429, "ConflictException", f"{text}{plural}.")


def not_implemented(what: str) -> AwsError:
    """NotImplemented, 501: this double does not have *what*. Real AWS never says this."""
    return AwsError(501, "NotImplemented", f"The sandbox does not implement {what}.")
