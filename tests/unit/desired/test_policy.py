"""The policy of a binding: name, document, size, whom it reaches, and what the others are told."""

import json
import re
from typing import Any

import boto3
import pytest

from oracleapi.api.awsaccount import Iam
from oracleapi.desired.policy import (
    Subjects,
    build_policy,
    check_exact,
    invoke_document,
    parse_subject,
    policy_name,
    sort_subjects,
)
from oracleapi.errors import Terminal
from oracleapi.model.gateway import GatewayRoute
from oracleapi.model.ownership import Owner
from oracleapi.model.policy import ApiStage, DesiredPolicy, parse_principal, partition_of

STAGE = ApiStage("aws", "eu-west-1", "123456789012", "a1b2c3")
START = "arn:aws:execute-api:eu-west-1:123456789012:a1b2c3/$default/"
MANAGED = Iam(manage_policies=True, attach_to_role_path="/callers/")
OWNER = Owner("cluster-1", "RoleBinding", "hr", "readers", "uid-1")
NOBODY = Subjects((), (), ())


def role(name: str, account: str = "123456789012", partition: str = "aws") -> str:
    return f"arn:{partition}:iam::{account}:role/{name}"


def subjects(*arns: str, iam: Iam = MANAGED) -> Subjects:
    found = [parse_subject(arn, "IamRole" if ":role/" in arn else "IamUser") for arn in arns]
    return sort_subjects(found, STAGE, iam)


def routes(*keys: str) -> list[GatewayRoute]:
    return [GatewayRoute(key, None, authorization="AWS_IAM") for key in keys]


def build(*bound: str, iam: Iam = MANAGED, **more: Any) -> DesiredPolicy:
    given: dict[str, Any] = {"routes": routes(*bound), "bound": bound, "subjects": NOBODY, "tags": {}} | more
    found = build_policy(OWNER, STAGE, given["routes"], given["bound"], given["subjects"], iam, given["tags"])
    assert found is not None
    return found


def test_a_policy_allows_to_invoke_and_nothing_else() -> None:
    found = build("GET /hr/employees", "GET /hr/employees/{id}", "PUT /hr/employees/{id}")
    assert json.loads(found.document) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "execute-api:Invoke",
                "Resource": [
                    f"{START}GET/hr/employees",
                    f"{START}GET/hr/employees/*",
                    f"{START}PUT/hr/employees/*",
                ],
            }
        ],
    }
    assert not re.search(r"\s", found.document)


def test_its_place_and_tags_follow_from_the_owner() -> None:
    found = build("GET /x", tags={"cost-centre": "42"})
    assert found.arn == f"arn:aws:iam::123456789012:policy/oracleapi/{found.name}"
    assert (found.owner, found.path) == ("cluster-1/RoleBinding/hr/readers", "/oracleapi/")
    assert found.tags == {
        "cost-centre": "42",
        "oracleapi.dev/owner": "cluster-1/RoleBinding/hr/readers",
        "oracleapi.dev/uid": "uid-1",
    }
    assert build("GET /x") == build("GET /x")
    assert found.attach_path == "/callers/"


def test_routes_in_any_order_and_twice_are_one_document() -> None:
    assert invoke_document(STAGE, routes("GET /a", "GET /b")) == invoke_document(
        STAGE, routes("GET /b", "GET /a", "GET /b")
    )


def test_what_another_arn_covers_is_left_out() -> None:
    found = build("GET /e/{id}", "GET /e/{id}/jobs", "GET /e/all")
    assert json.loads(found.document)["Statement"][0]["Resource"] == [f"{START}GET/e/*"]
    assert found.overlaps == ()


def test_routes_that_are_not_behind_iam_need_no_policy() -> None:
    jwt, public = GatewayRoute("GET /a", None, authorization="JWT"), GatewayRoute("GET /b", None)
    assert build_policy(OWNER, STAGE, [jwt, public], ["GET /a", "GET /b"], NOBODY, MANAGED, {}) is None
    found = build("GET /c", routes=[jwt, *routes("GET /c")], bound=["GET /a", "GET /c", "GET /gone"])
    assert json.loads(found.document)["Statement"][0]["Resource"] == [f"{START}GET/c"]


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_every_arn_is_of_the_partition(partition: str) -> None:
    stage = ApiStage(partition, "x", "123456789012", "a")
    mine = sort_subjects([parse_subject(role("callers/a", partition=partition), "IamRole")], stage, MANAGED)
    found = build_policy(OWNER, stage, routes("GET /a"), ["GET /a"], mine, MANAGED, {})
    assert found is not None
    arns = [found.arn, *found.roles, *json.loads(found.document)["Statement"][0]["Resource"]]
    assert {arn.split(":")[1] for arn in arns} == {partition}


def test_a_region_tells_its_partition() -> None:
    session = boto3.Session()
    known = [(name, part) for part in session.get_available_partitions()
             for name in session.get_available_regions("ec2", part)]  # fmt: skip
    assert len({part for _, part in known}) > 3
    assert [(name, partition_of(name)) for name, _ in known] == known


