"""Plan a managed policy: detach, then the document, then attach; whatever is revoked goes first. Pure."""

import json

from oracleapi.api import reasons
from oracleapi.errors import Terminal
from oracleapi.model.drift import ABSENT, PRESENT, Drift, value_drift
from oracleapi.model.ownership import TAG_OWNER
from oracleapi.model.policy import (
    VERSION_LIMIT,
    AttachPolicy,
    CreatePolicy,
    DeletePolicy,
    DeleteVersion,
    DesiredPolicy,
    DetachPolicy,
    ObservedPolicy,
    PolicyAction,
    SetDocument,
    TagPolicy,
    policy_name,
)
from oracleapi.plan.plan import Plan


def plan_policy(desired: DesiredPolicy, observed: ObservedPolicy) -> Plan[PolicyAction]:
    """Return what makes the policy as *desired*, attached to the roles that are wanted and to no other of ours.

    What it is attached to outside of the path is left as it is: ``observed.others`` tells it.

    Raises:
        Terminal: ``NotOwned``, ``Conflict``.
    """
    if not observed.exists:
        create = CreatePolicy(desired.arn, desired.name, desired.path, desired.document, desired.tags)
        return Plan((create, *(AttachPolicy(desired.arn, role) for role in desired.roles)))
    check_owner(desired, observed)
    wanted = {policy_name(role): role for role in desired.roles}
    surplus = sorted(observed.attached - wanted.keys())
    lacking = [wanted[name] for name in sorted(wanted.keys() - observed.attached)]
    actions: list[PolicyAction] = [DetachPolicy(desired.arn, name) for name in surplus]
    if observed.document != desired.document:
        if len(observed.versions) + 1 >= VERSION_LIMIT:
            actions.append(DeleteVersion(desired.arn, observed.versions[0]))
        actions.append(SetDocument(desired.arn, desired.document))
    tags = {key: value for key, value in desired.tags.items() if observed.tags.get(key) != value}
    if tags:
        actions.append(TagPolicy(desired.arn, tags))
    actions += [AttachPolicy(desired.arn, role) for role in lacking]
    return Plan(tuple(actions), tuple(_drift(desired, observed, surplus, lacking, tags)))


def plan_policy_removal(owner: str, observed: ObservedPolicy) -> Plan[PolicyAction]:
    """Return what takes the policy of *owner* away; as long as others hold it, only what detaches it from ours."""
    if not observed.exists or observed.tags.get(TAG_OWNER) != owner:
        return Plan()
    detach = tuple(DetachPolicy(observed.arn, name) for name in sorted(observed.attached))
    if observed.others:
        return Plan(detach)
    versions = tuple(DeleteVersion(observed.arn, version) for version in observed.versions)
    return Plan((*detach, *versions, DeletePolicy(observed.arn)))


def check_owner(desired: DesiredPolicy, observed: ObservedPolicy) -> None:
    """Refuse a policy that is not ours to change.

    Raises:
        Terminal: ``NotOwned``, ``Conflict``.
    """
    owner = observed.tags.get(TAG_OWNER)
    if owner == desired.owner:
        return
    if owner is None:
        raise Terminal(
            reasons.NOT_OWNED,
            f"policy {desired.arn} exists and carries no mark of this operator; delete it, or tag it"
            f" {TAG_OWNER}={desired.owner}",
        )
    raise Terminal(reasons.CONFLICT, f"policy {desired.arn} belongs to another RoleBinding ({owner}); delete it")


def _drift(
    desired: DesiredPolicy, observed: ObservedPolicy, surplus: list[str], lacking: list[str], tags: dict[str, str]
) -> list[Drift]:
    name = f"policy {desired.name}"
    found = [Drift(name, f"role {role}", ABSENT, PRESENT) for role in surplus]
    found += [Drift(name, f"role {policy_name(role)}", PRESENT, ABSENT) for role in lacking]
    found += [Drift(name, f"tag {key}", value, observed.tags.get(key, ABSENT)) for key, value in sorted(tags.items())]
    return found + _document_drift(name, desired.document, observed.document)


def _document_drift(name: str, desired: str, observed: str) -> list[Drift]:
    """Return the ARNs by which two documents differ; of one that is not of our making, all of it."""
    ours, theirs = _resources(desired), _resources(observed)
    if ours is None or theirs is None or ours == theirs:
        return list(value_drift(name, "document", desired, observed))
    missing = [Drift(name, _request(arn), PRESENT, ABSENT) for arn in sorted(ours - theirs)]
    return missing + [Drift(name, _request(arn), ABSENT, PRESENT) for arn in sorted(theirs - ours)]


def _request(arn: str) -> str:
    """Return method and path of an ARN of ``execute-api``."""
    return f"invoke {arn.split('/', 2)[-1]}"


def _resources(document: str) -> frozenset[str] | None:
    """Return the ARNs of a document that is of the form that we write, else ``None``."""
    match json.loads(document) if document else None:
        case {"Version": _, "Statement": [{"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": [*arns]}]}:
            return frozenset(map(str, arns))
    return None
