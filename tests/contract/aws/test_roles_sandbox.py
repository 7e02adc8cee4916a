"""Roles and users of the emulated IAM at the door: external ids, sessions that end by the driven clock, policies."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

READ = {"Statement": [{"Effect": "Allow", "Action": "apigateway:GET", "Resource": "arn:aws:apigateway:*::/*"}]}


@pytest.fixture(autouse=True)
def _clean(contract: Any) -> Iterator[None]:
    contract.aws.sandbox("POST", "reset")
    yield
    contract.aws.sandbox("POST", "reset")
    contract.aws.sandbox("PUT", "principals", {"op": None})


def _principal(contract: Any, *policies: Any) -> tuple[str, str]:
    made = contract.aws.sandbox("PUT", "principals", {"op": {"policies": list(policies)}})["principals"]["op"]
    return made["access_key_id"], made["secret_access_key"]


def _role(contract: Any, trusted: str, policy: Any) -> str:
    """Make a role with an external id and a managed policy; return its ARN."""
    iam = contract.aws.client("iam")
    condition = {"StringEquals": {"sts:ExternalId": "x-1"}}
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": trusted}, "Condition": condition}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    role = iam.create_role(RoleName="gw", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    document = json.dumps({"Version": "2012-10-17", **policy})
    made = iam.create_policy(PolicyName="gw", PolicyDocument=document)["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="gw", PolicyArn=made)
    return str(role)


def test_a_role_is_assumed_used_and_expires(contract: Any) -> None:
    """From IAM's own calls to AccessDenied and ExpiredToken in the client."""
    key = _principal(contract)
    role = _role(contract, "arn:aws:iam::123456789012:user/op", READ)
    sts = contract.aws.client_as(*key, "sts")
    with contract.refused("AccessDenied", f"sts:AssumeRole on resource: {role}", status=403):
        sts.assume_role(RoleArn=role, RoleSessionName="operator", ExternalId="x-2")
    given = sts.assume_role(RoleArn=role, RoleSessionName="operator", ExternalId="x-1", DurationSeconds=900)
    keys = given["Credentials"]
    session = (keys["AccessKeyId"], keys["SecretAccessKey"])
    me = contract.aws.client_as(*session, "sts", keys["SessionToken"]).get_caller_identity()
    assert me["Arn"] == "arn:aws:sts::123456789012:assumed-role/gw/operator"
    gateway = contract.aws.client_as(*session, "apigatewayv2", keys["SessionToken"])
    assert gateway.get_apis()["Items"] == []
    denial = f"User: {me['Arn']} is not authorized to perform: apigateway:POST on resource: arn:aws:apigateway:"
    with contract.refused("AccessDeniedException", denial, status=403):
        gateway.create_api(Name="x", ProtocolType="HTTP")
    contract.aws.sandbox("POST", "clock", {"advance_seconds": 900})
    with contract.refused("ExpiredTokenException", "security token included in the request is expired", status=403):
        gateway.get_apis()
    again = sts.assume_role(RoleArn=role, RoleSessionName="operator", ExternalId="x-1")["Credentials"]
    fresh = (again["AccessKeyId"], again["SecretAccessKey"], "apigatewayv2", again["SessionToken"])
    assert contract.aws.client_as(*fresh).get_apis()["Items"] == []
    callers = [call["principal"] for call in contract.aws.sandbox("GET", "calls")["calls"]]
    assert callers[-1] == me["Arn"]


def test_a_policy_that_changes_counts_at_once(contract: Any) -> None:
    """In the sandbox; a real account takes a while [D: IAM is eventually consistent]."""
    key = _principal(contract)
    role = _role(contract, "*", READ)
    may = {"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": role}}
    key = _principal(contract, may)
    sts = contract.aws.client_as(*key, "sts")
    keys = sts.assume_role(RoleArn=role, RoleSessionName="operator", ExternalId="x-1")["Credentials"]
    session = (keys["AccessKeyId"], keys["SecretAccessKey"], "apigatewayv2", keys["SessionToken"])
    gateway = contract.aws.client_as(*session)
    gateway.get_apis()
    deny = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "apigateway:*", "Resource": "*"}]}
    contract.aws.client("iam").put_role_policy(RoleName="gw", PolicyName="no", PolicyDocument=json.dumps(deny))
    with contract.refused("AccessDeniedException", "with an explicit deny in an identity-based policy"):
        gateway.get_apis()


def test_a_user_of_iam(contract: Any) -> None:
    """Key, inline policy, and the key made inactive."""
    iam = contract.aws.client("iam")
    iam.create_user(UserName="ann")
    made = iam.create_access_key(UserName="ann")["AccessKey"]
    gateway = contract.aws.client_as(made["AccessKeyId"], made["SecretAccessKey"], "apigatewayv2")
    with contract.refused("AccessDeniedException", "user/ann is not authorized to perform: apigateway:GET"):
        gateway.get_apis()
    document = json.dumps({"Version": "2012-10-17", **READ})
    iam.put_user_policy(UserName="ann", PolicyName="read", PolicyDocument=document)
    assert gateway.get_apis()["Items"] == []
    iam.update_access_key(UserName="ann", AccessKeyId=made["AccessKeyId"], Status="Inactive")
    with contract.refused("UnrecognizedClientException"):
        gateway.get_apis()


def test_secrets_by_policy(contract: Any) -> None:
    """One ARN pattern opens one secret; another one, and one that is not there, are denied by name or ARN."""
    admin = contract.aws.client("secretsmanager")
    for name in ("db/hr", "db/sales"):
        admin.create_secret(Name=name, SecretString="x")
    resource = "arn:aws:secretsmanager:*:*:secret:db/hr-??????"
    policy = {"Statement": {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": resource}}
    secrets = contract.aws.client_as(*_principal(contract, policy), "secretsmanager")
    assert secrets.get_secret_value(SecretId="db/hr")["SecretString"] == "x"
    action = "is not authorized to perform: secretsmanager:GetSecretValue on resource: "
    with contract.refused("AccessDeniedException", f"{action}arn:aws:secretsmanager:", ":secret:db/sales-", status=400):
        secrets.get_secret_value(SecretId="db/sales")
    with contract.refused("AccessDeniedException", f"{action}db/none because", status=400):
        secrets.get_secret_value(SecretId="db/none")
    contract.aws.sandbox("PUT", "settings", {"missing_secret_is_denied": False})
    with contract.refused("ResourceNotFoundException", status=400):
        secrets.get_secret_value(SecretId="db/none")


def test_a_client_whose_clock_is_wrong(contract: Any) -> None:
    """Five minutes are let pass, more is told with both times [D]."""
    contract.aws.sandbox("PUT", "settings", {"signature_skew_seconds": 240})
    contract.gateway.get_apis()
    contract.aws.sandbox("PUT", "settings", {"signature_skew_seconds": 360})
    with contract.refused("InvalidSignatureException", "Signature expired: ", " - 5 min.)", status=403):
        contract.gateway.get_apis()
    contract.aws.client("sts").get_caller_identity()
