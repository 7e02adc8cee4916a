"""Role sessions: trust, external id, the end by the driven clock, what the session may; keys of IAM users."""

import re
from typing import Any

import pytest

from oracleapi_sandbox.aws.access.principals import RootKey
from oracleapi_sandbox.aws.errors import AwsError
from oracleapi_sandbox.aws.wire import Reply

ROOT = RootKey("AKIAROOTROOTROOTROOT", "root-secret")
ROLE = "arn:aws:iam::123456789012:role/gw"
USER = "arn:aws:iam::123456789012:user/op"
READ = {"Statement": {"Effect": "Allow", "Action": "apigateway:GET", "Resource": "*"}}
MAY_ASSUME = {"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": ROLE}}
MAY_NOT = {"Statement": {"Effect": "Deny", "Action": "sts:AssumeRole", "Resource": "*"}}


def _trust(principal: str, **condition: str) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": principal}}
    return {"Statement": [statement | ({"Condition": {"StringEquals": condition}} if condition else {})]}


def _assume(house: Any, key: RootKey, token: str | None = None, **members: str) -> Reply:
    given = {"RoleArn": ROLE, "RoleSessionName": "operator", **members}
    reply: Reply = house.assume(house.caller(key), house.form(key, "sts", "AssumeRole", token, **given))
    return reply


def _session(house: Any, reply: Reply) -> tuple[RootKey, str]:
    key_id, secret, token = (
        re.findall(f"<{tag}>([^<]+)<", reply.body.decode())[0]
        for tag in ("AccessKeyId", "SecretAccessKey", "SessionToken")
    )
    return RootKey(key_id, secret), token


@pytest.mark.parametrize(
    ("trusted", "policies", "external", "passes"),
    [
        (USER, [], "x-1", True),
        (USER, [], None, False),
        (USER, [], "x-2", False),
        (USER, [MAY_NOT], "x-1", False),
        ("arn:aws:iam::123456789012:root", [], "x-1", False),
        ("arn:aws:iam::123456789012:root", [MAY_ASSUME], "x-1", True),
        ("arn:aws:iam::999999999999:root", [MAY_ASSUME], "x-1", False),
    ],
)
def test_who_may_assume(house: Any, trusted: str, policies: list[Any], external: str | None, passes: bool) -> None:
    """Trust by name suffices in one account, trust through the account needs a policy, the external id counts [D]."""
    house.iam.roles["gw"] = (_trust(trusted, **{"sts:ExternalId": "x-1"}), [READ])
    key = house.principal(*policies)
    members = {"ExternalId": external} if external else {}
    if passes:
        assert b"assumed-role/gw/operator" in _assume(house, key, **members).body
        return
    with pytest.raises(AwsError) as caught:
        _assume(house, key, **members)
    assert (caught.value.status, caught.value.code) == (403, "AccessDenied")
    assert caught.value.message == f"User: {USER} is not authorized to perform: sts:AssumeRole on resource: {ROLE}"


def test_a_role_that_is_not_there_is_denied_alike(house: Any) -> None:
    """[D]."""
    with pytest.raises(AwsError, match=f"sts:AssumeRole on resource: {ROLE}$"):
        _assume(house, house.principal(MAY_ASSUME))


def test_a_session_ends_by_the_driven_clock(house: Any) -> None:
    """Until then it may what the role may; then the token is expired, and the key stays known."""
    house.iam.roles["gw"] = (_trust(USER), [READ])
    key, token = _session(house, _assume(house, house.principal(), DurationSeconds="900"))
    request = house.request(key, token=token)
    caller = house.door.identify(request, house.settings)
    assert caller.arn == "arn:aws:sts::123456789012:assumed-role/gw/operator"
    house.gateway(caller, request, "GetApis")
    with pytest.raises(AwsError, match=f"User: {caller.arn} is not authorized to perform: apigateway:POST"):
        house.gateway(caller, house.request(key, method="POST", token=token), "CreateApi")
    house.clock.advance(899)
    house.door.identify(house.request(key, token=token), house.settings)
    house.clock.advance(1)
    for made, status, code in (
        (house.request(key, token=token), 403, "ExpiredTokenException"),
        (house.form(key, "sts", "GetCallerIdentity", token), 403, "ExpiredToken"),
    ):
        with pytest.raises(AwsError, match="The security token included in the request is expired") as caught:
            house.door.identify(made, house.settings)
        assert (caught.value.status, caught.value.code) == (status, code)


