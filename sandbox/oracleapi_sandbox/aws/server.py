"""Puts the AWS double together: front and control plane on plain HTTP, data plane on TLS, one state file."""

import asyncio
import secrets
import signal
from pathlib import Path

from oracleapi_sandbox.aws.access.directory import Directory
from oracleapi_sandbox.aws.access.door import Door
from oracleapi_sandbox.aws.access.principals import Principals, RootKey, new_key_id
from oracleapi_sandbox.aws.access.sts import Sts
from oracleapi_sandbox.aws.clock import OffsetClock
from oracleapi_sandbox.aws.control.context import Account
from oracleapi_sandbox.aws.control.discovery import DiscoveryIssuers
from oracleapi_sandbox.aws.control.engine import Engine
from oracleapi_sandbox.aws.control.published import PublishedStages
from oracleapi_sandbox.aws.data.app import build_app
from oracleapi_sandbox.aws.data.iam import SignedCallers
from oracleapi_sandbox.aws.data.settings import DataSettings
from oracleapi_sandbox.aws.faults import Faults
from oracleapi_sandbox.aws.front import Front
from oracleapi_sandbox.aws.ministack import EmulatedLogs, Ministack
from oracleapi_sandbox.aws.pages import SandboxPages
from oracleapi_sandbox.aws.relay import Relay
from oracleapi_sandbox.aws.secrets.engine import SecretsEngine
from oracleapi_sandbox.aws.secrets.settings import SecretSettings
from oracleapi_sandbox.aws.settings import ControlSettings, SettingsStore
from oracleapi_sandbox.common.authority import Authority
from oracleapi_sandbox.common.clock import SystemClock
from oracleapi_sandbox.common.journal import Journal
from oracleapi_sandbox.common.serve import Bound, bind, serve_all
from oracleapi_sandbox.common.state import write_ready

ACCOUNT_ID = "123456789012"
REGION = "eu-west-1"
DATA_DOMAIN = "execute-api.localhost"


def new_root_key() -> RootKey:
    """Return an access key of the usual form that belongs to nobody."""
    return RootKey(new_key_id(), secrets.token_urlsafe(30))


def assemble(state: Path, port: int) -> tuple[list[Bound], Relay, dict[str, str | int]]:
    """Bind both planes; return them, the relay before the control plane, and what the state file will say."""
    authority = Authority(state / "ca")
    clock, root = OffsetClock(), new_root_key()
    data_settings, secret_settings = DataSettings(), SecretSettings()
    settings = SettingsStore(data_settings, secret_settings)
    ministack = Ministack(ACCOUNT_ID, REGION, root)
    logs = EmulatedLogs(ministack)
    trust = authority.client_context()

    def control() -> ControlSettings:
        return settings.control

    data_place = bind(_nothing)
    account = Account(ACCOUNT_ID, DATA_DOMAIN, data_place.port)
    engine = Engine(account, control, clock, DiscoveryIssuers(trust), logs)
    leaf = authority.leaf("aws-data", f"*.{DATA_DOMAIN}", DATA_DOMAIN, "localhost", "127.0.0.1")

    held = SecretsEngine(ACCOUNT_ID, secret_settings, control, clock, ministack)
    journal, faults = Journal(), Faults()
    principals = Principals(ACCOUNT_ID, root)
    directory = Directory(ministack, principals)
    sts = Sts(ACCOUNT_ID, principals, directory, clock)
    door = Door(principals, directory, held, clock, SystemClock())
    callers = SignedCallers(door, directory, control)
    data = build_app(
        PublishedStages(engine), data_settings, clock=clock, trust=trust, write_access_log=logs.write, callers=callers
    )

    async def reset() -> None:
        engine.reset()
        held.reset()
        settings.reset()
        faults.replace([])
        journal.clear()
        principals.reset()
        directory.reset()
        await ministack.reset()

    public, inner = bind(_nothing, port=port), bind(_nothing)
    relay = Relay(public.sock, inner.port)
    pages = SandboxPages(journal, settings, faults, principals, clock, reset)

    front = Front(engine, held, ministack, door, directory, sts, journal, faults, pages, control, clock, relay.end)
    addresses: dict[str, str | int] = {
        "endpoint_url": f"http://127.0.0.1:{public.port}",
        "data_port": data_place.port,
        "data_domain": DATA_DOMAIN,
        "region": REGION,
        "account_id": ACCOUNT_ID,
        "access_key_id": root.access_key_id,
        "secret_access_key": root.secret_access_key,
    }
    return [Bound(front, inner.sock), Bound(data, data_place.sock, leaf)], relay, addresses


async def _nothing(scope: object, receive: object, send: object) -> None:
    """Hold a port until what serves there, which is told its ports, is put together."""


async def run(state: Path, port: int = 0) -> None:
    """Serve until SIGTERM or SIGINT."""
    state.mkdir(parents=True, exist_ok=True)
    bounds, relay, addresses = assemble(state, port)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    write_ready(state, "aws", addresses)
    async with asyncio.TaskGroup() as group:
        group.create_task(relay.serve(stop))
        group.create_task(serve_all(bounds, stop))
