"""Serve ASGI applications on loopback with hypercorn, with or without TLS, on bound sockets."""

import asyncio
import socket
from collections.abc import Sequence
from dataclasses import dataclass

from hypercorn.asyncio import serve
from hypercorn.config import Config
from hypercorn.typing import ASGIFramework

from oracleapi_sandbox.common.authority import Leaf

KEEP_ALIVE_REQUESTS = 10_000_000
"""hypercorn closes a connection after 1,000 requests by default; a client may then lose an answer."""

BACKLOG = 100


@dataclass(frozen=True)
class Bound:
    """An application on a socket that is already bound, so that its port is known before it serves."""

    app: ASGIFramework
    sock: socket.socket
    tls: Leaf | None = None

    @property
    def port(self) -> int:
        port: int = self.sock.getsockname()[1]
        return port


def bind(app: ASGIFramework, *, port: int = 0, tls: Leaf | None = None) -> Bound:
    """Bind *app* to ``127.0.0.1:port``; port 0 lets the system choose. Clients may connect at once: they wait."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", port))
    sock.listen(BACKLOG)
    sock.setblocking(False)
    return Bound(app, sock, tls)


async def serve_all(bounds: Sequence[Bound], stop: asyncio.Event) -> None:
    """Serve every bound application until *stop* is set."""
    async with asyncio.TaskGroup() as group:
        for bound in bounds:
            config = Config()
            config.bind = [f"fd://{bound.sock.fileno()}"]
            config.keep_alive_max_requests = KEEP_ALIVE_REQUESTS
            config.accesslog = None
            config.graceful_timeout = 1
            config.shutdown_timeout = 3  # an idle TLS client may never answer close_notify
            config.include_server_header = False
            if bound.tls is not None:
                config.certfile = str(bound.tls.certificate)
                config.keyfile = str(bound.tls.key)
                config.alpn_protocols = ["http/1.1"]
            group.create_task(serve(bound.app, config, shutdown_trigger=stop.wait))
