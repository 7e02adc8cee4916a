"""Callers × routes over real HTTP: whoever comes, on whatever route, meets what ``explain`` says, gate and code."""

import json
import pathlib
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from oracleapi.cli.callers import read_token
from oracleapi.cli.lines import build_line
from oracleapi.cli.objects import Snapshot
from oracleapi.desired.callers import caller_of
from oracleapi.desired.line import walk
from oracleapi.model.line import Caller, Line, LineRoute, Nobody, Subject
from support.guarded_api import CLERK, PAYROLL, binding, database_time, guarded_lab
from support.lab import Lab, wait_for
from support.parts import ROOT

ROUNDS = 7
ACCOUNT = "123456789012"
SCOPES = "hr.read hr.write hr.admin"
SALARY = {"source": "select id, amount from hr.salary"}
COUNT = {"source": "declare n number; begin select count(*) into n from hr.salary; :status_code := 200; end;"}
OPEN = {"source": "select 1 ok from dual"}
ROUTES: tuple[dict[str, Any], ...] = (
    {"name": "salary", "method": "GET", "path": "/salary", "scope": "hr.read", "handler": SALARY},
    {"name": "one-salary", "method": "GET", "path": "/salary/{id}", "scope": "hr.read", "handler": SALARY},
    {"name": "admin", "method": "GET", "path": "/admin", "scope": "hr.admin", "handler": SALARY},
    {"name": "pay", "method": "POST", "path": "/salary", "scope": "hr.write", "handler": COUNT},
    {"name": "health", "method": "GET", "path": "/health", "auth": "Public", "handler": OPEN},
    {"name": "news", "method": "GET", "path": "/news/{id}", "auth": "Public", "handler": SALARY},
    {"name": "signed", "method": "GET", "path": "/signed", "auth": "IAM", "handler": SALARY},
    {"name": "one-signed", "method": "GET", "path": "/signed/{id}", "auth": "IAM", "handler": SALARY},
    {"name": "batch", "method": "POST", "path": "/batch", "auth": "IAM", "handler": COUNT},
    {"name": "closed", "method": "GET", "path": "/closed", "auth": "IAM", "handler": SALARY},
)
NEEDS_NOTHING = {"health"}
BATCH, IDLE = (f"arn:aws:iam::{ACCOUNT}:role/callers/{name}" for name in ("batch", "idle"))
ANN, BOB = (f"arn:aws:iam::{ACCOUNT}:user/{name}" for name in ("ann", "bob"))
EVE = "arn:aws:iam::999988887777:user/eve"
SUBJECTS = (
    ("Group", "payroll"), ("Group", "staff"), ("User", "pat"), ("User", "nobody"), ("Scope", "hr.admin"),
    ("Anonymous", "*"), ("IamRole", BATCH), ("IamUser", ANN), ("IamUser", BOB), ("IamUser", EVE),
)  # fmt: skip


@dataclass(frozen=True)
class Comer:
    """Somebody who comes: how he calls, and whom ``explain`` takes him for on a route."""

    name: str
    headers: Callable[[str, str], dict[str, str]]
    caller: Callable[[Line, LineRoute], Caller]


def signed(lab: Lab, keys: Credentials, method: str, url: str) -> dict[str, str]:
    request = AWSRequest(method, url, headers={"Accept": "application/json"})
    SigV4Auth(keys, "execute-api", lab.environment["AWS_REGION"]).add_auth(request)
    return dict(request.headers)


def principals(lab: Lab, **named: dict[str, Any]) -> dict[str, Credentials]:
    answer = lab.http.put(f"{lab.environment['AWS_ENDPOINT_URL']}/_sandbox/principals", json=named)
    answer.raise_for_status()
    made = answer.json()["principals"]
    return {name: Credentials(made[name]["access_key_id"], made[name]["secret_access_key"]) for name in named}


def invoking(*resources: str) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": list(resources)}
    return {"Version": "2012-10-17", "Statement": [statement]}


def operator_policies(*names: str) -> dict[str, Any]:
    return {"policies": [json.loads((ROOT / "docs" / f"{name}.json").read_text()) for name in names]}


@pytest.fixture(scope="module")
def keys(lab: Lab) -> Iterator[dict[str, Credentials]]:
    """Keys of IAM callers: sessions of two roles, users who may and may not invoke, one of another account."""
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}
    iam, sts = lab.aws("iam"), lab.aws("sts")
    made = principals(
        lab,
        operator=operator_policies("iam-policy", "iam-policy-invoke"),
        ann={"policies": [invoking("*")]},
        bob={"policies": []},
        eve={"policies": [invoking("*")], "account_id": EVE.split(":")[4]},
    )
    for arn in (BATCH, IDLE):
        name = arn.rpartition("/")[2]
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        iam.create_role(RoleName=name, Path="/callers/", AssumeRolePolicyDocument=document)
        session = sts.assume_role(RoleArn=arn, RoleSessionName="nightly")["Credentials"]
        made[name] = Credentials(session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])
    iam.put_role_policy(RoleName="idle", PolicyName="any", PolicyDocument=json.dumps(invoking("*")))
    lab.kubectl(
        "patch", "awsacct", "main", "--type=merge", "-p",
        json.dumps({"spec": {"iam": {"managePolicies": True, "attachToRolePath": "/callers/"}}}),
    )  # fmt: skip
    yield made
    lab.kubectl("patch", "awsacct", "main", "--type=json", "-p", json.dumps([{"op": "remove", "path": "/spec/iam"}]))
    iam.delete_role_policy(RoleName="idle", PolicyName="any")
    for name in ("batch", "idle"):
        for found in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
            iam.detach_role_policy(RoleName=name, PolicyArn=found["PolicyArn"])
        iam.delete_role(RoleName=name)
    principals(lab, operator=operator_policies("iam-policy"))


