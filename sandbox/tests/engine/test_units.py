"""Stored units: whose rights they run with, what they keep, who may name them: PL/SQL Language Reference [D]."""

# ruff: noqa: S608 - texts are made of names that the tests chose

import pytest

from oracleapi_sandbox.oracle.engine.database import EngineDatabase
from oracleapi_sandbox.oracle.engine.session import EngineSession
from oracleapi_sandbox.oracle.ports import Bind, OracleError

COUNTER = """
create or replace package {owner}.counter as
  c_step constant pls_integer := 2;
  g_seen pls_integer := 40;
  e_over exception;
  procedure up;
  procedure up(p_by in number);
  function seen return number;
end counter;
"""
COUNTER_BODY = """
create or replace package body {owner}.counter as
  g_calls pls_integer := 0;
  function private_step return number is begin return c_step; end;
  procedure up is begin up(private_step); end;
  procedure up(p_by in number) is
  begin
    g_seen := g_seen + p_by;
    g_calls := g_calls + 1;
    if g_calls > 3 then raise e_over; end if;
  end;
  function seen return number is begin return g_seen; end;
begin
  g_seen := g_seen + 1;
end counter;
"""


def value(session: EngineSession, expression: str) -> object:
    """Return what a PL/SQL expression gives."""
    return session.execute(f"begin :r := {expression}; end;", {"R": Bind()}).out["R"]


def refused(session: EngineSession, statement: str) -> str:
    with pytest.raises(OracleError) as caught:
        session.execute(statement)
    return str(caught.value)


def status(session: EngineSession, name: str, kind: str | None = None) -> object:
    """Return whether the dictionary holds a unit for valid."""
    query = f"select status from user_objects where object_name = '{name}' and object_type = nvl(:k, object_type)"
    ((found,),) = session.execute(query, {"K": Bind(kind)}).rows
    return found


def create(session: EngineSession, *texts: str) -> None:
    for text in texts:
        session.execute(text.replace("{owner}", session.user).strip())


# Packages


def test_a_package_keeps_its_state_for_the_session_and_for_nobody_else(
    author: EngineSession, database: EngineDatabase
) -> None:
    create(author, COUNTER, COUNTER_BODY)
    author.execute("begin counter.up; counter.up(p_by => 5); end;")
    assert value(author, "counter.seen") == "48"
    assert value(author, "counter.g_seen + counter.c_step") == "50"
    other = database.open_session(author.user)
    assert value(other, "counter.seen()") == "41"
    other.close()
    author.execute("begin dbms_session.reset_package; end;")
    assert value(author, "counter.seen") == "41"


def test_an_exception_of_a_package_is_caught_by_its_name_and_its_lines_are_told(author: EngineSession) -> None:
    create(author, COUNTER, COUNTER_BODY)
    text = "begin for i in 1 .. 9 loop counter.up; end loop; exception when counter.e_over then :r := 'over'; end;"
    assert author.execute(text, {"R": Bind()}).out["R"] == "over"
    said = refused(author, "begin counter.up; end;")
    assert "ORA-06510" in said
    assert f'ORA-06512: at "{author.user}.COUNTER", line 9' in said
    assert f'ORA-06512: at "{author.user}.COUNTER", line 4' in said
    assert "ORA-06512: at line 1" in said


def test_what_a_body_alone_declares_is_not_seen(author: EngineSession) -> None:
    create(author, COUNTER, COUNTER_BODY)
    assert "PLS-00302" in refused(author, "begin dbms_output.put_line(counter.private_step); end;")
    assert "PLS-00302" in refused(author, "declare x number := counter.g_calls; begin null; end;")
    assert "PLS-00363" in refused(author, "begin counter.c_step := 1; end;")


def test_public_variables_are_assigned_from_outside(author: EngineSession) -> None:
    create(author, COUNTER, COUNTER_BODY)
    author.execute("begin counter.g_seen := 7; counter.up; end;")
    assert value(author, "counter.seen") == "9"


def test_types_of_a_package_are_used_outside(author: EngineSession) -> None:
    create(
        author,
        """create package {owner}.shapes as
             type t_pair is record (a number, b varchar2(10));
             type t_list is table of varchar2(10) index by varchar2(10);
             function make(p_a number) return t_pair;
           end;""",
        """create package body {owner}.shapes as
             function make(p_a number) return t_pair is r t_pair; begin r.a := p_a; r.b := 'b'; return r; end;
           end;""",
    )
    text = """declare p shapes.t_pair; l shapes.t_list;
              begin p := shapes.make(3); l('x') := p.b; :r := p.a || l('x') || shapes.make(4).a; end;"""
    assert author.execute(text, {"R": Bind()}).out["R"] == "3b4"


