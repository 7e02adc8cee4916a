"""Ways to fail, raised as the drivers raise them and translated by the adapters' own tables."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import oracledb
from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError

from oracleapi.adapters.aws import secret_errors
from oracleapi.adapters.aws.errors import translated as aws_translated
from oracleapi.adapters.oracle import logins
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
        with TABLES.get(self.part, _nobody_s)(call):
            raise self.error()


SECRET_OPERATIONS = {
    "describe": "DescribeSecret",
    "read": secret_errors.READ,
    "create": secret_errors.CREATE,
    "put_pending": secret_errors.PUT,
    "make_current": secret_errors.MOVE,
    "drop_pending": secret_errors.MOVE,
    "restore": "RestoreSecret",
    "delete": "DeleteSecret",
    "tag": "TagResource",
    "set_key": "UpdateSecret",
}
"""What the methods of ``RotatedSecrets`` are to AWS."""


@contextmanager
def _of_secret(call: Call) -> Iterator[None]:
    operation = SECRET_OPERATIONS[call.name]
    with secret_errors.asking(operation, "hr/app"):
        try:
            yield
        except ClientError as error:
            raise ClientError(error.response, operation) from error


@contextmanager
def _of_account(call: Call) -> Iterator[None]:
    try:
        yield
    except oracledb.Error as error:
        raise logins._unopened(f"{call.name} of account HR_APP", "HR_APP", error) from error


def _nobody_s(_: Call) -> AbstractContextManager[None]:
    """Translate nothing: the fault is in our words already."""
    return nullcontext()


TABLES: dict[str, Callable[[Call], AbstractContextManager[None]]] = {
    "aws": lambda call: aws_translated(f"apigateway:{call.name}", creates=call.creates),
    "oracle": lambda _: oracle_translated("writing the ORDS metadata"),
    "rotated": _of_secret,
    "logins": _of_account,
}
"""The tables of the adapters, by the part whose calls they translate."""


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
    "secret throttled": Fault("rotated", lambda: client_error("ThrottlingException", 400, "Rate exceeded")),
    "secret 500": Fault("rotated", lambda: client_error("InternalServiceError", 500)),
    "secret 500 after the effect": Fault("rotated", lambda: client_error("InternalServiceError", 500), after=True),
    "secret no answer": Fault("rotated", lambda: ReadTimeoutError(endpoint_url="https://aws"), after=True),
    "secret not reached": Fault("rotated", lambda: ConnectTimeoutError(endpoint_url="https://aws")),
    "secret expired token": Fault("rotated", lambda: client_error("ExpiredTokenException", 400)),
    "secret denied": Fault("rotated", lambda: client_error("AccessDeniedException", 400, "not authorized")),
    "secret in another state": Fault("rotated", lambda: client_error("InvalidRequestException", 400, "not now")),
    **{f"account {code}": Fault("logins", lambda code=code: oracle_error(code)) for code in (
        "ORA-03113", "ORA-12541", "DPY-4011", "DPY-6005", "ORA-01033", "ORA-02391", "ORA-28000", "ORA-01045",
    )},
    "account cut after": Fault("logins", lambda: oracle_error("DPY-4011"), after=True),
    "account time-out after": Fault("logins", lambda: oracle_error("DPY-4024"), after=True),
    "workload away": Fault("workloads", lambda: Retryable(reasons.DEPENDENCY_NOT_READY, "no answer")),
    "workload away after": Fault("workloads", lambda: Retryable(reasons.DEPENDENCY_NOT_READY, "no answer"), after=True),
    "workload changed": Fault("workloads", lambda: Retryable(reasons.CONFLICT, "changed by somebody else just now")),
    "workload forbidden": Fault(
        "workloads", lambda: Retryable(reasons.RBAC_MISSING, "add the namespace to rotation.namespaces")
    ),
}  # fmt: skip
