"""Managed policies through the operator's adapter against IAM at the wire: made, changed, taken away, and every crash.

Against a real account (``ORACLEAPI_CONTRACT_AWS=real``) it makes roles below ``/oracleapi-contract/`` and one policy at
a time, and deletes them.
"""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from oracleapi.adapters.aws.iam import AwsIam
from oracleapi.adapters.aws.session import Clients
from oracleapi.desired.invoke import sample_arn
from oracleapi.errors import DependencyNotReady, Retryable, Terminal
from oracleapi.model.policy import AttachPolicy, DetachPolicy, SetDocument
from oracleapi.plan.policy import plan_policy
from support.iam_account import KEYS, PATH, ROUTES, STEPS, Account, check_end, iam_account, iam_clients


@pytest.fixture
def account(contract: Any) -> Iterator[Account]:
    with iam_account(contract) as found:
        yield found


def test_a_policy_is_made_seen_changed_and_taken_away(account: Account) -> None:
    desired = account.wanted("ab")
    account.keep(desired)
    seen = account.iam.observe_policy(desired.arn, PATH)
    assert (seen.exists, seen.document, dict(seen.tags)) == (True, desired.document, dict(desired.tags))
    assert (seen.default, seen.versions, seen.others) == ("v1", (), ())
    assert account.held()[1] == {"a", "b"}
    assert account.keep(desired) == 0
    smaller = account.wanted("bc", KEYS[:1])
    account.keep(smaller)
    assert account.held() == (True, {"b", "c"}, smaller.document)
    assert account.keep(smaller) == 0
    account.remove()
    assert account.held()[0] is False


def test_actions_are_safe_to_repeat(account: Account) -> None:
    desired = account.wanted("a")
    account.keep(desired)
    for _ in range(2):
        account.iam.apply(AttachPolicy(desired.arn, account.roles["a"]))
    for _ in range(2):
        account.iam.apply(DetachPolicy(desired.arn, desired.roles[0].rsplit("/", 1)[1]))
    assert account.held()[1] == set()


def test_a_policy_lives_on_with_five_versions(account: Account) -> None:
    for turn in range(7):
        account.keep(account.wanted("a", KEYS[: 1 + turn % 2]))
    seen = account.iam.observe_policy(account.wanted().arn, PATH)
    assert (seen.default, seen.versions) == ("v7", ("v3", "v4", "v5", "v6"))
    with pytest.raises(Retryable, match="no place; looking again"):
        account.iam.apply(SetDocument(seen.arn, account.wanted().document))


def test_a_name_is_made_once(account: Account) -> None:
    account.keep(account.wanted())
    create = plan_policy(
        account.wanted(), replace(account.iam.observe_policy(account.wanted().arn, PATH), exists=False)
    )
    with pytest.raises(Retryable, match="IAM has a policy") as caught:
        account.iam.apply(create.actions[0])
    assert caught.value.reason == "Conflict"


def test_what_iam_refuses_of_managed_policies(account: Account) -> None:
    """A name is taken under every path and in every case; what is attached exists; versions go before their policy."""
    desired = account.wanted("a")
    account.keep(desired)
    account.keep(account.wanted("", KEYS[:1]))

    def refused(operation: str, **members: str) -> str:
        with pytest.raises(ClientError) as caught:
            getattr(account.admin, operation)(**members)
        return str(caught.value.response["Error"]["Code"])

    document = {"PolicyDocument": desired.document}
    assert refused("create_policy", PolicyName=desired.name, **document) == "EntityAlreadyExists"
    assert refused("create_policy", PolicyName=desired.name.swapcase(), **document) == "EntityAlreadyExists"
    role = account.roles["a"].rsplit("/", 1)[1]
    assert refused("attach_role_policy", RoleName=role, PolicyArn=f"{desired.arn}-none") == "NoSuchEntity"
    version = account.admin.create_policy_version(PolicyArn=desired.arn, **document)["PolicyVersion"]["VersionId"]
    assert refused("delete_policy", PolicyArn=desired.arn) == "DeleteConflict"
    account.admin.delete_policy_version(PolicyArn=desired.arn, VersionId=version)


