"""Expressions: precedence, three-valued logic, conversions and built-in functions."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from oracleapi_sandbox.oracle.ports import Bind, Column, Result


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("2 + 3 * 4", 14),
        ("(2 + 3) * 4", 20),
        ("-2 ** 2", -4),
        ("2 ** -1", Decimal("0.5")),
        ("7 mod 4", 3),
        ("-7 mod 4", -3),
        ("mod(7, 0)", 7),
        ("10 / 4", Decimal("2.5")),
        ("1 / 3", Decimal("0." + "3" * 40)),
        ("'5' * '4'", 20),
        ("1 - - 1", 2),
        ("1e3", 1000),
        (".5 + 1.", Decimal("1.5")),
        ("null + 1", None),
        ("round(2.5)", 3),
        ("round(-2.5)", -3),
        ("round(1234.567, -2)", 1200),
        ("trunc(-2.7)", -2),
        ("trunc(2.789, 2)", Decimal("2.78")),
        ("ceil(1.2) + floor(-1.2) + sign(-3)", -1),
        ("abs(-4) + sqrt(16) + power(2, 3)", 16),
        ("greatest(3, 10, 7)", 10),
        ("least(3, null)", None),
        ("bitand(6, 3)", 2),
        ("instr('abcabc', 'c')", 3),
        ("instr('abcabc', 'c', -1)", 6),
        ("instr('abcabc', 'c', 1, 2)", 6),
        ("instr('abc', 'x')", 0),
        ("length('')", None),
        ("length('häus')", 4),
        ("lengthb('häus')", 5),
        ("ascii('A')", 65),
        ("to_number('1,234.50', '9G999D99')", Decimal("1234.5")),
        ("to_number(' 12 ')", 12),
        ("nvl(null, 5)", 5),
        ("coalesce(null, null, 7)", 7),
        ("nullif(1, 1)", None),
        ("case when 1 = 2 then 1 when null = null then 2 else 3 end", 3),
        ("case 2 when 1 then 10 when 2 then 20 end", 20),
        ("case 3 when 1 then 10 end", None),
        ("extract(year from date '2024-02-29')", 2024),
        ("extract(hour from timestamp '2024-02-29 13:14:15.5')", 13),
        ("date '2024-03-01' - date '2024-02-28'", 2),
        ("to_date('12:00','HH24:MI') - trunc(to_date('12:00','HH24:MI'))", Decimal("0.5")),
        ("months_between(date '2024-03-31', date '2024-02-29')", 1),
        ("extract(hour from (interval '-1 02:30' day to minute))", -2),
        ("extract(second from (interval '1:02.25' minute to second))", Decimal("2.25")),
        ("1.5d + 1", Decimal("2.5")),
    ],
)
def test_number(db: Any, expression: str, value: object) -> None:
    assert db.value(expression, kind="NUMBER") == value


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("'it''s'", "it's"),
        ("q'[it's]' || nq'{a}b}'", "it'sa}b"),
        ("n'x' || q'!y!'", "xy"),
        ("'a' || null || 'b'", "ab"),
        ("'' || null", None),
        ("1 + 1 || 'x'", "2x"),
        ("'x' || 0.5", "x.5"),
        ("-0.25 || ''", "-.25"),
        ("upper('aß') || lower('ÄB') || initcap('joe doe')", "ASSäbJoe Doe"),
        ("substr('abcdef', 2, 3)", "bcd"),
        ("substr('abcdef', -3)", "def"),
        ("substr('abcdef', 0, 2)", "ab"),
        ("substr('abc', 4)", None),
        ("substr('abc', 1, 0)", None),
        ("trim('  a ') || '|'", "a|"),
        ("trim(leading '0' from '007')", "7"),
        ("trim(both 'x' from 'xax')", "a"),
        ("ltrim('xxyz', 'xy')", "z"),
        ("rtrim('abc  ')", "abc"),
        ("replace('banana', 'an', 'AN')", "bANANa"),
        ("replace('banana', 'an')", "ba"),
        ("translate('abcd', 'abc', 'xy')", "xyd"),
        ("lpad('7', 3, '0') || rpad('a', 3, '-') || lpad('abcd', 2)", "007a--ab"),
        ("chr(65) || concat('b', 'c')", "Abc"),
        ("nvl('', 'empty')", "empty"),
        ("to_char(1234567.891, 'FM9G999G990D00')", "1,234,567.89"),
        ("to_char(-5, '999')", "  -5"),
        ("to_char(0.5, 'FM0.999')", "0.5"),
        ("to_char(12345, '999')", "####"),
        ("to_char(7, '000')", " 007"),
        ("to_char(5, 'S99') || to_char(1.5, 'FM$90D00')", " +5$1.50"),
        ("to_char(date '2024-02-03', 'YYYY-MM-DD HH24:MI:SS')", "2024-02-03 00:00:00"),
        ("to_char(date '2024-02-03', 'FMDay, DD Month YYYY')", "Saturday, 3 February 2024"),
        (
            "to_char(date '2024-02-03', 'DY dd-mon-rr') || to_char(date '2024-02-03', 'Q IW DDD')",
            "SAT 03-feb-241 05 034",
        ),
        ("to_char(timestamp '2024-02-03 14:05:06.789', 'HH12:MI:SS.FF3 AM')", "02:05:06.789 PM"),
        (
            "to_char(timestamp '2024-02-03 14:05:06 +02:00', 'YYYY-MM-DD\"T\"HH24:MI:SSTZH:TZM')",
            "2024-02-03T14:05:06+02:00",
        ),
        ("date '2024-02-03'", "03-FEB-24"),
        ("to_char(date '2024-02-03', 'MON', 'NLS_DATE_LANGUAGE = American')", "FEB"),
        ("to_char(add_months(date '2024-01-31', 1), 'YYYYMMDD')", "20240229"),
        ("to_char(last_day(date '2023-02-01'), 'YYYYMMDD')", "20230228"),
        ("to_char(trunc(date '2024-05-17', 'MM'), 'YYYYMMDD')", "20240501"),
        ("to_char(trunc(date '2024-05-17', 'IW'), 'YYYYMMDD')", "20240513"),
        ("to_char(date '2024-02-28' + 1.5, 'DD HH24')", "29 12"),
        ("to_char(date '2024-02-28' + interval '1 12' day to hour, 'DD HH24')", "29 12"),
        ("to_char(to_date('3-FEB-99'), 'YYYY')", "1999"),
        ("rawtohex(hextoraw('0aff'))", "0AFF"),
        ("case when true then 'y' else 'n' end", "y"),
        ("nvl(to_char(null), 'none')", "none"),
        ('"V" || v || V', "qqq"),
        ("json_value('{\"a\":{\"b\":[1,2.50]}}', '$.a.b[1]')", "2.5"),
        ("json_value('{\"a\":true}', '$.a')", "true"),
        ("json_value('{\"a\":{}}', '$.a')", None),
        ("json_value('{}', '$.a' default 'x' on empty)", "x"),
        ("json_value('oops', '$.a' default 'bad' on error)", "bad"),
        ('json_query(\'{"a":[1,{"b":"ä"}]}\', \'$.a\')', '[1,{"b":"ä"}]'),
    ],
)
def test_text(db: Any, expression: str, value: object) -> None:
    assert db.value(expression, declare="v varchar2(10) := 'q';") == value


@pytest.mark.parametrize(
    ("condition", "value"),
    [
        ("null = null", None),
        ("null is null", True),
        ("'' is null", True),
        ("not (null = 1)", None),
        ("null = 1 or true", True),
        ("null = 1 and false", False),
        ("1 = 1 and null = 1", None),
        ("not 1 = 2 and 3 > 2", True),
        ("1 = 2 or 2 = 2 and 1 = 1", True),
        ("2 between 1 and 3 and 5 not between 1 and 3", True),
        ("2 in (1, 2, null)", True),
        ("3 in (1, 2, null)", None),
        ("3 not in (1, 2)", True),
        ("'abc' like 'a%' and 'abc' like '_b_'", True),
        ("'a%c' like 'a\\%c' escape '\\'", True),
        ("'abc' not like 'A%'", True),
        ("null like '%'", None),
        ("'10' > 9", True),
        ("'a ' = 'a' and 'a' in ('b', 'a  ') and c = 'a' and c between 'a' and 'a'", True),
        ("v = 'a' or v in ('a', 'b')", False),
        ("'10' > '9'", False),
        ("1 != 2 and 1 <> 2 and 1 ^= 2 and 1 ~= 2", True),
        ("true > false", True),
        ("date '2024-01-01' < timestamp '2024-01-01 00:00:01'", True),
        ("json_exists('{\"a\":null}', '$.a')", True),
        ("sql%rowcount is null and not sql%isopen", True),
        ("sqlcode = 0 and sqlerrm = 'ORA-0000: normal, successful completion'", True),
    ],
)
def test_condition(db: Any, condition: str, value: bool | None) -> None:
    declare = "c char(3) := 'a'; v varchar2(3) := 'a ';"
    assert db.value(condition, declare, kind="BOOLEAN") is value


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("to_number('abc')", 6502),
        ("'a' + 1", 6502),
        ("1 / 0", 1476),
        ("to_date('31.02.2024', 'DD.MM.YYYY')", 1839),
        ("to_date('2024', 'YYYY-MM-DD')", 1840),
        ("to_date('2024-13-01', 'YYYY-MM-DD')", 1843),
        ("to_date('2024-01-01x', 'YYYY-MM-DD')", 1830),
        ("to_char(sysdate, 'NONSENSE')", 1821),
        ("to_char(1, 'abc')", 1481),
        ("10 ** 200", 1426),
        ("'a' like 'a' escape 'xy'", 1425),
        ("trim('ab' from 'abc')", 30001),
        ("json_value('x', '$.a' error on error)", 40441),
        ("json_value('{}', '$.a?(@.b)')", 40442),
        ("systimestamp at time zone 'Nowhere/Land'", 1882),
        ("extract(year from (interval '1' day))", 30076),
        ("to_number('1,5', '9D9', q'[NLS_NUMERIC_CHARACTERS=',.']')", 3001),
        ("to_char(date '2024-01-01', 'MON', 'NLS_DATE_LANGUAGE=GERMAN')", 3001),
    ],
)
def test_fault(db: Any, expression: str, code: int) -> None:
    db.rows("sysdate", "S DATE", (datetime(2024, 1, 1),))
    db.rows("systimestamp", "S TIMESTAMP WITH TIME ZONE", (datetime(2024, 1, 1, tzinfo=UTC),))
    kind = "BOOLEAN" if "like" in expression else "VARCHAR2"
    assert db.error(f"begin :r := {expression}; end;", r=Bind(None, kind)).code == code


def test_functions_of_sql_are_evaluated_by_the_engine(db: Any) -> None:
    """The engine is the one source for time, user and context, and knows the rest of SQL's functions."""
    db.rows("regexp_replace", "X VARCHAR2", ("a-c",))
    db.rows("sys_context", "X VARCHAR2", ("HR",))
    db.rows("regexp_like", "X NUMBER", (1,))
    assert db.value("regexp_replace('abc', 'b', '-') || sys_context('USERENV', 'SESSION_USER')") == "a-cHR"
    assert db.value("regexp_like('a', '^a$')", kind="BOOLEAN") is True
    assert db.statements[0] == ("select regexp_replace(:B1, :B2, :B3) from dual", {"B1": "abc", "B2": "b", "B3": "-"})


