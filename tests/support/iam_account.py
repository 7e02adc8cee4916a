"""A binding's policy in the account under test: what is wanted, carried out and taken away; steps of its life."""

import contextlib
import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import boto3

from oracleapi.adapters.aws.iam import AwsIam
from oracleapi.adapters.aws.session import Clients
from oracleapi.api.awsaccount import Iam
from oracleapi.desired.policy import build_policy, parse_subject, sort_subjects
from oracleapi.errors import Retryable
from oracleapi.model.gateway import GatewayRoute
from oracleapi.model.ownership import Owner
from oracleapi.model.policy import ApiStage, DesiredPolicy
from oracleapi.plan.policy import plan_policy
from oracleapi.reconcile.policies import apply_policy, remove_policy

PATH = "/oracleapi-contract/"
ROUTES = [GatewayRoute(key, None, authorization="AWS_IAM") for key in ("GET /e", "GET /e/{id}", "PUT /e/{id}")]
KEYS = [route.key for route in ROUTES]
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}],
}


@dataclass
class Account:
    """IAM of the account under test, by the operator's adapter and by an administrator's client."""

    contract: Any
    iam: AwsIam
    admin: Any
    stage: ApiStage
    owner: Owner
    roles: dict[str, str]

    def wanted(self, names: str = "", keys: list[str] = KEYS) -> DesiredPolicy:
        """Return the policy for the routes with *keys*, attached to the roles of these letters."""
        settings = Iam(manage_policies=True, policy_path=PATH, attach_to_role_path=PATH)
        principals = [parse_subject(self.roles[name], "IamRole") for name in names]
        subjects = sort_subjects(principals, self.stage, settings)
        found = build_policy(self.owner, self.stage, ROUTES, keys, subjects, settings, {"cost-centre": "a+b c"})
        assert found is not None
        return found

    def keep(self, desired: DesiredPolicy) -> int:
        """Have *desired* carried out; returns how many actions that took."""
        plan = plan_policy(desired, self.iam.observe_policy(desired.arn, desired.attach_path))
        assert apply_policy(self.iam, plan) == {}
        return len(plan.actions)

    def again(self, name: str, iam: AwsIam) -> "Account":
        """Return the same account for another binding, through *iam*."""
        return replace(self, iam=iam, owner=replace(self.owner, name=f"{self.owner.name}-{name.lower()}"))

    def remove(self) -> None:
        remove_policy(self.iam, self.wanted().arn, str(self.owner), PATH)

    def held(self) -> tuple[bool, set[str], str]:
        """Return whether the policy is there, which roles hold it, and its document."""
        found = self.iam.observe_policy(self.wanted().arn, PATH)
        letters = {letter for letter, arn in self.roles.items() if arn.rsplit("/", 1)[1] in found.attached}
        return found.exists, letters, found.document


@contextlib.contextmanager
def iam_account(contract: Any) -> Iterator[Account]:
    """An account with the roles a, b and c below the path, and z outside; all goes afterwards."""
    admin = contract.aws.client("iam")
    number = contract.aws.client("sts").get_caller_identity()["Account"]
    token, region = uuid.uuid4().hex[:8], contract.gateway.meta.region_name
    roles = {}
    for letter in "abcz":
        path = "/" if letter == "z" else PATH
        made = admin.create_role(
            RoleName=f"contract-{token}-{letter}", Path=path, AssumeRolePolicyDocument=json.dumps(TRUST)
        )
        roles[letter] = made["Role"]["Arn"]
    stage = ApiStage("aws", region, number, "a1b2c3d4e5")
    owner = Owner("contract", "RoleBinding", "hr", f"b-{token}", "uid-1")
    found = Account(contract, AwsIam(iam_clients(contract)), admin, stage, owner, roles)
    yield found
    found.remove()
    for arn in roles.values():
        admin.delete_role(RoleName=arn.rsplit("/", 1)[1])


def iam_clients(contract: Any) -> Clients:
    """Return the operator's clients with the administrator's keys."""
    aws = contract.aws
    known = boto3.Session().get_credentials() if contract.real else None
    keys = {
        "AWS_ACCESS_KEY_ID": known.access_key if known else aws.addresses["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": known.secret_key if known else aws.addresses["secret_access_key"],
    }
    if known and known.token:
        keys["AWS_SESSION_TOKEN"] = known.token
    return Clients(contract.gateway.meta.region_name, aws.endpoint_url, keys, None)


def create(account: Account) -> None:
    account.keep(account.wanted("ab"))


def change(account: Account) -> None:
    account.keep(account.wanted("bc", KEYS[1:]))


def remove(account: Account) -> None:
    account.remove()


Step = Callable[[Account], None]
STEPS: dict[str, list[Step]] = {
    "create": [create],
    "change": [create, change],
    "change of a full policy": [create, change, create, change, create, change],
    "delete": [create, change, remove],
}


def check_end(account: Account, act: Step) -> None:
    """Let the step be done again, as often as something is said to heal, and look at its end."""
    for _ in range(4):
        with contextlib.suppress(Retryable):
            act(account)
            break
    else:
        raise AssertionError("it does not come to its end")
    act(account)
    exists, holders, document = account.held()
    if act is remove:
        assert not exists
        return
    desired = account.wanted("ab") if act is create else account.wanted("bc", KEYS[1:])
    assert (exists, holders, document) == (True, {"a", "b"} if act is create else {"b", "c"}, desired.document)
    assert account.keep(desired) == 0
