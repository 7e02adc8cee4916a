"""Bindings through the whole path: gateway, ORDS, the guard as its pre-hook, role, rows."""

import concurrent.futures
import json
import pathlib
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from oracleapi.adapters.oracle.guard_install import HOOK
from support.guarded_api import REMOVE_END, ask, binding, database_time, guarded_api, restart_ords, run
from support.lab import Lab, wait_for
from support.plugin import Cli


@pytest.fixture(scope="module")
def guarded(lab: Lab, example: dict[str, Any]) -> Iterator[dict[str, Any]]:
    with guarded_api(lab, example) as api:
        yield api


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


def test_the_plugin_predicts_what_each_caller_meets(lab: Lab, guarded: dict[str, Any], tmp_path: pathlib.Path) -> None:
    """Who is refused, where, and as which roles the others come through: said before, then tried."""
    cli, endpoint = Cli(lab), guarded["status"]["endpoint"]
    paths = {"salary": "/hr/v1/salary", "list-employees": "/hr/v1/employees", "health": "/hr/v1/health"}
    for groups in (["payroll"], ["staff"], ["payroll", "staff"], ["payroll staff"], []):
        token = lab.token(groups=groups)
        held = tmp_path / "token"
        held.write_text(token)
        cells = {each["route"]: each for each in cli.data("explain", "hr", "-n", "hr", "--token", str(held))}
        for route, path in paths.items():
            answer = lab.call("GET", f"{endpoint}{path}", token)
            predicted = cells[route]
            assert str(answer.status_code) == (predicted.get("wouldSee") or "200"), (groups, predicted)
            if route == "salary":
                assert (answer.status_code == 200) == (predicted["roles"] == ["HR_PAYROLL"])
    assert {each["caller"] for each in cli.data("explain", "hr", "-n", "hr")} == {
        "Group payroll", "Group staff", "any other token", "Anonymous",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("members", "fault", "sees"),
    [
        ({"shape": "okta"}, None, "200"),
        ({"shape": "entra-v2"}, None, "200"),
        ({"shape": "entra-v1"}, None, "200"),
        ({"shape": "entra-v2", "overage": "claim-names"}, "GroupsOverage", "403"),
        ({"shape": "entra-v1", "overage": "hasgroups"}, "GroupsOverage", "403"),
        ({"shape": "entra-v2", "subject": None}, "ScopeNotRequested", "403"),
        ({"subject": None}, "NoSubject", "401"),
        ({"shape": "keycloak"}, "NoBinding", "403"),  # its group is called /payroll
        ({"shape": "keycloak", "groups": ["x"], "claims": {"groups": ["payroll"]}}, None, "200"),
        ({"shape": "keycloak", "audience": None}, "OtherAudience", "401"),
        ({"shape": "cognito", "client": "hr-api"}, "NoAudience", "401"),
        ({"shape": "cognito"}, "OtherAudience", "401"),
        ({"shape": "auth0", "claims": {"groups": ["payroll"]}}, None, "200"),
        ({"shape": "auth0-rfc9068"}, "OtherType", "401"),
    ],
)
def test_vendors_tokens_meet_what_the_plugin_predicts(
    lab: Lab, guarded: dict[str, Any], tmp_path: pathlib.Path, members: dict[str, Any], fault: str | None, sees: str
) -> None:
    token = lab.token(**{"groups": ["payroll"], **members})
    (held := tmp_path / "token").write_text(token)
    (found,) = Cli(lab).data("explain", "hr", "-n", "hr", "--token", str(held), "--route", "salary")
    answer = lab.call("GET", f"{guarded['status']['endpoint']}/hr/v1/salary", token)
    # the schema's own rights (allowUnenforcedRoles) are told of whoever comes through
    said = found.get("fault") if found["outcome"] == "Refused" else None
    assert (said, str(answer.status_code)) == (fault, sees), found


