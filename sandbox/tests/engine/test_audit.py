"""Unified auditing. Sources: SQL Language Reference 19c, CREATE/ALTER/DROP AUDIT POLICY, AUDIT, NOAUDIT; Security
Guide, unified auditing; Database Reference, UNIFIED_AUDIT_TRAIL; error messages 46350 to 46389 [D]."""

# ruff: noqa: S608 - names made by the tests themselves

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import oracledb
import pytest

from oracleapi_sandbox.oracle.engine.database import EngineDatabase
from oracleapi_sandbox.oracle.engine.session import EngineSession
from oracleapi_sandbox.oracle.ports import OracleError, Package, Subprogram
from oracleapi_sandbox.oracle.tns.server import Listener

from .conftest import NUMBERS, Sql


class Trail:
    """Policies that go after the test, and the records that name them."""

    def __init__(self, system: EngineSession, sql: Sql) -> None:
        self.system, self.sql = system, sql
        self.policies: list[str] = []

    def policy(self, text: str, enabled: str = "") -> str:
        """Make a policy and enable it."""
        name = f"POL{next(NUMBERS)}"
        self.system.execute(f"create audit policy {name} {text}")
        self.policies.append(name)
        self.system.execute(f"audit policy {name} {enabled}")
        return name

    def rows(self, policy: str, *columns: str) -> list[tuple[Any, ...]]:
        wanted = ", ".join(columns or ("dbusername", "action_name", "object_schema", "object_name", "return_code"))
        query = (
            f"select {wanted} from unified_audit_trail where unified_audit_policies like :p order by event_timestamp"
        )
        return self.sql.rows(self.system, query, p=f"%{policy}%")

    def clear(self) -> None:
        for name in self.policies:
            for entity in self.sql.rows(
                self.system,
                "select enabled_option, entity_name from audit_unified_enabled_policies where policy_name = :p",
                p=name,
            ):
                by = {"BY USER": " by ", "BY GRANTED ROLE": " by users with granted roles "}.get(str(entity[0]), "")
                self.system.execute(
                    f"noaudit policy {name}" + (f"{by}{entity[1]}" if by and entity[1] != "ALL USERS" else "")
                )
            self.system.execute(f"drop audit policy {name}")


@pytest.fixture
def trail(system: EngineSession, sql: Sql) -> Iterator[Trail]:
    made = Trail(system, sql)
    yield made
    made.clear()


@pytest.fixture
def table(owner: EngineSession) -> Iterator[str]:
    owner.execute("create table t (id number, pay number)")
    yield f"{owner.user}.T"
    owner.execute("drop table t")


# The statements


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("create audit policy {p} actions select", 46358),
        ("create audit policy x", 46373),
        ("create audit policy x privileges fly", 46355),
        ("create audit policy x privileges inherit any privileges", 46355),
        ("create audit policy x actions fly", 46356),
        ("create audit policy x actions merge", 46356),
        ("create audit policy x actions commit", 3001),
        ("create audit policy x actions component = datapump import", 3001),
        ("create audit policy x actions read on directory d", 3001),
        ("create audit policy x actions execute on {t}", 46359),
        ("create audit policy x actions select on nope", 942),
        ("create audit policy x roles nobody", 1919),
        ("create audit policy x actions all when 'flies(1)' evaluate per session", 46368),
        ("create audit policy x actions all when '1 in (select 1 from {t})' evaluate per session", 46368),
        ("create audit policy x actions all when '1 = 1' evaluate per hour", 922),
        ("create audit policy x actions all when '1 = 1'", 922),
        ("create audit policy x actions all container = all", 65040),
        ("create audit policy x actions all or so", 46356),
        ("create audit policy x actions all only top", 922),
        ("alter audit policy nope add actions select", 46357),
        ("alter audit policy {p} add actions insert drop actions insert", 46360),
        ("alter audit policy {p} drop actions select on {t}", 46373),
        ("alter audit policy ora_secureconfig add actions select", 46389),
        ("drop audit policy {p}", 46361),
        ("drop audit policy nope", 46357),
        ("drop audit policy ora_secureconfig", 46389),
        ("audit policy nope", 46357),
        ("audit policy {p} by nobody", 1917),
        ("audit policy {p} except system", 46350),
        ("audit policy {p} by users with granted roles nobody", 1919),
        ("audit select on {t}", 3001),
        ("noaudit policy nope", 46357),
        ("noaudit policy {p} except system", 922),
    ],
)
def test_refused(system: EngineSession, sql: Sql, trail: Trail, table: str, statement: str, code: int) -> None:
    policy = trail.policy(f"actions select on {table}", "by system")
    assert sql.refused(system, statement.format(p=policy, t=table)).code == code


