"""The TTC primitives: variable-length integers, byte strings and lists of pairs.

``ub``/``sb`` are a length byte (top bit: negative) and that many big-endian bytes; ``clr`` is a byte string with a
one-byte length or in chunks; ``lclr`` is a ``ub`` length that is followed by a ``clr`` unless it is zero [M].
"""

import struct

NULL_LENGTHS = (0x00, 0xFF)
CHUNKED = 0xFE
ESCAPE = 0xFD
SHORT_LIMIT = 252
CHUNK_BYTES = 32767


class IncompleteError(Exception):
    """The bytes ran out: the rest of the request stands in a packet that has not arrived."""


class ProtocolError(Exception):
    """The bytes cannot be what the protocol allows here."""


class Reader:
    """Reads primitives from *data*; raises :class:`IncompleteError` when they reach over its end."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 0

    @property
    def left(self) -> int:
        return len(self.data) - self.position

    def raw(self, count: int) -> bytes:
        end = self.position + count
        if end > len(self.data):
            raise IncompleteError
        chunk = self.data[self.position : end]
        self.position = end
        return chunk

    def u8(self) -> int:
        if self.position >= len(self.data):
            raise IncompleteError
        value = self.data[self.position]
        self.position += 1
        return value

    def u16(self) -> int:
        return int.from_bytes(self.raw(2))

    def u16le(self) -> int:
        return int.from_bytes(self.raw(2), "little")

    def u32(self) -> int:
        return int.from_bytes(self.raw(4))

    def ub(self) -> int:
        length = self.u8()
        if length > 8:
            raise ProtocolError(f"integer of {length} bytes")
        return int.from_bytes(self.raw(length))

    def sb(self) -> int:
        length = self.u8()
        magnitude = int.from_bytes(self.raw(length & 0x7F))
        return -magnitude if length & 0x80 else magnitude

    def clr(self) -> bytes | None:
        length = self.u8()
        if length in NULL_LENGTHS:
            return None
        if length == CHUNKED:
            return self._chunks()
        if length == ESCAPE:
            self.u8()
            return None
        return self.raw(length)

    def _chunks(self) -> bytes:
        parts = []
        while length := self.ub():
            parts.append(self.raw(length))
        return b"".join(parts)

    def lclr(self) -> bytes | None:
        return self.clr() if self.ub() else None

    def text(self) -> str | None:
        """Return an ``lclr`` as UTF-8 text."""
        found = self.lclr()
        return None if found is None else found.decode()

    def zero_terminated(self) -> bytes:
        end = self.data.find(b"\0", self.position)
        if end < 0:
            raise IncompleteError
        chunk = self.data[self.position : end]
        self.position = end + 1
        return chunk


class Writer:
    """Builds a message; each method appends one primitive and returns the writer."""

    def __init__(self) -> None:
        self.buffer = bytearray()

    def __bytes__(self) -> bytes:
        return bytes(self.buffer)

    def raw(self, data: bytes) -> "Writer":
        self.buffer += data
        return self

    def u8(self, *values: int) -> "Writer":
        self.buffer += bytes(values)
        return self

    def u16(self, *values: int) -> "Writer":
        self.buffer += struct.pack(f">{len(values)}H", *values)
        return self

    def u16le(self, *values: int) -> "Writer":
        self.buffer += struct.pack(f"<{len(values)}H", *values)
        return self

    def u32(self, *values: int) -> "Writer":
        self.buffer += struct.pack(f">{len(values)}I", *values)
        return self

    def ub(self, *values: int) -> "Writer":
        for value in values:
            length = (value.bit_length() + 7) // 8
            self.buffer.append(length)
            self.buffer += value.to_bytes(length)
        return self

    def sb(self, value: int) -> "Writer":
        length = (abs(value).bit_length() + 7) // 8
        self.buffer.append(length | (0x80 if value < 0 else 0))
        self.buffer += abs(value).to_bytes(length)
        return self

    def clr(self, data: bytes | None) -> "Writer":
        if not data:
            return self.u8(0)
        if len(data) <= SHORT_LIMIT:
            return self.u8(len(data)).raw(data)
        self.u8(CHUNKED)
        for start in range(0, len(data), CHUNK_BYTES):
            chunk = data[start : start + CHUNK_BYTES]
            self.ub(len(chunk)).raw(chunk)
        return self.ub(0)

    def lclr(self, data: bytes | None) -> "Writer":
        return self.ub(len(data)).clr(data) if data else self.ub(0)

    def text(self, value: str | None) -> "Writer":
        """Append an ``lclr`` of UTF-8 text."""
        return self.lclr(None if value is None else value.encode())