def test_a_specification_without_body_cannot_be_called(author: EngineSession) -> None:
    create(author, COUNTER)
    said = refused(author, "begin counter.up; end;")
    assert f'ORA-04067: not executed, package body "{author.user}.COUNTER" does not exist' in said
    assert "ORA-06508" in said
    assert value(author, "counter.g_seen") == "40"


def test_standalone_subprograms_and_out_arguments(author: EngineSession) -> None:
    create(
        author,
        "create function {owner}.twice(p number default 4) return number is begin return 2 * p; end twice;",
        "create procedure {owner}.split(p in varchar2, a out varchar2, b in out nocopy varchar2) is"
        " begin a := substr(p, 1, 1); b := b || substr(p, 2); end;",
    )
    assert value(author, f"twice(5) + twice + {author.user}.twice()") == "26"
    text = "declare a varchar2(9); b varchar2(9) := '-'; begin split(p => 'xyz', a => a, b => b); :r := a || b; end;"
    assert author.execute(text, {"R": Bind()}).out["R"] == "x-yz"


def test_units_are_replaced_dropped_and_taken(author: EngineSession) -> None:
    create(author, "create function {owner}.f return number is begin return 1; end;")
    assert "ORA-00955" in refused(author, f"create function {author.user}.f return number is begin return 2; end;")
    create(author, "create or replace function {owner}.f return number is begin return 2; end;")
    assert value(author, "f") == "2"
    author.execute("drop function f")
    assert "PLS-00201" in refused(author, "begin dbms_output.put_line(f); end;")
    assert "ORA-04043" in refused(author, "drop function f")


def test_a_unit_that_does_not_compile_is_there_with_its_errors(author: EngineSession) -> None:
    made = author.execute("create procedure wrong is begin nothing(1); null; other; end;")
    assert made.warned
    rows = list(author.execute("select line, position, text from user_errors where name = 'WRONG'").rows)
    assert rows == [
        (1, 26, "PLS-00201: identifier 'NOTHING' must be declared"),
        (1, 26, "PL/SQL: Statement ignored"),
        (1, 44, "PLS-00201: identifier 'OTHER' must be declared"),
        (1, 44, "PL/SQL: Statement ignored"),
    ]
    assert status(author, "WRONG") == "INVALID"
    said = refused(author, "begin wrong; end;")
    assert f"PLS-00905: object {author.user}.WRONG is invalid" in said
    create(
        author,
        "create procedure {owner}.nothing(p number) is begin null; end;",
        "create procedure {owner}.other is begin null; end;",
    )
    author.execute("begin wrong; end;")
    assert status(author, "WRONG") == "VALID"
    assert list(author.execute("select * from user_errors where name = 'WRONG'").rows) == []


# Rights


def test_creating_and_executing_need_their_rights(author: EngineSession, caller: EngineSession) -> None:
    create(author, "create function {owner}.f return number is begin return 1; end;")
    assert "ORA-01031" in refused(caller, "create function g return number is begin return 1; end;")
    assert "PLS-00201" in refused(caller, f"begin dbms_output.put_line({author.user}.f); end;")
    author.execute(f"grant execute on f to {caller.user}")
    assert value(caller, f"{author.user}.f") == "1"
    author.execute(f"revoke execute on f from {caller.user}")
    assert "PLS-00201" in refused(caller, f"begin dbms_output.put_line({author.user}.f); end;")


@pytest.fixture
def two_rights(author: EngineSession, caller: EngineSession) -> str:
    """Two functions that count rows of the author's table: with definer's and with invoker's rights."""
    create(
        author,
        "create table {owner}.secret (id number)",
        "create function {owner}.mine return number authid definer is n number;"
        " begin select count(*) into n from secret; return n; end;",
        "create function {owner}.yours return number authid current_user is n number;"
        f" begin execute immediate 'select count(*) from {author.user}.secret' into n; return n; end;",
    )
    for name in ("mine", "yours"):
        author.execute(f"grant execute on {name} to {caller.user}")
    author.execute("insert into secret values (1)")
    author.commit()
    return author.user


