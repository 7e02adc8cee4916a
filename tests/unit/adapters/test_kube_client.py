"""The Kubernetes client at the wire: guarded writes, Secrets by name only, errors by status."""

import base64
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from oracleapi.adapters.kube.client import KubeClient
from oracleapi.adapters.kube.config import ClusterConfig
from oracleapi.api.common import FINALIZER
from oracleapi.errors import OperatorError, Retryable, Terminal

API = "/apis/oracleapi.dev/v1alpha1/namespaces/hr/oracleapis/hr"
LINK = "/apis/oracleapi.dev/v1alpha1/vpclinks/private"


def resource(**fields: Any) -> dict[str, Any]:
    metadata = {"name": "hr", "namespace": "hr", "resourceVersion": "7", "uid": "u", **fields.pop("metadata", {})}
    return {"apiVersion": "oracleapi.dev/v1alpha1", "kind": "OracleApi", "metadata": metadata, **fields}


class Server:
    """An API server that answers what a test says and keeps what it was asked."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.answer: Callable[[httpx.Request], httpx.Response] = lambda _: httpx.Response(200, json={})
        config = ClusterConfig("https://api:6443", None, token="canary-token")
        self.client = KubeClient(config, "operator-ns", "pod-1")
        self.client._wire._http.close()
        transport = httpx.MockTransport(self._serve)
        self.client._wire._http = httpx.Client(base_url=config.server, transport=transport)

    def _serve(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return self.answer(request)

    def says(self, status: int, document: Any = None, text: str = "") -> None:
        content = json.dumps(document).encode() if document is not None else text.encode()
        self.answer = lambda _: httpx.Response(status, content=content)

    @property
    def last(self) -> httpx.Request:
        return self.requests[-1]

    def body(self) -> Any:
        return json.loads(self.last.content)


@pytest.fixture
def server() -> Server:
    return Server()


def test_every_request_carries_the_token(server: Server) -> None:
    server.client.find("OracleApi", "hr", "hr")
    assert server.last.headers["Authorization"] == "Bearer canary-token"


@pytest.mark.parametrize(
    ("kind", "namespace", "name", "path"),
    [
        ("OracleApi", "hr", "hr", API),
        ("VpcLink", None, "private", LINK),
        ("OracleApi", "a/b", "../x", "/apis/oracleapi.dev/v1alpha1/namespaces/a%2Fb/oracleapis/..%2Fx"),
    ],
)
def test_an_object_is_read_by_its_address(
    server: Server, kind: str, namespace: str | None, name: str, path: str
) -> None:
    server.client.find(kind, namespace, name)
    assert server.last.url.raw_path.decode() == path


def test_what_is_not_there_is_none(server: Server) -> None:
    server.says(404, {"message": "not found"})
    assert server.client.find("OracleApi", "hr", "hr") is None
    assert server.client.find_secret("x") is None
    assert server.client.namespace_labels("hr") == {}


def test_a_list_follows_its_pages(server: Server) -> None:
    pages = {"": ({"items": [1], "metadata": {"continue": "next"}}), "next": {"items": [2], "metadata": {}}}
    server.answer = lambda request: httpx.Response(200, json=pages[request.url.params["continue"]])
    assert server.client.list("OracleApi") == [1, 2]
    assert server.requests[0].url.path == "/apis/oracleapi.dev/v1alpha1/oracleapis"


def test_a_status_is_patched_under_its_resource_version_and_nulls_what_went(server: Server) -> None:
    old = resource(status={"apiId": "x", "endpoint": "y", "observedGeneration": 1})
    server.client.patch_status(old, {"apiId": "x", "observedGeneration": 2})
    assert server.last.method == "PATCH"
    assert server.last.url.path == f"{API}/status"
    assert server.last.url.params["fieldManager"] == "oracle-api-operator"
    assert server.last.headers["Content-Type"] == "application/merge-patch+json"
    assert server.body() == {
        "metadata": {"resourceVersion": "7"},
        "status": {"endpoint": None, "apiId": "x", "observedGeneration": 2},
    }


def test_a_finalizer_is_added_beside_others_by_a_patch_with_a_test(server: Server) -> None:
    server.client.add_finalizer(resource(metadata={"finalizers": ["other"]}))
    assert server.last.url.path == API
    assert server.last.headers["Content-Type"] == "application/json-patch+json"
    assert server.body() == [
        {"op": "test", "path": "/metadata/resourceVersion", "value": "7"},
        {"op": "add", "path": "/metadata/finalizers", "value": ["other", FINALIZER]},
    ]


def test_a_finalizer_is_removed_and_others_stay(server: Server) -> None:
    server.client.remove_finalizer(resource(metadata={"finalizers": ["other", FINALIZER, "more"]}))
    assert server.body()[0] == {"op": "test", "path": "/metadata/resourceVersion", "value": "7"}
    assert server.body()[1]["value"] == ["other", "more"]


def test_an_object_that_is_gone_needs_no_release(server: Server) -> None:
    server.says(404, {"message": "not found"})
    server.client.remove_finalizer(resource(metadata={"finalizers": [FINALIZER]}))


def test_a_secret_is_read_by_name_in_the_operator_s_namespace(server: Server) -> None:
    value = base64.b64encode(b"canary-password").decode()
    server.says(200, {"data": {"password": value}})
    assert server.client.find_secret("db") == {"password": "canary-password"}
    assert server.last.method == "GET"
    assert server.last.url.path == "/api/v1/namespaces/operator-ns/secrets/db"
    server.says(200, {})
    assert server.client.find_secret("db") == {}


def test_a_secret_with_bytes_that_are_no_text_is_read_all_the_same(server: Server) -> None:
    """Such as a wallet's cwallet.sso beside its ewallet.pem."""
    server.says(200, {"data": {"cwallet.sso": base64.b64encode(b"\xa1\xf8").decode(), "ewallet.pem": "UEVN"}})
    assert server.client.find_secret("wallet") == {"cwallet.sso": "\ufffd\ufffd", "ewallet.pem": "PEM"}


