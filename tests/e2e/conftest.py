"""One sandbox with the operator in it for all end-to-end tests; each test cleans up what it made."""

import pathlib
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from support.lab import EXAMPLES, Lab, api_server, running_lab


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A running lab with the platform's offers Ready."""
    with running_lab(pathlib.Path(tmp_path_factory.mktemp("sandbox"))) as found:
        found.platform()
        yield found


@pytest.fixture(scope="session")
def admission(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """An API server with the chart in it, and no operator: what is stored stays as it was written."""
    with api_server(pathlib.Path(tmp_path_factory.mktemp("api-server"))) as found:
        yield found


@pytest.fixture(scope="session")
def example() -> dict[str, Any]:
    """The OracleApi of the examples."""
    found: dict[str, Any] = yaml.safe_load((EXAMPLES / "20-hr-api.yaml").read_text())
    return found


@pytest.fixture
def api(lab: Lab, example: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The example API, Ready; deleted afterwards."""
    lab.apply(example)
    yield lab.wait_ready("oapi", "hr", "hr")
    lab.kubectl("-n", "hr", "delete", "oapi", "--all", "--ignore-not-found", "--timeout=90s")


@pytest.fixture
def switches(lab: Lab) -> Iterator[Lab]:
    """The lab, with every switch of the doubles put back afterwards."""
    aws = lab.http.get(f"{lab.environment['AWS_ENDPOINT_URL']}/_sandbox/settings").json()
    oracle = lab.http.get(f"{lab.environment['SANDBOX_ORACLE_ADMIN']}/_sandbox/settings").json()
    yield lab
    lab.set_aws(**aws)
    lab.set_oracle(**oracle)