def test_times_keep_their_kind(db: Any) -> None:
    """A difference of dates is a number of days, one of timestamps an interval."""
    db.rows("systimestamp", "S TIMESTAMP WITH TIME ZONE", (datetime(2024, 5, 1, 12, 30, tzinfo=UTC),))
    found = db.value("to_char(systimestamp at time zone 'Europe/Vienna', 'YYYY-MM-DD HH24:MI TZH:TZM')")
    assert found == "2024-05-01 14:30 +02:00"
    span = "timestamp '2024-01-02 00:00:00' - timestamp '2024-01-01 00:00:00'"
    assert db.value(f"extract(day from ({span}))", kind="NUMBER") == 1


def test_sequences(db: Any) -> None:
    db.rows("nextval", "NEXTVAL NUMBER", (41,))
    assert db.value("hr.emp_seq.nextval + 1", kind="NUMBER") == 42
    assert db.statements == [("select HR.EMP_SEQ.NEXTVAL from dual", {})]


def test_implicit_conversions_follow_the_session(db: Any) -> None:
    """ALTER SESSION SET NLS_DATE_FORMAT counts in PL/SQL too, also from within the block."""
    models = iter(["YYYY-MM-DD", "DD.MM.YYYY"])
    columns = (Column("PARAMETER", "VARCHAR2"), Column("VALUE", "VARCHAR2"))
    db.on("nls_session_parameters", lambda: Result(columns, iter([("NLS_DATE_FORMAT", next(models))])))
    source = """declare d date := '2024-02-03'; begin :r := d || ' ';
        execute immediate 'alter session set nls_date_format = x'; :r := :r || d; end;"""
    assert db.block(source, r=Bind(None)) == {"R": "2024-02-03 03.02.2024"}
