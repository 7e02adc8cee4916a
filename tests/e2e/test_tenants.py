"""What a team tries in order to get at what is not its own, with the answer that it gets each time."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from support.lab import Lab, wait_for
from support.tenant import Tenant


@pytest.fixture(scope="module")
def sales(lab: Lab) -> Iterator[Tenant]:
    yield Tenant(lab, "sales")
    lab.kubectl("delete", "namespace", "sales", "--timeout=90s")


def wanted(example: dict[str, Any], name: str, **spec: Any) -> dict[str, Any]:
    """Return the example's API as the sales team writes it."""
    found = copy.deepcopy(example)
    found["metadata"] = {"name": name, "namespace": "sales"}
    found["spec"] |= spec
    return found


def without_name(text: str, name: str) -> str:
    return text.replace(name, "NAME")


def test_a_database_of_others_reads_like_one_that_does_not_exist(
    lab: Lab, api: dict[str, Any], example: dict[str, Any], sales: Tenant
) -> None:
    sales.apply(wanted(example, "theirs"))
    sales.apply(wanted(example, "nowhere", databaseRef={"name": "no-such-db"}))
    theirs, nowhere = sales.told("theirs", "RefNotPermitted"), sales.told("nowhere", "RefNotPermitted")
    assert without_name(theirs, "hr-db") == without_name(nowhere, "no-such-db")
    assert "or namespace sales may not use it" in theirs
    status = lab.get("oapi", "theirs", "sales")["status"]
    assert not {"apiId", "endpoint", "groups"} & status.keys()
    sales.kubectl("-n", "sales", "delete", "oapi", "theirs", "nowhere", "--timeout=90s")


def test_a_provider_of_others_reads_like_one_that_does_not_exist(
    lab: Lab, api: dict[str, Any], example: dict[str, Any], sales: Tenant
) -> None:
    with allowed(lab, "sales", ["SALES_API"]):
        for name, provider in (("theirs", "staff"), ("nowhere", "no-such-idp")):
            jwt = {"providerRef": {"name": provider}, "defaultScope": "hr.read"}
            sales.apply(wanted(example, name, schema="SALES_API", auth={"jwt": jwt}))
        theirs, nowhere = sales.told("theirs", "RefNotPermitted"), sales.told("nowhere", "RefNotPermitted")
        assert without_name(theirs, "staff") == without_name(nowhere, "no-such-idp")
        sales.kubectl("-n", "sales", "delete", "oapi", "theirs", "nowhere", "--timeout=90s")


def test_a_schema_of_others_is_refused_although_the_database_is_shared(
    lab: Lab, api: dict[str, Any], example: dict[str, Any], sales: Tenant
) -> None:
    with allowed(lab, "sales", ["SALES_API"]):
        sales.apply(wanted(example, "greedy", schema="HR_API"))
        told = sales.told("greedy", "SchemaNotAllowed")
        assert "spec.schema" in told
        assert "platform administrator" in told
        sales.kubectl("-n", "sales", "delete", "oapi", "greedy", "--timeout=90s")
    assert_untouched(lab, api)


def test_a_team_cannot_make_an_offer_of_its_own(lab: Lab, sales: Tenant) -> None:
    for manifest in offers(lab):
        told = sales.refused("create", "-f", "-", stdin=json.dumps(manifest))
        assert "forbidden" in told.lower(), manifest["kind"]


def test_a_team_cannot_name_hosts_endpoints_or_ids(lab: Lab, example: dict[str, Any], sales: Tenant) -> None:
    fields = {
        "adopt": {"apiId": "abc123"},
        "endpointUrl": "https://evil.example.com",
        "connection": {"host": "evil"},
        "accountRef": {"name": "main"},
        "credentials": {"secretRef": {"name": "hr-db-operator"}},
        "installationId": "other-cluster",
    }
    for field, value in fields.items():
        told = sales.refused("create", "-f", "-", stdin=json.dumps(wanted(example, "x", **{field: value})))
        assert f'unknown field "spec.{field}"' in told
    for field, value in {"basePath": "/../hr", "schema": 'HR_API"; drop user hr; --'}.items():
        told = sales.refused("create", "-f", "-", stdin=json.dumps(wanted(example, "x", **{field: value})))
        assert f"spec.{field}" in told


