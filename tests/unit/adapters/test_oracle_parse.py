"""What the errors of parsing say of rights, and which statements are never sent."""

import pytest

from oracleapi.adapters.oracle.parse import judge
from oracleapi.model.parse import Parsed, first_word, may_be_parsed, parse_text

READ = "select é, id from hr.pay p"


@pytest.mark.parametrize(
    ("text", "code", "message", "offset", "verdict"),
    [
        (READ, "ORA-00942", "ORA-00942: table or view does not exist", 19, Parsed("Refused", "ORA-00942", "HR.PAY")),
        (READ, "ORA-00942", 'ORA-00942: table or view "HR"."PAY" does not exist', None,
         Parsed("Refused", "ORA-00942", "HR.PAY")),
        (READ, "ORA-01031", "ORA-01031: insufficient privileges", 0, Parsed("Refused", "ORA-01031")),
        (READ, "ORA-01031", "ORA-01031: insufficient privileges", 999, Parsed("Refused", "ORA-01031")),
        ("begin\n  delete from hr.pay;\nend;", "ORA-06550",
         "ORA-06550: line 2, column 18:\nPL/SQL: ORA-00942: table or view does not exist",
         None, Parsed("Refused", "ORA-06550", "HR.PAY", "ORA-00942")),
        ("begin hr.p; end;", "ORA-06550",
         "ORA-06550: line 1, column 7:\nPLS-00201: identifier 'HR.P' must be declared",
         None, Parsed("Refused", "ORA-06550", "HR.P", "PLS-00201")),
    ],
)  # fmt: skip
def test_a_missing_right_is_told_with_code_and_object(
    text: str, code: str, message: str, offset: int | None, verdict: Parsed
) -> None:
    assert judge(text, code, message, offset) == verdict


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("ORA-00904", 'ORA-00904: "NOTHING": invalid identifier'),
        ("ORA-06550", "ORA-06550: line 1, column 9:\nPLS-00103: Encountered the symbol"),
        ("ORA-00933", "ORA-00933: SQL command not properly ended"),
    ],
)
def test_another_fault_says_nothing_of_rights(code: str, message: str) -> None:
    found = judge(READ, code, message, 3)
    assert (found.outcome, code in found.detail) == ("NotChecked", True)


@pytest.mark.parametrize(
    ("text", "word", "sent"),
    [
        ("select 1 from dual", "SELECT", True),
        ("  -- drop\n/* create\n*/ WITH x as (select 1 from dual) select * from x", "WITH", True),
        ("declare n number; begin null; end;", "DECLARE", True),
        ("-- select\ndrop table t", "DROP", False),
        ("/* select */ truncate table t", "TRUNCATE", False),
        ("/* never ends select", "", False),
        ("(select 1 from dual)", "", False),
        ("selecty", "SELECTY", False),
        ("call p()", "CALL", False),
        ("", "", False),
    ],
)
def test_only_what_is_known_to_be_harmless_is_sent(text: str, word: str, sent: bool) -> None:
    assert (first_word(text), may_be_parsed(text)) == (word, sent)


def test_sql_loses_its_semicolon_and_a_block_keeps_it() -> None:
    assert parse_text("select 1 from dual ;\n") == "select 1 from dual "
    assert parse_text("begin null; end;") == "begin null; end;"
