"""An HTTP API of API Gateway as values: desired, observed, and the actions between. Pure.

Children are known by their natural key: a route by its route key, an authorizer by its name, an integration by its
whole content. Ids are the adapter's business, looked up when an action needs them: an import may renew them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

AWS_IAM = "AWS_IAM"
"""AuthorizationType of a route whose callers sign."""
CALLER_HEADER = "X-OracleApi-Caller"
"""Who calls, in the gateway's word, behind the gateway key; what it is mapped from is hidden."""


@dataclass(frozen=True)
class Authorizer:
    """A JWT authorizer; *name* is its natural key."""

    name: str
    issuer: str
    audience: str


@dataclass(frozen=True)
class Integration:
    """An HTTP_PROXY integration through a VPC link; its content is its identity.

    Args:
        vpc_link_id: ConnectionId.
        listener_arn: IntegrationUri.
        path: ``overwrite:path``.
        headers: ``overwrite:header.…`` by header name, sorted pairs.
        timeout_ms: TimeoutInMillis, 50..30000.
        server_name: TlsConfig.ServerNameToVerify; ``None`` speaks plain HTTP to the listener.
    """

    vpc_link_id: str
    listener_arn: str
    path: str
    headers: tuple[tuple[str, str], ...]
    timeout_ms: int
    server_name: str | None = None


@dataclass(frozen=True)
class Throttle:
    """Rate (requests a second) and burst of a route."""

    rate: float
    burst: int


@dataclass(frozen=True)
class GatewayRoute:
    """A route. ``scope`` and ``authorizer`` are ``None`` for Public."""

    key: str
    integration: Integration | None
    authorizer: str | None = None
    scope: str | None = None  # several scopes, which only a stranger sets, are joined by blanks
    authorization: str = "NONE"  # NONE, JWT, AWS_IAM, CUSTOM as AWS says
    integration_id: str | None = field(default=None, compare=False)  # known after a detailed read only

    @property
    def method(self) -> str:
        return self.key.split(" ", 1)[0]

    @property
    def path(self) -> str:
        return self.key.split(" ", 1)[-1]


@dataclass(frozen=True)
class GatewayStage:
    """The ``$default`` stage."""

    throttle: Throttle
    detailed_metrics: bool
    log_group_arn: str
    log_format: str
    route_throttles: Mapping[str, Throttle] = field(default_factory=lambda: MappingProxyType({}))
    auto_deploy: bool = True


@dataclass(frozen=True)
class LogGroup:
    """A log group for access logs."""

    name: str
    retention_days: int


@dataclass(frozen=True)
class DesiredGateway:
    """What an API's gateway half should be.

    Args:
        name: API name, at most 128 characters.
        tags: Owner tags and the account's own.
        authorizers: By name.
        routes: By route key.
        stage: Its settings.
        log_group: Where access logs go.
    """

    name: str
    tags: Mapping[str, str]
    authorizers: Mapping[str, Authorizer]
    routes: Mapping[str, GatewayRoute]
    stage: GatewayStage
    log_group: LogGroup


@dataclass(frozen=True)
class ApiIdentity:
    """An API as the inventory list shows it."""

    api_id: str
    name: str
    endpoint: str
    tags: Mapping[str, str]
    created: str = ""

    @property
    def host(self) -> str:
        """Public host with port, as callers send it."""
        return self.endpoint.split("://", 1)[-1].rstrip("/")


@dataclass(frozen=True)
class GatewayContent:
    """Authorizers by name and routes by key. A route whose target is gone has no integration."""

    authorizers: Mapping[str, Authorizer] = field(default_factory=lambda: MappingProxyType({}))
    routes: Mapping[str, GatewayRoute] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class ObservedGateway:
    """What AWS has; ``stage`` is ``None`` before birth."""

    identity: ApiIdentity
    content: GatewayContent
    stage: GatewayStage | None
    log_group: LogGroup | None

    @property
    def authorizers(self) -> Mapping[str, Authorizer]:
        return self.content.authorizers

    @property
    def routes(self) -> Mapping[str, GatewayRoute]:
        return self.content.routes


# Actions that are safe to repeat, and CreateApi, which is not. In the vocabulary of the
# apigatewayv2 API; each names its API by id and its child by natural key.


@dataclass(frozen=True)
class CreateApi:
    name: str
    tags: Mapping[str, str]
    verb: Literal["create"] = "create"

    def describe(self) -> str:
        return f"create API {self.name}"


@dataclass(frozen=True)
class ImportApi:
    """Build the content of an API that has no stage yet, in one call."""

    api_id: str
    desired: DesiredGateway
    verb: Literal["update"] = "update"

    def describe(self) -> str:
        return f"import {len(self.desired.routes)} routes into API {self.api_id}"


