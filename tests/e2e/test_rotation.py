"""Rotations through the whole sandbox: nobody notices, nothing is half done, and no password shows."""

import json
import os
from collections.abc import Iterator
from typing import Any

import oracledb
import pytest

from support.guarded_api import run
from support.lab import NAMESPACE, Lab, wait_for
from support.leaks import places
from support.load import Caller, Load
from support.rotation_lab import (
    ACCOUNT,
    PROFILE,
    RIGHTS,
    TWIN,
    OrdsPods,
    Pods,
    Reader,
    Rotating,
    begin_ords,
    log_in,
    rotating_lab,
    running_pods,
)

TURNS = int(os.environ.get("ORACLEAPI_ROTATIONS", "3"))
"""How often each strategy rotates; 20 for the figures of docs/rotation.md."""
KUBERNETES = {"kubernetesSecret": {"name": "hr-app-db"}}
APP = [{"kind": "Deployment", "name": "app"}]


@pytest.fixture
def rotating(lab: Lab) -> Iterator[Rotating]:
    with rotating_lab(lab) as found:
        yield found


@pytest.fixture
def may_grant(lab: Lab, rotating: Rotating) -> None:
    """Give the operator what DualUser needs."""
    run(lab, f"grant {', '.join(RIGHTS)} to oracleapi_operator")


def caller(lab: Lab, url: str) -> Caller:
    token = lab.token()
    return Caller("reader", lambda: lab.call("GET", url, token), lambda a: "200" if a.status_code == 200 else None)


def secret(rotating: Rotating, **more: Any) -> dict[str, Any]:
    return {"accountRef": {"name": "main"}, "name": rotating.secret, **more}


@pytest.mark.usefixtures("may_grant")
@pytest.mark.parametrize("strategy", ["Rollover", "DualUser"])
def test_nobody_notices(lab: Lab, api: dict[str, Any], rotating: Rotating, strategy: str) -> None:
    rotating.apply(strategy=strategy, secret=secret(rotating, **KUBERNETES), consumers=APP)
    lab.wait_ready("srot", "hr-app", "hr")
    url = f"{api['status']['endpoint']}/hr/v1/employees"
    with running_pods(lab, Pods(lab)) as pods:
        wait_for("the first pod to run", lambda: pods.seen)
        with Load([caller(lab, url)], 50) as load, Reader(rotating) as reader:
            for _ in range(TURNS):
                before = rotating.current()
                assert rotating.rotate()["result"] == "Succeeded"
                after = rotating.current()
                assert after["password"] != before["password"]
                assert after["username"] == (ACCOUNT if strategy == "Rollover" else other(before["username"]))
            load.pass_by(("reader", "200"))
    assert (load.wrong, reader.failures, pods.failures) == ([], [], [])
    assert pods.seen[-1] == after["password"]
    assert len(set(pods.seen)) == TURNS + 1
    assert len(reader.users) > TURNS
    lab.wait_ready("srot", "hr-app", "hr")
    if strategy == "Rollover":
        with pytest.raises(oracledb.DatabaseError, match="ORA-01017"):
            log_in(lab, before["username"], before["password"])  # consumers moved: the old one ended


def other(account: str) -> str:
    return TWIN if account == ACCOUNT else ACCOUNT


