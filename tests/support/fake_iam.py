"""IAM in memory: policies with versions, attachments, roles with paths, and the rules by which it refuses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from oracleapi.errors import DependencyNotReady, OperatorError, Retryable
from oracleapi.model.policy import (
    VERSION_LIMIT,
    AttachPolicy,
    CreatePolicy,
    DeletePolicy,
    DeleteVersion,
    DetachPolicy,
    InvokeVerdict,
    ObservedPolicy,
    PolicyAction,
    SetDocument,
    TagPolicy,
    policy_name,
)
from support.invoke_matcher import decide


@dataclass
class FakePolicy:
    """A managed policy; versions by number, the default last made."""

    tags: dict[str, str]
    versions: dict[int, str]
    default: int = 1
    holders: set[str] = field(default_factory=set)  # such as "role x", "user ann"

    @property
    def document(self) -> str:
        return self.versions[self.default]


class FakeIam:
    """An account. ``faults`` are raised by the next calls of a name, before they do anything."""

    def __init__(self) -> None:
        self.policies: dict[str, FakePolicy] = {}
        self.roles: dict[str, str] = {}  # ARN by name
        self.calls: list[str] = []
        self.faults: dict[str, list[OperatorError]] = {}
        self.verdicts: dict[str, InvokeVerdict] = {}  # what is said of a principal, whatever it asks for
        self.quota = 10  # policies of a role

    def make_role(self, arn: str) -> str:
        """Create a role as an administrator does; returns its ARN."""
        self.roles[policy_name(arn)] = arn
        return arn

    def make_policy(self, arn: str, document: str = "{}", **tags: str) -> None:
        self.policies[arn] = FakePolicy(dict(tags), {1: document})

    def attach(self, arn: str, holder: str) -> None:
        """Attach by hand; *holder* is such as ``user ann``."""
        self.policies[arn].holders.add(holder)

    def detach(self, arn: str, holder: str) -> None:
        self.policies[arn].holders.remove(holder)

    def observe_policy(self, arn: str, attach_path: str | None) -> ObservedPolicy:
        self._call("observe_policy")
        found = self.policies.get(arn)
        if found is None:
            return ObservedPolicy(arn)
        attached = {
            name for name, role in self.roles.items() if f"role {name}" in found.holders and _below(role, attach_path)
        }
        others = found.holders - {f"role {name}" for name in attached}
        versions = tuple(f"v{number}" for number in sorted(found.versions) if number != found.default)
        return ObservedPolicy(
            arn, True, dict(found.tags), found.document, f"v{found.default}", versions, frozenset(attached),
            tuple(sorted(others)),
        )  # fmt: skip

    def apply(self, action: PolicyAction) -> None:
        self._call(type(action).__name__)
        if isinstance(action, CreatePolicy):
            self._create(action)
            return
        found = self.policies.get(action.arn)
        if found is None:
            if isinstance(action, DeleteVersion | DetachPolicy | DeletePolicy):
                return
            raise Retryable("Conflict", "what it names is not there (any more); looking again")
        match action:
            case TagPolicy():
                found.tags |= action.tags
            case SetDocument():
                self._set(found, action.document)
            case DeleteVersion():
                number = int(action.version[1:])
                assert number != found.default, "DeleteConflict: the default version"
                found.versions.pop(number, None)
            case AttachPolicy():
                self._attach(found, action)
            case DetachPolicy():
                found.holders.discard(f"role {action.role_name}")
            case DeletePolicy():
                assert len(found.versions) == 1, "DeleteConflict: a policy with versions"
                if found.holders:
                    raise DependencyNotReady("InUse", "Cannot delete a policy attached to entities.", 15.0)
                del self.policies[action.arn]

    def may_invoke(self, principal_arn: str, resources: Sequence[str]) -> Mapping[str, InvokeVerdict]:
        self._call("may_invoke")
        if principal_arn in self.verdicts:
            return dict.fromkeys(resources, self.verdicts[principal_arn])
        holder = f"{'role' if ':role/' in principal_arn else 'user'} {policy_name(principal_arn)}"
        held = [found.document for found in self.policies.values() if holder in found.holders]
        return {arn: InvokeVerdict(decide(held, arn)) for arn in resources}  # type: ignore[arg-type]

    def _create(self, action: CreatePolicy) -> None:
        assert action.arn.endswith(f":policy{action.path}{action.name}")
        if any(policy_name(arn).lower() == action.name.lower() for arn in self.policies):
            raise Retryable("Conflict", f"IAM has a policy {action.name} already")
        self.policies[action.arn] = FakePolicy(dict(action.tags), {1: action.document})

    @staticmethod
    def _set(found: FakePolicy, document: str) -> None:
        assert len(found.versions) < VERSION_LIMIT, "LimitExceeded: a sixth version"
        found.default = max(found.versions) + 1
        found.versions[found.default] = document

    def _attach(self, found: FakePolicy, action: AttachPolicy) -> None:
        name = policy_name(action.role_arn)
        if self.roles.get(name) != action.role_arn:
            raise DependencyNotReady("DependencyNotReady", f"there is no role {action.role_arn}", 60.0)
        held = sum(f"role {name}" in each.holders for each in self.policies.values())
        if held >= self.quota:
            raise Retryable("AwsRefused", f"role {name} has as many policies as AWS allows", 60.0)
        found.holders.add(f"role {name}")

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if self.faults.get(name):
            raise self.faults[name].pop(0)


def _below(arn: str, path: str | None) -> bool:
    return path is not None and ("/" + arn.split("/", 1)[1]).startswith(path)
