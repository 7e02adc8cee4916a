"""Whatever text comes in, lexer, parser and analysis answer with an error of Oracle's or with a block."""

from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from oracleapi_sandbox.oracle.plsql.interpreter import check_block, parse_block
from oracleapi_sandbox.oracle.plsql.lexer import tokenize
from oracleapi_sandbox.oracle.ports import Bind, OracleError

SEEDS = (
    """<<a>> declare v varchar2(10) not null := q'[x]'; type t is table of number index by pls_integer; x t;
       cursor c(p number) is select a, b from t1 where c = p; r c%rowtype;
       e exception; pragma exception_init(e, -20001);
       function f(n in number default 1) return number is begin return n ** 2; end f;
       begin if v like 'a%' escape '!' or x.count between 1 and 2 then null;
       elsif not v in (1, 2) then x(1) := -f(n => 2); end if;
       for i in reverse 1..3 loop exit a when i = 2; continue; end loop;
       open c(1); fetch c into r; close c;
       exception when no_data_found or e then raise; when others then null; end a;""",
    """begin for r in (select e.id from emp e where e.x = :b) loop insert into t (a) values (r.id) returning b into :c;
       end loop; execute immediate 'begin :1 := 1; end;' using out :d; open :e for select 1 from dual;
       :f := case when json_value(:g, '$.a' returning number default 0 on error) = 1 then extract(year from sysdate)
       else trim(both 'x' from 'y') end; select a bulk collect into :h from t; commit; end;""",
    "call pkg.proc(a => 1.5e3, b => date '2024-01-01', c => interval '1' day) into :x",
)
_PIECES = """
begin end ; ( ) , := => . .. : :x 'a' q'[ ' " "q" 1 1. 1.. .5 1e 1e5f || ** / * -- /* */ << >> % @ loop if then else
case when select into from values returning bulk collect null not is in like between cursor type record table of index
exception when others declare procedure function return is as %type %rowtype date interval timestamp extract cast trim
json_value as ä € \x00
"""
PIECES = st.sampled_from([*_PIECES.split(), "\n"])


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A seed with pieces cut out, doubled, and put in."""
    text = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 12)))
        middle = draw(PIECES) if draw(st.booleans()) else text[start:end] * draw(st.integers(0, 2))
        text = f"{text[:start]} {middle} {text[end:]}" if draw(st.booleans()) else text[:start] + middle + text[end:]
    return text


@settings(max_examples=300, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(mutated())
@example("begin x := 1e999999999; end;")
@example("begin x := interval '9999999999' day; end;")
@example("begin x := timestamp '2024-01-01 00:00:00 +99:00'; end;")
@example("begin :1(:2(:3)) := 1; end;")
@example("begin select into from; end;")
@example("begin insert into; end;")
@example("begin update; end;")
def test_only_errors_of_oracle(db: Any, text: str) -> None:
    binds = {name: Bind(None) for name in "BCDEFGHX12"}
    codes: list[int] = []
    try:
        parse_block(text)
        check_block(text, binds, db)
    except OracleError as error:
        codes.append(error.code)
    assert set(codes) <= {6550, 1756, 1008, 6576, 6553}


@settings(max_examples=100, deadline=None, database=None)
@given(st.text(max_size=60))
def test_tokens_cover_the_text(text: str) -> None:
    """Tokens lie in order, and each one's place is where it says."""
    try:
        tokens = tokenize(text)
    except OracleError:
        return
    end = 0
    for token in tokens:
        assert token.start >= end
        assert text.count("\n", 0, token.start) == token.position.line - 1
        assert text.rfind("\n", 0, token.start) + token.position.column == token.start
        end = token.end


@pytest.mark.parametrize("seed", SEEDS)
def test_seeds_parse(seed: str) -> None:
    assert parse_block(seed).body
