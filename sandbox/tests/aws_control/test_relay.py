"""The pass-through before the endpoint: bytes as they are, connections broken as asked."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Literal

import pytest

from oracleapi_sandbox.aws.relay import Relay
from oracleapi_sandbox.common.serve import bind


async def _never(scope: object, receive: object, send: object) -> None:
    """Holds a socket."""


async def _with_relay(
    use: Callable[[asyncio.StreamReader, asyncio.StreamWriter, Relay, asyncio.Queue[int]], Awaitable[None]],
) -> None:
    """Run *use* with a connection through a relay to an echo, and the ports that the echo saw."""
    ports: asyncio.Queue[int] = asyncio.Queue()

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ports.put_nowait(writer.get_extra_info("peername")[1])
        while data := await reader.read(100):
            writer.write(data)
        writer.close()
        await writer.wait_closed()

    stop, public = asyncio.Event(), bind(_never)
    async with await asyncio.start_server(echo, "127.0.0.1", 0) as server, asyncio.TaskGroup() as group:
        relay = Relay(public.sock, server.sockets[0].getsockname()[1])
        group.create_task(relay.serve(stop))
        reader, writer = await asyncio.open_connection("127.0.0.1", public.port)
        try:
            await use(reader, writer, relay, ports)
        finally:
            writer.close()
            await asyncio.gather(writer.wait_closed(), return_exceptions=True)
            stop.set()


def test_bytes_pass_and_the_end_passes() -> None:
    """Both ways, any size."""

    async def use(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, relay: Relay, _: object) -> None:
        data = bytes(range(256)) * 1000
        writer.write(data)
        assert await reader.readexactly(len(data)) == data

    asyncio.run(_with_relay(use))


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_connection_is_broken_on_demand(when: Literal["before", "after"]) -> None:
    """Closed without a byte, or reset; one that is gone is no fault."""

    async def use(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, relay: Relay, ports: asyncio.Queue[int]
    ) -> None:
        writer.write(b"hello")
        port = await ports.get()
        assert await reader.readexactly(5) == b"hello"
        relay.end(when, port)
        if when == "before":
            assert await reader.read() == b""
        else:
            with pytest.raises(ConnectionResetError):
                await reader.read()
        relay.end(when, 1)

    asyncio.run(_with_relay(use))
