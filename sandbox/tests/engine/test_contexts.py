"""Application contexts and USERENV. Sources: SQL Language Reference 19c, CREATE CONTEXT, SYS_CONTEXT; PL/SQL Packages
and Types Reference, DBMS_SESSION; Security Guide, application contexts [D]."""

# ruff: noqa: S608 - names made by the tests themselves

from collections.abc import Callable
from typing import Any

import pytest

from oracleapi_sandbox.oracle.engine.session import EngineSession

from .conftest import Sql


@pytest.fixture
def context(system: EngineSession, owner: EngineSession) -> str:
    """A context CTX_<owner> that package CTX sets; returns its name."""
    name = f"CTX_{owner.user}"
    system.execute(
        f"create package {owner.user}.ctx authid current_user as procedure put(a varchar2, v varchar2);"
        " procedure wipe(a varchar2 default null); procedure wipe_all; procedure indirectly(a varchar2, v varchar2);"
        " end;"
    )
    system.execute(
        f"create procedure {owner.user}.ctx_helper(a varchar2, v varchar2) is"
        f" begin dbms_session.set_context('{name}', a, v); end;"
    )
    system.execute(
        f"create package body {owner.user}.ctx as"
        f" procedure put(a varchar2, v varchar2) is begin dbms_session.set_context('{name}', a, v); end;"
        f" procedure wipe(a varchar2) is begin dbms_session.clear_context('{name}', attribute => a); end;"
        f" procedure wipe_all is begin dbms_session.clear_all_context('{name}'); end;"
        " procedure indirectly(a varchar2, v varchar2) is begin ctx_helper(a, v); end; end;"
    )
    for unit in ("ctx", "ctx_helper"):
        system.execute(f"grant execute on {owner.user}.{unit} to public")
    system.execute(f"create context {name} using {owner.user}.ctx")
    return name


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("create context {c} using a.b", 955),
        ("create context x using a.b initialized externally", 3001),
        ("create context x using a.b initialized globally", 3001),
        ("create context x using a.b locally", 922),
        ("create context x", 922),
        ("drop context nope", 4043),
    ],
)
def test_refused(system: EngineSession, sql: Sql, context: str, statement: str, code: int) -> None:
    assert sql.refused(system, statement.format(c=context)).code == code


def test_making_and_dropping_need_their_rights(connect: Any, sql: Sql, new_user: Any, context: str) -> None:
    session = connect(new_user())
    assert sql.refused(session, "create context x using a.b").code == 1031
    assert sql.refused(session, f"drop context {context}").code == 1031


def test_only_the_trusted_unit_sets_it(
    owner: EngineSession, connect: Any, sql: Sql, new_user: Any, context: str
) -> None:
    session, unit = connect(new_user()), f"{owner.user}.ctx"
    read = f"select sys_context('{context.lower()}', 'Who') from dual"
    for call in (
        f"dbms_session.set_context('{context}', 'who', 'x')",
        f"dbms_session.clear_context('{context}')",
        f"dbms_session.clear_all_context('{context}')",
        f"{owner.user}.ctx_helper('who', 'x')",
        "dbms_session.set_context('NOPE', 'who', 'x')",
        "dbms_session.set_context('USERENV', 'session_user', 'SYS')",
    ):
        assert sql.refused(session, f"begin {call}; end;").code == 1031, call
    assert sql.one(session, read) is None
    session.execute(f"begin {unit}.put('who', 'alice'); end;")
    assert sql.one(session, read) == "alice"
    session.execute(f"begin {unit}.indirectly('who', 'bob'); end;")
    assert sql.one(session, read) == "bob", "the trusted unit is on the calling stack"
    assert sql.one(connect(new_user()), read) is None


def test_set_and_cleared_at_once_and_whatever_becomes_of_the_transaction(
    owner: EngineSession, system: EngineSession, sql: Sql, context: str, connect: Any, new_user: Any
) -> None:
    session, unit = connect(new_user()), f"{owner.user}.ctx"
    held = "select attribute, value from session_context where namespace = :c order by 1"
    session.execute(f"begin {unit}.put('a', '1'); {unit}.put('B', '2'); {unit}.put('c', '3'); end;")
    session.rollback()
    assert sql.rows(session, held, c=context) == [("A", "1"), ("B", "2"), ("C", "3")]
    seen = session.execute(
        f"begin {unit}.put('a', 'new'); :r := sys_context('{context}', 'a'); end;", sql.binds({"r": None})
    )
    assert seen.out["R"] == "new"
    session.execute(f"begin {unit}.wipe('b'); {unit}.put('c', null); end;")
    assert sql.rows(session, held, c=context) == [("A", "new")]
    session.execute(f"begin {unit}.put('b', '2'); {unit}.wipe; end;")
    assert sql.rows(session, held, c=context) == []
    session.execute(f"begin {unit}.put('b', '2'); {unit}.wipe_all; end;")
    assert sql.rows(session, held, c=context) == []
    session.execute(f"begin {unit}.put('b', '2'); end;")
    assert sql.rows(session, "select namespace, schema, package from all_context") == [(context, owner.user, "CTX")]
    system.execute(f"drop context {context}")
    assert sql.rows(session, held, c=context) == [("B", "2")]
    assert sql.refused(session, f"begin {unit}.put('b', '3'); end;").code == 1031


