"""The pre-hook: a function of the database that ORDS asks before each handler, in the handler's own session.

It runs only after ORDS's own authorisation passed [D]. TRUE goes on, and what it printed is dropped. FALSE: what it
printed is the answer, status line included; 403 where it printed nothing [D]. An exception is 403, a function that
cannot be executed 503 for everybody [D]. ``X-ORDS-HOOK-USER`` of the hook is not supported.
"""

from oracleapi_sandbox.oracle.ports import Bind, OracleError, Session
from oracleapi_sandbox.ords import faults
from oracleapi_sandbox.ords.http import Request, Response
from oracleapi_sandbox.ords.routing import Match
from oracleapi_sandbox.ords.settings import OrdsSettings
from oracleapi_sandbox.ords.tokens import Caller

NOT_EXECUTABLE = frozenset({4043, 4063, 6508, 6550})
Variables = list[tuple[str, str]]


def check(
    session: Session, settings: OrdsSettings, request: Request, match: Match, caller: Caller | None
) -> Response | None:
    """Ask the hook, if there is one; returns the answer of a hook that refuses.

    Raises:
        OrdsError: 403, it refused without an answer or failed; 503, it cannot be executed.
    """
    if settings.pre_hook is None:
        return None
    variables = cgi_variables(settings, request, match, caller)
    binds = {
        "N": Bind(len(variables), "NUMBER"),
        "NAMES": Bind([name for name, _ in variables]),
        "VALS": Bind([value for _, value in variables]),
        "VERDICT": Bind(None, "NUMBER"),
        "PAGE": Bind(None),
    }
    try:
        out = session.execute(block(settings.pre_hook), binds).out
    except OracleError as error:
        if error.code in NOT_EXECUTABLE:
            raise faults.service_unavailable(str(error)) from error
        raise faults.forbidden() from error
    if out.get("VERDICT") == 1:
        return None
    page = str(out.get("PAGE") or "")
    if not page:
        raise faults.forbidden()
    return answer_of(page)


def block(hook: str) -> str:
    """Return what ORDS sends: CGI variables, the hook's verdict, and its page."""
    return (
        "begin owa.init_cgi_env(:n, :names, :vals);"
        f" :verdict := case when {hook} then 1 else 0 end; owa.get_page_text(:page); end;"
    )


def cgi_variables(settings: OrdsSettings, request: Request, match: Match, caller: Caller | None) -> Variables:
    """Return names and values as the hook finds them.

    A client's headers stand under their own names, before ORDS's variables or after them [U], so that one may shadow
    another. ``SCRIPT_NAME`` ends with the module's base, ``PATH_INFO`` is the rest [old dumps].
    """
    script = f"{settings.context_path}/{match.schema.pattern}{match.module.uri_prefix.rstrip('/')}"
    if not request.raw_path.startswith(script):
        script = request.raw_path
    own = [
        ("REQUEST_METHOD", request.method),
        ("SCRIPT_NAME", script),
        ("PATH_INFO", request.raw_path[len(script) :]),
        ("QUERY_STRING", request.query),
        ("REQUEST_PROTOCOL", request.scheme),
        ("HTTP_HOST", request.header("host") or ""),
    ]
    if caller is not None:
        own += [("REMOTE_USER", caller.subject), ("REMOTE_IDENT", caller.subject)]
    headers = list(request.headers)
    return [*headers, *own] if settings.cgi_client_headers == "first" else [*own, *headers]


def answer_of(page: str) -> Response:
    """Return the answer that a printed page is: header lines, an empty line, the body."""
    head, _, body = page.partition("\n\n")
    response = Response(200, body.encode())
    for line in head.splitlines():
        name, _, value = line.partition(":")
        if name.lower() == "status":
            response.status = int(value.split()[0])
        else:
            response.headers.append((name.title(), value.strip()))
    return response
