"""From apply to delete: moves under a prober, restarts, deletion in order, a database that is away."""

import copy
from typing import Any

from support.lab import NAMESPACE, Lab, wait_for
from support.prober import Prober


def test_a_route_that_moves_to_another_scope_is_never_open_and_never_away(
    lab: Lab, api: dict[str, Any], example: dict[str, Any]
) -> None:
    url = f"{api['status']['endpoint']}/hr/v1/employees/101"
    tokens = {"none": None, "read": lab.token(), "both": lab.token(scope="hr.read hr.write")}
    moved = copy.deepcopy(example)
    next(r for r in moved["spec"]["routes"] if r["name"] == "get-employee")["scope"] = "hr.write"
    reasons: set[str] = set()
    with Prober(lab, "GET", url, tokens) as prober:
        lab.apply(moved)

        def settled() -> bool:
            found = lab.get("oapi", "hr", "hr")
            ready = next(c for c in found["status"]["conditions"] if c["type"] == "Ready")
            reasons.add(ready["reason"])
            return bool(ready["status"] == "True" and ready["observedGeneration"] == found["metadata"]["generation"])

        wait_for("the move to settle", settled, 120)
        before = sum(prober.seen.values())
        wait_for("some more answers", lambda: sum(prober.seen.values()) > before + 30)
    assert prober.statuses("none") == {401}
    assert prober.statuses("both") == {200}
    assert prober.statuses("read") == {200, 403}
    assert "Moving" in reasons
    old = next(g for g in api["status"]["groups"] if g.get("scope") == "hr.read")["basePath"]
    assert lab.call("GET", f"{lab.environment['ORDS_URL']}/hr_api{old}employees/101", tokens["read"]).status_code == 404


def test_an_edit_of_a_handler_reaches_callers(lab: Lab, api: dict[str, Any], example: dict[str, Any]) -> None:
    edited = copy.deepcopy(example)
    next(r for r in edited["spec"]["routes"] if r["name"] == "health")["handler"]["source"] = (
        "select 'better' as status from dual"
    )
    lab.apply(edited)
    lab.wait_ready("oapi", "hr", "hr")
    url = f"{api['status']['endpoint']}/hr/v1/health"
    wait_for("the new handler", lambda: lab.call("GET", url).json()["status"] == "better", 10)


def test_an_operator_killed_and_started_again_makes_no_twin(lab: Lab, example: dict[str, Any]) -> None:
    lab.apply(example)
    wait_for("the create to begin", lambda: lab.get("oapi", "hr", "hr").get("status", {}).get("conditions"))
    lab.stop_operator(kill=True)
    lab.start_operator()
    lab.wait_ready("oapi", "hr", "hr")
    owned = [
        item
        for item in lab.aws("apigatewayv2").get_apis(MaxResults="500")["Items"]
        if item.get("Tags", {}).get("oracleapi.dev/owner", "").endswith("/OracleApi/hr/hr")
    ]
    assert len(owned) == 1
    lab.kubectl("-n", "hr", "delete", "oapi", "hr", "--timeout=90s")


def test_sigterm_ends_the_operator_in_order(lab: Lab) -> None:
    log = lab.folder / "operator" / "operator.log"
    size = log.stat().st_size
    lab.stop_operator()
    assert '"event": "Stopped"' in log.read_text()[size:]
    lab.start_operator()


def test_deleting_an_api_leaves_nothing_but_its_log_group(lab: Lab, example: dict[str, Any]) -> None:
    lab.apply(example)
    found = lab.wait_ready("oapi", "hr", "hr")
    lab.kubectl("-n", "hr", "delete", "oapi", "hr", "--timeout=90s")
    ids = {item["ApiId"] for item in lab.aws("apigatewayv2").get_apis(MaxResults="500")["Items"]}
    assert found["status"]["apiId"] not in ids
    uid = lab.get("namespace", "kube-system")["metadata"]["uid"]
    groups = lab.aws("logs").describe_log_groups(logGroupNamePrefix=f"/aws/vendedlogs/oracleapi/{uid}/hr/hr")
    assert len(groups["logGroups"]) == 1
    for view, column in (("modules", "name"), ("privileges", "name"), ("roles", "name"), ("jwt_profile", "issuer")):
        rows = lab.sql(
            f"select x.{column} from dba_ords_{view} x join dba_ords_schemas s"  # noqa: S608 - fixed names
            " on s.id = x.schema_id where s.parsing_schema = 'HR_API'"
        )
        assert [name for (name,) in rows if name.startswith(("oracleapi", "oa-", "hr.", "http"))] == [], view
    assert lab.sql("select status from dba_ords_schemas where parsing_schema = 'HR_API'") == [("DISABLED",)]


def test_a_database_that_is_away_during_deletion_is_named_with_the_way_out(lab: Lab, api: dict[str, Any]) -> None:
    lab.kubectl(
        "-n", NAMESPACE, "patch", "secret", "hr-db-operator", "--type=merge", "-p",
        '{"stringData": {"password": "wrong"}}',
    )  # fmt: skip
    try:
        lab.kubectl("-n", "hr", "delete", "oapi", "hr", "--wait=false")
        found = lab.wait_reason("oapi", "hr", "LoginDenied", "hr")
        assert "the gateway half is gone" in found["message"]
        assert "deletionPolicy: Retain" in found["message"]
        ids = {item["ApiId"] for item in lab.aws("apigatewayv2").get_apis(MaxResults="500")["Items"]}
        assert api["status"]["apiId"] not in ids
    finally:
        patch = f'{{"stringData": {{"password": "{lab.operator_password}"}}}}'
        lab.kubectl("-n", NAMESPACE, "patch", "secret", "hr-db-operator", "--type=merge", "-p", patch)
    lab.nudge("oapi", "hr", "hr")
    lab.gone("oapi", "hr", "hr")


def test_an_offer_stays_while_it_is_used_and_says_by_whom(lab: Lab, api: dict[str, Any]) -> None:
    lab.kubectl("delete", "idp", "staff", "--wait=false")
    found = lab.wait_reason("idp", "staff", "InUse")
    assert "OracleApi/hr/hr" in found["message"]
    lab.kubectl("-n", "hr", "delete", "oapi", "hr", "--timeout=90s")
    lab.gone("idp", "staff")
    lab.platform()
    lab.wait_ready("idp", "staff")


def test_a_namespace_goes_with_the_api_in_it(lab: Lab, example: dict[str, Any]) -> None:
    lab.apply(example)
    found = lab.wait_ready("oapi", "hr", "hr")
    lab.kubectl("delete", "namespace", "hr", "--timeout=60s")
    lab.kubectl("create", "namespace", "hr")
    ids = {item["ApiId"] for item in lab.aws("apigatewayv2").get_apis(MaxResults="500")["Items"]}
    assert found["status"]["apiId"] not in ids


def test_what_was_deleted_while_nobody_was_there_is_finished_by_the_next_installation(
    lab: Lab, api: dict[str, Any]
) -> None:
    lab.stop_operator()
    lab.kubectl("-n", "hr", "delete", "oapi", "hr", "--wait=false")
    lab.start_operator()
    lab.gone("oapi", "hr", "hr")
    ids = {item["ApiId"] for item in lab.aws("apigatewayv2").get_apis(MaxResults="500")["Items"]}
    assert api["status"]["apiId"] not in ids
