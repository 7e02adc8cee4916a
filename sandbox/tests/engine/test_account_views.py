"""What the dictionary says of accounts, and who may read and change it."""

# ruff: noqa: S608 - names made by the tests themselves

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

VIEWS = (
    "dba_users",
    "dba_profiles",
    "dba_ts_quotas",
    "dba_role_privs",
    "dba_sys_privs",
    "dba_tab_privs",
    "dba_col_privs",
    "proxy_users",
    "v_$pwfile_users",
)
USERS = (
    "account_status, profile, expiry_date, lock_date, password_change_date, authentication_type, default_tablespace,"
    " temporary_tablespace, oracle_maintained, created"
)


@pytest.fixture
def today(database: Any) -> datetime:
    now: datetime = database.now().replace(microsecond=0)
    return now


def row(sql: Any, session: Any, user: str) -> dict[str, Any]:
    names = USERS.replace(" ", "").split(",")
    (found,) = sql.rows(session, f"select {USERS} from sys.dba_users where username = :u", u=user)
    return dict(zip(names, found, strict=True))


@pytest.mark.parametrize("view", VIEWS)
def test_a_grant_makes_a_view_readable(system: Any, connect: Any, sql: Any, new_user: Any, view: str) -> None:
    user = new_user()
    session = connect(user)
    assert sql.refused(session, f"select * from sys.{view}").code == 942
    system.execute(f"grant select on sys.{view} to {user}")
    assert sql.rows(session, f"select * from sys.{view} where 1 = 0") == []


def test_an_account_in_its_columns(system: Any, sql: Any, today: datetime) -> None:
    system.execute("create profile shown limit password_life_time 30 password_grace_time 5")
    system.execute('create user shown identified by "First_1" profile shown')
    assert row(sql, system, "SHOWN") == {
        "account_status": "OPEN",
        "profile": "SHOWN",
        "expiry_date": today + timedelta(days=30),
        "lock_date": None,
        "password_change_date": today,
        "authentication_type": "PASSWORD",
        "default_tablespace": "USERS",
        "temporary_tablespace": "TEMP",
        "oracle_maintained": "N",
        "created": today,
    }


def test_the_dates_follow_what_happens(
    system: Any, sql: Any, database: Any, clock: Any, new_user: Any, today: datetime
) -> None:
    user = new_user()
    system.execute(f"alter user {user} account lock")
    assert row(sql, system, user)["lock_date"] == today
    system.execute(f"alter user {user} account unlock")
    clock.advance(86_400)
    system.execute(f'alter user {user} identified by "Second_2"')
    found = row(sql, system, user)
    assert (found["lock_date"], found["created"]) == (None, today)
    assert found["password_change_date"] == today + timedelta(days=1)
    assert found["expiry_date"] == today + timedelta(days=181)
    clock.advance(181 * 86_400)
    assert row(sql, system, user)["account_status"] == "OPEN", "until somebody logs on"
    database.login_succeeded(user)
    found = row(sql, system, user)
    assert (found["account_status"], found["expiry_date"]) == ("EXPIRED(GRACE)", today + timedelta(days=189))
    system.execute(f"alter user {user} password expire")
    found = row(sql, system, user)
    assert (found["account_status"], found["expiry_date"]) == ("EXPIRED", today + timedelta(days=182))


def test_an_account_without_a_password(system: Any, sql: Any) -> None:
    system.execute("create user bare no authentication")
    found = row(sql, system, "BARE")
    assert found["authentication_type"] == "NONE"
    assert (found["password_change_date"], found["expiry_date"]) == (None, None)
    system.execute('alter user bare identified by "First_1"')
    assert row(sql, system, "BARE")["authentication_type"] == "PASSWORD"


