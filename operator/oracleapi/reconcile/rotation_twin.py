"""Two accounts that take turns: made alike before a turn, and what status says of that."""

from oracleapi.api import reasons
from oracleapi.errors import Terminal
from oracleapi.model.account import Equalize, ObservedAccount
from oracleapi.plan.account import plan_twin
from oracleapi.reconcile.report import Report
from oracleapi.reconcile.rotation_place import Place


def equalize(place: Place, active: ObservedAccount, target: str) -> None:
    """Give *target* what *active* holds.

    Raises:
        Terminal: ``AccountsDiffer``, something is refused; status names it.
    """
    report = place.work.report
    twin = place.account(target, whole=True)
    plan = plan_twin(active, twin)
    refused = place.oracle.apply_account(plan) if plan is not None and plan.ours else ()
    if plan is not None and plan.ours:
        plan = plan_twin(active, place.account(target, whole=True))
    say_equal(report, plan, active.name, target)
    if plan is not None:
        code = f" ({refused[0].code})" if refused else ""
        why = f"the operator's account may not change them{code}" if plan.ours else "such the operator leaves to people"
        raise Terminal(
            reasons.ACCOUNTS_DIFFER,
            f"account {target} cannot take the place of {active.name}: they differ in {plan.points} points, see"
            f" status.missing; {why}, have a DBA do it",
        )


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
