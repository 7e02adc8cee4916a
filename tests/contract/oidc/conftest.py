"""A running identity provider for the contract tests, and a client that trusts it."""

import pathlib
import ssl
from collections.abc import Iterator

import httpx
import pytest

from support.parts import Part, start_part


@pytest.fixture(scope="session")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Part]:
    part = start_part("oidc", tmp_path_factory.mktemp("oidc"))
    yield part
    part.stop()


@pytest.fixture(scope="session")
def authority(provider: Part) -> pathlib.Path:
    return provider.state / "ca" / "ca.crt"


@pytest.fixture
def http(provider: Part, authority: pathlib.Path) -> Iterator[httpx.Client]:
    """A client of the provider, which is set back to its defaults after the test."""
    context = ssl.create_default_context(cafile=str(authority))
    with httpx.Client(base_url=provider.addresses["issuer"], verify=context, trust_env=False) as client:
        yield client
        client.post("/_sandbox/reset").raise_for_status()
