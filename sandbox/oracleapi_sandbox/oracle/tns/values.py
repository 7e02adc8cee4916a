"""Scalar values on the wire: NUMBER, DATE and TIMESTAMPs, binary floats, intervals.

Source: python-oracledb's codecs [M]; NUMBER's format is Oracle's documented internal one [D].
"""

import math
import struct
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

from oracleapi_sandbox.oracle.ports import OracleError

NUMBER_PAIRS = 20
MIN_EXPONENT, MAX_EXPONENT = -65, 62
_BASE_31 = 1 << 31


def encode_number(value: int | Decimal | float) -> bytes:
    """Return the internal form of a NUMBER; more than 20 base-100 digits are rounded half up.

    Raises:
        OracleError: 1426, the number is too large or not finite.
    """
    sign, digits, exponent = _digits(value)
    if len(digits) > 2 * NUMBER_PAIRS - 1:
        digits, exponent = _rounded(digits, exponent)
    stripped = digits.rstrip("0")
    exponent += len(digits) - len(stripped)
    if not stripped:
        return b"\x80"
    if exponent % 2:
        stripped, exponent = stripped + "0", exponent - 1
    if len(stripped) % 2:
        stripped = "0" + stripped
    pairs = [int(stripped[at : at + 2]) for at in range(0, len(stripped), 2)]
    power = exponent // 2 + len(pairs) - 1
    if power > MAX_EXPONENT:
        raise OracleError(1426, "numeric overflow")
    if power < MIN_EXPONENT:
        return b"\x80"
    if not sign:
        return bytes((193 + power, *(pair + 1 for pair in pairs)))
    tail = b"\x66" if len(pairs) < NUMBER_PAIRS else b""
    return bytes((~(193 + power) & 0xFF, *(101 - pair for pair in pairs))) + tail


def _digits(value: int | Decimal | float) -> tuple[bool, str, int]:
    """Split into sign, decimal digits without leading zeros, and the power of ten of the last digit."""
    if isinstance(value, float):
        if not math.isfinite(value):
            raise OracleError(1426, "numeric overflow")
        value = Decimal(repr(value))
    if isinstance(value, int):
        return value < 0, str(abs(value)).lstrip("0"), 0
    sign, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        raise OracleError(1426, "numeric overflow")
    return bool(sign), "".join(map(str, digits)).lstrip("0"), exponent


def _rounded(digits: str, exponent: int) -> tuple[str, int]:
    """Round to as many digits as fit into 20 pairs, whatever their alignment."""
    keep = 2 * NUMBER_PAIRS if (len(digits) + exponent) % 2 == 0 else 2 * NUMBER_PAIRS - 1
    dropped = len(digits) - keep
    if dropped <= 0:
        return digits, exponent
    kept = int(digits[:keep]) + (digits[keep] >= "5")
    return str(kept), exponent + dropped


def decode_number(data: bytes) -> int | Decimal:
    """Return a NUMBER as ``int`` when it is integral, else as ``Decimal``."""
    if data == b"\x80":
        return 0
    negative = data[0] < 0x80
    if negative:
        power = (~data[0] & 0xFF) - 193
        body = data[1:-1] if data[-1] == 0x66 else data[1:]
        pairs = [101 - byte for byte in body]
    else:
        power = data[0] - 193
        pairs = [byte - 1 for byte in data[1:]]
    digits = "".join(f"{pair:02d}" for pair in pairs).rstrip("0")
    exponent = 2 * (power - len(pairs) + 1) + 2 * len(pairs) - len(digits)
    magnitude = int(digits)
    if exponent >= 0:
        whole: int = magnitude * 10**exponent
        return -whole if negative else whole
    return Decimal((int(negative), tuple(map(int, str(magnitude))), exponent))


def encode_date(value: datetime) -> bytes:
    """Return 7 bytes: century, year, month, day, hour, minute, second."""
    return bytes(
        (
            value.year // 100 + 100,
            value.year % 100 + 100,
            value.month,
            value.day,
            value.hour + 1,
            value.minute + 1,
            value.second + 1,
        )
    )


def encode_timestamp(value: datetime) -> bytes:
    """Return 11 bytes: a DATE and nanoseconds."""
    return encode_date(value) + struct.pack(">I", value.microsecond * 1000)


def encode_timestamp_tz(value: datetime) -> bytes:
    """Return 13 bytes: a TIMESTAMP in UTC and the zone's offset; a naive value counts as UTC."""
    aware = value if value.tzinfo else value.replace(tzinfo=UTC)
    offset = aware.utcoffset() or timedelta()
    minutes = int(offset.total_seconds() // 60)
    hours, rest = (abs(minutes) // 60, abs(minutes) % 60)
    if minutes < 0:
        hours, rest = -hours, -rest
    return encode_timestamp(aware.astimezone(UTC)) + bytes((hours + 20, rest + 60))


def decode_datetime(data: bytes) -> datetime:
    """Decode DATE (7 bytes), TIMESTAMP (11) and TIMESTAMP WITH TIME ZONE (13: the value is aware)."""
    year = (data[0] - 100) * 100 + data[1] - 100
    micros = struct.unpack(">I", data[7:11])[0] // 1000 if len(data) >= 11 else 0
    value = datetime(year, data[2], data[3], data[4] - 1, data[5] - 1, data[6] - 1, micros)
    if len(data) < 13:
        return value
    zone = timezone(timedelta(hours=data[11] - 20, minutes=data[12] - 60))
    return value.replace(tzinfo=UTC).astimezone(zone)


def encode_binary(value: float, layout: str) -> bytes:
    """Encode BINARY_DOUBLE (``>d``) or BINARY_FLOAT (``>f``): IEEE with the bits turned so that bytes sort."""
    data = struct.pack(layout, value)
    if data[0] & 0x80:
        return bytes(~byte & 0xFF for byte in data)
    return bytes((data[0] | 0x80,)) + data[1:]


def decode_binary(data: bytes) -> float:
    """Decode BINARY_DOUBLE (8 bytes) or BINARY_FLOAT (4)."""
    positive = data[0] & 0x80
    plain = bytes((data[0] & 0x7F,)) + data[1:] if positive else bytes(~byte & 0xFF for byte in data)
    value: float = struct.unpack(">d" if len(data) == 8 else ">f", plain)[0]
    return value


def encode_interval_ds(value: timedelta) -> bytes:
    """Return 11 bytes: days, hours, minutes, seconds, nanoseconds; all parts share the sign."""
    sign = -1 if value < timedelta() else 1
    size = abs(value)
    hours, rest = divmod(size.seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    parts = (sign * hours + 60, sign * minutes + 60, sign * seconds + 60)
    nanos = sign * size.microseconds * 1000
    return struct.pack(">I", sign * size.days + _BASE_31) + bytes(parts) + struct.pack(">I", nanos + _BASE_31)


def decode_interval_ds(data: bytes) -> timedelta:
    days = int(struct.unpack(">I", data[:4])[0]) - _BASE_31
    nanos = int(struct.unpack(">I", data[7:11])[0]) - _BASE_31
    # integer division would round a negative fraction away from zero
    micros = int(math.copysign(abs(nanos) // 1000, nanos))
    return timedelta(days=days, hours=data[4] - 60, minutes=data[5] - 60, seconds=data[6] - 60, microseconds=micros)
