"""The command line as its user meets it. The identity provider stands for all parts where any part would do."""

import base64
import json
import os
import signal
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest

from oracleapi_sandbox.cluster.processes import marked

PROMISED = (
    "KUBECONFIG",
    "AWS_ENDPOINT_URL",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_REGION",
    "ORACLE_DSN",
    "ORACLE_SYSTEM_USER",
    "ORACLE_SYSTEM_PASSWORD",
    "ORDS_URL",
    "OIDC_ISSUER",
    "SANDBOX_AWS_ACCOUNT",
    "SANDBOX_CA",
    "SANDBOX_LISTENER_ARN",
    "SANDBOX_OIDC_ADMIN",
    "SANDBOX_ORACLE_ADMIN",
)
ONLY_OIDC = ("up", "--without", "cluster", "--without", "aws", "--without", "oracle")


def parts(run: Any, **options: Any) -> dict[str, dict[str, Any]]:
    found = json.loads(run("status", "--json", **options).stdout)
    return {part["part"]: part for part in found}


def mentioned(folder: Path) -> list[str]:
    """Return the command lines of living processes that work on *folder*."""
    shown = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    return [line for line in shown.splitlines() if f"{folder}/" in line]


def exports(text: str) -> dict[str, str]:
    """Let a shell read what ``env`` printed."""
    shell = subprocess.run(["sh", "-c", text + "env -0"], capture_output=True, text=True, env={}, check=True)
    return dict(line.split("=", 1) for line in shell.stdout.split("\0") if line)


def test_up_status_env_token_down(sandbox: Any, tmp_path: Path) -> None:
    up = sandbox(*ONLY_OIDC)
    assert up.returncode == 0, up.stderr
    assert "oidc: ready after" in up.stderr
    running = parts(sandbox)
    assert {name: part["condition"] for name, part in running.items()} == {
        "oidc": "running",
        "aws": "stopped",
        "oracle": "stopped",
        "cluster": "stopped",
    }
    assert running["oidc"]["resident_bytes"] > 0
    printed = sandbox("env").stdout
    assert printed == (tmp_path / "one" / "env").read_text()
    issuer = running["oidc"]["address"]
    assert (
        exports(printed).items()
        >= {
            "OIDC_ISSUER": issuer,
            "SANDBOX_OIDC_ADMIN": issuer,
            "SANDBOX_CA": str(tmp_path / "one" / "ca" / "ca.crt"),
        }.items()
    )
    made = sandbox("token", "--subject", "alice", "--group", "hr", "--scope", "a", "--scope", "b", "--audience", "x")
    claims = json.loads(base64.urlsafe_b64decode(made.stdout.split(".")[1] + "=="))
    assert {name: claims[name] for name in ("iss", "sub", "groups", "scope", "aud")} == {
        "iss": issuer,
        "sub": "alice",
        "groups": ["hr"],
        "scope": "a b",
        "aud": "x",
    }
    refused = sandbox("token", "--subject", "a", "--fault", "nonsense")
    assert refused.returncode == 1
    assert "known: none, bad-signature" in refused.stderr
    down = sandbox("down")
    assert (down.returncode, "down (oidc)" in down.stderr) == (0, True)
    assert marked(tmp_path / "one") == []
    assert {part["condition"] for part in parts(sandbox).values()} == {"stopped"}
    assert "nothing was running" in sandbox("down").stderr


def test_up_twice_is_one_sandbox_and_another_folder_another(sandbox: Any, tmp_path: Path) -> None:
    sandbox(*ONLY_OIDC)
    one = parts(sandbox)["oidc"]
    assert "oidc: already running" in sandbox(*ONLY_OIDC).stderr
    assert parts(sandbox)["oidc"]["pid"] == one["pid"]
    sandbox(*ONLY_OIDC, folder="two")
    sandbox("down")
    assert marked(tmp_path / "one") == []
    two = parts(sandbox, folder="two")["oidc"]
    assert two["condition"] == "running"
    assert two["address"] != one["address"]


def test_a_dead_part_is_shown_started_again_and_named(sandbox: Any) -> None:
    sandbox(*ONLY_OIDC)
    before = parts(sandbox)["oidc"]
    os.kill(before["pid"], signal.SIGKILL)
    shown = sandbox("status")
    assert shown.returncode == 1
    assert "oidc     dead" in shown.stdout
    assert "OIDC_ISSUER" not in sandbox("env").stdout
    assert "oidc: had ended by itself; starting it again" in sandbox(*ONLY_OIDC).stderr
    after = parts(sandbox)["oidc"]
    assert after["pid"] != before["pid"]
    assert after["address"] == before["address"]


