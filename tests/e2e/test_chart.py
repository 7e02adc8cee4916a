"""The chart: what it renders, what its ServiceAccount may do, and that installing is repeatable and safe to undo."""

import json
import pathlib
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from support.lab import CHART, NAMESPACE, RELEASE, CommandError, Lab
from support.rollouts import let_in

OWN = [
    "awsaccounts",
    "identityproviders",
    "oracleapis",
    "oracledatabases",
    "oracleroles",
    "rolebindings",
    "secretrotations",
    "vpclinks",
]
EVERYTHING_SET = {
    "installationId": "old-cluster",
    "allowEndpointOverride": True,
    "image": {"digest": f"sha256:{'0' * 64}", "repository": "registry.example.com/oracle-api-operator"},
    "imagePullSecrets": [{"name": "pull"}],
    "serviceAccount": {"annotations": {"eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/operator"}},
    "podAnnotations": {"a": "b"},
    "podLabels": {"team": "platform"},
    "nodeSelector": {"kubernetes.io/os": "linux"},
    "tolerations": [{"key": "infra", "operator": "Exists"}],
    "affinity": {"podAntiAffinity": {}},
    "topologySpreadConstraints": [
        {"maxSkew": 1, "topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "ScheduleAnyway"}
    ],
    "replicas": 3,
    "leaderElection": {"leaseDurationSeconds": 60, "renewDeadlineSeconds": 40, "retryPeriodSeconds": 10},
    "terminationGracePeriodSeconds": 90,
    "metrics": {
        "podMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
        "prometheusRule": {
            "enabled": True,
            "labels": {"release": "prometheus"},
            "runbooks": "https://git.example.com/runbooks.md",
        },
    },
    "priorityClassName": "system-cluster-critical",
    "extraEnv": [{"name": "HTTPS_PROXY", "value": "http://proxy:3128"}],
    "extraArgs": ["--log-level=DEBUG"],
    "extraCa": {"secret": "roots", "key": "roots.pem"},
    "fullnameOverride": "gateway-operator",
    "rotation": {"namespaces": ["hr", "sales"]},
}


def render(lab: Lab, folder: pathlib.Path, values: dict[str, Any]) -> str:
    """Return what ``helm template`` prints for *values*."""
    file = folder / "values.yaml"
    file.write_text(yaml.safe_dump(values))
    return lab.helm("template", RELEASE, str(CHART), "--namespace", NAMESPACE, "--values", str(file))


def objects(text: str) -> list[dict[str, Any]]:
    return [found for found in yaml.safe_load_all(text) if found]


def of_kind(found: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [item for item in found if item["kind"] == kind]


# What is rendered


def test_the_chart_is_clean(lab: Lab) -> None:
    assert "0 chart(s) failed" in lab.helm("lint", "--strict", str(CHART))


@pytest.mark.parametrize("values", [{}, EVERYTHING_SET], ids=["defaults", "everything set"])
def test_the_same_values_render_the_same_bytes(lab: Lab, tmp_path: pathlib.Path, values: dict[str, Any]) -> None:
    assert render(lab, tmp_path, values) == render(lab, tmp_path, values)


def test_what_is_set_arrives_in_the_pod(lab: Lab, tmp_path: pathlib.Path) -> None:
    found = objects(render(lab, tmp_path, EVERYTHING_SET))
    (deployment,) = of_kind(found, "Deployment")
    pod = deployment["spec"]["template"]
    (container,) = pod["spec"]["containers"]
    assert deployment["metadata"]["name"] == "gateway-operator"
    assert container["image"] == f"registry.example.com/oracle-api-operator@sha256:{'0' * 64}"
    assert {"--installation-id=old-cluster", "--allow-endpoint-override", "--log-level=DEBUG"} <= set(container["args"])
    assert "--extra-ca-file=/etc/oracle-api-operator/ca/roots.pem" in container["args"]
    assert {"--lease-name=gateway-operator", "--lease-duration-seconds=60", "--grace-seconds=75"} <= set(
        container["args"]
    )
    assert {"--renew-deadline-seconds=40", "--retry-period-seconds=10"} <= set(container["args"])
    assert deployment["spec"]["replicas"] == 3
    (spread,) = pod["spec"]["topologySpreadConstraints"]
    assert spread["topologyKey"] == "topology.kubernetes.io/zone"
    assert {"name": "HTTPS_PROXY", "value": "http://proxy:3128"} in container["env"]
    assert {"name": "extra-ca", "secret": {"secretName": "roots"}} in pod["spec"]["volumes"]
    assert pod["metadata"]["labels"]["team"] == "platform"
    assert pod["spec"]["priorityClassName"] == "system-cluster-critical"
    (account,) = of_kind(found, "ServiceAccount")
    assert "eks.amazonaws.com/role-arn" in account["metadata"]["annotations"]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"crd": {"enabled": False}}, "additional properties 'crd' not allowed"),
        ({"crds": {"enable": False}}, "additional properties 'enable' not allowed"),
        ({"crds": {"keep": "false"}}, "at '/crds/keep': got string, want boolean"),
        ({"allowEndpointOverride": "true"}, "at '/allowEndpointOverride': got string, want boolean"),
        ({"workers": 0}, "at '/workers': minimum: got 0, want 1"),
        ({"workers": "4"}, "at '/workers': got string, want integer"),
        ({"port": 80}, "at '/port': minimum: got 80, want 1,024"),
        ({"terminationGracePeriodSeconds": 5}, "at '/terminationGracePeriodSeconds': minimum: got 5, want 30"),
        ({"log": {"level": "TRACE"}}, "at '/log/level': value must be one of 'DEBUG', 'INFO', 'WARNING', 'ERROR'"),
        ({"image": {"digest": "sha256:abc"}}, "at '/image/digest': 'sha256:abc' does not match pattern"),
        ({"image": {"repository": ""}}, "at '/image/repository': minLength: got 0, want 1"),
        ({"image": {"pullPolicy": "always"}}, "at '/image/pullPolicy': value must be one of"),
        ({"installationId": "a b"}, "at '/installationId': 'a b' does not match pattern"),
        ({"extraArgs": [1]}, "at '/extraArgs/0': got number, want string"),
        ({"extraCa": {"configmap": "x"}}, "additional properties 'configmap' not allowed"),
        ({"serviceAccount": {"annotation": {}}}, "additional properties 'annotation' not allowed"),
        ({"replicas": 0}, "at '/replicas': minimum: got 0, want 1"),
        ({"leaderElection": {"leaseDuration": 15}}, "additional properties 'leaseDuration' not allowed"),
        ({"leaderElection": {"renewDeadlineSeconds": 15}}, "leaseDurationSeconds must be above renewDeadlineSeconds"),
        ({"leaderElection": {"retryPeriodSeconds": 9}}, "above 1.2 times retryPeriodSeconds"),
        ({"podDisruptionBudget": {"minAvailable": 1}}, "additional properties 'minAvailable' not allowed"),
        ({"metrics": {"serviceMonitor": {}}}, "additional properties 'serviceMonitor' not allowed"),
        ({"rotation": {"namespaces": "hr"}}, "at '/rotation/namespaces': got string, want array"),
        ({"rotation": {"namespaces": ["hr", "hr"]}}, "at '/rotation/namespaces': items at 0 and 1 are equal"),
        ({"rotation": {"namespaces": ["*"]}}, "at '/rotation/namespaces/0': '*' does not match pattern"),
        ({"rotation": {"namespace": ["hr"]}}, "additional properties 'namespace' not allowed"),
    ],
    ids=str,
)
def test_a_wrong_value_is_refused_with_its_place(
    lab: Lab, tmp_path: pathlib.Path, values: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(CommandError) as refused:
        render(lab, tmp_path, values)
    assert sentence in str(refused.value)


def test_crds_come_with_the_chart_and_stay_unless_told_otherwise(lab: Lab, tmp_path: pathlib.Path) -> None:
    def kept(values: dict[str, Any]) -> dict[str, bool]:
        crds = of_kind(objects(render(lab, tmp_path, values)), "CustomResourceDefinition")
        policy = "helm.sh/resource-policy"
        return {
            crd["spec"]["names"]["plural"]: crd["metadata"].get("annotations", {}).get(policy) == "keep" for crd in crds
        }

    assert kept({}) == dict.fromkeys(OWN, True)
    assert kept({"crds": {"keep": False}}) == dict.fromkeys(OWN, False)
    assert kept({"crds": {"enabled": False}}) == {}


def test_a_new_pod_stands_by_before_an_old_one_leaves(lab: Lab, tmp_path: pathlib.Path) -> None:
    found = objects(render(lab, tmp_path, {}))
    (deployment,), (budget,) = of_kind(found, "Deployment"), of_kind(found, "PodDisruptionBudget")
    assert deployment["spec"]["replicas"] == 2
    assert deployment["spec"]["strategy"] == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0},
    }
    (spread,) = deployment["spec"]["template"]["spec"]["topologySpreadConstraints"]
    assert (spread["topologyKey"], spread["whenUnsatisfiable"]) == ("kubernetes.io/hostname", "ScheduleAnyway")
    labels = deployment["spec"]["selector"]["matchLabels"]
    assert spread["labelSelector"]["matchLabels"] == budget["spec"]["selector"]["matchLabels"] == labels
    assert budget["spec"]["maxUnavailable"] == 1
    assert of_kind(objects(render(lab, tmp_path, {"replicas": 1})), "PodDisruptionBudget") == []