def test_definers_rights_lend_what_the_owner_may_and_invokers_do_not(
    caller: EngineSession, two_rights: str, author: EngineSession
) -> None:
    assert value(caller, f"{two_rights}.mine") == "1"
    assert "ORA-00942" in refused(caller, f"begin dbms_output.put_line({two_rights}.yours); end;")
    author.execute(f"grant select on secret to {caller.user}")
    assert value(caller, f"{two_rights}.yours") == "1"
    assert "ORA-00942" in refused(caller, "select * from secret")


def test_roles_count_for_invokers_rights_only(
    system: EngineSession, author: EngineSession, caller: EngineSession, two_rights: str, database: EngineDatabase
) -> None:
    role = f"R_{author.user}"
    system.execute(f"create role {role}")
    author.execute(f"grant select on secret to {role}")
    system.execute(f"grant {role} to {caller.user}")
    with_role = database.open_session(caller.user)
    assert value(with_role, f"{two_rights}.yours") == "1"
    system.execute(f"grant create procedure to {caller.user}")
    said = refused(
        with_role,
        f"begin execute immediate 'create function own return number is n number;"
        f" begin select count(*) into n from {author.user}.secret; return n; end;'; end;",
    )
    assert "ORA-24344" in said  # a role's privilege does not count in definer's rights
    with_role.close()


def test_who_is_who_inside(author: EngineSession, caller: EngineSession) -> None:
    create(
        author,
        "create function {owner}.who(p varchar2) return varchar2 is begin return sys_context('USERENV', p); end;",
    )
    author.execute(f"grant execute on who to {caller.user}")
    seen = [
        value(caller, f"{author.user}.who('{name}')") for name in ("SESSION_USER", "CURRENT_USER", "CURRENT_SCHEMA")
    ]
    assert seen == [caller.user, author.user, author.user]
    assert value(caller, "sys_context('USERENV', 'CURRENT_USER')") == caller.user


def test_an_error_inside_leaves_the_callers_rights(author: EngineSession, caller: EngineSession) -> None:
    create(
        author,
        "create table {owner}.t (id number primary key)",
        "create procedure {owner}.add(p number) is begin insert into t values (p); end;",
        "create procedure {owner}.gone is begin rollback; end;",
    )
    for name in ("add", "gone"):
        author.execute(f"grant execute on {name} to {caller.user}")
    caller.execute(f"begin {author.user}.add(1); end;")
    assert "ORA-00001" in refused(caller, f"begin {author.user}.add(1); end;")
    assert "ORA-00942" in refused(caller, f"select * from {author.user}.t")
    caller.execute(f"begin {author.user}.gone; end;")
    assert "ORA-00942" in refused(caller, f"select * from {author.user}.t")
    assert list(author.execute("select count(*) from t").rows) == [(0,)]


def test_only_the_listed_units_may_name_one_that_is_accessible_by_them(
    author: EngineSession, caller: EngineSession
) -> None:
    create(
        author,
        "create package {owner}.inner_one accessible by (package door) as function f return number; end;",
        "create package body {owner}.inner_one as function f return number is begin return 7; end; end;",
        "create package {owner}.door authid current_user as function f return number; end;",
        "create package body {owner}.door as function f return number is begin return inner_one.f; end; end;",
    )
    author.execute(f"grant execute on door to {caller.user}")
    author.execute(f"grant execute on inner_one to {caller.user}")
    assert "PLS-00904" in refused(author, "begin dbms_output.put_line(inner_one.f); end;")
    assert "PLS-00904" in refused(caller, f"begin dbms_output.put_line({author.user}.inner_one.f); end;")
    assert value(author, "door.f") == "7"


def test_an_invokers_unit_without_rights_on_what_it_calls_fails(author: EngineSession, caller: EngineSession) -> None:
    create(
        author,
        "create function {owner}.inner_f return number is begin return 7; end;",
        "create function {owner}.outer_f return number authid current_user is begin return inner_f; end;",
    )
    author.execute(f"grant execute on outer_f to {caller.user}")
    assert value(author, "outer_f") == "7"


# Secure application roles


