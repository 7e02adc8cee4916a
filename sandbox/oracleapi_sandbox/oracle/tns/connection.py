"""One client connection: its handshake, its calls one after another, and breaks that arrive meanwhile.

Two threads serve a connection. The reader takes packets off the socket all the time, so that an INTERRUPT marker is
seen while a statement runs; the worker owns the database session.
"""

import logging
import queue
import socket
import threading
from collections.abc import Callable

from oracleapi_sandbox.oracle.ports import Database, OracleError, Session
from oracleapi_sandbox.oracle.tns import negotiation, responses
from oracleapi_sandbox.oracle.tns.auth import Authenticator
from oracleapi_sandbox.oracle.tns.executor import Executor
from oracleapi_sandbox.oracle.tns.faults import Fault, Faults
from oracleapi_sandbox.oracle.tns.messages import (
    Auth,
    Call,
    CloseCursors,
    EndToEnd,
    Execute,
    Fetch,
    Function,
    LobCall,
    OneWay,
    Option,
    Piggyback,
    Reexecute,
    Request,
    RequestParser,
    SetSchema,
    Simple,
    UnknownCursorError,
    UnsupportedRequestError,
)
from oracleapi_sandbox.oracle.tns.packets import DisconnectedError, MarkerKind, Packet, PacketSocket, PacketType
from oracleapi_sandbox.oracle.tns.primitives import IncompleteError, ProtocolError, Reader
from oracleapi_sandbox.oracle.tns.profile import Profile

LOG = logging.getLogger(__name__)
INBOUND_CONNECT_TIMEOUT_S = 60.0
"""How long a client may take to say what it wants, as sqlnet.ora's default [D]."""
LEFTOVER_WAIT_S = 0.2


class BreakError(Exception):
    """The client sent a break instead of, or while it waited for, a call."""


class LogoffError(Exception):
    """The client ended the session."""


class Inbox:
    """Reads packets in a thread of its own and hands them over in order; *on_break* runs in that thread."""

    def __init__(self, wire: PacketSocket, on_break: Callable[[], None], on_close: Callable[[], None]) -> None:
        self._wire = wire
        self._on_break = on_break
        self._on_close = on_close
        self._packets: queue.SimpleQueue[Packet | None] = queue.SimpleQueue()

    def start(self, name: str) -> None:
        threading.Thread(target=self._run, name=name, daemon=True).start()

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
        self, sock: socket.socket, database: Database, profile: Profile, sdu: int, faults: Faults | None = None
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
            if self._session is not None:
                self._session.close()

    def _serve(self) -> None:
        service = self._accept()
        if service is None:
            return
        negotiation.read_protocol(self._data())
        self._wire.write_response(negotiation.protocol_answer(self._profile))
        field_version = self._negotiate_data_types()
        authenticator = Authenticator(self._database, service)
        session = self._log_on(authenticator, RequestParser(field_version), field_version)
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
        self._wire.sdu = min(request.sdu, self._sdu)
        body = negotiation.accept_body(self._profile, self._wire.sdu)
        self._wire.write(PacketType.ACCEPT, body)
        self._wire.wide_length = True
        self._inbox.start(f"{threading.current_thread().name}-reader")
        return service

    def _negotiate_data_types(self) -> int:
        payload = self._data()
        while True:
            try:
                client = negotiation.read_data_types(payload)
            except IncompleteError:
                payload += self._data()
            else:
                self._wire.write_response(negotiation.data_types_answer())
                return min(client, self._profile.field_version)

    def _log_on(self, authenticator: Authenticator, parser: RequestParser, field_version: int) -> Session | None:
        """Run both authentication calls; returns ``None`` when they failed, which closes the connection."""
        try:
            self.respond(authenticator.phase_one(self._auth_call(parser, Function.AUTH_PHASE_ONE)))
            call = self._auth_call(parser, Function.AUTH_PHASE_TWO)
            login = authenticator.phase_two(call)
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