def test_a_refused_request_is_traced_to_the_guard(lab: Lab, guarded: dict[str, Any]) -> None:
    known = lab.environment
    answer = lab.call("GET", f"{guarded['status']['endpoint']}/hr/v1/salary", lab.token(groups=["nobody"]))
    assert answer.status_code == 403
    session = ["--dsn", known["ORACLE_DSN"], "--user", known["ORACLE_SYSTEM_USER"], "-o", "json", "--"]
    out = Cli(lab).run(
        "trace",
        "-n",
        "hr",
        *session,
        answer.headers["apigw-requestid"],
        ORACLE_PASSWORD=known["ORACLE_SYSTEM_PASSWORD"],
    )
    sources = {source["source"]: source for source in json.loads(out)["sources"]}
    assert [entry["reason"] for entry in sources["guard"]["entries"]] == ["NoBinding"]


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


def test_fifty_callers_over_recycled_sessions_see_no_row_of_another_s_role(
    lab: Lab, guarded: dict[str, Any], switches: Lab
) -> None:
    switches.set_oracle(ords={"pool_wait_timeout": 25.0})  # fifty wait for ten sessions, on a machine as slow as it is
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


def test_a_binding_ends_in_its_second_while_no_operator_runs(lab: Lab, guarded: dict[str, Any]) -> None:
    until = database_time(lab) + timedelta(seconds=20)
    lab.apply(binding("payroll", "payroll", "salary", expirationTime=f"{until:%Y-%m-%dT%H:%M:%SZ}"))
    lab.wait_ready("orb", "payroll", "hr")
    lab.stop_operator(kill=True)
    try:
        answer = ask(lab, guarded, "/salary", subject="pat", groups=["payroll"])
        assert answer.status_code == 200, f"{answer.text}; it ends at {until}, now {database_time(lab)}"
        wait_for(
            "the end of the binding",
            lambda: ask(lab, guarded, "/salary", subject="pat", groups=["payroll"]).status_code == 403,
        )
        assert database_time(lab) >= until.replace(microsecond=0)
    finally:
        lab.start_operator()
        lab.kubectl("-n", "hr", "patch", "orb", "payroll", "--type=json", "-p", REMOVE_END)
        lab.wait_ready("orb", "payroll", "hr")
    assert ask(lab, guarded, "/salary", subject="pat", groups=["payroll"]).status_code == 200


def test_a_deleted_binding_stops_the_next_request(lab: Lab, guarded: dict[str, Any]) -> None:
    lab.apply(binding("auditors", "auditors", "salary"))
    lab.wait_ready("orb", "auditors", "hr")
    assert ask(lab, guarded, "/salary", subject="eve", groups=["auditors"]).status_code == 200
    lab.kubectl("-n", "hr", "delete", "orb", "auditors", "--timeout=60s")
    assert ask(lab, guarded, "/salary", subject="eve", groups=["auditors"]).status_code == 403


def test_what_a_user_reads_of_a_broken_line(lab: Lab, guarded: dict[str, Any]) -> None:
    lab.apply(binding("lost", "payroll", "nowhere"))
    lab.wait_reason("orb", "lost", "Mismatches", "hr")
    text = lab.kubectl("-n", "hr", "describe", "orb", "lost")
    assert "Binding: RouteUnknown for Group payroll on nowhere" in text
    lab.kubectl("-n", "hr", "delete", "orb", "lost", "--timeout=60s")


def told(lab: Lab) -> set[tuple[str, str]]:
    """Return (fault, what the caller would see) of the binding to HR_PAYROLL after a pass that was asked for."""
    lab.reconcile("orb", "payroll", "hr")
    found = lab.get("orb", "payroll", "hr")["status"].get("mismatches", [])
    return {(entry["fault"], entry["wouldSee"]) for entry in found}


def edit(lab: Lab, kind: str, name: str, **spec: Any) -> None:
    lab.kubectl("-n", "hr", "patch", kind, name, "--type=merge", "-p", json.dumps({"spec": spec}))


def paid(lab: Lab, guarded: dict[str, Any]) -> tuple[int, str]:
    """Return what a caller with the role's group meets, and its text."""
    answer = ask(lab, guarded, "/salary", subject="pat", groups=["payroll"])
    return answer.status_code, answer.text


def test_a_role_that_the_schema_lost_is_told_and_its_callers_meet_that(lab: Lab, guarded: dict[str, Any]) -> None:
    edit(lab, "orb", "payroll", mode="Report")  # which puts nothing back
    run(lab, "revoke hr_payroll from hr_api")
    try:
        assert told(lab) == {("RoleNotGranted", "555 ORA-00942")}
        status, text = paid(lab, guarded)
        assert status == 555
        assert "ORA-00942" in text
    finally:
        edit(lab, "orb", "payroll", mode="Enforce")
        lab.wait_ready("orb", "payroll", "hr")
    assert paid(lab, guarded)[0] == 200


