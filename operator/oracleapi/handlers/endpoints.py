"""``/healthz``, ``/readyz`` and ``/metrics``, served from a thread of their own.

Not on the event loop: kopf takes every task there for its own and waits for it at the end, and a blocked loop is what
``/healthz`` has to tell. The loop's pulse is a callback, not a task.
"""

import asyncio
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from oracleapi.wiring import Operator

LAG_LIMIT_S = 5.0
PULSE_S = 1.0


class Endpoints:
    """A small HTTP server; it never asks AWS or Oracle."""

    def __init__(self, operator: Operator, host: str, port: int) -> None:
        self._operator = operator
        self._ready = False
        self._beat = time.monotonic()
        self._server = ThreadingHTTPServer((host, port), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="endpoints", daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Serve, and follow the pulse of *loop*."""
        self._thread.start()
        self._pulse(loop)

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def set_ready(self) -> None:
        """Say that the objects are listed and the workers run."""
        self._ready = True

    def answer(self, path: str) -> tuple[int, str, bytes]:
        """Return (status, content type, body) of a GET."""
        plain = "text/plain; charset=utf-8"
        if path == "/metrics":
            return 200, CONTENT_TYPE_LATEST, generate_latest(self._operator.metrics.registry)
        if path not in ("/healthz", "/readyz"):
            return 404, plain, b"not found\n"
        fault = self._fault() if path == "/healthz" else "" if self._ready else "listing objects"
        return (200, plain, b"ok\n") if not fault else (503, plain, f"{fault}\n".encode())

    def _fault(self) -> str:
        lag = time.monotonic() - self._beat - PULSE_S
        if lag > LAG_LIMIT_S:
            return f"the event loop lags {lag:.0f} s"
        if self._ready and not self._operator.workers.alive():
            return "a worker ended"
        return ""

    def _pulse(self, loop: asyncio.AbstractEventLoop) -> None:
        self._beat = time.monotonic()
        loop.call_later(PULSE_S, self._pulse, loop)


def _handler(endpoints: Endpoints) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, content_type, body = endpoints.answer(self.path.split("?", 1)[0])
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
            """Stay silent: probes come every few seconds."""

    return Handler
