"""Roles: how they are made, held, defaulted and enabled. Sources: SQL Language Reference 19c, CREATE/ALTER/DROP ROLE,
ALTER USER, SET ROLE; Security Guide, secure application roles; database error messages [D]."""

# ruff: noqa: S608 - names made by the tests themselves

from collections.abc import Callable
from typing import Any

import pytest

from oracleapi_sandbox.oracle.engine.database import EngineDatabase
from oracleapi_sandbox.oracle.engine.session import EngineSession
from oracleapi_sandbox.oracle.ports import OracleError

from .conftest import NUMBERS, Sql


@pytest.fixture
def new_role(system: EngineSession) -> Callable[..., str]:
    """Make a role, granted to the given user if any."""

    def make(identified: str = "", to: str | None = None) -> str:
        name = f"R{next(NUMBERS)}"
        system.execute(f"create role {name} {identified}")
        if to is not None:
            system.execute(f"grant {name} to {to}")
        return name

    return make


@pytest.fixture
def guard(system: EngineSession, new_user: Callable[..., str]) -> str:
    """The name of an invoker's package whose ENABLE and DYNAMIC set the roles that they are given."""
    owner = new_user()
    system.execute(
        f"create package {owner}.guard authid current_user as"
        " procedure enable(p varchar2); procedure dynamic(p varchar2); procedure through(p varchar2); end;"
    )
    system.execute(
        f"create procedure {owner}.helper(p varchar2) authid current_user as begin dbms_session.set_role(p); end;"
    )
    system.execute(
        f"create package body {owner}.guard as"
        " procedure enable(p varchar2) is begin dbms_session.set_role(p); end;"
        " procedure dynamic(p varchar2) is begin execute immediate 'set role ' || p; end;"
        " procedure through(p varchar2) is begin helper(p); end; end;"
    )
    system.execute(f"grant execute on {owner}.guard to public")
    system.execute(f"grant execute on {owner}.helper to public")
    return f"{owner}.guard"


def enabled(session: EngineSession) -> set[str]:
    return {str(role) for (role,) in session.execute("select role from session_roles").rows}


# CREATE, ALTER, DROP


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("create role x identified externally", 3001),
        ("create role x identified globally", 3001),
        ("create role x identified", 924),
        ("create role x identified by", 988),
        ("create role x identified using", 28101),
        ("create role x not identified or so", 922),
        ("create role x container = all", 65050),
        ("create role system", 1921),
        ("create role public", 1921),
        ("create role c##x", 65094),
        ('create role "postgres"', 3001),
        ('create role "$S1"', 3001),
        ('create role "SELECT ANY TABLE"', 3001),
        ("create role", 1937),
        ("alter role nobody not identified", 1919),
        ("alter role dba", 922),
        ("drop role dba", 28050),
        ("alter user system default role nobody", 1919),
        ("alter user system default role connect", 1955),
        ("alter user system default role all except connect", 1955),
        ("create user x no authentication default role none", 1954),
        ("set role nobody", 1919),
        ("set role connect", 1924),
        ("set role all except connect", 1924),
        ("set role dba resource", 922),
        ("set role", 1937),
    ],
)
def test_refused(system: EngineSession, sql: Sql, statement: str, code: int) -> None:
    assert sql.refused(system, statement).code == code


def test_how_a_role_is_enabled_is_told_and_altered(
    system: EngineSession, sql: Sql, new_role: Callable[..., str]
) -> None:
    told = "select authentication_type, password_required, oracle_maintained, common from dba_roles where role = :r"
    package = "select schema, package from dba_application_roles where role = :r"
    role = new_role("not identified container = current")
    assert sql.rows(system, told, r=role) == [("NONE", "NO", "N", "NO")]
    system.execute(f"alter role {role} identified using guards.guard")
    assert sql.rows(system, told, r=role) == [("APPLICATION", "YES", "N", "NO")]
    assert sql.rows(system, package, r=role) == [("GUARDS", "GUARD")]
    system.execute(f"alter role {role} identified by sesame")
    assert sql.rows(system, told, r=role) == [("PASSWORD", "YES", "N", "NO")]
    assert sql.rows(system, package, r=role) == []
    system.execute(f"alter role {role} not identified")
    assert sql.rows(system, told, r=role) == [("NONE", "NO", "N", "NO")]


