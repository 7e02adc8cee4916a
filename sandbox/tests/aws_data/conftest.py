"""A data plane served over TLS, with an echoing back end and an OIDC issuer, in one background event loop."""

import asyncio
import http.client
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, OctKey, RSAKey

from oracleapi_sandbox.aws.access.directory import Directory
from oracleapi_sandbox.aws.access.door import Door
from oracleapi_sandbox.aws.access.principals import Principals, RootKey
from oracleapi_sandbox.aws.data.app import build_app
from oracleapi_sandbox.aws.data.iam import SignedCallers
from oracleapi_sandbox.aws.data.settings import DataSettings, Target
from oracleapi_sandbox.aws.deployed import AccessLog, Integration, JwtAuthorizer, Route, Stage
from oracleapi_sandbox.aws.settings import ControlSettings
from oracleapi_sandbox.common.authority import Authority
from oracleapi_sandbox.common.clock import ManualClock
from oracleapi_sandbox.common.serve import Bound, bind, serve_all

LISTENER = "arn:aws:elasticloadbalancing:eu-central-1:000000000000:listener/app/ords/1/2"
TLS_LISTENER = "arn:aws:elasticloadbalancing:eu-central-1:000000000000:listener/app/ords/1/3"
LOG_GROUP = "arn:aws:logs:eu-central-1:000000000000:log-group:calls"
START = 1_800_000_000.0
_KEYS: dict[str, RSAKey] = {}


@dataclass
class Reply:
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        return next(iter(self.all(name)), None)

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name]

    @property
    def message(self) -> str:
        return json.loads(self.body)["message"]

    @property
    def echo(self) -> "Echo":
        assert self.status == 200, (self.status, self.body)
        return Echo(**json.loads(self.body))


@dataclass
class Echo:
    """What the back end received; ``target`` is the request line's, byte for byte."""

    method: str
    target: str
    http_version: str
    headers: list[list[str]]
    body: str

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name]


@dataclass
class Backend:
    """Echoes, or answers what ``answer`` holds; waits for ``gate`` first when there is one."""

    seen: list[str] = field(default_factory=list)
    answer: tuple[int, list[tuple[bytes, bytes]], bytes] | None = None
    gate: threading.Event | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        query = scope["query_string"].decode()
        target = scope["raw_path"].decode() + (f"?{query}" if query else "")
        self.seen.append(target)
        if self.gate is not None:
            await asyncio.to_thread(self.gate.wait, 20)
        status, headers, content = self.answer or (200, [(b"content-type", b"application/json")], b"")
        if self.answer is None:
            shown = [[name.decode("latin-1"), value.decode("latin-1")] for name, value in scope["headers"]]
            content = json.dumps(
                Echo(scope["method"], target, scope["http_version"], shown, body.decode("latin-1")).__dict__
            ).encode()
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})


@dataclass
class Issuer:
    """One issuer: its documents can be changed, its fetches are counted."""

    url: str
    documents: dict[str, Any] = field(default_factory=dict)
    fetches: list[str] = field(default_factory=list)
    keys: dict[str, RSAKey] = field(default_factory=dict)

    def publish(self, *jwks: dict[str, Any]) -> None:
        self.documents = {
            "/.well-known/openid-configuration": {"issuer": self.url, "jwks_uri": f"{self.url}/keys"},
            "/keys": {"keys": list(jwks)},
        }

    def key(self, kid: str, **members: Any) -> dict[str, Any]:
        """Take a signing key (by its kid the same for all issuers: making one is slow) and return its JWK."""
        self.keys[kid] = _KEYS[kid] = _KEYS.get(kid) or RSAKey.generate_key(2048)
        return {**self.keys[kid].as_dict(private=False), "kid": kid, **members}

    def token(self, claims: dict[str, Any], *, kid: str | None = "k1", alg: str = "RS256", key: Any = None) -> str:
        header = {"alg": alg, "typ": "at+jwt", "custom": "x"} | ({"kid": kid} if kid is not None else {})
        registry = jws.JWSRegistry(algorithms=[alg], strict_check_header=False)
        key = key or self.keys[kid or "k1"]
        return jws.serialize_compact(header, json.dumps(claims).encode(), key, registry=registry)


