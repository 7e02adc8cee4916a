"""A database account out of AWS Secrets Manager: it works, a changed password is followed, and it shows nowhere."""

import json
import pathlib
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from support.lab import Lab, wait_for
from support.leaks import places

NEXT = "canary-Next-Passw0rd"


@pytest.fixture
def secret(switches: Lab, tmp_path: pathlib.Path) -> Iterator[str]:
    """The name of a secret that hr-db is led to; afterwards its account comes from the cluster's Secret again."""
    lab, name = switches, f"oracleapi/{uuid.uuid4().hex}"
    yield name
    lab.set_aws(secret_lag_ms=0)
    change_password(lab, tmp_path, lab.operator_password)
    lead(lab, {"secretRef": {"name": "hr-db-operator"}, "secretsManager": None})
    lab.wait_ready("odb", "hr-db")
    lab.aws("secretsmanager").delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)


def lead(lab: Lab, credentials: dict[str, Any]) -> None:
    lab.kubectl("patch", "odb", "hr-db", "--type=merge", "-p", json.dumps({"spec": {"credentials": credentials}}))


def lead_to(lab: Lab, secret: str) -> None:
    lead(lab, {"secretRef": None, "secretsManager": {"accountRef": {"name": "main"}, "secretId": secret}})


def change_password(lab: Lab, folder: pathlib.Path, password: str) -> None:
    """Change the password as a DBA does, and end the sessions that were opened with the old one."""
    script = folder / "password.sql"
    script.write_text('alter user oracleapi_operator identified by "&password";\n')
    lab.sandbox("sql", str(script), "--define", f"password={password}")
    page = f"{lab.environment['SANDBOX_ORACLE_ADMIN']}/_sandbox/kill-sessions"
    lab.http.put(page, json={"user": "ORACLEAPI_OPERATOR", "where": "listener"}).raise_for_status()


def account(password: str) -> str:
    return json.dumps({"engine": "oracle", "username": "ORACLEAPI_OPERATOR", "password": password})


def reads(lab: Lab, since: int = 0) -> int:
    return sum(call["operation"] == "GetSecretValue" for call in lab.aws_calls(since))


def test_an_account_out_of_secrets_manager_and_its_next_password(
    lab: Lab, api: dict[str, Any], secret: str, tmp_path: pathlib.Path
) -> None:
    manager = lab.aws("secretsmanager")
    manager.create_secret(Name=secret, SecretString=account(lab.operator_password))
    lead_to(lab, secret)
    lab.wait_ready("odb", "hr-db")
    assert lab.condition("odb", "hr-db", None, "Connected")["status"] == "True"
    before = lab.aws_calls()[-1]["seq"]
    for _ in range(3):
        lab.reconcile("oapi", "hr", "hr")
    assert reads(lab, before) == 0, "a pass of an API costs no read"
    change_password(lab, tmp_path, NEXT)
    manager.put_secret_value(SecretId=secret, SecretString=account(NEXT))
    lab.reconcile("oapi", "hr", "hr")
    lab.wait_ready("oapi", "hr", "hr")
    assert reads(lab, before) == 1, "one read for the version that was refused"
    lab.reconcile("odb", "hr-db")
    lab.wait_ready("odb", "hr-db")
    shown = dict(places(lab))
    assert any(secret in text for text in shown.values()), "the search sees where the account comes from"
    found = [place for place, text in shown.items() if NEXT in text or lab.operator_password in text]
    assert found == []


def said(lab: Lab, secret: str, reason: str, cure: str) -> None:
    """Ask for a pass and wait until ``Ready`` says *reason* and *cure*, of the field and the secret."""
    lab.nudge("odb", "hr-db")

    def told() -> bool:
        found = lab.condition("odb", "hr-db")
        return found.get("reason") == reason and cure in found["message"]

    wait_for(f"{reason}: … {cure}", told)
    message = lab.condition("odb", "hr-db")["message"]
    assert message.startswith("spec.credentials.secretsManager.secretId: "), message
    assert secret in message


def test_what_is_wrong_with_a_secret_is_said_with_its_cure(lab: Lab, secret: str) -> None:
    """Under the policy of docs/iam-policy.json, with whatever AWS says to a name that is not there."""
    manager = lab.aws("secretsmanager")
    lead_to(lab, secret)
    said(lab, secret, "AwsAccessDenied", "or create it")
    lab.set_aws(missing_secret_is_denied=False)
    said(lab, secret, "CredentialsMissing", "create it")
    manager.create_secret(Name=secret, SecretBinary=NEXT.encode())
    said(lab, secret, "CredentialsMissing", "SecretBinary")
    manager.put_secret_value(SecretId=secret, SecretString=NEXT)
    said(lab, secret, "CredentialsMissing", "no JSON object")
    manager.put_secret_value(SecretId=secret, SecretString=json.dumps({"username": NEXT}))
    said(lab, secret, "CredentialsMissing", "the key password")
    manager.delete_secret(SecretId=secret)
    said(lab, secret, "CredentialsMissing", "restore it")
    manager.restore_secret(SecretId=secret)
    key = lab.aws("kms").create_key()["KeyMetadata"]["Arn"]
    manager.update_secret(SecretId=secret, KmsKeyId=key)
    manager.put_secret_value(SecretId=secret, SecretString=account(lab.operator_password))
    said(lab, secret, "AwsAccessDenied", "grant kms:Decrypt")
    broken = {"secret_id": secret, "status": 400, "code": "DecryptionFailure"}
    faults = f"{lab.environment['AWS_ENDPOINT_URL']}/_sandbox/faults"
    manager.update_secret(SecretId=secret, KmsKeyId="alias/aws/secretsmanager")
    manager.put_secret_value(SecretId=secret, SecretString=account(lab.operator_password))
    lab.http.put(faults, json=[{"operation": "secretsmanager:GetSecretValue", **broken}]).raise_for_status()
    said(lab, secret, "AwsAccessDenied", "enable the key")
    lab.http.delete(faults).raise_for_status()
    lab.nudge("odb", "hr-db")
    lab.wait_ready("odb", "hr-db")
    assert [place for place, text in places(lab) if NEXT in text or lab.operator_password in text] == []


def test_a_password_that_secrets_manager_shows_late(lab: Lab, secret: str, tmp_path: pathlib.Path) -> None:
    """Every operation is eventually consistent: until the new version shows, no login is tried again and again."""
    manager = lab.aws("secretsmanager")
    manager.create_secret(Name=secret, SecretString=account(lab.operator_password))
    lead_to(lab, secret)
    lab.wait_ready("odb", "hr-db")
    lab.sandbox("clock", "advance", "60")  # or the secret itself would not be seen yet
    lab.set_aws(secret_lag_ms=60_000)
    before = lab.aws_calls()[-1]["seq"]
    change_password(lab, tmp_path, NEXT)
    manager.put_secret_value(SecretId=secret, SecretString=account(NEXT))
    lab.nudge("odb", "hr-db")
    lab.wait_reason("odb", "hr-db", "LoginDenied")
    assert reads(lab, before) <= 2
    lab.sandbox("clock", "advance", "60")
    lab.nudge("odb", "hr-db")
    lab.wait_ready("odb", "hr-db")
