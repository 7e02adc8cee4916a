"""``make demo``: the main job end to end on this machine, told step by step.

Every step prints the command that a user would type and what came back. The exit code is 0 only if every step held.
What was seen is written to ``demo.json`` in the state folder.
"""

import argparse
import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import oracledb

from oracleapi_sandbox.cluster.build import DEFAULT_KUBERNETES, KubernetesVersion
from oracleapi_sandbox.cluster.choice import BUILD, ClusterChoice
from oracleapi_sandbox.cluster.clients import clients
from oracleapi_sandbox.cluster.progress import Progress
from oracleapi_sandbox.manifests import render
from oracleapi_sandbox.sqlscript import ScriptError, run_script
from oracleapi_sandbox.stack import PARTS, PartError, Stack

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
CHART = ROOT / "charts" / "oracle-api-operator"
NAMESPACE = "oracle-api-operator"
RELEASE = "oracle-api-operator"
OPERATOR_ACCOUNT = "ORACLEAPI_OPERATOR"
WAIT_S = 120.0


class StepError(Exception):
    """A step did not show what it should; the text says what was seen instead."""


@dataclass
class Demo:
    """The stage: a sandbox, its command lines, and what was seen."""

    stack: Stack
    operator_python: Path
    seen: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        tools = clients(Progress())
        self.kubectl, self.helm = str(tools.kubectl), str(tools.helm)
        self.environment = self.stack.environment()
        self._number = 0
        self.password = secrets.token_urlsafe(18)

    def title(self, text: str) -> None:
        self._number += 1
        print(f"\n\033[1m{self._number}. {text}\033[0m" if sys.stdout.isatty() else f"\n{self._number}. {text}")

    def run(self, program: str, *arguments: str, stdin: str | None = None, show: bool = True) -> str:
        """Run kubectl or helm as a user would; prints the command and its answer."""
        if show:
            shown = " ".join(_quoted(argument) for argument in arguments)
            print(f"  $ {program} {shown}{' < …' if stdin is not None else ''}")
        executable = {"kubectl": self.kubectl, "helm": self.helm}[program]
        environment = {**os.environ, "KUBECONFIG": self.environment["KUBECONFIG"]}
        done = subprocess.run(
            [executable, *arguments], input=stdin, env=environment, capture_output=True, text=True, timeout=300
        )
        if done.returncode:
            raise StepError(f"{program} {arguments[0]} failed: {done.stderr.strip()}")
        if show:
            print("".join(f"    {line}\n" for line in done.stdout.rstrip().splitlines()), end="")
        return done.stdout

    def apply(self, manifest: str) -> None:
        self.run("kubectl", "apply", "-f", "-", stdin=manifest)

    def secret(self, name: str, **values: str) -> None:
        """Make a Secret in the operator's namespace; values are not printed."""
        print(f"  $ kubectl -n {NAMESPACE} create secret generic {name} --from-literal=… ({', '.join(values)})")
        literals = [f"--from-literal={key}={value}" for key, value in values.items()]
        dry = ("--dry-run=client", "-o", "yaml")
        made = self.run("kubectl", "-n", NAMESPACE, "create", "secret", "generic", name, *literals, *dry, show=False)
        self.run("kubectl", "apply", "-f", "-", stdin=made, show=False)

    def note(self, step: str, **facts: Any) -> None:
        self.seen.append({"step": step, **facts})

    def expect(self, what: str, condition: bool, seen: object) -> None:
        """Hold a step to its word."""
        print(f"  {'✓' if condition else '✗'} {what}")
        self.note(what, held=condition, seen=str(seen)[:500])
        if not condition:
            raise StepError(f"{what}: saw {seen}")


def _quoted(argument: str) -> str:
    return f"'{argument}'" if any(letter in argument for letter in " {}$*") else argument