def test_only_audit_administrators_make_policies_and_they_and_viewers_read(
    connect: Any, sql: Sql, new_user: Any, system: EngineSession
) -> None:
    views = (
        "unified_audit_trail",
        "audit_unified_policies",
        "audit_unified_enabled_policies",
        "audit_unified_contexts",
    )
    nobody, viewer, admin = (connect(new_user(*roles)) for roles in ((), ("AUDIT_VIEWER",), ("AUDIT_ADMIN",)))
    for session, allowed in ((nobody, False), (viewer, True), (admin, True), (system, True)):
        for view in views:
            if allowed:
                session.parse(f"select * from {view}")
            else:
                assert sql.refused(session, f"select * from {view}").code == 942
    for session in (nobody, viewer):
        for statement in (
            "create audit policy x actions all",
            "alter audit policy ora_account_mgmt add actions all",
            "drop audit policy ora_account_mgmt",
            "audit policy ora_account_mgmt",
            "noaudit policy ora_secureconfig",
            "audit context namespace userenv attributes module",
        ):
            assert sql.refused(session, statement).code == 1031
    admin.execute("create audit policy of_admin actions select container = current")
    admin.execute("drop audit policy of_admin")


def test_a_policy_is_told_altered_and_dropped(system: EngineSession, sql: Sql, trail: Trail, table: str) -> None:
    owner = table.split(".")[0]
    condition = "SYS_CONTEXT('USERENV', 'CLIENT_IDENTIFIER') IS NOT NULL"
    quoted = condition.replace("'", "''")
    policy = trail.policy(
        f"privileges create any table, drop any table actions select on {table}, all on {owner}.t, create user"
        f" roles audit_viewer when '{quoted}' evaluate per statement only toplevel",
        "by system, system",
    )
    told = (
        "select audit_option_type, audit_option, object_schema, object_name, object_type from audit_unified_policies"
        " where policy_name = :p order by 1, 2"
    )
    assert sql.rows(system, told, p=policy) == [
        ("OBJECT ACTION", "ALL", owner, "T", "TABLE"),
        ("OBJECT ACTION", "SELECT", owner, "T", "TABLE"),
        ("ROLE PRIVILEGE", "AUDIT_VIEWER", None, None, None),
        ("STANDARD ACTION", "CREATE USER", None, None, None),
        ("SYSTEM PRIVILEGE", "CREATE ANY TABLE", None, None, None),
        ("SYSTEM PRIVILEGE", "DROP ANY TABLE", None, None, None),
    ]
    also = (
        "select distinct audit_condition, condition_eval_opt, audit_only_toplevel, oracle_supplied, common"
        " from audit_unified_policies where policy_name = :p"
    )
    assert sql.rows(system, also, p=policy) == [(condition, "STATEMENT", "YES", "NO", "NO")]
    system.execute(
        f"alter audit policy {policy} add actions drop table drop privileges drop any table actions select on {table}"
        " roles audit_viewer condition drop"
    )
    assert [row[:2] for row in sql.rows(system, told, p=policy)] == [
        ("OBJECT ACTION", "ALL"),
        ("STANDARD ACTION", "CREATE USER"),
        ("STANDARD ACTION", "DROP TABLE"),
        ("SYSTEM PRIVILEGE", "CREATE ANY TABLE"),
    ]
    assert sql.rows(system, also, p=policy) == [(None, "NONE", "YES", "NO", "NO")]
    assert (
        sql.one(system, "select object_type from dba_objects where object_name = :p", p=policy)
        == "UNIFIED AUDIT POLICY"
    )
    sql_of_predefined = (
        "select distinct policy_name from audit_unified_policies where oracle_supplied = 'YES' order by 1"
    )
    assert sql.rows(system, sql_of_predefined) == [
        ("ORA_ACCOUNT_MGMT",),
        ("ORA_LOGON_FAILURES",),
        ("ORA_SECURECONFIG",),
    ]


