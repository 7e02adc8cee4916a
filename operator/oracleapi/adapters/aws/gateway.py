"""API Gateway v2 of one account and region: reads into values, actions into calls.

Ids are looked up by natural key when an action needs them and kept for the pass only. Creates of things without a
natural key (API, VPC link) are sent once.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from botocore.exceptions import ClientError

from oracleapi.adapters.aws.document import (
    build_document,
    build_parameters,
    parse_document,
    parse_parameters,
    shows_mappings,
)
from oracleapi.adapters.aws.errors import error_code, is_absent, translated
from oracleapi.adapters.aws.invoke import invoke
from oracleapi.adapters.aws.session import Clients
from oracleapi.model.gateway import (
    ApiIdentity,
    Authorizer,
    CreateApi,
    CreateAuthorizer,
    CreateRoute,
    CreateStage,
    DeleteApi,
    DeleteAuthorizer,
    DeleteRoute,
    DeleteRouteThrottle,
    DeleteStage,
    Deploy,
    EnsureLogGroup,
    GatewayAction,
    GatewayContent,
    GatewayRoute,
    GatewayStage,
    HoldDeployments,
    ImportApi,
    Integration,
    LogGroup,
    PruneIntegrations,
    TagApi,
    Throttle,
    UpdateApi,
    UpdateAuthorizer,
    UpdateIntegration,
    UpdateRoute,
    UpdateStage,
)
from oracleapi.model.link import CreateLink, DeleteLink, ObservedLink
from oracleapi.ports import Answer, Caller

STAGE = "$default"
PAGE = "500"
"""Page size asked for. The largest that AWS takes is not documented: where this one is refused, none is asked for."""


class AwsGateway:
    """Fulfils :class:`oracleapi.ports.Gateway` with botocore."""

    def __init__(self, clients: Clients, region: str) -> None:
        self._clients, self._region = clients, region
        self._export_shows_mappings = True  # learned: whether this account's exports show parameter mappings
        self._large_pages = True  # learned: whether lists take pages of PAGE items
        self._children: dict[tuple[str, str], list[dict[str, Any]]] = {}  # lists of one pass by (operation, API id)

    def caller(self) -> Caller:
        with translated("sts:GetCallerIdentity"):
            answer = self._clients.client("sts").get_caller_identity()
        return Caller(answer["Account"], answer["Arn"])

    def list_apis(self, fresh: bool = False) -> list[ApiIdentity]:
        with translated("apigateway:GetApis"):
            return [_to_identity(item) for item in self._pages("get_apis") if item.get("ProtocolType") == "HTTP"]

    def find_api(self, api_id: str) -> ApiIdentity | None:
        item = self._find("GetApi", ApiId=api_id)
        return None if item is None else _to_identity(item)

    def list_links(self, fresh: bool = False) -> list[ObservedLink]:
        with translated("apigateway:GetVpcLinks"):
            return [_to_link(item) for item in self._pages("get_vpc_links")]

    def find_link(self, link_id: str) -> ObservedLink | None:
        item = self._find("GetVpcLink", VpcLinkId=link_id)
        return None if item is None else _to_link(item)

    def observe_content(self, api_id: str, detailed: bool) -> GatewayContent:
        """One export shows everything but ids; where exports hide mappings, three lists do, and their ids."""
        self._forget(api_id)
        if self._export_shows_mappings and not detailed:
            with translated("apigateway:ExportApi"):
                answer = self._client().export_api(
                    ApiId=api_id, Specification="OAS30", OutputType="JSON", IncludeExtensions=True
                )
            body = answer["body"]
            document = json.loads(body.read() if hasattr(body, "read") else body)
            content = parse_document(document)
            if shows_mappings(document) or not content.routes:
                return content
        listed = self._list_content(api_id)
        if not detailed and any(route.integration and route.integration.path for route in listed.routes.values()):
            self._export_shows_mappings = False
        return listed

    def _list_content(self, api_id: str) -> GatewayContent:
        by_id = {item["AuthorizerId"]: item for item in self._list("GetAuthorizers", api_id)}
        integrations = {item["IntegrationId"]: _to_integration(item) for item in self._list("GetIntegrations", api_id)}
        items = self._list("GetRoutes", api_id)
        authorizers = {
            item["Name"]: _to_authorizer(item) for item in by_id.values() if item.get("AuthorizerType") == "JWT"
        }
        routes = {item["RouteKey"]: _to_route(item, integrations, by_id) for item in items}
        return GatewayContent(authorizers, routes)

    def observe_stage(self, api_id: str) -> GatewayStage | None:
        try:
            with translated("apigateway:GetStage"):
                item = self._client().get_stage(ApiId=api_id, StageName=STAGE)
        except Exception as error:
            if isinstance(error.__cause__, ClientError) and is_absent(error.__cause__):
                return None
            raise
        log = item.get("AccessLogSettings", {})
        default = item.get("DefaultRouteSettings", {})
        return GatewayStage(
            throttle=_to_throttle(default),
            detailed_metrics=bool(default.get("DetailedMetricsEnabled")),
            log_group_arn=log.get("DestinationArn", ""),
            log_format=log.get("Format", ""),
            route_throttles={key: _to_throttle(found) for key, found in item.get("RouteSettings", {}).items()},
            auto_deploy=bool(item.get("AutoDeploy")),
        )

    def observe_log_group(self, name: str) -> LogGroup | None:
        with translated("logs:DescribeLogGroups"):
            answer = self._clients.client("logs").describe_log_groups(logGroupNamePrefix=name)
        for item in answer.get("logGroups", []):
            if item["logGroupName"] == name:
                return LogGroup(name, int(item.get("retentionInDays", 0)))
        return None

    def invoke(self, url: str) -> Answer:
        return invoke(self._clients, self._region, url)

    def apply(self, action: GatewayAction | DeleteLink) -> None:
        match action:
            case ImportApi():
                self._import(action)
            case UpdateApi():
                self._call("UpdateApi", ApiId=action.api_id, Name=action.name)
            case TagApi():
                arn = f"arn:aws:apigateway:{self._region}::/apis/{action.api_id}"
                self._call("TagResource", ResourceArn=arn, Tags=dict(action.tags))
            case CreateAuthorizer():
                self._call("CreateAuthorizer", ApiId=action.api_id, **_authorizer_input(action.authorizer))
                self._forget(action.api_id)
            case UpdateAuthorizer():
                self._update_authorizer(action)
            case DeleteAuthorizer():
                self._delete_authorizer(action)
            case UpdateIntegration():
                self._update_integration(action)
            case CreateRoute():
                self._call("CreateRoute", ApiId=action.api_id, **self._route_input(action.api_id, action.route))
            case UpdateRoute():
                route_id = self._route_id(action.api_id, action.route.key)
                self._call(
                    "UpdateRoute",
                    ApiId=action.api_id,
                    RouteId=route_id,
                    **self._route_input(action.api_id, action.route, clear=True),
                )
            case DeleteRoute():
                self._gone("DeleteRoute", ApiId=action.api_id, RouteId=self._route_id(action.api_id, action.key))
            case PruneIntegrations():
                self._prune(action.api_id)
            case EnsureLogGroup():
                self._ensure_log_group(action)
            case CreateStage():
                self._call(
                    "CreateStage",
                    ApiId=action.api_id,
                    StageName=STAGE,
                    Tags=dict(action.tags),
                    **_stage_input(action.stage, action.stage.route_throttles),
                )
            case UpdateStage():
                self._call(
                    "UpdateStage",
                    ApiId=action.api_id,
                    StageName=STAGE,
                    **_stage_input(action.stage, action.throttles),
                )
            case HoldDeployments():
                self._call("UpdateStage", ApiId=action.api_id, StageName=STAGE, AutoDeploy=False)
            case Deploy():
                self._call("CreateDeployment", ApiId=action.api_id, StageName=STAGE)
            case DeleteStage():
                self._gone("DeleteStage", ApiId=action.api_id, StageName=STAGE)
            case DeleteRouteThrottle():
                self._gone("DeleteRouteSettings", ApiId=action.api_id, StageName=STAGE, RouteKey=action.key)
            case DeleteApi():
                self._gone("DeleteApi", ApiId=action.api_id)
            case DeleteLink():
                self._gone("DeleteVpcLink", VpcLinkId=action.link_id)

    def create_api(self, action: CreateApi) -> ApiIdentity:
        with translated("apigateway:CreateApi", creates=True):
            answer = self._client(creates=True).create_api(
                Name=action.name, ProtocolType="HTTP", Tags=dict(action.tags)
            )
        return ApiIdentity(answer["ApiId"], action.name, answer["ApiEndpoint"], action.tags)

    def create_link(self, action: CreateLink) -> str:
        desired = action.desired
        with translated("apigateway:CreateVpcLink", creates=True):
            answer = self._client(creates=True).create_vpc_link(
                Name=desired.name,
                SubnetIds=list(desired.subnet_ids),
                SecurityGroupIds=list(desired.security_group_ids),
                Tags=dict(desired.tags),
            )
        return str(answer["VpcLinkId"])

    def _import(self, action: ImportApi) -> None:
        document = json.dumps(build_document(action.desired), separators=(",", ":"))
        self._call("ReimportApi", ApiId=action.api_id, Body=document, FailOnWarnings=True)

    def _update_authorizer(self, action: UpdateAuthorizer) -> None:
        authorizer_id = self._authorizer_id(action.api_id, action.authorizer.name)
        self._call(
            "UpdateAuthorizer",
            ApiId=action.api_id,
            AuthorizerId=authorizer_id,
            **_authorizer_input(action.authorizer),
        )

    def _delete_authorizer(self, action: DeleteAuthorizer) -> None:
        authorizer_id = self._authorizer_id(action.api_id, action.name)
        self._gone("DeleteAuthorizer", ApiId=action.api_id, AuthorizerId=authorizer_id)

    def _update_integration(self, action: UpdateIntegration) -> None:
        """A removed mapping is sent as an empty string: the call merges maps."""
        parameters = dict.fromkeys(build_parameters(action.observed), "") | build_parameters(action.desired)
        self._call(
            "UpdateIntegration",
            ApiId=action.api_id,
            IntegrationId=action.integration_id,
            **(_integration_input(action.desired) | {"RequestParameters": parameters}),
        )

    def _route_input(self, api_id: str, route: GatewayRoute, clear: bool = False) -> dict[str, Any]:
        found: dict[str, Any] = {"RouteKey": route.key, "AuthorizationType": route.authorization}
        if route.integration is not None:
            found["Target"] = f"integrations/{self._ensure_integration(api_id, route.integration)}"
        if route.authorizer is not None:
            found["AuthorizerId"] = self._authorizer_id(api_id, route.authorizer)
            found["AuthorizationScopes"] = route.scope.split() if route.scope else []
        elif clear:
            found["AuthorizationScopes"] = []
        return found

    def _ensure_integration(self, api_id: str, integration: Integration) -> str:
        known = self._list("GetIntegrations", api_id)
        for item in known:
            if _to_integration(item) == integration:
                return str(item["IntegrationId"])
        answer = self._call("CreateIntegration", ApiId=api_id, **_integration_input(integration))
        known.append(answer)
        return str(answer["IntegrationId"])

    def _authorizer_id(self, api_id: str, name: str) -> str:
        return self._child_id("GetAuthorizers", api_id, "Name", name, "AuthorizerId")

    def _route_id(self, api_id: str, key: str) -> str:
        return self._child_id("GetRoutes", api_id, "RouteKey", key, "RouteId")

    def _child_id(self, operation: str, api_id: str, field: str, value: str, id_field: str) -> str:
        """Return the id of a child by natural key; an unknown one answers as AWS would for an unknown id."""
        for item in self._list(operation, api_id):
            if item.get(field) == value:
                return str(item[id_field])
        return "absent"

    def _prune(self, api_id: str) -> None:
        self._forget(api_id)
        used = {item.get("Target", "").rsplit("/", 1)[-1] for item in self._list("GetRoutes", api_id)}
        for item in self._list("GetIntegrations", api_id):
            if item["IntegrationId"] not in used:
                self._gone("DeleteIntegration", ApiId=api_id, IntegrationId=item["IntegrationId"])

    def _ensure_log_group(self, action: EnsureLogGroup) -> None:
        logs = self._clients.client("logs")
        with translated("logs:CreateLogGroup"):
            if not action.exists:
                with suppress(logs.exceptions.ResourceAlreadyExistsException):  # retention is set all the same
                    logs.create_log_group(logGroupName=action.log_group.name, tags=dict(action.tags))
            logs.put_retention_policy(
                logGroupName=action.log_group.name, retentionInDays=action.log_group.retention_days
            )

    def _client(self, creates: bool = False) -> Any:
        return self._clients.client("apigatewayv2", creates)

    def _call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        with translated(f"apigateway:{operation}"):
            answer: dict[str, Any] = getattr(self._client(), _method(operation))(**arguments)
            return answer

    def _find(self, operation: str, **arguments: Any) -> dict[str, Any] | None:
        """Call a get; what is not there is ``None``."""
        with translated(f"apigateway:{operation}"):
            try:
                found: dict[str, Any] = getattr(self._client(), _method(operation))(**arguments)
            except ClientError as error:
                if not is_absent(error):
                    raise
                return None
            return found

    def _gone(self, operation: str, **arguments: Any) -> None:
        """Call a delete; what is gone already is done."""
        with translated(f"apigateway:{operation}"):
            try:
                getattr(self._client(), _method(operation))(**arguments)
            except ClientError as error:
                if not is_absent(error):
                    raise

    def _list(self, operation: str, api_id: str) -> list[dict[str, Any]]:
        """Return the children of an API, read once a pass."""
        key = (operation, api_id)
        if key not in self._children:
            with translated(f"apigateway:{operation}"):
                self._children[key] = list(self._pages(_method(operation), ApiId=api_id))
        return self._children[key]

    def _forget(self, api_id: str) -> None:
        for key in [found for found in self._children if found[1] == api_id]:
            del self._children[key]

    def _pages(self, method: str, **arguments: Any) -> Iterator[dict[str, Any]]:
        """Yield the items of every page; botocore has no paginator for some of these lists."""
        token: dict[str, str] = {}
        while True:
            size = {"MaxResults": PAGE} if self._large_pages else {}
            try:
                answer = getattr(self._client(), method)(**size, **arguments, **token)
            except ClientError as error:
                if not self._large_pages or error_code(error) != "BadRequestException":
                    raise
                self._large_pages = False
                continue
            yield from answer.get("Items", [])
            if not answer.get("NextToken"):
                return
            token = {"NextToken": answer["NextToken"]}


def _method(operation: str) -> str:
    """Return botocore's method name of an operation."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in operation).lstrip("_")


