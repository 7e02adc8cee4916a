"""AWS IAM: managed policies, what they are attached to, and what IAM says to a call that is not made.

IAM has one endpoint in a partition, which botocore finds by the region. Its lists lag behind its writes [D]: what was
just made may be missing, and the next pass sees it. Sources: IAM API reference and service model.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from botocore.exceptions import ClientError

from oracleapi.adapters.aws.errors import DENIED, DENIED_RETRY_S, QUOTA, error_code, is_absent, translated
from oracleapi.adapters.aws.session import Clients
from oracleapi.api import reasons
from oracleapi.errors import DependencyNotReady, OperatorError, Retryable
from oracleapi.model.policy import (
    AttachPolicy,
    CreatePolicy,
    Decision,
    DeletePolicy,
    DeleteVersion,
    DetachPolicy,
    InvokeVerdict,
    ObservedPolicy,
    PolicyAction,
    SetDocument,
    TagPolicy,
    canonical,
    policy_name,
)

INVOKE = "execute-api:Invoke"
ASKED_AT_ONCE = 50
"""Resources in one question; IAM documents no limit."""
PAGE = 1000
ROLE_ABSENT_S = 60.0
DECISIONS: Mapping[str, Decision] = {
    "allowed": "allowed",
    "implicitDeny": "implicitDeny",
    "explicitDeny": "explicitDeny",
}
TAKEN = "EntityAlreadyExists"
CANNOT_ASK = "iam:SimulatePrincipalPolicy is not granted to the operator's role"
NOT_THERE = "IAM knows no such principal"


class AwsIam:
    """Fulfils :class:`oracleapi.ports.Iam`."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def observe_policy(self, arn: str, attach_path: str | None) -> ObservedPolicy:
        client = self._clients.client("iam")
        try:
            with _calling("GetPolicy"):
                found = client.get_policy(PolicyArn=arn)["Policy"]
            default = found["DefaultVersionId"]
            with _calling("GetPolicyVersion"):
                version = client.get_policy_version(PolicyArn=arn, VersionId=default)["PolicyVersion"]
            with _calling("ListPolicyVersions"):
                versions = client.list_policy_versions(PolicyArn=arn, MaxItems=PAGE)["Versions"]
            attached, others = self._entities(client, arn, attach_path, int(found.get("AttachmentCount", 0)))
        except _Absent:
            return ObservedPolicy(arn)
        return ObservedPolicy(
            arn,
            exists=True,
            tags={tag["Key"]: tag["Value"] for tag in found.get("Tags", ())},
            document=canonical(version["Document"]),
            default=default,
            versions=tuple(sorted({each["VersionId"] for each in versions} - {default}, key=_number)),
            attached=attached,
            others=others,
        )

    def _entities(
        self, client: Any, arn: str, attach_path: str | None, count: int
    ) -> tuple[frozenset[str], tuple[str, ...]]:
        """Return the roles below *attach_path* that have the policy, and who else has; asks no more than it must."""
        attached: frozenset[str] = frozenset()
        if attach_path is not None:
            roles = self._listed(client, arn, EntityFilter="Role", PathPrefix=attach_path)
            attached = frozenset(name.removeprefix("role ") for name in roles)
        if count <= len(attached):
            return attached, ()
        every = self._listed(client, arn)
        return attached, tuple(sorted(name for name in every if name.removeprefix("role ") not in attached))

    @staticmethod
    def _listed(client: Any, arn: str, **narrowed: str) -> list[str]:
        with _calling("ListEntitiesForPolicy"):
            pages = client.get_paginator("list_entities_for_policy").paginate(
                PolicyArn=arn, PolicyUsageFilter="PermissionsPolicy", MaxItems=PAGE, **narrowed
            )
            return [
                f"{kind} {entity[key]}"
                for page in pages
                for kind, part, key in (
                    ("role", "PolicyRoles", "RoleName"),
                    ("user", "PolicyUsers", "UserName"),
                    ("group", "PolicyGroups", "GroupName"),
                )
                for entity in page.get(part, ())
            ]

    def apply(self, action: PolicyAction) -> None:
        client = self._clients.client("iam")
        match action:
            case CreatePolicy():
                with _calling("CreatePolicy", lambda error: _taken(error, action)):
                    client.create_policy(
                        PolicyName=action.name,
                        Path=action.path,
                        PolicyDocument=action.document,
                        Tags=_tags(action.tags),
                    )
            case TagPolicy():
                with _calling("TagPolicy"):
                    client.tag_policy(PolicyArn=action.arn, Tags=_tags(action.tags))
            case SetDocument():
                self._set_document(action)
            case DeleteVersion():
                with suppress(_Absent), _calling("DeletePolicyVersion"):
                    client.delete_policy_version(PolicyArn=action.arn, VersionId=action.version)
            case AttachPolicy():
                self._attach(client, action)
            case DetachPolicy():
                with suppress(_Absent), _calling("DetachRolePolicy"):
                    client.detach_role_policy(RoleName=action.role_name, PolicyArn=action.arn)
            case DeletePolicy():
                with suppress(_Absent), _calling("DeletePolicy"):
                    client.delete_policy(PolicyArn=action.arn)

    def _set_document(self, action: SetDocument) -> None:
        """Send it once: sent again by the client it would take the place of another version."""
        client = self._clients.client("iam", creates=True)
        with _calling("CreatePolicyVersion", lambda error: _versions_full(error, action)):
            client.create_policy_version(PolicyArn=action.arn, PolicyDocument=action.document, SetAsDefault=True)

    @staticmethod
    def _attach(client: Any, action: AttachPolicy) -> None:
        """Attach by name once the role of that name is the one that is meant, path included."""
        name = policy_name(action.role_arn)
        with _calling("GetRole", lambda error: _no_such_role(error, action)):
            found = client.get_role(RoleName=name)["Role"]["Arn"]
        if found != action.role_arn:
            raise DependencyNotReady(
                reasons.DEPENDENCY_NOT_READY,
                f"there is no role {action.role_arn}: the role of that name has another path; name it with its own",
                ROLE_ABSENT_S,
            )
        with _calling("AttachRolePolicy", lambda error: _role_full(error, action)):
            client.attach_role_policy(RoleName=name, PolicyArn=action.arn)

    def may_invoke(self, principal_arn: str, resources: Sequence[str]) -> Mapping[str, InvokeVerdict]:
        asked = list(dict.fromkeys(resources))
        try:
            parts = [asked[at : at + ASKED_AT_ONCE] for at in range(0, len(asked), ASKED_AT_ONCE)]
            found = {arn: verdict for part in parts for arn, verdict in self._ask(principal_arn, part).items()}
        except _Absent:
            return dict.fromkeys(asked, InvokeVerdict("implicitDeny", NOT_THERE))
        except _Denied:
            return dict.fromkeys(asked, InvokeVerdict("unknown", CANNOT_ASK))
        return {arn: found.get(arn, InvokeVerdict("unknown", "IAM said nothing of it")) for arn in asked}

    def _ask(self, principal_arn: str, resources: Sequence[str]) -> dict[str, InvokeVerdict]:
        def refused(error: ClientError) -> Exception | None:
            own = error.operation_name == "SimulatePrincipalPolicy"  # not of the call that asked for the keys
            return _Denied() if own and error_code(error) in DENIED else None

        with _calling("SimulatePrincipalPolicy", refused):
            pages = (
                self._clients.client("iam")
                .get_paginator("simulate_principal_policy")
                .paginate(
                    PolicySourceArn=principal_arn, ActionNames=[INVOKE], ResourceArns=list(resources), MaxItems=PAGE
                )
            )
            results = [result for page in pages for result in page["EvaluationResults"]]
        return dict(verdict for result in results for verdict in parse_verdicts(result))


