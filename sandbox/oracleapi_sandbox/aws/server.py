"""Puts the AWS double together: front and control plane on plain HTTP, data plane on TLS, one state file."""

import asyncio
import secrets
import signal
import string
from pathlib import Path

from oracleapi_sandbox.aws.clock import OffsetClock
from oracleapi_sandbox.aws.control.context import Account
from oracleapi_sandbox.aws.control.discovery import DiscoveryIssuers
from oracleapi_sandbox.aws.control.engine import Engine
from oracleapi_sandbox.aws.control.published import PublishedStages
from oracleapi_sandbox.aws.data.app import build_app
from oracleapi_sandbox.aws.data.settings import DataSettings
from oracleapi_sandbox.aws.faults import Faults
from oracleapi_sandbox.aws.front import Front
from oracleapi_sandbox.aws.ministack import EmulatedLogs, Ministack, RootKey
from oracleapi_sandbox.aws.pages import SandboxPages
from oracleapi_sandbox.aws.settings import SettingsStore
from oracleapi_sandbox.common.authority import Authority
from oracleapi_sandbox.common.journal import Journal
from oracleapi_sandbox.common.serve import Bound, bind, serve_all
from oracleapi_sandbox.common.state import write_ready

ACCOUNT_ID = "123456789012"
REGION = "eu-west-1"
DATA_DOMAIN = "execute-api.localhost"


def new_root_key() -> RootKey:
    """Return an access key of the usual form that belongs to nobody."""
    alphabet = string.ascii_uppercase + "234567"
    key_id = "AKIA" + "".join(secrets.choice(alphabet) for _ in range(16))
    return RootKey(key_id, secrets.token_urlsafe(30))


def assemble(state: Path, port: int) -> tuple[list[Bound], dict[str, str | int]]:
    """Bind both planes; return them with what the state file will say."""
    authority = Authority(state / "ca")
    clock, root = OffsetClock(), new_root_key()
    data_settings = DataSettings()
    settings = SettingsStore(data_settings)
    ministack = Ministack(ACCOUNT_ID, REGION, root)
    logs = EmulatedLogs(ministack)
    trust = authority.client_context()

    data_place = bind(_nothing)
    account = Account(ACCOUNT_ID, DATA_DOMAIN, data_place.port)
    engine = Engine(account, lambda: settings.control, clock, DiscoveryIssuers(trust), logs)
    data = build_app(PublishedStages(engine), data_settings, clock=clock, trust=trust, write_access_log=logs.write)
    leaf = authority.leaf("aws-data", f"*.{DATA_DOMAIN}", DATA_DOMAIN, "localhost", "127.0.0.1")

    journal, faults = Journal(), Faults()

    async def reset() -> None:
        engine.reset()
        settings.reset()
        faults.replace([])
        journal.clear()
        await ministack.reset()

    pages = SandboxPages(journal, settings, faults, clock, reset)
    control = bind(Front(engine, ministack, journal, faults, pages, clock), port=port)
    addresses: dict[str, str | int] = {
        "endpoint_url": f"http://127.0.0.1:{control.port}",
        "data_port": data_place.port,
        "data_domain": DATA_DOMAIN,
        "region": REGION,
        "account_id": ACCOUNT_ID,
        "access_key_id": root.access_key_id,
        "secret_access_key": root.secret_access_key,
    }
    return [control, Bound(data, data_place.sock, leaf)], addresses


async def _nothing(scope: object, receive: object, send: object) -> None:
    """Hold the data port until the data plane, which is told that port, is there."""


async def run(state: Path, port: int = 0) -> None:
    """Serve until SIGTERM or SIGINT."""
    state.mkdir(parents=True, exist_ok=True)
    bounds, addresses = assemble(state, port)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    write_ready(state, "aws", addresses)
    await serve_all(bounds, stop)
