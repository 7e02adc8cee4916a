"""ORDS's refusals: status, code, and the problem+json or HTML body of each.

Codes and titles: NotFound, Unauthorized, BadRequest, UserDefinedResourceError seen in real traces [M]; Forbidden,
MethodNotAllowed, ServiceUnavailable, InternalServerError by their pattern [U].
"""

import html
import json
import re
from collections.abc import Mapping

from oracleapi_sandbox.oracle.ports import OracleError
from oracleapi_sandbox.ords.http import Request, Response
from oracleapi_sandbox.ords.settings import OrdsSettings

REALM = 'Bearer realm="Oracle REST Data Services"'
INVALID_TOKEN = f'{REALM}, error="invalid_token"'


class OrdsError(Exception):
    """A request that ends with an error body instead of a handler's answer.

    Args:
        status: The HTTP status.
        title: ``Not Found``; the ``code`` is the title without spaces.
        message: The ``message`` member; defaults to the title.
        headers: Further response headers.
        members: Further members of the body, between ``message`` and ``type``.
    """

    def __init__(
        self,
        status: int,
        title: str,
        message: str | None = None,
        headers: tuple[tuple[str, str], ...] = (),
        members: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status} {message or title}")
        self.status = status
        self.title = title
        self.message = message or title
        self.headers = headers
        self.members = dict(members or {})

    @property
    def code(self) -> str:
        return self.title.replace(" ", "")


def bad_request(message: str) -> OrdsError:
    return OrdsError(400, "Bad Request", message)


def unauthorized(challenge: str | None = INVALID_TOKEN) -> OrdsError:
    return OrdsError(401, "Unauthorized", headers=(("WWW-Authenticate", challenge),) if challenge else ())


def forbidden(message: str | None = None) -> OrdsError:
    return OrdsError(403, "Forbidden", message)


def not_found() -> OrdsError:
    return OrdsError(404, "Not Found")


def not_mapped() -> OrdsError:
    """No REST-enabled schema has this alias [M]."""
    return OrdsError(
        404,
        "Not Found",
        "The request could not be mapped to any database. Check the request URL is correct, and that URL to database "
        "mappings have been correctly configured",
    )


def method_not_allowed(allowed: str) -> OrdsError:
    return OrdsError(405, "Method Not Allowed", headers=(("Allow", allowed),))


def unsupported_media_type() -> OrdsError:
    return OrdsError(415, "Unsupported Media Type")


def misconfigured(message: str) -> OrdsError:
    """What this double does not do, said aloud."""
    return OrdsError(500, "Internal Server Error", message)


def service_unavailable(reason: str) -> OrdsError:
    return OrdsError(
        503,
        "Service Unavailable",
        f"The connection pool named: |default|lo| is not correctly configured, due to the following error(s): {reason}",
    )


def user_defined_resource(error: OracleError) -> OrdsError:
    """A statement of the handler failed: HTTP 555 with ORDS-25001 and the database's own text [M]."""
    return OrdsError(
        555,
        "User Defined Resource Error",
        "The request could not be processed due to an error in a user defined resource",
        members={
            "o:errorCode": "ORDS-25001",
            "cause": "An error occurred when evaluating the SQL statement associated with this resource. "
            f"SQL Error Code {error.code}, Error Message: {error}\n",
            "action": "Ask the user defined resource author to check the SQL statement is correctly formed and "
            "executes without error",
        },
    )


def respond(fault: OrdsError, request: Request, settings: OrdsSettings) -> Response:
    """Render *fault* as *request* wants to read it."""
    if _wants_html(request, settings):
        body, content_type = _page(fault, request.ecid), "text/html"
    else:
        members = {
            "code": fault.code,
            "title": fault.title,
            "message": fault.message,
            **fault.members,
            "type": f"tag:oracle.com,2020:error/{fault.code}",
            "instance": f"tag:oracle.com,2020:ecid/{request.ecid}",
        }
        body, content_type = json.dumps(members, indent=4), "application/problem+json"
    return Response(fault.status, body.encode(), [("Content-Type", content_type), *fault.headers])


def _page(fault: OrdsError, ecid: str) -> str:
    details = "".join(f"<dt>{html.escape(key)}</dt><dd>{html.escape(text)}</dd>" for key, text in fault.members.items())
    return (
        f"<!DOCTYPE html><html><head><title>{html.escape(fault.title)}</title></head><body>"
        f"<h1><span>{fault.status}</span> {html.escape(fault.title)}</h1><p>{html.escape(fault.message)}</p>"
        f"<dl>{details}</dl><footer>{html.escape(ecid)}</footer></body></html>\n"
    )


def _wants_html(request: Request, settings: OrdsSettings) -> bool:
    """Decide the error format; the rules of ``auto`` are in the installation guide, error.responseFormat [D]."""
    if settings.error_response_format != "auto":
        return settings.error_response_format == "html"
    accept = request.header("accept") or ""
    json_quality = max(_quality(accept, kind) for kind in ("application/json", "application/problem+json"))
    if _quality(accept, "text/html") > json_quality:
        return True
    if request.media_type == "application/x-www-form-urlencoded" and is_foreign_origin(request):
        return True
    if json_quality > 0 or request.header("x-requested-with") or request.header("origin"):
        return False
    if (request.header("user-agent") or "").startswith("curl/"):
        return False
    return settings.error_fallback_format == "html"


def _quality(accept: str, media_type: str) -> float:
    """Return the q of *media_type* where the Accept header names it itself; wildcards prefer nothing."""
    for entry in accept.split(","):
        name, *parameters = (part.strip().lower() for part in entry.split(";"))
        if name == media_type:
            found = next(
                (re.fullmatch(r"q=([01](?:\.\d{0,3})?)", text) for text in parameters if text[:2] == "q="), None
            )
            return float(found[1]) if found else 1.0
    return 0.0


def is_foreign_origin(request: Request) -> bool:
    """Say whether the request carries an ``Origin`` other than its own."""
    origin = request.header("origin")
    return origin is not None and origin.lower() != request.origin.lower()