def test_at_most_256_bytes_are_told_unless_more_are_asked_for(
    owner: EngineSession, sql: Sql, context: str, connect: Any, new_user: Any
) -> None:
    session = connect(new_user())
    session.execute(f"begin {owner.user}.ctx.put('long', rpad('x', 5000, 'x')); end;")
    session.execute(f"begin {owner.user}.ctx.put('wide', rpad('a', 255, 'a') || 'ü'); end;")
    for length, expected in (("", 256), (", 4000", 4000), (", 10", 10), (", 0", 256), (", 4001", 256), (", null", 256)):
        assert sql.one(session, f"select length(sys_context('{context}', 'long'{length})) from dual") == expected
    assert sql.one(session, f"select lengthb(sys_context('{context}', 'wide')) from dual") == 255


def test_a_view_filters_by_a_context(
    owner: EngineSession, system: EngineSession, sql: Sql, context: str, connect: Any, new_user: Any
) -> None:
    user = new_user()
    owner.execute("create table rows_of (who varchar2(10), n number)")
    owner.execute("insert into rows_of values ('alice', 1)")
    owner.execute("insert into rows_of values ('bob', 2)")
    owner.commit()
    owner.execute(f"create view mine as select n from rows_of where who = sys_context('{context}', 'who')")
    owner.execute(f"grant select on mine to {user}")
    session = connect(user)
    read = f"select n from {owner.user}.mine"
    assert sql.rows(session, read) == []
    for who, n in (("alice", 1), ("bob", 2)):
        session.execute(f"begin {owner.user}.ctx.put('who', '{who}'); end;")
        assert sql.rows(session, read) == [(n,)]


def test_a_context_is_told(system: EngineSession, sql: Sql, owner: EngineSession, context: str) -> None:
    told = "select schema, package, type from dba_context where namespace = :c"
    assert sql.rows(system, told, c=context) == [(owner.user, "CTX", "ACCESSED LOCALLY")]
    system.execute(f"create or replace context {context} using {owner.user}.other accessed globally")
    assert sql.rows(system, told, c=context) == [(owner.user, "OTHER", "ACCESSED GLOBALLY")]
    objects = "select owner, object_type from dba_objects where object_name = :c"
    assert sql.rows(system, objects, c=context) == [("SYS", "CONTEXT")]
    system.execute(f"drop context {context}")
    assert sql.rows(system, told, c=context) == []
    assert sql.rows(system, objects, c=context) == []


