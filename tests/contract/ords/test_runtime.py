"""What a caller of ORDS sees: mapping, binds, pages, PL/SQL answers, errors, tokens.

Each expectation carries its source: [D] documented, [R] seen in public traces, [U] unconfirmed.
"""

import contextlib
from collections.abc import Callable
from typing import Any

import httpx
import pytest

Unconfirmed = Callable[[str], contextlib.AbstractContextManager[None]]

EMPLOYEES = "select empno, ename, sal, hired from emp order by empno"
SESSION = """select sys_context('userenv', 'session_user') session_user,
  sys_context('userenv', 'current_schema') current_schema,
  sys_context('userenv', 'proxy_user') proxy_user from dual"""
CREATE = """begin
  insert into emp (empno, ename, sal) values (:empno, :ename, :sal);
  :status_code := 201;
  :message := 'made ' || :ename;
  :made := :empno;
end;"""
FORWARD = "begin update emp set sal = sal where empno = :id; :status_code := 200; :forward_location := :id; end;"
RAISE = "begin raise_application_error(-20042, 'no badge'); end;"
HALF = "begin insert into emp (empno) values (8002); insert into emp (empno) values (8002); end;"
REMOVE = "begin delete from emp where empno = :id; if sql%rowcount = 0 then :status_code := 404; end if; end;"


@pytest.fixture(scope="module", autouse=True)
def service(ords: Any) -> Any:
    """Everything that the tests call, in one transaction."""
    ords.module("contract", "/contract/")
    ords.handler("contract", "emp/", EMPLOYEES)
    ords.handler("contract", "emp/", CREATE, "POST", p_source_type="plsql/block")
    ords.parameter("contract", "emp/", "POST", "message", "message", p_source_type="RESPONSE", p_access_method="OUT")
    ords.parameter("contract", "emp/", "POST", "X-Made", "made", p_access_method="OUT")
    ords.handler("contract", "emp/:id", "select * from emp where empno = :id", p_source_type="json/item")
    ords.handler("contract", "emp/:id", FORWARD, "PUT", p_source_type="plsql/block")
    ords.handler("contract", "emp/:id", REMOVE, "DELETE", p_source_type="plsql/block")
    ords.handler("contract", "two/", EMPLOYEES, p_items_per_page=2)
    ords.handler("contract", "over/:min", "select ename from emp where sal > :min order by ename")
    ords.parameter("contract", "over/:min", "GET", "min", "min", p_source_type="URI", p_param_type="INT")
    ords.handler("contract", "broken", "select * from no_such_table")
    ords.handler("contract", "raise", RAISE, p_source_type="plsql/block")
    ords.handler("contract", "who", "select :current_user who from dual", p_source_type="json/item")
    ords.handler("contract", "half", "select 1 one from dual")
    ords.handler("contract", "half", HALF, "POST", p_source_type="plsql/block")
    ords.handler("contract", "session", SESSION, p_source_type="json/item")
    ords.handler("contract", "echo/:text", "select :text text from dual", p_source_type="json/item")
    ords.module("secret", "/secret/")
    ords.handler("secret", "who", "select :current_user who from dual", p_source_type="json/item")
    ords.module("hidden", "/hidden/", p_status="NOT_PUBLISHED")
    ords.handler("hidden", "x", "select 1 one from dual")
    ords.origins("contract", "https://app.example")
    ords.privilege("contract.read", "/secret", "/secret/*")
    ords.commit_and_wait("/contract/who")
    return ords


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Check the members that every error body has; return it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    body: dict[str, Any] = answer.json()
    assert body["code"] == code
    assert body["type"] == f"tag:oracle.com,2020:error/{code}"
    assert body["instance"].startswith("tag:oracle.com,2020:ecid/")
    return body


def test_a_collection_has_the_envelope(ords: Any) -> None:
    """[R] Keys, lower-cased columns, ISO dates in UTC, exact numbers, NULL kept."""
    answer = ords.get("/contract/emp/")
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert {key: body[key] for key in ("hasMore", "limit", "offset", "count")} == {
        "hasMore": False,
        "limit": 25,
        "offset": 0,
        "count": 3,
    }
    assert body["items"][0] == {"empno": 7839, "ename": "KING", "sal": 5000, "hired": "1981-11-17T00:00:00Z"}
    assert body["items"][1] == {"empno": 7900, "ename": "JAMES", "sal": 950.5, "hired": None}
    assert {"self", "describedby", "first"} <= {link["rel"] for link in body["links"]}


