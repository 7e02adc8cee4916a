"""The ``/_sandbox/`` pages of the Oracle double: what a test reads, switches and breaks.

``GET|DELETE /_sandbox/statements``      what sessions ran, without literals (``?since=SEQ``)
``GET|DELETE /_sandbox/round-trips``     the calls that the listener's clients waited for after log-on (``?since=SEQ``)
``GET|DELETE /_sandbox/requests``        what ORDS answered (``?since=SEQ``)
``GET|PUT /_sandbox/settings``           switches by group, merged: ``{"ords": {"missing_scope_status": 403}}``
``GET|PUT|DELETE /_sandbox/faults``      see :class:`~oracleapi_sandbox.oracle.faults.Fault`
``GET|POST /_sandbox/clock``             ``{"advance_seconds": n}`` moves the database's time
``PUT /_sandbox/kill-sessions``          of all or of ``{"user": "HR"}``; ``{"where": "listener"}`` (if not given) cuts
                                         connections, ``pool`` kills the sessions of ORDS, ``both``
``PUT /_sandbox/restart-ords``           ORDS starts again; ``{"password": …}`` was made its db.password before
``POST /_sandbox/reset``                 default settings, no faults, empty journals, and the part's own reset

A wrong body is 400 ``{"error": …}`` that names what is wrong.
"""

import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import MISSING, asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any, Protocol

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from oracleapi_sandbox.common.clock import SystemClock
from oracleapi_sandbox.common.journal import Journal
from oracleapi_sandbox.oracle.faults import BOTH, LISTENER, PLACES, FaultError, Faults

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


class Settings(Protocol):
    """A dataclass of switches that changes several of them at once, or none."""

    def apply(self, changes: Mapping[str, Any]) -> None:
        """Raises :class:`ValueError` with a text that names the unknown switch or the wrong value."""
        ...


class Sessions(Protocol):
    """Who holds sessions that can be ended: a listener, the pool of ORDS."""

    def kill_sessions(self, user: str | None = None) -> int: ...


class OffsetClock:
    """The machine's clock, moved forward as a test asks."""

    def __init__(self) -> None:
        self._system = SystemClock()
        self._offset = 0.0
        self._lock = threading.Lock()

    def now(self) -> float:
        with self._lock:
            return self._system.now() + self._offset

    def advance(self, seconds: float) -> None:
        with self._lock:
            self._offset += seconds


@dataclass
class Control:
    """What the pages work on.

    Args:
        statements: What database sessions ran.
        sessions: Who holds sessions, by ``listener`` and ``pool``.
        settings: Groups of switches: dataclasses as :class:`Settings` says.
        on_change: Called in a thread after switches changed, also by a reset; it may block.
        on_reset: The same for a reset, before the journals are emptied.
        restart_ords: Called in a thread to start ORDS again, with the password for its wallet, or with ``None``.
    """

    statements: Journal
    sessions: Mapping[str, Sequence[Sessions]]
    settings: Mapping[str, Any] = field(default_factory=dict)
    faults: Faults = field(default_factory=Faults)
    clock: OffsetClock = field(default_factory=OffsetClock)
    requests: Journal = field(default_factory=Journal)
    round_trips: Journal = field(default_factory=Journal)
    on_change: Callable[[], None] = lambda: None
    on_reset: Callable[[], None] = lambda: None
    restart_ords: Callable[[str | None], None] = lambda _: None

    async def statements_page(self, request: Request) -> Response:
        return _journal(request, "statements", self.statements)

    async def round_trips_page(self, request: Request) -> Response:
        return _journal(request, "round_trips", self.round_trips)

    async def requests_page(self, request: Request) -> Response:
        return _journal(request, "requests", self.requests)

    async def get_settings(self, request: Request) -> Response:
        return JSONResponse({name: asdict(group) for name, group in self.settings.items()})

    async def put_settings(self, request: Request) -> Response:
        """Merge the body into the groups; when one group refuses, none is changed."""
        document = await _object(request)
        if unknown := sorted(set(document) - set(self.settings)):
            known = ", ".join(sorted(self.settings))
            raise HTTPException(400, f"unknown settings: {', '.join(unknown)}; known groups: {known}")
        before = {name: asdict(self.settings[name]) for name in document}
        try:
            for name, changes in document.items():
                if not isinstance(changes, dict):
                    raise HTTPException(400, f"{name} takes an object of switches")
                self.settings[name].apply(changes)
        except (ValueError, HTTPException) as error:
            for name, values in before.items():
                _restore(self.settings[name], values)
            raise HTTPException(400, getattr(error, "detail", str(error))) from None
        await run_in_threadpool(self.on_change)
        return await self.get_settings(request)

    async def faults_page(self, request: Request) -> Response:
        if request.method != "GET":
            entries = [] if request.method == "DELETE" else _entries(await _json(request))
            try:
                self.faults.replace(entries)
            except FaultError as error:
                raise HTTPException(400, str(error)) from None
        return JSONResponse({"faults": self.faults.show()})

    async def clock_page(self, request: Request) -> Response:
        if request.method == "POST":
            document = await _object(request)
            seconds = document.get("advance_seconds")
            if set(document) != {"advance_seconds"} or not _is_duration(seconds):
                raise HTTPException(400, "expected advance_seconds, a number of at least 0")
            self.clock.advance(document["advance_seconds"])
        return JSONResponse({"now": self.clock.now()})

    async def kill_sessions(self, request: Request) -> Response:
        document = await _object(request) if await request.body() else {}
        user, where = document.get("user"), document.get("where", LISTENER)
        if set(document) - {"user", "where"} or not isinstance(user, str | None) or where not in PLACES:
            raise HTTPException(400, f"expected user, a user's name, and where, one of {', '.join(PLACES)}")
        holders = [each for place, of_it in self.sessions.items() if where in (place, BOTH) for each in of_it]
        killed = [await run_in_threadpool(each.kill_sessions, user) for each in holders]
        return JSONResponse({"killed": sum(killed)})

    async def restart(self, request: Request) -> Response:
        document = await _object(request) if await request.body() else {}
        password = document.get("password")
        if set(document) - {"password"} or not (password is None or (isinstance(password, str) and password)):
            raise HTTPException(400, "expected password, a text, or nothing")
        await run_in_threadpool(self.restart_ords, password)
        return JSONResponse({"restarted": True})

    async def reset(self, request: Request) -> Response:
        for group in self.settings.values():
            _restore(group, _defaults(group))
        self.faults.replace([])
        await run_in_threadpool(self.on_change)
        await run_in_threadpool(self.on_reset)
        for journal in (self.statements, self.round_trips, self.requests):
            journal.clear()
        return JSONResponse({"reset": True})


