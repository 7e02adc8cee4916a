"""AWS_IAM routes: who signed, whether IAM lets him, what goes on to the back end."""

import json
import random
from datetime import UTC, datetime
from itertools import count
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from oracleapi_sandbox.aws.access.principals import Caller, Key
from oracleapi_sandbox.aws.data import outbound
from oracleapi_sandbox.aws.data.context import Context
from oracleapi_sandbox.aws.data.mapping import Scope
from oracleapi_sandbox.aws.data.request import Request
from oracleapi_sandbox.aws.data.settings import DataSettings, Target
from oracleapi_sandbox.aws.deployed import AccessLog, Integration, JwtAuthorizer, Route, Stage, Throttle

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


def presign(gateway, keys, path, *, expires=60, late=0.0, token=None):
    """Return *path* with the query that botocore's own signer gives it."""
    host = f"{gateway.api_id}.execute-api.localhost:{gateway.port}"
    request = AWSRequest("GET", f"https://{host}{path}", headers={"Host": host})
    request.context["timestamp"] = datetime.fromtimestamp(gateway.clock.now() + late, UTC).strftime("%Y%m%dT%H%M%SZ")
    credentials = Credentials(keys["access_key_id"], keys["secret_access_key"], token)
    signer = SigV4QueryAuth(credentials, "execute-api", "eu-central-1", expires)
    signer._modify_request_before_signing(request)  # what add_auth does, at the time of the driven clock
    canonical = signer.canonical_request(request)
    signature = signer.signature(signer.string_to_sign(request, canonical), request)
    return f"{path.partition('?')[0]}?{urlsplit(request.url).query}&X-Amz-Signature={signature}"


@pytest.mark.parametrize("path", ["/s", "/s?b=2&a=1%202", "/a%2Fb/c%20d"])
def test_a_presigned_request_passes(gateway, ann, path):
    signed = presign(gateway, ann, path)
    assert gateway.call(signed).echo.target == signed


def test_a_presigned_request_ends_by_itself_and_with_the_tolerance(gateway, ann):
    statuses = [
        gateway.call(presign(gateway, ann, "/s", expires=expires, late=late)).status
        for expires, late in [(60, -59), (60, -61), (3600, -299), (3600, -301), (60, 301), (0, 0), (604_801, 0)]
    ]
    assert statuses == [200, 403, 200, 403, 403, 403, 403]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda signed: signed.replace("/s?", "/t?"),
        lambda signed: signed + "&a=1",
        lambda signed: signed + "&X-Amz-Expires=60",
        lambda signed: signed + "&" + signed.rpartition("&")[2],
        lambda signed: signed.rpartition("&")[0],
        lambda signed: signed.replace("X-Amz-Expires=60", "X-Amz-Expires=61"),
        lambda signed: signed.replace("X-Amz-Expires=60&", ""),
        lambda signed: signed.replace("SHA256", "SHA1"),
        lambda signed: signed.replace("execute-api", "s3"),
        lambda signed: signed.replace("X-Amz-SignedHeaders=host", "X-Amz-SignedHeaders=date"),
    ],
)
def test_a_spoilt_presigned_request_does_not_pass(gateway, ann, spoil):
    signed = presign(gateway, ann, "/s")
    assert spoil(signed) != signed
    reply = gateway.call(spoil(signed))
    assert (reply.status, reply.message) == (403, "Forbidden")
    assert not gateway.backend.seen


def test_a_request_that_is_signed_twice_does_not_pass(gateway, ann):
    signed = presign(gateway, ann, "/s")
    assert gateway.call(signed, headers=sign(gateway, ann, signed)).status == 403


def test_a_body_must_be_signed(gateway, ann):
    headers = sign(gateway, ann, "/s", **{"X-Amz-Content-Sha256": "UNSIGNED-PAYLOAD"})
    assert gateway.call("/s", headers=headers).status == 403


NUMBERS = count()


def document(*resources, effect="Allow"):
    return json.dumps(allowing(*resources, effect=effect)["policies"][0])


def known(gateway, kind, *, inline=(), managed=(), token=None, expires=None):
    """Put a user or a session of a role into IAM, with documents of policies; return caller and keys."""
    name = f"bob{next(NUMBERS)}"
    arn = f"arn:aws:iam::000000000000:{kind.lower()}/{name}"
    session = f"arn:aws:sts::000000000000:assumed-role/{name}/job"
    caller = Caller(kind, name, session, "AROA1:job", arn) if kind == "Role" else Caller(kind, name, arn, "AIDA1")
    answers = gateway.iam.answers
    answers[f"List{kind}Policies", name] = "".join(f"<member>p{at}</member>" for at, _ in enumerate(inline))
    answers[f"ListAttached{kind}Policies", name] = "".join(
        f"<PolicyArn>arn:{name}/{at}</PolicyArn>" for at, _ in enumerate(managed)
    )
    for at, text in enumerate(inline):
        written = text.replace("THIS", gateway.api_id)
        answers[f"Get{kind}Policy", f"{name} p{at}"] = f"<PolicyDocument>{written}</PolicyDocument>"
    for at, text in enumerate(managed):
        written = text.replace("THIS", gateway.api_id)
        answers["GetPolicy", f"arn:{name}/{at}"] = "<DefaultVersionId>v3</DefaultVersionId>"
        answers["GetPolicyVersion", f"arn:{name}/{at} v3"] = f"<Document>{written}</Document>"
    gateway.principals.add(Key(f"KEY{name}", "secret", caller, token, expires))
    return caller, {"access_key_id": f"KEY{name}", "secret_access_key": "secret"}


