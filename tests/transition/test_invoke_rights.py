"""A binding's IAM callers and their right to invoke: the policy that is kept, what IAM says, what waits for neither."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from oracleapi.errors import Retryable
from oracleapi.model.policy import InvokeVerdict
from oracleapi.runtime.store import Key
from support import make
from support.fake_iam import FakeIam
from support.small_world import SmallWorld
from support.worlds import BINDING, edit, resync, written

ACCOUNT = Key("AwsAccount", None, "main")
BATCH = "arn:aws:iam::123456789012:role/callers/batch"
OTHER = "arn:aws:iam::123456789012:role/elsewhere/other"
LIST = make.route("list")
SIGNED = make.route("signed", path="/signed/{id}", auth="IAM")
CLOSED = make.route("closed", path="/closed", auth="IAM")
MANAGED = {"managePolicies": True, "attachToRolePath": "/callers/"}


def world_with(*subjects: str, iam: dict[str, Any] | None = None, **binding: Any) -> SmallWorld:
    world = SmallWorld(*make.guarded_world(**make.api_spec(LIST, SIGNED, CLOSED)), start=False)
    for arn in (BATCH, OTHER):
        iam_of(world).make_role(arn)
    edit(world, ACCOUNT, iam=MANAGED if iam is None else iam)
    world.settle()
    named = [{"kind": "IamRole", "name": arn} for arn in subjects or (BATCH,)]
    world.apply(make.binding("readers", *named, **{"routes": ["signed"], **binding}))
    world.settle()
    return world


def iam_of(world: SmallWorld) -> FakeIam:
    return world.backends.policies


def policy(world: SmallWorld) -> tuple[str, list[str], set[str]]:
    """Return ARN, allowed resources and holders of the one policy."""
    ((arn, found),) = iam_of(world).policies.items()
    (statement,) = json.loads(found.document)["Statement"]
    return arn, [resource.split("/", 1)[1] for resource in statement["Resource"]], found.holders


def faults(world: SmallWorld) -> list[tuple[str, str]]:
    return [(found["fault"], found["wouldSee"]) for found in world.kube.status(*BINDING).get("mismatches", [])]


def test_the_bound_routes_and_their_links_are_allowed_and_nothing_else() -> None:
    world = world_with()
    assert world.ready(BINDING) == ("True", "Succeeded"), world.message(BINDING)
    arn, allowed, holders = policy(world)
    assert world.kube.status(*BINDING)["policyArn"] == arn
    assert allowed == ["$default/GET/hr/v1/signed/*", "$default/GET/ords/hr_api/oa-iam/hr/v1/signed/*"]
    assert holders == {"role batch"}
    world.settle(60)
    assert world.condition("InvokeAllowed", BINDING) == ("True", "Succeeded")
    with written(world) as found:
        resync(world)
    assert found == []


def test_an_edit_of_routes_and_subjects_changes_document_and_attachments() -> None:
    world = world_with()
    iam_of(world).make_role(BATCH + "2")
    edit(world, BINDING, routes=["closed"], subjects=[{"kind": "IamRole", "name": BATCH + "2"}])
    world.settle()
    _, allowed, holders = policy(world)
    assert allowed == ["$default/GET/hr/v1/closed", "$default/GET/ords/hr_api/oa-iam/hr/v1/closed"]
    assert holders == {"role batch2"}


def test_whom_the_operator_may_not_touch_is_told_with_the_policy_to_attach() -> None:
    world = world_with(BATCH, OTHER)
    world.settle(60)
    assert policy(world)[2] == {"role batch"}
    assert world.condition("InvokeAllowed", BINDING) == ("False", "InvokeDenied")
    assert "role other" in world.told("InvokeAllowed", BINDING)
    assert faults(world) == [("InvokeDenied", "403")]
    iam_of(world).attach(policy(world)[0], "role other")
    resync(world)
    assert world.ready(BINDING) == ("True", "Succeeded")


def test_without_managed_policies_status_prints_the_one_that_is_missing() -> None:
    world = world_with(iam={"managePolicies": False})
    assert iam_of(world).policies == {}
    assert faults(world) == [("InvokeDenied", "403")]
    document = world.kube.status(*BINDING)["missingPolicy"]
    assert "signed" in document
    arn = "arn:aws:iam::123456789012:policy/by-hand"
    iam_of(world).make_policy(arn, document)
    iam_of(world).attach(arn, "role batch")
    resync(world)
    assert world.ready(BINDING) == ("True", "Succeeded")
    assert "missingPolicy" not in world.kube.status(*BINDING)
    assert iam_of(world).policies.keys() == {arn}


ENDS: dict[str, Callable[[SmallWorld], None]] = {
    "turned off": lambda world: edit(world, ACCOUNT, iam={"managePolicies": False}),
    "deleted": lambda world: world.delete(*BINDING),
    "expired": lambda world: edit(world, BINDING, expirationTime="1970-01-02T00:00:00Z"),
    "other subjects": lambda world: edit(
        world, BINDING, subjects=[{"kind": "Group", "name": "staff"}], routes=["list"]
    ),
}


@pytest.mark.parametrize("end", ENDS)
def test_a_policy_goes_with_what_it_was_for(end: str) -> None:
    world = world_with()
    assert iam_of(world).policies
    ENDS[end](world)
    world.settle(400)
    assert iam_of(world).policies == {}
    assert "policyArn" not in world.kube.objects.get(BINDING, {}).get("status", {})


def test_an_iam_that_cannot_be_asked_keeps_no_row_waiting() -> None:
    world = world_with(iam={"managePolicies": False})
    edit(world, ACCOUNT, iam=MANAGED)
    iam_of(world).faults["observe_policy"] = [Retryable("AwsAccessDenied", "iam:GetPolicy is not allowed")] * 50
    edit(world, BINDING, routes=["signed", "closed"])
    world.settle(30)
    assert world.ready(BINDING) == ("Unknown", "AwsAccessDenied")
    rows = world.backends.database.guard.bindings["cluster-1/RoleBinding/hr/readers"]
    assert {place[0] for place in rows} == {"signed", "closed"}
    iam_of(world).faults.clear()
    world.settle(700)
    assert world.ready(BINDING) == ("True", "Succeeded")


def test_what_iam_does_not_say_is_no_mismatch() -> None:
    world = world_with(iam={"managePolicies": False})
    iam_of(world).verdicts[BATCH] = InvokeVerdict("unknown", "iam:SimulatePrincipalPolicy is not granted")
    resync(world)
    assert world.ready(BINDING) == ("True", "Succeeded")
    assert world.condition("InvokeAllowed", BINDING) == ("Unknown", "AwsAccessDenied")


def test_a_policy_that_opens_more_than_is_bound_is_refused_where_the_guard_lets_the_unbound_pass() -> None:
    world = SmallWorld(*make.guarded_world(**make.api_spec(SIGNED, make.route("all", path="/signed/all", auth="IAM"),
                                                           auth=None, requireBinding=False)))  # fmt: skip
    iam_of(world).make_role(BATCH)
    edit(world, ACCOUNT, iam=MANAGED)
    world.apply(make.binding("readers", {"kind": "IamRole", "name": BATCH}, routes=["signed"]))
    world.settle()
    assert world.ready(BINDING) == ("False", "InvalidSpec")
    assert "GET /hr/v1/signed/all" in world.message(BINDING)
    assert iam_of(world).policies == {}


def test_an_approval_covers_the_policy_too() -> None:
    world = world_with(mode="Approve")
    plan = world.kube.status(*BINDING)["plan"]
    assert any(entry["object"].startswith("policy") for entry in plan["actions"])
    assert iam_of(world).policies == {}


def test_bindings_that_ask_iam_at_once_all_come_to_their_end() -> None:
    """Each pass reserves what it needs: otherwise all would run dry halfway, begin again, and use up what comes."""
    world = SmallWorld(*make.guarded_world(**make.api_spec(LIST, SIGNED, CLOSED)), start=False)
    iam, budgets = iam_of(world), dict[str, Any]()
    real = world.backends.iam

    def metered(spec: Any, secret: Any, meter: Any = None) -> FakeIam:
        budgets["meter"] = meter
        return real(spec, secret, meter)

    world.backends.iam = metered  # type: ignore[method-assign]
    call = iam._call

    def paid(name: str) -> None:
        for _ in range(4 if name == "observe_policy" else 1):
            budgets["meter"].spend(f"iam:{name}")
        call(name)

    iam._call = paid  # type: ignore[method-assign]
    edit(world, ACCOUNT, iam=MANAGED)
    world.settle()
    names = [f"b{number}" for number in range(30)]
    for name in names:
        iam.make_role(f"{BATCH}-{name}")
        world.apply(make.binding(name, {"kind": "IamRole", "name": f"{BATCH}-{name}"}, routes=["signed"]))
    world.settle(300)
    assert len(iam.policies) == len(names)
    assert {world.ready(Key("RoleBinding", "hr", name)) for name in names} == {("True", "Succeeded")}
    world.settle(2000)
    assert {world.condition("InvokeAllowed", Key("RoleBinding", "hr", name)) for name in names} == {
        ("True", "Succeeded")
    }


def test_a_binding_that_goes_after_the_guard_leaves_no_policy() -> None:
    world = world_with()
    world.backends.database.guard.there = False
    world.delete(*BINDING)
    world.settle(400)
    assert BINDING not in world.kube.objects
    assert iam_of(world).policies == {}
