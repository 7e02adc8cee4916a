"""Objects as a cluster shows them, and a kubectl that answers with them."""

import json
import os
import pathlib
import subprocess
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from oracleapi.api.crd import KINDS

API_VERSION = "oracleapi.dev/v1alpha1"
CLUSTER = "https://127.0.0.1:6443"
PLURALS = {kind.name: kind.plural for kind in KINDS} | {"RoleBinding": "rolebindings"}
SCOPED = {"OracleApi", "OracleRole", "RoleBinding", "SecretRotation"}
Object = dict[str, Any]


def condition(type_: str, status: str = "True", reason: str = "Succeeded", message: str = "as it should be") -> Object:
    return {"type": type_, "status": status, "reason": reason, "message": message, "observedGeneration": 1}


def an(kind: str, name: str, spec: Object, *conditions: Object, **status: Any) -> Object:
    """Return an object; without a condition it is Ready."""
    metadata: Object = {"name": name, "uid": f"uid-{name}", "generation": 1}
    if kind in SCOPED:
        metadata["namespace"] = "hr"
    found = [*conditions] if conditions else [condition("Ready")]
    return {
        "apiVersion": API_VERSION,
        "kind": kind,
        "metadata": metadata,
        "spec": spec,
        "status": {"conditions": found, "observedGeneration": 1, **status},
    }


def account() -> Object:
    return an("AwsAccount", "main", {"accountId": "123456789012", "region": "eu-west-1"})


def link() -> Object:
    return an("VpcLink", "private", {"accountRef": {"name": "main"}}, state="AVAILABLE")


def provider(*conditions: Object, **more: Any) -> Object:
    spec = {"issuer": "https://idp.example.com", "audiences": ["hr-api"], **more}
    return an("IdentityProvider", "staff", spec, *conditions, keys=2, algorithms=["RS256"])


def database(guard: str = "Required", **ords: Any) -> Object:
    spec = {
        "environment": "prod",
        "ords": {
            "baseUrl": "https://ords.internal:8443/ords",
            "gatewayTarget": {"vpcLinkRef": {"name": "private"}},
            "guard": guard,
            **ords,
        },
        "delegations": [{"namespaces": {"names": ["hr"]}, "schemas": ["HR_API"]}],
    }
    return an("OracleDatabase", "hr-db", spec, databaseVersion="19.22.0.0.0", ordsVersion="26.3.0")


ROUTES = (
    ("list-employees", "GET", "/employees", {}),
    ("get-employee", "GET", "/employees/{id}", {}),
    ("create-employee", "POST", "/employees", {"scope": "hr.write"}),
    ("pay", "GET", "/pay", {"auth": "IAM"}),
    ("health", "GET", "/health", {"auth": "Public"}),
)


def api(
    *conditions: Object, states: dict[str, str] | None = None, faults: dict[str, Object] | None = None, **more: Any
) -> Object:
    spec = {
        "databaseRef": {"name": "hr-db"},
        "schema": "HR_API",
        "basePath": "/hr/v1",
        "auth": {"jwt": {"providerRef": {"name": "staff"}, "defaultScope": "hr.read"}},
        "routes": [{"name": name, "method": method, "path": path, **fields} for name, method, path, fields in ROUTES],
        **more,
    }
    seen = [
        {"name": name, "key": f"{method} /hr/v1{path}", "state": (states or {}).get(name, "Serving")}
        | (faults or {}).get(name, {})
        for name, method, path, _ in ROUTES
    ]
    serving = sum(found["state"] == "Serving" for found in seen)
    endpoint = "https://abc123.execute-api.eu-west-1.amazonaws.com"
    return an(
        "OracleApi", "hr", spec, *conditions, routes=seen, routesServing=f"{serving}/{len(seen)}", endpoint=endpoint
    )


def role(name: str, *conditions: Object, **status: Any) -> Object:
    spec = {"databaseRef": {"name": "hr-db"}, "grants": [{"privileges": ["SELECT"], "object": "HR.EMPLOYEES"}]}
    return an("OracleRole", name, spec, *conditions, roleName=name.upper().replace("-", "_"), granted="1/1", **status)


def binding(name: str, role_: str, subjects: dict[str, str], *conditions: Object, **more: Any) -> Object:
    status = more.pop("status", {})
    spec = {
        "apiRef": {"name": "hr"},
        "roleRef": {"name": role_},
        "subjects": [{"kind": kind, "name": subject} for subject, kind in subjects.items()],
        "routes": ["*"],
        **more,
    }
    found = conditions or (condition("Ready"), condition("Bound"), condition("Consistent"))
    return an("RoleBinding", name, spec, *found, roleName=role_.upper().replace("-", "_"), **status)


