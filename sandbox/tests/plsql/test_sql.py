"""SQL inside PL/SQL: which names become binds, INTO, cursors, dynamic SQL, and the engine's faults."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from oracleapi_sandbox.oracle.ports import Bind, Column, OracleError, Result

TEXT = Bind(None)
NUMBER = Bind(None, "NUMBER")


@pytest.fixture
def hr(db: Any) -> Any:
    """EMPLOYEES and JOBS as the dictionary knows them."""
    db.columns = {
        "EMPLOYEES": {"ID", "NAME", "SALARY", "JOB"},
        "HR.EMPLOYEES": {"ID", "NAME", "SALARY", "JOB"},
        "JOBS": {"JOB", "TITLE"},
    }
    return db


@pytest.mark.parametrize(
    ("sentence", "sql", "text", "binds"),
    [
        (
            "a variable becomes a bind, a column stays",
            "update employees set salary = v_salary where id = v_id",
            "update employees set salary = :B1 where id = :B2",
            {"B1": 10, "B2": 7},
        ),
        (
            "a column wins over a variable",
            "delete from employees where id = id",
            "delete from employees where id = id",
            {},
        ),
        (
            "in VALUES a variable wins, in the column list nothing is replaced",
            "insert into employees (id, name) values (id, upper(name))",
            "insert into employees (id, name) values (:B1, upper(:B2))",
            {"B1": 1, "B2": "n"},
        ),
        (
            "a query inside VALUES has columns again",
            "insert into employees (id) values ((select max(id) + v_id from employees))",
            "insert into employees (id) values ((select max(id) + :B1 from employees))",
            {"B1": 7},
        ),
        (
            "a qualified column is no record",
            "update employees e set e.salary = v_salary where e.id = rec.id",
            "update employees e set e.salary = :B1 where e.id = :B2",
            {"B1": 10, "B2": 5},
        ),
        (
            "the left side of SET is a column",
            "update unknown set v_id = v_id",
            "update unknown set v_id = :B1",
            {"B1": 7},
        ),
        (
            "an alias hides a variable",
            "insert into jobs (job) select v_id from (select name v_id from employees)",
            "insert into jobs (job) select v_id from (select name v_id from employees)",
            {},
        ),
        (
            "joins and schema-qualified tables count",
            "delete from jobs where exists "
            "(select 1 from hr.employees e join jobs title on title.job = e.job where name = v_name)",
            "delete from jobs where exists "
            "(select 1 from hr.employees e join jobs title on title.job = e.job where name = :B1)",
            {"B1": "x"},
        ),
        (
            "host binds keep their names, and a free name is found",
            "update employees set name = :b1, salary = v_salary where id = :2",
            "update employees set name = :b1, salary = :B2 where id = :2",
            {"B1": "h", "2": 9, "B2": 10},
        ),
        (
            "elements and expressions in subscripts",
            "delete from employees where id in (ids(1), ids(ids.count))",
            "delete from employees where id in (:B1, :B2)",
            {"B1": 11, "B2": 22},
        ),
        (
            "a record in VALUES is all its fields",
            "insert into jobs values rec",
            "insert into jobs values (:B1, :B2)",
            {"B1": 5, "B2": "r"},
        ),
        (
            "a WITH query is no table",
            "insert into jobs (job) with q as (select name from employees) select v_name from q where name = v_name",
            "insert into jobs (job) with q as (select name from employees) select :B1 from q where name = :B2",
            {"B1": "x", "B2": "x"},
        ),
        (
            "MERGE sees both tables",
            "merge into employees e using (select v_id id from dual) s on (e.id = s.id) "
            "when matched then update set salary = v_salary "
            "when not matched then insert (id, name) values (s.id, v_name)",
            "merge into employees e using (select :B1 id from dual) s on (e.id = s.id) "
            "when matched then update set salary = :B2 "
            "when not matched then insert (id, name) values (s.id, :B3)",
            {"B1": 7, "B2": 10, "B3": "x"},
        ),
        (
            "comments and text are left alone",
            "delete /*+ full(v_id) */ from employees where name = 'v_id' -- v_id\n and id = v_id",
            "delete /*+ full(v_id) */ from employees where name = 'v_id' -- v_id\n and id = :B1",
            {"B1": 7},
        ),
        (
            "functions of packages are evaluated before",
            "update employees set name = dbms_assert.simple_sql_name(v_name) where id = v_id",
            "update employees set name = :B1 where id = :B2",
            {"B1": "x", "B2": 7},
        ),
        (
            "sequences are the engine's",
            "insert into employees (id, salary) values (emp_seq.nextval, v_salary)",
            "insert into employees (id, salary) values (emp_seq.nextval, :B1)",
            {"B1": 10},
        ),
        (
            "FETCH FIRST takes a variable",
            "delete from jobs where job in (select job from employees order by id "
            "offset v_id rows fetch next v_id rows only)",
            "delete from jobs where job in (select job from employees order by id "
            "offset :B1 rows fetch next :B2 rows only)",
            {"B1": 7, "B2": 7},
        ),
        (
            "VALUE in JSON_OBJECT and TIME ZONE are no operands",
            "insert into jobs (job) select json_object('a' value v_name, 'b' value v_id) from employees "
            "where salary at time zone v_name = 1",
            "insert into jobs (job) select json_object('a' value :B1, 'b' value :B2) from employees "
            "where salary at time zone :B3 = 1",
            {"B1": "x", "B2": 7, "B3": "x"},
        ),
        (
            "columns of JSON_TABLE are the statement's own",
            "insert into jobs (job) select v_id from json_table(v_name, '$' columns (v_id number path '$.a')) j",
            "insert into jobs (job) select v_id from json_table(:B1, '$' columns (v_id number path '$.a')) j",
            {"B1": "x"},
        ),
        (
            "a query may stand where the column list is left out",
            "insert into jobs (select v_id, trim(leading v_name from name) from employees)",
            "insert into jobs (select :B1, trim(leading :B2 from name) from employees)",
            {"B1": 7, "B2": "x"},
        ),
        (
            "FROM in EXTRACT and TRIM begins no table list",
            "delete from employees where extract(year from v_date) = 2024 and trim(both 'x' from name) = v_name",
            "delete from employees where extract(year from :B1) = 2024 and trim(both 'x' from name) = :B2",
            {"B1": datetime(2024, 1, 2), "B2": "x"},
        ),
    ],
)
def test_names(hr: Any, sentence: str, sql: str, text: str, binds: dict[str, Any]) -> None:
    declarations = """
        v_id number := 7; v_salary number := 10; v_name varchar2(10) := 'x'; v_date date := date '2024-01-02';
        id number := 1; name varchar2(5) := 'n';
        type r is record (id number, title varchar2(5)); rec r;
        type t is table of number index by pls_integer; ids t;"""
    assignments = "rec.id := 5; rec.title := 'r'; ids(1) := 11; ids(2) := 22;"
    host = {"b1": "h", "_2": 9} if ":2" in sql else {}
    hr.block(" ".join(("declare", declarations, "begin", assignments, sql, "; end;")), **host)
    assert hr.statements == [(text, binds)], sentence


def test_into(hr: Any) -> None:
    """SELECT INTO takes exactly one row; the INTO clause does not reach the engine."""
    hr.rows("from employees", "ID NUMBER, NAME VARCHAR2", (1, "a"))
    out = hr.block(
        "declare v number; begin select id, name into v, :n from employees where id = :i; :r := v; end;",
        r=NUMBER,
        n=TEXT,
        i=1,
    )
    assert out == {"R": 1, "N": "a"}
    assert hr.statements == [("select id, name from employees where id = :i", {"I": 1})]


@pytest.mark.parametrize(
    ("rows", "value"), [((), "none"), (((1,), (2,)), "many"), (((3,),), "3")], ids=["no row", "two rows", "one row"]
)
def test_into_counts_rows(hr: Any, rows: tuple[tuple[int]], value: str) -> None:
    hr.rows("from employees", "ID NUMBER", *rows)
    source = """declare v number; begin
        select id into v from employees; :r := v;
        exception when no_data_found then :r := 'none'; when too_many_rows then :r := 'many'; end;"""
    assert hr.block(source, r=TEXT) == {"R": value}


def test_rowtype_and_type(hr: Any) -> None:
    """%TYPE and %ROWTYPE are asked of the engine; constraints come with them."""
    hr.rows("select NAME from EMPLOYEES where 1=0", "NAME VARCHAR2")
    hr.rows(r"select \* from EMPLOYEES", "ID NUMBER, NAME VARCHAR2", (1, "a"))
    source = """declare v employees.name%type := 'x'; r employees%rowtype; w v%type; begin
        select * into r from employees; w := r.name || v || r.id; :r := w; end;"""
    assert hr.block(source, r=TEXT) == {"R": "ax1"}
    hr.on("from NOWHERE", OracleError(942, "table or view does not exist"))
    error = hr.error("declare v nowhere.a%type; begin null; end;")
    assert error.message.startswith("line 1, column 11:\nPLS-00201: identifier 'NOWHERE.A' must be declared")
    assert error.message.endswith("PL/SQL: Item ignored")


def test_dml_attributes(hr: Any) -> None:
    hr.on("update", Result(rowcount=3))
    hr.on("delete", Result(rowcount=0))
    source = """begin update employees set salary = 1; :n := sql%rowcount;
        delete from employees; if sql%notfound and not sql%found then :r := 'none'; end if; end;"""
    assert hr.block(source, n=NUMBER, r=TEXT) == {"N": 3, "R": "none"}


@pytest.mark.parametrize("answer", [7, [7]])
def test_returning(hr: Any, answer: Any) -> None:
    """RETURNING INTO reaches the engine with binds of its own; a list is one value for each row."""
    hr.on("insert", Result(rowcount=1, out={"B2": answer, "B3": "a"}))
    source = """declare v number; begin
        insert into employees (name) values ('a' || v) returning id, name into v, :n; :r := v; end;"""
    assert hr.block(source, r=NUMBER, n=TEXT) == {"N": "a", "R": 7}
    assert hr.statements[0][0] == "insert into employees (name) values ('a' || :B1) returning id, name into :B2, :B3"
    assert hr.bind_types[0] == {"B1": "NUMBER", "B2": "NUMBER", "B3": "VARCHAR2"}


def test_returning_many_and_none(hr: Any) -> None:
    hr.on("update", Result(rowcount=2, out={"B1": [1, 2]}))
    assert hr.error("declare v number; begin update employees set job = 1 returning id into v; end;").code == 1422
    hr.on("update", Result(rowcount=0, out={"B1": []}))
    assert hr.block(
        "declare v number := 5; begin update employees set job = 1 returning id into v; :r := v; end;", r=NUMBER
    ) == {"R": 5}


def test_cursor_for_loop(hr: Any) -> None:
    hr.rows("select id, name", "ID NUMBER, NAME VARCHAR2", (1, "a"), (2, "b"), (3, "c"))
    source = """declare s varchar2(99); begin
        for r in (select id, name from employees where salary > :low) loop
          exit when r.id = 3; s := s || r.id || r.name; end loop; :r := s; end;"""
    assert hr.block(source, r=TEXT, low=5) == {"R": "1a2b"}


def test_explicit_cursor(hr: Any) -> None:
    hr.rows("from employees", "ID NUMBER, NAME VARCHAR2", (1, "a"), (2, "b"))
    source = """declare
          cursor c(p_low number, p_job varchar2 := 'IT') is
            select id, name from employees where salary > p_low and job = p_job;
          r c%rowtype; s varchar2(99);
        begin
          open c(100);
          loop fetch c into r; exit when c%notfound; s := s || r.name || c%rowcount; end loop;
          close c;
          if not c%isopen then s := s || '.'; end if;
          for x in c(p_job => 'HR', p_low => 1) loop s := s || x.id; end loop;
          :r := s;
        end;"""
    assert hr.block(source, r=TEXT) == {"R": "a1b2.12"}
    assert hr.statements == [
        ("select id, name from employees where salary > :B1 and job = :B2", {"B1": 100, "B2": "IT"}),
        ("select id, name from employees where salary > :B1 and job = :B2", {"B1": 1, "B2": "HR"}),
    ]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("fetch c into v;", 1001),
        ("close c;", 1001),
        ("open c; open c;", 6511),
        ("v := c%rowcount;", 1001),
    ],
)
def test_cursor_faults(hr: Any, body: str, code: int) -> None:
    hr.rows("from jobs", "JOB NUMBER")
    declarations = "declare cursor c is select job from jobs; v number;"
    assert hr.error(f"{declarations} begin {body} end;").code == code


def test_ref_cursor_to_a_bind(hr: Any) -> None:
    """OPEN … FOR gives the host the rows that were not fetched yet."""
    hr.rows("from employees", "ID NUMBER", (1,), (2,), (3,))
    source = """declare c sys_refcursor; v number; begin
        open c for select id from employees where id > v; fetch c into v; :n := v; :rc := c;
        open :rd for 'select id from employees where id > :x' using v; end;"""
    out = hr.block(source, rc=Bind(None, "CURSOR"), rd=Bind(None, "CURSOR"), n=NUMBER)
    assert out["N"] == 1
    assert list(out["RC"].rows) == [(2,), (3,)]
    assert [column.name for column in out["RD"].columns] == ["ID"]
    assert hr.statements[1] == ("select id from employees where id > :1", {"1": 1})


def test_bulk_collect_and_forall(hr: Any) -> None:
    hr.rows("select id, name", "ID NUMBER, NAME VARCHAR2", (1, "a"), (2, "b"))
    hr.rows("select id from", "ID NUMBER", (4,), (5,), (6,))
    source = """declare
          type n is table of number index by pls_integer; type s is table of varchar2(9); ids n; names s; l n;
          cursor c is select id from employees;
        begin
          select id, name bulk collect into ids, names from employees;
          forall i in 1 .. ids.count update employees set name = names(i) where id = ids(i);
          :n := sql%rowcount;
          open c; fetch c bulk collect into l limit 2; :r := l.count || case when c%found then 'f' end;
          fetch c bulk collect into l limit 2; :r := :r || l.count || case when c%notfound then 'n' end; close c;
        end;"""
    assert hr.block(source, n=NUMBER, r=TEXT) == {"N": 2, "R": "2f1n"}
    assert hr.statements[1:3] == [
        ("update employees set name = :B1 where id = :B2", {"B1": "a", "B2": 1}),
        ("update employees set name = :B1 where id = :B2", {"B1": "b", "B2": 2}),
    ]


def test_execute_immediate(hr: Any) -> None:
    """Each placeholder of SQL takes an argument of its own; a block's placeholders are names."""
    hr.rows("select name", "NAME VARCHAR2", ("n",))
    hr.on("update", Result(rowcount=2, out={"3": 9}))
    source = """declare v varchar2(9) := 'x'; w number; begin
        execute immediate 'select name from employees where a = :a and b = :a' into :r using v, 5;
        execute immediate 'begin :o := :i + :i; end;' using out w, in 21; :n := w;
        execute immediate 'create table ' || v || ' (a number)';
        end;"""
    assert hr.block(source, r=TEXT, n=NUMBER) == {"R": "n", "N": 42}
    assert hr.statements == [
        ("select name from employees where a = :1 and b = :2", {"1": "x", "2": 5}),
        ("create table x (a number)", {}),
    ]
    source = """declare w number; begin
        execute immediate 'update t set a = :1 where b = :2 returning c into :3' using 1, 2 returning into w; end;"""
    assert hr.error(source).code == 1422
    assert hr.statements[-1] == ("update t set a = :1 where b = :2 returning c into :3", {"1": 1, "2": 2, "3": None})


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("execute immediate null", 6535),
        ("execute immediate 'delete from t where a = :a'  using 1, 2", 1006),
        ("execute immediate 'delete from t where a = :a and b = :b' using 1", 1008),
        ("execute immediate 'begin nothing; end;'", 6550),
        ("execute immediate 'select name from t' into :r", 1403),
    ],
)
def test_execute_immediate_faults(hr: Any, statement: str, code: int) -> None:
    """Faults of dynamic statements are exceptions like others."""
    hr.rows("select name", "NAME VARCHAR2")
    assert hr.block(f"begin {statement}; exception when others then :n := abs(sqlcode); end;", n=NUMBER, r=TEXT)[
        "N"
    ] == (100 if code == 1403 else code)


