"""Encodings, as tables of bytes that real clients send and accept."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from oracleapi_sandbox.oracle.ports import OracleError
from oracleapi_sandbox.oracle.tns import values
from oracleapi_sandbox.oracle.tns.auth import normal_name, version_number
from oracleapi_sandbox.oracle.tns.cells import as_text
from oracleapi_sandbox.oracle.tns.primitives import IncompleteError, ProtocolError, Reader, Writer


@pytest.mark.parametrize(
    ("number", "encoded"),
    [
        (0, "80"),
        (1, "c102"),
        (-1, "3e6466"),
        (10, "c10b"),
        (100, "c202"),
        (123, "c20218"),
        (-123, "3d644e66"),
        (1.5, "c10233"),
        (Decimal("0.01"), "c002"),
        (Decimal("-0.05"), "3f6066"),
        (Decimal("123456.789"), "c30d23394f5b"),
        (Decimal("1E+2"), "c202"),
        (Decimal("100.00"), "c202"),
    ],
)
def test_a_number_has_its_internal_form(number: int | float | Decimal, encoded: str) -> None:
    assert values.encode_number(number).hex() == encoded


@pytest.mark.parametrize(
    "number",
    [
        7,
        -7,
        10**37,
        -(10**37),
        99999999999999999999999999999999999999,
        -99999999999999999999999999999999999999,
        Decimal("0.1"),
        Decimal("-0.1"),
        Decimal("12345678901234567890.1234567890123456789"),
        Decimal("1E-130"),
        Decimal("-9.87E-100"),
        10**125,
    ],
)
def test_a_number_comes_back_as_it_was(number: int | Decimal) -> None:
    found = values.decode_number(values.encode_number(number))
    assert found == number
    assert type(found) is type(number)


def test_an_integral_decimal_comes_back_as_an_int() -> None:
    assert type(values.decode_number(values.encode_number(Decimal("5.0")))) is int


def test_more_than_forty_digits_are_rounded() -> None:
    assert values.decode_number(values.encode_number(Decimal("0." + "6" * 45))) == Decimal("0." + "6" * 39 + "7")


@pytest.mark.parametrize("number", [10**126, Decimal("1E+200"), float("inf"), float("nan"), Decimal("NaN")])
def test_what_is_no_number_is_an_overflow(number: int | float | Decimal) -> None:
    with pytest.raises(OracleError, match="ORA-01426"):
        values.encode_number(number)


def test_a_number_too_small_is_zero() -> None:
    assert values.encode_number(Decimal("1E-200")) == b"\x80"


def test_a_date_has_seven_bytes() -> None:
    assert values.encode_date(datetime(2024, 2, 29, 13, 5, 9)).hex() == "787c021d0e060a"


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2024, 2, 29, 13, 5, 9),
        datetime(1, 1, 1),
        datetime(9999, 12, 31, 23, 59, 59, 999999),
        datetime(1969, 7, 20, 20, 17, 40, 1),
    ],
)
def test_a_timestamp_comes_back_as_it_was(moment: datetime) -> None:
    assert values.decode_datetime(values.encode_timestamp(moment)) == moment


@pytest.mark.parametrize("hours", [0, 2, -3.5, 14])
def test_a_timestamp_with_time_zone_keeps_moment_and_offset(hours: float) -> None:
    moment = datetime(2024, 2, 29, 23, 5, 9, 120, tzinfo=timezone(timedelta(hours=hours)))
    found = values.decode_datetime(values.encode_timestamp_tz(moment))
    assert found == moment
    assert found.utcoffset() == moment.utcoffset()
    assert values.encode_timestamp_tz(moment)[:7] == values.encode_date(moment.astimezone(UTC))


@pytest.mark.parametrize(("number", "encoded"), [(1.5, "bff8000000000000"), (-1.5, "4007ffffffffffff")])
def test_a_binary_double_sorts_as_bytes(number: float, encoded: str) -> None:
    assert values.encode_binary(number, ">d").hex() == encoded
    assert values.decode_binary(bytes.fromhex(encoded)) == number


@pytest.mark.parametrize(
    "interval",
    [timedelta(), timedelta(days=3, hours=4, microseconds=5), -timedelta(days=3, hours=4, microseconds=5)],
)
def test_an_interval_comes_back_as_it_was(interval: timedelta) -> None:
    assert values.decode_interval_ds(values.encode_interval_ds(interval)) == interval


@pytest.mark.parametrize(("value", "encoded"), [(0, "00"), (1, "0101"), (300, "02012c"), (2**63, "088000000000000000")])
def test_an_unsigned_integer_is_as_short_as_it_can_be(value: int, encoded: str) -> None:
    assert bytes(Writer().ub(value)).hex() == encoded
    assert Reader(bytes.fromhex(encoded)).ub() == value


@pytest.mark.parametrize(("value", "encoded"), [(-1, "8101"), (5, "0105"), (0, "00")])
def test_a_signed_integer_carries_its_sign_in_the_length(value: int, encoded: str) -> None:
    assert bytes(Writer().sb(value)).hex() == encoded
    assert Reader(bytes.fromhex(encoded)).sb() == value


@pytest.mark.parametrize("length", [1, 252, 253, 254, 255, 256, 32767, 32768, 100_000])
def test_a_byte_string_of_any_length_comes_back(length: int) -> None:
    data = bytes(range(256)) * (length // 256 + 1)
    assert Reader(bytes(Writer().clr(data[:length]))).clr() == data[:length]


@pytest.mark.parametrize("encoded", ["00", "ff", "fd01"])
def test_a_null_has_several_spellings(encoded: str) -> None:
    assert Reader(bytes.fromhex(encoded)).clr() is None


@pytest.mark.parametrize("cut", range(1, 10))
def test_every_cut_of_a_value_asks_for_more(cut: int) -> None:
    whole = bytes(Writer().text("abcdefgh"))
    with pytest.raises(IncompleteError):
        Reader(whole[:-cut]).text()


def test_a_negative_length_is_refused() -> None:
    with pytest.raises(ProtocolError):
        Reader(bytes.fromhex("8101")).ub()


@pytest.mark.parametrize(("typed", "stored"), [("hr", "HR"), ('"Hr"', "Hr"), ("Hr", "HR")])
def test_a_user_name_is_upper_case_unless_quoted(typed: str, stored: str) -> None:
    assert normal_name(typed) == stored


def test_the_version_is_packed_as_18c_and_later_do() -> None:
    assert version_number("19.22.0.0.0") == 19 << 24 | 22 << 16


@pytest.mark.parametrize(
    ("value", "text"),
    [(5, "5"), (Decimal("0.5"), ".5"), (Decimal("-0.50"), "-.5"), (1.25, "1.25"), (10**20, "1" + "0" * 20), ("x", "x")],
)
def test_numbers_become_text_as_to_char_writes_them(value: int | Decimal | float | str, text: str) -> None:
    assert as_text(value) == text
