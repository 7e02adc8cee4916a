"""What does not compile is refused with ORA-06550, a PLS- number, line and column, before anything runs."""

from typing import Any

import pytest

from oracleapi_sandbox.oracle.plsql.interpreter import parse_block
from oracleapi_sandbox.oracle.ports import Bind, OracleError


@pytest.mark.parametrize(
    ("source", "where", "fault"),
    [
        ("begin null end;", (1, 12), 'PLS-00103: Encountered the symbol "END" when expecting'),
        ("begin\n  x := ;\nend;", (2, 8), 'PLS-00103: Encountered the symbol ";"'),
        ("begin null;", (1, 12), 'PLS-00103: Encountered the symbol "end-of-file"'),
        ("begin null; end; /", (1, 18), 'PLS-00103: Encountered the symbol "/"'),
        ("select 1 from dual", (1, 1), 'PLS-00103: Encountered the symbol "SELECT"'),
        ("begin if 1=1 then null; end; end;", (1, 28), 'PLS-00103: Encountered the symbol ";"'),
        ("begin for i in 1..2 null; end loop; end;", (1, 21), 'PLS-00103: Encountered the symbol "NULL"'),
        ("declare v number begin null; end;", (1, 18), 'PLS-00103: Encountered the symbol "BEGIN"'),
        ("begin ` end;", (1, 7), 'PLS-00103: Encountered the symbol "`"'),
        ("begin select 1 from dual; end;", (1, 7), "PLS-00428: an INTO clause is expected"),
        ("begin x := (select 1 from dual); end;", (1, 13), "PLS-00405: subquery not allowed"),
        ("begin p(a => 1, 2); end;", (1, 17), "PLS-00312"),
        ("declare v number not null; begin null; end;", (1, 9), "PLS-00218"),
        ("declare e exception; pragma exception_init(e, 5); begin null; end;", (1, 47), "PLS-00701"),
        ("begin goto away; end;", (1, 7), "PLS-00999: implementation restriction (may be temporary): GOTO"),
        ("begin pipe row (1); end;", (1, 7), "PIPE ROW"),
        ("begin lock table t in share mode; end;", (1, 7), "LOCK TABLE"),
        ("begin $if true $then null; $end end;", (1, 7), "conditional compilation ($IF)"),
        ("begin :x := $$plsql_unit; end;", (1, 13), "conditional compilation ($$PLSQL_UNIT)"),
        (
            "begin declare pragma autonomous_transaction; begin null; end; end;",
            (1, 15),
            "PLS-00710: PRAGMA AUTONOMOUS_TRANSACTION cannot be specified here",
        ),
        ("declare pragma serially_reusable; begin null; end;", (1, 9), "PRAGMA SERIALLY_REUSABLE is not supported"),
        ("<<a>> begin null; end b;", (1, 23), "PLS-00113: END identifier 'B' must match 'A' at line 1, column 7"),
        ("declare type t is object (a number); begin null; end;", (1, 19), "an object type"),
        ("begin delete from t@remote; end;", (1, 20), "a database link"),
        ("begin update t set a = 1 where current of c; end;", (1, 32), "WHERE CURRENT OF"),
        ("declare v interval year to month; begin null; end;", (1, 20), "INTERVAL YEAR TO MONTH"),
        ("begin x := new thing(1); end;", (1, 12), "an object type"),
    ],
)
def test_syntax(source: str, where: tuple[int, int], fault: str) -> None:
    with pytest.raises(OracleError) as caught:
        parse_block(source)
    assert caught.value.code == 6550
    assert caught.value.message.startswith(f"line {where[0]}, column {where[1]}:\n")
    assert fault in caught.value.message