def test_alerts_ask_for_metrics_that_the_operator_has(lab: Lab, tmp_path: pathlib.Path) -> None:
    found = objects(render(lab, tmp_path, EVERYTHING_SET))
    (monitor,), (rule,) = of_kind(found, "PodMonitor"), of_kind(found, "PrometheusRule")
    assert monitor["metadata"]["labels"]["release"] == rule["metadata"]["labels"]["release"] == "prometheus"
    rules = rule["spec"]["groups"][0]["rules"]
    asked = {name for alert in rules for name in re.findall(r"([a-z_]+)\{", alert["expr"])}
    port = json.loads((lab.folder / "operator.json").read_text())["port"]
    text = lab.http.get(f"http://127.0.0.1:{port}/metrics").text
    has = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE ")}
    assert {name.removesuffix("_total") for name in asked} <= {name.removesuffix("_total") for name in has}
    assert len(asked) >= 6


def test_alerts_lead_to_their_runbooks(lab: Lab, tmp_path: pathlib.Path) -> None:
    for values, start in (
        (EVERYTHING_SET, "https://git.example.com/runbooks.md"),
        ({"metrics": {"prometheusRule": {"enabled": True}}}, "docs/runbooks.md"),
    ):
        (rule,) = of_kind(objects(render(lab, tmp_path, values)), "PrometheusRule")
        for alert in rule["spec"]["groups"][0]["rules"]:
            assert alert["annotations"]["runbook_url"] == f"{start}#{alert['alert'].lower()}"


