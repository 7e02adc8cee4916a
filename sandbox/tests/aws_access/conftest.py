"""A door in this process: IAM and Secrets Manager that tests fill, a driven clock, a signer of requests."""

import asyncio
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from oracleapi_sandbox.aws.access.directory import Directory
from oracleapi_sandbox.aws.access.door import Door
from oracleapi_sandbox.aws.access.principals import Caller, Principals, RootKey
from oracleapi_sandbox.aws.access.sts import Sts
from oracleapi_sandbox.aws.control.store import ApiItem, RegionStore
from oracleapi_sandbox.aws.secrets.context import Key
from oracleapi_sandbox.aws.settings import ControlSettings
from oracleapi_sandbox.aws.wire import AwsRequest, Reply
from oracleapi_sandbox.common.clock import ManualClock

ACCOUNT, REGION = "123456789012", "eu-west-1"
ROOT = RootKey("AKIAROOTROOTROOTROOT", "root-secret")


@dataclass
class Iam:
    """IAM with roles and their inline policies, as XML; counts what it is asked."""

    roles: dict[str, tuple[Any, list[Any]]] = field(default_factory=dict)
    asked: int = 0

    async def query(self, service: str, action: str, members: dict[str, str]) -> tuple[str | None, str]:
        self.asked += 1
        name = members.get("RoleName", "")
        if name not in self.roles:
            return "NoSuchEntity", "<ErrorResponse/>"
        trust, policies = self.roles[name]
        if action == "GetRole":
            text = quote(json.dumps(trust))
            arn = f"<Arn>arn:aws:iam::{ACCOUNT}:role/{name}</Arn><RoleId>AROA1</RoleId>"
            return None, f"{arn}<AssumeRolePolicyDocument>{text}</AssumeRolePolicyDocument>"
        if action == "ListRolePolicies":
            return None, "".join(f"<member>{number}</member>" for number in range(len(policies)))
        if action == "GetRolePolicy":
            text = escape(json.dumps(policies[int(members["PolicyName"])]))
            return None, f"<PolicyDocument>{text}</PolicyDocument>"
        return None, ""


class Secrets:
    """Holds the secret ``db``."""

    async def find_key(self, region: str, key_id: str) -> Key | None:
        return None

    def describe(self, region: str, secret_id: str) -> dict[str, Any] | None:
        arn = f"arn:aws:secretsmanager:{region}:{ACCOUNT}:secret:db-abc123"
        tags = [{"Key": "team", "Value": "hr"}]
        return {"ARN": arn, "Name": "db", "Tags": tags} if secret_id in ("db", arn) else None


class House:
    """The door and everything behind it."""

    def __init__(self) -> None:
        self.clock, self.machine = ManualClock(), ManualClock()
        self.settings = ControlSettings()
        self.iam = Iam()
        self.principals = Principals(ACCOUNT, ROOT)
        self.directory = Directory(self.iam, self.principals)
        self.sts = Sts(ACCOUNT, self.principals, self.directory, self.clock)
        self.door = Door(self.principals, self.directory, Secrets(), self.clock, self.machine)
        self.store = RegionStore()
        self.store.apis["a1"] = ApiItem({"ApiId": "a1", "Tags": {"team": "hr"}}, 0.0)

    def principal(self, *policies: Any, name: str = "op") -> RootKey:
        """Make a principal of the page; return its key."""
        made = self.principals.merge({name: {"policies": list(policies)}})[name]
        return RootKey(made["access_key_id"], made["secret_access_key"])

    def caller(self, key: RootKey) -> Caller:
        found = self.principals.find(key.access_key_id)
        assert found is not None
        return found.caller

    def request(
        self,
        key: RootKey,
        service: str = "apigateway",
        method: str = "GET",
        path: str = "/v2/apis",
        body: bytes = b"",
        token: str | None = None,
        late_s: float = 0.0,
        headers: dict[str, str] | None = None,
        query: str = "",
    ) -> AwsRequest:
        """Return a request that botocore signed with *key*, *late_s* seconds ago by the machine's clock."""
        url = f"http://127.0.0.1:9{path}{'?' + query if query else ''}"
        signed = AWSRequest(method, url, headers={"host": "127.0.0.1:9", **(headers or {})}, data=body)
        with pytest.MonkeyPatch.context() as patch:
            when = datetime.fromtimestamp(self.machine.now(), UTC) - timedelta(seconds=late_s)
            patch.setattr("botocore.auth.get_current_datetime", lambda *_, **__: when)
            SigV4Auth(Credentials(key.access_key_id, key.secret_access_key, token), service, REGION).add_auth(signed)
        lower = {name.lower(): value for name, value in signed.headers.items()}
        return AwsRequest(method, path, query, lower, body, None)

    def form(self, key: RootKey, service: str, action: str, token: str | None = None, **members: str) -> AwsRequest:
        """Return a signed request of the query protocol."""
        body = urlencode({"Action": action, "Version": "x", **members}).encode()
        headers = {"content-type": "application/x-www-form-urlencoded"}
        return self.request(key, service, "POST", "/", body, token, headers=headers)

    def json(self, key: RootKey, service: str, operation: str, **members: Any) -> AwsRequest:
        """Return a signed request of the json protocol."""
        headers = {"x-amz-target": f"{service}.{operation}", "content-type": "application/x-amz-json-1.1"}
        return self.request(key, service, "POST", "/", json.dumps(members).encode(), headers=headers)

    def gateway(self, caller: Caller, request: AwsRequest, operation: str) -> None:
        """Ask for a call of API Gateway."""
        asyncio.run(self.door.admit_to_gateway(request, operation, caller, self.store, self.settings))

    def service(self, caller: Caller, request: AwsRequest) -> None:
        """Ask for a call of another service."""
        asyncio.run(self.door.admit(request, request.operation, caller, self.settings))

    def assume(self, caller: Caller, request: AwsRequest) -> Reply:
        return asyncio.run(self.sts.answer(request, request.operation, caller))


@pytest.fixture
def house() -> House:
    return House()
