"""Policies evaluated: Allow, Deny, wildcards, conditions, trust."""

from typing import Any

import pytest

from oracleapi_sandbox.aws.access.policies import Asked, PolicyError, check, evaluate, trusts

APIS = "arn:aws:apigateway:eu-west-1::/apis"


def _policy(**statement: Any) -> dict[str, Any]:
    given = {"Effect": "Allow", "Action": "apigateway:GET", "Resource": f"{APIS}/*", **statement}
    return {"Version": "2012-10-17", "Statement": [{k: v for k, v in given.items() if v is not None}]}


@pytest.mark.parametrize(
    ("statement", "action", "resource", "decision"),
    [
        ({}, "apigateway:GET", f"{APIS}/a1", "allowed"),
        ({}, "apigateway:GET", f"{APIS}/a1/routes/r", "allowed"),
        ({}, "apigateway:GET", APIS, "implicit deny"),
        ({}, "apigateway:PATCH", f"{APIS}/a1", "implicit deny"),
        ({"Action": "APIGATEWAY:get"}, "apigateway:GET", f"{APIS}/a1", "allowed"),
        ({"Action": ["apigateway:P*"]}, "apigateway:PATCH", f"{APIS}/a1", "allowed"),
        ({"Action": "*"}, "logs:CreateLogGroup", f"{APIS}/a1", "allowed"),
        ({"Resource": [f"{APIS}/??"]}, "apigateway:GET", f"{APIS}/a1", "allowed"),
        ({"Resource": [f"{APIS}/?"]}, "apigateway:GET", f"{APIS}/a1", "implicit deny"),
        ({"Resource": f"{APIS}.a1"}, "apigateway:GET", f"{APIS}/a1", "implicit deny"),
        ({"Resource": None, "NotResource": f"{APIS}/a1"}, "apigateway:GET", f"{APIS}/a2", "allowed"),
        ({"Resource": None, "NotResource": f"{APIS}/a1"}, "apigateway:GET", f"{APIS}/a1", "implicit deny"),
        ({"Action": None, "NotAction": "apigateway:DELETE"}, "apigateway:GET", f"{APIS}/a1", "allowed"),
        ({"Action": None, "NotAction": "apigateway:DELETE"}, "apigateway:DELETE", f"{APIS}/a1", "implicit deny"),
    ],
)
def test_one_statement(statement: dict[str, Any], action: str, resource: str, decision: str) -> None:
    """Actions ignore case, resources do not; ``*`` crosses slashes, ``?`` is one character [D]."""
    assert evaluate([_policy(**statement)], Asked(action, resource)) == decision


def test_a_deny_wins_wherever_it_stands() -> None:
    """And nothing is allowed by nothing."""
    asked = Asked("apigateway:GET", f"{APIS}/a1")
    deny = _policy(Effect="Deny")
    assert evaluate([deny, _policy()], asked) == evaluate([_policy(), deny], asked) == "explicit deny"
    assert evaluate([], asked) == "implicit deny"


