"""Writes an error in the protocol that the client of a request speaks."""

import json
import re
from uuid import uuid4
from xml.sax.saxutils import escape

from oracleapi_sandbox.aws.control.model import error_body
from oracleapi_sandbox.aws.errors import AwsError
from oracleapi_sandbox.aws.wire import AwsRequest, Reply

_XML_CODE = re.compile(rb"<Code>([^<]+)</Code>")


def error_reply(request: AwsRequest, error: AwsError) -> Reply:
    """Return *error* as *request*'s client reads it."""
    request_id = str(uuid4())
    identity: tuple[tuple[bytes, bytes], ...] = ((b"x-amzn-requestid", request_id.encode()),)
    if error.retry_after_s is not None:
        identity = (*identity, (b"retry-after", str(error.retry_after_s).encode()))
    protocol = request.protocol
    if protocol == "rest-json":
        headers = (*identity, (b"x-amzn-errortype", error.code.encode()))
        return Reply(error.status, error_body(error), "application/json", headers, error.code)
    if protocol == "json":
        body = json.dumps({"__type": error.code, "message": error.message, **error.members}).encode()
        return Reply(error.status, body, "application/x-amz-json-1.1", identity, error.code)
    body = _xml(request, error, request_id).encode()
    return Reply(error.status, body, "text/xml", identity, error.code)


def _xml(request: AwsRequest, error: AwsError, request_id: str) -> str:
    code, message = escape(error.code), escape(error.message)
    if request.credential is not None and request.credential.service == "ec2":
        errors = f"<Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>"
        return f"<Response>{errors}<RequestID>{request_id}</RequestID></Response>"
    kind = "Receiver" if error.status >= 500 else "Sender"
    inner = f"<Type>{kind}</Type><Code>{code}</Code><Message>{message}</Message>"
    return f"<ErrorResponse><Error>{inner}</Error><RequestId>{request_id}</RequestId></ErrorResponse>"


def code_of(status: int, headers: dict[str, str], body: bytes) -> str | None:
    """Return the error code of an answer in any protocol, or ``None``."""
    if status < 400:
        return None
    if kind := headers.get("x-amzn-errortype"):
        return kind.partition(":")[0]
    if found := _XML_CODE.search(body):
        return found.group(1).decode("utf-8", "replace")
    try:
        kind = str(json.loads(body).get("__type", ""))
    except (ValueError, AttributeError):
        return None
    return kind.rpartition("#")[2] or None
