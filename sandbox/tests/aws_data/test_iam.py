"""AWS_IAM routes: who signed, whether IAM lets him, what goes on to the back end."""

import json
import random
from datetime import UTC, datetime
from urllib.parse import quote

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from oracleapi_sandbox.aws.data import outbound
from oracleapi_sandbox.aws.data.context import Context
from oracleapi_sandbox.aws.data.mapping import Scope
from oracleapi_sandbox.aws.data.request import Request
from oracleapi_sandbox.aws.data.settings import DataSettings, Target
from oracleapi_sandbox.aws.deployed import AccessLog, Integration, JwtAuthorizer, Route, Stage

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


API = "arn:aws:execute-api:eu-central-1:000000000000:THIS"


def allowing(*resources: str, effect: str = "Allow") -> dict[str, object]:
    """Return a principal of the page who may invoke *resources*; THIS in them is for :func:`entitle`."""
    statement = {"Effect": effect, "Action": "execute-api:Invoke", "Resource": list(resources)}
    return {"policies": [{"Version": "2012-10-17", "Statement": [statement]}]}


def entitle(gateway, **entry):
    """Make or change ann; returns her keys."""
    made = json.loads(json.dumps(entry).replace("THIS", gateway.api_id))
    return gateway.principals.merge({"ann": made})["ann"]


@pytest.fixture
def ann(gateway):
    """Return the keys of somebody who may GET everything."""
    gateway.deploy(Route("r1", "ANY /{proxy+}", gateway.integration(), "AWS_IAM"))
    yield entitle(gateway, **allowing(f"{API}/$default/GET/*"))
    gateway.principals.merge({"ann": None})


def sign(
    gateway, keys, path, *, method="GET", body=b"", service="execute-api", region="eu-central-1", late=0.0, **more
):
    """Return the headers that botocore's own signer puts on a request."""
    host = f"{gateway.api_id}.execute-api.localhost:{gateway.port}"
    request = AWSRequest(method, f"https://{host}{path}", headers={"Host": host, **more}, data=body)
    stamp = datetime.fromtimestamp(gateway.clock.now() + late, UTC).strftime("%Y%m%dT%H%M%SZ")
    request.context["timestamp"] = stamp
    signer = SigV4Auth(Credentials(keys["access_key_id"], keys["secret_access_key"]), service, region)
    request.headers["X-Amz-Date"] = stamp
    signed = signer.headers_to_sign(request)
    canonical = signer.canonical_request(request)
    signature = signer.signature(signer.string_to_sign(request, canonical), request)
    scope = f"{keys['access_key_id']}/{stamp[:8]}/{region}/{service}/aws4_request"
    authorization = (
        f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders={signer.signed_headers(signed)}, Signature={signature}"
    )
    return {**more, "X-Amz-Date": stamp, "Authorization": authorization}


@pytest.mark.parametrize("path", ["/s", "/s?b=2&a=1%202", "/a%2Fb/c%20d", "/s/~x", "/%C3%A9?empty="])
def test_a_signature_of_somebody_who_may_passes(gateway, ann, path):
    reply = gateway.call(path, headers=sign(gateway, ann, path))
    assert reply.status == 200, reply.body
    assert reply.echo.target == path


@pytest.mark.parametrize(
    "wrong",
    [
        {"service": "apigateway"},
        {"region": "eu-west-1"},
        {"late": -600.0},
        {"late": 600.0},
        {"method": "POST"},
        {"body": b"x"},
    ],
)
def test_what_was_signed_for_something_else_does_not_pass(gateway, ann, wrong):
    reply = gateway.call("/s", headers=sign(gateway, ann, "/s", **wrong))
    assert (reply.status, reply.message) == (403, "Forbidden")
    assert not gateway.backend.seen


def test_a_body_and_a_query_are_signed_with_the_rest(gateway, ann):
    entitle(gateway, **{**allowing(f"{API}/*"), **kept(ann)})
    headers = sign(gateway, ann, "/s?a=1", method="POST", body=b'{"x":1}')
    assert gateway.call("/s?a=1", method="POST", body=b'{"x":1}', headers=headers).status == 200
    assert gateway.call("/s?a=1", method="POST", body=b'{"x":2}', headers=headers).status == 403
    assert gateway.call("/s?a=2", method="POST", body=b'{"x":1}', headers=headers).status == 403


