"""Refusals of the door, with code and status as each protocol has them.

API Gateway and the XML services answer 403, the JSON services 400, EC2 has codes of its own; the codes are what public
issues quote of each [D]. That a denied call of API Gateway has a lower-case ``message`` is [U]: clients read both.
"""

from typing import Literal

from oracleapi_sandbox.aws.errors import AwsError
from oracleapi_sandbox.aws.wire import AwsRequest

Kind = Literal["missing", "incomplete", "unknown", "signature", "expired", "denied"]

_JSON = {
    "missing": "MissingAuthenticationTokenException",
    "incomplete": "IncompleteSignatureException",
    "unknown": "UnrecognizedClientException",
    "signature": "InvalidSignatureException",
    "expired": "ExpiredTokenException",
    "denied": "AccessDeniedException",
}
_XML = {
    "missing": "MissingAuthenticationToken",
    "incomplete": "IncompleteSignature",
    "unknown": "InvalidClientTokenId",
    "signature": "SignatureDoesNotMatch",
    "expired": "ExpiredToken",
    "denied": "AccessDenied",
}
_EC2 = {
    "unknown": "AuthFailure",
    "signature": "AuthFailure",
    "expired": "RequestExpired",
    "denied": "UnauthorizedOperation",
}
_TEXTS = {
    "missing": "Missing Authentication Token",
    "unknown": "The security token included in the request is invalid.",
    "signature": (
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access"
        " Key and signing method. Consult the service documentation for details."
    ),
    "expired": "The security token included in the request is expired",
}


def refusal(request: AwsRequest, kind: Kind, text: str | None = None) -> AwsError:
    """Return the error of *kind* as the service that *request* speaks to answers it."""
    message = text or _TEXTS[kind]
    if request.credential is not None and request.credential.service == "ec2":
        code = _EC2.get(kind, _XML[kind])
        return AwsError(401 if code == "AuthFailure" else 403, code, message)
    if request.protocol in ("query", "rest-xml"):
        return AwsError(403, _XML[kind], message)
    return AwsError(400 if request.protocol == "json" else 403, _JSON[kind], message)
