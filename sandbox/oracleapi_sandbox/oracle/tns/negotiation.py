"""Opening a connection: CONNECT, ACCEPT and REFUSE packets, and the protocol and data types messages."""

import re
from dataclasses import dataclass

from oracleapi_sandbox.oracle.tns.messages import Auth, MessageType, RequestParser
from oracleapi_sandbox.oracle.tns.packets import Packet, PacketSocket, PacketType
from oracleapi_sandbox.oracle.tns.primitives import ProtocolError, Reader, Writer
from oracleapi_sandbox.oracle.tns.profile import Profile

AL32UTF8 = 873
AL16UTF16 = 2000
BANNER = b"x86_64/Linux 2.4.xx"
NSI_FLAGS = 0x04
MIN_CLIENT_VERSION = 315
ERROR_TEXTS = {
    12504: "TNS:listener was not given the SERVICE_NAME in CONNECT_DATA",
    12505: "TNS:listener does not currently know of SID given in connect descriptor",
    12514: "TNS:listener does not currently know of service requested in connect descriptor",
    12520: "TNS:listener could not find available handler for requested type of server",
    12618: "TNS:versions are incompatible",
}
_ACCEPT_LENGTH = 45
_CONNECT_HEADER = 8


class RefusedError(Exception):
    """The listener does not take the connection; ``code`` is the TNS error."""

    def __init__(self, code: int) -> None:
        super().__init__(f"TNS-{code:05d}: {ERROR_TEXTS[code]}")
        self.code = code


@dataclass(frozen=True)
class ConnectRequest:
    """What a client asks for; ``descriptor`` is the connect string."""

    version: int
    sdu: int
    descriptor: str

    def parameter(self, name: str) -> str | None:
        """Return the first value of ``(name=value)`` in the connect string."""
        found = re.search(rf"\(\s*{name}\s*=\s*([^()]*?)\s*\)", self.descriptor, re.IGNORECASE)
        return found[1] if found else None


def read_connect(wire: PacketSocket) -> ConnectRequest:
    """Read the CONNECT packet; a long connect string follows in a DATA packet. Raises :class:`ProtocolError`."""
    packet = wire.read()
    if packet.type != PacketType.CONNECT:
        raise ProtocolError(f"packet type {packet.type} instead of CONNECT")
    reader = Reader(packet.body)
    version = reader.u16()
    reader.raw(4)
    narrow_sdu = reader.u16()
    reader.raw(8)
    length, offset = reader.u16(), reader.u16()
    reader.position = 50
    wide_sdu = reader.u32() if reader.left >= 4 else 0
    text = packet.body[offset - _CONNECT_HEADER :]
    if len(text) < length:
        text = _continuation(wire.read())
    return ConnectRequest(version, wide_sdu or narrow_sdu, text[:length].decode())


def _continuation(packet: Packet) -> bytes:
    if packet.type != PacketType.DATA:
        raise ProtocolError("the connect string is missing")
    return packet.payload


def accept_body(profile: Profile, sdu: int) -> bytes:
    """Build the body of ACCEPT."""
    narrow = min(sdu, 0xFFFF)
    out = Writer().u16(profile.tns_version, profile.options, narrow, narrow, 1, 0, _ACCEPT_LENGTH)
    out.u8(NSI_FLAGS, NSI_FLAGS).raw(bytes(8)).u32(sdu, sdu).u8(0).u32(profile.flags)
    return bytes(out)


def refuse_body(code: int) -> bytes:
    """Build the body of REFUSE."""
    text = f"(DESCRIPTION=(TMP=)(VSNNUM=0)(ERR={code})(ERROR_STACK=(ERROR=(CODE={code})(EMFI=4))))".encode()
    return bytes(Writer().u8(0x22, 0).u16(len(text)).raw(text))


def check_service(request: ConnectRequest, services: tuple[str, ...], sid: str) -> str:
    """Return the service that the client gets.

    Raises:
        RefusedError: 12504 (no service named), 12514 (unknown service), 12505 (unknown SID), 12520 (pooled servers,
            which this listener has not), 12618 (a client older than 12.1).
    """
    if request.version < MIN_CLIENT_VERSION:
        raise RefusedError(12618)
    if (request.parameter("SERVER") or "").lower() == "pooled":
        raise RefusedError(12520)
    service, wanted_sid = request.parameter("SERVICE_NAME"), request.parameter("SID")
    if service:
        known = {name.lower(): name for name in services}
        if service.lower() not in known:
            raise RefusedError(12514)
        return known[service.lower()]
    if not wanted_sid:
        raise RefusedError(12504)
    if wanted_sid.lower() != sid.lower():
        raise RefusedError(12505)
    return services[0]


def read_protocol(reader: Reader) -> bytes:
    """Read the protocol message (versions, then the driver's name); returns the name."""
    if reader.u8() != MessageType.PROTOCOL:
        raise ProtocolError("the protocol message was expected")
    while reader.u8():  # the versions that the client speaks, up to a zero byte
        pass
    return reader.zero_terminated()


def protocol_answer(profile: Profile) -> bytes:
    """Answer the protocol message: character sets and capabilities."""
    charsets = bytes(9) + AL16UTF16.to_bytes(2)
    out = Writer().u8(MessageType.PROTOCOL, 6, 0).raw(BANNER + b"\0").u16le(AL32UTF8).u8(1).u16le(0)
    out.u16(len(charsets)).raw(charsets)
    return bytes(out.clr(profile.compile_capabilities).clr(profile.runtime_capabilities))


def read_data_types(reader: Reader) -> int:
    """Read the data types message; returns the client's TTC field version."""
    if reader.u8() != MessageType.DATA_TYPES:
        raise ProtocolError("the data types message was expected")
    reader.raw(5)
    compile_caps, _ = reader.clr() or b"", reader.clr()
    while reader.u16():
        if reader.u16():
            reader.raw(4)
    return compile_caps[7]


def data_types_answer() -> bytes:
    """Answer the data types message; an empty list takes the client's own representations [M]."""
    return bytes(Writer().u8(MessageType.DATA_TYPES).u16(0))


def read_fast_auth(reader: Reader) -> tuple[int, Auth]:
    """Read the message that holds all of the handshake; returns the client's field version and its first call."""
    if reader.u8() != MessageType.FAST_AUTH:
        raise ProtocolError("the fast authentication message was expected")
    reader.raw(3)
    read_protocol(reader)
    reader.raw(5)
    field_version = reader.u8()  # of what follows; the version that the client speaks is in the data types message
    client = read_data_types(reader)
    call = RequestParser(field_version).parse(reader).call
    if not isinstance(call, Auth):
        raise ProtocolError("an authentication call was expected")
    return client, call
