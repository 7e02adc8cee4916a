"""AWS_IAM routes: nobody passes, and the header rule that signed requests will get."""

import pytest

from oracleapi_sandbox.aws.data import outbound
from oracleapi_sandbox.aws.data.context import Context
from oracleapi_sandbox.aws.data.mapping import Scope
from oracleapi_sandbox.aws.data.request import Request
from oracleapi_sandbox.aws.data.settings import DataSettings, Target
from oracleapi_sandbox.aws.deployed import Integration, JwtAuthorizer, Route, Stage

SIGNED = (
    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20271125/eu-central-1/execute-api/aws4_request, "
    "SignedHeaders=host;x-amz-date, Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
)


@pytest.mark.parametrize("kind", ["AWS_IAM", "CUSTOM", "", "none"])
@pytest.mark.parametrize("authorization", [None, SIGNED, "Bearer {token}"])
def test_a_route_of_another_kind_lets_nobody_pass(gateway, kind, authorization):
    issuer = gateway.issuer()
    authorizer = JwtAuthorizer("z1", "jwt", issuer.url, ("api",))
    gateway.deploy(Route("r1", "GET /s", gateway.integration(), kind, authorizer, ()))
    headers = {}
    if authorization:
        headers["Authorization"] = authorization.format(token=issuer.token(gateway.claims(issuer)))
    reply = gateway.call("/s", headers=headers)
    assert (reply.status, reply.message) == (403, "Forbidden")
    assert not gateway.backend.seen


def test_a_jwt_route_without_authorizer_lets_nobody_pass(gateway):
    gateway.deploy(Route("r1", "GET /s", gateway.integration(), "JWT", None, ()))
    assert gateway.call("/s").status == 403


@pytest.mark.parametrize(
    ("kind", "forward", "expected"),
    [("AWS_IAM", True, [SIGNED]), ("AWS_IAM", False, []), ("JWT", False, [SIGNED]), ("NONE", False, [SIGNED])],
)
def test_whether_the_signature_goes_on_to_the_back_end(kind, forward, expected):
    settings = DataSettings(targets={"arn": Target("h", 1)}, forward_authorization_of_iam=forward)
    integration = Integration("i", "arn", connection_type="VPC_LINK")
    route = Route("r", "GET /", integration, kind)
    request = Request("GET", "/", "", ((b"authorization", SIGNED.encode()),))
    stage = Stage("1", "r", "a", "$default", None, (route,))
    sent = outbound.build(stage, route, integration, Scope(request, "/", {}, {}, Context(request, 0)), settings)
    assert [value.decode() for name, value in sent.headers if name == b"authorization"] == expected
