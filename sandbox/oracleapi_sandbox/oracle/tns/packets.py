"""Oracle Net packets on a socket: an 8-byte header with length and type, then the body.

Until ACCEPT the length is 16 bits wide (and a checksum of 0 follows), afterwards 32 bits, in both directions [M].
"""

import contextlib
import select
import socket
import ssl
import threading
from dataclasses import dataclass
from enum import IntEnum

HEADER_BYTES = 8
DATA_FLAGS_BYTES = 2
DATA_FLAG_EOF = 0x0040
DATA_FLAG_END_OF_RESPONSE = 0x2000
END_OF_RESPONSE = b"\x1d"
RECEIVE_BYTES = 1 << 16
MAX_PACKET_BYTES = 1 << 22


class PacketType(IntEnum):
    CONNECT = 1
    ACCEPT = 2
    REFUSE = 4
    DATA = 6
    MARKER = 12


_CLIENT_TYPES = frozenset({PacketType.CONNECT, PacketType.DATA, PacketType.MARKER})


class MarkerKind(IntEnum):
    BREAK = 1
    RESET = 2
    INTERRUPT = 3


@dataclass(frozen=True)
class Packet:
    """A packet without its header; ``size`` is the length on the wire."""

    type: int
    body: bytes

    @property
    def size(self) -> int:
        return HEADER_BYTES + len(self.body)

    @property
    def is_final(self) -> bool:
        """Say whether this is the DATA packet with which a client announces that it closes."""
        return self.type == PacketType.DATA and bool(int.from_bytes(self.body[:2]) & DATA_FLAG_EOF)

    @property
    def payload(self) -> bytes:
        """The TTC bytes of a DATA packet."""
        return self.body[DATA_FLAGS_BYTES:]

    @property
    def marker(self) -> int:
        return self.body[2]


class DisconnectedError(Exception):
    """The peer closed the connection, or sent something that is no packet."""


class PacketSocket:
    """Packets over a connected socket; one thread may read while another writes."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        # a TLS connection cannot be read and written at once
        self._turn = threading.Lock() if isinstance(sock, ssl.SSLSocket) else None
        self.sdu = 8192
        self.wide_length = False
        self.marks_end = False

    def read(self) -> Packet:
        """Return the next packet. Raises :class:`DisconnectedError`."""
        header = self._exactly(HEADER_BYTES)
        length = int.from_bytes(header[:4]) if self.wide_length else int.from_bytes(header[:2])
        if not HEADER_BYTES <= length <= MAX_PACKET_BYTES or header[4] not in _CLIENT_TYPES:
            raise DisconnectedError(f"no packet: {length} bytes of type {header[4]}")
        return Packet(header[4], self._exactly(length - HEADER_BYTES))

    def write(self, kind: PacketType, body: bytes) -> None:
        """Send one packet. Raises :class:`DisconnectedError`."""
        self._send(self._header(kind, len(body)) + body)

    def write_response(self, payload: bytes, *, marked: bool = True) -> None:
        """Send *payload* in as many DATA packets as the agreed session data unit asks for.

        If that was agreed, the last one says that the response ends; not so (*marked*) while protocol and data types
        are negotiated.
        """
        room = self.sdu - HEADER_BYTES - DATA_FLAGS_BYTES
        marks = marked and self.marks_end
        if marks:
            payload += END_OF_RESPONSE
        packets = bytearray()
        for start in range(0, len(payload), room):
            chunk = payload[start : start + room]
            flags = DATA_FLAG_END_OF_RESPONSE if marks and start + room >= len(payload) else 0
            packets += self._header(PacketType.DATA, DATA_FLAGS_BYTES + len(chunk)) + flags.to_bytes(2) + chunk
        self._send(packets)

    def write_marker(self, kind: MarkerKind) -> None:
        self.write(PacketType.MARKER, bytes((1, 0, kind)))

    def close(self) -> None:
        """Cut the connection, from any thread; a thread that reads wakes up with :class:`DisconnectedError`.

        The file descriptor stays until :meth:`release`, so that the reader never meets somebody else's.
        """
        with contextlib.suppress(OSError):  # the peer was faster
            socket.socket.shutdown(self.sock, socket.SHUT_RDWR)

    def release(self) -> None:
        """Give the file descriptor back; for the thread that reads, at its end."""
        self.sock.close()

    def _header(self, kind: PacketType, body_length: int) -> bytes:
        length = HEADER_BYTES + body_length
        size = length.to_bytes(4) if self.wide_length else length.to_bytes(2) + b"\0\0"
        return size + bytes((kind, 0, 0, 0))

    def _send(self, data: bytes | bytearray) -> None:
        try:
            with self._turn or contextlib.nullcontext():
                self.sock.sendall(data)
        except OSError as error:
            raise DisconnectedError(str(error)) from error

    def _receive(self, limit: int) -> bytes:
        if self._turn is None or not isinstance(self.sock, ssl.SSLSocket):
            return self.sock.recv(limit)
        if not self.sock.pending():
            self._await_readable()
        with self._turn:
            return self.sock.recv(limit)

    def _await_readable(self) -> None:
        poll = select.poll()
        poll.register(self.sock, select.POLLIN)
        timeout = self.sock.gettimeout()
        if not poll.poll(None if timeout is None else timeout * 1000):
            raise TimeoutError("nothing was received")

    def _exactly(self, count: int) -> bytes:
        parts = []
        while count:
            try:
                part = self._receive(min(count, RECEIVE_BYTES))
            except OSError as error:
                raise DisconnectedError(str(error)) from error
            if not part:
                raise DisconnectedError("end of stream")
            parts.append(part)
            count -= len(part)
        return b"".join(parts)
