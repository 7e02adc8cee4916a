"""The front in this process with botocore's own client before it: only the socket is replaced."""

import asyncio
import io
import itertools
import uuid
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import botocore.session
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError, ConnectionClosedError

from oracleapi_sandbox.aws.access.directory import Directory
from oracleapi_sandbox.aws.access.door import Door
from oracleapi_sandbox.aws.access.principals import Principals, RootKey
from oracleapi_sandbox.aws.access.sts import Sts
from oracleapi_sandbox.aws.clock import OffsetClock
from oracleapi_sandbox.aws.control.context import Account
from oracleapi_sandbox.aws.control.engine import Engine
from oracleapi_sandbox.aws.faults import Faults
from oracleapi_sandbox.aws.front import Front
from oracleapi_sandbox.aws.pages import SandboxPages
from oracleapi_sandbox.aws.secrets.context import Key
from oracleapi_sandbox.aws.secrets.engine import SecretsEngine
from oracleapi_sandbox.aws.secrets.settings import SecretSettings
from oracleapi_sandbox.aws.settings import SettingsStore
from oracleapi_sandbox.common.clock import ManualClock, SystemClock
from oracleapi_sandbox.common.journal import Journal

ACCOUNT, REGION = "123456789012", "eu-west-1"
ROOT = RootKey("AKIAROOTROOTROOTROOT", "root-secret")
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/k1"


class Others:
    """What ministack answers besides: keys of KMS, and an IAM without users."""

    def __init__(self) -> None:
        self.keys = {"k1": Key(KEY, True), KEY: Key(KEY, True), "alias/mine": Key(KEY, True)}

    async def find_key(self, region: str, key_id: str) -> Key | None:
        return self.keys.get(key_id)

    async def query(self, service: str, action: str, members: dict[str, str]) -> tuple[str | None, str]:
        return "NoSuchEntity", "<ErrorResponse/>"

    async def reset(self) -> None:
        self.keys.clear()


class House:
    """The front, a clock that stands still, and clients of it."""

    def __init__(self) -> None:
        self.clock, self.others, self.journal, self.faults = ManualClock(), Others(), Journal(), Faults()
        switches = SecretSettings()
        self.settings = SettingsStore(switches)
        self.principals = Principals(ACCOUNT, ROOT)
        self.engine = SecretsEngine(ACCOUNT, switches, lambda: self.settings.control, self.clock, self.others)
        directory = Directory(self.others, self.principals)
        sts = Sts(ACCOUNT, self.principals, directory, self.clock)
        account = Account(ACCOUNT, "execute-api.localhost", 1)
        gateway = Engine(account, lambda: self.settings.control, self.clock, None, None)  # type: ignore[arg-type]
        door = Door(self.principals, directory, self.engine, self.clock, SystemClock())
        clock = OffsetClock(self.clock)
        pages = SandboxPages(self.journal, self.settings, self.faults, self.principals, clock, self.others.reset)
        self.front = Front(
            gateway,
            self.engine,
            self.others,  # type: ignore[arg-type]
            door,
            directory,
            sts,
            self.journal,
            self.faults,
            pages,
            lambda: self.settings.control,
            self.clock,
            lambda when, port: None,
        )
        self._numbers = itertools.count(1)

    def client(self, key: RootKey = ROOT) -> Any:
        """Return an unmodified client whose requests go to the front."""
        session = botocore.session.Session()
        session.set_credentials(key.access_key_id, key.secret_access_key)
        config = Config(retries={"total_max_attempts": 1})
        found = session.create_client(
            "secretsmanager", region_name=REGION, endpoint_url="http://127.0.0.1:9", config=config
        )
        found.meta.events.register("before-send.secrets-manager.*", self._send)
        return found

    def allowed(self, *statements: dict[str, Any]) -> Any:
        """Return the client of somebody who may do what *statements* allow."""
        name = f"p{next(self._numbers)}"
        policies = [{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **found} for found in statements]}]
        made = self.principals.merge({name: {"policies": policies}})[name]
        return self.client(RootKey(made["access_key_id"], made["secret_access_key"]))

    def post(self, operation: str, body: bytes) -> tuple[int, bytes]:
        """Sign *body* as the administrator and send it without any help of a client."""
        headers = {"x-amz-target": f"secretsmanager.{operation}", "content-type": "application/x-amz-json-1.1"}
        request = AWSRequest("POST", "http://127.0.0.1:9/", headers=headers, data=body)
        credentials = Credentials(ROOT.access_key_id, ROOT.secret_access_key)
        SigV4Auth(credentials, "secretsmanager", REGION).add_auth(request)
        answer = self._send(request.prepare())
        return answer.status_code, answer.content

    def _send(self, request: Any, **_: Any) -> AWSResponse:
        place = urlsplit(request.url)
        pairs = {name.lower(): value for name, value in request.headers.items()} | {"host": place.netloc}
        headers = [
            (name.encode(), value if isinstance(value, bytes) else str(value).encode()) for name, value in pairs.items()
        ]
        scope: Any = {
            "type": "http",
            "method": request.method,
            "raw_path": place.path.encode(),
            "query_string": place.query.encode(),
            "headers": headers,
            "client": ("127.0.0.1", 1),
        }
        body = request.body if isinstance(request.body, bytes) else (request.body or "").encode()
        sent: list[dict[str, Any]] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        asyncio.run(self.front(scope, receive, send))
        if not sent:
            raise ConnectionClosedError(endpoint_url=request.url)
        start, content = sent
        found = {name.decode(): value.decode() for name, value in start["headers"]}
        return AWSResponse(request.url, start["status"], found, _Raw(content["body"]))


class _Raw(io.BytesIO):
    """The body as urllib3 hands it over."""

    def stream(self, **_: Any) -> Any:
        yield self.read()


@pytest.fixture
def house() -> House:
    return House()


@pytest.fixture
def client(house: House) -> Any:
    return house.client()


@pytest.fixture
def refused() -> Callable[..., Any]:
    """Return a context in which a call is refused with a code, and parts of its text."""

    @contextmanager
    def expect(code: str, *parts: str) -> Any:
        with pytest.raises(ClientError) as caught:
            yield caught
        response = caught.value.response
        assert response["Error"]["Code"] == code, response["Error"]
        assert response["ResponseMetadata"]["HTTPStatusCode"] == 400
        for part in parts:
            assert part in response["Error"]["Message"], response["Error"]["Message"]

    return expect


@pytest.fixture
def token() -> Callable[[], str]:
    return lambda: str(uuid.uuid4())
