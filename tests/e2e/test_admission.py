"""What the API server takes and what it refuses, with the sentence that the author reads.

The manifests are those of ``tests/corpus``; ``tests/unit/api/test_corpus.py`` holds that none is missing.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from oracleapi.api.crd import KINDS, Kind, kind_named
from support.admission import edited, tried, tried_again
from support.corpus import Manifest, Refused, accepted, breaches, refused
from support.lab import NAMESPACE, CommandError, Lab

EVERY_KIND = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


@pytest.fixture
def before(admission: Lab, case: Refused) -> Iterator[None]:
    """What the case's change is made to, stored."""
    if case.before is None:
        yield
        return
    admission.apply(case.before)
    yield
    admission.kubectl("delete", "-f", "-", stdin=json.dumps(case.before))


# What is accepted, and what is refused with a sentence


@pytest.mark.parametrize("name", sorted(accepted()))
def test_a_good_manifest_is_accepted(admission: Lab, name: str) -> None:
    assert tried(admission, accepted()[name]) == []


@pytest.mark.parametrize("case", refused(), ids=lambda case: case.name)
def test_a_bad_manifest_is_refused_with_one_sentence(admission: Lab, before: None, case: Refused) -> None:
    ((field, sentence),) = (tried_again if case.before else tried)(admission, case.manifest)
    assert field == case.field
    assert case.sentence in sentence


@EVERY_KIND
def test_every_bound_is_held_where_it_is(admission: Lab, kind: Kind) -> None:
    manifests = [manifest for manifest in accepted().values() if manifest["kind"] == kind.name]
    cases = {bound: case for manifest in manifests for bound, case in breaches(kind, manifest)}
    assert len(cases) > 20
    missed = {}
    for case in cases.values():
        faults = tried(admission, case.manifest)
        told = any(field == case.field and case.sentence in sentence for field, sentence in faults)
        # a rule of the field, or of what it stands in, may have something to say too
        if not told or not all(case.field.startswith(field) for field, _ in faults):
            missed[case.name] = faults
    assert missed == {}


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("AwsAccount", "allowedNamespaces.all"),
        ("AwsAccount", "iam.boundary"),
        ("AwsAccount", "assumeRole.policy"),
        ("AwsAccount", "delegations.0.adoptApiIds"),
        ("VpcLink", "keepAwake"),
        ("OracleDatabase", "ords.accessLog"),
        ("OracleDatabase", "delegations.0.tablespaces"),
        ("OracleRole", "grants.0.on"),
        ("OracleDatabase", "ords.gatewayTarget.url"),
        ("IdentityProvider", "claims.scope"),
        ("RoleBinding", "deletionPolicy"),
        ("SecretRotation", "mode"),
        ("SecretRotation", "password.value"),
        ("SecretRotation", "schedule.everyHours"),
        ("SecretRotation", "secret.secretId"),
        ("SecretRotation", "consumers.0.namespace"),
        ("OracleApi", "adopt"),
        ("OracleApi", "cors"),
        ("OracleApi", "domain"),
        ("OracleApi", "type"),
        ("OracleApi", "stage.name"),
        ("OracleApi", "auth.iam"),
        ("OracleApi", "auth.jwt.claims"),
        ("OracleApi", "routes.0.handlerFrom"),
        ("OracleApi", "routes.0.handler.sourceFrom"),
        ("OracleApi", "routes.0.handler.parameters.0.required"),
    ],
)
def test_no_field_is_read_and_ignored(admission: Lab, kind: str, path: str) -> None:
    ((_, said),) = tried(admission, edited(accepted()[f"{kind.lower()}/maximal"], {path: {"x": "y"}}))
    named = ".".join(["spec", *path.split(".")]).replace(".0.", "[0].")
    assert f'unknown field "{named}"' in said


def test_kubectl_itself_refuses_an_unknown_field(admission: Lab) -> None:
    wrong = json.dumps(edited(accepted()["oracleapi/minimal"], {"cors": {"allowOrigins": ["*"]}}))
    with pytest.raises(CommandError, match=r'unknown field "spec\.cors"'):
        admission.kubectl("apply", "--dry-run=server", "-f", "-", stdin=wrong)