@pytest.fixture(scope="module")
def api(lab: Lab, example: dict[str, Any], keys: dict[str, Credentials]) -> Iterator[dict[str, Any]]:
    stage = {"throttle": {"requestsPerSecond": 1000, "burst": 2000}}
    spec = {**example["spec"], "routes": list(ROUTES), "stage": stage}
    with guarded_lab(lab, {**example, "spec": spec}, (PAYROLL, CLERK)) as found:
        yield found


def snapshot(lab: Lab) -> Snapshot:
    kinds = "awsaccounts,vpclinks,oracledatabases,identityproviders,oracleapis,oracleroles,rolebindings.oracleapi.dev"
    return Snapshot(tuple(json.loads(lab.kubectl("get", kinds, "-A", "-o", "json"))["items"]))


def comers(lab: Lab, keys: dict[str, Credentials], folder: pathlib.Path, found: Snapshot) -> list[Comer]:
    """Return everybody: with tokens, with signatures, with nothing, and with what is wrong."""
    api = found.find("OracleApi", "hr", "hr")
    assert api is not None

    def with_token(name: str, forged: bool = False, **members: Any) -> Comer:
        token = lab.token(**{"scope": SCOPES, "subject": name, **members})
        (held := folder / name).write_text(token)
        known = read_token(str(held), found, api, datetime.now(UTC))
        caller = replace(known, fault="TokenForged") if forged else known
        return Comer(name, lambda *_: {"Authorization": f"Bearer {token}"}, lambda *_: caller)

    def with_keys(name: str, subject: Subject) -> Comer:
        return Comer(
            name,
            lambda method, url: signed(lab, keys[name], method, url),
            lambda line, route: caller_of(subject, line.api, route),
        )

    wrong = Credentials(keys["ann"].access_key, "not-her-secret")
    return [
        with_token("pat", groups=["payroll"]),
        with_token("sam", groups=["staff"]),
        with_token("both", groups=["payroll", "staff"]),
        with_token("joined", groups=["payroll staff"]),
        with_token("nobody"),
        with_token("narrow", scope="hr.read", groups=["payroll"]),
        with_token("late", fault="expired", groups=["payroll"]),
        with_token("forger", forged=True, fault="bad-signature", groups=["payroll"]),
        with_token("stranger", audience="another-api", groups=["payroll"]),
        Comer("anonymous", lambda *_: {}, lambda *_: Nobody()),
        Comer(
            "pretender",
            lambda *_: {"X-OracleApi-Caller": f"key {ANN} GET /hr/v1/signed", "REMOTE_IDENT": "pat"},
            lambda *_: Nobody(),
        ),
        with_keys("batch", Subject("IamRole", BATCH)),
        with_keys("idle", Subject("IamRole", IDLE)),
        with_keys("ann", Subject("IamUser", ANN)),
        with_keys("bob", Subject("IamUser", BOB)),
        with_keys("eve", Subject("IamUser", EVE)),
        Comer("thief", lambda method, url: signed(lab, wrong, method, url), lambda *_: Nobody()),
    ]


def met(answer: httpx.Response) -> tuple[str, str]:
    """Return status and the gate that refused, by whose words the answer is made of."""
    try:
        members = answer.json()
    except ValueError:
        members = {}
    if answer.status_code < 400:
        return str(answer.status_code), ""
    if set(members) == {"message"}:
        return str(answer.status_code), "Gateway"
    if answer.status_code == 403 and "route" in members:
        return "403", "Binding"
    return str(answer.status_code), "OrdsPrivilege" if answer.status_code == 401 else ""


def predicted(line: Line, comer: Comer, route: LineRoute, now: datetime) -> tuple[str, str]:
    """Return the same as ``explain`` says it; a handler that reads HR.SALARY needs the role that may."""
    found = walk(line, comer.caller(line, route), route, now)
    if found.refused:
        assert found.broken is not None
        return found.broken.sees, found.broken.name
    return ("200" if route.name in NEEDS_NOTHING or "HR_PAYROLL" in found.roles else "555"), ""


