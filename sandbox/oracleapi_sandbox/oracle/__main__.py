"""Run the Oracle part: ``python -m oracleapi_sandbox.oracle --state DIR``: database, listener, ORDS, control pages.

Publishes ``oracle.json``, readable by its owner alone because it holds SYSTEM's password: ``dsn``, ``tcps_dsn``,
``host``, ``port``, ``tcps_port``, ``server_dn``, ``service_name``, ``ords_url``, ``ords_port``, ``admin_url``,
``system_user``, ``system_password``. A part that starts again on the same state folder keeps its data, its password
and, where they are still free, its ports.
"""

import argparse
import asyncio
import json
import logging
import os
import secrets
import signal
import ssl
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, cast

from hypercorn.typing import ASGIFramework

from oracleapi_sandbox.common.authority import Authority, Leaf, distinguished_name
from oracleapi_sandbox.common.journal import Journal
from oracleapi_sandbox.common.serve import Bound, bind, serve_all
from oracleapi_sandbox.common.state import write_ready
from oracleapi_sandbox.oracle.control import Control, OffsetClock, Sessions, build_control
from oracleapi_sandbox.oracle.engine.database import EngineDatabase, open_database
from oracleapi_sandbox.oracle.engine.settings import DatabaseSettings
from oracleapi_sandbox.oracle.faults import LISTENER, POOL, Faults
from oracleapi_sandbox.oracle.packages.registry import required_role, supplied_packages
from oracleapi_sandbox.oracle.packages.repository import install, load_snapshot, record_version
from oracleapi_sandbox.oracle.packages.settings import RepositorySettings
from oracleapi_sandbox.oracle.packages.views import dictionary_views
from oracleapi_sandbox.oracle.pooled import PooledDatabase
from oracleapi_sandbox.oracle.tns.profile import ORACLE_19C, ORACLE_23AI
from oracleapi_sandbox.oracle.tns.server import Listener
from oracleapi_sandbox.ords.app import OrdsApp, build_app
from oracleapi_sandbox.ords.model import Snapshot
from oracleapi_sandbox.ords.pool import Wallet
from oracleapi_sandbox.ords.settings import OrdsSettings

SYSTEM = "SYSTEM"
RUNTIME_PASSWORD = "runtime_password"  # noqa: S105 - a name in the memory
HOST = "localhost"
DEFAULT_VERSION = "19.22.0.0.0"
T = TypeVar("T")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m oracleapi_sandbox.oracle", description=__doc__)
    parser.add_argument("--state", type=Path, required=True, help="state folder")
    parser.add_argument(
        "--version", default=DEFAULT_VERSION, help="database version, such as 19.22.0.0.0 or 23.7.0.0.0"
    )
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    logging.getLogger("hypercorn").setLevel(logging.WARNING)
    state: Path = arguments.state.resolve()
    with ExitStack() as stack:
        bounds, addresses = Assembly(state, arguments.version, stack).build()
        asyncio.run(serve(state, bounds, addresses))


async def serve(state: Path, bounds: list[Bound], addresses: dict[str, Any]) -> None:
    """Serve until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    _publish(state, addresses)
    await serve_all(bounds, stop)


@dataclass
class Memory:
    """What a state folder remembers between two starts: ports and passwords, in a file of its owner's."""

    path: Path
    values: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.path.exists():
            self.values = json.loads(self.path.read_text())

    def keep(self, name: str, value: Any) -> None:
        self.values[name] = value
        self.path.touch(mode=0o600)
        self.path.write_text(json.dumps(self.values))

    def secret(self, name: str) -> str:
        """Return a password that was made at the first start."""
        if name not in self.values:
            self.keep(name, new_password())
        return cast(str, self.values[name])

    def on_port(self, name: str, take: Callable[[int], T]) -> T:
        """Call *take* with the port of the last start, or with 0 when that is not to be had."""
        try:
            return take(self.values.get(name, 0))
        except OSError:
            return take(0)


def new_password() -> str:
    """Return a password of 30 bytes, the most before 23ai."""
    return f"Sandbox_{secrets.token_hex(11)}"


