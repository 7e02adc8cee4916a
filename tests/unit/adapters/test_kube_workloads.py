"""Secrets and workloads of a rotation at the wire: what is written, what is left alone, what is said when it cannot."""

import base64
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from oracleapi.adapters.kube.config import ClusterConfig
from oracleapi.adapters.kube.workloads import KubeWorkloads
from oracleapi.errors import DependencyNotReady, OperatorError, Retryable, Terminal
from oracleapi.model.rotation import WorkloadKind

SECRETS = "/api/v1/namespaces/hr/secrets"
SECRET = f"{SECRETS}/hr-db"
PATHS: dict[WorkloadKind, str] = {
    "Deployment": "/apis/apps/v1/namespaces/hr/deployments/web",
    "StatefulSet": "/apis/apps/v1/namespaces/hr/statefulsets/web",
}
OWNER = {
    "apiVersion": "oracleapi.dev/v1alpha1",
    "kind": "SecretRotation",
    "metadata": {"name": "hr", "namespace": "hr", "uid": "u-1"},
}
REFERENCE = {
    "apiVersion": "oracleapi.dev/v1alpha1",
    "kind": "SecretRotation",
    "name": "hr",
    "uid": "u-1",
    "controller": True,
    "blockOwnerDeletion": False,
}
OTHER = {"apiVersion": "v1", "kind": "ConfigMap", "name": "x", "uid": "u-9"}
DATA = {"username": "HR_APP", "password": "canary-päss"}
OURS = {"app.kubernetes.io/managed-by": "oracle-api-operator"}


def encoded(data: dict[str, str]) -> dict[str, str]:
    return {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}


def secret(**metadata: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": "hr-db",
            "namespace": "hr",
            "resourceVersion": "7",
            "labels": OURS,
            "ownerReferences": [OTHER, REFERENCE],
            **metadata,
        },
        "type": "Opaque",
        "data": encoded(DATA),
    }


def web(version: str | None = None) -> dict[str, Any]:
    annotations = {"other": "x"} | ({} if version is None else {"oracleapi.dev/secret-version": version})
    return {
        "metadata": {"name": "web", "generation": 1},
        "spec": {"replicas": 1, "template": {"metadata": {"annotations": annotations}}},
        "status": {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1},
    }


