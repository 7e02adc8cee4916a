"""Signatures: what any account answers."""

from typing import Any

import boto3
import pytest

WRONG = "The request signature we calculated does not match the signature you provided"
UNKNOWN = "The security token included in the request is invalid"


@pytest.mark.parametrize(
    ("service", "call", "unknown", "wrong", "status"),
    [
        ("apigatewayv2", "get_apis", "UnrecognizedClientException", "InvalidSignatureException", 403),
        ("logs", "describe_log_groups", "UnrecognizedClientException", "InvalidSignatureException", 400),
        ("secretsmanager", "list_secrets", "UnrecognizedClientException", "InvalidSignatureException", 400),
        ("sts", "get_caller_identity", "InvalidClientTokenId", "SignatureDoesNotMatch", 403),
        ("iam", "list_roles", "InvalidClientTokenId", "SignatureDoesNotMatch", 403),
    ],
)
def test_keys_that_are_wrong(contract: Any, service: str, call: str, unknown: str, wrong: str, status: int) -> None:
    """An unknown key, and a known one with another secret: codes by protocol [D public error texts]."""
    nobody = contract.aws.client_as("AKIAAAAAAAAAAAAAAAAA", "x" * 40, service)
    with contract.refused(unknown, UNKNOWN, status=status):
        getattr(nobody, call)()
    known = contract.aws.addresses.get("access_key_id") or boto3.Session().get_credentials().access_key
    with contract.refused(wrong, WRONG, status=status):
        getattr(contract.aws.client_as(known, "x" * 40, service), call)()


def test_a_signature_covers_encoded_paths(contract: Any) -> None:
    """ARNs and route keys in a path, signed as the client wrote them [D]."""
    api = contract.api()
    contract.route(api, "GET /a~b/{id}")
    settings = {"GET /a~b/{id}": {"ThrottlingRateLimit": 1.0, "ThrottlingBurstLimit": 1}}
    contract.gateway.create_stage(ApiId=api, StageName="$default", RouteSettings=settings)
    contract.gateway.delete_route_settings(ApiId=api, StageName="$default", RouteKey="GET /a~b/{id}")
    region = contract.gateway.meta.region_name
    arn = f"arn:aws:apigateway:{region}::/apis/{api}"
    contract.gateway.tag_resource(ResourceArn=arn, Tags={"owner": "a+b c"})
    assert contract.gateway.get_api(ApiId=api)["Tags"]["owner"] == "a+b c"
