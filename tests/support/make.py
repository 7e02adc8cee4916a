"""Builders with defaults, so that a test names only what matters."""

from typing import Any

from oracleapi.api.common import API_VERSION
from oracleapi.api.oracleapi import OracleApiSpec
from oracleapi.model.gateway import Throttle
from oracleapi.model.ownership import Owner
from oracleapi.model.resolved import Issuer, ResolvedApi

LISTENER = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/ords/1/2"


def route(name: str = "list", **fields: Any) -> dict[str, Any]:
    """Return a route of a spec: GET /things with scope a.read."""
    found: dict[str, Any] = {
        "name": name,
        "method": "GET",
        "path": "/things",
        "handler": {"source": "select 1 as one from dual"},
    }
    return found | fields


def api_spec(*routes: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return the spec of an OracleApi."""
    found: dict[str, Any] = {
        "databaseRef": {"name": "db"},
        "schema": "HR_API",
        "basePath": "/hr/v1",
        "auth": {"jwt": {"providerRef": {"name": "staff"}, "defaultScope": "a.read"}},
        "routes": list(routes or [route()]),
    }
    return found | fields


def owner(name: str = "hr", namespace: str | None = "hr", kind: str = "OracleApi") -> Owner:
    return Owner("cluster-1", kind, namespace, name, f"uid-{name}")


def resolved(*routes: dict[str, Any], **fields: Any) -> ResolvedApi:
    """Return a resolved API over *routes*; *fields* are fields of the spec."""
    return ResolvedApi(
        owner=owner(),
        spec=OracleApiSpec.model_validate(api_spec(*routes, **fields)),
        account_id="123456789012",
        region="eu-west-1",
        account_tags={"cost-centre": "42"},
        vpc_link_id="link1",
        listener_arn=LISTENER,
        server_name="ords.internal",
        ords_context="/ords",
        ords_base_url="https://ords.internal/ords",
        alias="hr_api",
        trace_header="Request-Id",
        default_throttle=Throttle(50.0, 100),
        issuer=Issuer("https://idp.example.com/", "hr-api", "https://idp.example.com/keys"),
    )


def resource(kind: str, name: str, spec: dict[str, Any], namespace: str | None = None) -> dict[str, Any]:
    """Return an object as a user would apply it."""
    metadata: dict[str, Any] = {"name": name}
    if namespace is not None:
        metadata["namespace"] = namespace
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": spec}


def role(name: str = "hr-reader", *grants: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return an OracleRole; without *grants* it may read HR.EMPLOYEES."""
    spec = {
        "databaseRef": {"name": "db"},
        "grants": list(grants) or [{"privileges": ["SELECT"], "object": "HR.EMPLOYEES"}],
    }
    return resource("OracleRole", name, spec | fields, "hr")


def binding(name: str = "readers", *subjects: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return a RoleBinding; without *subjects* of group readers, on every route, to role hr-reader."""
    spec = {
        "apiRef": {"name": "hr"},
        "roleRef": {"name": "hr-reader"},
        "subjects": list(subjects) or [{"kind": "Group", "name": "readers"}],
        "routes": ["*"],
    }
    return resource("RoleBinding", name, spec | fields, "hr")


def rotation(name: str = "hr-app", **fields: Any) -> dict[str, Any]:
    """Return a SecretRotation of account HR_APP in secret hr/app, every 30 days."""
    spec = {
        "databaseRef": {"name": "db"},
        "account": "HR_APP",
        "schedule": {"everyDays": 30},
        "secret": {"accountRef": {"name": "main"}, "name": "hr/app"},
    }
    return resource("SecretRotation", name, spec | fields, "hr")


def rotating_world() -> list[dict[str, Any]]:
    """Return the offers of :func:`world` with what a SecretRotation needs delegated, and no API."""
    found = [each for each in world() if each["kind"] != "OracleApi"]
    for each in found:
        if each["kind"] == "OracleDatabase":
            each["spec"]["delegations"][0]["accounts"] = ["HR_*"]
        if each["kind"] == "AwsAccount":
            each["spec"]["delegations"] = [
                {"namespaces": {"names": ["hr"]}, "secretPrefixes": ["hr/"], "kmsKeyArns": ["alias/hr"]}
            ]
    return found


def guarded_world(**api_fields: Any) -> list[dict[str, Any]]:
    """Return :func:`world` with a guard, and a role."""
    found = world(**api_fields)
    (database,) = (each for each in found if each["kind"] == "OracleDatabase")
    database["spec"]["ords"]["guard"] = "Required"
    return [*found, role()]


def world(**api_fields: Any) -> list[dict[str, Any]]:
    """Return the offers of a small world and one OracleApi over them."""
    everyone = {"names": ["hr"]}
    return [
        resource(
            "AwsAccount",
            "main",
            {"accountId": "123456789012", "region": "eu-west-1", "allowedNamespaces": everyone},
        ),
        resource(
            "VpcLink",
            "private",
            {
                "accountRef": {"name": "main"},
                "subnetIds": ["subnet-1", "subnet-2"],
                "securityGroupIds": ["sg-1"],
                "allowedNamespaces": everyone,
            },
        ),
        resource(
            "OracleDatabase",
            "db",
            {
                "connection": {"host": "db.internal", "serviceName": "FREEPDB1", "protocol": "TCP"},
                "credentials": {"secretRef": {"name": "db-operator"}},
                "environment": "dev",
                "ords": {
                    "baseUrl": "https://ords.internal/ords",
                    "gatewayTarget": {"vpcLinkRef": {"name": "private"}, "listenerArn": LISTENER},
                },
                "delegations": [
                    {"namespaces": everyone, "schemas": ["HR_API"], "roles": ["HR_*"], "objects": ["HR.*"]}
                ],
            },
        ),
        resource(
            "IdentityProvider",
            "staff",
            {"issuer": "https://idp.example.com/", "audiences": ["hr-api"], "allowedNamespaces": everyone},
        ),
        resource("OracleApi", "hr", api_spec(**api_fields) if "routes" not in api_fields else api_fields, "hr"),
    ]
