"""Signature version 4 verified: what the client signed is signed again with botocore's own signer and compared.

Only signatures in the ``Authorization`` header; presigned requests are refused as not implemented.
"""

import hashlib
import hmac
import re
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


def verify(request: AwsRequest, secret: str, now: float) -> None:
    """Check the signature of *request* against *secret* at *now* (epoch seconds).

    Raises:
        AwsError: An incomplete header, a date more than the service's tolerance away, or another signature; the texts
            are those that public issues quote [D].
    """
    credential, given = request.credential, _AUTHORIZATION.match(request.headers.get("authorization", "").strip())
    stamp = request.headers.get("x-amz-date", "")
    if credential is None or given is None or not _is_stamp(stamp):
        text = (
            "Authorization header requires 'Credential', 'SignedHeaders' and 'Signature', and an 'X-Amz-Date' header."
        )
        raise refusal(request, "incomplete", text)
    if "host" not in (names := given["headers"].split(";")):
        raise refusal(request, "signature", "'Host' must be a 'SignedHeader' in the AWS Authorization.")
    if given["day"] != stamp[:8]:
        text = f"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: {stamp}"
        raise refusal(request, "signature", text)
    _check_date(request, stamp, now)
    if not hmac.compare_digest(_signed(request, secret, stamp, names), given["signature"]):
        raise refusal(request, "signature")


def _is_stamp(text: str) -> bool:
    try:
        datetime.strptime(text, _STAMP).replace(tzinfo=UTC)
    except ValueError:
        return False
    return True


def _check_date(request: AwsRequest, stamp: str, now: float) -> None:
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


def _signed(request: AwsRequest, secret: str, stamp: str, names: list[str]) -> str:
    """Return the signature that *secret* gives for the signed headers, path, query and body as received."""
    credential = request.credential
    assert credential is not None
    headers = {name: request.headers[name] for name in names if name in request.headers}
    if "x-amz-content-sha256" in headers:
        headers["x-amz-content-sha256"] = hashlib.sha256(request.body).hexdigest()
    query = f"?{request.query_string}" if request.query_string else ""
    url = f"http://{request.headers.get('host', '')}{request.raw_path}{query}"
    again = AWSRequest(request.method, url, headers=headers, data=request.body)
    again.context["timestamp"] = stamp
    signer = SigV4Auth(Credentials(credential.access_key_id, secret), credential.service, credential.region)
    canonical = signer.canonical_request(again)
    found: str = signer.signature(signer.string_to_sign(again, canonical), again)
    return found