def test_a_role_is_its_creators_with_admin_option_and_by_the_creators_rule_a_default(
    system: EngineSession, connect: Any, sql: Sql, new_user: Callable[..., str]
) -> None:
    maker = new_user("CREATE ROLE")
    session = connect(maker)
    held = "select granted_role, admin_option, default_role from user_role_privs order by 1"
    session.execute(f"create role {maker}_a")
    system.execute(f"alter user {maker} default role none")
    session.execute(f"create role {maker}_b identified using x.y")
    assert sql.rows(session, held) == [(f"{maker}_A", "YES", "NO"), (f"{maker}_B", "YES", "NO")]
    system.execute(f"alter user {maker} default role all")
    session.execute(f"create role {maker}_c")
    assert sql.rows(session, held)[2] == (f"{maker}_C", "YES", "YES")
    assert enabled(session) == set(), "a role that is granted is enabled by SET ROLE or the next log-on [D]"
    session.execute(f"alter role {maker}_c identified by x")
    session.execute(f"drop role {maker}_c")
    stranger = connect(new_user("CREATE ROLE"))
    assert sql.refused(stranger, f"alter role {maker}_a identified by x").code == 1031
    assert sql.refused(stranger, f"drop role {maker}_a").code == 1031


def test_a_dropped_role_leaves_nothing(
    system: EngineSession, owner: EngineSession, connect: Any, sql: Sql, new_user: Any, new_role: Any
) -> None:
    owner.execute("create table t (id number)")
    user = new_user()
    role, outer = new_role(to=user), new_role(to=user)
    system.execute(f"grant {role} to {outer}")
    owner.execute(f"grant select on t to {role}")
    system.execute(f"alter user {user} grant connect through system with role {role}")
    session = connect(user)
    assert enabled(session) == {role, outer}
    system.execute(f"drop role {role}")
    for query in (
        "select 1 from dba_roles where role = :r",
        "select 1 from dba_role_privs where :r in (grantee, granted_role)",
        "select 1 from dba_tab_privs where grantee = :r",
        "select 1 from proxy_roles where role = :r",
    ):
        assert sql.rows(system, query, r=role) == []
    system.execute(f"create role {role}")
    owner.execute(f"grant select on t to {role}")
    assert enabled(session) == {outer}
    assert sql.refused(session, f"select * from {owner.user}.t").code == 942


def test_secure_roles_are_granted_to_users_only(
    system: EngineSession, sql: Sql, new_user: Any, new_role: Callable[..., str]
) -> None:
    secure, password, plain, other = (new_role(how) for how in ("identified using a.b", "identified by x", "", ""))
    for role in (secure, password):
        system.execute(f"grant {role} to {new_user()}")
        for grantee in (plain, secure, password):
            assert sql.refused(system, f"grant {role} to {grantee}").code == 28405
    system.execute(f"grant {plain} to {secure}")
    system.execute(f"grant {plain} to {other}")
    assert sql.refused(system, f"alter role {plain} identified using a.b").code == 28404
    assert sql.refused(system, f"grant {plain} to {other} with delegate option").code == 28709
    assert sql.refused(system, f"grant {plain} to {plain}").code == 1934


# Default roles


def test_default_roles_count_from_the_next_log_on(
    system: EngineSession, connect: Any, sql: Sql, new_user: Any, new_role: Any
) -> None:
    user = new_user()
    a, b = new_role(to=user), new_role(to=user)
    default = "select granted_role from dba_role_privs where grantee = :u and default_role = 'YES' order by 1"
    before = connect(user)
    for clause, expected in (
        ("all", {a, b}),
        (f"all except {a}", {b}),
        ("none", set()),
        (f"{a}", {a}),
        (f"{a}, {b}", {a, b}),
    ):
        system.execute(f"alter user {user} default role {clause}")
        assert {role for (role,) in sql.rows(system, default, u=user)} == expected
        assert enabled(connect(user)) == expected
    system.execute(f"alter user {user} default role none")
    assert enabled(before) == {a, b}


@pytest.mark.parametrize(("rule", "expected"), [("all", "YES"), ("all except {}", "YES"), ("none", "NO"), ("{}", "NO")])
def test_a_role_granted_later_is_a_default_by_the_rule(
    system: EngineSession, sql: Sql, new_user: Any, new_role: Any, rule: str, expected: str
) -> None:
    user = new_user()
    system.execute(f"alter user {user} default role {rule.format(new_role(to=user))}")
    later = new_role(to=user)
    query = "select default_role from dba_role_privs where grantee = :u and granted_role = :r"
    assert sql.one(system, query, u=user, r=later) == expected


