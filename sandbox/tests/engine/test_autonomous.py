"""Autonomous transactions. PL/SQL Language Reference, "Autonomous Transactions" [D]."""

from typing import Any

import pytest

from oracleapi_sandbox.oracle.engine.session import EngineSession


@pytest.fixture
def log(author: EngineSession, units: Any) -> EngineSession:
    units.create(
        author,
        "create table log (text varchar2(40))",
        "create procedure plain(p varchar2) is begin insert into log values (p); end;",
        """create package noted as
             g varchar2(40) := '-'; procedure note(p varchar2); procedure helper(p varchar2);
           end;""",
        """create package body noted as
             procedure helper(p varchar2) is begin plain(p || '!'); g := p; end;
             procedure note(p varchar2) is pragma autonomous_transaction; begin helper(p); commit; end;
           end;""",
    )
    return author


def kept(session: EngineSession) -> list[Any]:
    return [row[0] for row in session.execute("select text from log order by text").rows]


def test_what_runs_around_it_stays_in_its_own_transaction(log: EngineSession, units: Any) -> None:
    """Units that run inside and outside of it write where they are called from."""
    units.create(
        log,
        "create procedure mixed is begin plain('a'); noted.helper('b'); noted.note('c'); noted.helper('d'); plain('e');"
        " end;",
    )
    log.execute("begin mixed; end;")
    assert kept(log) == ["a", "b!", "c!", "d!", "e"]
    log.rollback()
    assert kept(log) == ["c!"]
    assert units.value(log, "noted.g") == "d"


def test_it_does_not_see_what_is_not_committed(log: EngineSession, units: Any) -> None:
    units.create(
        log,
        "create function seen return number is pragma autonomous_transaction; n number;"
        " begin select count(*) into n from log; return n; end;",
    )
    log.execute("insert into log values ('x')")
    assert units.value(log, "seen") == "0"
    log.commit()
    assert units.value(log, "seen") == "1"


def test_one_that_waits_for_its_own_session_is_a_deadlock(log: EngineSession, units: Any) -> None:
    log.execute("insert into log values ('x')")
    log.commit()
    units.create(
        log,
        "create procedure waits is pragma autonomous_transaction; begin update log set text = 'inner'; commit; end;",
    )
    log.execute("update log set text = 'outer'")
    assert "ORA-00060: deadlock detected while waiting for resource" in units.refused(log, "begin waits; end;")
    log.commit()
    assert kept(log) == ["outer"]
    log.execute("begin waits; end;")
    assert kept(log) == ["inner"]


def test_a_value_that_is_returned_from_an_open_one_does_not_end_it(log: EngineSession, units: Any) -> None:
    units.create(
        log,
        "create function forgets return number is pragma autonomous_transaction;"
        " begin insert into log values ('x'); return 1; end;",
        "create function fails return number is pragma autonomous_transaction;"
        " begin insert into log values ('x'); raise program_error; end;",
    )
    assert "ORA-06519" in units.refused(log, "begin dbms_output.put_line(forgets); end;")
    assert "ORA-06501" in units.refused(log, "begin dbms_output.put_line(fails); end;")
    assert kept(log) == []


def test_a_whole_block_may_be_one(log: EngineSession, units: Any) -> None:
    log.execute("insert into log values ('mine')")
    log.execute("declare pragma autonomous_transaction; begin insert into log values ('its'); commit; end;")
    log.rollback()
    assert kept(log) == ["its"]
    assert "ORA-06519" in units.refused(
        log, "declare pragma autonomous_transaction; begin insert into log values ('x'); end;"
    )


def test_attributes_output_and_roles_are_the_sessions(
    system: EngineSession, log: EngineSession, connect: Any, units: Any
) -> None:
    role = f"R_{log.user}"
    system.execute(f"create role {role}")
    system.execute(f"grant {role} to {log.user}")
    again = connect(log.user)
    units.create(
        log,
        "create function inside return varchar2 authid current_user is pragma autonomous_transaction;"
        " begin dbms_session.set_role('NONE'); dbms_session.set_identifier('me'); dbms_output.put_line('said');"
        " return sys_context('USERENV', 'CLIENT_IDENTIFIER'); end;",
    )
    query = "select role from session_roles"
    assert list(again.execute(query).rows) == [(role,)]
    text = "inside; dbms_output.get_line(:r, n); :r := :r || sys_context('USERENV', 'CLIENT_IDENTIFIER')"
    assert units.value(again, text, "declare n number;") == "saidme"
    assert list(again.execute(query).rows) == []
    assert again.client_identifier == "me"


def test_they_may_be_within_each_other(log: EngineSession, units: Any) -> None:
    units.create(
        log,
        "create procedure outer_one is pragma autonomous_transaction;"
        " begin plain('o'); noted.note('i'); rollback; end;",
    )
    log.execute("insert into log values ('m')")
    log.execute("begin outer_one; end;")
    log.rollback()
    assert kept(log) == ["i!"]