def test_a_proxy_that_may_enable_no_role_is_told_and_callers_meet_that(lab: Lab, guarded: dict[str, Any]) -> None:
    run(lab, "alter user hr_api grant connect through ords_public_user with no roles")
    restart_ords(lab, HOOK)
    try:
        assert told(lab) == {("ProxyRoleDenied", "403")}
        assert paid(lab, guarded)[0] == 403
    finally:
        run(lab, "alter user hr_api grant connect through ords_public_user")
        restart_ords(lab, HOOK)
    assert told(lab) == set()
    assert paid(lab, guarded)[0] == 200


def test_a_role_that_was_dropped_is_told_and_callers_meet_that(lab: Lab, guarded: dict[str, Any]) -> None:
    edit(lab, "orole", "hr-payroll", suspend=True)
    run(lab, "drop role hr_payroll")
    try:
        assert told(lab) == {("RoleMissing", "403")}
        assert paid(lab, guarded)[0] == 403
    finally:
        edit(lab, "orole", "hr-payroll", suspend=False)
        lab.wait_ready("orole", "hr-payroll", "hr")
        lab.reconcile("orb", "payroll", "hr")
        lab.wait_ready("orb", "payroll", "hr")
    assert paid(lab, guarded)[0] == 200


DEFINE = (
    "declare r owa.vc_arr; p owa.vc_arr; m owa.vc_arr; begin {fill} ords_admin.define_privilege("
    "p_schema => 'HR_API', p_privilege_name => '{name}', p_roles => r, p_patterns => p, p_modules => m,"
    " p_label => 'x', p_comments => 'by hand'); commit; end;"
)
DELETE = "begin ords_admin.delete_privilege(p_schema => 'HR_API', p_name => '{name}'); commit; end;"
PROFILE = (
    "declare i varchar2(512); k varchar2(512); d varchar2(512); begin"
    " select j.issuer, j.jwk_url, j.description into i, k, d from dba_ords_schemas s"
    " join dba_ords_jwt_profile j on j.schema_id = s.id where s.parsing_schema = 'HR_API';"
    " ords_security_admin.delete_jwt_profile(p_schema => 'HR_API');"
    " ords_security_admin.create_jwt_profile(p_schema => 'HR_API', p_issuer => i, p_audience => 'others',"
    " p_jwk_url => k, p_description => d); commit; end;"
)


def privilege(name: str, pattern: str) -> str:
    return DEFINE.format(name=name, fill=f"p(1) := '{pattern}';")


@pytest.mark.parametrize(
    ("broken", "mended", "fault", "seen"),
    [
        (DELETE.format(name="hr.read"), None, "PrivilegeMissing", 403),
        (privilege("hr.read", "/elsewhere/*"), DELETE.format(name="hr.read"), "PrivilegeMissing", 403),
        (privilege("hr.audit", "{slug}/hr/v1/salary"), DELETE.format(name="hr.audit"), "PrivilegeShadowed", 401),
        (privilege("hr.audit", "{slug}/*"), DELETE.format(name="hr.audit"), "PrivilegeShadowed", 401),
        (PROFILE, None, "ProfileDiffers", 401),
    ],
    ids=["dropped", "led elsewhere", "shadowed on the route", "shadowed as a whole", "another audience"],
)
def test_what_ords_asks_for_is_told_on_the_binding_and_callers_meet_that(
    lab: Lab, guarded: dict[str, Any], broken: str, mended: str | None, fault: str, seen: int
) -> None:
    """Each by hand, with the API in mode Report, which puts nothing back."""
    base = next(group["basePath"] for group in guarded["status"]["groups"] if group.get("scope") == "hr.read")
    edit(lab, "oapi", "hr", mode="Report")
    lab.sql(broken.replace("{slug}", f"/{base.split('/')[1]}"))
    try:
        lab.reconcile("oapi", "hr", "hr")
        assert told(lab) == {(fault, str(seen))}
        (cell,) = (
            each for each in Cli(lab).data("explain", "hr", "-n", "hr", "--as", "group:payroll", "--route", "salary")
        )
        assert (cell["fault"], cell["wouldSee"]) == (fault, str(seen))
        wait_for("ORDS to read its metadata", lambda: paid(lab, guarded)[0] != 200)
        assert paid(lab, guarded)[0] == seen
        if fault == "PrivilegeMissing":
            verified_all_the_same(lab, guarded, f"{lab.environment['ORDS_URL']}/hr_api{base}salary")
    finally:
        if mended is not None:
            lab.sql(mended)
        edit(lab, "oapi", "hr", mode="Enforce")
        lab.wait_ready("oapi", "hr", "hr")
        lab.reconcile("oapi", "hr", "hr")
    assert told(lab) == set()
    wait_for("callers to come through again", lambda: paid(lab, guarded)[0] == 200)


