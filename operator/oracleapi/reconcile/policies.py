"""Managed policies of bindings at work: carry a plan out role by role, take a policy away, ask who may invoke.

What the plan holds is decided in ``plan/policy.py``; what may be written is the gate's question, before this.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from oracleapi.api import reasons
from oracleapi.errors import DependencyNotReady, OperatorError
from oracleapi.model.ownership import TAG_OWNER
from oracleapi.model.policy import AttachPolicy, PolicyAction, Principal, policy_name
from oracleapi.plan.plan import Plan
from oracleapi.plan.policy import plan_policy_removal
from oracleapi.ports import Iam

OF_ONE_ROLE = frozenset({reasons.DEPENDENCY_NOT_READY, reasons.AWS_REFUSED, reasons.AWS_ACCESS_DENIED})
"""Reasons that concern the role and hold up no other."""
SHOWN = 5
HELD_S = 60.0


@dataclass(frozen=True)
class InvokeFault:
    """A request that a principal cannot make, or, where it is not *denied*, of which IAM could not say so."""

    principal: Principal
    resource: str
    denied: bool
    why: str


def apply_policy(iam: Iam, plan: Plan[PolicyAction]) -> Mapping[str, OperatorError]:
    """Carry *plan* out; returns, by ARN, the roles that could not be attached to, each of which holds up no other.

    Raises:
        OperatorError: Whatever else fails ends it; the next pass goes on where it ended.
    """
    failed: dict[str, OperatorError] = {}
    for action in plan.actions:
        try:
            iam.apply(action)
        except OperatorError as error:
            if not isinstance(action, AttachPolicy) or error.reason not in OF_ONE_ROLE:
                raise
            failed[action.role_arn] = error
    return failed


def remove_policy(iam: Iam, arn: str, owner: str, attach_path: str | None) -> None:
    """Take the policy of *owner* away, with its attachments to our roles; returning means that nothing is left of it.

    Args:
        arn: The policy's, as it was remembered: the account may have another path by now.

    Raises:
        DependencyNotReady: ``InUse``, somebody attached it to what is not ours to touch.
    """
    observed = iam.observe_policy(arn, attach_path)
    plan = plan_policy_removal(owner, observed)
    for action in plan.actions:
        iam.apply(action)
    if observed.others and observed.tags.get(TAG_OWNER) == owner:
        named = ", ".join(observed.others[:SHOWN])
        text = f"policy {policy_name(arn)} is attached to {named}, which the operator does not touch; detach it there"
        raise DependencyNotReady(reasons.IN_USE, text, HELD_S)


def find_invoke_faults(iam: Iam, principals: Iterable[Principal], resources: Iterable[str]) -> tuple[InvokeFault, ...]:
    """Return who cannot invoke what, as IAM says: one question for each principal.

    Args:
        principals: Of the API's own account; IAM cannot be asked about others.
        resources: ARNs of requests without ``*``.
    """
    found: list[InvokeFault] = []
    asked = tuple(resources)
    for principal in principals if asked else ():
        for resource, verdict in iam.may_invoke(principal.arn, asked).items():
            if verdict.decision != "allowed":
                why = ": ".join(part for part in (verdict.decision, verdict.why) if part)
                found.append(InvokeFault(principal, resource, verdict.decision != "unknown", why))
    return tuple(found)
