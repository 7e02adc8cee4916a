"""Clusters that are not built from source, as their user takes them. The programs are those of the build."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from oracleapi_sandbox.cluster.build import DEFAULT_KUBERNETES, KubernetesVersion, control_plane_programs
from oracleapi_sandbox.cluster.progress import Progress

ONLY_CLUSTER = ("up", "--without", "oidc", "--without", "aws", "--without", "oracle")


@pytest.fixture(scope="module")
def assets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as setup-envtest makes it, without a controller manager."""
    folder = tmp_path_factory.mktemp("assets")
    programs = control_plane_programs(KubernetesVersion.parse(DEFAULT_KUBERNETES), Progress())
    for name in ("etcd", "kube-apiserver"):
        (folder / name).write_text(f'#!/bin/sh\nexec {" ".join(programs[name])} "$@"\n')
        (folder / name).chmod(0o755)
    return folder


def test_assets_of_envtest_and_a_cluster_that_is_there_already(sandbox: Any, assets: Path, tmp_path: Path) -> None:
    up = sandbox(*ONLY_CLUSTER, "--cluster", f"envtest:{assets}")
    assert up.returncode == 0, up.stderr
    assert "no kube-controller-manager there" in up.stderr
    assert sandbox("kubectl", "create", "namespace", "kept").returncode == 0

    published = json.loads((tmp_path / "one" / "cluster.json").read_text())
    assert (published["version"], published["choice"]) == (f"v{DEFAULT_KUBERNETES}", f"envtest:{assets}")
    joined = sandbox(*ONLY_CLUSTER, "--cluster", f"kubeconfig:{published['kubeconfig']}", folder="two")
    assert joined.returncode == 0, joined.stderr
    assert sandbox("kubectl", "get", "namespace", "kept", folder="two").returncode == 0
    assert published["server"] in sandbox("status", folder="two").stdout

    assert sandbox("down", folder="two").returncode == 0
    assert sandbox("kubectl", "get", "namespace", "kept").returncode == 0
    assert Path(published["kubeconfig"]).exists()


def test_a_cluster_that_does_not_answer_is_named(sandbox: Any, tmp_path: Path) -> None:
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": ""}}],
        "current-context": "c",
    }
    file = tmp_path / "config"
    file.write_text(json.dumps(config))
    up = sandbox(*ONLY_CLUSTER, "--cluster", f"kubeconfig:{file}")
    assert up.returncode == 1
    assert f"the cluster of {file} does not answer /readyz" in up.stderr


def test_kind_without_docker_is_refused_before_anything_starts(
    sandbox: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    up: subprocess.CompletedProcess[str] = sandbox(*ONLY_CLUSTER, "--cluster", "kind")
    assert up.returncode == 1
    assert "docker and kind not found on PATH; take another with --cluster build" in up.stderr
    assert not (tmp_path / "one" / "cluster.json").exists()
