"""Scalar expressions: what Oracle is known to return for them. Source of the values: SQL Language Reference 19c. [D]"""

# ruff: noqa: S608 - names made by the tests themselves

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from oracleapi_sandbox.oracle.ports import Bind

D = Decimal
VALUES: list[tuple[str, Any, str]] = [
    ("'' || 'x'", "x", "the empty string is NULL, and NULL adds nothing"),
    ("null || 'y'", "y", "NULL beside ||"),
    ("nvl('', 'empty')", "empty", "'' is NULL"),
    ("length('')", None, "no length without a string"),
    ("replace('abc', 'abc')", None, "an empty result is NULL"),
    ("trim('  ')", None, "so is an empty trim"),
    ("1/3", D("0." + "3" * 40), "NUMBER holds 40 digits here"),
    ("2/3", D("0." + "6" * 39 + "7"), "and rounds the last"),
    ("10/3", D("3." + "3" * 38), "twenty base-100 digits in all"),
    ("10/4", D("2.5"), "integers divide exactly"),
    ("7/7", 1, "an integral NUMBER is an int"),
    ("0.1 + 0.2", D("0.3"), "decimal, not binary"),
    ("'5' + 1", 6, "a string beside + is a number"),
    ("'2' * '3'", 6, "two of them too"),
    ("mod(-7, 3)", -1, "the sign of the dividend"),
    ("mod(5, 0)", 5, "no error"),
    ("round(2.5)", 3, "half away from zero"),
    ("round(-2.5)", -3, "half away from zero"),
    ("round(1234.567, -2)", 1200, "to the left of the point"),
    ("trunc(-2.7)", -2, "towards zero"),
    ("trunc('2.7')", 2, "a string is a number"),
    ("power(2, 10)", 1024, "exact"),
    ("substr('hello', 2, 3)", "ell", "from one"),
    ("substr('hello', -3)", "llo", "from the end"),
    ("substr('hello', 0, 2)", "he", "zero is one"),
    ("substr('hello', 9)", None, "beyond the end"),
    ("substr(12345, 2, 2)", "23", "a number is a string"),
    ("instr('a.b.c', '.', 1, 2)", 4, "the second one"),
    ("instr('a.b.c', '.', -1)", 4, "from the end"),
    ("instr('abc', 'x')", 0, "not found"),
    ("lpad('5', 3, '0')", "005", "padded"),
    ("rpad('abcdef', 3)", "abc", "cut"),
    ("initcap('hello wORLD')", "Hello World", "words"),
    ("translate('abc', 'ab', 'x')", "xc", "what has no counterpart goes"),
    ("ltrim('xxabc', 'x')", "abc", "a set"),
    ("trim(leading '0' from '007')", "7", "one side"),
    ("regexp_replace('abc123', '[0-9]+', '#')", "abc#", "all matches"),
    ("regexp_substr('a,b,c', '[^,]+', 1, 2)", "b", "the second match"),
    ("regexp_instr('abc', 'c')", 3, "position"),
    ("decode(null, null, 'same', 'other')", "same", "NULL equals NULL in DECODE"),
    ("decode(2, 1, 'a')", None, "no default"),
    ("decode(1, 1, 'x', 2)", "x", "results take the first one's type"),
    ("nvl2(null, 1, 2)", 2, "the third"),
    ("coalesce(null, null, 3)", 3, "the first that is something"),
    ("nullif(1, 1)", None, "equal"),
    ("greatest(1, null, 3)", None, "NULL if any is"),
    ("least('b', 'a')", "a", "binary order"),
    ("case 1 when 1 then 'one' else 'other' end", "one", "simple CASE"),
    ("case when 1 = '1' then 'eq' end", "eq", "implicit conversion"),
    ("to_char(0.5)", ".5", "no zero before the point"),
    ("to_char(-1234.5, '9,990.00')", "-1,234.50", "groups"),
    ("to_char(5, '000')", " 005", "room for the sign"),
    ("to_char(12345, '999')", "####", "too long"),
    ("to_char(5, '$99.00')", "  $5.00", "dollar before the digits"),
    ("to_char(255, 'XX')", " FF", "hexadecimal"),
    ("to_char(1, 'fm000')", "001", "fill mode"),
    ("to_number('1,234.5', '9,999.9')", D("1234.5"), "with a format"),
    ("to_date('2024-01-31', 'YYYY-MM-DD')", datetime(2024, 1, 31), "a DATE"),
    ("to_date('31-JAN-24')", datetime(2024, 1, 31), "the default format"),
    ("to_date('310199', 'DDMMRR')", datetime(1999, 1, 31), "RR is the nearer century"),
    ("to_date('2024-02-29 3:05 PM', 'YYYY-MM-DD HH:MI AM')", datetime(2024, 2, 29, 15, 5), "twelve hours"),
    ("to_date('2024060', 'YYYYDDD')", datetime(2024, 2, 29), "day of the year"),
    (
        "to_timestamp('2024-01-31 10:00:00.25', 'YYYY-MM-DD HH24:MI:SS.FF')",
        datetime(2024, 1, 31, 10, 0, 0, 250000),
        "fraction",
    ),
    ("to_char(date '2024-01-31', 'Day DD Month YYYY')", "Wednesday 31 January   2024", "padded names"),
    ("to_char(date '2024-01-05', 'fmDay DD Month')", "Friday 5 January", "fm holds for all that follows"),
    ("to_char(date '2024-01-31', 'YYYY\"T\"Q')", "2024T1", "literal text"),
    ("to_char(date '2024-01-31', 'DY MON RR')", "WED JAN 24", "short names"),
    ("date '2024-01-31' + 1", datetime(2024, 2, 1), "days"),
    ("date '2024-01-31' + '1'", datetime(2024, 2, 1), "a string beside a DATE is a number of days"),
    ("date '2024-01-31' - 1/24", datetime(2024, 1, 30, 23), "hours"),
    ("date '2024-03-01' - date '2024-02-28'", 2, "a NUMBER of days"),
    ("date '2024-01-31' + interval '2' hour", datetime(2024, 1, 31, 2), "an interval"),
    ("timestamp '2024-01-02 00:00:00' - timestamp '2024-01-01 00:00:00'", timedelta(days=1), "an interval"),
    ("timestamp '2024-01-02 00:00:00' + numtodsinterval(90, 'MINUTE')", datetime(2024, 1, 2, 1, 30), "an interval"),
    ("add_months(date '2024-01-31', 1)", datetime(2024, 2, 29), "the last day stays the last"),
    ("last_day(date '2023-02-01')", datetime(2023, 2, 28), "of the month"),
    ("next_day(date '2024-01-01', 'MON')", datetime(2024, 1, 8), "never the same day"),
    ("months_between(date '2024-03-31', date '2024-02-29')", 1, "two last days"),
    ("trunc(date '2024-02-15', 'Q')", datetime(2024, 1, 1), "quarter"),
    ("trunc(timestamp '2024-02-15 13:45:00', 'HH24')", datetime(2024, 2, 15, 13), "hour"),
    ("trunc(date '2024-02-15', 'DAY')", datetime(2024, 2, 11), "weeks begin on Sunday"),
    ("round(date '2024-07-01', 'YYYY')", datetime(2025, 1, 1), "the nearer year"),
    ("extract(year from date '2024-01-31')", 2024, "a part"),
    ("cast('12.345' as number(5, 2))", D("12.35"), "rounded"),
    ("cast(12.5 as varchar2(10))", "12.5", "text"),
    ("rawtohex(hextoraw('0aff'))", "0AFF", "RAW"),
    ('json_value(\'{"a":{"b":"x"}}\', \'$.a.b\')', "x", "a scalar"),
    ("json_value('{\"a\":5}', '$.a' returning number) + 1", 6, "as a NUMBER"),
    ("json_value('nonsense', '$.a')", None, "NULL ON ERROR"),
    ("json_query('{\"a\":[1]}', '$.a')", "[1]", "JSON"),
    ("json_object('a' value 1, 'b' value 'x')", '{"a":1,"b":"x"}', "no blanks"),
    ("json_object('a' value json_array(1, 'b'))", '{"a":[1,"b"]}', "nested"),
    ("q'[it's]'", "it's", "alternative quoting"),
]


