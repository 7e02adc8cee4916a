"""OWA, OWA_UTIL and HTP: CGI variables that the web server sets, and the page that procedures print.

The page is one text: header lines, an empty line, the body; OWA_UTIL prints headers with the same means as HTP prints
bodies. Names of CGI variables are found in any case, the first that fits. Sources: PL/SQL Web Toolkit Reference [D];
that ``GET_CGI_ENV`` returns the first hit: old dumps of its source [U].
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from oracleapi_sandbox.oracle.ports import Argument, OracleError, Package, Session, SqlRunner, Subprogram


@dataclass
class _Request:
    names: list[str] = field(default_factory=list)
    values: list[str | None] = field(default_factory=list)
    page: list[str] = field(default_factory=list)


_requests: "WeakKeyDictionary[Session, _Request]" = WeakKeyDictionary()


def _of(runner: SqlRunner) -> _Request:
    return _requests.setdefault(runner.session, _Request())


def _init_cgi_env(
    runner: SqlRunner, num_params: int | None, param_name: Sequence[str], param_val: Sequence[str | None]
) -> None:
    count = int(num_params or 0)
    _requests[runner.session] = _Request(list(param_name[:count]), list(param_val[:count]))


def _number_of(runner: SqlRunner) -> int:
    return len(_of(runner).names)


def _entry(values: Sequence[str | None], index: int | None) -> str | None:
    if index is None or not 1 <= index <= len(values):
        raise OracleError(1403, "no data found")
    return values[int(index) - 1]


def _get_cgi_env(runner: SqlRunner, param_name: str | None) -> str | None:
    request, wanted = _of(runner), (param_name or "").upper()
    pairs = zip(request.names, request.values, strict=True)
    return next((value for name, value in pairs if name.upper() == wanted), None)


def _print(runner: SqlRunner, cbuf: str | None) -> None:
    _of(runner).page.append(cbuf or "")


def _print_line(runner: SqlRunner, cbuf: str | None) -> None:
    _of(runner).page.append(f"{cbuf or ''}\n")


def _header(runner: SqlRunner, line: str, close: bool | None) -> None:
    _of(runner).page.append(f"{line}\n" + ("\n" if close else ""))


def _status_line(runner: SqlRunner, nstatus: int, creason: str | None, bclose_header: bool) -> None:
    _header(runner, f"Status: {nstatus} {creason or ''}".rstrip(), bclose_header)


def _mime_header(runner: SqlRunner, ccontent_type: str, bclose_header: bool, ccharset: str | None) -> None:
    charset = f"; charset={ccharset}" if ccharset else ""
    _header(runner, f"Content-type: {ccontent_type}{charset}", bclose_header)


def _close_header(runner: SqlRunner) -> None:
    _of(runner).page.append("\n")


def _redirect(runner: SqlRunner, curl: str | None, bclose_header: bool) -> None:
    _header(runner, f"Location: {curl or ''}", bclose_header)


def _get_page(runner: SqlRunner) -> dict[str, dict[str, str | None]]:
    request = _of(runner)
    page, request.page = "".join(request.page), []
    return {"out": {"thepage": page or None}}


_CLOSE = Argument("BCLOSE_HEADER", "BOOLEAN", default=True)
_BUFFER = Argument("CBUF", default=None)
PACKAGES: dict[str, Package] = {
    "OWA": Package(
        "SYS",
        "OWA",
        (
            Subprogram(
                "INIT_CGI_ENV",
                (
                    Argument("NUM_PARAMS", "NUMBER"),
                    Argument("PARAM_NAME", "OWA.VC_ARR"),
                    Argument("PARAM_VAL", "OWA.VC_ARR"),
                ),
                _init_cgi_env,
            ),
            Subprogram("NUM_CGI_VARS", (), _number_of, "NUMBER"),
            Subprogram(
                "CGI_VAR_NAME",
                (Argument("INDEX", "PLS_INTEGER"),),
                lambda runner, index: _entry(_of(runner).names, index),
                "VARCHAR2",
            ),
            Subprogram(
                "CGI_VAR_VAL",
                (Argument("INDEX", "PLS_INTEGER"),),
                lambda runner, index: _entry(_of(runner).values, index),
                "VARCHAR2",
            ),
            Subprogram("GET_PAGE_TEXT", (Argument("THEPAGE", mode="OUT"),), _get_page),
        ),
        types={"VC_ARR": "TABLE OF VARCHAR2(32000)"},
    ),
    "OWA_UTIL": Package(
        "SYS",
        "OWA_UTIL",
        (
            Subprogram("GET_CGI_ENV", (Argument("PARAM_NAME"),), _get_cgi_env, "VARCHAR2"),
            Subprogram(
                "STATUS_LINE", (Argument("NSTATUS", "NUMBER"), Argument("CREASON", default=None), _CLOSE), _status_line
            ),
            Subprogram(
                "MIME_HEADER",
                (Argument("CCONTENT_TYPE", default="text/html"), _CLOSE, Argument("CCHARSET", default=None)),
                _mime_header,
            ),
            Subprogram("HTTP_HEADER_CLOSE", (), _close_header),
            Subprogram("REDIRECT_URL", (Argument("CURL"), _CLOSE), _redirect),
        ),
    ),
    "HTP": Package(
        "SYS",
        "HTP",
        (
            Subprogram("PRN", (_BUFFER,), _print),
            Subprogram("P", (_BUFFER,), _print_line),
            Subprogram("PRINT", (_BUFFER,), _print_line),
        ),
    ),
}
