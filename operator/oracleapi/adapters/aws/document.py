"""The OpenAPI document of an HTTP API: written for an import, read from an export. Pure.

Routes of one integration share it by ``x-amazon-apigateway-integrations`` and ``$ref`` (documented for HTTP APIs);
tags and name are repeated, because an import takes them from the document.
Source: API Gateway Developer Guide, OpenAPI extensions.
"""

from collections.abc import Collection, Mapping
from typing import Any

from oracleapi.model.gateway import (
    AWS_IAM,
    CALLER_HEADER,
    Authorizer,
    DesiredGateway,
    GatewayContent,
    GatewayRoute,
    Integration,
)
from oracleapi.model.hidden import Hidden

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
ANY = "x-amazon-apigateway-any-method"
INTEGRATION = "x-amazon-apigateway-integration"
INTEGRATIONS = "x-amazon-apigateway-integrations"
AUTHORIZER = "x-amazon-apigateway-authorizer"
TAG_VALUE = "x-amazon-apigateway-tag-value"
AUTH = "x-amazon-apigateway-auth"
AUTH_TYPE = "x-amazon-apigateway-authtype"


def build_document(desired: DesiredGateway) -> dict[str, Any]:
    """Return the document that imports *desired*."""
    integrations: dict[Integration, str] = {}
    paths: dict[str, dict[str, Any]] = {}
    for key in sorted(desired.routes):
        route = desired.routes[key]
        if route.integration is None:
            continue
        name = integrations.setdefault(route.integration, f"integration{len(integrations)}")
        operation: dict[str, Any] = {
            "responses": {"default": {"description": "As ORDS answers"}},
            INTEGRATION: {"$ref": f"#/components/{INTEGRATIONS}/{name}"},
        }
        if route.authorization == AWS_IAM:
            operation[AUTH] = {"type": AWS_IAM}
        elif route.authorizer is not None:
            operation["security"] = [{route.authorizer: route.scope.split() if route.scope else []}]
        names = _path_parameters(route.path)
        if names:
            operation["parameters"] = [
                {"name": found, "in": "path", "required": True, "schema": {"type": "string"}} for found in names
            ]
        paths.setdefault(route.path, {})[route.method.lower()] = operation
    return {
        "openapi": "3.0.1",
        "info": {"title": desired.name, "version": "1"},
        "tags": [{"name": key, TAG_VALUE: value} for key, value in sorted(desired.tags.items())],
        "paths": paths,
        "components": {
            "securitySchemes": {name: _scheme(found) for name, found in sorted(desired.authorizers.items())},
            INTEGRATIONS: {name: build_integration(found) for found, name in integrations.items()},
        },
        "x-amazon-apigateway-importexport-version": "1.0",
    }


def _scheme(authorizer: Authorizer) -> dict[str, Any]:
    return {
        "type": "oauth2",
        AUTHORIZER: {
            "type": "jwt",
            "identitySource": "$request.header.Authorization",
            "jwtConfiguration": {"issuer": authorizer.issuer, "audience": [authorizer.audience]},
        },
    }


def _path_parameters(path: str) -> list[str]:
    return [segment[1:-1].rstrip("+") for segment in path.split("/") if segment.startswith("{")]


def build_integration(integration: Integration) -> dict[str, Any]:
    """Return the extension object of an integration."""
    found: dict[str, Any] = {
        "type": "http_proxy",
        "httpMethod": "ANY",
        "connectionType": "VPC_LINK",
        "connectionId": integration.vpc_link_id,
        "uri": integration.listener_arn,
        "payloadFormatVersion": "1.0",
        "timeoutInMillis": integration.timeout_ms,
        "requestParameters": build_parameters(integration),
    }
    if integration.server_name is not None:
        found["tlsConfig"] = {"serverNameToVerify": integration.server_name}
    return found


def build_parameters(integration: Integration) -> dict[str, str]:
    """Return the parameter mapping of an integration."""
    headers = {
        f"overwrite:header.{name}": value.reveal() if isinstance(value, Hidden) else value
        for name, value in integration.headers
    }
    return {**headers, **({"overwrite:path": integration.path} if integration.path else {})}


