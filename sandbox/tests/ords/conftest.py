"""A scripted database, hand-made metadata, a real JWKS server over TLS, and a client that keeps paths byte for byte."""

import asyncio
import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from oracleapi_sandbox.common.authority import Authority
from oracleapi_sandbox.common.clock import ManualClock
from oracleapi_sandbox.common.journal import Journal
from oracleapi_sandbox.oracle.ports import Account, Bind, Column, OracleError, Result
from oracleapi_sandbox.oracle.verifier import make_verifier
from oracleapi_sandbox.ords.app import OrdsApp, build_app
from oracleapi_sandbox.ords.model import (
    Handler,
    JwtProfile,
    Module,
    Parameter,
    Privilege,
    RestSchema,
    Snapshot,
    Template,
)
from oracleapi_sandbox.ords.settings import OrdsSettings

AUDIENCE = "https://api.example"


class FakeSession:
    """Runs what the test scripted: a statement's text leads to a function of its binds."""

    def __init__(self, database: "FakeDatabase", user: str, proxy_user: str | None) -> None:
        self.database, self.user, self.proxy_user = database, user, proxy_user
        self.session_id, self.serial = len(database.sessions) + 1, 1
        self.client_identifier: str | None = None
        self.module: str | None = None
        self.action: str | None = None
        self.calls: list[str] = []
        self.closed = False

    current_schema = property(lambda self: self.user)
    in_transaction = property(lambda self: False)

    def execute(self, sql: str, binds: Mapping[str, Bind] | None = None) -> Result:
        self.calls.append(sql)
        if "MODIFY_PACKAGE_STATE" in sql:
            if self.database.recycle_error is not None:
                raise self.database.recycle_error
            return Result()
        self.database.executed.append((sql, dict(binds or {})))
        return self.database.script[sql](dict(binds or {}))

    def parse(self, sql: str) -> tuple[Column, ...] | None:
        return self.database.script[sql]({}).columns

    def commit(self) -> None:
        self.calls.append("COMMIT")
        if self.database.commit_error is not None:
            raise self.database.commit_error

    def rollback(self) -> None:
        self.calls.append("ROLLBACK")

    def cancel(self) -> None:
        self.calls.append("CANCEL")

    def close(self) -> None:
        self.closed = True


@dataclass
class FakeDatabase:
    """The database that the runtime sees; ``executed`` holds each statement with its binds."""

    name: str = "FREE"
    version: str = "19.22.0.0.0"
    service_names: tuple[str, ...] = ("freepdb1",)
    accounts: dict[str, Account] = field(
        default_factory=lambda: {"ORDS_PUBLIC_USER": Account("ORDS_PUBLIC_USER", "OPEN", ())}
    )
    script: dict[str, Callable[[dict[str, Bind]], Result]] = field(default_factory=dict)
    executed: list[tuple[str, dict[str, Bind]]] = field(default_factory=list)
    sessions: list[FakeSession] = field(default_factory=list)
    listeners: list[Callable[[], None]] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    by_old_password: list[bool] = field(default_factory=list)
    open_error: OracleError | None = None
    commit_error: OracleError | None = None
    recycle_error: OracleError | None = None

    def account(self, username: str) -> Account | None:
        return self.accounts.get(username)

    def login_failed(self, username: str) -> None:
        self.logins.append(f"failed {username}")

    def login_succeeded(self, username: str) -> None:
        self.logins.append(f"succeeded {username}")

    def change_password(self, username: str, new_password: str, *, old_password: str | None = None) -> None:
        self.accounts[username] = Account(username, "OPEN", (make_verifier(new_password),))

    def open_session(self, user: str, *, proxy_user: str | None = None, old_password: bool = False) -> FakeSession:
        self.by_old_password.append(old_password)
        if self.open_error is not None:
            raise self.open_error
        self.sessions.append(FakeSession(self, user, proxy_user))
        return self.sessions[-1]

    def on_commit(self, listener: Callable[[], None]) -> None:
        self.listeners.append(listener)