def test_names_are_short_different_and_always_the_same() -> None:
    longest = Owner("i" * 36, "RoleBinding", "n" * 63, "m" * 63)
    names = {
        policy_name(owner)
        for owner in (
            longest,
            Owner("i" * 36, "RoleBinding", "n" * 63, "m" * 62 + "x"),
            Owner("other", "RoleBinding", "n" * 63, "m" * 63),
            Owner("c", "RoleBinding", "a-b", "c"),
            Owner("c", "RoleBinding", "a", "b-c"),
        )
    }
    assert len({name.lower() for name in names}) == 5  # IAM compares names without case
    assert all(re.fullmatch(r"[\w+=,.@-]{1,128}", name) for name in names)
    assert len(policy_name(longest)) == 128
    assert policy_name(OWNER).startswith("oracleapi-hr-readers-")


def test_more_routes_than_a_policy_holds_are_refused_with_the_cure() -> None:
    fits = [f"GET /hr/v1/things-{number:03d}" for number in range(69)]
    assert len(build(*fits).document) <= 6144
    with pytest.raises(Terminal, match=r"has 6\d\d\d characters and IAM takes 6144; divide them") as caught:
        build(*fits, *(f"PUT /hr/v1/things-{number}" for number in range(10)))
    assert caught.value.reason == "InvalidSpec"
    assert "spec.routes: " in caught.value.message


def test_a_policy_may_have_as_many_characters_as_iam_takes() -> None:
    some = [f"GET /hr/v1/things-{number:03d}" for number in range(69)]
    room = 6144 - len(build(*some).document)
    assert len(build(*some[:-1], some[-1] + "x" * room).document) == 6144
    with pytest.raises(Terminal, match="has 6145 characters"):
        build(*some[:-1], some[-1] + "x" * (room + 1))


def test_roles_below_the_path_are_reached_and_nobody_else() -> None:
    user = "arn:aws:iam::123456789012:user/callers/ann"
    found = subjects(role("callers/a"), role("callers/hr/b"), role("a"), role("callers-x/c"), user)
    assert [each.arn for each in found.attached] == [role("callers/a"), role("callers/hr/b")]
    assert [each.arn for each in found.left] == [role("a"), role("callers-x/c"), user]
    assert found.foreign == ()


def test_principals_of_another_account_or_partition_are_told() -> None:
    other, china = role("callers/a", "210987654321"), role("callers/a", partition="aws-cn")
    found = subjects(other, china)
    assert [each.arn for each in found.foreign] == sorted([china, other])
    assert (found.attached, found.left) == ((), ())


@pytest.mark.parametrize("iam", [Iam(), Iam(manage_policies=True), Iam(attach_to_role_path="/callers/")])
def test_without_a_path_or_leave_nothing_is_attached(iam: Iam) -> None:
    found = subjects(role("callers/a"), iam=iam)
    assert (found.attached, len(found.left)) == ((), 1)
    assert build("GET /a", iam=iam, subjects=found).attach_path is None


def test_a_role_that_is_named_twice_is_one() -> None:
    assert len(subjects(role("callers/a"), role("callers/a")).attached) == 1


def test_a_path_that_is_everything_reaches_every_role() -> None:
    iam = Iam(manage_policies=True, attach_to_role_path="/")
    assert len(subjects(role("a"), role("x/y/b"), iam=iam).attached) == 2


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:sts::123456789012:assumed-role/a/session",
        "arn:aws:iam::123456789012:root",
        "arn:aws:iam::123456789012:group/a",
        "arn:aws:iam::12345678901:role/a",
        "arn:aws:iam::123456789012:role/",
        "arn:aws:iam::123456789012:role/a*",
        "arn:aws:iam::123456789012:role//a",
        "arn:aws:iam::123456789012:role/a\n",
        "arn:aws:iam::123456789012:role/callers /a",
        "arn:aws:iam::٠٢٣٤٥٦٧٨٩٠١٢:role/a",
        "arn:aws:iam::123456789012:role/" + "a" * 65,
        "*",
        "",
    ],
)
def test_what_is_no_role_is_refused(arn: str) -> None:
    assert parse_principal(arn) is None
    with pytest.raises(Terminal, match=r"spec\.subjects: .* is no ARN of a role") as caught:
        parse_subject(arn, "IamRole")
    assert caught.value.reason == "InvalidSpec"


def test_of_a_long_text_that_is_no_role_the_beginning_is_told() -> None:
    with pytest.raises(Terminal, match=f"spec.subjects: '{'x' * 128}' is no ARN"):
        parse_subject("x" * 200, "IamRole")


def test_a_user_is_no_role_and_the_other_way_round() -> None:
    user = "arn:aws:iam::123456789012:user/ann"
    assert str(parse_subject(user, "IamUser")) == "user ann"
    with pytest.raises(Terminal, match="no ARN of a role"):
        parse_subject(user, "IamRole")
    with pytest.raises(Terminal, match="no ARN of a user"):
        parse_subject(role("a"), "IamUser")


def test_what_is_opened_besides_is_refused_only_where_the_guard_lets_strangers_pass() -> None:
    both = routes("GET /e/{id}", "GET /e/{id}/jobs")
    wide = build("GET /e/{id}", routes=both, bound=["GET /e/{id}"])
    with pytest.raises(Terminal, match=r"variable of GET /e/\{id\} also stands for what GET /e/\{id\}/jobs serves"):
        check_exact(wide)
    check_exact(build("GET /e/{id}", "GET /e/{id}/jobs"))