@pytest.mark.parametrize("identified", ["identified by sesame", "identified using a.b"])
def test_a_secure_default_role_is_not_enabled_at_log_on(
    system: EngineSession, connect: Any, sql: Sql, new_user: Any, new_role: Any, identified: str
) -> None:
    user = new_user()
    role = new_role(identified, to=user)
    inner = new_role()
    system.execute(f"grant {inner} to {role}")
    for clause in ("all", role):
        system.execute(f"alter user {user} default role {clause}")
        query = "select default_role from dba_role_privs where grantee = :u and granted_role = :r"
        assert sql.one(system, query, u=user, r=role) == "YES"
        assert enabled(connect(user)) == set()


# SET ROLE


def test_a_list_replaces_all_takes_all_and_none_takes_none(
    system: EngineSession, connect: Any, sql: Sql, new_user: Any, new_role: Any
) -> None:
    user = new_user()
    a, b, inner = new_role(to=user), new_role(to=user), new_role()
    system.execute(f"grant {inner} to {b}")
    new_role("identified by sesame", to=user)
    new_role("identified using a.b", to=user)
    session = connect(user)
    for text, expected in (
        (a, {a}),
        (b, {b, inner}),
        (inner, {inner}),
        (f"{a}, {b}", {a, b, inner}),
        ("none", set()),
        ("all", {a, b, inner}),
        (f"all except {b}", {a}),
    ):
        session.execute(f"set role {text}")
        assert enabled(session) == expected, text
        session.execute("set role none")
        session.execute(f"begin dbms_session.set_role('{text}'); end;")
        assert enabled(session) == expected, text
    assert sql.refused(session, f"set role all except {inner}").code == 1924, "EXCEPT takes direct grants only [D]"
    assert sql.refused(session, f"set role {a}, dba").code == 1924
    assert enabled(session) == {a}, "a refused SET ROLE changes nothing"
    session.execute("set role none")
    system.execute(f"grant {new_role()} to {b}")
    session.rollback()
    assert enabled(session) == set()


def test_password_roles(connect: Any, sql: Sql, new_user: Any, new_role: Any) -> None:
    user = new_user()
    role, plain = new_role("identified by Sesame", to=user), new_role(to=user)
    session = connect(user)
    for text in (role, f"{role} identified by sesame", f"{plain} identified by Sesame, {role}"):
        assert sql.refused(session, f"set role {text}").code == 1979
    session.execute(f'set role {role} identified by "Sesame", {plain}')
    assert enabled(session) == {role, plain}


@pytest.mark.parametrize(("identified", "code"), [("identified by x", 1979), ("identified using a.b", 28201)])
def test_set_role_all_enables_no_secure_role(
    database: EngineDatabase, connect: Any, sql: Sql, new_user: Any, new_role: Any, identified: str, code: int
) -> None:
    """That it cannot is [D]; whether it leaves them out or fails is [U]."""
    user = new_user()
    plain, secure = new_role(to=user), new_role(identified, to=user)
    session = connect(user)
    session.execute("set role all")
    assert enabled(session) == {plain}
    database.settings.apply({"set_role_all": "fail"})
    assert sql.refused(session, "set role all").code == code
    session.execute(f"set role all except {secure}")
    database.settings.apply({"set_role_all": "leave out"})
    assert enabled(session) == {plain}


def test_a_wrong_switch_is_refused_by_name(database: EngineDatabase) -> None:
    for changes, text in (
        ({"nope": 1}, "unknown database switch 'nope'"),
        ({"set_role_all": "x"}, "does not take 'x'"),
    ):
        with pytest.raises(ValueError, match=text):
            database.settings.apply({"inner_roles_by_name": True, **changes})
    assert database.settings.inner_roles_by_name is False


def test_a_grant_of_a_role_counts_from_the_next_set_role_and_of_a_privilege_at_once(
    system: EngineSession, owner: EngineSession, connect: Any, sql: Sql, new_user: Any, new_role: Any
) -> None:
    owner.execute("create table t (id number)")
    user = new_user()
    role, inner = new_role(to=user), new_role()
    owner.execute(f"grant select on t to {inner}")
    session = connect(user)
    read = f"select count(*) from {owner.user}.t"
    system.execute(f"grant {inner} to {role}")
    assert sql.refused(session, read).code == 942
    session.execute(f"set role {role}")
    assert sql.one(session, read) == 0
    system.execute(f"revoke {inner} from {role}")
    system.execute(f"revoke {role} from {user}")
    assert sql.one(session, read) == 0, "enabled roles stay so until the next SET ROLE [D]"
    owner.execute(f"revoke select on t from {inner}")
    assert sql.refused(session, read).code == 942
    session.execute("set role all")
    assert enabled(session) == set()


