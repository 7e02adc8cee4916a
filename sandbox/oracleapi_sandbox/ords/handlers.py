"""The source types: what each runs and what its answer looks like.

``json/collection``, ``json/item`` and ``plsql/block`` are offered; the others are refused by name.
"""

import base64
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any
from urllib.parse import quote, urljoin

from oracleapi_sandbox.oracle.ports import Bind, Column, Result, Session
from oracleapi_sandbox.ords.binds import Context, resolve
from oracleapi_sandbox.ords.faults import misconfigured, not_found
from oracleapi_sandbox.ords.filters import filtered
from oracleapi_sandbox.ords.http import JSON_TYPE, Request, Response
from oracleapi_sandbox.ords.paging import collection_links
from oracleapi_sandbox.ords.plsql import run_block
from oracleapi_sandbox.ords.rendering import dumps, plain, row_object
from oracleapi_sandbox.ords.routing import Match


@dataclass(frozen=True)
class Outcome:
    """A handler's answer; ``forward`` is the location of the GET that makes the body instead."""

    response: Response
    forward: str | None = None


def run(session: Session, match: Match, context: Context) -> Outcome:
    """Run the handler of *context* in *session*.

    Raises:
        OracleError: A statement failed.
        OrdsError: The request does not fit the handler, or the source type is not offered here.
    """
    source_type = context.handler.source_type
    runner = _RUNNERS.get(source_type)
    if runner is None:
        raise misconfigured(f"This double of ORDS does not run handlers of source type {source_type}")
    return runner(session, match, context)


def _collection(session: Session, match: Match, context: Context) -> Outcome:
    """A page of rows; one row more is fetched to know whether there is a next page [D]."""
    request, page = context.request, context.page
    resolved = resolve(context.handler.source, context)
    source, binds = filtered(session, request, context.handler.source, resolved.binds)
    result = _query(session, source, binds)
    columns = result.columns or ()
    skipped = 0 if resolved.pages_itself else page.offset
    rows = list(islice(result.rows, skipped, skipped + page.size + 1))
    has_more = bool(page.limit) and len(rows) > page.limit
    items = [_row(columns, row, request, match) for row in rows[: page.size]]
    document = {
        "items": items,
        "hasMore": has_more,
        "limit": page.limit,
        "offset": page.offset,
        "count": len(items),
        "links": collection_links(request, page, _described_by(request, match), has_more=has_more),
    }
    return Outcome(_with_etag(_json(document), session, match, context))


def _item(session: Session, match: Match, context: Context) -> Outcome:
    """The first row as a flat object; no row is 404 [D]."""
    resolved = resolve(context.handler.source, context)
    result = _query(session, context.handler.source, resolved.binds)
    row = next(result.rows, None)
    if row is None:
        raise not_found()
    document = _row(result.columns or (), row, context.request, match)
    parent = _address(context.request).rstrip("/").rpartition("/")[0]
    collection = {"rel": "collection", "href": f"{parent}/"}
    document["links"] = [*document.get("links", []), collection]
    return Outcome(_with_etag(_json(document), session, match, context))


def _block(session: Session, match: Match, context: Context) -> Outcome:
    response, forward = run_block(session, context)
    return Outcome(response, forward)


_RUNNERS: dict[str, Callable[[Session, Match, Context], Outcome]] = {
    "json/collection": _collection,
    "json/item": _item,
    "plsql/block": _block,
}


def _query(session: Session, source: str, binds: dict[str, Bind]) -> Result:
    result = session.execute(source, binds)
    if result.columns is None:
        raise misconfigured("The source of this handler is not a query")
    return result


def _row(columns: tuple[Column, ...], row: tuple[Any, ...], request: Request, match: Match) -> dict[str, Any]:
    """One row; aliases ``"$.id"`` and ``"$.rel"`` become its links [M]."""
    document: dict[str, Any] = {}
    links: list[dict[str, str]] = []
    for key, value in row_object(columns, row).items():
        if not key.startswith("$."):
            document[key] = value
        elif value is not None:
            links.append(_link(key[2:], str(value), request, match))
    if links:
        document["links"] = links
    return document


def _link(rel: str, value: str, request: Request, match: Match) -> dict[str, str]:
    address = _address(request)
    if rel == "id":
        return {"rel": "self", "href": f"{address.rstrip('/')}/{quote(value, safe='')}"}
    if value.startswith("^/"):
        return {"rel": rel, "href": _alias_root(request, match) + value[2:]}
    return {"rel": rel, "href": urljoin(address, value)}


def _json(document: Any) -> Response:
    return Response(200, dumps(document), [("Content-Type", JSON_TYPE)])


def _address(request: Request) -> str:
    return request.origin + request.raw_path


def _alias_root(request: Request, match: Match) -> str:
    """The schema's address, with the context path that the request came by."""
    depth = 2 + match.schema.pattern.count("/") + 1
    return request.origin + "/".join(request.raw_path.split("/")[:depth]) + "/"


def _described_by(request: Request, match: Match) -> str:
    """``…/metadata-catalog/<path>``, ending ``/item`` for a template without trailing slash [M]."""
    ending = "" if match.template.uri_template.endswith("/") else "item"
    return _alias_root(request, match) + "/".join(["metadata-catalog", *_literal_segments(match), ending])


def _literal_segments(match: Match) -> Iterator[str]:
    template = "" if match.template.uri_template == "." else match.template.uri_template
    for segment in f"{match.module.uri_prefix}/{template}".split("/"):
        if segment and not segment.startswith((":", "{")):
            yield segment


def _with_etag(response: Response, session: Session, match: Match, context: Context) -> Response:
    """Add the template's ETag to a GET answer and turn it into 304 when the caller has it already [D]."""
    if context.request.method != "GET":
        return response
    tag = _etag(response, session, match, context)
    if tag is None:
        return response
    response.headers.append(("ETag", tag))
    if _holds(context.request.header_values("if-none-match"), tag):
        return Response(304, b"", [("ETag", tag)])
    return response


def _etag(response: Response, session: Session, match: Match, context: Context) -> str | None:
    template = match.template
    if template.etag_type == "HASH":
        return _strong(response.body)
    if template.etag_type == "QUERY" and template.etag_query:
        resolved = resolve(template.etag_query, context)
        result = _query(session, template.etag_query, resolved.binds)
        row = next(result.rows, None)
        return None if row is None else _strong(dumps([plain(value) for value in row]))
    return None


def _strong(content: bytes) -> str:
    return f'"{base64.b64encode(hashlib.sha512(content).digest()).decode()}"'


def _holds(conditions: list[str], tag: str) -> bool:
    known = [entry.strip().removeprefix("W/") for value in conditions for entry in value.split(",")]
    return "*" in known or tag in known