class Server:
    """An API server with some objects; a test may answer a method in its place."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Any]] = {}
        self.refusals: dict[str, tuple[int, str]] = {}
        self.writes: list[httpx.Request] = []
        config = ClusterConfig("https://api:6443", None, token="canary-token")
        self.client = KubeWorkloads(config)
        self.client._wire._http.close()
        transport = httpx.MockTransport(self._serve)
        self.client._wire._http = httpx.Client(base_url=config.server, transport=transport)

    def _serve(self, request: httpx.Request) -> httpx.Response:
        if request.method != "GET":
            self.writes.append(request)
        if request.method in self.refusals:
            status, text = self.refusals[request.method]
            return httpx.Response(status, json={"kind": "Status", "message": text})
        path = request.url.raw_path.decode().partition("?")[0]
        if request.method == "POST":
            return httpx.Response(201, json=json.loads(request.content))
        if path not in self.objects:
            return httpx.Response(404, json={"kind": "Status", "message": "not found"})
        return httpx.Response(200, json=self.objects[path])

    def forbids(self, method: str, verb: str, resource: str) -> None:
        account = "system:serviceaccount:oracle-api-operator:oracle-api-operator"
        group = "" if resource == "secrets" else "apps"
        text = (
            f'{resource} "x" is forbidden: User "{account}" cannot {verb} resource "{resource}" in API group "{group}"'
            ' in the namespace "hr"'
        )
        self.refusals[method] = (403, text)

    def written(self) -> tuple[str, str, Any]:
        (request,) = self.writes
        assert request.url.params["fieldManager"] == "oracle-api-operator"
        return request.method, request.url.path, json.loads(request.content)


@pytest.fixture
def server() -> Server:
    return Server()


# Secrets


def test_a_secret_is_read_with_its_owner(server: Server) -> None:
    assert server.client.read_secret("hr", "hr-db") is None
    server.objects[SECRET] = secret()
    found = server.client.read_secret("hr", "hr-db")
    assert found is not None
    assert (found.name, found.owner, found.data) == ("hr-db", "u-1", DATA)
    assert "canary" not in repr(found)


def test_an_owner_that_does_not_control_is_none(server: Server) -> None:
    server.objects[SECRET] = {**secret(ownerReferences=[OTHER]), "data": None}
    found = server.client.read_secret("hr", "hr-db")
    assert found is not None
    assert (found.owner, found.data) == ("", {})


def test_a_secret_that_is_not_there_is_created_for_its_owner(server: Server) -> None:
    server.client.write_secret("hr", "hr-db", DATA, OWNER)
    method, path, body = server.written()
    assert (method, path) == ("POST", SECRETS)
    assert body == {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "hr-db", "namespace": "hr", "labels": OURS, "ownerReferences": [REFERENCE]},
        "type": "Opaque",
        "data": encoded(DATA),
    }


def test_nothing_is_written_where_the_data_are_equal(server: Server) -> None:
    server.objects[SECRET] = secret()
    server.client.write_secret("hr", "hr-db", DATA, OWNER)
    assert server.writes == []


def test_other_data_are_replaced_as_a_whole_under_the_version_that_was_read(server: Server) -> None:
    server.objects[SECRET] = secret(annotations={"a": "b"})
    server.client.write_secret("hr", "hr-db", {"password": "canary-2"}, OWNER)
    method, path, body = server.written()
    assert (method, path) == ("PUT", SECRET)
    assert body == {**secret(annotations={"a": "b"}), "data": encoded({"password": "canary-2"})}
    assert body["metadata"]["resourceVersion"] == "7"


@pytest.mark.parametrize("labels", [None, {"team": "hr"}])
def test_the_label_comes_back_beside_others(server: Server, labels: dict[str, str] | None) -> None:
    server.objects[SECRET] = secret(labels=labels)
    server.client.write_secret("hr", "hr-db", DATA, OWNER)
    assert server.written()[2]["metadata"]["labels"] == {**(labels or {}), **OURS}


@pytest.mark.parametrize(
    "references",
    [None, [OTHER], [{**REFERENCE, "uid": "u-2", "name": "other"}], [{**REFERENCE, "controller": False}]],
    ids=["nobody's", "another's", "of another rotation", "without control"],
)
def test_a_secret_that_is_not_ours_is_left_alone(server: Server, references: Any) -> None:
    server.objects[SECRET] = secret(ownerReferences=references)
    with pytest.raises(Terminal) as refused:
        server.client.write_secret("hr", "hr-db", {"password": "canary-2"}, OWNER)
    assert refused.value.reason == "Conflict"
    assert refused.value.message == (
        "spec.secret.kubernetesSecret.name: Secret hr/hr-db is there already and not of this SecretRotation;"
        " write another name, or delete it"
    )
    server.client.release_secret("hr", "hr-db", OWNER)
    assert server.writes == []


def test_a_secret_of_an_earlier_object_of_the_name_is_waited_for(server: Server) -> None:
    server.objects[SECRET] = secret(ownerReferences=[{**REFERENCE, "uid": "u-0"}])
    with pytest.raises(Retryable, match="is of a deleted SecretRotation of this name, and goes after it"):
        server.client.write_secret("hr", "hr-db", DATA, OWNER)
    assert server.writes == []


def test_a_released_secret_outlives_its_owner(server: Server) -> None:
    server.objects[SECRET] = secret(labels={"team": "hr", **OURS})
    server.client.release_secret("hr", "hr-db", OWNER)
    method, path, body = server.written()
    assert (method, path) == ("PUT", SECRET)
    assert body == secret(labels={"team": "hr"}, ownerReferences=[OTHER])


def test_a_secret_that_is_gone_needs_no_release(server: Server) -> None:
    server.client.release_secret("hr", "hr-db", OWNER)
    assert server.writes == []


# Workloads


@pytest.mark.parametrize("kind", PATHS)
def test_a_workload_is_found_by_its_kind(server: Server, kind: WorkloadKind) -> None:
    assert server.client.find_workload(kind, "hr", "web") is None
    server.objects[PATHS[kind]] = web("v1")
    found = server.client.find_workload(kind, "hr", "web")
    assert found is not None
    assert (found.kind, found.name, found.version) == (kind, "web", "v1")


@pytest.mark.parametrize("kind", PATHS)
@pytest.mark.parametrize("before", [None, "v1"])
def test_a_restart_sets_our_annotation_and_no_other(server: Server, kind: WorkloadKind, before: str | None) -> None:
    server.objects[PATHS[kind]] = web(before)
    server.client.restart(kind, "hr", "web", "v2")
    annotations = {"oracleapi.dev/secret-version": "v2"}
    assert server.written() == (
        "PATCH",
        PATHS[kind],
        {"spec": {"template": {"metadata": {"annotations": annotations}}}},
    )
    assert server.writes[0].headers["Content-Type"] == "application/merge-patch+json"


@pytest.mark.parametrize("kind", PATHS)
def test_a_restart_that_was_asked_for_already_is_not_sent(server: Server, kind: WorkloadKind) -> None:
    server.objects[PATHS[kind]] = web("v2")
    server.client.restart(kind, "hr", "web", "v2")
    assert server.writes == []


def test_a_workload_that_is_not_there_cannot_restart(server: Server) -> None:
    with pytest.raises(DependencyNotReady, match="Deployment hr/web is not there"):
        server.client.restart("Deployment", "hr", "web", "v2")


def test_names_stay_in_their_place_of_an_address(server: Server) -> None:
    server.objects["/api/v1/namespaces/hr/secrets/..%2Fx"] = secret()
    assert server.client.read_secret("hr", "../x") is not None


# Refusals


ACTIONS: list[tuple[str, str, str, Callable[[KubeWorkloads], object]]] = [
    ("GET", "get", "secrets", lambda client: client.read_secret("hr", "hr-db")),
    ("POST", "create", "secrets", lambda client: client.write_secret("hr", "new", DATA, OWNER)),
    ("PUT", "update", "secrets", lambda client: client.write_secret("hr", "hr-db", {"a": "canary"}, OWNER)),
    ("PUT", "update", "secrets", lambda client: client.release_secret("hr", "hr-db", OWNER)),
    ("GET", "get", "deployments", lambda client: client.find_workload("Deployment", "hr", "web")),
    ("GET", "get", "statefulsets", lambda client: client.find_workload("StatefulSet", "hr", "web")),
    ("PATCH", "patch", "deployments", lambda client: client.restart("Deployment", "hr", "web", "v2")),
    ("PATCH", "patch", "statefulsets", lambda client: client.restart("StatefulSet", "hr", "web", "v2")),
]
SECRET_WRITES = [row for row in ACTIONS if row[2] == "secrets" and row[0] != "GET"]


@pytest.fixture
def full(server: Server) -> Server:
    """A server with everything that is asked for."""
    server.objects = {SECRET: secret(), **{path: web("v1") for path in PATHS.values()}}
    return server


@pytest.mark.parametrize(("method", "verb", "resource", "act"), ACTIONS)
def test_a_missing_right_is_named_with_the_value_that_grants_it(
    full: Server, method: str, verb: str, resource: str, act: Callable[[KubeWorkloads], object]
) -> None:
    full.forbids(method, verb, resource)
    with pytest.raises(Retryable) as refused:
        act(full.client)
    assert refused.value.reason == "RbacMissing"
    assert refused.value.message == (
        f"the operator may not {verb} {resource} in namespace hr;"
        " add the namespace to rotation.namespaces of the chart's values"
    )


def test_a_cluster_that_guards_owners_asks_for_one_more_right(full: Server) -> None:
    """Source: k8s.io/kubernetes plugin/pkg/admission/gc/gc_admission.go."""
    full.refusals["PUT"] = (403, "secrets is forbidden: cannot set an ownerRef on a resource you can't delete: , <nil>")
    with pytest.raises(Retryable) as refused:
        full.client.release_secret("hr", "hr-db", OWNER)
    assert refused.value.reason == "RbacMissing"
    assert refused.value.message.startswith("the operator may not delete secrets in namespace hr; OwnerReferences")


REFUSED: list[tuple[int, type[OperatorError], str]] = [
    (400, Retryable, "answered 400"),
    (403, Retryable, "answered 403 to a write of Secret hr/"),
    (404, Retryable, "was changed by somebody else just now"),
    (409, Retryable, "was changed by somebody else just now"),
    (422, Terminal, "may not be written; if it is immutable, delete it"),
    (500, Retryable, "answered 500"),
    (503, Retryable, "answered 503"),
]


@pytest.mark.parametrize(("status", "kind", "sentence"), REFUSED, ids=[str(row[0]) for row in REFUSED])
@pytest.mark.parametrize(("method", "verb", "resource", "act"), SECRET_WRITES)
def test_a_refused_secret_is_told_without_what_the_server_says(
    full: Server,
    method: str,
    verb: str,
    resource: str,
    act: Callable[[KubeWorkloads], object],
    status: int,
    kind: type[OperatorError],
    sentence: str,
) -> None:
    full.refusals[method] = (status, f"admission webhook denied the request: {json.dumps(encoded(DATA))} canary-päss")
    with pytest.raises(OperatorError) as refused:
        act(full.client)
    assert (type(refused.value), refused.value.reason) == (kind, "Conflict")
    assert sentence in refused.value.message
    for word in ("canary", encoded(DATA)["password"], "webhook"):
        assert word not in str(refused.value)


def test_a_workload_that_an_admission_policy_keeps_says_why(full: Server) -> None:
    full.refusals["PATCH"] = (403, "ValidatingAdmissionPolicy 'freeze' denied request: no rollouts on Fridays")
    with pytest.raises(Retryable, match="no rollouts on Fridays") as refused:
        full.client.restart("Deployment", "hr", "web", "v2")
    assert refused.value.reason == "Conflict"
