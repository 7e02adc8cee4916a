"""What an OracleRole asks for, and the fences of a namespace's delegations."""

from typing import Any

import pytest

from oracleapi.api.oracledatabase import Delegation
from oracleapi.api.oraclerole import OracleRoleSpec
from oracleapi.desired.role import build_role, may_have_role
from oracleapi.errors import Terminal
from oracleapi.model.role import DesiredRole, Grant
from support import make


def build(*grants: dict[str, Any], fence: dict[str, Any] | None = None, **fields: Any) -> DesiredRole:
    found: dict[str, Any] = {"namespaces": {"names": ["hr"]}, "schemas": ["HR_API"], "roles": ["HR_*"]}
    found |= {"objects": ["HR.*"]} if fence is None else fence
    spec = OracleRoleSpec.model_validate({"databaseRef": {"name": "db"}, "grants": list(grants), **fields})
    return build_role(spec, make.owner("hr-reader", kind="OracleRole"), [Delegation.model_validate(found)])


def delegation(**fields: Any) -> Delegation:
    return Delegation.model_validate({"namespaces": {"names": ["hr"]}, "schemas": ["HR_API"], **fields})


def on(name: str, *privileges: str, **fields: Any) -> dict[str, Any]:
    return {"object": name, "privileges": list(privileges), **fields}


def test_the_name_is_the_objects_in_upper_case_unless_the_spec_gives_one() -> None:
    assert build().name == "HR_READER"
    assert build(roleName="HR_BASE").name == "HR_BASE"
    assert build(roleName="H2", fence={"roles": ["H2"]}).name == "H2"


def test_each_privilege_and_column_is_a_grant_of_its_own() -> None:
    found = build(on("HR.JOBS", "SELECT", "DELETE"), on("HR.EMPLOYEES", "UPDATE", columns=["EMAIL", "PHONE"]))
    assert found.grants == {
        Grant("object", "SELECT", "HR.JOBS"),
        Grant("object", "DELETE", "HR.JOBS"),
        Grant("object", "UPDATE", "HR.EMPLOYEES", "EMAIL"),
        Grant("object", "UPDATE", "HR.EMPLOYEES", "PHONE"),
    }


def test_a_role_and_a_system_privilege_are_one_grant_each() -> None:
    fence = {"grantableRoles": ["PAY_READER"], "systemPrivileges": ["CREATE SESSION"]}
    found = build({"role": "PAY_READER"}, {"system": "CREATE SESSION"}, fence=fence)
    assert found.grants == {Grant("role", "PAY_READER"), Grant("system", "CREATE SESSION")}


def test_a_role_holds_nothing_else_and_is_not_taken_over_unless_the_spec_says_so() -> None:
    assert (build().exact, build().adopt) == (True, False)
    found = build(grantMode="Additive", adoptExisting=True)
    assert (found.exact, found.adopt) == (False, True)


def test_what_one_of_several_delegations_allows_is_allowed() -> None:
    fences = [delegation(), delegation(roles=["HR_*"]), delegation(objects=["HR.JOBS"]), delegation(objects=["PAY.*"])]
    spec = {"databaseRef": {"name": "db"}, "grants": [on("HR.JOBS", "SELECT"), on("PAY.JOBS", "SELECT")]}
    found = build_role(OracleRoleSpec.model_validate(spec), make.owner("hr-reader", kind="OracleRole"), fences)
    assert len(found.grants) == 2
    assert may_have_role("HR_READER", fences)
    assert not may_have_role("HR_READER", [fences[0], *fences[2:]])


@pytest.mark.parametrize(
    ("grant", "told"),
    [
        (on("PAY.JOBS", "SELECT", "DELETE"), "SELECT ON PAY.JOBS"),
        ({"role": "DBA"}, "DBA"),
        ({"privileges": ["SELECT"]}, "SELECT"),
        ({}, "nothing"),
    ],
)
def test_a_refusal_names_the_first_that_is_asked_for(grant: dict[str, Any], told: str) -> None:
    with pytest.raises(Terminal, match=f"OracleDatabase db lets namespace hr grant {told}; ask"):
        build(grant)


@pytest.mark.parametrize(
    ("grant", "fence"),
    [
        (on("HR.JOBS", "SELECT"), {}),
        (on("PAY.SALARIES", "SELECT"), {"objects": ["HR.*"]}),
        (on("HRX.JOBS", "SELECT"), {"objects": ["HR.*"]}),
        (on("HR.JOBS", "READ"), {"objects": ["HR.*"]}),
        (on("HR.JOBS", "SELECT", "DELETE"), {"objects": ["HR.*"], "privileges": ["SELECT"]}),
        ({"role": "DBA"}, {"objects": ["HR.*"]}),
        ({"role": "PAY_READER"}, {"grantableRoles": ["HR_BASE"]}),
        ({"system": "CREATE SESSION"}, {"objects": ["HR.*"]}),
        ({"system": "CREATE TABLE"}, {"systemPrivileges": ["CREATE SESSION"]}),
    ],
    ids=str,
)
def test_what_no_delegation_lists_is_refused_with_its_place(grant: dict[str, Any], fence: dict[str, Any]) -> None:
    with pytest.raises(Terminal) as caught:
        build(on("HR.A", "SELECT") if "objects" in fence else grant, grant, fence=fence)
    assert caught.value.reason == "GrantNotAllowed"
    assert caught.value.message.startswith(f"spec.grants[{1 if 'objects' in fence else 0}]: no delegation")
    assert "ask a platform administrator" in caught.value.message


@pytest.mark.parametrize(
    ("grant", "fence"),
    [
        ({"role": "HR_BASE"}, {}),
        ({"role": "PAY_READER"}, {"grantableRoles": ["PAY_READER"]}),
        ({"system": "CREATE SESSION"}, {"systemPrivileges": ["CREATE SESSION"]}),
        (on("HR.JOBS", "READ"), {"objects": ["HR.JOBS"], "privileges": ["READ"]}),
    ],
    ids=str,
)
def test_what_a_delegation_lists_is_let_through(grant: dict[str, Any], fence: dict[str, Any]) -> None:
    assert len(build(grant, fence=fence).grants) == 1


def test_a_role_outside_the_fence_is_refused() -> None:
    with pytest.raises(Terminal, match="gives role PAY_ALL to namespace hr") as caught:
        build(roleName="PAY_ALL")
    assert caught.value.reason == "RoleNotAllowed"


def test_a_name_that_is_no_identifier_asks_for_a_role_name() -> None:
    spec = OracleRoleSpec.model_validate({"databaseRef": {"name": "db"}})
    with pytest.raises(Terminal, match="1_READER is no role's name"):
        build_role(spec, make.owner("1-reader", kind="OracleRole"), [])


def test_a_role_cannot_be_granted_to_itself() -> None:
    with pytest.raises(Terminal, match=r"spec.grants\[0\].role"):
        build({"role": "HR_READER"})
