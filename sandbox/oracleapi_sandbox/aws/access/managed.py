"""What IAM refuses of managed policies and ministack lets pass: asked before a call of IAM goes to ministack.

A name is used once in an account, whatever its path and case [D: IAM user guide, names]; what is attached exists; a
policy is deleted with its default version alone. Codes and texts are those that public issues quote [D].
"""

from collections.abc import Mapping

from oracleapi_sandbox.aws.access.directory import Iam, texts
from oracleapi_sandbox.aws.errors import AwsError, not_implemented

_ATTACHING = frozenset(["AttachRolePolicy", "AttachUserPolicy", "AttachGroupPolicy"])
_OF_AWS = "arn:aws:iam::aws:policy/"


async def refuse(iam: Iam, operation: str, members: Mapping[str, str]) -> None:
    """Pass over what is not about managed policies, and what ministack refuses by itself.

    Raises:
        AwsError: EntityAlreadyExists, NoSuchEntity or DeleteConflict; NotImplemented for a policy of AWS's own that
            ministack does not have.
    """
    arn = members.get("PolicyArn", "")
    if operation == "CreatePolicy":
        await _refuse_taken(iam, members.get("PolicyName", ""))
    elif operation in _ATTACHING:
        await _refuse_missing(iam, arn)
    elif operation == "DeletePolicy":
        await _refuse_versions(iam, arn)


async def _refuse_taken(iam: Iam, name: str) -> None:
    _, body = await iam.query("iam", "ListPolicies", {"Scope": "Local"})
    if name.lower() in (taken.lower() for taken in texts(body, "PolicyName")):
        text = f"A policy called {name} already exists. Duplicate names are not allowed."
        raise AwsError(409, "EntityAlreadyExists", text)


async def _refuse_missing(iam: Iam, arn: str) -> None:
    code, _ = await iam.query("iam", "GetPolicy", {"PolicyArn": arn})
    if code is not None and arn.startswith(_OF_AWS):
        raise not_implemented(f"the managed policy {arn}")
    if code is not None:
        raise AwsError(404, "NoSuchEntity", f"Policy {arn} does not exist or is not attachable.")


async def _refuse_versions(iam: Iam, arn: str) -> None:
    _, body = await iam.query("iam", "ListPolicyVersions", {"PolicyArn": arn})
    if len(texts(body, "VersionId")) > 1:
        text = (
            "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. "
            "The default version is deleted with the policy."
        )
        raise AwsError(409, "DeleteConflict", text)
