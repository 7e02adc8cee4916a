"""Policies of a binding from the first create to the last delete, with every call interfered with in every way."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from oracleapi.api.awsaccount import Iam
from oracleapi.desired.policy import build_policy, parse_subject, sort_subjects
from oracleapi.errors import DependencyNotReady, OperatorError, Retryable, Terminal
from oracleapi.model.gateway import GatewayRoute
from oracleapi.model.ownership import Owner
from oracleapi.model.policy import ApiStage, DesiredPolicy, InvokeVerdict, SetDocument
from oracleapi.plan.policy import plan_policy
from oracleapi.reconcile.policies import InvokeFault, apply_policy, find_invoke_faults, remove_policy
from support.crashes import Ended
from support.fake_iam import FakeIam

STAGE = ApiStage("aws", "eu-west-1", "123456789012", "a1b2c3")
MANAGED = Iam(manage_policies=True, attach_to_role_path="/callers/")
OWNER = Owner("cluster-1", "RoleBinding", "hr", "readers", "uid-1")
KEYS = ("GET /e", "GET /e/{id}", "PUT /e/{id}")
ANN = "arn:aws:iam::123456789012:user/ann"


def role(name: str) -> str:
    return f"arn:aws:iam::123456789012:role/callers/{name}"


def wanted(roles: Sequence[str], keys: Sequence[str] = KEYS) -> DesiredPolicy:
    routes = [GatewayRoute(key, None, authorization="AWS_IAM") for key in KEYS]
    subjects = sort_subjects([parse_subject(role(name), "IamRole") for name in roles], STAGE, MANAGED)
    found = build_policy(OWNER, STAGE, routes, keys, subjects, MANAGED, {"cost-centre": "42"})
    assert found is not None
    return found


ARN = wanted(()).arn


def keep(iam: FakeIam, desired: DesiredPolicy) -> dict[str, OperatorError]:
    observed = iam.observe_policy(desired.arn, desired.attach_path)
    return dict(apply_policy(iam, plan_policy(desired, observed)))


def remove(iam: FakeIam) -> None:
    remove_policy(iam, ARN, str(OWNER), "/callers/")


def account(*roles: str) -> FakeIam:
    iam = FakeIam()
    for name in roles or ("a", "b", "c"):
        iam.make_role(role(name))
    return iam


def test_a_binding_is_made_changed_and_taken_away() -> None:
    iam = account()
    assert keep(iam, wanted("ab")) == {}
    assert iam.policies[ARN].holders == {"role a", "role b"}
    assert iam.calls.count("CreatePolicy") == 1
    assert keep(iam, wanted("bc", KEYS[:1])) == {}
    assert iam.policies[ARN].holders == {"role b", "role c"}
    assert iam.policies[ARN].document == wanted("", KEYS[:1]).document
    iam.calls.clear()
    keep(iam, wanted("bc", KEYS[:1]))
    assert iam.calls == ["observe_policy"]
    remove(iam)
    assert iam.policies == {}
    iam.calls.clear()
    remove(iam)
    assert iam.calls == ["observe_policy"]


def test_what_people_change_is_put_back() -> None:
    iam = account()
    keep(iam, wanted("ab"))
    iam.detach(ARN, "role a")
    iam.attach(ARN, "role c")
    iam.apply(SetDocument(ARN, "{}"))
    iam.policies[ARN].tags["cost-centre"] = "0"
    keep(iam, wanted("ab"))
    found = iam.policies[ARN]
    assert (found.holders, found.document) == ({"role a", "role b"}, wanted("").document)
    assert found.tags["cost-centre"] == "42"


def test_many_changes_never_need_a_sixth_version() -> None:
    iam = account()
    for turn in range(12):
        keep(iam, wanted("a", KEYS[: 1 + turn % 3]))
    assert len(iam.policies[ARN].versions) == 5
    remove(iam)
    assert iam.policies == {}


def test_a_role_that_is_missing_or_full_holds_up_no_other() -> None:
    iam = account("b", "d")
    iam.make_role("arn:aws:iam::123456789012:role/elsewhere/c")
    iam.quota = 1
    iam.make_policy("arn:aws:iam::123456789012:policy/x")
    iam.attach("arn:aws:iam::123456789012:policy/x", "role d")
    failed = keep(iam, wanted("abcd"))
    assert {arn[-1]: error.reason for arn, error in failed.items()} == {
        "a": "DependencyNotReady",
        "c": "DependencyNotReady",
        "d": "AwsRefused",
    }
    assert iam.policies[ARN].holders == {"role b"}
    iam.make_role(role("a"))
    assert [arn[-1] for arn in keep(iam, wanted("abcd"))] == ["c", "d"]


@pytest.mark.parametrize("reason", ["AwsUnavailable", "AwsThrottled", "CallBudget", "Conflict"])
def test_what_concerns_no_single_role_ends_the_pass(reason: str) -> None:
    iam = account()
    iam.faults["AttachPolicy"] = [Retryable(reason, "x")]
    with pytest.raises(Retryable):
        keep(iam, wanted("ab"))
    assert iam.calls.count("AttachPolicy") == 1


def test_a_policy_that_was_attached_to_others_is_not_deleted_under_them() -> None:
    iam = account()
    keep(iam, wanted("ab"))
    iam.attach(ARN, "user ann")
    with pytest.raises(
        DependencyNotReady, match="is attached to user ann, which the operator does not touch"
    ) as caught:
        remove(iam)
    assert caught.value.reason == "InUse"
    assert iam.policies[ARN].holders == {"user ann"}
    with pytest.raises(DependencyNotReady):
        remove(iam)
    iam.detach(ARN, "user ann")
    remove(iam)
    assert iam.policies == {}


def test_roles_that_left_the_path_are_not_touched() -> None:
    iam = account()
    keep(iam, wanted("a"))
    with pytest.raises(DependencyNotReady, match="role a"):
        remove_policy(iam, ARN, str(OWNER), "/other/")
    assert iam.policies[ARN].holders == {"role a"}


def test_a_policy_of_others_is_never_touched() -> None:
    iam = account()
    iam.make_policy(ARN)
    for holder in ("role a", "user ann"):
        iam.attach(ARN, holder)
    with pytest.raises(Terminal, match="carries no mark"):
        keep(iam, wanted("b"))
    remove(iam)
    assert iam.policies[ARN].holders == {"role a", "user ann"}
    assert {*iam.calls} == {"observe_policy"}


def test_a_name_that_is_taken_at_another_path_is_told() -> None:
    iam = account()
    iam.make_policy(ARN.replace("/oracleapi/", "/old/"))
    with pytest.raises(Retryable, match="IAM has a policy"):
        keep(iam, wanted("a"))
    assert list(iam.policies) == [ARN.replace("/oracleapi/", "/old/")]


def granted(iam: FakeIam) -> set[tuple[str, str]]:
    """Return who may invoke what."""
    found = iam.policies.get(ARN)
    if found is None:
        return set()
    arns = json.loads(found.document)["Statement"][0]["Resource"]
    return {(holder, arn) for holder in found.holders for arn in arns}


class Calls:
    """Interferes with one call of an account, by its number."""

    def __init__(self, iam: FakeIam, at: int, how: str) -> None:
        self._iam, self._at, self._how, self.number = iam, at, how, 0

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._iam, name)

        def call(*arguments: Any) -> Any:
            number, self.number = self.number, self.number + 1
            if number == self._at and self._how == "killed before":
                raise Ended
            answer = method(*arguments)
            if number == self._at and self._how == "killed after":
                raise Ended
            if number == self._at:
                raise Retryable("AwsUnavailable", "no answer")
            return answer

        return call


def create(iam: Any) -> None:
    keep(iam, wanted("ab"))


def change(iam: Any) -> None:
    keep(iam, wanted("bc", KEYS[1:]))


def unbind(iam: Any) -> None:
    keep(iam, wanted(""))


LIVES: dict[str, Sequence[Callable[[Any], None]]] = {
    "create": [create],
    "change": [create, change],
    "change with all versions": [create, change, create, change, create, change],
    "unbind": [create, unbind],
    "delete": [create, change, create, remove],
    "delete at once": [create, remove],
}


@pytest.mark.parametrize("how", ["killed before", "killed after", "answer lost"])
@pytest.mark.parametrize("name", LIVES)
def test_whatever_happens_at_any_call_the_end_is_the_same(name: str, how: str) -> None:
    """And in between no role holds what neither the step before nor this one gives it."""
    *before, act = LIVES[name]
    expected = account()
    for step in (*before, act):
        step(expected)
    at = 0
    while True:
        iam = account()
        for step in before:
            step(iam)
        given = granted(iam) | granted(expected)
        watched = Calls(iam, at, how)
        try:
            act(watched)
        except (Ended, Retryable):
            assert granted(iam) <= given, f"{name}, call {at}: somebody holds what nobody gave"
            act(iam)
        act(iam)
        assert {arn: (found.document, found.holders, found.tags) for arn, found in iam.policies.items()} == {
            arn: (found.document, found.holders, found.tags) for arn, found in expected.policies.items()
        }
        if watched.number <= at:
            break
        at += 1
    assert at >= 3


def test_whoever_cannot_invoke_is_told_with_the_route() -> None:
    iam = account()
    keep(iam, wanted("a"))
    a, b = (parse_subject(role(name), "IamRole") for name in "ab")
    ann = parse_subject(ANN, "IamUser")
    nobody_asks = "iam:SimulatePrincipalPolicy is not granted to the operator's role"
    iam.verdicts[ANN] = InvokeVerdict("unknown", nobody_asks)
    sample = STAGE.resource("PUT", "/e/x")
    iam.calls.clear()
    assert find_invoke_faults(iam, [a, b, ann], [sample]) == (
        InvokeFault(b, sample, True, "implicitDeny"),
        InvokeFault(ann, sample, False, f"unknown: {nobody_asks}"),
    )
    assert iam.calls == ["may_invoke"] * 3
    assert find_invoke_faults(iam, [a], []) == ()
    assert len(iam.calls) == 3