def test_the_operators_own_account_rotates_while_it_works(lab: Lab, api: dict[str, Any], rotating: Rotating) -> None:
    before = refusals(lab)
    account = json.dumps({"username": "ORACLEAPI_OPERATOR", "password": lab.operator_password})
    rotating.manager.put_secret_value(SecretId=rotating.secret, SecretString=account)
    run(lab, f"alter user oracleapi_operator profile {PROFILE}")
    lead(lab, {"secretRef": None, "secretsManager": {"accountRef": {"name": "main"}, "secretId": rotating.secret}})
    try:
        rotating.apply("operator", "ORACLEAPI_OPERATOR")
        lab.wait_ready("srot", "operator", "hr")
        for _ in range(2):
            assert rotating.rotate("operator")["result"] == "Succeeded"
            lab.operator_password = rotating.current()["password"]
            page = f"{lab.environment['SANDBOX_ORACLE_ADMIN']}/_sandbox/kill-sessions"
            lab.http.put(page, json={"user": "ORACLEAPI_OPERATOR", "where": "listener"}).raise_for_status()
            lab.reconcile("oapi", "hr", "hr")
            assert lab.condition("oapi", "hr", "hr")["status"] == "True"
        assert refusals(lab) == before
    finally:
        lab.kubectl("-n", "hr", "delete", "srot", "--all", "--timeout=90s")
        lab.kubectl(
            "-n", NAMESPACE, "patch", "secret", "hr-db-operator", "--type=merge", "-p",
            json.dumps({"stringData": {"password": lab.operator_password}}),
        )  # fmt: skip
        lead(lab, {"secretRef": {"name": "hr-db-operator"}, "secretsManager": None})
        lab.wait_ready("odb", "hr-db")


def test_the_account_of_ords_rotates_while_callers_come(lab: Lab, api: dict[str, Any], rotating: Rotating) -> None:
    run(lab, f'alter user ords_public_user identified by "{rotating.first}"')
    run(lab, f"alter user ords_public_user profile {PROFILE}")  # with the password at once a rollover would begin
    begin_ords(lab, rotating.first)
    account = json.dumps({"username": "ORDS_PUBLIC_USER", "password": rotating.first})
    rotating.manager.put_secret_value(SecretId=rotating.secret, SecretString=account)
    rotating.apply(
        "ords", "ORDS_PUBLIC_USER", secret=secret(rotating, **KUBERNETES), consumers=APP, verify=["Login", "Ords"]
    )
    lab.wait_ready("srot", "ords", "hr")
    url = f"{api['status']['endpoint']}/hr/v1/employees"
    with running_pods(lab, OrdsPods(lab)) as pods:
        wait_for("ORDS to run", lambda: pods.seen)
        with Load([caller(lab, url)], 50) as load:
            for _ in range(2):
                assert rotating.rotate("ords")["result"] == "Succeeded"
                assert pods.seen[-1] == rotating.current()["password"]
                page = f"{lab.environment['SANDBOX_ORACLE_ADMIN']}/_sandbox/kill-sessions"
                lab.http.put(page, json={"user": "ORDS_PUBLIC_USER", "where": "pool"}).raise_for_status()
            load.pass_by(("reader", "200"))
        assert load.wrong == []
        pods.careless = True
        begin_ords(lab, "of-somebody-else")
        request = rotating.ask("ords")
        lab.wait_reason("srot", "ords", "WaitingForConsumers", "hr")

        def told() -> bool:
            return "ORDS answers 503" in lab.condition("srot", "ords", "hr")["message"]

        wait_for("ORDS to be found without a session", told)
        begin_ords(lab, rotating.current()["password"])
        wait_for("the rotation to be over", lambda: over(rotating, request, "ords"))


def refusals(lab: Lab) -> int:
    """Return how often events told of a refused log-on so far."""
    told = lab.events("hr", "hr") + lab.events("hr-db", "default")
    return sum(reason == "LoginDenied" for reason, _ in told)


def lead(lab: Lab, credentials: dict[str, Any]) -> None:
    lab.kubectl("patch", "odb", "hr-db", "--type=merge", "-p", json.dumps({"spec": {"credentials": credentials}}))