class Caller:
    """A caller of the API, as curl would be."""

    def __init__(self, demo: Demo) -> None:
        self._demo = demo
        self._http = demo.stack.client()

    def request(
        self, method: str, url: str, token: str | None = None, name: str = "", body: Any = None
    ) -> httpx.Response:
        """Send a request; names below ``localhost`` are this machine (RFC 6761), unknown to Python's resolver."""
        parts = httpx.URL(url)
        who = f" -H 'Authorization: Bearer ${name}'" if token else ""
        data = f" -d '{json.dumps(body)}'" if body is not None else ""
        print(f"  $ curl --cacert $SANDBOX_CA {'-X ' + method + ' ' if method != 'GET' else ''}'{url}'{who}{data}")
        headers = {"Host": parts.netloc.decode(), "Accept": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        answer = self._http.request(
            method,
            parts.copy_with(host="127.0.0.1") if (parts.host or "").endswith(".localhost") else parts,
            headers=headers,
            json=body,
            extensions={"sni_hostname": parts.host},
        )
        text = answer.text if len(answer.text) < 400 else f"{answer.text[:400]} …"
        print(f"    {answer.status_code} {text}")
        return answer

    def token(self, subject: str, scope: str, **more: Any) -> str:
        """Return a token of the sandbox's identity provider."""
        wrong = f" --fault {more['fault']}" if "fault" in more else ""
        print(f"  $ oracleapi-sandbox token --subject {subject} --scope {scope} --audience hr-api{wrong}")
        provider = self._demo.environment["SANDBOX_OIDC_ADMIN"]
        wanted = {"subject": subject, "scope": scope, "audience": "hr-api", **more}
        answer = self._http.post(f"{provider}/_sandbox/token", json=wanted)
        answer.raise_for_status()
        token: str = answer.json()["access_token"]
        return token

    def page(self, url: str) -> Any:
        answer = self._http.get(url)
        answer.raise_for_status()
        return answer.json()


def wait_for(what: str, question: Callable[[], Any], limit_s: float = WAIT_S) -> Any:
    """Return the first true answer of *question*.

    Raises:
        StepError: None came in time.
    """
    deadline = time.monotonic() + limit_s
    while not (answer := question()):
        if time.monotonic() > deadline:
            raise StepError(f"waited {limit_s:.0f} s for {what}")
        time.sleep(0.2)
    return answer


def prepare(demo: Demo) -> None:
    """Database, chart, operator, Secrets: what administrators do once."""
    demo.title("A DBA prepares the database: tables, an empty REST schema, the operator's account")
    print("  $ oracleapi-sandbox sql examples/00-database.sql --define operator_password=…")
    env = demo.environment
    count = run_script(
        EXAMPLES / "00-database.sql", env["ORACLE_DSN"], env["ORACLE_SYSTEM_USER"], env["ORACLE_SYSTEM_PASSWORD"],
        {"operator_password": demo.password},
    )  # fmt: skip
    print(f"    {count} statements ran")

    demo.title("A platform engineer installs the operator with helm")
    ca = Path(env["SANDBOX_CA"])
    demo.run("kubectl", "create", "namespace", NAMESPACE)
    demo.run("kubectl", "-n", NAMESPACE, "create", "configmap", "extra-ca", f"--from-file=ca.crt={ca}")
    demo.run(
        "helm", "install", RELEASE, str(CHART.relative_to(ROOT)) if Path.cwd() == ROOT else str(CHART), "-n", NAMESPACE,
        "--set", "allowEndpointOverride=true", "--set", "extraCa.configMap=extra-ca", "--wait=false",
    )  # fmt: skip
    print("  (there is no kubelet here: the Deployment's container runs as a process of this machine)")
    demo.stack.start_operator(NAMESPACE, RELEASE, [str(demo.operator_python.absolute()), "-m", "oracleapi"])
    demo.secret(
        "aws-main",
        AWS_ACCESS_KEY_ID=env["AWS_ACCESS_KEY_ID"],
        AWS_SECRET_ACCESS_KEY=env["AWS_SECRET_ACCESS_KEY"],
    )
    demo.secret("hr-db-operator", username=OPERATOR_ACCOUNT, password=demo.password)
    demo.secret("ords-ca", **{"ca.crt": ca.read_text()})
    demo.secret("oidc-ca", **{"ca.crt": ca.read_text()})


def publish(demo: Demo) -> str:
    """Apply the examples in order and wait; returns the endpoint."""
    demo.title("… and offers an account, a private link, a database and an identity provider")
    demo.apply(render(EXAMPLES / "10-platform.yaml", demo.environment))
    demo.title("An API team applies one OracleApi")
    demo.run("kubectl", "create", "namespace", "hr")
    begin = time.monotonic()
    demo.run(
        "kubectl", "apply", "-f", "examples/20-hr-api.yaml" if Path.cwd() == ROOT else str(EXAMPLES / "20-hr-api.yaml")
    )
    demo.run("kubectl", "-n", "hr", "wait", "oapi/hr", "--for=condition=Ready", f"--timeout={WAIT_S:.0f}s")
    demo.note("apply to Ready", seconds=round(time.monotonic() - begin, 1))
    demo.run("kubectl", "get", "all-oracle", "-A")
    return demo.run("kubectl", "-n", "hr", "get", "oapi", "hr", "-o", "jsonpath={.status.endpoint}", show=False).strip()


def call(demo: Demo, endpoint: str) -> None:
    """The story with real HTTP."""
    caller = Caller(demo)
    demo.title("A reader gets rows, page by page, by the links that ORDS writes")
    reader = caller.token("alice", "hr.read")
    answer = caller.request("GET", f"{endpoint}/hr/v1/employees", reader, "READER")
    demo.expect(
        "a token with scope hr.read gets rows", answer.status_code == 200 and answer.json()["count"] == 3, answer
    )
    rows, pages = len(answer.json()["items"]), 1
    while nexts := [link["href"] for link in answer.json()["links"] if link["rel"] == "next"]:
        answer = caller.request("GET", nexts[0], reader, "READER")
        rows, pages = rows + len(answer.json()["items"]), pages + 1
    demo.expect(f"links[rel=next] led to the end: {rows} rows on {pages} pages", rows == 7, rows)

    demo.title("A writer creates one; a reader may not")
    writer = caller.token("bob", "hr.write")
    new = {"first_name": "Ada", "last_name": "Lovelace", "department_id": 60}
    answer = caller.request("POST", f"{endpoint}/hr/v1/employees", writer, "WRITER", new)
    demo.expect("JSON in, PL/SQL, a row, 201 out", answer.status_code == 201, answer.status_code)
    made = answer.json()["employee_id"]
    answer = caller.request("GET", f"{endpoint}/hr/v1/employees/{made}", reader, "READER")
    demo.expect("the row is there", answer.json().get("last_name") == "Lovelace", answer.text)
    answer = caller.request("POST", f"{endpoint}/hr/v1/employees", reader, "READER", new)
    demo.expect("without scope hr.write: 403", answer.status_code == 403, answer.status_code)

    demo.title("Strangers get nothing, at either door")
    answer = caller.request("GET", f"{endpoint}/hr/v1/employees")
    demo.expect("no token: 401", answer.status_code == 401, answer.status_code)
    forged = caller.token("mallory", "hr.read", fault="other-key")
    answer = caller.request("GET", f"{endpoint}/hr/v1/employees", forged, "FORGED")
    demo.expect("a token of another key: 401", answer.status_code == 401, answer.status_code)
    module = json.loads(demo.run("kubectl", "-n", "hr", "get", "oapi", "hr", "-o", "json", show=False))
    base = next(group["basePath"] for group in module["status"]["groups"] if group.get("scope") == "hr.read")
    answer = caller.request("GET", f"{demo.environment['ORDS_URL']}/hr_api{base}employees")
    demo.expect("straight to ORDS without a token: 401", answer.status_code == 401, answer.status_code)
    answer = caller.request("GET", f"{endpoint}/hr/v1/health")
    demo.expect("the one Public route answers anybody", answer.status_code == 200, answer.status_code)

    demo.title("One request id, from the gateway's access log to the request that ORDS got")
    answer = caller.request("GET", f"{endpoint}/hr/v1/employees/101", reader, "READER")
    request_id = answer.headers["apigw-requestid"]
    admin = demo.environment["SANDBOX_ORACLE_ADMIN"]
    print("  $ curl $SANDBOX_ORACLE_ADMIN/_sandbox/requests   # the access log of ORDS")
    seen = wait_for(
        "ORDS's log",
        lambda: [r for r in caller.page(f"{admin}/_sandbox/requests")["requests"] if r.get("request_id") == request_id],
    )
    got = seen[0]
    print(f"    {got['method']} {got['path']} {got['status']} request_id={got['request_id']} user={got['user']}")
    demo.expect(f"ORDS got request id {request_id}", True, request_id)


def drift(demo: Demo, endpoint: str) -> None:
    """Break something on either side and see it named and repaired."""
    demo.title("Somebody drops a privilege in the database by hand: found, named, repaired")
    dsn = demo.environment["ORACLE_DSN"]
    with oracledb.connect(user=OPERATOR_ACCOUNT, password=demo.password, dsn=dsn) as connection:
        statement = "begin ords_admin.delete_privilege(p_schema => 'HR_API', p_name => 'hr.read'); commit; end;"
        print(f"  SQL> {statement}")
        connection.cursor().execute(statement)
    token = secrets.token_hex(4)
    demo.run("kubectl", "-n", "hr", "annotate", "oapi/hr", f"oracleapi.dev/reconcile-requested-at={token}")
    demo.run(
        "kubectl", "-n", "hr", "wait", "oapi/hr", f"--for=jsonpath={{.status.lastHandledReconcileAt}}={token}",
        f"--timeout={WAIT_S:.0f}s",
    )  # fmt: skip
    found = demo.run("kubectl", "-n", "hr", "get", "oapi", "hr", "-o", "jsonpath={.status.drift}")
    demo.expect("the difference is named field by field", "privilege hr.read" in found, found)
    demo.run("kubectl", "-n", "hr", "events", "--for", "oracleapi.oracleapi.dev/hr")


def spent(demo: Demo) -> None:
    """Show the calls spent."""
    demo.title("What it cost")
    calls = Caller(demo).page(f"{demo.environment['AWS_ENDPOINT_URL']}/_sandbox/calls")["calls"]
    counts: dict[str, int] = {}
    for entry in calls:
        name = f"{entry['service']}:{entry['operation']}"
        counts[name] = counts.get(name, 0) + 1
    for name, count in sorted(counts.items()):
        print(f"    {count:4} {name}")
    demo.note("AWS calls", **counts)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m oracleapi_sandbox.demo", description=__doc__)
    parser.add_argument("--dir", type=Path, default=Path(".sandbox/demo"), help="state folder")
    parser.add_argument("--operator-python", type=Path, required=True, help="Python that has the operator installed")
    parser.add_argument("--keep", action="store_true", help="leave everything running")
    arguments = parser.parse_args()
    stack = Stack(arguments.dir, Progress())
    stack.down()
    _wipe(arguments.dir)
    held = False
    try:
        stack.up(PARTS, ClusterChoice(BUILD, KubernetesVersion.parse(DEFAULT_KUBERNETES)))
        demo = Demo(stack, arguments.operator_python)
        held = _tell(demo)
    finally:
        if not arguments.keep:
            stack.down()
    if arguments.keep:
        program = os.path.relpath(Path(sys.executable).parent / "oracleapi-sandbox")
        print(f"\nEverything runs on: {program} --dir {arguments.dir} status|env|kubectl …|down")
    sys.exit(0 if held else 1)


def _tell(demo: Demo) -> bool:
    error = ""
    try:
        prepare(demo)
        endpoint = publish(demo)
        call(demo, endpoint)
        drift(demo, endpoint)
        spent(demo)
    except (StepError, PartError, ScriptError) as failure:
        error = str(failure)
        print(f"\n✗ {error}")
    report = {"held": not error, "error": error, "steps": demo.seen}
    (demo.stack.state / "demo.json").write_text(json.dumps(report, indent=2) + "\n")
    print(
        f"\n{'Every step held.' if not error else 'A step did not hold.'} Written to {demo.stack.state / 'demo.json'}"
    )
    return not error


def _wipe(folder: Path) -> None:
    """Begin from nothing: a demo tells the same story every time."""
    if folder.exists():
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
