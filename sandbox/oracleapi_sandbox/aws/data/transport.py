"""HTTP/1.1 to back ends and issuers: bytes as they are, no redirects, no proxies, answers bounded in time and size."""

import asyncio
import ssl
from dataclasses import dataclass

import httpcore

from oracleapi_sandbox.aws.data.outbound import Origin, Outbound

IDLE_SECONDS = 1.0
"""Idle connections are closed well before common servers do it, so that no request meets a closing one, and soon,
because a TLS server that stops waits long for the farewell of a client that is not listening."""


class TransportError(Exception):
    """No usable answer; the text says why and holds nothing of the request."""


class TlsError(TransportError):
    """The other side's certificate or protocol was not accepted."""


class TransportTimeoutError(TransportError):
    """No whole answer in time."""


class UnsendableError(TransportError):
    """The request is not valid HTTP, for example with two ``Host`` headers."""


class TooLargeError(TransportError):
    """The answer's body is over the limit."""


@dataclass(frozen=True)
class Answer:
    """Status, headers in order with repeats, and the whole body."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


class _IdleConnections:
    """Connections that wait for the next request to the same origin under the same server name."""

    def __init__(self) -> None:
        self._idle: dict[Origin, dict[httpcore.AsyncHTTPConnection, asyncio.TimerHandle]] = {}
        self._closing: set[asyncio.Task[None]] = set()

    def take(self, origin: Origin) -> httpcore.AsyncHTTPConnection | None:
        """Return the newest connection that the other side has not closed, or ``None``."""
        waiting = self._idle.get(origin, {})
        while waiting:
            connection, timer = waiting.popitem()
            timer.cancel()
            if not connection.has_expired():
                return connection
            self._close(connection)
        return None

    def give(self, origin: Origin, connection: httpcore.AsyncHTTPConnection) -> None:
        """Keep *connection* for ``IDLE_SECONDS``."""
        waiting = self._idle.setdefault(origin, {})

        def expire() -> None:
            del waiting[connection]
            self._close(connection)

        waiting[connection] = asyncio.get_running_loop().call_later(IDLE_SECONDS, expire)

    def _close(self, connection: httpcore.AsyncHTTPConnection) -> None:
        task = asyncio.ensure_future(connection.aclose())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        """Close every waiting connection."""
        for waiting in self._idle.values():
            for connection, timer in waiting.items():
                timer.cancel()
                self._close(connection)
            waiting.clear()
        await asyncio.gather(*self._closing)


class Transport:
    """Sends requests; connections are shared by origin and server name, so that a certificate is always checked for
    the name asked for."""

    def __init__(self, trust: ssl.SSLContext) -> None:
        self._trust = trust
        self._idle = _IdleConnections()

    async def send(self, outbound: Outbound, *, timeout_seconds: float, max_bytes: int) -> Answer:
        """Send and read the whole answer.

        Raises:
            TransportError: See its kinds.
        """
        try:
            async with asyncio.timeout(timeout_seconds):
                return await self._exchange(outbound, max_bytes)
        except (TimeoutError, httpcore.TimeoutException):
            raise TransportTimeoutError("the endpoint did not answer in time") from None
        except (httpcore.LocalProtocolError, UnicodeError):
            raise UnsendableError("the request is not valid HTTP") from None
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
            raise _explained(error) from None

    async def _exchange(self, outbound: Outbound, max_bytes: int) -> Answer:
        origin = outbound.origin
        url = httpcore.URL(
            scheme=b"https" if origin.tls else b"http",
            host=_address(origin.host),
            port=origin.port,
            target=outbound.target,
        )
        extensions = {"sni_hostname": origin.server_name} if origin.server_name else {}
        request = httpcore.Request(
            outbound.method, url, headers=list(outbound.headers), content=outbound.body, extensions=extensions
        )
        connection = self._idle.take(origin) or httpcore.AsyncHTTPConnection(url.origin, ssl_context=self._trust)
        try:
            answer = await _read(await connection.handle_async_request(request), max_bytes)
        except BaseException:
            await connection.aclose()
            raise
        if connection.is_idle():
            self._idle.give(origin, connection)
        return answer

    async def close(self) -> None:
        """Close every connection that is not in use."""
        await self._idle.close()


async def _read(response: httpcore.Response, max_bytes: int) -> Answer:
    body = bytearray()
    try:
        async for chunk in response.aiter_stream():
            body += chunk
            if len(body) > max_bytes:
                raise TooLargeError(f"the answer is larger than {max_bytes} bytes")
    finally:
        await response.aclose()
    return Answer(response.status, tuple(response.headers), bytes(body))


def _address(host: str) -> bytes:
    """``localhost`` and all below it is loopback (RFC 6761) also where the system's resolver does not know it."""
    local = f".{host}".lower().endswith(".localhost")
    return b"127.0.0.1" if local else host.encode("idna")


def _explained(error: BaseException) -> TransportError:
    """Tell TLS failures from others along the chain of causes."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return TlsError(cause.verify_message)
        if isinstance(cause, ssl.SSLError):
            return TlsError(cause.reason or "TLS failed")
        cause = cause.__cause__ or cause.__context__
    return TransportError("network error communicating with the endpoint")
