"""The guard through the whole path: gateway, ORDS, pre-hook, role, rows. Its tables are written here by hand.

The operator does not write them yet (docs/limits.md).
"""

# ruff: noqa: S608 - texts are made of names that the example has

import concurrent.futures
import json
import re
from collections.abc import Iterator
from typing import Any

import oracledb
import pytest

from oracleapi.adapters.oracle.guard_install import HOOK, install_statements, uninstall_statements
from support.lab import Lab

SALARY = {
    "name": "salary",
    "method": "GET",
    "path": "/salary",
    "scope": "hr.read",
    "handler": {"source": "select id, amount from hr.salary"},
}
ROLES = (
    "create table hr.salary (id number, amount number)",
    "insert into hr.salary values (1, 100)",
    "create role hr_payroll identified using oracleapi.guard",
    "grant select on hr.salary to hr_payroll",
    "grant hr_payroll to hr_api",
    "insert into oracleapi.managed_schema values ('HR_API', 'SetRole', 'Request-Id')",
    "insert into oracleapi.api values ('hr', 'uid', 'HR_API', 'hr/hr', 1, 'sub', 'groups')",
    "insert into oracleapi.binding values ('b1', 'hr', 'salary', 'Group', 'payroll', 'HR_PAYROLL', null)",
    "insert into oracleapi.binding values ('b2', 'hr', 'list-employees', 'Group', 'staff', 'HR_PAYROLL', null)",
    "commit",
)


def run(lab: Lab, *statements: str) -> None:
    """Run statements as a DBA does."""
    known = lab.environment
    user, password = known["ORACLE_SYSTEM_USER"], known["ORACLE_SYSTEM_PASSWORD"]
    with oracledb.connect(user=user, password=password, dsn=known["ORACLE_DSN"]) as dba, dba.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


@pytest.fixture(scope="module")
def guarded(lab: Lab, example: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The example API with a route that only role HR_PAYROLL can read; the guard is installed and asked."""
    spec = {**example["spec"], "routes": [*example["spec"]["routes"], SALARY]}
    lab.apply({**example, "spec": spec})
    api = lab.wait_ready("oapi", "hr", "hr")
    run(lab, *install_statements("ORACLEAPI_OPERATOR"), *ROLES, *routes(api))
    lab.set_oracle(ords={"pre_hook": HOOK})
    yield api
    lab.set_oracle(ords={"pre_hook": None})
    run(lab, *uninstall_statements(), "drop role hr_payroll", "drop table hr.salary")
    lab.kubectl("-n", "hr", "delete", "oapi", "hr", "--timeout=90s")


def routes(api: dict[str, Any]) -> list[str]:
    """Return the rows of the API's routes, as the operator will write them."""
    bases = {group.get("scope", group["auth"]): group["basePath"] for group in api["status"]["groups"]}
    found = []
    for route in api["spec"]["routes"]:
        auth = route.get("auth", "JWT")
        base = bases[auth if auth == "Public" else route.get("scope", "hr.read")].rstrip("/")
        segments = [
            "[^/]+" if part.startswith("{") else re.escape(part)
            for part in f"/ords/hr_api{base}{route['path']}".split("/")
        ]
        variables = route["path"].count("{")
        row = (route["name"], route["method"], f"^{'/'.join(segments)}$", variables, auth)
        values = ", ".join(f"'{value}'" if isinstance(value, str) else str(value) for value in row)
        found.append(f"insert into oracleapi.route values ('hr', {values}, null, null)")
    return [*found, "commit"]


def ask(lab: Lab, api: dict[str, Any], path: str, **claims: Any) -> Any:
    return lab.call("GET", f"{api['status']['endpoint']}/hr/v1{path}", lab.token(**claims) if claims else None)


def test_callers_get_the_rows_of_their_roles_and_nothing_else(lab: Lab, guarded: dict[str, Any]) -> None:
    paid = ask(lab, guarded, "/salary", subject="pat", groups=["payroll"])
    assert (paid.status_code, paid.json().get("items")) == (200, [{"id": 1, "amount": 100}]), paid.text
    denied = ask(lab, guarded, "/salary", subject="sam", groups=["staff"])
    assert denied.status_code == 403
    assert denied.json()["message"] == "no binding"
    assert denied.json()["requestId"] == denied.headers["apigw-requestid"]
    assert denied.json()["route"] == "salary"
    assert ask(lab, guarded, "/health").json()["status"] == "ok"
    assert ask(lab, guarded, "/salary").status_code == 401
    assert ask(lab, guarded, "/employees", subject="sam", groups=["staff"]).status_code == 200


def test_straight_at_ords_the_guard_asks_the_same(lab: Lab, guarded: dict[str, Any]) -> None:
    base = next(group["basePath"] for group in guarded["status"]["groups"] if group.get("scope") == "hr.read")
    url = f"{lab.environment['ORDS_URL']}/hr_api{base}salary"
    sam = lab.token(subject="sam", groups=["staff"])
    assert lab.call("GET", url, sam).status_code == 403
    forged = {"REMOTE_IDENT": "pat", "X-OracleApi-Caller": "k arn GET /hr/v1/salary"}
    assert lab.call("GET", url, sam, headers=forged).status_code == 403
    pat = lab.token(subject="pat", groups=["payroll"])
    assert lab.call("GET", url, pat).status_code == 200
    assert lab.call("GET", url, pat, headers=forged).status_code == 403
    assert lab.call("GET", url.replace("salary", "%73alary"), pat).status_code in (403, 404)


def test_fifty_callers_over_recycled_sessions_see_no_row_of_another_s_role(lab: Lab, guarded: dict[str, Any]) -> None:
    pat, sam = lab.token(subject="pat", groups=["payroll"]), lab.token(subject="sam", groups=["staff"])
    url = f"{guarded['status']['endpoint']}/hr/v1"

    def call(number: int) -> tuple[str, int, str]:
        who, token = ("pat", pat) if number % 2 else ("sam", sam)
        path = "salary" if number % 3 else "health"
        answer = lab.call("GET", f"{url}/{path}", token)
        return f"{who} {path}", answer.status_code, answer.text

    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(call, range(300)))
    seen = {(name, status) for name, status, _ in answers if status != 429}
    assert seen == {("pat salary", 200), ("sam salary", 403), ("pat health", 200), ("sam health", 200)}
    assert not [text for name, _, text in answers if name == "sam salary" and '"amount"' in text]


