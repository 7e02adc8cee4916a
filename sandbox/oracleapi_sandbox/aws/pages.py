"""The ``/_sandbox/`` pages: calls, settings, faults, principals, clock, reset. Plain JSON, no signature."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from oracleapi_sandbox.aws.access.principals import PrincipalError, Principals
from oracleapi_sandbox.aws.clock import OffsetClock
from oracleapi_sandbox.aws.counting import summarise
from oracleapi_sandbox.aws.faults import FaultError, Faults
from oracleapi_sandbox.aws.settings import SettingError, SettingsStore
from oracleapi_sandbox.aws.wire import AwsRequest, Reply
from oracleapi_sandbox.common.journal import Journal

PREFIX = "/_sandbox/"


class _RefusedError(Exception):
    """A page cannot do what was asked; the text tells why."""


class SandboxPages:
    """Answers requests below ``/_sandbox/``.

    ``GET|DELETE calls`` (``?since=SEQ``, ``?summary``), ``GET|PUT settings``, ``GET|PUT|DELETE faults``,
    ``GET|PUT principals`` (``{"name": {"policies": [...]}}``; ``null`` removes one; the answer has the keys),
    ``GET|POST clock`` (``{"advance_seconds": n}``), ``POST reset``. A wrong body is 400 ``{"error": …}`` that names
    what is wrong.
    """

    def __init__(
        self,
        journal: Journal,
        settings: SettingsStore,
        faults: Faults,
        principals: Principals,
        clock: OffsetClock,
        reset: Callable[[], Awaitable[None]],
    ) -> None:
        self._journal = journal
        self._settings = settings
        self._faults = faults
        self._principals = principals
        self._clock = clock
        self._reset = reset

    async def answer(self, request: AwsRequest) -> Reply:
        """Return the page's answer."""
        page = request.raw_path.removeprefix(PREFIX).rstrip("/")
        try:
            found = await self._page(request.method, page, request)
        except (SettingError, FaultError, PrincipalError, _RefusedError) as error:
            return _json(400, {"error": str(error)})
        if found is None:
            return _json(404, {"error": f"no page for {request.method} {PREFIX}{page}"})
        return _json(200, found)

    async def _page(self, method: str, page: str, request: AwsRequest) -> Any:
        match method, page:
            case "GET", "calls":
                entries = self._journal.entries(_since(request))
                return summarise(entries) if "summary" in request.query else {"calls": entries}
            case "DELETE", "calls":
                self._journal.clear()
                return {"calls": []}
            case "GET", "settings":
                return self._settings.show()
            case "PUT", "settings":
                self._settings.merge(_object(request))
                return self._settings.show()
            case (("GET" | "PUT" | "DELETE"), "faults"):
                if method != "GET":
                    self._faults.replace(_entries(request) if method == "PUT" else [])
                return {"faults": self._faults.show()}
            case "GET", "principals":
                return {"principals": self._principals.show()}
            case "PUT", "principals":
                return {"principals": self._principals.merge(_object(request))}
            case (("GET" | "POST"), "clock"):
                if method == "POST":
                    self._advance(_object(request))
                return {"now": self._clock.now()}
            case "POST", "reset":
                await self._reset()
                return {"reset": True}
        return None

    def _advance(self, document: dict[str, Any]) -> None:
        seconds = document.get("advance_seconds")
        if set(document) != {"advance_seconds"} or type(seconds) not in (int, float):
            raise _RefusedError("expected advance_seconds, a number")
        try:
            self._clock.advance(float(seconds or 0))
        except ValueError as error:
            raise _RefusedError(str(error)) from None


def _since(request: AwsRequest) -> int:
    text = request.query.get("since", ["0"])[0]
    if not text.isdigit():
        raise _RefusedError("since is a number")
    return int(text)


def _object(request: AwsRequest) -> dict[str, Any]:
    document = _body(request)
    if not isinstance(document, dict):
        raise _RefusedError("expected a JSON object")
    return document


def _entries(request: AwsRequest) -> list[Any]:
    """Return the faults of a body: a list, ``{"faults": [...]}``, or one fault."""
    document = _body(request)
    if isinstance(document, dict):
        document = document["faults"] if set(document) == {"faults"} else [document]
    if not isinstance(document, list):
        raise _RefusedError("expected a list of faults")
    return document


def _body(request: AwsRequest) -> Any:
    try:
        return json.loads(request.body)
    except ValueError:
        raise _RefusedError("the body is not JSON") from None


def _json(status: int, document: Any) -> Reply:
    return Reply(status, json.dumps(document).encode(), "application/json")
