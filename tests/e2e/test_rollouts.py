"""Secrets and workloads of a rotation on a real API server with real controllers: what the adapter says of them."""

import itertools
import json
import pathlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest

from oracleapi.adapters.kube.workloads import KubeWorkloads
from oracleapi.errors import Retryable, Terminal
from oracleapi.model.rotation import Workload, WorkloadKind
from support.lab import CommandError, Lab, wait_for
from support.rollouts import Kubelet, Started, as_operator, let_in

NAMESPACE = "rollouts"
KINDS: tuple[WorkloadKind, ...] = ("Deployment", "StatefulSet")
NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def namespace(admission: Lab) -> Iterator[str]:
    """A namespace that rotations are let into."""
    admission.kubectl("create", "namespace", NAMESPACE)
    let_in(admission, NAMESPACE)
    yield NAMESPACE
    admission.kubectl("delete", "namespace", NAMESPACE, "--timeout=60s")


@pytest.fixture(scope="module")
def workloads(admission: Lab, namespace: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KubeWorkloads]:
    """The adapter, with the rights of the operator."""
    with as_operator(admission, pathlib.Path(tmp_path_factory.mktemp("operator"))) as found:
        yield found


class Logins:
    """What containers logged in with, in the order in which they began."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []
        self.refused = ""

    def start(self, started: Started) -> bool:
        password = started.environment["PASSWORD"]
        self.seen.append((started.document["metadata"]["uid"], password))
        return password != self.refused

    def pods(self, password: str) -> set[str]:
        """Return the pods that logged in with *password*."""
        return {pod for pod, found in self.seen if found == password}


def manifest(kind: WorkloadKind, name: str, replicas: int = 2, **spec: Any) -> dict[str, Any]:
    reference = {"secretKeyRef": {"name": f"{name}-db", "key": "password"}}
    container = {"name": "app", "image": "app:1", "env": [{"name": "PASSWORD", "valueFrom": reference}]}
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}}
    more = {"serviceName": name} if kind == "StatefulSet" else {}
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": template,
            **more,
            **spec,
        },
    }


def partition(number: int) -> dict[str, Any]:
    return {"type": "RollingUpdate", "rollingUpdate": {"partition": number}}


def make_owner(lab: Lab, name: str) -> dict[str, Any]:
    """Return an object that owns what a rotation writes; the garbage collector knows every kind."""
    lab.kubectl("-n", NAMESPACE, "create", "configmap", name)
    found: dict[str, Any] = json.loads(lab.kubectl("-n", NAMESPACE, "get", "configmap", name, "-o", "json"))
    return found


class App:
    """A workload with its Secret, both named after *name*, and the kubelet that runs its pods."""

    def __init__(self, lab: Lab, workloads: KubeWorkloads, kind: WorkloadKind, name: str) -> None:
        self.kind, self.name, self.lab, self.workloads = kind, name, lab, workloads
        self.owner = make_owner(lab, name)
        self.logins = Logins()
        self.kubelet = Kubelet(lab, NAMESPACE, self.logins.start)

    def write(self, password: str) -> None:
        self.workloads.write_secret(NAMESPACE, f"{self.name}-db", {"password": password}, self.owner)

    def restart(self, version: str) -> None:
        self.workloads.restart(self.kind, NAMESPACE, self.name, version)

    def find(self) -> Workload:
        found = self.workloads.find_workload(self.kind, NAMESPACE, self.name)
        assert found is not None
        return found

    def wait(self, **wanted: Any) -> Workload:
        """Return it once it is as *wanted*."""

        def there() -> Workload | None:
            found = self.find()
            return found if all(getattr(found, name) == value for name, value in wanted.items()) else None

        found: Workload = wait_for(f"{self.kind} {self.name} to be {wanted}", there)
        return found

    def wait_for_login(self, password: str) -> None:
        wait_for(f"a pod to log in with {password}", lambda: self.logins.pods(password))

    def change(self, spec: dict[str, Any]) -> None:
        patch = json.dumps({"spec": spec})
        self.lab.kubectl("-n", NAMESPACE, "patch", self.kind.lower(), self.name, "--type=merge", "-p", patch)

    def rollout(self) -> str:
        """Return what kubectl says of the rollout."""
        named = f"{self.kind.lower()}/{self.name}"
        return self.lab.kubectl("-n", NAMESPACE, "rollout", "status", named, "--watch=false")


Run = Callable[..., AbstractContextManager[App]]


@pytest.fixture
def app(admission: Lab, workloads: KubeWorkloads) -> Run:
    """How to run a workload of a kind with the first password until every pod is Ready; it goes afterwards."""
    name = f"app-{next(NUMBERS)}"

    @contextmanager
    def run(kind: WorkloadKind, replicas: int = 2, **spec: Any) -> Iterator[App]:
        found = App(admission, workloads, kind, name)
        found.write("first")
        with found.kubelet:
            admission.apply(manifest(kind, name, replicas, **spec))
            try:
                found.wait(settled=True, moved=replicas)
                yield found
            finally:
                found.kubelet.ready = found.kubelet.ending = True
                admission.kubectl("-n", NAMESPACE, "delete", kind, name, "--cascade=foreground", "--timeout=60s")

    return run


@pytest.mark.parametrize("kind", KINDS)
def test_a_restart_is_settled_once_every_pod_began_with_the_new_secret(app: Run, kind: WorkloadKind) -> None:
    with app(kind) as found:
        assert found.find() == Workload(kind, found.name, "", True, 2, 2, "")
        assert {password for _, password in found.logins.seen} == {"first"}
        found.kubelet.ready = False
        found.write("second")
        found.restart("v2")
        found.wait_for_login("second")
        told = found.find()
        assert (told.version, told.settled, told.replicas, told.moved, told.stuck) == ("v2", False, 2, 0, "")
        assert found.rollout().startswith("Waiting for ")
        found.kubelet.ready = True
        assert found.wait(settled=True) == Workload(kind, found.name, "v2", True, 2, 2, "")
        assert len(found.logins.pods("second")) == 2


def test_a_pod_that_takes_its_time_to_end_is_waited_for_though_kubectl_does_not(app: Run) -> None:
    with app("Deployment") as found:
        found.kubelet.ending = False
        found.restart("v2")
        wait_for("kubectl to be content", lambda: "successfully rolled out" in found.rollout())
        told = found.find()
        assert (told.settled, told.moved, told.stuck) == (False, 2, "")
        found.kubelet.ending = True
        found.wait(settled=True)


def test_pods_that_refuse_the_new_secret_keep_a_rollout_open_until_they_take_it(app: Run) -> None:
    with app("Deployment") as found:
        found.logins.refused = "second"
        found.write("second")
        found.restart("v2")
        found.wait_for_login("second")
        assert not found.find().settled
        found.write("third")
        found.wait(settled=True)
        assert len(found.logins.pods("third")) == 2


def test_a_rollout_that_does_not_get_on_is_told(app: Run) -> None:
    with app("Deployment", progressDeadlineSeconds=1) as found:
        found.kubelet.ready = False
        found.restart("v2")
        told = wait_for("the deadline to pass", lambda: (now := found.find()).stuck and now)
        assert not told.settled
        assert told.stuck == "ProgressDeadlineExceeded: its new pods do not become available; kubectl describe says why"
        with pytest.raises(CommandError, match="exceeded its progress deadline"):
            found.rollout()
        found.kubelet.ready = True
        found.wait(settled=True, stuck="")


def test_a_paused_deployment_is_told(app: Run) -> None:
    with app("Deployment") as found:
        found.change({"paused": True})
        found.wait(settled=True, stuck="")
        found.restart("v2")
        found.wait(settled=False, version="v2", stuck="it is paused; take spec.paused away")
        found.change({"paused": None})
        found.wait(settled=True, stuck="")


def test_a_partition_is_told(app: Run) -> None:
    with app("StatefulSet", updateStrategy=partition(1)) as found:
        found.restart("v2")
        told = found.wait(settled=False, moved=1)
        assert told.stuck == "the first 1 pods stay as they are; set spec.updateStrategy.rollingUpdate.partition to 0"
        found.change({"updateStrategy": partition(0)})
        found.wait(settled=True, stuck="")


def test_pods_that_somebody_must_delete_are_told(app: Run) -> None:
    with app("StatefulSet", updateStrategy={"type": "OnDelete"}) as found:
        found.restart("v2")
        told = wait_for("the controller to look", lambda: (now := found.find()).stuck and now)
        assert told.stuck.startswith("OnDelete: its pods stay as they are; delete them")
        found.lab.kubectl("-n", NAMESPACE, "delete", "pods", "-l", f"app={found.name}", "--timeout=60s")
        found.wait(settled=True, stuck="")


# Secrets


def secret(lab: Lab, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(lab.kubectl("-n", NAMESPACE, "get", "secret", name, "-o", "json"))
    return found


def test_a_secret_goes_with_its_owner_unless_it_is_released(admission: Lab, workloads: KubeWorkloads) -> None:
    owner = make_owner(admission, "owner")
    for name in ("goes", "stays"):
        workloads.write_secret(NAMESPACE, name, {"password": "x"}, owner)
    version = secret(admission, "goes")["metadata"]["resourceVersion"]
    workloads.write_secret(NAMESPACE, "goes", {"password": "x"}, owner)
    assert secret(admission, "goes")["metadata"]["resourceVersion"] == version
    workloads.write_secret(NAMESPACE, "goes", {"username": "y"}, owner)
    found = workloads.read_secret(NAMESPACE, "goes")
    assert found is not None
    assert (found.owner, found.data) == (owner["metadata"]["uid"], {"username": "y"})

    workloads.release_secret(NAMESPACE, "stays", owner)
    workloads.release_secret(NAMESPACE, "stays", owner)
    admission.kubectl("-n", NAMESPACE, "delete", "configmap", "owner")
    wait_for("the Secret to go", lambda: workloads.read_secret(NAMESPACE, "goes") is None)
    metadata = secret(admission, "stays")["metadata"]
    assert "ownerReferences" not in metadata
    assert "labels" not in metadata
    with pytest.raises(Terminal, match="write another name, or delete it"):
        workloads.write_secret(NAMESPACE, "stays", {"password": "z"}, make_owner(admission, "another"))


def test_an_immutable_secret_is_told(admission: Lab, workloads: KubeWorkloads) -> None:
    owner = make_owner(admission, "of-immutable")
    workloads.write_secret(NAMESPACE, "immutable", {"password": "x"}, owner)
    admission.kubectl("-n", NAMESPACE, "patch", "secret", "immutable", "-p", '{"immutable": true}')
    with pytest.raises(Terminal, match="if it is immutable, delete it"):
        workloads.write_secret(NAMESPACE, "immutable", {"password": "z"}, owner)


def test_a_quota_is_told_as_no_missing_right(admission: Lab, workloads: KubeWorkloads) -> None:
    owner = make_owner(admission, "of-quota")
    admission.kubectl("-n", NAMESPACE, "create", "quota", "full", "--hard=count/secrets=0")
    used = {"status": {"hard": {"count/secrets": "0"}, "used": {"count/secrets": "0"}}}  # as its controller writes it
    admission.kubectl("-n", NAMESPACE, "patch", "quota", "full", "--subresource=status", "-p", json.dumps(used))
    try:
        with pytest.raises(Retryable, match="answered 403 to a write of Secret rollouts/one-more; see quotas") as told:
            workloads.write_secret(NAMESPACE, "one-more", {"password": "x"}, owner)
        assert told.value.reason == "Conflict"
    finally:
        admission.kubectl("-n", NAMESPACE, "delete", "quota", "full")


def test_where_nobody_let_it_in_the_right_is_named(admission: Lab, workloads: KubeWorkloads) -> None:
    owner = make_owner(admission, "of-nothing")
    for act, right in (
        (lambda: workloads.read_secret("default", "x"), "get secrets"),
        (lambda: workloads.write_secret("default", "x", {}, owner), "get secrets"),
        (lambda: workloads.find_workload("Deployment", "default", "x"), "get deployments"),
        (lambda: workloads.restart("StatefulSet", "default", "x", "v"), "get statefulsets"),
    ):
        with pytest.raises(
            Retryable, match=f"may not {right} in namespace default; add the namespace to rotation"
        ) as told:
            act()
        assert told.value.reason == "RbacMissing"
