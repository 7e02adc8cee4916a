"""A lab in which accounts are rotated, and three who must not notice: a caller, a client that logs in, and pods."""

import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import oracledb

from oracleapi.adapters.oracle.accounts import READABLE
from support.guarded_api import run
from support.lab import Lab, wait_for
from support.rollouts import Kubelet, Started, let_in

ACCOUNT, TWIN, PROFILE = "HR_APP", "HR_APP_CLONE", "HR_APP_ROTATED"
RIGHTS = (
    "ALTER USER", "CREATE USER", "GRANT ANY PRIVILEGE", "GRANT ANY ROLE", "GRANT ANY OBJECT PRIVILEGE",
    "CREATE ANY SYNONYM", "DROP ANY SYNONYM",
)  # fmt: skip
"""What DualUser needs, docs/rotation.md."""
DELEGATED = ("HR_APP*", "ORACLEAPI_*", "ORDS_PUBLIC_USER")
ENVIRONMENT = [
    {"name": name, "valueFrom": {"secretKeyRef": {"name": "hr-app-db", "key": name.lower()}}}
    for name in ("USERNAME", "PASSWORD")
]


class Rotating:
    """One ``SecretRotation`` and the secret behind it."""

    def __init__(self, lab: Lab, secret: str, first: str) -> None:
        self.lab, self.secret, self.first = lab, secret, first
        self.manager = lab.aws("secretsmanager")

    def apply(self, name: str = "hr-app", account: str = ACCOUNT, **fields: Any) -> None:
        spec = {
            "databaseRef": {"name": "hr-db"},
            "account": account,
            "schedule": {"everyDays": 30},
            "secret": {"accountRef": {"name": "main"}, "name": self.secret},
        }
        self.lab.apply(
            {
                "apiVersion": "oracleapi.dev/v1alpha1",
                "kind": "SecretRotation",
                "metadata": {"name": name, "namespace": "hr"},
                "spec": spec | fields,
            }
        )

    def current(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.manager.get_secret_value(SecretId=self.secret)["SecretString"])
        return found

    def status(self, name: str = "hr-app") -> dict[str, Any]:
        found: dict[str, Any] = self.lab.get("srot", name, "hr").get("status", {})
        return found

    def ask(self, name: str = "hr-app") -> str:
        """Ask for a rotation; returns the request."""
        request = secrets.token_hex(4)
        self.lab.kubectl(
            "-n", "hr", "annotate", f"srot/{name}", "--overwrite", f"oracleapi.dev/rotate-requested-at={request}"
        )
        return request

    def rotate(self, name: str = "hr-app") -> dict[str, Any]:
        """Ask for a rotation and return its entry in the history once it is over."""
        request = self.ask(name)

        def over() -> dict[str, Any] | None:
            found = self.status(name)
            done = found.get("lastHandledRotateAt") == request and "rotation" not in found
            return found["history"][0] if done else None

        found: dict[str, Any] = wait_for(f"rotation {request} of {name} to be over", over)
        return found


def log_in(lab: Lab, username: str, password: str) -> str:
    """Log in and return who the database says one is."""
    with oracledb.connect(user=username, password=password, dsn=lab.environment["ORACLE_DSN"]) as connection:
        ((found,),) = connection.cursor().execute("select user from dual")
    return str(found)


class Reader:
    """Reads the current version and logs in with it, again and again; ``failures`` is what went wrong."""

    def __init__(self, rotating: Rotating) -> None:
        self._rotating, self._stop = rotating, threading.Event()
        self.failures: list[str] = []
        self.users: list[str] = []
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Reader":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(60)

    def _run(self) -> None:
        while not self._stop.wait(0.02):
            found = self._rotating.current()
            try:
                self.users.append(log_in(self._rotating.lab, found["username"], found["password"]))
            except oracledb.Error as error:
                self.failures.append(f"{found['username']}: {error}")