def test_enablements_are_told_added_up_and_taken_back(
    system: EngineSession, sql: Sql, trail: Trail, table: str, new_user: Any
) -> None:
    a, b = new_user(), new_user()
    policy = trail.policy(f"actions select on {table}", "whenever successful")
    told = (
        "select enabled_option, entity_name, entity_type, success, failure from audit_unified_enabled_policies"
        " where policy_name = :p order by 1, 2"
    )
    assert sql.rows(system, told, p=policy) == [("BY USER", "ALL USERS", "USER", "YES", "NO")]
    system.execute(f"audit policy {policy} whenever not successful")
    system.execute(f"audit policy {policy} by {a}, {b}")
    system.execute(f"audit policy {policy} by users with granted roles dba")
    assert sql.rows(system, told, p=policy) == [
        ("BY GRANTED ROLE", "DBA", "ROLE", "YES", "YES"),
        ("BY USER", "ALL USERS", "USER", "YES", "YES"),
        *sorted([("BY USER", a, "USER", "YES", "YES"), ("BY USER", b, "USER", "YES", "YES")]),
    ]
    system.execute(f"noaudit policy {policy} whenever successful")
    system.execute(f"noaudit policy {policy} by {a}")
    system.execute(f"noaudit policy {policy} by users with granted roles dba")
    assert sql.rows(system, told, p=policy) == [
        ("BY USER", "ALL USERS", "USER", "NO", "YES"),
        ("BY USER", b, "USER", "YES", "YES"),
    ]
    system.execute(f"noaudit policy {policy}")
    assert sql.refused(system, f"drop audit policy {policy}").code == 46361, "it is enabled by name still"
    system.execute(f"noaudit policy {policy} by {b}")
    system.execute(f"audit policy {policy} except {a}")
    assert sql.refused(system, f"audit policy {policy} by {b}").code == 46351
    assert sql.rows(system, told, p=policy) == [("EXCEPT USER", a, "USER", "YES", "YES")]
    system.execute(f"drop user {b}")


# What is recorded


def test_actions_on_an_object_also_those_that_are_refused(
    system: EngineSession, owner: EngineSession, connect: Any, sql: Sql, trail: Trail, table: str, new_user: Any
) -> None:
    user = new_user()
    policy = trail.policy(f"actions select on {table}, update on {table}, delete on {table}")
    session = connect(user)
    session.client_identifier = "req-7|alice"
    read = f"select id from {table} where id = :1"
    assert sql.refused(session, read, _1=5).code == 942
    owner.execute(f"grant select on t to {user}")
    assert sql.rows(session, read, _1=5) == []
    assert sql.refused(session, f"update {table} set id = 1").code == 1031
    sql.rows(session, "select 1 from dual")
    owner.execute("insert into t values (1, 1)")
    owner.execute("delete from t")
    owner.rollback()
    assert sql.rows(owner, "select * from t") == [], "a rollback takes no record back [D]"
    name = table.split(".")
    assert trail.rows(policy) == [
        (user, "SELECT", *name, 942),
        (user, "SELECT", *name, 0),
        (user, "UPDATE", *name, 1031),
        (owner.user, "DELETE", *name, 0),
        (owner.user, "SELECT", *name, 0),
    ]
    columns = ("client_identifier", "sql_text", "sql_binds", "current_user", "unified_audit_policies", "sessionid")
    assert trail.rows(policy, *columns)[1] == ("req-7|alice", read, " #1(1):5", user, policy, session.session_id)


