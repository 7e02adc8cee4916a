"""Ways to fail, raised as the drivers raise them and translated by the adapters' own tables."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import oracledb
from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError

from oracleapi.adapters.aws.errors import translated as aws_translated
from oracleapi.adapters.oracle.errors import translated as oracle_translated
from oracleapi.api import reasons
from oracleapi.errors import Retryable
from support.crashes import Call


def client_error(code: str, status: int, text: str = "") -> Exception:
    response: Any = {"Error": {"Code": code, "Message": text}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "Anything")


def oracle_error(code: str) -> Exception:
    """Return the driver's error; only ``full_code`` and ``message`` of it are read."""
    details = type("Details", (), {"full_code": code, "message": f"{code}: x", "isrecoverable": False})()
    return oracledb.DatabaseError(details)


@dataclass(frozen=True)
class Fault:
    """One way to fail.

    Args:
        part: Where it can happen.
        error: Makes the driver's error.
        after: The call happened before it failed.
    """

    part: str
    error: Callable[[], Exception]
    after: bool = False

    def strike(self, call: Call, go: Callable[[], Any]) -> Any:
        if self.after:
            go()
        if self.part == "aws":
            with aws_translated(f"apigateway:{call.name}", creates=call.creates):
                raise self.error()
        if self.part == "oracle":
            with oracle_translated("writing the ORDS metadata"):
                raise self.error()
        raise self.error()


FAULTS = {
    "aws 429": Fault("aws", lambda: client_error("TooManyRequestsException", 429)),
    "aws 500": Fault("aws", lambda: client_error("InternalServerErrorException", 500)),
    "aws 500 after the effect": Fault("aws", lambda: client_error("InternalServerErrorException", 500), after=True),
    "aws 503": Fault("aws", lambda: client_error("ServiceUnavailableException", 503)),
    "aws concurrent modification": Fault(
        "aws",
        lambda: client_error(
            "ConflictException", 409, "Unable to complete operation due to concurrent modification. Please try again."
        ),
    ),
    "aws no answer": Fault("aws", lambda: ReadTimeoutError(endpoint_url="https://aws"), after=True),
    "aws not reached": Fault("aws", lambda: ConnectTimeoutError(endpoint_url="https://aws")),
    "aws expired token": Fault("aws", lambda: client_error("ExpiredTokenException", 403)),
    "aws unknown key": Fault("aws", lambda: client_error("UnrecognizedClientException", 403)),
    "aws denied": Fault("aws", lambda: client_error("AccessDeniedException", 403, "not authorized to perform: x")),
    **{f"oracle {code}": Fault("oracle", lambda code=code: oracle_error(code)) for code in (
        "ORA-00060", "ORA-04021", "ORA-04068", "ORA-03113", "ORA-12541", "DPY-4011", "DPY-6005", "ORA-01017",
        "ORA-28000", "ORA-01033", "ORA-01031",
    )},
    "oracle cut after": Fault("oracle", lambda: oracle_error("DPY-4011"), after=True),
    "oracle time-out after": Fault("oracle", lambda: oracle_error("DPY-4024"), after=True),
    "ords away": Fault("ords", lambda: Retryable(reasons.ORDS_UNREACHABLE, "no answer")),
    "provider away": Fault("oidc", lambda: Retryable(reasons.DISCOVERY_FAILED, "no answer")),
    "cluster conflict": Fault("cluster", lambda: Retryable(reasons.CONFLICT, "the object changed meanwhile")),
    "cluster away after": Fault("cluster", lambda: Retryable(reasons.DEPENDENCY_NOT_READY, "no answer"), after=True),
}  # fmt: skip
