"""Parameter mapping: the language, and what reaches the back end."""

import json

import pytest

from oracleapi_sandbox.aws.data.context import Context, claim_text
from oracleapi_sandbox.aws.data.mapping import MappingError, Scope, check_parameters, evaluate, parse_value
from oracleapi_sandbox.aws.data.request import Request

BODY = {"id": 7, "name": "x", "deep": {"list": [{"a": "first"}, 2]}, "none": None, "yes": True}


def scope(body: bytes = json.dumps(BODY).encode()) -> Scope:
    headers = ((b"x-a", b"1"), (b"X-A", b"2"), (b"host", b"abc.execute-api.localhost:1"), (b"user-agent", b"tests"))
    request = Request("GET", "/prod/hr/7", "q=a%20b&q=c&Q=d&e=", headers, body, "10.0.0.9")
    claims = {
        "sub": "ann",
        "groups": ["a", None, "b c"],
        "n": 5,
        "o": {"k": [1]},
        "gone": None,
        "yes": True,
        "a.b": "d",
    }
    context = Context(
        request, 1_800_000_000.0, "id=", "111", "abc", "prod", "GET /hr/{id}", claims={**claims, "a.b": "d"}
    )
    return Scope(request, "/hr/7", {"id": "7", "proxy": "a/b%20c"}, {"v": "stage-v"}, context)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("static text", "static text"),
        ("costs $5 or $five", "costs $5 or $five"),
        ("$request.header.x-a", "1,2"),
        ("$request.header.X-A", "1,2"),
        ("$request.header.nope", None),
        ("$request.querystring.q", "a b,c"),
        ("$request.querystring.Q", "d"),
        ("$request.querystring.e", ""),
        ("$request.path", "/hr/7"),
        ("$request.path.id", "7"),
        ("$request.path.proxy", "a/b%20c"),
        ("/ords/$request.path.id/x", "/ords/7/x"),
        ("/ords/x$request.path", "/ords/x/hr/7"),
        ("/${request.path.id}:${request.path.proxy}!", "/7:a/b%20c!"),
        ("${request.header.nope}", None),
        ("a${request.header.nope}b", "ab"),
        ("${request.header.nope}${request.path.none}", None),
        ("$request.body.id", "7"),
        ("$request.body.name", "x"),
        ("$request.body.deep.list[0].a", "first"),
        ("$request.body.deep.list[1]", "2"),
        ("$request.body.deep", '{"list":[{"a":"first"},2]}'),
        ("$request.body.none", None),
        ("$request.body.yes", "true"),
        ("$request.body.name.deeper", None),
        ("$request.body.deep.list[9]", None),
        ("$stageVariables.v", "stage-v"),
        ("$stageVariables.w", None),
        ("$context.requestId", "id="),
        ("$context.extendedRequestId", "id="),
        ("$context.routeKey", "GET /hr/{id}"),
        ("$context.identity.sourceIp", "10.0.0.9"),
        ("$context.identity.userAgent", "tests"),
        ("$context.identity.userArn", None),
        ("$context.domainName", "abc.execute-api.localhost"),
        ("$context.domainPrefix", "abc"),
        ("$context.apiId", "abc"),
        ("$context.accountId", "111"),
        ("$context.stage", "prod"),
        ("$context.path", "/prod/hr/7"),
        ("$context.httpMethod", "GET"),
        ("$context.protocol", "HTTP/1.1"),
        ("$context.requestTime", "15/Jan/2027:08:00:00 +0000"),
        ("$context.requestTimeEpoch", "1800000000"),
        ("$context.status", None),
        ("$context.authorizer.claims", None),
        ("$context.authorizer.claims.sub", "ann"),
        ("$context.authorizer.claims.groups", "[a b c]"),
        ("$context.authorizer.claims.n", "5"),
        ("$context.authorizer.claims.o", '{"k":[1]}'),
        ("$context.authorizer.claims.gone", None),
        ("$context.authorizer.claims.yes", "true"),
        ("$context.authorizer.claims.a.b", "d"),
        ("key ${context.authorizer.claims.sub} ${context.routeKey}", "key ann GET /hr/{id}"),
    ],
)
def test_values(value, expected):
    assert evaluate(parse_value(value), scope()) == expected


@pytest.mark.parametrize(
    ("body", "value", "expected"),
    [
        (b"", "$request.body", None),
        (b"a\xffb", "$request.body", "a\udcffb"),
        (b"{", "$request.body.a", None),
        (b"[" * 200_000, "$request.body[0]", None),
        (b"[[1]]", "$request.body[0][0]", "1"),
        (b'{"a": "x", "b": "' + b"y" * 100 * 1024 + b'"}', "$request.body.a", None),
    ],
)
def test_bodies(body, value, expected):
    assert evaluate(parse_value(value), scope(body)) == expected