# Updates


@pytest.fixture(scope="module")
def stored(admission: Lab) -> Iterator[dict[str, Manifest]]:
    """One object of each kind that sets every field."""
    found = {kind.name: edited(accepted()[f"{kind.name.lower()}/maximal"], {}) for kind in KINDS}
    for manifest in found.values():
        manifest["metadata"]["name"] = "stored"
    admission.apply("\n---\n".join(json.dumps(manifest) for manifest in found.values()))
    yield found
    for manifest in found.values():
        admission.kubectl("delete", "-f", "-", stdin=json.dumps(manifest))


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        ("AwsAccount", "tags", {"cost-centre": "43"}),
        ("AwsAccount", "iam.attachToRolePath", "/callers/sales/"),
        ("VpcLink", "subnetIds", ["subnet-a", "subnet-b"]),
        ("VpcLink", "securityGroupIds", ["sg-a"]),
        ("OracleDatabase", "connection.host", "other.internal"),
        ("OracleDatabase", "environment", "prod"),
        ("IdentityProvider", "audiences", ["other"]),
        ("SecretRotation", "strategy", "Rollover"),
        ("SecretRotation", "schedule.cron", "0 3 * * SUN"),
        ("SecretRotation", "windows", []),
        ("SecretRotation", "consumers.0.waitForSecret.key", "other"),
        ("OracleApi", "itemsPerPage", 99),
        ("OracleApi", "routes.0.scope", "hr.write"),
    ],
)
def test_what_can_change_may_change(
    admission: Lab, stored: dict[str, Manifest], kind: str, path: str, value: Any
) -> None:
    assert tried_again(admission, edited(stored[kind], {path: value})) == []


def test_a_second_apply_is_unchanged(admission: Lab, stored: dict[str, Manifest]) -> None:
    said = admission.apply("\n---\n".join(json.dumps(manifest) for manifest in stored.values()))
    assert [line.rsplit(" ", 1)[1] for line in said.splitlines()] == ["unchanged"] * len(stored)


@EVERY_KIND
def test_a_diff_of_what_was_applied_is_empty(admission: Lab, stored: dict[str, Manifest], kind: Kind) -> None:
    assert admission.kubectl("diff", "-f", "-", stdin=json.dumps(stored[kind.name])) == ""


# Sizes

SAME = "two routes have the same method and path; give each route its own"


