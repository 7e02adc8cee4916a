"""Blocks: declarations, control flow, collections, records and local subprograms."""

from typing import Any

import pytest

from oracleapi_sandbox.oracle.ports import Bind, OracleError

NUMBER = Bind(None, "NUMBER")
TEXT = Bind(None)


@pytest.mark.parametrize(
    ("sentence", "source", "value"),
    [
        (
            "ELSIF is taken in order",
            "begin if 1=2 then :r := 'a'; elsif 1=1 then :r := 'b'; else :r := 'c'; end if; end;",
            "b",
        ),
        ("NULL takes ELSE", "begin if null then :r := 'a'; else :r := 'c'; end if; end;", "c"),
        (
            "CASE statement with selector",
            "begin case 2 when 1 then :r := 'a'; when 2 then :r := 'b'; end case; end;",
            "b",
        ),
        ("searched CASE with ELSE", "begin case when 1=2 then null; else :r := 'e'; end case; end;", "e"),
        (
            "REVERSE counts down",
            "declare s varchar2(9); begin for i in reverse 1..3 loop s := s || i; end loop; :r := s; end;",
            "321",
        ),
        ("an empty range runs never", "begin :r := 'n'; for i in 2..1 loop :r := 'y'; end loop; end;", "n"),
        (
            "WHILE ends when false",
            "declare n number := 0; begin while n < 5 loop n := n + 2; end loop; :r := n; end;",
            "6",
        ),
        (
            "EXIT and CONTINUE reach a labelled loop",
            """declare s varchar2(99); begin
               <<outer>> for i in 1..3 loop
                 for j in 1..3 loop
                   continue outer when j = 2; exit outer when i = 3; s := s || i || j || ' ';
                 end loop;
               end loop outer;
               :r := rtrim(s); end;""",
            "11 21",
        ),
        ("RETURN ends the block", "begin :r := 'a'; return; :r := 'b'; end;", "a"),
        (
            "an inner block hides a name",
            "declare v number := 1; begin declare v number := 2; begin v := 3; end; :r := v; end;",
            "1",
        ),
        (
            "a label reaches the hidden name",
            "<<main>> declare v number := 1; begin declare v number := 2; begin main.v := v + 5; end; :r := v; end;",
            "7",
        ),
        ("a constant has its value", "declare c constant pls_integer := 4; begin :r := c; end;", "4"),
        ("DEFAULT is another :=", "declare v varchar2(5) not null default 'x'; begin :r := v; end;", "x"),
        ("NUMBER(p,s) rounds", "declare v number(5,2) := 1.005; begin :r := v; end;", "1.01"),
        ("CHAR is padded", "declare v char(3) := 'a'; begin :r := '[' || v || ']'; end;", "[a  ]"),
        ("PLS_INTEGER rounds", "declare v pls_integer := 2.5; begin :r := v; end;", "3"),
        ("a subtype is its base", "declare subtype id is number(4); v id := 7; begin :r := v; end;", "7"),
        (
            "index-by tables grow anywhere",
            """declare type t is table of varchar2(10) index by pls_integer; a t; s varchar2(99); i pls_integer; begin
               a(5) := 'five'; a(-1) := 'minus'; a(3) := 'three'; a.delete(3);
               i := a.first;
               while i is not null loop s := s || i || a(i) || ' '; i := a.next(i); end loop;
               :r := s || a.count || case when a.exists(3) then 'y' else 'n' end || a.last || a.prior(5);
               end;""",
            "-1minus 5five 2n5-1",
        ),
        (
            "text keys are sorted",
            """declare type t is table of number index by varchar2(10); a t; begin
               a('b') := 2; a('a') := 1; :r := a.first || a(a.first) || a.count; a.delete; :r := :r || a.count; end;""",
            "a120",
        ),
        (
            "nested tables have constructors",
            """declare type t is table of number; a t := t(1, 2, 3); begin
               a.extend; a(4) := 9; a.trim; :r := a.count || a(a.last); end;""",
            "33",
        ),
        (
            "records are copied",
            """declare type p is record (id number, name varchar2(5) := 'x'); a p; b p; begin
               a.id := 1; a.name := 'y'; b := a; b.id := 2; :r := a.id || a.name || b.id || b.name; end;""",
            "1y2y",
        ),
        (
            "tables of records come into being by assignment",
            """declare type p is record (id number); type t is table of p index by pls_integer; a t; begin
               a(7).id := 3; :r := a(7).id + a.count; end;""",
            "4",
        ),
        (
            "functions recurse",
            """declare function f(n number) return number is begin
                 if n < 2 then return 1; end if; return n * f(n - 1); end f;
               begin :r := f(10); end;""",
            "3628800",
        ),
        (
            "arguments by name, defaults and OUT",
            """declare v number := 1; procedure p(a in number default 5, b in out number, c out varchar2) is
                 begin b := b + a; c := 'c' || b; end;
               s varchar2(5);
               begin p(b => v, c => s); p(1, v, c => s); :r := v || s; end;""",
            "7c7",
        ),
        (
            "local subprograms overload",
            """declare function f(a number) return varchar2 is begin return 'n'; end;
               function f(a varchar2) return varchar2 is begin return 'c'; end;
               begin :r := f(1) || f('1'); end;""",
            "nc",
        ),
        (
            "forward declarations join their bodies",
            """declare function b(n number) return number;
               function a(n number) return number is begin return b(n) + 1; end;
               function b(n number) return number is begin return n * 2; end;
               begin :r := a(4); end;""",
            "9",
        ),
        ("PL/SQL is case-insensitive", "BEGIN :R := Upper('a'); End;", "A"),
        ("comments are no code", "begin /* x; */ :r := 'a' -- ; end\n || 'b'; end;", "ab"),
        ("quoted names keep their case", 'declare "v" number := 1; v number := 2; begin :r := "v" || "V"; end;', "12"),
        (
            "nested functions see the variables around them",
            "declare n number := 1; procedure p is begin n := n + 1; end; begin p; p(); :r := n; end;",
            "3",
        ),
    ],
)
def test_block(db: Any, sentence: str, source: str, value: str) -> None:
    assert db.block(source, r=TEXT)["R"] == value, sentence