def parse_parameters(parameters: Mapping[str, str]) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Return (path, headers) of a parameter mapping; a mapping that is not ours counts as a header by its full key."""
    headers = {
        key.removeprefix("overwrite:header."): value for key, value in parameters.items() if key != "overwrite:path"
    }
    hidden = {name: Hidden(value) for name, value in headers.items() if CALLER_HEADER.lower() in name.lower()}
    return parameters.get("overwrite:path", ""), tuple(sorted((headers | hidden).items()))


def parse_document(document: Mapping[str, Any]) -> GatewayContent:
    """Return the authorizers and routes that an exported document shows."""
    components = document.get("components", {})
    schemes = components.get("securitySchemes", {})
    authorizers = {
        name: found for name, scheme in schemes.items() if (found := _parse_scheme(name, scheme)) is not None
    }
    signed = {name for name, scheme in schemes.items() if str(scheme.get(AUTH_TYPE)).lower() == "awssigv4"}
    shared = components.get(INTEGRATIONS, {})
    routes: dict[str, GatewayRoute] = {}
    for path, item in document.get("paths", {}).items():
        for method, operation in item.items():
            if method not in METHODS and method != ANY:
                continue
            key = _route_key(path, method, operation)
            routes[key] = _parse_operation(key, operation, shared, authorizers, signed)
    return GatewayContent(authorizers, routes)


def shows_mappings(document: Mapping[str, Any]) -> bool:
    """Say whether any integration of the document shows a parameter mapping."""
    shared = list(document.get("components", {}).get(INTEGRATIONS, {}).values())
    inline = [
        operation.get(INTEGRATION, {})
        for item in document.get("paths", {}).values()
        for operation in item.values()
        if isinstance(operation, dict)
    ]
    return any(found.get("requestParameters") for found in [*shared, *inline])


def _route_key(path: str, method: str, operation: Mapping[str, Any]) -> str:
    if method == ANY:
        return "$default" if operation.get("isDefaultRoute") else f"ANY {path}"
    return f"{method.upper()} {path}"


def _parse_scheme(name: str, scheme: Mapping[str, Any]) -> Authorizer | None:
    extension = scheme.get(AUTHORIZER)
    if not isinstance(extension, dict) or extension.get("type") != "jwt":
        return None
    configuration = extension.get("jwtConfiguration", {})
    return Authorizer(name, configuration.get("issuer", ""), " ".join(sorted(configuration.get("audience", []))))


def _parse_operation(
    key: str,
    operation: Mapping[str, Any],
    shared: Mapping[str, Any],
    authorizers: Mapping[str, Authorizer],
    signed: Collection[str],
) -> GatewayRoute:
    """Return a route; IAM is written at the operation or as a security scheme (both documented for imports)."""
    integration = _parse_integration(operation.get(INTEGRATION), shared)
    for requirement in operation.get("security", []):
        for name, scopes in requirement.items():
            if name in authorizers:
                return GatewayRoute(key, integration, name, " ".join(scopes) or None, "JWT")
            if name in signed:
                return GatewayRoute(key, integration, authorization=AWS_IAM)
            return GatewayRoute(key, integration, name, " ".join(scopes) or None, "CUSTOM")
    if operation.get(AUTH, {}).get("type") == AWS_IAM:
        return GatewayRoute(key, integration, authorization=AWS_IAM)
    return GatewayRoute(key, integration)


def _parse_integration(extension: Any, shared: Mapping[str, Any]) -> Integration | None:
    if not isinstance(extension, dict):
        return None
    if "$ref" in extension:
        extension = shared.get(str(extension["$ref"]).rsplit("/", 1)[-1], {})
    path, headers = parse_parameters(extension.get("requestParameters", {}))
    return Integration(
        vpc_link_id=extension.get("connectionId", ""),
        listener_arn=extension.get("uri", ""),
        path=path,
        headers=headers,
        timeout_ms=int(extension.get("timeoutInMillis", 30000)),
        server_name=extension.get("tlsConfig", {}).get("serverNameToVerify"),
    )
