"""A real control plane, driven by the real kubectl and helm. The first run on a machine compiles it."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from oracleapi_sandbox.cluster.build import DEFAULT_KUBERNETES, KubernetesVersion, control_plane
from oracleapi_sandbox.cluster.clients import clients
from oracleapi_sandbox.cluster.processes import end, marked, start, tail
from oracleapi_sandbox.cluster.progress import Progress
from oracleapi_sandbox.common.state import read_ready

CRD = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "things.example.test"},
    "spec": {
        "group": "example.test",
        "scope": "Namespaced",
        "names": {"kind": "Thing", "plural": "things", "singular": "thing"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "subresources": {"status": {}},
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": {
                                "type": "object",
                                "properties": {"size": {"type": "integer"}},
                                "x-kubernetes-validations": [{"rule": "self.size > 0", "message": "size is positive"}],
                            }
                        },
                    }
                },
            }
        ],
    },
}


def thing(name: str, size: int) -> dict[str, Any]:
    return {"apiVersion": "example.test/v1", "kind": "Thing", "metadata": {"name": name}, "spec": {"size": size}}


class Cluster:
    """The part ``cluster`` on a state folder, and its clients."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.kubeconfig = state / "kubeconfig"
        self._clients = clients(Progress())

    def up(self) -> None:
        (self.state / "cluster.json").unlink(missing_ok=True)
        command = [sys.executable, "-m", "oracleapi_sandbox.cluster", "--state", str(self.state)]
        self.part = start(command, self.state / "logs" / "cluster.log", self.state, "cluster")
        wait_until(lambda: read_ready(self.state, "cluster") is not None or self.part.poll() is not None)
        assert self.part.poll() is None, tail(self.state / "logs" / "cluster.log")

    def down(self) -> int:
        self.part.terminate()
        return self.part.wait()

    def run(self, program: str, *arguments: str, given: Any = None) -> "subprocess.CompletedProcess[str]":
        """Run a client; a JSON-ready *given* becomes its standard input."""
        return subprocess.run(
            [str(getattr(self._clients, program)), *arguments],
            input=None if given is None else json.dumps(given),
            env={"KUBECONFIG": str(self.kubeconfig), "HOME": str(self.state)},
            capture_output=True,
            text=True,
            timeout=60,
        )

    def kubectl(self, *arguments: str, given: Any = None) -> str:
        done = self.run("kubectl", *arguments, given=given)
        assert done.returncode == 0, done.stderr
        return done.stdout


def wait_until(condition: Callable[[], object]) -> None:
    """Wait until *condition* is true, for a minute at most."""
    pause = threading.Event()
    for _ in range(600):
        if condition():
            return
        pause.wait(0.1)
    raise AssertionError("the condition did not come true in a minute")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    control_plane(KubernetesVersion.parse(DEFAULT_KUBERNETES), Progress())
    made = Cluster(tmp_path_factory.mktemp("cluster"))
    made.up()
    yield made
    made.part.terminate()
    made.part.wait()
    end(marked(made.state))


def test_server_and_clients_are_of_the_wanted_version(cluster: Cluster) -> None:
    told = json.loads(cluster.kubectl("version", "-o", "json"))
    assert told["serverVersion"]["gitVersion"] == told["clientVersion"]["gitVersion"] == f"v{DEFAULT_KUBERNETES}"
    assert (told["serverVersion"]["major"], told["serverVersion"]["minor"]) == ("1", "36")
    assert cluster.run("helm", "version", "--short").stdout.startswith("v4.")


def test_a_namespace_with_content_goes_away_for_good(cluster: Cluster) -> None:
    cluster.kubectl("create", "namespace", "passing")
    cluster.kubectl("create", "configmap", "c", "-n", "passing")
    cluster.kubectl("delete", "namespace", "passing", "--timeout=45s")
    assert "passing" not in cluster.kubectl("get", "namespaces", "-o", "name")


