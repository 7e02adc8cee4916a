"""``AWS_IAM`` routes: who signed the request, and does IAM let him invoke it.

Signature version 4 for service ``execute-api`` and the API's Region, in the ``Authorization`` header or presigned in
the query; then the caller's identity policies against ``execute-api:Invoke`` on the ARN of the request, whose path is
the one that was asked for [D: developer guide, controlling access with IAM]. HTTP APIs have no resource policy, so
nobody of another account passes [D]. That a refusal is 403 with ``{"message":"Forbidden"}`` is [U], and so is that a
body must be signed: ``UNSIGNED-PAYLOAD`` is refused.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from oracleapi_sandbox.aws.access.directory import Directory
from oracleapi_sandbox.aws.access.door import Door
from oracleapi_sandbox.aws.access.policies import Asked, evaluate
from oracleapi_sandbox.aws.access.principals import Caller
from oracleapi_sandbox.aws.data.request import Request
from oracleapi_sandbox.aws.deployed import Stage
from oracleapi_sandbox.aws.errors import AwsError
from oracleapi_sandbox.aws.settings import ControlSettings
from oracleapi_sandbox.aws.wire import AwsRequest

SERVICE = "execute-api"
ACTION = f"{SERVICE}:Invoke"


class SignatureError(Exception):
    """The caller may not pass; the text is ``$context.authorizer.error`` and holds nothing that was signed."""


class Callers(Protocol):
    """Knows who signs."""

    async def admit(self, request: Request, stage: Stage, path: str) -> Caller:
        """Return who signed *request*, which he may invoke.

        Args:
            path: The request's, without the stage.

        Raises:
            SignatureError: Nobody did, or he may not.
        """
        ...


@dataclass(frozen=True)
class SignedCallers:
    """Fulfils :class:`Callers` by the door of the control plane, its keys and its policies."""

    door: Door
    directory: Directory
    control: Callable[[], ControlSettings]

    async def admit(self, request: Request, stage: Stage, path: str) -> Caller:
        caller = self._identify(request, stage)
        if caller.account_id != stage.account_id:
            raise SignatureError(f"the caller is of account {caller.account_id}")
        if caller.kind == "root":
            return caller
        resource = f"{stage.stage_name}/{request.method}{path}"
        keys = {
            "aws:principalarn": (caller.principal_arn,),
            "aws:requestedregion": (stage.region,),
            "aws:sourceip": (request.source_ip,),
        }
        arn = f"arn:aws:{SERVICE}:{stage.region}:{stage.account_id}:{stage.api_id}/{resource}"
        if (said := evaluate(await self.directory.policies(caller), Asked(ACTION, arn, keys))) != "allowed":
            raise SignatureError(f"IAM: {said} of {ACTION}")
        return caller

    def _identify(self, request: Request, stage: Stage) -> Caller:
        signed = as_signed(request)
        credential = signed.credential
        if credential is None:
            raise SignatureError("no signature")
        if (credential.service, credential.region) != (SERVICE, stage.region):
            raise SignatureError(f"signed for {credential.service} in {credential.region}")
        try:
            return self.door.identify(signed, self.control(), presigned=True)
        except AwsError as refused:
            raise SignatureError(refused.code) from None
        except UnicodeError:
            raise SignatureError("a signed header is no text") from None


def as_signed(request: Request) -> AwsRequest:
    """Return *request* as the door reads it; of repeated headers the values are joined, as they are signed."""
    names = {name.decode("latin-1").lower() for name, _ in request.headers}
    headers = {name: request.header(name) or "" for name in names}
    headers["host"] = request.authority
    return AwsRequest(request.method, request.path, request.query, headers, request.body, None)
