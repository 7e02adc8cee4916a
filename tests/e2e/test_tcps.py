"""The operator's way to the database over TLS, and what its object says of a wrong name and of a missing wallet.

The operator here believes the sandbox's root by its extra bundle; a root that it does not believe is in
tests/contract/oracle/test_trust.py.
"""

import json
import pathlib
from collections.abc import Iterator
from typing import Any

import pytest

from support.lab import NAMESPACE, Lab, wait_for


@pytest.fixture
def wallet(lab: Lab) -> Iterator[None]:
    """Secrets with the database's CA and with no certificate; the connection is put back afterwards."""
    before = lab.get("odb", "hr-db")["spec"]["connection"]
    right = pathlib.Path(lab.environment["SANDBOX_CA"])
    lab.kubectl("-n", NAMESPACE, "create", "secret", "generic", "hr-wallet", f"--from-file=ewallet.pem={right}")
    lab.secret("no-wallet", **{"ewallet.pem": "nothing of the kind"})
    yield
    connect(lab, {**dict.fromkeys(("serverDn", "walletSecretRef")), **before})
    lab.wait_ready("odb", "hr-db")
    lab.kubectl("-n", NAMESPACE, "delete", "secret", "hr-wallet", "no-wallet")


def connect(lab: Lab, connection: dict[str, Any]) -> None:
    patch = json.dumps({"spec": {"connection": connection}})
    lab.kubectl("patch", "odb", "hr-db", "--type=merge", "-p", patch)


def test_a_database_over_tls(lab: Lab, wallet: None) -> None:
    secure = {"port": int(lab.environment["ORACLE_TCPS_PORT"]), "protocol": "TCPS"}
    secure |= {"host": "localhost", "serverDn": lab.environment["ORACLE_SERVER_DN"]}
    connect(lab, {**secure, "walletSecretRef": {"name": "hr-wallet"}})
    lab.wait_ready("odb", "hr-db")
    connect(lab, {"serverDn": "CN=somebody-else"})
    told = lab.wait_reason("odb", "hr-db", "DatabaseUnreachable")["message"]
    assert "spec.connection.serverDn" in told
    connect(lab, {"serverDn": secure["serverDn"], "walletSecretRef": {"name": "no-wallet"}})
    assert "PEM" in lab.wait_reason("odb", "hr-db", "CredentialsMissing")["message"]
    connect(lab, {"walletSecretRef": {"name": "nowhere"}})
    missing = "Secret nowhere does not exist"
    wait_for("the missing Secret to be told", lambda: missing in lab.condition("odb", "hr-db")["message"])
