"""PL/SQL blocks: status, headers, JSON keys, forwarding, and what a failure leaves behind."""

from datetime import datetime
from typing import Any

import pytest

from oracleapi_sandbox.oracle.ports import Column, OracleError, Result
from oracleapi_sandbox.ords.model import Handler, Module, Parameter, Template

SQL = "begin work(:status_code, :forward_location, :msg, :loc, :rows); end;"
MESSAGE = Parameter("Message", "msg", "RESPONSE", "OUT", "STRING")
LOCATION = Parameter("X-Made", "loc", "HEADER", "OUT", "STRING")
ROWS = Parameter("rows", "rows", "RESPONSE", "OUT", "RESULTSET")


def test_a_block_that_sets_nothing_answers_200_with_an_empty_body(world: Any) -> None:
    world.gives("begin null; end;")
    world.block("e", "begin null; end;")
    answer = world.call("/ords/hr/emp/e", "POST")
    assert (answer.status, answer.body, answer.header("Content-Length")) == (200, b"", "0")
    assert world.database.sessions[0].calls[:2] == ["begin null; end;", "COMMIT"]


def test_status_keys_and_headers_come_from_the_out_binds(world: Any) -> None:
    world.gives(SQL, STATUS_CODE=201, MSG="made", LOC="7")
    world.block("e", SQL, MESSAGE, LOCATION)
    answer = world.call("/ords/hr/emp/e", "POST")
    assert (answer.status, answer.json, answer.header("X-Made")) == (201, {"Message": "made"}, "7")
    assert answer.header("Content-Type") == "application/json"
    assert world.bind_types == {
        "STATUS_CODE": "NUMBER",
        "FORWARD_LOCATION": "VARCHAR2",
        "MSG": "VARCHAR2",
        "LOC": "VARCHAR2",
        "ROWS": "VARCHAR2",
    }


def test_a_null_out_value_is_a_null_key_and_no_header(world: Any) -> None:
    world.gives(SQL, MSG=None, LOC=None)
    world.block("e", SQL, MESSAGE, LOCATION)
    answer = world.call("/ords/hr/emp/e", "POST")
    assert (answer.json, answer.header("X-Made")) == ({"Message": None}, None)


def test_a_resultset_is_an_array_of_objects(world: Any) -> None:
    cursor = Result((Column("ENAME", "VARCHAR2"), Column("HIRED", "DATE")), iter([("KING", datetime(2024, 1, 31))]))
    world.gives(SQL, ROWS=cursor)
    world.block("e", SQL, ROWS)
    assert world.call("/ords/hr/emp/e", "POST").json == {"rows": [{"ename": "KING", "hired": "2024-01-31T00:00:00Z"}]}
    assert world.bind_types["ROWS"] == "CURSOR"


def test_an_inout_header_goes_in_and_out(world: Any) -> None:
    sql = "begin bump(:n); end;"
    world.database.script[sql] = lambda binds: Result(out={"N": binds["N"].value + 1})
    world.block("e", sql, Parameter("X-N", "n", "HEADER", "INOUT", "INT"))
    assert world.call("/ords/hr/emp/e", "POST", {"X-N": "41"}).header("X-N") == "42"


@pytest.mark.parametrize("name", ["X-ORDS-STATUS-CODE", "x-apex-status-code"])
def test_the_old_status_header_parameter_sets_the_status(world: Any, name: str) -> None:
    world.gives("begin s(:s); end;", S="404")
    world.block("e", "begin s(:s); end;", Parameter(name, "s", "HEADER", "OUT", "STRING"))
    answer = world.call("/ords/hr/emp/e", "POST")
    assert (answer.status, answer.header(name)) == (404, None)


@pytest.mark.parametrize("status", [99, 600, "x", 101])
def test_a_status_that_is_none_is_500(world: Any, status: Any) -> None:
    world.gives(SQL, STATUS_CODE=status)
    world.block("e", SQL)
    assert world.call("/ords/hr/emp/e", "POST").status == 500


def test_a_header_with_a_line_break_is_500_and_does_not_go_out(world: Any) -> None:
    world.gives(SQL, LOC="a\r\nSet-Cookie: x=1")
    world.block("e", SQL, LOCATION)
    answer = world.call("/ords/hr/emp/e", "POST")
    assert (answer.status, answer.header("Set-Cookie")) == (500, None)
    assert "ROLLBACK" in world.database.sessions[0].calls


@pytest.mark.parametrize("name", ["Content-Length", "Transfer-Encoding", "X Y", "X:Y", "\u00e9"])
def test_a_header_that_would_break_the_answer_is_500(world: Any, name: str) -> None:
    world.gives("begin s(:s); end;", S="1")
    world.block("e", "begin s(:s); end;", Parameter(name, "s", "HEADER", "OUT", "STRING"))
    assert world.call("/ords/hr/emp/e", "POST").status == 500


