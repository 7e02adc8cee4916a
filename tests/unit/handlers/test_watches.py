"""kopf's HTTP session: the token of the moment goes out, and answered watches are heard."""

import asyncio
import pathlib

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from oracleapi.adapters.kube.config import ClusterConfig
from oracleapi.handlers import watches
from oracleapi.handlers.health import WATCH_LIMIT_S


class Heard:
    """What health would hear."""

    def __init__(self) -> None:
        self.plurals: list[str] = []

    def hear(self, plural: str) -> None:
        self.plurals.append(plural)


async def ask(config: ClusterConfig, heard: Heard, *paths: str) -> list[str]:
    """Ask *paths* of a server that serves them, but those with ``refused``; returns the tokens it saw."""
    seen: list[str] = []

    async def serve(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Authorization", ""))
        return web.Response(status=500 if "refused" in request.query_string else 200)

    app = web.Application()
    app.router.add_get("/{path:.*}", serve)
    async with TestServer(app) as server, watches.open_session(config, heard) as session:  # type: ignore[arg-type]
        for path in paths:
            async with session.get(server.make_url(path)):
                pass
            config._read_at = float("-inf")  # a minute later
            if config.token_file is not None:
                config.token_file.write_text("second")
    return seen


def test_only_answered_requests_for_our_kinds_are_heard() -> None:
    heard = Heard()
    config = ClusterConfig("", None, token="t")
    ours = "/apis/oracleapi.dev/v1alpha1"
    paths = (f"{ours}/vpclinks?watch=true", f"{ours}/oracleapis?refused", "/api/v1/namespaces", f"{ours}/awsaccounts")
    asyncio.run(ask(config, heard, *paths))
    assert heard.plurals == ["vpclinks", "awsaccounts"]


def test_a_renewed_token_is_sent_without_another_login(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "token"
    file.write_text("first")
    seen = asyncio.run(ask(ClusterConfig("", None, token_file=file), Heard(), "/a", "/b"))
    assert seen == ["Bearer first", "Bearer second"]


@pytest.mark.parametrize("timeout", ["server_timeout", "client_timeout"])
def test_watches_begin_anew_well_within_the_time_after_which_they_count_as_silent(timeout: str) -> None:
    assert getattr(watches.build_settings().watching, timeout) * 1.5 < WATCH_LIMIT_S