def test_the_notes_say_what_comes_next(lab: Lab) -> None:
    notes = lab.helm("get", "notes", RELEASE, "-n", NAMESPACE)
    for words in (
        "kubectl explain awsaccounts.spec",
        "Installation id",
        f"get lease {RELEASE}",
        "Uninstall in this order",
        "kubectl delete rolebindings.oracleapi.dev,oracleapis,oracleroles,secretrotations --all -A",
        "Installing the chart again, with the same installation id, finishes them",
        "CustomResourceDefinitions are kept",
    ):
        assert words in notes


# Rights


def test_no_rule_is_wider_than_what_the_operator_does(lab: Lab, tmp_path: pathlib.Path) -> None:
    found = objects(render(lab, tmp_path, {}))
    (cluster,) = (role for role in of_kind(found, "ClusterRole") if role["metadata"]["name"] == RELEASE)
    (local,) = of_kind(found, "Role")
    for rule in [*cluster["rules"], *local["rules"]]:
        assert "*" not in [*rule["apiGroups"], *rule["resources"], *rule["verbs"]]
        assert {"deletecollection", "escalate", "bind", "impersonate"}.isdisjoint(rule["verbs"])
    leases = {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"]}
    assert local["rules"] == [
        {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]},
        {**leases, "verbs": ["create"]},
        {**leases, "resourceNames": [RELEASE], "verbs": ["get", "update"]},
    ]
    assert all("secrets" not in rule["resources"] for rule in cluster["rules"])
    ours = [rule for rule in cluster["rules"] if "oracleapi.dev" in rule["apiGroups"]]
    assert {"create", "delete", "update"}.isdisjoint(verb for rule in ours for verb in rule["verbs"])