def test_pages_are_linked_until_the_last(ords: Any) -> None:
    """[D] The handler's page size, hasMore, next."""
    body = ords.get("/contract/two/").json()
    assert (body["count"], body["limit"], body["hasMore"]) == (2, 2, True)
    following = next(link["href"] for link in body["links"] if link["rel"] == "next")
    last = ords.http.get(following, headers={"Accept": "application/json"}).json()
    assert ([row["ename"] for row in last["items"]], last["hasMore"], last["offset"]) == (["MILLER"], False, 2)


def test_the_caller_may_choose_the_window(ords: Any) -> None:
    """[D] limit and offset."""
    body = ords.get("/contract/emp/?limit=1&offset=1").json()
    assert ([row["empno"] for row in body["items"]], body["limit"], body["offset"]) == ([7900], 1, 1)


@pytest.mark.parametrize("query", ["limit=x", "offset=x", "q=x"])
def test_wrong_reserved_names_are_400(ords: Any, query: str) -> None:
    """[R] Refused before the handler runs."""
    problem(ords.get(f"/contract/emp/?{query}"), 400, "BadRequest")


def test_an_item_is_flat_or_404(ords: Any) -> None:
    """[D] json/item."""
    body = ords.get("/contract/emp/7839").json()
    assert (body["ename"], body["links"][0]["rel"]) == ("KING", "collection")
    problem(ords.get("/contract/emp/1"), 404, "NotFound")


@pytest.mark.parametrize("path", ["/contract/none", "/contract/emp", "/hidden/x", "/none/x"])
def test_what_is_not_mapped_is_404(ords: Any, path: str) -> None:
    """[R] Unknown template, missing slash, unpublished module, unknown module."""
    problem(ords.get(path), 404, "NotFound")


def test_an_alias_is_case_sensitive(ords: Any) -> None:
    """[D] The alias in URLs."""
    url = f"{ords.place.ords_url}/{ords.alias.upper()}/contract/who"
    problem(ords.http.get(url, headers={"Accept": "application/json"}), 404, "NotFound")


def test_a_method_without_handler_is_405(ords: Any, unconfirmed: Unconfirmed) -> None:
    """[U] The shape of 405."""
    answer = ords.request("PUT", "/contract/two/")
    with unconfirmed("a template without handler for the method answers 405 with Allow"):
        problem(answer, 405, "MethodNotAllowed")
        assert "GET" in answer.headers["allow"]


def test_json_keys_are_binds_and_outs_are_the_answer(ords: Any) -> None:
    """[D] Body keys, :status_code, RESPONSE and HEADER OUT parameters; the work is committed."""
    answer = ords.request("POST", "/contract/emp/", json={"empno": 8001, "ename": "O'Hara", "sal": 1.25})
    assert (answer.status_code, answer.json()) == (201, {"message": "made O'Hara"})
    assert answer.headers["x-made"] == "8001"
    assert ords.get("/contract/emp/8001").json()["sal"] == 1.25
    assert ords.request("DELETE", "/contract/emp/8001").status_code == 200
    assert ords.request("DELETE", "/contract/emp/8001").status_code == 404


def test_a_forward_answers_with_the_get_of_its_location(ords: Any) -> None:
    """[D] :forward_location."""
    answer = ords.request("PUT", "/contract/emp/7839")
    assert (answer.status_code, answer.json()["ename"]) == (200, "KING")


def test_a_declared_type_is_checked(ords: Any) -> None:
    """[R] 400 when the text does not convert."""
    assert [row["ename"] for row in ords.get("/contract/over/1000").json()["items"]] == ["KING", "MILLER"]
    body = problem(ords.get("/contract/over/much"), 400, "BadRequest")
    assert body["message"].startswith("Invalid value provided for parameter")


@pytest.mark.parametrize(
    ("path", "cause"),
    [("/contract/broken", "SQL Error Code 942"), ("/contract/raise", "ORA-20042: no badge")],
)
def test_a_failing_handler_is_555_with_the_databases_word(ords: Any, path: str, cause: str) -> None:
    """[R] UserDefinedResourceError, ORDS-25001."""
    body = problem(ords.get(path), 555, "UserDefinedResourceError")
    assert body["o:errorCode"] == "ORDS-25001"
    assert cause in body["cause"]


def test_a_value_never_becomes_sql(ords: Any) -> None:
    """[D] Binds."""
    assert ords.get("/contract/emp/0%20or%201%3D1").status_code == 555
    assert ords.get("/contract/echo/'%20or%201%3D1%20--").json()["text"] == "' or 1=1 --"


