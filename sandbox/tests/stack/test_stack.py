"""How the stack connects the parts; AWS and Oracle are played by a process that only has to live."""

import http.server
import io
import json
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from oracleapi_sandbox.cluster.build import KubernetesVersion
from oracleapi_sandbox.cluster.choice import BUILD, ClusterChoice
from oracleapi_sandbox.cluster.processes import end, marked, start
from oracleapi_sandbox.cluster.progress import Progress
from oracleapi_sandbox.replaced import Replaced
from oracleapi_sandbox.stack import PartError, Stack

CHOICE = ClusterChoice(BUILD, KubernetesVersion.parse("1.36.3"))
ARN = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:listener/app/ords/0123456789abcdef/0123456789abcdef"


class Control(http.server.BaseHTTPRequestHandler):
    """Keeps what is PUT to it."""

    received: list[tuple[str, Any]]
    status: int

    def do_POST(self) -> None:
        self.do_PUT()

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.received.append((self.path, json.loads(body)))  # type: ignore[attr-defined]
        self.send_response(self.server.status)  # type: ignore[attr-defined]
        self.end_headers()
        self.wfile.write(b"told why")

    def log_message(self, *arguments: Any) -> None:
        return


@pytest.fixture
def control() -> Iterator[Any]:
    server = http.server.HTTPServer(("127.0.0.1", 0), Control)
    server.received, server.status = [], 200  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def stack(tmp_path: Path, control: Any) -> Iterator[Stack]:
    """A stack in which ``aws`` and ``oracle`` are recorded as running."""
    lasting = [sys.executable, "-c", "import time; time.sleep(600)"]
    processes = {part: start(lasting, tmp_path / "log", tmp_path, part) for part in ("aws", "oracle")}
    published = {
        "aws": {
            "endpoint_url": f"http://127.0.0.1:{control.server_address[1]}",
            "data_port": 1,
            "region": "eu-central-1",
            "account_id": "123456789012",
            "access_key_id": "AKIA",
            "secret_access_key": "it's secret",
            "data_domain": "localhost",
        },
        "oracle": {
            "dsn": "localhost:1521/FREEPDB1",
            "host": "localhost",
            "port": 1521,
            "tcps_port": 2484,
            "server_dn": "CN=localhost",
            "service_name": "FREEPDB1",
            "ords_url": "https://localhost:8443/ords",
            "admin_url": f"http://127.0.0.1:{control.server_address[1]}",
            "system_user": "SYSTEM",
            "system_password": "p",
        },
    }
    (tmp_path / "parts").mkdir()
    for part, addresses in published.items():
        (tmp_path / "parts" / f"{part}.pid").write_text(str(processes[part].pid))
        (tmp_path / f"{part}.json").write_text(json.dumps({**addresses, "pid": processes[part].pid}))
    yield Stack(tmp_path, Progress(io.StringIO()))
    end(marked(tmp_path))
    for process in processes.values():
        process.wait()


def test_aws_is_told_where_the_listener_leads(stack: Stack, control: Any) -> None:
    stack.up(["aws", "oracle"], CHOICE)
    assert control.received == [("/_sandbox/settings", {"targets": {ARN: ["localhost", 8443]}})]


def test_changed_addresses_are_pointed_out(stack: Stack) -> None:
    stack.up(["aws", "oracle"], CHOICE)
    said = io.StringIO()
    again = Stack(stack.state, Progress(said))
    again.up(["aws", "oracle"], CHOICE)
    assert "evaluate env again" not in said.getvalue()
    published = stack.state / "aws.json"
    published.write_text(published.read_text().replace("AKIA", "AKIB"))
    again.up(["aws", "oracle"], CHOICE)
    assert "evaluate env again" in said.getvalue()


def test_a_refusal_of_the_target_is_an_error_of_aws(stack: Stack, control: Any) -> None:
    control.status = 400
    with pytest.raises(PartError, match=r"aws: refused the target of arn:.*: told why"):
        stack.up(["aws", "oracle"], CHOICE)


def test_every_promised_variable_is_exported(stack: Stack, control: Any) -> None:
    stack.up(["aws", "oracle"], CHOICE)
    found = stack.environment()
    assert found.pop("SANDBOX_CA") == str(stack.state / "ca" / "ca.crt")
    assert found.pop("AWS_ENDPOINT_URL").startswith("http://127.0.0.1:")
    assert found == {
        "AWS_ACCESS_KEY_ID": "AKIA",
        "AWS_SECRET_ACCESS_KEY": "it's secret",
        "AWS_REGION": "eu-central-1",
        "SANDBOX_AWS_ACCOUNT": "123456789012",
        "SANDBOX_LISTENER_ARN": ARN,
        "ORACLE_DSN": "localhost:1521/FREEPDB1",
        "ORACLE_HOST": "localhost",
        "ORACLE_PORT": "1521",
        "ORACLE_TCPS_PORT": "2484",
        "ORACLE_SERVER_DN": "CN=localhost",
        "ORACLE_SERVICE_NAME": "FREEPDB1",
        "ORACLE_SYSTEM_USER": "SYSTEM",
        "ORACLE_SYSTEM_PASSWORD": "p",
        "ORDS_URL": "https://localhost:8443/ords",
        "SANDBOX_ORACLE_ADMIN": f"http://127.0.0.1:{control.server_address[1]}",
    }
    assert "export AWS_SECRET_ACCESS_KEY='it'\"'\"'s secret'\n" in stack.exports()
    assert (stack.state / "env").stat().st_mode & 0o077 == 0


def test_what_a_part_published_before_it_died_does_not_count(stack: Stack) -> None:
    ended = stack.down()
    assert set(ended) == {"aws", "oracle"}
    assert stack.addresses("aws") is None
    assert set(stack.environment()) == {"SANDBOX_CA"}


def test_what_replaces_a_part_is_exported_in_its_place(stack: Stack, control: Any) -> None:
    stack.up(["oracle"], CHOICE, Replaced(aws_endpoint="http://localhost:4566"))
    assert stack.environment()["AWS_ENDPOINT_URL"] == "http://localhost:4566"
    assert stack.environment()["ORACLE_DSN"] == "localhost:1521/FREEPDB1"


def test_the_listener_leads_to_an_ords_of_ones_own(stack: Stack, control: Any) -> None:
    stack.up(["aws"], CHOICE, Replaced(oracle_dsn="db:1521/HR", ords_url="https://ords.example/ords"))
    assert control.received == [("/_sandbox/settings", {"targets": {ARN: ["ords.example", 443]}})]
    assert (stack.environment()["ORACLE_DSN"], stack.environment()["ORDS_URL"]) == (
        "db:1521/HR",
        "https://ords.example/ords",
    )


def test_one_clock_moves_every_double(stack: Stack, control: Any) -> None:
    assert [stack.advance(60), stack.advance(5)] == [60, 65]
    moved = [("/_sandbox/clock", {"advance_seconds": seconds}) for seconds in (60, 60, 5, 5)]
    assert control.received == moved


def test_a_double_that_refuses_to_move_is_named(stack: Stack, control: Any) -> None:
    control.status = 400
    with pytest.raises(PartError, match=r"aws: refused to move its clock: told why"):
        stack.advance(60)
    assert stack.ahead_s == 0