def test_a_team_cannot_claim_an_api_by_its_status(
    lab: Lab, api: dict[str, Any], example: dict[str, Any], sales: Tenant
) -> None:
    """It may not write status at all; and if somebody does, a remote thing is still known by its owner only."""
    sales.apply(wanted(example, "claims"))
    sales.told("claims", "RefNotPermitted")
    forged = json.dumps({"status": {"apiId": api["status"]["apiId"], "intents": []}})
    patch = ("-n", "sales", "patch", "oapi", "claims", "--subresource=status", "--type=merge", "-p", forged)
    assert "forbidden" in sales.refused(*patch).lower()
    lab.kubectl(*patch)
    with allowed(lab, "sales", ["SALES_API"]):
        sales.kubectl("-n", "sales", "delete", "oapi", "claims", "--timeout=90s")
    assert_untouched(lab, api)


def test_a_team_cannot_label_itself_into_an_offer(
    lab: Lab, api: dict[str, Any], example: dict[str, Any], sales: Tenant
) -> None:
    selector = {"selector": {"matchLabels": {"team": "hr"}}}
    with allowed(lab, "sales", ["SALES_API"], namespaces=selector):
        manifest = wanted(example, "labelled", schema="SALES_API")
        manifest["metadata"]["labels"] = {"team": "hr"}
        sales.apply(manifest)
        sales.told("labelled", "RefNotPermitted")
        assert "forbidden" in sales.refused("label", "namespace", "sales", "team=hr").lower()
        sales.kubectl("-n", "sales", "delete", "oapi", "labelled", "--timeout=90s")


def test_a_team_cannot_read_secrets_or_other_teams_apis(sales: Tenant) -> None:
    for what in (("-n", "hr", "get", "oapi"), ("-n", "oracle-api-operator", "get", "secret"), ("get", "odb")):
        assert "forbidden" in sales.refused(*what).lower()


def offers(lab: Lab) -> list[dict[str, Any]]:
    """Return the offers of the example, under other names."""
    kinds = {"AwsAccount": "awsacct", "VpcLink": "vpcl", "OracleDatabase": "odb", "IdentityProvider": "idp"}
    names = {"AwsAccount": "main", "VpcLink": "private", "OracleDatabase": "hr-db", "IdentityProvider": "staff"}
    found = []
    for kind, short in kinds.items():
        stored = lab.get(short, names[kind])
        body = {"apiVersion": stored["apiVersion"], "kind": kind, "spec": stored["spec"]}
        found.append({**body, "metadata": {"name": "mine"}})
    return found


class allowed:  # noqa: N801 - reads as a word
    """While it lasts, the database delegates *schemas* to a namespace beside what it delegates to ``hr``."""

    def __init__(self, lab: Lab, namespace: str, schemas: list[str], namespaces: dict[str, Any] | None = None) -> None:
        self._lab = lab
        self._before = lab.get("odb", "hr-db")["spec"]["delegations"]
        self._more = {"namespaces": namespaces or {"names": [namespace]}, "schemas": schemas}

    def __enter__(self) -> None:
        self._set([*self._before, self._more])

    def __exit__(self, *_: object) -> None:
        self._set(self._before)

    def _set(self, delegations: list[dict[str, Any]]) -> None:
        patch = json.dumps({"spec": {"delegations": delegations}})
        self._lab.kubectl("patch", "odb", "hr-db", "--type=merge", "-p", patch)
        self._lab.reconcile("odb", "hr-db")


def assert_untouched(lab: Lab, api: dict[str, Any]) -> None:
    """Check that the other team's API is where it was and still serves."""
    found = lab.reconcile("oapi", "hr", "hr")
    assert found["status"]["apiId"] == api["status"]["apiId"]
    assert found["status"].get("drift") is None
    url = f"{api['status']['endpoint']}/hr/v1/employees/101"
    wait_for("the API to serve", lambda: lab.call("GET", url, lab.token()).status_code == 200)
