"""Bind variables: where their values come from, in which order, and as which type."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from oracleapi_sandbox.ords.binds import bind_names
from oracleapi_sandbox.ords.model import Handler, Parameter

JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("select * from t where a = :a and b=:B1", ("a", "B1")),
        ("select :x, :x from dual", ("x",)),
        ("begin v := :n; w:=:m; end;", ("n", "m")),
        ("select ':no', q'[it's :no]', nq'{:no}', Q'!:no!' from t where x = :yes", ("yes",)),
        ("select 'it''s :no' from t where x = :yes", ("yes",)),
        ("select 1 -- :no\n/* :no\n :no */ from t where x = :yes", ("yes",)),
        ('select "a:no" from t where seq\' = 1', ()),
        ("select json_object('k' : name) from t where id = :id", ("id",)),
        ("select to_char(d, 'HH24:MI:SS') from t where a = :1", ("1",)),
    ],
)
def test_binds_are_found_outside_of_text_names_and_comments(source: str, names: tuple[str, ...]) -> None:
    assert bind_names(source) == names


def test_path_then_query_then_null(world: Any) -> None:
    sql = "q :id :name :none"
    world.rows(sql, "X")
    world.query("e/:id", sql)
    world.get_json("/ords/hr/emp/e/7?id=8&name=a+b%26c&name=second")
    assert world.binds == {"ID": "7", "NAME": "a b&c", "NONE": None}
    assert set(world.bind_types.values()) == {"VARCHAR2"}


def test_names_match_exactly_first_and_then_without_case(world: Any) -> None:
    world.rows("q :DeptNo :other", "X")
    world.query("e", "q :DeptNo :other")
    world.get_json("/ords/hr/emp/e?deptno=1&DeptNo=2&OTHER=3")
    assert world.binds == {"DEPTNO": "2", "OTHER": "3"}


def test_an_empty_query_value_is_null(world: Any) -> None:
    world.rows("q :a", "X")
    world.query("e", "q :a")
    world.get_json("/ords/hr/emp/e?a=")
    assert world.binds == {"A": None}


def test_sql_in_a_value_stays_a_value(world: Any) -> None:
    world.rows("q :a", "X")
    world.query("e", "q :a")
    world.get_json("/ords/hr/emp/e?a=%27%20or%201%3D1%20--")
    assert world.database.executed[-1][0] == "q :a"
    assert world.binds == {"A": "' or 1=1 --"}


def _post(world: Any, body: str | bytes, headers: dict[str, str], sql: str, path: str = "e") -> Any:
    world.gives(sql)
    world.block(path, sql)
    return world.call(f"/ords/hr/emp/{path}?shared=query", "POST", headers, body)


def test_json_keys_are_binds_of_their_own_type(world: Any) -> None:
    body = '{"name": "Ann", "sal": 10.50, "n": 7, "flag": true, "none": null, "tags": ["a"], "shared": "body", "e": ""}'
    sql = "begin x(:name, :sal, :n, :flag, :none, :tags, :shared, :e); end;"
    assert _post(world, body, JSON, sql).status == 200
    assert world.binds == {
        "NAME": "Ann",
        "SAL": Decimal("10.50"),
        "N": 7,
        "FLAG": "true",
        "NONE": None,
        "TAGS": '["a"]',
        "SHARED": "query",
        "E": None,
    }
    assert (world.bind_types["SAL"], world.bind_types["NAME"]) == ("NUMBER", "VARCHAR2")


def test_form_fields_are_binds(world: Any) -> None:
    assert _post(world, "name=Ann+B&shared=body", FORM, "begin x(:name, :shared); end;").status == 200
    assert world.binds == {"NAME": "Ann B", "SHARED": "query"}


def test_long_text_is_a_clob(world: Any) -> None:
    _post(world, '{"t": "%s"}' % ("x" * 40000), JSON, "begin x(:t); end;")
    assert world.bind_types == {"T": "CLOB"}


@pytest.mark.parametrize("body_name", ["body", "body_text", "body_json"])
def test_json_keys_are_no_binds_where_the_body_itself_is_bound(world: Any, body_name: str) -> None:
    body = '{"name": "Zo\u00eb"}'.encode()
    _post(world, body, JSON, f"begin x(:{body_name}, :name, :content_type); end;")
    text = body if body_name == "body" else body.decode()
    assert world.binds == {body_name.upper(): text, "NAME": None, "CONTENT_TYPE": "application/json"}
    assert world.bind_types[body_name.upper()] == ("BLOB" if body_name == "body" else "CLOB")


@pytest.mark.parametrize(
    ("body", "headers", "sql", "status"),
    [
        ("{", JSON, "begin x(:a); end;", 400),
        ("{", JSON, "begin x(:body_json); end;", 400),
        ("{", JSON, "begin x(:body_text); end;", 200),
        ("NaN", JSON, "begin x(:a); end;", 400),
        ('{"a": "\\ud800"}', JSON, "begin x(:a); end;", 400),
        ('{"a": 1e999999999}', JSON, "begin x(:a); end;", 400),
        ('{"a": [1e999999999]}', JSON, "begin x(:a); end;", 200),
        ("[" * 100_000, JSON, "begin x(:a); end;", 400),
        ("[1]", JSON, "begin x(:a); end;", 200),
        ("", JSON, "begin x(:a); end;", 200),
        ("{", {"Content-Type": "text/plain"}, "begin x(:a); end;", 200),
        (b"\xff", JSON, "begin x(:body_text); end;", 400),
        (b"\xff", {"Content-Type": "text/plain; charset=iso-8859-1"}, "begin x(:body_text); end;", 200),
        ("x", {"Content-Type": "multipart/form-data; boundary=x"}, "begin x(:a); end;", 500),
        ("x", {"Content-Type": "multipart/form-data; boundary=x"}, "begin x(:body); end;", 200),
    ],
)
def test_bodies_that_do_not_parse_are_refused(
    world: Any, body: str | bytes, headers: dict[str, str], sql: str, status: int
) -> None:
    assert _post(world, body, headers, sql).status == status


@pytest.mark.parametrize(("sensitive", "user"), [(True, "query"), (False, None)])
def test_implicit_parameters_are_lower_case_unless_switched(world: Any, sensitive: bool, user: str | None) -> None:
    world.settings.implicit_parameters_case_sensitive = sensitive
    world.rows("q :CURRENT_USER", "X")
    world.query("e", "q :CURRENT_USER")
    world.get_json("/ords/hr/emp/e?current_user=query")
    assert world.binds == {"CURRENT_USER": user}


def test_a_caller_cannot_set_an_implicit_parameter(world: Any) -> None:
    world.rows("q :current_user :row_count", "X")
    world.query("e/:row_count", "q :current_user :row_count")
    world.get_json("/ords/hr/emp/e/9999?current_user=boss")
    assert world.binds == {"CURRENT_USER": None, "ROW_COUNT": 26}


@pytest.mark.parametrize(
    ("ahead", "expected"),
    [
        (True, {"FO": 20, "FS": 11, "RO": 21, "RC": 31, "PO": 2, "PS": 11}),
        (False, {"FO": 20, "FS": 10, "RO": 21, "RC": 30, "PO": 2, "PS": 10}),
    ],
)
def test_paging_parameters_describe_the_window(world: Any, ahead: bool, expected: dict[str, int]) -> None:
    world.settings.paging_binds_look_ahead = ahead
    sql = "q :fetch_offset :fetch_size :row_offset :row_count :page_offset :page_size"
    world.rows(sql, "X")
    world.query("e", sql)
    world.get_json("/ords/hr/emp/e?limit=10&offset=20")
    assert {"".join(part[0] for part in name.split("_")): value for name, value in world.binds.items()} == expected


def _declared(world: Any, parameter: Parameter) -> None:
    world.rows("q :v", "X")
    world.template("e/:p?", Handler("GET", "json/collection", "q :v", parameters=(parameter,)))


@pytest.mark.parametrize(
    ("source", "name", "target", "value"),
    [
        ("HEADER", "X-Dept", "e/1", "ten"),
        ("HEADER", "Authorization", "e/1", "secret"),
        ("HEADER", "X-None", "e/1?v=2", None),
        ("URI", "p", "e/1", "1"),
        ("URI", "dept", "e/1?dept=30&v=2", "30"),
        ("URI", "dept", "e/1?v=2", None),
    ],
)
def test_a_declared_parameter_takes_its_own_source_only(
    world: Any, source: str, name: str, target: str, value: str | None
) -> None:
    _declared(world, Parameter(name, "v", source, "IN", "STRING"))
    headers = {"X-Dept": "ten", "Authorization": "secret"}
    world.get_json(f"/ords/hr/emp/{target}", headers=headers)
    assert world.binds == {"V": value}


@pytest.mark.parametrize(
    ("kind", "text", "value", "bound_as"),
    [
        ("STRING", "007", "007", "VARCHAR2"),
        ("INT", "-007", -7, "NUMBER"),
        ("INT", "2147483647", 2147483647, "NUMBER"),
        ("LONG", "9223372036854775807", 9223372036854775807, "NUMBER"),
        ("DOUBLE", "10.25", Decimal("10.25"), "NUMBER"),
        ("DOUBLE", "1e3", 1000, "NUMBER"),
        ("BOOLEAN", "TRUE", True, "BOOLEAN"),
        ("BOOLEAN", "false", False, "BOOLEAN"),
        ("TIMESTAMP", "2026-01-31T10:00:00Z", datetime(2026, 1, 31, 10), "TIMESTAMP"),
        ("TIMESTAMP", "2026-01-31T10:00:00.5+02:00", datetime(2026, 1, 31, 8, 0, 0, 500000), "TIMESTAMP"),
        ("INT", "", None, "NUMBER"),
    ],
)
def test_a_declared_type_converts_the_text(world: Any, kind: str, text: str, value: Any, bound_as: str) -> None:
    _declared(world, Parameter("X-V", "v", "HEADER", "IN", kind))
    world.get_json("/ords/hr/emp/e/1", headers={"X-V": text})
    assert (world.binds, world.bind_types) == ({"V": value}, {"V": bound_as})


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("INT", "1.5"),
        ("INT", "2147483648"),
        ("INT", "x"),
        ("INT", "\u0667".encode().decode("latin-1")),
        ("LONG", "9223372036854775808"),
        ("DOUBLE", "NaN"),
        ("DOUBLE", "1e999"),
        ("BOOLEAN", "yes"),
        ("TIMESTAMP", "2026-01-31"),
        ("TIMESTAMP", "2026-02-31T10:00:00Z"),
        ("RESULTSET", "x"),
    ],
)
def test_a_value_that_does_not_fit_its_type_is_400(world: Any, kind: str, text: str) -> None:
    _declared(world, Parameter("X-V", "v", "HEADER", "IN", kind))
    answer = world.call("/ords/hr/emp/e/1", headers={"X-V": text})
    assert (answer.status, answer.json["code"]) == (400, "BadRequest")
    assert answer.json["message"].startswith("Invalid value provided for parameter X-V.")
    assert world.database.executed == []


def test_mimes_allowed_refuses_other_bodies(world: Any) -> None:
    sql = "begin x(:body); end;"
    world.gives(sql)
    world.template("e", Handler("POST", "plsql/block", sql, mimes_allowed="application/json, text/csv"))
    sent = {
        kind: world.call("/ords/hr/emp/e", "POST", {"Content-Type": kind}, "1").status
        for kind in ("text/csv", "text/x")
    }
    assert sent == {"text/csv": 200, "text/x": 415}
