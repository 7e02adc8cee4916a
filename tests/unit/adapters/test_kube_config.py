"""Where the API server is: from a kubeconfig or a pod, and each thing that is missing by name."""

import base64
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from oracleapi.adapters.kube import config
from oracleapi.adapters.kube.config import ClusterConfig, load_config


def document(**fields: Any) -> dict[str, Any]:
    found = {
        "current-context": "here",
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": "https://api:6443"}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
    }
    return found | fields


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Any:
    def write(found: Any) -> Path:
        path = tmp_path / "config"
        path.write_text(found if isinstance(found, str) else yaml.safe_dump(found))
        return path

    return write


def test_a_kubeconfig_gives_server_and_token(kubeconfig: Any) -> None:
    found = load_config(kubeconfig(document()))
    assert (found.server, found.bearer(), found.ca_pem) == ("https://api:6443", "t", None)


def test_the_current_context_counts(kubeconfig: Any) -> None:
    contexts = [{"name": "other", "context": {"cluster": "x", "user": "x"}}, *document()["contexts"]]
    assert load_config(kubeconfig(document(contexts=contexts))).server == "https://api:6443"


def test_a_ca_is_read_from_data_or_from_a_file_beside_the_kubeconfig(kubeconfig: Any, tmp_path: Path) -> None:
    data = base64.b64encode(b"PEM").decode()
    cluster = {"name": "c", "cluster": {"server": "https://api", "certificate-authority-data": data}}
    assert load_config(kubeconfig(document(clusters=[cluster]))).ca_pem == "PEM"
    (tmp_path / "ca.pem").write_text("FILE")
    cluster = {"name": "c", "cluster": {"server": "https://api", "certificate-authority": "ca.pem"}}
    assert load_config(kubeconfig(document(clusters=[cluster]))).ca_pem == "FILE"


def test_a_token_file_beside_the_kubeconfig_is_read_again_when_it_is_old(
    kubeconfig: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "token").write_text("one\n")
    now = [100.0]
    monkeypatch.setattr(config.time, "monotonic", lambda: now[0])
    found = load_config(kubeconfig(document(users=[{"name": "u", "user": {"tokenFile": "token"}}])))
    assert found.bearer() == "one"
    (tmp_path / "token").write_text("two\n")
    now[0] += 30
    assert found.bearer() == "one"
    now[0] += 31
    assert found.bearer() == "two"


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ({}, "no contexts entry named None"),
        ("", "is no kubeconfig"),
        ("- a list", "is no kubeconfig"),
        (document(**{"current-context": "gone"}), "no contexts entry named 'gone'"),
        (document(clusters=None), "no clusters entry named 'c'"),
        (document(users=[]), "no users entry named 'u'"),
        (document(users=[{"name": "u", "user": {}}]), "neither token nor tokenFile"),
        (document(users=[{"name": "u", "user": {"client-certificate-data": "x"}}]), "neither token nor tokenFile"),
        (document(users=[{"name": "u"}]), "neither token nor tokenFile"),
        (document(clusters=[{"name": "c", "cluster": {}}]), "has no server"),
        (document(contexts=[{"name": "here"}]), "no clusters entry named None"),
    ],
)
def test_what_a_kubeconfig_lacks_is_named(kubeconfig: Any, found: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        load_config(kubeconfig(found))


def test_a_pod_has_its_service_account_s_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ca.crt").write_text("PEM")
    (tmp_path / "token").write_text("pod-token")
    monkeypatch.setattr(config, "SERVICE_ACCOUNT", tmp_path)
    monkeypatch.setattr(os, "environ", {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "6443"})
    found = load_config(None)
    assert (found.server, found.ca_pem, found.bearer()) == ("https://10.0.0.1:6443", "PEM", "pod-token")


def test_an_ipv6_address_is_bracketed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ca.crt").write_text("PEM")
    monkeypatch.setattr(config, "SERVICE_ACCOUNT", tmp_path)
    monkeypatch.setattr(os, "environ", {"KUBERNETES_SERVICE_HOST": "fd00::1"})
    assert load_config(None).server == "https://[fd00::1]:443"


def test_outside_a_pod_the_way_out_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {})
    with pytest.raises(ValueError, match="no --kubeconfig"):
        load_config(None)


def test_a_configuration_shows_no_token() -> None:
    assert "canary-token" not in repr(ClusterConfig("https://api", None, token="canary-token"))
