"""The request body as handlers can bind it: raw, as text, as JSON, or its top-level fields."""

import json
import re
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

from oracleapi_sandbox.ords.faults import bad_request, misconfigured
from oracleapi_sandbox.ords.http import Request
from oracleapi_sandbox.ords.rendering import dumps

FORM = "application/x-www-form-urlencoded"


def body_text(request: Request) -> str | None:
    """The body in its charset (UTF-8 unless Content-Type names one); ``None`` when there is none.

    Raises:
        OrdsError: 400 when the bytes do not fit the charset.
    """
    if not request.body:
        return None
    found = re.search(r"charset=\"?([\w.:-]+)", request.header("content-type") or "", re.IGNORECASE)
    try:
        return request.body.decode(found[1] if found else "utf-8")
    except (UnicodeDecodeError, LookupError):
        raise bad_request("The request body is not in the charset of its Content-Type") from None


def body_json(request: Request) -> str | None:
    """The body for ``:body_json``, checked to be JSON.

    Raises:
        OrdsError: 400 when it is not; 500 for multipart bodies, which this double does not take apart.
    """
    _refuse_multipart(request)
    text = body_text(request)
    if text is not None:
        _parse(text)
    return text


def body_fields(request: Request) -> dict[str, Any]:
    """The top-level keys of a JSON object, or the fields of a form; other bodies have none.

    Values: ``str``, ``int``, ``Decimal``, ``None``; booleans as ``true``/``false`` and nested values as JSON text [U].

    Raises:
        OrdsError: 400 when a JSON body does not parse; 500 for multipart bodies.
    """
    _refuse_multipart(request)
    text = body_text(request)
    if text is None:
        return {}
    if request.media_type == FORM:
        return dict(reversed(parse_qsl(text, keep_blank_values=True)))
    if request.media_type == "application/json" or request.media_type.endswith("+json"):
        document = _parse(text)
        return _scalars(document) if isinstance(document, dict) else {}
    return {}


def _parse(text: str) -> Any:
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise bad_request("The request body is not valid JSON") from None


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _scalars(document: dict[str, Any]) -> dict[str, Any]:
    try:
        return {key: _scalar(value) for key, value in document.items()}
    except ValueError:
        raise bad_request("The request body holds a value that the database cannot take") from None


def _scalar(value: Any) -> Any:
    """Raises ValueError for half a surrogate pair, and for a number beyond NUMBER's range."""
    if isinstance(value, bool | list | dict):
        return dumps(value).decode()
    if isinstance(value, str):
        value.encode()
    elif isinstance(value, int | Decimal) and value and not -130 <= Decimal(value).adjusted() <= 125:
        raise ValueError(value)
    return value


def _refuse_multipart(request: Request) -> None:
    if request.media_type.startswith("multipart/"):
        raise misconfigured("This double of ORDS does not take multipart bodies apart; bind :body")