def compare(lab: Lab, api: dict[str, Any], keys: dict[str, Credentials], folder: pathlib.Path) -> tuple[int, list[str]]:
    """Take everybody to every route; returns how many cells there were, and those that were predicted wrongly."""
    seen = snapshot(lab)
    found = seen.find("OracleApi", "hr", "hr")
    assert found is not None
    line, now = build_line(seen, found), database_time(lab)
    everybody, wrong = comers(lab, keys, folder, seen), []
    for comer in everybody:
        for spec in ROUTES:
            route = next(each for each in line.api.routes if each.name == spec["name"])
            url = f"{api['status']['endpoint']}/hr/v1{spec['path'].replace('{id}', '7')}"
            answer = lab.call(spec["method"], url, headers=comer.headers(spec["method"], url))
            said, saw = predicted(line, comer, route, now), met(answer)
            if said != saw and not unasked(line, comer, saw):
                wrong.append(f"{comer.name} on {route.name}: predicted {said}, met {saw} {answer.text[:120]}")
    return len(everybody) * len(ROUTES), wrong


def unasked(line: Line, comer: Comer, saw: tuple[str, str]) -> bool:
    """Say whether the gateway refused somebody about whom IAM is not asked, for no binding names him."""
    named = {subject.name for binding in line.bindings for subject in binding.subjects}
    arn = {"bob": BOB, "batch": BATCH, "idle": IDLE}.get(comer.name)
    return arn is not None and arn not in named and saw == ("403", "Gateway")


def bind(lab: Lab, *bindings: dict[str, Any]) -> None:
    """Make these the only bindings there are, and wait until each is in the database and was looked at again."""
    lab.kubectl("-n", "hr", "delete", "orb", "--all", "--timeout=120s")
    for found in bindings:
        lab.apply(found)
    for found in bindings:
        name = found["metadata"]["name"]
        wait_for(f"binding {name} to be carried out", lambda name=name: settled(lab, name))
        lab.reconcile("orb", name, "hr")


def settled(lab: Lab, name: str) -> bool:
    conditions = lab.get("orb", name, "hr").get("status", {}).get("conditions", [])
    return any(found["type"] == "Bound" and found["reason"] in ("Succeeded", "Expired") for found in conditions)


def role_binding(
    name: str, role: str, subjects: list[tuple[str, str]], routes: list[str], **more: Any
) -> dict[str, Any]:
    made = binding(name, "", "", **more)
    made["spec"] |= {
        "roleRef": {"name": role},
        "subjects": [{"kind": kind, "name": found} for kind, found in subjects],
        "routes": routes,
    }
    return made


def test_everybody_on_every_route_meets_what_was_predicted(
    lab: Lab, api: dict[str, Any], keys: dict[str, Credentials], tmp_path: pathlib.Path
) -> None:
    ended = database_time(lab) - timedelta(minutes=1)
    bind(
        lab,
        role_binding("payroll", "hr-payroll", [("Group", "payroll"), ("IamRole", BATCH)], ["*"]),
        role_binding("clerks", "hr-clerk", [("Group", "staff"), ("IamUser", ANN)], ["salary", "signed", "batch"]),
        role_binding("news", "hr-payroll", [("Anonymous", "*")], ["news"]),
        role_binding("denied", "hr-payroll", [("IamUser", BOB), ("IamUser", EVE)], ["signed"]),
        role_binding("gone", "hr-payroll", [("User", "nobody")], ["salary"], expirationTime=f"{ended:%FT%TZ}"),
    )
    cells, wrong = compare(lab, api, keys, tmp_path)
    assert cells >= 100
    assert not wrong, "\n".join(wrong)


def test_random_bindings_are_predicted_for_everybody(
    lab: Lab, api: dict[str, Any], keys: dict[str, Credentials], tmp_path: pathlib.Path
) -> None:
    rng = random.Random("callers")  # noqa: S311 - which binding comes is no secret
    cells, wrong = 0, []
    names = [route["name"] for route in ROUTES]
    for number in range(ROUNDS):
        required = number % 3 != 2
        lab.kubectl(
            "-n", "hr", "patch", "oapi", "hr", "--type=merge", "-p", json.dumps({"spec": {"requireBinding": required}})
        )
        lab.wait_ready("oapi", "hr", "hr")
        made = []
        for each in range(rng.randint(1, 3)):
            ends = database_time(lab) + timedelta(hours=rng.choice([-1, 1]))
            made.append(
                role_binding(
                    f"random-{each}",
                    rng.choice(["hr-payroll", "hr-clerk"]),
                    rng.sample(SUBJECTS, rng.randint(1, 4)),
                    ["*"] if rng.random() < 0.3 else rng.sample(names, rng.randint(1, 5)),
                    **({"expirationTime": f"{ends:%FT%TZ}"} if rng.random() < 0.4 else {}),
                )
            )
        bind(lab, *made)
        some, found = compare(lab, api, keys, tmp_path)
        cells += some
        wrong += [f"round {number}: {each}" for each in found]
    assert cells >= 1000
    assert not wrong, "\n".join(wrong)
