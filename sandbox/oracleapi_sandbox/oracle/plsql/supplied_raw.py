"""UTL_RAW and UTL_ENCODE. Source: PL/SQL Packages and Types Reference [D]."""

import base64
import binascii

from oracleapi_sandbox.oracle.ports import Argument, OracleError, Package, SqlRunner, Subprogram

_RAW = Argument("R", "RAW")
LINE = 64
"""BASE64_ENCODE breaks its lines after 64 characters."""


def _cast_to_raw(runner: SqlRunner, c: str | None) -> bytes | None:
    return c.encode() if c else None


def _cast_to_varchar2(runner: SqlRunner, r: bytes | None) -> str | None:
    return r.decode(errors="replace") if r else None


def _length(runner: SqlRunner, r: bytes | None) -> int | None:
    return len(r) if r else None


def _substr(runner: SqlRunner, r: bytes | None, pos: int, len: int | None) -> bytes | None:  # noqa: A002 - Oracle's name
    if not r:
        return None
    start = int(pos) - 1 if pos > 0 else max(0, r.__len__() + int(pos))
    return r[start : None if len is None else start + int(len)] or None


def _bit_xor(runner: SqlRunner, r1: bytes | None, r2: bytes | None) -> bytes | None:
    if not r1 or not r2:
        return None
    short = min(len(r1), len(r2))
    return bytes(a ^ b for a, b in zip(r1, r2, strict=False)) + max(r1, r2, key=len)[short:]


def _concat(runner: SqlRunner, r1: bytes | None, r2: bytes | None) -> bytes | None:
    return (r1 or b"") + (r2 or b"") or None


def _base64_decode(runner: SqlRunner, r: bytes | None) -> bytes | None:
    if not r:
        return None
    try:
        return base64.b64decode(b"".join(r.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise OracleError(29261, "bad argument") from error


def _base64_encode(runner: SqlRunner, r: bytes | None) -> bytes | None:
    if not r:
        return None
    text = base64.b64encode(r)
    return b"\r\n".join(text[at : at + LINE] for at in range(0, len(text), LINE))


PACKAGES: dict[str, Package] = {
    "UTL_RAW": Package(
        "SYS",
        "UTL_RAW",
        (
            Subprogram("CAST_TO_RAW", (Argument("C"),), _cast_to_raw, "RAW"),
            Subprogram("CAST_TO_VARCHAR2", (_RAW,), _cast_to_varchar2, "VARCHAR2"),
            Subprogram("LENGTH", (_RAW,), _length, "NUMBER"),
            Subprogram(
                "SUBSTR", (_RAW, Argument("POS", "NUMBER"), Argument("LEN", "NUMBER", default=None)), _substr, "RAW"
            ),
            Subprogram("BIT_XOR", (Argument("R1", "RAW"), Argument("R2", "RAW")), _bit_xor, "RAW"),
            Subprogram("CONCAT", (Argument("R1", "RAW"), Argument("R2", "RAW", default=None)), _concat, "RAW"),
        ),
    ),
    "UTL_ENCODE": Package(
        "SYS",
        "UTL_ENCODE",
        (
            Subprogram("BASE64_DECODE", (_RAW,), _base64_decode, "RAW"),
            Subprogram("BASE64_ENCODE", (_RAW,), _base64_encode, "RAW"),
        ),
    ),
}
