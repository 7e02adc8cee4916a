"""Which cluster is taken, and how those that other programs run are made and left alone. kind is played by a script."""

import threading
from pathlib import Path

import pytest

from oracleapi_sandbox.cluster.build import KubernetesVersion
from oracleapi_sandbox.cluster.choice import ClusterChoice, choose, envtest_programs
from oracleapi_sandbox.cluster.controlplane import ControlPlane, StartError
from oracleapi_sandbox.cluster.foreign import KindCluster, delete_kind_cluster, kind_name
from oracleapi_sandbox.cluster.golang import ToolError

VERSION = KubernetesVersion.parse("1.35.2")


def program(path: Path, script: str = "exit 0") -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that alone is PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def test_what_is_given_comes_first(on_path: Path, tmp_path: Path) -> None:
    program(on_path / "docker")
    program(on_path / "kind")
    assert choose("build", VERSION, {"KUBEBUILDER_ASSETS": str(tmp_path)}).kind == "build"


def test_assets_come_before_kind_and_kind_before_the_build(on_path: Path, tmp_path: Path) -> None:
    assert choose(None, VERSION, {}).kind == "build"
    program(on_path / "kind")
    assert choose(None, VERSION, {}).kind == "build"
    program(on_path / "docker", "exit 1")
    assert choose(None, VERSION, {}).kind == "build"
    program(on_path / "docker")
    assert choose(None, VERSION, {}).kind == "kind"
    assert choose(None, VERSION, {"KUBEBUILDER_ASSETS": str(tmp_path)}) == ClusterChoice("envtest", VERSION, tmp_path)


def test_a_path_is_given_or_told_by_its_variable(tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.touch()
    told = choose("kubeconfig", VERSION, {"KUBECONFIG": str(file)})
    assert told == choose(f"kubeconfig:{file}", VERSION, {}) == ClusterChoice("kubeconfig", VERSION, file)
    assert ClusterChoice.parse(told.argument, VERSION, {}) == told


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ("minikube", "none of build"),
        ("build:/x", "none of build"),
        ("envtest", "envtest:PATH or set KUBEBUILDER_ASSETS"),
        ("kubeconfig", "kubeconfig:PATH or set KUBECONFIG"),
        ("kubeconfig:/nowhere/config", "/nowhere/config is not there"),
    ],
)
def test_a_choice_that_cannot_be_is_refused(given: str, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        choose(given, VERSION, {})


def test_a_folder_without_the_programs_is_refused_by_name(tmp_path: Path) -> None:
    program(tmp_path / "etcd")
    with pytest.raises(ToolError, match=r"no program kube-apiserver; setup-envtest"):
        envtest_programs(tmp_path)
    program(tmp_path / "kube-apiserver")
    assert set(envtest_programs(tmp_path)) == {"etcd", "kube-apiserver"}
    program(tmp_path / "kube-controller-manager")
    assert set(envtest_programs(tmp_path)) == {"etcd", "kube-apiserver", "kube-controller-manager"}


def test_a_program_of_the_folder_that_ends_is_named(tmp_path: Path) -> None:
    for name in ("etcd", "kube-apiserver"):
        program(tmp_path / "assets" / name, "echo told why; exit 3")
    plane = ControlPlane(tmp_path / "state", envtest_programs(tmp_path / "assets"), threading.Event())
    with pytest.raises(StartError, match=r"etcd ended; the end of its log:\ntold why"):
        plane.start()
    plane.stop()


@pytest.fixture
def kind(on_path: Path, tmp_path: Path) -> Path:
    """A docker that works, a kind that writes down how it was called; returns where."""
    called = tmp_path / "called"
    program(on_path / "docker")
    program(on_path / "kind", f'echo "$@" >> {called}; if [ -e {tmp_path}/broken ]; then echo no room >&2; exit 1; fi')
    return called


def test_kind_makes_the_version_under_a_name_of_the_sandbox(kind: Path, tmp_path: Path) -> None:
    state = tmp_path / "one"
    kubectl = program(tmp_path / "kubectl", "echo ok")
    cluster = KindCluster(state, VERSION, kubectl)
    cluster.start()
    name, config = kind_name(state), state / "kubeconfig"
    made = f"create cluster --name {name} --image kindest/node:v1.35.2 --kubeconfig {config} --wait 120s"
    assert kind.read_text().splitlines() == [made]
    cluster.stop()
    cluster.stop()
    assert kind.read_text().splitlines()[1:] == [f"delete cluster --name {name} --kubeconfig {config}"]
    assert kind_name(tmp_path / "two") != name


def test_a_cluster_that_kind_did_not_make_for_us_is_never_deleted(kind: Path, tmp_path: Path) -> None:
    delete_kind_cluster(tmp_path)
    assert not kind.exists()


def test_what_kind_says_is_passed_on_and_what_it_left_is_deleted(kind: Path, tmp_path: Path) -> None:
    (tmp_path / "broken").touch()
    with pytest.raises((StartError, ToolError), match="no room"):
        KindCluster(tmp_path / "one", VERSION, tmp_path / "kubectl").start()
    assert [line.split()[0] for line in kind.read_text().splitlines()] == ["create", "delete"]


@pytest.mark.parametrize(
    ("docker", "reason"),
    [(None, "docker not found on PATH"), ("echo no daemon >&2; exit 1", "docker does not work: no daemon")],
)
def test_kind_without_a_working_docker_is_refused_with_the_way_out(
    on_path: Path, tmp_path: Path, docker: str | None, reason: str
) -> None:
    program(on_path / "kind")
    if docker is not None:
        program(on_path / "docker", docker)
    with pytest.raises(StartError, match=rf"{reason}; take another with --cluster build"):
        KindCluster(tmp_path, VERSION, tmp_path / "kubectl").start()
    assert not (tmp_path / "cluster").exists()