def parse_verdicts(result: Mapping[str, Any]) -> Iterator[tuple[str, InvokeVerdict]]:
    """Return resource and verdict of a result: each resource has its own, one alone stands in the result [D]."""
    single = result.get("ResourceSpecificResults") or ()
    for each in single:
        missing = each.get("MissingContextValues") or result.get("MissingContextValues") or ()
        yield str(each["EvalResourceName"]), _verdict(each, str(each["EvalResourceDecision"]), missing)
    if not single:
        missing = result.get("MissingContextValues") or ()
        yield str(result.get("EvalResourceName", "")), _verdict(result, str(result["EvalDecision"]), missing)


def _verdict(found: Mapping[str, Any], decision: str, missing: Sequence[str]) -> InvokeVerdict:
    """Return a verdict; a denial that hangs on conditions which only a real request meets is none."""
    if decision not in DECISIONS:
        return InvokeVerdict("unknown", "IAM said something else than allowed or denied")
    if decision != "allowed" and missing:
        return InvokeVerdict("unknown", f"its policies look at {', '.join(sorted(missing))[:200]}")
    if decision == "allowed":
        return InvokeVerdict("allowed")
    if (found.get("PermissionsBoundaryDecisionDetail") or {}).get("AllowedByPermissionsBoundary") is False:
        return InvokeVerdict(DECISIONS[decision], "its permissions boundary does not allow it")
    policies = sorted({str(each.get("SourcePolicyId", "")) for each in found.get("MatchedStatements") or ()} - {""})
    return InvokeVerdict(DECISIONS[decision], f"by {', '.join(policies)[:200]}" if policies else "")