@pytest.mark.parametrize(
    ("sentence", "source", "code", "text"),
    [
        ("too long a text", "declare v varchar2(2); begin v := 'abc'; end;", 6502, "character string buffer too small"),
        ("bytes count, not characters", "declare v varchar2(2); begin v := 'äö'; end;", 6502, "buffer too small"),
        ("too large a number", "declare v number(3); begin v := 1000; end;", 6502, "number precision too large"),
        ("integer overflow", "declare v pls_integer; begin v := 3000000000; end;", 1426, "numeric overflow"),
        ("NOT NULL", "declare v number not null := 1; begin v := null; end;", 6502, "numeric or value error"),
        ("no branch of CASE", "begin case 1 when 2 then null; end case; end;", 6592, "CASE not found"),
        ("missing element", "declare v owa.vc_arr; begin v(1) := v(2); end;", 1403, "no data found"),
        (
            "element that was never assigned",
            "declare type t is table of number index by pls_integer; a t; begin a(1) := a(2); end;",
            1403,
            "no data found",
        ),
        (
            "a key longer than its type",
            "declare type t is table of number index by varchar2(2); a t; begin a('ab') := 1; a('abc') := 1; end;",
            6502,
            "numeric or value error",
        ),
        ("uninitialised table", "declare type t is table of number; a t; begin a.extend; end;", 6531, "uninitialized"),
        ("beyond the end", "declare type t is table of number; a t := t(1); begin a(2) := 1; end;", 6533, "Subscript"),
        ("VARRAY limit", "declare type t is varray(1) of number; a t := t(1); begin a.extend; end;", 6532, "Subscript"),
        ("NULL bound", "begin for i in 1..null loop null; end loop; end;", 6502, "numeric or value error"),
        (
            "function without RETURN",
            "declare function f return number is begin null; end; begin :r := f; end;",
            6503,
            "without value",
        ),
        ("endless recursion", "declare procedure p is begin p; end; begin p; end;", 6500, "storage error"),
    ],
)
def test_fault(db: Any, sentence: str, source: str, code: int, text: str) -> None:
    error = db.error(source, r=NUMBER)
    assert error.code == code, sentence
    assert text in error.message


def test_binds_are_typed_variables(db: Any) -> None:
    """A bind is read and written; a text in a NUMBER bind is converted, garbage is ORA-06502."""
    out = db.block("begin :n := :n + :s; :s := :n; :flag := :n > 1; end;", n=1, s="41", flag=False)
    assert out == {"N": 42, "S": "42", "FLAG": True}
    error = db.error("begin\n :n := 'x'; end;", n=1)
    assert (error.code, error.message) == (
        6502,
        "PL/SQL: numeric or value error: character to number conversion error\nORA-06512: at line 2",
    )


def test_numeric_bind_names_and_untouched_binds(db: Any) -> None:
    """``:1`` is a name; what the block does not assign does not come back."""
    assert db.block("begin :1 := upper(:2); end;", _1=TEXT, _2="a") == {"1": "A"}


def test_empty_string_is_null(db: Any) -> None:
    assert db.block("begin :r := case when :s is null then 'null' end; :s := ''; end;", r=TEXT, s="") == {
        "R": "null",
        "S": None,
    }


def test_missing_bind(db: Any) -> None:
    assert db.error("begin if 1=2 then :nowhere := 1; end if; end;").code == 1008


