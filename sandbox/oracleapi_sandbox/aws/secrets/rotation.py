"""Rotation by Lambda functions is not here; what AWS says to a secret without one is."""

from typing import Any

from oracleapi_sandbox.aws.errors import not_implemented
from oracleapi_sandbox.aws.secrets.context import Context, Handler, Result
from oracleapi_sandbox.aws.secrets.errors import invalid_parameter, invalid_request


def _rotate(ctx: Context, members: dict[str, Any]) -> Result:
    if "ClientRequestToken" not in members:
        raise invalid_parameter("You must provide a ClientRequestToken value. We recommend a UUID-type value.")
    ctx.writable(members)
    if "RotationLambdaARN" in members:
        raise not_implemented("RotationLambdaARN of secretsmanager:RotateSecret")
    raise invalid_request("No Lambda rotation function ARN is associated with this secret.")


OPERATIONS: dict[str, Handler] = {"RotateSecret": _rotate}
