"""Blocks as they stand in ORDS handlers and hooks: implicit parameters, bodies, statuses."""

from typing import Any

import pytest

from oracleapi_sandbox.oracle.ports import Bind, OracleError, Result

STATUS = Bind(None, "NUMBER")
TEXT = Bind(None)

CREATE = """
DECLARE
  l_id   employees.employee_id%TYPE;
  l_name VARCHAR2(50) := TRIM(:first_name);
  e_bad  EXCEPTION;
BEGIN
  IF l_name IS NULL OR NOT REGEXP_LIKE(:email, '^[^@]+@[^@]+$') THEN
    RAISE e_bad;
  END IF;
  INSERT INTO employees (employee_id, first_name, email, salary)
  VALUES (employees_seq.NEXTVAL, l_name, LOWER(:email), TO_NUMBER(:salary))
  RETURNING employee_id INTO l_id;
  :status_code := 201;
  :forward_location := 'employees/' || l_id;
EXCEPTION
  WHEN e_bad OR VALUE_ERROR THEN
    :status_code := 400;
    :message := 'first_name and email are required';
  WHEN DUP_VAL_ON_INDEX THEN
    :status_code := 409;
    :message := SQLERRM;
END;
"""


@pytest.fixture
def ords(db: Any) -> Any:
    db.columns = {"EMPLOYEES": {"EMPLOYEE_ID", "FIRST_NAME", "EMAIL", "SALARY", "ID"}}
    db.rows("select EMPLOYEE_ID from EMPLOYEES", "EMPLOYEE_ID NUMBER")
    db.rows("regexp_like", "X NUMBER", (1,))
    return db


def _create(ords: Any, **fields: Any) -> dict[str, Any]:
    given = {"first_name": " Ada ", "email": "Ada@x.org", "salary": "100", **fields}
    return dict(ords.block(CREATE, status_code=STATUS, forward_location=TEXT, message=TEXT, **given))


def test_created(ords: Any) -> None:
    ords.on("insert", Result(rowcount=1, out={"B2": 207}))
    assert _create(ords) == {"STATUS_CODE": 201, "FORWARD_LOCATION": "employees/207"}
    text, binds = ords.statements[-1]
    assert " ".join(text.split()) == (
        "INSERT INTO employees (employee_id, first_name, email, salary) "
        "VALUES (employees_seq.NEXTVAL, :B1, LOWER(:email), TO_NUMBER(:salary)) RETURNING employee_id into :B2"
    )
    assert binds == {"B1": "Ada", "EMAIL": "Ada@x.org", "SALARY": "100", "B2": None}


def test_bad_request(ords: Any) -> None:
    assert _create(ords, first_name="  ") == {"STATUS_CODE": 400, "MESSAGE": "first_name and email are required"}


def test_conflict(ords: Any) -> None:
    ords.on("insert", OracleError(1, "unique constraint (HR.EMP_EMAIL_UK) violated"))
    assert _create(ords) == {"STATUS_CODE": 409, "MESSAGE": "ORA-00001: unique constraint (HR.EMP_EMAIL_UK) violated"}


def test_not_found(ords: Any) -> None:
    """UPDATE and DELETE that touch nothing answer 404."""
    source = """begin
        update employees set salary = :salary where employee_id = :id;
        if sql%rowcount = 0 then :status := 404; :msg := 'no employee ' || :id; else :status := 200; end if; end;"""
    ords.on("update", Result(rowcount=0))
    assert ords.block(source, status=STATUS, msg=TEXT, salary=1, id=7) == {"STATUS": 404, "MSG": "no employee 7"}
    ords.on("update", Result(rowcount=1))
    assert ords.block(source, status=STATUS, msg=TEXT, salary=1, id=7) == {"STATUS": 200}


def test_body_as_json(ords: Any) -> None:
    """A handler that reads its body once and takes fields out of it."""
    source = """declare
          l_body clob := :body_text;
          l_salary number := json_value(l_body, '$.salary' returning number);
          l_name varchar2(20) := json_value(l_body, '$.name');
        begin
          case
            when not json_exists(l_body, '$.name') then :status_code := 400;
            when l_salary > 1000 then raise_application_error(-20422, 'salary ' || l_salary || ' is too high');
            else
              insert into employees (first_name, salary) values (l_name, l_salary);
              :status_code := 201;
          end case;
        exception
          when others then
            if sqlcode between -20999 and -20000 then
              :status_code := abs(sqlcode) - 20000; :error := regexp_replace(sqlerrm, '^ORA-\\d+: ');
            else raise; end if;
        end;"""
    ords.rows("regexp_replace", "X VARCHAR2", ("salary 5000 is too high",))

    def post(body: str) -> dict[str, Any]:
        return dict(ords.block(source, body_text=Bind(body, "CLOB"), status_code=STATUS, error=TEXT))

    assert post('{"name":"Ada","salary":900.5}') == {"STATUS_CODE": 201}
    assert post('{"salary":1}') == {"STATUS_CODE": 400}
    assert post('{"name":"Ada","salary":5000}') == {"STATUS_CODE": 422, "ERROR": "salary 5000 is too high"}
    assert (
        ords.error(source, body_text=Bind('{"name":"' + "x" * 21 + '"}', "CLOB"), status_code=STATUS, error=TEXT).code
        == 6502
    )


def test_result_set(ords: Any) -> None:
    ords.rows("from employees", "ID NUMBER", (1,))
    out = ords.block("begin open :rs for select id from employees where id = :id; end;", rs=Bind(None, "CURSOR"), id=1)
    assert list(out["RS"].rows) == [(1,)]


def test_correlation_hook(ords: Any) -> None:
    """The text of a pre-hook: identifier of at most 64 bytes, module and action."""
    source = """declare
          c_max constant pls_integer := 64;
          l_id varchar2(200) := :request_id || '|' || :subject;
        begin
          dbms_session.set_identifier(substrb(l_id, 1, c_max));
          dbms_application_info.set_module(module_name => 'ns/api', action_name => null);
        end;"""
    ords.session.action = "old"
    ords.block(source, request_id="r-1", subject="s" * 80)
    assert ords.session.client_identifier == "r-1|" + "s" * 60
    assert (ords.session.module, ords.session.action) == ("ns/api", None)
