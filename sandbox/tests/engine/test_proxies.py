"""Proxies: who connects through to whom, with which roles, and what the session then is.
Sources: SQL Language Reference 19c, ALTER USER; Database Reference, PROXY_USERS; error messages 28150 to 28183 [D]."""

from collections.abc import Callable, Iterator
from typing import Any

import oracledb
import pytest

from oracleapi_sandbox.oracle.engine.database import EngineDatabase
from oracleapi_sandbox.oracle.engine.session import EngineSession
from oracleapi_sandbox.oracle.ports import OracleError
from oracleapi_sandbox.oracle.tns.server import Listener

from .conftest import Sql


@pytest.fixture
def client(system: EngineSession, new_user: Callable[..., str]) -> str:
    """A user with the roles <user>_A and <user>_B (both defaults), and <user>_P, which has a password."""
    user = new_user()
    for role in ("a", "b"):
        system.execute(f"create role {user}_{role}")
        system.execute(f"grant {user}_{role} to {user}")
    system.execute(f"create role {user}_p identified by sesame")
    system.execute(f"grant {user}_p to {user}")
    return user


@pytest.mark.parametrize(
    ("clause", "code"),
    [
        ("grant connect through nobody", 1918),
        ("grant connect through system with role nobody", 1919),
        ("grant connect through system with role", 903),
        ("grant connect through system with roles", 922),
        ("grant connect through system authenticated using password", 3001),
        ("grant connect through enterprise users", 3001),
        ("revoke connect through system", 28154),
        ("revoke connect through system with no roles", 922),
    ],
)
def test_refused(system: EngineSession, sql: Sql, client: str, clause: str, code: int) -> None:
    assert sql.refused(system, f"alter user {client} {clause}").code == code


def test_nobody_connects_through_without_the_right(
    system: EngineSession, connect: Any, sql: Sql, client: str, new_user: Any
) -> None:
    proxy = new_user()
    assert sql.refused(connect(proxy), f"alter user {client} grant connect through {proxy}").code == 1031
    for change in ("", "grant", "revoke"):
        if change:
            system.execute(f"alter user {client} {change} connect through {proxy}")
        if change == "grant":
            assert sql.rows(connect(client, proxy), "select user from dual") == [(client,)]
            continue
        with pytest.raises(OracleError) as caught:
            connect(client, proxy)
        assert caught.value.code == 28150


@pytest.mark.parametrize(
    ("clause", "at_logon", "allowed", "refusal"),
    [
        ("", "AB", "ABP", None),
        ("with role {u}_a, {u}_p", "A", "AP", 28156),
        ("with role all except {u}_a", "B", "BP", 28157),
        ("with no roles", "", "", 28156),
    ],
)
def test_the_clause_says_which_roles(
    system: EngineSession,
    connect: Any,
    sql: Sql,
    client: str,
    new_user: Any,
    clause: str,
    at_logon: str,
    allowed: str,
    refusal: int | None,
) -> None:
    proxy = new_user()
    system.execute(f"alter user {client} grant connect through {proxy} with no roles")
    system.execute(f"alter user {client} grant connect through {proxy} {clause.format(u=client)}")
    session = connect(client, proxy)
    assert session.roles == {f"{client}_{role}" for role in at_logon}
    for role in "ABP":
        text = f"set role {client}_{role}" + (" identified by sesame" if role == "P" else "")
        if role in allowed:
            session.execute(text)
            assert session.roles == {f"{client}_{role}"}
        else:
            error = sql.refused(session, text)
            assert error.code == refusal
            assert f"'{proxy}'" in error.message
            assert f"'{client}_{role}'" in error.message
    session.execute("set role all")
    assert session.roles == {f"{client}_{role}" for role in at_logon}
    assert connect(client).roles == {f"{client}_A", f"{client}_B"}, "a session of its own is not bound by it"


def test_a_secure_role_that_the_clause_denies_is_denied_to_its_package_too(
    system: EngineSession, connect: Any, sql: Sql, client: str, new_user: Any
) -> None:
    proxy, guard = new_user(), f"{new_user()}.guard"
    system.execute(f"create procedure {guard}(p varchar2) authid current_user as begin dbms_session.set_role(p); end;")
    system.execute(f"grant execute on {guard} to public")
    system.execute(f"create role {client}_s identified using {guard}")
    system.execute(f"grant {client}_s to {client}")
    system.execute(f"alter user {client} grant connect through {proxy} with role {client}_a")
    call = f"begin {guard}('{client}_s'); end;"
    assert sql.refused(connect(client, proxy), call).code == 28156
    system.execute(f"alter user {client} grant connect through {proxy} with role {client}_s")
    session = connect(client, proxy)
    assert session.roles == set()
    session.execute(call)
    assert session.roles == {f"{client}_S"}


def test_where_authentication_is_required_the_password_of_the_client_is_missing(
    system: EngineSession, connect: Any, sql: Sql, client: str, new_user: Any
) -> None:
    proxy = new_user()
    system.execute(f"alter user {client} grant connect through {proxy} with role {client}_a authentication required")
    with pytest.raises(OracleError) as caught:
        connect(client, proxy)
    assert caught.value.code == 28183
    query = "select authentication, flags from proxy_users where proxy = :p"
    assert sql.rows(system, query, p=proxy) == [("YES", "PROXY MAY ACTIVATE ROLE")]