def test_only_a_role_with_exactly_this_arn_gets_it(account: Account) -> None:
    """AttachRolePolicy takes a name: a path of ours before another role's name must not lead to it."""
    desired = account.wanted()
    account.keep(desired)
    outside = account.roles["z"].rsplit("/", 1)[1]
    for name in (outside, "none-of-that-name"):
        arn = account.roles["a"].rsplit("/", 1)[0] + f"/{name}"
        with pytest.raises(DependencyNotReady, match="there is no role"):
            account.iam.apply(AttachPolicy(desired.arn, arn))
    assert account.admin.list_attached_role_policies(RoleName=outside)["AttachedPolicies"] == []


def test_what_was_attached_by_hand_elsewhere_is_told_and_kept(account: Account) -> None:
    desired = account.wanted("a")
    account.keep(desired)
    outside = account.roles["z"].rsplit("/", 1)[1]
    account.admin.attach_role_policy(RoleName=outside, PolicyArn=desired.arn)
    assert account.iam.observe_policy(desired.arn, PATH).others == (f"role {outside}",)
    assert account.keep(desired) == 0
    with pytest.raises(DependencyNotReady, match=outside):
        account.remove()
    assert account.held()[1] == set()
    account.admin.detach_role_policy(RoleName=outside, PolicyArn=desired.arn)
    account.remove()
    assert account.held()[0] is False


def test_a_policy_without_our_mark_is_left_alone(account: Account) -> None:
    desired = account.wanted("a")
    account.admin.create_policy(
        PolicyName=desired.name, Path=PATH, PolicyDocument=desired.document, Tags=[{"Key": "owner", "Value": "ann"}]
    )
    with pytest.raises(Terminal, match="carries no mark"):
        account.keep(desired)
    account.remove()
    assert account.held()[0] is True
    account.admin.delete_policy(PolicyArn=desired.arn)


def test_iam_says_who_may_invoke(account: Account) -> None:
    """One request at a time; a role and a user outside of any path."""
    desired = account.wanted("", KEYS[:2])
    account.keep(desired)
    outside = account.roles["z"]
    samples = {route.key: sample_arn(account.stage, route) for route in ROUTES}
    account.admin.attach_role_policy(RoleName=outside.rsplit("/", 1)[1], PolicyArn=desired.arn)
    found = {key: account.iam.may_invoke(outside, [arn])[arn].decision for key, arn in samples.items()}
    account.admin.detach_role_policy(RoleName=outside.rsplit("/", 1)[1], PolicyArn=desired.arn)
    assert found == {"GET /e": "allowed", "GET /e/{id}": "allowed", "PUT /e/{id}": "implicitDeny"}
    assert account.iam.may_invoke(outside, [samples["GET /e"]])[samples["GET /e"]].decision == "implicitDeny"


class Ended(BaseException):
    """The process is gone; no handler of its own may catch it."""


def _end(**_: Any) -> None:
    raise Ended


def _lose(**_: Any) -> None:
    raise ReadTimeoutError(endpoint_url="https://iam")


HOWS: dict[str, tuple[str, Callable[..., None]]] = {
    "killed before": ("before-send.iam", _end),
    "killed after": ("after-call.iam", _end),
    "answer lost": ("after-call.iam", _lose),
}


class Interference:
    """Does something to call number *at* of an account's clients, as botocore sends it or has got its answer."""

    def __init__(self, clients: Clients, at: int, event: str, act: Callable[..., None]) -> None:
        self.seen = 0

        def met(**more: Any) -> None:
            self.seen += 1
            if self.seen == at + 1:
                act(**more)

        for creates in (False, True):
            clients.client("iam", creates).meta.events.register(event, met)


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("name", STEPS)
def test_whatever_happens_at_any_call_the_end_is_right(account: Account, name: str, how: str) -> None:
    *before, act = STEPS[name]
    for at in count():
        clients = iam_clients(account.contract)
        disturbed = account.again(f"{at}", AwsIam(clients))
        for step in before:
            step(disturbed)
        watched = Interference(clients, at, *HOWS[how])
        with contextlib.suppress(Ended, Retryable):
            act(disturbed)
        after = account.again(f"{at}", account.iam)
        check_end(after, act)
        after.remove()
        if watched.seen <= at:
            break
    assert at >= 5
