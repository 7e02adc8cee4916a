"""Where the ORDS contract suite runs: against the sandbox, or against a real ORDS.

``ORACLEAPI_CONTRACT_ORDS=real`` takes from the environment ``ORDS_URL`` (``https://host:port/ords``), ``ORDS_CA`` (the
file that its certificate is checked with), ``ORACLE_DSN``, ``ORACLE_SYSTEM_USER``, ``ORACLE_SYSTEM_PASSWORD``, and the
sandbox's identity provider that this ORDS must trust: ``OIDC_ISSUER``, ``SANDBOX_OIDC_ADMIN``, ``SANDBOX_CA``.
Expectations that nobody has confirmed on a real ORDS are made inside ``unconfirmed``: against the sandbox they must
hold, against a real one they are reported at the end of the run.

One REST schema is made for the whole run, with everything that the tests call, and dropped afterwards.
"""

import contextlib
import datetime
import os
import ssl
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import oracledb
import pytest

from support.ords import array, call
from support.parts import start_part

STILL_CONNECTED = 1940
REAL = os.environ.get("ORACLEAPI_CONTRACT_ORDS") == "real"
PASSWORD = f"Only4Tests_{uuid.uuid4().hex[:8]}"
AUDIENCE = "https://contract.example"
VISIBLE_LIMIT_S = 30.0
collect_ignore = ["test_sandbox.py"] if REAL else []
_REPORT: list[str] = []


@contextlib.contextmanager
def _unconfirmed(claim: str) -> Iterator[None]:
    try:
        yield
    except AssertionError as found:
        if not REAL:
            raise
        _REPORT.append(f"{claim}: {str(found).splitlines()[0]}")
    else:
        if REAL:
            _REPORT.append(f"{claim}: confirmed")


@pytest.fixture(scope="session")
def unconfirmed() -> Callable[[str], contextlib.AbstractContextManager[None]]:
    """Hold the expectations of a [U] claim: they fail against the sandbox and only report against a real ORDS."""
    return _unconfirmed


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print what was learned about unconfirmed claims."""
    if _REPORT:
        terminalreporter.section("unconfirmed expectations on a real ORDS")
        for line in _REPORT:
            terminalreporter.write_line(line)


@dataclass(frozen=True)
class Place:
    """The addresses of the ORDS under test, its database, and the identity provider."""

    ords_url: str
    ords_ca: str
    dsn: str
    system_user: str
    system_password: str
    issuer: str
    oidc_admin: str
    oidc_ca: str
    admin_url: str = ""


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    if REAL:
        yield Place(
            os.environ["ORDS_URL"],
            os.environ["ORDS_CA"],
            os.environ["ORACLE_DSN"],
            os.environ["ORACLE_SYSTEM_USER"],
            os.environ["ORACLE_SYSTEM_PASSWORD"],
            os.environ["OIDC_ISSUER"],
            os.environ["SANDBOX_OIDC_ADMIN"],
            os.environ["SANDBOX_CA"],
        )
        return
    state = tmp_path_factory.mktemp("ords")
    with contextlib.ExitStack() as stack:
        provider = start_part("oidc", state)
        stack.callback(provider.stop)
        part = start_part("oracle", state)
        stack.callback(part.stop)
        known, ca = part.addresses, str(state / "ca" / "ca.crt")
        yield Place(
            known["ords_url"],
            ca,
            known["dsn"],
            known["system_user"],
            known["system_password"],
            provider.addresses["issuer"],
            provider.addresses["admin_url"],
            ca,
            known["admin_url"],
        )


class Ords:
    """The REST schema under test and the ways to reach it."""

    def __init__(self, place: Place, admin: oracledb.Connection, http: httpx.Client, schema: str) -> None:
        self.place = place
        self.admin = admin
        self.http = http
        self.schema = schema
        self.alias = schema.lower()

    @property
    def base(self) -> str:
        return f"{self.place.ords_url}/{self.alias}"

    def get(self, path: str, **arguments: Any) -> httpx.Response:
        return self.request("GET", path, **arguments)

    def request(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        headers = {"Accept": "application/json"} | arguments.pop("headers", {})
        return self.http.request(method, self.base + path, headers=headers, **arguments)

    def bearer(self, **members: Any) -> dict[str, str]:
        """An Authorization header with a token of the provider; by default it passes with scope contract.read."""
        asked = {"subject": "ann", "audience": AUDIENCE, "scope": "contract.read", **members}
        context = ssl.create_default_context(cafile=self.place.oidc_ca)
        url = f"{self.place.oidc_admin}/_sandbox/token"
        answer = httpx.post(url, json=asked, verify=context, trust_env=False).raise_for_status()
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}

    def module(self, name: str, base_path: str, **members: Any) -> None:
        self._call("DEFINE_MODULE", p_module_name=name, p_base_path=base_path, **members)

    def handler(self, module: str, pattern: str, source: str, method: str = "GET", **members: Any) -> None:
        """Define a handler; the GET handler comes first and defines the template too."""
        if method == "GET":
            self._call("DEFINE_TEMPLATE", p_module_name=module, p_pattern=pattern)
        where = {"p_module_name": module, "p_pattern": pattern, "p_method": method}
        self._call("DEFINE_HANDLER", **where, p_source=source, **members)

    def parameter(self, module: str, pattern: str, method: str, name: str, bind: str, **members: Any) -> None:
        where = {"p_module_name": module, "p_pattern": pattern, "p_method": method}
        self._call("DEFINE_PARAMETER", **where, p_name=name, p_bind_variable_name=bind, **members)

    def privilege(self, name: str, *patterns: str) -> None:
        self._call(
            "DEFINE_PRIVILEGE",
            p_privilege_name=name,
            p_roles=array(self.admin),
            p_patterns=array(self.admin, *patterns),
            p_modules=array(self.admin),
        )

    def origins(self, module: str, origins: str) -> None:
        self._call("SET_MODULE_ORIGINS_ALLOWED", p_module_name=module, p_origins_allowed=origins)

    def publish(self, module: str, status: str) -> None:
        self._call("PUBLISH_MODULE", p_module_name=module, p_status=status)

    def profile(self) -> None:
        url = f"{self.place.oidc_admin}/.well-known/openid-configuration"
        context = ssl.create_default_context(cafile=self.place.oidc_ca)
        jwks = httpx.get(url, verify=context, trust_env=False).raise_for_status().json()["jwks_uri"]
        call(
            self.admin,
            "ORDS_SECURITY_ADMIN.CREATE_JWT_PROFILE",
            p_schema=self.schema,
            p_issuer=self.place.issuer,
            p_audience=AUDIENCE,
            p_jwk_url=jwks,
        )

    def commit_and_wait(self, path: str, status: int = 200) -> None:
        """Commit, then wait until ORDS's metadata cache shows it: *path* answers *status*."""
        self.admin.commit()
        self.wait_for(path, status)

    def wait_for(self, path: str, status: int) -> None:
        deadline = time.monotonic() + VISIBLE_LIMIT_S
        while (seen := self.get(path).status_code) != status:
            assert time.monotonic() < deadline, f"{path} answers {seen}, not {status}"
            threading.Event().wait(0.1)

    def _call(self, name: str, **arguments: Any) -> None:
        call(self.admin, f"ORDS_ADMIN.{name}", p_schema=self.schema, **arguments)