@dataclass
class Issuers:
    """All issuers, by the first segment of their path."""

    port: int = 0
    by_name: dict[str, Issuer] = field(default_factory=dict)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        _, name, *rest = scope["path"].split("/")
        issuer, path = self.by_name[name], "/" + "/".join(rest)
        issuer.fetches.append(path)
        document = issuer.documents.get(path)
        headers, status = [(b"content-type", b"application/json")], 200 if document is not None else 404
        if isinstance(document, threading.Event):
            await asyncio.to_thread(document.wait, 20)
        if isinstance(document, str):
            status, headers = 302, [(b"location", document.encode())]
        content = document if isinstance(document, bytes) else json.dumps(str(document) if status != 200 else document)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content if isinstance(content, bytes) else content.encode()})


@dataclass
class FakeStages:
    """Stages by API id; links by id."""

    apis: dict[str, tuple[Stage, ...]] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)

    def find(self, api_id: str) -> tuple[Stage, ...]:
        return self.apis.get(api_id, ())

    def vpc_link_status(self, vpc_link_id: str) -> str | None:
        return self.links.get(vpc_link_id)


class _Connection(http.client.HTTPSConnection):
    def __init__(self, port: int, name: str, trust: ssl.SSLContext) -> None:
        super().__init__(name, port, timeout=30, context=trust)
        self._trust = trust

    def connect(self) -> None:
        plain = socket.create_connection(("127.0.0.1", self.port), self.timeout)
        self.sock = self._trust.wrap_socket(plain, server_hostname=self.host)


@dataclass
class Iam:
    """IAM whose answers tests put in, by action and by what it is asked about; it knows nobody else."""

    answers: dict[tuple[str, str], str] = field(default_factory=dict)

    async def query(self, service: str, action: str, members: dict[str, str]) -> tuple[str | None, str]:
        found = self.answers.get((action, " ".join(members.values())))
        return ("NoSuchEntity", "") if found is None else (None, found)


