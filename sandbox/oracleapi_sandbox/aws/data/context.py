"""``$context`` of one request: known facts first, the outcome later. Feeds mappings, access log and refusals.

Names are those of "http-api-logging-variables" of the developer guide ``[D]``. What a slice without custom domains
or client certificates cannot know has no value: ``-`` in a log, nothing in a mapping.
"""

import base64
import json
import os
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime

from oracleapi_sandbox.aws.access.principals import Caller
from oracleapi_sandbox.aws.data.request import Request

_CLAIM = "authorizer.claims."
CLAIM_NAME = re.compile(r"[A-Za-z0-9_.]+")
_WITHOUT_VALUE_HERE = (
    "authorizer.principalId",
    "awsEndpointRequestId",
    "awsEndpointRequestId2",
    "customDomain.basePathMatched",
    "identity.cognitoAuthenticationProvider",
    "identity.cognitoAuthenticationType",
    "identity.cognitoIdentityId",
    "identity.cognitoIdentityPoolId",
    "identity.principalOrgId",
    "identity.clientCert.clientCertPem",
    "identity.clientCert.subjectDN",
    "identity.clientCert.issuerDN",
    "identity.clientCert.serialNumber",
    "identity.clientCert.validity.notBefore",
    "identity.clientCert.validity.notAfter",
    "integration.requestId",
)
_REQUEST = (
    "accountId",
    "apiId",
    "domainName",
    "domainPrefix",
    "extendedRequestId",
    "httpMethod",
    "identity.accountId",
    "identity.caller",
    "identity.sourceIp",
    "identity.user",
    "identity.userAgent",
    "identity.userArn",
    "path",
    "protocol",
    "requestId",
    "requestTime",
    "requestTimeEpoch",
    "routeKey",
    "stage",
)
_OUTCOME = (
    "authorizer.error",
    "dataProcessed",
    "error.message",
    "error.messageString",
    "error.responseType",
    "integration.error",
    "integration.integrationStatus",
    "integration.latency",
    "integration.status",
    "integrationErrorMessage",
    "integrationLatency",
    "integrationStatus",
    "responseLatency",
    "responseLength",
    "status",
)
KNOWN = frozenset(_REQUEST + _OUTCOME + _WITHOUT_VALUE_HERE)


def known_variable(name: str) -> bool:
    """Tell whether ``$context.<name>`` is a variable of HTTP APIs; claims may have any permitted name."""
    if name.startswith(_CLAIM):
        return CLAIM_NAME.fullmatch(name.removeprefix(_CLAIM)) is not None
    return name in KNOWN or name == "authorizer.claims"


def new_request_id() -> str:
    """A request id of the form seen in ``apigw-requestid``: 15 characters and an equals sign ``[D]``."""
    return base64.urlsafe_b64encode(os.urandom(11)).decode()


@dataclass
class Context:
    """One request's variables. Fields of the outcome are set as the request goes on; ``None`` is "no value"."""

    request: Request
    received_at: float
    request_id: str = field(default_factory=new_request_id)
    account_id: str | None = None
    api_id: str | None = None
    stage: str | None = None
    route_key: str | None = None
    caller: Caller | None = None
    claims: dict[str, object] = field(default_factory=dict)
    authorizer_error: str | None = None
    error_message: str | None = None
    error_type: str | None = None
    integration_status: int | None = None
    integration_latency_ms: int | None = None
    integration_error: str | None = None
    status: int | None = None
    response_length: int | None = None
    response_latency_ms: int | None = None

    def value(self, name: str) -> str | None:
        """Return ``$context.<name>`` as text, or ``None`` when there is no such value."""
        if name.startswith(_CLAIM):
            return claim_text(self.claims.get(name.removeprefix(_CLAIM)))
        found = self._facts().get(name)
        return None if found is None else str(found)

    def _facts(self) -> dict[str, object]:
        return {**self._request_facts(), **self._outcome_facts()}

    def _request_facts(self) -> dict[str, object]:
        request, moment = self.request, datetime.fromtimestamp(self.received_at, UTC)
        caller = self.caller
        return {
            "accountId": self.account_id,
            "apiId": self.api_id,
            "domainName": request.domain_name,
            "domainPrefix": request.domain_name.partition(".")[0],
            "extendedRequestId": self.request_id,
            "httpMethod": request.method,
            "identity.accountId": caller and caller.account_id,
            "identity.caller": caller and caller.user_id,
            "identity.user": caller and caller.user_id,
            "identity.userArn": caller and caller.arn,
            "identity.sourceIp": request.source_ip,
            "identity.userAgent": request.header("user-agent"),
            "path": request.path,
            "protocol": f"HTTP/{request.http_version}",
            "requestId": self.request_id,
            "requestTime": moment.strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "requestTimeEpoch": int(self.received_at),
            "routeKey": self.route_key,
            "stage": self.stage,
        }

    def _outcome_facts(self) -> dict[str, object]:
        message = self.error_message
        return {
            "authorizer.error": self.authorizer_error,
            "dataProcessed": None if self.response_length is None else len(self.request.body) + self.response_length,
            "error.message": message,
            "error.messageString": None if message is None else f'"{message}"',
            "error.responseType": self.error_type,
            "integration.error": self.integration_error,
            "integration.latency": self.integration_latency_ms,
            "integration.status": self.integration_status,
            "integrationErrorMessage": self.integration_error,
            "integrationLatency": self.integration_latency_ms,
            "integrationStatus": self.integration_status,
            "responseLatency": self.response_latency_ms,
            "responseLength": self.response_length,
            "status": self.status,
        }


def claim_text(value: object) -> str | None:
    """Write a claim as mappings and logs see it: ``[a b]`` for arrays, JSON for objects, nothing for null ``[C]``."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list):
        return f"[{' '.join(shown for shown in map(claim_text, value) if shown is not None)}]"
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
