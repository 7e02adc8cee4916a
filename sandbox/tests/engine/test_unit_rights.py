"""Whose privileges, roles and names count inside stored units.

PL/SQL Language Reference, "Invoker's Rights and Definer's Rights (AUTHID Property)" [D].
"""

# ruff: noqa: S608 - texts are made of names that the tests chose

from collections.abc import Callable
from typing import Any

import pytest

from oracleapi_sandbox.oracle.engine.session import EngineSession


@pytest.fixture
def lent(author: EngineSession, caller: EngineSession, system: EngineSession, units: Any) -> str:
    """Units that say where they are, and a table of the same name in both schemas; returns the author."""
    body = "w varchar2(40); begin select max(w) into w from t; return w || ' as ' || {who}; end;"
    who = "sys_context('userenv', 'current_user') || '/' || sys_context('userenv', 'current_schema') || '/' || user"
    system.execute(f"grant create table to {caller.user}")
    for session, text in ((author, "author's"), (caller, "caller's")):
        units.create(session, "create table t (w varchar2(40))")
        session.execute(f"insert into t values (q'[{text}]')")
        session.commit()
    units.create(
        author,
        "create function d return varchar2 is " + body.format(who=who),
        "create function i return varchar2 authid current_user is " + body.format(who=who),
        "create function di return varchar2 is begin return i; end;",
        "create function id return varchar2 authid current_user is begin return d; end;",
    )
    for name in ("d", "i", "di", "id"):
        author.execute(f"grant execute on {name} to {caller.user}")
    return author.user


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("d", "author's as {a}/{a}/{c}"),
        ("i", "caller's as {c}/{c}/{c}"),
        ("di", "author's as {a}/{a}/{c}"),
        ("id", "author's as {a}/{a}/{c}"),
    ],
)
def test_names_and_users_within_each_other(lent: str, caller: EngineSession, units: Any, name: str, seen: str) -> None:
    assert units.value(caller, f"{lent}.{name}") == seen.format(a=lent, c=caller.user)


def test_the_current_schema_moves_names_and_not_rights(lent: str, caller: EngineSession, units: Any) -> None:
    caller.execute(f"alter session set current_schema = {lent}")
    assert units.value(caller, "d").startswith("author's")
    assert "ORA-00942" in units.refused(caller, "begin dbms_output.put_line(i); end;")
    assert units.value(caller, "di").startswith("author's")


def test_ddl_is_run_by_whoever_is_the_current_user(
    lent: str, author: EngineSession, caller: EngineSession, connect: Any, system: EngineSession, units: Any
) -> None:
    make = "{}(n varchar2) authid {} is begin execute immediate 'create table ' || n || ' (x number)'; end;"
    units.create(
        author,
        f"create procedure {make.format('mk', 'definer')}",
        f"create procedure {make.format('mki', 'current_user')}",
    )
    for name in ("mk", "mki"):
        author.execute(f"grant execute on {name} to {caller.user}")
    caller.execute(f"begin {lent}.mk('made'); {lent}.mki('made'); end;")
    owners = system.execute("select owner from dba_tables where table_name = 'MADE' order by owner")
    assert sorted(owners.rows) == sorted([(lent,), (caller.user,)])
    role = f"R_{lent}"
    system.execute(f"create role {role}")
    system.execute(f"grant create table to {role}")
    system.execute(f"grant {role} to {lent}")
    system.execute(f"revoke create table from {lent}")
    with_role = connect(lent)
    with_role.execute("begin mki('by_role'); end;")
    assert "ORA-01031" in units.refused(with_role, "begin mk('by_right'); end;")


def test_roles_are_off_in_definers_rights(
    author: EngineSession, connect: Callable[..., EngineSession], system: EngineSession, units: Any
) -> None:
    role = f"R_{author.user}"
    system.execute(f"create role {role}")
    system.execute(f"grant {role} to {author.user}")
    body = (
        "r varchar2(100); begin select listagg(role, ',') within group (order by role) into r from session_roles;"
        f" return r || case when dbms_session.is_role_enabled('{role}') then '+' else '-' end; end;"
    )
    units.create(
        author,
        f"create function seen_d return varchar2 is {body}",
        f"create function seen_i return varchar2 authid current_user is {body}",
        "create function seen_di return varchar2 is begin return seen_i; end;",
    )
    again = connect(author.user)
    assert units.value(again, "seen_i || seen_d || seen_di || seen_i") == f"{role}+--{role}+"


def test_execute_through_a_role_counts_where_roles_do(
    author: EngineSession, caller: EngineSession, connect: Any, system: EngineSession, units: Any
) -> None:
    role = f"R_{author.user}"
    system.execute(f"create role {role}")
    system.execute(f"grant {role}, create procedure to {caller.user}")
    units.create(author, "create function f return number is begin return 1; end;")
    author.execute(f"grant execute on f to {role}")
    with_role = connect(caller.user)
    assert units.value(with_role, f"{author.user}.f") == "1"
    assert with_role.execute(f"create function g return number is begin return {author.user}.f; end;").warned
    assert units.errors(with_role, "G")[0][2] == f"PLS-00201: identifier '{author.user}.F' must be declared"
    author.execute(f"grant execute on f to {caller.user}")
    assert units.value(with_role, "g") == "1"