def _authorizer_input(authorizer: Authorizer) -> dict[str, Any]:
    return {
        "Name": authorizer.name,
        "AuthorizerType": "JWT",
        "IdentitySource": ["$request.header.Authorization"],
        "JwtConfiguration": {"Issuer": authorizer.issuer, "Audience": [authorizer.audience]},
    }


def _integration_input(integration: Integration) -> dict[str, Any]:
    found: dict[str, Any] = {
        "IntegrationType": "HTTP_PROXY",
        "IntegrationMethod": "ANY",
        "IntegrationUri": integration.listener_arn,
        "ConnectionType": "VPC_LINK",
        "ConnectionId": integration.vpc_link_id,
        "PayloadFormatVersion": "1.0",
        "TimeoutInMillis": integration.timeout_ms,
        "RequestParameters": build_parameters(integration),
    }
    if integration.server_name is not None:
        found["TlsConfig"] = {"ServerNameToVerify": integration.server_name}
    return found


def _stage_input(stage: GatewayStage, throttles: Mapping[str, Throttle]) -> dict[str, Any]:
    """A route's entry replaces the defaults whole for that route, so metrics are repeated in it."""

    def settings(throttle: Throttle) -> dict[str, Any]:
        return {
            "ThrottlingRateLimit": throttle.rate,
            "ThrottlingBurstLimit": throttle.burst,
            "DetailedMetricsEnabled": stage.detailed_metrics,
        }

    return {
        "AutoDeploy": stage.auto_deploy,
        "DefaultRouteSettings": settings(stage.throttle),
        "RouteSettings": {key: settings(throttle) for key, throttle in sorted(throttles.items())},
        "AccessLogSettings": {"DestinationArn": stage.log_group_arn, "Format": stage.log_format},
    }


