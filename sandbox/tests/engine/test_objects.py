"""Tables, views, sequences, synonyms, comments, and the dictionary that shows them."""

# ruff: noqa: S608 - names made by the tests themselves

from collections.abc import Callable
from typing import Any

import pytest


@pytest.mark.parametrize(
    ("statement", "code", "why"),
    [
        ("create table t (a number)", 955, "name in use"),
        ("create view t as select 1 x from dual", 955, "whatever it is"),
        ("create table x (a nosuchtype)", 902, "invalid datatype"),
        ("create table x (a boolean)", 902, "no BOOLEAN columns in 19c"),
        ("create table x (a varchar2)", 906, "a length is needed"),
        ("create table x (a number(39))", 1727, "precision"),
        ("create table x (a number, a number)", 957, "twice"),
        ("create table x (a number references nope)", 942, "no parent"),
        ("create table x (a number references t)", 2268, "the parent has no primary key"),
        ("create table x (a number primary key, b number primary key)", 2260, "two primary keys"),
        ("create table x (a number, primary key (b))", 904, "no such column"),
        ("create table x (a number) partition by hash (a) partitions 4", 3001, "named as not supported"),
        ("create table x (a long)", 3001, "named as not supported"),
        ("create global temporary table x (a number)", 3001, "named as not supported"),
        ("create table dba_test.x (a number)", 1918, "no such schema"),
        ("create table system.x (a number)", 1031, "not one's own"),
        ("create or replace table x (a number)", 922, "no such form"),
        ("create materialized view x as select 1 a from dual", 3001, "named as not supported"),
        ("create trigger x before insert on t begin null; end", 3001, "named as not supported"),
        ("create table x (a number", 907, "open parenthesis"),
        ("drop table nope", 942, "no such table"),
        ("drop view nope", 942, "no such view"),
        ("truncate table nope", 942, "no such table"),
        ("alter table t add (a number)", 1430, "the column exists"),
        ("alter table t drop column nope", 904, "no such column"),
        ("alter table t drop column a", 12983, "the last column"),
        ("alter table t move", 3001, "named as not supported"),
        ("comment on table nope is 'x'", 942, "no such table"),
        ("create index i on nope (a)", 942, "no such table"),
        ("create view v as select nope from t", 904, "no such column"),
        ("create view v as select :x y from t", 1008, "no binds"),
        ("create public synonym s for t", 1031, "a privilege of its own"),
        ("create table x (a number check (b > 1))", 904, "no such column in the condition"),
    ],
)
def test_refused(owner: Any, sql: Any, statement: str, code: int, why: str) -> None:
    owner.execute("create table t (a number)")
    assert sql.refused(owner, statement).code == code, why


def test_dictionary_of_a_table(owner: Any, sql: Any) -> None:
    owner.execute(
        "create table t (id number(9) constraint t_pk primary key, name varchar2(10 char) default 'x' not null,"
        " amount number(7,2), at timestamp(3) with time zone, doc clob, key raw(16))"
    )
    owner.execute("comment on table t is 'Things'")
    owner.execute("comment on column t.name is 'Their name'")
    columns = sql.rows(
        owner,
        "select column_name, data_type, data_length, data_precision, data_scale, nullable, data_default"
        " from user_tab_columns where table_name = 'T' order by column_id",
    )
    assert columns == [
        ("ID", "NUMBER", 22, 9, 0, "N", None),
        ("NAME", "VARCHAR2", 10, None, None, "N", "'x'"),
        ("AMOUNT", "NUMBER", 22, 7, 2, "Y", None),
        ("AT", "TIMESTAMP(3) WITH TIME ZONE", 13, None, 3, "Y", None),
        ("DOC", "CLOB", 4000, None, None, "Y", None),
        ("KEY", "RAW", 16, None, None, "Y", None),
    ]
    assert sql.rows(owner, "select table_name from user_tables") == [("T",)]
    assert sql.rows(owner, "select object_name, object_type from user_objects order by 1") == [
        ("T", "TABLE"),
        ("T_PK", "INDEX"),
    ]
    assert sql.rows(owner, "select comments from user_tab_comments") == [("Things",)]
    assert sql.rows(owner, "select comments from user_col_comments where column_name = 'NAME'") == [("Their name",)]
    assert sql.rows(
        owner, "select constraint_name, constraint_type from user_constraints where constraint_type = 'P'"
    ) == [("T_PK", "P")]
    assert sql.rows(owner, "select column_name from user_cons_columns where constraint_name = 'T_PK'") == [("ID",)]
    assert sql.one(owner, "select owner from all_tables where table_name = 'T'") == owner.user


def test_alter_table(owner: Any, sql: Any) -> None:
    owner.execute("create table t (id number, name varchar2(3))")
    owner.execute("insert into t values (1, 'abc')")
    owner.execute("alter table t add (more number default 7 not null, note varchar2(5))")
    owner.execute("alter table t modify (name varchar2(6) not null)")
    owner.execute("update t set name = 'abcdef'")
    assert sql.refused(owner, "update t set name = 'abcdefg'").code == 12899
    assert sql.refused(owner, "alter table t modify name varchar2(2)").code == 1441
    owner.execute("alter table t add constraint t_pk primary key (id)")
    assert sql.refused(owner, "insert into t (id, name) values (1, 'b')").code == 1
    owner.execute("alter table t rename column note to remark")
    owner.execute("alter table t drop constraint t_pk")
    owner.execute("alter table t drop column remark")
    assert sql.rows(owner, "select * from t") == [(1, "abcdef", 7)]
    assert sql.refused(owner, "alter table t add (must number not null)").code == 1758