@pytest.mark.parametrize(
    ("condition", "keys", "holds"),
    [
        ({"StringEquals": {"aws:ResourceTag/team": "hr"}}, {"aws:resourcetag/team": ("hr",)}, True),
        ({"StringEquals": {"aws:ResourceTag/team": ["it", "hr"]}}, {"aws:resourcetag/team": ("hr",)}, True),
        ({"StringEquals": {"aws:ResourceTag/team": "hr"}}, {"aws:resourcetag/team": ("HR",)}, False),
        ({"StringEquals": {"aws:ResourceTag/team": "hr"}}, {}, False),
        ({"StringEqualsIfExists": {"aws:ResourceTag/team": "hr"}}, {}, True),
        ({"StringNotEquals": {"aws:ResourceTag/team": "hr"}}, {}, True),
        ({"StringNotEquals": {"aws:ResourceTag/team": ["hr", "it"]}}, {"aws:resourcetag/team": ("it",)}, False),
        ({"StringLike": {"aws:RequestTag/owner": "team-*"}}, {"aws:requesttag/owner": ("team-1",)}, True),
        ({"Null": {"aws:RequestTag/owner": "false"}}, {}, False),
        ({"Null": {"aws:RequestTag/owner": True}}, {}, True),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}, {"aws:tagkeys": ("a", "c")}, False),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}, {}, True),
        ({"ForAnyValue:StringEquals": {"aws:TagKeys": ["a"]}}, {"aws:tagkeys": ("a", "c")}, True),
        (
            {"ArnLike": {"aws:PrincipalArn": "arn:*:role/op*"}},
            {"aws:principalarn": ("arn:aws:iam::1:role/op-1",)},
            True,
        ),
        (
            {"StringEquals": {"aws:RequestTag/owner": "${aws:PrincipalArn}"}},
            {"aws:requesttag/owner": ("me",), "aws:principalarn": ("me",)},
            True,
        ),
        (
            {"StringEquals": {"aws:ResourceTag/a": "1"}, "StringLike": {"aws:ResourceTag/b": "*"}},
            {"aws:resourcetag/a": ("1",)},
            False,
        ),
    ],
)
def test_conditions(condition: dict[str, Any], keys: dict[str, tuple[str, ...]], holds: bool) -> None:
    """Every operator and key must hold; values are alternatives [D]."""
    found = evaluate([_policy(Condition=condition)], Asked("apigateway:GET", f"{APIS}/a1", keys))
    assert found == ("allowed" if holds else "implicit deny")


@pytest.mark.parametrize(
    ("principal", "external", "found"),
    [
        ({"AWS": "arn:aws:iam::1:user/op"}, "x-1", ("allowed", True)),
        ({"AWS": ["arn:aws:iam::1:user/other", "arn:aws:iam::1:user/op"]}, "x-1", ("allowed", True)),
        ({"AWS": "1"}, "x-1", ("allowed", False)),
        ({"AWS": "arn:aws:iam::1:root"}, "x-1", ("allowed", False)),
        ("*", "x-1", ("allowed", False)),
        ({"AWS": "arn:aws:iam::1:user/other"}, "x-1", ("implicit deny", False)),
        ({"Service": "ec2.amazonaws.com"}, "x-1", ("implicit deny", False)),
        ({"AWS": "arn:aws:iam::1:user/op"}, "x-2", ("implicit deny", False)),
        ({"AWS": "arn:aws:iam::1:user/op"}, None, ("implicit deny", False)),
    ],
)
def test_trust(principal: Any, external: str | None, found: tuple[str, bool]) -> None:
    """By name, through the account, and only with the external id [D]."""
    condition = {"StringEquals": {"sts:ExternalId": "x-1"}}
    policy = _policy(Action="sts:AssumeRole", Principal=principal, Resource=None, Condition=condition)
    keys = {"sts:externalid": (external,)} if external else {}
    asked = Asked("sts:AssumeRole", "arn:aws:iam::1:role/r", keys)
    assert trusts(policy, {"arn:aws:iam::1:user/op"}, "1", asked) == found


@pytest.mark.parametrize(
    ("policy", "part"),
    [
        ([], "Statement"),
        ({}, "Statement"),
        (_policy(Effect="Maybe"), "Effect"),
        (_policy(NotAction="x"), "Action"),
        (_policy(Resource=None), "Resource"),
        (_policy(Actions="x"), "Actions"),
        (_policy(Condition={"NumericLessThan": {"a": "1"}}), "NumericLessThan"),
        (_policy(Condition={"Some:StringEquals": {"a": "1"}}), "Some:StringEquals"),
    ],
)
def test_what_cannot_be_read_whole_is_refused(policy: Any, part: str) -> None:
    """The text names the element."""
    with pytest.raises(PolicyError, match=part):
        check(policy)