def test_a_session_needs_its_token(house: Any) -> None:
    """Without it the key is unknown [D]."""
    house.iam.roles["gw"] = (_trust(USER), [READ])
    key, _ = _session(house, _assume(house, house.principal()))
    with pytest.raises(AwsError, match="security token included in the request is invalid"):
        house.door.identify(house.request(key), house.settings)


@pytest.mark.parametrize(
    ("members", "part"),
    [
        ({"DurationSeconds": "899"}, "greater than or equal to 900"),
        ({"DurationSeconds": "3601"}, "exceeds the MaxSessionDuration set for this role"),
        ({"DurationSeconds": "43201"}, "less than or equal to 43200"),
        ({"RoleSessionName": "a b"}, "roleSessionName"),
    ],
)
def test_members_that_are_not_valid(house: Any, members: dict[str, str], part: str) -> None:
    """ValidationError [D]."""
    house.iam.roles["gw"] = (_trust(USER), [])
    with pytest.raises(AwsError, match=part) as caught:
        _assume(house, house.principal(), **members)
    assert (caught.value.status, caught.value.code) == (400, "ValidationError")


def test_a_chained_session_lasts_an_hour_at_most(house: Any) -> None:
    """Whatever the role allows [D]."""
    house.iam.roles["gw"] = (_trust("*"), [MAY_ASSUME])
    key, token = _session(house, _assume(house, ROOT))
    with pytest.raises(AwsError, match="1 hour session limit for roles assumed by role chaining"):
        _assume(house, key, token, DurationSeconds="7200")
    assert _session(house, _assume(house, key, token, DurationSeconds="3600"))


@pytest.mark.parametrize("members", [{"Policy": "{}"}, {"Tags.member.1.Key": "a"}])
def test_what_is_not_here(house: Any, members: dict[str, str]) -> None:
    """Session policies, tags, and the other ways to credentials say so by name."""
    house.iam.roles["gw"] = (_trust(USER), [])
    with pytest.raises(AwsError, match=next(iter(members))) as caught:
        _assume(house, house.principal(), **members)
    assert caught.value.status == 501
    with pytest.raises(AwsError, match="sts:GetSessionToken"):
        house.assume(house.caller(ROOT), house.form(ROOT, "sts", "GetSessionToken"))


def test_policies_of_iam_are_read_once_until_iam_changes(house: Any) -> None:
    """A change of IAM that goes by makes them be read anew."""
    house.iam.roles["gw"] = (_trust(USER), [READ])
    key, token = _session(house, _assume(house, house.principal()))
    request = house.request(key, token=token)
    caller = house.door.identify(request, house.settings)
    house.gateway(caller, request, "GetApis")
    asked = house.iam.asked
    house.gateway(caller, request, "GetApis")
    assert house.iam.asked == asked
    house.iam.roles["gw"] = (_trust(USER), [])
    changed = house.form(ROOT, "iam", "DeleteRolePolicy", RoleName="gw", PolicyName="0")
    house.directory.watch(changed, "DeleteRolePolicy", Reply(403, b"", ""))
    house.gateway(caller, request, "GetApis")
    house.directory.watch(changed, "DeleteRolePolicy", Reply(200, b"", ""))
    with pytest.raises(AwsError, match="apigateway:GET"):
        house.gateway(caller, request, "GetApis")


def test_keys_of_iam_users_are_learned_as_they_are_made(house: Any) -> None:
    """And go when they are made inactive or deleted."""
    body = b"<UserName>ann</UserName><AccessKeyId>AKIAANN</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
    created = house.form(ROOT, "iam", "CreateAccessKey", UserName="ann")
    house.directory.watch(created, "CreateAccessKey", Reply(200, body, "text/xml"))
    key = RootKey("AKIAANN", "s")

    def seen() -> str:
        try:
            return str(house.door.identify(house.request(key), house.settings).arn)
        except AwsError as error:
            return error.code

    here, gone = "arn:aws:iam::123456789012:user/ann", "UnrecognizedClientException"
    assert seen() == here
    for operation, members, after in (
        ("UpdateAccessKey", {"AccessKeyId": "AKIAANN", "Status": "Inactive"}, gone),
        ("UpdateAccessKey", {"AccessKeyId": "AKIAANN", "Status": "Active"}, here),
        ("DeleteAccessKey", {"AccessKeyId": "AKIAANN"}, gone),
    ):
        house.directory.watch(house.form(ROOT, "iam", operation, **members), operation, Reply(200, b"", ""))
        assert seen() == after
