"""A database account out of AWS Secrets Manager: it works, a changed password is followed, and it shows nowhere."""

import json
import pathlib
from collections.abc import Iterator

import pytest

from support.lab import Lab
from support.leaks import places

SECRET = "oracleapi/hr-db"
NEXT = "canary-Next-Passw0rd"


@pytest.fixture
def secret(lab: Lab, tmp_path: pathlib.Path) -> Iterator[str]:
    """The account of hr-db in Secrets Manager; afterwards it comes from the cluster's Secret again."""
    manager = lab.aws("secretsmanager")
    manager.create_secret(Name=SECRET, SecretString=account(lab.operator_password))
    yield SECRET
    change_password(lab, tmp_path, lab.operator_password)
    credentials = {"secretRef": {"name": "hr-db-operator"}, "secretsManager": None}
    lab.kubectl("patch", "odb", "hr-db", "--type=merge", "-p", json.dumps({"spec": {"credentials": credentials}}))
    lab.wait_ready("odb", "hr-db")
    manager.delete_secret(SecretId=SECRET, ForceDeleteWithoutRecovery=True)


def change_password(lab: Lab, folder: pathlib.Path, password: str) -> None:
    """Change the password as a DBA does."""
    script = folder / "password.sql"
    script.write_text('alter user oracleapi_operator identified by "&password";\n')
    lab.sandbox("sql", str(script), "--define", f"password={password}")


def account(password: str) -> str:
    return json.dumps({"engine": "oracle", "username": "ORACLEAPI_OPERATOR", "password": password})


def test_an_account_out_of_secrets_manager_and_its_next_password(lab: Lab, secret: str, tmp_path: pathlib.Path) -> None:
    credentials = {"secretRef": None, "secretsManager": {"accountRef": {"name": "main"}, "secretId": secret}}
    lab.kubectl("patch", "odb", "hr-db", "--type=merge", "-p", json.dumps({"spec": {"credentials": credentials}}))
    lab.wait_ready("odb", "hr-db")
    assert lab.condition("odb", "hr-db", None, "Connected")["status"] == "True"
    change_password(lab, tmp_path, NEXT)
    lab.aws("secretsmanager").put_secret_value(SecretId=secret, SecretString=account(NEXT))
    page = f"{lab.environment['SANDBOX_ORACLE_ADMIN']}/_sandbox/kill-sessions"
    lab.http.put(page, json={"user": "ORACLEAPI_OPERATOR", "where": "listener"}).raise_for_status()
    lab.reconcile("odb", "hr-db")
    lab.wait_ready("odb", "hr-db")
    leaks = [place for place, text in places(lab) if NEXT in text]
    assert leaks == []
