"""Commands as programs use them: data, exit codes, and refusals that name what to write instead."""

import base64
import json
import pathlib
import time
from typing import Any

import pytest
import yaml

from oracleapi.cli.cures import CURES
from support import cli_world as w


def cells(run: w.Run, objects: list[w.Object], *arguments: str) -> list[dict[str, Any]]:
    code, out, errors = run(objects, "explain", "hr", "-o", "json", *arguments)
    assert (code, errors) == (0, "")
    found: list[dict[str, Any]] = json.loads(out)
    return found


def test_the_matrix_has_a_cell_for_each_caller_on_each_route(run: w.Run) -> None:
    found = cells(run, w.good_world())
    assert len(found) == 6 * len(w.ROUTES)
    roles = {(each["caller"], each["route"]): each["roles"] for each in found}
    assert roles["Group hr-readers", "list-employees"] == ["HR_READER"]
    assert roles["IamRole arn:aws:iam::123456789012:role/finance/payroll", "pay"] == ["HR_PAYER"]
    assert roles["any other token", "list-employees"] == roles["Anonymous", "health"] == []
    assert {each["outcome"] for each in found} == {"Arrives", "Refused"}
    assert all(each["cure"] == CURES[each["fault"]] for each in found if "fault" in each)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"guard": "Off"}, ("Binding", "GuardOff")),
        ({"api": w.api(w.condition("Ready", "False", "JwtProfileConflict", "x"))}, ("OrdsPrivilege", "ProfileDiffers")),
        (
            {"api": w.api(w.condition("Ready"), faults={"list-employees": {"fault": "PrivilegeMissing"}})},
            ("OrdsPrivilege", "PrivilegeMissing"),
        ),
        (
            {
                "api": w.api(
                    w.condition("Ready"), faults={"list-employees": {"fault": "PrivilegeShadowed", "asks": ["x"]}}
                )
            },
            ("OrdsPrivilege", "PrivilegeShadowed"),
        ),
        ({"provider": w.provider(w.condition("Ready", "False", "KeysUnusable", "x"))}, ("Gateway", "ProviderNotReady")),
        ({"bound": w.condition("Bound", "False", "PlanWaiting", "x")}, ("Binding", "NotBound")),
        ({"until": "2020-01-01T00:00:00Z"}, ("Binding", "Expired")),
        ({"fault": "RoleMissing"}, ("OracleRole", "RoleMissing")),
        ({"fault": "RoleNotSecure"}, ("OracleRole", "RoleNotSecure")),
        ({"fault": "RouteUnknown"}, ("Binding", "RouteUnknown")),
        ({"fault": "ProxyRoleDenied"}, ("OracleRole", "ProxyRoleDenied")),
        ({"enforced": "False"}, ("OracleRole", "RolesNotEnforced")),
        ({"missing": ["SELECT ON HR.JOBS"]}, ("Grant", "GrantMissing")),
    ],
    ids=str,
)
def test_what_statuses_say_breaks_the_link_that_it_is_about(
    run: w.Run, change: dict[str, Any], expected: tuple[str, str]
) -> None:
    more: dict[str, Any] = {"expirationTime": change["until"]} if "until" in change else {}
    if "fault" in change:
        more["status"] = {"mismatches": [{"link": expected[0], "fault": change["fault"], "wouldSee": "403"}]}
    objects = [
        *w.good_world()[:2],
        change.get("provider", w.provider()),
        w.database(change.get("guard", "Required")),
        change.get("api")
        or w.api(w.condition("Ready"), w.condition("RolesEnforced", change.get("enforced", "True"), "x", "x")),
        w.role("hr-reader", missing=change.get("missing", [])),
        w.binding(
            "readers",
            "hr-reader",
            {"alice": "User"},
            w.condition("Ready"),
            change.get("bound", w.condition("Bound")),
            **more,
        ),
    ]
    (found,) = cells(run, objects, "--as", "user:alice", "--route", "list-employees")
    assert (found["link"], found["fault"]) == expected


def token(**claims: Any) -> str:
    coded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({}, claims)]
    return ".".join([*coded, "signature"])