def build_control(control: Control) -> Starlette:
    """Build the application over *control*; it is plain HTTP without access control, for loopback only."""
    pages: list[tuple[str, Callable[[Request], Awaitable[Response]], list[str]]] = [
        ("statements", control.statements_page, ["GET", "DELETE"]),
        ("round-trips", control.round_trips_page, ["GET", "DELETE"]),
        ("requests", control.requests_page, ["GET", "DELETE"]),
        ("settings", control.get_settings, ["GET"]),
        ("settings", control.put_settings, ["PUT"]),
        ("faults", control.faults_page, ["GET", "PUT", "DELETE"]),
        ("clock", control.clock_page, ["GET", "POST"]),
        ("kill-sessions", control.kill_sessions, ["PUT"]),
        ("restart-ords", control.restart, ["PUT"]),
        ("reset", control.reset, ["POST"]),
    ]
    return Starlette(
        routes=[Route(f"/_sandbox/{page}", endpoint, methods=methods) for page, endpoint, methods in pages],
        exception_handlers={HTTPException: _failed},
    )


async def _failed(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code)


def _journal(request: Request, name: str, journal: Journal) -> Response:
    if request.method == "DELETE":
        journal.clear()
        return JSONResponse({name: []})
    since = request.query_params.get("since", "0")
    if not since.isdigit():
        raise HTTPException(400, "since is a number")
    return JSONResponse({name: journal.entries(int(since))})


async def _json(request: Request) -> Any:
    try:
        return await request.json()
    except ValueError:
        raise HTTPException(400, "the body is no JSON") from None


async def _object(request: Request) -> dict[str, Any]:
    document = await _json(request)
    if not isinstance(document, dict):
        raise HTTPException(400, "expected an object")
    return document


def _entries(document: Any) -> list[dict[str, Any]]:
    """Return the faults of a body: a list, ``{"faults": [...]}``, or one fault."""
    if isinstance(document, dict):
        document = document["faults"] if set(document) == {"faults"} else [document]
    if not isinstance(document, list) or not all(isinstance(entry, dict) for entry in document):
        raise HTTPException(400, "expected a list of faults")
    return document


def _is_duration(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def _defaults(group: "DataclassInstance") -> dict[str, Any]:
    return {
        each.name: each.default_factory() if each.default_factory is not MISSING else each.default
        for each in fields(group)
    }


def _restore(group: "DataclassInstance", values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        setattr(group, name, value)
