"""Two sandboxes side by side: what is made, set or advanced in one is not in the other, and each ends by itself."""

import os
from pathlib import Path
from typing import Any

import botocore.session  # type: ignore[import-untyped]
import httpx
import oracledb
import pytest

from oracleapi_sandbox.cluster.processes import marked

UP = ("up", "--without", "cluster")


def environment(sandbox: Any, folder: str) -> dict[str, str]:
    lines = sandbox("env", folder=folder).stdout.splitlines()
    pairs = (line.removeprefix("export ").partition("=") for line in lines)
    return {name: value.strip("'\"") for name, _, value in pairs}


@pytest.fixture
def two(sandbox: Any) -> dict[str, dict[str, str]]:
    """Both sandboxes' environments, by folder."""
    for folder in ("one", "two"):
        up = sandbox(*UP, folder=folder)
        assert up.returncode == 0, up.stderr
    return {folder: environment(sandbox, folder) for folder in ("one", "two")}


def apis(known: dict[str, str]) -> Any:
    return botocore.session.get_session().create_client(
        "apigatewayv2",
        endpoint_url=known["AWS_ENDPOINT_URL"],
        region_name=known["AWS_REGION"],
        aws_access_key_id=known["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=known["AWS_SECRET_ACCESS_KEY"],
    )


def query(sandbox: Any, folder: str, statement: str, tmp_path: Path) -> str:
    script = tmp_path / f"{folder}.sql"
    script.write_text(f"{statement};\n")
    ran = sandbox("sql", str(script), folder=folder)
    return str(ran.stdout + ran.stderr)


def test_two_sandboxes_know_nothing_of_each_other(sandbox: Any, two: dict[str, dict[str, str]], tmp_path: Path) -> None:
    one, other = two["one"], two["two"]
    assert [name for name in one if name in other and "URL" in name and one[name] == other[name]] == []

    apis(one).create_api(Name="only-one", ProtocolType="HTTP")
    assert [found["Name"] for found in apis(one).get_apis()["Items"]] == ["only-one"]
    assert apis(other).get_apis()["Items"] == []

    query(sandbox, "one", "create user only_one no authentication", tmp_path)
    assert "ORA-01920" in query(sandbox, "one", "create user only_one no authentication", tmp_path)
    assert "ORA-" not in query(sandbox, "two", "create user only_one no authentication", tmp_path)

    sandbox("clock", "advance", "3600", folder="one")
    pages = [httpx.get(f"{known['AWS_ENDPOINT_URL']}/_sandbox/clock", trust_env=False).json() for known in (one, other)]
    assert pages[0] != pages[1]

    assert sandbox("down", folder="one").returncode == 0
    assert marked(tmp_path / "one") == []
    assert apis(other).get_apis()["Items"] == []
    assert sandbox("status", folder="two").returncode == 0
    with pytest.raises(oracledb.Error):
        oracledb.connect(user="x", password=os.urandom(4).hex(), dsn=one["ORACLE_DSN"])
    assert sandbox("down", folder="two").returncode == 0
    assert marked(tmp_path / "two") == []