class Pods:
    """What containers do that read their Secret at the start: log in, and end where that fails."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self.failures: list[str] = []
        self.seen: list[str] = []

    def start(self, started: Started) -> bool:
        try:
            log_in(self._lab, started.environment["USERNAME"], started.environment["PASSWORD"])
        except oracledb.Error as error:
            self.failures.append(f"{started.pod}: {error}")
            return False
        self.seen.append(started.environment["PASSWORD"])
        return True


def deployment(name: str = "app") -> dict[str, Any]:
    """Return a Deployment of one pod that reads Secret hr-app-db."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "hr"},
        "spec": {
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": "app", "image": "app:1", "env": ENVIRONMENT}]},
            },
        },
    }


class OrdsPods(Pods):
    """Pods of ORDS: each begins ORDS again with the password of its Secret, unless it is *careless*."""

    careless = False

    def start(self, started: Started) -> bool:
        if not self.careless:
            begin_ords(self._lab, started.environment["PASSWORD"])
        self.seen.append(started.environment["PASSWORD"])
        return True


def begin_ords(lab: Lab, password: str) -> None:
    """Give ORDS its password and start it again."""
    page = f"{lab.environment['SANDBOX_ORACLE_ADMIN']}/_sandbox/restart-ords"
    lab.http.put(page, json={"password": password}).raise_for_status()


@contextmanager
def running_pods(lab: Lab, pods: Pods) -> Iterator[Pods]:
    """Run a Deployment as a kubelet would."""
    with Kubelet(lab, "hr", pods.start):
        lab.apply(deployment())
        yield pods
        lab.kubectl("-n", "hr", "delete", "deployment", "app", "--cascade=foreground", "--timeout=60s")


@contextmanager
def rotating_lab(lab: Lab) -> Iterator[Rotating]:
    """Delegate accounts and secrets, make the account with a profile of its own, and let the operator into hr."""
    first = f"First-{secrets.token_hex(8)}"
    found = Rotating(lab, f"oracleapi/hr/{secrets.token_hex(6)}", first)
    run(
        lab,
        f"create profile {PROFILE} limit password_rollover_time 1",
        f'create user {ACCOUNT} identified by "{first}" profile {PROFILE}',
        f"grant create session to {ACCOUNT}",
        *(f"grant select on {right.removeprefix('SELECT on ').lower()} to oracleapi_operator" for right in READABLE),
    )
    let_in(lab, "hr")
    before = {kind: lab.get(kind, name)["spec"] for kind, name in (("odb", "hr-db"), ("awsacct", "main"))}
    patch(
        lab,
        "odb",
        "hr-db",
        [{**each, "accounts": list(DELEGATED)} for each in before["odb"]["delegations"]],
    )
    patch(lab, "awsacct", "main", [{"namespaces": {"names": ["hr"]}, "secretPrefixes": ["oracleapi/hr/"]}])
    account = json.dumps({"username": ACCOUNT, "password": first})
    found.manager.create_secret(Name=found.secret, SecretString=account)
    try:
        yield found
    finally:
        lab.kubectl("-n", "hr", "delete", "srot", "--all", "--timeout=90s")
        lab.kubectl("-n", "hr", "delete", "secret", "hr-app-db", "--ignore-not-found")  # it outlives its owner
        patch(lab, "odb", "hr-db", before["odb"]["delegations"])
        patch(lab, "awsacct", "main", before["awsacct"].get("delegations"))
        found.manager.delete_secret(SecretId=found.secret, ForceDeleteWithoutRecovery=True)
        drop(lab, ACCOUNT, TWIN)
        run(lab, f"drop profile {PROFILE} cascade")


def drop(lab: Lab, *accounts: str) -> None:
    """Drop accounts that are there, their sessions first."""
    for name in accounts:
        page = f"{lab.environment['SANDBOX_ORACLE_ADMIN']}/_sandbox/kill-sessions"
        lab.http.put(page, json={"user": name, "where": "listener"}).raise_for_status()
        if lab.sql("select 1 from sys.dba_users where username = :name", name=name):
            run(lab, f"drop user {name} cascade")


def patch(lab: Lab, kind: str, name: str, delegations: Any) -> None:
    lab.kubectl("patch", kind, name, "--type=merge", "-p", json.dumps({"spec": {"delegations": delegations}}))
