"""Where the AWS contract suite runs: against the sandbox, or against a real account.

``ORACLEAPI_CONTRACT_AWS=real`` takes endpoint, Region and credentials from the environment, as any AWS client does,
and ``ORACLEAPI_CONTRACT_ISSUER`` (a token issuer with public discovery), ``ORACLEAPI_CONTRACT_SUBNETS`` (comma
separated), ``ORACLEAPI_CONTRACT_LISTENER_ARN`` for what the account must hold. Expectations that nobody has confirmed
on a real account are made inside :func:`unconfirmed`: against the sandbox they must hold, against a real account they
are reported at the end of the run.
"""

import contextlib
import json
import os
import ssl
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from support.parts import start_part

REAL = os.environ.get("ORACLEAPI_CONTRACT_AWS") == "real"
SANDBOX_ONLY = [
    "test_control_sandbox.py",
    "test_faults_sandbox.py",
    "test_iam_policy.py",
    "test_policies_sandbox.py",
    "test_roles_sandbox.py",
    "test_rotated_secrets_sandbox.py",
    "test_secrets_sandbox.py",
]
collect_ignore = SANDBOX_ONLY if REAL else []
_REPORT: list[str] = []


@contextlib.contextmanager
def unconfirmed(claim: str) -> Iterator[None]:
    """Hold the expectations of a [U] *claim*: they fail against the sandbox and only report against real AWS."""
    try:
        yield
    except (AssertionError, ClientError, pytest.fail.Exception) as found:
        if not REAL:
            raise
        _REPORT.append(f"{claim:.100}: {str(found).splitlines()[0]}")
    else:
        if REAL:
            _REPORT.append(f"{claim:.100}: confirmed")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print what was learned about unconfirmed claims."""
    if _REPORT:
        terminalreporter.section("unconfirmed expectations on real AWS")
        for line in _REPORT:
            terminalreporter.write_line(line)


@contextlib.contextmanager
def refused(code: str, *parts: str, status: int | None = None) -> Iterator[None]:
    """Expect a ClientError with *code*, all *parts* in its message, and *status*."""
    with pytest.raises(ClientError) as caught:
        yield
    response = caught.value.response
    assert response["Error"]["Code"] == code, response["Error"]
    for part in parts:
        assert part in response["Error"]["Message"]
    if status is not None:
        assert response["ResponseMetadata"]["HTTPStatusCode"] == status


@dataclass
class Aws:
    """The account under test."""

    client: Callable[[str], Any]
    issuer: str
    subnets: list[str]
    listener_arn: str
    endpoint_url: str | None = None
    addresses: dict[str, Any] = field(default_factory=dict)

    def client_as(self, access_key_id: str, secret_access_key: str, service: str, token: str | None = None) -> Any:
        """Return a client with other keys, which tries once."""
        return boto3.client(
            service,
            endpoint_url=self.endpoint_url,
            region_name=self.addresses.get("region"),
            aws_access_key_id=access_key_id,
            aws_secret_access_key=secret_access_key,
            aws_session_token=token,
            config=Config(retries={"mode": "standard", "total_max_attempts": 1}),
        )

    def client_context(self) -> ssl.SSLContext:
        """A context that trusts the sandbox's authority."""
        return ssl.create_default_context(cafile=self.addresses["ca"])

    def sandbox(self, method: str, page: str, document: Any = None) -> Any:
        """Call a page of the sandbox; return its JSON."""
        url = f"{self.endpoint_url}/_sandbox/{page}"
        answer = httpx.request(method, url, json=document, trust_env=False, timeout=20)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """The account: that of the environment, or a sandbox of its own with an identity provider beside it."""
    if REAL:
        yield Aws(
            lambda service: boto3.client(service),
            os.environ["ORACLEAPI_CONTRACT_ISSUER"],
            os.environ["ORACLEAPI_CONTRACT_SUBNETS"].split(","),
            os.environ["ORACLEAPI_CONTRACT_LISTENER_ARN"],
        )
        return
    state = tmp_path_factory.mktemp("aws")
    with contextlib.ExitStack() as stack:
        part = start_part("aws", state)
        stack.callback(part.stop)
        provider = start_part("oidc", state)
        stack.callback(provider.stop)
        yield Aws(
            _sandbox_clients(part.addresses),
            provider.addresses["issuer"],
            ["subnet-0a1b2c3d", "subnet-0e4f5a6b"],
            _listener(part.addresses),
            part.addresses["endpoint_url"],
            {**part.addresses, "ca": str(Path(state) / "ca" / "ca.crt")},
        )


