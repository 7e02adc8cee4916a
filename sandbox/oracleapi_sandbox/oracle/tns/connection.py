"""One client connection: its handshake, its calls one after another, and breaks that arrive meanwhile.

Two threads serve a connection. The reader takes packets off the socket all the time, so that an INTERRUPT marker is
seen while a statement runs; the worker owns the database session.
"""

import logging
import queue
import socket
import threading
from collections.abc import Callable
from typing import TypeVar

from oracleapi_sandbox.common.journal import Journal
from oracleapi_sandbox.oracle.faults import Faults
from oracleapi_sandbox.oracle.ports import Database, OracleError, Session
from oracleapi_sandbox.oracle.tns import negotiation, responses
from oracleapi_sandbox.oracle.tns.auth import Authenticator
from oracleapi_sandbox.oracle.tns.calls import BreakError, Calls, LogoffError
from oracleapi_sandbox.oracle.tns.executor import Executor
from oracleapi_sandbox.oracle.tns.messages import (
    Auth,
    Function,
    MessageType,
    Request,
    RequestParser,
    UnknownCursorError,
    UnsupportedRequestError,
)
from oracleapi_sandbox.oracle.tns.packets import DisconnectedError, MarkerKind, Packet, PacketSocket, PacketType
from oracleapi_sandbox.oracle.tns.primitives import IncompleteError, ProtocolError, Reader
from oracleapi_sandbox.oracle.tns.profile import Profile

LOG = logging.getLogger(__name__)
T = TypeVar("T")
INBOUND_CONNECT_TIMEOUT_S = 60.0
"""How long a client may take to say what it wants, as sqlnet.ora's default [D]."""
LEFTOVER_WAIT_S = 0.2


