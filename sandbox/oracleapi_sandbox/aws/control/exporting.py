"""ExportApi: the configuration, or what a stage serves, as an OpenAPI 3.0 document.

The layout follows the samples of the Developer Guide [D]; what the switches of the settings name is [U].
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import yaml  # type: ignore[import-untyped]

from oracleapi_sandbox.aws.control.context import Context, Handler, Result
from oracleapi_sandbox.aws.control.deployments import find_stage
from oracleapi_sandbox.aws.control.store import Snapshot
from oracleapi_sandbox.aws.errors import bad_request, not_found
from oracleapi_sandbox.aws.settings import ControlSettings

_PREFIX = "x-amazon-apigateway-"
_IAM_SCHEME = "sigv4"


def _export(ctx: Context, members: dict[str, Any]) -> Result:
    """ExportApi.

    Raises:
        AwsError: BadRequestException for another specification, output type or export version; NotFoundException for
            a stage that does not exist or serves nothing.
    """
    api = ctx.api(members)
    if members["Specification"] != "OAS30":
        raise bad_request("Invalid specification: must be OAS30")
    if members["OutputType"] not in ("JSON", "YAML"):
        raise bad_request("Invalid outputType: must be JSON or YAML")
    if members.get("ExportVersion", "1.0") != "1.0":
        raise bad_request("Invalid exportVersion: must be 1.0")
    snapshot, base_path = api.snapshot(), ""
    if name := members.get("StageName"):
        stage = find_stage(api, name)
        stage.settle(ctx.now())
        if stage.serving is None:
            raise not_found("Deployment", f"Stage {name} has no deployment")
        snapshot, base_path = stage.serving.snapshot, "" if name == "$default" else name
    extensions = members.get("IncludeExtensions", True)
    document = _document(snapshot, ctx.settings, extensions=extensions, base_path=base_path)
    if members["OutputType"] == "JSON":
        return {"body": json.dumps(document, indent=2).encode(), "contentType": "application/json"}
    return {"body": yaml.safe_dump(document, sort_keys=False).encode(), "contentType": "application/yaml"}


def _document(snapshot: Snapshot, settings: ControlSettings, *, extensions: bool, base_path: str) -> dict[str, Any]:
    api = snapshot.api
    created = datetime.fromtimestamp(api["CreatedDate"], UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    info = {"title": api["Name"], "description": api.get("Description"), "version": api.get("Version", created)}
    server = {"url": f"{api['ApiEndpoint']}/{{basePath}}", "variables": {"basePath": {"default": base_path}}}
    document: dict[str, Any] = {
        "openapi": "3.0.1",
        "info": {name: value for name, value in info.items() if value is not None},
        "servers": [server],
    }
    if settings.export_shows_tags and api.get("Tags"):
        document["tags"] = [_tag(key, value, extensions) for key, value in api["Tags"].items()]
    document["paths"] = _paths(snapshot, settings, extensions)
    components = _components(snapshot, settings, extensions)
    if components:
        document["components"] = components
    if extensions:
        if api.get("DisableExecuteApiEndpoint"):
            server[f"{_PREFIX}endpoint-configuration"] = {"disableExecuteApiEndpoint": True}
        if "CorsConfiguration" in api:
            cors = api["CorsConfiguration"].items()
            document[f"{_PREFIX}cors"] = {name[0].lower() + name[1:]: value for name, value in cors}
        document[f"{_PREFIX}importexport-version"] = "1.0"
    return document


def _tag(key: str, value: str, extensions: bool) -> dict[str, str]:
    return {"name": key, **({f"{_PREFIX}tag-value": value} if extensions else {})}


def _paths(snapshot: Snapshot, settings: ControlSettings, extensions: bool) -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for route in sorted(snapshot.routes.values(), key=lambda members: str(members["RouteKey"])):
        method, _, path = route["RouteKey"].partition(" ")
        operation: dict[str, Any] = {}
        if "OperationName" in route:
            operation["operationId"] = route["OperationName"]
        names = [part.strip("{}+") for part in path.split("/") if part.startswith("{")]
        if names:
            operation["parameters"] = [
                {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names
            ]
        operation["responses"] = {"default": {"description": f"Default response for {route['RouteKey']}"}}
        if security := _security(snapshot, route):
            operation["security"] = [security]
        any_method = method in ("ANY", "$default")
        if any_method and not extensions:
            continue
        if method == "$default":
            path, operation = "/$default", {"isDefaultRoute": True, **operation}
        if extensions and (integration := _integration_of(snapshot, settings, route)):
            operation[f"{_PREFIX}integration"] = integration
        paths.setdefault(path, {})[f"{_PREFIX}any-method" if any_method else method.lower()] = operation
    return paths


def _security(snapshot: Snapshot, route: Mapping[str, Any]) -> dict[str, list[str]]:
    if route["AuthorizationType"] == "AWS_IAM":
        return {_IAM_SCHEME: []}
    if route["AuthorizationType"] == "JWT":
        name = snapshot.authorizers[route["AuthorizerId"]]["Name"]
        return {name: list(route.get("AuthorizationScopes", []))}
    return {}


def _integration_of(snapshot: Snapshot, settings: ControlSettings, route: Mapping[str, Any]) -> dict[str, Any] | None:
    target = route.get("Target", "").removeprefix("integrations/")
    if not target:
        return None
    if settings.export_shares_integrations:
        return {"$ref": f"#/components/{_PREFIX}integrations/{target}"}
    return _integration(snapshot.integrations[target], settings)


def _integration(members: Mapping[str, Any], settings: ControlSettings) -> dict[str, Any]:
    shown = {
        "payloadFormatVersion": members["PayloadFormatVersion"],
        "type": members["IntegrationType"].lower(),
        "httpMethod": members.get("IntegrationMethod"),
        "uri": members["IntegrationUri"],
        "connectionId": members.get("ConnectionId"),
        "connectionType": members["ConnectionType"],
        "timeoutInMillis": members["TimeoutInMillis"],
        "requestParameters": members.get("RequestParameters") if settings.export_shows_mappings else None,
    }
    if server := members.get("TlsConfig", {}).get("ServerNameToVerify"):
        shown["tlsConfig"] = {"serverNameToVerify": server}
    return {name: value for name, value in shown.items() if value is not None}


def _components(snapshot: Snapshot, settings: ControlSettings, extensions: bool) -> dict[str, Any]:
    schemes = {entry["Name"]: _scheme(entry, extensions) for entry in snapshot.authorizers.values()}
    if any(route["AuthorizationType"] == "AWS_IAM" for route in snapshot.routes.values()):
        iam = {"type": "apiKey", "name": "Authorization", "in": "header"}
        schemes[_IAM_SCHEME] = {**iam, **({f"{_PREFIX}authtype": "awsSigv4"} if extensions else {})}
    components: dict[str, Any] = {"securitySchemes": schemes} if schemes else {}
    if extensions and settings.export_shares_integrations and snapshot.integrations:
        shared = {key: _integration(entry, settings) for key, entry in snapshot.integrations.items()}
        components[f"{_PREFIX}integrations"] = shared
    return components


def _scheme(authorizer: Mapping[str, Any], extensions: bool) -> dict[str, Any]:
    scheme: dict[str, Any] = {"type": "oauth2", "flows": {}}
    if extensions:
        configuration = authorizer["JwtConfiguration"]
        scheme[f"{_PREFIX}authorizer"] = {
            "identitySource": authorizer["IdentitySource"][0],
            "type": "jwt",
            "jwtConfiguration": {"audience": configuration["Audience"], "issuer": configuration["Issuer"]},
        }
    return scheme


OPERATIONS: dict[str, Handler] = {"ExportApi": _export}
