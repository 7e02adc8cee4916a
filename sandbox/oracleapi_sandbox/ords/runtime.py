"""One request from its first to its last step, in ORDS's order.

Map the alias, find the template, authorise, check the origin, borrow a session, run the handler, commit [M, ords.md
4.5]. A failed statement rolls back and answers 555.
"""

import logging
import secrets
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from oracleapi_sandbox.common.clock import Clock
from oracleapi_sandbox.common.journal import Journal
from oracleapi_sandbox.oracle.ports import Database, OracleError
from oracleapi_sandbox.ords import faults, handlers, hook, paths
from oracleapi_sandbox.ords.authorization import Gate
from oracleapi_sandbox.ords.binds import Context
from oracleapi_sandbox.ords.faults import OrdsError
from oracleapi_sandbox.ords.handlers import Outcome
from oracleapi_sandbox.ords.http import Request, Response
from oracleapi_sandbox.ords.metadata import MetadataCache
from oracleapi_sandbox.ords.model import Handler, Snapshot
from oracleapi_sandbox.ords.paging import page_of
from oracleapi_sandbox.ords.pool import SessionPool, Wallet
from oracleapi_sandbox.ords.routing import Match, SchemaRoutes
from oracleapi_sandbox.ords.settings import OrdsSettings
from oracleapi_sandbox.ords.tokens import Caller, JwksCache, TokenValidator

log = logging.getLogger(__name__)

_PATH_CHARACTERS = "/%:;,@&=+$!*'()~"
"""What a forward location keeps as it is; a percent sign starts an escape that the handler wrote."""


@dataclass
class Trail:
    """What the access journal says of a request, filled in as the steps learn it."""

    alias: str | None = None
    module: str | None = None
    template: str | None = None
    user: str | None = None