def test_a_part_that_cannot_start_is_named_with_the_end_of_its_log(sandbox: Any, tmp_path: Path) -> None:
    (tmp_path / "one" / "oidc").mkdir(parents=True)
    (tmp_path / "one" / "oidc" / "keys.json").write_text("broken")
    up = sandbox(*ONLY_OIDC)
    assert up.returncode == 1
    assert "error: oidc: ended while starting" in up.stderr
    assert "JSONDecodeError" in up.stderr
    assert marked(tmp_path / "one") == []


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        pytest.param(["up", "--without", "sun"], 2, "no such part: sun", id="a part that does not exist"),
        pytest.param(["up", "--kubernetes-version", "new"], 2, "1.X.Y", id="a version that is none"),
        pytest.param(["token", "--subject", "a"], 1, "error: oidc: is not running", id="no provider to ask"),
        pytest.param(["kubectl", "get", "ns"], 1, "error: cluster: is not running", id="no cluster to talk to"),
        pytest.param(["helm", "--help"], 1, "error: cluster: is not running", id="help is helm's own"),
    ],
)
def test_misuse_is_answered_with_its_reason(sandbox: Any, arguments: list[str], code: int, said: str) -> None:
    done = sandbox(*arguments)
    assert done.returncode == code
    assert said in " ".join(done.stderr.replace("│", " ").split())


def test_everything_comes_up_and_goes_down_without_a_trace(sandbox: Any, tmp_path: Path) -> None:
    up = sandbox("up")
    assert up.returncode == 0, up.stderr
    assert {part["condition"] for part in parts(sandbox).values()} == {"running"}
    found = exports(sandbox("env").stdout)
    assert set(found) >= set(PROMISED)
    assert found["KUBECONFIG"] == str(tmp_path / "one" / "kubeconfig")
    assert sandbox("kubectl", "-o", "name", "get", "namespace", "default").stdout == "namespace/default\n"
    run = (
        "run",
        "p",
        "--image=i",
        "--dry-run=client",
        "-o",
        "jsonpath={.spec.containers[0].args}",
        "--",
        "--dir",
        "-x",
    )
    assert sandbox("kubectl", "-n", "default", *run).stdout == '["--dir","-x"]'
    assert sandbox("helm", "list", "--short").returncode == 0
    for part in ("cluster", "oracle"):
        os.kill(parts(sandbox)[part]["pid"], signal.SIGKILL)
    assert len(marked(tmp_path / "one", "cluster")) == 3  # the control plane goes on without its keeper
    assert sandbox("down").returncode == 0
    assert marked(tmp_path / "one") == []
    pause = threading.Event()
    while mentioned(tmp_path / "one"):  # PostgreSQL sees by itself that nobody needs it any more
        pause.wait(0.1)


def claims_of(run: Any) -> dict[str, Any]:
    printed = run("token", "--subject", "alice").stdout
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(printed.split(".")[1] + "=="))
    return found


def test_the_clock_is_driven_and_a_restarted_part_keeps_it(sandbox: Any) -> None:
    assert sandbox(*ONLY_OIDC).returncode == 0
    before = claims_of(sandbox)["iat"]
    assert sandbox("clock", "advance", "86400").stdout == "86400 s ahead of the machine\n"
    assert claims_of(sandbox)["iat"] >= before + 86400
    os.kill(parts(sandbox)["oidc"]["pid"], signal.SIGKILL)
    assert sandbox(*ONLY_OIDC).returncode == 0
    assert claims_of(sandbox)["iat"] >= before + 86400
    assert sandbox("clock", "show").stdout == "86400 s ahead of the machine\n"


def test_what_replaces_parts_is_shown_and_exported(sandbox: Any) -> None:
    own = ("--aws-endpoint", "http://localhost:4566", "--oracle-dsn", "db:1521/HR", "--ords-url", "https://o/ords")
    up = sandbox("up", "--without", "cluster", *own)
    assert up.returncode == 0, up.stderr
    shown = {name: (part["condition"], part["address"]) for name, part in parts(sandbox).items()}
    assert (shown["aws"], shown["oracle"]) == (("replaced", "http://localhost:4566"), ("replaced", "db:1521/HR"))
    found = exports(sandbox("env").stdout)
    assert found["AWS_ENDPOINT_URL"] == "http://localhost:4566"
    assert (found["ORACLE_DSN"], found["ORDS_URL"]) == ("db:1521/HR", "https://o/ords")
    assert "SANDBOX_ORACLE_ADMIN" not in found
    assert sandbox(*ONLY_OIDC).returncode == 0
    assert "ORACLE_DSN" not in exports(sandbox("env").stdout)
