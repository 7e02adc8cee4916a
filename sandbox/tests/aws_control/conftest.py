"""An engine in this process: a clock that stands still, an issuer and log groups that tests decide on."""

import asyncio
import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from oracleapi_sandbox.aws.control.context import Account
from oracleapi_sandbox.aws.control.engine import Engine
from oracleapi_sandbox.aws.control.model import Call
from oracleapi_sandbox.aws.control.published import PublishedStages
from oracleapi_sandbox.aws.errors import AwsError, bad_request
from oracleapi_sandbox.aws.settings import ControlSettings
from oracleapi_sandbox.common.clock import ManualClock

ISSUER = "https://issuer.example"
LISTENER = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/net/ords/50dc6c495c0c9188/0467ef3c8400ae65"


class Issuers:
    """Knows one issuer."""

    async def check(self, issuer: str, timeout_s: float) -> None:
        if issuer != ISSUER:
            raise bad_request(f"Invalid issuer: {issuer}")


class LogGroups:
    """Holds the log group ``/gw``."""

    async def exists(self, region: str, name: str) -> bool:
        return name == "/gw"


class Bench:
    """Runs operations on an engine; what requests look like is tested with the model."""

    region = "eu-west-1"

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.settings = ControlSettings()
        account = Account("123456789012", "execute-api.localhost", 8443)
        self.engine = Engine(account, lambda: self.settings, self.clock, Issuers(), LogGroups())
        self.stages = PublishedStages(self.engine)

    def set(self, **settings: Any) -> None:
        """Change settings."""
        self.settings = dataclasses.replace(self.settings, **settings)

    async def start(self, operation: str, **members: Any) -> dict[str, Any]:
        """Run one call; members go by model name."""
        return await self.engine.run(self.region, Call(operation, members))

    def call(self, operation: str, **members: Any) -> dict[str, Any]:
        """Run one call to its end."""
        return asyncio.run(self.start(operation, **members))

    def api(self, **members: Any) -> str:
        return str(self.call("CreateApi", Name="x", ProtocolType="HTTP", **members)["ApiId"])

    def integration(self, api: str, **members: Any) -> str:
        given = {"IntegrationType": "HTTP_PROXY", "IntegrationMethod": "ANY", "IntegrationUri": "https://example.com"}
        return str(self.call("CreateIntegration", ApiId=api, **{**given, **members})["IntegrationId"])

    def route(self, api: str, key: str, **members: Any) -> str:
        given = {"Target": f"integrations/{self.integration(api)}", **members}
        return str(self.call("CreateRoute", ApiId=api, RouteKey=key, **given)["RouteId"])

    def link(self) -> str:
        return str(self.call("CreateVpcLink", Name="l", SubnetIds=["subnet-1"])["VpcLinkId"])


@pytest.fixture
def bench() -> Bench:
    """A fresh engine with its default settings."""
    return Bench()


@pytest.fixture
def refused() -> Callable[..., Any]:
    """A context that expects an AwsError with a code and parts of its text."""

    def expect(code: str, *parts: str) -> Any:
        return pytest.raises(
            AwsError, check=lambda error: error.code == code and all(part in error.message for part in parts)
        )

    return expect