class Calls:
    """The calls of an authenticated connection."""

    def __init__(
        self, connection: Connection, authenticator: Authenticator, session: Session, field_version: int
    ) -> None:
        self._connection = connection
        self._authenticator = authenticator
        self._session = session
        self._executor = Executor(session, field_version)
        self._parser = RequestParser(field_version, self._executor.cursors.layouts)
        connection.executor = self._executor

    def serve(self) -> None:
        """Serve calls until the client leaves or a call ended the session."""
        while not self._executor.ended:
            try:
                answer = self._next_answer()
            except BreakError:
                self._connection.reset(self._failure(OracleError(1013, "user requested cancel of current operation")))
                continue
            if answer:
                self._connection.respond(answer)

    def _next_answer(self) -> bytes:
        try:
            request = self._connection.next_request(self._parser)
            return self._connection.running(self._session, lambda: self._answer(request))
        except UnknownCursorError:
            return self._failure(OracleError(1001, "invalid cursor"))
        except UnsupportedRequestError:
            return self._failure(OracleError(3001, "unimplemented feature"))
        except OracleError as error:
            return self._failure(error)
        except (BreakError, DisconnectedError, LogoffError, ProtocolError):
            raise
        except Exception:
            LOG.exception("a call failed inside the database")
            return self._failure(OracleError(600, "internal error code, arguments: [sandbox], [], [], [], [], []"))

    def _failure(self, error: OracleError) -> bytes:
        return self._executor.failure(error, None)

    def _answer(self, request: Request) -> bytes:
        for piggyback in request.piggybacks:
            self._piggyback(piggyback)
        fault = self._fault(request.call)
        if fault is None:
            return self._call(request.call)
        if fault.delay_seconds and self._connection.wait(fault.delay_seconds):
            raise OracleError(1013, "user requested cancel of current operation")
        if fault.cut == "before":
            raise DisconnectedError("cut by a fault before the call")
        if fault.code is not None:
            raise OracleError(fault.code, fault.message)
        answer = self._call(request.call)
        if fault.cut == "after":
            raise DisconnectedError("cut by a fault after the call")
        return answer

    def _fault(self, call: Call) -> Fault | None:
        """Return the fault that a test ordered for the statement of *call*."""
        if isinstance(call, Execute) and call.statement is not None:
            return self._connection.faults.take(call.statement.sql)
        if isinstance(call, Simple) and call.function in (Function.COMMIT, Function.ROLLBACK):
            return self._connection.faults.take(call.function.name)
        if isinstance(call, Execute | Reexecute):
            cursor = self._executor.cursors.find(call.cursor_id)
            runs = isinstance(call, Reexecute) or call.has(Option.EXECUTE)
            return self._connection.faults.take(cursor.statement.sql) if cursor and runs else None
        return None

    def _call(self, call: Call) -> bytes:
        if isinstance(call, Execute):
            return self._executor.execute(call)
        if isinstance(call, Reexecute):
            return self._executor.reexecute(call)
        if isinstance(call, Fetch):
            return self._executor.fetch(call)
        if isinstance(call, LobCall):
            return self._executor.lob(call)
        if isinstance(call, OneWay):
            return b""
        if isinstance(call, Auth):
            self._authenticator.change_password(call)
        elif call.function == Function.COMMIT:
            self._session.commit()
        elif call.function == Function.ROLLBACK:
            self._session.rollback()
        return responses.status(self._session.in_transaction)

    def _piggyback(self, piggyback: Piggyback) -> None:
        if isinstance(piggyback, CloseCursors):
            for number in piggyback.ids:
                self._executor.cursors.close(number)
        elif isinstance(piggyback, SetSchema):
            self._executor.set_schema(piggyback.name)
        elif isinstance(piggyback, LobCall):
            self._executor.lobs.free(piggyback.locator)
        elif isinstance(piggyback, EndToEnd):
            for name, value in piggyback.changes.items():
                if name in ("client_identifier", "module", "action"):
                    setattr(self._session, name, value)