@pytest.mark.parametrize(
    "value",
    [
        "$context.authorizer.claims.cognito:groups",
        "${context.authorizer.claims.cognito:groups}",
        "${context.authorizer.claims.https://x/y}",
        "$context.nothing",
        "$context",
        "$request.foo",
        "$request.body..a",
        "$request.body.a[*]",
        "${request.path.}",
        "${}",
        "$stageVariables.a-b",
        "$request.header.host:8443",
    ],
)
def test_what_is_not_of_the_language(value):
    with pytest.raises(MappingError, match="Invalid mapping expression specified"):
        parse_value(value)


@pytest.mark.parametrize(
    "name",
    [
        "Access-Control-Allow-Origin",
        "apigw-x",
        "Authorization",
        "Connection",
        "Content-Encoding",
        "Content-Length",
        "Content-Location",
        "Forwarded",
        "Keep-Alive",
        "Origin",
        "Proxy-Authenticate",
        "Proxy-Authorization",
        "TE",
        "Trailers",
        "Transfer-Encoding",
        "Upgrade",
        "x-amz-date",
        "x-amzn-x",
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "X-Forwarded-Proto",
        "Via",
    ],
)
@pytest.mark.parametrize("action", ["append", "overwrite", "remove"])
def test_reserved_headers(action, name):
    with pytest.raises(MappingError, match="restricted"):
        check_parameters({f"{action}:header.{name}": "" if action == "remove" else "x"})


@pytest.mark.parametrize(
    "parameters",
    [
        {"append:path": "/x"},
        {"overwrite:body": "x"},
        {"overwrite:header": "x"},
        {"overwrite:header.a b": "x"},
        {"set:header.a": "x"},
        {"Overwrite:header.a": "x"},
        {"remove:header.a": "x"},
        {"overwrite:path ": "x"},
    ],
)
def test_what_is_no_mapping_key(parameters):
    with pytest.raises(MappingError):
        check_parameters(parameters)


def test_a_good_map_passes():
    check_parameters({"overwrite:header.Host": "x", "remove:querystring.a": "", "overwrite:path": "/x$request.path"})


def test_a_text_claim_that_looks_like_an_array_stays_what_it_is():
    assert claim_text("[a b]") == "[a b]"
    assert claim_text([["a", 1.5], {"b": "ü"}, False]) == '[[a 1.5] {"b":"ü"} false]'


# --- over the wire ---------------------------------------------------------------------------------------------------


def test_the_callers_copies_of_an_overwritten_header_vanish(gateway):
    gateway.deploy_mapped({"overwrite:header.X-Caller": "key ${context.routeKey}"}, "GET /x")
    echo = gateway.call("/x", headers=[("x-caller", "a"), ("X-CALLER", "b"), ("x-other", "c")]).echo
    assert (echo.all("x-caller"), echo.all("x-other")) == (["key GET /x"], ["c"])


def test_connection_does_not_take_a_mapped_header_away(gateway):
    gateway.deploy_mapped({"overwrite:header.X-Caller": "key"}, "GET /x")
    headers = [("Connection", "x-caller, x-mine"), ("x-caller", "a"), ("x-mine", "b")]
    echo = gateway.call("/x", headers=headers).echo
    assert (echo.all("x-caller"), echo.all("x-mine"), echo.all("connection")) == (["key"], [], [])


def test_append_adds_and_remove_takes_all(gateway):
    gateway.deploy_mapped({"append:header.x-a": "2", "remove:header.X-B": ""}, "GET /x")
    echo = gateway.call("/x", headers=[("x-a", "1"), ("x-b", "1"), ("X-b", "2")]).echo
    assert (echo.all("x-a"), echo.all("x-b")) == (["1", "2"], [])


def test_values_come_from_the_callers_request_whatever_is_changed(gateway):
    mapping = {
        "overwrite:header.x-a": "$request.header.x-b",
        "overwrite:header.x-b": "$request.header.x-a",
        "remove:header.x-c": "",
        "append:header.x-c": "$request.header.x-c",
    }
    gateway.deploy_mapped(mapping, "GET /x")
    echo = gateway.call("/x", headers={"x-a": "1", "x-b": "2", "x-c": "3"}).echo
    assert (echo.all("x-a"), echo.all("x-b"), echo.all("x-c")) == (["2"], ["1"], ["3"])


@pytest.mark.parametrize(
    ("mapping", "query", "expected"),
    [
        ({"append:querystring.a": "x y&z"}, "?a=1", "?a=1&a=x%20y%26z"),
        ({"overwrite:querystring.a": "9"}, "?a=1&b=%2F&%61=2", "?b=%2F&a=9"),
        ({"overwrite:querystring.a": "9"}, "?A=1", "?A=1&a=9"),
        ({"remove:querystring.a": ""}, "?a=1&ab=2&a", "?ab=2"),
        ({"remove:querystring.a": ""}, "?a=1", ""),
        ({"overwrite:querystring.a": "$request.header.none"}, "?a=1", ""),
    ],
)
def test_query_strings(gateway, mapping, query, expected):
    gateway.deploy_mapped(mapping, "GET /x")
    assert gateway.call(f"/x{query}").echo.target == f"/x{expected}"