@pytest.mark.parametrize(
    ("source", "where", "fault"),
    [
        ("begin x := 1; end;", (1, 7), "PLS-00201: identifier 'X' must be declared"),
        ("begin\n  nopkg.proc(1);\nend;", (2, 3), "PLS-00201: identifier 'NOPKG.PROC' must be declared"),
        ("begin sys.nopkg.proc; end;", (1, 7), "PLS-00201: identifier 'SYS.NOPKG' must be declared"),
        ("begin dbms_output.nothing(1); end;", (1, 19), "PLS-00302: component 'NOTHING' must be declared"),
        (
            "begin dbms_output.put_line; end;",
            (1, 7),
            "PLS-00306: wrong number or types of arguments in call to 'PUT_LINE'",
        ),
        ("begin dbms_output.put_line(b => 1); end;", (1, 7), "PLS-00306"),
        ("begin dbms_output.put_line(true); end;", (1, 7), "PLS-00306"),
        ("begin :r := dbms_output.put_line('x'); end;", (1, 13), "PLS-00222: no function with name 'PUT_LINE'"),
        ("begin dbms_assert.noop2('x'); end;", (1, 19), "PLS-00302"),
        ("begin dbms_assert.simple_sql_name('x'); end;", (1, 7), "PLS-00221: 'SIMPLE_SQL_NAME' is not a procedure"),
        ("begin :r := decode(1, 1, 2); end;", (1, 13), "PLS-00204: function or pseudo-column 'DECODE'"),
        ("begin :r := upper('a', 'b'); end;", (1, 13), "PLS-00306"),
        ("begin :r := true; end;", (1, 13), "PLS-00382: expression is of wrong type"),
        ("begin if 1 then null; end if; end;", (1, 10), "PLS-00382"),
        ("begin :r := 'a' || true; end;", (1, 17), "PLS-00306: wrong number or types of arguments in call to '||'"),
        ("declare c constant number := 1; begin c := 2; end;", (1, 39), "PLS-00363: expression 'C' cannot be used"),
        ("begin for i in 1..2 loop i := 3; end loop; end;", (1, 26), "PLS-00363"),
        ("begin exit; end;", (1, 7), "PLS-00376: illegal EXIT statement"),
        ("begin loop exit elsewhere; end loop; end;", (1, 12), "PLS-00201: identifier 'ELSEWHERE'"),
        ("begin raise; end;", (1, 7), "PLS-00367"),
        ("begin raise nothing; end;", (1, 7), "PLS-00201: identifier 'NOTHING'"),
        ("begin null; exception when nothing then null; end;", (1, 23), "PLS-00201: identifier 'NOTHING'"),
        ("declare v nosuchtype; begin null; end;", (1, 11), "PLS-00201: identifier 'NOSUCHTYPE'"),
        ("declare v xmltype; begin null; end;", (1, 11), "object type XMLTYPE"),
        ("declare v number; v date; begin null; end;", (1, 19), "PLS-00371: at most one declaration for 'V'"),
        ("declare procedure p; begin null; end;", (1, 19), "PLS-00328"),
        ("declare type t is record (a number); v t; begin v.b := 1; end;", (1, 51), "PLS-00302: component 'B'"),
        ("declare type t is table of number index by pls_integer; a t; begin a := null; end;", (1, 73), "PLS-00382"),
        ("declare v number; begin v.b := 1; end;", (1, 25), "PLS-00487"),
        ("declare v number; begin open v; end;", (1, 30), "PLS-00456: item 'V' is not a cursor"),
        ("declare procedure p is begin return 1; end; begin p; end;", (1, 30), "PLS-00372"),
        ("declare function f return number is begin return; end; begin null; end;", (1, 43), "PLS-00503"),
        ("declare procedure p(a in out number) is begin null; end; begin p(1); end;", (1, 66), "PLS-00363"),
    ],
)
def test_names_and_types(db: Any, source: str, where: tuple[int, int], fault: str) -> None:
    """Faults of names and types are found before the first statement runs, and no handler catches them."""
    error = db.error(source, r=Bind(None))
    assert error.code == 6550
    assert error.message.startswith(f"line {where[0]}, column {where[1]}:")
    assert fault in error.message


def test_nothing_runs_of_a_block_that_does_not_compile(db: Any) -> None:
    source = "begin insert into t (a) values (1); if 1 = 2 then nopkg.p; end if; exception when others then null; end;"
    assert db.error(source).code == 6550
    assert db.statements == []


def test_statement_ignored_follows(db: Any) -> None:
    assert db.error("begin nopkg.p; end;").message == (
        "line 1, column 7:\nPLS-00201: identifier 'NOPKG.P' must be declared\n"
        "ORA-06550: line 1, column 7:\nPL/SQL: Statement ignored"
    )


@pytest.mark.parametrize("source", ["begin :x := 'abc; end;", "begin q'[abc; end;", "begin x := q' a '; end;"])
def test_unclosed_string(source: str) -> None:
    with pytest.raises(OracleError) as caught:
        parse_block(source)
    assert caught.value.code in (1756, 6550)


def test_parsed_blocks_are_kept() -> None:
    source = "begin null; end;"
    assert parse_block(source) is parse_block(source)


def test_deep_nesting_is_refused_not_fatal() -> None:
    for source in (
        f"begin x := {'(' * 5000}1; end;",
        "begin " * 5000,
        f"begin x := {'-' * 5000}1; end;",
        f"begin x := {'not ' * 5000}y; end;",
    ):
        with pytest.raises(OracleError):
            parse_block(source)


def test_long_chains_run_and_endless_ones_are_refused(db: Any) -> None:
    """A generated concatenation is a deep tree; beyond the limit it is too large a program, not a crash."""
    assert db.value(" || ".join(["'a'"] * 1500)) == "a" * 1500
    assert db.value(" + ".join(["1"] * 1500), kind="NUMBER") == 1500
    assert db.error(f"begin :r := {' || '.join(['1'] * 30000)}; end;", r=Bind(None)).code == 6550
