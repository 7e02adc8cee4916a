"""One log line per answered request of a known stage, with nothing secret in it."""

import json

import pytest

from oracleapi_sandbox.aws.data.accesslog import render
from oracleapi_sandbox.aws.data.context import KNOWN, Context
from oracleapi_sandbox.aws.data.request import Request
from oracleapi_sandbox.aws.deployed import AccessLog, Route, Throttle

GROUP = "arn:aws:logs:eu-central-1:000000000000:log-group:calls"
SHORT = AccessLog(GROUP, "$context.requestId $context.status $context.routeKey $context.error.message")
EVERYTHING = AccessLog(GROUP, json.dumps({name: f"$context.{name}" for name in sorted(KNOWN)}))


def mapping(key, value):
    return {"request_parameters": {key: value}}


def test_the_line_of_an_answered_request(gateway):
    log = AccessLog(
        GROUP,
        '$context.identity.sourceIp - - "$context.httpMethod $context.path $context.protocol" $context.status '
        "$context.responseLength $context.requestId $context.extendedRequestId $context.stage $context.apiId "
        "$context.integration.status $context.integrationStatus $context.dataProcessed $context.error.message "
        "[$context.requestTime]",
    )
    gateway.deploy("POST /hr/{id}", stage_name="prod", access_log=log)
    gateway.backend.answer = (201, [], b"12345")
    reply = gateway.call("/prod/hr/7?secret=1", "POST", body=b"123")
    request_id = reply.header("apigw-requestid")
    (line,) = gateway.lines(1)
    head, _, time = line.rpartition(" [")
    assert head == (
        f'127.0.0.1 - - "POST /prod/hr/7 HTTP/1.1" 201 5 {request_id} {request_id} prod {gateway.api_id} 201 201 8 -'
    )
    assert time.endswith(" +0000]")
    assert gateway.logged[0][0] is log


def test_latencies_are_whole_milliseconds(gateway):
    log = AccessLog(
        GROUP, "$context.requestId $context.responseLatency $context.integrationLatency $context.integration.latency"
    )
    gateway.deploy("GET /x", access_log=log)
    gateway.call("/x")
    _, total, *inner = gateway.lines(1)[0].split()
    assert total.isdigit()
    assert all(value.isdigit() and int(value) <= int(total) for value in inner)


@pytest.mark.parametrize(
    ("target", "headers", "expected"),
    [
        ("/open", {}, "200 GET /open -"),
        ("/s", {}, "401 GET /s Unauthorized"),
        ("/iam", {}, "403 GET /iam Forbidden"),
        ("/none", {}, "404 - Not Found"),
        ("/busy", {}, "429 GET /busy Too Many Requests"),
        ("/dead", {}, "503 GET /dead Service Unavailable"),
        ("/wrong", {}, "500 GET /wrong Internal Server Error"),
    ],
)
def test_refusals_are_logged_too(gateway, target, headers, expected):
    gateway.secure(gateway.issuer())
    (secured,) = gateway.stages.find(gateway.api_id)
    gateway.deploy(
        *secured.routes,
        Route("r2", "GET /open", gateway.integration()),
        Route("r3", "GET /iam", gateway.integration(), "AWS_IAM"),
        Route("r4", "GET /busy", gateway.integration()),
        Route("r5", "GET /dead", gateway.integration(uri="nowhere")),
        Route("r6", "GET /wrong", gateway.integration(request_parameters={"overwrite:path": "$context.x"})),
        route_throttles={"GET /busy": Throttle(0, 0)},
        access_log=SHORT,
    )
    reply = gateway.call(target, headers=headers)
    (line,) = gateway.lines(1)
    assert line == f"{reply.header('apigw-requestid')} {expected}"


def test_a_body_that_is_too_large_is_logged(gateway):
    gateway.settings.update({"payload_limit_bytes": 10})
    gateway.deploy("POST /x", access_log=SHORT)
    assert gateway.call("/x", "POST", body=b"x" * 11).status == 413
    assert gateway.lines(1)[0].endswith("413 POST /x Request Entity Too Large")


def test_what_belongs_to_no_stage_is_not_logged(gateway):
    gateway.deploy("GET /x", access_log=SHORT, stage_name="prod")
    assert gateway.call("/x").status == 404
    assert gateway.call("/prod/x").status == 200
    assert len(gateway.lines(1)) == 1


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"exp": 1}, "invalid_token: the token has expired"),
        ({"aud": "x"}, "invalid_token: the token does not have a valid audience"),
        ({}, "insufficient_scope: the token does not contain required scopes"),
    ],
)
def test_the_authorizer_error_says_why(gateway, change, error):
    issuer = gateway.issuer()
    gateway.secure(issuer, "read")
    (secured,) = gateway.stages.find(gateway.api_id)
    log = AccessLog(GROUP, "$context.requestId|$context.authorizer.error|$context.authorizer.claims.sub")
    gateway.deploy(*secured.routes, access_log=log)
    gateway.bearer(issuer.token(gateway.claims(issuer, **change)))
    assert gateway.lines(1)[0].split("|")[1:] == [error, "-"]