class _Absent(Exception):
    """What a call names is not there."""


class _Denied(Exception):
    """A call may not be made."""


@contextmanager
def _calling(operation: str, explain: Callable[[ClientError], Exception | None] | None = None) -> Iterator[None]:
    """Translate the errors of a call, those first that *explain* knows.

    Raises:
        _Absent: What it names is not there, and nothing better is known.
    """
    with translated(f"iam:{operation}"):
        try:
            yield
        except ClientError as error:
            known = explain(error) if explain is not None else None
            if known is not None:
                raise known from error
            if is_absent(error) and operation in _ABSENCE_COUNTS:
                raise _Absent from error
            raise


_ABSENCE_COUNTS = frozenset(
    {
        "GetPolicy",
        "GetPolicyVersion",
        "ListPolicyVersions",
        "ListEntitiesForPolicy",
        "DeletePolicyVersion",
        "DetachRolePolicy",
        "DeletePolicy",
        "SimulatePrincipalPolicy",
    }
)
"""Calls for which it is an answer that something is not there."""


def _taken(error: ClientError, action: CreatePolicy) -> OperatorError | None:
    if error_code(error) != TAKEN:
        return None
    return Retryable(
        reasons.CONFLICT,
        f"IAM has a policy {action.name} already, made just now or at another path than {action.path}; looking again,"
        " and if this stays, delete that one",
    )


def _versions_full(error: ClientError, action: SetDocument) -> OperatorError | None:
    if error_code(error) not in QUOTA:
        return None
    name = policy_name(action.arn)
    return Retryable(reasons.CONFLICT, f"policy {name} got versions meanwhile and has no place; looking again")


def _no_such_role(error: ClientError, action: AttachPolicy) -> OperatorError | None:
    own = error.operation_name == "GetRole"
    if own and is_absent(error):
        text = f"there is no role {action.role_arn}; create it, or take it out of spec.subjects"
        return DependencyNotReady(reasons.DEPENDENCY_NOT_READY, text, ROLE_ABSENT_S)
    if own and error_code(error) in DENIED:
        text = (
            f"AWS denied iam:GetRole of {action.role_arn}, which may also mean that the role has another path; grant it"
            " on the roles of AwsAccount.spec.iam.attachToRolePath, see docs/aws.md"
        )
        return Retryable(reasons.AWS_ACCESS_DENIED, text, DENIED_RETRY_S)
    return None


def _role_full(error: ClientError, action: AttachPolicy) -> OperatorError | None:
    if error_code(error) not in QUOTA:
        return None
    return Retryable(
        reasons.AWS_REFUSED,
        f"role {policy_name(action.role_arn)} has as many policies as AWS allows; detach one, or have the quota raised",
        DENIED_RETRY_S,
    )


def _tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def _number(version: str) -> int:
    return int(version.removeprefix("v").partition(".")[0])
