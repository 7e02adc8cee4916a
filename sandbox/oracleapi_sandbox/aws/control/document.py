"""An OpenAPI 3.0 document as an HTTP API reads it: routes, integrations, authorizers, tags, CORS. Pure; no store.

Source: Developer Guide, "Working with OpenAPI definitions for HTTP APIs" and the pages of the x-amazon-apigateway
extensions [D]. Wording of warnings is [U].
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml  # type: ignore[import-untyped]

from oracleapi_sandbox.aws.errors import AwsError, bad_request

_PREFIX = "x-amazon-apigateway-"
_METHODS = ("get", "post", "put", "patch", "delete", "head", "options")
_ANY = f"{_PREFIX}any-method"
_INTEGRATION = f"{_PREFIX}integration"
_IGNORED = ("request-validators", "request-validator", "gateway-responses", "policy", "binary-media-types")
_IGNORED_EVERYWHERE = frozenset(f"{_PREFIX}{name}" for name in (*_IGNORED, "api-key-source", "documentation"))


@dataclass(frozen=True)
class DocumentRoute:
    """One operation. ``integration`` is the key of its integration, ``authorizer`` that of its scheme."""

    key: str
    integration: str | None
    authorization: str = "NONE"
    authorizer: str | None = None
    scopes: tuple[Any, ...] = ()
    operation_name: Any = None

    def operation_members(self) -> dict[str, Any]:
        """Return members of CreateRoute by wire name that a document words freely."""
        return {"operationName": self.operation_name, "authorizationScopes": list(self.scopes) or None}


@dataclass
class Document:
    """What a document says, not validated yet: members of the Create operations by wire name.

    ``integrations`` are keyed by reference or route, ``authorizers`` by security scheme.
    """

    api: dict[str, Any]
    tags: dict[str, str] = field(default_factory=dict)
    routes: list[DocumentRoute] = field(default_factory=list)
    integrations: dict[str, dict[str, Any]] = field(default_factory=dict)
    authorizers: dict[str, dict[str, Any]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    info: list[str] = field(default_factory=list)


def read_document(body: str, basepath: str, variables: Mapping[str, str]) -> Document:
    """Read an OpenAPI document, JSON or YAML.

    *basepath* is ``ignore``, ``prepend`` or ``split``; *variables* replaces ``${AWS::Region}`` and its like.

    Raises:
        AwsError: BadRequestException: not a document, not OpenAPI 3.0, or wrong beyond a warning.
    """
    try:
        return _read(_load(body, variables), basepath)
    except (AttributeError, KeyError, TypeError) as wrong:
        # A list where the specification has an object, and the like.
        raise bad_request(f"Unable to parse API definition because of a malformed part: {wrong}") from None


def _read(tree: dict[str, Any], basepath: str) -> Document:
    document = Document(dict(_api_members(tree)), dict(_tags(tree)))
    _note_ignored(tree, "the document", document)
    if tree.get("security"):
        document.info.append("Ignoring security of the document: it must be written at each operation")
    schemes = tree.get("components", {}).get("securitySchemes", {})
    for name, scheme in schemes.items():
        if f"{_PREFIX}authorizer" in scheme:
            document.authorizers[name] = _authorizer(name, scheme)
    prefix = _base_path(tree, basepath)
    for path, item in tree.get("paths", {}).items():
        for method, operation in _operations(path, item):
            _add_route(document, tree, schemes, prefix, (path, method, operation))
    return document


def _load(body: str, variables: Mapping[str, str]) -> dict[str, Any]:
    for name, value in variables.items():
        body = body.replace("${" + name + "}", value)
    try:
        tree = json.loads(body) if body.lstrip().startswith("{") else yaml.safe_load(body)
    except (ValueError, yaml.YAMLError):
        raise bad_request("Unable to parse API definition because of a malformed document") from None
    if not isinstance(tree, dict) or not isinstance(tree.get("info"), dict) or not tree["info"].get("title"):
        raise bad_request("Unable to parse API definition: info.title is missing")
    if not str(tree.get("openapi", "")).startswith("3.0"):
        raise bad_request("Invalid OpenAPI input: only OpenAPI 3.0 documents can be imported")
    if tree.get(f"{_PREFIX}importexport-version", "1.0") != "1.0":
        raise bad_request("Invalid x-amazon-apigateway-importexport-version: only 1.0 is supported")
    return tree


def _api_members(tree: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    info = tree["info"]
    yield "name", _text(info["title"])
    yield "description", info.get("description")
    if "version" in info:
        yield "version", _text(info["version"])
    yield "corsConfiguration", tree.get(f"{_PREFIX}cors")
    yield "disableExecuteApiEndpoint", _endpoint(tree)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(value)


def _tags(tree: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Root tags become AWS tags; a plain one gets an empty value [D]."""
    for tag in tree.get("tags", []):
        yield _text(tag["name"]), _text(tag.get(f"{_PREFIX}tag-value", ""))


def _endpoint(tree: Mapping[str, Any]) -> bool:
    name = f"{_PREFIX}endpoint-configuration"
    places = [tree, *tree.get("servers", [])]
    return any(place.get(name, {}).get("disableExecuteApiEndpoint") is True for place in places)


def _note_ignored(place: Mapping[str, Any], where: str, document: Document) -> None:
    for name in sorted(_IGNORED_EVERYWHERE & set(place)):
        document.info.append(f"Ignoring {name} of {where}: not supported for protocolType HTTP")