def _listener(addresses: dict[str, Any]) -> str:
    place = f"{addresses['region']}:{addresses['account_id']}"
    return f"arn:aws:elasticloadbalancing:{place}:listener/app/ords/50dc6c495c0c9188/0467ef3c8400ae65"


def _sandbox_clients(addresses: dict[str, Any]) -> Callable[[str], Any]:
    def client(service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=addresses["endpoint_url"],
            region_name=addresses["region"],
            aws_access_key_id=addresses["access_key_id"],
            aws_secret_access_key=addresses["secret_access_key"],
            config=Config(retries={"mode": "standard", "total_max_attempts": 1}),
        )

    return client


class Contract:
    """The API Gateway v2 client with short ways to make what most tests need, and the two kinds of expectation."""

    def __init__(self, aws: Aws) -> None:
        self.aws = aws
        self.gateway = aws.client("apigatewayv2")
        self.real = REAL
        self.unconfirmed = unconfirmed
        self.refused = refused
        self._made: list[str] = []

    def api(self, **members: Any) -> str:
        """Create an HTTP API; return its id. It is deleted when the test ends."""
        given = {"Name": f"contract-{uuid.uuid4().hex[:8]}", "ProtocolType": "HTTP", **members}
        return self.keep(self.gateway.create_api(**given)["ApiId"])

    def keep(self, api_id: str) -> str:
        """Have an API deleted when the test ends."""
        self._made.append(api_id)
        return api_id

    def integration(self, api_id: str, **members: Any) -> str:
        """Create an HTTP_PROXY integration to a public URL; return its id."""
        given = {"IntegrationType": "HTTP_PROXY", "IntegrationMethod": "ANY", "IntegrationUri": "https://example.com"}
        return str(self.gateway.create_integration(ApiId=api_id, **{**given, **members})["IntegrationId"])

    def route(self, api_id: str, key: str, **members: Any) -> str:
        """Create a route with an integration of its own; return its id."""
        given = {"Target": f"integrations/{self.integration(api_id)}", **members}
        return str(self.gateway.create_route(ApiId=api_id, RouteKey=key, **given)["RouteId"])

    def authorizer(self, api_id: str, name: str = "jwt", **members: Any) -> str:
        """Create a JWT authorizer of the issuer under test; return its id."""
        given = {
            "AuthorizerType": "JWT",
            "IdentitySource": ["$request.header.Authorization"],
            "JwtConfiguration": {"Issuer": self.aws.issuer, "Audience": ["api"]},
        }
        return str(self.gateway.create_authorizer(ApiId=api_id, Name=name, **{**given, **members})["AuthorizerId"])

    def document(self, **members: Any) -> str:
        """Return an OpenAPI document as JSON."""
        info = {"title": "contract-doc", "version": "1.0"}
        return json.dumps({"openapi": "3.0.1", "info": info, "paths": {}, **members})

    def wait_for_link(self, vpc_link_id: str) -> str:
        """Wait until a link has left PENDING and return its status; the sandbox's clock is moved for it."""
        if not REAL:
            self.aws.sandbox("POST", "clock", {"advance_seconds": 5})
        pace = threading.Event()
        for _ in range(120):
            status: str = self.gateway.get_vpc_link(VpcLinkId=vpc_link_id)["VpcLinkStatus"]
            if status != "PENDING":
                return status
            pace.wait(5 if REAL else 0.05)  # the account's request quota is small
        raise AssertionError(f"VPC link {vpc_link_id} stays PENDING")

    def clean(self) -> None:
        """Delete what was made since the last time."""
        while self._made:
            api_id = self._made.pop()
            with contextlib.suppress(self.gateway.exceptions.NotFoundException):
                self.gateway.delete_api(ApiId=api_id)


@pytest.fixture(scope="session")
def session_contract(aws: Aws) -> Contract:
    return Contract(aws)


@pytest.fixture
def contract(session_contract: Contract) -> Iterator[Contract]:
    """The client with its helpers; what it made is deleted afterwards."""
    yield session_contract
    session_contract.clean()


@pytest.fixture
def link(session_contract: Contract) -> Iterator[str]:
    """The id of a VPC link that is AVAILABLE. Name it before ``contract``, so that it is deleted after the APIs."""
    gateway = session_contract.gateway
    created = gateway.create_vpc_link(Name="contract", SubnetIds=session_contract.aws.subnets)
    session_contract.wait_for_link(created["VpcLinkId"])
    yield created["VpcLinkId"]
    gateway.delete_vpc_link(VpcLinkId=created["VpcLinkId"])
