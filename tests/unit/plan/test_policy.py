"""The plan of a managed policy: revokes first, nothing at rest, nobody else's policy, an end from every world."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracleapi.errors import Terminal
from oracleapi.model.drift import ABSENT, PRESENT, Drift
from oracleapi.model.policy import (
    AttachPolicy,
    CreatePolicy,
    DeletePolicy,
    DeleteVersion,
    DesiredPolicy,
    DetachPolicy,
    ObservedPolicy,
    SetDocument,
    TagPolicy,
    canonical,
)
from oracleapi.plan.policy import plan_policy, plan_policy_removal
from oracleapi.plan.preview import preview
from support.fake_iam import FakeIam

OWNER = "cluster-1/RoleBinding/hr/readers"
ARN = "arn:aws:iam::123456789012:policy/oracleapi/p"
TAGS = {"oracleapi.dev/owner": OWNER, "oracleapi.dev/uid": "uid-1"}
PREFIX = "arn:aws:execute-api:eu-west-1:123456789012:a1/$default/"


def document(*requests: str) -> str:
    arns = [f"{PREFIX}{request}" for request in requests]
    statement = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": arns}
    return canonical({"Version": "2012-10-17", "Statement": [statement]})


def role(name: str) -> str:
    return f"arn:aws:iam::123456789012:role/callers/{name}"


def desired(*roles: str, requests: tuple[str, ...] = ("GET/a",)) -> DesiredPolicy:
    arns = tuple(map(role, roles))
    return DesiredPolicy(ARN, "p", "/oracleapi/", OWNER, "uid-1", TAGS, document(*requests), arns, "/callers/")


def observed(*roles: str, requests: tuple[str, ...] = ("GET/a",), versions: tuple[str, ...] = ()) -> ObservedPolicy:
    return ObservedPolicy(ARN, True, TAGS, document(*requests), "v9", versions, frozenset(roles))


def test_a_policy_that_is_not_there_is_made_with_its_tags_and_then_attached() -> None:
    plan = plan_policy(desired("a", "b"), ObservedPolicy(ARN))
    create, *attach = plan.actions
    assert create == CreatePolicy(ARN, "p", "/oracleapi/", document("GET/a"), TAGS)
    assert attach == [AttachPolicy(ARN, role("a")), AttachPolicy(ARN, role("b"))]
    assert plan.drift == ()


def test_at_rest_nothing_is_planned() -> None:
    plan = plan_policy(desired("a"), observed("a"))
    assert plan.empty
    assert plan.drift == ()


def test_who_lost_it_is_detached_before_the_document_and_who_gets_it_attached_after() -> None:
    plan = plan_policy(desired("new", requests=("GET/b",)), observed("old", requests=("GET/a",)))
    assert plan.actions == (
        DetachPolicy(ARN, "old"),
        SetDocument(ARN, document("GET/b")),
        AttachPolicy(ARN, role("new")),
    )
    assert plan.drift == (
        Drift("policy p", "role old", ABSENT, PRESENT),
        Drift("policy p", "role new", PRESENT, ABSENT),
        Drift("policy p", "invoke GET/b", PRESENT, ABSENT),
        Drift("policy p", "invoke GET/a", ABSENT, PRESENT),
    )


def test_several_are_planned_and_told_in_the_order_of_their_names() -> None:
    names, requests = list("abcdefgh"), [f"GET/{name}" for name in "abcdefgh"]
    both = desired(*names, requests=("GET/same", *requests)), observed(requests=("GET/same",))
    gained = plan_policy(*both)
    assert gained.actions[1:] == tuple(AttachPolicy(ARN, role(name)) for name in names)
    assert [drift.field for drift in gained.drift[8:]] == [f"invoke {request}" for request in requests]
    lost = plan_policy(desired(requests=("GET/same",)), observed(*names, requests=("GET/same", *requests)))
    assert lost.actions[:8] == tuple(DetachPolicy(ARN, name) for name in names)
    assert [drift.field for drift in lost.drift[8:]] == [f"invoke {request}" for request in requests]
    assert plan_policy_removal(OWNER, observed(*names)).actions[:8] == lost.actions[:8]


def test_the_oldest_of_five_versions_makes_place() -> None:
    changed = desired(requests=("GET/b",))
    full = observed(versions=("v2", "v5", "v6", "v7"))
    assert plan_policy(changed, full).actions == (DeleteVersion(ARN, "v2"), SetDocument(ARN, document("GET/b")))
    four = observed(versions=("v2", "v5", "v6"))
    assert plan_policy(changed, four).actions == (SetDocument(ARN, document("GET/b")),)


def test_tags_that_were_lost_come_back_and_others_stay() -> None:
    stripped = replace(observed(), tags={"oracleapi.dev/owner": OWNER, "mine": "x"})
    plan = plan_policy(desired(), stripped)
    assert plan.actions == (TagPolicy(ARN, {"oracleapi.dev/uid": "uid-1"}),)
    assert plan.drift == (Drift("policy p", "tag oracleapi.dev/uid", "uid-1", ABSENT),)
    wanted = replace(desired(), tags={"b": "2", "a": "1"} | TAGS)
    assert [drift.field for drift in plan_policy(wanted, observed()).drift] == ["tag a", "tag b"]


def test_a_document_that_is_empty_is_told_whole_and_replaced() -> None:
    plan = plan_policy(desired(), replace(observed(), document=""))
    assert plan.actions == (SetDocument(ARN, document("GET/a")),)
    assert [drift.field for drift in plan.drift] == ["document"]


def test_a_document_of_other_making_is_told_whole_and_replaced() -> None:
    foreign = replace(observed(), document='{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}')
    plan = plan_policy(desired(), foreign)
    assert plan.actions == (SetDocument(ARN, document("GET/a")),)
    assert [drift.field for drift in plan.drift] == ["document"]


def test_another_order_in_a_document_is_another_document_and_both_are_told() -> None:
    plan = plan_policy(desired(requests=("GET/a", "GET/b")), observed(requests=("GET/b", "GET/a")))
    assert [drift.field for drift in plan.drift] == ["document"]


@pytest.mark.parametrize(
    ("tags", "reason", "words"),
    [
        ({}, "NotOwned", "tag it oracleapi.dev/owner=cluster-1/RoleBinding/hr/readers"),
        ({"oracleapi.dev/owner": "cluster-2/RoleBinding/hr/readers"}, "Conflict", "belongs to another RoleBinding"),
    ],
)
def test_a_policy_of_others_is_refused_whatever_differs(tags: dict[str, str], reason: str, words: str) -> None:
    for seen in (observed("a"), observed("old", requests=("GET/z",))):
        with pytest.raises(Terminal, match=words) as caught:
            plan_policy(desired("a"), replace(seen, tags=tags))
        assert caught.value.reason == reason
        assert plan_policy_removal(OWNER, replace(seen, tags=tags)).empty


def test_what_is_attached_to_others_is_left_alone() -> None:
    assert plan_policy(desired("a"), replace(observed("a"), others=("role x", "user ann"))).empty


def test_removal_detaches_then_deletes_old_versions_and_the_policy() -> None:
    plan = plan_policy_removal(OWNER, observed("b", "a", versions=("v2", "v3")))
    assert plan.actions == (
        DetachPolicy(ARN, "a"),
        DetachPolicy(ARN, "b"),
        DeleteVersion(ARN, "v2"),
        DeleteVersion(ARN, "v3"),
        DeletePolicy(ARN),
    )
    assert plan_policy_removal(OWNER, ObservedPolicy(ARN)).empty


def test_removal_takes_ours_away_while_others_hold_it() -> None:
    held = replace(observed("a", versions=("v2",)), others=("user ann",))
    assert plan_policy_removal(OWNER, held).actions == (DetachPolicy(ARN, "a"),)


def test_a_plan_is_priced_and_says_what_goes() -> None:
    plan = plan_policy(desired("new", requests=("GET/b",)), observed("old", versions=("v1", "v2", "v3", "v4")))
    found = preview(plan.actions, plan.drift)
    assert found.summary == "1 create, 1 update, 2 delete; 5 AWS calls"
    assert [(action.verb, action.object, action.calls) for action in found.actions] == [
        ("delete", "attachment of policy p to role old", 1),
        ("delete", "version v1 of policy p", 1),
        ("update", "document of policy p", 1),
        ("create", f"attachment of policy p to {role('new')}", 2),
    ]
    made = preview(plan_policy(desired(), ObservedPolicy(ARN)).actions)
    assert [action.object for action in made.actions] == ["policy p"]


NAMES = st.lists(st.sampled_from("abcd"), unique=True)
REQUESTS = st.lists(st.sampled_from(["GET/a", "PUT/b", "GET/c/*"]), min_size=1, unique=True).map(sorted)


@given(st.lists(st.tuples(NAMES, REQUESTS), min_size=1, max_size=9))
def test_from_every_edit_to_every_other_the_account_follows_and_then_rests(
    edits: list[tuple[list[str], list[str]]],
) -> None:
    """Five versions are never overstepped, and no role holds more than before and after allow."""
    iam = FakeIam()
    for name in "abcd":
        iam.make_role(role(name))
    allowed_before: set[tuple[str, str]] = set()
    for roles, requests in edits:
        wanted = desired(*sorted(roles), requests=tuple(requests))
        allowed_after = {(name, request) for name in roles for request in requests}
        for action in plan_policy(wanted, iam.observe_policy(ARN, "/callers/")).actions:
            iam.apply(action)
            held = iam.policies[ARN]
            now = {(holder.removeprefix("role "), request) for holder in held.holders
                   for request in ("GET/a", "PUT/b", "GET/c/*") if f"/{request}\"" in held.document}  # fmt: skip
            assert now <= allowed_before | allowed_after
        assert plan_policy(wanted, iam.observe_policy(ARN, "/callers/")).empty
        allowed_before = allowed_after
    for action in plan_policy_removal(OWNER, iam.observe_policy(ARN, "/callers/")).actions:
        iam.apply(action)
    assert iam.policies == {}