@dataclass
class Gateway:
    """What tests use: the served data plane and everything around it."""

    port: int
    stages: FakeStages
    settings: DataSettings
    clock: ManualClock
    backend: Backend
    backend_port: int
    tls_backend_port: int
    issuers: Issuers
    trust: ssl.SSLContext
    logged: list[tuple[AccessLog, str]]
    reset: Callable[[], None]
    principals: Principals
    iam: Iam
    api_id: str = "a0"

    def integration(self, **changes: Any) -> Integration:
        """A private integration with the plain listener, or what *changes* make of it."""
        given: dict[str, Any] = {"uri": LISTENER, "connection_type": "VPC_LINK", "connection_id": "link1", **changes}
        return Integration(integration_id="i1", **given)

    def deploy(self, *routes: Route | str, stage_name: str = "$default", **changes: Any) -> Stage:
        """Deploy a stage with *routes* (a text is a public route with the default integration)."""
        made = tuple(
            route if isinstance(route, Route) else Route(f"r{n}", route, self.integration())
            for n, route in enumerate(routes)
        )
        stage = Stage("000000000000", "eu-central-1", self.api_id, stage_name, "d1", made, **changes)
        others = tuple(other for other in self.stages.find(self.api_id) if other.stage_name != stage_name)
        self.stages.apis[self.api_id] = (*others, stage)
        return stage

    def mapped(self, *routes: str, stage_name: str = "$default", **parameters: str) -> None:
        """Deploy public routes whose integration has mappings; ``overwrite__header__x`` is ``overwrite:header.x``."""
        named = {key.replace("__", ":", 1).replace("__", "."): value for key, value in parameters.items()}
        self.deploy_mapped(named, *routes, stage_name=stage_name)

    def deploy_mapped(self, parameters: dict[str, str], *routes: str, **changes: Any) -> None:
        integration = self.integration(request_parameters=parameters)
        self.deploy(*(Route(f"r{n}", key, integration) for n, key in enumerate(routes)), **changes)

    def issuer(self, name: str | None = None) -> Issuer:
        """A new issuer with one published key, ``k1``."""
        name = name or f"i{len(self.issuers.by_name)}"
        made = self.issuers.by_name[name] = Issuer(f"https://localhost:{self.issuers.port}/{name}")
        made.publish(made.key("k1"))
        return made

    def secure(
        self, issuer: Issuer, *scopes: str, source: str = "$request.header.Authorization", **mapping: str
    ) -> None:
        """Deploy ``GET /s`` behind a JWT authorizer of *issuer* with the audience ``api``."""
        authorizer = JwtAuthorizer("z1", "jwt", issuer.url, ("api", "web"), source)
        named = {key.replace("__", ":", 1).replace("__", "."): value for key, value in mapping.items()}
        route = Route("r1", "GET /s", self.integration(request_parameters=named), "JWT", authorizer, tuple(scopes))
        self.deploy(route)

    def claims(self, issuer: Issuer, **changes: Any) -> dict[str, Any]:
        """Claims that pass; a change to ``None`` removes the claim."""
        now = self.clock.now()
        made = {"iss": issuer.url, "aud": "api", "exp": now + 60, "nbf": now, "iat": now, "sub": "ann", **changes}
        return {name: value for name, value in made.items() if value is not None}

    def call(
        self, target: str, method: str = "GET", headers: dict[str, str] | list[tuple[str, str]] = (), **options: Any
    ) -> Reply:
        """Send one request, the target byte for byte."""
        name = options.get("host", f"{self.api_id}.execute-api.localhost")
        connection = _Connection(self.port, f"{self.api_id}.execute-api.localhost", self.trust)
        try:
            connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
            connection.putheader("Host", f"{name}:{self.port}")
            body: bytes | None = options.get("body")
            for key, value in headers.items() if isinstance(headers, dict) else headers:
                connection.putheader(key, value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            return Reply(answer.status, answer.getheaders(), answer.read())
        finally:
            connection.close()

    def bearer(self, token: str) -> Reply:
        return self.call("/s", headers={"Authorization": f"Bearer {token}"})

    def lines(self, count: int) -> list[str]:
        """Wait until *count* log lines are there and return them."""
        wait_until(lambda: len(self.logged) >= count)
        return [line for _, line in self.logged]


class NoSecrets:
    """No secret is looked up here."""

    def describe(self, region: str, secret_id: str) -> None:
        return None

    async def find_key(self, region: str, key_id: str) -> None:
        return None


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for something that happens after an answer was sent."""
    gone = threading.Event()
    for _ in range(2000):
        if condition():
            return
        gone.wait(0.005)
    raise AssertionError("it did not happen")


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    authority = Authority(Path(tmp_path_factory.mktemp("ca")))
    backend, issuers, stages, settings = Backend(), Issuers(), FakeStages(), DataSettings()
    clock, logged = ManualClock(START), []  # type: ignore[var-annotated]

    async def write(log: AccessLog, line: str) -> None:
        logged.append((log, line))

    trust = authority.client_context()
    principals = Principals("000000000000", RootKey("AKIAROOT", "root"))
    iam = Iam()
    directory = Directory(iam, principals)
    door = Door(principals, directory, NoSecrets(), clock, clock)
    callers = SignedCallers(door, directory, ControlSettings)
    app = build_app(stages, settings, clock=clock, trust=trust, write_access_log=write, callers=callers)
    bounds = [
        bind(app, tls=authority.leaf("gateway", "*.execute-api.localhost")),
        bind(backend),
        bind(backend, tls=authority.leaf("backend", "ords.internal")),
        bind(issuers, tls=authority.leaf("issuer", "localhost")),
    ]
    issuers.port = bounds[3].port
    client_trust = authority.client_context()
    with _served(bounds):
        ports = [bound.port for bound in bounds]
        places = (backend, ports[1], ports[2], issuers, client_trust)
        yield Gateway(ports[0], stages, settings, clock, *places, logged, app.reset, principals, iam)


class _served:  # noqa: N801
    """Serves *bounds* in a thread of its own."""

    def __init__(self, bounds: list[Bound]) -> None:
        self._bounds = bounds
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        self._loop.run_until_complete(serve_all(self._bounds, self._stop))
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()

    def __enter__(self) -> None:
        for bound in self._bounds:
            bound.sock.listen()
        self._thread.start()

    def __exit__(self, *details: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        for bound in self._bounds:
            bound.sock.detach()  # hypercorn has closed the descriptor


@pytest.fixture
def gateway(world: Gateway) -> Iterator[Gateway]:
    """A fresh API id, default settings, both listeners and an AVAILABLE link."""
    made = replace(world, api_id=f"a{int(world.api_id[1:]) + 1}")
    world.api_id = made.api_id
    world.settings.__init__()  # type: ignore[misc]
    world.settings.targets = {
        LISTENER: Target("127.0.0.1", world.backend_port),
        TLS_LISTENER: Target("127.0.0.1", world.tls_backend_port),
    }
    world.stages.links["link1"] = "AVAILABLE"
    world.logged.clear()
    world.backend.seen.clear()
    world.backend.answer = None
    yield made
    if world.backend.gate is not None:
        world.backend.gate.set()
        world.backend.gate = None


@pytest.fixture(scope="session")
def other_keys() -> dict[str, Any]:
    """Keys that no JWT authorizer of an HTTP API accepts, by algorithm."""
    return {"ES256": ECKey.generate_key("P-256"), "HS256": OctKey.generate_key(256), "RS256": RSAKey.generate_key(2048)}
