"""What people read: columns, conditions and events, each with the sentence and the way out."""

import copy
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from support.lab import NAMESPACE, Lab, wait_for

OFFERS = {"awsacct": "main", "idp": "staff", "odb": "hr-db", "vpcl": "private"}


@pytest.fixture(scope="module")
def healthy(lab: Lab, example: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The example API, Ready, for the tests that only read it."""
    lab.apply(example)
    yield lab.wait_ready("oapi", "hr", "hr")
    lab.kubectl("-n", "hr", "delete", "oapi", "--all", "--ignore-not-found", "--timeout=90s")


def table(lab: Lab, *arguments: str) -> list[list[str]]:
    """Return the rows that ``kubectl get`` prints, cell by cell."""
    return [re.split(r" {2,}", line.strip()) for line in lab.kubectl("get", *arguments).splitlines()]


def described(lab: Lab, kind: str, name: str, *more: str) -> str:
    """Return what ``kubectl describe`` prints, blanks squeezed."""
    return re.sub(r"[ \t]+", " ", lab.kubectl(*more, "describe", kind, name))


def said(lab: Lab, kind: str, name: str, reason: str, *more: str) -> str:
    """Return what describe prints once Ready gives *reason*."""
    lab.wait_reason(kind, name, reason, "hr" if more else None)
    return described(lab, kind, name, *more)


IN_HR = ("-n", "hr")


# Healthy


@pytest.mark.parametrize(
    ("arguments", "titles", "row"),
    [
        (
            ("awsacct", "main"),
            ["NAME", "ACCOUNT", "REGION", "READY", "REASON", "AGE"],
            ["main", "123456789012", "eu-west-1", "True", "Succeeded"],
        ),
        (
            ("odb", "hr-db"),
            ["NAME", "VERSION", "ORDS", "ENV", "READY", "REASON", "AGE"],
            ["hr-db", r"\d+\.\d+.*", r"\d+\.\d+.*", "dev", "True", "Succeeded"],
        ),
        (
            ("vpcl", "private"),
            ["NAME", "STATE", "USEDBY", "READY", "REASON", "AGE"],
            ["private", "AVAILABLE", "1", "True", "Succeeded"],
        ),
        (
            ("idp", "staff"),
            ["NAME", "ISSUER", "KEYS", "READY", "REASON", "AGE"],
            ["staff", "https://localhost:.*", "1", "True", "Succeeded"],
        ),
        (
            ("oapi", "hr", "-n", "hr"),
            ["NAME", "TYPE", "ROUTES", "ENDPOINT", "READY", "REASON", "AGE"],
            ["hr", "HTTP", "4/4", r"https://[a-z0-9]+\.execute-api\..*", "True", "Succeeded"],
        ),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_the_columns_of_a_healthy_object(
    lab: Lab, healthy: dict[str, Any], arguments: tuple[str, ...], titles: list[str], row: list[str]
) -> None:
    if arguments[0] == "vpcl":
        wait_for("the link to count its users", lambda: lab.get("vpcl", "private")["status"].get("usedBy") == 1)
    head, found = table(lab, *arguments)
    assert head == titles
    for cell, pattern in zip(found, row, strict=False):
        assert re.fullmatch(pattern, cell), (cell, pattern)


def test_a_healthy_api_says_where_it_is_and_what_it_serves(lab: Lab, healthy: dict[str, Any]) -> None:
    text = described(lab, "oapi", "hr", *IN_HR)
    for words in (
        "Message: Serving 4 routes",
        "Message: Routes, authorizer and stage are as desired",
        "Message: Modules, privileges and profile are as desired",
        "Message: Every protected group answers 401 without a token",
        f"Endpoint: {healthy['status']['endpoint']}",
        "Key: GET /hr/v1/employees/{id}\n Name: get-employee\n State: Serving",
        "Scope: hr.write",
        "Public Routes: 1",
        "Routes Serving: 4/4",
    ):
        assert words in text, words
    assert "Stalled" not in text


def test_events_tell_the_story_of_a_birth(lab: Lab, healthy: dict[str, Any]) -> None:
    told = lab.kubectl(*IN_HR, "events", "--for", "oapi/hr")
    assert re.search(r"Normal +Succeeded +OracleApi/hr +Serving 4 routes", told)
    assert re.search(r"Warning +PublicRoutes +OracleApi/hr +1 route can be called by anybody", told)


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("awsacct", "Message: Acting as arn:aws:iam::123456789012:"),
        ("odb", "Message: The operator's account can log in"),
        ("odb", "Message: Every right that is checked is there"),
        ("odb", "Message: ORDS answers ("),
        ("vpcl", " is AVAILABLE"),
        ("idp", "Message: 1 usable signing key"),
        ("idp", "Message: Discovery and keys were fetched, as seen from here"),
    ],
)
def test_a_healthy_offer_says_what_was_checked(lab: Lab, kind: str, sentence: str) -> None:
    assert sentence in described(lab, kind, OFFERS[kind])


def test_no_secret_is_shown_anywhere(lab: Lab, healthy: dict[str, Any]) -> None:
    shown = lab.kubectl("get", "all-oracle", "-A", "-o", "yaml")
    shown += lab.kubectl("get", "events.events.k8s.io", "-A", "-o", "yaml")
    shown += (lab.folder / "operator" / "operator.log").read_text()
    for secret in (lab.operator_password, lab.environment["AWS_SECRET_ACCESS_KEY"], "BEGIN CERTIFICATE"):
        assert secret not in shown


# Refused


def test_a_second_api_on_the_same_base_path_names_the_first(
    lab: Lab, healthy: dict[str, Any], example: dict[str, Any]
) -> None:
    other = copy.deepcopy(example)
    other["metadata"]["name"] = "later"
    lab.apply(other)
    text = said(lab, "oapi", "later", "Conflict", *IN_HR)
    assert "spec.basePath: /hr/v1 overlaps with /hr/v1 of OracleApi hr in the same schema" in text
    assert "Type: Stalled" in text
    lab.kubectl(*IN_HR, "delete", "oapi", "later", "--timeout=60s")
    assert lab.get("oapi", "hr", "hr")["status"]["routesServing"] == "4/4"


def test_a_route_with_a_fault_is_named_with_the_cure_and_the_others_serve(
    lab: Lab, healthy: dict[str, Any], example: dict[str, Any]
) -> None:
    wrong = copy.deepcopy(example)
    limit = {"name": "limit", "in": "Query"}
    wrong["spec"]["routes"].append(
        {
            "name": "search",
            "method": "GET",
            "path": "/search",
            "handler": {"source": "select 1 as one from dual", "parameters": [limit]},
        }
    )
    lab.apply(wrong)
    text = said(lab, "oapi", "hr", "RoutesRefused", *IN_HR)
    assert "route search: query parameter limit is read by ORDS itself; choose another name" in text
    assert "Name: search\n Reason: InvalidSpec\n State: Refused" in text
    assert table(lab, "oapi", "hr", *IN_HR)[1][2:6:2] == ["4/5", "False"]
    assert re.search(r"Warning RoutesRefused .* route search: query parameter limit", text)
    lab.apply(example)
    lab.wait_ready("oapi", "hr", "hr")


def test_a_missing_and_a_forbidden_database_read_the_same(lab: Lab, example: dict[str, Any]) -> None:
    def message() -> str:
        api = copy.deepcopy(example)
        api["metadata"]["name"] = "curious"
        api["spec"]["databaseRef"]["name"] = "other-db"
        lab.apply(api)
        text = said(lab, "oapi", "curious", "RefNotPermitted", *IN_HR)
        found: str = lab.condition("oapi", "curious", "hr")["message"]
        assert found in text
        lab.kubectl(*IN_HR, "delete", "oapi", "curious", "--timeout=60s")
        return found

    missing = message()
    database = lab.get("odb", "hr-db")
    spec = {**database["spec"], "delegations": [{"namespaces": {"names": ["sales"]}, "schemas": ["HR_API"]}]}
    lab.apply(
        {"apiVersion": database["apiVersion"], "kind": "OracleDatabase", "metadata": {"name": "other-db"}, "spec": spec}
    )
    lab.wait_ready("odb", "other-db")
    forbidden = message()
    lab.kubectl("delete", "odb", "other-db", "--timeout=60s")
    assert missing == forbidden
    assert (
        "OracleDatabase other-db does not exist or namespace hr may not use it; ask a platform administrator" in missing
    )


@pytest.mark.parametrize(
    ("kind", "edits", "reason", "sentence"),
    [
        (
            "awsacct",
            {"accountId": "210987654321"},
            "AccountMismatch",
            "spec.accountId is 210987654321, but the credentials belong to account 123456789012",
        ),
        (
            "awsacct",
            {"credentialsSecretRef": {"name": "nowhere"}},
            "CredentialsMissing",
            "spec.credentialsSecretRef: Secret nowhere does not exist in the operator's namespace; create it",
        ),
        (
            "vpcl",
            {"accountRef": {"name": "nowhere"}},
            "DependencyNotReady",
            "spec.accountRef: AwsAccount nowhere does not exist; create it",
        ),
        (
            "odb",
            {"credentials": {"secretRef": {"name": "nowhere"}}},
            "CredentialsMissing",
            "spec.credentials.secretRef: Secret nowhere does not exist in the operator's namespace; create it",
        ),
        (
            "odb",
            {"credentials": {"secretRef": {"name": "aws-main"}}},
            "CredentialsMissing",
            "the secret of OracleDatabase.spec.credentials has no key username; add it",
        ),
        (
            "odb",
            {"connection.port": 1},
            "DatabaseUnreachable",
            "nobody listens at OracleDatabase.spec.connection.host and port; correct them, or start the listener",
        ),
        (
            "odb",
            {"connection.serviceName": "NOWHERE"},
            "DatabaseUnreachable",
            "the listener does not know the service; correct OracleDatabase.spec.connection.serviceName",
        ),
        (
            "odb",
            {"ords.caSecretRef": {"name": "ords-ca", "key": "other"}},
            "CredentialsMissing",
            "spec.ords.caSecretRef: Secret ords-ca has no key other; add it",
        ),
        (
            "odb",
            {"ords.baseUrl": "https://127.0.0.1:1/ords"},
            "OrdsUnreachable",
            "no answer from ORDS at https://127.0.0.1:1 (ConnectionRefusedError); check ords.baseUrl, ords.caSecretRef",
        ),
        ("idp", {"issuer": "https://127.0.0.1:1"}, "DiscoveryFailed", "https://127.0.0.1:1"),
    ],
    ids=lambda value: value if isinstance(value, str) and " " not in value else "",
)
def test_an_offer_that_does_not_work_says_why_and_what_helps(
    lab: Lab, kind: str, edits: dict[str, Any], reason: str, sentence: str
) -> None:
    found = lab.get(kind, OFFERS[kind])
    spec = copy.deepcopy(found["spec"])
    for path, value in edits.items():
        *parents, last = path.split(".")
        place = spec
        for part in parents:
            place = place[part]
        place[last] = value
    lab.apply({"apiVersion": found["apiVersion"], "kind": found["kind"], "metadata": {"name": "broken"}, "spec": spec})
    try:
        text = said(lab, kind, "broken", reason)
        assert sentence in text
        assert table(lab, kind, "broken")[1][-3] in ("False", "Unknown")
    finally:
        lab.kubectl("delete", kind, "broken", "--timeout=60s")


# Waiting


def test_what_waits_for_the_link_says_so(switches: Lab, example: dict[str, Any]) -> None:
    lab = switches
    lab.set_aws(vpc_link_seconds=3600)
    for kind, name in (("vpcl", "private"), ("odb", "hr-db")):
        found = lab.get(kind, name)
        made = {"apiVersion": found["apiVersion"], "kind": found["kind"], "metadata": {"name": "waiting"}}
        spec = copy.deepcopy(found["spec"])
        if kind == "odb":
            spec["ords"]["gatewayTarget"]["vpcLinkRef"]["name"] = "waiting"
        lab.apply({**made, "spec": spec})
    lab.kubectl(*IN_HR, "delete", "oapi", "--all", "--timeout=60s")
    api = copy.deepcopy(example)
    api["metadata"]["name"] = "early"
    api["spec"]["databaseRef"]["name"] = "waiting"
    lab.apply(api)
    text = said(lab, "oapi", "early", "LinkPending", *IN_HR)
    assert "Message: waiting for the database's VPC link to become AVAILABLE" in text
    assert "Type: Reconciling" in text
    assert "Stalled" not in text
    assert "Message: the VPC link is PENDING; AWS takes some minutes" in described(lab, "vpcl", "waiting")
    assert table(lab, "vpcl", "waiting")[1][1] == "PENDING"
    assert table(lab, "oapi", "early", *IN_HR)[1][-3:-1] == ["False", "LinkPending"]
    lab.kubectl(*IN_HR, "delete", "oapi", "early", "--timeout=60s")
    lab.kubectl("delete", "odb/waiting", "vpcl/waiting", "--wait=false")


# Deleting


def test_a_deletion_that_cannot_end_says_what_is_left_and_the_way_out_works(lab: Lab, api: dict[str, Any]) -> None:
    def password(value: str) -> None:
        patch = json.dumps({"stringData": {"password": value}})
        lab.kubectl("-n", NAMESPACE, "patch", "secret", "hr-db-operator", "--type=merge", "-p", patch)

    password("wrong")
    try:
        lab.kubectl(*IN_HR, "delete", "oapi", "hr", "--wait=false")
        text = said(lab, "oapi", "hr", "LoginDenied", *IN_HR)
        assert "deleting: the gateway half is gone, the ORDS half is still there:" in text
        assert "check username and password in the Secret, and that the account is open" in text
        assert "bring it back, or set spec.deletionPolicy: Retain to leave it as it is" in text
        assert "Message: The API is deleted" in text
        lab.kubectl(*IN_HR, "patch", "oapi", "hr", "--type=merge", "-p", '{"spec": {"deletionPolicy": "Retain"}}')
        lab.gone("oapi", "hr", "hr")
    finally:
        password(lab.operator_password)
    left = "select count(*) from dba_ords_modules where name like 'oa-%'"
    assert lab.sql(left) == [(4,)]  # two scopes, Public, probe


def test_what_was_left_behind_is_found_again(lab: Lab, api: dict[str, Any]) -> None:
    assert api["status"]["routesServing"] == "4/4"
    lab.kubectl(*IN_HR, "delete", "oapi", "hr", "--timeout=90s")
    assert lab.sql("select count(*) from dba_ords_modules where name like 'oa-%'") == [(0,)]