def test_an_unchanged_answer_is_304(ords: Any) -> None:
    """[D] The HASH ETag and If-None-Match."""
    tag = ords.get("/contract/emp/7839").headers["etag"]
    assert ords.get("/contract/emp/7839", headers={"If-None-Match": tag}).status_code == 304
    assert ords.get("/contract/emp/7839", headers={"If-None-Match": '"other"'}).status_code == 200


def test_errors_are_html_for_a_browser(ords: Any) -> None:
    """[D] error.responseFormat auto."""
    answer = ords.get("/contract/none", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (404, "text/html")


def test_a_handler_runs_as_the_schema_through_the_runtime_user(ords: Any) -> None:
    """[D] Proxy sessions."""
    body = ords.get("/contract/session").json()
    assert (body["session_user"], body["current_schema"]) == (ords.schema, ords.schema)
    assert body["proxy_user"] == "ORDS_PUBLIC_USER"


def test_a_failed_block_leaves_nothing(ords: Any) -> None:
    """[D] Rolled back as a whole."""
    assert ords.request("POST", "/contract/half").status_code == 555
    assert ords.get("/contract/emp/8002").status_code == 404


def test_a_foreign_origin_needs_the_modules_list(ords: Any) -> None:
    """[R] 403 for an origin that the module does not list."""
    assert ords.get("/contract/who", headers={"Origin": "https://app.example"}).status_code == 200
    assert ords.get("/contract/who", headers={"Origin": "https://evil.example"}).status_code == 403


@pytest.mark.parametrize("path", ["/secret/who", "/secret/none"])
def test_a_protected_path_asks_for_a_token(ords: Any, path: str) -> None:
    """[R] 401 without credentials; [U] for a path that has no template."""
    problem(ords.get(path), 401, "Unauthorized")


def test_a_token_with_the_privileges_name_as_scope_passes(ords: Any) -> None:
    """[D] Scope mode; sub is the current user."""
    answer = ords.get("/secret/who", headers=ords.bearer())
    assert (answer.status_code, answer.json()["who"]) == (200, "ann")


@pytest.mark.parametrize(
    "members",
    [
        {"audience": "https://other.example"},
        {"audience": None},
        {"fault": "expired"},
        {"claims": {"iss": "https://other.example"}},
        {"claims": {"sub": None}},
        {"claims": {"iat": None}},
        {"header": {"kid": "unknown"}},
        {"header": {"kid": None}},
        {"algorithm": "PS256"},
    ],
)
def test_a_token_that_fails_a_check_is_401(ords: Any, members: dict[str, Any]) -> None:
    """[D] The checks of a JWT profile; [R] the challenge."""
    answer = ords.get("/secret/who", headers=ords.bearer(**members))
    problem(answer, 401, "Unauthorized")
    assert answer.headers["www-authenticate"] == 'Bearer realm="Oracle REST Data Services", error="invalid_token"'


def test_a_token_without_the_scope_is_refused(ords: Any, unconfirmed: Unconfirmed) -> None:
    """[U] 401 or 403."""
    answer = ords.get("/secret/who", headers=ords.bearer(scope="contract.write"))
    assert answer.status_code in (401, 403)
    with unconfirmed("a missing scope is 401"):
        assert answer.status_code == 401


def test_a_public_path_has_no_current_user(ords: Any) -> None:
    """[D] NULL for an anonymous caller."""
    assert ords.get("/contract/who").json()["who"] is None


@pytest.mark.parametrize("path", ["/contract/echo/a%2Fb", "/contract/x%2f..%2fwho", "/contract/x/%2e%2e/who"])
def test_encoded_path_tricks_reach_no_other_template(ords: Any, unconfirmed: Unconfirmed, path: str) -> None:
    """[U] They stay in their segment."""
    answer = ords.get(path)
    with unconfirmed(f"{path} is not decoded into another path"):
        assert answer.status_code in (400, 404) or answer.json().get("text") == "a/b"


def test_metadata_is_invisible_before_the_commit(ords: Any) -> None:
    """[D] COMMIT is required; a rollback leaves no trace."""
    ords.module("late", "/late/")
    ords.handler("late", "x", "select 1 one from dual")
    assert ords.get("/late/x").status_code == 404
    ords.admin.rollback()
    assert ords.get("/late/x").status_code == 404
    ords.module("late", "/late/")
    ords.handler("late", "x", "select 1 one from dual")
    ords.commit_and_wait("/late/x")
    ords.publish("late", "NOT_PUBLISHED")
    ords.commit_and_wait("/late/x", 404)
