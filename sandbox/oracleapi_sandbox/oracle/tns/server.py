"""The listener: accepts connections on loopback and serves each in threads of its own."""

import itertools
import socket
import ssl
import threading

from oracleapi_sandbox.common.journal import Journal
from oracleapi_sandbox.oracle.faults import Faults
from oracleapi_sandbox.oracle.ports import Database
from oracleapi_sandbox.oracle.tns.connection import Connection
from oracleapi_sandbox.oracle.tns.profile import ORACLE_19C, Profile

DEFAULT_SDU = 8192
BACKLOG = 128
STOP_LIMIT_S = 5.0


class Listener:
    """Oracle Net on ``127.0.0.1:port`` before *database*.

    Args:
        database: Who answers.
        port: 0 lets the system choose.
        sdu: The largest session data unit that is agreed to, 512 to 65535 bytes.
        tls: With a context the listener speaks TCPS.
        profile: The server generation that is announced.
        faults: Faults that a test orders; they may change while it runs.
        round_trips: Gets an entry for each call of a logged-on client: session, user, call.
    """

    def __init__(
        self,
        database: Database,
        *,
        port: int = 0,
        sdu: int = DEFAULT_SDU,
        tls: ssl.SSLContext | None = None,
        profile: Profile = ORACLE_19C,
        faults: Faults | None = None,
        round_trips: Journal | None = None,
    ) -> None:
        self._database = database
        self._port = port
        self._sdu = sdu
        self._tls = tls
        self._profile = profile
        self.faults = faults or Faults()
        self.round_trips = round_trips or Journal()
        self._socket: socket.socket | None = None
        self._connections: dict[Connection, threading.Thread] = {}
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)

    def start(self) -> int:
        """Listen; returns the port."""
        sock = socket.create_server(("127.0.0.1", self._port), backlog=BACKLOG)
        self._socket = sock
        threading.Thread(target=self._accept, args=(sock,), name="tns-listener", daemon=True).start()
        port: int = sock.getsockname()[1]
        return port

    def stop(self) -> None:
        """Stop listening, cut every connection, and wait for their sessions to be closed."""
        if self._socket is not None:
            self._socket.shutdown(socket.SHUT_RDWR)
            self._socket.close()
            self._socket = None
        for thread in self._cut(None):
            thread.join(STOP_LIMIT_S)

    def kill_sessions(self, user: str | None = None) -> int:
        """Cut the connections of *user*, or all; returns how many. Their clients see DPY-4011."""
        return len(self._cut(user))

    @property
    def sessions(self) -> int:
        """How many connections are open."""
        with self._lock:
            return len(self._connections)

    def _cut(self, user: str | None) -> list[threading.Thread]:
        with self._lock:
            chosen = {
                connection: thread
                for connection, thread in self._connections.items()
                if user is None or connection.user == user
            }
        for connection in chosen:
            connection.close()
        return list(chosen.values())

    def _accept(self, sock: socket.socket) -> None:
        while True:
            try:
                client, _ = sock.accept()
            except OSError:
                return  # stop() closed the socket
            name = f"tns-{next(self._numbers)}"
            threading.Thread(target=self._serve, args=(client,), name=name, daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._tls is not None:
            try:
                client = self._tls.wrap_socket(client, server_side=True)
            except OSError:
                client.close()  # no TLS handshake: not a client of ours
                return
        connection = Connection(client, self._database, self._profile, self._sdu, self.faults, self.round_trips)
        with self._lock:
            self._connections[connection] = threading.current_thread()
        try:
            connection.serve()
        finally:
            with self._lock:
                del self._connections[connection]
