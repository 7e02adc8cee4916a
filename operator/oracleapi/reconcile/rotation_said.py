"""Conditions of a ``SecretRotation``: whether its password was seen to work, and whether its two accounts are alike."""

from oracleapi.api import reasons
from oracleapi.model.account import Equalize
from oracleapi.reconcile.report import Report


def say_verified(report: Report, account: str, works: bool) -> None:
    """Say whether the secret's password was seen to work."""
    if works:
        report.say("Verified", True, reasons.SUCCEEDED, f"A log-on as {account} and a query worked")
    else:
        report.say("Verified", False, reasons.LOGIN_DENIED, f"The database refused a log-on as {account}")


def say_equal(report: Report, plan: Equalize | None, active: str, twin: str) -> None:
    """Say whether two accounts are alike, and in status in what they are not."""
    if plan is None:
        report.fields["missing"] = None
        report.say("GrantsEqual", True, reasons.SUCCEEDED, f"{active} and {twin} hold the same")
        return
    lines = [
        *(f"{each} (missing, for a DBA)" for each in plan.lacking),
        *(f"{each} (too much, for a DBA)" for each in plan.excess),
        *(f"{each} (missing)" for each in plan.grant),
        *(f"{each} (too much)" for each in plan.revoke),
    ]
    report.fields["missing"] = [line[:480] for line in lines[:50]]
    text = f"{twin} differs from {active} in {plan.points} points; see status.missing"
    if plan.points > plan.ours:
        text += ", and have a DBA settle what is marked so before the next rotation"
    report.say("GrantsEqual", False, reasons.ACCOUNTS_DIFFER, text)
