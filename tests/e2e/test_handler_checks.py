"""What parsing a handler with its callers' roles foretells is what the callers then meet."""

from collections.abc import Iterator
from typing import Any

import pytest

from support.guarded_api import PAYROLL, ask, check_account, guarded_api
from support.lab import Lab, wait_for
from support.leaks import places

PASSWORD = "Canary-of-the-check-account-1"


@pytest.fixture(scope="module")
def checked(lab: Lab, example: dict[str, Any]) -> Iterator[dict[str, Any]]:
    with guarded_api(lab, example) as api, check_account(lab, PASSWORD):
        lab.wait_ready("odb", "hr-db")
        yield api


def said(lab: Lab) -> tuple[str, str]:
    """Return status and reason of HandlersParsed of binding payroll, which is asked to look again."""
    lab.reconcile("orb", "payroll", "hr")
    conditions = lab.get("orb", "payroll", "hr")["status"]["conditions"]
    return next(
        ((found["status"], found["reason"]) for found in conditions if found["type"] == "HandlersParsed"), ("", "")
    )


def test_a_grant_that_is_taken_away_is_named_and_the_caller_sees_exactly_that(
    lab: Lab, checked: dict[str, Any]
) -> None:
    wait_for("the handler to be parsed", lambda: said(lab) == ("True", "Succeeded"))
    assert ask(lab, checked, "/salary", subject="pat", groups=["payroll"]).status_code == 200
    grants = [{"privileges": ["SELECT"], "object": "HR.EMPLOYEES"}]
    lab.apply({**PAYROLL, "spec": {**PAYROLL["spec"], "grants": grants}})
    try:
        wait_for("the missing grant", lambda: said(lab) == ("False", "Mismatches"))
        (found,) = lab.get("orb", "payroll", "hr")["status"]["mismatches"]
        assert (found["link"], found["fault"]) == ("Grant", "GrantMissing")
        assert "HR_PAYROLL" in found["detail"]
        assert "SALARY" in found["detail"]
        answer = ask(lab, checked, "/salary", subject="pat", groups=["payroll"])
        assert found["wouldSee"].split()[0] == str(answer.status_code)
        assert found["wouldSee"].split()[1] in answer.text
    finally:
        lab.apply(PAYROLL)
    wait_for("the grant to be back", lambda: said(lab) == ("True", "Succeeded"))
    assert ask(lab, checked, "/salary", subject="pat", groups=["payroll"]).status_code == 200


def test_the_check_account_s_password_shows_nowhere(lab: Lab, checked: dict[str, Any]) -> None:
    wait_for("the handler to be parsed", lambda: said(lab) == ("True", "Succeeded"))
    shown = {place for place, text in places(lab) if PASSWORD in text}
    assert shown <= {"statements"}, "the test's own CREATE USER aside"
