"""Format models, there and back."""

from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oracleapi_sandbox.oracle.plsql.formats import FormatError, format_date, parse_date
from oracleapi_sandbox.oracle.plsql.number_formats import format_number, number_text, parse_number


@pytest.mark.parametrize(
    ("text", "model", "value"),
    [
        ("2024-02-29 13:14:15", "YYYY-MM-DD HH24:MI:SS", datetime(2024, 2, 29, 13, 14, 15)),
        ("29/feb/24", "DD-MON-RR", datetime(2024, 2, 29)),
        ("28 February 1999", "DD MONTH YYYY", datetime(1999, 2, 28)),
        ("1999060", "YYYYDDD", datetime(1999, 3, 1)),
        ("2024-02-03T04:05:06.789Z", 'YYYY-MM-DD"T"HH24:MI:SS.FF3"Z"', datetime(2024, 2, 3, 4, 5, 6, 789000)),
        ("20240203", "YYYYMMDD", datetime(2024, 2, 3)),
        ("2024-02-03", "YYYY-MM-DD HH24:MI", datetime(2024, 2, 3)),
        ("2460344", "J", datetime(2024, 2, 3)),
    ],
)
def test_dates_are_read(text: str, model: str, value: datetime) -> None:
    assert parse_date(text, model) == value


def test_a_time_alone_is_of_the_first_of_this_month() -> None:
    found = parse_date("01:02:03 pm", "HH:MI:SS AM")
    assert (found.hour, found.minute, found.second, found.day) == (13, 2, 3, 1)


def test_zones_are_read() -> None:
    expected = datetime(2024, 2, 3, 4, 5, tzinfo=timezone(-timedelta(hours=2, minutes=30)))
    assert parse_date("2024-02-03 04:05 -02:30", "YYYY-MM-DD HH24:MI TZH:TZM") == expected
    assert parse_date("2024-02-03 04:05 -02:30", "YYYY-MM-DD HH24:MI TZR") == expected


@settings(max_examples=100, deadline=None, database=None)
@given(st.datetimes(min_value=datetime(1000, 1, 1)))
def test_dates_survive(value: datetime) -> None:
    for model in ("YYYY-MM-DD HH24:MI:SS.FF6", "DD.MONTH.YYYY HH:MI:SSXFF6 P.M.", "FMDD/MM/YYYY HH24:MI:SS FF6"):
        assert parse_date(format_date(value, model), model) == value


@pytest.mark.parametrize(
    ("number", "model", "text"),
    [
        ("0", "999", "   0"),
        ("0", "FM90.00", "0.00"),
        ("1234.5", "9,999.99", " 1,234.50"),
        ("12", "9,999", "    12"),
        ("-1234", "S9999", "-1234"),
        ("-5", "99MI", " 5-"),
        ("-5", "FM99PR", "<5>"),
        ("0.126", "0D00", " 0.13"),
        ("9999.999", "9999.99", "########"),
        ("5", "TM9", "5"),
    ],
)
def test_numbers_are_written(number: str, model: str, text: str) -> None:
    assert format_number(Decimal(number), model) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (Decimal("-0.5"), "-.5"), (Decimal("100.10"), "100.1"), (10**39, "1" + "0" * 39), (1.5, "1.5E+000")],
)
def test_numbers_without_model(number: int | Decimal | float, text: str) -> None:
    assert number_text(number) == text


@pytest.mark.parametrize(
    ("text", "model", "number"),
    [
        ("1,234.50", "9,999.99", "1234.5"),
        ("-12", "S99", "-12"),
        ("$5", "$9", "5"),
        ("<7>", "9PR", "-7"),
        (".5", "9.9", "0.5"),
    ],
)
def test_numbers_are_read(text: str, model: str, number: str) -> None:
    assert parse_number(text, model) == Decimal(number)


@pytest.mark.parametrize(("text", "model"), [("12a", "999"), ("1234", "999"), ("1.234", "9.99"), ("1", "x")])
def test_numbers_are_refused(text: str, model: str) -> None:
    with pytest.raises(FormatError):
        parse_number(text, model)