@dataclass(frozen=True)
class Answer:
    """What came back on the wire."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name.lower()), None)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class JwksServer:
    """A provider's key set over TLS; the document may be changed at any time, fetches are counted."""

    def __init__(self, authority: Authority) -> None:
        self.document: bytes = b'{"keys": []}'
        self.status = 200
        self.fetches = 0
        outer = self

        class Serve(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.fetches += 1
                self.send_response(outer.status)
                self.send_header("Content-Length", str(len(outer.document)))
                self.end_headers()
                self.wfile.write(outer.document)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        leaf = authority.leaf("jwks", "localhost", "127.0.0.1")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(leaf.certificate, leaf.key)
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Serve)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"https://localhost:{self.server.server_port}/keys"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    def publish(self, *keys: RSAKey, **members: Any) -> None:
        self.document = json.dumps({"keys": [key.as_dict(private=False) | members for key in keys]}).encode()

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class World:
    """One ORDS over a scripted database. The schema HR (alias ``hr``) holds what the test puts in."""

    def __init__(self, trust: ssl.SSLContext, key: RSAKey, jwks: JwksServer) -> None:
        self.clock, self.settings, self.journal = ManualClock(), OrdsSettings(), Journal()
        self.settings.metadata_cache_seconds = 0
        self.settings.error_fallback_format = "json"
        self.database, self.key, self.jwks = FakeDatabase(), key, jwks
        self.schema = RestSchema("HR", "hr")
        self.others: dict[str, RestSchema] = {}
        self.loads = 0
        self.app: OrdsApp = build_app(
            self.database, self._load, self.settings, clock=self.clock, trust=trust, journal=self.journal
        )

    def _load(self) -> Snapshot:
        self.loads += 1
        return Snapshot({self.schema.pattern: self.schema, **self.others})

    def commit(self, **changes: Any) -> None:
        """Change the schema HR and tell ORDS of the commit."""
        self.schema = replace(self.schema, **changes)
        for listener in self.database.listeners:
            listener()

    def template(self, pattern: str, *handlers: Handler, base: str = "/emp/", **members: Any) -> None:
        """Add a module of its own with one template."""
        template = Template(pattern, handlers=handlers, **members)
        module = Module(f"m{len(self.schema.modules)}", base, templates=(template,))
        self.commit(modules=(*self.schema.modules, module))

    def query(self, pattern: str, sql: str, *, kind: str = "json/collection", **members: Any) -> None:
        self.template(pattern, Handler("GET", kind, sql, **members))

    def block(self, pattern: str, sql: str, *parameters: Parameter, method: str = "POST", **members: Any) -> None:
        self.template(pattern, Handler(method, "plsql/block", sql, parameters=parameters, **members))

    def rows(self, sql: str, columns: str | tuple[Column, ...], *rows: tuple[Any, ...]) -> None:
        """Script *sql* to give *rows*; *columns* may be names of VARCHAR2 columns."""
        described = tuple(Column(name, "VARCHAR2") for name in columns.split()) if isinstance(columns, str) else columns
        self.database.script[sql] = lambda _: Result(described, iter(rows))

    def gives(self, sql: str, **out: Any) -> None:
        """Script a block that assigns *out*."""
        self.database.script[sql] = lambda _: Result(out=out)

    def fails(self, sql: str, code: int, message: str) -> None:
        def run(_: dict[str, Bind]) -> Result:
            raise OracleError(code, message)

        self.database.script[sql] = run

    def protect(self, name: str, *patterns: str, roles: tuple[str, ...] = (), modules: tuple[str, ...] = ()) -> None:
        self.commit(privileges=(*self.schema.privileges, Privilege(name, roles, patterns, modules)))

    def profile(self, **members: Any) -> None:
        self.commit(jwt_profile=JwtProfile("https://idp.example", AUDIENCE, self.jwks.url, **members))

    def token(
        self, *, key: RSAKey | None = None, header: dict[str, Any] | None = None, drop: str = "", **claims: Any
    ) -> str:
        """A token that passes the profile, changed by *claims*; *drop* names a claim to leave out."""
        signer = key or self.key
        now = int(self.clock.now())
        payload = {
            "iss": "https://idp.example",
            "aud": AUDIENCE,
            "sub": "ann",
            "iat": now,
            "exp": now + 300,
            "scope": "hr.read",
        } | claims
        payload.pop(drop, None)
        protected = {"alg": "RS256", "kid": signer.kid, "typ": "JWT"} | (header or {})
        protected = {name: value for name, value in protected.items() if value is not None}
        return jwt.encode(protected, payload, signer, algorithms=["RS256", "RS384", "RS512"])

    def bearer(self, **claims: Any) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(**claims)}"}

    def call(
        self,
        target: str,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes | str = b"",
        scheme: str = "https",
    ) -> Answer:
        """Send *target*, path and query as they are, through the application."""
        path, _, query = target.partition("?")
        sent = {"Host": "localhost:8443", "Accept": "application/json"} | dict(headers or {})
        scope = {
            "type": "http",
            "method": method,
            "scheme": scheme,
            "path": path,
            "raw_path": path.encode("latin-1"),
            "query_string": query.encode("latin-1"),
            "headers": [(key.lower().encode(), value.encode("latin-1")) for key, value in sent.items()],
        }
        return asyncio.run(_exchange(self.app, scope, body.encode() if isinstance(body, str) else body))

    def get_json(self, target: str, **arguments: Any) -> Any:
        answer = self.call(target, **arguments)
        assert answer.status == 200, answer.body
        return answer.json

    @property
    def binds(self) -> dict[str, Any]:
        """The values that the last statement was given."""
        return {name: bind.value for name, bind in self.database.executed[-1][1].items()}

    @property
    def bind_types(self) -> dict[str, str]:
        return {name: bind.type for name, bind in self.database.executed[-1][1].items()}


async def _exchange(app: OrdsApp, scope: dict[str, Any], body: bytes) -> Answer:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    start, *chunks = sent
    headers = [(key.decode(), value.decode("latin-1")) for key, value in start["headers"]]
    return Answer(start["status"], headers, b"".join(chunk["body"] for chunk in chunks))


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    folder: Path = tmp_path_factory.mktemp("authority")
    return Authority(folder)


@pytest.fixture(scope="session")
def keys() -> tuple[RSAKey, RSAKey]:
    """Two signing keys of a provider."""
    first, second = (RSAKey.generate_key(2048, {"kid": kid}) for kid in ("one", "two"))
    return first, second


@pytest.fixture(scope="session")
def jwks_server(authority: Authority) -> Iterator[JwksServer]:
    server = JwksServer(authority)
    yield server
    server.close()


@pytest.fixture
def world(authority: Authority, keys: tuple[RSAKey, RSAKey], jwks_server: JwksServer) -> Iterator[World]:
    jwks_server.publish(keys[0])
    jwks_server.status, jwks_server.fetches = 200, 0
    made = World(authority.client_context(), keys[0], jwks_server)
    yield made
    made.app.close()


def path_of(address: str) -> str:
    """The path and query of an absolute address."""
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