class Inbox:
    """Reads packets in a thread of its own and hands them over in order; *on_break* runs in that thread."""

    def __init__(self, wire: PacketSocket, on_break: Callable[[], None], on_close: Callable[[], None]) -> None:
        self._wire = wire
        self._on_break = on_break
        self._on_close = on_close
        self._packets: queue.SimpleQueue[Packet | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def start(self, name: str) -> None:
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def finish(self) -> None:
        """Wait for the thread, which ends with the connection, and give the socket back."""
        if self._thread is not None:
            self._thread.join()
        self._wire.release()

    def take(self, timeout: float | None = None) -> Packet:
        """Return the next packet. Raises :class:`DisconnectedError`; with *timeout* :class:`queue.Empty`."""
        packet = self._packets.get(timeout=timeout)
        if packet is None:
            raise DisconnectedError("end of stream")
        return packet

    @property
    def has_more(self) -> bool:
        return not self._packets.empty()

    def _run(self) -> None:
        try:
            while True:
                packet = self._wire.read()
                if packet.type == PacketType.MARKER and packet.marker != MarkerKind.RESET:
                    self._on_break()
                self._packets.put(packet)
        except DisconnectedError:
            self._on_close()
            self._packets.put(None)


class Connection:
    """Serves one accepted socket until the client leaves or :meth:`close` cuts it."""

    def __init__(
        self,
        sock: socket.socket,
        database: Database,
        profile: Profile,
        sdu: int,
        faults: Faults | None = None,
        round_trips: Journal | None = None,
    ) -> None:
        self._wire = PacketSocket(sock)
        self._database = database
        self._profile = profile
        self._sdu = sdu
        self._inbox = Inbox(self._wire, self._interrupt, self._interrupt)
        self._buffer = b""
        self._call_lock = threading.Lock()
        self._running: Session | None = None
        self._break_pending = False
        self._session: Session | None = None
        self._stopped = threading.Event()
        self.faults = faults or Faults()
        self.round_trips = round_trips or Journal()
        self.user: str | None = None
        self.executor: Executor | None = None

    def close(self) -> None:
        """Cut the connection from any thread; a running statement is cancelled."""
        self._wire.close()

    def serve(self) -> None:
        """Serve the connection to its end; returns when it is over."""
        try:
            self._serve()
        except (DisconnectedError, LogoffError):
            pass  # the ordinary ends of a connection
        except ProtocolError as error:
            LOG.warning("connection closed: %s", error)
        finally:
            self._wire.close()
            self._inbox.finish()
            if self._session is not None:
                self._session.close()

    def _serve(self) -> None:
        service = self._accept()
        if service is None:
            return
        authenticator = Authenticator(self._database, service)
        field_version = self._negotiate(authenticator)
        session = self._log_on(authenticator, field_version)
        if session is not None:
            Calls(self, authenticator, session, field_version).serve()

    def _accept(self) -> str | None:
        """Answer CONNECT; returns the service, or ``None`` when the client was refused."""
        self._wire.sock.settimeout(INBOUND_CONNECT_TIMEOUT_S)
        request = negotiation.read_connect(self._wire)
        self._wire.sock.settimeout(None)
        try:
            service = negotiation.check_service(request, self._database.service_names, self._database.name)
        except negotiation.RefusedError as refused:
            self._wire.write(PacketType.REFUSE, negotiation.refuse_body(refused.code))
            return None
        self._profile = self._profile.for_client(request.version)
        self._wire.sdu = min(request.sdu, self._sdu)
        body = negotiation.accept_body(self._profile, self._wire.sdu)
        self._wire.write(PacketType.ACCEPT, body)
        self._wire.wide_length, self._wire.marks_end = True, self._profile.marks_end_of_response
        self._inbox.start(f"{threading.current_thread().name}-reader")
        return service

    def _negotiate(self, authenticator: Authenticator) -> int:
        """Agree on protocol and data types, and answer the first authentication call; returns the field version."""
        self._buffer = self._data()
        protocol, types = negotiation.protocol_answer(self._profile), negotiation.data_types_answer()
        if self._buffer[0] == MessageType.FAST_AUTH:
            client, call = self._read(negotiation.read_fast_auth)
            self.respond(protocol + types + authenticator.phase_one(call))
            return min(client, self._profile.field_version)
        self._read(negotiation.read_protocol)
        self._wire.write_response(protocol, marked=False)
        field_version = min(self._read(negotiation.read_data_types), self._profile.field_version)
        self._wire.write_response(types, marked=False)
        call = self._auth_call(RequestParser(field_version), Function.AUTH_PHASE_ONE)
        self.respond(authenticator.phase_one(call))
        return field_version

    def _read(self, read: Callable[[Reader], T]) -> T:
        """Read a message of the handshake, from as many packets as it takes."""
        while True:
            reader = Reader(self._buffer)
            try:
                found = read(reader)
            except IncompleteError:
                self._buffer += self._data()
            else:
                self._buffer = self._buffer[reader.position :]
                return found

    def _log_on(self, authenticator: Authenticator, field_version: int) -> Session | None:
        """Serve the second authentication call; returns ``None`` when it failed, which closes the connection."""
        try:
            login = authenticator.phase_two(self._auth_call(RequestParser(field_version), Function.AUTH_PHASE_TWO))
        except OracleError as error:
            text = responses.error_text(error)
            self.respond(responses.call_end(field_version, False, code=error.code, text=text))
            return None
        self._session, self.user = login.session, login.session.user
        self.respond(login.response)
        return login.session

    def _auth_call(self, parser: RequestParser, expected: Function) -> Auth:
        call = self.next_request(parser).call
        if not isinstance(call, Auth) or call.function != expected:
            raise ProtocolError("an authentication call was expected")
        return call

    def _data(self) -> bytes:
        packet = self._inbox.take()
        if packet.type != PacketType.DATA:
            raise ProtocolError(f"packet type {packet.type} in the handshake")
        return packet.payload

    def respond(self, payload: bytes) -> None:
        self._wire.write_response(payload)

    def next_request(self, parser: RequestParser) -> Request:
        """Wait for a request and parse it, again and again as its packets arrive.

        Raises:
            BreakError: A marker came; what was received of a request is dropped.
            UnsupportedRequestError, UnknownCursorError, OracleError: It cannot be served; it is dropped.
        """
        size = 0
        while True:
            try:
                return self._parse(parser)
            except IncompleteError:
                size = self._receive()
            except (UnsupportedRequestError, UnknownCursorError, OracleError):
                self._drop(size)
                raise

    def _parse(self, parser: RequestParser) -> Request:
        reader = Reader(self._buffer)
        request = parser.parse(reader)
        self._buffer = self._buffer[reader.position :]
        return request

    def _receive(self) -> int:
        """Append the packets that are there; a full packet is rarely the last. Returns the last one's size."""
        parts, size = [self._buffer], 0
        while True:
            packet = self._inbox.take()
            if packet.type == PacketType.MARKER:
                self._buffer = b""
                raise BreakError
            if packet.is_final:
                raise LogoffError
            parts.append(packet.payload)
            size = packet.size
            if size < self._wire.sdu or not self._inbox.has_more:
                self._buffer = b"".join(parts)
                return size

    def _drop(self, last_size: int) -> None:
        """Forget a request whose end is unknown: the rest of it follows full packets without a pause."""
        self._buffer = b""
        while last_size >= self._wire.sdu:
            try:
                last_size = self._inbox.take(LEFTOVER_WAIT_S).size
            except queue.Empty:
                return

    def running(self, session: Session, work: Callable[[], bytes]) -> bytes:
        """Run *work*; a break that arrives meanwhile cancels the session's statement.

        Raises:
            BreakError: There was a break: the client waits for the reset, not for the answer.
        """
        with self._call_lock:
            self._running = session
            self._stopped.clear()
        try:
            return work()
        finally:
            with self._call_lock:
                self._running = None
                broken, self._break_pending = self._break_pending, False
            if broken:
                self._inbox.take()  # the marker itself, which stands in the queue by now or soon
                raise BreakError

    def _interrupt(self) -> None:
        """Runs in the reader's thread, before the marker is queued."""
        with self._call_lock:
            if self._running is not None:
                self._break_pending = True
                self._stopped.set()
                self._running.cancel()

    def wait(self, seconds: float) -> bool:
        """Wait inside a call; returns whether a break ended it."""
        return self._stopped.wait(seconds)

    def reset(self, failure: bytes) -> None:
        """Answer a break: announce it, wait for the client's reset, reset, then say what happened."""
        self._buffer = b""
        self._wire.write_marker(MarkerKind.BREAK)
        while True:
            packet = self._inbox.take()
            if packet.is_final:
                raise LogoffError
            if packet.type == PacketType.MARKER and packet.marker == MarkerKind.RESET:
                break
        self._wire.write_marker(MarkerKind.RESET)
        self.respond(failure)