def _to_identity(item: Mapping[str, Any]) -> ApiIdentity:
    return ApiIdentity(
        api_id=item["ApiId"],
        name=item.get("Name", ""),
        endpoint=item.get("ApiEndpoint", ""),
        tags=item.get("Tags", {}),
        created=str(item.get("CreatedDate", "")),
    )


def _to_link(item: Mapping[str, Any]) -> ObservedLink:
    return ObservedLink(
        link_id=item["VpcLinkId"],
        name=item.get("Name", ""),
        state=item.get("VpcLinkStatus", ""),
        message=item.get("VpcLinkStatusMessage", ""),
        tags=item.get("Tags", {}),
        created=str(item.get("CreatedDate", "")),
        subnet_ids=tuple(sorted(item.get("SubnetIds", []))),
        security_group_ids=tuple(sorted(item.get("SecurityGroupIds", []))),
    )


def _to_throttle(settings: Mapping[str, Any]) -> Throttle:
    return Throttle(float(settings.get("ThrottlingRateLimit", -1.0)), int(settings.get("ThrottlingBurstLimit", -1)))


def _to_authorizer(item: Mapping[str, Any]) -> Authorizer:
    configuration = item.get("JwtConfiguration", {})
    return Authorizer(
        item["Name"], configuration.get("Issuer", ""), " ".join(sorted(configuration.get("Audience", [])))
    )


def _to_integration(item: Mapping[str, Any]) -> Integration:
    path, headers = parse_parameters(item.get("RequestParameters", {}))
    return Integration(
        vpc_link_id=item.get("ConnectionId", ""),
        listener_arn=item.get("IntegrationUri", ""),
        path=path,
        headers=headers,
        timeout_ms=int(item.get("TimeoutInMillis", 30000)),
        server_name=item.get("TlsConfig", {}).get("ServerNameToVerify"),
    )


def _to_route(
    item: Mapping[str, Any], integrations: Mapping[str, Integration], authorizers: Mapping[str, Mapping[str, Any]]
) -> GatewayRoute:
    integration_id = item.get("Target", "").rsplit("/", 1)[-1]
    authorizer = authorizers.get(item.get("AuthorizerId", ""))
    return GatewayRoute(
        key=item["RouteKey"],
        integration=integrations.get(integration_id),
        authorizer=authorizer["Name"] if authorizer is not None else None,
        scope=" ".join(item.get("AuthorizationScopes", [])) or None,
        authorization=item.get("AuthorizationType", "NONE"),
        integration_id=integration_id or None,
    )