def test_a_binding_that_ends_stops_the_next_request_while_no_operator_runs(lab: Lab, guarded: dict[str, Any]) -> None:
    lab.stop_operator(kill=True)
    try:
        run(lab, "update oracleapi.binding set not_after = systimestamp + interval '1' hour", "commit")
        assert ask(lab, guarded, "/salary", subject="pat", groups=["payroll"]).status_code == 200
        run(lab, "update oracleapi.binding set not_after = systimestamp - interval '1' second", "commit")
        assert ask(lab, guarded, "/salary", subject="pat", groups=["payroll"]).status_code == 403
    finally:
        run(lab, "update oracleapi.binding set not_after = null", "commit")
        lab.start_operator()
        lab.reconcile("odb", "hr-db")


def test_packages_that_outlive_a_request_close_the_door(lab: Lab, guarded: dict[str, Any]) -> None:
    lab.set_oracle(ords={"pool_reinitialises_packages": False, "pool_max_limit": 1})
    try:
        answers = [ask(lab, guarded, "/salary", subject="pat", groups=["payroll"]).status_code for _ in range(4)]
    finally:
        lab.set_oracle(ords={"pool_reinitialises_packages": True, "pool_max_limit": 10})
    assert 403 in answers[1:]
    assert set(answers) <= {200, 403}
    left = [ask(lab, guarded, "/salary", subject="pat", groups=["payroll"]).status_code for _ in range(2)]
    assert left[1] == 200, "the one session that was left refuses once more, and is clean after it"


def test_whose_headers_come_first_changes_nothing(lab: Lab, guarded: dict[str, Any]) -> None:
    for place in ("last", "first"):
        lab.set_oracle(ords={"cgi_client_headers": place})
        test_callers_get_the_rows_of_their_roles_and_nothing_else(lab, guarded)
        test_straight_at_ords_the_guard_asks_the_same(lab, guarded)


def test_the_audit_row_and_the_gateway_s_log_carry_one_id(lab: Lab, guarded: dict[str, Any]) -> None:
    answer = ask(lab, guarded, "/salary", subject="pat", groups=["payroll"])
    request_id = answer.headers["apigw-requestid"]
    logs = lab.aws("logs")
    lines = [
        json.loads(event["message"])
        for found in logs.describe_log_groups()["logGroups"]
        for event in logs.filter_log_events(logGroupName=found["logGroupName"])["events"]
    ]
    assert [line["requestId"] for line in lines if line["requestId"] == request_id] == [request_id]