def test_a_rotation_gets_one_role_in_each_namespace_that_is_named_and_no_more(lab: Lab, tmp_path: pathlib.Path) -> None:
    plain = objects(render(lab, tmp_path, {}))
    values = {"rotation": {"namespaces": ["hr", "true"]}, "serviceAccount": {"name": "someone"}}
    found = objects(render(lab, tmp_path, values))
    added = [item for item in found if item["metadata"]["name"] == f"{RELEASE}-rotation"]
    assert [(item["kind"], item["metadata"]["namespace"]) for item in added] == [
        ("Role", "hr"), ("Role", "true"), ("RoleBinding", "hr"), ("RoleBinding", "true")
    ]  # fmt: skip
    assert len(found) == len(plain) + len(added)
    assert of_kind(found, "ClusterRole") == of_kind(plain, "ClusterRole")
    for role in of_kind(added, "Role"):
        assert role["rules"] == [
            {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "create", "update"]},
            {"apiGroups": ["apps"], "resources": ["deployments", "statefulsets"], "verbs": ["get", "patch"]},
        ]
    for binding in of_kind(added, "RoleBinding"):
        assert binding["roleRef"]["name"] == f"{RELEASE}-rotation"
        assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "someone", "namespace": NAMESPACE}]
    refused = objects(render(lab, tmp_path, {**values, "rbac": {"create": False}}))
    assert of_kind(refused, "Role") == of_kind(refused, "RoleBinding") == []


@pytest.fixture(scope="module")
def account(lab: Lab) -> str:
    """The operator's identity, as the API server writes it."""
    (deployment,) = json.loads(lab.kubectl("-n", NAMESPACE, "get", "deployments", "-o", "json"))["items"]
    return f"system:serviceaccount:{NAMESPACE}:{deployment['spec']['template']['spec']['serviceAccountName']}"


@pytest.fixture(scope="module")
def rotated(lab: Lab) -> Iterator[str]:
    """A namespace that rotations are let into."""
    lab.kubectl("create", "namespace", "rotated")
    let_in(lab, "rotated")
    yield "rotated"
    lab.kubectl("delete", "namespace", "rotated", "--wait=false")


def may(lab: Lab, account: str, verb: str, resource: str, group: str = "", namespace: str = "") -> bool:
    """Ask as ``kubectl auth can-i --as`` does."""
    name, _, subresource = resource.partition("/")
    attributes = {
        "verb": verb, "group": group, "resource": name, "subresource": subresource, "namespace": namespace
    }  # fmt: skip
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    url = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    answer = lab.cluster.post(url, json=review, headers={"Impersonate-User": account})
    answer.raise_for_status()
    return bool(answer.json()["status"]["allowed"])


@pytest.mark.parametrize("kind", OWN)
def test_it_reads_and_marks_its_kinds_and_writes_their_status(lab: Lab, account: str, kind: str) -> None:
    for verb in ("get", "list", "watch", "patch"):
        assert may(lab, account, verb, kind, "oracleapi.dev"), verb
    assert may(lab, account, "patch", f"{kind}/status", "oracleapi.dev")
    for verb in ("create", "delete", "update", "deletecollection"):
        assert not may(lab, account, verb, kind, "oracleapi.dev"), verb