def test_a_privilege_that_is_revoked_makes_units_invalid(
    author: EngineSession, caller: EngineSession, system: EngineSession, units: Any
) -> None:
    system.execute(f"grant create procedure to {caller.user}")
    units.create(
        author,
        "create function f return number is begin return 1; end;",
        "create table pay (id number)",
    )
    author.execute(f"grant execute on f to {caller.user}")
    author.execute(f"grant select on pay to {caller.user}")
    units.create(
        caller,
        f"create function g return number is begin return {author.user}.f; end;",
        f"create function h return number is n number; begin select count(*) into n from {author.user}.pay; return n;"
        " end;",
    )
    author.execute(f"revoke execute on f from {caller.user}")
    author.execute(f"revoke select on pay from {caller.user}")
    for name in ("G", "H"):
        assert units.status(caller, name) == {"FUNCTION": "INVALID"}
        said = units.refused(caller, f"begin dbms_output.put_line({name}); end;")
        assert f"PLS-00905: object {caller.user}.{name} is invalid" in said
    author.execute("grant execute on f to public")
    author.execute("grant select on pay to public")
    assert units.value(caller, "g + h") == "1"


def test_system_privileges_on_units(
    author: EngineSession, caller: EngineSession, system: EngineSession, units: Any
) -> None:
    units.create(author, "create function f return number is begin return 1; end;")
    made = f"create procedure {author.user}.p is begin null; end;"
    for statement in (made, f"drop function {author.user}.f", f"alter function {author.user}.f compile"):
        assert units.refused(caller, statement).startswith(("ORA-01031", "ORA-04043")), statement
    system.execute(f"grant execute any procedure to {caller.user}")
    assert units.value(caller, f"{author.user}.f") == "1"
    assert "ORA-01031" in units.refused(caller, f"drop function {author.user}.f")
    system.execute(f"grant create any procedure, alter any procedure, drop any procedure to {caller.user}")
    caller.execute(made)
    caller.execute(f"alter procedure {author.user}.p compile")
    caller.execute(f"drop function {author.user}.f")
    assert units.status(author, "P") == {"PROCEDURE": "VALID"}
    assert units.status(author, "F") == {}


def test_synonyms_lead_to_units(
    author: EngineSession, caller: EngineSession, system: EngineSession, units: Any
) -> None:
    units.create(
        author,
        "create package p as g number := 1; e exception; subtype small is number(3); function f return number; end;",
        "create package body p as function f return number is begin return 4; end; end;",
    )
    system.execute(f"grant create synonym to {caller.user}")
    caller.execute(f"create synonym mine for {author.user}.p")
    system.execute(f"create public synonym p_{author.user} for {author.user}.p")
    assert "PLS-00201" in units.refused(caller, "begin mine.g := 2; end;")
    author.execute(f"grant execute on p to {caller.user}")
    text = f"mine.f + p_{author.user}.g; declare x mine.small := 1; begin raise mine.e; exception when mine.e then"
    assert units.value(caller, f"{text} :r := :r || 'e'; end") == "5e"
    assert list(caller.execute(f"select mine.f + p_{author.user}.f from dual").rows) == [(8,)]
    system.execute(f"drop public synonym p_{author.user}")
    assert "PLS-00201" in units.refused(caller, f"begin p_{author.user}.g := 2; end;")


def test_an_owner_that_was_dropped_and_made_again_is_another(
    new_user: Callable[..., str], caller: EngineSession, system: EngineSession, units: Any
) -> None:
    owner = new_user()
    text = "function {}.f return varchar2 is begin return sys_context('userenv', 'current_user') || '{}'; end;"
    for round_ in ("1", "2"):
        system.execute(f"create {text.format(owner, round_)}")
        system.execute(f"grant execute on {owner}.f to {caller.user}")
        assert units.value(caller, f"{owner}.f") == f"{owner}{round_}"
        system.execute(f"drop user {owner} cascade")
        assert "PLS-00201" in units.refused(caller, f"begin dbms_output.put_line({owner}.f); end;")
        system.execute(f"create user {owner} no authentication")


def test_subprograms_may_be_accessible_too(author: EngineSession, units: Any) -> None:
    units.create(
        author,
        "create package vault as procedure all_may; procedure one_may accessible by (procedure door); end;",
        "create package body vault as procedure all_may is begin one_may; end;"
        " procedure one_may accessible by (procedure door) is begin null; end; end;",
        "create procedure door is begin vault.one_may; vault.all_may; end;",
    )
    author.execute("begin door; vault.all_may; end;")
    said = units.refused(author, "begin vault.one_may; end;")
    assert "PLS-00904: insufficient privilege to access object ONE_MAY" in said
    assert author.execute("create procedure window is begin vault.one_may; end;").warned


def test_what_is_accessible_by_a_unit_is_not_so_in_its_dynamic_text(author: EngineSession, units: Any) -> None:
    units.create(
        author,
        "create procedure inside accessible by (package door) is begin null; end;",
        "create package door as procedure by_name; procedure by_text; end;",
        "create package body door as procedure by_name is begin inside; end;"
        " procedure by_text is begin execute immediate 'begin inside; end;'; end; end;",
    )
    author.execute("begin door.by_name; end;")
    said = units.refused(author, "begin door.by_text; end;")
    assert "PLS-00904: insufficient privilege to access object INSIDE" in said