def test_at_most_148_roles_are_enabled(
    system: EngineSession, connect: Any, sql: Sql, new_user: Any, new_role: Any
) -> None:
    user = new_user()
    system.execute(f"alter user {user} default role none")
    outer = new_role(to=user)
    for at in range(148):
        system.execute(f"create role {outer}_{at}")
        system.execute(f"grant {outer}_{at} to {outer}")
    session = connect(user)
    try:
        assert sql.refused(session, f"set role {outer}").code == 28031
        system.execute(f"revoke {outer}_0 from {outer}")
        session.execute(f"set role {outer}")
        assert len(enabled(session)) == 148
    finally:  # they are SYSTEM's too, whose other sessions could log on no more
        for at in range(148):
            system.execute(f"drop role {outer}_{at}")


# Secure application roles


def test_only_its_package_enables_a_secure_role(
    system: EngineSession, connect: Any, sql: Sql, new_user: Any, new_role: Any, guard: str
) -> None:
    user = new_user()
    role = new_role(f"identified using {guard}", to=user)
    helper = guard.replace("guard", "helper")
    session = connect(user)
    for text in (
        f"set role {role}",
        f"begin dbms_session.set_role('{role}'); end;",
        f"begin execute immediate 'set role {role}'; end;",
        f"begin {helper}('{role}'); end;",
    ):
        assert sql.refused(session, text).code == 28201, text
        assert enabled(session) == set()
    for procedure in ("enable", "dynamic", "through"):
        session.execute(f"begin {guard}.{procedure}('{role}'); end;")
        assert enabled(session) == {role}, "the package is on the calling stack [D]"
        session.execute(f"begin {guard}.{procedure}('none'); end;")
    session.execute(f"begin {guard}.enable('{role}'); end;")
    assert sql.refused(session, f"set role {role}").code == 28201
    session.execute("set role all")
    assert enabled(session) == set()
    assert sql.refused(connect(new_user()), f"begin {guard}.enable('{role}'); end;").code == 1924


def test_a_role_within_a_secure_role_is_not_enabled_by_its_name(
    database: EngineDatabase,
    system: EngineSession,
    connect: Any,
    sql: Sql,
    new_user: Any,
    new_role: Any,
    guard: str,
) -> None:
    """[M]: a user's report of 12.1; before that it was a way around the package."""
    user = new_user()
    role, inner = new_role(f"identified using {guard}", to=user), new_role()
    system.execute(f"grant {inner} to {role}")
    session = connect(user)
    assert sql.refused(session, f"set role {inner}").code == 1924
    database.settings.apply({"inner_roles_by_name": True})
    session.execute(f"set role {inner}")
    assert enabled(session) == {inner}
    assert sql.refused(session, f"set role {role}").code == 28201
    database.settings.apply({"inner_roles_by_name": False})
    session.execute(f"begin {guard}.enable('{role}'); end;")
    assert enabled(session) == {role, inner}
    system.execute(f"grant {inner} to {user}")
    session.execute(f"set role {inner}")
    assert enabled(session) == {inner}


def test_no_role_is_set_below_definers_rights(
    system: EngineSession, connect: Any, sql: Sql, new_user: Any, new_role: Any, guard: str
) -> None:
    user = new_user()
    role = new_role(f"identified using {guard}", to=user)
    door = f"{guard}_door"
    system.execute(f"create procedure {door}(p varchar2) as begin {guard}.enable(p); end;")
    system.execute(f"grant execute on {door} to {user}")
    own = new_role("", to=user)
    session = connect(user)
    for name in (role, own, "none", "all"):
        assert sql.refused(session, f"begin {door}('{name}'); end;").code == 6565
    assert enabled(session) == {own}


def test_a_package_with_definers_rights_enables_nothing(
    system: EngineSession, connect: Any, sql: Sql, new_user: Any, new_role: Any
) -> None:
    user = new_user()
    system.execute(f"create procedure {user}.wrong authid definer as begin dbms_session.set_role('{user}_r'); end;")
    new_role(to=user)
    system.execute(f"create role {user}_r identified using {user}.wrong")
    system.execute(f"grant {user}_r to {user}")
    assert sql.refused(connect(user), "begin wrong; end;").code == 6565