def _routes(count: int, path: int = 128) -> list[dict[str, Any]]:
    """Return routes whose every string is as long as it may be, sources together as long as they may be."""
    return [
        {
            "name": f"r{n:03d}".ljust(63, "x"),
            "method": "DELETE",
            "path": f"/{'x' * (path - 4)}{n:03d}",
            "scope": f"{n:03d}".ljust(64, "s"),
            "handler": {
                "source": "s" * min(524288 // count, 32768),
                "parameters": [{"name": f"p{m}".ljust(128, "x"), "in": "Query"} for m in range(4)],
            },
            "throttle": {"requestsPerSecond": 10000, "burst": 5000},
        }
        for n in range(count)
    ]


def test_three_hundred_routes_of_the_longest_strings_cost_no_rule_too_much(
    admission: Lab, stored: dict[str, Manifest]
) -> None:
    manifest = accepted()["oracleapi/maximal"]
    for path in (90, 128):
        assert tried(admission, edited(manifest, {"routes": _routes(300, path)})) == []
        assert tried_again(admission, edited(stored["OracleApi"], {"routes": _routes(300, path)})) == []


@pytest.mark.parametrize(
    ("count", "path", "named"),
    [(150, 128, True), (200, 128, False), (300, 90, False)],
)
def test_a_route_that_is_there_twice_is_told_in_our_words(admission: Lab, count: int, path: int, named: bool) -> None:
    routes = _routes(count, path)
    routes[-1]["path"] = routes[0]["path"]
    ((field, said),) = tried(admission, edited(accepted()["oracleapi/maximal"], {"routes": routes}))
    offenders = f': ["{routes[0]["name"]}", "{routes[-1]["name"]}"]' if named else ""
    assert (field, said) == ("spec.routes", f"Invalid value: {SAME}{offenders}")


def test_among_very_many_long_routes_the_server_adds_its_own_words(admission: Lab) -> None:
    """Comparing each of them with each would cost more than a rule may."""
    routes = _routes(300)
    routes[299]["path"] = routes[0]["path"]
    ((field, said),) = tried(admission, edited(accepted()["oracleapi/maximal"], {"routes": routes}))
    assert field == "spec.routes"
    assert said.endswith(f"already exists evaluating rule: {SAME}")


def test_three_hundred_public_routes_with_a_scope_are_told_without_their_names(admission: Lab) -> None:
    routes = [route | {"auth": "Public"} for route in _routes(300)]
    ((_, said),) = tried(admission, edited(accepted()["oracleapi/maximal"], {"routes": routes}))
    assert "a Public or IAM route has no scope; remove scope or auth from: more routes than fit here" in said


def test_sources_that_are_too_long_together_are_refused(admission: Lab) -> None:
    routes = _routes(20)
    routes[0]["handler"]["source"] += "s" * 100
    ((field, said),) = tried(admission, edited(accepted()["oracleapi/maximal"], {"routes": routes}))
    assert field == "spec.routes"
    assert "all handler sources together must not be longer than 524288 characters" in said


# The names


def test_short_names_and_the_category_find_ours_and_nobody_else_s(admission: Lab, stored: dict[str, Manifest]) -> None:
    listed = admission.kubectl("api-resources", "--api-group=oracleapi.dev", "--no-headers", "-o", "wide")
    short = {line.split()[0]: line.split()[1] for line in listed.splitlines()}
    assert short == {
        "awsaccounts": "awsacct",
        "identityproviders": "idp",
        "oracleapis": "oapi",
        "oracledatabases": "odb",
        "oracleroles": "orole",
        "rolebindings": "orb,oraclerolebinding",
        "secretrotations": "srot",
        "vpclinks": "vpcl",
    }
    everything = admission.kubectl("get", "all-oracle", "-A", "-o", "name").split()
    assert set(everything) == {
        f"{kind.singular}.oracleapi.dev/{manifest['metadata']['name']}"
        for kind, manifest in ((kind_named(manifest["kind"]), manifest) for manifest in stored.values())
    }


def test_rolebinding_is_still_kubernetes_s_own(admission: Lab) -> None:
    found = admission.kubectl("-n", NAMESPACE, "get", "rolebinding", "-o", "name").split()
    assert found
    assert all(name.startswith("rolebinding.rbac.authorization.k8s.io/") for name in found)


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("oapi.spec.routes", ["method", "path", "scope", "handler", "-required-", "One method and path"]),
        ("oapi.spec.routes.handler", ["source", "parameters", "Collection for GET, PlSql for the others"]),
        ("oapi.spec.auth.jwt", ["providerRef", "defaultScope", "audience"]),
        ("oapi.status", ["endpoint", "routesServing", "conditions", "drift"]),
        ("awsacct.spec", ["accountId", "region", "Checked against sts GetCallerIdentity"]),
        ("vpcl.spec", ["subnetIds", "securityGroupIds", "allowedNamespaces"]),
        ("odb.spec.ords", ["baseUrl", "gatewayTarget", "metadataCacheSeconds", "How API Gateway reaches ORDS"]),
        ("srot.spec", ["account", "strategy", "schedule", "consumers", "Auto: Rollover where"]),
        ("srot.status", ["activeAccount", "lastRotationTime", "nextRotationTime", "history"]),
        ("idp.spec", ["issuer", "audiences", "Exactly the iss claim"]),
    ],
)
def test_kubectl_explains_the_fields(admission: Lab, field: str, words: list[str]) -> None:
    explained = admission.kubectl("explain", field)
    for word in words:
        assert word in explained
