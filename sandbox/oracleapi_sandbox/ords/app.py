"""ORDS as an ASGI application: takes a request off the wire byte for byte and runs it in a thread."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from oracleapi_sandbox.common.clock import Clock
from oracleapi_sandbox.common.journal import Journal
from oracleapi_sandbox.oracle.ports import Database
from oracleapi_sandbox.ords.http import Request, Response
from oracleapi_sandbox.ords.model import Snapshot
from oracleapi_sandbox.ords.pool import Wallet
from oracleapi_sandbox.ords.runtime import Runtime
from oracleapi_sandbox.ords.settings import OrdsSettings

WORKERS = 32
"""Requests that are answered at once; sessions are blocking, so each takes a thread."""

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_BODILESS = frozenset({204, 304})


class OrdsApp:
    """The application; ``runtime`` is open to the part that runs it (settings, restart)."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self._threads = ThreadPoolExecutor(WORKERS, thread_name_prefix="ords")

    def close(self) -> None:
        """Let the requests under way end and close the idle sessions."""
        self._threads.shutdown()
        self.runtime.pool.restart()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        else:
            raise ValueError(f"ORDS does not speak {scope['type']}")

    async def _http(self, scope: Message, receive: Receive, send: Send) -> None:
        body = await _body(receive)
        if body is None:
            return
        loop = asyncio.get_running_loop()
        response = await loop.run_in_executor(self._threads, self.runtime.handle, _request(scope, body))
        await _respond(send, response, head=scope["method"] == "HEAD")


def build_app(
    database: Database,
    load_snapshot: Callable[[], Snapshot],
    settings: OrdsSettings,
    *,
    clock: Clock,
    trust: ssl.SSLContext,
    journal: Journal,
    wallet: Wallet | None = None,
) -> OrdsApp:
    """Build ORDS over *database*.

    Args:
        load_snapshot: Reads the committed metadata; called from worker threads.
        settings: May be changed while it runs.
        trust: What ORDS trusts when it fetches a JWKS.
        journal: Gets one entry per request: time, method, path (raw), status, alias, module, template, request_id (the
            trace header), user, ecid, ms.
        wallet: The password with which the pool logs on.
    """
    return OrdsApp(Runtime(database, load_snapshot, settings, clock=clock, trust=trust, journal=journal, wallet=wallet))


def _request(scope: Message, body: bytes) -> Request:
    return Request(
        method=scope["method"],
        raw_path=scope["raw_path"].decode("latin-1"),
        query=scope["query_string"].decode("latin-1"),
        headers=tuple((key.decode("latin-1").lower(), value.decode("latin-1")) for key, value in _headers(scope)),
        body=body,
        scheme=scope["scheme"],
    )


def _headers(scope: Message) -> list[tuple[bytes, bytes]]:
    return list(scope["headers"])


async def _body(receive: Receive) -> bytes | None:
    """Read the whole body; ``None`` when the client went away."""
    chunks: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunks.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(chunks)


async def _respond(send: Send, response: Response, *, head: bool) -> None:
    headers = [(key.lower().encode("latin-1"), _header_bytes(value)) for key, value in response.headers]
    if response.status not in _BODILESS:
        headers.append((b"content-length", str(len(response.body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    bodiless = head or response.status in _BODILESS
    await send({"type": "http.response.body", "body": b"" if bodiless else response.body})


def _header_bytes(value: str) -> bytes:
    """Header values go out in Latin-1 where they fit, else in UTF-8."""
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return value.encode()


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
