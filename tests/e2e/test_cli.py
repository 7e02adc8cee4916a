"""``kubectl oracleapi`` against the lab: found as a plugin, and every command over what is really there."""

import json
import pathlib
from typing import Any

import pytest

from oracleapi.adapters.oracle.guard_install import install_statements
from support.lab import Lab, wait_for
from support.plugin import Cli


@pytest.fixture
def cli(lab: Lab) -> Cli:
    return Cli(lab)


def test_the_tree_shows_the_platform_down_to_the_routes(cli: Cli, api: dict[str, Any]) -> None:
    out = cli.run("tree", "-n", "hr")
    for line in ("OracleDatabase hr-db  ✔ Ready", "VpcLink private  ✔ Ready  AVAILABLE", "AwsAccount main  ✔ Ready",
                 "OracleApi hr/hr  ✔ Ready", "route list-employees  ✔ Serving  GET /hr/v1/employees"):  # fmt: skip
        assert line in out
    (database,) = cli.data("tree", "-n", "hr")
    assert {child["kind"] for child in database["children"]} == {"VpcLink", "OracleApi"}


def test_check_ends_with_1_as_long_as_something_is_wrong(cli: Cli, lab: Lab, api: dict[str, Any]) -> None:
    assert cli.data("check", "-n", "hr") == []
    patch = {"spec": {"auth": {"jwt": {"providerRef": {"name": "nobody"}}}}}
    lab.kubectl("-n", "hr", "patch", "oapi", "hr", "--type=merge", "-p", json.dumps(patch))
    lab.wait_reason("oapi", "hr", "RefNotPermitted", "hr")
    (found,) = [each for each in cli.data("check", "-n", "hr", code=1) if each["type"] == "Ready"]
    assert (found["name"], found["reason"]) == ("hr/hr", "RefNotPermitted")


def test_explain_predicts_what_callers_meet(cli: Cli, lab: Lab, api: dict[str, Any], tmp_path: pathlib.Path) -> None:
    endpoint = api["status"]["endpoint"]
    tokens = {
        "good": lab.token(), "other scope": lab.token(scope="openid"), "other audience": lab.token(audience="else")
    }  # fmt: skip
    for name, token in tokens.items():
        path = tmp_path / "token"
        path.write_text(token)
        (cell,) = cli.data("explain", "hr", "-n", "hr", "--token", str(path), "--route", "list-employees")
        answer = lab.call("GET", f"{endpoint}/hr/v1/employees", token)
        assert str(answer.status_code) == cell.get("wouldSee", "200"), name
    cells = {each["route"]: each for each in cli.data("explain", "hr", "-n", "hr", "--as", "anonymous")}
    for route, path in (("list-employees", "/employees"), ("health", "/health")):
        seen = lab.call("GET", f"{endpoint}/hr/v1{path}").status_code
        assert str(seen) == cells[route].get("wouldSee", "200")


def test_a_plan_that_waits_is_shown_and_its_command_approves_it(cli: Cli, lab: Lab, api: dict[str, Any]) -> None:
    patch = {"spec": {"mode": "Approve", "itemsPerPage": 7}}
    lab.kubectl("-n", "hr", "patch", "oapi", "hr", "--type=merge", "-p", json.dumps(patch))
    lab.wait_reason("oapi", "hr", "PlanWaiting", "hr")
    (found,) = cli.data("plan", "oapi/hr", "-n", "hr")
    assert found["plan"]["actions"]
    assert found["plan"]["hash"] in cli.run("plan", "-n", "hr")
    lab.kubectl(*found["approve"].split()[1:])
    lab.wait_ready("oapi", "hr", "hr")
    assert cli.data("plan", "oapi/hr", "-n", "hr")[0]["plan"] is None


def test_a_real_request_is_traced_by_the_id_that_its_caller_got(cli: Cli, lab: Lab, api: dict[str, Any]) -> None:
    answer = lab.call("GET", f"{api['status']['endpoint']}/hr/v1/employees", lab.token())
    asked = ["trace", "-n", "hr", "--dsn", lab.environment["ORACLE_DSN"],
             "--user", "ORACLEAPI_OPERATOR", "-o", "json", "--", answer.headers["apigw-requestid"]]  # fmt: skip

    def found() -> dict[str, Any] | None:
        out = json.loads(cli.run(*asked, ORACLE_PASSWORD=lab.operator_password))
        by_name = {source["source"]: source for source in out["sources"]}
        return by_name if by_name["gateway"]["outcome"] == "Found" else None

    sources = wait_for("the access log", found)
    (entry,) = sources["gateway"]["entries"]
    assert (entry["routeKey"], entry["status"], entry["principal"]) == ("GET /hr/v1/employees", "200", "alice")
    assert "names no log group" in sources["ords"]["why"]
    assert "AUDIT_VIEWER" in sources["audit"]["why"]


def test_the_report_is_genuine_until_somebody_changes_it(cli: Cli, api: dict[str, Any], tmp_path: pathlib.Path) -> None:
    path = tmp_path / "report.json"
    path.write_text(cli.run("report", "-n", "hr", "-o", "json"))
    assert "genuine" in cli.run("report", "--verify", str(path))
    path.write_text(path.read_text().replace("HR_API", "HR_APP"))
    assert "changed" in cli.run("report", "--verify", str(path), code=1)


def test_sql_show_prints_what_the_installer_would_run(cli: Cli) -> None:
    out = cli.run("sql", "show")
    assert all(statement in out for statement in install_statements("ORACLEAPI_OPERATOR"))


def test_a_user_of_one_namespace_is_told_what_he_may_not_see(cli: Cli, lab: Lab, api: dict[str, Any]) -> None:
    lab.kubectl("-n", "hr", "create", "serviceaccount", "reader")
    lab.kubectl("-n", "hr", "create", "rolebinding", "reader", "--clusterrole=view", "--serviceaccount=hr:reader")
    try:
        token = lab.kubectl("-n", "hr", "create", "token", "reader").strip()
        config = json.loads(pathlib.Path(lab.environment["KUBECONFIG"]).read_text())
        config["users"][0]["user"] = {"token": token}
        own = lab.folder / "reader.kubeconfig"
        own.write_text(json.dumps(config))
        out = cli.run("tree", "-n", "hr", KUBECONFIG=str(own))
        assert "OracleApi hr/hr" in out
        assert "you may not list them: awsaccounts" in out
        assert "-viewer" in cli.run("tree", "-A", code=3, KUBECONFIG=str(own))
    finally:
        lab.kubectl("-n", "hr", "delete", "rolebinding.rbac.authorization.k8s.io/reader", "serviceaccount/reader")