@dataclass(frozen=True)
class UpdateApi:
    api_id: str
    name: str
    verb: Literal["update"] = "update"

    def describe(self) -> str:
        return f"rename API {self.api_id} to {self.name}"


@dataclass(frozen=True)
class TagApi:
    api_id: str
    tags: Mapping[str, str]
    verb: Literal["update"] = "update"

    def describe(self) -> str:
        return f"tag API {self.api_id}: {', '.join(sorted(self.tags))}"


@dataclass(frozen=True)
class CreateAuthorizer:
    api_id: str
    authorizer: Authorizer
    verb: Literal["create"] = "create"

    def describe(self) -> str:
        return f"create authorizer {self.authorizer.name}"


@dataclass(frozen=True)
class UpdateAuthorizer:
    api_id: str
    authorizer: Authorizer
    verb: Literal["update"] = "update"

    def describe(self) -> str:
        return f"update authorizer {self.authorizer.name}"


@dataclass(frozen=True)
class DeleteAuthorizer:
    api_id: str
    name: str
    verb: Literal["delete"] = "delete"

    def describe(self) -> str:
        return f"delete authorizer {self.name}"


@dataclass(frozen=True)
class UpdateIntegration:
    """Change an integration in place, for all routes that share it."""

    api_id: str
    integration_id: str
    observed: Integration
    desired: Integration
    verb: Literal["update"] = "update"

    def describe(self) -> str:
        return f"update integration {self.integration_id} to {self.desired.path}"


@dataclass(frozen=True)
class CreateRoute:
    api_id: str
    route: GatewayRoute
    verb: Literal["create"] = "create"

    def describe(self) -> str:
        return f"create route {self.route.key}"


@dataclass(frozen=True)
class UpdateRoute:
    """Authorizer, scope and target change in this one call."""

    api_id: str
    route: GatewayRoute
    verb: Literal["update"] = "update"

    def describe(self) -> str:
        return f"update route {self.route.key}"


@dataclass(frozen=True)
class DeleteRoute:
    api_id: str
    key: str
    verb: Literal["delete"] = "delete"

    def describe(self) -> str:
        return f"delete route {self.key}"


@dataclass(frozen=True)
class PruneIntegrations:
    """Delete the integrations that no route points to."""

    api_id: str
    verb: Literal["delete"] = "delete"

    def describe(self) -> str:
        return "delete integrations without a route"


@dataclass(frozen=True)
class EnsureLogGroup:
    log_group: LogGroup
    tags: Mapping[str, str]
    exists: bool
    verb: Literal["create", "update"] = "create"

    def describe(self) -> str:
        word = "set retention of" if self.exists else "create"
        return f"{word} log group {self.log_group.name}"


@dataclass(frozen=True)
class CreateStage:
    api_id: str
    stage: GatewayStage
    tags: Mapping[str, str]
    verb: Literal["create"] = "create"

    def describe(self) -> str:
        return "create stage $default"


@dataclass(frozen=True)
class UpdateStage:
    """Set what differs, auto-deploy included; AWS merges ``throttles`` of routes into those that are there."""

    api_id: str
    stage: GatewayStage
    throttles: Mapping[str, Throttle]
    verb: Literal["update"] = "update"

    def describe(self) -> str:
        return "update stage $default"


@dataclass(frozen=True)
class DeleteStage:
    """Take an API off the air; everything else of it stays."""

    api_id: str
    verb: Literal["delete"] = "delete"

    def describe(self) -> str:
        return "delete stage $default"


@dataclass(frozen=True)
class HoldDeployments:
    """Turn auto-deploy off: callers go on meeting the last deployment until the next :class:`Deploy`."""

    api_id: str
    verb: Literal["update"] = "update"

    def describe(self) -> str:
        return "update stage $default to hold deployments"


@dataclass(frozen=True)
class Deploy:
    """Publish everything that was changed since deployments were held, at once."""

    api_id: str
    verb: Literal["update"] = "update"

    def describe(self) -> str:
        return "update deployment of stage $default"


@dataclass(frozen=True)
class DeleteRouteThrottle:
    api_id: str
    key: str
    verb: Literal["delete"] = "delete"

    def describe(self) -> str:
        return f"remove the throttle of {self.key}"


@dataclass(frozen=True)
class DeleteApi:
    api_id: str
    verb: Literal["delete"] = "delete"

    def describe(self) -> str:
        return f"delete API {self.api_id}"


GatewayAction = (
    ImportApi
    | UpdateApi
    | TagApi
    | CreateAuthorizer
    | UpdateAuthorizer
    | DeleteAuthorizer
    | UpdateIntegration
    | CreateRoute
    | UpdateRoute
    | DeleteRoute
    | PruneIntegrations
    | EnsureLogGroup
    | CreateStage
    | UpdateStage
    | HoldDeployments
    | Deploy
    | DeleteStage
    | DeleteRouteThrottle
    | DeleteApi
)
