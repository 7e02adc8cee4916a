"""The build's recipe is derived from the go.mod of the wanted Kubernetes version."""

import pytest

from oracleapi_sandbox.cluster.build import KubernetesVersion, go_mod, required_go
from oracleapi_sandbox.cluster.golang import ToolError, parse_version

UPSTREAM = """\
module k8s.io/kubernetes

go 1.25.4

godebug default=go1.25

require (
\tgo.etcd.io/etcd/client/v3 v3.6.5
\tk8s.io/api v0.0.0
\tk8s.io/kube-openapi v0.0.0-20250710124328-f3f2b991d03b
)

require (
\tgo.etcd.io/etcd/server/v3 v3.6.5 // indirect
)

replace (
\tk8s.io/api => ./staging/src/k8s.io/api
\tk8s.io/component-base => ./staging/src/k8s.io/component-base
)
"""


def test_staging_modules_are_replaced_by_their_published_versions() -> None:
    made = go_mod(UPSTREAM, KubernetesVersion.parse("1.35.2"))
    assert made == (
        "module control-plane\n\ngo 1.25.4\n\ngodebug default=go1.25\n\n"
        "require (\n\tgo.etcd.io/etcd/server/v3 v3.6.5\n"
        "\tk8s.io/component-base v0.35.2\n\tk8s.io/kubernetes v1.35.2\n)\n\n"
        "replace (\n\tk8s.io/api => k8s.io/api v0.35.2\n"
        "\tk8s.io/component-base => k8s.io/component-base v0.35.2\n)\n"
    )


def test_a_go_mod_without_the_server_of_etcd_is_refused() -> None:
    with pytest.raises(ToolError, match="no line like"):
        go_mod(UPSTREAM.replace("etcd/server", "etcd/other"), KubernetesVersion.parse("1.35.2"))


@pytest.mark.parametrize("text", ["1.36.3", "v1.36.3"])
def test_a_version_is_read_with_and_without_v(text: str) -> None:
    assert str(KubernetesVersion.parse(text)) == "v1.36.3"


@pytest.mark.parametrize("text", ["1.36", "2.0.0", "v1.36.3-rc.1", "latest", ""])
def test_anything_but_a_release_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"1\.X\.Y"):
        KubernetesVersion.parse(text)


@pytest.mark.parametrize(
    ("told", "enough"),
    [
        pytest.param("go version go1.25.4 linux/amd64", True, id="the very version"),
        pytest.param("go version go1.26.8 linux/amd64", True, id="a newer one"),
        pytest.param("go version go1.27 darwin/arm64", True, id="a newer one without patch level"),
        pytest.param("go version go1.25.3 linux/amd64", False, id="an older patch"),
        pytest.param("go version go1.9.9 linux/amd64", False, id="an older minor version that sorts later as text"),
        pytest.param("go version devel", False, id="no number at all"),
    ],
)
def test_a_toolchain_must_be_new_enough(told: str, enough: bool) -> None:
    assert (parse_version(told) >= required_go(UPSTREAM)) == enough