def test_secrets_are_never_listed(server: Server) -> None:
    with pytest.raises(StopIteration):
        server.client.list("Secret")
    assert server.requests == []


def test_labels_of_a_namespace_are_read(server: Server) -> None:
    server.says(200, {"metadata": {"labels": {"team": "hr"}}})
    assert server.client.namespace_labels("hr") == {"team": "hr"}
    assert server.last.url.path == "/api/v1/namespaces/hr"


@pytest.mark.parametrize(
    ("status", "metadata", "goes"),
    [(200, {}, False), (200, {"deletionTimestamp": "2026-01-02T00:00:00Z"}, True), (404, {}, True)],
)
def test_a_namespace_that_is_being_deleted_is_told(server: Server, status: int, metadata: Any, goes: bool) -> None:
    server.says(status, {"metadata": metadata})
    assert server.client.namespace_goes("hr") is goes


def test_the_installation_s_id_is_the_uid_of_kube_system(server: Server) -> None:
    server.says(200, {"metadata": {"uid": "u-1"}})
    assert server.client.cluster_uid() == "u-1"
    server.says(404, {})
    with pytest.raises(Retryable):
        server.client.cluster_uid()


def test_an_event_stands_beside_its_object(server: Server) -> None:
    server.client.record_event(resource(), True, "DriftRepaired", "x" * 2000)
    assert server.last.url.path == "/apis/events.k8s.io/v1/namespaces/hr/events"
    body = server.body()
    assert (body["type"], body["reason"], len(body["note"])) == ("Warning", "DriftRepaired", 1024)
    assert body["regarding"]["uid"] == "u"
    cluster = {**resource(), "metadata": {"name": "private", "uid": "u2", "resourceVersion": "1"}, "kind": "VpcLink"}
    server.client.record_event(cluster, False, "Succeeded", "well")
    assert server.last.url.path == "/apis/events.k8s.io/v1/namespaces/default/events"
    assert server.body()["type"] == "Normal"


def test_two_events_have_two_names(server: Server) -> None:
    names = set()
    for _ in range(20):
        server.client.record_event(resource(), False, "Succeeded", "well")
        names.add(server.body()["metadata"]["name"])
    assert len(names) == 20


ERRORS: list[tuple[int, str, type[OperatorError], str]] = [
    (401, "Unauthorized", Retryable, "Conflict"),
    (403, "forbidden", Retryable, "Conflict"),
    (404, "not found", Retryable, "Conflict"),
    (409, "the object has been modified", Retryable, "Conflict"),
    (422, "spec.x: Invalid value", Terminal, "InternalError"),
    (422, "test operation failed", Retryable, "Conflict"),
    (422, "the server rejected our request due to an error in our request", Retryable, "Conflict"),
    (422, "metadata.resourceVersion: Invalid value", Retryable, "Conflict"),
    (429, "too many requests", Retryable, "Conflict"),
    (500, "etcd", Retryable, "Conflict"),
    (503, "apiserver is shutting down", Retryable, "Conflict"),
]


@pytest.mark.parametrize(("status", "text", "kind", "reason"), ERRORS, ids=[f"{row[0]} {row[1]}" for row in ERRORS])
def test_an_error_of_the_api_server_becomes_one_of_ours(
    server: Server, status: int, text: str, kind: type[OperatorError], reason: str
) -> None:
    server.says(status, {"message": text})
    with pytest.raises(OperatorError) as caught:
        server.client.patch_status(resource(), {"x": 1})
    assert (type(caught.value), caught.value.reason) == (kind, reason)
    assert "canary" not in caught.value.message


def test_an_answer_that_is_no_json_is_told_by_its_status(server: Server) -> None:
    server.says(502, text="<html>bad gateway</html>")
    with pytest.raises(Retryable, match="status 502"):
        server.client.find("OracleApi", "hr", "hr")


@pytest.mark.parametrize("error", [httpx.ConnectError("x"), httpx.ReadTimeout("x"), httpx.RemoteProtocolError("x")])
def test_no_answer_is_retried(server: Server, error: Exception) -> None:
    def fail(_: httpx.Request) -> httpx.Response:
        raise error

    server.answer = fail
    with pytest.raises(Retryable) as caught:
        server.client.find("OracleApi", "hr", "hr")
    assert type(error).__name__ in caught.value.message