def test_an_account_reads_of_itself_what_it_must_know(system: Any, connect: Any, sql: Any, new_user: Any) -> None:
    user = new_user()
    system.execute("create profile told limit password_rollover_time 2 failed_login_attempts 3")
    system.execute(f'alter user {user} profile told identified by "Second_2"')
    session = connect(user)
    assert sql.one(session, "select account_status from user_users") == "OPEN & IN ROLLOVER"
    limits = dict(sql.rows(session, "select resource_name, limit from user_password_limits"))
    assert limits["PASSWORD_ROLLOVER_TIME"] == "2"
    assert (limits["FAILED_LOGIN_ATTEMPTS"], limits["PASSWORD_GRACE_TIME"]) == ("3", "7")
    assert sql.rows(session, "select tablespace_name, max_bytes from user_ts_quotas") == [("USERS", -1)]


def test_the_rollover_limit_may_be_shown_in_seconds(system: Any, sql: Any, switches: Any) -> None:
    system.execute("create profile seconds limit password_rollover_time 1/24")
    query = "select resource_name, limit from dba_profiles where profile = 'SECONDS'"
    assert Decimal(dict(sql.rows(system, query))["PASSWORD_ROLLOVER_TIME"]) * 86_400 == pytest.approx(3600)
    switches.rollover_limit_in_seconds = True
    limits = dict(sql.rows(system, query))
    assert (limits["PASSWORD_ROLLOVER_TIME"], limits["PASSWORD_GRACE_TIME"]) == ("3600", "DEFAULT")


def test_quotas(system: Any, sql: Any, new_user: Any) -> None:
    user = new_user()
    system.execute(f"alter user {user} quota 10M on sysaux")
    listed = "select tablespace_name, max_bytes, max_blocks, dropped from dba_ts_quotas where username = :u order by 1"
    assert sql.rows(system, listed, u=user) == [("SYSAUX", 10 * 2**20, 1280, "NO"), ("USERS", -1, -1, "NO")]


def test_what_a_twin_of_an_account_needs_is_there_to_be_read(system: Any, owner: Any, sql: Any, new_user: Any) -> None:
    user, role = new_user("CREATE TABLE"), "twin_role"
    system.execute(f"create role {role}")
    system.execute(f"grant {role} to {user}")
    system.execute(f"alter user {user} default role none")
    owner.execute("create table t (id number, name varchar2(10))")
    owner.execute(f"grant select, update (name) on t to {user}")
    system.execute(f"alter user {user} grant connect through {owner.user}")
    roles = "select granted_role, default_role, admin_option from dba_role_privs where grantee = :u"
    assert sql.rows(system, roles, u=user) == [("TWIN_ROLE", "NO", "NO")]
    objects = "select owner, table_name, privilege, grantable from dba_tab_privs where grantee = :u"
    assert sql.rows(system, objects, u=user) == [(owner.user, "T", "SELECT", "NO")]
    columns = "select table_name, column_name, privilege from dba_col_privs where grantee = :u"
    assert sql.rows(system, columns, u=user) == [("T", "NAME", "UPDATE")]
    proxies = "select proxy, authentication, flags from proxy_users where client = :u"
    assert sql.rows(system, proxies, u=user) == [(owner.user, "NO", "PROXY MAY ACTIVATE ALL CLIENT ROLES")]


@pytest.mark.parametrize(
    ("privilege", "statement"),
    [
        ("create user", 'create user made identified by "First_1"'),
        ("alter user", 'alter user made identified by "Second_2"'),
        ("create profile", "create profile made limit password_reuse_max 3"),
        ("alter profile", "alter profile made limit password_reuse_max 4"),
        ("drop profile", "drop profile made"),
        ("drop user", "drop user made"),
    ],
)
def test_a_grant_makes_a_statement_possible(
    system: Any, connect: Any, sql: Any, new_user: Any, privilege: str, statement: str
) -> None:
    user = new_user()
    session = connect(user)
    assert sql.refused(session, statement).code == 1031
    system.execute(f"grant {privilege} to {user}")
    session.execute(statement)
    system.execute(f"revoke {privilege} from {user}")
    assert sql.refused(session, statement).code == 1031