def test_a_token_is_led_along_by_what_it_holds(run: w.Run, tmp_path: pathlib.Path) -> None:
    good = {
        "iss": "https://idp.example.com",
        "aud": "hr-api",
        "sub": "bob",
        "groups": ["hr-readers"],
        "scope": "hr.read",
    }
    late = {"exp": time.time() - 60}
    cases: list[tuple[dict[str, Any], str | None]] = [
        (good, None),
        (good | late, "TokenExpired"),
        (good | {"iss": "https://other.example.com"}, "OtherIssuer"),
        (good | {"scope": "openid"}, "ScopeNotRequested"),
        (good | {"groups": "hr-readers x"}, "NoBinding"),
        ({key: value for key, value in good.items() if key != "groups"} | {"hasgroups": True}, "GroupsOverage"),
        ({key: value for key, value in good.items() if key != "aud"} | {"client_id": "hr-api"}, "NoAudience"),
    ]
    for claims, fault in cases:
        path = tmp_path / "token"
        path.write_text(f"Bearer {token(**claims)}\n")
        (found,) = cells(run, w.good_world(), "--token", str(path), "--route", "list-employees")
        assert found.get("fault") == fault


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["explain", "other"], 3, "OracleApi other does not exist in namespace hr (there is hr)"),
        (["explain", "hr", "--route", "x"], 3, "it has list-employees, get-employee"),
        (["explain", "hr", "--as", "hr-readers"], 2, "write group:hr-readers"),
        (["explain", "hr", "--as", "group:"], 2, "write group:hr-readers"),
        (["explain", "hr", "--as", "anonymous:x"], 2, "write group:hr-readers"),
        (["explain", "hr", "--as", "iamrole:payroll"], 2, "named by its ARN"),
        (["explain", "hr", "--as", "user:a", "--token", "f"], 2, "exclude each other"),
        (["explain", "hr", "--token", "/none"], 2, "cannot be read"),
        (["explain", "hr", "--token", "/dev/null"], 2, "holds no JSON Web Token"),
        (["plan", "hr"], 2, "write KIND/NAME"),
        (["plan", "pod/hr"], 2, "write KIND/NAME"),
        (["plan", "oapi/other"], 3, "OracleApi other does not exist in namespace hr"),
        (["trace", "x;y"], 3, "apigw-requestid"),
        (["trace", "JKJaXmPLvHcESHA=", "--api", "other"], 3, "OracleApi other does not exist"),
        (["sql", "show", "--operator", "a b"], 2, "plain identifier"),
        (["sql", "install"], 2, "--dsn"),
        (["sql", "install", "--dsn", "h/s?x=1", "--user", "u"], 2, "HOST:PORT/SERVICE"),
        (["sql", "uninstall", "--dsn", "h/s", "--user", "u"], 2, "--yes"),
        (["report", "--verify", "/none"], 2, "cannot be read"),
        (["report", "--verify", "/dev/null"], 2, "this is no report"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_done_is_one_line_with_the_cure(run: w.Run, arguments: list[str], code: int, told: str) -> None:
    ended, out, errors = run(w.good_world(), *arguments)
    assert (ended, out, errors.count("\n")) == (code, "", 1)
    assert told in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize("command", ["tree", "plan", "check", "report"])
def test_json_and_yaml_say_the_same(run: w.Run, command: str) -> None:
    asked = [run(w.good_world(), command, "-o", form)[1] for form in ("json", "yaml")]
    first, second = json.loads(asked[0]), yaml.safe_load(asked[1])
    if command == "report":
        first, second = first["report"] | {"time": ""}, second["report"] | {"time": ""}
    assert first == second


def test_a_plan_of_mode_approve_comes_with_the_command_that_approves_it(run: w.Run) -> None:
    waiting = w.api(w.condition("Ready", "False", "PlanWaiting", "x"), mode="Approve")
    waiting["status"]["plan"] = {"hash": "abc", "summary": "1 create", "actions": []}
    (found,) = json.loads(run([waiting], "plan", "-o", "json")[1])
    assert found["approve"] == (
        "kubectl -n hr annotate --overwrite oracleapis.oracleapi.dev/hr oracleapi.dev/approved-plan=abc"
    )
    waiting["spec"]["mode"] = "Report"
    (found,) = json.loads(run([waiting], "plan", "oapi/hr", "-o", "json")[1])
    assert "approve" not in found


def test_a_check_tells_each_condition_once_and_no_wish_as_a_fault(run: w.Run) -> None:
    stalled = w.condition("Stalled", "True", "Conflict", "taken")
    objects = [
        w.api(
            w.condition("Ready", "False", "Conflict", "taken"), stalled, w.condition("OrdsReady", "False", "X", "taken")
        ),
        w.binding(
            "old",
            "r",
            {"a": "User"},
            w.condition("Ready"),
            w.condition("Expired", "True", "Expired", "ended"),
            w.condition("Bound", "False", "Expired", "over"),
        ),
        w.an(
            "VpcLink", "new", {"accountRef": {"name": "main"}}, w.condition("Drifted", "True", "Drifted", "1 differs")
        ),
    ]
    objects[2]["status"]["conditions"].append(w.condition("Ready"))
    code, out, _ = run(objects, "check", "-o", "json")
    assert code == 1
    assert [(each["name"], each["type"]) for each in json.loads(out)] == [("hr/hr", "Ready"), ("new", "Drifted")]


def test_objects_without_a_status_are_shown_and_not_ready(run: w.Run) -> None:
    objects = w.good_world()
    for found in objects:
        found.pop("status")
    assert run(objects, "check")[0] == 1
    assert run(objects, "tree")[1].count("NotReconciled") == len(objects)
    outcomes = {each["outcome"] for each in cells(run, objects)}
    assert outcomes == {"Refused"}


def test_loose_objects_are_in_the_tree_too(run: w.Run) -> None:
    out = run(w.good_world()[4:], "tree")[1]
    assert out.index("OracleApi hr/hr") < out.index("OracleRole hr/hr-payer")