def test_the_request_id_is_the_one_the_caller_gets(gateway):
    gateway.deploy_mapped({"overwrite:header.x-id": "$context.requestId"}, "GET /x")
    reply = gateway.call("/x", headers={"x-id": "mine", "apigw-requestid": "mine"})
    assert reply.echo.all("x-id") == [reply.header("apigw-requestid")]


def test_claims_reach_the_back_end(gateway):
    issuer = gateway.issuer()
    mapping = {"overwrite__header__x_sub".replace("_sub", "-sub"): "$context.authorizer.claims.sub"}
    gateway.secure(issuer, **mapping, **{"overwrite__header__x-groups": "$context.authorizer.claims.groups"})
    token = issuer.token(gateway.claims(issuer, groups=["r d", "ops"]))
    echo = gateway.call("/s", headers={"Authorization": f"Bearer {token}", "x-sub": "root"}).echo
    assert (echo.all("x-sub"), echo.all("x-groups")) == (["ann"], ["[r d ops]"])


@pytest.mark.parametrize(("policy", "expected"), [("remove", []), ("keep", ["mine"]), ("empty", [""])])
def test_an_overwrite_without_value(gateway, policy, expected):
    gateway.deploy_mapped({"overwrite:header.x-sub": "$context.authorizer.claims.sub"}, "GET /x")
    gateway.settings.update({"missing_value": policy})
    assert gateway.call("/x", headers={"x-sub": "mine"}).echo.all("x-sub") == expected


@pytest.mark.parametrize(("policy", "expected"), [("remove", "/x"), ("keep", "/x?a=1"), ("empty", "/x?a=")])
def test_an_overwritten_parameter_without_value(gateway, policy, expected):
    gateway.deploy_mapped({"overwrite:querystring.a": "$request.header.none"}, "GET /x")
    gateway.settings.update({"missing_value": policy})
    assert gateway.call("/x?a=1").echo.target == expected


@pytest.mark.parametrize(
    ("switch", "mapping", "seen"),
    [
        ("route_key_mapping", {"overwrite:header.h": "$context.routeKey"}, "GET /x"),
        ("static_plus_request_path", {"overwrite:path": "/ords/hr$request.path"}, "/ords/hr/x"),
        ("host_overwrite_by_context", {"overwrite:header.Host": "$context.domainName"}, None),
    ],
)
def test_both_positions_of_a_mapping_switch(gateway, switch, mapping, seen):
    gateway.deploy_mapped(mapping, "GET /x")
    gateway.settings.update({switch: False})
    reply = gateway.call("/x")
    assert (reply.status, reply.message, gateway.backend.seen) == (500, "Internal Server Error", [])
    gateway.settings.update({switch: True})
    echo = gateway.call("/x").echo
    assert (seen or f"{gateway.api_id}.execute-api.localhost") in (echo.target, *echo.all("h"), *echo.all("host"))


@pytest.mark.parametrize("value", ["$request.path", "/ords/${request.path.id}", "/static"])
def test_other_paths_do_not_need_the_switch(gateway, value):
    gateway.deploy_mapped({"overwrite:path": value}, "GET /{id}")
    gateway.settings.static_plus_request_path = False
    assert gateway.call("/x").status == 200


def test_host_is_overwritten_by_a_constant(gateway):
    gateway.deploy_mapped({"overwrite:header.Host": "api.example.com:8443"}, "GET /x")
    assert gateway.call("/x").echo.all("host") == ["api.example.com:8443"]


@pytest.mark.parametrize(
    "mapping",
    [
        {"overwrite:header.authorization": "x"},
        {"overwrite:header.x": "$context.nothing"},
        {"overwrite:path": "$request.header.none"},
        {"overwrite:path": "no-slash"},
        {"remove:header.host": ""},
        {"append:header.host": "second"},
    ],
)
def test_a_mapping_that_fails_is_500_and_reaches_nobody(gateway, mapping):
    gateway.deploy_mapped(mapping, "GET /x")
    reply = gateway.call("/x")
    assert (reply.status, reply.message, gateway.backend.seen) == (500, "Internal Server Error", [])


def test_the_stage_is_not_in_request_path_and_not_in_an_overwritten_path(gateway):
    gateway.deploy_mapped({"overwrite:path": "$request.path"}, "GET /hr/{id}", stage_name="prod")
    assert gateway.call("/prod/hr/1").echo.target == "/hr/1"


def test_a_question_mark_in_a_mapped_path_starts_no_query(gateway):
    gateway.deploy_mapped({"overwrite:path": "/x/${request.querystring.p}"}, "GET /x")
    assert gateway.call("/x?p=a%3Fb%20c").echo.target == "/x/a%3Fb%20c?p=a%3Fb%20c"
