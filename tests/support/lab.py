"""A whole sandbox with the operator in it, driven as users drive it: kubectl, helm, HTTP, SQL.

Each command goes through the sandbox's command line; nothing of the sandbox is imported. ``ORACLEAPI_E2E_DIR`` keeps
the state folder where a person can look at it.
"""

import base64
import contextlib
import json
import os
import pathlib
import secrets
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import httpx
import oracledb

from support.parts import ROOT

SANDBOX = ROOT / ".venv-sandbox" / "bin" / "oracleapi-sandbox"
PYTHON = ROOT / ".venv" / "bin" / "python"
EXAMPLES = ROOT / "examples"
CHART = ROOT / "charts" / "oracle-api-operator"
NAMESPACE = RELEASE = "oracle-api-operator"
WAIT_S = 90.0
QUICK_S = 1
"""How long ORDS caches in these tests; the default, five seconds, is what ``make demo`` takes."""
RECYCLED = "BEGIN DBMS_SESSION.MODIFY_PACKAGE_STATE(DBMS_SESSION.REINITIALIZE); END;"
PLURALS = {
    "awsacct": "awsaccounts",
    "idp": "identityproviders",
    "oapi": "oracleapis",
    "odb": "oracledatabases",
    "srot": "secretrotations",
    "vpcl": "vpclinks",
}


class CommandError(AssertionError):
    """A command failed; the text is what it printed on standard error."""