def test_transactions(hr: Any) -> None:
    hr.block(
        "begin savepoint before_it; rollback to savepoint before_it; commit; rollback; set transaction read only; end;"
    )
    assert [sql for sql, _ in hr.statements] == [
        "savepoint before_it",
        "rollback to savepoint before_it",
        "commit",
        "rollback",
        "set transaction read only",
    ]


def test_errors_of_sql_are_exceptions(hr: Any) -> None:
    hr.on("insert", OracleError(1, "unique constraint (HR.EMP_PK) violated"))
    source = "begin insert into employees (id) values (1); exception when dup_val_on_index then :r := sqlerrm; end;"
    assert hr.block(source, r=TEXT) == {"R": "ORA-00001: unique constraint (HR.EMP_PK) violated"}
    error = hr.error("begin\n\n  insert into employees (id) values (1);\nend;")
    assert (error.code, error.message) == (1, "unique constraint (HR.EMP_PK) violated\nORA-06512: at line 3")


def test_static_sql_is_compiled_with_its_block(hr: Any) -> None:
    """A table that cannot be seen refuses the block; dynamic SQL fails only when it runs."""
    hr.session.described = [("from secret", OracleError(942, "table or view does not exist", 21))]
    source = (
        "declare v number; begin\n  if 1 = 2 then\n    select count(*) into v from secret;\n  end if;\n"
        "exception when others then null; end;"
    )
    error = hr.error(source)
    assert error.code == 6550
    assert error.message == (
        "line 3, column 33:\nPL/SQL: ORA-00942: table or view does not exist\n"
        "ORA-06550: line 3, column 5:\nPL/SQL: SQL Statement ignored"
    )
    hr.on("from secret", OracleError(942, "table or view does not exist"))
    source = "begin execute immediate 'delete from secret'; exception when others then :n := sqlcode; end;"
    assert hr.block(source, n=NUMBER) == {"N": -942}


