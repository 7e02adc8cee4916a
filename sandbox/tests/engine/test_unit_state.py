"""What a session keeps of packages, and when it loses it: PL/SQL Language Reference, "Package State" [D]."""

from collections.abc import Callable
from typing import Any

import pytest

from oracleapi_sandbox.oracle.engine.session import EngineSession

STATE = "create or replace package keeper as g number := 1; function f(n number) return number; end;"
STATE_BODY = "create or replace package body keeper as function f(n number) return number is begin return n; end; end;"
PLAIN = "create or replace package plain as c constant number := 1; function f return number; end;"
PLAIN_BODY = "create or replace package body plain as function f return number is begin return {}; end; end;"


@pytest.fixture
def other(author: EngineSession, connect: Callable[..., EngineSession]) -> EngineSession:
    """A second session of the author's."""
    return connect(author.user)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (STATE_BODY, "package body"),
        (STATE.replace("1;", "2;"), "package"),
        ("alter package keeper compile body", "package body"),
        ("alter package keeper compile", "package"),
    ],
)
def test_state_of_a_package_that_was_compiled_anew_is_lost_with_an_error_once(
    author: EngineSession, other: EngineSession, units: Any, change: str, what: str
) -> None:
    units.create(author, STATE, STATE_BODY)
    other.execute("begin keeper.g := 50; end;")
    units.create(author, change)
    said = units.refused(other, "begin keeper.g := keeper.g + 1; end;")
    title = f"{author.user}.KEEPER"
    assert said.splitlines()[:4] == [
        "ORA-04068: existing state of packages has been discarded",
        f'ORA-04061: existing state of {what} "{title}" has been invalidated',
        f'ORA-04065: not executed, altered or dropped {what} "{title}"',
        f'ORA-06508: PL/SQL: could not find program unit being called: "{title}"',
    ]
    assert units.value(other, "keeper.g") in ("1", "2")


def test_the_session_that_compiles_loses_its_state_too(author: EngineSession, units: Any) -> None:
    units.create(author, STATE, STATE_BODY)
    author.execute("begin keeper.g := 50; end;")
    units.create(author, STATE_BODY)
    assert "ORA-04068" in units.refused(author, "begin keeper.g := keeper.g; end;")
    assert units.value(author, "keeper.g") == "1"


def test_a_package_whose_constants_are_literals_has_no_state_to_lose(
    author: EngineSession, other: EngineSession, units: Any
) -> None:
    units.create(author, PLAIN, PLAIN_BODY.format(1))
    assert units.value(other, "plain.f") == "1"
    units.create(author, PLAIN_BODY.format(2))
    assert units.value(other, "plain.f") == "2"


def test_whoever_handles_the_error_meets_it_again(author: EngineSession, other: EngineSession, units: Any) -> None:
    """State is discarded when nobody has handled the error. [M: a user's report]"""
    units.create(author, STATE, STATE_BODY)
    other.execute("begin keeper.g := 50; end;")
    units.create(author, STATE_BODY)
    for _ in range(2):
        with_handler = "nvl(null, 'x'); keeper.g := 1; exception when others then :r := sqlcode"
        assert units.value(other, with_handler) == "-4061"
    said = units.refused(other, "begin keeper.g := 1; exception when others then raise; end;")
    assert said.startswith("ORA-04068")
    assert units.value(other, "keeper.g") == "1"


def test_what_a_unit_uses_makes_it_invalid_and_it_is_compiled_when_it_is_used(
    author: EngineSession, other: EngineSession, units: Any
) -> None:
    units.create(
        author,
        "create table t (id number)",
        "create package shape as type rec is record (id t.id%type); end;",
        "create function f return number is r shape.rec; begin r.id := 3; return r.id; end;",
        "create procedure far is n number; begin n := f; end;",
    )
    assert units.value(other, "f") == "3"
    author.execute("alter table t add (more number)")
    assert units.status(author, "SHAPE") == {"PACKAGE": "INVALID"}
    assert units.status(author, "F") == {"FUNCTION": "INVALID"}
    assert units.status(author, "FAR") == {"PROCEDURE": "INVALID"}
    assert units.value(other, "f") == "3"
    assert units.status(author, "F") == {"FUNCTION": "VALID"}
    assert units.status(author, "FAR") == {"PROCEDURE": "INVALID"}


def test_a_body_that_changes_leaves_those_who_call_it_valid(author: EngineSession, units: Any) -> None:
    units.create(author, PLAIN, PLAIN_BODY.format(1), "create function g return number is begin return plain.f; end;")
    units.create(author, PLAIN_BODY.format(5))
    assert units.status(author, "G") == {"FUNCTION": "VALID"}
    assert units.value(author, "g") == "5"


def test_a_table_that_is_gone_makes_what_reads_it_fail_until_it_is_back(author: EngineSession, units: Any) -> None:
    units.create(
        author,
        "create table t (id number)",
        "create package reader as function n return number; end;",
        "create package body reader as function n return number is x number;"
        " begin select count(*) into x from t; return x; end; end;",
    )
    assert units.value(author, "reader.n") == "0"
    author.execute("drop table t")
    said = units.refused(author, "begin dbms_output.put_line(reader.n); end;")
    assert f'ORA-04063: package body "{author.user}.READER" has errors' in said
    assert f'ORA-06508: PL/SQL: could not find program unit being called: "{author.user}.READER"' in said
    assert ("PL/SQL: ORA-00942: table or view does not exist") in [each[2] for each in units.errors(author, "READER")]
    author.execute("create table t (id number)")
    assert units.value(author, "reader.n") == "0"
    assert units.status(author, "READER") == {"PACKAGE": "VALID", "PACKAGE BODY": "VALID"}