def test_what_a_proxy_does_is_its_clients_doing(
    system: EngineSession, owner: EngineSession, connect: Any, trail: Trail, table: str, new_user: Any
) -> None:
    schema, proxy = new_user(), new_user()
    system.execute(f"alter user {schema} grant connect through {proxy}")
    owner.execute(f"grant select on t to {schema}")
    policy = trail.policy(f"actions all on {table}", f"by {schema}")
    connect(schema, proxy).execute(f"select * from {table}")
    connect(schema).execute(f"select * from {table}")
    owner.execute("select * from t")
    assert trail.rows(policy, "dbusername", "dbproxy_username") == [(schema, proxy), (schema, None)]


def test_each_object_has_a_record_also_below_views_and_in_ddl(
    system: EngineSession, owner: EngineSession, connect: Any, sql: Sql, trail: Trail, table: str, new_user: Any
) -> None:
    owner.execute("create table other (id number)")
    owner.execute("create view v as select t.id from t join other o on o.id = t.id")
    policy = trail.policy(f"actions all on {table}, select on {owner.user}.other")
    user = new_user()
    owner.execute(f"grant select on v to {user}")
    connect(user).execute(f"with x as (select id from {owner.user}.v) select * from x")
    owner.execute("insert into other select id from t")
    owner.execute(
        "merge into t using other o on (t.id = o.id) when matched then update set pay = 1"
        " when not matched then insert (id) values (o.id)"
    )
    owner.execute("create index ti on t (id)")
    owner.execute("alter table t add (more number)")
    owner.execute("comment on table t is 'x'")
    owner.execute(f"grant select on t to {user}")
    owner.execute(f"revoke select on t from {user}")
    seen = [(action, name) for _, action, _, name, _ in trail.rows(policy)]
    assert sorted(seen[:2]) == [("SELECT", "OTHER"), ("SELECT", "T")], "records of what the view reads"
    assert seen[2:3] == [("SELECT", "T")]
    assert sorted(seen[3:6]) == [("INSERT", "T"), ("SELECT", "OTHER"), ("UPDATE", "T")]
    assert seen[6:] == [
        ("CREATE INDEX", "T"),
        ("ALTER TABLE", "T"),
        ("COMMENT", "T"),
        ("GRANT", "T"),
        ("REVOKE", "T"),
    ]
    assert trail.rows(policy, "target_user", "object_privileges")[-2:] == [(user, "SELECT"), (user, "SELECT")]


def test_a_table_that_is_made_anew_is_not_watched(owner: EngineSession, trail: Trail, table: str) -> None:
    policy = trail.policy(f"actions select on {table}, create role")
    owner.execute("drop table t")
    owner.execute("create table t (id number)")
    owner.execute("select * from t")
    assert trail.rows(policy) == []


def test_system_actions_and_their_details(
    system: EngineSession, connect: Any, sql: Sql, trail: Trail, new_user: Any
) -> None:
    admin = new_user("DBA")
    policy = trail.policy(
        "actions create user, alter user, drop user, create role, grant, revoke, set role, logon, logoff", f"by {admin}"
    )
    session = connect(admin)
    name = f"X{next(NUMBERS)}"
    session.execute(f"create user {name} identified by Geheim_1")
    assert sql.refused(session, f"create user {name} identified by Geheim_2").code == 1920
    session.execute(f'alter user {name} identified by "Geheim_3" account unlock')
    session.execute(f"create role {name}_r identified by Geheim_4")
    session.execute(f"grant create session, {name}_r to {name}")
    session.execute(f"revoke create session from {name}")
    session.execute(f"set role dba, {name}_r identified by Geheim_4")
    session.execute("begin dbms_session.set_role('DBA'); end;")
    assert sql.refused(session, "set role nobody").code == 1919
    session.execute(f"drop user {name}")
    session.close()
    rows = trail.rows(policy, "action_name", "return_code", "target_user")
    assert rows == [
        ("LOGON", 0, None),
        ("CREATE USER", 0, name),
        ("CREATE USER", 1920, name),
        ("ALTER USER", 0, name),
        ("CREATE ROLE", 0, None),
        ("GRANT", 0, name),
        ("REVOKE", 0, name),
        ("SET ROLE", 0, None),
        ("SET ROLE", 0, None),
        ("SET ROLE", 1919, None),
        ("DROP USER", 0, name),
        ("LOGOFF", 0, None),
    ]
    texts = [str(text) for (text,) in trail.rows(policy, "sql_text")]
    assert "Geheim" not in "".join(texts), "passwords are hidden [D]"
    assert f"create user {name} identified by *" in texts