def test_number_of_targets(hr: Any) -> None:
    hr.rows("select id, name", "ID NUMBER, NAME VARCHAR2", (1, "a"))
    error = hr.error("declare v number; begin select id, name into v from employees; end;")
    assert "PL/SQL: ORA-00913: too many values" in error.message


def test_values_have_the_type_of_their_column(hr: Any) -> None:
    moment = datetime(2024, 5, 1, 8, 30)
    columns = (Column("A", "DATE"), Column("B", "TIMESTAMP"), Column("C", "NUMBER"))
    hr.on("select a", lambda: Result(columns, iter([(moment, moment, Decimal("2.50"))])))
    out = hr.block(
        "begin for r in (select a, b, c from x) loop :r := r.a || '|' || r.b || '|' || r.c; end loop; end;", r=TEXT
    )
    assert out == {"R": "01-MAY-24|01-MAY-24 08.30.00.000000 AM|2.5"}


def test_records_in_sql(hr: Any) -> None:
    error = hr.error("declare type r is record (id number); x r; begin update jobs set row = x; end;")
    assert "a record in SQL other than after VALUES is not supported" in error.message
    error = hr.error("declare b boolean; begin update jobs set job = b; end;")
    assert "PLS-00457: expressions have to be of SQL types" in error.message
    error = hr.error("declare function f return number is begin return 1; end; begin update jobs set job = f(); end;")
    assert "PLS-00231: function 'F' may not be used in SQL" in error.message