@pytest.mark.parametrize(("expression", "value", "why"), VALUES, ids=[each[0][:50] for each in VALUES])
def test_value(system: Any, sql: Any, expression: str, value: Any, why: str) -> None:
    found = sql.one(system, f"select {expression} from dual")
    assert (found, type(found)) == (value, type(value)), why


@pytest.mark.parametrize(
    ("expression", "code", "why"),
    [
        ("1/0", 1476, "division by zero"),
        ("to_number('x')", 1722, "no number"),
        ("1 + 'x'", 1722, "no number"),
        ("to_date('2024-13-01', 'YYYY-MM-DD')", 1843, "no such month"),
        ("to_date('2023-02-29', 'YYYY-MM-DD')", 1839, "no such day in that month"),
        ("to_date('2024-01-32', 'YYYY-MM-DD')", 1847, "no such day"),
        ("to_date('2024-01-01 10', 'YYYY-MM-DD')", 1830, "more text than format"),
        ("to_date('2024', 'YYYY-MM-DD')", 1840, "more format than text"),
        ("to_date('abcd', 'YYYY')", 1858, "no digits"),
        ("to_char(sysdate, 'foo')", 1821, "no such format"),
        ("to_char(1, 'abc')", 1481, "no such format"),
        ("substr('a')", 938, "too few arguments"),
        ("substr('a', 1, 2, 3)", 939, "too many arguments"),
        ("no_such(1)", 904, "no such function"),
        ("pg_sleep(1)", 904, "PostgreSQL's functions do not exist"),
        ("set_config('role', 'postgres', false)", 904, "nor do those that change a session"),
        ("current_setting('role')", 904, "or read it"),
        ("pg_catalog.version()", 904, "qualified neither"),
        ("ora.raise(1, 'x')", 904, "nor the engine's own"),
        ("sys_context('USERENV', 'NO_SUCH')", 2003, "no such parameter"),
        ("nosuchcolumn", 904, "no such column"),
        ("true", 3001, "no BOOLEAN in 19c SQL"),
        ("row_number()", 30484, "an analytic function needs OVER"),
        ("sum(1) + dummy", 937, "not grouped"),
        ("date '2024-1-x'", 1861, "a bad literal"),
        ("regexp_count('a', '[')", 12726, "a bad pattern"),
    ],
)
def test_refused(system: Any, sql: Any, expression: str, code: int, why: str) -> None:
    assert sql.refused(system, f"select {expression} from dual").code == code, why


