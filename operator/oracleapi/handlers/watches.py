"""kopf as informer: one ``on.event`` for each kind, nothing else, in a thread and an event loop of its own.

No change handlers, no timers, no finalizers and no annotations of kopf's: its retry delays outlive the edit that
mends a spec, and its state in annotations would travel with copies (docs/adr/0006-queue.md). In a thread of its own
it takes neither our signals nor our tasks for its own.
"""

import asyncio
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import aiohttp
import kopf
import structlog

from oracleapi.adapters.kube.config import ClusterConfig
from oracleapi.api.common import GROUP, VERSION
from oracleapi.api.crd import KINDS
from oracleapi.handlers.health import Health
from oracleapi.wiring import Operator

LOG = structlog.get_logger("oracleapi.watches")
UNUSED_FINALIZER = f"{GROUP}/kopf-unused"
"""kopf takes away its own finalizer where no handler of its needs one: it must not be ours (seen on 1.45.2)."""
FOLDER = f"/apis/{GROUP}/{VERSION}/"


class Watches:
    """The running informer.

    Args:
        ended: Called when kopf ends by itself: it gives up after long failures, and the process must go with it.
    """

    def __init__(self, operator: Operator, config: ClusterConfig, health: Health, ended: Callable[[], None]) -> None:
        self._operator, self._config, self._health, self._ended = operator, config, health, ended
        self._thread = threading.Thread(target=self._run, name="watches", daemon=True)
        self._loop: asyncio.AbstractEventLoop
        self._stop = asyncio.Event()
        self.failed = False

    def start(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread.start()

    def stop(self, limit_s: float) -> None:
        """Stop it and wait for its end, up to *limit_s*."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(limit_s)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            try:
                runner.run(self._watch())
            except Exception:
                LOG.exception("Watches failed")
            self.failed = not self._stop.is_set()
        self._ended()

    async def _watch(self) -> None:
        self._health.follow(self._loop)
        registry = build_registry(self._operator, self._config, self._health)
        await kopf.operator(
            registry=registry, settings=build_settings(), clusterwide=True, standalone=True, stop_flag=self._stop
        )


def build_registry(operator: Operator, config: ClusterConfig, health: Health) -> kopf.OperatorRegistry:
    """Return the registry that feeds *operator*."""
    registry = kopf.OperatorRegistry()

    async def observe(event: Any, **_: Any) -> None:
        operator.observe(event["type"] == "DELETED", event["object"])

    async def login(**_: Any) -> kopf.AiohttpSession:
        return kopf.AiohttpSession(server=config.server, aiohttp_session=open_session(config, health))

    kopf.on.login(registry=registry, id="login")(login)
    for kind in KINDS:
        kopf.on.event(GROUP, VERSION, kind.plural, registry=registry, id=f"observe-{kind.plural}")(observe)
    return registry


def open_session(config: ClusterConfig, health: Health) -> aiohttp.ClientSession:
    """Return kopf's HTTP session: it sends the token of the moment, and *health* hears of every answered request.

    kopf keeps the bookmarks that tell of a living watch for itself; that it asks again and is answered is what can
    be seen from outside, without a write to any object.
    """
    trace = aiohttp.TraceConfig()

    async def authorize(_: object, __: SimpleNamespace, request: aiohttp.TraceRequestStartParams) -> None:
        request.headers["Authorization"] = f"Bearer {config.bearer()}"

    async def hear(_: object, __: SimpleNamespace, answered: aiohttp.TraceRequestEndParams) -> None:
        if answered.response.ok and answered.url.path.startswith(FOLDER):
            health.hear(answered.url.path.removeprefix(FOLDER))

    trace.on_request_start.append(authorize)
    trace.on_request_end.append(hear)
    connector = aiohttp.TCPConnector(limit=0, ssl=config.trust())
    return aiohttp.ClientSession(connector=connector, trace_configs=[trace], trust_env=False)


def build_settings() -> kopf.OperatorSettings:
    """Return kopf's settings: standalone, no events of its own, watches that notice silence."""
    settings = kopf.OperatorSettings()
    settings.persistence.finalizer = UNUSED_FINALIZER
    settings.posting.enabled = False
    settings.peering.standalone = True
    settings.watching.server_timeout = 300
    settings.watching.client_timeout = 330
    settings.watching.connect_timeout = 10
    settings.watching.reconnect_backoff = 1
    settings.queueing.idle_timeout = 1
    settings.networking.request_timeout = 30
    settings.networking.connect_timeout = 5
    settings.networking.error_backoffs = [1, 2, 3, 5, 8, 13, 21, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30]
    settings.networking.enforce_retry_after = True
    return settings