class Runtime:
    """ORDS behind its listener; :meth:`handle` may be called from many threads."""

    def __init__(
        self,
        database: Database,
        load_snapshot: Callable[[], Snapshot],
        settings: OrdsSettings,
        *,
        clock: Clock,
        trust: ssl.SSLContext,
        journal: Journal,
        wallet: Wallet | None = None,
    ) -> None:
        self.settings = settings
        self.pool = SessionPool(database, settings, clock, wallet)
        self.metadata = MetadataCache(load_snapshot, settings, clock)
        self._keys = JwksCache(settings, clock, trust)
        self._gate = Gate(settings, TokenValidator(settings, clock, self._keys))
        self._clock = clock
        self._journal = journal
        database.on_commit(self.metadata.committed)

    def restart(self, password: str | None = None) -> None:
        """Forget what ORDS holds in memory: metadata, keys, sessions, an invalid pool; read the wallet anew.

        Args:
            password: What ``ords config secret db.password`` has put into the wallet meanwhile.
        """
        if password is not None:
            self.pool.wallet.password = password
        self.metadata.clear()
        self._keys.clear()
        self.pool.restart()

    def handle(self, request: Request) -> Response:
        """Answer *request* and write its line in the access journal; never raises."""
        started, trail = time.perf_counter(), Trail()
        scheme = "https" if self._forwarded_https(request) else request.scheme
        request = replace(request, ecid=secrets.token_urlsafe(16), scheme=scheme)
        try:
            response = self._answer(request, trail)
        except OrdsError as fault:
            response = faults.respond(fault, request, self.settings)
        except Exception:
            log.exception("%s %s failed", request.ecid, request.method)
            response = faults.respond(OrdsError(500, "Internal Server Error"), request, self.settings)
        self._journal.add(self._entry(request, response, trail, time.perf_counter() - started))
        return response

    def _forwarded_https(self, request: Request) -> bool:
        """Say whether "security.httpsHeaderCheck" makes *request* count as HTTPS [D]."""
        name, _, value = (self.settings.https_header_check or "").partition(":")
        return bool(name) and request.header(name.strip()) == value.strip()

    def _entry(self, request: Request, response: Response, trail: Trail, seconds: float) -> dict[str, Any]:
        return {
            "time": self._clock.now(),
            "method": request.method,
            "path": request.raw_path,
            "status": response.status,
            "alias": trail.alias,
            "module": trail.module,
            "template": trail.template,
            "request_id": request.header(self.settings.trace_header_name),
            "user": trail.user,
            "ecid": request.ecid,
            "ms": round(seconds * 1000, 3),
        }

    def _answer(self, request: Request, trail: Trail, forwards: int = 0) -> Response:
        segments = paths.split(request.raw_path, self.settings)
        context = [part for part in self.settings.context_path.split("/") if part]
        if segments[: len(context)] != context:
            raise faults.not_found()
        segments = segments[len(context) :]
        if segments in ([], [""], ["_", "landing"]):
            return self._landing(segments)
        located = self.metadata.current().locate(segments)
        if located is None:
            raise faults.not_mapped()
        routes, path = located
        return self._in_schema(request, routes, path, trail, forwards)

    def _landing(self, segments: list[str]) -> Response:
        """``/ords/`` leads to the landing page without asking the database [M]."""
        landing = f"{self.settings.context_path}/_/landing"
        if segments != ["_", "landing"]:
            return Response(302, b"", [("Location", landing)])
        page = b"<!DOCTYPE html><html><head><title>Oracle REST Data Services</title></head><body></body></html>\n"
        return Response(200, page, [("Content-Type", "text/html")])

    def _in_schema(self, request: Request, routes: SchemaRoutes, path: str, trail: Trail, forwards: int) -> Response:
        match = routes.find(path)
        trail.alias = routes.schema.pattern
        trail.module = match.module.name if match else None
        trail.template = match.template.uri_template if match else None
        if request.method == "OPTIONS" and match is not None:
            return self._options(request, match)
        if match is None and not self.settings.protection_before_mapping:
            raise faults.not_found()
        protecting = routes.protecting(path, match.module if match else None, self.settings)
        caller = self._gate.admit(request, routes.schema, protecting)
        trail.user = caller.subject if caller else None
        if match is None:
            raise faults.not_found()
        cors = _cors_headers(request, match)
        response = self._with_handler(request, match, caller, trail, forwards)
        response.headers.extend(header for header in cors if not response.has(header[0]))
        return response

    def _with_handler(
        self, request: Request, match: Match, caller: Caller | None, trail: Trail, forwards: int
    ) -> Response:
        method = "GET" if request.method == "HEAD" and self.settings.head_as_get else request.method
        handler = next((entry for entry in match.template.handlers if entry.method == method), None)
        if handler is None:
            raise faults.method_not_allowed(self._allowed(match))
        if not _accepts(handler, request):
            raise faults.unsupported_media_type()
        asked = replace(request, method=method)
        page = page_of(asked, match.module, handler, self.settings)
        outcome = self._run(match, Context(asked, handler, match.variables, page, caller, self.settings))
        if outcome.forward is None:
            return outcome.response
        return self._forward(asked, outcome.response, outcome.forward, trail, forwards)

    def _run(self, match: Match, context: Context) -> Outcome:
        try:
            with self.pool.session(match.schema.parsing_schema) as session:
                refusal = hook.check(session, self.settings, context.request, match, context.caller)
                return Outcome(refusal) if refusal is not None else handlers.run(session, match, context)
        except OracleError as error:
            raise faults.user_defined_resource(error) from error

    def _forward(self, request: Request, first: Response, location: str, trail: Trail, forwards: int) -> Response:
        """Answer with an internal GET of *location*; the status and headers that the handler set stay [D]."""
        if forwards >= self.settings.forward_limit:
            raise faults.misconfigured("Too many forwards")
        target = urlsplit(urljoin(request.origin + request.raw_path, location))
        if f"{target.scheme}://{target.netloc}" != request.origin:
            raise faults.misconfigured("The forward location is not on this server")
        path = quote(target.path, safe=_PATH_CHARACTERS)
        inner = request.internal_get(path, target.query)
        response = self._answer(inner, replace(trail), forwards + 1)
        if first.status != 200:
            response.status = first.status
        response.headers.extend(header for header in first.headers if not response.has(header[0]))
        if not response.has("location"):
            response.headers.append(("Location", target._replace(path=path).geturl()))
        return response

    def _allowed(self, match: Match) -> str:
        methods = [handler.method for handler in match.template.handlers]
        head = ["HEAD"] if "GET" in methods and self.settings.head_as_get else []
        return ", ".join(sorted({*methods, *head, "OPTIONS"}))

    def _options(self, request: Request, match: Match) -> Response:
        """ORDS answers OPTIONS itself, without authentication [M]."""
        allowed = self._allowed(match)
        headers = [("Allow", allowed), *_cors_headers(request, match)]
        if request.header("access-control-request-method"):
            headers.append(("Access-Control-Allow-Methods", allowed))
            if wanted := request.header("access-control-request-headers"):
                headers.append(("Access-Control-Allow-Headers", wanted))
        return Response(200, b"", headers)


def _cors_headers(request: Request, match: Match) -> list[tuple[str, str]]:
    """Let a foreign origin in only where the module lists it, else 403 [D]."""
    if not faults.is_foreign_origin(request):
        return []
    origin = request.header("origin") or ""
    listed = [entry.strip() for entry in (match.module.origins_allowed or "").split(",")]
    if origin not in filter(None, listed):
        raise faults.forbidden(
            "The request cannot be processed because it is a cross origin request and the origin is not allowed"
        )
    return [
        ("Access-Control-Allow-Origin", origin),
        ("Access-Control-Allow-Credentials", "true"),
        ("Vary", "Origin"),
    ]


def _accepts(handler: Handler, request: Request) -> bool:
    """A handler with a list of MIME types takes bodies of those types only [D]."""
    allowed = [entry.strip().lower() for entry in (handler.mimes_allowed or "").split(",") if entry.strip()]
    return not allowed or not request.body or request.media_type in allowed
