"""The objects that were read, and what their statuses say. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from oracleapi.api.conditions import READY
from oracleapi.cli.errors import CliError

Resource = Mapping[str, Any]
OFFERS = ("AwsAccount", "OracleDatabase", "VpcLink", "IdentityProvider")
NOT_YET = {"status": "Unknown", "reason": "NotReconciled", "message": "the operator has not looked at it yet"}


@dataclass(frozen=True)
class Snapshot:
    """Objects as they were read at one time.

    Args:
        unread: Plurals of the kinds that the user may not list.
    """

    objects: tuple[Resource, ...]
    unread: tuple[str, ...] = ()

    def of(self, kind: str) -> list[Resource]:
        """Return the objects of a kind, by namespace and name."""
        return sorted((found for found in self.objects if found["kind"] == kind), key=key_of)

    def find(self, kind: str, name: str, namespace: str | None = None) -> Resource | None:
        """Return one object, or ``None``."""
        for found in self.objects:
            if (found["kind"], found["metadata"]["name"]) == (kind, name) and namespace in (None, namespace_of(found)):
                return found
        return None

    def get(self, kind: str, name: str, namespace: str) -> Resource:
        """Return one object.

        Raises:
            CliError: There is none; says which there are.
        """
        found = self.find(kind, name, namespace)
        if found is not None:
            return found
        there = [other["metadata"]["name"] for other in self.of(kind) if namespace_of(other) == namespace]
        hint = f"there is {', '.join(there[:5])}" if there else "there is none in it"
        raise CliError(f"{kind} {name} does not exist in namespace {namespace} ({hint}); name another, or --namespace")


def key_of(resource: Resource) -> tuple[str, str, str]:
    return resource["kind"], namespace_of(resource) or "", resource["metadata"]["name"]


def namespace_of(resource: Resource) -> str | None:
    found: str | None = resource["metadata"].get("namespace")
    return found


def title(resource: Resource) -> str:
    """Return an object's name as people say it, ``namespace/name``."""
    namespace = namespace_of(resource)
    return f"{namespace}/{resource['metadata']['name']}" if namespace else resource["metadata"]["name"]


def conditions(resource: Resource) -> Iterator[Mapping[str, str]]:
    yield from resource.get("status", {}).get("conditions", [])


def condition(resource: Resource, type_: str) -> Mapping[str, str] | None:
    return next((found for found in conditions(resource) if found["type"] == type_), None)


def ready(resource: Resource) -> Mapping[str, str]:
    """Return the condition Ready; one of an older generation, or none, is no answer."""
    found = condition(resource, READY)
    if found is None:
        return NOT_YET
    generation = resource["metadata"].get("generation")
    if found.get("observedGeneration", generation) != generation:
        return NOT_YET | {"message": "the operator has not looked at the last edit yet"}
    return found


def fault(resource: Resource) -> str | None:
    """Return what Ready says where it is not True, else ``None``."""
    found = ready(resource)
    return None if found["status"] == "True" else f"{found['reason']}: {found['message']}"


def reference(resource: Resource, *path: str) -> str:
    """Return the name at a path of the spec that ends in a reference; empty where there is none."""
    found: Any = resource.get("spec", {})
    for part in (*path, "name"):
        found = found.get(part) or {} if isinstance(found, Mapping) else {}
    return found if isinstance(found, str) else ""