def test_create_table_as_select(owner: Any, sql: Any) -> None:
    owner.execute("create table a (id number(5), name varchar2(7), made date)")
    owner.execute("insert into a values (1, 'x', date '2024-01-01')")
    owner.execute("create table b as select id, name n, made + 1 later from a")
    assert [(each.name, each.type) for each in owner.execute("select * from b").columns] == [
        ("ID", "NUMBER"),
        ("N", "VARCHAR2"),
        ("LATER", "DATE"),
    ]
    assert sql.one(owner, "select count(*) from b") == 1
    assert sql.refused(owner, "create table c as select * from dba_users").code == 942


def test_default_on_null_and_identity(owner: Any, sql: Any) -> None:
    owner.execute(
        "create table t (id number generated by default on null as identity,"
        " kind varchar2(5) default on null 'std', n number)"
    )
    owner.execute("insert into t (id, kind, n) values (null, null, 1)")
    owner.execute("insert into t (id, n) values (50, 2)")
    assert sql.rows(owner, "select id, kind from t order by n") == [(1, "std"), (50, "std")]


def test_views_have_their_owners_rights(
    owner: Any, connect: Any, system: Any, sql: Any, new_user: Callable[..., str], database: Any
) -> None:
    owner.execute("create table t (id number, who varchar2(30))")
    owner.execute(
        "create or replace view v as select id, who from t where who = sys_context('USERENV', 'SESSION_USER')"
    )
    reader = new_user()
    owner.execute(f"grant select on v to {reader}")
    owner.execute(f"insert into t values (1, '{reader}')")
    owner.execute("insert into t values (2, 'SOMEBODY')")
    owner.commit()
    session = connect(reader)
    assert sql.rows(session, f"select id from {owner.user}.v") == [(1,)]
    assert sql.refused(session, f"select id from {owner.user}.t").code == 942
    owner.execute("create or replace view v as select id, who from t")
    assert sql.rows(session, f"select count(*) from {owner.user}.v") == [(2,)], "grants outlive a replacement"
    # Rights that come through a role are not a view's.
    system.execute(f"create role vr_{reader}")
    owner.execute(f"grant select on t to vr_{reader}")
    system.execute(f"grant vr_{reader}, create view to {reader}")
    late = connect(reader)
    assert sql.one(late, f"select count(*) from {owner.user}.t") == 2
    assert sql.refused(late, f"create view mine as select * from {owner.user}.t").code in (942, 1031)


def test_synonyms_and_current_schema(
    owner: Any, connect: Any, system: Any, sql: Any, new_user: Callable[..., str]
) -> None:
    owner.execute("create table t (id number)")
    user = new_user("CREATE SYNONYM")
    owner.execute(f"grant select on t to {user}")
    session = connect(user)
    session.execute(f"create synonym mine for {owner.user}.t")
    assert sql.one(session, "select count(m.id) from mine m") == 0
    session.execute(f"alter session set current_schema = {owner.user}")
    assert session.current_schema == owner.user
    assert sql.one(session, "select count(*) from t") == 0
    assert sql.one(session, "select sys_context('USERENV', 'CURRENT_SCHEMA') from dual") == owner.user
    assert sql.refused(session, "alter session set current_schema = nobody").code == 1435
    system.execute(f"create public synonym pub_{user} for {owner.user}.t")
    assert sql.one(session, f"select count(*) from pub_{user}") == 0
    system.execute(f"drop public synonym pub_{user}")
    session.execute(f"drop synonym {user}.mine")


def test_session_settings(owner: Any, sql: Any) -> None:
    owner.execute("alter session set nls_date_format = 'YYYY/MM/DD' time_zone = '+02:00'")
    assert sql.one(owner, "select date '2024-01-31' || '' from dual") == "2024/01/31"
    assert (
        sql.one(
            owner,
            "select to_char(current_timestamp, 'HH24') - to_char(systimestamp at time zone 'UTC', 'HH24') from dual",
        )
        == 2
    )
    owner.execute("create table t (d date)")
    owner.execute("insert into t values ('2024/02/01')")
    assert sql.one(owner, "select count(*) from t where d = '2024/02/01'") == 1
    owner.client_identifier, owner.module = "req-1|ann", "hr/api"
    query = "select sys_context('USERENV', 'CLIENT_IDENTIFIER'), sys_context('USERENV', 'MODULE') from dual"
    assert sql.rows(owner, query) == [("req-1|ann", "hr/api")]
    owner.rollback()
    assert sql.rows(owner, query) == [("req-1|ann", "hr/api")]
    assert sql.refused(owner, "alter session set nls_language = 'GERMAN'").code == 3001
    assert sql.refused(owner, "alter session set no_such = 1").code == 2248
    assert sql.refused(owner, "alter session set time_zone = 'Nowhere/Land'").code == 1882


def test_views_come_back_with_their_tables(owner: Any, connect: Any, sql: Any, new_user: Callable[..., str]) -> None:
    owner.execute("create table t (id number, name varchar2(5))")
    owner.execute("create view v as select id from t")
    owner.execute("create view w as select id * 2 twice from v")
    reader = new_user()
    owner.execute(f"grant select on w to {reader}")
    owner.execute("drop table t")
    assert sql.refused(owner, "select * from w").code == 4063
    owner.execute("create table t (id number)")
    owner.execute("insert into t values (4)")
    owner.commit()
    assert sql.rows(connect(reader), f"select twice from {owner.user}.w") == [(8,)]
    owner.execute("create or replace view v as select id + 1 id from t")
    assert sql.rows(owner, "select twice from w") == [(10,)]
