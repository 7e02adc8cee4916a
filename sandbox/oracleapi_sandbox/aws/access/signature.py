"""Signature version 4 verified: what the client signed is signed again with botocore's own signer and compared.

A signature is in the ``Authorization`` header or, presigned, in the query, never in both. Whoever calls :func:`verify`
decides whether presigned requests are for him.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from botocore.auth import SigV4Auth  # type: ignore[import-untyped]
from botocore.awsrequest import AWSRequest  # type: ignore[import-untyped]
from botocore.credentials import Credentials  # type: ignore[import-untyped]

from oracleapi_sandbox.aws.access.refusals import refusal
from oracleapi_sandbox.aws.wire import AwsRequest

_AUTHORIZATION = re.compile(
    r"^AWS4-HMAC-SHA256\s+Credential=[^,\s]+/(?P<day>\d{8})/[^,\s]+/aws4_request,\s*"
    r"SignedHeaders=(?P<headers>[^,\s]+),\s*Signature=(?P<signature>[0-9a-f]+)$"
)
_STAMP = "%Y%m%dT%H%M%SZ"
_TOLERANCE_MINUTES = {"sts": 15, "ec2": 5, "apigateway": 5}
"""[D] API Gateway 5, STS 15: public error texts. IAM like STS, the others like API Gateway [U]."""
_IN_QUERY = ("Algorithm", "Credential", "Date", "Expires", "SignedHeaders", "Signature")
_SCOPE = re.compile(r"[^,\s]+/(\d{8})/[^,\s]+/aws4_request")
_LONGEST_S = 604_800  # [D] IAM user guide, elements of a request signature


@dataclass(frozen=True)
class _Given:
    """A signature as the client wrote it; *lifetime* only where it is presigned."""

    day: str
    stamp: str
    names: list[str]
    signature: str
    lifetime: timedelta | None = None


def verify(request: AwsRequest, secret: str, now: float) -> None:
    """Check the signature of *request* against *secret* at *now* (epoch seconds).

    Raises:
        AwsError: An incomplete header or query, a date more than the service's tolerance away, or another signature;
            the texts are those that public issues quote [D].
    """
    given = _in_query(request) if request.presigned else _in_header(request)
    if request.credential is None or given is None or not _is_stamp(given.stamp):
        text = (
            "Authorization header requires 'Credential', 'SignedHeaders' and 'Signature', and an 'X-Amz-Date' header."
        )
        raise refusal(request, "incomplete", text)
    if "host" not in given.names:
        raise refusal(request, "signature", "'Host' must be a 'SignedHeader' in the AWS Authorization.")
    if given.day != given.stamp[:8]:
        text = "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP"
        raise refusal(request, "signature", f"{text}: {given.stamp}")
    _check_date(request, given, now)
    if not hmac.compare_digest(_signed(request, secret, given), given.signature.encode()):
        raise refusal(request, "signature")


def _in_header(request: AwsRequest) -> _Given | None:
    found = _AUTHORIZATION.match(request.headers.get("authorization", "").strip())
    stamp = request.headers.get("x-amz-date", "")
    return found and _Given(found["day"], stamp, found["headers"].split(";"), found["signature"])


def _in_query(request: AwsRequest) -> _Given | None:
    """Read a presigned request; each part occurs once, and no ``Authorization`` stands beside it."""
    values = [request.query.get(f"X-Amz-{name}", []) for name in _IN_QUERY]
    if "authorization" in request.headers or any(len(value) != 1 for value in values):
        return None
    algorithm, credential, stamp, expires, names, signature = (value[0] for value in values)
    scope = _SCOPE.fullmatch(credential)
    seconds = int(expires) if re.fullmatch("[0-9]{1,6}", expires) else 0
    if algorithm != "AWS4-HMAC-SHA256" or scope is None or not 0 < seconds <= _LONGEST_S:
        return None
    return _Given(scope[1], stamp, names.split(";"), signature, timedelta(seconds=seconds))


def _is_stamp(text: str) -> bool:
    try:
        datetime.strptime(text, _STAMP).replace(tzinfo=UTC)
    except ValueError:
        return False
    return True


def _check_date(request: AwsRequest, given: _Given, now: float) -> None:
    """Refuse a date outside the service's tolerance; a presigned request may end sooner, and never later [U]."""
    stamp = given.stamp
    service = request.credential.service if request.credential else ""
    minutes = _TOLERANCE_MINUTES.get(service, 15 if service == "iam" else 5)
    here, there = datetime.fromtimestamp(now, UTC), datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC)
    earliest, latest = here - timedelta(minutes=minutes), here + timedelta(minutes=minutes)
    shown = here.strftime(_STAMP)
    if there < earliest:
        text = f"Signature expired: {stamp} is now earlier than {earliest.strftime(_STAMP)} ({shown} - {minutes} min.)"
        raise refusal(request, "signature", text)
    if there > latest:
        limit = f"{latest.strftime(_STAMP)} ({shown} + {minutes} min.)"
        text = f"Signature not yet current: {stamp} is still later than {limit}"
        raise refusal(request, "signature", text)
    if given.lifetime is not None and there + given.lifetime < here:
        raise refusal(request, "signature", f"Signature expired: {stamp} + {given.lifetime} is before {shown}")


def _signed(request: AwsRequest, secret: str, given: _Given) -> bytes:
    """Return the signature that *secret* gives for the signed headers, path, query and body as received."""
    credential = request.credential
    assert credential is not None
    headers = {name: request.headers[name] for name in given.names if name in request.headers}
    if "x-amz-content-sha256" in headers:
        headers["x-amz-content-sha256"] = hashlib.sha256(request.body).hexdigest()
    pairs = [pair for pair in request.query_string.split("&") if not pair.startswith("X-Amz-Signature=")]
    signed_query = "&".join(pairs) if request.presigned else request.query_string
    query = f"?{signed_query}" if signed_query else ""
    url = f"http://{request.headers.get('host', '')}{request.raw_path}{query}"
    again = AWSRequest(request.method, url, headers=headers, data=request.body)
    again.context["timestamp"] = given.stamp
    signer = SigV4Auth(Credentials(credential.access_key_id, secret), credential.service, credential.region)
    canonical = signer.canonical_request(again)
    found: str = signer.signature(signer.string_to_sign(again, canonical), again)
    return found.encode()