def kept(keys):
    return {name: keys[name] for name in ("access_key_id", "secret_access_key")}


@pytest.mark.parametrize(
    ("resources", "path", "passes"),
    [
        ((f"{API}/$default/GET/s",), "/s", True),
        ((f"{API}/$default/GET/s",), "/s/more", False),
        ((f"{API}/$default/GET/s/*",), "/s/1/2", True),
        ((f"{API}/$default/POST/s",), "/s", False),
        ((f"{API}/other/GET/s",), "/s", False),
        (("arn:aws:execute-api:eu-central-1:000000000000:b1/*",), "/s", False),
        ((), "/s", False),
    ],
)
def test_policies_decide_by_stage_method_and_the_path_that_is_asked_for(gateway, ann, resources, path, passes):
    entitle(gateway, **{**(allowing(*resources) if resources else {"policies": []}), **kept(ann)})
    assert (gateway.call(path, headers=sign(gateway, ann, path)).status == 200) == passes


def test_a_deny_wins(gateway, ann):
    deny = allowing(f"{API}/$default/GET/s", effect="Deny")["policies"]
    entitle(gateway, **{"policies": [*allowing(f"{API}/*")["policies"], *deny], **kept(ann)})
    assert gateway.call("/s", headers=sign(gateway, ann, "/s")).status == 403
    assert gateway.call("/t", headers=sign(gateway, ann, "/t")).status == 200


def test_nobody_of_another_account_passes_whatever_his_policies_say(gateway, ann):
    entitle(gateway, **{**allowing("*"), **kept(ann), "account_id": "111122223333"})
    assert gateway.call("/s", headers=sign(gateway, ann, "/s")).status == 403


def test_the_caller_s_arn_travels_in_a_header_and_the_log_with_text_and_the_route_key(gateway, ann):
    parameters = {"overwrite:header.X-OracleApi-Caller": "k3y ${context.identity.userArn} ${context.routeKey}"}
    integration = gateway.integration(request_parameters=parameters)
    log = AccessLog(
        "arn:aws:logs:eu-central-1:000000000000:log-group:calls",
        "$context.requestId $context.identity.userArn $context.identity.accountId",
    )
    gateway.deploy(Route("r1", "GET /s", integration, "AWS_IAM"), access_log=log)
    forged = {"X-OracleApi-Caller": "k3y arn:aws:iam::000000000000:user/root GET /s"}
    reply = gateway.call("/s", headers=sign(gateway, ann, "/s", **forged))
    assert reply.echo.all("x-oracleapi-caller") == ["k3y arn:aws:iam::000000000000:user/ann GET /s"]
    assert gateway.lines(1)[-1].endswith(" arn:aws:iam::000000000000:user/ann 000000000000")


@pytest.mark.parametrize("forward", [True, False])
def test_the_signature_goes_on_or_not_by_the_switch(gateway, ann, forward):
    gateway.settings.forward_authorization_of_iam = forward
    headers = sign(gateway, ann, "/s")
    assert gateway.call("/s", headers=headers).echo.all("authorization") == [headers["Authorization"]] * forward


def test_a_presigned_request_does_not_pass(gateway, ann):
    scope = quote(f"{ann['access_key_id']}/20270115/eu-central-1/execute-api/aws4_request", safe="")
    assert gateway.call(f"/s?X-Amz-Credential={scope}&X-Amz-Signature=00").status == 403


def test_garbage_in_a_signature_is_a_refusal_and_nothing_else(gateway, ann):
    good = sign(gateway, ann, "/s")
    dice = random.Random(7)  # noqa: S311 - which character changes is no secret
    for _ in range(300):
        headers = dict(good)
        name = dice.choice(list(headers))
        text = headers[name]
        at = dice.randrange(len(text))
        headers[name] = text[:at] + dice.choice(["", "é", ";", "=", "/", "x", "0", " ", ","]) + text[at + 1 :]
        if headers[name].split() == text.split():
            continue
        assert gateway.call("/s", headers=headers).status in (403, 400), headers
