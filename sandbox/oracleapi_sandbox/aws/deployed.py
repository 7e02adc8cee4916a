"""The seam between control plane and data plane: a stage as it is deployed, an immutable snapshot.

The control plane builds one at each deployment and stage change; the data plane asks for it on every request and
never sees the configuration behind it. Throttle and log settings act outside deployments, so a snapshot is replaced
when they change. Field words are those of the apigatewayv2 model.
"""

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class JwtAuthorizer:
    authorizer_id: str
    name: str
    issuer: str
    audience: tuple[str, ...]
    identity_source: str = "$request.header.Authorization"


@dataclass(frozen=True)
class Integration:
    """An HTTP_PROXY integration. ``uri`` is a listener ARN with VPC_LINK, else an http(s) URL."""

    integration_id: str
    uri: str
    method: str | None = None
    connection_type: str = "INTERNET"
    connection_id: str | None = None
    request_parameters: dict[str, str] = field(default_factory=dict)
    timeout_ms: int = 30_000
    server_name_to_verify: str | None = None
    tls: bool = False  # TlsConfig present


@dataclass(frozen=True)
class Route:
    route_id: str
    route_key: str  # "GET /hr/{id}", "ANY /x/{proxy+}", "$default"
    integration: Integration | None
    authorization_type: str = "NONE"  # NONE, JWT, AWS_IAM
    authorizer: JwtAuthorizer | None = None
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Throttle:
    """Token bucket of a route; ``None`` is the account's limit."""

    rate: float | None = None
    burst: int | None = None


@dataclass(frozen=True)
class AccessLog:
    destination_arn: str  # arn:aws:logs:REGION:ACCOUNT:log-group:NAME
    format: str


@dataclass(frozen=True)
class Stage:
    """A deployed stage of an HTTP API."""

    account_id: str
    region: str
    api_id: str
    stage_name: str
    deployment_id: str | None
    routes: tuple[Route, ...]
    default_throttle: Throttle = Throttle()
    route_throttles: dict[str, Throttle] = field(default_factory=dict)  # by route key; replaces the default whole
    access_log: AccessLog | None = None
    stage_variables: dict[str, str] = field(default_factory=dict)
    disable_execute_api_endpoint: bool = False


class DeployedStages(Protocol):
    """What the data plane may ask the control plane."""

    def find(self, api_id: str) -> tuple[Stage, ...]:
        """Return the stages of *api_id* that callers can reach (empty: unknown API or nothing deployed)."""
        ...

    def vpc_link_status(self, vpc_link_id: str) -> str | None:
        """Return PENDING, AVAILABLE, DELETING, FAILED or INACTIVE, or ``None`` when there is no such link."""
        ...