@pytest.fixture
def guarded(system: EngineSession, author: EngineSession, caller: EngineSession) -> tuple[str, str]:
    """A role that package GUARD enables, granted to the caller; returns the author and the role."""
    role = f"APP_{author.user}"
    create(
        author,
        "create table {owner}.pay (id number)",
        "create package {owner}.guard authid current_user as procedure let_in(p varchar2); end;",
        "create package body {owner}.guard as procedure let_in(p varchar2) is"
        " begin dbms_session.set_role(p); end; end;",
        "create procedure {owner}.definer_door(p varchar2) is begin guard.let_in(p); end;",
        "create procedure {owner}.other_door(p varchar2) authid current_user is begin dbms_session.set_role(p); end;",
    )
    system.execute(f"create role {role} identified using {author.user}.guard")
    system.execute(f"grant select on {author.user}.pay to {role}")
    system.execute(f"grant {role} to {caller.user}")
    for name in ("guard", "definer_door", "other_door"):
        author.execute(f"grant execute on {name} to {caller.user}")
    return author.user, role


def test_a_secure_role_is_enabled_by_its_package_only(caller: EngineSession, guarded: tuple[str, str]) -> None:
    author, role = guarded
    read = f"select count(*) from {author}.pay"
    assert "ORA-00942" in refused(caller, read)
    for text in (
        f"set role {role}",
        f"begin dbms_session.set_role('{role}'); end;",
        f"begin {author}.other_door('{role}'); end;",
        "begin execute immediate 'set role " + role + "'; end;",
    ):
        assert "ORA-28201" in refused(caller, text), text
    assert "ORA-00942" in refused(caller, read)
    caller.execute(f"begin {author}.guard.let_in('\"{role}\"'); end;")
    assert list(caller.execute(read).rows) == [(0,)]
    assert list(caller.execute("select role from session_roles").rows) == [(role,)]
    caller.execute(f"begin {author}.guard.let_in('NONE'); end;")
    assert "ORA-00942" in refused(caller, read)


def test_no_role_is_enabled_below_definers_rights(caller: EngineSession, guarded: tuple[str, str]) -> None:
    author, role = guarded
    assert "ORA-06565" in refused(caller, f"begin {author}.definer_door('{role}'); end;")


# Contexts and transactions


def test_a_context_is_set_by_its_package_only(
    system: EngineSession, author: EngineSession, caller: EngineSession
) -> None:
    create(
        author,
        "create package {owner}.ctx_pkg as procedure put(p varchar2); procedure wipe; end;",
        "create package body {owner}.ctx_pkg as"
        f" procedure put(p varchar2) is begin dbms_session.set_context('CTX_{author.user}', 'who', p); end;"
        f" procedure wipe is begin dbms_session.clear_context('CTX_{author.user}'); end; end;",
    )
    system.execute(f"create context ctx_{author.user} using {author.user}.ctx_pkg")
    author.execute(f"grant execute on ctx_pkg to {caller.user}")
    read = f"select sys_context('ctx_{author.user}', 'WHO') from dual"
    assert list(caller.execute(read).rows) == [(None,)]
    assert "ORA-01031" in refused(caller, f"begin dbms_session.set_context('CTX_{author.user}', 'who', 'x'); end;")
    caller.execute(f"begin {author.user}.ctx_pkg.put('alice'); end;")
    assert list(caller.execute(read).rows) == [("alice",)]
    caller.rollback()
    assert value(caller, f"sys_context('CTX_{author.user}', 'who')") == "alice"
    caller.execute(f"begin {author.user}.ctx_pkg.wipe; end;")
    assert list(caller.execute(read).rows) == [(None,)]


def test_an_autonomous_transaction_lasts_whatever_becomes_of_the_callers(
    author: EngineSession, caller: EngineSession
) -> None:
    create(
        author,
        "create table {owner}.log (text varchar2(20))",
        "create procedure {owner}.note(p varchar2) is pragma autonomous_transaction;"
        " begin insert into log values (p); commit; end;",
        "create procedure {owner}.forgets is pragma autonomous_transaction; begin insert into log values ('x'); end;",
    )
    author.execute(f"grant execute on note to {caller.user}")
    author.execute("insert into log values ('mine')")
    caller.execute(f"begin {author.user}.note('kept'); end;")
    author.execute("begin note('also'); end;")
    author.rollback()
    assert sorted(author.execute("select text from log").rows) == [("also",), ("kept",)]
    assert "ORA-06519" in refused(author, "begin forgets; end;")
    assert list(author.execute("select count(*) from log").rows) == [(2,)]