def test_refused_logons(
    database: EngineDatabase, system: EngineSession, connect: Any, sql: Sql, new_user: Any, trail: Trail
) -> None:
    """ORA_LOGON_FAILURES is enabled in a new database [D]."""
    user = new_user()
    connect(user).close()
    system.execute(f"revoke create session from {user}")
    with pytest.raises(OracleError):
        database.open_session(user)
    database.login_failed(user)
    rows = [row for row in trail.rows("ORA_LOGON_FAILURES") if row[0] == user]
    assert rows == [(user, "LOGON", None, None, 1045), (user, "LOGON", None, None, 1017)]


def test_the_predefined_policy_records_administration(
    system: EngineSession, owner: EngineSession, sql: Sql, trail: Trail
) -> None:
    name = f"X{next(NUMBERS)}"
    system.execute(f"create role {name}")
    system.execute(f"grant create table to {name}")
    owner.execute(f"create table {name} (id number)")
    rows = trail.rows("ORA_SECURECONFIG", "action_name", "sql_text", "system_privilege_used", "system_privilege")
    mine = [(a, used, given) for a, text, used, given in rows if name.lower() in str(text).lower()]
    assert mine == [("CREATE ROLE", "CREATE ROLE", None), ("GRANT", "GRANT ANY PRIVILEGE", "CREATE TABLE")]


def test_the_use_of_privileges_and_roles(
    system: EngineSession, owner: EngineSession, connect: Any, sql: Sql, trail: Trail, table: str, new_user: Any
) -> None:
    role = f"R{next(NUMBERS)}"
    system.execute(f"create role {role}")
    system.execute(f"grant select any table, create table to {role}")
    any_user, granted = new_user(role), new_user(role)
    owner.execute(f"grant select on t to {granted}")
    used = trail.policy("privileges select any table")
    by_role = trail.policy(f"roles {role}", f"by users with granted roles {role}")
    one, other = connect(any_user), connect(granted)
    one.execute(f"select * from {table}")
    assert sql.refused(one, f"delete from {table}").code == 1031
    other.execute(f"select * from {table}")
    other.execute(f"alter session set current_schema = {granted}")
    other.execute("create table own (id number)")
    assert trail.rows(used) == [(any_user, "SELECT", *table.split("."), 0)], "used where it was needed"
    assert trail.rows(by_role, "dbusername", "action_name", "system_privilege_used") == [
        (any_user, "SELECT", "SELECT ANY TABLE"),
        (granted, "CREATE TABLE", "CREATE TABLE"),
    ]


def test_for_whom_a_policy_is_enabled(
    system: EngineSession, owner: EngineSession, connect: Any, trail: Trail, table: str, new_user: Any
) -> None:
    role = f"R{next(NUMBERS)}"
    system.execute(f"create role {role}")
    a, b, c = new_user(), new_user(role), new_user()
    owner.execute("grant select on t to public")
    by = trail.policy(f"actions select on {table}", f"by {a}")
    but = trail.policy(f"actions select on {table}", f"except {a}, {b}")
    granted = trail.policy(f"actions select on {table}", f"by users with granted roles {role}")
    failures = trail.policy(f"actions all on {table}", "whenever not successful")
    for user in (a, b, c):
        connect(user).execute(f"select * from {table}")
    with pytest.raises(OracleError):
        connect(c).execute(f"delete from {table}")
    assert [row[0] for row in trail.rows(by)] == [a]
    assert [row[0] for row in trail.rows(but)] == [c]
    assert [row[0] for row in trail.rows(granted)] == [b]
    assert trail.rows(failures) == [(c, "DELETE", *table.split("."), 1031)]
    both = trail.policy(f"actions select on {table}", f"by {a}")
    connect(a).execute(f"select * from {table}")
    assert trail.rows(both, "unified_audit_policies") == [(", ".join(sorted((by, both))),)]