CHANGE = {
    "startedTime": "2024-11-01T03:04:00Z",
    "completedTime": "2024-11-01T03:05:30Z",
    "versionId": "v2",
    "account": "HR_APP",
    "strategy": "Rollover",
    "cause": "Schedule",
    "result": "Succeeded",
}


def rotation(*conditions: Object, **status: Any) -> Object:
    spec = {
        "databaseRef": {"name": "hr-db"},
        "account": "HR_APP",
        "schedule": {"everyDays": 30},
        "secret": {"accountRef": {"name": "main"}, "name": "hr/app"},
        "consumers": [{"kind": "Deployment", "name": "app"}],
    }
    said = {
        "activeAccount": "HR_APP",
        "strategy": "Rollover",
        "lastRotationTime": "2024-11-01T03:04:10Z",
        "nextRotationTime": "2024-12-01T03:04:10Z",
        "history": [CHANGE],
    }
    found = conditions or (condition("Ready"), condition("Fresh"), condition("Verified"))
    return an("SecretRotation", "hr-app", spec, *found, **{**said, **status})


def good_world() -> list[Object]:
    """Return a whole line: readers with tokens, a payroll role with signatures, an API that serves, a password."""
    payroll = {"arn:aws:iam::123456789012:role/finance/payroll": "IamRole"}
    return [
        account(),
        link(),
        provider(),
        database(),
        api(condition("Ready"), condition("Guarded"), condition("RolesEnforced")),
        role("hr-reader"),
        role("hr-payer"),
        binding("readers", "hr-reader", {"hr-readers": "Group", "alice": "User"}),
        binding("payroll", "hr-payer", payroll, routes=["pay"]),
        rotation(),
    ]


class FakeKubectl:
    """Answers as kubectl does, with these objects; *denied* kinds may not be listed."""

    def __init__(self, objects: Iterable[Object], denied: Iterable[str] = (), events: Iterable[Object] = ()) -> None:
        self.objects, self.denied, self.events = list(objects), set(denied), list(events)
        self.calls: list[list[str]] = []
        self.failure: str | None = None

    def __call__(self, command: list[str], **_: Any) -> "subprocess.CompletedProcess[str]":
        self.calls.append(command[1:])
        if self.failure is not None:
            return subprocess.CompletedProcess(command, 1, "", self.failure)
        return self._answer(command[1:])

    def _answer(self, arguments: list[str]) -> "subprocess.CompletedProcess[str]":
        what = arguments[:2]
        if what[0] == "api-resources":
            return self._said("\n".join(f"{plural}.oracleapi.dev" for plural in sorted(PLURALS.values())))
        if what == ["config", "view"]:
            return self._said(CLUSTER if "server" in arguments[-1] else "hr")
        if what == ["get", "events.events.k8s.io"]:
            return self._said(json.dumps({"items": self.events}))
        asked = what[1].split(",")
        denied = [name for name in asked if name.split(".")[0] in self.denied]
        kinds = {kind for kind, plural in PLURALS.items() if f"{plural}.oracleapi.dev" in {*asked} - {*denied}}
        errors = "".join(
            f'Error from server (Forbidden): {name} is forbidden: User "eve" cannot list resource'
            f' "{name.split(".")[0]}" in API group "oracleapi.dev" at the cluster scope\n'
            for name in denied
        )
        items = [found for found in self.objects if found["kind"] in kinds and self._in_scope(found, arguments)]
        return subprocess.CompletedProcess([], 1 if denied else 0, json.dumps({"kind": "List", "items": items}), errors)

    @staticmethod
    def _in_scope(found: Object, arguments: list[str]) -> bool:
        namespace = found["metadata"].get("namespace")
        return namespace is None or "--all-namespaces" in arguments or f"--namespace={namespace}" in arguments

    @staticmethod
    def _said(text: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.CompletedProcess([], 0, text, "")


Run = Callable[..., tuple[int, str, str]]


def runner(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return what runs a command against objects and gives (exit code, output, errors)."""
    from oracleapi.cli import main

    def run(kubectl: FakeKubectl | list[Object], *arguments: str, columns: int = 100) -> tuple[int, str, str]:
        answers = kubectl if isinstance(kubectl, FakeKubectl) else FakeKubectl(kubectl)
        monkeypatch.setattr("oracleapi.cli.cluster.subprocess.run", answers)
        monkeypatch.setenv("KUBECTL", "/bin/kubectl")
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setattr("sys.argv", ["kubectl-oracleapi", *arguments])
        code = 0
        try:
            main.main()
        except SystemExit as ended:
            code = int(ended.code or 0)
        out = capsys.readouterr()
        return code, out.out, out.err

    return run


def check_golden(path: pathlib.Path, text: str) -> None:
    """Compare a screen with the one that somebody looked at; ``UPDATE_GOLDEN=1`` writes it anew."""
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text)
    assert text == path.read_text(), f"{path.name} differs; look at it, then UPDATE_GOLDEN=1"