def verified_all_the_same(lab: Lab, guarded: dict[str, Any], at_ords: str) -> None:
    """Where ORDS verifies tokens that no privilege asks for, callers come through, and nobody without one does."""
    lab.set_oracle(ords={"bearer_on_public_paths": "validated"})
    try:
        assert paid(lab, guarded)[0] == 200
        assert lab.call("GET", at_ords).status_code == 403
        assert lab.call("GET", at_ords, lab.token(fault="bad-signature", groups=["payroll"])).status_code == 401
    finally:
        lab.set_oracle(ords={"bearer_on_public_paths": "ignored"})


def test_a_guard_that_ords_does_not_call_is_told_and_callers_meet_that(lab: Lab, guarded: dict[str, Any]) -> None:
    restart_ords(lab, None)  # as its documents ask for; sessions of before would keep the role that they have
    try:
        lab.reconcile("oapi", "hr", "hr")
        assert lab.condition("oapi", "hr", "hr", "Guarded")["reason"] == "GuardNotCalled"
        assert told(lab) == {("GuardOff", "555 ORA-00942")}
        status, text = paid(lab, guarded)
        assert status == 555
        assert "ORA-00942" in text
    finally:
        restart_ords(lab, HOOK)
        lab.reconcile("oapi", "hr", "hr")
        lab.wait_ready("oapi", "hr", "hr")
    assert told(lab) == set()


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


def test_one_id_is_traced_from_the_gateway_s_log_to_the_audit_row(lab: Lab, guarded: dict[str, Any]) -> None:
    known = lab.environment
    run(lab, "create audit policy salary_reads actions select on hr.salary", "audit policy salary_reads")
    try:
        answer = ask(lab, guarded, "/salary", subject="pat", groups=["payroll"])
        assert answer.status_code == 200
        request_id = answer.headers["apigw-requestid"]
        session = ["--dsn", known["ORACLE_DSN"], "--user", known["ORACLE_SYSTEM_USER"]]
        sources = traced(lab, request_id, *session, ORACLE_PASSWORD=known["ORACLE_SYSTEM_PASSWORD"])
    finally:
        run(lab, "noaudit policy salary_reads", "drop audit policy salary_reads")
    (line,) = sources["gateway"]["entries"]
    assert (line["principal"], line["status"], line["routeKey"]) == ("pat", "200", "GET /hr/v1/salary")
    rows = {(row["client_identifier"], row["object_name"], row["return_code"]) for row in sources["audit"]["entries"]}
    assert (f"{request_id}|pat", "SALARY", 0) in rows
    assert {identifier for identifier, _, _ in rows} == {f"{request_id}|pat"}
    assert sources["guard"]["outcome"] == "NotFound"
    blind = traced(lab, request_id)
    assert {name: found["outcome"] for name, found in blind.items()} == {
        "gateway": "Found", "ords": "NotRead", "guard": "NotRead", "audit": "NotRead",
    }  # fmt: skip
    assert blind["audit"]["why"] == "no --dsn and --user were named"


def traced(lab: Lab, request_id: str, *options: str, **environment: str) -> dict[str, Any]:
    """Return what each source of ``trace`` says."""
    out = Cli(lab).run("trace", "-n", "hr", *options, "-o", "json", "--", request_id, **environment)
    return {found["source"]: found for found in json.loads(out)["sources"]}