def _base_path(tree: Mapping[str, Any], mode: str) -> str:
    """Return what goes before each path: nothing, the server's base path, or that less its first segment [D]."""
    servers = tree.get("servers", [])
    if mode == "ignore" or not servers:
        return ""
    variables = servers[0].get("variables", {})
    url = re.sub(r"\{(\w+)\}", lambda m: _text(variables.get(m[1], {}).get("default", "")), servers[0].get("url", ""))
    path = re.sub(r"^[a-z]+://[^/]*", "", url).strip("/")
    segments = [segment for segment in path.split("/") if segment]
    kept = segments[1:] if mode == "split" else segments
    return "".join(f"/{segment}" for segment in kept)


def _operations(path: str, item: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for method in (*_METHODS, _ANY):
        if method in item:
            yield method, item[method]
    if "trace" in item:
        raise bad_request(f"Unsupported method trace for path {path}")


def _add_route(
    document: Document,
    tree: Mapping[str, Any],
    schemes: Mapping[str, Any],
    prefix: str,
    place: tuple[str, str, dict[str, Any]],
) -> None:
    path, method, operation = place
    key = _route_key(prefix, path, method, operation)
    _note_ignored(operation, key, document)
    authorization, authorizer, scopes = _security(key, operation, schemes, document)
    integration = _integration(document, tree, key, operation)
    name = operation.get("operationId")
    document.routes.append(DocumentRoute(key, integration, authorization, authorizer, scopes, name))


def _route_key(prefix: str, path: str, method: str, operation: Mapping[str, Any]) -> str:
    if method == _ANY:
        is_default = operation.get("isDefaultRoute") is True or path == "/$default"
        return "$default" if is_default else f"ANY {prefix}{path}"
    return f"{method.upper()} {prefix}{path}"


def _security(
    key: str, operation: Mapping[str, Any], schemes: Mapping[str, Any], document: Document
) -> tuple[str, str | None, tuple[Any, ...]]:
    """Return authorization type, scheme and scopes; several requirements on one operation are an error [D]."""
    auth = operation.get(f"{_PREFIX}auth", {}).get("type", "NONE")
    requirements = operation.get("security", [])
    names = [name for requirement in requirements for name in requirement]
    if len(names) + (auth.upper() == "AWS_IAM") > 1:
        raise bad_request(f"Multiple security requirements are not supported for {key}")
    if auth.upper() == "AWS_IAM":
        return "AWS_IAM", None, ()
    if not names:
        return "NONE", None, ()
    scheme = schemes.get(names[0], {})
    if str(scheme.get(f"{_PREFIX}authtype", "")).lower() == "awssigv4":
        return "AWS_IAM", None, ()
    if names[0] not in document.authorizers:
        raise bad_request(f"Invalid security scheme {names[0]} for {key}: no authorizer is defined for it")
    return "JWT", names[0], tuple(requirements[0][names[0]])


def _authorizer(name: str, scheme: Mapping[str, Any]) -> dict[str, Any]:
    given = scheme[f"{_PREFIX}authorizer"]
    if str(given.get("type", "")).lower() != "jwt":
        raise AwsError(
            501, "NotImplemented", f"The sandbox does not implement {given.get('type')} authorizers ({name})."
        )
    configuration = given.get("jwtConfiguration", {})
    issuer = configuration.get("issuer")
    if issuer is None and (url := scheme.get("openIdConnectUrl")):
        issuer = url.removesuffix("/.well-known/openid-configuration")
    audience = configuration.get("audience", [])
    source = given.get("identitySource", "")
    return {
        "name": name,
        "authorizerType": "JWT",
        "identitySource": source if isinstance(source, list) else [source],
        "jwtConfiguration": {"issuer": issuer, "audience": [audience] if isinstance(audience, str) else audience},
    }


def _integration(document: Document, tree: Mapping[str, Any], key: str, operation: Mapping[str, Any]) -> str | None:
    """Return the key of the operation's integration: shared ones by their reference, others by the route [D]."""
    given = operation.get(_INTEGRATION)
    if given is None:
        document.warnings.append(f"No integration is defined for {key}")
        return None
    name = key
    if reference := given.get("$ref"):
        name = reference
        shared = tree.get("components", {}).get(f"{_PREFIX}integrations", {})
        given = shared.get(reference.removeprefix(f"#/components/{_PREFIX}integrations/"))
        if given is None:
            document.warnings.append(f"Unable to resolve {reference} for {key}")
            return None
    if name not in document.integrations:
        document.integrations[name] = dict(_integration_members(given))
        document.info.extend(f"Ignoring {entry} of the integration {name}" for entry in sorted(set(given) - _KNOWN))
    return name


_MEMBERS = {
    "httpMethod": "integrationMethod",
    "uri": "integrationUri",
    "connectionType": "connectionType",
    "connectionId": "connectionId",
    "timeoutInMillis": "timeoutInMillis",
    "requestParameters": "requestParameters",
    "responseParameters": "responseParameters",
}
_KNOWN = frozenset([*_MEMBERS, "type", "payloadFormatVersion", "tlsConfig"])


def _integration_members(given: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield wire members of CreateIntegration from an integration object of a document."""
    for name, member in _MEMBERS.items():
        if name in given:
            yield member, given[name].upper() if name in ("httpMethod", "connectionType") else given[name]
    yield "integrationType", str(given.get("type", "")).upper()
    if "payloadFormatVersion" in given:
        yield "payloadFormatVersion", _text(given["payloadFormatVersion"])
    if server := given.get("tlsConfig", {}).get("serverNameToVerify"):
        yield "tlsConfig", {"serverNameToVerify": server}
