"""``/healthz``, ``/readyz`` and ``/metrics``."""

import asyncio

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from oracleapi.wiring import Operator

LAG_LIMIT_S = 5.0


class Endpoints:
    """A small HTTP server on the event loop; it never asks AWS or Oracle."""

    def __init__(self, operator: Operator, host: str, port: int) -> None:
        self._operator, self._host, self._port = operator, host, port
        self._ready = False
        self._beat = asyncio.get_running_loop().time()

    def set_ready(self) -> None:
        self._ready = True

    async def serve(self, stop: asyncio.Event) -> None:
        """Serve until *stop*."""
        app = web.Application()
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/readyz", self._readyz)
        app.router.add_get("/metrics", self._metrics)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, self._host, self._port).start()
        try:
            while not stop.is_set():
                self._beat = asyncio.get_running_loop().time()
                try:
                    await asyncio.wait_for(stop.wait(), 1.0)
                except TimeoutError:
                    continue
        finally:
            await runner.cleanup()

    async def _healthz(self, _: web.Request) -> web.Response:
        lag = asyncio.get_running_loop().time() - self._beat
        if lag > LAG_LIMIT_S:
            return web.Response(status=500, text=f"event loop lags {lag:.0f} s\n")
        if self._ready and not self._operator.workers.alive():
            return web.Response(status=500, text="a worker ended\n")
        return web.Response(text="ok\n")

    async def _readyz(self, _: web.Request) -> web.Response:
        return web.Response(text="ok\n") if self._ready else web.Response(status=503, text="listing objects\n")

    async def _metrics(self, _: web.Request) -> web.Response:
        body = generate_latest(self._operator.metrics.registry)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})
