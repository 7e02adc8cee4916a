"""Steps of transition tests over a small world: edits, resyncs, and what was written meanwhile."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from oracleapi.api.crd import KINDS
from oracleapi.model.schema import ObservedSchema
from oracleapi.runtime.store import Key
from support import make
from support.fakes import FakeApi
from support.small_world import API, SmallWorld, standard

DATABASE = Key("OracleDatabase", None, "db")
LINK = Key("VpcLink", None, "private")
ACCOUNT = Key("AwsAccount", None, "main")
ROLE = Key("OracleRole", "hr", "hr-reader")
BINDING = Key("RoleBinding", "hr", "readers")
PROVIDER = Key("IdentityProvider", None, "staff")
PROBE_KEY, PROBE_MODULE = "GET /hr/v1/_probe", "oa-probe/hr/v1"
"""The probe route of :data:`~support.small_world.API` and its module."""


def api(*routes: dict[str, Any], name: str = "hr", namespace: str = "hr", **fields: Any) -> dict[str, Any]:
    """Return an OracleApi as a user applies it."""
    return make.resource("OracleApi", name, make.api_spec(*routes, **fields), namespace)


def world_of(*routes: dict[str, Any], **fields: Any) -> SmallWorld:
    """Return a settled world whose API has *routes*."""
    return standard(**make.api_spec(*routes, **fields))


def resync(world: SmallWorld, seconds: float = 120.0) -> None:
    """Let the next routine check of every object happen."""
    world.clock.advance(400)
    for kind in KINDS:
        for key, _ in world.operator.references.of_kind(kind.name):
            world.operator.queue.add(key)
    world.settle(seconds)


def annotate(world: SmallWorld, key: Key, **annotations: str) -> None:
    """Set annotations of ours, as ``kubectl annotate`` does."""
    found = dict(world.kube.objects[key])
    named = {f"oracleapi.dev/{name.replace('_', '-')}": value for name, value in annotations.items()}
    world.apply({**found, "metadata": {**found["metadata"], "annotations": named}})


def edit(world: SmallWorld, key: Key, **fields: Any) -> None:
    """Replace fields of an object's spec."""
    found = dict(world.kube.objects[key])
    world.apply({**found, "spec": {**found["spec"], **fields}})


def actions(world: SmallWorld) -> list[str]:
    """Return every call so far that changes something outside the cluster, the Oracle side first."""
    return [call for call in [*world.backends.database.calls, *world.backends.aws.calls] if call[0].isupper()]


@contextmanager
def written(world: SmallWorld) -> Iterator[list[str]]:
    """Yield a list that holds, afterwards, every write of the block: to the cluster, to AWS and to Oracle."""
    parts = (world.kube.writes, world.backends.database.calls, world.backends.aws.calls)
    before = [len(part) for part in parts]
    found: list[str] = []
    yield found
    for part, start in zip(parts, before, strict=True):
        found += [call for call in part[start:] if part is world.kube.writes or call[0].isupper()]


def the_api(world: SmallWorld) -> FakeApi:
    """Return the only API of the account."""
    (found,) = world.backends.aws.apis.values()
    return found


def schema(world: SmallWorld, name: str = "HR_API") -> ObservedSchema:
    return world.backends.database.schemas[name]


def drift_of(world: SmallWorld, key: Key = API) -> set[tuple[str, str]]:
    """Return (object, field) of every difference in status."""
    return {(entry["object"], entry["field"]) for entry in world.kube.status(*key).get("drift", [])}


def events(world: SmallWorld, reason: str) -> list[str]:
    return [message for _, _, found, message in world.kube.events if found == reason]