def test_custom_resources_are_validated_with_cel_and_have_a_status(cluster: Cluster) -> None:
    cluster.kubectl("apply", "-f", "-", given=CRD)
    cluster.kubectl("wait", "--for=condition=Established", "crd/things.example.test", "--timeout=30s")
    wait_until(lambda: cluster.run("kubectl", "apply", "-f", "-", given=thing("good", 1)).returncode == 0)
    refused = cluster.run("kubectl", "apply", "-f", "-", given=thing("bad", 0))
    assert "size is positive" in refused.stderr
    cluster.kubectl("delete", "crd", "things.example.test", "--timeout=45s")


def test_what_an_object_owns_is_collected_after_it(cluster: Cluster) -> None:
    owner = json.loads(cluster.kubectl("create", "configmap", "owner", "-o", "json"))
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner["metadata"]["uid"]}
    owned = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "owned", "ownerReferences": [reference]}}
    cluster.kubectl("create", "-f", "-", given=owned)
    cluster.kubectl("delete", "configmap", "owner")
    cluster.kubectl("wait", "--for=delete", "configmap/owned", "--timeout=45s")


def test_a_service_account_has_its_own_rights_and_no_more(cluster: Cluster) -> None:
    cluster.kubectl("create", "serviceaccount", "reader")
    cluster.kubectl("create", "role", "reader", "--verb=get,list", "--resource=configmaps")
    cluster.kubectl("create", "rolebinding", "reader", "--role=reader", "--serviceaccount=default:reader")
    token = cluster.kubectl("create", "token", "reader").strip()
    own = json.loads((cluster.kubeconfig).read_text())
    own["users"] = [{"name": "admin", "user": {"token": token}}]
    (cluster.state / "reader").write_text(json.dumps(own))
    reader = ["--kubeconfig", str(cluster.state / "reader")]
    assert cluster.run("kubectl", *reader, "get", "configmaps").returncode == 0
    forbidden = cluster.run("kubectl", *reader, "get", "secrets").stderr
    assert 'User "system:serviceaccount:default:reader" cannot list resource "secrets"' in forbidden
    assert cluster.run("kubectl", *reader, "create", "token", "reader").returncode == 1


def test_helm_installs_a_chart_that_asks_for_this_version(cluster: Cluster, tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    chart = {"apiVersion": "v2", "name": "small", "version": "0.1.0", "kubeVersion": ">=1.36.0-0 <1.37.0-0"}
    (tmp_path / "Chart.yaml").write_text(json.dumps(chart))
    content = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "{{ .Release.Name }}-made"}}
    (tmp_path / "templates" / "made.yaml").write_text(json.dumps(content))
    installed = cluster.run("helm", "install", "one", str(tmp_path))
    assert installed.returncode == 0, installed.stderr
    cluster.kubectl("get", "configmap", "one-made")
    assert cluster.run("helm", "uninstall", "one").returncode == 0


def test_it_stops_under_an_open_watch_and_comes_back_as_it_was(cluster: Cluster, tmp_path: Path) -> None:
    cluster.kubectl("create", "configmap", "kept")
    before = (cluster.kubeconfig).read_text()
    log = tmp_path / "watch.log"
    kubectl = [str(clients(Progress()).kubectl), "--kubeconfig", str(cluster.kubeconfig)]
    watch = start([*kubectl, "get", "configmaps", "--watch"], log, tmp_path, "watch")
    wait_until(lambda: "kept" in tail(log))
    assert cluster.down() == 0
    watch.kill()
    watch.wait()
    assert marked(cluster.state) == []
    cluster.up()
    assert (cluster.kubeconfig).read_text() == before
    cluster.kubectl("get", "configmap", "kept")


def test_the_part_ends_and_names_the_program_that_ended(cluster: Cluster) -> None:
    recorded = json.loads((cluster.state / "cluster" / "processes.json").read_text())
    (etcd,) = [process for process in marked(cluster.state) if process.pid == recorded["etcd"]]
    etcd.kill()
    assert cluster.part.wait() == 1
    assert "etcd ended; the end of its log:" in tail(cluster.state / "logs" / "cluster.log", 10_000)
    assert marked(cluster.state) == []
