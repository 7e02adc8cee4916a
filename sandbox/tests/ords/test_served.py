"""Over the real listener and TLS: what arrives is what was sent, byte for byte."""

import asyncio
import http.client
import json
import ssl
import threading
from collections.abc import Iterator
from queue import Queue
from typing import Any

import pytest

from oracleapi_sandbox.common.authority import Authority
from oracleapi_sandbox.common.serve import bind, serve_all


@pytest.fixture
def port(world: Any, authority: Authority) -> Iterator[int]:
    """The world's ORDS on a port, with a certificate for localhost."""
    bound = bind(world.app, tls=authority.leaf("ords", "localhost"))
    ready: Queue[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Queue()

    async def serve() -> None:
        stop = asyncio.Event()
        ready.put((asyncio.get_running_loop(), stop))
        await serve_all([bound], stop)

    serving = threading.Thread(target=asyncio.run, args=(serve(),))
    serving.start()
    yield bound.port
    loop, stop = ready.get()
    loop.call_soon_threadsafe(stop.set)
    serving.join(30)
    bound.sock.detach()  # the server took the descriptor over and closed it


def _exchange(context: ssl.SSLContext, port: int, target: str, **arguments: Any) -> tuple[int, Any, bytes]:
    connection = http.client.HTTPSConnection("localhost", port, context=context, timeout=30)
    try:
        connection.request(arguments.pop("method", "GET"), target, **arguments)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def test_a_token_opens_a_page_over_tls(world: Any, authority: Authority, port: int) -> None:
    world.rows("all :id", "ENAME", ("KING",))
    world.query("n/:id", "all :id")
    world.profile()
    world.protect("hr.read", "/emp/*")
    context = authority.client_context()
    target = "/ords/hr/emp/n/a%2Fb;x"
    assert _exchange(context, port, target, headers={"Accept": "application/json"})[0] == 401
    status, headers, body = _exchange(context, port, target, headers=world.bearer())
    assert (status, headers["Content-Type"], world.binds) == (200, "application/json", {"ID": "a/b;x"})
    assert json.loads(body)["links"][0]["href"] == f"https://localhost:{port}{target}"
    assert world.journal.entries()[-1]["path"] == target


def test_bodies_and_bodiless_answers_pass(world: Any, authority: Authority, port: int) -> None:
    sql = "begin x(:body, :status_code); end;"
    world.gives(sql, STATUS_CODE=204)
    world.block("n", sql)
    content = bytes(range(256)) * 1000
    status, headers, body = _exchange(authority.client_context(), port, "/ords/hr/emp/n", method="POST", body=content)
    assert (status, body, headers["Content-Length"]) == (204, b"", None)
    assert world.binds["BODY"] == content


def test_head_has_the_length_and_no_body(world: Any, authority: Authority, port: int) -> None:
    world.rows("q", "V", ("x",))
    world.query("n", "q")
    context = authority.client_context()
    _, _, body = _exchange(context, port, "/ords/hr/emp/n")
    status, headers, empty = _exchange(context, port, "/ords/hr/emp/n", method="HEAD")
    assert (status, headers["Content-Length"], empty) == (200, str(len(body)), b"")
