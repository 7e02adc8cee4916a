"""The Lease at the wire."""

import json
from dataclasses import replace

import httpx
import pytest

from oracleapi.adapters.kube.config import ClusterConfig
from oracleapi.adapters.kube.leases import KubeLease
from oracleapi.errors import Retryable
from oracleapi.runtime.lease import Record

FOLDER = "/apis/coordination.k8s.io/v1/namespaces/ours/leases"
RECORD = Record("pod-1", 15, "2026-01-01T00:00:00.000001Z", "2026-01-01T00:00:02.000001Z", 3, "7")
LEASE = {
    "apiVersion": "coordination.k8s.io/v1",
    "kind": "Lease",
    "metadata": {"name": "leader", "namespace": "ours", "resourceVersion": "7"},
    "spec": {
        "holderIdentity": "pod-1",
        "leaseDurationSeconds": 15,
        "acquireTime": "2026-01-01T00:00:00.000001Z",
        "renewTime": "2026-01-01T00:00:02.000001Z",
        "leaseTransitions": 3,
    },
}


class Server:
    """An API server with one answer."""

    def __init__(self) -> None:
        self.status, self.asked = 200, list[httpx.Request]()
        self.lease = KubeLease(ClusterConfig("https://api:6443", None, token="t"), "ours", "leader", 5.0)
        self.lease._wire._http.close()
        self.lease._wire._http = httpx.Client(base_url="https://api:6443", transport=httpx.MockTransport(self._serve))

    def _serve(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return httpx.Response(self.status, json=LEASE)


@pytest.fixture
def server() -> Server:
    return Server()


def test_it_is_read_by_name(server: Server) -> None:
    assert server.lease.read() == RECORD
    assert (server.asked[0].method, server.asked[0].url.path) == ("GET", f"{FOLDER}/leader")
    server.status = 404
    assert server.lease.read() is None


def test_it_is_made_without_a_version(server: Server) -> None:
    server.lease.create(Record("pod-1", 15, RECORD.acquired, RECORD.renewed, 0))
    body = json.loads(server.asked[0].content)
    assert (server.asked[0].method, server.asked[0].url.path) == ("POST", FOLDER)
    assert body["metadata"] == {"name": "leader", "namespace": "ours"}


def test_it_is_replaced_under_the_version_that_was_read(server: Server) -> None:
    assert server.lease.update(RECORD) == RECORD
    assert (server.asked[0].method, server.asked[0].url.path) == ("PUT", f"{FOLDER}/leader")
    assert json.loads(server.asked[0].content) == LEASE


def test_a_released_one_is_written_without_a_holder(server: Server) -> None:
    server.lease.update(replace(RECORD, holder=""))
    assert "holderIdentity" not in json.loads(server.asked[0].content)["spec"]


@pytest.mark.parametrize("status", [409, 500, 403])
def test_what_was_not_done_is_told(server: Server, status: int) -> None:
    server.status = status
    with pytest.raises(Retryable):
        server.lease.update(RECORD)


def test_a_released_lease_and_one_that_somebody_made_by_hand_have_no_holder(server: Server) -> None:
    server.lease._wire._http = httpx.Client(
        base_url="https://api:6443",
        transport=httpx.MockTransport(lambda _: httpx.Response(200, json={"metadata": {"resourceVersion": "1"}})),
    )
    assert server.lease.read() == Record("", 0, "", "", 0, "1")