def deployed(gateway, *, secured=True):
    """Deploy a route whose back end is told of the caller."""
    parameters = {
        "append:header.x-arn": "$context.identity.userArn",
        "append:header.x-user": "${context.identity.user}/${context.identity.caller}",
        "append:header.x-org": "$context.identity.principalOrgId",
    }
    route = gateway.integration(request_parameters=parameters)
    gateway.deploy(Route("r1", "ANY /{proxy+}", route, "AWS_IAM" if secured else "NONE"))


@pytest.mark.parametrize("kind", ["User", "Role"])
@pytest.mark.parametrize("where", ["inline", "managed"])
def test_users_and_sessions_of_roles_pass_by_their_inline_and_managed_policies(gateway, kind, where):
    deployed(gateway)
    token = "t0ken" if kind == "Role" else None
    caller, keys = known(gateway, kind, token=token, **{where: [document(f"{API}/$default/GET/s")]})
    more = {"X-Amz-Security-Token": token} if token else {}
    echo = gateway.call("/s", headers=sign(gateway, keys, "/s", **more)).echo
    assert echo.all("x-arn") == [caller.arn]
    assert echo.all("x-user") == [f"{caller.user_id}/{caller.user_id}"]
    assert echo.all("x-org") == []
    assert gateway.call("/t", headers=sign(gateway, keys, "/t", **more)).status == 403
    assert gateway.call(presign(gateway, keys, "/s", token=token)).status == 200


def test_a_deny_in_a_managed_policy_wins_over_an_inline_allow(gateway):
    deployed(gateway)
    _, keys = known(gateway, "User", inline=[document("*")], managed=[document(f"{API}/*/GET/s", effect="Deny")])
    assert gateway.call("/s", headers=sign(gateway, keys, "/s")).status == 403
    assert gateway.call("/t", headers=sign(gateway, keys, "/t")).status == 200


def test_the_account_s_root_needs_no_policy(gateway):
    deployed(gateway)
    keys = {"access_key_id": "AKIAROOT", "secret_access_key": "root"}
    echo = gateway.call("/s", headers=sign(gateway, keys, "/s")).echo
    assert echo.all("x-arn") == ["arn:aws:iam::000000000000:root"]


def test_a_session_passes_with_its_token_until_it_ends(gateway):
    deployed(gateway)
    end = gateway.clock.now() + 900
    _, keys = known(gateway, "Role", inline=[document("*")], token="t0ken", expires=end)
    given = [{"X-Amz-Security-Token": "t0ken"}, {"X-Amz-Security-Token": "other"}, {}]
    assert [gateway.call("/s", headers=sign(gateway, keys, "/s", **more)).status for more in given] == [200, 403, 403]
    tokens = ("t0ken", "other", None)
    assert [gateway.call(presign(gateway, keys, "/s", token=token)).status for token in tokens] == [200, 403, 403]
    gateway.clock.advance(900)
    assert gateway.call("/s", headers=sign(gateway, keys, "/s", **given[0])).status == 403


def test_a_caller_of_a_public_route_is_nobody_even_if_he_signs(gateway, ann):
    deployed(gateway, secured=False)
    echo = gateway.call("/s", headers=sign(gateway, ann, "/s")).echo
    assert echo.all("x-arn") == []


LOG = AccessLog(
    "arn:aws:logs:eu-central-1:000000000000:log-group:calls",
    "$context.requestId|$context.status|$context.error.message|$context.error.responseType|"
    "$context.authorizer.error|$context.integration.status|$context.identity.userArn|$context.identity.cognitoIdentityId",
)


def test_the_log_says_why_nobody_passed(gateway, ann):
    gateway.deploy(Route("r1", "ANY /{proxy+}", gateway.integration(), "AWS_IAM"), access_log=LOG)
    foreign = {"access_key_id": "AKIANOBODY", "secret_access_key": "x"}
    gateway.call("/s")
    gateway.call("/s", headers=sign(gateway, ann, "/s", service="s3"))
    gateway.call("/s", headers=sign(gateway, foreign, "/s"))
    gateway.call("/t", headers=sign(gateway, ann, "/s"))
    gateway.call("/s", method="POST", headers=sign(gateway, ann, "/s", method="POST"))
    said = [
        "no signature",
        "signed for s3 in eu-central-1",
        "UnrecognizedClientException",
        "InvalidSignatureException",
        "IAM: implicit deny of execute-api:Invoke",
    ]
    lines = [line.partition("|")[2] for line in gateway.lines(5)]
    assert lines == [f"403|Forbidden|ACCESS_DENIED|{reason}|-|-|-" for reason in said]


@pytest.mark.parametrize(("first", "expected"), [(True, [403, 429]), (False, [403, 403])])
def test_whether_refused_callers_use_the_throttle_up(gateway, first, expected):
    gateway.settings.throttle_before_auth = first
    gateway.deploy(Route("r1", "GET /s", gateway.integration(), "AWS_IAM"), default_throttle=Throttle(1, 1))
    assert [gateway.call("/s").status for _ in expected] == expected


def test_garbage_in_a_presigned_query_is_a_refusal_and_nothing_else(gateway, ann):
    good = presign(gateway, ann, "/s?a=1")
    dice = random.Random(8)  # noqa: S311 - which character changes is no secret
    for _ in range(300):
        at = dice.randrange(len("/s?"), len(good))
        changed = good[:at] + dice.choice(["", "&", "=", "%", "%00", "%ff", "/", "+", "x", "0", ";"]) + good[at + 1 :]
        if changed != good:
            assert gateway.call(changed).status in (403, 400), changed


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
