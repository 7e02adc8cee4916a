"""ImportApi, ReimportApi and ExportApi of OpenAPI 3.0 documents."""

import json
from typing import Any

import pytest

SHARED = "#/components/x-amazon-apigateway-integrations/orders"


def _proxy(uri: str = "https://example.com", **members: Any) -> dict[str, Any]:
    return {"type": "http_proxy", "httpMethod": "ANY", "uri": uri, "payloadFormatVersion": "1.0", **members}


def _secured(contract: Any) -> dict[str, Any]:
    """A document with a shared integration, a JWT authorizer with scopes, IAM, a default route, CORS and tags."""
    shared = {"x-amazon-apigateway-integration": {"$ref": SHARED}}
    jwt = {
        "type": "oauth2",
        "flows": {},
        "x-amazon-apigateway-authorizer": {
            "type": "jwt",
            "identitySource": "$request.header.Authorization",
            "jwtConfiguration": {"issuer": contract.aws.issuer, "audience": ["api"]},
        },
    }
    iam = {"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "awsSigv4"}
    return {
        "info": {"title": "contract-orders", "description": "Orders", "version": "2.1"},
        "tags": [{"name": "owner", "x-amazon-apigateway-tag-value": "k/ns/orders"}, {"name": "plain"}],
        "paths": {
            "/orders": {"get": {"security": [{"jwt": ["orders.read", "orders.all"]}], **shared}, "post": shared},
            "/orders/{id}": {"x-amazon-apigateway-any-method": {"security": [{"iam": []}], **shared}},
            "/$default": {"x-amazon-apigateway-any-method": {"isDefaultRoute": True, **shared}},
        },
        "components": {
            "securitySchemes": {"jwt": jwt, "iam": iam},
            "x-amazon-apigateway-integrations": {"orders": _proxy(requestParameters={"overwrite:path": "/ords"})},
        },
        "x-amazon-apigateway-cors": {"allowOrigins": ["https://app.example"], "allowMethods": ["GET"]},
        "x-amazon-apigateway-importexport-version": "1.0",
    }


def _import(contract: Any, document: str, **members: Any) -> Any:
    found = contract.gateway.import_api(Body=document, **members)
    contract.keep(found["ApiId"])
    return found


def _routes(contract: Any, api: str) -> dict[str, Any]:
    return {item["RouteKey"]: item for item in contract.gateway.get_routes(ApiId=api, MaxResults="100")["Items"]}


def test_a_document_becomes_an_api(contract: Any) -> None:
    """Name, description, version, tags and CORS come from the document; an integration can be shared [D]."""
    found = _import(contract, contract.document(**_secured(contract)), FailOnWarnings=True)
    assert (found["Name"], found["Description"], found["Version"]) == ("contract-orders", "Orders", "2.1")
    assert found["Tags"] == {"owner": "k/ns/orders", "plain": ""}
    assert found["CorsConfiguration"] == {"AllowOrigins": ["https://app.example"], "AllowMethods": ["GET"]}
    routes = _routes(contract, found["ApiId"])
    assert set(routes) == {"GET /orders", "POST /orders", "ANY /orders/{id}", "$default"}
    assert len({route["Target"] for route in routes.values()}) == 1
    assert routes["ANY /orders/{id}"]["AuthorizationType"] == "AWS_IAM"
    secured = routes["GET /orders"]
    assert (secured["AuthorizationType"], secured["AuthorizationScopes"]) == ("JWT", ["orders.read", "orders.all"])
    authorizers = contract.gateway.get_authorizers(ApiId=found["ApiId"])["Items"]
    assert [(entry["Name"], entry["AuthorizerId"]) for entry in authorizers] == [("jwt", secured["AuthorizerId"])]


def test_mappings_of_a_document_are_kept(contract: Any) -> None:
    """[U] requestParameters of HTTP_PROXY survive the import (one project read them back)."""
    api = _import(contract, contract.document(**_secured(contract)))["ApiId"]
    (integration,) = contract.gateway.get_integrations(ApiId=api)["Items"]
    with contract.unconfirmed("import keeps mappings"):
        assert integration["RequestParameters"] == {"overwrite:path": "/ords"}


def test_each_operation_without_reference_has_its_own_integration(contract: Any) -> None:
    """Only components are shared [D]."""
    operation = {"x-amazon-apigateway-integration": _proxy()}
    paths = {"/a": {"get": operation}, "/b": {"get": operation}}
    api = _import(contract, contract.document(paths=paths))["ApiId"]
    assert len(contract.gateway.get_integrations(ApiId=api)["Items"]) == 2


def test_a_reimport_replaces_everything(contract: Any) -> None:
    """Name, description, version, CORS and children follow the document [D]; tags too (seen; [U] when absent)."""
    api = contract.api(Tags={"old": "1"}, Description="old", CorsConfiguration={"AllowOrigins": ["*"]})
    contract.route(api, "GET /old")
    operation = {"x-amazon-apigateway-integration": _proxy()}
    body = contract.document(paths={"/new": {"get": operation}}, tags=[{"name": "new"}])
    found = contract.gateway.reimport_api(ApiId=api, Body=body)
    assert (found["ApiId"], found["Name"], found.get("Description")) == (api, "contract-doc", None)
    assert "CorsConfiguration" not in found
    assert set(_routes(contract, api)) == {"GET /new"}
    with contract.unconfirmed("tags follow the document"):
        assert contract.gateway.get_api(ApiId=api)["Tags"] == {"new": ""}


def test_a_reimport_gives_new_ids(contract: Any) -> None:
    """[U] Route ids do not survive a reimport; keys do."""
    body = contract.document(paths={"/a": {"get": {"x-amazon-apigateway-integration": _proxy()}}})
    api = _import(contract, body)["ApiId"]
    before = _routes(contract, api)["GET /a"]["RouteId"]
    contract.gateway.reimport_api(ApiId=api, Body=body)
    with contract.unconfirmed("ids are new"):
        assert _routes(contract, api)["GET /a"]["RouteId"] != before


def test_a_reimport_triggers_auto_deploy(contract: Any) -> None:
    """[U] It is an API change like any other."""
    api = contract.api()
    contract.route(api, "GET /a")
    contract.gateway.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
    before = contract.gateway.get_stage(ApiId=api, StageName="$default")["DeploymentId"]
    body = contract.document(paths={"/b": {"get": {"x-amazon-apigateway-integration": _proxy()}}})
    contract.gateway.reimport_api(ApiId=api, Body=body)
    with contract.unconfirmed("reimport deploys"):
        assert contract.gateway.get_stage(ApiId=api, StageName="$default")["DeploymentId"] != before


def test_warnings_and_failing_on_them(contract: Any) -> None:
    """Without FailOnWarnings a bad uri gives a route without target (seen); with it nothing changes [D]."""
    body = contract.document(paths={"/a": {"get": {"x-amazon-apigateway-integration": _proxy(uri="nonsense")}}})
    api = contract.api()
    contract.route(api, "GET /kept")
    with contract.refused("BadRequestException", "Warnings found during import"):
        contract.gateway.reimport_api(ApiId=api, Body=body, FailOnWarnings=True)
    assert set(_routes(contract, api)) == {"GET /kept"}
    found = contract.gateway.reimport_api(ApiId=api, Body=body)
    assert len(found["Warnings"]) == 1
    assert "Target" not in _routes(contract, api)["GET /a"]


def test_a_pending_link_in_a_document(contract: Any) -> None:
    """[U] An import does not take a link that is not AVAILABLE."""
    link = contract.gateway.create_vpc_link(Name="contract", SubnetIds=contract.aws.subnets)["VpcLinkId"]
    private = _proxy(uri=contract.aws.listener_arn, connectionType="VPC_LINK", connectionId=link)
    body = contract.document(paths={"/a": {"get": {"x-amazon-apigateway-integration": private}}})
    api = contract.api()
    with contract.unconfirmed("a PENDING link is refused"), contract.refused("BadRequestException", link):
        contract.gateway.reimport_api(ApiId=api, Body=body, FailOnWarnings=True)
    contract.wait_for_link(link)
    contract.gateway.reimport_api(ApiId=api, Body=body, FailOnWarnings=True)
    contract.gateway.delete_api(ApiId=api)
    contract.gateway.delete_vpc_link(VpcLinkId=link)


@pytest.mark.parametrize(
    ("mode", "key"), [("ignore", "GET /e"), ("prepend", "GET /a/b/c/e"), ("split", "GET /b/c/e"), (None, "GET /e")]
)
def test_base_paths(contract: Any, mode: str | None, key: str) -> None:
    """The server's base path is ignored, prepended, or prepended less its first part [D]."""
    servers = [{"url": "https://host/{basePath}", "variables": {"basePath": {"default": "a/b/c"}}}]
    operation = {"x-amazon-apigateway-integration": _proxy()}
    body = contract.document(paths={"/e": {"get": operation}}, servers=servers)
    found = _import(contract, body, **({"Basepath": mode} if mode else {}))
    assert set(_routes(contract, found["ApiId"])) == {key}


def test_aws_variables_are_resolved(contract: Any) -> None:
    """``${AWS::Region}`` and its like are replaced at import [D]."""
    uri = "https://${AWS::Region}.example/${AWS::AccountId}"
    body = contract.document(paths={"/a": {"get": {"x-amazon-apigateway-integration": _proxy(uri=uri)}}})
    api = _import(contract, body)["ApiId"]
    (integration,) = contract.gateway.get_integrations(ApiId=api)["Items"]
    account = contract.aws.client("sts").get_caller_identity()["Account"]
    region = contract.gateway.meta.region_name
    assert integration["IntegrationUri"] == f"https://{region}.example/{account}"


@pytest.mark.parametrize(
    "change",
    [
        {"openapi": "3.1.0"},
        {"openapi": None, "swagger": "2.0"},
        {"info": {"version": "1"}},
        {"x-amazon-apigateway-importexport-version": "2.0"},
        {"paths": {"/a": {"get": {"security": [{"a": []}, {"b": []}]}}}},
        {"paths": {"/a": {"get": {"security": [{"nobody": []}]}}}},
        {"paths": {"/a{id}": {"get": {}}}},
        {"paths": {"/a/{x}": {"get": {}}, "/a/{y}": {"get": {}}}},
    ],
)
def test_documents_that_are_refused(contract: Any, change: dict[str, Any]) -> None:
    """OpenAPI 3.0 only, one security requirement per operation [D]; the others are [U]."""
    body = json.dumps({**json.loads(contract.document()), **change})
    with (
        contract.unconfirmed(f"refused: {sorted(change)}"),
        pytest.raises(contract.gateway.exceptions.ClientError) as e,
    ):
        contract.keep(contract.gateway.import_api(Body=body)["ApiId"])
    if not contract.real:
        assert e.value.response["Error"]["Code"] in ("BadRequestException", "ConflictException")


def test_no_document_at_all(contract: Any) -> None:
    """A body that is no document is a 400 [D]."""
    with contract.refused("BadRequestException"):
        contract.gateway.import_api(Body="{")


@pytest.mark.parametrize("output", ["JSON", "YAML"])
def test_an_export_imports_again(contract: Any, output: str) -> None:
    """An export with extensions describes the same routes, authorizers and CORS [D]; mappings and tags are [U]."""
    api = _import(contract, contract.document(**_secured(contract)))["ApiId"]
    exported = contract.gateway.export_api(ApiId=api, Specification="OAS30", OutputType=output)["body"].read()
    again = _import(contract, exported.decode(), FailOnWarnings=True)
    one, other = _routes(contract, api), _routes(contract, again["ApiId"])
    assert set(one) == set(other)
    assert all(one[key].get("AuthorizationScopes") == other[key].get("AuthorizationScopes") for key in one)
    assert all(one[key]["AuthorizationType"] == other[key]["AuthorizationType"] for key in one)
    with contract.unconfirmed("tags and CORS are exported"):
        assert again["Tags"] == {"owner": "k/ns/orders", "plain": ""}
        assert again["CorsConfiguration"] == {"AllowOrigins": ["https://app.example"], "AllowMethods": ["GET"]}
    with contract.unconfirmed("mappings are exported"):
        assert b"overwrite:path" in exported


def test_an_export_of_a_stage_shows_what_is_deployed(contract: Any) -> None:
    """Two exports differ by what is not deployed yet [D]."""
    api = contract.api()
    contract.route(api, "GET /a")
    contract.gateway.create_stage(ApiId=api, StageName="dev")
    contract.gateway.create_deployment(ApiId=api, StageName="dev")
    contract.route(api, "GET /b")
    common = {"ApiId": api, "Specification": "OAS30", "OutputType": "JSON"}
    latest = json.loads(contract.gateway.export_api(**common)["body"].read())
    deployed = json.loads(contract.gateway.export_api(**common, StageName="dev")["body"].read())
    assert set(latest["paths"]) == {"/a", "/b"}
    assert set(deployed["paths"]) == {"/a"}
    plain = json.loads(contract.gateway.export_api(**common, IncludeExtensions=False)["body"].read())
    assert "x-amazon-apigateway" not in json.dumps(plain)
