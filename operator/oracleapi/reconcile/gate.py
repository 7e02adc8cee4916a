"""The gate before the first act outside: what a spec's mode allows, and how an approval is kept.

=======  ==================================================================================================
Enforce  every plan is carried out
Approve  a plan waits for its hash in an annotation; then it is carried out over as many passes as it needs
Report   nothing is carried out
=======  ==================================================================================================

An approval is written into status before the first act, so that no crash asks for it twice. It ends with the plan, or
with an edit. The next hash depends on the last approved one: an annotation that was used once approves nothing more.
See docs/adr/0009-plans-modes-and-approval.md.
"""

from collections.abc import Iterable
from typing import Any, cast

import structlog

from oracleapi.api import reasons
from oracleapi.api.awsaccount import AwsAccountSpec
from oracleapi.api.common import APPROVED_PLAN, ModeName, most_careful
from oracleapi.api.conditions import DRIFTED
from oracleapi.api.oracledatabase import Delegation
from oracleapi.errors import DependencyNotReady, Retryable, Terminal
from oracleapi.model.drift import Drift
from oracleapi.plan.preview import Preview
from oracleapi.ports import Gateway, Oracle
from oracleapi.reconcile.passes import Pass
from oracleapi.reconcile.references import References

LOG = structlog.get_logger("oracleapi.plan")
WRITES = frozenset({"apply", "apply_guard", "apply_role", "create_api", "create_link"})


def may_write(work: Pass[Any]) -> bool:
    """Say whether this pass may act outside without asking."""
    if work.mode == "Approve":
        approved = work.status.get("approvedPlan", {})
        return approved.get("generation") == work.generation and not approved.get("applied")
    return work.mode == "Enforce"


def propose(work: Pass[Any], plan: Preview) -> None:
    """Put *plan* into the report and return where it may be carried out; an empty one always may.

    Raises:
        DependencyNotReady: ``PlanWaiting``, somebody has to approve it.
        Terminal: ``Drifted``, the mode is Report.
    """
    last = work.status.get("approvedPlan", {}).get("hash", "")
    if plan.empty:
        work.report.fields["plan"] = None
        work.report.clear(DRIFTED)
        return
    entry = plan.entry(work.uid, last)
    work.report.fields["plan"] = entry
    if entry["hash"] != work.status.get("plan", {}).get("hash"):
        LOG.info("Plan", kind=work.key.kind, namespace=work.key.namespace, name=work.key.name, mode=work.mode, **entry)
    if may_write(work):
        work.report.clear(DRIFTED)
    elif work.mode == "Report":
        raise Terminal(
            reasons.DRIFTED,
            f"the world is not as the spec says, and mode: Report changes nothing; it would take {plan.summary},"
            " see status.plan and status.drift",
        )
    elif work.approved_hash != entry["hash"]:
        raise DependencyNotReady(reasons.PLAN_WAITING, _ask(work, plan, entry["hash"]), work.spec.resync_seconds)
    else:
        work.report.clear(DRIFTED)
        work.report.fields["approvedPlan"] = {"hash": entry["hash"], "generation": work.generation}
        work.write_now("Carrying out the approved plan")


def tell_drift(work: Pass[Any], drift: Iterable[Drift]) -> None:
    """Put drift into status that is left as it is, or take away what was told of it."""
    found = tuple(drift)
    work.report.note_drift(found)
    work.report.fields.setdefault("drift", None)
    if found:
        count = f"{len(found)} field differs" if len(found) == 1 else f"{len(found)} fields differ"
        work.report.say(DRIFTED, True, reasons.DRIFTED, f"{count} from what is desired; see status.drift")


def tell_repair(work: Pass[Any]) -> None:
    """Tell in one event what somebody else changed and this pass put back; all fields are in status.

    What status told already is not told again: it may take another pass until it is put back.
    """
    told = {(entry["object"], entry["field"]) for entry in work.status.get("drift", [])}
    drift = [found for found in work.report.drift if (found.object[:320], found.field[:64]) not in told]
    if not drift or not may_write(work):
        return
    more = f" (and {len(drift) - 1} more)" if len(drift) > 1 else ""
    text = f"{drift[0].object} {drift[0].field}: found {drift[0].observed[:80]}, set to {drift[0].desired[:80]}{more}"
    work.event(True, reasons.DRIFT_REPAIRED, text)


def end_approval(work: Pass[Any]) -> None:
    """Note that the approved plan was carried out: whatever comes next needs another approval."""
    if work.mode == "Approve" and may_write(work):
        work.report.fields["approvedPlan"] = {**work.status["approvedPlan"], "applied": True}


def _ask(work: Pass[Any], plan: Preview, hash_: str) -> str:
    space = f"-n {work.key.namespace} " if work.key.namespace else ""
    command = f"kubectl {space}annotate {work.key.kind.lower()} {work.key.name} --overwrite {APPROVED_PLAN}={hash_}"
    other = "the annotation approves another plan than this one: " if work.approved_hash else ""
    return f"{other}{plan.summary} wait for approval; read status.plan, then: {command}"


class _ReadOnly:
    """A port whose writes are refused, whatever the code behind the gate believes."""

    def __init__(self, port: Any) -> None:
        self._port = port

    def __getattr__(self, name: str) -> Any:
        return self._refuse if name in WRITES else getattr(self._port, name)

    @staticmethod
    def _refuse(action: Any) -> None:
        raise Retryable(reasons.PLAN_WAITING, f"the world changed meanwhile; not done: {action.describe()}")


def read_only(gateway: Gateway, oracle: Oracle) -> tuple[Gateway, Oracle]:
    """Return both ports so that nothing can be written through them."""
    return cast(Gateway, _ReadOnly(gateway)), cast(Oracle, _ReadOnly(oracle))


def check_mode(work: Pass[Any], references: References, delegations: list[Delegation], account: AwsAccountSpec) -> None:
    """Keep an author of an API at least as careful as the strictest delegation that applies.

    Args:
        delegations: Those of the database that give this schema to this namespace.

    Raises:
        Terminal: ``ModeTooWeak``.
    """
    namespace = work.key.namespace or ""
    mine = [found for found in account.delegations if references.allows(found.namespaces, namespace)]
    check_minimum_mode(work, "database", (found.minimum_mode for found in delegations))
    check_minimum_mode(work, "AWS account", (found.minimum_mode for found in mine))


def check_minimum_mode(work: Pass[Any], offer: str, minimums: Iterable[ModeName | None]) -> None:
    """Keep an author at least as careful as the strictest of *minimums*. Raises as :func:`check_mode`."""
    minimum = most_careful(*minimums)
    if most_careful(work.mode, minimum) != work.mode:  # type: ignore[arg-type]
        raise Terminal(
            reasons.MODE_TOO_WEAK,
            f"spec.mode: {work.mode} is less careful than {minimum}, the minimumMode of the {offer}'s delegation to"
            f" namespace {work.key.namespace}; set spec.mode: {minimum}",
        )
