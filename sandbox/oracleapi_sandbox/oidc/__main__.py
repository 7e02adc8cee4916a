"""Run the identity provider: ``python -m oracleapi_sandbox.oidc --state DIR [--port N]``.

Publishes ``oidc.json`` with ``issuer``, ``port`` and ``admin_url``. The issuer is ``https://localhost:PORT``; since
relying parties are configured with it, a provider that starts again on the same state folder keeps its port and keys.
"""

import argparse
import asyncio
import signal
from pathlib import Path
from typing import cast

from hypercorn.typing import ASGIFramework

from oracleapi_sandbox.common.authority import Authority, Leaf
from oracleapi_sandbox.common.clock import SystemClock
from oracleapi_sandbox.common.serve import Bound, bind, serve_all
from oracleapi_sandbox.common.state import write_ready
from oracleapi_sandbox.oidc.app import Provider, application
from oracleapi_sandbox.oidc.keys import KeyRing


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m oracleapi_sandbox.oidc", description=__doc__)
    parser.add_argument("--state", type=Path, required=True, help="state folder")
    parser.add_argument("--port", type=int, default=0, help="port; 0 takes the last one, or a free one")
    arguments = parser.parse_args()
    asyncio.run(run(arguments.state.resolve(), arguments.port))


async def run(state: Path, port: int) -> None:
    """Serve until SIGTERM or SIGINT."""
    folder = state / "oidc"
    provider = Provider(KeyRing(folder), SystemClock())
    leaf = Authority(state / "ca").leaf("oidc", "localhost", "127.0.0.1")
    bound = _bind(cast(ASGIFramework, application(provider)), leaf, folder / "port", port)
    issuer = provider.issuer = f"https://localhost:{bound.port}"
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    write_ready(state, "oidc", {"issuer": issuer, "port": bound.port, "admin_url": issuer})
    await serve_all([bound], stop)


def _bind(app: ASGIFramework, leaf: Leaf, memory: Path, port: int) -> Bound:
    """Bind to *port*; for 0, to the port that *memory* holds, or a free one when that is taken by now."""
    if port == 0 and memory.exists():
        try:
            return bind(app, port=int(memory.read_text()), tls=leaf)
        except OSError:
            memory.unlink()
    bound = bind(app, port=port, tls=leaf)
    memory.write_text(str(bound.port))
    return bound


if __name__ == "__main__":
    main()