def test_the_last_list_of_exceptions_counts_and_those_of_users_add_up(
    system: EngineSession, sql: Sql, trail: Trail, new_user: Any
) -> None:
    """Security Guide, Enabling and Applying Unified Audit Policies [D]."""
    a, b = sorted((new_user(), new_user()))
    by, but = trail.policy("actions create table", f"by {a}"), trail.policy("actions create table", f"except {a}")
    system.execute(f"audit policy {by} by {b} whenever successful")
    system.execute(f"audit policy {but} except {b}")
    enabled = (
        "select enabled_option, entity_name, success, failure from audit_unified_enabled_policies"
        " where policy_name = :p order by entity_name"
    )
    assert sql.rows(system, enabled, p=by) == [("BY USER", a, "YES", "YES"), ("BY USER", b, "YES", "NO")]
    assert sql.rows(system, enabled, p=but) == [("EXCEPT USER", b, "YES", "YES")]
    system.execute(f"audit policy {but} except {a}, {b}")
    assert [row[1] for row in sql.rows(system, enabled, p=but)] == [a, b]


def test_when_options_take_effect(
    system: EngineSession, owner: EngineSession, connect: Any, trail: Trail, table: str, new_user: Any
) -> None:
    """Options on objects at once, all others from the next log-on [D: Administering the Audit Trail]."""
    user = new_user("CREATE TABLE")
    before = connect(user)
    owner.execute("grant select on t to public")
    policy = trail.policy(f"actions select on {table}, create table")
    before.execute("create table a (id number)")
    before.execute(f"select * from {table}")
    after = connect(user)
    after.execute("create table b (id number)")
    assert [(action, name) for _, action, _, name, _ in trail.rows(policy)] == [("SELECT", "T"), ("CREATE TABLE", "B")]
    system.execute(f"noaudit policy {policy}")
    after.execute(f"select * from {table}")
    after.execute("create table c (id number)")
    assert [name for *_, name, _ in trail.rows(policy)] == ["T", "B", "C"]


def test_options_on_objects_may_wait_for_the_next_log_on_too(
    database: EngineDatabase, owner: EngineSession, connect: Any, trail: Trail, table: str, new_user: Any
) -> None:
    """[CONTRA]: so says the page of AUDIT."""
    database.settings.apply({"audit_objects_at_once": False})
    try:
        before = connect(new_user())
        owner.execute("grant select on t to public")
        policy = trail.policy(f"actions select on {table}")
        after = connect(new_user())
        for session in (before, after):
            session.execute(f"select * from {table}")
        assert [row[0] for row in trail.rows(policy)] == [after.user]
    finally:
        database.settings.apply({"audit_objects_at_once": True})


@pytest.mark.parametrize(("per", "expected"), [("statement", ["b", "b"]), ("session", ["b", "c", "b"])])
def test_a_condition_is_evaluated_as_often_as_it_says(
    owner: EngineSession, connect: Any, trail: Trail, table: str, new_user: Any, per: str, expected: list[str]
) -> None:
    owner.execute("grant select on t to public")
    condition = "sys_context(''userenv'', ''client_identifier'') = ''b''"
    policy = trail.policy(f"actions select on {table} when '{condition}' evaluate per {per}")
    first, second = connect(new_user()), connect(new_user())
    for session, identifiers in ((first, "ab"), (second, "bcb")):
        for identifier in identifiers:
            session.client_identifier = identifier
            session.execute(f"select * from {table}")
    assert [row[0] for row in trail.rows(policy, "client_identifier")] == (
        expected if per == "session" else ["b", "b", "b"]
    )