@dataclass
class Assembly:
    """Puts the part together; *stack* takes it apart again, last things first."""

    state: Path
    version: str
    stack: ExitStack
    clock: OffsetClock = field(default_factory=OffsetClock)
    statements: Journal = field(default_factory=Journal)
    requests: Journal = field(default_factory=Journal)
    round_trips: Journal = field(default_factory=Journal)
    faults: Faults = field(default_factory=Faults)
    database: DatabaseSettings = field(default_factory=DatabaseSettings)
    repository: RepositorySettings = field(default_factory=RepositorySettings)
    ords: OrdsSettings = field(default_factory=OrdsSettings)

    def build(self) -> tuple[list[Bound], dict[str, Any]]:
        """Start everything that has threads of its own; returns what is left to serve, and what to publish."""
        folder = self.state / "oracle"
        folder.mkdir(parents=True, exist_ok=True)
        memory = Memory(folder / "memory.json")
        database = self._database(folder, memory.secret("system_password"))
        authority = Authority(self.state / "ca")
        leaf = authority.leaf("oracle", HOST, "127.0.0.1", "ords.localhost")
        plain, plain_port = self._listener(database, memory, "port", None)
        secure, secure_port = self._listener(database, memory, "tcps_port", _tls(leaf))
        pooled = PooledDatabase(database, self.faults)
        ords = self._ords(database, pooled, authority, self._wallet(database, memory))
        pages = self._control(database, memory, ords, {LISTENER: [plain, secure], POOL: [pooled]})
        bounds = [
            memory.on_port("ords_port", lambda port: bind(cast(ASGIFramework, ords), port=port, tls=leaf)),
            memory.on_port("admin_port", lambda port: bind(pages, port=port)),
        ]
        memory.keep("ords_port", bounds[0].port)
        memory.keep("admin_port", bounds[1].port)
        service = database.service_names[0]
        return bounds, {
            "dsn": f"{HOST}:{plain_port}/{service}",
            "tcps_dsn": f"tcps://{HOST}:{secure_port}/{service}",
            "host": HOST,
            "port": plain_port,
            "tcps_port": secure_port,
            "server_dn": distinguished_name("oracle", HOST),
            "service_name": service,
            "ords_url": f"https://{HOST}:{bounds[0].port}/ords",
            "ords_port": bounds[0].port,
            "admin_url": f"http://{HOST}:{bounds[1].port}",
            "system_user": SYSTEM,
            "system_password": memory.secret("system_password"),
        }

    def _database(self, folder: Path, password: str) -> EngineDatabase:
        packages = [(each, required_role(each.name, self.repository)) for each in supplied_packages(self.repository)]
        database = open_database(
            folder,
            clock=self.clock,
            journal=self.statements,
            packages=packages,
            system_password=password,
            version=self.version,
            settings=self.database,
        )
        self.stack.callback(database.close)
        with database.internal() as sql:
            install(sql)
            record_version(sql, self.repository)
        for view in dictionary_views("ora.current_schema_name()"):
            database.register_view(view.owner, view.name, view.sql, view.visible_to, view.columns)
        return database

    def _listener(
        self, database: EngineDatabase, memory: Memory, name: str, tls: ssl.SSLContext | None
    ) -> tuple[Listener, int]:
        profile = ORACLE_23AI if database.major >= 23 else ORACLE_19C

        def start(port: int) -> tuple[Listener, int]:
            listener = Listener(
                database, port=port, tls=tls, profile=profile, faults=self.faults, round_trips=self.round_trips
            )
            return listener, listener.start()

        listener, port = memory.on_port(name, start)
        memory.keep(name, port)
        self.stack.callback(listener.stop)
        return listener, port

    def _wallet(self, database: EngineDatabase, memory: Memory) -> Wallet:
        """Return the wallet of ORDS; its installation made the password."""
        if RUNTIME_PASSWORD not in memory.values:
            password = new_password()
            database.change_password(self.ords.runtime_user, password)
            memory.keep(RUNTIME_PASSWORD, password)
        return Wallet(memory.values[RUNTIME_PASSWORD])

    def _ords(self, database: EngineDatabase, pooled: PooledDatabase, authority: Authority, wallet: Wallet) -> OrdsApp:
        def snapshot() -> Snapshot:
            with database.internal() as sql:
                return load_snapshot(sql)

        app = build_app(
            pooled,
            snapshot,
            self.ords,
            clock=self.clock,
            trust=authority.client_context(),
            journal=self.requests,
            wallet=wallet,
        )
        self.stack.callback(app.close)
        return app

    def _control(
        self, database: EngineDatabase, memory: Memory, ords: OrdsApp, sessions: Mapping[str, Sequence[Sessions]]
    ) -> ASGIFramework:
        def restart(password: str | None) -> None:
            if password is not None:
                memory.keep(RUNTIME_PASSWORD, password)
            ords.runtime.restart(password)

        repository = Repository(database, self.repository)
        control = Control(
            self.statements,
            sessions,
            {"database": self.database, "ords": self.ords, "repository": self.repository},
            self.faults,
            self.clock,
            self.requests,
            self.round_trips,
            on_change=repository.follow,
            on_reset=ords.runtime.restart,
            restart_ords=restart,
        )
        return cast(ASGIFramework, build_control(control))


@dataclass
class Repository:
    """Carries changed switches into the dictionary, where packages and version are described."""

    database: EngineDatabase
    settings: RepositorySettings

    def __post_init__(self) -> None:
        self._described, self._recorded = self._state()

    def _state(self) -> tuple[tuple[bool, ...], tuple[object, ...]]:
        settings = self.settings
        described = (settings.jwt_role_claim, settings.security_admin_public)
        return described, (settings.installed_version, settings.installing)

    def follow(self) -> None:
        described, recorded = self._state()
        if described != self._described:
            for package in supplied_packages(self.settings):
                self.database.register_package(package, required_role(package.name, self.settings))
        if recorded != self._recorded:
            with self.database.internal() as sql:
                record_version(sql, self.settings)
        self._described, self._recorded = described, recorded


def _tls(leaf: Leaf) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(leaf.certificate, leaf.key)
    return context


def _publish(state: Path, addresses: dict[str, Any]) -> None:
    """Write ``oracle.json`` such that it never was readable by others."""
    mask = os.umask(0o077)
    try:
        write_ready(state, "oracle", addresses)
    finally:
        os.umask(mask)


if __name__ == "__main__":
    main()