def test_what_is_enabled_is_told(system: EngineSession, connect: Any, sql: Sql, new_user: Any, new_role: Any) -> None:
    user = new_user("CREATE PROCEDURE")
    role = new_role(to=user)
    held = new_role("identified by x", to=user)
    system.execute(f"grant create table to {held}")
    session = connect(user)
    ask = "begin :r := case when {}dbms_session.{}('{}') then 'yes' else 'no' end; end;"

    def told(function: str, name: str) -> Any:
        return session.execute(ask.format("", function, name), sql.binds({"r": None})).out["R"]

    for function in ("is_role_enabled", "session_is_role_enabled", "current_is_role_enabled"):
        assert [told(function, name) for name in (role, role.lower(), held, "nobody")] == ["yes", "yes", "no", "no"]
    session.execute(
        "create function seen(p varchar2) return varchar2 is n number; begin"
        " select count(*) into n from session_roles;"
        " return n || case when dbms_session.session_is_role_enabled(p) then 's' end"
        " || case when dbms_session.is_role_enabled(p) then 'c' end; end;"
    )
    out = session.execute(f"begin :r := seen('{role}'); end;", sql.binds({"r": None})).out
    assert out["R"] == "0s", "with definer's rights roles are not enabled"
    assert sql.rows(session, "select privilege from session_privs order by 1") == [
        ("CREATE PROCEDURE",),
        ("CREATE SESSION",),
    ]
    assert sql.rows(session, "select role, privilege from role_sys_privs") == [(held, "CREATE TABLE")]


def test_an_autonomous_transaction_has_the_roles_of_now(
    system: EngineSession, owner: EngineSession, connect: Any, sql: Sql, new_user: Any, new_role: Any
) -> None:
    owner.execute("create table t (id number)")
    user = new_user("CREATE PROCEDURE")
    role = new_role(to=user)
    owner.execute(f"grant select on t to {role}")
    session = connect(user)
    session.execute(
        "create procedure look authid current_user is pragma autonomous_transaction; n number; begin"
        f" execute immediate 'select count(*) from {owner.user}.t' into n; end;"
    )
    session.execute("begin look; end;")
    session.execute("set role none")
    assert sql.refused(session, "begin look; end;").code == 942
    session.execute(f"set role {role}")
    session.execute("begin look; end;")


def test_parsing_judges_by_the_enabled_roles(
    database: EngineDatabase,
    system: EngineSession,
    owner: EngineSession,
    sql: Sql,
    new_user: Any,
    new_role: Any,
    guard: str,
) -> None:
    """A check account connects through to the schema, has a guard enable roles, and parses without running."""
    owner.execute("create table t (id number, pay number)")
    owner.execute("create sequence s")
    schema, checker = new_user(), new_user()
    role = new_role(f"identified using {guard}", to=schema)
    owner.execute(f"grant select, update (id) on t to {role}")
    system.execute(f"alter user {schema} grant connect through {checker}")
    session = database.open_session(schema, proxy_user=checker)
    read, write = f"select id from {owner.user}.t where id = :1", f"update {owner.user}.t set id = :a"

    def refusal(text: str) -> int | None:
        with pytest.raises(Exception, match="ORA-") as caught:
            session.parse(text)
        return getattr(caught.value, "code", None)

    assert (refusal(read), refusal(write)) == (942, 942)
    session.execute(f"begin {guard}.enable('{role}'); end;")
    columns = session.parse(read)
    assert columns is not None
    assert [column.name for column in columns] == ["ID"]
    assert session.parse(write) is None
    assert refusal(f"update {owner.user}.t set pay = 1") == 1031
    assert refusal(f"delete from {owner.user}.t") == 1031
    assert refusal(f"select {owner.user}.s.nextval from dual") in (942, 2289)
    assert sql.one(owner, "select count(*) from t") == 0
    block = f"declare n number; begin select count(*) into n from {owner.user}.t where id = :1; end;"
    assert session.parse(block) is None
    session.execute(f"begin {guard}.enable('none'); end;")
    assert (refusal(read), refusal(block)) == (942, 6550)
    session.close()


def test_parsing_a_block_compiles_it(
    system: EngineSession, owner: EngineSession, connect: Any, sql: Sql, new_user: Any
) -> None:
    system.execute(
        f"create package {owner.user}.p as type t_list is table of number index by pls_integer;"
        " procedure takes(l t_list); end;"
    )
    stranger = connect(new_user())
    with pytest.raises(OracleError, match="PLS-00201"):
        stranger.parse(f"begin {owner.user}.p.takes(:l); end;")
    assert owner.parse("begin p.takes(:l); end;") is None, "what a bind is shows when it is bound"
    with pytest.raises(OracleError, match="PLS-00306"):
        owner.parse("begin p.takes(1); end;")
    with pytest.raises(OracleError, match="ORA-06550"):
        owner.parse("begin nonsense end;")