class Lab:
    """The sandbox in *folder*, with the operator's chart installed and its process running."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.operator_password = secrets.token_urlsafe(12)

    # set-up

    def up(self) -> None:
        """Start everything, prepare the database, install the chart, start the operator."""
        self.sandbox("up", "--cluster", "build")
        self.environment = self._environment()
        trust = ssl.create_default_context(cafile=self.environment["SANDBOX_CA"])
        self.http = httpx.Client(verify=trust, trust_env=False, timeout=30)
        self.cluster = self._cluster()
        self.sandbox(
            "sql", str(EXAMPLES / "00-database.sql"), "--define", f"operator_password={self.operator_password}"
        )
        self.kubectl("create", "namespace", NAMESPACE)
        self.kubectl("create", "namespace", "hr")
        ca = self.environment["SANDBOX_CA"]
        self.kubectl("-n", NAMESPACE, "create", "configmap", "extra-ca", f"--from-file=ca.crt={ca}")
        for name in ("ords-ca", "oidc-ca"):
            self.kubectl("-n", NAMESPACE, "create", "secret", "generic", name, f"--from-file=ca.crt={ca}")
        self.secret("hr-db-operator", username="ORACLEAPI_OPERATOR", password=self.operator_password)
        self.operator_keys = self._operator_keys()
        self.secret("aws-main", **self.operator_keys)
        self.install()

    def install(self) -> None:
        """Install the chart and start the operator that it renders."""
        self.helm(
            "install", RELEASE, str(CHART), "-n", NAMESPACE, "--set", "allowEndpointOverride=true",
            "--set", "extraCa.configMap=extra-ca",
        )  # fmt: skip
        self.start_operator()

    def start_operator(self, replica: int = 0) -> dict[str, Any]:
        command = (str(PYTHON), "-m", "oracleapi")
        pod = ("--namespace", NAMESPACE, "--deployment", RELEASE, "--replica", str(replica))
        out = self.sandbox("start-operator", *pod, "--", *command)
        found: dict[str, Any] = json.loads(out.splitlines()[-1])
        return found

    def stop_operator(self, kill: bool = False, replica: int = 0) -> None:
        self.sandbox("stop-operator", "--replica", str(replica), *(["--kill"] if kill else []))

    def down(self) -> None:
        for client in ("http", "cluster"):
            if hasattr(self, client):
                getattr(self, client).close()
        self.sandbox("down")

    def secret(self, name: str, **values: str) -> None:
        literals = [f"--from-literal={key}={value}" for key, value in values.items()]
        self.kubectl("-n", NAMESPACE, "create", "secret", "generic", name, *literals)

    def platform(self) -> None:
        """Apply what the platform engineer offers and wait until it is Ready."""
        self.apply(self.sandbox("render", str(EXAMPLES / "10-platform.yaml")))
        self.cache_metadata(QUICK_S)
        for kind, name in (("awsacct", "main"), ("odb", "hr-db"), ("idp", "staff"), ("vpcl", "private")):
            self.wait_ready(kind, name)

    def cache_metadata(self, seconds: int) -> None:
        """Let ORDS answer from its cache for so long, and the database say so: each publication waits for that."""
        self.set_oracle(ords={"metadata_cache_seconds": float(seconds)})
        spec = {"ords": {"metadataCacheSeconds": seconds}}
        self.kubectl("patch", "odb", "hr-db", "--type=merge", "-p", json.dumps({"spec": spec}))

    # commands

    def sandbox(self, *arguments: str, stdin: str | None = None) -> str:
        done = subprocess.run(
            [str(SANDBOX), "--dir", str(self.folder), *arguments],
            input=stdin, capture_output=True, text=True, timeout=1200, check=False,
        )  # fmt: skip
        if done.returncode:
            raise CommandError(f"{' '.join(arguments[:3])}: {done.stderr.strip()[-3000:]}")
        return done.stdout

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        return self._tool("SANDBOX_KUBECTL", *arguments, stdin=stdin)

    def helm(self, *arguments: str) -> str:
        return self._tool("SANDBOX_HELM", *arguments)

    def _tool(self, name: str, *arguments: str, stdin: str | None = None) -> str:
        environment = {**os.environ, "KUBECONFIG": self.environment["KUBECONFIG"]}
        done = subprocess.run(
            [self.environment[name], *arguments],
            input=stdin, env=environment, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        if done.returncode:
            raise CommandError(f"{' '.join(arguments[:3])}: {done.stderr.strip()[-3000:]}")
        return done.stdout

    def apply(self, manifest: str | dict[str, Any]) -> str:
        text = manifest if isinstance(manifest, str) else json.dumps(manifest)
        return self.kubectl("apply", "-f", "-", stdin=text)

    # objects

    def get(self, kind: str, name: str, namespace: str | None = None) -> dict[str, Any]:
        """Return an object; asked for often, so without a process for each answer."""
        plural = PLURALS.get(kind)
        if plural is None:
            scope = ["-n", namespace] if namespace else []
            listed: dict[str, Any] = json.loads(self.kubectl(*scope, "get", kind, name, "-o", "json"))
            return listed
        middle = f"/namespaces/{namespace}" if namespace else ""
        answer = self.cluster.get(f"/apis/oracleapi.dev/v1alpha1{middle}/{plural}/{name}")
        if answer.status_code == 404:
            raise CommandError(f"{kind}/{name} does not exist")
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def condition(self, kind: str, name: str, namespace: str | None = None, type_: str = "Ready") -> dict[str, Any]:
        conditions = self.get(kind, name, namespace).get("status", {}).get("conditions", [])
        found: dict[str, Any] = next((c for c in conditions if c["type"] == type_), {})
        return found

    def wait_ready(self, kind: str, name: str, namespace: str | None = None) -> dict[str, Any]:
        """Return the object once this generation is Ready."""

        def ready() -> dict[str, Any] | None:
            found = self.get(kind, name, namespace)
            generation = found["metadata"]["generation"]
            for condition in found.get("status", {}).get("conditions", []):
                if condition["type"] == "Ready" and condition["status"] == "True":
                    return found if condition.get("observedGeneration") == generation else None
            return None

        try:
            found: dict[str, Any] = wait_for(f"{kind}/{name} to be Ready", ready)
        except AssertionError as error:
            raise AssertionError(f"{error}; it says {self.condition(kind, name, namespace)}") from None
        return found

    def wait_reason(self, kind: str, name: str, reason: str, namespace: str | None = None) -> dict[str, Any]:
        """Return Ready once its reason is *reason* for this generation."""

        def there() -> dict[str, Any] | None:
            found = self.condition(kind, name, namespace)
            return found if found.get("reason") == reason else None

        found: dict[str, Any] = wait_for(f"{kind}/{name} to say {reason}", there)
        return found

    def reconcile(self, kind: str, name: str, namespace: str | None = None) -> dict[str, Any]:
        """Ask for a pass and return the object once it was handled."""
        token = self.nudge(kind, name, namespace)

        def handled() -> dict[str, Any] | None:
            found = self.get(kind, name, namespace)
            return found if found.get("status", {}).get("lastHandledReconcileAt") == token else None

        found: dict[str, Any] = wait_for(f"{kind}/{name} to be handled", handled)
        return found

    def gone(self, kind: str, name: str, namespace: str | None = None) -> None:
        """Wait until an object is really gone."""
        scope = ["-n", namespace] if namespace else []
        asked = [*scope, "get", kind, name, "--ignore-not-found", "-o", "name"]
        wait_for(f"{kind}/{name} to go", lambda: not self.kubectl(*asked).strip())

    def nudge(self, kind: str, name: str, namespace: str | None = None) -> str:
        """Ask for a pass now; returns the request's token."""
        token = secrets.token_hex(4)
        scope = ["-n", namespace] if namespace else []
        self.kubectl(
            *scope, "annotate", f"{kind}/{name}", "--overwrite", f"oracleapi.dev/reconcile-requested-at={token}"
        )
        return token

    def events(self, name: str, namespace: str) -> list[tuple[str, str]]:
        """Return (reason, note) of the events about an object."""
        items = json.loads(self.kubectl("-n", namespace, "get", "events.events.k8s.io", "-o", "json"))["items"]
        return [(item["reason"], item["note"]) for item in items if item["regarding"]["name"] == name]

    # the other sides

    def token(self, subject: str = "alice", scope: str = "hr.read", audience: str = "hr-api", **more: Any) -> str:
        wanted = {"subject": subject, "scope": scope, "audience": audience, **more}
        answer = self.http.post(f"{self.environment['SANDBOX_OIDC_ADMIN']}/_sandbox/token", json=wanted)
        answer.raise_for_status()
        token: str = answer.json()["access_token"]
        return token

    def call(self, method: str, url: str, token: str | None = None, **arguments: Any) -> httpx.Response:
        """Send a request as a caller would; ``*.localhost`` is this machine."""
        parts = httpx.URL(url)
        headers = {"Host": parts.netloc.decode(), "Accept": "application/json", **arguments.pop("headers", {})}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        local = parts.copy_with(host="127.0.0.1") if parts.host.endswith(".localhost") else parts
        return self.http.request(method, local, headers=headers, extensions={"sni_hostname": parts.host}, **arguments)

    def aws(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.environment["AWS_ENDPOINT_URL"],
            region_name=self.environment["AWS_REGION"],
            aws_access_key_id=self.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.environment["AWS_SECRET_ACCESS_KEY"],
        )

    @contextlib.contextmanager
    def database(self) -> Iterator[oracledb.Connection]:
        """Connect as the operator's account, as a DBA with ORDS rights would."""
        with oracledb.connect(
            user="ORACLEAPI_OPERATOR", password=self.operator_password, dsn=self.environment["ORACLE_DSN"]
        ) as connection:
            yield connection

    def sql(self, statement: str, **binds: Any) -> list[tuple[Any, ...]]:
        with self.database() as connection:
            cursor = connection.cursor()
            cursor.execute(statement, binds)
            rows = cursor.fetchall() if cursor.description else []
            connection.commit()
            return rows

    def set_aws(self, **settings: Any) -> None:
        self.http.put(f"{self.environment['AWS_ENDPOINT_URL']}/_sandbox/settings", json=settings).raise_for_status()

    def set_oracle(self, **settings: Any) -> None:
        page = f"{self.environment['SANDBOX_ORACLE_ADMIN']}/_sandbox/settings"
        self.http.put(page, json=settings).raise_for_status()

    def aws_calls(self, since: int = 0) -> list[dict[str, Any]]:
        """Return the operator's AWS calls after *since*, a sequence number."""
        page = f"{self.environment['AWS_ENDPOINT_URL']}/_sandbox/calls"
        found: list[dict[str, Any]] = self.http.get(page, params={"since": since}).json()["calls"]
        return found

    def statements(self, since: int = 0) -> list[dict[str, Any]]:
        page = f"{self.environment['SANDBOX_ORACLE_ADMIN']}/_sandbox/statements"
        found: list[dict[str, Any]] = self.http.get(page, params={"since": since}).json()["statements"]
        return found

    def changes(self, since: int) -> list[str]:
        """Return what was sent to the database and is no query, nor ORDS's own care for sessions that come back."""
        sent = [found["sql"] for found in self.statements(since) if found["kind"] not in ("QUERY", "CONTROL")]
        return [sql for sql in sent if sql != RECYCLED]

    def ords_requests(self, since: int = 0) -> list[dict[str, Any]]:
        page = f"{self.environment['SANDBOX_ORACLE_ADMIN']}/_sandbox/requests"
        found: list[dict[str, Any]] = self.http.get(page, params={"since": since}).json()["requests"]
        return found

    def _operator_keys(self) -> dict[str, str]:
        """Return the keys of a principal that may do what docs/iam-policy.json allows and nothing else."""
        policy = json.loads((ROOT / "docs" / "iam-policy.json").read_text())
        page = f"{self.environment['AWS_ENDPOINT_URL']}/_sandbox/principals"
        answer = self.http.put(page, json={"operator": {"policies": [policy]}})
        answer.raise_for_status()
        made = answer.json()["principals"]["operator"]
        return {"AWS_ACCESS_KEY_ID": made["access_key_id"], "AWS_SECRET_ACCESS_KEY": made["secret_access_key"]}

    def _cluster(self) -> httpx.Client:
        """Return a client of the API server as its administrator."""
        config = json.loads(pathlib.Path(self.environment["KUBECONFIG"]).read_text())
        cluster = config["clusters"][0]["cluster"]
        pem = base64.b64decode(cluster["certificate-authority-data"]).decode()
        return httpx.Client(
            base_url=cluster["server"],
            verify=ssl.create_default_context(cadata=pem),
            headers={"Authorization": f"Bearer {config['users'][0]['user']['token']}"},
            trust_env=False,
            timeout=30,
        )

    def _environment(self) -> dict[str, str]:
        found = {}
        for line in self.sandbox("env").splitlines():
            name, _, value = line.removeprefix("export ").partition("=")
            found[name] = value.strip("'\"")
        return found


def wait_for(what: str, question: Callable[[], Any], limit_s: float = WAIT_S) -> Any:
    """Return the first true answer of *question*; fails when none came in time."""
    deadline = time.monotonic() + limit_s
    while not (answer := question()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {limit_s:.0f} s for {what}")
        time.sleep(0.2)
    return answer


@contextlib.contextmanager
def api_server(folder: pathlib.Path) -> Iterator[Lab]:
    """Run an API server with the chart in it, and nothing else: no operator, no AWS, no Oracle."""
    lab = Lab(folder)
    try:
        lab.sandbox(
            "up", "--cluster", "build", *[part for name in ("aws", "oracle", "oidc") for part in ("--without", name)]
        )
        lab.environment = lab._environment()
        lab.cluster = lab._cluster()
        lab.helm("install", RELEASE, str(CHART), "-n", NAMESPACE, "--create-namespace")
        lab.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
        yield lab
    finally:
        lab.down()


@contextlib.contextmanager
def running_lab(folder: pathlib.Path) -> Iterator[Lab]:
    """Run a lab; everything ends with it."""
    lab = Lab(pathlib.Path(os.environ.get("ORACLEAPI_E2E_DIR", folder)))
    try:
        lab.up()
        yield lab
    finally:
        lab.down()