def test_a_condition_per_instance_is_evaluated_once(
    owner: EngineSession, connect: Any, trail: Trail, table: str, new_user: Any
) -> None:
    owner.execute("grant select on t to public")
    user = new_user()
    condition = f"sys_context(''userenv'', ''session_user'') = ''{user}''"
    policy = trail.policy(f"actions select on {table} when '{condition}' evaluate per instance")
    for who in (user, new_user()):
        connect(who).execute(f"select * from {table}")
    assert len(trail.rows(policy)) == 2


def test_units_and_the_statements_in_them(
    database: EngineDatabase,
    system: EngineSession,
    owner: EngineSession,
    connect: Any,
    sql: Sql,
    trail: Trail,
    table: str,
    new_user: Any,
) -> None:
    system.execute(f"create package {owner.user}.p as procedure q(n number); end;")
    system.execute(
        f"create package body {owner.user}.p as procedure q(n number) is c number; begin"
        " select count(*) into c from t; if n = 0 then raise_application_error(-20001, 'no'); end if; end; end;"
    )
    user = new_user()
    owner.execute(f"grant execute on p to {user}")
    everything = trail.policy(f"actions execute on {owner.user}.p, select on {table}")
    top = trail.policy(f"actions execute on {owner.user}.p, select on {table} only toplevel")
    session = connect(user)
    session.execute(f"begin {owner.user}.p.q(1); end;")
    assert sql.refused(session, f"call {owner.user}.p.q(0)").code == 20001
    columns = ("dbusername", "current_user", "action_name", "object_name", "return_code")
    assert trail.rows(everything, *columns) == [
        (user, owner.user, "SELECT", "T", 0),
        (user, user, "EXECUTE", "P", 0),
        (user, owner.user, "SELECT", "T", 0),
        (user, user, "EXECUTE", "P", 20001),
    ]
    assert [row[2] for row in trail.rows(top, *columns)] == ["EXECUTE", "EXECUTE"]
    database.register_package(Package("SYS", "AUDITED", (Subprogram("GO", (), lambda runner: None),)))
    supplied = trail.policy("actions execute on audited", f"by {user}")
    session.execute("begin dbms_session.set_identifier('x'); audited.go; end;")
    assert trail.rows(supplied) == [(user, "EXECUTE", "SYS", "AUDITED", 0)]
    assert trail.rows(supplied, "sql_text") == [("begin dbms_session.set_identifier('x'); audited.go; end;",)]


def test_an_autonomous_transaction_is_the_sessions_doing(
    system: EngineSession, owner: EngineSession, connect: Any, trail: Trail, table: str, new_user: Any
) -> None:
    system.execute(
        f"create procedure {owner.user}.note is pragma autonomous_transaction;"
        " begin insert into t values (1, 1); commit; end;"
    )
    user = new_user()
    owner.execute(f"grant execute on note to {user}")
    policy = trail.policy(f"actions insert on {table}, logon, logoff", f"by {user}, {owner.user}")
    session = connect(user)
    session.execute(f"begin {owner.user}.note; end;")
    session.close()
    columns = ("dbusername", "current_user", "action_name", "sessionid")
    assert trail.rows(policy, *columns) == [
        (user, user, "LOGON", session.session_id),
        (user, owner.user, "INSERT", session.session_id),
        (user, user, "LOGOFF", session.session_id),
    ]


