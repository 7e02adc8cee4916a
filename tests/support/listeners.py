"""Something that listens on loopback and is no database: it speaks TLS or does not, answers once, or says nothing."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class Listener:
    """A port that ends each connection after what came first, or keeps it open and says nothing.

    Args:
        tls: With a context it speaks TLS.
        silent: It never answers and never hangs up.
        received: What each connection sent below TLS, byte for byte.
        connected: Set once somebody came.
    """

    tls: ssl.SSLContext | None = None
    silent: bool = False
    received: list[bytearray] = field(default_factory=list)
    connected: threading.Event = field(default_factory=threading.Event)
    _held: list[socket.socket] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def hang_up(self) -> None:
        """End the connections that were kept open."""
        while self._held:
            self._held.pop().close()

    def stop(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()
        self.hang_up()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            self._held.append(client)
            self.received.append(bytearray())
            self.connected.set()
            if self.silent:
                continue
            with suppress(OSError):
                self._speak(client, self.received[-1])
            client.close()
            self._held.remove(client)

    def _speak(self, client: socket.socket, seen: bytearray) -> None:
        """Read what comes first into *seen*; TLS runs over memory, so that every byte is seen."""
        if self.tls is None:
            seen += client.recv(65536)
            return
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        session = self.tls.wrap_bio(incoming, outgoing, server_side=True)
        while True:
            try:
                session.read()
                return
            except ssl.SSLWantReadError:
                client.sendall(outgoing.read())
            except ssl.SSLError:
                client.sendall(outgoing.read())  # the alert
                return
            found = client.recv(65536)
            if not found:
                return
            seen += found
            incoming.write(found)


@contextmanager
def listening(tls: ssl.SSLContext | None = None, silent: bool = False) -> Iterator[Listener]:
    """Listen for the length of a test."""
    listener = Listener(tls, silent)
    try:
        yield listener
    finally:
        listener.stop()