def test_claims_of_a_caller_who_passed(gateway):
    issuer = gateway.issuer()
    gateway.secure(issuer)
    (secured,) = gateway.stages.find(gateway.api_id)
    log = AccessLog(GROUP, "$context.requestId $context.authorizer.claims.sub $context.authorizer.claims.groups")
    gateway.deploy(*secured.routes, access_log=log)
    gateway.bearer(issuer.token(gateway.claims(issuer, groups=["a", "b"])))
    assert gateway.lines(1)[0].split(" ", 1)[1] == "ann [a b]"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"uri": "nowhere"}, "no healthy target behind the listener"),
        ({"connection_id": "gone"}, "the VPC link is missing"),
        (
            {"request_parameters": {"overwrite:header.k": "s3cret ${context.nope}"}},
            "invalid mapping expression in overwrite:header.k",
        ),
        ({"request_parameters": {"append:header.host": "s3cret"}}, "the request is not valid HTTP"),
        (
            {"request_parameters": {"overwrite:header.k": "s3cret\r\nx: y"}},
            "the mapped value holds a control character",
        ),
        ({"tls": True, "server_name_to_verify": "x"}, None),
    ],
)
def test_the_integration_error_says_why_without_the_mapped_value(gateway, changes, error):
    log = AccessLog(GROUP, "$context.integration.error|$context.integrationErrorMessage|$context.requestId")
    gateway.deploy(Route("r1", "GET /x", gateway.integration(**changes)), access_log=log)
    assert gateway.call("/x").status in (500, 503)
    shown = gateway.lines(1)[0].split("|")
    assert shown[0] == shown[1] != "-"
    assert error is None or shown[0] == error
    assert "s3cret" not in gateway.lines(1)[0]


def test_no_variable_holds_a_token_or_a_secret(gateway):
    """All variables at once, a token in header and query string, on all ways out."""
    issuer = gateway.issuer()
    gateway.secure(issuer, source="$request.querystring.token")
    (secured,) = gateway.stages.find(gateway.api_id)
    mapped = gateway.integration(request_parameters={"overwrite:header.x-key": "s3cret"})
    gateway.deploy(*secured.routes, Route("r9", "GET /open", mapped), access_log=EVERYTHING)
    good, bad = issuer.token(gateway.claims(issuer)), issuer.token(gateway.claims(issuer, exp=1))
    for target in (f"/s?token={good}", f"/s?token={bad}", f"/open?token={good}", f"/none?token={good}"):
        gateway.call(target, headers={"Authorization": f"Bearer {good}", "Cookie": "session=s3cret"})
    for line in gateway.lines(4):
        assert set(json.loads(line)) == KNOWN
        assert not any(secret in line for secret in (good, bad, good.split(".")[2], "s3cret"))


# --- rendering -------------------------------------------------------------------------------------------------------


def rendered(log_format: str, user_agent: bytes = b"", escape: bool = True, **facts: object) -> str:
    request = Request("GET", "/x", "", ((b"user-agent", user_agent),) if user_agent else ())
    return render(log_format, Context(request, 0, **facts), escape=escape)


@pytest.mark.parametrize(
    ("log_format", "expected"),
    [
        ("$context.nothing", "-"),
        ("$context.authorizer.claims", "-"),
        ("$context.authorizer.claims.cognito:groups", "-:groups"),
        ("$context.stage.", "-."),
        ("$context.httpMethod$context.path", "GET/x"),
        ("$context", "$context"),
        ("context.path $request.path", "context.path $request.path"),
        ("$context.httpMethodX", "-"),
        ("a\nb", "a b"),
        ("$context.identity.userAgent", "-"),
        ("$context.error.messageString", "-"),
    ],
)
def test_rendering(log_format, expected):
    assert rendered(log_format) == expected


@pytest.mark.parametrize(
    ("escape", "expected"),
    [(True, 'ua=\\"x\\", \\"status\\": \\"200\\\\'), (False, 'ua="x", "status": "200\\')],
)
def test_quotes_are_escaped_with_the_switch(escape, expected):
    agent = b'"x", "status": "200\\'
    assert rendered("ua=$context.identity.userAgent", agent, escape) == expected


@pytest.mark.parametrize("escape", [True, False])
def test_a_value_never_starts_a_line(escape):
    line = rendered("$context.authorizer.claims.a|", escape=escape, claims={"a": "x\ny\u2028z\x00\x85\ud800"})
    assert line == "x\\u000ay\\u2028z\\u0000\\u0085\\ud800|"


def test_a_value_is_not_expanded_again():
    assert rendered("$context.authorizer.claims.a", claims={"a": "$context.path"}) == "$context.path"
