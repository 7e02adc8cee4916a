"""Rollouts as their controllers tell them: settled, under way, or not getting on."""

from typing import Any

import pytest

from oracleapi.adapters.kube.rollout import workload
from oracleapi.model.rotation import WorkloadKind

DEADLINE = [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]
ON_THE_WAY = [{"type": "Progressing", "status": "True", "reason": "ReplicaSetUpdated"}]


def found(spec: dict[str, Any], status: dict[str, Any], generation: int = 4) -> dict[str, Any]:
    whole = {"template": {"metadata": {"annotations": {"oracleapi.dev/secret-version": "v2"}}}, "replicas": 3, **spec}
    return {"metadata": {"name": "web", "generation": generation}, "spec": whole, "status": status}


def deployment(**status: Any) -> dict[str, Any]:
    settled = {"observedGeneration": 4, "replicas": 3, "updatedReplicas": 3, "availableReplicas": 3}
    return {key: value for key, value in {**settled, **status}.items() if value is not None}


def stateful(**status: Any) -> dict[str, Any]:
    return {"currentRevision": "web-2", "updateRevision": "web-2", **deployment(**status)}


KINDS: list[tuple[WorkloadKind, Any]] = [("Deployment", deployment), ("StatefulSet", stateful)]


@pytest.mark.parametrize(("kind", "status"), KINDS)
def test_all_pods_of_the_latest_template_are_settled(kind: WorkloadKind, status: Any) -> None:
    told = workload(kind, found({}, status()))
    assert (told.kind, told.name, told.version) == (kind, "web", "v2")
    assert (told.settled, told.replicas, told.moved, told.stuck) == (True, 3, 3, "")


@pytest.mark.parametrize(("kind", "status"), KINDS)
def test_without_our_annotation_there_is_no_version(kind: WorkloadKind, status: Any) -> None:
    assert workload(kind, found({"template": {"metadata": {}}}, status())).version == ""
    assert workload(kind, found({"template": {"metadata": {"annotations": None}}}, status())).version == ""


@pytest.mark.parametrize(("kind", "status"), KINDS)
def test_no_replicas_are_settled_once_none_is_left(kind: WorkloadKind, status: Any) -> None:
    none = status(replicas=None, updatedReplicas=None, availableReplicas=None)
    assert workload(kind, found({"replicas": 0}, {**none, "replicas": 0})).settled
    one_left = workload(kind, found({"replicas": 0}, {**none, "replicas": 1, "availableReplicas": 1}))
    assert (one_left.settled, one_left.moved) == (False, 0)


@pytest.mark.parametrize(("kind", "status"), KINDS)
def test_a_status_about_an_older_spec_says_nothing(kind: WorkloadKind, status: Any) -> None:
    told = workload(kind, found({"paused": True}, status(conditions=DEADLINE), generation=5))
    assert (told.settled, told.moved, told.stuck) == (False, 0, "")
    new = workload(kind, found({}, {}, generation=1))
    assert (new.settled, new.moved, new.stuck) == (False, 0, "")


@pytest.mark.parametrize(
    ("status", "moved"),
    [
        ({"updatedReplicas": 1, "replicas": 4}, 0),
        ({"updatedReplicas": 1, "replicas": 4, "availableReplicas": 4}, 1),
        ({"updatedReplicas": 2, "replicas": 3, "availableReplicas": 2}, 1),
        ({"replicas": 4}, 2),
        ({"availableReplicas": 2}, 2),
        ({"availableReplicas": None}, 0),
        ({"replicas": 4, "updatedReplicas": None}, 0),
        ({"terminatingReplicas": 1}, 3),
    ],
    ids=str,
)
def test_a_deployment_under_way(status: dict[str, Any], moved: int) -> None:
    told = workload("Deployment", found({}, deployment(conditions=ON_THE_WAY, **status)))
    assert (told.settled, told.moved, told.stuck) == (False, moved, "")


@pytest.mark.parametrize(
    ("status", "moved"),
    [
        ({"updatedReplicas": 1, "currentRevision": "web-1"}, 1),
        ({"updatedReplicas": 1, "currentRevision": "web-1", "availableReplicas": 2}, 0),
        ({"replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}, 2),
        ({"availableReplicas": 2}, 2),
        ({"currentRevision": "web-1"}, 3),
        ({"replicas": 4, "availableReplicas": 4}, 3),
    ],
    ids=str,
)
def test_a_stateful_set_under_way(status: dict[str, Any], moved: int) -> None:
    told = workload("StatefulSet", found({}, stateful(**status)))
    assert (told.settled, told.moved, told.stuck) == (False, moved, "")


def test_a_surplus_of_updated_pods_is_no_hindrance() -> None:
    assert workload("Deployment", found({}, deployment(replicas=4, updatedReplicas=4, availableReplicas=4))).settled
    assert workload("Deployment", found({"replicas": 1}, deployment())).settled


def test_a_deadline_that_passed_is_told() -> None:
    told = workload("Deployment", found({}, deployment(updatedReplicas=1, conditions=DEADLINE)))
    assert not told.settled
    assert told.stuck.startswith("ProgressDeadlineExceeded: ")
    assert not workload("Deployment", found({}, deployment(conditions=DEADLINE))).settled


def test_a_paused_deployment_is_stuck_where_it_has_something_to_do() -> None:
    paused = [{"type": "Progressing", "status": "Unknown", "reason": "DeploymentPaused"}]
    told = workload("Deployment", found({"paused": True}, deployment(updatedReplicas=0, conditions=paused)))
    assert told.stuck == "it is paused; take spec.paused away"
    done = workload("Deployment", found({"paused": True}, deployment(conditions=paused)))
    assert (done.settled, done.stuck) == (True, "")


def partition(number: int) -> dict[str, Any]:
    return {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": number}}}


def test_a_partition_that_keeps_old_pods_is_told_once_all_others_have_moved() -> None:
    behind = {"currentRevision": "web-1"}
    told = workload("StatefulSet", found(partition(2), stateful(updatedReplicas=1, **behind)))
    assert not told.settled
    assert told.stuck == "the first 2 pods stay as they are; set spec.updateStrategy.rollingUpdate.partition to 0"
    under_way = workload("StatefulSet", found(partition(2), stateful(updatedReplicas=0, **behind)))
    assert (under_way.settled, under_way.stuck) == (False, "")
    assert workload("StatefulSet", found(partition(0), stateful(updatedReplicas=1, **behind))).stuck == ""
    assert workload("StatefulSet", found(partition(2), stateful())).settled


def test_pods_that_somebody_must_delete_are_told() -> None:
    spec = {"updateStrategy": {"type": "OnDelete"}}
    told = workload("StatefulSet", found(spec, stateful(updatedReplicas=2, currentRevision="web-1")))
    assert not told.settled
    assert told.stuck.startswith("OnDelete: its pods stay as they are; delete them")
    done = workload("StatefulSet", found(spec, stateful(currentRevision="web-1")))
    assert (done.settled, done.stuck) == (True, "")
    starting = workload("StatefulSet", found(spec, stateful(availableReplicas=2, currentRevision="web-1")))
    assert (starting.settled, starting.stuck) == (False, "")
