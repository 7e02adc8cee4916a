"""What IAM refuses of managed policies before ministack is asked."""

import asyncio
from dataclasses import dataclass, field

import pytest

from oracleapi_sandbox.aws.access.managed import refuse
from oracleapi_sandbox.aws.errors import AwsError

ARN = "arn:aws:iam::123456789012:policy/team/read"


@dataclass
class Iam:
    """IAM with the policy ``read`` below ``/team/``, and as many versions of it as a test says."""

    versions: int = 1
    asked: list[str] = field(default_factory=list)

    async def query(self, service: str, action: str, members: dict[str, str]) -> tuple[str | None, str]:
        self.asked.append(action)
        if action == "ListPolicies":
            return None, "<member><PolicyName>read</PolicyName></member>"
        if members["PolicyArn"] != ARN:
            return "NoSuchEntity", "<ErrorResponse/>"
        return None, "<VersionId>v</VersionId>" * self.versions if action == "ListPolicyVersions" else ""


def _asked(operation: str, versions: int = 1, **members: str) -> AwsError | None:
    try:
        asyncio.run(refuse(Iam(versions), operation, members))
    except AwsError as error:
        return error
    return None


@pytest.mark.parametrize("name", ["read", "Read", "READ"])
def test_a_name_is_taken_in_every_case(name: str) -> None:
    """Under every path, since the list is of the account."""
    error = _asked("CreatePolicy", PolicyName=name, Path="/other/")
    assert error is not None
    assert (error.status, error.code) == (409, "EntityAlreadyExists")
    assert _asked("CreatePolicy", PolicyName=f"{name}2") is None


@pytest.mark.parametrize("kind", ["Role", "User", "Group"])
def test_what_is_attached_exists(kind: str) -> None:
    """A policy of AWS's own that is not here is said to be just that."""
    operation = f"Attach{kind}Policy"
    assert _asked(operation, PolicyArn=ARN) is None
    for members in ({"PolicyArn": f"{ARN}2"}, {}):
        error = _asked(operation, **members)
        assert error is not None
        assert (error.status, error.code) == (404, "NoSuchEntity")
    error = _asked(operation, PolicyArn="arn:aws:iam::aws:policy/NotHere")
    assert error is not None
    assert (error.status, error.code) == (501, "NotImplemented")


@pytest.mark.parametrize(("versions", "code"), [(0, None), (1, None), (2, "DeleteConflict"), (5, "DeleteConflict")])
def test_a_policy_goes_with_its_default_version_alone(versions: int, code: str | None) -> None:
    """Of a policy that is not there, ministack says so."""
    error = _asked("DeletePolicy", versions, PolicyArn=ARN)
    assert (error and error.code) == code


def test_other_calls_of_iam_are_asked_nothing() -> None:
    """Nor what is taken off again: a missing policy may be detached."""
    iam = Iam()
    for operation in ("DetachRolePolicy", "DeletePolicyVersion", "CreateRole", "PutRolePolicy"):
        asyncio.run(refuse(iam, operation, {"PolicyArn": f"{ARN}2"}))
    assert not iam.asked
