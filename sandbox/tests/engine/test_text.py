"""Statement texts: kinds, refusals, and what a journal may show."""

import pytest

from oracleapi_sandbox.oracle.engine.text import kind_of, masked, tokens_of
from oracleapi_sandbox.oracle.ports import OracleError


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("select 1 from dual", "QUERY"),
        ("(select 1 from dual)", "QUERY"),
        ("with a as (select 1 from dual) select * from a", "QUERY"),
        ("merge into t using s on (1 = 1) when matched then update set a = 1", "DML"),
        ("<<outer>> begin null; end;", "PLSQL"),
        ("call p(1)", "PLSQL"),
        ("alter session set nls_date_format = 'YYYY'", "CONTROL"),
        ("alter user a account lock", "DDL"),
        ("set role none", "CONTROL"),
    ],
)
def test_kinds(statement: str, kind: str) -> None:
    assert kind_of(tokens_of(statement)) == kind


@pytest.mark.parametrize(
    ("statement", "code", "why"),
    [
        ("exec p", 900, "EXEC is SQL*Plus, not SQL"),
        ("foo", 900, "no statement"),
        ("select 1 from dual;", 911, "the semicolon is not part of SQL"),
        ("explain plan for select 1 from dual", 3001, "named as not supported"),
        ("lock table t in share mode", 3001, "named as not supported"),
    ],
)
def test_refused(statement: str, code: int, why: str) -> None:
    with pytest.raises(OracleError) as caught:
        kind_of(tokens_of(statement))
    assert caught.value.code == code, why


@pytest.mark.parametrize(
    ("statement", "shown"),
    [
        ("select * from t where a = 'x' and b = 1.5", "select * from t where a = ? and b = ?"),
        ('create user a identified by "S3cret"', "create user a identified by ?"),
        ("create user a identified by plain account lock", "create user a identified by ? account lock"),
        ('alter user a identified by "new" replace "old"', "alter user a identified by ? replace ?"),
        ("create or replace view v as select 1 x from dual", "create or replace view v as select ? x from dual"),
        ("set role r identified by pw", "set role r identified by ?"),
        ("set role r identified by pw, s identified by pw", "set role r identified by ?, s identified by ?"),
        ("alter user a identified by 'single'", "alter user a identified by ?"),
        ('alter user a identified "no by"', "alter user a identified ?"),
        ("alter user a identified by p@ss;word", "alter user a identified by ?;word"),
        ("alter user a identified by 1abc", "alter user a identified by ?"),
        ("alter user a identified by values 'S:1'", "alter user a identified by ? ?"),
        ('alter user a identified /* why */ by -- so\n "pw"', "alter user a identified /* why */ by -- so\n ?"),
        ("select q'[it''s]' from dual", "select ? from dual"),
    ],
)
def test_no_literal_and_no_password_is_shown(statement: str, shown: str) -> None:
    assert masked(statement, tokens_of(statement)) == shown