@pytest.mark.parametrize(
    ("verb", "resource", "group", "namespace", "allowed"),
    [
        ("get", "secrets", "", NAMESPACE, True),
        ("list", "namespaces", "", "", True),
        ("watch", "namespaces", "", "", True),
        ("list", "customresourcedefinitions", "apiextensions.k8s.io", "", True),
        ("create", "events", "events.k8s.io", "hr", True),
        ("create", "leases", "coordination.k8s.io", NAMESPACE, True),
        ("create", "leases", "coordination.k8s.io", "kube-system", False),
        ("update", "leases", "coordination.k8s.io", NAMESPACE, False),
        ("get", "leases", "coordination.k8s.io", "kube-system", False),
        ("delete", "leases", "coordination.k8s.io", NAMESPACE, False),
        ("list", "secrets", "", NAMESPACE, False),
        ("watch", "secrets", "", NAMESPACE, False),
        ("list", "secrets", "", "", False),
        ("get", "secrets", "", "hr", False),
        ("get", "secrets", "", "kube-system", False),
        ("create", "secrets", "", NAMESPACE, False),
        ("update", "secrets", "", NAMESPACE, False),
        ("patch", "secrets", "", NAMESPACE, False),
        ("create", "serviceaccounts/token", "", NAMESPACE, False),
        ("create", "pods", "", NAMESPACE, False),
        ("create", "pods/exec", "", NAMESPACE, False),
        ("patch", "namespaces", "", "", False),
        ("patch", "customresourcedefinitions", "apiextensions.k8s.io", "", False),
        ("delete", "events", "events.k8s.io", "hr", False),
        ("escalate", "clusterroles", "rbac.authorization.k8s.io", "", False),
        ("create", "rolebindings", "rbac.authorization.k8s.io", "hr", False),
        ("impersonate", "users", "", "", False),
    ],
)
def test_it_may_do_what_it_needs_and_no_more(
    lab: Lab, account: str, verb: str, resource: str, group: str, namespace: str, allowed: bool
) -> None:
    assert may(lab, account, verb, resource, group, namespace) is allowed


ROTATION_RIGHTS = {
    ("secrets", ""): {"get", "create", "update"},
    ("deployments", "apps"): {"get", "patch"},
    ("statefulsets", "apps"): {"get", "patch"},
    ("deployments/scale", "apps"): set(),
    ("statefulsets/status", "apps"): set(),
    ("daemonsets", "apps"): set(),
    ("replicasets", "apps"): set(),
    ("pods", ""): set(),
    ("pods/exec", ""): set(),
    ("configmaps", ""): set(),
    ("serviceaccounts/token", ""): set(),
    ("rolebindings", "rbac.authorization.k8s.io"): set(),
}
VERBS = ("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection")


@pytest.mark.parametrize(("resource", "group"), ROTATION_RIGHTS)
def test_a_rotation_may_do_what_it_needs_where_it_is_let_in(
    lab: Lab, account: str, rotated: str, resource: str, group: str
) -> None:
    allowed = {verb for verb in VERBS if may(lab, account, verb, resource, group, rotated)}
    assert allowed == ROTATION_RIGHTS[resource, group]
    assert not any(may(lab, account, verb, resource, group, "hr") for verb in VERBS)
    assert not any(may(lab, account, verb, resource, group) for verb in VERBS)


def test_kubectl_agrees(lab: Lab, account: str) -> None:
    assert lab.kubectl("auth", "can-i", "get", "secrets", "-n", NAMESPACE, f"--as={account}").strip() == "yes"
    with pytest.raises(CommandError):
        lab.kubectl("auth", "can-i", "list", "secrets", "-A", f"--as={account}")


# Pod security


@pytest.fixture(scope="module")
def restricted(lab: Lab) -> Iterator[str]:
    """A namespace that admits restricted pods only, with the chart's ServiceAccount in it."""
    name = "restricted"
    labels = {
        "pod-security.kubernetes.io/enforce": "restricted",
        "pod-security.kubernetes.io/enforce-version": "latest",
    }
    lab.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
    lab.kubectl("-n", name, "create", "serviceaccount", RELEASE)
    yield name
    lab.kubectl("delete", "namespace", name, "--wait=false")


