"""A TCP pass-through before the endpoint: it changes no byte, and can break the connection of a client on demand.

An ASGI server answers 500 for an application that answers nothing; a connection that ends without an answer must be
ended by what holds its socket.
"""

import asyncio
import contextlib
import socket
import struct
from typing import Literal

_CHUNK = 65_536
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER: on, no time


class Relay:
    """Passes connections of *sock* on to ``127.0.0.1:upstream``."""

    def __init__(self, sock: socket.socket, upstream: int) -> None:
        self._sock = sock
        self._upstream = upstream
        self._clients: dict[int, asyncio.StreamWriter] = {}
        self._passing: set[asyncio.Task[None]] = set()

    async def serve(self, stop: asyncio.Event) -> None:
        """Serve until *stop* is set; open connections are then ended."""
        server = await asyncio.start_server(self._accept, sock=self._sock)
        await stop.wait()
        server.close()
        for client in self._clients.values():
            client.close()
        await asyncio.gather(*self._passing, return_exceptions=True)

    def end(self, when: Literal["before", "after"], port: int) -> None:
        """End the client's connection whose upstream side has the local *port*.

        ``before`` closes it as a server that shuts down does; ``after`` resets it, and the client reads "connection
        reset by peer".
        """
        client = self._clients.get(port)
        if client is None:  # the client went first
            return
        if when == "after":
            client.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        client.transport.abort()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._pass(reader, writer))
        self._passing.add(task)
        task.add_done_callback(self._passing.discard)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            upstream_reader, upstream = await asyncio.open_connection("127.0.0.1", self._upstream)
        except OSError:
            writer.close()
            return
        port = upstream.get_extra_info("sockname")[1]
        self._clients[port] = writer
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_copy(reader, upstream))
                group.create_task(_copy(upstream_reader, writer))
        finally:
            del self._clients[port]
            for end in (writer, upstream):
                with contextlib.suppress(OSError):
                    await end.wait_closed()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass bytes on until one side ends; then the other is ended."""
    with contextlib.suppress(OSError):
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
    writer.close()