def test_a_block_may_set_its_own_content_type(world: Any) -> None:
    world.gives(SQL, MSG="x", LOC="application/vnd.x+json")
    world.block("e", SQL, MESSAGE, Parameter("Content-Type", "loc", "HEADER", "OUT", "STRING"))
    answer = world.call("/ords/hr/emp/e", "POST")
    assert [value for key, value in answer.headers if key == "content-type"] == ["application/vnd.x+json"]


def _employees(world: Any, location: str, out: dict[str, Any] | None = None) -> None:
    """POST emp/n/ forwards to *location*; GET emp/n/:id shows one."""
    world.gives(SQL, FORWARD_LOCATION=location, **(out or {}))
    world.rows("one :id", "ENAME", ("KING",))
    world.commit(
        modules=(
            Module(
                "m",
                "/emp/",
                templates=(
                    Template("n/", handlers=(Handler("POST", "plsql/block", SQL, parameters=(LOCATION,)),)),
                    Template("n/:id", handlers=(Handler("GET", "json/item", "one :id"),)),
                ),
            ),
        )
    )


@pytest.mark.parametrize(
    "location", ["7", "./7", "/ords/hr/emp/n/7", "https://localhost:8443/ords/hr/emp/n/7", "../n/7"]
)
def test_a_forward_answers_with_an_internal_get(world: Any, location: str) -> None:
    _employees(world, location, {"STATUS_CODE": 201, "LOC": "kept"})
    answer = world.call("/ords/hr/emp/n/", "POST", {"Content-Type": "application/json"}, '{"a": 1}')
    assert (answer.status, answer.json["ename"]) == (201, "KING")
    assert answer.header("Location") == "https://localhost:8443/ords/hr/emp/n/7"
    assert answer.header("X-Made") == "kept"
    assert world.binds == {"ID": "7"}
    assert len(world.journal.entries()) == 1
    assert world.journal.entries()[0]["method"] == "POST"


def test_a_forward_location_is_escaped(world: Any) -> None:
    _employees(world, "a b\u00e9%2f?x=1")
    answer = world.call("/ords/hr/emp/n/", "POST")
    assert world.binds == {"ID": "a b\u00e9/"}
    assert answer.header("Location") == "https://localhost:8443/ords/hr/emp/n/a%20b%C3%A9%2f?x=1"


def test_a_forward_keeps_the_caller_and_is_authorised_again(world: Any) -> None:
    _employees(world, "7")
    world.profile()
    world.protect("hr.read", "/emp/n/*")
    assert world.call("/ords/hr/emp/n/", "POST", world.bearer()).status == 200
    world.protect("hr.secret", "/emp/n/:id")
    assert world.call("/ords/hr/emp/n/", "POST", world.bearer()).status == 401


def test_a_forward_to_another_server_or_in_a_circle_is_500(world: Any) -> None:
    _employees(world, "https://evil.example/x")
    assert world.call("/ords/hr/emp/n/", "POST").status == 500
    world.gives("begin c(:forward_location); end;", FORWARD_LOCATION="c")
    world.block("c", "begin c(:forward_location); end;", method="GET")
    answer = world.call("/ords/hr/emp/c")
    assert (answer.status, answer.json["message"]) == (500, "Too many forwards")


def test_a_failed_block_rolls_back_and_answers_555(world: Any) -> None:
    world.fails("begin f; end;", 20001, "no such badge\nORA-06512: at line 1")
    world.block("e", "begin f; end;")
    answer = world.call("/ords/hr/emp/e", "POST")
    body = answer.json
    assert (answer.status, body["code"], body["o:errorCode"]) == (555, "UserDefinedResourceError", "ORDS-25001")
    assert "SQL Error Code 20001, Error Message: ORA-20001: no such badge\nORA-06512: at line 1" in body["cause"]
    assert world.database.sessions[0].calls[:2] == ["begin f; end;", "ROLLBACK"]


def test_a_failed_commit_is_555_too(world: Any) -> None:
    world.database.commit_error = OracleError(2091, "transaction rolled back")
    world.gives("begin null; end;")
    world.block("e", "begin null; end;")
    assert world.call("/ords/hr/emp/e", "POST").status == 555


def test_a_block_has_no_etag(world: Any) -> None:
    world.gives(SQL, MSG="x")
    world.block("e", SQL, MESSAGE, method="GET")
    assert world.call("/ords/hr/emp/e").header("ETag") is None
