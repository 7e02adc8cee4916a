"""A team that may write OracleApis in its own namespace and nothing else: what it tries, and what it is told."""

import json
from typing import Any

from support.lab import CommandError, Lab

ROLE = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "Role",
    "metadata": {"name": "api-team"},
    "rules": [
        {
            "apiGroups": ["oracleapi.dev"],
            "resources": ["oracleapis"],
            "verbs": ["get", "list", "watch", "create", "update", "patch", "delete"],
        }
    ],
}


class Tenant:
    """ServiceAccount ``team`` of *namespace*; every command runs with its token."""

    def __init__(self, lab: Lab, namespace: str) -> None:
        self._lab, self.namespace = lab, namespace
        lab.kubectl("create", "namespace", namespace)
        scope = ("-n", namespace)
        lab.kubectl(*scope, "create", "serviceaccount", "team")
        lab.kubectl(*scope, "apply", "-f", "-", stdin=json.dumps(ROLE))
        subject = f"--serviceaccount={namespace}:team"
        lab.kubectl(*scope, "create", "rolebinding", "api-team", "--role=api-team", subject)
        self._token = lab.kubectl(*scope, "create", "token", "team", "--duration=2h").strip()

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """Run a command as the team; what it prints.

        Raises:
            CommandError: It was refused.
        """
        return self._lab.kubectl(f"--token={self._token}", *arguments, stdin=stdin)

    def refused(self, *arguments: str, stdin: str | None = None) -> str:
        """Run a command that must be refused; what it was told."""
        try:
            out = self.kubectl(*arguments, stdin=stdin)
        except CommandError as error:
            return str(error)
        raise AssertionError(f"{' '.join(arguments)} was accepted: {out}")

    def apply(self, manifest: dict[str, Any]) -> str:
        return self.kubectl("apply", "-f", "-", stdin=json.dumps(manifest))

    def told(self, name: str, reason: str) -> str:
        """Return what Ready says once its reason is *reason*."""
        return str(self._lab.wait_reason("oapi", name, reason, self.namespace)["message"])
