"""What the API server takes and what it refuses, with the sentence that the author reads."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from support.admission import REMOVED, edited, manifests, tried, tried_again
from support.lab import NAMESPACE, CommandError, Lab

A_ROUTE = {"name": "more", "method": "GET", "path": "/more", "handler": {"source": "select 1 as one from dual"}}
EVERYBODY = {"names": ["hr"], "selector": {"matchLabels": {"team": "hr"}}}
NAME = "must be a name of lower-case letters, digits and '-', such as hr-read"
SCOPE = "must be one scope as it stands in the token, without blanks, quotes or backslashes, such as hr.read"
UPPER = "schema 'hr_api' must be in upper case, such as HR_API"
OURS = "must not be a schema of Oracle, of ORDS or of this operator"
BASE_PATH = "must be /segments without variables and without a slash at the end, such as /hr/v1"
ORDS_PATH = "must not begin with /ords, which carries the link routes, and must not hold . or .. segments"
PATH = "must be made of /segments and {variables}, such as /employees/{id}"
HOST = "must be a host name or an IPv4 address, without scheme, port or descriptor"
ISSUER = "must be an https URL without query, fragment or user, exactly as in the iss claim"
BASE_URL = "must be an https URL that ends with the context path, such as https://ords.internal:8443/ords"
ACCOUNT = "must be the 12 digits of an AWS account, quoted in YAML"
IMMUTABLE = "is immutable: delete the object and create it again to change it"


@pytest.fixture(scope="module")
def valid(lab: Lab) -> dict[str, dict[str, Any]]:
    return manifests(lab)


# What is accepted


@pytest.mark.parametrize(
    ("kind", "edits"),
    [
        ("AwsAccount", {}),
        ("AwsAccount", {"endpointUrl": REMOVED, "credentialsSecretRef": REMOVED, "allowedNamespaces": REMOVED}),
        ("AwsAccount", {"region": "us-gov-west-1", "tags": {f"k{n}": "v" * 256 for n in range(40)}}),
        ("AwsAccount", {"resyncSeconds": 86400, "suspend": True, "allowedNamespaces": EVERYBODY}),
        ("VpcLink", {"subnetIds": [f"subnet-{n:x}" for n in range(10)]}),
        ("VpcLink", {"securityGroupIds": [f"sg-{n:x}" for n in range(5)], "deletionPolicy": "Retain"}),
        ("OracleDatabase", {"connection.port": REMOVED, "ords.caSecretRef": REMOVED, "delegations": REMOVED}),
        ("OracleDatabase", {"connection.host": "10.0.0.7", "connection.serviceName": "FREEPDB1.example.com"}),
        ("OracleDatabase", {"defaultThrottle": {"requestsPerSecond": 10000, "burst": 5000}}),
        ("OracleDatabase", {"ords.metadataCacheSeconds": 0, "ords.traceHeader": "X-Trace"}),
        ("IdentityProvider", {"issuer": "https://login.example.com/tenant/v2.0/"}),
        ("IdentityProvider", {"audiences": [f"api://{n}" for n in range(50)], "caSecretRef": REMOVED}),
        ("OracleApi", {}),
        ("OracleApi", {"stage": REMOVED, "itemsPerPage": REMOVED, "links": False, "deletionPolicy": "Retain"}),
        ("OracleApi", {"routes.0.path": "/"}),
        ("OracleApi", {"routes.0.path": "/a-b_c.d~e/{x}/{y}"}),
        ("OracleApi", {"auth.jwt.defaultScope": "https://example.com/scopes/read:all", "auth.jwt.audience": "hr-api"}),
        ("OracleApi", {"schema": "HR$API#2", "basePath": "/a/b/c/d"}),
        ("OracleApi", {"stage.accessLog.retentionDays": 3653, "stage.detailedMetrics": False}),
        ("OracleApi", {"routes": [A_ROUTE | {"auth": "Public"}], "auth": REMOVED}),
    ],
    ids=str,
)
def test_a_good_manifest_is_accepted(
    lab: Lab, valid: dict[str, dict[str, Any]], kind: str, edits: dict[str, Any]
) -> None:
    assert tried(lab, edited(valid[kind], edits)) == ""


# What is refused, with the sentence

REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("AwsAccount", {"accountId": "12345"}, ACCOUNT),
    ("AwsAccount", {"accountId": "12345678901x"}, ACCOUNT),
    ("AwsAccount", {"accountId": 123456789012}, "must be of type string"),
    ("AwsAccount", {"accountId": REMOVED}, "spec.accountId: Required value"),
    ("AwsAccount", {"region": "Ireland"}, "must be a region such as eu-west-1"),
    ("AwsAccount", {"region": "eu-west-1a"}, "must be a region such as eu-west-1"),
    ("AwsAccount", {"region": REMOVED}, "spec.region: Required value"),
    ("AwsAccount", {"resyncSeconds": 59}, "should be greater than or equal to 60"),
    ("AwsAccount", {"resyncSeconds": 86401}, "should be less than or equal to 86400"),
    ("AwsAccount", {"resyncSeconds": "300"}, "must be of type integer"),
    ("AwsAccount", {"suspend": "yes"}, "must be of type boolean"),
    ("AwsAccount", {"tags": {f"k{n}": "v" for n in range(41)}}, "must have at most 40 items"),
    ("AwsAccount", {"tags": {"k": "v" * 257}}, "may not be more than 256"),
    ("AwsAccount", {"credentialsSecretRef": {"name": ""}}, "should be at least 1 chars long"),
    ("AwsAccount", {"credentialsSecretRef": {"key": "x"}}, "spec.credentialsSecretRef.name: Required value"),
    ("AwsAccount", {"allowedNamespaces.names": ["hr", "hr"]}, 'Duplicate value: "hr"'),
    (
        "AwsAccount",
        {"allowedNamespaces.selector": {"matchExpressions": [{"key": "team", "operator": "Like"}]}},
        'Unsupported value: "Like": supported values: "In", "NotIn", "Exists", "DoesNotExist"',
    ),
    ("VpcLink", {"accountRef.name": "Main"}, NAME),
    ("VpcLink", {"accountRef.name": "a" * 64}, "may not be more than 63"),
    ("VpcLink", {"accountRef": REMOVED}, "spec.accountRef: Required value"),
    ("VpcLink", {"subnetIds": ["vpc-1"]}, "must be a subnet-… id"),
    ("VpcLink", {"subnetIds": ["subnet-XYZ"]}, "must be a subnet-… id"),
    ("VpcLink", {"subnetIds": []}, "should have at least 1 items"),
    ("VpcLink", {"subnetIds": [f"subnet-{n:x}" for n in range(11)]}, "must have at most 10 items"),
    ("VpcLink", {"subnetIds": ["subnet-1", "subnet-1"]}, 'Duplicate value: "subnet-1"'),
    ("VpcLink", {"securityGroupIds": ["subnet-1"]}, "must be an sg-… id"),
    ("VpcLink", {"securityGroupIds": [f"sg-{n:x}" for n in range(6)]}, "must have at most 5 items"),
    ("VpcLink", {"deletionPolicy": "Keep"}, 'Unsupported value: "Keep": supported values: "Delete", "Retain"'),
    ("OracleDatabase", {"connection.host": "db:1521"}, HOST),
    ("OracleDatabase", {"connection.host": "tcps://db"}, HOST),
    ("OracleDatabase", {"connection.host": "(DESCRIPTION=(ADDRESS=))"}, HOST),
    ("OracleDatabase", {"connection.host": "db?wallet_location=/tmp"}, HOST),
    ("OracleDatabase", {"connection.host": "db\n"}, HOST),
    ("OracleDatabase", {"connection.port": 0}, "should be greater than or equal to 1"),
    ("OracleDatabase", {"connection.port": 65536}, "should be less than or equal to 65535"),
    ("OracleDatabase", {"connection.serviceName": "PDB1?x=y"}, "must be a service name such as FREEPDB1"),
    ("OracleDatabase", {"connection.serviceName": "a)(b"}, "must be a service name such as FREEPDB1"),
    ("OracleDatabase", {"connection.protocol": "TCPS"}, 'Unsupported value: "TCPS": supported values: "TCP"'),
    ("OracleDatabase", {"connection.tcpConnectTimeoutSeconds": 61}, "should be less than or equal to 60"),
    ("OracleDatabase", {"credentials": {}}, "spec.credentials.secretRef: Required value"),
    ("OracleDatabase", {"environment": "Prod"}, "must be a word such as prod"),
    ("OracleDatabase", {"ords.baseUrl": "http://ords/ords"}, BASE_URL),
    ("OracleDatabase", {"ords.baseUrl": "https://ords/ords/"}, BASE_URL),
    ("OracleDatabase", {"ords.baseUrl": "https://ords"}, BASE_URL),
    ("OracleDatabase", {"ords.baseUrl": "https://user@ords/ords"}, BASE_URL),
    (
        "OracleDatabase",
        {"ords.gatewayTarget.listenerArn": "arn:aws:lambda:eu-west-1:1:function:x"},
        "must be the ARN of",
    ),
    ("OracleDatabase", {"ords.gatewayTarget.serverName": "https://x"}, HOST),
    ("OracleDatabase", {"ords.gatewayTarget.vpcLinkRef": REMOVED}, "gatewayTarget.vpcLinkRef: Required value"),
    ("OracleDatabase", {"ords.metadataCacheSeconds": 301}, "should be less than or equal to 300"),
    ("OracleDatabase", {"ords.traceHeader": "Request Id"}, "must be a header name such as Request-Id"),
    ("OracleDatabase", {"defaultThrottle": {"requestsPerSecond": 1}}, "spec.defaultThrottle.burst: Required value"),
    ("OracleDatabase", {"defaultThrottle": {"requestsPerSecond": 0, "burst": 1}}, "greater than or equal to 1"),
    ("OracleDatabase", {"delegations.0.schemas": ["hr_api"]}, UPPER),
    ("OracleDatabase", {"delegations.0.schemas": ["SYS"]}, OURS),
    ("OracleDatabase", {"delegations.0.schemas": ["ORDS_METADATA"]}, OURS),
    ("OracleDatabase", {"delegations.0.schemas": []}, "should have at least 1 items"),
    ("OracleDatabase", {"delegations.0.schemas": ["A", "A"]}, 'Duplicate value: "A"'),
    ("OracleDatabase", {"delegations.0.namespaces": REMOVED}, "spec.delegations[0].namespaces: Required value"),
    ("IdentityProvider", {"issuer": "http://login.example.com"}, ISSUER),
    ("IdentityProvider", {"issuer": "https://login.example.com?x=1"}, ISSUER),
    ("IdentityProvider", {"issuer": "https://user@login.example.com"}, ISSUER),
    ("IdentityProvider", {"issuer": "login.example.com"}, ISSUER),
    ("IdentityProvider", {"audiences": []}, "should have at least 1 items"),
    ("IdentityProvider", {"audiences": ["a", "a"]}, 'Duplicate value: "a"'),
    ("IdentityProvider", {"audiences": [str(n) for n in range(51)]}, "must have at most 50 items"),
    ("OracleApi", {"databaseRef.name": "HR.db"}, NAME),
    ("OracleApi", {"databaseRef": REMOVED}, "spec.databaseRef: Required value"),
    ("OracleApi", {"schema": "hr_api"}, UPPER),
    ("OracleApi", {"schema": "HR API"}, "must be in upper case: a letter, then letters, digits, _, $ or #"),
    ("OracleApi", {"schema": "HR\nAPI"}, "must be in upper case: a letter, then letters, digits, _, $ or #"),
    ("OracleApi", {"schema": "SYSTEM"}, OURS),
    ("OracleApi", {"schema": "ORDS_PUBLIC_USER"}, OURS),
    ("OracleApi", {"schema": "ORACLEAPI"}, OURS),
    ("OracleApi", {"basePath": "hr"}, BASE_PATH),
    ("OracleApi", {"basePath": "/hr/"}, BASE_PATH),
    ("OracleApi", {"basePath": "/hr/{id}"}, BASE_PATH),
    ("OracleApi", {"basePath": "/hr v1"}, BASE_PATH),
    ("OracleApi", {"basePath": "/"}, "should be at least 2 chars long"),
    ("OracleApi", {"basePath": "/ords"}, ORDS_PATH),
    ("OracleApi", {"basePath": "/ords/x"}, ORDS_PATH),
    ("OracleApi", {"basePath": "/hr/../v1"}, ORDS_PATH),
    ("OracleApi", {"stage.throttle": {"burst": 1}}, "spec.stage.throttle.requestsPerSecond: Required value"),
    ("OracleApi", {"stage.accessLog.retentionDays": 2}, "Unsupported value: 2: supported values:"),
    ("OracleApi", {"auth.jwt.providerRef": REMOVED}, "spec.auth.jwt.providerRef: Required value"),
    ("OracleApi", {"auth.jwt.defaultScope": "hr.read hr.write"}, SCOPE),
    ("OracleApi", {"auth.jwt.defaultScope": "hr\\read"}, SCOPE),
    ("OracleApi", {"auth.jwt.defaultScope": 'hr"read'}, SCOPE),
    ("OracleApi", {"routes.0.scope": "hr'read"}, SCOPE),
    ("OracleApi", {"routes.0.scope": "s" * 65}, "may not be more than 64"),
    ("OracleApi", {"itemsPerPage": 0}, "should be greater than or equal to 1"),
    ("OracleApi", {"deletionPolicy": "Orphan"}, 'supported values: "Delete", "Retain"'),
    ("OracleApi", {"routes": []}, "should have at least 1 items"),
    ("OracleApi", {"routes": REMOVED}, "spec.routes: Required value"),
    ("OracleApi", {"routes.0.name": "List"}, NAME),
    ("OracleApi", {"routes.0.name": "-list"}, NAME),
    ("OracleApi", {"routes.0.name": REMOVED}, "name: Required value"),
    ("OracleApi", {"routes.0.name": "health"}, 'Duplicate value: {"name":"health"}'),
    ("OracleApi", {"routes.0.method": "PATCH"}, 'supported values: "GET", "POST", "PUT", "DELETE"'),
    ("OracleApi", {"routes.0.method": "ANY"}, 'supported values: "GET", "POST", "PUT", "DELETE"'),
    ("OracleApi", {"routes.0.method": "get"}, 'Unsupported value: "get"'),
    ("OracleApi", {"routes.0.path": "employees"}, f"path 'employees' {PATH}"),
    ("OracleApi", {"routes.0.path": "/employees/:id"}, f"path '/employees/:id' {PATH}; write {{id}}, not :id"),
    ("OracleApi", {"routes.0.path": "/employees/"}, PATH),
    ("OracleApi", {"routes.0.path": "/employees\n"}, PATH),
    ("OracleApi", {"routes.0.path": "/a//b"}, PATH),
    ("OracleApi", {"routes.0.path": "/a/{x+}"}, PATH),
    ("OracleApi", {"routes.0.path": "/a/x{y}"}, PATH),
    ("OracleApi", {"routes.0.path": "/a%2fb"}, PATH),
    ("OracleApi", {"routes.0.path": "/a?b=c"}, PATH),
    ("OracleApi", {"routes.0.path": "/a/../b"}, "must not hold . or .. segments"),
    ("OracleApi", {"routes.0.path": "/a/."}, "must not hold . or .. segments"),
    ("OracleApi", {"routes.0.path": "/" + "a" * 128}, "may not be more than 128"),
    ("OracleApi", {"routes.0.auth": "IAM"}, 'Unsupported value: "IAM": supported values: "JWT", "Public"'),
    ("OracleApi", {"routes.0.handler": REMOVED}, "spec.routes[0].handler: Required value"),
    ("OracleApi", {"routes.0.handler.source": REMOVED}, "spec.routes[0].handler.source: Required value"),
    ("OracleApi", {"routes.0.handler.source": ""}, "should be at least 1 chars long"),
    ("OracleApi", {"routes.0.handler.source": "x" * 32769}, "may not be more than 32768"),
    ("OracleApi", {"routes.0.handler.type": "Csv"}, 'supported values: "Collection", "Item", "PlSql"'),
    ("OracleApi", {"routes.0.handler.itemsPerPage": 10001}, "should be less than or equal to 10000"),
    ("OracleApi", {"routes.0.handler.parameters.0.name": "1st"}, "must be a name such as dept or X-Tenant"),
    ("OracleApi", {"routes.0.handler.parameters.0.name": "x-oracleapi-Caller"}, "must not begin with X-OracleApi-"),
    ("OracleApi", {"routes.0.handler.parameters.0.in": "Body"}, '"Query", "Path", "Header", "Response"'),
    ("OracleApi", {"routes.0.handler.parameters.0.in": REMOVED}, "parameters[0].in: Required value"),
    (
        "OracleApi",
        {"routes.0.handler.parameters.0.bind": ":dept"},
        "must be a bind variable without colon, such as dept",
    ),
    ("OracleApi", {"routes.0.handler.parameters.0.type": "Number"}, 'Unsupported value: "Number"'),
    ("OracleApi", {"routes.0.handler.parameters.0.access": "Inout"}, 'supported values: "In", "Out", "InOut"'),
    ("OracleApi", {"routes.0.throttle": {"requestsPerSecond": 5}}, "spec.routes[0].throttle.burst: Required value"),
    ("OracleApi", {"routes.0.throttle": {"requestsPerSecond": 5, "burst": 5001}}, "less than or equal to 5000"),
    ("OracleApi", {"routes.0.timeoutMilliseconds": 30001}, "should be less than or equal to 30000"),
    ("OracleApi", {"routes.0.timeoutMilliseconds": 49}, "should be greater than or equal to 50"),
    (
        "OracleApi",
        {"routes.4": A_ROUTE | {"path": "/health"}},
        "two routes have the same method and path; give each route its own",
    ),
    (
        "OracleApi",
        {"auth.jwt.defaultScope": REMOVED},
        "every JWT route needs a scope, or set spec.auth.jwt.defaultScope; without one:"
        ' ["list-employees", "get-employee"]',
    ),
    (
        "OracleApi",
        {"auth": REMOVED},
        "set spec.auth.jwt, or auth: Public on the route; without spec.auth.jwt no token can be checked for:"
        ' ["list-employees", "get-employee", "create-employee"]',
    ),
    (
        "OracleApi",
        {"routes.3.scope": "hr.read"},
        'a Public route has no scope; remove scope or auth: Public from: ["health"]',
    ),
]


@pytest.mark.parametrize(("kind", "edits", "sentence"), REFUSED, ids=lambda value: str(value)[:60])
def test_a_bad_manifest_is_refused_with_a_sentence(
    lab: Lab, valid: dict[str, dict[str, Any]], kind: str, edits: dict[str, Any], sentence: str
) -> None:
    assert sentence in tried(lab, edited(valid[kind], edits))


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("AwsAccount", "assumeRole"),
        ("AwsAccount", "callBudget"),
        ("AwsAccount", "allowedNamespaces.all"),
        ("VpcLink", "keepAwake"),
        ("OracleDatabase", "ords.guard"),
        ("OracleDatabase", "connection.walletSecretRef"),
        ("OracleDatabase", "delegations.0.roles"),
        ("OracleDatabase", "ords.gatewayTarget.url"),
        ("IdentityProvider", "claims"),
        ("OracleApi", "mode"),
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
def test_no_field_is_read_and_ignored(lab: Lab, valid: dict[str, dict[str, Any]], kind: str, path: str) -> None:
    said = tried(lab, edited(valid[kind], {path: {"x": "y"}}))
    named = ".".join(["spec", *path.split(".")]).replace(".0.", "[0].")
    assert f'unknown field "{named}"' in said


@pytest.mark.parametrize("name", ["a.b", "x" * 64])
def test_a_name_that_nobody_could_refer_to_is_refused(lab: Lab, valid: dict[str, dict[str, Any]], name: str) -> None:
    for manifest in valid.values():
        renamed = {**manifest, "metadata": {**manifest["metadata"], "name": name}}
        assert "metadata.name must have at most 63 lower-case letters" in tried(lab, renamed)


def test_kubectl_itself_refuses_an_unknown_field(lab: Lab, valid: dict[str, dict[str, Any]]) -> None:
    wrong = json.dumps(edited(valid["OracleApi"], {"cors": {"allowOrigins": ["*"]}}))
    with pytest.raises(CommandError, match=r'unknown field "spec\.cors"'):
        lab.kubectl("apply", "--dry-run=server", "-f", "-", stdin=wrong)


# Updates


@pytest.fixture(scope="module")
def stored(lab: Lab, valid: dict[str, dict[str, Any]]) -> Iterator[dict[str, dict[str, Any]]]:
    """One object of each kind, suspended, so that the operator leaves it alone."""
    found = {kind: edited(manifest, {"suspend": True}) for kind, manifest in valid.items()}
    for manifest in found.values():
        manifest["metadata"]["name"] = "stored"
    lab.apply("\n---\n".join(json.dumps(manifest) for manifest in found.values()))
    yield found
    for manifest in reversed(found.values()):
        lab.kubectl("delete", "-f", "-", "--timeout=60s", stdin=json.dumps(manifest))


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        ("AwsAccount", "accountId", "210987654321"),
        ("AwsAccount", "region", "eu-central-1"),
        ("VpcLink", "accountRef.name", "other"),
        ("VpcLink", "subnetIds", ["subnet-9"]),
        ("VpcLink", "securityGroupIds", ["sg-9"]),
        ("OracleApi", "databaseRef.name", "other"),
        ("OracleApi", "schema", "OTHER_API"),
        ("OracleApi", "basePath", "/other"),
    ],
)
def test_what_cannot_change_says_what_to_do_instead(
    lab: Lab, stored: dict[str, dict[str, Any]], kind: str, path: str, value: Any
) -> None:
    said = tried_again(lab, edited(stored[kind], {path: value}))
    assert f"spec.{path.removesuffix('.name')}: Invalid value" in said
    assert IMMUTABLE in said


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        ("AwsAccount", "tags", {"cost-centre": "43"}),
        ("VpcLink", "deletionPolicy", "Retain"),
        ("OracleDatabase", "connection.host", "other.internal"),
        ("OracleDatabase", "environment", "prod"),
        ("IdentityProvider", "audiences", ["other"]),
        ("OracleApi", "itemsPerPage", 99),
        ("OracleApi", "routes.0.scope", "hr.write"),
        ("OracleApi", "routes.0.auth", "JWT"),
    ],
)
def test_what_can_change_may_change(
    lab: Lab, stored: dict[str, dict[str, Any]], kind: str, path: str, value: Any
) -> None:
    assert tried_again(lab, edited(stored[kind], {path: value})) == ""


def test_a_second_apply_is_unchanged(lab: Lab, stored: dict[str, dict[str, Any]]) -> None:
    said = lab.apply("\n---\n".join(json.dumps(manifest) for manifest in stored.values()))
    assert [line.rsplit(" ", 1)[1] for line in said.splitlines()] == ["unchanged"] * len(stored)


def test_a_diff_of_what_was_applied_is_empty(lab: Lab, stored: dict[str, dict[str, Any]]) -> None:
    assert lab.kubectl("diff", "-f", "-", stdin=json.dumps(stored["OracleApi"])) == ""


# Sizes


def _routes(count: int) -> list[dict[str, Any]]:
    """Return routes whose every string is as long as it may be, sources together as long as they may be."""
    return [
        {
            "name": f"r{n:03d}".ljust(63, "x"),
            "method": "GET",
            "path": f"/{n:03d}".ljust(128, "x"),
            "scope": f"{n:03d}".ljust(64, "s"),
            "handler": {
                "source": "s" * (524288 // count),
                "parameters": [{"name": f"p{m}".ljust(128, "x"), "in": "Query"} for m in range(4)],
            },
            "throttle": {"requestsPerSecond": 10000, "burst": 5000},
        }
        for n in range(count)
    ]


def test_three_hundred_routes_of_the_longest_strings_cost_no_rule_too_much(
    lab: Lab, valid: dict[str, dict[str, Any]], stored: dict[str, dict[str, Any]]
) -> None:
    assert tried(lab, edited(valid["OracleApi"], {"routes": _routes(300)})) == ""
    assert tried_again(lab, edited(stored["OracleApi"], {"routes": _routes(300)})) == ""


def test_three_hundred_routes_with_a_fault_say_which(lab: Lab, valid: dict[str, dict[str, Any]]) -> None:
    routes = _routes(300)
    routes[299]["path"] = routes[0]["path"]
    assert "two routes have the same method and path" in tried(lab, edited(valid["OracleApi"], {"routes": routes}))
    routes = _routes(300)
    for route in routes:
        route["auth"] = "Public"
    said = tried(lab, edited(valid["OracleApi"], {"routes": routes}))
    assert "a Public route has no scope; remove scope or auth: Public from: more routes than fit here" in said


def test_one_route_too_many_and_sources_too_long_are_refused(lab: Lab, valid: dict[str, dict[str, Any]]) -> None:
    assert "must have at most 300 items" in tried(lab, edited(valid["OracleApi"], {"routes": _routes(301)}))
    routes = _routes(20)
    routes[0]["handler"]["source"] += "s" * 100
    said = tried(lab, edited(valid["OracleApi"], {"routes": routes}))
    assert "all handler sources together must not be longer than 524288 characters" in said


# The names


def test_short_names_and_the_category_find_ours_and_nobody_else_s(lab: Lab) -> None:
    listed = lab.kubectl("api-resources", "--api-group=oracleapi.dev", "--no-headers", "-o", "wide")
    short = {line.split()[0]: line.split()[1] for line in listed.splitlines()}
    assert short == {
        "awsaccounts": "awsacct",
        "identityproviders": "idp",
        "oracleapis": "oapi",
        "oracledatabases": "odb",
        "vpclinks": "vpcl",
    }
    everything = lab.kubectl("get", "all-oracle", "-A", "-o", "name").split()
    assert {
        "awsaccount.oracleapi.dev/main",
        "identityprovider.oracleapi.dev/staff",
        "oracledatabase.oracleapi.dev/hr-db",
        "vpclink.oracleapi.dev/private",
    } <= set(everything)
    assert all(".oracleapi.dev/" in name for name in everything)


def test_rolebinding_is_still_kubernetes_s_own(lab: Lab) -> None:
    found = lab.kubectl("-n", NAMESPACE, "get", "rolebinding", "-o", "name").split()
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
        ("idp.spec", ["issuer", "audiences", "Exactly the iss claim"]),
    ],
)
def test_kubectl_explains_the_fields(lab: Lab, field: str, words: list[str]) -> None:
    explained = lab.kubectl("explain", field)
    for word in words:
        assert word in explained
