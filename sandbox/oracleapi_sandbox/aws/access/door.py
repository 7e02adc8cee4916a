"""The door of the AWS double: who calls, and may they.

Order of the checks: a signature at all, a known and active key, its session token, the token's end, the signature and
its date; then, for everybody but the administrator, the identity policies. The order among the first five is [U].
"""

from typing import Any, Protocol

from oracleapi_sandbox.aws.access.demands import (
    gateway_demands,
    key_demands,
    key_in_use,
    log_demands,
    service_demands,
)
from oracleapi_sandbox.aws.access.directory import Directory
from oracleapi_sandbox.aws.access.policies import Asked, evaluate
from oracleapi_sandbox.aws.access.principals import Caller, Principals
from oracleapi_sandbox.aws.access.refusals import refusal
from oracleapi_sandbox.aws.access.signature import verify
from oracleapi_sandbox.aws.control.store import RegionStore
from oracleapi_sandbox.aws.errors import AwsError, bad_request, not_implemented
from oracleapi_sandbox.aws.secrets.context import Key
from oracleapi_sandbox.aws.settings import ControlSettings
from oracleapi_sandbox.aws.wire import AwsRequest
from oracleapi_sandbox.common.clock import Clock


class Secrets(Protocol):
    """Looks secrets and their keys up as the administrator."""

    def describe(self, region: str, secret_id: str) -> dict[str, Any] | None:
        """Return what DescribeSecret says, or ``None``."""
        ...

    async def find_key(self, region: str, key_id: str) -> Key | None:
        """Return a key of KMS, or ``None``."""
        ...


class Door:
    """Identifies callers and evaluates what they may do."""

    def __init__(
        self, principals: Principals, directory: Directory, secrets: Secrets, clock: Clock, machine_clock: Clock
    ) -> None:
        self._principals = principals
        self._directory = directory
        self._secrets = secrets
        self._clock = clock
        self._machine_clock = machine_clock

    def identify(self, request: AwsRequest, settings: ControlSettings, *, presigned: bool = False) -> Caller:
        """Return who signed *request*.

        Signatures are dated by the client's machine, so they are compared with the machine's clock plus
        ``signature_skew_seconds``, not with the clock that tests drive; session tokens end by the driven one.

        Args:
            presigned: Whether a signature in the query will do.

        Raises:
            AwsError: The refusal.
        """
        if request.presigned and not presigned:
            raise not_implemented("presigned requests")
        if request.credential is None:
            raise refusal(request, "missing")
        key = self._principals.find(request.credential.access_key_id)
        if key is None or not key.active or request.session_token != key.token:
            raise refusal(request, "unknown")
        if key.expires is not None and self._clock.now() >= key.expires:
            raise refusal(request, "expired")
        verify(request, key.secret, self._machine_clock.now() + settings.signature_skew_seconds)
        return key.caller

    async def admit_to_gateway(
        self, request: AwsRequest, operation: str, caller: Caller, store: RegionStore, settings: ControlSettings
    ) -> None:
        """Refuse a call of API Gateway v2 that *caller* has no permission for.

        Raises:
            AwsError: AccessDeniedException, or for access logs the real text ``Insufficient permissions …`` [D].
        """
        if caller.kind == "root" or request.credential is None:
            return
        region = request.credential.region
        policies = await self._directory.policies(caller)
        for asked in gateway_demands(request, region, operation, caller, store, settings):
            _judge(request, caller, policies, asked)
        logging = log_demands(request, region, operation, caller, settings)
        if any(evaluate(policies, asked) != "allowed" for asked in logging):
            raise bad_request("Insufficient permissions to enable logging")

    async def admit(self, request: AwsRequest, operation: str, caller: Caller, settings: ControlSettings) -> None:
        """Refuse a call of another service that *caller* has no permission for."""
        if caller.kind == "root" or request.credential is None:
            return
        region, secret = request.credential.region, None
        if request.credential.service == "secretsmanager" and "SecretId" in request.document:
            secret = self._secrets.describe(region, str(request.document["SecretId"]))
            if secret is None and not settings.missing_secret_is_denied:
                return  # the service itself says that there is none
        policies = await self._directory.policies(caller)
        account, named = self._principals.account_id, None
        if request.credential.service == "iam":
            named = await self._directory.resource(request.form, account)
        for asked in service_demands(
            request, region, operation, caller, account, secret, named, settings.missing_secret_is_named
        ):
            _judge(request, caller, policies, asked)
        key_id = key_in_use(operation, request.document, secret or {})
        if key_id is None or request.credential.service != "secretsmanager":
            return
        key = await self._secrets.find_key(region, key_id)
        wanted = [] if key is None else key_demands(operation, region, caller, key.arn)
        if any(evaluate(policies, asked) != "allowed" for asked in wanted):
            raise refusal(request, "denied", "Access to KMS is not allowed")


def _judge(request: AwsRequest, caller: Caller, policies: list[Any], asked: Asked) -> None:
    """Raise the denial with AWS's text [D]."""
    decision = evaluate(policies, asked)
    if decision == "allowed":
        return
    text = f"User: {caller.arn} is not authorized to perform: {asked.action} on resource: {asked.resource}"
    if decision == "explicit deny":
        text += " with an explicit deny in an identity-based policy"
    else:
        text += f" because no identity-based policy allows the {asked.action} action"
    raise _denied(request, text)


def _denied(request: AwsRequest, text: str) -> AwsError:
    if request.credential is not None and request.credential.service == "ec2":
        return refusal(request, "denied", "You are not authorized to perform this operation.")
    return refusal(request, "denied", text)