def test_bound_index_by_table(db: Any) -> None:
    """A list is an index-by table that begins at 1."""
    out = db.block("begin :r := :names(2); :names(3) := 'c'; end;", r=TEXT, names=Bind(["a", "b"], "VARCHAR2"))
    assert out == {"R": "b", "NAMES": ["a", "b", "c"]}


def test_cancel_ends_a_loop(db: Any) -> None:
    """A loop without SQL stops when the session is cancelled, and no handler catches that."""

    def cancelled() -> None:
        raise OracleError(1013, "user requested cancel of current operation")

    db.check_cancelled = cancelled
    assert db.error("begin loop null; end loop; exception when others then null; end;").code == 1013


@pytest.mark.parametrize(
    ("source", "stack"),
    [
        ("begin\nnull;\nraise no_data_found;\nend;", "no data found\nORA-06512: at line 3"),
        (
            "declare\nprocedure p is\nbegin\nraise too_many_rows;\nend;\nbegin\np;\nend;",
            "exact fetch returns more than requested number of rows\nORA-06512: at line 4\nORA-06512: at line 7",
        ),
        (
            "declare\nv varchar2(1) := 'ab';\nbegin null; end;",
            "PL/SQL: numeric or value error: character string buffer too small\nORA-06512: at line 2",
        ),
        ("declare e exception;\nbegin raise e; end;", "PL/SQL: unhandled user-defined exception\nORA-06512: at line 2"),
        ("begin\nraise_application_error(-20404, 'gone');\nend;", "gone\nORA-06512: at line 2"),
        (
            "begin\nif true then\nfor i in 1..1 loop\nraise value_error;\nend loop;\nend if; end;",
            "PL/SQL: numeric or value error\nORA-06512: at line 4",
        ),
    ],
)
def test_stack(db: Any, source: str, stack: str) -> None:
    """An unhandled error names the line of each subprogram, innermost first."""
    assert db.error(source).message == stack


@pytest.mark.parametrize(
    ("sentence", "body", "value"),
    [
        (
            "a predefined exception",
            "begin raise no_data_found; exception when no_data_found then :r := sqlcode || sqlerrm; end;",
            "100ORA-01403: no data found",
        ),
        (
            "OR joins names",
            "begin raise too_many_rows; exception when no_data_found or too_many_rows then :r := 'or'; end;",
            "or",
        ),
        (
            "OTHERS takes the rest",
            "declare n number; begin n := 1/0; exception when no_data_found then null; "
            "when others then :r := sqlcode; end;",
            "-1476",
        ),
        (
            "a user's exception",
            "declare e exception; begin raise e; exception when e then :r := sqlcode || sqlerrm; end;",
            "1User-Defined Exception",
        ),
        (
            "EXCEPTION_INIT gives it a number",
            "declare e exception; pragma exception_init(e, -20001); begin "
            "raise_application_error(-20001, 'm'); exception when e then :r := sqlerrm; end;",
            "ORA-20001: m",
        ),
        (
            "two exceptions without number are different",
            "declare a exception; b exception; begin begin raise a; exception when b then :r := "
            "'b'; end; exception when a then :r := 'a'; end;",
            "a",
        ),
        (
            "RAISE alone goes on",
            "begin begin raise value_error; exception when others then raise; end; exception "
            "when value_error then :r := 'again'; end;",
            "again",
        ),
        (
            "declarations are outside",
            "begin declare v number := 'x'; begin null; exception when others then :r := 'in'; "
            "end; exception when others then :r := 'out'; end;",
            "out",
        ),
        (
            "a handler's error leaves the block",
            "begin begin raise value_error; exception when others then raise no_data_found; end; "
            "exception when no_data_found then :r := 'n'; end;",
            "n",
        ),
        ("a qualified name", "begin raise standard.zero_divide; exception when zero_divide then :r := 'z'; end;", "z"),
        (
            "the error stack is kept on demand",
            "begin begin raise no_data_found; exception when others then raise_application_error(-20001, "
            "'top', true); end; exception when others then :r := sqlerrm; end;",
            "ORA-20001: top\nORA-01403: no data found",
        ),
        (
            "DBMS_UTILITY formats the error",
            "begin raise no_data_found; exception when others then "
            ":r := dbms_utility.format_error_stack || dbms_utility.format_error_backtrace; end;",
            "ORA-01403: no data found\nORA-06512: at line 1\n",
        ),
        ("SQLERRM of a number", "begin :r := sqlerrm(-1403); end;", "ORA-01403: no data found"),
        (
            "SQLCODE after a handler",
            "begin begin raise value_error; exception when others then null; end; :r := sqlcode; end;",
            "0",
        ),
        (
            "error number out of range",
            "begin raise_application_error(-1, 'x'); exception when others then :r := sqlcode; end;",
            "-21000",
        ),
    ],
)
def test_exceptions(db: Any, sentence: str, body: str, value: str) -> None:
    assert db.block(body, r=TEXT)["R"] == value, sentence