def test_an_account_gets_a_profile_of_its_own_before_its_first_rotation(lab: Lab, rotating: Rotating) -> None:
    """Where the platform asks for that; a right that is lacking is told first, and then nothing was begun."""
    run(lab, f"alter user {ACCOUNT} profile default")
    ask_for_profiles(lab, {"hours": 2})
    try:
        rotating.apply()
        assert "ORACLEAPI_DEFAULT with 2 hours" in lab.wait_ready("srot", "hr-app", "hr")["status"]["strategyDetail"]
        rotating.ask()
        said = lab.wait_reason("srot", "hr-app", "PrivilegesMissing", "hr")["message"]
        assert "lacks CREATE PROFILE, which OracleDatabase.spec.passwordRollover needs" in said
        assert rotating.current()["password"] == rotating.first
        run(lab, "grant create profile, alter profile, alter user to oracleapi_operator")
        assert rotating.rotate()["strategy"] == "Rollover"
        for password in (rotating.first, rotating.current()["password"]):
            assert log_in(lab, ACCOUNT, password) == ACCOUNT
        shown = lab.sql(
            "select u.profile, p.limit, d.limit from sys.dba_users u join sys.dba_profiles p on p.profile = u.profile"
            " join sys.dba_profiles d on d.profile = 'DEFAULT' and d.resource_name = p.resource_name"
            " where u.username = :name and p.resource_name = 'PASSWORD_ROLLOVER_TIME'",
            name=ACCOUNT,
        )
        ((profile, limit, default),) = shown
        assert (profile, round(float(limit), 4), default) == ("ORACLEAPI_DEFAULT", 0.0833, "0")
        assert "oldPasswordEndsTime" in rotating.status()
    finally:
        ask_for_profiles(lab, None)
        run(
            lab,
            "revoke create profile, alter profile, alter user from oracleapi_operator",
            "drop profile oracleapi_default cascade",
        )


def ask_for_profiles(lab: Lab, asked: dict[str, Any] | None) -> None:
    lab.kubectl("patch", "odb", "hr-db", "--type=merge", "-p", json.dumps({"spec": {"passwordRollover": asked}}))


def test_a_rotation_takes_few_calls_and_shows_no_password(lab: Lab, rotating: Rotating) -> None:
    rotating.apply(secret=secret(rotating, **KUBERNETES))
    lab.wait_ready("srot", "hr-app", "hr")
    used = {rotating.first}
    rotating.rotate()
    used.add(rotating.current()["password"])
    before, asked = lab.aws_calls()[-1]["seq"], lab.statements()[-1]["seq"]
    rotating.rotate()
    calls = [call["operation"] for call in lab.aws_calls(before) if call["caller"] != "root"]
    assert calls == [
        "DescribeSecret", "GetSecretValue", "PutSecretValue", "UpdateSecretVersionStage", "UpdateSecretVersionStage",
    ]  # fmt: skip
    used.add(rotating.current()["password"])
    assert len(used) == 3
    assert len(lab.statements(asked)) < 40
    shown = [(place, text) for place, text in places(lab) if "secrets hr/hr-app-db" not in place]
    assert any(rotating.secret in text for _, text in shown), "the search sees the rotation"
    assert [place for place, text in shown for password in used if password in text] == []


@pytest.mark.parametrize("moment", ["DescribeSecret", "PutSecretValue", "UpdateSecretVersionStage"])
def test_the_operator_is_killed_in_the_middle(lab: Lab, rotating: Rotating, moment: str) -> None:
    """At a call that is held up, so that the kill falls into it; the matrix of every call is in tests/transition."""
    rotating.apply()
    lab.wait_ready("srot", "hr-app", "hr")
    faults = f"{lab.environment['AWS_ENDPOINT_URL']}/_sandbox/faults"
    slow = {"operation": f"secretsmanager:{moment}", "delay_ms": 3000, "times": 1}
    lab.http.put(faults, json=[slow]).raise_for_status()
    with Reader(rotating) as reader:
        request = rotating.ask()
        wait_for("the rotation to begin", lambda: moment == "DescribeSecret" or "rotation" in rotating.status())
        lab.stop_operator(kill=True)
        wait_for("the client to go on", lambda: len(reader.users) > 5)
        lab.http.delete(faults).raise_for_status()
        lab.start_operator()
        wait_for("the rotation to be over", lambda: over(rotating, request))
    assert reader.failures == []
    assert rotating.current()["password"] != rotating.first
    log_in(lab, **{key: rotating.current()[key] for key in ("username", "password")})
    labels = rotating.manager.describe_secret(SecretId=rotating.secret)["VersionIdsToStages"].values()
    assert ["AWSPENDING"] not in labels


def over(rotating: Rotating, request: str, name: str = "hr-app") -> bool:
    found = rotating.status(name)
    return found.get("lastHandledRotateAt") == request and "rotation" not in found