def test_what_administers_auditing_is_audited_always(
    system: EngineSession, sql: Sql, new_user: Any, connect: Any
) -> None:
    admin = connect(new_user("AUDIT_ADMIN"))
    name = f"POL{next(NUMBERS)}"
    for statement in (
        f"create audit policy {name} actions create role",
        f"alter audit policy {name} add actions drop role",
        f"audit policy {name}",
        f"noaudit policy {name}",
        f"drop audit policy {name}",
    ):
        admin.execute(statement)
    query = (
        "select action_name, object_schema, object_name from unified_audit_trail where dbusername = :u"
        " order by event_timestamp"
    )
    assert [row for row in sql.rows(system, query, u=admin.user) if row[2] == name] == [
        ("CREATE AUDIT POLICY", "SYS", name),
        ("ALTER AUDIT POLICY", "SYS", name),
        ("AUDIT", "SYS", name),
        ("NOAUDIT", "SYS", name),
        ("DROP AUDIT POLICY", "SYS", name),
    ]


def test_application_contexts_are_recorded(
    system: EngineSession, owner: EngineSession, connect: Any, sql: Sql, trail: Trail, table: str, new_user: Any
) -> None:
    user = new_user()
    owner.execute("grant select on t to public")
    system.execute(f"create context of_{user} using {owner.user}.put")
    system.execute(
        f"create procedure {owner.user}.put(v varchar2) is begin dbms_session.set_context('OF_{user}', 'who', v); end;"
    )
    system.execute(f"grant execute on {owner.user}.put to {user}")
    system.execute(
        f"audit context namespace of_{user} attributes who, other, context namespace userenv attributes module"
        f" by {user}"
    )
    policy = trail.policy(f"actions select on {table}")
    session = connect(user)
    session.execute(f"select * from {table}")
    session.module = "hr"
    session.execute(f"begin {owner.user}.put('alice'); end;")
    session.execute(f"select * from {table}")
    owner.execute("select * from t")
    told = "select namespace, attribute, user_name from audit_unified_contexts where user_name = :u order by 1, 2"
    assert sql.rows(system, told, u=user) == [
        (f"OF_{user}", "OTHER", user),
        (f"OF_{user}", "WHO", user),
        ("USERENV", "MODULE", user),
    ]
    assert trail.rows(policy, "application_contexts") == [
        (None,),
        (f"(OF_{user},WHO=alice); (USERENV,MODULE=hr)",),
        (None,),
    ]
    system.execute(f"noaudit context namespace userenv attributes module by {user}")
    session.execute(f"select * from {table}")
    assert trail.rows(policy, "application_contexts")[-1] == (f"(OF_{user},WHO=alice)",)


# Through the listener


def test_a_request_is_found_by_its_identifier(
    database: EngineDatabase,
    system: EngineSession,
    owner: EngineSession,
    trail: Trail,
    table: str,
    new_user: Any,
    clock: Any,
) -> None:
    schema, proxy, viewer = new_user(), new_user(), new_user("AUDIT_VIEWER")
    system.execute(f"alter user {schema} grant connect through {proxy}")
    owner.execute(f"grant select on t to {schema}")
    policy = trail.policy(f"actions select on {table}")
    listener = Listener(database)
    dsn = f"localhost:{listener.start()}/FREEPDB1"
    try:
        with oracledb.connect(user=f"{proxy}[{schema}]", password=f"Secret_{proxy}", dsn=dsn) as connection:
            connection.client_identifier = "apigw-1|alice"
            with connection.cursor() as cursor:
                cursor.execute(f"select id from {table} where id = :id and pay > :pay", id=7, pay=1000)
                assert cursor.fetchall() == []
        with (
            oracledb.connect(user=viewer, password=f"Secret_{viewer}", dsn=dsn) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(
                "select dbusername, dbproxy_username, action_name, object_schema, object_name, return_code, sql_binds,"
                " event_timestamp, unified_audit_policies from unified_audit_trail where client_identifier = :1",
                ["apigw-1|alice"],
            )
            rows = cursor.fetchall()
    finally:
        listener.stop()
    now = datetime.fromtimestamp(clock.now(), UTC).replace(tzinfo=None)
    assert now <= rows[0][7] < now + timedelta(seconds=1)
    assert rows == [
        (schema, proxy, "SELECT", *table.split("."), 0, " #1(1):7 #2(4):1000", rows[0][7], policy),
    ]