def test_what_is_told_of_proxies(system: EngineSession, connect: Any, sql: Sql, client: str, new_user: Any) -> None:
    proxies = {name: new_user() for name in ("all", "none", "list", "but")}
    a, b = f"{client}_A", f"{client}_B"
    system.execute(f"alter user {client} grant connect through {proxies['all']}")
    system.execute(f"alter user {client} grant connect through {proxies['none']} with no roles")
    system.execute(f"alter user {client} grant connect through {proxies['list']} with role {a}, {b}")
    system.execute(f"alter user {client} grant connect through {proxies['but']} with role all except {a}")
    flags = {
        proxies["all"]: "PROXY MAY ACTIVATE ALL CLIENT ROLES",
        proxies["none"]: "NO CLIENT ROLES MAY BE ACTIVATED",
        proxies["list"]: "PROXY MAY ACTIVATE ROLE",
        proxies["but"]: "PROXY MAY NOT ACTIVATE ROLE",
    }
    rows = sql.rows(system, "select proxy, client, authentication, flags from proxy_users where client = :c", c=client)
    assert sorted(rows) == sorted((proxy, client, "NO", flag) for proxy, flag in flags.items())
    with_roles = sorted(
        [
            (proxies["all"], client, flags[proxies["all"]], None),
            (proxies["none"], client, flags[proxies["none"]], None),
            (proxies["list"], client, flags[proxies["list"]], a),
            (proxies["list"], client, flags[proxies["list"]], b),
            (proxies["but"], client, flags[proxies["but"]], a),
        ],
        key=str,
    )
    query = "select proxy, client, flags, role from proxy_users_and_roles where client = :c"
    assert sorted(sql.rows(system, query, c=client), key=str) == with_roles
    query = "select proxy, client, authorization_constraint, role from dba_proxies where client = :c"
    assert sorted(sql.rows(system, query, c=client), key=str) == with_roles
    own = connect(proxies["but"])
    assert sql.rows(own, "select * from user_proxies") == [(client, "NO", "PROXY MAY NOT ACTIVATE ROLE", a)]
    own.close()
    system.execute(f"drop user {proxies['but']}")
    assert len(sql.rows(system, "select 1 from proxy_users where client = :c", c=client)) == 3


def test_one_statement_for_several_clients(system: EngineSession, sql: Sql, client: str, new_user: Any) -> None:
    other, proxy = new_user(), new_user()
    system.execute(f"alter user {client}, {other} grant connect through {proxy}")
    query = "select client from proxy_users where proxy = :p order by 1"
    assert sql.rows(system, query, p=proxy) == sorted([(client,), (other,)])
    assert sql.refused(system, f"alter user {client}, nobody revoke connect through {proxy}").code == 1918
    system.execute(f"alter user {client}, {other} revoke connect through {proxy}")
    assert sql.rows(system, query, p=proxy) == []
    assert sql.refused(system, f"alter user {client}, {other} account lock").code == 922


# Through the listener


@pytest.fixture
def dsn(database: EngineDatabase) -> Iterator[str]:
    listener = Listener(database)
    yield f"localhost:{listener.start()}/FREEPDB1"
    listener.stop()


def test_a_driver_connects_through(system: EngineSession, sql: Sql, client: str, new_user: Any, dsn: str) -> None:
    proxy = new_user()
    system.execute(f"alter user {client} grant connect through {proxy} with role {client}_b")
    login = {"user": f"{proxy}[{client}]", "password": f"Secret_{proxy}", "dsn": dsn}
    with oracledb.connect(**login) as connection, connection.cursor() as cursor:
        connection.client_identifier, connection.module, connection.action = "req-1|alice", "hr/employees", "list"
        cursor.execute(
            "select sys_context('userenv', 'session_user'), sys_context('userenv', 'proxy_user'),"
            " sys_context('userenv', 'current_user'), sys_context('userenv', 'current_schema'),"
            " sys_context('userenv', 'client_identifier') from dual"
        )
        assert cursor.fetchone() == (client, proxy, client, client, "req-1|alice")
        cursor.execute("select role from session_roles")
        assert cursor.fetchall() == [(f"{client}_B",)]
        with pytest.raises(oracledb.DatabaseError, match="ORA-28156"):
            cursor.execute(f"set role {client}_a")
        query = (
            "select username, client_identifier, module, action from v$session where client_identifier = 'req-1|alice'"
        )
        assert sql.rows(system, query) == [(client, "req-1|alice", "hr/employees", "list")]
    system.execute(f"alter user {client} grant connect through {proxy} authentication required")
    with pytest.raises(oracledb.DatabaseError, match="ORA-28183"):
        oracledb.connect(**login)
    system.execute(f"alter user {client} revoke connect through {proxy}")
    with pytest.raises(oracledb.DatabaseError, match="ORA-28150"):
        oracledb.connect(**login)


def test_session_attributes_are_seen_at_once(system: EngineSession, connect: Any, sql: Sql, new_user: Any) -> None:
    user = new_user()
    session = connect(user)
    query = "select client_identifier, module, action from v$session where username = :u"
    session.execute("begin dbms_session.set_identifier('one'); dbms_application_info.set_module('m', 'a'); end;")
    assert sql.rows(system, query, u=user) == [("one", "m", "a")]
    session.execute("begin dbms_session.clear_identifier; dbms_application_info.set_module(null, null); end;")
    assert sql.rows(system, query, u=user) == [(None, None, None)]


def test_a_nul_in_an_attribute_is_refused_and_hurts_nobody_else(connect: Any, sql: Sql, new_user: Any) -> None:
    session = connect(new_user())
    session.client_identifier = "a\0b"
    assert sql.refused(session, "select 1 from dual").code == 3001
    session.client_identifier = "ab"
    assert sql.one(session, "select sys_context('userenv', 'client_identifier') from dual") == "ab"