def test_sysdate_is_the_doubles_clock(system: Any, sql: Any, clock: Any) -> None:
    now = datetime.fromtimestamp(clock.now(), UTC).replace(tzinfo=None)
    assert sql.one(system, "select sysdate from dual") == now.replace(microsecond=0)
    clock.advance(6 * 3600)
    assert sql.one(system, "select sysdate - :d from dual", d=Bind(now, "DATE")) == D("0.25")


def test_session_values(system: Any, sql: Any) -> None:
    query = "select user, sys_context('USERENV', 'SESSION_USER'), sys_context('userenv', 'current_schema') from dual"
    assert sql.rows(system, query) == [("SYSTEM", "SYSTEM", "SYSTEM")]


@pytest.mark.parametrize(
    ("value", "kind", "back"),
    [
        ("text", "VARCHAR2", "text"),
        ("", "VARCHAR2", None),
        (5, "NUMBER", 5),
        (D("1.50"), "NUMBER", D("1.5")),
        (2.5, "BINARY_DOUBLE", 2.5),
        (datetime(2024, 1, 31, 10), "DATE", datetime(2024, 1, 31, 10)),
        (datetime(2024, 1, 31, 10, 0, 0, 5), "TIMESTAMP", datetime(2024, 1, 31, 10, 0, 0, 5)),
        (b"\x01\xff", "RAW", b"\x01\xff"),
        (timedelta(hours=-26), "INTERVAL DAY TO SECOND", timedelta(hours=-26)),
        (None, "NUMBER", None),
    ],
)
def test_binds_come_back(system: Any, value: Any, kind: str, back: Any) -> None:
    result = system.execute("select :v from dual", {"V": Bind(value, kind)})
    assert result.columns[0].type == kind
    assert list(result.rows) == [(back,)]


def test_to_blob_gives_the_bytes(system: Any, sql: Any) -> None:
    found = sql.rows(system, "select to_blob(hextoraw('01ff')), to_blob(:v) from dual", v=b"ab")
    assert found == [(b"\x01\xff", b"ab")]


@pytest.mark.parametrize("expression", [":v", "upper(:v)", "chr(0)"])
def test_a_nul_in_a_text_is_refused_by_name(system: Any, sql: Any, expression: str) -> None:
    values = {"v": "a\0b"} if ":v" in expression else {}
    refused = sql.refused(system, f"select {expression} from dual", **values)
    assert (refused.code, "NUL" in refused.message) == (3001, True)
    assert sql.one(system, "select 1 from dual") == 1


def test_a_nul_in_a_statement_is_an_invalid_character(system: Any, sql: Any) -> None:
    assert sql.refused(system, "select 1 \0 from dual").code == 911