def test_a_shared_context_is_seen_by_those_it_is_for(
    system: EngineSession, owner: EngineSession, sql: Sql, context: str, connect: Any, new_user: Any
) -> None:
    """What was set for the session's client or user comes before what was set for all [U]."""
    system.execute(
        f"create procedure {owner.user}.lend(v varchar2, u varchar2, c varchar2, w varchar2) is begin"
        f" if w = 'set' then dbms_session.set_context('{context}', 'a', v, u, c);"
        f" elsif w = 'clear' then dbms_session.clear_context('{context}', c);"
        f" else dbms_session.clear_all_context('{context}'); end if; end;"
    )
    user = new_user()
    one, other = connect(user), connect(new_user())
    share = f"begin {owner.user}.lend(:v, :u, :c, :w); end;"
    read = f"select sys_context('{context}', 'a') from dual"
    assert sql.refused(owner, share, v="x", u=user, c=None, w="set").code == 1031
    system.execute(f"create or replace context {context} using {owner.user}.lend")
    assert sql.refused(owner, share, v="x", u=user, c=None, w="set").code == 3001, "only a shared one knows users"
    system.execute(f"create or replace context {context} using {owner.user}.lend accessed globally")
    owner.execute(share, sql.binds({"v": "all", "u": None, "c": None, "w": "set"}))
    assert (sql.one(one, read), sql.one(other, read)) == ("all", "all")
    owner.execute(share, sql.binds({"v": "user", "u": user, "c": None, "w": "set"}))
    assert (sql.one(one, read), sql.one(other, read)) == ("user", "all")
    owner.execute(share, sql.binds({"v": "client", "u": None, "c": "id-1", "w": "set"}))
    one.execute("begin dbms_session.set_identifier('id-1'); end;")
    assert (sql.one(one, read), sql.one(other, read)) == ("client", "all")
    owner.rollback()
    assert len(sql.rows(one, "select * from global_context where namespace = :c", c=context)) == 3
    owner.execute(share, sql.binds({"v": None, "u": None, "c": "id-1", "w": "clear"}))
    assert sql.one(one, read) == "user"
    owner.execute(share, sql.binds({"v": None, "u": None, "c": None, "w": "all"}))
    assert (sql.one(one, read), sql.one(other, read)) == (None, None)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("session_user", "{client}"),
        ("current_user", "{client}"),
        ("current_schema", "{client}"),
        ("proxy_user", "{proxy}"),
        ("client_identifier", "req|alice"),
        ("module", "hr/employees"),
        ("action", "list"),
        ("db_name", "FREEPDB1"),
        ("con_name", "FREEPDB1"),
        ("service_name", "FREEPDB1"),
        ("ip_address", "127.0.0.1"),
        ("isdba", "FALSE"),
        ("language", "AMERICAN_AMERICA.AL32UTF8"),
        ("authentication_method", "PASSWORD"),
        ("os_user", None),
    ],
)
def test_userenv(
    system: EngineSession, sql: Sql, connect: Any, new_user: Callable[..., str], name: str, expected: str | None
) -> None:
    client, proxy = new_user(), new_user()
    system.execute(f"alter user {client} grant connect through {proxy}")
    session = connect(client, proxy)
    session.client_identifier, session.module, session.action = "req|alice", "hr/employees", "list"
    wanted = expected and expected.format(client=client, proxy=proxy)
    assert sql.one(session, f"select sys_context('USERENV', '{name}') from dual") == wanted
    out = session.execute(f"begin :r := sys_context('userenv', '{name.upper()}'); end;", sql.binds({"r": None})).out
    assert out["R"] == wanted


def test_userenv_in_a_unit_of_somebody_else(
    system: EngineSession, sql: Sql, connect: Any, new_user: Any, owner: EngineSession
) -> None:
    system.execute(
        f"create function {owner.user}.env(p varchar2) return varchar2 is begin return sys_context('userenv', p); end;"
    )
    system.execute(f"grant execute on {owner.user}.env to public")
    user = new_user()
    session = connect(user)
    ids = {
        name: sql.one(system, "select user_id from dba_users where username = :u", u=name)
        for name in (user, owner.user)
    }
    for name, expected in (
        ("session_user", user),
        ("current_user", owner.user),
        ("current_schema", owner.user),
        ("session_userid", str(ids[user])),
        ("current_userid", str(ids[owner.user])),
        ("current_schemaid", str(ids[owner.user])),
    ):
        text = f"begin :r := {owner.user}.env('{name}'); end;"
        assert session.execute(text, sql.binds({"r": None})).out["R"] == expected, name


def test_what_is_not_known_is_refused_or_null(system: EngineSession, sql: Sql) -> None:
    assert sql.refused(system, "select sys_context('USERENV', 'nonsense') from dual").code == 2003
    assert sql.one(system, "select sys_context('NO_SUCH', 'x') from dual") is None
    session = sql.one(system, "select sys_context('userenv', 'sid') from dual")
    assert session == str(system.session_id)
    assert sql.one(system, "select sys_context('userenv', 'sessionid') from dual") == session


def test_enabled_roles_by_context(system: EngineSession, sql: Sql, connect: Any, new_user: Any) -> None:
    session = connect(new_user("CONNECT"))
    asked = "select sys_context('SYS_SESSION_ROLES', :r) from dual"
    assert [sql.one(session, asked, r=role) for role in ("CONNECT", "connect", "DBA")] == ["TRUE", "TRUE", "FALSE"]
    session.execute("set role none")
    assert sql.one(session, asked, r="CONNECT") == "FALSE"


def test_an_autonomous_transaction_is_in_the_same_session(
    system: EngineSession, owner: EngineSession, sql: Sql, connect: Any, new_user: Any
) -> None:
    system.execute(
        f"create function {owner.user}.seen(p varchar2) return varchar2 is pragma autonomous_transaction;"
        " v varchar2(200); begin v := sys_context('userenv', p); commit; return v; end;"
    )
    system.execute(f"grant execute on {owner.user}.seen to public")
    user = new_user()
    session = connect(user)
    session.client_identifier = "req-9"
    for name, expected in (
        ("session_user", user),
        ("current_user", owner.user),
        ("sid", str(session.session_id)),
        ("client_identifier", "req-9"),
    ):
        out = session.execute(f"begin :r := {owner.user}.seen('{name}'); end;", sql.binds({"r": None})).out
        assert out["R"] == expected, name
    assert len(sql.rows(system, "select sid from v$session where username = :u", u=user)) == 1