@pytest.fixture(scope="session")
def system(place: Place) -> Iterator[oracledb.Connection]:
    connection = oracledb.connect(user=place.system_user, password=place.system_password, dsn=place.dsn)
    yield connection
    connection.close()


@pytest.fixture(scope="session")
def ords(place: Place, system: oracledb.Connection) -> Iterator[Ords]:
    """A REST schema with a table of three employees, enabled, and an ORDS administrator; both go when the run ends."""
    schema, admin = f"ORDSC_{uuid.uuid4().hex[:6].upper()}", f"ORDSA_{uuid.uuid4().hex[:6].upper()}"
    _make_users(system, schema, admin)
    connection = oracledb.connect(user=admin, password=PASSWORD, dsn=place.dsn)
    context = ssl.create_default_context(cafile=place.ords_ca)
    with httpx.Client(verify=context, trust_env=False, timeout=30) as http:
        made = Ords(place, connection, http, schema)
        call(connection, "ORDS_ADMIN.ENABLE_SCHEMA", p_schema=schema, p_url_mapping_pattern=made.alias)
        made.profile()
        yield made
        connection.rollback()
        call(connection, "ORDS_ADMIN.DROP_REST_FOR_SCHEMA", p_schema=schema)
        connection.commit()
    connection.close()
    _drop_users(system, schema, admin)


def _make_users(system: oracledb.Connection, schema: str, admin: str) -> None:
    with system.cursor() as cursor:
        for user in (schema, admin):
            cursor.execute(f'create user {user} identified by "{PASSWORD}"')
            cursor.execute(f"grant create session to {user}")
        cursor.execute(f"grant ords_administrator_role to {admin}")
        cursor.execute(f"grant unlimited tablespace to {schema}")
        cursor.execute(
            f"create table {schema}.emp (empno number(4) primary key, ename varchar2(20), sal number(8,2), hired date)"
        )
        insert = f"insert into {schema}.emp values (:1, :2, :3, :4)"  # noqa: S608 - a name of our own
        hired = datetime.datetime(1981, 11, 17)
        for row in ((7839, "KING", 5000, hired), (7900, "JAMES", 950.5, None), (7934, "MILLER", 1300, None)):
            cursor.execute(insert, row)
    system.commit()


def _drop_users(system: oracledb.Connection, *users: str) -> None:
    """Drop the users; one that ORDS's pool still holds a session of is left, and reported."""
    for user in users:
        try:
            with system.cursor() as cursor:
                cursor.execute(f"drop user {user} cascade")
        except oracledb.DatabaseError as error:
            if error.args[0].code != STILL_CONNECTED:
                raise
            _REPORT.append(f"user {user} is left behind: ORDS is still connected to it")
