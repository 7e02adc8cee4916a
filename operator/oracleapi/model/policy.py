"""A managed policy of IAM that lets principals invoke routes, as values: desired, observed, actions, verdicts. Pure.

A policy is known by its ARN, which follows from its owner; whose it is says its owner tag. What it is attached to is
known by names, which IAM keeps unique in an account whatever their path.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

VERSION_LIMIT = 5
"""Versions that a managed policy may have [D]."""
DEFAULT_STAGE = "$default"
_PARTITIONS = (
    ("cn-", "aws-cn"),
    ("us-gov-", "aws-us-gov"),
    ("us-isob-", "aws-iso-b"),
    ("us-isof-", "aws-iso-f"),
    ("us-iso-", "aws-iso"),
    ("eu-isoe-", "aws-iso-e"),
    ("eusc-", "aws-eusc"),
)
_PRINCIPAL = re.compile(r"arn:(aws[a-z-]*):iam::([0-9]{12}):(role|user)(/(?:[!-~]+/)?)([\w+=,.@-]{1,64})", re.ASCII)


def partition_of(region: str) -> str:
    """Return the partition that *region* lies in, as ARNs name it."""
    return next((partition for start, partition in _PARTITIONS if region.startswith(start)), "aws")


@dataclass(frozen=True, order=True)
class Principal:
    """A role or user of IAM, by the parts of its ARN."""

    arn: str
    partition: str = field(compare=False)
    account_id: str = field(compare=False)
    kind: Literal["role", "user"] = field(compare=False)
    path: str = field(compare=False)
    name: str = field(compare=False)

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


def parse_principal(arn: str) -> Principal | None:
    """Return the role or user that *arn* names; ``None`` for any other text, sessions of roles among it."""
    found = _PRINCIPAL.fullmatch(arn)
    if found is None:
        return None
    partition, account_id, kind, path, name = found.groups()
    return Principal(arn, partition, account_id, "role" if kind == "role" else "user", path, name)


@dataclass(frozen=True)
class ApiStage:
    """The stage whose routes are invoked, as ARNs of ``execute-api`` name it."""

    partition: str
    region: str
    account_id: str
    api_id: str
    stage: str = DEFAULT_STAGE

    def resource(self, method: str, path: str) -> str:
        """Return the ARN of requests with *method* and *path*, which begins with a slash [D: developer guide]."""
        place = f"{self.region}:{self.account_id}:{self.api_id}"
        return f"arn:{self.partition}:execute-api:{place}/{self.stage}/{method}{path}"


@dataclass(frozen=True, order=True)
class Overlap:
    """A route that is not bound and yet opened, since ``*`` in an ARN also stands for slashes."""

    bound: str
    opened: str


@dataclass(frozen=True)
class DesiredPolicy:
    """What the policy of a binding should be.

    Args:
        arn, name, path: Of the policy; the name has at most 128 characters.
        tags: Owner tags and the account's own.
        document: As :func:`canonical`.
        roles: ARNs of the roles that it should be attached to, sorted.
        attach_path: Path of the roles that may be touched; ``None`` for none.
        overlaps: Routes that it cannot help opening.
    """

    arn: str
    name: str
    path: str
    owner: str
    uid: str
    tags: Mapping[str, str]
    document: str
    roles: tuple[str, ...] = ()
    attach_path: str | None = None
    overlaps: tuple[Overlap, ...] = ()


@dataclass(frozen=True)
class ObservedPolicy:
    """A policy as IAM shows it.

    Args:
        document: Of the default version, as :func:`canonical`.
        default: The version that counts, such as ``v3``.
        versions: The others, oldest first.
        attached: Names of the roles below the path that may be touched.
        others: Whatever else it is attached to, such as ``user ann``, sorted.
    """

    arn: str
    exists: bool = False
    tags: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    document: str = ""
    default: str = ""
    versions: tuple[str, ...] = ()
    attached: frozenset[str] = frozenset()
    others: tuple[str, ...] = ()


def canonical(document: Any) -> str:
    """Return a policy document as one text without blanks, the same for the same document."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"))


# Actions, each safe to repeat; all name the policy by its ARN.


@dataclass(frozen=True)
class CreatePolicy:
    arn: str
    name: str
    path: str
    document: str
    tags: Mapping[str, str]
    verb: Literal["create"] = "create"

    def describe(self) -> str:
        return f"create policy {self.name}"


@dataclass(frozen=True)
class TagPolicy:
    arn: str
    tags: Mapping[str, str]
    verb: Literal["update"] = "update"

    def describe(self) -> str:
        return f"update tags of policy {policy_name(self.arn)}: {', '.join(sorted(self.tags))}"


@dataclass(frozen=True)
class SetDocument:
    """Make a version with this document and let it count, in one call."""

    arn: str
    document: str
    verb: Literal["update"] = "update"

    def describe(self) -> str:
        return f"update document of policy {policy_name(self.arn)}"


@dataclass(frozen=True)
class DeleteVersion:
    """Delete a version that does not count."""

    arn: str
    version: str
    verb: Literal["delete"] = "delete"

    def describe(self) -> str:
        return f"delete version {self.version} of policy {policy_name(self.arn)}"


@dataclass(frozen=True)
class AttachPolicy:
    """Attach to the role with exactly this ARN: it is looked at first, for IAM attaches by name alone."""

    arn: str
    role_arn: str
    verb: Literal["create"] = "create"

    def describe(self) -> str:
        return f"create attachment of policy {policy_name(self.arn)} to {self.role_arn}"


@dataclass(frozen=True)
class DetachPolicy:
    arn: str
    role_name: str
    verb: Literal["delete"] = "delete"

    def describe(self) -> str:
        return f"delete attachment of policy {policy_name(self.arn)} to role {self.role_name}"


@dataclass(frozen=True)
class DeletePolicy:
    arn: str
    verb: Literal["delete"] = "delete"

    def describe(self) -> str:
        return f"delete policy {policy_name(self.arn)}"


PolicyAction = CreatePolicy | TagPolicy | SetDocument | DeleteVersion | AttachPolicy | DetachPolicy | DeletePolicy


def policy_name(arn: str) -> str:
    """Return the last part of an ARN."""
    return arn.rsplit("/", 1)[-1]


Decision = Literal["allowed", "implicitDeny", "explicitDeny", "unknown"]
"""What IAM says to a call; ``unknown``: it could not be asked, or not answer."""


@dataclass(frozen=True)
class InvokeVerdict:
    """What IAM says to a principal's call of one resource; *why* tells what stands behind it, where anything does."""

    decision: Decision
    why: str = ""
