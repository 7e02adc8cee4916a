"""The realistic API through real HTTP: rows for whom they are meant, and for nobody else."""

from typing import Any

import pytest

from support.lab import Lab, wait_for


@pytest.fixture(scope="module")
def endpoint(lab: Lab, example: dict[str, Any]) -> Any:
    lab.apply(example)
    yield lab.wait_ready("oapi", "hr", "hr")["status"]["endpoint"]
    lab.kubectl("-n", "hr", "delete", "oapi", "hr", "--timeout=90s")


def test_a_reader_gets_rows_and_follows_next_to_the_end(lab: Lab, endpoint: str) -> None:
    token = lab.token()
    answer = lab.call("GET", f"{endpoint}/hr/v1/employees", token)
    ids, pages = [], 0
    while True:
        assert answer.status_code == 200
        pages += 1
        ids += [row["employee_id"] for row in answer.json()["items"]]
        following = [link["href"] for link in answer.json()["links"] if link["rel"] == "next"]
        if not following:
            break
        answer = lab.call("GET", following[0], token)
    assert ids == sorted(set(ids))
    assert {100, 101, 103, 104, 105, 107, 200} <= set(ids)
    assert pages >= 3


def test_one_employee_by_id_and_none_by_an_unknown_one(lab: Lab, endpoint: str) -> None:
    token = lab.token()
    assert lab.call("GET", f"{endpoint}/hr/v1/employees/101", token).json()["last_name"] == "Kochhar"
    assert lab.call("GET", f"{endpoint}/hr/v1/employees/999999", token).status_code == 404


def test_json_in_a_row_in_the_table_201_out(lab: Lab, endpoint: str) -> None:
    body = {"first_name": "Ada", "last_name": "O'Lovelace; drop table hr.employees", "department_id": 60}
    answer = lab.call("POST", f"{endpoint}/hr/v1/employees", lab.token("bob", "hr.write"), json=body)
    assert answer.status_code == 201
    row = lab.call("GET", f"{endpoint}/hr/v1/employees/{answer.json()['employee_id']}", lab.token()).json()
    assert row["last_name"] == body["last_name"]


def test_the_handler_s_own_status_reaches_the_caller(lab: Lab, endpoint: str) -> None:
    answer = lab.call("POST", f"{endpoint}/hr/v1/employees", lab.token("bob", "hr.write"), json={"first_name": "X"})
    assert (answer.status_code, answer.json()["message"]) == (400, "last_name is required")


def test_a_public_route_answers_anybody(lab: Lab, endpoint: str) -> None:
    assert lab.call("GET", f"{endpoint}/hr/v1/health").json()["status"] == "ok"


@pytest.mark.parametrize(
    "wrong",
    [
        {"audience": "other-api"},
        {"fault": "expired"},
        {"fault": "other-key"},
        {"fault": "bad-signature"},
        {"fault": "alg-none"},
        {"fault": "es256"},
        {"fault": "no-kid"},
        {"fault": "no-exp"},
        {"fault": "wrong-issuer"},
        {"fault": "future-nbf"},
    ],
    ids=lambda wrong: next(iter(wrong.values())),
)
def test_a_wrong_token_is_401_at_either_door(lab: Lab, endpoint: str, wrong: dict[str, str]) -> None:
    token = lab.token(**wrong)
    assert lab.call("GET", f"{endpoint}/hr/v1/employees", token).status_code == 401
    assert lab.call("GET", _at_ords(lab, "hr.read"), token).status_code == 401


@pytest.mark.parametrize("token", ["", "garbage", "a.b.c"])
def test_no_token_and_garbage_are_401_at_either_door(lab: Lab, endpoint: str, token: str) -> None:
    for url in (f"{endpoint}/hr/v1/employees", f"{endpoint}/hr/v1/employees/1", _at_ords(lab, "hr.read")):
        assert lab.call("GET", url, token or None).status_code == 401


@pytest.mark.parametrize("scope", ["hr.write", "hr.rea", "hr.read.more", "HR.READ", ""])
def test_a_missing_scope_is_403_at_the_gateway_and_refused_at_ords(lab: Lab, endpoint: str, scope: str) -> None:
    token = lab.token(scope=scope)
    assert lab.call("GET", f"{endpoint}/hr/v1/employees", token).status_code == 403
    assert lab.call("GET", _at_ords(lab, "hr.read"), token).status_code in (401, 403)


def test_a_reader_may_not_write_on_the_same_path(lab: Lab, endpoint: str) -> None:
    body = {"last_name": "X"}
    assert lab.call("POST", f"{endpoint}/hr/v1/employees", lab.token(), json=body).status_code == 403


def test_a_link_route_is_as_closed_as_its_route(lab: Lab, endpoint: str) -> None:
    first = lab.call("GET", f"{endpoint}/hr/v1/employees", lab.token()).json()
    link = next(link["href"] for link in first["links"] if link["rel"] == "next")
    assert lab.call("GET", link).status_code == 401
    assert lab.call("GET", link, lab.token(scope="hr.write")).status_code == 403


@pytest.mark.parametrize(
    "attempt", ["60' or '1'='1", "60 or 1=1", "60; select 1 from dual", "60 union select 1,2,3,4 from dual", "%27"]
)
def test_sql_injected_through_a_bind_gets_no_more_rows(lab: Lab, endpoint: str, attempt: str) -> None:
    answer = lab.call("GET", f"{endpoint}/hr/v1/employees", lab.token(), params={"department": attempt})
    assert answer.status_code == 400 or answer.json()["items"] == []


def test_one_request_id_in_the_access_log_and_in_the_request_that_ords_got(lab: Lab, endpoint: str) -> None:
    forged = {"Request-Id": "forged", "Host-Override": "x"}
    answer = lab.call("GET", f"{endpoint}/hr/v1/employees/101", lab.token(), headers=forged)
    request_id = answer.headers["apigw-requestid"]
    uid = lab.get("namespace", "kube-system")["metadata"]["uid"]
    group = f"/aws/vendedlogs/oracleapi/{uid}/hr/hr"

    def lines() -> list[dict[str, Any]]:
        asked = {"logGroupName": group, "filterPattern": f'"{request_id}"'}
        pages = lab.aws("logs").get_paginator("filter_log_events").paginate(**asked)
        return [event for page in pages for event in page["events"]]

    (line,) = wait_for("the access log", lines)
    assert '"principal":"alice"' in line["message"]
    assert lab.token() not in line["message"]
    requests = [found for found in lab.ords_requests() if found["request_id"] == request_id]
    assert [found["user"] for found in requests] == ["alice"]
    assert not [found for found in lab.ords_requests() if found["request_id"] == "forged"]


def test_straight_to_ords_is_refused_for_every_protected_group(lab: Lab, endpoint: str) -> None:
    for scope in ("hr.read", "hr.write"):
        assert lab.call("GET", _at_ords(lab, scope)).status_code == 401
        assert lab.call("POST", _at_ords(lab, scope), json={}).status_code == 401


def _at_ords(lab: Lab, scope: str) -> str:
    groups = lab.get("oapi", "hr", "hr")["status"]["groups"]
    base = next(group["basePath"] for group in groups if group.get("scope") == scope)
    return f"{lab.environment['ORDS_URL']}/hr_api{base}employees"
