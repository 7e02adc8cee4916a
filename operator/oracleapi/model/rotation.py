"""A secret with its versions, and the workloads that read it, as values. Pure.

Source: Secrets Manager API reference, DescribeSecret: a label sits on one version at a time.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Literal

CURRENT, PENDING, PREVIOUS = "AWSCURRENT", "AWSPENDING", "AWSPREVIOUS"

WorkloadKind = Literal["Deployment", "StatefulSet"]


@dataclass(frozen=True)
class ObservedSecret:
    """A secret of Secrets Manager without its values.

    Args:
        versions: The labels of each version that has some.
        rotates: A Lambda rotates it (``RotationEnabled``).
        owning_service: The AWS service that manages it, or empty.
        deleted: It is scheduled for deletion.
        changed: ``LastChangedDate``, in UTC.
    """

    arn: str
    name: str
    versions: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))
    tags: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    kms_key_id: str = ""
    rotates: bool = False
    owning_service: str = ""
    deleted: bool = False
    changed: datetime | None = None

    def version_with(self, label: str) -> str | None:
        """Return the version that carries *label*."""
        return next((version for version, labels in self.versions.items() if label in labels), None)


@dataclass(frozen=True)
class KubeSecret:
    """A Secret of Kubernetes. *owner* is the UID of the controller that owns it, or empty."""

    name: str
    owner: str
    data: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True)
class Workload:
    """A Deployment or StatefulSet.

    Args:
        version: What our annotation on its pod template says, or empty.
        settled: Its controller has seen its latest spec and every pod is of it and available.
        replicas, moved: Pods it should have; pods of the latest template that are available.
        stuck: Why its controller says that it does not get on (``ProgressDeadlineExceeded``), or empty.
    """

    kind: WorkloadKind
    name: str
    version: str = ""
    settled: bool = False
    replicas: int = 0
    moved: int = 0
    stuck: str = ""