def test_a_synonym_that_leads_elsewhere_has_its_users_compiled_anew(author: EngineSession, units: Any) -> None:
    """So a guard is switched to another version of what decides."""
    units.create(
        author,
        "create function decide_v1 return number is begin return 1; end;",
        "create function decide_v2 return number is begin return 2; end;",
        "create synonym decide for decide_v1",
        "create function door return number is begin return decide; end;",
    )
    assert units.value(author, "door") == "1"
    author.execute("create or replace synonym decide for decide_v2")
    assert units.status(author, "DOOR") == {"FUNCTION": "INVALID"}
    assert units.value(author, "door") == "2"


def test_packages_may_call_each_other(author: EngineSession, units: Any) -> None:
    spec = "create package {} as function f(n number) return number; end;"
    body = (
        "create package body {} as function f(n number) return number is"
        " begin return case when n <= 0 then 0 else 1 + {}.f(n - 1) end; end; end;"
    )
    units.create(author, spec.format("a1"), spec.format("b1"), body.format("a1", "b1"), body.format("b1", "a1"))
    assert units.value(author, "a1.f(9)") == "9"
    assert "ORA-06500" in units.refused(author, "begin dbms_output.put_line(a1.f(5000)); end;")
    assert units.value(author, "a1.f(9)") == "9"


def test_an_initialisation_that_fails_is_tried_again(author: EngineSession, units: Any) -> None:
    """As of 12c. [M: a user's report]"""
    units.create(
        author,
        "create table switch (ok number)",
        "create package starts as g number := 1; end;",
        "create package body starts as begin select ok into g from switch; end;",
    )
    for _ in range(2):
        said = units.refused(author, "begin starts.g := 2; end;")
        assert "ORA-01403" in said
        assert f'ORA-06512: at "{author.user}.STARTS", line 1' in said
    author.execute("insert into switch values (7)")
    assert units.value(author, "starts.g") == "7"


def test_an_initialisation_may_handle_its_errors(author: EngineSession, units: Any) -> None:
    units.create(
        author,
        "create package starts as g number := 1; end;",
        "create package body starts as begin g := 1 / 0; exception when zero_divide then g := 9; end;",
    )
    assert units.value(author, "starts.g") == "9"


def test_packages_are_begun_anew_when_the_call_that_asks_for_it_has_ended(author: EngineSession, units: Any) -> None:
    units.create(
        author, STATE, STATE_BODY, "create procedure wipe is begin dbms_session.reset_package; keeper.g := 8; end;"
    )
    assert units.value(author, "keeper.g; keeper.g := 5; wipe; :r := keeper.g") == "8"
    assert units.value(author, "keeper.g") == "1"
    author.execute("begin keeper.g := 5; dbms_session.modify_package_state(dbms_session.reinitialize); end;")
    assert units.value(author, "keeper.g") == "1"


def test_a_cursor_of_a_package_stays_open_between_calls(author: EngineSession, units: Any) -> None:
    units.create(
        author,
        "create table t (id number)",
        "create package reads as cursor c(least number default 2) is select id from t where id >= least order by id;"
        " end;",
    )
    author.execute("insert into t select level from dual connect by level <= 4")
    author.execute("begin open reads.c; end;")
    fetched = "declare r reads.c%rowtype; begin fetch reads.c into r; :r := r.id || reads.c%rowcount; end;"
    assert [units.value(author, f"null; {fetched} :r := :r") for _ in range(2)] == ["21", "32"]
    assert "ORA-06511" in units.refused(author, "begin open reads.c; end;")
    author.execute("begin close reads.c; end;")
    total = "0; for x in reads.c(4) loop :r := :r + x.id; end loop"
    assert units.value(author, total) == "4"


@pytest.mark.parametrize("kept", [False, True])
def test_a_package_that_was_reinitialised_may_still_be_the_session_s(
    author: EngineSession, other: EngineSession, units: Any, kept: bool
) -> None:
    """[U]: REINITIALIZE reuses the memory of packages, and says nothing of a compilation afterwards."""
    settings = other.database.settings
    settings.apply({"reinitialize_keeps_packages": kept})
    try:
        units.create(author, STATE, STATE_BODY)
        other.execute("begin keeper.g := 50; end;")
        other.execute("begin dbms_session.modify_package_state(dbms_session.reinitialize); end;")
        assert units.value(other, "keeper.g; keeper.g := 60") == "1"
        other.execute("begin dbms_session.modify_package_state(dbms_session.reinitialize); end;")
        units.create(author, STATE_BODY)
        if kept:
            assert "ORA-04068" in units.refused(other, "begin keeper.g := keeper.g; end;")
        assert units.value(other, "keeper.g") == "1"
        other.execute("begin keeper.g := 50; end;")
        other.execute("begin dbms_session.modify_package_state(dbms_session.free_all_resources); end;")
        units.create(author, STATE_BODY)
        assert units.value(other, "keeper.g") == "1"
    finally:
        settings.apply({"reinitialize_keeps_packages": False})
