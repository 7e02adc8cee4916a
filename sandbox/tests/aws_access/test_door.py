"""May they: what calls ask for, AWS's words of denial, principals of the page."""

import dataclasses
from typing import Any

import pytest

from oracleapi_sandbox.aws.access.principals import PrincipalError, RootKey
from oracleapi_sandbox.aws.errors import AwsError

ROOT = RootKey("AKIAROOTROOTROOTROOT", "root-secret")
GATEWAY = "arn:aws:apigateway:eu-west-1::"


def _allow(*actions: str, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Statement": {"Effect": "Allow", "Action": list(actions), "Resource": resource, **more}}


def _asks(house: Any, key: RootKey, method: str, path: str, operation: str, body: bytes = b"", query: str = "") -> None:
    request = house.request(key, method=method, path=path, body=body, query=query)
    house.gateway(house.caller(key), request, operation)


def test_the_administrator_may_everything(house: Any) -> None:
    """Without a policy."""
    _asks(house, ROOT, "DELETE", "/v2/apis/a1", "DeleteApi")
    house.service(house.caller(ROOT), house.form(ROOT, "iam", "CreateUser"))


@pytest.mark.parametrize(
    ("method", "path", "resource"),
    [
        ("GET", "/v2/apis", "/apis"),
        ("PATCH", "/v2/apis/a1/routes/r1", "/apis/a1/routes/r1"),
        ("DELETE", "/v2/vpclinks/l1", "/vpclinks/l1"),
        (
            "POST",
            "/v2/tags/arn%3Aaws%3Aapigateway%3A%3A%3A%2Fapis%2Fa1",
            "/tags/arn%3Aaws%3Aapigateway%3A%3A%3A%2Fapis%2Fa1",
        ),
    ],
)
def test_api_gateway_names_verbs_and_paths(house: Any, method: str, path: str, resource: str) -> None:
    """``apigateway:VERB`` on the path without ``/v2`` and without an account [D]; the text is AWS's [D]."""
    key = house.principal(_allow(f"apigateway:{method}", resource=f"{GATEWAY}{resource}"))
    _asks(house, key, method, path, "Some")
    key = house.principal()
    with pytest.raises(AwsError) as caught:
        _asks(house, key, method, path, "Some")
    assert (caught.value.status, caught.value.code) == (403, "AccessDeniedException")
    assert caught.value.message == (
        f"User: arn:aws:iam::123456789012:user/op is not authorized to perform: apigateway:{method} on resource: "
        f"{GATEWAY}{resource} because no identity-based policy allows the apigateway:{method} action"
    )


def test_an_explicit_deny_says_so(house: Any) -> None:
    """[D text]."""
    deny = {"Statement": [{"Effect": "Deny", "Action": "apigateway:DELETE", "Resource": "*"}]}
    key = house.principal(_allow("*"), deny)
    with pytest.raises(AwsError, match=r"with an explicit deny in an identity-based policy$"):
        _asks(house, key, "DELETE", "/v2/apis/a1", "DeleteApi")


@pytest.mark.parametrize(
    ("needs", "action", "resource"),
    [
        ("TagResource", "apigateway:TagResource", f"{GATEWAY}/apis"),
        ("tags path", "apigateway:POST", f"{GATEWAY}/tags/"),
        ("nothing", None, None),
    ],
)
def test_creating_with_tags(house: Any, needs: Any, action: str | None, resource: str | None) -> None:
    """Three answers of public issues [U]; without tags nothing more is asked for."""
    house.settings = dataclasses.replace(house.settings, create_with_tags_needs=needs)
    create = _allow("apigateway:POST", resource=f"{GATEWAY}/apis")
    key = house.principal(create)
    _asks(house, key, "POST", "/v2/apis", "CreateApi", b'{"name": "x"}')
    body = b'{"name": "x", "tags": {"owner": "me"}}'
    if action is not None:
        with pytest.raises(AwsError, match=action):
            _asks(house, key, "POST", "/v2/apis", "CreateApi", body)
        key = house.principal(create, _allow(action, resource=resource))
    _asks(house, key, "POST", "/v2/apis", "CreateApi", body)


@pytest.mark.parametrize(
    ("path", "query", "body", "condition", "allowed"),
    [
        ("/v2/apis/a1", "", b"", {"StringEquals": {"aws:ResourceTag/team": "hr"}}, True),
        ("/v2/apis/a1/routes/r", "", b"", {"StringEquals": {"aws:ResourceTag/team": "hr"}}, True),
        ("/v2/apis/a2", "", b"", {"StringEquals": {"aws:ResourceTag/team": "hr"}}, False),
        (
            "/v2/tags/arn%3Aaws%3Aapigateway%3Aeu-west-1%3A%3A%2Fapis%2Fa1",
            "tagKeys=team",
            b"",
            {"StringEquals": {"aws:ResourceTag/team": "hr"}, "ForAllValues:StringEquals": {"aws:TagKeys": "team"}},
            True,
        ),
        ("/v2/vpclinks", "", b'{"tags": {"team": "hr"}}', {"StringEquals": {"aws:RequestTag/team": "hr"}}, True),
        ("/v2/vpclinks", "", b'{"tags": {"team": "it"}}', {"StringEquals": {"aws:RequestTag/team": "hr"}}, False),
    ],
)
def test_conditions_on_tags(house: Any, path: str, query: str, body: bytes, condition: Any, allowed: bool) -> None:
    """Tags of the request and of what the path leads to; children have those of their API [D for v1]."""
    key = house.principal(_allow("apigateway:*", Condition=condition))
    if allowed:
        _asks(house, key, "POST", path, "CreateVpcLink", body, query)
    else:
        with pytest.raises(AwsError, match="apigateway:POST"):
            _asks(house, key, "POST", path, "CreateVpcLink", body, query)


def test_access_logs_ask_for_log_delivery(house: Any) -> None:
    """Denied in the words of API Gateway, not of IAM [D]."""
    body = b'{"stageName": "x", "accessLogSettings": {"format": "y"}}'
    key = house.principal(_allow("apigateway:*"))
    _asks(house, key, "POST", "/v2/apis/a1/stages", "CreateStage", b'{"stageName": "x"}')
    with pytest.raises(AwsError, match=r"^Insufficient permissions to enable logging$") as caught:
        _asks(house, key, "POST", "/v2/apis/a1/stages", "CreateStage", body)
    assert (caught.value.status, caught.value.code) == (400, "BadRequestException")
    house.settings = dataclasses.replace(house.settings, access_logs_need_delivery_rights=False)
    _asks(house, key, "POST", "/v2/apis/a1/stages", "CreateStage", body)
    house.settings = dataclasses.replace(house.settings, access_logs_need_delivery_rights=True)
    more = _allow("logs:*LogDeliver*", "logs:PutResourcePolicy", "logs:DescribeResourcePolicies")
    key = house.principal(_allow("apigateway:*"), more)
    _asks(house, key, "POST", "/v2/apis/a1/stages", "CreateStage", body)


@pytest.mark.parametrize(
    ("service", "operation", "members", "action", "resource"),
    [
        (
            "logs",
            "CreateLogGroup",
            {"logGroupName": "/gw"},
            "logs:CreateLogGroup",
            "arn:aws:logs:eu-west-1:123456789012:log-group:/gw:log-stream:",
        ),
        (
            "secretsmanager",
            "GetSecretValue",
            {"SecretId": "db"},
            "secretsmanager:GetSecretValue",
            "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-abc123",
        ),
        ("secretsmanager", "GetSecretValue", {"SecretId": "none"}, "secretsmanager:GetSecretValue", "none"),
        ("monitoring", "GetMetricData", {}, "cloudwatch:GetMetricData", "*"),
    ],
)
def test_other_services(house: Any, service: str, operation: str, members: Any, action: str, resource: str) -> None:
    """By operation and ARN; json services deny with 400 [D]."""
    key = house.principal(_allow(action, resource=resource))
    house.service(house.caller(key), house.json(key, service, operation, **members))
    key = house.principal(_allow(action, resource=f"{resource}/other"))
    with pytest.raises(AwsError) as caught:
        house.service(house.caller(key), house.json(key, service, operation, **members))
    assert (caught.value.status, caught.value.code) == (400, "AccessDeniedException")
    assert f"{action} on resource: {resource} because" in caught.value.message


def test_a_missing_secret(house: Any) -> None:
    """Denied by its name, or left to the service to say [U]."""
    policy = _allow("secretsmanager:*", resource="arn:aws:secretsmanager:*")
    key = house.principal(policy)
    request = house.json(key, "secretsmanager", "GetSecretValue", SecretId="none")
    with pytest.raises(AwsError, match="on resource: none because"):
        house.service(house.caller(key), request)
    house.settings = dataclasses.replace(house.settings, missing_secret_is_denied=False)
    house.service(house.caller(key), request)


def test_the_name_of_a_missing_secret_in_a_condition(house: Any) -> None:
    """``secretsmanager:SecretId`` holds it, or is not there [U]; of a secret that is there it is the ARN."""
    wanted = {"StringLike": {"secretsmanager:SecretId": ["none", "arn:*:secret:db-*"]}}
    key = house.principal(_allow("secretsmanager:DescribeSecret", Condition=wanted))

    def ask(name: str) -> None:
        house.service(house.caller(key), house.json(key, "secretsmanager", "DescribeSecret", SecretId=name))

    for name in ("none", "db"):
        ask(name)
    house.settings = dataclasses.replace(house.settings, missing_secret_is_named=False)
    ask("db")
    with pytest.raises(AwsError, match="on resource: none because"):
        ask("none")


@pytest.mark.parametrize(
    ("condition", "allowed"),
    [
        ({"Null": {"secretsmanager:RecoveryWindowInDays": "false"}}, [{"RecoveryWindowInDays": 7}]),
        (
            {"BoolIfExists": {"secretsmanager:ForceDeleteWithoutRecovery": "false"}},
            [{}, {"RecoveryWindowInDays": 7}, {"ForceDeleteWithoutRecovery": False}],
        ),
    ],
)
def test_how_a_secret_may_be_deleted(house: Any, condition: Any, allowed: list[dict[str, Any]]) -> None:
    """By the members of the request [D]."""
    key = house.principal(_allow("secretsmanager:DeleteSecret", Condition=condition))
    for members in (
        {},
        {"RecoveryWindowInDays": 7},
        {"ForceDeleteWithoutRecovery": True},
        {"ForceDeleteWithoutRecovery": False},
    ):
        request = house.json(key, "secretsmanager", "DeleteSecret", SecretId="db", **members)
        if members in allowed:
            house.service(house.caller(key), request)
        else:
            with pytest.raises(AwsError, match="secretsmanager:DeleteSecret"):
                house.service(house.caller(key), request)


def test_query_services_deny_in_their_own_words(house: Any) -> None:
    """IAM: AccessDenied; EC2: UnauthorizedOperation without details [D]; who one is needs no permission [D]."""
    key = house.principal()
    caller = house.caller(key)
    for service, action, code in (
        ("iam", "GetRole", "AccessDenied"),
        ("ec2", "DescribeVpcs", "UnauthorizedOperation"),
    ):
        with pytest.raises(AwsError) as caught:
            house.service(caller, house.form(key, service, action, RoleName="r"))
        assert (caught.value.status, caught.value.code) == (403, code)
    house.service(caller, house.form(key, "sts", "GetCallerIdentity"))


def test_principals_keep_their_keys(house: Any) -> None:
    """A new policy changes no key; ``None`` removes; the page shows no secret."""
    first, second = house.principal(), house.principal(_allow("*"))
    assert first == second
    assert first.secret_access_key not in str(house.principals.show())
    house.principals.reset()
    assert house.principals.find(first.access_key_id) is not None
    house.principals.merge({"op": None})
    assert house.principals.find(first.access_key_id) is None


@pytest.mark.parametrize(
    ("entry", "part"),
    [
        ([], "policies"),
        ({"policies": {}}, "policies"),
        ({"policies": [], "role": "x"}, "role"),
        ({"policies": [{"Statement": [{"Effect": "Allow", "Action": "*"}]}]}, "Resource"),
        ({"policies": [], "access_key_id": "AKIAROOTROOTROOTROOT"}, "belongs to"),
        ({"policies": [], "secret_access_key": 7}, "strings"),
    ],
)
def test_wrong_principals_are_refused_whole(house: Any, entry: Any, part: str) -> None:
    """And the good one beside it is not made."""
    with pytest.raises(PrincipalError, match=part):
        house.principals.merge({"good": {"policies": []}, "bad": entry})
    assert house.principals.show() == {}
