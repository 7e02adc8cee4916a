"""Large objects of a session: locators, and the LOB operations of function 96.

CLOB data is kept and sent as UTF-16BE, lengths and offsets count UTF-16 units, as a real AL32UTF8 database does. A
locator of a query result stands for the value that was read: it cannot be written to.
"""

import itertools
from dataclasses import dataclass, field

from oracleapi_sandbox.oracle.ports import OracleError
from oracleapi_sandbox.oracle.tns.messages import LobCall, LobOperation
from oracleapi_sandbox.oracle.tns.primitives import Writer
from oracleapi_sandbox.oracle.tns.wiretypes import WireType

LOCATOR_BYTES = 40
CHUNK_SIZE = 8132
_TEMPORARY_BIT = 0x40  # in byte 4: the client frees the locator when its LOB object dies
_UTF16_BIT = 0x80  # in byte 6
_LOB_DATA = 0x0E
_RETURN_PARAMETERS = 0x08


@dataclass
class Lob:
    """A large object: ``type`` is CLOB or BLOB, ``data`` its bytes (UTF-16BE for a CLOB)."""

    type: WireType
    data: bytearray
    writable: bool = False
    is_open: bool = False

    @property
    def unit(self) -> int:
        return 2 if self.type == WireType.CLOB else 1

    @property
    def length(self) -> int:
        return len(self.data) // self.unit

    @property
    def value(self) -> str | bytes | None:
        """The value as a bind; an empty LOB is not null, but the text seam has no empty string."""
        if self.type == WireType.BLOB:
            return bytes(self.data)
        return self.data.decode("utf-16-be", "surrogatepass") or None


@dataclass
class LobStore:
    """The locators of one session."""

    _lobs: dict[bytes, Lob] = field(default_factory=dict)
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def add(self, lob: Lob) -> bytes:
        """Keep *lob* and return its locator."""
        locator = bytearray(LOCATOR_BYTES)
        locator[4] = _TEMPORARY_BIT
        locator[6] = _UTF16_BIT if lob.type == WireType.CLOB else 0
        locator[16:24] = next(self._numbers).to_bytes(8)
        self._lobs[bytes(locator)] = lob
        return bytes(locator)

    def add_value(self, value: str | bytes) -> tuple[bytes, Lob]:
        """Keep a value that was read; returns locator and LOB."""
        if isinstance(value, str):
            lob = Lob(WireType.CLOB, bytearray(value.encode("utf-16-be", "surrogatepass")))
        else:
            lob = Lob(WireType.BLOB, bytearray(value))
        return self.add(lob), lob

    def get(self, locator: bytes) -> Lob:
        """Return the LOB of *locator*. Raises :class:`OracleError` 22275."""
        lob = self._lobs.get(locator)
        if lob is None:
            raise OracleError(22275, "invalid LOB locator specified")
        return lob

    def free(self, locators: bytes) -> None:
        """Free concatenated *locators*; unknown ones are ignored."""
        for start in range(0, len(locators), LOCATOR_BYTES):
            self._lobs.pop(locators[start : start + LOCATOR_BYTES], None)

    def __len__(self) -> int:
        return len(self._lobs)


def perform(call: LobCall, store: LobStore) -> bytes:
    """Carry out a LOB operation and return the answer up to the status message.

    Raises:
        OracleError: 22275 (unknown locator), 22920 (not writable), 22994 (offset), 3001 (no such operation).
    """
    if call.operation == LobOperation.CREATE_TEMP:
        return _create(call, store)
    if call.operation in (LobOperation.FREE_TEMP, LobOperation.FREE_TEMPS):
        store.free(call.locator)
        return bytes(Writer().u8(_RETURN_PARAMETERS).raw(call.locator))
    lob = store.get(call.locator)
    out = Writer()
    amount = call.amount or 0
    if call.operation == LobOperation.READ:
        amount = _read(call, lob, out)
    elif call.operation == LobOperation.WRITE:
        _write(call, lob)
    elif call.operation == LobOperation.TRIM:
        del _writable(lob).data[amount * lob.unit :]
    elif call.operation == LobOperation.LENGTH:
        amount = lob.length
    elif call.operation == LobOperation.CHUNK_SIZE:
        amount = CHUNK_SIZE
    elif call.operation in (LobOperation.OPEN, LobOperation.CLOSE):
        _switch(lob, call.operation == LobOperation.OPEN)
    elif call.operation != LobOperation.IS_OPEN:
        raise OracleError(3001, "unimplemented feature")
    out.u8(_RETURN_PARAMETERS).raw(call.locator)
    if call.amount is not None:
        out.sb(amount)
    if call.operation == LobOperation.IS_OPEN:
        out.u8(int(lob.is_open))
    return bytes(out)


def _create(call: LobCall, store: LobStore) -> bytes:
    kind = WireType.BLOB if call.destination_offset == WireType.BLOB else WireType.CLOB
    locator = store.add(Lob(kind, bytearray(), writable=True))
    return bytes(Writer().u8(_RETURN_PARAMETERS).raw(locator).ub(call.charset or 0).u8(0))


def _read(call: LobCall, lob: Lob, out: Writer) -> int:
    if call.source_offset < 1:
        raise OracleError(24801, "illegal parameter value in OCI lob function")
    start = (call.source_offset - 1) * lob.unit
    data = bytes(lob.data[start : start + (call.amount or 0) * lob.unit])
    if data:
        out.u8(_LOB_DATA).clr(data)
    return len(data) // lob.unit


def _write(call: LobCall, lob: Lob) -> None:
    data = call.data or b""
    start = (call.source_offset - 1) * lob.unit
    content = _writable(lob).data
    if start > len(content):
        filler = " ".encode("utf-16-be") if lob.type == WireType.CLOB else b"\0"
        content += filler * ((start - len(content)) // lob.unit)
    content[start : start + len(data)] = data


def _writable(lob: Lob) -> Lob:
    if not lob.writable:
        raise OracleError(22920, "row containing the LOB value is not locked")
    return lob


def _switch(lob: Lob, wanted: bool) -> None:
    if lob.is_open == wanted:
        code, text = (22293, "LOB already opened in the same transaction") if wanted else (22289, "LOB is not opened")
        raise OracleError(code, text)
    lob.is_open = wanted