@pytest.mark.parametrize(
    "values",
    [{}, {"extraCa": {"configMap": "roots"}}, {**EVERYTHING_SET, "fullnameOverride": RELEASE, "priorityClassName": ""}],
    ids=["defaults", "extra CA", "everything set"],
)
def test_the_pod_is_admitted_where_only_restricted_pods_are(
    lab: Lab, restricted: str, tmp_path: pathlib.Path, values: dict[str, Any]
) -> None:
    (deployment,) = of_kind(objects(render(lab, tmp_path, values)), "Deployment")
    template = deployment["spec"]["template"]
    pod = {"apiVersion": "v1", "kind": "Pod", **template, "metadata": {**template["metadata"], "name": "operator"}}
    assert lab.kubectl("-n", restricted, "create", "--dry-run=server", "-f", "-", stdin=json.dumps(pod))
    pod["spec"]["containers"][0].pop("securityContext")
    with pytest.raises(CommandError, match='violates PodSecurity "restricted'):
        lab.kubectl("-n", restricted, "create", "--dry-run=server", "-f", "-", stdin=json.dumps(pod))


# Upgrade, uninstall, install again


def _versions(lab: Lab) -> dict[str, str]:
    """Return the resource version of everything that the release made; a Deployment's moves with its status too."""
    manifest = lab.helm("get", "manifest", RELEASE, "-n", NAMESPACE)
    found = json.loads(lab.kubectl("-n", NAMESPACE, "get", "-f", "-", "-o", "json", stdin=manifest))["items"]
    return {
        f"{item['kind']}/{item['metadata']['name']}": str(
            item["metadata"]["generation" if item["kind"] == "Deployment" else "resourceVersion"]
        )
        for item in found
    }


def test_an_upgrade_to_the_same_chart_changes_nothing(lab: Lab) -> None:
    before = _versions(lab)
    assert len(before) == len(OWN) + 12
    lab.helm("upgrade", RELEASE, str(CHART), "-n", NAMESPACE, "--reuse-values")
    assert _versions(lab) == before


@pytest.fixture
def cluster(tmp_path: pathlib.Path) -> Iterator[Lab]:
    """A cluster of its own, with nothing else in it."""
    found = Lab(tmp_path / "sandbox")
    try:
        found.sandbox("up", *[part for name in ("aws", "oracle", "oidc") for part in ("--without", name)])
        found.environment = found._environment()
        found.cluster = found._cluster()
        yield found
    finally:
        found.down()


def test_what_users_wrote_outlives_the_chart_and_the_chart_comes_back(cluster: Lab) -> None:
    def install(name: str, *more: str) -> str:
        return cluster.helm("install", name, str(CHART), "-n", name, "--create-namespace", *more)

    def kinds() -> set[str]:
        return set(cluster.kubectl("get", "crds", "-o", "name").split())

    everything = {f"customresourcedefinition.apiextensions.k8s.io/{name}.oracleapi.dev" for name in OWN}
    provider = {
        "apiVersion": "oracleapi.dev/v1alpha1",
        "kind": "IdentityProvider",
        "metadata": {"name": "staff"},
        "spec": {"issuer": "https://login.example.com", "audiences": ["hr-api"]},
    }
    install("one")
    cluster.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
    cluster.apply(provider)

    cluster.helm("uninstall", "one", "-n", "one")
    assert kinds() == everything
    uid = cluster.get("idp", "staff")["metadata"]["uid"]

    install("one")
    assert cluster.get("idp", "staff")["metadata"]["uid"] == uid

    # The kinds belong to the first release; a second one says so, and works without bringing them.
    with pytest.raises(CommandError, match="cannot be imported into the current release"):
        install("two")
    install("two", "--set", "crds.enabled=false")
    cluster.helm("uninstall", "two", "-n", "two")
    assert kinds() == everything

    cluster.helm("upgrade", "one", str(CHART), "-n", "one", "--set", "crds.keep=false")
    cluster.helm("uninstall", "one", "-n", "one", "--wait")
    assert kinds() == set()
