"""PL/SQL handlers: run the block, then read its answer from the binds that it assigned."""

import re
from typing import Any

from oracleapi_sandbox.oracle.ports import Result, Session, Value
from oracleapi_sandbox.ords.binds import Context, Resolved, resolve
from oracleapi_sandbox.ords.faults import misconfigured
from oracleapi_sandbox.ords.http import JSON_TYPE, Response
from oracleapi_sandbox.ords.model import Parameter
from oracleapi_sandbox.ords.rendering import dumps, plain

STATUS_HEADERS = frozenset({"x-ords-status-code", "x-apex-status-code"})
FORWARD_HEADERS = frozenset({"x-ords-forward-location", "x-apex-forward"})
"""HEADER OUT parameters that steer ORDS instead of going out [D]; the X-APEX- names are from before 18.3 [M]."""

_OWN_HEADERS = frozenset({"content-length", "transfer-encoding", "connection"})
_HEADER_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def run_block(session: Session, context: Context) -> tuple[Response, str | None]:
    """Run the block; return its answer and the location to forward to, if it set one.

    RESPONSE OUT parameters are the keys of a JSON object, HEADER OUT parameters are headers; a block that sets neither
    answers 200 with an empty body [D].

    Raises:
        OracleError: The block failed.
        OrdsError: 500 when the status code that it set is none.
    """
    resolved = resolve(context.handler.source, context)
    result = session.execute(context.handler.source, resolved.binds)
    response = Response()
    forward = _steering(resolved, result, response, context)
    document: dict[str, Any] = {}
    for name, parameter in resolved.outs:
        value = result.out.get(name)
        if parameter.source_type == "RESPONSE":
            document[parameter.name] = plain(value)
        elif parameter.source_type == "HEADER":
            forward = _header(parameter, value, response) or forward
    if document:
        response.body = dumps(document)
    if document and not response.has("content-type"):
        response.headers.insert(0, ("Content-Type", JSON_TYPE))
    return response, forward


def _steering(resolved: Resolved, result: Result, response: Response, context: Context) -> str | None:
    """Apply ``:status_code``; return ``:forward_location``."""
    outs = {name.upper(): result.out.get(name.upper()) for name in resolved.implicit}
    status = outs.get("STATUS_CODE")
    if status is not None:
        response.status = _status(status)
    location = outs.get("FORWARD_LOCATION")
    return None if location is None else str(location)


def _header(parameter: Parameter, value: Value, response: Response) -> str | None:
    """Apply one HEADER OUT parameter; return a location when it is one of those that forward."""
    name = parameter.name.lower()
    if value is None:
        return None
    if name in STATUS_HEADERS:
        response.status = _status(value)
        return None
    text = _header_text(plain(value))
    if name in FORWARD_HEADERS:
        return text
    if name in _OWN_HEADERS or not _HEADER_NAME.fullmatch(name):
        raise misconfigured(f"A handler cannot set a response header named {parameter.name}")
    response.headers.append((parameter.name, text))
    return None


def _header_text(value: Any) -> str:
    text = value if isinstance(value, str) else dumps(value).decode()
    if _CONTROL.search(text):
        raise misconfigured("A response header of this handler holds a control character")
    return text.strip()


def _status(value: Value) -> int:
    try:
        status = int(str(value))
    except ValueError:
        status = 0
    if not 200 <= status <= 599:
        raise misconfigured("The status code that this handler set is not an HTTP status code")
    return status
