"""UTL_RAW, UTL_ENCODE and DBMS_CRYPTO. Source: PL/SQL Packages and Types Reference [D]."""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Callable
from operator import and_, or_, xor

from oracleapi_sandbox.oracle.ports import Argument, OracleError, Package, SqlRunner, Subprogram

_RAW = Argument("R", "RAW")
_TWO = (Argument("R1", "RAW"), Argument("R2", "RAW"))
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


def _bitwise(operate: Callable[[int, int], int]) -> Callable[..., bytes | None]:
    def body(runner: SqlRunner, r1: bytes | None, r2: bytes | None) -> bytes | None:
        """The longer one's rest stays as it is."""
        if not r1 or not r2:
            return None
        short = min(len(r1), len(r2))
        return bytes(operate(a, b) for a, b in zip(r1, r2, strict=False)) + max(r1, r2, key=len)[short:]

    return body


def _compare(runner: SqlRunner, r1: bytes | None, r2: bytes | None, pad: bytes | None) -> int:
    """The place of the first difference, 0 for none; the shorter one is filled with the first byte of *pad*."""
    left, right, fill = r1 or b"", r2 or b"", (pad or b"\0")[:1]
    length = max(len(left), len(right))
    pairs = zip(left.ljust(length, fill), right.ljust(length, fill), strict=True)
    return next((at for at, (a, b) in enumerate(pairs, 1) if a != b), 0)


def _reverse(runner: SqlRunner, r: bytes | None) -> bytes | None:
    return r[::-1] if r else None


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
            Subprogram("BIT_AND", _TWO, _bitwise(and_), "RAW"),
            Subprogram("BIT_OR", _TWO, _bitwise(or_), "RAW"),
            Subprogram("BIT_XOR", _TWO, _bitwise(xor), "RAW"),
            Subprogram("COMPARE", (*_TWO, Argument("PAD", "RAW", default=None)), _compare, "NUMBER"),
            Subprogram("REVERSE", (_RAW,), _reverse, "RAW"),
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


# --- DBMS_CRYPTO, which nobody may execute unless it is granted ------------------------------------------------------

_HASHES = {2: "md5", 3: "sha1", 4: "sha256", 5: "sha384", 6: "sha512"}
_MACS = {1: "md5", 2: "sha1", 3: "sha256", 4: "sha384", 5: "sha512"}


def _failed() -> OracleError:
    """What NULL or an unknown algorithm gives is not documented for HASH and MAC. [U]"""
    return OracleError(28817, "PL/SQL function returned an error.")


def _algorithm(known: dict[int, str], typ: int | None) -> str:
    if typ is None or int(typ) not in known:
        raise _failed()
    return known[int(typ)]


def _source(src: bytes | str | None) -> bytes:
    if not src:
        raise _failed()
    return src.encode() if isinstance(src, str) else src


def _hash(runner: SqlRunner, src: bytes | str | None, typ: int | None) -> bytes:
    return hashlib.new(_algorithm(_HASHES, typ), _source(src), usedforsecurity=False).digest()


def _mac(runner: SqlRunner, src: bytes | str | None, typ: int | None, key: bytes | None) -> bytes:
    if not key:
        raise OracleError(28239, "no key provided")
    return hmac.new(key, _source(src), _algorithm(_MACS, typ)).digest()


def _random_bytes(runner: SqlRunner, number_bytes: int | None) -> bytes | None:
    return secrets.token_bytes(int(number_bytes or 0)) or None


_TYP = Argument("TYP", "PLS_INTEGER")
DBMS_CRYPTO = Package(
    "SYS",
    "DBMS_CRYPTO",
    (
        *(Subprogram("HASH", (Argument("SRC", kind), _TYP), _hash, "RAW") for kind in ("RAW", "CLOB")),
        *(
            Subprogram("MAC", (Argument("SRC", kind), _TYP, Argument("KEY", "RAW")), _mac, "RAW")
            for kind in ("RAW", "CLOB")
        ),
        Subprogram("RANDOMBYTES", (Argument("NUMBER_BYTES", "PLS_INTEGER"),), _random_bytes, "RAW"),
    ),
    {
        "HASH_MD5": 2,
        "HASH_SH1": 3,
        "HASH_SH256": 4,
        "HASH_SH384": 5,
        "HASH_SH512": 6,
        "HMAC_MD5": 1,
        "HMAC_SH1": 2,
        "HMAC_SH256": 3,
        "HMAC_SH384": 4,
        "HMAC_SH512": 5,
    },
)
