"""Pages of a collection: the reserved query names, the window of rows, and the links between pages."""

from dataclasses import dataclass
from urllib.parse import quote, urlencode

from oracleapi_sandbox.ords.faults import bad_request
from oracleapi_sandbox.ords.http import Request
from oracleapi_sandbox.ords.model import Handler, Module
from oracleapi_sandbox.ords.settings import OrdsSettings

DEFAULT_PAGE = 25


@dataclass(frozen=True)
class Page:
    """The window that a request asks for.

    Args:
        limit: Rows on the page; 0 means paging is off.
        offset: Rows before it.
        most: Rows that are returned at most, page or not.
        chosen: The caller gave the limit, so links repeat it.
    """

    limit: int
    offset: int
    most: int
    chosen: bool = False

    @property
    def size(self) -> int:
        return self.limit or self.most


def page_of(request: Request, module: Module, handler: Handler, settings: OrdsSettings) -> Page:
    """Read the window from the query, the handler, the module, and the default of 25, in this order [D].

    Raises:
        OrdsError: 400 for a ``limit``, ``offset`` or ``page`` that is no number of the right size.
    """
    given = dict(reversed(request.query_pairs()))
    limit = _number(given, "limit", least=1)
    offset = _number(given, "offset", least=0) or 0
    _number(given, "page", least=0)  # refused when wrong; used by the legacy query kinds only
    configured = next(
        (size for size in (handler.items_per_page, module.items_per_page) if size is not None), DEFAULT_PAGE
    )
    effective = configured if limit is None else limit
    return Page(min(effective, settings.pagination_max_rows), offset, settings.pagination_max_rows, limit is not None)


def _number(given: dict[str, str], name: str, least: int) -> int | None:
    if name not in given:
        return None
    text = given[name]
    if not (text.isascii() and text.isdigit() and len(text) < 19 and int(text) >= least):
        raise bad_request(f"Invalid value provided for parameter {name}. It must be a number not below {least}.")
    return int(text)


def collection_links(request: Request, page: Page, described_by: str, *, has_more: bool) -> list[dict[str, str]]:
    """The links of a collection answer: absolute, the caller's own path, other query names kept."""
    address = request.origin + request.raw_path
    links = [
        {"rel": "self", "href": _with_query(address, request, {})},
        {"rel": "describedby", "href": described_by},
    ]
    if not page.limit:
        return links
    size = {"limit": str(page.limit)} if page.chosen else {}
    links.append({"rel": "first", "href": _with_query(address, request, size)})
    if has_more:
        following = {"offset": str(page.offset + page.limit), **size}
        links.append({"rel": "next", "href": _with_query(address, request, following)})
    if page.offset > 0:
        before = max(page.offset - page.limit, 0)
        earlier = {"offset": str(before), **size} if before else size
        links.append({"rel": "prev", "href": _with_query(address, request, earlier)})
    return links


def _with_query(address: str, request: Request, window: dict[str, str]) -> str:
    kept = [pair for pair in request.query_pairs() if pair[0] not in ("limit", "offset", "page")]
    query = urlencode([*kept, *window.items()], quote_via=quote)
    return f"{address}?{query}" if query else address
