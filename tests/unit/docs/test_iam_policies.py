"""The policies that docs/aws.md hands out: what the adapter calls and nothing else, and inside the two paths."""

import json
import pathlib
import re
from typing import Any

import botocore.session
import pytest

from oracleapi.adapters.aws.secret_errors import OPERATIONS
from oracleapi.api.awsaccount import Iam

ROOT = pathlib.Path(__file__).resolve().parents[3]
AWS = ROOT / "operator" / "oracleapi" / "adapters" / "aws"
SIZE_LIMIT = 6144
"""Characters of a managed policy, blanks not counted."""


def statements(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((ROOT / "docs" / name).read_text())["Statement"]
    return found


def listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def actions(name: str, service: str) -> set[str]:
    every = {action for statement in statements(name) for action in listed(statement["Action"])}
    return {action for action in every if action.startswith(f"{service}:")}


def test_the_adapter_of_iam_calls_what_its_policy_allows_and_nothing_else() -> None:
    service = botocore.session.get_session().get_service_model("iam")
    text = (AWS / "iam.py").read_text()
    snake = {re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower(): name for name in service.operation_names}
    called = {snake[word] for word in re.findall(r"[a-z_]+", text) if word in snake}
    assert {f"iam:{name}" for name in called} == actions("iam-policy-invoke.json", "iam")


def test_the_adapters_of_secrets_manager_call_what_the_policy_allows_and_nothing_else() -> None:
    assert {f"secretsmanager:{name}" for name in OPERATIONS} == actions("iam-policy.json", "secretsmanager")
    known = botocore.session.get_session().get_service_model("secretsmanager").operation_names
    text = "".join((AWS / name).read_text() for name in ("rotation.py", "secret_errors.py", "secretsmanager.py"))
    assert {name for name in known if re.search(rf'"{name}"', text)} == OPERATIONS


def test_a_rotation_reaches_no_secret_outside_its_path_and_deletes_none_for_good() -> None:
    found = {statement["Sid"]: statement for statement in statements("iam-policy.json")}
    path = "arn:aws:secretsmanager:*:*:secret:oracleapi/*"
    assert found["RotateSecrets"]["Resource"] == found["ScheduleDeletionOfRotatedSecrets"]["Resource"] == path
    deleting = [
        name for name, statement in found.items() if "secretsmanager:DeleteSecret" in listed(statement["Action"])
    ]
    assert deleting == ["ScheduleDeletionOfRotatedSecrets"]
    assert found[deleting[0]]["Condition"] == {"Null": {"secretsmanager:RecoveryWindowInDays": "false"}}
    assert found["LookAtRotatedSecrets"]["Action"] == "secretsmanager:DescribeSecret"
    named = found["LookAtRotatedSecrets"]["Condition"]["StringLike"]["secretsmanager:SecretId"]
    assert named == ["oracleapi/*", path]


def test_who_manages_no_policies_needs_no_right_to_give_rights() -> None:
    assert actions("iam-policy.json", "iam") == {"iam:CreateServiceLinkedRole"}


def test_every_right_to_give_rights_is_inside_the_paths() -> None:
    policies, roles = f"arn:aws:iam::*:policy{Iam().policy_path}*", "arn:aws:iam::*:role/callers/*"
    for statement in statements("iam-policy-invoke.json"):
        given = listed(statement["Action"])
        if all(re.match(r"iam:(Get|Simulate)", action) for action in given):
            continue
        assert set(listed(statement["Resource"])) <= {policies, roles}, statement["Sid"]
        if any("Attach" in action or "Detach" in action for action in given):
            assert statement["Condition"] == {"ArnLike": {"iam:PolicyARN": policies}}
            assert set(listed(statement["Resource"])) == {roles}


@pytest.mark.parametrize("name", ["iam-policy.json", "iam-policy-invoke.json"])
def test_a_policy_fits_and_each_statement_has_a_row(name: str) -> None:
    text = (ROOT / "docs" / name).read_text()
    assert len(re.sub(r"\s", "", text)) <= SIZE_LIMIT
    page = (ROOT / "docs" / "aws.md").read_text()
    rows = {
        word for line in page.splitlines() if line.startswith("| ") for word in re.findall(r"\w+", line.split("|")[1])
    }
    assert {statement["Sid"] for statement in statements(name)} <= rows
